//! A node: the Tag Space, the messages that stand on it, and their way in and out.
//!
//! This file is the node's front: what a driver calls. Behind it:
//!
//! - `session`: sessions, and what their frames are for;
//! - `turn` and `host`: running messages, and what they ask for meanwhile;
//! - `departure`, `arrival` and `copies`: hops and copies, out and in;
//! - `connection`: client connections whose services are messages;
//! - `launching` and `outside`: what users, drivers and the operator begin;
//! - `input`: all of these as values; `inspect`: what the node shows of itself;
//! - `report`: ends of messages on their way home;
//! - `store`: what a durable node writes down, and how it starts again.

mod arrival;
mod config;
mod connection;
mod copies;
mod departure;
mod host;
mod input;
mod inspect;
mod launching;
mod output;
mod outside;
mod report;
mod resident;
mod session;
mod store;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sm_vm::{Jit, JitStats};

pub use config::{Authors, Boot, Config, NodeLimits, Parking, Policy, Rules, Tracing};
pub use connection::{ArgumentError, Deed, ENDED, Happening, argument};
pub use input::{Input, Reply};
pub use inspect::{Doing, MessageInfo};
pub use output::{End, Kill, Log, Output, Report, Step, Trace, TraceFrame};

use crate::content::{ContentError, ContentId, ContentKind, Library};
use crate::engine::{Engine, Vm};
use crate::hop::{Doubt, Effect, Hops};
use crate::ids::{
    Attachment, HopId, Incarnation, LaunchHash, MessageId, NodeId, SessionId, StoreToken, Time,
};
use crate::tags::TagSpace;
use arrival::Incoming;
use connection::Awaited;
use copies::WaitingCopy;
use departure::{Departed, Outgoing};
use outside::Deferred;
pub use outside::TagChange;
use report::Spoor;
use resident::{Phase, Resident};
use session::{Known, Session};
use store::Stored;
use turn::Turn;

/// One node, without input and output of its own.
///
/// # Calling order
///
/// 1. [`Node::new`] with what the store held.
/// 2. Whatever happens, in the order in which it happens: a `handle_*` call with the time `now`,
///    which never goes back.
/// 3. After each call: [`Node::poll_output`] until there is none, doing what it says in order.
/// 4. While [`Node::is_ready`]: [`Node::run`] with the fuel of one slice, then outputs again.
///    Between two slices events may be handled; they do not enter the turn that is under way.
/// 5. When [`Node::poll_timeout`] has come: [`Node::handle_timeout`]. It is to be asked again
///    after every call.
///
/// What happens is a pure function of the calls: the same calls in the same order give the same
/// outputs. A simulator may therefore run a turn in no time, and a driver in slices.
///
/// # Starting a program
///
/// [`Node::add_content`] for each brick and manifest, then [`Node::handle_launch`] with a signed
/// launch record whose home is this node. Its end comes out as [`Output::Report`].
#[derive(Debug)]
pub struct Node<E: Engine = Vm> {
    config: Config,
    incarnation: Incarnation,
    hash_seed: u64,
    now: Time,
    /// The date, and when it was told, if it was.
    date: Option<(u64, Time)>,
    tags: TagSpace,
    library: Library<E>,
    messages: BTreeMap<MessageId, Box<Resident<E>>>,
    spoors: BTreeMap<LaunchHash, Spoor>,
    /// What all messages were counted with, in bytes.
    memory: u64,
    ready: VecDeque<MessageId>,
    turn: Option<Turn<E>>,
    /// What drivers and the operator did to tags while a turn was under way.
    deferred: VecDeque<Deferred>,
    timers: BTreeSet<(Time, TimerKind)>,
    sessions: BTreeMap<SessionId, Session>,
    /// The session of each peer whose greeting has come.
    peers: BTreeMap<NodeId, SessionId>,
    known: BTreeMap<NodeId, Known>,
    hops: Hops,
    outgoing: BTreeMap<HopId, Box<Outgoing>>,
    /// The messages that left with hops which are not settled.
    departed: BTreeMap<HopId, Departed>,
    incoming: BTreeMap<HopId, Box<Incoming<E>>>,
    /// The messages of these that are this node's own and about to be installed.
    owned: BTreeSet<MessageId>,
    /// The messages that client connections carry.
    attachments: BTreeMap<Attachment, MessageId>,
    /// Services that wait for their code.
    awaited: BTreeMap<Attachment, Awaited>,
    copies: BTreeMap<u64, WaitingCopy>,
    copy_count: u64,
    /// Messages that are to end as soon as they can.
    doomed: BTreeSet<MessageId>,
    /// The messages that the event under way has changed, if they are stored.
    changed: BTreeSet<MessageId>,
    /// What the event under way wants to tell once its changes are stored.
    held: Vec<Output>,
    stores: BTreeMap<StoreToken, Stored>,
    next_token: StoreToken,
    outputs: VecDeque<Output>,
    counters: Counters,
    /// Memory for states that are written: what is in it means nothing.
    buffer: Vec<u8>,
}

