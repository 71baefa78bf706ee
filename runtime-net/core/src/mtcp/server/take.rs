//! Taking a connection over, from its owner or without it.

use super::owner::Owner;
use super::standby::Standby;
use super::stream::{Goal, Step};
use super::{Peer, Phase, Server, ServerEffect};
use crate::ids::{NodeId, Span, Time};
use crate::limits;
use crate::mtcp::image::{self, Assembly, Image, Piece};
use crate::mtcp::wire::{Claim, Frame};
use crate::mtcp::{End, Epoch, Fault, LinkId, Reason};

/// A client has come, and its connection is to be had from elsewhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Taking {
    pub(super) link: LinkId,
    claim: Claim,
    held: Option<Vec<u8>>,
    /// Whether its seal is being opened.
    unsealing: bool,
    binding: [u8; 32],
    assembly: Assembly,
    /// What this server keeps as a standby: the way out if the owner cannot be reached.
    pub(super) copy: Option<Box<Standby>>,
    /// How long the owner may be silent.
    pub(super) until: Time,
}

impl Taking {
    pub(super) fn new(link: LinkId, claim: Claim, held: Option<&[u8]>, binding: [u8; 32]) -> Self {
        Self {
            link,
            claim,
            held: held.map(<[u8]>::to_vec),
            unsealing: false,
            binding,
            assembly: Assembly::default(),
            copy: None,
            until: Time::NEVER,
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.claim.ends.server
    }

    /// Who has the connection.
    pub(super) fn owner(&self) -> NodeId {
        self.claim.record.owner
    }
}

impl Server {
    /// Asks the owner, whatever this server had before.
    pub(super) fn take(&mut self, now: Time, mut taking: Taking) {
        taking.until = now + self.patience();
        // If the client's record does not say that the copy which runs here is the connection.
        self.halt(End::Moved);
        taking.copy = match std::mem::replace(&mut self.phase, Phase::Nothing) {
            Phase::Standby(standby) => Some(standby),
            Phase::Taking(before) => before.copy,
            Phase::Owner(_) | Phase::Nothing => None,
        };
        let owner = taking.owner();
        let pull = Frame::Pull {
            claim: Box::new(taking.claim.clone()),
            binding: taking.binding,
        };
        self.phase = Phase::Taking(Box::new(taking));
        if owner == self.me {
            // This server had it, and has lost its memory.
            return self.not_taken(now, Reason::Unknown);
        }
        self.send(Peer::Server(owner), pull);
    }

    /// Half of what the client waits: what can go on without the owner has to answer before that.
    fn patience(&self) -> Span {
        Span(self.config.timing.attempt.0 / 2)
    }

    /// The client has gone before it was served: it will try again, perhaps elsewhere.
    pub(super) fn give_up_taking(&mut self, now: Time) {
        if let Phase::Taking(taking) = std::mem::replace(&mut self.phase, Phase::Nothing) {
            self.keep(now, taking.copy);
        }
    }

    /// Goes on as the standby that this server was, if it was one. What it has is good until its
    /// owner sends it the whole again: as long as it acknowledges nothing, its owner releases
    /// nothing. An owner that has none of it any more says so to nobody, so it has its time.
    fn keep(&mut self, now: Time, copy: Option<Box<Standby>>) {
        match copy {
            Some(mut standby) if standby.image.is_some() => {
                standby.expires = standby.expires.min(now + self.config.timing.linger);
                self.phase = Phase::Standby(standby);
            }
            // What came during the attempt was not kept, so the whole is needed from the beginning.
            Some(standby) => {
                self.unlogged_to(standby.owner);
                self.forget();
            }
            None => self.forget(),
        }
    }

    fn refuse_taking(&mut self, now: Time, taking: Taking, reason: Reason) {
        self.refuse(taking.link, taking.epoch(), reason);
        self.keep(now, taking.copy);
    }

