//! Branches and loops.

use super::body::{Body, Want, Why};
use super::frame::{LocalKind, OpenLoop};
use super::scope::PRELUDE_ID;
use crate::ast::{self, Block, Condition, Ident, Mutability, PatternKind, Span};
use crate::diagnostic::code;
use crate::typed::{Arm, Expr, ExprKind, LocalId, LoopId, RangeEnd, Ty, TyKind};

/// The common type of the branches of an `if` or `match`, or of what a `loop` is left with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    want: Want,
    /// The first type that was found, and where.
    found: Option<(Ty, Span)>,
    /// Every branch so far ends.
    ends: bool,
}

impl Body<'_, '_> {
    fn join(&self, want: Want) -> Join {
        let drops = matches!(want, Want::Type(ty, _) if self.shallow(ty) == Ty::UNIT);
        Join {
            want: if drops { Want::Nothing } else { want },
            found: None,
            ends: true,
        }
    }

    fn joined(&mut self, join: &mut Join, branch: &ast::Expr) -> Expr {
        self.joined_by(join, branch.span, |body, want| body.infer(branch, want))
    }

    fn joined_block(&mut self, join: &mut Join, branch: &Block) -> Expr {
        let tail = branch.split_tail().1;
        let span = tail.map_or(branch.span, |tail| tail.span);
        self.joined_by(join, span, |body, want| body.block(branch, want))
    }

    fn joined_by(
        &mut self,
        join: &mut Join,
        span: Span,
        infer: impl FnOnce(&mut Self, Want) -> Expr,
    ) -> Expr {
        let why = match join.found {
            Some((_, first)) => Why::At(self.file, first, "the first branch decides the type"),
            None => Why::Plain,
        };
        let branch = match (join.want, join.found) {
            (Want::Nothing, _) => {
                let branch = infer(self, Want::Nothing);
                self.drop_value(branch)
            }
            (Want::Type(ty, why), _) => {
                let branch = infer(self, Want::Type(ty, why));
                self.coerce(branch, ty, why)
            }
            (Want::Anything, Some((ty, _))) => {
                let branch = infer(self, Want::Type(ty, why));
                self.coerce(branch, ty, why)
            }
            (Want::Anything, None) => infer(self, Want::Anything),
        };
        if branch.ty != Ty::NEVER {
            join.ends = false;
            if join.found.is_none() {
                join.found = Some((branch.ty, span));
            }
        }
        branch
    }

    /// A branch whose value is dropped is an expression without a value.
    fn drop_value(&mut self, branch: Expr) -> Expr {
        if branch.ty == Ty::UNIT || branch.ty == Ty::NEVER {
            return branch;
        }
        let span = branch.span;
        let stmts = vec![self.dropped(branch)];
        self.expr(ExprKind::Block { stmts, tail: None }, Ty::UNIT, span)
    }

    fn join_type(join: &Join) -> Ty {
        match (join.ends, join.want, join.found) {
            (true, _, _) => Ty::NEVER,
            (_, Want::Nothing, _) => Ty::UNIT,
            (_, Want::Type(ty, _), _) => ty,
            (_, Want::Anything, Some((ty, _))) => ty,
            (_, Want::Anything, None) => Ty::UNIT,
        }
    }

    // ------------------------------------------------------------------------------------ if

    pub(super) fn branch(&mut self, branch: &ast::If, span: Span, want: Want) -> Expr {
        let mark = self.open_scope();
        let condition = Box::new(self.asked(&branch.condition));
        let mut join = self.join(want);
        let (then, otherwise) = match &branch.otherwise {
            Some(otherwise) => {
                let then = self.joined_block(&mut join, &branch.then);
                self.close_scope(mark);
                (then, Some(Box::new(self.joined(&mut join, otherwise))))
            }
            None => {
                let then = self.without_else(&branch.then, span, &mut join);
                self.close_scope(mark);
                (then, None)
            }
        };
        let ty = Self::join_type(&join);
        let then = Box::new(then);
        let kind = ExprKind::If {
            condition,
            then,
            otherwise,
        };
        self.expr(kind, ty, span)
    }

    /// The only branch of an `if`, which cannot give a value.
    fn without_else(&mut self, then: &Block, span: Span, join: &mut Join) -> Expr {
        join.ends = false;
        let want = join.want;
        join.want = Want::Nothing;
        if let Want::Nothing = want {
            return self.block(then, Want::Nothing);
        }
        let checked = self.block(then, Want::Anything);
        let ty = self.shallow(checked.ty);
        let wanted = want.hint().map(|hint| self.shallow(hint));
        let fine = [Ty::UNIT, Ty::NEVER, Ty::ERROR].contains(&ty)
            && wanted
                .is_none_or(|wanted| wanted == Ty::ERROR || self.unify(wanted, Ty::UNIT).is_ok());
        if !fine {
            let message = "an `if` without `else` has no value";
            let error = self.error(code::MISSING_VALUE, span, message);
            self.report(error.help("add an `else` branch with a value"));
            join.want = Want::Type(Ty::ERROR, Why::Plain);
        }
        checked
    }

