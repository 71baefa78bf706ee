//! A document: text with possible line breaks in it, as a flat list.
//!
//! The algebra is that of Wadler's and Oppen's pretty printers. A group is written on one line if
//! it fits; otherwise its own breaks become line ends, and the groups in it are asked one by one.

use crate::ast::Span;

/// One piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// A piece of the source. Lines in it stay as they are.
    Text(Span),
    /// Text of the formatter.
    Word(&'static str),
    /// White space where the group is written on one line, else the end of a line.
    Line(Gap),
    /// The same, but each on its own: a line ends only where the next element has no room.
    Fill,
    /// Always the end of a line.
    Hard(Gap),
    /// A comment at the end of a line, perhaps in a column of its own.
    Comment {
        span: Span,
        column: Option<u32>,
    },
    /// Text that stands only where the group is broken.
    IfBroken(&'static str),
    /// Text that stands only where the group is on one line.
    IfFlat(&'static str),
    Open(Group),
    Close,
    /// Lines are indented from here to the matching [`Op::Dedent`], if the group is broken.
    Indent,
    Dedent,
}

/// What stands at a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    Nothing,
    Space,
    /// A space, or an empty line where the line ends.
    Blank,
    /// A space, or a line that is indented more, for this once.
    Deeper,
}

/// How a group that does not fit on the line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// At each of its breaks.
    Plain,
    /// If what comes before the op at this index fits on the line: not at all, for the last thing
    /// in it can be broken instead. `f(x, fn() {` goes on with the lines of the closure.
    Hug(usize),
    /// At each of its breaks, unless the one thing in it would be too long for a line then as well.
    Word,
    /// If the first operand, which breaks first at `point` and ends before `end`, must have lines:
    /// not at all, for what follows stands behind its last bracket.
    Behind { point: u32, end: u32 },
    /// At its only break, if all that follows fits on the next line; else not at all.
    Value,
}

/// The pieces in their order.
#[derive(Debug, Default)]
pub(super) struct Doc {
    pub(super) ops: Vec<Op>,
}

impl Doc {
    pub(super) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    pub(super) fn len(&self) -> usize {
        self.ops.len()
    }

    /// An empty line stands at the first line end at or after `from`.
    pub(super) fn blank_at(&mut self, from: usize) {
        let mut after = self.ops[from..].iter_mut();
        if let Some(op) = after.find(|op| matches!(op, Op::Hard(_))) {
            *op = Op::Hard(Gap::Blank);
        }
    }

    /// Opens a group; its place is needed to [`hug`](Self::hug).
    pub(super) fn open(&mut self, group: Group) -> usize {
        self.push(Op::Open(group));
        self.ops.len() - 1
    }

    /// The group opened at `open` is broken only if that helps, if there is no break in it.
    pub(super) fn keep_words(&mut self, open: usize) {
        let is_break = |op: &&Op| matches!(op, Op::Line(_) | Op::Fill | Op::Hard(_));
        if self.ops[open..].iter().filter(is_break).take(2).count() == 1 {
            self.ops[open] = Op::Open(Group::Word);
        }
    }

    /// The operands of the group opened at `open` stand behind the first, which breaks at `point`
    /// and ends at `end`.
    pub(super) fn stand_behind(&mut self, open: usize, point: usize, end: usize) {
        let (point, end) = (point as u32, end as u32);
        self.ops[open] = Op::Open(Group::Behind { point, end });
    }

    /// The group opened at `open` hugs what breaks first at `point`.
    pub(super) fn hug(&mut self, open: usize, point: usize) {
        self.ops[open] = Op::Open(Group::Hug(point));
    }
}
