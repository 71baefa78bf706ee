//! The hash of a run: BLAKE3 over every event in order.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::Record;

const CONTEXT: &str = "smart-messages 2026 simulator: hash of a run";

/// The hash of all that happened in a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceHash(pub [u8; 32]);

/// The first sixteen hexadecimal digits.
impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceHash({self})")
    }
}

/// Hashes events as they come.
#[derive(Debug, Clone)]
pub struct TraceHasher(Sink);

impl Default for TraceHasher {
    fn default() -> Self {
        Self(Sink(Box::new(blake3::Hasher::new_derive_key(CONTEXT))))
    }
}

impl TraceHasher {
    /// Adds an event.
    pub fn add(&mut self, record: &Record) {
        record.hash(&mut self.0);
    }

    /// The hash of the events so far.
    pub fn hash(&self) -> TraceHash {
        TraceHash(*self.0.0.finalize().as_bytes())
    }
}

/// Takes derived hashes: numbers in little-endian order and sizes as 64 bits, so that the result
/// is the same on every machine.
#[derive(Debug, Clone)]
struct Sink(Box<blake3::Hasher>);

impl Hasher for Sink {
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
