//! The sending end of a stream: short frames are gathered into one piece until they are flushed;
//! what fits goes out then, the rest in a task of its own.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use quinn::SendStream;
use sm_core::ids::SessionId;
use tokio::sync::mpsc;

use super::Raw;
use super::frames::{LENGTH, length_before};
use crate::limits;

/// Frames up to this length are copied, to go out together with others.
const SHORT: usize = 4 << 10;
/// How much of them is gathered at most.
const GATHERED: usize = 16 << 10;

/// How a stream is opened that is not there yet.
pub(super) type Opening = Pin<Box<dyn Future<Output = Option<SendStream>> + Send>>;

/// What the outlets of a session have in common: the bytes that wait, and who is told when they
/// wait no more.
#[derive(Debug)]
pub(super) struct Account {
    session: SessionId,
    waiting: AtomicUsize,
    events: mpsc::Sender<Raw>,
}

impl Account {
    pub(super) fn new(session: SessionId, events: mpsc::Sender<Raw>) -> Self {
        Self {
            session,
            waiting: AtomicUsize::new(0),
            events,
        }
    }

    /// The bytes that wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    fn sub(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    async fn drained(&self) {
        // Nobody listens once the node ends.
        let _ = self.events.send(Raw::Drained(self.session)).await;
    }
}

/// The sending end of a stream. Clones are the same end.
#[derive(Clone)]
pub(super) struct Outlet(Arc<Mutex<State>>);

struct State {
    stream: Stream,
    queue: VecDeque<Bytes>,
    /// What each of them is counted with beside its bytes.
    weights: VecDeque<usize>,
    /// Short frames that come behind what is in the queue. They do not wait yet.
    gathered: Vec<u8>,
    /// How many frames those are.
    frames: usize,
    account: Arc<Account>,
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
    pub(super) fn opening(opening: Opening, account: Arc<Account>) -> Self {
        account.add(limits::WAITING_STREAM_BYTES);
        Self::new(Stream::Opening(opening), account)
    }

    pub(super) fn open(stream: SendStream, account: Arc<Account>) -> Self {
        Self::new(Stream::Open(stream), account)
    }

    fn new(stream: Stream, account: Arc<Account>) -> Self {
        Self(Arc::new(Mutex::new(State {
            stream,
            queue: VecDeque::new(),
            weights: VecDeque::new(),
            gathered: Vec::new(),
            frames: 0,
            account,
            busy: false,
            last: false,
        })))
    }

    /// Sends a frame behind those before it. The account tells when all that had to wait is sent.
    pub(super) fn send(&self, frame: Vec<u8>, more: More) {
        let mut state = self.state();
        state.put(frame);
        state.last |= more == More::No;
        self.flush_all(&mut state);
    }

    /// The same; but a short frame waits for [`Outlet::flush`].
    pub(super) fn gather(&self, frame: Vec<u8>) {
        let mut state = self.state();
        state.put(frame);
        if !state.queue.is_empty() || state.gathered.len() > GATHERED {
            self.flush_all(&mut state);
        }
    }

    /// Sends what was gathered.
    pub(super) fn flush(&self) {
        self.flush_all(&mut self.state());
    }

    fn flush_all(&self, state: &mut State) {
        state.seal();
        if state.busy {
            return;
        }
        let mut now = Context::from_waker(Waker::noop());
        if state.flush(&mut now).is_pending() {
            state.busy = true;
            let (outlet, account) = (self.clone(), state.account.clone());
            tokio::spawn(async move {
                poll_fn(|context| outlet.state().flush(context)).await;
                account.drained().await;
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl State {
    /// Puts a frame behind the others.
    fn put(&mut self, frame: Vec<u8>) {
        let short = frame.len() <= SHORT;
        if self.gathered.is_empty() {
            let most = if short { frame.len() } else { 0 };
            self.gathered.reserve_exact(LENGTH + most);
        }
        self.gathered.extend_from_slice(&length_before(&frame));
        self.frames += 1;
        if short {
            self.gathered.extend_from_slice(&frame);
        } else {
            self.seal();
            self.push(frame, 1);
        }
    }

    /// Makes a piece of what was gathered.
    fn seal(&mut self) {
        if !self.gathered.is_empty() {
            let gathered = std::mem::take(&mut self.gathered);
            let frames = std::mem::take(&mut self.frames);
            self.push(gathered, frames);
        }
    }

    /// A neighbor that lets many short frames wait asks for more than it reads: each counts.
    fn push(&mut self, piece: Vec<u8>, frames: usize) {
        let weight = frames * limits::WAITING_PIECE_BYTES;
        self.account.add(piece.len() + weight);
        self.weights.push_back(weight);
        self.queue.push_back(piece.into());
    }

    /// Sends what waits, as far as it goes.
    fn flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.stream {
                Stream::Opening(opening) => {
                    let Poll::Ready(opened) = opening.as_mut().poll(context) else {
                        return Poll::Pending;
                    };
                    self.account.sub(limits::WAITING_STREAM_BYTES);
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
                            let whole: usize = self.weights.drain(..written.chunks).sum();
                            self.account.sub(written.bytes + whole);
                            self.queue.drain(..written.chunks);
                        }
                        Poll::Ready(Err(_)) => self.stream = Stream::Over,
                        Poll::Pending => return Poll::Pending,
                    }
                }
                Stream::Over => {
                    let rest: usize = self.queue.iter().map(Bytes::len).sum();
                    let whole: usize = self.weights.drain(..).sum();
                    self.account.sub(rest + whole);
                    self.queue.clear();
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
