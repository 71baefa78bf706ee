//! Loops that nothing ends, and in which the message never waits.

use std::collections::BTreeSet;

use super::super::sink::Sink;
use super::Linter;
use super::effects::Effects;
use crate::ast::Mutability;
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{Expr, ExprKind, Function, Literal, Local, LoopId, Ty, for_each_child};

impl Linter<'_> {
    pub(super) fn endless_loops(
        &self,
        function: &Function,
        body: &Expr,
        effects: &mut Effects<'_>,
        sink: &mut Sink,
    ) {
        let mut found = Vec::new();
        search(body, &function.locals, effects, &mut found);
        for repeat in found {
            let file = self.world.file(function.module);
            let head = crate::ast::Span::new(repeat.span.start, repeat.span.start + HEAD);
            let message = "nothing but a trap ends this loop, and the message never waits in it";
            let warning = Diagnostic::warning(code::ENDLESS_LOOP, file, head, message)
                .note("a turn that goes over its budget is a trap");
            sink.push(match &repeat.kind {
                ExprKind::While { condition, .. } if !is_true(condition) => warning
                    .label(condition.span, "this never changes")
                    .help("what changes is declared with `var`, and assigned without `let`"),
                _ => warning
                    .help("wait with `block(..)`, give the turn away with `yield()`, or `break`"),
            });
        }
    }
}

/// `loop`, of which `while` is longer.
const HEAD: u32 = 4;

/// Finds such loops; of loops in loops only the innermost. Answers whether there is one.
fn search<'p>(
    expr: &'p Expr,
    locals: &[Local],
    effects: &mut Effects<'_>,
    found: &mut Vec<&'p Expr>,
) -> bool {
    let before = found.len();
    let locals = match &expr.kind {
        ExprKind::Closure(closure) => &closure.locals,
        _ => locals,
    };
    for_each_child(expr, |child| {
        search(child, locals, effects, found);
    });
    if found.len() > before {
        return true;
    }
    let body = match &expr.kind {
        ExprKind::Loop { body, .. } => body,
        ExprKind::While {
            condition, body, ..
        } if never_changes(condition, locals) => body,
        _ => return false,
    };
    let stays = !leaves(body) && !effects.may_end_turn(body);
    if stays {
        found.push(expr);
    }
    stays
}

const fn is_true(condition: &Expr) -> bool {
    matches!(condition.kind, ExprKind::Literal(Literal::Bool(true)))
}

/// Whether a condition is always what it is at first: `true`, or made of what does not change.
fn never_changes(condition: &Expr, locals: &[Local]) -> bool {
    match &condition.kind {
        ExprKind::Literal(Literal::Bool(value)) => *value,
        ExprKind::Literal(_) => true,
        ExprKind::Local(local) => {
            let is_scalar =
                [Ty::INT, Ty::FLOAT, Ty::BOOL, Ty::STR, Ty::DURATION].contains(&condition.ty);
            let declared = locals.get(local.index());
            is_scalar && declared.is_some_and(|local| local.mutability == Mutability::Let)
        }
        ExprKind::Binary { left, right, .. } => {
            never_changes(left, locals) && never_changes(right, locals)
        }
        ExprKind::Chain { first, rest } => {
            let mut rest = rest.iter().map(|link| &link.operand);
            never_changes(first, locals) && rest.all(|part| never_changes(part, locals))
        }
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().all(|part| never_changes(part, locals))
        }
        ExprKind::Unary { operand, .. } => never_changes(operand, locals),
        _ => false,
    }
}

/// Whether something in the body of a loop leaves it.
fn leaves(body: &Expr) -> bool {
    let mut inner: BTreeSet<LoopId> = BTreeSet::new();
    let mut left: Vec<LoopId> = Vec::new();
    let mut work = vec![body];
    while let Some(expr) = work.pop() {
        match &expr.kind {
            ExprKind::Return(_) | ExprKind::Try { .. } => return true,
            ExprKind::Break { id, .. } => left.push(*id),
            ExprKind::Continue(id) => left.push(*id),
            ExprKind::Loop { id, .. }
            | ExprKind::While { id, .. }
            | ExprKind::ForRange { id, .. }
            | ExprKind::ForEach { id, .. } => {
                inner.insert(*id);
            }
            // A closure has loops and results of its own.
            ExprKind::Closure(_) => continue,
            _ => {}
        }
        for_each_child(expr, |child| work.push(child));
    }
    left.iter().any(|id| !inner.contains(id))
}
