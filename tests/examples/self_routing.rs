//! Self-routing on four nodes in a line: explorers, routes, the way there and home.

use crate::stage::{Play, Trouble};
use crate::table::SELF_ROUTING;

fn line() -> Play {
    Play::of(&SELF_ROUTING)
}

#[test]
fn captured_at_every_safepoint() {
    line().captured();
}

#[test]
fn plainly() {
    (SELF_ROUTING.judge)(&line().run(0)).expect("a treasure");
}

#[test]
fn with_delay() {
    line().with(Trouble::Delay).sweep(SELF_ROUTING.judge);
}

#[test]
fn with_sessions_that_break() {
    line().with(Trouble::Breaks).sweep(SELF_ROUTING.judge);
}

#[test]
fn with_nodes_that_crash() {
    line().with(Trouble::Crashes).sweep(SELF_ROUTING.judge);
}
