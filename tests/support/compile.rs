//! From a case's file to a program that can be run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, VerifiedGroup};
use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::diagnostic::Diagnostic;
use sm_compiler::driver::{Compiled, compile};
use sm_vm::{CodePlace, Data, Program, TrapReport};

/// A compiled case.
pub(crate) struct Ready {
    /// `SM0301 at 5`, in the order of the source.
    pub(crate) diagnostics: Vec<String>,
    /// Absent if there are errors, or no `main`.
    pub(crate) program: Option<Arc<Program>>,
    pub(crate) bundle: Option<Bundle>,
}

/// Compiles, verifies and links one file with what it imports.
pub(crate) fn file(path: &Path) -> Ready {
    compiled(files_of(path), false)
}

/// The same, with all code left as it is lowered.
#[allow(dead_code, reason = "most tests want what everybody gets")]
pub(crate) fn file_plain(path: &Path) -> Ready {
    compiled(files_of(path), true)
}

fn files_of(path: &Path) -> Files {
    let text = fs::read_to_string(path).expect("a case is text");
    let folder = path.parent().expect("a file is in a folder").to_owned();
    Files {
        root: text,
        modules: Modules::In(folder),
        texts: Vec::new(),
    }
}

/// Compiles, verifies and links a text and the modules beside it, by their paths.
pub(crate) fn source(text: &str, modules: &[(&str, String)]) -> Ready {
    compiled(files_with(text, modules), false)
}

/// As [`source`], with all code left as it is lowered.
#[allow(dead_code, reason = "most tests want what everybody gets")]
pub(crate) fn source_plain(text: &str, modules: &[(&str, String)]) -> Ready {
    compiled(files_with(text, modules), true)
}

fn files_with(text: &str, modules: &[(&str, String)]) -> Files {
    let modules = modules.iter();
    let modules = modules.map(|(path, text)| ((*path).to_owned(), text.clone()));
    Files {
        root: text.to_owned(),
        modules: Modules::Texts(modules.collect()),
        texts: Vec::new(),
    }
}

fn compiled(mut files: Files, plain: bool) -> Ready {
    let options = check::Options {
        root: ROOT.to_owned(),
        plain,
        ..check::Options::default()
    };
    let Compiled { diagnostics, code } = compile(&mut files, &options, &[]);
    let diagnostics = diagnostics.iter().map(|one| files.show(one)).collect();
    let Some(code) = code else {
        return Ready {
            diagnostics,
            program: None,
            bundle: None,
        };
    };
    let bundle = code.bundle();
    Ready {
        diagnostics,
        program: bundle.as_ref().map(link),
        bundle,
    }
}

/// Through its bytes, as it would come from a file or a neighbor.
fn link(bundle: &Bundle) -> Arc<Program> {
    let bundle = Bundle::decode(&bundle.encode()).expect("a bundle reads back");
    let bricks: BTreeMap<BrickHash, Arc<VerifiedGroup>> = bundle
        .bricks
        .into_iter()
        .map(|brick| VerifiedGroup::new(brick).expect("the compiler's bricks verify"))
        .map(|brick| (brick.hash(), Arc::new(brick)))
        .collect();
    Program::link(&bundle.program, &bundle.modules, |hash| {
        bricks.get(hash).cloned()
    })
    .expect("the compiler's bricks fit together")
}

impl Ready {
    /// A result as the language writes it.
    pub(crate) fn show(&self, data: &Data) -> String {
        self.show_bytes(&data.bytes)
    }

    pub(crate) fn show_bytes(&self, bytes: &[u8]) -> String {
        let bundle = self.bundle.as_ref().expect("it was run");
        let entry = bundle.program.entry;
        let index = bundle
            .program
            .bricks
            .binary_search(&entry.brick)
            .expect("the entry's brick");
        let group = &bundle.bricks[index];
        let result = group.functions[usize::from(entry.function)].result;
        let value = sm_vm::value::decode(bytes, &group.types, result);
        value.expect("the result is of its type").to_string()
    }

    /// The line of the innermost call that is not in the library.
    pub(crate) fn line(&self, report: &TrapReport) -> Option<u32> {
        let calls = self.calls(report);
        let own = calls.into_iter().find(|call| call.file == ROOT)?;
        Some(own.line)
    }

    /// The calls that led to a trap, the innermost first.
    pub(crate) fn calls(&self, report: &TrapReport) -> Vec<Call<'_>> {
        let debug = self.bundle.iter().flat_map(|bundle| &bundle.debug);
        let calls_in = |frame: &CodePlace| {
            debug.clone().find_map(|blob| {
                let function = blob.function(&frame.at.brick, frame.at.function)?;
                let calls = function.calls(frame.pc).map(|(function, position)| Call {
                    function,
                    file: blob.file(position).unwrap_or_default(),
                    line: position.line,
                });
                Some(calls.collect::<Vec<_>>())
            })
        };
        report
            .frames
            .iter()
            .filter_map(calls_in)
            .flatten()
            .collect()
    }

    /// The names of all functions.
    #[allow(dead_code, reason = "one of those who use this module wants them")]
    pub(crate) fn functions(&self) -> BTreeSet<&str> {
        let debug = self.bundle.iter().flat_map(|bundle| &bundle.debug);
        let functions = debug
            .flat_map(|blob| &blob.groups)
            .flat_map(|group| &group.functions);
        functions.map(|function| &*function.name).collect()
    }
}

/// A call on the way to a trap.
pub(crate) struct Call<'r> {
    #[allow(dead_code, reason = "one of those who use this module wants it")]
    pub(crate) function: &'r str,
    file: &'r str,
    line: u32,
}

/// What the compiler calls the case itself.
const ROOT: &str = "./case";

/// Where the modules of a program are that are not of the library.
enum Modules {
    In(PathBuf),
    Texts(BTreeMap<String, String>),
}

struct Files {
    root: String,
    modules: Modules,
    texts: Vec<String>,
}

impl Files {
    fn show(&self, diagnostic: &Diagnostic) -> String {
        let text = &self.texts[diagnostic.primary.file.0 as usize];
        let before = &text.as_bytes()[..diagnostic.primary.span.start as usize];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{} at {line}", diagnostic.code)
    }
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text = if path == ROOT {
            self.root.clone()
        } else if path.starts_with('.') {
            match &self.modules {
                Modules::In(folder) => {
                    fs::read_to_string(folder.join(path).with_extension("sm")).ok()?
                }
                Modules::Texts(texts) => texts.get(path)?.clone(),
            }
        } else {
            sm_stdlib::source(path)?.to_owned()
        };
        let file = FileId(u32::try_from(self.texts.len()).expect("few files"));
        self.texts.push(text.clone());
        Some(Source {
            file,
            text: text.as_str().into(),
        })
    }
}
