//! Comments that were meant as a division: `a // b`.

use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::lexer::{T, Token};

/// Warns about comments of one operand that follow another one, where a division makes sense.
pub(super) fn divisions(
    (file, source): (FileId, &str),
    comments: &[Span],
    tokens: &[Token],
) -> Vec<Diagnostic> {
    let is_division = |comment: &&Span| Comment::new(source, **comment, tokens).is_division();
    let found = comments.iter().filter(is_division);
    let warnings = found.map(|comment| {
        let slashes = Span::new(comment.start, comment.start + 2);
        let message = "`//` begins a comment, and divides nothing";
        Diagnostic::warning(code::DIVIDING_COMMENT, file, *comment, message)
            .at("this is a comment")
            .fix(Fix::new("`/` divides, and integers too", slashes, "/"))
    });
    warnings.collect()
}

struct Comment<'a> {
    source: &'a str,
    span: Span,
    /// The tokens before it.
    tokens: &'a [Token],
}

impl<'a> Comment<'a> {
    fn new(source: &'a str, span: Span, tokens: &'a [Token]) -> Self {
        let end = tokens.partition_point(|token| token.span.end <= span.start);
        let is_written = |token: &Token| token.kind != T::Term;
        let end = tokens[..end].iter().rposition(is_written);
        Self {
            source,
            span,
            tokens: &tokens[..end.map_or(0, |last| last + 1)],
        }
    }

    fn text(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }

    fn is_division(&self) -> bool {
        let Some(divisor) = self.text(self.span).strip_prefix("//").map(str::trim) else {
            return false;
        };
        let is_number = !divisor.is_empty() && divisor.bytes().all(|byte| byte.is_ascii_digit());
        let Some(dividend) = self.tokens.last() else {
            return false;
        };
        let gap = Span::new(dividend.span.end, self.span.start);
        let ends_operand = match dividend.kind {
            T::Ident => self.begins_small(*dividend),
            kind => matches!(kind, T::Int | T::Float | T::RParen | T::RBracket),
        };
        ends_operand
            && ["", " "].contains(&self.text(gap))
            && (is_number || self.is_known(divisor))
            && (self.is_computed(divisor) || is_number && self.is_alone())
    }

    fn begins_small(&self, token: Token) -> bool {
        self.text(token.span)
            .starts_with(|first: char| first.is_ascii_lowercase())
    }

    /// Whether a variable before the comment has this name.
    fn is_known(&self, name: &str) -> bool {
        let near = self.tokens.iter().rev().take(MAX_LOOKBACK);
        let mut names = near.filter(|token| token.kind == T::Ident && self.begins_small(**token));
        names.any(|token| self.text(token.span) == name)
    }

    /// Whether the statement before the comment is a name, the value of a block.
    fn is_alone(&self) -> bool {
        let mut before = self.tokens.iter().rev().map(|token| token.kind);
        before.next() == Some(T::Ident) && matches!(before.next(), Some(T::Term | T::LBrace))
    }

    /// Whether the statement before the comment makes a value, and is about something else than
    /// the comment's word.
    fn is_computed(&self, divisor: &str) -> bool {
        let begins =
            |token: &&Token| !matches!(token.kind, T::Term | T::LBrace | T::LBlock | T::RBrace);
        let statement = self
            .tokens
            .iter()
            .rev()
            .take(MAX_LOOKBACK)
            .take_while(begins);
        let mut computes = false;
        for token in statement {
            if token.kind == T::Ident && self.text(token.span) == divisor {
                return false;
            }
            computes |=
                token.kind.is_assignment() || token.kind.is_infix() || token.kind == T::Return;
        }
        computes
    }
}

/// How many tokens before a comment are looked at.
const MAX_LOOKBACK: usize = 256;
