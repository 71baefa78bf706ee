//! What a driver has to know of a frame to choose a stream for it, without taking it apart.

use super::{WIRE_VERSION, decode_hop, kind};
use crate::codec::Reader;
use crate::ids::HopId;

/// Where a frame belongs among the streams of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// To the session as a whole, whose frames keep their order: the greeting comes first.
    Session,
    /// To nothing: a copy may overtake everything.
    Copy,
    /// To a hop, whose frames keep their order.
    Hop(HopId, Rest),
}

/// What still comes about a hop in this session after a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rest {
    /// More, from either end.
    Open,
    /// Nothing from the sender of the frame, but an answer.
    Answer,
    /// Nothing.
    Nothing,
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
        let rest = match kind {
            kind::COPY => return Some(Self::Copy),
            kind::OFFER | kind::ACCEPT | kind::STATE | kind::PREPARED | kind::QUERY => Rest::Open,
            kind::COMMIT => Rest::Answer,
            kind::REFUSE | kind::DONE | kind::LOST | kind::ABORT | kind::UNKNOWN => Rest::Nothing,
            _ => return None,
        };
        let hop = decode_hop(&mut Reader::new(fields)).ok()?;
        Some(Self::Hop(hop, rest))
    }
}
