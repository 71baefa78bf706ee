//! Constants and defaults: expressions outside of functions.
//!
//! The value of a constant is known to the compiler: arithmetic on literals is done here. A small
//! value is written into each place where it is used; a large one, and a default that has to be
//! computed, becomes a function without parameters.

use std::collections::BTreeSet;

use super::body::{Body, Cx, Want, Why};
use super::collect::ValueKind;
use super::frame::FrameKind;
use super::lints::Item;
use super::scope::ValueId;
use crate::ast::{self, Literal, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::limits::{MAX_INLINE_VALUE, MAX_VALUE_DEPTH};
use crate::typed::{
    self, BinaryOp, Expr, ExprKind, FnId, Function, Link, NodeMut, TagId, Ty, TyKind, UnaryOp,
};

/// What is known of a constant or default.
#[derive(Clone, Debug, Default)]
pub(super) enum ValueState {
    #[default]
    Unknown,
    Computing,
    Inline(Expr),
    Function(FnId),
    /// It has been reported.
    Failed,
}

impl Body<'_, '_> {
    /// The value of a constant or default, seen from a place with these type arguments.
    pub(super) fn value(&mut self, id: ValueId, type_args: &[Ty], span: Span) -> Expr {
        self.compute(id, span);
        self.uses(Item::Value(id));
        let declared = self.world.value(id).ty;
        let ty = self.substitute(declared, type_args);
        let kind = match &self.cx.values[id.0 as usize] {
            ValueState::Inline(expr) => {
                let mut expr = expr.clone();
                self.transplant(&mut expr, type_args, span);
                return expr;
            }
            ValueState::Function(function) => ExprKind::Call {
                function: *function,
                type_args: type_args.to_vec(),
                args: Vec::new(),
            },
            _ => ExprKind::Error,
        };
        self.expr(kind, ty, span)
    }

    /// Makes a copied value one of this place.
    fn transplant(&mut self, expr: &mut Expr, type_args: &[Ty], span: Span) {
        expr.span = span;
        expr.ty = self.substitute(expr.ty, type_args);
        if let ExprKind::FnValue { type_args: own, .. } = &mut expr.kind {
            for ty in own {
                *ty = self.cx.types.substitute(*ty, type_args);
            }
        }
        if let ExprKind::Chain { rest, .. } = &mut expr.kind {
            rest.iter_mut().for_each(|link| link.span = span);
        }
        if let ExprKind::Tag(tag) | ExprKind::TagMember { tag, .. } = &expr.kind {
            self.may_name(*tag, span);
        }
        expr.children_mut(&mut |child| {
            if let NodeMut::Expr(child) = child {
                self.transplant(child, type_args, span);
            }
        });
    }

    fn compute(&mut self, id: ValueId, span: Span) {
        let depth = self.value_depth;
        match &self.cx.values[id.0 as usize] {
            ValueState::Unknown if depth < MAX_VALUE_DEPTH => compute(self.cx, id, depth),
            ValueState::Unknown | ValueState::Computing => {
                let name = &self.world.value(id).name;
                let message = match depth < MAX_VALUE_DEPTH {
                    true => format!("the value of `{name}` needs itself"),
                    false => {
                        format!("the value of `{name}` needs too many others to be known first")
                    }
                };
                let declared = self.world.value(id);
                let file = self.world.file(declared.module);
                let error = self.error(code::CIRCULAR_VALUE, span, message);
                self.report(error.label_in(file, declared.span, "declared here"));
            }
            _ => {}
        }
    }

    /// Something that cannot stand in a constant.
    pub(super) fn not_constant(&mut self, span: Span, what: &str) -> Expr {
        let message = format!("{what} cannot stand in a constant");
        let error = self.error(code::NOT_CONSTANT, span, message);
        self.report(error.note(CONSTANTS));
        self.error_expr(span)
    }
}

const CONSTANTS: &str =
    "a constant is made of literals, operators, other constants, and values built of them";

/// Computes the value of a constant or default, `depth` others being computed around it.
pub(super) fn compute(cx: &mut Cx<'_>, id: ValueId, depth: u32) {
    let world = cx.world;
    let declared = world.value(id);
    cx.values[id.0 as usize] = ValueState::Computing;
    let errors = cx.sink.errors();
    let mut body = Body::new(cx, declared.module, declared.generics.clone());
    body.value_depth = depth + 1;
    body.self_ty = declared.owner;
    body.user = Some(Item::Value(id));
    body.open_frame(FrameKind::Value, declared.ty, None);
    let why = Why::At(body.file, declared.span, "the type is declared here");
    let mut expr = match declared.kind {
        ValueKind::Constant => body.check(declared.expr, declared.ty, why),
        ValueKind::Default => body.check(declared.expr, declared.ty, Why::Plain),
    };
    let (locals, _) = body.finish(&mut expr);
    let failed = cx.sink.errors() > errors;
    let file = world.file(declared.module);
    let mut folder = Folder::new(world.functions.len());
    let constant = failed
        || match folder.fold(&mut expr) {
            Ok(()) => true,
            Err(trouble) => settle_trouble(cx, declared.kind, file, trouble),
        };
    let failed = failed || cx.sink.errors() > errors;
    cx.values[id.0 as usize] = if failed {
        ValueState::Failed
    } else if constant && folder.nodes <= MAX_INLINE_VALUE && !is_given_from_outside(cx, id) {
        ValueState::Inline(expr)
    } else {
        ValueState::Function(hide(cx, id, locals, expr))
    };
}

/// Whoever starts a program may leave out arguments of `main`, and fields of structs in them, and
/// runs the functions that compute the defaults: they are exported as `main(name)`,
/// `Struct(field)`.
fn is_given_from_outside(cx: &Cx<'_>, id: ValueId) -> bool {
    let world = cx.world;
    let Some(main) = world.main.map(|main| world.function(main)) else {
        return false;
    };
    if main.params.iter().any(|param| param.default == Some(id)) {
        return true;
    }
    let mut work: Vec<Ty> = main.params.iter().map(|param| param.ty).collect();
    let mut seen = BTreeSet::new();
    while let Some(ty) = work.pop() {
        match cx.types.get(ty) {
            TyKind::List(of) | TyKind::Set(of) | TyKind::Option(of) => work.push(*of),
            TyKind::Map(key, of) => work.extend([*key, *of]),
            TyKind::Tuple(parts) => work.extend(parts),
            TyKind::Adt(adt, args) => {
                work.extend(args);
                if !seen.insert(*adt) {
                    continue;
                }
                if world.field_defaults[adt.index()].contains(&Some(id)) {
                    return true;
                }
                let adt = &world.adts[adt.index()];
                let parts = adt.variants().iter().flat_map(|variant| &variant.fields);
                work.extend(adt.fields().iter().chain(parts).map(|field| field.ty));
            }
            _ => {}
        }
    }
    false
}

/// A function that computes the value.
fn hide(cx: &mut Cx<'_>, value: ValueId, locals: Vec<typed::Local>, expr: Expr) -> FnId {
    let declared = cx.world.value(value);
    let id = FnId::new(cx.world.functions.len() + cx.hidden.len());
    cx.hidden.push(Function {
        module: declared.module,
        name: declared.name.clone(),
        generics: declared.generics.clone(),
        params: Vec::new(),
        locals,
        result: declared.ty,
        body: typed::Body::Typed(expr),
        // Another module that leaves out the argument, or names the constant, calls it too.
        public: true,
        span: declared.span,
    });
    id
}

/// Why a value is not known to the compiler.
enum Trouble {
    /// It has to be computed when the program runs.
    Runs(Span),
    /// Its computation fails.
    Fails(Span, &'static str),
}

/// Reports what a constant cannot be. Answers whether the value is a constant nevertheless.
fn settle_trouble(
    cx: &mut Cx<'_>,
    kind: ValueKind,
    file: crate::ast::FileId,
    trouble: Trouble,
) -> bool {
    match (kind, trouble) {
        (_, Trouble::Fails(span, why)) => {
            let message = format!("this constant cannot be computed: {why}");
            cx.sink
                .push(Diagnostic::error(code::CONSTANT_FAILS, file, span, message));
            true
        }
        (ValueKind::Constant, Trouble::Runs(span)) => {
            let message = "the value of a constant must be known without running the program";
            let error = Diagnostic::error(code::NOT_CONSTANT, file, span, message);
            cx.sink
                .push(error.note(CONSTANTS).help("write a function instead"));
            true
        }
        (ValueKind::Default, Trouble::Runs(_)) => false,
    }
}

/// Computes what can be computed, and counts the nodes that are left.
struct Folder {
    /// Functions from this one on hold the values of constants that are too large to be copied.
    first_hidden: FnId,
    nodes: u32,
}

impl Folder {
    fn new(functions: usize) -> Self {
        Self {
            first_hidden: FnId::new(functions),
            nodes: 0,
        }
    }

    fn fold(&mut self, expr: &mut Expr) -> Result<(), Trouble> {
        let span = expr.span;
        if !self.is_known(&expr.kind) {
            return Err(Trouble::Runs(span));
        }
        let more = u32::try_from(expr.operators_after_first()).unwrap_or(u32::MAX);
        self.nodes = self.nodes.saturating_add(more).saturating_add(1);
        let mut result = Ok(());
        expr.children_mut(&mut |child| {
            if let NodeMut::Expr(child) = child
                && result.is_ok()
            {
                result = self.fold(child);
            }
        });
        result?;
        if let ExprKind::Chain { first, rest } = &mut expr.kind {
            fold_chain(first, rest).map_err(|(at, why)| Trouble::Fails(at, why))?;
            if rest.is_empty() {
                expr.kind = first.kind.clone();
            }
        } else if let Some(folded) = operate(&expr.kind).map_err(|why| Trouble::Fails(span, why))? {
            expr.kind = ExprKind::Literal(folded);
        }
        Ok(())
    }

    /// Whether the value is known where those of its parts are.
    fn is_known(&self, kind: &ExprKind) -> bool {
        match kind {
            ExprKind::Unit
            | ExprKind::Literal(_)
            | ExprKind::None
            | ExprKind::Tag(_)
            | ExprKind::FnValue { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Chain { .. }
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Some(_)
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Set(_)
            | ExprKind::Struct { .. }
            | ExprKind::Variant { .. }
            | ExprKind::TagMember { .. }
            | ExprKind::Place { .. } => true,
            ExprKind::Call { function, .. } => *function >= self.first_hidden,
            _ => false,
        }
    }
}

/// The value of an operator on literals.
fn operate(kind: &ExprKind) -> Result<Option<Literal>, &'static str> {
    let literal = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(literal) => Some(literal.clone()),
        _ => None,
    };
    match kind {
        ExprKind::Unary { op, operand } => match literal(operand) {
            Some(operand) => unary(*op, &operand),
            None => Ok(None),
        },
        ExprKind::Binary { op, left, right } => match (literal(left), literal(right)) {
            (Some(left), Some(right)) => binary(*op, &left, &right),
            _ => Ok(None),
        },
        ExprKind::And(parts) => Ok(truths(parts).map(|mut all| Literal::Bool(all.all(|one| one)))),
        ExprKind::Or(parts) => Ok(truths(parts).map(|mut all| Literal::Bool(all.any(|one| one)))),
        _ => Ok(None),
    }
}

/// What each part is, if all of them are literals.
fn truths(parts: &[Expr]) -> Option<impl Iterator<Item = bool>> {
    let known = parts.iter().map(|part| match part.kind {
        ExprKind::Literal(Literal::Bool(truth)) => Some(truth),
        _ => None,
    });
    let known: Option<Vec<bool>> = known.collect();
    known.map(Vec::into_iter)
}

/// Lets `first` be as much of the beginning of a chain as is known.
fn fold_chain(first: &mut Expr, rest: &mut Vec<Link>) -> Result<(), (Span, &'static str)> {
    let mut folded = 0;
    for Link { op, operand, span } in &*rest {
        let (ExprKind::Literal(left), ExprKind::Literal(right)) = (&first.kind, &operand.kind)
        else {
            break;
        };
        let Some(value) = binary(*op, left, right).map_err(|why| (*span, why))? else {
            break;
        };
        first.kind = ExprKind::Literal(value);
        first.span = *span;
        folded += 1;
    }
    rest.drain(..folded);
    Ok(())
}

const OVERFLOW: &str = "it does not fit into 64 bits";

fn unary(op: UnaryOp, operand: &Literal) -> Result<Option<Literal>, &'static str> {
    Ok(match (op, operand) {
        (UnaryOp::Neg, Literal::Int(a)) => Some(Literal::Int(a.checked_neg().ok_or(OVERFLOW)?)),
        (UnaryOp::Neg, Literal::Duration(a)) => {
            Some(Literal::Duration(a.checked_neg().ok_or(OVERFLOW)?))
        }
        (UnaryOp::Neg, Literal::Float(a)) => Some(Literal::Float(-a)),
        (UnaryOp::Not, Literal::Bool(a)) => Some(Literal::Bool(!a)),
        (UnaryOp::BitNot, Literal::Int(a)) => Some(Literal::Int(!a)),
        _ => None,
    })
}

