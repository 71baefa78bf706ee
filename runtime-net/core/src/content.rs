//! What is fetched and cached by its hash: bricks, manifests and launch records.

use std::fmt;

/// What a hash names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ContentKind {
    /// A signed launch record.
    Launch,
    /// A program manifest.
    Program,
    /// A module manifest.
    Module,
    /// A brick.
    Brick,
}

impl ContentKind {
    const ALL: [ContentKind; 4] = [
        ContentKind::Launch,
        ContentKind::Program,
        ContentKind::Module,
        ContentKind::Brick,
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// The name of something that can be fetched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentId {
    /// What it is.
    pub kind: ContentKind,
    /// The hash of its canonical bytes, made in a way of its own for each kind.
    pub hash: [u8; 32],
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ContentKind::Launch => "launch record ",
            ContentKind::Program => "program manifest ",
            ContentKind::Module => "module manifest ",
            ContentKind::Brick => "brick ",
        })?;
        self.hash[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why some bytes are not what they claim to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContentError {
    /// They are longer than such a thing may be.
    TooLarge,
    /// They do not decode or verify, in the words of the decoder.
    Invalid(String),
}

/// Verifies the bytes of one thing and answers its name.
pub(crate) fn check(kind: ContentKind, bytes: &[u8]) -> Result<ContentId, ContentError> {
    if bytes.len() > crate::limits::BRICK_BYTES {
        return Err(ContentError::TooLarge);
    }
    Ok(ContentId {
        kind,
        hash: *blake3::hash(bytes).as_bytes(),
    })
}
