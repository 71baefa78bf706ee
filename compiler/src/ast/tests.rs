//! Tests of the syntax tree.
