//! What scenarios share: compiling programs, running them, judging runs.

use std::path::Path;
use std::sync::Arc;

use sm_bytecode::TrapKind;
use sm_bytecode::bundle::Bundle;
use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::driver::compile;
use sm_core::engine::Engine;
use sm_core::node::End;
use sm_sim::{
    Captured, Checks, Detail, Event, Network, NodeIx, Options, Package, Record, Seed, Simulation,
    Start, Stop, Text, TraceHash,
};
use sm_vm::Value;

use crate::table::{self, Judge, Outcome, Ran};

/// A scenario of the table, ready to run.
pub(crate) struct Scenario {
    pub(crate) bundle: Bundle,
    pub(crate) network: Network,
    /// The node where it is launched.
    pub(crate) at: NodeIx,
    table: &'static table::Scenario,
}

/// What came of one run, and which run it was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) ran: Ran,
    /// The messages that are left when nothing is under way any more.
    pub(crate) left: usize,
    pub(crate) trace: TraceHash,
}

struct Library {
    root: Arc<str>,
    files: u32,
}

impl Loader for Library {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text = if path == "main" {
            self.root.clone()
        } else {
            sm_stdlib::source(path)?.into()
        };
        self.files += 1;
        Some(Source {
            file: FileId(self.files),
            text,
        })
    }
}

impl Scenario {
    pub(crate) fn of(table: &'static table::Scenario) -> Self {
        let network = Network::parse(&read(table.network));
        let network = network.unwrap_or_else(|errors| panic!("{errors}"));
        let at = network.node(table.at).expect("it is one of the network");
        Self {
            bundle: bundle(&read(table.program)),
            network,
            at,
            table,
        }
    }

    /// The same, with a node to which no link leads.
    pub(crate) fn without(table: &'static table::Scenario, node: &str) -> Self {
        let mut scenario = Self::of(table);
        let gone = scenario.network.node(node).expect("it is one of them");
        let links = &mut scenario.network.links;
        links.retain(|link| link.ends.0 != gone && link.ends.1 != gone);
        scenario
    }

    /// One run with this seed, with all checks.
    pub(crate) fn run(&self, seed: u64) -> Result<Run, String> {
        self.run_in(Simulation::new(&self.network, options(seed)).map_err(|e| e.to_string())?)
    }

    /// One run that comes to its end and leaves nothing behind but what stays.
    pub(crate) fn judge(&self, seed: u64, judge: Judge) -> Result<(), String> {
        let run = self.run(seed)?;
        let wrong = |why: String| format!("{}: {why}: {run:?}", self.table.name);
        judge(&run.ran).map_err(wrong)?;
        if run.left == self.table.stay {
            Ok(())
        } else {
            Err(wrong("messages are left".to_owned()))
        }
    }

    /// The same, each message captured and restored after every so much fuel.
    pub(crate) fn run_captured<const FUEL: u64>(&self, seed: u64) -> Result<Run, String> {
        type Capturing<const FUEL: u64> = Simulation<Captured<FUEL>>;
        let made = Capturing::<FUEL>::with_engine(&self.network, options(seed));
        self.run_in(made.map_err(|error| error.to_string())?)
    }

    fn run_in<E: Engine>(&self, mut run: Simulation<E>) -> Result<Run, String> {
        let launch = run
            .launch(self.at, &self.start())
            .map_err(|error| error.to_string())?;
        run.run(launch);
        if let Some(violation) = run.violation() {
            return Err(violation.to_string());
        }
        let trace = run.trace_hash();
        let report = run.status(launch).and_then(|status| status.result());
        let outcome = report.map_or(Outcome::Silent, |report| self.outcome(&report.end));
        match run.converge() {
            Stop::Violation => return Err(format!("{:?}", run.violation())),
            Stop::Deadline => return Err("it does not come to rest".to_owned()),
            Stop::Done | Stop::Quiet => {}
        }
        let nodes = (0..self.network.nodes.len()).filter_map(|at| run.node(NodeIx(at as u32)));
        let left = nodes.map(|node| node.counters().messages).sum();
        let output = run
            .take_records()
            .filter_map(|record| match record.event {
                Event::Print { text, .. } => Some(text),
                _ => None,
            })
            .collect();
        let ran = Ran { output, outcome };
        Ok(Run { ran, left, trace })
    }

    pub(crate) fn start(&self) -> Start {
        Start {
            arguments: self.table.encoded(),
            ..Start::new(Arc::new(Package::new(&self.bundle)))
        }
    }

    fn outcome(&self, end: &End) -> Outcome {
        match end {
            End::Done { value, .. } => Outcome::Done(self.result(value).to_string()),
            End::Trap { kind, .. } if *kind == TrapKind::UnwrapErr.code() => Outcome::UnwrapErr,
            other => Outcome::Died(format!("{other:?}")),
        }
    }

    fn result(&self, bytes: &[u8]) -> Value {
        let entry = self.bundle.program.entry;
        let place = self
            .bundle
            .program
            .bricks
            .iter()
            .position(|brick| *brick == entry.brick);
        let group = &self.bundle.bricks[place.expect("the entry is a brick of the program")];
        let main = &group.functions[usize::from(entry.function)];
        sm_vm::value::decode(bytes, &group.types, main.result).expect("a node checks results")
    }

    /// The whole story of one run, for people who look for a bug.
    #[expect(dead_code, reason = "for whoever looks into a seed")]
    pub(crate) fn story(&self, seed: u64, detail: Detail) -> String {
        let options = Options {
            detail,
            ..options(seed)
        };
        let mut run = Simulation::new(&self.network, options).expect("the tags are right");
        let launch = run.launch(self.at, &self.start());
        let launch = launch.expect("the program starts");
        let stop = [run.run(launch), run.converge()];
        let records: Vec<Record> = run.take_records().collect();
        let mut lines: Vec<String> = records
            .iter()
            .map(|record| Text::new(run.names(), record).to_string())
            .collect();
        lines.push(format!("{stop:?} {:?}", run.violation()));
        lines.join("\n")
    }
}

fn read(file: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let path = Path::new(root).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn options(seed: u64) -> Options {
    Options {
        checks: Checks::On,
        ..Options::new(seed)
    }
}

pub(crate) fn bundle(program: &str) -> Bundle {
    let mut library = Library {
        root: program.into(),
        files: 0,
    };
    let compiled = compile(
        &mut library,
        &check::Options::default(),
        sm_stdlib::prebuilt(),
    );
    let code = compiled
        .code
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    code.bundle().expect("the program has a main")
}

/// How many seeds a test runs: `SM_SEEDS` where somebody wants more.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    0..number("SM_SEEDS").unwrap_or(usual)
}

/// A number that somebody asks for.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// Runs many seeds on all cores; the first failure is shown with its seed.
pub(crate) fn every_seed<T: Send>(
    seeds: std::ops::Range<u64>,
    run: impl Fn(u64) -> Result<T, String> + Sync,
) -> Vec<T> {
    let jobs = sm_sim::sweep::Jobs::all_cores();
    let run = |Seed(seed): Seed| run(seed);
    sm_sim::sweep::sweep(seeds, jobs, run).unwrap_or_else(|failure| panic!("{failure}"))
}
