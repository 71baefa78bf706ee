//! The normal form of a brick: everything once, in the order of its first use.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::group::Group;
use crate::index::{FuncRef, TypeIx};
use crate::inst::Inst;
use crate::inst::operand::{OperandMut, OperandRef};
use crate::types::{Type, TypeError, TypePool, TypeTable};
use crate::verify::Fault;

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

    /// The new position; the old one for a thing that does not exist.
    fn place(&self, at: usize) -> u32 {
        self.places.get(at).copied().flatten().unwrap_or(at as u32)
    }

    fn is_identity(&self) -> bool {
        self.order.len() == self.places.len() && self.order.iter().copied().eq(0..self.order.len())
    }

    fn apply<T: Clone>(&self, items: &[T]) -> Vec<T> {
        self.order.iter().map(|at| items[*at].clone()).collect()
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
        let mut pool = TypePool::new();
        let places = pool.join(&self.types, &names);
        self.types = pool.table().clone();
        self.renumber_types(|ix| places.get(ix.index()).copied().unwrap_or(ix));
        self.merge_duplicates();

        let uses = FirstUse::of(self);
        self.consts = uses.consts.apply(&self.consts);
        self.tags = uses.tags.apply(&self.tags);
        self.callees = uses.callees.apply(&self.callees);
        self.renumber_operands(|operand| match operand {
            OperandMut::Const(ix) => ix.0 = uses.consts.place(ix.index()),
            OperandMut::Tag(ix) => ix.0 = uses.tags.place(ix.index()),
            OperandMut::Func(FuncRef::Callee(ix)) => {
                *ix = uses.callees.place((*ix).into()) as u16;
            }
            _ => {}
        });
        let mut types = uses.types.apply(self.types.as_slice());
        let place = |ix: TypeIx| TypeIx(uses.types.place(ix.index()));
        types
            .iter_mut()
            .for_each(|ty| ty.for_each_part_mut(|part| *part = place(*part)));
        self.types = TypeTable::from_types(types);
        self.renumber_types(place);
        Ok(())
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
        self.renumber_operands(|operand| match operand {
            OperandMut::Const(ix) => ix.0 = *consts.get(ix.index()).unwrap_or(&ix.0),
            OperandMut::Tag(ix) => ix.0 = *tags.get(ix.index()).unwrap_or(&ix.0),
            OperandMut::Func(FuncRef::Callee(ix)) => {
                *ix = callees
                    .get(usize::from(*ix))
                    .map_or(*ix, |first| *first as u16);
            }
            _ => {}
        });
    }

    fn renumber_operands(&mut self, mut renumber: impl FnMut(OperandMut<'_>)) {
        let blocks = self
            .functions
            .iter_mut()
            .flat_map(|function| &mut function.blocks);
        blocks
            .flat_map(|block| &mut block.insts)
            .for_each(|inst| inst.operands_mut(&mut renumber));
    }

    /// Replaces all references to types from outside the table.
    fn renumber_types(&mut self, place: impl Fn(TypeIx) -> TypeIx) {
        let renumber = |ix: &mut TypeIx| *ix = place(*ix);
        for tag in &mut self.tags {
            renumber(&mut tag.value);
            tag.keys.iter_mut().for_each(renumber);
        }
        for callee in &mut self.callees {
            callee.params.iter_mut().for_each(renumber);
            renumber(&mut callee.result);
        }
        for function in &mut self.functions {
            function.params.iter_mut().for_each(renumber);
            function.captures.iter_mut().for_each(renumber);
            renumber(&mut function.result);
            function
                .regs
                .iter_mut()
                .for_each(|slot| *slot = slot.map(&place));
        }
        self.renumber_operands(|operand| {
            if let OperandMut::Type(ix) = operand {
                renumber(ix);
            }
        });
    }
}

/// For each item the position of the first one that equals it.
fn first_equal<T: Ord>(items: &[T]) -> Vec<u32> {
    let mut first = BTreeMap::new();
    items
        .iter()
        .zip(0..)
        .map(|(item, at)| *first.entry(item).or_insert(at))
        .collect()
}
