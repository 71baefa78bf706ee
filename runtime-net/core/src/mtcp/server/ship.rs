//! What an owner sends to its standbys, and who they are.

use super::owner::Owner;
use super::stream::Stream;
use super::{Peer, Phase, Server};
use crate::ids::{NodeId, Time};
use crate::limits;
use crate::mtcp::image::{Extent, Had, Parcel};
use crate::mtcp::wire::{Frame, Growth};
use crate::mtcp::{ConnectionId, Epoch};

/// A server that gets the log as it grows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Ship {
    /// What is added to positions that it hears of, and taken off those that it names: they are
    /// higher than all that were told to who was this standby before and was dismissed.
    shift: u64,
    way: Way,
    sent: Sent,
    /// What it has for good: how far the log is, and how far the input. None before it has all.
    pub(super) acked: Option<(u64, u64)>,
    /// Whether it has heard of the newest attempt, and whether it has said since that it has the
    /// whole, so that what is new of it is enough.
    told: bool,
    heard: bool,
    /// It is to be a standby no more, as soon as the client says so.
    pub(super) dismissed: bool,
}

/// How things go to a standby.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Way {
    /// It needs the whole, or what is new of it since it had so much.
    Whole(Had),
    /// The whole is on its way.
    Sending(Parcel, Sent),
    /// It gets what is new.
    Current,
    /// It cannot be reached, or has heard of a later attempt.
    Shut,
}

/// What a standby has when all has come that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Sent {
    cuts: u64,
    position: u64,
    /// Of the log's bytes.
    log: usize,
    input: u64,
    output: u64,
}

impl Ship {
    pub(super) fn new(shift: u64) -> Self {
        Self {
            shift,
            way: Way::Whole(Had::default()),
            sent: Sent::default(),
            acked: None,
            told: true,
            heard: false,
            dismissed: false,
        }
    }

    pub(super) fn acked_position(&self) -> u64 {
        self.acked.map_or(0, |(position, _)| position)
    }

    pub(super) fn acked_input(&self) -> u64 {
        self.acked.map_or(0, |(_, input)| input)
    }

    /// Whether all of the whole has been taken.
    pub(super) fn is_whole(&self) -> bool {
        self.given().is_some()
    }

    /// The same, and there was no export since: what is new continues it.
    pub(super) fn continues(&self, stream: &Stream) -> bool {
        self.given().is_some_and(|sent| sent.cuts == stream.cuts())
    }

    /// What it has when all that was taken has come.
    fn given(&self) -> Option<Sent> {
        match &self.way {
            Way::Current => Some(self.sent),
            Way::Sending(parcel, sent) => parcel.is_sent().then_some(*sent),
            Way::Whole(_) | Way::Shut => None,
        }
    }

    /// From now on it gets what is new, if all of the whole has been taken.
    pub(super) fn settle(&mut self) {
        if let Some(sent) = self.given() {
            self.sent = sent;
            self.way = Way::Current;
        }
    }

    /// All that was taken has come.
    pub(super) fn arrived(&mut self) {
        if let Some(sent) = self.given() {
            self.acked = Some((sent.position, sent.input));
        }
    }

    /// It needs the whole again, beside what it has.
    pub(super) fn restart(&mut self) {
        self.way = Way::Whole(Had::default());
        (self.told, self.heard) = (true, false);
    }

    /// There is a later attempt. What a standby has, it has still, unless that attempt was there.
    fn rebase(&mut self) {
        if self.way == Way::Current {
            (self.told, self.heard) = (false, false);
        } else {
            self.restart();
        }
    }

    /// The same, and what it has may be nothing: it may have lost its memory.
    fn restart_from_nothing(&mut self) {
        self.restart();
        self.acked = None;
    }

