//! The compiler of Smart Messages: source text to code bricks.
//!
//! It is pure: no file system, no environment, no clock. Its caller hands it text and gets trees,
//! bricks and [`diagnostic::Diagnostic`]s.

pub mod ast;
pub mod check;
pub mod cost;
pub mod diagnostic;
pub mod docs;
pub mod driver;
pub mod format;
pub mod input;
mod lexer;
pub mod limits;
pub mod lower;
mod outline;
mod parser;
pub mod typed;

pub use parser::parse;
