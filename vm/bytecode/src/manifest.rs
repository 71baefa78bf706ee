//! Manifests: what belongs to a module, what belongs to a program.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::{BrickHash, DebugHash, ManifestHash};

/// A function by name of its brick and position in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryRef {
    /// The brick.
    pub brick: BrickHash,
    /// Position of the function in it.
    pub function: u16,
}

/// A name that a module gives to others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Export {
    /// The name; specialised functions have the arguments in it.
    pub symbol: String,
    /// The function.
    pub target: EntryRef,
}

/// The list of a module's bricks. Its hash is the identity of the module's private tags.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModuleManifest {
    /// The module's name, such as `route/pull`.
    pub name: String,
    /// Bricks, ascending, without duplicates.
    pub groups: Vec<BrickHash>,
    /// Functions that other modules may call, ascending by symbol, without duplicates.
    pub exports: Vec<Export>,
    /// Names and source positions, fetched when somebody wants to see them.
    pub debug: Option<DebugHash>,
}

/// What a program consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramManifest {
    /// Modules, ascending, without duplicates.
    pub modules: Vec<ManifestHash>,
    /// The function that the first message starts in.
    pub entry: EntryRef,
    /// Bricks that can be reached from the entry, ascending, without duplicates.
    pub bricks: Vec<BrickHash>,
}
