//! One session: a connection, its streams, and the tasks that read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use quinn::{Connection, SendStream};
use sm_core::ids::{HopId, Incarnation, NodeId, SessionId};
use sm_core::wire::{Rest, Route};
use tokio::sync::mpsc;

use super::frames::{Frames, Unfinished, Unread, pack};
use super::greeting::{Greeted, ended};
use super::outlet::{More, Opening, Outlet};
use super::{Caller, Raw, SessionInfo, close, code};
use crate::limits;

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) peer: NodeId,
    pub(super) incarnation: Incarnation,
    pub(super) caller: Caller,
    pub(super) connection: Connection,
    began: Instant,
    /// The stream of the session as a whole.
    common: Outlet,
    /// The streams of hops that this end still sends on.
    hops: BTreeMap<HopId, Outlet>,
    backlog: Arc<AtomicUsize>,
    unfinished: Unfinished,
    /// Why this end has closed the connection, if it did so because of what waits.
    pub(super) trouble: Option<&'static str>,
    events: mpsc::Sender<Raw>,
}

impl Session {
    pub(super) fn begin(id: SessionId, greeted: Greeted, events: mpsc::Sender<Raw>) -> Self {
        let Greeted {
            connection,
            peer,
            incarnation,
            caller,
            out,
            input,
        } = greeted;
        let backlog = Arc::new(AtomicUsize::new(0));
        let unfinished = Unfinished::default();
        let common = Frames::new(input, unfinished.clone());
        let reading = read_all(
            id,
            connection.clone(),
            common,
            unfinished.clone(),
            events.clone(),
        );
        tokio::spawn(reading);
        Self {
            id,
            peer,
            incarnation,
            caller,
            connection,
            began: super::now(),
            common: Outlet::open(out, backlog.clone()),
            hops: BTreeMap::new(),
            backlog,
            unfinished,
            trouble: None,
            events,
        }
    }

    pub(super) fn info(&self) -> SessionInfo {
        SessionInfo {
            peer: self.peer,
            incarnation: self.incarnation,
            address: self.connection.remote_address(),
            age: self.began.elapsed(),
            round_trip: self.connection.rtt(),
        }
    }

    pub(super) fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    /// Sends a frame on the stream where it belongs.
    pub(super) fn send(&mut self, frame: Vec<u8>) {
        if self.backlog() > limits::UNREAD_BYTES {
            return self.give_up();
        }
        match Route::of(&frame) {
            Route::Session => self.common.send(pack(frame), More::Follows, self.tell()),
            Route::Copy => self.alone(frame),
            Route::Hop(hop, rest) => self.send_of_hop(hop, rest, frame),
        }
    }

    /// Ends the session with a neighbor that lets too much wait.
    fn give_up(&mut self) {
        if self.connection.close_reason().is_some() {
            return;
        }
        close(&self.connection, code::MALFORMED, b"too much waits");
        self.trouble = Some("it does not take what is sent to it");
    }

    /// Sends a frame that need not arrive: as a datagram if it fits one.
    pub(super) fn cast(&mut self, frame: &Bytes) {
        let fits = self.connection.max_datagram_size();
        if fits.is_some_and(|most| frame.len() <= most) {
            // It is lost if there is no room: that is what a broadcast may be.
            let _ = self.connection.send_datagram(frame.clone());
        } else {
            self.alone(frame.to_vec());
        }
    }

    /// A frame has come: its hop may be answered on the stream that it came on, or is over.
    pub(super) fn received(&mut self, frame: &[u8], answers: Option<SendStream>) {
        let Route::Hop(hop, rest) = Route::of(frame) else {
            return;
        };
        if rest == Rest::Nothing {
            self.hops.remove(&hop);
        } else if let Some(stream) = answers {
            let backlog = &self.backlog;
            self.hops
                .entry(hop)
                .or_insert_with(|| Outlet::open(stream, backlog.clone()));
        }
    }

    fn send_of_hop(&mut self, hop: HopId, rest: Rest, frame: Vec<u8>) {
        let tell = self.tell();
        if rest == Rest::Open {
            let outlet = match self.hops.get(&hop) {
                Some(outlet) => outlet,
                None => {
                    let outlet = self.open_pair();
                    self.hops.entry(hop).or_insert(outlet)
                }
            };
            return outlet.send(pack(frame), More::Follows, tell);
        }
        let outlet = self.hops.remove(&hop);
        let outlet = outlet.unwrap_or_else(|| self.open_pair());
        outlet.send(pack(frame), More::No, tell);
    }

