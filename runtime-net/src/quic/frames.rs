//! Frames on streams: each after its length as four bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, Bytes};
use quinn::RecvStream;

use crate::limits;

/// The bytes of a length.
pub(super) const LENGTH: usize = 4;

/// The length that goes before a frame.
pub(super) fn length_before(frame: &[u8]) -> [u8; LENGTH] {
    (frame.len() as u32).to_le_bytes()
}

fn length_of(bytes: [u8; LENGTH]) -> Result<usize, Unread> {
    match u32::from_le_bytes(bytes) as usize {
        length if length > sm_core::limits::FRAME_BYTES => Err(Unread::TooLong),
        length => Ok(length),
    }
}

/// Up to [`limits::RUN_FRAMES`] whole frames, each behind its length.
#[derive(Debug)]
pub(super) struct Run(Bytes);

impl Iterator for Run {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = u32::from_le_bytes(*self.0.first_chunk()?) as usize;
        self.0.advance(LENGTH);
        Some(self.0.split_to(length))
    }
}

/// The bytes of the run at the beginning of these.
fn run_length(bytes: &[u8]) -> Result<usize, Unread> {
    let mut whole = 0;
    for _ in 0..limits::RUN_FRAMES {
        let Some(length) = bytes[whole..].first_chunk() else {
            break;
        };
        let end = whole + LENGTH + length_of(*length)?;
        if end > bytes.len() {
            break;
        }
        whole = end;
    }
    Ok(whole)
}

/// Why no frame came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// The stream ended between two frames.
    End,
    /// It ended, or stood still, within a frame.
    Half,
    /// The frame would be longer than any may be.
    TooLong,
    /// The session has begun more frames than this node keeps room for.
    Unfinished,
    /// Nothing came at all where something had to.
    Silence,
    /// The connection is no longer there.
    Gone,
}

/// The bytes of frames of a session that have begun and not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Unfinished(Arc<AtomicUsize>);

/// The bytes of one of them; they are no longer counted when this is dropped.
#[derive(Debug)]
struct Held<'a> {
    all: &'a Unfinished,
    bytes: usize,
}

impl Held<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), Unread> {
        self.bytes += bytes;
        let before = self.all.0.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > limits::UNFINISHED_BYTES {
            Err(Unread::Unfinished)
        } else {
            Ok(())
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Takes frames off a stream.
#[derive(Debug)]
pub(super) struct Frames {
    stream: RecvStream,
    unfinished: Unfinished,
    /// What has come of the next frames.
    rest: Bytes,
}

impl Frames {
    pub(super) fn new(stream: RecvStream, unfinished: Unfinished) -> Self {
        Self {
            stream,
            unfinished,
            rest: Bytes::new(),
        }
    }

    /// The next frames.
    pub(super) async fn next(&mut self) -> Result<Run, Unread> {
        if self.rest.is_empty() && !self.more().await? {
            return Err(Unread::End);
        }
        let here = run_length(&self.rest)?;
        if here > 0 {
            return Ok(Run(self.rest.split_to(here)));
        }
        match tokio::time::timeout(limits::FRAME_TIME, self.whole()).await {
            Ok(frame) => frame.map(Run),
            Err(_) => Err(Unread::Half),
        }
    }

    /// A frame of which the first byte is here, behind its length.
    async fn whole(&mut self) -> Result<Bytes, Unread> {
        while self.rest.len() < LENGTH {
            let start = std::mem::take(&mut self.rest);
            if !self.more().await? {
                return Err(Unread::Half);
            }
            self.rest = [start, self.rest.clone()].concat().into();
        }
        let (length, _) = self.rest.split_first_chunk().expect("it has come");
        self.take(LENGTH + length_of(*length)?).await
    }

    /// So many bytes.
    async fn take(&mut self, count: usize) -> Result<Bytes, Unread> {
        let unfinished = self.unfinished.clone();
        let mut held = Held {
            all: &unfinished,
            bytes: 0,
        };
        let mut bytes = Vec::with_capacity(count.min(limits::FRAME_AHEAD_BYTES));
        loop {
            let part = self.rest.split_to(self.rest.len().min(count - bytes.len()));
            held.grow(part.len())?;
            if bytes.len() + part.len() > bytes.capacity() {
                // Enough of it has come to believe in the rest.
                bytes.reserve_exact(count - bytes.len());
            }
            bytes.extend_from_slice(&part);
            if bytes.len() == count {
                return Ok(bytes.into());
            }
            if !self.more().await? {
                return Err(Unread::Half);
            }
        }
    }

    /// Waits for bytes; `false` at the end of the stream.
    async fn more(&mut self) -> Result<bool, Unread> {
        match self.stream.read_chunk(usize::MAX, true).await {
            Ok(Some(chunk)) => {
                self.rest = chunk.bytes;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) => Err(Unread::Gone),
        }
    }
}
