//! M-TCP: client connections that move between servers together with the state of the service.
//!
//! ```text
//! client                    B (new)                          A (old)
//! | RESUME(epoch) --------> |  PULL(epoch) ----------------> |  freezes the connection
//! |                         | <------------------- TRANSFER  |  snapshot, log, old output
//! |                         |  runs the service again up to  |
//! |                         |  what the client has, compares |
//! | <------ RESUMED, DATA   |                                |
//! | CONFIRM, DATA --------> |  RELEASE --------------------> |  forgets it
//! ```
//!
//! - The **client end** ([`Client`]) is the authority. It holds the [`Record`] (epoch, owner,
//!   standbys) and alone makes epochs: one for each attempt, higher than all before. It accepts
//!   RESUMED of exactly the attempt that it is making, and from the moment it makes one it accepts
//!   nothing that an earlier owner sends: so it follows one lineage.
//! - The **server end** ([`Server`]) is what one server knows of one connection: nothing, a copy
//!   that it keeps as a *standby*, an attempt to take it over, or the connection itself. Only the
//!   last runs the service.
//! - What moves is the snapshot of the newest *export*, the output before it that the client has
//!   not acknowledged, and the log behind it: input with the boundaries at which the service read
//!   it, and the values that it recorded. The new server runs the service from the snapshot with
//!   the log. What it writes is suppressed up to the offset that the client has, and its digest
//!   compared there with the client's, before the client hears anything: a replay that diverges
//!   is refused, and the client may go back.
//! - With standbys the log is shipped as it grows, and output leaves when all of them have what led
//!   to it. One that is asked to take over stops acknowledging, which is the fence: its old owner
//!   releases nothing more, although it may run on.
//!
//! - **Invariant:** the bytes that the client's program gets are a prefix of what one lineage of
//!   the service wrote, and what that service reads is a prefix of what the client's program wrote.
//! - **Invariant:** what a server acknowledged as stable, all that may have to go on with the
//!   connection have; what it released can be computed again by each of them.
//! - **Invariant:** a copy with a later epoch is never ended by a frame of an earlier one.
//!
//! Both machines have neither socket nor clock: `now` comes in with each call. Take what is to be
//! done with `poll`, then, as far as a link has room, what goes out on it with `poll_stream`.
//! Proofs of possession, seals and sessions are the driver's; the bytes are in `docs/WIRE.md`.
//! A driver reads no more from a link that does not take what is to be sent: frames that are
//! answered at once would have it keep the answers.

mod client;
mod digest;
mod image;
pub mod policy;
mod pulse;
mod ring;
mod server;
pub mod wire;

use std::fmt;

use crate::ids::{NodeId, Span};
use crate::limits;
pub use client::{Client, ClientEffect, Contact, Kept, Opening};
pub use digest::{Digest, DigestKey};
pub use server::{
    Commit, Config, Input, Offsets, Overflow, Peer, Proves, Recorded, Server, ServerEffect,
    Summary, Turn,
};
use wire::Frame;

/// A connection, named by its client with 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ConnectionId(pub [u8; 16]);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The first eight hexadecimal digits.
impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionId(")?;
        self.0[..4]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, ")")
    }
}

/// One attempt to attach one end of a connection somewhere; the first is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// How many attempts one copy of a client end can make, in bits.
    pub(crate) const COPY_BITS: u32 = 32;

    /// Below all that the copy of a client end makes whose service is confirmed with this epoch,
    /// and above all of the copies before; none if the client end of the service has moved itself.
    pub(crate) const fn of_copy(service: Self) -> Option<Self> {
        if service.0 >> Self::COPY_BITS == 0 {
            Some(Self(service.0 << Self::COPY_BITS))
        } else {
            None
        }
    }

    /// The one after it.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A session between a client end and a server, named by the driver of either end for itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LinkId(pub u64);

/// Who has the connection, as the client end says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The attempt that led to it.
    pub epoch: Epoch,
    /// The server that the client is or was attached to.
    pub owner: NodeId,
    /// Counts the changes of the standbys.
    pub revision: u64,
    /// Those that can go on without the owner.
    pub standbys: Vec<NodeId>,
}

