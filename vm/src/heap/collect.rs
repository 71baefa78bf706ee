//! Precise copying collection (C. J. Cheney, "A nonrecursive list compacting algorithm", 1970).
//!
//! The copied space is its own work list: the objects in it that were not scanned yet.

use crate::heap::layout::{Addr, Class, FIELDS, Header, Layouts, MAX_WORDS, Ref};
use crate::heap::{FIRST_WORDS, Heap, HeapFull};
use crate::index::TypeId;

/// Between two collections a heap may grow over its quota by one in so many parts. Else a message
/// that lives close to its quota would collect at each allocation, for the price of none.
pub(super) const SLACK: usize = 4;

/// From this size on a heap gets room for twice what is in it, below for as much again: most
/// of the price of a large heap is to copy what lives long, and small heaps are many.
pub(super) const LARGE_WORDS: usize = 8 << 10;

/// How many times its limit the memory of a heap may be before some is given back.
pub(super) const ROOMY: usize = 4;

impl Heap {
    /// Keeps what the roots reach, and makes room for `need` more words.
    ///
    /// `each_root` calls its argument with every register that holds a live reference.
    pub(crate) fn collect(
        &mut self,
        layouts: &Layouts,
        need: usize,
        each_root: impl FnOnce(&mut dyn FnMut(&mut u64)),
    ) -> Result<(), HeapFull> {
        let mut copy = Copy {
            to: self.other_half(),
            from: std::mem::take(&mut self.words),
            first: self.first as u32,
        };
        copy.to.extend_from_slice(layouts.first());
        each_root(&mut |root| *root = copy.moved(*root));
        copy.scan(layouts);
        self.words = copy.to;
        self.spare = copy.from;
        self.resize(need)
    }

    /// Empty memory that everything fits into.
    fn other_half(&mut self) -> Vec<u64> {
        let size = self.words.len();
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        if spare.capacity() >= size {
            return spare;
        }
        // Given back first, and not grown: that would copy it.
        drop(spare);
        match size {
            ..LARGE_WORDS => Vec::with_capacity(size),
            // What is not used of it costs nothing, and it is not moved again when all was live.
            _ => Vec::with_capacity((3 * size).min(self.most()).max(size)),
        }
    }

    /// Sets the size at which the next collection is due.
    fn resize(&mut self, need: usize) -> Result<(), HeapFull> {
        let live = self.words.len();
        let wanted = live.saturating_add(need);
        if wanted > self.quota {
            return Err(HeapFull);
        }
        let most = self.most();
        self.limit = self.due(wanted);
        // Both halves are kept while they are not much too large: fresh memory has to be cleared.
        if self.words.capacity() > self.limit * ROOMY {
            self.words.shrink_to(self.limit);
        }
        // With room for a limit that is a little larger the next time.
        if self.words.capacity() < self.limit {
            let ahead = (self.limit + self.limit / 2).min(most);
            self.words.reserve_exact(ahead - live);
        }
        self.spare.clear();
        if self.spare.capacity() > self.limit * ROOMY {
            self.spare = Vec::new();
        }
        Ok(())
    }

    /// Lets the heap be as large as it may have been where its state comes from: a collection may
    /// have been put off when the stack had so many words.
    pub(crate) fn admit_grown(&mut self, stack: usize) {
        let most = self.most().max(FIRST_WORDS);
        self.limit = most.saturating_add(stack).min(MAX_WORDS - 1);
    }

    /// Takes all that is there for live: it was read, not left by a program.
    pub(crate) fn take_as_live(&mut self) {
        self.limit = self.due(self.words.len());
    }

    /// The size at which to collect a heap of so many words: those that are live, and those that
    /// are asked for, which are taken for live, or what asks for as many next would collect again.
    fn due(&self, wanted: usize) -> usize {
        let due = match wanted {
            ..LARGE_WORDS => wanted.saturating_mul(2),
            _ => wanted.saturating_mul(3),
        };
        due.max(FIRST_WORDS).min(self.most())
    }

    /// The size that the heap never grows over.
    fn most(&self) -> usize {
        self.quota + self.quota / SLACK
    }

    /// Puts off the next collection until so many words were allocated: to walk over its roots
    /// costs that much.
    pub(crate) fn put_off_collection(&mut self, words: usize) {
        let limit = self.words.len().saturating_add(words).min(MAX_WORDS - 1);
        self.limit = self.limit.max(limit);
    }
}

/// The most words of a record that is copied without a call.
const SHORT: usize = 4;

struct Copy {
    from: Vec<u64>,
    to: Vec<u64>,
    /// The first address of what moves.
    first: u32,
}

impl Copy {
    /// Where an object is now; it is copied when it is seen for the first time.
    #[inline(always)]
    fn moved(&mut self, word: u64) -> u64 {
        let reference = Ref::of_word(word);
        if !reference.is_object_from(self.first) {
            return word;
        }
        let old = reference.addr();
        let header = Header(self.from[old.at(0)]);
        if header.is_forward() {
            return Ref::object(Addr(header.aux())).word();
        }
        let new = Addr(self.to.len() as u32);
        self.copy(old, header);
        self.from[old.at(0)] = Header::new(Class::Forward, 0, new.0).0;
        Ref::object(new).word()
    }

    /// Copies an object. Most are small records: those are moved word by word, without a call.
    #[inline(always)]
    fn copy(&mut self, old: Addr, header: Header) {
        let from = &self.from[old.at(0)..];
        let has_room = self.to.capacity() - self.to.len() >= SHORT;
        match header.words_of_record() {
            Some(1) if has_room => self.to.extend_from_slice(&from[..1]),
            Some(2) if has_room => self.to.extend_from_slice(&from[..2]),
            Some(3) if has_room => self.to.extend_from_slice(&from[..3]),
            Some(SHORT) if has_room => self.to.extend_from_slice(&from[..SHORT]),
            _ => self.copy_long(old, header),
        }
    }

    #[inline(never)]
    fn copy_long(&mut self, old: Addr, header: Header) {
        let from = &self.from[old.at(0)..old.at(header.words())];
        self.to.extend_from_slice(from);
    }

    fn scan(&mut self, layouts: &Layouts) {
        // Records of one kind often follow each other.
        let (mut kind, mut refs) = (Header(0), &[][..]);
        let mut next = Addr(self.first);
        while let Some(header) = self.to.get(next.at(0)) {
            let header = Header(*header);
            let Some(words) = header.words_of_record() else {
                next = self.scan_other(layouts, header, next);
                continue;
            };
            if words > 1 && header != kind {
                kind = header;
                refs = layouts.record_refs(TypeId(header.shape()), header.variant());
            }
            if words > 1 {
                for slot in refs {
                    let at = next.at(FIELDS + usize::from(*slot));
                    self.to[at] = self.moved(self.to[at]);
                }
            }
            next = Addr(next.0 + words as u32);
        }
    }

    /// Scans what is no record. Gives the next object.
    #[inline(never)]
    fn scan_other(&mut self, layouts: &Layouts, header: Header, addr: Addr) -> Addr {
        layouts.ref_words(header, addr, |at| self.to[at] = self.moved(self.to[at]));
        Addr(addr.0 + header.words() as u32)
    }
}
