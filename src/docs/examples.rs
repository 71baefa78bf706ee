//! Examples in doc comments, run as tests.
//!
//! An example is the body of a function that sees all public names of the module it documents;
//! declarations in it stand beside that function. One that declares `main` is a program of its own,
//! and one that imports the module itself gets nothing beside what it imports.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use serde_json::json;
use sm_compiler::ast::{self, FileId, ItemKind, Span};
use sm_compiler::check::PRELUDE;
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::docs::{self, Example, Mode};
use sm_compiler::input::{self, PieceKind};
use sm_core::launch::LaunchLimits;
use sm_sim::{Network, NodeIx};

use super::{Book, Module};
use crate::composed::{Composed, Excerpt, Owner, Text};
use crate::conclusion::Conclusion;
use crate::diagnostics::{self, Role, line_and_column};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::network::{self, EngineChoice, Job, Tracing};
use crate::output::{self, Style, Terminal};
use crate::printing::Printing;
use crate::program::Program;
use crate::repl::compile::{Compiled, ENTRY, compile_from};
use crate::sources::Sources;
use crate::text;

/// An example with its module.
#[derive(Debug)]
pub(crate) struct Case<'b> {
    pub(crate) module: &'b Module,
    pub(crate) example: Example,
}

/// The examples of a module, in the order of its text.
pub(crate) fn doc_examples(module: &Module) -> Vec<Case<'_>> {
    let examples = docs::examples(&module.ast, &module.text, &module.name);
    let cases = examples.into_iter();
    cases.map(|example| Case { module, example }).collect()
}

/// How an example ended.
#[derive(Debug)]
pub(crate) enum Verdict {
    Passed,
    /// It is no program.
    Mistakes(Box<Sources>, Vec<Diagnostic>),
    /// It ended as it must not.
    Failed(Rc<Program>, Conclusion),
    Interrupted,
}

/// What examples need to run.
struct Runner<'a> {
    terminal: &'a Terminal,
    book: &'a Book,
    interrupt: Interrupt,
}

/// The node that examples run on: time is virtual there.
const NODE: &str = "[[node]]\nname = \"here\"\n";

impl Case<'_> {
    /// `lib.sm:12`
    pub(crate) fn place(&self) -> String {
        let (line, _) = line_and_column(&self.module.text, self.example.place.start);
        format!("{}:{line}", self.module.file)
    }

    /// Compiles and runs it.
    fn run(&self, runner: &Runner<'_>) -> Result<Verdict, Failure> {
        let Runner {
            terminal,
            book,
            interrupt,
        } = runner;
        let (composed, entry) = self.compose();
        let program = match compile_from(&book.folder, composed, entry)? {
            Compiled::Program(program, _) => program,
            Compiled::Mistakes(sources, findings) => {
                let errors = findings.into_iter().map(|finding| finding.diagnostic);
                let errors = errors.filter(Diagnostic::is_error).collect();
                return Ok(Verdict::Mistakes(Box::new(sources), errors));
            }
        };
        if self.example.mode == Mode::Check {
            return Ok(Verdict::Passed);
        }
        let job = Job {
            program: &program,
            arguments: Vec::new(),
            network: Network::parse(NODE).expect("one node is a network"),
            at: NodeIx(0),
            seed: 0,
            timeout: None,
            tracing: Tracing::Off,
            repeat: 1,
            limits: LaunchLimits::default(),
            compiler: None,
            engine: EngineChoice::Plain,
        };
        let printing = &mut Printing::Kept(Vec::new());
        let ran = network::run_until(terminal, &job, printing, interrupt.clone())?;
        let conclusion = ran.launches.into_iter().next().map(|one| one.conclusion);
        let conclusion = conclusion.expect("it was launched once");
        Ok(match conclusion {
            Conclusion::Done(_) => Verdict::Passed,
            Conclusion::Interrupted => Verdict::Interrupted,
            other => Verdict::Failed(program, other),
        })
    }

    /// The program that it stands for, and the function at which that begins.
    fn compose(&self) -> (Composed, &'static str) {
        let code = self.example.text(&self.module.text);
        let (parsed, _) = sm_compiler::parse(FileId(0), &code);
        let whole = Rc::new(Text {
            name: self.module.file.clone(),
            text: self.module.text.clone(),
        });
        let mut composed = Composed::default();
        composed.glue(Owner::Glue, &self.imports(&parsed));
        let is_program = declared(&parsed).contains("main");
        if is_program {
            self.copy(&mut composed, &whole, 0..code.len());
            return (composed, "main");
        }
        let pieces = input::pieces(&code);
        let of = |kind: PieceKind| pieces.iter().filter(move |piece| piece.kind == kind);
        for item in of(PieceKind::Item) {
            self.copy(&mut composed, &whole, item.span.range());
        }
        composed.glue(Owner::Glue, &format!("fn {ENTRY}() {{\n"));
        for statement in of(PieceKind::Statement) {
            self.copy(&mut composed, &whole, statement.span.range());
        }
        composed.glue(Owner::Glue, "}\n");
        (composed, ENTRY)
    }

    /// Copies a part of the example, line by line: between them are the marks of the comment.
    fn copy(&self, composed: &mut Composed, whole: &Rc<Text>, part: Range<usize>) {
        let mut at = 0;
        for line in &self.example.lines {
            let range = at..at + line.range().len();
            at = range.end + 1;
            let start = part.start.max(range.start);
            let end = part.end.min(range.end);
            if start > end || part.end <= range.start || part.start > range.end {
                continue;
            }
            let from = line.range().start + (start - range.start);
            let excerpt = Excerpt {
                text: whole.clone(),
                range: from..from + (end - start),
            };
            composed.verbatim(Owner::Input, &excerpt);
            composed.glue(Owner::Glue, "\n");
        }
    }

    /// The module, and its public names but for those that the example declares or imports.
    fn imports(&self, parsed: &ast::Module) -> String {
        let import = &self.module.import;
        let is_own = |item: &ast::Item| match &item.kind {
            ItemKind::Import(written) => {
                let segments = written.path.segments.iter().map(|part| &*part.name);
                let path = segments.collect::<Vec<_>>().join("/");
                import.trim_start_matches("./") == path
            }
            _ => false,
        };
        if import == PRELUDE || parsed.items.iter().any(is_own) {
            return String::new();
        }
        let taken = declared(parsed);
        let public = self.module.ast.items.iter();
        let public = public.filter(|item| item.visibility.is_public());
        let names: BTreeSet<String> = public.filter_map(name_of).collect();
        let names: Vec<String> = names.difference(&taken).cloned().collect();
        match names.is_empty() {
            true => format!("import {import}\n"),
            false => format!(
                "import {import}\nimport {import} {{ {} }}\n",
                names.join(", ")
            ),
        }
    }
}

