//! The server that runs the service, and its client.

use std::collections::BTreeMap;

use super::keeper::Keeper;
use super::ship::Ship;
use super::standby::Standby;
use super::stream::{Goal, Stream};
use super::{Config, Peer, Phase, Server, ServerEffect};
use crate::ids::{NodeId, Time};
use crate::limits;
use crate::mtcp::image::Parcel;
use crate::mtcp::pulse::{Acks, Marks, Pulse, Silence};
use crate::mtcp::ring::At;
use crate::mtcp::wire::{Claim, Ends, Frame};
use crate::mtcp::{End, Epoch, Fault, LinkId, Reason};

/// A connection whose service runs here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Owner {
    pub(super) stream: Stream,
    /// The newest attempt that was let in here.
    pub(super) epoch: Epoch,
    /// The attempt that this copy came with.
    base: Epoch,
    /// Whether the client has said that it is attached here.
    pub(super) confirmed: bool,
    /// Whether it has said anything at all: it may have opened the connection elsewhere meanwhile.
    pub(super) heard: bool,
    /// Whether it has everything and has gone: all that is left is what the service has not read.
    left: bool,
    /// Whether the client has been told.
    pub(super) welcomed: bool,
    /// Whether the service has not said yet that it can go on from the snapshot.
    pub(super) importing: bool,
    /// Who had it before, and waits to hear that it may forget it; perhaps still, if that was lost.
    pub(super) origin: Option<NodeId>,
    pub(super) frozen: Option<Give>,
    /// What a later owner sends, which takes the place of this when it is whole.
    pub(super) successor: Option<Box<Standby>>,
    pub(super) link: Option<LinkId>,
    /// When it is over, if no client comes back.
    pub(super) expires: Time,
    pub(super) pulse: Pulse,
    pub(super) acks: Acks,
    /// The most that the client may ever have been told is stable.
    promised: u64,
    /// How much of the output the link has taken.
    sent: u64,
    /// How far it may be sent, and what the client grants beyond what it has taken.
    credit: (u64, u64),
    /// How much of the output may leave, and what of the log it needed.
    pub(super) released: u64,
    pub(super) released_at: u64,
    /// What the client end keeps for a server that goes on without this one.
    pub(super) keeper: Option<Box<Keeper>>,
    pub(super) ships: BTreeMap<NodeId, Ship>,
    /// That of the newest of them.
    pub(super) shift: u64,
    /// The standbys in the client's record, and how often they changed.
    pub(super) listed: Vec<NodeId>,
    pub(super) revision: u64,
    /// Those that it was asked to put there with the next revision.
    pub(super) proposal: Option<Vec<NodeId>>,
}

/// A connection that is frozen, for another server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Give {
    pub(super) to: NodeId,
    pub(super) epoch: Epoch,
    pub(super) parcel: Parcel,
}

impl Owner {
    pub(super) fn new(stream: Stream, epoch: Epoch, revision: u64) -> Self {
        let released = stream.output().end();
        Self {
            released,
            promised: stream.image.input.end(),
            released_at: stream.position(),
            stream,
            epoch,
            base: epoch,
            confirmed: false,
            heard: false,
            left: false,
            welcomed: false,
            importing: false,
            origin: None,
            frozen: None,
            successor: None,
            link: None,
            expires: Time::NEVER,
            pulse: Pulse::begin(Time::ZERO),
            acks: Acks::begin(Marks::default()),
            sent: 0,
            credit: (0, 0),
            keeper: None,
            ships: BTreeMap::new(),
            shift: 0,
            listed: Vec::new(),
            revision,
            proposal: None,
        }
    }

    /// The attempt of the later owner whose whole is on its way.
    pub(super) fn succeeded_at(&self) -> Option<Epoch> {
        self.successor.as_ref().map(|standby| standby.epoch)
    }

    /// A client's link carries it from now on; the client has taken so much, and grants so much
    /// more.
    pub(super) fn attach(&mut self, now: Time, link: LinkId, (taken, window): (u64, u64)) {
        self.link = Some(link);
        self.successor = None;
        self.expires = Time::NEVER;
        self.pulse = Pulse::begin(now);
        self.sent = self.stream.output().start();
        if let Some(keeper) = &mut self.keeper {
            keeper.restart();
        }
        self.credit = (taken.saturating_add(window), window);
        // What it has heard of as stable is not known.
        self.acks = Acks::begin(Marks {
            taken: self.stream.taken(),
            stable: 0,
        });
    }

