//! Ahead of a move: a session with a server that would take the connection, so that the move itself
//! is no more than a question and an answer; and the policy that says when that is needed.

use std::sync::Arc;

use sm_core::ids::{NodeId, Span, Time};
use sm_core::mtcp::policy::{Decider, Decision, Policy, Sample};
use sm_core::mtcp::wire::Advice;
use sm_core::mtcp::{End, LinkId, Reason};
use tokio::time::{sleep_until, timeout};

use super::drive::{Trouble, reach};
use super::state::{Known, Shared, State};
use super::stream::ClientControl;
use crate::limits;

/// Has a session with this server ready, or with the first other one that would take the
/// connection. Says which it is.
pub(super) async fn prepare(shared: &Arc<Shared>, to: Option<NodeId>) -> Result<NodeId, String> {
    let mut places = shared.lock().elsewhere();
    places.retain(|place| to.is_none_or(|to| place.server == Some(to)));
    let mut trouble = "no other server is known".to_owned();
    for place in places {
        match ask(shared, &place).await {
            Ok(server) => return Ok(server),
            Err(why) => trouble = format!("{}: {why}", place.address),
        }
    }
    Err(trouble)
}

/// Asks a server whether it would take the connection.
async fn ask(shared: &Arc<Shared>, place: &Known) -> Result<NodeId, Trouble> {
    let link = reach(shared, place, limits::MTCP_CALL_TIME).await?;
    shared.with(|state, _| {
        if let Some(at) = state.links.get_mut(&link) {
            at.answer = None;
        }
        state.machine.attach(link);
    });
    let answer = timeout(limits::MTCP_CALL_TIME, answer(shared, link)).await;
    let answer = answer.unwrap_or_else(|_| Err(Trouble::Session("it did not answer".to_owned())));
    if answer.is_err() {
        shared.with(|state, _| {
            let carrier = state.machine.attached();
            state.close_links(|other, _| *other == link && carrier != Some(link));
        });
    }
    answer
}

async fn answer(shared: &Arc<Shared>, link: LinkId) -> Result<NodeId, Trouble> {
    let answer = shared.wait(|state| match state.links.get(&link) {
        _ if state.closed.is_some() => Some(Err(Trouble::Closed)),
        // The connection has come there meanwhile.
        Some(at) if state.machine.attached() == Some(link) => Some(Ok(at.server)),
        Some(at) if !at.close => {
            let answer = at.answer?;
            Some(answer.map(|()| at.server).map_err(Trouble::Refused))
        }
        _ => Some(Err(Trouble::Session("the session has ended".to_owned()))),
    });
    answer.await
}

/// Moves the connection as a policy says, until it is over.
pub(super) async fn obey(shared: Arc<Shared>, policy: Policy) {
    let clock = shared.connector.clock;
    let (every, probes) = (policy.every, policy.probes());
    let mut decider = Decider::new(policy, clock.now());
    let mut here = News::of(&shared.lock()).owner;
    let mut probe = Time::ZERO;
    // When a session is to be had, or kept for longer.
    let mut ready = Time::ZERO;
    loop {
        let now = clock.now();
        let (news, sample) = {
            let state = shared.lock();
            (News::of(&state), sample(&state))
        };
        if news.closed.is_some() {
            return;
        }
        if news.owner != here {
            here = news.owner;
            decider.moved(now);
        }
        if matches!(news.advised, Some((Advice::Load, _))) && !decider.ask() {
            // Who asks is told at once.
            shared.with(|state, _| {
                state.advised = None;
                state.machine.stays(Vec::new());
            });
            continue;
        }
        // While it is nowhere there is nothing to be decided.
        let decision = match news.detached {
            None => decider.sample(now, &sample),
            Some(_) => Decision::Stay,
        };
        if probes && probe <= now {
            shared.with(|state, now| state.machine.probe(now));
            probe = now + every;
        }
        let mut due = decider.due(now);
        match decision {
            Decision::Stay => {}
            Decision::Arm => {
                if ready <= now {
                    let shared = shared.clone();
                    tokio::spawn(async move { prepare(&shared, None).await });
                    ready = now + AGAIN;
                }
                due = due.min(ready);
            }
            Decision::Move(_) => {
                let (moved, refusals) = go(&shared).await;
                here = News::of(&shared.lock()).owner;
                if moved {
                    decider.moved(clock.now());
                } else {
                    shared.with(|state, _| {
                        if state.advised.take().is_some() {
                            state.machine.stays(refusals);
                        }
                    });
                    decider.failed(clock.now());
                }
                ready = Time::ZERO;
                continue;
            }
        }
        let rings = async {
            match due {
                Time::NEVER => std::future::pending().await,
                due => sleep_until(clock.instant(due).into()).await,
            }
        };
        tokio::select! {
            () = rings => {}
            () = shared.wait(|state| (News::of(state) != news).then_some(())) => {}
        }
    }
}

/// How long a session is taken to be ready, once it was asked for.
const AGAIN: Span = Span(limits::MTCP_WARM_AGAIN.as_nanos() as u64);

/// What makes it worth while to look again.
#[derive(Clone, PartialEq, Eq, Debug)]
struct News {
    owner: NodeId,
    advised: Option<(Advice, Vec<NodeId>)>,
    detached: Option<Reason>,
    closed: Option<End>,
}

impl News {
    fn of(state: &State) -> Self {
        Self {
            owner: state.machine.record().owner,
            advised: state.advised.clone(),
            detached: state.detached,
            closed: state.closed,
        }
    }
}

fn sample(state: &State) -> Sample {
    Sample {
        drains: matches!(state.advised, Some((Advice::Drain, _))),
        ..state.machine.sample()
    }
}

/// Moves it to the first server that takes it; if none does, says who did not, and why.
async fn go(shared: &Arc<Shared>) -> (bool, Vec<(NodeId, Reason)>) {
    let control = ClientControl::new(shared.clone());
    let places = shared.lock().advised_places();
    let mut refusals = Vec::new();
    for place in places {
        // A server that nobody has spoken with yet may be there all the same.
        let to = match ask(shared, &place).await {
            Ok(server) => server,
            Err(trouble) => {
                refusals.extend(trouble.told(&place));
                continue;
            }
        };
        match control.migrate(Some(to)).await {
            Ok(_) => return (true, refusals),
            Err(_) => refusals.push((to, shared.lock().refused.unwrap_or(Reason::Unreachable))),
        }
    }
    (false, refusals)
}
