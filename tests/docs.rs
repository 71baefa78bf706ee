//! Every program in the documents is run, and what a document says comes of it is compared.
//!
//! The word after `sm` at the head of a code block says what it is:
//!
//! | head | what is done |
//! | --- | --- |
//! | `sm` | a whole program: it is run, and must succeed |
//! | `sm fragment` | statements: they are put into a `main`, declarations before it, and run |
//! | `sm error SM0301` | must fail with this code, or all that are named, and with no other |
//! | `sm module shapes` | a module: it is checked, and programs below may `import ./shapes` |
//!
//! A program may be given more, after that: `net=pond` is a network of a block `toml net=pond`
//! above it, `net=examples/town.net.toml` a file of the project; `args=2,x=3` are arguments of
//! `main`; `exit=1` is how it ends in place of 0.
//!
//! A block `text` that directly follows a program is what it prints, to the last character; where
//! it ends with an error that is what is on both outputs. `SM_BLESS=1 cargo test --test docs`
//! writes what was found into the documents. There is no way to leave a block out.
//!
//! A document says nothing that is up to chance: a message's random numbers begin with the hash
//! of its code, and so change with the library and the compiler.

#[path = "docs/extract.rs"]
mod extract;
#[path = "docs/run.rs"]
mod run;
#[path = "docs/self_test.rs"]
mod self_test;

use std::fs;
use std::path::{Path, PathBuf};

use run::Page;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents that people learn from.
fn documents() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).expect("the folder of the documents");
    let paths = entries.map(|entry| entry.expect("a document").path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn programs_in_documents_do_what_is_said() {
    let update = std::env::var_os("SM_BLESS").is_some();
    let mut problems = Vec::new();
    std::thread::scope(|scope| {
        let pages: Vec<_> = documents()
            .into_iter()
            .map(|path| {
                scope.spawn(move || {
                    let text = fs::read_to_string(&path).expect("a document is text");
                    let name = path.file_stem().expect("a name").to_string_lossy();
                    let page = Page::run(&name, &text);
                    if update && page.updated != text {
                        fs::write(&path, &page.updated).expect("a document can be written");
                        return Page::run(&name, &page.updated).problems;
                    }
                    page.problems
                })
            })
            .collect();
        for page in pages {
            problems.extend(page.join().expect("a page is run to its end"));
        }
    });
    assert!(problems.is_empty(), "\n{}", problems.join("\n\n"));
}
