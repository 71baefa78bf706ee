//! The small improvements that cost nothing: jumps to jumps, blocks in a row, copies of copies,
//! results nobody uses, code nobody reaches.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{BlockIx, Inst, Reg};

use super::body::{Body, for_each_target_mut, reorder};
use super::opt::drop_dead;

/// Improves the body. The meaning stays, and so does everything that can trap or be seen.
pub(crate) fn clean(body: &mut Body) {
    straighten(body);
    forward_copies(body);
    drop_dead(body);
}

/// Leaves no jump that leads only to another one, or to a block that nothing else leads to.
pub(crate) fn straighten(body: &mut Body) {
    if body.blocks.len() == 1 {
        return;
    }
    thread_jumps(body);
    return_early(body);
    drop_unreachable(body);
    merge_rows(body);
}

/// Returns at once instead of jumping to a return.
fn return_early(body: &mut Body) {
    for at in 0..body.blocks.len() {
        if let Inst::Jump { to } = *body.blocks[at].last()
            && let [op] = body.blocks[to.index()].ops.as_slice()
            && let Inst::Return { .. } = op.inst
        {
            let op = op.clone();
            body.blocks[at].ops.pop();
            body.blocks[at].ops.push(op);
        }
    }
}

/// Lets jumps to a block that only jumps go where that one goes.
fn thread_jumps(body: &mut Body) {
    let targets: Vec<BlockIx> = (0..body.blocks.len())
        .map(|at| final_target(body, at))
        .collect();
    for block in &mut body.blocks {
        for_each_target_mut(block.last_mut(), |target| *target = targets[target.index()]);
        if let Inst::Branch {
            then, otherwise, ..
        } = *block.last()
            && then == otherwise
        {
            *block.last_mut() = Inst::Jump { to: then };
        }
    }
}

/// Where control comes to that goes to block `from`, past blocks that only jump.
fn final_target(body: &Body, from: usize) -> BlockIx {
    let mut at = from;
    for _ in 0..body.blocks.len() {
        match body.blocks[at].ops.as_slice() {
            [op] => match op.inst {
                Inst::Jump { to } => at = to.index(),
                _ => break,
            },
            _ => break,
        }
    }
    BlockIx(u32::try_from(at).expect("blocks are numbered by u32"))
}

fn drop_unreachable(body: &mut Body) {
    let mut reached = vec![false; body.blocks.len()];
    let mut work = vec![0];
    reached[0] = true;
    while let Some(at) = work.pop() {
        for successor in body.blocks[at].successors() {
            if !std::mem::replace(&mut reached[successor.index()], true) {
                work.push(successor.index());
            }
        }
    }
    keep(body, &reached);
}

fn keep(body: &mut Body, wanted: &[bool]) {
    let order = (0u32..)
        .map(BlockIx)
        .zip(wanted)
        .filter(|(_, wanted)| **wanted);
    let order: Vec<BlockIx> = order.map(|(at, _)| at).collect();
    if order.len() < body.blocks.len() {
        reorder(body, &order);
    }
}

/// Joins a block with the one it jumps to, where nothing else leads there.
fn merge_rows(body: &mut Body) {
    let mut entries = vec![0u32; body.blocks.len()];
    entries[0] = 1;
    for block in &body.blocks {
        block.successors().for_each(|to| entries[to.index()] += 1);
    }
    let mut kept = vec![true; body.blocks.len()];
    for at in 0..body.blocks.len() {
        if !kept[at] {
            continue;
        }
        while let Inst::Jump { to } = *body.blocks[at].last()
            && to.index() != at
            && entries[to.index()] == 1
        {
            let tail = std::mem::take(&mut body.blocks[to.index()].ops);
            body.blocks[at].ops.pop();
            body.blocks[at].ops.extend(tail);
            kept[to.index()] = false;
        }
    }
    drop_merged(body, &kept);
}

/// Blocks that were merged have lost their instructions; nothing leads to them.
fn drop_merged(body: &mut Body, kept: &[bool]) {
    if kept.contains(&false) {
        keep(body, kept);
    }
}

/// Within each block, lets uses of a copy use what was copied.
fn forward_copies(body: &mut Body) {
    // The source of each copy that still has its value, and for each source its copies.
    let mut source: Vec<Option<Reg>> = vec![None; body.regs.len()];
    let mut copies: Vec<Vec<Reg>> = vec![Vec::new(); body.regs.len()];
    for block in &mut body.blocks {
        let mut touched: Vec<Reg> = Vec::new();
        for op in &mut block.ops {
            for_each_use_mut(&mut op.inst, |reg| {
                *reg = source[reg.index()].unwrap_or(*reg)
            });
            op.inst.defs(|reg| {
                source[reg.index()] = None;
                for copy in std::mem::take(&mut copies[reg.index()]) {
                    if source[copy.index()] == Some(reg) {
                        source[copy.index()] = None;
                    }
                }
            });
            if let Inst::Move { dst, src } = op.inst
                && dst != src
            {
                source[dst.index()] = Some(src);
                copies[src.index()].push(dst);
                touched.extend([dst, src]);
            }
        }
        for reg in touched {
            source[reg.index()] = None;
            copies[reg.index()].clear();
        }
    }
}

/// Calls `visit` for each register that is only read.
fn for_each_use_mut(inst: &mut Inst, mut visit: impl FnMut(&mut Reg)) {
    inst.operands_mut(|operand| match operand {
        OperandMut::Use(reg) => visit(reg),
        OperandMut::Uses(regs) => regs.iter_mut().for_each(&mut visit),
        _ => {}
    });
}
