//! Seals of the records that client ends keep: ChaCha20-Poly1305, with keys that the servers of a
//! service share.
//!
//! A sealed part is a version, the id of the key, the second at which it was sealed, the epoch of
//! the server that sealed it, 16 random bytes, and what is sealed with its tag. Each part has a key
//! of its own, the keyed hash of all that stands before, the service and the connection: so no two
//! have the same however many servers seal for however long, and a part opens for nothing else.
//!
//! The keys lie in a file: a line for each, with the second from which on it seals, and its digits.
//! The one with the latest that has come seals, all of them open. So a new key reaches all servers
//! before any of them seals with it.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sm_core::ids::NodeId;
use sm_core::mtcp::{ConnectionId, Epoch, Reason};
use zeroize::Zeroizing;

use crate::private::{self, FileError, Others};
use crate::{clock, limits};

const VERSION: u8 = 0;
const KEY_ID: usize = 8;
/// Version, key, second and epoch; then what is random.
const HEAD: usize = 1 + KEY_ID + 8 + 8;
const RANDOM: usize = 16;

/// What a record belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bound {
    /// The service's key.
    pub(super) service: NodeId,
    pub(super) id: ConnectionId,
}

/// Seals and opens, with the keys of a file that is read again when it changes.
#[derive(Clone)]
pub struct SealingKeys(Arc<Inner>);

struct Inner {
    path: PathBuf,
    ring: Mutex<Ring>,
}

struct Ring {
    keys: Vec<SealingKey>,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// By which a file that was changed is told: it is replaced as a whole.
type Stamp = (u64, i64, i64);

#[derive(Clone)]
struct SealingKey {
    /// The second of Unix time from which on it seals.
    from: u64,
    id: [u8; KEY_ID],
    secret: Zeroizing<[u8; 32]>,
}

/// Why there are no keys from a file.
#[derive(Debug)]
pub enum SealingKeyError {
    /// The file cannot be read or written.
    File(FileError),
    /// A line is no key; its number. Zero: there is none.
    Line(PathBuf, usize),
    /// The system has no randomness for a new key.
    Randomness(getrandom::Error),
}

impl From<FileError> for SealingKeyError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl std::error::Error for SealingKeyError {}

impl fmt::Display for SealingKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Line(path, 0) => write!(f, "`{}` has no key in it", path.display()),
            Self::Line(path, line) => {
                write!(f, "`{}`: line {line} is no sealing key", path.display())
            }
            Self::Randomness(_) => f.write_str("the system has no randomness for a new key"),
        }
    }
}

/// No secret gets into a log by way of `{:?}`.
impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeys({})", self.0.path.display())
    }
}

impl SealingKey {
    fn new(from: u64, secret: Zeroizing<[u8; 32]>) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("smart-messages 0 mtcp sealing key id");
        hasher.update(&*secret);
        let mut id = [0; KEY_ID];
        hasher.finalize_xof().fill(&mut id);
        Self { from, id, secret }
    }

    fn generate(from: u64) -> Result<Self, SealingKeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(SealingKeyError::Randomness)?;
        Ok(Self::new(from, secret))
    }

    /// The key of one part.
    fn of_part(&self, bound: Bound, head: &[u8]) -> LessSafeKey {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(b"smart-messages 0 mtcp sealed record\0");
        hasher.update(&bound.service.0);
        hasher.update(&bound.id.0);
        hasher.update(head);
        let key = Zeroizing::new(*hasher.finalize().as_bytes());
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*key).expect("it has 32 bytes");
        LessSafeKey::new(key)
    }
}

fn aad(bound: Bound, head: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([&bound.service.0[..], &bound.id.0, head].concat())
}

