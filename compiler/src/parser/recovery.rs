//! Going on after a mistake.
//!
//! An item that does not parse is repaired and parsed again, until it does. Brackets are balanced,
//! so the tokens around a mistake form a *segment*: the statement, argument or element it is in. A
//! repair replaces some tokens of the segment, smallest change first, most often by a hole (which
//! the tree shows as an error node); it is good if the next mistake, if any, is somewhere else. So
//! each mistake is reported once, and the rest of the item is read as it was meant.

use std::ops::Range;

use super::context::Context;
use super::expected::{Expected, describe};
use super::grammar::ItemParser;
use super::mistakes;
use crate::ast::{FileId, Item, ItemKind, Span, Visibility};
use crate::diagnostic::Diagnostic;
use crate::lexer::{T, Token};
use crate::limits::MAX_SYNTAX_ERRORS;

/// Parses the items that stand at `items` in `tokens`.
pub(super) fn parse_items(cx: &mut Context, tokens: &[Token], items: &[Range<usize>]) -> Vec<Item> {
    let mut recovery = Recovery {
        parser: ItemParser::new(),
        // Each mistake costs a few more readings of its item; a file full of them must not cost
        // more than a few readings of the file.
        budget: 3 * tokens.len() + 2_000_000,
        errors: 0,
    };
    let mut parsed = Vec::with_capacity(items.len());
    for (index, range) in items.iter().enumerate() {
        let is_last = index + 1 == items.len();
        parsed.push(*recovery.item(cx, &tokens[range.clone()], is_last));
    }
    parsed
}

struct Recovery {
    parser: ItemParser,
    /// How many tokens may still be read again.
    budget: usize,
    errors: usize,
}

/// How many brackets outwards a repair may grow; then the whole item is given up.
const MAX_WIDENING: usize = 6;

/// Where parsing stopped: the index of the first token that does not fit.
struct Failure {
    at: usize,
    expected: Expected,
}

/// Tokens to put in the place of others.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) with: Vec<Token>,
}

/// The tokens between two separators in one pair of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The bracket it is in.
    pub(super) open: Option<usize>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A mistake and what is around it.
pub(super) struct Scene<'a> {
    pub(super) file: FileId,
    pub(super) source: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    pub(super) expected: &'a Expected,
    pub(super) segment: Segment,
    /// Whether the item is the last one of the file.
    pub(super) is_last: bool,
}

impl Recovery {
    fn item(&mut self, cx: &mut Context, tokens: &[Token], is_last: bool) -> Box<Item> {
        if self.errors > MAX_SYNTAX_ERRORS {
            return cx.item(whole_span(tokens), Visibility::Private, ItemKind::Error);
        }
        match self.attempt(cx, tokens) {
            Ok(item) => item,
            Err(failure) => self.repair(cx, tokens.to_vec(), failure, is_last),
        }
    }

    /// Parses `tokens`. What the actions report is kept only if that succeeds.
    fn attempt(&self, cx: &mut Context, tokens: &[Token]) -> Result<Box<Item>, Failure> {
        use lalrpop_util::ParseError;

        let mark = cx.diagnostics.len();
        let mut next = 0;
        let input = tokens.iter().map(|token| {
            next += 1;
            (token.span.start, token.kind, token.span.end)
        });
        let (at, expected) = match self.parser.parse(cx, input) {
            Ok(item) => return Ok(item),
            Err(ParseError::UnrecognizedToken { expected, .. }) => (next - 1, expected),
            Err(ParseError::UnrecognizedEof { expected, .. }) => (tokens.len(), expected),
            Err(ParseError::ExtraToken { .. }) => (next - 1, Vec::new()),
            Err(ParseError::InvalidToken { .. }) => (next.saturating_sub(1), Vec::new()),
            Err(ParseError::User { error }) => match error {},
        };
        cx.diagnostics.truncate(mark);
        Err(Failure {
            at,
            expected: Expected::new(&expected),
        })
    }

    fn repair(
        &mut self,
        cx: &mut Context,
        mut tokens: Vec<Token>,
        mut failure: Failure,
        is_last: bool,
    ) -> Box<Item> {
        let whole = whole_span(&tokens);
        let mut found = Vec::new();
        let item = loop {
            self.errors += 1;
            if self.errors > MAX_SYNTAX_ERRORS + 1 {
                break None;
            }
            let scene = Scene::new(cx, &tokens, &failure, is_last);
            let (diagnostic, repairs) = diagnose(&scene);
            found.extend(diagnostic);
            let segment = scene.segment;
            match self.first_good(cx, &tokens, segment, repairs) {
                Step::Done(item) => break Some(item),
                Step::Further(repaired, next) => (tokens, failure) = (repaired, next),
                Step::Lost => break None,
            }
        };
        cx.diagnostics.extend(found);
        item.unwrap_or_else(|| cx.item(whole, Visibility::Private, ItemKind::Error))
    }

