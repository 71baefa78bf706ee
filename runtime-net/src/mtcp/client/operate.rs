//! What an operator sees of a client end's connections, and does with them, over a control socket.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use sm_core::ids::NodeId;
use sm_core::mtcp::{ConnectionId, End};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::MtcpConnector;
use super::state::{Shared, Wish};
use crate::clock::Clock;
use crate::control::protocol::{Answer, Connection, Explained, Has, Server};
use crate::limits;
use crate::mtcp::operate::{self, Gone, Operated, Site, names};

/// The connections of a connector that are not over.
#[derive(Default)]
pub(super) struct Open {
    all: Mutex<BTreeMap<ConnectionId, Weak<Shared>>>,
    /// Something has become of a move.
    changed: Notify,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Weak<Shared>>> {
        self.all.lock().expect("nobody panics with it")
    }

    pub(super) fn add(&self, shared: &Arc<Shared>) {
        self.lock().insert(shared.id, Arc::downgrade(shared));
    }

    /// Nobody has it any more. Another copy of an end that moves may have come meanwhile.
    pub(super) fn remove(&self, shared: &Shared) {
        let mut all = self.lock();
        let own = |weak: &Weak<Shared>| std::ptr::eq(weak.as_ptr(), shared);
        if all.get(&shared.id).is_some_and(own) {
            all.remove(&shared.id);
        }
    }

    pub(super) fn rings(&self) {
        self.changed.notify_waiters();
    }
}

impl MtcpConnector {
    /// Lets an operator in by a Unix socket, which only the owner of this process may open.
    ///
    /// # Errors
    /// As [`crate::control::Server::start`].
    pub async fn operate(&self, socket: &Path) -> io::Result<Operated> {
        operate::operate(Arc::new(Desk(self.clone())), socket).await
    }
}

/// A connector, as an operator has it.
struct Desk(MtcpConnector);

impl Site for Desk {
    type Conn = Arc<Shared>;

    fn clock(&self) -> Clock {
        self.0.clock
    }

    fn changed(&self) -> &Notify {
        &self.0.open.changed
    }

    fn all(&self) -> Vec<Arc<Shared>> {
        let all: Vec<Arc<Shared>> = {
            let open = self.0.open.lock();
            open.values().filter_map(Weak::upgrade).collect()
        };
        all.into_iter()
            .filter(|shared| shared.lock().closed.is_none())
            .collect()
    }

    fn find(&self, id: ConnectionId) -> Option<Arc<Shared>> {
        self.0.open.lock().get(&id)?.upgrade()
    }

    fn id(&self, shared: &Arc<Shared>) -> ConnectionId {
        shared.id
    }

    fn describe(&self, shared: &Arc<Shared>) -> Connection {
        let blocked = self.blocked(shared, None);
        let state = shared.lock();
        let record = state.machine.record();
        Connection {
            id: shared.id.0,
            epoch: record.epoch.0,
            has: Has::Client(record.owner.0),
            attached: state.machine.attached().is_some(),
            // A client end stays where it is.
            bytes: 0,
            log: 0,
            standbys: names(&record.standbys),
            round_trip: state.machine.rtt().map(|span| span.0),
            blocked,
        }
    }

    async fn explain(&self, shared: &Arc<Shared>) -> Answer {
        shared.with(|state, now| state.machine.probe(now));
        let measured = async {
            while shared.lock().machine.rtt().is_none() {
                sleep(limits::MTCP_LOOK).await;
            }
        };
        let _ = timeout(limits::MTCP_MEASURE, measured).await;
        let connection = self.describe(shared);
        let state = shared.lock();
        let elsewhere = state.elsewhere().into_iter();
        // Who is at an address is known once somebody has spoken with it.
        let candidates = elsewhere.filter_map(|place| {
            let server = place.server?;
            let linked = state
                .links
                .values()
                .any(|at| at.server == server && !at.close);
            Some(Server {
                key: server.0,
                address: place.address,
                linked,
                round_trip: None,
                gap: None,
                transfer: None,
                replay: None,
            })
        });
        Answer::Explained(Box::new(Explained {
            candidates: candidates.collect(),
            connection,
        }))
    }

    fn is_here(&self, _: &Arc<Shared>) -> bool {
        true
    }

    fn knows(&self, to: NodeId) -> bool {
        let at = |shared: &Arc<Shared>| {
            let state = shared.lock();
            state.known.iter().any(|place| place.server == Some(to))
        };
        self.all().iter().any(at)
    }

    fn blocked(&self, shared: &Arc<Shared>, to: Option<NodeId>) -> Option<String> {
        let state = shared.lock();
        let mut elsewhere = state.elsewhere().into_iter();
        let blocked = if state.closed.is_some() {
            "it is over"
        } else if state.machine.moves_with_service() {
            "it moves with the service that has it, and stays at its server"
        } else if state.machine.attached().is_none() {
            "no server is attached"
        } else if to == Some(state.machine.record().owner) {
            "it is there already"
        } else if !elsewhere.any(|place| to.is_none_or(|to| place.server == Some(to))) {
            "no other server is known"
        } else {
            return None;
        };
        Some(blocked.to_owned())
    }

    fn send(&self, shared: &Arc<Shared>, _: bool, to: Option<NodeId>) -> u64 {
        let number = shared.with(|state, _| {
            state.wishes += 1;
            let number = state.wishes;
            state.wish = Some(Wish { number, to });
            number
        });
        shared.changed.notify_waiters();
        number
    }

    fn outcome(&self, shared: &Arc<Shared>, token: u64) -> Option<Gone> {
        let state = shared.lock();
        match (&state.granted, state.closed) {
            (Some((number, Ok(_))), _) if *number == token => Some(Gone::Moved),
            (Some((number, Err(why))), None) if *number == token => Some(Gone::Stays(why.clone())),
            (Some((number, _)), None) if *number > token => {
                Some(Gone::Stays("another move came".to_owned()))
            }
            (_, Some(End::Moved)) => Some(Gone::Moved),
            (_, Some(_)) => Some(Gone::Ended),
            _ => None,
        }
    }

    fn give_up(&self, _: &Arc<Shared>) {}

    fn silence(&self) -> &'static str {
        "no server has answered yet"
    }

    fn set_draining(&self, _: bool) -> Result<(), &'static str> {
        Err(
            "it is a client end, and serves nothing that could be drained: `migrate --all` moves \
             its connections",
        )
    }
}
