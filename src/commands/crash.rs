//! `smc crash`: shows what an internal bug looks like; the tests look at it.

use crate::exit::{Exit, Failure};

/// Panic on purpose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

impl Options {
    #[expect(clippy::panic, reason = "it is what the command is for")]
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        panic!("asked for with `smc crash`");
    }
}