    pub(super) fn due(&self, config: &Config) -> Time {
        if self.link.is_none() || self.frozen.is_some() {
            return self.expires;
        }
        let asks = self.pulse.due(&config.timing.of_server());
        let ages = self.keeper.as_ref().map(|keeper| keeper.ages(config));
        asks.min(self.acks.due()).min(ages.unwrap_or(Time::NEVER))
    }

    /// How much of the output the link has taken.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// What the client is acknowledged.
    fn marks(&self) -> Marks {
        let kept = self.required().map(|ship| ship.acked_input());
        let stable = kept.min().unwrap_or(self.stream.image.input.end());
        Marks {
            taken: self.stream.taken(),
            stable: stable.max(self.acks.said().stable),
        }
    }

    /// The same when the client end has the record that it may have.
    pub(super) fn marks_ahead(&self) -> Marks {
        let Marks { taken, stable } = self.marks();
        let held = self.keeper.as_ref().filter(|keeper| keeper.over.is_none());
        Marks {
            taken,
            stable: stable.max(held.map_or(0, |_| taken)),
        }
    }

    /// What the client may have been told is stable, here or before.
    pub(super) fn promised(&self) -> u64 {
        self.promised
    }

    /// Time for acknowledgements, and output that may leave.
    pub(super) fn note(&mut self, now: Time, config: &Config) {
        let position = self.required().map(|ship| ship.acked_position()).min();
        if !self.waits_for_record() {
            let position = position.unwrap_or(u64::MAX);
            if let Some((needed, written)) = self.stream.committed(position) {
                self.released = self.released.max(written);
                self.released_at = self.released_at.max(needed);
            }
            if self.confirmed && self.heard {
                self.stream.settle_exports(position);
            }
        }
        let marks = self.marks_ahead();
        let pace = (config.window, config.timing.ack_delay);
        self.acks.note(now, marks, pace);
    }

    /// How much of the output can be sent in one frame, and whether it is the end that can.
    fn next(&self) -> (usize, bool) {
        let most = self.released.min(self.credit.0).saturating_sub(self.sent) as usize;
        let most = most.min(limits::MTCP_SEND_BYTES);
        match self.stream.output().at(self.sent, most) {
            At::Bytes(bytes) => (bytes.len(), false),
            At::Fin => (0, self.released > self.sent),
            At::Nothing => (0, false),
        }
    }

    /// Whether the client is heard, and nobody else asks for the connection.
    pub(super) fn is_joined(&self) -> bool {
        self.welcomed && self.frozen.is_none() && self.link.is_some()
    }

    /// Whether the client may hear something of the stream.
    fn speaks(&self) -> bool {
        self.is_joined() && !self.waits_for_record()
    }

    /// Whether there is something to be sent to the client.
    pub(super) fn has_stream(&self) -> bool {
        let says = || self.next() != (0, false) || self.acks.is_urgent(self.marks());
        self.is_joined() && self.record_is_due() || self.speaks() && says()
    }

    /// How much of the output could be sent to the client now.
    pub(super) fn sendable(&self) -> u64 {
        let reach = if self.speaks() {
            self.released.min(self.credit.0)
        } else {
            0
        };
        reach.saturating_sub(self.sent)
    }

    pub(super) fn next_for_client(&mut self) -> Option<Frame<'_>> {
        if !self.speaks() {
            return None;
        }
        let (bytes, fin) = self.next();
        let marks = (self.marks(), self.marks_ahead());
        if let Some(Marks { taken, stable }) = self.acks.take(marks, fin || bytes > 0) {
            self.promised = self.promised.max(stable);
            return Some(Frame::Ack { taken, stable });
        }
        let offset = self.sent;
        if fin {
            self.sent += 1;
            return Some(Frame::Fin { offset });
        }
        self.sent += bytes as u64;
        match self.stream.output().at(offset, bytes) {
            At::Bytes(bytes) if !bytes.is_empty() => Some(Frame::Data { offset, bytes }),
            _ => None,
        }
    }

    fn acknowledged(&mut self, taken: u64, stable: u64) -> Result<(), Fault> {
        if stable > self.sent || taken > self.sent {
            return Err(Fault::NotSent);
        }
        self.stream.image.output.forget(stable);
        let window = self.credit.1;
        self.credit.0 = self.credit.0.max(taken.saturating_add(window));
        Ok(())
    }

    fn arrived(&mut self, offset: u64, bytes: &[u8], window: u64) -> Result<(), Fault> {
        let input = &mut self.stream.image.input;
        if offset != input.end() || input.closed() {
            return Err(Fault::Gap);
        }
        input.push(bytes);
        // At the beginning the client does not know the window yet.
        let granted = window.max(limits::MTCP_FIRST_WINDOW);
        if input.end() > self.stream.taken() + granted {
            return Err(Fault::OverCredit);
        }
        Ok(())
    }
}

