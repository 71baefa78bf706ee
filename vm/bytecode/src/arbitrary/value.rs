//! Values out of nothing: instructions that fill a register of a given slot.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::arbitrary::body::Body;
use crate::index::{ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
use crate::inst::Inst;
use crate::native::Native;
use crate::types::{Slot, Type};

impl Body<'_, '_> {
    /// A register with this slot that holds a value, an old one or a new one.
    pub(super) fn need(&mut self, slot: Slot) -> Reg {
        let fitting: Vec<Reg> = self
            .available()
            .filter(|reg| self.slot(*reg) == slot)
            .collect();
        if !fitting.is_empty() && self.maker.entropy.below(4) > 0 {
            return self.maker.entropy.pick(&fitting);
        }
        self.make(slot)
    }

    pub(super) fn need_all(&mut self, slots: &[Slot]) -> Box<[Reg]> {
        slots.iter().map(|slot| self.need(*slot)).collect()
    }

    pub(super) fn need_type(&mut self, ty: TypeIx) -> Box<[Reg]> {
        let slots = self.types().slots(ty);
        self.need_all(&slots)
    }

    pub(super) fn need_types(&mut self, types: &[TypeIx]) -> Box<[Reg]> {
        let slots = self.types().slots_of_all(types);
        self.need_all(&slots)
    }

    /// Some registers with this slot.
    pub(super) fn some(&mut self, slot: Slot) -> Box<[Reg]> {
        (0..self.maker.entropy.below(4))
            .map(|_| self.need(slot))
            .collect()
    }

    fn make(&mut self, slot: Slot) -> Reg {
        match slot {
            Slot::Int => {
                let value = self.maker.entropy.number();
                self.emit_to(slot, |dst| Inst::IntConst { dst, value })
            }
            Slot::Float => {
                let number = self.maker.entropy.number();
                let bits = FloatBits::of(f64::from_bits(number as u64));
                self.emit_to(slot, |dst| Inst::FloatConst { dst, bits })
            }
            Slot::Bool => {
                let value = self.maker.entropy.below(2) == 1;
                self.emit_to(slot, |dst| Inst::BoolConst { dst, value })
            }
            Slot::Enum(ty) => {
                let variant = self.maker.entropy.below(2) as u16;
                self.emit_to(slot, |dst| Inst::EnumConst { dst, ty, variant })
            }
            Slot::OptRef(ty) if self.maker.entropy.below(2) == 1 => {
                let src = self.need(Slot::Ref(ty));
                self.emit_to(slot, |dst| Inst::OptSome { dst, src })
            }
            Slot::OptRef(_) => self.emit_to(slot, |dst| Inst::Null { dst }),
            Slot::Ref(ty) => self.make_object(ty),
        }
    }

    fn make_object(&mut self, ty: TypeIx) -> Reg {
        let slot = Slot::Ref(ty);
        let shape = self
            .types()
            .get(ty)
            .expect("slots name types of the table")
            .clone();
        match shape {
            Type::Str => {
                let konst = ConstIx(self.maker.entropy.below(2) as u32);
                self.emit_to(slot, |dst| Inst::StrConst { dst, konst })
            }
            Type::Bytes => {
                let konst = ConstIx(2 + self.maker.entropy.below(2) as u32);
                self.emit_to(slot, |dst| Inst::BytesConst { dst, konst })
            }
            Type::Id => self.emit_to(slot, |dst| Inst::SelfId { dst }),
            Type::Node => self.emit_to(slot, |dst| Inst::Here { dst }),
            Type::Hop => {
                let node = self.need_plain(Type::Node);
                self.native_to(slot, Native::NodeHop, node)
            }
            Type::Name => {
                let place = self.need_plain(Type::Place);
                self.emit_to(slot, |dst| Inst::PlaceName { dst, place })
            }
            Type::Place => self.emit_to(slot, |dst| Inst::PlaceNew {
                dst,
                wanted: Box::new([]),
                unwanted: Box::new([]),
            }),
            Type::AnyTag => {
                let int = self.find(&Type::Int);
                let src = self.need_plain(Type::Tag(int));
                self.emit_to(slot, |dst| Inst::TagErase { dst, src })
            }
            Type::Tag(value) => self.make_tag(slot, value),
            Type::List(item) => {
                let elem = self.types().elem(item);
                let args = if self.spent() {
                    Box::new([])
                } else {
                    self.some(elem)
                };
                self.emit_to(slot, |dst| Inst::ListNew { dst, ty, args })
            }
            Type::Map(..) | Type::Set(_) => self.emit_to(slot, |dst| Inst::MapNew { dst, ty }),
            Type::Fn { .. } => {
                let function = self.maker.body_of(ty);
                let captured = self.maker.plans[usize::from(function)].captures.clone();
                let captures = self.need_types(&captured);
                let func = FuncRef::Local(function);
                self.emit_to(slot, |dst| Inst::ClosureNew {
                    dst,
                    func,
                    captures,
                })
            }
            _ => self.make_record(ty, &shape),
        }
    }

    /// A struct, tuple, variant or boxed value. Variant 0 of a recursive enum ends the recursion.
    fn make_record(&mut self, ty: TypeIx, shape: &Type) -> Reg {
        let variant = match shape {
            Type::Enum { variants, .. } if !self.spent() => {
                self.maker.entropy.below(variants.len()) as u16
            }
            _ => 0,
        };
        let slots = self
            .types()
            .record_slots(ty, variant)
            .expect("a Ref to a record");
        let args = self.need_all(&slots);
        self.emit_to(Slot::Ref(ty), |dst| Inst::RecordNew {
            dst,
            ty,
            variant,
            args,
        })
    }

    fn make_tag(&mut self, slot: Slot, value: TypeIx) -> Reg {
        let tags = self.maker.group.tags.iter().enumerate();
        let fitting: Vec<_> = tags
            .filter(|(_, tag)| tag.value == value)
            .map(|(at, _)| TagIx(at as u32))
            .collect();
        let tag = self.maker.entropy.pick(&fitting);
        let keys = self.maker.group.tags[tag.index()].keys.clone();
        if keys.is_empty() {
            return self.emit_to(slot, |dst| Inst::TagConst { dst, tag });
        }
        let args = self.need_types(&keys);
        self.emit_to(slot, |dst| Inst::TagMember { dst, tag, args })
    }

    pub(super) fn native_to(&mut self, slot: Slot, native: Native, arg: Reg) -> Reg {
        self.emit_to(slot, |dst| Inst::CallNative {
            dsts: Box::new([dst]),
            native,
            args: Box::new([arg]),
        })
    }

    /// A reference to an object of this type, which is always in the table.
    pub(super) fn need_plain(&mut self, ty: Type) -> Reg {
        let ix = self.find(&ty);
        self.need(Slot::Ref(ix))
    }

    pub(super) fn find(&self, ty: &Type) -> TypeIx {
        self.types()
            .find(ty)
            .expect("one of the types that are always there")
    }
}
