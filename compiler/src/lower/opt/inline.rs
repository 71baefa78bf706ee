//! Small functions in place of their calls, and closures in place of the calls of them.
//!
//! A call is replaced by copies of its arguments, the blocks of the function, and copies of its
//! results. Where a function that calls what it is given is handed a closure that is made here, it
//! may be larger: then the closure's body can stand in it. A small function that calls itself gets
//! its own body in place of these calls, once for all of them or more often.

use std::rc::Rc;

use sm_bytecode::{BlockIx, FuncRef, Inst, Reg};

use super::template::{Template, Templates, asks_node};
use super::webs;
use crate::lower::body::{Block, Body, Inlined, Op, Origin, for_each_target_mut};
use crate::lower::finish::write_out;
use crate::lower::limits::{
    MAX_GROWTH, MAX_INLINED, MAX_INLINED_CLOSURE, MAX_RECURSIVE, MAX_ROUNDS, SMALL_FUNCTION,
};
use crate::lower::program::Lowering;
use crate::lower::unit::{InstanceId, Unit};
use crate::typed::Name;

/// A call that is to be replaced.
struct Call {
    block: usize,
    at: usize,
    template: Rc<Template>,
    /// What the first registers of the template get.
    inputs: Vec<Reg>,
}

/// Replaces calls in a body of `unit`.
pub(crate) fn run<'p>(
    lowering: &mut Lowering<'p>,
    templates: &mut Templates<'p>,
    (id, unit): (InstanceId, &mut Unit),
    (body, names): (&mut Body, &mut Vec<(Reg, Name)>),
) {
    let calls = |op: &Op| matches!(op.inst, Inst::Call { .. } | Inst::CallClosure { .. });
    if !ops(body).any(|(_, _, op)| calls(op)) {
        return;
    }
    let most = MAX_GROWTH + 2 * super::size(body);
    // What a closure stands for may be small itself, and may call what it captured.
    for _ in 0..MAX_ROUNDS {
        let found = functions(lowering, templates, (id, unit), body, most);
        let any = !found.is_empty();
        splice(body, &found, unit);
        if found.iter().any(|call| call.template.closures.is_some()) {
            // The closures that they make are known only if their registers hold nothing else.
            webs::split(body, names);
        }
        let known = known_closures(body);
        call_known(body, &known);
        let found = closures(lowering, (id, unit), body, &known);
        let more = !found.is_empty();
        splice(body, &found, unit);
        if !any && !more {
            break;
        }
    }
}

/// The calls of functions of other bricks that are to be replaced.
fn functions<'p>(
    lowering: &mut Lowering<'p>,
    templates: &mut Templates<'p>,
    (id, unit): (InstanceId, &Unit),
    body: &Body,
    most: usize,
) -> Vec<Call> {
    let known = known_closures(body);
    let mut size = super::size(body);
    let mut regs = body.regs.len();
    let mut found = Vec::new();
    for (block, at, op) in ops(body) {
        let Inst::Call {
            func: FuncRef::Callee(callee),
            args,
            ..
        } = &op.inst
        else {
            continue;
        };
        let Some(template) = templates.get(lowering, id, unit.calls[usize::from(*callee)]) else {
            continue;
        };
        let gets_closure = args.iter().any(|arg| closure_in(&known, *arg).is_some());
        let limit = match (template.calls_closures, gets_closure) {
            (true, true) => MAX_INLINED,
            (true, false) => 0,
            (false, _) => SMALL_FUNCTION,
        };
        if template.size > limit
            || size + template.size > most
            || regs + template.regs.len() > usize::from(u16::MAX) / 2
        {
            continue;
        }
        size += template.size;
        regs += template.regs.len();
        found.push(Call {
            block,
            at,
            template,
            inputs: args.to_vec(),
        });
    }
    found
}

/// Replaces the calls of itself in a small function that was improved, by what it was then, as long
/// as there is room for all of them.
pub(crate) fn run_recursive(
    lowering: &Lowering<'_>,
    (id, unit): (InstanceId, &mut Unit),
    function: &str,
    (body, names): (&mut Body, &mut Vec<(Reg, Name)>),
) {
    let mut calls = own_calls(body, unit, id);
    let asks = |body: &Body| ops(body).any(|(_, _, op)| asks_node(&op.inst));
    if calls.is_empty() || super::size(body) > MAX_RECURSIVE || asks(body) {
        return;
    }
    let file = lowering.file_of(id);
    let once = write_out(body.clone(), names);
    let template = Rc::new(Template::of_unit(function, file, &once));
    let has_room = |body: &Body, calls: &[_]| {
        super::size(body) + calls.len() * template.size <= MAX_RECURSIVE
            && body.regs.len() + calls.len() * template.regs.len() <= usize::from(u16::MAX) / 2
    };
    while !calls.is_empty() && has_room(body, &calls) {
        let found = calls.into_iter().map(|(block, at, inputs)| Call {
            block,
            at,
            template: Rc::clone(&template),
            inputs,
        });
        splice(body, &found.collect::<Vec<_>>(), unit);
        super::improve(body, names, &lowering.facts());
        calls = own_calls(body, unit, id);
    }
}