    /// Tries the repairs in turn.
    fn first_good(
        &mut self,
        cx: &mut Context,
        tokens: &[Token],
        segment: Segment,
        repairs: Vec<Repair>,
    ) -> Step {
        for Repair { splice, accept } in repairs {
            let mut repaired = tokens.to_vec();
            let added = splice.with.len();
            repaired.splice(splice.range.clone(), splice.with);
            let result = self.attempt(cx, &repaired);
            let read = result
                .as_ref()
                .map_or_else(|failure| failure.at, |_| repaired.len());
            // Copying and searching tokens is cheaper than parsing them, but not free.
            let Some(budget) = self.budget.checked_sub(read + tokens.len() / 32) else {
                return Step::Lost;
            };
            self.budget = budget;
            match result {
                Ok(item) => return Step::Done(item),
                Err(next)
                    if accept.allows(&repaired, segment, splice.range.start + added, next.at) =>
                {
                    return Step::Further(repaired, next);
                }
                Err(_) => {}
            }
        }
        Step::Lost
    }
}

/// A repair to try, and when it is good.
struct Repair {
    splice: Splice,
    accept: Accept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Accept {
    /// The mistake is known for sure: any progress will do.
    Progress,
    /// The repair is a guess: another mistake in the same segment is more likely its consequence.
    Elsewhere,
}

impl Accept {
    fn allows(self, tokens: &[Token], segment: Segment, after: usize, at: usize) -> bool {
        match self {
            Self::Progress => at > after,
            Self::Elsewhere => is_elsewhere(tokens, segment, after, at),
        }
    }
}

enum Step {
    Done(Box<Item>),
    Further(Vec<Token>, Failure),
    Lost,
}

/// Whether the mistake at `at` has nothing to do with the one repaired before `after`: it is behind
/// the segment, or in brackets behind the repair.
fn is_elsewhere(tokens: &[Token], segment: Segment, after: usize, at: usize) -> bool {
    if at <= after {
        return false;
    }
    let mut depth = 0_usize;
    let start = segment.start.min(after);
    for (index, token) in tokens.iter().enumerate().take(at).skip(start) {
        if token.kind.opens() {
            depth += 1;
        } else if token.kind.closes() {
            if depth == 0 {
                return true;
            }
            depth -= 1;
        } else if depth == 0
            && is_separator(token.kind)
            // A comma that the repair put in proves nothing; the end of a line was there to see.
            && (index >= after || token.kind == T::Term)
        {
            return true;
        }
    }
    depth > 0
}

const fn is_terminator(kind: T) -> bool {
    matches!(kind, T::Term)
}

const fn is_separator(kind: T) -> bool {
    matches!(kind, T::Term | T::Comma)
}

fn whole_span(tokens: &[Token]) -> Span {
    match tokens {
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
        [] => Span::default(),
    }
}

/// Whether the token stands for a mistake that was reported before parsing: characters that are
/// nothing, a broken literal, or a closing bracket that was missing.
fn is_reported(token: Token) -> bool {
    matches!(token.kind, T::Bad | T::StrError | T::BadNumber)
        || (token.kind.closes() && token.span.is_empty())
}

/// The message, unless the mistake was reported already, and the repairs to try.
fn diagnose(scene: &Scene) -> (Option<Diagnostic>, Vec<Repair>) {
    let mut repairs = Vec::new();
    let diagnostic = match scene.token() {
        Some(token) if is_reported(token) => None,
        _ if scene.is_in_unclosed_brackets() => None,
        _ => Some(match mistakes::recognise(scene) {
            Some(mistake) => {
                let known = mistake.repair.into_iter();
                repairs.extend(known.map(|splice| Repair {
                    splice,
                    accept: Accept::Progress,
                }));
                mistake.diagnostic
            }
            None => describe(scene),
        }),
    };
    let mut guesses = Vec::new();
    scene.general_repairs(&mut guesses);
    let guesses = guesses.into_iter();
    repairs.extend(guesses.map(|splice| Repair {
        splice,
        accept: Accept::Elsewhere,
    }));
    (diagnostic, repairs)
}

impl<'a> Scene<'a> {
    fn new(cx: &Context<'a>, tokens: &'a [Token], failure: &'a Failure, is_last: bool) -> Self {
        Self {
            file: cx.file,
            source: cx.source,
            tokens,
            at: failure.at,
            expected: &failure.expected,
            segment: segment_at(tokens, failure.at, is_separator),
            is_last,
        }
    }

    pub(super) fn text(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }

