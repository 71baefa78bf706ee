//! `smc`, the command line of Smart Messages: checks, compiles and runs `.sm` programs.
//!
//! It is thin. What a command does stands in [`commands`], one file each; what they share is here:
//! how the command line is read ([`cli`]), where things are written ([`output`]), and how a command
//! ends ([`exit`]).

mod arguments;
mod backtrace;
mod cli;
mod commands;
mod compile;
mod complaint;
mod composed;
mod conclusion;
mod cost;
mod crash;
mod diagnostics;
mod diff;
mod docs;
mod embedded;
mod engine;
mod exit;
mod files;
mod fleet;
mod folders;
#[doc(hidden)]
pub mod fuzz;
mod interrupt;
mod keys;
mod listing;
mod network;
mod output;
mod printing;
mod program;
mod project;
mod remote;
mod repl;
mod settings;
mod source;
mod sources;
mod table;
mod testing;
mod text;
mod traps;
mod waiting;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

/// Does what the command line says.
pub fn main() -> ExitCode {
    crash::install();
    // A thread of its own, because the compiler's walks recurse over the tree and a main thread's
    // stack is as large as the system happens to make it.
    let main = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(start);
    match main.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(_reported)) => exit::Exit::Bug.into(),
        Err(error) => {
            output::talk(&format!("Error: cannot start a thread: {error}"));
            exit::Exit::Failed.into()
        }
    }
}

/// Stack of the thread that does the work: mapped lazily, so an unused rest costs nothing.
const STACK_BYTES: usize = 256 << 20;

fn start() -> exit::Exit {
    let said = cli::discreet(cli::Cli::command()).try_get_matches();
    let cli = match said.and_then(|said| cli::Cli::from_arg_matches(&said)) {
        Ok(cli) => cli,
        Err(error) => return cli::explain(&error),
    };
    let terminal = cli.global.terminal();
    match cli.command.run(&terminal) {
        Ok(exit) => exit,
        Err(failure) => failure.report(&terminal),
    }
}
