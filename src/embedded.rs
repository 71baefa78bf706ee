//! One node in this process: the sans-IO core with a real clock and standard output around it.

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use sm_core::ids::{MessageId, NodeId, Span, Time};
use sm_core::launch::{Launch, LaunchError, LaunchLimits};
use sm_core::node::{Boot, Config, Counters, End, Log, Node, Output, Report, Step, Trace};
use sm_vm::JitStats;

use crate::complaint::{Complaint, Kind};
use crate::conclusion::Conclusion;
use crate::engine::Compiler;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{Style, Terminal};
use crate::printing::Printing;
use crate::program::Program;

/// What is to be run.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    /// The arguments of `main` in canonical encoding.
    pub(crate) arguments: Vec<u8>,
    /// Of all chance in the run.
    pub(crate) seed: u64,
    pub(crate) timeout: Option<Duration>,
    /// What its launch is granted.
    pub(crate) limits: LaunchLimits,
    pub(crate) compiler: Option<&'a Compiler>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) conclusion: Conclusion,
    pub(crate) counters: Counters,
    pub(crate) compiled: JitStats,
}

/// Fuel between two looks at the clock and at Ctrl-C: some milliseconds.
const SLICE: u64 = 500_000;

/// How long a message may live. If nothing is due before, nobody can wake the program any more:
/// there is no neighbor, and no driver.
const LIFETIME: Span = Span::secs(7 * 24 * 3600);

/// Runs a program to the end of its `main`.
pub(crate) fn run(
    terminal: &Terminal,
    job: &Job<'_>,
    printing: &mut Printing,
) -> Result<Ran, Failure> {
    let interrupt = Interrupt::listen()?;
    let clock = Clock::start();
    let author = SigningKey::from_bytes(&blake3::derive_key(AUTHOR, &job.seed.to_le_bytes()));
    let here = NodeId(author.verifying_key().to_bytes());
    let mut node = Node::new(job.config(here), boot(job.seed));
    if let Some(compiler) = job.compiler {
        node.compile_with(compiler.jit.clone());
    }
    for (kind, bytes) in job.program.content() {
        node.add_content(kind, &bytes)
            .map_err(|error| Failure::failed(format!("the node refuses the program: {error}")))?;
    }
    let record = job.record(here, &author).map_err(refused)?;
    let first = node.handle_launch(clock.now(), &record).map_err(refused)?;
    let mut driver = Driver {
        terminal,
        job,
        node,
        first,
        waits_for: None,
        end: None,
    };
    let conclusion = driver.drive(&clock, &interrupt, printing)?;
    Ok(Ran {
        conclusion,
        counters: driver.node.counters(),
        compiled: driver.node.compiled(),
    })
}

const AUTHOR: &str = "smart-messages smc author of an embedded run";
const NONCE: &str = "smart-messages smc nonce of an embedded run";

fn boot(seed: u64) -> Boot {
    Boot {
        hash_seed: seed,
        ..Boot::default()
    }
}

/// The node's own words, and the exit code for those who are not let in.
fn refused(error: LaunchError) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("the node refuses the program: {error}"),
    )
}

impl Job<'_> {
    /// A node that grants what the launch asks for.
    fn config(&self, here: NodeId) -> Config {
        let mut config = Config::new(here);
        let limits = &mut config.limits;
        limits.fuel_per_turn = limits.fuel_per_turn.max(self.limits.fuel_per_turn);
        limits.heap_bytes = limits.heap_bytes.max(self.limits.heap_bytes);
        // Room for a message that collects its garbage, beside those that it spawns.
        limits.bytes = limits.bytes.max(self.limits.heap_bytes.saturating_mul(4));
        config
    }

    fn record(&self, here: NodeId, author: &SigningKey) -> Result<Vec<u8>, LaunchError> {
        let entry = self.program.entry();
        let nonce = blake3::derive_key(NONCE, &self.seed.to_le_bytes());
        let launch = Launch {
            author: author.verifying_key().to_bytes().into(),
            home: here,
            program: self.program.bundle().hash().0,
            brick: entry.brick.0,
            function: entry.function,
            arguments: self.arguments.clone(),
            limits: LaunchLimits {
                lifetime: LIFETIME,
                ..self.limits
            },
            nonce: *nonce.first_chunk().expect("a hash has 32 bytes"),
            expiry: 0,
        };
        Ok(launch.sign(author)?.bytes.to_vec())
    }
}

