//! Names of things: nodes, authors, messages, launches, bricks, hops; and the node's clock.
//!
//! A name is either a public key, a content hash, or derived by hashing other names, so no two
//! nodes need to agree on anything to name the same thing. All derivations use BLAKE3 in its
//! key-derivation mode, with a context string of their own, so a hash made for one purpose never
//! equals a hash made for another.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Sub};

use crate::digest::Context;

pub use sm_bytecode::TypeHash;
use sm_vm::Seed;

/// The order of the bytes, eight at a time: the first of them nearly always decide.
#[inline]
pub(crate) fn in_order(a: &[u8; 32], b: &[u8; 32]) -> Ordering {
    let words = |bytes: &[u8; 32]| {
        let (words, _) = bytes.as_chunks::<8>();
        [words[0], words[1], words[2], words[3]].map(u64::from_be_bytes)
    };
    words(a).cmp(&words(b))
}

/// Defines a newtype over 32 bytes, shown in hexadecimal.
macro_rules! name32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub [u8; 32]);

        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                in_order(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            /// The bytes of the name.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        /// All 64 hexadecimal digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        /// The first eight hexadecimal digits, which is enough to tell things apart in a log.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "("))?;
                self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, ")")
            }
        }
    };
}

name32! {
    /// A node: its Ed25519 public key.
    NodeId
}
name32! {
    /// The author of a program that runs: an Ed25519 public key.
    AuthorId
}
name32! {
    /// A message, unique over the whole network and for all time.
    MessageId
}
name32! {
    /// A launch record, named by the hash of its signed bytes.
    LaunchHash
}

static FIRST_MESSAGE: Context = Context::new("smart-messages 2026 message: first of a launch");
static SPAWNED_MESSAGE: Context = Context::new("smart-messages 2026 message: spawned by another");
static COPIED_MESSAGE: Context = Context::new("smart-messages 2026 message: copy at a neighbor");
static RANDOM_STREAM: Context = Context::new("smart-messages 2026 message: random stream");

impl MessageId {
    /// The message that a launch starts.
    pub fn first(launch: &LaunchHash) -> Self {
        Self(FIRST_MESSAGE.hash(&[&launch.0]))
    }

    /// The `counter`-th message that `self` spawns, counted from zero over its whole life.
    pub fn child(&self, counter: u64) -> Self {
        Self(SPAWNED_MESSAGE.hash(&[&self.0, &counter.to_le_bytes()]))
    }

    /// The copy of `self` that goes on at `receiver` after the hop with this number.
    ///
    /// The receiver computes it, so one captured state serves all neighbors.
    pub fn copy_at(&self, hop: u64, receiver: &NodeId) -> Self {
        Self(COPIED_MESSAGE.hash(&[&self.0, &hop.to_le_bytes(), &receiver.0]))
    }
}

impl MessageId {
    /// The same as [`MessageId::seed`], computed when it is needed.
    pub fn lazy_seed(&self) -> Seed {
        Seed::Of(self.0, |id| MessageId(*id).seed())
    }

    /// The seed of the message's own random stream.
    pub fn seed(&self) -> [u8; 32] {
        RANDOM_STREAM.hash(&[&self.0])
    }
}

/// Counts the boots of one node: what a node said in another incarnation binds it only as far as
/// its durable memory reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Incarnation(pub u64);

/// One attempt of one node to move one message to a neighbor.
///
/// What differs most often is compared first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HopId {
    /// Counts the hops of that boot from zero.
    pub sequence: u64,
    /// The boot of the sender in which the hop began.
    pub incarnation: Incarnation,
    /// The node that sends the message and decides about the hop.
    pub node: NodeId,
}

/// A hop as its two ends name it between them: each frame is sent by one of them, so nothing need
/// say which node counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct HopNumber {
    /// Counts the hops of that boot from zero.
    pub sequence: u64,
    /// The boot of the sender in which the hop began.
    pub incarnation: Incarnation,
}

impl HopNumber {
    /// The hop of this number that this node sends.
    pub const fn of(self, node: NodeId) -> HopId {
        HopId {
            sequence: self.sequence,
            incarnation: self.incarnation,
            node,
        }
    }
}

impl HopId {
    /// Its name between its two ends.
    pub const fn number(&self) -> HopNumber {
        HopNumber {
            sequence: self.sequence,
            incarnation: self.incarnation,
        }
    }
}

impl fmt::Debug for HopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HopId {
            node,
            incarnation,
            sequence,
        } = self;
        write!(f, "HopId({node:?}/{}/{sequence})", incarnation.0)
    }
}

/// The number of exact hops a message has completed: the order of its places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after one more completed hop.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One session with a neighbor, named by the node's own driver: every reconnection has a new one,
/// and a later session has a greater number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SessionId(pub u64);

/// One stay of a client connection at a node, numbered by the node's driver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Attachment(pub u64);

/// Names one batch that is on its way to stable storage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StoreToken(pub u64);

/// An instant on the node's own monotonic clock, in nanoseconds since an arbitrary start.
///
/// It never leaves the node: what travels is a [`Span`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(pub u64);

impl Time {
    /// The start of the clock.
    pub const ZERO: Time = Time(0);
    /// An instant that is never reached.
    pub const NEVER: Time = Time(u64::MAX);

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// So many milliseconds.
    pub const fn millis(count: u64) -> Self {
        Self(count * 1_000_000)
    }

    /// So many seconds.
    pub const fn secs(count: u64) -> Self {
        Self(count * 1_000_000_000)
    }
}

/// Saturates at [`Time::NEVER`].
impl Add<Span> for Time {
    type Output = Time;

    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

/// Saturates.
impl Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

/// Stops at zero.
impl Sub for Span {
    type Output = Span;

    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_ways_to_name_a_message_never_meet() {
        let launch = LaunchHash([7; 32]);
        let first = MessageId::first(&launch);
        let names = [
            first,
            MessageId::first(&LaunchHash([8; 32])),
            first.child(0),
            first.child(1),
            first.child(0).child(0),
            first.copy_at(0, &NodeId([7; 32])),
            first.copy_at(1, &NodeId([7; 32])),
            first.copy_at(0, &NodeId([8; 32])),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn derived_names_are_fixed_for_all_time() {
        let first = MessageId::first(&LaunchHash([0; 32]));
        let names = [first, first.child(0), first.copy_at(3, &NodeId([1; 32]))];
        let shown: Vec<String> = names
            .iter()
            .map(|id| id.to_string()[..16].to_owned())
            .collect();
        assert_eq!(
            shown,
            ["03e6bb3524d3040a", "52c7e9cded07d6c1", "b4232a91aef1ef4f"]
        );
    }

    proptest! {
        #[test]
        fn the_order_of_names_is_that_of_their_bytes(
            a: [u8; 32],
            b: [u8; 32],
            same in 0..=32usize,
        ) {
            let mut near = b;
            near[..same].copy_from_slice(&a[..same]);
            prop_assert_eq!(NodeId(a).cmp(&NodeId(near)), a.cmp(&near));
        }
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(Time::NEVER + Span::secs(1), Time::NEVER);
        assert_eq!(Time(5).since(Time(9)), Span::ZERO);
        assert_eq!(Span(3) - Span(5), Span::ZERO);
    }
}
