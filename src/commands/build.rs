//! `smc build`: a program as a bundle of bricks.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{self, Terminal};
use crate::program::Program;
use crate::{project, text};

/// Compile a program into a bundle, which runs without its source
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A program (.sm), or the folder of a project. Default: the project of the current folder.
    file: Option<PathBuf>,

    /// The bundle to write (.smb). Default: beside the program; NAME.smb in a project's folder.
    #[arg(short, long, env = "SM_OUTPUT", value_name = "FILE.smb")]
    output: Option<PathBuf>,

    /// Write what was built, as one JSON object
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let chosen = project::choose(self.file.as_deref())?;
        let target = self
            .output
            .clone()
            .unwrap_or_else(|| match &chosen.project {
                Some(project) => project.file(&format!("{}.smb", project.manifest.name)),
                None => chosen.path.with_extension("smb"),
            });
        if target.extension().is_none_or(|ending| ending != "smb") {
            return Err(
                Failure::usage(format!("`{}` is no name of a bundle", target.display()))
                    .help("a bundle has the ending `.smb`"),
            );
        }
        let program = Program::open(terminal, &chosen.path)?;
        let bytes = program.bundle().encode();
        files::replace(&target, &bytes).map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", target.display()))
        })?;
        let bricks = program.bundle().bricks.len();
        if self.json {
            output::line(json!({
                "file": target.display().to_string(),
                "program": program.bundle().hash().to_string(),
                "bricks": bricks,
                "bytes": bytes.len(),
            }))?;
        } else {
            let (bricks, size) = (text::count(bricks, "brick"), text::size(bytes.len()));
            output::talk(&format!("built {}: {bricks}, {size}", target.display()));
        }
        Ok(Exit::Ok)
    }
}
