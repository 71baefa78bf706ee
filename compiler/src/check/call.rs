//! Calls: what is called, and which argument is for which parameter.

use super::body::{Body, Reason, Want, Why};
use super::collect::{ParamSignature, SignatureBody};
use super::names::{Named, Qualifier};
use super::scope::{Entity, OverloadId, ValueId};
use super::unify::Cause;
use crate::ast::{self, Arg, FileId, Ident, Mutability, Span};
use crate::diagnostic::{Fix, code};
use crate::typed::{
    AdtId, Bound, ClosureBody, Expr, ExprKind, FnId, Generic, Local, LocalId, Name, Pattern,
    PatternKind, Stmt, StmtKind, TagId, Ty, TyKind, VariantId,
};

/// What a call calls.
#[derive(Clone, Copy)]
enum Callee {
    Function(FnId),
    Overloads(OverloadId),
    Struct(AdtId),
    Variant(AdtId, VariantId),
    Some,
    Tag(TagId),
    /// It has been reported.
    Error,
}

/// A parameter of whatever is called, its type seen from the call.
#[derive(Clone)]
pub(super) struct Param {
    pub name: Option<Name>,
    pub ty: Ty,
    pub default: Option<ValueId>,
    pub span: Span,
}

/// What is called, for messages.
pub(super) struct Called<'n> {
    pub name: &'n str,
    pub file: FileId,
    /// Of its name in the declaration.
    pub span: Span,
    /// Of the call's callee.
    pub at: Span,
    pub naming: Naming,
}

/// How arguments are given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// In order, passing over those that were given by name before.
    Free,
    /// By name only, as the fields of a struct.
    Named,
}

/// The arguments of a call in the order of the parameters, and what has to be computed before.
pub(super) struct Arguments {
    pub values: Vec<Expr>,
    pub before: Vec<Stmt>,
}

