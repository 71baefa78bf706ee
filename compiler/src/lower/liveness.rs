//! Which registers hold a value that is still used, at the beginning of each block.

use sm_bytecode::{Inst, Reg};

use super::body::Body;

/// A set of registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RegSet {
    words: Vec<u64>,
}

impl RegSet {
    pub(crate) fn new(regs: usize) -> Self {
        Self {
            words: vec![0; regs.div_ceil(64)],
        }
    }

    pub(crate) fn insert(&mut self, reg: Reg) {
        self.words[reg.index() / 64] |= 1 << (reg.index() % 64);
    }

    pub(crate) fn remove(&mut self, reg: Reg) {
        self.words[reg.index() / 64] &= !(1 << (reg.index() % 64));
    }

    pub(crate) fn has(&self, reg: Reg) -> bool {
        self.words[reg.index() / 64] & (1 << (reg.index() % 64)) != 0
    }

    /// Adds all of `other`; answers whether any was new.
    pub(crate) fn add_all(&mut self, other: &Self) -> bool {
        let mut new = false;
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            new |= more & !*word != 0;
            *word |= more;
        }
        new
    }

    /// The registers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Reg> {
        let words = self.words.iter().zip(0..).filter(|(word, _)| **word != 0);
        words.flat_map(|(word, at)| {
            // Each step takes the lowest bit away.
            let rests =
                std::iter::successors(Some(*word), |rest| Some(rest & rest.wrapping_sub(1)));
            let bits = rests.take_while(|rest| *rest != 0).map(u64::trailing_zeros);
            bits.map(move |bit| Reg(u16::try_from(at * 64 + bit).expect("made from a register")))
        })
    }

    /// Goes backwards over `inst`: from what is live after it to what is live before it.
    pub(crate) fn step_back(&mut self, inst: &Inst) {
        inst.defs(|reg| self.remove(reg));
        inst.uses(|reg| self.insert(reg));
    }
}

/// The registers that are live at the beginning of each block.
pub(crate) fn live_in(body: &Body) -> Vec<RegSet> {
    let empty = RegSet::new(body.regs.len());
    let mut live = vec![empty; body.blocks.len()];
    let users = predecessors(body);
    let mut queued = vec![true; body.blocks.len()];
    let mut work: Vec<usize> = (0..body.blocks.len()).collect();
    while let Some(block) = work.pop() {
        queued[block] = false;
        let mut now = live_out(body, &live, block);
        for op in body.blocks[block].ops.iter().rev() {
            now.step_back(&op.inst);
        }
        if live[block].add_all(&now) {
            for user in &users[block] {
                if !std::mem::replace(&mut queued[*user], true) {
                    work.push(*user);
                }
            }
        }
    }
    live
}

/// The registers that are live at the end of a block, given those at the beginning of all.
pub(crate) fn live_out(body: &Body, live_in: &[RegSet], block: usize) -> RegSet {
    let mut out = RegSet::new(body.regs.len());
    for successor in body.blocks[block].successors() {
        out.add_all(&live_in[successor.index()]);
    }
    out
}

/// The blocks that lead to each block; one that leads there twice stands twice.
pub(crate) fn predecessors(body: &Body) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); body.blocks.len()];
    for (at, block) in body.blocks.iter().enumerate() {
        for successor in block.successors() {
            out[successor.index()].push(at);
        }
    }
    out
}
