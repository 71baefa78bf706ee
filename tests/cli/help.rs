//! Help, version, completions, explanations, and command lines that make no sense.

use crate::smc::{check, command, ran, smc, snapshot};

#[test]
fn help_of_every_command() {
    check("help", &["--help"]);
    check("help_new", &["new", "--help"]);
    check("help_init", &["init", "--help"]);
    check("help_cost", &["cost", "--help"]);
    check("help_doc", &["doc", "--help"]);
    check("help_run", &["run", "--help"]);
    check("help_repl", &["repl", "--help"]);
    check("help_check", &["check", "--help"]);
    check("help_fmt", &["fmt", "--help"]);
    check("help_build", &["build", "--help"]);
    check("help_emit", &["emit", "--help"]);
    check("help_node", &["node", "--help"]);
    check("help_replay", &["replay", "--help"]);
    check("help_key", &["key", "--help"]);
    check("help_key_new", &["key", "new", "--help"]);
    check("help_key_show", &["key", "show", "--help"]);
    check("help_key_trust", &["key", "trust", "--help"]);
    check("help_key_distrust", &["key", "distrust", "--help"]);
    check("help_explain", &["explain", "--help"]);
    check("help_send", &["send", "--help"]);
    check("help_follow", &["follow", "--help"]);
    check("help_ps", &["ps", "--help"]);
    check("help_kill", &["kill", "--help"]);
    check("help_tag", &["tag", "--help"]);
    check("help_tag_set", &["tag", "set", "--help"]);
    check("help_tag_watch", &["tag", "watch", "--help"]);
    check("help_up", &["up", "--help"]);
    check("help_nodes", &["nodes", "--help"]);
    check("help_neighbors", &["neighbors", "--help"]);
    check("help_neighbors_add", &["neighbors", "add", "--help"]);
    check("help_stop", &["stop", "--help"]);
    check("help_completions", &["completions", "--help"]);
}

#[test]
fn no_command_is_a_usage_error_with_help() {
    let ran = smc(&[]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.contains("Usage: smc"), "{}", ran.stderr);
}

#[test]
fn recordings_that_are_none() {
    check("replay_missing", &["replay", "nothing.smtrace"]);
    check("replay_other", &["replay", "hello.sm"]);
}

#[test]
fn nodes_that_cannot_be() {
    check(
        "node_neighbor",
        &["node", "--neighbor", "somebody@127.0.0.1:1"],
    );
    check("node_net_without", &["node", "--net", "pair.net.toml"]);
    check("node_listen", &["node", "--listen", "everywhere"]);
    check("node_crash_at", &["node", "--crash-at", "sent-comit"]);
}

#[test]
fn version_is_data() {
    let ran = smc(&["--version"]);
    assert_eq!(ran.exit, 0);
    assert_eq!(ran.stdout, format!("smc {}\n", env!("CARGO_PKG_VERSION")));
    assert!(ran.stderr.is_empty());
}

#[test]
fn wrong_command_lines() {
    check("wrong_command", &["rnu", "hello.sm"]);
    check("wrong_flag", &["run", "hello.sm", "--colour", "never"]);
    check("wrong_color", &["check", "hello.sm", "--color", "pink"]);
    check("wrong_emit", &["emit", "assembly", "hello.sm"]);
    check("wrong_shell", &["completions", "tcsh"]);
    check("wrong_timeout", &["run", "hello.sm", "--timeout", "5"]);
    check("wrong_code", &["explain", "SM9999"]);
    check("wrong_code_near", &["explain", "sm031"]);
    check("wrong_trap", &["explain", "IndexOutOfBounds"]);
    check("missing_file_name", &["run"]);
}

#[test]
fn completions_of_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = smc(&["completions", shell]);
        assert_eq!(ran.exit, 0, "{shell}");
        assert!(ran.stdout.contains("message-format"), "{shell}");
        assert!(ran.stderr.is_empty(), "{shell}: {}", ran.stderr);
    }
}

#[test]
fn explain_knows_every_code() {
    let list = smc(&["explain"]);
    assert_eq!(list.exit, 0);
    let codes: Vec<&str> = list
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(!codes.is_empty());
    for code in [codes[0], codes[codes.len() - 1]] {
        let page = smc(&["explain", &code.to_lowercase()]);
        assert_eq!(page.exit, 0);
        assert!(page.stdout.starts_with(code), "{}", page.stdout);
    }
}

#[test]
fn explain_knows_numbers_and_traps() {
    check("explain_number", &["explain", "507"]);
    check("explain_trap", &["explain", "indexoutofrange"]);
}

#[test]
fn a_bug_asks_to_be_reported() {
    let ran = smc(&["crash"]);
    assert_eq!(ran.exit, 70);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.contains("smc has a bug"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("asked for with `smc crash`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("Please report it"), "{}", ran.stderr);
}

#[test]
fn flags_come_from_the_environment_too() {
    let output = command(&["check", "types.sm"])
        .env("SM_MESSAGE_FORMAT", "short")
        .output();
    let ran = ran(output.expect("smc starts"));
    snapshot("environment", &ran);
}

#[test]
fn colour_is_for_those_who_want_it() {
    let colored = |args: &[&str], no_color: &str| {
        let output = command(args)
            .env("NO_COLOR", no_color)
            .output()
            .expect("smc starts");
        ran(output).stderr.contains("\x1b[")
    };
    assert!(
        !colored(&["check", "types.sm"], ""),
        "no terminal, no colour"
    );
    assert!(colored(&["check", "types.sm", "--color", "always"], ""));
    assert!(
        colored(&["check", "types.sm", "--color", "always"], "1"),
        "a flag is stronger"
    );
    assert!(!colored(&["check", "types.sm", "--color", "never"], ""));
}