fn binary(op: BinaryOp, left: &Literal, right: &Literal) -> Result<Option<Literal>, &'static str> {
    Ok(match (left, right) {
        (Literal::Int(a), Literal::Int(b)) => integer(op, *a, *b)?.map(Literal::Int),
        (Literal::Duration(a), Literal::Duration(b)) => match op {
            BinaryOp::Div => integer(op, *a, *b)?.map(Literal::Int),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem => {
                integer(op, *a, *b)?.map(Literal::Duration)
            }
            _ => None,
        },
        (Literal::Duration(a), Literal::Int(b)) | (Literal::Int(a), Literal::Duration(b)) => {
            integer(op, *a, *b)?.map(Literal::Duration)
        }
        (Literal::Float(a), Literal::Float(b)) => match op {
            BinaryOp::Add => finite(a + b),
            BinaryOp::Sub => finite(a - b),
            BinaryOp::Mul => finite(a * b),
            BinaryOp::Div => finite(a / b),
            _ => None,
        },
        (Literal::Str(a), Literal::Str(b))
            if op == BinaryOp::Add && a.len() + b.len() <= MAX_FOLDED_TEXT =>
        {
            Some(Literal::Str(format!("{a}{b}").into()))
        }
        _ => None,
    })
}

/// Bytes of a text that the compiler puts together: doubling it again and again is quick to write.
const MAX_FOLDED_TEXT: usize = 4096;

