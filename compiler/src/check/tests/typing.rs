//! What the checker understands: programs without mistakes, with the types it found.

use super::Files;
use crate::diagnostic::code;
use crate::typed::dump;

/// Checks a program that has no mistakes, and writes it with its types.
fn typed(source: &str) -> String {
    let mut files = Files::small().with_all(source);
    let mut checked = files.check();
    // What a case shows is not called by anybody.
    checked
        .diagnostics
        .retain(|one| one.code != code::UNUSED_ITEM);
    assert_eq!(files.render(&checked), "");
    dump(&checked.program)
}

/// Each case is a program; its snapshot is what `smc emit types` writes.
const CASES: &[(&str, &str)] = &[
    ("inference", include_str!("cases/good/inference.sm")),
    ("variants", include_str!("cases/good/variants.sm")),
    ("arguments", include_str!("cases/good/arguments.sm")),
    ("closures", include_str!("cases/good/closures.sm")),
    ("methods", include_str!("cases/good/methods.sm")),
    ("control_flow", include_str!("cases/good/control.sm")),
    ("matching", include_str!("cases/good/matching.sm")),
    ("messages", include_str!("cases/good/messages.sm")),
    ("values", include_str!("cases/good/values.sm")),
    ("generic_code", include_str!("cases/good/generic.sm")),
    ("imports", include_str!("cases/good/imports.sm")),
];

#[test]
fn types_are_found() {
    for (name, source) in CASES {
        insta::assert_snapshot!(*name, typed(source));
    }
}

#[test]
fn a_finished_program_has_no_unknown_types() {
    for (_, source) in CASES {
        let checked = Files::small().with_all(source).check();
        let text = format!("{:?}", checked.program.functions);
        assert!(
            !text.contains("Error"),
            "an error in a program without mistakes"
        );
    }
}

#[test]
fn an_import_for_its_methods_is_used() {
    let extra = "--- ./extra\npub fn one() -> Int { 1 }\n\
                 impl Int { pub fn doubled(self) -> Int { self * 2 } }\n";
    let warnings = |main: &str| {
        let mut files = Files::small().with_all(&format!("import ./extra\n{main}\n{extra}"));
        let codes = files.check().diagnostics.into_iter().map(|one| one.code);
        codes.collect::<Vec<_>>()
    };
    assert_eq!(warnings("fn main() -> Int { 2.doubled() }"), []);
    assert_eq!(warnings("fn main() -> Int { 2 }"), [code::UNUSED_IMPORT]);
}
