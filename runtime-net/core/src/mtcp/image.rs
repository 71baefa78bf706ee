//! What moves: a service at its newest export, and what has happened since.

use std::sync::Arc;

use super::ConnectionId;
use super::digest::{Digest, DigestKey};
use super::ring::Ring;
use super::wire::Open;
use crate::codec::{DecodeError, Reader, Writer};
use crate::limits;

/// Where in both streams a service was when it exported its state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Cut {
    /// How far it had read.
    pub(super) input: u64,
    /// How far it had written.
    pub(super) output: u64,
    /// The digest of what it had written.
    pub(super) digest: Digest,
    /// Whether it had ended its output.
    pub(super) finished: bool,
}

/// A service that can go on elsewhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Image {
    pub(super) id: ConnectionId,
    pub(super) key: DigestKey,
    /// What proofs of possession are made with; the driver's.
    pub(super) secret: [u8; 32],
    /// What belongs to the connection and is no stream; the driver's.
    pub(super) settings: Arc<Vec<u8>>,
    /// None before the first export.
    pub(super) snapshot: Option<Arc<Vec<u8>>>,
    pub(super) cut: Cut,
    /// Output that the client may not have. At its owner it goes on past the cut.
    pub(super) output: Ring,
    /// Input from the cut on, read and unread.
    pub(super) input: Ring,
    /// What was read and recorded since the cut, in order.
    pub(super) log: Log,
}

/// What the receiver of an image has of it already.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Had {
    pub(super) output: u64,
    pub(super) input: u64,
}

/// The bytes of an image, made at one moment, on their way in pieces.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Parcel {
    head: Vec<u8>,
    snapshot: Arc<Vec<u8>>,
    sent: usize,
}

/// A piece of a [`Parcel`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Piece<'a> {
    /// The length of the part before the snapshot.
    pub head: usize,
    /// The length of the snapshot.
    pub snapshot: usize,
    /// Where in both together the piece begins.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A parcel as it comes in. It takes memory as it arrives, not as it is announced.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Assembly {
    head_len: usize,
    snapshot_len: usize,
    head: Vec<u8>,
    snapshot: Vec<u8>,
}

/// What part of its streams an image is to hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Extent {
    /// Where its output begins: who will go on from it has what comes before.
    pub(super) output: u64,
    /// Where its input ends.
    pub(super) input: u64,
}

impl Image {
    /// The service at the beginning of a connection.
    pub(super) fn fresh(
        id: ConnectionId,
        key: DigestKey,
        secret: [u8; 32],
        settings: Vec<u8>,
    ) -> Self {
        Self {
            id,
            key,
            secret,
            settings: Arc::new(settings),
            snapshot: None,
            cut: Cut::default(),
            output: Ring::default(),
            input: Ring::default(),
            log: Log::default(),
        }
    }

    /// Whether it is what this opened.
    pub(super) fn began_with(&self, open: &Open<'_>) -> bool {
        self.key.seed() == open.digest_seed && self.settings[..] == open.settings[..]
    }

    /// About how many bytes it is long.
    pub(super) fn bytes(&self) -> usize {
        let snapshot = self.snapshot.as_ref().map_or(0, |bytes| bytes.len());
        let before = self.cut.output.saturating_sub(self.output.start()) as usize;
        snapshot + before + self.input.len() + self.log.len() + self.settings.len()
    }

    /// Its bytes for who has so much of it already.
    pub(super) fn parcel(&self, had: Had) -> Parcel {
        let all = Extent {
            output: self.output.start(),
            input: self.input.end(),
        };
        self.parcel_of(all, had)
    }

    /// The same of a part of its streams, which holds the input that was read.
    pub(super) fn parcel_of(&self, extent: Extent, had: Had) -> Parcel {
        let mut out = Writer::default();
        out.raw(&self.id.0);
        out.var(self.key.seed());
        out.raw(&self.secret);
        out.bytes(&self.settings);
        out.u8(u8::from(self.snapshot.is_some()));
        out.var(self.cut.input);
        out.var(self.cut.output);
        out.var(self.cut.digest.sum);
        out.var(self.cut.digest.open);
        out.u8(u8::from(self.cut.finished));
        let start = extent.output.max(self.output.start());
        let before = (start, self.cut.output.max(start));
        let fin = self.cut.finished && before.0 < before.1;
        write_ring(&mut out, (&self.output, had.output), before, fin);
        let read = (self.input.start(), extent.input);
        let closed = self.input.closed() && extent.input == self.input.end();
        let fin = closed && read.0 < read.1;
        write_ring(&mut out, (&self.input, had.input), read, fin);
        out.u8(u8::from(closed));
        out.bytes(&self.log.bytes);
        Parcel {
            head: out.0,
            snapshot: self.snapshot.clone().unwrap_or_default(),
            sent: 0,
        }
    }

