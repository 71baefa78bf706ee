//! How fast the front end is, on a generated project of 200 modules and 200,000 lines, one core.
//!
//!     cargo bench -p smc --bench frontend            # all of it
//!     cargo bench -p smc --bench frontend -- --quick # a small one, once, to see that it works
//!
//! It says lines a second for checking, and for building down to the bytes of a bundle, each with
//! the library's text read again, as a command does.

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sm_compiler::ast::FileId;
use sm_compiler::check::{self, Loader, Source};
use sm_compiler::diagnostic::has_errors;
use sm_compiler::driver::compile;

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let (modules, times) = if is_quick { (10, 1) } else { (200, 5) };
    let project = Project::new(modules);
    let lines: usize = project.texts.iter().map(|text| text.lines().count()).sum();
    println!("{modules} modules, {lines} lines; lines a second, maximum of {times}");
    let show = |what: &str, time: Duration| {
        let rate = lines as f64 / time.as_secs_f64();
        println!(
            "{what:>7} {rate:>12.0}  ({:.0} ms)",
            time.as_secs_f64() * 1e3
        );
    };
    show("check", least(times, || project.check()));
    show("build", least(times, || project.build()));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn least(times: u32, run: impl Fn()) -> Duration {
    let measured = (0..times).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed()
    });
    measured.min().expect("it is measured once at least")
}

/// Modules that import one another, as a tree; the last imports all of them and has a `main`.
struct Project {
    texts: Vec<Arc<str>>,
}

impl Project {
    fn new(modules: usize) -> Self {
        let texts = (0..modules).map(|at| module(at, at + 1 == modules).into());
        Self {
            texts: texts.collect(),
        }
    }

    fn options(&self) -> check::Options {
        check::Options {
            root: format!("./m{}", self.texts.len() - 1),
            ..check::Options::default()
        }
    }

    fn check(&self) {
        let checked = check::check(&mut Files(self), &self.options());
        assert!(
            !has_errors(&checked.diagnostics),
            "{:?}",
            checked.diagnostics.first()
        );
        black_box(checked);
    }

    fn build(&self) {
        let compiled = compile(&mut Files(self), &self.options(), sm_stdlib::prebuilt());
        let code = compiled.code.expect("it has no errors");
        black_box(code.bundle().expect("it has a main").encode());
    }
}

struct Files<'a>(&'a Project);

impl Loader for Files<'_> {
    fn load(&mut self, path: &str) -> Option<Source> {
        let modules = self.0.texts.len();
        let (at, text) = match path.strip_prefix("./m") {
            Some(number) => {
                let at: usize = number.parse().ok()?;
                (at, self.0.texts.get(at)?.clone())
            }
            None => (modules + path.len(), sm_stdlib::source(path)?.into()),
        };
        let file = FileId(at as u32);
        Some(Source { file, text })
    }
}

/// About a thousand lines of what programs are made of.
fn module(number: usize, is_last: bool) -> String {
    let mut text = String::new();
    if number > 0 {
        let _ = writeln!(text, "import ./m{} {{ total0 as before }}", number / 2);
    }
    if is_last {
        (1..number).for_each(|other| {
            let _ = writeln!(text, "import ./m{other}");
        });
    }
    for part in 0..10 {
        let _ = write!(text, "{}", PART.replace('@', &part.to_string()));
    }
    let called = if number > 0 { "before([1])" } else { "0" };
    let _ = writeln!(text, "fn last() -> Int {{\n    {called} + total1([2])\n}}");
    if is_last {
        let _ = writeln!(text, "\nfn main() -> Int {{\n    last()\n}}");
    }
    text
}

/// A struct with methods, an enum, functions over lists, maps, options and results, a closure, a
/// generic function and a message that moves.
const PART: &str = include_str!("frontend.sm.txt");
