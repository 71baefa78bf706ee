//! Links over QUIC: one connection for each neighbor, streams in one direction for frames.
//!
//! ```text
//! caller                                  called
//! |  TLS 1.3, both keys proved            |
//! |  "SMN" version incarnation ---------> |   each on a stream of its own, which then
//! |  <--------- "SMN" version incarnation |   carries the frames of the session as a whole
//! |  frames of hops, copies ------------> |   a few streams that all share: the lanes
//! |  <------------ frames of hops, copies |
//! |  long states -----------------------> |   a stream for each
//! |  broadcast copies ------------------> |   a datagram, if it fits one
//! ```
//!
//! Two nodes may call each other at once. Both then keep the connection that the node with the
//! lower key made, unless one is of a later boot: a late notice of death ends no newer birth.

mod dial;
mod frames;
mod greeting;
mod outlet;
mod session;
mod socket;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quinn::{Connection, Endpoint, VarInt};
use sm_core::ids::{Incarnation, NodeId, SessionId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::identity::KeyPair;
use crate::limits;
use crate::link::{Link, LinkEvent};
use crate::tls::Strangers;
pub use crate::tls::Trusted;
use dial::{Dialer, Neighbors, Origin};
use frames::Run;
use greeting::Greeted;
use session::Session;
pub use socket::Socket;

/// How a node is linked.
#[derive(Clone, Debug)]
pub struct LinkOptions {
    /// How often it shows itself to a silent neighbor.
    pub keep_alive: Duration,
    /// After how much silence it takes a neighbor for dead.
    pub idle: Duration,
    /// Its boot.
    pub incarnation: Incarnation,
}

/// The links of a node.
#[derive(Debug)]
pub struct Quic {
    own: NodeId,
    /// One for each address at which it listens.
    sockets: Arc<[Socket]>,
    trusted: Trusted,
    dialer: Dialer,
    events: mpsc::Receiver<Raw>,
    sender: mpsc::Sender<Raw>,
    /// Frames that came together, and have not been taken yet.
    run: Option<(SessionId, Run)>,
    sessions: BTreeMap<SessionId, Session>,
    /// Where something was sent since the last flush.
    unflushed: Vec<SessionId>,
    linked: watch::Sender<Neighbors>,
    next: SessionId,
    accepting: JoinSet<()>,
}

/// What the tasks of connections tell.
#[derive(Debug)]
enum Raw {
    Greeted(Box<Greeted>),
    Frames(SessionId, Run),
    Heard(SessionId, Bytes),
    Drained(SessionId),
    Ended(SessionId, String),
    Note(String),
}

/// Which end made a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Caller {
    Here,
    There,
}

/// Why a connection is closed, as the other end is told.
mod code {
    pub(super) const BYE: u32 = 0;
    pub(super) const ANOTHER: u32 = 1;
    pub(super) const UNFIT: u32 = 2;
    pub(super) const MALFORMED: u32 = 3;
}

/// A session as an operator sees it.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// The neighbor.
    pub peer: NodeId,
    /// Its boot.
    pub incarnation: Incarnation,
    /// Where it is.
    pub address: SocketAddr,
    /// How long the session has lasted.
    pub age: Duration,
    /// The round trip, as QUIC estimates it.
    pub round_trip: Duration,
}

impl Quic {
    /// Listens at these addresses; port 0 takes any that is free. Nobody is a neighbor yet.
    ///
    /// # Errors
    /// An address with what the system says of it, or what TLS says of the key.
    pub fn listen(
        key: &KeyPair,
        at: &[SocketAddr],
        options: &LinkOptions,
        trusted: Trusted,
    ) -> io::Result<Self> {
        let strangers = Strangers::default();
        let both = (trusted.clone(), strangers.clone());
        let sockets: Arc<[Socket]> = Socket::for_links(key, at, options, both)?.into();
        let (sender, events) = mpsc::channel(limits::LINK_EVENTS);
        let linked = watch::Sender::new(Neighbors::default());
        let mut accepting = JoinSet::new();
        for socket in sockets.iter() {
            accepting.spawn(greeting::accept(
                socket.endpoint.clone(),
                options.incarnation,
                strangers.clone(),
                sender.clone(),
            ));
        }
        let dialer = Dialer::new(
            sockets.clone(),
            options.incarnation,
            sender.clone(),
            linked.subscribe(),
        );
        Ok(Self {
            own: key.node_id(),
            sockets,
            trusted,
            dialer,
            events,
            sender,
            run: None,
            sessions: BTreeMap::new(),
            unflushed: Vec::new(),
            linked,
            next: SessionId(1),
            accepting,
        })
    }

