//! What single things cost, each beside its bound and, where there is one, beside what it is
//! compared with, in one run.
//!
//!     cargo bench -p smc --bench figures              # all of it: less than a minute
//!     cargo bench -p smc --bench figures -- --quick   # once, small, to see that it works
//!     cargo bench -p smc --bench figures -- state tag # those whose names have one of the words
//!
//! What is measured, and what the bounds are: `docs/benchmarks.md`.

/// What `smc` has.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod code;
mod cpu;
mod figure;
mod hello;
mod node;
mod parked;
mod spawn;
mod state;
mod tags;

use figure::Measured;

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Full,
    /// Once, and little of it: to see that it works.
    Quick,
}

impl Size {
    /// So many of something, or few.
    pub(crate) fn of(self, full: usize, quick: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// A name, and what measures it.
type Figure = (&'static str, fn(Size) -> Vec<Measured>);

/// The first looks at the memory of this process, so nothing may have been measured before it.
const FIGURES: [Figure; 6] = [
    ("parked", parked::parked),
    ("state", state::warm),
    ("flat", state::flat),
    ("hello", hello::hello),
    ("spawn", spawn::spawn),
    ("tag", tags::tags),
];

fn main() {
    let mut size = Size::Full;
    let mut words = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => size = Size::Quick,
            // What `cargo bench` says to every benchmark.
            "--bench" => {}
            word => words.push(word.to_owned()),
        }
    }
    println!("{}", Measured::HEAD);
    for (name, measure) in FIGURES {
        if words.is_empty() || words.iter().any(|word| name.contains(&**word)) {
            measure(size).iter().for_each(|one| println!("{one}"));
        }
    }
}
