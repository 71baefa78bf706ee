//! One connection at one server: the machine, and whoever waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::{Advice, Claim, Frame};
use sm_core::mtcp::{ConnectionId, End, Epoch, LinkId, Peer, Reason, Server, ServerEffect};
use tokio::sync::{Notify, mpsc};

use super::hub::Hub;
use super::stream::ServiceStream;
use crate::limits;
use crate::mtcp::carry::Out;
use crate::mtcp::proof::{self, proves};
use crate::mtcp::sealing::Bound;

/// A connection. Its lock is taken before that of a peer and that of the hub, never after.
pub(super) struct Conn {
    pub(super) id: ConnectionId,
    pub(super) hub: Arc<Hub>,
    state: Mutex<State>,
    /// The clock is to ring earlier.
    earlier: Notify,
}

pub(super) struct State {
    pub(super) machine: Server,
    /// This server knows nothing of the connection any more, nor will it by this object.
    pub(super) forgotten: bool,
    /// Counts how often the service was started here.
    pub(super) generation: u64,
    /// How the newest service was stopped.
    pub(super) stopped: Option<End>,
    pub(super) read: Option<Waker>,
    pub(super) write: Option<Waker>,
    /// Who waits for the client to confirm, or for an export to be safe; and what was told last.
    pub(super) progress: Option<Waker>,
    told: (Option<Epoch>, u64),
    pub(super) stop: Arc<Notify>,
    /// Nearly always one; a node of the map has room for many.
    pub(super) links: BTreeMap<LinkId, Box<Outlet>>,
    /// Servers that may have to be sent something.
    helpers: BTreeSet<NodeId>,
    /// Those of them that were asked to be standbys.
    pub(super) recruited: BTreeSet<NodeId>,
    /// Servers that ask for the connection of a service that runs in turns, with what they said.
    pub(super) wanted: Vec<(NodeId, Box<Claim>, [u8; 32])>,
    /// The service that ran in turns has ended with this snapshot.
    pub(super) winding: Option<Vec<u8>>,
    /// The client was asked to go, and stays: who did not take it, and why.
    pub(super) refusals: Option<Vec<(NodeId, Reason)>>,
    /// Since when the service runs again what it did before, and how many bytes.
    replays: Option<(Time, u64)>,
    /// When the clock rings.
    armed: Time,
}

/// What waits for a link.
#[derive(Default)]
pub(super) struct Outlet {
    pub(super) frames: Vec<u8>,
    pub(super) waker: Option<Waker>,
    pub(super) close: bool,
}

impl Outlet {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Conn {
    pub(super) fn new(hub: Arc<Hub>, id: ConnectionId) -> Arc<Self> {
        let mut machine = Server::new(hub.me, id, hub.options.config);
        if hub.is_draining() {
            machine.drain();
        }
        let state = State {
            machine,
            forgotten: false,
            generation: 0,
            stopped: None,
            read: None,
            write: None,
            progress: None,
            told: (None, 0),
            stop: Arc::new(Notify::new()),
            links: BTreeMap::new(),
            helpers: BTreeSet::new(),
            recruited: BTreeSet::new(),
            wanted: Vec::new(),
            winding: None,
            refusals: None,
            replays: None,
            armed: Time::NEVER,
        };
        let conn = Arc::new(Self {
            id,
            hub,
            state: Mutex::new(state),
            earlier: Notify::new(),
        });
        tokio::spawn(watch(conn.clone()));
        conn
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Has something happen to the machine, and does what it says.
    pub(super) fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut State, Time) -> T) -> T {
        let now = self.hub.clock.now();
        let mut state = self.lock();
        let value = act(&mut state, now);
        self.settle(&mut state, now);
        self.pump(&mut state);
        value
    }

    fn settle(self: &Arc<Self>, state: &mut State, now: Time) {
        while let Some(effect) = state.machine.poll() {
            self.effect(state, now, effect);
        }
        for helper in &state.helpers {
            self.hub.has_more(helper, self.id);
        }
        let progress = (state.machine.confirmed(), state.machine.safe_export());
        if progress != state.told {
            state.told = progress;
            wake(&mut state.progress);
        }
        let due = state.machine.next_timeout();
        if due < state.armed {
            state.armed = due;
            self.earlier.notify_one();
        }
        if state.machine.is_empty() && !state.forgotten {
            state.forgotten = true;
            self.earlier.notify_one();
            self.hub.forget(self.id);
        }
    }

