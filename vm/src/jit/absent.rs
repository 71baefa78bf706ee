//! No JIT: the feature is off, or there is none for this machine.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};

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
    pub exits: Vec<(&'static str, u64)>,
}

pub(crate) type Slot = OnceLock<State>;

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
    /// Gives the program to the JIT. Answers whether there is one for this machine.
    pub fn compile_with(self: &Arc<Self>, _: Arc<dyn Executor>, _: JitOptions) -> bool {
        false
    }

    /// What the JIT did for the program, if it was given to it.
    pub fn jit_stats(&self) -> Option<JitStats> {
        None
    }
}

impl fmt::Debug for State {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}
