//! A socket below TLS. TLS reads it in small pieces; while much comes they are taken out of larger
//! ones, for which one call of the system does.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::limits;

/// A TCP connection, and what was read of it ahead.
pub(super) struct Socket {
    tcp: TcpStream,
    ahead: BytesMut,
    /// How much the next read asks for: more while reads are filled, and less when they are not.
    ask: usize,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            ahead: BytesMut::new(),
            ask: 0,
        }
    }

    /// So many bytes came where there was room for more.
    fn learn(&mut self, count: usize, room: usize) {
        if count == room {
            self.ask = (2 * room).min(limits::MTCP_BATCH_BYTES);
        } else if count < room / 4 {
            self.ask = room / 2;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let room = buffer.remaining();
        if this.ahead.is_empty() && this.ask <= room {
            // An idle socket keeps no memory.
            this.ahead = BytesMut::new();
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.tcp).poll_read(cx, buffer))?;
            this.learn(buffer.filled().len() - before, room);
            return Poll::Ready(Ok(()));
        }
        if this.ahead.is_empty() {
            this.ahead.reserve(this.ask);
            let asked = this.ahead.capacity();
            let read = pin!(this.tcp.read_buf(&mut this.ahead)).poll(cx);
            if read.is_pending() {
                this.ahead = BytesMut::new();
            }
            let count = ready!(read)?;
            this.learn(count, asked);
        }
        let count = room.min(this.ahead.len());
        buffer.put_slice(&this.ahead[..count]);
        this.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// In pieces of all sizes, with pauses, the bytes are those that were written.
    #[tokio::test]
    async fn what_is_read_ahead_is_read_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        let sent: Vec<u8> = (0..3_000_000u32)
            .map(|at| (at.wrapping_mul(at) >> 7) as u8)
            .collect();
        let copy = sent.clone();
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.expect("somebody calls");
            for piece in copy.chunks(777_777) {
                tcp.write_all(piece).await.expect("it is read");
                tokio::task::yield_now().await;
            }
        });
        let tcp = TcpStream::connect(address).await.expect("it listens");
        let mut socket = Socket::new(tcp);
        let mut got = Vec::new();
        let mut buffer = [0; 5_000];
        for room in (1..buffer.len()).step_by(7).cycle() {
            match socket.read(&mut buffer[..room]).await.expect("it comes") {
                0 => break,
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
        assert!(got == sent);
    }
}