    /// The condition of an `if` or `while`; brings what it binds into scope.
    fn asked(&mut self, condition: &Condition) -> Expr {
        let asked = self.condition(condition);
        // Among other conditions a pattern that always matches only gives a name.
        if let ExprKind::Matches { pattern, .. } = &asked.kind {
            self.warn_if_certain(pattern, asked.span);
        }
        asked
    }

    fn condition(&mut self, condition: &Condition) -> Expr {
        match condition {
            Condition::Expr(expr) => self.check(expr, Ty::BOOL, Why::Plain),
            Condition::Let {
                pattern,
                value,
                span,
            } => {
                let value = Box::new(self.infer(value, Want::Anything));
                let pattern = self.pattern(pattern, value.ty, Mutability::Let);
                self.expr(ExprKind::Matches { pattern, value }, Ty::BOOL, *span)
            }
            Condition::All(parts) => self.all_of(parts),
        }
    }

    /// Conditions in a row; each has the names that those before it bind.
    fn all_of(&mut self, parts: &[Condition]) -> Expr {
        let parts: Vec<Expr> = parts.iter().map(|part| self.condition(part)).collect();
        let span = parts[0].span.to(parts[parts.len() - 1].span);
        self.expr(ExprKind::And(parts), Ty::BOOL, span)
    }

    // --------------------------------------------------------------------------------- match

    pub(super) fn matching(&mut self, matching: &ast::Match, span: Span, want: Want) -> Expr {
        let value = self.infer(&matching.value, Want::Anything);
        let mut join = self.join(want);
        let mut arms = Vec::with_capacity(matching.arms.len());
        for arm in &matching.arms {
            let mark = self.open_scope();
            let pattern = self.pattern(&arm.pattern, value.ty, Mutability::Let);
            let guard = arm.guard.as_ref();
            let guard = guard.map(|guard| self.check(guard, Ty::BOOL, Why::Plain));
            let body = self.joined(&mut join, &arm.body);
            self.close_scope(mark);
            arms.push(Arm {
                pattern,
                guard,
                body,
                span: arm.span,
            });
        }
        self.exhaustive(&value, &arms, span);
        let ty = Self::join_type(&join);
        let value = Box::new(value);
        self.expr(ExprKind::Match { value, arms }, ty, span)
    }

    // --------------------------------------------------------------------------------- loops

    fn open_loop(&mut self, label: Option<&Ident>, value: Option<Join>) -> LoopId {
        if let Some(label) = label {
            let mut open = self.frame().loops.iter();
            let same = open.find_map(|open| open.label.clone().filter(|l| l.name == label.name));
            if let Some(same) = same {
                let message = format!("a loop around this one is labelled `{label}` too");
                let error = self.error(code::DUPLICATE_NAME, label.span, message);
                self.report(error.label(same.span, "the outer loop"));
            }
        }
        let frame = self.frame();
        let id = LoopId(frame.next_loop);
        frame.next_loop += 1;
        frame.loops.push(OpenLoop {
            id,
            label: label.cloned(),
            value,
        });
        id
    }

    fn close_loop(&mut self) -> Option<Join> {
        self.frame().loops.pop().and_then(|open| open.value)
    }

    pub(super) fn endless_loop(&mut self, repeat: &ast::Loop, span: Span, want: Want) -> Expr {
        let join = self.join(want);
        let id = self.open_loop(repeat.label.as_ref(), Some(join));
        let body = Box::new(self.block(&repeat.body, Want::Nothing));
        let ty = self
            .close_loop()
            .map_or(Ty::NEVER, |join| Self::join_type(&join));
        if ty == Ty::NEVER {
            self.endless();
        }
        self.expr(ExprKind::Loop { id, body }, ty, span)
    }

    /// Notes that a loop may never end.
    fn endless(&mut self) {
        if let Some(function) = self.function {
            self.cx.notes.endless.insert(function);
        }
    }

    pub(super) fn while_loop(&mut self, repeat: &ast::While, span: Span) -> Expr {
        let id = self.open_loop(repeat.label.as_ref(), None);
        let mark = self.open_scope();
        let condition = Box::new(self.asked(&repeat.condition));
        let body = Box::new(self.block(&repeat.body, Want::Nothing));
        self.close_scope(mark);
        self.close_loop();
        if matches!(
            condition.kind,
            ExprKind::Literal(_)
                | ExprKind::Local(_)
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Chain { .. }
                | ExprKind::And(..)
                | ExprKind::Or(..)
        ) {
            self.endless();
        }
        let kind = ExprKind::While {
            id,
            condition,
            body,
        };
        self.expr(kind, Ty::UNIT, span)
    }

