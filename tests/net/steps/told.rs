//! What `smc send --wait` says when a node is killed: word for word.

use std::process::{Child, Stdio};

use sm_net::control::protocol::Doing;

use super::case::{self, Case, Node};
use super::pair::{Lane, Pair};

/// Who waits for the walker.
struct Waiter(Child);

impl Waiter {
    fn new(pair: &Pair<'_>, flags: &[&str]) -> Self {
        let mut command = pair.command(flags);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().expect("smc starts"))
    }

    /// Compares what it has said in the end with the snapshot of this name.
    fn check(self, name: &str) {
        let output = self.0.wait_with_output().expect("smc ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let said = format!(
            "exit: {}\n--- stdout\n{}\n--- stderr\n{}",
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr)
        );
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.add_filter(r"\b[0-9a-f]{12}\b", "[name]");
        settings.add_filter(r"\b\d+(\.\d+)?(ms|s)\b", "[time]");
        settings.bind(|| insta::assert_snapshot!(name, said));
    }
}

/// Starts two nodes that are linked.
fn linked<'a>(lane: &'a mut Lane, case: &'a Case) -> Pair<'a> {
    let pair = lane.pair(case);
    pair.until("a link", |seen| {
        seen.iter().flatten().all(|seen| seen.linked)
    });
    pair
}

/// Waits until the walker sleeps at a node for good.
fn sleeps(pair: &Pair<'_>, node: Node) {
    pair.until("its sleep", |seen| {
        let there = seen[node as usize]
            .iter()
            .flat_map(|seen| seen.messages.values());
        there.eq([&Doing::Blocked(None)])
    });
}

#[test]
fn the_home_is_killed_while_the_program_is_there() {
    let (mut lane, case) = (Lane::new("told1"), case::quiet(0));
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &[]);
    sleeps(&pair, Node::A);
    pair.kill(Node::A);
    waiter.check("home_killed");
}

#[test]
fn the_home_is_killed_while_the_program_is_away() {
    let (mut lane, case) = (Lane::new("told2"), case::quiet(1));
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &[]);
    sleeps(&pair, Node::B);
    pair.kill(Node::A);
    waiter.check("home_killed_behind_it");
}

#[test]
fn the_home_dies_while_the_program_leaves() {
    let case = case::dying(Node::A, "sent-commit");
    let mut lane = Lane::new("told3");
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &[]);
    pair.die(Node::A);
    // It has arrived, and its home could not tell any more.
    sleeps(&pair, Node::B);
    waiter.check("home_killed_on_its_way");
}

#[test]
fn a_node_far_away_is_killed_with_the_program() {
    let (mut lane, case) = (Lane::new("told4"), case::quiet(1));
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &["--timeout", "1500ms"]);
    sleeps(&pair, Node::B);
    pair.kill(Node::B);
    pair.start(Node::B);
    waiter.check("far_killed");
}

#[test]
fn a_node_far_away_has_lost_the_program() {
    let case = case::dying(Node::B, "receiving-commit");
    let mut lane = Lane::new("told5");
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &[]);
    pair.die(Node::B);
    pair.start(Node::B);
    waiter.check("far_lost");
}

#[test]
fn a_node_far_away_dies_before_it_has_the_program() {
    let case = case::dying(Node::B, "sending-prepared");
    let mut lane = Lane::new("told6");
    let mut pair = linked(&mut lane, &case);
    let waiter = Waiter::new(&pair, &[]);
    pair.die(Node::B);
    pair.start(Node::B);
    sleeps(&pair, Node::B);
    pair.call_off();
    waiter.check("far_back");
}

#[test]
fn the_home_dies_before_it_says_that_the_program_is_there() {
    for step in ["receiving-launch", "received-launch"] {
        let case = case::dying(Node::A, step);
        let mut lane = Lane::new(&format!("told-{step}"));
        let mut pair = linked(&mut lane, &case);
        let waiter = Waiter::new(&pair, &[]);
        pair.die(Node::A);
        waiter.check("home_killed_at_once");
    }
}
