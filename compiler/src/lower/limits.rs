//! The bounds of lowering, each with its reason.

/// How many types may stand in one type, itself included. A generic function that calls itself with
/// a larger type each time, or a generic type that holds itself so, is found by it: nobody writes
/// such a type by hand.
pub(crate) const MAX_TYPE_SIZE: u32 = 256;

/// How many different types the code of one program may use. Far above what its parts can write
/// down, it ends types that grow in number instead of size.
pub(crate) const MAX_PROGRAM_TYPES: usize = 1 << 16;

/// How many specialisations of generic functions one program may have, for the same reason. Others
/// are as many as are written.
pub(crate) const MAX_SPECIALISATIONS: usize = 1 << 14;

/// How many tests and leaves the decision tree of one `match` may have beside those that its
/// patterns need anyway: it can grow exponentially with patterns that overlap in many columns.
pub(crate) const MAX_DECISIONS: usize = 1 << 12;

/// Tests and leaves for each pattern that is written; one of each is what is needed.
pub(crate) const DECISIONS_PER_PATTERN: usize = 4;

/// How often an arm may be copied into branches of such a tree: what is not certain of a value is
/// asked in each of them.
pub(crate) const MAX_DECISION_ROWS: usize = 1 << 18;

/// Such copies for each pattern that is written, beside them.
pub(crate) const ROWS_PER_PATTERN: usize = 64;

/// Elements of a list literal that are gathered in registers before the list is made; the rest is
/// added one by one, so that a long literal needs no large frame.
pub(crate) const LIST_CHUNK: usize = 64;

/// Texts of a chain of `+` that are gathered in registers before they are put together.
pub(crate) const TEXT_CHUNK: usize = 64;

/// How many tests may follow one another in one `match`: the walks over its decision tree are
/// recursive. Comparisons of one value with many literals count once, and so do guards in a row.
pub(crate) const MAX_DECISION_DEPTH: usize = 400;

/// Values that live in more than one block, times blocks, of one function: what is live at the
/// beginning of each block is kept as bits. Such a table has 64 MiB; a function of thousands of
/// lines needs less than one.
pub(crate) const MAX_LIVE_BITS: usize = 1 << 29;

/// The most instructions of a function that stands in place of its calls: about what a call and
/// its return cost, and the copies around them.
pub(crate) const SMALL_FUNCTION: usize = 24;

/// The same for a function that calls a closure it is given, if that is known where it is called.
pub(crate) const MAX_INLINED: usize = 64;

/// The same for a closure that is called where it is known. Most are called in one place only.
pub(crate) const MAX_INLINED_CLOSURE: usize = 96;

/// How often calls are replaced in what came in place of calls: closures that call closures, which
/// were made in functions of their own, need three rounds.
pub(crate) const MAX_ROUNDS: usize = 4;

/// Instructions that a function may gain by it, beside twice its own.
pub(crate) const MAX_GROWTH: usize = 512;

/// Instructions that a function which calls itself may have with its own body in place of these
/// calls. For two such calls that is two levels of a body of a dozen instructions.
pub(crate) const MAX_RECURSIVE: usize = 96;

/// Instructions of a function beyond which it is left as it is. Hardly anybody writes one by hand,
/// and what helps the machine then is the order of its blocks.
pub(crate) const MAX_OPTIMISED: usize = 1 << 15;
