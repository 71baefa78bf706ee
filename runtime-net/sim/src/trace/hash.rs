//! The hash of a run: BLAKE3 over every event in order.

use sm_core::digest::{Digest, Digester};

use super::Record;

const CONTEXT: &str = "smart-messages 2026 simulator: hash of a run";

/// The hash of all that happened in a run.
pub type TraceHash = Digest;

/// Hashes events as they come.
#[derive(Debug, Clone)]
pub struct TraceHasher(Digester);

impl Default for TraceHasher {
    fn default() -> Self {
        Self(Digester::new(CONTEXT))
    }
}

impl TraceHasher {
    /// Adds an event.
    pub fn add(&mut self, record: &Record) {
        self.0.add(record);
    }

    /// The hash of the events so far.
    pub fn hash(&self) -> TraceHash {
        self.0.digest()
    }
}
