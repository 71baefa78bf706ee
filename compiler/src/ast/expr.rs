//! Expressions, statements and blocks.

use std::sync::Arc;

use super::{Ident, Mutability, Name, Pattern, Span, Type};

/// An expression. The span of a parenthesised expression includes the parentheses.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Literal(Literal),
    /// `()`
    Unit,
    /// A string with interpolations: `"t = {t:.1} F"`. At least one part is an expression.
    Interpolated(Vec<StrPart>),
    /// A variable, function, tag, constant, variant, type or module; also `self`.
    Name(Ident),
    /// `(a, b)` with two or more parts.
    Tuple(Vec<Expr>),
    /// `[1, 2]`
    List(Vec<Expr>),
    /// `["a": 1]`, `[:]`
    Map(Vec<MapEntry>),
    /// `#{1, 2}`, `#{}`
    Set(Vec<Expr>),
    /// `{a, route(x), !c}` where an operand is expected.
    Place(Vec<PlaceTerm>),
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    /// A comparison, or `??`. `op_span` is where the operator stands.
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `a + b - c`: operators of one precedence, from left to right. There is one at least.
    Chain {
        first: Box<Expr>,
        rest: Vec<Link>,
    },
    /// `a..b`, `a..=b`
    Range {
        start: Box<Expr>,
        end: Box<Expr>,
        limit: RangeEnd,
    },
    /// `f(x, y: 1)`; a method call has a callee that is [`ExprKind::Field`].
    Call {
        callee: Box<Expr>,
        args: Vec<Arg>,
    },
    /// `a[i]`
    Index {
        object: Box<Expr>,
        index: Box<Expr>,
    },
    /// `a.b`: a field, a method (when called), a variant, or a name out of a module.
    Field {
        object: Box<Expr>,
        name: Ident,
    },
    /// `a.0`
    TupleField {
        object: Box<Expr>,
        index: u32,
        index_span: Span,
    },
    /// `e?`
    Try(Box<Expr>),
    /// `e!`
    Unwrap(Box<Expr>),
    /// `spawn f(x)`: the operand is always a [`ExprKind::Call`] (or an error).
    Spawn(Box<Expr>),
    Closure(Box<Closure>),
    Block(Block),
    If(Box<If>),
    Match(Box<Match>),
    For(Box<For>),
    While(Box<While>),
    Loop(Box<Loop>),
    Return(Option<Box<Expr>>),
    /// `break`, `break outer`, `break value`, `break outer: value`. A single name is kept as the
    /// label; where no loop has it, it is a value.
    Break {
        label: Option<Ident>,
        value: Option<Box<Expr>>,
    },
    Continue(Option<Ident>),
    /// What could not be parsed.
    Error,
}

/// An operator of a chain, which stands at `op_span`, and the operand after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub op: BinaryOp,
    pub op_span: Span,
    pub operand: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// The value; a hexadecimal, octal or binary literal is a 64-bit pattern. `-1` is one literal.
    Int(i64),
    /// Finite.
    Float(f64),
    Bool(bool),
    /// The text after escapes, and for `"""` after the common indentation is removed.
    Str(Name),
    Bytes(Arc<[u8]>),
    /// Nanoseconds.
    Duration(i64),
}

/// A part of an interpolated string.
#[derive(Clone, Debug, PartialEq)]
pub enum StrPart {
    /// Never empty.
    Text(Name),
    /// `{value}` or `{value:spec}`
    Value {
        value: Expr,
        spec: Option<FormatSpec>,
    },
}

/// `[[fill]align][+][#][0][width][,][.precision][kind]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FormatSpec {
    /// A space where none is written.
    pub fill: char,
    pub align: Option<FormatAlign>,
    pub sign: Sign,
    /// `#`: write `0x`, `0b` or `0o` before the digits.
    pub prefix: bool,
    /// `0`: pad a number with zeros after its sign.
    pub zero: bool,
    pub width: Option<u16>,
    /// `,`: between each three digits before the point.
    pub grouped: bool,
    pub precision: Option<u16>,
    pub kind: FormatKind,
    pub span: Span,
}

/// `<`, `^`, `>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatAlign {
    Left,
    Center,
    Right,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Only a negative number has a sign.
    Negative,
    /// `+`: every number has one.
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatKind {
    /// As `Show` writes it.
    Show,
    /// `x`
    Hex,
    /// `X`
    UpperHex,
    /// `b`
    Binary,
    /// `o`
    Octal,
    /// `e`
    Exponent,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    pub key: Expr,
    pub value: Expr,
}

