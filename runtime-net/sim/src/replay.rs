//! Lives a recorded life again: what a real node did, bit for bit.

use std::fmt;

use sm_core::codec::DecodeError;
use sm_core::engine::Vm;
use sm_core::ids::{Span, Time};
use sm_core::node::{Node, Output};
use sm_core::record::{Checkpoint, Entry, Outputs, Recording};

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many inputs there were.
    pub inputs: u64,
    /// How many checkpoints were met.
    pub checkpoints: u64,
    /// How long the node lived, by its own clock.
    pub span: Span,
    /// The hashes at the end.
    pub end: Checkpoint,
}

/// Why a recording cannot be lived again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayError {
    /// It is no recording of this version, or is damaged.
    Malformed(DecodeError),
    /// The node did something else.
    Diverged(Box<Divergence>),
}

/// The first checkpoint that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// After so many inputs.
    pub inputs: u64,
    /// What was recorded.
    pub recorded: Checkpoint,
    /// What came now.
    pub replayed: Checkpoint,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "it is no recording of this version: {error}"),
            Self::Diverged(at) => {
                let inputs = at.inputs;
                let part = if at.recorded.outputs == at.replayed.outputs {
                    "the node's state"
                } else {
                    "what the node puts out"
                };
                write!(f, "after {inputs} inputs {part} is not what was recorded")
            }
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<DecodeError> for ReplayError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// Replays a recording to its end, and shows each output to `watch` with the node's time.
///
/// # Errors
/// [`ReplayError`] at the first checkpoint that is not met.
pub fn replay(bytes: &[u8], mut watch: impl FnMut(Time, &Output)) -> Result<Replayed, ReplayError> {
    let mut recording = Recording::open(bytes)?;
    let began = recording.boot.now;
    let mut node = Node::<Vm>::new(recording.config.clone(), recording.boot.clone());
    let mut outputs = Outputs::default();
    let (mut inputs, mut checkpoints, mut now) = (0, 0, began);
    let mut drain = |node: &mut Node<Vm>, now: Time, outputs: &mut Outputs| {
        while let Some(output) = node.poll_output() {
            outputs.add(&output);
            watch(now, &output);
        }
    };
    drain(&mut node, now, &mut outputs);
    while let Some(entry) = recording.entry()? {
        match entry {
            Entry::Input(at, input) => {
                now = at;
                inputs += 1;
                node.handle(at, input);
                drain(&mut node, at, &mut outputs);
            }
            Entry::Checkpoint(recorded) => {
                checkpoints += 1;
                let replayed = outputs.checkpoint(&node);
                if recorded != replayed {
                    let at = Divergence {
                        inputs,
                        recorded,
                        replayed,
                    };
                    return Err(ReplayError::Diverged(Box::new(at)));
                }
            }
        }
    }
    Ok(Replayed {
        inputs,
        checkpoints,
        span: now.since(began),
        end: outputs.checkpoint(&node),
    })
}
