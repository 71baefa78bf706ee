//! What the checker says about mistakes: each case is a program and what a person sees.

use std::collections::BTreeSet;

use super::Files;
use crate::diagnostic::TABLE;

/// The cases, each with its name. A file that begins with `//` names what it is about.
const CASES: &[(&str, &str)] = &[
    ("names", include_str!("cases/names.sm")),
    ("types", include_str!("cases/types.sm")),
    ("traits", include_str!("cases/traits.sm")),
    ("operators", include_str!("cases/operators.sm")),
    ("calls", include_str!("cases/calls.sm")),
    ("assignment", include_str!("cases/assignment.sm")),
    ("options", include_str!("cases/options.sm")),
    ("control", include_str!("cases/control.sm")),
    ("constants", include_str!("cases/constants.sm")),
    ("generics", include_str!("cases/generics.sm")),
    ("patterns", include_str!("cases/patterns.sm")),
    ("tags", include_str!("cases/tags.sm")),
    ("modules", include_str!("cases/modules.sm")),
    ("testing", include_str!("cases/testing.sm")),
    ("circle", include_str!("cases/circle.sm")),
    ("main_is_data", include_str!("cases/main_is_data.sm")),
    ("warnings", include_str!("cases/warnings.sm")),
    ("no_cascade", include_str!("cases/no_cascade.sm")),
    ("habits", include_str!("cases/habits.sm")),
];

#[test]
fn mistakes_are_explained() {
    for (name, source) in CASES {
        let mut files = Files::small().with_all(source);
        let checked = files.check();
        insta::assert_snapshot!(*name, files.render(&checked));
    }
}

/// Codes that need a program larger than a person would read.
const TESTED_ELSEWHERE: &[&str] = &[
    "SM0316", "SM0330", "SM0407", "SM0410", "SM0603", "SM0620", "SM0621", "SM0622",
];

#[test]
fn every_code_of_the_checker_has_a_case() {
    let mut found = BTreeSet::new();
    for (_, source) in CASES {
        let checked = Files::small().with_all(source).check();
        found.extend(checked.diagnostics.iter().map(|one| one.code.as_str()));
    }
    let own = TABLE.iter().map(|info| info.code.as_str());
    let own = own.filter(|code| ("SM0200".."SM0700").contains(code) || *code > "SM0801");
    let missing: Vec<&str> = own
        .filter(|code| !found.contains(code) && !TESTED_ELSEWHERE.contains(code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
