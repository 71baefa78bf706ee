//! Messages on their way in: offers, admission, and the code they lack.
//!
//! Resources first, then launch and code by hash, then the state: what costs more is looked at
//! later. Everything that is refused is refused with a reason, logged, and forgotten.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use sm_bytecode::HopCode;
use sm_vm::Answer;

use super::resident::{Body, Phase, Resident, machine_limits};
use super::{Node, Step, TimerKind};
use crate::content::{ContentError, ContentId, ContentKind};
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::hop::{Arrival, DropReason, HopError, HopFault, Memory, Offered};
use crate::ids::{AuthorId, HopId, LaunchHash, MessageId, NodeId};
use crate::launch::LaunchLimits;
use crate::limits;
use crate::wire::{Frame, More, Offer};

/// What has come with an exact hop.
#[derive(Debug)]
pub(super) struct Incoming<E: Engine> {
    pub(super) envelope: Envelope,
    pub(super) state: Vec<u8>,
    state_len: usize,
    rest: Rest,
    /// The message, once all is here and verified.
    pub(super) resident: Option<Box<Resident<E>>>,
}

/// Whether the last piece of the state has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rest {
    Awaited,
    Here,
    /// And the message is this node's own.
    Owned,
}

impl<E: Engine> Node<E> {
    /// A neighbor offers a message.
    pub(super) fn take_offer(&mut self, from: NodeId, offer: Offer<'_>) {
        let Offer {
            hop,
            envelope,
            state_len,
            state,
            attached,
        } = offer;
        let hop = hop.of(from);
        self.note_known(from, &envelope.launch);
        for (kind, bytes) in attached {
            self.take_attached(from, &envelope, kind, bytes);
        }
        let rest = if state.is_some() {
            Rest::Here
        } else {
            Rest::Awaited
        };
        let state = state.unwrap_or_default().to_vec();
        let arrived = Box::new(Incoming {
            envelope,
            state,
            state_len,
            rest,
            resident: None,
        });
        let (message, expires) = (envelope.message, self.expiry_of(&envelope));
        let arrival = Arrival {
            hop,
            message,
            bytes: state_len,
            expires,
        };
        match self.hops.offered(self.now, from, arrival) {
            Ok(Offered::Considered) => drop(self.incoming.insert(hop, arrived)),
            Ok(Offered::Busy) => {}
            Err(HopFault::OutOfTurn) => return self.refused(from, "the hop is offered twice"),
            Err(fault) => return self.refused(from, &format!("offer: {fault}")),
        }
        self.drain_hops();
    }

    /// Who sends a message has its launch record and its program.
    fn note_known(&mut self, from: NodeId, launch: &LaunchHash) {
        let program = self.library.launch(launch).map(|one| one.launch.program);
        let known = self.known.entry(from).or_default();
        known.note_launch(*launch, program);
    }

    /// Attached content is looked at only if it is what the envelope names.
    fn take_attached(
        &mut self,
        from: NodeId,
        envelope: &Envelope,
        kind: ContentKind,
        bytes: &[u8],
    ) {
        let launch = self.library.launch(&envelope.launch);
        let useful = match kind {
            ContentKind::Launch => {
                launch.is_none() && crate::launch::hash_of(bytes) == envelope.launch
            }
            ContentKind::Program => launch.is_some_and(|signed| {
                let program = ContentId::program(signed.launch.program);
                self.library.missing(&envelope.launch).contains(&program)
            }),
            ContentKind::Module | ContentKind::Brick => false,
        };
        if useful && let Err(error) = self.library.add(kind, bytes) {
            self.refused(from, &error.to_string());
        }
    }

    /// Decides about an offer.
    pub(super) fn consider(&mut self, hop: HopId) {
        let Some(arrived) = self.incoming.get(&hop) else {
            return;
        };
        let envelope = arrived.envelope;
        if arrived.rest == Rest::Here && self.library.missing(&envelope.launch).is_empty() {
            return self.verify(hop);
        }
        match self.admit(&envelope) {
            Ok(()) => self.hops.accept(hop),
            Err((error, why)) => self.turn_away(hop, error, why),
        }
    }

