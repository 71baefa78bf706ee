//! Taking a connection over, from its owner or without it.

use std::collections::VecDeque;

use super::standby::Standby;
use super::stream::{Goal, Step};
use super::{Commit, Peer, Phase, Server, ServerEffect};
use crate::ids::{NodeId, Span, Time};
use crate::limits;
use crate::mtcp::image::{Assembly, Image, Piece};
use crate::mtcp::wire::{Claim, Frame};
use crate::mtcp::{ConnectionId, End, Epoch, Fault, LinkId, Reason};

/// A client has come, and its connection is to be had from elsewhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Taking {
    pub(super) link: LinkId,
    claim: Claim,
    /// How long the sealed record is that the client keeps, if it was not asked for yet.
    held: u64,
    /// What has come of it.
    shown: Option<Box<Shown>>,
    binding: [u8; 32],
    assembly: Assembly,
    /// What this server keeps as a standby: the way out if the owner cannot be reached.
    pub(super) copy: Option<Box<Standby>>,
    /// How long the owner may be silent.
    pub(super) until: Time,
}

/// A sealed record as it comes from the client, and is opened.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Shown {
    /// Of the parts that are being opened: whether they begin a record, and make it whole.
    opening: VecDeque<(bool, bool)>,
    bytes: usize,
    /// It grows as with a standby.
    copy: Standby,
    /// Who sealed it, and where the whole stood: pieces of two records make none.
    of: Option<(Epoch, u64)>,
}

/// Checks the proof in a claim, with what it is bound to and the secret of the connection.
pub type Proves<'a> = &'a dyn Fn(&Claim, &[u8; 32], &[u8; 32]) -> bool;

