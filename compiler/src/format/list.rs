//! What stands in brackets: lists with commas, and lines in braces.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use crate::lexer::T;

/// A list with commas that is being written.
///
/// It stands on one line, or each element has a line and ends with a comma. A comma behind the last
/// element, with the bracket on the next line, keeps it open.
pub(super) struct List {
    open: usize,
    /// Where it can break first.
    point: usize,
    separator: Separator,
    is_kept_open: bool,
    elements: usize,
    lines_end: bool,
}

/// How elements of a broken list are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// Each on a line of its own.
    Lines,
    /// As many on a line as fit, for numbers and other data. One that is kept open keeps its rows.
    Fill,
}

impl Formatter<'_> {
    /// Begins with the opening bracket, which is the next token.
    pub(super) fn open_list(&mut self, separator: Separator) -> List {
        let is_kept_open = self.is_kept_open();
        self.token();
        let open = self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        let lines_end = self.lines_end;
        self.lines_end = false;
        List {
            open,
            point: self.doc.len(),
            separator,
            is_kept_open,
            elements: 0,
            lines_end,
        }
    }

    /// To be called before each element.
    pub(super) fn element(&mut self, list: &mut List) {
        let ends_row = self.ends_line();
        if list.elements > 0 {
            self.token_first();
        }
        let op = match (list.elements, list.is_kept_open, list.separator) {
            (0, true, _) | (_, true, Separator::Lines) => Op::Hard(Gap::Nothing),
            (_, true, Separator::Fill) if ends_row => Op::Hard(Gap::Nothing),
            (0, false, _) => Op::Line(Gap::Nothing),
            (_, false, Separator::Lines) => Op::Line(Gap::Space),
            (_, _, Separator::Fill) => Op::Fill,
        };
        let blanks = if list.elements == 0 {
            Blanks::Drop
        } else {
            Blanks::Keep
        };
        list.elements += 1;
        self.line(op, blanks);
    }

    /// Ends with the closing bracket. What encloses the list can hug it.
    pub(super) fn close_list(&mut self, list: List) {
        if list.elements == 1 && !list.is_kept_open {
            self.doc.keep_words(list.open);
        }
        if list.elements > 0 {
            self.skip_all(T::Comma);
            self.doc.push(Op::IfBroken(","));
        }
        if list.elements > 0 || self.has_line_comments() {
            self.last_line(match list.is_kept_open {
                true => Op::Hard(Gap::Nothing),
                false => Op::Line(Gap::Nothing),
            });
        } else {
            self.doc.push(Op::Dedent);
        }
        self.lines_end = list.lines_end;
        self.token();
        self.doc.push(Op::Close);
        self.point = (list.elements > 0).then_some(list.point);
    }

    /// The elements of the list that opened at `list` are broken last: `f(x, fn() {` goes on with
    /// the lines of the closure. To be called before it is closed.
    pub(super) fn hug_last(&mut self, list: &List) {
        if let Some(point) = self.point
            && !list.is_kept_open
        {
            self.doc.hug(list.open, point);
        }
    }
}

/// Lines in braces that are being written, in the group around them.
///
/// They stand on one line only if the first begins on the line of the brace in the source too.
pub(super) struct Braces {
    point: usize,
    separates: Members,
    breaks: bool,
    members: usize,
    lines_end: bool,
}

/// What stands in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// Never two on a line.
    Statements,
    /// On one line there are commas between them.
    Parts,
}

impl Formatter<'_> {
    /// Begins with the opening brace, which is the next token.
    pub(super) fn open_braces(&mut self, separates: Members, count: usize) -> Braces {
        let breaks = self.opens_line() || (separates == Members::Statements && count > 1);
        let is_empty = self.is_empty_bracket();
        self.token_first();
        self.doc.push(Op::Indent);
        let lines_end = self.lines_end;
        self.lines_end = true;
        Braces {
            point: self.doc.len(),
            separates,
            breaks: breaks && !is_empty,
            members: 0,
            lines_end,
        }
    }

    /// To be called before each member.
    pub(super) fn member(&mut self, braces: &mut Braces, blanks: Blanks) {
        self.separators(braces.separates);
        let is_first = braces.members == 0;
        if !is_first && braces.separates == Members::Parts {
            self.doc.push(Op::IfFlat(","));
        }
        let op = match braces.breaks {
            true => Op::Hard(Gap::Nothing),
            false => Op::Line(Gap::Space),
        };
        braces.members += 1;
        self.line(op, if is_first { Blanks::Drop } else { blanks });
    }

    /// Ends with the closing brace. What encloses the braces can hug them.
    pub(super) fn close_braces(&mut self, braces: Braces) {
        self.separators(braces.separates);
        if braces.members > 0 || self.has_comments() {
            self.spaced = false;
            self.last_line(match braces.breaks {
                true => Op::Hard(Gap::Nothing),
                false => Op::Line(Gap::Space),
            });
        } else {
            self.doc.push(Op::Dedent);
        }
        self.lines_end = braces.lines_end;
        self.token();
        self.point = (braces.members > 0).then_some(braces.point);
    }

    fn separators(&mut self, separates: Members) {
        while self.kind() == Some(T::Semi)
            || (separates == Members::Parts && self.kind() == Some(T::Comma))
        {
            self.skip();
        }
    }
}
