//! Functions of doubles. What IEEE 754 does not define exactly comes from `libm`, which is the
//! same code on every machine.

use sm_bytecode::Native;

/// The word of the result of a function of doubles.
#[inline(never)]
pub(crate) fn compute(native: Native, a: f64, b: f64) -> u64 {
    let unary = |function: fn(f64) -> f64| function(a).to_bits();
    let binary = |function: fn(f64, f64) -> f64| function(a, b).to_bits();
    match native {
        Native::FloatAbs => unary(f64::abs),
        Native::FloatFloor => unary(f64::floor),
        Native::FloatCeil => unary(f64::ceil),
        Native::FloatRound => unary(f64::round),
        Native::FloatTrunc => unary(f64::trunc),
        Native::FloatSqrt => unary(f64::sqrt),
        Native::FloatSin => unary(libm::sin),
        Native::FloatCos => unary(libm::cos),
        Native::FloatTan => unary(libm::tan),
        Native::FloatAsin => unary(libm::asin),
        Native::FloatAcos => unary(libm::acos),
        Native::FloatAtan => unary(libm::atan),
        Native::FloatSinh => unary(libm::sinh),
        Native::FloatCosh => unary(libm::cosh),
        Native::FloatTanh => unary(libm::tanh),
        Native::FloatExp => unary(libm::exp),
        Native::FloatLn => unary(libm::log),
        Native::FloatLog2 => unary(libm::log2),
        Native::FloatLog10 => unary(libm::log10),
        Native::FloatCbrt => unary(libm::cbrt),
        Native::FloatPow => binary(libm::pow),
        Native::FloatAtan2 => binary(libm::atan2),
        Native::FloatHypot => binary(libm::hypot),
        Native::FloatMin => binary(|a, b| if picks_first(a, b, a < b) { a } else { b }),
        Native::FloatMax => binary(|a, b| if picks_first(a, b, a > b) { a } else { b }),
        Native::FloatIsNan => a.is_nan().into(),
        _ => unreachable!("is computed elsewhere"),
    }
}

/// Whether the first of two is taken: not if it is NaN, and if it is equal to the second, so that
/// the sign of zero does not depend on the machine.
fn picks_first(a: f64, b: f64, is_better: bool) -> bool {
    b.is_nan() || (!a.is_nan() && (is_better || a == b))
}
