//! Operators, comparisons and interpolated text.

use sm_bytecode::{Inst, Native, Reg, Slot};

use super::function::{FnLower, Held, Lowered, Want};
use super::limits::TEXT_CHUNK;
use crate::typed::{
    BinaryOp, Expr, ExprKind, FormatAlign, FormatKind, FormatSpec, Link, Literal, Part, Sign, Ty,
    UnaryOp,
};

/// An instruction of two operands and one result.
type Make = fn(dst: Reg, a: Reg, b: Reg) -> Inst;

/// How a comparison follows from `==`, `<` and `<=`.
#[derive(Clone, Copy, Debug)]
enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl<'p> FnLower<'_, 'p> {
    pub(crate) fn unary(
        &mut self,
        op: UnaryOp,
        operand: &'p Expr,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let a = self.scalar(operand)?;
        let slot = self.code.slot(a);
        let dst = self.dest1(slot, want);
        self.emit(match (op, slot) {
            (UnaryOp::Neg, Slot::Float) => Inst::FloatNeg { dst, a },
            (UnaryOp::Neg, _) => Inst::IntNeg { dst, a },
            (UnaryOp::Not, _) => Inst::BoolNot { dst, a },
            (UnaryOp::BitNot, _) => Inst::IntNot { dst, a },
        });
        Ok(vec![dst])
    }

    pub(crate) fn binary(
        &mut self,
        op: BinaryOp,
        left: &'p Expr,
        right: &'p Expr,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        if let Some(done) = self.compare_with_none(op, left, right, want) {
            return done;
        }
        let ty = self.ty(left.ty);
        let [a, b] = self.pair(left, right)?;
        Ok(vec![self.operate(op, ty, &a, &b, want)])
    }

    /// Operators of one precedence, from left to right.
    pub(crate) fn chain(
        &mut self,
        first: &'p Expr,
        rest: &'p [Link],
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let (known, folded) = fold(first, rest);
        let whole = self.code.span();
        let (folded, rest) = rest.split_at(folded);
        let mut value = match (known, folded.last()) {
            (Some(value), Some(_)) if rest.is_empty() => {
                return Ok(vec![self.literal(&Literal::Int(value), want)]);
            }
            (Some(value), Some(last)) => {
                self.code.set_span(last.span);
                vec![self.literal(&Literal::Int(value), None)]
            }
            _ => self.value(first)?,
        };
        if rest.len() > 1 && self.ty(first.ty) == Ty::STR {
            return self.concat(value, rest, want);
        }
        for (at, Link { op, operand, span }) in rest.iter().enumerate() {
            let held = self.hold(value);
            self.code.set_span(*span);
            let right = self.value(operand)?;
            let right = self.hold(right);
            let [a, b] = self.settle([held, right]);
            let want = want.filter(|_| at + 1 == rest.len());
            value = vec![self.arithmetic(*op, a[0], b[0], want)];
        }
        self.code.set_span(whole);
        Ok(value)
    }

    /// The result of an operator that evaluates both sides; `ty` is the type of the left one.
    pub(crate) fn operate(
        &mut self,
        op: BinaryOp,
        ty: Ty,
        a: &[Reg],
        b: &[Reg],
        want: Want<'_>,
    ) -> Reg {
        if let Some(compare) = comparison(op) {
            return self.compare(compare, ty, a, b, want);
        }
        if op == BinaryOp::Is {
            let dst = self.dest1(Slot::Bool, want);
            self.emit(Inst::RefSame {
                dst,
                a: a[0],
                b: b[0],
            });
            return dst;
        }
        self.arithmetic(op, a[0], b[0], want)
    }

    fn arithmetic(&mut self, op: BinaryOp, a: Reg, b: Reg, want: Want<'_>) -> Reg {
        let slot = self.code.slot(a);
        let dst = self.dest1(slot, want);
        self.emit(match slot {
            Slot::Float => float_op(op)(dst, a, b),
            Slot::Int => int_op(op)(dst, a, b),
            _ => Inst::StrConcat {
                dst,
                args: [a, b].into(),
            },
        });
        dst
    }

    /// `x == None` and its like look only whether there is a value.
    fn compare_with_none(
        &mut self,
        op: BinaryOp,
        left: &'p Expr,
        right: &'p Expr,
        want: Want<'_>,
    ) -> Option<Lowered<Vec<Reg>>> {
        let option = match (Self::is_none_literal(left), Self::is_none_literal(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return None,
        };
        let negate = match op {
            BinaryOp::Eq => true,
            BinaryOp::Ne => false,
            _ => return None,
        };
        Some(self.value(option).map(|option| {
            let some = self.is_some(&option);
            match negate {
                true => {
                    let dst = self.dest1(Slot::Bool, want);
                    self.emit(Inst::BoolNot { dst, a: some });
                    vec![dst]
                }
                false => self.give(vec![some], want),
            }
        }))
    }

    fn compare(&mut self, op: Compare, ty: Ty, a: &[Reg], b: &[Reg], want: Want<'_>) -> Reg {
        let slots = self.slots(ty);
        match (&*slots, op) {
            ([Slot::Int], _) => self.compare_with(op, int_compare, a[0], b[0], want),
            ([Slot::Float], _) => self.compare_with(op, float_compare, a[0], b[0], want),
            ([Slot::Enum(_)], _) => {
                let [a, b] = [a[0], b[0]].map(|src| {
                    let dst = self.code.reg(Slot::Int);
                    self.emit(Inst::EnumIndex { dst, src });
                    dst
                });
                self.compare_with(op, int_compare, a, b, want)
            }
            ([Slot::Bool], Compare::Eq) => {
                let dst = self.dest1(Slot::Bool, want);
                self.emit(Inst::BoolEq {
                    dst,
                    a: a[0],
                    b: b[0],
                });
                dst
            }
            _ => self.compare_data(op, ty, a, b, want),
        }
    }

    fn compare_with(
        &mut self,
        op: Compare,
        make: fn(Compare) -> (Make, bool),
        a: Reg,
        b: Reg,
        want: Want<'_>,
    ) -> Reg {
        let (make, swap) = make(op);
        let dst = self.dest1(Slot::Bool, want);
        self.emit(if swap {
            make(dst, b, a)
        } else {
            make(dst, a, b)
        });
        dst
    }

    /// Values of any type, by what is in them.
    fn compare_data(&mut self, op: Compare, ty: Ty, a: &[Reg], b: &[Reg], want: Want<'_>) -> Reg {
        let ty = self.type_ix(ty);
        let (a, b) = (a.into(), b.into());
        match op {
            Compare::Eq => {
                let dst = self.dest1(Slot::Bool, want);
                self.emit(Inst::DataEq { dst, ty, a, b });
                dst
            }
            Compare::Ne => {
                let equal = self.code.reg(Slot::Bool);
                self.emit(Inst::DataEq {
                    dst: equal,
                    ty,
                    a,
                    b,
                });
                let dst = self.dest1(Slot::Bool, want);
                self.emit(Inst::BoolNot { dst, a: equal });
                dst
            }
            _ => {
                let order = self.code.reg(Slot::Int);
                self.emit(Inst::DataCmp {
                    dst: order,
                    ty,
                    a,
                    b,
                });
                let zero = self.int(0);
                self.compare_with(op, int_compare, order, zero, want)
            }
        }
    }

    /// Whether two values of one type are equal.
    pub(crate) fn equal(&mut self, ty: Ty, a: &[Reg], b: &[Reg]) -> Reg {
        self.compare(Compare::Eq, ty, a, b, None)
    }

    /// The text of an interpolated string.
    pub(crate) fn interpolate(&mut self, parts: &'p [Part], want: Want<'_>) -> Lowered<Reg> {
        let mut held = Vec::with_capacity(parts.len());
        for part in parts {
            let text = match part {
                Part::Text(text) => self.text(text, None),
                Part::Value { value, spec } => self.shown_part(value, spec.as_ref())?,
            };
            held.push(self.hold(vec![text]));
        }
        let args = self.settle_all(held).concat();
        if let [only] = args[..] {
            return Ok(self.give(vec![only], want)[0]);
        }
        Ok(self.join_texts(args, want))
    }

    fn join_texts(&mut self, args: Vec<Reg>, want: Want<'_>) -> Reg {
        let slot = self.slots(Ty::STR)[0];
        let dst = self.dest1(slot, want);
        self.emit(Inst::StrConcat {
            dst,
            args: args.into(),
        });
        dst
    }

    /// `a + b + c` on texts: what comes is put together once, or once for each level of a tree.
    fn concat(&mut self, first: Vec<Reg>, rest: &'p [Link], want: Want<'_>) -> Lowered<Vec<Reg>> {
        // Each holds as many texts of the one before as a chunk has, those of the first what came
        // last.
        let mut levels = vec![vec![self.hold(first)]];
        for link in rest {
            let mut text = self.value(&link.operand)?;
            let mut at = 0;
            while levels[at].len() == TEXT_CHUNK {
                let chunk = std::mem::take(&mut levels[at]);
                let args = self.settle_all(chunk).concat();
                let joined = self.join_texts(args, None);
                levels[at].push(self.hold(text));
                text = vec![joined];
                at += 1;
                if at == levels.len() {
                    levels.push(Vec::new());
                }
            }
            levels[at].push(self.hold(text));
        }
        let held: Vec<Held> = levels.into_iter().rev().flatten().collect();
        let args = self.settle_all(held).concat();
        Ok(vec![self.join_texts(args, want)])
    }

    fn shown_part(&mut self, value: &'p Expr, spec: Option<&FormatSpec>) -> Lowered<Reg> {
        let regs = self.value(value)?;
        let ty = self.ty(value.ty);
        let Some(spec) = spec else {
            return Ok(self.show(ty, &regs));
        };
        let (native, src) = match ty {
            Ty::INT => (Native::FmtInt, regs[0]),
            Ty::FLOAT => (Native::FmtFloat, regs[0]),
            _ => (Native::FmtStr, self.show(ty, &regs)),
        };
        let spec = self.text(&spec_text(spec), None);
        let slot = self.slots(Ty::STR)[0];
        let dst = self.code.reg(slot);
        self.emit(Inst::CallNative {
            dsts: [dst].into(),
            native,
            args: [src, spec].into(),
        });
        Ok(dst)
    }

    /// A value as text.
    pub(crate) fn show(&mut self, ty: Ty, regs: &[Reg]) -> Reg {
        if ty == Ty::STR {
            return regs[0];
        }
        self.show_data(ty, regs)
    }
}