/// Where a function calls itself, and what with.
fn own_calls(body: &Body, unit: &Unit, id: InstanceId) -> Vec<(usize, usize, Vec<Reg>)> {
    let calls = ops(body).filter_map(|(block, at, op)| match &op.inst {
        Inst::Call {
            func: FuncRef::Callee(callee),
            args,
            ..
        } if unit.calls[usize::from(*callee)] == id => Some((block, at, args.to_vec())),
        _ => None,
    });
    calls.collect()
}

/// The calls of closures of this unit that are to be replaced.
fn closures(
    lowering: &Lowering<'_>,
    (id, unit): (InstanceId, &Unit),
    body: &Body,
    known: &[Option<Closure>],
) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    let mut regs = body.regs.len();
    for (block, at, op) in ops(body) {
        let Inst::CallClosure { closure, args, .. } = &op.inst else {
            continue;
        };
        let Some(Closure {
            func: FuncRef::Local(local),
            captures,
        }) = closure_in(known, *closure)
        else {
            continue;
        };
        let Some(Some(called)) = unit.functions.get(usize::from(*local)) else {
            continue;
        };
        if called.overflow
            || called.code.size() > MAX_INLINED_CLOSURE
            || regs + called.code.regs.len() > usize::from(u16::MAX) / 2
        {
            continue;
        }
        let file = lowering.file_of(called.origin.unwrap_or(id));
        let template = Template::of_unit(&called.name, file, &called.code);
        regs += template.regs.len();
        found.push(Call {
            block,
            at,
            template: Rc::new(template),
            inputs: args.iter().chain(captures).copied().collect(),
        });
    }
    found
}

fn ops(body: &Body) -> impl Iterator<Item = (usize, usize, &Op)> {
    let blocks = body.blocks.iter().enumerate();
    blocks.flat_map(|(block, code)| {
        let ops = code.ops.iter().enumerate();
        ops.map(move |(at, op)| (block, at, op))
    })
}

/// A closure that a register holds: what it calls, and registers with what it captured.
#[derive(Clone, Debug)]
struct Closure {
    func: FuncRef,
    captures: Vec<Reg>,
}

/// The closures that registers hold from their only assignment on, also through copies. Captured
/// are only registers that have one assignment, too. The list is empty where there is none.
fn known_closures(body: &Body) -> Vec<Option<Closure>> {
    if !ops(body).any(|(_, _, op)| matches!(op.inst, Inst::ClosureNew { .. })) {
        return Vec::new();
    }
    let mut defs = vec![0u32; body.regs.len()];
    defs[..body.inputs].fill(1);
    for (_, _, op) in ops(body) {
        op.inst.defs(|reg| defs[reg.index()] += 1);
    }
    let mut known: Vec<Option<Closure>> = vec![None; body.regs.len()];
    let once = |reg: &Reg| defs[reg.index()] == 1;
    for (_, _, op) in ops(body) {
        match &op.inst {
            Inst::ClosureNew {
                dst,
                func,
                captures,
            } if once(dst) && captures.iter().all(once) => {
                known[dst.index()] = Some(Closure {
                    func: *func,
                    captures: captures.to_vec(),
                });
            }
            Inst::Move { dst, src } if once(dst) && once(src) => {
                known[dst.index()] = known[src.index()].clone();
            }
            _ => {}
        }
    }
    known
}

fn closure_in(known: &[Option<Closure>], reg: Reg) -> Option<&Closure> {
    known.get(reg.index())?.as_ref()
}

/// Calls functions of other bricks by name where they were called as values.
fn call_known(body: &mut Body, known: &[Option<Closure>]) {
    for op in body.blocks.iter_mut().flat_map(|block| &mut block.ops) {
        if let Inst::CallClosure {
            dsts,
            closure,
            args,
        } = &mut op.inst
            && let Some(Closure {
                func: func @ FuncRef::Callee(_),
                ..
            }) = closure_in(known, *closure)
        {
            op.inst = Inst::Call {
                dsts: std::mem::take(dsts),
                func: *func,
                args: std::mem::take(args),
            };
        }
    }
}

