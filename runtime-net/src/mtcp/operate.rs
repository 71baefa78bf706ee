//! What operators have of connections, at servers and at client ends: orders over a control socket,
//! and moves that are paced.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sm_core::ids::{NodeId, Span, Time};
use sm_core::mtcp::{ConnectionId, Reason};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::control::protocol::{
    Answer, Connection, Migrate, Move, Name, Order as Sorted, Outcome, Refusal, Request,
};
use crate::control::{self, Order};
use crate::limits;

/// An operator's access; it ends when this is dropped.
#[derive(Debug)]
pub struct Operated {
    _socket: control::Server,
    _orders: JoinSet<()>,
}

/// One end of connections, as operators see it.
pub(super) trait Site: Send + Sync + 'static {
    type Conn: Send + Sync + 'static;

    fn clock(&self) -> Clock;

    /// Rings when something has become of a move.
    fn changed(&self) -> &Notify;

    fn all(&self) -> Vec<Self::Conn>;

    fn find(&self, id: ConnectionId) -> Option<Self::Conn>;

    fn id(&self, conn: &Self::Conn) -> ConnectionId;

    fn describe(&self, conn: &Self::Conn) -> Connection;

    /// What is to be said of one, and where it could go.
    fn explain(&self, conn: &Self::Conn) -> impl Future<Output = Answer> + Send;

    /// Whether its service is behind this end, so that it is one of all.
    fn is_here(&self, conn: &Self::Conn) -> bool;

    fn knows(&self, to: NodeId) -> bool;

    /// Why it cannot go there, or anywhere, now.
    fn blocked(&self, conn: &Self::Conn, to: Option<NodeId>) -> Option<String>;

    /// Has it go; gives what [`Site::outcome`] is to be asked with.
    fn send(&self, conn: &Self::Conn, drain: bool, to: Option<NodeId>) -> u64;

    /// What has become of it; nothing yet if none.
    fn outcome(&self, conn: &Self::Conn, token: u64) -> Option<Gone>;

    /// It need not go after all.
    fn give_up(&self, conn: &Self::Conn);

    /// Why it may be that nothing becomes of it.
    fn silence(&self) -> &'static str;

    /// Whether no more are taken.
    ///
    /// # Errors
    /// If this end takes none in any case.
    fn set_draining(&self, draining: bool) -> Result<(), &'static str>;
}

/// What has become of a connection that was sent away.
pub(super) enum Gone {
    Moved,
    Ended,
    /// It stays, and why.
    Stays(String),
}

/// Lets an operator in by a Unix socket, which only the owner of this process may open.
pub(super) async fn operate(site: Arc<impl Site>, socket: &Path) -> io::Result<Operated> {
    let (orders, ordered) = mpsc::channel(limits::CONTROL_ORDERS);
    let socket = control::Server::start(socket, orders).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(obey(site, ordered));
    Ok(Operated {
        _socket: socket,
        _orders: tasks,
    })
}

async fn obey<S: Site>(site: Arc<S>, mut orders: mpsc::Receiver<Order>) {
    let mut tasks = JoinSet::new();
    while let Some(order) = orders.recv().await {
        let Order::Request { request, answers } = order else {
            continue;
        };
        // Those that are over are to be forgotten.
        while tasks.try_join_next().is_some() {}
        let answer = match request {
            Request::Connections => {
                let all = site.all();
                let all = all.iter().map(|conn| site.describe(conn));
                Answer::Connections(all.take(limits::MTCP_LISTED).collect())
            }
            Request::Explain(id) => {
                let site = site.clone();
                tasks.spawn(async move {
                    let answer = match site.find(ConnectionId(id)) {
                        Some(conn) => site.explain(&conn).await,
                        None => refused(Reason::Unknown.to_string()),
                    };
                    let _ = answers.send(answer).await;
                });
                continue;
            }
            Request::Migrate(wish) => {
                tasks.spawn(migrate(site.clone(), *wish, answers));
                continue;
            }
            _ => refused("it serves M-TCP, and is no node"),
        };
        // An operator who has gone does not want to know.
        let _ = answers.try_send(answer);
    }
}

pub(super) fn refused(reason: impl Into<String>) -> Answer {
    Answer::Refused(Refusal {
        by_policy: false,
        reason: reason.into(),
    })
}

pub(super) fn names(servers: &[NodeId]) -> Vec<Name> {
    servers.iter().map(|server| server.0).collect()
}

/// Has connections move, as an operator wants it, until they have or he hangs up.
pub(super) async fn migrate<S: Site>(site: Arc<S>, wish: Migrate, answers: mpsc::Sender<Answer>) {
    let mut all = match wish.which {
        // Copies of what others have stay where they are, unless one of them is meant.
        None => {
            let all = site.all().into_iter();
            all.filter(|conn| site.is_here(conn)).collect()
        }
        Some(id) => match site.find(ConnectionId(id)) {
            Some(conn) => vec![conn],
            None => {
                let _ = answers.send(refused(Reason::Unknown.to_string())).await;
                return;
            }
        },
    };
    let to = wish.to.map(NodeId);
    if to.is_some_and(|to| !site.knows(to)) {
        let _ = answers.send(refused("that server is not known here")).await;
        return;
    }
    let drain = wish.drain && !wish.dry_run;
    if drain && let Err(why) = site.set_draining(true) {
        let _ = answers.send(refused(why)).await;
        return;
    }
    // The first that is to go is the last of them.
    match wish.order {
        Sorted::Listed => all.reverse(),
        Sorted::Smallest => all.sort_by_key(|conn| u64::MAX - site.describe(conn).bytes),
        Sorted::Largest => all.sort_by_key(|conn| site.describe(conn).bytes),
    }
    let mut moving = Moving {
        count: (0, all.len() as u64),
        waiting: all,
        under_way: Vec::new(),
        since: site.clock().now(),
        site: site.clone(),
        to,
        wish,
        answers: answers.clone(),
    };
    tokio::select! {
        () = moving.run() => drop(answers.send(Answer::Done).await),
        // He has thought better of it.
        () = answers.closed() => {
            moving.under_way.iter().for_each(|going| site.give_up(&going.conn));
            if drain {
                let _ = site.set_draining(false);
            }
        }
    }
}

