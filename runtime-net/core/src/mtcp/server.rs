//! The server end: what one server knows of one connection.

mod keeper;
mod owner;
mod peers;
mod service;
mod ship;
mod standby;
mod stream;
mod take;
mod turns;

use std::collections::VecDeque;

use super::digest::DigestKey;
use super::image::Image;
use super::wire::{Advice, Candidate, Claim, Frame, Open};
use super::{ConnectionId, End, Epoch, Fault, LinkId, Owned, Reason, Timing};
use crate::ids::{NodeId, Span, Time};
use crate::limits;
use keeper::Keeper;
use owner::Owner;
use standby::Standby;
use stream::Stream;
pub use take::Proves;
use take::Taking;
pub use turns::{Offsets, Turn};

/// Who is at the other end of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Peer {
    /// The client end, in one of its sessions.
    Client(LinkId),
    /// Another server of the service, by its proven key.
    Server(NodeId),
}

/// When output may leave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Commit {
    /// When all standbys have what led to it; at once without standbys.
    #[default]
    Standbys,
    /// The same, and behind a sealed record that the client end keeps ([`Server::carry`]).
    Carried,
}

/// What becomes of a connection whose log is over its quota.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Overflow {
    /// It is served, and does not move before the next export.
    #[default]
    Pin,
    /// It is reset.
    Reset,
}

/// What a server grants a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// How long things take.
    pub timing: Timing,
    /// Bytes that may be on their way to the service, at most [`limits::MTCP_WINDOW`].
    pub window: u64,
    /// Bytes of input and log since the newest export, at most [`limits::MTCP_LOG_BYTES`].
    pub quota: usize,
    /// What happens beyond it.
    pub overflow: Overflow,
    /// When output may leave.
    pub commit: Commit,
    /// After how long a record that the client end keeps is sealed anew.
    pub refresh: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            window: limits::MTCP_WINDOW / 4,
            quota: limits::MTCP_LOG_BYTES / 4,
            overflow: Overflow::default(),
            commit: Commit::default(),
            refresh: limits::MTCP_REFRESH,
        }
    }
}

/// What a service reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Input {
    /// So many bytes.
    Bytes(usize),
    /// The client has written all.
    End,
    /// Nothing yet.
    Wait,
}

/// Whether a service has drawn a value before.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Recorded {
    /// No: draw it, and [`Server::record`] it.
    Live,
    /// Yes, this one, where it ran before.
    Again(Vec<u8>),
    /// The connection is frozen: ask again when it is thawed.
    Wait,
}

/// What is to be done, in this order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ServerEffect {
    /// Send this.
    Send(Peer, Owned),
    /// Close a client's link: it is of no more use.
    Drop(LinkId),
    /// Run the service: from [`Server::snapshot`] if there is one, and else from its beginning.
    Start,
    /// The service is not to run until [`ServerEffect::Thaw`]: its connection may move.
    Freeze,
    /// It did not move.
    Thaw,
    /// The service is not to run any more.
    Stop(End),
    /// The client is attached.
    Attached(LinkId),
    /// The client's link is lost; it has [`Timing::linger`] to come back.
    Detached,
    /// The client is attached for good, and said so: whoever had it before knows.
    Confirmed(Epoch),
    /// The client was asked to move, and stays: who did not take it, and why.
    Stays(Vec<(NodeId, Reason)>),
    /// Open the seal of this record, then call [`Server::unsealed`].
    /// Open the seal of this part of a record, then call [`Server::unsealed`].
    Unseal(Vec<u8>),
    /// This server knows nothing of the connection any more.
    Forget,
}

/// What this server has of the connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Phase {
    Nothing,
    Standby(Box<Standby>),
    Taking(Box<Taking>),
    Owner(Box<Owner>),
}

/// What an operator sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Summary {
    /// The latest attempt that this server knows of.
    pub epoch: Epoch,
    /// Whether the service runs here.
    pub runs: bool,
    /// Whether the connection is frozen for another server.
    pub frozen: bool,
    /// That server, or the one that it is a copy of.
    pub other: Option<NodeId>,
    /// Whether it cannot move for its log is over.
    pub pinned: bool,
    /// Whether a client is attached.
    pub attached: bool,
    /// Bytes that would move now.
    pub bytes: usize,
    /// Bytes of them that stand for what the service has done since its newest export: that is run
    /// again.
    pub log: usize,
    /// The last round trip to the client that was measured.
    pub rtt: Option<Span>,
}

