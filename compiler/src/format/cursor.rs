//! The tokens and comments of the source, taken one after the other.
//!
//! Comments between two tokens wait until it is known where a line ends: a comment behind a token
//! stays at the end of that line, one on a line of its own gets one again. Where no line can end,
//! they are written in their place, for a line has ended there in the source.

use super::FILE;
use super::doc::{Doc, Gap, Op};
use super::render::{Rendered, is_one_line, render};
use crate::ast::{Module, Span};
use crate::lexer::{T, Token, lex};

/// What the walk over the tree works with.
pub(super) struct Formatter<'s> {
    source: &'s str,
    /// Of a line.
    columns: usize,
    tokens: Vec<Token>,
    /// For each bracket the index of its partner.
    partners: Vec<u32>,
    comments: Vec<Span>,
    /// The next token, and the next comment behind it.
    at: usize,
    next_comment: usize,
    /// Comments between the last token and the next.
    pending: Vec<Comment>,
    /// An empty line before the next token, or after the last pending comment.
    blank: bool,
    /// No space is needed before a comment here.
    pub(super) spaced: bool,
    pub(super) doc: Doc,
    /// Whether the end of a line can end a statement here.
    pub(super) lines_end: bool,
    /// Where what was just written can break first, to be hugged there.
    pub(super) point: Option<usize>,
}

/// A comment that waits to be written.
#[derive(Clone, Copy, Debug)]
struct Comment {
    span: Span,
    /// On a line behind a token.
    trails: bool,
    /// A line ends after it, before the next token or a comment that starts one.
    ends_line: bool,
    /// An empty line stands before it.
    blank: bool,
    column: Option<u32>,
    /// `///`: it belongs to the next token.
    is_doc: bool,
}

/// What becomes of empty lines of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blanks {
    /// One of several stays.
    Keep,
    Drop,
}

impl<'s> Formatter<'s> {
    pub(super) fn new(source: &'s str, columns: usize) -> Self {
        let lexed = lex(FILE, source);
        Self {
            source,
            columns,
            partners: partners(&lexed.tokens),
            tokens: lexed.tokens,
            comments: lexed.comments,
            at: 0,
            next_comment: 0,
            pending: Vec::new(),
            blank: false,
            spaced: true,
            doc: Doc::default(),
            lines_end: true,
            point: None,
        }
    }

    /// The whole file.
    pub(super) fn module(mut self, module: &Module) -> String {
        let mut out = Rendered::default();
        let shebang = match self.source.starts_with("#!") {
            true => self.source.lines().next().unwrap_or(""),
            false => "",
        };
        out.text.push_str(shebang.trim_end());
        self.gather(shebang.len() as u32);
        self.items(&module.items, &mut out);
        self.trailing_comments();
        self.own_comments(Blanks::Keep);
        self.comments_in_place();
        self.render(&mut out);
        out.finish(self.columns)
    }

    /// Whether what was written since `from` will be one line, if it begins in this column.
    pub(super) fn is_one_line(&self, from: usize, column: usize) -> bool {
        let columns = self.columns.saturating_sub(column);
        is_one_line(&self.doc.ops[from..], self.source, columns)
    }

    /// Writes what was gathered, and begins anew.
    pub(super) fn render(&mut self, out: &mut Rendered) {
        render(&self.doc, self.source, self.columns, out);
        self.doc.ops.clear();
    }

    // ---- Looking ----

    /// The kind of the next token.
    pub(super) fn kind(&self) -> Option<T> {
        self.kind_after(0)
    }

    pub(super) fn kind_after(&self, distance: usize) -> Option<T> {
        self.tokens.get(self.at + distance).map(|token| token.kind)
    }

    /// Where the next token begins; at the end of the file, nowhere.
    pub(super) fn position(&self) -> u32 {
        self.tokens
            .get(self.at)
            .map_or(u32::MAX, |token| token.span.start)
    }

