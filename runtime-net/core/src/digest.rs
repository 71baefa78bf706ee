//! Hashes of states and of what happens: two that are equal did the same.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

/// A purpose that hashes are made for, as BLAKE3 demands of its `derive_key` mode. What depends on
/// the purpose alone is computed once.
#[derive(Debug)]
pub(crate) struct Context {
    name: &'static str,
    key: OnceLock<ContextKey>,
}

impl Context {
    pub(crate) const fn new(name: &'static str) -> Self {
        let key = OnceLock::new();
        Self { name, key }
    }

    /// The hash of these bytes, one after the other.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let key = self.key.get_or_init(|| hash_derive_key_context(self.name));
        let mut hasher = blake3::Hasher::new_from_context_key(key);
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

/// A hash of everything that went into a [`Digester`], in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

/// The first sixteen hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Takes derived hashes into BLAKE3: numbers in little-endian order and sizes as 64 bits, so that
/// the result is the same on every machine.
#[derive(Debug, Clone)]
pub struct Digester(Box<blake3::Hasher>);

impl Digester {
    /// An empty one for a purpose of its own, as BLAKE3 demands of `context`.
    pub fn new(context: &'static str) -> Self {
        Self(Box::new(blake3::Hasher::new_derive_key(context)))
    }

    /// Adds a value.
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(self);
    }

    /// The hash of what was added so far.
    pub fn digest(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

impl Hasher for Digester {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_i16(&mut self, number: i16) {
        self.write(&number.to_le_bytes());
    }

    fn write_i32(&mut self, number: i32) {
        self.write(&number.to_le_bytes());
    }

    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }

    fn write_i128(&mut self, number: i128) {
        self.write(&number.to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }

    /// Nobody asks: the result is 256 bits long.
    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        let (first, _) = hash
            .as_bytes()
            .split_first_chunk()
            .expect("a hash has 32 bytes");
        u64::from_le_bytes(*first)
    }
}
