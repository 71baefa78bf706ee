//! Operators.

use super::body::{Body, Reason, Want, Why};
use super::coerce::int_as_float;
use super::frame::FrameKind;
use super::unify::Cause;
use crate::ast::{self, Literal, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::typed::{BinaryOp, Bound, Expr, ExprKind, Flavour, Link, Ty, TyKind, UnaryOp};

impl Body<'_, '_> {
    pub(super) fn unary(
        &mut self,
        op: UnaryOp,
        operand: &ast::Expr,
        span: Span,
        want: Want,
    ) -> Expr {
        let compared = self.negated.take();
        let hint = match want.hint().map(|hint| self.shallow(hint)) {
            Some(ty) if [Ty::INT, Ty::FLOAT, Ty::DURATION, Ty::BOOL].contains(&ty) => Want::ty(ty),
            _ => Want::Anything,
        };
        let operand = self.infer(operand, hint);
        let ty = self.shallow(operand.ty);
        let fits = match op {
            UnaryOp::Neg => [Ty::INT, Ty::FLOAT, Ty::DURATION].contains(&ty),
            UnaryOp::Not => ty == Ty::BOOL,
            UnaryOp::BitNot => ty == Ty::INT,
        };
        if !fits && ty != Ty::ERROR && ty != Ty::NEVER {
            if !self.is_unknown(ty) {
                let shown = self.show(ty);
                let message = format!("`{}` does not work on `{shown}`", op.symbol());
                let error = self.error(code::BAD_OPERAND, operand.span, message);
                self.report(match (op, compared) {
                    (UnaryOp::Not, Some(all)) => {
                        error.note("`!` binds tighter than a comparison").fix(
                            Fix::new("negate all of it", Span::point(all.start), "(")
                                .and(Span::point(all.end), ")"),
                        )
                    }
                    (UnaryOp::Not, None) if ty == Ty::INT => error.help("`~` inverts the bits"),
                    _ => error,
                });
                return self.error_expr(span);
            }
            match op {
                UnaryOp::Not => self.agree(ty, Ty::BOOL),
                UnaryOp::BitNot => self.agree(ty, Ty::INT),
                UnaryOp::Neg => {
                    self.require(ty, Bound::Ord, span, Reason::Arithmetic(op.symbol()));
                }
            }
        }
        let operand = Box::new(operand);
        self.expr(ExprKind::Unary { op, operand }, ty, span)
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        at: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        want: Want,
    ) -> Expr {
        let span = left.span.to(right.span);
        match op {
            BinaryOp::Coalesce => self.coalesce(left, right, span, want),
            BinaryOp::Eq | BinaryOp::Ne => self.comparison(op, at, (left, right), Bound::Eq, span),
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                self.comparison(op, at, (left, right), Bound::Ord, span)
            }
            _ => self.identity(at, left, right, span),
        }
    }

    /// Operators of one precedence, from left to right.
    pub(super) fn chain(&mut self, first: &ast::Expr, rest: &[ast::Link], want: Want) -> Expr {
        match rest[0].op {
            BinaryOp::And => self.logic(ExprKind::And, first, rest),
            BinaryOp::Or => self.logic(ExprKind::Or, first, rest),
            _ => self.arithmetic(first, rest, want),
        }
    }

    fn logic(
        &mut self,
        make: fn(Vec<Expr>) -> ExprKind,
        first: &ast::Expr,
        rest: &[ast::Link],
    ) -> Expr {
        let parts = std::iter::once(first).chain(rest.iter().map(|link| &link.operand));
        let parts: Vec<Expr> = parts
            .map(|part| self.check(part, Ty::BOOL, Why::Plain))
            .collect();
        let span = first.span.to(rest[rest.len() - 1].operand.span);
        self.expr(make(parts), Ty::BOOL, span)
    }

    /// Both sides; one that is a bare variant learns its enum from the other.
    fn sides(&mut self, left: &ast::Expr, right: &ast::Expr) -> (Expr, Expr) {
        if is_bare_variant(left) && !is_bare_variant(right) {
            let right = self.infer(right, Want::Anything);
            let left = self.infer(left, Want::ty(right.ty));
            return (left, right);
        }
        let left = self.infer(left, Want::Anything);
        let want = if left.ty == Ty::NEVER {
            Want::Anything
        } else {
            Want::ty(left.ty)
        };
        let right = self.infer(right, want);
        (left, right)
    }

    fn comparison(
        &mut self,
        op: BinaryOp,
        at: Span,
        (left, right): (&ast::Expr, &ast::Expr),
        bound: Bound,
        span: Span,
    ) -> Expr {
        if let ast::ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } = &left.kind
        {
            self.negated = Some(operand.span.to(right.span));
        }
        let (left, right) = self.sides(left, right);
        if left.ty != Ty::NEVER && right.ty != Ty::NEVER {
            if self.unify(left.ty, right.ty).is_err() {
                self.unlike(op, at, &left, &right);
            } else {
                self.require(left.ty, bound, at, Reason::Operator(op.symbol()));
            }
        }
        self.binary_expr(op, left, right, Ty::BOOL, span)
    }

    fn binary_expr(&mut self, op: BinaryOp, left: Expr, right: Expr, ty: Ty, span: Span) -> Expr {
        let kind = ExprKind::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        };
        self.expr(kind, ty, span)
    }

    /// Two operands whose types do not go together.
    fn unlike(&mut self, op: BinaryOp, at: Span, left: &Expr, right: &Expr) {
        let (l, r) = (self.shallow(left.ty), self.shallow(right.ty));
        if [l, r].contains(&Ty::ERROR) {
            return;
        }
        let (shown_l, shown_r) = (self.show(l), self.show(r));
        let symbol = op.symbol();
        let message = format!("`{symbol}` does not work on `{shown_l}` and `{shown_r}`");
        let error = self.error(code::BAD_OPERAND, at, message);
        let error = error.label(left.span, format!("`{shown_l}`"));
        let error = error.label(right.span, format!("`{shown_r}`"));
        let error = self.advise_operands(op, error, (left, l), (right, r));
        self.report(error);
    }

    fn advise_operands(
        &mut self,
        op: BinaryOp,
        error: Diagnostic,
        (left, l): (&Expr, Ty),
        (right, r): (&Expr, Ty),
    ) -> Diagnostic {
        if is_int_only(op) {
            return error;
        }
        if (l, r) == (Ty::INT, Ty::FLOAT) {
            // The target of an assignment keeps its type.
            return match left.kind {
                ExprKind::Error => error.help("convert the right side with `.int()`"),
                _ => int_as_float(error, left),
            };
        }
        if (l, r) == (Ty::FLOAT, Ty::INT) {
            return int_as_float(error, right);
        }
        match (self.kind(l).clone(), self.kind(r).clone()) {
            (TyKind::Tag(_), _) if !matches!(left.kind, ExprKind::Error) => {
                self.read_first(error, left)
            }
            (_, TyKind::Tag(_)) => self.read_first(error, right),
            (TyKind::Str, TyKind::Int) if op == BinaryOp::Mul => {
                let gap = Span::new(left.span.end, right.span.start);
                let fix = Fix::new("a text is repeated with", gap, ".repeat(");
                error.fix(fix.and(Span::point(right.span.end), ")").certain())
            }
            (TyKind::Str, _) | (_, TyKind::Str) => {
                error.help("interpolation makes text of any value: `\"{a}{b}\"`")
            }
            (TyKind::Option(of), _) if self.could_be(of, r) => {
                error.help("the left side may be absent: `??` gives a default, `!` traps")
            }
            (_, TyKind::Option(of)) if self.could_be(of, l) => {
                error.help("the right side may be absent: `??` gives a default, `!` traps")
            }
            (TyKind::List(_), TyKind::List(_)) => error.help("`a.append(b)` adds to a list"),
            _ => error,
        }
    }

    fn identity(&mut self, at: Span, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let (left, right) = self.sides(left, right);
        if self.unify(left.ty, right.ty).is_err() {
            self.unlike(BinaryOp::Is, at, &left, &right);
        } else {
            let ty = self.shallow(left.ty);
            let is_struct = |body: &Self| match body.kind(ty) {
                TyKind::Adt(adt, _) => !body.world.names.adts[adt.index()].is_enum,
                TyKind::List(_) | TyKind::Map(..) | TyKind::Set(_) => true,
                TyKind::Fn { .. } | TyKind::Error | TyKind::Never => true,
                _ => false,
            };
            if !is_struct(self) {
                let shown = self.show(ty);
                let message = format!("`{shown}` has no identity");
                let error = self.error(code::NO_IDENTITY, at, message);
                self.report(
                    error
                        .note(
                            "structs, lists, maps and sets have: two may be equal and not the same",
                        )
                        .fix(Fix::new("`==` compares values", at, "==").certain()),
                );
            }
        }
        self.binary_expr(BinaryOp::Is, left, right, Ty::BOOL, span)
    }

    fn arithmetic(&mut self, first: &ast::Expr, rest: &[ast::Link], want: Want) -> Expr {
        let hint = match want.hint().map(|hint| self.shallow(hint)) {
            Some(ty) if [Ty::INT, Ty::FLOAT].contains(&ty) => Want::ty(ty),
            _ => Want::Anything,
        };
        let start = first.span;
        let mut left = self.infer(first, hint);
        for (at, link) in rest.iter().enumerate() {
            let (op, span) = (link.op, start.to(link.operand.span));
            let operand = self.infer(&link.operand, hint);
            let ty = self.arithmetic_type(op, link.op_span, &left, &operand, span);
            let link = Link { op, operand, span };
            match &mut left.kind {
                ExprKind::Chain { rest, .. } if at > 0 => rest.push(link),
                _ => {
                    let mut links = Vec::with_capacity(rest.len());
                    links.push(link);
                    let kind = ExprKind::Chain {
                        first: Box::new(left),
                        rest: links,
                    };
                    left = self.expr(kind, ty, span);
                }
            }
            (left.ty, left.span) = (ty, span);
        }
        left
    }

    /// The type of `left op right`; says so if there is none.
    pub(super) fn arithmetic_type(
        &mut self,
        op: BinaryOp,
        at: Span,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Ty {
        let (l, r) = (self.shallow(left.ty), self.shallow(right.ty));
        if [l, r].contains(&Ty::ERROR) {
            return Ty::ERROR;
        }
        if l == Ty::NEVER || r == Ty::NEVER {
            return Ty::NEVER;
        }
        let only_int = is_int_only(op);
        match (self.is_unknown(l), self.is_unknown(r)) {
            (true, true) => {
                self.agree(l, r);
                if only_int {
                    self.agree(l, Ty::INT);
                } else {
                    self.require(l, Bound::Ord, span, Reason::Arithmetic(op.symbol()));
                }
                return self.shallow(l);
            }
            (true, false) => self.agree(l, if only_int { Ty::INT } else { r }),
            (false, true) => self.agree(r, if only_int { Ty::INT } else { l }),
            (false, false) => {}
        }
        let (l, r) = (self.shallow(l), self.shallow(r));
        if let Some(ty) = result_of(op, l, r) {
            return ty;
        }
        self.unlike(op, at, left, right);
        Ty::ERROR
    }

    fn coalesce(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span, want: Want) -> Expr {
        let hint = want.hint().map(|hint| self.option(hint));
        let left = self.infer(left, hint.map_or(Want::Anything, Want::ty));
        let ty = self.shallow(left.ty);
        let (of, flavour) = match self.kind(ty) {
            TyKind::Option(of) => (*of, Flavour::Option),
            TyKind::Adt(adt, args) if Some(*adt) == self.world.lang.result => {
                (args[0], Flavour::Result)
            }
            TyKind::Error | TyKind::Never => {
                self.infer(right, want);
                return self.error_expr(span);
            }
            _ => {
                let shown = self.show(ty);
                let message = format!(
                    "`??` needs an option or a `Result` on its left, and this is `{shown}`"
                );
                let error = self.error(code::NOT_OPTIONAL, left.span, message);
                self.report(match self.kind(ty) {
                    TyKind::Infer(_) => error,
                    _ => error.note("it is always there"),
                });
                self.infer(right, want);
                return self.error_expr(span);
            }
        };
        let right = self.infer(right, Want::ty(of));
        // `a ?? b` with two options or two results: the first that is there.
        let is_like_left = match self.kind(right.ty) {
            TyKind::Option(_) => flavour == Flavour::Option,
            TyKind::Adt(adt, _) => Some(*adt) == self.world.lang.result,
            _ => false,
        };
        let ty = if is_like_left && !self.could_be(of, right.ty) {
            left.ty
        } else {
            of
        };
        let right = self.coerce(right, ty, Why::Plain);
        let ty = if right.ty == Ty::ERROR { Ty::ERROR } else { ty };
        let kind = ExprKind::Coalesce {
            value: Box::new(left),
            otherwise: Box::new(right),
            flavour,
        };
        self.expr(kind, ty, span)
    }

    // ------------------------------------------------------------------------------ `?` and `!`

    pub(super) fn unwrap(&mut self, value: &ast::Expr, span: Span) -> Expr {
        let value = self.infer(value, Want::Anything);
        let Some((flavour, ty, _)) = self.payload(&value, "!") else {
            return self.error_expr(span);
        };
        let value = Box::new(value);
        self.expr(ExprKind::Unwrap { value, flavour }, ty, span)
    }

    /// What is in an option or result: its kind, its value, its error.
    fn payload(&mut self, value: &Expr, sign: &str) -> Option<(Flavour, Ty, Option<Ty>)> {
        let ty = self.shallow(value.ty);
        match self.kind(ty) {
            TyKind::Option(of) => return Some((Flavour::Option, *of, None)),
            TyKind::Adt(adt, args) if Some(*adt) == self.world.lang.result => {
                return Some((Flavour::Result, args[0], Some(args[1])));
            }
            TyKind::Error | TyKind::Never => return None,
            TyKind::Infer(_) => {
                self.must_be_known(value);
                return None;
            }
            _ => {}
        }
        let shown = self.show(ty);
        let message = format!("`{sign}` needs an option or a `Result`, and this is `{shown}`");
        let error = self.error(code::NOT_OPTIONAL, value.span, message);
        self.report(error.note("it is always there"));
        None
    }

    pub(super) fn try_value(&mut self, value: &ast::Expr, span: Span) -> Expr {
        let value = self.infer(value, Want::Anything);
        let Some((flavour, ty, error)) = self.payload(&value, "?") else {
            return self.error_expr(span);
        };
        if self.frame().kind == FrameKind::Value {
            return self.not_constant(span, "`?`");
        }
        let result = self.frame().result;
        let target = match error {
            None => {
                let payload = self.fresh(span, Cause::Nothing);
                self.option(payload)
            }
            Some(error) => {
                let payload = self.fresh(span, Cause::Nothing);
                let adt = self
                    .world
                    .lang
                    .result
                    .expect("a value of this type was found");
                self.intern(TyKind::Adt(adt, [payload, error].into()))
            }
        };
        let known = self.shallow(result);
        if self.unify(result, target).is_err() {
            self.cannot_return(&value, known, span);
        }
        let value = Box::new(value);
        self.expr(ExprKind::Try { value, flavour }, ty, span)
    }

    fn cannot_return(&mut self, value: &Expr, result: Ty, span: Span) {
        let (found, result_shown) = (self.show(value.ty), self.show(result));
        let message = "`?` cannot return from here";
        let error = self.error(
            code::TRY_OUTSIDE,
            Span::new(span.end.max(1) - 1, span.end),
            message,
        );
        let error = error.label(value.span, format!("this is `{found}`"));
        let declared = self.frame().declared;
        let error = match declared {
            Some((at, _)) => error.label(at, format!("the function's result is `{result_shown}`")),
            None => error.note(format!("the result here is `{result_shown}`")),
        };
        self.report(error.help("handle it with `match`, or trap with `!`"));
    }
}