/// Puts the templates in place of the calls, which are given in the order of the code.
fn splice(body: &mut Body, calls: &[Call], unit: &mut Unit) {
    if calls.is_empty() {
        return;
    }
    let mut calls = calls.iter().peekable();
    let old = std::mem::take(&mut body.blocks);
    let mut first = Vec::with_capacity(old.len());
    // Blocks whose last instruction counts blocks as before.
    let mut unmoved = Vec::with_capacity(old.len());
    for (at, block) in old.into_iter().enumerate() {
        first.push(index(body.blocks.len()));
        let mut now = Vec::new();
        for (place, op) in block.ops.into_iter().enumerate() {
            match calls.next_if(|call| (call.block, call.at) == (at, place)) {
                None => now.push(op),
                Some(call) => insert(body, call, op, &mut now, unit),
            }
        }
        unmoved.push(body.blocks.len());
        body.blocks.push(Block { ops: now });
    }
    for at in unmoved {
        for_each_target_mut(body.blocks[at].last_mut(), |to| *to = first[to.index()]);
    }
}

fn index(at: usize) -> BlockIx {
    BlockIx(u32::try_from(at).expect("fewer blocks than instructions"))
}

/// Ends the block `now` in place of the call `op`, and leaves in it the beginning of the one that
/// comes after the template.
fn insert(body: &mut Body, call: &Call, op: Op, now: &mut Vec<Op>, unit: &mut Unit) {
    let Call {
        template, inputs, ..
    } = call;
    let origin = op.origin;
    let mut dsts: Vec<Reg> = Vec::new();
    op.inst.defs(|reg| dsts.push(reg));
    body.inlined.push(Inlined {
        name: template.name.clone(),
        file: template.file,
        at: origin,
    });
    let own = u32::try_from(body.inlined.len()).expect("fewer than instructions");
    let place = |origin: Origin| Origin {
        inlined: own + origin.inlined,
        ..origin
    };
    body.inlined
        .extend(template.inlined.iter().map(|call| Inlined {
            at: place(call.at),
            ..call.clone()
        }));
    let base = u16::try_from(body.regs.len()).expect("the caller has looked");
    body.regs.extend_from_slice(&template.regs);
    let copy = |dst: Reg, src: Reg| Op {
        inst: Inst::Move { dst, src },
        origin,
    };
    let starts = (base..).map(Reg).zip(inputs);
    now.extend(starts.map(|(dst, src)| copy(dst, *src)));
    let (start, end) = (
        body.blocks.len() + 1,
        body.blocks.len() + 1 + template.blocks.len(),
    );
    let jump = |to: usize| Op {
        inst: Inst::Jump { to: index(to) },
        origin,
    };
    now.push(jump(start));
    body.blocks.push(Block {
        ops: std::mem::take(now),
    });
    for block in &template.blocks {
        let mut ops = Vec::with_capacity(block.len());
        for op in block {
            let mut op = Op {
                inst: op.inst.clone(),
                origin: place(op.origin),
            };
            renumber(&mut op.inst, base, start, template, unit);
            match &op.inst {
                Inst::Return { values } => {
                    let results = dsts.iter().zip(values.iter());
                    ops.extend(results.map(|(dst, src)| copy(*dst, *src)));
                    ops.push(jump(end));
                }
                _ => ops.push(op),
            }
        }
        body.blocks.push(Block { ops });
    }
}

/// Lets an instruction of the template refer to registers, blocks and constants of the caller.
fn renumber(inst: &mut Inst, base: u16, start: usize, template: &Template, unit: &mut Unit) {
    use sm_bytecode::inst::operand::OperandMut;
    let moved = |reg: &mut Reg| reg.0 += base;
    inst.operands_mut(|operand| match operand {
        OperandMut::Use(reg) | OperandMut::Def(reg) | OperandMut::Update(reg) => moved(reg),
        OperandMut::Uses(regs) | OperandMut::Defs(regs) => regs.iter_mut().for_each(moved),
        OperandMut::Const(ix) => {
            if let Some(consts) = &template.consts {
                *ix = unit.constant(consts[ix.index()].clone());
            }
        }
        OperandMut::Func(func) => {
            if let Some(closures) = &template.closures {
                *func = unit.adopt(*func, closures);
            }
        }
        _ => {}
    });
    for_each_target_mut(inst, |to| *to = index(to.index() + start));
}
