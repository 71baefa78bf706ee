//! At a terminal: keys, colours, history.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use super::{folder, fs};
use crate::smc::programs;

/// A session waits so long for output before a test fails, in milliseconds.
const DEADLINE: u64 = 60_000;

const CTRL_C: char = 'c';
const CTRL_D: char = 'd';

fn session(state: &Path, more: &[(&str, &str)]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smc"));
    command.arg("repl").current_dir(programs()).env_clear();
    command
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", state)
        .env("NO_COLOR", "1");
    command.envs(more.iter().copied());
    let mut session = spawn_command(command, Some(DEADLINE)).expect("smc starts");
    session.exp_string("sm> ").expect("a prompt");
    session
}

/// Types an input and waits for what it shows.
fn say(session: &mut PtySession, input: &str, shown: &str) {
    session.send_line(input).expect("the terminal takes it");
    session
        .exp_string(shown)
        .unwrap_or_else(|error| panic!("`{input}` did not show `{shown}`: {error}"));
    session.exp_string("sm> ").expect("the next prompt");
}

/// Gives up the line that is being written. The prompt is drawn again with every letter, so it is
/// the end of the line that tells when that is done.
fn give_up(session: &mut PtySession) {
    session.send_control(CTRL_C).expect("the terminal takes it");
    session.exp_string("\r\n").expect("the end of the line");
    session.exp_string("sm> ").expect("the next prompt");
}

fn end(mut session: PtySession) {
    session.send_control(CTRL_D).expect("the terminal takes it");
    session.exp_eof().expect("the session ends");
    let status = session.process().wait().expect("smc ends");
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[test]
fn ctrl_c_ends_what_runs_and_then_the_session_goes_on() {
    let mut session = session(&folder("state_ctrl_c"), &[]);
    say(&mut session, "1 + 2", "3 : Int");
    session
        .send_line("print(\"on\"); loop { yield() }")
        .expect("taken");
    session.exp_string("on\r\n").expect("it runs");
    session.send_control(CTRL_C).expect("taken");
    session.exp_string("interrupted").expect("it is ended");
    session.exp_string("sm> ").expect("the next prompt");
    say(&mut session, "40 + 2", "42 : Int");
    session.send("abandoned").expect("taken");
    give_up(&mut session);
    say(&mut session, "40 + 3", "43 : Int");
    end(session);
}

#[test]
fn an_input_may_take_several_lines() {
    let mut session = session(&folder("state_lines"), &[]);
    session
        .send_line("fn double(n: Int) -> Int {")
        .expect("taken");
    session.send_line("    n * 2").expect("taken");
    session.send_line("}").expect("taken");
    session.exp_string("sm> ").expect("the next prompt");
    say(&mut session, "double(21)", "42 : Int");
    end(session);
}

#[test]
fn the_history_stays_for_the_next_session() {
    let state = folder("state_history");
    let mut first = session(&state, &[]);
    say(&mut first, "100 + 11", "111 : Int");
    end(first);
    let file = state.join("smartmsg/history");
    let mode = fs::metadata(&file).expect("a history").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut second = session(&state, &[]);
    say(&mut second, "\x1b[A", "111 : Int");
    end(second);
}

#[test]
fn a_history_that_cannot_be_written_is_no_reason_to_stop() {
    let state = folder("state_none").join("file");
    fs::write(&state, "").expect("a file in the way");
    let mut session = session(&state, &[]);
    say(&mut session, "1 + 2", "3 : Int");
    end(session);
}

#[test]
fn tab_completes() {
    let mut session = session(&folder("state_tab"), &[]);
    say(&mut session, "let temperatures = [70, 5]", "\n");
    say(&mut session, "tempera\t", "[70, 5] : [Int]");
    say(&mut session, "temperatures.conta\t5)", "true : Bool");
    say(&mut session, ":ty\t temperatures", "[Int]");
    end(session);
}

#[test]
fn words_have_colours_where_colour_is_wanted() {
    let mut session = session(&folder("state_color"), &[("NO_COLOR", "")]);
    session.send("let x = 12").expect("taken");
    session.flush().expect("taken");
    session
        .exp_string("\x1b[35mlet\x1b[0m")
        .expect("a keyword in colour");
    give_up(&mut session);
    end(session);
}
