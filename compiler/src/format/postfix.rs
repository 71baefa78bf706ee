//! Calls, fields and what else follows an operand; chains of methods.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use super::list::Separator;
use super::render::INDENT;
use crate::ast::{Arg, Expr, ExprKind};

impl Formatter<'_> {
    /// An operand and all that follows it.
    ///
    /// With two or more calls of methods, lines may end before each of them.
    pub(super) fn postfix(&mut self, expr: &Expr) {
        let mut suffixes = Vec::new();
        let mut root = expr;
        while let Some(object) = object_of(root)
            && (suffixes.is_empty() || self.parens_around(root) == 0)
        {
            suffixes.push(root);
            root = object;
        }
        suffixes.reverse();
        let calls = (0..suffixes.len()).filter(|index| is_method(&suffixes, *index));
        if calls.count() < 2 {
            self.expr(root);
            suffixes.iter().for_each(|suffix| self.suffix(suffix));
            return;
        }
        self.method_chain(root, &suffixes);
    }

    fn method_chain(&mut self, root: &Expr, suffixes: &[&Expr]) {
        let open = self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        self.expr(root);
        // After a root no longer than the indentation a line's end would win nothing.
        let is_short = matches!(root.kind, ExprKind::Name(_))
            && (root.span.end - root.span.start) as usize <= INDENT;
        let mut stays = is_short && is_method(suffixes, 0);
        for (index, suffix) in suffixes.iter().enumerate() {
            if is_method(suffixes, index) && (!std::mem::take(&mut stays) || self.has_comments()) {
                self.line(Op::Line(Gap::Nothing), Blanks::Drop);
            }
            self.suffix(suffix);
        }
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Close);
        let last_call = suffixes.iter().rev().find_map(|suffix| match &suffix.kind {
            ExprKind::Try(_) | ExprKind::Unwrap(_) => None,
            kind => Some(kind),
        });
        if let Some(ExprKind::Call { args, .. }) = last_call
            && let Some(point) = self.point
            && matches!(
                args.last().map(|arg| &arg.value.kind),
                Some(ExprKind::Closure(_))
            )
        {
            self.doc.hug(open, point);
        }
    }

    /// What `suffix` adds to its object.
    fn suffix(&mut self, suffix: &Expr) {
        match &suffix.kind {
            ExprKind::Call { callee: _, args } => self.args(args),
            ExprKind::Index { object: _, index } => {
                let lines_end = std::mem::replace(&mut self.lines_end, false);
                self.token();
                self.expr(index);
                self.token();
                self.lines_end = lines_end;
            }
            ExprKind::Field { object: _, name: _ }
            | ExprKind::TupleField {
                object: _,
                index: _,
                index_span: _,
            } => {
                self.token();
                self.token();
            }
            ExprKind::Try(object) => {
                // `??` is another operator.
                if matches!(object.kind, ExprKind::Try(_)) && self.parens_around(object) == 0 {
                    self.space();
                }
                self.token();
            }
            _ => self.token(),
        }
    }

    /// The arguments of a call. The last one is hugged if it is a closure, or if it is the only
    /// one and has brackets.
    fn args(&mut self, args: &[Arg]) {
        let mut list = self.open_list(Separator::Lines);
        let mut parens = 0;
        for arg in args {
            self.element(&mut list);
            if arg.spread.is_some() {
                self.token();
            }
            if arg.name.is_some() {
                self.token();
                self.keyword();
            }
            parens = self.parens_around(&arg.value);
            self.expr(&arg.value);
        }
        if parens == 0 && hugs_last(args) {
            self.hug_last(&list);
        }
        let point = self.point;
        self.close_list(list);
        // What encloses this call hugs the closure in it.
        if args.last().is_some_and(|arg| is_closure(&arg.value)) && hugs_last(args) {
            self.point = point;
        }
    }
}

fn hugs_last(args: &[Arg]) -> bool {
    let Some((last, before)) = args.split_last() else {
        return false;
    };
    if is_closure(&last.value) {
        return !before.iter().any(|arg| is_closure(&arg.value));
    }
    before.is_empty()
        && matches!(
            last.value.kind,
            ExprKind::Tuple(_)
                | ExprKind::List(_)
                | ExprKind::Map(_)
                | ExprKind::Set(_)
                | ExprKind::Place(_)
                | ExprKind::Call { .. }
                | ExprKind::Block(_)
                | ExprKind::If(_)
                | ExprKind::Match(_)
        )
}

fn is_closure(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Closure(_))
}

/// What a suffix is added to.
fn object_of(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call { callee, .. } => Some(callee),
        ExprKind::Index { object, .. }
        | ExprKind::Field { object, .. }
        | ExprKind::TupleField { object, .. }
        | ExprKind::Try(object)
        | ExprKind::Unwrap(object) => Some(object),
        _ => None,
    }
}

/// Whether a name stands there that is called.
fn is_method(suffixes: &[&Expr], index: usize) -> bool {
    let is_call = |expr: &&Expr| matches!(expr.kind, ExprKind::Call { .. });
    matches!(
        suffixes.get(index).map(|s| &s.kind),
        Some(ExprKind::Field { .. })
    ) && suffixes.get(index + 1).is_some_and(is_call)
}