/// What is due at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum TimerKind {
    /// A block has lasted long enough.
    Wake(MessageId),
    /// A service has waited for its code long enough.
    Service(Attachment),
    /// Who wanted to move with a connection has waited long enough.
    Asked(MessageId),
    /// A lifetime is over.
    Life(MessageId),
    /// A copy has waited for its code long enough.
    Copy(u64),
}

/// What a slice did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// The fuel that programs used.
    pub fuel: u64,
    /// The message that ran, if one did.
    pub message: Option<MessageId>,
}

/// Numbers of a node, for `--json`, metrics and checkers. All but the first count since boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Messages that stand here now, whether running, waiting or moving.
    pub messages: usize,
    /// Messages of these that client connections carry.
    pub connections: usize,
    /// Exact hops from here that were committed.
    pub hops_out: u64,
    /// Exact hops to here that were installed.
    pub hops_in: u64,
    /// Copies sent, counted once for each neighbor.
    pub copies_out: u64,
    /// Copies taken in.
    pub copies_in: u64,
    /// Bytes of frames sent, broadcasts counted once.
    pub bytes_out: u64,
    /// Of these, bytes of code: bricks and manifests.
    pub code_bytes_out: u64,
    /// Of these, bytes of captured states.
    pub state_bytes_out: u64,
    /// Turns that ended.
    pub turns: u64,
    /// Fuel used by programs.
    pub fuel: u64,
    /// What arrived and was refused.
    pub refused: u64,
}

impl<E: Engine> Node<E> {
    /// A node that has just started.
    ///
    /// Records of the store that cannot be read are logged and left out.
    pub fn new(config: Config, boot: Boot) -> Self {
        let Boot {
            now,
            incarnation,
            hash_seed,
            records,
        } = boot;
        let mut node = Self {
            incarnation,
            hash_seed,
            now,
            date: None,
            tags: TagSpace::new(config.limits.tags, hash_seed),
            library: Library::default(),
            messages: BTreeMap::new(),
            spoors: BTreeMap::new(),
            memory: 0,
            ready: VecDeque::new(),
            turn: None,
            deferred: VecDeque::new(),
            timers: BTreeSet::new(),
            sessions: BTreeMap::new(),
            peers: BTreeMap::new(),
            known: BTreeMap::new(),
            hops: Hops::new(config.node, incarnation, config.memory),
            outgoing: BTreeMap::new(),
            departed: BTreeMap::new(),
            incoming: BTreeMap::new(),
            owned: BTreeSet::new(),
            attachments: BTreeMap::new(),
            awaited: BTreeMap::new(),
            copies: BTreeMap::new(),
            copy_count: 0,
            doomed: BTreeSet::new(),
            changed: BTreeSet::new(),
            held: Vec::new(),
            stores: BTreeMap::new(),
            next_token: StoreToken::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            buffer: Vec::new(),
            config,
        };
        node.recover(records);
        node
    }

    /// The node's key.
    pub fn id(&self) -> NodeId {
        self.config.node
    }

