//! Everything that happens to a node, written down: `.smtrace`.
//!
//! A [`Node`] is a pure function of its inputs, so its configuration, its boot and the inputs in
//! their order are its whole life. A recording holds them, and now and then a checkpoint: a hash
//! of all outputs so far and one of the state. Whoever replays it gets the same hashes, or is told
//! after which input they differ.
//!
//! ```text
//! "smtrace" version u8 = 0 | configuration | boot
//! entry*: 0, time since the entry before, input | 1, hash of outputs 32, hash of state 32
//! ```
//!
//! A recording may end anywhere, since its node may: what stands after the last whole entry is
//! left out.

mod inputs;
mod settings;

use crate::codec::{DecodeError, Reader, Writer};
use crate::digest::{Digest, Digester};
use crate::engine::Engine;
use crate::ids::{Span, Time};
use crate::node::{Boot, Config, Input, Node, Output};

const MAGIC: &[u8] = b"smtrace";
const VERSION: u8 = 0;
const OUTPUTS: &str = "smart-messages 2026 recording: hash of outputs";

const INPUT: u8 = 0;
const CHECKPOINT: u8 = 1;

/// The hashes of a node at one point of its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// Of all outputs so far, in order.
    pub outputs: Digest,
    /// Of the state.
    pub state: Digest,
}

/// Hashes what a node puts out.
#[derive(Clone, Debug)]
pub struct Outputs(Digester);

impl Default for Outputs {
    fn default() -> Self {
        Self(Digester::new(OUTPUTS))
    }
}

impl Outputs {
    /// Adds the next output.
    pub fn add(&mut self, output: &Output) {
        self.0.add(output);
    }

    /// The hashes of a node that has put out these.
    pub fn checkpoint<E: Engine>(&self, node: &Node<E>) -> Checkpoint {
        Checkpoint {
            outputs: self.0.digest(),
            state: node.digest(),
        }
    }
}

/// Writes a recording. The bytes are to be taken with [`Recorder::take`] and kept in order.
#[derive(Debug)]
pub struct Recorder {
    out: Writer,
    last: Time,
    outputs: Outputs,
}

impl Recorder {
    /// The recording of a node that is about to start with these.
    pub fn new(config: &Config, boot: &Boot) -> Self {
        let mut out = Writer::default();
        out.raw(MAGIC);
        out.u8(VERSION);
        settings::encode(&mut out, config);
        settings::encode_boot(&mut out, boot);
        Self {
            out,
            last: boot.now,
            outputs: Outputs::default(),
        }
    }

    /// The node is about to handle an input.
    pub fn input(&mut self, now: Time, input: &Input<'_>) {
        self.out.u8(INPUT);
        self.out.var(now.since(self.last).0);
        self.last = self.last.max(now);
        inputs::encode(&mut self.out, input);
    }

    /// The node has put something out.
    pub fn output(&mut self, output: &Output) {
        self.outputs.add(output);
    }

    /// Notes the hashes of the node as it is now.
    pub fn checkpoint<E: Engine>(&mut self, node: &Node<E>) -> Checkpoint {
        let checkpoint = self.outputs.checkpoint(node);
        self.out.u8(CHECKPOINT);
        self.out.raw(&checkpoint.outputs.0);
        self.out.raw(&checkpoint.state.0);
        checkpoint
    }

    /// The bytes since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out.0)
    }
}

/// Reads a recording.
#[derive(Debug)]
pub struct Recording<'a> {
    /// How the node was configured.
    pub config: Config,
    /// What it started with.
    pub boot: Boot,
    last: Time,
    input: Reader<'a>,
}

/// One entry of a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// Something happened at this time.
    Input(Time, Input<'a>),
    /// The node had these hashes.
    Checkpoint(Checkpoint),
}

impl<'a> Recording<'a> {
    /// Reads the beginning; the entries follow with [`Recording::entry`].
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that are no recording of this version.
    pub fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        if input.take(MAGIC.len())? != MAGIC {
            return Err(DecodeError::Unknown(bytes.first().copied().unwrap_or(0)));
        }
        match input.u8()? {
            VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        let config = settings::decode(&mut input)?;
        let boot = settings::decode_boot(&mut input)?;
        let last = boot.now;
        Ok(Self {
            config,
            boot,
            last,
            input,
        })
    }

    /// The next entry, or `None` at the end, which may be in the middle of one.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that no recorder writes.
    pub fn entry(&mut self) -> Result<Option<Entry<'a>>, DecodeError> {
        match self.read() {
            Ok(entry) => Ok(Some(entry)),
            Err(DecodeError::Truncated) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> Result<Entry<'a>, DecodeError> {
        match self.input.u8()? {
            INPUT => {
                self.last = self.last + Span(self.input.var()?);
                Ok(Entry::Input(self.last, inputs::decode(&mut self.input)?))
            }
            CHECKPOINT => Ok(Entry::Checkpoint(Checkpoint {
                outputs: Digest(self.input.array()?),
                state: Digest(self.input.array()?),
            })),
            other => Err(DecodeError::Unknown(other)),
        }
    }
}

#[cfg(test)]
mod tests;
