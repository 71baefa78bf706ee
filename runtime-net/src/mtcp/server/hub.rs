//! What the connections of a server share.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use sm_core::ids::{NodeId, Span};
use sm_core::mtcp::wire::{Advice, Frame};
use sm_core::mtcp::{Commit, ConnectionId, LinkId};
use tokio::sync::{Notify, mpsc};

use super::ServiceOptions;
use super::conn::Conn;
use super::operate::Pace;
use super::peers::PeerServer;
use super::stream::ServiceStream;
use crate::clock::Clock;
use crate::limits;
use crate::mtcp::session::{Callers, Door};
use crate::tls::Trusted;

pub(super) struct Hub {
    pub(super) me: NodeId,
    pub(super) options: ServiceOptions,
    pub(super) door: Door,
    pub(super) clock: Clock,
    pub(super) accepted: mpsc::UnboundedSender<ServiceStream>,
    /// A connection has ended here, or its client has said that it stays.
    pub(super) changed: Notify,
    pub(super) peers: BTreeMap<NodeId, PeerServer>,
    /// How fast services run again what they did before.
    pub(super) replays: Replays,
    connections: Mutex<BTreeMap<ConnectionId, Arc<Conn>>>,
    draining: AtomicBool,
    links: AtomicU64,
}

impl Hub {
    pub(super) fn new(
        mut options: ServiceOptions,
        accepted: mpsc::UnboundedSender<ServiceStream>,
    ) -> io::Result<Arc<Self>> {
        let me = options.key.node_id();
        options.peers.retain(|peer| peer.server != me);
        options.peers.truncate(limits::MTCP_PEERS);
        if let Some(held) = &options.held {
            options.config.commit = Commit::Carried;
            options.config.refresh = Span::secs((held.most.as_secs() / 2).max(1));
        }
        let trusted = Trusted::default();
        let mut peers = BTreeMap::new();
        for peer in &options.peers {
            trusted.insert(peer.server);
            peers.insert(peer.server, PeerServer::new(peer.address.clone()));
        }
        let shown = options
            .delegation
            .as_ref()
            .map_or(Vec::new(), |shown| shown.encode());
        let callers = match options.client_first {
            true => Callers::All,
            false => Callers::Ours,
        };
        let door = Door::new(&options.key, &shown, trusted, (options.versions, callers))?;
        Ok(Arc::new(Self {
            me,
            options,
            door,
            clock: Clock::start(),
            accepted,
            changed: Notify::new(),
            peers,
            replays: Replays::default(),
            connections: Mutex::default(),
            draining: AtomicBool::new(false),
            links: AtomicU64::new(1),
        }))
    }

    pub(super) fn next_link(&self) -> LinkId {
        LinkId(self.links.fetch_add(1, Ordering::Relaxed))
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Arc<Conn>>> {
        self.connections.lock().expect("nobody panics with it")
    }

    /// All connections of this moment.
    pub(super) fn all(&self) -> Vec<Arc<Conn>> {
        self.connections().values().cloned().collect()
    }

    pub(super) fn find(&self, id: ConnectionId) -> Option<Arc<Conn>> {
        self.connections().get(&id).cloned()
    }

    /// The connection, or a new one of which this server knows nothing; none if there are too many.
    pub(super) fn find_or_make(self: &Arc<Self>, id: ConnectionId) -> Option<Arc<Conn>> {
        let mut connections = self.connections();
        if let Some(conn) = connections.get(&id) {
            return Some(conn.clone());
        }
        if connections.len() >= limits::MTCP_CONNECTIONS {
            return None;
        }
        let conn = Conn::new(self.clone(), id);
        connections.insert(id, conn.clone());
        Some(conn)
    }

    /// Called with the lock of the connection held, which knows nothing any more.
    pub(super) fn forget(&self, id: ConnectionId) {
        self.connections().remove(&id);
        self.changed.notify_waiters();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether this server takes no more connections, because it is about to stop.
    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
        for conn in self.all() {
            conn.with(|state, _| match draining {
                true => state.machine.drain(),
                false => {
                    state.machine.stay();
                    state.machine.advise(Advice::Stay, Vec::new());
                }
            });
        }
    }

    /// Takes no more, and asks all clients to go elsewhere.
    pub(super) fn drain(&self) {
        self.set_draining(true);
        for conn in self.all() {
            let candidates = self.options.peers.clone();
            conn.with(|state, _| state.machine.advise(Advice::Drain, candidates));
        }
    }

    /// How many connections run here.
    pub(super) fn running(&self) -> usize {
        let all = self.all();
        all.iter()
            .filter(|conn| conn.lock().machine.summary().runs)
            .count()
    }

    /// Waits until no connection runs here.
    pub(super) async fn empty(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.running() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Sends a frame to another server. False if it is none that this one knows.
    pub(super) fn send(&self, server: &NodeId, frame: &Frame<'_>) -> bool {
        self.peers.get(server).is_some_and(|peer| peer.send(frame))
    }

    /// A connection may have something for another server.
    pub(super) fn has_more(&self, server: &NodeId, id: ConnectionId) {
        if let Some(peer) = self.peers.get(server) {
            peer.has_more(id);
        }
    }

    /// Who could be standbys of a connection, in an order of its own, so that all get some.
    pub(super) fn standbys_for(&self, id: ConnectionId) -> Vec<NodeId> {
        let up = self.peers.iter().filter(|(_, peer)| peer.is_up());
        let mut servers: Vec<NodeId> = up.map(|(server, _)| *server).collect();
        servers.sort_by_cached_key(|server| {
            let both = [&id.0[..], &server.0].concat();
            *blake3::hash(&both).as_bytes()
        });
        servers
    }
}

/// How fast services run again what they did before.
#[derive(Debug, Default)]
pub(super) struct Replays(Mutex<Pace>);

impl Replays {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.0.lock().expect("nobody panics with it")
    }

    pub(super) fn add(&self, bytes: u64, time: Span) {
        self.pace().add(bytes, time);
    }

    /// As [`Pace::time_of`].
    pub(super) fn time_of(&self, bytes: u64) -> Option<u64> {
        self.pace().time_of(bytes)
    }
}
