//! How a command ends: exit codes, and failures with a kind message.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sm_compiler::diagnostic::Diagnostic;

use crate::complaint::{Complaint, Kind};
use crate::diagnostics::{self, Role};
use crate::output::Terminal;
use crate::sources::Sources;

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
    /// What was found in a file, if that is why.
    found: Option<Box<Found>>,
}

/// What is wrong with a file that is no program.
#[derive(Debug)]
struct Found {
    file: PathBuf,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl Found {
    fn show(self, terminal: &Terminal, role: Role) -> Result<(), Failure> {
        let sources = Sources::text(&self.file.display().to_string(), &self.text);
        diagnostics::show(terminal, &sources, &self.diagnostics, role)
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: Vec::new(),
            found: None,
        }
    }

    /// This is wrong with a file that is no program.
    pub(crate) fn found(file: &Path, text: String, diagnostics: Vec<Diagnostic>) -> Self {
        let file = file.to_owned();
        Self {
            found: Some(Box::new(Found {
                file,
                text,
                diagnostics,
            })),
            ..Self::silent(Exit::Failed)
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

    /// Whether this is no failure: nobody reads any more.
    pub(crate) fn is_silent_end(&self) -> bool {
        self.exit == Exit::Ok
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
        self.report_as(terminal, Role::Talk)
    }

    /// Says it; diagnostics may be what the command was asked for.
    pub(crate) fn report_as(self, terminal: &Terminal, role: Role) -> Exit {
        if let Some(found) = self.found
            && let Err(failure) = found.show(terminal, role)
        {
            return failure.exit;
        }
        if !self.message.is_empty() {
            Complaint::new(Kind::Error, self.message)
                .help(self.help)
                .say(terminal);
        }
        self.exit
    }
}
