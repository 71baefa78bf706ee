//! From a document to text.
//!
//! First the widths of all pieces are added up from the left, so that the width of any range is a
//! subtraction; then one pass decides each group when it opens. Both are linear.

use super::columns::{Placed, align};
use super::doc::{Doc, Gap, Group, Op};
use crate::ast::Span;

/// Columns of one level.
pub(super) const INDENT: usize = 4;

/// Appends the text of `doc` to `out`, in lines of so many columns where it can be broken.
pub(super) fn render(doc: &Doc, source: &str, columns: usize, out: &mut Rendered) {
    let mut renderer = Renderer {
        source,
        columns,
        ops: &doc.ops,
        measures: Measures::of(&doc.ops, source),
        out,
        column: 0,
        indent: 0,
        indents: Vec::new(),
        modes: vec![Mode::Broken],
    };
    for index in 0..doc.ops.len() {
        renderer.op(index);
    }
}

/// Whether `ops` make one line of at most so many columns.
pub(super) fn is_one_line(ops: &[Op], source: &str, columns: usize) -> bool {
    let (measures, end) = (Measures::of(ops, source), ops.len());
    let is_broken = measures.is_forced(0, end) || measures.has_lines(0, end);
    !is_broken && measures.width[end] <= columns
}

/// What has been written so far.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// The comments at the ends of lines.
    comments: Vec<Placed>,
}

impl Rendered {
    /// The text of a file, with its comments in their columns.
    pub(super) fn finish(mut self, columns: usize) -> String {
        let length = self.text.trim_end_matches([' ', '\n']).len();
        self.text.truncate(length);
        if length > 0 {
            self.text.push('\n');
        }
        align(&self.text, &self.comments, columns)
    }
}

/// How a group is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It and all groups in it on one line.
    Flat,
    /// It on one line, the groups in it as they like.
    Hugging,
    Broken,
}

/// Sums over the ops before each index.
struct Measures {
    /// Columns on one line.
    width: Vec<usize>,
    /// Line ends that cannot be avoided.
    forced: Vec<u32>,
    /// The next break, or text of several lines, at or after each index.
    next_break: Vec<u32>,
    /// The next text of several lines.
    next_lines: Vec<u32>,
    /// Commas of broken lists.
    commas: Vec<u32>,
    /// Where the group ends that opens at an index; for a [`Op::Fill`] its group's next break.
    close: Vec<u32>,
}

impl Measures {
    fn of(ops: &[Op], source: &str) -> Self {
        let count = ops.len();
        let end = count as u32;
        let mut measures = Self {
            width: Vec::with_capacity(count + 1),
            forced: Vec::with_capacity(count + 1),
            commas: Vec::with_capacity(count + 1),
            next_break: vec![end; count + 1],
            next_lines: vec![end; count + 1],
            close: vec![end; count],
        };
        measures.add_up(ops, source);
        measures.look_ahead(ops, source);
        measures
    }

    fn add_up(&mut self, ops: &[Op], source: &str) {
        let (mut width, mut forced, mut commas, mut line_must_end) = (0, 0, 0, false);
        // Groups that are open, each with the last break in it.
        let mut open: Vec<(usize, Option<usize>)> = Vec::new();
        self.width.push(width);
        self.forced.push(forced);
        self.commas.push(commas);
        for (index, op) in ops.iter().enumerate() {
            match op {
                Op::Text(span) => width += first_line(&source[span.range()]),
                Op::Word(text) | Op::IfFlat(text) => width += text.len(),
                Op::Line(_) | Op::Fill | Op::Hard(_) => {
                    width += usize::from(*op != Op::Line(Gap::Nothing));
                    forced += u32::from(line_must_end || matches!(op, Op::Hard(_)));
                    line_must_end = false;
                    if let Some((_, last)) = open.last_mut()
                        && let Some(last) = last.replace(index)
                    {
                        self.close[last] = index as u32;
                    }
                }
                Op::Comment { span, .. } => {
                    line_must_end = true;
                    // One of the other kind could stand in the middle of the line as well.
                    let text = &source[span.range()];
                    if text.starts_with("/*") {
                        let has_lines = text.contains('\n');
                        width += 1 + if has_lines { 0 } else { first_line(text) };
                    }
                }
                Op::Open(_) => open.push((index, None)),
                Op::Close => {
                    if let Some((start, _)) = open.pop() {
                        self.close[start] = index as u32;
                    }
                }
                Op::IfBroken(_) => commas += 1,
                Op::Indent | Op::Dedent => {}
            }
            self.width.push(width);
            self.forced.push(forced);
            self.commas.push(commas);
        }
    }

