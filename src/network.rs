//! A program in a simulated network.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use sm_core::engine::{Engine, Vm};
use sm_core::ids::{LaunchHash, MessageId, Span};
use sm_core::launch::LaunchLimits;
use sm_core::node::{Doing, End, Report};
use sm_sim::limits::FILE_BYTES;
use sm_sim::reading::FileErrors;
use sm_sim::{
    Captured, Detail, Event, LaunchStatus, Network, NodeIx, Options, Package, Record, Simulation,
    Stands, Start, StartError, Stop, Text,
};

use crate::complaint::{Complaint, Kind, Place};
use crate::conclusion::Conclusion;
use crate::engine::Compiler;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{self, Style, Terminal};
use crate::printing::Printing;
use crate::program::Program;
use crate::{source, text};

/// What is to be run, and where.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    /// The arguments of `main` in canonical encoding.
    pub(crate) arguments: Vec<u8>,
    pub(crate) network: Network,
    /// Where it is launched.
    pub(crate) at: NodeIx,
    pub(crate) seed: u64,
    /// Of virtual time.
    pub(crate) timeout: Option<Duration>,
    pub(crate) tracing: Tracing,
    /// How often it is launched, one after the other.
    pub(crate) repeat: u32,
    pub(crate) limits: LaunchLimits,
    pub(crate) compiler: Option<Compiler>,
    pub(crate) engine: EngineChoice,
}

/// What runs programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineChoice {
    Plain,
    /// Every message is captured and restored at every safepoint, which must make no difference.
    Captured,
}

/// Whether steps of messages are told on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracing {
    Off,
    On,
}

/// What came of all launches.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) launches: Vec<Launched>,
    /// About the whole run, for `--json`.
    pub(crate) summary: Json,
}

/// What came of one launch.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) conclusion: Conclusion,
    pub(crate) output: Vec<String>,
    pub(crate) cost: Json,
}

/// Reads a network file; everything that is wrong with it is shown.
pub(crate) fn read(terminal: &Terminal, path: &Path) -> Result<Network, Failure> {
    let text = source::text("network", path, FILE_BYTES)?;
    let name = path.display().to_string();
    Network::parse(&text).map_err(|errors| complain(terminal, (&name, &text), errors))
}

/// Shows everything that is wrong with a file of this name and text.
pub(crate) fn complain(
    terminal: &Terminal,
    (file, text): (&str, &str),
    errors: FileErrors,
) -> Failure {
    for error in errors.0 {
        let message = match error.key.as_str() {
            "" => error.message,
            key => format!("`{key}`: {}", error.message),
        };
        let place = Place {
            file,
            text,
            range: error.span,
            label: "here",
        };
        Complaint::new(Kind::Error, message)
            .at(Some(place))
            .help(error.help)
            .say(terminal);
    }
    Failure::silent(Exit::Failed)
}

/// The node of this name, or the first.
pub(crate) fn node(network: &Network, name: Option<&str>) -> Result<NodeIx, Failure> {
    let Some(name) = name else {
        return Ok(NodeIx(0));
    };
    network.node(name).ok_or_else(|| {
        const SHOWN: usize = 12;
        let names = || network.nodes.iter().map(|node| node.name.as_str());
        let failure = Failure::usage(format!("the network has no node `{name}`"));
        if let Some(near) = text::nearest(name, names()) {
            return failure.help(format!("did you mean `{near}`?"));
        }
        let dots = if names().count() > SHOWN { ", .." } else { "" };
        let list = names().take(SHOWN).collect::<Vec<_>>().join(", ");
        failure.help(format!("its nodes are {list}{dots}"))
    })
}

/// Launches the program as often as asked for, each time to the end of its `main`.
pub(crate) fn run(
    terminal: &Terminal,
    job: &Job<'_>,
    printing: &mut Printing,
) -> Result<Ran, Failure> {
    run_until(terminal, job, printing, Interrupt::listen()?)
}

/// The same where somebody listens to signals already, as only one can.
pub(crate) fn run_until(
    terminal: &Terminal,
    job: &Job<'_>,
    printing: &mut Printing,
    interrupt: Interrupt,
) -> Result<Ran, Failure> {
    match job.engine {
        EngineChoice::Plain => run_in::<Vm>(terminal, job, printing, interrupt),
        EngineChoice::Captured => run_in::<Captured<1>>(terminal, job, printing, interrupt),
    }
}

fn run_in<E: Engine>(
    terminal: &Terminal,
    job: &Job<'_>,
    printing: &mut Printing,
    interrupt: Interrupt,
) -> Result<Ran, Failure> {
    let mut simulation = Simulation::<E>::with_engine(&job.network, options(job))
        .map_err(|error| Failure::failed(error.to_string()))?;
    if let Some(compiler) = &job.compiler {
        simulation.compile_with(&compiler.jit);
    }
    let start = Start {
        arguments: job.arguments.clone(),
        limits: job.limits,
        ..Start::new(package(job.program))
    };
    let mut driver = Driver::<E> {
        terminal,
        job,
        simulation,
        interrupt,
    };
    let mut launches = Vec::new();
    for _ in 0..job.repeat {
        let launched = driver.launch(&start, printing)?;
        let over = matches!(
            launched.conclusion,
            Conclusion::Timeout { .. } | Conclusion::Interrupted
        );
        launches.push(launched);
        if over {
            break;
        }
    }
    Ok(Ran {
        launches,
        summary: driver.summary(),
    })
}

