//! Where a connection goes on: chosen here, proved here, and tried until it works or is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::Advice;
use sm_core::mtcp::{Contact, End, LinkId, Reason};
use tokio::time::{sleep, sleep_until, timeout};

use super::state::{Known, Shared, State, Wish};
use super::warm::obey;
use crate::limits;
use crate::mtcp::proof::prove;

/// Waits until a server has answered, and keeps the connection going from then on.
pub(super) async fn begin(shared: &Arc<Shared>) -> Result<(), Reason> {
    tokio::spawn(watch(shared.clone()));
    let answer = shared.wait(|state| match (state.closed, state.detached) {
        _ if state.opened => Some(Ok(())),
        (Some(End::Reset(reason)), _) | (_, Some(reason)) => Some(Err(reason)),
        (Some(_), None) => Some(Err(Reason::Protocol)),
        (None, None) => None,
    });
    let patience = Duration::from_nanos(shared.connector.options.timing.attempt.0);
    match timeout(patience, answer)
        .await
        .unwrap_or(Err(Reason::Expired))
    {
        Ok(()) => {
            tokio::spawn(drive(shared.clone()));
            if let Some(policy) = &shared.connector.options.policy {
                tokio::spawn(obey(shared.clone(), policy.clone()));
            }
            Ok(())
        }
        Err(reason) => {
            shared.with(|state, _| state.machine.reset(reason));
            Err(reason)
        }
    }
}

/// Looks at the clock for a connection, until it is over.
pub(super) async fn watch(shared: Arc<Shared>) {
    loop {
        let due = {
            let mut state = shared.lock();
            if state.closed.is_some() {
                return;
            }
            state.armed = state.due();
            state.armed
        };
        let rings = async {
            match due {
                Time::NEVER => std::future::pending().await,
                due => sleep_until(shared.connector.clock.instant(due).into()).await,
            }
        };
        tokio::select! {
            () = rings => shared.with(|state, now| {
                if state.dropped.is_some_and(|dropped| dropped <= now) {
                    state.machine.reset(Reason::Aborted);
                }
                state.machine.timeout(now);
                if state.inbox.is_empty() {
                    state.inbox = Default::default();
                }
            }),
            () = shared.earlier.notified() => {}
        }
    }
}

/// What is to be done.
enum Task {
    End,
    Move(Wish),
    Leave,
    Recover,
}

pub(super) async fn drive(shared: Arc<Shared>) {
    let options = &shared.connector.options;
    // Where there is a policy, it says whether to follow.
    let follow = options.follow && options.policy.is_none();
    loop {
        let task = shared.wait(|state| {
            if state.closed.is_some() {
                Some(Task::End)
            } else if state.detached.is_some() {
                Some(Task::Recover)
            } else if let Some(wish) = state.wish.take() {
                Some(Task::Move(wish))
            } else if follow && state.advised.is_some() && !state.machine.moves_with_service() {
                Some(Task::Leave)
            } else {
                None
            }
        });
        match task.await {
            Task::End => return,
            // Nearly always nothing of that is under way, and it takes much memory.
            Task::Recover => Box::pin(recover(&shared)).await,
            Task::Move(wish) => Box::pin(grant(&shared, wish)).await,
            Task::Leave => Box::pin(leave(&shared)).await,
        }
    }
}

/// Moves the connection where the program wants it.
async fn grant(shared: &Arc<Shared>, wish: Wish) {
    let places = shared.lock().elsewhere();
    let mut result = Err("no other server is known".to_owned());
    for place in places {
        if wish.to.is_some_and(|to| place.server != Some(to)) {
            continue;
        }
        result = match attempt(shared, &place, limits::MTCP_CALL_TIME).await {
            Ok(server) => Ok(server),
            Err(trouble) => {
                shared.lock().refused = trouble.told(&place).map(|(_, reason)| reason);
                Err(format!("{}: {trouble}", place.address))
            }
        };
        if result.is_ok() || shared.lock().closed.is_some() {
            break;
        }
        // It is nowhere now, and has to be somewhere before it is tried elsewhere.
        if shared.lock().detached.is_some() {
            recover(shared).await;
        }
    }
    let mut state = shared.lock();
    state.granted = Some((wish.number, result));
    shared.changed.notify_waiters();
    shared.connector.open.rings();
}