/// One connection at one server.
///
/// Call [`Server::resume`], [`Server::frame`], [`Server::link_down`], [`Server::unreachable`],
/// [`Server::reachable`] and [`Server::timeout`] for what happens, [`Server::read`],
/// [`Server::write`], [`Server::finish`], [`Server::export`] and [`Server::record`] for what the
/// service does. After each call take the effects with [`Server::poll`], then, as long as a link
/// has room, [`Server::poll_stream`] for its peer. Set a clock to [`Server::next_timeout`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Server {
    me: NodeId,
    id: ConnectionId,
    config: Config,
    draining: bool,
    /// The latest attempt that was proved. Earlier ones are refused.
    seen: Epoch,
    phase: Phase,
    effects: VecDeque<ServerEffect>,
}

impl Server {
    /// A server that knows nothing of a connection, as when a client resumes at it.
    pub fn new(me: NodeId, id: ConnectionId, config: Config) -> Self {
        let window = config.window.min(limits::MTCP_WINDOW);
        Self {
            me,
            id,
            config: Config { window, ..config },
            draining: false,
            seen: Epoch::default(),
            phase: Phase::Nothing,
            effects: VecDeque::new(),
        }
    }

    /// A client opens a connection here. The secret is what proofs of possession are made with.
    pub fn accept(&mut self, now: Time, link: LinkId, open: &Open<'_>, secret: [u8; 32]) {
        let epoch = open.ends.server;
        let known = self.phase != Phase::Nothing || self.seen != Epoch::default();
        let refusal = if !open.ends.fit() {
            Some(Reason::Version)
        } else if open.id != self.id {
            Some(Reason::Protocol)
        } else if known && epoch <= self.latest() {
            Some(Reason::Superseded)
        } else if self.draining {
            Some(Reason::Draining)
        } else {
            self.opened_by_another(open)
        };
        if let Some(reason) = refusal {
            return self.refuse(link, epoch, reason);
        }
        // What an earlier attempt began here the client never heard of.
        self.halt(End::Moved);
        self.seen = epoch;
        let key = DigestKey::new(open.digest_seed);
        let image = Image::fresh(self.id, key, secret, open.settings.to_vec());
        let mut owner = self.owner(self.stream(image), epoch, 0);
        owner.attach(now, link, (0, open.window.min(limits::MTCP_WINDOW)));
        owner.confirmed = true;
        self.phase = Phase::Owner(Box::new(owner));
        self.effects.push_back(ServerEffect::Start);
        self.welcome(now);
    }

    /// Why what is here is not to be opened anew. It may have begun before, here or at a server
    /// that made this one its standby, if no answer came: then who opens says the same as then.
    fn opened_by_another(&self, open: &Open<'_>) -> Option<Reason> {
        match (&self.phase, self.image()) {
            (Phase::Nothing, _) => None,
            (Phase::Owner(_) | Phase::Standby(_), Some(image)) => {
                (!image.began_with(open)).then_some(Reason::NotAllowed)
            }
            // It is not known yet.
            _ => Some(Reason::Busy),
        }
    }

    /// A client wants to go on here. The driver has checked its proof if it knows
    /// [`Server::secret`]; if not, whoever is pulled from does, with what it is bound to. Until
    /// then the attempt displaces no other, and its epoch counts for nothing else.
    pub fn resume(
        &mut self,
        now: Time,
        link: LinkId,
        claim: &Claim,
        (held, binding): (u64, [u8; 32]),
    ) {
        let epoch = claim.ends.server;
        if !claim.ends.fit() {
            return self.refuse(link, epoch, Reason::Version);
        }
        if claim.id != self.id {
            return self.refuse(link, epoch, Reason::Protocol);
        }
        if epoch <= self.latest() {
            return self.refuse(link, epoch, Reason::Superseded);
        }
        let proven = self.secret().is_some();
        if !proven && matches!(&self.phase, Phase::Taking(taking) if taking.link != link) {
            return self.refuse(link, epoch, Reason::Busy);
        }
        let owns = self.owns(claim);
        if self.draining && !owns {
            return self.refuse(link, epoch, Reason::Draining);
        }
        if proven {
            self.seen = epoch;
        }
        if owns {
            self.resume_here(now, link, claim);
        } else {
            self.take(now, Taking::new(link, claim.clone(), held, binding));
        }
    }

