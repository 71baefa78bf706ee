//! Making structs, variants and tags of families.

use super::arguments::{Called, Given, Naming, Param};
use super::body::{Body, Want, Why};
use super::lints::Item;
use super::unify::Cause;
use crate::ast::{Arg, Mutability, Span};
use crate::diagnostic::{Fix, code};
use crate::typed::{
    self, Access, AdtId, ClosureBody, Expr, ExprKind, FieldId, FnId, Function, Local, LocalId,
    Name, Pattern, PatternKind, Stmt, StmtKind, TagId, Ty, TyKind, VariantId,
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
        let mut called = Called {
            name: &declared.name,
            file: self.world.file(declared.module),
            span: declared.span,
            at,
            naming: Naming::Named,
        };
        if let Some((base, rest)) = args.split_first()
            && base.spread.is_some()
        {
            called.naming = Naming::Update;
            let base = self.check(&base.value, ty, Why::Plain);
            return self.update(&called, (adt, base), &params, rest, span);
        }
        let given = Given::new(None, args);
        let (fields, before) = self.all_arguments(&called, &params, given, &type_args);
        let made = self.expr(ExprKind::Struct { adt, fields }, ty, span);
        self.after(before, made)
    }

    /// `P(..base, x: 3)`: a new struct with the fields of `base`, but for those that are named.
    /// They are read before the others are computed.
    fn update(
        &mut self,
        called: &Called<'_>,
        (adt, base): (AdtId, Expr),
        params: &[Param],
        args: &[Arg],
        span: Span,
    ) -> Expr {
        let ty = base.ty;
        if ty == Ty::ERROR || ty == Ty::NEVER {
            self.arguments(called, params, Given::new(None, args), &[]);
            return self.error_expr(span);
        }
        let at = base.span;
        let (local, first) = self.bound_first(base);
        let mut stmts = vec![first];
        let arguments = self.arguments(called, params, Given::new(None, args), &[]);
        let declared = self.world.adt(adt).fields();
        let mut fields = Vec::with_capacity(params.len());
        let mut taken = 0;
        for (field, value) in arguments.values.into_iter().enumerate() {
            fields.push(match value {
                Some(value) => value,
                None => {
                    taken += 1;
                    let object = Box::new(self.expr(ExprKind::Local(local), ty, at));
                    let kind = ExprKind::Field {
                        object,
                        field: FieldId::new(field),
                    };
                    let value = self.expr(kind, params[field].ty, at);
                    match declared[field].mutability {
                        Mutability::Let => value,
                        // The fields that are given may assign it.
                        Mutability::Var => {
                            let (local, first) = self.bound_first(value);
                            stmts.push(first);
                            self.expr(ExprKind::Local(local), params[field].ty, at)
                        }
                    }
                }
            });
        }
        if taken == 0 {
            let message = format!("`{}` has no other fields that `..` could give", called.name);
            let warning = self.warning(code::UNUSED_VALUE, at, message);
            self.report(warning.help("remove it"));
        }
        stmts.extend(arguments.before);
        let made = self.expr(ExprKind::Struct { adt, fields }, ty, span);
        self.after(stmts, made)
    }

    /// The value in a local, and the statement that puts it there.
    pub(super) fn bound_first(&mut self, value: Expr) -> (LocalId, Stmt) {
        let (ty, span) = (value.ty, value.span);
        let local = self.temporary(ty, span);
        let pattern = Pattern {
            kind: PatternKind::Bind(local),
            ty,
            span,
        };
        let kind = StmtKind::Let {
            pattern,
            value,
            otherwise: None,
        };
        (local, Stmt { kind, span })
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
        let given = Given::new(None, args);
        let (args, before) = self.all_arguments(&called, &params, given, &type_args);
        let made = self.expr(ExprKind::Variant { adt, variant, args }, ty, span);
        self.after(before, made)
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
        let given = Given::new(None, args);
        let (mut values, _) = self.all_arguments(&called, &[param], given, &[]);
        let Some(value) = values.pop() else {
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
            return self.tag_expr(tag, Vec::new(), ty, span);
        }
        let params = signature.params.iter().map(|(name, ty, span)| Param {
            name: Some(name.clone()),
            ty: *ty,
            default: None,
            span: *span,
        });
        let params: Vec<Param> = params.collect();
        let given = Given::new(None, args);
        let (args, before) = self.all_arguments(&called, &params, given, &[]);
        let member = self.tag_expr(tag, args, ty, span);
        self.after(before, member)
    }

    /// A tag as a value. The code of a generic function belongs to the modules that call it, so
    /// there a tag that belongs to the code of this module comes out of a function of its own.
    pub(super) fn tag_expr(&mut self, tag: TagId, args: Vec<Expr>, ty: Ty, span: Span) -> Expr {
        let signature = self.world.tag(tag);
        self.uses(Item::Tag(tag));
        self.may_name(tag, span);
        let of_code = signature.read == Access::Code || signature.write == Access::Code;
        if of_code && !self.generics.is_empty() && signature.module == self.module {
            let function = self.tag_function(tag, ty);
            let type_args = Vec::new();
            let kind = ExprKind::Call {
                function,
                type_args,
                args,
            };
            return self.expr(kind, ty, span);
        }
        let kind = match args.is_empty() {
            true => ExprKind::Tag(tag),
            false => ExprKind::TagMember { tag, args },
        };
        self.expr(kind, ty, span)
    }

    /// A tag that belongs to the code of its module is named in that module alone.
    pub(super) fn may_name(&mut self, tag: TagId, span: Span) {
        let signature = self.world.tag(tag);
        let of_code = signature.read == Access::Code || signature.write == Access::Code;
        if !of_code || signature.module == self.module {
            return;
        }
        let path = &self.world.parsed[signature.module.index()].path;
        let message = format!(
            "the tag `{}` belongs to the code of `{path}`",
            signature.name
        );
        let error = self.error(code::FOREIGN_CODE_TAG, span, message);
        let file = self.world.file(signature.module);
        self.report(
            error
                .label_in(file, signature.span, "declared with `access code`")
                .help(format!(
                    "let `{path}` have a public function that uses it, and call that"
                )),
        );
    }

    /// The function that gives a tag, or one tag of a family.
    fn tag_function(&mut self, tag: TagId, ty: Ty) -> FnId {
        if let Some(known) = self.cx.tag_functions.get(&tag) {
            return *known;
        }
        let signature = self.world.tag(tag);
        let span = signature.span;
        let locals = signature.params.iter().map(|(name, ty, span)| Local {
            name: name.clone(),
            ty: *ty,
            mutability: Mutability::Let,
            span: *span,
        });
        let locals: Vec<Local> = locals.collect();
        let params: Vec<LocalId> = (0..locals.len()).map(LocalId::new).collect();
        let args = params.iter().zip(&locals).map(|(id, local)| Expr {
            kind: ExprKind::Local(*id),
            ty: local.ty,
            span,
        });
        let args: Vec<Expr> = args.collect();
        let kind = match args.is_empty() {
            true => ExprKind::Tag(tag),
            false => ExprKind::TagMember { tag, args },
        };
        let id = FnId::new(self.world.functions.len() + self.cx.hidden.len());
        self.cx.hidden.push(Function {
            module: signature.module,
            name: format!("tag {}", signature.name).into(),
            generics: Vec::new(),
            params,
            locals,
            result: ty,
            body: typed::Body::Typed(Expr { kind, ty, span }),
            public: false,
            span,
        });
        self.cx.tag_functions.insert(tag, id);
        id
    }
}
