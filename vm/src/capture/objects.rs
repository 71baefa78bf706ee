//! Reading objects. A reference names an object by its number, and the first one to a number says
//! what type the object has; the objects follow in the order of their numbers.
//!
//! While objects are read, references to them hold numbers in place of addresses. When all are
//! there, one walk over the heap replaces them.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::FloatBits;
use sm_bytecode::codec::Reader;

use crate::capture::RestoreError;
use crate::capture::frames::is_body;
use crate::capture::tables::TablesIn;
use crate::data::decode::check_tag_key;
use crate::heap::Heap;
use crate::heap::key::{Memo, Steps};
use crate::heap::layout::{Addr, Class, FIELDS, Header, Kind, Ref};
use crate::heap::map::{EntryKinds, holes_allowed};
use crate::index::{TagId, TypeId};
use crate::limits::{DATA_STEPS, Limits};
use crate::program::Program;
use crate::shape::Shape;
use crate::stack::Stack;

pub(super) struct Objects<'p, 'h> {
    pub(super) program: &'p Program,
    pub(super) reader: Reader<'p>,
    pub(super) tables: TablesIn<'p>,
    heap: &'h mut Heap,
    /// What each object is expected to be, by its number minus 1.
    types: Vec<TypeId>,
    /// Where each object is that was read.
    addrs: Vec<Addr>,
    /// The variants without fields that were read.
    shared: BTreeSet<Ref>,
    /// Tags that are referred to by another type than at first: a tag can be seen as `AnyTag`.
    tag_views: Vec<(u32, TypeId)>,
    maps: Vec<(Ref, usize)>,
    places: Vec<Ref>,
    /// What may be spent on the keys of tags.
    key_steps: Steps,
}

type Restored<T> = Result<T, RestoreError>;

impl<'p, 'h> Objects<'p, 'h> {
    pub(super) fn new(
        program: &'p Program,
        heap: &'h mut Heap,
        tables: TablesIn<'p>,
        reader: Reader<'p>,
        size: usize,
    ) -> Self {
        Objects {
            program,
            reader,
            tables,
            heap,
            types: Vec::new(),
            addrs: Vec::new(),
            shared: BTreeSet::new(),
            tag_views: Vec::new(),
            maps: Vec::new(),
            places: Vec::new(),
            key_steps: Steps::new(size as u64 * 64 + DATA_STEPS),
        }
    }

    /// Between two collections a heap may have grown over its quota, and live on. The stack may
    /// have been larger than it is now.
    pub(super) fn admit_grown(&mut self, limits: &Limits) {
        let stack = limits.registers.saturating_add(limits.frames);
        self.heap.admit_grown(stack as usize);
    }

    /// A word of a register or field.
    pub(super) fn word(&mut self, kind: Kind) -> Restored<u64> {
        Ok(match kind {
            Kind::Int => self.reader.signed()? as u64,
            Kind::Float => self.float()?,
            Kind::Bool => self.reader.flag()?.into(),
            Kind::Enum(variants) => {
                let variant = self.reader.number()?;
                if variant >= u64::from(variants) {
                    return Err(RestoreError::Forged("no such variant"));
                }
                variant
            }
            Kind::Ref(ty) => match self.reference(ty)? {
                Ref::NULL => return Err(RestoreError::Forged("a reference is null")),
                reference => reference.word(),
            },
            Kind::OptRef(ty) => self.reference(ty)?.word(),
        })
    }

    fn float(&mut self) -> Restored<u64> {
        let bytes = self.reader.raw(8)?;
        let bits = u64::from_le_bytes(bytes.try_into().expect("raw(8) answers 8 bytes"));
        check_float(bits)
    }

    fn reference(&mut self, ty: TypeId) -> Restored<Ref> {
        let number = self.reader.number()?;
        match number & 3 {
            0 | 2 if number == 0 => Ok(Ref::NULL),
            0 | 2 => self.object_reference(number / 2, ty),
            1 => {
                let id = self.tables.constant(number / 4)?;
                match (self.program.shape(ty), self.tables.is_text(id)) {
                    (Shape::Str, true) | (Shape::Bytes, false) => Ok(Ref::constant(id)),
                    _ => Err(RestoreError::Forged("a constant has another type")),
                }
            }
            _ => {
                let id = self.tables.tag(number / 4)?;
                if !self.program.tags[id.index()].keys.is_empty() {
                    return Err(RestoreError::Forged("a tag lacks its keys"));
                }
                self.check_tag_type(id, ty)?;
                Ok(Ref::tag(id))
            }
        }
    }

