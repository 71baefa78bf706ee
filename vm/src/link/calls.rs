//! Which module a brick belongs to, and what it may call there.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::{BrickHash, EntryRef, ManifestHash, ModuleManifest, ProgramManifest};

use crate::program::LinkError;

pub(super) struct Modules<'a> {
    modules: Vec<(ManifestHash, &'a ModuleManifest)>,
    /// The modules that list a brick: one function can be compiled to the same brick in several.
    homes: BTreeMap<BrickHash, Vec<usize>>,
    exports: BTreeSet<EntryRef>,
}

impl<'a> Modules<'a> {
    pub(super) fn new(
        manifest: &ProgramManifest,
        modules: &'a [ModuleManifest],
    ) -> Result<Self, LinkError> {
        let named: Vec<_> = modules
            .iter()
            .map(|module| (module.hash(), module))
            .collect();
        let known: BTreeSet<ManifestHash> = named.iter().map(|(hash, _)| *hash).collect();
        let listed: BTreeSet<ManifestHash> = manifest.modules.iter().copied().collect();
        if let Some(missing) = listed.difference(&known).next() {
            return Err(LinkError::MissingModule(*missing));
        }
        if let Some(strange) = known.difference(&listed).next() {
            return Err(LinkError::StrangeModule(*strange));
        }
        let mut homes: BTreeMap<BrickHash, Vec<usize>> = BTreeMap::new();
        for (index, (_, module)) in named.iter().enumerate() {
            for brick in &module.groups {
                homes.entry(*brick).or_default().push(index);
            }
        }
        if let Some(brick) = manifest
            .bricks
            .iter()
            .find(|brick| !homes.contains_key(brick))
        {
            return Err(LinkError::Homeless(*brick));
        }
        let exports = modules.iter().flat_map(|module| &module.exports);
        Ok(Self {
            exports: exports.map(|export| export.target).collect(),
            modules: named,
            homes,
        })
    }

    fn homes(&self, brick: &BrickHash) -> &[usize] {
        self.homes.get(brick).map_or(&[], Vec::as_slice)
    }

    /// A call stays in its module or goes to what another one exports.
    pub(super) fn check_call(&self, caller: BrickHash, target: EntryRef) -> Result<(), LinkError> {
        let there = self.homes(&target.brick);
        let together = self.homes(&caller).iter().any(|home| there.contains(home));
        if together || self.exports.contains(&target) {
            Ok(())
        } else {
            Err(LinkError::Private { caller, target })
        }
    }

    /// The manifest of the module of this name that lists the brick.
    pub(super) fn owner(&self, brick: BrickHash, name: &str) -> Result<ManifestHash, LinkError> {
        let homes = self.homes(&brick).iter().map(|home| &self.modules[*home]);
        let mut owners = homes.filter(|(_, module)| module.name == name);
        owners
            .next()
            .map(|(hash, _)| *hash)
            .ok_or_else(|| LinkError::NotOwner {
                brick,
                module: name.to_owned(),
            })
    }
}
