//! The bounds of the compiler, each with its reason.

/// How high a syntax tree may grow: brackets in brackets, operands in operands, `else if` after
/// `else if`. Every later walk recurses over the tree, and a thread's stack is finite: at this height
/// a walk may spend 8 KiB a level within the 2 MiB a thread has by default.
pub const MAX_DEPTH: u32 = 200;

/// Bytes in one source file. Larger is refused unread: nobody writes such a file, and spans are 32 bits.
pub const MAX_SOURCE_BYTES: usize = 16 << 20;

/// Diagnostics of the parser for one file; after so many, reading on helps nobody.
pub const MAX_SYNTAX_ERRORS: usize = 50;