    /// The owner does not give it, or does not answer.
    pub(super) fn not_taken(&mut self, now: Time, reason: Reason) {
        let Phase::Taking(mut taking) = std::mem::replace(&mut self.phase, Phase::Nothing) else {
            return;
        };
        let gone = matches!(
            reason,
            Reason::Unreachable | Reason::Unknown | Reason::Expired
        );
        if gone && self.may_promote(&taking) {
            let owner = taking.owner();
            let standby = taking.copy.take().expect("it was just looked at");
            if let Some(image) = standby.into_image() {
                return self.install(now, *taking, (image, Some(owner)));
            }
        }
        if taking.unsealing && reason != Reason::Expired {
            // That is why it goes on from the record.
            self.phase = Phase::Taking(taking);
            return;
        }
        match taking.held.take() {
            Some(held) if gone => {
                taking.unsealing = true;
                taking.until = now + self.patience();
                self.effects.push_back(ServerEffect::Unseal(held));
                self.phase = Phase::Taking(taking);
            }
            _ => self.refuse_taking(now, *taking, reason),
        }
    }

    fn may_promote(&self, taking: &Taking) -> bool {
        let record = &taking.claim.record;
        let listed = record.standbys.contains(&self.me);
        let copy = taking.copy.as_ref();
        listed && copy.is_some_and(|copy| copy.owner == record.owner && copy.image.is_some())
    }

    /// The record that the client brought, without its seal; none if the seal is broken, too old,
    /// or not to be used. Nobody else is asked, so the driver has checked the claim's proof with
    /// the secret in it.
    pub fn unsealed(&mut self, now: Time, record: Option<&[u8]>) {
        // It may have been for an attempt that was given up.
        if !matches!(&self.phase, Phase::Taking(taking) if taking.unsealing) {
            return;
        }
        let Phase::Taking(taking) = std::mem::replace(&mut self.phase, Phase::Nothing) else {
            return;
        };
        match record.map(image::unsealed) {
            Some(Ok(image)) => self.install(now, *taking, (image, None)),
            Some(Err(_)) => self.refuse_taking(now, *taking, Reason::Protocol),
            None => self.refuse_taking(now, *taking, Reason::NotAllowed),
        }
    }

    /// A piece of the connection from its owner.
    pub(super) fn transferred(
        &mut self,
        now: Time,
        (from, epoch): (NodeId, Epoch),
        piece: &Piece<'_>,
    ) -> Result<(), Fault> {
        let until = now + self.patience();
        let Phase::Taking(taking) = &mut self.phase else {
            return Ok(());
        };
        // It may be the answer to an attempt that was given up.
        if epoch != taking.epoch() || from != taking.owner() {
            return Ok(());
        }
        match taking.assembly.add(piece) {
            None => Err(Fault::Gap),
            Some(false) => {
                taking.until = until;
                Ok(())
            }
            Some(true) => {
                let image = taking.assembly.image(None);
                let phase = std::mem::replace(&mut self.phase, Phase::Nothing);
                let Phase::Taking(taking) = phase else {
                    return Ok(());
                };
                match image {
                    Ok(image) => self.install(now, *taking, (image, Some(from))),
                    Err(_) => self.refuse_taking(now, *taking, Reason::Protocol),
                }
                Ok(())
            }
        }
    }

    /// The connection is here, from its owner or from what was kept for it: the service runs again
    /// up to where the client is.
    fn install(&mut self, now: Time, taking: Taking, (image, origin): (Image, Option<NodeId>)) {
        if image.id != self.id {
            return self.refuse_taking(now, taking, Reason::Protocol);
        }
        if taking.claim.received < image.output.start() {
            return self.refuse_taking(now, taking, Reason::Lost);
        }
        let claim = &taking.claim;
        let mut stream = self.stream(image);
        let goal = Goal {
            received: claim.received,
            digest: claim.digest,
        };
        if stream.aim(goal) == Step::Diverged {
            return self.refuse_taking(now, taking, Reason::Diverged);
        }
        self.seen = self.seen.max(taking.epoch());
        let mut owner = Owner::new(stream, taking.epoch(), claim.record.revision);
        owner.origin = origin;
        let window = claim.window.min(limits::MTCP_WINDOW);
        owner.attach(now, taking.link, (claim.taken, window));
        self.phase = Phase::Owner(Box::new(owner));
        self.effects.push_back(ServerEffect::Start);
        self.welcome(now);
    }
}
