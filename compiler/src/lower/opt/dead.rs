//! Results that nobody uses, and copies at the end of a computation.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Inst, Reg};

use super::effects::is_pure;
use crate::lower::body::Body;
use crate::lower::liveness::{RegSet, live_in};

/// Drops what is not used, and lets what is only copied be computed where it goes.
pub(crate) fn run(body: &mut Body) {
    drop_unneeded(body);
    join_copies(body);
}

/// Drops instructions whose results nobody uses and that do nothing else: within each block, as far
/// as what is live after it says.
pub(crate) fn drop_dead(body: &mut Body) {
    let live = live_in(body);
    let mut now = RegSet::new(body.regs.len());
    for at in 0..body.blocks.len() {
        live.at_end(body, at).for_each(|reg| now.insert(reg));
        let ops = &mut body.blocks[at].ops;
        let mut kept = Vec::with_capacity(ops.len());
        for op in std::mem::take(ops).into_iter().rev() {
            let is_self_move = matches!(op.inst, Inst::Move { dst, src } if dst == src);
            let mut used = false;
            op.inst.defs(|reg| used |= now.has(reg));
            if is_self_move || (is_pure(&op.inst) && !used) {
                continue;
            }
            now.step_back(&op.inst);
            kept.push(op);
        }
        kept.reverse();
        *ops = kept;
        live.at_start(at).for_each(|reg| now.remove(reg));
    }
}

/// Drops instructions that lead to nothing but results that nobody uses, also around a loop.
fn drop_unneeded(body: &mut Body) {
    let harmless = Harmless::of(body);
    let may_go = |inst: &Inst| is_pure(inst) || harmless.has(inst);
    // What is needed, and for each register its instructions that may go otherwise.
    let mut needed = RegSet::new(body.regs.len());
    let mut work: Vec<Reg> = Vec::new();
    let mut makers = Makers {
        last: vec![None; body.regs.len()],
        list: Vec::new(),
    };
    let mut need = |reg: Reg, work: &mut Vec<Reg>| {
        if !needed.has(reg) {
            needed.insert(reg);
            work.push(reg);
        }
    };
    for op in body.blocks.iter().flat_map(|block| &block.ops) {
        match may_go(&op.inst) {
            true => op.inst.defs(|reg| makers.add(reg, &op.inst)),
            false => op.inst.uses(|reg| need(reg, &mut work)),
        }
    }
    while let Some(reg) = work.pop() {
        for inst in makers.of(reg) {
            inst.uses(|reg| need(reg, &mut work));
        }
    }
    for block in &mut body.blocks {
        block.ops.retain(|op| {
            let is_self_move = matches!(op.inst, Inst::Move { dst, src } if dst == src);
            let mut used = false;
            op.inst.defs(|reg| used |= needed.has(reg));
            !is_self_move && (used || !may_go(&op.inst))
        });
    }
}

/// Lists of instructions by the registers that they write, all in one table.
struct Makers<'b> {
    /// Where the list of each register begins.
    last: Vec<Option<u32>>,
    /// Instructions, each with the place of the next one of its list.
    list: Vec<(&'b Inst, Option<u32>)>,
}

impl<'b> Makers<'b> {
    fn add(&mut self, reg: Reg, inst: &'b Inst) {
        let at = u32::try_from(self.list.len()).expect("instructions are counted");
        let before = self.last[reg.index()].replace(at);
        self.list.push((inst, before));
    }

    fn of(&self, reg: Reg) -> impl Iterator<Item = &'b Inst> {
        let mut next = self.last[reg.index()];
        std::iter::from_fn(move || {
            let (inst, before) = self.list[next? as usize];
            next = before;
            Some(inst)
        })
    }
}

/// Registers that are nothing but a number by which a division, or a shift, cannot trap.
struct Harmless {
    divisors: RegSet,
    distances: RegSet,
}

impl Harmless {
    fn of(body: &Body) -> Self {
        let mut writes = vec![0u32; body.regs.len()];
        writes[..body.inputs].fill(1);
        let ops = || body.blocks.iter().flat_map(|block| &block.ops);
        for op in ops() {
            op.inst.defs(|reg| writes[reg.index()] += 1);
        }
        let mut found = Self {
            divisors: RegSet::new(body.regs.len()),
            distances: RegSet::new(body.regs.len()),
        };
        for op in ops() {
            if let Inst::IntConst { dst, value } = op.inst
                && writes[dst.index()] == 1
            {
                if !matches!(value, 0 | -1) {
                    found.divisors.insert(dst);
                }
                if (0..64).contains(&value) {
                    found.distances.insert(dst);
                }
            }
        }
        found
    }

    fn has(&self, inst: &Inst) -> bool {
        match *inst {
            Inst::IntDiv { b, .. } | Inst::IntRem { b, .. } => self.divisors.has(b),
            Inst::IntShl { b, .. } | Inst::IntShr { b, .. } | Inst::IntUshr { b, .. } => {
                self.distances.has(b)
            }
            _ => false,
        }
    }
}

/// Within each block, lets a value that is only copied be computed in the register it is copied to.
fn join_copies(body: &mut Body) {
    let mut uses = vec![0u32; body.regs.len()];
    let mut writes = vec![0u32; body.regs.len()];
    writes[..body.inputs].fill(1);
    for op in body.blocks.iter().flat_map(|block| &block.ops) {
        op.inst.uses(|reg| uses[reg.index()] += 1);
        op.inst.defs(|reg| writes[reg.index()] += 1);
    }
    // Where each register was last written and last used or written in the block, from 1.
    let mut written = vec![0usize; body.regs.len()];
    let mut touched = vec![0usize; body.regs.len()];
    for block in &mut body.blocks {
        for at in 0..block.ops.len() {
            if let Inst::Move { dst, src } = block.ops[at].inst
                && uses[src.index()] == 1
                && writes[src.index()] == 1
                && let Some(made) = written[src.index()].checked_sub(1)
                && touched[dst.index()] <= made + 1
                && written[dst.index()] <= made
                && !matches!(block.ops[made].inst, Inst::Move { .. })
            {
                redirect(&mut block.ops[made].inst, src, dst);
                block.ops[at].inst = Inst::Move { dst, src: dst };
                written[dst.index()] = made + 1;
                touched[dst.index()] = at + 1;
                continue;
            }
            let inst = &block.ops[at].inst;
            inst.uses(|reg| touched[reg.index()] = at + 1);
            inst.defs(|reg| {
                written[reg.index()] = at + 1;
                touched[reg.index()] = at + 1;
            });
        }
        for op in &block.ops {
            op.inst
                .uses(|reg| (written[reg.index()], touched[reg.index()]) = (0, 0));
            op.inst
                .defs(|reg| (written[reg.index()], touched[reg.index()]) = (0, 0));
        }
        block
            .ops
            .retain(|op| !matches!(op.inst, Inst::Move { dst, src } if dst == src));
    }
}

fn redirect(inst: &mut Inst, from: Reg, to: Reg) {
    let change = |reg: &mut Reg| {
        if *reg == from {
            *reg = to;
        }
    };
    inst.operands_mut(|operand| match operand {
        OperandMut::Def(reg) => change(reg),
        OperandMut::Defs(regs) => regs.iter_mut().for_each(change),
        _ => {}
    });
}
