//! Typed expressions, statements and patterns.

use super::{
    AdtId, BinaryOp, FieldId, FnId, FormatSpec, Literal, Local, LocalId, LoopId, Name, Span, TagId,
    Ty, UnaryOp, VariantId,
};

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Unit,
    Literal(Literal),
    Local(LocalId),
    /// A named function as a value.
    FnValue {
        function: FnId,
        type_args: Vec<Ty>,
    },
    Tag(TagId),
    /// One tag of a family.
    TagMember {
        tag: TagId,
        args: Vec<Expr>,
    },
    /// Each is of a type `Tag<T>`, or `AnyTag` already.
    Place {
        wanted: Vec<Expr>,
        unwanted: Vec<Expr>,
    },
    Call {
        function: FnId,
        type_args: Vec<Ty>,
        args: Vec<Expr>,
    },
    CallValue {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    /// Of type `Id`. The function is never a native one.
    Spawn {
        function: FnId,
        type_args: Vec<Ty>,
        args: Vec<Expr>,
    },
    /// Fields in the order of the declaration; the type arguments are in the expression's type.
    Struct {
        adt: AdtId,
        fields: Vec<Expr>,
    },
    Variant {
        adt: AdtId,
        variant: VariantId,
        args: Vec<Expr>,
    },
    Some(Box<Expr>),
    None,
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Set(Vec<Expr>),
    /// A field of a struct.
    Field {
        object: Box<Expr>,
        field: FieldId,
    },
    TupleField {
        object: Box<Expr>,
        index: u32,
    },
    /// Of a list (by `Int`) or a map (by key), as the type of `object` says.
    Index {
        object: Box<Expr>,
        index: Box<Expr>,
    },
    /// `-` on Int, Float, Duration; `!` on Bool; `~` on Int.
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    /// A comparison: both sides of one type with Eq or Ord; `is`: of one reference type.
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Arithmetic of one precedence, from left to right, with one operator at least: Int, Float,
    /// Duration with Duration (`+ - / %`; `/` gives Int), Duration with Int (`* /`), Int with
    /// Duration (`*`), and `+` on Str.
    Chain {
        first: Box<Expr>,
        rest: Vec<Link>,
    },
    /// Of two at least.
    And(Vec<Expr>),
    /// Of two at least.
    Or(Vec<Expr>),
    /// `value ?? otherwise`. Of the type of the payload, or of the same type as both sides.
    Coalesce {
        value: Box<Expr>,
        otherwise: Box<Expr>,
        flavour: Flavour,
    },
    /// `let pattern = value` as a condition: of type Bool. It stands only where a condition does,
    /// alone or as a part of an `And`; what it binds is there in the parts to its right and where
    /// the condition holds.
    Matches {
        pattern: Pattern,
        value: Box<Expr>,
    },
    /// `value?`: gives the payload, or returns `None` or the `Err` from the function or closure.
    Try {
        value: Box<Expr>,
        flavour: Flavour,
    },
    /// `value!`: gives the payload, or traps.
    Unwrap {
        value: Box<Expr>,
        flavour: Flavour,
    },
    Interpolate(Vec<Part>),
    /// Of type Unit (or Never) where it has no tail.
    Block {
        stmts: Vec<Stmt>,
        tail: Option<Box<Expr>>,
    },
    /// Of type Unit where `otherwise` is absent.
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    /// Exhaustive.
    Match {
        value: Box<Expr>,
        arms: Vec<Arm>,
    },
    While {
        id: LoopId,
        condition: Box<Expr>,
        body: Box<Expr>,
    },
    /// Of type Never where no `break` leaves it, else of the type of their values.
    Loop {
        id: LoopId,
        body: Box<Expr>,
    },
    ForRange {
        id: LoopId,
        local: LocalId,
        start: Box<Expr>,
        end: Box<Expr>,
        limit: RangeEnd,
        body: Box<Expr>,
    },
    /// Over a list or set (the pattern takes an element) or a map (a tuple of key and value), as
    /// the type of `iterable` says. The pattern cannot fail.
    ForEach {
        id: LoopId,
        pattern: Pattern,
        iterable: Box<Expr>,
        body: Box<Expr>,
    },
    /// With a value only out of a [`ExprKind::Loop`] of that type, if it is not Unit.
    Break {
        id: LoopId,
        value: Option<Box<Expr>>,
    },
    Continue(LoopId),
    /// From the function or closure it stands in; absent: Unit.
    Return(Option<Box<Expr>>),
    Closure(Box<ClosureBody>),
    /// What could not be understood; it has been reported.
    Error,
}

