//! Operations that do the work of several: a constant with the operation that takes it, a
//! comparison with the branch, a call with its registers at hand.
//!
//! A fused operation stands at the place of the first instruction, and those behind it stay, for
//! jumps to them. It leaves out the registers that nobody reads afterwards. It reads all it needs
//! before it writes, and where an instruction of it could trap, the exact loop runs it instead: so
//! only an operation without a trap may follow one that has written.

use sm_bytecode::{Function, Inst, Reg};

use crate::op::{Code, Imm, Op, Pc, R, Side};

/// How far behind an operation is looked for who reads what it leaves out.
const FAR: usize = 16;

/// The rest of a block.
pub(super) struct Stretch<'a> {
    pub(super) function: &'a Function,
    pub(super) insts: &'a [Inst],
    pub(super) code: &'a [Code],
    /// How many places are in the side table of jumps already, and where new ones go.
    pub(super) jumps: usize,
    pub(super) side: &'a mut Vec<Pc>,
}

/// A fused operation, and the number of instructions that it stands for.
type Fused = Option<(Op, usize)>;

impl Stretch<'_> {
    /// What the fused loop runs for the first instruction.
    pub(super) fn fused(mut self) -> Code {
        let of_constant = match self.code[0].op {
            Op::Small { dst, value } => self.with_constant(dst, value),
            _ => None,
        };
        let found = of_constant
            .or_else(|| self.comparison())
            .or_else(|| self.float_pair())
            .or_else(|| self.more_floats())
            .or_else(|| self.field_pair())
            .or_else(|| self.loop_end())
            .or_else(|| self.object_pair())
            .or_else(|| self.short());
        let Some((op, count)) = found else {
            return self.code[0];
        };
        let prices = self.code[..count].iter().map(|code| code.fuel);
        match prices.reduce(|sum, price| sum.saturating_add(price)) {
            Some(fuel) if fuel < u16::MAX => Code { op, fuel },
            _ => self.code[0],
        }
    }

    fn op(&self, at: usize) -> Option<Op> {
        self.code.get(at).map(|code| code.op)
    }

    /// Whether nobody reads a register behind the first `count` instructions before it is written.
    fn is_gone(&self, reg: R, count: usize) -> bool {
        let reg = Reg(reg);
        for inst in self.insts[count..].iter().take(FAR) {
            let (mut is_read, mut is_written) = (false, false);
            inst.uses(|used| is_read |= used == reg);
            inst.defs(|written| is_written |= written == reg);
            if is_read || is_written {
                return !is_read;
            }
        }
        let Some(last) = self.insts.last() else {
            return false;
        };
        let mut is_live = self.insts.len() > count + FAR;
        last.successors(|to| {
            let live_in = &self.function.blocks[to.index()].live_in;
            is_live |= live_in.binary_search(&reg).is_ok();
        });
        !is_live
    }

    /// Whether `reg`, which one of the first `count` instructions sets for another of them, is
    /// needed no longer: it is overwritten by the last of them, or by one behind.
    fn is_spent(&self, reg: R, dst: R, count: usize) -> bool {
        reg == dst || self.is_gone(reg, count)
    }

    /// A constant, and the operation behind it that takes it.
    fn with_constant(&mut self, konst: R, imm: Imm) -> Fused {
        let next = self.op(1)?;
        if let Op::ListSetByte { list, index, value } = next {
            let fits = value == konst && index != konst && self.is_gone(konst, 2);
            let imm = u16::try_from(imm.get()).ok().filter(|_| fits)?;
            return Some((Op::ListSetByteImm { list, index, imm }, 2));
        }
        if let Op::ListGetWord { dst, list, index } = next {
            let fits = index == konst && self.is_spent(konst, dst, 2);
            let imm = u16::try_from(imm.get()).ok().filter(|_| fits)?;
            return Some((Op::ListGetWordImm { dst, list, imm }, 2));
        }
        if let (Op::Return { values }, Inst::Return { values: regs }) = (next, &self.insts[1]) {
            let is_it = **regs == [Reg(konst)];
            return is_it.then_some((Op::ReturnImm { imm, values }, 2));
        }
        let (dst, op) = compared(konst, imm, next).or_else(|| computed(konst, imm, next))?;
        if let Some(found) = self.with_two_constants(konst, dst, op) {
            return Some(found);
        }
        match self.op(2) {
            Some(Op::Branch {
                cond,
                then,
                otherwise,
            }) if cond == dst && self.is_gone(dst, 3) && self.is_gone(konst, 3) => {
                if let Some(op) = branch_imm(op, then, otherwise) {
                    return Some((op, 3));
                }
            }
            Some(Op::Jump { to }) if self.is_spent(konst, dst, 3) => {
                if let Op::AddImm { dst, a, imm } = op {
                    return Some((Op::AddImmJump { dst, imm, a, to }, 3));
                }
            }
            Some(Op::ListGetWord {
                dst: element,
                list,
                index,
            }) if index == dst
                && self.is_spent(dst, element, 3)
                && self.is_spent(konst, element, 3) =>
            {
                if let Some(op) = element_at(op, element, list) {
                    return Some((op, 3));
                }
            }
            _ => {}
        }
        self.is_spent(konst, dst, 2).then_some((op, 2))
    }

    /// What comes of a constant and an operation with it, and another constant behind them.
    fn with_two_constants(&self, konst: R, dst: R, op: Op) -> Fused {
        let Op::Small {
            dst: second,
            value: more,
        } = self.op(2)?
        else {
            return None;
        };
        match (op, self.op(3)?) {
            (Op::MulImm { a, imm, .. }, next) => {
                let (
                    sum,
                    Op::AddImm {
                        a: t, imm: more, ..
                    },
                ) = computed(second, more, next)?
                else {
                    return None;
                };
                let spent = [konst, dst, second];
                let fits = t == dst && spent.iter().all(|reg| self.is_spent(*reg, sum, 4));
                let op = Op::MulAddImm {
                    dst: sum,
                    a,
                    imm,
                    more,
                };
                fits.then_some((op, 4))
            }
            (Op::RemPower { a, shift, .. }, next) if more.get() == 0 => {
                let (is_multiple, next) = compared(second, more, next)?;
                let Op::Branch {
                    cond,
                    then,
                    otherwise,
                } = self.op(4)?
                else {
                    return None;
                };
                let (t, then, otherwise) = match next {
                    Op::EqImm { a, .. } => (a, then, otherwise),
                    Op::NeImm { a, .. } => (a, otherwise, then),
                    _ => return None,
                };
                let gone = [konst, dst, second, is_multiple];
                let fits =
                    t == dst && cond == is_multiple && gone.iter().all(|reg| self.is_gone(*reg, 5));
                let mask = u16::try_from((1_u64 << shift) - 1).ok().filter(|_| fits)?;
                let op = Op::BranchMultiple {
                    a,
                    mask,
                    then,
                    otherwise,
                };
                Some((op, 5))
            }
            _ => None,
        }
    }

    /// A comparison and the branch behind it.
    fn comparison(&self) -> Fused {
        let Op::Branch {
            cond,
            then: yes,
            otherwise: no,
        } = self.op(1)?
        else {
            return None;
        };
        /// With the registers in this order, and the places in this order.
        macro_rules! branch {
            ($name:ident, $a:expr, $b:expr, $then:expr, $otherwise:expr) => {
                Op::$name {
                    a: $a,
                    b: $b,
                    then: $then,
                    otherwise: $otherwise,
                }
            };
        }
        let (dst, op) = match self.code[0].op {
            Op::WordEq { dst, a, b } => (dst, branch!(BranchEq, a, b, yes, no)),
            Op::IntNe { dst, a, b } => (dst, branch!(BranchEq, a, b, no, yes)),
            Op::IntLt { dst, a, b } => (dst, branch!(BranchLt, a, b, yes, no)),
            Op::IntLe { dst, a, b } => (dst, branch!(BranchLt, b, a, no, yes)),
            Op::FloatEq { dst, a, b } => (dst, branch!(BranchFloatEq, a, b, yes, no)),
            Op::FloatNe { dst, a, b } => (dst, branch!(BranchFloatEq, a, b, no, yes)),
            Op::FloatLt { dst, a, b } => (dst, branch!(BranchFloatLt, a, b, yes, no)),
            Op::FloatLe { dst, a, b } => (dst, branch!(BranchFloatLe, a, b, yes, no)),
            Op::BoolNot { dst, a } => (dst, branch_on(a, no, yes)),
            Op::OptIsSome { dst, src } => (dst, branch_on(src, yes, no)),
            Op::ListGetByte { dst, list, index } => {
                let op = Op::BranchByte {
                    list,
                    index,
                    then: yes,
                    otherwise: no,
                };
                (dst, op)
            }
            _ => return None,
        };
        (dst == cond && self.is_gone(dst, 2)).then_some((op, 2))
    }

    /// Two operations over doubles, none of which traps.
    fn float_pair(&self) -> Fused {
        let next = self.op(1)?;
        let (set, dst, op) = match (self.code[0].op, next) {
            (Op::FloatMul { dst: t, a, b }, Op::FloatAdd { dst, a: x, b: y }) => {
                let c = other(x, y, t)?;
                (t, dst, Op::FloatMulAdd { dst, a, b, c })
            }
            (Op::FloatMul { dst: t, a, b }, Op::FloatSub { dst, a: x, b: c })
                if x == t && c != t =>
            {
                (t, dst, Op::FloatMulSub { dst, a, b, c })
            }
            (Op::FloatMul { dst: t, a, b }, Op::FloatSub { dst, a: c, b: y })
                if y == t && c != t =>
            {
                (t, dst, Op::FloatSubMul { dst, a, b, c })
            }
            (Op::FloatMul { dst: t, a, b }, Op::FloatMul { dst, a: x, b: y })
                if other(x, y, t).is_some() =>
            {
                let c = other(x, y, t)?;
                (t, dst, Op::FloatProduct { dst, a, b, c })
            }
            (Op::FloatDiv { dst: t, a, b }, Op::FloatAdd { dst, a: x, b: y }) => {
                let c = other(x, y, t)?;
                (t, dst, Op::FloatDivAdd { dst, a, b, c })
            }
            (Op::FloatSub { dst: t, a, b }, Op::FloatAdd { dst, a: x, b: y }) => {
                let c = other(x, y, t)?;
                (t, dst, Op::FloatSubAdd { dst, a, b, c })
            }
            (
                Op::Word {
                    dst: konst,
                    index: word,
                },
                next,
            ) => {
                let (dst, op) = of_word(konst, word, next)?;
                (konst, dst, op)
            }
            _ => return None,
        };
        self.is_spent(set, dst, 2).then_some((op, 2))
    }

    /// Two products, unless there is a better use for the second one, and a branch on a comparison
    /// with a constant.
    fn more_floats(&mut self) -> Fused {
        match (self.code[0].op, self.op(1)?) {
            (
                Op::FloatMul { dst, a, b },
                Op::FloatMul {
                    dst: dst2,
                    a: a2,
                    b: b2,
                },
            ) => {
                let behind = Stretch {
                    insts: &self.insts[1..],
                    code: &self.code[1..],
                    side: &mut *self.side,
                    ..*self
                };
                let op = Op::FloatMulTwo {
                    dst,
                    a,
                    b,
                    dst2,
                    a2,
                    b2,
                };
                behind.float_pair().is_none().then_some((op, 2))
            }
            (Op::Word { dst: konst, index }, Op::FloatLt { dst, a, b }) => {
                let Op::Branch {
                    cond,
                    then,
                    otherwise,
                } = self.op(2)?
                else {
                    return None;
                };
                let fits = cond == dst && self.is_gone(dst, 3) && self.is_gone(konst, 3);
                let word = u16::try_from(index.0).ok().filter(|_| fits)?;
                let a = other(a, b, konst)?;
                let op = match self.code[1].op {
                    Op::FloatLt { a: left, .. } if left == konst => Op::BranchFloatGtWord {
                        a,
                        word,
                        then,
                        otherwise,
                    },
                    _ => Op::BranchFloatLtWord {
                        a,
                        word,
                        then,
                        otherwise,
                    },
                };
                Some((op, 3))
            }
            _ => None,
        }
    }

    /// Two fields at once.
    fn field_pair(&self) -> Fused {
        let op = match (self.code[0].op, self.op(1)?) {
            (
                Op::RecordGet { dst, src, field },
                Op::RecordGet {
                    dst: dst2,
                    src: src2,
                    field: field2,
                },
            ) => Op::RecordGetTwo {
                dst,
                src,
                field,
                dst2,
                src2,
                field2,
            },
            (
                Op::VariantGet {
                    dst,
                    src,
                    variant,
                    field,
                },
                Op::VariantGet {
                    dst: dst2,
                    src: src2,
                    variant: variant2,
                    field: field2,
                },
            ) if src == src2 && variant == variant2 && dst != src => Op::VariantGetTwo {
                src,
                variant,
                dst,
                field,
                dst2,
                field2,
            },
            _ => return None,
        };
        Some((op, 2))
    }

    /// The last operation of a loop's body, and the end of the loop.
    fn loop_end(&mut self) -> Fused {
        let Op::ForNext {
            i,
            limit,
            body,
            exit,
        } = self.op(1)?
        else {
            return None;
        };
        let targets = Side(self.jumps as u32);
        let op = match self.code[0].op {
            Op::IterCheck { coll, counter } => Op::IterNext {
                coll,
                counter,
                i,
                limit,
                targets,
            },
            Op::IntAdd { dst: sum, a, b } => Op::AddNext {
                sum,
                b: other(a, b, sum)?,
                i,
                limit,
                targets,
            },
            Op::FloatAdd { dst: sum, a, b } => Op::FloatAddNext {
                sum,
                b: other(a, b, sum)?,
                i,
                limit,
                targets,
            },
            _ => return None,
        };
        self.side.extend([body, exit]);
        Some((op, 2))
    }

    /// Other pairs that work on objects, and `Move` with `Jump`.
    fn object_pair(&self) -> Fused {
        let op = match (self.code[0].op, self.op(1)?) {
            (Op::Move { dst, src }, Op::Jump { to }) => Op::MoveJump { dst, src, to },
            (
                Op::EnumTag { dst, src },
                Op::Switch {
                    index,
                    count,
                    targets,
                },
            ) if index == dst && self.is_gone(dst, 2) => Op::SwitchTag {
                src,
                count,
                targets,
            },
            (Op::IntAdd { dst, a, b }, Op::Return { values }) => match &self.insts[1] {
                Inst::Return { values: regs } if **regs == [Reg(dst)] => {
                    Op::ReturnSum { a, b, values }
                }
                _ => return None,
            },
            _ => return None,
        };
        Some((op, 2))
    }

    /// Calls and returns that need no lists.
    fn short(&self) -> Fused {
        let slack = self.function.regs.len() as R;
        let dst = |dsts: &[Reg]| match dsts {
            [] => Some(slack),
            [dst] => Some(dst.0),
            _ => None,
        };
        let args = |args: &[Reg]| {
            let mut all = [0; 3];
            let known = all.get_mut(..args.len())?;
            known.iter_mut().zip(args).for_each(|(to, arg)| *to = arg.0);
            Some(all)
        };
        let op = match (self.code[0].op, &self.insts[0]) {
            (
                Op::Call { func, .. },
                Inst::Call {
                    dsts, args: regs, ..
                },
            ) => Op::CallShort {
                func,
                dst: dst(dsts)?,
                args: args(regs)?,
            },
            (
                Op::CallClosure { closure, .. },
                Inst::CallClosure {
                    dsts, args: regs, ..
                },
            ) => Op::CallClosureShort {
                closure,
                dst: dst(dsts)?,
                args: args(regs)?,
            },
            (Op::Return { values }, Inst::Return { values: regs }) => Op::ReturnShort {
                src: match **regs {
                    [] => 0,
                    [value] => value.0,
                    _ => return None,
                },
                values,
            },
            _ => return None,
        };
        Some((op, 1))
    }
}

