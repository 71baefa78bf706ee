//! Registers that hold a constant where a block begins, wherever control comes from.
//!
//! Constants are hoisted out of loops for the interpreter's sake. Code that begins in such a loop
//! would take them from the frame, and could neither divide by multiplying nor spare a register.

use sm_bytecode::{Function as Source, Inst, Reg};

use crate::op::{Op, R};
use crate::program::{Function, Program};

/// See the module's documentation. A state from elsewhere may say something else: that is found
/// where native code is entered, and left to the interpreter.
#[derive(Debug)]
pub(super) struct Constants {
    /// Of registers that are assigned once, and by that.
    everywhere: Vec<Option<u64>>,
    /// Where each block begins, of those that are live there.
    at_start: Vec<Vec<(R, u64)>>,
    /// What each register holds now.
    now: Vec<Option<u64>>,
}

impl Constants {
    pub(super) fn of(program: &Program, function: &Function, source: &Source) -> Constants {
        let everywhere = everywhere(program, function, source);
        let flow = Flow::new(program, function, source);
        let mut at_start = vec![Vec::new(); source.blocks.len()];
        if flow.any() {
            at_start = flow.run();
        }
        Constants {
            now: everywhere.clone(),
            everywhere,
            at_start,
        }
    }

    /// What live registers hold where the block begins.
    pub(super) fn at_start(&self, block: usize) -> &[(R, u64)] {
        &self.at_start[block]
    }

    /// Knows what holds where the block begins; of which registers that is new.
    pub(super) fn enter(&mut self, block: usize) -> Vec<(R, u64)> {
        self.leave();
        let mut known = self.at_start[block].clone();
        known.retain(|(reg, _)| !self.is_everywhere(*reg));
        for (reg, word) in &known {
            self.now[usize::from(*reg)] = Some(*word);
        }
        known
    }

    /// Knows only what holds in all blocks.
    pub(super) fn leave(&mut self) {
        self.now.clone_from(&self.everywhere);
    }

    pub(super) fn get(&self, reg: R) -> Option<u64> {
        self.now[usize::from(reg)]
    }

    /// Whether the register never holds anything else.
    pub(super) fn is_everywhere(&self, reg: R) -> bool {
        self.everywhere[usize::from(reg)].is_some()
    }

    /// The register is assigned.
    pub(super) fn set(&mut self, reg: R, word: Option<u64>) {
        self.now[usize::from(reg)] = word;
    }
}

/// The constant that an operation assigns.
fn constant(program: &Program, op: Op) -> Option<(R, u64)> {
    match op {
        Op::Small { dst, value } => Some((dst, value.get() as u64)),
        Op::Word { dst, index } => Some((dst, program.words[index.index()])),
        _ => None,
    }
}

fn everywhere(program: &Program, function: &Function, source: &Source) -> Vec<Option<u64>> {
    let mut writes = vec![0_u32; source.regs.len()];
    let inputs = usize::from(function.param_slots + function.capture_slots);
    writes[..inputs].fill(1);
    let insts = || source.blocks.iter().flat_map(|block| &block.insts);
    insts().for_each(|inst| inst.defs(|reg| writes[reg.index()] += 1));
    let mut values = vec![None; source.regs.len()];
    let code = &program.code[function.start.index()..][..function.len as usize];
    for (dst, word) in code.iter().filter_map(|code| constant(program, code.op)) {
        if writes[usize::from(dst)] == 1 {
            values[usize::from(dst)] = Some(word);
        }
    }
    values
}

/// What is known of a register that is live where a block begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// Control has not come here yet.
    Nothing,
    Always(u64),
    Varies,
}

/// Constants on their way through the blocks.
struct Flow<'a> {
    source: &'a Source,
    /// Of each instruction, in the order of the code, the constant that it assigns.
    assigned: Vec<Option<(R, u64)>>,
    /// The first instruction of each block.
    firsts: Vec<usize>,
    /// For each block, of its live registers.
    known: Vec<Vec<Known>>,
    is_seen: Vec<bool>,
}

impl<'a> Flow<'a> {
    fn new(program: &Program, function: &Function, source: &'a Source) -> Flow<'a> {
        let code = &program.code[function.start.index()..][..function.len as usize];
        let mut firsts = Vec::with_capacity(source.blocks.len());
        let mut next = 0;
        for block in &source.blocks {
            firsts.push(next);
            next += block.insts.len();
        }
        let blocks = source.blocks.iter();
        Flow {
            source,
            assigned: code.iter().map(|code| constant(program, code.op)).collect(),
            firsts,
            known: blocks
                .map(|block| vec![Known::Nothing; block.live_in.len()])
                .collect(),
            is_seen: vec![false; source.blocks.len()],
        }
    }

    fn any(&self) -> bool {
        self.assigned.iter().any(Option::is_some)
    }

    /// Of each block the live registers that hold a constant.
    fn run(mut self) -> Vec<Vec<(R, u64)>> {
        let mut now = vec![None; self.source.regs.len()];
        let mut waiting = vec![0];
        self.known[0].fill(Known::Varies);
        while let Some(block) = waiting.pop() {
            self.through(block, &mut now, &mut waiting);
        }
        let blocks = self.source.blocks.iter().zip(&self.known);
        let of_block = |(block, known): (&sm_bytecode::Block, &Vec<Known>)| {
            let pairs = block.live_in.iter().zip(known);
            let constants = pairs.filter_map(|(reg, known)| match known {
                Known::Always(word) => Some((reg.0, *word)),
                _ => None,
            });
            constants.collect()
        };
        blocks.map(of_block).collect()
    }

    fn through(&mut self, block: usize, now: &mut [Option<u64>], waiting: &mut Vec<usize>) {
        let code = &self.source.blocks[block];
        for (reg, known) in code.live_in.iter().zip(&self.known[block]) {
            now[reg.index()] = match known {
                Known::Always(word) => Some(*word),
                _ => None,
            };
        }
        for (inst, assigned) in code.insts.iter().zip(&self.assigned[self.firsts[block]..]) {
            match (inst, assigned) {
                (_, Some((dst, word))) => now[usize::from(*dst)] = Some(*word),
                (Inst::Move { dst, src }, None) => now[dst.index()] = now[src.index()],
                _ => inst.defs(|reg: Reg| now[reg.index()] = None),
            }
        }
        let Some(last) = code.insts.last() else {
            return;
        };
        last.successors(|to| {
            let live = &self.source.blocks[to.index()].live_in;
            let mut changed = !std::mem::replace(&mut self.is_seen[to.index()], true);
            for (reg, known) in live.iter().zip(&mut self.known[to.index()]) {
                let met = match (*known, now[reg.index()]) {
                    (Known::Nothing, Some(word)) => Known::Always(word),
                    (Known::Always(old), Some(word)) if old == word => *known,
                    _ => Known::Varies,
                };
                changed |= met != *known;
                *known = met;
            }
            if changed {
                waiting.push(to.index());
            }
        });
    }
}
