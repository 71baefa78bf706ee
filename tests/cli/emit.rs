//! `smc emit`: what the compiler makes of a program.

use std::process::Stdio;

use crate::smc::{check, command, smc};

#[test]
fn every_stage_can_be_seen() {
    check("emit_ast", &["emit", "ast", "hello.sm"]);
    check("emit_types", &["emit", "types", "hello.sm"]);
    check("emit_bytecode", &["emit", "bytecode", "hello.sm"]);
    check("emit_bricks", &["emit", "bricks", "hello.sm"]);
}

#[test]
fn a_program_with_mistakes_has_a_tree_and_no_bricks() {
    check("emit_ast_of_mistakes", &["emit", "ast", "syntax.sm"]);
    check(
        "emit_bytecode_of_mistakes",
        &["emit", "bytecode", "types.sm"],
    );
}

#[test]
fn bricks_are_the_same_every_time() {
    let first = smc(&["emit", "bricks", "hello.sm"]);
    let second = smc(&["emit", "bricks", "hello.sm"]);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command(&["emit", "bytecode", "hello.sm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smc starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("smc ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
