//! Well-formed tables of types, and what types may be used for.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::codec::DecodeError;
use crate::hash::TypeHash;
use crate::index::TypeIx;
use crate::limits::{
    MAX_NAME_BYTES, MAX_PARAMS, MAX_RECORD_SLOTS, MAX_TYPES, MAX_VALUE_SLOTS, MAX_VARIANTS,
};
use crate::types::{Field, Slot, Type, TypeTable, Variant};

/// Why a table of types is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeError {
    /// More types than [`MAX_TYPES`].
    TooManyTypes,
    /// The type refers to a type that is not in the table.
    UnknownPart(TypeIx),
    /// The same type stands twice in the table.
    Duplicate(TypeIx),
    /// The type contains itself, but not through a struct or an enum.
    Unfounded(TypeIx),
    /// Types refer to each other in circles that are too large to be named.
    KnotTooLarge,
    /// A tuple of fewer than two.
    ShortTuple(TypeIx),
    /// More variants than [`MAX_VARIANTS`].
    TooManyVariants(TypeIx),
    /// A value with more slots than [`MAX_VALUE_SLOTS`] or a record with more than
    /// [`MAX_RECORD_SLOTS`].
    TooManySlots(TypeIx),
    /// A name that is too long or not fit to be shown.
    BadName(TypeIx),
    /// A field of a variant that is declared mutable.
    MutableVariant(TypeIx),
    /// A map or set whose keys are mutable or contain a `Float` or a function.
    BadKey(TypeIx),
    /// A tag whose value contains a function.
    NotData(TypeIx),
    /// A descriptor that is not in canonical order.
    NotCanonical,
    /// Bytes that are no types.
    Decode(DecodeError),
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeError::TooManyTypes => f.write_str("too many types"),
            TypeError::UnknownPart(ix) => write!(f, "{ix} refers to an unknown type"),
            TypeError::Duplicate(ix) => write!(f, "{ix} is there twice"),
            TypeError::Unfounded(ix) => write!(f, "{ix} contains itself without a struct or enum"),
            TypeError::KnotTooLarge => f.write_str("too many types refer to each other"),
            TypeError::ShortTuple(ix) => write!(f, "{ix} is a tuple of fewer than two"),
            TypeError::TooManyVariants(ix) => write!(f, "{ix} has too many variants"),
            TypeError::TooManySlots(ix) => write!(f, "{ix} has too many slots"),
            TypeError::BadName(ix) => write!(f, "{ix} has a name that cannot be shown"),
            TypeError::MutableVariant(ix) => write!(f, "{ix} has a mutable field in a variant"),
            TypeError::BadKey(ix) => write!(f, "{ix} has keys that cannot be keys"),
            TypeError::NotData(ix) => write!(f, "{ix} is a tag of functions"),
            TypeError::NotCanonical => f.write_str("the types are not in canonical order"),
            TypeError::Decode(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TypeError {}

/// What is known about the types of a well-formed table, worked out once.
#[derive(Clone, Debug)]
pub struct TypeFacts {
    hashes: Vec<TypeHash>,
    data: Vec<bool>,
    key: Vec<bool>,
    slots: Vec<Vec<Slot>>,
    records: Vec<Vec<Vec<RecordSlot>>>,
}

/// One slot of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordSlot {
    /// What it holds.
    pub slot: Slot,
    /// Whether it belongs to a field that was declared `var`.
    pub mutable: bool,
}

/// All methods panic if the type is not in the table.
impl TypeFacts {
    /// The names of all types, in the table's order.
    pub fn hashes(&self) -> &[TypeHash] {
        &self.hashes
    }

    /// The name of a type.
    pub fn hash(&self, ix: TypeIx) -> TypeHash {
        self.hashes[ix.index()]
    }

    /// Whether values contain no function: they can be copied into tags and other messages.
    pub fn is_data(&self, ix: TypeIx) -> bool {
        self.data[ix.index()]
    }

    /// Whether values can be keys: immutable data without `Float`.
    pub fn is_key(&self, ix: TypeIx) -> bool {
        self.key[ix.index()]
    }

    /// As [`TypeTable::slots`].
    pub fn slots(&self, ix: TypeIx) -> &[Slot] {
        &self.slots[ix.index()]
    }

    /// As [`TypeTable::elem`].
    pub fn elem(&self, ix: TypeIx) -> Slot {
        match self.slots(ix) {
            [single] => *single,
            _ => Slot::Ref(ix),
        }
    }

    /// The slots of the record that a `Ref(ix)` points to, as [`TypeTable::record_slots`].
    pub fn record(&self, ix: TypeIx, variant: u16) -> Option<&[RecordSlot]> {
        self.records[ix.index()]
            .get(usize::from(variant))
            .map(Vec::as_slice)
    }

