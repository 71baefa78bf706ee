//! What a session hands to the compiler, and what the compiler says, there where it was written.

use std::path::Path;
use std::rc::Rc;

use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Options};
use sm_compiler::diagnostic::{Diagnostic, Label, code};
use sm_compiler::driver;
use sm_compiler::typed;

use crate::composed::{Composed, Owner};
use crate::exit::Failure;
use crate::program::Program;
use crate::sources::Sources;

/// The function at which an input begins, and the module that it is in.
pub(crate) const ENTRY: &str = "__input";
const ROOT: &str = "./repl";

/// Something that the compiler has to say.
#[derive(Debug)]
pub(crate) struct Finding {
    /// On whose behalf the text is there that it is about; `None`: it is in another file.
    pub(crate) owner: Option<Owner>,
    pub(crate) diagnostic: Diagnostic,
}

impl Finding {
    pub(crate) fn is_error(&self) -> bool {
        self.diagnostic.is_error()
    }

    /// Whether it is about what was written just now.
    pub(crate) fn is_news(&self) -> bool {
        self.owner == Some(Owner::Input)
    }
}

/// A text that went through the checker.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) program: typed::Program,
    pub(crate) findings: Vec<Finding>,
    pub(crate) sources: Sources,
}

/// Checks a text; imports beside it are looked for in `folder`.
pub(crate) fn check(folder: &Path, composed: Composed) -> Result<Checked, Failure> {
    let mut sources = Sources::compose(folder, ROOT, composed);
    let check::Checked {
        program,
        diagnostics,
    } = check::check(&mut sources as &mut dyn Loader, &options());
    if let Some(failure) = sources.failure() {
        return Err(failure);
    }
    Ok(Checked {
        program,
        findings: findings(&sources, diagnostics),
        sources,
    })
}

/// A text that went through the whole compiler.
#[derive(Debug)]
pub(crate) enum Compiled {
    Program(Rc<Program>, Vec<Finding>),
    Mistakes(Sources, Vec<Finding>),
}

pub(crate) fn compile(folder: &Path, composed: Composed) -> Result<Compiled, Failure> {
    compile_from(folder, composed, ENTRY)
}

/// Compiles a text that begins at this function.
pub(crate) fn compile_from(
    folder: &Path,
    composed: Composed,
    entry: &str,
) -> Result<Compiled, Failure> {
    let mut sources = Sources::compose(folder, ROOT, composed);
    let options = Options {
        entry: entry.to_owned(),
        ..options()
    };
    let compiled = driver::compile(&mut sources, &options, sm_stdlib::prebuilt());
    if let Some(failure) = sources.failure() {
        return Err(failure);
    }
    let findings = findings(&sources, compiled.diagnostics);
    Ok(match compiled.code.and_then(|code| code.bundle()) {
        Some(bundle) => Compiled::Program(Rc::new(Program::new(bundle, sources)), findings),
        None => Compiled::Mistakes(sources, findings),
    })
}

fn options() -> Options {
    Options {
        root: ROOT.to_owned(),
        entry: ENTRY.to_owned(),
        ..Options::default()
    }
}

fn findings(sources: &Sources, diagnostics: Vec<Diagnostic>) -> Vec<Finding> {
    let finding = |mut diagnostic: Diagnostic| {
        if diagnostic.is_error() && owner(sources, &diagnostic.primary) == Some(Owner::Glue) {
            let span = diagnostic.primary.span;
            let before = sources.composed().and_then(|whole| whole.end_before(span));
            diagnostic.primary.span = before.unwrap_or(span);
        }
        Finding {
            owner: owner(sources, &diagnostic.primary),
            diagnostic: relocated(sources, diagnostic),
        }
    };
    diagnostics.into_iter().map(finding).collect()
}

fn owner(sources: &Sources, label: &Label) -> Option<Owner> {
    let composed = sources.composed().filter(|_| label.file == FileId(0))?;
    Some(composed.owner(label.span))
}

/// The same about the texts that people wrote. What points at glue is left out.
fn relocated(sources: &Sources, mut diagnostic: Diagnostic) -> Diagnostic {
    let file = diagnostic.primary.file;
    let moved = |label: &Label| {
        let (file, span) = sources.origin(label.file, label.span)?;
        Some(Label::new(file, span, label.text.clone()))
    };
    for fix in &mut diagnostic.fixes {
        for edit in &mut fix.edits {
            if let Some((_, span)) = sources.origin(file, edit.span) {
                edit.span = span;
            }
        }
    }
    diagnostic.labels = diagnostic.labels.iter().filter_map(moved).collect();
    if let Some(primary) = moved(&diagnostic.primary) {
        diagnostic.primary = primary;
    }
    diagnostic
}

/// Warnings that make no sense at a prompt, where there is always a next input.
pub(crate) fn is_about_use(diagnostic: &Diagnostic) -> bool {
    [code::UNUSED_IMPORT, code::UNUSED_ITEM].contains(&diagnostic.code)
}

/// Warnings about a binding of which it is too early to say how it is used.
pub(crate) fn is_about_binding(diagnostic: &Diagnostic) -> bool {
    [code::UNUSED_VARIABLE, code::NEVER_ASSIGNED].contains(&diagnostic.code)
}
