//! The server end: a listener, the other servers, and a service function for each connection.

mod conn;
mod hub;
mod link;
mod operate;
mod peers;
mod shed;
mod stream;
mod turns;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use sm_core::ids::{NodeId, Span};
use sm_core::mtcp::Config;
use sm_core::mtcp::policy::Policy;
use sm_core::mtcp::wire::{Candidate, Versions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::delegation::{Delegation, ServiceId};
use super::sealing::ClientHeld;
use super::session::Caller;
use crate::identity::KeyPair;
use crate::limits;
use hub::Hub;
pub use shed::Readings;
use shed::shed;
pub use stream::{ServiceStream, StateError};
pub use turns::{TurnEvent, TurnHandle, TurnStream};

/// How a server takes part in a service.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// The server's key.
    pub key: KeyPair,
    /// The service.
    pub service: ServiceId,
    /// That this server may speak for it; none where its key is the service's.
    pub delegation: Option<Delegation>,
    /// The other servers: their keys, and where they listen.
    pub peers: Vec<Candidate>,
    /// How many of them keep a copy of each connection, so that it survives this server.
    pub standbys: usize,
    /// Whether its clients keep sealed records, so that connections survive without standbys.
    pub held: Option<ClientHeld>,
    /// Whether the clients of the service speak first. Then plain clients may come to the same
    /// port: [`MtcpListener::accept_any`] gives their connections as they are.
    pub client_first: bool,
    /// What a connection is granted.
    pub config: Config,
    /// The versions that it speaks.
    pub versions: Versions,
    /// Whether its services run in turns ([`ServiceStream::into_turns`]).
    pub in_turns: bool,
    /// When it asks clients to go elsewhere because it has too much to do.
    pub policy: Option<Policy>,
    /// What the policy looks at.
    pub readings: fn() -> Readings,
}

impl ServiceOptions {
    /// The only server of a service, whose key is the service's.
    pub fn new(key: KeyPair, name: &str) -> Self {
        let service = ServiceId {
            name: name.to_owned(),
            key: key.node_id(),
        };
        Self {
            key,
            service,
            delegation: None,
            peers: Vec::new(),
            standbys: 0,
            held: None,
            client_first: false,
            config: Config::default(),
            versions: Versions::OURS,
            in_turns: false,
            policy: None,
            readings: Readings::of_this_machine,
        }
    }

    /// One of several servers, which speaks for the service by a delegation.
    pub fn delegated(key: KeyPair, service: ServiceId, delegation: Delegation) -> Self {
        Self {
            service,
            delegation: Some(delegation),
            ..Self::new(key, "")
        }
    }

    /// Lets these other servers take connections over.
    #[must_use]
    pub fn with_peers(mut self, peers: Vec<Candidate>) -> Self {
        self.peers = peers;
        self
    }

    /// Keeps a copy of each connection at so many of them.
    #[must_use]
    pub fn with_standbys(mut self, standbys: usize) -> Self {
        self.standbys = standbys;
        self
    }

    /// Has the clients keep the state of their connections, sealed, so that any server with the
    /// keys can go on from it when the one that had it is lost.
    #[must_use]
    pub fn client_held(mut self, held: ClientHeld) -> Self {
        self.held = Some(held);
        self
    }
}

