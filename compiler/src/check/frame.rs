//! The locals and loops of one function or closure while it is checked.

use std::collections::BTreeMap;

use super::control::Join;
use crate::ast::{Ident, Span};
use crate::typed::{Capture, Local, LocalId, LoopId, Mutability, Name, Ty};

/// A function or closure that is being checked.
#[derive(Debug)]
pub(super) struct Frame {
    pub kind: FrameKind,
    pub locals: Vec<LocalState>,
    pub captures: Vec<Capture>,
    /// By the local of the frame outside: its copy in this one.
    pub captured: BTreeMap<LocalId, LocalId>,
    /// The loops that are open, the innermost last.
    pub loops: Vec<OpenLoop>,
    pub next_loop: u32,
    pub result: Ty,
    /// Where the result type is declared, and what is said there.
    pub declared: Option<(Span, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Function,
    Closure,
    /// A constant or a default.
    Value,
}

#[derive(Debug)]
pub(super) struct OpenLoop {
    pub id: LoopId,
    pub label: Option<Ident>,
    /// What a `break` leaves it with; `None`: it is no `loop`, and has no value.
    pub value: Option<Join>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalKind {
    Param,
    /// `self`
    Receiver,
    Binding,
    Capture,
    Temporary,
}

#[derive(Debug)]
pub(super) struct LocalState {
    pub name: Name,
    pub span: Span,
    pub ty: Ty,
    pub mutability: Mutability,
    pub kind: LocalKind,
    pub used: bool,
    /// How many loops were open around its declaration.
    pub loops: usize,
    /// A variable of this name that is declared outside of the loop around.
    pub hides: Option<Span>,
    /// Of a `var`.
    pub assignments: Vec<Event>,
    /// When a closure first took it.
    pub captured: Option<Event>,
    /// The loops inside of its scope in which a closure took it.
    pub captured_in: BTreeMap<LoopId, Span>,
}

/// An assignment or a capture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub time: u32,
    pub span: Span,
    /// The outermost loop between the local's declaration and this place.
    pub within: Option<LoopId>,
}

impl Frame {
    pub(super) fn new(kind: FrameKind, result: Ty, declared: Option<(Span, &'static str)>) -> Self {
        Self {
            kind,
            locals: Vec::new(),
            captures: Vec::new(),
            captured: BTreeMap::new(),
            loops: Vec::new(),
            next_loop: 0,
            result,
            declared,
        }
    }

    pub(super) fn event(&self, local: LocalId, time: u32, span: Span) -> Event {
        let loops = self.locals[local.index()].loops;
        Event {
            time,
            span,
            within: self.loops.get(loops).map(|open| open.id),
        }
    }

    pub(super) fn capture(&mut self, local: LocalId, event: Event) {
        let state = &mut self.locals[local.index()];
        state.used = true;
        state.captured.get_or_insert(event);
        if let Some(within) = event.within {
            state.captured_in.entry(within).or_insert(event.span);
        }
    }

    pub(super) fn finish_locals(locals: Vec<LocalState>) -> Vec<Local> {
        let locals = locals.into_iter().map(|local| Local {
            name: local.name,
            ty: local.ty,
            mutability: local.mutability,
            span: local.span,
        });
        locals.collect()
    }
}

impl LocalState {
    pub(super) fn new(
        name: Name,
        span: Span,
        ty: Ty,
        mutability: Mutability,
        kind: LocalKind,
        loops: usize,
    ) -> Self {
        Self {
            name,
            span,
            ty,
            mutability,
            kind,
            used: false,
            loops,
            hides: None,
            assignments: Vec::new(),
            captured: None,
            captured_in: BTreeMap::new(),
        }
    }

    /// The first assignment after a closure took the value, or in a loop with it, and the capture.
    pub(super) fn assigned_after_capture(&self) -> Option<(Span, Span)> {
        let first = self.captured?;
        self.assignments.iter().find_map(|assignment| {
            if assignment.time > first.time {
                return Some((assignment.span, first.span));
            }
            let capture = self.captured_in.get(&assignment.within?)?;
            Some((assignment.span, *capture))
        })
    }
}
