//! What does not change in a loop is computed before it.
//!
//! Only what cannot trap goes, and only out of loops in which a message neither calls nor moves:
//! else a number that costs one instruction would travel with each hop.

use std::collections::BTreeMap;

use sm_bytecode::{BlockIx, Inst, Reg, Slot};

use super::Facts;
use super::dominators::Dominators;
use super::effects::{is_pure, is_stop};
use crate::lower::body::{Block, Body, Op, Origin, for_each_target_mut};
use crate::lower::clean::straighten;
use crate::lower::edges::Edges;

/// Moves instructions out of loops; answers whether there was one.
pub(crate) fn run(body: &mut Body, facts: &Facts<'_>) -> bool {
    if !goes_back(body) {
        return false;
    }
    let tree = Dominators::of(body);
    let mut found = loops(body, &tree);
    found.retain(|(_, blocks)| !blocks.iter().any(|at| stops(&body.blocks[*at])));
    let mut hoist = Hoist::new(body, facts);
    if !found.iter().any(|(_, blocks)| hoist.has_work(body, blocks)) {
        return false;
    }
    let entries = Entries {
        heads: found.iter().map(|(head, _)| *head).collect(),
    };
    entries.add(body, &tree);
    hoist
        .place
        .iter_mut()
        .for_each(|at| *at = entries.shift(*at));
    found.sort_by_key(|(head, blocks)| (blocks.len(), *head));
    for (head, blocks) in found {
        let blocks = entries.shift_loop(head, &blocks);
        hoist.one(body, &blocks, entries.entry(head));
    }
    straighten(body);
    true
}

fn stops(block: &Block) -> bool {
    block.ops.iter().any(|op| is_stop(&op.inst))
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
    predecessors: &Edges,
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

/// Blocks that are added before the heads of loops, and how that numbers the others.
struct Entries {
    /// The heads as they were numbered before, ascending.
    heads: Vec<usize>,
}

impl Entries {
    fn is_head(&self, at: usize) -> bool {
        self.heads.binary_search(&at).is_ok()
    }

    /// Where a block comes to stand.
    fn shift(&self, at: usize) -> usize {
        at + self.heads.partition_point(|head| *head <= at)
    }

    /// The block that comes to stand before a head.
    fn entry(&self, head: usize) -> usize {
        self.shift(head) - 1
    }

    /// The blocks of a loop. The block before another head is in it as that head is.
    fn shift_loop(&self, head: usize, blocks: &[usize]) -> Vec<usize> {
        let mut out = Vec::with_capacity(blocks.len() * 2);
        for at in blocks {
            if *at != head && self.is_head(*at) {
                out.push(self.entry(*at));
            }
            out.push(self.shift(*at));
        }
        out
    }

    /// Gives each loop a block that is passed once when it is entered.
    fn add(&self, body: &mut Body, tree: &Dominators) {
        let old = std::mem::take(&mut body.blocks);
        let ix = |at: usize| BlockIx(u32::try_from(at).expect("fewer than instructions"));
        for (at, mut block) in old.into_iter().enumerate() {
            if self.is_head(at) {
                let origin = block.ops.first().map_or(Origin::default(), |op| op.origin);
                let to = ix(self.shift(at));
                let inst = Inst::Jump { to };
                body.blocks.push(Block {
                    ops: vec![Op { inst, origin }],
                });
            }
            for_each_target_mut(block.last_mut(), |to| {
                let enters = self.is_head(to.index()) && !tree.has_passed(to.index(), at);
                *to = ix(match enters {
                    true => self.entry(to.index()),
                    false => self.shift(to.index()),
                });
            });
            body.blocks.push(block);
        }
    }
}

struct Hoist<'f> {
    facts: &'f Facts<'f>,
    /// How often each register is written.
    writes: Vec<u32>,
    /// The block in which each register is written last.
    place: Vec<usize>,
}

impl<'f> Hoist<'f> {
    fn new(body: &Body, facts: &'f Facts<'f>) -> Self {
        let mut hoist = Self {
            facts,
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

    /// Whether some instruction of a loop may go.
    fn has_work(&self, body: &Body, blocks: &[usize]) -> bool {
        let mut ops = blocks.iter().flat_map(|at| &body.blocks[*at].ops);
        ops.any(|op| self.may_go(&op.inst, &body.regs, blocks))
    }

    /// Moves what may go out of a loop to the end of the block `before` it.
    fn one(&mut self, body: &mut Body, blocks: &[usize], before: usize) {
        for at in blocks {
            let ops = &mut body.blocks[*at].ops;
            let first = ops
                .iter()
                .position(|op| self.may_go(&op.inst, &body.regs, blocks));
            let Some(first) = first else { continue };
            let rest = ops.split_off(first);
            let mut moved = Vec::new();
            for op in rest {
                match self.may_go(&op.inst, &body.regs, blocks) {
                    true => {
                        op.inst.defs(|reg| self.place[reg.index()] = before);
                        moved.push(op);
                    }
                    false => ops.push(op),
                }
            }
            let end = body.blocks[before].ops.len() - 1;
            body.blocks[before].ops.splice(end..end, moved);
        }
    }

    fn may_go(&self, inst: &Inst, regs: &[Slot], blocks: &[usize]) -> bool {
        if !is_pure(inst) || inst.info().is_safepoint() {
            return false;
        }
        match *inst {
            Inst::Move { .. } | Inst::ListLen { .. } | Inst::MapLen { .. } => return false,
            Inst::RecordGet { src, field, .. } => {
                let fixed = match regs[src.index()] {
                    Slot::Ref(ty) => self.facts.is_fixed(ty, field),
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
