//! Tests of lowering.

mod bodies;
mod decisions;