fn options(job: &Job<'_>) -> Options {
    let mut options = Options::new(job.seed);
    if let Some(timeout) = job.timeout {
        options.deadline = Span(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
    }
    if job.tracing == Tracing::On {
        options.detail = Detail::Steps;
    }
    options
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

struct Driver<'a, E: Engine> {
    terminal: &'a Terminal,
    job: &'a Job<'a>,
    simulation: Simulation<E>,
    interrupt: Interrupt,
}

impl<E: Engine> Driver<'_, E> {
    fn launch(&mut self, start: &Start, printing: &mut Printing) -> Result<Launched, Failure> {
        let launch = self
            .simulation
            .launch(self.job.at, start)
            .map_err(not_started)?;
        let stop = self.drive(launch, printing)?;
        let conclusion = self.conclusion(launch, stop)?;
        let cost = self.simulation.cost(launch);
        let cost = serde_json::to_value(cost).expect("numbers by name are JSON");
        Ok(Launched {
            conclusion,
            output: printing.take(),
            cost,
        })
    }

    /// Why the launch needs no more time; `None` after Ctrl-C.
    fn drive(
        &mut self,
        launch: LaunchHash,
        printing: &mut Printing,
    ) -> Result<Option<Stop>, Failure> {
        loop {
            let records: Vec<Record> = self.simulation.take_records().collect();
            for record in records {
                self.tell(launch, record, printing)?;
            }
            let ended = self
                .simulation
                .status(launch)
                .is_none_or(|status| status.ended.is_some());
            if ended {
                return Ok(Some(Stop::Done));
            }
            if !self.simulation.step() {
                return Ok(Some(self.simulation.run(launch)));
            }
            if self.interrupt.came() {
                return Ok(None);
            }
        }
    }

    fn tell(
        &self,
        launch: LaunchHash,
        record: Record,
        printing: &mut Printing,
    ) -> Result<(), Failure> {
        if self.job.tracing == Tracing::On {
            let line = Text::new(self.simulation.names(), &record);
            output::talk(&self.terminal.paint(Style::Quiet, line));
        }
        match record.event {
            Event::Print { text, .. } => printing.line(text),
            Event::Report { report, .. } if report.launch == launch => self.report(launch, &report),
            _ => Ok(()),
        }
    }

    /// The end of the first message is the end of the launch; the bad end of another is a warning.
    fn report(&self, launch: LaunchHash, report: &Report) -> Result<(), Failure> {
        let first = self.simulation.status(launch).map(|status| status.message);
        if Some(report.message) == first || matches!(report.end, End::Done { .. }) {
            return Ok(());
        }
        Conclusion::of(self.job.program, &report.end)?.warn(self.terminal, self.job.program);
        Ok(())
    }

    fn conclusion(&self, launch: LaunchHash, stop: Option<Stop>) -> Result<Conclusion, Failure> {
        let status = self.simulation.status(launch);
        if let Some(report) = status.and_then(LaunchStatus::result) {
            return Conclusion::of(self.job.program, &report.end);
        }
        Ok(match (stop, status.map(|status| &status.stands)) {
            (None, _) => Conclusion::Interrupted,
            (Some(Stop::Deadline), _) => Conclusion::Timeout {
                doing: status.and_then(|status| self.doing(status.message)),
            },
            (Some(_), Some(Stands::Copied)) => Conclusion::Copied,
            (Some(_), Some(Stands::Lost)) => Conclusion::Lost,
            (Some(_), _) => Conclusion::Stuck { waits_for: None },
        })
    }

    /// What a message does now, as a help for who waits for its end.
    fn doing(&self, message: MessageId) -> Option<String> {
        let nodes = (0..self.job.network.nodes.len()).map(|at| NodeIx(at as u32));
        let (at, doing) = nodes.into_iter().find_map(|at| {
            let here = self.simulation.node(at)?.list(self.simulation.local(at));
            let found = here.iter().find(|one| one.message == message)?;
            Some((at, found.doing))
        })?;
        let at = self.simulation.names().node(at);
        Some(match doing {
            Doing::Ready => format!("it runs at `{at}`; `--timeout` gives it longer"),
            Doing::Blocked(None) => {
                format!("it waits at `{at}` for a tag; `block(.., timeout: ..)` gives up in time")
            }
            Doing::Blocked(Some(_)) => format!("it waits at `{at}` for a tag or for its timeout"),
            Doing::Moving(_) | Doing::InDoubt(_) => format!("it is about to leave `{at}`"),
        })
    }

    fn summary(&self) -> Json {
        json!({
            "network": self.job.network.name,
            "seed": self.job.seed,
            "trace": self.simulation.trace_hash().to_string(),
            "virtual_nanos": self.simulation.now().0,
        })
    }
}

fn not_started(error: StartError) -> Failure {
    let exit = match error {
        StartError::Down => Exit::Unreachable,
        StartError::Code(_) => Exit::Failed,
        StartError::Launch(_) => Exit::Refused,
    };
    Failure::new(exit, format!("the program is not started: {error}"))
}

/// The seed of a run that asks for none.
pub(crate) fn seed(network: &Network, asked: Option<u64>) -> u64 {
    asked.or(network.seed).unwrap_or(0)
}