    /// The image in these bytes, with what the receiver had of it.
    pub(super) fn decode(
        head: &[u8],
        snapshot: Vec<u8>,
        had: Option<&Image>,
    ) -> Result<Self, DecodeError> {
        let mut input = Reader::new(head);
        let id = ConnectionId(input.array()?);
        let key = DigestKey::new(input.var()?);
        let secret = input.array()?;
        let settings = Arc::new(input.bytes(limits::MTCP_SETTINGS_BYTES)?.to_vec());
        let has_snapshot = flag(&mut input)?;
        if !has_snapshot && !snapshot.is_empty() {
            return Err(DecodeError::Trailing);
        }
        let mut cut = Cut {
            input: input.var()?,
            output: input.var()?,
            digest: Digest {
                sum: input.var()?,
                open: input.var()?,
            },
            finished: false,
        };
        cut.finished = flag(&mut input)?;
        let output = read_ring(&mut input, had.map(|had| &had.output))?;
        let received = read_ring(&mut input, had.map(|had| &had.input))?;
        let closed = flag(&mut input)?;
        let log = Log::decode(input.bytes(limits::MTCP_LOG_BYTES)?)?;
        input.finish()?;
        let image = Self {
            id,
            key,
            secret,
            settings,
            snapshot: has_snapshot.then(|| Arc::new(snapshot)),
            cut,
            output,
            input: received.ended(closed).ok_or(DecodeError::NotCanonical)?,
            log,
        };
        if image.consistent() {
            Ok(image)
        } else {
            Err(DecodeError::NotCanonical)
        }
    }

    /// Whether the offsets fit each other: the streams go on at the cut, and the log reads no more
    /// than there is.
    fn consistent(&self) -> bool {
        let reads = self.log.offsets();
        self.cut.digest.is_valid()
            && self.cut.output <= limits::MTCP_OFFSET
            && self.input.start() == self.cut.input
            && self.output.end() == self.cut.output.max(self.output.start())
            && reads.is_some_and(|reads| reads <= self.input.len() as u64)
            && self.log.ends_input() <= self.input.closed()
    }
}

fn flag(input: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::Unknown(other)),
    }
}

/// Writes where a stream begins, where the bytes in the parcel begin, the bytes, and whether its
/// end is among what is kept.
fn write_ring(out: &mut Writer, (ring, had): (&Ring, u64), (start, end): (u64, u64), fin: bool) {
    let from = had.clamp(start, end);
    let last = end - u64::from(fin && end > from);
    out.var(start);
    out.var(from);
    out.bytes(&ring.copy(from, last));
    out.u8(u8::from(fin && end > from));
}

fn read_ring(input: &mut Reader<'_>, had: Option<&Ring>) -> Result<Ring, DecodeError> {
    let (start, from) = (input.var()?, input.var()?);
    let bytes = input.bytes(limits::MTCP_KEPT_BYTES)?;
    let fin = flag(input)?;
    let fits = from >= start && from <= limits::MTCP_OFFSET;
    let whole = from == start || had.is_some_and(|had| had.start() <= start && had.end() >= from);
    if !fits || !whole {
        return Err(DecodeError::NotCanonical);
    }
    let known = match had {
        Some(had) if from > start => had.copy(start, from),
        _ => Vec::new(),
    };
    // A stream that ended in what the receiver had has nothing to add.
    let known_fin = (known.len() as u64) < from - start;
    if known_fin && (fin || !bytes.is_empty() || known.len() as u64 + 1 < from - start) {
        return Err(DecodeError::NotCanonical);
    }
    let mut ring = Ring::of(start, &known, false);
    ring.push(bytes);
    if fin || known_fin {
        ring.finish();
    }
    Ok(ring)
}

impl Parcel {
    /// The next piece, if there is one.
    pub(super) fn next(&mut self) -> Option<Piece<'_>> {
        let (head, snapshot) = (self.head.len(), self.snapshot.len());
        let offset = self.sent;
        let rest = match offset.checked_sub(head) {
            None => &self.head[offset..],
            Some(at) if at < snapshot => &self.snapshot[at..],
            Some(_) => return None,
        };
        let bytes = &rest[..rest.len().min(limits::MTCP_PIECE_BYTES)];
        self.sent += bytes.len();
        Some(Piece {
            head,
            snapshot,
            offset,
            bytes,
        })
    }

    /// Whether all of it has been taken.
    pub(super) fn is_sent(&self) -> bool {
        self.sent == self.len()
    }

    /// How long it is.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.snapshot.len()
    }

    /// All of it in one.
    pub(super) fn whole(self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(&self.head);
        out.raw(&self.snapshot);
        out.0
    }
}

