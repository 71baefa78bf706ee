//! The statements of an input as functions that can be checked, and run.
//!
//! A first text only asks the checker what the statements bind and of which type their value is. A
//! second one, which can name these types, answers the value together with all that is to be kept:
//!
//! ```text
//! fn __input(__0: [Int]) -> (Int, [Bool], [Int], Int) {
//!     let xs = __0                        // the bindings that the input uses
//!     var n = xs.len()                    // the input
//!     let __r = n + 1
//!     (__r, [], __0, n)                   // value, who is who, cells, bindings
//! }
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use sm_compiler::ast::{self, Mutability, Span};
use sm_compiler::typed::{
    Body, Expr, ExprKind, Function, LocalId, NodeMut, Pattern, PatternKind, Program, Stmt,
    StmtKind, Ty,
};

use super::binding::{Identity, TypeText};
use super::types;
use crate::composed::{Composed, Excerpt, Owner};

/// A statement of an input: what stands before it, and itself.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) before: Excerpt,
    pub(crate) itself: Excerpt,
}

/// What the checker knows about the statements of an input.
#[derive(Debug)]
pub(crate) struct Facts {
    /// For each statement what it binds.
    pub(crate) bound: Vec<Vec<Bound>>,
    /// For each statement whether it matters that it is evaluated again.
    pub(crate) remade: Vec<Remade>,
    /// Of the last statement, if that is an expression.
    pub(crate) value: Option<Ty>,
}

/// What comes of evaluating a statement again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remade {
    /// The same.
    Same,
    /// Perhaps something else, and what it does is done again.
    Anew,
}

/// A name that a statement binds.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) mutability: Mutability,
    pub(crate) span: Span,
}

/// Something that an input answers beside its value.
#[derive(Debug)]
pub(crate) struct Kept {
    /// How the input names it.
    pub(crate) expression: String,
    pub(crate) ty: TypeText,
}

/// How the value of an input comes home.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    /// There is none.
    Nothing,
    /// It cannot leave the message; only its type is told.
    Stays,
    /// As a value of this type.
    Value(TypeText),
    /// As text: its type has no name here.
    Text,
}

/// Writes the statements for the checker; answers where each is.
pub(crate) fn compose(
    statements: &[Statement],
    tail: Tail,
    into: &mut Composed,
) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        into.verbatim(Owner::Input, &statement.before);
        if tail == Tail::Value && at + 1 == statements.len() {
            into.glue(Owner::Glue, "\nlet __r = ");
        }
        places.push(into.verbatim(Owner::Input, &statement.itself));
        // Whatever the statement lacks is missing there, and not in the glue that follows.
        into.glue(Owner::Glue, ";\n");
    }
    places
}

/// The type of what an input answers, and the expression.
pub(crate) fn answer(carried: &Carried, kept: &[Kept]) -> (String, String) {
    let (mut ty, mut value) = match carried {
        Carried::Nothing | Carried::Stays => ("(Unit".to_owned(), "(()".to_owned()),
        Carried::Value(ty) => (format!("({}", ty.text), "(__r".to_owned()),
        Carried::Text => ("(Str".to_owned(), "(\"{__r}\"".to_owned()),
    };
    let same: Vec<String> = pairs(kept)
        .map(|(a, b)| format!("{} is {}", kept[a].expression, kept[b].expression))
        .collect();
    ty.push_str(", [Bool]");
    let _ = write!(value, ", [{}]", same.join(", "));
    for one in kept {
        let _ = write!(ty, ", {}", one.ty.text);
        let _ = write!(value, ", {}", one.expression);
    }
    (ty + ")", value + ")")
}

/// Which of them may be the same thing, in the order of the answer's list.
pub(crate) fn pairs(kept: &[Kept]) -> impl Iterator<Item = (usize, usize)> {
    let count = kept.len();
    let all = (0..count).flat_map(move |b| (0..b).map(move |a| (a, b)));
    all.filter(|(a, b)| {
        let (a, b) = (&kept[*a].ty, &kept[*b].ty);
        a.identity == Identity::Reference && a == b
    })
}

