//! A network as its file describes it: nodes with their tags, links, faults.
//!
//! [`Network::parse`] reads a `.net.toml`; `docs/networks.md` is its reference. The same file
//! serves a simulation and a network of real processes, so nothing here knows about either. Some
//! networks are generated and differ from seed to seed: [`Network::layout`] gives the one of a
//! seed.

mod generate;
mod parse;
mod tags;

use std::ops::Range;

use sm_core::ids::Span;

use crate::limits;
use crate::random::{Delay, Seed};
use crate::reading::FileErrors;
pub use crate::reading::show_span;
pub use generate::Shape;

pub(crate) use tags::TYPE_NAMES;
pub use tags::{Driver, TagDef, TagType, TagValue};

/// A node, by its place in the network's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIx(pub u32);

impl NodeIx {
    /// As a position in a list.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What people call it; the keys of its nodes are derived from it.
    pub name: String,
    /// The seed of a run that asks for no other.
    pub seed: Option<u64>,
    /// The nodes.
    pub nodes: Vec<NodeSpec>,
    /// The links that are there with every seed.
    pub links: Vec<LinkSpec>,
    /// Links that are drawn from the seed.
    pub random: Option<RandomLinks>,
    /// What a link is like that says nothing else.
    pub link: LinkModel,
    /// What goes wrong with nodes.
    pub faults: Faults,
    /// Times in which some nodes cannot reach the others.
    pub partitions: Vec<Partition>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeSpec {
    /// Its name, unique in the network.
    pub name: String,
    /// Where it stands, in any unit.
    pub at: Option<[f64; 2]>,
    /// The tags it begins with.
    pub tags: Vec<TagDef>,
}

/// A link between two nodes, the first of which comes first in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkSpec {
    /// Its ends.
    pub ends: (NodeIx, NodeIx),
    /// What it is like.
    pub model: LinkModel,
    /// The times in which it is there, ascending; always if there are none.
    pub up: Vec<Window>,
}

impl LinkSpec {
    /// A link that is always there.
    pub const fn new(ends: (NodeIx, NodeIx), model: LinkModel) -> Self {
        Self {
            ends,
            model,
            up: Vec::new(),
        }
    }

    /// Whether it is there when the run begins.
    pub fn begins_up(&self) -> bool {
        self.up.first().is_none_or(|first| first.from == Span::ZERO)
    }
}

/// A time in which a link is there, since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub from: Span,
    /// When it ends, if it does.
    pub until: Option<Span>,
}

/// What a link is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkModel {
    /// How long a frame takes one way, drawn for each.
    pub delay: Delay,
    /// The share of broadcasts that get lost, from 0 to 1.
    pub loss: f64,
    /// Bytes a second each way, unlimited if `None`.
    pub bandwidth: Option<u64>,
    /// The mean time between two breaks of the session, which never breaks if `None`.
    pub break_every: Option<Span>,
    /// How long a new session takes after a break has been found.
    pub repair: Span,
    /// After how much silence an end takes the other for dead, at the latest.
    pub idle: Span,
}

impl Default for LinkModel {
    fn default() -> Self {
        Self {
            delay: Delay::fixed(limits::LINK_DELAY),
            loss: 0.0,
            bandwidth: None,
            break_every: None,
            repair: limits::REPAIR,
            idle: limits::IDLE,
        }
    }
}

/// Links that are drawn from the seed: the nodes stand at random in a square, and those near to
/// each other are linked; more links are added where the nodes would not all be connected.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomLinks {
    /// Which nodes, by place in the list.
    pub nodes: Range<u32>,
    /// How many links a node has on average.
    pub degree: f64,
    /// A seed of its own, if the graph is to be the same in every run.
    pub seed: Option<u64>,
}

/// What goes wrong with nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// The mean time between two crashes of a node, which never crashes if `None`.
    pub crash_every: Option<Span>,
    /// How long a crashed node stays away.
    pub restart: Delay,
    /// Whether a node still knows after a crash what it had stored before.
    pub memory: Memory,
    /// From when on nothing goes wrong any more: crashes, breaks, partitions and loss end.
    pub until: Option<Span>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            crash_every: None,
            restart: Delay::fixed(limits::RESTART),
            memory: Memory::Kept,
            until: None,
        }
    }
}

/// What a crash leaves of a node's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Memory {
    /// All that was stored.
    #[default]
    Kept,
    /// Nothing.
    Lost,
}

/// A time in which some nodes cannot reach the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The nodes on one side.
    pub nodes: Vec<NodeIx>,
    /// When it begins, since the start of the run.
    pub from: Span,
    /// When it ends.
    pub until: Span,
}

/// The nodes and links of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The nodes, in the order of the network's list.
    pub nodes: Vec<NodeSpec>,
    /// The links, in order of their ends.
    pub links: Vec<LinkSpec>,
}

impl Network {
    /// Reads a network file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the lines.
    pub fn parse(text: &str) -> Result<Self, FileErrors> {
        parse::network(text)
    }

    /// A network without nodes.
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            seed: None,
            nodes: Vec::new(),
            links: Vec::new(),
            random: None,
            link: LinkModel::default(),
            faults: Faults::default(),
            partitions: Vec::new(),
        }
    }

    /// A network of one node, which is how a program runs at home.
    pub fn single(name: &str) -> Self {
        let mut network = Self::empty(name);
        network.nodes.push(NodeSpec {
            name: name.to_owned(),
            ..NodeSpec::default()
        });
        network
    }

    /// A network of this shape; its nodes are called `n1`, `n2` and so on.
    pub fn generate(name: &str, shape: Shape, link: LinkModel) -> Self {
        let mut network = Self::empty(name);
        network.link = link;
        generate::extend(&mut network, shape, &[]);
        network
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<NodeIx> {
        let place = self.nodes.iter().position(|node| node.name == name)?;
        Some(NodeIx(place as u32))
    }

    /// Gives a node a tag to begin with.
    pub fn tag(&mut self, node: NodeIx, name: &str, value: TagValue) -> &mut Self {
        self.nodes[node.at()].tags.push(TagDef::new(name, value));
        self
    }

    /// The network of this seed, in which nothing is left to be drawn.
    pub fn layout(&self, seed: Seed) -> Layout {
        generate::layout(self, seed)
    }
}

#[cfg(test)]
mod tests;
