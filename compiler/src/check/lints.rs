//! Warnings that need the whole program: what nobody uses, tags that only look the same, loops that
//! never let the message wait, and calls that do nothing but answer.
//!
//! While bodies are checked, [`Notes`] collects what these warnings are made of; at the end they are
//! made, for the modules of the program and not for those of the library. Where there is an error
//! they are left out: what is unused may be so only because of it.

mod effects;
mod loops;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use super::Tests;
use super::collect::World;
use super::scope::ValueId;
use super::sink::Sink;
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::typed::{
    Access, AdtId, Expr, ExprKind, FnId, Function, ModuleId, Stmt, StmtKind, TagId, Ty, TyKind,
    Types, for_each_child, for_each_stmt,
};
use effects::Effects;

/// Something that is declared and can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Fn(FnId),
    /// A constant, or a default.
    Value(ValueId),
    Tag(TagId),
    Adt(AdtId),
}

/// What is noted while bodies are checked.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What uses what, outside of the library; in order once all bodies are checked.
    pub uses: Vec<(Item, Item)>,
    /// Functions in which a loop has no `break`.
    pub endless: BTreeSet<FnId>,
    /// Functions in which the result of a call is dropped.
    pub dropping: BTreeSet<FnId>,
}

impl Notes {
    /// Puts what was noted in order.
    pub(super) fn settle(&mut self) {
        self.uses.sort_unstable();
        self.uses.dedup();
    }
}

/// The program as the warnings look at it.
pub(super) struct Linter<'a> {
    pub world: &'a World<'a>,
    pub types: &'a Types,
    pub functions: &'a [Function],
    pub notes: &'a Notes,
    /// Whether the tests of the root module were checked.
    pub tests: Tests,
}

impl Linter<'_> {
    pub(super) fn run(&self, sink: &mut Sink) {
        if sink.errors() > 0 {
            return;
        }
        self.unused_items(sink);
        self.tags(sink);
        let mut effects = Effects::new(self.functions, self.types);
        for id in &self.notes.endless {
            if let Some((function, body)) = self.own_body(*id) {
                self.endless_loops(function, body, &mut effects, sink);
            }
        }
        for id in &self.notes.dropping {
            if let Some((function, body)) = self.own_body(*id) {
                self.idle_calls(function, body, &mut effects, sink);
            }
        }
    }

    fn is_own(&self, module: ModuleId) -> bool {
        !self.world.parsed[module.index()].library
    }

    /// A function of the program that is no native one.
    fn own_body(&self, id: FnId) -> Option<(&Function, &Expr)> {
        let function = self.functions.get(id.index())?;
        match &function.body {
            crate::typed::Body::Typed(body) if self.is_own(function.module) => {
                Some((function, body))
            }
            _ => None,
        }
    }

    // --------------------------------------------------------------------------------------- tags

    /// Tags of one name and different types: a plain tag is known by both.
    fn tags(&self, sink: &mut Sink) {
        let mut first: BTreeMap<&str, TagId> = BTreeMap::new();
        for (at, tag) in self.world.tags.iter().enumerate() {
            if tag.read == Access::Code || tag.write == Access::Code {
                continue;
            }
            let before = *first.entry(&tag.name).or_insert(TagId::new(at));
            let other = self.world.tag(before);
            let keys = |tag: &super::collect::TagSignature<'_>| -> Vec<Ty> {
                tag.params.iter().map(|(_, ty, _)| *ty).collect()
            };
            if other.value == tag.value && keys(other) == keys(tag) || !self.is_own(tag.module) {
                continue;
            }
            let show = |ty| self.types.show(ty, &self.world.adts, &[]);
            let message = format!(
                "another module declares the tag `{}` in another way",
                tag.name
            );
            let file = self.world.file(tag.module);
            let (own, theirs) = (show(tag.value), show(other.value));
            let warning = Diagnostic::warning(code::TAG_TYPES_DIFFER, file, tag.span, message)
                .at(format!("here its value is `{own}`"))
                .label_in(
                    self.world.file(other.module),
                    other.span,
                    format!("here it is `{theirs}`"),
                )
                .note("the identity of a tag is its name and its types: these are two tags")
                .help("give one of them another name, or both the same type");
            sink.push(warning);
        }
    }

    // --------------------------------------------------------------------------------- idle calls

    /// Calls whose result is dropped, and that have no other effect.
    fn idle_calls(
        &self,
        function: &Function,
        body: &Expr,
        effects: &mut Effects<'_>,
        sink: &mut Sink,
    ) {
        let mut work = vec![body];
        while let Some(expr) = work.pop() {
            for_each_stmt(expr, |stmt| self.idle_call(function, stmt, effects, sink));
            for_each_child(expr, |child| work.push(child));
        }
    }

    fn idle_call(
        &self,
        function: &Function,
        stmt: &Stmt,
        effects: &mut Effects<'_>,
        sink: &mut Sink,
    ) {
        let StmtKind::Expr(value) = &stmt.kind else {
            return;
        };
        let ExprKind::Call {
            function: called, ..
        } = &value.kind
        else {
            return;
        };
        let is_result = matches!(self.types.get(value.ty), TyKind::Adt(adt, _)
            if Some(*adt) == self.world.lang.result);
        let gives_nothing = [Ty::UNIT, Ty::NEVER, Ty::ERROR].contains(&value.ty);
        if is_result || gives_nothing || !self.world.is_declared(*called) || !effects.is_idle(value)
        {
            return;
        }
        let name = &self.world.function(*called).name;
        let message = format!("the result of `{name}` is not used");
        let file = self.world.file(function.module);
        let warning = Diagnostic::warning(code::UNUSED_VALUE, file, value.span, message)
            .note(format!("`{name}` changes nothing: it only answers"))
            .fix(Fix::new(
                "ignore it",
                crate::ast::Span::point(value.span.start),
                "let _ = ",
            ));
        sink.push(warning);
    }
}
