//! Wanting one type and finding another.

use super::body::{Body, Why};
use super::unify::Mismatch;
use crate::ast::{Literal, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::typed::{Expr, ExprKind, Ty, TyKind};

impl Body<'_, '_> {
    /// The expression as one of type `ty`; says so if it is of another.
    pub(super) fn coerce(&mut self, mut expr: Expr, ty: Ty, why: Why) -> Expr {
        if expr.ty == Ty::NEVER {
            if self.cx.types.has_infer(ty) {
                self.never_given.push(ty);
            }
            return expr;
        }
        if let Err(mismatch) = self.unify(ty, expr.ty) {
            self.mismatch(&expr, ty, why, mismatch);
            expr.ty = Ty::ERROR;
        }
        expr
    }

    fn mismatch(&mut self, expr: &Expr, ty: Ty, why: Why, mismatch: Mismatch) {
        let error = match mismatch {
            Mismatch::Different => self.different(expr, ty),
            Mismatch::Infinite => {
                let error = self.error(code::INFINITE_TYPE, expr.span, "this type contains itself");
                error.help("make a struct for it: a struct may refer to itself by name")
            }
            Mismatch::TooLarge => return self.too_large(expr.span),
        };
        let error = match why {
            Why::Plain => error,
            Why::At(file, span, text) => error.label_in(file, span, text),
            Why::Argument { file, span, habit } => {
                let error = error.label_in(file, span, "the parameter is declared here");
                match habit {
                    Some(habit) => error.help(habit),
                    None => error,
                }
            }
        };
        self.report(error);
        // What it would have decided is not known, which is no mistake of its own.
        self.agree(ty, Ty::ERROR);
    }

    fn different(&mut self, expr: &Expr, wanted: Ty) -> Diagnostic {
        let found = self.show(expr.ty);
        let expected = self.show(wanted);
        let message = format!("expected `{expected}`, found `{found}`");
        let error = self.error(code::TYPE_MISMATCH, expr.span, message);
        self.advise(error.at(format!("this is `{found}`")), expr, wanted)
    }

    /// Says how to get from the type that was found to the one that is wanted, where there is a
    /// way.
    fn advise(&mut self, error: Diagnostic, expr: &Expr, wanted: Ty) -> Diagnostic {
        let (wanted, found) = (self.shallow(wanted), self.shallow(expr.ty));
        let after = Span::point(expr.span.end);
        match (self.kind(wanted).clone(), self.kind(found).clone()) {
            (TyKind::Float, TyKind::Int) => int_as_float(error, expr),
            (TyKind::Int, TyKind::Float) => error
                .help("`.int()` gives the whole part; `.round().int()` the nearest whole number"),
            (TyKind::Option(of), _) if self.could_be(of, found) => {
                wrap(error, expr.span, "Some(", ")", "wrap it in `Some`")
            }
            (_, TyKind::Option(of)) if self.could_be(of, wanted) => error
                .note("it may be absent")
                .help("give a default with `??`, return early with `?`, or trap with `!`"),
            (TyKind::Adt(adt, args), _) if Some(adt) == self.world.lang.result => {
                self.as_result(error, expr, (args[0], args[1]))
            }
            (_, TyKind::Adt(adt, args))
                if Some(adt) == self.world.lang.result && self.could_be(args[0], wanted) =>
            {
                error
                    .note("it may be an error")
                    .help("return the error with `?`, trap on it with `!`, or `match` it")
            }
            (TyKind::Str, TyKind::Int | TyKind::Float | TyKind::Bool | TyKind::Duration) => {
                wrap(error, expr.span, "\"{", "}\"", "make it text")
            }
            (TyKind::Hop, TyKind::Node) => error.fix(Fix::new("take its hop", after, ".hop()")),
            (TyKind::Node, TyKind::Hop) => error.fix(Fix::new("take its node", after, ".node()")),
            (_, TyKind::Fn { params, result })
                if params.is_empty() && self.could_be(result, wanted) =>
            {
                error.fix(Fix::new("call it", after, "()"))
            }
            (TyKind::Tag(Ty::UNIT), TyKind::Tag(_)) => {
                error.help("a tag with a value gets it at once: `create(tag, value)`")
            }
            (TyKind::Tag(_), TyKind::Place) => of_one_tag(error, expr),
            (_, TyKind::Tag(of)) if self.could_be(of, wanted) => self.read_first(error, expr),
            (TyKind::Map(..), TyKind::List(_)) if is_empty(expr) => {
                let fix = Fix::new("an empty map is", expr.span, "[:]");
                error.fix(fix.certain())
            }
            (TyKind::Map(..), TyKind::Place) if is_empty(expr) => {
                let fix = Fix::new("an empty map is", expr.span, "[:]");
                error.fix(fix.certain())
            }
            (TyKind::Set(_), TyKind::Place) if is_empty(expr) => {
                let fix = Fix::new("an empty set is", expr.span, "#{}");
                error.fix(fix.certain())
            }
            (TyKind::List(_), TyKind::Map(..)) if is_empty(expr) => {
                let fix = Fix::new("an empty list is", expr.span, "[]");
                error.fix(fix.certain())
            }
            (TyKind::Set(_), TyKind::Map(..)) if is_empty(expr) => {
                let fix = Fix::new("an empty set is", expr.span, "#{}");
                error.fix(fix.certain())
            }
            (TyKind::Set(_), TyKind::List(_)) => self.as_set(error, expr),
            (TyKind::List(_), TyKind::Set(_)) => {
                error.fix(Fix::new("make a list of it", after, ".list()"))
            }
            (TyKind::List(of), _) if self.could_be(of, found) => {
                error.help("a list of one element is `[x]`")
            }
            _ => error,
        }
    }

    /// A value where a `Result` is wanted.
    fn as_result(&mut self, error: Diagnostic, expr: &Expr, (ok, err): (Ty, Ty)) -> Diagnostic {
        let found = self.shallow(expr.ty);
        match (self.could_be(ok, found), self.could_be(err, found)) {
            (true, false) if found == Ty::UNIT && !matches!(expr.kind, ExprKind::Unit) => {
                error.help("after it, `Ok(())` says that it went well")
            }
            (true, false) => wrap(error, expr.span, "Ok(", ")", "wrap it in `Ok`"),
            (false, true) => wrap(error, expr.span, "Err(", ")", "wrap it in `Err`"),
            (true, true) => {
                let error = wrap(error, expr.span, "Ok(", ")", "if it is what was wanted");
                wrap(error, expr.span, "Err(", ")", "if it is what went wrong")
            }
            (false, false) => error,
        }
    }

    /// A tag where its value is wanted.
    pub(super) fn read_first(&self, error: Diagnostic, expr: &Expr) -> Diagnostic {
        let error = error.note("a tag is only a name; its value is on the node");
        match expr.kind {
            ExprKind::Tag(_) | ExprKind::TagMember { .. } => wrap(
                error,
                expr.span,
                "read(",
                ")!",
                "read it, or trap if it is not there",
            )
            .help("`read(tag) ?? other` gives a default instead"),
            _ => error.help("`read(tag)` gives the value, if the node has the tag"),
        }
    }

    /// A list where a set is wanted.
    fn as_set(&self, error: Diagnostic, expr: &Expr) -> Diagnostic {
        match expr.kind {
            ExprKind::List(_) => {
                let open = Span::new(expr.span.start, expr.span.start + 1);
                let close = Span::new(expr.span.end - 1, expr.span.end);
                let fix = Fix::new("a set is written", open, "#{").and(close, "}");
                error.fix(fix.certain())
            }
            _ => error.fix(Fix::new(
                "make a set of it",
                Span::point(expr.span.end),
                ".set()",
            )),
        }
    }
}

/// A literal without elements.
fn is_empty(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::List(elements) => elements.is_empty(),
        ExprKind::Map(entries) => entries.is_empty(),
        ExprKind::Place { wanted, unwanted } => wanted.is_empty() && unwanted.is_empty(),
        _ => false,
    }
}

