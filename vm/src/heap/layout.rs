//! Where everything lies: references, object headers, the fields of each kind of object.
//!
//! This is the only module that knows bit positions; `docs/decisions/0006-heap-layout.md` says why
//! they are as they are. The heap is an array of 64-bit words. A reference is 32 bits wide: a word
//! offset, so a heap can be moved as a whole, or a constant of the program. Word 0 is never used.
//! Behind it stand the variants without fields, one object for each: they are the same in all heaps
//! of a program and never move.
//!
//! ```text
//! header   | class 4 | shape 28 | aux 32 |        (class in the lowest bits)
//!
//! object    shape     aux            words after the header
//! Blob      type      byte length    bytes, padded with zeros
//! Record    type      variant|len    one word for each slot
//! Closure   function  0|len          one word for each captured slot
//! List      type      -              length|changes, data
//! Map       type      -              live|changes, entries, index, used
//! Tag       tag       byte length    key bytes, padded with zeros
//! Place     type      tag count      wanted count, tags
//! Words     -         word count     scalars
//! Refs      -         word count     references
//! Bytes     -         byte count     one byte for each Bool
//! Entries   map type  word count     (hash, key, value?) for each entry
//! ```

use crate::index::{ConstId, FuncId, TagId, TypeId};

/// A reference as it stands in registers and fields: null, an object, or a constant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Ref(u32);

/// What a [`Ref`] refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// Nothing: the `None` of a nullable reference.
    Null,
    /// The object whose header is this word of the heap.
    Object(Addr),
    /// Text or bytes of the program.
    Const(ConstId),
    /// A tag without keys, which needs no object.
    Tag(TagId),
}

/// The position of an object's header, in words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Addr(pub(crate) u32);

const CONST_BIT: u32 = 1 << 31;
const TAG_BIT: u32 = 1 << 30;

/// The most words a heap can have, so that an offset never meets the constant bit.
pub(crate) const MAX_WORDS: usize = 1 << 31;

impl Ref {
    pub(crate) const NULL: Ref = Ref(0);

    pub(crate) fn object(addr: Addr) -> Ref {
        Ref(addr.0)
    }

    pub(crate) fn constant(id: ConstId) -> Ref {
        Ref(CONST_BIT | id.0)
    }

    pub(crate) fn tag(id: TagId) -> Ref {
        Ref(CONST_BIT | TAG_BIT | id.0)
    }

    /// The reference in a register or field.
    #[inline]
    pub(crate) fn of_word(word: u64) -> Ref {
        Ref(word as u32)
    }

    #[inline]
    pub(crate) fn word(self) -> u64 {
        u64::from(self.0)
    }

    #[inline]
    pub(crate) fn is_object(self) -> bool {
        self.0 != 0 && self.0 & CONST_BIT == 0
    }

    /// Whether it refers to an object at this address or behind it.
    #[inline]
    pub(crate) fn is_object_from(self, first: u32) -> bool {
        self.0.wrapping_sub(first) < CONST_BIT - first
    }

    /// The address of what is known to be an object; a constant's is outside every heap.
    #[inline]
    pub(crate) fn addr(self) -> Addr {
        Addr(self.0)
    }

    pub(crate) fn target(self) -> Target {
        match self.0 {
            0 => Target::Null,
            bits if bits & CONST_BIT == 0 => Target::Object(Addr(bits)),
            bits if bits & TAG_BIT == 0 => Target::Const(ConstId(bits & !CONST_BIT)),
            bits => Target::Tag(TagId(bits & !(CONST_BIT | TAG_BIT))),
        }
    }
}

impl Addr {
    /// The word `offset` behind the header; 0 is the header itself.
    #[inline]
    pub(crate) fn at(self, offset: usize) -> usize {
        self.0 as usize + offset
    }
}

/// What kind of object a header heads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Class {
    Blob,
    Record,
    Closure,
    List,
    Map,
    Tag,
    Place,
    Words,
    Refs,
    Bytes,
    Entries,
    /// The object has moved, to the address in `aux`.
    Forward,
}

