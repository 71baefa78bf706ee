//! Which registers hold a value that is still needed.
//!
//! A block's header declares the registers live at its start. From these follow the live sets
//! inside the block, backwards: live before an instruction is what it reads, and what is live
//! after it without what it writes.

use alloc::vec;
use alloc::vec::Vec;

use crate::group::{Block, Function};
use crate::index::Reg;
use crate::inst::Inst;

/// A set of registers of one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RegSet {
    words: Vec<u64>,
}

impl RegSet {
    pub(crate) fn new(regs: usize) -> Self {
        RegSet {
            words: vec![0; regs.div_ceil(64)],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Whether the register was not in the set.
    pub(crate) fn insert(&mut self, reg: Reg) -> bool {
        let word = &mut self.words[reg.index() / 64];
        let old = core::mem::replace(word, *word | 1 << (reg.index() % 64));
        old != *word
    }

    /// Whether the register was in the set.
    pub(crate) fn remove(&mut self, reg: Reg) -> bool {
        let word = &mut self.words[reg.index() / 64];
        let old = core::mem::replace(word, *word & !(1 << (reg.index() % 64)));
        old != *word
    }

    /// The registers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(Reg((at * 64) as u16 + bit as u16))
            })
        })
    }

    /// From the set after an instruction to what is live while it runs: without what it writes.
    /// Says whether the set changed.
    pub(crate) fn step_defs(&mut self, inst: &Inst) -> bool {
        let mut changed = false;
        inst.defs(|reg| changed |= self.remove(reg));
        changed
    }

    /// From what is live while an instruction runs to the set before it: with what it reads.
    /// Says whether the set changed.
    pub(crate) fn step_uses(&mut self, inst: &Inst) -> bool {
        let mut changed = false;
        inst.uses(|reg| changed |= self.insert(reg));
        changed
    }
}

impl Function {
    /// Fills in [`Block::live_in`] of every block from the instructions.
    ///
    /// # Panics
    /// If an instruction refers to a register or block that is not there.
    pub fn compute_live_in(&mut self) {
        let mut preds: Vec<Vec<usize>> = vec![Vec::new(); self.blocks.len()];
        for (at, block) in self.blocks.iter().enumerate() {
            block.successors(|to| preds[to].push(at));
        }
        let mut live: Vec<RegSet> = vec![RegSet::new(self.regs.len()); self.blocks.len()];
        let mut queued = vec![true; self.blocks.len()];
        let mut queue: Vec<usize> = (0..self.blocks.len()).collect();
        while let Some(at) = queue.pop() {
            queued[at] = false;
            let mut set = RegSet::new(self.regs.len());
            self.blocks[at].successors(|to| live[to].iter().for_each(|reg| _ = set.insert(reg)));
            for inst in self.blocks[at].insts.iter().rev() {
                set.step_defs(inst);
                set.step_uses(inst);
            }
            if set != live[at] {
                live[at] = set;
                for pred in &preds[at] {
                    if !core::mem::replace(&mut queued[*pred], true) {
                        queue.push(*pred);
                    }
                }
            }
        }
        for (block, set) in self.blocks.iter_mut().zip(live) {
            block.live_in = set.iter().collect();
        }
    }
}

impl Block {
    /// Calls `visit` with the position of each block that may come next.
    pub(crate) fn successors(&self, mut visit: impl FnMut(usize)) {
        if let Some(last) = self.insts.last() {
            last.successors(|to| visit(to.index()));
        }
    }
}
