//! Every scenario of the table between real processes: what comes of it is what the simulator says.
//!
//! Links and their faults are real here. What a simulated network does and a real one cannot be
//! made to do:
//!
//! - delays, bandwidths and lost copies of a network file: loopback has its own, and loses nothing;
//! - crashes that keep memory: a node of a process keeps nothing yet over its end;
//! - a thousand seeds, and being captured at every safepoint: a real run has no seed, and captures
//!   where it hops;
//! - fifty nodes with eight searches at once, 54 times (`tests/examples/routing.rs`): one search
//!   among sixteen stands for them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::processes::{Process, User, until};
use crate::table::{Judge, Outcome, Ran, SCENARIOS, Scenario, WALKERS, no_walker_twice};

/// A scenario whose nodes are processes.
struct Stage {
    table: &'static Scenario,
    user: User,
    up: Process,
}

/// How many times in a row nobody is seen to be under way.
const AT_REST: u32 = 4;

impl Stage {
    fn open(table: &'static Scenario, part: &str) -> Self {
        let user = User::new(&format!("{}-{part}", table.name));
        let up = Process::start(user.smc(&["up", table.network]));
        up.hear("the network is up");
        Self { table, user, up }
    }

    /// Sends the program off; what is answered says how it ended.
    fn send(&self) -> Process {
        let arguments = words(self.table);
        let mut args = vec!["send", self.table.program];
        args.extend(arguments.iter().map(String::as_str));
        args.extend(["--to", self.table.at, "--wait", "--json"]);
        args.extend(["--timeout", "40s"]);
        Process::start(self.user.smc(&args))
    }

    /// Waits until the program has ended and nothing is under way any more, and judges that.
    fn judge(self, sent: &Process, judge: Judge) -> Outcome {
        let ended = sent.rest().join("\n");
        let ended: Value = serde_json::from_str(&ended).unwrap_or_else(|_| panic!("{ended}"));
        let outcome = outcome(&ended);
        let table = self.table;
        // The nodes are asked one after the other: who moves meanwhile may be seen nowhere.
        let mut times = 0;
        until("rest", || {
            times = if self.standing().len() == table.stay {
                times + 1
            } else {
                0
            };
            times == AT_REST
        });
        let ran = self.close(outcome);
        if let Err(why) = judge(&ran) {
            panic!("{}: {why}: {ran:?}", table.name);
        }
        ran.outcome
    }

    /// Ends all nodes; what they printed is complete then.
    fn close(mut self, outcome: Outcome) -> Ran {
        self.up.signal("INT");
        assert_eq!(self.up.ended(), Some(0));
        let left = self.user.run(&["ps"]);
        assert_eq!(left.status.code(), Some(3), "no node is left");
        let text = |line: String| {
            let (_, text) = line.split_once(": ").expect("after the name of a node");
            text.to_owned()
        };
        let output = self.up.data().into_iter().map(text).collect();
        Ran { output, outcome }
    }

    /// What the messages do that stand anywhere.
    fn standing(&self) -> Vec<String> {
        let list = self.user.json(&["ps", "--json"]);
        let all = list["messages"].as_array().cloned().unwrap_or_default();
        let does = |message: &Value| message["does"].as_str().unwrap_or_default().to_owned();
        all.iter().map(does).collect()
    }

    /// Processes of nodes, and how many neighbors they have.
    fn nodes(&self) -> BTreeMap<String, (u64, u64)> {
        let list = self.user.json(&["nodes", "--json"]);
        let all = list["nodes"].as_array().cloned().unwrap_or_default();
        let node = |node: &Value| {
            let number = |key: &str| node[key].as_u64().expect("a number");
            let name = node["name"].as_str().expect("a name").to_owned();
            (name, (number("pid"), number("neighbors")))
        };
        all.iter().map(node).collect()
    }

    /// Kills a node as a power cut does, and waits until its neighbors know.
    fn kill(&self, node: &str) {
        let before = self.nodes();
        let ends = |nodes: &BTreeMap<String, (u64, u64)>| -> u64 {
            nodes.values().map(|(_, neighbors)| neighbors).sum()
        };
        let (pid, neighbors) = before[node];
        signal_to(pid, "KILL");
        let left = ends(&before) - 2 * neighbors;
        until("its neighbors know", || ends(&self.nodes()) == left);
    }
}

fn signal_to(pid: u64, signal: &str) {
    let args = [format!("-{signal}"), pid.to_string()];
    let sent = std::process::Command::new("kill").args(args).status();
    assert!(sent.expect("kill runs").success());
}

fn words(table: &Scenario) -> Vec<String> {
    table.arguments.iter().map(i64::to_string).collect()
}

/// How a program ended, as `--json` has it.
fn outcome(ended: &Value) -> Outcome {
    match ended["end"].as_str() {
        Some("done") => Outcome::Done(ended["result"].as_str().expect("a result").to_owned()),
        Some("trap") if ended["kind"] == "UnwrapErr" => Outcome::UnwrapErr,
        Some("timeout") => Outcome::Silent,
        _ => Outcome::Died(ended.to_string()),
    }
}

/// How the simulator says that it ends.
fn simulated(user: &User, table: &Scenario) -> Outcome {
    let arguments = words(table);
    let mut args = vec!["run", table.program];
    args.extend(arguments.iter().map(String::as_str));
    args.extend(["--net", table.network, "--at", table.at, "--json"]);
    outcome(&user.json(&args)["launches"][0])
}

#[test]
fn what_has_to_come_comes_between_processes() {
    for table in SCENARIOS {
        let stage = Stage::open(table, "plain");
        let simulated = simulated(&stage.user, table);
        let sent = stage.send();
        assert_eq!(stage.judge(&sent, table.judge), simulated, "{}", table.name);
    }
}

/// A node stands still for longer than its neighbors wait, and goes on: every session with it ends
/// and begins again, and whatever was under way is lost.
#[test]
fn a_node_stands_still_meanwhile() {
    for table in SCENARIOS {
        let Some((node, judge)) = table.broken else {
            continue;
        };
        let stage = Stage::open(table, "broken");
        let (pid, _) = stage.nodes()[node];
        signal_to(pid, "STOP");
        let sent = stage.send();
        stage.up.hear("no longer linked with");
        signal_to(pid, "CONT");
        stage.judge(&sent, judge);
    }
}

#[test]
fn a_node_is_not_there_any_more() {
    for table in SCENARIOS {
        let Some((node, judge)) = table.without else {
            continue;
        };
        let stage = Stage::open(table, "without");
        stage.kill(node);
        let sent = stage.send();
        stage.judge(&sent, judge);
    }
}

/// A node dies with whoever stands on it. A walker on its way there is in doubt until its lifetime
/// is over; all others come to their end.
#[test]
fn walkers_end_at_most_once_where_a_node_dies() {
    let stage = Stage::open(&WALKERS, "dies");
    let sent = stage.send();
    // They walk at least two seconds, and are everywhere when the first of them has left.
    sent.rest();
    stage.kill("n4");
    until("rest", || {
        stage.standing().iter().all(|does| does == "in_doubt")
    });
    let ran = stage.close(Outcome::Silent);
    if let Err(why) = no_walker_twice(&ran) {
        panic!("{why}: {ran:?}");
    }
}
