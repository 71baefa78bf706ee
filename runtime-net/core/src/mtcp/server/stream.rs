//! The streams of a service that runs here, live or again, and the log of what it does.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Input, Overflow, Recorded, Turn};
use crate::limits;
use crate::mtcp::digest::Digest;
use crate::mtcp::image::{Cut, Entry, Image};
use crate::mtcp::ring::{At, Ring};

/// What a client has of the output, with which a replay is compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Goal {
    pub(super) received: u64,
    pub(super) digest: Digest,
}

/// What a call of the service led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Nothing that anybody has to hear of.
    Fine,
    /// What runs again is where the client is, and writes what it has.
    CaughtUp,
    /// It does something else than before.
    Diverged,
    /// The log is over its quota.
    Overflown,
}

/// An export of this copy: its number, and the position behind it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Exported {
    cut: u64,
    position: u64,
}

/// A service at its owner.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Stream {
    pub(super) image: Image,
    /// How far the service has read.
    read: u64,
    /// How much of the log it has run again.
    replayed: usize,
    /// How far it has written.
    written: u64,
    finished: bool,
    digest: Digest,
    /// None when it has caught up.
    goal: Option<Goal>,
    /// What the client had when it was last compared.
    agreed: Goal,
    /// Counts the log's bytes and the exports of this copy.
    position: u64,
    /// Counts the exports.
    cuts: u64,
    /// The newest export, the one that is waited for, and the newest that cannot be lost.
    exported: Exported,
    awaited: Option<Exported>,
    safe: Exported,
    /// How far the service had written when the log had grown to a position.
    commits: VecDeque<(u64, u64)>,
    /// The log is over, and is kept no more until the next export.
    pinned: bool,
    quota: usize,
    overflow: Overflow,
}

impl Stream {
    /// A service that begins, or goes on from an image whose client has nothing past its cut.
    pub(super) fn new(image: Image, quota: usize, overflow: Overflow) -> Self {
        let cut = image.cut;
        Self {
            read: cut.input,
            replayed: 0,
            written: cut.output,
            finished: cut.finished,
            digest: cut.digest,
            goal: None,
            agreed: Goal {
                received: cut.output,
                digest: cut.digest,
            },
            position: 0,
            cuts: 0,
            exported: Exported::default(),
            awaited: None,
            safe: Exported::default(),
            commits: VecDeque::new(),
            pinned: false,
            quota: quota.min(limits::MTCP_LOG_BYTES),
            overflow,
            image,
        }
    }

    /// The client has this much of what the service wrote where it ran before.
    pub(super) fn aim(&mut self, goal: Goal) -> Step {
        self.image.output.skip(goal.received);
        if goal.received < self.written {
            // What it has not is here: together they are what the service had written.
            self.agreed = goal;
            let cut = Goal {
                received: self.written,
                digest: self.digest,
            };
            return if self.agrees(cut) {
                Step::CaughtUp
            } else {
                Step::Diverged
            };
        }
        self.agreed = goal;
        self.goal = Some(goal);
        self.check()
    }

    /// The client is back, and has this much. False if that cannot be: if it has other bytes than
    /// are here, or more than there are, and those are not to come as this copy runs again.
    pub(super) fn again(&mut self, goal: Goal, runs_again: bool) -> bool {
        let output = &self.image.output;
        if goal.received < output.start() {
            return false;
        }
        if goal.received > output.end() {
            if runs_again {
                self.image.output.skip(goal.received);
                self.goal = Some(goal);
            }
            return runs_again;
        }
        if !self.agrees(goal) {
            return false;
        }
        self.image.output.forget(goal.received);
        self.agreed = goal;
        // What has not caught up writes nothing that is kept: the client is where it was.
        true
    }

    /// Whether the client has the bytes that are here, where that can still be told.
    fn agrees(&self, goal: Goal) -> bool {
        let Goal { received, digest } = self.agreed;
        if received < self.image.output.start() {
            return true;
        }
        let (mut at, mut digest) = (received, digest);
        while at < goal.received {
            let most = (goal.received - at) as usize;
            match self.image.output.at(at, most) {
                At::Bytes(bytes) => {
                    self.image.key.update(&mut digest, bytes);
                    at += bytes.len() as u64;
                }
                At::Fin => {
                    self.image.key.finish(&mut digest);
                    at += 1;
                }
                At::Nothing => return false,
            }
        }
        digest == goal.digest
    }

    fn catches_up(&self) -> bool {
        self.goal.is_some()
    }

    /// Whether it does what it did before: the client has more, or the log goes on.
    pub(super) fn runs_again(&self) -> bool {
        self.catches_up() || self.replays()
    }

