//! Function bodies: random instructions whose operands hold values.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::arbitrary::{Maker, Plan, frame};
use crate::codec::{Reader, Writer};
use crate::codes::TrapKind;
use crate::group::{Block, Function};
use crate::index::{BlockIx, FuncRef, Reg, TypeIx};
use crate::inst::operand::{Class, Role};
use crate::inst::{Effects, Inst, Opcode};
use crate::native::{Native, NativeType};
use crate::types::{Slot, Type, TypeTable};

/// Instructions in one function after which values are made as small as possible.
const ENOUGH: usize = 60;

/// A function being made. Registers written in the entry block, which comes before all others,
/// and inputs can be read everywhere; others only in the block that wrote them.
pub(super) struct Body<'a, 'e> {
    pub(super) maker: &'a mut Maker<'e>,
    function: Function,
    /// Registers that can be read in every block.
    everywhere: Vec<Reg>,
    /// Registers that were written in the current block, if it is not the entry.
    here: Vec<Reg>,
    insts: Vec<Inst>,
    emitted: usize,
}

pub(super) fn make(maker: &mut Maker<'_>, plan: &Plan) -> Function {
    let function = frame(maker.types(), plan);
    let everywhere = (0..function.regs.len()).map(|at| Reg(at as u16)).collect();
    let mut body = Body {
        maker,
        function,
        everywhere,
        here: vec![],
        insts: vec![],
        emitted: 0,
    };
    let blocks = 1 + body.maker.entropy.below(5);
    for at in 0..blocks {
        for _ in 0..body.maker.entropy.below(12) {
            if !body.maker.entropy.is_used_up() {
                body.step();
            }
        }
        body.end(at, blocks);
        let insts = core::mem::take(&mut body.insts);
        body.function.blocks.push(Block {
            live_in: vec![],
            insts,
        });
        let written = core::mem::take(&mut body.here);
        if at == 0 {
            body.everywhere.extend(written);
        }
    }
    body.function
}

impl Body<'_, '_> {
    pub(super) fn types(&self) -> &TypeTable {
        self.maker.types()
    }

    pub(super) fn slot(&self, reg: Reg) -> Slot {
        self.function.regs[reg.index()]
    }

    pub(super) fn available(&self) -> impl Iterator<Item = Reg> {
        self.everywhere.iter().chain(&self.here).copied()
    }

    pub(super) fn spent(&self) -> bool {
        self.emitted > ENOUGH || self.maker.entropy.is_used_up()
    }

    /// A register to write to: a new one, or an old one that gets another value.
    fn target(&mut self, slot: Slot) -> Reg {
        let old: Vec<Reg> = self
            .available()
            .filter(|reg| self.slot(*reg) == slot)
            .collect();
        if !old.is_empty() && self.maker.entropy.below(3) == 2 {
            return self.maker.entropy.pick(&old);
        }
        self.fresh(slot)
    }

    fn fresh(&mut self, slot: Slot) -> Reg {
        self.function.regs.push(slot);
        Reg(self.function.regs.len() as u16 - 1)
    }

    fn fresh_all(&mut self, slots: &[Slot]) -> Box<[Reg]> {
        slots.iter().map(|slot| self.fresh(*slot)).collect()
    }

    fn emit(&mut self, inst: Inst) {
        inst.defs(|reg| {
            if !self.everywhere.contains(&reg) && !self.here.contains(&reg) {
                self.here.push(reg);
            }
        });
        self.insts.push(inst);
        self.emitted += 1;
    }

    pub(super) fn emit_to(&mut self, slot: Slot, inst: impl FnOnce(Reg) -> Inst) -> Reg {
        let dst = self.target(slot);
        self.emit(inst(dst));
        dst
    }

    /// A type of the table that has the property.
    fn some_type(&mut self, wanted: impl Fn(&Type) -> bool) -> TypeIx {
        let fitting: Vec<_> = self
            .types()
            .iter()
            .filter(|(_, ty)| wanted(ty))
            .map(|(ix, _)| ix)
            .collect();
        self.maker.entropy.pick(&fitting)
    }