/// Whether the expression's meaning may depend on the enum that is wanted.
fn is_bare_variant(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Name(name) => name.name.starts_with(char::is_uppercase),
        ast::ExprKind::Call { callee, .. } => is_bare_variant(callee),
        ast::ExprKind::List(elements) => elements.is_empty(),
        ast::ExprKind::Literal(Literal::Int(_)) => false,
        _ => false,
    }
}

const fn is_int_only(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::BitAnd
            | BinaryOp::Shl
            | BinaryOp::Shr
            | BinaryOp::ShrLogical
            | BinaryOp::AddWrap
            | BinaryOp::SubWrap
            | BinaryOp::MulWrap
    )
}

/// The table of arithmetic.
fn result_of(op: BinaryOp, left: Ty, right: Ty) -> Option<Ty> {
    if is_int_only(op) {
        return ((left, right) == (Ty::INT, Ty::INT)).then_some(Ty::INT);
    }
    match (op, left, right) {
        (_, Ty::INT, Ty::INT) => Some(Ty::INT),
        (_, Ty::FLOAT, Ty::FLOAT) => Some(Ty::FLOAT),
        (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, Ty::DURATION, Ty::DURATION) => {
            Some(Ty::DURATION)
        }
        (BinaryOp::Div, Ty::DURATION, Ty::DURATION) => Some(Ty::INT),
        (BinaryOp::Mul | BinaryOp::Div, Ty::DURATION, Ty::INT) => Some(Ty::DURATION),
        (BinaryOp::Mul, Ty::INT, Ty::DURATION) => Some(Ty::DURATION),
        (BinaryOp::Add, Ty::STR, Ty::STR) => Some(Ty::STR),
        _ => None,
    }
}
