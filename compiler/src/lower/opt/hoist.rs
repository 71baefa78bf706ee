//! What does not change in a loop is computed before it.
//!
//! Only what cannot trap goes, and only out of loops in which a message neither calls nor moves:
//! else a number that costs one instruction would travel with each hop.

use std::collections::BTreeMap;

use sm_bytecode::{BlockIx, Inst, Reg, Slot};

use super::Facts;
use super::dead::is_pure;
use super::dominators::Dominators;
use super::values::is_stop;
use crate::lower::body::{Block, Body, Op, Origin, for_each_target_mut};
use crate::lower::clean::straighten;

/// Moves instructions out of loops; answers whether there was one.
pub(crate) fn run(body: &mut Body, facts: &Facts<'_>) -> bool {
    if !goes_back(body) {
        return false;
    }
    let tree = Dominators::of(body);
    let heads: Vec<usize> = loops(body, &tree)
        .into_iter()
        .map(|(head, _)| head)
        .collect();
    if heads.is_empty() {
        return false;
    }
    let before = add_entries(body, &tree, &heads);
    let tree = Dominators::of(body);
    let mut found = loops(body, &tree);
    found.sort_by_key(|(head, blocks)| (blocks.len(), *head));
    let mut hoist = Hoist::new(body);
    let mut any = false;
    for (head, blocks) in found {
        if let Some(before) = before.get(&head) {
            any |= hoist.one(body, facts, &blocks, *before);
        }
    }
    straighten(body);
    any
}

/// Whether control may come to a block again: whether there can be a loop.
pub(crate) fn goes_back(body: &Body) -> bool {
    let mut blocks = body.blocks.iter().enumerate();
    blocks.any(|(at, block)| {
        let mut back = false;
        block.last().successors(|to| back |= to.index() <= at);
        back
    })
}

/// The loops by their heads, which all ways into them pass, with their blocks in the order of the
/// code.
pub(crate) fn loops(body: &Body, tree: &Dominators) -> Vec<(usize, Vec<usize>)> {
    let mut backs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for from in 0..body.blocks.len() {
        for to in body.blocks[from].successors() {
            if to.index() != 0 && tree.has_passed(to.index(), from) {
                backs.entry(to.index()).or_default().push(from);
            }
        }
    }
    let found = backs.into_iter().map(|(head, backs)| {
        let blocks = natural_loop(&tree.predecessors, head, backs);
        (head, blocks)
    });
    found.collect()
}

/// The blocks from which control comes back to `head` without passing it, ascending.
pub(crate) fn natural_loop(
    predecessors: &[Vec<usize>],
    head: usize,
    backs: impl IntoIterator<Item = usize>,
) -> Vec<usize> {
    let mut found = std::collections::BTreeSet::from([head]);
    let mut work: Vec<usize> = backs.into_iter().collect();
    while let Some(at) = work.pop() {
        if found.insert(at) {
            work.extend(&predecessors[at]);
        }
    }
    found.into_iter().collect()
}

/// Gives each loop a block that is passed once when it is entered; answers these by heads, as the
/// heads are numbered afterwards.
fn add_entries(body: &mut Body, tree: &Dominators, heads: &[usize]) -> BTreeMap<usize, usize> {
    let old = std::mem::take(&mut body.blocks);
    // Where each block comes to stand.
    let shift = |at: usize| at + heads.partition_point(|head| *head <= at);
    let entry = |head: usize| shift(head) - 1;
    let ix = |at: usize| BlockIx(u32::try_from(at).expect("fewer than instructions"));
    for (at, mut block) in old.into_iter().enumerate() {
        if heads.binary_search(&at).is_ok() {
            let origin = block.ops.first().map_or(Origin::default(), |op| op.origin);
            let inst = Inst::Jump { to: ix(shift(at)) };
            body.blocks.push(Block {
                ops: vec![Op { inst, origin }],
            });
        }
        for_each_target_mut(block.last_mut(), |to| {
            let to_head = heads.binary_search(&to.index()).is_ok();
            let enters = to_head && !tree.has_passed(to.index(), at);
            *to = ix(match enters {
                true => entry(to.index()),
                false => shift(to.index()),
            });
        });
        body.blocks.push(block);
    }
    heads
        .iter()
        .map(|head| (shift(*head), entry(*head)))
        .collect()
}

struct Hoist {
    /// How often each register is written.
    writes: Vec<u32>,
    /// The block in which each register is written last.
    place: Vec<usize>,
}

impl Hoist {
    fn new(body: &Body) -> Self {
        let mut hoist = Self {
            writes: vec![0; body.regs.len()],
            place: vec![0; body.regs.len()],
        };
        hoist.writes[..body.inputs].fill(1);
        for (at, block) in body.blocks.iter().enumerate() {
            for op in &block.ops {
                op.inst.defs(|reg| {
                    hoist.writes[reg.index()] += 1;
                    hoist.place[reg.index()] = at;
                });
            }
        }
        hoist
    }

    fn one(&mut self, body: &mut Body, facts: &Facts<'_>, blocks: &[usize], before: usize) -> bool {
        let ops = blocks.iter().flat_map(|at| &body.blocks[*at].ops);
        if ops.into_iter().any(|op| is_stop(&op.inst)) {
            return false;
        }
        let mut any = false;
        for at in blocks {
            let ops = std::mem::take(&mut body.blocks[*at].ops);
            let (mut kept, mut moved) = (Vec::with_capacity(ops.len()), Vec::new());
            for op in ops {
                match self.may_go(&op.inst, body, facts, blocks) {
                    true => {
                        op.inst.defs(|reg| self.place[reg.index()] = before);
                        moved.push(op);
                    }
                    false => kept.push(op),
                }
            }
            any |= !moved.is_empty();
            body.blocks[*at].ops = kept;
            let end = body.blocks[before].ops.len() - 1;
            body.blocks[before].ops.splice(end..end, moved);
        }
        any
    }

    fn may_go(&self, inst: &Inst, body: &Body, facts: &Facts<'_>, blocks: &[usize]) -> bool {
        if !is_pure(inst) || inst.info().is_safepoint() {
            return false;
        }
        match *inst {
            Inst::Move { .. } | Inst::ListLen { .. } | Inst::MapLen { .. } => return false,
            Inst::RecordGet { src, field, .. } => {
                let fixed = match body.regs[src.index()] {
                    Slot::Ref(ty) => facts.is_fixed(ty, field),
                    _ => false,
                };
                if !fixed {
                    return false;
                }
            }
            _ => {}
        }
        let once = |reg: Reg| self.writes[reg.index()] == 1;
        let mut may = true;
        inst.defs(|reg| may &= once(reg));
        inst.uses(|reg| {
            let place = self.place[reg.index()];
            may &= once(reg) && blocks.binary_search(&place).is_err();
        });
        may
    }
}