    /// Where it listens, in the order in which it was told to.
    ///
    /// # Errors
    /// What the system says.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let endpoints = self.sockets.iter().map(|socket| &socket.endpoint);
        endpoints.map(Endpoint::local_addr).collect()
    }

    /// Trusts a node, and calls it at this address whenever there is no session with it.
    pub fn call(&mut self, peer: NodeId, address: &str) {
        self.trusted.insert(peer);
        if peer != self.own {
            self.dialer.call(peer, address, Origin::Given);
        }
    }

    /// A node was found there: it is called if it is trusted and its operator gave no address.
    pub fn found(&mut self, peer: NodeId, address: SocketAddr) {
        if peer != self.own && self.trusted.contains(&peer) {
            self.dialer.call(peer, &address.to_string(), Origin::Found);
        }
    }

    /// Trusts a node, which is to call this one.
    pub fn trust(&self, peer: NodeId) {
        self.trusted.insert(peer);
    }

    /// No longer calls a node, and ends the session with it.
    pub fn hang_up(&mut self, peer: &NodeId) {
        self.dialer.hang_up(peer);
        let mut sessions = self.sessions.values();
        if let Some(session) = sessions.find(|session| session.peer == *peer) {
            close(&session.connection, code::BYE, b"bye");
        }
    }

    /// No longer trusts a node: it is not called, and may not call.
    pub fn distrust(&mut self, peer: &NodeId) {
        self.trusted.remove(peer);
        self.hang_up(peer);
    }

    /// The sessions that there are.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.sessions.values().map(Session::info).collect()
    }

    /// Whom this node calls, where, and what went wrong the last time.
    pub fn called(&self) -> Vec<(NodeId, String, Option<String>)> {
        self.dialer.called()
    }

    /// Says goodbye to all neighbors.
    pub async fn end(mut self) {
        self.accepting.abort_all();
        let endpoints = self.sockets.iter().map(|socket| &socket.endpoint);
        for endpoint in endpoints.clone() {
            endpoint.close(VarInt::from_u32(code::BYE), b"bye");
        }
        let idle = async {
            for endpoint in endpoints {
                endpoint.wait_idle().await;
            }
        };
        // Who does not hear it finds out by the silence.
        let _ = tokio::time::timeout(limits::GOODBYE, idle).await;
    }

    fn take(&mut self, raw: Raw) -> Option<LinkEvent> {
        match raw {
            Raw::Greeted(greeted) => self.begin(*greeted),
            Raw::Frames(session, run) => {
                self.run = Some((session, run));
                self.next_frame()
            }
            Raw::Heard(session, frame) => {
                let peer = self.sessions.get(&session)?.peer;
                Some(LinkEvent::Heard(peer, frame))
            }
            Raw::Drained(session) => Some(LinkEvent::Drained(session)),
            Raw::Ended(session, reason) => self.ended(session, reason),
            Raw::Note(text) => Some(LinkEvent::Note(text)),
        }
    }

    /// The next frame of those that came together.
    fn next_frame(&mut self) -> Option<LinkEvent> {
        let (session, run) = self.run.as_mut()?;
        if let Some(known) = self.sessions.get_mut(session)
            && let Some(frame) = run.next()
        {
            known.received(&frame);
            return Some(LinkEvent::Frame(*session, frame));
        }
        self.run = None;
        None
    }

    /// A connection whose other end has said who it is becomes the session with it, unless there
    /// is a better one.
    fn begin(&mut self, greeted: Greeted) -> Option<LinkEvent> {
        let peer = greeted.peer;
        if !self.trusted.contains(&peer) {
            // Not since it proved its key.
            close(&greeted.connection, code::UNFIT, b"it is not trusted");
            return None;
        }
        let before = self.sessions.values().find(|session| session.peer == peer);
        if before.is_some_and(|before| !self.is_better(&greeted, before)) {
            close(&greeted.connection, code::ANOTHER, b"there is another");
            return None;
        }
        if let Some(before) = before.map(|before| before.id) {
            let before = self.sessions.remove(&before)?;
            close(&before.connection, code::ANOTHER, b"there is another");
        }
        let id = self.next;
        self.next = SessionId(id.0 + 1);
        let incarnation = greeted.incarnation;
        let session = Session::begin(id, greeted, self.sender.clone());
        self.sessions.insert(id, session);
        self.publish();
        Some(LinkEvent::Up {
            session: id,
            peer,
            incarnation,
        })
    }

    fn is_better(&self, new: &Greeted, old: &Session) -> bool {
        if new.incarnation != old.incarnation {
            return new.incarnation > old.incarnation;
        }
        // Who made it says whether it is the one that both ends keep. A second one by the same end
        // is made only when that end has lost the first.
        let lower = if self.own < new.peer {
            Caller::Here
        } else {
            Caller::There
        };
        new.caller == old.caller || new.caller == lower
    }

    fn ended(&mut self, id: SessionId, reason: String) -> Option<LinkEvent> {
        let session = self.sessions.remove(&id)?;
        self.publish();
        let peer = session.peer;
        let reason = session.trouble.map_or(reason, str::to_owned);
        Some(LinkEvent::Down {
            session: id,
            peer,
            reason,
        })
    }

    fn publish(&self) {
        let peers = self.sessions.values().map(|session| session.peer).collect();
        self.linked.send_replace(Neighbors(peers));
    }
}

