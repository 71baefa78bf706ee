//! Instructions of a function in the form that the interpreter runs.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{BlockIx, ConstIx, FuncRef, Inst, Native, Reg, TagIx, TypeIx};

use crate::heap::layout::{Header, Kind, Layouts, entry_words};
use crate::index::FuncId;
use crate::link::fuse::Stretch;
use crate::link::{LinkedGroup, small};
use crate::op::{Code, Imm, List, Op, Pc, R, RecordSite, Side, SlowSite};
use crate::program::{Function, LinkError};
use crate::shape::kind_of;

/// The code of a program, and its side tables.
#[derive(Default)]
pub(super) struct CodeTables {
    pub(super) code: Vec<Code>,
    pub(super) fused: Vec<Code>,
    pub(super) lists: Vec<R>,
    pub(super) words: Vec<u64>,
    pub(super) jumps: Vec<Pc>,
    pub(super) records: Vec<RecordSite>,
    pub(super) slow: Vec<SlowSite>,
}

impl CodeTables {
    pub(super) fn add_function(
        &mut self,
        group: &LinkedGroup,
        number: usize,
        callees: &[FuncId],
        linked: &Function,
        layouts: &Layouts,
    ) -> Result<(), LinkError> {
        let function = &group.group.functions[number];
        let mut start = linked.start;
        let starts = function.blocks.iter().map(|block| {
            let this = start;
            start = Pc(start.0 + block.insts.len() as u32);
            this
        });
        let context = Context {
            group,
            callees,
            linked,
            layouts,
            starts: starts.collect(),
        };
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            let op = self.op(&context, inst)?;
            let fuel = u16::try_from(price(inst, op)).map_err(|_| LinkError::TooLarge)?;
            self.code.push(Code { op, fuel });
        }
        self.fuse(function, linked.start.index())
    }

    /// Adds the fused form of the function whose operations start here.
    fn fuse(&mut self, function: &sm_bytecode::Function, start: usize) -> Result<(), LinkError> {
        let mut rest = &self.code[start..];
        let mut side = Vec::new();
        for block in &function.blocks {
            let (code, behind) = rest.split_at(block.insts.len());
            rest = behind;
            for at in 0..code.len() {
                let stretch = Stretch {
                    function,
                    insts: &block.insts[at..],
                    code: &code[at..],
                    jumps: self.jumps.len(),
                    side: &mut side,
                };
                self.fused.push(stretch.fused());
                self.jumps.append(&mut side);
            }
        }
        small(self.jumps.len())?;
        Ok(())
    }

    fn op(&mut self, context: &Context<'_>, inst: &Inst) -> Result<Op, LinkError> {
        if let Some(op) = number_op(inst) {
            return Ok(op);
        }
        let object_op = || context.object_op(inst).or_else(|| context.list_op(inst));
        if let Some(op) = object_op().or_else(|| context.library_op(inst)) {
            return Ok(op);
        }
        if let Some(op) = self.flow_op(context, inst)? {
            return Ok(op);
        }
        Ok(match inst {
            Inst::IntConst { dst, value } => self.constant(dst.0, *value as u64)?,
            Inst::FloatConst { dst, bits } => self.constant(dst.0, bits.0)?,
            Inst::RecordNew {
                dst,
                ty,
                variant,
                args,
            } => {
                let ty = context.group.types[ty.index()];
                if let Some(shared) = context.layouts.shared(ty, *variant) {
                    return self.constant(dst.0, shared.word());
                }
                let site = RecordSite {
                    header: Header::record(ty, *variant, args.len()),
                    args: self.list(args)?,
                };
                self.records.push(site);
                Op::RecordNew {
                    dst: dst.0,
                    site: Side(small(self.records.len() - 1)?),
                }
            }
            other => {
                let info = other.info();
                self.slow.push(SlowSite {
                    inst: context.renumbered(other),
                    fuel: info.fuel,
                    is_safepoint: info.is_safepoint(),
                });
                Op::Slow {
                    index: Side(small(self.slow.len() - 1)?),
                }
            }
        })
    }

    /// Calls and ends of blocks, which need the side tables.
    fn flow_op(&mut self, context: &Context<'_>, inst: &Inst) -> Result<Option<Op>, LinkError> {
        Ok(Some(match inst {
            Inst::Call { dsts, func, args } => Op::Call {
                func: context.function(*func),
                lists: self.two_lists(args, dsts)?,
            },
            Inst::CallClosure {
                dsts,
                closure,
                args,
            } => Op::CallClosure {
                closure: closure.0,
                lists: self.two_lists(args, dsts)?,
            },
            Inst::ClosureNew {
                dst,
                func,
                captures,
            } => Op::ClosureNew {
                dst: dst.0,
                func: context.function(*func),
                captures: self.list(captures)?,
            },
            Inst::Spawn { dst, func, args } => Op::Spawn {
                dst: dst.0,
                func: context.function(*func),
                args: self.list(args)?,
            },
            Inst::Jump { to } => Op::Jump {
                to: context.start(*to),
            },
            Inst::Branch {
                cond,
                then,
                otherwise,
            } => Op::Branch {
                cond: cond.0,
                then: context.start(*then),
                otherwise: context.start(*otherwise),
            },
            Inst::Switch {
                index,
                targets,
                default,
            } => {
                let first = small(self.jumps.len())?;
                self.jumps
                    .extend(targets.iter().map(|to| context.start(*to)));
                self.jumps.push(context.start(*default));
                Op::Switch {
                    index: index.0,
                    count: u16::try_from(targets.len()).map_err(|_| LinkError::TooLarge)?,
                    targets: Side(first),
                }
            }
            Inst::Return { values } => Op::Return {
                values: self.list(values)?,
            },
            Inst::ForNext {
                i,
                limit,
                body,
                exit,
            } => Op::ForNext {
                i: i.0,
                limit: limit.0,
                body: context.start(*body),
                exit: context.start(*exit),
            },
            _ => return Ok(None),
        }))
    }

    fn constant(&mut self, dst: R, word: u64) -> Result<Op, LinkError> {
        if let Ok(value) = i32::try_from(word as i64) {
            return Ok(Op::Small {
                dst,
                value: Imm(value),
            });
        }
        self.words.push(word);
        Ok(Op::Word {
            dst,
            index: Side(small(self.words.len() - 1)?),
        })
    }

    fn list(&mut self, regs: &[Reg]) -> Result<List, LinkError> {
        let at = small(self.lists.len())?;
        self.lists
            .push(R::try_from(regs.len()).map_err(|_| LinkError::TooLarge)?);
        self.lists.extend(regs.iter().map(|reg| reg.0));
        Ok(List(at))
    }

    fn two_lists(&mut self, first: &[Reg], second: &[Reg]) -> Result<List, LinkError> {
        let at = self.list(first)?;
        self.list(second)?;
        Ok(at)
    }
}

