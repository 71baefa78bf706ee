//! Arithmetic that takes more than an operator.

/// What to add before a division by two to the power of `shift` that rounds towards zero.
#[inline]
pub(super) fn below_power(value: i64, shift: u16) -> i64 {
    if value < 0 { (1 << shift) - 1 } else { 0 }
}

/// Rounds towards zero; `None` for what is no 64-bit integer.
pub(super) fn float_to_int(value: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&value).then_some(value as i64)
}