    fn end(&mut self, at: usize, blocks: usize) {
        let last = at + 1 == blocks;
        match self.maker.entropy.below(6) {
            0 | 1 if !last => {
                let to = self.next_block(at, blocks);
                self.emit(Inst::Jump { to });
            }
            2 if !last => {
                let cond = self.need(Slot::Bool);
                let (then, otherwise) = (self.next_block(at, blocks), self.next_block(at, blocks));
                self.emit(Inst::Branch {
                    cond,
                    then,
                    otherwise,
                });
            }
            3 if !last => {
                let index = self.need(Slot::Int);
                let targets = self.maker.entropy.below(4);
                let targets = (0..targets).map(|_| self.next_block(at, blocks)).collect();
                let default = self.next_block(at, blocks);
                self.emit(Inst::Switch {
                    index,
                    targets,
                    default,
                });
            }
            4 if !last => {
                let (i, limit) = (self.need(Slot::Int), self.need(Slot::Int));
                let (body, exit) = (self.next_block(at, blocks), self.next_block(at, blocks));
                self.emit(Inst::ForNext {
                    i,
                    limit,
                    body,
                    exit,
                });
            }
            5 => self.trap(),
            _ => {
                let result = self.function.result;
                let values = self.need_type(result);
                self.emit(Inst::Return { values });
            }
        }
    }

    fn trap(&mut self) {
        let kind = self.maker.entropy.pick(TrapKind::ALL);
        if self.maker.entropy.below(2) == 0 {
            return self.emit(Inst::Trap { kind });
        }
        let message = self.need_plain(Type::Str);
        self.emit(Inst::TrapMessage { kind, message });
    }

    /// Mostly a later block, sometimes any.
    fn next_block(&mut self, at: usize, blocks: usize) -> BlockIx {
        let to = match self.maker.entropy.below(4) {
            3 => self.maker.entropy.below(blocks),
            _ => at + 1 + self.maker.entropy.below(blocks - at - 1),
        };
        BlockIx(to as u32)
    }

    /// One random instruction that is no terminator, with what it needs before it.
    fn step(&mut self) {
        // There are half as many native functions as instructions, behind one instruction.
        if self.maker.entropy.below(8) == 7 {
            return self.call_native();
        }
        let op = self.maker.entropy.pick(Opcode::ALL);
        if op.info().effects.has(Effects::END) {
            return;
        }
        let typed = op
            .info()
            .operands
            .iter()
            .all(|operand| operand.class != Class::Any);
        if typed {
            return self.typed(op);
        }
        match op as u8 {
            0x00..=0x0f | 0x42..=0x4c => self.scalar_or_record(op),
            0x50..=0x5f => self.data(op),
            0x60..=0x6f => self.list(op),
            0x70..=0x81 => self.map(op),
            0x88..=0x8f => self.call(op),
            _ => self.node(op),
        }
    }