    fn effect(self: &Arc<Self>, state: &mut State, now: Time, effect: ServerEffect) {
        match effect {
            ServerEffect::Send(Peer::Client(link), frame) => {
                if let Some(outlet) = state.links.get_mut(&link) {
                    frame.encode(&mut outlet.frames);
                }
            }
            ServerEffect::Send(Peer::Server(server), frame) => {
                if !self.hub.send(&server, &frame) {
                    state.machine.unreachable(now, server);
                }
            }
            ServerEffect::Drop(link) => {
                if let Some(outlet) = state.links.get_mut(&link) {
                    outlet.close = true;
                    outlet.wake();
                }
            }
            ServerEffect::Start => self.start(state, now),
            ServerEffect::Stays(refusals) => {
                state.refusals = Some(refusals);
                self.hub.changed.notify_waiters();
            }
            ServerEffect::Freeze | ServerEffect::Confirmed(_) => {}
            // There is no link that the service could wait for.
            ServerEffect::Detached => wake(&mut state.write),
            ServerEffect::Thaw => state.wake(),
            ServerEffect::Stop(end) => {
                state.stopped = Some(end);
                // Those who ask for it hear that it is not here.
                state.grant(now);
                state.stop.notify_waiters();
                state.wake();
                if end != End::Moved {
                    // The link has carried what it was made for.
                    state
                        .links
                        .values_mut()
                        .for_each(|outlet| outlet.close = true);
                }
                self.hub.changed.notify_waiters();
            }
            ServerEffect::Attached(_) => {
                state.wake();
                if let Some((since, bytes)) = state.replays.take() {
                    self.hub.replays.add(bytes, now.since(since));
                }
                let candidates = self.hub.options.peers.clone();
                let advice = match self.hub.is_draining() {
                    true => Advice::Drain,
                    false => Advice::Stay,
                };
                if !candidates.is_empty() {
                    state.machine.advise(advice, candidates);
                }
                self.recruit(state, now);
            }
            ServerEffect::Unseal(part) => self.unseal(state, now, &part),
            ServerEffect::Forget => {}
        }
    }

    fn start(self: &Arc<Self>, state: &mut State, now: Time) {
        state.generation += 1;
        state.stopped = None;
        state.stop = Arc::new(Notify::new());
        state.recruited.clear();
        state.winding = None;
        let log = state.machine.summary().log as u64;
        state.replays = Some((now, log)).filter(|_| log > 0);
        if self.hub.options.in_turns {
            state.machine.importing();
        }
        let stream = ServiceStream::new(self.clone(), state.generation, state.stop.clone());
        if let Err(mpsc::error::SendError(stream)) = self.hub.accepted.send(stream) {
            stream.forget();
            state.machine.reset(Reason::Draining);
        }
    }

    /// Asks for as many standbys as there are to be.
    pub(super) fn recruit(&self, state: &mut State, now: Time) {
        let wanted = self.hub.options.standbys;
        if state.recruited.len() >= wanted || !state.machine.summary().attached {
            return;
        }
        for server in self.hub.standbys_for(self.id) {
            if state.recruited.len() >= wanted {
                break;
            }
            if state.machine.recruit(now, server) {
                state.recruited.insert(server);
                state.helpers.insert(server);
            }
        }
    }

    fn bound(&self) -> Bound {
        Bound {
            service: self.hub.options.service.key,
            id: self.id,
        }
    }

    fn unseal(&self, state: &mut State, now: Time, part: &[u8]) {
        let held = self.hub.options.held.as_ref().ok_or(Reason::NotAllowed);
        let opened = held.and_then(|held| held.keys.open(self.bound(), held.most, part));
        let opened = opened.as_deref().map_err(|reason| *reason);
        let shown = |claim: &Claim, binding: &[u8; 32], secret: &[u8; 32]| {
            // As at OPEN: nobody takes a name that is another's, also not with a stolen key.
            let own = proof::name(secret) == claim.id;
            let of = (claim.id, claim.ends.server);
            own && proves(&claim.proof, (secret, binding), of)
        };
        state.machine.unsealed(now, opened, &shown);
    }

    /// Gives a client's link what the machine has for it. True if a part of a record was among it:
    /// then there may be effects.
    fn stream(&self, machine: &mut Server, link: LinkId, out: &mut Out<'_>) -> bool {
        let mut carried = false;
        while out.has_room() {
            if let Some(held) = &self.hub.options.held {
                let seal = |epoch, part: &[u8]| held.keys.seal(self.bound(), epoch, part);
                if let Some(frame) = machine.carry(self.hub.clock.now(), link, seal) {
                    out.frame(&frame);
                    carried = true;
                    continue;
                }
            }
            match machine.poll_stream(Peer::Client(link)) {
                Some(frame) => out.frame(&frame),
                None => break,
            }
        }
        carried
    }

