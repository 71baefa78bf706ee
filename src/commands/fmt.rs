//! `smc fmt`: programs in the one style.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use sm_compiler::format::{Unformatted, format};
use sm_compiler::limits::MAX_SOURCE_BYTES;

use crate::compile;
use crate::complaint::{Complaint, Kind};
use crate::diagnostics::{self, Role};
use crate::diff;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{self, MessageFormat, Terminal};
use crate::source;
use crate::sources::Sources;
use crate::text;

/// Format programs.
///
/// There is one style and nothing to choose. What a program means never changes, and comments
/// stay. A file with mistakes in its syntax is left as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Programs (.sm), and folders with programs; this folder if none is given.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing: show what would change, and fail if there is anything
    #[arg(long, env = "SM_CHECK")]
    check: bool,
    /// Change nothing: show what would change
    #[arg(long, env = "SM_DIFF", conflicts_with = "check")]
    diff: bool,
    /// Read a program from standard input and write it to standard output
    #[arg(long, env = "SM_STDIN", conflicts_with = "paths")]
    stdin: bool,
}

/// What standard input is called.
const STDIN: &str = "<stdin>";

impl Options {
    /// All files are formatted, whatever is wrong with the first.
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        if self.stdin {
            return self.stdin(terminal);
        }
        let here = [PathBuf::from(".")];
        let paths = if self.paths.is_empty() {
            &here
        } else {
            &self.paths[..]
        };
        let mut files = Files::default();
        let mut exit = Exit::Ok;
        let mut note = |failure: Failure| {
            let code = failure.report(terminal);
            exit = if exit == Exit::Ok { code } else { exit };
        };
        for path in paths {
            files.find(path).unwrap_or_else(&mut note);
        }
        let mut changed = 0;
        for file in &files.found {
            match self.file(terminal, file) {
                Ok(is_changed) => changed += usize::from(is_changed),
                Err(failure) => note(failure),
            }
        }
        if self.check && changed > 0 {
            unformatted(changed, files.found.len()).say(terminal);
            exit = if exit == Exit::Ok { Exit::Failed } else { exit };
        }
        Ok(exit)
    }

    /// Whether the file was not in the style.
    fn file(&self, terminal: &Terminal, path: &Path) -> Result<bool, Failure> {
        let name = path.display().to_string();
        let before = source::text("program", path, MAX_SOURCE_BYTES)?;
        let after = formatted(terminal, &name, &before)?;
        if before == after {
            return Ok(false);
        }
        if self.check || self.diff {
            show(terminal, &name, &before, &after)?;
            return Ok(true);
        }
        files::replace(path, after.as_bytes())
            .map_err(|error| Failure::failed(format!("`{name}` cannot be written: {error}")))?;
        output::talk(&format!("formatted {name}"));
        Ok(true)
    }

    fn stdin(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let before = read_stdin()?;
        let after = formatted(terminal, STDIN, &before)?;
        if !self.check && !self.diff {
            output::data(after)?;
            return Ok(Exit::Ok);
        }
        if before == after {
            return Ok(Exit::Ok);
        }
        show(terminal, STDIN, &before, &after)?;
        Ok(if self.check { Exit::Failed } else { Exit::Ok })
    }
}

/// The text in the style; mistakes in it are shown.
fn formatted(terminal: &Terminal, name: &str, before: &str) -> Result<String, Failure> {
    match format(before) {
        Ok(after) => Ok(after),
        Err(Unformatted::Mistakes(found)) => {
            let sources = Sources::text(name, before);
            diagnostics::show(terminal, &sources, &found, Role::Talk)?;
            compile::summary(terminal, name, &found);
            Err(Failure::silent(Exit::Failed))
        }
        Err(Unformatted::Changed) => {
            let message =
                format!("`{name}` is left as it is: formatted it would mean another thing");
            Err(Failure::new(Exit::Bug, message).help("this is a bug in smc; please report it"))
        }
    }
}

/// What would change, for people and for tools.
fn show(terminal: &Terminal, name: &str, before: &str, after: &str) -> Result<(), Failure> {
    match terminal.format {
        MessageFormat::Human => output::data(diff::unified(name, before, after)),
        MessageFormat::Short => output::line(name),
        MessageFormat::Json => output::line(json!({ "file": name, "formatted": false })),
    }
}

/// `1 of 3 files is not formatted`
fn unformatted(count: usize, all: usize) -> Complaint<'static> {
    let verb = if count == 1 { "is" } else { "are" };
    let files = text::count(all, "file");
    let message = format!("{count} of {files} {verb} not formatted");
    Complaint::new(Kind::Error, message).help(["`smc fmt` does it".to_owned()])
}

fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let mut input = io::stdin().lock().take(MAX_SOURCE_BYTES as u64 + 1);
    input
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
    if bytes.len() > MAX_SOURCE_BYTES {
        let limit = text::size(MAX_SOURCE_BYTES);
        return Err(Failure::failed(format!(
            "standard input is too large: a program has at most {limit}"
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::failed("standard input is not UTF-8 text"))
}

/// The files that were found, each once.
#[derive(Default)]
struct Files {
    found: Vec<PathBuf>,
    known: BTreeSet<PathBuf>,
}

impl Files {
    /// Finds a file, or the programs in a folder.
    fn find(&mut self, path: &Path) -> Result<(), Failure> {
        if !path.is_dir() {
            self.add(path);
            return Ok(());
        }
        let before = self.known.len();
        let is_new = self.known.is_empty();
        self.walk(path)?;
        if is_new && self.known.len() == before {
            let message = format!("there is no program (.sm) in `{}`", path.display());
            return Err(Failure::usage(message));
        }
        Ok(())
    }

    /// In the order of their names. What is hidden stays so, and links to folders may lead in
    /// circles.
    fn walk(&mut self, folder: &Path) -> Result<(), Failure> {
        let unreadable = |error: io::Error| {
            Failure::failed(format!("`{}` cannot be read: {error}", folder.display()))
        };
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = match folder == Path::new(".") {
                true => PathBuf::from(name),
                false => entry.path(),
            };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "sm") && path.is_file() {
                self.add(&path);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) {
        let known = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.known.insert(known) {
            self.found.push(path.to_owned());
        }
    }
}
