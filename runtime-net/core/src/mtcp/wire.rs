//! The frames of M-TCP, and their bytes (`docs/WIRE.md`).
//!
//! A frame is three bytes for the length of what follows them, one for the kind, and the fields of
//! that kind; what is long comes last and takes what is left. Decoding borrows from the bytes, and
//! whatever decodes encodes to the same bytes again.

mod fields;
mod hello;

use std::borrow::Cow;

pub use super::image::Piece;
use super::{ConnectionId, Digest, Epoch, Reason, Record};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::NodeId;
use crate::limits;
pub use hello::{MAGIC, Peek, Versions, peek};

/// What the ends of a connection and the servers of a service say to each other.
///
/// Where no connection is named, the link carries one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Frame<'a> {
    /// Both, first: the versions that they speak.
    Hello(Versions),
    /// Client: a connection begins here.
    Open(Open<'a>),
    /// Server: not here, or not now.
    Refused {
        /// The attempt.
        epoch: Epoch,
        /// Why.
        reason: Reason,
    },
    /// Client: a connection is to go on here.
    Resume {
        /// What the client says of it.
        claim: Box<Claim>,
        /// How long the sealed record is that it keeps, in bytes; zero for none.
        held: u64,
    },
    /// Server: it begins or goes on here.
    Resumed {
        /// The attempt.
        ends: Ends,
        /// The input that this server has.
        input: u64,
        /// How much of it the service has taken.
        taken: u64,
        /// Bytes that may be on their way beyond it.
        window: u64,
        /// Who can go on without this server.
        standbys: Vec<NodeId>,
    },
    /// Client: the attempt is the record now.
    Confirm {
        /// The attempt.
        epoch: Epoch,
    },
    /// Both: bytes of the stream.
    Data {
        /// Where they begin.
        offset: u64,
        /// The bytes; at least one.
        bytes: &'a [u8],
    },
    /// Both: the stream ends.
    Fin {
        /// Behind its last byte.
        offset: u64,
    },
    /// Both: what has come.
    Ack {
        /// What the program has taken: credit reaches a window further.
        taken: u64,
        /// What the sender may forget.
        stable: u64,
    },
    /// Both: are you there?
    Ping {
        /// Comes back as it is.
        token: u64,
    },
    /// Both: yes.
    Pong {
        /// The token of the question.
        token: u64,
    },
    /// Client: it may resume here soon.
    Attach {
        /// The connection.
        id: ConnectionId,
    },
    /// Server: it would be taken.
    Attached {
        /// The connection.
        id: ConnectionId,
    },
    /// Server: these can go on without it.
    Standbys {
        /// Counts the changes.
        revision: u64,
        /// All of them.
        standbys: Vec<NodeId>,
    },
    /// Client: so says the record.
    Recorded {
        /// The change.
        revision: u64,
    },
    /// Server: a sealed part of a record to be kept, before the output that follows from it; one
    /// without bytes, that nothing is to be kept. Client: the same back, after SHOW.
    Held {
        /// Whether a record begins with it.
        begins: bool,
        /// Whether one can go on from the record with it.
        whole: bool,
        /// The part.
        sealed: Cow<'a, [u8]>,
    },
    /// Server: nobody else has the connection, so the record that the client keeps is needed.
    Show {
        /// The attempt.
        epoch: Epoch,
    },
    /// Server: where the connection could go on, and whether it should.
    Move {
        /// Why it should move.
        advice: Advice,
        /// Where it could.
        candidates: Vec<Candidate>,
    },
    /// Client: it was asked to move, and stays.
    Stays {
        /// Who did not take it, and why; none where it does not try.
        refusals: Vec<(NodeId, Reason)>,
    },
    /// Client: both directions have ended, and it has everything.
    Close,
    /// Both: it broke off.
    Reset {
        /// Why.
        reason: Reason,
    },
    /// B to A: a client resumes here; freeze the connection, and send it.
    Pull {
        /// What the client says.
        claim: Box<Claim>,
        /// What the proof in it is bound to: the exporter of the client's session with B.
        binding: [u8; 32],
    },
    /// A to B: a piece of the connection.
    Transfer {
        /// The connection.
        id: ConnectionId,
        /// The attempt.
        epoch: Epoch,
        /// The piece.
        piece: Piece<'a>,
    },
    /// A to B: no.
    Denied {
        /// The connection.
        id: ConnectionId,
        /// The attempt.
        epoch: Epoch,
        /// Why.
        reason: Reason,
    },
    /// New owner to the old one: the client is attached here.
    Release {
        /// The connection.
        id: ConnectionId,
        /// What runs with a lower epoch is of no more use.
        epoch: Epoch,
    },
    /// Owner to standby: it is one no more.
    Dismiss {
        /// The connection.
        id: ConnectionId,
        /// The owner's attempt.
        epoch: Epoch,
    },
    /// Owner to standby: a piece of the whole.
    Base {
        /// The connection.
        id: ConnectionId,
        /// The owner's attempt.
        epoch: Epoch,
        /// How far the log is with it.
        position: u64,
        /// The piece.
        piece: Piece<'a>,
    },
    /// Owner to standby: what has come since.
    Log(Growth<'a>),
    /// Standby to owner: it has it.
    Logged {
        /// The connection.
        id: ConnectionId,
        /// The owner's attempt.
        epoch: Epoch,
        /// How far the log is.
        position: u64,
        /// How far the input is.
        input: u64,
    },
    /// Standby to owner: this does not continue what it has, or there is a later attempt.
    Unlogged {
        /// The connection.
        id: ConnectionId,
        /// The latest attempt that it knows of.
        epoch: Epoch,
    },
}

/// A connection that begins.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Open<'a> {
    /// Its name.
    pub id: ConnectionId,
    /// The attempt: zero, or higher where earlier ones may never have arrived.
    pub ends: Ends,
    /// What the digest's secret point is made from.
    pub digest_seed: u64,
    /// What the client grants.
    pub window: u64,
    /// What else belongs to it; the driver's.
    pub settings: Cow<'a, [u8]>,
}