struct Moving<S: Site> {
    site: Arc<S>,
    wish: Migrate,
    to: Option<NodeId>,
    /// What is to go, and what goes.
    waiting: Vec<S::Conn>,
    under_way: Vec<Going<S::Conn>>,
    /// When it began.
    since: Time,
    /// How many are done with, of how many.
    count: (u64, u64),
    answers: mpsc::Sender<Answer>,
}

/// A connection that was sent away, or could not be.
struct Going<C> {
    conn: C,
    since: Time,
    token: u64,
    /// Why it stays, if that was said.
    stays: Option<String>,
}

impl<S: Site> Moving<S> {
    async fn run(&mut self) {
        let site = self.site.clone();
        let mut next = self.since;
        let deadline = self
            .wish
            .deadline
            .map(|deadline| self.since + Span(deadline));
        loop {
            let changed = site.changed().notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = site.clock().now();
            while next <= now
                && self.has_room()
                && let Some(conn) = self.waiting.pop()
            {
                self.begin(conn).await;
                if !self.wish.dry_run {
                    // Where it has waited for room, the pace is kept from here on.
                    let late = now.since(next) > LATE;
                    next = if late { now } else { next } + Span(self.wish.pause);
                }
            }
            self.look().await;
            if self.waiting.is_empty() && self.under_way.is_empty() {
                return;
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return self.stop().await;
            }
            // Not only changes: time passes, too.
            let _ = timeout(limits::MTCP_LOOK, changed).await;
        }
    }

    fn has_room(&self) -> bool {
        let goes = |going: &&Going<S::Conn>| going.stays.is_none();
        let under_way = self.under_way.iter().filter(goes).count() as u64;
        self.wish
            .at_once
            .is_none_or(|most| under_way < u64::from(most))
    }

    async fn begin(&mut self, conn: S::Conn) {
        let blocked = self.site.blocked(&conn, self.to);
        let (drain, dry_run) = (self.wish.drain, self.wish.dry_run);
        match blocked {
            None if dry_run => self.done(&conn, Outcome::Would).await,
            Some(why) if !drain || dry_run => self.done(&conn, Outcome::Stays(why)).await,
            blocked => {
                let token = match blocked.clone() {
                    Some(why) => {
                        self.say(&conn, Outcome::Stays(why)).await;
                        0
                    }
                    None => self.site.send(&conn, drain, self.to),
                };
                self.under_way.push(Going {
                    conn,
                    since: self.site.clock().now(),
                    token,
                    stays: blocked,
                });
            }
        }
    }

    /// Looks at what is under way.
    async fn look(&mut self) {
        for mut going in std::mem::take(&mut self.under_way) {
            let passed = self.site.clock().now().since(going.since);
            let late = passed.0 >= limits::MTCP_MOVE_TIME.as_nanos() as u64;
            let why = match self.site.outcome(&going.conn, going.token) {
                Some(Gone::Moved) => {
                    self.done(&going.conn, Outcome::Moved(passed.0)).await;
                    continue;
                }
                Some(Gone::Ended) => {
                    self.done(&going.conn, Outcome::Ended).await;
                    continue;
                }
                Some(Gone::Stays(why)) => Some(why),
                None if late && going.stays.is_none() => Some(self.site.silence().to_owned()),
                None => None,
            };
            match why {
                Some(why) if !self.wish.drain => {
                    self.site.give_up(&going.conn);
                    self.done(&going.conn, Outcome::Stays(why)).await;
                    continue;
                }
                Some(why) if going.stays.as_ref() != Some(&why) => {
                    self.say(&going.conn, Outcome::Stays(why.clone())).await;
                    going.stays = Some(why);
                }
                _ => {}
            }
            self.under_way.push(going);
        }
    }

    /// The time is over: what is left stays.
    async fn stop(&mut self) {
        let why = "the time for it is over";
        for going in std::mem::take(&mut self.under_way) {
            self.site.give_up(&going.conn);
            let why = match going.stays {
                Some(stays) => format!("{why}: {stays}"),
                None => why.to_owned(),
            };
            self.done(&going.conn, Outcome::Stays(why)).await;
        }
        while let Some(conn) = self.waiting.pop() {
            self.done(&conn, Outcome::Stays(why.to_owned())).await;
        }
    }

    async fn done(&mut self, conn: &S::Conn, outcome: Outcome) {
        self.count.0 += 1;
        self.say(conn, outcome).await;
    }

    async fn say(&self, conn: &S::Conn, outcome: Outcome) {
        let id = self.site.id(conn).0;
        let count = self.count;
        let said = Move { id, count, outcome };
        // That he has gone is seen elsewhere.
        let _ = self.answers.send(Answer::Move(Box::new(said))).await;
    }
}

/// More than a look is late.
const LATE: Span = Span(5 * limits::MTCP_LOOK.as_nanos() as u64);
