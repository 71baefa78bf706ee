//! Client connections that move between servers (M-TCP), simulated: the machines of
//! [`sm_core::mtcp`] on the links of [`crate::link`], in virtual time, from one seed.
//!
//! ```text
//! program <-> client end <=== links ===> server ends <-> services
//!    |                                                      |
//!    +---------------------- judge -------------------------+
//! ```
//!
//! A [`Plan`] says what there is and what goes wrong: at fixed times, when something is reached
//! that a fault is to meet, and at random. [`run`] makes one run of it. The judge sees every byte
//! that a service reads and that the program gets, and knows what they must be.
//!
//! A service is a small machine of its own, or a message of a core node beside each server.
//!
//! Between two ends there is one session at a time, as in [`crate::link`]; the frames of M-TCP are
//! a stream of bytes in it, cut into segments, so that a session that breaks ends in the middle of
//! a frame. A server whose client has a new session is not told of the end of the old one: it has
//! to find out.

mod clock;
mod faults;
mod host;
mod judge;
mod lines;
mod message;
mod plan;
mod program;
mod service;
mod user;
mod world;

use sm_core::mtcp::{End, Epoch, Reason};

use crate::network::NodeIx;
pub use judge::Wrong;
pub use message::Program as MessageProgram;
pub use plan::{
    Broken, Deed, Fault, Kind, Mode, Plan, Rest, Saying, Service as ServicePlan, When, Who,
};
pub use world::{Gap, Outcome, run, story};

/// Something that an end of a connection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The client end tries to go on at a server.
    Tries(NodeIx, Epoch),
    /// The client end is attached to a server.
    Attached(NodeIx),
    /// No link carries the client end.
    Detached(Reason),
    /// It is over for the client end.
    Ended(End),
    /// A service starts.
    Starts(Epoch),
    /// A service waits, for its connection may move.
    Freezes,
    /// It did not move.
    Thaws,
    /// A service is to run no more.
    Stops(End),
    /// A server knows that the client is attached.
    Confirmed(Epoch),
    /// A server knows nothing of the connection any more.
    Forgets,
    /// A server is halted, and says nothing.
    Pauses,
    /// It goes on.
    GoesOn,
    /// A server takes no more connections.
    Drains,
}