/// A literal is finite; infinities and NaN are computed when the program runs.
fn finite(value: f64) -> Option<Literal> {
    value.is_finite().then_some(Literal::Float(value))
}

fn integer(op: BinaryOp, a: i64, b: i64) -> Result<Option<i64>, &'static str> {
    let shift = || {
        u32::try_from(b)
            .ok()
            .filter(|b| *b < 64)
            .ok_or("a shift of 64 bits or more")
    };
    Ok(Some(match op {
        BinaryOp::Add => a.checked_add(b).ok_or(OVERFLOW)?,
        BinaryOp::Sub => a.checked_sub(b).ok_or(OVERFLOW)?,
        BinaryOp::Mul => a.checked_mul(b).ok_or(OVERFLOW)?,
        BinaryOp::Div | BinaryOp::Rem if b == 0 => return Err("it divides by zero"),
        BinaryOp::Div => a.checked_div(b).ok_or(OVERFLOW)?,
        BinaryOp::Rem => a.checked_rem(b).ok_or(OVERFLOW)?,
        BinaryOp::AddWrap => a.wrapping_add(b),
        BinaryOp::SubWrap => a.wrapping_sub(b),
        BinaryOp::MulWrap => a.wrapping_mul(b),
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        BinaryOp::BitXor => a ^ b,
        BinaryOp::Shl => a << shift()?,
        BinaryOp::Shr => a >> shift()?,
        BinaryOp::ShrLogical => (a.cast_unsigned() >> shift()?).cast_signed(),
        _ => return Ok(None),
    }))
}