    /// Whether there are comments before the next token.
    pub(super) fn has_comments(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether one of these comments ends a line.
    pub(super) fn has_line_comments(&self) -> bool {
        self.pending.iter().any(|comment| comment.ends_line)
    }

    /// Whether a line ends between the next token, a bracket, and what stands in it.
    pub(super) fn opens_line(&self) -> bool {
        let Some(token) = self.tokens.get(self.at) else {
            return false;
        };
        let inside = self.source[token.span.end as usize..].trim_start_matches([' ', '\t']);
        inside.starts_with('\n') || inside.starts_with("//")
    }

    /// Whether there is a comment between two places, neither of which has been reached.
    pub(super) fn has_comment_between(&self, from: u32, to: u32) -> bool {
        let ahead = &self.comments[self.next_comment..];
        let first = ahead.partition_point(|comment| comment.start < from);
        matches!(ahead.get(first), Some(comment) if comment.start < to)
    }

    /// Whether the next token is a bracket with nothing in it, not even a comment.
    pub(super) fn is_empty_bracket(&self) -> bool {
        let Some([open, close]) = self.tokens.get(self.at..self.at + 2) else {
            return false;
        };
        let inside = &self.source[open.span.end as usize..close.span.start as usize];
        close.kind.closes() && inside.trim().is_empty()
    }

    /// Whether a comma and the end of a line stand before the bracket that closes the next token.
    pub(super) fn is_kept_open(&self) -> bool {
        let partner = self.partner(self.at);
        if partner <= self.at + 1 {
            return false;
        }
        let (last, close) = (self.tokens[partner - 1], self.tokens[partner]);
        last.kind == T::Comma && self.lines_between(last.span.end, close.span.start) > 0
    }

    /// Whether a line ends after the next token.
    pub(super) fn ends_line(&self) -> bool {
        match self.tokens.get(self.at..self.at + 2) {
            Some([token, next]) => self.lines_between(token.span.end, next.span.start) > 0,
            _ => true,
        }
    }

    /// The index of the bracket that belongs to the token at `index`.
    fn partner(&self, index: usize) -> usize {
        self.partners.get(index).map_or(index, |at| *at as usize)
    }

    /// How many parentheses stand around the whole of `span`.
    pub(super) fn parens(&self, span: Span) -> usize {
        let first = match self.position() == span.start {
            true => self.at,
            false => self
                .tokens
                .partition_point(|token| token.span.start < span.start),
        };
        let is_paren =
            |index: usize| matches!(self.tokens.get(index), Some(token) if token.kind == T::LParen);
        if !is_paren(first) {
            return 0;
        }
        let last = self.partner(first);
        if self.tokens[last].span.end != span.end {
            return 0;
        }
        let mut count = 1;
        while is_paren(first + count) && self.partner(first + count) + count == last {
            count += 1;
        }
        count
    }

    // ---- Writing ----

    /// Writes the next token.
    pub(super) fn token(&mut self) {
        self.comments_in_place();
        self.text();
    }

    /// Writes the next token before the comments that stand before it, if they end lines: `,`, `{`
    /// and `else` belong to what they follow.
    pub(super) fn token_first(&mut self) {
        if self.pending.iter().any(|c| c.is_doc || !c.ends_line) {
            return self.token();
        }
        let mut pending = std::mem::take(&mut self.pending);
        self.text();
        pending.append(&mut self.pending);
        self.pending = pending;
    }

    /// Passes over the next token; the comments around it stay.
    pub(super) fn skip(&mut self) {
        self.advance();
    }

    pub(super) fn skip_all(&mut self, kind: T) {
        while self.kind() == Some(kind) {
            self.skip();
        }
    }

    pub(super) fn word(&mut self, text: &'static str) {
        self.doc.push(Op::Word(text));
        self.spaced = text.ends_with(' ');
    }

    pub(super) fn space(&mut self) {
        self.word(" ");
    }

    /// A token, then a space.
    pub(super) fn keyword(&mut self) {
        self.token();
        self.space();
    }

    /// Everything up to `end` as it is written, comments included.
    pub(super) fn verbatim(&mut self, end: u32) {
        self.comments_in_place();
        let span = Span::new(self.position(), end);
        self.doc.push(Op::Text(span));
        self.spaced = false;
        while self.position() < end {
            self.at += 1;
        }
        while matches!(self.comments.get(self.next_comment), Some(comment) if comment.start < end) {
            self.next_comment += 1;
        }
        self.gather(end);
    }

    /// Where the string ends that begins with the next token.
    pub(super) fn string_end(&self) -> u32 {
        let last = self.tokens.get(self.partner(self.at));
        last.map_or(self.position(), |token| token.span.end)
    }

    /// A possible line end, after the comments that end lines.
    pub(super) fn line(&mut self, op: Op, blanks: Blanks) {
        self.trailing_comments();
        if self.own_comments(blanks) {
            self.doc.push(Op::Hard(match self.blank {
                true => Gap::Blank,
                false => Gap::Nothing,
            }));
            self.spaced = true;
            return;
        }
        let before = self
            .pending
            .first()
            .map_or(self.blank, |comment| comment.blank);
        let blank = before && blanks == Blanks::Keep;
        self.doc.push(match op {
            Op::Line(_) if blank => Op::Line(Gap::Blank),
            Op::Hard(_) if blank => Op::Hard(Gap::Blank),
            op => op,
        });
        self.spaced = true;
    }

    /// The line end before a closing bracket, which is indented less.
    pub(super) fn last_line(&mut self, op: Op) {
        let had_trailing = self.trailing_comments();
        let had_own = self.own_comments(Blanks::Keep);
        if self.has_comments() && !had_trailing && !had_own {
            self.comments_in_place();
        }
        self.doc.push(Op::Dedent);
        self.doc
            .push(if had_own { Op::Hard(Gap::Nothing) } else { op });
        self.spaced = true;
    }

    /// Writes the comments that stand behind the last token. Whether there were any.
    pub(super) fn trailing_comments(&mut self) -> bool {
        let mut count = 0;
        for comment in &self.pending {
            if !comment.trails || !comment.ends_line || comment.is_doc {
                break;
            }
            let Comment { span, column, .. } = *comment;
            self.doc.push(Op::Comment { span, column });
            count += 1;
            // What follows `//` on a line would be part of it.
            if self.source[span.range()].starts_with("//") {
                break;
            }
        }
        self.pending.drain(..count);
        count > 0
    }

    /// Writes the comments that have lines of their own, each after the end of a line. Whether
    /// there were any.
    fn own_comments(&mut self, blanks: Blanks) -> bool {
        let mut blanks = blanks;
        let mut count = 0;
        for comment in &self.pending {
            if !comment.ends_line {
                break;
            }
            let blank = comment.blank && blanks == Blanks::Keep;
            self.doc.push(Op::Hard(match blank {
                true => Gap::Blank,
                false => Gap::Nothing,
            }));
            self.doc.push(Op::Text(comment.span));
            blanks = Blanks::Keep;
            count += 1;
        }
        self.pending.drain(..count);
        count > 0
    }

    /// Writes all pending comments where no line was meant to end.
    fn comments_in_place(&mut self) {
        let mut must_end = false;
        for index in 0..self.pending.len() {
            let Comment { span, .. } = self.pending[index];
            let comment = self.pending[index];
            if comment.trails && comment.ends_line && !comment.is_doc && !must_end {
                let column = comment.column;
                self.doc.push(Op::Comment { span, column });
            } else {
                if must_end || (!comment.trails && comment.ends_line) {
                    self.doc.push(Op::Hard(Gap::Deeper));
                } else if !self.spaced {
                    self.space();
                }
                self.doc.push(Op::Text(span));
            }
            must_end = comment.ends_line;
            self.spaced = false;
            let is_closed = matches!(
                self.kind(),
                Some(T::Comma | T::RParen | T::RBracket | T::RBrace)
            );
            if !must_end && !is_closed {
                self.space();
            }
        }
        self.pending.clear();
        if must_end {
            self.doc.push(Op::Hard(Gap::Deeper));
            self.spaced = true;
        }
    }

    fn text(&mut self) {
        let Some(token) = self.tokens.get(self.at) else {
            return;
        };
        self.spaced = token.kind.opens();
        self.doc.push(Op::Text(token.span));
        self.advance();
    }

    fn advance(&mut self) {
        let Some(token) = self.tokens.get(self.at) else {
            return;
        };
        self.at += 1;
        self.gather(token.span.end);
    }

    /// Finds the comments between `from` and the next token.
    fn gather(&mut self, from: u32) {
        let next = self.position().min(self.source.len() as u32);
        let mut end = from;
        let mut is_first = from == 0;
        while let Some(span) = self.comments.get(self.next_comment).copied()
            && span.start < next
        {
            let lines = self.lines_between(end, span.start);
            let text = self.source[span.range()].trim_end();
            self.next_comment += 1;
            end = span.end;
            let after = self
                .comments
                .get(self.next_comment)
                .map_or(next, |comment| comment.start);
            self.pending.push(Comment {
                span: Span::new(span.start, span.start + text.len() as u32),
                trails: lines == 0 && !is_first,
                ends_line: after >= self.source.len() as u32
                    || self.lines_between(end, after.min(next)) > 0,
                blank: lines > 1,
                column: self.column(span.start),
                is_doc: text.starts_with("///") && !text.starts_with("////"),
            });
            is_first = false;
        }
        let lines = self.lines_between(end, next);
        self.blank = lines > 1;
        // A comment before a token that was skipped may end a line after all.
        let mut ends_line = lines > 0;
        for comment in self.pending.iter_mut().rev() {
            comment.ends_line |= ends_line;
            ends_line = !comment.trails || comment.ends_line;
        }
    }

    fn lines_between(&self, from: u32, to: u32) -> usize {
        let between = self.source.as_bytes().get(from as usize..to as usize);
        between.map_or(0, |bytes| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        })
    }

    /// The column of a comment that its author has put apart from the text before it.
    fn column(&self, at: u32) -> Option<u32> {
        let before = &self.source[..at as usize];
        let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let is_apart = line.ends_with("  ") && !line.contains('\t');
        is_apart.then(|| line.chars().count() as u32)
    }
}

/// The partner of each bracket; of anything else, itself.
fn partners(tokens: &[Token]) -> Vec<u32> {
    let mut partners: Vec<u32> = (0..tokens.len() as u32).collect();
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.kind.opens() {
            open.push(index);
        } else if token.kind.closes()
            && let Some(start) = open.pop()
        {
            partners[start] = index as u32;
            partners[index] = start as u32;
        }
    }
    partners
}
