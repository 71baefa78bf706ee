//! Which registers hold a value that is still used, at the beginning of each block.

use sm_bytecode::{Inst, Reg};

use super::body::Body;

/// A set of registers, or of their places.
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

/// What is live at the beginning of each block.
///
/// Most values live within one block only. The others are *carried*: some block reads them before
/// it writes them. Sets are kept of these alone, so that a long function needs no large table.
#[derive(Debug)]
pub(crate) struct Liveness {
    carried: Vec<Reg>,
    /// The place of each register in `carried`.
    places: Vec<Option<u32>>,
    at_start: Vec<RegSet>,
}

impl Liveness {
    /// The registers that are live at the beginning of a block, ascending.
    pub(crate) fn at_start(&self, block: usize) -> impl Iterator<Item = Reg> {
        let places = self.at_start[block].iter();
        places.map(|place| self.carried[place.index()])
    }

    /// The registers that are live at the end of a block, ascending.
    pub(crate) fn at_end(&self, body: &Body, block: usize) -> Vec<Reg> {
        let mut out = RegSet::new(self.carried.len());
        self.add_end(body, block, &mut out);
        out.iter()
            .map(|place| self.carried[place.index()])
            .collect()
    }

    fn add_end(&self, body: &Body, block: usize, out: &mut RegSet) {
        for successor in body.blocks[block].successors() {
            out.add_all(&self.at_start[successor.index()]);
        }
    }

    fn place(&self, reg: Reg) -> Option<Reg> {
        let place = self.places[reg.index()]?;
        Some(Reg(u16::try_from(place).expect("no more than registers")))
    }
}

/// Finds out what is live at the beginning of each block.
pub(crate) fn live_in(body: &Body) -> Liveness {
    let carried = carried(body);
    let mut places = vec![None; body.regs.len()];
    for (reg, place) in carried.iter().zip(0..) {
        places[reg.index()] = Some(place);
    }
    let empty = RegSet::new(carried.len());
    let mut live = Liveness {
        at_start: vec![empty.clone(); body.blocks.len()],
        carried,
        places,
    };
    let users = predecessors(body);
    let mut queued = vec![true; body.blocks.len()];
    let mut work: Vec<usize> = (0..body.blocks.len()).collect();
    while let Some(block) = work.pop() {
        queued[block] = false;
        let mut now = empty.clone();
        live.add_end(body, block, &mut now);
        for op in body.blocks[block].ops.iter().rev() {
            let inst = &op.inst;
            inst.defs(|reg| live.place(reg).into_iter().for_each(|reg| now.remove(reg)));
            inst.uses(|reg| live.place(reg).into_iter().for_each(|reg| now.insert(reg)));
        }
        if live.at_start[block].add_all(&now) {
            for user in &users[block] {
                if !std::mem::replace(&mut queued[*user], true) {
                    work.push(*user);
                }
            }
        }
    }
    live
}

/// How many bits [`live_in`] will keep.
pub(crate) fn table_bits(body: &Body) -> usize {
    carried(body).len().saturating_mul(body.blocks.len())
}

/// The registers that some block reads before it writes them, ascending.
fn carried(body: &Body) -> Vec<Reg> {
    const NOWHERE: usize = usize::MAX;
    let mut written_in = vec![NOWHERE; body.regs.len()];
    let mut found = RegSet::new(body.regs.len());
    for (at, block) in body.blocks.iter().enumerate() {
        for op in &block.ops {
            op.inst.uses(|reg| {
                if written_in[reg.index()] != at {
                    found.insert(reg);
                }
            });
            op.inst.defs(|reg| written_in[reg.index()] = at);
        }
    }
    found.iter().collect()
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
