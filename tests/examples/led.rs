//! The LED device: two messages meet in a tag, on one node.

use crate::stage::{Outcome, Play, Ran, Trouble};

fn device() -> Play {
    Play::open("led.sm", None)
}

fn blinks(times: usize) -> impl Fn(&Ran) -> Result<(), String> + Sync {
    move |ran: &Ran| {
        let lines = ["* on", "  off"].repeat(3 * times);
        let right = ran.output == lines && ran.outcome == Outcome::Done("()".to_owned());
        if right {
            Ok(())
        } else {
            Err(format!("does not blink {times} times three"))
        }
    }
}

/// `Int`s are encoded as signed variable-length numbers: zigzag.
fn times(count: u8) -> [u8; 1] {
    [count * 2]
}

#[test]
fn captured_at_every_safepoint() {
    device().captured(&times(1));
}

#[test]
fn plainly() {
    blinks(1)(&device().run(0, &times(1))).expect("once");
    blinks(2)(&device().run(0, &times(2))).expect("twice");
}

#[test]
fn with_every_seed() {
    device().with(Trouble::Delay).sweep(&times(1), blinks(1));
}