/// Where a server of a service takes connections: new ones, and those that come from elsewhere.
///
/// When it is dropped no more come in; those that there are go on.
pub struct MtcpListener {
    hub: Arc<Hub>,
    accepted: mpsc::UnboundedReceiver<ServiceStream>,
    plain: mpsc::Receiver<TcpStream>,
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl fmt::Debug for MtcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtcpListener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl MtcpListener {
    /// Listens at an address, and calls the other servers.
    ///
    /// # Errors
    /// What the system says of the address, or TLS of the key.
    pub async fn bind(address: &str, options: ServiceOptions) -> io::Result<Self> {
        Self::on(listen_at(address).await?, options)
    }

    /// The same at a socket that listens already.
    ///
    /// # Errors
    /// What the system says of the socket, or TLS of the key.
    pub fn on(listener: TcpListener, options: ServiceOptions) -> io::Result<Self> {
        let address = listener.local_addr()?;
        take_crowds(&listener)?;
        let (sender, accepted) = mpsc::unbounded_channel();
        let hub = Hub::new(options, sender)?;
        let mut tasks = JoinSet::new();
        let (plainly, plain) = mpsc::channel(limits::MTCP_PLAIN);
        tasks.spawn(listen(listener, hub.clone(), plainly));
        hub.call_peers(&mut tasks);
        if let Some(policy) = hub.options.policy.clone() {
            tasks.spawn(shed(hub.clone(), policy));
        }
        Ok(Self {
            hub,
            accepted,
            plain,
            address,
            tasks,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection for which a service is to run here: a new one, or one that comes from
    /// another server, whose [`ServiceStream::import_state`] says where it is.
    pub async fn accept(&mut self) -> ServiceStream {
        match self.accepted.recv().await {
            Some(stream) => stream,
            // The hub holds a sender.
            None => std::future::pending().await,
        }
    }

    /// The same, and plain connections where the service is [`ServiceOptions::client_first`].
    pub async fn accept_any(&mut self) -> Accepted {
        tokio::select! {
            Some(stream) = self.accepted.recv() => Accepted::Moving(stream),
            Some(plain) = self.plain.recv() => Accepted::Plain(plain),
        }
    }

    /// A handle with which the server can be stopped while something else accepts.
    pub fn control(&self) -> Control {
        Control(self.hub.clone())
    }

    /// How many connections run here.
    pub fn running(&self) -> usize {
        self.hub.running()
    }
}

/// What has come to a port.
#[derive(Debug)]
pub enum Accepted {
    /// A connection that moves.
    Moving(ServiceStream),
    /// One of a plain client, which has said something already.
    Plain(TcpStream),
}

impl Drop for MtcpListener {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

/// Stops a server.
#[derive(Clone)]
pub struct Control(Arc<Hub>);

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// Takes no more connections, asks the clients of those that there are to go elsewhere, and
    /// waits until all have.
    pub async fn drain(&self) {
        self.0.drain();
        self.0.empty().await;
    }

    /// How many connections run here.
    pub fn running(&self) -> usize {
        self.0.running()
    }

    /// Measures a round trip to another server; none if there is no session with it.
    pub async fn round_trip(&self, server: &NodeId) -> Option<Span> {
        self.0.peers.get(server)?.measure(self.0.clock.now()).await
    }
}

/// Runs a service function for each connection, as long as the connection is here: it is dropped
/// when another server takes over. What it has not exported or recorded by then it does again
/// there.
pub async fn serve<F, R>(mut listener: MtcpListener, service: F)
where
    F: Fn(ServiceStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    loop {
        let stream = listener.accept().await;
        let stopped = stream.stopped();
        let run = service(stream);
        tokio::spawn(async move {
            tokio::select! {
                () = run => {}
                _ = stopped => {}
            }
        });
    }
}

/// Listens at an address, with room for very many who come at once.
///
/// # Errors
/// What the system says of the address.
pub async fn listen_at(address: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    take_crowds(&listener)?;
    Ok(listener)
}

/// When a server is drained or dies, all of its clients come at once. Who finds no room in the
/// queue of the system waits for a second before TCP tries again, or is reset.
fn take_crowds(listener: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(listener, limits::MTCP_BACKLOG)?)
}

async fn listen(listener: TcpListener, hub: Arc<Hub>, plainly: mpsc::Sender<TcpStream>) {
    let sessions = Arc::new(Semaphore::new(limits::MTCP_SESSIONS));
    let greeting = Arc::new(Semaphore::new(limits::HANDSHAKES));
    loop {
        let Ok(session) = sessions.clone().acquire_owned().await else {
            return;
        };
        // Strangers who say nothing hold up others for no longer than a greeting may take.
        let Ok(turn) = greeting.clone().acquire_owned().await else {
            return;
        };
        let tcp = match listener.accept().await {
            Ok((tcp, _)) => tcp,
            Err(_) => {
                sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (hub, plainly) = (hub.clone(), plainly.clone());
        tokio::spawn(async move {
            let _session = session;
            // What only greetings take is given back behind them.
            let caller = Box::pin(hub.door.answer(tcp)).await;
            drop(turn);
            match caller {
                Ok(Caller::Client(session)) => link::run(hub, session).await,
                // Whoever does not take them lets them wait.
                Ok(Caller::Plain(tcp)) => drop(Box::pin(plainly.send(tcp)).await),
                Ok(Caller::Server(peer, session)) => Box::pin(hub.hear_peer(peer, session)).await,
                Err(_) => {}
            }
        });
    }
}

/// A plain TCP connection behind a stream, both ways until both have ended: a service that is a
/// server of its own. Its state is the socket, so it cannot move; but lost links do not matter.
///
/// # Errors
/// What the system says of the socket, or how the connection ended.
pub async fn forward(mut stream: ServiceStream, address: &str) -> io::Result<()> {
    let mut plain = match call_plain(address).await {
        Ok(plain) => plain,
        Err(error) => {
            stream.reset(sm_core::mtcp::Reason::Unreachable);
            return Err(error);
        }
    };
    let copied = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
    if copied.is_err() {
        stream.reset(sm_core::mtcp::Reason::Aborted);
    }
    copied.map(|_| ())
}

/// The same for a plain client that came to the port of a service: nothing of it survives.
///
/// # Errors
/// What the system says of either socket.
pub async fn forward_plain(mut client: TcpStream, address: &str) -> io::Result<()> {
    let mut plain = call_plain(address).await?;
    let copied = tokio::io::copy_bidirectional(&mut client, &mut plain).await;
    copied.map(|_| ())
}

async fn call_plain(address: &str) -> io::Result<TcpStream> {
    let call = timeout(limits::MTCP_CALL_TIME, TcpStream::connect(address)).await;
    let plain = call.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    plain.set_nodelay(true)?;
    Ok(plain)
}