/// A key is used once, so it needs no other.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl SealingKeys {
    /// The keys of a file.
    ///
    /// # Errors
    /// [`SealingKeyError`], also if others may read the file.
    pub fn load(path: &Path) -> Result<Self, SealingKeyError> {
        let stamp = stamp(path);
        let ring = Ring {
            keys: read(path)?,
            stamp,
            looked: clock::instant(),
        };
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            ring: Mutex::new(ring),
        })))
    }

    /// Writes a file with a new key, where none is yet.
    ///
    /// # Errors
    /// [`SealingKeyError`]
    pub fn create(path: &Path) -> Result<(), SealingKeyError> {
        let key = SealingKey::generate(0)?;
        Ok(private::create(path, &text(&[key]))?)
    }

    /// Adds a key that seals after a while, and forgets the oldest beyond so many.
    ///
    /// # Errors
    /// [`SealingKeyError`]
    pub fn rotate(path: &Path, after: Duration, keep: usize) -> Result<(), SealingKeyError> {
        let _lock = private::lock(path)?;
        let mut keys = read(path)?;
        keys.push(SealingKey::generate(unix_seconds() + after.as_secs())?);
        keys.sort_by_key(|key| std::cmp::Reverse(key.from));
        keys.truncate(keep.clamp(1, limits::MTCP_SEALING_KEYS));
        Ok(private::replace(path, &text(&keys))?)
    }

    /// Seals a part. Without bytes if that is not possible.
    pub(super) fn seal(&self, bound: Bound, epoch: Epoch, part: &[u8]) -> Vec<u8> {
        let now = unix_seconds();
        let keys = self.current();
        let usable = keys.iter().filter(|key| key.from <= now);
        let Some(key) = usable.max_by_key(|key| key.from) else {
            return Vec::new();
        };
        let mut out = Vec::with_capacity(HEAD + RANDOM + part.len() + 16);
        out.push(VERSION);
        out.extend_from_slice(&key.id);
        out.extend_from_slice(&now.to_le_bytes());
        out.extend_from_slice(&epoch.0.to_le_bytes());
        out.resize(HEAD + RANDOM, 0);
        if getrandom::fill(&mut out[HEAD..]).is_err() {
            return Vec::new();
        }
        let mut sealed = part.to_vec();
        let cipher = key.of_part(bound, &out);
        let done = cipher.seal_in_place_append_tag(nonce(), aad(bound, &out), &mut sealed);
        if done.is_err() {
            return Vec::new();
        }
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens a part that is at most so old.
    ///
    /// # Errors
    /// [`Reason::Aged`] or [`Reason::Sealed`].
    pub(super) fn open(
        &self,
        bound: Bound,
        most: Duration,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Reason> {
        self.open_at(unix_seconds(), (bound, most), sealed)
    }

    fn open_at(
        &self,
        now: u64,
        (bound, most): (Bound, Duration),
        sealed: &[u8],
    ) -> Result<Vec<u8>, Reason> {
        let (head, part) = sealed
            .split_at_checked(HEAD + RANDOM)
            .ok_or(Reason::Sealed)?;
        let (version, rest) = (head[0], &head[1..]);
        let (id, rest) = rest.split_at(KEY_ID);
        let second = rest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let second = second.ok_or(Reason::Sealed)?;
        let keys = self.current();
        let key = keys.iter().find(|key| key.id == id);
        let key = key.filter(|_| version == VERSION).ok_or(Reason::Sealed)?;
        let mut part = part.to_vec();
        let opened = key
            .of_part(bound, head)
            .open_in_place(nonce(), aad(bound, head), &mut part);
        let length = opened.map_err(|_| Reason::Sealed)?.len();
        part.truncate(length);
        if second > now + limits::MTCP_CLOCKS_APART.as_secs()
            || now.saturating_sub(second) > most.as_secs()
        {
            return Err(Reason::Aged);
        }
        Ok(part)
    }

    /// The keys as they are now. If the file cannot be read, those that there were.
    fn current(&self) -> Vec<SealingKey> {
        let mut ring = self.0.ring.lock().expect("nobody panics with it");
        let now = clock::instant();
        if now.duration_since(ring.looked) >= limits::MTCP_KEYS_EVERY {
            ring.looked = now;
            let stamp = stamp(&self.0.path);
            if stamp != ring.stamp
                && let Ok(keys) = read(&self.0.path)
            {
                (ring.keys, ring.stamp) = (keys, stamp);
            }
        }
        ring.keys.clone()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}

fn unix_seconds() -> u64 {
    clock::unix_nanos() / 1_000_000_000
}

fn text(keys: &[SealingKey]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(128 * (keys.len() + 1)));
    text.push_str("# Sealing keys of a service of Smart Messages: from when one seals, and it.\n");
    for key in keys {
        text.push_str(&key.from.to_string());
        text.push(' ');
        for byte in key.secret.iter() {
            for half in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(half), 16).expect("it is below 16"));
            }
        }
        text.push('\n');
    }
    text
}

fn read(path: &Path) -> Result<Vec<SealingKey>, SealingKeyError> {
    let text = private::read(path, limits::MTCP_SEALING_FILE_BYTES, Others::Nothing)?;
    let mut keys = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || SealingKeyError::Line(path.to_owned(), at + 1);
        let key = parse(line).ok_or_else(wrong)?;
        keys.push(key);
        if keys.len() > limits::MTCP_SEALING_KEYS {
            return Err(wrong());
        }
    }
    match keys.is_empty() {
        true => Err(SealingKeyError::Line(path.to_owned(), 0)),
        false => Ok(keys),
    }
}

fn parse(line: &str) -> Option<SealingKey> {
    let (from, digits) = line.split_once(' ')?;
    let from = from.parse().ok()?;
    let digits = digits.trim_end();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut secret = Zeroizing::new([0; 32]);
    for (at, byte) in secret.iter_mut().enumerate() {
        let pair = &digits[2 * at..2 * at + 2];
        let fits = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| fits)?;
    }
    Some(SealingKey::new(from, secret))
}

/// That the clients of a service keep its state for it.
#[derive(Clone, Debug)]
pub struct ClientHeld {
    pub(super) keys: SealingKeys,
    pub(super) most: Duration,
}

