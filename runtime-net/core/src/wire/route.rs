//! What a driver has to know of a frame to choose a stream for it, without taking it apart.

use super::{More, WIRE_VERSION, decode_hop, decode_more, kind};
use crate::codec::Reader;
use crate::hop::Side;
use crate::ids::HopNumber;

/// Where a frame belongs among the streams of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// To the session as a whole, whose frames keep their order: the greeting comes first.
    Session,
    /// To nothing: a copy may overtake everything.
    Copy,
    /// To a hop, whose frames keep their order.
    Hop(HopKey, Part),
}

/// A hop of a session, as told from one frame of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HopKey {
    /// Its number.
    pub hop: HopNumber,
    /// The end of it that sends the frame.
    pub by: Side,
}

impl HopKey {
    /// The same hop, as told from a frame of its other end.
    pub fn answered(self) -> Self {
        let by = match self.by {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        };
        Self { by, ..self }
    }
}

/// What a frame is of its hop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    /// A step.
    Step,
    /// One of several pieces of a long state.
    Piece,
    /// The last step of whoever sends it in this session, and the last but for its answer.
    Last,
}

impl Route {
    /// The route of a frame. What does not decode belongs to the session, where the node will
    /// refuse it.
    pub fn of(frame: &[u8]) -> Self {
        Self::read(frame).unwrap_or(Self::Session)
    }

    fn read(frame: &[u8]) -> Option<Self> {
        let (&[version, kind], fields) = frame.split_first_chunk()?;
        if version != WIRE_VERSION {
            return None;
        }
        let (by, part) = match kind {
            kind::COPY => return Some(Self::Copy),
            kind::OFFER => (Side::Sender, Part::Step),
            kind::STATE => (Side::Sender, Part::Piece),
            kind::COMMIT | kind::ABORT | kind::UNKNOWN => (Side::Sender, Part::Last),
            kind::ACCEPT | kind::PREPARED | kind::QUERY => (Side::Receiver, Part::Step),
            kind::REFUSE | kind::DONE | kind::LOST => (Side::Receiver, Part::Last),
            _ => return None,
        };
        let mut fields = Reader::new(fields);
        let hop = decode_hop(&mut fields).ok()?;
        let part = match part {
            // A state of one piece is no long one.
            Part::Piece if decode_more(&mut fields).ok()? == More::Last => Part::Step,
            part => part,
        };
        Some(Self::Hop(HopKey { hop, by }, part))
    }
}
