//! Growable lists: flat words for `Int`, `Float` and small enums, one byte for each `Bool`.
//!
//! A list is an object of fixed size with an array behind it, so it keeps its identity as it
//! grows. Unused elements of an array are zero. The array of a list that is the newest thing on
//! the heap grows in place.
//!
//! Callers check bounds, and reserve [`grown_words`] before anything that adds elements.

use std::ops::Range;

use crate::heap::Heap;
use crate::heap::layout::{
    Addr, COUNT, Class, Header, Kind, LIST_DATA, ONE_CHANGE, ONE_MORE, Ref, words_for,
};
use crate::index::TypeId;

/// The capacity of the first array of a list.
const FIRST_ELEMENTS: usize = 4;
/// Lists below this length double.
const SHORT: usize = 1024;

/// The words of an array of so many elements, its header included.
pub(crate) fn array_words(kind: Kind, count: usize) -> usize {
    1 + match kind {
        Kind::Bool => words_for(count),
        _ => count,
    }
}

/// The most words that adding `more` elements can allocate.
pub(crate) fn grown_words(kind: Kind, len: usize, more: usize) -> usize {
    array_words(kind, grown(len, more))
}

/// Twice as many for short lists, half as many again for long ones: a list is copied rarely, and
/// most of a heap's quota can be used.
fn grown(len: usize, more: usize) -> usize {
    let ahead = if len < SHORT { len } else { len / 2 };
    (len + more).max(len + ahead).max(FIRST_ELEMENTS)
}

/// The header of an array, rounded up to whole words so that a byte array can use its padding.
fn array_header(kind: Kind, capacity: usize) -> Header {
    match kind {
        Kind::Bool => Header::array(Class::Bytes, words_for(capacity) * 8),
        _ => Header::array(kind.array_class(), capacity),
    }
}

impl Heap {
    #[inline]
    pub(crate) fn list_len(&self, list: Ref) -> usize {
        self.word(list.addr().at(COUNT)) as u32 as usize
    }

    /// The number of structural changes so far, modulo 2^32.
    #[inline]
    pub(crate) fn changes(&self, collection: Ref) -> u64 {
        self.word(collection.addr().at(COUNT)) >> 32
    }

    /// A list with room for so many elements, and none yet.
    pub(crate) fn new_list(&mut self, ty: TypeId, kind: Kind, capacity: usize) -> Ref {
        let list = self.alloc(Header::new(Class::List, ty.0, 0));
        if capacity > 0 {
            let array = self.new_array(kind, capacity);
            self.set_word(list.at(LIST_DATA), Ref::object(array).word());
        }
        Ref::object(list)
    }

    fn new_array(&mut self, kind: Kind, capacity: usize) -> Addr {
        self.alloc(array_header(kind, capacity))
    }

    #[inline]
    fn data(&self, list: Ref) -> Addr {
        self.ref_at(list.addr().at(LIST_DATA)).addr()
    }

    fn capacity(&self, list: Ref) -> usize {
        match self.ref_at(list.addr().at(LIST_DATA)) {
            Ref::NULL => 0,
            array => self.header(array.addr()).aux() as usize,
        }
    }

    /// The element at `index`, which is below the length, of a list whose elements are words.
    #[inline]
    pub(crate) fn list_word(&self, list: Ref, index: usize) -> u64 {
        self.word(self.data(list).at(1 + index))
    }

    /// The element at `index`, which is below the length, of a list of `Bool`.
    #[inline]
    pub(crate) fn list_byte(&self, list: Ref, index: usize) -> u64 {
        u64::from(self.byte_view(self.data(list))[index])
    }

    /// The position of an element of a list of words.
    pub(crate) fn list_word_at(&self, list: Ref, index: usize) -> usize {
        self.data(list).at(1 + index)
    }

    #[inline]
    pub(crate) fn list_set_word(&mut self, list: Ref, index: usize, word: u64) {
        self.set_word(self.data(list).at(1 + index), word);
    }

    pub(crate) fn list_set_byte(&mut self, list: Ref, index: usize, byte: u64) {
        let array = self.data(list);
        self.byte_view_mut(array)[index] = byte as u8;
    }

    pub(crate) fn list_get(&self, kind: Kind, list: Ref, index: usize) -> u64 {
        match kind {
            Kind::Bool => self.list_byte(list, index),
            _ => self.list_word(list, index),
        }
    }

    pub(crate) fn list_set(&mut self, kind: Kind, list: Ref, index: usize, word: u64) {
        match kind {
            Kind::Bool => self.list_set_byte(list, index, word),
            _ => self.list_set_word(list, index, word),
        }
    }

