//! How values of a type sit in registers, elements and records.

use alloc::vec::Vec;

use crate::index::TypeIx;
use crate::limits::MAX_VALUE_SLOTS;
use crate::types::{Slot, Type, TypeTable};

impl TypeTable {
    /// The slots of a value of type `ix` in registers and in fields of records.
    ///
    /// # Panics
    /// If `ix` is not in the table. On a table that fails [`TypeTable::check`] the answer is cut
    /// at [`MAX_VALUE_SLOTS`].
    pub fn slots(&self, ix: TypeIx) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.push_slots(ix, &mut slots);
        slots
    }

    /// Appends the slots of a value of type `ix`, as [`TypeTable::slots`].
    ///
    /// # Panics
    /// As [`TypeTable::slots`].
    pub fn push_slots(&self, ix: TypeIx, slots: &mut Vec<Slot>) {
        let mut at = ix;
        for _ in 0..MAX_VALUE_SLOTS {
            match &self.as_slice()[at.index()] {
                Type::Option(inner) => match self.single_ref(*inner) {
                    Some(target) => return slots.push(Slot::OptRef(target)),
                    None => {
                        slots.push(Slot::Bool);
                        at = *inner;
                    }
                },
                _ => return slots.extend(self.plain_slot(at)),
            }
        }
    }

    /// The slots of values of these types, one after the other.
    ///
    /// # Panics
    /// As [`TypeTable::slots`].
    pub fn slots_of_all(&self, types: &[TypeIx]) -> Vec<Slot> {
        let mut slots = Vec::new();
        types.iter().for_each(|ty| self.push_slots(*ty, &mut slots));
        slots
    }

    /// The slot of an element of a list, of a key or of a value of a map: the value itself if it
    /// is one slot, else a reference to a *boxed* record whose fields are the value's slots.
    ///
    /// # Panics
    /// As [`TypeTable::slots`].
    pub fn elem(&self, ix: TypeIx) -> Slot {
        match self.slots(ix).as_slice() {
            [single] => *single,
            _ => Slot::Ref(ix),
        }
    }

    /// The slots of the record that a `Ref(ix)` points to: a struct, a tuple, the given variant
    /// of an enum, or a boxed `Unit` or option. `None` if there is no such record or variant.
    ///
    /// # Panics
    /// As [`TypeTable::slots`].
    pub fn record_slots(&self, ix: TypeIx, variant: u16) -> Option<Vec<Slot>> {
        let mut slots = Vec::new();
        match self.get(ix)? {
            Type::Tuple(parts) if variant == 0 => return Some(self.slots_of_all(parts)),
            Type::Struct { fields, .. } if variant == 0 => {
                fields
                    .iter()
                    .for_each(|field| self.push_slots(field.ty, &mut slots));
            }
            ty @ Type::Enum { variants, .. } if !ty.is_small_enum() => {
                let fields = &variants.get(usize::from(variant))?.fields;
                fields
                    .iter()
                    .for_each(|field| self.push_slots(field.ty, &mut slots));
            }
            Type::Unit | Type::Option(_) if variant == 0 => {
                self.push_slots(ix, &mut slots);
                if slots.len() == 1 {
                    return None;
                }
            }
            _ => return None,
        }
        Some(slots)
    }

    /// The first slot of a field of a struct or tuple (`variant` 0) or of a variant, within the
    /// record's slots. `None` if there is no such field.
    ///
    /// # Panics
    /// As [`TypeTable::slots`].
    pub fn field_offset(&self, ix: TypeIx, variant: u16, field: usize) -> Option<usize> {
        let types: Vec<TypeIx> = match self.get(ix)? {
            Type::Tuple(parts) if variant == 0 => parts.clone(),
            Type::Struct { fields, .. } if variant == 0 => fields.iter().map(|f| f.ty).collect(),
            Type::Enum { variants, .. } => variants
                .get(usize::from(variant))?
                .fields
                .iter()
                .map(|f| f.ty)
                .collect(),
            _ => return None,
        };
        types.get(field)?;
        Some(self.slots_of_all(&types[..field]).len())
    }

    /// The target of the reference if a value of type `ix` is exactly one `Ref`.
    fn single_ref(&self, ix: TypeIx) -> Option<TypeIx> {
        match self.as_slice()[ix.index()] {
            Type::Option(_) => None,
            _ => self
                .plain_slot(ix)
                .filter(|slot| matches!(slot, Slot::Ref(_)))?
                .ty(),
        }
    }

    /// The slot of a type that is no option.
    fn plain_slot(&self, ix: TypeIx) -> Option<Slot> {
        match &self.as_slice()[ix.index()] {
            Type::Unit => None,
            Type::Bool => Some(Slot::Bool),
            Type::Int | Type::Duration => Some(Slot::Int),
            Type::Float => Some(Slot::Float),
            ty if ty.is_small_enum() => Some(Slot::Enum(ix)),
            _ => Some(Slot::Ref(ix)),
        }
    }
}