/// The epochs of both ends. That of the client end counts the copies of one that moves, and the
/// epochs that a copy makes for the server end are above those of all copies before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ends {
    /// Of the client end.
    pub client: Epoch,
    /// Of the server end.
    pub server: Epoch,
}

impl Ends {
    /// Those of an attempt: the copy of the client end that makes it is its upper half.
    pub const fn of(attempt: Epoch) -> Self {
        Self {
            client: Epoch(attempt.0 >> Epoch::COPY_BITS),
            server: attempt,
        }
    }

    /// Whether such a copy may make such an attempt.
    pub const fn fit(self) -> bool {
        self.client.0 <= self.server.0 >> Epoch::COPY_BITS
    }
}

/// What a client says when it resumes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Claim {
    /// The connection.
    pub id: ConnectionId,
    /// The attempt.
    pub ends: Ends,
    /// Who has the connection.
    pub record: Record,
    /// The output that the client has.
    pub received: u64,
    /// How much of it its program has taken.
    pub taken: u64,
    /// Bytes that may be on their way beyond it.
    pub window: u64,
    /// The digest of what the client has.
    pub digest: Digest,
    /// That the client is who opened it; the driver's.
    pub proof: [u8; 32],
}

/// How a standby's copy grows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Growth<'a> {
    /// The connection.
    pub id: ConnectionId,
    /// The owner's attempt.
    pub epoch: Epoch,
    /// How far the log was before.
    pub after: u64,
    /// How far it is now.
    pub position: u64,
    /// Where in the input its bytes begin.
    pub input: u64,
    /// Whether the end of the input stands behind them.
    pub fin: bool,
    /// The log's entries.
    pub entries: Cow<'a, [u8]>,
    /// The input.
    pub bytes: Cow<'a, [u8]>,
}

/// Whether a connection should move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Advice {
    /// It need not; this is only where it could.
    Stay,
    /// The server is about to stop.
    Drain,
    /// The server has too much to do.
    Load,
}

/// A server that could take a connection over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Candidate {
    /// Its key.
    pub server: NodeId,
    /// Where it can be reached, as the driver understands it.
    pub address: String,
}

mod kind {
    pub(super) const HELLO: u8 = 0;
    pub(super) const OPEN: u8 = 1;
    pub(super) const REFUSED: u8 = 2;
    pub(super) const RESUME: u8 = 3;
    pub(super) const RESUMED: u8 = 4;
    pub(super) const CONFIRM: u8 = 5;
    pub(super) const DATA: u8 = 6;
    pub(super) const FIN: u8 = 7;
    pub(super) const ACK: u8 = 8;
    pub(super) const PING: u8 = 9;
    pub(super) const PONG: u8 = 10;
    pub(super) const ATTACH: u8 = 11;
    pub(super) const ATTACHED: u8 = 12;
    pub(super) const STANDBYS: u8 = 13;
    pub(super) const RECORDED: u8 = 14;
    pub(super) const HELD: u8 = 15;
    pub(super) const MOVE: u8 = 16;
    pub(super) const CLOSE: u8 = 17;
    pub(super) const RESET: u8 = 18;
    pub(super) const PULL: u8 = 19;
    pub(super) const TRANSFER: u8 = 20;
    pub(super) const DENIED: u8 = 21;
    pub(super) const RELEASE: u8 = 22;
    pub(super) const DISMISS: u8 = 23;
    pub(super) const BASE: u8 = 24;
    pub(super) const LOG: u8 = 25;
    pub(super) const LOGGED: u8 = 26;
    pub(super) const UNLOGGED: u8 = 27;
    pub(super) const STAYS: u8 = 28;
    pub(super) const SHOW: u8 = 29;
}