impl Class {
    #[inline]
    fn from_bits(bits: u64) -> Class {
        match bits & CLASS {
            0 => Class::Blob,
            1 => Class::Record,
            2 => Class::Closure,
            3 => Class::List,
            4 => Class::Map,
            5 => Class::Tag,
            6 => Class::Place,
            7 => Class::Words,
            8 => Class::Refs,
            9 => Class::Bytes,
            10 => Class::Entries,
            _ => Class::Forward,
        }
    }
}

/// Where in a header the class is.
const CLASS: u64 = 15;

/// The first word of every object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header(pub(crate) u64);

impl Header {
    #[inline]
    pub(crate) fn new(class: Class, shape: u32, aux: u32) -> Header {
        Header(class as u64 | u64::from(shape) << 4 | u64::from(aux) << 32)
    }

    pub(crate) fn blob(ty: TypeId, bytes: usize) -> Header {
        Self::new(Class::Blob, ty.0, bytes as u32)
    }

    #[inline]
    pub(crate) fn record(ty: TypeId, variant: u16, len: usize) -> Header {
        Self::new(Class::Record, ty.0, u32::from(variant) | (len as u32) << 16)
    }

    pub(crate) fn closure(func: FuncId, len: usize) -> Header {
        Self::new(Class::Closure, func.0, (len as u32) << 16)
    }

    pub(crate) fn tag(tag: TagId, bytes: usize) -> Header {
        Self::new(Class::Tag, tag.0, bytes as u32)
    }

    /// A header without a shape: the arrays behind lists and indices.
    pub(crate) fn array(class: Class, count: usize) -> Header {
        Self::new(class, 0, count as u32)
    }

    #[inline]
    pub(crate) fn class(self) -> Class {
        Class::from_bits(self.0)
    }

    #[inline]
    pub(crate) fn shape(self) -> u32 {
        (self.0 as u32) >> 4
    }

    #[inline]
    pub(crate) fn aux(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The variant of a record; 0 where there is only one.
    #[inline]
    pub(crate) fn variant(self) -> u16 {
        self.aux() as u16
    }

    /// Whether the object has moved.
    #[inline]
    pub(crate) fn is_forward(self) -> bool {
        self.0 & CLASS == Class::Forward as u64
    }

    /// The number of words of the whole object.
    #[inline]
    pub(crate) fn words(self) -> usize {
        let aux = self.aux() as usize;
        1 + match self.class() {
            Class::Blob | Class::Tag | Class::Bytes => words_for(aux),
            Class::Record | Class::Closure => aux >> 16,
            Class::List => LIST_WORDS - 1,
            Class::Map => MAP_WORDS - 1,
            Class::Place => PLACE_TAGS - 1 + aux,
            Class::Words | Class::Refs | Class::Entries => aux,
            Class::Forward => 0,
        }
    }

    /// The same, if it is a record.
    #[inline]
    pub(crate) fn words_of_record(self) -> Option<usize> {
        let is_record = self.0 & CLASS == Class::Record as u64;
        is_record.then_some(1 + (self.aux() >> 16) as usize)
    }
}

/// The number of words that so many bytes take.
#[inline]
pub(crate) fn words_for(bytes: usize) -> usize {
    bytes.div_ceil(8)
}

/// First field of a record or closure.
pub(crate) const FIELDS: usize = 1;

/// Length of a list, or live entries of a map, in the lower half; structural changes in the upper.
pub(crate) const COUNT: usize = 1;
/// The array behind a list, null while it is empty.
pub(crate) const LIST_DATA: usize = 2;
/// Size of a list object.
pub(crate) const LIST_WORDS: usize = 3;

/// The entries of a map, null while it is empty.
pub(crate) const MAP_ENTRIES: usize = 2;
/// The index of a map, null while it is short.
pub(crate) const MAP_INDEX: usize = 3;
/// The number of entries in use, those removed since the last compaction included.
pub(crate) const MAP_USED: usize = 4;
/// Size of a map object.
pub(crate) const MAP_WORDS: usize = 5;

/// The number of wanted tags of a place.
pub(crate) const PLACE_WANTED: usize = 1;
/// First tag of a place.
pub(crate) const PLACE_TAGS: usize = 2;

/// One more element and one more structural change, added to [`COUNT`].
pub(crate) const ONE_MORE: u64 = 1 << 32 | 1;
/// One more structural change.
pub(crate) const ONE_CHANGE: u64 = 1 << 32;

/// One machine word of a value, and what may stand in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    /// A number below the number of variants.
    Enum(u16),
    /// Never null once it is initialised.
    Ref(TypeId),
    /// Null for `None`.
    OptRef(TypeId),
}