    /// Wakes the links that have something to carry.
    fn pump(&self, state: &mut State) {
        let State { machine, links, .. } = state;
        for (link, outlet) in links {
            let has_more = !outlet.frames.is_empty() || outlet.close;
            if has_more || machine.has_stream(*link) {
                outlet.wake();
            }
        }
    }

    /// What a link is to write next; false if nothing comes after it.
    pub(super) fn fill(self: &Arc<Self>, link: LinkId, out: &mut Out<'_>, waker: &Waker) -> bool {
        let mut state = self.lock();
        let State {
            machine,
            links,
            write,
            ..
        } = &mut *state;
        let Some(outlet) = links.get_mut(&link) else {
            return false;
        };
        out.frames(&mut outlet.frames);
        let before = machine.sendable();
        let carried = self.stream(machine, link, out);
        let turn = limits::MTCP_TURN_BYTES as u64;
        if before >= turn && machine.sendable() < turn {
            wake(write);
        }
        match &mut outlet.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        let open = !outlet.close;
        if carried {
            self.settle(&mut state, self.hub.clock.now());
            self.pump(&mut state);
        }
        open
    }

    /// How much waits for a link beside the stream.
    pub(super) fn waiting(&self, link: LinkId) -> usize {
        let state = self.lock();
        state
            .links
            .get(&link)
            .map_or(0, |outlet| outlet.frames.len())
    }

    /// What goes to another server next, up to a batch; true if there is more.
    pub(super) fn fill_peer(&self, peer: NodeId, out: &mut Out<'_>) -> bool {
        let mut state = self.lock();
        while let Some(frame) = state.machine.poll_stream(Peer::Server(peer)) {
            out.frame(&frame);
            if !out.has_room() {
                return true;
            }
        }
        false
    }

    /// A frame has come on a client's link. False if it is one that no honest client sends.
    pub(super) fn frame_of_client(self: &Arc<Self>, link: LinkId, frame: &Frame<'_>) -> bool {
        self.with(|state, now| {
            // The link looks by itself whether there is something to write.
            if let Some(outlet) = state.links.get_mut(&link) {
                outlet.waker = None;
            }
            let fine = state.machine.frame(now, Peer::Client(link), frame).is_ok();
            match frame {
                Frame::Data { .. } | Frame::Fin { .. } => wake(&mut state.read),
                Frame::Ack { .. } => wake(&mut state.write),
                _ => {}
            }
            fine
        })
    }

    /// A frame has come from another server.
    pub(super) fn frame_of_server(self: &Arc<Self>, peer: NodeId, frame: &Frame<'_>) -> bool {
        self.with(|state, now| state.machine.frame(now, Peer::Server(peer), frame).is_ok())
    }

    /// PULL has come from another server: it is checked and taken at once, so that what it was
    /// checked against is what it is taken by.
    pub(super) fn pulled(
        self: &Arc<Self>,
        peer: NodeId,
        frame: &Frame<'_>,
        (claim, binding): (&Claim, &[u8; 32]),
    ) -> Result<bool, Reason> {
        self.with(|state, now| {
            let secret = state.machine.secret().ok_or(Reason::Unknown)?;
            let of = (claim.id, claim.ends.server);
            if !proves(&claim.proof, (secret, binding), of) {
                return Err(Reason::NotAllowed);
            }
            state.helpers.insert(peer);
            let summary = state.machine.summary();
            let rests = summary.frozen || !summary.runs || state.winding.is_some();
            if self.hub.options.in_turns && !rests {
                // What the service does in its turn moves with it.
                state.wanted.retain(|(server, ..)| *server != peer);
                state.wanted.push((peer, Box::new(claim.clone()), *binding));
                state.wake();
                return Ok(true);
            }
            Ok(state.machine.frame(now, Peer::Server(peer), frame).is_ok())
        })
    }
}

impl State {
    pub(super) fn wake(&mut self) {
        wake(&mut self.read);
        wake(&mut self.write);
        wake(&mut self.progress);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Looks at the clock for a connection, until it is forgotten.
async fn watch(conn: Arc<Conn>) {
    loop {
        let due = {
            let mut state = conn.lock();
            if state.forgotten {
                return;
            }
            state.armed = state.machine.next_timeout();
            state.armed
        };
        let rings = async {
            match due {
                Time::NEVER => std::future::pending().await,
                due => tokio::time::sleep_until(conn.hub.clock.instant(due).into()).await,
            }
        };
        tokio::select! {
            () = rings => conn.with(|state, now| state.machine.timeout(now)),
            () = conn.earlier.notified() => {}
        }
    }
}
