//! Writing files as a whole: whoever reads one meanwhile sees the old one or the new.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Puts a file with these bytes in the place of `target`, if there is one, with its permissions.
/// Where `target` is a link, the link stays and leads to the new file.
///
/// # Errors
///
/// If the file cannot be written, or is not meant to be; then nothing has changed.
pub(crate) fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = target
        .canonicalize()
        .unwrap_or_else(|_| target.to_path_buf());
    let before = fs::metadata(&target).ok();
    if before
        .as_ref()
        .is_some_and(|it| it.permissions().readonly())
    {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let fresh = target.with_file_name(name);
    let written = fs::File::create(&fresh)
        .and_then(|mut file| {
            if let Some(before) = before {
                file.set_permissions(before.permissions())?;
            }
            file.write_all(bytes)
        })
        .and_then(|()| fs::rename(&fresh, &target));
    if written.is_err() {
        // What is left of a failed attempt is of no use; the error that counts is the first.
        let _ = fs::remove_file(&fresh);
    }
    written
}
