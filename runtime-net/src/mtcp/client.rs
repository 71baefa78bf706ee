//! The client end: connections to a service, wherever it is served.

mod drive;
mod link;
mod moving;
mod operate;
mod state;
mod stream;
mod warm;

use std::fmt;
use std::io;
use std::sync::Arc;

use sm_core::limits::MTCP_WINDOW;
use sm_core::mtcp::policy::Policy;
use sm_core::mtcp::wire::Versions;
use sm_core::mtcp::{Client, Contact, LinkId, Opening, Reason, Timing};

use tokio::net::TcpStream;

use super::delegation::ServiceId;
use super::proof::{self, Settings};
use super::session::{Calling, SessionError};
use crate::clock::Clock;
use crate::limits;
pub use moving::Exported;
use operate::Open;
use state::{Known, Shared};
pub use stream::{Broken, ClientControl, MtcpStream};

/// What a client wants of a service.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The service.
    pub service: ServiceId,
    /// Where its servers may be, as `host:port`; more are learned from each of them.
    pub addresses: Vec<String>,
    /// How long things take.
    pub timing: Timing,
    /// Bytes that may be under way in each direction, at most a mebibyte.
    pub window: u64,
    /// What the service is told when a connection begins, at most
    /// [`limits::MTCP_USER_SETTINGS_BYTES`].
    pub settings: Vec<u8>,
    /// Whether connections go elsewhere when their server asks for it.
    pub follow: bool,
    /// Whether they can move with the service that has them, and so stay at their server.
    pub moving: bool,
    /// When they move; then it says, too, whether they do when their server asks for it.
    pub policy: Option<Policy>,
    /// The versions that it speaks.
    pub versions: Versions,
}

impl ClientOptions {
    /// A service and where it may be.
    pub fn new(service: ServiceId, addresses: Vec<String>) -> Self {
        Self {
            service,
            addresses,
            timing: Timing::default(),
            window: MTCP_WINDOW,
            settings: Vec::new(),
            follow: true,
            moving: false,
            policy: None,
            versions: Versions::OURS,
        }
    }
}

/// No server took the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectError {
    /// The service.
    pub service: String,
    /// Each address with what went wrong there.
    pub tried: Vec<(String, String)>,
}

impl std::error::Error for ConnectError {}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no server of `{}` took the connection", self.service)?;
        tell(f, &self.tried)
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        io::Error::new(io::ErrorKind::ConnectionRefused, error)
    }
}

/// Says what went wrong where.
fn tell(f: &mut fmt::Formatter<'_>, tried: &[(String, String)]) -> fmt::Result {
    for (place, (address, what)) in tried.iter().enumerate() {
        let before = if place == 0 { ": " } else { "; " };
        write!(f, "{before}{address}: {what}")?;
    }
    Ok(())
}

/// Makes connections to a service.
#[derive(Clone, Debug)]
pub struct MtcpConnector {
    calling: Calling,
    options: Arc<ClientOptions>,
    clock: Clock,
    /// The connections that there are.
    open: Arc<Open>,
}

impl MtcpConnector {
    /// For connections with these options.
    ///
    /// # Errors
    /// If the settings are too long, or there is no TLS to be had.
    pub fn new(options: ClientOptions) -> io::Result<Self> {
        let name = options.service.name.len();
        if options.settings.len() > limits::MTCP_USER_SETTINGS_BYTES
            || name > limits::MTCP_SERVICE_BYTES
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the settings or the name of the service are too long",
            ));
        }
        Ok(Self {
            calling: Calling::new(options.versions)?,
            options: Arc::new(options),
            clock: Clock::start(),
            open: Arc::default(),
        })
    }

    /// Connects to the first server that takes it. Where a link is lost on the way, it is tried
    /// again, some times.
    ///
    /// # Errors
    /// [`ConnectError`] with what each of them said.
    pub async fn connect(&self) -> Result<MtcpStream, ConnectError> {
        let mut tried = Vec::new();
        let mut pause = limits::MTCP_RETRY_FIRST;
        for _ in 0..limits::MTCP_CONNECT_ROUNDS {
            tried.clear();
            let mut lost = false;
            for address in &self.options.addresses {
                match self.connect_at(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(missed) => {
                        lost |= missed.is_loss();
                        tried.push((address.clone(), missed.to_string()));
                    }
                }
            }
            if !lost {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(ConnectError {
            service: self.options.service.name.clone(),
            tried,
        })
    }

    async fn connect_at(&self, address: &str) -> Result<MtcpStream, Missed> {
        let service = &self.options.service;
        let (server, session) = self.calling.call(address, service).await?;
        let settings = Settings {
            secret: random()?,
            service: service.name.clone(),
            user: self.options.settings.clone(),
        };
        let opening = Opening {
            id: proof::name(&settings.secret),
            digest_seed: u64::from_le_bytes(random()?),
            window: self.options.window,
            settings: settings.encode(),
            timing: self.options.timing,
        };
        let link = LinkId(0);
        let mut machine = Client::open(self.clock.now(), Contact { link, server }, opening);
        if self.options.moving {
            machine.move_with_service();
        }
        let known = self.options.addresses.iter().map(|known| Known {
            server: (known == address).then_some(server),
            address: known.clone(),
        });
        let shared = Shared::new(self.clone(), machine, (settings.secret, known.collect()));
        shared.add_link(server, address.to_owned(), session);
        drive::begin(&shared).await?;
        Ok(MtcpStream::new(shared))
    }
}

/// Why a server was not connected to.
enum Missed {
    /// There is no session with it.
    Session(SessionError),
    /// It did not take the connection.
    Refused(Reason),
}

impl Missed {
    /// A link was there, and was lost: the next one may last.
    fn is_loss(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let lost = [
            BrokenPipe,
            ConnectionAborted,
            ConnectionReset,
            UnexpectedEof,
        ];
        match self {
            Self::Session(SessionError::Io(error)) => lost.contains(&error.kind()),
            Self::Session(_) => false,
            Self::Refused(reason) => *reason == Reason::Unreachable,
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => write!(f, "{error}"),
            Self::Refused(reason) => write!(f, "{reason}"),
        }
    }
}

impl From<SessionError> for Missed {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<io::Error> for Missed {
    fn from(error: io::Error) -> Self {
        Self::Session(error.into())
    }
}

impl From<Reason> for Missed {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// A plain TCP connection carried to a service, both ways until both have ended.
///
/// # Errors
/// If no server takes it, or how it broke off.
pub async fn relay(plain: TcpStream, connector: &MtcpConnector) -> io::Result<()> {
    relay_until(plain, connector, std::future::pending()).await
}

/// The same, or until `end`: then the service has what came before, and is told.
///
/// # Errors
/// As of [`relay`].
pub async fn relay_until(
    mut plain: TcpStream,
    connector: &MtcpConnector,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    plain.set_nodelay(true)?;
    let mut stream = connector.connect().await?;
    let carried = tokio::select! {
        carried = tokio::io::copy_bidirectional(&mut plain, &mut stream) => carried.map(drop),
        () = end => Ok(()),
    };
    match carried {
        Ok(()) => stream.close().await,
        Err(error) => {
            stream.reset();
            Err(error)
        }
    }
}