/// One tag of a place: `t` must be there, `!t` must not.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceTerm {
    pub polarity: Polarity,
    pub tag: Expr,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    Positive,
    Negative,
}

/// An argument of a call: `e`, `name: e`, or `..e` for the fields that are not named.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    pub name: Option<Ident>,
    /// Where `..` stands, if it does.
    pub spread: Option<Span>,
    pub value: Expr,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
    /// `~`
    BitNot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Is,
    /// `a ?? b`
    Coalesce,
    BitOr,
    BitXor,
    BitAnd,
    Shl,
    /// `>>`, arithmetic
    Shr,
    /// `>>>`, logical
    ShrLogical,
    Add,
    Sub,
    /// `+%`
    AddWrap,
    /// `-%`
    SubWrap,
    Mul,
    Div,
    Rem,
    /// `*%`
    MulWrap,
}

impl BinaryOp {
    /// How the operator is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Is => "is",
            Self::Coalesce => "??",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::ShrLogical => ">>>",
            Self::Add => "+",
            Self::Sub => "-",
            Self::AddWrap => "+%",
            Self::SubWrap => "-%",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::MulWrap => "*%",
        }
    }
}

impl UnaryOp {
    /// How the operator is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Not => "!",
            Self::BitNot => "~",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeEnd {
    /// `a..b` ends before `b`.
    Exclusive,
    /// `a..=b` ends with `b`.
    Inclusive,
}

/// `fn(x, y: Int) -> T { .. }`
#[derive(Clone, Debug, PartialEq)]
pub struct Closure {
    pub params: Vec<ClosureParam>,
    /// Absent: inferred.
    pub result: Option<Type>,
    pub body: Block,
}

/// A parameter of a closure: a pattern that cannot fail, most often a name.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosureParam {
    pub pattern: Pattern,
    /// Absent: inferred.
    pub ty: Option<Type>,
}

/// `{ statements }`. Its value is that of its last statement, where that is an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub span: Span,
}

impl Block {
    /// The statements before the block's value, and the value.
    #[must_use]
    pub fn split_tail(&self) -> (&[Stmt], Option<&Expr>) {
        match self.stmts.split_last() {
            Some((
                Stmt {
                    kind: StmtKind::Expr(tail),
                    ..
                },
                before,
            )) => (before, Some(tail)),
            _ => (&self.stmts, None),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct If {
    pub condition: Condition,
    pub then: Block,
    /// [`ExprKind::Block`] or another [`ExprKind::If`].
    pub otherwise: Option<Expr>,
}

/// What an `if` or a `while` asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Expr(Expr),
    /// `let pattern = value`
    Let {
        pattern: Pattern,
        value: Expr,
        span: Span,
    },
    /// Several of the others with `&&` between them; what one binds is there in the next.
    All(Vec<Condition>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    pub value: Expr,
    pub arms: Vec<MatchArm>,
}

/// `pattern if guard => body`. A statement as a body stands in a [`Block`] of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchArm {
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: Expr,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct For {
    pub label: Option<Ident>,
    pub pattern: Pattern,
    pub iterable: Expr,
    pub body: Block,
}

#[derive(Clone, Debug, PartialEq)]
pub struct While {
    pub label: Option<Ident>,
    pub condition: Condition,
    pub body: Block,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    pub label: Option<Ident>,
    pub body: Block,
}

/// A statement of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    Let(Box<Let>),
    Assign(Box<Assign>),
    Assert(Box<Assert>),
    Expr(Expr),
}

/// `target = value`, `target += value`; whether `target` can be assigned is checked later.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    pub target: Expr,
    pub op: AssignOp,
    pub op_span: Span,
    pub value: Expr,
}

/// `assert condition`, `assert condition, message`
#[derive(Clone, Debug, PartialEq)]
pub struct Assert {
    pub condition: Expr,
    pub message: Option<Expr>,
}

/// `=`, or the operator of `+=` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignOp {
    Set,
    Update(BinaryOp),
}

/// `let p: T = e else { .. }`, `var x = e`
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    pub mutability: Mutability,
    pub pattern: Pattern,
    pub ty: Option<Type>,
    pub value: Expr,
    pub otherwise: Option<Block>,
}
