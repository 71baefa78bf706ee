//! What an operator sees of a server's connections, and does with them, over a control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sm_core::ids::{NodeId, Span, Time};
use sm_core::mtcp::wire::{Advice, Candidate};
use sm_core::mtcp::{ConnectionId, End, Reason};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Control;
use super::conn::{Conn, State};
use super::hub::Hub;
use crate::control::protocol::{
    Answer, Connection, Explained, Has, Migrate, Move, Name, Outcome, Refusal, Request, Server,
};
use crate::control::{self, Order};
use crate::limits;

/// An operator's access to a server; it ends when this is dropped.
#[derive(Debug)]
pub struct Operated {
    _socket: control::Server,
    _orders: JoinSet<()>,
}

impl Control {
    /// Lets an operator in by a Unix socket, which only the owner of this process may open.
    ///
    /// # Errors
    /// As [`control::Server::start`].
    pub async fn operate(&self, socket: &Path) -> io::Result<Operated> {
        let (orders, ordered) = mpsc::channel(limits::CONTROL_ORDERS);
        let socket = control::Server::start(socket, orders).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(obey(self.0.clone(), ordered));
        Ok(Operated {
            _socket: socket,
            _orders: tasks,
        })
    }
}

impl Control {
    /// As [`Control::drain`], but no more than so many of the clients are asked in a second.
    pub async fn drain_at(&self, rate: u32) {
        let wish = Migrate {
            which: None,
            to: None,
            rate: Some(rate),
            drain: true,
            dry_run: false,
        };
        let (answers, mut answered) = mpsc::channel(limits::CONTROL_ORDERS);
        let heard = async { while answered.recv().await.is_some() {} };
        tokio::join!(migrate(self.0.clone(), wish, answers), heard);
    }
}

async fn obey(hub: Arc<Hub>, mut orders: mpsc::Receiver<Order>) {
    let mut tasks = JoinSet::new();
    while let Some(order) = orders.recv().await {
        let Order::Request { request, answers } = order else {
            continue;
        };
        // Those that are over are to be forgotten.
        while tasks.try_join_next().is_some() {}
        let answer = match request {
            Request::Connections => Answer::Connections(hub.list()),
            Request::Explain(id) => {
                let hub = hub.clone();
                tasks.spawn(async move {
                    let _ = answers.send(hub.explain(ConnectionId(id)).await).await;
                });
                continue;
            }
            Request::Migrate(wish) => {
                tasks.spawn(migrate(hub.clone(), *wish, answers));
                continue;
            }
            _ => refused("it serves M-TCP, and is no node"),
        };
        // An operator who has gone does not want to know.
        let _ = answers.try_send(answer);
    }
}

fn refused(reason: impl Into<String>) -> Answer {
    Answer::Refused(Refusal {
        by_policy: false,
        reason: reason.into(),
    })
}

impl Hub {
    fn list(&self) -> Vec<Connection> {
        let all = self.all();
        let all = all.iter().map(|conn| self.describe(conn));
        all.take(limits::MTCP_LISTED).collect()
    }

    fn describe(&self, conn: &Conn) -> Connection {
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
            blocked: self.blocked(&state, None),
        }
    }

    /// Why a connection cannot move now: to this server, or to any.
    fn blocked(&self, state: &State, to: Option<NodeId>) -> Option<String> {
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

    async fn explain(&self, id: ConnectionId) -> Answer {
        let Some(conn) = self.find(id) else {
            return refused(Reason::Unknown.to_string());
        };
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
        let connection = self.describe(&conn);
        let candidates = self.options.peers.iter().filter_map(|place| {
            let peer = self.peers.get(&place.server)?;
            let round_trip = peer.rtt().map(|span| span.0);
            Some(Server {
                key: place.server.0,
                address: place.address.clone(),
                linked: peer.is_up(),
                round_trip,
                gap: connection.round_trip.zip(round_trip).map(|(a, b)| a + b),
            })
        });
        Answer::Explained(Box::new(Explained {
            candidates: candidates.collect(),
            connection,
        }))
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
        conn.with(|state, _| state.machine.advise(advice, candidates));
    }

    /// Has a connection go, if it can: asks its client.
    pub(super) fn send_away(
        &self,
        conn: &Arc<Conn>,
        (advice, to): (Advice, Option<NodeId>),
    ) -> Result<(), String> {
        let blocked = self.blocked(&conn.lock(), to);
        match blocked {
            Some(why) => Err(why),
            None => {
                self.advise(conn, advice, to);
                Ok(())
            }
        }
    }
}

fn names(servers: &[NodeId]) -> Vec<Name> {
    servers.iter().map(|server| server.0).collect()
}

