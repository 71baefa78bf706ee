//! Files of one user that others cannot change, and that are whole at every moment.
//!
//! A file is written beside its place and then put there in one step. So neither a crash nor a
//! second process ever meets half of it.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Only the owner reads and writes.
const MODE: u32 = 0o600;
/// The same for a folder.
const FOLDER_MODE: u32 = 0o700;
/// What the group and all others may do with a file.
const BY_OTHERS: u32 = 0o077;
/// How they may change it.
const CHANGED_BY_OTHERS: u32 = 0o022;

/// A file that cannot be used, and why.
#[derive(Debug)]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is a symbolic link to a place where no file is.
    Dangling(PathBuf),
    /// It is there already, and nothing is ever written over it.
    Exists,
    /// It is a folder.
    Folder,
    /// It is a device, a pipe or a socket.
    Special,
    /// It has more than so many bytes.
    Large(usize),
    /// It is not UTF-8.
    NotText,
    /// Others may read the secret in it; its mode.
    Readable(u32),
    /// Others may change it; its mode.
    Writable(u32),
    /// The system does not let it be read.
    Read(io::Error),
    /// The system does not let it be written.
    Write(io::Error),
}

impl FileError {
    fn new(path: &Path, fault: Fault) -> Self {
        Self {
            path: path.to_owned(),
            fault,
        }
    }

    /// What its owner can do about it.
    pub fn mend(&self) -> Option<String> {
        let path = self.path.display();
        match &self.fault {
            Fault::Readable(_) => Some(format!(
                "`chmod 600 {path}` keeps it to its owner; \
                 if others may have read it, make a new key"
            )),
            Fault::Writable(_) => Some(format!("`chmod 600 {path}`, after a look at its lines")),
            Fault::Read(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!("`ls -l {path}` shows who may"))
            }
            Fault::Write(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                // Folders are made on the way, so the one that refuses may be further up.
                let mut folders = self.path.ancestors().skip(1);
                let folder = folders.find(|folder| folder.exists())?.display();
                Some(format!("`ls -ld {folder}` shows who may write there"))
            }
            Fault::Dangling(target) => Some(format!(
                "bring `{}` back, or remove the link: `rm {path}`",
                target.display()
            )),
            _ => None,
        }
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            Fault::Missing => write!(f, "there is no file `{path}`"),
            Fault::Dangling(target) => write!(
                f,
                "`{path}` is a link to `{}`, where no file is",
                target.display()
            ),
            Fault::Exists => write!(f, "`{path}` is there already"),
            Fault::Folder => write!(f, "`{path}` is a folder, not a file"),
            Fault::Special => write!(f, "`{path}` is no ordinary file"),
            Fault::Large(most) => write!(f, "`{path}` is too large: at most {most} bytes are read"),
            Fault::NotText => write!(f, "`{path}` is not UTF-8 text"),
            Fault::Readable(mode) => write!(
                f,
                "`{path}` is a secret that others may read (its mode is {mode:04o})"
            ),
            Fault::Writable(mode) => write!(
                f,
                "others may change `{path}` (its mode is {mode:04o}), so it cannot be believed"
            ),
            Fault::Read(error) => write!(f, "cannot read `{path}`: {error}"),
            Fault::Write(error) => write!(f, "cannot write `{path}`: {error}"),
        }
    }
}

/// What others may do with a file that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Others {
    /// Nothing: it holds a secret.
    Nothing,
    /// Only read it.
    Read,
}

impl Others {
    fn check(self, mode: u32) -> Result<(), Fault> {
        match self {
            Self::Nothing if mode & BY_OTHERS != 0 => Err(Fault::Readable(mode)),
            Self::Read if mode & CHANGED_BY_OTHERS != 0 => Err(Fault::Writable(mode)),
            _ => Ok(()),
        }
    }
}

/// The text of a file of at most `limit` bytes. It is wiped from memory when it is dropped.
pub(crate) fn read(
    path: &Path,
    limit: usize,
    others: Others,
) -> Result<Zeroizing<String>, FileError> {
    sweep(path);
    read_text(path, limit, others).map_err(|fault| FileError::new(path, fault))
}

