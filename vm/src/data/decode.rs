//! From canonical bytes to values: arguments, tag values, and what a host answers.
//!
//! The bytes may come from anywhere. What is built is bounded by the heap's quota and by
//! [`crate::limits::DATA_STEPS`], and is given up as a whole when the bytes turn out to be wrong.

use sm_bytecode::FloatBits;
use sm_bytecode::codec::{DecodeError, Reader};

use crate::heap::Heap;
use crate::heap::key::{NoMemo, Steps, TooManySteps};
use crate::heap::layout::{ENTRY_KEY, ENTRY_VALUE, FIELDS, Kind, Ref};
use crate::index::{TagId, TypeId};
use crate::limits::{DATA_BYTES, KEY_BYTES};
use crate::program::Program;
use crate::shape::{Element, FieldShape, Shape};

/// Why bytes did not become values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DecodeFault {
    /// They are not the canonical encoding of values of these types.
    Malformed,
    /// They need more heap than the message may have.
    HeapFull,
}

impl From<DecodeError> for DecodeFault {
    fn from(_: DecodeError) -> Self {
        DecodeFault::Malformed
    }
}

impl From<TooManySteps> for DecodeFault {
    fn from(_: TooManySteps) -> Self {
        DecodeFault::Malformed
    }
}

/// Builds the values of these types whose encodings follow each other in `bytes`; answers their
/// slots. Nothing is collected meanwhile. `steps` are spent on the values that are visited.
pub(crate) fn decode(
    program: &Program,
    heap: &mut Heap,
    types: &[TypeId],
    bytes: &[u8],
    steps: &mut Steps,
) -> Result<Vec<u64>, DecodeFault> {
    let mark = heap.size();
    let result = decode_slots(program, heap, types, bytes, steps);
    if result.is_err() {
        heap.forget_after(mark);
    }
    result
}

fn decode_slots(
    program: &Program,
    heap: &mut Heap,
    types: &[TypeId],
    bytes: &[u8],
    steps: &mut Steps,
) -> Result<Vec<u64>, DecodeFault> {
    let mut build = Build {
        program,
        heap,
        bytes: Reader::new(bytes, DATA_BYTES)?,
        slots: Vec::new(),
        stack: Vec::new(),
        steps,
    };
    for ty in types {
        let slot = build.slots.len();
        let count = program.slot_count(*ty);
        build.slots.resize(slot + count, 0);
        build.stack.push(Item::Value(*ty, Dest::Slot(slot)));
        build.run()?;
    }
    build.bytes.finish()?;
    Ok(build.slots)
}

/// The word of a value that is a number, if the type's values are: what [`decode`] would answer,
/// for one step.
pub(crate) fn decode_number(
    program: &Program,
    ty: TypeId,
    bytes: &[u8],
) -> Option<Result<u64, DecodeFault>> {
    let read = |read: fn(&mut Reader<'_>) -> Result<u64, DecodeFault>| {
        let mut reader = Reader::new(bytes, DATA_BYTES)?;
        let word = read(&mut reader)?;
        reader.finish()?;
        Ok(word)
    };
    Some(match program.shape(ty) {
        Shape::Bool => read(|reader| Ok(reader.flag()?.into())),
        Shape::Int | Shape::Duration => read(|reader| Ok(reader.signed()? as u64)),
        Shape::Float => read(float),
        _ => return None,
    })
}

fn float(reader: &mut Reader<'_>) -> Result<u64, DecodeFault> {
    let bytes = reader.raw(8)?;
    let bytes = bytes.try_into().expect("raw(8) answers 8 bytes");
    canonical_float(u64::from_le_bytes(bytes))
}

/// Where a decoded word goes.
#[derive(Clone, Copy)]
enum Dest {
    Slot(usize),
    Word(usize),
    ListByte(Ref, usize),
}

/// What is still to be built, the next thing last.
enum Item {
    Value(TypeId, Dest),
    Element(Element, Dest),
    List(Element, Ref, usize, usize),
    Entries(Element, Option<Element>, Ref, usize, usize),
}

