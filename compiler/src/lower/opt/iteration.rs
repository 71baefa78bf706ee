//! Checks that a collection did not change while it is gone through, where nothing in the loop can
//! change it.

use sm_bytecode::{Inst, Slot, Type};

use super::Facts;
use super::effects::{Touched, is_stop, touched};
use super::hoist::natural_loop;
use crate::lower::body::Body;
use crate::lower::edges::predecessors;
use crate::lower::liveness::RegSet;

/// Drops the checks that cannot fail, and for lists the beginning of an iteration that nothing
/// checks; for maps and sets that closes the holes between entries.
pub(crate) fn run(body: &mut Body, facts: &Facts<'_>) {
    let ops = || body.blocks.iter().flat_map(|block| &block.ops);
    if !ops().any(|op| matches!(op.inst, Inst::IterBegin { .. } | Inst::IterCheck { .. })) {
        return;
    }
    drop_checks(body);
    let mut used = RegSet::new(body.regs.len());
    for op in body.blocks.iter().flat_map(|block| &block.ops) {
        op.inst.uses(|reg| used.insert(reg));
    }
    let regs = &body.regs;
    let is_list = |slot: Slot| {
        let ty = slot.ty().and_then(|ty| facts.types.get(ty));
        matches!(ty, Some(Type::List(_)))
    };
    for block in &mut body.blocks {
        block.ops.retain(|op| match op.inst {
            Inst::IterBegin { dst, coll } => used.has(dst) || !is_list(regs[coll.index()]),
            _ => true,
        });
    }
}

fn drop_checks(body: &mut Body) {
    let is_check = |inst: &Inst| matches!(inst, Inst::IterCheck { .. });
    let checks = body.blocks.iter().enumerate();
    let checks = checks.filter(|(_, block)| block.ops.iter().any(|op| is_check(&op.inst)));
    let checks: Vec<usize> = checks.map(|(at, _)| at).collect();
    if checks.is_empty() {
        return;
    }
    let predecessors = predecessors(body);
    for at in checks {
        let Inst::ForNext { body: head, .. } = *body.blocks[at].last() else {
            continue;
        };
        let blocks = natural_loop(&predecessors, head.index(), [at]);
        let changed: Vec<Slot> = blocks.iter().flat_map(|at| changed(body, *at)).collect();
        let ops = blocks.iter().flat_map(|at| &body.blocks[*at].ops);
        if ops.into_iter().any(|op| is_stop(&op.inst)) {
            continue;
        }
        let regs = &body.regs;
        body.blocks[at].ops.retain(|op| match op.inst {
            Inst::IterCheck { coll, .. } => changed.contains(&regs[coll.index()]),
            _ => true,
        });
    }
}

/// The slots of the collections that a block may change.
fn changed(body: &Body, at: usize) -> Vec<Slot> {
    let mut found = Vec::new();
    for op in &body.blocks[at].ops {
        if touched(&op.inst) == Touched::Collections {
            op.inst.uses(|reg| found.push(body.regs[reg.index()]));
        }
    }
    found
}