    /// A stream in both directions; what comes back on it is read by a task.
    fn open_pair(&self) -> Outlet {
        let (id, connection, events) = (self.id, self.connection.clone(), self.events.clone());
        let unfinished = self.unfinished.clone();
        let opening: Opening = Box::pin(async move {
            let (out, input) = connection.open_bi().await.ok()?;
            let frames = Frames::new(input, unfinished);
            tokio::spawn(read_frames(id, connection, frames, None, events));
            Some(out)
        });
        Outlet::opening(opening, self.backlog.clone())
    }

    /// Sends a frame on a stream of its own.
    fn alone(&self, frame: Vec<u8>) {
        let connection = self.connection.clone();
        let opening: Opening = Box::pin(async move { connection.open_uni().await.ok() });
        let outlet = Outlet::opening(opening, self.backlog.clone());
        outlet.send(pack(frame), More::No, self.tell());
    }

    /// Tells the node's loop when what had to wait has been sent.
    fn tell(&self) -> impl FnOnce() + Send + 'static {
        let (id, events) = (self.id, self.events.clone());
        move || {
            tokio::spawn(async move { events.send(Raw::Drained(id)).await });
        }
    }
}

/// Reads everything that comes on a connection, until it ends.
async fn read_all(
    id: SessionId,
    connection: Connection,
    mut common: Frames,
    unfinished: Unfinished,
    events: mpsc::Sender<Raw>,
) {
    // The greeting of the node comes before everything else.
    let first = tokio::time::timeout(limits::GREETING_TIME, common.next()).await;
    let first = first.unwrap_or(Err(Unread::Silence));
    let heard = match first {
        Ok(frame) => events.send(Raw::Frame(id, frame, None)).await.is_ok(),
        Err(unread) => {
            give_up(id, &connection, unread, &events).await;
            false
        }
    };
    if heard {
        tokio::spawn(read_frames(
            id,
            connection.clone(),
            common,
            None,
            events.clone(),
        ));
        accept_all(id, &connection, &unfinished, &events).await;
    }
    let reason = ended(&connection.closed().await);
    // Nobody listens once the node ends.
    let _ = events.send(Raw::Ended(id, reason)).await;
}

async fn accept_all(
    id: SessionId,
    connection: &Connection,
    unfinished: &Unfinished,
    events: &mpsc::Sender<Raw>,
) {
    let read = |input, answers| {
        let frames = Frames::new(input, unfinished.clone());
        tokio::spawn(read_frames(
            id,
            connection.clone(),
            frames,
            answers,
            events.clone(),
        ));
    };
    loop {
        tokio::select! {
            pair = connection.accept_bi() => {
                let Ok((out, input)) = pair else { return };
                read(input, Some(out));
            }
            input = connection.accept_uni() => {
                let Ok(input) = input else { return };
                read(input, None);
            }
            frame = connection.read_datagram() => {
                let Ok(frame) = frame else { return };
                if events.send(Raw::Heard(id, frame)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Reads a stream to its end. Half a frame, or one that is too long, ends the connection: there is
/// nothing after it that could be understood.
async fn read_frames(
    id: SessionId,
    connection: Connection,
    mut frames: Frames,
    mut answers: Option<SendStream>,
    events: mpsc::Sender<Raw>,
) {
    loop {
        match frames.next().await {
            Ok(frame) => {
                let raw = Raw::Frame(id, frame, answers.take());
                if events.send(raw).await.is_err() {
                    return;
                }
            }
            Err(unread) => return give_up(id, &connection, unread, &events).await,
        }
    }
}

/// Ends the session if there is nothing to be understood any more, and says why: from the
/// connection only that this end has closed it could be learned.
async fn give_up(
    id: SessionId,
    connection: &Connection,
    unread: Unread,
    events: &mpsc::Sender<Raw>,
) {
    let why = match unread {
        Unread::End | Unread::Gone => return,
        Unread::Half => "half a frame",
        Unread::TooLong => "a frame that is too long",
        Unread::Unfinished => "too many unfinished frames",
        Unread::Silence => "no frame in time",
    };
    close(connection, code::MALFORMED, why.as_bytes());
    // Nobody listens once the node ends.
    let _ = events.send(Raw::Ended(id, format!("it sent {why}"))).await;
}
