//! Two nodes that live and die, and somebody who waits at one of them for a message.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use sm_net::control::Client;
use sm_net::control::protocol::{Answer, Doing, Name, Request, Status};

use super::case::{Case, Node};
use crate::processes::{PATIENCE, Process, User, free_port, now};

/// A user who runs one pair of nodes after the other.
pub(super) struct Lane {
    user: User,
    runtime: tokio::runtime::Runtime,
    keys: [String; 2],
    program: String,
    /// Settings of a node that takes no programs.
    proud: String,
    runs: usize,
}

/// Two nodes.
pub(super) struct Pair<'a> {
    lane: &'a Lane,
    case: &'a Case,
    run: usize,
    ports: [u16; 2],
    processes: [Option<Process>; 2],
    /// How many times each has died.
    deaths: [usize; 2],
    /// What they said while they lived.
    said: Vec<String>,
    waiter: Option<Process>,
}

/// What a node shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// The other is its neighbor.
    pub(super) linked: bool,
    pub(super) in_doubt: u64,
    /// What stands there, and whether it moves.
    pub(super) messages: BTreeMap<Name, Doing>,
}

impl Lane {
    pub(super) fn new(name: &str) -> Self {
        let user = User::new(name);
        user.key();
        let keys = ["a", "b"].map(|name| {
            user.run(&["key", "new", name]);
            let shown = user.run(&["key", "show", name]);
            String::from_utf8_lossy(&shown.stdout).trim().to_owned()
        });
        let program = user.path("steps.smb").display().to_string();
        let built = user.run(&["build", "tests/net/steps.sm", "-o", &program]);
        let talk = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{talk}");
        let proud = user.path("proud.toml").display().to_string();
        std::fs::write(&proud, "[limits]\nheap_bytes = 1\n").expect("a settings file");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            user,
            runtime: runtime.expect("a runtime"),
            keys,
            program,
            proud,
            runs: 0,
        }
    }

    pub(super) fn pair<'a>(&'a mut self, case: &'a Case) -> Pair<'a> {
        self.runs += 1;
        let mut pair = Pair {
            run: self.runs,
            lane: self,
            case,
            ports: [free_port(), free_port()],
            processes: [None, None],
            deaths: [0; 2],
            said: Vec::new(),
            waiter: None,
        };
        pair.start(Node::A);
        pair.start(Node::B);
        pair
    }
}

