//! Processes, well and badly behaved.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, process};

use sm_net::io::{Drivers, Event, Form, Process, Restart};
use sm_vm::Value;

use crate::bench::{PATIENCE, coded, event, fault, start, tag, text, until, value};

fn shell(form: Form, script: &str, restart: Restart) -> Process {
    let command = ["sh", "-c", script].map(str::to_owned).to_vec();
    Process::new(tag(form), command, restart)
}

/// Whether a process is there and has not ended.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default();
    !state.is_empty() && !state.trim_start().starts_with('Z')
}

/// Whether a process is known at all, be it as one that has ended and was not waited for.
fn known(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

async fn number(drivers: &mut Drivers) -> u32 {
    match value(drivers, Form::Int).await {
        Value::Int(number) => u32::try_from(number).expect("it is small"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn each_line_is_a_value() {
    let script = "printf '20.5\\n21\\nwarm\\n22'";
    let mut drivers = start(shell(Form::Float, script, Restart::Never));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(20.5));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(21.0));
    assert!(fault(&mut drivers).await.contains("no Float: \"warm\""));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(22.0));
    let end = fault(&mut drivers).await;
    assert_eq!(end, "the process ended (code 0); it is not started again");
    // Who has ended takes nothing.
    let name = drivers.tags()[0].name().clone();
    until("the driver ends", || !drivers.write(&name, Vec::new())).await;
}

#[tokio::test]
async fn writes_come_on_standard_input() {
    let script = "while read line; do echo \"got $line\"; done";
    let mut drivers = start(shell(Form::Str, script, Restart::Always));
    let name = drivers.tags()[0].name().clone();
    for wish in ["on", "half on", "off"] {
        assert!(drivers.write(&name, coded(Form::Str, wish)));
        let expected = format!("got {wish}");
        assert_eq!(value(&mut drivers, Form::Str).await, text(&expected));
    }
    assert!(drivers.write(&name, coded(Form::Str, "two\nlines")));
    assert!(fault(&mut drivers).await.contains("several lines"));
}

#[tokio::test]
async fn a_process_that_dies_is_started_again() {
    let script = "echo $$; kill -9 $$";
    let mut drivers = start(shell(Form::Int, script, Restart::Always));
    let first = number(&mut drivers).await;
    let end = fault(&mut drivers).await;
    assert!(
        end.contains("signal: 9") && end.ends_with("it is started again"),
        "{end}"
    );
    let second = number(&mut drivers).await;
    let third = number(&mut drivers).await;
    assert!(first != second && second != third);
    assert!(!known(first) && !known(second), "it was waited for");
}

#[tokio::test]
async fn a_command_that_there_is_not_is_a_fault() {
    let command = vec!["/no/such/program".to_owned()];
    let mut drivers = start(Process::new(tag(Form::Str), command, Restart::Always));
    assert!(fault(&mut drivers).await.contains("cannot be started"));
    let none = Process::new(tag(Form::Str), Vec::new(), Restart::Never);
    assert!(fault(&mut start(none)).await.contains("no command"));
}

#[tokio::test]
async fn its_children_end_with_it() {
    let script = "sleep 1000 & echo $!; exec true";
    let mut drivers = start(shell(Form::Int, script, Restart::Never));
    let child = number(&mut drivers).await;
    assert!(fault(&mut drivers).await.contains("ended"));
    until("the child has ended", || !lives(child)).await;
}

#[tokio::test]
async fn all_are_gone_when_the_node_ends() {
    let script = "sleep 1000 & echo $$; echo $!; wait";
    let mut drivers = start(shell(Form::Int, script, Restart::Always));
    let (parent, child) = (number(&mut drivers).await, number(&mut drivers).await);
    assert!(lives(parent) && lives(child));
    drop(drivers);
    until("both have ended", || !lives(parent) && !lives(child)).await;
    until("the parent was waited for", || !known(parent)).await;
}

#[test]
fn all_are_gone_when_the_runtime_ends() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (parent, child) = runtime.block_on(async {
        let script = "trap '' TERM; sleep 1000 & echo $$; echo $!; wait";
        let mut drivers = start(shell(Form::Int, script, Restart::Always));
        (number(&mut drivers).await, number(&mut drivers).await)
    });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    other.block_on(until("both have ended", || !lives(parent) && !lives(child)));
}

