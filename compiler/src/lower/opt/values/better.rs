//! Better instructions in place of others, by what is known of their operands.

use sm_bytecode::{BlockIx, FloatBits, Inst, Opcode, Reg, Slot};

use super::super::fold::{self, Known, Same};
use super::super::ranges::Range;
use super::{NONE, Values, Vn, single_def};
use crate::lower::body::Op;

impl Values<'_> {
    /// A better instruction in place of this one, if there is one; what it needs goes `before` it.
    pub(super) fn better(&mut self, op: &Op, before: &mut Vec<Op>) -> Option<Inst> {
        match op.inst {
            Inst::Move { dst, src } if self.writes[dst.index()] > 1 => {
                let src = self.of(src);
                return self.known(src).map(|known| constant(dst, known));
            }
            Inst::Branch {
                cond,
                then,
                otherwise,
            } => return self.branch(cond, then, otherwise),
            Inst::Switch {
                index,
                ref targets,
                default,
            } => {
                let index = self.of(index);
                let Some(Known::Int(at)) = self.known(index) else {
                    return None;
                };
                let at = usize::try_from(at).ok();
                let to = at.and_then(|at| targets.get(at)).unwrap_or(&default);
                return Some(Inst::Jump { to: *to });
            }
            _ => {}
        }
        let dst = single_def(&op.inst)?;
        let opcode = op.inst.opcode();
        let (a, b) = operands(&op.inst)?;
        let (va, vb) = (self.of(a), self.of(b));
        let (ka, kb) = (self.known(va), self.known(vb));
        if is_unary(&op.inst) {
            let known = ka.and_then(|known| fold::unary(opcode, known));
            return known
                .map(|known| constant(dst, known))
                .or_else(|| self.unary(opcode, dst, va));
        }
        if let (Some(ka), Some(kb)) = (ka, kb)
            && let Some(known) = fold::binary(opcode, ka, kb)
        {
            return Some(constant(dst, known));
        }
        let same = match (kb, ka) {
            _ if va == vb => fold::with_itself(opcode).map(|same| (same, a)),
            (Some(kb), _) => fold::with_right(opcode, kb).map(|same| (same, a)),
            (_, Some(ka)) if fold::is_commutative(opcode) => {
                fold::with_right(opcode, ka).map(|same| (same, b))
            }
            _ => None,
        };
        match same {
            Some((Same::Other, src)) => return Some(Inst::Move { dst, src }),
            Some((Same::Known(known), _)) => return Some(constant(dst, known)),
            None => {}
        }
        if let (Opcode::BoolEq, Some(Known::Bool(false))) = (opcode, kb) {
            return Some(Inst::BoolNot { dst, a });
        }
        self.cheaper(op, dst, [(a, va), (b, vb)], before)
    }

    /// Branches without a test, or on what was negated.
    fn branch(&mut self, cond: Reg, then: BlockIx, otherwise: BlockIx) -> Option<Inst> {
        let vn = self.of(cond);
        if let Some(Known::Bool(truth)) = self.known(vn) {
            let to = if truth { then } else { otherwise };
            return Some(Inst::Jump { to });
        }
        let (Opcode::BoolNot, of, _) = self.values[vn as usize].made? else {
            return None;
        };
        let cond = self.source(of, Slot::Bool)?;
        Some(Inst::Branch {
            cond,
            then: otherwise,
            otherwise: then,
        })
    }

    /// Operations that undo another one.
    fn unary(&mut self, opcode: Opcode, dst: Reg, a: Vn) -> Option<Inst> {
        let (made, of, _) = self.values[a as usize].made?;
        match (opcode, made) {
            (Opcode::BoolNot, Opcode::BoolNot) | (Opcode::OptGet, Opcode::OptSome) => {
                let src = self.source(of, self.slots[dst.index()])?;
                Some(Inst::Move { dst, src })
            }
            (Opcode::OptIsSome, Opcode::OptSome) => Some(Inst::BoolConst { dst, value: true }),
            _ => None,
        }
    }

    /// Checks that cannot fail, and divisions by powers of two.
    fn cheaper(
        &mut self,
        op: &Op,
        dst: Reg,
        [(a, va), (b, vb)]: [(Reg, Vn); 2],
        before: &mut Vec<Op>,
    ) -> Option<Inst> {
        let opcode = op.inst.opcode();
        let (ra, rb) = (self.range(va), self.range(vb));
        if Range::fits(opcode, ra, rb) {
            return match opcode {
                Opcode::IntAdd => Some(Inst::IntWrapAdd { dst, a, b }),
                Opcode::IntSub => Some(Inst::IntWrapSub { dst, a, b }),
                Opcode::IntMul => Some(Inst::IntWrapMul { dst, a, b }),
                _ => None,
            };
        }
        if let Some(truth) = decided(opcode, ra, rb) {
            return Some(Inst::BoolConst { dst, value: truth });
        }
        match opcode {
            Opcode::IntRem if ra.low >= 0 => {
                let mask = self.power(vb)? - 1;
                let b = self.number(mask, op, before);
                Some(Inst::IntAnd { dst, a, b })
            }
            Opcode::IntDiv if ra.low >= 0 => {
                let distance = self.power(vb)?.trailing_zeros().into();
                let b = self.number(distance, op, before);
                Some(Inst::IntShr { dst, a, b })
            }
            // A rest is zero whatever its sign is.
            Opcode::IntEq | Opcode::IntNe if self.known(vb) == Some(Known::Int(0)) => {
                let (Opcode::IntRem, of, by) = self.values[va as usize].made? else {
                    return None;
                };
                let mask = self.power(by)? - 1;
                let a = self.source(of, Slot::Int)?;
                let mask = self.number(mask, op, before);
                let rest = self.reg(Slot::Int);
                let and = Inst::IntAnd {
                    dst: rest,
                    a,
                    b: mask,
                };
                self.emit(and, op, before);
                Some(match opcode {
                    Opcode::IntEq => Inst::IntEq { dst, a: rest, b },
                    _ => Inst::IntNe { dst, a: rest, b },
                })
            }
            _ => None,
        }
    }

    fn power(&self, vn: Vn) -> Option<i64> {
        match self.known(vn)? {
            Known::Int(n) if n > 0 && n.count_ones() == 1 => Some(n),
            _ => None,
        }
    }

    fn number(&mut self, value: i64, op: &Op, before: &mut Vec<Op>) -> Reg {
        let dst = self.reg(Slot::Int);
        self.emit(Inst::IntConst { dst, value }, op, before);
        dst
    }

    fn emit(&mut self, inst: Inst, op: &Op, before: &mut Vec<Op>) {
        let mut new = Op {
            inst,
            origin: op.origin,
        };
        self.op(&mut new, before);
        before.push(new);
    }

    fn reg(&mut self, slot: Slot) -> Reg {
        // Where there is no number left, the last one is taken: the body is too large by far.
        let reg = Reg(u16::try_from(self.slots.len()).unwrap_or(u16::MAX));
        self.slots.push(slot);
        self.writes.push(1);
        self.now.push(NONE);
        reg
    }
}

