//! Values as the language writes them, for `{x}` in text and for names of places.

use sm_bytecode::TypeIx;
use sm_bytecode::types::{Field, Type};

use crate::data::{At, NotData, View, behind, data_steps, field};
use crate::heap::key::Steps;
use crate::heap::layout::Ref;
use crate::index::{TagId, TypeId};
use crate::limits::DATA_BYTES;
use crate::shape::{Element, FieldShape, Shape};
use crate::text::{
    name_for_people, write_bytes, write_duration, write_float, write_quoted, write_short_id,
};

/// The text of a value; `Str` itself stands without quotes, but has them inside other values.
pub(crate) fn show(view: View<'_>, ty: TypeId) -> Result<String, NotData> {
    if let Shape::Str = view.program.shape(ty) {
        return Ok(text(view, view.reference(At::Slot(0))).to_owned());
    }
    let mut walk = Walk {
        view,
        out: String::new(),
        stack: vec![Item::Value(ty, At::Slot(0))],
        steps: data_steps(),
    };
    walk.run()?;
    Ok(walk.out)
}

/// A tag as it is written in a program: its name, and the keys of a member.
pub(crate) fn show_tag(view: View<'_>, tag: Ref) -> String {
    let id = view.heap.tag_of(tag);
    let key = view.heap.bytes_of(&view.program.statics, tag);
    let mut out = view.program.tags[id.index()].decl.name.clone();
    write_keys(view, id, key, &mut out);
    out
}

/// The keys of a member are kept encoded, so they are read back as values first.
fn write_keys(view: View<'_>, id: TagId, key: &[u8], out: &mut String) {
    let tag = &view.program.tags[id.index()];
    if tag.keys.is_empty() {
        return;
    }
    let keys = tag.keys.iter().map(|ty| TypeIx(ty.0)).collect::<Vec<_>>();
    out.push('(');
    match crate::value::decode_all(key, &view.program.types, &keys) {
        Ok(values) => {
            let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
            out.push_str(&shown.join(", "));
        }
        Err(_) => out.push_str(".."),
    }
    out.push(')');
}

/// A place as it is written in a program.
pub(crate) fn show_place(view: View<'_>, wanted: &[u64], unwanted: &[u64], out: &mut String) {
    out.push('{');
    for (index, tag) in wanted.iter().chain(unwanted).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if index >= wanted.len() {
            out.push('!');
        }
        out.push_str(&show_tag(view, Ref::of_word(*tag)));
    }
    out.push('}');
}

/// The text of a blob that is known to be one.
pub(crate) fn text<'a>(view: View<'a>, blob: Ref) -> &'a str {
    let bytes = view.heap.bytes_of(&view.program.statics, blob);
    // Text enters the heap as UTF-8 only.
    std::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

enum Item<'a> {
    Value(TypeId, At),
    Text(&'a str),
    List(Element, Ref, usize),
    /// Key, value, map, number of the entry, and how many were written before it.
    Entries(Element, Option<Element>, Ref, usize, usize),
}

struct Walk<'a> {
    view: View<'a>,
    out: String,
    stack: Vec<Item<'a>>,
    steps: Steps,
}

impl<'a> Walk<'a> {
    fn run(&mut self) -> Result<(), NotData> {
        while let Some(item) = self.stack.pop() {
            self.steps.spend(1)?;
            match item {
                Item::Value(ty, at) => self.value(ty, at)?,
                Item::Text(text) => self.out.push_str(text),
                Item::List(element, list, index) => self.list_element(element, list, index),
                Item::Entries(key, value, map, entry, before) => {
                    self.entry(key, value, map, entry, before);
                }
            }
            self.steps.wait(self.stack.len())?;
            if self.out.len() > DATA_BYTES {
                return Err(NotData);
            }
        }
        Ok(())
    }

    fn value(&mut self, ty: TypeId, at: At) -> Result<(), NotData> {
        let view = self.view;
        let bytes = |blob| view.heap.bytes_of(&view.program.statics, blob);
        let out = &mut self.out;
        match view.program.shape(ty) {
            Shape::Unit => out.push_str("()"),
            Shape::Bool => out.push_str(if view.word(at, 0) == 0 {
                "false"
            } else {
                "true"
            }),
            Shape::Int => out.push_str(&(view.word(at, 0) as i64).to_string()),
            Shape::Float => write_float(out, f64::from_bits(view.word(at, 0))),
            Shape::Duration => write_duration(out, view.word(at, 0) as i64),
            Shape::Str => write_quoted(out, text(view, view.reference(at))),
            Shape::Bytes => write_bytes(out, bytes(view.reference(at))),
            Shape::Identity => write_short_id(out, bytes(view.reference(at))),
            Shape::Name => out.push_str(name_for_people(text(view, view.reference(at)))),
            Shape::Tag(_) | Shape::AnyTag => out.push_str(&show_tag(view, view.reference(at))),
            Shape::Place => {
                let (wanted, unwanted) = view.heap.place_tags(view.reference(at));
                show_place(view, wanted, unwanted, out);
            }
            Shape::SmallEnum(_) => self.variant_name(ty, view.word(at, 0) as usize),
            Shape::Option { inner, nullable } => self.option(*inner, *nullable, at),
            Shape::Record(fields) => self.record(ty, fields, view.reference(at)),
            Shape::Enum(variants) => {
                let record = view.reference(at);
                let variant = usize::from(view.heap.header(record.addr()).variant());
                self.variant(ty, variant, &variants[variant], record);
            }
            Shape::List(element) => {
                self.out.push('[');
                let list = view.reference(at);
                self.stack.push(Item::Text("]"));
                self.stack.push(Item::List(*element, list, 0));
            }
            Shape::Map { key, value } => self.map(*key, Some(*value), view.reference(at)),
            Shape::Set(key) => self.map(*key, None, view.reference(at)),
            Shape::Function => self.out.push_str("fn"),
        }
        Ok(())
    }

