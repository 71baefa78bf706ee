//! Sessions: TLS 1.3 over TCP, and in it first who speaks for the service, and in which version.
//!
//! ```text
//! client                              server
//! | magic, ClientHello -------------> |
//! | <- ServerHello, .., delegation, HELLO
//! | Finished, HELLO, OPEN ----------> |
//! ```
//!
//! A client needs no key, so a server has the right to say who it is before the handshake ends:
//! that costs no round trip of its own. Servers that call each other prove both their keys.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::Acceptor;
use rustls::{ClientConfig, ServerConfig};
use sm_core::ids::NodeId;
use sm_core::mtcp::wire::{Frame, MAGIC, Peek, Versions, peek};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, TlsStream};

use super::delegation::{DelegationError, ServiceId, check_shown};
use super::socket::Socket;
use crate::identity::KeyPair;
use crate::tls::{Strangers, Tls, Trusted, anonymous, key_shown};
use crate::{clock, limits};

/// The protocol of clients, and that of servers among themselves.
const CLIENTS: &[u8] = b"smart-mtcp/0";
const PEERS: &[u8] = b"smart-mtcp-peer/0";
/// What the exporter makes is for proofs of possession.
const EXPORTER: &[u8] = b"EXPORTER-smart-messages-0-mtcp-proof";
/// The bytes of the length before a delegation.
const LENGTH: usize = 2;
/// The most that comes before the first frame of a connection.
const GREETING_BYTES: usize = 1 << 10;

/// An encrypted session whose ends know each other, and speak the same version.
pub(super) struct Session {
    pub(super) tls: Box<TlsStream<Socket>>,
    /// What has come behind the greeting.
    pub(super) rest: BytesMut,
    /// What proofs of possession are bound to.
    pub(super) binding: [u8; 32],
    /// The second of Unix time at which the other end may speak for the service no more.
    pub(super) expires: u64,
}

/// Who called.
pub(super) enum Caller {
    /// A program that knows nothing of M-TCP.
    Plain(TcpStream),
    Client(Session),
    Server(NodeId, Session),
}

/// Why there is no session.
#[derive(Debug)]
pub enum SessionError {
    /// What the system or TLS says.
    Io(io::Error),
    /// The server does not speak for the service.
    Delegation(DelegationError),
    /// The ends have no version in common; what the other one speaks.
    Version(Versions),
    /// It is no M-TCP what the other end speaks.
    Foreign,
    /// It took too long.
    Slow,
}

impl std::error::Error for SessionError {}

impl std::fmt::Display for SessionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Delegation(error) => write!(f, "{error}"),
            Self::Version(_) => f.write_str("it speaks another version of M-TCP"),
            Self::Foreign => f.write_str("it does not speak M-TCP"),
            Self::Slow => f.write_str("it did not answer in time"),
        }
    }
}

impl From<io::Error> for SessionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a client calls servers with.
#[derive(Clone, Debug)]
pub(super) struct Calling {
    tls: Arc<ClientConfig>,
    versions: Versions,
}

impl Calling {
    pub(super) fn new(versions: Versions) -> io::Result<Self> {
        let tls = Arc::new(anonymous(CLIENTS).map_err(io::Error::other)?);
        Ok(Self { tls, versions })
    }

    /// Calls a server of a service. Gives its key, too.
    pub(super) async fn call(
        &self,
        address: &str,
        service: &ServiceId,
    ) -> Result<(NodeId, Session), SessionError> {
        let tcp = reach(address).await?;
        let greet = self.greet(tcp, service);
        timeout(limits::GREETING_TIME, greet)
            .await
            .unwrap_or(Err(SessionError::Slow))
    }

    async fn greet(
        &self,
        tcp: TcpStream,
        service: &ServiceId,
    ) -> Result<(NodeId, Session), SessionError> {
        let mut session = shake(tcp, self.tls.clone(), self.versions).await?;
        let length = session.take::<LENGTH>().await?;
        let length = usize::from(u16::from_le_bytes(length));
        session.hear(length).await?;
        let shown = session.rest.split_to(length);
        let server = session.peer().ok_or(SessionError::Foreign)?;
        let now = clock::unix_nanos() / 1_000_000_000;
        let shown = check_shown(&shown, service, server, now);
        session.expires = shown.map_err(SessionError::Delegation)?;
        session.agree(self.versions).await?;
        Ok((server, session))
    }
}