/// The value of the beginning of a chain of literals, and how many operators that is.
fn fold(first: &Expr, rest: &[Link]) -> (Option<i64>, usize) {
    let Some(mut value) = constant(first) else {
        return (None, 0);
    };
    for (at, Link { op, operand, .. }) in rest.iter().enumerate() {
        match constant(operand).and_then(|b| folded(*op, value, b)) {
            Some(next) => value = next,
            None => return (Some(value), at),
        }
    }
    (Some(value), rest.len())
}

/// The value of an operation, where it has one.
fn folded(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div => a.checked_div(b),
        BinaryOp::Rem => a.checked_rem(b),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        BinaryOp::Shl => u32::try_from(b).ok().filter(|b| *b < 64).map(|b| a << b),
        _ => None,
    }
}

fn constant(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(value) | Literal::Duration(value)) => Some(*value),
        ExprKind::Chain { first, rest } => match fold(first, rest) {
            (value, folded) if folded == rest.len() => value,
            _ => None,
        },
        _ => None,
    }
}

fn comparison(op: BinaryOp) -> Option<Compare> {
    Some(match op {
        BinaryOp::Eq => Compare::Eq,
        BinaryOp::Ne => Compare::Ne,
        BinaryOp::Lt => Compare::Lt,
        BinaryOp::Le => Compare::Le,
        BinaryOp::Gt => Compare::Gt,
        BinaryOp::Ge => Compare::Ge,
        _ => return None,
    })
}