impl Kind {
    #[inline]
    pub(crate) fn is_ref(self) -> bool {
        matches!(self, Kind::Ref(_) | Kind::OptRef(_))
    }

    /// The class of the array that holds elements of this kind.
    #[inline]
    pub(crate) fn array_class(self) -> Class {
        match self {
            Kind::Int | Kind::Float | Kind::Enum(_) => Class::Words,
            Kind::Bool => Class::Bytes,
            Kind::Ref(_) | Kind::OptRef(_) => Class::Refs,
        }
    }
}

/// The slots of a record, a variant, a box or a closure's captures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct RecordLayout {
    pub(crate) kinds: Box<[Kind]>,
    /// The slots that are references.
    refs: Box<[u16]>,
    /// The only object of a variant without fields.
    shared: Option<Addr>,
}

impl RecordLayout {
    pub(crate) fn new(kinds: Vec<Kind>) -> Self {
        let refs = (0..kinds.len()).filter(|&slot| kinds[slot].is_ref());
        Self {
            refs: refs.map(|slot| slot as u16).collect(),
            kinds: kinds.into(),
            shared: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }
}

/// What objects of a type look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TypeLayout {
    /// Values of the type have no object of their own.
    Scalar,
    Blob,
    /// Structs, tuples and boxes have one variant; enums one or more.
    Record(Box<[RecordLayout]>),
    List(Kind),
    Map {
        key: Kind,
        value: Option<Kind>,
    },
    Closure,
    Tag,
    Place,
}

/// The layouts of everything a program can put on its heap.
#[derive(Clone, Debug)]
pub(crate) struct Layouts {
    types: Vec<TypeLayout>,
    pub(crate) closures: Vec<RecordLayout>,
    /// What each heap begins with: the word that is never used, and the variants without fields.
    first: Vec<u64>,
}

impl Layouts {
    pub(crate) fn new(mut types: Vec<TypeLayout>, closures: Vec<RecordLayout>) -> Layouts {
        let mut first = vec![0];
        for (ty, layout) in types.iter_mut().enumerate() {
            let TypeLayout::Record(variants) = layout else {
                continue;
            };
            // What has one variant only can be a struct: two of these are two objects.
            if variants.len() == 1 {
                continue;
            }
            for (variant, record) in variants.iter_mut().enumerate() {
                if record.kinds.is_empty() {
                    record.shared = Some(Addr(first.len() as u32));
                    first.push(Header::record(TypeId(ty as u32), variant as u16, 0).0);
                }
            }
        }
        Layouts {
            types,
            closures,
            first,
        }
    }

    /// What each heap begins with, which never moves.
    #[inline]
    pub(crate) fn first(&self) -> &[u64] {
        &self.first
    }

    /// The only object of a variant without fields.
    pub(crate) fn shared(&self, ty: TypeId, variant: u16) -> Option<Ref> {
        self.record(ty, variant)?.shared.map(Ref::object)
    }

    #[inline]
    pub(crate) fn of(&self, ty: TypeId) -> &TypeLayout {
        &self.types[ty.index()]
    }

    /// The slots of a record of this type; none for what is no record.
    #[inline]
    pub(crate) fn record(&self, ty: TypeId, variant: u16) -> Option<&RecordLayout> {
        match self.of(ty) {
            TypeLayout::Record(variants) => variants.get(usize::from(variant)),
            _ => None,
        }
    }

    /// The slots of a record that are references.
    #[inline]
    pub(crate) fn record_refs(&self, ty: TypeId, variant: u16) -> &[u16] {
        let record = self.record(ty, variant);
        record.map_or(&[][..], |record| &record.refs)
    }

