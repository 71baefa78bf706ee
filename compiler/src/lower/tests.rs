//! Tests of lowering.

mod bodies;
mod decisions;
mod improving;
mod large;
mod library;
mod listing;
mod optimised;
mod repeatable;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::ast::FileId;
use crate::check::{Loader, Options, Source};
use crate::driver::{Compiled, compile};
use crate::lower::Lowered;

/// Modules of a program before those of the library.
struct Files {
    own: BTreeMap<String, String>,
    loaded: u32,
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let library = || {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/sm");
            fs::read_to_string(folder.join(format!("{path}.sm"))).ok()
        };
        let text = self.own.get(path).cloned().or_else(library)?;
        let file = FileId(self.loaded);
        self.loaded += 1;
        Some(Source {
            file,
            text: text.into(),
        })
    }
}

/// Compiles modules, the first of which is the root.
fn compiled(modules: &[(&str, &str)]) -> Compiled {
    compiled_as(modules, false)
}

/// The same; with `plain` the code is left as it is lowered.
fn compiled_as(modules: &[(&str, &str)], plain: bool) -> Compiled {
    let own = modules
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let mut files = Files {
        own: own.collect(),
        loaded: 0,
    };
    let options = Options {
        root: modules[0].0.to_owned(),
        plain,
        ..Options::default()
    };
    compile(&mut files, &options, &[])
}

fn lowered(modules: &[(&str, &str)]) -> Lowered {
    code(compiled(modules))
}

fn code(compiled: Compiled) -> Lowered {
    let found = compiled
        .diagnostics
        .iter()
        .map(|one| (&one.message, one.primary.span));
    compiled
        .code
        .unwrap_or_else(|| panic!("{:#?}", found.collect::<Vec<_>>()))
}

/// The bricks of the root module as text, by the names of their first functions.
fn listing(text: &str) -> String {
    listing_of(&lowered(&[("./main", text)]))
}

fn listing_of(code: &Lowered) -> String {
    let root = code.modules.last().unwrap();
    let named = root.manifest.groups.iter().map(|hash| {
        let function = root.debug.function(hash, 0).unwrap();
        let body = code.bricks[hash].disassemble(Some(&root.debug));
        // Without the hashes, which change with everything that is called.
        let body = body.split_once('\n').map_or("", |(_, body)| body).trim();
        let body: Vec<String> = body.lines().map(without_hash).collect();
        let body = body.join("\n");
        (
            function.name.clone(),
            format!("---- {}\n{body}\n", function.name),
        )
    });
    let sorted: BTreeMap<String, String> = named.collect();
    sorted.into_values().collect()
}

/// A line of a listing; where it names a brick of another function, without that name.
fn without_hash(line: &str) -> String {
    match line.split_once(" = ") {
        Some((callee, target)) if callee.trim().starts_with('x') => {
            let target = target
                .split_once('.')
                .map_or(target, |(_, function)| function);
            format!("{callee} = {target}")
        }
        _ => line.to_owned(),
    }
}
