//! Where the messages of a session live: one node, or the nodes of a simulated network.
//!
//! Time is virtual. It stands still while a person types, goes on while an input runs, jumps where
//! all wait, and goes on for a moment after an input, so that what was spawned gets somewhere.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use sm_bytecode::{ManifestHash, TypeIx, TypeTable};
use sm_compiler::diagnostic::Diagnostic;
use sm_core::ids::{LaunchHash, MessageId, NodeId, Span};
use sm_core::node::{End, Kill, Step};
use sm_core::tags::Tag;
use sm_net::control::protocol::TagName;
use sm_sim::{
    Detail, Event, Network, NodeIx, Options, Package, Record, Simulation, Start, StartError, Totals,
};

use sm_vm::Value;

use super::session::Texts;
use crate::conclusion::Conclusion;
use crate::exit::Failure;
use crate::program::Program;
use crate::remote::tags::{self, TagNames};

/// How long messages live: long enough to be there when somebody comes back to them.
const LIFETIME: Span = Span::secs(7 * 24 * 3600);

/// If nothing is due before, nothing will happen any more that an input could wait for.
const FAR: Span = Span::secs(24 * 3600);

/// How much time goes by after an input.
pub(crate) const MOMENT: Span = Span::secs(1);

/// Time between two looks at Ctrl-C while a moment goes by.
const GLANCE: Span = Span::millis(5);

/// Steps in which a message that is to end gets out of its turn or hop.
const LAST_STEPS: usize = 10_000;

/// The nodes, and what was launched at one of them.
#[derive(Debug)]
pub(crate) struct World {
    simulation: Simulation,
    at: NodeIx,
    /// Programs by launch: what dies later is explained with its own source.
    launched: BTreeMap<LaunchHash, Rc<Program>>,
}

/// What becomes known while messages run.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A program printed a line.
    Printed(String),
    /// A message died that nobody waits for.
    Died(Rc<Program>, Conclusion),
}

/// Takes what happens, and asks whether Ctrl-C was pressed.
pub(crate) trait Watcher {
    fn happened(&mut self, what: Happening) -> Result<(), Failure>;
    /// Hears what the compiler says about an input that is going to run.
    fn warned(&mut self, texts: &Texts, warnings: &[Diagnostic]) -> Result<(), Failure>;
    fn interrupted(&mut self) -> bool;
}

/// How the message of an input ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With its result in canonical encoding.
    Done(Vec<u8>),
    Badly(Conclusion),
}

/// A tag as people read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShownTag {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) value: String,
}

/// A node as people read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShownNode {
    pub(crate) name: String,
    pub(crate) is_here: bool,
    pub(crate) neighbors: Vec<String>,
    pub(crate) messages: usize,
    pub(crate) tags: usize,
}

impl World {
    pub(crate) fn new(network: &Network, at: NodeIx, seed: u64) -> Result<Self, Failure> {
        let mut options = Options::new(seed);
        options.detail = Detail::Steps;
        options.deadline = Span(u64::MAX / 4);
        let simulation = Simulation::new(network, options)
            .map_err(|error| Failure::failed(error.to_string()))?;
        Ok(Self {
            simulation,
            at,
            launched: BTreeMap::new(),
        })
    }

    /// Runs a program to the end of its entry function.
    pub(crate) fn run(
        &mut self,
        program: &Rc<Program>,
        arguments: Vec<u8>,
        watcher: &mut dyn Watcher,
    ) -> Result<(Ended, Totals), RunError> {
        let mut start = Start {
            arguments,
            ..Start::new(package(program))
        };
        start.limits.lifetime = LIFETIME;
        let launch = self.simulation.launch(self.at, &start)?;
        self.launched.insert(launch, program.clone());
        let ended = self.drive(launch, program, watcher)?;
        let cost = self.simulation.cost(launch).unwrap_or_default();
        Ok((ended, cost))
    }

    fn drive(
        &mut self,
        launch: LaunchHash,
        program: &Program,
        watcher: &mut dyn Watcher,
    ) -> Result<Ended, Failure> {
        let status = self.simulation.status(launch);
        let first = status.map(|status| status.message).expect("just launched");
        let mut waits_for = None;
        let limit = self.simulation.now() + FAR;
        loop {
            self.tell(watcher, Some((first, &mut waits_for)))?;
            let status = self.simulation.status(launch).expect("just launched");
            if let Some(report) = status.result() {
                return Ok(match &report.end {
                    End::Done { value, .. } => Ended::Done(value.clone()),
                    End::Killed(Kill::Lifetime) => Ended::Badly(Conclusion::Stuck { waits_for }),
                    end => Ended::Badly(Conclusion::of(program, end)?),
                });
            }
            let conclusion = if watcher.interrupted() {
                Conclusion::Interrupted
            } else if self.simulation.now() >= limit {
                Conclusion::Timeout { doing: None }
            } else if self.simulation.step_within(FAR) {
                continue;
            } else {
                Conclusion::Stuck { waits_for }
            };
            self.end(first, watcher)?;
            return Ok(Ended::Badly(conclusion));
        }
    }

    /// Ends a message as soon as it can be.
    fn end(&mut self, message: MessageId, watcher: &mut dyn Watcher) -> Result<(), Failure> {
        for _ in 0..LAST_STEPS {
            if self.simulation.kill(message) || !self.simulation.step_within(FAR) {
                break;
            }
            self.tell(watcher, None)?;
        }
        Ok(())
    }

