//! What was expected and what was found, in words.

use super::recovery::Scene;
use crate::ast::Span;
use crate::diagnostic::{Code, Diagnostic, code};
use crate::lexer::{T, Token};

/// The tokens that could have stood where an error is, by their names in the grammar.
#[derive(Debug, Default)]
pub(super) struct Expected {
    names: Vec<String>,
}

/// The kinds of things that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Item,
    Statement,
    Expression,
    Pattern,
    Type,
    /// Only certain tokens.
    Tokens,
}

impl Expected {
    /// From the names as lalrpop gives them, in quotes.
    pub(super) fn new(quoted: &[String]) -> Self {
        let names = quoted
            .iter()
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
        Self { names }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// Whether an error node may stand here.
    pub(super) fn has_hole(&self) -> bool {
        self.has("hole")
    }

    /// Whether an operand ends here, so that an operator could follow.
    pub(super) fn after_operand(&self) -> bool {
        self.has("+") && self.has("==")
    }

    pub(super) fn want(&self) -> Want {
        match () {
            () if !self.has_hole() => Want::Tokens,
            () if self.has("struct") => Want::Item,
            () if self.has("assert") => Want::Statement,
            () if self.has("match") => Want::Expression,
            () if self.has("_") => Want::Pattern,
            () => Want::Type,
        }
    }

    /// The tokens to ask for: those that separate or close, else those that go on. The operators
    /// and suffixes that nearly always could go on are left out.
    fn words(&self) -> Vec<&'static str> {
        let is_suffix = |name: &str| ["(", "[", ".", "?", "!", "<", ">"].contains(&name);
        let all: Vec<_> = WORDS
            .iter()
            .filter(|(name, _)| self.has(name))
            .filter(|(name, _)| !(self.after_operand() && is_suffix(name)))
            .collect();
        let ends = |name: &str| [",", ")", "]", "}", ">", ")interpolation", "end"].contains(&name);
        let has_end = all.iter().any(|(name, _)| ends(name));
        all.into_iter()
            .filter(|(name, _)| !has_end || ends(name) || matches!(*name, "{" | "fn" | "name"))
            .map(|(_, word)| *word)
            .collect()
    }
}

/// How the tokens are called that a message may ask for, the most likely ones first.
const WORDS: &[(&str, &str)] = &[
    ("name", "a name"),
    ("str", "a string"),
    ("int", "a number"),
    ("(", "`(`"),
    ("[", "`[`"),
    ("{", "`{`"),
    ("=", "`=`"),
    ("=>", "`=>`"),
    (":", "`:`"),
    ("->", "`->`"),
    ("in", "`in`"),
    ("fn", "`fn`"),
    ("<", "`<`"),
    ("/", "`/`"),
    ("for", "`for`"),
    ("while", "`while`"),
    ("loop", "`loop`"),
    ("else", "`else`"),
    (",", "`,`"),
    (")", "`)`"),
    ("]", "`]`"),
    (">", "`>`"),
    ("}", "`}`"),
    (")interpolation", "`}`"),
    ("end", "the end of the line"),
];

/// The general message: what was expected, what was found.
pub(super) fn describe(scene: &Scene) -> Diagnostic {
    let found = scene.found();
    let span = scene.place();
    let (code, what) = match scene.expected.want() {
        Want::Item => (code::EXPECTED_ITEM, "a declaration".to_owned()),
        Want::Statement => (code::EXPECTED_EXPRESSION, "a statement".to_owned()),
        Want::Expression => (code::EXPECTED_EXPRESSION, "an expression".to_owned()),
        Want::Pattern => (code::EXPECTED_PATTERN, "a pattern".to_owned()),
        Want::Type => (code::EXPECTED_TYPE, "a type".to_owned()),
        Want::Tokens => tokens_wanted(scene),
    };
    let message = format!("expected {what}, found {found}");
    let diagnostic =
        Diagnostic::error(code, scene.file, span, message).at(format!("expected {what}"));
    with_context(scene, diagnostic)
}

