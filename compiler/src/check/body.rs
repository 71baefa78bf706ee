//! Checking one body: of a function, a test, a constant or a default.
//!
//! [`Body`] holds what is known while the walk goes through the tree: the frames (the function and
//! the closures that are open), the names in scope, the types that are still unknown, and the
//! traits that were asked for. The walk itself is spread over the modules beside this one, by idea.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::annotation::{Annotations, WrittenKey, did_you_mean};
use super::collect::World;
use super::frame::{Frame, FrameKind, LocalKind, LocalState};
use super::lints::{Item, Notes};
use super::sink::Sink;
use super::suggest::nearest;
use super::unify::{Cause, Infer, Mismatch};
use super::value::ValueState;
use crate::ast::{self, FileId, Ident, Mutability, Span};
use crate::diagnostic::{Code, Diagnostic, code};
use crate::limits::{MAX_SUGGESTIONS, MAX_TYPE_SIZE};
use crate::typed::{
    Bound, Expr, ExprKind, FnId, Function, Generic, LocalId, ModuleId, Name, TagId, Ty, TyKind,
    Types,
};

/// What all bodies share.
pub(super) struct Cx<'w> {
    pub world: &'w World<'w>,
    pub types: &'w mut Types,
    pub sink: &'w mut Sink,
    pub used_imports: &'w mut [bool],
    pub values: Vec<ValueState>,
    /// Functions without a declaration; their ids follow those of the declared ones.
    pub hidden: Vec<Function>,
    /// Those of them that give a tag to generic functions.
    pub tag_functions: BTreeMap<TagId, FnId>,
    pub instances: Vec<Instance>,
    pub notes: &'w mut Notes,
    pub suggestions: usize,
}

/// A use of a generic function in the body of another, with type arguments that depend on those of
/// the other.
#[derive(Debug)]
pub(super) struct Instance {
    pub user: FnId,
    pub used: FnId,
    pub args: Vec<Ty>,
    pub file: FileId,
    pub span: Span,
}

/// A trait that a type must have once it is known.
#[derive(Debug)]
pub(super) struct Obligation {
    pub ty: Ty,
    pub bound: Bound,
    pub span: Span,
    pub reason: Reason,
}

/// Why a trait is asked for.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// The sign of an operator.
    Operator(&'static str),
    /// A bound of a generic parameter of a function or type.
    Generic {
        param: Name,
        of: Name,
    },
    Key,
    Interpolation,
    Spawn,
    /// An operand of arithmetic whose type was not known yet: it must be a number.
    Arithmetic(&'static str),
}

/// What the place of an expression wants of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    Anything,
    /// The value will be dropped.
    Nothing,
    Type(Ty, Why),
}

/// The place that decides a type, for the message about one that differs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    Plain,
    At(FileId, Span, &'static str),
    /// A parameter, and what its argument is taken for by those who bring that along.
    Argument {
        file: FileId,
        span: Span,
        habit: Option<&'static str>,
    },
}

impl Want {
    pub(super) const fn ty(ty: Ty) -> Self {
        Self::Type(ty, Why::Plain)
    }

    /// The wanted type.
    pub(super) const fn hint(self) -> Option<Ty> {
        match self {
            Self::Type(ty, _) => Some(ty),
            _ => None,
        }
    }
}

pub(super) struct Body<'c, 'w> {
    pub cx: &'c mut Cx<'w>,
    pub world: &'w World<'w>,
    pub module: ModuleId,
    pub file: FileId,
    pub generics: Vec<Generic>,
    pub infer: Infer,
    pub frames: Vec<Frame>,
    /// For each name the locals it means, the innermost last, with their frames.
    pub names: HashMap<Name, Vec<(usize, LocalId)>>,
    /// The names that the open scopes have added.
    pub scope: Vec<Name>,
    pub obligations: Vec<Obligation>,
    /// Unknown names are reported once.
    pub reported: BTreeSet<Name>,
    /// Counts assignments and captures, to tell what comes after what.
    pub clock: u32,
    /// Types that were wanted of what does not end; they may be anything.
    pub never_given: Vec<Ty>,
    /// Types that were reported as lacking a trait.
    pub lacking: BTreeSet<(Ty, Bound)>,
    /// How many diagnostics and errors there were before.
    pub before: (usize, usize),
    /// How many constants are being computed, each for the one before.
    pub value_depth: u32,
    /// The function this is the body of, if it is one that is declared.
    pub function: Option<FnId>,
    /// What this is the body of.
    pub user: Option<Item>,
    /// Locals that have the name of a tag.
    pub tag_names: Vec<(TagId, Name, Span)>,
    /// What `Self` stands for.
    pub self_ty: Option<Ty>,
    /// The comparison whose left side is the next operand of a `!`.
    pub negated: Option<Span>,
}

