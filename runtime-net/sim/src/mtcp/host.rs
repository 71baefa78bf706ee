//! A server: the machine that runs, its service, and what the world does with both.

use std::collections::VecDeque;

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::{Frame, Versions};
use sm_core::mtcp::{Config, ConnectionId, Peer, Reason, Server, ServerEffect};
use sm_core::node::Deed;

use super::Step;
use super::clock::Clock;
use super::lines::{Lines, link};
use super::message::Carrier;
use super::plan::{Broken, Mode, When};
use super::service::{Done, Service};
use super::world::{CLIENT, Due, World};
use crate::link::Signal;
use crate::network::NodeIx;
use crate::random::{Seed, Stream};

/// What proofs of possession are made with: the simulated driver checks none.
const SECRET: [u8; 32] = [5; 32];
/// What they are bound to.
const BINDING: [u8; 32] = [4; 32];

/// A server.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) end: Server,
    pub(super) service: Option<Service>,
    /// Where services are messages: the node beside the server.
    pub(super) carrier: Option<Box<Carrier>>,
    frozen: bool,
    pub(super) up: bool,
    /// Counts crashes and halts, so that nothing reaches another life than the one it was for.
    pub(super) boot: u32,
    pub(super) clock: Clock,
    pub(super) lines: Lines,
    pub(super) versions: Versions,
    /// What has come while the server does nothing; none if it does.
    pub(super) halted: Option<VecDeque<(NodeIx, Signal)>>,
    /// It is to restart when it has no connection, and then perhaps the next one.
    pub(super) drains: Option<Then>,
    /// Whether a step of the service is in the queue.
    busy: bool,
    pub(super) draws: Stream,
}

/// What follows when a server has restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Next,
}

impl Host {
    pub(super) fn new(
        ix: NodeIx,
        (me, id): (NodeId, ConnectionId),
        config: Config,
        seed: Seed,
    ) -> Self {
        let mut draws = seed.stream("mtcp: host", u64::from(ix.0));
        Self {
            end: Server::new(me, id, config),
            service: None,
            carrier: None,
            frozen: false,
            up: true,
            boot: 0,
            clock: Clock::draw(&mut draws),
            lines: Lines::default(),
            versions: Versions::OURS,
            halted: None,
            drains: None,
            busy: false,
            draws,
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self, (me, id): (NodeId, ConnectionId), config: Config) {
        self.end = Server::new(me, id, config);
        self.service = None;
        self.carrier = None;
        self.frozen = false;
        self.lines = Lines::default();
        self.halted = None;
        self.drains = None;
        self.interrupt();
    }

    /// What is in the queue for it is for an earlier life.
    pub(super) fn interrupt(&mut self) {
        self.boot += 1;
        self.busy = false;
        self.clock.reset();
    }

    fn runs(&self) -> bool {
        self.up && self.halted.is_none()
    }

    /// Whether its service may have something to do.
    fn may_serve(&self) -> bool {
        self.carrier.is_some() || (self.service.is_some() && !self.frozen)
    }

    /// What the node of its service wants done.
    pub(super) fn next_deed(&mut self) -> Option<Deed> {
        self.carrier.as_mut()?.deed()
    }

    /// When it is next to be told the time.
    fn next_timeout(&self) -> Time {
        let node = self.carrier.as_ref();
        let node = node.map_or(Time::NEVER, |carrier| carrier.next_timeout());
        self.end.next_timeout().min(node)
    }
}

impl World<'_> {
    /// The machine is asked for the time at a server.
    pub(super) fn local(&self, at: NodeIx) -> Time {
        self.host(at).clock.local(self.now)
    }

    pub(super) fn host(&self, at: NodeIx) -> &Host {
        &self.hosts[at.at() - 1]
    }

    pub(super) fn host_mut(&mut self, at: NodeIx) -> &mut Host {
        &mut self.hosts[at.at() - 1]
    }

