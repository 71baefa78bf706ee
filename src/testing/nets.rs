//! The simulated networks of a test, and the answers to what it asks about them.

mod shape;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sm_bytecode::{EntryRef, TrapKind};
use sm_core::ids::{LaunchHash, Span};
use sm_core::node::{End, Report};
use sm_sim::{Event, NodeIx, Options, Package, Record, Simulation, Start, Totals};
use sm_vm::Jit;

use super::answer::{Answer, RunError};
use super::case::Case;
use super::question::Question;
use crate::conclusion::trap_sentence;

/// All networks of one test.
#[derive(Debug)]
pub(super) struct Nets {
    /// What is added to the seed of each network.
    pub(super) variation: u64,
    folder: Arc<Path>,
    code: Arc<Package>,
    jit: Option<Jit>,
    nets: Vec<Net>,
    /// The network and the launch of each run.
    runs: Vec<(usize, LaunchHash)>,
    /// Where the next message begins that is spawned.
    aim: Option<(usize, NodeIx)>,
    /// The run that was begun last, or why it was not.
    launched: Result<usize, String>,
    /// Lines that were printed in a network since they were last taken.
    pub(super) lines: Vec<String>,
    /// Fuel that messages in the networks may still use.
    pub(super) fuel_left: u64,
}

#[derive(Debug)]
struct Net {
    simulation: Simulation,
    /// Nodes that have the code of the test.
    stocked: BTreeSet<NodeIx>,
    cuts: BTreeSet<(NodeIx, NodeIx)>,
    printed: Vec<(LaunchHash, String)>,
    /// Work that has been counted.
    counted: u64,
}

/// What a turn counts for, in fuel: a message that yields for ever uses little else.
pub(super) const TURN_FUEL: u64 = 500;

/// The work that a network has done, in fuel.
pub(super) fn work(totals: &Totals) -> u64 {
    totals.fuel + totals.slices * TURN_FUEL
}

/// The most lines of all programs that are kept of a network.
const LINES: usize = 10_000;

/// Networks of a test are not given up by themselves: the test says how long it waits.
const NO_DEADLINE: Span = Span(u64::MAX / 4);

type Asked = Result<Answer, String>;

impl Nets {
    pub(super) fn new(case: &Case, variation: u64) -> Self {
        Self {
            variation,
            folder: case.folder.clone(),
            code: case.code.clone(),
            jit: case.jit.clone(),
            nets: Vec::new(),
            runs: Vec::new(),
            aim: None,
            launched: Err("nothing was spawned".to_owned()),
            lines: Vec::new(),
            fuel_left: case.fuel,
        }
    }

    /// Whether the test has made a network.
    pub(super) fn are_used(&self) -> bool {
        !self.nets.is_empty()
    }

    pub(super) fn answer(&mut self, question: &Question) -> Asked {
        let (first, second) = (question.int(0), question.int(1));
        let done = Ok(Answer::Int(0));
        match question.what.as_str() {
            "Simulate" => return self.simulate(question),
            "Launched" => {
                let run = self.launched.clone()?;
                return Ok(Answer::Int(run as i64));
            }
            "End" => return self.end(first, span(second)?),
            "IsOver" => return self.is_over(first),
            "OutputOf" => return self.output_of(first),
            "Hops" => return self.hops(first),
            _ => {}
        }
        let net = self.net(first)?;
        match question.what.as_str() {
            "Look" => net.node(second).map(|_| Answer::Int(0)),
            "Aim" => {
                let node = net.node(second)?;
                self.aim = Some((first as usize, node));
                done
            }
            "Pass" => {
                self.pass(first as usize, span(second)?)?;
                done
            }
            "Find" => net.find(question.text(1)),
            "Size" => Ok(Answer::Int(net.simulation.layout().nodes.len() as i64)),
            "Now" => Ok(Answer::Int(net.simulation.now().0 as i64)),
            "Output" => {
                let lines = net.printed.iter();
                Ok(Answer::Texts(lines.map(|(_, line)| line.clone()).collect()))
            }
            _ => net.change(question).map(|()| Answer::Int(0)),
        }
    }

    /// Takes what the test spawns, if it aimed at a node.
    pub(super) fn spawn(&mut self, entry: EntryRef, arguments: &[u8]) -> bool {
        let Some((net, node)) = self.aim.take() else {
            return false;
        };
        self.launched = self.launch((net, node), entry, arguments);
        true
    }

