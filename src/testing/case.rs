//! One run of one test.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sm_bytecode::TrapKind;
use sm_core::ids::{LaunchHash, Span};
use sm_core::node::{End, Kill, Step};
use sm_sim::{Detail, Event, Network, NodeIx, Options, Package, Simulation, Start};
use sm_vm::Jit;

use super::engine::Tested;
use super::measure::Measured;
use super::nets::{Nets, work};
use super::stage::{self, Mode, Props};
use crate::conclusion::trap_sentence;

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) code: Arc<Package>,
    pub(crate) folder: Arc<Path>,
    /// Fuel that the test and its networks may use.
    pub(crate) fuel: u64,
    /// What compiles programs that run hot.
    pub(crate) jit: Option<Jit>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: Ended,
    /// Lines that were printed, those in networks with the name of the node before them.
    pub(crate) output: Vec<String>,
    /// Whether it made a simulated network, so that another seed may be another run.
    pub(crate) simulated: bool,
    /// What was added to the seeds of its networks.
    pub(crate) seed: u64,
    pub(crate) fuel: u64,
    pub(crate) nanos: u64,
    /// Of a bench.
    pub(crate) measured: Option<Measured>,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ended {
    Well,
    /// With a trap, a refusal or another bad end; a trap's message is not cut.
    Badly(End),
    /// It used up its fuel.
    OutOfFuel(u64),
    /// It waits for what cannot happen any more.
    Stuck {
        waits_for: Option<String>,
    },
    /// It still waits after [`LONGEST`].
    TooLong,
    /// The node does not start it.
    Refused(String),
}

/// The virtual time that a test may wait.
pub(crate) const LONGEST: Span = Span::secs(3_600);

/// Time beyond it, in which the end of an old message is told.
const GRACE: Span = Span::secs(60);

/// What the network of a test is called that has none.
const HERE: &str = "test";

impl Case {
    /// Runs the test; `seed` is added to the seeds of its networks.
    #[must_use]
    pub(crate) fn test(&self, seed: u64) -> Ran {
        self.run(seed, Mode::Test)
    }

    /// Runs the bench again and again for about so many nanoseconds.
    #[must_use]
    pub(crate) fn bench(&self, nanos: u64) -> Ran {
        let measured = None;
        self.run(0, Mode::Bench { nanos, measured })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long a test took is told to people, and nothing depends on it"
    )]
    fn run(&self, seed: u64, mode: Mode) -> Ran {
        let began = Instant::now();
        let nets = Nets::new(self, seed);
        let stage = stage::enter(Props {
            nets,
            first: None,
            message: None,
            output: Vec::new(),
            mode,
            answer: Vec::new(),
        });
        let (end, fuel) = self.play(seed);
        let props = stage.leave();
        let end = match end {
            Ended::Badly(_) if props.nets.fuel_left == 0 => Ended::OutOfFuel(self.fuel),
            Ended::Badly(End::Trap {
                kind,
                message,
                frames,
            }) => Ended::Badly(End::Trap {
                kind,
                message: props.message.or(message),
                frames,
            }),
            end => end,
        };
        Ran {
            end,
            output: props.output,
            simulated: props.nets.are_used(),
            seed,
            fuel,
            nanos: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            measured: match props.mode {
                Mode::Bench { measured, .. } => measured,
                Mode::Test => None,
            },
        }
    }

    /// The end of the test, and the fuel that it and its children used.
    fn play(&self, seed: u64) -> (Ended, u64) {
        let mut options = Options::new(seed);
        options.deadline = LONGEST + GRACE;
        options.detail = Detail::Steps;
        let network = Network::single(HERE);
        let simulation = Simulation::<Tested>::with_engine(&network, options);
        let mut simulation = match simulation {
            Ok(simulation) => simulation,
            Err(error) => return (Ended::Refused(error.to_string()), 0),
        };
        if let Some(jit) = &self.jit {
            simulation.compile_with(jit);
        }
        let mut start = Start::new(self.code.clone());
        start.limits.fuel = self.fuel;
        start.limits.fuel_per_turn = self.fuel;
        start.limits.lifetime = LONGEST;
        let end = match simulation.launch(NodeIx(0), &start) {
            Ok(launch) => drive(&mut simulation, launch, self.fuel),
            Err(error) => Ended::Refused(error.to_string()),
        };
        (end, work(&simulation.totals()))
    }
}

fn drive(simulation: &mut Simulation<Tested>, launch: LaunchHash, fuel: u64) -> Ended {
    let first = simulation.status(launch).map(|status| status.message);
    let mut waits_for = None;
    loop {
        let records: Vec<_> = simulation.take_records().collect();
        for record in records {
            match record.event {
                Event::Step { trace, .. } if Some(trace.message) == first => match trace.step {
                    Step::Blocked { display, .. } => waits_for = Some(display),
                    Step::Woken => waits_for = None,
                    _ => {}
                },
                Event::Report { report, .. } if Some(report.message) != first => {
                    child_ended(&report.end);
                }
                _ => {}
            }
        }
        let report = simulation.status(launch).and_then(|status| status.result());
        if let Some(report) = report {
            return match &report.end {
                End::Done { .. } => Ended::Well,
                End::Killed(Kill::Fuel) => Ended::OutOfFuel(fuel),
                End::Killed(Kill::Lifetime) if waits_for.is_some() => Ended::Stuck { waits_for },
                End::Killed(Kill::Lifetime) => Ended::TooLong,
                end => Ended::Badly(end.clone()),
            };
        }
        if work(&simulation.totals()) > fuel {
            return Ended::OutOfFuel(fuel);
        }
        if !simulation.step() {
            return match waits_for {
                Some(_) => Ended::Stuck { waits_for },
                None => Ended::TooLong,
            };
        }
    }
}

/// The bad end of a message that the test has spawned is worth a line.
fn child_ended(end: &End) {
    let why = match end {
        End::Done { .. } => return,
        End::Trap { kind, message, .. } => {
            trap_sentence(TrapKind::from_code(*kind), message.as_deref())
        }
        End::Killed(kill) => kill.to_string(),
    };
    stage::with(|props| props.print(&format!("(a spawned message died: {why})")));
}
