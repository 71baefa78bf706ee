//! The normal form of a brick: everything once, in the order of its first use.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::group::Group;
use crate::hash::TypeHash;
use crate::index::{FuncRef, TypeIx};
use crate::inst::Inst;
use crate::inst::operand::{OperandMut, OperandRef};
use crate::types::{Type, TypeError, TypeTable};
use crate::verify::Fault;

/// What instructions and signatures refer to by number.
#[derive(Clone, Copy)]
enum Table {
    Types,
    Consts,
    Tags,
    Callees,
}

/// Gives positions to things in the order in which they are first asked for.
struct Numbering {
    places: Vec<Option<u32>>,
    order: Vec<usize>,
}

impl Numbering {
    fn new(len: usize) -> Self {
        Numbering {
            places: vec![None; len],
            order: Vec::new(),
        }
    }

    /// Whether the thing is new. One that does not exist is never new.
    fn see(&mut self, at: usize) -> bool {
        let Some(place @ None) = self.places.get_mut(at) else {
            return false;
        };
        *place = Some(self.order.len() as u32);
        self.order.push(at);
        true
    }

    fn is_identity(&self) -> bool {
        self.order.len() == self.places.len() && self.order.iter().copied().eq(0..self.order.len())
    }

    /// The things that were seen, in that order.
    fn apply<T>(&self, items: Vec<T>) -> Vec<T> {
        if self.is_identity() {
            return items;
        }
        let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
        let order = self.order.iter();
        order.filter_map(|at| items[*at].take()).collect()
    }
}

/// The order in which a group uses things.
struct FirstUse {
    types: Numbering,
    consts: Numbering,
    tags: Numbering,
    callees: Numbering,
}

impl FirstUse {
    /// Constants, tags and callees in the order of the instructions; types in the order of the
    /// encoding that follows from that, parts after their type, depth first.
    fn of(group: &Group) -> Self {
        let mut uses = FirstUse {
            types: Numbering::new(group.types.len()),
            consts: Numbering::new(group.consts.len()),
            tags: Numbering::new(group.tags.len()),
            callees: Numbering::new(group.callees.len()),
        };
        for_each_inst(group, |inst| {
            inst.operands(|operand| match operand {
                OperandRef::Const(ix) => _ = uses.consts.see(ix.index()),
                OperandRef::Tag(ix) => _ = uses.tags.see(ix.index()),
                OperandRef::Func(FuncRef::Callee(ix)) => _ = uses.callees.see(ix.into()),
                _ => {}
            });
        });
        uses.see_types(group);
        uses
    }

    fn see_types(&mut self, group: &Group) {
        let mut see = |ix: TypeIx| see_type(&mut self.types, group.types.as_slice(), ix);
        for at in &self.tags.order {
            let tag = &group.tags[*at];
            see(tag.value);
            tag.keys.iter().copied().for_each(&mut see);
        }
        for at in &self.callees.order {
            let callee = &group.callees[*at];
            callee.params.iter().copied().for_each(&mut see);
            see(callee.result);
        }
        for function in &group.functions {
            function.params.iter().copied().for_each(&mut see);
            function.captures.iter().copied().for_each(&mut see);
            see(function.result);
            function
                .regs
                .iter()
                .filter_map(|slot| slot.ty())
                .for_each(&mut see);
            for inst in function.blocks.iter().flat_map(|block| &block.insts) {
                inst.operands(|operand| {
                    if let OperandRef::Type(ix) = operand {
                        see(ix);
                    }
                });
            }
        }
    }
}

/// Numbers a type and what it consists of, depth first.
fn see_type(types: &mut Numbering, table: &[Type], root: TypeIx) {
    let mut stack = vec![root];
    while let Some(ix) = stack.pop() {
        if types.see(ix.index()) {
            let first = stack.len();
            table[ix.index()].for_each_part(|part| stack.push(part));
            stack[first..].reverse();
        }
    }
}

fn for_each_inst(group: &Group, visit: impl FnMut(&Inst)) {
    let blocks = group.functions.iter().flat_map(|function| &function.blocks);
    blocks.flat_map(|block| &block.insts).for_each(visit);
}

impl Group {
    /// Brings the group into normal form: equal types, constants, tags and callees become one,
    /// unused ones go, and the rest is put in the order of first use. Two groups that differ only
    /// in these have the same bytes afterwards. References to things that do not exist stay as
    /// they are, for the verifier to name.
    ///
    /// # Errors
    /// If the types cannot be named.
    pub fn canonicalize(&mut self) -> Result<(), TypeError> {
        let names = self.types.hashes()?;
        self.canonicalize_named(&names);
        Ok(())
    }