impl Link for Quic {
    async fn next(&mut self) -> LinkEvent {
        loop {
            if let Some(event) = self.try_next() {
                return event;
            }
            let Some(raw) = self.events.recv().await else {
                // There is always one sender: this end.
                return std::future::pending().await;
            };
            if let Some(event) = self.take(raw) {
                return event;
            }
        }
    }

    fn try_next(&mut self) -> Option<LinkEvent> {
        if let Some(event) = self.next_frame() {
            return Some(event);
        }
        while let Ok(raw) = self.events.try_recv() {
            if let Some(event) = self.take(raw) {
                return Some(event);
            }
        }
        None
    }

    fn send(&mut self, session: SessionId, frame: Vec<u8>) {
        let Some(known) = self.sessions.get_mut(&session) else {
            return;
        };
        known.send(frame);
        if self.unflushed.last() != Some(&session) {
            self.unflushed.push(session);
        }
    }

    fn flush(&mut self) -> Vec<SessionId> {
        self.unflushed.sort_unstable();
        self.unflushed.dedup();
        let sessions = self.unflushed.iter().filter_map(|id| self.sessions.get(id));
        sessions.for_each(Session::flush);
        std::mem::take(&mut self.unflushed)
    }

    fn broadcast(&mut self, frame: Vec<u8>) {
        let frame = Bytes::from(frame);
        for session in self.sessions.values_mut() {
            session.cast(&frame);
        }
        self.unflushed.extend(self.sessions.keys());
    }

    fn close(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get(&session) {
            close(&session.connection, code::UNFIT, b"it does not fit");
        }
    }

    fn backlog(&self, session: SessionId) -> usize {
        self.sessions.get(&session).map_or(0, Session::backlog)
    }
}

fn close(connection: &Connection, code: u32, reason: &[u8]) {
    connection.close(VarInt::from_u32(code), reason);
}

fn now() -> Instant {
    crate::clock::instant()
}