impl Body<'_, '_> {
    pub(super) fn call(
        &mut self,
        callee: &ast::Expr,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> Expr {
        let called = match &callee.kind {
            ast::ExprKind::Name(name) => match self.named(name, want) {
                Named::Local(_) => None,
                Named::Entity(Entity::Const(_)) => None,
                Named::Entity(entity) => Some(self.callee_entity(entity, name)),
                Named::Variant(adt, variant) => Some(Callee::Variant(adt, variant)),
                Named::Some => Some(Callee::Some),
                Named::None => None,
                Named::Error => Some(Callee::Error),
            },
            ast::ExprKind::Field { object, name } => match self.qualifier(object) {
                Some(qualifier) => match self.qualified_callee(qualifier, name) {
                    Ok(called) => called,
                    Err(candidates) => {
                        return self.choose(&candidates, name, args, span, want);
                    }
                },
                None => return self.method_call(object, name, args, span, want),
            },
            _ => None,
        };
        match called {
            Some(called) => self.call_named(called, callee, args, span, want),
            None => self.call_value(callee, args, span),
        }
    }

    fn callee_entity(&mut self, entity: Entity, name: &Ident) -> Callee {
        match entity {
            Entity::Fn(function) => Callee::Function(function),
            Entity::Overloads(id) => Callee::Overloads(id),
            Entity::Tag(tag) => Callee::Tag(tag),
            Entity::Adt(adt) if !self.world.names.adts[adt.index()].is_enum => Callee::Struct(adt),
            Entity::Adt(_) | Entity::Module(_) | Entity::Const(_) => {
                let message = format!("`{name}` is {}, and cannot be called", entity.article());
                let error = self.error(code::NOT_CALLABLE, name.span, message);
                let error = match entity {
                    Entity::Adt(_) => error.help(format!(
                        "a value of an enum is one of its variants, as in `{name}.Variant`"
                    )),
                    _ => error,
                };
                self.report(error);
                Callee::Error
            }
        }
    }

    /// `None`: a value that is called. `Err`: functions of a type, of which the arguments choose one.
    fn qualified_callee(
        &mut self,
        qualifier: Qualifier,
        name: &Ident,
    ) -> Result<Option<Callee>, Vec<FnId>> {
        match qualifier {
            Qualifier::Module(module) => Ok(match self.module_item(module, name) {
                Some(Entity::Const(_)) => None,
                Some(entity) => Some(self.callee_entity(entity, name)),
                None => Some(Callee::Error),
            }),
            Qualifier::Adt(adt) => {
                if let Some(variant) = self.world.names.variant(adt, &name.name) {
                    return Ok(Some(Callee::Variant(adt, variant)));
                }
                self.associated(super::collect::Head::Adt(adt), name)
            }
            Qualifier::Builtin(head) => self.associated(head, name),
        }
    }

    fn associated(
        &mut self,
        head: super::collect::Head,
        name: &Ident,
    ) -> Result<Option<Callee>, Vec<FnId>> {
        let candidates = self.visible_methods(head, &name.name);
        match candidates.as_slice() {
            [] => {
                self.no_such_member(head, name);
                Ok(Some(Callee::Error))
            }
            [one] => Ok(Some(Callee::Function(*one))),
            _ => Err(candidates),
        }
    }

    fn call_named(
        &mut self,
        called: Callee,
        callee: &ast::Expr,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> Expr {
        let at = callee.span;
        match called {
            Callee::Function(function) => {
                let given = Given::new(None, args);
                self.call_function(function, given, at, span, want)
            }
            Callee::Overloads(id) => {
                let candidates = &self.world.names.overloads[id.0 as usize];
                let name = Ident::new(self.world.function(candidates[0]).name.clone(), at);
                self.choose(candidates, &name, args, span, want)
            }
            Callee::Struct(adt) => self.make_struct(adt, args, at, span, want),
            Callee::Variant(adt, variant) => {
                self.make_variant(adt, variant, args, (at, span), want)
            }
            Callee::Some => self.make_some(args, at, span, want),
            Callee::Tag(tag) => self.tag_member(tag, args, at, span),
            Callee::Error => {
                self.infer_all(args);
                self.error_expr(span)
            }
        }
    }

    /// Looks at arguments whose parameters are not known, for the errors in themselves.
    pub(super) fn infer_all(&mut self, args: &[Arg]) {
        for arg in args {
            self.infer(&arg.value, Want::Anything);
        }
    }

    // ---------------------------------------------------------------------------- function values

    fn call_value(&mut self, callee: &ast::Expr, args: &[Arg], span: Span) -> Expr {
        let callee = self.infer(callee, Want::Anything);
        self.call_expr(callee, args, span)
    }

    /// Calls a value. Its parameters have no names.
    pub(super) fn call_expr(&mut self, callee: Expr, args: &[Arg], span: Span) -> Expr {
        let ty = self.shallow(callee.ty);
        let (params, result) = match self.kind(ty) {
            TyKind::Fn { params, result } => (params.clone(), *result),
            _ => {
                self.not_callable(&callee);
                self.infer_all(args);
                return self.error_expr(span);
            }
        };
        let params: Vec<Param> = params
            .iter()
            .map(|ty| Param {
                name: None,
                ty: *ty,
                default: None,
                span: callee.span,
            })
            .collect();
        let called = Called {
            name: "this function",
            file: self.file,
            span: callee.span,
            at: callee.span,
            naming: Naming::Free,
        };
        let arguments = self.arguments(&called, &params, Given::new(None, args), &[]);
        let kind = ExprKind::CallValue {
            callee: Box::new(callee),
            args: arguments.values,
        };
        self.expr(kind, result, span)
    }

    fn not_callable(&mut self, callee: &Expr) {
        let ty = self.shallow(callee.ty);
        if self.is_unknown(ty) {
            self.must_be_known(callee);
        } else if ty != Ty::ERROR && ty != Ty::NEVER {
            let shown = self.show(ty);
            let message = "this is no function, and cannot be called";
            let error = self.error(code::NOT_CALLABLE, callee.span, message);
            self.report(error.at(format!("this is `{shown}`")));
        }
    }

    /// A named function as a value.
    pub(super) fn function_value(&mut self, function: FnId, span: Span) -> Expr {
        let signature = self.world.function(function);
        let type_args = self.instantiate(&signature.generics, &signature.name, span);
        let params = signature.params.iter();
        let params = params
            .map(|param| self.cx.types.substitute(param.ty, &type_args))
            .collect();
        let result = self.substitute(signature.result, &type_args);
        let ty = self.intern(TyKind::Fn { params, result });
        let kind = ExprKind::FnValue {
            function,
            type_args,
        };
        self.expr(kind, ty, span)
    }

    // --------------------------------------------------------------------------------- functions

    /// A new unknown type for each generic parameter, with its bounds.
    pub(super) fn instantiate(&mut self, generics: &[Generic], of: &Name, span: Span) -> Vec<Ty> {
        let mut args = Vec::with_capacity(generics.len());
        for generic in generics {
            let cause = Cause::Generic {
                name: generic.name.clone(),
                of: of.clone(),
            };
            let ty = self.fresh(span, cause);
            for bound in generic.bounds.iter() {
                let reason = Reason::Generic {
                    param: generic.name.clone(),
                    of: of.clone(),
                };
                self.require(ty, bound, span, reason);
            }
            args.push(ty);
        }
        args
    }

    /// Calls a function; a receiver is its first argument.
    pub(super) fn call_function(
        &mut self,
        function: FnId,
        given: Given<'_>,
        at: Span,
        span: Span,
        want: Want,
    ) -> Expr {
        let signature = self.world.function(function);
        let type_args = self.instantiate(&signature.generics, &signature.name, at);
        let params = self.params_of(&signature.params, &type_args);
        if let (Some(receiver), Some(first)) = (&given.receiver, params.first()) {
            // Chosen by its receiver, so this holds but for the arguments of its type.
            self.agree(first.ty, receiver.ty);
        }
        let result = self.substitute(signature.result, &type_args);
        self.hint(result, want);
        let called = Called {
            name: &signature.name,
            file: self.world.file(signature.module),
            span: signature.span,
            at,
            naming: Naming::Free,
        };
        let arguments = self.arguments(&called, &params, given, &type_args);
        let kind = ExprKind::Call {
            function,
            type_args,
            args: arguments.values,
        };
        let call = self.expr(kind, result, span);
        self.after(arguments.before, call)
    }

    fn params_of(&mut self, params: &[ParamSignature], type_args: &[Ty]) -> Vec<Param> {
        let params = params.iter().map(|param| Param {
            name: Some(param.name.clone()),
            ty: self.cx.types.substitute(param.ty, type_args),
            default: param.default,
            span: param.span,
        });
        params.collect()
    }

    /// Lets what is wanted of a result decide unknown types, where it can.
    fn hint(&mut self, result: Ty, want: Want) {
        if let Some(wanted) = want.hint()
            && self.cx.types.has_infer(result)
        {
            self.agree(result, wanted);
        }
    }

    /// The call, after what had to be computed before it.
    fn after(&mut self, stmts: Vec<Stmt>, call: Expr) -> Expr {
        if stmts.is_empty() {
            return call;
        }
        let (ty, span) = (call.ty, call.span);
        let tail = Some(Box::new(call));
        self.expr(ExprKind::Block { stmts, tail }, ty, span)
    }

    // ---------------------------------------------------------------------------------- overloads

    /// Calls the one of several functions that the arguments fit.
    pub(super) fn choose(
        &mut self,
        candidates: &[FnId],
        name: &Ident,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> Expr {
        let shaped = candidates
            .iter()
            .copied()
            .filter(|id| self.fits_shape(*id, args));
        let shaped: Vec<FnId> = shaped.collect();
        if let [one] = shaped.as_slice() {
            let given = Given::new(None, args);
            return self.call_function(*one, given, name.span, span, want);
        }
        if shaped.is_empty() {
            self.none_fits(candidates, name, "with arguments of these names and number");
            self.infer_all(args);
            return self.error_expr(span);
        }
        let values = args
            .iter()
            .map(|arg| Some(self.infer(&arg.value, Want::Anything)));
        let values: Vec<Option<Expr>> = values.collect();
        let mut fitting = shaped
            .iter()
            .copied()
            .filter(|id| self.fits_types(*id, args, &values));
        let Some(one) = fitting.next() else {
            self.none_fits(candidates, name, "with arguments of these types");
            return self.error_expr(span);
        };
        let given = Given {
            receiver: None,
            args,
            values,
        };
        self.call_function(one, given, name.span, span, want)
    }

    fn fits_shape(&self, function: FnId, args: &[Arg]) -> bool {
        let params = &self.world.function(function).params;
        let Some(slots) = slots_of(params, args) else {
            return false;
        };
        params
            .iter()
            .enumerate()
            .all(|(at, param)| param.default.is_some() || slots.contains(&at))
    }

    fn fits_types(&mut self, function: FnId, args: &[Arg], values: &[Option<Expr>]) -> bool {
        let signature = self.world.function(function);
        let mark = self.infer.mark();
        let generics = signature.generics.iter();
        let unknown = generics.map(|generic| Cause::Generic {
            name: generic.name.clone(),
            of: signature.name.clone(),
        });
        let unknown: Vec<Ty> = unknown
            .map(|cause| self.fresh(signature.span, cause))
            .collect();
        let mut fits = true;
        let slots = slots_of(&signature.params, args).unwrap_or_default();
        for (slot, value) in slots.into_iter().zip(values) {
            let Some(value) = value else {
                continue;
            };
            let ty = self.substitute(signature.params[slot].ty, &unknown);
            fits &= value.ty == Ty::NEVER || self.infer.unify(self.cx.types, ty, value.ty).is_ok();
        }
        self.infer.roll_back(mark);
        fits
    }

    fn none_fits(&mut self, candidates: &[FnId], name: &Ident, how: &str) {
        let message = format!("no `{name}` can be called {how}");
        let mut error = self.error(code::NO_OVERLOAD, name.span, message);
        for id in candidates {
            let text = self.header(*id);
            error = error.note(format!("there is `{text}`"));
        }
        self.report(error);
    }

    /// A function's parameters and result as declared.
    fn header(&self, function: FnId) -> String {
        let signature = self.world.function(function);
        let show = |ty| {
            self.cx
                .types
                .show(ty, &self.world.adts, &signature.generics)
        };
        let params = signature.params.iter().map(|param| {
            let default = if param.default.is_some() { " = .." } else { "" };
            format!("{}: {}{default}", param.name, show(param.ty))
        });
        let params: Vec<String> = params.collect();
        let result = match signature.result {
            Ty::UNIT => String::new(),
            result => format!(" -> {}", show(result)),
        };
        format!("{}({}){result}", signature.name, params.join(", "))
    }

    // ------------------------------------------------------------------------------ constructors

    fn make_struct(&mut self, adt: AdtId, args: &[Arg], at: Span, span: Span, want: Want) -> Expr {
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

    fn make_variant(
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

    fn make_some(&mut self, args: &[Arg], at: Span, span: Span, want: Want) -> Expr {
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

    fn tag_member(&mut self, tag: TagId, args: &[Arg], at: Span, span: Span) -> Expr {
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
            self.report(error.label_in(called.file, called.span, "declared here"));
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

    // -------------------------------------------------------------------------------------- spawn

    pub(super) fn spawn(&mut self, call: &ast::Expr, span: Span) -> Expr {
        let called = self.infer(call, Want::Nothing);
        if called.ty == Ty::ERROR {
            return self.expr(ExprKind::Error, Ty::ID, span);
        }
        self.spawned(called, span)
    }

    /// The call as one that a new message begins with.
    fn spawned(&mut self, called: Expr, span: Span) -> Expr {
        let kind = match called.kind {
            // The arguments are computed first, to keep their order.
            ExprKind::Block {
                stmts,
                tail: Some(tail),
            } => {
                let tail = Some(Box::new(self.spawned(*tail, span)));
                ExprKind::Block { stmts, tail }
            }
            ExprKind::Call {
                function,
                type_args,
                args,
            } if self.world.is_declared(function) => {
                if let SignatureBody::Native = self.world.function(function).body {
                    let message = "a native function cannot be spawned";
                    let error = self.error(code::BAD_SPAWN, called.span, message);
                    self.report(error.help("call it in a function of your own"));
                    return self.error_expr(span);
                }
                for arg in &args {
                    self.require(arg.ty, Bound::Data, arg.span, Reason::Spawn);
                }
                ExprKind::Spawn {
                    function,
                    type_args,
                    args,
                }
            }
            _ => {
                let message = "`spawn` needs a call of a function";
                let error = self.error(code::BAD_SPAWN, called.span, message);
                self.report(
                    error
                        .note("the new message starts in a function that has a name")
                        .help("move the code into a function and pass it what it needs"),
                );
                return self.error_expr(span);
            }
        };
        self.expr(kind, Ty::ID, span)
    }

    // ---------------------------------------------------------------------------------- arguments

    /// Finds the argument of each parameter, and checks it.
    pub(super) fn arguments(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        mut given: Given<'_>,
        type_args: &[Ty],
    ) -> Arguments {
        let taken = usize::from(given.receiver.is_some());
        let slots = self.arrange(called, params, given.args, taken);
        let mut values: Vec<Option<Expr>> = Vec::new();
        values.resize_with(params.len(), || None);
        if let (Some(first), Some(receiver)) = (values.first_mut(), given.receiver.take()) {
            *first = Some(receiver);
        }
        let is_closure =
            |at: &usize| matches!(given.args[*at].value.kind, ast::ExprKind::Closure(_));
        let mut later = Vec::new();
        for (at, slot) in slots.iter().enumerate() {
            match slot {
                Some(slot) if is_closure(&at) => later.push((at, *slot)),
                _ => self.argument(called, params, &mut given, &mut values, at, *slot),
            }
        }
        // A closure's parameters get their types from the other arguments.
        for (at, slot) in later {
            self.argument(called, params, &mut given, &mut values, at, Some(slot));
        }
        let before = self.keep_order(&slots, &mut values);
        self.defaults(called, params, &mut values, type_args);
        let filled = values.into_iter().map(|value| match value {
            Some(value) => value,
            None => self.error_expr(called.at),
        });
        Arguments {
            values: filled.collect(),
            before,
        }
    }

    fn argument(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        given: &mut Given<'_>,
        values: &mut [Option<Expr>],
        at: usize,
        slot: Option<usize>,
    ) {
        let arg = &given.args[at].value;
        let ready = given.values.get_mut(at).and_then(Option::take);
        let Some(slot) = slot else {
            if ready.is_none() {
                self.infer(arg, Want::Anything);
            }
            return;
        };
        let param = &params[slot];
        let why = match &param.name {
            Some(_) => Why::At(called.file, param.span, "the parameter is declared here"),
            None => Why::Plain,
        };
        let value = match ready {
            Some(value) => self.coerce(value, param.ty, why),
            None => self.check(arg, param.ty, why),
        };
        values[slot] = Some(value);
    }

    /// For each argument the parameter it is for. Says what is wrong with the rest.
    fn arrange(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        args: &[Arg],
        taken: usize,
    ) -> Vec<Option<usize>> {
        let mut filled: Vec<Option<Span>> = vec![None; params.len()];
        for slot in filled.iter_mut().take(taken) {
            *slot = Some(called.at);
        }
        let mut next = taken;
        let mut slots = Vec::with_capacity(args.len());
        let mut complete = true;
        for arg in args {
            let slot = match &arg.name {
                Some(name) => self.named_slot(called, params, name, &filled, taken),
                None => {
                    while filled.get(next).is_some_and(Option::is_some) {
                        next += 1;
                    }
                    let slot = self.next_slot(called, params, arg, next);
                    next += 1;
                    slot
                }
            };
            complete &= slot.is_some();
            if let Some(slot) = slot {
                filled[slot] = Some(arg.span);
            }
            slots.push(slot);
        }
        let missing = params.iter().zip(&filled);
        let missing = missing.filter(|(param, slot)| slot.is_none() && param.default.is_none());
        let missing: Vec<&Param> = missing.map(|(param, _)| param).collect();
        if complete && !missing.is_empty() {
            self.missing(called, params, &missing, args.len());
        }
        slots
    }

    fn named_slot(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        name: &Ident,
        filled: &[Option<Span>],
        taken: usize,
    ) -> Option<usize> {
        let is = |param: &Param| param.name.as_ref().is_some_and(|known| *known == name.name);
        let what = match called.naming {
            Naming::Free => "parameter",
            Naming::Named => "field",
        };
        let Some(slot) = params.iter().skip(taken).position(is).map(|at| at + taken) else {
            let message = format!("`{}` has no {what} `{name}`", called.name);
            let error = self.error(code::UNEXPECTED_ARGUMENT, name.span, message);
            let error = error.label_in(called.file, called.span, "declared here");
            let names = params
                .iter()
                .skip(taken)
                .filter_map(|param| param.name.as_deref());
            let error = self.suggest(error, name, names);
            self.report(error);
            return None;
        };
        if let Some(first) = filled[slot] {
            let message = format!("the {what} `{name}` is given twice");
            let error = self.error(code::UNEXPECTED_ARGUMENT, name.span, message);
            self.report(error.label(first, "the first"));
            return None;
        }
        Some(slot)
    }

    fn next_slot(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        arg: &Arg,
        next: usize,
    ) -> Option<usize> {
        if called.naming == Naming::Named {
            let message = format!("the fields of `{}` are given by name", called.name);
            let error = self.error(code::UNEXPECTED_ARGUMENT, arg.span, message);
            let field = params.get(next).and_then(|param| param.name.as_ref());
            self.report(match field {
                Some(field) => error.fix(Fix::new(
                    format!("name it `{field}`"),
                    Span::point(arg.span.start),
                    format!("{field}: "),
                )),
                None => error,
            });
            return None;
        }
        if next >= params.len() {
            let message = match params.len() {
                0 => format!("`{}` takes no arguments", called.name),
                1 => format!("`{}` takes one argument, and this is one more", called.name),
                n => format!(
                    "`{}` takes {n} arguments, and this is one more",
                    called.name
                ),
            };
            let error = self.error(code::UNEXPECTED_ARGUMENT, arg.span, message);
            self.report(error.label_in(called.file, called.span, "declared here"));
            return None;
        }
        Some(next)
    }

    fn missing(&mut self, called: &Called<'_>, all: &[Param], missing: &[&Param], given: usize) {
        let names: Option<Vec<String>> = missing
            .iter()
            .map(|param| param.name.as_ref().map(|name| format!("`{name}`")))
            .collect();
        let message = match names {
            Some(names) => format!("`{}` needs {} too", called.name, names.join(", ")),
            None => format!(
                "`{}` takes {} arguments, not {given}",
                called.name,
                all.len()
            ),
        };
        let error = self.error(code::MISSING_ARGUMENT, called.at, message);
        self.report(error.label_in(called.file, called.span, "declared here"));
    }

    /// Arguments are computed in the order of the source. Where their parameters stand in another
    /// order and that could be seen, each is bound to a local first.
    fn keep_order(&mut self, slots: &[Option<usize>], values: &mut [Option<Expr>]) -> Vec<Stmt> {
        let order: Vec<usize> = slots.iter().copied().flatten().collect();
        if order.is_sorted() {
            return Vec::new();
        }
        let busy = values
            .iter()
            .flatten()
            .filter(|value| !self.is_still(value));
        if busy.count() < 2 {
            return Vec::new();
        }
        let receiver = (0..values.len()).find(|slot| !order.contains(slot));
        let mut stmts = Vec::new();
        for slot in receiver.into_iter().chain(order) {
            let Some(value) = values[slot].take_if(|value| !self.is_still(value)) else {
                continue;
            };
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
            stmts.push(Stmt { kind, span });
            values[slot] = Some(self.expr(ExprKind::Local(local), ty, span));
        }
        stmts
    }

    /// Whether it does not matter when the expression is computed.
    fn is_still(&self, expr: &Expr) -> bool {
        match expr.kind {
            ExprKind::Unit
            | ExprKind::Literal(_)
            | ExprKind::FnValue { .. }
            | ExprKind::Tag(_)
            | ExprKind::None
            | ExprKind::Error => true,
            ExprKind::Local(local) => self
                .frames
                .last()
                .is_some_and(|frame| frame.locals[local.index()].mutability == Mutability::Let),
            _ => false,
        }
    }

    fn defaults(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        values: &mut [Option<Expr>],
        type_args: &[Ty],
    ) {
        for (param, value) in params.iter().zip(values) {
            if value.is_none()
                && let Some(default) = param.default
            {
                *value = Some(self.value(default, type_args, called.at));
            }
        }
    }
}

/// The arguments of a call, some of which may have been checked already.
pub(super) struct Given<'a> {
    pub receiver: Option<Expr>,
    pub args: &'a [Arg],
    /// For each argument; may be shorter.
    pub values: Vec<Option<Expr>>,
}

impl<'a> Given<'a> {
    pub(super) const fn new(receiver: Option<Expr>, args: &'a [Arg]) -> Self {
        Self {
            receiver,
            args,
            values: Vec::new(),
        }
    }
}

/// For each argument the parameter it is for; `None`: for some there is none.
fn slots_of(params: &[ParamSignature], args: &[Arg]) -> Option<Vec<usize>> {
    let mut slots = Vec::with_capacity(args.len());
    for arg in args {
        let slot = match &arg.name {
            Some(name) => params.iter().position(|param| param.name == name.name)?,
            None => (0..params.len()).find(|slot| !slots.contains(slot))?,
        };
        if slots.contains(&slot) {
            return None;
        }
        slots.push(slot);
    }
    Some(slots)
}
