//! From values to canonical bytes: what goes into tags, results and other messages.

use sm_bytecode::FloatBits;
use sm_bytecode::codec::Writer;

use crate::data::{At, NotData, View, behind, data_steps, field};
use crate::heap::key::Steps;
use crate::heap::layout::{Kind, Ref};
use crate::index::TypeId;
use crate::limits::DATA_BYTES;
use crate::shape::{Element, FieldShape, Shape};

/// Encoded values, and what it took.
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// What is charged for: bytes, or values visited where wrappers around wrappers make those
    /// more.
    pub(crate) size: u64,
}

/// The encodings of values of these types, one after the other; their slots are the view's. They
/// are written to `buffer`, which is empty.
pub(crate) fn encode(
    view: View<'_>,
    types: &[TypeId],
    buffer: Vec<u8>,
) -> Result<Encoded, NotData> {
    let mut walk = Walk {
        view,
        out: Writer::from(buffer),
        size: 0,
        stack: Vec::new(),
        steps: data_steps(),
    };
    let mut slot = 0;
    for ty in types {
        walk.item(Item::Value(*ty, At::Slot(slot)))?;
        walk.run()?;
        slot += view.program.slot_count(*ty);
    }
    let bytes = walk.out.into_bytes();
    Ok(Encoded {
        size: walk.steps.spent().max(bytes.len() as u64),
        bytes,
    })
}

/// Writes a value that is a number; whether it is one.
pub(crate) fn number(shape: &Shape, word: u64, out: &mut Writer) -> bool {
    match shape {
        Shape::Bool => out.byte(word as u8),
        Shape::Int | Shape::Duration => out.signed(word as i64),
        Shape::Float => out.raw(&FloatBits::of(f64::from_bits(word)).0.to_le_bytes()),
        _ => return false,
    }
    true
}

/// What is still to be written, the next thing last.
enum Item {
    Value(TypeId, At),
    /// The elements of a list from an index on.
    List(Element, Ref, usize),
    /// The entries of a map or set from a number on.
    Entries(Element, Option<Element>, Ref, usize),
}

