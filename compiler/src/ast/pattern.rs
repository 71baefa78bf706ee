//! Patterns: what stands after `let`, in a `match` arm, and in a `for` head.

use super::{Ident, Literal, RangeEnd, Span};

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `name`: a lower-case name binds.
    Binding(Ident),
    /// `name @ pattern`
    At { name: Ident, pattern: Box<Pattern> },
    /// `1`, `-2.5`, `"text"`, `true`, `5s`, `b"\x00"`
    Literal(Literal),
    /// `1..=9`, `0..10`: both ends are literals.
    Range {
        start: Literal,
        end: Literal,
        limit: RangeEnd,
    },
    /// `Dot`, `MAX`, `Shape.Dot`, `lib.Shape.Dot`: an upper-case name is a variant or a constant.
    Path(Vec<Ident>),
    /// `Some(x)`, `Shape.Circle(radius: r)`, `P(x: 1, ..)`: a variant or a struct with its parts.
    Constructor {
        path: Vec<Ident>,
        args: Vec<PatternArg>,
        rest: Option<Span>,
    },
    /// `(a, b)` with two or more parts.
    Tuple(Vec<Pattern>),
    /// `[a, b]`, `[first, .., last]`, `[a, ..rest]`: elements at the front, the list of those
    /// between (a binding or a wildcard), elements at the back.
    List {
        front: Vec<Pattern>,
        rest: Option<Box<Pattern>>,
        back: Vec<Pattern>,
    },
    /// `()`
    Unit,
    /// `a | b`: two or more alternatives, in the order written.
    Or(Vec<Pattern>),
    /// What could not be parsed.
    Error,
}

/// One part of a constructor pattern: `p` or `field: p`.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternArg {
    pub name: Option<Ident>,
    pub pattern: Pattern,
    pub span: Span,
}