/// Goes elsewhere because the server asks for it; where nobody takes it, it stays.
async fn leave(shared: &Arc<Shared>) {
    let places = shared.lock().advised_places();
    let mut refusals = Vec::new();
    for place in places {
        match attempt(shared, &place, limits::MTCP_CALL_TIME).await {
            Ok(_) => return,
            Err(trouble) => refusals.extend(trouble.told(&place)),
        }
        if shared.lock().closed.is_some() {
            return;
        }
        if shared.lock().detached.is_some() {
            recover(shared).await;
        }
    }
    shared.with(|state, _| state.machine.stays(refusals));
    // It still wants that after a while, and others may have come then.
    let elsewhere = |state: &mut State| {
        let gone = state.closed.is_some() || state.detached.is_some();
        gone.then_some(())
    };
    tokio::select! {
        () = sleep(limits::MTCP_RETRY_LONGEST) => {}
        () = shared.wait(elsewhere) => {}
    }
}

/// Tries its servers in turn, until one takes the connection or it is over.
async fn recover(shared: &Arc<Shared>) {
    let mut patience = limits::MTCP_TRY_FIRST;
    let mut pause = limits::MTCP_RETRY_FIRST;
    loop {
        let (owner, places) = {
            let state = shared.lock();
            let mut places = state.in_order();
            // One that fell silent would keep this one waiting before a standby was asked.
            if state.detached == Some(Reason::Expired) {
                let record = state.machine.record();
                let keeps = |server| record.standbys.contains(&server);
                places.sort_by_key(|place| !place.server.is_some_and(keeps));
            }
            (state.machine.record().owner, places)
        };
        let mut tried = Vec::new();
        let mut hopeless = false;
        let mut all_refused = true;
        for place in places {
            if shared.lock().closed.is_some() {
                return;
            }
            let trouble = match attempt(shared, &place, patience).await {
                Ok(_) => return,
                Err(trouble) => trouble,
            };
            if shared.lock().machine.moves_with_service() && trouble.is_later_copy() {
                shared.with(|state, _| state.machine.reset(Reason::Superseded));
                return;
            }
            all_refused &= trouble.is_final();
            hopeless |= place.server == Some(owner) && trouble.is_loss();
            tried.push((place.address, trouble.to_string()));
        }
        shared.lock().tried = tried;
        if hopeless && all_refused {
            shared.with(|state, _| state.machine.reset(Reason::Lost));
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(limits::MTCP_RETRY_LONGEST);
        patience = (patience * 2).min(limits::MTCP_CALL_TIME);
    }
}

/// Why an attempt came to nothing.
pub(super) enum Trouble {
    /// There is no session with the server.
    Session(String),
    /// It does not take the connection.
    Refused(Reason),
    /// It is not where the connection stays.
    Other,
    Closed,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session(what) => f.write_str(what),
            Self::Refused(reason) => write!(f, "{reason}"),
            Self::Other => f.write_str("another server has the connection"),
            Self::Closed => f.write_str("the connection is over"),
        }
    }
}

impl Trouble {
    /// What the server is told that the connection stays at.
    pub(super) fn told(&self, place: &Known) -> Option<(NodeId, Reason)> {
        let reason = match self {
            Self::Session(_) => Reason::Unreachable,
            Self::Refused(reason) => *reason,
            Self::Other => Reason::Superseded,
            Self::Closed => return None,
        };
        Some((place.server?, reason))
    }

    /// The server has answered, and will not answer otherwise.
    fn is_final(&self) -> bool {
        let Self::Refused(reason) = self else {
            return matches!(self, Self::Other);
        };
        !matches!(
            reason,
            Reason::Busy | Reason::Draining | Reason::Pinned | Reason::Expired
        )
    }

    /// It refuses what is not the latest copy of an end that moves.
    fn is_later_copy(&self) -> bool {
        matches!(self, Self::Refused(Reason::Superseded))
    }

    /// The server that had it has it no more.
    fn is_loss(&self) -> bool {
        matches!(self, Self::Refused(Reason::Unknown | Reason::Lost))
    }
}