impl Server {
    /// Whether the client's record says that this copy is the connection.
    pub(super) fn owns(&self, claim: &Claim) -> bool {
        let Phase::Owner(owner) = &self.phase else {
            return false;
        };
        let record = &claim.record;
        if record.owner == self.me {
            return record.epoch >= owner.base;
        }
        // The client gave up the attempt with which this standby got the copy, and went back. But
        // the owner has released nothing since that this standby has not acknowledged, and it has
        // acknowledged nothing: so this copy still leads to all that the client has.
        !owner.confirmed && owner.origin == Some(record.owner) && record.standbys.contains(&self.me)
    }

    /// The client comes back to the server that it was at.
    pub(super) fn resume_here(&mut self, now: Time, link: LinkId, claim: &Claim) {
        let epoch = claim.ends.server;
        let me = self.me;
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        let goal = Goal {
            received: claim.received,
            digest: claim.digest,
        };
        if !owner.stream.again(goal, !owner.confirmed) {
            return self.refuse(link, epoch, Reason::Lost);
        }
        owner.epoch = epoch;
        let old = owner.link.filter(|old| *old != link);
        let thawed = owner.frozen.take();
        owner.attach(
            now,
            link,
            (claim.taken, claim.window.min(limits::MTCP_WINDOW)),
        );
        owner.welcomed = false;
        let accepted = claim.record.owner == me;
        owner.adopt(claim.record.revision);
        // Where the client was elsewhere meanwhile, that owner has changed the record too.
        owner.revision = claim.record.revision;
        if let Some(old) = old {
            self.effects.push_back(ServerEffect::Drop(old));
        }
        if let Some(Give { to, .. }) = thawed {
            let kept = owner.ships.contains_key(&to);
            self.effects.push_back(ServerEffect::Thaw);
            // That attempt is given up: this one is later. Where the record may list that server,
            // what it has is to stay until it has the whole.
            if !kept {
                let id = self.id;
                self.send(Peer::Server(to), Frame::Release { id, epoch });
            }
        }
        if accepted {
            self.confirm();
        }
        self.rebase();
        self.welcome(now);
    }

    /// The client has said that it is attached here: whoever had it before may forget it.
    pub(super) fn confirm(&mut self) {
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        owner.heard = true;
        if std::mem::replace(&mut owner.confirmed, true) {
            return;
        }
        let (epoch, before) = (owner.epoch, owner.origin);
        self.effects.push_back(ServerEffect::Confirmed(epoch));
        if let Some(before) = before {
            self.release(before);
        }
    }

    /// Tells the server that had it before. One that is a standby gets the whole instead.
    pub(super) fn release(&mut self, server: NodeId) {
        let id = self.id;
        if let Phase::Owner(owner) = &self.phase
            && owner.confirmed
            && owner.origin == Some(server)
            && !owner.ships.contains_key(&server)
        {
            let epoch = owner.epoch;
            self.send(Peer::Server(server), Frame::Release { id, epoch });
        }
    }

    /// Tells the client that it is attached, when the service is where the client is and has run
    /// again all that it did before: until then it may turn out to do something else.
    pub(super) fn welcome(&mut self, now: Time) {
        let window = self.config.window;
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        let Some(link) = owner.link else {
            return;
        };
        if owner.welcomed || owner.importing || owner.stream.runs_again() {
            return;
        }
        owner.welcomed = true;
        owner.released = owner.released.max(owner.stream.output().start());
        let resumed = Frame::Resumed {
            ends: Ends::of(owner.epoch),
            input: owner.stream.image.input.end(),
            taken: owner.stream.taken(),
            window,
            standbys: owner.listed.clone(),
        };
        let proposal = owner.proposal_frame();
        let peer = Peer::Client(link);
        self.send(peer, resumed);
        if let Some(frame) = proposal {
            self.send(peer, frame);
        }
        self.effects.push_back(ServerEffect::Attached(link));
        self.note(now);
    }

    pub(super) fn note(&mut self, now: Time) {
        if let Phase::Owner(owner) = &mut self.phase {
            owner.note(now, &self.config);
        }
        self.settle_standbys();
    }

