//! From source text to a program that can run, in one call.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::FileId;
use crate::check::{self, Checked, Loader, PRELUDE, Source};
use crate::diagnostic::{Diagnostic, has_errors};
use crate::lower::{Lowered, PrebuiltModule, lower};
use crate::outline::Outline;

/// What came out of a compilation.
#[derive(Debug)]
pub struct Compiled {
    /// All there is to say, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The code; `None` where one of the diagnostics is an error.
    pub code: Option<Lowered>,
}

/// Compiles the module `options.root` and all it imports. Modules of the library that are
/// `prebuilt` from the same text are not compiled again.
pub fn compile(
    loader: &mut dyn Loader,
    options: &check::Options,
    prebuilt: &[PrebuiltModule],
) -> Compiled {
    let mut recorder = Recorder {
        loader,
        sources: BTreeMap::new(),
    };
    let Checked {
        program,
        mut diagnostics,
    } = check(&mut recorder, options, prebuilt);
    if has_errors(&diagnostics) {
        return Compiled {
            diagnostics,
            code: None,
        };
    }
    let sources = recorder.sources.into_values().flatten();
    let texts: BTreeMap<FileId, Arc<str>> =
        sources.map(|source| (source.file, source.text)).collect();
    let text_of = |file: FileId| texts.get(&file).map_or("", |text| &**text);
    let mut code = lower(&program, text_of, prebuilt, options.plain);
    diagnostics.append(&mut code.diagnostics);
    let code = (!has_errors(&diagnostics)).then_some(code);
    Compiled { diagnostics, code }
}

/// Checks a program: against the outline of the prelude if there is nothing to say about it.
fn check(
    recorder: &mut Recorder<'_>,
    options: &check::Options,
    prebuilt: &[PrebuiltModule],
) -> Checked {
    let prelude = outlined(recorder, options, prebuilt);
    let checked = prelude.and_then(|prelude| check::check_against(recorder, options, prelude));
    checked.unwrap_or_else(|| check::check(recorder, options))
}

/// The outline of the prelude, where it may be used.
fn outlined<'p>(
    recorder: &mut Recorder<'_>,
    options: &check::Options,
    prebuilt: &'p [PrebuiltModule],
) -> Option<&'p Outline> {
    let known = prebuilt.iter().find(|module| module.path() == PRELUDE)?;
    let is_same = *recorder.load(PRELUDE)?.text == *known.source();
    (is_same && options.root != PRELUDE).then(|| known.outline())
}

/// Keeps the texts that another loader gives: each is asked for once, and lines are counted in
/// them.
struct Recorder<'l> {
    loader: &'l mut dyn Loader,
    sources: BTreeMap<String, Option<Source>>,
}

impl Loader for Recorder<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        if let Some(known) = self.sources.get(path) {
            return known.clone();
        }
        let source = self.loader.load(path);
        self.sources.insert(path.to_owned(), source.clone());
        source
    }

    fn library(&self) -> Vec<&str> {
        self.loader.library()
    }

    fn is_there(&self, path: &str) -> bool {
        self.loader.is_there(path)
    }

    fn is_library(&self, path: &str) -> bool {
        self.loader.is_library(path)
    }
}
