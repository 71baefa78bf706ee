//! One session: a connection, its streams, and the tasks that read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use quinn::{Connection, RecvStream};
use sm_core::ids::{HopId, Incarnation, NodeId, SessionId};
use sm_core::wire::{Part, Route};
use tokio::sync::mpsc;

use super::frames::{Frames, Unread, pack};
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
    long: BTreeMap<HopId, Outlet>,
    account: Arc<Account>,
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
        tokio::spawn(read_all(id, connection.clone(), input, events));
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

    /// Sends a frame on the stream where it belongs.
    pub(super) fn send(&mut self, frame: Vec<u8>) {
        match Route::of(&frame) {
            Route::Session => self.common.send(pack(frame), More::Follows),
            Route::Copy => self.send_copy(frame),
            Route::Hop(hop, part) => self.send_of_hop(hop, part, frame),
        }
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
            self.long.remove(&hop);
        }
    }

    /// A long state has a stream of its own, from its first piece to the end of the hop.
    fn send_of_hop(&mut self, hop: HopId, part: Part, frame: Vec<u8>) {
        if part == Part::Piece && !self.long.contains_key(&hop) {
            self.long.insert(hop, self.open());
        }
        match self.long.get(&hop) {
            Some(outlet) if part == Part::Last => {
                outlet.send(pack(frame), More::No);
                self.long.remove(&hop);
            }
            Some(outlet) => outlet.send(pack(frame), More::Follows),
            None => self.send_in_lane(hop.sequence as usize, frame),
        }
    }

    /// Copies may overtake everything; long ones hold up nobody.
    fn send_copy(&mut self, frame: Vec<u8>) {
        if frame.len() <= limits::LANE_FRAME_BYTES {
            self.copies = self.copies.wrapping_add(1);
            self.send_in_lane(self.copies, frame);
        } else {
            self.open().send(pack(frame), More::No);
        }
    }

    fn send_in_lane(&mut self, number: usize, frame: Vec<u8>) {
        let lane = number % limits::LANES;
        if self.lanes[lane].is_none() {
            self.lanes[lane] = Some(self.open());
        }
        if let Some(outlet) = &self.lanes[lane] {
            outlet.send(pack(frame), More::Follows);
        }
    }

    /// A new stream.
    fn open(&self) -> Outlet {
        let connection = self.connection.clone();
        let opening: Opening = Box::pin(async move { connection.open_uni().await.ok() });
        Outlet::opening(opening, self.account.clone())
    }
}

/// Reads everything that comes on a connection, until it ends.
async fn read_all(
    id: SessionId,
    connection: Connection,
    input: RecvStream,
    events: mpsc::Sender<Raw>,
) {
    let mut common = Frames::new(input);
    // The greeting of the node comes before everything else.
    let first = common.next().await;
    let heard = match first {
        Ok(frame) => events.send(Raw::Frame(id, frame)).await.is_ok(),
        Err(unread) => {
            give_up(&connection, unread);
            false
        }
    };
    if heard {
        tokio::spawn(read_frames(id, connection.clone(), common, events.clone()));
        accept_all(id, &connection, &events).await;
    }
    let reason = ended(&connection.closed().await);
    // Nobody listens once the node ends.
    let _ = events.send(Raw::Ended(id, reason)).await;
}

async fn accept_all(id: SessionId, connection: &Connection, events: &mpsc::Sender<Raw>) {
    loop {
        tokio::select! {
            input = connection.accept_uni() => {
                let Ok(input) = input else { return };
                let frames = Frames::new(input);
                tokio::spawn(read_frames(id, connection.clone(), frames, events.clone()));
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
    events: mpsc::Sender<Raw>,
) {
    loop {
        match frames.next().await {
            Ok(frame) => {
                if events.send(Raw::Frame(id, frame)).await.is_err() {
                    return;
                }
            }
            Err(unread) => return give_up(&connection, unread),
        }
    }
}

fn give_up(connection: &Connection, unread: Unread) {
    match unread {
        Unread::End | Unread::Gone => {}
        Unread::Half => close(connection, code::MALFORMED, b"half a frame"),
        Unread::TooLong => close(connection, code::MALFORMED, b"a frame that is too long"),
    }
}
