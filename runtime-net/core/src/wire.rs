//! The frames that nodes exchange, and their bytes (`docs/WIRE.md`).
//!
//! One frame is one byte for the version, one for the kind, and the fields of that kind. Decoding
//! borrows from the bytes, takes nothing on trust and allocates in proportion to what is there.
//! Whatever decodes encodes to the same bytes again.

mod end;
mod route;

use crate::codec::{DecodeError, Reader, Writer};
use crate::content::{ContentId, ContentKind};
use crate::envelope::Envelope;
use crate::hop::HopError;
use crate::ids::{HopNumber, Incarnation, LaunchHash, MessageId, NodeId};
use crate::limits;
use crate::node::Report;
pub use route::{HopKey, Part, Route};

/// The version of the frames. Nodes of different versions refuse each other's sessions.
pub const WIRE_VERSION: u8 = 0;

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// The first frame of a session, from both ends.
    Hello {
        /// The boot of the sender.
        incarnation: Incarnation,
    },
    /// A asks whether B takes a message.
    Offer(Offer<'a>),
    /// B takes it and wants the rest: the state, and this content.
    Accept {
        /// The hop.
        hop: HopNumber,
        /// What B lacks of the code and has not asked this neighbor for.
        missing: Vec<ContentId>,
    },
    /// B does not take it.
    Refuse {
        /// The hop.
        hop: HopNumber,
        /// Why: what the program is told.
        reason: HopError,
    },
    /// A piece of the state that was not in the offer.
    State {
        /// The hop.
        hop: HopNumber,
        /// The next bytes of the state.
        bytes: &'a [u8],
        /// Whether more follows.
        more: More,
    },
    /// B keeps the message until it knows how the hop ends.
    Prepared {
        /// The hop.
        hop: HopNumber,
        /// The boot of B that says so.
        incarnation: Incarnation,
    },
    /// The message is B's.
    Commit {
        /// The hop.
        hop: HopNumber,
        /// The boot of B that was prepared.
        incarnation: Incarnation,
    },
    /// One of the steps that carry nothing.
    Step {
        /// The hop.
        hop: HopNumber,
        /// Which.
        step: BareStep,
    },
    /// A copy goes on at whoever gets this; no answer is expected.
    Copy(Copy<'a>),
    /// The sender wants this content.
    Want(Vec<ContentId>),
    /// Content, each piece with its kind; its hash says which it is.
    Code(Vec<(ContentKind, &'a [u8])>),
    /// How a message ended, on its way to its home.
    Report {
        /// The report.
        report: Report,
        /// The launch's home.
        home: NodeId,
        /// How many more nodes it may pass.
        hops_left: u8,
    },
}

/// A message that wants to move.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer<'a> {
    /// The hop.
    pub hop: HopNumber,
    /// Its envelope as it would arrive.
    pub envelope: Envelope,
    /// The length of its state in bytes.
    pub state_len: usize,
    /// The whole state, if it is short.
    pub state: Option<&'a [u8]>,
    /// The launch record and the program manifest, if B may lack them and they are short.
    pub attached: Vec<(ContentKind, &'a [u8])>,
}

/// A message that goes on at every neighbor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copy<'a> {
    /// Its envelope as it would arrive; the receiver computes the copy's own id.
    pub envelope: Envelope,
    /// Its state.
    pub state: &'a [u8],
}

/// The frame of a [`Copy`] whose state is written right where it belongs, for it may be long.
///
/// That is why the state comes first, behind a length of four bytes: what the envelope says is
/// known when the state is there.
#[derive(Debug)]
pub(crate) struct CopyFrame(Vec<u8>);

impl CopyFrame {
    /// Where the state begins.
    const STATE: usize = 2 + size_of::<u32>();

    pub(crate) fn new() -> Self {
        let mut out = Writer::default();
        out.u8(WIRE_VERSION);
        out.u8(kind::COPY);
        Self::around(out)
    }

    fn around(mut head: Writer) -> Self {
        head.raw(&[0; size_of::<u32>()]);
        Self(head.0)
    }

    /// The state is to be appended to this, and nothing else changed.
    pub(crate) fn state(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// How much of the state is there, in bytes.
    pub(crate) fn state_len(&self) -> usize {
        self.0.len() - Self::STATE
    }

    /// The bytes of the frame. One that is longer than a frame may be is not to be sent.
    pub(crate) fn end(self, envelope: &Envelope) -> Vec<u8> {
        let state_len = self.state_len() as u32;
        let mut out = Writer(self.0);
        out.0[Self::STATE - size_of::<u32>()..Self::STATE]
            .copy_from_slice(&state_len.to_le_bytes());
        envelope.encode(&mut out);
        out.0
    }
}

/// Whether a piece is the last one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum More {
    /// It is.
    Last,
    /// Others follow.
    Follows,
}

/// The steps of a hop that carry nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BareStep {
    /// B has the message as its own.
    Done,
    /// B had the message, and lost its memory.
    Lost,
    /// A has given up.
    Abort,
    /// B asks how the hop ended.
    Query,
    /// A knows nothing of it.
    Unknown,
}

mod kind {
    pub(super) const HELLO: u8 = 0;
    pub(super) const OFFER: u8 = 1;
    pub(super) const ACCEPT: u8 = 2;
    pub(super) const REFUSE: u8 = 3;
    pub(super) const STATE: u8 = 4;
    pub(super) const PREPARED: u8 = 5;
    pub(super) const COMMIT: u8 = 6;
    pub(super) const DONE: u8 = 7;
    pub(super) const LOST: u8 = 8;
    pub(super) const ABORT: u8 = 9;
    pub(super) const QUERY: u8 = 10;
    pub(super) const UNKNOWN: u8 = 11;
    pub(super) const COPY: u8 = 12;
    pub(super) const WANT: u8 = 13;
    pub(super) const CODE: u8 = 14;
    pub(super) const REPORT: u8 = 15;
}

/// The most pieces of content in one frame.
const PIECES: usize = limits::WANTED_PER_FRAME;

/// What a frame takes beside its payload, in bytes, if it lists little: the hop and the envelope.
const HEAD_BYTES: usize = 256;

impl<'a> Frame<'a> {
    /// The bytes of the frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(HEAD_BYTES + self.payload());
        out.u8(WIRE_VERSION);
        out.u8(self.kind());
        match self {
            Frame::Hello { incarnation } => out.var(incarnation.0),
            Frame::Offer(offer) => encode_offer(&mut out, offer),
            Frame::Accept { hop, missing } => {
                encode_hop(&mut out, hop);
                encode_ids(&mut out, missing);
            }
            Frame::Refuse { hop, reason } => {
                encode_hop(&mut out, hop);
                out.u8(reason.code());
            }
            Frame::State { hop, bytes, more } => {
                encode_hop(&mut out, hop);
                out.u8(u8::from(*more == More::Follows));
                out.bytes(bytes);
            }
            Frame::Prepared { hop, incarnation } | Frame::Commit { hop, incarnation } => {
                encode_hop(&mut out, hop);
                out.var(incarnation.0);
            }
            Frame::Step { hop, .. } => encode_hop(&mut out, hop),
            Frame::Copy(Copy { envelope, state }) => {
                let mut frame = CopyFrame::around(out);
                frame.state().extend_from_slice(state);
                return frame.end(envelope);
            }
            Frame::Want(ids) => encode_ids(&mut out, ids),
            Frame::Code(pieces) => encode_pieces(&mut out, pieces),
            Frame::Report {
                report,
                home,
                hops_left,
            } => {
                encode_report(&mut out, report, home, *hops_left);
            }
        }
        out.0
    }

    /// Takes a frame apart.
    ///
    /// # Errors
    /// [`DecodeError`] for any bytes that are not exactly one frame of this version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > limits::FRAME_BYTES {
            return Err(DecodeError::TooLong);
        }
        let mut input = Reader::new(bytes);
        match input.u8()? {
            WIRE_VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        let kind = input.u8()?;
        let frame = Self::decode_kind(kind, &mut input)?;
        input.finish()?;
        Ok(frame)
    }

    fn decode_kind(kind: u8, input: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match kind {
            kind::HELLO => Frame::Hello {
                incarnation: Incarnation(input.var()?),
            },
            kind::OFFER => Frame::Offer(decode_offer(input)?),
            kind::ACCEPT => Frame::Accept {
                hop: decode_hop(input)?,
                missing: decode_ids(input)?,
            },
            kind::REFUSE => Frame::Refuse {
                hop: decode_hop(input)?,
                reason: decode_error(input)?,
            },
            kind::STATE => {
                let (hop, more) = (decode_hop(input)?, decode_more(input)?);
                Frame::State {
                    hop,
                    more,
                    bytes: input.bytes(limits::STATE_CHUNK_BYTES)?,
                }
            }
            kind::PREPARED => {
                let (hop, incarnation) = (decode_hop(input)?, Incarnation(input.var()?));
                Frame::Prepared { hop, incarnation }
            }
            kind::COMMIT => {
                let (hop, incarnation) = (decode_hop(input)?, Incarnation(input.var()?));
                Frame::Commit { hop, incarnation }
            }
            kind::COPY => {
                let state_len = u32::from_le_bytes(input.array()?);
                Frame::Copy(Copy {
                    state: input.take(state_len as usize)?,
                    envelope: Envelope::decode(input)?,
                })
            }
            kind::WANT => Frame::Want(decode_ids(input)?),
            kind::CODE => Frame::Code(decode_pieces(input)?),
            kind::REPORT => decode_report(input)?,
            other => {
                let step = BareStep::from_kind(other).ok_or(DecodeError::Unknown(other))?;
                Frame::Step {
                    hop: decode_hop(input)?,
                    step,
                }
            }
        })
    }

    /// The bytes of states and content in a frame.
    fn payload(&self) -> usize {
        let of_pieces = |pieces: &[(ContentKind, &[u8])]| -> usize {
            pieces.iter().map(|(_, bytes)| bytes.len() + 8).sum()
        };
        match self {
            Frame::Offer(offer) => offer.state.map_or(0, <[u8]>::len) + of_pieces(&offer.attached),
            Frame::State { bytes, .. } => bytes.len(),
            Frame::Copy(copy) => copy.state.len(),
            Frame::Code(pieces) => of_pieces(pieces),
            _ => 0,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Frame::Hello { .. } => kind::HELLO,
            Frame::Offer(_) => kind::OFFER,
            Frame::Accept { .. } => kind::ACCEPT,
            Frame::Refuse { .. } => kind::REFUSE,
            Frame::State { .. } => kind::STATE,
            Frame::Prepared { .. } => kind::PREPARED,
            Frame::Commit { .. } => kind::COMMIT,
            Frame::Step { step, .. } => step.kind(),
            Frame::Copy(_) => kind::COPY,
            Frame::Want(_) => kind::WANT,
            Frame::Code(_) => kind::CODE,
            Frame::Report { .. } => kind::REPORT,
        }
    }
}

