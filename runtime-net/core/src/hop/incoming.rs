//! The receiver's end of an exact hop: it promises, and waits to hear how the hop ends.

use super::{
    Arrival, Doubt, DropReason, Effect, HopError, HopFault, HopFrame, HopRecord, Hops, Memory,
    Offered, Side,
};
use crate::ids::{HopId, Incarnation, MessageId, NodeId, Time};
use crate::limits;

/// A hop that this node receives.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Incoming {
    message: MessageId,
    bytes: usize,
    /// Until when the rest has to be here.
    deadline: Time,
    expires: Time,
    /// What its timer is set to: perhaps earlier than it is due.
    armed: Time,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// The offer is being considered.
    Offered,
    /// It was accepted, and the rest is on its way or being verified.
    Receiving,
    /// It is verified and on its way to the store.
    Preparing,
    /// It is stored: the sender decides.
    Prepared,
    /// The sender has decided for it, and it is being stored as this node's own.
    Installing,
}

impl Incoming {
    /// Whether the sender may have decided without this node knowing it.
    pub(super) fn in_doubt(&self) -> bool {
        self.phase == Phase::Prepared
    }

    /// Whom it comes from, and the size of its state.
    #[cfg(test)]
    pub(super) fn load(&self, hop: HopId) -> (NodeId, usize) {
        (hop.node, self.bytes)
    }

    pub(super) fn doubt(&self, hop: HopId) -> Doubt {
        Doubt {
            hop,
            message: self.message,
            peer: hop.node,
            expires: self.expires,
        }
    }

    pub(super) fn unprepared(&self) -> bool {
        matches!(self.phase, Phase::Offered | Phase::Receiving)
    }

    /// When its timer is due in this phase.
    fn due(&self) -> Time {
        if self.unprepared() {
            self.deadline.min(self.expires)
        } else {
            self.expires
        }
    }
}

impl Hops {
    /// A neighbor offers a message.
    ///
    /// # Errors
    /// [`HopFault`] if the hop is not that neighbor's or is known already.
    pub fn offered(
        &mut self,
        now: Time,
        from: NodeId,
        arrival: Arrival,
    ) -> Result<Offered, HopFault> {
        let Arrival {
            hop,
            message,
            bytes,
            expires,
        } = arrival;
        if !self.peers.contains(&from) {
            return Err(HopFault::NoSession);
        }
        if hop.node != from {
            return Err(HopFault::NotYourHop);
        }
        if self.incoming.contains_key(&hop) {
            return Err(HopFault::OutOfTurn);
        }
        if self.doubts_full() || !self.room_from(from, bytes) {
            self.send(from, hop, HopFrame::Refuse(HopError::Busy));
            return Ok(Offered::Busy);
        }
        let deadline = now + limits::RESERVATION_TIME;
        let inc = Incoming {
            message,
            bytes,
            deadline,
            expires,
            armed: deadline.min(expires),
            phase: Phase::Offered,
        };
        self.set_timer(inc.armed, Side::Receiver, hop);
        self.incoming.insert(hop, inc);
        self.taking.begin(from, bytes);
        self.receiving.begin(from, bytes);
        self.effects.push_back(Effect::Consider { hop });
        Ok(Offered::Considered)
    }

    /// A neighbor may have only so many hops open, and leave only so many in doubt: one that
    /// never decides must not shut out the others.
    fn room_from(&self, from: NodeId, bytes: usize) -> bool {
        self.receiving.with(from).hops < limits::HOPS_PER_NEIGHBOR
            && self.taking.with(from).hops < limits::IN_DOUBT_PER_NEIGHBOR
            && self.taking.bytes().saturating_add(bytes) <= limits::RESERVED_BYTES
    }

    /// The offer is taken: the sender is to send the rest. Nothing if the hop has ended since.
    pub fn accept(&mut self, hop: HopId) {
        if let Some(inc) = self
            .incoming
            .get_mut(&hop)
            .filter(|inc| inc.phase == Phase::Offered)
        {
            inc.phase = Phase::Receiving;
            self.send(hop.node, hop, HopFrame::Accept);
        }
    }

    /// The message is not taken. Nothing if this node is prepared already or the hop has ended.
    pub fn refuse(&mut self, hop: HopId, error: HopError) {
        if self.incoming.get(&hop).is_some_and(Incoming::unprepared) {
            self.send(hop.node, hop, HopFrame::Refuse(error));
            self.discard(hop, DropReason::Refused(error));
        }
    }

    /// The message is here and verified: this node may promise to take it.
    pub fn prepare(&mut self, hop: HopId) {
        let Some(inc) = self.incoming.get_mut(&hop).filter(|inc| inc.unprepared()) else {
            return;
        };
        inc.phase = Phase::Preparing;
        let doubt = inc.doubt(hop);
        self.receiving.end(hop.node, inc.bytes);
        self.store(HopRecord::Prepared(doubt));
    }

    pub(super) fn restore_incoming(&mut self, doubt: Doubt) {
        let Doubt {
            hop,
            message,
            peer: _,
            expires,
        } = doubt;
        let phase = Phase::Prepared;
        let inc = Incoming {
            message,
            bytes: 0,
            deadline: Time::NEVER,
            expires,
            armed: expires,
            phase,
        };
        self.set_timer(expires, Side::Receiver, hop);
        self.incoming.insert(hop, inc);
        self.taking.begin(hop.node, 0);
    }

