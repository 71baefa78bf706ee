//! The library and the examples are free of errors and warnings.

use std::fs;
use std::path::Path;

use super::Files;

fn assert_clean(root: &str, what: &str) {
    let mut files = Files::real().with("main", root);
    let checked = files.check();
    assert_eq!(files.render(&checked), "", "{what}");
}

#[test]
fn the_prelude_is_clean() {
    assert_clean("fn main() {}", "prelude");
}

#[test]
fn the_modules_of_the_library_are_clean() {
    for module in ["route/pull", "route/tour", "testing"] {
        assert_clean(
            &format!("import {module} as _module\nfn main() {{}}"),
            module,
        );
    }
}

#[test]
fn the_examples_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sm") {
            assert_clean(
                &fs::read_to_string(&path).unwrap(),
                &path.display().to_string(),
            );
        }
    }
}
