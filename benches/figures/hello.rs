//! A program that says hello, from its text to the end of the process.

use std::fs;
use std::process::Command;

use nix::sys::resource::UsageWho;

use super::Size;
use super::cpu::used;
use super::figure::{Bound, Measured};

const HELLO: &str = "fn main() {\n    print(\"hello\")\n}\n";

pub(crate) fn hello(size: Size) -> Vec<Measured> {
    let file = std::env::temp_dir().join(format!("figures-{}.sm", std::process::id()));
    fs::write(&file, HELLO).expect("the folder for temporary files can be written");
    let took = |arguments: &[&std::ffi::OsStr], expected: &str| {
        let run = |_| {
            let before = used(UsageWho::RUSAGE_CHILDREN);
            let mut command = Command::new(env!("CARGO_BIN_EXE_smc"));
            let ended = command.args(arguments).output().expect("smc was built");
            assert!(String::from_utf8_lossy(&ended.stdout).starts_with(expected));
            used(UsageWho::RUSAGE_CHILDREN) - before
        };
        let least = (0..size.of(40, 1)).map(run).min();
        least.expect("it ran").as_secs_f64() * 1e3
    };
    let ran = took(&["run".as_ref(), file.as_ref()], "hello\n");
    let nothing = took(&["--version".as_ref()], "smc");
    fs::remove_file(&file).expect("it was written before");
    vec![Measured {
        name: "smc run of hello, whole process",
        value: ran,
        unit: "ms",
        bound: Bound::AtMost(6.0, 2.0),
        beside: format!("smc --version {nothing:.1} ms"),
    }]
}