struct Build<'a, 'h> {
    program: &'a Program,
    heap: &'h mut Heap,
    bytes: Reader<'a>,
    slots: Vec<u64>,
    stack: Vec<Item>,
    steps: &'h mut Steps,
}

impl Build<'_, '_> {
    fn run(&mut self) -> Result<(), DecodeFault> {
        while let Some(item) = self.stack.pop() {
            self.steps.spend(1)?;
            match item {
                Item::Value(ty, dest) => self.value(ty, dest)?,
                Item::Element(element, dest) => self.element(element, dest)?,
                Item::List(element, list, index, count) => {
                    if index < count {
                        self.stack.push(Item::List(element, list, index + 1, count));
                        let dest = Dest::Word(self.heap.list_word_at(list, index));
                        self.stack.push(Item::Element(element, dest));
                    }
                }
                Item::Entries(key, value, map, entry, count) => {
                    self.entry(key, value, map, entry, count)?;
                }
            }
            self.steps.wait(self.stack.len())?;
            if self.heap.is_over_quota() {
                return Err(DecodeFault::HeapFull);
            }
        }
        Ok(())
    }

    fn put(&mut self, dest: Dest, word: u64) {
        match dest {
            Dest::Slot(index) => self.slots[index] = word,
            Dest::Word(at) => self.heap.set_word(at, word),
            Dest::ListByte(list, index) => self.heap.list_set_byte(list, index, word),
        }
    }

    fn put_ref(&mut self, dest: Dest, reference: Ref) {
        self.put(dest, reference.word());
    }

    fn value(&mut self, ty: TypeId, dest: Dest) -> Result<(), DecodeFault> {
        let program = self.program;
        match program.shape(ty) {
            Shape::Unit => self.nothing()?,
            Shape::Bool => {
                let value = self.bytes.flag()?;
                self.put(dest, value.into());
            }
            Shape::Int | Shape::Duration => {
                let value = self.bytes.signed()?;
                self.put(dest, value as u64);
            }
            Shape::Float => {
                let word = float(&mut self.bytes)?;
                self.put(dest, word);
            }
            Shape::SmallEnum(variants) => {
                let variant = self.variant(usize::from(*variants))?;
                self.put(dest, variant as u64);
            }
            Shape::Str | Shape::Name => {
                let bytes = self.bytes.blob()?;
                std::str::from_utf8(bytes).map_err(|_| DecodeFault::Malformed)?;
                let blob = self.heap.new_blob(ty, bytes);
                self.put_ref(dest, blob);
            }
            Shape::Bytes => {
                let bytes = self.bytes.blob()?;
                let blob = self.heap.new_blob(ty, bytes);
                self.put_ref(dest, blob);
            }
            Shape::Identity => {
                let blob = self.heap.new_blob(ty, &self.bytes.hash()?);
                self.put_ref(dest, blob);
            }
            Shape::Option { inner, nullable } => self.option(*inner, *nullable, dest)?,
            Shape::Record(fields) => {
                if fields.is_empty() {
                    self.nothing()?;
                }
                self.record(ty, 0, fields, dest);
            }
            Shape::Enum(variants) => {
                let variant = self.variant(variants.len())?;
                self.record(ty, variant as u16, &variants[variant], dest);
            }
            Shape::List(element) => self.list(ty, *element, dest)?,
            Shape::Map { key, value } => self.map(ty, *key, Some(*value), dest)?,
            Shape::Set(key) => self.map(ty, *key, None, dest)?,
            Shape::Tag(value) => {
                let (tag, id) = self.tag()?;
                if self.program.tags[id.index()].value != *value {
                    return Err(DecodeFault::Malformed);
                }
                self.put_ref(dest, tag);
            }
            Shape::AnyTag => {
                let (tag, _) = self.tag()?;
                self.put_ref(dest, tag);
            }
            Shape::Place => self.place(ty, dest)?,
            Shape::Function => return Err(DecodeFault::Malformed),
        }
        Ok(())
    }