    /// What a server is told by its links.
    pub(super) fn host_signal(&mut self, at: NodeIx, peer: NodeIx, signal: Signal) {
        let host = self.host_mut(at);
        if !host.up {
            return;
        }
        if let Some(inbox) = &mut host.halted {
            inbox.push_back((peer, signal));
            return;
        }
        match signal {
            Signal::Up(session) => {
                let before = host.lines.up(peer, session);
                if peer != CLIENT && before.is_some() {
                    self.apart(at, peer);
                }
                let versions = self.host(at).versions;
                self.write(at, peer, &Frame::Hello(versions));
            }
            Signal::Down(session) => {
                if host.lines.down(peer, session) {
                    let local = self.local(at);
                    match peer {
                        CLIENT => self.host_mut(at).end.link_down(local, link(session)),
                        _ => self.apart(at, peer),
                    }
                }
            }
            Signal::Frame(session, bytes) => {
                let Some(line) = host.lines.of(peer, session) else {
                    return;
                };
                match line.take(&bytes) {
                    Ok(frames) => frames
                        .iter()
                        .for_each(|frame| self.host_frame(at, peer, frame)),
                    Err(what) => self.wrong(what),
                }
            }
            Signal::Backlog(session, bytes) => {
                if let Some(line) = host.lines.of(peer, session) {
                    line.backlog = bytes;
                }
            }
            Signal::Heard(_) | Signal::Lost(_) => {}
        }
        self.settle(at);
    }

    /// Another server is out of reach.
    fn apart(&mut self, at: NodeIx, peer: NodeIx) {
        let (local, key) = (self.local(at), self.key(peer));
        self.host_mut(at).end.unreachable(local, key);
    }

    fn host_frame(&mut self, at: NodeIx, peer: NodeIx, bytes: &[u8]) {
        let Ok(Some((frame, _))) = Frame::decode(bytes) else {
            return self.wrong("a frame that was whole is none".to_owned());
        };
        if let Frame::Hello(theirs) = frame {
            return self.host_greeted(at, peer, theirs);
        }
        if matches!(frame, Frame::Log(_)) && self.lose_log(at, peer, &frame) {
            return;
        }
        let (local, key) = (self.local(at), self.key(peer));
        let host = self.host_mut(at);
        let Some(line) = host.lines.ready(peer) else {
            return self.wrong(format!("{frame:?} comes before HELLO"));
        };
        let session = link(line.session);
        let end = &mut host.end;
        let taken = match &frame {
            Frame::Open(open) if peer == CLIENT => {
                end.accept(local, session, open, SECRET);
                Ok(())
            }
            Frame::Resume { claim, held } if peer == CLIENT => {
                end.resume(local, session, claim, (held.as_deref(), BINDING));
                Ok(())
            }
            frame if peer == CLIENT => end.frame(local, Peer::Client(session), frame),
            // What the service does in its turn moves with it.
            pull @ Frame::Pull { .. }
                if host
                    .carrier
                    .as_mut()
                    .is_some_and(|carrier| carrier.holds(end, key, pull)) =>
            {
                Ok(())
            }
            frame => end.frame(local, Peer::Server(key), frame),
        };
        if taken.is_err() && peer != CLIENT && self.plan.holes > 0.0 {
            // What follows a hole is not what an honest end would send.
            self.hang_up(at, peer, self.plan.backbone.repair);
            self.apart(at, peer);
        } else if let Err(fault) = taken {
            self.wrong(format!("an honest frame is refused: {fault}: {frame:?}"));
        }
        self.settle(at);
    }

    fn host_greeted(&mut self, at: NodeIx, peer: NodeIx, theirs: Versions) {
        let key = self.key(peer);
        let host = self.host_mut(at);
        let ours = host.versions;
        let fits = host
            .lines
            .get_mut(peer)
            .is_some_and(|line| line.greeted(ours, theirs));
        if !fits {
            return self.hang_up(at, peer, crate::limits::CLOSED);
        }
        if peer != CLIENT {
            host.end.reachable(key);
        }
        self.settle(at);
    }

    /// Does what the machine of a server asks for, and gives its links what they have room for.
    pub(super) fn settle(&mut self, at: NodeIx) {
        if !self.host(at).runs() {
            return;
        }
        while let Some(effect) = self.host_mut(at).end.poll() {
            self.host_effect(at, effect);
        }
        for peer in self.host(at).lines.peers() {
            self.host_stream(at, peer);
        }
        let (now, host) = (self.now, self.host_mut(at));
        let due = host.next_timeout();
        if let Some(alarm) = host.clock.alarm(now, due) {
            let boot = host.boot;
            self.push(alarm, Due::Alarm(at, boot));
        }
        self.wake(at);
        self.restart_drained(at);
    }

