//! The command line as a person meets it: the real binary, its output and its exit code.

#[path = "cli/arguments.rs"]
mod arguments;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/build.rs"]
mod build;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/cost.rs"]
mod cost;
#[path = "cli/doc.rs"]
mod doc;
#[path = "cli/emit.rs"]
mod emit;
#[path = "cli/fmt.rs"]
mod fmt;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/key.rs"]
mod key;
#[path = "cli/mtcp.rs"]
mod mtcp;
#[path = "cli/network.rs"]
mod network;
#[path = "cli/new.rs"]
mod new;
#[path = "cli/remote.rs"]
mod remote;
#[path = "cli/repl.rs"]
mod repl;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/smc.rs"]
mod smc;
#[path = "cli/test.rs"]
mod test;
