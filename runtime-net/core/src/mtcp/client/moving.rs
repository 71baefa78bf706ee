//! A client end that moves together with the service that has it.
//!
//! A service holds such an end towards another service, and is itself served over M-TCP. What it
//! exports as its state holds [`Client::export`], so that whoever goes on with the service goes on
//! with the end. Two copies can then be about the same connection, and nobody tells the old one:
//!
//! - An attempt of a copy has an epoch above all of the copies before ([`Client::go_on`]), so the
//!   server refuses the old ones. A copy attaches only when its service is confirmed.
//! - What the server may forget is what the newest export that cannot be lost no longer needs
//!   ([`Client::keep`]). After a lost link it sends from there again, and what the end has is
//!   skipped.
//! - A copy says nothing before an export that names the server cannot be lost. What copies write
//!   has to follow from the exported state and what the service has read since: then a later copy
//!   writes the same bytes at the same offsets, and what an old one still sent is not sent again.
//! - The record does not change: the end stays at its server.

use std::collections::{BTreeSet, VecDeque};

use super::{Client, Keeping, Phase};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{NodeId, Time};
use crate::limits;
use crate::mtcp::digest::{Digest, DigestKey};
use crate::mtcp::pulse::{Acks, Marks, Pulse};
use crate::mtcp::ring::Ring;
use crate::mtcp::{ConnectionId, End, Epoch, Fault, Reason, Record, Timing};

/// How far an export had come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kept {
    /// What the program had taken, the end included.
    received: u64,
    digest: Digest,
    ended: bool,
    /// Everything that the program wrote had arrived for good, and its end.
    sent: bool,
}

impl Kept {
    /// Whether there is nothing to go on with.
    pub(super) fn is_all(&self) -> bool {
        self.ended && self.sent
    }
}

/// What there is of an end that moves, beside what each has.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Moving {
    /// The newest export that cannot be lost.
    pub(super) kept: Kept,
    /// Whether there is one.
    settled: bool,
    /// Whether there may be a copy.
    exported: bool,
    /// No copy will be needed: what the program takes is kept at once.
    alone: bool,
    /// Of what the program has taken.
    digest: Digest,
    /// Whether it has taken the end.
    ended: bool,
    /// How much of the stream this link has brought, again or for the first time.
    arrived: u64,
    /// What the server has for good; a later copy has to write it again.
    pub(super) stable: u64,
}

impl Moving {
    /// Of what the link has not brought nothing is acknowledged on it.
    pub(super) fn marks(&self, taken: u64) -> Marks {
        Marks {
            taken: taken.min(self.arrived),
            stable: self.kept.received.min(self.arrived),
        }
    }
}

impl Client {
    /// From now on the end can move with the service that has it. To be said at the beginning.
    pub fn move_with_service(&mut self) {
        self.moving = Some(Box::default());
    }

    /// The end as a copy goes on with it: after all that the program has taken and written. None
    /// before a server has answered; nothing has been said then, and a copy begins anew.
    pub fn export(&mut self) -> Option<(Vec<u8>, Kept)> {
        let moving = self.moving.as_mut().filter(|_| self.opened)?;
        moving.exported = true;
        let moving = self.moving.as_ref()?;
        let kept = self.kept_now(moving);
        let mut out = Writer::default();
        out.raw(&self.id.0);
        out.var(self.key.seed());
        out.var(self.window);
        out.var(self.record.epoch.0);
        out.raw(&self.record.owner.0);
        out.var(kept.received);
        out.var(kept.digest.sum);
        out.var(kept.digest.open);
        out.u8(u8::from(kept.ended));
        let fin = self.output.closed() && self.output.start() < self.output.end();
        let end = self.output.end() - u64::from(fin);
        out.var(self.output.start());
        out.bytes(&self.output.copy(self.output.start(), end));
        out.u8(u8::from(self.output.closed()) + u8::from(fin));
        Some((out.0, kept))
    }

