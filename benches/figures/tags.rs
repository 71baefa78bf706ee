//! Tags that a running message reads and writes.

use sm_core::node::Parking;

use super::Size;
use super::cpu::least;
use super::figure::{Bound, Measured};
use super::node::Alone;

/// Writes and reads four times in each round of its loops.
const STATIC: &str = r#"
tag level: Int

fn main(times: Int, writes: Int, reads: Int) -> Int {
    var sum = 0
    for number in 0..times {
        for _ in 0..writes {
            write(level, number)
            write(level, number)
            write(level, number)
            write(level, number)
        }
        for _ in 0..reads {
            sum += read(level).unwrap_or(1)
            sum += read(level).unwrap_or(1)
            sum += read(level).unwrap_or(1)
            sum += read(level).unwrap_or(1)
        }
    }
    sum
}
"#;

/// The same with 64 members of a family.
const FAMILY: &str = r#"
tag level(room: Int): Int

fn main(times: Int, writes: Int, reads: Int) -> Int {
    var sum = 0
    for number in 0..times {
        for _ in 0..writes {
            write(level(number & 63), number)
            write(level((number + 1) & 63), number)
            write(level((number + 2) & 63), number)
            write(level((number + 3) & 63), number)
        }
        for _ in 0..reads {
            sum += read(level(number & 63)).unwrap_or(1)
            sum += read(level((number + 1) & 63)).unwrap_or(1)
            sum += read(level((number + 2) & 63)).unwrap_or(1)
            sum += read(level((number + 3) & 63)).unwrap_or(1)
        }
    }
    sum
}
"#;

pub(crate) fn tags(size: Size) -> Vec<Measured> {
    vec![
        rate(
            size,
            "static tag, reads and writes",
            STATIC,
            Bound::AtLeast(20.0, 50.0),
        ),
        rate(
            size,
            "tag of a family, the same",
            FAMILY,
            Bound::AtLeast(8.0, 15.0),
        ),
    ]
}

fn rate(size: Size, name: &'static str, text: &'static str, bound: Bound) -> Measured {
    let (rounds, times) = (size.of(200_000, 1_000), size.of(9, 1));
    let took = |writes, reads| {
        let took = least(times, || {
            Alone::start(text, &[rounds, writes, reads], Parking::Live).finish();
        });
        took.as_secs_f64() / rounds as f64
    };
    let nothing = took(0, 0);
    let [write, read, both] = [(1, 0), (0, 1), (1, 1)].map(|(writes, reads)| {
        let each = (took(writes, reads) - nothing) / (4 * (writes + reads)) as f64;
        1e-6 / each
    });
    Measured {
        name,
        value: both,
        unit: "M/s",
        bound,
        beside: format!("writes alone {write:.1}, reads of nothing {read:.1}"),
    }
}