fn read_text(path: &Path, limit: usize, others: Others) -> Result<Zeroizing<String>, Fault> {
    // To open a pipe would wait for its other end.
    check_kind(&fs::metadata(path).map_err(|error| unreadable(path, error))?)?;
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let metadata = file.metadata().map_err(Fault::Read)?;
    check_kind(&metadata)?;
    others.check(metadata.permissions().mode() & 0o7777)?;
    // All of it at once, because a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(Fault::Read)?;
    if bytes.len() > limit {
        return Err(Fault::Large(limit));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Fault::NotText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn check_kind(metadata: &fs::Metadata) -> Result<(), Fault> {
    match (metadata.is_dir(), metadata.is_file()) {
        (true, _) => Err(Fault::Folder),
        (_, true) => Ok(()),
        _ => Err(Fault::Special),
    }
}

fn unreadable(path: &Path, error: io::Error) -> Fault {
    match (error.kind(), fs::read_link(path)) {
        (io::ErrorKind::NotFound, Ok(target)) => Fault::Dangling(target),
        (io::ErrorKind::NotFound, Err(_)) => Fault::Missing,
        _ => Fault::Read(error),
    }
}

/// Writes a file that is not there yet, and its folders.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), FileError> {
    let failed = |error: io::Error| {
        let fault = match error.kind() {
            io::ErrorKind::AlreadyExists => match fs::metadata(path) {
                Ok(_) => Fault::Exists,
                // A link to nothing is there too.
                Err(error) => unreadable(path, error),
            },
            _ => Fault::Write(error),
        };
        FileError::new(path, fault)
    };
    let written = Beside::write(path, text).map_err(failed)?;
    // Of two who link at once, one is told that the file exists. To rename would not tell.
    fs::hard_link(&written.path, path).map_err(failed)?;
    settle(path);
    Ok(())
}

/// Writes a file, and its folders, in the place of the one that may be there.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    let failed = |error| FileError::new(path, Fault::Write(error));
    let written = Beside::write(path, text).map_err(failed)?;
    fs::rename(&written.path, path).map_err(failed)?;
    settle(path);
    Ok(())
}

/// Holds a lock that belongs to the file at `path`, until it is dropped.
///
/// The lock is a file of its own, because the file itself is replaced.
pub(crate) fn lock(path: &Path) -> Result<File, FileError> {
    let failed = |error| FileError::new(path, Fault::Write(error));
    make_folder(path).map_err(failed)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .open(with_ending(path, ".lock"))
        .map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// A file that is written beside its place, and removed from there at the end. It is locked as long
/// as somebody is at it: one that is not was left by a process that was killed.
struct Beside {
    path: PathBuf,
    file: File,
}

impl Beside {
    fn write(path: &Path, text: &str) -> io::Result<Self> {
        make_folder(path)?;
        sweep(path);
        let mut beside = Self::new(path)?;
        beside.file.write_all(text.as_bytes())?;
        // Before its name is there, so that a crash does not leave the name without the text.
        beside.file.sync_all()?;
        Ok(beside)
    }

    fn new(path: &Path) -> io::Result<Self> {
        loop {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            let path = with_ending(path, &format!(".{:016x}.tmp", u64::from_le_bytes(random)));
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create_new(true)
                .mode(MODE)
                .open(&path)?;
            file.lock()?;
            let beside = Self { path, file };
            // Before it was locked, somebody may have taken it for one that was left.
            if beside.file.metadata()?.nlink() > 0 {
                return Ok(beside);
            }
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename it has gone already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the files beside `path` whose writers were killed. What cannot be removed does no harm.
fn sweep(path: &Path) {
    let before = with_ending(path, ".");
    let Some(before) = before.file_name().and_then(|name| name.to_str()) else {
        return;
    };
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return,
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| {
            let rest = name.strip_prefix(before)?;
            rest.strip_suffix(".tmp")
        });
        if !random.is_some_and(|random| random.len() == 16 && is_hex(random)) {
            continue;
        }
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else {
            continue;
        };
        // Held until the file is gone: its writer, who asks for the lock next, must see that.
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)
}

/// Has the folder written to the disk. A file system that cannot do that keeps what it can.
fn settle(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}
