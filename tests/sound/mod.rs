//! Generated programs.

mod broken;
mod check;
mod dice;
mod expr;
mod maker;
mod pattern;
mod statement;
mod types;
