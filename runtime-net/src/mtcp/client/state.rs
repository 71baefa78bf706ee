//! What the tasks of a client end share: the machine, and whoever waits for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::{Advice, Candidate};
use sm_core::mtcp::{Client, ClientEffect, ConnectionId, End, LinkId, Reason};
use tokio::sync::Notify;

use super::MtcpConnector;
use super::link;
use crate::limits;
use crate::mtcp::session::Session;

/// A place where a server is or may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) server: Option<NodeId>,
    pub(super) address: String,
}

pub(super) struct Shared {
    pub(super) connector: MtcpConnector,
    pub(super) id: ConnectionId,
    state: Mutex<State>,
    /// It is attached or detached or closed, or somebody wants something.
    pub(super) changed: Notify,
    /// The clock is to ring earlier.
    pub(super) earlier: Notify,
}

pub(super) struct State {
    pub(super) machine: Client,
    pub(super) secret: [u8; 32],
    /// What the program has not read yet; the window bounds it.
    pub(super) inbox: VecDeque<u8>,
    pub(super) read: Option<Waker>,
    pub(super) write: Option<Waker>,
    /// Nearly always one; a node of the map has room for many.
    pub(super) links: BTreeMap<LinkId, Box<ClientLink>>,
    next_link: LinkId,
    pub(super) known: Vec<Known>,
    /// Whether a server has ever answered.
    pub(super) opened: bool,
    /// No link carries it.
    pub(super) detached: Option<Reason>,
    /// A link carries it, and nobody has asked for another.
    pub(super) carried: bool,
    /// When that link was last lost.
    pub(super) lost: Option<Time>,
    /// The server asks that it goes elsewhere: why, and where it could.
    pub(super) advised: Option<(Advice, Vec<NodeId>)>,
    /// Somebody wants it elsewhere.
    pub(super) wish: Option<Wish>,
    /// What became of the newest wish.
    pub(super) granted: Option<(u64, Result<NodeId, String>)>,
    pub(super) wishes: u64,
    /// Why it could not move, the last time that somebody wanted it.
    pub(super) refused: Option<Reason>,
    /// What went wrong where, since it was attached.
    pub(super) tried: Vec<(String, String)>,
    pub(super) closed: Option<End>,
    /// The program has written all.
    pub(super) finished: bool,
    /// The program has dropped it, and this is when it is over.
    pub(super) dropped: Option<Time>,
    pub(super) armed: Time,
}

/// A move that the program wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wish {
    pub(super) number: u64,
    /// None for any other server.
    pub(super) to: Option<NodeId>,
}

/// A session with a server.
pub(super) struct ClientLink {
    pub(super) server: NodeId,
    pub(super) binding: [u8; 32],
    pub(super) frames: Vec<u8>,
    pub(super) waker: Option<Waker>,
    pub(super) close: bool,
    /// What the server last said to whether it would take the connection.
    pub(super) answer: Option<Result<(), Reason>>,
}

impl ClientLink {
    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Shared {
    pub(super) fn new(
        connector: MtcpConnector,
        machine: Client,
        (secret, known): ([u8; 32], Vec<Known>),
    ) -> Arc<Self> {
        let id = machine.id();
        let state = State {
            machine,
            secret,
            inbox: VecDeque::new(),
            read: None,
            write: None,
            links: BTreeMap::new(),
            next_link: LinkId(0),
            known,
            opened: false,
            detached: None,
            carried: false,
            lost: None,
            advised: None,
            wish: None,
            granted: None,
            wishes: 0,
            refused: None,
            tried: Vec::new(),
            closed: None,
            finished: false,
            dropped: None,
            armed: Time::NEVER,
        };
        let shared = Arc::new(Self {
            connector,
            id,
            state: Mutex::new(state),
            changed: Notify::new(),
            earlier: Notify::new(),
        });
        shared.connector.open.add(&shared);
        shared
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Has something happen to the machine, and does what it says.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State, Time) -> T) -> T {
        let now = self.connector.clock.now();
        let mut state = self.lock();
        let value = act(&mut state, now);
        self.settle(&mut state);
        state.pump();
        value
    }

    fn settle(&self, state: &mut State) {
        while let Some(effect) = state.machine.poll() {
            self.effect(state, effect);
        }
        let due = state.due();
        if due < state.armed {
            state.armed = due;
            self.earlier.notify_one();
        }
    }

