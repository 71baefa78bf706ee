//! The other servers of a service.
//!
//! Each server sends on the session that it made itself, and hears on that of the other. When one
//! of the two ends so does the other: then both know that something may be lost.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use sm_core::ids::{NodeId, Span, Time};
use sm_core::mtcp::wire::{Claim, Frame};
use sm_core::mtcp::{ConnectionId, Reason};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::hub::Hub;
use super::operate::Pace;
use crate::limits;
use crate::mtcp::carry::{Gone, Out, Port, carry};
use crate::mtcp::session::Session;

/// Another server.
pub(super) struct PeerServer {
    address: String,
    queue: Mutex<Queue>,
    /// There is something to send, and no session.
    wanted: Notify,
    /// A round trip was measured, or the session has ended.
    answered: Notify,
}

#[derive(Default)]
struct Queue {
    up: bool,
    /// It was silent or refused, and no call has reached it since.
    gone: bool,
    frames: Vec<u8>,
    /// Connections that may have more.
    more: BTreeSet<ConnectionId>,
    waker: Option<Waker>,
    /// The last round trip that was measured.
    rtt: Option<Span>,
    /// How fast the session took bytes while there was more to send.
    pace: Pace,
    /// What ends the session that this server made, and the one that the other made.
    out: Option<Arc<Notify>>,
    input: Option<Arc<Notify>>,
}

impl PeerServer {
    pub(super) fn new(address: String) -> Self {
        Self {
            address,
            queue: Mutex::default(),
            wanted: Notify::new(),
            answered: Notify::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nobody panics with it")
    }

    pub(super) fn is_up(&self) -> bool {
        self.queue().up
    }

    pub(super) fn rtt(&self) -> Option<Span> {
        self.queue().rtt
    }

    /// How fast the session took bytes while there was more to send.
    pub(super) fn pace(&self) -> Pace {
        self.queue().pace
    }

    /// Measures a round trip on the session that this server made, if there is one.
    pub(super) async fn measure(&self, now: Time) -> Option<Span> {
        let answered = self.answered.notified();
        tokio::pin!(answered);
        answered.as_mut().enable();
        self.queue().rtt = None;
        self.probe(now);
        if self.is_up() {
            answered.await;
        }
        self.rtt()
    }

    /// Asks whether it is there, if there is a session.
    pub(super) fn probe(&self, now: Time) {
        if self.is_up() {
            let _ = self.send(&Frame::Ping { token: now.0 });
        }
    }

    /// False if too much waits already, or if it is gone: who needs something of it does not wait
    /// until another call has come to nothing, which takes long where a host is silent.
    pub(super) fn send(&self, frame: &Frame<'_>) -> bool {
        let mut queue = self.queue();
        if queue.gone {
            self.wanted.notify_one();
            return false;
        }
        if queue.frames.len() > limits::MTCP_PEER_WAITING_BYTES {
            end(&queue.out);
            return false;
        }
        frame.encode(&mut queue.frames);
        queue.wake();
        if !queue.up {
            self.wanted.notify_one();
        }
        true
    }

    pub(super) fn has_more(&self, id: ConnectionId) {
        let mut queue = self.queue();
        if queue.up && queue.more.insert(id) {
            queue.wake();
        }
    }
}

impl Queue {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn end(session: &Option<Arc<Notify>>) {
    if let Some(session) = session {
        session.notify_one();
    }
}

impl Hub {
    pub(super) fn call_peers(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        for peer in self.peers.keys() {
            tasks.spawn(call(self.clone(), *peer));
        }
    }

    /// Carries the session that another server made.
    pub(super) async fn hear_peer(self: Arc<Self>, peer: NodeId, session: Session) {
        let Some(known) = self.peers.get(&peer) else {
            return;
        };
        let own = Arc::new(Notify::new());
        {
            let mut queue = known.queue();
            if let Some(before) = queue.input.replace(own.clone()) {
                // It was lost, and nobody has noticed here.
                before.notify_one();
                end(&queue.out);
            }
        }
        let heard = Heard::now(&self);
        let mut port = PeerInput {
            hub: self.clone(),
            peer,
            heard: heard.clone(),
            answers: Vec::new(),
        };
        tokio::select! {
            _ = carry(session, &mut port) => {}
            () = own.notified() => {}
            () = heard.silence(&self, |_| {}) => {}
        }
        let mut queue = known.queue();
        if queue
            .input
            .as_ref()
            .is_some_and(|input| Arc::ptr_eq(input, &own))
        {
            queue.input = None;
            end(&queue.out);
        }
    }

