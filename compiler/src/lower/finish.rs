//! From a body to a function of a brick: registers assigned, live sets written, positions noted.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Block, Inst, Reg, Slot};

use super::body::Body;
use super::clean::{clean, straighten};
use super::liveness::live_in;
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
    let assignment = assign(&body, &live_in(&body));
    let names = renamed(names, &assignment);
    apply(&mut body, assignment);
    straighten(&mut body);
    let live = live_in(&body);
    let mut spans = Vec::new();
    let mut blocks = Vec::with_capacity(body.blocks.len());
    for (at, block) in body.blocks.into_iter().enumerate() {
        spans.extend(block.ops.iter().map(|op| op.span));
        let insts = block.ops.into_iter().map(|op| op.inst).collect();
        blocks.push(Block {
            live_in: live.at_start(at).collect(),
            insts,
        });
    }
    Code {
        regs: body.regs,
        blocks,
        spans,
        names,
    }
}

/// Lets the body use the registers that its values got. Copies within a register go.
fn apply(body: &mut Body, assignment: Assignment) {
    for block in &mut body.blocks {
        block
            .ops
            .iter_mut()
            .for_each(|op| renumber(&mut op.inst, &assignment));
        block
            .ops
            .retain(|op| !matches!(op.inst, Inst::Move { dst, src } if dst == src));
    }
    body.regs = assignment.slots;
}

fn renumber(inst: &mut Inst, assignment: &Assignment) {
    let set = |reg: &mut Reg| *reg = assignment.of(*reg);
    inst.operands_mut(|operand| match operand {
        OperandMut::Use(reg) | OperandMut::Def(reg) | OperandMut::Update(reg) => set(reg),
        OperandMut::Uses(regs) | OperandMut::Defs(regs) => regs.iter_mut().for_each(set),
        _ => {}
    });
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