    /// The next frame for it, of so much of the streams.
    pub(super) fn next(
        &mut self,
        (id, epoch): (ConnectionId, Epoch),
        stream: &Stream,
        extent: Extent,
    ) -> Option<Frame<'_>> {
        if self.way == Way::Current && self.sent.cuts != stream.cuts() {
            let Sent { output, input, .. } = self.sent;
            if self.heard {
                self.way = Way::Whole(Had { output, input });
            } else {
                self.restart();
            }
        }
        if let Way::Whole(had) = self.way
            && !stream.pinned()
        {
            let image = &stream.image;
            let sent = Sent {
                cuts: stream.cuts(),
                position: stream.position(),
                log: image.log.len(),
                input: extent.input,
                output: image.cut.output.max(image.output.start()),
            };
            self.way = Way::Sending(image.parcel_of(extent, had), sent);
        }
        self.settle();
        if self.way == Way::Current {
            return self.growth((id, epoch), stream, extent.input);
        }
        match &mut self.way {
            Way::Sending(parcel, sent) => {
                let position = sent.position + self.shift;
                parcel.next().map(|piece| Frame::Base {
                    id,
                    epoch,
                    position,
                    piece,
                })
            }
            _ => None,
        }
    }

    /// What has come since: input first, and what was read of it when all of it is sent.
    fn growth(
        &mut self,
        (id, epoch): (ConnectionId, Epoch),
        stream: &Stream,
        last: u64,
    ) -> Option<Frame<'static>> {
        let image = &stream.image;
        let (input, position) = (self.sent.input, self.sent.position);
        if self.sent.cuts != stream.cuts() {
            return None;
        }
        let all = input == last && position == stream.position();
        if stream.pinned() || (all && self.told) {
            return None;
        }
        self.told = true;
        let reach = last.min(input + limits::MTCP_PIECE_BYTES as u64);
        let bytes = image.input.copy(input, reach);
        let end = input + bytes.len() as u64;
        let closed = image.input.closed() && last == image.input.end();
        let fin = end < reach || (end + 1 == last && closed);
        self.sent.input = end + u64::from(fin);
        let entries = if self.sent.input == last {
            self.entries(stream)
        } else {
            Vec::new()
        };
        Some(Frame::Log(Growth {
            id,
            epoch,
            after: position + self.shift,
            position: self.sent.position + self.shift,
            input,
            fin,
            entries: entries.into(),
            bytes: bytes.into(),
        }))
    }

    /// The next whole entries of the log.
    fn entries(&mut self, stream: &Stream) -> Vec<u8> {
        let log = &stream.image.log;
        let mut end = self.sent.log;
        while let Some((_, next)) = log.at(end) {
            if end > self.sent.log && next - self.sent.log > limits::MTCP_PIECE_BYTES {
                break;
            }
            end = next;
        }
        let mut entries = log.since(self.sent.log).to_vec();
        entries.truncate(end - self.sent.log);
        self.sent.position += entries.len() as u64;
        self.sent.log = end;
        entries
    }
}

impl Owner {
    /// Who output waits for: standbys that are in the client's record or may be, who is about to be
    /// asked for, and the client end if it keeps a record itself.
    pub(super) fn required(&self) -> impl Iterator<Item = &Ship> {
        let ships = self.ships.iter();
        let needed = ships.filter(|(server, ship)| ship.acked.is_some() || self.has(server));
        let kept = self.keeper.iter().filter(|keeper| keeper.over.is_none());
        needed
            .map(|(_, ship)| ship)
            .chain(kept.map(|keeper| &keeper.ship))
    }

    fn has(&self, server: &NodeId) -> bool {
        let proposed = self.proposal.as_ref();
        self.listed.contains(server) || proposed.is_some_and(|list| list.contains(server))
    }

    /// The client's record has this revision.
    pub(super) fn adopt(&mut self, revision: u64) {
        if revision == self.revision + 1
            && let Some(listed) = self.proposal.take()
        {
            self.revision = revision;
            self.listed = listed;
        }
    }

    pub(super) fn proposal_frame(&self) -> Option<Frame<'static>> {
        let standbys = self.proposal.clone()?;
        let revision = self.revision + 1;
        Some(Frame::Standbys { revision, standbys })
    }

    pub(super) fn next_for_server(
        &mut self,
        id: ConnectionId,
        server: NodeId,
    ) -> Option<Frame<'_>> {
        if let Some(give) = self.frozen.as_mut().filter(|give| give.to == server)
            && !give.parcel.is_sent()
        {
            let epoch = give.epoch;
            let piece = give.parcel.next()?;
            return Some(Frame::Transfer { id, epoch, piece });
        }
        // Before the client has said that it is here, the copy that it comes from has to stay.
        let ship = self.ships.get_mut(&server).filter(|_| self.confirmed)?;
        let image = &self.stream.image;
        let all = Extent {
            output: image.output.start(),
            input: image.input.end(),
        };
        ship.next((id, self.epoch), &self.stream, all)
    }

    /// Whom the record should list: who has all that has left, all that was called stable, and the
    /// export that is said to be safe.
    fn wanted(&self) -> Vec<NodeId> {
        let needed = self.released_at.max(self.stream.safe_at());
        let ships = self.ships.iter().filter(|(server, ship)| {
            let behind = ship
                .acked
                .is_none_or(|(position, input)| position < needed || input < self.promised());
            !ship.dismissed && (!behind || self.listed.contains(server))
        });
        ships.map(|(server, _)| *server).collect()
    }
}

