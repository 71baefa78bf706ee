//! The loop around logos.

use logos::Logos;

use super::{Line, T, Token};
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::MAX_SYNTAX_ERRORS;

/// The tokens of a file, and what was taken out of them.
#[derive(Debug)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    /// `///` comments, in the order of the source.
    pub(crate) docs: Vec<DocBlock>,
    /// `//!` comments before the first token.
    pub(crate) module_docs: Option<Span>,
    /// Every comment, doc comments included, in the order of the source. A line comment ends before
    /// its line does.
    pub(crate) comments: Vec<Span>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// A string or comment swallowed the end of the file, so missing brackets are no news.
    pub(crate) swallowed_end: bool,
}

/// Doc comment lines with no token between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DocBlock {
    pub(crate) span: Span,
    /// Where the token begins that follows.
    pub(crate) before: u32,
}

/// Reads `source`, which must not be longer than `u32` can say.
pub(crate) fn lex(file: FileId, source: &str) -> Lexed {
    let mut driver = Driver::new(file, source);
    driver.skip_shebang();
    while driver.step() {}
    driver.finish()
}

pub(super) struct Driver<'s> {
    pub(super) file: FileId,
    pub(super) source: &'s str,
    pub(super) inner: logos::Lexer<'s, T>,
    pub(super) out: Lexed,
    /// The interpolations we are in, outermost first.
    pub(super) modes: Vec<Interpolation>,
    /// Where the last token or skipped character ends.
    seen: u32,
    /// A line ended since the last token.
    line: Line,
    pending_docs: Option<Span>,
}

/// An interpolation that is open.
#[derive(Clone, Copy)]
pub(super) struct Interpolation {
    pub(super) quotes: Quotes,
    /// Where the string begins, and how many tokens there were before it.
    pub(super) string_start: u32,
    pub(super) first_token: usize,
    /// Brackets open in the expression.
    pub(super) depth: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    One,
    Three,
}

impl<'s> Driver<'s> {
    fn new(file: FileId, source: &'s str) -> Self {
        let out = Lexed {
            tokens: Vec::with_capacity(source.len() / 4),
            docs: Vec::new(),
            module_docs: None,
            comments: Vec::new(),
            diagnostics: Vec::new(),
            swallowed_end: false,
        };
        Self {
            file,
            source,
            inner: T::lexer(source),
            out,
            modes: Vec::new(),
            seen: 0,
            line: Line::New,
            pending_docs: None,
        }
    }

