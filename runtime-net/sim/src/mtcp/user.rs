//! The client: its end of the connection, its program, and whom it tries when.

use std::collections::BTreeSet;

use sm_core::ids::{Span, Time};
use sm_core::mtcp::wire::{Advice, Candidate, Frame, Versions};
use sm_core::mtcp::{Client, ClientEffect, Contact, End, Opening, Reason};

use super::Step;
use super::clock::Clock;
use super::lines::{Lines, link};
use super::plan::{Broken, When};
use super::world::{CLIENT, Due, World, encode};
use crate::limits;
use crate::link::Signal;
use crate::network::NodeIx;
use crate::random::{Seed, Stream};

/// The client.
#[derive(Debug)]
pub(super) struct User {
    /// None before the connection begins.
    pub(super) end: Option<Client>,
    clock: Clock,
    pub(super) lines: Lines,
    /// Whom it tried last.
    pub(super) target: Option<NodeIx>,
    /// Whether an attempt is under way.
    trying: bool,
    /// How often it tried since it was attached.
    tries: u32,
    /// Those that have said since that they know nothing of the connection.
    gone: BTreeSet<NodeIx>,
    /// Whether it is about to try.
    waits: bool,
    /// How the connection ended, and when.
    pub(super) over: Option<(End, Time)>,
    draws: Stream,
}

impl User {
    pub(super) fn new(seed: Seed) -> Self {
        let mut draws = seed.stream("mtcp: client", 0);
        Self {
            end: None,
            clock: Clock::draw(&mut draws),
            lines: Lines::default(),
            target: None,
            trying: false,
            tries: 0,
            gone: BTreeSet::new(),
            waits: false,
            over: None,
            draws,
        }
    }
}

