//! Bricks of library modules that were compiled before.

use std::collections::BTreeMap;

use sm_bytecode::{BrickHash, EntryRef, Group};

use super::modules::ModuleCode;
use crate::typed::Program;

/// A module of the library with its bricks: what [`super::lower`] gives for it.
#[derive(Clone, Debug, Default)]
pub struct PrebuiltModule {
    /// Its text: it stands for no other.
    pub source: String,
    pub code: ModuleCode,
    /// The bricks that the manifest lists, in its order.
    pub bricks: Vec<Group>,
}

impl PrebuiltModule {
    /// The function that is exported under this name.
    #[must_use]
    pub fn export(&self, symbol: &str) -> Option<EntryRef> {
        let exports = &self.code.manifest.exports;
        let at = exports
            .binary_search_by(|export| export.symbol.as_str().cmp(symbol))
            .ok()?;
        Some(exports[at].target)
    }
}

/// The prebuilt modules that may be used for a program.
#[derive(Debug, Default)]
pub(crate) struct Library<'p> {
    /// By path.
    modules: BTreeMap<&'p str, &'p PrebuiltModule>,
}

impl<'p> Library<'p> {
    /// Takes the modules whose text, and that of all they import, is what the program sees.
    pub(crate) fn new(
        program: &'p Program,
        prebuilt: &'p [PrebuiltModule],
        text_of: impl Fn(&str) -> Option<&'p str>,
    ) -> Self {
        let mut modules = BTreeMap::new();
        // Each module stands after those it imports.
        for module in &program.modules {
            let path: &'p str = &module.path;
            let found = prebuilt
                .iter()
                .find(|known| known.code.manifest.name == path);
            let imports = module
                .imports
                .iter()
                .map(|import| &*program.module(*import).path);
            let imports_fit = imports.into_iter().all(|path| modules.contains_key(path))
                && (path == PRELUDE || modules.contains_key(PRELUDE));
            if let Some(known) = found
                && imports_fit
                && text_of(path) == Some(known.source.as_str())
            {
                modules.insert(path, known);
            }
        }
        Self { modules }
    }

    /// For each module of the program what was prebuilt of it.
    pub(crate) fn of(&self, program: &Program) -> Vec<Option<&'p PrebuiltModule>> {
        program
            .modules
            .iter()
            .map(|module| self.modules.get(&*module.path).copied())
            .collect()
    }
}

/// The path of the module that all others import.
pub(crate) const PRELUDE: &str = "prelude";

/// All prebuilt bricks by name, with the module they belong to.
pub(crate) fn by_hash<'p>(
    modules: &[Option<&'p PrebuiltModule>],
) -> BTreeMap<BrickHash, (usize, &'p Group)> {
    let mut out = BTreeMap::new();
    for (at, module) in modules.iter().enumerate() {
        let Some(module) = module else { continue };
        for (hash, brick) in module.code.manifest.groups.iter().zip(&module.bricks) {
            out.entry(*hash).or_insert((at, brick));
        }
    }
    out
}