struct Walk<'a> {
    view: View<'a>,
    out: Writer,
    size: usize,
    stack: Vec<Item>,
    steps: Steps,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), NotData> {
        while let Some(item) = self.stack.pop() {
            self.item(item)?;
        }
        Ok(())
    }

    fn item(&mut self, item: Item) -> Result<(), NotData> {
        self.steps.spend(1)?;
        match item {
            Item::Value(ty, at) => self.value(ty, at)?,
            Item::List(element, list, index) => self.list_element(element, list, index),
            Item::Entries(key, value, map, entry) => self.entry(key, value, map, entry),
        }
        Ok(self.steps.wait(self.stack.len())?)
    }

    fn value(&mut self, ty: TypeId, at: At) -> Result<(), NotData> {
        let program = self.view.program;
        match program.shape(ty) {
            Shape::Unit => self.out.byte(0),
            shape @ (Shape::Bool | Shape::Int | Shape::Duration | Shape::Float) => {
                number(shape, self.view.word(at, 0), &mut self.out);
            }
            Shape::SmallEnum(_) => self.out.number(self.view.word(at, 0)),
            Shape::Str | Shape::Bytes | Shape::Name => self.blob(self.view.reference(at))?,
            Shape::Identity => self.raw(self.view.reference(at))?,
            Shape::Option { inner, nullable } => self.option(*inner, *nullable, at),
            Shape::Record(fields) => {
                if fields.is_empty() {
                    self.out.byte(0);
                }
                self.fields(fields, self.view.reference(at));
            }
            Shape::Enum(variants) => {
                let record = self.view.reference(at);
                let variant = self.view.heap.header(record.addr()).variant();
                self.out.number(variant.into());
                self.fields(&variants[usize::from(variant)], record);
            }
            Shape::List(element) => self.list(*element, self.view.reference(at))?,
            Shape::Map { key, value } => self.map(*key, Some(*value), self.view.reference(at)),
            Shape::Set(key) => self.map(*key, None, self.view.reference(at)),
            Shape::Tag(_) | Shape::AnyTag => self.tag(self.view.reference(at))?,
            Shape::Place => self.place(self.view.reference(at))?,
            Shape::Function => return Err(NotData),
        }
        Ok(())
    }

    fn float(&mut self, word: u64) {
        let bits = FloatBits::of(f64::from_bits(word));
        self.out.raw(&bits.0.to_le_bytes());
    }

    /// Takes the size of a block against the limit.
    fn grow(&mut self, bytes: usize) -> Result<(), NotData> {
        self.size += bytes;
        if self.size > DATA_BYTES {
            Err(NotData)
        } else {
            Ok(())
        }
    }

    fn blob(&mut self, blob: Ref) -> Result<(), NotData> {
        let bytes = self.view.heap.bytes_of(&self.view.program.statics, blob);
        self.grow(bytes.len())?;
        self.out.blob(bytes);
        Ok(())
    }

    fn raw(&mut self, blob: Ref) -> Result<(), NotData> {
        let bytes = self.view.heap.bytes_of(&self.view.program.statics, blob);
        self.grow(bytes.len())?;
        self.out.raw(bytes);
        Ok(())
    }

    fn option(&mut self, inner: TypeId, nullable: bool, at: At) {
        let some = self.view.word(at, 0) != 0;
        self.out.byte(u8::from(some));
        if some {
            let payload = if nullable { at } else { behind(at, 1) };
            self.stack.push(Item::Value(inner, payload));
        }
    }

    fn fields(&mut self, fields: &[FieldShape], record: Ref) {
        let values = fields.iter().rev();
        let values = values.map(|f| Item::Value(f.ty, field(record, f.slot.into())));
        self.stack.extend(values);
    }

    fn list(&mut self, element: Element, list: Ref) -> Result<(), NotData> {
        let heap = self.view.heap;
        let len = heap.list_len(list);
        self.out.length(len);
        match element.kind {
            Kind::Bool => {
                self.grow(len)?;
                self.out.raw(heap.list_bytes(list));
            }
            Kind::Int => {
                self.grow(len * 8)?;
                let words = heap.list_elements(list);
                words
                    .iter()
                    .for_each(|word| self.out.raw(&word.to_le_bytes()));
            }
            Kind::Float => {
                self.grow(len * 8)?;
                heap.list_elements(list)
                    .iter()
                    .for_each(|word| self.float(*word));
            }
            _ => self.stack.push(Item::List(element, list, 0)),
        }
        Ok(())
    }

    fn list_element(&mut self, element: Element, list: Ref, index: usize) {
        let Some(word) = self.view.heap.list_elements(list).get(index) else {
            return;
        };
        self.stack.push(Item::List(element, list, index + 1));
        let at = View::element(element, *word);
        self.stack.push(Item::Value(element.ty, at));
    }

    fn map(&mut self, key: Element, value: Option<Element>, map: Ref) {
        self.out.length(self.view.heap.map_len(map));
        self.stack.push(Item::Entries(key, value, map, 0));
    }

    fn entry(&mut self, key: Element, value: Option<Element>, map: Ref, entry: usize) {
        let heap = self.view.heap;
        if entry >= heap.map_used(map) {
            return;
        }
        self.stack.push(Item::Entries(key, value, map, entry + 1));
        let kinds = heap.map_kinds(&self.view.program.statics, map);
        let Some(name) = heap.map_key(map, kinds, entry) else {
            return;
        };
        if let (Some(value), Some(word)) = (value, heap.map_value(map, kinds, entry)) {
            let at = View::element(value, word);
            self.stack.push(Item::Value(value.ty, at));
        }
        let at = View::element(key, name);
        self.stack.push(Item::Value(key.ty, at));
    }

    fn tag(&mut self, tag: Ref) -> Result<(), NotData> {
        let program = self.view.program;
        let id = self.view.heap.tag_of(tag);
        self.grow(32)?;
        self.out.raw(&program.tags[id.index()].base);
        self.blob(tag)
    }

    fn place(&mut self, place: Ref) -> Result<(), NotData> {
        let (wanted, unwanted) = self.view.heap.place_tags(place);
        for tags in [wanted, unwanted] {
            self.out.length(tags.len());
            for tag in tags {
                self.steps.spend(1)?;
                self.tag(Ref::of_word(*tag))?;
            }
        }
        Ok(())
    }
}
