//! Generated programs.

mod broken;
mod check;
mod dice;
mod expr;
mod maker;
mod statement;
mod types;
