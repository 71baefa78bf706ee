//! A run: the queue, the links, the machines on them, and what is seen.

use std::collections::VecDeque;
use std::sync::Arc;

use sm_core::ids::{HopNumber, Incarnation, NodeId, Span, Time};
use sm_core::mtcp::wire::{Frame, Versions};
use sm_core::mtcp::{ConnectionId, End, Opening, Reason};
use sm_core::wire::HopKey;

use super::Step;
use super::host::{Host, Then};
use super::judge::{Judge, Wrong};
use super::plan::{Deed, Plan, When};
use super::program::Program;
use super::user::User;
use crate::limits;
use crate::link::{Effects, Later, LinkIx, Links, Side, Signal, StreamKey};
use crate::network::{Layout, LinkSpec, NodeIx, NodeSpec};
use crate::random::{Seed, Stream};
use crate::trace::{Event, Record, Text, TraceHash, TraceHasher};
use crate::wheel::Wheel;
use crate::world::Names;

/// The node of the client.
pub(super) const CLIENT: NodeIx = NodeIx(0);

/// All segments of a session are one stream.
const STREAM: StreamKey = StreamKey::Ordered(HopKey {
    hop: HopNumber {
        sequence: 0,
        incarnation: Incarnation(0),
    },
    by: sm_core::hop::Side::Sender,
});

/// Something that is to happen.
#[derive(Debug)]
pub(super) enum Due {
    Link(LinkIx, Later),
    /// The clock of a server, in this life.
    Alarm(NodeIx, u32),
    UserAlarm,
    /// A step of a service.
    Service(NodeIx, u32),
    Program,
    /// The client tries somebody.
    Retry,
    Deed(Deed),
    /// An entry of what happens again and again.
    Again(usize),
    Restart(NodeIx, Then),
    GoOn(NodeIx),
    Mend(LinkIx),
    /// A server hears again what another one said.
    Echo {
        to: NodeIx,
        from: NodeIx,
        bytes: Vec<u8>,
    },
    Heal,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How the connection ended for the client.
    pub end: End,
    /// How long it lasted.
    pub took: Span,
    /// The hash of all that happened.
    pub trace: TraceHash,
    /// The hash of all that the program got.
    pub output: [u8; 32],
    /// The bytes that it got.
    pub bytes: u64,
    /// How often the client was attached.
    pub attached: u32,
    /// How often a service did something else when it ran again.
    pub diverged: u32,
    /// The times without a byte for the program when the connection moved.
    pub gaps: Vec<Gap>,
    /// The most bytes that waited in one driver.
    pub backlog: usize,
    /// Faults that happened.
    pub deeds: u32,
}

/// A time in which the connection was nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From the last moment in which bytes were taken to the first byte from the new place.
    pub span: Span,
    /// Whether the client left an owner that it could hear.
    pub planned: bool,
}

/// One run of a plan.
///
/// # Errors
/// What went wrong that must not, whatever faults there are.
pub fn run(plan: &Plan, seed: Seed) -> Result<Outcome, Wrong> {
    World::new(plan, seed, false).run()
}

/// All that happened in a run, in lines, and what came of it.
pub fn story(plan: &Plan, seed: Seed) -> String {
    let mut world = World::new(plan, seed, true);
    let result = world.run();
    let mut lines: Vec<String> = world
        .records
        .iter()
        .map(|record| Text::new(&world.names, record).to_string())
        .collect();
    lines.push(match result {
        Ok(outcome) => format!("{:?} after {:?}", outcome.end, outcome.took),
        Err(wrong) => wrong.to_string(),
    });
    lines.join("\n")
}

