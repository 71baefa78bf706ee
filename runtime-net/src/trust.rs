//! The keys that a user trusts, each with a name: a text file that people may edit.
//!
//! ```text
//! # The lamps in the hall.
//! lamp  d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
//! ```

mod lines;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sm_core::ids::NodeId;

use crate::identity::Name;
use crate::limits;
use crate::private::{self, Fault, FileError, Others};

pub use lines::{Wrong, WrongLine};

/// A key with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trusted {
    /// What the user calls it.
    pub name: Name,
    /// The key of a node or of an author.
    pub key: NodeId,
}

/// The trusted keys of one user, in the order of their file.
#[derive(Clone, Debug)]
pub struct TrustStore {
    path: PathBuf,
    entries: Vec<Trusted>,
}

/// What a change did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The file has been changed.
    Made,
    /// It was so before.
    None,
}

/// Why trusted keys cannot be read or changed.
#[derive(Debug)]
pub enum TrustError {
    /// The file cannot be read or written.
    File(FileError),
    /// These lines of the file are wrong.
    Lines {
        /// Which file.
        path: PathBuf,
        /// All of its wrong lines.
        wrong: Vec<WrongLine>,
    },
    /// The name belongs to another key.
    Taken(Trusted),
    /// With one key more, the file would be larger than it may be.
    Full,
}

impl TrustError {
    /// What the user can do about it.
    pub fn mend(&self) -> Option<String> {
        match self {
            Self::File(error) => error.mend(),
            _ => None,
        }
    }
}

impl From<FileError> for TrustError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl std::error::Error for TrustError {}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Lines { path, wrong } => {
                let path = path.display();
                let lines: Vec<String> = wrong.iter().map(WrongLine::to_string).collect();
                write!(f, "`{path}` is no list of keys: {}", lines.join("; "))
            }
            Self::Taken(Trusted { name, key }) => {
                write!(f, "`{name}` is the name of another key, {key}")
            }
            Self::Full => {
                let most = limits::TRUST_FILE_BYTES;
                write!(f, "the list of keys is full: it has at most {most} bytes")
            }
        }
    }
}

impl TrustStore {
    /// The keys of the file at `path`; none if there is no such file.
    ///
    /// # Errors
    /// [`TrustError`] with every wrong line; also if others may change the file.
    pub fn load(path: &Path) -> Result<Self, TrustError> {
        // A link into a folder of settings stays a link when the file is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let entries = parse(&path, &read(&path)?)?;
        Ok(Self { path, entries })
    }

    /// The keys, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Trusted> {
        self.entries.iter()
    }

    /// The key with this name.
    pub fn key_of(&self, name: &Name) -> Option<NodeId> {
        let mut found = self.entries.iter().filter(|entry| entry.name == *name);
        found.next().map(|entry| entry.key)
    }

    /// The first name of this key.
    pub fn name_of(&self, key: &NodeId) -> Option<&Name> {
        let mut found = self.entries.iter().filter(|entry| entry.key == *key);
        found.next().map(|entry| &entry.name)
    }

    /// Adds a key. Others may change the file at the same time: nothing is lost.
    ///
    /// # Errors
    /// [`TrustError::Taken`] if the name belongs to another key, and whatever the file may have.
    pub fn add(&mut self, name: &Name, key: NodeId) -> Result<Change, TrustError> {
        self.change(|text, entries| {
            if let Some(entry) = entries.iter().find(|entry| entry.name == *name) {
                return match entry.key == key {
                    true => Ok(None),
                    false => Err(TrustError::Taken(entry.clone())),
                };
            }
            let end = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            Ok(Some(format!("{text}{end}{name} {key}\n")))
        })
    }

    /// Removes the key with this name.
    ///
    /// # Errors
    /// Whatever the file may have.
    pub fn remove(&mut self, name: &Name) -> Result<Change, TrustError> {
        self.change(|text, entries| {
            let is_there = entries.iter().any(|entry| entry.name == *name);
            Ok(is_there.then(|| lines::without(text, name)))
        })
    }

    /// Reads the file anew, under a lock, and replaces it by what `edit` makes of it, if anything.
    fn change(
        &mut self,
        edit: impl FnOnce(&str, &[Trusted]) -> Result<Option<String>, TrustError>,
    ) -> Result<Change, TrustError> {
        let _lock = private::lock(&self.path)?;
        let text = read(&self.path)?;
        self.entries = parse(&self.path, &text)?;
        let Some(edited) = edit(&text, &self.entries)? else {
            return Ok(Change::None);
        };
        if edited.len() > limits::TRUST_FILE_BYTES {
            return Err(TrustError::Full);
        }
        private::replace(&self.path, &edited)?;
        self.entries = parse(&self.path, &edited)?;
        Ok(Change::Made)
    }
}

fn read(path: &Path) -> Result<String, FileError> {
    match private::read(path, limits::TRUST_FILE_BYTES, Others::Read) {
        Err(error) if matches!(error.fault, Fault::Missing) => Ok(String::new()),
        read => read.map(|text| text.to_string()),
    }
}

fn parse(path: &Path, text: &str) -> Result<Vec<Trusted>, TrustError> {
    lines::parse(text).map_err(|wrong| TrustError::Lines {
        path: path.to_owned(),
        wrong,
    })
}
