//! Manifests: which bricks belong to which module, and which to the program.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::{BrickHash, DebugBlob, EntryRef, Export, Group, ModuleManifest, ProgramManifest};

use super::debug::DebugMaker;
use super::groups::Bricks;
use super::prebuilt::{self, PrebuiltModule};
use super::program::Lowering;
use super::unit::InstanceId;
use super::visit::for_each_function;
use crate::typed::{Body, FnId, ModuleId};

/// The code of one module.
#[derive(Clone, Debug, Default)]
pub struct ModuleCode {
    pub manifest: ModuleManifest,
    /// Names and positions; the manifest names it.
    pub debug: DebugBlob,
    /// The bricks of the functions that the module itself declares: those of its manifest but for
    /// specialisations of generic functions.
    pub own: BTreeSet<BrickHash>,
}

/// All bricks of the program by name.
pub(crate) type AllBricks = BTreeMap<BrickHash, Group>;

pub(crate) struct Modules<'a, 'p> {
    lowering: &'a Lowering<'p>,
    bricks: &'a Bricks,
    calls: &'a [Vec<usize>],
    /// The functions of each module, ascending.
    functions: Vec<Vec<FnId>>,
    /// Functions that are only there for tests.
    tests: BTreeSet<FnId>,
}

impl<'a, 'p> Modules<'a, 'p> {
    pub(crate) fn new(
        lowering: &'a Lowering<'p>,
        bricks: &'a Bricks,
        calls: &'a [Vec<usize>],
    ) -> Self {
        let mut functions = vec![Vec::new(); lowering.program.modules.len()];
        for (at, function) in lowering.program.functions.iter().enumerate() {
            functions[function.module.index()].push(FnId::new(at));
        }
        let tests = lowering
            .program
            .tests
            .iter()
            .map(|test| test.function)
            .collect();
        Self {
            lowering,
            bricks,
            calls,
            functions,
            tests,
        }
    }

    /// The code of a module that was compiled now.
    pub(crate) fn code(&self, module: ModuleId, debug: &DebugMaker<'_, '_>) -> ModuleCode {
        let roots = self.roots(module);
        let own = roots.iter().filter_map(|id| self.bricks.entries[id.0]);
        let own: BTreeSet<BrickHash> = own.map(|entry| entry.brick).collect();
        let reached = self.reached(&roots);
        let groups = reached.iter().filter_map(|id| self.bricks.entries[id.0]);
        let groups: BTreeSet<BrickHash> = groups.map(|entry| entry.brick).collect();
        self.made_of(module, own, groups, debug)
    }

    /// The root with those of these bricks that no other module has.
    pub(crate) fn root_with(
        &self,
        bricks: BTreeSet<BrickHash>,
        others: &[ModuleCode],
        debug: &DebugMaker<'_, '_>,
    ) -> ModuleCode {
        let root = ModuleId::new(others.len());
        let ModuleCode { manifest, own, .. } = self.code(root, debug);
        let listed = others.iter().flat_map(|module| &module.manifest.groups);
        let listed: BTreeSet<BrickHash> = listed.copied().collect();
        let more: BTreeSet<BrickHash> = bricks.difference(&listed).copied().collect();
        let own = own.union(&more).copied().collect();
        let groups = manifest.groups.into_iter().chain(more).collect();
        self.made_of(root, own, groups, debug)
    }

    fn made_of(
        &self,
        module: ModuleId,
        own: BTreeSet<BrickHash>,
        groups: BTreeSet<BrickHash>,
        debug: &DebugMaker<'_, '_>,
    ) -> ModuleCode {
        let blob = debug.blob(&groups);
        let manifest = ModuleManifest {
            name: self.lowering.program.module(module).path.to_string(),
            groups: groups.into_iter().collect(),
            exports: self.exports(module),
            debug: Some(blob.hash()),
        };
        ModuleCode {
            manifest,
            debug: blob,
            own,
        }
    }

