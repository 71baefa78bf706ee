//! The sender's end of an exact hop: it decides.

use super::{
    Departure, Doubt, Effect, HopEnd, HopError, HopFault, HopFrame, HopRecord, Hops, Side,
};
use crate::ids::{HopId, Incarnation, MessageId, NodeId, Time};
use crate::limits;

/// A hop that this node sends.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Outgoing {
    message: MessageId,
    to: NodeId,
    bytes: usize,
    deadline: Time,
    expires: Time,
    /// What its timer is set to: perhaps earlier than it is due.
    armed: Time,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// The offer is out.
    Offered,
    /// The receiver wanted the rest, and it is out too.
    Sending,
    /// The decision is on its way to the store: from here on there is no abort.
    Committing(Incarnation),
    /// It is stored; COMMIT is repeated until DONE.
    Committed(Incarnation),
}

impl Outgoing {
    /// Whether the message has left as far as this node can tell.
    pub(super) fn decided(&self) -> bool {
        matches!(self.phase, Phase::Committing(_) | Phase::Committed(_))
    }

    /// Whom it is under way to, and the size of its state.
    #[cfg(test)]
    pub(super) fn load(&self) -> (NodeId, usize) {
        (self.to, self.bytes)
    }

    pub(super) fn doubt(&self, hop: HopId) -> Doubt {
        Doubt {
            hop,
            message: self.message,
            peer: self.to,
            expires: self.expires,
        }
    }

    /// When its timer is due in this phase.
    fn due(&self) -> Time {
        if self.decided() {
            self.expires
        } else {
            self.deadline.min(self.expires)
        }
    }
}

impl Hops {
    /// A message wants to move. Until the hop has ended it must not run here.
    ///
    /// # Errors
    /// [`HopError::Unreachable`] without a session, [`HopError::Busy`] where a bound is reached.
    /// The message goes on here at once.
    pub fn depart(&mut self, departure: Departure) -> Result<HopId, HopError> {
        let Departure {
            message,
            to,
            bytes,
            deadline,
            expires,
        } = departure;
        if !self.peers.contains(&to) {
            return Err(HopError::Unreachable);
        }
        if self.doubts_full() || !self.room_towards(to, bytes) {
            return Err(HopError::Busy);
        }
        let (node, incarnation) = (self.node, self.incarnation);
        let hop = HopId {
            node,
            incarnation,
            sequence: self.sequence,
        };
        self.sequence += 1;
        let armed = deadline.min(expires);
        let out = Outgoing {
            message,
            to,
            bytes,
            deadline,
            expires,
            armed,
            phase: Phase::Offered,
        };
        self.set_timer(armed, Side::Sender, hop);
        self.outgoing.insert(hop, out);
        self.sending.begin(to, bytes);
        self.send(to, hop, HopFrame::Offer);
        Ok(hop)
    }

    fn room_towards(&self, to: NodeId, bytes: usize) -> bool {
        let open = self.sending.with(to);
        open.hops < limits::HOPS_PER_NEIGHBOR
            && open.bytes.saturating_add(bytes) <= limits::OUTBOUND_BYTES_PER_NEIGHBOR
    }

    pub(super) fn restore_outgoing(&mut self, doubt: Doubt, incarnation: Incarnation) {
        let Doubt {
            hop,
            message,
            peer: to,
            expires,
        } = doubt;
        let phase = Phase::Committed(incarnation);
        let out = Outgoing {
            message,
            to,
            bytes: 0,
            deadline: Time::NEVER,
            expires,
            armed: expires,
            phase,
        };
        self.set_timer(expires, Side::Sender, hop);
        self.outgoing.insert(hop, out);
    }

    pub(super) fn repeat_commits(&mut self, peer: NodeId) {
        let commits: Vec<_> = self
            .outgoing
            .iter()
            .filter(|(_, out)| out.to == peer)
            .filter_map(|(hop, out)| match out.phase {
                Phase::Committed(incarnation) => Some((*hop, incarnation)),
                _ => None,
            })
            .collect();
        for (hop, incarnation) in commits {
            self.send(peer, hop, HopFrame::Commit(incarnation));
        }
    }

    pub(super) fn abort_undecided(&mut self, peer: NodeId) {
        let undecided: Vec<HopId> = self
            .outgoing
            .iter()
            .filter(|(_, out)| out.to == peer && !out.decided())
            .map(|(hop, _)| *hop)
            .collect();
        for hop in undecided {
            self.give_up(hop, HopError::Unreachable);
        }
    }