    fn launch(
        &mut self,
        (at, node): (usize, NodeIx),
        entry: EntryRef,
        arguments: &[u8],
    ) -> Result<usize, String> {
        let net = &mut self.nets[at];
        let content = match net.stocked.contains(&node) {
            true => Vec::new(),
            false => self.code.content.clone(),
        };
        let package = Package {
            content,
            program: self.code.program,
            brick: entry.brick.0,
            function: entry.function,
        };
        let start = Start {
            arguments: arguments.to_vec(),
            ..Start::new(Arc::new(package))
        };
        let launch = net.simulation.launch(node, &start).map_err(|error| {
            let name = net.simulation.names().node(node);
            format!("nothing can be started at {name}: {error}")
        })?;
        net.stocked.insert(node);
        self.runs.push((at, launch));
        Ok(self.runs.len() - 1)
    }

    fn simulate(&mut self, question: &Question) -> Asked {
        let shape = question.inner(0).ok_or("this is no network")?;
        let network = shape::network(&shape, &self.folder)?;
        let seed = (question.int(1) as u64).wrapping_add(self.variation);
        let options = Options {
            deadline: NO_DEADLINE,
            ..Options::new(seed)
        };
        let mut simulation =
            Simulation::new(&network, options).map_err(|error| error.to_string())?;
        if let Some(jit) = &self.jit {
            simulation.compile_with(jit);
        }
        self.nets.push(Net {
            counted: work(&simulation.totals()),
            simulation,
            stocked: BTreeSet::new(),
            cuts: BTreeSet::new(),
            printed: Vec::new(),
        });
        Ok(Answer::Int(self.nets.len() as i64 - 1))
    }

    fn net(&mut self, number: i64) -> Result<&mut Net, String> {
        let found = usize::try_from(number).ok();
        let net = found.and_then(|at| self.nets.get_mut(at));
        net.ok_or_else(|| "there is no such network in this test".to_owned())
    }

    fn run(&self, number: i64) -> Result<(usize, LaunchHash), String> {
        let found = usize::try_from(number).ok();
        let run = found.and_then(|at| self.runs.get(at)).copied();
        run.ok_or_else(|| "there is no such message in this test".to_owned())
    }

    /// Lets the next thing happen within a span; `false` if nothing does, or the fuel is used up.
    fn step(&mut self, at: usize, within: Span) -> bool {
        let net = &mut self.nets[at];
        if self.fuel_left == 0 || !net.simulation.step_within(within) {
            return false;
        }
        let work = work(&net.simulation.totals());
        self.fuel_left = self.fuel_left.saturating_sub(work - net.counted);
        net.counted = work;
        let records: Vec<Record> = net.simulation.take_records().collect();
        for record in records {
            if let Event::Print {
                node, launch, text, ..
            } = record.event
            {
                let name = net.simulation.names().node(node);
                if self.lines.len() < LINES {
                    self.lines.push(format!("{name}: {text}"));
                }
                if net.printed.len() < LINES {
                    net.printed.push((launch, text));
                }
            }
        }
        true
    }

    fn pass(&mut self, at: usize, time: Span) -> Result<(), String> {
        let until = self.nets[at].simulation.now() + time;
        loop {
            let left = until.since(self.nets[at].simulation.now());
            if !self.step(at, left) {
                break;
            }
        }
        self.check_fuel()?;
        let simulation = &mut self.nets[at].simulation;
        simulation.run_for(until.since(simulation.now()));
        Ok(())
    }

    fn end(&mut self, run: i64, within: Span) -> Asked {
        let (at, launch) = self.run(run)?;
        let until = self.nets[at].simulation.now() + within;
        loop {
            let simulation = &mut self.nets[at].simulation;
            let ended = simulation.status(launch).and_then(|status| status.result());
            if let Some(report) = ended {
                return Ok(Answer::Ended(result_of(report)));
            }
            let left = until.since(simulation.now());
            if !self.step(at, left) {
                break;
            }
        }
        self.check_fuel()?;
        let simulation = &mut self.nets[at].simulation;
        simulation.run_for(until.since(simulation.now()));
        Ok(Answer::Ended(Err(RunError::Timeout)))
    }

