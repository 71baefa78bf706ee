//! A run: real nodes on simulated links, in virtual time.
//!
//! ```text
//! queue -> due entry -> link or node -> outputs -> queue
//! ```
//!
//! One entry is taken after the other, in order of time and then of arrival. A node handles an
//! input at once unless it is running a slice of a program, which takes virtual time by its fuel:
//! then the input waits until the slice is over. What a slice puts out leaves at its end.

mod faults;
mod host;
mod options;
mod outputs;

use std::collections::{BTreeMap, VecDeque};

use sm_core::engine::{Engine, Vm};
use sm_core::ids::{LaunchHash, MessageId, SessionId, Span, StoreToken, Time};
use sm_core::node::Node;

use crate::check::{Checkers, Facts, Violation};
use crate::launch::Start;
use crate::limits;
use crate::link::{Bytes, Effects, Later, LinkIx, Links, Side, Signal};
use crate::network::{Faults, Layout, Network, NodeIx, Partition};
use crate::random::Stream;
use crate::stats::Totals;
use crate::trace::{Event, Record, TraceHash, TraceHasher};
use crate::value::NodeTag;
use crate::wheel::Wheel;
use crate::world::Names;
use host::Host;
pub use options::{BadTag, Begin, Checks, LaunchStatus, Options, StartError, Stop};

/// A run.
#[derive(Debug)]
pub struct Simulation<E: Engine = Vm> {
    options: Options,
    names: Names,
    layout: Layout,
    faults: Faults,
    partitions: Vec<Partition>,
    /// Which partitions hold at the moment.
    partitioned: Vec<bool>,
    queue: Wheel<Due>,
    /// How many entries of the queue are neither faults to come nor timers of nodes.
    foreground: usize,
    /// How many nodes wait for a timer of theirs.
    armed: usize,
    /// How many entries of the queue are faults.
    faults_to_come: usize,
    now: Time,
    /// When the network was ready, from which the deadline counts.
    began: Time,
    links: Links,
    hosts: Vec<Host<E>>,
    crashes: Vec<Stream>,
    healed: bool,
    launches: BTreeMap<LaunchHash, LaunchStatus>,
    trace: TraceHasher,
    totals: Totals,
    records: VecDeque<Record>,
    checkers: Option<Checkers>,
    violation: Option<Violation>,
}

/// Something that is to happen.
#[derive(Debug)]
enum Due {
    Link(LinkIx, Later),
    Node {
        node: NodeIx,
        boot: u32,
        due: NodeDue,
    },
    Crash(NodeIx),
    Restart(NodeIx),
    PartitionBegins(usize),
    PartitionEnds(usize),
    Heal,
}

/// Something that is to happen to a node, unless it has crashed by then.
#[derive(Debug)]
enum NodeDue {
    /// The slice that it runs is over, or it begins to run.
    Wake,
    /// Its own timer.
    Timer,
    /// Its store has the next batch.
    Stored,
    /// A driver has a value for a tag.
    Io {
        tag: usize,
        value: Vec<u8>,
        next: usize,
    },
}

/// Something that reaches a node.
#[derive(Debug)]
enum Input {
    Up(SessionId, NodeIx),
    Down(SessionId),
    Frame(SessionId, Bytes),
    Heard(NodeIx, Bytes),
    Stored(StoreToken),
    Timeout,
    Io { tag: usize, value: Vec<u8> },
}

impl Simulation {
    /// The network of this seed, running bricks in the virtual machine.
    ///
    /// # Errors
    /// [`BadTag`] for a tag whose value cannot be encoded.
    pub fn new(network: &Network, options: Options) -> Result<Self, BadTag> {
        Self::with_engine(network, options)
    }
}

