//! What servers say to each other about one connection.

use super::owner::Give;
use super::{Peer, Phase, Server, ServerEffect};
use crate::ids::{NodeId, Time};
use crate::mtcp::image::Had;
use crate::mtcp::wire::{Claim, Frame};
use crate::mtcp::{End, Epoch, Fault, Reason};

impl Server {
    pub(super) fn frame_of_server(
        &mut self,
        now: Time,
        from: NodeId,
        frame: &Frame<'_>,
    ) -> Result<(), Fault> {
        match frame {
            Frame::Pull { claim, .. } => self.pulled(now, from, claim),
            Frame::Transfer { epoch, piece, .. } => {
                return self.transferred(now, (from, *epoch), piece);
            }
            Frame::Denied { epoch, reason, .. } => self.denied(now, (from, *epoch), *reason),
            Frame::Release { epoch, .. } => self.released(*epoch),
            Frame::Dismiss { epoch, .. } => self.dismissed(from, *epoch),
            Frame::Base {
                epoch,
                position,
                piece,
                ..
            } => self.based((from, *epoch), *position, piece),
            Frame::Log(growth) => self.grown(from, growth),
            Frame::Logged { .. } => self.logged(now, from, frame),
            Frame::Unlogged { epoch, .. } => self.unlogged(from, *epoch),
            _ => return Err(Fault::OutOfTurn),
        }
        Ok(())
    }

    /// A server cannot be reached: what it was asked for will not come, and what was on its way to
    /// it is lost.
    pub fn unreachable(&mut self, now: Time, server: NodeId) {
        let linger = self.config.timing.linger;
        match &mut self.phase {
            Phase::Taking(taking) if taking.owner() == server => {
                self.not_taken(now, Reason::Unreachable);
            }
            // Half of the whole is nothing.
            Phase::Standby(standby) if standby.owner == server && standby.image.is_none() => {
                self.forget();
            }
            Phase::Standby(standby) if standby.owner == server => {
                standby.expires = standby.expires.min(now + linger);
            }
            Phase::Owner(owner) => {
                owner.successor.take_if(|standby| standby.owner == server);
                self.shut(server);
            }
            _ => {}
        }
    }

    /// There is a link to a server, a new one if there was one before.
    pub fn reachable(&mut self, server: NodeId) {
        self.unshut(server);
        self.release(server);
    }

    /// A client resumes at another server. The driver has checked the proof.
    fn pulled(&mut self, now: Time, from: NodeId, claim: &Claim) {
        match self.give(now, from, claim) {
            Ok(()) => self.effects.push_back(ServerEffect::Freeze),
            Err(reason) => {
                let (id, epoch) = (self.id, claim.ends.server);
                self.send(Peer::Server(from), Frame::Denied { id, epoch, reason });
            }
        }
    }

    /// Freezes the connection for an attempt.
    fn give(&mut self, now: Time, to: NodeId, claim: &Claim) -> Result<(), Reason> {
        let (epoch, linger) = (claim.ends.server, self.config.timing.linger);
        if epoch <= self.latest() {
            return Err(Reason::Superseded);
        }
        if !self.owns(claim) || claim.record.owner != self.me {
            return Err(Reason::Unknown);
        }
        self.seen = epoch;
        self.confirm();
        let Phase::Owner(owner) = &mut self.phase else {
            return Err(Reason::Unknown);
        };
        if owner.stream.pinned() {
            return Err(Reason::Pinned);
        }
        let output = &mut owner.stream.image.output;
        if claim.received < output.start() {
            return Err(Reason::Lost);
        }
        output.forget(claim.received);
        let parcel = owner.stream.image.parcel(Had::default());
        owner.frozen = Some(Give { to, epoch, parcel });
        owner.expires = now + linger;
        Ok(())
    }

    fn denied(&mut self, now: Time, (from, epoch): (NodeId, Epoch), reason: Reason) {
        if let Phase::Taking(taking) = &self.phase
            && taking.owner() == from
            && taking.epoch() == epoch
        {
            self.not_taken(now, reason);
        }
    }

    /// The client is attached elsewhere. A copy that it came to later is not meant.
    fn released(&mut self, epoch: Epoch) {
        if matches!(&self.phase, Phase::Owner(owner) if owner.epoch < epoch) {
            self.stop(End::Moved);
        }
    }

    /// The owner needs this standby no more.
    fn dismissed(&mut self, from: NodeId, epoch: Epoch) {
        if matches!(&self.phase, Phase::Standby(standby) if standby.owner == from)
            && self.seen <= epoch
        {
            self.forget();
        }
    }
}
