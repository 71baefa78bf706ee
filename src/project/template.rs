//! What a new project begins with: a program that moves, a network for it, and a test.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{FILE, beside};
use crate::exit::Failure;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Written,
    /// It was there already, and is as it was.
    Kept,
}

/// The files of a new project, by their paths in its folder.
fn files(name: &str) -> [(&'static str, String); 4] {
    let manifest = format!("name = \"{name}\"\nversion = \"0.1.0\"\n");
    [
        (FILE, manifest),
        ("src/main.sm", MAIN.to_owned()),
        ("town.net.toml", NETWORK.to_owned()),
        (".gitignore", "/doc/\n*.smb\n*.smtrace\n".to_owned()),
    ]
}

/// Writes what is not there yet. Nothing that is there is changed.
pub(crate) fn write(folder: &Path, name: &str) -> Result<Vec<(&'static str, Made)>, Failure> {
    let mut made = Vec::new();
    for (file, text) in files(name) {
        let path = beside(folder, file);
        let done = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| write_new(&path, &text));
        let done = done.map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        })?;
        made.push((file, done));
    }
    Ok(made)
}

fn write_new(path: &Path, text: &str) -> io::Result<Made> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| Made::Written),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Made::Kept),
        Err(error) => Err(error),
    }
}

const MAIN: &str = include_str!("template/main.sm");
const NETWORK: &str = include_str!("template/town.net.toml");
