//! Tests whose outcome is known where control comes from: it goes on where the test leads.

use sm_bytecode::{BlockIx, Inst, Reg};

use super::effects::is_pure;
use super::fold::{self, Known};
use crate::lower::body::{Body, Op};

/// Instructions that may stand twice, so that a test need not be made.
const COPIED: usize = 4;

/// Leads jumps past tests; answers whether there was one.
pub(crate) fn run(body: &mut Body) -> bool {
    let mut any = false;
    for at in 0..body.blocks.len() {
        // What is left out may lead to the next one.
        for _ in 0..COPIED {
            let found = match *body.blocks[at].last() {
                Inst::Jump { to } if to.index() != at => pass(body, at, to.index()),
                _ => None,
            };
            let Some(ops) = found else { break };
            any = true;
            body.blocks[at].ops.pop();
            body.blocks[at].ops.extend(ops);
        }
        any |= same_test(body, at);
    }
    any
}

/// What stands in place of the jump from block `from` to `to`, if the test in `to` is decided.
fn pass(body: &Body, from: usize, to: usize) -> Option<Vec<Op>> {
    let (last, ops) = body.blocks[to].ops.split_last()?;
    if !matches!(last.inst, Inst::Branch { .. } | Inst::Switch { .. }) {
        return None;
    }
    if ops.len() > COPIED || !ops.iter().all(|op| is_pure(&op.inst)) {
        return None;
    }
    let path: Vec<&Op> = body.blocks[from].ops.iter().chain(ops).collect();
    let next = match last.inst {
        Inst::Branch {
            cond,
            then,
            otherwise,
        } => match value(&path, cond, 0)? {
            Known::Bool(true) => then,
            Known::Bool(false) => otherwise,
            _ => return None,
        },
        Inst::Switch {
            index,
            ref targets,
            default,
        } => match value(&path, index, 0)? {
            Known::Int(at) => {
                let at = usize::try_from(at).ok();
                *at.and_then(|at| targets.get(at)).unwrap_or(&default)
            }
            _ => return None,
        },
        _ => return None,
    };
    let mut out = ops.to_vec();
    out.push(Op {
        inst: Inst::Jump { to: next },
        origin: last.origin,
    });
    Some(out)
}

/// Where on a path a register is written last.
fn definition(path: &[&Op], reg: Reg) -> Option<usize> {
    path.iter().rposition(|op| {
        let mut defines = false;
        op.inst.defs(|def| defines |= def == reg);
        defines
    })
}

/// The value of a register at the end of a path, if it is a matter of a few instructions.
fn value(path: &[&Op], reg: Reg, depth: usize) -> Option<Known> {
    if depth > COPIED {
        return None;
    }
    let at = definition(path, reg)?;
    let before = |reg| value(&path[..at], reg, depth + 1);
    match path[at].inst {
        Inst::IntConst { value, .. } => Some(Known::Int(value)),
        Inst::BoolConst { value, .. } => Some(Known::Bool(value)),
        Inst::Move { src, .. } => before(src),
        Inst::BoolNot { a, .. } => fold::unary(path[at].inst.opcode(), before(a)?),
        Inst::OptIsSome { src, .. } => is_some(&path[..at], src, depth),
        Inst::IntEq { a, b, .. }
        | Inst::IntNe { a, b, .. }
        | Inst::IntLt { a, b, .. }
        | Inst::IntLe { a, b, .. }
        | Inst::BoolEq { a, b, .. } => fold::binary(path[at].inst.opcode(), before(a)?, before(b)?),
        _ => None,
    }
}

fn is_some(path: &[&Op], reg: Reg, depth: usize) -> Option<Known> {
    if depth > COPIED {
        return None;
    }
    let at = definition(path, reg)?;
    match path[at].inst {
        Inst::OptSome { .. } => Some(Known::Bool(true)),
        Inst::Null { .. } => Some(Known::Bool(false)),
        Inst::Move { src, .. } => is_some(&path[..at], src, depth + 1),
        _ => None,
    }
}

/// Leads a branch past the same test, made at once again.
fn same_test(body: &mut Body, at: usize) -> bool {
    let Inst::Branch {
        cond,
        then,
        otherwise,
    } = *body.blocks[at].last()
    else {
        return false;
    };
    let past = |to: BlockIx, truth: bool| match body.blocks[to.index()].ops.as_slice() {
        [
            Op {
                inst:
                    Inst::Branch {
                        cond: again,
                        then,
                        otherwise,
                    },
                ..
            },
        ] if *again == cond => {
            if truth {
                *then
            } else {
                *otherwise
            }
        }
        _ => to,
    };
    let new = Inst::Branch {
        cond,
        then: past(then, true),
        otherwise: past(otherwise, false),
    };
    let changed = new != *body.blocks[at].last();
    *body.blocks[at].last_mut() = new;
    changed
}