impl Pair<'_> {
    fn name(&self, node: Node) -> String {
        format!("{}{}", ["a", "b"][node as usize], self.run)
    }

    /// Starts a node, which dies at the next step that the case has for it.
    pub(super) fn start(&mut self, node: Node) {
        let (own, other) = (node as usize, node.other() as usize);
        let mut args = vec!["node".to_owned(), "--name".to_owned(), self.name(node)];
        let mut flag = |flag: &str, value: String| args.extend([flag.to_owned(), value]);
        flag("--key", ["a", "b"][own].to_owned());
        flag("--listen", format!("127.0.0.1:{}", self.ports[own]));
        // One calls the other that is there: two calls at once may part the nodes in a hop.
        let key = &self.lane.keys[other];
        if self.processes[other].is_some() {
            flag(
                "--neighbor",
                format!("{key}@127.0.0.1:{}", self.ports[other]),
            );
        } else {
            flag("--trust", key.clone());
        }
        if self.case.proud && node == Node::B {
            flag("--config", self.lane.proud.clone());
        }
        let mut of_node = self.case.deaths.iter().filter(|death| death.node == node);
        if let Some(death) = of_node.nth(self.deaths[own]) {
            flag("--crash-at", death.step.clone());
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let process = Process::start(self.lane.user.smc(&args));
        process.hear("its key is");
        self.processes[own] = Some(process);
    }

    /// Waits until a node has killed itself.
    pub(super) fn die(&mut self, node: Node) {
        let process = self.processes[node as usize].take();
        let mut process = process.expect("it lives");
        match process.last_words(PATIENCE) {
            Ok(words) => self.said.extend(words),
            Err(words) => panic!("{node:?} does not die: {words:?}, {:?}", self.look_all()),
        }
        let status = process.child.wait().expect("it is a child");
        assert_eq!(status.signal(), Some(9), "{status}");
        self.deaths[node as usize] += 1;
    }

    /// Kills a node, whatever it is doing.
    pub(super) fn kill(&mut self, node: Node) {
        let process = self.processes[node as usize].take();
        let mut process = process.expect("it lives");
        process.child.kill().expect("it is a child");
        process.child.wait().expect("it is a child");
        // What it said before it died came through the pipe.
        self.said.extend(process.rest());
    }

    fn lives(&self, node: Node) -> bool {
        self.processes[node as usize].is_some()
    }

    /// Sends the walker off from A, and somebody waits for it there.
    pub(super) fn send(&mut self) {
        self.waiter = Some(Process::start(self.command(&["--json"])));
    }

    /// The command that does so.
    pub(super) fn command(&self, flags: &[&str]) -> Command {
        let walk = [self.case.moves, self.case.load, self.case.timeout].map(|n| n.to_string());
        let [moves, load, timeout] = &walk;
        let to = self.name(Node::A);
        let parcel = "x".repeat(self.case.parcel);
        let program = &self.lane.program;
        let args = ["send", program, moves, load, timeout, &parcel];
        let args = [&args[..], &["--wait", "--to", &to], flags].concat();
        self.lane.user.smc(&args)
    }

    /// What who waits was told, after Ctrl-C if that is what it takes.
    pub(super) fn told(&mut self, interrupt: bool) -> Value {
        let mut waiter = self.waiter.take().expect("somebody waits");
        if interrupt {
            waiter.signal("INT");
        }
        let said = waiter.last_words(PATIENCE);
        let said = said.unwrap_or_else(|said| panic!("it waits on: {said:?}"));
        waiter.child.wait().expect("it is a child");
        let object = said.iter().find(|line| line.starts_with('{'));
        let object = object.unwrap_or_else(|| panic!("no object: {said:?}"));
        serde_json::from_str(object).expect("an object")
    }

    /// Lets the walker end, wherever it is.
    pub(super) fn call_off(&mut self) {
        for node in [Node::A, Node::B] {
            if self.lives(node) {
                let name = self.name(node);
                let set = self
                    .lane
                    .user
                    .run(&["tag", "set", "go", "true", "--at", &name]);
                let talk = String::from_utf8_lossy(&set.stderr);
                assert!(set.status.success(), "{talk}");
            }
        }
    }

    /// Asks the nodes until it is so; answers how long that took.
    pub(super) fn until(&self, what: &str, so: impl Fn(&[Option<Seen>; 2]) -> bool) -> Duration {
        let began = now();
        loop {
            let seen = self.look_all();
            if so(&seen) {
                return began.elapsed();
            }
            let waited = began.elapsed();
            assert!(waited < PATIENCE, "not in time: {what}: {seen:?}");
            self.pause();
        }
    }

    /// What all living nodes show.
    pub(super) fn look_all(&self) -> [Option<Seen>; 2] {
        [Node::A, Node::B].map(|node| self.lives(node).then(|| self.look(node)))
    }

    fn look(&self, node: Node) -> Seen {
        let status = self.ask(node, &Request::Status);
        let messages = self.ask(node, &Request::Messages);
        match (status, messages) {
            (Some(Answer::Status(status)), Some(Answer::Messages(messages))) => {
                let Status {
                    neighbors,
                    in_doubt,
                    ..
                } = *status;
                let messages = messages.into_iter().map(|one| (one.message, one.doing));
                Seen {
                    linked: neighbors > 0,
                    in_doubt,
                    messages: messages.collect(),
                }
            }
            // It dies just now.
            _ => Seen::default(),
        }
    }

    fn ask(&self, node: Node, request: &Request) -> Option<Answer> {
        let socket = format!("run/smartmsg/{}.sock", self.name(node));
        let socket: PathBuf = self.lane.user.path(&socket);
        self.lane.runtime.block_on(async {
            let mut client = Client::open(&socket).await.ok()?;
            client.ask(request).await.ok()?;
            client.answer().await.ok()
        })
    }

    fn pause(&self) {
        let pause = async { tokio::time::sleep(Duration::from_millis(10)).await };
        self.lane.runtime.block_on(pause);
    }

    /// Ends both, and answers where the walker said it was, with how often it said so.
    pub(super) fn stays(&mut self) -> BTreeMap<String, usize> {
        for node in [Node::A, Node::B] {
            if self.lives(node) {
                self.kill(node);
            }
        }
        let mut stays = BTreeMap::new();
        for line in &self.said {
            assert!(!line.contains("died of a trap"), "{line}");
            if line.starts_with("stay ") {
                *stays.entry(line.clone()).or_default() += 1;
            }
        }
        stays
    }
}
