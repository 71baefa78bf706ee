//! What there is in a run, and what goes wrong.

use std::sync::Arc;

use sm_core::ids::{Span, Time};
use sm_core::mtcp::Config;

use super::message::Program;
use crate::limits;
use crate::network::{LinkModel, NodeIx};
use crate::random::Delay;

/// A run before its seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How many servers there are; they are the nodes from 1 on, the client is node 0.
    pub servers: u32,
    /// The links of the client.
    pub access: LinkModel,
    /// The links between servers.
    pub backbone: LinkModel,
    /// The longest segment that carries a piece of a stream, in bytes.
    pub segment: usize,
    /// What servers grant, and how long things take.
    pub config: Config,
    /// What the client grants.
    pub window: u64,
    /// When the state of the service leaves its server.
    pub mode: Mode,
    /// What the service is.
    pub service: Service,
    /// What the client's program says.
    pub saying: Saying,
    /// What goes wrong, each once.
    pub faults: Vec<Fault>,
    /// What happens again and again, until faults end.
    pub rest: Vec<Rest>,
    /// When faults end, counted from the beginning of the connection.
    pub heal: Span,
    /// Whether the connection may be lost, because its only server may.
    pub may_be_lost: bool,
    /// Whether a service may do something else when it runs again.
    pub may_diverge: bool,
    /// Servers that speak another version of the protocol.
    pub foreign: Vec<NodeIx>,
    /// Servers whose service cannot read snapshots.
    pub older: Vec<NodeIx>,
    /// The chance of a frame with a piece of a log to be lost; then its link breaks soon.
    pub holes: f64,
    /// Whether a server hears again, later, that it may forget a connection.
    pub echoes: bool,
    /// A rule that is broken on purpose, to see that the judge finds it.
    pub broken: Option<Broken>,
}

impl Default for Plan {
    fn default() -> Self {
        let access = LinkModel {
            delay: Delay {
                min: Span::millis(4),
                max: Span::millis(12),
            },
            ..LinkModel::default()
        };
        Self {
            servers: 3,
            access,
            backbone: LinkModel::default(),
            segment: 1_400,
            config: Config::default(),
            window: sm_core::limits::MTCP_WINDOW / 4,
            mode: Mode::Lazy,
            service: Service::default(),
            saying: Saying::default(),
            faults: Vec::new(),
            rest: Vec::new(),
            heal: Span::secs(20),
            may_be_lost: false,
            may_diverge: false,
            foreign: Vec::new(),
            older: Vec::new(),
            holes: 0.0,
            echoes: false,
            broken: None,
        }
    }
}

impl Plan {
    /// The same without anything that goes wrong.
    pub fn calm(&self) -> Self {
        let steady = |link: LinkModel| LinkModel {
            break_every: None,
            ..link
        };
        Self {
            access: steady(self.access),
            backbone: steady(self.backbone),
            faults: Vec::new(),
            rest: Vec::new(),
            holes: 0.0,
            ..self.clone()
        }
    }

    /// When a run that began at this time must be over.
    pub(super) fn deadline(&self, began: Time) -> Time {
        began + self.heal + limits::MTCP_SETTLE
    }
}

/// When the state of a service leaves its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When the connection moves.
    Lazy,
    /// As it grows: output waits until a standby has what led to it.
    Eager,
}

/// What a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It answers each byte with one that depends on all before.
    Echo,
    /// Each request asks for so many bytes.
    Stream,
    /// Each request is counted, and answered with the count, chance and the time.
    Count,
}

/// A service, and how it behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// What it does.
    pub kind: Kind,
    /// How long one step of it takes.
    pub step: Delay,
    /// The most that it reads at once.
    pub buffer: usize,
    /// It exports after so many requests; never if zero.
    pub export_every: u64,
    /// The chance of an export after any other step.
    pub export_anywhere: f64,
    /// How many bytes its state holds beside what it needs.
    pub ballast: usize,
    /// It has written all after so many requests, and only reads on.
    pub ends_after: Option<u64>,
    /// Servers at which it draws values that it does not record.
    pub forgetful: Vec<NodeIx>,
    /// It is a message of this program, which does what `kind` says: it runs in turns, each of
    /// which is an export, and reads, draws and ends as it likes.
    pub message: Option<Arc<Program>>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            kind: Kind::Count,
            step: Delay {
                min: Span(20_000),
                max: Span::millis(1),
            },
            buffer: 64,
            export_every: 1,
            export_anywhere: 0.0,
            ballast: 0,
            ends_after: None,
            forgetful: Vec::new(),
            message: None,
        }
    }
}

/// What a client's program says, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saying {
    /// How many requests it sends.
    pub requests: u64,
    /// The most bytes that a request asks for, of a stream.
    pub most: u64,
    /// The most bytes that it writes at once.
    pub piece: usize,
    /// The time between two writes.
    pub pace: Delay,
    /// When it first writes.
    pub after: Span,
    /// Whether it takes what has come only when it writes, and not at once.
    pub slow: bool,
}

impl Default for Saying {
    fn default() -> Self {
        Self {
            requests: 200,
            most: 2_000,
            piece: 40,
            pace: Delay {
                min: Span::millis(1),
                max: Span::millis(60),
            },
            after: Span::ZERO,
            slow: false,
        }
    }
}

/// Something that goes wrong once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// When.
    pub when: When,
    /// So long after it.
    pub after: Span,
    /// What.
    pub deed: Deed,
}

/// Something that happens again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rest {
    /// The mean time between two of them.
    pub every: Span,
    /// What.
    pub deed: Deed,
}

/// What a fault waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// The beginning of the connection.
    Begun,
    /// The client is attached for the n-th time, counted from one.
    Attached(u32),
    /// The client tries a server for the n-th time.
    Tried(u32),
    /// A service has written the n-th answer, and not exported since.
    Answered(u32),
    /// A service was frozen for the n-th time.
    Frozen(u32),
    /// A standby gets into the client's record for the n-th time.
    Listed(u32),
}

/// A server, by what it is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The owner in the client's record.
    Owner,
    /// The standby in the client's record.
    Standby,
    /// One that is neither.
    Other,
    /// This one.
    Server(NodeIx),
}

/// Something that happens to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The client tries a server.
    Move(Who),
    /// The client's session with a server breaks.
    Cut(Who),
    /// The sessions of a server with all others break.
    CutServers(Who),
    /// The client cannot reach a server for this long.
    Unplug(Who, Span),
    /// A server cannot reach the others for this long.
    Isolate(Who, Span),
    /// A server crashes and comes back after this time, without memory. Where that would lose the
    /// connection, it waits until it does not.
    Crash(Who, Span),
    /// The same, whatever is lost.
    CrashAnyhow(Who, Span),
    /// A server does nothing for this long, and all that comes waits.
    Pause(Who, Span),
    /// A server tells its client to go elsewhere, takes no connections, and restarts without memory
    /// when it has none. Then this span later the next one does the same, if it is on the roll.
    Drain(Who),
    /// All servers drain and restart, one after the other.
    Roll,
    /// The owner takes a server for its standby, or gives it up.
    Recruit(Who),
}

/// A rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// What earlier owners send reaches the program.
    StaleOwner,
    /// Services do not record what they draw.
    Unrecorded,
    /// The log does not reach the standby, which says that it has it.
    Unshipped,
    /// Each service starts from its beginning, whatever the snapshot says.
    Amnesia,
}