    /// A number that was seen before or the next one.
    fn object_reference(&mut self, number: u64, ty: TypeId) -> Restored<Ref> {
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if index > self.types.len() {
            return Err(RestoreError::Forged("a number is out of order"));
        }
        let reference = Ref::object(Addr(number as u32));
        if index == self.types.len() {
            self.types.push(ty);
        } else if self.types[index] != ty {
            if !self.is_tag_type(ty) || !self.is_tag_type(self.types[index]) {
                return Err(RestoreError::Forged("an object has two types"));
            }
            self.tag_views.push((number as u32, ty));
        }
        Ok(reference)
    }

    fn is_tag_type(&self, ty: TypeId) -> bool {
        matches!(self.program.shape(ty), Shape::Tag(_) | Shape::AnyTag)
    }

    fn check_tag_type(&self, tag: TagId, ty: TypeId) -> Restored<()> {
        let value = self.program.tags[tag.index()].value;
        match self.program.shape(ty) {
            Shape::AnyTag => Ok(()),
            Shape::Tag(expected) if *expected == value => Ok(()),
            _ => Err(RestoreError::Forged("a tag has another type")),
        }
    }

    /// Reads all objects behind the frames, and completes the heap.
    pub(super) fn finish(mut self, stack: &mut Stack) -> Restored<()> {
        while let Some(ty) = self.types.get(self.addrs.len()).copied() {
            let object = self.object(ty)?;
            self.addrs.push(object.addr());
            if self.heap.is_over_quota() {
                return Err(RestoreError::TooLarge);
            }
        }
        self.reader.finish()?;
        self.tables.check_all_used()?;
        self.resolve(stack);
        self.check_tags()?;
        self.finish_maps()
    }

    fn object(&mut self, ty: TypeId) -> Restored<Ref> {
        let program = self.program;
        match program.shape(ty) {
            Shape::Str | Shape::Name => {
                let bytes = self.reader.blob()?;
                if std::str::from_utf8(bytes).is_err() {
                    return Err(RestoreError::Forged("text is not UTF-8"));
                }
                Ok(self.heap.new_blob(ty, bytes))
            }
            Shape::Bytes => Ok(self.heap.new_blob(ty, self.reader.blob()?)),
            Shape::Identity => Ok(self.heap.new_blob(ty, &self.reader.hash()?)),
            Shape::Unit | Shape::Option { .. } | Shape::Record(_) => self.record(ty, 0),
            Shape::Enum(variants) => {
                let variant = self.reader.number()?;
                if variant >= variants.len() as u64 {
                    return Err(RestoreError::Forged("no such variant"));
                }
                self.record(ty, variant as u16)
            }
            Shape::List(_) => self.list(ty),
            Shape::Map { .. } | Shape::Set(_) => self.map(ty),
            Shape::Function => self.closure(ty),
            Shape::Tag(_) | Shape::AnyTag => self.tag(ty),
            Shape::Place => self.place(ty),
            Shape::Bool | Shape::Int | Shape::Float | Shape::Duration | Shape::SmallEnum(_) => {
                Err(RestoreError::Forged("a number is no object"))
            }
        }
    }

    fn record(&mut self, ty: TypeId, variant: u16) -> Restored<Ref> {
        let layout = self.program.statics.layouts.record(ty, variant);
        let layout = layout.ok_or(RestoreError::Forged("not a record"))?;
        match self.program.statics.layouts.shared(ty, variant) {
            Some(shared) if self.shared.insert(shared) => Ok(shared),
            Some(_) => Err(RestoreError::Forged(
                "a variant without fields stands twice",
            )),
            None => self.slots(Header::record(ty, variant, layout.len()), &layout.kinds),
        }
    }

    fn closure(&mut self, ty: TypeId) -> Restored<Ref> {
        let func = self.tables.function(&mut self.reader)?;
        if !is_body(self.program, ty, func) {
            return Err(RestoreError::Forged("a function has another type"));
        }
        let layout = &self.program.statics.layouts.closures[func.index()];
        self.slots(Header::closure(func, layout.len()), &layout.kinds)
    }

