//! What an operator sees of a server's connections, and does with them, over a control socket.

use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use sm_core::ids::{NodeId, Span};
use sm_core::mtcp::wire::{Advice, Candidate};
use sm_core::mtcp::{ConnectionId, End, Reason};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::Control;
use super::conn::{Conn, State};
use super::hub::Hub;
use crate::clock::Clock;
use crate::control::protocol::{Answer, Connection, Explained, Has, Migrate, Server};
use crate::limits;
use crate::mtcp::operate::{self, Gone, Operated, Site, names};

impl Control {
    /// Lets an operator in by a Unix socket, which only the owner of this process may open.
    ///
    /// # Errors
    /// As [`crate::control::Server::start`].
    pub async fn operate(&self, socket: &Path) -> io::Result<Operated> {
        operate::operate(self.0.clone(), socket).await
    }

    /// As [`Control::drain`], but no more than so many of the clients are asked in a second.
    pub async fn drain_at(&self, rate: NonZeroU32) {
        let wish = Migrate {
            pause: 1_000_000_000 / u64::from(rate.get()),
            drain: true,
            ..Migrate::default()
        };
        let (answers, mut answered) = mpsc::channel(limits::CONTROL_ORDERS);
        let heard = async { while answered.recv().await.is_some() {} };
        tokio::join!(operate::migrate(self.0.clone(), wish, answers), heard);
    }
}

impl Site for Hub {
    type Conn = Arc<Conn>;

    fn clock(&self) -> Clock {
        self.clock
    }

    fn changed(&self) -> &Notify {
        &self.changed
    }

    fn all(&self) -> Vec<Arc<Conn>> {
        self.all()
    }

    fn find(&self, id: ConnectionId) -> Option<Arc<Conn>> {
        self.find(id)
    }

    fn id(&self, conn: &Arc<Conn>) -> ConnectionId {
        conn.id
    }

    fn describe(&self, conn: &Arc<Conn>) -> Connection {
        let state = conn.lock();
        let summary = state.machine.summary();
        let has = match (summary.runs, summary.other) {
            (true, Some(to)) if summary.frozen => Has::Leaving(to.0),
            (true, _) => Has::Service,
            (false, Some(owner)) => Has::Copy(owner.0),
            (false, None) => Has::Nothing,
        };
        Connection {
            id: conn.id.0,
            epoch: summary.epoch.0,
            has,
            attached: summary.attached,
            bytes: summary.bytes as u64,
            log: summary.log as u64,
            standbys: names(state.machine.standbys()),
            round_trip: summary.rtt.map(|span| span.0),
            blocked: self.hindered(&state, None),
        }
    }

    async fn explain(&self, conn: &Arc<Conn>) -> Answer {
        conn.with(|state, now| state.machine.probe(now));
        let now = self.clock.now();
        self.peers.values().for_each(|peer| peer.probe(now));
        // What takes longer is not waited for.
        let measured = async {
            while conn.lock().machine.summary().rtt.is_none()
                || self
                    .peers
                    .values()
                    .any(|peer| peer.is_up() && peer.rtt().is_none())
            {
                sleep(limits::MTCP_LOOK).await;
            }
        };
        let _ = timeout(limits::MTCP_MEASURE, measured).await;
        let connection = self.describe(conn);
        let replay = self.replays.time_of(connection.log);
        let candidates = self.options.peers.iter().filter_map(|place| {
            let peer = self.peers.get(&place.server)?;
            let round_trip = peer.rtt().map(|span| span.0);
            Some(Server {
                key: place.server.0,
                address: place.address.clone(),
                linked: peer.is_up(),
                round_trip,
                gap: connection.round_trip.zip(round_trip).map(|(a, b)| a + b),
                transfer: peer.pace().time_of(connection.bytes),
                replay,
            })
        });
        Answer::Explained(Box::new(Explained {
            candidates: candidates.collect(),
            connection,
        }))
    }

    fn is_here(&self, conn: &Arc<Conn>) -> bool {
        conn.lock().machine.summary().runs
    }

    fn knows(&self, to: NodeId) -> bool {
        self.peers.contains_key(&to)
    }

    fn blocked(&self, conn: &Arc<Conn>, to: Option<NodeId>) -> Option<String> {
        self.hindered(&conn.lock(), to)
    }

