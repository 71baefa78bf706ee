//! M-TCP over sockets: byte streams to a service that go on when another server takes over.
//!
//! ```text
//! MtcpStream   -- link: TLS over TCP --  MtcpListener .. ServiceStream
//! (client end)                           (server end)  \
//!                                                        sessions between servers: PULL, LOG
//! ```
//!
//! `sm_core::mtcp` decides everything; here is what carries it. A connection is one machine behind
//! a lock that nobody holds while waiting, one task that looks at the clock for it, and one for
//! each session. Programs call [`MtcpStream`] at the client's end and [`ServiceStream`] at the
//! server's, both as they would a socket. `docs/mtcp.md` is the page for users.

mod carry;
mod client;
mod delegation;
mod front;
mod operate;
mod proof;
mod sealing;
mod server;
mod session;
mod socket;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

pub use client::{
    Broken, ClientControl, ClientOptions, ConnectError, Exported, MtcpConnector, MtcpStream, relay,
    relay_until,
};
pub use delegation::{Delegation, DelegationError, ServiceId};
pub use front::{Protocol, front};
pub use operate::Operated;
pub use sealing::{ClientHeld, SealingKeyError, SealingKeys};
pub use server::{
    Accepted, Control, MtcpListener, Readings, ServiceOptions, ServiceStream, StateError,
    TurnEvent, TurnHandle, TurnStream, forward, forward_plain, listen_at, serve,
};
pub use session::SessionError;
pub use sm_core::mtcp::policy;
pub use sm_core::mtcp::wire::{Candidate, Versions};
pub use sm_core::mtcp::{Config, ConnectionId, End, Epoch, Kept, Overflow, Reason, Timing};

/// A connection is over: what reads and writes fail with then, within [`io::Error`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed(pub End);

impl std::error::Error for Closed {}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            End::Done => f.write_str("the connection is closed"),
            End::Moved => f.write_str("the connection has moved to another server"),
            End::Reset(reason) => write!(f, "the connection broke off: {reason}"),
        }
    }
}

impl From<Closed> for io::Error {
    fn from(closed: Closed) -> Self {
        let kind = match closed.0 {
            End::Done => io::ErrorKind::BrokenPipe,
            End::Moved => io::ErrorKind::ConnectionAborted,
            End::Reset(_) => io::ErrorKind::ConnectionReset,
        };
        io::Error::new(kind, closed)
    }
}