impl BareStep {
    fn kind(self) -> u8 {
        match self {
            BareStep::Done => kind::DONE,
            BareStep::Lost => kind::LOST,
            BareStep::Abort => kind::ABORT,
            BareStep::Query => kind::QUERY,
            BareStep::Unknown => kind::UNKNOWN,
        }
    }

    fn from_kind(kind: u8) -> Option<Self> {
        Some(match kind {
            kind::DONE => BareStep::Done,
            kind::LOST => BareStep::Lost,
            kind::ABORT => BareStep::Abort,
            kind::QUERY => BareStep::Query,
            kind::UNKNOWN => BareStep::Unknown,
            _ => return None,
        })
    }
}

fn encode_hop(out: &mut Writer, hop: &HopNumber) {
    out.var(hop.incarnation.0);
    out.var(hop.sequence);
}

fn decode_hop(input: &mut Reader<'_>) -> Result<HopNumber, DecodeError> {
    Ok(HopNumber {
        incarnation: Incarnation(input.var()?),
        sequence: input.var()?,
    })
}

fn decode_error(input: &mut Reader<'_>) -> Result<HopError, DecodeError> {
    let code = input.u8()?;
    HopError::from_code(code).ok_or(DecodeError::Unknown(code))
}

fn decode_more(input: &mut Reader<'_>) -> Result<More, DecodeError> {
    match input.u8()? {
        0 => Ok(More::Last),
        1 => Ok(More::Follows),
        other => Err(DecodeError::Unknown(other)),
    }
}

