//! `smc build`: a program as a bundle of bricks.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::exit::{Exit, Failure};
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
        replace(&target, &bytes).map_err(|error| {
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

/// Writes a file as a whole or not at all: whoever reads it meanwhile sees the old one.
fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = target.with_file_name(name);
    let written = fs::File::create(&fresh)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&fresh, target));
    if written.is_err() {
        // What is left of a failed attempt is of no use; the error that counts is the first.
        let _ = fs::remove_file(&fresh);
    }
    written
}