    pub(super) fn frame_of_client(
        &mut self,
        now: Time,
        link: LinkId,
        frame: &Frame<'_>,
    ) -> Result<(), Fault> {
        if let Frame::Attach { id } = frame {
            self.attach(link, *id == self.id);
            return Ok(());
        }
        if let Frame::Held { .. } = frame {
            self.shown(now, link, frame);
            return Ok(());
        }
        let Phase::Owner(owner) = &mut self.phase else {
            return Ok(());
        };
        // What a client still sends on a link that it has left is nothing.
        if owner.link != Some(link) {
            return Ok(());
        }
        // The client end asks first on an idle link: then this end does not get to it.
        let silent = now.since(owner.pulse.last()).0 > self.config.timing.heartbeat.0 / 2;
        if silent && matches!(frame, Frame::Ping { .. }) {
            owner.stream.shrink();
        }
        owner.pulse.heard(now);
        let taken = self.frame_of_attached(now, link, frame);
        if taken.is_err() {
            self.effects.push_back(ServerEffect::Drop(link));
            self.detach(now);
        }
        taken
    }

    fn frame_of_attached(
        &mut self,
        now: Time,
        link: LinkId,
        frame: &Frame<'_>,
    ) -> Result<(), Fault> {
        let window = self.config.window;
        let Phase::Owner(owner) = &mut self.phase else {
            return Ok(());
        };
        // A connection that is frozen takes nothing in: it will come to the new owner.
        let frozen = owner.frozen.is_some();
        match frame {
            Frame::Data { offset, bytes } if !frozen => owner.arrived(*offset, bytes, window)?,
            Frame::Fin { offset } if !frozen => {
                let input = &mut owner.stream.image.input;
                // It needs no credit: where less is granted than before, or what was read is to be
                // read again, there may be none.
                if *offset != input.end() || input.closed() {
                    return Err(Fault::Gap);
                }
                input.finish();
            }
            Frame::Ack { taken, stable } if !frozen => owner.acknowledged(*taken, *stable)?,
            Frame::Data { .. } | Frame::Fin { .. } | Frame::Ack { .. } => {}
            Frame::Ping { token } => self.send(Peer::Client(link), Frame::Pong { token: *token }),
            Frame::Pong { token } => owner.pulse.answered(now, *token),
            Frame::Confirm { epoch } if *epoch == owner.epoch => self.confirm(),
            Frame::Confirm { .. } => {}
            Frame::Recorded { revision } => owner.adopt(*revision),
            Frame::Stays { refusals } => {
                let stays = ServerEffect::Stays(refusals.clone());
                self.effects.push_back(stays);
            }
            Frame::Close if owner.stream.image.input.closed() && owner.stream.finished() => {
                owner.left = true;
                self.end_when_read();
            }
            Frame::Reset { reason } => self.stop(End::Reset(*reason)),
            _ => return Err(Fault::OutOfTurn),
        }
        self.note(now);
        Ok(())
    }

    /// The connection is over when the client has gone and the service has read what it wrote.
    pub(super) fn end_when_read(&mut self) {
        if let Phase::Owner(owner) = &self.phase
            && owner.left
            && owner.stream.taken() == owner.stream.image.input.end()
        {
            self.stop(End::Done);
        }
    }

    /// A client asks whether it could resume here.
    fn attach(&mut self, link: LinkId, mine: bool) {
        if !mine {
            return self.refuse(link, Epoch::default(), Reason::NotAllowed);
        }
        if self.draining {
            return self.refuse(link, Epoch::default(), Reason::Draining);
        }
        let id = self.id;
        self.send(Peer::Client(link), Frame::Attached { id });
    }

    pub(super) fn detach(&mut self, now: Time) {
        let linger = self.config.timing.linger;
        if let Phase::Owner(owner) = &mut self.phase {
            owner.link = None;
            owner.expires = owner.expires.min(now + linger);
            self.effects.push_back(ServerEffect::Detached);
        }
    }

    pub(super) fn watch(&mut self, now: Time) {
        let timing = self.config.timing;
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        if owner.expires <= now {
            return self.stop(End::Reset(Reason::Expired));
        }
        let Some(link) = owner.link.filter(|_| owner.frozen.is_none()) else {
            return;
        };
        owner.acks.timeout(now);
        if let Some(keeper) = &mut owner.keeper {
            keeper.timeout(now, &self.config);
        }
        match owner.pulse.check(now, &timing.of_server()) {
            Silence::None => {}
            Silence::Ask(token) => {
                owner.stream.shrink();
                self.send(Peer::Client(link), Frame::Ping { token });
            }
            Silence::Dead => {
                self.effects.push_back(ServerEffect::Drop(link));
                self.detach(now);
            }
        }
    }
}