    fn look_ahead(&mut self, ops: &[Op], source: &str) {
        let (mut next_break, mut next_lines) = (ops.len() as u32, ops.len() as u32);
        for (index, op) in ops.iter().enumerate().rev() {
            match op {
                Op::Line(_) | Op::Fill | Op::Hard(_) => next_break = index as u32,
                Op::Text(span) if source[span.range()].contains('\n') => {
                    next_break = index as u32;
                    next_lines = index as u32;
                }
                // In the middle of a line it would be a text, with a space before it.
                Op::Comment { span, .. } if source[span.range()].contains('\n') => {
                    next_break = index as u32 + 1;
                }
                _ => {}
            }
            self.next_break[index] = next_break;
            self.next_lines[index] = next_lines;
        }
    }

    fn is_forced(&self, from: usize, to: usize) -> bool {
        self.forced[from] != self.forced[to]
    }

    fn has_lines(&self, from: usize, to: usize) -> bool {
        (self.next_lines[from] as usize) < to
    }

    /// Columns of the ops `from..to` on one line, and of what follows up to the next break. Behind
    /// a text of several lines there is room again.
    fn width(&self, from: usize, to: usize) -> usize {
        if self.has_lines(from, to) {
            return self.width[self.next_lines[from] as usize + 1] - self.width[from];
        }
        let end = self.next_break[to] as usize;
        let commas = self.commas[end] - self.commas[to];
        self.width[end] - self.width[from] + commas as usize
    }
}

struct Renderer<'a> {
    source: &'a str,
    /// Of a line.
    columns: usize,
    ops: &'a [Op],
    measures: Measures,
    out: &'a mut Rendered,
    column: usize,
    indent: usize,
    /// What each open [`Op::Indent`] has added.
    indents: Vec<usize>,
    modes: Vec<Mode>,
}