impl<E: Engine> Simulation<E> {
    /// The network of this seed, running programs in any engine.
    ///
    /// # Errors
    /// [`BadTag`] for a tag whose value cannot be encoded.
    pub fn with_engine(network: &Network, options: Options) -> Result<Self, BadTag> {
        let seed = options.seed;
        let layout = network.layout(seed);
        let count = layout.nodes.len();
        let links = Links::new(count, &layout.links, seed);
        let names = Names::new(&network.name, &layout);
        let hosts = (0..count as u32).map(|node| host(&layout, NodeIx(node), network, &options));
        let mut simulation = Self {
            options,
            faults: network.faults,
            partitions: network.partitions.clone(),
            partitioned: vec![false; network.partitions.len()],
            queue: Wheel::default(),
            foreground: 0,
            armed: 0,
            faults_to_come: 0,
            now: Time::ZERO,
            began: Time::ZERO,
            links,
            hosts: hosts.collect::<Result<_, _>>()?,
            crashes: (0..count as u64)
                .map(|node| seed.stream("crashes", node))
                .collect(),
            healed: false,
            launches: BTreeMap::new(),
            trace: TraceHasher::default(),
            totals: Totals::default(),
            records: VecDeque::new(),
            checkers: (options.checks == Checks::On).then(Checkers::default),
            violation: None,
            names,
            layout,
        };
        simulation.begin();
        if options.begin == Begin::Connected {
            simulation.warm_up();
        }
        simulation.begin_faults();
        Ok(simulation)
    }

    /// Starts a program at a node.
    ///
    /// # Errors
    /// [`StartError`] if the node is down or does not take it.
    pub fn launch(&mut self, node: NodeIx, start: &Start) -> Result<LaunchHash, StartError> {
        let before = self.totals;
        let (began, local) = (self.now, self.local(node));
        let key = self.names.key_of(node);
        let number = self.launches.len() as u64;
        let host = self.hosts.get_mut(node.at()).ok_or(StartError::Down)?;
        let machine = host.node.as_mut().ok_or(StartError::Down)?;
        for (kind, bytes) in &start.package.content {
            machine
                .add_content(*kind, bytes)
                .map_err(StartError::Code)?;
        }
        let signed = start.sign(key, self.options.seed, number)?;
        let message = machine.handle_launch(local, &signed.bytes)?;
        let status = LaunchStatus {
            node,
            message,
            began,
            ended: None,
            reports: Vec::new(),
            before,
            after: None,
        };
        self.launches.insert(signed.hash, status);
        self.note(Event::Launched {
            node,
            launch: signed.hash,
            message,
        });
        self.settle(node);
        Ok(signed.hash)
    }

    /// Lets the next thing happen; `false` if the run is over.
    pub fn step(&mut self) -> bool {
        if self.violation.is_some() || self.is_quiet() {
            return false;
        }
        let deadline = self.began + self.options.deadline;
        let Some((at, due)) = self.queue.pop(deadline.0) else {
            self.now = deadline;
            return false;
        };
        self.now = self.now.max(Time(at));
        match due.ground() {
            Ground::Foreground => self.foreground -= 1,
            Ground::Fault => self.faults_to_come -= 1,
            Ground::Timer => {}
        }
        self.happen(due);
        true
    }

    /// Lets the next thing happen, if that is due within this span; `false` if nothing is.
    pub fn step_within(&mut self, span: Span) -> bool {
        let until = (self.now + span).since(self.began);
        let saved = std::mem::replace(&mut self.options.deadline, until);
        let now = self.now;
        let stepped = self.step();
        self.options.deadline = saved;
        if !stepped {
            self.now = now;
        }
        stepped
    }

    /// Ends a message as an operator does. `false` while it is nowhere: on its way, in the middle
    /// of a turn, or gone.
    pub fn kill(&mut self, message: MessageId) -> bool {
        for ix in 0..self.hosts.len() {
            let host = &mut self.hosts[ix];
            let local = host.local(self.now);
            let Some(node) = &mut host.node else { continue };
            if node.handle_kill(local, message) && !node.messages().contains(&message) {
                self.settle(NodeIx(ix as u32));
                return true;
            }
        }
        false
    }

    /// Goes on until a launch has ended or the run is over.
    pub fn run(&mut self, launch: LaunchHash) -> Stop {
        while !self.has_ended(launch) {
            if !self.step() {
                return self.why_over();
            }
        }
        Stop::Done
    }