fn encode_offer(out: &mut Writer, offer: &Offer<'_>) {
    encode_hop(out, &offer.hop);
    offer.envelope.encode(out);
    out.len(offer.state_len);
    out.option(offer.state, Writer::raw);
    encode_pieces(out, &offer.attached);
}

fn decode_offer<'a>(input: &mut Reader<'a>) -> Result<Offer<'a>, DecodeError> {
    let hop = decode_hop(input)?;
    let envelope = Envelope::decode(input)?;
    let state_len = input.len(limits::STATE_BYTES)?;
    let state = input.option(|input| match state_len {
        0..=limits::INLINE_STATE_BYTES => input.take(state_len),
        _ => Err(DecodeError::TooLong),
    })?;
    Ok(Offer {
        hop,
        envelope,
        state_len,
        state,
        attached: decode_pieces(input)?,
    })
}

fn encode_ids(out: &mut Writer, ids: &[ContentId]) {
    out.len(ids.len());
    for id in ids {
        out.u8(id.kind.code());
        out.raw(&id.hash);
    }
}

fn decode_ids(input: &mut Reader<'_>) -> Result<Vec<ContentId>, DecodeError> {
    input.list(limits::WANTED_PER_FRAME, |input| {
        Ok(ContentId {
            kind: decode_content_kind(input)?,
            hash: input.array()?,
        })
    })
}

