//! How a command ends: exit codes, and failures with a kind message.

use std::process::ExitCode;

use crate::complaint::{Complaint, Kind};
use crate::output::Terminal;

/// The exit codes of `smc`, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    /// The check, the test or the program failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// A node or the network cannot be reached.
    Unreachable = 3,
    /// A deadline passed.
    Timeout = 4,
    /// A right or a quota is missing.
    Refused = 5,
    /// A bug in `smc` itself.
    Bug = 70,
    /// Ended by SIGINT.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The text of `--help` about them.
pub(crate) const HELP: &str = "\
Exit codes: 0 ok, 1 the check or the program failed, 2 usage, 3 unreachable,
4 timeout, 5 refused, 70 internal bug, 130 interrupted.";

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// One sentence without a full stop; empty if all has been said already.
    message: String,
    help: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: Vec::new(),
        }
    }

    /// The input cannot be used.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line cannot be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// All has been said; only the exit code is left.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// What went wrong, in one sentence.
    pub(crate) fn sentence(&self) -> String {
        self.message.clone()
    }

    /// Says it on standard error.
    pub(crate) fn report(self, terminal: &Terminal) -> Exit {
        if !self.message.is_empty() {
            Complaint::new(Kind::Error, self.message)
                .help(self.help)
                .say(terminal);
        }
        self.exit
    }
}
