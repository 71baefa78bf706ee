//! What calling a function does beside giving an answer.
//!
//! The answers err on one side: what is not understood has effects, and may end a turn.

use std::collections::{BTreeSet, HashMap};

use crate::typed::{
    Body, Expr, ExprKind, FnId, Function, LocalId, PatternKind, Stmt, StmtKind, Target, TyKind,
    Types, for_each_child, for_each_stmt,
};

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    effect: Effect,
    /// It may wait, move, give the turn away, or end the message.
    ends_turn: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    None,
    /// Those of the functions that are its arguments.
    OfArguments,
    Some,
}

impl Facts {
    const IDLE: Self = Self {
        effect: Effect::None,
        ends_turn: false,
    };
    const UNKNOWN: Self = Self {
        effect: Effect::Some,
        ends_turn: true,
    };
    /// Calls a function that the caller has given.
    const CALLS_ARGUMENT: Self = Self {
        effect: Effect::OfArguments,
        ends_turn: true,
    };

    fn and(self, other: Self) -> Self {
        Self {
            effect: self.effect.max(other.effect),
            ends_turn: self.ends_turn || other.ends_turn,
        }
    }
}

/// Functions that call each other, followed one into the other: deeper than this they count as
/// unknown.
const MAX_CALLS: u32 = 40;

pub(super) struct Effects<'p> {
    functions: &'p [Function],
    types: &'p Types,
    known: HashMap<FnId, Facts>,
    /// The functions that are being looked at, each called by the one before.
    open: Vec<FnId>,
}

