//! Making structs, variants and tags of families.

use super::arguments::{Called, Given, Naming, Param};
use super::body::{Body, Want};
use super::unify::Cause;
use crate::ast::{Arg, Mutability, Span};
use crate::diagnostic::{Fix, code};
use crate::typed::{
    AdtId, ClosureBody, Expr, ExprKind, Local, LocalId, Name, TagId, Ty, TyKind, VariantId,
};

impl Body<'_, '_> {
    pub(super) fn make_struct(
        &mut self,
        adt: AdtId,
        args: &[Arg],
        at: Span,
        span: Span,
        want: Want,
    ) -> Expr {
        let declared = self.world.adt(adt);
        let type_args = self.instantiate(&declared.generics, &declared.name, at);
        let ty = self.intern(TyKind::Adt(adt, type_args.as_slice().into()));
        self.hint(ty, want);
        let defaults = &self.world.field_defaults[adt.index()];
        let params = declared
            .fields()
            .iter()
            .zip(defaults)
            .map(|(field, default)| Param {
                name: field.name.clone(),
                ty: self.cx.types.substitute(field.ty, &type_args),
                default: *default,
                span: field.span,
            });
        let params: Vec<Param> = params.collect();
        let called = Called {
            name: &declared.name,
            file: self.world.file(declared.module),
            span: declared.span,
            at,
            naming: Naming::Named,
        };
        let arguments = self.arguments(&called, &params, Given::new(None, args), &type_args);
        let fields = arguments.values;
        let made = self.expr(ExprKind::Struct { adt, fields }, ty, span);
        self.after(arguments.before, made)
    }

    fn variant_params(&mut self, adt: AdtId, variant: VariantId, type_args: &[Ty]) -> Vec<Param> {
        let fields = &self.world.adt(adt).variants()[variant.index()].fields;
        let params = fields.iter().map(|field| Param {
            name: field.name.clone(),
            ty: self.cx.types.substitute(field.ty, type_args),
            default: None,
            span: field.span,
        });
        params.collect()
    }

    pub(super) fn make_variant(
        &mut self,
        adt: AdtId,
        variant: VariantId,
        args: &[Arg],
        (at, span): (Span, Span),
        want: Want,
    ) -> Expr {
        let declared = self.world.adt(adt);
        let type_args = self.instantiate(&declared.generics, &declared.name, at);
        let ty = self.intern(TyKind::Adt(adt, type_args.as_slice().into()));
        self.hint(ty, want);
        let params = self.variant_params(adt, variant, &type_args);
        let named = &declared.variants()[variant.index()];
        if params.is_empty() && args.is_empty() {
            let message = format!(
                "`{}` has no fields, and is written without `()`",
                named.name
            );
            let error = self.error(code::UNEXPECTED_ARGUMENT, span, message);
            let fix = Fix::new("remove `()`", Span::new(at.end, span.end), "");
            self.report(error.fix(fix.certain()));
        }
        let called = Called {
            name: &named.name,
            file: self.world.file(declared.module),
            span: named.span,
            at,
            naming: Naming::Free,
        };
        let arguments = self.arguments(&called, &params, Given::new(None, args), &type_args);
        let args = arguments.values;
        let made = self.expr(ExprKind::Variant { adt, variant, args }, ty, span);
        self.after(arguments.before, made)
    }

    /// A variant without arguments; one that has fields is a function here.
    pub(super) fn variant_value(
        &mut self,
        adt: AdtId,
        variant: VariantId,
        span: Span,
        want: Want,
    ) -> Expr {
        let declared = self.world.adt(adt);
        let type_args = self.instantiate(&declared.generics, &declared.name, span);
        let ty = self.intern(TyKind::Adt(adt, type_args.as_slice().into()));
        let params = self.variant_params(adt, variant, &type_args);
        if params.is_empty() {
            self.hint(ty, want);
            let args = Vec::new();
            return self.expr(ExprKind::Variant { adt, variant, args }, ty, span);
        }
        let params: Vec<Ty> = params.iter().map(|param| param.ty).collect();
        self.constructor(&params, ty, span, |args| ExprKind::Variant {
            adt,
            variant,
            args,
        })
    }

    /// `Some` as a function.
    pub(super) fn some_value(&mut self, span: Span) -> Expr {
        let of = self.fresh(span, Cause::Payload);
        let ty = self.option(of);
        self.constructor(&[of], ty, span, |mut args| match args.pop() {
            Some(value) => ExprKind::Some(Box::new(value)),
            None => ExprKind::None,
        })
    }

    /// A closure that only makes a value of its arguments.
    fn constructor(
        &mut self,
        params: &[Ty],
        result: Ty,
        span: Span,
        make: impl FnOnce(Vec<Expr>) -> ExprKind,
    ) -> Expr {
        let local = |ty: &Ty| Local {
            name: Name::new(""),
            ty: *ty,
            mutability: Mutability::Let,
            span,
        };
        let locals: Vec<Local> = params.iter().map(local).collect();
        let ids: Vec<LocalId> = (0..params.len()).map(LocalId::new).collect();
        let args = ids.iter().zip(params).map(|(id, ty)| Expr {
            kind: ExprKind::Local(*id),
            ty: *ty,
            span,
        });
        let args = args.collect();
        let body = self.expr(make(args), result, span);
        let ty = self.intern(TyKind::Fn {
            params: params.into(),
            result,
        });
        let closure = ClosureBody {
            params: ids,
            captures: Vec::new(),
            locals,
            result,
            body,
        };
        self.expr(ExprKind::Closure(Box::new(closure)), ty, span)
    }

    pub(super) fn make_some(&mut self, args: &[Arg], at: Span, span: Span, want: Want) -> Expr {
        let of = match want.hint().map(|hint| self.kind(hint)) {
            Some(TyKind::Option(of)) => *of,
            _ => self.fresh(span, Cause::Payload),
        };
        let param = Param {
            name: None,
            ty: of,
            default: None,
            span: at,
        };
        let called = Called {
            name: "Some",
            file: self.file,
            span: at,
            at,
            naming: Naming::Free,
        };
        let mut arguments = self.arguments(&called, &[param], Given::new(None, args), &[]);
        let Some(value) = arguments.values.pop() else {
            return self.error_expr(span);
        };
        let ty = self.option(of);
        self.expr(ExprKind::Some(Box::new(value)), ty, span)
    }

    pub(super) fn tag_member(&mut self, tag: TagId, args: &[Arg], at: Span, span: Span) -> Expr {
        let signature = self.world.tag(tag);
        let ty = self.intern(TyKind::Tag(signature.value));
        let called = Called {
            name: &signature.name,
            file: self.world.file(signature.module),
            span: signature.span,
            at,
            naming: Naming::Free,
        };
        if signature.params.is_empty() {
            let message = format!(
                "`{}` is one tag, not a family: it takes no arguments",
                called.name
            );
            let error = self.error(code::TAG_FAMILY, span, message);
            self.report(called.point(error));
            self.infer_all(args);
            return self.expr(ExprKind::Tag(tag), ty, span);
        }
        let params = signature.params.iter().map(|(name, ty, span)| Param {
            name: Some(name.clone()),
            ty: *ty,
            default: None,
            span: *span,
        });
        let params: Vec<Param> = params.collect();
        let arguments = self.arguments(&called, &params, Given::new(None, args), &[]);
        let args = arguments.values;
        let member = self.expr(ExprKind::TagMember { tag, args }, ty, span);
        self.after(arguments.before, member)
    }
}
