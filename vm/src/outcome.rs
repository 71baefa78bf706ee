//! Why a machine stopped, and what it is told to go on.

use sm_bytecode::{EntryRef, HopCode, TrapKind, TypeHash};

use crate::host::TagBuf;

/// A value that left a machine: its type and its canonical encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Data {
    /// The type of the value.
    pub ty: TypeHash,
    /// The value in the canonical data encoding.
    pub bytes: Vec<u8>,
}

/// A place in a program: one line of a stack trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodePlace {
    /// The function.
    pub at: EntryRef,
    /// The index of the instruction in the function.
    pub pc: u32,
}

/// A bug in the program: a pure function of the program and the node's answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrapReport {
    /// What went wrong.
    pub kind: TrapKind,
    /// What the program said about it.
    pub message: Option<String>,
    /// Where, innermost first; long stacks are cut in the middle (`limits::TRACE_FRAMES`).
    pub frames: Vec<CodePlace>,
}

/// The node ended the message: not the program's doing alone, and not repeatable elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KillKind {
    /// The heap would have grown over [`crate::Limits::heap_bytes`].
    Heap,
    /// The stack would have grown over [`crate::Limits::frames`] or [`crate::Limits::registers`].
    Frames,
}

/// Why [`crate::Machine::run`] came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The entry function returned.
    Done(Data),
    /// The program is wrong; the machine is spent.
    Trap(TrapReport),
    /// A quota is used up; the machine is spent.
    Kill(KillKind),
    /// The fuel of this run is used up; `run` goes on.
    OutOfFuel,
    /// The program ended its turn; `run` goes on.
    Yield,
    /// The message wants to go on at a neighbor. Wants an [`Answer::Hop`] if it stays, an
    /// [`Answer::Go`] or `Hop(HopCode::Ok)` where it arrives.
    Move {
        /// The neighbor.
        hop: [u8; 32],
        /// How long to try, in nanoseconds; `None` is the node's default.
        timeout: Option<u64>,
    },
    /// A copy wants to go on at every neighbor. Wants an [`Answer::Hop`] if that cannot be, an
    /// [`Answer::Go`] in each copy.
    MoveAll,
    /// The message sleeps until the tag is next created or written. Wants an [`Answer::Tag`].
    Block {
        /// The tag.
        tag: TagBuf,
        /// How long to sleep at most, in nanoseconds; `None` is for ever.
        timeout: Option<u64>,
        /// Every version after this one wakes; `None` is the version at this moment.
        after: Option<u64>,
    },
}

/// What became of the operation that stopped a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To `Move` and `MoveAll`: `Ok` at the destination, or why the message stays.
    Hop(HopCode),
    /// To `Move` and `MoveAll` where a copy goes on: success, with a random stream of its own.
    Go {
        /// The seed of the copy's random numbers.
        seed: [u8; 32],
    },
    /// To `Block`: the tag's value, or `None` after the timeout.
    Tag(Option<Vec<u8>>),
}
