//! The subcommands, one file each.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod crash;
pub(crate) mod emit;
pub(crate) mod explain;
pub(crate) mod key;
pub(crate) mod node;
pub(crate) mod repl;
pub(crate) mod run;
