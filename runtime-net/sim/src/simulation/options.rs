//! What is chosen about a run, and what is learnt of it.

use std::fmt;

use sm_core::content::ContentError;
use sm_core::ids::{MessageId, Span, Time};
use sm_core::launch::LaunchError;
use sm_core::node::{Parking, Report, Step};

use crate::limits;
use crate::network::NodeIx;
use crate::random::Seed;
use crate::stats::Totals;
use crate::trace::Detail;

/// What can be chosen about a run beside its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of everything that is left to chance.
    pub seed: Seed,
    /// The virtual time after which the run is given up, counted from its beginning.
    pub deadline: Span,
    /// What the network is like when the run begins.
    pub begin: Begin,
    /// Which events are kept for [`take_records`](crate::Simulation::take_records); the trace hash
    /// is of all.
    pub detail: Detail,
    /// Whether invariants are checked after every event.
    pub checks: Checks,
    /// What nodes keep of a message between two turns.
    pub parking: Parking,
}

impl Options {
    /// A run with this seed, ten minutes long at most, that keeps outputs and checks nothing.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: Seed(seed),
            deadline: limits::DEADLINE,
            begin: Begin::default(),
            detail: Detail::default(),
            checks: Checks::Off,
            parking: Parking::default(),
        }
    }
}

/// What the network is like when a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// All nodes have just started and found their neighbors.
    #[default]
    Connected,
    /// All nodes start now.
    Cold,
}

/// Whether invariants are checked after every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// They are not.
    #[default]
    Off,
    /// They are; the run ends at the first that does not hold.
    On,
}

/// Why a network cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTag {
    /// The node that has the tag.
    pub node: String,
    /// The tag.
    pub tag: String,
    /// What is wrong with its value.
    pub reason: String,
}

impl fmt::Display for BadTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tag `{}` of node {}: {}",
            self.tag, self.node, self.reason
        )
    }
}

impl std::error::Error for BadTag {}

/// Why a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The launch that was waited for has ended.
    Done,
    /// Nothing more would happen.
    Quiet,
    /// The virtual time is over.
    Deadline,
    /// An invariant does not hold.
    Violation,
}

/// What a message is known to do that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// It runs, moves, or waits.
    Acts,
    /// It was sent on as copies, and none of them is it.
    Copied,
    /// The node that had it has lost its memory.
    Lost,
}

/// A launch and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchStatus {
    /// Where it began.
    pub node: NodeIx,
    /// Its first message.
    pub message: MessageId,
    /// When it began.
    pub began: Time,
    /// When its first message had ended, as its home learnt.
    pub ended: Option<Time>,
    /// The reports on all its messages that have come home.
    pub reports: Vec<Report>,
    /// What its first message is known to do.
    pub stands: Stands,
    /// Where its first message was seen last.
    pub(super) seen: NodeIx,
    pub(super) before: Totals,
    pub(super) after: Option<Totals>,
}

impl LaunchStatus {
    /// The report on the first message, whose result is that of the launch.
    pub fn result(&self) -> Option<&Report> {
        self.reports
            .iter()
            .find(|report| report.message == self.message)
    }

    /// Its first message has arrived at this node, or went on as copies from there.
    pub(super) fn moved(&mut self, node: NodeIx, step: &Step) {
        self.seen = node;
        self.stands = match step {
            Step::CopiesSent { .. } => Stands::Copied,
            _ => Stands::Acts,
        };
    }

    /// The node where it was seen last has lost its memory.
    pub(super) fn lose(&mut self) {
        if self.stands != Stands::Copied {
            self.stands = Stands::Lost;
        }
    }
}

/// Why a program was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartError {
    /// The node is down, or there is no such node.
    Down,
    /// Its code is no code.
    Code(ContentError),
    /// The node does not take it.
    Launch(LaunchError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Down => f.write_str("the node is down"),
            StartError::Code(error) => write!(f, "the code is refused: {error}"),
            StartError::Launch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<LaunchError> for StartError {
    fn from(error: LaunchError) -> Self {
        StartError::Launch(error)
    }
}
