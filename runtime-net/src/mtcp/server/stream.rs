//! What a service has of a connection.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sm_core::ids::Time;
use sm_core::mtcp::{ConnectionId, End, Epoch, Input, Reason, Recorded};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::conn::{Conn, State};
use super::turns::TurnHandle;
use crate::limits;
use crate::mtcp::Closed;
use crate::mtcp::proof::Settings;

/// The server's end of a connection, for the service.
///
/// When it is dropped the output ends, if it has not been shut down before, and what the client
/// still writes is read and thrown away; in a panic the connection is reset.
pub struct ServiceStream {
    conn: Arc<Conn>,
    generation: u64,
    stop: Arc<Notify>,
    /// The end of the input has been read.
    ended: bool,
    /// Nobody has to do anything when it is dropped.
    forgotten: bool,
}

/// Why a state is none.
#[derive(Debug)]
pub enum StateError {
    /// It does not encode, or does not decode: it is of another version of the service.
    Codec(postcard::Error),
    /// It is longer than may travel.
    Long(usize),
    /// The connection is over here.
    Closed(Closed),
}

impl std::error::Error for StateError {}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codec(error) => write!(f, "the state is of another kind: {error}"),
            Self::Long(bytes) => write!(f, "the state has {bytes} bytes, which is too long"),
            Self::Closed(closed) => write!(f, "{closed}"),
        }
    }
}

impl From<StateError> for io::Error {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Closed(closed) => closed.into(),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

impl fmt::Debug for ServiceStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceStream")
            .field("id", &self.conn.id)
            .finish_non_exhaustive()
    }
}

impl ServiceStream {
    pub(super) fn new(conn: Arc<Conn>, generation: u64, stop: Arc<Notify>) -> Self {
        Self {
            conn,
            generation,
            stop,
            ended: false,
            forgotten: false,
        }
    }

    /// The service is run by something else from now on.
    pub(super) fn hand_over(mut self) -> TurnHandle {
        self.forgotten = true;
        TurnHandle::new(self.conn.clone(), self.generation)
    }

    /// It never reached a service.
    pub(super) fn forget(mut self) {
        self.forgotten = true;
    }

    /// The connection's name.
    pub fn id(&self) -> ConnectionId {
        self.conn.id
    }

    /// What the client's program gave to the connection when it opened it.
    pub fn settings(&self) -> Vec<u8> {
        let state = self.conn.lock();
        let settings = state.machine.settings().and_then(Settings::decode);
        settings.map_or(Vec::new(), |settings| settings.user)
    }