    /// The token that does not fit; absent at the end of the item.
    pub(super) fn token(&self) -> Option<Token> {
        self.get(0)
    }

    /// The token so many places from the error.
    pub(super) fn get(&self, offset: isize) -> Option<Token> {
        self.tokens
            .get(self.at.checked_add_signed(offset)?)
            .copied()
    }

    pub(super) fn kind(&self, offset: isize) -> Option<T> {
        self.get(offset).map(|token| token.kind)
    }

    /// The text of a name at an offset.
    pub(super) fn name(&self, offset: isize) -> Option<&'a str> {
        let token = self.get(offset).filter(|token| token.kind == T::Ident)?;
        Some(self.text(token.span))
    }

    /// The indices in `range` that are in no bracket opened within it.
    pub(super) fn flat(&self, range: Range<usize>) -> std::vec::IntoIter<usize> {
        let mut depth = 0_usize;
        let mut flat = Vec::new();
        for index in range {
            let kind = self.tokens[index].kind;
            if kind.closes() {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                flat.push(index);
            }
            if kind.opens() {
                depth += 1;
            }
        }
        flat.into_iter()
    }

    /// Where the bracket closes that opens at `open`.
    pub(super) fn closer_of(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if token.kind.opens() {
                depth += 1;
            } else if token.kind.closes() {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        self.tokens.len().saturating_sub(1)
    }

    /// Whether the error is in parentheses whose end was missing and is guessed.
    fn is_in_unclosed_brackets(&self) -> bool {
        self.segment.open.is_some_and(|open| {
            let is_flat = matches!(self.tokens[open].kind, T::LParen | T::LBracket);
            is_flat && self.tokens[self.closer_of(open)].span.is_empty()
        })
    }

    /// A token of a repair, where it stands in for what is at `index`.
    pub(super) fn made(&self, kind: T, index: usize) -> Token {
        let at = self
            .tokens
            .get(index)
            .map_or_else(|| self.place(), |token| token.span);
        Token::new(kind, Span::point(at.start))
    }

    pub(super) fn hole(&self, range: Range<usize>) -> Token {
        let span = match self.tokens.get(range.clone()) {
            Some([first, .., last]) => first.span.to(last.span),
            Some([only]) => only.span,
            _ => Span::point(self.place().start),
        };
        Token::new(T::Hole, span)
    }

    pub(super) fn replace(&self, range: Range<usize>, kinds: &[T]) -> Splice {
        let with = kinds
            .iter()
            .map(|kind| match kind {
                T::Hole => self.hole(range.clone()),
                kind => self.made(*kind, range.start),
            })
            .collect();
        Splice { range, with }
    }

    fn general_repairs(&self, splices: &mut Vec<Splice>) {
        let segment = self.segment;
        if self.expected.has_hole() {
            self.operand_repairs(splices);
        } else {
            self.token_repairs(splices);
        }
        let assigned = self
            .flat(segment.start..self.at.min(segment.end))
            .find(|index| self.tokens[*index].kind == T::Eq);
        if let Some(assigned) = assigned {
            splices.push(self.replace(assigned + 1..segment.end, &[T::Hole]));
        }
        let mut outer = Some(segment);
        for _ in 0..MAX_WIDENING {
            let Some(segment) = outer else { return };
            splices.push(self.replace(segment.start..segment.end, &[T::Hole]));
            splices.push(self.without(segment));
            let statement = segment_at(self.tokens, segment.start, is_terminator);
            outer = match statement == segment {
                true => segment
                    .open
                    .map(|open| segment_at(self.tokens, open, is_separator)),
                false => Some(statement),
            };
        }
    }

    /// An operand is missing, or something else is in its place.
    fn operand_repairs(&self, splices: &mut Vec<Splice>) {
        let end = self.segment.end;
        let stays = self.at >= end
            || self.token().is_some_and(|token| {
                token.kind.is_infix()
                    || token.kind.is_assignment()
                    || matches!(token.kind, T::LBrace | T::FatArrow | T::Colon | T::Else)
            });
        if self
            .token()
            .is_some_and(|token| token.is_first_on_line() && !token.kind.closes())
        {
            splices.push(self.replace(self.at..self.at, &[T::Hole, T::Term]));
        }
        if stays {
            splices.push(self.replace(self.at..self.at, &[T::Hole]));
        }
        if self.at < end {
            let next = match self.kind(0).is_some_and(T::opens) {
                true => self.closer_of(self.at) + 1,
                false => self.at + 1,
            };
            splices.push(self.replace(self.at..next, &[]));
            splices.push(self.replace(self.at..next, &[T::Hole]));
            if let Some(block) = self.next_block() {
                splices.push(self.replace(self.at..block, &[T::Hole]));
            }
            splices.push(self.replace(self.at..end, &[T::Hole]));
        }
    }

    /// A certain token is missing, or there is too much before it.
    fn token_repairs(&self, splices: &mut Vec<Splice>) {
        let end = self.segment.end;
        let at_end = self.at >= end;
        let expected = self.expected;
        if expected.has(",") && !at_end {
            splices.push(self.replace(self.at..self.at, &[T::Comma]));
        }
        if expected.has("end") && self.begins_statement() {
            splices.push(self.replace(self.at..self.at, &[T::Term]));
        }
        if self.token().is_some_and(Token::is_first_on_line) && self.at > 0 {
            splices.push(self.replace(self.at - 1..self.at, &[T::Term]));
        }
        if let Some(block) = self.next_block()
            && expected.has("{")
        {
            splices.push(self.replace(self.at..block, &[]));
        }
        let fillers: [(&str, &[T]); 6] = [
            ("(", &[T::LParen, T::RParen]),
            ("{", &[T::LBrace, T::RBrace]),
            ("=", &[T::Eq, T::Hole]),
            (":", &[T::Colon, T::Hole]),
            ("=>", &[T::FatArrow, T::Hole]),
            ("in", &[T::In, T::Hole]),
        ];
        for (name, kinds) in fillers {
            // After an operand an assignment, a call or a label could go on, but hardly should.
            let can_end = expected.after_operand() || expected.has(",") || expected.has("end");
            let is_likely = !can_end || matches!(name, "{" | "=>" | "in");
            if expected.has(name) && is_likely {
                splices.push(self.replace(self.at..self.at, kinds));
                splices.push(self.replace(self.at..end.max(self.at), kinds));
            }
        }
        if !at_end {
            splices.push(self.replace(self.at..end, &[]));
            splices.push(self.replace(self.at..self.at + 1, &[]));
        }
    }

    /// Whether a statement begins at the error, as far as that can be seen.
    fn begins_statement(&self) -> bool {
        match self.kind(0) {
            Some(
                T::Let
                | T::Var
                | T::If
                | T::Match
                | T::For
                | T::While
                | T::Loop
                | T::Return
                | T::Assert,
            ) => true,
            Some(T::Ident) => matches!(self.kind(1), Some(T::LParen | T::Dot | T::Eq)),
            _ => false,
        }
    }

    /// The next block in the segment at or after the error.
    fn next_block(&self) -> Option<usize> {
        let end = self.segment.end;
        let mut flat = self.flat(self.at.min(end)..end);
        flat.find(|index| self.tokens[*index].kind == T::LBrace)
    }

    /// Takes a segment out together with a separator.
    fn without(&self, segment: Segment) -> Splice {
        let has_separator = |index: usize| {
            self.tokens
                .get(index)
                .is_some_and(|token| is_separator(token.kind))
        };
        let (mut start, mut end) = (segment.start, segment.end);
        if has_separator(end) {
            end += 1;
        } else if start > 0 && has_separator(start - 1) {
            start -= 1;
        }
        Splice {
            range: start..end,
            with: Vec::new(),
        }
    }
}

/// The segment that `at` is in; for a separator or a closing bracket the one before it.
fn segment_at(tokens: &[Token], at: usize, separates: fn(T) -> bool) -> Segment {
    let before = segment_before(tokens, at, separates);
    let mut depth = 0_usize;
    let mut end = at;
    while let Some(token) = tokens.get(end) {
        if token.kind.opens() {
            depth += 1;
        } else if token.kind.closes() {
            if depth == 0 {
                break;
            }
            depth -= 1;
        } else if depth == 0 && separates(token.kind) {
            break;
        }
        end += 1;
    }
    Segment { end, ..before }
}

fn segment_before(tokens: &[Token], at: usize, separates: fn(T) -> bool) -> Segment {
    let mut depth = 0_usize;
    let mut start = at.min(tokens.len());
    while start > 0 {
        let kind = tokens[start - 1].kind;
        if kind.closes() {
            depth += 1;
        } else if kind.opens() {
            if depth == 0 {
                return Segment {
                    open: Some(start - 1),
                    start,
                    end: at,
                };
            }
            depth -= 1;
        } else if depth == 0 && separates(kind) {
            break;
        }
        start -= 1;
    }
    let open = enclosing(tokens, start);
    Segment {
        open,
        start,
        end: at,
    }
}

/// The bracket that is open before `at`.
fn enclosing(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in (0..at).rev() {
        let kind = tokens[index].kind;
        if kind.closes() {
            depth += 1;
        } else if kind.opens() {
            if depth == 0 {
                return Some(index);
            }
            depth -= 1;
        }
    }
    None
}
