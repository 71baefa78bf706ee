//! Tests of the checker.

mod golden;
mod library;
mod robust;
mod typing;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Checked, Loader, Options, Source, check};
use crate::ast::FileId;
use crate::diagnostic::render::{RenderOptions, SourceFile, render};

/// Modules by path, and the library's from its folder.
struct Files {
    texts: BTreeMap<String, String>,
    library: Option<PathBuf>,
    /// The paths that were loaded; a file's number is its place here.
    loaded: Vec<(String, Arc<str>)>,
}

impl Files {
    /// With a small prelude that does not change, so that messages that point into it do not.
    fn small() -> Self {
        let files = Self {
            texts: BTreeMap::new(),
            library: None,
            loaded: Vec::new(),
        };
        files.with("prelude", include_str!("tests/prelude.sm"))
    }

    /// With the real library.
    fn real() -> Self {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/sm");
        Self {
            texts: BTreeMap::new(),
            library: Some(library),
            loaded: Vec::new(),
        }
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.texts.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Modules from one text: the root, then others, each after a line `--- path`.
    fn with_all(mut self, text: &str) -> Self {
        let mut path = "main".to_owned();
        for part in text.split_inclusive('\n') {
            match part.strip_prefix("--- ") {
                Some(next) => path = next.trim().to_owned(),
                None => self.texts.entry(path.clone()).or_default().push_str(part),
            }
        }
        self
    }

    fn check(&mut self) -> Checked {
        check(self, &Options::default())
    }

    /// The diagnostics as a person sees them.
    fn render(&self, checked: &Checked) -> String {
        let files = self
            .loaded
            .iter()
            .map(|(name, text)| SourceFile { name, text });
        let files: Vec<SourceFile<'_>> = files.collect();
        render(
            &checked.diagnostics,
            files.as_slice(),
            RenderOptions::default(),
        )
    }
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text: Arc<str> = match (self.texts.get(path), &self.library) {
            (Some(text), _) => text.as_str().into(),
            (None, Some(library)) if !path.starts_with('.') => {
                fs::read_to_string(library.join(format!("{path}.sm")))
                    .ok()?
                    .into()
            }
            _ => return None,
        };
        let file = FileId(u32::try_from(self.loaded.len()).unwrap());
        self.loaded.push((path.to_owned(), text.clone()));
        Some(Source { file, text })
    }
}
