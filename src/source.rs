//! Reading files: programs, bundles and networks, and kind words about those that cannot be read.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::text;

/// Reads a text file of at most `limit` bytes. `what` names its kind: `program`, `network`.
pub(crate) fn text(what: &str, path: &Path, limit: usize) -> Result<String, Failure> {
    let bytes = bytes(what, path, limit)?;
    String::from_utf8(bytes).map_err(|error| not_text(path, &error))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn bytes(what: &str, path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut file = fs::File::open(path).map_err(|error| unreadable(what, path, &error))?;
    let metadata = file
        .metadata()
        .map_err(|error| unreadable(what, path, &error))?;
    if metadata.is_dir() {
        return Err(directory(what, path));
    }
    let mut bytes = Vec::new();
    // The length is checked while reading: a pipe does not say how long it is.
    let read = Read::by_ref(&mut file)
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| unreadable(what, path, &error))?;
    if bytes.len() > limit {
        let (name, limit) = (path.display(), text::size(limit));
        return Err(Failure::failed(format!(
            "`{name}` is too large: a {what} has at most {limit}"
        )));
    }
    Ok(bytes)
}

fn unreadable(what: &str, path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => missing(what, path),
        io::ErrorKind::PermissionDenied => Failure::new(
            Exit::Failed,
            format!("`{name}` may not be read: permission denied"),
        )
        .help(format!("`ls -l {name}` shows who may")),
        io::ErrorKind::IsADirectory => directory(what, path),
        _ => Failure::failed(format!("`{name}` cannot be read: {error}")),
    }
}

/// A file that is not there is a wrong command line; a file with a similar name may be meant.
fn missing(what: &str, path: &Path) -> Failure {
    let failure = Failure::usage(format!("there is no {what} `{}`", path.display()));
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return failure;
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return failure.help(format!("there is no folder `{}` either", folder.display()));
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|entry| Path::new(entry).extension() == path.extension())
        .collect();
    names.sort();
    match text::nearest(&name.to_string_lossy(), names.iter().map(String::as_str)) {
        Some(near) => failure.help(format!(
            "did you mean `{}`?",
            path.with_file_name(near).display()
        )),
        None => failure,
    }
}

fn directory(what: &str, path: &Path) -> Failure {
    Failure::usage(format!("`{}` is a folder, not a {what}", path.display()))
}

fn not_text(path: &Path, error: &std::string::FromUtf8Error) -> Failure {
    let at = error.utf8_error().valid_up_to();
    let line = error.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    let name = path.display();
    Failure::failed(format!(
        "`{name}` is not UTF-8 text: byte {at}, in line {line}"
    ))
    .help("programs and networks are UTF-8; a bundle of bricks has the ending `.smb`")
}
