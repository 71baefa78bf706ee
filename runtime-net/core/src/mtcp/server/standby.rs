//! What a standby keeps of a connection, and when it says so.

use super::owner::Owner;
use super::{Peer, Phase, Server};
use crate::ids::{NodeId, Time};
use crate::limits;
use crate::mtcp::image::{Assembly, Had, Image, Piece, unsealed};
use crate::mtcp::ring::Ring;
use crate::mtcp::wire::{Frame, Growth};
use crate::mtcp::{End, Epoch, Reason};

/// A copy that grows with its owner's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Standby {
    pub(super) owner: NodeId,
    /// The owner's attempt that it was last told of.
    pub(super) epoch: Epoch,
    /// None until the whole has come.
    pub(super) image: Option<Image>,
    position: u64,
    assembly: Assembly,
    /// When it is forgotten, if its owner does not come back.
    pub(super) expires: Time,
}

impl Standby {
    pub(super) fn new(owner: NodeId, epoch: Epoch) -> Self {
        Self {
            owner,
            epoch,
            image: None,
            position: 0,
            assembly: Assembly::default(),
            expires: Time::NEVER,
        }
    }

    /// The copy that this server runs in an attempt which the client has not confirmed: who was
    /// its owner then may have it in the record still. No log continues it.
    pub(super) fn of(owner: &Owner) -> Option<Self> {
        let origin = owner.origin.filter(|_| !owner.confirmed)?;
        if owner.stream.pinned() {
            return None;
        }
        let bytes = owner.stream.image.parcel(Had::default()).whole();
        Some(Self {
            image: Some(unsealed(&bytes).ok()?),
            position: limits::MTCP_OFFSET + 1,
            ..Self::new(origin, owner.epoch)
        })
    }

    pub(super) fn into_image(self) -> Option<Image> {
        self.image
    }

    /// Adds a piece of the whole. False if it does not continue what is here, or is none.
    pub(super) fn add(&mut self, position: u64, piece: &Piece<'_>) -> bool {
        match self.assembly.add(piece) {
            Some(true) => {
                self.image = self.assembly.image(None).ok();
                self.position = position;
                self.image.is_some()
            }
            Some(false) => self.image.is_none(),
            None => false,
        }
    }

    /// Adds what has come since. False if it does not continue what is here.
    pub(super) fn grow(&mut self, growth: &Growth<'_>) -> bool {
        let Some(image) = self.image.as_mut() else {
            return false;
        };
        let (entries, bytes) = (growth.entries.len(), growth.bytes.len());
        let continues = growth.after == self.position
            && growth.input == image.input.end()
            && growth.position == growth.after + entries as u64
            && image.log.len() + entries <= limits::MTCP_LOG_BYTES
            && image.input.len() + bytes <= limits::MTCP_KEPT_BYTES;
        let ended = image.input.closed() && (growth.fin || !growth.bytes.is_empty());
        if !continues || ended || image.log.append(&growth.entries).is_err() {
            return false;
        }
        image.input.push(&growth.bytes);
        if growth.fin {
            image.input.finish();
        }
        self.position = growth.position;
        true
    }
}

impl Server {
    /// A piece of the whole from an owner. What does not continue what is here is no fault: what it
    /// continues may have come during an attempt, or before this server lost its memory.
    pub(super) fn based(
        &mut self,
        (from, epoch): (NodeId, Epoch),
        position: u64,
        piece: &Piece<'_>,
    ) {
        if position > limits::MTCP_OFFSET || !self.serves((from, epoch), true) {
            return self.unlogged_to(from);
        }
        let id = self.id;
        let standby = match &mut self.phase {
            Phase::Standby(standby) => Some(standby),
            Phase::Owner(owner) => owner.successor.as_mut(),
            _ => None,
        };
        let Some(standby) = standby else {
            return;
        };
        match standby.assembly.add(piece) {
            Some(false) => return,
            Some(true) => {}
            None => return self.unlogged_to(from),
        }
        match standby.assembly.image(standby.image.as_ref()) {
            Ok(image) if image.id == id => {
                standby.image = Some(image);
                standby.position = position;
                self.succeed(epoch);
                self.log_to(from);
            }
            _ => self.unlogged_to(from),
        }
    }

    /// The whole of a later owner is here: what ran here gives way to it.
    fn succeed(&mut self, epoch: Epoch) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(standby) = owner.successor.take()
        {
            self.halt(End::Moved);
            self.phase = Phase::Standby(standby);
            self.seen = epoch;
        }
    }

    /// The log of an owner has grown.
    pub(super) fn grown(&mut self, from: NodeId, growth: &Growth<'_>) {
        if !self.serves((from, growth.epoch), false) {
            return self.unlogged_to(from);
        }
        let Phase::Standby(standby) = &mut self.phase else {
            return;
        };
        if standby.grow(growth) {
            self.log_to(from);
        } else {
            self.unlogged_to(from);
        }
    }

    /// Whether this server keeps what that owner sends: there is no later attempt. A copy that it
    /// runs itself, in an attempt that came to nothing, stays until the whole is here.
    fn serves(&mut self, (from, epoch): (NodeId, Epoch), whole: bool) -> bool {
        if epoch < self.seen {
            return false;
        }
        self.leave_taking((from, epoch), whole);
        match &mut self.phase {
            Phase::Standby(standby) if standby.owner == from => {
                standby.epoch = epoch;
                standby.expires = Time::NEVER;
            }
            Phase::Owner(owner) if owner.epoch >= epoch => return false,
            Phase::Taking(taking) if taking.epoch() >= epoch => return false,
            _ if !whole => return false,
            Phase::Owner(owner) if owner.succeeded_at() > Some(epoch) => return false,
            Phase::Owner(owner) => {
                let successor = owner.successor.take();
                let same = successor.filter(|one| (one.owner, one.epoch) == (from, epoch));
                let standby = same.unwrap_or_else(|| Box::new(Standby::new(from, epoch)));
                owner.successor = Some(standby);
                return true;
            }
            _ => self.phase = Phase::Standby(Box::new(Standby::new(from, epoch))),
        }
        self.seen = epoch;
        true
    }

    /// An owner with a later attempt is told of: the one under way here is over.
    fn leave_taking(&mut self, (from, epoch): (NodeId, Epoch), whole: bool) {
        let Phase::Taking(taking) = &mut self.phase else {
            return;
        };
        let goes_on = taking.copy.as_ref().is_some_and(|copy| copy.owner == from);
        if taking.epoch() >= epoch || !(whole || goes_on) {
            return;
        }
        let copy = taking.copy.take().filter(|_| goes_on);
        let (link, attempt) = (taking.link, taking.epoch());
        self.phase = copy.map_or(Phase::Nothing, Phase::Standby);
        self.refuse(link, attempt, Reason::Superseded);
    }

    fn log_to(&mut self, owner: NodeId) {
        let Phase::Standby(standby) = &self.phase else {
            return;
        };
        let input = standby.image.as_ref().map(|image| &image.input);
        let frame = Frame::Logged {
            id: self.id,
            epoch: standby.epoch,
            position: standby.position,
            input: input.map_or(0, Ring::end),
        };
        self.send(Peer::Server(owner), frame);
    }

    pub(super) fn unlogged_to(&mut self, owner: NodeId) {
        let (id, epoch) = (self.id, self.latest());
        self.send(Peer::Server(owner), Frame::Unlogged { id, epoch });
    }
}
