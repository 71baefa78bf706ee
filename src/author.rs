//! The key with which this user signs programs.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sm_net::identity::KeyPair;

use crate::exit::Failure;
use crate::remote::names;

/// The user's key; a new one if there is none yet.
pub(crate) fn default_or_new() -> Result<SigningKey, Failure> {
    let path = folder()?.join("author.key");
    read_or_new(&path).map_err(|error| {
        Failure::failed(format!(
            "cannot use the key in `{}`: {error}",
            path.display()
        ))
    })
}

fn read_or_new(path: &Path) -> io::Result<SigningKey> {
    match fs::read_to_string(path) {
        Ok(text) => names::parse(text.trim())
            .map(|secret| SigningKey::from_bytes(&secret))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fresh(path),
        Err(error) => Err(error),
    }
}

/// A key that nobody else may read. If another command was faster, its key.
fn fresh(path: &Path) -> io::Result<SigningKey> {
    let pair = KeyPair::generate().map_err(io::Error::other)?;
    let key = pair.signing_key().clone();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let own = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&own)?;
    writeln!(file, "{}", names::hex(key.as_bytes()))?;
    let placed = fs::hard_link(&own, path);
    fs::remove_file(&own)?;
    match placed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_or_new(path),
        placed => placed.map(|()| key),
    }
}

fn folder() -> Result<PathBuf, Failure> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share"));
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .map(|folder| folder.join("smartmsg"))
        .ok_or_else(|| Failure::failed("there is no HOME in which your key could lie"))
}
