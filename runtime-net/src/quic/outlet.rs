//! The sending end of a stream: what fits goes out at once, the rest in a task of its own.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use quinn::SendStream;

use crate::limits;

/// How a stream is opened that is not there yet.
pub(super) type Opening = Pin<Box<dyn Future<Output = Option<SendStream>> + Send>>;

/// The sending end of a stream. Clones are the same end.
#[derive(Clone)]
pub(super) struct Outlet(Arc<Mutex<State>>);

struct State {
    stream: Stream,
    queue: VecDeque<Bytes>,
    /// The bytes that wait, with those of the other streams of the session.
    backlog: Arc<AtomicUsize>,
    /// Whether a task sends what waits.
    busy: bool,
    /// Whether the stream ends with what waits.
    last: bool,
}

enum Stream {
    Opening(Opening),
    Open(SendStream),
    /// It has ended, or the connection has.
    Over,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// Whether an outlet has more to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum More {
    Follows,
    /// The stream ends here.
    No,
}

impl Outlet {
    pub(super) fn opening(opening: Opening, backlog: Arc<AtomicUsize>) -> Self {
        backlog.fetch_add(limits::WAITING_STREAM_BYTES, Ordering::Relaxed);
        Self::new(Stream::Opening(opening), backlog)
    }

    pub(super) fn open(stream: SendStream, backlog: Arc<AtomicUsize>) -> Self {
        Self::new(Stream::Open(stream), backlog)
    }

    fn new(stream: Stream, backlog: Arc<AtomicUsize>) -> Self {
        Self(Arc::new(Mutex::new(State {
            stream,
            queue: VecDeque::new(),
            backlog,
            busy: false,
            last: false,
        })))
    }

    /// Sends pieces in order. Calls `drained` when all that had to wait is sent.
    pub(super) fn send(
        &self,
        pieces: [Bytes; 2],
        more: More,
        drained: impl FnOnce() + Send + 'static,
    ) {
        let mut state = self.0.lock().expect("nobody panics with it");
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            state.backlog.fetch_add(piece.len(), Ordering::Relaxed);
            state.queue.push_back(piece);
        }
        state.last |= more == More::No;
        if state.busy {
            return;
        }
        let mut now = Context::from_waker(Waker::noop());
        if state.flush(&mut now).is_pending() {
            state.busy = true;
            let outlet = self.clone();
            tokio::spawn(async move {
                poll_fn(|context| {
                    outlet
                        .0
                        .lock()
                        .expect("nobody panics with it")
                        .flush(context)
                })
                .await;
                drained();
            });
        }
    }
}

impl State {
    /// Sends what waits, as far as it goes.
    fn flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.stream {
                Stream::Opening(opening) => {
                    let Poll::Ready(opened) = opening.as_mut().poll(context) else {
                        return Poll::Pending;
                    };
                    let waiting = limits::WAITING_STREAM_BYTES;
                    self.backlog.fetch_sub(waiting, Ordering::Relaxed);
                    self.stream = opened.map_or(Stream::Over, Stream::Open);
                }
                Stream::Open(stream) => {
                    let pieces = self.queue.make_contiguous();
                    if pieces.is_empty() {
                        break;
                    }
                    let written = pin!(stream.write_chunks(pieces)).poll(context);
                    match written {
                        Poll::Ready(Ok(written)) => {
                            self.backlog.fetch_sub(written.bytes, Ordering::Relaxed);
                            self.queue.drain(..written.chunks);
                        }
                        Poll::Ready(Err(_)) => self.stream = Stream::Over,
                        Poll::Pending => return Poll::Pending,
                    }
                }
                Stream::Over => {
                    let rest: usize = self.queue.drain(..).map(|piece| piece.len()).sum();
                    self.backlog.fetch_sub(rest, Ordering::Relaxed);
                    break;
                }
            }
        }
        self.busy = false;
        if self.last {
            // Dropping the stream finishes it.
            self.stream = Stream::Over;
        }
        Poll::Ready(())
    }
}