/// A place where one tag is wanted.
fn of_one_tag(error: Diagnostic, expr: &Expr) -> Diagnostic {
    match &expr.kind {
        ExprKind::Place { wanted, unwanted } if unwanted.is_empty() && wanted.len() == 1 => {
            let (start, end) = (expr.span.start, expr.span.end);
            let tag = wanted[0].span;
            let before = Span::new(start, tag.start);
            let fix = Fix::new("name the tag alone", before, "").and(Span::new(tag.end, end), "");
            error.fix(fix.certain())
        }
        _ => error.help("`has_all(place)` asks whether a node has all tags of a place"),
    }
}

fn wrap(error: Diagnostic, span: Span, before: &str, after: &str, title: &str) -> Diagnostic {
    let start = Span::point(span.start);
    let end = Span::point(span.end);
    error.fix(Fix::new(title, start, before).and(end, after))
}

/// There are no implicit conversions, but a literal can be written as what it was meant to be.
pub(super) fn int_as_float(error: Diagnostic, expr: &Expr) -> Diagnostic {
    let end = Span::point(expr.span.end);
    match expr.kind {
        ExprKind::Literal(Literal::Int(_)) => {
            error.fix(Fix::new("write a `Float`", end, ".0").certain())
        }
        ExprKind::Binary { .. } | ExprKind::Chain { .. } | ExprKind::Unary { .. } => {
            error.help("convert it with `.float()`")
        }
        _ => error
            .note("there are no implicit conversions")
            .fix(Fix::new("convert it to `Float`", end, ".float()").certain()),
    }
}