    /// Whether `more` elements fit without allocating.
    #[inline]
    pub(crate) fn list_fits(&self, list: Ref, more: usize) -> bool {
        self.list_len(list) + more <= self.capacity(list)
    }

    /// Makes the array large enough for `more` elements.
    fn list_make_room(&mut self, kind: Kind, list: Ref, more: usize) {
        if self.list_fits(list, more) {
            return;
        }
        let len = self.list_len(list);
        let capacity = grown(len, more);
        if self.extend_newest(kind, list, capacity) {
            return;
        }
        let new = self.new_array(kind, capacity);
        if len > 0 {
            let old = self.data(list);
            let from = old.at(1)..old.at(array_words(kind, len));
            self.words.copy_within(from, new.at(1));
        }
        self.set_word(list.addr().at(LIST_DATA), Ref::object(new).word());
    }

    /// Enlarges the array in place if nothing lies behind it.
    fn extend_newest(&mut self, kind: Kind, list: Ref, capacity: usize) -> bool {
        let reference = self.ref_at(list.addr().at(LIST_DATA));
        if !reference.is_object() {
            return false;
        }
        let array = reference.addr();
        if array.at(self.header(array).words()) != self.size() {
            return false;
        }
        let header = array_header(kind, capacity);
        self.words.resize(array.at(header.words()), 0);
        self.set_word(array.at(0), header.0);
        true
    }

    /// Changes length and change counter; the counter wraps.
    #[inline]
    fn list_bump(&mut self, list: Ref, by: u64) {
        let at = list.addr().at(COUNT);
        self.set_word(at, self.word(at).wrapping_add(by));
    }

    /// Sets the length, and counts one structural change.
    fn list_resize(&mut self, list: Ref, len: usize) {
        let changes = self.changes(list).wrapping_add(1);
        self.set_word(list.addr().at(COUNT), changes << 32 | len as u64);
    }

    /// Appends one element. Reserve [`grown_words`].
    #[inline]
    pub(crate) fn list_push(&mut self, kind: Kind, list: Ref, word: u64) {
        self.list_make_room(kind, list, 1);
        let len = self.list_len(list);
        self.list_set(kind, list, len, word);
        self.list_bump(list, ONE_MORE);
    }

    /// Appends to a list of words if its array has room.
    #[inline]
    pub(crate) fn list_try_push(&mut self, list: Ref, word: u64) -> bool {
        let (len, array) = (self.list_len(list), self.data(list));
        // The array of an empty list is null, and word 0 of a heap is the header of nothing.
        let fits = len < self.header(array).aux() as usize;
        if fits {
            self.set_word(array.at(1 + len), word);
            self.list_bump(list, ONE_MORE);
        }
        fits
    }

    /// Fills a new list; its array has room for the words.
    pub(crate) fn list_fill(&mut self, kind: Kind, list: Ref, words: &[u64]) {
        for (index, &word) in words.iter().enumerate() {
            self.list_set(kind, list, index, word);
        }
        self.set_word(list.addr().at(COUNT), words.len() as u64);
    }

    /// Removes the last element of a list that is not empty.
    pub(crate) fn list_pop(&mut self, kind: Kind, list: Ref) -> u64 {
        let last = self.list_len(list) - 1;
        let word = self.list_get(kind, list, last);
        self.list_set(kind, list, last, 0);
        self.list_resize(list, last);
        word
    }

    /// Inserts before the element at `index`, at most the length. Reserve [`grown_words`].
    pub(crate) fn list_insert(&mut self, kind: Kind, list: Ref, index: usize, word: u64) {
        self.list_make_room(kind, list, 1);
        let len = self.list_len(list);
        self.list_shift(kind, list, index..len, index + 1);
        self.list_set(kind, list, index, word);
        self.list_resize(list, len + 1);
    }

    /// Removes the element at `index`, below the length.
    pub(crate) fn list_remove(&mut self, kind: Kind, list: Ref, index: usize) -> u64 {
        let word = self.list_get(kind, list, index);
        let len = self.list_len(list);
        self.list_shift(kind, list, index + 1..len, index);
        self.list_set(kind, list, len - 1, 0);
        self.list_resize(list, len - 1);
        word
    }

    fn list_shift(&mut self, kind: Kind, list: Ref, from: Range<usize>, to: usize) {
        let array = self.data(list);
        match kind {
            Kind::Bool => self.byte_view_mut(array).copy_within(from, to),
            _ => self.payload_mut(array).copy_within(from, to),
        }
    }

