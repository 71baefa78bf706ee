//! The file of a key pair: its public key in a comment, then the 64 digits of its secret seed.

use std::fmt;
use std::path::{Path, PathBuf};

use sm_core::ids::NodeId;
use zeroize::Zeroizing;

use super::text::parse_hex;
use super::{KeyError, KeyPair, parse_key};
use crate::limits;
use crate::private::{self, Fault, FileError, Others};

/// What the comment says before the public key.
const HEAD: &str = "# A secret key of Smart Messages. Its public key:";

/// Why there is no key pair from a file.
#[derive(Debug)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    File(FileError),
    /// Its text is no key pair.
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with its text.
        content: Content,
    },
    /// The system has no randomness for a new key.
    Randomness(getrandom::Error),
}

/// Why a text is no key pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// No line has the digits of a seed.
    NoSeed,
    /// More than one line has something else than a comment; the number of the second.
    Second(usize),
    /// A line is no seed.
    Seed {
        /// The line's number.
        line: usize,
        /// What is wrong with it.
        error: KeyError,
    },
    /// The comment names another public key than the seed's: a digit was changed.
    Other {
        /// The key of the seed.
        seed: NodeId,
    },
}

impl KeyFileError {
    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(error) if matches!(error.fault, Fault::Missing))
    }

    /// Whether there is a file already where a new one was to be.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::File(error) if matches!(error.fault, Fault::Exists))
    }

    /// What its owner can do about it.
    pub fn mend(&self) -> Option<String> {
        match self {
            Self::File(error) => error.mend(),
            Self::Content { .. } => {
                Some("bring the file back from a copy, or move it away and make a new key".into())
            }
            Self::Randomness(_) => None,
        }
    }
}

impl From<FileError> for KeyFileError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl std::error::Error for KeyFileError {}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Content { path, content } => {
                write!(f, "`{}` is no key: {content}", path.display())
            }
            Self::Randomness(error) => write!(f, "the system has no randomness: {error}"),
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSeed => f.write_str("it has no line with the digits of a seed"),
            Self::Second(line) => write!(f, "line {line} is too much, it has one seed"),
            Self::Seed { line, error } => write!(f, "line {line}: {error}"),
            Self::Other { seed } => {
                write!(f, "its seed has another public key than it says, {seed}")
            }
        }
    }
}

/// Where a key pair comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It was there.
    Found,
    /// It has just been made.
    Made,
}

impl KeyPair {
    /// The key pair of a file.
    ///
    /// # Errors
    /// [`KeyFileError`], also if others may read the file.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let text = private::read(path, limits::KEY_FILE_BYTES, Others::Nothing)?;
        Self::from_text(&text).map_err(|content| KeyFileError::Content {
            path: path.to_owned(),
            content,
        })
    }

    /// A new key pair in a new file, which only its owner can read. Folders are made.
    ///
    /// # Errors
    /// [`KeyFileError`]; what lies at `path` is never written over ([`KeyFileError::is_there`]).
    pub fn create(path: &Path) -> Result<Self, KeyFileError> {
        let key = Self::generate().map_err(KeyFileError::Randomness)?;
        private::create(path, &key.to_text())?;
        Ok(key)
    }

    /// The key pair of a file; a new one if there is no file. All who ask at once get the same.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load_or_create(path: &Path) -> Result<(Self, Origin), KeyFileError> {
        match Self::load(path) {
            Err(error) if error.is_missing() => {}
            loaded => return Ok((loaded?, Origin::Found)),
        }
        match Self::create(path) {
            // Somebody else was faster, and the file is whole from the moment it is there.
            Err(error) if error.is_there() => Ok((Self::load(path)?, Origin::Found)),
            created => Ok((created?, Origin::Made)),
        }
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.signing_key().to_bytes());
        // With room for all: text that grows leaves copies of the secret behind.
        let mut text = Zeroizing::new(String::with_capacity(limits::KEY_FILE_BYTES));
        text.push_str(&format!("{HEAD}\n# {}\n", self.node_id()));
        for byte in seed.iter() {
            let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        text.push('\n');
        text
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Content> {
        let mut key = None;
        let mut said = None;
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if let Some(comment) = line.strip_prefix('#') {
                said = said.or_else(|| parse_key(comment.trim()).ok());
            } else if !line.is_empty() {
                if key.is_some() {
                    return Err(Content::Second(number));
                }
                let wrong = |error| Content::Seed {
                    line: number,
                    error,
                };
                key = Some(Self::from_seed(parse_hex(line).map_err(wrong)?));
            }
        }
        let key = key.ok_or(Content::NoSeed)?;
        match said {
            Some(said) if said != key.node_id() => Err(Content::Other {
                seed: key.node_id(),
            }),
            _ => Ok(key),
        }
    }
}
