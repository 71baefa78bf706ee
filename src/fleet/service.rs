//! A service that all nodes of a network serve, and the client end before it.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sm_core::ids::NodeId;
use sm_net::clock;
use sm_net::identity::KeyPair;
use sm_net::limits::{ACCEPT_PAUSE, MTCP_PEERS, MTCP_SERVICE_BYTES};
use sm_net::mtcp::{ClientOptions, Delegation, MtcpConnector, ServiceId, listen_at, relay_until};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::exit::Failure;
use crate::output::{self, Terminal};
use crate::program::Program;
use crate::remote::names::hex;
use crate::{folders, keys};

/// How long delegations hold: longer than such a network runs.
const DELEGATED: u64 = 90 * 24 * 3600;

/// How long connections may take to end.
const ENDING: Duration = Duration::from_secs(1);

/// What is wanted: a program, and where its clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) program: PathBuf,
    pub(crate) listen: SocketAddr,
}

/// A service of a network. The settings of its nodes lie in a folder that goes with this.
#[derive(Debug)]
pub(crate) struct Service {
    id: ServiceId,
    folder: PathBuf,
    listen: SocketAddr,
    servers: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    key: NodeId,
    address: SocketAddr,
}

/// Reads `FILE.sm`, or `FILE.sm@ADDRESS:PORT`.
pub(crate) fn wanted(text: &str) -> Result<Wanted, String> {
    let (program, listen) = match text.rsplit_once('@') {
        None => (text, Ok(SocketAddr::from(([127, 0, 0, 1], 0)))),
        Some((program, listen)) => (program, listen.parse()),
    };
    match listen {
        Ok(listen) if !program.is_empty() => Ok(Wanted {
            program: program.into(),
            listen,
        }),
        _ => Err("write FILE.sm, or FILE.sm@ADDRESS:PORT, as chat.sm@127.0.0.1:7800".to_owned()),
    }
}

