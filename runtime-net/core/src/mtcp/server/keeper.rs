//! The record that the client end keeps: what a standby would get, sealed.
//!
//! It goes over the client's own link, ahead of the output that needs it. So whoever has that
//! output has the record too, and nobody has to say so.

use super::owner::Owner;
use super::ship::Ship;
use super::stream::Stream;
use super::{Config, Phase, Server};
use crate::ids::Time;
use crate::limits;
use crate::mtcp::image::Extent;
use crate::mtcp::wire::Frame;
use crate::mtcp::{ConnectionId, Epoch, LinkId};

/// What the client end keeps.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Keeper {
    pub(super) ship: Ship,
    /// How long the newest record is, with its seals.
    size: usize,
    /// When the beginning of the newest was sealed, and whether that was too long ago.
    sealed: Time,
    aged: bool,
    /// It keeps nothing, as the log was over or the record too long; the count of exports then.
    pub(super) over: Option<u64>,
}

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            ship: Ship::new(0),
            size: 0,
            sealed: Time::NEVER,
            aged: false,
            over: None,
        }
    }

    /// On another link: what was on its way is lost.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }

    /// Whether output has to wait, for there is no record yet.
    pub(super) fn blocks(&self) -> bool {
        self.over.is_none() && self.ship.acked.is_none()
    }

    /// When the record is to be sealed anew.
    pub(super) fn ages(&self, config: &Config) -> Time {
        match self.sealed {
            at if self.aged || at == Time::NEVER => Time::NEVER,
            at => at + config.refresh,
        }
    }

    pub(super) fn timeout(&mut self, now: Time, config: &Config) {
        if self.ages(config) <= now {
            self.aged = true;
            self.ship.restart();
        }
    }

    /// Whether there is something for the client end that somebody waits for.
    fn is_due(&self, stream: &Stream, waits: bool) -> bool {
        match self.over {
            Some(cuts) => cuts != stream.cuts(),
            None => waits || self.blocks() || stream.pinned() || !self.ship.is_whole(),
        }
    }

    fn next(
        &mut self,
        now: Time,
        of: (ConnectionId, Epoch),
        (stream, extent): (&Stream, Extent),
        seal: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Option<Frame<'static>> {
        if self.over.is_some() {
            self.restart();
        }
        let fits = stream.image.bytes() <= limits::MTCP_HELD_BYTES;
        if stream.pinned() || !(fits || self.ship.continues(stream)) {
            return Some(self.give_up(stream));
        }
        // What was exported since is not waited with until somebody says that the whole has come.
        self.ship.settle();
        let mut plain = Vec::new();
        let frame = self.ship.next(of, stream, extent)?;
        let begins = matches!(&frame, Frame::Base { piece, .. } if piece.offset == 0);
        frame.encode(&mut plain);
        let whole = self.ship.is_whole();
        let sealed = seal(&plain);
        if begins {
            (self.size, self.sealed, self.aged) = (0, now, false);
        }
        self.size += sealed.len();
        let fits = self.size <= limits::MTCP_HELD_BYTES;
        if !fits || sealed.is_empty() || sealed.len() > limits::MTCP_PART_BYTES {
            return Some(self.give_up(stream));
        }
        if whole {
            self.ship.arrived();
        }
        Some(Frame::Held {
            begins,
            whole,
            sealed: sealed.into(),
        })
    }

    /// From now on the connection is as one without standbys, until the next export.
    fn give_up(&mut self, stream: &Stream) -> Frame<'static> {
        self.restart();
        self.over = Some(stream.cuts());
        Frame::Held {
            begins: true,
            whole: true,
            sealed: Vec::new().into(),
        }
    }
}

impl Owner {
    /// Whether output has to wait for the first record on this link.
    pub(super) fn waits_for_record(&self) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| keeper.blocks())
    }

    pub(super) fn record_is_due(&self) -> bool {
        let Some(keeper) = &self.keeper else {
            return false;
        };
        let urgent = self.acks.is_urgent(self.marks_ahead());
        let stable = urgent && keeper.ship.acked_input() < self.stream.taken();
        let output = self.released < self.stream.output().end();
        keeper.is_due(
            &self.stream,
            stable || output || self.stream.awaits_export(),
        )
    }
}

impl Server {
    /// The next part of the record that the client end is to keep, if there is one: to be sent on
    /// its link before what [`Server::poll_stream`] gives. What is to be sealed stays as it is
    /// under that seal, and nobody else is to read it.
    pub fn carry(
        &mut self,
        now: Time,
        link: LinkId,
        seal: impl FnOnce(Epoch, &[u8]) -> Vec<u8>,
    ) -> Option<Frame<'static>> {
        let id = self.id;
        let Phase::Owner(owner) = &mut self.phase else {
            return None;
        };
        let carries = owner.link == Some(link) && owner.is_joined();
        if !carries || !owner.record_is_due() {
            return None;
        }
        let extent = Extent {
            output: owner.sent(),
            input: owner.stream.taken(),
        };
        let epoch = owner.epoch;
        let keeper = owner.keeper.as_mut()?;
        let frame = keeper.next(now, (id, epoch), (&owner.stream, extent), |plain| {
            seal(epoch, plain)
        });
        self.note(now);
        frame
    }

    /// Whether the client end keeps a record from which another server can go on.
    pub fn is_held(&self) -> bool {
        match &self.phase {
            Phase::Owner(owner) => {
                let keeper = owner.keeper.as_ref();
                keeper.is_some_and(|keeper| keeper.ship.acked.is_some())
            }
            _ => false,
        }
    }
}