/// What a module declares and imports by name.
fn declared(module: &ast::Module) -> BTreeSet<String> {
    let own = module.items.iter().filter_map(name_of);
    let imported = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => import.names.as_ref(),
        _ => None,
    });
    let imported = imported.flatten().map(|one| {
        let name = one.alias.as_ref().unwrap_or(&one.name);
        name.to_string()
    });
    own.chain(imported).collect()
}

fn name_of(item: &ast::Item) -> Option<String> {
    let name = match &item.kind {
        ItemKind::Fn(decl) => &decl.name,
        ItemKind::Tag(decl) => &decl.name,
        ItemKind::Const(decl) => &decl.name,
        ItemKind::Struct(decl) => &decl.name,
        ItemKind::Enum(decl) => &decl.name,
        _ => return None,
    };
    Some(name.to_string())
}

/// What came of all examples.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) examples: usize,
    /// Names and places of those that failed.
    pub(crate) failed: Vec<(String, String)>,
    interrupted: bool,
}

/// Runs all examples of a book, and shows what is wrong with them there where they stand.
pub(crate) fn run(terminal: &Terminal, book: &Book) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let runner = Runner {
        terminal,
        book,
        interrupt: Interrupt::listen()?,
    };
    for case in book.modules.iter().flat_map(doc_examples) {
        tally.examples += 1;
        match case.run(&runner)? {
            Verdict::Passed => continue,
            Verdict::Interrupted => {
                tally.interrupted = true;
                return Ok(tally);
            }
            Verdict::Mistakes(sources, errors) => {
                case.announce(terminal);
                let errors: Vec<Diagnostic> = errors
                    .into_iter()
                    .map(|one| case.within(&sources, one))
                    .collect();
                diagnostics::show(terminal, &sources, &errors, Role::Talk)?;
            }
            Verdict::Failed(program, conclusion) => {
                case.announce(terminal);
                conclusion.show(terminal, &program)?;
            }
        }
        tally.failed.push((case.example.name.clone(), case.place()));
    }
    Ok(tally)
}

impl Case<'_> {
    fn announce(&self, terminal: &Terminal) {
        let place = terminal.paint(Style::Name, self.place());
        output::talk(&format!(
            "{place}: the example of `{}` fails",
            self.example.name
        ));
    }

    /// What is said about text that nobody wrote is said where the example begins.
    fn within(&self, sources: &Sources, mut diagnostic: Diagnostic) -> Diagnostic {
        let file = diagnostic.primary.file;
        if file == FileId(0) {
            let own = sources.file_named(&self.module.file);
            diagnostic.primary.file = own.unwrap_or(file);
            diagnostic.primary.span = Span::new(self.example.place.start, self.example.place.end);
        }
        diagnostic
    }
}

impl Tally {
    pub(crate) fn exit(&self) -> Exit {
        match (self.interrupted, self.failed.is_empty()) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Ok,
            (false, false) => Exit::Failed,
        }
    }

    /// `12 examples, 1 fails`
    /// Says what came of them; `as_json` in one object on standard output.
    pub(crate) fn tell(&self, as_json: bool) -> Result<(), Failure> {
        if !as_json {
            output::talk(&self.sentence());
            return Ok(());
        }
        let failed = self.failed.iter();
        let failed = failed.map(|(name, place)| json!({ "name": name, "place": place }));
        let failed: Vec<_> = failed.collect();
        output::line(json!({ "examples": self.examples, "failed": failed }))
    }

    fn sentence(&self) -> String {
        let examples = text::count(self.examples, "example");
        match (self.interrupted, self.failed.len()) {
            (true, _) => format!("{examples}, then interrupted"),
            (_, 0) if self.examples == 0 => "no examples".to_owned(),
            (_, 0) if self.examples == 1 => "1 example, it passes".to_owned(),
            (_, 0) => format!("{examples}, all pass"),
            (_, 1) => format!("{examples}, 1 fails"),
            (_, failed) => format!("{examples}, {failed} fail"),
        }
    }
}
