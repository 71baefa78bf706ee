//! The command line, as clap reads it. Every flag has an environment variable `SM_..`.

use clap::{Args, Parser, Subcommand};

use crate::commands::{bench, build, check, completions, cost, crash, doc, emit, explain, fmt};
use crate::commands::{follow, key, kill, mtcp, neighbors, new, node, nodes, ps, repl, replay};
use crate::commands::{run, send, stop, tag, test, up};
use crate::exit::{self, Exit, Failure};
use crate::output::{self, ColorChoice, MessageFormat, Terminal};

/// Smart Messages: programs that move through a network and find their way by name.
#[derive(Debug, Parser)]
#[command(name = "smc", version, after_help = exit::HELP, arg_required_else_help = true)]
#[command(infer_long_args = false, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Colour: auto, always or never
    #[arg(long, global = true, env = "SM_COLOR", value_name = "WHEN", value_enum)]
    #[arg(default_value_t)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    color: ColorChoice,

    /// Diagnostics: human, json or short
    #[arg(
        long,
        global = true,
        env = "SM_MESSAGE_FORMAT",
        value_name = "FORMAT",
        value_enum
    )]
    #[arg(default_value_t)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    message_format: MessageFormat,

    /// Whether the variable is set and not empty is all that counts (<https://no-color.org>).
    #[arg(long, global = true, env = "NO_COLOR", hide = true, default_value = "")]
    no_color: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::New),
    Init(new::Init),
    Run(run::Options),
    Repl(repl::Options),
    Check(check::Options),
    Fmt(fmt::Options),
    Test(test::Options),
    Bench(bench::Options),
    Build(build::Options),
    Emit(emit::Options),
    Cost(cost::Options),
    Doc(doc::Options),
    Node(Box<node::Options>),
    Key(key::Options),
    Explain(explain::Options),
    Send(send::Options),
    Follow(follow::Options),
    Ps(ps::Options),
    Kill(kill::Options),
    Tag(tag::Options),
    Up(up::Options),
    Nodes(nodes::Options),
    Neighbors(neighbors::Options),
    Stop(stop::Options),
    Mtcp(mtcp::Options),
    Replay(replay::Options),
    Completions(completions::Options),
    #[command(hide = true)]
    Crash(crash::Options),
}

impl Global {
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal {
            colored: output::colored(self.color, !self.no_color.is_empty()),
            format: self.message_format,
        }
    }
}

impl Command {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self {
            Self::New(options) => options.run(),
            Self::Init(options) => options.run(),
            Self::Run(options) => options.run(terminal),
            Self::Repl(options) => options.run(terminal),
            Self::Check(options) => options.run(terminal),
            Self::Fmt(options) => options.run(terminal),
            Self::Test(options) => options.run(terminal),
            Self::Bench(options) => options.run(terminal),
            Self::Build(options) => options.run(terminal),
            Self::Emit(options) => options.run(terminal),
            Self::Cost(options) => options.run(terminal),
            Self::Doc(options) => options.run(terminal),
            Self::Node(options) => options.run(terminal),
            Self::Key(options) => options.run(terminal),
            Self::Explain(options) => options.run(),
            Self::Send(options) => options.run(terminal),
            Self::Follow(options) => options.run(terminal),
            Self::Ps(options) => options.run(),
            Self::Kill(options) => options.run(),
            Self::Tag(options) => options.run(),
            Self::Up(options) => options.run(terminal),
            Self::Nodes(options) => options.run(),
            Self::Neighbors(options) => options.run(),
            Self::Stop(options) => options.run(),
            Self::Mtcp(options) => options.run(terminal),
            Self::Replay(options) => options.run(),
            Self::Completions(options) => options.run(),
            Self::Crash(options) => options.run(),
        }
    }
}

/// What the environment holds is nobody's business who reads the help.
pub(crate) fn discreet(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| argument.hide_env_values(true));
    command.mut_subcommands(discreet)
}

/// Prints what clap has to say: help and version are data, everything else is a wrong usage.
pub(crate) fn explain(said: &clap::Error) -> Exit {
    // A closed pipe is the only thing that can go wrong, and it is no error.
    let _ = said.print();
    if said.use_stderr() {
        Exit::Usage
    } else {
        Exit::Ok
    }
}
