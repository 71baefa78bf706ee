//! How high the tree of a statement or element grows, while its tokens are read.
//!
//! Operands with operators of one precedence between them, from left to right, stand beside each
//! other, however many they are. Everything else that is read puts a node above what it applies to.

use super::T;
use crate::ast::{BinaryOp, RangeEnd};
use crate::parser::operators::Operator;

/// How many precedences there are.
const LEVELS: usize = 11;

/// An upper bound of the height.
#[derive(Clone, Debug, Default)]
pub(super) struct Height {
    /// Nodes above everything that follows.
    above: u32,
    /// Operators that wait for their right side, by precedence.
    waiting: [Waiting; LEVELS],
    /// Whether there is one: in most brackets there is none.
    waits: bool,
    /// Nodes above the operand that is being read, and the highest bracket in it.
    operand: u32,
    nested: u32,
    /// The highest statement or element so far.
    highest: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    /// How many nodes it will be, one above the other.
    nodes: u32,
    /// The highest operand on its left.
    highest: u32,
}

impl Height {
    pub(super) fn get(&self) -> u32 {
        let operand = match self.waits {
            true => self.folded(0),
            false => self.operand + self.nested,
        };
        self.highest.max(self.above + operand)
    }

    /// One more node above the operand.
    pub(super) fn climb(&mut self) {
        self.operand += 1;
    }

    /// What was read in brackets belongs to the operand.
    pub(super) fn nest(&mut self, height: u32) {
        self.nested = self.nested.max(height);
    }

    /// One more node above everything that follows, below all operators that wait.
    pub(super) fn descend(&mut self) {
        self.highest = self.get();
        let waiting: u32 = self.waiting.iter().map(|level| level.nodes).sum();
        self.above += waiting + self.operand + 1;
        self.begin();
    }

    /// An operator between two operands.
    pub(super) fn infix(&mut self, operator: Operator) {
        let level = usize::from(operator.precedence());
        let left = self.folded(level + 1);
        self.waiting[level + 1..].fill(Waiting::default());
        self.waits = true;
        let waiting = &mut self.waiting[level];
        waiting.highest = waiting.highest.max(left);
        waiting.nodes = match operator.is_flat() {
            true => 1,
            false => waiting.nodes + 1,
        };
        (self.operand, self.nested) = (0, 0);
    }

    /// A separator: what was read is beside what follows, not above it.
    pub(super) fn separate(&mut self) {
        self.highest = self.get();
        self.above = 0;
        self.begin();
    }

    fn begin(&mut self) {
        if std::mem::take(&mut self.waits) {
            self.waiting = [Waiting::default(); LEVELS];
        }
        (self.operand, self.nested) = (0, 0);
    }

    /// The height of the operand with the operators from a level on that wait for it.
    fn folded(&self, from: usize) -> u32 {
        let operand = self.operand + self.nested;
        let waiting = self.waiting[from..].iter().rev();
        waiting.fold(operand, |height, level| match level.nodes {
            0 => height,
            nodes => height.max(level.highest) + nodes,
        })
    }
}

/// The operator that a token between two operands is. A `>` may be the first of a longer one.
pub(super) const fn operator(kind: T) -> Option<Operator> {
    use BinaryOp as B;
    Some(Operator::Binary(match kind {
        T::OrOr => B::Or,
        T::AndAnd => B::And,
        T::EqEq | T::Ne | T::Lt | T::Le | T::Gt | T::Ge | T::Is => B::Eq,
        T::Coalesce => B::Coalesce,
        T::Or => B::BitOr,
        T::Xor => B::BitXor,
        T::And => B::BitAnd,
        T::Shl | T::GtJoint => B::Shl,
        T::Plus | T::PlusWrap | T::Minus | T::MinusWrap => B::Add,
        T::Star | T::Slash | T::Percent | T::StarWrap => B::Mul,
        T::DotDot | T::DotDotEq => return Some(Operator::Range(RangeEnd::Exclusive)),
        _ => return None,
    }))
}