/// Why a connection cannot be had here and now, or is over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Too much is under way; it may work later.
    Busy,
    /// Its log is over: it is served where it is, and does not move.
    Pinned,
    /// There is a later attempt, or the record names another owner.
    Superseded,
    /// This server knows nothing of it.
    Unknown,
    /// It takes more than it is granted.
    Quota,
    /// The ends speak different versions, or the service cannot read the snapshot.
    Version,
    /// The server takes no more connections, for it is about to stop.
    Draining,
    /// The proof is not right, or the client may not do this.
    NotAllowed,
    /// The server that has it cannot be reached.
    Unreachable,
    /// Its service, run again, did something else than before.
    Diverged,
    /// What had been acknowledged as stable is gone.
    Lost,
    /// Nobody came back in time.
    Expired,
    /// The other end breaks the rules.
    Protocol,
    /// The program, the service or an operator ended it.
    Aborted,
    /// The record that the client kept was sealed too long ago.
    Aged,
    /// The seal of that record cannot be opened here: it is broken, or another's.
    Sealed,
}

impl Reason {
    /// All of them, in the order of their codes, which start at one.
    pub const ALL: [Reason; 16] = [
        Reason::Busy,
        Reason::Pinned,
        Reason::Superseded,
        Reason::Unknown,
        Reason::Quota,
        Reason::Version,
        Reason::Draining,
        Reason::NotAllowed,
        Reason::Unreachable,
        Reason::Diverged,
        Reason::Lost,
        Reason::Expired,
        Reason::Protocol,
        Reason::Aborted,
        Reason::Aged,
        Reason::Sealed,
    ];

    /// Its code on the wire.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The reason with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Busy => "too much is under way",
            Reason::Pinned => "its log is over, so it cannot move",
            Reason::Superseded => "there is a later attempt or owner",
            Reason::Unknown => "there is no such connection",
            Reason::Quota => "it takes more than it is granted",
            Reason::Version => "the versions do not fit",
            Reason::Draining => "the server is about to stop",
            Reason::NotAllowed => "it is not allowed",
            Reason::Unreachable => "the server that has it cannot be reached",
            Reason::Diverged => "the service did something else when it was run again",
            Reason::Lost => "what was acknowledged is gone",
            Reason::Expired => "nobody came back in time",
            Reason::Protocol => "the other end breaks the rules",
            Reason::Aborted => "it was ended",
            Reason::Aged => "the state that the client kept is too old",
            Reason::Sealed => "the state that the client kept cannot be opened here",
        })
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// Both directions were closed, and both ends have everything.
    Done,
    /// Another server has it.
    Moved,
    /// It broke off.
    Reset(Reason),
}

/// A frame that no honest end sends here and now. The link it came on is of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// Offsets do not continue.
    Gap,
    /// More came than was granted.
    OverCredit,
    /// It speaks of what was never sent.
    NotSent,
    /// It is about another connection, or from who has no part in it.
    NotYours,
    /// It cannot come at this point.
    OutOfTurn,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Gap => "offsets do not continue",
            Fault::OverCredit => "more came than was granted",
            Fault::NotSent => "it speaks of what was never sent",
            Fault::NotYours => "it is about another connection",
            Fault::OutOfTurn => "it cannot come now",
        })
    }
}

/// How long things take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Timing {
    /// After so much silence an end asks whether the other is there.
    pub heartbeat: Span,
    /// After so much silence a link is dead.
    pub dead: Span,
    /// How long a connection without a link is kept.
    pub linger: Span,
    /// How long an attempt to resume may take. After half of it a silent owner is given up.
    pub attempt: Span,
    /// How long an acknowledgement waits for data to go with.
    pub ack_delay: Span,
}

impl Timing {
    /// With this heartbeat, brought within [`limits::MTCP_HEARTBEATS`].
    pub fn of_heartbeat(heartbeat: Span) -> Self {
        let (least, most) = limits::MTCP_HEARTBEATS;
        let heartbeat = heartbeat.clamp(least, most);
        Self {
            heartbeat,
            dead: Span(heartbeat.0 * limits::MTCP_DEAD_BEATS),
            linger: limits::MTCP_LINGER,
            attempt: limits::MTCP_ATTEMPT,
            ack_delay: limits::MTCP_ACK_DELAY,
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::of_heartbeat(limits::MTCP_HEARTBEAT)
    }
}

/// The order of frames on a link is that of `poll` before `poll_stream`.
type Owned = Frame<'static>;