    fn peer_up(&self, peer: NodeId) {
        for conn in self.all() {
            conn.with(|state, now| {
                state.machine.reachable(peer);
                conn.recruit(state, now);
            });
        }
    }

    fn peer_down(&self, peer: NodeId) {
        for conn in self.all() {
            conn.with(|state, now| state.machine.unreachable(now, peer));
        }
    }

    /// Others take the place of a standby that does not come back.
    fn replace(&self, peer: NodeId) {
        for conn in self.all() {
            conn.with(|state, now| {
                if state.recruited.remove(&peer) {
                    state.machine.dismiss(now, peer);
                    conn.recruit(state, now);
                }
            });
        }
    }

    /// A frame of another server. False if no honest one sends it.
    fn frame_of_peer(self: &Arc<Self>, peer: NodeId, frame: &Frame<'_>) -> bool {
        let Some(id) = frame.connection() else {
            return false;
        };
        let conn = match frame {
            Frame::Base { .. } | Frame::Log(_) => self.find_or_make(id),
            _ => self.find(id),
        };
        match (frame, conn) {
            (Frame::Pull { claim, binding }, conn) => {
                let taken = conn.map(|conn| conn.pulled(peer, frame, (claim, binding)));
                match taken.unwrap_or(Err(Reason::Unknown)) {
                    Ok(fine) => fine,
                    Err(reason) => self.deny(peer, claim, reason),
                }
            }
            (frame, Some(conn)) => conn.frame_of_server(peer, frame),
            // What is about a connection that ended is nothing.
            (_, None) => true,
        }
    }

    fn deny(&self, peer: NodeId, claim: &Claim, reason: Reason) -> bool {
        let denied = Frame::Denied {
            id: claim.id,
            epoch: claim.ends.server,
            reason,
        };
        self.send(&peer, &denied)
    }
}

/// Keeps a session to another server, as long as the listener is there.
async fn call(hub: Arc<Hub>, peer: NodeId) {
    let known = &hub.peers[&peer];
    let mut pause = limits::MTCP_RETRY_FIRST;
    loop {
        let called = hub.door.call(peer, &known.address).await;
        let mut lasted = Duration::ZERO;
        if let Ok(session) = called {
            pause = limits::MTCP_RETRY_FIRST;
            let began = hub.clock.now();
            talk(&hub, peer, session).await;
            lasted = duration(hub.clock.now().since(began));
            tokio::spawn(replace_later(hub.clone(), peer));
        } else {
            let mut queue = known.queue();
            queue.gone = true;
            queue.frames.clear();
        }
        hub.peer_down(peer);
        if lasted >= pause {
            // Whether it is still there is to be known at once: others may have to go on.
            continue;
        }
        let again = timeout(pause, known.wanted.notified()).await;
        if again.is_ok() {
            // Somebody needs it now. But who refuses is not asked all the time.
            sleep(limits::MTCP_RETRY_FIRST.min(pause)).await;
        }
        pause = (pause * 2).min(limits::MTCP_RETRY_LONGEST);
    }
}

async fn replace_later(hub: Arc<Hub>, peer: NodeId) {
    sleep(limits::MTCP_STANDBY_GRACE).await;
    if !hub.peers[&peer].is_up() {
        hub.replace(peer);
    }
}

/// Sends on a session that this server made, until it ends.
async fn talk(hub: &Arc<Hub>, peer: NodeId, session: Session) {
    let known = &hub.peers[&peer];
    let own = Arc::new(Notify::new());
    {
        let mut queue = known.queue();
        queue.up = true;
        queue.gone = false;
        queue.out = Some(own.clone());
    }
    hub.peer_up(peer);
    let heard = Heard::now(hub);
    let mut port = PeerOutput {
        hub: hub.clone(),
        peer,
        heard: heard.clone(),
        full: None,
    };
    let ask = |now: Time| {
        let _ = known.send(&Frame::Ping { token: now.0 });
    };
    let silent = tokio::select! {
        _ = carry(session, &mut port) => false,
        () = own.notified() => false,
        () = heard.silence(hub, ask) => true,
    };
    let mut queue = known.queue();
    queue.up = false;
    queue.gone = silent;
    queue.out = None;
    queue.frames.clear();
    queue.more.clear();
    end(&queue.input);
    known.answered.notify_waiters();
}

/// When the other end of a session was last heard.
#[derive(Clone)]
struct Heard(Arc<AtomicU64>);

impl Heard {
    fn now(hub: &Hub) -> Self {
        Self(Arc::new(AtomicU64::new(hub.clock.now().0)))
    }

