//! `smc check`: programs with mistakes, files that are none.

use std::fs;

use crate::smc::{check, scratch, smc, snapshot};

#[test]
fn a_good_program_needs_few_words() {
    check("check_good", &["check", "hello.sm"]);
    check("check_two", &["check", "hello.sm", "arguments.sm"]);
}

#[test]
fn mistakes_are_shown_all_at_once() {
    check("check_syntax", &["check", "syntax.sm"]);
    check("check_types", &["check", "types.sm"]);
    check(
        "check_short",
        &["check", "types.sm", "--message-format", "short"],
    );
    check(
        "check_several_files",
        &["check", "hello.sm", "types.sm", "syntax.sm"],
    );
}

#[test]
fn a_service_takes_a_connection() {
    for name in ["chat", "stream"] {
        let file = format!("{}/examples/{name}.sm", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(smc(&["check", "--service", &file]).exit, 0, "{name}");
    }
    check("check_no_service", &["check", "--service", "hello.sm"]);
    check(
        "check_other_service",
        &["check", "--service", "arguments.sm"],
    );
}

#[test]
fn what_the_library_has_is_to_be_imported() {
    check("check_imports", &["check", "imports.sm"]);
}

/// Each mistake has one message, which says how it is written here.
#[test]
fn habits_of_other_languages_are_met() {
    for name in [
        "python", "methods", "tags", "braces", "names", "modules", "secret", "warned",
    ] {
        let file = format!("habits/{name}.sm");
        check(&format!("check_habits_{name}"), &["check", &file]);
    }
}

#[test]
fn json_is_one_object_a_line() {
    let ran = smc(&["check", "types.sm", "--message-format", "json"]);
    assert_eq!(ran.exit, 1);
    let lines: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{}", ran.stdout);
    for line in &lines {
        assert!(line["code"].as_str().expect("a code").starts_with("SM"));
        assert_eq!(line["severity"], "error");
        assert_eq!(line["file"], "types.sm");
        assert!(line["line"].as_u64().expect("a line") > 0);
        assert!(line["column"].as_u64().expect("a column") > 0);
    }
}

#[test]
fn a_warning_is_no_failure() {
    check("check_warning", &["check", "warning.sm"]);
}

#[test]
fn files_that_are_no_programs() {
    check("check_missing", &["check", "helo.sm"]);
    check("check_missing_folder", &["check", "nowhere/hello.sm"]);
    check("check_folder", &["check", "."]);
    let binary = scratch("binary.sm", b"fn main() {\n    print(\"\xff\xfe\")\n}\n");
    snapshot(
        "check_binary",
        &smc(&["check", &binary.display().to_string()]),
    );
    let empty = scratch("empty.sm", "");
    snapshot(
        "check_empty",
        &smc(&["check", &empty.display().to_string()]),
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let large = scratch("large.sm", "");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&large)
        .expect("a file");
    file.set_len(17 << 20).expect("a sparse file");
    snapshot(
        "check_large",
        &smc(&["check", &large.display().to_string()]),
    );
}
