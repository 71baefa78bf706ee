//! Every bracket gets its partner.
//!
//! After this pass brackets are balanced, so the layout filter and the error recovery can trust
//! them: a missing bracket is reported here, once, and cannot make everything after it look wrong.
//! Where they do not balance, indentation tells which bracket is the lonely one.

use super::{Line, T, Token};
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::{MAX_DEPTH, MAX_SYNTAX_ERRORS};

/// Whether missing closing brackets are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtEnd {
    Report,
    /// An open string or comment took the rest of the file, and its brackets with it.
    Close,
}

/// Balances the brackets in `tokens`; no more than [`MAX_DEPTH`] of them are open at a time.
pub(crate) fn balance(
    file: FileId,
    source: &str,
    tokens: Vec<Token>,
    at_end: AtEnd,
) -> (Vec<Token>, Vec<Diagnostic>) {
    if is_balanced(&tokens) {
        return (tokens, Vec::new());
    }
    let mut balancer = Balancer {
        file,
        source,
        out: Vec::with_capacity(tokens.len()),
        open: Vec::new(),
        line_start: 0,
        too_deep: 0,
        diagnostics: Vec::new(),
    };
    for (index, token) in tokens.iter().enumerate() {
        balancer.token(*token, tokens.get(index + 1).copied());
    }
    balancer.finish(at_end)
}

fn is_balanced(tokens: &[Token]) -> bool {
    let mut open = [T::Bad; MAX_DEPTH as usize];
    let mut depth = 0;
    for token in tokens {
        if token.kind.opens() {
            let Some(slot) = open.get_mut(depth) else {
                return false;
            };
            *slot = token.kind.closer();
            depth += 1;
        } else if token.kind.closes() {
            if depth == 0 || open[depth - 1] != token.kind {
                return false;
            }
            depth -= 1;
        }
    }
    depth == 0
}

struct Balancer<'s> {
    file: FileId,
    source: &'s str,
    out: Vec<Token>,
    open: Vec<Open>,
    /// Where the first token of the current line begins.
    line_start: u32,
    /// Brackets open beyond the bound; what is in them is dropped.
    too_deep: usize,
    diagnostics: Vec<Diagnostic>,
}

/// A bracket that is open.
#[derive(Clone, Copy)]
struct Open {
    token: Token,
    /// How far the line is indented on which it stands.
    indent: u32,
    holds: Holds,
    /// In round and square brackets: where in the output a line began that looks like a new
    /// statement.
    new_line: Option<usize>,
}

/// What parentheses hold, where that tells which token cannot be in them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// The parameters of a function, among which no block begins.
    Params,
    /// A pattern after `let`, in which there is no `=`.
    Pattern,
    Anything,
}

