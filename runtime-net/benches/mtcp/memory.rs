//! What idle connections keep: the bytes that each end has asked the allocator for, counted.
//!
//! The servers run in a thread of their own, so what is counted in it is theirs. Where a session
//! of TLS alone is counted in the same way, the rest is what M-TCP takes.

#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use mimalloc::MiMalloc;

/// What `smc` has, and a count for each side while memory is measured.
pub(crate) struct Counting;

/// Who allocates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Client = 0,
    Server = 1,
}

static COUNTS: AtomicBool = AtomicBool::new(false);
static KEPT: [AtomicI64; 2] = [AtomicI64::new(0), AtomicI64::new(0)];

thread_local! {
    static HERE: Cell<Side> = const { Cell::new(Side::Client) };
}

/// This thread is the servers'.
pub(crate) fn count_as_server() {
    HERE.set(Side::Server);
}

/// Whether from now on is counted.
pub(crate) fn count(counts: bool) {
    COUNTS.store(counts, Ordering::SeqCst);
}

/// What both sides have taken and not given back, in bytes.
pub(crate) fn kept() -> [i64; 2] {
    [0, 1].map(|side: usize| KEPT[side].load(Ordering::SeqCst))
}

fn note(bytes: i64) {
    if COUNTS.load(Ordering::Relaxed) {
        // While a thread ends it has no side.
        let side = HERE.try_with(Cell::get).unwrap_or(Side::Client);
        KEPT[side as usize].fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: all is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        // SAFETY: what the caller promises.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        // SAFETY: what the caller promises.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(-(layout.size() as i64));
        // SAFETY: what the caller promises.
        unsafe { MiMalloc.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size as i64 - layout.size() as i64);
        // SAFETY: what the caller promises.
        unsafe { MiMalloc.realloc(at, layout, size) }
    }
}
