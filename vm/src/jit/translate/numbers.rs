//! Numbers, truth values, moves and constants.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use sm_bytecode::{FloatBits, Native};

use super::Translator;
use crate::interp::native::Helper;
use crate::jit::context::Reason;
use crate::op::{Op, R};

/// The numbers below which a double can become an integer, and from which on.
const INT_END: f64 = 9_223_372_036_854_775_808.0;

impl Translator<'_> {
    /// Translates an operation on integers, or one that moves words. False if it is none.
    pub(super) fn number(&mut self, op: Op) -> bool {
        match op {
            Op::Move { dst, src } => self.move_word(dst, src),
            Op::Small { dst, value } => self.set_constant(dst, value.get() as u64),
            Op::Word { dst, index } => self.set_constant(dst, self.program.words[index.index()]),
            Op::OptGet { dst, src } => {
                let value = self.get(src);
                self.exit_unless(value, Reason::Trap);
                self.set(dst, value);
            }
            Op::OptIsSome { dst, src } => {
                let value = self.get(src);
                let is_some = self.b.ins().icmp_imm_s(IntCC::NotEqual, value, 0);
                self.set(dst, is_some);
            }
            Op::IntAdd { dst, a, b } => self.add(dst, a, b),
            Op::IntSub { dst, a, b } => self.sub(dst, a, b),
            Op::IntMul { dst, a, b } => {
                let (a, b) = (self.get(a), self.get(b));
                let (value, overflows) = self.b.ins().smul_overflow(a, b);
                self.exit_if(overflows, Reason::Trap);
                self.set(dst, value);
            }
            Op::IntDiv { dst, a, b } | Op::IntRem { dst, a, b } => self.divide(op, dst, a, b),
            Op::IntNeg { dst, a } => {
                let a = self.get(a);
                let is_least = self.b.ins().icmp_imm_s(IntCC::Equal, a, i64::MIN);
                self.exit_if(is_least, Reason::Trap);
                let value = self.b.ins().ineg(a);
                self.set(dst, value);
            }
            Op::IntShl { dst, a, b } | Op::IntShr { dst, a, b } | Op::IntUshr { dst, a, b } => {
                self.shift(op, dst, a, b);
            }
            Op::WordEq { dst, a, b } => self.compare(IntCC::Equal, dst, a, b),
            Op::IntNe { dst, a, b } => self.compare(IntCC::NotEqual, dst, a, b),
            Op::IntLt { dst, a, b } => self.compare(IntCC::SignedLessThan, dst, a, b),
            Op::IntLe { dst, a, b } => self.compare(IntCC::SignedLessThanOrEqual, dst, a, b),
            Op::IntNot { dst, a } => {
                let a = self.get(a);
                let value = self.b.ins().bnot(a);
                self.set(dst, value);
            }
            Op::BoolNot { dst, a } => {
                let a = self.get(a);
                let value = self.b.ins().bxor_imm_u(a, 1);
                self.set(dst, value);
            }
            _ => return self.plain(op),
        }
        true
    }

    /// Two integers that always give one.
    fn plain(&mut self, op: Op) -> bool {
        let (Op::IntWrapAdd { dst, a, b }
        | Op::IntWrapSub { dst, a, b }
        | Op::IntWrapMul { dst, a, b }
        | Op::IntMulHi { dst, a, b }
        | Op::IntAnd { dst, a, b }
        | Op::IntOr { dst, a, b }
        | Op::IntXor { dst, a, b }) = op
        else {
            return false;
        };
        let (a, b) = (self.get(a), self.get(b));
        let ins = self.b.ins();
        let value = match op {
            Op::IntWrapAdd { .. } => ins.iadd(a, b),
            Op::IntWrapSub { .. } => ins.isub(a, b),
            Op::IntWrapMul { .. } => ins.imul(a, b),
            Op::IntMulHi { .. } => ins.smulhi(a, b),
            Op::IntAnd { .. } => ins.band(a, b),
            Op::IntOr { .. } => ins.bor(a, b),
            _ => ins.bxor(a, b),
        };
        self.set(dst, value);
        true
    }

    fn move_word(&mut self, dst: R, src: R) {
        if self.ty(dst) == self.ty(src) {
            let (value, known) = (self.get(src), self.constants.get(src));
            self.set(dst, value);
            self.constants.set(dst, known);
        } else {
            let word = self.get_word(src);
            self.set_word(dst, word);
        }
    }

    fn set_constant(&mut self, dst: R, word: u64) {
        if !self.constants.is_everywhere(dst) {
            let value = self.constant(self.ty(dst), word);
            self.set(dst, value);
            self.constants.set(dst, Some(word));
        }
    }

    fn known_int(&self, reg: R) -> Option<i64> {
        self.constants.get(reg).map(|word| word as i64)
    }

    fn add(&mut self, dst: R, a: R, b: R) {
        match (self.known_int(a), self.known_int(b)) {
            (_, Some(more)) => self.add_constant(dst, a, more),
            (Some(more), _) => self.add_constant(dst, b, more),
            _ => {
                let (a, b) = (self.get(a), self.get(b));
                let (value, overflows) = self.b.ins().sadd_overflow(a, b);
                self.exit_if(overflows, Reason::Trap);
                self.set(dst, value);
            }
        }
    }

    fn sub(&mut self, dst: R, a: R, b: R) {
        match self.known_int(b).and_then(i64::checked_neg) {
            Some(more) => self.add_constant(dst, a, more),
            None => {
                let (a, b) = (self.get(a), self.get(b));
                let (value, overflows) = self.b.ins().ssub_overflow(a, b);
                self.exit_if(overflows, Reason::Trap);
                self.set(dst, value);
            }
        }
    }

    /// The sum has come round if it lies on the wrong side.
    fn add_constant(&mut self, dst: R, a: R, more: i64) {
        let a = self.get(a);
        let value = self.b.ins().iadd_imm_s(a, more);
        let side = match more {
            0 => None,
            1.. => Some(IntCC::SignedLessThan),
            _ => Some(IntCC::SignedGreaterThan),
        };
        if let Some(side) = side {
            let overflows = self.b.ins().icmp(side, value, a);
            self.exit_if(overflows, Reason::Trap);
        }
        self.set(dst, value);
    }

    fn divide(&mut self, op: Op, dst: R, a: R, b: R) {
        let known = self.known_int(b);
        let (a, b) = (self.get(a), self.get(b));
        if known.is_none_or(|by| by == 0) {
            self.exit_unless(b, Reason::Trap);
        }
        if known.is_none_or(|by| by == -1) {
            let is_least = self.b.ins().icmp_imm_s(IntCC::Equal, a, i64::MIN);
            let is_minus = self.b.ins().icmp_imm_s(IntCC::Equal, b, -1);
            let overflows = self.b.ins().band(is_least, is_minus);
            self.exit_if(overflows, Reason::Trap);
        }
        if known == Some(0) {
            return;
        }
        let value = match op {
            Op::IntDiv { .. } => self.b.ins().sdiv(a, b),
            _ => self.b.ins().srem(a, b),
        };
        self.set(dst, value);
    }

    fn shift(&mut self, op: Op, dst: R, a: R, b: R) {
        let known = self.known_int(b);
        let (a, b) = (self.get(a), self.get(b));
        if known.is_none_or(|by| !(0..64).contains(&by)) {
            let is_far = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, b, 63);
            self.exit_if(is_far, Reason::Trap);
        }
        let value = match op {
            Op::IntShl { .. } => self.b.ins().ishl(a, b),
            Op::IntShr { .. } => self.b.ins().sshr(a, b),
            _ => self.b.ins().ushr(a, b),
        };
        self.set(dst, value);
    }

    fn compare(&mut self, how: IntCC, dst: R, a: R, b: R) {
        let (a, b) = (self.get(a), self.get(b));
        let value = self.b.ins().icmp(how, a, b);
        self.set(dst, value);
    }

    /// Translates an operation on doubles. False if it is none.
    pub(super) fn float(&mut self, op: Op) -> bool {
        match op {
            Op::IntToFloat { dst, a } => {
                let a = self.get(a);
                let value = self.b.ins().fcvt_from_sint(types::F64, a);
                self.set(dst, value);
            }
            Op::FloatToInt { dst, a } => self.float_to_int(dst, a),
            Op::FloatBits { dst, a } => {
                let a = self.get(a);
                let is_nan = self.b.ins().fcmp(FloatCC::Unordered, a, a);
                let bits = self.word_of(a);
                let nan = self
                    .b
                    .ins()
                    .iconst(types::I64, FloatBits::of(f64::NAN).0 as i64);
                let value = self.b.ins().select(is_nan, nan, bits);
                self.set(dst, value);
            }
            Op::FloatNeg { dst, a } => {
                let a = self.get(a);
                let value = self.b.ins().fneg(a);
                self.set(dst, value);
            }
            Op::FloatSqrt { dst, a } => {
                let a = self.get(a);
                let value = self.b.ins().sqrt(a);
                self.set(dst, value);
            }
            Op::FloatRem { dst, a, b } => {
                let args = [self.get(a), self.get(b)];
                let value = self.help(Helper::FloatRem, &args);
                self.set(dst, value);
            }
            Op::FloatNative { dst, a, b, native } => self.float_native(dst, a, b, native),
            Op::FloatEq { dst, a, b } => self.compare_floats(FloatCC::Equal, dst, a, b),
            Op::FloatNe { dst, a, b } => self.compare_floats(FloatCC::NotEqual, dst, a, b),
            Op::FloatLt { dst, a, b } => self.compare_floats(FloatCC::LessThan, dst, a, b),
            Op::FloatLe { dst, a, b } => self.compare_floats(FloatCC::LessThanOrEqual, dst, a, b),
            Op::FloatAdd { dst, a, b }
            | Op::FloatSub { dst, a, b }
            | Op::FloatMul { dst, a, b }
            | Op::FloatDiv { dst, a, b } => {
                let (a, b) = (self.get(a), self.get(b));
                let ins = self.b.ins();
                let value = match op {
                    Op::FloatAdd { .. } => ins.fadd(a, b),
                    Op::FloatSub { .. } => ins.fsub(a, b),
                    Op::FloatMul { .. } => ins.fmul(a, b),
                    _ => ins.fdiv(a, b),
                };
                self.set(dst, value);
            }
            _ => return false,
        }
        true
    }

    fn compare_floats(&mut self, how: FloatCC, dst: R, a: R, b: R) {
        let (a, b) = (self.get(a), self.get(b));
        let value = self.b.ins().fcmp(how, a, b);
        self.set(dst, value);
    }

    fn float_to_int(&mut self, dst: R, a: R) {
        let a = self.get(a);
        let (least, end) = (
            self.b.ins().f64const(-INT_END),
            self.b.ins().f64const(INT_END),
        );
        let is_above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, least);
        self.exit_unless(is_above, Reason::Trap);
        let is_below = self.b.ins().fcmp(FloatCC::LessThan, a, end);
        self.exit_unless(is_below, Reason::Trap);
        let value = self.b.ins().fcvt_to_sint_sat(types::I64, a);
        self.set(dst, value);
    }

    fn float_native(&mut self, dst: R, a: R, b: R, native: Native) {
        let (a, b) = (self.get(a), self.get(b));
        if native == Native::FloatAbs {
            let value = self.b.ins().fabs(a);
            return self.set(dst, value);
        }
        let code = self.b.ins().iconst(types::I32, i64::from(native as u16));
        let word: Value = self.help(Helper::FloatNative, &[code, a, b]);
        if self.ty(dst) == types::F64 {
            let value = self.b.ins().bitcast(types::F64, MemFlagsData::new(), word);
            self.set(dst, value);
        } else {
            self.set_word(dst, word);
        }
    }
}
