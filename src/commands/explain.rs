//! `smc explain`: the page of a diagnostic's code, or of a trap.

use sm_bytecode::TrapKind;
use sm_compiler::diagnostic;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::text;
use crate::traps;

/// Explain a diagnostic by its code, such as SM0101, or a trap by its name
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The code, with or without `SM`, or the name of a trap; nothing for a list of all.
    code: Option<String>,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        match &self.code {
            Some(name) => page(name)?,
            None => list()?,
        }
        Ok(Exit::Ok)
    }
}

fn page(name: &str) -> Result<(), Failure> {
    if let Some(info) = diagnostic::explain(&as_code(name)) {
        let page = info.page.trim_end();
        return output::line(format_args!("{}: {}\n\n{page}", info.code, info.title));
    }
    let is_meant = |kind: &&TrapKind| kind.name().eq_ignore_ascii_case(name);
    let Some(kind) = TrapKind::ALL.iter().find(is_meant) else {
        return Err(unknown(name));
    };
    let page = traps::page(*kind).trim_end();
    output::line(format_args!("{}: {kind}\n\n{page}", kind.name()))
}

/// `301` is SM0301.
fn as_code(name: &str) -> String {
    match name.parse::<u16>() {
        Ok(number) if name.len() <= 4 => format!("SM{number:04}"),
        _ => name.to_owned(),
    }
}

fn list() -> Result<(), Failure> {
    let codes = diagnostic::TABLE.iter();
    let codes = codes.map(|info| format!("{}  {}", info.code, info.title));
    let traps = TrapKind::ALL.iter();
    let traps = traps.map(|kind| format!("{}  {kind}", kind.name()));
    output::line(codes.chain(traps).collect::<Vec<_>>().join("\n"))
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::usage(format!("there is no diagnostic code and no trap `{name}`"));
    let codes = diagnostic::TABLE.iter().map(|info| info.code.as_str());
    let near = text::nearest(&as_code(name).to_uppercase(), codes).or_else(|| {
        let small = name.to_lowercase();
        let traps = TrapKind::ALL.iter().map(|kind| kind.name());
        let near = traps
            .map(|trap| (trap.to_lowercase(), trap))
            .collect::<Vec<_>>();
        let found = text::nearest(&small, near.iter().map(|(small, _)| small.as_str()))?;
        near.iter()
            .find(|(small, _)| small == found)
            .map(|(_, trap)| *trap)
    });
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`smc explain` lists all codes and traps"),
    }
}
