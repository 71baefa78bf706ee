//! `smc run` on one node: results, failures, traps, deadlines, interruption.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::smc::{Ran, check, command, ran, scratch, smc, snapshot};

#[test]
fn results_and_failures() {
    check("run_hello", &["run", "hello.sm"]);
    check("run_json", &["run", "hello.sm", "--json", "--seed", "7"]);
    check("run_result", &["run", "succeeds.sm"]);
    check("run_fails", &["run", "fails.sm"]);
    check(
        "run_fails_json",
        &["run", "fails.sm", "--json", "--seed", "7"],
    );
    check("run_mistakes", &["run", "types.sm"]);
    check("run_warning", &["run", "warning.sm"]);
}

#[test]
fn a_trap_shows_where_it_happened() {
    check("run_trap", &["run", "trap.sm"]);
    check(
        "run_trap_json",
        &["run", "trap.sm", "--json", "--seed", "7"],
    );
    check("run_trap_deep", &["run", "recursion.sm"]);
    check("run_trap_absent_tag", &["run", "absent_tag.sm"]);
    check("run_trap_in_library", &["run", "library_trap.sm"]);
    check("run_trap_of_a_child", &["run", "child.sm"]);
}

#[test]
fn a_quota_is_a_refusal() {
    check("run_greedy", &["run", "greedy.sm"]);
}

#[test]
fn every_engine_does_the_same() {
    let with = |engine, more: &[&str]| {
        let args = [
            "run",
            "computes.sm",
            "30",
            "--json",
            "--seed",
            "7",
            "--engine",
            engine,
        ];
        smc(&[&args, more].concat())
    };
    let interpreted = with("interp", &[]);
    assert_eq!(interpreted.exit, 0);
    for engine in ["jit", "auto"] {
        let ran = with(engine, &[]);
        assert_eq!((ran.exit, ran.stdout), (0, interpreted.stdout.clone()));
    }
    let told = with("jit", &["--stats"]).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).expect("an object");
    let native = &told["launches"][0]["native"];
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert!(native["functions"].as_u64() > Some(0), "{told}");
        assert!(native["entries"].as_u64() > Some(0), "{told}");
    }
    assert_eq!(with("interp", &["--stats"]).stdout, interpreted.stdout);
}

#[test]
fn fuel_and_heap_can_be_chosen() {
    let with = |more: &[&str]| smc(&[&["run", "computes.sm", "30"], more].concat());
    let much = with(&["--fuel", "2G", "--heap", "64MiB"]);
    assert_eq!((much.exit, much.stderr.as_str()), (0, ""));
    snapshot("run_little_fuel", &with(&["--fuel", "10k"]));
    snapshot("run_wrong_fuel", &with(&["--fuel", "much"]));
    snapshot("run_wrong_heap", &with(&["--heap", "64MB"]));
    snapshot("run_wrong_engine", &with(&["--engine", "turbo"]));
}

#[test]
fn what_one_turn_cannot_print_is_counted() {
    let all = smc(&["run", "prints.sm", "50000"]);
    assert_eq!(
        (all.stdout.lines().count(), all.stderr.as_str()),
        (50_000, "")
    );
    let some = smc(&["run", "prints.sm", "200000"]);
    let left_out = 200_000 - some.stdout.lines().count();
    assert_eq!(
        some.stderr,
        format!(
            "Warning: one turn printed too much: {left_out} lines are left out\n  \
             Help: what a turn prints waits for its end; `yield()` ends it\n"
        )
    );
}

#[test]
fn who_waits_for_nothing_is_told_so() {
    check("run_waits", &["run", "waits.sm"]);
}

#[test]
fn a_deadline_ends_the_run() {
    check(
        "run_timeout_sleeping",
        &["run", "sleeps.sm", "--timeout", "200ms"],
    );
    check(
        "run_timeout_busy",
        &["run", "endless.sm", "--timeout", "200ms"],
    );
}

#[test]
fn files_that_cannot_be_run() {
    check("run_missing", &["run", "helo.sm"]);
    check(
        "run_no_main",
        &[
            "run",
            &scratch("no_main.sm", "fn f() {\n}\n").display().to_string(),
        ],
    );
    check("run_other_ending", &["run", "../cli.rs"]);
}

#[test]
fn the_same_seed_draws_the_same_numbers() {
    let program = scratch(
        "draw.sm",
        "fn main() -> [Int] {\n    [random_bits(), random_bits()]\n}\n",
    );
    let program = program.display().to_string();
    let one = smc(&["run", &program, "--seed", "7"]);
    let two = smc(&["run", &program, "--seed", "7"]);
    let other = smc(&["run", &program, "--seed", "8"]);
    assert_eq!(one.exit, 0, "{}", one.stderr);
    assert_eq!(one.stdout, two.stdout);
    assert_ne!(one.stdout, other.stdout);
}

#[test]
fn an_interrupt_ends_the_run_cleanly() {
    let mut child = command(&["run", "sleeps.sm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smc starts");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    assert_eq!(line, "sleeping\n");
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
    let Ran { exit, stderr, .. } = ran(child.wait_with_output().expect("smc ends"));
    assert_eq!(exit, 130);
    assert_eq!(stderr, "interrupted\n");
}

#[test]
fn output_to_a_closed_pipe_ends_the_run_in_peace() {
    let mut child = command(&["run", "endless_output.sm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smc starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let output = child.wait_with_output().expect("smc ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_snapshot_of_nothing_is_none() {
    let ran = smc(&[
        "run",
        &scratch("silent.sm", "fn main() {}\n").display().to_string(),
    ]);
    snapshot("run_silent", &ran);
}
