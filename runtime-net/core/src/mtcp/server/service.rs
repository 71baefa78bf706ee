//! What the service does: read, write, record, export.

use super::stream::Step;
use super::{Input, Overflow, Peer, Phase, Recorded, Server, ServerEffect};
use crate::ids::Time;
use crate::limits;
use crate::mtcp::{Epoch, Reason};

impl Server {
    /// The snapshot that the service starts from, if there is one.
    pub fn snapshot(&self) -> Option<&[u8]> {
        match &self.phase {
            Phase::Owner(owner) => owner.stream.image.snapshot.as_deref().map(Vec::as_slice),
            _ => None,
        }
    }

    /// The service reads. Where it runs again it gets what it got before, with the boundaries of
    /// then, for which the buffer has to be as long as it was.
    pub fn read(&mut self, now: Time, buffer: &mut [u8]) -> Input {
        let Phase::Owner(owner) = &mut self.phase else {
            return Input::Wait;
        };
        if owner.frozen.is_some() {
            return Input::Wait;
        }
        let (input, step) = owner.stream.read(buffer);
        self.after(now, step);
        self.end_when_read();
        input
    }

    /// The service writes. Says how many of the bytes were taken: there is room for a window.
    pub fn write(&mut self, now: Time, bytes: &[u8]) -> usize {
        let Phase::Owner(owner) = &mut self.phase else {
            return 0;
        };
        if owner.frozen.is_some() {
            return 0;
        }
        let (count, step) = owner.stream.write(bytes);
        self.after(now, step);
        count
    }

    /// The service has written all. False if the connection is frozen: it is to be said again.
    pub fn finish(&mut self, now: Time) -> bool {
        let Phase::Owner(owner) = &mut self.phase else {
            return false;
        };
        if owner.frozen.is_some() {
            return false;
        }
        let step = owner.stream.finish();
        self.after(now, step);
        true
    }

    /// The service is about to take a value from elsewhere: the clock, chance, another connection.
    pub fn recorded(&mut self, now: Time) -> Recorded {
        let Phase::Owner(owner) = &mut self.phase else {
            return Recorded::Wait;
        };
        if owner.frozen.is_some() {
            return Recorded::Wait;
        }
        let (recorded, step) = owner.stream.recorded();
        self.after(now, step);
        recorded
    }

    /// The value that it took. False if it is not recorded, because the connection was frozen since
    /// or the value is longer than [`limits::MTCP_VALUE_BYTES`]: the service must not use it.
    pub fn record(&mut self, now: Time, value: &[u8]) -> bool {
        let Phase::Owner(owner) = &mut self.phase else {
            return false;
        };
        if owner.frozen.is_some() || value.len() > limits::MTCP_VALUE_BYTES {
            return false;
        }
        let step = owner.stream.record(value);
        self.after(now, step);
        step != Step::Diverged
    }

    /// This is a consistent state of the service, after all that it has read and written. False if
    /// the connection is frozen, or the state longer than [`limits::MTCP_SNAPSHOT_BYTES`].
    pub fn export(&mut self, now: Time, snapshot: Vec<u8>) -> bool {
        let Phase::Owner(owner) = &mut self.phase else {
            return false;
        };
        if owner.frozen.is_some() || snapshot.len() > limits::MTCP_SNAPSHOT_BYTES {
            return false;
        }
        owner.stream.export(snapshot);
        self.note(now);
        true
    }

    /// The newest export that cannot be lost, counted from one; zero if there is none that was made
    /// here. Whoever goes on with the connection goes on from it or from a later one.
    pub fn safe_export(&self) -> u64 {
        match &self.phase {
            Phase::Owner(owner) => owner.stream.safe_export(),
            _ => 0,
        }
    }

    /// How many exports the service has made here.
    pub fn exports(&self) -> u64 {
        match &self.phase {
            Phase::Owner(owner) => owner.stream.cuts(),
            _ => 0,
        }
    }

    /// The attempt with which the client is here for good, when it has said so: no earlier copy of
    /// the service will be heard by it.
    pub fn confirmed(&self) -> Option<Epoch> {
        match &self.phase {
            Phase::Owner(owner) if owner.confirmed && owner.heard => Some(owner.epoch),
            _ => None,
        }
    }

    /// The service cannot go on from the snapshot: it is of another version. Said before anything
    /// else is done for [`ServerEffect::Start`], this refuses the attempt, and the client may go
    /// back; later it ends the connection.
    pub fn cannot_import(&mut self) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(link) = owner.link
            && self.effects.contains(&ServerEffect::Attached(link))
        {
            // That it goes on here was to be said next.
            owner.welcomed = false;
            self.effects.retain(|effect| match effect {
                ServerEffect::Send(Peer::Client(to), _) | ServerEffect::Attached(to) => *to != link,
                _ => true,
            });
        }
        self.reset(Reason::Version);
    }

    fn after(&mut self, now: Time, step: Step) {
        match step {
            Step::Fine | Step::CaughtUp => self.welcome(now),
            Step::Diverged => return self.reset(Reason::Diverged),
            Step::Overflown => self.overflown(),
        }
        self.note(now);
    }

    fn overflown(&mut self) {
        let Phase::Owner(owner) = &self.phase else {
            return;
        };
        match owner.stream.overflow() {
            Overflow::Reset => self.reset(Reason::Quota),
            Overflow::Pin => self.pin(),
        }
    }

    /// The connection stays where it is until the next export.
    pub(super) fn pin(&mut self) {
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        owner.stream.pin();
        // They could not go on without the log.
        owner
            .ships
            .values_mut()
            .for_each(|ship| ship.dismissed = true);
    }
}
