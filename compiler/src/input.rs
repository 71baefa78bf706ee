//! What a prompt or an editor asks about text that is being written: whether it is complete, where
//! its parts are, and what each word is.
//!
//! The answers come from the lexer and the layout filter that the parser reads through, so that a
//! prompt never disagrees with the compiler.

use std::ops::Range;

use crate::ast::{FileId, Span};
use crate::lexer::layout::Layout;
use crate::lexer::{self, T, Token, brackets, layout};
use crate::limits::MAX_SOURCE_BYTES;

#[cfg(test)]
mod tests;

/// Whether more lines belong to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    /// The last line ends with an operator or in the middle of a head: more is expected, but
    /// perhaps it is a mistake.
    Dangling,
    /// A bracket, a comment or a string over several lines is open.
    Open,
}

/// Whether more lines belong to `source`.
#[must_use]
pub fn completeness(source: &str) -> Completeness {
    if source.len() > MAX_SOURCE_BYTES {
        return Completeness::Complete;
    }
    let lexed = lexer::lex(FILE, source);
    if lexed.swallowed_end || is_open(&lexed.tokens) {
        return Completeness::Open;
    }
    // A line that would go on with anything at all goes on; so does a head that only waits for the
    // braces of its body.
    let dangles = !lexed.tokens.is_empty() && PROBES.iter().any(|probe| goes_on(source, probe));
    if dangles && !ends_in_type(source) {
        Completeness::Dangling
    } else {
        Completeness::Complete
    }
}

/// Lines that cannot belong to a statement that has ended.
const PROBES: [&str; 2] = ["_", "{}"];

/// Spans in one text need no file.
const FILE: FileId = FileId(0);

/// A declaration or a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    /// From its first token to its last; comments before it are not in it.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// What stands at the top level of a file.
    Item,
    /// What stands in a function.
    Statement,
}

/// The declarations and statements of `source`, in order.
#[must_use]
pub fn pieces(source: &str) -> Vec<Piece> {
    if source.len() > MAX_SOURCE_BYTES {
        return Vec::new();
    }
    let layout = laid_out(source);
    let piece = |range: &Range<usize>| {
        let tokens = &layout.tokens[range.clone()];
        let (first, last) = (tokens.first()?, tokens.last()?);
        Some(Piece {
            kind: kind_of(tokens),
            span: first.span.to(last.span),
        })
    };
    layout.items.iter().filter_map(piece).collect()
}

fn kind_of(tokens: &[Token]) -> PieceKind {
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let is_item = match kind(0) {
        Some(T::Import | T::Pub | T::Const | T::Struct | T::Enum | T::Impl) => true,
        Some(T::Fn | T::Tag) => kind(1) == Some(T::Ident),
        Some(T::Native) => kind(1) == Some(T::Fn),
        Some(T::Test | T::Bench) => matches!(kind(1), Some(T::Str | T::StrError)),
        _ => false,
    };
    if is_item {
        PieceKind::Item
    } else {
        PieceKind::Statement
    }
}

/// What a piece of text is, for those who paint it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Keyword,
    /// A number, a duration, `true`, `false`.
    Literal,
    /// Text between quotes, or bytes.
    Text,
    /// A name that begins in upper case: a type or a variant.
    Type,
    /// Any other name.
    Name,
    Comment,
}

/// The words of `source` that mean something, in order and without overlaps.
#[must_use]
pub fn classes(source: &str) -> Vec<(Span, Class)> {
    if source.len() > MAX_SOURCE_BYTES {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut end = 0;
    for token in lexer::lex(FILE, source).tokens {
        comment(source, end..token.span.start as usize, &mut out);
        end = end.max(token.span.end as usize);
        if let Some(class) = class_of(source, token) {
            out.push((token.span, class));
        }
    }
    comment(source, end..source.len(), &mut out);
    out
}

/// What the lexer leaves out between tokens is white space and comments.
fn comment(source: &str, gap: Range<usize>, out: &mut Vec<(Span, Class)>) {
    let Some(text) = source.get(gap.clone()) else {
        return;
    };
    let start = gap.start + text.len() - text.trim_start().len();
    let end = gap.start + text.trim_end().len();
    if start < end {
        out.push((Span::new(start as u32, end as u32), Class::Comment));
    }
}

fn class_of(source: &str, token: Token) -> Option<Class> {
    let text = &source[token.span.range()];
    Some(match token.kind {
        T::Int | T::Float | T::Duration | T::BadNumber | T::True | T::False => Class::Literal,
        T::Str | T::StrError | T::StrOpen | T::StrText | T::StrClose | T::Bytes => Class::Text,
        T::Ident if text.starts_with(char::is_uppercase) => Class::Type,
        T::Ident => Class::Name,
        _ if KEYWORDS.contains(&text) => Class::Keyword,
        _ => return None,
    })
}

/// The words of the language. Some are names elsewhere.
pub const KEYWORDS: &[&str] = &[
    "access", "as", "assert", "bench", "break", "const", "continue", "else", "enum", "false", "fn",
    "for", "if", "impl", "import", "in", "is", "let", "lifetime", "loop", "match", "pub", "return",
    "self", "spawn", "struct", "tag", "test", "true", "var", "while",
];

/// The names in `source`, each where it stands.
pub fn names(source: &str) -> impl Iterator<Item = (Span, &str)> {
    classes(source)
        .into_iter()
        .filter(|(_, class)| matches!(class, Class::Name | Class::Type))
        .map(|(span, _)| (span, &source[span.range()]))
}

fn laid_out(source: &str) -> Layout {
    let lexed = lexer::lex(FILE, source);
    let at_end = brackets::AtEnd::Close;
    let (tokens, _) = brackets::balance(FILE, source, lexed.tokens, at_end);
    layout::lay_out(FILE, &tokens)
}

/// Whether a bracket lacks its partner, and no wrong one has come in its place.
fn is_open(tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    for token in tokens {
        if token.kind.opens() {
            open.push(token.kind.closer());
        } else if token.kind.closes() && open.pop() != Some(token.kind) {
            return false;
        }
    }
    !open.is_empty()
}

/// `tag t: Result<Int, Str>`: its last token looks like an operator.
fn ends_in_type(source: &str) -> bool {
    let layout = laid_out(source);
    let last = layout
        .items
        .last()
        .map(|range| &layout.tokens[range.clone()]);
    last.is_some_and(|tokens| {
        let ends = tokens
            .last()
            .is_some_and(|last| matches!(last.kind, T::Gt | T::GtJoint));
        ends && tokens.first().is_some_and(|first| first.kind == T::Tag)
    })
}

/// Whether `probe` on a line of its own belongs to the last statement of `source`.
fn goes_on(source: &str, probe: &str) -> bool {
    let layout = laid_out(&format!("{source}\n{probe}"));
    let last = layout
        .items
        .last()
        .map(|range| &layout.tokens[range.clone()]);
    last.and_then(|tokens| tokens.first())
        .is_some_and(|first| (first.span.start as usize) < source.len())
}
