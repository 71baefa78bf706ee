//! What the model's nodes are made of: a disk, a queue to it, and sessions that lose suffixes.

use std::collections::{BTreeMap, VecDeque};

use sm_core::hop::{Doubt, HopFrame, HopRecord, Hops, Memory};
use sm_core::ids::{HopId, Incarnation, NodeId};

/// Which node of the model.
pub(crate) type Index = usize;

/// The key of a node of the model.
pub(crate) fn key(index: Index) -> NodeId {
    let mut bytes = [0; 32];
    bytes[0] = index as u8 + 1;
    NodeId(bytes)
}

/// The node with that key.
pub(crate) fn index(node: NodeId) -> Index {
    usize::from(node.0[0]) - 1
}

/// What a node does with the message while it has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Status {
    /// It runs.
    Runs,
    /// It waits for the end of a hop.
    Moves,
}

/// What survives a crash of a durable node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Stored {
    /// The message with its epoch, if it is this node's.
    pub(crate) message: Option<u8>,
    /// What is prepared, with the epoch it would have here.
    pub(crate) prepared: BTreeMap<HopId, (Doubt, u8)>,
    /// What is committed.
    pub(crate) committed: BTreeMap<HopId, (Doubt, Incarnation)>,
}

impl Stored {
    /// Applies one record, with the epoch that came with its hop.
    pub(crate) fn apply(&mut self, record: HopRecord, epoch: u8) {
        match record {
            HopRecord::Prepared(doubt) => {
                self.prepared.insert(doubt.hop, (doubt, epoch));
            }
            HopRecord::Installed(hop) => {
                self.message = self.prepared.remove(&hop).map(|(_, epoch)| epoch);
            }
            HopRecord::Dropped(hop) => {
                self.prepared.remove(&hop);
            }
            HopRecord::Committed(doubt, incarnation) => {
                self.message = None;
                self.committed.insert(doubt.hop, (doubt, incarnation));
            }
            HopRecord::Settled(hop) => {
                self.committed.remove(&hop);
            }
        }
    }
}

/// One node: its machine, what it holds in memory, and its disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Node {
    pub(crate) up: bool,
    pub(crate) memory: Memory,
    pub(crate) boots: u64,
    pub(crate) hops: Hops,
    /// The message and its epoch while it is here.
    pub(crate) message: Option<(u8, Status)>,
    /// The epochs of what came with hops that have not ended.
    pub(crate) arrived: BTreeMap<HopId, u8>,
    /// What is on its way to the disk, in order.
    pub(crate) storing: VecDeque<(HopRecord, u8)>,
    pub(crate) disk: Stored,
    /// The session it believes to have with each other node.
    pub(crate) sessions: BTreeMap<Index, u8>,
}

impl Node {
    pub(crate) fn new(node: Index, memory: Memory) -> Self {
        Self {
            up: true,
            memory,
            boots: 0,
            hops: Hops::new(key(node), Incarnation(0), memory),
            message: None,
            arrived: BTreeMap::new(),
            storing: VecDeque::new(),
            disk: Stored::default(),
            sessions: BTreeMap::new(),
        }
    }

    /// It loses all but its disk, onto which the first `stored` records have made it.
    pub(crate) fn crash(&mut self, stored: usize) {
        for (record, epoch) in self.storing.drain(..).take(stored) {
            self.disk.apply(record, epoch);
        }
        self.up = false;
        self.message = None;
        self.arrived.clear();
        self.sessions.clear();
        if self.memory == Memory::Volatile {
            self.disk = Stored::default();
        }
    }

    /// It comes back in a new incarnation, with what is on its disk.
    pub(crate) fn boot(&mut self, node: Index) {
        self.up = true;
        self.boots += 1;
        self.hops = Hops::new(key(node), Incarnation(self.boots), self.memory);
        self.message = self.disk.message.map(|epoch| (epoch, Status::Runs));
        for (doubt, epoch) in self.disk.prepared.values() {
            self.hops.restore(HopRecord::Prepared(*doubt));
            self.arrived.insert(doubt.hop, *epoch);
        }
        for (doubt, incarnation) in self.disk.committed.values() {
            self.hops
                .restore(HopRecord::Committed(*doubt, *incarnation));
        }
    }
}

/// What a node finds next in what comes from one other node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Item {
    /// A session has begun.
    Up(u8),
    /// A frame, and the epoch of the message if it is an offer.
    Frame(HopId, HopFrame, u8),
    /// The session has ended.
    Down,
}

/// The link between two nodes; sessions on it are numbered from one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Link {
    pub(crate) up: bool,
    pub(crate) session: u8,
    /// What is under way, by the node it comes from.
    pub(crate) queues: BTreeMap<Index, VecDeque<Item>>,
}

impl Link {
    pub(crate) fn between(a: Index, b: Index) -> Self {
        let queues = BTreeMap::from([(a, VecDeque::new()), (b, VecDeque::new())]);
        Self {
            up: false,
            session: 0,
            queues,
        }
    }

    pub(crate) fn queue(&mut self, from: Index) -> &mut VecDeque<Item> {
        self.queues
            .get_mut(&from)
            .expect("a link has a queue from each of its ends")
    }

    pub(crate) fn connect(&mut self) {
        self.up = true;
        self.session += 1;
        let session = self.session;
        self.queues
            .values_mut()
            .for_each(|queue| queue.push_back(Item::Up(session)));
    }

    /// The session ends; each direction keeps only so many of the frames under way.
    pub(crate) fn cut(&mut self, kept: BTreeMap<Index, usize>) {
        self.up = false;
        for (from, queue) in &mut self.queues {
            let since = queue
                .iter()
                .rposition(|item| !matches!(item, Item::Frame(..)));
            let settled = since.map_or(0, |at| at + 1);
            queue.truncate(settled + kept.get(from).copied().unwrap_or(0));
            queue.push_back(Item::Down);
        }
    }

    /// How many frames of the present session are under way from a node.
    pub(crate) fn under_way(&self, from: Index) -> usize {
        self.queues[&from]
            .iter()
            .rev()
            .take_while(|item| matches!(item, Item::Frame(..)))
            .count()
    }
}
