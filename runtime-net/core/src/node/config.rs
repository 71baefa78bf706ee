//! What an operator decides about a node, and what it starts with.

use std::collections::{BTreeMap, BTreeSet};

use crate::hop::Memory;
use crate::ids::{AuthorId, Incarnation, NodeId, Span, Time};
use crate::tags::TagLimits;

/// A node as its operator wants it. `Config::new(key)` is one for a friendly network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The node's own key.
    pub node: NodeId,
    /// Whether its driver keeps what it is given to store over a crash.
    pub memory: Memory,
    /// What it grants.
    pub limits: NodeLimits,
    /// Whom it believes.
    pub policy: Policy,
    /// Which steps it tells about.
    pub tracing: Tracing,
    /// What it does with a message that waits.
    pub parking: Parking,
}

impl Config {
    /// A node without durable memory, open to everybody, with default limits.
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            memory: Memory::default(),
            limits: NodeLimits::default(),
            policy: Policy::default(),
            tracing: Tracing::default(),
            parking: Parking::default(),
        }
    }
}

/// Whether [`Output::Trace`](super::Output::Trace) comes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tracing {
    /// Nothing: costs nothing.
    Off,
    /// Every visible step of a message.
    #[default]
    On,
}

/// What is kept of a message between two turns. It makes no difference that a program could see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Parking {
    /// The running machine: fast.
    #[default]
    Live,
    /// Its captured state in exact size: small. Every turn restores and captures.
    Image,
}

/// What a node grants, at most. All below the walls in [`crate::limits`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeLimits {
    /// Tags of each author and in all.
    pub tags: TagLimits,
    /// The most messages at a time.
    pub messages: usize,
    /// The most messages of one launch at a time, copies included.
    pub messages_per_launch: usize,
    /// The most memory that messages may hold together, in bytes; when it is reached no more come
    /// in, and those that are here may grow to what their launches grant.
    pub bytes: u64,
    /// The most fuel of one turn, whatever the launch says.
    pub fuel_per_turn: u64,
    /// The largest heap of a message, in bytes; a launch that asks for more is refused.
    pub heap_bytes: u64,
    /// The deepest stack of a message, in frames; a launch that asks for more is refused.
    pub frames: u32,
    /// The longest lifetime of a message; a launch that asks for more is refused.
    pub lifetime: Span,
}

/// 65,536 messages, 4,096 of a launch, 1 GiB for all of them, 100 million fuel a turn, 64 MiB of
/// heap, 100,000 frames, a week of life.
impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            tags: TagLimits::default(),
            messages: 65_536,
            messages_per_launch: 4_096,
            bytes: 1 << 30,
            fuel_per_turn: 100_000_000,
            heap_bytes: 64 << 20,
            frames: 100_000,
            lifetime: Span::secs(7 * 24 * 3600),
        }
    }
}

/// What an operator may change while the node runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// What it grants. What is here already keeps what it was granted.
    pub limits: NodeLimits,
    /// Whom it believes. Messages that are here already stay.
    pub policy: Policy,
}

/// Whose messages a node takes, and from whom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// Whose messages it takes at all.
    pub authors: Authors,
    /// Which authors' messages a neighbor may bring with the author's own rights.
    pub carriers: BTreeMap<NodeId, Authors>,
    /// The same for neighbors that are not named.
    pub others: Authors,
}

/// A set of authors.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Authors {
    /// All.
    #[default]
    Any,
    /// These.
    Only(BTreeSet<AuthorId>),
}

impl Authors {
    /// Whether the author is in the set.
    pub fn contains(&self, author: &AuthorId) -> bool {
        match self {
            Authors::Any => true,
            Authors::Only(authors) => authors.contains(author),
        }
    }
}

/// What a node starts with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Boot {
    /// The time now. A durable node's clock must not stand behind where it stood at the crash.
    pub now: Time,
    /// Greater than in every boot before, also where all memory was lost (a time will do).
    pub incarnation: Incarnation,
    /// A secret of this boot that keeps hash indices unpredictable; must repeat in a simulation.
    pub hash_seed: u64,
    /// What the store holds: keys and values as [`Output::Store`](super::Output::Store) gave
    /// them, in any order. Empty for a node without durable memory.
    pub records: Vec<(Vec<u8>, Vec<u8>)>,
}
