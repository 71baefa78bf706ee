//! Chains of binary operators, folded by precedence.
//!
//! The grammar reads `a + b * c` as one flat chain; this is the classic operator precedence method.

use super::context::Context;
use crate::ast::{BinaryOp, Condition, Expr, ExprKind, Link, Pattern, RangeEnd, Span};
use crate::diagnostic::{Diagnostic, code};

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Binary(BinaryOp),
    Range(RangeEnd),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Associativity {
    Left,
    Right,
    /// `a < b < c` is refused.
    None,
}

impl Operator {
    /// Loosest is lowest.
    pub(crate) const fn precedence(self) -> u8 {
        use BinaryOp as B;
        match self {
            Self::Range(_) => 0,
            Self::Binary(op) => match op {
                B::Or => 1,
                B::And => 2,
                B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge | B::Is => 3,
                B::Coalesce => 4,
                B::BitOr => 5,
                B::BitXor => 6,
                B::BitAnd => 7,
                B::Shl | B::Shr | B::ShrLogical => 8,
                B::Add | B::Sub | B::AddWrap | B::SubWrap => 9,
                B::Mul | B::Div | B::Rem | B::MulWrap => 10,
            },
        }
    }

    /// Whether any number of such operators in a row makes one node.
    pub(crate) const fn is_flat(self) -> bool {
        matches!(self.associativity(), Associativity::Left)
    }

    const fn associativity(self) -> Associativity {
        match self.precedence() {
            0 | 3 => Associativity::None,
            4 => Associativity::Right,
            _ => Associativity::Left,
        }
    }

    const fn symbol(self) -> &'static str {
        match self {
            Self::Binary(op) => op.symbol(),
            Self::Range(RangeEnd::Exclusive) => "..",
            Self::Range(RangeEnd::Inclusive) => "..=",
        }
    }
}

/// Operands and operators read so far. The precedences in `waiting` rise, except where operators of
/// one level associate to the right.
pub(crate) struct Chain {
    waiting: Vec<Waiting>,
    last: Expr,
}

/// An operator that waits for its right side.
struct Waiting {
    first: Expr,
    /// What stands between `first` and the operator, of the same level as it.
    links: Vec<Link>,
    op: Operator,
    /// Where the operator stands.
    at: Span,
}

impl Chain {
    pub(crate) const fn new(operand: Expr) -> Self {
        Self {
            waiting: Vec::new(),
            last: operand,
        }
    }

    /// One more operator, which stands at `at`, and the operand after it.
    pub(crate) fn push(mut self, cx: &mut Context, op: Operator, at: Span, operand: Expr) -> Self {
        while let Some(before) = self.waiting.last_mut() {
            let is_alike = before.op.precedence() == op.precedence();
            if before.op.precedence() < op.precedence()
                || (is_alike && op.associativity() == Associativity::Right)
            {
                break;
            }
            if is_alike
                && op.associativity() == Associativity::Left
                && let Operator::Binary(known) = before.op
            {
                before.links.push(Link {
                    op: known,
                    op_span: before.at,
                    operand: std::mem::replace(&mut self.last, operand),
                });
                (before.op, before.at) = (op, at);
                return self;
            }
            self.fold_last();
            self.refuse_chain(cx, op, at);
        }
        self.waiting.push(Waiting {
            first: std::mem::replace(&mut self.last, operand),
            links: Vec::new(),
            op,
            at,
        });
        self
    }

    /// Where a `||` stands that is in no brackets.
    fn or(&self) -> Option<Span> {
        let mut waiting = self.waiting.iter();
        let or = waiting.find(|waiting| waiting.op == Operator::Binary(BinaryOp::Or))?;
        Some(or.links.first().map_or(or.at, |link| link.op_span))
    }

    /// The whole chain as one expression.
    pub(crate) fn finish(mut self, _cx: &mut Context) -> Expr {
        while !self.waiting.is_empty() {
            self.fold_last();
        }
        self.last
    }

    /// Gives the last operator that waits its right side.
    fn fold_last(&mut self) {
        let Some(left) = self.waiting.pop() else {
            return;
        };
        let nothing = Expr {
            kind: ExprKind::Error,
            span: Span::default(),
        };
        let right = std::mem::replace(&mut self.last, nothing);
        self.last = combine(left, right);
    }

