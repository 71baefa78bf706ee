//! The optimiser: bodies become as good as what a careful person would write by hand.
//!
//! Functions are taken callees first, so that what is small can stand in place of its calls
//! ([`inline`]). Then each body goes through the same passes in the same order:
//!
//! | pass | what it does |
//! | --- | --- |
//! | [`webs`] | one register for each value, so that most are written once |
//! | [`values`] | constants, copies, what was computed before, checks that cannot fail |
//! | [`thread`] | tests whose outcome is known where control comes from |
//! | [`hoist`] | what does not change in a loop is computed before it |
//! | [`iteration`] | checks that a collection did not change |
//! | [`dead`] | results nobody uses, copies at the end of a computation |
//!
//! What was led past a test or out of a loop is numbered once more.
//!
//! **Invariants:** what can trap traps where it did, with the same trap, also if its result is not
//! used; bounds checks stay. Nothing is computed earlier than a place where a message can move or
//! sleep and used after it only: what could be computed again would travel. The code depends on
//! the function and those it calls, and on nothing else.

mod dead;
mod dominators;
mod effects;
mod fold;
mod hoist;
mod inline;
mod iteration;
mod ranges;
mod template;
mod thread;
mod values;
mod webs;

use std::collections::HashMap;

use sm_bytecode::inst::operand::{OperandMut, OperandRef};
use sm_bytecode::{FuncRef, Reg, Type, TypeIx, TypeTable};

use super::body::Body;
use super::clean::straighten;
use super::finish::{finish, write_out};
use super::groups;
use super::limits::MAX_OPTIMISED;
use super::program::{InstanceCode, Lowering};
use super::unit::{InstanceId, Unit};
use crate::typed::Name;
pub(crate) use dead::drop_dead;
use template::Templates;

/// What the passes have to know of the program's types.
pub(crate) struct Facts<'t> {
    pub(crate) types: &'t TypeTable,
}

impl Facts<'_> {
    /// Whether the slot of a record is never written after the record was made.
    pub(crate) fn is_fixed(&self, ty: TypeIx, slot: u16) -> bool {
        let Some(Type::Struct { fields, .. }) = self.types.get(ty) else {
            return true;
        };
        let mut first = 0;
        for field in fields {
            first += self.types.slots(field.ty).len();
            if usize::from(slot) < first {
                return !field.mutable;
            }
        }
        false
    }
}

impl Lowering<'_> {
    fn facts(&self) -> Facts<'_> {
        Facts {
            types: &self.layout.table,
        }
    }
}

/// Improves and writes out everything that was lowered. With `plain` it is only written out.
pub(crate) fn run(lowering: &mut Lowering<'_>, plain: bool) {
    lowering.place_types();
    let components = groups::components(&groups::calls(lowering, true));
    let mut component_of = vec![0; lowering.instances.len()];
    for (at, members) in components.iter().enumerate() {
        members.iter().for_each(|member| component_of[*member] = at);
    }
    let mut templates = Templates::new(lowering, component_of);
    for member in components.into_iter().flatten() {
        let id = InstanceId(member);
        let code = &mut lowering.instances[id.0].code;
        let InstanceCode::Lowered(unit) = code else {
            continue;
        };
        let mut unit = std::mem::take(unit);
        optimise(lowering, &mut templates, id, &mut unit, plain);
        lowering.instances[id.0].code = InstanceCode::Lowered(unit);
    }
}

fn optimise<'p>(
    lowering: &mut Lowering<'p>,
    templates: &mut Templates<'p>,
    id: InstanceId,
    unit: &mut Unit,
    plain: bool,
) {
    // A closure stands behind the function that makes it.
    for at in (0..unit.functions.len()).rev() {
        let Some(mut function) = unit.functions[at].take() else {
            continue;
        };
        let mut body = std::mem::take(&mut function.body);
        let mut names = std::mem::take(&mut function.names);
        templates.unify(&mut body);
        let improved = !plain && size(&body) <= MAX_OPTIMISED;
        if improved {
            let parts = (&mut body, &mut names);
            inline::run(lowering, templates, (id, unit), parts);
            improve(&mut body, &mut names, &lowering.facts());
            if at == 0 {
                let parts = (&mut body, &mut names);
                inline::run_recursive(lowering, (id, unit), &function.name, parts);
            }
        }
        function.code = match improved {
            true => write_out(body, &names),
            false => finish(body, &names),
        };
        unit.functions[at] = Some(function);
    }
    if !plain {
        drop_unused(unit);
    }
}

fn size(body: &Body) -> usize {
    body.blocks.iter().map(|block| block.ops.len()).sum()
}

/// The passes over one body.
pub(crate) fn improve(body: &mut Body, names: &mut Vec<(Reg, Name)>, facts: &Facts) {
    straighten(body);
    webs::split(body, names);
    values::run(body, facts);
    let threaded = thread::run(body);
    straighten(body);
    if threaded {
        webs::split(body, names);
    }
    let hoisted = hoist::run(body, facts);
    if threaded || hoisted {
        values::run(body, facts);
        straighten(body);
    }
    iteration::run(body, facts);
    dead::run(body);
}

/// Drops closures that nothing makes any more.
fn drop_unused(unit: &mut Unit) {
    if unit.functions.len() == 1 {
        return;
    }
    let mut used = vec![false; unit.functions.len()];
    let mut work = vec![0];
    while let Some(at) = work.pop() {
        if std::mem::replace(&mut used[at], true) {
            continue;
        }
        for inst in unit.insts(at) {
            inst.operands(|operand| {
                if let OperandRef::Func(FuncRef::Local(at)) = operand {
                    work.push(usize::from(at));
                }
            });
        }
    }
    if !used.contains(&false) {
        return;
    }
    let mut next = 0u16;
    let mut new: HashMap<u16, u16> = HashMap::new();
    for (at, used) in (0..).zip(&used) {
        if *used {
            new.insert(at, next);
            next += 1;
        }
    }
    let mut used = used.into_iter();
    unit.functions.retain(|_| used.next().unwrap_or_default());
    for inst in unit.insts_mut() {
        inst.operands_mut(|operand| {
            if let OperandMut::Func(FuncRef::Local(at)) = operand {
                *at = new[at];
            }
        });
    }
}
