//! Where the examples are put on: a program, a network with what can go wrong in it, a seed.

use std::path::Path;
use std::sync::Arc;

use sm_bytecode::TrapKind;
use sm_core::content::ContentKind;
use sm_core::engine::{Engine, Vm};
use sm_core::ids::Span;
use sm_core::node::{End, Step};
use sm_sim::network::{Faults, LinkModel, Memory};
use sm_sim::random::Delay;
use sm_sim::sweep::{Jobs, sweep};
use sm_sim::{
    Captured, Checks, Detail, Event, Network, NodeIx, Options, Package, Seed, Simulation, Start,
};

use crate::compile::{self, Ready};
use crate::table::{Outcome, Ran, Scenario};

/// A compiled program and the network it is for.
pub(crate) struct Play {
    pub(crate) compiled: Ready,
    pub(crate) package: Arc<Package>,
    pub(crate) network: Network,
    arguments: Vec<u8>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Every frame takes another time.
    Delay,
    /// Sessions break as well, and lose what was under way.
    Breaks,
    /// Nodes crash as well, and come back with what they had stored.
    Crashes,
}

/// How many seeds each trouble is tried with.
pub(crate) const SEEDS: u64 = 1_000;

/// Every so many-th seed runs with all invariants checked after each event, which takes long.
const CHECKED: u64 = 10;

/// Virtual time of one run, far beyond what it should take.
const DEADLINE: Span = Span::secs(300);

impl Play {
    /// A scenario of the table.
    pub(crate) fn of(table: &'static Scenario) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join(table.network)).expect("a network file");
        let network = Network::parse(&text).expect("the network is well-formed");
        assert_eq!(network.node(table.at), Some(NodeIx(0)), "{}", table.name);
        Self::new(&root.join(table.program), network).told(table.encoded())
    }

    /// The same with these arguments.
    pub(crate) fn told(self, arguments: Vec<u8>) -> Self {
        Self { arguments, ..self }
    }

    pub(crate) fn new(program: &Path, network: Network) -> Self {
        let compiled = compile::file(program);
        assert_eq!(
            compiled.diagnostics,
            Vec::<String>::new(),
            "{}",
            program.display()
        );
        let package = Arc::new(package(&compiled));
        Self {
            compiled,
            package,
            network,
            arguments: Vec::new(),
        }
    }

    /// The same in a network where this goes wrong.
    pub(crate) fn with(mut self, trouble: Trouble) -> Self {
        let link = |link: &mut LinkModel| {
            link.delay = Delay {
                min: Span::millis(1),
                max: Span::millis(40),
            };
            if trouble != Trouble::Delay {
                link.break_every = Some(Span::secs(4));
                link.repair = Span::millis(200);
            }
        };
        link(&mut self.network.link);
        self.network
            .links
            .iter_mut()
            .for_each(|spec| link(&mut spec.model));
        if trouble == Trouble::Crashes {
            self.network.faults = Faults {
                crash_every: Some(Span::secs(20)),
                restart: Delay {
                    min: Span::millis(200),
                    max: Span::secs(2),
                },
                memory: Memory::Kept,
                until: Some(Span::secs(60)),
            };
        }
        self
    }

    /// One run from the first node, to the end of its first message, wherever that is: the report
    /// of it to its home is best effort, and not what is tested here.
    pub(crate) fn run(&self, seed: u64) -> Ran {
        self.run_in::<Vm>(seed)
    }

    /// Being captured and restored at every safepoint makes no difference.
    pub(crate) fn captured(&self) {
        for seed in 0..4 {
            let captured = self.run_in::<Captured<1>>(seed);
            assert_eq!(captured, self.run(seed), "seed {seed}");
        }
    }

    fn run_in<E: Engine>(&self, seed: u64) -> Ran {
        let options = Options {
            deadline: DEADLINE,
            detail: Detail::Steps,
            checks: if seed.is_multiple_of(CHECKED) {
                Checks::On
            } else {
                Checks::Off
            },
            ..Options::new(seed)
        };
        let mut simulation =
            Simulation::<E>::with_engine(&self.network, options).expect("the tags have values");
        let start = Start {
            arguments: self.arguments.clone(),
            ..Start::new(self.package.clone())
        };
        let launch = simulation
            .launch(NodeIx(0), &start)
            .expect("the program is admitted");
        let first = simulation.status(launch).expect("it was launched").message;
        let mut output = Vec::new();
        let mut outcome = Outcome::NeverBegan;
        while matches!(outcome, Outcome::NeverBegan | Outcome::Silent) && simulation.step() {
            for record in simulation.take_records() {
                match record.event {
                    Event::Print { text, .. } => output.push(text),
                    Event::Step { trace, .. } if trace.message == first => match trace.step {
                        Step::Launched => outcome = Outcome::Silent,
                        Step::Ended(end) => outcome = self.outcome(&end),
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        assert!(
            simulation.violation().is_none(),
            "seed {seed}: {:?}",
            simulation.violation()
        );
        Ran { output, outcome }
    }

    /// Runs all seeds on all cores; the first complaint of `judge` fails the test.
    pub(crate) fn sweep(&self, judge: impl Fn(&Ran) -> Result<(), String> + Sync) {
        self.sweep_of(SEEDS, judge);
    }

    /// The same with the first `seeds` seeds. Answers what came of each.
    pub(crate) fn sweep_of(
        &self,
        seeds: u64,
        judge: impl Fn(&Ran) -> Result<(), String> + Sync,
    ) -> Vec<Ran> {
        let run = |seed: Seed| {
            let ran = self.run(seed.0);
            judge(&ran).map_err(|complaint| format!("{complaint}: {ran:?}"))?;
            Ok::<Ran, String>(ran)
        };
        let ran = sweep(0..seeds, Jobs::all_cores(), run);
        let ran = ran.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(ran.len() as u64, seeds);
        ran
    }

    fn outcome(&self, end: &End) -> Outcome {
        match end {
            End::Done { value, .. } => Outcome::Done(self.compiled.show_bytes(value)),
            End::Trap { kind, .. } if *kind == TrapKind::UnwrapErr.code() => Outcome::UnwrapErr,
            other => Outcome::Died(format!("{other:?}")),
        }
    }
}

fn package(compiled: &Ready) -> Package {
    let bundle = compiled.bundle.as_ref().expect("the program compiles");
    let bricks = bundle
        .bricks
        .iter()
        .map(|brick| (ContentKind::Brick, brick.encode().into()));
    let modules = bundle
        .modules
        .iter()
        .map(|module| (ContentKind::Module, module.encode().into()));
    let program = (ContentKind::Program, bundle.program.encode().into());
    Package {
        content: bricks.chain(modules).chain([program]).collect(),
        program: bundle.hash().0,
        brick: bundle.program.entry.brick.0,
        function: bundle.program.entry.function,
    }
}