impl Server {
    /// Makes another server a standby. It takes effect when it has everything and the client's
    /// record says so. False if the service does not run here, or there are too many.
    pub fn recruit(&mut self, now: Time, server: NodeId) -> bool {
        let me = self.me;
        let Phase::Owner(owner) = &mut self.phase else {
            return false;
        };
        let room = owner.ships.len() < limits::MTCP_STANDBYS;
        if server == me || !room || owner.ships.contains_key(&server) {
            return false;
        }
        owner.shift += owner.stream.position() + 1;
        owner.ships.insert(server, Ship::new(owner.shift));
        self.note(now);
        true
    }

    /// Has a standby be one no more, as soon as the client's record says so.
    pub fn dismiss(&mut self, now: Time, server: NodeId) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(ship) = owner.ships.get_mut(&server)
        {
            ship.dismissed = true;
        }
        self.note(now);
    }

    /// The standbys in the client's record, as far as this server knows.
    pub fn standbys(&self) -> &[NodeId] {
        match &self.phase {
            Phase::Owner(owner) => &owner.listed,
            _ => &[],
        }
    }

    /// A later attempt was let in here: who waits for that hears of it.
    pub(super) fn rebase(&mut self) {
        if let Phase::Owner(owner) = &mut self.phase {
            owner.ships.values_mut().for_each(Ship::rebase);
        }
    }

    /// Asks the client to change its record, if it should, and forgets who is in none.
    pub(super) fn settle_standbys(&mut self) {
        let id = self.id;
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        if owner.ships.is_empty() || owner.proposal.is_some() {
            return;
        }
        let epoch = owner.epoch;
        let gone: Vec<NodeId> = owner
            .ships
            .iter()
            .filter(|(server, ship)| ship.dismissed && !owner.listed.contains(server))
            .map(|(server, _)| *server)
            .collect();
        owner.ships.retain(|server, _| !gone.contains(server));
        let wanted = owner.wanted();
        let mut frames = Vec::new();
        if wanted != owner.listed {
            owner.proposal = Some(wanted);
            let link = owner.link.filter(|_| owner.welcomed);
            if let (Some(link), Some(frame)) = (link, owner.proposal_frame()) {
                frames.push((Peer::Client(link), frame));
            }
        }
        for server in gone {
            frames.push((Peer::Server(server), Frame::Dismiss { id, epoch }));
        }
        for (peer, frame) in frames {
            self.send(peer, frame);
        }
    }

    /// A standby has so much.
    pub(super) fn logged(&mut self, now: Time, server: NodeId, frame: &Frame<'_>) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Frame::Logged {
                epoch,
                position,
                input,
                ..
            } = frame
            && *epoch == owner.epoch
            && let Some(ship) = owner.ships.get_mut(&server)
            && let Some(position) = position.checked_sub(ship.shift)
            && position <= owner.stream.position()
        {
            let input = (*input).min(owner.stream.image.input.end());
            ship.heard = true;
            let before = ship.acked.unwrap_or_default();
            ship.acked = Some((before.0.max(position), before.1.max(input)));
        }
        self.note(now);
    }

    /// A standby cannot go on: it lacks something, or knows of a later attempt. A later one may
    /// succeed or not; this server hears of it when the client comes back.
    pub(super) fn unlogged(&mut self, server: NodeId, epoch: Epoch) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(ship) = owner.ships.get_mut(&server)
        {
            if epoch <= owner.epoch {
                ship.restart_from_nothing();
            } else {
                ship.way = Way::Shut;
            }
        }
    }

    /// The link to a standby is lost, with what was on its way.
    pub(super) fn shut(&mut self, server: NodeId) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(ship) = owner.ships.get_mut(&server)
        {
            ship.way = Way::Shut;
        }
    }

    /// There is a link to a standby again.
    pub(super) fn unshut(&mut self, server: NodeId) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(ship) = owner.ships.get_mut(&server)
        {
            ship.restart_from_nothing();
        }
    }
}