/// The instruction, and whether its operands are swapped.
fn int_compare(op: Compare) -> (Make, bool) {
    match op {
        Compare::Eq => (|dst, a, b| Inst::IntEq { dst, a, b }, false),
        Compare::Ne => (|dst, a, b| Inst::IntNe { dst, a, b }, false),
        Compare::Lt => (|dst, a, b| Inst::IntLt { dst, a, b }, false),
        Compare::Le => (|dst, a, b| Inst::IntLe { dst, a, b }, false),
        Compare::Gt => (|dst, a, b| Inst::IntLt { dst, a, b }, true),
        Compare::Ge => (|dst, a, b| Inst::IntLe { dst, a, b }, true),
    }
}

fn float_compare(op: Compare) -> (Make, bool) {
    match op {
        Compare::Eq => (|dst, a, b| Inst::FloatEq { dst, a, b }, false),
        Compare::Ne => (|dst, a, b| Inst::FloatNe { dst, a, b }, false),
        Compare::Lt => (|dst, a, b| Inst::FloatLt { dst, a, b }, false),
        Compare::Le => (|dst, a, b| Inst::FloatLe { dst, a, b }, false),
        Compare::Gt => (|dst, a, b| Inst::FloatLt { dst, a, b }, true),
        Compare::Ge => (|dst, a, b| Inst::FloatLe { dst, a, b }, true),
    }
}