/// What a server answers and calls with.
pub(super) struct Door {
    clients: Arc<ServerConfig>,
    peers: Arc<ServerConfig>,
    tls: Tls,
    /// What clients are told first.
    greeting: Vec<u8>,
    versions: Versions,
    callers: Callers,
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Callers {
    /// Ends of M-TCP.
    Ours,
    /// Plain clients, too: those of the service speak first, so that they can be told apart.
    All,
}

impl Door {
    pub(super) fn new(
        key: &KeyPair,
        shown: &[u8],
        trusted: Trusted,
        (versions, callers): (Versions, Callers),
    ) -> io::Result<Self> {
        let tls = Tls::new(key).map_err(io::Error::other)?;
        let mut clients = tls.server_for_all(CLIENTS).map_err(io::Error::other)?;
        clients.send_half_rtt_data = true;
        let peers = tls.server(PEERS, trusted, Strangers::default());
        let mut greeting = (shown.len() as u16).to_le_bytes().to_vec();
        greeting.extend_from_slice(shown);
        greeting.extend_from_slice(&hello(versions));
        Ok(Self {
            clients: Arc::new(clients),
            peers: Arc::new(peers.map_err(io::Error::other)?),
            tls,
            greeting,
            versions,
            callers,
        })
    }

    /// Who has called on this socket.
    pub(super) async fn answer(&self, tcp: TcpStream) -> Result<Caller, SessionError> {
        timeout(limits::GREETING_TIME, self.greet(tcp))
            .await
            .unwrap_or(Err(SessionError::Slow))
    }

    async fn greet(&self, mut tcp: TcpStream) -> Result<Caller, SessionError> {
        tcp.set_nodelay(true)?;
        if self.callers == Callers::All && is_plain(&tcp).await? {
            return Ok(Caller::Plain(tcp));
        }
        let mut magic = [0; MAGIC.len()];
        // The first byte decides nearly always.
        tcp.read_exact(&mut magic[..1]).await?;
        if magic[0] != MAGIC[0] {
            return Err(SessionError::Foreign);
        }
        tcp.read_exact(&mut magic[1..]).await?;
        if magic != MAGIC {
            return Err(SessionError::Foreign);
        }
        let start = LazyConfigAcceptor::new(Acceptor::default(), Socket::new(tcp)).await?;
        let is_server = {
            let hello = start.client_hello();
            hello
                .alpn()
                .is_some_and(|mut offered| offered.any(|offered| offered == PEERS))
        };
        if is_server {
            let greeting = hello(self.versions);
            let tls = start.into_stream_with(self.peers.clone(), |tls| queue(tls, &greeting));
            let mut session = Session::new(TlsStream::Server(tls.await?))?;
            let peer = session.peer().ok_or(SessionError::Foreign)?;
            session.agree(self.versions).await?;
            return Ok(Caller::Server(peer, session));
        }
        let greeting = &self.greeting;
        let tls = start.into_stream_with(self.clients.clone(), |tls| queue(tls, greeting));
        let mut session = Session::new(TlsStream::Server(tls.await?))?;
        session.agree(self.versions).await?;
        Ok(Caller::Client(session))
    }

    /// Calls another server of the service.
    pub(super) async fn call(&self, peer: NodeId, address: &str) -> Result<Session, SessionError> {
        let tls = self.tls.client(PEERS, peer).map_err(io::Error::other)?;
        let tcp = reach(address).await?;
        let call = async {
            let mut session = shake(tcp, Arc::new(tls), self.versions).await?;
            session.agree(self.versions).await?;
            Ok(session)
        };
        timeout(limits::GREETING_TIME, call)
            .await
            .unwrap_or(Err(SessionError::Slow))
    }
}

/// Whether a plain client has called. What it has said stays where it is.
async fn is_plain(tcp: &TcpStream) -> io::Result<bool> {
    let mut first = [0; MAGIC.len()];
    loop {
        match tcp.peek(&mut first).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => match peek(&first[..count]) {
                Peek::Plain => return Ok(true),
                Peek::Ours => return Ok(false),
                // The rest is on its way, and nobody says when it is there.
                Peek::Unknown => sleep(limits::MTCP_PEEK_PAUSE).await,
            },
        }
    }
}

