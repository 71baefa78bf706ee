//! The queue of what is to happen: a hierarchical timing wheel.
//!
//! Level 0 has a slot for each of the next 64 nanoseconds, level 1 one for each 64 of those, and so
//! on: eleven levels of 64 slots span the whole clock. An entry lies at the level of the highest
//! group of six bits in which its time differs from the wheel's own, and moves down a level when
//! the wheel's time enters its slot. So adding and taking cost a few steps however many entries
//! wait (Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987).
//!
//! Entries of the same time come out in the order in which they went in: they are always in the
//! same slot, a slot is a queue, and moving down keeps its order.

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(SLOT_BITS) as usize;
const NONE: u32 = u32::MAX;

/// What is to happen, by time.
#[derive(Debug, Clone)]
pub struct Wheel<T> {
    /// No entry is earlier.
    now: u64,
    levels: Vec<Level>,
    entries: Vec<Entry<T>>,
    /// The head of the list of unused entries.
    free: u32,
    length: usize,
}

#[derive(Debug, Clone)]
struct Level {
    /// One bit for each slot that is not empty.
    occupied: u64,
    slots: [Slot; SLOTS],
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    at: u64,
    next: u32,
    value: Option<T>,
}

const EMPTY: Slot = Slot {
    first: NONE,
    last: NONE,
};

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        let level = Level {
            occupied: 0,
            slots: [EMPTY; SLOTS],
        };
        Self {
            now: 0,
            levels: vec![level; LEVELS],
            entries: Vec::new(),
            free: NONE,
            length: 0,
        }
    }
}

impl<T> Wheel<T> {
    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an entry. A time that has passed already is taken as now.
    pub fn push(&mut self, at: u64, value: T) {
        let at = at.max(self.now);
        let index = self.allocate(Entry {
            at,
            next: NONE,
            value: Some(value),
        });
        self.length += 1;
        self.link(index);
    }

    /// Takes the first entry that is not later than `limit`. Where there is none, the time has come
    /// to `limit`: what is pushed for an earlier time may be taken as later than it was.
    pub fn pop(&mut self, limit: u64) -> Option<(u64, T)> {
        loop {
            let level = self.levels.iter().position(|level| level.occupied != 0)?;
            let slot = self.levels[level].occupied.trailing_zeros() as usize;
            let start = self.start(level, slot);
            if start > limit {
                return None;
            }
            self.now = start;
            if level == 0 {
                return Some(self.take_first(slot));
            }
            self.move_down(level, slot);
        }
    }

    /// The time at which a slot begins; its level shares all higher bits with the present time.
    fn start(&self, level: usize, slot: usize) -> u64 {
        let shift = level as u32 * SLOT_BITS;
        let above = self.now.checked_shr(shift + SLOT_BITS).unwrap_or(0);
        (above.checked_shl(SLOT_BITS).unwrap_or(0) | slot as u64) << shift
    }

    fn take_first(&mut self, slot: usize) -> (u64, T) {
        let index = self.levels[0].slots[slot].first;
        let entry = &mut self.entries[index as usize];
        let (at, next) = (entry.at, entry.next);
        let value = entry.value.take().expect("an entry in a slot has a value");
        entry.next = self.free;
        self.free = index;
        self.length -= 1;
        self.levels[0].slots[slot].first = next;
        if next == NONE {
            self.clear(0, slot);
        }
        (at, value)
    }

    fn move_down(&mut self, level: usize, slot: usize) {
        let mut index = self.levels[level].slots[slot].first;
        self.clear(level, slot);
        while index != NONE {
            let next = std::mem::replace(&mut self.entries[index as usize].next, NONE);
            self.link(index);
            index = next;
        }
    }

    fn clear(&mut self, level: usize, slot: usize) {
        self.levels[level].slots[slot] = EMPTY;
        self.levels[level].occupied &= !(1 << slot);
    }

    fn link(&mut self, index: u32) {
        let at = self.entries[index as usize].at;
        let differs = at ^ self.now;
        let level = (u64::BITS - 1 - (differs | 1).leading_zeros()) / SLOT_BITS;
        let slot = (at >> (level * SLOT_BITS)) as usize % SLOTS;
        let level = &mut self.levels[level as usize];
        level.occupied |= 1 << slot;
        let slot = &mut level.slots[slot];
        let last = std::mem::replace(&mut slot.last, index);
        match last {
            NONE => slot.first = index,
            last => self.entries[last as usize].next = index,
        }
    }

    fn allocate(&mut self, entry: Entry<T>) -> u32 {
        if self.free == NONE {
            let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 entries wait");
            self.entries.push(entry);
            return index;
        }
        let index = self.free;
        let place = &mut self.entries[index as usize];
        self.free = place.next;
        *place = entry;
        index
    }
}

#[cfg(test)]
mod tests;