    /// What can be told before anything is fetched. Also checked again when all is here.
    pub(super) fn admit(&self, envelope: &Envelope) -> Result<(), (HopError, &'static str)> {
        self.admit_resources(envelope)?;
        match self.library.launch(&envelope.launch) {
            None => Ok(()),
            Some(signed) => {
                self.admit_author(&signed.launch.author)?;
                self.admit_quota(envelope, &signed.launch)
            }
        }
    }

    /// Whether there is room for it.
    pub(super) fn admit_resources(
        &self,
        envelope: &Envelope,
    ) -> Result<(), (HopError, &'static str)> {
        let grants = &self.config.limits;
        if self.messages.contains_key(&envelope.message) {
            return Err((HopError::Refused, "the message is here already"));
        }
        if self.is_full() {
            return Err((
                HopError::Busy,
                "the node has too many or too large messages",
            ));
        }
        if self.live_of(&envelope.launch) >= grants.messages_per_launch {
            return Err((HopError::Busy, "the launch has too many messages here"));
        }
        if envelope.left > grants.lifetime || envelope.left.0 == 0 {
            return Err((HopError::Quota, "the lifetime is over or too long"));
        }
        Ok(())
    }

    /// Whether the node takes what this author launched.
    pub(super) fn admit_author(&self, author: &AuthorId) -> Result<(), (HopError, &'static str)> {
        match self.config.policy.authors.contains(author) {
            true => Ok(()),
            false => Err((HopError::Refused, "the author is not admitted")),
        }
    }

    /// Whether its launch is one that the node takes, and the envelope one of that launch.
    pub(super) fn admit_quota(
        &self,
        envelope: &Envelope,
        launch: &crate::launch::Launch,
    ) -> Result<(), (HopError, &'static str)> {
        if self.past(launch.expiry) {
            return Err((HopError::Refused, "the launch record has expired"));
        }
        if let Some(limit) = self.over(&launch.limits) {
            return Err((HopError::Quota, limit));
        }
        if !envelope.budget.within(&launch.limits) || envelope.left > launch.limits.lifetime {
            return Err((
                HopError::Refused,
                "the envelope has more than the launch grants",
            ));
        }
        Ok(())
    }