    /// `a < b < c`: what was folded last must not be of the same level.
    fn refuse_chain(&mut self, cx: &mut Context, op: Operator, at: Span) {
        if op.associativity() != Associativity::None {
            return;
        }
        let first = match &self.last.kind {
            ExprKind::Binary {
                op: first, op_span, ..
            } => (Operator::Binary(*first), *op_span),
            ExprKind::Range { start, limit, .. } => {
                let after = Span::new(start.span.end, start.span.end + 2);
                (Operator::Range(*limit), after)
            }
            _ => return,
        };
        if first.0.precedence() != op.precedence() {
            return;
        }
        let message = format!(
            "`{}` and `{}` cannot be chained",
            first.0.symbol(),
            op.symbol()
        );
        let mut diagnostic = Diagnostic::error(code::CHAINED_COMPARISON, cx.file, at, message)
            .label(first.1, "the first one");
        if op.precedence() == 3 {
            diagnostic = diagnostic.help("compare twice: `a < b && b < c`");
        }
        if (first.0.symbol(), op.symbol()) == ("<", ">") {
            diagnostic =
                diagnostic.help("type arguments are not written at calls: they are inferred");
        }
        cx.report(diagnostic);
        self.last = Expr {
            kind: ExprKind::Error,
            span: self.last.span,
        };
    }
}

/// `let pattern = value` in a condition, the value read up to its first operator.
pub(crate) struct LetPart {
    pub(crate) start: u32,
    pub(crate) pattern: Pattern,
    pub(crate) value: Expr,
}

/// Conditions with `&&` between them, at least one of which is a `let`. The last is being read.
pub(crate) struct Lets {
    before: Vec<Condition>,
    /// The pattern of the last, if it is a `let`, and where that begins.
    pattern: Option<(Pattern, u32)>,
    chain: Chain,
}

impl Lets {
    pub(crate) fn new(part: LetPart) -> Self {
        Self {
            before: Vec::new(),
            pattern: Some((part.pattern, part.start)),
            chain: Chain::new(part.value),
        }
    }

    /// A `let` after other conditions.
    pub(crate) fn after(cx: &mut Context, first: Chain, at: Span, part: LetPart) -> Self {
        if let Some(or) = first.or() {
            refuse_or(cx, or, at);
        }
        let mut lets = Self::new(part);
        lets.before.push(Condition::Expr(first.finish(cx)));
        lets
    }

    /// One more `let`.
    pub(crate) fn and(mut self, cx: &mut Context, part: LetPart) -> Self {
        self.end(cx);
        self.pattern = Some((part.pattern, part.start));
        self.chain = Chain::new(part.value);
        self
    }

    /// One more operator, which stands at `at`, and the operand after it.
    pub(crate) fn push(mut self, cx: &mut Context, op: Operator, at: Span, operand: Expr) -> Self {
        match op {
            Operator::Binary(BinaryOp::And) => {
                self.end(cx);
                self.chain = Chain::new(operand);
            }
            Operator::Binary(BinaryOp::Or) => {
                refuse_or(cx, at, at);
                self.chain = Chain::new(operand);
            }
            _ => self.chain = self.chain.push(cx, op, at, operand),
        }
        self
    }

    pub(crate) fn finish(mut self, cx: &mut Context) -> Condition {
        self.end(cx);
        match self.before.len() {
            1 => self.before.remove(0),
            _ => Condition::All(self.before),
        }
    }

    /// The condition that is being read is complete.
    fn end(&mut self, cx: &mut Context) {
        let nothing = Expr {
            kind: ExprKind::Error,
            span: Span::default(),
        };
        let value = std::mem::replace(&mut self.chain, Chain::new(nothing)).finish(cx);
        self.before.push(match self.pattern.take() {
            Some((pattern, start)) => Condition::Let {
                span: Span::new(start, value.span.end),
                pattern,
                value,
            },
            None => Condition::Expr(value),
        });
    }
}

/// Which of the sides holds is not known where the names of the `let` would be used.
fn refuse_or(cx: &mut Context, or: Span, at: Span) {
    let message = "`||` cannot stand beside a `let`";
    let mut diagnostic = Diagnostic::error(code::OR_WITH_LET, cx.file, or, message)
        .note("what the pattern binds would be there on one side only");
    if or != at {
        diagnostic = diagnostic.label(at, "the `let` belongs to this `&&`");
    }
    cx.report(diagnostic.help("put the other conditions in parentheses, or nest two `if`s"));
}

fn combine(left: Waiting, operand: Expr) -> Expr {
    let Waiting {
        first,
        links: mut rest,
        op,
        at: op_span,
    } = left;
    let span = first.span.to(operand.span);
    let first = Box::new(first);
    let is_chain = op.associativity() == Associativity::Left;
    let kind = match op {
        Operator::Binary(op) if is_chain => {
            rest.push(Link {
                op,
                op_span,
                operand,
            });
            ExprKind::Chain { first, rest }
        }
        Operator::Binary(op) => ExprKind::Binary {
            op,
            op_span,
            left: first,
            right: Box::new(operand),
        },
        Operator::Range(limit) => ExprKind::Range {
            start: first,
            end: Box::new(operand),
            limit,
        },
    };
    Expr { kind, span }
}
