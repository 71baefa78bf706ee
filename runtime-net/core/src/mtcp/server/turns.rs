//! A service that runs in turns: what one of them read and wrote, and the state behind it, is one
//! step. So its log is empty at all times, and nothing is ever run again.

use super::{Peer, Phase, Server, ServerEffect};
use crate::ids::Time;
use crate::limits;
use crate::mtcp::ring::At;

/// What a service did in one turn.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Turn {
    /// How far it has read: bytes, and one for the end of the input.
    pub taken: u64,
    /// What it wrote.
    pub output: Vec<u8>,
    /// That was all it has to write.
    pub finished: bool,
    /// Its whole state after that. Without one the connection is pinned until the next.
    pub snapshot: Option<Vec<u8>>,
}

/// Where the streams of a service are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Offsets {
    /// How far it has read.
    pub read: u64,
    /// How far it has written.
    pub written: u64,
    /// Whether it has written all.
    pub finished: bool,
    /// How far it may write.
    pub limit: u64,
}

impl Server {
    /// Said for [`ServerEffect::Start`] before anything else is done: whoever runs the service has
    /// to look at the snapshot first. Until [`Server::imported`] the client hears nothing; with
    /// [`Server::cannot_import`] or [`Server::reset`] its attempt is refused, and it may go back.
    pub fn importing(&mut self) {
        let Phase::Owner(owner) = &mut self.phase else {
            return;
        };
        owner.importing = true;
        owner.welcomed = false;
        if let Some(link) = owner.link {
            // That it goes on here was to be said next.
            self.effects.retain(|effect| match effect {
                ServerEffect::Send(Peer::Client(to), _) | ServerEffect::Attached(to) => *to != link,
                _ => true,
            });
        }
    }

    /// The service goes on from the snapshot.
    pub fn imported(&mut self, now: Time) {
        if let Phase::Owner(owner) = &mut self.phase {
            owner.importing = false;
            self.welcome(now);
        }
    }

    /// What has come from an offset on that the service has not read: as many bytes as lie
    /// together, and whether the input ends behind them.
    pub fn unread(&self, from: u64) -> (&[u8], bool) {
        let Phase::Owner(owner) = &self.phase else {
            return (&[], false);
        };
        let input = &owner.stream.image.input;
        let ends = |at: u64| input.closed() && at + 1 == input.end();
        if from < input.start() {
            return (&[], false);
        }
        match input.at(from, limits::MTCP_DATA_BYTES) {
            At::Bytes(bytes) => (bytes, ends(from + bytes.len() as u64)),
            At::Fin => (&[], true),
            At::Nothing => (&[], false),
        }
    }

    /// Where the streams are, as far as turns are done.
    pub fn offsets(&self) -> Offsets {
        let Phase::Owner(owner) = &self.phase else {
            return Offsets::default();
        };
        Offsets {
            read: owner.stream.taken(),
            written: owner.stream.written(),
            finished: owner.stream.finished(),
            limit: owner.stream.output().start() + limits::MTCP_WINDOW,
        }
    }

    /// The service has ended a turn. What it wrote leaves when all standbys have the state behind
    /// it. False, and nothing is done, where the connection is frozen or the service does not run
    /// here: the turn has not taken place.
    pub fn turn(&mut self, now: Time, turn: Turn) -> bool {
        let Phase::Owner(owner) = &mut self.phase else {
            return false;
        };
        if owner.frozen.is_some() {
            return false;
        }
        let snapshot = turn.snapshot.as_ref();
        let fits = snapshot.is_some_and(|bytes| bytes.len() <= limits::MTCP_SNAPSHOT_BYTES);
        owner.stream.turn(turn, fits);
        if !fits {
            self.pin();
        }
        self.note(now);
        self.end_when_read();
        true
    }

    /// Throws away what has come for a service that has ended with this snapshot; false if there is
    /// nothing. The end of the input counts, too: before it is taken the connection is not over.
    pub fn wind_up(&mut self, now: Time, snapshot: &[u8]) -> bool {
        let (bytes, ended) = self.unread(self.offsets().read);
        let taken = bytes.len() as u64 + u64::from(ended);
        let turn = Turn {
            taken,
            finished: true,
            snapshot: Some(snapshot.to_vec()),
            ..Turn::default()
        };
        taken > 0 && self.turn(now, turn)
    }
}
