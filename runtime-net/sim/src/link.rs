//! Links: sessions that carry frames in order until they break, and broadcasts that may get lost.
//!
//! Within a session there are streams: the frames of one arrive in the order in which they were
//! sent, each once, and may overtake those of another; only the first frame of a session comes
//! first. When the session breaks, each stream loses a suffix of what is under way, from none to
//! all, and everything sent later; each end finds out in its own time, up to the idle time of the
//! link, and goes on sending into the void until then. A new session begins some time after the
//! first end has found out, and the other end may learn of the break only by it. A crash of one end
//! is such a break.
//!
//! [`Links`] holds no queue: what is to happen later comes out as [`Later`] entries, which the
//! caller hands back when their time has come; what a node is to be told comes out as [`Signal`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sm_core::ids::{SessionId, Span, Time};
use sm_core::wire::HopKey;

use crate::network::{LinkModel, LinkSpec, NodeIx};
use crate::random::{Seed, Stream};

/// A link, by its place in the layout's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIx(pub u32);

/// One of the two ends of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The node that comes first in the network's list.
    A,
    /// The other.
    B,
}

impl Side {
    const BOTH: [Side; 2] = [Side::A, Side::B];

    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// The bytes of a frame, shared by all who hear it.
pub type Bytes = Arc<[u8]>;

/// Which frames of a session have to keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKey {
    /// Those about the same hop.
    Ordered(HopKey),
    /// This frame has a stream to itself.
    Alone,
}

/// Something that a link does later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Later {
    /// Tries to begin a session.
    Connect,
    /// The session becomes known at one end.
    Up(SessionId, Side),
    /// The session breaks.
    Break(SessionId),
    /// An end finds out that the session is over.
    Notice(SessionId, Side),
    /// A frame arrives at this end.
    Frame {
        /// The session it was sent in.
        session: SessionId,
        /// The end it goes to.
        to: Side,
        /// Its number in this direction of the session.
        number: u64,
        /// Its stream.
        stream: StreamKey,
        /// The frame.
        bytes: Bytes,
    },
    /// A broadcast is heard at this end.
    Heard {
        /// The end that hears it.
        to: Side,
        /// The frame.
        bytes: Bytes,
    },
    /// The line from this end has carried what was waiting.
    Drained(SessionId, Side),
}

/// What a node is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A session has begun.
    Up(SessionId),
    /// A session is over.
    Down(SessionId),
    /// A frame has arrived in a session.
    Frame(SessionId, Bytes),
    /// A broadcast was heard.
    Heard(Bytes),
    /// A frame was lost on its way to this end.
    Lost(usize),
    /// So many bytes wait in the driver.
    Backlog(SessionId, usize),
}

/// What comes of a call: entries for the queue, and signals for the ends of the link.
#[derive(Debug, Default)]
pub struct Effects {
    /// What is to be handed back at these times.
    pub later: Vec<(Time, LinkIx, Later)>,
    /// What is to be told to this end now.
    pub signals: Vec<(LinkIx, Side, Signal)>,
}

/// All links of a network.
#[derive(Debug)]
pub struct Links {
    links: Vec<Link>,
    of_node: Vec<Vec<(LinkIx, Side)>>,
    last_session: u64,
    faults: Faults,
}

/// Whether anything goes wrong by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Faults {
    Off,
    On,
}

#[derive(Debug)]
struct Link {
    ends: [NodeIx; 2],
    model: LinkModel,
    draws: Draws,
    /// So many reasons why nothing passes: a crashed end, a partition.
    blocked: u32,
    session: Option<Session>,
    /// The session that each end takes for open, which may be an older one.
    known: [Option<SessionId>; 2],
    /// Whether a connection is being tried already.
    connecting: bool,
}

/// A stream for each concern, so that one more broadcast does not delay a frame.
#[derive(Debug)]
struct Draws {
    delay: Stream,
    loss: Stream,
    breaks: Stream,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    broken: bool,
    /// The directions towards A and towards B.
    towards: [Direction; 2],
}

#[derive(Debug, Default)]
struct Direction {
    sent: u64,
    /// Whether the first frame has arrived, without which no other counts.
    opened: bool,
    /// Nothing arrives earlier.
    floor: Time,
    /// When the last frame of each stream arrives.
    last_arrival: BTreeMap<HopKey, Time>,
    /// The chance of what is under way to be lost, once the session is broken.
    loss: f64,
    /// The streams that have lost a frame, and lose all that follows.
    cut: BTreeSet<HopKey>,
    /// When the line has carried all that was sent.
    free: Time,
    waiting: VecDeque<(Time, usize)>,
}