    /// The name of a limit of which a launch asks more than this node grants.
    pub(super) fn over(&self, asked: &LaunchLimits) -> Option<&'static str> {
        let grants = &self.config.limits;
        if asked.heap_bytes > grants.heap_bytes {
            Some("heap")
        } else if asked.frames > grants.frames {
            Some("stack")
        } else if asked.lifetime > grants.lifetime {
            Some("lifetime")
        } else {
            None
        }
    }

    /// What an acceptance asks for: what is missing and not on its way from there already.
    pub(super) fn send_accept(&mut self, to: NodeId, hop: HopId) {
        let Some(arrived) = self.incoming.get(&hop) else {
            return;
        };
        let launch = arrived.envelope.launch;
        let missing = self.ask_for(to, &launch);
        let hop = hop.number();
        self.send(to, &Frame::Accept { hop, missing });
    }

    /// Notes that a neighbor is asked for what is missing, and answers what.
    pub(super) fn ask_for(&mut self, from: NodeId, launch: &LaunchHash) -> Vec<ContentId> {
        let missing = self.library.missing(launch);
        let Some(session) = self.session_with(from) else {
            return Vec::new();
        };
        missing
            .into_iter()
            .filter(|id| session.ask(*id))
            .take(limits::WANTED_PER_FRAME)
            .collect()
    }

    /// A piece of a state has come; answers `Last` if it has made the state complete.
    pub(super) fn take_state(
        &mut self,
        from: NodeId,
        hop: HopId,
        bytes: &[u8],
        more: More,
    ) -> More {
        let Some(arrived) = self.incoming.get_mut(&hop).filter(|_| hop.node == from) else {
            return more;
        };
        if arrived.rest != Rest::Awaited && bytes.is_empty() {
            // It was in the offer, and has perhaps been verified since.
            return More::Follows;
        }
        if arrived.state.len() + bytes.len() > arrived.state_len {
            self.turn_away(
                hop,
                HopError::Refused,
                "the state is longer than it was said to be",
            );
            return More::Follows;
        }
        if arrived.state.is_empty() {
            // `RESERVED_BYTES` counts it in since it was offered.
            arrived.state.reserve_exact(arrived.state_len);
        }
        arrived.state.extend_from_slice(bytes);
        if more == More::Last {
            arrived.rest = Rest::Here;
        }
        more
    }

    /// Content has come that this node asked that neighbor for.
    pub(super) fn take_content(&mut self, from: NodeId, pieces: &[(ContentKind, &[u8])]) {
        let mut taken = BTreeSet::new();
        for (kind, bytes) in pieces {
            match self.take_piece(from, *kind, bytes) {
                Ok(()) => drop(taken.insert(*kind)),
                Err(error) => self.refuse_piece(from, *kind, bytes, &error),
            }
        }
        let names_more =
            taken.contains(&ContentKind::Launch) || taken.contains(&ContentKind::Program);
        // What nobody asked for is not worth the search for who may have waited for it.
        if !taken.is_empty() {
            self.look_again(names_more.then_some(from));
        }
    }

    /// A piece cannot be used: what waits for it from there waits in vain.
    fn refuse_piece(
        &mut self,
        from: NodeId,
        kind: ContentKind,
        bytes: &[u8],
        error: &ContentError,
    ) {
        self.refused(from, &error.to_string());
        let id = self.library.name(kind, bytes);
        let reason = match error {
            ContentError::Unasked(_) => return,
            ContentError::Version => HopError::Version,
            _ => HopError::Refused,
        };
        let waits = |launch: &LaunchHash| self.library.missing(launch).contains(&id);
        let of_hops = self.incoming.iter().filter(|(hop, _)| hop.node == from);
        let hops: Vec<HopId> = of_hops
            .filter(|(_, arrived)| waits(&arrived.envelope.launch))
            .map(|(hop, _)| *hop)
            .collect();
        let of_copies = self.copies.iter().filter(|(_, copy)| copy.from == from);
        let copies: Vec<u64> = of_copies
            .filter(|(_, copy)| waits(&copy.envelope.launch))
            .map(|(number, _)| *number)
            .collect();
        hops.into_iter()
            .for_each(|hop| self.hops.refuse(hop, reason));
        copies
            .into_iter()
            .for_each(|number| self.give_up_copy(number));
    }

    fn take_piece(
        &mut self,
        from: NodeId,
        kind: ContentKind,
        bytes: &[u8],
    ) -> Result<(), ContentError> {
        let id = self.library.name(kind, bytes);
        match self.session_with(from).filter(|session| session.asks(&id)) {
            Some(session) => session.answered(&id),
            None => return Err(ContentError::Unasked(id)),
        }
        if self.library.is_full() {
            return Err(ContentError::TooLarge);
        }
        self.library.add(kind, bytes).map(drop)
    }

    /// Something came that messages on their way in may have waited for.
    fn look_again(&mut self, asking: Option<NodeId>) {
        let hops: Vec<HopId> = self.incoming.keys().copied().collect();
        for hop in hops {
            self.verify(hop);
            if asking == Some(hop.node) {
                self.fetch_more(hop);
            }
        }
        let copies: Vec<u64> = self.copies.keys().copied().collect();
        for copy in copies {
            self.look_again_at_copy(copy, asking);
        }
        self.look_again_at_services(asking);
        self.drain_hops();
    }

    /// A launch record or a manifest has named more code to fetch.
    fn fetch_more(&mut self, hop: HopId) {
        let Some(arrived) = self.incoming.get(&hop) else {
            return;
        };
        let launch = arrived.envelope.launch;
        let missing = self.ask_for(hop.node, &launch);
        if !missing.is_empty() {
            self.send(hop.node, &Frame::Want(missing));
        }
    }

    /// If all is here: validates it and promises to take it, or turns it away.
    pub(super) fn verify(&mut self, hop: HopId) {
        let Some(arrived) = self.incoming.get_mut(&hop) else {
            return;
        };
        let (envelope, state_len) = (arrived.envelope, arrived.state_len);
        let waits = arrived.rest == Rest::Awaited || arrived.resident.is_some();
        // What is linked was looked at before.
        if !self.library.is_ready(&envelope.launch) {
            if self.library.is_too_large(&envelope.launch) {
                return self.turn_away(hop, HopError::Quota, "the program is too large");
            }
            if !self.library.missing(&envelope.launch).is_empty() {
                return;
            }
        }
        if waits {
            return;
        }
        let state = std::mem::take(&mut arrived.state);
        if state.len() != state_len {
            return self.turn_away(
                hop,
                HopError::Refused,
                "the state is shorter than it was said",
            );
        }
        if let Err((error, why)) = self.admit(&envelope) {
            return self.turn_away(hop, error, why);
        }
        let made = self.revive(hop.node, envelope, &state);
        let durable = self.config.memory == Memory::Durable;
        let arrived = self.incoming_mut(hop);
        if durable {
            arrived.state = state;
        }
        match made {
            Ok(resident) => {
                arrived.resident = Some(resident);
                self.hops.prepare(hop);
            }
            Err(why) => self.turn_away(hop, HopError::Refused, &why),
        }
    }

    fn incoming_mut(&mut self, hop: HopId) -> &mut Incoming<E> {
        self.incoming
            .get_mut(&hop)
            .expect("the caller has just found it there")
    }

    fn take_incoming(&mut self, hop: HopId) -> Option<Box<Incoming<E>>> {
        let arrived = self.incoming.remove(&hop)?;
        if arrived.rest == Rest::Owned {
            self.owned.remove(&arrived.envelope.message);
        }
        Some(arrived)
    }

    /// A message from its envelope and its state, both validated.
    pub(super) fn revive(
        &mut self,
        from: NodeId,
        mut envelope: Envelope,
        state: &[u8],
    ) -> Result<Box<Resident<E>>, String> {
        let launch = self.library.launch(&envelope.launch).cloned();
        let launch = launch.ok_or("the launch record is not here")?;
        let program = self.library.program(&launch.launch.program)?;
        let limits = machine_limits(&launch.launch.limits, self.hash_seed);
        let machine = E::restore(&program, state, limits)?;
        envelope.standing = self.standing_of(from, &envelope, &launch.launch.author);
        Ok(Box::new(Resident {
            envelope,
            since: self.now,
            launch,
            program,
            body: Body::Live(machine.into()),
            counted: 0,
            phase: Phase::Ready,
            is_timed: false,
            previous: Some(from),
            port: None,
            hash_seed: self.hash_seed,
        }))
    }

    /// A message from the store that this node was prepared to take.
    pub(super) fn put_arrived(
        &mut self,
        hop: HopId,
        envelope: Envelope,
        state: &[u8],
        resident: Box<Resident<E>>,
    ) {
        let (state, state_len, rest) = (state.to_vec(), state.len(), Rest::Here);
        let resident = Some(resident);
        self.incoming.insert(
            hop,
            Box::new(Incoming {
                envelope,
                state,
                state_len,
                rest,
                resident,
            }),
        );
    }

    fn turn_away(&mut self, hop: HopId, error: HopError, why: &str) {
        self.refused(hop.node, why);
        self.hops.refuse(hop, error);
    }

    /// What came with a hop is not needed any more.
    pub(super) fn discard(&mut self, hop: HopId, reason: DropReason) {
        let Some(arrived) = self.take_incoming(hop) else {
            return;
        };
        self.ask_again(hop.node, &arrived.envelope.launch);
        if reason == DropReason::Expired {
            let Envelope {
                message, launch, ..
            } = arrived.envelope;
            self.report(message, launch, super::End::Killed(super::Kill::Lifetime));
        }
    }

    /// Answers the hop for a message that is this node's own from here on.
    ///
    /// Two honest neighbors never decide for one message; if two do, the first one is believed.
    pub(super) fn own(&mut self, hop: HopId) {
        let now = self.now;
        let Some(arrived) = self.incoming.get_mut(&hop) else {
            return;
        };
        let message = arrived.envelope.message;
        if self.messages.contains_key(&message) || self.owned.contains(&message) {
            arrived.resident = None;
            return self.refused(hop.node, "the message is here already");
        }
        let Some(resident) = &mut arrived.resident else {
            return;
        };
        // It did not age while the hop was in doubt, but its lifetime went on.
        resident.envelope.left = resident.expires().since(now);
        resident.since = now;
        if resident.answer(Answer::Hop(HopCode::Ok)).is_err() {
            arrived.resident = None;
        }
        arrived.rest = Rest::Owned;
        self.owned.insert(message);
    }

    /// The message is this node's own and runs.
    pub(super) fn install(&mut self, hop: HopId) {
        let Some(arrived) = self.take_incoming(hop) else {
            return;
        };
        let Some(resident) = arrived.resident else {
            return;
        };
        let Envelope {
            message,
            launch,
            epoch,
            ..
        } = resident.envelope;
        self.counters.hops_in += 1;
        self.leave_crumb(launch, hop.node);
        self.trace(message, || Step::Arrived {
            from: hop.node,
            epoch,
        });
        self.settle_in(resident);
    }

    /// What was asked for has not come: it may be asked for again.
    pub(super) fn ask_again(&mut self, from: NodeId, launch: &LaunchHash) {
        let missing = self.library.missing(launch);
        if let Some(session) = self.session_with(from) {
            missing.iter().for_each(|id| session.answered(id));
        }
    }

    /// A message begins to live here.
    pub(super) fn settle_in(&mut self, resident: Box<Resident<E>>) {
        let message = resident.envelope.message;
        self.place(resident);
        self.time_life(message);
    }

    /// The same without a timer.
    pub(super) fn place(&mut self, mut resident: Box<Resident<E>>) {
        let message: MessageId = resident.envelope.message;
        let launch = resident.envelope.launch;
        let Entry::Vacant(place) = self.messages.entry(message) else {
            // An id that somebody has made up: the message that stands here is not replaced.
            return self.refused(self.config.node, "the message is here already");
        };
        resident.counted = resident.bytes();
        resident.phase = Phase::Ready;
        self.memory = self.memory.saturating_add(resident.counted);
        place.insert(resident);
        self.count_launch(launch);
        self.ready.push_back(message);
        self.note_change(message);
    }

    /// Makes sure that the message ends when its lifetime is over.
    pub(super) fn time_life(&mut self, message: MessageId) {
        if let Some(resident) = self.messages.get_mut(&message)
            && !resident.is_timed
        {
            resident.is_timed = true;
            let life = (resident.expires(), TimerKind::Life(message));
            self.timers.insert(life);
        }
    }

    /// Forgets content if there is too much of it; answers what.
    pub(super) fn trim_library(&mut self) -> Vec<ContentId> {
        if !self.library.is_overfull() {
            return Vec::new();
        }
        let in_use: BTreeSet<LaunchHash> = self
            .messages
            .values()
            .map(|resident| resident.envelope.launch)
            .chain(
                self.incoming
                    .values()
                    .map(|arrived| arrived.envelope.launch),
            )
            .chain(self.copies.values().map(|copy| copy.envelope.launch))
            .chain(self.awaited.values().filter_map(|one| one.launch()))
            .collect();
        self.library.trim(&in_use)
    }
}
