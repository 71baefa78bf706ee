//! A client, some servers and what is under way between them. Links break and lose suffixes of
//! what was sent, servers forget everything; the machines are the ones that run.

use std::collections::{BTreeMap, VecDeque};

use sm_core::ids::{NodeId, Span, Time};
use sm_core::mtcp::wire::{Claim, Frame};
use sm_core::mtcp::{
    Client, ClientEffect, Config, ConnectionId, Contact, End, LinkId, Opening, Peer, Reason,
    Server, ServerEffect, Timing,
};

use super::service::{Program, Service};

/// Of servers, in their order.
pub(crate) type Index = usize;

pub(crate) const ID: ConnectionId = ConnectionId([7; 16]);
const SECRET: [u8; 32] = [5; 32];

/// Acknowledgements go out at once, and nothing but attempts runs out of time.
pub(crate) const TIMING: Timing = Timing {
    heartbeat: Span(u64::MAX / 4),
    dead: Span(u64::MAX / 2),
    linger: Span(u64::MAX / 2),
    attempt: Span::secs(1),
    ack_delay: Span::ZERO,
};

/// What one end finds next in what comes from the other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Item {
    Up,
    Frame(Vec<u8>),
    Down,
}

/// One direction of a link.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Way {
    /// Whether who sends believes that it can.
    pub(crate) up: bool,
    pub(crate) queue: VecDeque<Item>,
}

impl Way {
    fn send(&mut self, frame: &Frame<'_>) {
        if self.up {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            self.queue.push_back(Item::Frame(bytes));
        }
    }

    /// Only so many of the frames under way arrive, and then the link has ended.
    pub(crate) fn cut(&mut self, kept: usize) {
        self.up = false;
        self.queue.truncate(kept);
        self.queue.push_back(Item::Down);
    }
}

/// A link of the client.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Line {
    pub(crate) server: Index,
    pub(crate) there: Way,
    pub(crate) back: Way,
}

/// A server with its service.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Host {
    pub(crate) server: Server,
    pub(crate) service: Option<Service>,
    pub(crate) frozen: bool,
}

/// Everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) client: Client,
    pub(crate) program: Program,
    pub(crate) hosts: Vec<Host>,
    pub(crate) lines: BTreeMap<LinkId, Line>,
    pub(crate) ways: BTreeMap<(Index, Index), Way>,
    next_link: u64,
    config: Config,
    /// How the connection ended for the client.
    pub(crate) end: Option<End>,
    /// Why the last attempt failed.
    pub(crate) failed: Option<Reason>,
    /// Services that stopped because they diverged.
    pub(crate) diverged: u32,
    /// Something was done that no honest end does, or read or heard that nobody said.
    pub(crate) wrong: bool,
    /// A server had not what had been called stable.
    pub(crate) lost: bool,
    /// A rule that is broken on purpose.
    pub(crate) broken: Option<Broken>,
    /// A server whose service cannot read snapshots.
    pub(crate) older: Option<Index>,
    /// The last growth that each server was told of.
    growth: BTreeMap<Index, Frame<'static>>,
}

/// Rules that a test breaks, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Broken {
    /// The client takes the answer to any attempt for that to the newest.
    AnyAnswer,
    /// A standby acknowledges what it does not keep.
    NoFence,
    /// The service does not record what it takes from elsewhere.
    Unrecorded,
}

pub(crate) fn key(index: Index) -> NodeId {
    NodeId([index as u8 + 1; 32])
}

fn index(server: NodeId) -> Index {
    usize::from(server.0[0]) - 1
}

impl World {
    /// A connection that begins at the first server.
    pub(crate) fn new(servers: usize, program: Program, config: Config) -> Self {
        let opening = Opening {
            id: ID,
            digest_seed: 99,
            window: config.window,
            settings: b"settings".to_vec(),
            timing: config.timing,
        };
        let link = LinkId(0);
        let at = Contact {
            link,
            server: key(0),
        };
        let now = Time(1);
        let host = |at| Host {
            server: Server::new(key(at), ID, config),
            service: None,
            frozen: false,
        };
        let pairs = (0..servers).flat_map(|a| (0..servers).map(move |b| (a, b)));
        let up = Way {
            up: true,
            ..Way::default()
        };
        let mut world = Self {
            now,
            client: Client::open(now, at, opening),
            program,
            hosts: (0..servers).map(host).collect(),
            lines: BTreeMap::from([(link, Line::new(0))]),
            ways: pairs
                .filter(|(a, b)| a != b)
                .map(|pair| (pair, up.clone()))
                .collect(),
            next_link: 1,
            config,
            end: None,
            failed: None,
            diverged: 0,
            wrong: false,
            lost: false,
            broken: None,
            older: None,
            growth: BTreeMap::new(),
        };
        world.settle_client();
        world
    }