async fn reach(address: &str) -> Result<TcpStream, SessionError> {
    let tcp = timeout(limits::MTCP_CALL_TIME, TcpStream::connect(address)).await;
    let mut tcp = tcp.map_err(|_| SessionError::Slow)??;
    tcp.set_nodelay(true)?;
    tcp.write_all(&MAGIC).await?;
    Ok(tcp)
}

async fn shake(
    tcp: TcpStream,
    config: Arc<ClientConfig>,
    versions: Versions,
) -> Result<Session, SessionError> {
    let hello = hello(versions);
    // Keys are names here: what stands for a host is not looked at.
    let name = ServerName::try_from("service").map_err(io::Error::other)?;
    let tcp = Socket::new(tcp);
    let tls = TlsConnector::from(config).connect_with(name, tcp, |tls| queue(tls, &hello));
    match tls.await {
        Ok(tls) => Session::new(TlsStream::Client(tls)),
        // What it says is no TLS: another program listens there.
        Err(error) if is_no_tls(&error) => Err(SessionError::Foreign),
        Err(error) => Err(error.into()),
    }
}

fn is_no_tls(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidMessage(_)))
}

/// Puts the first bytes of an end where they leave as soon as TLS lets them.
fn queue<T>(tls: &mut rustls::ConnectionCommon<T>, bytes: &[u8]) {
    io::Write::write_all(&mut tls.writer(), bytes).expect("the buffer has room for a greeting");
}

/// Makes what proofs are bound to. What waits to be written is bounded by who writes.
fn bind<T>(tls: &mut rustls::ConnectionCommon<T>) -> Result<[u8; 32], rustls::Error> {
    tls.set_buffer_limit(None);
    tls.export_keying_material([0; 32], EXPORTER, None)
}

fn hello(versions: Versions) -> Vec<u8> {
    let mut out = Vec::new();
    Frame::Hello(versions).encode(&mut out);
    out
}

impl Session {
    fn new(mut tls: TlsStream<Socket>) -> Result<Self, SessionError> {
        let binding = match &mut tls {
            TlsStream::Client(tls) => bind(tls.get_mut().1),
            TlsStream::Server(tls) => bind(tls.get_mut().1),
        };
        Ok(Self {
            tls: Box::new(tls),
            rest: BytesMut::new(),
            binding: binding.map_err(io::Error::other)?,
            expires: u64::MAX,
        })
    }

    /// The key that the other end has proved.
    fn peer(&self) -> Option<NodeId> {
        let shown: &[CertificateDer<'_>] = self.tls.get_ref().1.peer_certificates()?;
        key_shown(shown)
    }

    /// Waits until so many bytes are there.
    async fn hear(&mut self, bytes: usize) -> Result<(), SessionError> {
        if bytes > GREETING_BYTES {
            return Err(SessionError::Foreign);
        }
        while self.rest.len() < bytes {
            self.rest.reserve(GREETING_BYTES);
            if self.tls.read_buf(&mut self.rest).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(())
    }

    async fn take<const N: usize>(&mut self) -> Result<[u8; N], SessionError> {
        self.hear(N).await?;
        let bytes = self.rest.split_to(N);
        bytes.first_chunk().copied().ok_or(SessionError::Foreign)
    }

    /// Hears which versions the other end speaks.
    async fn agree(&mut self, ours: Versions) -> Result<(), SessionError> {
        self.tls.flush().await?;
        loop {
            match Frame::decode(&self.rest) {
                Ok(Some((Frame::Hello(theirs), length))) => {
                    let _ = self.rest.split_to(length);
                    let common = ours.common(theirs);
                    return common.map(|_| ()).ok_or(SessionError::Version(theirs));
                }
                Ok(None) => self.hear(self.rest.len() + 1).await?,
                Ok(Some(_)) | Err(_) => return Err(SessionError::Foreign),
            }
        }
    }
}
