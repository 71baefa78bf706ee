//! A front end: a service whose state is a connection to another service, which moves with it.
//!
//! ```text
//! client -- M-TCP -- front end -- M-TCP, its client end moves -- holder -- plain server
//! ```
//!
//! What comes from the holder is exported together with the end that it came from, and written for
//! the client behind that: so a front end that goes on elsewhere writes the same again, and asks
//! the holder for what comes next. What comes from the client goes to the holder under the same
//! offsets, whoever carries it.

mod postgresql;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sm_core::mtcp::{End, Epoch, Kept, Reason};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{sleep, timeout};

use super::client::{Broken, MtcpConnector, MtcpStream};
use super::server::ServiceStream;
use crate::limits;
use postgresql::Talk;

/// What a front end knows of the bytes that it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// Nothing: when the holder is lost the connection ends.
    #[default]
    Plain,
    /// PostgreSQL's, version 3: when the holder is lost the client is told so, with the code 08006,
    /// or 08007 if it may have committed.
    Postgresql,
}

/// What another server goes on from.
#[derive(Default, Serialize, Deserialize)]
struct State {
    /// The end towards the holder; none before it is connected.
    upstream: Option<Vec<u8>>,
    to_client: Vec<u8>,
    to_server: Vec<u8>,
    client_ended: bool,
    server_ended: bool,
    /// There is no holder any more.
    broken: bool,
    talk: Option<Talk>,
}

struct Front<'a> {
    stream: ServiceStream,
    connector: &'a MtcpConnector,
    upstream: Option<MtcpStream>,
    state: State,
    /// Exports that may still be lost.
    awaited: VecDeque<(u64, Kept)>,
    /// What was read from the client since the newest export.
    read: usize,
    /// Whether the client was confirmed, and what followed from it is done.
    confirmed: bool,
    /// Whether both directions were ended.
    finished: bool,
    sent_all: bool,
    buffer: Vec<u8>,
}

/// What has happened.
enum Event {
    Confirmed(Epoch),
    /// So many bytes from the client; zero is the end.
    Client(usize),
    /// The same from the holder.
    Server(usize),
    Broken(io::Error),
    /// Something that needs no more than another look.
    Other,
}

/// Carries a connection to another service. Both ends go on where another server of this service
/// takes over, and nothing is lost or doubled in either direction. The connector's options have to
/// say that its connections move.
///
/// # Errors
/// If the state cannot be exported.
pub async fn front(
    stream: ServiceStream,
    connector: &MtcpConnector,
    protocol: Protocol,
) -> io::Result<()> {
    let imported: Option<State> = stream.import_state()?;
    let mut state = imported.unwrap_or_else(|| State {
        talk: (protocol == Protocol::Postgresql).then(Talk::default),
        ..State::default()
    });
    let upstream = match state.upstream.take() {
        Some(exported) => Some(connector.import(&exported)?),
        None => None,
    };
    let mut front = Front {
        stream,
        connector,
        upstream,
        state,
        awaited: VecDeque::new(),
        read: 0,
        confirmed: false,
        finished: false,
        sent_all: false,
        buffer: vec![0; limits::MTCP_FRONT_READ_BYTES],
    };
    let stopped = front.stream.stopped();
    let carried = tokio::select! {
        error = front.run() => Err(error),
        closed = stopped => Ok(closed.0),
    };
    match carried {
        // Which of both was noticed first says nothing.
        Err(error) => match front.stream.is_stopped() {
            Some(end) => front.leave(end),
            None => return Err(error),
        },
        Ok(end) => front.leave(end),
    }
    Ok(())
}

