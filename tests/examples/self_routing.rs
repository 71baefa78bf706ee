//! Self-routing on four nodes in a line: explorers, routes, the way there and home.

use crate::stage::{Outcome, Play, Ran, Trouble};

fn line() -> Play {
    Play::open("self_routing.sm", Some("self_routing.net.toml"))
}

fn finds_the_gold(ran: &Ran) -> Result<(), String> {
    let right = ran.output == ["found gold"] && ran.outcome == Outcome::Done("\"gold\"".to_owned());
    if right {
        Ok(())
    } else {
        Err("the treasure is not found".to_owned())
    }
}

#[test]
fn captured_at_every_safepoint() {
    line().captured(&[]);
}

#[test]
fn plainly() {
    finds_the_gold(&line().run(0, &[])).expect("a treasure");
}

#[test]
fn with_delay() {
    line().with(Trouble::Delay).sweep(&[], finds_the_gold);
}

#[test]
fn with_sessions_that_break() {
    line().with(Trouble::Breaks).sweep(&[], finds_the_gold);
}

#[test]
fn with_nodes_that_crash() {
    line().with(Trouble::Crashes).sweep(&[], finds_the_gold);
}
