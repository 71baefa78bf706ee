//! Newtype indices and small immediate operands.

use core::fmt;

macro_rules! indices {
    ($($(#[doc = $doc:literal])+ $name:ident($int:ty) = $prefix:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            /// The index as a position in a slice.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )+};
}

indices! {
    /// A register of a function.
    Reg(u16) = "r";
    /// A type in the [`TypeTable`](crate::TypeTable) of a group.
    TypeIx(u32) = "t";
    /// A constant of a group.
    ConstIx(u32) = "c";
    /// A tag declaration of a group.
    TagIx(u32) = "g";
    /// A block of a function.
    BlockIx(u32) = "b";
}

/// What a call goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FuncRef {
    /// A function of the same group, by its position there.
    Local(u16),
    /// A function of another group, by its position in [`Group::callees`](crate::Group::callees).
    Callee(u16),
}

impl fmt::Display for FuncRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FuncRef::Local(index) => write!(f, "f{index}"),
            FuncRef::Callee(index) => write!(f, "x{index}"),
        }
    }
}

impl fmt::Debug for FuncRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The bits of an IEEE 754 double. Two are equal if their bits are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloatBits(pub u64);

impl FloatBits {
    /// The only NaN that bytecode, tags and captured states contain.
    pub const NAN: FloatBits = FloatBits(0x7ff8_0000_0000_0000);

    /// The bits of `value`, every NaN being replaced by [`FloatBits::NAN`].
    pub fn of(value: f64) -> Self {
        if value.is_nan() {
            Self::NAN
        } else {
            Self(value.to_bits())
        }
    }

    /// The number.
    pub const fn value(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// Whether these bits are a number, an infinity or the one canonical NaN.
    pub fn is_canonical(self) -> bool {
        self == Self::of(self.value())
    }
}

impl fmt::Debug for FloatBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.value())
    }
}