impl Front<'_> {
    async fn run(&mut self) -> io::Error {
        loop {
            if let Err(error) = self.step().await {
                return error;
            }
        }
    }

    async fn step(&mut self) -> io::Result<()> {
        match std::future::poll_fn(|cx| self.poll(cx)).await? {
            Event::Confirmed(epoch) => self.connect(epoch).await,
            Event::Client(count) => self.take_client(count).await,
            Event::Server(count) => self.take_server(count).await,
            Event::Broken(error) => self.broken(&error).await,
            Event::Other => Ok(()),
        }
    }

    /// The connection is over here; what becomes of the end towards the holder depends on why.
    fn leave(&mut self, end: End) {
        let Some(mut upstream) = self.upstream.take() else {
            return;
        };
        match end {
            End::Moved => {}
            End::Reset(_) => upstream.reset(),
            End::Done => {
                upstream.stay();
                let rest = std::mem::take(&mut self.state.to_server);
                tokio::spawn(async move {
                    upstream.write_all(&rest).await?;
                    upstream.close().await
                });
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        let (confirmed, safe) = self.stream.poll_progress(cx)?;
        self.keep(safe);
        if let Some(epoch) = confirmed.filter(|_| !self.confirmed) {
            self.confirmed = true;
            return Poll::Ready(Ok(Event::Confirmed(epoch)));
        }
        if self.poll_to_client(cx)?.is_ready() || self.poll_to_server(cx).is_ready() {
            return Poll::Ready(Ok(Event::Other));
        }
        if let Poll::Ready(event) = self.poll_from_server(cx) {
            return Poll::Ready(Ok(event));
        }
        self.poll_from_client(cx)
    }

    /// So many exports cannot be lost.
    fn keep(&mut self, safe: u64) {
        let mut newest = None;
        while let Some((_, kept)) = self.awaited.pop_front_if(|(cut, _)| *cut <= safe) {
            newest = Some(kept);
        }
        if let (Some(kept), Some(upstream)) = (newest, &self.upstream) {
            upstream.keep(kept);
        }
    }

    fn poll_to_client(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = Pin::new(&mut self.stream);
        if !self.state.to_client.is_empty() {
            let count = ready!(stream.poll_write(cx, &self.state.to_client))?;
            self.state.to_client.drain(..count);
            return Poll::Ready(Ok(()));
        }
        if self.state.server_ended && !self.finished {
            ready!(stream.poll_shutdown(cx))?;
            self.finished = true;
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    /// That the holder is gone is heard where it is read from.
    fn poll_to_server(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(upstream) = &mut self.upstream else {
            return Poll::Pending;
        };
        let upstream = Pin::new(upstream);
        if !self.state.to_server.is_empty() {
            match ready!(upstream.poll_write(cx, &self.state.to_server)) {
                Ok(count) => drop(self.state.to_server.drain(..count)),
                Err(_) => {
                    self.state.to_server.clear();
                    self.state.broken = true;
                }
            }
            return Poll::Ready(());
        } else if self.state.client_ended && !self.sent_all {
            self.sent_all = true;
            let _ = ready!(upstream.poll_shutdown(cx));
        }
        Poll::Pending
    }

    fn poll_from_server(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(upstream) = &mut self.upstream else {
            return Poll::Pending;
        };
        if self.state.server_ended || !self.state.to_client.is_empty() {
            return Poll::Pending;
        }
        let mut room = ReadBuf::new(&mut self.buffer);
        match ready!(Pin::new(upstream).poll_read(cx, &mut room)) {
            Ok(()) => Poll::Ready(Event::Server(room.filled().len())),
            Err(error) => Poll::Ready(Event::Broken(error)),
        }
    }

    fn poll_from_client(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        // Where it is read again there has to be room for all that was read before.
        let room = self.state.to_server.len() < limits::MTCP_FRONT_WAITING_BYTES;
        let takes = self.upstream.is_some() || self.state.broken;
        if self.state.client_ended || !room || !takes {
            return Poll::Pending;
        }
        let mut room = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        Poll::Ready(Ok(Event::Client(room.filled().len())))
    }

    /// The client will hear no earlier copy: the end towards the holder begins or goes on.
    async fn connect(&mut self, epoch: Epoch) -> io::Result<()> {
        if let Some(upstream) = &self.upstream {
            return upstream.go_on(epoch);
        }
        if self.state.broken {
            return Ok(());
        }
        let patience = Duration::from_nanos(self.connector.patience().0);
        let connector = self.connector.clone();
        // A task of its own, which ends well what is not wanted any more when it is there.
        let connected = tokio::spawn(timeout(patience, async move {
            loop {
                match connector.connect().await {
                    Ok(upstream) => return upstream,
                    Err(_) => sleep(limits::MTCP_TRY_FIRST).await,
                }
            }
        }));
        match connected.await {
            Ok(Ok(upstream)) => {
                self.upstream = Some(upstream);
                self.export().await
            }
            _ => self.broken(&io::ErrorKind::TimedOut.into()).await,
        }
    }

    async fn take_client(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            self.state.client_ended = true;
            return Ok(());
        }
        if self.state.broken {
            return Ok(());
        }
        let bytes = &self.buffer[..count];
        if let Some(talk) = &mut self.state.talk {
            talk.hear_client(bytes);
        }
        self.state.to_server.extend_from_slice(bytes);
        self.read += count;
        if self.read < limits::MTCP_FRONT_LOG_BYTES {
            return Ok(());
        }
        self.export().await
    }

    async fn take_server(&mut self, count: usize) -> io::Result<()> {
        let bytes = &self.buffer[..count];
        match &mut self.state.talk {
            Some(talk) if count == 0 => self.state.to_client.extend(talk.ended()),
            Some(talk) => talk.hear_server(bytes, &mut self.state.to_client),
            None => self.state.to_client.extend_from_slice(bytes),
        }
        self.state.server_ended |= count == 0;
        self.export().await
    }

    /// The holder has not got the connection any more, or never had.
    async fn broken(&mut self, error: &io::Error) -> io::Result<()> {
        let broken = error.get_ref().and_then(|error| error.downcast_ref());
        let later = |broken: &Broken| broken.closed.0 == End::Reset(Reason::Superseded);
        if broken.is_some_and(later) {
            // Another copy goes on with it, and soon somebody will say so.
            return std::future::pending().await;
        }
        if let Some(talk) = &mut self.state.talk {
            self.state.to_client.extend(talk.ended());
        }
        self.upstream = None;
        self.awaited.clear();
        self.state.to_server = Vec::new();
        self.state.server_ended = true;
        self.state.broken = true;
        self.export().await
    }

    /// Says where this is, before anything that follows from it is done.
    async fn export(&mut self) -> io::Result<()> {
        let exported = self.upstream.as_ref().and_then(MtcpStream::export);
        let (state, kept) = exported.map_or((None, None), |exported| {
            (Some(exported.state), Some(exported.kept))
        });
        self.state.upstream = state;
        let done = self.stream.export_state(&self.state).await;
        self.state.upstream = None;
        done?;
        self.read = 0;
        let number = self.stream.exports();
        self.awaited.extend(kept.map(|kept| (number, kept)));
        Ok(())
    }
}