/// The slots of a key that is no reference.
const WORD_KEY: u64 = 1;

/// The part of the price that is known before the instruction runs.
fn price(inst: &Inst, op: Op) -> u32 {
    let fuel = inst.info().fuel;
    match inst {
        _ if matches!(op, Op::Slow { .. }) => fuel.base,
        Inst::CallNative { native, .. } => fuel.base + native.info().fuel.base,
        _ if matches!(op, Op::MapFindWord { .. } | Op::MapInsertWord { .. }) => {
            fuel.cost(WORD_KEY) as u32
        }
        Inst::RecordNew { args, .. } => fuel.cost(args.len() as u64) as u32,
        Inst::ClosureNew { captures, .. } => fuel.cost(captures.len() as u64) as u32,
        _ => fuel.base,
    }
}

/// Where the indices of a function lead.
struct Context<'a> {
    group: &'a LinkedGroup,
    callees: &'a [FuncId],
    linked: &'a Function,
    layouts: &'a Layouts,
    /// The first instruction of each block.
    starts: Vec<Pc>,
}

impl Context<'_> {
    fn function(&self, func: FuncRef) -> FuncId {
        match func {
            FuncRef::Local(index) => FuncId(self.group.first_function.0 + u32::from(index)),
            FuncRef::Callee(index) => self.callees[usize::from(index)],
        }
    }

    fn start(&self, block: BlockIx) -> Pc {
        self.starts[block.index()]
    }

    /// The type of the object in a register.
    fn type_of(&self, reg: Reg) -> Option<&Type> {
        let group = &self.group.group;
        match group.functions[usize::from(self.linked.function)].regs[reg.index()] {
            Slot::Ref(ty) => group.types.get(ty),
            _ => None,
        }
    }

    /// What elements, keys and values of this type are.
    fn kind(&self, ty: TypeIx) -> Kind {
        let types = &self.group.group.types;
        kind_of(types, types.elem(ty))
    }

    /// Whether the register holds a list of `Bool`, which is packed.
    fn is_packed(&self, list: Reg) -> bool {
        match self.type_of(list) {
            Some(Type::List(elem)) => self.kind(*elem) == Kind::Bool,
            _ => false,
        }
    }

    /// The size of the entries of a map or set, and its type of keys.
    fn entries(&self, map: Reg) -> Option<(u16, TypeIx)> {
        let (key, value) = match *self.type_of(map)? {
            Type::Map(key, value) => (key, Some(self.kind(value))),
            Type::Set(key) => (key, None),
            _ => return None,
        };
        Some((entry_words(value) as u16, key))
    }

    /// Searches for keys that are no references, or text.
    fn map_op(&self, inst: &Inst) -> Option<Op> {
        let (Inst::MapFind { map, key, .. } | Inst::MapInsert { map, key, .. }) = *inst else {
            return None;
        };
        let (stride, key_type) = self.entries(map)?;
        let is_text = self.group.group.types.get(key_type) == Some(&Type::Str);
        if self.kind(key_type).is_ref() && !is_text {
            return None;
        }
        let (map, key) = (map.0, key.0);
        Some(match *inst {
            Inst::MapFind { dst: Reg(dst), .. } if is_text => Op::MapFindText {
                dst,
                map,
                key,
                stride,
            },
            Inst::MapFind { dst: Reg(dst), .. } => Op::MapFindWord {
                dst,
                map,
                key,
                stride,
            },
            Inst::MapInsert {
                value: Reg(value), ..
            } if is_text => Op::MapInsertText { map, key, value },
            Inst::MapInsert {
                value: Reg(value), ..
            } => Op::MapInsertWord { map, key, value },
            _ => return None,
        })
    }

    /// Maps and native functions that are called often.
    fn library_op(&self, inst: &Inst) -> Option<Op> {
        Some(match *inst {
            Inst::MapValueAt { dst, map, entry } => Op::MapValueAt {
                dst: dst.0,
                map: map.0,
                entry: entry.0,
            },
            Inst::CallNative {
                ref dsts,
                native,
                ref args,
            } => native_op(dsts, native, args)?,
            _ => return self.map_op(inst),
        })
    }

    fn renumbered(&self, inst: &Inst) -> Inst {
        let mut inst = inst.clone();
        inst.operands_mut(|operand| match operand {
            OperandMut::Type(ty) => *ty = TypeIx(self.group.types[ty.index()].0),
            OperandMut::Const(id) => *id = ConstIx(self.group.consts[id.index()].0),
            OperandMut::Tag(tag) => *tag = TagIx(self.group.tags[tag.index()].0),
            _ => {}
        });
        inst
    }

    /// Constants and records.
    fn object_op(&self, inst: &Inst) -> Option<Op> {
        Some(match *inst {
            Inst::StrConst { dst, konst } | Inst::BytesConst { dst, konst } => Op::Const {
                dst: dst.0,
                id: self.group.consts[konst.index()],
            },
            Inst::TagConst { dst, tag } => Op::TagConst {
                dst: dst.0,
                id: self.group.tags[tag.index()],
            },
            Inst::RecordGet { dst, src, field } => Op::RecordGet {
                dst: dst.0,
                src: src.0,
                field,
            },
            Inst::RecordSet { obj, field, src } => Op::RecordSet {
                obj: obj.0,
                field,
                src: src.0,
            },
            Inst::VariantGet {
                dst,
                src,
                variant,
                field,
            } => Op::VariantGet {
                dst: dst.0,
                src: src.0,
                variant,
                field,
            },
            _ => return None,
        })
    }

    fn list_op(&self, inst: &Inst) -> Option<Op> {
        Some(match *inst {
            Inst::ListLen { dst, list } | Inst::MapLen { dst, map: list } => Op::ListLen {
                dst: dst.0,
                list: list.0,
            },
            Inst::ListGet { dst, list, index } => match self.is_packed(list) {
                true => Op::ListGetByte {
                    dst: dst.0,
                    list: list.0,
                    index: index.0,
                },
                false => Op::ListGetWord {
                    dst: dst.0,
                    list: list.0,
                    index: index.0,
                },
            },
            Inst::ListSet { list, index, value } => match self.is_packed(list) {
                true => Op::ListSetByte {
                    list: list.0,
                    index: index.0,
                    value: value.0,
                },
                false => Op::ListSetWord {
                    list: list.0,
                    index: index.0,
                    value: value.0,
                },
            },
            Inst::ListPush { list, value } => match self.is_packed(list) {
                true => Op::ListPushByte {
                    list: list.0,
                    value: value.0,
                },
                false => Op::ListPushWord {
                    list: list.0,
                    value: value.0,
                },
            },
            Inst::IterCheck { coll, counter } => Op::IterCheck {
                coll: coll.0,
                counter: counter.0,
            },
            _ => return None,
        })
    }
}

