//! States: a small one that is written and read at each turn, and a large flat list.

use std::hint::black_box;

use sm_bytecode::{EntryRef, TagCode};
use sm_core::node::Parking;
use sm_vm::{CreateOptions, Host, Limits, Machine, Outcome, SpawnRefused, TagRef};

use super::Size;
use super::code;
use super::cpu::least;
use super::figure::{Bound, Measured};
use super::node::Alone;

/// A message of ten frames, which ends its turn so many times.
const DEEP: &str = r#"
struct Note {
    title: Str
    at: Int
    weight: Float
}

fn main(turns: Int) -> Int {
    deep(8, turns)
}

fn deep(depth: Int, turns: Int) -> Int {
    let title = "what frame {depth} knows of the way, in words"
    let note = Note(title: title, at: depth * 1000, weight: 0.5)
    let path = [depth, depth + 1, depth + 2]
    let below = if depth > 1 { deep(depth - 1, turns) } else { wait(turns) }
    below + note.at + path[1] + note.title.len() + note.weight.int()
}

fn wait(turns: Int) -> Int {
    for _ in 0..turns {
        yield()
    }
    turns
}
"#;

/// Each turn ends with the state as bytes, and begins with them.
pub(crate) fn warm(size: Size) -> Vec<Measured> {
    let (turns, times) = (size.of(20_000, 100), size.of(9, 1));
    let turn = |parking| {
        let mut alone = Alone::start(DEEP, &[turns * (times + 1)], parking);
        let run = |alone: &mut Alone| (0..turns).for_each(|_| alone.slice());
        run(&mut alone);
        let bytes = alone.node.list(sm_core::ids::Time(1))[0].bytes;
        let took = least(times, || run(&mut alone)).as_secs_f64() * 1e6 / turns as f64;
        alone.finish();
        (took, bytes)
    };
    let (live, _) = turn(Parking::Live);
    let (image, bytes) = turn(Parking::Image);
    vec![Measured {
        name: "suspend, write, read, resume",
        value: image,
        unit: "µs",
        bound: Bound::AtMost(5.0, 2.0),
        beside: format!("{bytes} bytes of state; a turn without writing {live:.2} µs"),
    }]
}

/// A list of so many numbers, and the end of a turn.
const FLAT: &str = r#"
fn main(words: Int) -> Int {
    let list: [Int] = []
    for word in 0..words {
        list.push(word)
    }
    yield()
    list.len()
}
"#;

/// A state that is one list goes into a buffer that was used before.
pub(crate) fn flat(size: Size) -> Vec<Measured> {
    let bytes = size.of(100_000_000, 1_000_000);
    let bundle = code::bundle(FLAT);
    let limits = Limits {
        heap_bytes: 8 * bytes as u64,
        ..Limits::default()
    };
    let mut machine = Machine::start(
        code::linked(&bundle),
        bundle.program.entry,
        &code::int(bytes / 8),
        limits,
        [0; 32],
    )
    .expect("it takes a number");
    assert_eq!(machine.run(u64::MAX, &mut Nobody), Outcome::Yield);
    let times = size.of(9, 1);
    let mut buffer = Vec::new();
    machine.capture(&mut buffer);
    let from = buffer.clone();
    let copied = least(times, || {
        buffer.copy_from_slice(black_box(&from));
        black_box(&mut buffer);
    });
    let captured = least(times, || {
        buffer.clear();
        machine.capture(&mut buffer);
        black_box(&mut buffer);
    });
    assert_eq!(buffer, from);
    let rate = |took: std::time::Duration| bytes as f64 / took.as_secs_f64() / 1e9;
    vec![Measured {
        name: "capture of a flat list, to memcpy",
        value: rate(captured) / rate(copied),
        unit: "times",
        bound: Bound::AtLeast(0.5, 0.9),
        beside: format!(
            "{} MB: {:.1} GB/s, memcpy {:.1}",
            bytes / 1_000_000,
            rate(captured),
            rate(copied)
        ),
    }]
}

/// Is asked for nothing.
struct Nobody;

impl Host for Nobody {
    fn tag_create(&mut self, _: &TagRef<'_>, _: &[u8], _: CreateOptions) -> TagCode {
        unreachable!("the program does not ask")
    }
    fn tag_delete(&mut self, _: &TagRef<'_>) -> bool {
        unreachable!("the program does not ask")
    }
    fn tag_has(&mut self, _: &TagRef<'_>) -> bool {
        unreachable!("the program does not ask")
    }
    fn tag_read(&mut self, _: &TagRef<'_>) -> Option<&[u8]> {
        unreachable!("the program does not ask")
    }
    fn tag_write(&mut self, _: &TagRef<'_>, _: &[u8]) -> TagCode {
        unreachable!("the program does not ask")
    }
    fn tag_version(&mut self, _: &TagRef<'_>) -> u64 {
        unreachable!("the program does not ask")
    }
    fn spawn(&mut self, _: EntryRef, _: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        unreachable!("the program does not ask")
    }
    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        unreachable!("the program does not ask")
    }
    fn previous(&self) -> Option<[u8; 32]> {
        unreachable!("the program does not ask")
    }
    fn here(&self) -> [u8; 32] {
        unreachable!("the program does not ask")
    }
    fn home(&self) -> [u8; 32] {
        unreachable!("the program does not ask")
    }
    fn hops(&self) -> u64 {
        unreachable!("the program does not ask")
    }
    fn now(&self) -> u64 {
        unreachable!("the program does not ask")
    }
    fn id(&self) -> [u8; 32] {
        unreachable!("the program does not ask")
    }
    fn print(&mut self, _: &str) {
        unreachable!("the program does not ask")
    }
}
