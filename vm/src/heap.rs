//! The heap of one message: bump allocation in one array of words, collected by copying.
//!
//! Nothing in it is a pointer, so it can be moved, grown and written out as a whole. Room is made
//! only by [`Heap::collect`], which is called at safepoints; an allocation itself never fails.

pub(crate) mod collect;
pub(crate) mod key;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod map;
#[cfg(all(
    feature = "jit",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(crate) mod native;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::heap::layout::{
    Addr, Class, FIELDS, Header, Kind, LIST_WORDS, Layouts, MAP_WORDS, MAX_WORDS, PLACE_TAGS,
    PLACE_WANTED, Ref, Target, words_for,
};
use crate::index::{ConstId, TagId, TypeId};
use crate::limits::{Collection, Limits};

/// The words a heap gets before its first collection: most messages never need more.
const FIRST_WORDS: usize = 256;

/// The part of a program that its heaps refer to.
#[derive(Clone, Debug)]
pub(crate) struct Statics {
    pub(crate) layouts: Layouts,
    /// Text and bytes by [`ConstId`].
    pub(crate) texts: Vec<Box<[u8]>>,
    /// For each [`TagId`] the first one with the same identity: a tag can be declared twice, with
    /// different defaults.
    pub(crate) tag_identity: Vec<TagId>,
}

