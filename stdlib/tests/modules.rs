//! Runs the library: every `test` block of its modules and of the cases beside this file, and every
//! example in its doc comments. Each runs plainly, and captured and restored on the way.

#[path = "../../tests/support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{BrickHash, VerifiedGroup};
use sm_compiler::ast::{FileId, ItemKind};
use sm_compiler::check::{Loader, Options, Source};
use sm_compiler::driver::compile;
use sm_compiler::parse;
use sm_vm::{Program, TrapReport};
use world::{End, Engine, Plan};

/// What the compiler calls the program under test.
const ROOT: &str = "./root";

/// A program that uses less fuel is captured at every safepoint.
const SHORT: u64 = 100_000;

/// A longer program is captured about so many times.
const CAPTURES: u64 = 3_000;

#[test]
fn test_blocks_pass() {
    let mut report = String::new();
    let mut count = 0;
    for (name, text) in modules().into_iter().chain(cases()) {
        let (program, tests) = tests_as_functions(&text);
        count += tests;
        if tests > 0 {
            problem_of(&name, &program, &mut report);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    assert!(count >= 40, "tests are missing: there are {count}");
}

#[test]
fn examples_in_doc_comments_pass() {
    let mut report = String::new();
    let mut count = 0;
    for (name, text) in modules() {
        let (program, examples) = examples_as_functions(&name, &text);
        count += examples;
        if examples > 0 {
            problem_of(&name, &program, &mut report);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    assert!(count >= 100, "examples are missing: there are {count}");
}

/// What moves messages needs a network: the tests of the simulator show how.
#[test]
fn every_public_function_has_an_example() {
    let mut report = String::new();
    for (name, text) in modules() {
        if name.contains('/') || name == "testing" {
            continue;
        }
        let mut doc = String::new();
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim_start();
            if let Some(more) = line.strip_prefix("///") {
                doc += more;
                doc.push('\n');
                continue;
            }
            let is_function = line.starts_with("pub fn") || line.starts_with("pub native fn");
            if is_function && !doc.contains("```") {
                let _ = writeln!(report, "{name}.sm:{number}: {line}");
            }
            doc.clear();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// `docs/library.md` names every module, and its programs run.
#[test]
fn the_page_about_the_library_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/library.md");
    let page = fs::read_to_string(path).expect("the page is text");
    for (module, _) in modules() {
        assert!(page.contains(&format!("`{module}`")), "{module} is missing");
    }
    let mut report = String::new();
    let programs: Vec<&str> = page.split("```sm\n").skip(1).collect();
    assert!(!programs.is_empty());
    for program in programs {
        let program = program.split("```").next().unwrap_or_default();
        problem_of("docs/library.md", program, &mut report);
    }
    assert!(report.is_empty(), "\n{report}");
}

/// The modules as they are in the folder now, by path.
fn modules() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sm");
    let mut modules = BTreeMap::new();
    for inner in ["", "route", "net"] {
        for (path, text) in texts(&folder.join(inner)) {
            let path = path.strip_prefix(&folder).expect("it is in the folder");
            modules.insert(path.with_extension("").display().to_string(), text);
        }
    }
    let embedded: Vec<&str> = sm_stdlib::MODULES.iter().map(|(path, _)| *path).collect();
    assert!(embedded.iter().all(|path| modules.contains_key(*path)));
    modules
}

/// Files with tests of the prelude, which would only make the prelude longer.
fn cases() -> BTreeMap<String, String> {
    let texts = texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    let named = texts.into_iter().map(|(path, text)| {
        let name = path.with_extension("");
        (name.display().to_string(), text)
    });
    named.collect()
}

/// The `.sm` files of a folder, if there is one.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry of a folder").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "sm"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a program is text");
            (path, text)
        })
        .collect()
}

/// The module with its tests as functions, each at its place, and a `main` that calls them.
fn tests_as_functions(text: &str) -> (String, usize) {
    let (module, _) = parse(FileId(0), text);
    let tests: Vec<_> = module
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some((item.span, test)),
            _ => None,
        })
        .collect();
    let mut out = String::new();
    let mut main = String::from("\nfn main() {\n");
    let mut copied = 0;
    for (at, (item, test)) in tests.iter().enumerate() {
        let start = item.start as usize;
        out += &text[copied..start];
        let _ = write!(out, "fn test_{at}() ");
        copied = test.body.span.start as usize;
        let _ = writeln!(main, "print({:?})\ntest_{at}()\nyield()", &*test.name);
    }
    out += &text[copied..];
    (out + &main + "}\n", tests.len())
}