/// The one of two registers that is not this one, if the other is.
fn other(a: R, b: R, this: R) -> Option<R> {
    match (a == this, b == this) {
        (true, false) => Some(b),
        (false, true) => Some(a),
        _ => None,
    }
}

fn branch_on(cond: R, then: Pc, otherwise: Pc) -> Op {
    Op::Branch {
        cond,
        then,
        otherwise,
    }
}

/// An operation of which one operand is a constant, and its destination.
fn computed(konst: R, imm: Imm, op: Op) -> Option<(R, Op)> {
    let by = |a: R, b: R| (b == konst && a != konst).then_some(a);
    let power = || {
        let is_power = imm.get() > 0 && imm.get().count_ones() == 1;
        is_power.then(|| imm.get().trailing_zeros() as u16)
    };
    let divisor = || (imm.get() != 0 && imm.get() != -1).then_some(imm);
    Some(match op {
        Op::IntAdd { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::AddImm { dst, a, imm })
        }
        Op::IntSub { dst, a, b } => match by(a, b) {
            Some(a) => {
                let imm = Imm({ imm.0 }.checked_neg()?);
                (dst, Op::AddImm { dst, a, imm })
            }
            None => {
                let a = by(b, a)?;
                (dst, Op::SubFromImm { dst, a, imm })
            }
        },
        Op::IntWrapAdd { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::WrapAddImm { dst, a, imm })
        }
        Op::IntWrapSub { dst, a, b } => {
            let (a, imm) = (by(a, b)?, Imm({ imm.0 }.checked_neg()?));
            (dst, Op::WrapAddImm { dst, a, imm })
        }
        Op::IntMul { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::MulImm { dst, a, imm })
        }
        Op::IntWrapMul { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::WrapMulImm { dst, a, imm })
        }
        Op::IntDiv { dst, a, b } => {
            let (a, imm) = (by(a, b)?, divisor()?);
            match power() {
                Some(shift) => (dst, Op::DivPower { dst, a, shift }),
                None => (dst, Op::DivImm { dst, a, imm }),
            }
        }
        Op::IntRem { dst, a, b } => {
            let (a, imm) = (by(a, b)?, divisor()?);
            match power() {
                Some(shift) => (dst, Op::RemPower { dst, a, shift }),
                None => (dst, Op::RemImm { dst, a, imm }),
            }
        }
        _ => return bits(konst, imm, op),
    })
}

