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
mod hands;
mod host;
mod options;
mod outputs;
mod queue;
mod turns;
mod watch;

use std::collections::{BTreeMap, VecDeque};

use sm_core::engine::{Engine, Vm};
use sm_core::ids::{LaunchHash, MessageId, Span, Time};
use sm_core::node::Node;
use sm_vm::{Jit, JitStats};

use crate::check::{Checkers, Facts, Violation};
use crate::launch::Start;
use crate::limits;
use crate::link::{Effects, LinkIx, Links};
use crate::network::{Faults, Layout, Network, NodeIx, Partition};
use crate::random::Stream;
use crate::stats::Totals;
use crate::trace::{Event, Record, TraceHash, TraceHasher};
use crate::value::NodeTag;
use crate::wheel::Wheel;
use crate::world::Names;
use host::Host;
pub use options::{BadTag, Begin, Checks, LaunchStatus, Options, Stands, StartError, Stop};
use queue::Due;

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
    /// Compiles what runs hot, at every node, from now on. It makes no difference but in time.
    pub fn compile_with(&mut self, jit: &Jit) {
        for host in &mut self.hosts {
            host.jit = Some(jit.clone());
            if let Some(node) = &mut host.node {
                node.compile_with(jit.clone());
            }
        }
    }

    /// What was compiled at all nodes that are up.
    pub fn compiled(&self) -> JitStats {
        let mut all = JitStats::default();
        let nodes = self.hosts.iter().filter_map(|host| host.node.as_ref());
        nodes.for_each(|node| all.add(&node.compiled()));
        all
    }

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
        simulation.begin_windows();
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
            stands: Stands::Acts,
            seen: node,
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
        let Some(due) = self.pop(deadline) else {
            self.now = deadline;
            return false;
        };
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
        for (index, link) in (0..).zip(&self.layout.links) {
            if link.begins_up() {
                self.links.connect(self.now, LinkIx(index), &mut effects);
            } else {
                self.links.block(self.now, LinkIx(index), &mut effects);
            }
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
