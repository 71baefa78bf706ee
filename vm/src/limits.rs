//! Every bound of the machine, each with a sentence that says what it protects.

/// What a node grants one message. Going over a limit is a kill, not a trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The bytes of live heap a message may have.
    pub heap_bytes: u64,
    /// The depth of calls a message may have.
    pub frames: u32,
    /// The registers of all its frames together, eight bytes each.
    pub registers: u32,
    /// Makes the order in map indices this node's secret, against chosen collisions.
    pub hash_seed: u64,
    /// How eagerly garbage is collected.
    pub collection: Collection,
}

/// When garbage is collected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Collection {
    /// When the heap is full.
    #[default]
    WhenFull,
    /// At every allocation: finds references that were not kept as roots. For tests.
    Always,
}

impl Default for Limits {
    /// 64 MiB of heap, 100,000 frames, 4 million registers.
    fn default() -> Self {
        Self {
            heap_bytes: 64 << 20,
            frames: 100_000,
            registers: 4 << 20,
            hash_seed: 0x9e37_79b9_7f4a_7c15,
            collection: Collection::WhenFull,
        }
    }
}

/// The most frames a stack trace names, half from each end, so that a deep recursion's report
/// stays small.
pub const TRACE_FRAMES: usize = 64;
/// The longest encoding of one tag value, argument list or result; longer data is the trap
/// `NotData`. It also ends a walk through a cycle.
pub const DATA_BYTES: usize = 16 << 20;
/// The most values one structural operation (`==`, showing, encoding) visits, so that a cycle or
/// much shared structure cannot make it run long; more is the trap `NotData`.
pub const DATA_STEPS: u64 = 1 << 20;
/// The longest captured state that is looked at; a node may set itself a lower limit.
pub const STATE_BYTES: usize = 1 << 30;
/// The longest encoding of the keys of one tag: a key is a name, and is looked up often.
pub const KEY_BYTES: usize = 4 << 10;
/// The deepest nesting of a host-side [`crate::Value`], which is walked by recursion.
pub const VALUE_DEPTH: usize = 128;
/// The most bytes of text one instruction makes, so that its work is bounded; more is a kill.
pub const TEXT_BYTES: usize = 64 << 20;
/// The most fuel that a state may say its message has used, so that counting on never overflows.
pub const FUEL_USED: u64 = 1 << 62;
/// The most bytes of a format specification that are looked at; a longer one is none.
pub const FORMAT_BYTES: usize = 64;
