//! Which registers are live before and after each instruction of a block.

use sm_bytecode::{Function, Reg};

use crate::op::R;

/// A set of registers of one function.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct LiveSet(Vec<u64>);

impl LiveSet {
    fn new(registers: usize) -> LiveSet {
        LiveSet(vec![0; registers.div_ceil(64)])
    }

    fn insert(&mut self, reg: Reg) {
        self.0[reg.index() / 64] |= 1 << (reg.index() % 64);
    }

    fn remove(&mut self, reg: Reg) {
        self.0[reg.index() / 64] &= !(1 << (reg.index() % 64));
    }

    fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The registers, ascending.
    pub(super) fn regs(&self) -> impl Iterator<Item = R> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 != 0);
            bits.map(move |bit| (at * 64 + bit) as R)
        })
    }
}

/// How many registers are in all live sets of the function before its instructions, where one that
/// is the same as the one before it does not count.
pub(super) fn weight(function: &Function) -> usize {
    let of_block = |block| {
        let mut before = Liveness::of(function, block).before;
        before.dedup();
        before.iter().map(LiveSet::len).sum::<usize>()
    };
    (0..function.blocks.len()).map(of_block).sum()
}

/// The live sets of a block.
#[derive(Debug)]
pub(super) struct Liveness {
    /// Before each instruction.
    pub(super) before: Vec<LiveSet>,
    /// While each instruction runs: what is live behind it, without what it writes.
    pub(super) across: Vec<LiveSet>,
}

impl Liveness {
    pub(super) fn of(function: &Function, block: usize) -> Liveness {
        let insts = &function.blocks[block].insts;
        let mut live = LiveSet::new(function.regs.len());
        if let Some(last) = insts.last() {
            last.successors(|to| {
                let live_in = &function.blocks[to.index()].live_in;
                live_in.iter().for_each(|reg| live.insert(*reg));
            });
        }
        let mut sets = Liveness {
            before: Vec::with_capacity(insts.len()),
            across: Vec::with_capacity(insts.len()),
        };
        for inst in insts.iter().rev() {
            inst.defs(|reg| live.remove(reg));
            sets.across.push(live.clone());
            inst.uses(|reg| live.insert(reg));
            sets.before.push(live.clone());
        }
        sets.before.reverse();
        sets.across.reverse();
        sets
    }
}