    pub(super) fn frame_for_sender(
        &mut self,
        from: NodeId,
        hop: HopId,
        frame: HopFrame,
    ) -> Result<(), HopFault> {
        if hop.node != self.node {
            return Err(HopFault::NotYourHop);
        }
        let Some(out) = self.outgoing.get(&hop) else {
            return self.frame_for_forgotten(from, hop, frame);
        };
        if out.to != from {
            return Err(HopFault::NotYourHop);
        }
        match (out.phase, frame) {
            (Phase::Offered, HopFrame::Accept) => self.send_rest(hop),
            (Phase::Offered | Phase::Sending, HopFrame::Refuse(error)) => self.give_up(hop, error),
            (Phase::Offered | Phase::Sending, HopFrame::Prepared(at)) => self.decide(hop, at),
            (Phase::Committed(_), HopFrame::Done) => self.close(hop, HopEnd::Delivered),
            (Phase::Committed(_), HopFrame::Lost) => self.close(hop, HopEnd::Lost),
            // The answer is COMMIT, which has been sent in this session or will be when stored.
            (Phase::Committing(_) | Phase::Committed(_), HopFrame::Query) => {}
            _ => return Err(HopFault::OutOfTurn),
        }
        Ok(())
    }

    /// Presumed abort: what this node does not know was aborted. Other answers may be late, such
    /// as a second DONE to a COMMIT that was repeated; but not for a hop that never was.
    fn frame_for_forgotten(
        &mut self,
        from: NodeId,
        hop: HopId,
        frame: HopFrame,
    ) -> Result<(), HopFault> {
        match frame {
            HopFrame::Prepared(_) | HopFrame::Query => self.send(from, hop, HopFrame::Unknown),
            _ if (hop.incarnation, hop.sequence) >= (self.incarnation, self.sequence) => {
                return Err(HopFault::NoSuchHop);
            }
            _ => {}
        }
        Ok(())
    }

    fn send_rest(&mut self, hop: HopId) {
        let Some(out) = self.outgoing.get_mut(&hop) else {
            return;
        };
        out.phase = Phase::Sending;
        let to = out.to;
        self.send(to, hop, HopFrame::State);
    }

    fn decide(&mut self, hop: HopId, prepared_in: Incarnation) {
        let Some(out) = self.outgoing.get_mut(&hop) else {
            return;
        };
        out.phase = Phase::Committing(prepared_in);
        let doubt = out.doubt(hop);
        self.sending.end(out.to, out.bytes);
        self.store(HopRecord::Committed(doubt, prepared_in));
    }

    pub(super) fn stored_committed(&mut self, hop: HopId) {
        let Some(out) = self.outgoing.get_mut(&hop) else {
            return;
        };
        let Phase::Committing(incarnation) = out.phase else {
            return;
        };
        out.phase = Phase::Committed(incarnation);
        let (message, to) = (out.message, out.to);
        self.effects
            .push_back(Effect::Departed { hop, message, to });
        self.send(to, hop, HopFrame::Commit(incarnation));
    }

    pub(super) fn sender_timeout(&mut self, hop: HopId) {
        let Some(out) = self.outgoing.get_mut(&hop) else {
            return;
        };
        let (to, due) = (out.to, out.due());
        if due > out.armed {
            out.armed = due;
            self.set_timer(due, Side::Sender, hop);
        } else if out.decided() {
            self.close(hop, HopEnd::Expired);
        } else {
            self.send(to, hop, HopFrame::Abort);
            self.give_up(hop, HopError::Timeout);
        }
    }

    fn give_up(&mut self, hop: HopId, error: HopError) {
        let Some(out) = self.outgoing.remove(&hop) else {
            return;
        };
        self.sending.end(out.to, out.bytes);
        self.clear_timer(out.armed, Side::Sender, hop);
        self.effects.push_back(Effect::Resume {
            hop,
            message: out.message,
            error,
        });
    }

    fn close(&mut self, hop: HopId, end: HopEnd) {
        let Some(out) = self.outgoing.remove(&hop) else {
            return;
        };
        self.clear_timer(out.armed, Side::Sender, hop);
        if matches!(out.phase, Phase::Committing(_)) {
            // The end of its life came between the decision and its record: it leaves, and ends.
            let (message, to) = (out.message, out.to);
            self.effects
                .push_back(Effect::Departed { hop, message, to });
        }
        self.store(HopRecord::Settled(hop));
        self.effects.push_back(Effect::Closed {
            hop,
            message: out.message,
            end,
        });
    }
}
