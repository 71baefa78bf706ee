//! The tests of a file, compiled.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use sm_compiler::ast::TestKind;
use sm_compiler::check::Options;
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::driver::compile;
use sm_sim::Package;

use crate::compile;
use crate::diagnostics::{self, Role, line_and_column};
use crate::exit::Failure;
use crate::output::Terminal;
use crate::program::Program;
use crate::sources::Sources;

/// The blocks of one kind in a file.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) file: PathBuf,
    pub(crate) blocks: Vec<Block>,
}

/// A `test` or a `bench`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// Where the name stands, from 1.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) program: Program,
    pub(crate) code: Arc<Package>,
    /// Where its file lies: paths in it are seen from there.
    pub(crate) folder: Arc<Path>,
}

/// Which blocks are wanted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) kind: TestKind,
    pub(crate) filter: Option<&'a str>,
    pub(crate) exact: bool,
}

impl Wanted<'_> {
    fn wants(&self, name: &str) -> bool {
        match self.filter {
            None => true,
            Some(filter) if self.exact => name == filter,
            Some(filter) => name.contains(filter),
        }
    }
}

impl Suite {
    /// Compiles a file. `None` if it has mistakes, which are shown.
    pub(crate) fn open(
        terminal: &Terminal,
        file: &Path,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Self>, Failure> {
        let mut sources = Sources::open(file)?;
        let options = Options {
            root: sources.root().to_owned(),
            ..Options::default()
        };
        let compiled = compile(&mut sources, &options, sm_stdlib::prebuilt());
        if let Some(failure) = sources.failure() {
            return Err(failure);
        }
        let Some(code) = compiled.code else {
            let mistakes: Vec<Diagnostic> = compiled
                .diagnostics
                .into_iter()
                .filter(Diagnostic::is_error)
                .collect();
            diagnostics::show(terminal, &sources, &mistakes, Role::Data)?;
            compile::summary(terminal, &file.display().to_string(), &mistakes);
            return Ok(None);
        };
        let folder: Arc<Path> = file.parent().unwrap_or(Path::new("")).into();
        let sources = Rc::new(sources);
        let tests = code.tests.iter();
        let tests = tests.filter(|test| test.kind == wanted.kind && wanted.wants(&test.name));
        let blocks = tests.map(|test| {
            let bundle = code.test_bundle(test).ok_or_else(incomplete)?;
            let text = sources.module_text(sources.root()).unwrap_or_default();
            let (line, column) = line_and_column(text, test.span.start);
            Ok(Block {
                name: test.name.to_string(),
                line,
                column,
                code: Arc::new(Package::new(&bundle)),
                program: Program::shared(bundle, sources.clone()),
                folder: folder.clone(),
            })
        });
        Ok(Some(Self {
            file: file.to_owned(),
            blocks: blocks.collect::<Result<_, Failure>>()?,
        }))
    }
}

fn incomplete() -> Failure {
    Failure::failed("the compiler left out a part of a test")
}
