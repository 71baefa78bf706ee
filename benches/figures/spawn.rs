//! Messages that are spawned and end at once.

use sm_core::node::Parking;

use super::Size;
use super::cpu::least;
use super::figure::{Bound, Measured};
use super::node::Alone;

const SPAWNING: &str = r#"
fn main(messages: Int) {
    for number in 0..messages {
        spawn nothing()
        if number % 64 == 0 {
            yield()
        }
    }
}

fn nothing() {}
"#;

pub(crate) fn spawn(size: Size) -> Vec<Measured> {
    let (messages, times) = (size.of(200_000, 1_000), size.of(9, 1));
    let took = least(times, || {
        Alone::start(SPAWNING, &[messages], Parking::Live).finish();
    });
    let nothing = least(times, || {
        Alone::start(SPAWNING, &[0], Parking::Live).finish()
    });
    let each = took.saturating_sub(nothing).as_secs_f64() / messages as f64;
    vec![Measured {
        name: "spawn and end of a message",
        value: 1e-6 / each,
        unit: "M/s",
        bound: Bound::AtLeast(1.5, 4.0),
        beside: format!("{:.0} ns each", each * 1e9),
    }]
}