/// How many names were in scope.
#[derive(Clone, Copy)]
pub(super) struct ScopeMark(usize);

impl<'c, 'w> Body<'c, 'w> {
    pub(super) fn new(cx: &'c mut Cx<'w>, module: ModuleId, generics: Vec<Generic>) -> Self {
        let world = cx.world;
        Self {
            world,
            module,
            file: world.file(module),
            generics,
            infer: Infer::default(),
            frames: Vec::new(),
            names: HashMap::new(),
            scope: Vec::new(),
            obligations: Vec::new(),
            reported: BTreeSet::new(),
            clock: 0,
            never_given: Vec::new(),
            lacking: BTreeSet::new(),
            before: (cx.sink.len(), cx.sink.errors()),
            value_depth: 0,
            function: None,
            user: None,
            tag_names: Vec::new(),
            self_ty: None,
            negated: None,
            cx,
        }
    }

    // ------------------------------------------------------------------------------ diagnostics

    pub(super) fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    pub(super) fn warning(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, self.file, span, message)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.cx.sink.push(diagnostic);
    }

    /// Adds the nearest of `candidates` to an error about an unknown `name`.
    pub(super) fn suggest<'n>(
        &mut self,
        error: Diagnostic,
        name: &Ident,
        candidates: impl IntoIterator<Item = &'n str>,
    ) -> Diagnostic {
        if self.cx.suggestions >= MAX_SUGGESTIONS {
            return error;
        }
        self.cx.suggestions += 1;
        did_you_mean(error, name.span, nearest(&name.name, candidates))
    }

    /// The type as the language writes it.
    pub(super) fn show(&mut self, ty: Ty) -> String {
        let ty = self.infer.deep(self.cx.types, ty).unwrap_or(ty);
        self.cx.types.show(ty, &self.world.adts, &self.generics)
    }

    // ------------------------------------------------------------------------------------ types

    pub(super) fn kind(&self, ty: Ty) -> &TyKind {
        self.cx.types.get(self.shallow(ty))
    }

    pub(super) fn shallow(&self, ty: Ty) -> Ty {
        self.infer.shallow(self.cx.types, ty)
    }

    pub(super) fn fresh(&mut self, span: Span, cause: Cause) -> Ty {
        self.infer.fresh(self.cx.types, span, cause)
    }

    pub(super) fn intern(&mut self, kind: TyKind) -> Ty {
        self.cx.types.intern(kind)
    }

    pub(super) fn option(&mut self, of: Ty) -> Ty {
        self.intern(TyKind::Option(of))
    }

    pub(super) fn unify(&mut self, a: Ty, b: Ty) -> Result<(), Mismatch> {
        let mark = self.infer.mark();
        let result = self.infer.unify(self.cx.types, a, b);
        if result.is_err() {
            self.infer.roll_back(mark);
        }
        result
    }

    /// Makes both equal if they can be; if not, that shows where they meet.
    pub(super) fn agree(&mut self, a: Ty, b: Ty) {
        let _ = self.unify(a, b);
    }

    /// Whether both could be equal; nothing is decided.
    pub(super) fn could_be(&mut self, a: Ty, b: Ty) -> bool {
        let mark = self.infer.mark();
        let result = self.infer.unify(self.cx.types, a, b);
        self.infer.roll_back(mark);
        result.is_ok()
    }

    pub(super) fn is_unknown(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Infer(_))
    }

    pub(super) fn substitute(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        self.cx.types.substitute(ty, args)
    }

    /// Asks for a trait, now if the type is known, else at the end of the body.
    pub(super) fn require(&mut self, ty: Ty, bound: Bound, span: Span, reason: Reason) {
        let obligation = Obligation {
            ty,
            bound,
            span,
            reason,
        };
        if self.cx.types.has_infer(ty) {
            self.obligations.push(obligation);
        } else {
            self.settle(&obligation);
        }
    }

    pub(super) fn annotation(&mut self, written: &ast::Type) -> Ty {
        self.annotated(|annotations| annotations.ty(written))
    }

    pub(super) fn result_annotation(&mut self, written: &ast::Type) -> Ty {
        self.annotated(|annotations| annotations.result(Some(written)))
    }

    fn annotated(&mut self, read: impl FnOnce(&mut Annotations<'_>) -> Ty) -> Ty {
        let mut keys: Vec<WrittenKey> = Vec::new();
        let ty = read(&mut Annotations {
            names: &self.world.names,
            types: self.cx.types,
            sink: self.cx.sink,
            used: self.cx.used_imports,
            module: self.module,
            file: self.file,
            generics: &self.generics,
            self_ty: self.self_ty,
            keys: &mut keys,
        });
        for key in keys {
            self.require(key.ty, Bound::Hash, key.span, Reason::Key);
        }
        ty
    }

    // -------------------------------------------------------------------------------- expressions

    /// A node of the tree. A type that has grown too large is reported here, and is an error from
    /// here on; so no type can grow without end.
    pub(super) fn expr(&mut self, kind: ExprKind, ty: Ty, span: Span) -> Expr {
        if self.cx.types.size(ty) > MAX_TYPE_SIZE {
            self.too_large(span);
            return Expr {
                kind,
                ty: Ty::ERROR,
                span,
            };
        }
        Expr { kind, ty, span }
    }

    pub(super) fn too_large(&mut self, span: Span) {
        let error = self.error(code::TYPE_TOO_LARGE, span, "the type of this is too large");
        self.report(error.note(format!("a type has at most {MAX_TYPE_SIZE} parts")));
    }

    #[expect(clippy::unused_self, reason = "reads like the other makers of nodes")]
    pub(super) fn error_expr(&self, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Error,
            ty: Ty::ERROR,
            span,
        }
    }

    // ------------------------------------------------------------------------------------ scopes

    pub(super) fn open_scope(&self) -> ScopeMark {
        ScopeMark(self.scope.len())
    }

    pub(super) fn close_scope(&mut self, mark: ScopeMark) {
        for name in self.scope.drain(mark.0..) {
            if let Some(locals) = self.names.get_mut(&name) {
                locals.pop();
            }
        }
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("a body has a frame as long as it is checked")
    }

    pub(super) fn open_frame(
        &mut self,
        kind: FrameKind,
        result: Ty,
        declared: Option<(Span, &'static str)>,
    ) {
        self.frames.push(Frame::new(kind, result, declared));
    }

    pub(super) fn close_frame(&mut self) -> Frame {
        self.frames.pop().expect("each frame is closed once")
    }

    /// A new local of the innermost frame, not in scope yet.
    pub(super) fn local(
        &mut self,
        name: &Ident,
        ty: Ty,
        mutability: Mutability,
        kind: LocalKind,
    ) -> LocalId {
        let outer = self.outside_of_loop(&name.name);
        let frame = self.frame();
        let id = LocalId::new(frame.locals.len());
        let loops = frame.loops.len();
        let mut local = LocalState::new(name.name.clone(), name.span, ty, mutability, kind, loops);
        local.hides = outer;
        frame.locals.push(local);
        id
    }

    /// The variable of this name that is declared in this function, outside of the loop around.
    fn outside_of_loop(&self, name: &str) -> Option<Span> {
        let (at, local) = self.find_local(name)?;
        let frame = self
            .frames
            .get(at)
            .filter(|_| at + 1 == self.frames.len())?;
        let local = &frame.locals[local.index()];
        (local.loops < frame.loops.len()).then_some(local.span)
    }

    /// A local that only the compiler uses.
    pub(super) fn temporary(&mut self, ty: Ty, span: Span) -> LocalId {
        let name = Ident::new("", span);
        self.local(&name, ty, Mutability::Let, LocalKind::Temporary)
    }

    pub(super) fn bring_into_scope(&mut self, name: &Name, local: LocalId) {
        if *name == "_" {
            return;
        }
        let frame = self.frames.len() - 1;
        self.names
            .entry(name.clone())
            .or_default()
            .push((frame, local));
        self.scope.push(name.clone());
    }

    /// The innermost local of this name, with its frame.
    pub(super) fn find_local(&self, name: &str) -> Option<(usize, LocalId)> {
        self.names
            .get(name)
            .and_then(|locals| locals.last())
            .copied()
    }

    /// Notes that this body uses an item.
    pub(super) fn uses(&mut self, item: Item) {
        let Some(user) = self.user else {
            return;
        };
        let module = match item {
            Item::Fn(id) => self.world.function(id).module,
            Item::Value(id) => self.world.value(id).module,
            Item::Tag(id) => self.world.tag(id).module,
            Item::Adt(id) => self.world.adt(id).module,
        };
        if !self.world.parsed[module.index()].library {
            self.cx.notes.uses.push((user, item));
        }
    }

    /// Marks the import that brought a name as used.
    pub(super) fn mark_import(&mut self, import: Option<super::scope::ImportId>) {
        if let Some(import) = import {
            self.cx.used_imports[import.0 as usize] = true;
        }
    }
}