    pub(super) fn for_loop(&mut self, repeat: &ast::For, span: Span) -> Expr {
        if let ast::ExprKind::Range { start, end, limit } = &repeat.iterable.kind {
            return self.for_range(repeat, (start, end, *limit), span);
        }
        let iterable = self.infer(&repeat.iterable, Want::Anything);
        let element = self.element_of(&iterable);
        let id = self.open_loop(repeat.label.as_ref(), None);
        let mark = self.open_scope();
        let pattern = self.pattern(&repeat.pattern, element, Mutability::Let);
        self.irrefutable(&pattern, "a `for` loop");
        let body = self.block(&repeat.body, Want::Nothing);
        self.close_scope(mark);
        self.close_loop();
        let kind = ExprKind::ForEach {
            id,
            pattern,
            iterable: Box::new(iterable),
            body: Box::new(body),
        };
        self.expr(kind, Ty::UNIT, span)
    }

    fn for_range(
        &mut self,
        repeat: &ast::For,
        (start, end, limit): (&ast::Expr, &ast::Expr, RangeEnd),
        span: Span,
    ) -> Expr {
        let start = Box::new(self.check(start, Ty::INT, Why::Plain));
        let end = Box::new(self.check(end, Ty::INT, Why::Plain));
        let id = self.open_loop(repeat.label.as_ref(), None);
        let mark = self.open_scope();
        let local = self.counter(&repeat.pattern);
        let body = Box::new(self.block(&repeat.body, Want::Nothing));
        self.close_scope(mark);
        self.close_loop();
        let kind = ExprKind::ForRange {
            id,
            local,
            start,
            end,
            limit,
            body,
        };
        self.expr(kind, Ty::UNIT, span)
    }

    /// The variable of a loop over a range.
    fn counter(&mut self, pattern: &ast::Pattern) -> LocalId {
        match &pattern.kind {
            PatternKind::Binding(name) => {
                let local = self.local(name, Ty::INT, Mutability::Let, LocalKind::Binding);
                self.bring_into_scope(&name.name, local);
                local
            }
            PatternKind::Wildcard | PatternKind::Error => self.temporary(Ty::INT, pattern.span),
            _ => {
                let errors = self.cx.sink.errors();
                self.pattern(pattern, Ty::ERROR, Mutability::Let);
                if self.cx.sink.errors() == errors {
                    let message = "a loop over a range has one variable";
                    let error = self.error(code::PATTERN_MISMATCH, pattern.span, message);
                    self.report(error.note("its elements are of type `Int`"));
                }
                self.temporary(Ty::INT, pattern.span)
            }
        }
    }

    /// What a loop over a value gives.
    fn element_of(&mut self, iterable: &Expr) -> Ty {
        let ty = self.shallow(iterable.ty);
        match self.kind(ty) {
            TyKind::List(of) | TyKind::Set(of) => return *of,
            TyKind::Map(key, value) => {
                let pair = [*key, *value].into();
                return self.intern(TyKind::Tuple(pair));
            }
            TyKind::Error | TyKind::Never => return Ty::ERROR,
            TyKind::Infer(_) => {
                self.must_be_known(iterable);
                return Ty::ERROR;
            }
            _ => {}
        }
        let shown = self.show(ty);
        let message = format!("`{shown}` cannot be looped over");
        let error = self.error(code::NOT_ITERABLE, iterable.span, message);
        self.report(match self.kind(ty) {
            TyKind::Int => error.help("`0..n` counts from 0 up to and without `n`"),
            TyKind::Str => error.help("`.chars()` gives a list of characters"),
            TyKind::Bytes => error.help("`.list()` gives a list of numbers"),
            TyKind::Option(_) => error.help("`if let Some(x) = ..` looks into an option"),
            _ => error.note("lists, maps, sets and ranges can be"),
        });
        Ty::ERROR
    }

    // ---------------------------------------------------------------------- break and continue

    pub(super) fn leave(
        &mut self,
        label: Option<&Ident>,
        value: Option<&ast::Expr>,
        span: Span,
    ) -> Expr {
        // `break name`: the label of a loop, or else a value.
        if let (Some(name), None) = (label, value)
            && !self.is_label(name)
            && self.is_known(name)
        {
            let value = ast::Expr {
                kind: ast::ExprKind::Name(name.clone()),
                span: name.span,
            };
            return self.leave(None, Some(&value), span);
        }
        let Some(at) = self.target_loop(label, span, "break") else {
            if let Some(value) = value {
                self.infer(value, Want::Anything);
            }
            return self.expr(ExprKind::Error, Ty::NEVER, span);
        };
        let (id, join) = {
            let open = &self.frame().loops[at];
            (open.id, open.value)
        };
        let value = match (join, value) {
            (Some(join), value) => self.leave_with(at, join, value, span),
            (None, Some(value)) => self.no_loop_value(value, span),
            (None, None) => None,
        };
        let value = value.map(Box::new);
        self.expr(ExprKind::Break { id, value }, Ty::NEVER, span)
    }

