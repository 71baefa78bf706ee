//! The client end: it holds the record, and is the one who knows what it has received.

mod keeping;
mod moving;

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use super::digest::{Digest, DigestKey};
use super::policy::Sample;
use super::pulse::{Acks, Marks, Pulse, Silence};
use super::ring::{At, Ring};
use super::wire::{Advice, Candidate, Claim, Ends, Frame, Open};
use super::{ConnectionId, End, Epoch, Fault, LinkId, Owned, Reason, Record, Timing};
use crate::ids::{NodeId, Span, Time};
use crate::limits;
use keeping::Keeping;
pub use moving::Kept;
use moving::Moving;

/// A connection that a client wants.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Opening {
    /// Its name: random.
    pub id: ConnectionId,
    /// What the digest's secret point is made from: random.
    pub digest_seed: u64,
    /// Bytes that may be on their way to the program, and that are kept for the service.
    pub window: u64,
    /// What else belongs to the connection; at most [`limits::MTCP_SETTINGS_BYTES`].
    pub settings: Vec<u8>,
    /// How long things take.
    pub timing: Timing,
}

/// A link to a server, as the driver has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Contact {
    /// The link; no number is used twice.
    pub link: LinkId,
    /// The server at its other end, by its proven key.
    pub server: NodeId,
}

/// What is to be done, in this order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ClientEffect {
    /// Send this on a link.
    Send(LinkId, Owned),
    /// Close a link: it is of no more use.
    Drop(LinkId),
    /// The connection is attached to this server.
    Attached(NodeId),
    /// No link carries it: choose a server, and call [`Client::resume`].
    Detached(Reason),
    /// The server says where the connection could go on, and whether it should.
    Move(Advice, Vec<Candidate>),
    /// A server would take the connection; what to resume there costs is less now.
    Warm(LinkId),
    /// A server that was asked would not take it.
    Cold(LinkId, Reason),
    /// It is over.
    Closed(End),
}

/// Where the connection is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    Attached(LinkId),
    /// An attempt is under way. Nothing else is accepted from anybody.
    Resuming {
        to: Contact,
        epoch: Epoch,
        until: Time,
    },
    Detached,
    Closed,
}

/// The client end of one connection.
///
/// Call [`Client::link_down`], [`Client::frame`] and [`Client::timeout`] for what happens,
/// [`Client::write`], [`Client::finish`] and [`Client::consumed`] for what the program does,
/// [`Client::resume`] to move. After each call take the effects with [`Client::poll`], then, as
/// long as the link has room, [`Client::poll_stream`]. Set a clock to [`Client::next_timeout`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Client {
    id: ConnectionId,
    settings: Vec<u8>,
    timing: Timing,
    record: Record,
    /// The highest epoch ever made.
    made: Epoch,
    phase: Phase,
    /// When it is over, if no link carries it.
    expires: Time,
    /// Whether a server has ever answered.
    opened: bool,
    warm: BTreeSet<LinkId>,
    /// What the program wrote and no server has for good.
    output: Ring,
    /// How much of it the present link has taken.
    sent: u64,
    /// How far it may be sent.
    credit: u64,
    /// What the server grants beyond what its service has taken.
    granted: u64,
    key: DigestKey,
    digest: Digest,
    /// What came from the service, its end included.
    received: u64,
    ended: bool,
    /// How much of it the program has taken.
    taken: u64,
    window: u64,
    acks: Acks,
    held: Keeping,
    /// What else there is of an end that moves with its service.
    moving: Option<Box<Moving>>,
    pulse: Pulse,
    effects: VecDeque<ClientEffect>,
}

impl Client {
    /// Begins a connection on a link. Bytes may follow at once.
    pub fn open(now: Time, at: Contact, opening: Opening) -> Self {
        let Opening {
            id,
            digest_seed,
            timing,
            ..
        } = opening;
        let window = opening.window.min(limits::MTCP_WINDOW);
        let record = Record {
            epoch: Epoch::default(),
            owner: at.server,
            revision: 0,
            standbys: Vec::new(),
        };
        let mut client = Self {
            id,
            settings: opening.settings,
            timing,
            record,
            made: Epoch::default(),
            phase: Phase::Attached(at.link),
            expires: Time::NEVER,
            opened: false,
            warm: BTreeSet::new(),
            output: Ring::default(),
            sent: 0,
            credit: limits::MTCP_FIRST_WINDOW,
            granted: limits::MTCP_FIRST_WINDOW,
            key: DigestKey::new(digest_seed),
            digest: Digest::default(),
            received: 0,
            ended: false,
            taken: 0,
            window,
            acks: Acks::begin(Marks::default()),
            held: Keeping::default(),
            moving: None,
            pulse: Pulse::begin(now),
            effects: VecDeque::new(),
        };
        client.begin(at.link);
        client
    }

