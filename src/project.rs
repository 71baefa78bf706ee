//! Projects: a folder with a file `sm.toml`, its main program, and other projects that it uses.
//!
//! `docs/projects.md` is the reference. A command that is given no file, or a folder, means the
//! project that the folder is in.

mod dependencies;
mod manifest;
pub(crate) mod template;

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use sm_compiler::ast::FileId;
use sm_compiler::diagnostic::{Diagnostic, code};

use crate::exit::Failure;
use crate::output::Terminal;
use crate::program::Program;
use crate::source;

pub(crate) use dependencies::Dependencies;
pub(crate) use manifest::{Manifest, check_name, name_like};

/// The name of the file that makes a folder a project.
pub(crate) const FILE: &str = "sm.toml";

/// A project that was found.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its folder, as it is reached from here.
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// Its `sm.toml`, for messages.
    text: String,
}

/// The program that a command is about.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) path: PathBuf,
    /// Given if the project was meant, and not a file of it.
    pub(crate) project: Option<Project>,
}

/// The program that was named: by its file, by the folder of its project, or not at all, which
/// means the project of the current folder.
pub(crate) fn choose(given: Option<&Path>) -> Result<Chosen, Failure> {
    let project = match given {
        Some(path) if !path.is_dir() => {
            return Ok(Chosen {
                path: path.to_owned(),
                project: None,
            });
        }
        _ => Project::named(given)?,
    };
    Ok(Chosen {
        path: project.main()?,
        project: Some(project),
    })
}

/// Compiles the program that was named, or reads it.
pub(crate) fn open(terminal: &Terminal, given: Option<&Path>) -> Result<Program, Failure> {
    if let Some(path) = given
        && !path.exists()
        && path.extension().is_none()
        && Project::around(Path::new(".")).is_ok_and(|project| project.is_some())
    {
        let shown = path.display();
        return Err(
            Failure::usage(format!("`{shown}` is no program")).help(format!(
                "arguments of a project's program follow its folder: `. {shown}`"
            )),
        );
    }
    Program::open(terminal, &choose(given)?.path)
}

impl Project {
    /// The project of a folder, or of the current one; it has to be there.
    pub(crate) fn named(folder: Option<&Path>) -> Result<Self, Failure> {
        let start = folder.unwrap_or(Path::new("."));
        Self::around(start)?.ok_or_else(|| match folder {
            Some(folder) => Failure::usage(format!("`{}` is in no project", folder.display()))
                .help(format!(
                    "a project has a file `{FILE}`: `smc init` makes one"
                )),
            None => Failure::usage("no program is named, and this folder is in no project")
                .help("name a file: `FILE.sm`")
                .help("or begin a project: `smc new NAME`"),
        })
    }

    /// The project that a folder is in: the nearest above it, or its own.
    pub(crate) fn around(folder: &Path) -> Result<Option<Self>, Failure> {
        match ancestors(folder).find(|one| one.join(FILE).is_file()) {
            Some(found) => Self::open(&found).map(Some),
            None => Ok(None),
        }
    }

    fn open(folder: &Path) -> Result<Self, Failure> {
        let file = beside(folder, FILE);
        let text = source::text("project file", &file, sm_sim::limits::FILE_BYTES)?;
        match Manifest::parse(&text) {
            Ok(manifest) => Ok(Self {
                folder: folder.to_owned(),
                manifest,
                text,
            }),
            Err(found) => Err(Failure::found(&file, text, found)),
        }
    }

    /// The file of its main program, which has to be there.
    pub(crate) fn main(&self) -> Result<PathBuf, Failure> {
        let (main, span) = &self.manifest.main;
        let path = beside(&self.folder, main);
        if path.is_file() {
            return Ok(path);
        }
        let name = &self.manifest.name;
        let message = format!("the project `{name}` has no main program");
        let file = FileId(0);
        let found = Diagnostic::error(code::MISSING_MAIN, file, *span, message)
            .at(format!("there is no file `{}`", path.display()))
            .help("a project without a program is a library: `smc check` and `smc doc` take it");
        Err(self.failure(vec![found]))
    }

    /// The network file beside `sm.toml`, if there is one and no other.
    pub(crate) fn network(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.folder).ok()?.filter_map(Result::ok);
        let names = entries.map(|entry| entry.file_name());
        let mut nets = names.filter(|name| name.to_string_lossy().ends_with(".net.toml"));
        match (nets.next(), nets.next()) {
            (Some(only), None) => Some(beside(&self.folder, only)),
            _ => None,
        }
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        beside(&self.folder, name)
    }

    /// The folder of its modules: where `import ./x` of its main program looks.
    pub(crate) fn modules(&self) -> PathBuf {
        let main = beside(&self.folder, &self.manifest.main.0);
        main.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Every `.sm` file among its modules, ascending, the main program first.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut found = modules_in(&self.modules())?;
        let main = beside(&self.folder, &self.manifest.main.0);
        found.sort_by_key(|file| (*file != main, file.clone()));
        Ok(found)
    }

    /// What is wrong with its `sm.toml`.
    fn failure(&self, found: Vec<Diagnostic>) -> Failure {
        let file = beside(&self.folder, FILE);
        Failure::found(&file, self.text.clone(), found)
    }
}

/// All programs and modules below a folder.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let shown = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let failed = |error| Failure::failed(format!("`{}` cannot be read: {error}", shown.display()));
    for entry in fs::read_dir(shown).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = folder.join(entry.file_name());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type().map_err(failed)? {
            // A link could lead around in a circle.
            kind if kind.is_dir() && !hidden => collect(&path, found)?,
            kind if !kind.is_dir() && path.extension() == Some(OsStr::new("sm")) => {
                found.push(path);
            }
            _ => {}
        }
    }
    Ok(())
}

/// All programs and modules below a folder, ascending.
pub(crate) fn modules_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    found.sort();
    Ok(found)
}

/// A file in a folder, without a `./` in front of it.
pub(crate) fn beside(folder: &Path, file: impl AsRef<Path>) -> PathBuf {
    match folder == Path::new(".") {
        true => file.as_ref().to_owned(),
        false => folder.join(file),
    }
}

/// The same folder without detours: `../a` for `../b/../a`, where no link makes a difference.
fn without_detours(path: PathBuf) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let last = short.components().next_back();
        match (part, last) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                short.pop();
            }
            (Component::CurDir, _) => {}
            _ => short.push(part),
        }
    }
    let same = fs::canonicalize(&path)
        .ok()
        .zip(fs::canonicalize(&short).ok());
    match same.is_some_and(|(path, short)| path == short) {
        true => short,
        false => path,
    }
}

/// A folder and all it is in, as they are reached from here.
fn ancestors(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let depth = fs::canonicalize(folder).map_or(1, |full| full.ancestors().count());
    std::iter::successors(Some(folder.to_owned()), |folder| Some(above(folder))).take(depth)
}

fn above(folder: &Path) -> PathBuf {
    match folder.components().next_back() {
        Some(Component::Normal(_)) => match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        },
        Some(Component::CurDir) | None => PathBuf::from(".."),
        _ => folder.join(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_from_here() {
        let up = |folder: &str| above(Path::new(folder)).display().to_string();
        assert_eq!(up("a/b"), "a");
        assert_eq!(up("a"), ".");
        assert_eq!(up("."), "..");
        assert_eq!(up(".."), "../..");
        assert_eq!(up("/a"), "/");
        assert_eq!(beside(Path::new("."), FILE), Path::new("sm.toml"));
        assert_eq!(beside(Path::new("../a"), FILE), Path::new("../a/sm.toml"));
    }
}
