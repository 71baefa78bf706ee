//! Instructions of a function in the form that the interpreter runs.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{BlockIx, ConstIx, FuncRef, Inst, Reg, TagIx, TypeIx};

use crate::heap::layout::Kind;
use crate::index::FuncId;
use crate::link::{LinkedGroup, small};
use crate::op::{Code, List, Op, Pc, R, RecordSite};
use crate::program::{Function, LinkError};

/// The code of a program, and its side tables.
#[derive(Default)]
pub(super) struct CodeTables {
    pub(super) code: Vec<Code>,
    pub(super) lists: Vec<R>,
    pub(super) words: Vec<u64>,
    pub(super) jumps: Vec<Pc>,
    pub(super) records: Vec<RecordSite>,
    pub(super) slow: Vec<Inst>,
}

impl CodeTables {
    pub(super) fn add_function(
        &mut self,
        group: &LinkedGroup,
        number: usize,
        callees: &[FuncId],
        linked: &Function,
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
            starts: starts.collect(),
        };
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            let op = self.op(&context, inst)?;
            let fuel = price(inst);
            self.code.push(Code { op, fuel });
        }
        Ok(())
    }

    fn op(&mut self, context: &Context<'_>, inst: &Inst) -> Result<Op, LinkError> {
        if let Some(op) = number_op(inst) {
            return Ok(op);
        }
        if let Some(op) = context.object_op(inst) {
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
                let site = RecordSite {
                    ty: context.group.types[ty.index()],
                    variant: *variant,
                    args: self.list(args)?,
                };
                self.records.push(site);
                Op::RecordNew {
                    dst: dst.0,
                    site: small(self.records.len() - 1)?,
                }
            }
            other => {
                self.slow.push(context.renumbered(other));
                Op::Slow {
                    index: small(self.slow.len() - 1)?,
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
                captures: self.list(captures)?.0,
            },
            Inst::Spawn { dst, func, args } => Op::Spawn {
                dst: dst.0,
                func: context.function(*func),
                args: self.list(args)?.0,
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
                    targets: first,
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
            } => {
                let first = small(self.jumps.len())?;
                self.jumps
                    .extend([context.start(*body), context.start(*exit)]);
                Op::ForNext {
                    i: i.0,
                    limit: limit.0,
                    targets: first,
                }
            }
            _ => return Ok(None),
        }))
    }

    fn constant(&mut self, dst: R, word: u64) -> Result<Op, LinkError> {
        if let Ok(value) = i32::try_from(word as i64) {
            return Ok(Op::Small { dst, value });
        }
        self.words.push(word);
        Ok(Op::Word {
            dst,
            index: small(self.words.len() - 1)?,
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

/// The part of the price that is known before the instruction runs.
fn price(inst: &Inst) -> u32 {
    let fuel = inst.info().fuel;
    match inst {
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

    /// Whether the register holds a list of `Bool`, which is packed.
    fn is_packed(&self, list: Reg) -> bool {
        let group = &self.group.group;
        let regs = &group.functions[usize::from(self.linked.function)].regs;
        let Slot::Ref(ty) = regs[list.index()] else {
            return false;
        };
        let Some(Type::List(elem)) = group.types.get(ty) else {
            return false;
        };
        crate::shape::kind_of(&group.types, group.types.elem(*elem)) == Kind::Bool
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

    /// Constants, records, lists.
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
            Inst::ListPush { list, value } => Op::ListPush {
                list: list.0,
                value: value.0,
            },
            Inst::IterCheck { coll, counter } => Op::IterCheck {
                coll: coll.0,
                counter: counter.0,
            },
            _ => return None,
        })
    }
}

/// Instructions over numbers, which look the same in both forms.
fn number_op(inst: &Inst) -> Option<Op> {
    macro_rules! same {
        ($($name:ident { $($field:ident),* } => $op:ident),* $(,)?) => {
            match *inst {
                $(Inst::$name { $($field),* } => Op::$op { $($field: $field.0),* },)*
                Inst::BoolConst { dst, value } => Op::Small { dst: dst.0, value: value.into() },
                Inst::EnumConst { dst, variant, .. } => {
                    Op::Small { dst: dst.0, value: variant.into() }
                }
                Inst::Null { dst } => Op::Small { dst: dst.0, value: 0 },
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
