//! What goes wrong, and how it ends.

use std::collections::VecDeque;

use sm_core::ids::{Span, Time};
use sm_core::mtcp::wire::{Advice, Candidate, Frame};
use sm_core::mtcp::{Client, Peer};

use super::Step;
use super::host::Then;
use super::plan::{Broken, Deed, When, Who};
use super::world::{CLIENT, Due, World};
use crate::limits;
use crate::link::{Effects, LinkIx};
use crate::network::{Memory, NodeIx};
use crate::random::Delay;
use crate::trace::Event;

/// How soon what cannot be done yet is tried again.
const AGAIN: Span = Span::millis(20);
/// How much later a notice is heard again.
const ECHO: Delay = Delay {
    min: Span::millis(1),
    max: Span::secs(3),
};

impl World<'_> {
    /// Something has come about that faults may wait for.
    pub(super) fn reached(&mut self, when: When) {
        for fault in self.plan.faults.iter().filter(|fault| fault.when == when) {
            if fault.after == Span::ZERO {
                self.deed(fault.deed);
            } else {
                self.push(self.now + fault.after, Due::Deed(fault.deed));
            }
        }
    }

    /// An entry of what happens again and again is to happen.
    pub(super) fn again(&mut self, index: usize) {
        let after = self.draws.exponential(self.plan.rest[index].every);
        self.push(self.now + after, Due::Again(index));
    }

    pub(super) fn deed(&mut self, deed: Deed) {
        if self.healed {
            return;
        }
        self.deeds += 1;
        match deed {
            Deed::Move(who) => self.with(who, Self::resume),
            Deed::Cut(who) => self.with(who, |world, at| {
                let (link, _) = world.end_of(CLIENT, at);
                world.cut(link);
            }),
            Deed::CutServers(who) => self.with(who, |world, at| {
                world
                    .server_links(at)
                    .into_iter()
                    .for_each(|link| world.cut(link));
            }),
            Deed::Unplug(who, span) => self.with(who, |world, at| {
                let (link, _) = world.end_of(CLIENT, at);
                world.block(link, span);
            }),
            Deed::Isolate(who, span) => self.with(who, |world, at| {
                let links = world.server_links(at);
                links.into_iter().for_each(|link| world.block(link, span));
            }),
            Deed::Crash(who, away) => self.with(who, |world, at| {
                if world.may_crash(at) {
                    world.crash(at, (away, Then::Nothing));
                } else {
                    world.deeds -= 1;
                    world.push(world.now + AGAIN, Due::Deed(deed));
                }
            }),
            Deed::CrashAnyhow(who, away) => self.with(who, |world, at| {
                world.crash(at, (away, Then::Nothing));
            }),
            Deed::Pause(who, span) => self.with(who, |world, at| world.pause(at, span)),
            Deed::Drain(who) => self.with(who, |world, at| world.drain(at, Then::Nothing)),
            Deed::Roll => self.drain(NodeIx(1), Then::Next),
            Deed::Recruit(who) => self.with(who, |world, to| {
                if let Some(owner) = world.who(Who::Owner) {
                    world.recruit(owner, to);
                }
            }),
        }
    }

    fn with(&mut self, who: Who, act: impl FnOnce(&mut Self, NodeIx)) {
        if let Some(at) = self.who(who) {
            act(self, at);
        }
    }

    /// Who that is at the moment.
    fn who(&mut self, who: Who) -> Option<NodeIx> {
        let record = self.user.end.as_ref().map(Client::record)?;
        let owner = self.names.find(record.owner)?;
        let standbys: Vec<NodeIx> = record
            .standbys
            .iter()
            .filter_map(|key| self.names.find(*key))
            .collect();
        let fits = |at: &NodeIx| match who {
            Who::Owner => *at == owner,
            Who::Standby => standbys.contains(at),
            Who::Other => *at != owner && !standbys.contains(at),
            Who::Server(one) => *at == one,
        };
        let found: Vec<NodeIx> = self.servers().filter(fits).collect();
        (!found.is_empty()).then(|| found[self.draws.index(found.len())])
    }

    fn server_links(&self, at: NodeIx) -> Vec<LinkIx> {
        let others = self.servers().filter(|other| *other != at);
        others.map(|other| self.end_of(at, other).0).collect()
    }

    /// The session of a link breaks; a new one comes as soon as that is found.
    fn cut(&mut self, link: LinkIx) {
        let mut effects = Effects::default();
        self.links.block(self.now, link, &mut effects);
        self.links.unblock(self.now, link, &mut effects);
        self.perform(effects);
    }

    /// Nothing passes for a while.
    fn block(&mut self, link: LinkIx, span: Span) {
        let mut effects = Effects::default();
        self.links.block(self.now, link, &mut effects);
        self.perform(effects);
        self.blocked.push(link);
        self.push(self.now + span, Due::Mend(link));
    }

    pub(super) fn mend(&mut self, link: LinkIx) {
        let Some(place) = self.blocked.iter().position(|blocked| *blocked == link) else {
            return;
        };
        self.blocked.swap_remove(place);
        let mut effects = Effects::default();
        self.links.unblock(self.now, link, &mut effects);
        self.perform(effects);
    }

    /// Whether the connection outlives a crash of this server.
    fn may_crash(&self, at: NodeIx) -> bool {
        let Some(record) = self.user.end.as_ref().map(Client::record) else {
            return false;
        };
        let changes = self
            .proposed
            .as_ref()
            .is_some_and(|list| *list != record.standbys);
        let holders = self.holders();
        if !holders.contains(&at) {
            // What it has said may be on its way, and may make it the owner.
            return self.user.target != Some(at);
        }
        let standby = |other: &NodeIx| {
            let host = self.host(*other);
            self.key(*other) != record.owner && host.up && host.end.secret().is_some()
        };
        let held = self.user.end.as_ref().is_some_and(|end| end.held() > 0);
        let elsewhere = held || (!changes && holders.iter().any(standby));
        self.key(at) == record.owner && elsewhere
    }

    fn crash(&mut self, at: NodeIx, (away, then): (Span, Then)) {
        if !self.host(at).up {
            return;
        }
        let named = (self.key(at), self.id);
        let config = self.plan.granted();
        let host = self.host_mut(at);
        host.up = false;
        host.forget(named, config);
        self.note(Event::NodeDown {
            node: at,
            memory: Memory::Lost,
            untold: 0,
        });
        let mut effects = Effects::default();
        for (link, side) in self.links.of(at).to_vec() {
            self.links.crash(self.now, link, side, &mut effects);
        }
        self.perform(effects);
        self.push(self.now + away, Due::Restart(at, then));
    }

    pub(super) fn restart(&mut self, at: NodeIx, then: Then) {
        let incarnation = sm_core::ids::Incarnation(u64::from(self.host(at).boot));
        let host = self.host_mut(at);
        if std::mem::replace(&mut host.up, true) {
            return;
        }
        self.note(Event::NodeUp {
            node: at,
            incarnation,
        });
        let mut effects = Effects::default();
        for (link, _) in self.links.of(at).to_vec() {
            self.links.unblock(self.now, link, &mut effects);
        }
        self.perform(effects);
        if then == Then::Next && at.0 < self.plan.servers && !self.healed {
            self.drain(NodeIx(at.0 + 1), then);
        }
    }

    fn pause(&mut self, at: NodeIx, span: Span) {
        let host = self.host_mut(at);
        if !host.up || host.halted.is_some() {
            return;
        }
        host.halted = Some(VecDeque::new());
        host.interrupt();
        self.did(at, Step::Pauses);
        self.push(self.now + span, Due::GoOn(at));
    }

    pub(super) fn go_on(&mut self, at: NodeIx) {
        let Some(inbox) = self.host_mut(at).halted.take() else {
            return;
        };
        self.did(at, Step::GoesOn);
        for (peer, signal) in inbox {
            self.host_signal(at, peer, signal);
        }
        self.alarm(at);
    }

    /// A server is to stop as soon as it has no connection.
    fn drain(&mut self, at: NodeIx, then: Then) {
        let others = self.servers().filter(|other| *other != at);
        let candidates: Vec<Candidate> = others
            .map(|other| Candidate {
                server: self.key(other),
                address: String::new(),
            })
            .collect();
        let host = self.host_mut(at);
        if !host.up || host.drains.is_some() {
            return;
        }
        host.drains = Some(then);
        host.end.drain();
        host.end.advise(Advice::Drain, candidates);
        self.did(at, Step::Drains);
        self.settle(at);
    }

    pub(super) fn restart_drained(&mut self, at: NodeIx) {
        let host = self.host(at);
        if let Some(then) = host.drains
            && host.up
            && !host.end.summary().runs
        {
            self.crash(at, (limits::MTCP_RESTART, then));
        }
    }

    /// From here on nothing goes wrong any more, and what is broken is mended.
    pub(super) fn heal(&mut self) {
        if std::mem::replace(&mut self.healed, true) {
            return;
        }
        self.note(Event::Healed);
        self.links.heal();
        for link in self.blocked.clone() {
            self.mend(link);
        }
        if self.plan.holes > 0.0 {
            // A hole in a session that holds is none that anybody could fill.
            for (_, link) in self.pairs() {
                self.cut(link);
            }
        }
        for at in self.servers() {
            self.go_on(at);
            self.restart(at, Then::Nothing);
        }
    }

    /// Whether a piece of a log is lost, as the plan has it.
    pub(super) fn lose_log(&mut self, at: NodeIx, from: NodeIx, frame: &Frame<'_>) -> bool {
        let Frame::Log(growth) = frame else {
            return false;
        };
        if self.plan.broken == Some(Broken::Unshipped) {
            let logged = Frame::Logged {
                id: growth.id,
                epoch: growth.epoch,
                position: growth.position,
                input: growth.input + growth.bytes.len() as u64 + u64::from(growth.fin),
            };
            self.write(at, from, &logged);
            return true;
        }
        if self.healed || !self.draws.chance(self.plan.holes) {
            return false;
        }
        // Frames get lost only where a session does.
        let after = self.draws.between(Span::millis(1), Span::millis(300));
        self.push(
            self.now + after,
            Due::Deed(Deed::CutServers(Who::Server(at))),
        );
        true
    }

    /// A notice is to be heard again, later.
    pub(super) fn echo(&mut self, from: NodeIx, to: NodeIx, bytes: Vec<u8>) {
        let due: Time = self.now + ECHO.draw(&mut self.draws);
        self.push(due, Due::Echo { to, from, bytes });
    }

    pub(super) fn echoed(&mut self, to: NodeIx, from: NodeIx, bytes: &[u8]) {
        let (local, key) = (self.local(to), self.key(from));
        let host = self.host_mut(to);
        if !host.up || host.halted.is_some() {
            return;
        }
        if let Ok(Some((frame, _))) = Frame::decode(bytes)
            && host.end.frame(local, Peer::Server(key), &frame).is_err()
        {
            self.wrong("a notice that comes late is refused".to_owned());
        }
        self.settle(to);
    }
}