/// Integers and durations.
fn int_op(op: BinaryOp) -> Make {
    match op {
        BinaryOp::Sub => |dst, a, b| Inst::IntSub { dst, a, b },
        BinaryOp::Mul => |dst, a, b| Inst::IntMul { dst, a, b },
        BinaryOp::Div => |dst, a, b| Inst::IntDiv { dst, a, b },
        BinaryOp::Rem => |dst, a, b| Inst::IntRem { dst, a, b },
        BinaryOp::AddWrap => |dst, a, b| Inst::IntWrapAdd { dst, a, b },
        BinaryOp::SubWrap => |dst, a, b| Inst::IntWrapSub { dst, a, b },
        BinaryOp::MulWrap => |dst, a, b| Inst::IntWrapMul { dst, a, b },
        BinaryOp::BitAnd => |dst, a, b| Inst::IntAnd { dst, a, b },
        BinaryOp::BitOr => |dst, a, b| Inst::IntOr { dst, a, b },
        BinaryOp::BitXor => |dst, a, b| Inst::IntXor { dst, a, b },
        BinaryOp::Shl => |dst, a, b| Inst::IntShl { dst, a, b },
        BinaryOp::Shr => |dst, a, b| Inst::IntShr { dst, a, b },
        BinaryOp::ShrLogical => |dst, a, b| Inst::IntUshr { dst, a, b },
        _ => |dst, a, b| Inst::IntAdd { dst, a, b },
    }
}

fn float_op(op: BinaryOp) -> Make {
    match op {
        BinaryOp::Sub => |dst, a, b| Inst::FloatSub { dst, a, b },
        BinaryOp::Mul => |dst, a, b| Inst::FloatMul { dst, a, b },
        BinaryOp::Div => |dst, a, b| Inst::FloatDiv { dst, a, b },
        BinaryOp::Rem => |dst, a, b| Inst::FloatRem { dst, a, b },
        _ => |dst, a, b| Inst::FloatAdd { dst, a, b },
    }
}

/// A format specification as it is written.
fn spec_text(spec: &FormatSpec) -> String {
    let mut out = String::new();
    if let Some(align) = spec.align {
        if spec.fill != ' ' {
            out.push(spec.fill);
        }
        out.push(match align {
            FormatAlign::Left => '<',
            FormatAlign::Center => '^',
            FormatAlign::Right => '>',
        });
    }
    if spec.sign == Sign::Always {
        out.push('+');
    }
    if spec.prefix {
        out.push('#');
    }
    if spec.zero {
        out.push('0');
    }
    if let Some(width) = spec.width {
        out.push_str(&width.to_string());
    }
    if spec.grouped {
        out.push(',');
    }
    if let Some(precision) = spec.precision {
        out.push_str(&format!(".{precision}"));
    }
    out.push_str(match spec.kind {
        FormatKind::Show => "",
        FormatKind::Hex => "x",
        FormatKind::UpperHex => "X",
        FormatKind::Binary => "b",
        FormatKind::Octal => "o",
        FormatKind::Exponent => "e",
    });
    out
}
