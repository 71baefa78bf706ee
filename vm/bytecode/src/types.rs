//! Source-level types, the table that a brick keeps them in, and how values sit in registers.
//!
//! A [`Type`] refers to other types by [`TypeIx`], so recursive types need no tricks. A type is
//! named by its content ([`TypeTable::hashes`]), never by its place in a table.

pub(crate) mod check;
pub(crate) mod codec;
mod content;
mod show;
mod slots;
mod table;

#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;

use crate::index::TypeIx;

pub use check::{RecordSlot, TypeError, TypeFacts};
pub use table::{TypePool, TypeTable};

/// A type of the language, after all generics are specialised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// The type with one value.
    Unit,
    /// `true` and `false`.
    Bool,
    /// A signed 64-bit integer.
    Int,
    /// An IEEE 754 double.
    Float,
    /// A signed 64-bit count of nanoseconds.
    Duration,
    /// Immutable UTF-8 text.
    Str,
    /// Immutable bytes.
    Bytes,
    /// The identity of a message: 32 bytes.
    Id,
    /// The identity of a node: 32 bytes.
    Node,
    /// A neighbor: 32 bytes.
    Hop,
    /// The canonical text of a place.
    Name,
    /// A predicate over tags: wanted ones and unwanted ones.
    Place,
    /// `[T]`, mutable.
    List(TypeIx),
    /// `[K: V]`, mutable, in insertion order.
    Map(TypeIx, TypeIx),
    /// `Set<T>`, mutable, in insertion order.
    Set(TypeIx),
    /// `T?`. Nested options are not flattened.
    Option(TypeIx),
    /// A tuple of two or more.
    Tuple(Vec<TypeIx>),
    /// A closure or function value.
    Fn {
        /// Parameter types.
        params: Vec<TypeIx>,
        /// Result type.
        result: TypeIx,
    },
    /// A tag whose value has the given type.
    Tag(TypeIx),
    /// A tag whose value type is forgotten: what places are made of.
    AnyTag,
    /// A struct.
    Struct {
        /// Name, without a module.
        name: String,
        /// Arguments of a generic struct.
        args: Vec<TypeIx>,
        /// Fields, in declaration order.
        fields: Vec<Field>,
    },
    /// An enum. `Result` and the errors of the primitives are ordinary enums of the library.
    Enum {
        /// Name, without a module.
        name: String,
        /// Arguments of a generic enum.
        args: Vec<TypeIx>,
        /// Variants, in declaration order.
        variants: Vec<Variant>,
    },
}

/// A field of a struct or of a variant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Field {
    /// Its name; empty for a positional field of a variant.
    pub name: String,
    /// Its type.
    pub ty: TypeIx,
    /// Whether it was declared `var`. Fields of variants never are.
    pub mutable: bool,
}

/// A variant of an enum.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What it carries.
    pub fields: Vec<Field>,
}

/// What one register or one field of a heap object holds.
///
/// | type | slots |
/// | --- | --- |
/// | `Unit` | none |
/// | `Bool`, `Int`, `Float` | itself |
/// | `Duration` | `Int` |
/// | an enum without fields in any variant | `Enum` |
/// | `T?` where `T` is one `Ref` | `OptRef` |
/// | other `T?` | `Bool` (is there a value), then the slots of `T`, zero or null without one |
/// | everything else | `Ref` |
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Slot {
    /// A 64-bit integer.
    Int,
    /// A double.
    Float,
    /// A truth value.
    Bool,
    /// A variant's number of an enum without fields.
    Enum(TypeIx),
    /// A reference to an object of this type, never null.
    Ref(TypeIx),
    /// A reference to an object of this type, or null.
    OptRef(TypeIx),
}

impl Slot {
    /// Whether the slot holds a reference that the collector follows.
    pub const fn is_ref(self) -> bool {
        matches!(self, Slot::Ref(_) | Slot::OptRef(_))
    }

    /// The type that the slot names, if it names one.
    pub const fn ty(self) -> Option<TypeIx> {
        match self {
            Slot::Enum(ty) | Slot::Ref(ty) | Slot::OptRef(ty) => Some(ty),
            Slot::Int | Slot::Float | Slot::Bool => None,
        }
    }

    /// The slot with its type renumbered.
    pub fn map(self, renumber: impl FnOnce(TypeIx) -> TypeIx) -> Slot {
        match self {
            Slot::Enum(ty) => Slot::Enum(renumber(ty)),
            Slot::Ref(ty) => Slot::Ref(renumber(ty)),
            Slot::OptRef(ty) => Slot::OptRef(renumber(ty)),
            plain => plain,
        }
    }
}

impl Type {
    /// Calls `visit` for each type that this one refers to, in the order of the encoding.
    pub fn for_each_part(&self, mut visit: impl FnMut(TypeIx)) {
        match self {
            Type::List(ty) | Type::Set(ty) | Type::Option(ty) | Type::Tag(ty) => visit(*ty),
            Type::Map(key, value) => {
                visit(*key);
                visit(*value);
            }
            Type::Tuple(parts) => parts.iter().copied().for_each(visit),
            Type::Fn { params, result } => {
                params.iter().copied().for_each(&mut visit);
                visit(*result);
            }
            Type::Struct { args, fields, .. } => {
                args.iter().copied().for_each(&mut visit);
                fields.iter().for_each(|field| visit(field.ty));
            }
            Type::Enum { args, variants, .. } => {
                args.iter().copied().for_each(&mut visit);
                variants
                    .iter()
                    .flat_map(|v| &v.fields)
                    .for_each(|field| visit(field.ty));
            }
            _ => {}
        }
    }

    /// Calls `visit` for each reference to another type, so that it can be replaced; in the order
    /// of [`Type::for_each_part`].
    pub fn for_each_part_mut(&mut self, mut visit: impl FnMut(&mut TypeIx)) {
        match self {
            Type::List(ty) | Type::Set(ty) | Type::Option(ty) | Type::Tag(ty) => visit(ty),
            Type::Map(key, value) => {
                visit(key);
                visit(value);
            }
            Type::Tuple(parts) => parts.iter_mut().for_each(visit),
            Type::Fn { params, result } => {
                params.iter_mut().for_each(&mut visit);
                visit(result);
            }
            Type::Struct { args, fields, .. } => {
                args.iter_mut().for_each(&mut visit);
                fields.iter_mut().for_each(|field| visit(&mut field.ty));
            }
            Type::Enum { args, variants, .. } => {
                args.iter_mut().for_each(&mut visit);
                let fields = variants.iter_mut().flat_map(|v| &mut v.fields);
                fields.for_each(|field| visit(&mut field.ty));
            }
            _ => {}
        }
    }

    /// Whether this is a struct or an enum: every recursion of types goes through one.
    pub const fn is_nominal(&self) -> bool {
        matches!(self, Type::Struct { .. } | Type::Enum { .. })
    }

    /// Whether this is an enum without fields, held as a small number.
    pub fn is_small_enum(&self) -> bool {
        matches!(self, Type::Enum { variants, .. } if variants.iter().all(|v| v.fields.is_empty()))
    }
}