    /// The newest state that the service exported, here or elsewhere; none at the beginning. The
    /// service goes on from it: it reads what came after it, and writes what it has not written.
    ///
    /// # Errors
    /// If the state is of another kind: then the connection is reset, for it cannot go on.
    pub fn import_state<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        let decoded = {
            let state = self.conn.lock();
            match self.check(&state) {
                Ok(()) => state
                    .machine
                    .snapshot()
                    .map(postcard::from_bytes)
                    .transpose(),
                Err(closed) => return Err(StateError::Closed(closed)),
            }
        };
        decoded.map_err(|error| {
            self.conn.with(|state, _| state.machine.cannot_import());
            StateError::Codec(error)
        })
    }

    /// Says that this is the whole state of the service, after all that it has read and written.
    /// A reader that holds bytes back has to be part of it.
    ///
    /// # Errors
    /// If it does not encode or is too long, or the connection is over here.
    pub async fn export_state<T: Serialize>(&mut self, value: &T) -> Result<(), StateError> {
        let bytes = postcard::to_stdvec(value).map_err(StateError::Codec)?;
        if bytes.len() > sm_core::limits::MTCP_SNAPSHOT_BYTES {
            return Err(StateError::Long(bytes.len()));
        }
        let mut bytes = Some(bytes);
        let exported = self.until(|state, now| {
            let bytes = bytes.take()?;
            if state.machine.summary().frozen {
                return None;
            }
            Some(state.machine.export(now, bytes))
        });
        exported.await.map(|_| ()).map_err(StateError::Closed)
    }

    /// A value from elsewhere: the clock, chance, another connection. Where the service runs again
    /// this gives the value of then, and does not draw.
    ///
    /// # Errors
    /// If it does not encode or is too long, or the connection is over here.
    pub async fn record<T>(&mut self, draw: impl FnOnce() -> T) -> Result<T, StateError>
    where
        T: Serialize + DeserializeOwned,
    {
        let mut draw = Some(draw);
        let mut drawn = None;
        loop {
            let recorded = self.until(|state, now| match state.machine.recorded(now) {
                Recorded::Wait => None,
                known => Some(known),
            });
            if let Recorded::Again(bytes) = recorded.await.map_err(StateError::Closed)? {
                return postcard::from_bytes(&bytes).map_err(StateError::Codec);
            }
            if let Some(draw) = draw.take() {
                let value = draw();
                drawn = Some((encode(&value)?, value));
            }
            let Some((bytes, value)) = drawn.take() else {
                return Err(StateError::Closed(Closed(End::Moved)));
            };
            // The connection may have been frozen in the meantime: then it was not recorded.
            if self
                .conn
                .with(|state, now| state.machine.record(now, &bytes))
            {
                return Ok(value);
            }
            drawn = Some((bytes, value));
        }
    }

    /// Waits until the connection is over here, and says how.
    pub fn stopped(&self) -> impl Future<Output = Closed> + Send + use<> {
        let (conn, generation, stop) = (self.conn.clone(), self.generation, self.stop.clone());
        async move {
            loop {
                let stopped = stop.notified();
                tokio::pin!(stopped);
                stopped.as_mut().enable();
                if let Err(closed) = check(&conn.lock(), generation) {
                    return closed;
                }
                stopped.await;
            }
        }
    }

    /// Waits until the client has said that it is here for good, and says with which attempt: it
    /// hears no earlier copy of this service. What is done to others belongs behind it.
    ///
    /// # Errors
    /// If the connection is over here.
    pub async fn confirmed(&self) -> Result<Epoch, Closed> {
        std::future::poll_fn(|cx| match self.poll_progress(cx) {
            Ok((Some(epoch), _)) => Poll::Ready(Ok(epoch)),
            Ok((None, _)) => Poll::Pending,
            Err(closed) => Poll::Ready(Err(closed)),
        })
        .await
    }

    /// Waits until the newest export cannot be lost: all that may have to go on with the
    /// connection have it.
    ///
    /// # Errors
    /// If the connection is over here.
    pub async fn saved(&self) -> Result<(), Closed> {
        let newest = self.exports();
        std::future::poll_fn(|cx| match self.poll_progress(cx) {
            Ok((_, safe)) if safe >= newest => Poll::Ready(Ok(())),
            Ok(_) => Poll::Pending,
            Err(closed) => Poll::Ready(Err(closed)),
        })
        .await
    }

    /// How many exports the service has made here.
    pub(in crate::mtcp) fn exports(&self) -> u64 {
        self.conn.lock().machine.exports()
    }

    /// The client's confirmation, and how many of the exports are safe. Wakes when it changes.
    pub(in crate::mtcp) fn poll_progress(
        &self,
        cx: &Context<'_>,
    ) -> Result<(Option<Epoch>, u64), Closed> {
        let mut state = self.conn.lock();
        self.check(&state)?;
        keep(&mut state.progress, cx.waker());
        Ok((state.machine.confirmed(), state.machine.safe_export()))
    }

    /// Ends the connection at once; the client hears why.
    pub fn reset(mut self, reason: Reason) {
        self.forgotten = true;
        self.conn.with(|state, _| {
            if check(state, self.generation).is_ok() {
                state.machine.reset(reason);
            }
        });
    }

    /// How the connection has ended here, if it has.
    pub(in crate::mtcp) fn is_stopped(&self) -> Option<End> {
        let stopped = check(&self.conn.lock(), self.generation);
        stopped.err().map(|closed| closed.0)
    }

    fn check(&self, state: &State) -> Result<(), Closed> {
        check(state, self.generation)
    }

    /// Asks until there is an answer: there is none as long as the connection may move.
    async fn until<T>(
        &self,
        mut ask: impl FnMut(&mut State, Time) -> Option<T>,
    ) -> Result<T, Closed> {
        std::future::poll_fn(|cx| {
            self.conn.with(|state, now| {
                if let Err(closed) = self.check(state) {
                    return Poll::Ready(Err(closed));
                }
                match ask(state, now) {
                    Some(answer) => Poll::Ready(Ok(answer)),
                    None => {
                        keep(&mut state.write, cx.waker());
                        Poll::Pending
                    }
                }
            })
        })
        .await
    }

    fn poll_finish(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.conn.with(|state, now| {
            self.check(state)?;
            if state.machine.finish(now) {
                return Poll::Ready(Ok(()));
            }
            keep(&mut state.write, cx.waker());
            Poll::Pending
        })
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StateError> {
    let bytes = postcard::to_stdvec(value).map_err(StateError::Codec)?;
    match bytes.len() > sm_core::limits::MTCP_VALUE_BYTES {
        true => Err(StateError::Long(bytes.len())),
        false => Ok(bytes),
    }
}

pub(super) fn check(state: &State, generation: u64) -> Result<(), Closed> {
    match state.stopped {
        Some(end) if state.generation == generation => Err(Closed(end)),
        _ if state.generation != generation => Err(Closed(End::Moved)),
        _ => Ok(()),
    }
}

pub(super) fn keep(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
}

impl AsyncRead for ServiceStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ended || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let read = self.conn.with(|state, now| {
            self.check(state)?;
            let input = state.machine.read(now, buffer.initialize_unfilled());
            // What it read again may have been the last thing that made it another; the end of the
            // input may be that of the connection.
            if input != Input::End {
                self.check(state)?;
            }
            if input == Input::Wait {
                keep(&mut state.read, cx.waker());
            }
            Ok::<_, Closed>(input)
        })?;
        match read {
            Input::Bytes(count) => buffer.advance(count),
            Input::End => self.ended = true,
            Input::Wait => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServiceStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.conn.with(|state, now| {
            self.check(state)?;
            let waits = state.machine.sendable() >= limits::MTCP_TURN_BYTES as u64;
            let count = match waits {
                true => 0,
                false => state.machine.write(now, bytes),
            };
            if count == 0 && !bytes.is_empty() {
                keep(&mut state.write, cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(Ok(count))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends the output. It does not wait for the client to have it.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_finish(cx)
    }
}

impl Drop for ServiceStream {
    fn drop(&mut self) {
        if self.forgotten {
            return;
        }
        let (conn, generation) = (self.conn.clone(), self.generation);
        if std::thread::panicking() {
            conn.with(|state, _| {
                if check(state, generation).is_ok() {
                    state.machine.reset(Reason::Aborted);
                }
            });
            return;
        }
        if check(&conn.lock(), generation).is_err() {
            return;
        }
        let rest = Self {
            conn,
            generation,
            stop: self.stop.clone(),
            ended: self.ended,
            forgotten: true,
        };
        // Without a runtime there is nothing that could carry it either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(rest.wind_up());
        }
    }
}

impl ServiceStream {
    /// Ends the output, and throws the rest of the input away.
    async fn wind_up(mut self) {
        let finished = std::future::poll_fn(|cx| self.poll_finish(cx)).await;
        let mut buffer = vec![0; limits::MTCP_BATCH_BYTES];
        let mut ended = finished.is_err() || self.ended;
        while !ended {
            let mut room = ReadBuf::new(&mut buffer);
            let read = std::future::poll_fn(|cx| Pin::new(&mut self).poll_read(cx, &mut room));
            ended = read.await.is_err() || self.ended;
        }
    }
}
