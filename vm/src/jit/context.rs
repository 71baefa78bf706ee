//! What native code and the machine share while native code runs.
//!
//! Native code is made from verified bytecode, so what it does with this memory is what
//! [`super::translate`] writes, and nothing else. **Invariants:**
//! - `heap` is the heap's array for as long as the activation lasts: its capacity reaches
//!   `heap_end`, and neither native code nor a helper allocates beyond it;
//! - the words below `heap_len` are initialised wherever the machine looks at them: native code
//!   raises it, writes the whole of the object, and calls no helper and does not leave in between;
//! - `spill` has room for the records of all frames that fit above `stack_limit`
//!   ([`super::compile::spill_words`] says why);
//! - `regs` are the registers of the frame that was entered, `window` has room for those of any
//!   function of the program.

use std::mem::offset_of;

/// See the module's documentation.
#[repr(C)]
pub(crate) struct Context {
    pub(crate) heap: *mut u64,
    pub(crate) heap_len: u64,
    pub(crate) heap_end: u64,
    /// The lowest stack pointer with which a function that calls others may start.
    pub(crate) stack_limit: u64,
    /// What is left of the fuel at an exit.
    pub(crate) fuel: i64,
    /// Why native code came to an exit; 0 while it did not.
    pub(crate) exit: u64,
    /// Where the next record of a frame is written.
    pub(crate) spill: *mut u64,
    /// The closure that is being called.
    pub(crate) closure: u64,
    pub(crate) regs: *mut u64,
    pub(crate) window: *mut u64,
    /// The interpreter, for helpers.
    pub(crate) interp: *mut (),
    /// What a helper charges beside the base price; negative if its instruction did not run.
    pub(crate) charge: i64,
}

/// The offsets of the fields.
pub(crate) mod at {
    use super::{Context, offset_of};

    pub(crate) const HEAP: i32 = offset_of!(Context, heap) as i32;
    pub(crate) const HEAP_LEN: i32 = offset_of!(Context, heap_len) as i32;
    pub(crate) const HEAP_END: i32 = offset_of!(Context, heap_end) as i32;
    pub(crate) const STACK_LIMIT: i32 = offset_of!(Context, stack_limit) as i32;
    pub(crate) const FUEL: i32 = offset_of!(Context, fuel) as i32;
    pub(crate) const EXIT: i32 = offset_of!(Context, exit) as i32;
    pub(crate) const SPILL: i32 = offset_of!(Context, spill) as i32;
    pub(crate) const CLOSURE: i32 = offset_of!(Context, closure) as i32;
    pub(crate) const REGS: i32 = offset_of!(Context, regs) as i32;
    pub(crate) const WINDOW: i32 = offset_of!(Context, window) as i32;
    pub(crate) const CHARGE: i32 = offset_of!(Context, charge) as i32;
}

/// Why native code hands over to the interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The fuel may not last.
    Fuel = 1,
    /// The same where a function begins, which is a safepoint of its own.
    Entry,
    /// An instruction would trap.
    Trap,
    /// There is no room on the heap.
    Heap,
    /// An instruction that is not compiled.
    Instruction,
    /// A function that is not compiled.
    Callee,
    /// The native stack, or the message's own, is used up where a function begins.
    Stack,
    /// A helper could not do its work.
    Helper,
    /// The loop ended at which the code began.
    Loop,
}

impl Reason {
    pub(crate) const ALL: [Reason; 9] = [
        Reason::Fuel,
        Reason::Entry,
        Reason::Trap,
        Reason::Heap,
        Reason::Instruction,
        Reason::Callee,
        Reason::Stack,
        Reason::Helper,
        Reason::Loop,
    ];

    /// Whether a function was about to begin, whose entry is a safepoint.
    pub(crate) fn is_at_entry(exit: u64) -> bool {
        exit == Reason::Entry as u64 || exit == Reason::Stack as u64
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Fuel => "fuel",
            Reason::Entry => "entry",
            Reason::Trap => "trap",
            Reason::Heap => "heap",
            Reason::Instruction => "instruction",
            Reason::Callee => "callee",
            Reason::Stack => "stack",
            Reason::Helper => "helper",
            Reason::Loop => "loop",
        }
    }
}
