//! A piece of a byte stream under its offsets: appended at the end, forgotten at the front.

use std::collections::VecDeque;

/// The bytes of one direction that may be needed again.
///
/// The end of a stream (FIN) takes one offset behind the last byte, so that an offset says whether
/// the other end has heard of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Ring {
    start: u64,
    end: u64,
    closed: bool,
    bytes: VecDeque<u8>,
}

/// What stands at an offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At<'a> {
    /// These bytes, as many as lie together.
    Bytes(&'a [u8]),
    /// The end of the stream.
    Fin,
    /// Nothing yet.
    Nothing,
}

impl Ring {
    /// Nothing, from an offset on.
    pub(super) fn starting(start: u64) -> Self {
        Self {
            start,
            end: start,
            ..Self::default()
        }
    }

    /// These bytes from an offset on, and the end of the stream behind them.
    pub(super) fn of(start: u64, bytes: &[u8], closed: bool) -> Self {
        let mut ring = Self::starting(start);
        ring.push(bytes);
        if closed {
            ring.finish();
        }
        ring
    }

    /// The same stream, of which something else says whether it has ended; none if that cannot be.
    pub(super) fn ended(mut self, closed: bool) -> Option<Self> {
        let possible = self.closed == closed || (closed && self.start == self.end);
        self.closed = closed;
        possible.then_some(self)
    }

    /// The first offset that is kept.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The offset of what comes next; past the FIN if there is one.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether the stream has ended.
    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    /// How many offsets are kept.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Appends bytes. Nothing comes after the end of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        debug_assert!(!self.closed || bytes.is_empty());
        self.bytes.extend(bytes);
        self.end += bytes.len() as u64;
    }

    /// Appends the end of the stream.
    pub(super) fn finish(&mut self) {
        if !self.closed {
            self.closed = true;
            self.end += 1;
        }
    }

    /// Forgets what is before an offset, which is not past the end.
    pub(super) fn forget(&mut self, to: u64) {
        let to = to.min(self.end);
        if to <= self.start {
            return;
        }
        let count = ((to - self.start) as usize).min(self.bytes.len());
        self.start = to;
        if count == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..count);
        }
    }

    /// Forgets what is kept and goes on at a later offset.
    pub(super) fn skip(&mut self, to: u64) {
        if to > self.end {
            *self = Self {
                closed: self.closed,
                ..Self::starting(to)
            };
        } else {
            self.forget(to);
        }
    }

    /// What stands at an offset that is kept, at most so many bytes of it.
    pub(super) fn at(&self, offset: u64, most: usize) -> At<'_> {
        debug_assert!(offset >= self.start);
        let skipped = (offset - self.start) as usize;
        if skipped >= self.bytes.len() {
            return if self.closed && offset < self.end {
                At::Fin
            } else {
                At::Nothing
            };
        }
        let (first, second) = self.bytes.as_slices();
        let found = match first.get(skipped..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &second[skipped - first.len()..],
        };
        At::Bytes(&found[..found.len().min(most)])
    }

    /// Copies all bytes of a range of offsets; a FIN in it counts for none.
    pub(super) fn copy(&self, from: u64, to: u64) -> Vec<u8> {
        let mut copied = Vec::with_capacity(to.saturating_sub(from) as usize);
        let mut at = from;
        while at < to {
            let At::Bytes(bytes) = self.at(at, (to - at) as usize) else {
                break;
            };
            copied.extend_from_slice(bytes);
            at += bytes.len() as u64;
        }
        copied
    }

    /// Gives back memory that an idle stream does not need.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is appended and forgotten, each offset keeps its byte.
        #[test]
        fn offsets_keep_their_bytes(
            steps in proptest::collection::vec((0..40usize, 0..40u64, any::<bool>()), 1..60),
        ) {
            let mut ring = Ring::starting(5);
            let value = |offset: u64| (offset * 7) as u8;
            for (append, forget, finish) in steps {
                if !ring.closed() {
                    let from = ring.end();
                    let bytes: Vec<u8> = (from..from + append as u64).map(value).collect();
                    ring.push(&bytes);
                }
                if finish && append == 7 {
                    ring.finish();
                }
                ring.forget(ring.start() + forget);
                let last = ring.end() - u64::from(ring.closed() && ring.start() < ring.end());
                let mut offset = ring.start();
                while let At::Bytes(bytes) = ring.at(offset, 5) {
                    for byte in bytes {
                        prop_assert_eq!(*byte, value(offset));
                        offset += 1;
                    }
                }
                prop_assert_eq!(offset, last);
                let fin = ring.closed() && ring.start() < ring.end();
                let expected = if fin { At::Fin } else { At::Nothing };
                prop_assert_eq!(ring.at(offset, 5), expected);
                let copied = ring.copy(ring.start(), ring.end());
                prop_assert_eq!(copied.len() as u64, last - ring.start());
            }
        }
    }
}