    /// The records of a type: one for each variant of an enum with fields, one for a struct, a
    /// tuple or a boxed type, none for others.
    pub fn records(&self, ix: TypeIx) -> &[Vec<RecordSlot>] {
        &self.records[ix.index()]
    }
}

impl TypeTable {
    /// Checks that the table is well-formed, and says what its types may be used for. Linear in
    /// the size of the table.
    ///
    /// # Errors
    /// The first fault that is found.
    pub fn check(&self) -> Result<TypeFacts, TypeError> {
        self.check_len()?;
        let hashes = self.hashes()?;
        self.check_named(hashes)
    }

    /// As [`TypeTable::check`], with the names of the types.
    pub(crate) fn check_named(&self, hashes: Vec<TypeHash>) -> Result<TypeFacts, TypeError> {
        self.check_len()?;
        self.check_duplicates(&hashes)?;
        self.check_founded()?;
        self.check_sizes()?;
        let data = self.spread(|ty| !matches!(ty, Type::Fn { .. }));
        let key = self.spread(is_key_by_itself);
        for (ix, ty) in self.iter() {
            match ty {
                Type::Map(part, _) | Type::Set(part) if !key[part.index()] => {
                    return Err(TypeError::BadKey(ix));
                }
                Type::Tag(value) if !data[value.index()] => return Err(TypeError::NotData(ix)),
                _ => {}
            }
        }
        let slots: Vec<_> = self.iter().map(|(ix, _)| self.slots(ix)).collect();
        let records = self.records(&slots)?;
        Ok(TypeFacts {
            hashes,
            data,
            key,
            slots,
            records,
        })
    }

    fn check_len(&self) -> Result<(), TypeError> {
        match self.len() > MAX_TYPES {
            true => Err(TypeError::TooManyTypes),
            false => Ok(()),
        }
    }

    /// Every part is in the table.
    pub(super) fn check_indices(&self) -> Result<(), TypeError> {
        for (ix, ty) in self.iter() {
            let mut known = true;
            ty.for_each_part(|part| known &= part.index() < self.len());
            if !known {
                return Err(TypeError::UnknownPart(ix));
            }
        }
        Ok(())
    }