impl Renderer<'_> {
    fn op(&mut self, index: usize) {
        match self.ops[index] {
            Op::Text(span) => self.text(span),
            Op::Word(text) => self.word(text),
            Op::Line(gap) => {
                let breaks = self.mode() == Mode::Broken;
                self.gap(gap, breaks || self.measures.is_forced(index, index + 1));
            }
            Op::Fill => {
                let next = self.measures.close[index] as usize;
                let full = self.column + self.measures.width(index, next) > self.columns;
                let breaks = full && self.mode() == Mode::Broken;
                self.gap(
                    Gap::Space,
                    breaks || self.measures.is_forced(index, index + 1),
                );
            }
            Op::Hard(gap) => self.gap(gap, true),
            Op::Comment { span, column } => self.comment(span, column),
            Op::IfBroken(text) if self.mode() == Mode::Broken => self.word(text),
            Op::IfFlat(text) if self.mode() != Mode::Broken => self.word(text),
            Op::IfBroken(_) | Op::IfFlat(_) => {}
            Op::Open(group) => {
                let mode = match self.mode() {
                    Mode::Flat => Mode::Flat,
                    _ => self.mode_of(index, group),
                };
                self.modes.push(mode);
            }
            Op::Close => {
                self.modes.pop();
            }
            Op::Indent => {
                let columns = match self.mode() {
                    Mode::Broken => INDENT,
                    _ => 0,
                };
                self.indent += columns;
                self.indents.push(columns);
            }
            Op::Dedent => self.indent -= self.indents.pop().unwrap_or(0),
        }
    }

    fn mode(&self) -> Mode {
        self.modes.last().copied().unwrap_or(Mode::Broken)
    }

    /// How the group is written that opens at `open`.
    fn mode_of(&self, open: usize, group: Group) -> Mode {
        let close = self.measures.close[open] as usize;
        let is_forced = self.measures.is_forced(open, close);
        if !is_forced && self.fits(self.column, open, close) {
            return Mode::Flat;
        }
        match group {
            Group::Hug(point) if self.is_head(open, point) => Mode::Hugging,
            Group::Behind { point, end } => {
                let (point, end) = (point as usize, end as usize);
                match self.is_head(open, point) && self.stands_behind(open, end, close) {
                    true => Mode::Hugging,
                    false => Mode::Broken,
                }
            }
            Group::Word => {
                let width = self.measures.width[close] - self.measures.width[open];
                match !is_forced && self.indent + INDENT + width > self.columns {
                    true => Mode::Hugging,
                    false => Mode::Broken,
                }
            }
            Group::Value => {
                let is_one_line = !is_forced && !self.measures.has_lines(open, close);
                match is_one_line && self.fits(self.indent + INDENT - 1, open, close) {
                    true => Mode::Broken,
                    false => Mode::Hugging,
                }
            }
            Group::Plain | Group::Hug(_) => Mode::Broken,
        }
    }

    /// Whether the ops up to `point` stand on one line, here.
    fn is_head(&self, open: usize, point: usize) -> bool {
        let measures = &self.measures;
        let has_lines = measures.is_forced(open, point) || measures.has_lines(open, point);
        !has_lines && self.fits(self.column, open, point)
    }

    /// Whether the ops up to `end` will have lines, and the rest fits behind their last bracket.
    fn stands_behind(&self, open: usize, end: usize, close: usize) -> bool {
        let measures = &self.measures;
        let width = measures.width[end] - measures.width[open];
        let has_lines = measures.is_forced(open, end) || self.column + width > self.columns;
        // A list in the rest may be one that an earlier run has broken: it is kept so, and all the
        // same it stands where it stood.
        has_lines && self.fits(self.indent + 2, end, close)
    }

    fn fits(&self, column: usize, from: usize, to: usize) -> bool {
        column + self.measures.width(from, to) <= self.columns
    }

    fn word(&mut self, text: &str) {
        self.out.text.push_str(text);
        self.column += text.len();
    }

    fn text(&mut self, span: Span) {
        let text = &self.source[span.range()];
        self.out.text.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = columns(last),
            None => self.column += columns(text),
        }
    }

    /// A break, as a line's end or as white space.
    fn gap(&mut self, gap: Gap, breaks: bool) {
        if !breaks {
            if gap != Gap::Nothing {
                self.word(" ");
            }
            return;
        }
        self.trim();
        // A file does not begin with an empty line.
        if !self.out.text.is_empty() {
            self.out.text.push('\n');
            if gap == Gap::Blank && !self.out.text.ends_with("\n\n") {
                self.out.text.push('\n');
            }
        }
        self.column = self.indent + if gap == Gap::Deeper { INDENT } else { 0 };
        self.out.text.extend(std::iter::repeat_n(' ', self.column));
    }

    fn comment(&mut self, span: Span, column: Option<u32>) {
        self.trim();
        let text = &self.source[span.range()];
        if text.starts_with("//") {
            self.out.comments.push(Placed {
                at: self.out.text.len(),
                end: self.column,
                wanted: column.map(|column| column as usize),
                width: columns(text),
            });
        }
        self.word(" ");
        self.text(span);
    }

    /// No line ends with white space.
    fn trim(&mut self) {
        let length = self.out.text.trim_end_matches(' ').len();
        self.column -= (self.out.text.len() - length).min(self.column);
        self.out.text.truncate(length);
    }
}

/// Characters; wide ones count as one, as in `tests/tidy.rs`.
fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

fn first_line(text: &str) -> usize {
    columns(text.split('\n').next().unwrap_or(text))
}
