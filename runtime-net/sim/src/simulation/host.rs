//! One simulated machine: a node, its store, its clock, and what waits for it.

use std::collections::{BTreeMap, VecDeque};

use sm_core::engine::Engine;
use sm_core::hop::Memory as Durability;
use sm_core::ids::{Incarnation, SessionId, Span, StoreToken, Time};
use sm_core::node::{Boot, Config, Node, Output, Parking, Progress, Tracing};
use sm_vm::Jit;

use super::Options;
use super::turns::Input;
use crate::limits;
use crate::network::{Memory, NodeIx};
use crate::random::{Delay, Stream};
use crate::value::NodeTag;
use crate::world::Names;

/// A machine that a node runs on, or ran on until it crashed.
#[derive(Debug)]
pub(super) struct Host<E: Engine> {
    pub(super) node: Option<Node<E>>,
    /// Counts boots and crashes, so that nothing reaches another life than the one it was for.
    pub(super) boot: u32,
    pub(super) store: Store,
    /// Whether a slice runs or is about to: what comes meanwhile waits.
    pub(super) awake: bool,
    pub(super) inbox: VecDeque<Input>,
    /// Whether the node waits for a timer.
    pub(super) armed: bool,
    /// The earliest timer in the queue.
    pub(super) timer: Option<Time>,
    pub(super) tags: Vec<NodeTag>,
    /// Whether tags may have changed since they were last checked.
    pub(super) tags_changed: bool,
    ix: NodeIx,
    /// How far the node's own clock is ahead: no two nodes have the same time.
    ahead: Span,
    incarnation: Incarnation,
    seeds: Stream,
    parking: Parking,
    /// What compiles programs, from its first start on.
    pub(super) jit: Option<Jit>,
}

/// Clocks of nodes differ by up to this much.
const CLOCKS: Span = Span::secs(3600);

impl<E: Engine> Host<E> {
    pub(super) fn new(ix: NodeIx, tags: Vec<NodeTag>, memory: Memory, options: &Options) -> Self {
        let seed = options.seed;
        let mut seeds = seed.stream("hosts", u64::from(ix.0));
        Self {
            node: None,
            boot: 0,
            store: Store::new(memory, seed.stream("store", u64::from(ix.0))),
            awake: false,
            inbox: VecDeque::new(),
            armed: false,
            timer: None,
            tags,
            tags_changed: true,
            ix,
            ahead: seeds.between(Span::ZERO, CLOCKS),
            incarnation: Incarnation(0),
            seeds,
            parking: options.parking,
            jit: None,
        }
    }

    /// The time on the node's own clock.
    pub(super) fn local(&self, now: Time) -> Time {
        now + self.ahead
    }

    /// Starts the node with what its store holds. Answers whether it is its first start or one
    /// without memory, in which its tags are to be put up again.
    pub(super) fn start(&mut self, now: Time, names: &Names) -> Fresh {
        self.incarnation = Incarnation(self.incarnation.0 + 1);
        let mut config = Config::new(names.key_of(self.ix));
        config.memory = match self.store.memory {
            Memory::Kept => Durability::Durable,
            Memory::Lost => Durability::Volatile,
        };
        config.tracing = Tracing::On;
        config.parking = self.parking;
        let fresh = if self.store.disk.is_empty() {
            Fresh::Yes
        } else {
            Fresh::No
        };
        let boot = Boot {
            now: self.local(now),
            incarnation: self.incarnation,
            hash_seed: self.seeds.bits(),
            records: self.store.disk.clone().into_iter().collect(),
        };
        let mut node = Node::new(config, boot);
        if let Some(jit) = &self.jit {
            node.compile_with(jit.clone());
        }
        self.node = Some(node);
        fresh
    }

    /// Puts up the tags of the network file.
    pub(super) fn put_up_tags(&mut self, now: Time, fresh: Fresh) {
        let local = self.local(now);
        let Some(node) = &mut self.node else { return };
        for tag in &self.tags {
            match tag.driver {
                Some(_) => node.handle_io(local, &tag.spec(), &tag.value),
                None if fresh == Fresh::Yes => node.handle_tag(local, &tag.spec(), &tag.value),
                None => {}
            }
        }
        self.tags_changed = true;
    }

