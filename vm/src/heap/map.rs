//! Maps and sets in insertion order: an array of entries, and an index over it.
//!
//! Entries are numbered in the order of their insertion. An entry that is removed leaves a hole,
//! so the others keep their numbers; holes at the end are dropped at once, and all of them when
//! there are more holes than [`holes_allowed`] or a loop over the map begins. The numbers are
//! therefore a function of the operations alone, and holes are part of a captured state.
//!
//! The index is an open-addressing table with linear probing and deletion by moving back
//! (D. E. Knuth, "The Art of Computer Programming" vol. 3, 6.4, algorithm R). A short map has
//! none. It is never captured: its order depends on the node's own hash seed.
//!
//! Hashes come from [`Heap::hash_key`]; callers reserve [`insert_words`] before they insert.

use crate::heap::key::{Memo, Steps, TooManySteps};
use crate::heap::layout::{
    Addr, COUNT, Class, ENTRY_HASH, ENTRY_KEY, ENTRY_VALUE, Header, Kind, LIVE, MAP_ENTRIES,
    MAP_INDEX, MAP_USED, ONE_CHANGE, ONE_MORE, Ref, entry_words, words_for,
};
use crate::heap::{Heap, Statics};
use crate::index::TypeId;

/// Up to so many entries are searched one after the other.
const UNINDEXED: usize = 8;
/// Capacity of the first array of entries.
const FIRST_ENTRIES: usize = 4;

/// The most holes a map with so many live entries keeps.
pub(crate) fn holes_allowed(live: usize) -> usize {
    live + UNINDEXED
}

/// The words of an entry of a map.
pub(crate) const MAP_STRIDE: usize = entry_words(Some(Kind::Int));

/// What kinds of words a map's entries have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryKinds {
    pub(crate) key: Kind,
    pub(crate) value: Option<Kind>,
}

impl EntryKinds {
    fn words(self) -> usize {
        entry_words(self.value)
    }
}

fn index_slots(entries: usize) -> usize {
    (entries * 2).next_power_of_two()
}

fn index_words(entries: usize) -> usize {
    1 + words_for(index_slots(entries) * 4)
}

/// A place in a map's entries array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry(pub(crate) u32);

impl Heap {
    /// Live entries.
    #[inline]
    pub(crate) fn map_len(&self, map: Ref) -> usize {
        self.word(map.addr().at(COUNT)) as u32 as usize
    }

    /// Entries in use, holes included: numbers below this may be live.
    #[inline]
    pub(crate) fn map_used(&self, map: Ref) -> usize {
        self.word(map.addr().at(MAP_USED)) as usize
    }

    pub(crate) fn map_kinds(&self, statics: &Statics, map: Ref) -> EntryKinds {
        let (key, value) = statics
            .layouts
            .entry(TypeId(self.header(map.addr()).shape()));
        EntryKinds { key, value }
    }

    fn entry_at(&self, map: Ref, kinds: EntryKinds, entry: usize) -> usize {
        let entries = self.ref_at(map.addr().at(MAP_ENTRIES)).addr();
        entries.at(1 + entry * kinds.words())
    }

    /// The position of a live entry's words; `None` for a hole or a number out of range.
    pub(crate) fn map_entry(&self, map: Ref, kinds: EntryKinds, entry: usize) -> Option<usize> {
        if entry >= self.map_used(map) {
            return None;
        }
        let at = self.entry_at(map, kinds, entry);
        (self.word(at + ENTRY_HASH) & LIVE != 0).then_some(at)
    }

    /// The key of a live entry.
    pub(crate) fn map_key(&self, map: Ref, kinds: EntryKinds, entry: usize) -> Option<u64> {
        self.map_entry(map, kinds, entry)
            .map(|at| self.word(at + ENTRY_KEY))
    }

    /// The value of a live entry of a map.
    pub(crate) fn map_value(&self, map: Ref, kinds: EntryKinds, entry: usize) -> Option<u64> {
        kinds.value?;
        let at = self.map_entry(map, kinds, entry)?;
        Some(self.word(at + ENTRY_VALUE))
    }

    fn map_capacity(&self, map: Ref, kinds: EntryKinds) -> usize {
        match self.ref_at(map.addr().at(MAP_ENTRIES)) {
            Ref::NULL => 0,
            entries => self.header(entries.addr()).aux() as usize / kinds.words(),
        }
    }