impl Service {
    /// Makes keys, delegations and settings for as many nodes as have names.
    pub(crate) fn prepare(
        terminal: &Terminal,
        wanted: &Wanted,
        nodes: usize,
    ) -> Result<Self, Failure> {
        let program = &wanted.program;
        // What is wrong with it is said once, and not by each node.
        let _ = Program::open(terminal, program)?.connection_arguments(program)?;
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        let path = std::path::absolute(program).map_err(|error| cannot("find", program, &error))?;
        let folder = folders::runtime()?.join(format!("up-{}", std::process::id()));
        // One of an earlier process of this number that could not end in order.
        let _ = fs::remove_dir_all(&folder);
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|error| cannot("make", &folder, &error))?;
        let secret = keys::generate()?;
        let mut service = Self {
            id: ServiceId {
                name: name.into_owned(),
                key: secret.node_id(),
            },
            folder,
            listen: wanted.listen,
            servers: Vec::new(),
        };
        let ports = free_ports(nodes).map_err(|error| {
            Failure::failed(format!("no port of this machine is free: {error}"))
        })?;
        for (at, address) in ports.into_iter().enumerate() {
            let key = keys::create(&service.file(at, "key"))?.node_id();
            service.servers.push(Server { key, address });
        }
        for at in 0..nodes {
            let settings = service.settings(at, &path, &secret)?;
            let file = service.file(at, "toml");
            fs::write(&file, settings).map_err(|error| cannot("write", &file, &error))?;
        }
        Ok(service)
    }

    /// The settings of a node.
    pub(crate) fn config(&self, node: usize) -> PathBuf {
        self.file(node, "toml")
    }

    /// Where clients connect to.
    pub(crate) async fn listen(&self) -> Result<TcpListener, Failure> {
        let listener = listen_at(&self.listen.to_string()).await;
        listener.map_err(|error| {
            let message = format!("cannot listen at {}: {error}", self.listen);
            Failure::failed(message).help("port 0 takes any that is free")
        })
    }

    /// Takes clients there.
    pub(crate) fn take(&self, listener: TcpListener) -> Result<Clients, Failure> {
        let all = 0..self.servers.len();
        let connectors: io::Result<Vec<_>> = all.map(|first| self.connector(first)).collect();
        let connectors =
            connectors.map_err(|error| Failure::failed(format!("cannot be a client: {error}")))?;
        let (end, ended) = watch::channel(false);
        let taking = tokio::spawn(take(listener, connectors, ended));
        Ok(Clients { end, taking })
    }

    pub(crate) fn name(&self) -> &str {
        &self.id.name
    }

    /// A client end which calls this server first.
    fn connector(&self, first: usize) -> io::Result<Arc<MtcpConnector>> {
        let servers = self.servers.iter().cycle().skip(first);
        let addresses = servers.take(self.servers.len());
        let addresses = addresses.map(|server| server.address.to_string());
        let options = ClientOptions::new(self.id.clone(), addresses.collect());
        MtcpConnector::new(options).map(Arc::new)
    }

    fn file(&self, node: usize, ending: &str) -> PathBuf {
        self.folder.join(format!("{node}.{ending}"))
    }

    fn settings(&self, at: usize, program: &Path, secret: &KeyPair) -> Result<String, Failure> {
        let own = &self.servers[at];
        let name = &self.id.name;
        let expires = clock::unix_nanos() / 1_000_000_000 + DELEGATED;
        let signed = Delegation::sign(secret, name, own.key, expires).map_err(|_| {
            let most = MTCP_SERVICE_BYTES;
            Failure::usage(format!("the name of a service has 1 to {most} bytes"))
        })?;
        let digits = hex(&signed.encode());
        let others = self.servers.iter().cycle().skip(at + 1);
        let others = others.take((self.servers.len() - 1).min(MTCP_PEERS));
        let peers: Vec<String> = others
            .map(|peer| format!("{}@{}", peer.key, peer.address))
            .collect();
        let standbys = peers.len().min(1);
        // Messages that one of them has started are welcome at all.
        let trust: Vec<String> = self.servers.iter().map(|one| one.key.to_string()).collect();
        let (key, listen) = (self.file(at, "key"), own.address.to_string());
        Ok(format!(
            "key = {key:?}\ntrust = {trust:?}\n[services.{name:?}]\n\
             program = {program:?}\nlisten = {listen:?}\n\
             key = \"{}\"\ndelegation = {digits:?}\npeers = {peers:?}\nstandbys = {standbys}\n",
            self.id.key
        ))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // What lies there is of no use any more, if it cannot be removed either.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The client end.
#[derive(Debug)]
pub(crate) struct Clients {
    end: watch::Sender<bool>,
    taking: JoinHandle<()>,
}

impl Clients {
    /// Ends all connections; those that do not end in time are left to their servers.
    pub(crate) async fn end(self) {
        self.end.send_replace(true);
        let _ = tokio::time::timeout(ENDING, self.taking).await;
    }
}

/// One client after the other comes to the next server.
async fn take(
    listener: TcpListener,
    connectors: Vec<Arc<MtcpConnector>>,
    mut ended: watch::Receiver<bool>,
) {
    let mut clients = JoinSet::new();
    let mut next = connectors.iter().cycle();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = wanted_end(&mut ended) => break,
        };
        let (Ok((plain, from)), Some(connector)) = (accepted, next.next().cloned()) else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while clients.try_join_next().is_some() {}
        let mut ended = ended.clone();
        clients.spawn(async move {
            let end = wanted_end(&mut ended);
            if let Err(error) = relay_until(plain, &connector, end).await {
                output::talk(&format!("the connection of {from} has ended: {error}"));
            }
        });
    }
    drop(listener);
    clients.join_all().await;
}

async fn wanted_end(ended: &mut watch::Receiver<bool>) {
    // Whoever could say it has gone: all is over.
    let _ = ended.wait_for(|ended| *ended).await;
}

/// Different ones, which nobody has now. They are below those that the system gives to sockets
/// which do not care, so that none of these takes one before its server does.
fn free_ports(count: usize) -> io::Result<Vec<SocketAddr>> {
    const FIRST: u16 = 10_000;
    const LAST: u16 = 32_000;
    let span = u64::from(LAST - FIRST);
    let start = FIRST + u16::try_from(clock::unix_nanos() % span).unwrap_or_default();
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let free = |at: &SocketAddr| std::net::TcpListener::bind(at).is_ok();
    let all = (start..LAST).chain(FIRST..start).map(at);
    let ports: Vec<SocketAddr> = all.filter(free).take(count).collect();
    match ports.len() == count {
        true => Ok(ports),
        false => Err(io::ErrorKind::AddrInUse.into()),
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_a_program_and_perhaps_a_place() {
        let place = |text: &str| wanted(text).map(|wanted| wanted.listen.to_string());
        assert_eq!(place("a.sm").as_deref(), Ok("127.0.0.1:0"));
        assert_eq!(place("a@b/c.sm@[::1]:7").as_deref(), Ok("[::1]:7"));
        for wrong in [
            "a.sm@",
            "@127.0.0.1:1",
            "a.sm@localhost:1",
            "",
            "a.sm@127.0.0.1",
        ] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }
}
