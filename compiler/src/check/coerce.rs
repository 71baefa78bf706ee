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

    fn mismatch(&mut self, expr: &Expr, wanted: Ty, why: Why, mismatch: Mismatch) {
        let error = match mismatch {
            Mismatch::Different => self.different(expr, wanted),
            Mismatch::Infinite => {
                let error = self.error(code::INFINITE_TYPE, expr.span, "this type contains itself");
                error.help("make a struct for it: a struct may refer to itself by name")
            }
            Mismatch::TooLarge => return self.too_large(expr.span),
        };
        let error = match why {
            Why::Plain => error,
            Why::At(file, span, text) => error.label_in(file, span, text),
        };
        self.report(error);
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
            (TyKind::Adt(adt, args), _)
                if Some(adt) == self.world.lang.result && self.could_be(args[0], found) =>
            {
                wrap(error, expr.span, "Ok(", ")", "wrap it in `Ok`")
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
            (_, TyKind::Tag(of)) if self.could_be(of, wanted) => error
                .note("a tag is only a name; its value is on the node")
                .help("`read(tag)` gives the value, if the node has the tag"),
            _ => error,
        }
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
        ExprKind::Binary { .. } | ExprKind::Unary { .. } => {
            error.help("convert it with `.float()`")
        }
        _ => error
            .note("there are no implicit conversions")
            .fix(Fix::new("convert it to `Float`", end, ".float()").certain()),
    }
}