    fn nothing(&mut self) -> Result<(), DecodeFault> {
        match self.bytes.byte()? {
            0 => Ok(()),
            _ => Err(DecodeFault::Malformed),
        }
    }

    fn variant(&mut self, count: usize) -> Result<usize, DecodeFault> {
        let variant = usize::try_from(self.bytes.number()?).unwrap_or(usize::MAX);
        if variant < count {
            Ok(variant)
        } else {
            Err(DecodeFault::Malformed)
        }
    }

    fn option(&mut self, inner: TypeId, nullable: bool, dest: Dest) -> Result<(), DecodeFault> {
        if !self.bytes.flag()? {
            return Ok(());
        }
        let payload = match (nullable, dest) {
            (true, dest) => dest,
            (false, dest) => {
                self.put(dest, 1);
                match dest {
                    Dest::Slot(index) => Dest::Slot(index + 1),
                    Dest::Word(at) => Dest::Word(at + 1),
                    packed => packed,
                }
            }
        };
        self.stack.push(Item::Value(inner, payload));
        Ok(())
    }

    fn record(&mut self, ty: TypeId, variant: u16, fields: &[FieldShape], dest: Dest) {
        let layouts = &self.program.statics.layouts;
        let len = layouts.record(ty, variant).map_or(0, |layout| layout.len());
        let record = self.heap.new_zeroed_record(layouts, (ty, variant), len);
        self.put_ref(dest, record);
        let values = fields.iter().rev().map(|field| {
            let at = record.addr().at(FIELDS + usize::from(field.slot));
            Item::Value(field.ty, Dest::Word(at))
        });
        self.stack.extend(values);
    }

    /// A value in one word, which may be a box around its slots.
    fn element(&mut self, element: Element, dest: Dest) -> Result<(), DecodeFault> {
        if !element.boxed {
            return self.value(element.ty, dest);
        }
        let slots = self.program.slot_count(element.ty);
        let layouts = &self.program.statics.layouts;
        let record = self.heap.new_zeroed_record(layouts, (element.ty, 0), slots);
        self.put_ref(dest, record);
        let at = record.addr().at(FIELDS);
        self.value(element.ty, Dest::Word(at))
    }

    fn list(&mut self, ty: TypeId, element: Element, dest: Dest) -> Result<(), DecodeFault> {
        let count = self.bytes.length()?;
        let size = if element.kind == Kind::Int || element.kind == Kind::Float {
            8
        } else {
            1
        };
        let block = match element.kind {
            Kind::Int | Kind::Float | Kind::Bool => Some(self.bytes.raw(count * size)?),
            _ => None,
        };
        if self
            .heap
            .would_be_over_quota(Heap::list_words(element.kind, count))
        {
            return Err(DecodeFault::HeapFull);
        }
        let list = self.heap.list_of(ty, element.kind, count, 0);
        self.put_ref(dest, list);
        match block {
            Some(block) => self.fill_flat(element.kind, list, block),
            None => {
                self.stack.push(Item::List(element, list, 0, count));
                Ok(())
            }
        }
    }

    fn fill_flat(&mut self, kind: Kind, list: Ref, block: &[u8]) -> Result<(), DecodeFault> {
        if kind == Kind::Bool {
            if block.iter().any(|byte| *byte > 1) {
                return Err(DecodeFault::Malformed);
            }
            for (index, byte) in block.iter().enumerate() {
                self.put(Dest::ListByte(list, index), u64::from(*byte));
            }
            return Ok(());
        }
        for (index, chunk) in block.as_chunks().0.iter().enumerate() {
            let mut word = u64::from_le_bytes(*chunk);
            if kind == Kind::Float {
                word = canonical_float(word)?;
            }
            self.heap.list_set_word(list, index, word);
        }
        Ok(())
    }