    /// The kind of a list's elements.
    #[inline]
    pub(crate) fn element(&self, ty: TypeId) -> Kind {
        match self.of(ty) {
            TypeLayout::List(kind) => *kind,
            _ => Kind::Int,
        }
    }

    /// The kinds of a map's keys and values; a set has no values.
    pub(crate) fn entry(&self, ty: TypeId) -> (Kind, Option<Kind>) {
        match self.of(ty) {
            TypeLayout::Map { key, value } => (*key, *value),
            _ => (Kind::Int, None),
        }
    }

    /// Calls `visit` with the position of every word of the object that is a reference.
    pub(crate) fn ref_words(&self, header: Header, addr: Addr, mut visit: impl FnMut(usize)) {
        match header.class() {
            Class::Blob | Class::Tag | Class::Words | Class::Bytes | Class::Forward => {}
            Class::Record => {
                let refs = self.record_refs(TypeId(header.shape()), header.variant());
                refs.iter()
                    .for_each(|&slot| visit(addr.at(FIELDS + usize::from(slot))));
            }
            Class::Closure => {
                let refs = &self.closures[header.shape() as usize].refs;
                refs.iter()
                    .for_each(|&slot| visit(addr.at(FIELDS + usize::from(slot))));
            }
            Class::List => visit(addr.at(LIST_DATA)),
            Class::Map => {
                visit(addr.at(MAP_ENTRIES));
                visit(addr.at(MAP_INDEX));
            }
            Class::Place => {
                (0..header.aux() as usize).for_each(|tag| visit(addr.at(PLACE_TAGS + tag)));
            }
            Class::Refs => (1..=header.aux() as usize).for_each(|word| visit(addr.at(word))),
            Class::Entries => self.entry_refs(header, addr, visit),
        }
    }

    fn entry_refs(&self, header: Header, addr: Addr, mut visit: impl FnMut(usize)) {
        let (key, value) = self.entry(TypeId(header.shape()));
        let stride = entry_words(value);
        for entry in 0..header.aux() as usize / stride {
            let at = addr.at(1 + entry * stride);
            if key.is_ref() {
                visit(at + ENTRY_KEY);
            }
            if value.is_some_and(Kind::is_ref) {
                visit(at + ENTRY_VALUE);
            }
        }
    }
}

/// The hash of an entry's key with [`LIVE`] set; 0 marks an entry that was removed.
pub(crate) const ENTRY_HASH: usize = 0;
/// The key of an entry.
pub(crate) const ENTRY_KEY: usize = 1;
/// The value of an entry of a map.
pub(crate) const ENTRY_VALUE: usize = 2;
/// Set in the hash of every entry that was not removed.
pub(crate) const LIVE: u64 = 1 << 63;

/// The number of words of one entry.
#[inline]
pub(crate) const fn entry_words(value: Option<Kind>) -> usize {
    match value {
        Some(_) => 3,
        None => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gives_back_its_parts() {
        let header = Header::record(TypeId(0xfff_ffff), 4095, 4096);
        assert_eq!(header.class(), Class::Record);
        assert_eq!(header.shape(), 0xfff_ffff);
        assert_eq!(header.variant(), 4095);
        assert_eq!(header.words(), 4097);
        assert_eq!(Header::blob(TypeId(1), 9).words(), 3);
        assert_eq!(Header::array(Class::Refs, 5).words(), 6);
    }

    #[test]
    fn constants_are_no_objects() {
        for (reference, target) in [
            (Ref::NULL, Target::Null),
            (Ref::object(Addr(7)), Target::Object(Addr(7))),
            (Ref::constant(ConstId(7)), Target::Const(ConstId(7))),
            (Ref::tag(TagId(7)), Target::Tag(TagId(7))),
        ] {
            assert_eq!(reference.target(), target);
            assert_eq!(reference.is_object(), matches!(target, Target::Object(_)));
            assert_eq!(Ref::of_word(reference.word()), reference);
        }
    }
}
