//! What a file says.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Driver, Form, Port, Tag, Tell, TextTag, Work};
use crate::limits;

/// Whether programs may write to a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum FileAccess {
    /// They may not.
    #[default]
    ReadOnly,
    /// Each write replaces the file as a whole.
    Replace,
}

/// Gives a tag what a file says, looking again and again, if that has changed. While the file
/// cannot be read the last value stays.
#[derive(Clone, Debug)]
pub struct File {
    kept: TextTag,
    path: PathBuf,
    every: Duration,
    access: FileAccess,
}

impl File {
    /// Looks at the file `every` so often.
    pub fn new(kept: TextTag, path: PathBuf, every: Duration, access: FileAccess) -> Self {
        Self {
            kept,
            path,
            every: every.max(limits::EVERY_SHORTEST),
            access,
        }
    }

    async fn keep(self, port: Port) {
        let Port { tell, mut writes } = port;
        let writing = tell.other();
        let mut last = self.kept.tag().value.clone();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let written = tokio::select! {
                _ = ticks.tick() => None,
                Some(value) = writes.next() => Some(value),
            };
            match written {
                None => self.look(&tell, &mut last).await,
                Some(value) => {
                    if self.follow(&writing, &value).await {
                        last = Some(value.clone());
                        tell.put(value).await;
                    }
                }
            }
        }
    }

    async fn look(&self, tell: &Tell, last: &mut Option<Vec<u8>>) {
        let path = self.path.clone();
        let read = apart(move || read(&path, limits::IO_FILE_BYTES)).await;
        match read.and_then(|text| self.kept.encode(&text)) {
            Ok(value) => {
                tell.well();
                if last.as_ref() != Some(&value) {
                    *last = Some(value.clone());
                    tell.put(value).await;
                }
            }
            Err(reason) => {
                let about = format!("`{}`: {reason}", self.path.display());
                tell.fault(about).await;
            }
        }
    }

    /// Whether the file has this value now.
    async fn follow(&self, tell: &Tell, value: &[u8]) -> bool {
        match self.replace(value).await {
            Ok(()) => {
                tell.well();
                true
            }
            Err(reason) => {
                let about = format!("`{}` is not written: {reason}", self.path.display());
                tell.fault(about).await;
                false
            }
        }
    }

    async fn replace(&self, value: &[u8]) -> Result<(), String> {
        let mut text = self.kept.decode(value)?;
        // Text ends with the end of a line, as other programs expect it; bytes are what they are.
        if self.kept.form() != Form::Bytes {
            text.push(b'\n');
        }
        let path = self.path.clone();
        apart(move || replace(&path, &text).map_err(|error| error.to_string())).await
    }
}

impl Driver for File {
    fn tag(&self) -> &Tag {
        self.kept.tag()
    }

    fn takes_writes(&self) -> bool {
        self.access == FileAccess::Replace
    }

    fn run(self: Box<Self>, port: Port) -> Work {
        Box::pin(self.keep(port))
    }
}

/// Does something that may be slow where it does not hold up the node.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.to_string()))
}

/// All of a file that is not longer than `limit`.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    // A pipe or a device could keep the reader for ever.
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("this is no ordinary file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    // The length is checked while reading: files of the system do not say how long they are.
    let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.len() > limit {
        return Err(format!("the file is longer than {limit} bytes"));
    }
    Ok(bytes)
}

/// Puts another file in the place of this one: who reads it meets the old or the new, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a link, so that the link stays.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    // Left behind by a process that was ended in the middle of it.
    drop(fs::remove_file(&beside));
    let done = fill(&beside, &path, bytes).and_then(|()| fs::rename(&beside, &path));
    if done.is_err() {
        drop(fs::remove_file(&beside));
    }
    done
}

fn fill(beside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(beside)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}