fn encode_pieces(out: &mut Writer, pieces: &[(ContentKind, &[u8])]) {
    out.len(pieces.len());
    for (kind, bytes) in pieces {
        out.u8(kind.code());
        out.bytes(bytes);
    }
}

fn decode_pieces<'a>(input: &mut Reader<'a>) -> Result<Vec<(ContentKind, &'a [u8])>, DecodeError> {
    input.list(PIECES, |input| {
        Ok((
            decode_content_kind(input)?,
            input.bytes(limits::BRICK_BYTES)?,
        ))
    })
}

fn decode_content_kind(input: &mut Reader<'_>) -> Result<ContentKind, DecodeError> {
    let code = input.u8()?;
    ContentKind::from_code(code).ok_or(DecodeError::Unknown(code))
}

fn encode_report(out: &mut Writer, report: &Report, home: &NodeId, hops_left: u8) {
    out.raw(&report.message.0);
    out.raw(&report.launch.0);
    out.raw(&report.at.0);
    out.raw(&home.0);
    out.u8(hops_left);
    end::encode(out, &report.end);
}

fn decode_report<'a>(input: &mut Reader<'_>) -> Result<Frame<'a>, DecodeError> {
    let message = MessageId(input.array()?);
    let launch = LaunchHash(input.array()?);
    let at = NodeId(input.array()?);
    let home = NodeId(input.array()?);
    let hops_left = input.u8()?;
    let end = end::decode(input)?;
    Ok(Frame::Report {
        report: Report {
            message,
            launch,
            at,
            end,
        },
        home,
        hops_left,
    })
}

#[cfg(test)]
mod tests;
