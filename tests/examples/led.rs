//! The LED device: two messages meet in a tag, on one node.

use crate::stage::{Play, Trouble};
use crate::table::LED;

fn device() -> Play {
    Play::of(&LED)
}

#[test]
fn captured_at_every_safepoint() {
    device().captured();
}

#[test]
fn plainly() {
    (LED.judge)(&device().run(0)).expect("twice");
}

/// `Int`s are encoded as signed variable-length numbers: zigzag.
#[test]
fn once() {
    let ran = device().told(vec![2]).run(0);
    assert_eq!(ran.output, ["* on", "  off"].repeat(3));
}

#[test]
fn with_every_seed() {
    device().with(Trouble::Delay).sweep(LED.judge);
}