    /// Goes on for so much virtual time, or until an invariant does not hold.
    pub fn run_for(&mut self, span: Span) -> Stop {
        let until = self.now + span;
        let saved = std::mem::replace(&mut self.options.deadline, until.since(self.began));
        while self.step() {}
        self.options.deadline = saved;
        if self.violation.is_none() {
            self.now = until;
        }
        self.why_over()
    }

    /// Ends all faults, goes on for a minute and then until nothing is under way, and checks that
    /// all has come together. Answers [`Stop::Quiet`] if so, and [`Stop::Deadline`] for a network
    /// that is always busy.
    pub fn converge(&mut self) -> Stop {
        self.heal();
        let until = (self.now + limits::CONVERGE).since(self.began);
        let saved = std::mem::replace(&mut self.options.deadline, until);
        while self.step() {}
        self.options.deadline = until + limits::CONVERGE;
        while self.foreground > 0 && self.step() {}
        self.options.deadline = saved;
        if self.violation.is_none() && self.foreground == 0 {
            let facts: Vec<Facts> = (0..self.hosts.len()).map(|n| self.facts(n, true)).collect();
            let checked = self
                .checkers
                .as_mut()
                .map_or(Ok(()), |checkers| checkers.end(&facts));
            self.violation = checked.err().map(|found| found.at(self.now));
        }
        match (&self.violation, self.foreground) {
            (Some(_), _) => Stop::Violation,
            (None, 0) => Stop::Quiet,
            (None, _) => Stop::Deadline,
        }
    }

    /// What happened since the last call, as far as [`Options::detail`] asks for it.
    pub fn take_records(&mut self) -> impl Iterator<Item = Record> {
        std::mem::take(&mut self.records).into_iter()
    }

    /// The virtual time since the start.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The names of nodes and tags.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Nodes and links as this seed has them.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A node as it is now, unless it is down.
    pub fn node(&self, node: NodeIx) -> Option<&Node<E>> {
        self.hosts.get(node.at())?.node.as_ref()
    }

    /// The time on a node's own clock.
    pub fn local(&self, node: NodeIx) -> Time {
        self.hosts
            .get(node.at())
            .map_or(self.now, |host| host.local(self.now))
    }

    /// What became of a launch so far.
    pub fn status(&self, launch: LaunchHash) -> Option<&LaunchStatus> {
        self.launches.get(&launch)
    }

    /// What was done from the beginning of a launch to its end, or until now.
    pub fn cost(&self, launch: LaunchHash) -> Option<Totals> {
        let status = self.launches.get(&launch)?;
        Some(status.after.unwrap_or(self.totals) - status.before)
    }

    /// What was done since the start.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The hash of everything that happened so far.
    pub fn trace_hash(&self) -> TraceHash {
        self.trace.hash()
    }