impl ClientHeld {
    /// With this the service is declared rollback-safe: a client can have it go on from any state
    /// that it had with this client within the age limit, and from one of them at several servers.
    /// What that does to others has to do no harm.
    pub fn rollback_safe(keys: SealingKeys) -> Self {
        let most = limits::MTCP_HELD_AGE;
        Self { keys, most }
    }

    /// How old a state may be. Those of connections that go on are sealed anew before that.
    #[must_use]
    pub fn with_max_age(mut self, most: Duration) -> Self {
        self.most = most;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound {
        service: NodeId([1; 32]),
        id: ConnectionId([2; 16]),
    };
    const AGE: Duration = Duration::from_secs(60);

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sm-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn keys(from: &[u64]) -> SealingKeys {
        let keys = from.iter().map(|from| SealingKey::generate(*from));
        let ring = Ring {
            keys: keys.collect::<Result<_, _>>().expect("there is chance"),
            stamp: None,
            looked: clock::instant() + Duration::from_secs(3600),
        };
        SealingKeys(Arc::new(Inner {
            path: PathBuf::new(),
            ring: Mutex::new(ring),
        }))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_and_nothing_else() {
        let keys = keys(&[0]);
        let sealed = keys.seal(BOUND, Epoch(7), b"part");
        assert_eq!(keys.open(BOUND, AGE, &sealed), Ok(b"part".to_vec()));
        let other = keys.open(
            Bound {
                service: NodeId([9; 32]),
                ..BOUND
            },
            AGE,
            &sealed,
        );
        assert_eq!(other, Err(Reason::Sealed), "another service");
        let id = ConnectionId([9; 16]);
        let other = keys.open(Bound { id, ..BOUND }, AGE, &sealed);
        assert_eq!(other, Err(Reason::Sealed), "another connection");
        let stranger = super::tests::keys(&[0]);
        assert_eq!(stranger.open(BOUND, AGE, &sealed), Err(Reason::Sealed));
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(keys.open(BOUND, AGE, &bent), Err(Reason::Sealed), "{at}");
            let cut = &sealed[..at];
            assert_eq!(keys.open(BOUND, AGE, cut), Err(Reason::Sealed), "{at}");
        }
        assert_ne!(sealed, keys.seal(BOUND, Epoch(7), b"part"));
    }

    #[test]
    fn what_is_too_old_does_not_open() {
        let keys = keys(&[0]);
        let sealed = keys.seal(BOUND, Epoch(7), b"part");
        let open = |now| keys.open_at(now, (BOUND, AGE), &sealed);
        let now = unix_seconds();
        assert_eq!(open(now + 59), Ok(b"part".to_vec()));
        assert_eq!(open(now + 61), Err(Reason::Aged));
        // Nor what comes from a time that is not yet, but for what clocks may differ.
        assert_eq!(open(now - 59), Ok(b"part".to_vec()));
        assert_eq!(open(now - 62), Err(Reason::Aged));
    }

    #[test]
    fn the_latest_key_that_has_begun_seals() {
        let keys = keys(&[0, 10, u64::MAX]);
        let ids: Vec<_> = keys.current().iter().map(|key| key.id).collect();
        let sealed = keys.seal(BOUND, Epoch(0), b"part");
        assert_eq!(sealed[1..=KEY_ID], ids[1]);
    }

    #[test]
    fn keys_are_rotated_in_their_file() {
        let path = folder("sealing").join("keys");
        let _ = fs::remove_file(&path);
        SealingKeys::create(&path).expect("it is written");
        assert!(SealingKeys::create(&path).is_err(), "it is there");
        assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
        let old = SealingKeys::load(&path).expect("it is read");
        let sealed = old.seal(BOUND, Epoch(0), b"part");
        SealingKeys::rotate(&path, Duration::ZERO, 2).expect("it is written");
        let both = SealingKeys::load(&path).expect("it is read");
        assert_eq!(both.open(BOUND, AGE, &sealed), Ok(b"part".to_vec()));
        let new = both.seal(BOUND, Epoch(0), b"part");
        assert_eq!(old.open(BOUND, AGE, &new), Err(Reason::Sealed));
        old.0.ring.lock().expect("no panic").looked -= limits::MTCP_KEYS_EVERY;
        assert_eq!(
            old.open(BOUND, AGE, &new),
            Ok(b"part".to_vec()),
            "read again"
        );
        SealingKeys::rotate(&path, Duration::ZERO, 1).expect("it is written");
        let newest = SealingKeys::load(&path).expect("it is read");
        assert_eq!(newest.open(BOUND, AGE, &sealed), Err(Reason::Sealed));
        fs::write(&path, "0 12\n").expect("it is written");
        assert!(matches!(
            SealingKeys::load(&path),
            Err(SealingKeyError::Line(_, 1))
        ));
        fs::remove_dir_all(path.parent().expect("its folder")).expect("it is ours");
    }
}
