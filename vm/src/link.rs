//! From bricks to a program: every index of a group becomes one of the program.

mod calls;
mod code;
mod fuse;
mod tags;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{BrickHash, Const, EntryRef, Group, ModuleManifest, ProgramManifest, TypeTable};

use crate::heap::Statics;
use crate::heap::layout::{Kind, Layouts, RecordLayout};
use crate::index::{ConstId, FuncId, TagId, TypeId};
use crate::op::Pc;
use crate::program::{Brick, Function, LinkError, Program, Source};
use crate::shape::{Shape, kind_of, layout_of};
use code::CodeTables;
use tags::TagTables;
pub use tags::tag_identity;
use types::TypeTables;

pub(crate) fn link(
    manifest: &ProgramManifest,
    modules: &[ModuleManifest],
    mut bricks: impl FnMut(&BrickHash) -> Option<Arc<VerifiedGroup>>,
) -> Result<Program, LinkError> {
    let modules = calls::Modules::new(manifest, modules)?;
    let mut linker = Linker::default();
    let any_tag = linker.types.add_any_tag();
    let listed: BTreeSet<BrickHash> = manifest.bricks.iter().copied().collect();
    for hash in &listed {
        let group = bricks(hash).ok_or(LinkError::MissingBrick(*hash))?;
        linker.add_group(*hash, group, &modules)?;
    }
    let types = linker.types.table();
    let layouts = linker.layouts(&types);
    linker.link_code(&modules, &layouts)?;
    let program = linker.finish(manifest, any_tag, types, layouts);
    check_entry(&program)?;
    Ok(program)
}

/// What is gathered on the way.
#[derive(Default)]
struct Linker {
    groups: Vec<LinkedGroup>,
    bricks: BTreeMap<BrickHash, usize>,
    functions: Vec<Function>,
    closures: Vec<RecordLayout>,
    types: TypeTables,
    tags: TagTables,
    texts: Vec<Box<[u8]>>,
    const_sources: Vec<Source>,
    code: CodeTables,
}

/// A group, and where its tables went.
struct LinkedGroup {
    hash: BrickHash,
    group: Arc<VerifiedGroup>,
    types: Vec<TypeId>,
    first_function: FuncId,
    consts: Vec<ConstId>,
    tags: Vec<TagId>,
}

impl Linker {
    fn add_group(
        &mut self,
        hash: BrickHash,
        verified: Arc<VerifiedGroup>,
        modules: &calls::Modules<'_>,
    ) -> Result<(), LinkError> {
        let group: &Group = &verified;
        let brick = self.groups.len() as u32;
        let types = self.types.add(&group.types, verified.facts().hashes())?;
        let consts = self.add_consts(brick, group)?;
        let tags = self
            .tags
            .add(brick, hash, group, &types, &self.types, modules)?;
        let first_function = FuncId(small(self.functions.len())?);
        for (index, function) in group.functions.iter().enumerate() {
            let start = self
                .functions
                .last()
                .map_or(0, |last| last.start.0 + last.len);
            let len = small(function.len())?;
            start.checked_add(len).ok_or(LinkError::TooLarge)?;
            let linked = link_function(brick, index as u16, Pc(start), group, &types);
            let captures = linked.capture_slots();
            self.closures.push(RecordLayout::new(captures));
            self.functions.push(linked);
        }
        self.bricks.insert(hash, self.groups.len());
        self.groups.push(LinkedGroup {
            hash,
            group: verified,
            types,
            first_function,
            consts,
            tags,
        });
        Ok(())
    }

    fn add_consts(&mut self, brick: u32, group: &Group) -> Result<Vec<ConstId>, LinkError> {
        let mut ids = Vec::new();
        for (index, value) in group.consts.iter().enumerate() {
            ids.push(ConstId(small(self.texts.len())?));
            self.const_sources.push(Source {
                brick,
                index: index as u32,
            });
            self.texts.push(match value {
                Const::Str(text) => text.as_bytes().into(),
                Const::Bytes(bytes) => bytes.as_slice().into(),
            });
        }
        Ok(ids)
    }

    /// What objects look like, when all types and closures are there.
    fn layouts(&mut self, types: &TypeTable) -> Layouts {
        let each = types.iter().map(|(ix, _)| layout_of(types, ix));
        Layouts::new(each.collect(), std::mem::take(&mut self.closures))
    }

    fn link_code(
        &mut self,
        modules: &calls::Modules<'_>,
        layouts: &Layouts,
    ) -> Result<(), LinkError> {
        for index in 0..self.groups.len() {
            let callees = self.resolve_callees(index, modules)?;
            let group = &self.groups[index];
            for number in 0..group.group.functions.len() {
                let id = FuncId(group.first_function.0 + number as u32);
                let linked = &self.functions[id.index()];
                self.code
                    .add_function(group, number, &callees, linked, layouts)?;
            }
        }
        Ok(())
    }