/// A program of the examples of a module, each at its line, with a `main` that calls them. What an
/// example imports and the tags it declares stand beside it.
fn examples_as_functions(module: &str, text: &str) -> (String, usize) {
    let mut lines = Vec::new();
    let mut main = String::from("fn main() {\n");
    let mut declarations = BTreeSet::new();
    let mut open = false;
    let mut count = 0;
    for (line, number) in text.lines().zip(1..) {
        let Some(doc) = line.trim_start().strip_prefix("///") else {
            assert!(!open, "{module}.sm:{number}: an example has no end");
            lines.push(String::new());
            continue;
        };
        let doc = doc.strip_prefix(' ').unwrap_or(doc);
        lines.push(match (doc.trim_end() == "```", open) {
            (true, false) => {
                open = true;
                count += 1;
                let _ = writeln!(
                    main,
                    "print(\"line {number}\")\nexample_{number}()\nyield()"
                );
                format!("fn example_{number}() {{")
            }
            (true, true) => {
                open = false;
                "}".to_owned()
            }
            (false, true) if doc.starts_with("import ") || doc.starts_with("tag ") => {
                declarations.insert(doc.to_owned());
                String::new()
            }
            (false, true) => doc.to_owned(),
            (false, false) => String::new(),
        });
    }
    if module != "prelude" {
        declarations.insert(format!("import {module}"));
    }
    let declarations: Vec<String> = declarations.into_iter().collect();
    (
        lines.join("\n") + "\n" + &main + "}\n" + &declarations.join("\n") + "\n",
        count,
    )
}

/// Runs a program in all ways; what is wrong with it goes into the report.
fn problem_of(name: &str, text: &str, report: &mut String) {
    let bundle = match build(text) {
        Ok(bundle) => bundle,
        Err(mistakes) => {
            let _ = writeln!(report, "{name}.sm:\n{mistakes}");
            return;
        }
    };
    let program = link(&bundle);
    let plain = world::run(&program, Plan::Never, Engine::Interpreter);
    let plan = match plain.fuel {
        0..SHORT => Plan::Safepoints(1),
        fuel => Plan::Fuel(fuel / CAPTURES),
    };
    let ways = [
        ("captured", plan, Engine::Interpreter),
        ("native", Plan::Never, Engine::Native),
        (
            "native and captured",
            Plan::Fuel(plain.fuel / CAPTURES + 50),
            Engine::Both,
        ),
    ];
    let runs = ways.map(|(way, plan, engine)| (way, world::run(&program, plan, engine)));
    let others = runs.iter().map(|(way, ran)| (*way, ran));
    for (way, ran) in iter::once(("plain", &plain)).chain(others) {
        let problem = match &ran.end {
            End::Done(_) => continue,
            End::Trap(trap) => {
                let text = trap.message.as_deref().unwrap_or_default();
                let line = line_of(&bundle, trap).unwrap_or_default();
                format!("line {line}: {:?} {text}", trap.kind)
            }
            End::Kill(kill) => format!("{kill:?}"),
            End::Stuck => "stuck".to_owned(),
        };
        let last = ran.output.last().map_or("", String::as_str);
        let _ = writeln!(report, "{name}.sm, {way}, {last:?}: {problem}");
    }
    for (way, ran) in &runs {
        if plain.fuel != ran.fuel || plain.output != ran.output {
            let _ = writeln!(
                report,
                "{name}.sm: {way} it does not do what it does plainly"
            );
        }
    }
}

/// Compiles a program with the library as it is in the folder; else all mistakes and warnings.
fn build(text: &str) -> Result<Bundle, String> {
    let modules = modules();
    let mut files = Files {
        root: text,
        modules: &modules,
        texts: Vec::new(),
    };
    let options = Options {
        root: ROOT.to_owned(),
        ..Options::default()
    };
    let compiled = compile(&mut files, &options, &[]);
    let mut mistakes = String::new();
    for found in &compiled.diagnostics {
        let (path, text) = &files.texts[found.primary.file.0 as usize];
        let line = text[..found.primary.span.start as usize]
            .lines()
            .count()
            .max(1);
        let _ = writeln!(
            mistakes,
            "  {path}:{line}: {} {}",
            found.code, found.message
        );
        for note in &found.notes {
            let _ = writeln!(mistakes, "      {note:?}");
        }
    }
    let code = compiled.code.filter(|_| mistakes.is_empty());
    code.and_then(|code| code.bundle()).ok_or(mistakes)
}

fn link(bundle: &Bundle) -> Arc<Program> {
    let bricks: BTreeMap<BrickHash, Arc<VerifiedGroup>> = bundle
        .bricks
        .iter()
        .map(|brick| VerifiedGroup::new(brick.clone()).expect("the compiler's bricks verify"))
        .map(|brick| (brick.hash(), Arc::new(brick)))
        .collect();
    Program::link(&bundle.program, &bundle.modules, |hash| {
        bricks.get(hash).cloned()
    })
    .expect("the compiler's bricks fit together")
}

/// The line of the innermost call in the program under test.
fn line_of(bundle: &Bundle, report: &TrapReport) -> Option<u32> {
    report.frames.iter().find_map(|frame| {
        let (blob, function) = bundle.debug.iter().find_map(|blob| {
            let function = blob.function(&frame.at.brick, frame.at.function)?;
            Some((blob, function))
        })?;
        let mut calls = function.calls(frame.pc);
        let own = calls.find(|(_, position)| blob.file(position) == Some(ROOT))?;
        Some(own.1.line)
    })
}

struct Files<'a> {
    root: &'a str,
    modules: &'a BTreeMap<String, String>,
    texts: Vec<(String, String)>,
}

impl Loader for Files<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text = match path {
            ROOT => self.root,
            _ => self.modules.get(path)?,
        };
        let file = FileId(u32::try_from(self.texts.len()).ok()?);
        self.texts.push((path.to_owned(), text.to_owned()));
        Some(Source {
            file,
            text: text.into(),
        })
    }
}
