//! Closures.

use super::body::{Body, Want, Why};
use super::frame::{FrameKind, LocalKind};
use super::unify::Cause;
use crate::ast::{self, Mutability, PatternKind, Span};
use crate::diagnostic::code;
use crate::typed::{ClosureBody, Expr, ExprKind, LocalId, Name, Stmt, StmtKind, Ty, TyKind};

impl Body<'_, '_> {
    pub(super) fn closure(&mut self, closure: &ast::Closure, span: Span, want: Want) -> Expr {
        let (hints, result) = self.closure_hints(closure, want);
        let mut params = Vec::with_capacity(closure.params.len());
        for (param, hint) in closure.params.iter().zip(hints) {
            params.push(self.closure_param(param, hint));
        }
        let result = match (&closure.result, result) {
            (Some(written), _) => self.result_annotation(written),
            (None, Some(hint)) => hint,
            (None, None) => self.fresh(span, Cause::ClosureResult),
        };
        let declared = closure.result.as_ref().map(|written| written.span);
        let text = "the result type is written here";
        self.open_frame(
            FrameKind::Closure,
            result,
            declared.map(|declared| (declared, text)),
        );
        let mark = self.open_scope();
        let (locals, before) = self.bind_params(closure, &params);
        let why = match declared {
            Some(at) => Why::At(self.file, at, text),
            None => Why::Plain,
        };
        let body = self.block(&closure.body, Want::Type(result, why));
        let body = self.coerce(body, result, why);
        let body = prepend(before, body);
        self.close_scope(mark);
        let ty = self.intern(TyKind::Fn {
            params: params.into(),
            result,
        });
        let frame = self.close_frame();
        let captures = frame.captures.clone();
        let closure = ClosureBody {
            params: locals,
            captures,
            locals: self.retire(frame),
            result,
            body,
        };
        self.expr(ExprKind::Closure(Box::new(closure)), ty, span)
    }

    /// What is wanted of the parameters and the result.
    fn closure_hints(
        &mut self,
        closure: &ast::Closure,
        want: Want,
    ) -> (Vec<Option<Ty>>, Option<Ty>) {
        match want.hint().map(|hint| self.kind(hint)) {
            Some(TyKind::Fn { params, result }) if params.len() == closure.params.len() => {
                (params.iter().copied().map(Some).collect(), Some(*result))
            }
            _ => (vec![None; closure.params.len()], None),
        }
    }

    fn closure_param(&mut self, param: &ast::ClosureParam, hint: Option<Ty>) -> Ty {
        match (&param.ty, hint) {
            (Some(written), _) => self.annotation(written),
            (None, Some(hint)) => hint,
            (None, None) => {
                let name = match &param.pattern.kind {
                    PatternKind::Binding(name) => name.name.clone(),
                    _ => Name::new("_"),
                };
                self.fresh(param.pattern.span, Cause::ClosureParam(name))
            }
        }
    }

    /// A local for each parameter; one that is taken apart is so at the beginning of the body.
    fn bind_params(&mut self, closure: &ast::Closure, types: &[Ty]) -> (Vec<LocalId>, Vec<Stmt>) {
        let mut locals = Vec::with_capacity(types.len());
        let mut apart = Vec::new();
        for (param, ty) in closure.params.iter().zip(types) {
            match &param.pattern.kind {
                PatternKind::Binding(name) => {
                    let before = closure.params.iter().take(locals.len());
                    if before.clone().any(|other| binds(other, &name.name)) {
                        let message = format!("two parameters are named `{name}`");
                        let error = self.error(code::DUPLICATE_NAME, name.span, message);
                        self.report(error);
                    }
                    let local = self.local(name, *ty, Mutability::Let, LocalKind::Param);
                    self.bring_into_scope(&name.name, local);
                    locals.push(local);
                }
                PatternKind::Wildcard => locals.push(self.temporary(*ty, param.pattern.span)),
                _ => {
                    let local = self.temporary(*ty, param.pattern.span);
                    locals.push(local);
                    apart.push((&param.pattern, local, *ty));
                }
            }
        }
        let stmts = apart.into_iter().map(|(pattern, local, ty)| {
            let span = pattern.span;
            let value = self.expr(ExprKind::Local(local), ty, span);
            let pattern = self.pattern(pattern, ty, Mutability::Let);
            self.irrefutable(&pattern, "a parameter");
            let kind = StmtKind::Let {
                pattern,
                value,
                otherwise: None,
            };
            Stmt { kind, span }
        });
        let stmts = stmts.collect();
        (locals, stmts)
    }
}

fn binds(param: &ast::ClosureParam, name: &Name) -> bool {
    matches!(&param.pattern.kind, PatternKind::Binding(bound) if bound.name == *name)
}

/// The block with statements before its own.
fn prepend(mut before: Vec<Stmt>, mut body: Expr) -> Expr {
    if !before.is_empty()
        && let ExprKind::Block { stmts, .. } = &mut body.kind
    {
        before.append(stmts);
        *stmts = before;
    }
    body
}