fn constant(dst: Reg, known: Known) -> Inst {
    match known {
        Known::Int(value) => Inst::IntConst { dst, value },
        Known::Float(bits) => Inst::FloatConst {
            dst,
            bits: FloatBits(bits),
        },
        Known::Bool(value) => Inst::BoolConst { dst, value },
    }
}

fn is_unary(inst: &Inst) -> bool {
    let mut count = 0;
    inst.uses(|_| count += 1);
    count == 1
}

/// The operands of instructions whose result depends on nothing but them and, for lists, on memory
/// that [`Values::key`] names; the only one stands twice.
pub(super) fn operands(inst: &Inst) -> Option<(Reg, Reg)> {
    use Opcode as Op;
    let opcode = inst.opcode();
    let listed = (Op::IntAdd..=Op::EnumTag).contains(&opcode)
        || matches!(
            opcode,
            Op::OptSome
                | Op::OptGet
                | Op::OptIsSome
                | Op::RefSame
                | Op::ListLen
                | Op::MapLen
                | Op::ListGet
                | Op::TagErase
        );
    if !listed {
        return None;
    }
    let mut found = [None; 2];
    let mut count = 0;
    inst.uses(|reg| {
        if let Some(place) = found.get_mut(count) {
            *place = Some(reg);
        }
        count += 1;
    });
    Some((found[0]?, found[1].or(found[0])?))
}

/// What a comparison says about what was compared.
pub(super) fn compared(opcode: Opcode, a: Range, b: Range, truth: bool) -> Option<(Range, Range)> {
    let at_most = |n: i64| Range {
        high: n,
        ..Range::ALL
    };
    let at_least = |n: i64| Range {
        low: n,
        ..Range::ALL
    };
    let less = |a: Range, b: Range| {
        (
            at_most(b.high.saturating_sub(1)),
            at_least(a.low.saturating_add(1)),
        )
    };
    let not_more = |a: Range, b: Range| (at_most(b.high), at_least(a.low));
    let swap = |(b, a): (Range, Range)| (a, b);
    Some(match (opcode, truth) {
        (Opcode::IntLt, true) => less(a, b),
        (Opcode::IntLt, false) => swap(not_more(b, a)),
        (Opcode::IntLe, true) => not_more(a, b),
        (Opcode::IntLe, false) => swap(less(b, a)),
        (Opcode::IntEq, true) | (Opcode::IntNe, false) => (b, a),
        _ => return None,
    })
}

/// The outcome of a comparison that the ranges decide.
fn decided(opcode: Opcode, a: Range, b: Range) -> Option<bool> {
    let truth = match opcode {
        Opcode::IntLt if a.high < b.low => true,
        Opcode::IntLt if a.low >= b.high => false,
        Opcode::IntLe if a.high <= b.low => true,
        Opcode::IntLe if a.low > b.high => false,
        _ => return None,
    };
    Some(truth)
}
