//! What stands after a dot: fields, methods, variants, names out of modules.

use super::arguments::Given;
use super::body::{Body, Want};
use super::collect::Head;
use super::habits::{self, Member};
use super::names::Qualifier;
use super::scope::{Entity, PRELUDE_ID};
use crate::ast::{self, Arg, Ident, Literal, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::typed::{AdtId, Expr, ExprKind, FieldId, FnId, Ty, TyKind};

impl Body<'_, '_> {
    /// `object.name`, not called.
    pub(super) fn field(
        &mut self,
        object: &ast::Expr,
        name: &Ident,
        span: Span,
        want: Want,
    ) -> Expr {
        match self.qualifier(object) {
            Some(Qualifier::Module(module)) => match self.module_item(module, name) {
                Some(entity) => self.entity_value(entity, name, span),
                None => self.error_expr(span),
            },
            Some(Qualifier::Adt(adt)) => match self.world.names.variant(adt, &name.name) {
                Some(variant) => self.variant_value(adt, variant, span, want),
                None => self.associated_value(Head::Adt(adt), name, span),
            },
            Some(Qualifier::Builtin(head)) => self.associated_value(head, name, span),
            None => {
                let object = self.infer(object, Want::Anything);
                self.value_field(object, name, span)
            }
        }
    }

    /// A function of a type as a value.
    fn associated_value(&mut self, head: Head, name: &Ident, span: Span) -> Expr {
        match self.visible_methods(head, &name.name).as_slice() {
            [] => {
                self.no_such_member(head, name);
                self.error_expr(span)
            }
            [one] => self.function_value(*one, span),
            _ => {
                let message = format!("`{name}` stands for several functions");
                let error = self.error(code::NOT_A_VALUE, span, message);
                self.report(error.help("call it, or wrap the call in a closure"));
                self.error_expr(span)
            }
        }
    }

    pub(super) fn value_field(&mut self, object: Expr, name: &Ident, span: Span) -> Expr {
        if let Some((adt, field, ty)) = self.struct_field(object.ty, &name.name) {
            debug_assert!(field.index() < self.world.adt(adt).fields().len());
            let object = Box::new(object);
            return self.expr(ExprKind::Field { object, field }, ty, span);
        }
        let ty = self.shallow(object.ty);
        if ty == Ty::PLACE
            && name.name == "name"
            && let [getter] = self.world.methods(Head::Scalar(Ty::PLACE), "name")
        {
            let given = Given::new(Some(object), &[]);
            return self.call_function(*getter, given, name.span, span, Want::Anything);
        }
        self.no_field(&object, name, span);
        self.error_expr(span)
    }

    /// A field of a struct, by name, with its type here.
    pub(super) fn struct_field(&mut self, ty: Ty, name: &str) -> Option<(AdtId, FieldId, Ty)> {
        let TyKind::Adt(adt, args) = self.kind(ty) else {
            return None;
        };
        let (adt, args) = (*adt, args.clone());
        let fields = self.world.adt(adt).fields();
        let at = fields
            .iter()
            .position(|field| field.name.as_deref() == Some(name))?;
        let ty = self.substitute(fields[at].ty, &args);
        Some((adt, FieldId::new(at), ty))
    }

    fn no_field(&mut self, object: &Expr, name: &Ident, span: Span) {
        let ty = self.shallow(object.ty);
        if self.is_unknown(ty) {
            self.must_be_known(object);
            return;
        }
        if ty == Ty::ERROR || ty == Ty::NEVER {
            return;
        }
        if self.is_bare_point(object, name) {
            return;
        }
        let shown = self.show(ty);
        let Some(head) = Head::of(self.cx.types, ty) else {
            let error = self.error(
                code::UNKNOWN_FIELD,
                name.span,
                format!("`{shown}` has no fields"),
            );
            self.report(error);
            return;
        };
        if !self.visible_methods(head, &name.name).is_empty() {
            let message = format!("`{name}` is a method: call it");
            let error = self.error(code::UNKNOWN_FIELD, name.span, message);
            self.report(error.fix(Fix::new("call it", Span::point(span.end), "()")));
            return;
        }
        let message = format!("`{shown}` has no field `{name}`");
        let error = self.error(code::UNKNOWN_FIELD, name.span, message);
        let error = match self.habit(ty, name) {
            Some(Member::Named(method)) => error.fix(renamed(method, name, "()").certain()),
            Some(Member::Written(help)) => error.help(help),
            None => self.suggest_member(error, ty, head, name),
        };
        self.report(self.through_option(error, ty, name));
    }

    // ------------------------------------------------------------------------------------ methods

    /// The functions named `name` in the `impl` blocks that are visible here: those of this module,
    /// the prelude, the type's own module, and the modules that are imported.
    pub(super) fn visible_methods(&self, head: Head, name: &str) -> Vec<FnId> {
        let all = self.world.methods(head, name).iter().copied();
        all.filter(|id| self.sees(*id, head)).collect()
    }

    fn sees(&self, function: FnId, head: Head) -> bool {
        let signature = self.world.function(function);
        let home = signature.module;
        let near = home == PRELUDE_ID
            || self.world.names.scope(self.module).modules.contains(&home)
            || matches!(head, Head::Adt(adt) if self.world.adt(adt).module == home);
        home == self.module || signature.public && near
    }

    /// Marks the import of the module that a method comes from as used.
    fn mark_import_of(&mut self, function: FnId) {
        let home = self.world.function(function).module;
        if home == PRELUDE_ID || home == self.module {
            return;
        }
        let items = &self.world.names.scope(self.module).items;
        let import = items
            .values()
            .find(|binding| binding.entity == Entity::Module(home))
            .and_then(|binding| binding.import);
        self.mark_import(import);
    }

    pub(super) fn method_call(
        &mut self,
        object: &ast::Expr,
        name: &Ident,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> Expr {
        let object = self.infer(object, Want::Anything);
        let ty = self.shallow(object.ty);
        let Some(head) = Head::of(self.cx.types, ty) else {
            if self.is_unknown(ty) {
                self.must_be_known(&object);
            } else if ty != Ty::ERROR && ty != Ty::NEVER {
                let shown = self.show(ty);
                let message = format!("`{shown}` has no methods");
                let error = self.error(code::UNKNOWN_METHOD, name.span, message);
                self.report(match self.kind(ty) {
                    TyKind::Param(_) => {
                        error.note("of a generic parameter only its bounds are known")
                    }
                    _ => error,
                });
            }
            self.infer_all(args);
            return self.error_expr(span);
        };
        if name.name == "inject"
            && let Some(testing) = self.testing_of(head)
        {
            return self.inject(testing, object, (name, args), span);
        }
        let candidates = self.visible_methods(head, &name.name);
        match self.method_for(&candidates, ty, name) {
            Chosen::One(function) => {
                self.mark_import_of(function);
                let given = Given::new(Some(object), args);
                self.call_function(function, given, name.span, span, want)
            }
            Chosen::None if self.struct_field(ty, &name.name).is_some() => {
                let at = object.span.to(name.span);
                let callee = self.value_field(object, name, at);
                self.call_expr(callee, args, span)
            }
            Chosen::None => {
                self.no_method(&object, head, name, (args, span));
                self.infer_all(args);
                self.error_expr(span)
            }
            Chosen::Error => {
                self.infer_all(args);
                self.error_expr(span)
            }
        }
    }

    /// The candidate that takes a receiver of this type.
    fn method_for(&mut self, candidates: &[FnId], ty: Ty, name: &Ident) -> Chosen {
        let mut fitting = Vec::new();
        for id in candidates {
            if self.takes(*id, ty) {
                fitting.push(*id);
            }
        }
        match fitting.as_slice() {
            [] if candidates.is_empty() => Chosen::None,
            [] => {
                let shown = self.show(ty);
                let message = format!("`{name}` is not there for `{shown}`");
                let error = self.error(code::UNKNOWN_METHOD, name.span, message);
                let there = self.receivers(candidates);
                self.report(error.note(format!("it is there for {there}")));
                Chosen::Error
            }
            [one] => self.with_self(*one, name),
            several => {
                let shown = self.show(ty);
                let message = format!("`{name}` can mean several methods of `{shown}`");
                let there = self.receivers(several);
                let error = self.error(code::AMBIGUOUS_NAME, name.span, message);
                self.report(
                    error
                        .note(format!("it is there for {there}"))
                        .help("write down the type of the value: `let x: T = ..`"),
                );
                Chosen::Error
            }
        }
    }

    fn receivers(&self, candidates: &[FnId]) -> String {
        let shown = candidates.iter().take(6).map(|id| {
            let signature = self.world.function(*id);
            let owner = signature.owner.unwrap_or(Ty::ERROR);
            let owner = self
                .cx
                .types
                .show(owner, &self.world.adts, &signature.generics);
            format!("`{owner}`")
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    fn takes(&mut self, function: FnId, receiver: Ty) -> bool {
        let signature = self.world.function(function);
        let Some(owner) = signature.owner else {
            return false;
        };
        let cause = |_| super::unify::Cause::Nothing;
        let unknown: Vec<Ty> = signature
            .generics
            .iter()
            .map(cause)
            .map(|cause| self.fresh(signature.span, cause))
            .collect();
        let owner = self.substitute(owner, &unknown);
        self.could_be(owner, receiver)
    }

    fn with_self(&mut self, function: FnId, name: &Ident) -> Chosen {
        let signature = self.world.function(function);
        if signature.takes_self {
            return Chosen::One(function);
        }
        let message = format!("`{name}` takes no `self`: it belongs to the type, not to a value");
        let error = self.error(code::UNKNOWN_METHOD, name.span, message);
        let error = error.label_in(
            self.world.file(signature.module),
            signature.span,
            "declared without `self`",
        );
        let owner = match signature.owner.map(|owner| self.cx.types.get(owner)) {
            Some(TyKind::Adt(adt, _)) => self.world.adt(*adt).name.to_string(),
            _ => signature
                .owner
                .map_or_else(String::new, |owner| self.show(owner)),
        };
        self.report(error.help(format!("write `{owner}.{name}(..)`")));
        Chosen::Error
    }

    /// `5.` at the end of a line takes the name on the next one for a method.
    fn is_bare_point(&mut self, object: &Expr, name: &Ident) -> bool {
        let is_int = matches!(object.kind, ExprKind::Literal(Literal::Int(_)));
        let point = Span::new(object.span.start, object.span.end + 1);
        if !is_int || name.span.start <= point.end {
            return false;
        }
        let message = "a Float has digits on both sides of its point";
        let error = self.error(code::BAD_NUMBER, point, message);
        self.report(error.fix(Fix::new("write", Span::point(point.end), "0")));
        true
    }

    fn no_method(&mut self, object: &Expr, head: Head, name: &Ident, call: (&[Arg], Span)) {
        if self.is_bare_point(object, name) {
            return;
        }
        let ty = self.shallow(object.ty);
        let shown = self.show(ty);
        let message = format!("`{shown}` has no method `{name}`");
        let error = self.error(code::UNKNOWN_METHOD, name.span, message);
        let hidden = self.world.methods(head, &name.name).first();
        let error = match hidden.map(|id| self.world.function(*id)) {
            Some(hidden) if !hidden.public => error.label_in(
                self.world.file(hidden.module),
                hidden.span,
                "there is a private one here",
            ),
            Some(hidden) => {
                let path = &self.world.parsed[hidden.module.index()].path;
                error.help(format!("`import {path}` brings one"))
            }
            None => match (self.habit(ty, name), habits::of_tag(&name.name)) {
                (_, Some(function)) if head == Head::Tag => {
                    as_function(error, object.span, function, call)
                }
                (Some(Member::Named(method)), _) => error.fix(renamed(method, name, "").certain()),
                (Some(Member::Written(help)), _) => error.help(help),
                (None, _) => self.suggest_member(error, ty, head, name),
            },
        };
        self.report(self.through_option(error, ty, name));
    }

    /// What is written here in place of a field or method that other languages have.
    fn habit(&self, ty: Ty, name: &Ident) -> Option<Member> {
        let is_result = matches!(self.kind(ty), TyKind::Adt(adt, _)
            if Some(*adt) == self.world.lang.result);
        habits::member(self.kind(ty), is_result, &name.name)
    }

    /// The nearest field or method of a type.
    fn suggest_member(
        &mut self,
        error: Diagnostic,
        ty: Ty,
        head: Head,
        name: &Ident,
    ) -> Diagnostic {
        let world = self.world;
        let fields: &[_] = match self.kind(ty) {
            TyKind::Adt(adt, _) => world.adt(*adt).fields(),
            _ => &[],
        };
        let fields = fields.iter().filter_map(|field| field.name.as_deref());
        let methods = world.methods.get(&head).into_iter().flatten();
        let visible = methods.filter(|(_, ids)| ids.iter().any(|id| self.sees(*id, head)));
        let names: Vec<&str> = fields.chain(visible.map(|(name, _)| &**name)).collect();
        self.suggest(error, name, names)
    }

    /// What is looked for may be in the value that may be absent.
    fn through_option(&self, error: Diagnostic, ty: Ty, name: &Ident) -> Diagnostic {
        let inner = match self.kind(ty) {
            TyKind::Option(of) => *of,
            TyKind::Adt(adt, args) if Some(*adt) == self.world.lang.result => args[0],
            _ => return error,
        };
        let inner = self.shallow(inner);
        let found = Head::of(self.cx.types, inner)
            .is_some_and(|head| !self.visible_methods(head, &name.name).is_empty());
        let is_field = match self.kind(inner) {
            TyKind::Adt(adt, _) => {
                let mut fields = self.world.adt(*adt).fields().iter();
                fields.any(|field| field.name.as_ref() == Some(&name.name))
            }
            _ => false,
        };
        if found || is_field {
            return error.help(format!("the value inside has it: `?.{name}` or `!.{name}`"));
        }
        error
    }

    pub(super) fn no_such_member(&mut self, head: Head, name: &Ident) {
        let shown = match head {
            Head::Adt(adt) => self.world.adt(adt).name.to_string(),
            Head::Scalar(ty) => self.show(ty),
            Head::Set => "Set".into(),
            _ => "Tag".into(),
        };
        let what = match head {
            Head::Adt(adt) if self.world.names.adts[adt.index()].is_enum => "variant or function",
            _ => "function",
        };
        let message = format!("`{shown}` has no {what} `{name}`");
        let error = self.error(code::UNKNOWN_VARIANT, name.span, message);
        let world = self.world;
        let variants = match head {
            Head::Adt(adt) => Some(world.names.adts[adt.index()].variants.keys()),
            _ => None,
        };
        let variants = variants.into_iter().flatten().map(|name| &**name);
        let methods = world.methods.get(&head).into_iter().flatten();
        let methods = methods.filter(|(_, ids)| ids.iter().any(|id| self.sees(*id, head)));
        let names: Vec<&str> = variants.chain(methods.map(|(name, _)| &**name)).collect();
        let error = self.suggest(error, name, names);
        self.report(error);
    }
}

fn renamed(method: &str, name: &Ident, after: &str) -> Fix {
    Fix::new(
        format!("write `{method}`"),
        name.span,
        format!("{method}{after}"),
    )
}

/// `tag.read()` as `read(tag)`
fn as_function(
    error: Diagnostic,
    object: Span,
    function: &str,
    (args, span): (&[Arg], Span),
) -> Diagnostic {
    let rest = match args {
        [] => (Span::new(object.end, span.end), ")"),
        [first, ..] => (Span::new(object.end, first.span.start), ", "),
    };
    let begin = Span::point(object.start);
    error
        .note("a tag is only a name; its value is on the node")
        .fix(
            Fix::new(
                format!("`{function}` is a function"),
                begin,
                format!("{function}("),
            )
            .and(rest.0, rest.1)
            .certain(),
        )
}

enum Chosen {
    One(FnId),
    None,
    /// It has been reported.
    Error,
}
