//! Which argument of a call is for which parameter.

use super::body::{Body, Want, Why};
use super::habits;
use super::scope::{PRELUDE_ID, ValueId};
use crate::ast::{self, Arg, FileId, Ident, Mutability, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::typed::{Expr, ExprKind, Name, Stmt, Ty};

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
    /// Empty for a function that has none.
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
    /// As [`Naming::Named`]; those that are left out come from another struct.
    Update,
}

/// The arguments of a call in the order of the parameters, and what has to be computed before.
pub(super) struct Arguments {
    /// Absent where none was given, and none could be found.
    pub values: Vec<Option<Expr>>,
    pub before: Vec<Stmt>,
}

impl Called<'_> {
    pub(super) fn shown(&self) -> String {
        match self.name {
            "" => "this function".into(),
            name => format!("`{name}`"),
        }
    }

    /// Points to the declaration, if the function has one.
    pub(super) fn point(&self, error: Diagnostic) -> Diagnostic {
        match self.name {
            "" | "Some" => error,
            _ => error.label_in(self.file, self.span, "declared here"),
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

impl Body<'_, '_> {
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
        if called.naming == Naming::Update {
            return Arguments { values, before };
        }
        self.defaults(called, params, &mut values, type_args);
        Arguments { values, before }
    }

    /// As [`Self::arguments`], with a value for each parameter.
    pub(super) fn all_arguments(
        &mut self,
        called: &Called<'_>,
        params: &[Param],
        given: Given<'_>,
        type_args: &[Ty],
    ) -> (Vec<Expr>, Vec<Stmt>) {
        let arguments = self.arguments(called, params, given, type_args);
        let values = arguments.values.into_iter();
        let values = values.map(|value| value.unwrap_or_else(|| self.error_expr(called.at)));
        (values.collect(), arguments.before)
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
            Some(_) => Why::Argument {
                file: called.file,
                span: param.span,
                habit: self.habit_of(called, habits::argument),
            },
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
        let mut unnamed = Vec::new();
        for arg in args {
            if let Some(dots) = arg.spread {
                self.not_spread(called, dots);
                complete = false;
                slots.push(None);
                continue;
            }
            let slot = match &arg.name {
                Some(name) => self.named_slot(called, params, name, &filled, taken),
                None if called.naming != Naming::Free => {
                    let slot = (next < params.len()).then_some(next);
                    unnamed.push((arg.span, slot));
                    next += 1;
                    complete = false;
                    slot.filter(|slot| filled[*slot].is_none())
                }
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
        self.unnamed(called, params, &unnamed);
        let missing = params.iter().zip(&filled);
        let missing = missing.filter(|(param, slot)| slot.is_none() && param.default.is_none());
        let missing: Vec<&Param> = missing.map(|(param, _)| param).collect();
        if complete && !missing.is_empty() && called.naming != Naming::Update {
            self.missing(called, params, &missing, args.len());
        }
        slots
    }

    /// `..value` where it gives nothing.
    fn not_spread(&mut self, called: &Called<'_>, dots: Span) {
        if called.naming == Naming::Free {
            let message = "`..` gives fields, and only a struct has them";
            let error = self.error(code::NOT_SPREAD, dots, message);
            self.report(error.help("give each argument on its own"));
        } else {
            let message = "`..` comes first, and once";
            let error = self.error(code::NOT_SPREAD, dots, message);
            let example = format!("write `{}(..value, field: ..)`", called.name);
            self.report(error.help(example));
        }
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
            Naming::Named | Naming::Update => "field",
        };
        let Some(slot) = params.iter().skip(taken).position(is).map(|at| at + taken) else {
            let message = match called.name {
                "" | "Some" => "the arguments here have no names".to_owned(),
                _ => format!("{} has no {what} `{name}`", called.shown()),
            };
            let error = self.error(code::UNEXPECTED_ARGUMENT, name.span, message);
            let error = called.point(error);
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
        if next >= params.len() {
            let is_written = |param: &&Param| param.name.as_deref() != Some("self");
            let message = match params.iter().filter(is_written).count() {
                0 => format!("{} takes no arguments", called.shown()),
                1 => format!(
                    "{} takes one argument, and this is one more",
                    called.shown()
                ),
                n => format!(
                    "{} takes {n} arguments, and this is one more",
                    called.shown()
                ),
            };
            let error = self.error(code::UNEXPECTED_ARGUMENT, arg.span, message);
            let error = called.point(error);
            self.report(match self.habit_of(called, habits::more_arguments) {
                Some(habit) => error.help(habit),
                None => error,
            });
            return None;
        }
        Some(next)
    }

    /// What those of other languages mean by a call of a function of the prelude.
    fn habit_of(
        &self,
        called: &Called<'_>,
        habit: fn(&str) -> Option<&'static str>,
    ) -> Option<&'static str> {
        let is_prelude = called.file == self.world.file(PRELUDE_ID) && !called.name.is_empty();
        is_prelude.then(|| habit(called.name)).flatten()
    }

    /// Fields that are given in order, without their names.
    fn unnamed(&mut self, called: &Called<'_>, params: &[Param], given: &[(Span, Option<usize>)]) {
        let Some((first, _)) = given.first() else {
            return;
        };
        let message = format!("the fields of `{}` are given by name", called.name);
        let error = self.error(code::UNEXPECTED_ARGUMENT, *first, message);
        let named = given.iter().filter_map(|(span, slot)| {
            let field = params[(*slot)?].name.as_ref()?;
            Some((Span::point(span.start), format!("{field}: ")))
        });
        let mut named: Vec<(Span, String)> = named.collect();
        if named.is_empty() {
            return self.report(called.point(error));
        }
        let (at, text) = named.remove(0);
        let fix = Fix::new("name them", at, text);
        let fix = named
            .into_iter()
            .fold(fix, |fix, (at, text)| fix.and(at, text));
        self.report(error.fix(match given.len() == params.len() {
            true => fix.certain(),
            false => fix,
        }));
    }

    fn missing(&mut self, called: &Called<'_>, all: &[Param], missing: &[&Param], given: usize) {
        let names: Option<Vec<String>> = missing
            .iter()
            .map(|param| param.name.as_ref().map(|name| format!("`{name}`")))
            .collect();
        let message = match names {
            Some(names) => format!("{} needs {} too", called.shown(), names.join(", ")),
            None => {
                let arguments = if all.len() == 1 {
                    "argument"
                } else {
                    "arguments"
                };
                let wanted = all.len();
                format!("{} takes {wanted} {arguments}, not {given}", called.shown())
            }
        };
        let error = self.error(code::MISSING_ARGUMENT, called.at, message);
        let error = called.point(error);
        self.report(match self.habit_of(called, habits::fewer_arguments) {
            Some(habit) => error.help(habit),
            None => error,
        });
        // What the missing arguments would have decided is no mistake of its own.
        for param in missing {
            self.agree(param.ty, Ty::ERROR);
        }
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
            values[slot] = Some(self.bound(value, &mut stmts));
        }
        stmts
    }

    /// The value of a local that is bound first.
    pub(super) fn bound(&mut self, value: Expr, stmts: &mut Vec<Stmt>) -> Expr {
        let (ty, span) = (value.ty, value.span);
        let (local, stmt) = self.bound_first(value);
        stmts.push(stmt);
        self.expr(ExprKind::Local(local), ty, span)
    }

    /// Whether it does not matter when the expression is computed.
    pub(super) fn is_still(&self, expr: &Expr) -> bool {
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
