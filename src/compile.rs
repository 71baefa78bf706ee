//! From a source file to a bundle, with everything that the compiler has to say.

use std::path::Path;

use sm_bytecode::bundle::Bundle;
use sm_compiler::check;
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::driver::{Compiled, compile};
use sm_compiler::typed;

use crate::complaint::{Complaint, Kind};
use crate::diagnostics::{self, Role};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::sources::Sources;
use crate::text;

/// A program that went through the checker.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) program: typed::Program,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: Sources,
}

/// Reads and checks a program; mistakes in it are not a failure yet.
pub(crate) fn check(path: &Path) -> Result<Checked, Failure> {
    let mut sources = Sources::open(path)?;
    let options = options(&sources);
    let check::Checked {
        program,
        diagnostics,
    } = check::check(&mut sources, &options);
    match sources.failure() {
        Some(failure) => Err(failure),
        None => Ok(Checked {
            program,
            diagnostics,
            sources,
        }),
    }
}

/// Compiles a program; mistakes are shown and end the command.
pub(crate) fn bundle(terminal: &Terminal, path: &Path) -> Result<(Bundle, Sources), Failure> {
    let mut sources = Sources::open(path)?;
    let options = options(&sources);
    let Compiled { diagnostics, code } = compile(&mut sources, &options, sm_stdlib::prebuilt());
    if let Some(failure) = sources.failure() {
        return Err(failure);
    }
    diagnostics::show(terminal, &sources, &diagnostics, Role::Talk)?;
    let Some(code) = code else {
        summary(terminal, &path.display().to_string(), &diagnostics);
        return Err(Failure::silent(Exit::Failed));
    };
    let bundle = code.bundle().ok_or_else(|| {
        Failure::failed(format!("`{}` has no function `main`", path.display()))
            .help("a program begins at `fn main() { .. }`")
    })?;
    Ok((bundle, sources))
}

fn options(sources: &Sources) -> check::Options {
    check::Options {
        root: sources.root().to_owned(),
        ..check::Options::default()
    }
}

/// `Error: 2 mistakes and 1 warning in town.sm`
pub(crate) fn summary(terminal: &Terminal, name: &str, diagnostics: &[Diagnostic]) {
    let errors = diagnostics.iter().filter(|one| one.is_error()).count();
    let warnings = text::count(diagnostics.len() - errors, "warning");
    let (kind, found) = match (errors, diagnostics.len() - errors) {
        (0, 0) => return,
        (0, _) => (Kind::Warning, warnings),
        (_, 0) => (Kind::Error, text::count(errors, "mistake")),
        (_, _) => (
            Kind::Error,
            format!("{} and {warnings}", text::count(errors, "mistake")),
        ),
    };
    Complaint::new(kind, format!("{found} in {name}")).say(terminal);
}
