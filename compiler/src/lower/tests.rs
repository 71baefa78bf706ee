//! Tests of lowering.

mod bodies;
