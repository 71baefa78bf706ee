//! What a message takes that waits, beyond its own data.

use std::fs;

use sm_core::node::Parking;

use super::Size;
use super::figure::{Bound, Measured};
use super::node::Alone;

/// So many messages wait for a tag that nobody writes.
const WAITING: &str = r#"
tag bell: Int

fn main(messages: Int) -> Int {
    for number in 0..messages {
        spawn wait(number)
        if number % 64 == 0 {
            yield()
        }
    }
    block(bell)
}

fn wait(number: Int) -> Int {
    block(bell) + number
}
"#;

pub(crate) fn parked(size: Size) -> Vec<Measured> {
    let few = size.of(10_000, 500);
    let many = size.of(100_000, 5_000);
    // What few take is there once, and is not counted.
    let mut first = Alone::start(WAITING, &[few], Parking::Image);
    first.settle();
    let before = resident();
    let mut alone = Alone::start(WAITING, &[many], Parking::Image);
    alone.settle();
    let taken = resident().saturating_sub(before);
    assert_eq!(alone.node.messages().len(), many + 1);
    let all = alone.node.list(sm_core::ids::Time(1));
    let own = all.iter().map(|one| one.bytes as usize).sum::<usize>();
    drop(first);
    vec![Measured {
        name: "a parked message beyond its data",
        value: taken.saturating_sub(own) as f64 / all.len() as f64,
        unit: "bytes",
        bound: Bound::AtMost(600.0, 250.0),
        beside: format!("{} messages, {} bytes of data each", many, own / all.len()),
    }]
}

/// The memory of this process that is there, in bytes.
fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = fs::read_to_string("/proc/self/statm").expect("it is there on Linux");
    let pages = statm
        .split_whitespace()
        .nth(1)
        .expect("it has a second field");
    pages.parse::<usize>().expect("it is a number") * PAGE
}