    /// A frame has come, OPEN and RESUME excepted.
    ///
    /// # Errors
    /// [`Fault`] for what no honest peer sends. A client's link is given up then.
    pub fn frame(&mut self, now: Time, from: Peer, frame: &Frame<'_>) -> Result<(), Fault> {
        match from {
            Peer::Server(server) => {
                if frame.connection() != Some(self.id) {
                    return Err(Fault::NotYours);
                }
                self.frame_of_server(now, server, frame)
            }
            Peer::Client(link) => self.frame_of_client(now, link, frame),
        }
    }

    /// A client's link has ended.
    pub fn link_down(&mut self, now: Time, link: LinkId) {
        match &mut self.phase {
            Phase::Owner(owner) if owner.link == Some(link) => self.detach(now),
            Phase::Taking(taking) if taking.link == link => self.give_up_taking(now),
            _ => {}
        }
    }

    /// This server takes no more connections, and keeps those that it has until they have moved.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// It is not about to stop after all.
    pub fn stay(&mut self) {
        self.draining = false;
    }

    /// Tells the client where the connection could go on, and whether it should: the first
    /// [`limits::MTCP_CANDIDATES`] whose addresses are not too long.
    pub fn advise(&mut self, advice: Advice, mut candidates: Vec<Candidate>) {
        candidates.retain(|one| one.address.len() <= limits::MTCP_ADDRESS_BYTES);
        candidates.truncate(limits::MTCP_CANDIDATES);
        if let Phase::Owner(owner) = &self.phase
            && let Some(link) = owner.link
        {
            self.send(Peer::Client(link), Frame::Move { advice, candidates });
        }
    }

    /// Asks the client whether it is there, if no question is open, so that the round trip is
    /// known.
    pub fn probe(&mut self, now: Time) {
        if let Phase::Owner(owner) = &mut self.phase
            && let Some(link) = owner.link.filter(|_| owner.welcomed)
            && !owner.pulse.waits()
        {
            let token = owner.pulse.ask(now);
            self.send(Peer::Client(link), Frame::Ping { token });
        }
    }

    /// Ends the connection at once.
    pub fn reset(&mut self, reason: Reason) {
        match &self.phase {
            Phase::Owner(owner) if owner.welcomed => {
                if let Some(link) = owner.link {
                    self.send(Peer::Client(link), Frame::Reset { reason });
                }
            }
            Phase::Owner(owner) => {
                if let Some(link) = owner.link {
                    self.refuse(link, owner.epoch, reason);
                }
            }
            _ => return,
        }
        self.stop(End::Reset(reason));
    }

    /// What the driver checks proofs of possession with.
    pub fn secret(&self) -> Option<&[u8; 32]> {
        self.image().map(|image| &image.secret)
    }

    /// What belongs to the connection and is no stream.
    pub fn settings(&self) -> Option<&[u8]> {
        self.image().map(|image| &image.settings[..])
    }

    /// The server whose connection this one keeps as a standby, or runs in an attempt that the
    /// client has not confirmed.
    pub fn copy_of(&self) -> Option<NodeId> {
        let kept = |copy: &Standby| copy.image.as_ref().map(|_| copy.owner);
        match &self.phase {
            Phase::Standby(standby) => kept(standby),
            Phase::Taking(taking) => taking.copy.as_deref().and_then(kept),
            Phase::Owner(owner) if !owner.confirmed => owner.origin,
            Phase::Owner(_) | Phase::Nothing => None,
        }
    }

    /// Whether this server knows nothing of the connection.
    pub fn is_empty(&self) -> bool {
        self.phase == Phase::Nothing
    }

    /// What an operator sees.
    pub fn summary(&self) -> Summary {
        let owner = match &self.phase {
            Phase::Owner(owner) => Some(owner),
            _ => None,
        };
        Summary {
            epoch: self.latest(),
            runs: owner.is_some(),
            frozen: owner.is_some_and(|owner| owner.frozen.is_some()),
            other: match owner.map(|owner| &owner.frozen) {
                Some(Some(give)) => Some(give.to),
                _ => self.copy_of(),
            },
            pinned: owner.is_some_and(|owner| owner.stream.pinned()),
            attached: owner.is_some_and(|owner| owner.link.is_some()),
            bytes: self.image().map_or(0, Image::bytes),
            log: self
                .image()
                .map_or(0, |image| image.log.len() + image.input.len()),
            rtt: owner.and_then(|owner| owner.pulse.rtt()),
        }
    }

