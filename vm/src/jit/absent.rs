//! No JIT: the feature is off, or there is none for this machine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use crate::interp::{Interp, Stop};
use crate::op::{Code, Side};
use crate::program::Program;

/// Who would run compilations.
pub trait Executor: Send + Sync {
    /// Runs the job.
    fn execute(&self, job: Job);
}

/// Compiles at once, where there is a compiler.
#[derive(Clone, Copy, Debug)]
pub struct AtOnce;

impl Executor for AtOnce {
    fn execute(&self, job: Job) {
        job.run();
    }
}

/// One compilation: there is none.
#[derive(Debug)]
pub struct Job(Infallible);

impl Job {
    /// Compiles.
    pub fn run(self) {
        match self.0 {}
    }
}

/// When to compile, and how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JitOptions {
    /// The fuel that the machines of a program use together before anything is counted.
    pub cold: u64,
    /// How often a function is called, or a loop run through, before it is compiled.
    pub threshold: u32,
    /// The most bytes of native code of one program.
    pub code_bytes: usize,
    /// The most instructions of a function that is compiled.
    pub instructions: usize,
}

/// What was compiled of a program, and how it is used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JitStats {
    /// Functions, and copies of functions that begin at a loop.
    pub functions: u64,
    /// The bytes of their code.
    pub code_bytes: u64,
    /// How often the interpreter entered native code.
    pub entries: u64,
    /// How often native code handed over to it, by reason.
    pub exits: BTreeMap<&'static str, u64>,
}

impl JitStats {
    /// Adds those of another program.
    pub fn add(&mut self, other: &JitStats) {
        self.functions += other.functions;
        self.code_bytes += other.code_bytes;
        self.entries += other.entries;
        for (reason, count) in &other.exits {
            *self.exits.entry(reason).or_default() += count;
        }
    }
}

impl JitOptions {
    /// Everything is compiled before it runs for the first time.
    pub const EAGER: JitOptions = JitOptions {
        cold: 0,
        threshold: 1,
        code_bytes: 8 << 20,
        instructions: 10_000,
    };
}

/// A compiler for programs: there is none.
#[derive(Clone, Debug)]
pub struct Jit(Infallible);

impl Jit {
    /// One for this machine, if there is one.
    pub fn new(_: Arc<dyn Executor>, _: JitOptions) -> Option<Jit> {
        None
    }

    /// Compiles what runs hot of the program from now on.
    pub fn attach(&self, _: &Arc<Program>) {
        match self.0 {}
    }
}

/// What a program has of the JIT.
#[derive(Debug, Default)]
pub(crate) struct Slot;

impl Slot {
    pub(crate) fn state(&self, _: &Arc<Program>) -> Option<&State> {
        None
    }

    pub(crate) fn ran(&self, _: u64) {}
}

/// What a program never has.
pub(crate) struct State {
    pub(crate) code: Vec<Code>,
    never: Infallible,
}

/// A place that is in no program.
pub(crate) struct Site {
    pub(crate) original: Code,
}

#[derive(Debug, Default)]
pub(crate) struct Scratch;

impl Scratch {
    pub(crate) fn is_running(&self) -> bool {
        false
    }
}

/// How an activation would end.
#[expect(dead_code, reason = "there is no native code to end")]
pub(crate) enum Ended {
    Returned,
    Exited,
    Refused,
}

impl State {
    pub(crate) fn site(&self, _: Side) -> &Site {
        match self.never {}
    }

    pub(crate) fn at_site(&self, _: Side) -> Option<Infallible> {
        match self.never {}
    }
}

impl Interp<'_> {
    pub(crate) fn enter_native(
        &mut self,
        state: &State,
        _: Side,
        _: Infallible,
    ) -> Result<Ended, Stop> {
        match state.never {}
    }
}

impl Program {
    /// What the JIT did for the program.
    pub fn jit_stats(&self) -> JitStats {
        JitStats::default()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}