impl Taking {
    pub(super) fn new(link: LinkId, claim: Claim, held: u64, binding: [u8; 32]) -> Self {
        Self {
            link,
            claim,
            held,
            shown: None,
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

impl Shown {
    /// Adds a part without its seal. True if it was the last: one can go on from all of them.
    fn add(
        &mut self,
        (id, latest): (ConnectionId, Epoch),
        part: &[u8],
        (begins, whole): (bool, bool),
    ) -> Result<bool, Reason> {
        let frame = match Frame::decode(part) {
            Ok(Some((frame, length))) if length == part.len() => frame,
            _ => return Err(Reason::Protocol),
        };
        if frame.connection() != Some(id) || begins != self.of.is_none() {
            return Err(Reason::NotAllowed);
        }
        let fits = match &frame {
            Frame::Base {
                epoch,
                position,
                piece,
                ..
            } => {
                let of = *self.of.get_or_insert((*epoch, *position));
                of == (*epoch, *position) && self.copy.add(*position, piece)
            }
            Frame::Log(growth) => {
                let of = self.of.is_some_and(|(epoch, _)| epoch == growth.epoch);
                of && self.copy.grow(growth)
            }
            _ => false,
        };
        match self.of {
            // Who keeps it says that there was a later owner, which has given it another one.
            Some((epoch, _)) if epoch > latest => Err(Reason::Superseded),
            _ if fits => Ok(whole),
            _ => Err(Reason::Protocol),
        }
    }
}

impl Server {
    /// Asks the owner, whatever this server had before.
    pub(super) fn take(&mut self, now: Time, mut taking: Taking) {
        taking.until = now + self.patience();
        taking.copy = match &mut self.phase {
            Phase::Standby(_) | Phase::Nothing => None,
            Phase::Taking(before) => before.copy.take(),
            Phase::Owner(owner) => Standby::of(owner).map(Box::new),
        };
        // If the client's record does not say that the copy which runs here is the connection.
        self.halt(End::Moved);
        if let Phase::Standby(standby) = std::mem::replace(&mut self.phase, Phase::Nothing) {
            taking.copy = Some(standby);
        }
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
        if taking.shown.is_some() && reason != Reason::Expired {
            // That is why it goes on from the record.
            self.phase = Phase::Taking(taking);
            return;
        }
        let carries = self.config.commit == Commit::Carried;
        if !gone || !carries || taking.shown.is_some() || taking.held == 0 {
            return self.refuse_taking(now, *taking, reason);
        }
        let (link, epoch) = (taking.link, taking.epoch());
        taking.until = now + self.patience();
        taking.shown = Some(Box::new(Shown {
            opening: VecDeque::new(),
            bytes: 0,
            copy: Standby::new(taking.owner(), epoch),
            of: None,
        }));
        self.phase = Phase::Taking(taking);
        self.send(Peer::Client(link), Frame::Show { epoch });
    }

    fn may_promote(&self, taking: &Taking) -> bool {
        let record = &taking.claim.record;
        let listed = record.standbys.contains(&self.me);
        let copy = taking.copy.as_ref();
        listed && copy.is_some_and(|copy| copy.owner == record.owner && copy.image.is_some())
    }

    /// A part of the record that the client keeps, which was asked for.
    pub(super) fn shown(&mut self, now: Time, link: LinkId, frame: &Frame<'_>) {
        let until = now + self.patience();
        let Phase::Taking(taking) = &mut self.phase else {
            return;
        };
        let Frame::Held {
            begins,
            whole,
            sealed,
        } = frame
        else {
            return;
        };
        let Some(shown) = taking.shown.as_mut().filter(|_| taking.link == link) else {
            return;
        };
        shown.bytes += sealed.len();
        if shown.bytes > limits::MTCP_HELD_BYTES {
            return self.refuse_shown(now, Reason::Quota);
        }
        taking.until = until;
        shown.opening.push_back((*begins, *whole));
        self.effects
            .push_back(ServerEffect::Unseal(sealed.to_vec()));
    }

    fn refuse_shown(&mut self, now: Time, reason: Reason) {
        if let Phase::Taking(taking) = std::mem::replace(&mut self.phase, Phase::Nothing) {
            self.refuse_taking(now, *taking, reason);
        }
    }

    /// A part of the record without its seal, or why it is not to be used: the seal is broken, or
    /// too old. Nobody else is asked about the client, so its proof is checked with the secret in
    /// the record.
    pub fn unsealed(&mut self, now: Time, part: Result<&[u8], Reason>, proves: Proves<'_>) {
        let id = self.id;
        // It may have been for an attempt that was given up.
        let Phase::Taking(taking) = &mut self.phase else {
            return;
        };
        let claim = &taking.claim;
        let Some(shown) = &mut taking.shown else {
            return;
        };
        let Some(place) = shown.opening.pop_front() else {
            return;
        };
        let part = part.and_then(|part| shown.add((id, claim.record.epoch), part, place));
        let whole = part.and_then(|whole| match (whole, &shown.copy.image) {
            (true, Some(image)) if !proves(claim, &taking.binding, &image.secret) => {
                Err(Reason::NotAllowed)
            }
            (true, None) => Err(Reason::Protocol),
            (whole, _) => Ok(whole),
        });
        match whole {
            Ok(false) => {}
            Err(reason) => self.refuse_shown(now, reason),
            Ok(true) => {
                let phase = std::mem::replace(&mut self.phase, Phase::Nothing);
                if let Phase::Taking(mut taking) = phase
                    && let Some(shown) = taking.shown.take()
                    && let Some(image) = shown.copy.into_image()
                {
                    self.install(now, *taking, (image, None));
                }
            }
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
        let mut owner = self.owner(stream, taking.epoch(), claim.record.revision);
        owner.origin = origin;
        let window = claim.window.min(limits::MTCP_WINDOW);
        owner.attach(now, taking.link, (claim.taken, window));
        self.phase = Phase::Owner(Box::new(owner));
        self.effects.push_back(ServerEffect::Start);
        self.welcome(now);
    }
}
