//! Which module a brick belongs to, and what it may call there.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::{BrickHash, EntryRef, ManifestHash, ModuleManifest, ProgramManifest};

use crate::program::LinkError;

pub(super) struct Modules<'a> {
    modules: Vec<(ManifestHash, &'a ModuleManifest)>,
    /// The modules that list a brick: one function can be compiled to the same brick in several.
    homes: BTreeMap<BrickHash, BTreeSet<usize>>,
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
        let mut homes: BTreeMap<BrickHash, BTreeSet<usize>> = BTreeMap::new();
        for (index, (_, module)) in named.iter().enumerate() {
            for brick in &module.groups {
                homes.entry(*brick).or_default().insert(index);
            }
        }
        if let Some(brick) = manifest
            .bricks
            .iter()
            .find(|brick| !homes.contains_key(brick))
        {
            return Err(LinkError::Homeless(*brick));
        }
        // A module opens its own functions only.
        let mut exports = BTreeSet::new();
        for (index, module) in modules.iter().enumerate() {
            let targets = module.exports.iter().map(|export| export.target);
            exports.extend(targets.filter(|target| {
                homes
                    .get(&target.brick)
                    .is_some_and(|homes| homes.contains(&index))
            }));
        }
        Ok(Self {
            exports,
            modules: named,
            homes,
        })
    }

    /// A call stays in its module or goes to what another one exports.
    ///
    /// A caller in several modules has to be right in each of them: else a module could list
    /// another one's brick beside its own, and reach through it what that other one keeps private.
    pub(super) fn check_call(&self, caller: BrickHash, target: EntryRef) -> Result<(), LinkError> {
        let homes = |brick| self.homes.get(brick);
        let together = homes(&caller)
            .zip(homes(&target.brick))
            .is_some_and(|(here, there)| here.is_subset(there));
        if together || self.exports.contains(&target) {
            Ok(())
        } else {
            Err(LinkError::Private { caller, target })
        }
    }

    /// The manifest of the module of this name, which alone lists the brick.
    pub(super) fn owner(&self, brick: BrickHash, name: &str) -> Result<ManifestHash, LinkError> {
        let homes = self.homes.get(&brick).into_iter().flatten();
        let mut homes = homes.map(|home| &self.modules[*home]);
        match (homes.next(), homes.next()) {
            (Some((hash, module)), None) if module.name == name => Ok(*hash),
            _ => Err(LinkError::NotOwner {
                brick,
                module: name.to_owned(),
            }),
        }
    }
}
