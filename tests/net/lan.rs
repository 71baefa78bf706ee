//! Two hosts on one network: they find each other by multicast DNS, exchange a message, and notice
//! a cut link and a dead neighbor. The hosts are network namespaces that the test makes.

use std::process::Command;
use std::time::Duration;

use crate::processes::{Process, User, now};

/// After how much silence a neighbor is taken for dead, and the most that may come on top of it:
/// a keep-alive and what a busy machine adds.
const IDLE: Duration = Duration::from_millis(750);
const SLACK: Duration = Duration::from_millis(2_000);

/// Two hosts with a cable between them.
struct Cable {
    hosts: [String; 2],
}

/// The end of the cable at a host, as it is called there.
const PORT: &str = "cable";

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("ip runs");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {talk}", args.join(" "));
}

impl Cable {
    /// Needs the right to make network namespaces, as root has it.
    fn new() -> Self {
        let process = std::process::id();
        let hosts = ["a", "b"].map(|host| format!("sm{process}{host}"));
        for host in &hosts {
            ip(&["netns", "add", host]);
            ip(&["-n", host, "link", "set", "lo", "up"]);
        }
        let [a, b] = &hosts;
        ip(&[
            "link", "add", PORT, "netns", a, "type", "veth", "peer", "name", PORT, "netns", b,
        ]);
        for (host, address) in hosts.iter().zip(["10.83.7.1/24", "10.83.7.2/24"]) {
            ip(&["-n", host, "address", "add", address, "dev", PORT]);
            ip(&["-n", host, "link", "set", PORT, "up"]);
            ip(&["-n", host, "route", "add", "224.0.0.0/4", "dev", PORT]);
        }
        Self { hosts }
    }

    /// A command on a host.
    fn on(&self, host: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.hosts[host]]);
        inside.arg(command.get_program()).args(command.get_args());
        inside.env_clear();
        for (name, value) in command.get_envs() {
            inside.env(name, value.unwrap_or_default());
        }
        inside.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    fn pull(&self) {
        ip(&["-n", &self.hosts[0], "link", "set", PORT, "down"]);
    }

    fn plug(&self) {
        ip(&["-n", &self.hosts[0], "link", "set", PORT, "up"]);
        ip(&[
            "-n",
            &self.hosts[0],
            "route",
            "replace",
            "224.0.0.0/4",
            "dev",
            PORT,
        ]);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for host in &self.hosts {
            let _ = Command::new("ip").args(["netns", "delete", host]).status();
        }
    }
}

/// A host's user, and the node that it runs.
fn start(cable: &Cable, host: usize, user: &User, trusts: &[String]) -> Process {
    let mut args = vec![
        "node",
        "--listen",
        "0.0.0.0:0",
        "--discover",
        "--idle",
        "750ms",
    ];
    for key in trusts {
        args.extend(["--trust", key]);
    }
    let node = Process::start(cable.on(host, &user.smc(&args)));
    node.hear("its key is");
    node
}

/// The key of a node of a user.
fn node_key(user: &User) -> String {
    user.run(&["key", "new", "node"]);
    let shown = user.run(&["key", "show", "node"]);
    String::from_utf8_lossy(&shown.stdout).trim().to_owned()
}

#[test]
fn two_hosts_find_each_other_and_notice_when_one_is_gone() {
    let cable = Cable::new();
    let (ann, bob) = (User::new("ann"), User::new("bob"));
    let (author, a_key, b_key) = (ann.key(), node_key(&ann), node_key(&bob));
    let a = start(&cable, 0, &ann, std::slice::from_ref(&b_key));
    let mut b = start(&cable, 1, &bob, &[a_key.clone(), author]);
    a.hear(&format!("linked with {}", &b_key[..12]));
    b.hear(&format!("linked with {}", &a_key[..12]));

    let sent = ann.run(&["send", "tests/net/there.sm", "--wait", "--timeout", "20s"]);
    let talk = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "2\n", "{talk}");
    b.hear("was here");

    cable.pull();
    let pulled = now();
    for node in [&a, &b] {
        node.hear("no longer linked");
        assert!(pulled.elapsed() < IDLE + SLACK, "{:?}", pulled.elapsed());
    }
    cable.plug();
    a.hear("linked with");
    b.hear("linked with");

    b.signal("KILL");
    let killed = now();
    a.hear("no longer linked");
    assert!(killed.elapsed() < IDLE + SLACK, "{:?}", killed.elapsed());
    b.ended();
}
