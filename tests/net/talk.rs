//! What an operator sees of nodes: lines of programs, recordings, tags.

use crate::processes::{Process, User, example};

#[test]
fn what_a_person_sees_of_the_town() {
    let user = User::new("sees");
    let mut up = Process::start(user.smc(&["up", &example("town.net.toml")]));
    up.hear("the network is up");
    let sent = user.run(&["send", &example("temperature.sm"), "--to", "n1", "--wait"]);
    assert_eq!(
        String::from_utf8_lossy(&sent.stdout),
        "12 thermometers, mean 72.9 F\n72.91666666666667\n",
        "{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    assert_eq!(sent.status.code(), Some(0));
    up.signal("TERM");
    assert_eq!(up.ended(), Some(0));
}

/// What a node did among others, its core does again alone: same outputs, same state.
#[test]
fn a_recorded_node_is_replayed_to_the_same_hashes() {
    let user = User::new("record");
    let file = user.path("a.smtrace").display().to_string();
    let mut node = Process::start(user.smc(&["node", "--name", "a", "--record", &file]));
    node.hear("its key is");
    let sent = user.run(&["send", &example("led.sm"), "2", "--to", "a", "--wait"]);
    assert_eq!(sent.status.code(), Some(0));
    node.signal("TERM");
    assert_eq!(node.ended(), Some(0));
    let replayed = user.json(&["replay", &file, "--json"]);
    assert_eq!(replayed["checkpoints"], 1, "{replayed}");
    let lines: Vec<String> = ["* on", "  off"]
        .repeat(6)
        .iter()
        .map(|&line| line.into())
        .collect();
    assert_eq!(replayed["output"], serde_json::json!(lines));
    // One bit of one value, and it is another life.
    let mut bytes = std::fs::read(&file).expect("a recording");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).expect("a recording");
    let diverged = user.run(&["replay", &file]);
    assert_eq!(diverged.status.code(), Some(1));
    let talk = String::from_utf8_lossy(&diverged.stderr).into_owned();
    assert!(
        talk.contains("the node's state is not what was recorded"),
        "{talk}"
    );
}

/// Settings in a file, tags and drivers in flags: programs meet all of them.
#[test]
fn a_node_has_the_tags_of_its_operator() {
    let user = User::new("tags");
    let file = user.path("node.toml");
    let text =
        "name = \"shed\"\n[tags]\ncrop = \"kale\"\n[io.beds]\ndriver = \"constant\"\nvalue = 12\n";
    std::fs::write(&file, text).expect("a settings file");
    let file = file.display().to_string();
    let args = [
        "node",
        "--config",
        &file,
        "--tag",
        "row=3",
        "--io",
        "echo=process:/bin/cat",
    ];
    let mut node = Process::start(user.smc(&args));
    node.hear("node shed listens");
    let value = |name: &str| {
        let got = user.run(&["tag", "get", name, "--at", "shed"]);
        String::from_utf8_lossy(&got.stdout).trim().to_owned()
    };
    assert_eq!(
        [value("crop"), value("beds"), value("row")],
        ["\"kale\"", "12", "3"]
    );
    // What is written to a driver's tag is the driver's to say: this one says it again.
    assert!(
        user.run(&["tag", "set", "echo: Str", "hello"])
            .status
            .success()
    );
    crate::processes::until("an echo", || value("echo") == "\"hello\"");
    node.signal("INT");
    assert_eq!(node.ended(), Some(0));
}

/// Whoever runs a node reads there that a message died, wherever its home is.
#[test]
fn a_trap_is_told_where_it_happened() {
    let user = User::new("trap");
    let program = user.path("trap.sm");
    std::fs::write(&program, "fn main() {\n    assert(1 == 2)\n}\n").expect("a program");
    let mut node = Process::start(user.smc(&["node", "--name", "a"]));
    node.hear("its key is");
    let sent = user.run(&[
        "send",
        &program.display().to_string(),
        "--to",
        "a",
        "--wait",
    ]);
    assert_eq!(sent.status.code(), Some(1));
    let line = node.hear("died of a trap: ");
    assert!(line.starts_with("message "), "{line}");
    node.signal("TERM");
    assert_eq!(node.ended(), Some(0));
    assert!(
        !node.rest().iter().any(|line| line.contains("trap")),
        "once"
    );
}
