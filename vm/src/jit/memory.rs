//! Memory with native code in it, and the one place where it is called.
//!
//! **Invariant:** an [`Entry`] is made by the compiler alone, of a trampoline and of code that
//! expects it; the mappings of both live as long as the state that holds them.

#![expect(unsafe_code, reason = "native code is called here")]

use std::io;

use memmap2::{Mmap, MmapMut};
use wasmtime_internal_jit_icache_coherence as coherence;

use super::budget::Share;
use super::context::Context;
use crate::op::R;

/// What is compiled together: written once, then executable and no longer writable.
#[derive(Debug)]
pub(crate) struct CodeMemory {
    map: Mmap,
    share: Share,
}

impl CodeMemory {
    pub(super) fn new(code: &[u8], share: Share) -> io::Result<CodeMemory> {
        let mut map = MmapMut::map_anon(code.len())?;
        map[..code.len()].copy_from_slice(code);
        let map = map.make_exec()?;
        // SAFETY: the range is that of the mapping.
        unsafe { coherence::clear_cache(map.as_ptr().cast(), map.len()) }
            .and_then(|()| coherence::pipeline_flush_mt())
            .map_err(io::Error::other)?;
        Ok(CodeMemory { map, share })
    }

    /// Where the code begins that is so far behind the first.
    pub(super) fn address(&self, offset: usize) -> CodeAddress {
        debug_assert!(offset < self.map.len());
        CodeAddress(self.map.as_ptr() as usize + offset)
    }

    /// What it takes of the memory for native code.
    pub(super) fn bytes(&self) -> usize {
        self.share.bytes()
    }
}

/// Where a function's code begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CodeAddress(pub(crate) usize);

/// How native code is entered from the interpreter.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Takes the context, the fuel, the code and the registers of the frame; gives the fuel.
    pub(crate) trampoline: CodeAddress,
    pub(crate) code: CodeAddress,
    /// The slots of the function's result, which come into the first registers.
    pub(crate) results: usize,
    /// What registers of the frame hold in every state that the program itself can come to. A state
    /// from elsewhere where they do not is the interpreter's.
    pub(crate) constants: Constants,
}

/// Registers, and the words that they hold.
pub(crate) type Constants = Box<[(R, u64)]>;

type Trampoline = unsafe extern "C" fn(*mut Context, i64, usize, *mut u64) -> i64;

impl Entry {
    /// Runs it until it returns or comes to an exit.
    ///
    /// # Safety
    /// The invariants of [`super::context`] hold, and the frame's live registers are what the
    /// entry expects.
    pub(crate) unsafe fn call(&self, context: *mut Context, fuel: i64, regs: *mut u64) -> i64 {
        // SAFETY: the address is that of a trampoline, whose type this is.
        let trampoline: Trampoline = unsafe { std::mem::transmute(self.trampoline.0) };
        // SAFETY: as the caller says.
        unsafe { trampoline(context, fuel, self.code.0, regs) }
    }
}
