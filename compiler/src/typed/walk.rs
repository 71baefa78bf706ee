//! Read-only walks over typed expressions.

use super::{Expr, ExprKind, Part, Stmt, StmtKind, Target};

/// Calls `visit` for each expression that stands directly in `expr`, closure bodies included.
pub fn for_each_child<'p>(expr: &'p Expr, mut visit: impl FnMut(&'p Expr)) {
    match &expr.kind {
        ExprKind::TagMember { args, .. }
        | ExprKind::Call { args, .. }
        | ExprKind::Spawn { args, .. }
        | ExprKind::Variant { args, .. }
        | ExprKind::Struct { fields: args, .. }
        | ExprKind::Tuple(args)
        | ExprKind::List(args)
        | ExprKind::Set(args)
        | ExprKind::And(args)
        | ExprKind::Or(args) => args.iter().for_each(visit),
        ExprKind::Chain { first, rest } => {
            visit(first);
            rest.iter().for_each(|link| visit(&link.operand));
        }
        ExprKind::Place { wanted, unwanted } => wanted.iter().chain(unwanted).for_each(visit),
        ExprKind::CallValue { callee, args } => {
            visit(callee);
            args.iter().for_each(visit);
        }
        ExprKind::Map(entries) => entries.iter().for_each(|(key, value)| {
            visit(key);
            visit(value);
        }),
        ExprKind::Some(value)
        | ExprKind::Field { object: value, .. }
        | ExprKind::TupleField { object: value, .. }
        | ExprKind::Unary { operand: value, .. }
        | ExprKind::Try { value, .. }
        | ExprKind::Unwrap { value, .. }
        | ExprKind::Loop { body: value, .. }
        | ExprKind::Matches { value, .. }
        | ExprKind::Break {
            value: Some(value), ..
        }
        | ExprKind::Return(Some(value)) => visit(value),
        ExprKind::Index {
            object: a,
            index: b,
        }
        | ExprKind::Binary {
            left: a, right: b, ..
        }
        | ExprKind::Coalesce {
            value: a,
            otherwise: b,
            ..
        }
        | ExprKind::While {
            condition: a,
            body: b,
            ..
        }
        | ExprKind::ForEach {
            iterable: a,
            body: b,
            ..
        } => {
            visit(a);
            visit(b);
        }
        ExprKind::ForRange {
            start, end, body, ..
        } => {
            [start, end, body].into_iter().for_each(|part| visit(part));
        }
        ExprKind::If {
            condition: first,
            then,
            otherwise,
        } => {
            visit(first);
            visit(then);
            otherwise.iter().for_each(|otherwise| visit(otherwise));
        }
        ExprKind::Match { value, arms } => {
            visit(value);
            for arm in arms {
                arm.guard.iter().chain([&arm.body]).for_each(&mut visit);
            }
        }
        ExprKind::Interpolate(parts) => {
            for part in parts {
                if let Part::Value { value, .. } = part {
                    visit(value);
                }
            }
        }
        ExprKind::Block { stmts, tail } => {
            stmts
                .iter()
                .for_each(|stmt| for_each_in_stmt(stmt, &mut visit));
            tail.iter().for_each(|tail| visit(tail));
        }
        ExprKind::Closure(body) => visit(&body.body),
        _ => {}
    }
}

fn for_each_in_stmt<'p>(stmt: &'p Stmt, visit: &mut impl FnMut(&'p Expr)) {
    match &stmt.kind {
        StmtKind::Let {
            value, otherwise, ..
        } => {
            visit(value);
            otherwise.iter().for_each(visit);
        }
        StmtKind::Assign { target, value, .. } => {
            match target {
                Target::Field { object, .. } => visit(object),
                Target::Index { object, index } => {
                    visit(object);
                    visit(index);
                }
                Target::Local(_) | Target::Error => {}
            }
            visit(value);
        }
        StmtKind::Assert { condition, message } => {
            visit(condition);
            message.iter().for_each(visit);
        }
        StmtKind::Expr(expr) => visit(expr),
    }
}

/// Calls `visit` for each statement that stands directly in `expr`.
pub fn for_each_stmt<'p>(expr: &'p Expr, visit: impl FnMut(&'p Stmt)) {
    if let ExprKind::Block { stmts, .. } = &expr.kind {
        stmts.iter().for_each(visit);
    }
}
