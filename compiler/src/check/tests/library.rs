//! The library and the examples are free of errors and warnings.

use std::fs;
use std::path::Path;

use super::{render, run};

#[test]
fn the_prelude_is_clean() {
    let (files, checked) = run("fn main() {}");
    assert_eq!(render(&files, &checked), "");
}

#[test]
fn the_modules_of_the_library_are_clean() {
    for module in ["route/pull", "route/tour"] {
        let (files, checked) = run(&format!("import {module} as _module\nfn main() {{}}"));
        assert_eq!(render(&files, &checked), "", "{module}");
    }
}

#[test]
fn the_examples_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sm") {
            let (files, checked) = run(&fs::read_to_string(&path).unwrap());
            assert_eq!(render(&files, &checked), "", "{}", path.display());
        }
    }
}
