//! The other projects that a project uses, and those that they use.
//!
//! Their names form one space: `import geo/point` means the same module in every project of a
//! program, so it is loaded once, and what it declares is the same everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sm_compiler::ast::FileId;
use sm_compiler::diagnostic::{Diagnostic, code};

use super::manifest::Dependency;
use super::{FILE, Project, beside, without_detours};
use crate::exit::Failure;

/// Where the modules of each dependency are.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    found: BTreeMap<String, Found>,
}

#[derive(Debug)]
struct Found {
    /// The folder of its modules.
    modules: PathBuf,
    /// Its own folder, however it was reached.
    home: PathBuf,
}

impl Dependencies {
    /// All dependencies of a project.
    pub(crate) fn of(project: &Project) -> Result<Self, Failure> {
        let mut all = Self::default();
        all.add(project)?;
        Ok(all)
    }

    /// The file of `geo/point`, if `geo` is a dependency.
    pub(crate) fn file(&self, module: &str) -> Option<PathBuf> {
        let (name, rest) = module.split_once('/')?;
        let found = self.found.get(name)?;
        Some(found.modules.join(rest).with_extension("sm"))
    }

    fn add(&mut self, project: &Project) -> Result<(), Failure> {
        for wanted in &project.manifest.dependencies {
            let folder = without_detours(beside(&project.folder, &wanted.path));
            let home = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
            match self.found.get(&wanted.name) {
                Some(known) if known.home == home => continue,
                Some(known) => return Err(two(project, wanted, &known.home)),
                None => {}
            }
            if !folder.join(FILE).is_file() {
                return Err(missing(project, wanted, &folder));
            }
            let other = Project::open(&folder)?;
            if other.manifest.name != wanted.name {
                return Err(other_name(project, wanted, &other));
            }
            let modules = other.modules();
            let found = Found { modules, home };
            self.found.insert(wanted.name.clone(), found);
            // Projects may use each other: each is entered once.
            self.add(&other)?;
        }
        Ok(())
    }
}

fn error(wanted: &Dependency, message: String) -> Diagnostic {
    Diagnostic::error(code::BAD_DEPENDENCY, FileId(0), wanted.span, message)
}

fn missing(project: &Project, wanted: &Dependency, folder: &Path) -> Failure {
    let message = format!("there is no project `{}` at its path", wanted.name);
    let what = match folder.is_dir() {
        true => format!("the folder `{}` has no file `{FILE}`", folder.display()),
        false => format!("there is no folder `{}`", folder.display()),
    };
    let found = error(wanted, message)
        .at(what)
        .note("the path is relative to the folder of this file");
    project.failure(vec![found])
}

fn other_name(project: &Project, wanted: &Dependency, other: &Project) -> Failure {
    let (wrong, right) = (&wanted.name, &other.manifest.name);
    let message = format!("the project at this path is called `{right}`, not `{wrong}`");
    let found = error(wanted, message).help(format!("write `{right} = {{ path = .. }}`"));
    project.failure(vec![found])
}

fn two(project: &Project, wanted: &Dependency, known: &Path) -> Failure {
    let message = format!("two projects are called `{}`", wanted.name);
    let found = error(wanted, message)
        .note(format!("the other is in `{}`", known.display()))
        .help("a name means one project in the whole program");
    project.failure(vec![found])
}
