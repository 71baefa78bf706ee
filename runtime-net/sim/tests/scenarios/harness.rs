//! What scenarios share: compiling programs, running them, judging runs.

use std::sync::Arc;

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

/// A program and a network that it runs in.
pub(crate) struct Scenario {
    pub(crate) bundle: Bundle,
    pub(crate) network: Network,
    /// The node where it is launched.
    pub(crate) at: NodeIx,
}

/// What came of one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Value, String>,
    pub(crate) printed: Vec<String>,
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
    pub(crate) fn new(program: &str, network: &str, at: &str) -> Self {
        let network = Network::parse(network).unwrap_or_else(|errors| panic!("{errors}"));
        let at = network.node(at).unwrap_or_else(|| panic!("no node {at}"));
        Self {
            bundle: bundle(program),
            network,
            at,
        }
    }

    /// One run with this seed, with all checks.
    pub(crate) fn run(&self, seed: u64) -> Result<Outcome, String> {
        self.run_in(Simulation::new(&self.network, options(seed)).map_err(|e| e.to_string())?)
    }

    /// The same, each message captured and restored after every so much fuel.
    pub(crate) fn run_captured<const FUEL: u64>(&self, seed: u64) -> Result<Outcome, String> {
        type Capturing<const FUEL: u64> = Simulation<Captured<FUEL>>;
        let made = Capturing::<FUEL>::with_engine(&self.network, options(seed));
        self.run_in(made.map_err(|error| error.to_string())?)
    }

    pub(crate) fn run_in<E: Engine>(&self, mut run: Simulation<E>) -> Result<Outcome, String> {
        let start = Start::new(Arc::new(Package::new(&self.bundle)));
        let launch = run
            .launch(self.at, &start)
            .map_err(|error| error.to_string())?;
        let stop = run.run(launch);
        if let Some(violation) = run.violation() {
            return Err(violation.to_string());
        }
        let trace = run.trace_hash();
        let report = run.status(launch).and_then(|status| status.result());
        let result = match report.map(|report| &report.end) {
            Some(End::Done { value, .. }) => Ok(self.result(value)),
            Some(other) => Err(format!("{other:?}")),
            None => Err(format!("{stop:?} at {:?}", run.now())),
        };
        match run.converge() {
            Stop::Violation => return Err(format!("{:?}", run.violation())),
            Stop::Deadline => return Err("it does not come to rest".to_owned()),
            Stop::Done | Stop::Quiet => {}
        }
        let printed = run
            .take_records()
            .filter_map(|record| match record.event {
                Event::Print { text, .. } => Some(text),
                _ => None,
            })
            .collect();
        Ok(Outcome {
            result,
            printed,
            trace,
        })
    }

    pub(crate) fn result(&self, bytes: &[u8]) -> Value {
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
        let start = Start::new(Arc::new(Package::new(&self.bundle)));
        let launch = run.launch(self.at, &start).expect("the program starts");
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

fn options(seed: u64) -> Options {
    Options {
        checks: Checks::On,
        ..Options::new(seed)
    }
}

fn bundle(program: &str) -> Bundle {
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
    0..option_env!("SM_SEEDS")
        .and_then(|count| count.parse().ok())
        .unwrap_or(usual)
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
