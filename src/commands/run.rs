//! `smc run`: a program on one embedded node, or in a simulated network.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value as Json, json};
use sm_core::launch::LaunchLimits;

use crate::conclusion::Conclusion;
use crate::engine::EngineOptions;
use crate::exit::{Exit, Failure};
use crate::network::{self, EngineChoice, Tracing};
use crate::output::{self, Terminal};
use crate::printing::Printing;
use crate::program::Program;
use crate::project;
use crate::{arguments, embedded};

/// Run a program: on one node, or in a simulated network
///
/// Arguments of the program's `main` follow the file: in order, or by name as
/// name=value. A value is written as in a program, only that text needs no
/// quotes: 3, 2.5, true, 250ms, [1, 2], Some(3), Point(x: 1, y: 2). Put -- before
/// values that begin with a dash.
///
/// Lines that the program prints and the result of its `main` go to standard
/// output. If `main` answers Err(..), that is a failure: exit code 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// A program (.sm), a bundle of bricks (.smb), or the folder of a project
    ///
    /// Default, where there are no arguments: the project of the current folder.
    file: Option<PathBuf>,

    /// Arguments of `main`: values in order, or name=value.
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    arguments: Vec<String>,

    /// End the run after so long: 5s, 250ms, 2min.
    ///
    /// In a simulated network of virtual time. The exit code is 4.
    #[arg(long, env = "SM_TIMEOUT", value_parser = arguments::span)]
    #[arg(value_name = "DURATION")]
    timeout: Option<Duration>,

    /// Fuel that the program may use: 5000000, 500M, 2G [default: 1G]
    #[arg(long, env = "SM_FUEL", value_name = "N", value_parser = arguments::fuel)]
    fuel: Option<u64>,

    /// Heap that a message may have: 512KiB, 64MiB, 1GiB [default: 16MiB]
    #[arg(long, env = "SM_HEAP", value_name = "SIZE", value_parser = arguments::size)]
    heap: Option<u64>,

    #[command(flatten)]
    engine: EngineOptions,

    /// Tell on standard error what was compiled, and how it was used
    #[arg(long, env = "SM_STATS")]
    stats: bool,

    /// Write one JSON object about the run, instead of lines and result
    #[arg(long, env = "SM_JSON")]
    json: bool,

    #[command(flatten)]
    net: NetOptions,
}

/// What concerns a simulated network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Simulated network")]
pub(crate) struct NetOptions {
    /// Run in the network that this file describes
    #[arg(long, env = "SM_NET", value_name = "NET.toml")]
    net: Option<PathBuf>,

    /// Seed of all chance: the same seed repeats the run
    ///
    /// Default: the network's, or 0; without a network always another one.
    #[arg(long, env = "SM_SEED")]
    seed: Option<u64>,

    /// The node where the program is launched; else the network's first
    #[arg(long, env = "SM_AT", value_name = "NODE")]
    at: Option<String>,

    /// Show on standard error what happens where and when
    #[arg(long, env = "SM_TRACE")]
    trace: bool,

    /// Launch the program so many times, in the same network
    #[arg(long, env = "SM_REPEAT", value_name = "TIMES")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000), default_value_t = 1)]
    repeat: u32,

