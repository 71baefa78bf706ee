//! From text to tokens.
//!
//! [`lex`] is logos with a driver around it: the driver reads strings, whose interpolations hold
//! tokens again, takes comments out, and reports what is no token. Its output is flat: a string
//! with interpolations is `StrOpen (StrText | InterpOpen .. InterpClose)* StrClose`, so the grammar
//! and the error recovery treat an interpolation like any other bracket, and every span is exact.
//!
//! [`brackets::balance`] then makes every bracket have its partner, and [`layout::lay_out`] inserts
//! the ends of statements, tells places from blocks, and bounds the height of what will be parsed.

pub(crate) mod brackets;
mod driver;
mod height;
pub(crate) mod layout;
mod strings;
mod token;

#[cfg(test)]
mod tests;

pub(crate) use driver::{DocBlock, lex};
pub(crate) use strings::{Escape, escape_at};
pub(crate) use token::{Line, T, Token};