    /// As [`Group::canonicalize`], with the names of the types. Answers the names of the types that
    /// are left.
    pub(crate) fn canonicalize_named(&mut self, names: &[TypeHash]) -> Vec<TypeHash> {
        if let Some(firsts) = first_equal(names) {
            self.renumber(|table, at| match table {
                Table::Types => firsts.get(at as usize).copied(),
                _ => None,
            });
        }
        self.merge_duplicates();
        let uses = FirstUse::of(self);
        self.consts = uses.consts.apply(core::mem::take(&mut self.consts));
        self.tags = uses.tags.apply(core::mem::take(&mut self.tags));
        self.callees = uses.callees.apply(core::mem::take(&mut self.callees));
        let types = core::mem::take(&mut self.types).into_types();
        self.types = TypeTable::from_types(uses.types.apply(types));
        self.renumber(|table, at| {
            let numbering = match table {
                Table::Types => &uses.types,
                Table::Consts => &uses.consts,
                Table::Tags => &uses.tags,
                Table::Callees => &uses.callees,
            };
            numbering.places.get(at as usize).copied().flatten()
        });
        uses.types.order.iter().map(|at| names[*at]).collect()
    }

    /// Succeeds on a group in normal form whose indices all exist.
    pub(crate) fn check_canonical(&self) -> Result<(), Fault> {
        let uses = FirstUse::of(self);
        let parts = [
            (&uses.types, "types"),
            (&uses.consts, "constants"),
            (&uses.tags, "tags"),
            (&uses.callees, "callees"),
        ];
        match parts
            .into_iter()
            .find(|(numbering, _)| !numbering.is_identity())
        {
            Some((_, what)) => Err(Fault::NotCanonical(what)),
            None => Ok(()),
        }
    }

    /// Lets all references to equal constants, tags and callees go to the first of them.
    fn merge_duplicates(&mut self) {
        let consts = first_equal(&self.consts);
        let tags = first_equal(&self.tags);
        let callees = first_equal(&self.callees);
        if consts.is_none() && tags.is_none() && callees.is_none() {
            return;
        }
        self.renumber(|table, at| {
            let firsts = match table {
                Table::Types => None,
                Table::Consts => consts.as_ref(),
                Table::Tags => tags.as_ref(),
                Table::Callees => callees.as_ref(),
            };
            firsts?.get(at as usize).copied()
        });
    }

    /// Gives references to things in the tables the numbers that `place` answers; those for which
    /// it answers none stay.
    fn renumber(&mut self, place: impl Fn(Table, u32) -> Option<u32>) {
        let new = |table, at: &mut u32| *at = place(table, *at).unwrap_or(*at);
        let ty = |ix: &mut TypeIx| new(Table::Types, &mut ix.0);
        self.types.for_each_part_mut(ty);
        for tag in &mut self.tags {
            ty(&mut tag.value);
            tag.keys.iter_mut().for_each(ty);
        }
        for callee in &mut self.callees {
            callee.params.iter_mut().for_each(ty);
            ty(&mut callee.result);
        }
        for function in &mut self.functions {
            function.params.iter_mut().for_each(ty);
            function.captures.iter_mut().for_each(ty);
            ty(&mut function.result);
            for slot in &mut function.regs {
                *slot = slot.map(|mut ix| {
                    ty(&mut ix);
                    ix
                });
            }
            let insts = function
                .blocks
                .iter_mut()
                .flat_map(|block| &mut block.insts);
            insts.for_each(|inst| {
                inst.operands_mut(|operand| match operand {
                    OperandMut::Type(ix) => ty(ix),
                    OperandMut::Const(ix) => new(Table::Consts, &mut ix.0),
                    OperandMut::Tag(ix) => new(Table::Tags, &mut ix.0),
                    OperandMut::Func(FuncRef::Callee(ix)) => {
                        let mut at = u32::from(*ix);
                        new(Table::Callees, &mut at);
                        *ix = at as u16;
                    }
                    _ => {}
                });
            });
        }
    }
}

/// For each item the position of the first one that equals it; `None` if all are different.
fn first_equal<T: Ord>(items: &[T]) -> Option<Vec<u32>> {
    let mut first = BTreeMap::new();
    let firsts = items.iter().zip(0..);
    let firsts = firsts.map(|(item, at)| *first.entry(item).or_insert(at));
    let firsts: Vec<u32> = firsts.collect();
    (first.len() < items.len()).then_some(firsts)
}
