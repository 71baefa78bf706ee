//! What carries frames over a session: one loop for each, and nothing that waits with a lock held.
//!
//! The bytes of a stream are encrypted from where the machine keeps them, and given to the port
//! where TLS has put them. A frame of DATA is a record of TLS, so it is rarely put together first.

use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use sm_core::mtcp::wire::Frame;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use super::session::Session;
use super::socket::Socket;
use crate::limits;

/// Who has something to say on a session, and hears what comes.
pub(super) trait Port {
    /// Takes the whole frames that these bytes begin with, and says how many bytes they are.
    ///
    /// # Errors
    /// If the session is of no more use.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone>;

    /// Puts frames out as long as there is room, and keeps the waker for when there are more.
    ///
    /// # Errors
    /// If this is all: the session ends when it is written.
    fn fill(&mut self, out: &mut Out<'_>, waker: &Waker) -> Result<(), Gone>;

    /// How many bytes of frames wait to be put out, beside those of streams.
    fn waiting(&self) -> usize;
}

/// A session is of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Gone;

/// Carries frames until the session ends. Cancelling it closes the socket.
pub(super) fn carry(
    session: Session,
    port: &mut impl Port,
) -> impl Future<Output = io::Result<()>> {
    let mut line = Line {
        tls: session.tls,
        fresh: true,
        input: session.rest,
        short: Vec::new(),
        full: false,
        last: false,
    };
    async move {
        std::future::poll_fn(|cx| line.poll(cx, port)).await?;
        // Who closes a socket with something unread in it takes back what is on its way.
        let _ = Box::pin(timeout(limits::MTCP_LAST_TIME, drain(&mut line.tls))).await;
        Ok(())
    }
}

async fn drain(tls: &mut TlsStream<Socket>) {
    while let Ok(bytes @ [_, ..]) = tls.fill_buf().await {
        let count = bytes.len();
        tls.consume(count);
    }
}

/// Takes frames on their way out, and makes records of them.
pub(super) struct Out<'a> {
    tls: &'a mut TlsStream<Socket>,
    /// What is in no record yet.
    short: &'a mut Vec<u8>,
    /// How many bytes are.
    taken: usize,
    result: io::Result<()>,
}

impl Out<'_> {
    /// How many bytes were taken and are not written.
    pub(super) fn bytes(&self) -> usize {
        self.taken + self.short.len()
    }

    /// Whether to take more before this is written.
    pub(super) fn has_room(&self) -> bool {
        self.bytes() < limits::MTCP_BATCH_BYTES
    }

    /// Takes frames that are bytes already.
    pub(super) fn frames(&mut self, bytes: &mut Vec<u8>) {
        if self.short.is_empty() {
            std::mem::swap(self.short, bytes);
        } else {
            self.short.append(bytes);
        }
    }

    /// Takes a frame. That of a stream ends the record, with what came before it.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        let stream = frame.encode_head(self.short);
        if !stream.is_empty() {
            self.record(stream);
        }
    }

    fn record(&mut self, stream: &[u8]) {
        let mut parts = &mut [IoSlice::new(self.short), IoSlice::new(stream)][..];
        let mut writer = match &mut *self.tls {
            TlsStream::Client(tls) => tls.get_mut().1.writer(),
            TlsStream::Server(tls) => tls.get_mut().1.writer(),
        };
        self.taken += self.short.len() + stream.len();
        while self.result.is_ok() && parts.iter().any(|part| !part.is_empty()) {
            match writer.write_vectored(parts) {
                Ok(0) => self.result = Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut parts, count),
                Err(error) => self.result = Err(error),
            }
        }
        self.short.clear();
    }

    fn end(mut self) -> io::Result<()> {
        self.record(&[]);
        self.result
    }
}

struct Line {
    tls: Box<TlsStream<Socket>>,
    /// There may be whole frames in the input.
    fresh: bool,
    /// The beginning of a frame that has not come whole.
    input: BytesMut,
    short: Vec<u8>,
    /// The socket takes no more for now.
    full: bool,
    /// What is under way is the last.
    last: bool,
}

impl Line {
    /// Ready when the session has ended, for whatever reason.
    fn poll(&mut self, cx: &mut Context<'_>, port: &mut impl Port) -> Poll<io::Result<()>> {
        let mut read = 0;
        loop {
            if self.poll_output(cx, port)?.is_ready() {
                return Poll::Ready(Ok(()));
            }
            // Who does not take answers is not asked for more questions.
            if self.last || self.full && port.waiting() > limits::MTCP_WAITING_BYTES {
                return Poll::Pending;
            }
            if read >= limits::MTCP_TURN_BYTES {
                // Whoever wants what has come is first.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            read += ready!(self.poll_input(cx, port)?);
        }
    }

    /// Writes all that there is to write. Ready when it was the last.
    fn poll_output(&mut self, cx: &mut Context<'_>, port: &mut impl Port) -> Poll<io::Result<()>> {
        loop {
            self.full = true;
            ready!(Pin::new(&mut self.tls).poll_flush(cx)?);
            self.full = false;
            if self.last {
                return Pin::new(&mut self.tls).poll_shutdown(cx);
            }
            let mut out = Out {
                tls: &mut self.tls,
                short: &mut self.short,
                taken: 0,
                result: Ok(()),
            };
            self.last = port.fill(&mut out, cx.waker()).is_err();
            out.end()?;
            if !self.last && !self.tls.get_ref().1.wants_write() {
                // An idle session keeps no memory.
                self.short.shrink_to(limits::MTCP_IDLE_BYTES);
                return Poll::Pending;
            }
        }
    }

    /// Gives the port what has come, and says how much it is. Pending if there is nothing.
    fn poll_input(
        &mut self,
        cx: &mut Context<'_>,
        port: &mut impl Port,
    ) -> Poll<io::Result<usize>> {
        let Self { tls, input, .. } = self;
        let took = |taken: Result<usize, Gone>| taken.map_err(|Gone| io::ErrorKind::InvalidData);
        if std::mem::take(&mut self.fresh) {
            input.advance(took(port.take(input))?);
            return Poll::Ready(Ok(0));
        }
        let bytes = match ready!(Pin::new(&mut *tls).poll_fill_buf(cx)?) {
            [] => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            bytes => bytes,
        };
        let count = bytes.len();
        if input.is_empty() {
            let taken = took(port.take(bytes))?;
            input.extend_from_slice(&bytes[taken..]);
        } else {
            input.extend_from_slice(bytes);
            input.advance(took(port.take(input))?);
        }
        Pin::new(tls).consume(count);
        if input.is_empty() {
            *input = BytesMut::new();
        }
        Poll::Ready(Ok(count))
    }
}
