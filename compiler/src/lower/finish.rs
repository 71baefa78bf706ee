//! From a body to a function of a brick: registers assigned, live sets written, positions noted.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Block, Inst, Reg, Slot};

use super::body::Body;
use super::clean::clean;
use super::liveness::{RegSet, live_in};
use super::registers::{Assignment, assign};
use crate::ast::Span;

/// The code of a function, with what is known about its registers and instructions.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) regs: Vec<Slot>,
    pub(crate) blocks: Vec<Block>,
    /// Where each instruction comes from, in the order of program counters.
    pub(crate) spans: Vec<Span>,
    /// Names of registers that hold variables, ascending, each once.
    pub(crate) names: Vec<(Reg, String)>,
}

/// Improves and writes out a body. `names` are those of variables in registers of the body.
pub(crate) fn finish(mut body: Body, names: &[(Reg, String)]) -> Code {
    clean(&mut body);
    let live = live_in(&body);
    let assignment = assign(&body, &live);
    let mut spans = Vec::new();
    let mut blocks = Vec::with_capacity(body.blocks.len());
    for (block, live) in body.blocks.into_iter().zip(&live) {
        let mut insts = Vec::with_capacity(block.ops.len());
        for mut op in block.ops {
            renumber(&mut op.inst, &assignment);
            if !matches!(op.inst, Inst::Move { dst, src } if dst == src) {
                insts.push(op.inst);
                spans.push(op.span);
            }
        }
        blocks.push(Block {
            live_in: registers(live, &assignment),
            insts,
        });
    }
    let names = renamed(names, &assignment);
    Code {
        regs: assignment.slots,
        blocks,
        spans,
        names,
    }
}

fn renumber(inst: &mut Inst, assignment: &Assignment) {
    let set = |reg: &mut Reg| *reg = assignment.of(*reg);
    inst.operands_mut(|operand| match operand {
        OperandMut::Use(reg) | OperandMut::Def(reg) | OperandMut::Update(reg) => set(reg),
        OperandMut::Uses(regs) | OperandMut::Defs(regs) => regs.iter_mut().for_each(set),
        _ => {}
    });
}

fn registers(live: &RegSet, assignment: &Assignment) -> Vec<Reg> {
    let mut regs: Vec<Reg> = live.iter().map(|value| assignment.of(value)).collect();
    regs.sort_unstable();
    regs
}

fn renamed(names: &[(Reg, String)], assignment: &Assignment) -> Vec<(Reg, String)> {
    let found = names
        .iter()
        .filter_map(|(value, name)| Some((assignment.get(*value)?, name)));
    let mut out: Vec<(Reg, String)> = found.map(|(reg, name)| (reg, name.clone())).collect();
    out.sort_unstable();
    out.dedup();
    out
}
