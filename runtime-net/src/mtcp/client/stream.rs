//! What a program has of a connection.

use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use sm_core::ids::{NodeId, Span};
use sm_core::mtcp::{ConnectionId, End, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::state::{Shared, State, Wish};
use super::{ClientOptions, ConnectError, MtcpConnector, tell};
use crate::limits;
use crate::mtcp::Closed;

/// The client's end of a connection.
///
/// When it is dropped what the program wrote is still delivered, for some seconds; [`Self::close`]
/// waits until the service has it. One that moves falls silent, for another copy may go on.
pub struct MtcpStream {
    shared: Arc<Shared>,
}

impl fmt::Debug for MtcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtcpStream")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// A connection broke off, and where it was tried to go on before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// How it ended.
    pub closed: Closed,
    /// Each address that was tried last, with what went wrong there.
    pub tried: Vec<(String, String)>,
}

impl std::error::Error for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.closed)?;
        tell(f, &self.tried)
    }
}

/// Moves a connection, and looks at it, while something else reads and writes.
#[derive(Clone)]
pub struct ClientControl {
    shared: Arc<Shared>,
}

impl fmt::Debug for ClientControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientControl").finish_non_exhaustive()
    }
}

impl ClientControl {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Moves the connection to this server, or to any other. The stream goes on all the while.
    ///
    /// # Errors
    /// Why it does not move; then it goes on where it was.
    pub async fn migrate(&self, to: Option<NodeId>) -> io::Result<NodeId> {
        let number = self.shared.with(|state, _| {
            state.wishes += 1;
            let number = state.wishes;
            state.wish = Some(Wish { number, to });
            number
        });
        self.shared.changed.notify_waiters();
        let granted = self.shared.wait(|state| match &state.granted {
            Some((granted, result)) if *granted == number => Some(result.clone()),
            Some((granted, _)) if *granted > number => Some(Err("another move came".to_owned())),
            _ if state.wish.is_some_and(|wish| wish.number > number) => {
                Some(Err("another move came".to_owned()))
            }
            _ => state.closed.map(|end| Err(Closed(end).to_string())),
        });
        granted.await.map_err(io::Error::other)
    }

    /// Has a session with this server ready, or with any other that would take the connection, so
    /// that a move there is shorter. The server keeps it for a minute; asking again keeps it for
    /// another.
    ///
    /// # Errors
    /// Why none would take it.
    pub async fn prepare(&self, to: Option<NodeId>) -> io::Result<NodeId> {
        let prepared = super::warm::prepare(&self.shared, to).await;
        prepared.map_err(io::Error::other)
    }

    /// The server that has it.
    pub fn server(&self) -> NodeId {
        self.shared.lock().machine.record().owner
    }

    /// The servers that can go on without that one.
    pub fn standbys(&self) -> Vec<NodeId> {
        self.shared.lock().machine.record().standbys.clone()
    }

    /// Whether a server carries it now.
    pub fn is_attached(&self) -> bool {
        self.shared.lock().machine.attached().is_some()
    }

    /// When it last lost the link that carried it.
    pub fn last_loss(&self) -> Option<Instant> {
        let lost = self.shared.lock().lost?;
        Some(self.shared.connector.clock.instant(lost))
    }

    /// The last round trip that was measured.
    pub fn round_trip(&self) -> Option<Span> {
        self.shared.lock().machine.rtt()
    }
}

impl MtcpStream {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Connects to a service.
    ///
    /// # Errors
    /// What each of its servers said.
    pub async fn connect(options: ClientOptions) -> io::Result<Self> {
        let connector = MtcpConnector::new(options)?;
        connector.connect().await.map_err(ConnectError::into)
    }

    /// The connection's name.
    pub fn id(&self) -> ConnectionId {
        self.shared.lock().machine.id()
    }

    /// What moves it and looks at it while this reads and writes.
    pub fn control(&self) -> ClientControl {
        ClientControl::new(self.shared.clone())
    }

    /// Moves the connection to any other server.
    ///
    /// # Errors
    /// Why it does not move; then it goes on where it was.
    pub async fn migrate(&self) -> io::Result<NodeId> {
        self.control().migrate(None).await
    }

    /// Ends the output, throws away what still comes, and waits until both ends have everything.
    ///
    /// # Errors
    /// If the connection breaks off before.
    pub async fn close(mut self) -> io::Result<()> {
        self.shutdown().await?;
        let mut buffer = vec![0; limits::MTCP_BATCH_BYTES];
        while self.read(&mut buffer).await? > 0 {}
        match self.shared.wait(|state| state.closed).await {
            End::Done => Ok(()),
            end => Err(Closed(end).into()),
        }
    }

    /// Where it would be tried to go on.
    #[cfg(test)]
    pub(in crate::mtcp) fn known(&self) -> Vec<String> {
        let state = self.shared.lock();
        let known = state.known.iter();
        known.map(|place| place.address.clone()).collect()
    }

    #[cfg(test)]
    pub(in crate::mtcp) fn secret(&self) -> [u8; 32] {
        self.shared.lock().secret
    }

    /// Ends the connection at once; the service hears that it was ended.
    pub fn reset(self) {
        self.shared
            .with(|state, _| state.machine.reset(Reason::Aborted));
    }
}

impl State {
    fn broken(&self, end: End) -> io::Error {
        let broken = Broken {
            closed: Closed(end),
            tried: self.tried.clone(),
        };
        io::Error::new(io::Error::from(broken.closed).kind(), broken)
    }
}

fn keep(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
}

impl AsyncRead for MtcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.shared.with(|state, now| {
            if !state.inbox.is_empty() {
                let room = buffer.initialize_unfilled();
                let count = state.inbox.read(room)?;
                state.machine.took(now, &room[..count]);
                buffer.advance(count);
                return Poll::Ready(Ok(()));
            }
            if state.machine.ended() {
                state.machine.took_end(now);
                return Poll::Ready(Ok(()));
            }
            if let Some(end) = state.closed {
                return Poll::Ready(Err(state.broken(end)));
            }
            keep(&mut state.read, cx.waker());
            Poll::Pending
        })
    }
}

impl AsyncWrite for MtcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.shared.with(|state, _| {
            if let Some(end) = state.closed {
                return Poll::Ready(Err(state.broken(end)));
            }
            if state.finished {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let waits = state.machine.sendable() >= limits::MTCP_TURN_BYTES as u64;
            let count = match waits {
                true => 0,
                false => state.machine.write(bytes),
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

    /// Ends the output. It does not wait for the service to have it.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|state, _| match state.closed {
            Some(End::Done) => Poll::Ready(Ok(())),
            Some(end) => Poll::Ready(Err(state.broken(end))),
            None => {
                state.finished = true;
                state.machine.finish();
                Poll::Ready(Ok(()))
            }
        })
    }
}

impl Drop for MtcpStream {
    fn drop(&mut self) {
        let patience = Span(limits::MTCP_DROPPED_TIME.as_nanos() as u64);
        self.shared.with(|state, now| {
            if state.machine.is_elsewhere_too() {
                return state.machine.abandon();
            }
            state.dropped = Some(now + patience);
            let unread = state.inbox.len();
            state.inbox = Default::default();
            state.machine.consumed(now, unread);
            state.machine.finish();
        });
    }
}
