//! Which registers hold a value that is still used, at the beginning of each block.

use sm_bytecode::{Inst, Reg};

use super::body::Body;
use super::edges::predecessors;

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
        insert(&mut self.words, reg.index());
    }

    pub(crate) fn remove(&mut self, reg: Reg) {
        self.words[reg.index() / 64] &= !(1 << (reg.index() % 64));
    }

    pub(crate) fn has(&self, reg: Reg) -> bool {
        self.words[reg.index() / 64] & (1 << (reg.index() % 64)) != 0
    }

    /// The registers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Reg> {
        bits(&self.words).map(|at| Reg(u16::try_from(at).expect("made from a register")))
    }

    /// Goes backwards over `inst`: from what is live after it to what is live before it.
    pub(crate) fn step_back(&mut self, inst: &Inst) {
        inst.defs(|reg| self.remove(reg));
        inst.uses(|reg| self.insert(reg));
    }
}

fn insert(words: &mut [u64], at: usize) {
    words[at / 64] |= 1 << (at % 64);
}

/// The numbers in a set, ascending.
fn bits(words: &[u64]) -> impl Iterator<Item = usize> {
    let words = words.iter().enumerate().filter(|(_, word)| **word != 0);
    words.flat_map(|(at, word)| {
        // Each step takes the lowest bit away.
        let rests = std::iter::successors(Some(*word), |rest| Some(rest & rest.wrapping_sub(1)));
        let bits = rests.take_while(|rest| *rest != 0).map(u64::trailing_zeros);
        bits.map(move |bit| at * 64 + bit as usize)
    })
}

/// What is live at the beginning of each block.
///
/// Most values live within one block only. The others are *carried*: some block reads them before
/// it writes them. Sets are kept of these alone, so that a long function needs no large table.
#[derive(Debug)]
pub(crate) struct Liveness {
    carried: Vec<Reg>,
    at_start: Sets,
}

/// A set of places in [`Liveness::carried`] for each block, all in one table.
#[derive(Clone, Debug)]
struct Sets {
    /// How many words each has.
    words: usize,
    bits: Vec<u64>,
}

impl Sets {
    fn get(&self, block: usize) -> &[u64] {
        &self.bits[block * self.words..][..self.words]
    }

    fn get_mut(&mut self, block: usize) -> &mut [u64] {
        &mut self.bits[block * self.words..][..self.words]
    }
}

impl Liveness {
    /// The registers that are live at the beginning of a block, ascending.
    pub(crate) fn at_start(&self, block: usize) -> impl Iterator<Item = Reg> {
        bits(self.at_start.get(block)).map(|place| self.carried[place])
    }

    /// The registers that are live at the end of a block; some may come several times.
    pub(crate) fn at_end(&self, body: &Body, block: usize) -> impl Iterator<Item = Reg> {
        let successors = body.blocks[block].successors();
        successors.flat_map(|to| self.at_start(to.index()))
    }
}

/// Finds out what is live at the beginning of each block.
pub(crate) fn live_in(body: &Body) -> Liveness {
    let touched = Touched::of(body);
    let carried: Vec<Reg> = touched.carried.iter().collect();
    let mut places = vec![None; body.regs.len()];
    for (reg, place) in carried.iter().zip(0u32..) {
        places[reg.index()] = Some(place);
    }
    let words = carried.len().div_ceil(64);
    let mut at_start = Sets {
        words,
        bits: vec![0; words * body.blocks.len()],
    };
    let mut passed = at_start.clone();
    passed.bits.fill(u64::MAX);
    for (block, reg) in touched.exposed {
        if let Some(place) = places[reg.index()] {
            insert(at_start.get_mut(block as usize), place as usize);
        }
    }
    for (block, reg) in touched.written {
        if let Some(place) = places[reg.index()] {
            passed.get_mut(block as usize)[place as usize / 64] &= !(1 << (place % 64));
        }
    }
    if body.blocks.len() > 1 {
        spread(body, &mut at_start, &passed);
    }
    Liveness { carried, at_start }
}

/// Adds to what each block reads first what the blocks after it read, and it does not write.
fn spread(body: &Body, at_start: &mut Sets, passed: &Sets) {
    let users = predecessors(body);
    let mut queued = vec![true; body.blocks.len()];
    let mut work: Vec<usize> = (0..body.blocks.len()).collect();
    while let Some(block) = work.pop() {
        queued[block] = false;
        let mut new = false;
        for to in body.blocks[block].successors() {
            for word in 0..at_start.words {
                let more = at_start.get(to.index())[word] & passed.get(block)[word];
                let known = &mut at_start.get_mut(block)[word];
                new |= more & !*known != 0;
                *known |= more;
            }
        }
        if new {
            for user in &users[block] {
                if !std::mem::replace(&mut queued[*user], true) {
                    work.push(*user);
                }
            }
        }
    }
}

/// How many bits [`live_in`] will keep.
pub(crate) fn table_bits(body: &Body) -> usize {
    let carried = Touched::of(body).carried.iter().count();
    carried.saturating_mul(body.blocks.len())
}

/// What each block reads and writes.
struct Touched {
    /// The registers that some block reads before it writes them.
    carried: RegSet,
    /// Which those are in each block.
    exposed: Vec<(u32, Reg)>,
    /// Registers that a block writes, some of them several times.
    written: Vec<(u32, Reg)>,
}

impl Touched {
    fn of(body: &Body) -> Self {
        const NOWHERE: u32 = u32::MAX;
        let mut found = Self {
            carried: RegSet::new(body.regs.len()),
            exposed: Vec::new(),
            written: Vec::with_capacity(body.regs.len()),
        };
        let mut written_in = vec![NOWHERE; body.regs.len()];
        for (block, at) in body.blocks.iter().zip(0..) {
            for op in &block.ops {
                op.inst.uses(|reg| {
                    if written_in[reg.index()] != at {
                        found.carried.insert(reg);
                        found.exposed.push((at, reg));
                    }
                });
                op.inst.defs(|reg| {
                    if std::mem::replace(&mut written_in[reg.index()], at) != at {
                        found.written.push((at, reg));
                    }
                });
            }
        }
        found
    }
}