impl Balancer<'_> {
    fn token(&mut self, token: Token, next: Option<Token>) {
        if self.too_deep > 0 {
            return self.count_too_deep(token);
        }
        if token.is_first_on_line() {
            self.line_start = token.span.start;
            self.note_new_line(token);
        }
        self.close_before(token, next);
        if token.kind.opens() {
            self.open(token);
        } else if token.kind.closes() {
            self.close(token);
        } else {
            self.out.push(token);
        }
    }

    fn open(&mut self, token: Token) {
        if self.open.len() >= MAX_DEPTH as usize {
            self.report_too_deep(token.span);
            self.out.push(Token {
                kind: T::Hole,
                ..token
            });
            self.too_deep = 1;
            return;
        }
        let indent = self.indent_of(self.line_start);
        let holds = if token.kind == T::LParen {
            self.contents()
        } else {
            Holds::Anything
        };
        self.open.push(Open {
            token,
            indent,
            holds,
            new_line: None,
        });
        self.out.push(token);
    }

    /// What the parentheses hold that open here.
    fn contents(&self) -> Holds {
        let mut before = self.out.iter().rev().map(|token| token.kind);
        let keyword = match before.next() {
            Some(T::Ident) => before.next(),
            other => other,
        };
        match keyword {
            Some(T::Fn) => Holds::Params,
            Some(T::Let | T::Var) => Holds::Pattern,
            _ => Holds::Anything,
        }
    }

    fn report_too_deep(&mut self, span: Span) {
        if self
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == code::TOO_DEEP)
        {
            return;
        }
        let message = format!("brackets are nested more than {MAX_DEPTH} deep");
        let diagnostic = Diagnostic::error(code::TOO_DEEP, self.file, span, message)
            .at("this one is too deep")
            .help("give the inner parts names with `let`, or make functions of them");
        self.report(diagnostic);
    }

    fn count_too_deep(&mut self, token: Token) {
        if token.kind.opens() {
            self.too_deep += 1;
        } else if token.kind.closes() {
            self.too_deep -= 1;
        }
    }

    /// A line in round or square brackets that neither follows a comma nor goes on.
    fn note_new_line(&mut self, token: Token) {
        let ended = self
            .out
            .last()
            .is_some_and(|last| last.kind.can_end_statement());
        let goes_on = token.kind.continues_line() || token.kind.closes();
        if let Some(top) = self.open.last_mut()
            && matches!(top.token.kind, T::LParen | T::LBracket)
            && top.new_line.is_none()
            && ended
            && !goes_on
        {
            top.new_line = Some(self.out.len());
        }
    }

    /// Some words never stand directly in a kind of bracket: it is missing its partner before them.
    fn close_before(&mut self, token: Token, next: Option<Token>) {
        if is_item_at_margin(token, next) && self.indent_of(token.span.start) == 0 {
            self.close_down_to(0);
        }
        let is_statement = matches!(
            token.kind,
            T::Let
                | T::For
                | T::While
                | T::Struct
                | T::Enum
                | T::Impl
                | T::Import
                | T::Pub
                | T::Const
        );
        let after_assignment = self
            .out
            .last()
            .is_some_and(|last| last.kind.is_assignment());
        let cannot_be = match self.open.last().map(|open| open.holds) {
            Some(Holds::Params) => token.kind == T::LBrace && !after_assignment,
            Some(Holds::Pattern) => token.kind == T::Eq,
            Some(Holds::Anything) | None => false,
        };
        if cannot_be {
            self.close_down_to(self.open.len() - 1);
        }
        while is_statement
            && self
                .open
                .last()
                .is_some_and(|o| matches!(o.token.kind, T::LParen | T::LBracket))
        {
            self.close_down_to(self.open.len() - 1);
        }
    }

    fn close(&mut self, token: Token) {
        match self.partner_of(token) {
            Some(index) => {
                self.close_down_to(index + 1);
                self.open.pop();
                self.out.push(token);
            }
            None if self.is_wrong_closer(token) => self.report_wrong_closer(token),
            None => self.report_lonely_closer(token),
        }
    }

    /// `(..]`: one kind of bracket where the other belongs.
    fn is_wrong_closer(&self, token: Token) -> bool {
        let is_flat = |kind| matches!(kind, T::LParen | T::LBracket);
        token.kind != T::RBrace
            && self
                .open
                .last()
                .is_some_and(|open| is_flat(open.token.kind))
    }

    fn report_wrong_closer(&mut self, token: Token) {
        let Some(open) = self.open.pop() else { return };
        let closer = open.token.kind.closer();
        let (expected, found) = (text_of(closer), text_of(token.kind));
        let message = format!("expected `{expected}`, found `{found}`");
        let diagnostic = Diagnostic::error(code::UNOPENED_BRACKET, self.file, token.span, message)
            .at(format!("`{expected}` belongs here"))
            .label(open.token.span, "to close this one")
            .fix(Fix::new(
                format!("write `{expected}`"),
                token.span,
                expected,
            ));
        self.report(diagnostic);
        self.out.push(Token {
            kind: closer,
            ..token
        });
    }

    /// Which open bracket `token` closes. One in round brackets never closes a brace around them.
    fn partner_of(&self, token: Token) -> Option<usize> {
        let fits = |open: &Open| open.token.kind.closer() == token.kind;
        let innermost = match token.kind {
            T::RParen | T::RBracket => {
                let brace = self
                    .open
                    .iter()
                    .rposition(|o| o.token.kind.closer() == T::RBrace);
                let first = brace.map_or(0, |at| at + 1);
                self.open[first..]
                    .iter()
                    .rposition(fits)
                    .map(|at| at + first)
            }
            _ => self.open.iter().rposition(fits),
        }?;
        if token.kind != T::RBrace || !token.is_first_on_line() {
            return Some(innermost);
        }
        let indent = self.indent_of(token.span.start);
        if self.open[innermost].indent <= indent {
            return Some(innermost);
        }
        let is_partner = |open: &Open| fits(open) && open.indent == indent;
        Some(self.open.iter().rposition(is_partner).unwrap_or(innermost))
    }

    /// Reports and closes brackets until `depth` are open.
    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            self.insert_closer(open);
        }
    }

    fn insert_closer(&mut self, open: Open) {
        let index = open.new_line.unwrap_or(self.out.len());
        let at = match index.checked_sub(1).and_then(|before| self.out.get(before)) {
            Some(last) => last.span.end,
            None => open.token.span.end,
        };
        self.report_lonely_opener(open.token, at);
        let closer = Token {
            kind: open.token.kind.closer(),
            line: Line::Same,
            span: Span::point(at),
        };
        self.out.insert(index, closer);
    }

    fn report_lonely_opener(&mut self, token: Token, missing_at: u32) {
        let (opener, closer) = (text_of(token.kind), text_of(token.kind.closer()));
        let span = Span::point(missing_at);
        let message = format!("a `{opener}` is not closed");
        let diagnostic = Diagnostic::error(code::UNCLOSED_BRACKET, self.file, span, message)
            .at(format!("`{closer}` is missing here"))
            .label(token.span, "it opens here");
        self.report(diagnostic);
    }

    fn report_lonely_closer(&mut self, token: Token) {
        let closer = text_of(token.kind);
        let message = format!("this `{closer}` closes nothing");
        let mut diagnostic =
            Diagnostic::error(code::UNOPENED_BRACKET, self.file, token.span, message)
                .fix(Fix::new("remove it", token.span, ""));
        if let Some(open) = self.open.last() {
            let (span, opener) = (open.token.span, text_of(open.token.kind));
            diagnostic = diagnostic.label(span, format!("the bracket open here is `{opener}`"));
        }
        self.report(diagnostic);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() <= MAX_SYNTAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// How many columns of white space stand before `at` on its line; a tab is one.
    fn indent_of(&self, at: u32) -> u32 {
        let before = self.source.as_bytes().get(..at as usize).unwrap_or(&[]);
        before
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count() as u32
    }

    fn finish(mut self, at_end: AtEnd) -> (Vec<Token>, Vec<Diagnostic>) {
        let reported = self.diagnostics.len();
        self.close_down_to(0);
        if at_end == AtEnd::Close {
            self.diagnostics.truncate(reported);
        }
        (self.out, self.diagnostics)
    }
}

/// A declaration that begins at the left margin is at the top level, whatever is open.
fn is_item_at_margin(token: Token, next: Option<Token>) -> bool {
    let before_name = matches!(next, Some(Token { kind: T::Ident, .. }));
    token.is_first_on_line()
        && match token.kind {
            T::Fn | T::Struct | T::Enum | T::Tag | T::Import => before_name,
            T::Pub | T::Impl => true,
            T::Test | T::Bench => matches!(next, Some(Token { kind: T::Str, .. })),
            _ => false,
        }
}

fn text_of(kind: T) -> &'static str {
    match kind {
        T::LParen => "(",
        T::RParen => ")",
        T::LBracket => "[",
        T::RBracket => "]",
        T::LSet => "#{",
        T::LBrace | T::LPlace | T::InterpOpen => "{",
        T::RBrace | T::InterpClose => "}",
        _ => "\"",
    }
}