/// What stands before the fields: the length of the rest, and the kind.
const HEADER: usize = 4;

impl<'a> Frame<'a> {
    /// Appends the bytes of the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let tail = self.encode_head(out);
        out.extend_from_slice(tail);
    }

    /// Appends the bytes of the frame without the stream's, which it gives back: they come next,
    /// and may be written from where they are.
    pub fn encode_head(&self, out: &mut Vec<u8>) -> &'a [u8] {
        let start = out.len();
        let mut writer = Writer(std::mem::take(out));
        writer.raw(&[0, 0, 0, self.kind()]);
        let tail: &'a [u8] = match self {
            Frame::Data { offset, bytes } => {
                writer.var(*offset);
                bytes
            }
            other => {
                fields::write(&mut writer, other);
                &[]
            }
        };
        *out = writer.0;
        let length = (out.len() - start - HEADER + 1 + tail.len()) as u32;
        out[start..start + 3].copy_from_slice(&length.to_le_bytes()[..3]);
        tail
    }

    /// Takes the first frame off some bytes, and says how many it took; none if they do not hold
    /// all of it yet.
    ///
    /// # Errors
    /// [`DecodeError`] if they begin with what is no frame.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, DecodeError> {
        let Some((&[a, b, c, kind], rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        let fields = length.checked_sub(1).ok_or(DecodeError::Truncated)?;
        if length > limits::MTCP_FRAME_BYTES {
            return Err(DecodeError::TooLong);
        }
        let Some(rest) = rest.get(..fields) else {
            return Ok(None);
        };
        let mut input = Reader::new(rest);
        let frame = match kind {
            kind::DATA => Frame::Data {
                offset: input.var()?,
                bytes: fields::some(&mut input, limits::MTCP_DATA_BYTES)?,
            },
            _ => fields::read(kind, &mut input)?,
        };
        input.finish()?;
        Ok(Some((frame, HEADER + fields)))
    }

    fn kind(&self) -> u8 {
        match self {
            Frame::Hello(_) => kind::HELLO,
            Frame::Open(_) => kind::OPEN,
            Frame::Refused { .. } => kind::REFUSED,
            Frame::Resume { .. } => kind::RESUME,
            Frame::Resumed { .. } => kind::RESUMED,
            Frame::Confirm { .. } => kind::CONFIRM,
            Frame::Data { .. } => kind::DATA,
            Frame::Fin { .. } => kind::FIN,
            Frame::Ack { .. } => kind::ACK,
            Frame::Ping { .. } => kind::PING,
            Frame::Pong { .. } => kind::PONG,
            Frame::Attach { .. } => kind::ATTACH,
            Frame::Attached { .. } => kind::ATTACHED,
            Frame::Standbys { .. } => kind::STANDBYS,
            Frame::Recorded { .. } => kind::RECORDED,
            Frame::Held { .. } => kind::HELD,
            Frame::Show { .. } => kind::SHOW,
            Frame::Move { .. } => kind::MOVE,
            Frame::Stays { .. } => kind::STAYS,
            Frame::Close => kind::CLOSE,
            Frame::Reset { .. } => kind::RESET,
            Frame::Pull { .. } => kind::PULL,
            Frame::Transfer { .. } => kind::TRANSFER,
            Frame::Denied { .. } => kind::DENIED,
            Frame::Release { .. } => kind::RELEASE,
            Frame::Dismiss { .. } => kind::DISMISS,
            Frame::Base { .. } => kind::BASE,
            Frame::Log(_) => kind::LOG,
            Frame::Logged { .. } => kind::LOGGED,
            Frame::Unlogged { .. } => kind::UNLOGGED,
        }
    }

    /// The connection that a frame between servers is about; frames of a client's link name it only
    /// at the beginning.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self {
            Frame::Open(open) => Some(open.id),
            Frame::Resume { claim, .. } | Frame::Pull { claim, .. } => Some(claim.id),
            Frame::Log(growth) => Some(growth.id),
            Frame::Attach { id }
            | Frame::Attached { id }
            | Frame::Transfer { id, .. }
            | Frame::Denied { id, .. }
            | Frame::Release { id, .. }
            | Frame::Dismiss { id, .. }
            | Frame::Base { id, .. }
            | Frame::Logged { id, .. }
            | Frame::Unlogged { id, .. } => Some(*id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
