//! What carries frames between this node and its neighbors.
//!
//! A *session* is an authenticated connection with a neighbor. Within it nothing is lost or
//! doubled; the first frame comes first, and the frames of a hop keep their order. When it ends,
//! any suffix of each stream may be lost. That is all that the core asks for, and all that
//! whoever implements [`Link`] may promise: `docs/WIRE.md`.

use std::future::Future;

use bytes::Bytes;
use sm_core::ids::{Incarnation, NodeId, SessionId};

/// What carries frames.
pub trait Link {
    /// What happens next. It may be dropped and asked again without loss.
    fn next(&mut self) -> impl Future<Output = LinkEvent>;

    /// What has happened already, if anything has.
    fn try_next(&mut self) -> Option<LinkEvent>;

    /// Sends a frame in a session, with the next [`Link::flush`] at the latest. Nothing happens if
    /// the session has ended.
    fn send(&mut self, session: SessionId, frame: Vec<u8>);

    /// Lets out what was sent and waits to go together; answers in which sessions.
    fn flush(&mut self) -> Vec<SessionId>;

    /// Sends a frame to every neighbor, and does not care whether it arrives.
    fn broadcast(&mut self, frame: Vec<u8>);

    /// Ends a session with a neighbor that does not fit.
    fn close(&mut self, session: SessionId);

    /// The bytes that wait to be sent in a session.
    fn backlog(&self, session: SessionId) -> usize;
}

/// Something that happened on the way between nodes.
#[derive(Debug)]
pub enum LinkEvent {
    /// A session has begun. It replaces the one with that neighbor before.
    Up {
        /// The session.
        session: SessionId,
        /// The neighbor.
        peer: NodeId,
        /// Its boot.
        incarnation: Incarnation,
    },
    /// A session has ended, and why.
    Down {
        /// The session.
        session: SessionId,
        /// The neighbor.
        peer: NodeId,
        /// Why, in words.
        reason: String,
    },
    /// A frame has come in a session.
    Frame(SessionId, Bytes),
    /// A frame was heard that a neighbor sent to everybody.
    Heard(NodeId, Bytes),
    /// What waited in a session has been sent.
    Drained(SessionId),
    /// Something for the operator.
    Note(String),
}
