//! The test that runs on this thread.
//!
//! An engine is a type without values, so what it answers with has to be found by the thread it
//! runs on. Each test has a thread to itself from [`enter`] to [`Stage::leave`].

use std::cell::RefCell;

use super::measure::Measured;
use super::nets::Nets;

thread_local! {
    static STAGE: RefCell<Option<Props>> = const { RefCell::new(None) };
}

/// What belongs to the test that runs.
#[derive(Debug)]
pub(super) struct Props {
    pub(super) nets: Nets,
    /// The message that runs the test; its children have no networks of their own.
    pub(super) first: Option<[u8; 32]>,
    /// What the program said about its trap, in full.
    pub(super) message: Option<String>,
    /// Lines of the test and of its networks, in the order in which they were printed.
    pub(super) output: Vec<String>,
    pub(super) mode: Mode,
    /// The answer to the last question.
    pub(super) answer: Vec<u8>,
}

/// What the block is run for.
#[derive(Debug)]
pub(super) enum Mode {
    /// To see that it holds.
    Test,
    /// To see how long it takes: for about so many nanoseconds.
    Bench {
        nanos: u64,
        measured: Option<Measured>,
    },
}

/// The most lines that are kept of a test.
const LINES: usize = 10_000;

impl Props {
    pub(super) fn print(&mut self, line: &str) {
        if self.output.len() < LINES {
            self.output.push(line.to_owned());
        }
    }

    /// Takes over what was printed in the networks.
    pub(super) fn hear(&mut self) {
        let lines = std::mem::take(&mut self.nets.lines);
        lines.iter().for_each(|line| self.print(line));
    }
}

/// A stage that is set, until it is left or dropped.
#[derive(Debug)]
pub(super) struct Stage;

/// Sets the stage of this thread.
pub(super) fn enter(props: Props) -> Stage {
    STAGE.with(|stage| stage.replace(Some(props)));
    Stage
}

/// What is on the stage of this thread.
pub(super) fn with<T>(act: impl FnOnce(&mut Props) -> T) -> Option<T> {
    STAGE.with(|stage| stage.borrow_mut().as_mut().map(act))
}

impl Stage {
    /// Clears the stage.
    pub(super) fn leave(self) -> Props {
        let props = STAGE.with(RefCell::take);
        props.expect("it was set when the stage was entered, and nobody else takes it")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        STAGE.with(RefCell::take);
    }
}