    fn source_type(&self, ty: TypeId) -> &'a Type {
        &self.view.program.types.as_slice()[ty.index()]
    }

    fn variant_name(&mut self, ty: TypeId, variant: usize) {
        if let Type::Enum { variants, .. } = self.source_type(ty) {
            self.out
                .push_str(variants.get(variant).map_or("?", |variant| &variant.name));
        }
    }

    fn option(&mut self, inner: TypeId, nullable: bool, at: At) {
        if self.view.word(at, 0) == 0 {
            return self.out.push_str("None");
        }
        self.out.push_str("Some(");
        let payload = if nullable { at } else { behind(at, 1) };
        self.stack.push(Item::Text(")"));
        self.stack.push(Item::Value(inner, payload));
    }

    fn record(&mut self, ty: TypeId, fields: &[FieldShape], record: Ref) {
        self.out.push_str(match self.source_type(ty) {
            Type::Struct { name, .. } => name,
            _ => "",
        });
        match self.source_type(ty) {
            Type::Struct { fields: named, .. } => self.fields(fields, named, record),
            _ => self.fields(fields, &[], record),
        }
    }

    fn variant(&mut self, ty: TypeId, number: usize, fields: &[FieldShape], record: Ref) {
        self.variant_name(ty, number);
        if let Type::Enum { variants, .. } = self.source_type(ty)
            && !fields.is_empty()
        {
            self.fields(fields, &variants[number].fields, record);
        }
    }

    fn fields(&mut self, fields: &[FieldShape], named: &'a [Field], record: Ref) {
        self.out.push('(');
        self.stack.push(Item::Text(")"));
        for (index, shape) in fields.iter().enumerate().rev() {
            self.stack
                .push(Item::Value(shape.ty, field(record, shape.slot.into())));
            if let Some(name) = named.get(index).filter(|field| !field.name.is_empty()) {
                self.stack.push(Item::Text(": "));
                self.stack.push(Item::Text(&name.name));
            }
            if index > 0 {
                self.stack.push(Item::Text(", "));
            }
        }
    }

    fn list_element(&mut self, element: Element, list: Ref, index: usize) {
        let heap = self.view.heap;
        if index >= heap.list_len(list) {
            return;
        }
        if index > 0 {
            self.out.push_str(", ");
        }
        self.stack.push(Item::List(element, list, index + 1));
        let at = View::element(element, heap.list_get(element.kind, list, index));
        self.stack.push(Item::Value(element.ty, at));
    }

    fn map(&mut self, key: Element, value: Option<Element>, map: Ref) {
        let empty = self.view.heap.map_len(map) == 0;
        self.out.push_str(match (value, empty) {
            (Some(_), true) => "[:",
            (Some(_), false) => "[",
            (None, _) => "#{",
        });
        let end = if value.is_some() { "]" } else { "}" };
        self.stack.push(Item::Text(end));
        self.stack.push(Item::Entries(key, value, map, 0, 0));
    }

    fn entry(
        &mut self,
        key: Element,
        value: Option<Element>,
        map: Ref,
        entry: usize,
        before: usize,
    ) {
        let heap = self.view.heap;
        if entry >= heap.map_used(map) {
            return;
        }
        let kinds = heap.map_kinds(&self.view.program.statics, map);
        let Some(name) = heap.map_key(map, kinds, entry) else {
            return self
                .stack
                .push(Item::Entries(key, value, map, entry + 1, before));
        };
        self.stack
            .push(Item::Entries(key, value, map, entry + 1, before + 1));
        if let (Some(value), Some(word)) = (value, heap.map_value(map, kinds, entry)) {
            self.stack
                .push(Item::Value(value.ty, View::element(value, word)));
            self.stack.push(Item::Text(": "));
        }
        self.stack
            .push(Item::Value(key.ty, View::element(key, name)));
        if before > 0 {
            self.stack.push(Item::Text(", "));
        }
    }
}