impl Expr {
    /// How many operators the expression has beside one: each is as much as an expression.
    pub(crate) fn operators_after_first(&self) -> usize {
        match &self.kind {
            ExprKind::Chain { rest, .. } => rest.len().saturating_sub(1),
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.len().saturating_sub(2),
            _ => 0,
        }
    }
}

/// An operator of a chain, and the operand after it.
#[derive(Clone, Debug)]
pub struct Link {
    pub op: BinaryOp,
    pub operand: Expr,
    /// From the beginning of the chain to the end of the operand.
    pub span: Span,
}

/// What `?`, `!` and `??` work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Option,
    Result,
}

pub use crate::ast::RangeEnd;

/// A part of an interpolated string. The type of a value has `Show`, and fits its format: kinds `x
/// X b o` stand with Int, `e` and a precision with Float (a precision also with Str), sign and zero
/// with numbers.
#[derive(Clone, Debug)]
pub enum Part {
    Text(Name),
    Value {
        value: Expr,
        spec: Option<FormatSpec>,
    },
}

#[derive(Clone, Debug)]
pub struct Arm {
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: Expr,
    pub span: Span,
}

/// The code of a closure. Its locals are numbered on their own: parameters, captures, bindings.
#[derive(Clone, Debug)]
pub struct ClosureBody {
    pub params: Vec<LocalId>,
    pub captures: Vec<Capture>,
    pub locals: Vec<Local>,
    pub result: Ty,
    pub body: Expr,
}

/// The value that `outer` has when the closure is made is `inner` in the closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    pub outer: LocalId,
    pub inner: LocalId,
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    /// Where the pattern can fail, `otherwise` is there and is of type Never.
    Let {
        pattern: Pattern,
        value: Expr,
        otherwise: Option<Expr>,
    },
    /// The parts of the target are evaluated once, before the value.
    Assign {
        target: Target,
        op: AssignOp,
        value: Expr,
    },
    Assert {
        condition: Expr,
        message: Option<Expr>,
    },
    /// Its value, if any, is dropped.
    Expr(Expr),
}

pub use crate::ast::AssignOp;

/// Where an assignment writes.
#[derive(Clone, Debug)]
pub enum Target {
    Local(LocalId),
    /// A `var` field of a struct.
    Field {
        object: Expr,
        field: FieldId,
    },
    /// An element of a list, or the value of a key in a map (`=` inserts it).
    Index {
        object: Expr,
        index: Expr,
    },
    /// It has been reported.
    Error,
}

#[derive(Clone, Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    /// Of the values it is matched with.
    pub ty: Ty,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum PatternKind {
    Wildcard,
    Bind(LocalId),
    At {
        local: LocalId,
        pattern: Box<Pattern>,
    },
    /// Also a constant.
    Literal(Literal),
    /// Of Int or Duration literals; not empty.
    Range {
        start: i64,
        end: i64,
        limit: RangeEnd,
    },
    /// One pattern for each field.
    Variant {
        adt: AdtId,
        variant: VariantId,
        fields: Vec<Pattern>,
    },
    Some(Box<Pattern>),
    None,
    /// One pattern for each field.
    Struct {
        adt: AdtId,
        fields: Vec<Pattern>,
    },
    Tuple(Vec<Pattern>),
    /// The elements at the front, the list of those between, the elements at the back. Without
    /// `rest` it matches lists of one length; `rest` always matches. `length` is what the length
    /// must match: a literal, a range without an upper end, or a wildcard.
    List {
        length: Box<Pattern>,
        front: Vec<Pattern>,
        rest: Option<Box<Pattern>>,
        back: Vec<Pattern>,
    },
    /// Each side binds the same locals.
    Or(Vec<Pattern>),
    /// It has been reported.
    Error,
}
