//! Tests of the checker.

mod library;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Checked, Loader, Options, PRELUDE, Source, check};
use crate::ast::FileId;

/// Modules by path, and the library's from its folder.
#[derive(Default)]
pub(super) struct Files {
    texts: BTreeMap<String, String>,
    /// The paths that were loaded; a file's number is its place here.
    loaded: Vec<(String, Arc<str>)>,
}

impl Files {
    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.texts.insert(path.to_owned(), text.to_owned());
        self
    }
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Option<Source> {
        let text: Arc<str> = match self.texts.get(path) {
            Some(text) => text.as_str().into(),
            None if path.starts_with('.') => return None,
            None => fs::read_to_string(library().join(format!("{path}.sm")))
                .ok()?
                .into(),
        };
        let file = FileId(u32::try_from(self.loaded.len()).unwrap());
        self.loaded.push((path.to_owned(), text.clone()));
        Some(Source { file, text })
    }
}

/// The folder of the standard library's sources.
pub(super) fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/sm")
}

/// The diagnostics as a person sees them, without colour.
pub(super) fn render(files: &Files, checked: &Checked) -> String {
    let mut out = String::new();
    for one in &checked.diagnostics {
        let (path, text) = &files.loaded[one.primary.file.0 as usize];
        let before = &text[..one.primary.span.start as usize];
        let line = before.matches('\n').count() + 1;
        let excerpt = &text[one.primary.span.range()];
        out += &format!(
            "{path}:{line} {} {:?} {} [{excerpt}] {}\n",
            one.code, one.severity, one.message, one.primary.text
        );
        for label in &one.labels {
            let (path, text) = &files.loaded[label.file.0 as usize];
            let line = text[..label.span.start as usize].matches('\n').count() + 1;
            out += &format!(
                "    {path}:{line} [{}] {}\n",
                &text[label.span.range()],
                label.text
            );
        }
        for note in &one.notes {
            out += &format!("    note: {note}\n");
        }
        for help in &one.help {
            out += &format!("    help: {help}\n");
        }
    }
    out
}

/// Checks a root module with the real library.
pub(super) fn run(root: &str) -> (Files, Checked) {
    let mut files = Files::default().with("main", root);
    let checked = check(&mut files, &Options::default());
    (files, checked)
}

#[test]
fn the_prelude_is_a_module() {
    assert_eq!(PRELUDE, "prelude");
}
