//! The machine from outside: whole programs against a host that answers from a script.

mod assemble;
mod driver;
mod equality;
mod forged;
mod fused;
mod host;
mod hostile;
mod library;
mod linking;
mod native;
mod programs;
mod quota;