fn tokens_wanted(scene: &Scene) -> (Code, String) {
    let words = scene.expected.words();
    let is_name = words.first() == Some(&"a name") && !scene.expected.after_operand();
    let code = match words.as_slice() {
        _ if is_name => code::EXPECTED_NAME,
        [.., "the end of the line"] if scene.expected.after_operand() => {
            return (
                code::MISSING_LINE_END,
                "the end of the statement".to_owned(),
            );
        }
        _ => code::EXPECTED_TOKEN,
    };
    if is_name {
        return (code, "a name".to_owned());
    }
    (code, any_of(&words))
}

/// `a`, `b` or `c`
fn any_of(words: &[&str]) -> String {
    match words {
        [] => "an operator".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => {
            let first = &first[..first.len().min(4)];
            format!("{} or {last}", first.join(", "))
        }
    }
}

/// Points at what the mistake is part of.
fn with_context(scene: &Scene, diagnostic: Diagnostic) -> Diagnostic {
    let at_closer = scene.token().is_some_and(|token| token.kind.closes());
    let opener = scene.segment.open.map(|index| scene.tokens[index]);
    if let Some(opener) = opener
        && !matches!(opener.kind, T::LBrace | T::StrOpen)
        && (at_closer || scene.expected.has(")") || scene.expected.has("]"))
    {
        return diagnostic.label(opener.span, "in the brackets that open here");
    }
    match scene.keyword() {
        Some(token) => {
            let label = format!("while reading this `{}`", scene.text(token.span));
            diagnostic.label(token.span, label)
        }
        None => diagnostic,
    }
}

impl Scene<'_> {
    /// The token where the error is, in words.
    pub(super) fn found(&self) -> String {
        if self.is_at_line_end() {
            return "the end of the line".to_owned();
        }
        let Some(token) = self.token() else {
            return if self.is_last {
                "the end of the file"
            } else {
                "the end of the line"
            }
            .to_owned();
        };
        let text = self.text(token.span);
        match token.kind {
            T::Term if text != ";" => "the end of the line".to_owned(),
            T::Str | T::StrOpen | T::StrError => "a string".to_owned(),
            T::StrText | T::StrClose => "the end of the expression".to_owned(),
            T::Bytes => "bytes".to_owned(),
            T::Hole | T::Bad => "something else".to_owned(),
            T::GtJoint => "`>>`".to_owned(),
            T::FormatSpec => format!("the format `{text}`"),
            kind if kind.is_reserved() => format!("the keyword `{text}`"),
            _ if text.is_empty() => "the end of the line".to_owned(),
            _ => format!("`{text}`"),
        }
    }

    /// Whether something is missing at the end of the line before the token.
    fn is_at_line_end(&self) -> bool {
        let wants_name = self.expected.has("name") && !self.expected.after_operand();
        let wants_more = match self.expected.want() {
            Want::Expression | Want::Type | Want::Pattern => true,
            Want::Tokens => wants_name || self.kind(0) == Some(T::RBrace),
            Want::Item | Want::Statement => false,
        };
        let goes_on = |kind: T| !kind.opens() && !matches!(kind, T::Term | T::Comma);
        wants_more
            && self.kind(-1).is_some_and(goes_on)
            && self.token().is_some_and(Token::is_first_on_line)
    }

    /// Where to point: at the token, or just behind the one before a line's end.
    pub(super) fn place(&self) -> Span {
        if self.is_at_line_end()
            && let Some(before) = self.get(-1)
        {
            return Span::point(before.span.end);
        }
        match self.token() {
            Some(token) if !token.span.is_empty() => token.span,
            Some(token) => Span::point(token.span.start),
            None => Span::point(self.tokens.last().map_or(0, |last| last.span.end)),
        }
    }

    /// The keyword that began what the error is in, if it is not right beside it.
    pub(super) fn keyword(&self) -> Option<Token> {
        let begins = |kind| {
            matches!(
                kind,
                T::Import
                    | T::Tag
                    | T::Const
                    | T::Struct
                    | T::Enum
                    | T::Fn
                    | T::Impl
                    | T::Test
                    | T::Bench
                    | T::Let
                    | T::Var
                    | T::If
                    | T::Match
                    | T::For
                    | T::While
                    | T::Assert
                    | T::Return
            )
        };
        let end = self.at.min(self.segment.end);
        let flat = self.flat(self.segment.start..end);
        flat.rev()
            .map(|index| self.tokens[index])
            .find(|token| begins(token.kind))
    }
}
