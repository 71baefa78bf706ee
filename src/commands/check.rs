//! `smc check`: what is wrong with programs, without running them.

use std::path::PathBuf;

use sm_compiler::diagnostic::has_errors;

use crate::compile;
use crate::diagnostics::{self, Role};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;

/// Check programs without running them.
///
/// With --message-format json the findings go to standard output, one object a line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Programs (.sm).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Options {
    /// All files are checked, whatever is wrong with the first.
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let mut exit = Exit::Ok;
        for path in &self.files {
            match compile::check(path) {
                Ok(checked) => {
                    let found = &checked.diagnostics;
                    diagnostics::show(terminal, &checked.sources, found, Role::Data)?;
                    compile::summary(terminal, &path.display().to_string(), found);
                    if has_errors(found) {
                        exit = Exit::Failed;
                    }
                }
                Err(failure) => {
                    let code = failure.report(terminal);
                    if exit == Exit::Ok {
                        exit = code;
                    }
                }
            }
        }
        Ok(exit)
    }
}
