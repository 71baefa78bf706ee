//! Between which numbers an integer lies.

use sm_bytecode::Opcode;

/// The smallest and the largest number that a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

impl Range {
    pub(crate) const ALL: Self = Self {
        low: i64::MIN,
        high: i64::MAX,
    };
    /// What counts elements, or is an index that has passed its check.
    pub(crate) const INDEX: Self = Self {
        low: 0,
        high: u32::MAX as i64,
    };

    pub(crate) const fn just(value: i64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// The numbers that lie in both. Where there is none control does not come.
    pub(crate) fn and(self, other: Self) -> Self {
        let both = Self {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        };
        if both.low <= both.high { both } else { self }
    }

    /// What comes out of an operation, if it comes out.
    pub(crate) fn of(opcode: Opcode, a: Self, b: Self) -> Self {
        use Opcode as Op;
        let exact = exact(opcode, a, b);
        match opcode {
            Op::IntAdd | Op::IntSub | Op::IntMul => exact.map_or(Self::ALL, Self::clamped),
            Op::IntWrapAdd | Op::IntWrapSub | Op::IntWrapMul => {
                exact.and_then(Self::fitting).unwrap_or(Self::ALL)
            }
            Op::IntAnd if b.low >= 0 => Self {
                low: 0,
                high: b.high,
            },
            Op::IntAnd if a.low >= 0 => Self {
                low: 0,
                high: a.high,
            },
            Op::IntRem if b.low > 0 => Self {
                low: if a.low >= 0 { 0 } else { 1 - b.high },
                high: b.high - 1,
            },
            Op::IntDiv if a.low >= 0 && b.low > 0 => Self {
                low: 0,
                high: a.high,
            },
            Op::IntShr if a.low >= 0 => Self {
                low: 0,
                high: a.high,
            },
            Op::IntUshr if b.low > 0 => Self {
                low: 0,
                high: i64::MAX,
            },
            Op::ListLen | Op::MapLen | Op::EnumTag | Op::EnumIndex => Self::INDEX,
            _ => Self::ALL,
        }
    }

    /// Whether an operation that checks for overflow cannot overflow.
    pub(crate) fn fits(opcode: Opcode, a: Self, b: Self) -> bool {
        exact(opcode, a, b).and_then(Self::fitting).is_some()
    }

    fn fitting((low, high): (i128, i128)) -> Option<Self> {
        Some(Self {
            low: i64::try_from(low).ok()?,
            high: i64::try_from(high).ok()?,
        })
    }

    fn clamped((low, high): (i128, i128)) -> Self {
        let clamp = |n: i128| n.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Self {
            low: clamp(low),
            high: clamp(high),
        }
    }
}

fn exact(opcode: Opcode, a: Range, b: Range) -> Option<(i128, i128)> {
    use Opcode as Op;
    let [al, ah, bl, bh] = [a.low, a.high, b.low, b.high].map(i128::from);
    match opcode {
        Op::IntAdd | Op::IntWrapAdd => Some((al + bl, ah + bh)),
        Op::IntSub | Op::IntWrapSub => Some((al - bh, ah - bl)),
        Op::IntMul | Op::IntWrapMul => {
            let all = [al * bl, al * bh, ah * bl, ah * bh];
            Some((all.into_iter().min()?, all.into_iter().max()?))
        }
        _ => None,
    }
}
