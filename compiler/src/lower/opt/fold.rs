//! What operations on known values give.

use sm_bytecode::Opcode;

/// A value that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Int(i64),
    /// The bits of a double.
    Float(u64),
    Bool(bool),
}

/// The result of an operation on two known values; `None` if it traps, or is not computed here.
pub(crate) fn binary(opcode: Opcode, a: Known, b: Known) -> Option<Known> {
    match (a, b) {
        (Known::Int(a), Known::Int(b)) => int(opcode, a, b),
        (Known::Float(a), Known::Float(b)) => float(opcode, f64::from_bits(a), f64::from_bits(b)),
        (Known::Bool(a), Known::Bool(b)) if opcode == Opcode::BoolEq => Some(Known::Bool(a == b)),
        _ => None,
    }
}

/// The result of an operation on one known value.
pub(crate) fn unary(opcode: Opcode, a: Known) -> Option<Known> {
    use Opcode as Op;
    Some(match (opcode, a) {
        (Op::IntNeg, Known::Int(a)) => Known::Int(a.checked_neg()?),
        (Op::IntNot, Known::Int(a)) => Known::Int(!a),
        (Op::IntToFloat, Known::Int(a)) => Known::Float((a as f64).to_bits()),
        (Op::FloatNeg, Known::Float(a)) => return number(-f64::from_bits(a)),
        (Op::BoolNot, Known::Bool(a)) => Known::Bool(!a),
        _ => return None,
    })
}

fn int(opcode: Opcode, a: i64, b: i64) -> Option<Known> {
    use Opcode as Op;
    let distance = || u32::try_from(b).ok().filter(|b| *b < 64);
    let value = match opcode {
        Op::IntAdd => a.checked_add(b)?,
        Op::IntSub => a.checked_sub(b)?,
        Op::IntMul => a.checked_mul(b)?,
        Op::IntDiv => a.checked_div(b)?,
        Op::IntRem => a.checked_rem(b)?,
        Op::IntWrapAdd => a.wrapping_add(b),
        Op::IntWrapSub => a.wrapping_sub(b),
        Op::IntWrapMul => a.wrapping_mul(b),
        Op::IntAnd => a & b,
        Op::IntOr => a | b,
        Op::IntXor => a ^ b,
        Op::IntShl => a << distance()?,
        Op::IntShr => a >> distance()?,
        Op::IntUshr => (a.cast_unsigned() >> distance()?).cast_signed(),
        Op::IntEq => return Some(Known::Bool(a == b)),
        Op::IntNe => return Some(Known::Bool(a != b)),
        Op::IntLt => return Some(Known::Bool(a < b)),
        Op::IntLe => return Some(Known::Bool(a <= b)),
        _ => return None,
    };
    Some(Known::Int(value))
}

fn float(opcode: Opcode, a: f64, b: f64) -> Option<Known> {
    use Opcode as Op;
    match opcode {
        Op::FloatAdd => number(a + b),
        Op::FloatSub => number(a - b),
        Op::FloatMul => number(a * b),
        Op::FloatDiv => number(a / b),
        Op::FloatEq => Some(Known::Bool(a == b)),
        Op::FloatNe => Some(Known::Bool(a != b)),
        Op::FloatLt => Some(Known::Bool(a < b)),
        Op::FloatLe => Some(Known::Bool(a <= b)),
        _ => None,
    }
}

/// NaN is left to the machine: its bits are no matter of the compiler's.
fn number(value: f64) -> Option<Known> {
    (!value.is_nan()).then_some(Known::Float(value.to_bits()))
}

/// What an operation with one known value comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Same {
    /// The other value.
    Other,
    Known(Known),
}

/// Operations that are none, with a known value on the right. Exact for floats: adding 0.0 is not
/// among them, it changes -0.0.
pub(crate) fn with_right(opcode: Opcode, b: Known) -> Option<Same> {
    use Opcode as Op;
    const ONE: u64 = 1f64.to_bits();
    Some(match (opcode, b) {
        (
            Op::IntAdd
            | Op::IntSub
            | Op::IntWrapAdd
            | Op::IntWrapSub
            | Op::IntOr
            | Op::IntXor
            | Op::IntShl
            | Op::IntShr
            | Op::IntUshr,
            Known::Int(0),
        )
        | (Op::IntMul | Op::IntWrapMul | Op::IntDiv, Known::Int(1))
        | (Op::IntAnd, Known::Int(-1))
        | (Op::FloatMul | Op::FloatDiv, Known::Float(ONE))
        | (Op::BoolEq, Known::Bool(true)) => Same::Other,
        (Op::IntMul | Op::IntWrapMul | Op::IntAnd, Known::Int(0)) | (Op::IntRem, Known::Int(1)) => {
            Same::Known(Known::Int(0))
        }
        _ => return None,
    })
}

/// Operations on twice the same value.
pub(crate) fn with_itself(opcode: Opcode) -> Option<Same> {
    use Opcode as Op;
    Some(match opcode {
        Op::IntSub | Op::IntWrapSub | Op::IntXor => Same::Known(Known::Int(0)),
        Op::IntAnd | Op::IntOr => Same::Other,
        Op::IntEq | Op::IntLe | Op::BoolEq => Same::Known(Known::Bool(true)),
        Op::IntNe | Op::IntLt => Same::Known(Known::Bool(false)),
        _ => return None,
    })
}

/// Whether `a op b` is `b op a`.
pub(crate) fn is_commutative(opcode: Opcode) -> bool {
    use Opcode as Op;
    matches!(
        opcode,
        Op::IntAdd
            | Op::IntMul
            | Op::IntWrapAdd
            | Op::IntWrapMul
            | Op::IntMulHi
            | Op::IntAnd
            | Op::IntOr
            | Op::IntXor
            | Op::IntEq
            | Op::IntNe
            | Op::FloatAdd
            | Op::FloatMul
            | Op::FloatEq
            | Op::FloatNe
            | Op::BoolEq
            | Op::RefSame
    )
}