    /// The invariant that does not hold.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    fn has_ended(&self, launch: LaunchHash) -> bool {
        self.launches
            .get(&launch)
            .is_none_or(|status| status.ended.is_some())
    }

    fn is_quiet(&self) -> bool {
        self.foreground == 0 && self.armed == 0 && (self.healed || self.faults_to_come == 0)
    }

    fn why_over(&self) -> Stop {
        if self.violation.is_some() {
            Stop::Violation
        } else if self.is_quiet() {
            Stop::Quiet
        } else {
            Stop::Deadline
        }
    }

    fn begin(&mut self) {
        let mut effects = Effects::default();
        for link in 0..self.layout.links.len() {
            self.links
                .connect(self.now, LinkIx(link as u32), &mut effects);
        }
        self.perform(effects);
        for node in 0..self.hosts.len() {
            self.boot(NodeIx(node as u32));
        }
    }

    /// Lets the links connect and the nodes greet each other: three times the longest delay.
    fn warm_up(&mut self) {
        let longest = self
            .layout
            .links
            .iter()
            .map(|link| link.model.delay.max)
            .max();
        let span = Span(longest.unwrap_or(Span::ZERO).0.saturating_mul(3));
        self.run_for(span.min(limits::WARM_UP));
        self.began = self.now;
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Link(link, later) => {
                let mut effects = Effects::default();
                self.links.happen(self.now, link, later, &mut effects);
                self.perform(effects);
            }
            Due::Node { node, boot, due } => {
                if self.hosts[node.at()].boot == boot {
                    self.node_due(node, due);
                }
            }
            Due::Crash(node) => self.crash_by_chance(node),
            Due::Restart(node) => self.restart(node),
            Due::PartitionBegins(partition) => self.partition_begins(partition),
            Due::PartitionEnds(partition) => self.partition_ends(partition),
            Due::Heal => self.heal(),
        }
    }

    fn node_due(&mut self, node: NodeIx, due: NodeDue) {
        match due {
            NodeDue::Wake => self.wake(node),
            NodeDue::Timer => {
                let host = &mut self.hosts[node.at()];
                if host.timer.take_if(|timer| *timer <= self.now).is_some() {
                    self.input(node, Input::Timeout);
                }
            }
            NodeDue::Stored => self.stored(node),
            NodeDue::Io { tag, value, next } => {
                self.input(node, Input::Io { tag, value });
                self.schedule_io(node, tag, next);
            }
        }
    }

    /// Gives a node something to handle, at once or at the end of the slice that it runs.
    fn input(&mut self, node: NodeIx, input: Input) {
        let host = &mut self.hosts[node.at()];
        if host.awake {
            host.inbox.push_back(input);
        } else {
            host.feed(self.now, input, &self.names);
            self.settle(node);
        }
    }

    /// After a node has handled something: does what it wants done, and wakes it if it can run.
    fn settle(&mut self, node: NodeIx) {
        self.drain(node);
        let host = &mut self.hosts[node.at()];
        if !host.awake && host.is_ready() {
            host.awake = true;
            self.push_node(self.now, node, NodeDue::Wake);
        }
        self.arm(node);
        self.check(node);
    }

    /// The slice is over: does what it put out, hands in what has come meanwhile, runs the next.
    fn wake(&mut self, node: NodeIx) {
        self.drain(node);
        while let Some(input) = self.hosts[node.at()].inbox.pop_front() {
            self.hosts[node.at()].feed(self.now, input, &self.names);
            self.drain(node);
        }
        let host = &mut self.hosts[node.at()];
        host.awake = host.is_ready();
        if host.awake {
            let progress = host.slice(self.now);
            let took = Span(progress.fuel.saturating_mul(limits::FUEL_TIME.0).max(1));
            if let Some(message) = progress.message {
                self.note(Event::Ran {
                    node,
                    message,
                    fuel: progress.fuel,
                });
            }
            self.push_node(self.now + took, node, NodeDue::Wake);
        }
        self.arm(node);
        self.check(node);
    }

    /// Sets the node's timer where the one that is set is too late.
    fn arm(&mut self, node: NodeIx) {
        let host = &mut self.hosts[node.at()];
        let timeout = host.next_timeout();
        let was_armed = std::mem::replace(&mut host.armed, timeout.is_some());
        self.armed = self.armed + usize::from(host.armed) - usize::from(was_armed);
        let Some(at) = timeout.map(|at| at.max(self.now)) else {
            return;
        };
        if host.timer.is_none_or(|timer| at < timer) {
            host.timer = Some(at);
            self.push_node(at, node, NodeDue::Timer);
        }
    }

    fn push_node(&mut self, at: Time, node: NodeIx, due: NodeDue) {
        let boot = self.hosts[node.at()].boot;
        self.push(at, Due::Node { node, boot, due });
    }

    fn push(&mut self, at: Time, due: Due) {
        match due.ground() {
            Ground::Foreground => self.foreground += 1,
            Ground::Fault => self.faults_to_come += 1,
            Ground::Timer => {}
        }
        self.queue.push(at.0, due);
    }

    /// Queues what links will do, and tells nodes what they are to know now.
    fn perform(&mut self, effects: Effects) {
        for (at, link, later) in effects.later {
            self.push(at, Due::Link(link, later));
        }
        for (link, side, signal) in effects.signals {
            self.signal(link, side, signal);
        }
    }

    fn signal(&mut self, link: LinkIx, side: Side, signal: Signal) {
        let (node, peer) = (
            self.links.node(link, side),
            self.links.node(link, side.other()),
        );
        match signal {
            Signal::Up(session) => {
                self.note(Event::SessionUp {
                    node,
                    peer,
                    session,
                });
                self.input(node, Input::Up(session, peer));
            }
            Signal::Down(session) => {
                self.note(Event::SessionDown {
                    node,
                    peer,
                    session,
                });
                self.input(node, Input::Down(session));
            }
            Signal::Frame(session, frame) => {
                let bytes = frame.clone();
                self.note(Event::Arrived {
                    from: peer,
                    to: node,
                    session: Some(session),
                    frame,
                });
                self.input(node, Input::Frame(session, bytes));
            }
            Signal::Heard(frame) => {
                let heard = frame.clone();
                self.note(Event::Arrived {
                    from: peer,
                    to: node,
                    session: None,
                    frame,
                });
                self.input(node, Input::Heard(peer, heard));
            }
            Signal::Lost(bytes) => self.note(Event::Lost {
                from: peer,
                to: node,
                bytes,
            }),
            // Changes no message and puts nothing out, so it needs no turn of its own.
            Signal::Backlog(session, bytes) => self.hosts[node.at()].backlog(session, bytes),
        }
    }

    /// Something has happened: it goes into the hash, the totals, the records and the checks.
    fn note(&mut self, event: Event) {
        let record = Record {
            at: self.now,
            event,
        };
        self.trace.add(&record);
        self.totals.count(&record.event);
        if let Some(checkers) = self.checkers.as_mut().filter(|_| self.violation.is_none()) {
            self.violation = checkers
                .event(&record)
                .err()
                .map(|found| found.at(self.now));
        }
        if record.event.detail() <= self.options.detail {
            self.records.push_back(record);
        }
    }

    fn check(&mut self, node: NodeIx) {
        if self.checkers.is_none() || self.violation.is_some() {
            return;
        }
        let changed = std::mem::take(&mut self.hosts[node.at()].tags_changed);
        let facts = self.facts(node.at(), changed);
        if let Some(checkers) = &mut self.checkers {
            self.violation = checkers.facts(&facts).err().map(|found| found.at(self.now));
        }
    }

    fn facts(&self, node: usize, tags: bool) -> Facts {
        let host = &self.hosts[node];
        Facts::of(
            NodeIx(node as u32),
            host.node.as_ref(),
            host.local(self.now),
            tags,
        )
    }
}