    fn check_fuel(&self) -> Result<(), String> {
        match self.fuel_left {
            0 => Err("the fuel of the test is used up".to_owned()),
            _ => Ok(()),
        }
    }

    fn is_over(&self, run: i64) -> Asked {
        let (at, launch) = self.run(run)?;
        let status = self.nets[at].simulation.status(launch);
        let over = status.is_none_or(|status| status.ended.is_some());
        Ok(Answer::Int(i64::from(over)))
    }

    fn output_of(&self, run: i64) -> Asked {
        let (at, launch) = self.run(run)?;
        let own = self.nets[at].printed.iter().filter(|(of, _)| *of == launch);
        Ok(Answer::Texts(own.map(|(_, line)| line.clone()).collect()))
    }

    fn hops(&self, run: i64) -> Asked {
        let (at, launch) = self.run(run)?;
        let cost = self.nets[at].simulation.cost(launch).unwrap_or_default();
        Ok(Answer::Int((cost.hops + cost.copies) as i64))
    }
}

impl Net {
    fn node(&self, place: i64) -> Result<NodeIx, String> {
        let count = self.simulation.layout().nodes.len();
        let found = u32::try_from(place)
            .ok()
            .filter(|at| (*at as usize) < count);
        found.map(NodeIx).ok_or_else(|| {
            let last = count.saturating_sub(1);
            format!("there is no node {place}: the nodes of the network are 0 to {last}")
        })
    }

    fn find(&self, name: &str) -> Asked {
        let mut nodes = self.simulation.layout().nodes.iter();
        let place = nodes.position(|node| node.name == name);
        match place {
            Some(place) => Ok(Answer::Int(place as i64)),
            None => {
                let names = self.simulation.layout().nodes.iter();
                let near = crate::text::nearest(name, names.map(|node| node.name.as_str()));
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_default();
                Err(format!("the network has no node `{name}`{near}"))
            }
        }
    }

    fn change(&mut self, question: &Question) -> Result<(), String> {
        let simulation = &mut self.simulation;
        match question.what.as_str() {
            "Heal" => {
                simulation.heal();
                for (a, b) in std::mem::take(&mut self.cuts) {
                    simulation.mend(a, b);
                }
                for node in 0..simulation.layout().nodes.len() as u32 {
                    simulation.restart(NodeIx(node));
                }
            }
            "Lose" => {
                let share = f64::from_bits(question.int(1) as u64);
                if !(0.0..=1.0).contains(&share) {
                    return Err(format!("a share is between 0.0 and 1.0, not {share}"));
                }
                simulation.lose(share);
            }
            "Kill" => {
                let node = self.node(question.int(1))?;
                self.stocked.remove(&node);
                self.simulation.crash(node);
            }
            "Restart" => {
                let node = self.node(question.int(1))?;
                self.simulation.restart(node);
            }
            "Cut" | "Mend" => {
                let (a, b) = (self.node(question.int(1))?, self.node(question.int(2))?);
                self.link((a.min(b), a.max(b)), question.what == "Cut")?;
            }
            other => return Err(format!("this smc cannot answer `{other}`")),
        }
        Ok(())
    }

    /// A link is cut once, however often it is asked for.
    fn link(&mut self, (a, b): (NodeIx, NodeIx), cut: bool) -> Result<(), String> {
        let there = match (cut, self.cuts.contains(&(a, b))) {
            (true, false) => self.simulation.cut(a, b),
            (false, true) => self.simulation.mend(a, b),
            _ => true,
        };
        if !there {
            let [a, b] = [a, b].map(|node| self.simulation.names().node(node));
            return Err(format!("there is no link between {a} and {b}"));
        }
        match cut {
            true => self.cuts.insert((a, b)),
            false => self.cuts.remove(&(a, b)),
        };
        Ok(())
    }
}

fn result_of(report: &Report) -> Result<Vec<u8>, RunError> {
    match &report.end {
        End::Done { value, .. } => Ok(value.clone()),
        End::Trap { kind, message, .. } => {
            let kind = TrapKind::from_code(*kind);
            Err(RunError::Trap(trap_sentence(kind, message.as_deref())))
        }
        End::Killed(kill) => Err(RunError::Killed(kill.to_string())),
    }
}

fn span(nanos: i64) -> Result<Span, String> {
    let span = u64::try_from(nanos).map(Span);
    span.map_err(|_| "time does not go backwards".to_owned())
}