struct Driver<'a> {
    terminal: &'a Terminal,
    job: &'a Job<'a>,
    node: Node,
    /// The message that runs `main`.
    first: MessageId,
    /// The tag it blocks on.
    waits_for: Option<String>,
    end: Option<End>,
}

impl Driver<'_> {
    fn drive(
        &mut self,
        clock: &Clock,
        interrupt: &Interrupt,
        printing: &mut Printing,
    ) -> Result<Conclusion, Failure> {
        loop {
            self.outputs(clock, printing)?;
            if let Some(end) = &self.end {
                return Conclusion::of(self.job.program, end);
            }
            let left = self
                .job
                .timeout
                .map(|timeout| timeout.saturating_sub(clock.elapsed()));
            if left == Some(Duration::ZERO) {
                return Ok(Conclusion::Timeout { doing: None });
            }
            if self.node.is_ready() {
                self.node.run(clock.now(), SLICE);
                if interrupt.came() {
                    return Ok(Conclusion::Interrupted);
                }
                continue;
            }
            let soon = |due: &Time| *due < Time::ZERO + LIFETIME;
            let Some(due) = self.node.poll_timeout().filter(soon) else {
                return Ok(Conclusion::Stuck {
                    waits_for: self.waits_for.take(),
                });
            };
            let wait = Duration::from_nanos(due.since(clock.now()).0);
            if interrupt.wait(left.map_or(wait, |left| left.min(wait))) {
                return Ok(Conclusion::Interrupted);
            }
            if clock.now() >= due {
                self.node.handle_timeout(clock.now());
            }
        }
    }

    fn outputs(&mut self, clock: &Clock, printing: &mut Printing) -> Result<(), Failure> {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Print { text, .. } => printing.line(text)?,
                Output::Store { token, .. } => self.node.handle_stored(clock.now(), token),
                Output::Report(report) => self.report(report)?,
                Output::Trace(trace) => self.watch(trace),
                // Its home is here and tells more.
                Output::Log(Log::Trapped(_)) => {}
                Output::Log(log) => self.log(&log),
                // There is nobody to talk to, and no driver's tag.
                Output::Send { .. }
                | Output::Broadcast { .. }
                | Output::Close { .. }
                | Output::Connection { .. }
                | Output::IoWrite { .. } => {}
            }
        }
        Ok(())
    }

    fn report(&mut self, report: Report) -> Result<(), Failure> {
        if report.message == self.first {
            self.end = Some(report.end);
            return Ok(());
        }
        if !matches!(report.end, End::Done { .. }) {
            Conclusion::of(self.job.program, &report.end)?.warn(self.terminal, self.job.program);
        }
        Ok(())
    }

    fn watch(&mut self, trace: Trace) {
        if trace.message == self.first {
            match trace.step {
                Step::Blocked { display, .. } => self.waits_for = Some(display),
                Step::Woken => self.waits_for = None,
                _ => {}
            }
        }
    }

    fn log(&self, log: &Log) {
        if let Log::LeftOut { left_out, .. } = log {
            let text = format!("one turn printed too much: {left_out} lines are left out");
            Complaint::new(Kind::Warning, text)
                .help(["what a turn prints waits for its end; `yield()` ends it".to_owned()])
                .say(self.terminal);
            return;
        }
        crate::output::talk(
            &self
                .terminal
                .paint(Style::Quiet, format_args!("node: {log:?}")),
        );
    }
}

/// The node's clock: zero at the start, never goes back.
#[derive(Debug)]
struct Clock(Instant);

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the driver: the core gets its time here"
    )]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> Time {
        Time(u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}