    pub(super) fn pinned(&self) -> bool {
        self.pinned
    }

    pub(super) fn taken(&self) -> u64 {
        self.read
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn cuts(&self) -> u64 {
        self.cuts
    }

    /// Whether both streams have ended and the service has read and written all.
    pub(super) fn finished(&self) -> bool {
        self.finished
    }

    /// The service reads.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> (Input, Step) {
        if buffer.is_empty() {
            return (Input::Wait, Step::Fine);
        }
        if self.replays() {
            return self.read_again(buffer);
        }
        if self.catches_up() {
            return (Input::Wait, Step::Fine);
        }
        match self.image.input.at(self.read, buffer.len()) {
            At::Nothing => (Input::Wait, Step::Fine),
            At::Fin => {
                let step = self.log(Entry::Fin);
                self.take(1);
                (Input::End, step)
            }
            At::Bytes(bytes) => {
                let mut count = bytes.len();
                buffer[..count].copy_from_slice(bytes);
                count += self.copy(count, buffer);
                let step = self.log(Entry::Read(count));
                self.take(count);
                (Input::Bytes(count), step)
            }
        }
    }

    /// What lies behind the place where the ring begins anew.
    fn copy(&self, have: usize, buffer: &mut [u8]) -> usize {
        let rest = &mut buffer[have..];
        if rest.is_empty() {
            return 0;
        }
        match self.image.input.at(self.read + have as u64, rest.len()) {
            At::Bytes(bytes) => {
                rest[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            }
            At::Fin | At::Nothing => 0,
        }
    }

    fn replays(&self) -> bool {
        self.replayed < self.image.log.len()
    }

    /// It gets the same bytes at once as when it ran before.
    fn read_again(&mut self, buffer: &mut [u8]) -> (Input, Step) {
        let Some((entry, next)) = self.image.log.at(self.replayed) else {
            return (Input::Wait, Step::Diverged);
        };
        match entry {
            Entry::Read(count) if count <= buffer.len() => {
                let have = self.copy(0, &mut buffer[..count]);
                let all = have + self.copy(have, &mut buffer[..count]);
                if all < count {
                    return (Input::Wait, Step::Diverged);
                }
                self.replayed = next;
                self.take(count);
                (Input::Bytes(count), Step::Fine)
            }
            Entry::Fin => {
                self.replayed = next;
                self.take(1);
                (Input::End, Step::Fine)
            }
            // There may have been nothing yet, which is not in the log.
            Entry::Value(_) => (Input::Wait, Step::Fine),
            Entry::Read(_) => (Input::Wait, Step::Diverged),
        }
    }

    fn take(&mut self, count: usize) {
        self.read += count as u64;
        if self.pinned {
            self.image.input.forget(self.read);
        }
    }

    /// The value that the service recorded here when it ran before.
    pub(super) fn recorded(&mut self) -> (Recorded, Step) {
        if !self.replays() {
            return (Recorded::Live, Step::Fine);
        }
        match self.image.log.at(self.replayed) {
            Some((Entry::Value(value), next)) => {
                let value = value.to_vec();
                self.replayed = next;
                (Recorded::Again(value), Step::Fine)
            }
            _ => (Recorded::Live, Step::Diverged),
        }
    }

    /// The service takes a value from elsewhere.
    pub(super) fn record(&mut self, value: &[u8]) -> Step {
        if self.replays() || value.len() > limits::MTCP_VALUE_BYTES {
            return Step::Diverged;
        }
        self.log(Entry::Value(value))
    }

    fn log(&mut self, entry: Entry<'_>) -> Step {
        if self.pinned {
            return Step::Fine;
        }
        let before = self.image.log.len();
        self.image.log.push(entry);
        self.replayed = self.image.log.len();
        self.position += (self.image.log.len() - before) as u64;
        let read = self.read - self.image.cut.input;
        if self.image.log.len() as u64 + read <= self.quota as u64 {
            return Step::Fine;
        }
        Step::Overflown
    }

    /// From now on there is no log: the connection stays where it is.
    pub(super) fn pin(&mut self) {
        self.pinned = true;
        self.image.log.forget(self.image.log.len());
        self.image.log.shrink();
        self.replayed = 0;
        self.image.input.forget(self.read);
    }

    pub(super) fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The service writes. Takes as much as there is room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> (usize, Step) {
        if self.finished || bytes.is_empty() {
            return (0, Step::Fine);
        }
        let (again, step) = match self.goal {
            Some(goal) => {
                let left = goal.received - self.written;
                let again = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                self.wrote(&bytes[..again]);
                (again, self.check())
            }
            None => (0, Step::Fine),
        };
        if step == Step::Diverged || self.catches_up() {
            return (again, step);
        }
        let room = (limits::MTCP_WINDOW as usize).saturating_sub(self.image.output.len());
        let new = &bytes[again..];
        let new = &new[..new.len().min(room)];
        self.image.output.push(new);
        self.wrote(new);
        self.commit();
        (again + new.len(), step)
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.image.key.update(&mut self.digest, bytes);
        self.written += bytes.len() as u64;
    }

    /// The service has written all.
    pub(super) fn finish(&mut self) -> Step {
        if self.finished {
            return Step::Fine;
        }
        self.finished = true;
        let again = self.catches_up();
        self.image.key.finish(&mut self.digest);
        self.written += 1;
        if again {
            return match self.check() {
                // The client has more than there is.
                Step::Fine => Step::Diverged,
                step => step,
            };
        }
        self.image.output.finish();
        self.commit();
        Step::Fine
    }

    /// Compares, when what runs again is where the client is.
    fn check(&mut self) -> Step {
        match self.goal {
            Some(goal) if goal.received == self.written => {
                self.goal = None;
                if goal.digest == self.digest {
                    Step::CaughtUp
                } else {
                    Step::Diverged
                }
            }
            _ => Step::Fine,
        }
    }

    fn commit(&mut self) {
        let full = self.commits.len() >= limits::MTCP_COMMITS;
        match self.commits.back_mut() {
            Some((position, written)) if *position == self.position => *written = self.written,
            // Together they leave later than they could, which is safe.
            Some(last) if full => *last = (self.position, self.written),
            _ => self.commits.push_back((self.position, self.written)),
        }
    }

    /// How far the output may leave when all that the log holds up to a position is safe; and the
    /// position that this needed.
    pub(super) fn committed(&mut self, position: u64) -> Option<(u64, u64)> {
        let mut found = None;
        while let Some(&(needed, written)) = self.commits.front() {
            if needed > position {
                break;
            }
            found = Some((needed, written));
            if needed == self.position {
                break;
            }
            self.commits.pop_front();
        }
        found
    }

    /// This is a consistent state of the service, here and now.
    pub(super) fn export(&mut self, snapshot: Vec<u8>) {
        self.image.cut = Cut {
            input: self.read,
            output: self.written,
            digest: self.digest,
            finished: self.finished,
        };
        self.image.snapshot = Some(Arc::new(snapshot));
        self.image.log.forget(self.replayed);
        self.replayed = 0;
        self.image.input.forget(self.read);
        self.pinned = false;
        self.position += 1;
        self.cuts += 1;
        self.exported = Exported {
            cut: self.cuts,
            position: self.position,
        };
    }

    /// Everybody who may have to go on has all up to a position.
    pub(super) fn settle_exports(&mut self, position: u64) {
        if self.safe == self.exported {
            return;
        }
        let awaited = *self.awaited.get_or_insert(self.exported);
        if awaited.position <= position {
            self.awaited = None;
            self.safe = awaited;
            if self.exported.position <= position {
                self.safe = self.exported;
            }
        }
    }

    /// Whether the newest export can still be lost.
    pub(super) fn awaits_export(&self) -> bool {
        self.safe != self.exported
    }

    /// The newest export that cannot be lost.
    pub(super) fn safe_export(&self) -> u64 {
        self.safe.cut
    }

    /// The position that this needs.
    pub(super) fn safe_at(&self) -> u64 {
        self.safe.position
    }

    /// A whole turn of a service: what it wrote is safe when the state behind it is.
    pub(super) fn turn(&mut self, turn: Turn, keeps: bool) {
        self.read = (self.read + turn.taken).min(self.image.input.end());
        let wrote = !self.finished && (turn.finished || !turn.output.is_empty());
        if wrote {
            self.image.output.push(&turn.output);
            self.wrote(&turn.output);
        }
        if wrote && turn.finished {
            self.finished = true;
            self.image.key.finish(&mut self.digest);
            self.written += 1;
            self.image.output.finish();
        }
        if let Some(snapshot) = turn.snapshot.filter(|_| keeps) {
            self.export(snapshot);
        }
        if wrote {
            self.commit();
        }
    }

    /// Gives back memory that an idle connection does not need.
    pub(super) fn shrink(&mut self) {
        self.image.output.shrink();
        self.image.input.shrink();
        self.image.log.shrink();
        self.commits.shrink_to_fit();
    }

    pub(super) fn output(&self) -> &Ring {
        &self.image.output
    }
}
