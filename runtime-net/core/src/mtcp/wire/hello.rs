//! The first bytes: who speaks M-TCP, and in which version.

use crate::codec::{DecodeError, Reader, Writer};

/// What a client end sends before anything else, in the clear before its session begins. The first
/// byte begins no text, no TLS record and no length that a known protocol would send; the line end
/// and the zero catch who changes bytes on the way.
pub const MAGIC: [u8; 8] = *b"\x8dMTCP\r\n\0";

/// What the first bytes of a connection are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Peek {
    /// A client end speaks.
    Ours,
    /// A plain client speaks.
    Plain,
    /// They could be either; more is needed.
    Unknown,
}

/// Tells from the first bytes who speaks. The first one decides nearly always.
pub fn peek(bytes: &[u8]) -> Peek {
    let length = bytes.len().min(MAGIC.len());
    if bytes[..length] != MAGIC[..length] {
        Peek::Plain
    } else if length == MAGIC.len() {
        Peek::Ours
    } else {
        Peek::Unknown
    }
}

/// The versions that an end speaks, all from the oldest to the newest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Versions {
    oldest: u8,
    newest: u8,
}

impl Versions {
    /// Those that this code speaks.
    pub const OURS: Versions = Versions {
        oldest: 0,
        newest: 0,
    };

    /// All from one to another; none if they are in the wrong order.
    pub fn between(oldest: u8, newest: u8) -> Option<Self> {
        (oldest <= newest).then_some(Self { oldest, newest })
    }

    /// The version that both speak: the newest. None ends the session, and the connection is where
    /// it was before.
    pub fn common(self, other: Self) -> Option<u8> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }

    pub(super) fn write(self, out: &mut Writer) {
        out.u8(self.oldest);
        out.u8(self.newest);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (oldest, newest) = (input.u8()?, input.u8()?);
        Self::between(oldest, newest).ok_or(DecodeError::NotCanonical)
    }
}