    /// An instruction that is all registers with slots that the table says.
    fn typed(&mut self, op: Opcode) {
        let mut writer = Writer::new();
        writer.byte(op as u8);
        for operand in op.info().operands {
            let slot = self.class_slot(operand.class);
            let reg = match operand.role {
                Role::Def => self.target(slot),
                _ => self.need(slot),
            };
            writer.number(reg.0.into());
        }
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes, bytes.len()).expect("its own length");
        self.emit(Inst::decode(&mut reader).expect("written as the table says"));
    }

    fn class_slot(&self, class: Class) -> Slot {
        let object = |ty: Type| Slot::Ref(self.find(&ty));
        match class {
            Class::Int => Slot::Int,
            Class::Float => Slot::Float,
            Class::Bool => Slot::Bool,
            Class::Str => object(Type::Str),
            Class::Bytes => object(Type::Bytes),
            Class::Id => object(Type::Id),
            Class::Node => object(Type::Node),
            Class::Hop => object(Type::Hop),
            Class::OptHop => Slot::OptRef(self.find(&Type::Hop)),
            Class::Name => object(Type::Name),
            Class::Place => object(Type::Place),
            Class::AnyTag => object(Type::AnyTag),
            Class::Any => unreachable!("only typed instructions ask"),
        }
    }

    fn scalar_or_record(&mut self, op: Opcode) {
        match op {
            Opcode::Move => {
                let all: Vec<_> = self.available().collect();
                if !all.is_empty() {
                    let src = self.maker.entropy.pick(&all);
                    self.emit_to(self.slot(src), |dst| Inst::Move { dst, src });
                }
            }
            Opcode::OptGet => {
                let ty = self.find(&Type::Str);
                let src = self.need(Slot::OptRef(ty));
                self.emit_to(Slot::Ref(ty), |dst| Inst::OptGet { dst, src });
            }
            Opcode::OptIsSome => {
                let src = self.need(Slot::OptRef(self.find(&Type::Str)));
                self.emit_to(Slot::Bool, |dst| Inst::OptIsSome { dst, src });
            }
            Opcode::EnumIndex => {
                let ty = self.some_type(Type::is_small_enum);
                let src = self.need(Slot::Enum(ty));
                self.emit_to(Slot::Int, |dst| Inst::EnumIndex { dst, src });
            }
            Opcode::EnumTag | Opcode::VariantGet => self.variant(op),
            Opcode::RecordGet | Opcode::RecordSet => self.field(op),
            Opcode::RefSame => {
                let ty = self.some_type(|ty| matches!(ty, Type::Struct { .. }));
                let (a, b) = (self.need(Slot::Ref(ty)), self.need(Slot::Ref(ty)));
                self.emit_to(Slot::Bool, |dst| Inst::RefSame { dst, a, b });
            }
            // Constants and new records come from `need`.
            _ => {
                let ty = self.maker.any_type();
                self.need_type(ty);
            }
        }
    }

    fn variant(&mut self, op: Opcode) {
        let ty = self.some_type(|ty| matches!(ty, Type::Enum { .. }) && !ty.is_small_enum());
        let src = self.need(Slot::Ref(ty));
        if op == Opcode::EnumTag {
            self.emit_to(Slot::Int, |dst| Inst::EnumTag { dst, src });
            return;
        }
        let variant = 1 + self.maker.entropy.below(2) as u16;
        let slots = self
            .types()
            .record_slots(ty, variant)
            .expect("three variants");
        let field = self.maker.entropy.below(slots.len());
        let slot = slots[field];
        let field = field as u16;
        self.emit_to(slot, |dst| Inst::VariantGet {
            dst,
            src,
            variant,
            field,
        });
    }

    fn field(&mut self, op: Opcode) {
        let facts = self
            .types()
            .check()
            .expect("the types made here are well-formed");
        let set = op == Opcode::RecordSet;
        let ty = self.some_type(|ty| match ty {
            Type::Struct { .. } => true,
            Type::Tuple(_) => !set,
            _ => false,
        });
        let record = facts.record(ty, 0).expect("structs and tuples are records");
        let fitting: Vec<_> = (0..record.len())
            .filter(|at| !set || record[*at].mutable)
            .collect();
        if fitting.is_empty() {
            return;
        }
        let obj = self.need(Slot::Ref(ty));
        let at = self.maker.entropy.pick(&fitting);
        let (slot, field) = (record[at].slot, at as u16);
        if set {
            let src = self.need(slot);
            self.emit(Inst::RecordSet { obj, field, src });
        } else {
            self.emit_to(slot, |dst| Inst::RecordGet {
                dst,
                src: obj,
                field,
            });
        }
    }

    fn data(&mut self, op: Opcode) {
        let text = Slot::Ref(self.find(&Type::Str));
        if op == Opcode::StrConcat {
            let args = self.some(text);
            self.emit_to(text, |dst| Inst::StrConcat { dst, args });
            return;
        }
        let ty = self.maker.data_type();
        let a = self.need_type(ty);
        let b = self.need_type(ty);
        match op {
            Opcode::DataEq => self.emit_to(Slot::Bool, |dst| Inst::DataEq { dst, ty, a, b }),
            Opcode::DataCmp => self.emit_to(Slot::Int, |dst| Inst::DataCmp { dst, ty, a, b }),
            _ => self.emit_to(text, |dst| Inst::DataShow { dst, ty, args: a }),
        };
    }

    fn list(&mut self, op: Opcode) {
        let ty = self.some_type(|ty| matches!(ty, Type::List(_)));
        let slot = Slot::Ref(ty);
        let Some(Type::List(item)) = self.types().get(ty) else {
            return;
        };
        let elem = self.types().elem(*item);
        if op == Opcode::ListFill {
            let (count, value) = (self.maker.entropy.below(20) as i64, self.need(elem));
            let count = self.emit_to(Slot::Int, |dst| Inst::IntConst { dst, value: count });
            self.emit_to(slot, |dst| Inst::ListFill {
                dst,
                ty,
                count,
                value,
            });
            return;
        }
        let list = self.need(slot);
        match op {
            Opcode::ListLen => _ = self.emit_to(Slot::Int, |dst| Inst::ListLen { dst, list }),
            Opcode::ListPop => _ = self.emit_to(elem, |dst| Inst::ListPop { dst, list }),
            Opcode::ListReverse => self.emit(Inst::ListReverse { list }),
            Opcode::ListPush => {
                let value = self.need(elem);
                self.emit(Inst::ListPush { list, value });
            }
            Opcode::ListAppend => {
                let other = self.need(slot);
                self.emit(Inst::ListAppend { list, other });
            }
            Opcode::ListNew => {
                let args = self.some(elem);
                self.emit_to(slot, |dst| Inst::ListNew { dst, ty, args });
            }
            _ => self.list_at(op, list, elem),
        }
    }

    fn list_at(&mut self, op: Opcode, list: Reg, elem: Slot) {
        let index = self.need(Slot::Int);
        match op {
            Opcode::ListGet => _ = self.emit_to(elem, |dst| Inst::ListGet { dst, list, index }),
            Opcode::ListRemove => {
                self.emit_to(elem, |dst| Inst::ListRemove { dst, list, index });
            }
            Opcode::ListTruncate => self.emit(Inst::ListTruncate { list, len: index }),
            Opcode::ListSlice => {
                let to = self.need(Slot::Int);
                let slot = self.slot(list);
                self.emit_to(slot, |dst| Inst::ListSlice {
                    dst,
                    list,
                    from: index,
                    to,
                });
            }
            Opcode::ListSet => {
                let value = self.need(elem);
                self.emit(Inst::ListSet { list, index, value });
            }
            _ => {
                let value = self.need(elem);
                self.emit(Inst::ListInsert { list, index, value });
            }
        }
    }

    fn map(&mut self, op: Opcode) {
        let needs_map = matches!(op, Opcode::MapInsert | Opcode::MapValueAt);
        let needs_set = op == Opcode::SetInsert;
        let ty = self.some_type(|ty| match ty {
            Type::Map(..) => !needs_set,
            Type::Set(_) => !needs_map,
            _ => false,
        });
        let map = self.need(Slot::Ref(ty));
        let (key, value) = match self.types().get(ty) {
            Some(Type::Map(key, value)) => (*key, *value),
            Some(Type::Set(key)) => (*key, *key),
            _ => return,
        };
        let (key, value) = (self.types().elem(key), self.types().elem(value));
        match op {
            Opcode::MapLen => _ = self.emit_to(Slot::Int, |dst| Inst::MapLen { dst, map }),
            Opcode::MapClear => self.emit(Inst::MapClear { map }),
            Opcode::IterBegin => {
                self.emit_to(Slot::Int, |dst| Inst::IterBegin { dst, coll: map });
            }
            Opcode::IterCheck => {
                let counter = self.emit_to(Slot::Int, |dst| Inst::IterBegin { dst, coll: map });
                self.emit(Inst::IterCheck { coll: map, counter });
            }
            Opcode::MapKeyAt | Opcode::MapValueAt => {
                let entry = self.need(Slot::Int);
                if op == Opcode::MapKeyAt {
                    self.emit_to(key, |dst| Inst::MapKeyAt { dst, map, entry });
                } else {
                    self.emit_to(value, |dst| Inst::MapValueAt { dst, map, entry });
                }
            }
            _ => self.map_with_key(op, map, key, value),
        }
    }

    fn map_with_key(&mut self, op: Opcode, map: Reg, key: Slot, value: Slot) {
        let key = self.need(key);
        match op {
            Opcode::MapFind => {
                self.emit_to(Slot::Int, |dst| Inst::MapFind { dst, map, key });
            }
            Opcode::MapRemove => {
                self.emit_to(Slot::Bool, |dst| Inst::MapRemove { dst, map, key });
            }
            Opcode::SetInsert => {
                self.emit_to(Slot::Bool, |dst| Inst::SetInsert { dst, set: map, key });
            }
            Opcode::MapInsert => {
                let value = self.need(value);
                self.emit(Inst::MapInsert { map, key, value });
            }
            _ => {}
        }
    }

    fn call(&mut self, op: Opcode) {
        match op {
            Opcode::Call => {
                let (func, params, result) = self.some_function();
                let args = self.need_types(&params);
                let dsts = self.fresh_all(&self.types().slots(result));
                self.emit(Inst::Call { dsts, func, args });
            }
            Opcode::CallNative => self.call_native(),
            _ => {
                let ty = self.some_type(|ty| matches!(ty, Type::Fn { .. }));
                let closure = self.need(Slot::Ref(ty));
                let Some(Type::Fn { params, result }) = self.types().get(ty).cloned() else {
                    return;
                };
                if op == Opcode::CallClosure {
                    let args = self.need_types(&params);
                    let dsts = self.fresh_all(&self.types().slots(result));
                    self.emit(Inst::CallClosure {
                        dsts,
                        closure,
                        args,
                    });
                }
            }
        }
    }

    /// A function without captures.
    fn some_function(&mut self) -> (FuncRef, Vec<TypeIx>, TypeIx) {
        let plans = self.maker.plans.iter().enumerate();
        let plain = plans.filter(|(_, plan)| plan.captures.is_empty());
        let own =
            plain.map(|(at, plan)| (FuncRef::Local(at as u16), plan.params.clone(), plan.result));
        let callees = self.maker.group.callees.iter().enumerate();
        let foreign = callees.map(|(at, callee)| {
            (
                FuncRef::Callee(at as u16),
                callee.params.clone(),
                callee.result,
            )
        });
        let all: Vec<_> = own.chain(foreign).collect();
        all[self.maker.entropy.below(all.len())].clone()
    }

    fn call_native(&mut self) {
        let native = self.maker.entropy.pick(Native::ALL);
        let info = native.info();
        let params: Vec<Slot> = info
            .params
            .iter()
            .flat_map(|param| self.native_slots(*param))
            .collect();
        let args = self.need_all(&params);
        let dsts = self.fresh_all(&self.native_slots(info.result));
        self.emit(Inst::CallNative { dsts, native, args });
    }

    fn native_slots(&self, ty: NativeType) -> Vec<Slot> {
        let list = |item: Type| Slot::Ref(self.find(&Type::List(self.find(&item))));
        match ty {
            NativeType::Bool => vec![Slot::Bool],
            NativeType::Int => vec![Slot::Int],
            NativeType::Float => vec![Slot::Float],
            NativeType::Str => vec![self.class_slot(Class::Str)],
            NativeType::Bytes => vec![self.class_slot(Class::Bytes)],
            NativeType::Id => vec![self.class_slot(Class::Id)],
            NativeType::Node => vec![self.class_slot(Class::Node)],
            NativeType::Hop => vec![self.class_slot(Class::Hop)],
            NativeType::Name => vec![self.class_slot(Class::Name)],
            NativeType::Place => vec![self.class_slot(Class::Place)],
            NativeType::AnyTag => vec![self.class_slot(Class::AnyTag)],
            NativeType::OptInt => vec![Slot::Bool, Slot::Int],
            NativeType::OptFloat => vec![Slot::Bool, Slot::Float],
            NativeType::OptStr => vec![Slot::OptRef(self.find(&Type::Str))],
            NativeType::ListStr => vec![list(Type::Str)],
            NativeType::ListInt => vec![list(Type::Int)],
        }
    }

    fn node(&mut self, op: Opcode) {
        match op {
            Opcode::Neighbors => {
                let slot = Slot::Ref(self.find(&Type::List(self.find(&Type::Hop))));
                self.emit_to(slot, |dst| Inst::Neighbors { dst });
            }
            Opcode::PlaceNew => {
                let any = self.class_slot(Class::AnyTag);
                let (wanted, unwanted) = (self.some(any), self.some(any));
                let place = self.class_slot(Class::Place);
                self.emit_to(place, |dst| Inst::PlaceNew {
                    dst,
                    wanted,
                    unwanted,
                });
            }
            Opcode::Spawn => {
                let (func, params, _) = self.some_function();
                let facts = self
                    .types()
                    .check()
                    .expect("the types made here are well-formed");
                if params.iter().all(|ty| facts.is_data(*ty)) {
                    let args = self.need_types(&params);
                    let id = self.class_slot(Class::Id);
                    self.emit_to(id, |dst| Inst::Spawn { dst, func, args });
                }
            }
            _ => self.tag(op),
        }
    }

    fn tag(&mut self, op: Opcode) {
        let ty = self.some_type(|ty| matches!(ty, Type::Tag(_)));
        let Some(Type::Tag(value_type)) = self.types().get(ty).cloned() else {
            return;
        };
        let tag = self.need(Slot::Ref(ty));
        match op {
            Opcode::TagDelete => _ = self.emit_to(Slot::Bool, |dst| Inst::TagDelete { dst, tag }),
            Opcode::TagHas => _ = self.emit_to(Slot::Bool, |dst| Inst::TagHas { dst, tag }),
            Opcode::TagVersion => {
                self.emit_to(Slot::Int, |dst| Inst::TagVersion { dst, tag });
            }
            Opcode::TagRead => {
                let dsts = self.fresh_option(value_type);
                self.emit(Inst::TagRead { dsts, tag });
            }
            Opcode::TagBlock => {
                let dsts = self.fresh_option(value_type);
                let (timeout, after) = (self.need(Slot::Int), self.need(Slot::Int));
                self.emit(Inst::TagBlock {
                    dsts,
                    tag,
                    timeout,
                    after,
                });
            }
            Opcode::TagWrite => {
                let value = self.need_type(value_type);
                self.emit_to(Slot::Int, |dst| Inst::TagWrite { dst, tag, value });
            }
            Opcode::TagCreate => {
                let value = self.need_type(value_type);
                let [lifetime, read, write] = [(); 3].map(|()| self.need(Slot::Int));
                self.emit_to(Slot::Int, |dst| Inst::TagCreate {
                    dst,
                    tag,
                    value,
                    lifetime,
                    read,
                    write,
                });
            }
            _ => {}
        }
    }

    /// New registers for an option of this type, whether or not the table has that option.
    fn fresh_option(&mut self, ty: TypeIx) -> Box<[Reg]> {
        let slots = self.types().slots(ty);
        let is_option = matches!(self.types().get(ty), Some(Type::Option(_)));
        match slots.as_slice() {
            [Slot::Ref(target)] if !is_option => {
                let target = *target;
                self.fresh_all(&[Slot::OptRef(target)])
            }
            _ => {
                let all: Vec<_> = [Slot::Bool].into_iter().chain(slots).collect();
                self.fresh_all(&all)
            }
        }
    }
}
