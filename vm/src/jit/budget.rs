//! What compilations may take: the memory of all programs of a JIT together, and the work that
//! each of them has paid for with its fuel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a mapping takes at least. Systems on aarch64 have pages of 4 to 64 KiB.
const PAGE: usize = if cfg!(target_arch = "aarch64") {
    16 << 10
} else {
    4 << 10
};

/// A program has at most this part of what the others leave, so there is always room for the next.
const PART: usize = 8;

/// Fuel that was used in native code pays for so much less than that of the interpreter, which
/// takes so much longer for it.
const NATIVE_DISCOUNT: u64 = 5;

/// The memory for native code of all programs of a JIT.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

/// Memory that is taken, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Budget {
        Budget {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes the pages of a mapping for a program that has `own` bytes already, and what is kept
    /// beside it; `None` if that is too much.
    pub(super) fn take(self: &Arc<Self>, own: usize, code: usize, beside: usize) -> Option<Share> {
        let bytes = code.next_multiple_of(PAGE) + beside;
        let order = Ordering::Relaxed;
        let more = |used: usize| {
            let left = self.limit.saturating_sub(used.saturating_sub(own));
            (own + bytes <= left / PART).then_some(used + bytes)
        };
        let taken = self.used.fetch_update(order, order, more);
        taken.ok().map(|_| Share {
            budget: self.clone(),
            bytes,
        })
    }
}

impl Share {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What the machines of a program have paid for compilations, and what these have taken.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// All fuel that they have used.
    fuel: AtomicU64,
    /// That part of it that native code has used.
    native: AtomicU64,
    /// Units of work: instructions of Cranelift's.
    work: AtomicU64,
}

impl Account {
    pub(super) fn add(&self, fuel: u64, native: u64) {
        self.fuel.fetch_add(fuel, Ordering::Relaxed);
        if native > 0 {
            self.native.fetch_add(native, Ordering::Relaxed);
        }
    }

    pub(super) fn fuel(&self) -> u64 {
        self.fuel.load(Ordering::Relaxed)
    }

    /// Whether so much more work is paid for, at so much fuel for each unit.
    pub(super) fn pays(&self, work: u64, price: u64) -> bool {
        let native = self.native.load(Ordering::Relaxed);
        let fuel = self
            .fuel()
            .saturating_sub(native - native / NATIVE_DISCOUNT);
        let work = self.work.load(Ordering::Relaxed).saturating_add(work);
        fuel >= work.saturating_mul(price)
    }

    pub(super) fn charge(&self, work: u64) {
        self.work.fetch_add(work, Ordering::Relaxed);
    }

    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }
}
