//! From source text to a program that can run, in one call.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::FileId;
use crate::check::{self, Checked, Loader, Source};
use crate::diagnostic::{Diagnostic, has_errors};
use crate::lower::{Lowered, PrebuiltModule, lower};

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
        texts: BTreeMap::new(),
    };
    let Checked {
        program,
        mut diagnostics,
    } = check::check(&mut recorder, options);
    if has_errors(&diagnostics) {
        return Compiled {
            diagnostics,
            code: None,
        };
    }
    let texts = recorder.texts;
    let text_of = |file: FileId| texts.get(&file).map_or("", |text| &**text);
    let mut code = lower(&program, text_of, prebuilt, options.plain);
    diagnostics.append(&mut code.diagnostics);
    let code = (!has_errors(&diagnostics)).then_some(code);
    Compiled { diagnostics, code }
}

/// Keeps the texts that another loader gives: lines are counted in them.
struct Recorder<'l> {
    loader: &'l mut dyn Loader,
    texts: BTreeMap<FileId, Arc<str>>,
}

impl Loader for Recorder<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        let source = self.loader.load(path)?;
        self.texts.insert(source.file, source.text.clone());
        Some(source)
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
