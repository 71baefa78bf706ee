//! No JIT: the feature is off, or there is none for this machine.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::interp::{Interp, Stop};
use crate::op::{Code, Side};
use crate::program::Program;

mod options;

pub use options::{AtOnce, Busy, Executor, JitOptions, JitStats};

/// One compilation: there is none.
#[derive(Debug)]
pub struct Job(Infallible);

impl Job {
    /// Compiles.
    pub fn run(self) {
        match self.0 {}
    }
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

    /// The memory that the native code of all programs takes now.
    pub fn code_memory(&self) -> usize {
        match self.0 {}
    }
}

/// What a program has of the JIT.
#[derive(Debug, Default)]
pub(crate) struct Slot(());

impl Slot {
    pub(crate) fn state(&self, _: &Arc<Program>) -> Option<&State> {
        None
    }

    pub(crate) fn stretch(&self, _: &Program, fuel: i64) -> i64 {
        fuel
    }
}

/// Measures nothing.
#[derive(Debug)]
pub(crate) struct Meter;

impl Meter {
    pub(crate) fn new(_: i64) -> Meter {
        Meter
    }

    pub(crate) fn pay(&mut self, _: &Slot, _: i64) {}
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
pub(crate) struct Scratch<'m>(PhantomData<&'m ()>);

impl Scratch<'_> {
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

    pub(crate) fn at_site(&self, _: Side, _: &mut Meter, _: i64) -> Option<Infallible> {
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