    /// The client tries a server, on the link that it has to it or a new one.
    pub(crate) fn resume(&mut self, server: Index) {
        let usable = |line: &&Line| line.server == server && line.there.up && line.back.up;
        let found = self.lines.iter().find(|(_, line)| usable(line));
        let link = match found {
            Some((link, _)) => *link,
            None => self.connect(server),
        };
        let server = key(server);
        self.client
            .resume(self.now, Contact { link, server }, [3; 32]);
        self.settle_client();
    }

    /// A new link of the client.
    pub(crate) fn connect(&mut self, server: Index) -> LinkId {
        let link = LinkId(self.next_link);
        self.next_link += 1;
        self.lines.insert(link, Line::new(server));
        link
    }

    /// The client's program writes, and ends with its last byte.
    pub(crate) fn write(&mut self, count: usize) {
        let bytes = self.program.next(count);
        let taken = self.client.write(&bytes);
        self.program.wrote(taken);
        if self.program.has_written() {
            self.client.finish();
        }
        self.settle_client();
    }

    /// The service at a server does something, and says perhaps that it can go on from here.
    pub(crate) fn step(&mut self, at: Index, export: bool) -> bool {
        let now = self.now;
        let host = &mut self.hosts[at];
        let Some(service) = host.service.as_mut().filter(|_| !host.frozen) else {
            return false;
        };
        let before = service.clone();
        service.step(now, &mut host.server);
        let moved = *service != before || export;
        self.wrong |= service.wrong;
        if export {
            self.export(at);
        }
        self.settle(at);
        moved
    }

    /// The service says that it can go on from here.
    pub(crate) fn export(&mut self, at: Index) {
        let now = self.now;
        let host = &mut self.hosts[at];
        let Some(service) = host.service.as_ref().filter(|_| !host.frozen) else {
            return;
        };
        host.server.export(now, service.snapshot());
        self.settle(at);
    }

    /// The next item for a server on a client's link.
    pub(crate) fn deliver_there(&mut self, link: LinkId) {
        let line = self.lines.get_mut(&link).expect("there is such a link");
        let at = line.server;
        match line.there.queue.pop_front() {
            Some(Item::Frame(bytes)) => self.hears(at, link, &bytes),
            Some(Item::Down) => {
                line.back.up = false;
                self.hosts[at].server.link_down(self.now, link);
            }
            Some(Item::Up) | None => {}
        }
        self.settle(at);
        self.sweep(link);
    }

    /// The next item for the client on one of its links.
    pub(crate) fn deliver_back(&mut self, link: LinkId) {
        let now = self.now;
        let line = self.lines.get_mut(&link).expect("there is such a link");
        match line.back.queue.pop_front() {
            Some(Item::Frame(bytes)) => {
                let mut frame = whole(&bytes);
                if let Frame::Resumed { ends, .. } = &mut frame
                    && self.broken == Some(Broken::AnyAnswer)
                {
                    ends.server = self.client.next_epoch();
                    ends.server.0 -= 1;
                }
                let fresh = self.client.frame(now, link, &frame);
                self.wrong |= fresh.is_err();
                let fresh = fresh.unwrap_or_default();
                self.program.receive(fresh);
                self.wrong |= self.program.wrong;
                self.client.consumed(now, fresh.len());
            }
            Some(Item::Down) => {
                line.there.up = false;
                self.client.link_down(now, link);
            }
            Some(Item::Up) | None => {}
        }
        self.settle_client();
        self.sweep(link);
    }

    /// The next item between two servers.
    pub(crate) fn deliver(&mut self, from: Index, to: Index) {
        let now = self.now;
        let way = self.ways.get_mut(&(from, to)).expect("there is such a way");
        let item = way.queue.pop_front();
        let server = &mut self.hosts[to].server;
        match item {
            Some(Item::Frame(bytes)) => {
                let frame = whole(&bytes);
                let taken = server.frame(now, Peer::Server(key(from)), &frame);
                self.wrong |= taken.is_err();
                if let Frame::Log(growth) = frame {
                    let logged = Frame::Logged {
                        id: ID,
                        epoch: growth.epoch,
                        position: growth.position,
                        input: growth.input + growth.bytes.len() as u64 + u64::from(growth.fin),
                    };
                    self.growth.insert(to, logged);
                }
            }
            Some(Item::Down) => {
                self.ways.get_mut(&(to, from)).expect("a way back").up = false;
                server.unreachable(now, key(from));
            }
            Some(Item::Up) => {
                self.ways.get_mut(&(to, from)).expect("a way back").up = true;
                server.reachable(key(from));
            }
            None => {}
        }
        self.settle(to);
    }