    fn finish(
        self,
        manifest: &ProgramManifest,
        any_tag: TypeId,
        types: TypeTable,
        layouts: Layouts,
    ) -> Program {
        let shapes = types.iter().map(|(ix, _)| Shape::of(&types, ix)).collect();
        let bricks = self
            .groups
            .into_iter()
            .map(LinkedGroup::into_brick)
            .collect();
        let (hashes, types_by_hash) = self.types.into_names();
        Program {
            hash: manifest.hash(),
            entry: manifest.entry,
            bricks,
            functions: self.functions,
            shapes,
            hashes,
            types_by_hash,
            types,
            any_tag,
            statics: Statics {
                layouts,
                texts: self.texts,
                tag_identity: self.tags.identity,
            },
            const_sources: self.const_sources,
            tags: self.tags.tags,
            tags_by_base: self.tags.by_base,
            code: self.code.code,
            fused: self.code.fused,
            lists: self.code.lists,
            words: self.code.words,
            jumps: self.code.jumps,
            records: self.code.records,
            slow: self.code.slow,
            jit: crate::jit::Slot::default(),
        }
    }
}

impl LinkedGroup {
    fn into_brick(self) -> Brick {
        Brick {
            hash: self.hash,
            group: self.group,
            first_function: self.first_function,
            consts: self.consts,
            tags: self.tags,
        }
    }
}

fn link_function(brick: u32, index: u16, start: Pc, group: &Group, types: &[TypeId]) -> Function {
    let function = &group.functions[usize::from(index)];
    let kinds = function.regs.iter();
    let kinds = kinds.map(|slot| match kind_of(&group.types, *slot) {
        Kind::Ref(ty) => Kind::Ref(types[ty.index()]),
        Kind::OptRef(ty) => Kind::OptRef(types[ty.index()]),
        plain => plain,
    });
    Function {
        brick,
        function: index,
        start,
        len: function.len() as u32,
        registers: function.regs.len() as u16,
        kinds: kinds.collect(),
        params: function.params.iter().map(|ty| types[ty.index()]).collect(),
        param_slots: group.types.slots_of_all(&function.params).len() as u16,
        capture_slots: group.types.slots_of_all(&function.captures).len() as u16,
        result: types[function.result.index()],
    }
}

impl Function {
    /// The slots of the captures, which stand in the registers behind the parameters.
    fn capture_slots(&self) -> Vec<Kind> {
        let first = usize::from(self.param_slots);
        self.kinds[first..first + usize::from(self.capture_slots)].to_vec()
    }
}

/// A message starts in a function of the program that captures nothing and deals in data.
fn check_entry(program: &Program) -> Result<(), LinkError> {
    let id = program.find(program.entry).ok_or(LinkError::NoEntry)?;
    let function = program.function(id);
    if function.capture_slots > 0 {
        return Err(LinkError::NoEntry);
    }
    let group = &program.bricks[function.brick as usize].group;
    let source = &group.functions[usize::from(function.function)];
    let mut types = source.params.iter().chain([&source.result]);
    match types.all(|ty| group.facts().is_data(*ty)) {
        true => Ok(()),
        false => Err(LinkError::EntryNotData),
    }
}

/// A position in a table that must fit 28 bits, the narrowest field it is kept in.
fn small(index: usize) -> Result<u32, LinkError> {
    let index = u32::try_from(index).map_err(|_| LinkError::TooLarge)?;
    if index < 1 << 28 {
        Ok(index)
    } else {
        Err(LinkError::TooLarge)
    }
}

/// The function of a program that a callee of a group stands for.
pub(crate) type Callees = Vec<FuncId>;

impl Linker {
    fn resolve_callees(
        &self,
        caller: usize,
        modules: &calls::Modules<'_>,
    ) -> Result<Callees, LinkError> {
        let from = &self.groups[caller];
        let mut resolved = Vec::new();
        for callee in &from.group.callees {
            let target = EntryRef {
                brick: callee.group,
                function: callee.function,
            };
            let bad = LinkError::BadCallee {
                caller: from.hash,
                target,
            };
            let Some(&index) = self.bricks.get(&callee.group) else {
                return Err(LinkError::MissingBrick(callee.group));
            };
            let group = &self.groups[index];
            let count = group.group.functions.len();
            if usize::from(callee.function) >= count {
                return Err(bad);
            }
            let id = FuncId(group.first_function.0 + u32::from(callee.function));
            let function = &self.functions[id.index()];
            let params = callee.params.iter().map(|ty| from.types[ty.index()]);
            let same = params.eq(function.params.iter().copied())
                && from.types[callee.result.index()] == function.result
                && function.capture_slots == 0;
            if !same {
                return Err(bad);
            }
            modules.check_call(from.hash, target)?;
            resolved.push(id);
        }
        Ok(resolved)
    }
}
