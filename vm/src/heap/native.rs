//! The heap as native code sees it.

#![expect(unsafe_code, reason = "native code allocates by itself")]

use crate::heap::Heap;
use crate::limits::Collection;

/// The array of a heap, the words in use, and how many may be.
pub(crate) struct NativeHeap {
    pub(crate) words: *mut u64,
    pub(crate) len: usize,
    pub(crate) end: usize,
}

impl Heap {
    /// Makes the array as large as the heap may get before a collection, so that it does not move
    /// until then.
    pub(crate) fn native(&mut self) -> NativeHeap {
        let end = match self.collection {
            Collection::WhenFull => self.limit,
            Collection::Always => 0,
        };
        if let Some(more) = end.checked_sub(self.words.len()) {
            self.words.reserve_exact(more);
        }
        NativeHeap {
            words: self.words.as_mut_ptr(),
            len: self.words.len(),
            end,
        }
    }

    /// Takes in what native code has allocated.
    ///
    /// # Safety
    /// The array has room for so many words, and they are initialised.
    pub(crate) unsafe fn set_native_len(&mut self, len: usize) {
        debug_assert!(len <= self.words.capacity());
        // SAFETY: as the caller says.
        unsafe { self.words.set_len(len) };
    }

    /// Where the array begins.
    pub(crate) fn native_words(&self) -> *const u64 {
        self.words.as_ptr()
    }
}