    /// Asks a server to begin the connection. As long as none has answered, nothing has come from
    /// any, and nothing was forgotten: so it may begin anew elsewhere.
    fn begin(&mut self, link: LinkId) {
        let open = Open {
            id: self.id,
            ends: self.ends(),
            digest_seed: self.key.seed(),
            window: self.window,
            settings: Cow::Owned(self.settings.clone()),
        };
        self.send(link, Frame::Open(open));
    }

    /// The epochs of the newest attempt.
    fn ends(&self) -> Ends {
        Ends::of(self.made)
    }

    /// Its name.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Who has the connection.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The link that [`Client::poll_stream`] is for: that which carries it, or the attempt.
    pub fn used(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Attached(link) => Some(link),
            Phase::Resuming { to, .. } => Some(to.link),
            Phase::Detached | Phase::Closed => None,
        }
    }

    /// The link that carries it, if one does.
    pub fn attached(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Attached(link) => Some(link),
            _ => None,
        }
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// The last round trip that was measured.
    pub fn rtt(&self) -> Option<Span> {
        self.pulse.rtt()
    }

    /// Asks the server whether it is there, if no question is open: for a policy that looks at
    /// round trips or silence.
    pub fn probe(&mut self, now: Time) {
        if let Phase::Attached(link) = self.phase
            && !self.pulse.waits()
        {
            let token = self.pulse.ask(now);
            self.send(link, Frame::Ping { token });
        }
    }

    /// What a policy looks at. What only a server sees is not known.
    pub fn sample(&self) -> Sample {
        Sample {
            received: self.received,
            round_trip: self.rtt(),
            heard: self.pulse.last(),
            owes: self.pulse.waits() || self.sent > self.output.start(),
            ..Sample::default()
        }
    }

    /// The epoch of the next attempt, which its proof has to name.
    pub fn next_epoch(&self) -> Epoch {
        self.made.next()
    }

    /// How much of what the service wrote has come.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How long the sealed record is that it keeps for a server, in bytes; zero if there is none.
    pub fn held(&self) -> usize {
        self.held.bytes()
    }

    /// Tries to go on at a server, with a proof for [`Client::next_epoch`]. From now on nothing is
    /// accepted but the answer; an attempt that was under way is given up.
    pub fn resume(&mut self, now: Time, to: Contact, proof: [u8; 32]) {
        if self.is_closed() || !self.may_resume_at(to.server) {
            return;
        }
        self.made = self.made.next();
        let (epoch, until) = (self.made, now + self.timing.attempt);
        self.leave(now);
        self.held.leave();
        self.phase = Phase::Resuming { to, epoch, until };
        if !self.opened {
            return self.begin(to.link);
        }
        self.begin_again();
        let (received, digest) = self.claimed();
        // What the program takes from now on is not in what it says.
        self.acks = Acks::begin(self.marks());
        let claim = Box::new(Claim {
            id: self.id,
            ends: self.ends(),
            record: self.record.clone(),
            received,
            taken: self.acks.said().taken,
            window: self.window,
            digest,
            proof,
        });
        let held = self.held.bytes() as u64;
        self.send(to.link, Frame::Resume { claim, held });
    }

    /// Asks a server whether it would take the connection, before it is time: the session and what
    /// proves who speaks are there then.
    pub fn attach(&mut self, link: LinkId) {
        self.send(link, Frame::Attach { id: self.id });
    }

    /// Tells the server, which has asked for a move, that it stays: who did not take it, and why.
    pub fn stays(&mut self, mut refusals: Vec<(NodeId, Reason)>) {
        refusals.truncate(limits::MTCP_CANDIDATES);
        if let Phase::Attached(link) = self.phase {
            self.send(link, Frame::Stays { refusals });
        }
    }

    /// The links to servers that would take it.
    pub fn warm(&self) -> impl Iterator<Item = LinkId> {
        self.warm.iter().copied()
    }

    /// The program writes. Takes as many of the bytes as the window has room for; none after
    /// [`Client::finish`].
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let room = (self.window as usize).saturating_sub(self.output.len());
        let open = !self.output.closed() && !self.is_closed();
        let count = bytes.len().min(if open { room } else { 0 });
        self.output.push(&bytes[..count]);
        self.forget_output(0);
        count
    }

    /// The program has written all.
    pub fn finish(&mut self) {
        self.output.finish();
        self.forget_output(0);
    }

    /// The program has taken so many of the bytes that [`Client::frame`] gave. Of an end that moves
    /// [`Client::took`] says it.
    pub fn consumed(&mut self, now: Time, count: usize) {
        let most = self.received - u64::from(self.ended);
        self.taken = (self.taken + count as u64).min(most);
        self.note(now);
    }

    /// Whether the service has written all, and the program has been given it.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Ends the connection at once.
    pub fn reset(&mut self, reason: Reason) {
        if let Phase::Attached(link) = self.phase {
            self.send(link, Frame::Reset { reason });
        }
        self.close(End::Reset(reason));
    }

    /// A link has ended, whatever ended it.
    pub fn link_down(&mut self, now: Time, link: LinkId) {
        self.warm.remove(&link);
        if self.uses(link) {
            self.detach(now, Reason::Unreachable);
        }
    }

    /// A frame has come. Gives what is new of the stream, for the program.
    ///
    /// # Errors
    /// [`Fault`] for what no honest server sends. The link is given up then.
    pub fn frame<'a>(
        &mut self,
        now: Time,
        link: LinkId,
        frame: &Frame<'a>,
    ) -> Result<&'a [u8], Fault> {
        if !self.uses(link) {
            self.frame_aside(link, frame);
            return Ok(&[]);
        }
        self.pulse.heard(now);
        let taken = match self.phase {
            Phase::Attached(_) => self.frame_attached(now, link, frame),
            _ => self.frame_resuming(now, link, frame).map(|()| &[][..]),
        };
        if taken.is_err() {
            self.effects.push_back(ClientEffect::Drop(link));
            self.detach(now, Reason::Protocol);
        }
        taken
    }

    /// When [`Client::timeout`] is next to be called.
    pub fn next_timeout(&self) -> Time {
        match self.phase {
            Phase::Attached(_) => self.pulse.due(&self.timing).min(self.acks.due()),
            Phase::Resuming { until, .. } => until.min(self.expires),
            Phase::Detached => self.expires,
            Phase::Closed => Time::NEVER,
        }
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Time) {
        match self.phase {
            Phase::Attached(link) => self.watch(now, link),
            _ if self.expires <= now => self.close(End::Reset(Reason::Expired)),
            Phase::Resuming { until, .. } if until <= now => self.detach(now, Reason::Expired),
            _ => {}
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<ClientEffect> {
        let effect = self.effects.pop_front();
        if effect.is_none() {
            // Nearly always there is none, and one takes much room.
            self.effects = VecDeque::new();
        }
        effect
    }

    /// What goes out next on the link that carries the connection or the attempt, and has room for
    /// it.
    pub fn poll_stream(&mut self) -> Option<Frame<'_>> {
        match self.phase {
            Phase::Attached(_) => {}
            Phase::Resuming { .. } => return self.held.next(),
            Phase::Detached | Phase::Closed => return None,
        }
        let marks = self.marks();
        if let Some(Marks { taken, stable }) = self.acks.take((marks, marks), self.has_data()) {
            return Some(Frame::Ack { taken, stable });
        }
        if !self.speaks() {
            return None;
        }
        let offset = self.sent;
        let most = self.credit.saturating_sub(offset) as usize;
        match self.output.at(offset, most.min(limits::MTCP_SEND_BYTES)) {
            At::Fin => {
                self.sent += 1;
                Some(Frame::Fin { offset })
            }
            At::Bytes(bytes) if !bytes.is_empty() => {
                self.sent += bytes.len() as u64;
                Some(Frame::Data { offset, bytes })
            }
            At::Bytes(_) | At::Nothing => None,
        }
    }

    /// Whether [`Client::poll_stream`] has something.
    pub fn has_stream(&self) -> bool {
        match self.phase {
            Phase::Attached(_) => self.has_data() || self.acks.is_urgent(self.marks()),
            Phase::Resuming { .. } => self.held.has_next(),
            Phase::Detached | Phase::Closed => false,
        }
    }

    /// How many bytes of the stream could be sent now.
    pub fn sendable(&self) -> u64 {
        let attached = matches!(self.phase, Phase::Attached(_));
        let reach = if attached && self.speaks() {
            self.output.end().min(self.credit)
        } else {
            0
        };
        reach.saturating_sub(self.sent)
    }

    /// Whether bytes of the stream, or its end, may be sent.
    fn has_data(&self) -> bool {
        let fin = self.output.closed() && self.sent + 1 == self.output.end();
        self.speaks() && (fin || self.sent < self.output.end().min(self.credit))
    }

    /// Whether this link carries the connection or the attempt.
    fn uses(&self, link: LinkId) -> bool {
        match self.phase {
            Phase::Attached(at) => at == link,
            Phase::Resuming { to, .. } => to.link == link,
            Phase::Detached | Phase::Closed => false,
        }
    }

    fn marks(&self) -> Marks {
        match &self.moving {
            Some(moving) => moving.marks(self.taken),
            None => Marks {
                taken: self.taken,
                stable: self.received,
            },
        }
    }

    fn note(&mut self, now: Time) {
        let marks = self.marks();
        let pace = (self.window, self.timing.ack_delay);
        self.acks.note(now, marks, pace);
    }

    fn send(&mut self, link: LinkId, frame: Owned) {
        self.effects.push_back(ClientEffect::Send(link, frame));
    }

    /// From now on no link carries it, and its time is short.
    fn leave(&mut self, now: Time) {
        self.expires = self.expires.min(now + self.timing.linger);
    }

    fn detach(&mut self, now: Time, reason: Reason) {
        self.leave(now);
        self.phase = Phase::Detached;
        self.effects.push_back(ClientEffect::Detached(reason));
    }

    fn close(&mut self, end: End) {
        if !self.is_closed() {
            self.phase = Phase::Closed;
            self.effects.push_back(ClientEffect::Closed(end));
        }
    }

    /// What comes on links that carry neither the connection nor the attempt. What an earlier owner
    /// still sends is nothing, and if it asks it hears nothing: it has to notice.
    fn frame_aside(&mut self, link: LinkId, frame: &Frame<'_>) {
        match frame {
            Frame::Attached { id } if *id == self.id => {
                self.warm.insert(link);
                self.effects.push_back(ClientEffect::Warm(link));
            }
            Frame::Refused { epoch, reason } if *epoch == Epoch::default() => {
                self.warm.remove(&link);
                self.effects.push_back(ClientEffect::Cold(link, *reason));
            }
            _ => {}
        }
    }

    fn frame_resuming(&mut self, now: Time, link: LinkId, frame: &Frame<'_>) -> Result<(), Fault> {
        let Phase::Resuming { to, epoch, .. } = self.phase else {
            return Err(Fault::OutOfTurn);
        };
        match frame {
            Frame::Resumed { ends, .. } if ends.server == epoch => self.resumed(now, to, frame),
            Frame::Refused {
                epoch: refused,
                reason,
            } if *refused == epoch => {
                self.detach(now, *reason);
                Ok(())
            }
            Frame::Ping { token } => {
                self.send(link, Frame::Pong { token: *token });
                Ok(())
            }
            Frame::Show { epoch: asked } if *asked == epoch => {
                let until = now + self.timing.attempt;
                self.phase = Phase::Resuming { to, epoch, until };
                self.held.show();
                Ok(())
            }
            other => {
                // On a link that carried the connection before, what it still sent may be ahead of
                // the answer.
                self.frame_aside(link, other);
                Ok(())
            }
        }
    }

    /// The answer to the attempt: the record says so from now on.
    fn resumed(&mut self, now: Time, at: Contact, frame: &Frame<'_>) -> Result<(), Fault> {
        let Frame::Resumed {
            ends,
            input,
            taken,
            window,
            standbys,
        } = frame
        else {
            return Err(Fault::OutOfTurn);
        };
        if *input < self.output.start() {
            // It was acknowledged as stable. Another server may have it.
            let reason = Reason::Lost;
            self.send(at.link, Frame::Reset { reason });
            self.detach(now, reason);
            return Ok(());
        }
        // Of an end that has moved a copy before may have sent more than this one has written yet.
        let ahead = *input > self.output.end() && self.moving.is_none();
        if ahead || taken > input {
            return Err(Fault::NotSent);
        }
        self.opened = true;
        self.settings = Vec::new();
        self.record.epoch = ends.server;
        self.record.owner = at.server;
        self.record.standbys.clone_from(standbys);
        self.sent = *input;
        self.granted = (*window).min(limits::MTCP_WINDOW);
        self.credit = taken.saturating_add(self.granted);
        self.expires = Time::NEVER;
        self.pulse = Pulse::begin(now);
        self.phase = Phase::Attached(at.link);
        self.warm.remove(&at.link);
        let epoch = ends.server;
        self.send(at.link, Frame::Confirm { epoch });
        self.effects.push_back(ClientEffect::Attached(at.server));
        self.try_close();
        Ok(())
    }

    fn frame_attached<'a>(
        &mut self,
        now: Time,
        link: LinkId,
        frame: &Frame<'a>,
    ) -> Result<&'a [u8], Fault> {
        match frame {
            // It would count for the server that the connection begins at in the end.
            Frame::Data { .. }
            | Frame::Fin { .. }
            | Frame::Ack { .. }
            | Frame::Standbys { .. }
            | Frame::Held { .. }
                if !self.opened =>
            {
                return Err(Fault::OutOfTurn);
            }
            Frame::Data { offset, bytes } => return self.data(now, *offset, bytes),
            Frame::Fin { offset } => self.fin(now, *offset)?,
            Frame::Ack { taken, stable } => self.acknowledged(*taken, *stable)?,
            Frame::Ping { token } => self.send(link, Frame::Pong { token: *token }),
            Frame::Pong { token } => self.pulse.answered(now, *token),
            Frame::Resumed { ends, window, .. } if !self.opened && ends.server.0 == 0 => {
                self.opened = true;
                self.settings = Vec::new();
                self.granted = (*window).min(limits::MTCP_WINDOW);
                self.credit = self.credit.max(self.granted);
                // That it has heard of the beginning: its service may rely on that.
                self.send(link, Frame::Confirm { epoch: ends.server });
                self.effects
                    .push_back(ClientEffect::Attached(self.record.owner));
            }
            Frame::Refused { epoch, reason } if !self.opened && epoch.0 == 0 => {
                self.detach(now, *reason);
            }
            // The record of an end that moves would have to be exported with each change.
            Frame::Standbys { .. } | Frame::Held { .. } if self.moving.is_some() => {}
            Frame::Standbys { revision, standbys } => self.change(link, *revision, standbys)?,
            Frame::Held {
                begins,
                whole,
                sealed,
            } => self.held.add(sealed, (*begins, *whole))?,
            Frame::Move { advice, candidates } => self
                .effects
                .push_back(ClientEffect::Move(*advice, candidates.clone())),
            Frame::Reset { reason } => self.close(End::Reset(*reason)),
            // An answer that came too late, to an attempt that was given up.
            Frame::Refused { .. }
            | Frame::Resumed { .. }
            | Frame::Show { .. }
            | Frame::Attached { .. } => {}
            _ => return Err(Fault::OutOfTurn),
        }
        Ok(&[])
    }

    fn data<'a>(&mut self, now: Time, offset: u64, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        if self.moving.is_some() {
            return self.data_again(now, offset, bytes);
        }
        if offset != self.received || self.ended {
            return Err(Fault::Gap);
        }
        if self.received + bytes.len() as u64 > self.taken + self.window {
            return Err(Fault::OverCredit);
        }
        self.key.update(&mut self.digest, bytes);
        self.received += bytes.len() as u64;
        self.note(now);
        Ok(bytes)
    }

    fn fin(&mut self, now: Time, offset: u64) -> Result<(), Fault> {
        if self.moving.is_some() {
            return self.fin_again(now, offset);
        }
        if offset != self.received || self.ended {
            return Err(Fault::Gap);
        }
        self.key.finish(&mut self.digest);
        self.received += 1;
        self.ended = true;
        self.note(now);
        self.try_close();
        Ok(())
    }

    fn acknowledged(&mut self, taken: u64, stable: u64) -> Result<(), Fault> {
        if stable > self.sent || taken > self.sent {
            return Err(Fault::NotSent);
        }
        self.forget_output(stable);
        self.credit = self.credit.max(taken.saturating_add(self.granted));
        self.try_close();
        Ok(())
    }

    /// The server changes its standbys: from now on the record says so.
    fn change(&mut self, link: LinkId, revision: u64, standbys: &[NodeId]) -> Result<(), Fault> {
        if revision != self.record.revision && revision != self.record.revision + 1 {
            return Err(Fault::OutOfTurn);
        }
        self.record.revision = revision;
        self.record.standbys = standbys.to_vec();
        self.send(link, Frame::Recorded { revision });
        Ok(())
    }

    /// Both directions have ended, and both ends have everything.
    fn try_close(&mut self) {
        if let Phase::Attached(link) = self.phase
            && self.is_over()
        {
            self.send(link, Frame::Close);
            self.close(End::Done);
        }
    }

    fn watch(&mut self, now: Time, link: LinkId) {
        self.acks.timeout(now);
        match self.pulse.check(now, &self.timing) {
            Silence::None => {}
            Silence::Ask(token) => {
                self.output.shrink();
                self.send(link, Frame::Ping { token });
            }
            Silence::Dead => {
                self.effects.push_back(ClientEffect::Drop(link));
                self.detach(now, Reason::Expired);
            }
        }
    }
}