    /// The end that was exported. It begins with [`Client::go_on`]; the program may write before.
    ///
    /// # Errors
    /// If the bytes are none that [`Client::export`] made.
    pub fn import(bytes: &[u8], timing: Timing) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let id = ConnectionId(input.array()?);
        let key = DigestKey::new(input.var()?);
        let window = input.var()?;
        let record = Record {
            epoch: Epoch(input.var()?),
            owner: NodeId(input.array()?),
            revision: 0,
            standbys: Vec::new(),
        };
        let mut kept = Kept {
            received: input.var()?,
            digest: Digest {
                sum: input.var()?,
                open: input.var()?,
            },
            ..Kept::default()
        };
        kept.ended = flag(input.u8()?)?;
        let start = input.var()?;
        let written = input.bytes(limits::MTCP_WINDOW as usize)?;
        let (closed, fin) = match input.u8()? {
            0 => (false, false),
            1 => (true, false),
            2 => (true, true),
            other => return Err(DecodeError::Unknown(other)),
        };
        input.finish()?;
        kept.sent = closed && !fin;
        let fits = kept.received.max(start) <= limits::MTCP_OFFSET
            && u64::from(kept.ended) <= kept.received
            && kept.digest.is_valid()
            && window <= limits::MTCP_WINDOW
            && (!kept.sent || written.is_empty());
        let output = Ring::of(start, written, fin).ended(closed);
        let output = output.filter(|_| fits).ok_or(DecodeError::NotCanonical)?;
        Ok(Self::of(
            (id, key, record),
            (kept, output),
            (window, timing),
        ))
    }

    fn of(
        (id, key, record): (ConnectionId, DigestKey, Record),
        (kept, output): (Kept, Ring),
        (window, timing): (u64, Timing),
    ) -> Self {
        let moving = Moving {
            kept,
            settled: true,
            exported: true,
            digest: kept.digest,
            ended: kept.ended,
            arrived: kept.received,
            ..Moving::default()
        };
        Self {
            id,
            settings: Vec::new(),
            timing,
            made: record.epoch,
            record,
            phase: Phase::Detached,
            expires: Time::NEVER,
            opened: true,
            warm: BTreeSet::new(),
            sent: output.end(),
            output,
            credit: 0,
            granted: 0,
            key,
            digest: kept.digest,
            received: kept.received,
            ended: kept.ended,
            taken: kept.received - u64::from(kept.ended),
            window,
            acks: Acks::begin(Marks::default()),
            held: Keeping::default(),
            moving: Some(Box::new(moving)),
            pulse: Pulse::begin(Time::ZERO),
            effects: VecDeque::new(),
        }
    }

    /// The service that has the imported end is confirmed, by its client's attempt with this epoch:
    /// no copy before may go on. False if there are more copies than can be told apart.
    pub fn go_on(&mut self, now: Time, service: Epoch) -> bool {
        let Some(made) = Epoch::of_copy(service) else {
            return false;
        };
        self.made = self.made.max(made);
        self.leave(now);
        if self.moving.as_ref().is_some_and(|end| end.kept.is_all()) {
            self.close(End::Done);
        }
        true
    }

    /// An export cannot be lost any more: those before are not needed.
    pub fn keep(&mut self, now: Time, kept: Kept) {
        let Some(moving) = self.moving.as_mut().filter(|moving| !moving.alone) else {
            return;
        };
        moving.settled = true;
        if kept.received >= moving.kept.received {
            let sent = kept.sent || moving.kept.sent;
            moving.kept = Kept { sent, ..kept };
        }
        self.note(now);
        self.try_close();
    }

    /// The service will not move any more, and ends: nothing is kept for a copy.
    pub fn stay(&mut self, now: Time) {
        if let Some(moving) = &mut self.moving {
            moving.alone = true;
            moving.settled = true;
        }
        self.keep_at_once(now);
    }

    /// This copy is over. Nobody hears of it if another may go on.
    pub fn abandon(&mut self) {
        match self.moving.as_ref().is_some_and(|moving| moving.exported) {
            true => self.close(End::Moved),
            false => self.reset(Reason::Aborted),
        }
    }

    /// The program has taken these bytes, which [`Client::frame`] gave.
    pub fn took(&mut self, now: Time, bytes: &[u8]) {
        if let Some(moving) = &mut self.moving {
            self.key.update(&mut moving.digest, bytes);
        }
        self.consumed(now, bytes.len());
        self.keep_at_once(now);
    }

    /// The program knows that the service has written all.
    pub fn took_end(&mut self, now: Time) {
        if let Some(moving) = self.moving.as_mut().filter(|moving| !moving.ended) {
            self.key.finish(&mut moving.digest);
            moving.ended = true;
            self.keep_at_once(now);
        }
    }

    /// Whether the end can move with the service that has it.
    pub fn moves_with_service(&self) -> bool {
        self.moving.is_some()
    }

    /// Whether another copy may go on when this one is dropped.
    pub fn is_elsewhere_too(&self) -> bool {
        self.moving.as_ref().is_some_and(|moving| !moving.alone)
    }

    /// Whether the connection can go on there: one that moves with its service stays at its server.
    pub fn may_resume_at(&self, server: NodeId) -> bool {
        !self.opened || self.moving.is_none() || self.record.owner == server
    }

    fn kept_now(&self, moving: &Moving) -> Kept {
        Kept {
            received: self.taken + u64::from(moving.ended),
            digest: moving.digest,
            ended: moving.ended,
            sent: self.has_sent_all(),
        }
    }

    pub(super) fn keep_at_once(&mut self, now: Time) {
        let moving = self.moving.as_deref().filter(|moving| moving.alone);
        if let Some(kept) = moving.map(|moving| self.kept_now(moving))
            && let Some(moving) = &mut self.moving
        {
            moving.kept = kept;
            self.note(now);
            self.try_close();
        }
    }

    /// Whether there is nothing to go on with.
    pub(super) fn is_over(&self) -> bool {
        match &self.moving {
            Some(moving) if moving.alone => moving.ended && self.has_sent_all(),
            Some(moving) => moving.kept.is_all(),
            None => self.ended && self.has_sent_all(),
        }
    }

    /// The program has written all, and the server has it for good.
    fn has_sent_all(&self) -> bool {
        self.output.closed() && self.output.start() == self.output.end()
    }

    /// Whether it may send of its stream.
    pub(super) fn speaks(&self) -> bool {
        self.moving.as_ref().is_none_or(|moving| moving.settled)
    }

    /// What a claim says that has come: what is sent again begins there.
    pub(super) fn claimed(&self) -> (u64, Digest) {
        match &self.moving {
            Some(moving) => (moving.kept.received, moving.kept.digest),
            None => (self.received, self.digest),
        }
    }

    /// Another link is to carry it, which brings again what is not kept.
    pub(super) fn begin_again(&mut self) {
        if let Some(moving) = &mut self.moving {
            moving.arrived = moving.kept.received;
        }
    }

    /// What the server has for good.
    pub(super) fn forget_output(&mut self, stable: u64) {
        if let Some(moving) = &mut self.moving {
            // What is written again is forgotten at once.
            moving.stable = moving.stable.max(stable);
            self.output.forget(moving.stable);
        } else {
            self.output.forget(stable);
        }
    }

    /// Bytes of the stream, some of which may have come before.
    pub(super) fn data_again<'a>(
        &mut self,
        now: Time,
        offset: u64,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], Fault> {
        let last = self.received - u64::from(self.ended);
        let Some(moving) = &mut self.moving else {
            return Err(Fault::OutOfTurn);
        };
        if offset != moving.arrived {
            return Err(Fault::Gap);
        }
        let end = offset + bytes.len() as u64;
        if self.ended && end > last {
            return Err(Fault::Gap);
        }
        if end > self.taken + self.window {
            return Err(Fault::OverCredit);
        }
        moving.arrived = end;
        let known = last.saturating_sub(offset).min(bytes.len() as u64) as usize;
        self.received = self.received.max(end);
        self.note(now);
        Ok(&bytes[known..])
    }

    /// The end of the stream, for the first time or again.
    pub(super) fn fin_again(&mut self, now: Time, offset: u64) -> Result<(), Fault> {
        let last = self.received - u64::from(self.ended);
        let Some(moving) = &mut self.moving else {
            return Err(Fault::OutOfTurn);
        };
        if offset != moving.arrived || offset != last {
            return Err(Fault::Gap);
        }
        moving.arrived = offset + 1;
        self.received = offset + 1;
        self.ended = true;
        self.note(now);
        self.try_close();
        Ok(())
    }
}

fn flag(byte: u8) -> Result<bool, DecodeError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::Unknown(other)),
    }
}
