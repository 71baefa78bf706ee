//! `kill -9` of either node while messages hop between them: never two of one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::processes::{Process, User, free_port, now, until};

/// How often a node is killed.
const KILLS: u32 = 200;

/// How many messages hop at the same time.
const WALKERS: u32 = 6;

/// Far more than they can walk between two kills.
const ROUNDS: u32 = 1_000_000;

/// What a message does that stands still.
const BLOCKED: &str = "blocked";

/// One of the two nodes.
struct Node {
    name: &'static str,
    port: u16,
    key: String,
    process: Option<Process>,
}

/// Two nodes that call each other, and what their messages said.
struct Pair {
    user: User,
    nodes: [Node; 2],
    author: String,
    program: String,
    batch: u32,
    /// The stays of each walker, with how often each was told of.
    stays: BTreeMap<String, u32>,
}

impl Pair {
    fn new(name: &str) -> Self {
        let user = User::new(name);
        let author = user.key();
        let nodes = ["a", "b"].map(|name| {
            user.run(&["key", "new", name]);
            let shown = user.run(&["key", "show", name]);
            Node {
                name,
                port: free_port(),
                key: String::from_utf8_lossy(&shown.stdout).trim().to_owned(),
                process: None,
            }
        });
        let program = user.path("walkers.smb").display().to_string();
        let built = user.run(&["build", "tests/net/walkers.sm", "-o", &program]);
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let (batch, stays) = (0, BTreeMap::new());
        let mut pair = Self {
            user,
            nodes,
            author,
            program,
            batch,
            stays,
        };
        pair.start(0);
        pair.start(1);
        pair
    }

    fn start(&mut self, at: usize) {
        let (own, other) = (&self.nodes[at], &self.nodes[1 - at]);
        let neighbor = format!("{}@127.0.0.1:{}", other.key, other.port);
        let listen = format!("127.0.0.1:{}", own.port);
        let command = self.user.smc(&[
            "node",
            "--name",
            own.name,
            "--key",
            own.name,
            "--listen",
            &listen,
            "--neighbor",
            &neighbor,
            "--trust",
            &self.author,
        ]);
        self.nodes[at].process = Some(Process::start(command));
        self.nodes[at].process().hear("its key is");
    }

    /// As a power cut does.
    fn kill(&mut self, at: usize) {
        let mut process = self.nodes[at].process.take().expect("it runs");
        process.signal("KILL");
        process.ended();
        // What it said before it died came through the pipe.
        self.note(process.rest());
    }

    fn linked(&self, at: usize) -> bool {
        let nodes = self
            .user
            .json(&["neighbors", "--at", self.nodes[at].name, "--json"]);
        nodes["neighbors"][0]["linked_nanos"].is_number()
    }

    /// Sends walkers off from a node.
    fn launch(&mut self, at: usize) {
        self.batch += 1;
        let batch = self.batch.to_string();
        let sent = self.user.run(&[
            "send",
            &self.program,
            &batch,
            &WALKERS.to_string(),
            &ROUNDS.to_string(),
            "--to",
            self.nodes[at].name,
        ]);
        assert!(
            sent.status.success(),
            "{}",
            String::from_utf8_lossy(&sent.stderr)
        );
    }

    fn listen(&mut self) {
        for at in 0..2 {
            let lines = self.nodes[at].process.as_ref().map(Process::heard);
            self.note(lines.unwrap_or_default());
        }
    }

    fn note(&mut self, lines: Vec<String>) {
        for line in lines {
            if let Some(stay) = line.strip_prefix("stay ") {
                *self.stays.entry(stay.to_owned()).or_default() += 1;
            }
            assert!(!line.contains("died of a trap"), "{line}");
        }
    }

    /// Nobody was at the same stay twice, and nobody stands at both nodes.
    fn check(&mut self, kills: u32) {
        self.listen();
        let twice: Vec<_> = self.stays.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "after {kills} kills: {twice:?}");
    }

    /// The messages at a node that do this, by name.
    fn standing(&self, at: usize, does: &str) -> BTreeSet<String> {
        let list = self
            .user
            .json(&["ps", "--at", self.nodes[at].name, "--json"]);
        let all = list["messages"].as_array().cloned().unwrap_or_default();
        let there = all.iter().filter(|message| message["does"] == does);
        there
            .map(|message| message["message"].to_string())
            .collect()
    }

    /// How many messages at a node do not stand still.
    fn moving(&self, at: usize) -> usize {
        let list = self
            .user
            .json(&["ps", "--at", self.nodes[at].name, "--json"]);
        let all = list["messages"].as_array().cloned().unwrap_or_default();
        all.iter()
            .filter(|message| message["does"] != BLOCKED)
            .count()
    }
}

impl Node {
    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }
}

/// How long messages hop before the next kill: another time each time, from nothing to 30 ms.
fn hop_for(kill: u32) {
    let micros = u64::from(kill) * 7_919 % 30_000;
    let until = now() + Duration::from_micros(micros);
    while now() < until {
        std::thread::yield_now();
    }
}

#[test]
fn two_hundred_kills_leave_no_message_twice() {
    let mut pair = Pair::new("killed");
    for kill in 0..KILLS {
        let victim = (kill % 2) as usize;
        until("a link", || pair.linked(0) && pair.linked(1));
        pair.launch(1 - victim);
        hop_for(kill);
        pair.kill(victim);
        pair.start(victim);
        pair.check(kill + 1);
    }
    until("a link", || pair.linked(0) && pair.linked(1));
    pair.check(KILLS);
    pair.launch(0);
    // All stand still before they are counted: each that is left is at one place.
    for node in &pair.nodes {
        let set = pair
            .user
            .run(&["tag", "set", "halt", "true", "--at", node.name]);
        assert!(
            set.status.success(),
            "{}",
            String::from_utf8_lossy(&set.stderr)
        );
    }
    until("a standstill", || pair.moving(0) + pair.moving(1) == 0);
    let (a, b) = (pair.standing(0, BLOCKED), pair.standing(1, BLOCKED));
    assert_eq!(a.intersection(&b).next(), None);
    assert!(
        a.len() + b.len() >= WALKERS as usize,
        "the last ones live: {a:?} {b:?}"
    );
    assert!(
        pair.stays.len() as u32 > KILLS * 4,
        "they hopped: {}",
        pair.stays.len()
    );
}
