//! The fire detector: a message goes to a camera with GPS, another one wherever there is fire.

use crate::stage::{Outcome, Play, Ran, Trouble};

fn county() -> Play {
    Play::open("fire.sm", Some("fire.net.toml"))
}

fn finds_the_fire(ran: &Ran) -> Result<(), String> {
    let right = ran.output == ["fire at 39.7817 N, -89.6501 E"]
        && ran.outcome == Outcome::Done("(39.7817, -89.6501)".to_owned());
    if right {
        Ok(())
    } else {
        Err("the fire is not found".to_owned())
    }
}

#[test]
fn captured_at_every_safepoint() {
    county().captured(&[]);
}

#[test]
fn plainly() {
    finds_the_fire(&county().run(0, &[])).expect("a fire");
}

#[test]
fn with_delay() {
    county().with(Trouble::Delay).sweep(&[], finds_the_fire);
}

#[test]
fn with_sessions_that_break() {
    county().with(Trouble::Breaks).sweep(&[], finds_the_fire);
}