impl Links {
    /// The links of a layout; no session is there yet.
    pub fn new(nodes: usize, links: &[LinkSpec], seed: Seed) -> Self {
        let mut of_node = vec![Vec::new(); nodes];
        for (index, link) in links.iter().enumerate() {
            let index = LinkIx(index as u32);
            of_node[link.ends.0.at()].push((index, Side::A));
            of_node[link.ends.1.at()].push((index, Side::B));
        }
        let link = |(index, spec): (usize, &LinkSpec)| Link::new(spec, seed, index as u64);
        let links = links.iter().enumerate().map(link).collect();
        Self {
            links,
            of_node,
            last_session: 0,
            faults: Faults::Off,
        }
    }

    /// The node at an end.
    pub fn node(&self, link: LinkIx, side: Side) -> NodeIx {
        self.links[link.0 as usize].ends[side as usize]
    }

    /// The links of a node, and which end of each it is.
    pub fn of(&self, node: NodeIx) -> &[(LinkIx, Side)] {
        &self.of_node[node.at()]
    }

    /// The link and the end at which a node has an open session of this name.
    pub fn find(&self, node: NodeIx, session: SessionId) -> Option<(LinkIx, Side)> {
        let known = |(link, side): &&(LinkIx, Side)| {
            self.links[link.0 as usize].known[*side as usize] == Some(session)
        };
        self.of(node).iter().find(known).copied()
    }

    /// Begins to connect where nothing hinders it.
    pub fn connect(&mut self, now: Time, link: LinkIx, effects: &mut Effects) {
        self.links[link.0 as usize].try_later(now, link, Span::ZERO, effects);
    }

    /// Nothing passes from now on, for one more reason; the session that is there breaks.
    pub fn block(&mut self, now: Time, link: LinkIx, effects: &mut Effects) {
        let this = &mut self.links[link.0 as usize];
        this.blocked += 1;
        this.break_session(now, link, effects);
    }

    /// One reason less.
    pub fn unblock(&mut self, now: Time, link: LinkIx, effects: &mut Effects) {
        let this = &mut self.links[link.0 as usize];
        this.blocked = this.blocked.saturating_sub(1);
        let repair = this.model.repair;
        this.try_later(now, link, repair, effects);
    }

    /// An end has crashed: it forgets its sessions, and nothing passes until [`Links::unblock`].
    pub fn crash(&mut self, now: Time, link: LinkIx, side: Side, effects: &mut Effects) {
        self.block(now, link, effects);
        let this = &mut self.links[link.0 as usize];
        this.known[side as usize] = None;
        if let Some(session) = &mut this.session {
            // What is on its way to a node that is off arrives nowhere.
            session.towards[side as usize].loss = 1.0;
        }
    }

    /// From now on sessions break of themselves and broadcasts are lost, as the links' models say.
    pub fn begin_faults(&mut self, now: Time, effects: &mut Effects) {
        self.faults = Faults::On;
        for (index, link) in (0..).zip(&mut self.links) {
            if let Some(id) = link.session.as_ref().map(|session| session.id) {
                link.schedule_break(now, LinkIx(index), id, effects);
            }
        }
    }

    /// From now on no session breaks of itself and no broadcast is lost.
    pub fn heal(&mut self) {
        self.faults = Faults::Off;
    }

    /// From now on this share of all broadcasts is lost. Links whose faults have ended break no
    /// sessions again.
    pub fn lose(&mut self, share: f64) {
        for link in &mut self.links {
            link.model.loss = share;
            if self.faults == Faults::Off {
                link.model.break_every = None;
            }
        }
        self.faults = Faults::On;
    }

    /// Sends a frame in a session from this end.
    pub fn send(
        &mut self,
        now: Time,
        (link, side): (LinkIx, Side),
        session: SessionId,
        (stream, bytes): (StreamKey, Bytes),
        effects: &mut Effects,
    ) {
        let this = &mut self.links[link.0 as usize];
        this.send(now, (link, side), session, (stream, bytes), effects);
    }

    /// Sends a broadcast from this end to the other.
    pub fn broadcast(
        &mut self,
        now: Time,
        (link, side): (LinkIx, Side),
        bytes: Bytes,
        effects: &mut Effects,
    ) {
        let faults = self.faults;
        let this = &mut self.links[link.0 as usize];
        let lost = this.draws.loss.chance(this.model.loss) && faults == Faults::On;
        let to = side.other();
        if lost || !this.carries() || bytes.len() > sm_core::limits::BROADCAST_BYTES {
            effects.signals.push((link, to, Signal::Lost(bytes.len())));
            return;
        }
        let at = now + this.model.delay.draw(&mut this.draws.loss);
        effects.later.push((at, link, Later::Heard { to, bytes }));
    }

