//! Programs in simulated networks: the same result with every seed, or an error that it may have.

mod harness;
mod moving;
mod talk;