    /// Drops all elements from `len` on; `len` is at most the length.
    pub(crate) fn list_truncate(&mut self, kind: Kind, list: Ref, len: usize) {
        let old = self.list_len(list);
        if len < old {
            let array = self.data(list);
            match kind {
                Kind::Bool => self.byte_view_mut(array)[len..old].fill(0),
                _ => self.payload_mut(array)[len..old].fill(0),
            }
            self.list_resize(list, len);
        }
    }

    /// Fills a new list, which has room for it, with a part of another one.
    pub(crate) fn list_copy(&mut self, kind: Kind, new: Ref, other: Ref, part: Range<usize>) {
        let len = part.len();
        self.list_extend(kind, new, other, part);
        self.set_word(new.addr().at(COUNT), len as u64);
    }

    /// Appends a part of a list to another, which may be the same one. Reserve [`grown_words`].
    /// An empty part is no change.
    pub(crate) fn list_extend(&mut self, kind: Kind, list: Ref, other: Ref, part: Range<usize>) {
        if part.is_empty() {
            return;
        }
        self.list_make_room(kind, list, part.len());
        let len = self.list_len(list);
        let added = part.len();
        match kind {
            Kind::Bool => {
                for (index, source) in part.enumerate() {
                    let byte = self.list_byte(other, source);
                    self.list_set_byte(list, len + index, byte);
                }
            }
            _ => {
                let from = self.data(other).at(1);
                let to = self.data(list).at(1 + len);
                self.words
                    .copy_within(from + part.start..from + part.end, to);
            }
        }
        self.list_resize(list, len + added);
    }

    /// A new list of `count` equal elements. Reserve [`Heap::list_words`].
    pub(crate) fn list_of(&mut self, ty: TypeId, kind: Kind, count: usize, word: u64) -> Ref {
        let list = self.new_list(ty, kind, count);
        if count > 0 {
            let array = self.data(list);
            match kind {
                Kind::Bool => self.byte_view_mut(array)[..count].fill(word as u8),
                _ => self.payload_mut(array)[..count].fill(word),
            }
            self.set_word(list.addr().at(COUNT), count as u64);
        }
        list
    }

    /// A new list of words from their little-endian bytes. Reserve [`Heap::list_words`].
    pub(crate) fn list_of_words(&mut self, ty: TypeId, kind: Kind, block: &[u8]) -> Ref {
        let list = self.new_list(ty, kind, 0);
        let elements = block.as_chunks().0;
        if !elements.is_empty() {
            let array = Addr(self.words.len() as u32);
            self.words.push(array_header(kind, elements.len()).0);
            let words = elements.iter().map(|bytes| u64::from_le_bytes(*bytes));
            self.words.extend(words);
            self.set_word(list.addr().at(LIST_DATA), Ref::object(array).word());
            self.set_word(list.addr().at(COUNT), elements.len() as u64);
        }
        list
    }

    /// Turns the order round: a structural change, since a loop would see elements twice.
    pub(crate) fn list_reverse(&mut self, kind: Kind, list: Ref) {
        let len = self.list_len(list);
        if len > 1 {
            let array = self.data(list);
            match kind {
                Kind::Bool => self.byte_view_mut(array)[..len].reverse(),
                _ => self.payload_mut(array)[..len].reverse(),
            }
            self.list_bump(list, ONE_CHANGE);
        }
    }

    /// The elements of a list of words.
    pub(crate) fn list_elements(&self, list: Ref) -> &[u64] {
        match self.list_len(list) {
            0 => &[],
            len => &self.payload(self.data(list))[..len],
        }
    }

    /// The elements of a list of `Bool`, one byte each.
    pub(crate) fn list_bytes(&self, list: Ref) -> &[u8] {
        match self.list_len(list) {
            0 => &[],
            len => &self.byte_view(self.data(list))[..len],
        }
    }

    /// Reads the elements of a list of `Bool`, which has the block's length.
    pub(crate) fn read_bytes(&mut self, list: Ref, block: &[u8]) {
        if self.list_len(list) > 0 {
            let array = self.data(list);
            self.byte_view_mut(array)[..block.len()].copy_from_slice(block);
        }
    }

    /// Sets the change counter of a list or map that is restored.
    pub(crate) fn set_changes(&mut self, collection: Ref, changes: u32) {
        let at = collection.addr().at(COUNT);
        let count = self.word(at) as u32;
        self.set_word(at, u64::from(changes) << 32 | u64::from(count));
    }
}