fn native_op(dsts: &[Reg], native: Native, args: &[Reg]) -> Option<Op> {
    let (dst, a) = (dsts.first()?.0, args.first()?.0);
    let b = args.get(1).map_or(a, |reg| reg.0);
    Some(match native {
        Native::FloatSqrt => Op::FloatSqrt { dst, a },
        Native::BytesLen | Native::StrByteLen => Op::BytesLen { dst, bytes: a },
        Native::BytesGet => Op::BytesGet {
            dst,
            bytes: a,
            index: b,
        },
        _ if native.name().starts_with("float.") => Op::FloatNative { dst, a, b, native },
        _ => return None,
    })
}

/// Instructions over numbers, which look the same in both forms.
fn number_op(inst: &Inst) -> Option<Op> {
    macro_rules! same {
        ($($name:ident { $($field:ident),* } => $op:ident),* $(,)?) => {
            match *inst {
                $(Inst::$name { $($field),* } => Op::$op { $($field: $field.0),* },)*
                Inst::BoolConst { dst, value } => {
                    Op::Small { dst: dst.0, value: Imm(value.into()) }
                }
                Inst::EnumConst { dst, variant, .. } => {
                    Op::Small { dst: dst.0, value: Imm(variant.into()) }
                }
                Inst::Null { dst } => Op::Small { dst: dst.0, value: Imm(0) },
                Inst::FloatFromBits { dst, a } => Op::Move { dst: dst.0, src: a.0 },
                _ => return None,
            }
        };
    }
    Some(same! {
        Move { dst, src } => Move,
        OptSome { dst, src } => Move,
        EnumIndex { dst, src } => Move,
        TagErase { dst, src } => Move,
        OptGet { dst, src } => OptGet,
        OptIsSome { dst, src } => OptIsSome,
        IntAdd { dst, a, b } => IntAdd,
        IntSub { dst, a, b } => IntSub,
        IntMul { dst, a, b } => IntMul,
        IntDiv { dst, a, b } => IntDiv,
        IntRem { dst, a, b } => IntRem,
        IntNeg { dst, a } => IntNeg,
        IntWrapAdd { dst, a, b } => IntWrapAdd,
        IntWrapSub { dst, a, b } => IntWrapSub,
        IntWrapMul { dst, a, b } => IntWrapMul,
        IntMulHi { dst, a, b } => IntMulHi,
        IntAnd { dst, a, b } => IntAnd,
        IntOr { dst, a, b } => IntOr,
        IntXor { dst, a, b } => IntXor,
        IntNot { dst, a } => IntNot,
        IntShl { dst, a, b } => IntShl,
        IntShr { dst, a, b } => IntShr,
        IntUshr { dst, a, b } => IntUshr,
        IntEq { dst, a, b } => WordEq,
        BoolEq { dst, a, b } => WordEq,
        RefSame { dst, a, b } => WordEq,
        IntNe { dst, a, b } => IntNe,
        IntLt { dst, a, b } => IntLt,
        IntLe { dst, a, b } => IntLe,
        IntToFloat { dst, a } => IntToFloat,
        FloatAdd { dst, a, b } => FloatAdd,
        FloatSub { dst, a, b } => FloatSub,
        FloatMul { dst, a, b } => FloatMul,
        FloatDiv { dst, a, b } => FloatDiv,
        FloatRem { dst, a, b } => FloatRem,
        FloatNeg { dst, a } => FloatNeg,
        FloatEq { dst, a, b } => FloatEq,
        FloatNe { dst, a, b } => FloatNe,
        FloatLt { dst, a, b } => FloatLt,
        FloatLe { dst, a, b } => FloatLe,
        FloatToInt { dst, a } => FloatToInt,
        FloatBits { dst, a } => FloatBits,
        BoolNot { dst, a } => BoolNot,
        EnumTag { dst, src } => EnumTag,
    })
}
