//! The library and the examples are free of errors and warnings.

use std::fs;
use std::path::Path;

use super::super::{Options, PRELUDE, check_against};
use super::Files;
use crate::limits::MAX_OUTLINED_BYTES;
use crate::outline::Outline;

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

/// What counts is the text of all modules, not of the root.
#[test]
fn a_long_program_with_a_warning_is_checked_once() {
    let root = "import ./a\nimport ./b\nfn main() {\n    a.go()\n    b.go()\n}";
    let half = "pub fn go() {\n    let unused = [1].len()\n}\n".to_owned()
        + &"\n".repeat(MAX_OUTLINED_BYTES / 2);
    let files = || {
        let files = Files::real().with("main", root);
        files.with("./a", &half).with("./b", &half)
    };
    let prelude = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../stdlib/sm/{PRELUDE}.sm")),
    );
    let outline = Outline::new(&prelude.unwrap());
    let checked = check_against(&mut files(), &Options::default(), &outline);
    let whole = files().check();
    assert_eq!(whole.diagnostics.len(), 2, "the two names are not used");
    assert_eq!(checked.map(|one| one.diagnostics), Some(whole.diagnostics));

    let mut short = Files::real().with("main", "fn main() {\n    let unused = [1].len()\n}");
    assert!(check_against(&mut short, &Options::default(), &outline).is_none());
}
