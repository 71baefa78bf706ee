//! `smc explain`: the page of a diagnostic's code.

use sm_compiler::diagnostic;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::text;

/// Explain a diagnostic by its code, such as SM0101
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The code, or nothing for a list of all.
    code: Option<String>,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        match &self.code {
            Some(code) => page(code)?,
            None => list()?,
        }
        Ok(Exit::Ok)
    }
}

fn page(name: &str) -> Result<(), Failure> {
    let Some(info) = diagnostic::explain(name) else {
        return Err(unknown(name));
    };
    output::line(format_args!(
        "{}: {}\n\n{}",
        info.code,
        info.title,
        info.page.trim_end()
    ))
}

fn list() -> Result<(), Failure> {
    let lines: Vec<String> = diagnostic::TABLE
        .iter()
        .map(|info| format!("{}  {}", info.code, info.title))
        .collect();
    output::line(lines.join("\n"))
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::usage(format!("there is no diagnostic code `{name}`"));
    let codes = diagnostic::TABLE.iter().map(|info| info.code.as_str());
    match text::nearest(&name.to_uppercase(), codes) {
        Some(code) => failure.help(format!("did you mean `{code}`?")),
        None => failure.help("`smc explain` lists all codes"),
    }
}