    fn slots(&mut self, header: Header, kinds: &[Kind]) -> Restored<Ref> {
        let record = Ref::object(self.heap.alloc(header));
        for (slot, kind) in kinds.iter().enumerate() {
            let word = self.word(*kind)?;
            self.heap.set_word(record.addr().at(FIELDS + slot), word);
        }
        Ok(record)
    }

    fn list(&mut self, ty: TypeId) -> Restored<Ref> {
        let kind = self.program.statics.layouts.element(ty);
        let changes = self.reader.number32()?;
        let count = self.reader.length()?;
        let block = match kind {
            Kind::Int | Kind::Float => self.reader.raw(count.saturating_mul(8))?,
            Kind::Bool => self.reader.raw(count)?,
            _ => &[],
        };
        if self.heap.would_be_over_quota(Heap::list_words(kind, count)) {
            return Err(RestoreError::TooLarge);
        }
        let list = match kind {
            Kind::Int | Kind::Float => self.heap.list_of_words(ty, kind, block),
            _ => self.heap.list_of(ty, kind, count, 0),
        };
        self.heap.set_changes(list, changes);
        match kind {
            Kind::Int => {}
            Kind::Float => {
                let words = self.heap.list_elements(list);
                words
                    .iter()
                    .try_for_each(|word| check_float(*word).map(|_| ()))?;
            }
            Kind::Bool => {
                if block.iter().any(|byte| *byte > 1) {
                    return Err(RestoreError::Forged("no truth value"));
                }
                self.heap.read_bytes(list, block);
            }
            _ => {
                for index in 0..count {
                    let word = self.word(kind)?;
                    self.heap.list_set_word(list, index, word);
                }
            }
        }
        Ok(list)
    }

    fn map(&mut self, ty: TypeId) -> Restored<Ref> {
        let statics = &self.program.statics;
        let changes = self.reader.number32()?;
        let live = self.reader.length()?;
        let holes = usize::try_from(self.reader.number()?).unwrap_or(usize::MAX);
        if (live == 0 && holes > 0) || holes > holes_allowed(live) {
            return Err(RestoreError::Forged("a map has too many holes"));
        }
        let used = live + holes;
        let map = self.heap.new_map(ty);
        let kinds = self.heap.map_kinds(statics, map);
        if self
            .heap
            .would_be_over_quota(Heap::restore_words(kinds, used))
        {
            return Err(RestoreError::TooLarge);
        }
        self.heap.map_reserve(statics, map, used);
        self.entries(map, kinds, live, holes)?;
        self.heap.set_changes(map, changes);
        self.maps.push((map, used));
        Ok(map)
    }

    fn entries(&mut self, map: Ref, kinds: EntryKinds, live: usize, holes: usize) -> Restored<()> {
        let (mut entry, mut left) = (0, holes);
        for _ in 0..live {
            if holes > 0 {
                let gap = usize::try_from(self.reader.number()?).unwrap_or(usize::MAX);
                left = left
                    .checked_sub(gap)
                    .ok_or(RestoreError::Forged("too many holes"))?;
                entry += gap;
            }
            let key = self.word(kinds.key)?;
            let value = kinds.value.map_or(Ok(0), |kind| self.word(kind))?;
            self.heap
                .map_restore_entry(&self.program.statics, map, entry, key, value);
            entry += 1;
        }
        match left {
            0 => Ok(()),
            _ => Err(RestoreError::Forged("a map ends with holes")),
        }
    }

    fn tag(&mut self, ty: TypeId) -> Restored<Ref> {
        let number = self.reader.number()?;
        let id = self.tables.tag(number)?;
        self.check_tag_type(id, ty)?;
        let key = self.reader.blob()?;
        let keys = &self.program.tags[id.index()].keys;
        if key.is_empty()
            || check_tag_key(self.program, self.heap, keys, key, &mut self.key_steps).is_err()
        {
            return Err(RestoreError::Forged("a tag has other keys"));
        }
        Ok(self.heap.new_tag(id, key))
    }