    fn effect(&self, state: &mut State, effect: ClientEffect) {
        match effect {
            ClientEffect::Send(link, frame) => {
                if let Some(link) = state.links.get_mut(&link) {
                    frame.encode(&mut link.frames);
                }
            }
            ClientEffect::Drop(link) => state.close_links(|other, _| *other == link),
            ClientEffect::Attached(_) => {
                state.opened = true;
                state.detached = None;
                state.carried = true;
                state.advised = None;
                state.tried.clear();
                self.changed.notify_waiters();
            }
            ClientEffect::Detached(reason) => {
                state.detached = Some(reason);
                if std::mem::take(&mut state.carried) {
                    state.lost = Some(self.connector.clock.now());
                }
                // There is no link that it could wait for.
                wake(&mut state.write);
                self.changed.notify_waiters();
            }
            ClientEffect::Move(advice, candidates) => {
                let servers = candidates.iter().map(|one| one.server).collect();
                state.advised = (advice != Advice::Stay).then_some((advice, servers));
                for candidate in candidates {
                    state.learn(candidate);
                }
                self.changed.notify_waiters();
            }
            ClientEffect::Warm(link) => self.answered(state, (link, Ok(()))),
            ClientEffect::Cold(link, reason) => self.answered(state, (link, Err(reason))),
            ClientEffect::Closed(end) => {
                state.closed = Some(end);
                self.connector.open.rings();
                state.close_links(|_, _| true);
                state.wake();
                self.changed.notify_waiters();
                self.earlier.notify_one();
            }
        }
    }

    fn answered(&self, state: &mut State, (link, answer): (LinkId, Result<(), Reason>)) {
        if let Some(at) = state.links.get_mut(&link) {
            at.answer = Some(answer);
            self.changed.notify_waiters();
        }
    }

    /// A session that may carry the connection from now on.
    pub(super) fn add_link(
        self: &Arc<Self>,
        server: NodeId,
        address: String,
        session: Session,
    ) -> LinkId {
        let mut state = self.lock();
        let link = state.next_link;
        state.next_link = LinkId(link.0 + 1);
        state.learn(Candidate { server, address });
        let at = ClientLink {
            server,
            binding: session.binding,
            frames: Vec::new(),
            waker: None,
            close: false,
            answer: None,
        };
        state.links.insert(link, Box::new(at));
        drop(state);
        // What the machine had to say before there was a link.
        self.with(|_, _| ());
        tokio::spawn(link::run(self.clone(), link, session));
        link
    }

    /// Waits until something is there.
    pub(super) async fn wait<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let seen = look(&mut self.lock());
            if let Some(seen) = seen {
                return seen;
            }
            changed.await;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.connector.open.remove(self);
    }
}

impl State {
    /// When the clock is to ring.
    pub(super) fn due(&self) -> Time {
        let next = self.machine.next_timeout();
        self.dropped.map_or(next, |dropped| dropped.min(next))
    }

    pub(super) fn wake(&mut self) {
        wake(&mut self.read);
        wake(&mut self.write);
    }

    /// Has these links end when they have written what they have.
    pub(super) fn close_links(&mut self, which: impl Fn(&LinkId, &ClientLink) -> bool) {
        for (link, at) in &mut self.links {
            if which(link, at) {
                at.close = true;
                at.wake();
            }
        }
    }

    /// Wakes the links that have something to carry.
    fn pump(&mut self) {
        let carrier = self.machine.used().filter(|_| self.machine.has_stream());
        for (link, at) in &mut self.links {
            if !at.frames.is_empty() || at.close || carrier == Some(*link) {
                at.wake();
            }
        }
    }

    /// Where a server is.
    fn learn(&mut self, at: Candidate) {
        let Candidate { server, address } = at;
        // An address may have got another server, and a server another address.
        for known in &mut self.known {
            if known.address == address || known.server == Some(server) {
                known.server = (known.address == address).then_some(server);
            }
        }
        let new = !self.known.iter().any(|known| known.address == address);
        if new && self.known.len() < 2 * limits::MTCP_PEERS {
            let server = Some(server);
            self.known.push(Known { server, address });
        }
    }
}

pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