    fn host_stream(&mut self, at: NodeIx, peer: NodeIx) {
        let key = self.key(peer);
        loop {
            let host = self.host_mut(at);
            let Some(line) = host
                .lines
                .ready(peer)
                .filter(|line| line.backlog < crate::limits::MTCP_BACKLOG)
            else {
                return;
            };
            let to = match peer {
                CLIENT => Peer::Client(link(line.session)),
                _ => Peer::Server(key),
            };
            let Some(frame) = host.end.poll_stream(to) else {
                return;
            };
            let bytes = super::world::encode(&frame);
            self.write_bytes(at, peer, bytes);
        }
    }

    fn host_effect(&mut self, at: NodeIx, effect: ServerEffect) {
        match effect {
            ServerEffect::Send(Peer::Client(to), frame) => {
                if self.host(at).lines.peer(to) == Some(CLIENT) {
                    self.write(at, CLIENT, &frame);
                }
            }
            ServerEffect::Send(Peer::Server(key), frame) => self.tell_server(at, key, &frame),
            ServerEffect::Drop(gone) => {
                if self.host(at).lines.peer(gone) == Some(CLIENT) {
                    let again = self.plan.access.repair;
                    self.hang_up(at, CLIENT, again);
                }
            }
            ServerEffect::Start => self.start(at),
            ServerEffect::Freeze => {
                self.host_mut(at).frozen = true;
                self.did(at, Step::Freezes);
                self.frozen += 1;
                self.reached(When::Frozen(self.frozen));
            }
            ServerEffect::Thaw => {
                self.host_mut(at).frozen = false;
                self.did(at, Step::Thaws);
            }
            ServerEffect::Stop(end) => {
                let local = self.local(at);
                let host = self.host_mut(at);
                host.service = None;
                if let Some(carrier) = &mut host.carrier {
                    carrier.gone((local, &mut host.end), end);
                }
                self.did(at, Step::Stops(end));
                self.stopped(end);
            }
            ServerEffect::Confirmed(epoch) => {
                self.did(at, Step::Confirmed(epoch));
                self.recruit_by_rule(at);
            }
            ServerEffect::Attached(_) => self.recruit_by_rule(at),
            ServerEffect::Forget => self.did(at, Step::Forgets),
            ServerEffect::Unseal(_) => {
                let local = self.local(at);
                self.host_mut(at).end.unsealed(local, None);
            }
            ServerEffect::Detached => {}
        }
    }

    fn tell_server(&mut self, at: NodeIx, key: NodeId, frame: &Frame<'_>) {
        let Some(peer) = self.names.find(key) else {
            return self.wrong(format!("{frame:?} is for nobody"));
        };
        if self.host(at).lines.ready(peer).is_none() {
            return self.apart(at, peer);
        }
        self.write(at, peer, frame);
        if matches!(frame, Frame::Release { .. }) && self.plan.echoes {
            self.echo(at, peer, super::world::encode(frame));
        }
    }

    /// The service begins, or goes on from a snapshot.
    fn start(&mut self, at: NodeIx) {
        let older = self.plan.older.contains(&at);
        let end = &self.host(at).end;
        let moved = end.snapshot().is_some();
        if end.settings() != Some(&self.settings[..]) {
            self.wrong("the settings of the connection did not travel".to_owned());
        }
        let plan = &self.plan.service;
        if plan.message.is_some() {
            return match older && moved {
                true => self.host_mut(at).end.cannot_import(),
                false => self.begin_message(at),
            };
        }
        let unrecorded = self.plan.broken == Some(Broken::Unrecorded);
        let forgetful = plan.forgetful.contains(&at) || unrecorded;
        let snapshot = self.host(at).end.snapshot();
        let snapshot = snapshot.filter(|_| self.plan.broken != Some(Broken::Amnesia));
        let service = Service::start(plan, snapshot, forgetful);
        if service.is_none() {
            self.wrong("a snapshot is not what was exported".to_owned());
        }
        let epoch = self.host(at).end.summary().epoch;
        let host = self.host_mut(at);
        host.frozen = false;
        if older && moved {
            return host.end.cannot_import();
        }
        host.service = service;
        self.did(at, Step::Starts(epoch));
    }

