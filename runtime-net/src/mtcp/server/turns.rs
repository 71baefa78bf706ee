//! A connection whose service runs in turns, in a node: what happens to it, and what is done.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::{Advice, Frame};
use sm_core::mtcp::{ConnectionId, End, Offsets, Peer, Reason, Turn};

use super::conn::{Conn, State};
use super::stream::{ServiceStream, check, keep};
use crate::mtcp::Closed;

/// What happens to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TurnEvent {
    /// The client has written more, and that was all if it has ended.
    Input {
        /// What.
        bytes: Vec<u8>,
        /// Whether it has ended.
        ended: bool,
    },
    /// The service may write up to this offset.
    Room(u64),
    /// Another server asks for it: the service is to come to rest, then [`TurnHandle::grant`].
    Wanted,
    /// The service may go on.
    Thawed,
    /// It is over here.
    Gone(End),
}

/// The events of a connection.
#[derive(Debug)]
pub struct TurnStream {
    handle: TurnHandle,
    /// How much of the input was told, and whether its end was.
    fed: u64,
    ended: bool,
    limit: u64,
    held: bool,
}

/// Does what a service wants.
#[derive(Clone)]
pub struct TurnHandle {
    conn: Arc<Conn>,
    generation: u64,
}

impl std::fmt::Debug for TurnHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TurnHandle")
            .field("id", &self.conn.id)
            .finish_non_exhaustive()
    }
}

impl TurnHandle {
    pub(super) fn new(conn: Arc<Conn>, generation: u64) -> Self {
        Self { conn, generation }
    }

    /// The connection's name.
    pub fn id(&self) -> ConnectionId {
        self.conn.id
    }

    /// The state behind the last turn, here or elsewhere; none at the beginning.
    ///
    /// # Errors
    /// If the connection is not here any more: then nothing is known of its state.
    pub fn snapshot(&self) -> Result<Option<Vec<u8>>, Closed> {
        let state = self.conn.lock();
        check(&state, self.generation)?;
        Ok(state.machine.snapshot().map(<[u8]>::to_vec))
    }

    /// Where its streams are.
    pub fn offsets(&self) -> Offsets {
        self.conn.lock().machine.offsets()
    }

    /// Does something as long as the connection is here; false if it is not.
    fn act(&self, act: impl FnOnce(&mut State, Time) -> bool) -> bool {
        self.conn
            .with(|state, now| check(state, self.generation).is_ok() && act(state, now))
    }

    /// The service goes on here, from the snapshot.
    pub fn imported(&self) {
        self.act(|state, now| {
            state.machine.imported(now);
            true
        });
    }

    /// It does not, or is over: the client hears why.
    pub fn reset(&self, reason: Reason) {
        self.act(|state, _| {
            state.machine.reset(reason);
            true
        });
    }

    /// A turn has ended. False if it has not taken place, for the connection is not here any more.
    pub fn turn(&self, turn: Turn) -> bool {
        self.act(|state, now| state.machine.turn(now, turn))
    }

    /// The service is at rest: whoever wants the connection gets it.
    pub fn grant(&self) {
        self.act(|state, now| {
            state.grant(now);
            true
        });
    }

    /// Asks the client to go to this server, before others. False if it is none that is known.
    pub fn move_to(&self, server: NodeId) -> bool {
        let mut peers = self.conn.hub.options.peers.iter();
        let Some(place) = peers.find(|peer| peer.server == server).cloned() else {
            return false;
        };
        self.act(|state, _| {
            state.machine.advise(Advice::Load, vec![place]);
            true
        })
    }

    /// It need not go any more.
    pub fn stay(&self) {
        let peers = self.conn.hub.options.peers.clone();
        self.act(|state, _| {
            state.machine.advise(Advice::Stay, peers);
            true
        });
    }

    /// The service has ended with this snapshot. What still comes is thrown away.
    pub fn end(&self, snapshot: &[u8]) {
        self.act(|state, now| {
            state.winding = Some(snapshot.to_vec());
            state.grant(now);
            true
        });
    }
}

impl State {
    /// Lets those who asked for the connection have it.
    pub(super) fn grant(&mut self, now: Time) {
        for (server, claim, binding) in std::mem::take(&mut self.wanted) {
            let pull = Frame::Pull { claim, binding };
            // It was looked at when it came.
            let _ = self.machine.frame(now, Peer::Server(server), &pull);
        }
        self.wake();
    }
}

impl TurnStream {
    pub(super) fn new(handle: TurnHandle) -> Self {
        let Offsets { read, limit, .. } = handle.offsets();
        Self {
            handle,
            fed: read,
            ended: false,
            limit,
            held: false,
        }
    }

    /// The next thing that happens. After [`TurnEvent::Gone`] there is none.
    pub async fn next(&mut self) -> TurnEvent {
        let conn = self.handle.conn.clone();
        poll_fn(|cx| conn.with(|state, now| self.poll(state, now, cx))).await
    }

    fn poll(&mut self, state: &mut State, now: Time, cx: &Context<'_>) -> Poll<TurnEvent> {
        if let Err(closed) = check(state, self.handle.generation) {
            return Poll::Ready(TurnEvent::Gone(closed.0));
        }
        let event = match state.winding.clone() {
            Some(snapshot) => {
                while state.machine.wind_up(now, &snapshot) {}
                None
            }
            None => self.look(state),
        };
        match event {
            Some(event) => Poll::Ready(event),
            None => {
                keep(&mut state.read, cx.waker());
                keep(&mut state.write, cx.waker());
                Poll::Pending
            }
        }
    }

    fn look(&mut self, state: &State) -> Option<TurnEvent> {
        let frozen = state.machine.summary().frozen;
        let held = frozen || !state.wanted.is_empty();
        if held != self.held {
            self.held = held;
            return Some(match held {
                true => TurnEvent::Wanted,
                false => TurnEvent::Thawed,
            });
        }
        if frozen {
            return None;
        }
        let (bytes, ended) = state.machine.unread(self.fed);
        if !bytes.is_empty() || (ended && !self.ended) {
            self.fed += bytes.len() as u64;
            self.ended = ended;
            let bytes = bytes.to_vec();
            return Some(TurnEvent::Input { bytes, ended });
        }
        let limit = state.machine.offsets().limit;
        (limit > self.limit).then(|| {
            self.limit = limit;
            TurnEvent::Room(limit)
        })
    }
}

impl ServiceStream {
    /// The same connection for a service that runs in turns, where the listener was made with
    /// [`ServiceOptions::in_turns`](super::ServiceOptions). The client is welcomed with
    /// [`TurnHandle::imported`], or hears a reason with [`TurnHandle::reset`] and may go back.
    pub fn into_turns(self) -> (TurnStream, TurnHandle) {
        let handle = self.hand_over();
        (TurnStream::new(handle.clone()), handle)
    }
}
