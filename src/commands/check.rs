//! `smc check`: what is wrong with programs, without running them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sm_compiler::ast::{FileId, ItemKind};
use sm_compiler::diagnostic::has_errors;
use sm_compiler::limits::MAX_SOURCE_BYTES;

use crate::compile::{self, Checked};
use crate::diagnostics::{self, Role};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::program::Program;
use crate::project::Project;
use crate::source;

/// Check programs without running them
///
/// Of a project, its main program and every other module. With --message-format
/// json the findings go to standard output, one object a line.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Programs (.sm), and folders of projects. Default: the project of the current folder.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Check too that a node can serve connections with each of these programs
    #[arg(long, env = "SM_SERVICE_CHECK", requires = "files")]
    service: bool,
}

impl Options {
    /// All files are checked, whatever is wrong with the first.
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let mut exits = Vec::new();
        if self.files.is_empty() {
            exits.push(or_report(terminal, project(terminal, None))?);
        }
        for path in &self.files {
            let done = match path.is_dir() {
                true => project(terminal, Some(path)),
                false => file(terminal, path).and_then(|exit| match exit {
                    Exit::Ok if self.service => service(terminal, path),
                    exit => Ok(exit),
                }),
            };
            exits.push(or_report(terminal, done)?);
        }
        // Mistakes in programs count before files that cannot be read.
        let failed = exits.iter().find(|exit| **exit == Exit::Failed);
        let other = exits.iter().find(|exit| **exit != Exit::Ok);
        Ok(failed.or(other).copied().unwrap_or(Exit::Ok))
    }
}

fn or_report(terminal: &Terminal, done: Result<Exit, Failure>) -> Result<Exit, Failure> {
    match done {
        Ok(exit) => Ok(exit),
        // Nobody reads any more.
        Err(failure) if failure.is_silent_end() => Err(failure),
        Err(failure) => Ok(failure.report_as(terminal, Role::Data)),
    }
}

fn file(terminal: &Terminal, path: &Path) -> Result<Exit, Failure> {
    show(terminal, path, &compile::check(path)?)
}

fn service(terminal: &Terminal, path: &Path) -> Result<Exit, Failure> {
    drop(Program::open(terminal, path)?.connection_arguments(path)?);
    Ok(Exit::Ok)
}

fn show(terminal: &Terminal, path: &Path, checked: &Checked) -> Result<Exit, Failure> {
    let found = &checked.diagnostics;
    diagnostics::show(terminal, &checked.sources, found, Role::Data)?;
    compile::summary(terminal, &path.display().to_string(), found);
    Ok(match has_errors(found) {
        true => Exit::Failed,
        false => Exit::Ok,
    })
}

/// The modules of a project: each with the first that imports it, and again by itself if it has
/// tests, which an import leaves out. What was said once is not said again.
fn project(terminal: &Terminal, folder: Option<&Path>) -> Result<Exit, Failure> {
    let project = Project::named(folder)?;
    let mut seen = BTreeSet::new();
    let mut said = BTreeSet::new();
    let mut exit = Exit::Ok;
    for path in project.files()? {
        if seen.contains(&path.display().to_string()) && !has_tests(&path)? {
            continue;
        }
        let mut checked = compile::check(&path)?;
        let sources = &checked.sources;
        checked.diagnostics.retain(|one| {
            let place = &one.primary;
            let name = sources.name(place.file).to_owned();
            said.insert((
                name,
                place.span.range().start,
                place.span.range().end,
                one.code,
            ))
        });
        seen.extend(checked.sources.names().map(str::to_owned));
        if show(terminal, &path, &checked)? != Exit::Ok {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

fn has_tests(path: &Path) -> Result<bool, Failure> {
    let text = source::text("module", path, MAX_SOURCE_BYTES)?;
    let (module, _) = sm_compiler::parse(FileId(0), &text);
    let mut items = module.items.iter();
    Ok(items.any(|item| matches!(item.kind, ItemKind::Test(_))))
}
