//! The folders where things of one user lie (XDG Base Directory Specification).

use std::path::PathBuf;

use crate::exit::Failure;

/// Where sockets of running nodes lie; made if it is not there.
pub(crate) fn runtime() -> Result<PathBuf, Failure> {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = base.join("smartmsg");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::failed(format!("cannot make {}: {error}", folder.display())))?;
    Ok(folder)
}
