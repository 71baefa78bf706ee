//! `smc build`, and bundles that are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::smc::{Ran, check, scratch, smc, snapshot};

fn bundle(name: &str, program: &str) -> PathBuf {
    let path = scratch(name, "");
    let ran = smc(&["build", program, "-o", &path.display().to_string()]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    path
}

fn run(path: &Path, arguments: &[&str]) -> Ran {
    let path = path.display().to_string();
    let mut args = vec!["run", &path];
    args.extend(arguments);
    smc(&args)
}

#[test]
fn a_bundle_does_what_its_program_does() {
    let ran = run(&bundle("hello.smb", "hello.sm"), &[]);
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (0, "hello\n"),
        "{}",
        ran.stderr
    );
    let built = bundle("arguments.smb", "arguments.sm");
    let from_source = smc(&["run", "arguments.sm", "Ann", "times=3", "wait=5s"]);
    let from_bundle = run(&built, &["Ann", "times=3", "wait=5s"]);
    assert_eq!(from_source.to_string(), from_bundle.to_string());
}

#[test]
fn a_bundle_is_the_same_every_time() {
    let one = fs::read(bundle("one.smb", "arguments.sm")).expect("a bundle");
    let two = fs::read(bundle("two.smb", "arguments.sm")).expect("a bundle");
    assert_eq!(one, two);
}

#[test]
fn a_trap_in_a_bundle_has_positions() {
    snapshot("build_trap", &run(&bundle("trap.smb", "trap.sm"), &[]));
}

#[test]
fn what_build_says() {
    let path = scratch("said.smb", "").display().to_string();
    snapshot("build", &smc(&["build", "hello.sm", "-o", &path]));
    snapshot(
        "build_json",
        &smc(&["build", "hello.sm", "-o", &path, "--json"]),
    );
    check("build_mistakes", &["build", "types.sm", "-o", "never.smb"]);
    check(
        "build_nowhere",
        &["build", "hello.sm", "-o", "nowhere/hello.smb"],
    );
    check(
        "build_over_source",
        &["build", "hello.sm", "-o", "hello.sm"],
    );
}

#[test]
fn a_program_with_mistakes_leaves_an_older_bundle_alone() {
    let path = scratch("older.smb", "older");
    let ran = smc(&["build", "types.sm", "-o", &path.display().to_string()]);
    assert_eq!(ran.exit, 1);
    assert_eq!(fs::read_to_string(path).expect("the old file"), "older");
}

#[test]
fn bundles_that_are_none_are_refused_by_name() {
    let good = fs::read(bundle("good.smb", "arguments.sm")).expect("a bundle");
    let refuse = |name: &str, bytes: &[u8]| {
        let path = scratch(&format!("{name}.smb"), bytes);
        let ran = run(&path, &[]);
        assert_eq!(ran.exit, 1, "{name}: {}", ran.stderr);
        snapshot(&format!("bundle_{name}"), &ran);
    };
    refuse("empty", b"");
    refuse("text", b"fn main() {}\n");
    refuse("truncated", &good[..good.len() / 2]);
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x40;
    refuse("corrupt", &flipped);
    let mut trailing = good.clone();
    trailing.push(0);
    refuse("trailing", &trailing);
}

#[test]
fn no_cut_and_no_flip_of_a_bundle_is_taken_for_good_or_panics() {
    let good = fs::read(bundle("cut.smb", "hello.sm")).expect("a bundle");
    for cut in [0, 1, 3, 7, 8, 20, good.len() / 3, good.len() - 1] {
        let ran = run(&scratch("cut_one.smb", &good[..cut]), &[]);
        assert_eq!(ran.exit, 1, "cut at {cut}: {}", ran.stderr);
    }
    for at in (0..good.len()).step_by(good.len() / 24 + 1) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        let ran = run(&scratch("flip_one.smb", bytes), &[]);
        assert_eq!(ran.exit, 1, "flip at {at}: {}", ran.stderr);
    }
}

#[test]
fn a_bundle_of_the_future_asks_for_a_newer_smc() {
    let mut bytes = fs::read(bundle("future.smb", "hello.sm")).expect("a bundle");
    let version = sm_bytecode::bundle::MAGIC.len();
    bytes[version] = 0x7f;
    snapshot("bundle_future", &run(&scratch("future.smb", bytes), &[]));
}

#[test]
fn an_oversized_bundle_is_refused_unread() {
    let path = scratch("oversized.smb", "");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a file");
    file.set_len(300 << 20).expect("a sparse file");
    let ran = run(&path, &[]);
    fs::remove_file(&path).expect("it was there");
    snapshot("bundle_oversized", &ran);
}