    fn place(&mut self, ty: TypeId) -> Restored<Ref> {
        let wanted = self.reader.length()?;
        let unwanted = self.reader.length()?;
        let mut parts = [Vec::new(), Vec::new()];
        for (part, count) in parts.iter_mut().zip([wanted, unwanted]) {
            for _ in 0..count {
                part.push(self.word(Kind::Ref(self.program.any_tag))?);
            }
        }
        let place = self.heap.new_place(ty, &parts[0], &parts[1]);
        self.places.push(place);
        Ok(place)
    }

    /// Puts addresses in the place of numbers, in the heap and in registers.
    fn resolve(&mut self, stack: &mut Stack) {
        let addrs = &self.addrs;
        let address = |word: u64| {
            let reference = Ref::of_word(word);
            match reference.is_object() {
                true => Ref::object(addrs[reference.addr().0 as usize - 1]).word(),
                false => word,
            }
        };
        let mut at = self.heap.first();
        while at.at(0) < self.heap.size() {
            let header = self.heap.header(at);
            // What a list or map refers to itself are its own arrays.
            if !matches!(header.class(), Class::List | Class::Map) {
                let heap = &mut *self.heap;
                let layouts = &self.program.statics.layouts;
                layouts.ref_words(header, at, |word| {
                    let resolved = address(heap.word(word));
                    heap.set_word(word, resolved);
                });
            }
            at = Addr(at.0 + header.words() as u32);
        }
        stack.each_root(self.program, &mut |word| *word = address(*word));
    }

    fn check_tags(&self) -> Restored<()> {
        for (number, ty) in &self.tag_views {
            let tag = Ref::object(self.addrs[*number as usize - 1]);
            self.check_tag_type(self.heap.tag_of(tag), *ty)?;
        }
        let name = |word: &u64| {
            let tag = Ref::of_word(*word);
            let key = self.heap.bytes_of(&self.program.statics, tag);
            (&self.program.tags[self.heap.tag_of(tag).index()].base, key)
        };
        for place in &self.places {
            let (wanted, unwanted) = self.heap.place_tags(*place);
            let sorted = |tags: &[u64]| tags.is_sorted_by(|a, b| name(a) < name(b));
            if !sorted(wanted) || !sorted(unwanted) {
                return Err(RestoreError::Forged("tags of a place are out of order"));
            }
        }
        Ok(())
    }

    fn finish_maps(self) -> Restored<()> {
        let mut memo = ByNumber {
            addrs: &self.addrs,
            objects: vec![
                None;
                if self.maps.is_empty() {
                    0
                } else {
                    self.addrs.len()
                }
            ],
            constants: BTreeMap::new(),
        };
        // Every word is visited once as a part and once as a reference; cycles need more.
        let texts = &self.program.statics.texts;
        let constants: usize = texts.iter().map(|text| 1 + text.len() / 16).sum();
        let mut steps = Steps::new((self.heap.size() * 4 + constants) as u64);
        for (map, used) in &self.maps {
            let statics = &self.program.statics;
            let distinct = self
                .heap
                .map_finish(statics, *map, *used, &mut steps, &mut memo);
            match distinct {
                Ok(true) => {}
                Ok(false) => return Err(RestoreError::Forged("a key stands twice in a map")),
                Err(_) => return Err(RestoreError::Forged("a key contains itself")),
            }
        }
        match self.heap.is_over_quota() {
            true => Err(RestoreError::TooLarge),
            false => Ok(()),
        }
    }
}

fn check_float(bits: u64) -> Restored<u64> {
    match FloatBits(bits).is_canonical() {
        true => Ok(bits),
        false => Err(RestoreError::Forged("a NaN is not canonical")),
    }
}

/// Hashes by the number of the object, so that shared keys are hashed once.
struct ByNumber<'a> {
    /// Ascending, because objects were allocated in this order.
    addrs: &'a [Addr],
    objects: Vec<Option<u64>>,
    constants: BTreeMap<Ref, u64>,
}

impl Memo for ByNumber<'_> {
    fn get(&self, object: Ref) -> Option<u64> {
        match self.addrs.binary_search(&object.addr()) {
            Ok(index) => self.objects[index],
            Err(_) => self.constants.get(&object).copied(),
        }
    }

    fn set(&mut self, object: Ref, hash: u64) {
        match self.addrs.binary_search(&object.addr()) {
            Ok(index) => self.objects[index] = Some(hash),
            Err(_) => _ = self.constants.insert(object, hash),
        }
    }
}