    /// Lets time go by.
    pub(crate) fn pass(&mut self, span: Span, watcher: &mut dyn Watcher) -> Result<(), Failure> {
        let until = self.simulation.now() + span;
        while self.simulation.now() < until && !watcher.interrupted() {
            let rest = until.since(self.simulation.now());
            self.simulation
                .run_for(rest.min(GLANCE.max(Span(span.0 / 1000))));
            self.tell(watcher, None)?;
        }
        Ok(())
    }

    /// Hands on what has happened. The first message of the input is not news, but the tag it waits
    /// for is noted.
    fn tell(
        &mut self,
        watcher: &mut dyn Watcher,
        mut first: Option<(MessageId, &mut Option<String>)>,
    ) -> Result<(), Failure> {
        let records: Vec<Record> = self.simulation.take_records().collect();
        for Record { event, .. } in records {
            match event {
                Event::Print { text, .. } => watcher.happened(Happening::Printed(text))?,
                Event::Report { report, .. } => {
                    let is_first = report.message == MessageId::first(&report.launch);
                    let program = self.launched.get(&report.launch);
                    if let (false, Some(program)) = (is_first, program)
                        && !matches!(report.end, End::Done { .. })
                    {
                        let conclusion = Conclusion::of(program, &report.end)?;
                        watcher.happened(Happening::Died(program.clone(), conclusion))?;
                    }
                }
                Event::Step { trace, .. } => {
                    if let Some((message, waits_for)) = &mut first
                        && trace.message == *message
                    {
                        match trace.step {
                            Step::Blocked { display, .. } => **waits_for = Some(display),
                            Step::Woken => **waits_for = None,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The value with the names of nodes where their keys are: what people can read.
    pub(crate) fn named(&self, value: Value) -> Value {
        let names = self.simulation.names();
        value.named(&|key| Some(names.node(names.find(NodeId(*key))?).to_owned()))
    }

    /// The node of this name.
    pub(crate) fn node(&self, name: &str) -> Option<NodeIx> {
        self.nodes()
            .find(|node| self.simulation.names().node(*node) == name)
    }

    pub(crate) fn node_name(&self, node: NodeIx) -> &str {
        self.simulation.names().node(node)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeIx> + use<> {
        let count = u32::try_from(self.simulation.layout().nodes.len()).unwrap_or(u32::MAX);
        (0..count).map(NodeIx)
    }

    /// The tags of a node; none while it is down.
    pub(crate) fn tags(&self, node: NodeIx) -> Vec<ShownTag> {
        let local = self.simulation.local(node);
        let Some(state) = self.simulation.node(node) else {
            return Vec::new();
        };
        let mut names = TagNames::default();
        let programs = self.launched.values().map(|program| program.bundle());
        let modules = programs.flat_map(|bundle| &bundle.modules);
        let mut modules: Vec<ManifestHash> = modules.map(|module| module.hash()).collect();
        modules.sort_unstable();
        modules.dedup();
        let tags = state.tags().iter(local);
        let mut shown: Vec<ShownTag> = tags
            .map(|(name, tag)| {
                let shown = self.member(&mut names, name, tag, &modules);
                self.shown_tag(shown, &tag.descriptor, &tag.value)
            })
            .collect();
        shown.sort_by(|a, b| a.name.cmp(&b.name));
        shown
    }

    /// The name of a tag with the keys that it has in its family.
    fn member(
        &self,
        names: &mut TagNames,
        name: &sm_core::tags::TagName,
        tag: &Tag,
        modules: &[ManifestHash],
    ) -> String {
        if name.key.is_empty() {
            return tag.display.to_string();
        }
        let name = TagName {
            base: name.base,
            key: name.key.to_vec(),
        };
        match names.keys(&name, &tag.display, &tag.descriptor, modules) {
            Some(keys) => {
                let keys: Vec<Value> = keys.into_iter().map(|key| self.named(key)).collect();
                tags::member(&tag.display, &keys)
            }
            None => tags::unnamed(&tag.display, &name),
        }
    }

    fn shown_tag(&self, name: String, descriptor: &[u8], value: &[u8]) -> ShownTag {
        let types = TypeTable::from_descriptor(descriptor).ok();
        let value = types.as_ref().and_then(|types| {
            let value = sm_vm::value::decode(value, types, TypeIx(0)).ok()?;
            Some(self.named(value).to_string())
        });
        ShownTag {
            name,
            ty: types.map_or_else(|| "?".to_owned(), |types| types.show(TypeIx(0)).to_string()),
            value: value.unwrap_or_else(|| "?".to_owned()),
        }
    }

    pub(crate) fn shown_nodes(&self) -> Vec<ShownNode> {
        let names = self.simulation.names();
        let shown = |node: NodeIx| {
            let state = self.simulation.node(node);
            let neighbors = state.map(|state| state.neighbors()).unwrap_or_default();
            let mut neighbors: Vec<NodeIx> = neighbors
                .iter()
                .filter_map(|key| names.find(*key))
                .collect();
            neighbors.sort_unstable();
            ShownNode {
                name: names.node(node).to_owned(),
                is_here: node == self.at,
                neighbors: neighbors
                    .iter()
                    .map(|node| names.node(*node).to_owned())
                    .collect(),
                messages: state.map_or(0, |state| state.messages().len()),
                tags: self.tags(node).len(),
            }
        };
        self.nodes().map(shown).collect()
    }
}

fn package(program: &Program) -> Arc<Package> {
    let entry = program.entry();
    Arc::new(Package {
        content: program.content(),
        program: program.bundle().hash().0,
        brick: entry.brick.0,
        function: entry.function,
    })
}

/// Why an input was not run to an end.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The node does not take it.
    Refused(StartError),
    /// The session cannot go on.
    Failure(Failure),
}

impl From<StartError> for RunError {
    fn from(error: StartError) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}
