//! Calls: what is called.

use super::arguments::{Called, Given, Naming, Param};
use super::body::{Body, Reason, Want};
use super::collect::{Head, ParamSignature, SignatureBody};
use super::names::{Named, Qualifier};
use super::scope::{Entity, OverloadId, PRELUDE_ID};
use super::unify::Cause;
use crate::ast::{self, Arg, Ident, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{
    AdtId, Bound, Expr, ExprKind, FnId, Generic, Name, Stmt, TagId, Ty, TyKind, VariantId,
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

    /// `None`: a value that is called. `Err`: functions of a type, of which the arguments choose
    /// one.
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
                self.associated(Head::Adt(adt), name)
            }
            Qualifier::Builtin(head) => self.associated(head, name),
        }
    }

    fn associated(&mut self, head: Head, name: &Ident) -> Result<Option<Callee>, Vec<FnId>> {
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
                let call = self.call_function(function, given, at, span, want);
                self.shown_tag(&call);
                call
            }
            Callee::Overloads(id) => {
                let candidates = &self.world.names.overloads[id.0 as usize];
                let name = Ident::new(self.world.function(candidates[0]).name.clone(), at);
                self.choose(candidates, &name, args, span, want)
            }
            Callee::Struct(adt) => {
                let made = self.make_struct(adt, args, at, span, want);
                match (&callee.kind, self.self_ty) {
                    (ast::ExprKind::Name(name), Some(ty)) if name.name == "Self" => {
                        self.coerce(made, ty, super::body::Why::Plain)
                    }
                    _ => made,
                }
            }
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

    /// Warns about `print(tag)`, where the value was meant.
    fn shown_tag(&mut self, call: &Expr) {
        let ExprKind::Call { function, args, .. } = &call.kind else {
            return;
        };
        let signature = self.world.function(*function);
        if signature.module != PRELUDE_ID || signature.name != "print" {
            return;
        }
        if let [tag] = &args[..]
            && let ExprKind::Tag(_) | ExprKind::TagMember { .. } = tag.kind
        {
            let message = "this prints the name of the tag, not its value";
            let warning = self.warning(code::TAG_SHOWN, tag.span, message);
            let warning = warning.help("where the name is meant, `tag.name()` says so");
            let warning = self.read_first(warning, tag);
            self.report(warning);
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
            name: "",
            file: self.file,
            span: callee.span,
            at: callee.span,
            naming: Naming::Free,
        };
        let (args, _) = self.all_arguments(&called, &params, Given::new(None, args), &[]);
        let kind = ExprKind::CallValue {
            callee: Box::new(callee),
            args,
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
            let error = error.at(format!("this is `{shown}`"));
            self.report(self.hidden_function(error, callee));
        }
    }

    /// The called variable may have the name of a function.
    fn hidden_function(&self, error: Diagnostic, callee: &Expr) -> Diagnostic {
        let ExprKind::Local(local) = callee.kind else {
            return error;
        };
        let locals = &self.frames[self.frames.len() - 1].locals;
        let (name, declared) = (&locals[local.index()].name, locals[local.index()].span);
        match self.world.names.lookup(self.module, name) {
            Some(binding) if matches!(binding.entity, Entity::Fn(_) | Entity::Overloads(_)) => {
                error
                    .label(
                        declared,
                        format!("here `{name}` hides the function of this name"),
                    )
                    .help("give the variable another name")
            }
            _ => error,
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
        let (args, before) = self.all_arguments(&called, &params, given, &type_args);
        let kind = ExprKind::Call {
            function,
            type_args,
            args,
        };
        let call = self.expr(kind, result, span);
        self.after(before, call)
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
    pub(super) fn hint(&mut self, result: Ty, want: Want) {
        if let Some(wanted) = want.hint()
            && self.cx.types.has_infer(result)
        {
            self.agree(result, wanted);
        }
    }

    /// The call, after what had to be computed before it.
    pub(super) fn after(&mut self, stmts: Vec<Stmt>, call: Expr) -> Expr {
        if stmts.is_empty() {
            return call;
        }
        let (ty, span) = (call.ty, call.span);
        let tail = Some(Box::new(call));
        self.expr(ExprKind::Block { stmts, tail }, ty, span)
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
    pub(super) fn spawned(&mut self, called: Expr, span: Span) -> Expr {
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
}