    /// A server that has run a service for a client gets a standby, if it should have one.
    fn recruit_by_rule(&mut self, at: NodeIx) {
        if self.plan.mode == Mode::Eager {
            let able = |other: &NodeIx| *other != at && self.is_able(*other);
            let others: Vec<NodeIx> = self.servers().filter(able).collect();
            if others.is_empty() || !self.host(at).end.standbys().is_empty() {
                return;
            }
            let to = others[self.draws.index(others.len())];
            let (local, key) = (self.local(at), self.key(to));
            self.host_mut(at).end.recruit(local, key);
        }
    }

    /// Whether a server could go on with what is here.
    fn is_able(&self, at: NodeIx) -> bool {
        let plan = &self.plan;
        let unable = [&plan.foreign, &plan.older, &plan.service.forgetful];
        !unable.iter().any(|servers| servers.contains(&at))
    }

    /// Makes a server another one's standby, or dismisses it.
    pub(super) fn recruit(&mut self, at: NodeIx, to: NodeIx) {
        if !self.is_able(to) {
            return;
        }
        let (local, key) = (self.local(at), self.key(to));
        let host = self.host_mut(at);
        if host.runs() && !host.end.recruit(local, key) {
            host.end.dismiss(local, key);
        }
        self.settle(at);
    }

    /// The service has perhaps something to do.
    fn wake(&mut self, at: NodeIx) {
        let took = self.plan.service.step;
        let now = self.now;
        let host = self.host_mut(at);
        if !host.busy && host.may_serve() {
            host.busy = true;
            let (due, boot) = (now + took.draw(&mut host.draws), host.boot);
            self.push(due, Due::Service(at, boot));
        }
    }

    /// One step of a service.
    pub(super) fn serve(&mut self, at: NodeIx) {
        let local = self.local(at);
        let host = self.host_mut(at);
        host.busy = false;
        if host.carrier.is_some() {
            return match self.serve_message(at) {
                true => self.settle(at),
                false => self.rest(at),
            };
        }
        let frozen = host.frozen;
        let Some(service) = host.service.as_mut().filter(|_| !frozen) else {
            return;
        };
        let done = service.step(local, &mut host.end, &mut host.draws);
        if done == Done::Nothing {
            return self.rest(at);
        }
        self.judge_step(at, &done);
        // The answer leaves, and the snapshot is not stored yet.
        if done == Done::Answered && !self.has_answered(at) {
            return;
        }
        let host = self.host_mut(at);
        if let Some(service) = &mut host.service
            && service.exports(&done, &mut host.draws)
        {
            service.export(local, &mut host.end);
        }
        self.settle(at);
    }

    /// What a service waits for wakes it.
    fn rest(&mut self, at: NodeIx) {
        let idle = std::mem::replace(&mut self.host_mut(at).busy, true);
        self.settle(at);
        self.host_mut(at).busy = idle;
    }

    /// A service has answered. False if it does not outlive that.
    pub(super) fn has_answered(&mut self, at: NodeIx) -> bool {
        let boot = self.host(at).boot;
        self.settle(at);
        self.answered += 1;
        self.reached(When::Answered(self.answered));
        self.host(at).boot == boot
    }

    fn judge_step(&mut self, at: NodeIx, done: &Done) {
        let judged = match done {
            Done::Read(offset, bytes) => self.judge.read(*offset, bytes, self.program.written),
            Done::End(offset) => self.judge.end(*offset, self.program.ended),
            Done::Drew(request, value) => {
                self.judge.drew(*request, *value);
                Ok(())
            }
            Done::Nothing | Done::Answered | Done::Something => Ok(()),
        };
        if let Err(what) = judged {
            self.wrong(format!("{}: {what}", self.names.node(at)));
        }
    }

    /// It is time for the machine of a server.
    pub(super) fn alarm(&mut self, at: NodeIx) {
        let (now, local) = (self.now, self.local(at));
        let host = self.host_mut(at);
        host.clock.rang(now);
        if host.end.next_timeout() <= local {
            host.end.timeout(local);
        }
        if let Some(carrier) = &mut host.carrier {
            carrier.timeout(local);
        }
        self.settle(at);
    }

    fn stopped(&mut self, end: sm_core::mtcp::End) {
        if end == sm_core::mtcp::End::Reset(Reason::Diverged) {
            self.diverged += 1;
            if !self.plan.may_diverge && self.plan.broken.is_none() {
                self.wrong("a service does something else when it runs again".to_owned());
            }
        }
    }
}