    fn is_label(&mut self, name: &Ident) -> bool {
        let mut labels = self
            .frame()
            .loops
            .iter()
            .filter_map(|open| open.label.as_ref());
        labels.any(|label| label.name == name.name)
    }

    /// Whether a bare name stands for a value.
    fn is_known(&self, name: &Ident) -> bool {
        let prelude = self.world.names.scope(PRELUDE_ID);
        let own = self.world.names.scope(self.module);
        self.find_local(&name.name).is_some()
            || self.world.names.lookup(self.module, &name.name).is_some()
            || [own, prelude]
                .iter()
                .any(|scope| scope.variants.contains_key(&name.name))
            || name.name == "None"
    }

    /// The value with which a `loop` is left; without one it is Unit.
    fn leave_with(
        &mut self,
        at: usize,
        mut join: Join,
        value: Option<&ast::Expr>,
        span: Span,
    ) -> Option<Expr> {
        let value = match value {
            Some(value) => Some(self.joined(&mut join, value)),
            None => {
                self.leave_without(&mut join, span);
                None
            }
        };
        // The value may leave the loop too.
        let open = &mut self.frame().loops[at];
        if let Some(before) = &mut open.value {
            join.ends &= before.ends;
            *before = join;
        }
        value
    }

    fn leave_without(&mut self, join: &mut Join, span: Span) {
        join.ends = false;
        let (ty, first) = match (join.want, join.found) {
            (Want::Nothing, _) => return,
            (Want::Type(ty, _), found) => (ty, found.map(|(_, first)| first)),
            (Want::Anything, Some((ty, first))) => (ty, Some(first)),
            (Want::Anything, None) => {
                join.found = Some((Ty::UNIT, span));
                return;
            }
        };
        if self.unify(ty, Ty::UNIT).is_ok() {
            return;
        }
        let shown = self.show(ty);
        let message = format!("this `break` leaves the loop without a value of type `{shown}`");
        let error = self.error(code::MISSING_VALUE, span, message);
        let error = match (first, join.want) {
            (Some(first), _) => error.label(first, "here the loop is left with a value"),
            (None, Want::Type(_, Why::At(file, place, text))) => error.label_in(file, place, text),
            (None, _) => error,
        };
        self.report(error.help("write the value behind it: `break value`"));
    }

    /// `break value` in a loop that may end by itself.
    fn no_loop_value(&mut self, value: &ast::Expr, span: Span) -> Option<Expr> {
        self.infer(value, Want::Anything);
        let message = "only a `loop` can be left with a value";
        let error = self.error(code::LOOP_VALUE, span, message);
        self.report(
            error
                .label(value.span, "this is the value")
                .note("`while` and `for` may also end by themselves, and then there would be none")
                .help("put it into a variable before the `break`, or `return` it from a function"),
        );
        None
    }

    pub(super) fn proceed(&mut self, label: Option<&Ident>, span: Span) -> Expr {
        let Some(at) = self.target_loop(label, span, "continue") else {
            return self.expr(ExprKind::Error, Ty::NEVER, span);
        };
        let id = self.frame().loops[at].id;
        self.expr(ExprKind::Continue(id), Ty::NEVER, span)
    }

    fn target_loop(&mut self, label: Option<&Ident>, span: Span, what: &str) -> Option<usize> {
        let loops = &self.frame().loops;
        match label {
            None if loops.is_empty() => {
                let message = format!("there is no loop here to {what}");
                let error = self.error(code::OUTSIDE_LOOP, span, message);
                self.report(error);
                None
            }
            None => Some(loops.len() - 1),
            Some(label) => {
                let is = |open: &OpenLoop| {
                    open.label
                        .as_ref()
                        .is_some_and(|known| known.name == label.name)
                };
                let found = loops.iter().rposition(is);
                if found.is_none() {
                    let labels = loops.iter().filter_map(|open| open.label.as_ref());
                    let labels: Vec<_> = labels.map(|label| label.name.clone()).collect();
                    let message = format!("no loop around this is labelled `{label}`");
                    let error = self.error(code::UNKNOWN_LABEL, label.span, message);
                    let error = self.suggest(error, label, labels.iter().map(|name| &**name));
                    self.report(error);
                }
                found
            }
        }
    }
}
