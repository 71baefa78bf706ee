//! What carries frames over a session: one loop for each, and nothing that waits with a lock held.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use super::session::Session;
use crate::limits;

/// Who has something to say on a session, and hears what comes.
pub(super) trait Port {
    /// Takes the whole frames that these bytes begin with, and says how many bytes they are.
    ///
    /// # Errors
    /// If the session is of no more use.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Gone>;

    /// Appends frames up to about [`limits::MTCP_BATCH_BYTES`], and keeps the waker for when there
    /// are more.
    ///
    /// # Errors
    /// If this is all: the session ends when it is written.
    fn fill(&mut self, out: &mut Vec<u8>, waker: &Waker) -> Result<(), Gone>;
}

/// A session is of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Gone;

/// Carries frames until the session ends. Cancelling it closes the socket.
pub(super) async fn carry(session: Session, port: &mut impl Port) -> io::Result<()> {
    let mut line = Line {
        tls: session.tls,
        input: session.rest,
        fresh: true,
        output: Vec::new(),
        written: 0,
        last: false,
    };
    std::future::poll_fn(|cx| line.poll(cx, port)).await?;
    // Who closes a socket with something unread in it takes back what is on its way.
    let _ = timeout(limits::MTCP_LAST_TIME, line.drain()).await;
    Ok(())
}

struct Line {
    tls: TlsStream<TcpStream>,
    input: BytesMut,
    /// There may be whole frames in it.
    fresh: bool,
    output: Vec<u8>,
    written: usize,
    /// What is in the output is the last.
    last: bool,
}

impl Line {
    /// Ready when the session has ended, for whatever reason.
    fn poll(&mut self, cx: &mut Context<'_>, port: &mut impl Port) -> Poll<io::Result<()>> {
        loop {
            if self.poll_output(cx, port)?.is_ready() {
                return Poll::Ready(Ok(()));
            }
            // Who does not take answers is not asked for more questions.
            if self.last || self.waiting() > limits::MTCP_WAITING_BYTES {
                return Poll::Pending;
            }
            ready!(self.poll_input(cx, port)?);
        }
    }

    fn waiting(&self) -> usize {
        self.output.len() - self.written
    }

    /// Writes all that there is to write. Ready when it was the last.
    fn poll_output(&mut self, cx: &mut Context<'_>, port: &mut impl Port) -> Poll<io::Result<()>> {
        loop {
            if self.waiting() < limits::MTCP_BATCH_BYTES && !self.last {
                self.output.drain(..self.written);
                self.written = 0;
                self.last = port.fill(&mut self.output, cx.waker()).is_err();
            }
            if self.waiting() == 0 {
                ready!(Pin::new(&mut self.tls).poll_flush(cx)?);
                if self.last {
                    return Pin::new(&mut self.tls).poll_shutdown(cx);
                }
                self.rest();
                return Poll::Pending;
            }
            let bytes = &self.output[self.written..];
            self.written += ready!(Pin::new(&mut self.tls).poll_write(cx, bytes)?);
        }
    }

    /// Reads once, and gives the port what has come. Pending if there is nothing.
    fn poll_input(&mut self, cx: &mut Context<'_>, port: &mut impl Port) -> Poll<io::Result<()>> {
        if !std::mem::take(&mut self.fresh) {
            self.input.reserve(limits::MTCP_BATCH_BYTES);
            let read = pin!(self.tls.read_buf(&mut self.input)).poll(cx);
            if read.is_pending() && self.input.is_empty() {
                self.input = BytesMut::new();
            }
            if ready!(read?) == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        match port.take(&self.input) {
            Ok(count) => self.input.advance(count),
            Err(Gone) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
        }
        Poll::Ready(Ok(()))
    }

    /// An idle session keeps no memory.
    fn rest(&mut self) {
        self.output.clear();
        self.output.shrink_to(limits::MTCP_IDLE_BYTES);
        self.written = 0;
    }

    async fn drain(&mut self) {
        loop {
            self.input.clear();
            self.input.reserve(limits::MTCP_BATCH_BYTES);
            match self.tls.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}
