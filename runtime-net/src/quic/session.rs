//! One session: a connection, its streams, and the tasks that read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use quinn::{Connection, RecvStream};
use sm_core::ids::{Incarnation, NodeId, SessionId};
use sm_core::wire::{HopKey, Part, Route};
use tokio::sync::mpsc;

use super::frames::{Frames, Unfinished, Unread};
use super::greeting::{Greeted, ended};
use super::outlet::{Account, More, Opening, Outlet};
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
    /// The streams that short frames of hops and copies share.
    lanes: [Option<Outlet>; limits::LANES],
    /// Counts copies, to spread them over the lanes.
    copies: usize,
    /// The streams of hops with long states.
    long: BTreeMap<HopKey, Outlet>,
    account: Arc<Account>,
    /// Why this end has closed the connection, if it did so because of what waits.
    pub(super) trouble: Option<&'static str>,
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
        let account = Arc::new(Account::new(id, events.clone()));
        let reading = Reading {
            id,
            connection: connection.clone(),
            unfinished: Unfinished::default(),
            events,
        };
        tokio::spawn(reading.all(input));
        Self {
            id,
            peer,
            incarnation,
            caller,
            connection,
            began: super::now(),
            common: Outlet::open(out, account.clone()),
            lanes: Default::default(),
            copies: 0,
            long: BTreeMap::new(),
            account,
            trouble: None,
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
        self.account.waiting()
    }

    /// Sends a frame on the stream where it belongs; short ones go with the next [`flush`].
    ///
    /// [`flush`]: Self::flush
    pub(super) fn send(&mut self, frame: Vec<u8>) {
        if self.backlog() > limits::UNREAD_BYTES {
            return self.give_up();
        }
        match Route::of(&frame) {
            Route::Session => self.common.gather(frame),
            Route::Copy => self.send_copy(frame),
            Route::Hop(hop, part) => self.send_of_hop(hop, part, frame),
        }
    }

    /// Lets out what was gathered to go together.
    pub(super) fn flush(&self) {
        let lanes = self.lanes.iter().flatten();
        lanes.chain([&self.common]).for_each(Outlet::flush);
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
            self.send_copy(frame.to_vec());
        }
    }

    /// A frame has come: what this end still had to say of its hop may be needed no more.
    pub(super) fn received(&mut self, frame: &[u8]) {
        if !self.long.is_empty()
            && let Route::Hop(hop, Part::Last) = Route::of(frame)
        {
            self.long.remove(&hop.answered());
        }
    }

    /// A long state has a stream of its own, from its first piece to the end of the hop.
    fn send_of_hop(&mut self, hop: HopKey, part: Part, frame: Vec<u8>) {
        if part == Part::Piece && !self.long.contains_key(&hop) {
            self.long.insert(hop, self.open());
        }
        match self.long.get(&hop) {
            Some(outlet) if part == Part::Last => {
                outlet.send(frame, More::No);
                self.long.remove(&hop);
            }
            Some(outlet) => outlet.send(frame, More::Follows),
            None => self.send_in_lane(hop.hop.sequence as usize, frame),
        }
    }

    /// Copies may overtake everything; long ones hold up nobody.
    fn send_copy(&mut self, frame: Vec<u8>) {
        if frame.len() <= limits::LANE_FRAME_BYTES {
            self.copies = self.copies.wrapping_add(1);
            self.send_in_lane(self.copies, frame);
        } else {
            self.open().send(frame, More::No);
        }
    }

    fn send_in_lane(&mut self, number: usize, frame: Vec<u8>) {
        let lane = number % limits::LANES;
        let outlet = self.lanes[lane].take().unwrap_or_else(|| self.open());
        self.lanes[lane].insert(outlet).gather(frame);
    }

    /// A new stream.
    fn open(&self) -> Outlet {
        let connection = self.connection.clone();
        let opening: Opening = Box::pin(async move { connection.open_uni().await.ok() });
        Outlet::opening(opening, self.account.clone())
    }
}

/// What reads everything that comes on a connection.
#[derive(Clone)]
struct Reading {
    id: SessionId,
    connection: Connection,
    unfinished: Unfinished,
    events: mpsc::Sender<Raw>,
}

impl Reading {
    /// Reads until the connection ends.
    async fn all(self, input: RecvStream) {
        let mut common = Frames::new(input, self.unfinished.clone());
        // The greeting of the node comes before everything else.
        let first = tokio::time::timeout(limits::GREETING_TIME, common.next()).await;
        let heard = match first.unwrap_or(Err(Unread::Silence)) {
            Ok(run) => self.tell(Raw::Frames(self.id, run)).await,
            Err(unread) => {
                self.give_up(unread).await;
                false
            }
        };
        if heard {
            tokio::spawn(self.clone().frames(common));
            self.streams().await;
        }
        let reason = ended(&self.connection.closed().await);
        self.tell(Raw::Ended(self.id, reason)).await;
    }

    /// Reads all streams and datagrams that follow.
    async fn streams(&self) {
        loop {
            tokio::select! {
                input = self.connection.accept_uni() => {
                    let Ok(input) = input else { return };
                    let frames = Frames::new(input, self.unfinished.clone());
                    tokio::spawn(self.clone().frames(frames));
                }
                frame = self.connection.read_datagram() => {
                    let Ok(frame) = frame else { return };
                    if !self.tell(Raw::Heard(self.id, frame)).await {
                        return;
                    }
                }
            }
        }
    }

    /// Reads a stream to its end. Half a frame, or one that is too long, ends the connection:
    /// there is nothing after it that could be understood.
    async fn frames(self, mut frames: Frames) {
        loop {
            match frames.next().await {
                Ok(run) => {
                    if !self.tell(Raw::Frames(self.id, run)).await {
                        return;
                    }
                }
                Err(unread) => return self.give_up(unread).await,
            }
        }
    }

    /// Ends the session if there is nothing to be understood any more, and says why: from the
    /// connection only that this end has closed it could be learned.
    async fn give_up(&self, unread: Unread) {
        let why = match unread {
            Unread::End | Unread::Gone => return,
            Unread::Half => "half a frame",
            Unread::TooLong => "a frame that is too long",
            Unread::Unfinished => "too many unfinished frames",
            Unread::Silence => "no frame in time",
        };
        close(&self.connection, code::MALFORMED, why.as_bytes());
        self.tell(Raw::Ended(self.id, format!("it sent {why}")))
            .await;
    }

    /// Whether somebody listens: nobody does once the node ends.
    async fn tell(&self, raw: Raw) -> bool {
        self.events.send(raw).await.is_ok()
    }
}