    /// An end closes its session and wants no new one before so much time has passed.
    pub fn close(
        &mut self,
        now: Time,
        (link, side): (LinkIx, Side),
        again: Span,
        effects: &mut Effects,
    ) {
        let this = &mut self.links[link.0 as usize];
        this.known[side as usize] = None;
        this.cut();
        let Some(session) = &this.session else { return };
        let delay = this.model.delay.draw(&mut this.draws.breaks);
        effects
            .later
            .push((now + delay, link, Later::Notice(session.id, side.other())));
        this.try_later(now, link, again, effects);
    }

    /// The time of an entry has come.
    pub fn happen(&mut self, now: Time, link: LinkIx, later: Later, effects: &mut Effects) {
        let faults = self.faults;
        let this = &mut self.links[link.0 as usize];
        match later {
            Later::Connect => {
                this.connecting = false;
                if this.may_connect() {
                    self.last_session += 1;
                    let id = SessionId(self.last_session);
                    this.begin(now, link, (id, faults), effects);
                }
            }
            Later::Up(id, side) => this.up(link, id, side, effects),
            Later::Break(id) => {
                if faults == Faults::On && this.is_current(id) {
                    this.break_session(now, link, effects);
                }
            }
            Later::Notice(id, side) => this.notice(now, link, id, side, effects),
            Later::Frame {
                session,
                to,
                number,
                stream,
                bytes,
            } => {
                let signal = this.arrive(session, to, (number, stream), bytes);
                effects.signals.push((link, to, signal));
            }
            Later::Heard { to, bytes } => {
                let heard = this.blocked == 0;
                let lost = Signal::Lost(bytes.len());
                let signal = if heard { Signal::Heard(bytes) } else { lost };
                effects.signals.push((link, to, signal));
            }
            Later::Drained(id, side) => this.drained(now, link, id, side, effects),
        }
    }
}

impl Link {
    fn new(spec: &LinkSpec, seed: Seed, index: u64) -> Self {
        Self {
            ends: [spec.ends.0, spec.ends.1],
            model: spec.model,
            draws: Draws {
                delay: seed.stream("link: delay", index),
                loss: seed.stream("link: loss", index),
                breaks: seed.stream("link: breaks", index),
            },
            blocked: 0,
            session: None,
            known: [None; 2],
            connecting: false,
        }
    }

    /// Whether what is sent now can arrive.
    fn carries(&self) -> bool {
        self.blocked == 0 && self.session.as_ref().is_some_and(|session| !session.broken)
    }

