//! The fire detector: a message goes to a camera with GPS, another one wherever there is fire.

use crate::stage::{Play, Trouble};
use crate::table::FIRE;

#[test]
fn captured_at_every_safepoint() {
    Play::of(&FIRE).captured();
}

#[test]
fn plainly() {
    (FIRE.judge)(&Play::of(&FIRE).run(0)).expect("a fire");
}

#[test]
fn with_delay() {
    Play::of(&FIRE).with(Trouble::Delay).sweep(FIRE.judge);
}

#[test]
fn with_sessions_that_break() {
    Play::of(&FIRE).with(Trouble::Breaks).sweep(FIRE.judge);
}