impl World<'_> {
    fn user_local(&self) -> Time {
        self.user.clock.local(self.now)
    }

    /// Begins the connection.
    pub(super) fn open(&mut self, at: NodeIx, opening: Opening) {
        let Some(line) = self.user.lines.ready(at) else {
            return self.wrong("there is no session to begin with".to_owned());
        };
        let contact = Contact {
            link: link(line.session),
            server: self.key(at),
        };
        self.user.end = Some(Client::open(self.user_local(), contact, opening));
        self.user.target = Some(at);
        self.user_settle();
    }

    /// What the client is told by its links.
    pub(super) fn user_signal(&mut self, peer: NodeIx, signal: Signal) {
        let local = self.user_local();
        match signal {
            Signal::Up(session) => {
                let before = self.user.lines.up(peer, session);
                if let (Some(before), Some(end)) = (before, &mut self.user.end) {
                    end.link_down(local, link(before));
                }
                self.write(CLIENT, peer, &Frame::Hello(Versions::OURS));
            }
            Signal::Down(session) => {
                if self.user.lines.down(peer, session)
                    && let Some(end) = &mut self.user.end
                {
                    end.link_down(local, link(session));
                }
            }
            Signal::Frame(session, bytes) => {
                let Some(line) = self.user.lines.of(peer, session) else {
                    return;
                };
                match line.take(&bytes) {
                    Ok(frames) => frames.iter().for_each(|frame| self.user_frame(peer, frame)),
                    Err(what) => self.wrong(what),
                }
            }
            Signal::Backlog(session, bytes) => {
                if let Some(line) = self.user.lines.of(peer, session) {
                    line.backlog = bytes;
                }
            }
            Signal::Heard(_) | Signal::Lost(_) => {}
        }
        self.user_settle();
    }

    fn user_frame(&mut self, peer: NodeIx, bytes: &[u8]) {
        let Ok(Some((frame, _))) = Frame::decode(bytes) else {
            return self.wrong("a frame that was whole is none".to_owned());
        };
        let local = self.user_local();
        // It may have been closed by a frame before this one.
        let Some(line) = self.user.lines.get_mut(peer) else {
            return;
        };
        if let Frame::Hello(theirs) = frame {
            if !line.greeted(Versions::OURS, theirs) {
                self.hang_up(CLIENT, peer, limits::CLOSED);
            }
            return;
        }
        let at = link(line.session);
        let Some(end) = &mut self.user.end else {
            return self.wrong(format!("{frame:?} comes before there is a connection"));
        };
        if let Frame::Data { bytes, .. } = &frame
            && self.plan.broken == Some(Broken::StaleOwner)
            && end.attached() != Some(at)
        {
            self.hear(bytes);
            return;
        }
        let taken = end.frame(local, at, &frame);
        if let Frame::Standbys { standbys, .. } = &frame
            && !standbys.is_empty()
        {
            self.listed += 1;
            self.reached(When::Listed(self.listed));
        }
        match taken {
            Ok(fresh) if !fresh.is_empty() => {
                self.hear(fresh);
                self.taken(fresh.len());
            }
            Ok(_) => {}
            Err(fault) => {
                self.wrong(format!("an honest frame is refused: {fault}: {frame:?}"));
            }
        }
        self.user_settle();
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.resumed_with_bytes();
        if let Err(what) = self.judge.hear(bytes, self.program.written) {
            self.wrong(what);
        }
    }

    /// The program takes what has come, now or later.
    fn taken(&mut self, count: usize) {
        self.program.unread += count;
        if !self.plan.saying.slow {
            self.consume();
        }
    }

    fn consume(&mut self) {
        let local = self.user_local();
        let count = std::mem::take(&mut self.program.unread);
        if let Some(end) = &mut self.user.end {
            end.consumed(local, count);
        }
    }

    /// The program does something.
    pub(super) fn tick(&mut self) {
        let Some(end) = &mut self.user.end else {
            return;
        };
        if end.is_closed() {
            return;
        }
        let count = end.write(self.program.piece(self.plan));
        self.program.written += count;
        if self.program.has_said_all() && !self.program.ended {
            self.program.ended = true;
            end.finish();
        }
        self.consume();
        self.user_settle();
        let pace = self.plan.saying.pace;
        let due = self.now + pace.draw(&mut self.user.draws);
        if !self.program.ended || self.plan.saying.slow {
            self.push(due, Due::Program);
        }
    }

    /// It is time for the client end.
    pub(super) fn user_alarm(&mut self) {
        let (now, local) = (self.now, self.user_local());
        self.user.clock.rang(now);
        if let Some(end) = &mut self.user.end
            && end.next_timeout() <= local
        {
            end.timeout(local);
        }
        self.user_settle();
    }

    /// Does what the client end asks for, and gives its link what it has room for.
    pub(super) fn user_settle(&mut self) {
        while let Some(effect) = self.user.end.as_mut().and_then(Client::poll) {
            self.user_effect(effect);
        }
        loop {
            let Some(end) = &mut self.user.end else {
                return;
            };
            let carried = end.used().and_then(|at| self.user.lines.peer(at));
            let Some(peer) = carried else { break };
            let line = self.user.lines.ready(peer);
            if line.is_none_or(|line| line.backlog >= limits::MTCP_BACKLOG) {
                break;
            }
            let Some(frame) = end.poll_stream() else {
                break;
            };
            let bytes = encode(&frame);
            self.write_bytes(CLIENT, peer, bytes);
        }
        let now = self.now;
        let due = self
            .user
            .end
            .as_ref()
            .map_or(Time::NEVER, Client::next_timeout);
        if let Some(alarm) = self.user.clock.alarm(now, due) {
            self.push(alarm, Due::UserAlarm);
        }
    }

    fn user_effect(&mut self, effect: ClientEffect) {
        match effect {
            ClientEffect::Send(to, frame) => {
                if let Some(peer) = self.user.lines.peer(to) {
                    self.write(CLIENT, peer, &frame);
                }
            }
            ClientEffect::Drop(gone) => {
                if let Some(peer) = self.user.lines.peer(gone) {
                    self.hang_up(CLIENT, peer, self.plan.access.repair);
                }
            }
            ClientEffect::Attached(server) => {
                self.user.trying = false;
                self.user.tries = 0;
                self.user.gone.clear();
                self.attached += 1;
                if let Some(at) = self.names.find(server) {
                    self.did(CLIENT, Step::Attached(at));
                }
                self.reached(When::Attached(self.attached));
            }
            ClientEffect::Detached(reason) => self.detached(reason),
            ClientEffect::Move(advice, candidates) => self.advised(advice, &candidates),
            ClientEffect::Warm(_) | ClientEffect::Cold(..) => {}
            ClientEffect::Closed(end) => {
                self.did(CLIENT, Step::Ended(end));
                self.user.over = Some((end, self.now));
                self.ended(end);
            }
        }
    }

    fn advised(&mut self, advice: Advice, candidates: &[Candidate]) {
        let found = candidates
            .iter()
            .filter_map(|one| self.names.find(one.server));
        let ready: Vec<NodeIx> = found
            .filter(|at| self.user.lines.ready(*at).is_some())
            .collect();
        if advice != Advice::Stay && !ready.is_empty() {
            let to = ready[self.user.draws.index(ready.len())];
            self.resume(to);
        }
    }

    fn detached(&mut self, reason: Reason) {
        self.did(CLIENT, Step::Detached(reason));
        self.left(false);
        self.user.trying = false;
        if let Some(target) = self.user.target.filter(|_| reason == Reason::Unknown) {
            self.user.gone.insert(target);
        }
        if self.is_gone() {
            if let Some(end) = &mut self.user.end {
                end.reset(Reason::Unknown);
            }
            return;
        }
        self.retry_later();
    }

    /// Whether all that may have the connection have said that they do not.
    fn is_gone(&self) -> bool {
        self.holders().iter().all(|at| self.user.gone.contains(at))
    }

    /// The owner and the standbys in the client's record.
    pub(super) fn holders(&self) -> Vec<NodeIx> {
        let record = self.user.end.as_ref().map(Client::record);
        let keys = record.iter().flat_map(|record| {
            let standbys = record.standbys.iter();
            standbys.chain([&record.owner])
        });
        keys.filter_map(|key| self.names.find(*key)).collect()
    }

    fn retry_later(&mut self) {
        if std::mem::replace(&mut self.user.waits, true) {
            return;
        }
        let longest = Span(limits::MTCP_BACKOFF.0 << self.user.tries.min(5));
        let delay = match self.user.tries {
            0 => Span::ZERO,
            _ => self.user.draws.between(limits::MTCP_RETRY, longest),
        };
        let due = self.now + delay;
        self.push(due, Due::Retry);
    }

    /// Tries somebody, if the connection has nobody: mostly those who may have it.
    pub(super) fn retry(&mut self) {
        self.user.waits = false;
        let Some(end) = &self.user.end else { return };
        if end.is_closed() || end.attached().is_some() || self.user.trying {
            return;
        }
        let ready = |at: &NodeIx| self.user.lines.ready(*at).is_some();
        let mut choice: Vec<NodeIx> = self.holders().into_iter().filter(ready).collect();
        if choice.is_empty() || self.user.draws.chance(0.2) {
            choice = self.servers().filter(ready).collect();
        }
        if choice.is_empty() {
            self.user.tries += 1;
            return self.retry_later();
        }
        let to = choice[self.user.draws.index(choice.len())];
        self.resume(to);
    }

    /// The client tries to go on at a server.
    pub(super) fn resume(&mut self, to: NodeIx) {
        let (local, key) = (self.user_local(), self.key(to));
        let Some(line) = self.user.lines.ready(to) else {
            return;
        };
        let contact = Contact {
            link: link(line.session),
            server: key,
        };
        let Some(end) = self.user.end.as_mut().filter(|end| !end.is_closed()) else {
            return;
        };
        let planned = end.attached().is_some();
        let epoch = end.next_epoch();
        end.resume(local, contact, [3; 32]);
        self.user.target = Some(to);
        self.user.trying = true;
        self.user.tries += 1;
        self.tried += 1;
        self.did(CLIENT, Step::Tries(to, epoch));
        if planned {
            self.left(true);
        }
        self.user_settle();
        self.reached(When::Tried(self.tried));
    }
}
