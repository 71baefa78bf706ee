//! Every bound of the format, with the reason for its size.

/// Bytes of one encoded brick. A function of ten thousand lines stays below it.
pub const MAX_GROUP_BYTES: usize = 1 << 20;
/// Bytes of one module manifest, program manifest or debug blob.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Bytes of one debug blob: positions of a whole module.
pub const MAX_DEBUG_BYTES: usize = 16 << 20;
/// Bytes of one bundle file.
pub const MAX_BUNDLE_BYTES: usize = 256 << 20;

/// Registers of one function. Bounds a frame to 32 KiB.
pub const MAX_REGS: usize = 4096;
/// Functions of one group, so that they fit the `u16` of calls.
pub const MAX_FUNCTIONS: usize = 4096;
/// Callees of one group, so that they fit the `u16` of calls.
pub const MAX_CALLEES: usize = 16_384;
/// Types of one group.
pub const MAX_TYPES: usize = 8192;
/// Variants of an enum, so that an index fits a `u16` and a jump table stays small.
pub const MAX_VARIANTS: usize = 4096;
/// Slots of one value: only nested options make more than two.
pub const MAX_VALUE_SLOTS: usize = 8;
/// Slots of the fields of one record, so that an index fits a `u16`.
pub const MAX_RECORD_SLOTS: usize = 4096;
/// Steps spent on naming recursive types: for each knot of types that refer to each other,
/// members times references between them.
pub const MAX_KNOT_WORK: usize = 1 << 20;
/// Registers written in the live sets of one group, and looked at while checking them. Bounds the
/// only part of the verifier that could grow with the square of the brick's size.
pub const MAX_LIVE_WORK: usize = 1 << 22;
/// Bytes of the descriptor of one type.
pub const MAX_DESCRIPTOR_BYTES: usize = 1 << 16;
/// Version of every encoding in this crate. Version 0 carries no promise.
pub const FORMAT_VERSION: u8 = 0;
/// Parameters of one function, types of its captures, and keys of one family of tags.
pub const MAX_PARAMS: usize = 255;
/// Bytes of one name: of a type, field, variant, tag or module.
pub const MAX_NAME_BYTES: usize = 1024;