    fn index_of(&self, map: Ref) -> Option<Addr> {
        let index = self.ref_at(map.addr().at(MAP_INDEX));
        index.is_object().then(|| index.addr())
    }

    /// The slots of an index: 0 for empty, else the number of an entry plus 1, and in the bits that
    /// no number here needs a part of its hash, so that a search looks at few other entries.
    #[inline]
    fn slots(&self, index: Addr) -> &[u32] {
        let words = self.header(index).aux() as usize;
        bytemuck::cast_slice(&self.words[index.at(1)..][..words])
    }

    fn slots_mut(&mut self, index: Addr) -> &mut [u32] {
        bytemuck::cast_slice_mut(self.payload_mut(index))
    }

    /// The entry with this key.
    pub(crate) fn map_find(
        &self,
        statics: &Statics,
        map: Ref,
        hash: u64,
        key: u64,
        steps: &mut Steps,
    ) -> Result<Option<Entry>, TooManySteps> {
        let kinds = self.map_kinds(statics, map);
        let hash = hash | LIVE;
        let mut found = |entry: usize| -> Result<bool, TooManySteps> {
            let at = self.entry_at(map, kinds, entry);
            Ok(self.word(at + ENTRY_HASH) == hash
                && self.same_key(statics, kinds.key, self.word(at + ENTRY_KEY), key, steps)?)
        };
        let Some(index) = self.index_of(map) else {
            for entry in 0..self.map_used(map) {
                if found(entry)? {
                    return Ok(Some(Entry(entry as u32)));
                }
            }
            return Ok(None);
        };
        let slots = self.slots(index);
        let mut at = home(hash, slots.len());
        let tag = tag(hash, slots.len());
        while slots[at] != 0 {
            let entry = entry_of(slots[at], slots.len());
            if slots[at] & !mask(slots.len()) == tag && found(entry as usize)? {
                return Ok(Some(Entry(entry)));
            }
            at = (at + 1) & (slots.len() - 1);
        }
        Ok(None)
    }

    /// The entry with this key, which is no reference, of a map or set with entries of `stride`
    /// words. Within the interpreter's loop it would take registers from everything else.
    #[inline(never)]
    pub(crate) fn map_find_word(&self, map: Ref, key: u64, stride: usize) -> Option<Entry> {
        let hash = self.hash_word(key);
        self.map_find_entry(map, hash, stride, |entry| entry[ENTRY_KEY] == key)
    }

    /// The entry with this text as its key, which has this hash.
    #[inline(never)]
    pub(crate) fn map_find_text(
        &self,
        statics: &Statics,
        map: Ref,
        (text, hash): (&[u8], u64),
        stride: usize,
    ) -> Option<Entry> {
        self.map_find_entry(map, hash, stride, |entry| {
            entry[ENTRY_HASH] == hash | LIVE
                && self.bytes_of(statics, Ref::of_word(entry[ENTRY_KEY])) == text
        })
    }

