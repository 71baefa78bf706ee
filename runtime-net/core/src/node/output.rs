//! What a node wants done, and what it tells.

use std::fmt;

use super::connection::Deed;
use crate::hop::HopError;
use crate::ids::{
    Attachment, Epoch, LaunchHash, MessageId, NodeId, SessionId, StoreToken, Time, TypeHash,
};
use crate::tags::TagName;

/// Something for the driver to do. Outputs come in order and must be done in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Output {
    /// Send one frame in a session. Frames of one session must arrive in order (it is enough that
    /// the first frame comes first and frames of one hop stay in order).
    Send {
        /// The session. The frame is dropped if it has ended.
        session: SessionId,
        /// One whole frame; framing it in a stream is up to the driver.
        bytes: Vec<u8>,
    },
    /// Send one frame to every neighbor that hears it, without confirmation.
    Broadcast {
        /// One whole frame, at most [`crate::limits::BROADCAST_BYTES`] long.
        bytes: Vec<u8>,
    },
    /// End a session, and do not begin a new one with this peer soon: it does not fit.
    Close {
        /// The session.
        session: SessionId,
    },
    /// Write a batch to the store, atomically and in order of the tokens, then call
    /// [`Node::handle_stored`](super::Node::handle_stored). A node without durable memory puts none
    /// out.
    Store {
        /// Names the batch.
        token: StoreToken,
        /// Keys with their new values, or `None` where they are to be removed.
        batch: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    },
    /// A program printed a line.
    Print {
        /// The message.
        message: MessageId,
        /// The launch it belongs to.
        launch: LaunchHash,
        /// The line, without a newline.
        text: String,
    },
    /// A program wrote to a tag that a driver keeps.
    IoWrite {
        /// The tag.
        tag: TagName,
        /// The value in canonical encoding.
        value: Vec<u8>,
        /// The message that wrote it.
        message: MessageId,
    },
    /// Something is to be done with a client connection.
    Connection {
        /// Which.
        attachment: Attachment,
        /// What.
        deed: Deed,
    },
    /// A message whose home is this node has ended, here or elsewhere.
    Report(Report),
    /// Something the operator may want to know.
    Log(Log),
    /// A visible step of a message, if the node is configured to tell.
    Trace(Trace),
}

/// How a message ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Report {
    /// The message.
    pub message: MessageId,
    /// The launch it belongs to. `message == MessageId::first(&launch)` is the one whose result
    /// is the result of the launch.
    pub launch: LaunchHash,
    /// Where it ended.
    pub at: NodeId,
    /// How.
    pub end: End,
}

/// The end of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// Its program returned this value.
    Done {
        /// The type of the value.
        ty: TypeHash,
        /// The value in canonical encoding.
        value: Vec<u8>,
    },
    /// A bug in its program.
    Trap {
        /// Which kind, `sm_bytecode::TrapKind::code`.
        kind: u8,
        /// What the program said about it.
        message: Option<String>,
        /// The stack, innermost first: brick, function, instruction.
        frames: Vec<TraceFrame>,
    },
    /// The node ended it.
    Killed(Kill),
}

/// One line of a stack trace: a place in a brick.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceFrame {
    /// The brick.
    pub brick: [u8; 32],
    /// The function in the brick.
    pub function: u16,
    /// The instruction in the function.
    pub pc: u32,
}

/// Why a node ended a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kill {
    /// Its heap grew over its quota.
    Heap,
    /// Its stack grew over its quota.
    Frames,
    /// Its fuel for life is used up.
    Fuel,
    /// Its lifetime is over.
    Lifetime,
    /// The receiver of a committed hop had lost its memory.
    LostInHop,
    /// The node could not read its own record of it.
    Corrupt,
    /// An operator ended it.
    Operator,
}

impl Kill {
    const ALL: [Kill; 7] = [
        Kill::Heap,
        Kill::Frames,
        Kill::Fuel,
        Kill::Lifetime,
        Kill::LostInHop,
        Kill::Corrupt,
        Kill::Operator,
    ];

    /// The code of the reason, the same on every node.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kill::Heap => "its heap grew over its quota",
            Kill::Frames => "its stack grew over its quota",
            Kill::Fuel => "its fuel is used up",
            Kill::Lifetime => "its lifetime is over",
            Kill::LostInHop => "the node it moved to had lost its memory",
            Kill::Corrupt => "its stored state cannot be read",
            Kill::Operator => "an operator ended it",
        })
    }
}

/// A line for the operator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Log {
    /// Something that arrived was refused, and changed nothing else.
    Refused {
        /// Who sent it.
        from: NodeId,
        /// Why, in the words of the error.
        reason: String,
    },
    /// A frame came in a session that is not there (any more).
    NoSession {
        /// The session.
        session: SessionId,
    },
    /// A record of the store could not be read at boot.
    BadRecord {
        /// Why.
        reason: String,
    },
    /// A report could not be passed on.
    ReportDropped(Report),
    /// A copy was dropped; copies are expendable.
    CopyDropped {
        /// The neighbor that it came from.
        from: NodeId,
        /// Why.
        reason: String,
    },
    /// One turn of a message put out more than may wait for its end.
    LeftOut {
        /// The message.
        message: MessageId,
        /// How many of its prints, and writes to tags of drivers, are lost.
        left_out: u64,
    },
    /// A message died here of a trap: what its home will be told.
    Trapped(Report),
}

/// A visible step of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Trace {
    /// When.
    pub at: Time,
    /// Which message; zeros where none did it (a driver, a clock).
    pub message: MessageId,
    /// What.
    pub step: Step,
}

/// What a message did, or what was done to it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// It began here by a launch.
    Launched,
    /// It was spawned here by another.
    Spawned {
        /// The message that spawned it.
        parent: MessageId,
    },
    /// It wants to move to a neighbor, and is being offered.
    Leaving {
        /// The neighbor.
        to: NodeId,
    },
    /// It has left for good.
    Left {
        /// Where it goes on.
        to: NodeId,
    },
    /// It goes on here as the service of a client connection.
    Carried,
    /// Its connection has moved, and it with the connection.
    CarriedAway,
    /// It has arrived with an exact hop and is this node's own now.
    Arrived {
        /// The neighbor it came from.
        from: NodeId,
        /// The number of exact hops it has completed.
        epoch: Epoch,
    },
    /// It stays, since the hop failed.
    Stayed {
        /// Why.
        error: HopError,
    },
    /// Copies of it were sent to so many neighbors, and it ends here.
    CopiesSent {
        /// How many.
        neighbors: usize,
    },
    /// It began here as the copy of another.
    CopyArrived {
        /// The message that it is a copy of.
        of: MessageId,
        /// The neighbor it came from.
        from: NodeId,
    },
    /// It created or wrote a tag.
    TagWritten {
        /// The tag's name as people read it.
        display: String,
        /// The tag.
        tag: TagName,
        /// Its value in canonical encoding.
        value: Vec<u8>,
    },
    /// It deleted a tag.
    TagDeleted {
        /// The tag's name as people read it.
        display: String,
        /// The tag.
        tag: TagName,
    },
    /// A tag's lifetime ended.
    TagExpired {
        /// The tag.
        tag: TagName,
    },
    /// It sleeps until a tag is written.
    Blocked {
        /// The tag's name as people read it.
        display: String,
        /// The tag.
        tag: TagName,
    },
    /// It goes on after a block: the tag was written, or the timeout came.
    Woken,
    /// It ended.
    Ended(End),
}
