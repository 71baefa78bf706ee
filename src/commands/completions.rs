//! `smc completions`: the completion script of a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::output;

/// Write the completion script of a shell
///
///     smc completions bash > ~/.local/share/bash-completion/completions/smc
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    #[arg(value_enum)]
    shell: Shell,
}

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "smc", &mut script);
        output::data(script)?;
        Ok(Exit::Ok)
    }
}