    /// Capture and restore every message at every safepoint
    #[arg(long, env = "SM_CAPTURE", hide = true)]
    capture: bool,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        self.net.check()?;
        let program = project::open(terminal, self.file.as_deref())?;
        let signature = program.signature()?;
        let values = arguments::parse(&signature, &self.arguments)?;
        let arguments = program.encode_arguments(&values)?;
        match &self.net.net {
            None => self.run_here(terminal, &program, arguments),
            Some(net) => self.run_in(terminal, &program, arguments, net),
        }
    }

    fn run_here(
        &self,
        terminal: &Terminal,
        program: &Program,
        arguments: Vec<u8>,
    ) -> Result<Exit, Failure> {
        let seed = self.net.seed.unwrap_or_else(fresh_seed);
        let compiler = self.engine.compiler()?;
        let job = embedded::Job {
            program,
            arguments,
            seed,
            timeout: self.timeout,
            limits: self.limits(),
            compiler: compiler.as_ref(),
        };
        let mut printing = self.printing();
        let ran = embedded::run(terminal, &job, &mut printing)?;
        let compiler = compiler.as_ref().filter(|_| self.stats);
        if self.json {
            let mut cost = json!({ "fuel": ran.counters.fuel, "turns": ran.counters.turns });
            if let Some(compiler) = compiler {
                cost["native"] = compiler.json(&ran.compiled);
            }
            let launch = launch_json(&ran.conclusion, printing.take(), cost);
            output::line(json!({ "launches": [launch], "seed": seed }))?;
        } else {
            ran.conclusion.show(terminal, program)?;
            if let Some(compiler) = compiler {
                compiler
                    .lines(&ran.compiled)
                    .iter()
                    .for_each(|line| output::talk(line));
            }
            if matches!(
                ran.conclusion,
                Conclusion::Failed(_) | Conclusion::Stuck { .. }
            ) {
                self.name_network();
            }
        }
        Ok(ran.conclusion.exit())
    }

    /// What is not said is as for any launch.
    fn limits(&self) -> LaunchLimits {
        let mut limits = LaunchLimits::default();
        if let Some(fuel) = self.fuel {
            limits.fuel = fuel;
            limits.fuel_per_turn = limits.fuel_per_turn.max(fuel);
        }
        if let Some(heap) = self.heap {
            limits.heap_bytes = heap;
        }
        limits
    }

    /// A program of a project that came to nothing on a node alone may be meant for its network.
    fn name_network(&self) {
        let chosen = project::choose(self.file.as_deref());
        let project = chosen.ok().and_then(|chosen| chosen.project);
        if let Some(net) = project.and_then(|project| project.network()) {
            output::talk(&format!(
                "  Help: it ran on a node that is alone; with the project's network: `--net {}`",
                net.display()
            ));
        }
    }

    fn run_in(
        &self,
        terminal: &Terminal,
        program: &Program,
        arguments: Vec<u8>,
        net: &Path,
    ) -> Result<Exit, Failure> {
        let network = network::read(terminal, net)?;
        let job = network::Job {
            program,
            arguments,
            at: network::node(&network, self.net.at.as_deref())?,
            seed: network::seed(&network, self.net.seed),
            network,
            timeout: self.timeout,
            tracing: if self.net.trace {
                Tracing::On
            } else {
                Tracing::Off
            },
            repeat: self.net.repeat,
            limits: self.limits(),
            compiler: self.engine.compiler()?,
            engine: if self.net.capture {
                EngineChoice::Captured
            } else {
                EngineChoice::Plain
            },
        };
        let ran = network::run(terminal, &job, &mut self.printing())?;
        let exits = ran
            .launches
            .iter()
            .map(|launched| launched.conclusion.exit());
        let exit = exits
            .into_iter()
            .find(|exit| *exit != Exit::Ok)
            .unwrap_or(Exit::Ok);
        if self.json {
            let launches = ran
                .launches
                .into_iter()
                .map(|launched| launch_json(&launched.conclusion, launched.output, launched.cost));
            let mut object = ran.summary;
            object["launches"] = launches.collect();
            output::line(object)?;
        } else {
            for launched in &ran.launches {
                launched.conclusion.show(terminal, program)?;
            }
        }
        Ok(exit)
    }

    fn printing(&self) -> Printing {
        if self.json {
            Printing::Kept(Vec::new())
        } else {
            Printing::Now
        }
    }
}

impl NetOptions {
    /// Flags that mean nothing without a network.
    fn check(&self) -> Result<(), Failure> {
        let given = [
            (self.at.is_some(), "--at"),
            (self.trace, "--trace"),
            (self.repeat > 1, "--repeat"),
        ];
        match given.iter().find(|(given, _)| *given && self.net.is_none()) {
            Some((_, flag)) => Err(Failure::usage(format!("`{flag}` needs a network"))
                .help("name one with --net NET.toml")),
            None => Ok(()),
        }
    }
}

/// How a launch ended, what it printed, what it cost: one object.
fn launch_json(conclusion: &Conclusion, output: Vec<String>, cost: Json) -> Json {
    let mut object = conclusion.json();
    object["output"] = json!(output);
    if let Json::Object(cost) = cost {
        for (name, number) in cost {
            object[name] = number;
        }
    }
    object
}

/// Another seed in each run: the time will do, as no secret depends on it.
#[expect(
    clippy::disallowed_methods,
    reason = "chance of a real run comes from outside of the core"
)]
fn fresh_seed() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let salt = u64::from(std::process::id()) << 40;
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX) ^ salt
}