/// What this process holds in memory, in bytes.
fn memory() -> usize {
    let status =
        fs::read_to_string(format!("/proc/{}/status", process::id())).expect("Linux says it");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .expect("Linux says it");
    let kilobytes = line.split_whitespace().nth(1).expect("Linux says it");
    kilobytes.parse::<usize>().expect("Linux says it") << 10
}

/// How many bytes a process has written.
fn written(pid: u32) -> usize {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    written.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_process_that_floods_waits_for_the_node() {
    let script = "echo $$; exec seq 1 1000000000";
    let mut drivers = start(shell(Form::Int, script, Restart::Always));
    let pid = number(&mut drivers).await;
    // It fills all that is between, and then stands still while the node does not listen.
    until("the flood has begun", || written(pid) > 1_000).await;
    let wait = async {
        let mut last = 0;
        while written(pid) != last {
            last = written(pid);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        last
    };
    let stuck = tokio::time::timeout(PATIENCE, wait).await;
    let stuck = stuck.expect("it waits");
    // What a pipe holds, the queue, and a little.
    assert!(stuck < 256 << 10, "{stuck} bytes are somewhere");
    // It goes on where it was, and no line is lost.
    for expected in 1..50_000 {
        assert_eq!(value(&mut drivers, Form::Int).await, Value::Int(expected));
    }
    assert!(written(pid) > stuck);
}

#[tokio::test]
async fn a_flood_of_endless_lines_does_not_grow_memory() {
    let command = ["cat", "/dev/zero"].map(str::to_owned).to_vec();
    let mut drivers = start(Process::new(tag(Form::Bytes), command, Restart::Always));
    let mut ready = start(shell(Form::Str, "echo ready; sleep 1000", Restart::Never));
    assert_eq!(value(&mut ready, Form::Str).await, text("ready"));
    let before = memory();
    let flooded = tokio::time::timeout(Duration::from_secs(1), drivers.next()).await;
    assert!(
        flooded.is_err(),
        "a line without end is no line: {flooded:?}"
    );
    let grown = memory().saturating_sub(before);
    assert!(grown < 16 << 20, "it grew by {grown} bytes");
}

#[tokio::test]
async fn too_long_a_line_is_told_and_left_out() {
    let script = "head -c 200000 /dev/zero | tr '\\0' x; echo; echo short; cat";
    let mut drivers = start(shell(Form::Str, script, Restart::Never));
    assert!(fault(&mut drivers).await.contains("longer than"));
    assert_eq!(value(&mut drivers, Form::Str).await, text("short"));
}

#[tokio::test]
async fn who_does_not_listen_loses_writes_and_is_heard_all_the_same() {
    let script = "while true; do echo tick; sleep 0.01; done";
    let mut drivers = start(shell(Form::Str, script, Restart::Always));
    let name = drivers.tags()[0].name().clone();
    let long = coded(Form::Str, &"x".repeat(10_000));
    let mut lost = false;
    for _ in 0..1_000 {
        let Event::Value { value, .. } = event(&mut drivers).await else {
            panic!("it is well");
        };
        assert_eq!(value, coded(Form::Str, "tick"));
        if !drivers.write(&name, long.clone()) {
            lost = true;
            break;
        }
    }
    assert!(lost, "what nobody reads is not kept without end");
}

#[tokio::test]
async fn a_shell_reads_no_command() {
    let script = PathBuf::from("$(echo danger)");
    let command = vec!["echo".to_owned(), script.display().to_string()];
    let mut drivers = start(Process::new(tag(Form::Str), command, Restart::Never));
    assert_eq!(value(&mut drivers, Form::Str).await, text("$(echo danger)"));
}