    /// When [`Server::timeout`] is next to be called.
    pub fn next_timeout(&self) -> Time {
        match &self.phase {
            Phase::Nothing => Time::NEVER,
            Phase::Standby(standby) => standby.expires,
            Phase::Taking(taking) => taking.until,
            Phase::Owner(owner) => owner.due(&self.config),
        }
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Time) {
        match &self.phase {
            Phase::Standby(standby) if standby.expires <= now => self.forget(),
            Phase::Taking(taking) if taking.until <= now => self.not_taken(now, Reason::Expired),
            Phase::Owner(_) => self.watch(now),
            _ => {}
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<ServerEffect> {
        let effect = self.effects.pop_front();
        if effect.is_none() {
            // Nearly always there is none, and one takes much room.
            self.effects = VecDeque::new();
        }
        effect
    }

    /// What goes out next to this peer, which has room for it.
    pub fn poll_stream(&mut self, peer: Peer) -> Option<Frame<'_>> {
        let Phase::Owner(owner) = &mut self.phase else {
            return None;
        };
        match peer {
            Peer::Client(link) if owner.link == Some(link) => owner.next_for_client(),
            Peer::Client(_) => None,
            Peer::Server(server) => owner.next_for_server(self.id, server),
        }
    }

    /// Whether [`Server::poll_stream`] has something for a client's link.
    pub fn has_stream(&self, link: LinkId) -> bool {
        match &self.phase {
            Phase::Owner(owner) => owner.link == Some(link) && owner.has_stream(),
            _ => false,
        }
    }

    /// How many bytes of the stream could be sent to the client now.
    pub fn sendable(&self) -> u64 {
        match &self.phase {
            Phase::Owner(owner) => owner.sendable(),
            _ => 0,
        }
    }

    fn image(&self) -> Option<&Image> {
        match &self.phase {
            Phase::Owner(owner) => Some(&owner.stream.image),
            Phase::Standby(standby) => standby.image.as_ref(),
            Phase::Taking(taking) => taking.copy.as_ref()?.image.as_ref(),
            Phase::Nothing => None,
        }
    }

    /// The latest attempt that this server knows of, proved or not.
    fn latest(&self) -> Epoch {
        match &self.phase {
            Phase::Taking(taking) => taking.epoch().max(self.seen),
            Phase::Owner(owner) => owner.succeeded_at().unwrap_or_default().max(self.seen),
            _ => self.seen,
        }
    }

    fn stream(&self, image: Image) -> Stream {
        Stream::new(image, self.config.quota, self.config.overflow)
    }

    fn owner(&self, stream: Stream, epoch: Epoch, revision: u64) -> Owner {
        let mut owner = Owner::new(stream, epoch, revision);
        let held = self.config.commit == Commit::Carried;
        owner.keeper = held.then(|| Box::new(Keeper::new()));
        owner
    }

    fn send(&mut self, to: Peer, frame: Owned) {
        self.effects.push_back(ServerEffect::Send(to, frame));
    }

    fn refuse(&mut self, link: LinkId, epoch: Epoch, reason: Reason) {
        self.send(Peer::Client(link), Frame::Refused { epoch, reason });
    }

    /// Nothing is kept any more.
    fn forget(&mut self) {
        self.phase = Phase::Nothing;
        self.effects.push_back(ServerEffect::Forget);
    }

    /// The service runs here no more, and nobody needs what its standbys keep.
    fn stop(&mut self, end: End) {
        if matches!(self.phase, Phase::Owner(_)) {
            self.halt(end);
            self.forget();
        }
    }

    /// The same, and something else takes its place.
    fn halt(&mut self, end: End) {
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        let (id, epoch) = (self.id, owner.epoch);
        for server in std::mem::take(&mut owner.ships).into_keys() {
            self.send(Peer::Server(server), Frame::Dismiss { id, epoch });
        }
        self.effects.push_back(ServerEffect::Stop(end));
        self.phase = Phase::Nothing;
    }
}