    fn map(
        &mut self,
        ty: TypeId,
        key: Element,
        value: Option<Element>,
        dest: Dest,
    ) -> Result<(), DecodeFault> {
        let count = self.bytes.length()?;
        let map = self.heap.new_map(ty);
        self.put_ref(dest, map);
        let kinds = self.heap.map_kinds(&self.program.statics, map);
        if self
            .heap
            .would_be_over_quota(Heap::restore_words(kinds, count))
        {
            return Err(DecodeFault::HeapFull);
        }
        self.heap.map_reserve(&self.program.statics, map, count);
        self.stack.push(Item::Entries(key, value, map, 0, count));
        Ok(())
    }

    /// Leaves the next entry on the stack; finishes the map behind the last one.
    fn entry(
        &mut self,
        key: Element,
        value: Option<Element>,
        map: Ref,
        entry: usize,
        count: usize,
    ) -> Result<(), DecodeFault> {
        if entry == count {
            return self.finish_map(map, count);
        }
        self.stack
            .push(Item::Entries(key, value, map, entry + 1, count));
        let statics = &self.program.statics;
        self.heap.map_restore_entry(statics, map, entry, 0, 0);
        let kinds = self.heap.map_kinds(statics, map);
        let at = self
            .heap
            .map_entry(map, kinds, entry)
            .ok_or(DecodeFault::Malformed)?;
        if let Some(value) = value {
            self.stack
                .push(Item::Element(value, Dest::Word(at + ENTRY_VALUE)));
        }
        self.stack
            .push(Item::Element(key, Dest::Word(at + ENTRY_KEY)));
        Ok(())
    }

    fn finish_map(&mut self, map: Ref, count: usize) -> Result<(), DecodeFault> {
        let statics = &self.program.statics;
        let distinct = self
            .heap
            .map_finish(statics, map, count, self.steps, &mut NoMemo)?;
        if distinct {
            Ok(())
        } else {
            Err(DecodeFault::Malformed)
        }
    }

    fn tag(&mut self) -> Result<(Ref, TagId), DecodeFault> {
        let base = self.bytes.hash()?;
        let key = self.bytes.blob()?;
        let id = *self
            .program
            .tags_by_base
            .get(&base)
            .ok_or(DecodeFault::Malformed)?;
        let keys = &self.program.tags[id.index()].keys;
        check_tag_key(self.program, self.heap, keys, key, self.steps)?;
        Ok((self.heap.new_tag(id, key), id))
    }

    fn place(&mut self, ty: TypeId, dest: Dest) -> Result<(), DecodeFault> {
        let mut tags = [Vec::new(), Vec::new()];
        for part in &mut tags {
            let count = self.bytes.length()?;
            let mut last: Option<([u8; 32], Vec<u8>)> = None;
            for _ in 0..count {
                self.steps.spend(1)?;
                let (tag, id) = self.tag()?;
                let key = self.heap.bytes_of(&self.program.statics, tag).to_vec();
                let name = (self.program.tags[id.index()].base, key);
                if last.as_ref().is_some_and(|last| *last >= name) {
                    return Err(DecodeFault::Malformed);
                }
                last = Some(name);
                part.push(tag.word());
            }
        }
        let place = self.heap.new_place(ty, &tags[0], &tags[1]);
        self.put_ref(dest, place);
        Ok(())
    }
}

/// Checks that bytes are the encoded keys of a member of a family. Leaves the heap as it was.
pub(crate) fn check_tag_key(
    program: &Program,
    heap: &mut Heap,
    keys: &[TypeId],
    key: &[u8],
    steps: &mut Steps,
) -> Result<(), DecodeFault> {
    // It also bounds how deeply tags whose keys are tags can be nested.
    if key.len() > KEY_BYTES {
        return Err(DecodeFault::Malformed);
    }
    let mark = heap.size();
    let result = decode(program, heap, keys, key, steps);
    heap.forget_after(mark);
    result.map(|_| ())
}

pub(crate) fn canonical_float(word: u64) -> Result<u64, DecodeFault> {
    if FloatBits(word).is_canonical() {
        Ok(word)
    } else {
        Err(DecodeFault::Malformed)
    }
}