    fn is_current(&self, id: SessionId) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.id == id)
    }

    fn may_connect(&self) -> bool {
        self.blocked == 0 && !self.carries()
    }

    fn try_later(&mut self, now: Time, link: LinkIx, after: Span, effects: &mut Effects) {
        if self.may_connect() && !self.connecting {
            self.connecting = true;
            effects.later.push((now + after, link, Later::Connect));
        }
    }

    /// One end calls the other; each knows of the session as soon as the other's word has come.
    fn begin(
        &mut self,
        now: Time,
        link: LinkIx,
        (id, faults): (SessionId, Faults),
        effects: &mut Effects,
    ) {
        let caller = if self.draws.breaks.chance(0.5) {
            Side::A
        } else {
            Side::B
        };
        let called_at = now + self.model.delay.draw(&mut self.draws.breaks);
        let caller_at = called_at + self.model.delay.draw(&mut self.draws.breaks);
        let mut towards = [Direction::default(), Direction::default()];
        for (side, at) in [(caller.other(), called_at), (caller, caller_at)] {
            towards[side as usize].floor = at;
            effects.later.push((at, link, Later::Up(id, side)));
        }
        // An end that has not found out about the last session learns of its end by this one.
        self.session = Some(Session {
            id,
            broken: false,
            towards,
        });
        if faults == Faults::On {
            self.schedule_break(caller_at, link, id, effects);
        }
    }

    fn schedule_break(&mut self, from: Time, link: LinkIx, id: SessionId, effects: &mut Effects) {
        if let Some(mean) = self.model.break_every {
            let after = self.draws.breaks.exponential(mean);
            effects.later.push((from + after, link, Later::Break(id)));
        }
    }

    fn up(&mut self, link: LinkIx, id: SessionId, side: Side, effects: &mut Effects) {
        if self.is_current(id) && self.carries() {
            self.known[side as usize] = Some(id);
            effects.signals.push((link, side, Signal::Up(id)));
        }
    }

    /// Breaks the session: each stream is to lose a suffix; whether there was one to break.
    fn cut(&mut self) -> bool {
        let Some(session) = self.session.as_mut().filter(|s| !s.broken) else {
            return false;
        };
        session.broken = true;
        for direction in &mut session.towards {
            direction.loss = self.draws.breaks.unit();
        }
        true
    }

    fn break_session(&mut self, now: Time, link: LinkIx, effects: &mut Effects) {
        if !self.cut() {
            return;
        }
        let Some(id) = self.session.as_ref().map(|session| session.id) else {
            return;
        };
        for side in Side::BOTH {
            let blind = self
                .draws
                .breaks
                .between(Span(1), self.model.idle.max(Span(1)));
            effects
                .later
                .push((now + blind, link, Later::Notice(id, side)));
        }
    }

    fn notice(
        &mut self,
        now: Time,
        link: LinkIx,
        id: SessionId,
        side: Side,
        effects: &mut Effects,
    ) {
        // An end that knows of a later session has learnt of the end of this one already.
        if self.known[side as usize]
            .take_if(|known| *known == id)
            .is_some()
        {
            effects.signals.push((link, side, Signal::Down(id)));
        }
        if self.is_current(id) {
            let repair = self.model.repair;
            self.try_later(now, link, repair, effects);
        }
    }

    fn send(
        &mut self,
        now: Time,
        (link, side): (LinkIx, Side),
        id: SessionId,
        (stream, bytes): (StreamKey, Bytes),
        effects: &mut Effects,
    ) {
        let to = side.other();
        let carries = self.carries();
        let Some(session) = self.session.as_mut().filter(|s| s.id == id && carries) else {
            effects.signals.push((link, to, Signal::Lost(bytes.len())));
            return;
        };
        let direction = &mut session.towards[to as usize];
        let number = direction.sent;
        direction.sent += 1;
        let delay = self.model.delay.draw(&mut self.draws.delay);
        let left = match self.model.bandwidth {
            None => now,
            Some(rate) => {
                let took = (bytes.len() as u128 * 1_000_000_000).div_ceil(u128::from(rate));
                direction.free = direction.free.max(now) + Span(took as u64);
                direction.waiting.push_back((direction.free, bytes.len()));
                effects
                    .later
                    .push((direction.free, link, Later::Drained(id, side)));
                let backlog = direction.backlog(now);
                effects
                    .signals
                    .push((link, side, Signal::Backlog(id, backlog)));
                direction.free
            }
        };
        let at = direction.arrival(now, stream, left + delay);
        effects.later.push((
            at,
            link,
            Later::Frame {
                session: id,
                to,
                number,
                stream,
                bytes,
            },
        ));
    }

    fn arrive(
        &mut self,
        id: SessionId,
        to: Side,
        (number, stream): (u64, StreamKey),
        bytes: Bytes,
    ) -> Signal {
        let lost = Signal::Lost(bytes.len());
        let Some(session) = self.session.as_mut().filter(|session| session.id == id) else {
            return lost;
        };
        let direction = &mut session.towards[to as usize];
        let opens = direction.opened || number == 0;
        if !opens || (session.broken && direction.loses(stream, &mut self.draws.breaks)) {
            return lost;
        }
        direction.opened = true;
        if self.known[to as usize] == Some(id) {
            Signal::Frame(id, bytes)
        } else {
            lost
        }
    }

    fn drained(
        &mut self,
        now: Time,
        link: LinkIx,
        id: SessionId,
        side: Side,
        effects: &mut Effects,
    ) {
        let Some(session) = self.session.as_mut().filter(|s| s.id == id) else {
            return;
        };
        if self.known[side as usize] == Some(id) {
            let backlog = session.towards[side.other() as usize].backlog(now);
            effects
                .signals
                .push((link, side, Signal::Backlog(id, backlog)));
        }
    }
}

/// So many streams are remembered before it is looked which are over.
const STREAMS: usize = 64;

impl Direction {
    /// When a frame arrives that would take until `at` if it were alone.
    fn arrival(&mut self, now: Time, stream: StreamKey, at: Time) -> Time {
        let mut at = at.max(self.floor);
        if self.sent == 1 {
            self.floor = at;
        }
        if let StreamKey::Ordered(hop) = stream {
            if self.last_arrival.len() > STREAMS {
                self.last_arrival.retain(|_, last| *last > now);
            }
            let last = self.last_arrival.entry(hop).or_insert(at);
            at = at.max(*last);
            *last = at;
        }
        at
    }

    /// Whether a frame that arrives after the break is lost.
    fn loses(&mut self, stream: StreamKey, draws: &mut Stream) -> bool {
        match stream {
            StreamKey::Alone => draws.chance(self.loss),
            StreamKey::Ordered(hop) => {
                let lost = self.cut.contains(&hop) || draws.chance(self.loss);
                if lost {
                    self.cut.insert(hop);
                }
                lost
            }
        }
    }

    fn backlog(&mut self, now: Time) -> usize {
        while self.waiting.front().is_some_and(|(gone, _)| *gone <= now) {
            self.waiting.pop_front();
        }
        self.waiting.iter().map(|(_, bytes)| bytes).sum()
    }
}

#[cfg(test)]
mod tests;