    /// Time has passed to [`Node::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = self.now.max(now);
        self.hops.timeout(self.now);
        self.drain_hops();
        while let Some(&(at, kind)) = self.timers.first() {
            if at > self.now {
                break;
            }
            self.timers.remove(&(at, kind));
            self.fire(kind);
        }
        self.expire_tags();
        self.commit();
    }

    /// Takes a brick or a manifest into the cache.
    ///
    /// # Errors
    /// [`ContentError`] if the bytes are no such thing; nothing changes.
    pub fn add_content(
        &mut self,
        kind: ContentKind,
        bytes: &[u8],
    ) -> Result<ContentId, ContentError> {
        let added = self.library.add(kind, bytes);
        self.commit();
        added
    }

    /// Compiles what runs hot of programs from now on. It makes no difference but in time.
    pub fn compile_with(&mut self, jit: Jit) {
        self.library.compile_with(jit);
    }

    /// What was compiled of the programs that are here.
    pub fn compiled(&self) -> JitStats {
        self.library.compiled()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Node::handle_timeout`] is next due.
    pub fn poll_timeout(&self) -> Option<Time> {
        let timer = self.timers.first().map(|(at, _)| *at);
        // No tag expires within a turn; those whose time comes meanwhile go at its end.
        let expiry = self.tags.next_expiry().filter(|_| self.turn.is_none());
        [timer, expiry, self.hops.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The Tag Space, for showing and checking.
    pub fn tags(&self) -> &TagSpace {
        &self.tags
    }

    /// The messages that stand here and may run, now or when something wakes them: for checkers.
    pub fn runnable(&self) -> Vec<MessageId> {
        let stays = |resident: &Resident<E>| !matches!(resident.phase, Phase::Moving(_));
        self.messages
            .iter()
            .filter(|(_, resident)| stays(resident))
            .map(|(id, _)| *id)
            .collect()
    }

    /// All messages that this node holds, those that are moving out included.
    pub fn messages(&self) -> Vec<MessageId> {
        self.messages.keys().copied().collect()
    }

    /// The hops whose end this node does not know.
    pub fn in_doubt(&self) -> Vec<Doubt> {
        self.hops.in_doubt().map(|(_, doubt)| doubt).collect()
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        Counters {
            messages: self.messages.len(),
            connections: self.attachments.len(),
            ..self.counters
        }
    }

    fn fire(&mut self, kind: TimerKind) {
        match kind {
            TimerKind::Wake(message) => self.go_on(message, sm_vm::Answer::Tag(None)),
            TimerKind::Service(attachment) => self.give_up_service(attachment),
            TimerKind::Asked(message) => self.asked_in_vain(message),
            TimerKind::Copy(number) => self.give_up_copy(number),
            TimerKind::Life(message) => self.outlive(message),
        }
    }

    /// A lifetime is over. In a turn the message ends with it, in a hop when that has ended.
    fn outlive(&mut self, message: MessageId) {
        let runs = self
            .turn
            .as_ref()
            .is_some_and(|turn| turn.message == message);
        let phase = self.messages.get(&message).map(|resident| resident.phase);
        if !runs && !matches!(phase, Some(Phase::Moving(_))) {
            self.end_message(message, End::Killed(Kill::Lifetime));
        }
    }

    /// Does what the hop machine asks for.
    fn drain_hops(&mut self) {
        while let Some(effect) = self.hops.poll() {
            match effect {
                Effect::Send { to, hop, frame } => self.send_step(to, hop, frame),
                Effect::Store(record) => self.store_hop(record),
                Effect::Consider { hop } => self.consider(hop),
                Effect::Verify { hop } => self.verify(hop),
                Effect::Install { hop, .. } => self.install(hop),
                Effect::Discard { hop, reason } => self.discard(hop, reason),
                Effect::Resume {
                    hop,
                    message,
                    error,
                } => self.resume(hop, message, error),
                Effect::Departed { hop, message, to } => self.left(hop, message, to),
                Effect::Closed { hop, message, end } => self.closed(hop, message, end),
            }
        }
    }

    /// A message is no longer here, for whatever reason.
    fn remove(&mut self, message: MessageId) -> Option<Box<Resident<E>>> {
        let resident = self.messages.remove(&message)?;
        if resident.is_timed {
            let life = (resident.expires(), TimerKind::Life(message));
            self.timers.remove(&life);
        }
        if let Phase::Blocked(Some(at)) = resident.phase {
            self.timers.remove(&(at, TimerKind::Wake(message)));
        }
        if let Phase::Asked(at, _) = resident.phase {
            self.timers.remove(&(at, TimerKind::Asked(message)));
        }
        self.tags.unblock(message);
        self.doomed.remove(&message);
        self.uncount_launch(resident.envelope.launch);
        self.memory = self.memory.saturating_sub(resident.counted);
        self.note_change(message);
        Some(resident)
    }

    /// Whether no more messages may come in.
    fn is_full(&self) -> bool {
        let grants = &self.config.limits;
        self.messages.len() >= grants.messages || self.memory >= grants.bytes
    }

    /// A message has changed its size.
    fn recount(&mut self, message: MessageId) {
        if let Some(resident) = self.messages.get_mut(&message) {
            let bytes = resident.bytes();
            self.memory = self
                .memory
                .saturating_sub(resident.counted)
                .saturating_add(bytes);
            resident.counted = bytes;
        }
    }

    /// How many more messages of a launch there may be.
    fn room_for(&self, launch: &LaunchHash) -> usize {
        if self.is_full() {
            return 0;
        }
        let grants = &self.config.limits;
        let live = self.live_of(launch);
        let of_launch = grants.messages_per_launch.saturating_sub(live);
        grants
            .messages
            .saturating_sub(self.messages.len())
            .min(of_launch)
    }

    fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// Keeps an output until what the event under way changed is stored.
    fn hold(&mut self, output: Output) {
        self.held.push(output);
    }

    fn trace(&mut self, message: MessageId, step: impl FnOnce() -> Step) {
        if self.config.tracing == Tracing::On {
            let trace = Trace {
                at: self.now,
                message,
                step: step(),
            };
            self.hold(Output::Trace(trace));
        }
    }
}

#[cfg(test)]
mod tests;
