//! Walking over typed expressions.

use super::{Expr, ExprKind, Part, Pattern, PatternKind, Stmt, StmtKind, Target};

/// A direct part of an expression.
#[derive(Debug)]
pub enum NodeMut<'t> {
    Expr(&'t mut Expr),
    Pattern(&'t mut Pattern),
}

/// What is called with each part.
type Visit<'v> = &'v mut dyn FnMut(NodeMut<'_>);

impl Expr {
    /// Calls `f` with each expression and pattern that stands directly in this one, in the order of
    /// the source.
    pub fn children_mut(&mut self, f: Visit<'_>) {
        match &mut self.kind {
            ExprKind::Unit
            | ExprKind::Literal(_)
            | ExprKind::Local(_)
            | ExprKind::FnValue { .. }
            | ExprKind::Tag(_)
            | ExprKind::None
            | ExprKind::Continue(_)
            | ExprKind::Error => {}
            ExprKind::TagMember { args, .. }
            | ExprKind::Call { args, .. }
            | ExprKind::Spawn { args, .. }
            | ExprKind::Struct { fields: args, .. }
            | ExprKind::Variant { args, .. }
            | ExprKind::Tuple(args)
            | ExprKind::List(args)
            | ExprKind::Set(args)
            | ExprKind::And(args)
            | ExprKind::Or(args) => all(args, f),
            ExprKind::Chain { first, rest } => {
                f(NodeMut::Expr(first));
                for link in rest {
                    f(NodeMut::Expr(&mut link.operand));
                }
            }
            ExprKind::Place { wanted, unwanted } => {
                all(wanted, f);
                all(unwanted, f);
            }
            ExprKind::CallValue { callee, args } => {
                f(NodeMut::Expr(callee));
                all(args, f);
            }
            ExprKind::Map(entries) => {
                for (key, value) in entries {
                    f(NodeMut::Expr(key));
                    f(NodeMut::Expr(value));
                }
            }
            ExprKind::Some(one)
            | ExprKind::Field { object: one, .. }
            | ExprKind::TupleField { object: one, .. }
            | ExprKind::Unary { operand: one, .. }
            | ExprKind::Try { value: one, .. }
            | ExprKind::Unwrap { value: one, .. }
            | ExprKind::Loop { body: one, .. } => f(NodeMut::Expr(one)),
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
            } => {
                f(NodeMut::Expr(a));
                f(NodeMut::Expr(b));
            }
            ExprKind::Interpolate(parts) => {
                for part in parts {
                    if let Part::Value { value, .. } = part {
                        f(NodeMut::Expr(value));
                    }
                }
            }
            ExprKind::Return(value) | ExprKind::Break { value, .. } => {
                if let Some(value) = value {
                    f(NodeMut::Expr(value));
                }
            }
            ExprKind::Closure(closure) => f(NodeMut::Expr(&mut closure.body)),
            _ => self.control_mut(f),
        }
    }

    /// The parts of blocks, branches and loops.
    fn control_mut(&mut self, f: Visit<'_>) {
        match &mut self.kind {
            ExprKind::Block { stmts, tail } => {
                stmts.iter_mut().for_each(|stmt| stmt.children_mut(f));
                maybe(tail, f);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                f(NodeMut::Expr(condition));
                f(NodeMut::Expr(then));
                maybe(otherwise, f);
            }
            ExprKind::Matches { pattern, value } => {
                f(NodeMut::Pattern(pattern));
                f(NodeMut::Expr(value));
            }
            ExprKind::Match { value, arms } => {
                f(NodeMut::Expr(value));
                for arm in arms {
                    f(NodeMut::Pattern(&mut arm.pattern));
                    if let Some(guard) = &mut arm.guard {
                        f(NodeMut::Expr(guard));
                    }
                    f(NodeMut::Expr(&mut arm.body));
                }
            }
            ExprKind::ForEach {
                pattern,
                iterable: value,
                body,
                ..
            } => {
                f(NodeMut::Pattern(pattern));
                f(NodeMut::Expr(value));
                f(NodeMut::Expr(body));
            }
            ExprKind::ForRange {
                start, end, body, ..
            } => {
                f(NodeMut::Expr(start));
                f(NodeMut::Expr(end));
                f(NodeMut::Expr(body));
            }
            _ => {}
        }
    }
}

impl Stmt {
    fn children_mut(&mut self, f: Visit<'_>) {
        match &mut self.kind {
            StmtKind::Let {
                pattern,
                value,
                otherwise,
            } => {
                f(NodeMut::Pattern(pattern));
                f(NodeMut::Expr(value));
                if let Some(otherwise) = otherwise {
                    f(NodeMut::Expr(otherwise));
                }
            }
            StmtKind::Assign { target, value, .. } => {
                match target {
                    Target::Local(_) | Target::Error => {}
                    Target::Field { object, .. } => f(NodeMut::Expr(object)),
                    Target::Index { object, index } => {
                        f(NodeMut::Expr(object));
                        f(NodeMut::Expr(index));
                    }
                }
                f(NodeMut::Expr(value));
            }
            StmtKind::Assert { condition, message } => {
                f(NodeMut::Expr(condition));
                if let Some(message) = message {
                    f(NodeMut::Expr(message));
                }
            }
            StmtKind::Expr(value) => f(NodeMut::Expr(value)),
        }
    }
}

impl Pattern {
    /// Calls `f` with each pattern that stands directly in this one.
    pub fn children_mut(&mut self, f: &mut dyn FnMut(&mut Self)) {
        match &mut self.kind {
            PatternKind::At { pattern, .. } | PatternKind::Some(pattern) => f(pattern),
            PatternKind::Variant { fields: parts, .. }
            | PatternKind::Struct { fields: parts, .. }
            | PatternKind::Tuple(parts)
            | PatternKind::Or(parts) => parts.iter_mut().for_each(f),
            PatternKind::List {
                front, rest, back, ..
            } => {
                let rest = rest.iter_mut().map(|rest| &mut **rest);
                front.iter_mut().chain(rest).chain(back).for_each(f);
            }
            _ => {}
        }
    }
}

fn all(exprs: &mut [Expr], f: Visit<'_>) {
    for expr in exprs {
        f(NodeMut::Expr(expr));
    }
}

fn maybe(expr: &mut Option<Box<Expr>>, f: Visit<'_>) {
    if let Some(expr) = expr {
        f(NodeMut::Expr(expr));
    }
}