impl<'p> Effects<'p> {
    pub(super) fn new(functions: &'p [Function], types: &'p Types) -> Self {
        Self {
            functions,
            types,
            known: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// Whether a call changes nothing.
    pub(super) fn is_idle(&mut self, call: &Expr) -> bool {
        self.expr(call, &mut Scope::default()).effect == Effect::None
    }

    /// Whether running this may end the turn.
    pub(super) fn may_end_turn(&mut self, expr: &Expr) -> bool {
        self.expr(expr, &mut Scope::default()).ends_turn
    }

    fn function(&mut self, id: FnId) -> Facts {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        // A function that calls itself does no more than it does otherwise.
        if self.open.last() == Some(&id) {
            return Facts::IDLE;
        }
        if self.open.contains(&id) || self.open.len() >= MAX_CALLS as usize {
            return Facts::UNKNOWN;
        }
        let Some(function) = self.functions.get(id.index()) else {
            return Facts::UNKNOWN;
        };
        let facts = match &function.body {
            Body::Native(name) => native(name),
            Body::Typed(body) => {
                self.open.push(id);
                let mut scope = Scope {
                    params: function.params.iter().copied().collect(),
                    fresh: BTreeSet::new(),
                };
                let facts = self.expr(body, &mut scope);
                self.open.pop();
                facts
            }
        };
        self.known.insert(id, facts);
        facts
    }

    fn expr(&mut self, root: &Expr, scope: &mut Scope) -> Facts {
        let mut facts = Facts::IDLE;
        let mut work = vec![root];
        while let Some(expr) = work.pop() {
            facts = facts.and(self.own(expr, scope));
            for_each_stmt(expr, |stmt| facts = facts.and(scope.stmt(stmt)));
            if !matches!(expr.kind, ExprKind::Closure(_)) {
                for_each_child(expr, |child| work.push(child));
            }
        }
        facts
    }

    /// What the expression does beside its parts.
    fn own(&mut self, expr: &Expr, scope: &Scope) -> Facts {
        match &expr.kind {
            ExprKind::Call { function, args, .. } => self.call(*function, args, scope),
            ExprKind::CallValue { callee, .. } => match &callee.kind {
                ExprKind::Local(local) if scope.params.contains(local) => Facts::CALLS_ARGUMENT,
                _ => Facts::UNKNOWN,
            },
            ExprKind::Spawn { .. } => Facts {
                effect: Effect::Some,
                ends_turn: false,
            },
            ExprKind::Unwrap { .. } => Facts {
                effect: Effect::None,
                ends_turn: true,
            },
            ExprKind::Error => Facts::UNKNOWN,
            _ => Facts::IDLE,
        }
    }

    fn call(&mut self, id: FnId, args: &[Expr], scope: &Scope) -> Facts {
        let is_native = |function: &Function| {
            matches!(&function.body, Body::Native(name)
            if CHANGE_FIRST.contains(&&**name))
        };
        if self.functions.get(id.index()).is_some_and(is_native) {
            let is_fresh = args.first().is_some_and(|first| scope.is_fresh(first));
            return Facts {
                effect: if is_fresh { Effect::None } else { Effect::Some },
                ends_turn: false,
            };
        }
        let mut facts = self.function(id);
        if facts.effect != Effect::OfArguments {
            return facts;
        }
        facts.effect = Effect::None;
        for arg in args {
            if matches!(self.types.get(arg.ty), TyKind::Fn { .. }) {
                facts = facts.and(self.argument(arg, scope));
            }
        }
        facts
    }

    /// What calling an argument does.
    fn argument(&mut self, arg: &Expr, scope: &Scope) -> Facts {
        match &arg.kind {
            ExprKind::FnValue { function, .. } => self.function(*function),
            ExprKind::Local(local) if scope.params.contains(local) => Facts::CALLS_ARGUMENT,
            ExprKind::Closure(closure) => self.expr(&closure.body, &mut Scope::default()),
            _ => Facts::UNKNOWN,
        }
    }
}

/// What is known of the locals of a function.
#[derive(Default)]
struct Scope {
    params: BTreeSet<LocalId>,
    /// They hold a collection or struct that was made here, so that nobody else sees it change.
    fresh: BTreeSet<LocalId>,
}

impl Scope {
    fn is_fresh(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Local(local) if self.fresh.contains(local))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Facts {
        match &stmt.kind {
            StmtKind::Let { pattern, value, .. } => {
                let made = matches!(
                    value.kind,
                    ExprKind::List(_)
                        | ExprKind::Map(_)
                        | ExprKind::Set(_)
                        | ExprKind::Struct { .. }
                );
                if let (PatternKind::Bind(local), true) = (&pattern.kind, made) {
                    self.fresh.insert(*local);
                }
                Facts::IDLE
            }
            StmtKind::Assign { target, .. } => match target {
                Target::Local(local) => {
                    self.fresh.remove(local);
                    Facts::IDLE
                }
                Target::Field { object, .. } | Target::Index { object, .. }
                    if self.is_fresh(object) =>
                {
                    Facts::IDLE
                }
                _ => Facts {
                    effect: Effect::Some,
                    ends_turn: false,
                },
            },
            StmtKind::Assert { .. } => Facts::UNKNOWN,
            StmtKind::Expr(_) => Facts::IDLE,
        }
    }
}

/// Natives that change their first argument and nothing else.
const CHANGE_FIRST: &[&str] = &[
    "[T].push",
    "[T].take_last",
    "[T].insert",
    "[T].remove",
    "[T].truncate",
    "[T].append",
    "[T].reverse",
    "[K: V].insert",
    "[K: V].remove_entry",
    "[K: V].clear",
    "Set<T>.add",
    "Set<T>.remove",
    "Set<T>.clear",
];

/// Natives that only answer.
const ONLY_ANSWER: &[&str] = &[
    "[T].len",
    "[T].slice",
    "[K: V].len",
    "[K: V].get",
    "[K: V].has",
    "Set<T>.len",
    "Set<T>.has",
    "[Str].join",
    "[Int].bytes",
    "Tag<T>.name",
    "Place.name",
    "Hop.node",
    "Node.hop",
    "Node.name",
    "has",
    "has_all",
    "read",
    "version",
    "neighbors",
    "previous",
    "here",
    "home",
    "hops",
    "now",
    "id",
    "duration",
    "repeated",
];

/// The types whose natives only answer.
const VALUES: &[&str] = &["Int.", "Float.", "Str.", "Bytes.", "Duration."];

/// Natives after which the turn goes on.
const GO_ON: &[&str] = &["print", "delete", "tag_create", "tag_write", "random_bits"];

fn native(name: &str) -> Facts {
    let answers = ONLY_ANSWER.contains(&name) || VALUES.iter().any(|of| name.starts_with(of));
    match name {
        _ if answers => Facts::IDLE,
        _ if GO_ON.contains(&name) || CHANGE_FIRST.contains(&name) => Facts {
            effect: Effect::Some,
            ends_turn: false,
        },
        _ => Facts::UNKNOWN,
    }
}