    fn again(&self, hub: &Hub) {
        self.0.store(hub.clock.now().0, Ordering::Relaxed);
    }

    /// Asks after some silence, and returns after too much.
    async fn silence(&self, hub: &Hub, ask: impl Fn(Time)) {
        let timing = hub.options.config.timing;
        let mut asked = hub.clock.now();
        loop {
            let now = hub.clock.now();
            let heard = Time(self.0.load(Ordering::Relaxed));
            if now >= heard + timing.dead {
                return;
            }
            let mut due = heard.max(asked) + timing.heartbeat;
            if now >= due {
                ask(now);
                asked = now;
                due = now + timing.heartbeat;
            }
            sleep(duration(due.min(heard + timing.dead).since(now))).await;
        }
    }
}

pub(crate) fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}

/// The session that this server made.
struct PeerOutput {
    hub: Arc<Hub>,
    peer: NodeId,
    heard: Heard,
    /// When it was last filled up, and with how many bytes.
    full: Option<(Time, u64)>,
}

impl Port for PeerOutput {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        let mut taken = 0;
        while let Some((frame, length)) = Frame::decode(&bytes[taken..]).map_err(|_| Gone)? {
            let Frame::Pong { token } = frame else {
                return Err(Gone);
            };
            taken += length;
            let rtt = self.hub.clock.now().since(Time(token));
            let known = &self.hub.peers[&self.peer];
            known.queue().rtt = Some(rtt);
            known.answered.notify_waiters();
            self.heard.again(&self.hub);
        }
        Ok(taken)
    }

    fn fill(&mut self, out: &mut Out<'_>, waker: &Waker) -> Result<(), Gone> {
        let known = &self.hub.peers[&self.peer];
        let now = self.hub.clock.now();
        if let Some((since, bytes)) = self.full.take() {
            known.queue().pace.add(bytes, now.since(since));
        }
        let before = out.bytes();
        loop {
            let id = {
                let mut queue = known.queue();
                out.frames(&mut queue.frames);
                let next = match out.has_room() {
                    true => queue.more.pop_first(),
                    false => None,
                };
                let Some(id) = next else {
                    if !out.has_room() {
                        self.full = Some((now, (out.bytes() - before) as u64));
                    }
                    queue.waker = Some(waker.clone());
                    return Ok(());
                };
                id
            };
            // Without the lock of the peer: that of the connection comes first.
            if let Some(conn) = self.hub.find(id)
                && conn.fill_peer(self.peer, out)
            {
                known.queue().more.insert(id);
            }
        }
    }

    /// What waits is bounded where it is put, and nothing is answered here.
    fn waiting(&self) -> usize {
        0
    }
}

/// The session that the other server made.
struct PeerInput {
    hub: Arc<Hub>,
    peer: NodeId,
    heard: Heard,
    answers: Vec<u8>,
}

impl Port for PeerInput {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        self.heard.again(&self.hub);
        let mut taken = 0;
        while let Some((frame, length)) = Frame::decode(&bytes[taken..]).map_err(|_| Gone)? {
            taken += length;
            match &frame {
                Frame::Ping { token } => {
                    Frame::Pong { token: *token }.encode(&mut self.answers);
                }
                frame if self.hub.frame_of_peer(self.peer, frame) => {}
                _ => return Err(Gone),
            }
        }
        Ok(taken)
    }

    fn fill(&mut self, out: &mut Out<'_>, _: &Waker) -> Result<(), Gone> {
        out.frames(&mut self.answers);
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.answers.len()
    }
}