    pub(super) fn ask_about_doubts(&mut self, peer: NodeId) {
        let doubts: Vec<HopId> = self
            .incoming
            .iter()
            .filter(|(hop, inc)| hop.node == peer && inc.in_doubt())
            .map(|(hop, _)| *hop)
            .collect();
        for hop in doubts {
            self.send(peer, hop, HopFrame::Query);
        }
    }

    /// PREPARED has not been sent for these, so the sender cannot have decided for them.
    pub(super) fn drop_unprepared(&mut self, peer: NodeId) {
        let open: Vec<HopId> = self
            .incoming
            .iter()
            .filter(|(hop, _)| hop.node == peer)
            .filter(|(_, inc)| inc.unprepared() || inc.phase == Phase::Preparing)
            .map(|(hop, _)| *hop)
            .collect();
        for hop in open {
            self.discard(hop, DropReason::SessionEnded);
        }
    }

    pub(super) fn frame_for_receiver(
        &mut self,
        from: NodeId,
        hop: HopId,
        frame: HopFrame,
    ) -> Result<(), HopFault> {
        if hop.node != from {
            return Err(HopFault::NotYourHop);
        }
        let Some(inc) = self.incoming.get(&hop) else {
            return self.frame_for_finished(from, hop, frame);
        };
        match (inc.phase, frame) {
            (Phase::Receiving, HopFrame::State) => self.effects.push_back(Effect::Verify { hop }),
            (Phase::Prepared, HopFrame::Commit(_)) => self.install(hop),
            // Said twice: DONE comes when it is stored.
            (Phase::Installing, HopFrame::Commit(_)) => {}
            (Phase::Installing, _) => return Err(HopFault::OutOfTurn),
            (_, HopFrame::Abort | HopFrame::Unknown) => self.discard(hop, DropReason::Aborted),
            _ => return Err(HopFault::OutOfTurn),
        }
        Ok(())
    }

    /// A COMMIT for a hop that is not under way: either this node has installed the message and
    /// said so, or it has lost its memory since it promised.
    fn frame_for_finished(
        &mut self,
        from: NodeId,
        hop: HopId,
        frame: HopFrame,
    ) -> Result<(), HopFault> {
        match frame {
            HopFrame::Commit(prepared_in) if self.remembers(prepared_in) => {
                self.send(from, hop, HopFrame::Done);
                Ok(())
            }
            HopFrame::Commit(_) => {
                self.send(from, hop, HopFrame::Lost);
                Ok(())
            }
            // It crossed this node's refusal, or says again what this node has heard.
            HopFrame::Abort | HopFrame::State | HopFrame::Unknown => Ok(()),
            _ => Err(HopFault::NoSuchHop),
        }
    }

    fn remembers(&self, incarnation: Incarnation) -> bool {
        incarnation == self.incarnation || self.memory == Memory::Durable
    }

    fn install(&mut self, hop: HopId) {
        let Some(inc) = self.incoming.get_mut(&hop) else {
            return;
        };
        inc.phase = Phase::Installing;
        let timer = inc.armed;
        // The message's own clock takes over where the hop's ends.
        self.clear_timer(timer, Side::Receiver, hop);
        self.store(HopRecord::Installed(hop));
    }

    pub(super) fn stored_prepared(&mut self, hop: HopId) {
        let prepared = self
            .incoming
            .get_mut(&hop)
            .filter(|inc| inc.phase == Phase::Preparing);
        if let Some(inc) = prepared {
            inc.phase = Phase::Prepared;
            self.send(hop.node, hop, HopFrame::Prepared(self.incarnation));
        }
    }

    pub(super) fn stored_installed(&mut self, hop: HopId) {
        if self
            .incoming
            .get(&hop)
            .is_some_and(|inc| inc.phase == Phase::Installing)
        {
            let Some(inc) = self.incoming.remove(&hop) else {
                return;
            };
            self.taking.end(hop.node, inc.bytes);
            self.effects.push_back(Effect::Install {
                hop,
                message: inc.message,
            });
            self.send(hop.node, hop, HopFrame::Done);
        }
    }

    pub(super) fn receiver_timeout(&mut self, hop: HopId) {
        let Some(inc) = self.incoming.get_mut(&hop) else {
            return;
        };
        let due = inc.due();
        if due > inc.armed {
            inc.armed = due;
            self.set_timer(due, Side::Receiver, hop);
        } else if inc.unprepared() {
            self.refuse(hop, HopError::Timeout);
        } else {
            self.discard(hop, DropReason::Expired);
        }
    }

    fn discard(&mut self, hop: HopId, reason: DropReason) {
        let Some(inc) = self.incoming.remove(&hop) else {
            return;
        };
        self.clear_timer(inc.armed, Side::Receiver, hop);
        self.taking.end(hop.node, inc.bytes);
        if inc.unprepared() {
            self.receiving.end(hop.node, inc.bytes);
        } else {
            self.store(HopRecord::Dropped(hop));
        }
        self.effects.push_back(Effect::Discard { hop, reason });
    }
}