/// The same of operations on bits.
fn bits(konst: R, imm: Imm, op: Op) -> Option<(R, Op)> {
    let by = |a: R, b: R| (b == konst && a != konst).then_some(a);
    let shift = || u16::try_from(imm.get()).ok().filter(|shift| *shift < 64);
    Some(match op {
        Op::IntAnd { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::AndImm { dst, a, imm })
        }
        Op::IntOr { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::OrImm { dst, a, imm })
        }
        Op::IntXor { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::XorImm { dst, a, imm })
        }
        Op::IntShl { dst, a, b } => {
            let (a, shift) = (by(a, b)?, shift()?);
            (dst, Op::ShlImm { dst, a, shift })
        }
        Op::IntShr { dst, a, b } => {
            let (a, shift) = (by(a, b)?, shift()?);
            (dst, Op::ShrImm { dst, a, shift })
        }
        Op::IntUshr { dst, a, b } => {
            let (a, shift) = (by(a, b)?, shift()?);
            (dst, Op::UshrImm { dst, a, shift })
        }
        _ => return None,
    })
}

/// A comparison with a constant, and its destination.
fn compared(konst: R, imm: Imm, op: Op) -> Option<(R, Op)> {
    let more = |by: i32| { imm.0 }.checked_add(by).map(Imm);
    Some(match op {
        Op::WordEq { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::EqImm { dst, a, imm })
        }
        Op::IntNe { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::NeImm { dst, a, imm })
        }
        Op::IntLt { dst, a, b } if b == konst && a != konst => (dst, Op::LtImm { dst, a, imm }),
        Op::IntLt { dst, a, b } if a == konst && b != konst => (dst, Op::GtImm { dst, a: b, imm }),
        Op::IntLe { dst, a, b } if b == konst && a != konst => {
            let imm = more(1)?;
            (dst, Op::LtImm { dst, a, imm })
        }
        Op::IntLe { dst, a, b } if a == konst && b != konst => {
            let imm = more(-1)?;
            (dst, Op::GtImm { dst, a: b, imm })
        }
        _ => return None,
    })
}