    fn check_duplicates(&self, hashes: &[TypeHash]) -> Result<(), TypeError> {
        let mut named: Vec<_> = hashes.iter().zip(0..).collect();
        named.sort_unstable();
        match named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(TypeError::Duplicate(TypeIx(pair[1].1))),
            None => Ok(()),
        }
    }

    /// Every circle goes through a struct or an enum: the others can be peeled off one by one,
    /// beginning with those that no other one contains.
    fn check_founded(&self) -> Result<(), TypeError> {
        let plain = |ix: TypeIx| !self.as_slice()[ix.index()].is_nominal();
        let mut containers = vec![0_u32; self.len()];
        for (_, ty) in self.iter().filter(|(ix, _)| plain(*ix)) {
            ty.for_each_part(|part| containers[part.index()] += 1);
        }
        let mut left = self.iter().filter(|(ix, _)| plain(*ix)).count();
        let mut free: Vec<_> = self.iter().map(|(ix, _)| ix).collect();
        free.retain(|ix| plain(*ix) && containers[ix.index()] == 0);
        while let Some(ix) = free.pop() {
            left -= 1;
            self.as_slice()[ix.index()].for_each_part(|part| {
                containers[part.index()] -= 1;
                if plain(part) && containers[part.index()] == 0 {
                    free.push(part);
                }
            });
        }
        let stuck = self
            .iter()
            .find(|(ix, _)| plain(*ix) && containers[ix.index()] > 0);
        match stuck {
            Some((ix, _)) if left > 0 => Err(TypeError::Unfounded(ix)),
            _ => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), TypeError> {
        for (ix, ty) in self.iter() {
            match ty {
                _ if !names_of(ty).all(is_name) => return Err(TypeError::BadName(ix)),
                Type::Option(_) if self.option_depth(ix) >= MAX_VALUE_SLOTS => {
                    return Err(TypeError::TooManySlots(ix));
                }
                Type::Tuple(parts) if parts.len() < 2 => return Err(TypeError::ShortTuple(ix)),
                Type::Enum { variants, .. } if variants.len() > MAX_VARIANTS => {
                    return Err(TypeError::TooManyVariants(ix));
                }
                Type::Enum { variants, .. }
                    if variants.iter().flat_map(|v| &v.fields).any(|f| f.mutable) =>
                {
                    return Err(TypeError::MutableVariant(ix));
                }
                Type::Fn { params, .. } if params.len() > MAX_PARAMS => {
                    return Err(TypeError::TooManySlots(ix));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The records of each type, from the slots of each type.
    fn records(&self, slots: &[Vec<Slot>]) -> Result<Vec<Vec<Vec<RecordSlot>>>, TypeError> {
        let record = |fields: &mut dyn Iterator<Item = (TypeIx, bool)>| -> Vec<RecordSlot> {
            let slots = fields.flat_map(|(ty, mutable)| {
                slots[ty.index()].iter().map(move |slot| RecordSlot {
                    slot: *slot,
                    mutable,
                })
            });
            slots.take(MAX_RECORD_SLOTS + 1).collect()
        };
        let named = |fields: &[Field]| record(&mut fields.iter().map(|f| (f.ty, f.mutable)));
        let mut records = Vec::with_capacity(self.len());
        for (ix, ty) in self.iter() {
            let of_type = match ty {
                Type::Tuple(parts) => vec![record(&mut parts.iter().map(|part| (*part, false)))],
                Type::Struct { fields, .. } => vec![named(fields)],
                Type::Enum { variants, .. } if !ty.is_small_enum() => variants
                    .iter()
                    .map(|variant| named(&variant.fields))
                    .collect(),
                Type::Unit | Type::Option(_) if slots[ix.index()].len() != 1 => {
                    vec![record(&mut [(ix, false)].into_iter())]
                }
                _ => vec![],
            };
            if of_type.iter().any(|record| record.len() > MAX_RECORD_SLOTS) {
                return Err(TypeError::TooManySlots(ix));
            }
            records.push(of_type);
        }
        Ok(records)
    }

    /// How many options stand in each other, counted up to the limit.
    fn option_depth(&self, ix: TypeIx) -> usize {
        let mut depth = 0;
        let mut at = ix;
        while let Type::Option(inner) = &self.as_slice()[at.index()] {
            depth += 1;
            at = *inner;
            if depth == MAX_VALUE_SLOTS {
                break;
            }
        }
        depth
    }

    /// For each type whether `holds` is true of it and of everything its values contain.
    fn spread(&self, holds: impl Fn(&Type) -> bool) -> Vec<bool> {
        let mut holders = vec![Vec::new(); self.len()];
        for (ix, ty) in self.iter() {
            for_each_held(ty, |part| holders[part.index()].push(ix));
        }
        let mut answer = vec![true; self.len()];
        let mut fallen: Vec<_> = self
            .iter()
            .filter(|(_, ty)| !holds(ty))
            .map(|p| p.0)
            .collect();
        fallen.iter().for_each(|ix| answer[ix.index()] = false);
        while let Some(ix) = fallen.pop() {
            for holder in &holders[ix.index()] {
                if core::mem::replace(&mut answer[holder.index()], false) {
                    fallen.push(*holder);
                }
            }
        }
        answer
    }
}

/// All names in a type; positional fields have none.
fn names_of(ty: &Type) -> impl Iterator<Item = &str> {
    let (name, fields, variants): (_, &[Field], &[Variant]) = match ty {
        Type::Struct { name, fields, .. } => (Some(name), fields, &[]),
        Type::Enum { name, variants, .. } => (Some(name), &[], variants),
        _ => (None, &[], &[]),
    };
    let inner = variants
        .iter()
        .flat_map(|v| &v.fields)
        .filter(|field| !field.name.is_empty());
    let names = name
        .into_iter()
        .chain(variants.iter().map(|variant| &variant.name));
    names
        .chain(fields.iter().chain(inner).map(|field| &field.name))
        .map(String::as_str)
}

/// Whether the text is a name: not empty, not long, and without characters that would confuse who
/// reads it on a terminal.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME_BYTES && !text.contains(char::is_control)
}

/// Whether nothing in the type itself keeps it from being a key.
fn is_key_by_itself(ty: &Type) -> bool {
    match ty {
        Type::Float | Type::Fn { .. } | Type::List(_) | Type::Map(..) | Type::Set(_) => false,
        Type::Struct { fields, .. } => !fields.iter().any(|field| field.mutable),
        _ => true,
    }
}

/// Calls `visit` for each type whose values are in values of `ty`: not for the arguments of a
/// generic type, and not for the value type of a tag, which is only a name.
fn for_each_held(ty: &Type, mut visit: impl FnMut(TypeIx)) {
    match ty {
        Type::Tag(_) | Type::Fn { .. } => {}
        Type::Struct { fields, .. } => fields.iter().for_each(|field| visit(field.ty)),
        Type::Enum { variants, .. } => {
            variants
                .iter()
                .flat_map(|v| &v.fields)
                .for_each(|field| visit(field.ty));
        }
        other => other.for_each_part(visit),
    }
}