    /// The node is gone; its store keeps what it had for good, and perhaps some of what was on
    /// the way.
    /// Answers how many batches that is.
    pub(super) fn crash(&mut self) -> usize {
        self.node = None;
        self.boot += 1;
        self.awake = false;
        self.inbox.clear();
        self.timer = None;
        self.tags_changed = true;
        self.store.crash()
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    pub(super) fn feed(&mut self, now: Time, input: Input, names: &Names) {
        let local = self.local(now);
        let Some(node) = &mut self.node else { return };
        match input {
            Input::Up(session, peer) => {
                node.handle_session_up(local, session, names.key_of(peer));
            }
            Input::Down(session) => node.handle_session_down(local, session),
            Input::Frame(session, bytes) => node.handle_frame(local, session, &bytes),
            Input::Heard(peer, bytes) => node.handle_broadcast(local, names.key_of(peer), &bytes),
            Input::Stored(token) => node.handle_stored(local, token),
            Input::Timeout => {
                if node.poll_timeout().is_some_and(|at| at <= local) {
                    self.tags_changed = true;
                    node.handle_timeout(local);
                }
            }
            Input::Io { tag, value } => {
                self.tags_changed = true;
                node.handle_io(local, &self.tags[tag].spec(), &value);
            }
        }
    }

    pub(super) fn backlog(&mut self, session: SessionId, bytes: usize) {
        if let Some(node) = &mut self.node {
            node.handle_backlog(session, bytes);
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.node.as_ref().is_some_and(Node::is_ready)
    }

    pub(super) fn slice(&mut self, now: Time) -> Progress {
        let local = self.local(now);
        match &mut self.node {
            Some(node) => node.run(local, limits::SLICE_FUEL),
            None => Progress::default(),
        }
    }

    pub(super) fn output(&mut self) -> Option<Output> {
        self.node.as_mut()?.poll_output()
    }

    /// When the node's own timer is due, in the time of the run.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        let local = self.node.as_ref()?.poll_timeout()?;
        Some(Time(local.0.saturating_sub(self.ahead.0)))
    }
}

/// Whether a node remembers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    Yes,
    No,
}

type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// The stable storage of a node. A write takes some time and makes all batches durable together
/// that waited when it began.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) memory: Memory,
    disk: BTreeMap<Vec<u8>, Vec<u8>>,
    pending: VecDeque<(StoreToken, Batch)>,
    /// How many of the pending batches the write under way is about.
    writing: usize,
    draws: Stream,
}

/// How long a write takes.
const WRITE: Delay = Delay {
    min: limits::STORE_MIN,
    max: limits::STORE_MAX,
};

impl Store {
    fn new(memory: Memory, draws: Stream) -> Self {
        Self {
            memory,
            disk: BTreeMap::new(),
            pending: VecDeque::new(),
            writing: 0,
            draws,
        }
    }

    /// Takes a batch.
    pub(super) fn put(&mut self, token: StoreToken, batch: Batch) {
        self.pending.push_back((token, batch));
    }

    /// Begins a write where batches wait and none is under way; how long it will take.
    pub(super) fn begin(&mut self) -> Option<Span> {
        if self.writing > 0 || self.pending.is_empty() {
            return None;
        }
        self.writing = self.pending.len();
        Some(WRITE.draw(&mut self.draws))
    }

    /// The write is done: what is durable now, oldest first.
    pub(super) fn complete(&mut self) -> Vec<StoreToken> {
        let count = std::mem::take(&mut self.writing);
        self.apply(count)
    }

    /// A crash: of what was on the way, the first few batches have made it.
    fn crash(&mut self) -> usize {
        let made_it = self.draws.index(self.pending.len() + 1);
        self.apply(made_it);
        self.pending.clear();
        self.writing = 0;
        made_it
    }

    fn apply(&mut self, count: usize) -> Vec<StoreToken> {
        let done: Vec<_> = self.pending.drain(..count).collect();
        let mut tokens = Vec::new();
        for (token, batch) in done {
            tokens.push(token);
            for (key, value) in batch {
                match value {
                    Some(value) => self.disk.insert(key, value),
                    None => self.disk.remove(&key),
                };
            }
        }
        tokens
    }
}
