//! The bounds of the compiler, each with its reason.

/// How high a syntax tree may grow: brackets in brackets, operands in operands, `else if` after
/// `else if`. Every later walk recurses over the tree, and a thread's stack is finite: at this
/// height a walk may spend 8 KiB a level within the 2 MiB a thread has by default.
pub const MAX_DEPTH: u32 = 200;

/// Bytes in one source file. Larger is refused unread: nobody writes such a file, and spans are 32
/// bits.
pub const MAX_SOURCE_BYTES: usize = 16 << 20;

/// Diagnostics of the parser for one file; after so many, reading on helps nobody.
pub const MAX_SYNTAX_ERRORS: usize = 50;

/// Diagnostics of the checker for one program; a person reads the first few.
pub const MAX_CHECK_DIAGNOSTICS: usize = 500;

/// Suggestions are looked for this often: each one looks at every name in scope.
pub const MAX_SUGGESTIONS: usize = 50;

/// Modules of one program, the library's included.
pub const MAX_MODULES: usize = 1000;

/// Imports in one chain: reading them recurses.
pub const MAX_IMPORT_DEPTH: usize = 64;

/// Generic parameters of one function or type, those of its `impl` included: sets of them are
/// words.
pub const MAX_GENERICS: usize = 32;

/// Parts in one type as it is written out. Walks over types need no bound of their own then.
pub const MAX_TYPE_SIZE: u32 = 200;

/// Type in type in type while a function is checked, following what has been inferred.
pub const MAX_TYPE_DEPTH: u32 = 64;

/// Steps in making two types equal: types that share parts may be compared again and again.
pub const MAX_UNIFY_STEPS: u32 = 10_000;

/// Steps in deciding whether one `match` is exhaustive: the problem is exponential in general.
pub const MAX_MATCH_STEPS: u32 = 2_000_000;

/// Constants and defaults whose values need each other, in one chain: computing them recurses.
pub const MAX_VALUE_DEPTH: u32 = 8;

/// Nodes in the value of a constant that is copied to each use; a larger one becomes a function.
pub const MAX_INLINE_VALUE: u32 = 16;

/// Fields of one struct or variant, parameters of one function, arguments of one call. They become
/// registers, and are looked for one after the other.
pub const MAX_FIELDS: usize = 255;

/// Columns of a line of formatted source, where it can be broken: two files fit side by side.
pub const MAX_COLUMNS: usize = 100;

/// Programs with more bytes of text are checked with the whole prelude: a diagnostic would have
/// them checked twice, and the prelude is a small part of the work.
pub const MAX_OUTLINED_BYTES: usize = 128 << 10;
