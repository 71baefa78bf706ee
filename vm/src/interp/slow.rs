//! Everything that has no form of its own in [`crate::op`], in its bytecode form.

use std::cmp::Ordering;

use sm_bytecode::{Fuel, Inst, Reg, TypeIx};

use crate::data::compare::{Mode, compare};
use crate::data::{data_steps, show};
use crate::heap::Heap;
use crate::index::TypeId;
use crate::interp::{Interp, Stop, above};
use crate::limits::TEXT_BYTES;
use crate::outcome::KillKind;
use crate::shape::Shape;
use crate::text::{INT_BYTES, int_text};

impl Interp<'_> {
    /// Runs one instruction. Its base price is charged; it stands at a safepoint if it is one.
    #[inline(never)]
    pub(super) fn slow(&mut self, inst: &Inst, fuel: Fuel) -> Result<(), Stop> {
        match inst {
            Inst::DataEq { dst, ty, a, b } => {
                let equal = self.compare(fuel, *ty, a, b, Mode::Equality)?;
                self.set(*dst, u64::from(equal == Ordering::Equal));
                Ok(())
            }
            Inst::DataCmp { dst, ty, a, b } => {
                let ordering = self.compare(fuel, *ty, a, b, Mode::Order)?;
                self.set(*dst, ordering as i64 as u64);
                Ok(())
            }
            Inst::DataShow { dst, ty, args } => self.data_show(fuel, *dst, *ty, args),
            Inst::StrConcat { dst, args } => self.str_concat(fuel, *dst, args),
            Inst::CallNative { dsts, native, args } => self.native(*native, dsts, args),
            Inst::Trap { kind } => Err((*kind).into()),
            Inst::TrapMessage { kind, message } => {
                let text = self.text(*message).to_owned();
                Err(Stop::Trap(*kind, Some(text)))
            }

            Inst::ListNew { dst, ty, args } => self.list_new(fuel, *dst, *ty, args),
            Inst::ListPop { dst, list } => self.list_pop(*dst, *list),
            Inst::ListInsert { list, index, value } => {
                self.list_insert(fuel, *list, *index, *value)
            }
            Inst::ListRemove { dst, list, index } => self.list_remove(fuel, *dst, *list, *index),
            Inst::ListTruncate { list, len } => self.list_truncate(*list, *len),
            Inst::ListSlice {
                dst,
                list,
                from,
                to,
            } => self.list_slice(fuel, *dst, *list, *from..*to),
            Inst::ListAppend { list, other } => self.list_append(fuel, *list, *other),
            Inst::ListFill {
                dst,
                ty,
                count,
                value,
            } => self.list_fill(fuel, *dst, *ty, *count, *value),
            Inst::ListReverse { list } => {
                self.list_reverse(fuel, *list);
                Ok(())
            }
            Inst::MapNew { dst, ty } => self.map_new(*dst, *ty),
            Inst::MapFind { dst, map, key } => self.map_find(fuel, *dst, *map, *key),
            Inst::MapKeyAt { dst, map, entry } => self.map_key_at(*dst, *map, *entry),
            Inst::MapInsert { map, key, value } => {
                self.map_insert(fuel, *map, *key, Some(*value)).map(|_| ())
            }
            Inst::SetInsert { dst, set, key } => {
                let new = self.map_insert(fuel, *set, *key, None)?;
                self.set(*dst, new);
                Ok(())
            }
            Inst::MapRemove { dst, map, key } => self.map_remove(fuel, *dst, *map, *key),
            Inst::MapClear { map } => {
                self.heap.map_clear(self.get_ref(*map));
                Ok(())
            }
            Inst::IterBegin { dst, coll } => {
                self.iter_begin(fuel, *dst, *coll);
                Ok(())
            }

            Inst::TagMember { .. }
            | Inst::TagCreate { .. }
            | Inst::TagDelete { .. }
            | Inst::TagHas { .. }
            | Inst::TagRead { .. }
            | Inst::TagWrite { .. }
            | Inst::TagVersion { .. }
            | Inst::PlaceNew { .. }
            | Inst::PlaceName { .. }
            | Inst::PlaceHolds { .. } => self.tag_inst(inst, fuel),
            Inst::TagBlock { .. }
            | Inst::Migrate { .. }
            | Inst::MigrateAll { .. }
            | Inst::Yield {} => Err(Stop::Suspend),
            Inst::Neighbors { .. }
            | Inst::Previous { .. }
            | Inst::Here { .. }
            | Inst::Home { .. }
            | Inst::Hops { .. }
            | Inst::Now { .. }
            | Inst::SelfId { .. }
            | Inst::Random { .. }
            | Inst::Print { .. } => self.message_inst(inst),

            Inst::Move { .. }
            | Inst::IntConst { .. }
            | Inst::FloatConst { .. }
            | Inst::BoolConst { .. }
            | Inst::EnumConst { .. }
            | Inst::StrConst { .. }
            | Inst::BytesConst { .. }
            | Inst::Null { .. }
            | Inst::OptSome { .. }
            | Inst::OptGet { .. }
            | Inst::OptIsSome { .. }
            | Inst::IntAdd { .. }
            | Inst::IntSub { .. }
            | Inst::IntMul { .. }
            | Inst::IntDiv { .. }
            | Inst::IntRem { .. }
            | Inst::IntNeg { .. }
            | Inst::IntWrapAdd { .. }
            | Inst::IntWrapSub { .. }
            | Inst::IntWrapMul { .. }
            | Inst::IntMulHi { .. }
            | Inst::IntAnd { .. }
            | Inst::IntOr { .. }
            | Inst::IntXor { .. }
            | Inst::IntNot { .. }
            | Inst::IntShl { .. }
            | Inst::IntShr { .. }
            | Inst::IntUshr { .. }
            | Inst::IntEq { .. }
            | Inst::IntNe { .. }
            | Inst::IntLt { .. }
            | Inst::IntLe { .. }
            | Inst::IntToFloat { .. }
            | Inst::FloatAdd { .. }
            | Inst::FloatSub { .. }
            | Inst::FloatMul { .. }
            | Inst::FloatDiv { .. }
            | Inst::FloatRem { .. }
            | Inst::FloatNeg { .. }
            | Inst::FloatEq { .. }
            | Inst::FloatNe { .. }
            | Inst::FloatLt { .. }
            | Inst::FloatLe { .. }
            | Inst::FloatToInt { .. }
            | Inst::FloatBits { .. }
            | Inst::FloatFromBits { .. }
            | Inst::BoolNot { .. }
            | Inst::BoolEq { .. }
            | Inst::EnumIndex { .. }
            | Inst::EnumTag { .. }
            | Inst::RecordNew { .. }
            | Inst::RecordGet { .. }
            | Inst::RecordSet { .. }
            | Inst::VariantGet { .. }
            | Inst::RefSame { .. }
            | Inst::ListLen { .. }
            | Inst::ListGet { .. }
            | Inst::ListSet { .. }
            | Inst::ListPush { .. }
            | Inst::MapLen { .. }
            | Inst::MapValueAt { .. }
            | Inst::IterCheck { .. }
            | Inst::Call { .. }
            | Inst::ClosureNew { .. }
            | Inst::CallClosure { .. }
            | Inst::Jump { .. }
            | Inst::Branch { .. }
            | Inst::Switch { .. }
            | Inst::Return { .. }
            | Inst::ForNext { .. }
            | Inst::TagConst { .. }
            | Inst::TagErase { .. }
            | Inst::Spawn { .. } => unreachable!("has a form of its own"),
        }
    }

    fn compare(
        &mut self,
        fuel: Fuel,
        ty: TypeIx,
        a: &[Reg],
        b: &[Reg],
        mode: Mode,
    ) -> Result<Ordering, Stop> {
        let (a, b) = (self.get_all(a), self.get_all(b));
        let mut steps = data_steps();
        let result = compare(self.view(&a), &b, TypeId(ty.0), mode, &mut steps);
        self.charge(fuel, steps.spent());
        Ok(result?)
    }

    fn data_show(&mut self, fuel: Fuel, dst: Reg, ty: TypeIx, args: &[Reg]) -> Result<(), Stop> {
        if let (Shape::Int, [value]) = (self.program.shape(TypeId(ty.0)), args) {
            let mut digits = [0; INT_BYTES];
            let digits = int_text(self.get_int(*value), &mut digits);
            self.charge(fuel, digits.len() as u64);
            return self.set_blob(dst, digits);
        }
        let slots = self.get_all(args);
        let text = show::show(self.view(&slots), TypeId(ty.0))?;
        self.charge(fuel, text.len() as u64);
        self.set_text(dst, &text)
    }

    fn str_concat(&mut self, fuel: Fuel, dst: Reg, args: &[Reg]) -> Result<(), Stop> {
        let length = |reg: &Reg| self.bytes(*reg).len();
        let size: usize = args.iter().map(length).sum();
        self.charge(fuel, size as u64);
        if size > TEXT_BYTES {
            return Err(KillKind::Heap.into());
        }
        self.reserve(Heap::blob_words(size))?;
        let ty = self.ref_type(dst);
        let parts = self.get_all(args);
        let text = self.heap.concat(&self.program.statics, ty, size, &parts);
        self.set_ref(dst, text);
        Ok(())
    }

    /// The bytes of a blob in a register.
    pub(crate) fn bytes(&self, reg: Reg) -> &[u8] {
        self.heap.bytes_of(&self.program.statics, self.get_ref(reg))
    }

    /// The text in a register.
    pub(crate) fn text(&self, reg: Reg) -> &str {
        show::text(self.view(&[]), self.get_ref(reg))
    }

    /// Puts a new text into a register.
    pub(crate) fn set_text(&mut self, dst: Reg, text: &str) -> Result<(), Stop> {
        self.set_blob(dst, text.as_bytes())
    }

    /// Puts new text, bytes or an identity into a register.
    pub(crate) fn set_blob(&mut self, dst: Reg, bytes: &[u8]) -> Result<(), Stop> {
        self.reserve(Heap::blob_words(bytes.len()))?;
        let blob = self.heap.new_blob(self.ref_type(dst), bytes);
        self.set_ref(dst, blob);
        Ok(())
    }

    /// A trap unless `0 <= index <= end`; the index otherwise.
    pub(crate) fn index_up_to(&self, reg: Reg, end: usize) -> Result<usize, Stop> {
        match usize::try_from(self.get_int(reg)) {
            Ok(index) if index <= end => Ok(index),
            _ => Err(above(self.get_int(reg), end)),
        }
    }
}
