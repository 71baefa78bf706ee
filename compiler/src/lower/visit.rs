//! Walks over typed expressions.

use crate::typed::{Expr, ExprKind, FnId, for_each_child};

/// Calls `visit` for each function that the code names.
pub(crate) fn for_each_function(root: &Expr, mut visit: impl FnMut(FnId)) {
    let mut work = vec![root];
    while let Some(expr) = work.pop() {
        if let ExprKind::Call { function, .. }
        | ExprKind::Spawn { function, .. }
        | ExprKind::FnValue { function, .. } = &expr.kind
        {
            visit(*function);
        }
        for_each_child(expr, |child| work.push(child));
    }
}

/// Whether the expression is so small, and so plain, that its code may stand twice.
pub(crate) fn may_stand_twice(root: &Expr) -> bool {
    let mut work = vec![root];
    let mut seen = 0;
    while let Some(expr) = work.pop() {
        seen += 1 + expr.operators_after_first();
        let plain = matches!(
            expr.kind,
            ExprKind::Unit
                | ExprKind::Literal(_)
                | ExprKind::Local(_)
                | ExprKind::None
                | ExprKind::Tag(_)
                | ExprKind::Call { .. }
                | ExprKind::Field { .. }
                | ExprKind::TupleField { .. }
                | ExprKind::Index { .. }
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Chain { .. }
                | ExprKind::And(..)
                | ExprKind::Or(..)
        );
        if !plain || seen > 12 {
            return false;
        }
        for_each_child(expr, |child| work.push(child));
    }
    true
}