    fn send(&self, conn: &Arc<Conn>, drain: bool, to: Option<NodeId>) -> u64 {
        let advice = match drain {
            true => Advice::Drain,
            false => Advice::Load,
        };
        self.advise(conn, advice, to);
        0
    }

    fn outcome(&self, conn: &Arc<Conn>, _: u64) -> Option<Gone> {
        let state = conn.lock();
        match (state.machine.summary().runs, state.stopped) {
            (false, Some(End::Moved)) => Some(Gone::Moved),
            (false, _) => Some(Gone::Ended),
            (true, _) => {
                let refusals = state.refusals.as_ref()?;
                Some(Gone::Stays(self.told(refusals)))
            }
        }
    }

    fn give_up(&self, conn: &Arc<Conn>) {
        self.advise(conn, Advice::Stay, None);
    }

    fn silence(&self) -> &'static str {
        "its client has not gone, and has not said why"
    }

    fn set_draining(&self, draining: bool) -> Result<(), &'static str> {
        self.set_draining(draining);
        Ok(())
    }
}

impl Hub {
    /// Why a connection cannot move now: to this server, or to any.
    fn hindered(&self, state: &State, to: Option<NodeId>) -> Option<String> {
        let summary = state.machine.summary();
        let mut up = self.peers.iter().filter(|(_, peer)| peer.is_up());
        let blocked = if !summary.runs {
            "another server has it"
        } else if summary.frozen {
            "another server takes it over already"
        } else if summary.pinned || self.options.config.quota == 0 {
            return Some(Reason::Pinned.to_string());
        } else if !summary.attached {
            "no client is attached"
        } else if self.peers.is_empty() {
            "no other server is known"
        } else if to.is_some_and(|to| !self.peers.contains_key(&to)) {
            "that server is not known"
        } else if !up.any(|(server, _)| to.is_none_or(|to| to == *server)) {
            "no other server can be reached"
        } else {
            return None;
        };
        Some(blocked.to_owned())
    }

    /// Who did not take a connection, and why.
    fn told(&self, refusals: &[(NodeId, Reason)]) -> String {
        if refusals.is_empty() {
            return "its client's policy does not let it go".to_owned();
        }
        let one = |(server, reason): &(NodeId, Reason)| {
            let mut peers = self.options.peers.iter();
            let place = peers.find(|place| place.server == *server);
            let at = place.map_or_else(|| server.to_string(), |place| place.address.clone());
            format!("{at} refuses: {reason}")
        };
        let all: Vec<String> = refusals.iter().map(one).collect();
        all.join("; ")
    }

    /// Asks the client of a connection to go elsewhere.
    pub(super) fn advise(&self, conn: &Arc<Conn>, advice: Advice, to: Option<NodeId>) {
        let peers = self.options.peers.iter();
        let fits = |place: &&Candidate| {
            let up = self
                .peers
                .get(&place.server)
                .is_some_and(|peer| peer.is_up());
            to.map_or(up, |to| to == place.server)
        };
        let candidates = peers.filter(fits).cloned().collect();
        conn.with(|state, _| {
            state.refusals = None;
            state.machine.advise(advice, candidates);
        });
    }

    /// Has a connection go, if it can: asks its client.
    pub(super) fn send_away(
        &self,
        conn: &Arc<Conn>,
        (advice, to): (Advice, Option<NodeId>),
    ) -> Result<(), String> {
        match self.blocked(conn, to) {
            Some(why) => Err(why),
            None => {
                self.advise(conn, advice, to);
                Ok(())
            }
        }
    }
}

/// How fast bytes went, where it was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Pace {
    bytes: u64,
    nanos: u64,
}

impl Pace {
    /// So many more were measured. Older ones count less and less.
    pub(super) fn add(&mut self, bytes: u64, time: Span) {
        self.bytes = self.bytes / 2 + bytes;
        self.nanos = self.nanos / 2 + time.0.max(1);
    }

    /// How long so many bytes take, in nanoseconds; none if nothing was measured.
    pub(super) fn time_of(self, bytes: u64) -> Option<u64> {
        if bytes == 0 {
            return Some(0);
        }
        let time = u128::from(bytes) * u128::from(self.nanos);
        let time = time.checked_div(u128::from(self.bytes))?;
        u64::try_from(time).ok()
    }
}
