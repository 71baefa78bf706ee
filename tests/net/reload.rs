//! SIGHUP: a node reads its settings again, and goes on.

use std::fs;
use std::process::Output;

use crate::processes::{Process, User, example};

/// A node whose settings are in a file.
struct Node {
    user: User,
    process: Process,
}

/// What comes after everything that a good file changes.
const READ: &str = "the settings have been read again";

impl Node {
    fn start(name: &str, settings: &str) -> Self {
        let user = User::new(name);
        let file = user.path("node.toml");
        fs::write(&file, settings).expect("a settings file");
        let args = ["node", "--config", &file.display().to_string()];
        let process = Process::start(user.smc(&args));
        process.hear("its key is");
        Self { user, process }
    }

    fn reads(&self, settings: &str) {
        fs::write(self.user.path("node.toml"), settings).expect("a settings file");
        self.process.signal("HUP");
        self.process.hear(READ);
    }

    fn tag(&self, name: &str) -> String {
        said(&self.user.run(&["tag", "get", name]))
    }

    fn key(&self) -> String {
        said(&self.user.run(&["key", "show", "node"]))
    }

    /// Another user's program, sent to this node.
    fn admits(&self, author: &User) -> Output {
        let socket = self.user.path("run/smartmsg/node.sock");
        let socket = socket.display().to_string();
        let args = ["send", &example("led.sm"), "1", "--to", &socket];
        author.run(&args)
    }

    fn ends(mut self) {
        self.process.signal("TERM");
        assert_eq!(self.process.ended(), Some(0));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn tags_of_the_file_change_and_others_stay() {
    let node = Node::start("hup-tags", "[tags]\ncrop = \"kale\"\nrow = 3\nbed = 1\n");
    node.user.run(&["tag", "set", "row", "7"]);
    node.reads("[tags]\ncrop = \"leek\"\nrow = 3\nsoil = \"loam\"\n");
    assert_eq!(
        ["crop", "row", "soil", "bed"].map(|name| node.tag(name)),
        ["\"leek\"", "7", "\"loam\"", ""],
        "what the file says as before keeps the value that it has got since"
    );
    node.ends();
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_of() {
    let node = Node::start("hup-broken", "[tags]\ncrop = \"kale\"\n");
    fs::write(node.user.path("node.toml"), "listen = 3\n[tags]\ncrop = \n").expect("a file");
    node.process.signal("HUP");
    node.process.hear("those before are in force");
    assert_eq!(node.tag("crop"), "\"kale\"");
    node.reads("[tags]\ncrop = \"leek\"\n");
    assert_eq!(node.tag("crop"), "\"leek\"");
    node.ends();
}

#[test]
fn what_cannot_change_is_named() {
    let node = Node::start("hup-fixed", "idle = \"2s\"\n");
    node.reads("idle = \"3s\"\n[io.time]\ndriver = \"clock\"\n");
    let told = "to change `idle`, `io`, start the node again";
    node.process.hear(told);
    // It is compared with what is in force, not with what was read the last time.
    node.reads("idle = \"3s\"\n");
    node.process.hear("to change `idle`, start");
    node.reads("idle = \"2s\"\n");
    node.user.run(&["stop", "node"]);
    let rest = node.process.rest();
    assert!(
        !rest.iter().any(|line| line.contains("to change")),
        "{rest:?}"
    );
}

#[test]
fn authors_are_trusted_and_no_longer_trusted() {
    let node = Node::start("hup-trust", "");
    let ann = User::new("hup-ann");
    let key = ann.key();
    let admitted = || node.admits(&ann).status.code();
    assert_eq!(admitted(), Some(5), "a stranger is refused");
    node.user.run(&["key", "trust", "ann", &key]);
    assert_eq!(admitted(), Some(5), "the list has not been read again");
    node.reads("");
    assert_eq!(admitted(), Some(0));
    node.user.run(&["key", "distrust", "ann"]);
    node.reads("");
    assert_eq!(admitted(), Some(5));
    node.reads(&format!(
        "trust = [\"{key}\"]\n[limits]\nlifetime = \"1s\"\n"
    ));
    let sent = node.admits(&ann);
    let talk = String::from_utf8_lossy(&sent.stderr);
    assert!(
        talk.contains("lifetime"),
        "trusted, but it asks for too much: {talk}"
    );
    node.ends();
}

#[test]
fn flags_for_addresses_go_before_the_file() {
    let user = User::new("hup-listen");
    let file = user.path("node.toml");
    let hears = |process: Process| {
        let line = process.hear("node node listens on");
        line.matches("127.0.0.").count()
    };
    let settings = "listen = [\"127.0.0.1:0\", \"127.0.0.2:0\", \"127.0.0.3:0\"]\n";
    fs::write(&file, settings).expect("a settings file");
    let file = file.display().to_string();
    let args = ["node", "--config", &file];
    assert_eq!(hears(Process::start(user.smc(&args))), 3);
    let flags = ["--listen", "127.0.0.4:0", "--listen", "127.0.0.5:0"];
    let node = Process::start(user.smc(&[&args[..], &flags].concat()));
    assert_eq!(hears(node), 2);
}

#[test]
fn neighbors_come_and_go() {
    let near = Node::start("hup-near", "");
    let far = Node::start("hup-far", &format!("trust = [\"{}\"]\n", near.key()));
    let status = far.user.json(&["nodes", "--json"]);
    let listen = status["nodes"][0]["listen"][0]
        .as_str()
        .expect("an address");
    let neighbor = format!("neighbors = [\"{}@{listen}\"]\n", far.key());
    near.reads(&neighbor);
    near.process.hear("linked with");
    far.process.hear("linked with");
    near.reads("");
    near.process.hear("no longer linked with");
    far.process.hear("no longer linked with");
    near.reads(&neighbor);
    far.process.hear("linked with");
    // Who is no longer trusted loses its session, and does not get another.
    far.reads("");
    far.process.hear("no longer linked with");
    far.process.hear("a node called that is not trusted");
    near.ends();
    far.ends();
}
