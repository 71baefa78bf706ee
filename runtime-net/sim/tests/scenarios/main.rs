//! Programs in simulated networks: the same result with every seed, or an error that it may have.

mod every;
mod harness;
mod moving;
mod mtcp;
#[expect(
    dead_code,
    reason = "tests of the examples and of processes use the rest"
)]
#[path = "../../../../tests/scenarios/table.rs"]
mod table;
mod talk;
