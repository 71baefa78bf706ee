//! The source files of a program: found, read once, and kept for messages.

use std::path::{Path, PathBuf};

use sm_compiler::ast::{FileId, Span};
use sm_compiler::check::{Loader, Source};
use sm_compiler::diagnostic::render::{self, SourceFile};
use sm_compiler::limits::MAX_SOURCE_BYTES;

use crate::composed::Composed;
use crate::exit::Failure;
use crate::project::{Dependencies, Project};
use crate::source;

/// The files that were read so far, and how to find more.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Imports `./x` are looked for here.
    folder: PathBuf,
    files: Vec<File>,
    /// Why an import could not be read, if one could not.
    failures: Vec<Failure>,
    /// The projects that the program's own one uses: looked up when an import may mean one.
    dependencies: Option<Dependencies>,
    /// What the program itself was put together from, and the file of the first of its texts.
    composed: Option<(Composed, usize)>,
}

#[derive(Debug)]
struct File {
    /// As the compiler knows it: `./x` is beside the program, `route/pull` of the library.
    module: String,
    /// As people know it: a path from where they are.
    name: String,
    text: String,
}

impl Sources {
    /// Begins with the program itself.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let text = source::text("program", path, MAX_SOURCE_BYTES)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        // The module's name is part of its bricks' identity, so it must not depend on the folder.
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = File {
            module: format!("./{stem}"),
            name: path.display().to_string(),
            text,
        };
        Ok(Self {
            folder,
            files: vec![file],
            ..Self::default()
        })
    }

    /// A text that is not imported from anywhere.
    pub(crate) fn text(name: &str, text: &str) -> Self {
        let file = File {
            module: name.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
        };
        Self {
            files: vec![file],
            ..Self::default()
        }
    }

    /// Begins with a program that was put together; `folder` is where its imports are looked for.
    pub(crate) fn compose(folder: &Path, module: &str, composed: Composed) -> Self {
        let file = |module: &str, name: &str, text: &str| File {
            module: module.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let mut files = vec![file(module, module, composed.text())];
        let texts = composed.texts().into_iter();
        files.extend(texts.map(|text| file(&text.name, &text.name, &text.text)));
        Self {
            folder: folder.to_owned(),
            files,
            composed: Some((composed, 1)),
            ..Self::default()
        }
    }

    /// The pieces of a program that was put together.
    pub(crate) fn composed(&self) -> Option<&Composed> {
        self.composed.as_ref().map(|(composed, _)| composed)
    }

    /// Where a range was written: elsewhere if its file was put together, nowhere if it is glue.
    pub(crate) fn origin(&self, file: FileId, span: Span) -> Option<(FileId, Span)> {
        let Some((composed, first)) = self.composed.as_ref().filter(|_| file == FileId(0)) else {
            return Some((file, span));
        };
        let origin = composed.origin(span)?;
        let mut texts = composed.texts().into_iter();
        let index = texts.position(|text| std::rc::Rc::ptr_eq(text, &origin.text))?;
        let range = origin.range;
        let span = Span::new(range.start as u32, range.end as u32);
        Some((FileId((first + index) as u32), span))
    }

    /// The module, and the range in it, where a range of a module was written.
    pub(crate) fn module_origin(&self, module: &str, span: Span) -> Option<(&str, Span)> {
        let index = self.files.iter().position(|file| file.module == module)?;
        let (file, span) = self.origin(FileId(index as u32), span)?;
        Some((&self.files.get(file.0 as usize)?.module, span))
    }

    pub(crate) fn is_composed(&self, module: &str) -> bool {
        self.composed.is_some() && module == self.root()
    }

    /// What the compiler is to call the program itself.
    pub(crate) fn root(&self) -> &str {
        self.files.first().map_or("", |file| &file.module)
    }

    pub(crate) fn name(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("?", |file| &file.name)
    }

    /// The number of a file with this name, if it was read.
    pub(crate) fn file_named(&self, name: &str) -> Option<FileId> {
        // Where the whole was put together, what it was put together from has the words.
        let at = self.files.iter().rposition(|file| file.name == name)?;
        Some(FileId(at as u32))
    }

    /// All files that were read.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }

    pub(crate) fn text_of(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("", |file| &file.text)
    }

    /// The text of a module, if it was read.
    pub(crate) fn module_text(&self, module: &str) -> Option<&str> {
        self.module(module).map(|file| &*file.text)
    }

    /// The file of a module as people know it, or as it must have been called.
    pub(crate) fn module_name(&self, module: &str) -> String {
        match self.module(module) {
            Some(file) => file.name.clone(),
            None => format!("{}.sm", module.trim_start_matches("./")),
        }
    }

    /// The number of a module's file in diagnostics, if it was read.
    pub(crate) fn file_of_module(&self, module: &str) -> Option<FileId> {
        let at = self.files.iter().position(|file| file.module == module)?;
        Some(FileId(at as u32))
    }

    fn module(&self, module: &str) -> Option<&File> {
        self.files.iter().find(|file| file.module == module)
    }

    /// The first import that is there and cannot be read.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        (!self.failures.is_empty()).then(|| self.failures.remove(0))
    }

    /// The file of a module that is not of the library: beside the program, or in another project.
    fn file_of(&mut self, path: &str) -> Option<PathBuf> {
        if path.starts_with('.') {
            let path = path.trim_start_matches("./");
            return Some(self.folder.join(path).with_extension("sm"));
        }
        if self.dependencies.is_none() {
            let project = Project::around(&self.folder);
            let found = project.and_then(|project| match project {
                Some(project) => Dependencies::of(&project),
                None => Ok(Dependencies::default()),
            });
            self.dependencies = Some(found.unwrap_or_else(|failure| {
                self.failures.push(failure);
                Dependencies::default()
            }));
        }
        self.dependencies.as_ref()?.file(path)
    }

    fn add(&mut self, module: &str, name: String, text: String) -> Source {
        let file = FileId(u32::try_from(self.files.len()).expect("the checker bounds the modules"));
        let source = Source {
            file,
            text: text.as_str().into(),
        };
        self.files.push(File {
            module: module.to_owned(),
            name,
            text,
        });
        source
    }
}

impl render::Sources for Sources {
    fn file(&self, id: FileId) -> Option<SourceFile<'_>> {
        let file = self.files.get(id.0 as usize)?;
        Some(SourceFile {
            name: &file.name,
            text: &file.text,
        })
    }
}

impl Loader for Sources {
    /// `prelude`, `route/pull` out of the library, `./lib` beside the program, `geo/point` out of
    /// the project `geo`.
    fn load(&mut self, path: &str) -> Option<Source> {
        if path == self.root() {
            let text = self.files[0].text.as_str().into();
            return Some(Source {
                file: FileId(0),
                text,
            });
        }
        if let Some(text) = sm_stdlib::source(path) {
            return Some(self.add(path, format!("{path}.sm"), text.to_owned()));
        }
        let file = self.file_of(path)?;
        if !file.exists() {
            return None;
        }
        match source::text("module", &file, MAX_SOURCE_BYTES) {
            Ok(text) => Some(self.add(path, file.display().to_string(), text)),
            Err(failure) => {
                self.failures.push(failure);
                None
            }
        }
    }

    fn library(&self) -> Vec<&str> {
        sm_stdlib::importable().collect()
    }

    fn is_there(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./");
        self.folder.join(path).with_extension("sm").is_file()
    }

    fn is_library(&self, path: &str) -> bool {
        sm_stdlib::source(path).is_some()
    }
}
