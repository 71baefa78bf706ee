//! From a connection to a session: both ends prove their keys and say which boot they are.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use quinn::{Connection, ConnectionError, Endpoint, RecvStream, SendStream, TransportErrorCode};
use rustls::pki_types::CertificateDer;
use sm_core::ids::{Incarnation, NodeId};
use tokio::sync::mpsc;

use super::{Caller, Raw, close, code};
use crate::limits;
use crate::tls::{Strangers, key_shown};

/// What each end says first: a name, a version, and its boot.
const MAGIC: &[u8; 4] = b"SMN\0";

const GREETING_BYTES: usize = MAGIC.len() + 8;

/// A connection whose other end has said who it is.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) connection: Connection,
    pub(super) peer: NodeId,
    pub(super) incarnation: Incarnation,
    pub(super) caller: Caller,
    /// The streams of the session as a whole.
    pub(super) out: SendStream,
    pub(super) input: RecvStream,
}

/// Why a connection did not come to a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// This node does not trust the key at the other end.
    Stranger,
    /// Something else, in words.
    Other(String),
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl From<&str> for Trouble {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

impl From<ConnectionError> for Trouble {
    fn from(error: ConnectionError) -> Self {
        match &error {
            // An alert that this end has sent, for a certificate that it refused.
            ConnectionError::TransportError(alert)
                if alert.code == TransportErrorCode::crypto(ACCESS_DENIED) =>
            {
                Self::Stranger
            }
            other => Self::Other(ended(other)),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger => f.write_str("it is not trusted"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// The alert of TLS (RFC 8446, section 6.2).
const ACCESS_DENIED: u8 = 49;

/// Greets, and waits for the greeting of the other end.
pub(super) async fn greet(
    connection: Connection,
    caller: Caller,
    own: Incarnation,
) -> Result<Greeted, Trouble> {
    let greeting = tokio::time::timeout(limits::GREETING_TIME, exchange(&connection, own)).await;
    let exchanged = greeting.unwrap_or_else(|_| Err("it did not greet in time".into()));
    match exchanged {
        Ok((peer, incarnation, out, input)) => Ok(Greeted {
            connection,
            peer,
            incarnation,
            caller,
            out,
            input,
        }),
        Err(trouble) => {
            close(&connection, code::MALFORMED, b"no greeting");
            Err(trouble)
        }
    }
}

async fn exchange(
    connection: &Connection,
    own: Incarnation,
) -> Result<(NodeId, Incarnation, SendStream, RecvStream), Trouble> {
    let peer = peer_of(connection).ok_or("it has shown no key")?;
    let mut out = connection.open_uni().await?;
    let mut greeting = MAGIC.to_vec();
    greeting.extend(own.0.to_le_bytes());
    out.write_all(&greeting)
        .await
        .map_err(|error| error.to_string())?;
    let mut input = connection.accept_uni().await?;
    let mut greeting = [0; GREETING_BYTES];
    input
        .read_exact(&mut greeting)
        .await
        .map_err(|error| error.to_string())?;
    match greeting.split_first_chunk() {
        Some((magic, boot)) if magic == MAGIC => {
            let boot = boot.try_into().expect("a greeting ends with eight bytes");
            Ok((peer, Incarnation(u64::from_le_bytes(boot)), out, input))
        }
        _ => Err("its greeting is no greeting of this version".into()),
    }
}

/// Why a connection ended, in words.
pub(super) fn ended(error: &ConnectionError) -> String {
    use ConnectionError::{ApplicationClosed, ConnectionClosed, LocallyClosed, TimedOut};
    match error {
        TimedOut => "it was silent for too long".to_owned(),
        LocallyClosed => "this node ended it".to_owned(),
        ApplicationClosed(close) => format!("it said: {}", String::from_utf8_lossy(&close.reason)),
        // An alert of TLS: it does not trust this node, or is another than it should be.
        ConnectionClosed(close) if close.error_code != TransportErrorCode::NO_ERROR => {
            format!("it refused: {}", close.error_code)
        }
        other => other.to_string(),
    }
}

/// Takes in those who call, for ever.
pub(super) async fn accept(
    endpoint: Endpoint,
    own: Incarnation,
    strangers: Strangers,
    events: mpsc::Sender<Raw>,
) {
    let places = Places::default();
    while let Some(incoming) = endpoint.accept().await {
        if places.are_scarce() && incoming.may_retry() {
            // Whoever answers is where it says it is, and counts for one address.
            let _ = incoming.retry();
            continue;
        }
        let Some(place) = places.take(incoming.remote_address().ip()) else {
            incoming.refuse();
            continue;
        };
        let (events, strangers) = (events.clone(), strangers.clone());
        tokio::spawn(async move {
            let from = incoming.remote_address();
            let greeted = take_in(incoming, own).await;
            drop(place);
            let raw = match greeted {
                Ok(greeted) => Raw::Greeted(Box::new(greeted)),
                Err(Trouble::Stranger) => match strangers.take() {
                    Some(key) => Raw::Note(format!(
                        "a node called that is not trusted: {key} from {from}"
                    )),
                    None => return,
                },
                Err(Trouble::Other(why)) if strangers.first(from.ip()) => {
                    Raw::Note(format!("a call from {} failed: {why}", from.ip()))
                }
                Err(Trouble::Other(_)) => return,
            };
            // Nobody listens once the node ends.
            let _ = events.send(raw).await;
        });
    }
}

/// Room for callers that have not yet greeted. One address never has all of it, so that who calls
/// and says nothing shuts out nobody but its neighbors there.
#[derive(Clone, Debug, Default)]
struct Places(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// Room for one, until this is dropped.
#[derive(Debug)]
struct Place {
    all: Places,
    address: IpAddr,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().expect("nobody panics with it")
    }

    /// Whether so many are taken that it matters who takes the others.
    fn are_scarce(&self) -> bool {
        self.taken().values().sum::<usize>() >= limits::HANDSHAKES / 4
    }

    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken();
        let full = taken.values().sum::<usize>() >= limits::HANDSHAKES;
        let of_address = taken.get(&address).copied().unwrap_or_default();
        if full || of_address >= limits::HANDSHAKES_PER_ADDRESS {
            return None;
        }
        taken.insert(address, of_address + 1);
        let all = self.clone();
        Some(Place { all, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.all.taken();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
        }
        taken.retain(|_, count| *count > 0);
    }
}

async fn take_in(incoming: quinn::Incoming, own: Incarnation) -> Result<Greeted, Trouble> {
    match tokio::time::timeout(limits::GREETING_TIME, incoming).await {
        Ok(Ok(connection)) => greet(connection, Caller::There, own).await,
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err("it did not finish the handshake".into()),
    }
}

/// Doubles a pause up to the longest.
pub(super) fn longer(pause: Duration) -> Duration {
    (2 * pause).min(limits::REDIAL_LONGEST)
}

/// The key that the other end of a connection has proved to have.
fn peer_of(connection: &Connection) -> Option<NodeId> {
    let identity = connection.peer_identity()?;
    let keys = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    key_shown(&keys)
}