/// Everything.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: Time,
    pub(super) began: Time,
    queue: Wheel<Due>,
    /// What machines are to be told before anything else happens.
    signals: VecDeque<(LinkIx, Side, Signal)>,
    pub(super) links: Links,
    pub(super) names: Names,
    pub(super) hosts: Vec<Host>,
    pub(super) user: User,
    pub(super) program: Program,
    pub(super) judge: Judge,
    pub(super) id: ConnectionId,
    pub(super) settings: Vec<u8>,
    /// Draws of faults and of what the drivers choose.
    pub(super) draws: Stream,
    pub(super) healed: bool,
    /// Links that are to be mended.
    pub(super) blocked: Vec<LinkIx>,
    pub(super) attached: u32,
    pub(super) tried: u32,
    pub(super) answered: u32,
    pub(super) frozen: u32,
    pub(super) listed: u32,
    pub(super) diverged: u32,
    pub(super) deeds: u32,
    /// The standbys that the client was last told of.
    pub(super) proposed: Option<Vec<NodeId>>,
    /// Since when the connection is nowhere, and whether that was planned.
    away: Option<(Time, bool)>,
    gaps: Vec<Gap>,
    backlog: usize,
    trace: TraceHasher,
    detail: bool,
    records: Vec<Record>,
    wrong: Option<Wrong>,
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, seed: Seed, detail: bool) -> Self {
        let layout = layout(plan);
        let names = Names::new("mtcp", &layout);
        let mut draws = seed.stream("mtcp: world", 0);
        let mut id = ConnectionId::default();
        id.0.fill_with(|| draws.bits() as u8);
        let length = draws.index(64);
        let settings = (0..length).map(|_| draws.bits() as u8).collect();
        let nodes = (1..=plan.servers).map(NodeIx);
        let host = |ix| {
            let mut host = Host::new(ix, (names.key_of(ix), id), plan.granted(), seed);
            if plan.foreign.contains(&ix) {
                host.versions = Versions::between(7, 9).expect("they are in order");
            }
            host
        };
        let program = Program::new(plan, seed);
        Self {
            plan,
            now: Time::ZERO,
            began: Time::ZERO,
            queue: Wheel::default(),
            signals: VecDeque::new(),
            links: Links::new(layout.nodes.len(), &layout.links, seed),
            hosts: nodes.map(host).collect(),
            names,
            user: User::new(seed),
            judge: Judge::new(plan, &program.input),
            program,
            id,
            settings,
            draws,
            healed: false,
            blocked: Vec::new(),
            attached: 0,
            tried: 0,
            answered: 0,
            frozen: 0,
            listed: 0,
            diverged: 0,
            deeds: 0,
            proposed: None,
            away: None,
            gaps: Vec::new(),
            backlog: 0,
            trace: TraceHasher::default(),
            detail,
            records: Vec::new(),
            wrong: None,
        }
    }

    fn run(&mut self) -> Result<Outcome, Wrong> {
        let mut effects = Effects::default();
        for (_, link) in self.pairs() {
            self.links.connect(self.now, link, &mut effects);
        }
        self.perform(effects);
        let ready = self.now + limits::WARM_UP;
        while self.step(ready) {}
        self.begin();
        let deadline = self.plan.deadline(self.began);
        while self.user.over.is_none() && self.step(deadline) {}
        let Some((end, at)) = self.user.over else {
            self.wrong("it does not come to its end".to_owned());
            return Err(self.wrong.take().expect("it was just said"));
        };
        // Whatever servers still keep is forgotten in time.
        let timing = self.plan.config.timing;
        let forgotten = at + timing.linger + timing.linger + timing.dead + timing.dead;
        while self.step(forgotten) {}
        if let Some(left) = self.servers().find(|at| !self.host(*at).end.is_empty()) {
            self.wrong(format!("{} never forgets", self.names.node(left)));
        }
        match self.wrong.take() {
            Some(wrong) => Err(wrong),
            None => Ok(self.outcome(end, at.since(self.began))),
        }
    }

    fn outcome(&mut self, end: End, took: Span) -> Outcome {
        Outcome {
            end,
            took,
            trace: self.trace.hash(),
            output: self.judge.output(),
            bytes: self.judge.heard,
            attached: self.attached,
            diverged: self.diverged,
            gaps: std::mem::take(&mut self.gaps),
            backlog: self.backlog,
            deeds: self.deeds,
        }
    }

    fn begin(&mut self) {
        self.began = self.now;
        let mut effects = Effects::default();
        self.links.begin_faults(self.now, &mut effects);
        self.perform(effects);
        let opening = Opening {
            id: self.id,
            digest_seed: self.draws.bits(),
            window: self.plan.window,
            settings: self.settings.clone(),
            timing: self.plan.config.timing,
        };
        let able = |at: &NodeIx| !self.plan.foreign.contains(at);
        let first = self
            .servers()
            .find(able)
            .expect("one server speaks our version");
        self.open(first, opening);
        self.push(self.now + self.plan.saying.after, Due::Program);
        self.push(self.now + self.plan.heal, Due::Heal);
        for index in 0..self.plan.rest.len() {
            self.again(index);
        }
        self.reached(When::Begun);
    }

    /// Lets the next thing happen; false if nothing is to before this time, or something is wrong.
    fn step(&mut self, until: Time) -> bool {
        if self.wrong.is_some() {
            return false;
        }
        if let Some((link, side, signal)) = self.signals.pop_front() {
            self.signal(link, side, signal);
            return true;
        }
        let Some((at, due)) = self.queue.pop(until.0) else {
            self.now = until;
            return false;
        };
        self.now = self.now.max(Time(at));
        self.happen(due);
        true
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Link(link, later) => {
                let mut effects = Effects::default();
                self.links.happen(self.now, link, later, &mut effects);
                self.perform(effects);
            }
            Due::Alarm(at, boot) if self.host(at).boot == boot => self.alarm(at),
            Due::Service(at, boot) if self.host(at).boot == boot => self.serve(at),
            Due::Alarm(..) | Due::Service(..) => {}
            Due::UserAlarm => self.user_alarm(),
            Due::Program => self.tick(),
            Due::Retry => self.retry(),
            Due::Deed(deed) => self.deed(deed),
            Due::Again(index) => {
                if !self.healed {
                    self.deed(self.plan.rest[index].deed);
                    self.again(index);
                }
            }
            Due::Restart(at, then) => self.restart(at, then),
            Due::GoOn(at) => self.go_on(at),
            Due::Mend(link) => self.mend(link),
            Due::Echo { to, from, bytes } => self.echoed(to, from, &bytes),
            Due::Heal => self.heal(),
        }
    }

    pub(super) fn push(&mut self, at: Time, due: Due) {
        self.queue.push(at.0, due);
    }

    /// Queues what links will do, and what machines are to be told.
    pub(super) fn perform(&mut self, effects: Effects) {
        for (at, link, later) in effects.later {
            self.push(at, Due::Link(link, later));
        }
        self.signals.extend(effects.signals);
    }

    fn signal(&mut self, link: LinkIx, side: Side, signal: Signal) {
        let node = self.links.node(link, side);
        let peer = self.links.node(link, side.other());
        match &signal {
            Signal::Up(session) => self.note(Event::SessionUp {
                node,
                peer,
                session: *session,
            }),
            Signal::Down(session) => self.note(Event::SessionDown {
                node,
                peer,
                session: *session,
            }),
            Signal::Lost(bytes) => self.note(Event::Lost {
                from: peer,
                to: node,
                bytes: *bytes,
            }),
            Signal::Frame(..) | Signal::Heard(_) | Signal::Backlog(..) => {}
        }
        match node {
            CLIENT => self.user_signal(peer, signal),
            _ => self.host_signal(node, peer, signal),
        }
    }

    /// Sends a frame in the session that there is.
    pub(super) fn write(&mut self, from: NodeIx, to: NodeIx, frame: &Frame<'_>) {
        if let Frame::Standbys { standbys, .. } = frame {
            self.proposed = Some(standbys.clone());
        }
        self.write_bytes(from, to, encode(frame));
    }

    pub(super) fn write_bytes(&mut self, from: NodeIx, to: NodeIx, bytes: Vec<u8>) {
        let end = self.end_of(from, to);
        let segment = self.plan.segment;
        let limited = match (from, to) {
            (CLIENT, _) | (_, CLIENT) => self.plan.access.bandwidth.is_some(),
            _ => self.plan.backbone.bandwidth.is_some(),
        };
        let lines = match from {
            CLIENT => &mut self.user.lines,
            from => &mut self.hosts[from.at() - 1].lines,
        };
        let Some(line) = lines.get_mut(to) else {
            return;
        };
        let session = line.session;
        if limited {
            line.backlog += bytes.len();
            self.backlog = self.backlog.max(line.backlog);
        }
        let mut effects = Effects::default();
        for piece in bytes.chunks(segment) {
            let stream = (STREAM, piece.into());
            self.links
                .send(self.now, end, session, stream, &mut effects);
        }
        // It is counted already, and would be told of each segment alone.
        effects
            .signals
            .retain(|(.., signal)| !matches!(signal, Signal::Backlog(..)));
        self.perform(effects);
        let frame: Arc<[u8]> = bytes.into();
        self.note(Event::Mtcp { from, to, frame });
    }

    /// Closes the session with a machine; a new one begins after some time.
    pub(super) fn hang_up(&mut self, at: NodeIx, peer: NodeIx, again: Span) {
        let end = self.end_of(at, peer);
        let lines = match at {
            CLIENT => &mut self.user.lines,
            at => &mut self.hosts[at.at() - 1].lines,
        };
        let Some(session) = lines.get_mut(peer).map(|line| line.session) else {
            return;
        };
        lines.down(peer, session);
        let mut effects = Effects::default();
        self.links.close(self.now, end, again, &mut effects);
        self.perform(effects);
    }

    /// The end of the link to another machine.
    pub(super) fn end_of(&self, from: NodeIx, to: NodeIx) -> (LinkIx, Side) {
        let leads = |end: &&(LinkIx, Side)| self.links.node(end.0, end.1.other()) == to;
        let found = self.links.of(from).iter().find(leads);
        *found.expect("every two are linked")
    }

    /// All links.
    pub(super) fn pairs(&self) -> Vec<((NodeIx, NodeIx), LinkIx)> {
        let count = self.plan.servers + 1;
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (NodeIx(a), NodeIx(b))));
        pairs.zip((0..).map(LinkIx)).collect()
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = NodeIx> + use<> {
        (1..=self.plan.servers).map(NodeIx)
    }

    pub(super) fn key(&self, node: NodeIx) -> NodeId {
        self.names.key_of(node)
    }

    /// The client has left its owner.
    pub(super) fn left(&mut self, planned: bool) {
        if self.away.is_none() && self.attached > 0 {
            self.away = Some((self.now, planned));
        }
    }

    /// The program gets bytes again.
    pub(super) fn resumed_with_bytes(&mut self) {
        if let Some((since, planned)) = self.away.take() {
            let span = self.now.since(since);
            self.gaps.push(Gap { span, planned });
        }
    }

    /// The connection has ended for the client.
    pub(super) fn ended(&mut self, end: End) {
        let written = self.program.ended && self.judge.is_complete();
        match end {
            End::Done if written => {}
            End::Done => self.wrong("it ends before everything has come".to_owned()),
            End::Reset(Reason::Unknown) if self.plan.may_be_lost => {
                let keeps = |at: &NodeIx| self.host(*at).up && !self.host(*at).end.is_empty();
                if self.holders().iter().any(keeps) {
                    self.wrong("it is given up though somebody has it".to_owned());
                }
            }
            other => self.wrong(format!("it ends with {other:?}")),
        }
        self.heal();
    }

    pub(super) fn wrong(&mut self, what: String) {
        let at = self.now;
        self.wrong.get_or_insert(Wrong { at, what });
    }

    pub(super) fn did(&mut self, node: NodeIx, step: Step) {
        self.note(Event::Connection { node, step });
    }

    pub(super) fn note(&mut self, event: Event) {
        let record = Record {
            at: self.now,
            event,
        };
        self.trace.add(&record);
        if self.detail {
            self.records.push(record);
        }
    }
}

/// The bytes of a frame.
pub(super) fn encode(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    bytes
}

/// The client and the servers, every two of them linked.
fn layout(plan: &Plan) -> Layout {
    let named = |name: String| NodeSpec {
        name,
        ..NodeSpec::default()
    };
    let servers = (1..=plan.servers).map(|at| format!("s{at}"));
    let nodes = [String::from("client")].into_iter().chain(servers);
    let count = plan.servers + 1;
    let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
    let links = pairs.map(|(a, b)| {
        let model = if a == 0 { plan.access } else { plan.backbone };
        LinkSpec::new((NodeIx(a), NodeIx(b)), model)
    });
    Layout {
        nodes: nodes.map(named).collect(),
        links: links.collect(),
    }
}