    /// The functions that a module declares, without generic ones and tests.
    fn roots(&self, module: ModuleId) -> Vec<InstanceId> {
        let program = self.lowering.program;
        let own = self.functions[module.index()].iter().filter(|function| {
            let body = &program.function(**function).body;
            matches!(body, Body::Typed(_)) && !self.tests.contains(function)
        });
        own.filter_map(|function| self.lowering.plain(*function))
            .collect()
    }

    /// The roots, and what they reach that is no function of a module by itself: specialisations,
    /// and natives that are used as values.
    fn reached(&self, roots: &[InstanceId]) -> BTreeSet<InstanceId> {
        let mut seen: BTreeSet<InstanceId> = roots.iter().copied().collect();
        let mut work = roots.to_vec();
        while let Some(id) = work.pop() {
            for callee in &self.calls[id.0] {
                let callee = InstanceId(*callee);
                if self.is_shared(callee) && seen.insert(callee) {
                    work.push(callee);
                }
            }
        }
        seen
    }

    fn is_shared(&self, id: InstanceId) -> bool {
        let instance = &self.lowering.instances[id.0];
        let function = self.lowering.program.function(instance.function);
        !instance.args.is_empty() || matches!(function.body, Body::Native(_))
    }

    /// What other modules may call: public functions, and those that generic functions of the
    /// module need wherever they are specialised.
    fn exports(&self, module: ModuleId) -> Vec<Export> {
        let program = self.lowering.program;
        let mut wanted = BTreeSet::new();
        for id in &self.functions[module.index()] {
            let function = program.function(*id);
            if function.public {
                wanted.insert(*id);
            }
            if let (false, Body::Typed(body)) = (function.generics.is_empty(), &function.body) {
                for_each_function(body, |callee| {
                    if program.function(callee).module == module {
                        wanted.insert(callee);
                    }
                });
            }
        }
        let exported = wanted.into_iter().filter_map(|id| {
            let target = self.bricks.entries[self.lowering.plain(id)?.0]?;
            let typed = matches!(program.function(id).body, Body::Typed(_));
            let symbol = self.lowering.symbols[id.index()].clone();
            typed.then_some(Export { symbol, target })
        });
        let mut exports: Vec<Export> = exported.collect();
        exports.sort();
        exports
    }
}

/// The bricks that can be reached from `entry`, out of all that there are.
pub(crate) fn reachable(entry: BrickHash, all: &AllBricks) -> BTreeSet<BrickHash> {
    let mut seen = BTreeSet::from([entry]);
    let mut work = vec![entry];
    while let Some(hash) = work.pop() {
        for callee in all.get(&hash).into_iter().flat_map(|group| &group.callees) {
            if seen.insert(callee.group) {
                work.push(callee.group);
            }
        }
    }
    seen
}

/// The program that starts in `entry`, and the modules it consists of. Of the defaults of its
/// parameters it holds the bricks as well.
pub(crate) fn program<'m>(
    entry: EntryRef,
    defaults: &[BrickHash],
    modules: impl Iterator<Item = &'m ModuleCode>,
    all: &AllBricks,
) -> (ProgramManifest, Vec<&'m ModuleCode>) {
    let roots = defaults.iter().chain([&entry.brick]);
    let bricks: BTreeSet<BrickHash> = roots.flat_map(|root| reachable(*root, all)).collect();
    let needed: Vec<&ModuleCode> = modules
        .filter(|module| !module.own.is_disjoint(&bricks))
        .collect();
    let hashes: BTreeSet<_> = needed.iter().map(|module| module.manifest.hash()).collect();
    let manifest = ProgramManifest {
        modules: hashes.into_iter().collect(),
        entry,
        bricks: bricks.into_iter().collect(),
    };
    (manifest, needed)
}

/// The bricks that were made now and those of the library.
pub(crate) fn all_bricks(bricks: &Bricks, library: &[Option<&PrebuiltModule>]) -> AllBricks {
    let mut all: AllBricks = prebuilt::by_hash(library)
        .into_iter()
        .map(|(hash, (_, brick))| (hash, brick.clone()))
        .collect();
    for brick in &bricks.bricks {
        all.entry(brick.hash).or_insert_with(|| brick.group.clone());
    }
    all
}