    /// A byte order mark and a `#!` line are no part of the program.
    fn skip_shebang(&mut self) {
        let start = self.source.len() - self.source.trim_start_matches('\u{feff}').len();
        let rest = &self.source[start..];
        let line = if rest.starts_with("#!") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            0
        };
        self.skip_to(start + line);
    }

    /// Reads one token; `false` at the end of the file.
    fn step(&mut self) -> bool {
        let next = self.inner.next();
        let span = self.span();
        self.note_lines(span.start);
        if self.line == Line::New && self.leave_broken_string(span.start) {
            return true;
        }
        match next {
            None => return self.leave_open_string(),
            Some(Ok(kind)) => self.token(kind, span),
            Some(Err(())) => self.unexpected_character(span),
        }
        true
    }

    fn token(&mut self, kind: T, span: Span) {
        match kind {
            T::Quote => self.string(span),
            T::BytesQuote => self.bytes(span),
            T::SingleQuote => self.single_quoted(span),
            T::Comment => self.comment(span),
            T::BlockComment => self.block_comment(span),
            T::BadNumber => self.bad_number(span),
            T::Gt if self.byte(span.end) == Some(b'>') => self.push(T::GtJoint, span),
            T::Float if self.last_kind() == Some(T::Dot) => self.tuple_fields(span),
            _ if self.modes.is_empty() => self.push(kind, span),
            _ => self.token_in_string(kind, span),
        }
    }

    /// Enough is enough: the parser shows no more of them.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.out.diagnostics.len() <= MAX_SYNTAX_ERRORS {
            self.out.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn push(&mut self, kind: T, span: Span) {
        if let Some(docs) = self.pending_docs.take() {
            self.out.docs.push(DocBlock {
                span: docs,
                before: span.start,
            });
        }
        self.out.tokens.push(Token {
            kind,
            line: self.line,
            span,
        });
        self.line = Line::Same;
        self.seen = span.end;
    }

    fn comment(&mut self, span: Span) {
        let text = &self.source[span.range()];
        if text.starts_with("///") && !text.starts_with("////") {
            self.pending_docs = Some(self.pending_docs.map_or(span, |docs| docs.to(span)));
        } else if text.starts_with("//!") && self.out.tokens.is_empty() {
            self.out.module_docs = Some(self.out.module_docs.map_or(span, |docs| docs.to(span)));
        }
        self.out.comments.push(span);
        self.seen = span.end;
    }

    /// Block comments nest. The lines in one count as ends of lines.
    fn block_comment(&mut self, span: Span) {
        let bytes = self.source.as_bytes();
        let mut at = span.end as usize;
        let mut depth = 1_u32;
        while depth > 0 {
            match bytes.get(at..) {
                None | Some([]) => {
                    self.report_open_comment(span);
                    break;
                }
                Some([b'*', b'/', ..]) => (depth, at) = (depth - 1, at + 2),
                Some([b'/', b'*', ..]) => (depth, at) = (depth + 1, at + 2),
                Some(_) => at += 1,
            }
        }
        self.out.comments.push(Span::new(span.start, at as u32));
        self.note_lines(at as u32);
        self.skip_to(at);
    }

    fn report_open_comment(&mut self, span: Span) {
        self.out.swallowed_end = true;
        let message = "this comment is not closed";
        let diagnostic = Diagnostic::error(code::OPEN_COMMENT, self.file, span, message)
            .at("it begins here and takes in the rest of the file")
            .help("block comments nest: each `/*` needs a `*/` of its own");
        self.report(diagnostic);
    }

    /// `a.0.1` reads two fields, not a float.
    fn tuple_fields(&mut self, span: Span) {
        let text = &self.source[span.range()];
        match text.split_once('.') {
            Some((first, second)) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                let dot = span.start + first.len() as u32;
                self.push(T::Int, Span::new(span.start, dot));
                self.push(T::Dot, Span::new(dot, dot + 1));
                self.push(T::Int, Span::new(dot + 1, dot + 1 + second.len() as u32));
            }
            _ => self.push(T::Float, span),
        }
    }

    fn bad_number(&mut self, span: Span) {
        let text = &self.source[span.range()];
        let message = format!("`{text}` is not a number");
        let mut diagnostic = Diagnostic::error(code::BAD_NUMBER, self.file, span, message);
        let letters = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '.');
        diagnostic = match letters {
            _ if text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o") => {
                diagnostic.help("the digits of `0x` are 0-9 a-f, of `0b` 0 and 1, of `0o` 0-7")
            }
            "f" | "f32" | "f64" | "d" => diagnostic.help("a Float has a point: `1.0`"),
            "i32" | "i64" | "u32" | "u64" | "u8" | "n" | "L" | "l" | "u" => {
                diagnostic.help("every Int has 64 bits, so there is no suffix to write")
            }
            _ => diagnostic.help("the units of a Duration are ns, us, ms, s, min and h: `250ms`"),
        };
        self.report(diagnostic);
        self.push(T::BadNumber, span);
    }

    fn unexpected_character(&mut self, span: Span) {
        let rest = &self.source[span.start as usize..];
        let Some(first) = rest.chars().next() else {
            return;
        };
        if first.is_alphabetic() {
            return self.foreign_letters(span, rest);
        }
        if first == '`' {
            return self.single_quoted(span);
        }
        if matches!(first, '\u{201c}' | '\u{201d}' | '\u{201e}') {
            return self.typographic_string(span, rest);
        }
        if first == '#' && rest[1..].starts_with([' ', '!', '\n', '\r']) {
            return self.hash_comment(span, rest);
        }
        let length: usize = rest
            .chars()
            .take_while(|c| !c.is_ascii() && !c.is_alphabetic())
            .map(char::len_utf8)
            .sum();
        let span = Span::new(span.start, span.start + length.max(first.len_utf8()) as u32);
        self.skip_to(span.end as usize);
        let message = match first {
            '\0'..='\x1f' | '\x7f' => format!("unexpected character U+{:04X}", first as u32),
            _ => format!("unexpected character `{first}`"),
        };
        let mut diagnostic =
            Diagnostic::error(code::UNEXPECTED_CHARACTER, self.file, span, message);
        if let Some(help) = character_help(first) {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
        self.push(T::Bad, span);
    }

    /// A string between quotes out of a text processor.
    fn typographic_string(&mut self, span: Span, rest: &str) {
        let ends = ['\u{201c}', '\u{201d}', '"'];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let closing = line.char_indices().skip(1).find(|(_, c)| ends.contains(c));
        let length = closing.map_or(line.len(), |(at, c)| at + c.len_utf8());
        let whole = Span::new(span.start, span.start + length as u32);
        let message = "strings are written between straight quotes";
        let text = line[..length].trim_matches(['\u{201c}', '\u{201d}', '\u{201e}', '"']);
        self.report(
            Diagnostic::error(code::UNEXPECTED_CHARACTER, self.file, whole, message)
                .at("these are typographic quotes")
                .fix(Fix::new(
                    "write straight quotes",
                    whole,
                    format!("\"{text}\""),
                )),
        );
        self.skip_to(whole.end as usize);
        self.push(T::StrError, whole);
    }

    /// A name with letters beyond ASCII is reported once, and stays one name.
    fn foreign_letters(&mut self, span: Span, rest: &str) {
        let length: usize = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .map(char::len_utf8)
            .sum();
        let mut whole = Span::new(span.start, span.start + length as u32);
        if let Some(last) = self.out.tokens.last().copied()
            && last.span.end == span.start
            && self.source.as_bytes()[last.span.start as usize].is_ascii_alphabetic()
            && !matches!(last.kind, T::Str | T::Bytes | T::Bad | T::StrError)
        {
            self.out.tokens.pop();
            (whole, self.line) = (last.span.to(whole), last.line);
        }
        self.skip_to(whole.end as usize);
        let text = &self.source[whole.range()];
        let message = format!("the name `{text}` has letters beyond ASCII");
        self.report(
            Diagnostic::error(code::FOREIGN_LETTERS, self.file, whole, message)
                .help("names are made of the letters a-z and A-Z, digits and `_`"),
        );
        self.push(T::Ident, whole);
    }

    fn hash_comment(&mut self, span: Span, rest: &str) {
        let end = span.start as usize + rest.find('\n').unwrap_or(rest.len());
        let message = "comments begin with `//`";
        self.report(
            Diagnostic::error(code::HASH_COMMENT, self.file, span, message)
                .at("`#` begins only a set: `#{1, 2}`")
                .fix(Fix::new("write `//`", span, "//").certain()),
        );
        self.skip_to(end);
    }

    fn finish(mut self) -> Lexed {
        if let Some(span) = self.pending_docs.take() {
            self.out.docs.push(DocBlock {
                span,
                before: self.source.len() as u32,
            });
        }
        self.out
    }

    /// Remembers whether a line ends before `to`.
    fn note_lines(&mut self, to: u32) {
        let between = self
            .source
            .as_bytes()
            .get(self.seen as usize..to as usize)
            .unwrap_or(&[]);
        if between.contains(&b'\n') {
            self.line = Line::New;
        }
        self.seen = to;
    }

    /// Goes on reading at `at`, which is not before what was read.
    pub(super) fn skip_to(&mut self, at: usize) {
        let mut inner = T::lexer(self.source);
        inner.bump(at);
        self.inner = inner;
        self.seen = at as u32;
    }

    pub(super) fn byte(&self, at: u32) -> Option<u8> {
        self.source.as_bytes().get(at as usize).copied()
    }

    fn last_kind(&self) -> Option<T> {
        self.out.tokens.last().map(|token| token.kind)
    }

    fn span(&self) -> Span {
        let range = self.inner.span();
        Span::new(range.start as u32, range.end as u32)
    }
}

fn character_help(character: char) -> Option<&'static str> {
    match character {
        '\u{2013}' | '\u{2014}' | '\u{2212}' => Some("minus is written `-`"),
        '\u{a0}' => Some("this is a space that does not break; write a plain one"),
        '$' => Some("an interpolation is written \"{name}\", without `$`"),
        '\\' => Some("a line goes on by itself after an operator, a comma or an open bracket"),
        _ => None,
    }
}
