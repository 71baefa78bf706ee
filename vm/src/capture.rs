//! The whole state of a message as canonical bytes, and back.
//!
//! `docs/STATE.md` describes the bytes. Two properties hold:
//! - **canonical**: `capture(restore(x)) == x` for all bytes that `restore` accepts, and two
//!   machines that behave the same from here on have the same bytes, whatever their capacities,
//!   addresses and hash seeds are;
//! - **nothing is trusted**: `restore` takes any bytes. It answers with an error, or with a machine
//!   that keeps every invariant of one that ran here, in time and memory linear in the bytes and
//!   the limits.
//!
//! Types are not in the bytes. A frame's function says what its registers hold, and each object
//! is read as what the first reference to it says, so a forged state has no types to lie about.

mod frames;
mod objects;
mod read;
mod tables;
mod write;

use std::fmt;
use std::sync::Arc;

use sm_bytecode::BrickHash;
use sm_bytecode::codec::{DecodeError, Reader};

use crate::limits::{Limits, STATE_BYTES};
use crate::machine::Machine;
use crate::program::Program;

/// The first bytes of every state.
const MAGIC: [u8; 4] = *b"SMst";
/// The version of the format.
const VERSION: u64 = 0;

/// Why bytes are no state of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// They do not begin like a state.
    NotAState,
    /// They are of a version this machine does not know.
    FutureVersion(u64),
    /// They are not well-formed.
    Bytes(DecodeError),
    /// They name a brick that is not in the program.
    StrangeBrick(BrickHash),
    /// They are well-formed, but no machine would have written them: what is wrong is named.
    Forged(&'static str),
    /// The state is larger than the limits allow.
    TooLarge,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreError::NotAState => f.write_str("the bytes are no captured state"),
            RestoreError::FutureVersion(version) => {
                write!(f, "the state has version {version}, which is not supported")
            }
            RestoreError::Bytes(error) => error.fmt(f),
            RestoreError::StrangeBrick(hash) => {
                write!(
                    f,
                    "the state uses brick {hash:.8}, which is not in the program"
                )
            }
            RestoreError::Forged(what) => write!(f, "the state is not valid: {what}"),
            RestoreError::TooLarge => f.write_str("the state is larger than allowed"),
        }
    }
}

impl std::error::Error for RestoreError {}

impl From<DecodeError> for RestoreError {
    fn from(error: DecodeError) -> Self {
        RestoreError::Bytes(error)
    }
}

impl Machine {
    /// Appends the state to `out`.
    ///
    /// # Panics
    /// If the machine is spent: after `Done`, `Trap` and `Kill` there is no state to go on from.
    pub fn capture(&self, out: &mut Vec<u8>) {
        write::capture(self, out);
    }

    /// The machine whose state `bytes` is.
    ///
    /// # Errors
    /// If the bytes are no state of this program within these limits.
    pub fn restore(
        program: Arc<Program>,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Machine, RestoreError> {
        read::restore(program, bytes, limits)
    }
}

/// The bricks that a state refers to directly, in the order of their first use: a quick look at
/// its beginning, which checks nothing else.
///
/// # Errors
/// If the beginning is not well-formed.
pub fn state_bricks(bytes: &[u8]) -> Result<Vec<BrickHash>, RestoreError> {
    let mut reader = Reader::new(bytes, STATE_BYTES)?;
    tables::read_bricks(&mut reader)
}