/// The nanoseconds of a constant duration, as a tag's lifetime.
pub(super) fn lifetime(
    cx: &mut Cx<'_>,
    (tag, module): (TagId, typed::ModuleId),
    expr: &ast::Expr,
) -> Option<i64> {
    let file = cx.world.file(module);
    let errors = cx.sink.errors();
    let mut body = Body::new(cx, module, Vec::new());
    body.user = Some(Item::Tag(tag));
    body.open_frame(FrameKind::Value, Ty::DURATION, None);
    let mut checked = body.infer(expr, Want::ty(Ty::DURATION));
    checked = body.coerce(checked, Ty::DURATION, Why::Plain);
    body.finish(&mut checked);
    if cx.sink.errors() > errors {
        return None;
    }
    if let Err(trouble) = Folder::new(cx.world.functions.len()).fold(&mut checked) {
        settle_trouble(cx, ValueKind::Constant, file, trouble);
        return None;
    }
    match checked.kind {
        ExprKind::Literal(Literal::Duration(nanos)) if nanos > 0 => Some(nanos),
        _ => {
            let message = "a lifetime is a time greater than zero";
            let error = Diagnostic::error(code::BAD_LIFETIME, file, expr.span, message);
            cx.sink
                .push(error.help("without `lifetime` a tag stays until it is deleted"));
            None
        }
    }
}
