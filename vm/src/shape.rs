//! Types as the walks over data see them: which fields, at which slots.

use sm_bytecode::types::Type;
use sm_bytecode::{Slot, TypeIx, TypeTable};

use crate::heap::layout::{Kind, RecordLayout, TypeLayout};
use crate::index::TypeId;

/// What a value of a type consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Unit,
    Bool,
    Int,
    Float,
    Duration,
    Str,
    Bytes,
    /// `Id`, `Node` and `Hop`: a blob of 32 bytes.
    Identity,
    Name,
    Place,
    /// An enum without fields, which has so many variants.
    SmallEnum(u16),
    Option {
        inner: TypeId,
        /// Whether the value is one nullable reference; otherwise a flag comes first.
        nullable: bool,
    },
    /// A struct or tuple.
    Record(Box<[FieldShape]>),
    /// An enum with fields.
    Enum(Box<[Box<[FieldShape]>]>),
    List(Element),
    Map {
        key: Element,
        value: Element,
    },
    Set(Element),
    Tag(TypeId),
    AnyTag,
    Function,
}

/// One field of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FieldShape {
    pub(crate) ty: TypeId,
    /// Its first slot in the record.
    pub(crate) slot: u16,
}

/// An element of a list, a key or a value of a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Element {
    pub(crate) ty: TypeId,
    pub(crate) kind: Kind,
    /// Whether the word refers to a box with the value's slots.
    pub(crate) boxed: bool,
}

impl Shape {
    pub(crate) fn of(types: &TypeTable, ty: TypeIx) -> Shape {
        match &types.as_slice()[ty.index()] {
            Type::Unit => Shape::Unit,
            Type::Bool => Shape::Bool,
            Type::Int => Shape::Int,
            Type::Float => Shape::Float,
            Type::Duration => Shape::Duration,
            Type::Str => Shape::Str,
            Type::Bytes => Shape::Bytes,
            Type::Id | Type::Node | Type::Hop => Shape::Identity,
            Type::Name => Shape::Name,
            Type::Place => Shape::Place,
            Type::List(elem) => Shape::List(Element::of(types, *elem)),
            Type::Map(key, value) => Shape::Map {
                key: Element::of(types, *key),
                value: Element::of(types, *value),
            },
            Type::Set(elem) => Shape::Set(Element::of(types, *elem)),
            Type::Option(inner) => Shape::Option {
                inner: TypeId(inner.0),
                nullable: matches!(types.slots(ty)[..], [Slot::OptRef(_)]),
            },
            Type::Tuple(parts) => Shape::Record(fields(types, parts.iter().copied())),
            Type::Fn { .. } => Shape::Function,
            Type::Tag(value) => Shape::Tag(TypeId(value.0)),
            Type::AnyTag => Shape::AnyTag,
            Type::Struct { fields: all, .. } => {
                Shape::Record(fields(types, all.iter().map(|field| field.ty)))
            }
            Type::Enum { variants, .. } if types.as_slice()[ty.index()].is_small_enum() => {
                Shape::SmallEnum(variants.len() as u16)
            }
            Type::Enum { variants, .. } => {
                let each = variants.iter();
                let each = each.map(|v| fields(types, v.fields.iter().map(|field| field.ty)));
                Shape::Enum(each.collect())
            }
        }
    }
}

impl Element {
    fn of(types: &TypeTable, ty: TypeIx) -> Element {
        Element {
            ty: TypeId(ty.0),
            kind: kind_of(types, types.elem(ty)),
            boxed: types.slots(ty).len() != 1,
        }
    }
}

fn fields(types: &TypeTable, all: impl Iterator<Item = TypeIx>) -> Box<[FieldShape]> {
    let mut slot = 0;
    all.map(|ty| {
        let field = FieldShape {
            ty: TypeId(ty.0),
            slot,
        };
        slot += types.slots(ty).len() as u16;
        field
    })
    .collect()
}

/// What stands in a slot.
pub(crate) fn kind_of(types: &TypeTable, slot: Slot) -> Kind {
    match slot {
        Slot::Int => Kind::Int,
        Slot::Float => Kind::Float,
        Slot::Bool => Kind::Bool,
        Slot::Enum(ty) => match &types.as_slice()[ty.index()] {
            Type::Enum { variants, .. } => Kind::Enum(variants.len() as u16),
            _ => Kind::Enum(0),
        },
        Slot::Ref(ty) => Kind::Ref(TypeId(ty.0)),
        Slot::OptRef(ty) => Kind::OptRef(TypeId(ty.0)),
    }
}

/// What objects of a type look like in the heap.
pub(crate) fn layout_of(types: &TypeTable, ty: TypeIx) -> TypeLayout {
    let record = |variant| {
        let slots = types.record_slots(ty, variant)?;
        Some(RecordLayout::new(
            slots.into_iter().map(|slot| kind_of(types, slot)).collect(),
        ))
    };
    match &types.as_slice()[ty.index()] {
        Type::Str | Type::Bytes | Type::Name | Type::Id | Type::Node | Type::Hop => {
            TypeLayout::Blob
        }
        Type::Place => TypeLayout::Place,
        Type::List(elem) => TypeLayout::List(kind_of(types, types.elem(*elem))),
        Type::Map(key, value) => TypeLayout::Map {
            key: kind_of(types, types.elem(*key)),
            value: Some(kind_of(types, types.elem(*value))),
        },
        Type::Set(elem) => TypeLayout::Map {
            key: kind_of(types, types.elem(*elem)),
            value: None,
        },
        Type::Fn { .. } => TypeLayout::Closure,
        Type::Tag(_) | Type::AnyTag => TypeLayout::Tag,
        Type::Enum { variants, .. } => {
            let all = (0..variants.len() as u16).filter_map(record);
            TypeLayout::Record(all.collect())
        }
        _ => match record(0) {
            Some(record) => TypeLayout::Record(Box::new([record])),
            None => TypeLayout::Scalar,
        },
    }
}
