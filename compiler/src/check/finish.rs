//! The end of a body: what is known of its types is written into the tree, what is still unknown
//! and what lacks a trait is reported, and so is what was declared and not used.

use std::collections::HashMap;

use super::body::{Body, Instance, Obligation, Reason};
use super::frame::{Frame, LocalKind, LocalState};
use super::lints::Item;
use super::scope::Entity;
use super::unify::{Cause, Mismatch};
use crate::ast::{Mutability, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{Bound, Expr, ExprKind, FnId, Local, NodeMut, Pattern, PatternKind, Ty, TyKind};

/// Types that have been filled in already.
type Known = HashMap<Ty, Ty>;

impl Body<'_, '_> {
    /// Ends the outermost frame; its locals and parameters come out with their types.
    pub(super) fn finish(&mut self, expr: &mut Expr) -> (Vec<Local>, Ty) {
        let frame = self.close_frame();
        let result = frame.result;
        let mut locals = self.retire(frame);
        for ty in std::mem::take(&mut self.never_given) {
            if self.is_unknown(ty) {
                self.agree(ty, Ty::UNIT);
            }
        }
        self.settle_all();
        let mut known = Known::new();
        for local in &mut locals {
            self.fill_local(local, &mut known);
            self.uses_types(local.ty);
        }
        self.fill(expr, &mut known);
        self.hidden_tags();
        let result = self.known(result, expr.span, &mut known);
        self.cx.sink.errors_first(self.before);
        (locals, result)
    }

    // --------------------------------------------------------------------------------- locals

    /// Looks at the locals of a frame that is closed: what is unused, what is assigned too late.
    pub(super) fn retire(&mut self, frame: Frame) -> Vec<Local> {
        for local in &frame.locals {
            self.retire_local(local);
        }
        Frame::finish_locals(frame.locals)
    }

    fn retire_local(&mut self, local: &LocalState) {
        if let Some((assigned, captured)) = local.assigned_after_capture() {
            let name = &local.name;
            let message = format!("`{name}` is assigned after a closure has captured it");
            let error = self.error(code::ASSIGN_AFTER_CAPTURE, assigned, message);
            self.report(
                error
                    .label(captured, "captured here")
                    .note("the closure keeps the value that the variable had then")
                    .help("share a value through a struct with a `var` field, or a collection"),
            );
        }
        let declared = matches!(local.kind, LocalKind::Binding | LocalKind::Param);
        if !declared || local.name.starts_with('_') {
            return;
        }
        self.hides_tag(local);
        if !local.used {
            let name = &local.name;
            let what = match local.kind {
                LocalKind::Param => "the parameter",
                _ => "the variable",
            };
            let message = format!("{what} `{name}` is not used");
            let warning = self.warning(code::UNUSED_VARIABLE, local.span, message);
            let intended = format!("write `_{name}` if that is intended");
            self.report(match (local.assignments.first(), local.hides) {
                (Some(event), _) => warning
                    .label(event.span, "assigned here, and never read")
                    .help(intended),
                (None, Some(outer)) => warning
                    .label(outer, "it hides this one until its block ends")
                    .help(format!(
                        "without `let` it assigns the one outside, declared as `var {name}`"
                    )),
                (None, None) => warning.help(intended),
            });
        } else if local.mutability == Mutability::Var && local.assignments.is_empty() {
            let name = &local.name;
            let message = format!("`{name}` is declared with `var` and never assigned");
            let warning = self.warning(code::NEVER_ASSIGNED, local.span, message);
            self.report(warning.help("declare it with `let`"));
        }
    }

    /// Notes a local behind which a tag cannot be named.
    fn hides_tag(&mut self, local: &LocalState) {
        let binding = self.world.names.lookup(self.module, &local.name);
        if let Some(Entity::Tag(tag)) = binding.map(|binding| binding.entity) {
            self.tag_names.push((tag, local.name.clone(), local.span));
        }
    }

    /// Warns about names that mean a tag and a local in one body.
    fn hidden_tags(&mut self) {
        for (tag, name, span) in std::mem::take(&mut self.tag_names) {
            let used = (self.user, Item::Tag(tag));
            let mut uses = self.cx.notes.uses.iter().rev();
            let mut own = uses.by_ref().take_while(|(user, _)| Some(*user) == used.0);
            if !own.any(|(_, item)| *item == used.1) {
                continue;
            }
            let message = format!("`{name}` hides the tag of this name");
            let warning = self.warning(code::SHADOWED_TAG, span, message);
            let tag = self.world.tag(tag);
            self.report(
                warning
                    .label_in(
                        self.world.file(tag.module),
                        tag.span,
                        "the tag is declared here",
                    )
                    .note(format!(
                        "where this is in scope, `{name}` is the value, elsewhere in the same \
                         function it is the tag"
                    ))
                    .help("give the variable another name"),
            );
        }
    }

    fn fill_local(&mut self, local: &mut Local, known: &mut Known) {
        if !self.cx.types.has_infer(local.ty) {
            return;
        }
        let deep = self.infer.deep(self.cx.types, local.ty);
        match deep {
            Ok(ty) if !self.cx.types.has_infer(ty) => local.ty = ty,
            Ok(ty) => {
                let ids = self.unknown_in(ty);
                if !local.name.is_empty() {
                    self.unknown_local(local, ty, &ids);
                    ids.into_iter().for_each(|id| self.infer.give_up(id));
                    known.clear();
                }
                local.ty = self.known(local.ty, local.span, known);
            }
            Err(_) => {
                self.too_large(local.span);
                local.ty = Ty::ERROR;
            }
        }
    }

    fn unknown_local(&mut self, local: &Local, ty: Ty, ids: &[u32]) {
        if ids.is_empty() || ids.iter().any(|id| self.is_reported(*id)) {
            return;
        }
        let name = &local.name;
        let shown = self.show(ty);
        let message = format!("the type of `{name}` is not known");
        let error = self.error(code::UNKNOWN_TYPE_HERE, local.span, message);
        let error = error.note(match shown.as_str() {
            "_" => "nothing says what it is".to_owned(),
            shown => format!("it is `{shown}`, and nothing says what `_` is"),
        });
        let example = shown.replace('_', "Int");
        self.report(error.help(format!("write it down, as in `{name}: {example}`")));
    }

    fn unknown_in(&self, ty: Ty) -> Vec<u32> {
        let mut ids = Vec::new();
        self.cx.types.for_each_within(ty, &mut |kind| {
            if let TyKind::Infer(id) = kind {
                ids.push(*id);
            }
        });
        ids
    }

    /// Whether the unknown came from something that has been reported.
    fn is_reported(&self, id: u32) -> bool {
        matches!(self.infer.origin(id).what, Cause::Nothing) && self.cx.sink.errors() > 0
    }

    // ----------------------------------------------------------------------------------- the tree

    /// The type, all of it known; what is not is reported where it came from.
    fn known(&mut self, ty: Ty, span: Span, known: &mut Known) -> Ty {
        if !self.cx.types.has_infer(ty) {
            return ty;
        }
        if let Some(known) = known.get(&ty) {
            return *known;
        }
        let mut deep = self.infer.deep(self.cx.types, ty);
        if let Ok(found) = deep
            && self.cx.types.has_infer(found)
        {
            for id in self.unknown_in(found) {
                self.unknown_part(id);
                self.infer.give_up(id);
            }
            deep = self.infer.deep(self.cx.types, ty);
        }
        let filled = match deep {
            Ok(ty) => ty,
            Err(Mismatch::TooLarge | Mismatch::Different | Mismatch::Infinite) => {
                self.too_large(span);
                Ty::ERROR
            }
        };
        known.insert(ty, filled);
        filled
    }

    fn unknown_part(&mut self, id: u32) {
        if self.shallow_id(id) || self.is_reported(id) {
            return;
        }
        let origin = self.infer.origin(id).clone();
        let what = match &origin.what {
            Cause::ListElement => "the type of this list's elements is not known".into(),
            Cause::MapEntry => "the type of this map's entries is not known".into(),
            Cause::SetElement => "the type of this set's elements is not known".into(),
            Cause::Payload => "the type of what is absent here is not known".into(),
            Cause::Generic { name, of } => format!("the type `{name}` of `{of}` is not known here"),
            Cause::ClosureParam(name) => format!("the type of the parameter `{name}` is not known"),
            Cause::ClosureResult | Cause::Nothing => "the type of this is not known".into(),
        };
        let error = self.error(code::UNKNOWN_TYPE_HERE, origin.span, what);
        self.report(match &origin.what {
            Cause::ClosureParam(name) => error.help(format!("write it down, as in `{name}: Int`")),
            _ => error.help("bind it to a name with a type: `let x: T = ..`"),
        });
    }

    /// Whether the unknown is known by now.
    fn shallow_id(&mut self, id: u32) -> bool {
        let ty = self.intern(TyKind::Infer(id));
        self.shallow(ty) != ty
    }

    fn fill(&mut self, expr: &mut Expr, known: &mut Known) {
        expr.ty = self.known(expr.ty, expr.span, known);
        match &mut expr.kind {
            ExprKind::FnValue {
                function,
                type_args,
            }
            | ExprKind::Call {
                function,
                type_args,
                ..
            }
            | ExprKind::Spawn {
                function,
                type_args,
                ..
            } => {
                let function = *function;
                for ty in type_args.iter_mut() {
                    *ty = self.known(*ty, expr.span, known);
                }
                self.instance(function, type_args, expr.span);
                if self.world.is_declared(function) {
                    self.uses(Item::Fn(function));
                }
            }
            ExprKind::Struct { adt, .. } | ExprKind::Variant { adt, .. } => {
                let adt = *adt;
                self.uses(Item::Adt(adt));
            }
            ExprKind::Tag(tag) | ExprKind::TagMember { tag, .. } => {
                let tag = *tag;
                self.uses(Item::Tag(tag));
            }
            ExprKind::Closure(closure) => {
                for local in &mut closure.locals {
                    self.fill_local(local, known);
                    self.uses_types(local.ty);
                }
                closure.result = self.known(closure.result, expr.span, known);
            }
            _ => {}
        }
        expr.children_mut(&mut |child| match child {
            NodeMut::Expr(child) => self.fill(child, known),
            NodeMut::Pattern(child) => self.fill_pattern(child, known),
        });
    }

    /// Notes the structs and enums in the type of a local.
    fn uses_types(&mut self, ty: Ty) {
        let mut adts = Vec::new();
        self.cx.types.for_each_within(ty, &mut |kind| {
            if let TyKind::Adt(adt, _) = kind {
                adts.push(*adt);
            }
        });
        adts.into_iter().for_each(|adt| self.uses(Item::Adt(adt)));
    }

    fn fill_pattern(&mut self, pattern: &mut Pattern, known: &mut Known) {
        pattern.ty = self.known(pattern.ty, pattern.span, known);
        if let PatternKind::Variant { adt, .. } | PatternKind::Struct { adt, .. } = &pattern.kind {
            let adt = *adt;
            self.uses(Item::Adt(adt));
        }
        pattern.children_mut(&mut |child| self.fill_pattern(child, known));
    }

    /// Remembers with which types a generic function uses another.
    fn instance(&mut self, used: FnId, args: &[Ty], span: Span) {
        let Some(user) = self.function else {
            return;
        };
        if args.iter().any(|ty| self.cx.types.has_param(*ty)) {
            let (args, file) = (args.to_vec(), self.file);
            self.cx.instances.push(Instance {
                user,
                used,
                args,
                file,
                span,
            });
        }
    }

    // -------------------------------------------------------------------------------- obligations

    fn settle_all(&mut self) {
        for obligation in std::mem::take(&mut self.obligations) {
            self.settle(&obligation);
        }
    }

    /// Reports a type that lacks a trait it should have.
    pub(super) fn settle(&mut self, obligation: &Obligation) {
        let deep = self.infer.deep(self.cx.types, obligation.ty);
        // A type that is too large is reported where it stands.
        let Ok(ty) = deep else {
            return;
        };
        if self.cx.types.has_error(ty) {
            return;
        }
        if let Reason::Arithmetic(symbol) = obligation.reason {
            self.settle_arithmetic(ty, symbol, obligation.span);
            return;
        }
        let bound = obligation.bound;
        let key = (ty, bound);
        let world = self.world;
        if self.lacking.contains(&key) || world.traits.has(self.cx.types, ty, bound, &self.generics)
        {
            return;
        }
        if let Reason::Key = obligation.reason {
            self.lacking.insert(key);
        }
        let error = self.lacks(ty, obligation);
        let culprit = self
            .world
            .traits
            .culprit(self.cx.types, ty, bound, &self.generics);
        let error = match culprit {
            Some(part) => {
                let part = self.show(part);
                error.note(format!("because of `{part}` in it"))
            }
            None => error,
        };
        let error = self.point_to_field(error, culprit.unwrap_or(ty), bound);
        let error = self.explain(error, ty, bound);
        self.report(error);
    }

    fn lacks(&mut self, ty: Ty, obligation: &Obligation) -> Diagnostic {
        let shown = self.show(ty);
        let span = obligation.span;
        let name = obligation.bound.name();
        let (code, message) = match &obligation.reason {
            Reason::Operator(symbol) => (
                code::MISSING_BOUND,
                format!("`{symbol}` does not work on `{shown}`"),
            ),
            Reason::Generic { param, of } => (
                code::MISSING_BOUND,
                format!("`{of}` needs `{name}` of `{param}`, and `{shown}` does not have it"),
            ),
            Reason::Key => (code::MISSING_BOUND, format!("`{shown}` cannot be a key")),
            Reason::Interpolation => (
                code::MISSING_BOUND,
                format!("`{shown}` cannot be written as text"),
            ),
            Reason::Spawn => (
                code::NOT_DATA,
                format!("`{shown}` cannot go to another message"),
            ),
            Reason::Arithmetic(_) => (code::BAD_OPERAND, format!("`{shown}` is no number")),
        };
        self.error(code, span, message)
    }

    /// Points to the field that keeps a struct or enum from having a trait.
    fn point_to_field(&self, error: Diagnostic, ty: Ty, bound: Bound) -> Diagnostic {
        let TyKind::Adt(adt, _) = self.cx.types.get(ty) else {
            return error;
        };
        let world = self.world;
        let adt = world.adt(*adt);
        match world.traits.field_at_fault(self.cx.types, adt, bound) {
            Some(field) => {
                error.label_in(world.file(adt.module), field.span, "because of this field")
            }
            None => error,
        }
    }

    /// Why a type has or lacks a trait.
    fn explain(&self, error: Diagnostic, ty: Ty, bound: Bound) -> Diagnostic {
        if let TyKind::Param(index) = self.cx.types.get(ty) {
            let Some(generic) = self.generics.get(*index as usize) else {
                return error;
            };
            let (name, bound) = (&generic.name, bound.name());
            let error = error.label(generic.span, format!("`{name}` can be any type"));
            let (joint, after) = if generic.bounds.iter().next().is_some() {
                (" + ", generic.bounds.to_string())
            } else {
                (": ", String::new())
            };
            let written = if after.is_empty() {
                format!("{name}{joint}{bound}")
            } else {
                format!("{name}: {after}{joint}{bound}")
            };
            return error.help(format!(
                "ask for it where `{name}` is declared: `{written}`"
            ));
        }
        error.note(match bound {
            Bound::Eq => "everything can be compared but functions and structs with `var` fields",
            Bound::Ord => {
                "numbers, text, bytes, ids and durations have an order, and options, tuples, \
                 lists, immutable structs and enums of them"
            }
            Bound::Hash => "keys are immutable data without `Float`",
            Bound::Show => "everything can be written as text but functions",
            Bound::Data => "functions cannot leave the message",
        })
    }

    fn settle_arithmetic(&mut self, ty: Ty, symbol: &str, span: Span) {
        let fits = match ty {
            Ty::INT | Ty::FLOAT => true,
            Ty::DURATION => matches!(symbol, "+" | "-" | "%"),
            Ty::STR => symbol == "+",
            _ => matches!(self.kind(ty), TyKind::Infer(_) | TyKind::Never),
        };
        if !fits {
            let shown = self.show(ty);
            let message = format!("`{symbol}` does not work on `{shown}`");
            let error = self.error(code::BAD_OPERAND, span, message);
            self.report(error);
        }
    }
}