    /// The entry with this hash, and a key that is the right one. What the index knows is live.
    #[inline(always)]
    fn map_find_entry(
        &self,
        map: Ref,
        hash: u64,
        stride: usize,
        is_right: impl Fn(&[u64]) -> bool,
    ) -> Option<Entry> {
        let entries = self.ref_at(map.addr().at(MAP_ENTRIES)).addr();
        let entries = &self.words[entries.at(1)..];
        let Some(index) = self.index_of(map) else {
            let entries = &entries[..self.map_used(map) * stride];
            return find_among(entries, hash, stride, is_right);
        };
        let slots = self.slots(index);
        let tag = tag(hash, slots.len());
        let mut at = home(hash, slots.len());
        loop {
            match slots[at & (slots.len() - 1)] {
                0 => return None,
                slot if slot & !mask(slots.len()) == tag => {
                    let number = entry_of(slot, slots.len());
                    let entry = &entries[number as usize * stride..][..stride];
                    if is_right(entry) {
                        return Some(Entry(number));
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Replaces the value of an entry, if there is one.
    #[inline]
    pub(crate) fn map_replace(&mut self, map: Ref, entry: Option<Entry>, value: u64) -> bool {
        if let Some(entry) = entry {
            let entries = self.ref_at(map.addr().at(MAP_ENTRIES)).addr();
            let at = entries.at(1 + entry.0 as usize * MAP_STRIDE);
            self.set_word(at + ENTRY_VALUE, value);
        }
        entry.is_some()
    }

    /// The value of a live entry of a map, by a number that may be any.
    #[inline]
    pub(crate) fn map_value_word(&self, map: Ref, entry: u64) -> Option<u64> {
        if entry >= self.map_used(map) as u64 {
            return None;
        }
        let entries = self.ref_at(map.addr().at(MAP_ENTRIES)).addr();
        let at = entries.at(1 + entry as usize * MAP_STRIDE);
        (self.word(at + ENTRY_HASH) != 0).then(|| self.word(at + ENTRY_VALUE))
    }

    /// The most words that one insertion allocates.
    pub(crate) fn insert_words(&self, statics: &Statics, map: Ref) -> usize {
        let kinds = self.map_kinds(statics, map);
        let used = self.map_used(map);
        if used < self.map_capacity(map, kinds) && self.index_holds(map, used + 1) {
            return 0;
        }
        let capacity = (used * 2).max(FIRST_ENTRIES);
        1 + capacity * kinds.words() + index_words(capacity)
    }

    /// Whether the index has a slot to spare for each of so many entries.
    fn index_holds(&self, map: Ref, entries: usize) -> bool {
        match self.index_of(map) {
            None => entries <= UNINDEXED,
            Some(index) => entries * 2 <= self.slots(index).len(),
        }
    }

    /// Inserts a key that is not in the map. Reserve [`Heap::insert_words`].
    pub(crate) fn map_insert_new(
        &mut self,
        statics: &Statics,
        map: Ref,
        hash: u64,
        key: u64,
        value: u64,
    ) {
        let kinds = self.map_kinds(statics, map);
        if self.map_used(map) == self.map_capacity(map, kinds) {
            self.grow_entries(map, kinds);
        }
        self.map_append(map, kinds, hash, key, value);
        self.index_appended(map, kinds);
        self.bump_count(map, ONE_MORE);
    }

    /// Writes an entry behind the last one.
    fn map_append(&mut self, map: Ref, kinds: EntryKinds, hash: u64, key: u64, value: u64) {
        let used = self.map_used(map);
        let at = self.entry_at(map, kinds, used);
        self.set_word(at + ENTRY_HASH, hash | LIVE);
        self.set_word(at + ENTRY_KEY, key);
        if kinds.value.is_some() {
            self.set_word(at + ENTRY_VALUE, value);
        }
        self.set_word(map.addr().at(MAP_USED), used as u64 + 1);
    }

    fn bump_count(&mut self, map: Ref, by: u64) {
        let at = map.addr().at(COUNT);
        self.set_word(at, self.word(at).wrapping_add(by));
    }

    fn grow_entries(&mut self, map: Ref, kinds: EntryKinds) {
        let used = self.map_used(map);
        let capacity = (used * 2).max(FIRST_ENTRIES);
        let old = self.ref_at(map.addr().at(MAP_ENTRIES));
        let new = self.new_entries(map, kinds, capacity);
        if old.is_object() {
            let from = old.addr().at(1);
            self.words
                .copy_within(from..from + used * kinds.words(), new.at(1));
        }
    }

    fn new_entries(&mut self, map: Ref, kinds: EntryKinds, capacity: usize) -> Addr {
        let shape = self.header(map.addr()).shape();
        let words = (capacity * kinds.words()) as u32;
        let new = self.alloc(Header::new(Class::Entries, shape, words));
        self.set_word(map.addr().at(MAP_ENTRIES), Ref::object(new).word());
        new
    }

    /// Puts the last entry into the index, which is made or enlarged if that is due.
    fn index_appended(&mut self, map: Ref, kinds: EntryKinds) {
        let used = self.map_used(map);
        if !self.index_holds(map, used) {
            let slots = index_slots(used.max(UNINDEXED * 2));
            let index = self.alloc(Header::array(Class::Words, words_for(slots * 4)));
            self.set_word(map.addr().at(MAP_INDEX), Ref::object(index).word());
            self.fill_index(map, kinds);
        } else if let Some(index) = self.index_of(map) {
            self.index_entry(map, kinds, index, used - 1);
        }
    }

    fn fill_index(&mut self, map: Ref, kinds: EntryKinds) {
        let Some(index) = self.index_of(map) else {
            return;
        };
        self.slots_mut(index).fill(0);
        for entry in 0..self.map_used(map) {
            if self.map_entry(map, kinds, entry).is_some() {
                self.index_entry(map, kinds, index, entry);
            }
        }
    }

    fn index_entry(&mut self, map: Ref, kinds: EntryKinds, index: Addr, entry: usize) {
        let hash = self.word(self.entry_at(map, kinds, entry) + ENTRY_HASH);
        let slots = self.slots_mut(index);
        let mut at = home(hash, slots.len());
        while slots[at] != 0 {
            at = (at + 1) & (slots.len() - 1);
        }
        slots[at] = tag(hash, slots.len()) | (entry as u32 + 1);
    }

    /// Replaces the value of an entry: no structural change.
    pub(crate) fn map_set_value(&mut self, statics: &Statics, map: Ref, entry: Entry, value: u64) {
        let kinds = self.map_kinds(statics, map);
        let at = self.entry_at(map, kinds, entry.0 as usize);
        self.set_word(at + ENTRY_VALUE, value);
    }

    /// Removes a live entry. Afterwards numbers of other entries may have changed.
    pub(crate) fn map_remove(&mut self, statics: &Statics, map: Ref, entry: Entry) {
        let kinds = self.map_kinds(statics, map);
        self.unindex(map, kinds, entry);
        let at = self.entry_at(map, kinds, entry.0 as usize);
        self.words[at..at + kinds.words()].fill(0);
        self.bump_count(map, ONE_CHANGE.wrapping_sub(1));
        self.drop_last_holes(map, kinds);
        let live = self.map_len(map);
        if self.map_used(map) - live > holes_allowed(live) {
            self.compact(map, kinds);
        }
    }

    fn drop_last_holes(&mut self, map: Ref, kinds: EntryKinds) {
        let mut used = self.map_used(map);
        while used > 0 && self.word(self.entry_at(map, kinds, used - 1) + ENTRY_HASH) == 0 {
            used -= 1;
        }
        self.set_word(map.addr().at(MAP_USED), used as u64);
    }

    /// Takes an entry out of the index, and moves back what was displaced by it.
    fn unindex(&mut self, map: Ref, kinds: EntryKinds, entry: Entry) {
        let Some(index) = self.index_of(map) else {
            return;
        };
        let len = self.slots(index).len();
        let home_of = |heap: &Heap, entry: u32| {
            let at = heap.entry_at(map, kinds, entry as usize);
            home(heap.word(at + ENTRY_HASH), len)
        };
        let mut hole = home_of(self, entry.0);
        while entry_of(self.slots(index)[hole], len) != entry.0 {
            hole = (hole + 1) & (len - 1);
        }
        let mut at = hole;
        loop {
            at = (at + 1) & (len - 1);
            let slot = self.slots(index)[at];
            if slot == 0 {
                break;
            }
            let distance = at.wrapping_sub(home_of(self, entry_of(slot, len))) & (len - 1);
            if distance >= (at.wrapping_sub(hole) & (len - 1)) {
                self.slots_mut(index)[hole] = slot;
                hole = at;
            }
        }
        self.slots_mut(index)[hole] = 0;
    }

    /// Closes all holes, so that the numbers of the entries are 0, 1, 2, ...
    pub(crate) fn map_make_dense(&mut self, statics: &Statics, map: Ref) {
        if self.map_used(map) != self.map_len(map) {
            let kinds = self.map_kinds(statics, map);
            self.compact(map, kinds);
        }
    }

    fn compact(&mut self, map: Ref, kinds: EntryKinds) {
        let mut kept = 0;
        let used = self.map_used(map);
        for entry in 0..used {
            let from = self.entry_at(map, kinds, entry);
            if self.word(from + ENTRY_HASH) != 0 {
                let to = self.entry_at(map, kinds, kept);
                self.words.copy_within(from..from + kinds.words(), to);
                kept += 1;
            }
        }
        let rest = self.entry_at(map, kinds, kept)..self.entry_at(map, kinds, used);
        self.words[rest].fill(0);
        self.set_word(map.addr().at(MAP_USED), kept as u64);
        self.fill_index(map, kinds);
    }

    /// Removes all entries: a structural change unless there were none.
    pub(crate) fn map_clear(&mut self, map: Ref) {
        let count = self.word(map.addr().at(COUNT));
        if count as u32 == 0 {
            return;
        }
        let changes = (count >> 32) as u32;
        self.set_word(
            map.addr().at(COUNT),
            u64::from(changes.wrapping_add(1)) << 32,
        );
        for field in [MAP_ENTRIES, MAP_INDEX, MAP_USED] {
            self.set_word(map.addr().at(field), 0);
        }
    }

    /// The most words that [`Heap::map_restore`] allocates for so many entries, holes included.
    pub(crate) fn restore_words(kinds: EntryKinds, entries: usize) -> usize {
        1 + entries * kinds.words() + index_words(entries.max(UNINDEXED * 2))
    }

    /// Gives an empty map an array for so many entries, all of them holes.
    pub(crate) fn map_reserve(&mut self, statics: &Statics, map: Ref, entries: usize) {
        if entries > 0 {
            let kinds = self.map_kinds(statics, map);
            self.new_entries(map, kinds, entries);
            self.set_word(map.addr().at(MAP_USED), entries as u64);
        }
    }

    /// Fills one hole of a map that is restored; its hash comes later.
    pub(crate) fn map_restore_entry(
        &mut self,
        statics: &Statics,
        map: Ref,
        entry: usize,
        key: u64,
        value: u64,
    ) {
        let kinds = self.map_kinds(statics, map);
        let at = self.entry_at(map, kinds, entry);
        self.set_word(at + ENTRY_HASH, LIVE);
        self.set_word(at + ENTRY_KEY, key);
        if kinds.value.is_some() {
            self.set_word(at + ENTRY_VALUE, value);
        }
        self.bump_count(map, 1);
    }

    /// Hashes and indexes the entries of a restored map, of which there are `entries`, holes
    /// included. Answers whether all keys are different.
    pub(crate) fn map_finish(
        &mut self,
        statics: &Statics,
        map: Ref,
        entries: usize,
        steps: &mut Steps,
        memo: &mut impl Memo,
    ) -> Result<bool, TooManySteps> {
        let kinds = self.map_kinds(statics, map);
        for entry in 0..entries {
            if let Some(at) = self.map_entry(map, kinds, entry) {
                let key = self.word(at + ENTRY_KEY);
                let hash = self.hash_key(statics, kinds.key, key, steps, memo)?;
                self.set_word(at + ENTRY_HASH, hash | LIVE);
            }
        }
        if entries > UNINDEXED {
            let slots = index_slots(entries.max(UNINDEXED * 2));
            let index = self.alloc(Header::array(Class::Words, words_for(slots * 4)));
            self.set_word(map.addr().at(MAP_INDEX), Ref::object(index).word());
            self.fill_index(map, kinds);
        }
        self.map_keys_differ(statics, map, steps)
    }

    /// Whether each key is found where it is, and not at an equal one before it.
    fn map_keys_differ(
        &self,
        statics: &Statics,
        map: Ref,
        steps: &mut Steps,
    ) -> Result<bool, TooManySteps> {
        let kinds = self.map_kinds(statics, map);
        for entry in 0..self.map_used(map) {
            if let Some(at) = self.map_entry(map, kinds, entry) {
                let (hash, key) = (self.word(at + ENTRY_HASH), self.word(at + ENTRY_KEY));
                let found = self.map_find(statics, map, hash, key, steps)?;
                if found != Some(Entry(entry as u32)) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// The entry with this hash of a few that have no index.
#[inline(never)]
fn find_among(
    entries: &[u64],
    hash: u64,
    stride: usize,
    is_right: impl Fn(&[u64]) -> bool,
) -> Option<Entry> {
    let mut entries = entries.chunks_exact(stride);
    let found = entries.position(|entry| entry[ENTRY_HASH] == hash | LIVE && is_right(entry))?;
    Some(Entry(found as u32))
}

/// The slot where the search for a hash begins; `slots` is a power of two.
#[inline]
fn home(hash: u64, slots: usize) -> usize {
    (hash >> 16) as usize & (slots - 1)
}

/// The bits of a slot that the number of an entry can have: there are fewer entries than slots.
#[inline]
fn mask(slots: usize) -> u32 {
    (slots - 1) as u32
}

/// The part of a hash in a slot; none of its bits has a part in [`home`] of a large index.
#[inline]
fn tag(hash: u64, slots: usize) -> u32 {
    ((hash | LIVE) >> 32) as u32 & !mask(slots)
}

/// The number of the entry in a slot that is not empty.
#[inline]
fn entry_of(slot: u32, slots: usize) -> u32 {
    (slot & mask(slots)).wrapping_sub(1)
}
