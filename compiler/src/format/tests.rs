//! Tests of the formatter.

mod properties;
