//! Documentation of modules, from their doc comments: pages, JSON, and examples that run.

pub(crate) mod examples;
mod html;
mod json;
mod markdown;
mod model;
mod names;
mod pages;
mod signature;

use std::path::{Path, PathBuf};

use sm_compiler::limits::MAX_SOURCE_BYTES;

use crate::exit::Failure;
use crate::project::Project;
use crate::source;

pub(crate) use json::json;
pub(crate) use model::{Item, Kind, Member, Module};
pub(crate) use pages::write;

/// What is documented.
#[derive(Debug)]
pub(crate) struct Book {
    /// What it is called: the project, `standard library`, a file.
    pub(crate) title: String,
    pub(crate) about: Option<String>,
    /// Ascending by name.
    pub(crate) modules: Vec<Module>,
    /// Where examples look for modules of their own.
    pub(crate) folder: PathBuf,
}

impl Book {
    /// The standard library.
    pub(crate) fn library() -> Self {
        let modules = sm_stdlib::MODULES.iter();
        let modules = modules.map(|(path, text)| {
            Module::read(
                path,
                (*path).to_owned(),
                &format!("{path}.sm"),
                (*text).to_owned(),
            )
        });
        Self {
            title: "standard library".to_owned(),
            about: Some("What programs import without a dependency.".to_owned()),
            modules: modules.collect(),
            folder: PathBuf::new(),
        }
    }

    /// All modules of a project.
    pub(crate) fn project(project: &Project) -> Result<Self, Failure> {
        let manifest = &project.manifest;
        let mut book = Self::files(&manifest.name, &project.modules(), &project.files()?)?;
        book.about.clone_from(&manifest.description);
        // As other projects import them.
        for module in &mut book.modules {
            module.name = format!("{}/{}", manifest.name, module.name);
        }
        Ok(book)
    }

    /// One module.
    pub(crate) fn file(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let title = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::files(&title, &folder, &[path.to_owned()])
    }

    /// Modules in a folder.
    pub(crate) fn files(title: &str, folder: &Path, files: &[PathBuf]) -> Result<Self, Failure> {
        let mut modules = Vec::new();
        for file in files {
            let text = source::text("module", file, MAX_SOURCE_BYTES)?;
            let inner = file.strip_prefix(folder).unwrap_or(file).with_extension("");
            let name = inner.display().to_string();
            let import = format!("./{name}");
            modules.push(Module::read(
                &import,
                name,
                &file.display().to_string(),
                text,
            ));
        }
        modules.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            title: title.to_owned(),
            about: None,
            modules,
            folder: folder.to_owned(),
        })
    }
}
