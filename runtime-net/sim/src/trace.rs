//! What happens in a run, as a sequence of events, and its hash.
//!
//! Every event of a run goes through the hash in order, the bytes of frames and values included.
//! Two runs with the same trace hash did the same; the hash of a seed is the same on every machine.

mod hash;
mod json;
mod text;

use sm_core::ids::{Incarnation, LaunchHash, MessageId, SessionId, StoreToken, Time};
use sm_core::node::{Log, Report, Trace};
use sm_core::tags::TagName;

use crate::link::Bytes;
use crate::mtcp;
use crate::network::{Memory, NodeIx};
pub use hash::{TraceHash, TraceHasher};
pub use json::Json;
pub use text::Text;

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// The time since the start of the run.
    pub at: Time,
    /// What happened.
    pub event: Event,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// A node started.
    NodeUp {
        /// The node.
        node: NodeIx,
        /// Counts its boots.
        incarnation: Incarnation,
    },
    /// A node crashed.
    NodeDown {
        /// The node.
        node: NodeIx,
        /// What it will still know.
        memory: Memory,
        /// How many batches its store has for good that it was not told of.
        untold: usize,
    },
    /// A node learnt of a new session.
    SessionUp {
        /// The node.
        node: NodeIx,
        /// The node at the other end.
        peer: NodeIx,
        /// The session.
        session: SessionId,
    },
    /// A node learnt of the end of a session.
    SessionDown {
        /// The node.
        node: NodeIx,
        /// The node at the other end.
        peer: NodeIx,
        /// The session.
        session: SessionId,
    },
    /// Some nodes can no longer reach the others.
    PartitionBegins {
        /// Which partition of the network file, from zero.
        partition: usize,
    },
    /// They can again.
    PartitionEnds {
        /// Which partition of the network file, from zero.
        partition: usize,
    },
    /// From here on nothing goes wrong any more.
    Healed,
    /// A node sent a frame to a neighbor.
    Sent {
        /// The sender.
        from: NodeIx,
        /// The receiver.
        to: NodeIx,
        /// The session.
        session: SessionId,
        /// The frame.
        frame: Bytes,
    },
    /// A node sent a frame to everybody who hears it.
    Broadcast {
        /// The sender.
        from: NodeIx,
        /// The frame.
        frame: Bytes,
    },
    /// A frame reached a node.
    Arrived {
        /// The sender.
        from: NodeIx,
        /// The receiver.
        to: NodeIx,
        /// The session, or `None` for a broadcast.
        session: Option<SessionId>,
        /// The frame.
        frame: Bytes,
    },
    /// A frame did not reach a node.
    Lost {
        /// The sender.
        from: NodeIx,
        /// The node that it was for.
        to: NodeIx,
        /// The length of the frame.
        bytes: usize,
    },
    /// A node's store has a batch for good.
    Stored {
        /// The node.
        node: NodeIx,
        /// The batch.
        token: StoreToken,
    },
    /// An author started a program.
    Launched {
        /// Where.
        node: NodeIx,
        /// The launch.
        launch: LaunchHash,
        /// Its first message.
        message: MessageId,
    },
    /// A message ran for a while.
    Ran {
        /// Where.
        node: NodeIx,
        /// Which.
        message: MessageId,
        /// The fuel that it used.
        fuel: u64,
    },
    /// A message did something that can be seen.
    Step {
        /// Where.
        node: NodeIx,
        /// What, with the node's own time.
        trace: Trace,
    },
    /// A program printed a line.
    Print {
        /// Where.
        node: NodeIx,
        /// The message.
        message: MessageId,
        /// The launch that it belongs to.
        launch: LaunchHash,
        /// The line.
        text: String,
    },
    /// A program wrote to a tag that a driver keeps.
    IoWrite {
        /// Where.
        node: NodeIx,
        /// The message.
        message: MessageId,
        /// The tag.
        tag: TagName,
        /// The value in canonical encoding.
        value: Vec<u8>,
    },
    /// The home of a message learnt how it ended.
    Report {
        /// The home.
        node: NodeIx,
        /// How.
        report: Report,
    },
    /// A frame of M-TCP was written to a session.
    Mtcp {
        /// Who wrote it.
        from: NodeIx,
        /// The node at the other end.
        to: NodeIx,
        /// The frame.
        frame: Bytes,
    },
    /// An end of a client connection did something.
    Connection {
        /// Where.
        node: NodeIx,
        /// What.
        step: mtcp::Step,
    },
    /// A node has something to say to its operator.
    Log {
        /// The node.
        node: NodeIx,
        /// What.
        log: Log,
    },
}

/// How much of a run is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Detail {
    /// What programs print, and how they end.
    #[default]
    Output,
    /// Also what messages do, and what goes wrong.
    Steps,
    /// Also every frame, session and write to a store.
    Everything,
}

impl Event {
    /// From which detail on it is of interest.
    pub fn detail(&self) -> Detail {
        match self {
            Event::Print { .. } | Event::Report { .. } => Detail::Output,
            Event::Launched { .. }
            | Event::Step { .. }
            | Event::Connection { .. }
            | Event::IoWrite { .. }
            | Event::Log { .. }
            | Event::NodeDown { .. }
            | Event::PartitionBegins { .. }
            | Event::PartitionEnds { .. }
            | Event::Healed => Detail::Steps,
            Event::NodeUp { .. }
            | Event::SessionUp { .. }
            | Event::SessionDown { .. }
            | Event::Sent { .. }
            | Event::Broadcast { .. }
            | Event::Mtcp { .. }
            | Event::Arrived { .. }
            | Event::Lost { .. }
            | Event::Stored { .. }
            | Event::Ran { .. } => Detail::Everything,
        }
    }
}