    /// The link between two servers is lost. A new one begins when both have heard of it.
    pub(crate) fn split(&mut self, a: Index, b: Index, kept: (usize, usize)) {
        for (pair, kept) in [((a, b), kept.0), ((b, a), kept.1)] {
            self.ways.get_mut(&pair).expect("a way").cut(kept);
        }
    }

    pub(crate) fn is_split(&self, a: Index, b: Index) -> bool {
        [(a, b), (b, a)].iter().all(|pair| {
            let way = &self.ways[pair];
            !way.up && way.queue.is_empty()
        })
    }

    pub(crate) fn heal(&mut self, a: Index, b: Index) {
        for pair in [(a, b), (b, a)] {
            let way = self.ways.get_mut(&pair).expect("a way");
            way.queue.push_back(Item::Up);
        }
    }

    /// A client's link is lost.
    pub(crate) fn cut(&mut self, link: LinkId, kept: (usize, usize)) {
        let line = self.lines.get_mut(&link).expect("there is such a link");
        line.there.cut(kept.0);
        line.back.cut(kept.1);
    }

    /// A server forgets everything and begins again. Of what it sent to each other server and to
    /// the client so much arrives.
    pub(crate) fn crash(&mut self, at: Index, (to_servers, to_client): (usize, usize)) {
        self.hosts[at] = Host {
            server: Server::new(key(at), ID, self.config),
            service: None,
            frozen: false,
        };
        for line in self.lines.values_mut().filter(|line| line.server == at) {
            line.there = Way::default();
            if line.back.up {
                line.back.cut(to_client);
            }
        }
        for other in (0..self.hosts.len()).filter(|other| *other != at) {
            let there = self.ways.get_mut(&(at, other)).expect("a way");
            if there.up {
                there.cut(to_servers);
            }
            there.queue.push_back(Item::Up);
            there.up = false;
            let back = self.ways.get_mut(&(other, at)).expect("a way");
            *back = Way::default();
            back.queue.push_back(Item::Up);
        }
    }

    /// Whether the client has an attempt under way.
    pub(crate) fn is_trying(&self) -> bool {
        self.client.next_timeout() <= self.now + Span::secs(1)
    }

    /// The client's attempt has taken too long.
    pub(crate) fn client_timeout(&mut self) {
        let at = self.client.next_timeout();
        self.client.timeout(at);
        self.settle_client();
    }

    fn hears(&mut self, at: Index, link: LinkId, bytes: &[u8]) {
        let now = self.now;
        let server = &mut self.hosts[at].server;
        match whole(bytes) {
            Frame::Open(open) => server.accept(now, link, &open, SECRET),
            Frame::Resume { claim, held } => {
                server.resume(now, link, &claim, (held, [4; 32]));
            }
            frame => {
                let taken = server.frame(now, Peer::Client(link), &frame);
                self.wrong |= taken.is_err();
            }
        }
    }

    /// Does what the client asks for.
    pub(crate) fn settle_client(&mut self) {
        while let Some(effect) = self.client.poll() {
            match effect {
                ClientEffect::Send(link, frame) => {
                    if let Some(line) = self.lines.get_mut(&link) {
                        line.there.send(&frame);
                    }
                }
                ClientEffect::Drop(link) => self.hang_up(link),
                ClientEffect::Detached(reason) => {
                    self.failed = Some(reason);
                    self.lost |= reason == Reason::Lost;
                }
                ClientEffect::Closed(end) => self.end = Some(end),
                ClientEffect::Attached(_) => self.keep_attached(),
                ClientEffect::Move(..) | ClientEffect::Warm(_) | ClientEffect::Cold(..) => {}
            }
        }
        if let Some(link) = self.client.used()
            && let Some(line) = self.lines.get_mut(&link)
        {
            while let Some(frame) = self.client.poll_stream() {
                line.there.send(&frame);
            }
        }
    }

    /// The client closes the links that it does not need.
    fn keep_attached(&mut self) {
        let attached = self.client.attached();
        let others = self.lines.keys().filter(|link| Some(**link) != attached);
        for link in others.copied().collect::<Vec<_>>() {
            self.hang_up(link);
        }
    }

