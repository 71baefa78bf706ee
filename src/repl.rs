//! `smc repl`: a session in which a person writes a program input by input.
//!
//! [`session`] takes inputs and answers with data; it knows no terminal. [`prompt`] is what a
//! person sees of it, [`command`] what begins with a colon, and [`editor`] reads lines from a
//! terminal.

mod binding;
mod command;
pub(crate) mod compile;
mod definition;
pub(crate) mod editor;
mod plan;
pub(crate) mod prompt;
mod session;
mod state;
mod statements;
mod types;
mod world;

#[cfg(test)]
mod tests;