/// A branch on a comparison with a constant.
fn branch_imm(op: Op, then: Pc, otherwise: Pc) -> Option<Op> {
    let short = |imm: Imm, more: i64| i16::try_from(imm.get() + more).ok();
    Some(match op {
        Op::EqImm { a, imm, .. } => Op::BranchEqImm {
            a,
            imm: short(imm, 0)?,
            then,
            otherwise,
        },
        Op::NeImm { a, imm, .. } => Op::BranchEqImm {
            a,
            imm: short(imm, 0)?,
            then: otherwise,
            otherwise: then,
        },
        Op::LtImm { a, imm, .. } => Op::BranchLtImm {
            a,
            imm: short(imm, 0)?,
            then,
            otherwise,
        },
        Op::GtImm { a, imm, .. } => Op::BranchLtImm {
            a,
            imm: short(imm, 1)?,
            then: otherwise,
            otherwise: then,
        },
        _ => return None,
    })
}

/// `list[index + imm]`, of the operation that adds. Where the sum is too large the exact loop says
/// what comes of it.
fn element_at(op: Op, dst: R, list: R) -> Option<Op> {
    let (Op::AddImm { a, imm, .. } | Op::WrapAddImm { a, imm, .. }) = op else {
        return None;
    };
    let imm = i16::try_from(imm.get()).ok()?;
    Some(Op::ListGetWordPlus {
        dst,
        list,
        index: a,
        imm,
    })
}

/// An operation of which one operand is a constant in the side table, and its destination.
fn of_word(konst: R, word: Side, op: Op) -> Option<(R, Op)> {
    Some(match op {
        Op::FloatAdd { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::FloatAddConst { dst, a, word })
        }
        Op::FloatMul { dst, a, b } => {
            let a = other(a, b, konst)?;
            (dst, Op::FloatMulConst { dst, a, word })
        }
        Op::FloatSub { dst, a, b } if b == konst && a != konst => {
            (dst, Op::FloatSubConst { dst, a, word })
        }
        Op::FloatSub { dst, a, b } if a == konst && b != konst => {
            (dst, Op::FloatConstSub { dst, a: b, word })
        }
        Op::FloatDiv { dst, a, b } if b == konst && a != konst => {
            (dst, Op::FloatDivConst { dst, a, word })
        }
        Op::FloatDiv { dst, a, b } if a == konst && b != konst => {
            (dst, Op::FloatConstDiv { dst, a: b, word })
        }
        _ => return None,
    })
}