/// Whether a run has to wait for an entry of the queue.
enum Ground {
    /// It does.
    Foreground,
    /// Only where faults are part of the run.
    Fault,
    /// Only if the node still waits for it: entries of timers that were put off stay in the queue.
    Timer,
}

impl Due {
    fn ground(&self) -> Ground {
        match self {
            Due::Crash(_) | Due::PartitionBegins(_) | Due::Heal => Ground::Fault,
            Due::Link(_, Later::Break(_)) => Ground::Fault,
            Due::Node {
                due: NodeDue::Timer,
                ..
            } => Ground::Timer,
            Due::Link(..) | Due::Node { .. } | Due::Restart(_) | Due::PartitionEnds(_) => {
                Ground::Foreground
            }
        }
    }
}

fn host<E: Engine>(
    layout: &Layout,
    node: NodeIx,
    network: &Network,
    options: &Options,
) -> Result<Host<E>, BadTag> {
    let spec = &layout.nodes[node.at()];
    let tag = |def: &crate::network::TagDef| {
        NodeTag::new(def).map_err(|error| BadTag {
            node: spec.name.clone(),
            tag: def.name.clone(),
            reason: error.to_string(),
        })
    };
    let tags: Result<Vec<NodeTag>, BadTag> = spec.tags.iter().map(tag).collect();
    Ok(Host::new(node, tags?, network.faults.memory, options))
}

#[cfg(test)]
mod tests;