    fn hang_up(&mut self, link: LinkId) {
        if let Some(line) = self.lines.get_mut(&link) {
            if line.there.up {
                let kept = line.there.queue.len();
                line.there.cut(kept);
            }
            line.back = Way::default();
        }
        self.sweep(link);
    }

    /// Does what the machine of a server asks for.
    pub(crate) fn settle(&mut self, at: Index) {
        while let Some(effect) = self.hosts[at].server.poll() {
            self.effect(at, effect);
        }
        let now = self.now;
        let Host { server, .. } = &mut self.hosts[at];
        for (link, line) in self.lines.iter_mut().filter(|(_, line)| line.server == at) {
            loop {
                if let Some(frame) = server.carry(now, *link, |_, part| part.to_vec()) {
                    line.back.send(&frame);
                } else if let Some(frame) = server.poll_stream(Peer::Client(*link)) {
                    line.back.send(&frame);
                } else {
                    break;
                }
            }
        }
        let others = self.ways.iter_mut().filter(|((from, _), _)| *from == at);
        for ((_, to), way) in others.filter(|(_, way)| way.up) {
            while let Some(frame) = server.poll_stream(Peer::Server(key(*to))) {
                way.send(&frame);
            }
        }
    }

    fn effect(&mut self, at: Index, effect: ServerEffect) {
        let now = self.now;
        let host = &mut self.hosts[at];
        match effect {
            ServerEffect::Send(Peer::Client(link), frame) => {
                if let Some(line) = self.lines.get_mut(&link) {
                    line.back.send(&frame);
                }
            }
            ServerEffect::Send(Peer::Server(to), frame) => {
                let unfenced = self.broken == Some(Broken::NoFence);
                let lie = self.growth.get(&at).filter(|_| unfenced).cloned();
                let frame = match frame {
                    Frame::Unlogged { .. } => lie.unwrap_or(frame),
                    frame => frame,
                };
                let way = self.ways.get_mut(&(at, index(to))).expect("a way");
                if way.up {
                    way.send(&frame);
                } else {
                    host.server.unreachable(now, to);
                }
            }
            ServerEffect::Drop(link) => {
                if let Some(line) = self.lines.get_mut(&link)
                    && line.back.up
                {
                    let kept = line.back.queue.len();
                    line.back.cut(kept);
                    line.there = Way::default();
                }
            }
            ServerEffect::Start if self.older == Some(at) => host.server.cannot_import(),
            ServerEffect::Start => {
                let mut service = Service::start(at, host.server.snapshot());
                service.forgetful |= self.broken == Some(Broken::Unrecorded);
                host.service = Some(service);
                host.frozen = false;
                assert_eq!(host.server.settings(), Some(&b"settings"[..]));
                assert_eq!(host.server.secret(), Some(&SECRET));
            }
            ServerEffect::Freeze => host.frozen = true,
            ServerEffect::Thaw => host.frozen = false,
            ServerEffect::Stop(end) => {
                host.service = None;
                self.diverged += u32::from(end == End::Reset(Reason::Diverged));
            }
            ServerEffect::Unseal(sealed) => {
                let proves = |claim: &Claim, binding: &[u8; 32], secret: &[u8; 32]| {
                    (claim.proof, *binding, *secret) == ([3; 32], [4; 32], SECRET)
                };
                host.server.unsealed(now, Ok(&sealed), &proves);
            }
            ServerEffect::Attached(_)
            | ServerEffect::Detached
            | ServerEffect::Stays(_)
            | ServerEffect::Confirmed(_)
            | ServerEffect::Forget => {}
        }
    }

    /// A link that both ends have left is nothing.
    fn sweep(&mut self, link: LinkId) {
        if let Some(line) = self.lines.get(&link) {
            let over = |way: &Way| !way.up && way.queue.is_empty();
            if over(&line.there) && over(&line.back) {
                self.lines.remove(&link);
            }
        }
    }
}

impl Line {
    fn new(server: Index) -> Self {
        let up = Way {
            up: true,
            ..Way::default()
        };
        Self {
            server,
            there: up.clone(),
            back: up,
        }
    }
}

fn whole(bytes: &[u8]) -> Frame<'_> {
    let decoded = Frame::decode(bytes).expect("it was encoded");
    let (frame, length) = decoded.expect("it is whole");
    assert_eq!(length, bytes.len());
    let mut again = Vec::new();
    frame.encode(&mut again);
    assert_eq!(again, bytes);
    frame
}
