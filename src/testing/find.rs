//! Which files have tests.

use std::fs;
use std::path::{Path, PathBuf};

use sm_compiler::ast::{FileId, ItemKind, TestKind};
use sm_compiler::limits::MAX_SOURCE_BYTES;

use crate::exit::Failure;
use crate::source;

/// Folders that nobody keeps programs in.
const SKIPPED: &[&str] = &["target", "node_modules"];

/// How deep folders are looked into.
const DEPTH: usize = 32;

/// The files to look for blocks of a kind in: those named, and all programs in the folders named.
/// Without a path, all of the project, or of the folder.
pub(crate) fn files(paths: &[PathBuf], kind: TestKind) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let here = [home()];
    let paths = if paths.is_empty() { &here } else { paths };
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            folder(path, DEPTH, &mut found)?;
            found[before..].sort();
        } else if path.extension().is_some_and(|ending| ending == "sm") || !path.exists() {
            found.push(path.clone());
        } else {
            let name = path.display();
            return Err(Failure::usage(format!("`{name}` is no program"))
                .help("a program has the ending `.sm`"));
        }
    }
    let mut seen = Vec::new();
    for path in found {
        if !seen.contains(&path) && has(&path, kind)? {
            seen.push(path);
        }
    }
    Ok(seen)
}

/// The folder of the project that this folder belongs to, or this folder.
fn home() -> PathBuf {
    let here = PathBuf::from(".");
    let Ok(absolute) = here.canonicalize() else {
        return here;
    };
    let mut up = here.clone();
    for folder in absolute.ancestors() {
        if folder.join("sm.toml").is_file() {
            return up;
        }
        up = match up.to_str() {
            Some(".") => PathBuf::from(".."),
            _ => up.join(".."),
        };
    }
    here
}

fn folder(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| {
        let name = path.display();
        Failure::failed(format!("the folder `{name}` cannot be read: {error}"))
    };
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type().map_err(failed)?;
        // `./a.sm` is `a.sm` to people.
        let inner = match path.to_str() {
            Some(".") => PathBuf::from(entry.file_name()),
            _ => entry.path(),
        };
        if kind.is_dir() {
            if depth > 0 && !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                folder(&inner, depth - 1, found)?;
            }
        } else if Path::new(&*name)
            .extension()
            .is_some_and(|ending| ending == "sm")
        {
            found.push(inner);
        }
    }
    Ok(())
}

/// Whether a file has blocks of a kind. One that has none may be anything, and full of mistakes.
fn has(path: &Path, kind: TestKind) -> Result<bool, Failure> {
    let text = source::text("program", path, MAX_SOURCE_BYTES)?;
    if !text.contains(kind.word()) {
        return Ok(false);
    }
    let (module, _) = sm_compiler::parse(FileId::default(), &text);
    let is_one = |kind_of: &ItemKind| matches!(kind_of, ItemKind::Test(one) if one.kind == kind);
    Ok(module.items.iter().any(|item| is_one(&item.kind)))
}