impl Statics {
    pub(crate) fn text(&self, id: ConstId) -> &[u8] {
        &self.texts[id.index()]
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Heap {
    words: Vec<u64>,
    /// The memory of the other half, kept for the next collection.
    spare: Vec<u64>,
    /// The size at which garbage is collected next, in words.
    limit: usize,
    /// The size that a message may not exceed, in words.
    quota: usize,
    collection: Collection,
    seed: u64,
    /// How many words it began with: these are part of no message.
    first: usize,
}

/// The live heap would be over its quota.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HeapFull;

impl Heap {
    pub(crate) fn new(limits: &Limits, layouts: &Layouts) -> Heap {
        let quota = usize::try_from(limits.heap_bytes / 8).unwrap_or(MAX_WORDS);
        let first = layouts.first().len();
        Heap {
            words: layouts.first().to_vec(),
            first,
            spare: Vec::new(),
            limit: FIRST_WORDS + first,
            quota: quota.saturating_add(first).min((MAX_WORDS - 1) / 2),
            collection: limits.collection,
            seed: limits.hash_seed,
        }
    }

    /// Makes room for so many words, as far as the quota goes.
    pub(crate) fn expect(&mut self, words: usize) {
        self.words.reserve_exact(words.min(self.quota));
    }

    /// Whether so many words can be allocated without a collection.
    #[inline]
    pub(crate) fn has_room(&self, words: usize) -> bool {
        self.words.len() + words <= self.limit && self.collection == Collection::WhenFull
    }

    /// Bytes in use, garbage included.
    pub(crate) fn bytes(&self) -> u64 {
        (self.words.len() - self.first) as u64 * 8
    }

    /// The node's secret for the order in map indices.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The number of all words.
    pub(crate) fn size(&self) -> usize {
        self.words.len()
    }

    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.words[at]
    }

    #[inline]
    pub(crate) fn set_word(&mut self, at: usize, word: u64) {
        self.words[at] = word;
    }

    #[inline]
    pub(crate) fn ref_at(&self, at: usize) -> Ref {
        Ref::of_word(self.words[at])
    }

    #[inline]
    pub(crate) fn header(&self, addr: Addr) -> Header {
        Header(self.words[addr.at(0)])
    }

    /// The words behind the header.
    pub(crate) fn payload(&self, addr: Addr) -> &[u64] {
        let size = self.header(addr).words();
        &self.words[addr.at(1)..addr.at(size)]
    }

    /// Reserves a zeroed object and writes its header.
    #[inline]
    pub(crate) fn alloc(&mut self, header: Header) -> Addr {
        let at = self.words.len();
        self.words.push(header.0);
        self.words.resize(at + header.words(), 0);
        Addr(at as u32)
    }

    /// Drops everything that was allocated since the heap had this size; nothing may refer to it.
    pub(crate) fn forget_after(&mut self, size: usize) {
        self.words.truncate(size);
    }

    /// Whether more was allocated than a message may have.
    pub(crate) fn is_over_quota(&self) -> bool {
        self.would_be_over_quota(0)
    }

    /// Whether so many more words would be more than a message may have, garbage included.
    pub(crate) fn would_be_over_quota(&self, words: usize) -> bool {
        self.words.len().saturating_add(words) > self.quota.max(self.limit)
    }

    /// Whether so many words are more than a message may have, whatever else it has.
    pub(crate) fn is_beyond_quota(&self, words: usize) -> bool {
        words > self.quota
    }

    /// Where the message's own objects begin.
    pub(crate) fn first(&self) -> Addr {
        Addr(self.first as u32)
    }

    /// A record whose fields are to be set; a variant without fields is there already.
    pub(crate) fn new_zeroed_record(
        &mut self,
        layouts: &Layouts,
        (ty, variant): (TypeId, u16),
        len: usize,
    ) -> Ref {
        let shared = layouts.shared(ty, variant);
        shared.unwrap_or_else(|| Ref::object(self.alloc(Header::record(ty, variant, len))))
    }

    /// A new object with these words.
    #[inline]
    pub(crate) fn new_from(
        &mut self,
        header: Header,
        fields: impl ExactSizeIterator<Item = u64>,
    ) -> Ref {
        let at = self.words.len();
        self.words.push(header.0);
        self.words.extend(fields);
        Ref::object(Addr(at as u32))
    }

    #[inline]
    pub(crate) fn field(&self, record: Ref, slot: usize) -> u64 {
        self.words[record.addr().at(FIELDS + slot)]
    }

    #[inline]
    pub(crate) fn set_field(&mut self, record: Ref, slot: usize, word: u64) {
        self.words[record.addr().at(FIELDS + slot)] = word;
    }

    /// The words that a blob or tag of so many bytes takes.
    pub(crate) fn blob_words(bytes: usize) -> usize {
        1 + words_for(bytes)
    }

    pub(crate) fn new_blob(&mut self, ty: TypeId, bytes: &[u8]) -> Ref {
        self.alloc_bytes(Header::blob(ty, bytes.len()), bytes)
    }

    pub(crate) fn new_tag(&mut self, tag: TagId, key: &[u8]) -> Ref {
        match key {
            [] => Ref::tag(tag),
            _ => self.alloc_bytes(Header::tag(tag, key.len()), key),
        }
    }

    fn alloc_bytes(&mut self, header: Header, bytes: &[u8]) -> Ref {
        let addr = self.alloc(header);
        self.byte_view_mut(addr)[..bytes.len()].copy_from_slice(bytes);
        Ref::object(addr)
    }

    /// The bytes of several blobs one after the other, `size` in all, as a new one.
    pub(crate) fn concat(
        &mut self,
        statics: &Statics,
        ty: TypeId,
        size: usize,
        parts: &[u64],
    ) -> Ref {
        let new = self.alloc(Header::blob(ty, size));
        let mut at = 0;
        for part in parts {
            let part = Ref::of_word(*part);
            let len = self.bytes_of(statics, part).len();
            self.copy_bytes(statics, part, 0..len, new, at);
            at += len;
        }
        Ref::object(new)
    }

    /// A part of a blob as a new one.
    pub(crate) fn new_part(
        &mut self,
        statics: &Statics,
        ty: TypeId,
        blob: Ref,
        part: Range<usize>,
    ) -> Ref {
        let new = self.alloc(Header::blob(ty, part.len()));
        self.copy_bytes(statics, blob, part, new, 0);
        Ref::object(new)
    }

    /// Copies bytes of a blob to a place in a new one.
    fn copy_bytes(
        &mut self,
        statics: &Statics,
        blob: Ref,
        part: Range<usize>,
        new: Addr,
        at: usize,
    ) {
        match blob.target() {
            Target::Object(addr) => {
                let from = addr.at(1) * 8;
                let all: &mut [u8] = bytemuck::cast_slice_mut(&mut self.words);
                all.copy_within(from + part.start..from + part.end, new.at(1) * 8 + at);
            }
            Target::Const(id) => {
                let to = at..at + part.len();
                self.byte_view_mut(new)[to].copy_from_slice(&statics.text(id)[part]);
            }
            Target::Null | Target::Tag(_) => {}
        }
    }

    /// The payload of an object as bytes, its padding included.
    pub(crate) fn byte_view(&self, addr: Addr) -> &[u8] {
        bytemuck::cast_slice(self.payload(addr))
    }

    pub(crate) fn byte_view_mut(&mut self, addr: Addr) -> &mut [u8] {
        let size = self.header(addr).words();
        bytemuck::cast_slice_mut(&mut self.words[addr.at(1)..addr.at(size)])
    }

    /// The payload words of an object, to be written.
    pub(crate) fn payload_mut(&mut self, addr: Addr) -> &mut [u64] {
        let size = self.header(addr).words();
        &mut self.words[addr.at(1)..addr.at(size)]
    }

    /// The bytes of a blob or of a tag's key, in the heap or in the program.
    #[inline]
    pub(crate) fn bytes_of<'a>(&'a self, statics: &'a Statics, blob: Ref) -> &'a [u8] {
        match blob.target() {
            Target::Object(addr) => {
                let len = self.header(addr).aux() as usize;
                &bytemuck::cast_slice(&self.words[addr.at(1)..])[..len]
            }
            Target::Const(id) => statics.text(id),
            Target::Null | Target::Tag(_) => &[],
        }
    }

    /// The declaration of a tag value.
    pub(crate) fn tag_of(&self, tag: Ref) -> TagId {
        match tag.target() {
            Target::Object(addr) => TagId(self.header(addr).shape()),
            Target::Tag(id) => id,
            Target::Null | Target::Const(_) => TagId(0),
        }
    }

    pub(crate) fn place_words(tags: usize) -> usize {
        PLACE_TAGS + tags
    }

    /// A place from its tags, the wanted ones first.
    pub(crate) fn new_place(&mut self, ty: TypeId, wanted: &[u64], unwanted: &[u64]) -> Ref {
        let count = wanted.len() + unwanted.len();
        let addr = self.alloc(Header::new(Class::Place, ty.0, count as u32));
        self.set_word(addr.at(PLACE_WANTED), wanted.len() as u64);
        let at = addr.at(PLACE_TAGS);
        self.words[at..at + wanted.len()].copy_from_slice(wanted);
        self.words[at + wanted.len()..at + count].copy_from_slice(unwanted);
        Ref::object(addr)
    }

    /// The wanted and the unwanted tags of a place.
    pub(crate) fn place_tags(&self, place: Ref) -> (&[u64], &[u64]) {
        let addr = place.addr();
        let wanted = self.word(addr.at(PLACE_WANTED)) as usize;
        let tags = &self.payload(addr)[PLACE_TAGS - 1..];
        tags.split_at(wanted.min(tags.len()))
    }

    /// The words of an empty list, and of an array behind it.
    pub(crate) fn list_words(kind: Kind, count: usize) -> usize {
        LIST_WORDS + list::array_words(kind, count)
    }

    pub(crate) fn new_map(&mut self, ty: TypeId) -> Ref {
        debug_assert_eq!(Header::new(Class::Map, ty.0, 0).words(), MAP_WORDS);
        Ref::object(self.alloc(Header::new(Class::Map, ty.0, 0)))
    }
}