/// The session with a server, or a new one.
pub(super) async fn reach(
    shared: &Arc<Shared>,
    place: &Known,
    patience: Duration,
) -> Result<LinkId, Trouble> {
    if let Some(link) = shared.lock().link_to(place) {
        return Ok(link);
    }
    let connector = &shared.connector;
    let call = connector
        .calling
        .call(&place.address, &connector.options.service);
    let called = timeout(patience, call).await;
    let called = called.map_err(|_| Trouble::Session("it did not answer".to_owned()))?;
    let (server, session) = called.map_err(|error| Trouble::Session(error.to_string()))?;
    Ok(shared.add_link(server, place.address.clone(), session))
}

/// Tries to go on at one server.
async fn attempt(
    shared: &Arc<Shared>,
    place: &Known,
    patience: Duration,
) -> Result<NodeId, Trouble> {
    let link = reach(shared, place, patience).await?;
    if !shared.lock().may_resume(link) {
        shared.with(|state, _| state.close_links(|other, _| *other == link));
        return Err(Trouble::Other);
    }
    let server = shared
        .with(|state, now| state.resume(now, link))
        .ok_or(Trouble::Closed)?;
    let result = shared.wait(|state| {
        if state.closed.is_some() {
            Some(Err(Trouble::Closed))
        } else if state.machine.attached() == Some(link) {
            Some(Ok(server))
        } else {
            state.detached.map(|reason| Err(Trouble::Refused(reason)))
        }
    });
    let result = result.await;
    shared.with(|state, _| {
        let owner = state.machine.record().owner;
        match result {
            // Who had it before has nothing to say any more.
            Ok(_) => state.close_links(|other, _| *other != link),
            // The way back is shorter where there is a session still.
            Err(_) => state.close_links(|other, at| *other == link && at.server != owner),
        }
    });
    result
}

impl State {
    /// The places where it may go on: at its owner, at a standby, or elsewhere.
    fn in_order(&self) -> Vec<Known> {
        let record = self.machine.record();
        let mut places = self.known.clone();
        let may = |server| self.machine.may_resume_at(server);
        places.retain(|place| place.server.is_none_or(may));
        places.sort_by_key(|place| match place.server {
            Some(server) if server == record.owner => 0,
            Some(server) if record.standbys.contains(&server) => 1,
            _ => 2,
        });
        places
    }

    /// The same without the owner, and first where a session is prepared.
    pub(super) fn elsewhere(&self) -> Vec<Known> {
        let owner = self.machine.record().owner;
        let mut places = self.in_order();
        places.retain(|place| place.server != Some(owner));
        let links = self.machine.warm().filter_map(|link| self.links.get(&link));
        let warm: BTreeSet<NodeId> = links.filter(|at| !at.close).map(|at| at.server).collect();
        places.sort_by_key(|place| !place.server.is_some_and(|server| warm.contains(&server)));
        places
    }

    /// Where it should go on: where the server says, in its order. One that is about to stop knows
    /// no better than others.
    pub(super) fn advised_places(&self) -> Vec<Known> {
        let mut places = self.elsewhere();
        if let Some((Advice::Load, servers)) = &self.advised {
            let rank = |place: &Known| {
                let server = place.server?;
                servers.iter().position(|advised| *advised == server)
            };
            places.retain(|place| rank(place).is_some());
            places.sort_by_key(rank);
        }
        places
    }

    fn link_to(&self, place: &Known) -> Option<LinkId> {
        let mut links = self.links.iter();
        let open = |at: &super::state::ClientLink| !at.close && Some(at.server) == place.server;
        links.find(|(_, at)| open(at)).map(|(link, _)| *link)
    }

    fn may_resume(&self, link: LinkId) -> bool {
        let at = self.links.get(&link);
        at.is_none_or(|at| self.machine.may_resume_at(at.server))
    }

    /// Makes the attempt; none if the session has ended already.
    fn resume(&mut self, now: Time, link: LinkId) -> Option<NodeId> {
        let at = self.links.get(&link)?;
        let of = (self.machine.id(), self.machine.next_epoch());
        let proof = prove(&self.secret, &at.binding, of);
        let server = at.server;
        self.detached = None;
        self.carried = false;
        self.machine.resume(now, Contact { link, server }, proof);
        Some(server)
    }
}