/// Has connections move, as an operator wants it, until they have or he hangs up.
async fn migrate(hub: Arc<Hub>, wish: Migrate, answers: mpsc::Sender<Answer>) {
    let all = match wish.which.map(ConnectionId) {
        None => hub.all(),
        Some(id) => match hub.find(id) {
            Some(conn) => vec![conn],
            None => {
                let _ = answers.send(refused(Reason::Unknown.to_string())).await;
                return;
            }
        },
    };
    let to = wish.to.map(NodeId);
    if to.is_some_and(|to| !hub.peers.contains_key(&to)) {
        let _ = answers.send(refused("that server is not known here")).await;
        return;
    }
    let drain = wish.drain && !wish.dry_run;
    if drain {
        hub.set_draining(true);
    }
    let mut moving = Moving {
        // Copies of what others have stay where they are, unless one of them is meant.
        waiting: all
            .into_iter()
            .filter(|conn| wish.which.is_some() || conn.lock().machine.summary().runs)
            .collect(),
        under_way: Vec::new(),
        count: (0, 0),
        hub: hub.clone(),
        to,
        wish,
        answers: answers.clone(),
    };
    moving.count.1 = moving.waiting.len() as u64;
    tokio::select! {
        () = moving.run() => drop(answers.send(Answer::Done).await),
        // He has thought better of it.
        () = answers.closed() => if drain {
            hub.set_draining(false);
        },
    }
}

struct Moving {
    hub: Arc<Hub>,
    wish: Migrate,
    to: Option<NodeId>,
    /// What is to go, and what goes.
    waiting: Vec<Arc<Conn>>,
    under_way: Vec<Going>,
    /// How many are done with, of how many.
    count: (u64, u64),
    answers: mpsc::Sender<Answer>,
}

/// A connection whose client was asked, or could not be.
struct Going {
    conn: Arc<Conn>,
    since: Time,
    /// Why it stays, if that was said.
    stays: Option<String>,
}

impl Moving {
    async fn run(&mut self) {
        // The first that was listed goes first.
        self.waiting.reverse();
        let pace = self.wish.rate.filter(|_| !self.wish.dry_run);
        let pace = pace.map(|rate| Duration::from_secs(1) / rate.max(1));
        let mut next = self.hub.clock.now();
        loop {
            let hub = self.hub.clone();
            let changed = hub.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = hub.clock.now();
            while next <= now
                && let Some(conn) = self.waiting.pop()
            {
                self.begin(conn).await;
                if let Some(pace) = pace {
                    next = next + Span(pace.as_nanos() as u64);
                }
            }
            self.look().await;
            if self.waiting.is_empty() && self.under_way.is_empty() {
                return;
            }
            // Not only changes: time passes, too.
            let _ = timeout(limits::MTCP_LOOK, changed).await;
        }
    }

    async fn begin(&mut self, conn: Arc<Conn>) {
        let blocked = if self.wish.dry_run {
            let blocked = self.hub.blocked(&conn.lock(), self.to);
            if blocked.is_none() {
                self.done(&conn, Outcome::Would).await;
                return;
            }
            blocked
        } else {
            let advice = match self.wish.drain {
                true => Advice::Drain,
                false => Advice::Load,
            };
            self.hub.send_away(&conn, (advice, self.to)).err()
        };
        match blocked {
            Some(why) if !self.wish.drain || self.wish.dry_run => {
                self.done(&conn, Outcome::Stays(why)).await;
            }
            blocked => {
                if let Some(why) = blocked.clone() {
                    self.say(&conn, Outcome::Stays(why)).await;
                }
                self.under_way.push(Going {
                    conn,
                    since: self.hub.clock.now(),
                    stays: blocked,
                });
            }
        }
    }

    /// Looks at what is under way.
    async fn look(&mut self) {
        for mut going in std::mem::take(&mut self.under_way) {
            let passed = self.hub.clock.now().since(going.since);
            let (runs, stopped) = {
                let state = going.conn.lock();
                (state.machine.summary().runs, state.stopped)
            };
            if !runs {
                let outcome = match stopped {
                    Some(End::Moved) => Outcome::Moved(passed.0),
                    _ => Outcome::Ended,
                };
                self.done(&going.conn, outcome).await;
                continue;
            }
            let late = passed.0 >= limits::MTCP_MOVE_TIME.as_nanos() as u64;
            let why = "its client has not gone: its policy, or the other servers, do not let it";
            if late && !self.wish.drain {
                self.hub.advise(&going.conn, Advice::Stay, None);
                self.done(&going.conn, Outcome::Stays(why.to_owned())).await;
                continue;
            }
            if late && going.stays.is_none() {
                going.stays = Some(why.to_owned());
                self.say(&going.conn, Outcome::Stays(why.to_owned())).await;
            }
            self.under_way.push(going);
        }
    }

    async fn done(&mut self, conn: &Conn, outcome: Outcome) {
        self.count.0 += 1;
        self.say(conn, outcome).await;
    }

    async fn say(&self, conn: &Conn, outcome: Outcome) {
        let id = conn.id.0;
        let count = self.count;
        let said = Move { id, count, outcome };
        // That he has gone is seen elsewhere.
        let _ = self.answers.send(Answer::Move(Box::new(said))).await;
    }
}
