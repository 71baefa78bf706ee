//! The subcommands, one file each.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod cost;
pub(crate) mod crash;
pub(crate) mod doc;
pub(crate) mod emit;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod follow;
pub(crate) mod key;
pub(crate) mod kill;
pub(crate) mod neighbors;
pub(crate) mod new;
pub(crate) mod node;
pub(crate) mod nodes;
pub(crate) mod ps;
pub(crate) mod repl;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod send;
pub(crate) mod stop;
pub(crate) mod tag;
pub(crate) mod test;
pub(crate) mod up;
