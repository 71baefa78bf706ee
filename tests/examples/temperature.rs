//! The average temperature in town: one message visits twelve nodes.

use crate::stage::{Play, Trouble};
use crate::table::{Outcome, Ran, TOWN, some_thermometers};

fn town() -> Play {
    Play::of(&TOWN)
}

/// A launch that its node had not stored when it crashed is no message yet.
fn is_honest_or_never_began(ran: &Ran) -> Result<(), String> {
    if ran.outcome == Outcome::NeverBegan {
        Ok(())
    } else {
        some_thermometers(ran)
    }
}

#[test]
fn captured_at_every_safepoint() {
    town().captured();
}

#[test]
fn plainly() {
    (TOWN.judge)(&town().run(0)).expect("the mean");
}

#[test]
fn with_delay() {
    town().with(Trouble::Delay).sweep(TOWN.judge);
}

#[test]
fn with_sessions_that_break() {
    town().with(Trouble::Breaks).sweep(some_thermometers);
}

#[test]
fn with_nodes_that_crash() {
    town()
        .with(Trouble::Crashes)
        .sweep(is_honest_or_never_began);
}
