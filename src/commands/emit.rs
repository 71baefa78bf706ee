//! `smc emit`: what the compiler makes of a program, stage by stage.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sm_compiler::ast::{self, FileId};
use sm_compiler::diagnostic::has_errors;
use sm_compiler::typed;

use crate::compile;
use crate::diagnostics::{self, Role};
use crate::exit::{Exit, Failure};
use crate::listing;
use crate::output::{self, Terminal};
use crate::program::Program;
use crate::project;
use crate::sources::Sources;

/// Show what the compiler makes of a program.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    stage: Stage,

    /// A program (.sm), or the folder of a project; for bytecode and bricks also a bundle (.smb).
    /// Default: the project of the current folder.
    file: Option<PathBuf>,

    /// With bricks: write one JSON object.
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The syntax tree, of a program with mistakes too
    Ast,
    /// The typed program: everything resolved
    Types,
    /// The instructions of every function
    Bytecode,
    /// The bricks, their names and sizes
    Bricks,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let path = project::choose(self.file.as_deref())?.path;
        match self.stage {
            Stage::Ast => tree(terminal, &path),
            Stage::Types => types(terminal, &path),
            Stage::Bytecode => {
                let program = Program::open(terminal, &path)?;
                output::data(listing::bytecode(&program))?;
                Ok(Exit::Ok)
            }
            Stage::Bricks => {
                let program = Program::open(terminal, &path)?;
                if self.json {
                    output::line(listing::bricks_json(&program))?;
                } else {
                    output::data(listing::bricks(&program))?;
                }
                Ok(Exit::Ok)
            }
        }
    }
}

fn tree(terminal: &Terminal, path: &Path) -> Result<Exit, Failure> {
    let sources = Sources::open(path)?;
    let root = FileId(0);
    let (module, diagnostics) = sm_compiler::parse(root, sources.text_of(root));
    diagnostics::show(terminal, &sources, &diagnostics, Role::Talk)?;
    output::line(ast::dump(&module).trim_end())?;
    Ok(if has_errors(&diagnostics) {
        Exit::Failed
    } else {
        Exit::Ok
    })
}

fn types(terminal: &Terminal, path: &Path) -> Result<Exit, Failure> {
    let checked = compile::check(path)?;
    diagnostics::show(terminal, &checked.sources, &checked.diagnostics, Role::Talk)?;
    output::line(typed::dump(&checked.program).trim_end())?;
    Ok(if has_errors(&checked.diagnostics) {
        Exit::Failed
    } else {
        Exit::Ok
    })
}
