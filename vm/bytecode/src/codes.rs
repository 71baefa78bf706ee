//! Numbers with names that programs, bricks and nodes share: traps and the answers of primitives.

use core::fmt;

/// An enum whose variants have fixed codes, names and a sentence for people.
macro_rules! coded {
    (
        $(#[doc = $doc:literal])+ $enum:ident;
        $($(#[doc = $what:literal])+ $code:literal $name:ident $message:literal;)+
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $enum { $($(#[doc = $what])+ $name = $code,)+ }

        impl $enum {
            /// All of them, in the order of their codes.
            pub const ALL: &[$enum] = &[$($enum::$name,)+];

            /// The code, as it stands in bytecode and in answers.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The one with this code, if there is one.
            pub fn from_code(code: u8) -> Option<Self> {
                Self::ALL.get(usize::from(code)).copied()
            }

            /// The name as it is written in this crate.
            pub const fn name(self) -> &'static str {
                match self { $($enum::$name => stringify!($name),)+ }
            }

            /// What happened, for people, without a full stop.
            pub const fn message(self) -> &'static str {
                match self { $($enum::$name => $message,)+ }
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.message())
            }
        }
    };
}

coded! {
    /// Why a program ended by a fault of its own. A pure function of program and answers, so it
    /// is the same in every engine and on every node.
    TrapKind;
    /// The result of `+`, `-`, `*`, `/` or negation does not fit 64 bits.
    0 IntOverflow "integer overflow";
    /// `/` or `%` of integers by zero.
    1 DivideByZero "division by zero";
    /// A shift by less than 0 or by 64 or more.
    2 ShiftRange "shift distance is not in 0..64";
    /// A `Float` that is NaN or too large became an `Int`.
    3 FloatToInt "the number does not fit an Int";
    /// A position in a list, string or bytes that is not there.
    4 IndexOutOfRange "index out of range";
    /// `pop` of an empty list.
    5 EmptyList "the list is empty";
    /// `map[key]` of a key that is not there.
    6 MissingKey "the key is not in the map";
    /// `!` of `None`.
    7 UnwrapNone "unwrapped None";
    /// `!` of `Err`.
    8 UnwrapErr "unwrapped Err";
    /// A failed `assert`.
    9 AssertFailed "assertion failed";
    /// The program gave up by itself.
    10 Panic "panic";
    /// A collection changed its structure while a loop went over it.
    11 ChangedWhileIterating "the collection changed while iterating over it";
    /// A variant was taken apart as another one: a fault of the compiler.
    12 VariantMismatch "the value is another variant";
    /// Bytes or codes that are no text.
    13 BadText "not valid text";
    /// A turn used up its fuel without `yield`.
    14 TurnTooLong "the turn is too long";
    /// A message spawned more than it may.
    15 TooManyChildren "too many spawned messages";
    /// A place in the code that the compiler holds to be unreachable.
    16 Unreachable "reached unreachable code";
    /// A value that has no finite form, such as a cycle, was compared, shown or copied.
    17 NotData "the value is cyclic or too deep to be copied, compared or shown";
}

coded! {
    /// The answer of `create` and `write`, as an `Int` in a register.
    TagCode;
    /// Done.
    0 Ok "ok";
    /// `create` of a tag that exists.
    1 Exists "the tag exists";
    /// The access rights of the tag say no.
    2 Refused "refused";
    /// The tag space has no room left.
    3 Full "the tag space is full";
}

coded! {
    /// The answer of a hop, as an `Int` in a register.
    HopCode;
    /// The message is at the other node.
    0 Ok "ok";
    /// There is nobody to go to.
    1 NoNeighbors "no neighbors";
    /// The node is no neighbor, or the link is down.
    2 Unreachable "unreachable";
    /// No answer in time.
    3 Timeout "timeout";
    /// The node does not admit this message.
    4 Refused "refused";
    /// The node admits no message at the moment.
    5 Busy "busy";
    /// The message is over a quota of the node.
    6 Quota "over quota";
    /// The node does not know this version of the bytecode.
    7 Version "version not supported";
    /// The message made all the hops it may make.
    8 HopLimit "hop limit";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_positions() {
        for kind in TrapKind::ALL {
            assert_eq!(TrapKind::from_code(kind.code()), Some(*kind));
        }
        assert_eq!(TrapKind::from_code(18), None);
        assert_eq!(HopCode::HopLimit.code(), 8);
        assert_eq!(TagCode::Full.code(), 3);
    }
}