impl Assembly {
    /// Adds a piece. Yes if it was the last, and none if it does not continue what is here.
    pub(super) fn add(&mut self, piece: &Piece<'_>) -> Option<bool> {
        if piece.offset == 0 {
            *self = Self {
                head_len: piece.head,
                snapshot_len: piece.snapshot,
                ..Self::default()
            };
        }
        let have = self.head.len() + self.snapshot.len();
        let same = (self.head_len, self.snapshot_len) == (piece.head, piece.snapshot);
        if !same || piece.offset != have || piece.bytes.is_empty() {
            return None;
        }
        if have < self.head_len {
            self.head.extend_from_slice(piece.bytes);
        } else {
            self.snapshot.extend_from_slice(piece.bytes);
        }
        let fits = self.head.len() <= self.head_len && self.snapshot.len() <= self.snapshot_len;
        let have = have + piece.bytes.len();
        fits.then_some(have == self.head_len + self.snapshot_len)
    }

    /// The image, when the last piece is here.
    pub(super) fn image(&mut self, had: Option<&Image>) -> Result<Image, DecodeError> {
        let Self { head, snapshot, .. } = std::mem::take(self);
        Image::decode(&head, snapshot, had)
    }
}

/// The image in what [`Parcel::whole`] made.
pub(super) fn unsealed(bytes: &[u8]) -> Result<Image, DecodeError> {
    let mut input = Reader::new(bytes);
    let head = input.bytes(limits::MTCP_HEAD_BYTES)?;
    Image::decode(head, input.rest().to_vec(), None)
}

/// What a service did since its newest export, as it travels: a read is its length times four, a
/// value the same plus one and its bytes, and the end of the input two.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Log {
    bytes: Vec<u8>,
}

const READ: u64 = 0;
const VALUE: u64 = 1;
const FIN: u64 = 2;

/// One thing that a service did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry<'a> {
    /// It read so many bytes at once.
    Read(usize),
    /// It recorded a value.
    Value(&'a [u8]),
    /// It read the end of the input.
    Fin,
}

impl Log {
    /// How long it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn push(&mut self, entry: Entry<'_>) {
        let mut out = Writer(std::mem::take(&mut self.bytes));
        match entry {
            Entry::Read(count) => out.var((count as u64) << 2 | READ),
            Entry::Value(value) => {
                out.var((value.len() as u64) << 2 | VALUE);
                out.raw(value);
            }
            Entry::Fin => out.var(FIN),
        }
        self.bytes = out.0;
    }

    /// The entry at a position, and the position behind it.
    pub(super) fn at(&self, position: usize) -> Option<(Entry<'_>, usize)> {
        let mut input = Reader::new(self.bytes.get(position..)?);
        let entry = read_entry(&mut input).ok()?;
        Some((entry, self.bytes.len() - input.rest().len()))
    }

    /// What comes from a position on.
    pub(super) fn since(&self, position: usize) -> &[u8] {
        &self.bytes[position..]
    }

    /// Forgets what is before a position.
    pub(super) fn forget(&mut self, position: usize) {
        if position == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..position);
        }
    }

    /// Appends entries that come from elsewhere.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        Self::decode(bytes)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let log = Self {
            bytes: bytes.to_vec(),
        };
        let mut at = 0;
        while let Some((_, next)) = log.at(at) {
            at = next;
        }
        if at == bytes.len() {
            Ok(log)
        } else {
            Err(DecodeError::Truncated)
        }
    }

    /// How many offsets of input its reads take.
    pub(super) fn offsets(&self) -> Option<u64> {
        let (mut at, mut total) = (0, 0_u64);
        while let Some((entry, next)) = self.at(at) {
            let step = match entry {
                Entry::Read(count) => count as u64,
                Entry::Fin => 1,
                Entry::Value(_) => 0,
            };
            total = total.checked_add(step)?;
            at = next;
        }
        Some(total)
    }

    /// Whether the end of the input is read in it.
    fn ends_input(&self) -> bool {
        let mut at = 0;
        while let Some((entry, next)) = self.at(at) {
            if entry == Entry::Fin {
                return true;
            }
            at = next;
        }
        false
    }
}

fn read_entry<'a>(input: &mut Reader<'a>) -> Result<Entry<'a>, DecodeError> {
    let head = input.var()?;
    let count = usize::try_from(head >> 2).map_err(|_| DecodeError::TooLong)?;
    match (head & 3, count) {
        (READ, 1..) => Ok(Entry::Read(count)),
        (VALUE, _) => Ok(Entry::Value(input.take(count)?)),
        (FIN, 0) => Ok(Entry::Fin),
        (kind, _) => Err(DecodeError::Unknown(kind as u8)),
    }
}