/// Reads what the checker found out.
pub(crate) fn facts(program: &Program, places: &[Range<usize>]) -> Facts {
    let mut facts = Facts {
        bound: places.iter().map(|_| Vec::new()).collect(),
        remade: vec![Remade::Anew; places.len()],
        value: None,
    };
    let Some(function) = program.main.map(|main| program.function(main)) else {
        return facts;
    };
    let Body::Typed(body) = &function.body else {
        return facts;
    };
    let named = function
        .locals
        .iter()
        .rev()
        .find(|local| local.name == "__r");
    facts.value = named.map(|local| local.ty);
    for statement in statements_of(body) {
        let place = |span: Span| {
            places
                .iter()
                .position(|p| p.contains(&(span.start as usize)))
        };
        let Some(at) = place(statement.span) else {
            continue;
        };
        match &statement.kind {
            StmtKind::Let { pattern, value, .. } => {
                if matches!(value.kind, ExprKind::Closure(_) | ExprKind::FnValue { .. }) {
                    facts.remade[at] = Remade::Same;
                }
                let mut locals = Vec::new();
                bound_by(pattern, &mut locals);
                facts.bound[at].extend(locals.into_iter().map(|local| bound(function, local)));
            }
            StmtKind::Expr(value) if at + 1 == places.len() => facts.value = Some(value.ty),
            _ => {}
        }
    }
    facts
}

/// Whether a statement of the input would leave it; what a function in it does is its own.
pub(crate) fn returns(program: &Program) -> bool {
    let function = program.main.map(|main| program.function(main));
    match function.map(|function| &function.body) {
        Some(Body::Typed(body)) => leaves(&mut body.clone()),
        _ => false,
    }
}

fn leaves(expr: &mut Expr) -> bool {
    match expr.kind {
        ExprKind::Return(_) => return true,
        ExprKind::Closure(_) => return false,
        _ => {}
    }
    let mut found = false;
    expr.children_mut(&mut |child| {
        if let NodeMut::Expr(child) = child {
            found = found || leaves(child);
        }
    });
    found
}

fn statements_of(body: &Expr) -> &[Stmt] {
    match &body.kind {
        ExprKind::Block { stmts, .. } => stmts,
        _ => &[],
    }
}

fn bound(function: &Function, local: LocalId) -> Bound {
    let local = &function.locals[local.index()];
    Bound {
        name: local.name.to_string(),
        ty: local.ty,
        mutability: local.mutability,
        span: local.span,
    }
}

fn bound_by(pattern: &Pattern, out: &mut Vec<LocalId>) {
    match &pattern.kind {
        PatternKind::Bind(local) => out.push(*local),
        PatternKind::At { local, pattern } => {
            out.push(*local);
            bound_by(pattern, out);
        }
        PatternKind::Some(inner) => bound_by(inner, out),
        PatternKind::Variant { fields, .. } | PatternKind::Struct { fields, .. } => {
            fields.iter().for_each(|field| bound_by(field, out));
        }
        PatternKind::Tuple(parts) => parts.iter().for_each(|part| bound_by(part, out)),
        // Each alternative binds the same.
        PatternKind::Or(alternatives) => {
            if let Some(first) = alternatives.first() {
                bound_by(first, out);
            }
        }
        _ => {}
    }
}

/// How a value of this type is to come home.
pub(crate) fn carried(program: &Program, value: Option<Ty>) -> Carried {
    let Some(ty) = value.filter(|ty| *ty != Ty::UNIT && *ty != Ty::NEVER) else {
        return Carried::Nothing;
    };
    match types::data(program, ty) {
        Some(text) => Carried::Value(text),
        None if types::is_data(program, ty) => Carried::Text,
        None => Carried::Stays,
    }
}

/// What the last statement of an input is for the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Its value is wanted, so it must not be read as a statement that has none.
    Value,
    Statement,
}

/// `if` and `match` have a value where one is wanted; every other expression has it anyway.
pub(crate) fn tail(statements: &[Statement]) -> Tail {
    let Some(last) = statements.last() else {
        return Tail::Statement;
    };
    let text = format!("fn f() {{\n{}\n}}", last.itself.as_str());
    let (module, _) = sm_compiler::parse(ast::FileId(0), &text);
    let Some(ast::ItemKind::Fn(function)) = module.items.first().map(|item| &item.kind) else {
        return Tail::Statement;
    };
    let ast::FnBody::Block(block) = &function.body else {
        return Tail::Statement;
    };
    match block.split_tail().1.map(|tail| &tail.kind) {
        Some(ast::ExprKind::If(one)) if one.otherwise.is_some() => Tail::Value,
        Some(ast::ExprKind::Match(_)) => Tail::Value,
        _ => Tail::Statement,
    }
}
