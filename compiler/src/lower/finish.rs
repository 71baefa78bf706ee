//! From a body to a function of a brick: registers assigned, live sets written, positions noted.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Block, Inst, Reg, Slot};

use super::body::{Body, Inlined, Origin};
use super::clean::{clean, straighten};
use super::liveness::live_in;
use super::registers::{Assignment, assign};
use crate::typed::Name;

/// The code of a function, with what is known about its registers and instructions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Code {
    pub(crate) regs: Vec<Slot>,
    pub(crate) blocks: Vec<Block>,
    /// Where each instruction comes from, in the order of program counters.
    pub(crate) origins: Vec<Origin>,
    /// The calls in whose place code stands, as [`Body::inlined`].
    pub(crate) inlined: Vec<Inlined>,
    /// Names of registers that hold variables, ascending, each once.
    pub(crate) names: Vec<(Reg, Name)>,
}

impl Code {
    /// How many instructions it has.
    pub(crate) fn size(&self) -> usize {
        self.origins.len()
    }
}

/// Improves and writes out a body. `names` are those of variables in registers of the body.
pub(crate) fn finish(mut body: Body, names: &[(Reg, Name)]) -> Code {
    clean(&mut body);
    write_out(body, names)
}

/// Writes out a body as it is.
pub(crate) fn write_out(mut body: Body, names: &[(Reg, Name)]) -> Code {
    let assignment = assign(&body, &live_in(&body));
    let names = renamed(names, &assignment);
    apply(&mut body, assignment);
    straighten(&mut body);
    let live = live_in(&body);
    let mut origins = Vec::new();
    let mut blocks = Vec::with_capacity(body.blocks.len());
    for (at, block) in body.blocks.into_iter().enumerate() {
        origins.extend(block.ops.iter().map(|op| op.origin));
        let insts = block.ops.into_iter().map(|op| op.inst).collect();
        blocks.push(Block {
            live_in: live.at_start(at).collect(),
            insts,
        });
    }
    Code {
        regs: body.regs,
        blocks,
        origins,
        inlined: body.inlined,
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

fn renamed(names: &[(Reg, Name)], assignment: &Assignment) -> Vec<(Reg, Name)> {
    let found = names
        .iter()
        .filter_map(|(value, name)| Some((assignment.get(*value)?, name)));
    let mut out: Vec<(Reg, Name)> = found.map(|(reg, name)| (reg, name.clone())).collect();
    out.sort_unstable();
    out.dedup();
    out
}
