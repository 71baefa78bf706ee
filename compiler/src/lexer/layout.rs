//! What the grammar needs to know about layout.
//!
//! One pass over the balanced tokens, with one token of look-ahead:
//!
//! - A line's end becomes a [`T::Term`] where it ends a statement: outside of round and square
//!   brackets, after a token that can end a statement, unless the next line goes on with `.`, `??`,
//!   `else` or an operator that cannot begin an operand. A `;` is a `Term` too. There is never a
//!   `Term` at the start or the end of a block, nor two of them in a row.
//! - A `{` where an operand is expected, that is after an operator, `=`, `,`, `:`, `return` or an
//!   opening bracket, becomes [`T::LPlace`], or [`T::LBlock`] if its first token begins a statement
//!   or a statement ends in it before the first comma. Any other `{` is that of a body.
//! - An `else` that does not follow a `}` becomes [`T::LetElse`].
//! - An upper bound of the height of each item's tree is kept; an item above [`MAX_DEPTH`] is
//!   reported and handed on as a hole, so nothing after this pass can recurse too deep.

use std::ops::Range;

use super::height::{Height, operator};
use super::{T, Token};
use crate::ast::{BinaryOp, FileId, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::MAX_DEPTH;
use crate::parser::operators::Operator;

/// Tokens as the grammar reads them, and where each item's tokens are.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tokens: Vec<Token>,
    pub(crate) items: Vec<Range<usize>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Lays out `tokens`, whose brackets are balanced.
pub(crate) fn lay_out(file: FileId, tokens: &[Token]) -> Layout {
    let mut filter = Filter {
        file,
        out: Vec::with_capacity(tokens.len() + tokens.len() / 4),
        frames: vec![Frame::new(Kind::Block, false)],
        items: Vec::new(),
        item_start: 0,
        too_deep: None,
        diagnostics: Vec::new(),
    };
    for (index, token) in tokens.iter().enumerate() {
        filter.token(*token, &tokens[index + 1..]);
    }
    filter.end_item();
    Layout {
        tokens: filter.out,
        items: filter.items,
        diagnostics: filter.diagnostics,
    }
}

/// What a newline and a brace mean depends on the innermost open thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The file, or braces in which lines end statements.
    Block,
    /// Brackets in which lines mean nothing.
    Bracket,
    /// From `if`, `while`, `for` or `match` to the brace of its block.
    Header,
}

/// Something open, and the height of what was read in it.
struct Frame {
    kind: Kind,
    /// Whether the end of a line can end a statement here.
    lines_end: bool,
    /// After `:` or `->`: a `>` closes type arguments and is no operator.
    in_type: bool,
    /// A `{` on a line of its own belongs to what was begun: a function, a declaration, a header.
    wants_brace: bool,
    height: Height,
}

impl Frame {
    fn new(kind: Kind, in_bracket: bool) -> Self {
        Self {
            kind,
            lines_end: !in_bracket,
            in_type: false,
            wants_brace: kind == Kind::Header,
            height: Height::default(),
        }
    }

    /// A separator: what was read is beside what follows, not above it.
    fn separate(&mut self) {
        self.height.separate();
        self.in_type = false;
    }
}

struct Filter {
    file: FileId,
    out: Vec<Token>,
    /// The first is the file itself.
    frames: Vec<Frame>,
    items: Vec<Range<usize>>,
    item_start: usize,
    /// Where the current item's tree grows too high.
    too_deep: Option<Span>,
    diagnostics: Vec<Diagnostic>,
}

impl Filter {
    fn token(&mut self, token: Token, after: &[Token]) {
        if token.is_first_on_line()
            && (self.ends_statement(token.kind) || self.begins_item(token.kind, after.first()))
        {
            self.terminate(Span::point(self.last_end()));
        }
        self.split_items(token);
        match token.kind {
            T::Semi if self.top().lines_end => self.terminate(token.span),
            T::LBrace => self.brace(token, after),
            T::RBrace => {
                self.drop_terminator();
                self.close(token);
            }
            kind if kind.opens() => self.open(token, Kind::Bracket),
            kind if kind.closes() => self.close(token),
            T::If | T::While | T::For | T::Match => {
                // The `if` of an `else if` is the node of the `else`.
                if self.last_kind() != Some(T::Else) {
                    self.climb(token.span);
                }
                self.out.push(token);
                self.push_frame(Kind::Header, token.span);
            }
            _ => self.plain(token),
        }
    }

    /// Whether an item begins here, even if the one before is not complete.
    fn begins_item(&self, kind: T, next: Option<&Token>) -> bool {
        let is_named = next.is_some_and(|next| next.kind == T::Ident);
        let begins = match kind {
            T::Fn | T::Tag => is_named,
            T::Import | T::Pub | T::Const | T::Struct | T::Enum | T::Impl => true,
            _ => false,
        };
        self.frames.len() == 1 && begins && !matches!(self.last_kind(), Some(T::Pub | T::Native))
    }

    /// Two items on one line.
    fn split_items(&mut self, token: Token) {
        let after_item = self.frames.len() == 1 && self.last_kind() == Some(T::RBrace);
        if after_item && token.kind.begins_item() {
            let message = "each declaration begins on a line of its own";
            let fix = Fix::new("begin a new line", Span::point(token.span.start), "\n");
            self.diagnostics.push(
                Diagnostic::error(code::MISSING_LINE_END, self.file, token.span, message)
                    .at("a line must end before this")
                    .fix(fix.certain()),
            );
            self.end_item();
        }
    }

    fn plain(&mut self, token: Token) {
        let kind = match token.kind {
            T::Else if self.last_kind() != Some(T::RBrace) => T::LetElse,
            kind => kind,
        };
        match kind {
            T::Comma => self.separate(),
            T::Colon | T::Arrow => self.top_mut().in_type = true,
            // What stands before it was a pattern.
            T::FatArrow => self.top_mut().height.separate(),
            T::Fn | T::Struct | T::Enum | T::Impl => self.top_mut().wants_brace = true,
            _ if kind.is_assignment() => self.top_mut().in_type = false,
            _ => {}
        }
        self.raise(kind, token.span);
        self.out.push(Token { kind, ..token });
    }

    /// Notes the nodes that a token puts above others.
    fn raise(&mut self, kind: T, span: Span) {
        let before = self.last_kind();
        let is_sign = kind == T::Minus && !self.is_after_operand();
        let top = self.top_mut();
        match kind {
            T::Minus if is_sign => top.height.climb(),
            // The rest of `>>`.
            T::Gt | T::GtJoint if before == Some(T::GtJoint) && !top.in_type => {}
            T::GtJoint if top.in_type => top.height.infix(Operator::Binary(BinaryOp::Gt)),
            T::Let if top.kind == Kind::Header => top.height.descend(),
            _ if is_above(kind) => top.height.climb(),
            _ if is_above_all(kind) => top.height.descend(),
            _ => match operator(kind) {
                Some(operator) => top.height.infix(operator),
                None => return,
            },
        }
        self.check_height(span);
    }

    /// Whether the end of the line before a token of this kind ends a statement.
    fn ends_statement(&self, next: T) -> bool {
        let top = self.top();
        let is_top_level = self.frames.len() == 1;
        let goes_on = next.continues_line()
            || (next == T::LBrace && top.wants_brace)
            || (is_top_level && matches!(next, T::Lifetime | T::Access));
        let ended = match self.last_kind() {
            Some(T::Gt | T::GtJoint | T::Coalesce) => top.in_type,
            Some(last) => last.can_end_statement(),
            None => false,
        };
        top.lines_end && ended && !goes_on
    }

    fn terminate(&mut self, span: Span) {
        while self.top().kind == Kind::Header {
            self.pop_frame();
        }
        self.separate();
        self.top_mut().wants_brace = false;
        if self.frames.len() == 1 {
            return self.end_item();
        }
        if !matches!(
            self.last_kind(),
            None | Some(T::LBrace | T::LBlock | T::Term)
        ) {
            self.out.push(Token::new(T::Term, span));
        }
    }

    fn drop_terminator(&mut self) {
        if self.last_kind() == Some(T::Term) {
            self.out.pop();
        }
    }

    fn brace(&mut self, token: Token, after: &[Token]) {
        let before = self.last_kind();
        // `T??` before a brace is the type of a result.
        let is_type = before == Some(T::Coalesce) && self.top().in_type;
        if before.is_some_and(expects_operand) && !is_type {
            return match holds_statements(after) {
                true => self.open(
                    Token {
                        kind: T::LBlock,
                        ..token
                    },
                    Kind::Block,
                ),
                false => self.open(
                    Token {
                        kind: T::LPlace,
                        ..token
                    },
                    Kind::Bracket,
                ),
            };
        }
        if self.top().kind == Kind::Header && self.last_kind() != Some(T::Else) {
            self.pop_frame();
        }
        self.top_mut().in_type = false;
        self.top_mut().wants_brace = false;
        self.open(token, Kind::Block);
    }

    fn open(&mut self, token: Token, kind: Kind) {
        let is_suffix = self.last_kind().is_some_and(T::can_end_statement);
        if is_suffix && matches!(token.kind, T::LParen | T::LBracket) {
            self.climb(token.span);
        }
        self.out.push(token);
        self.push_frame(kind, token.span);
    }

    fn close(&mut self, token: Token) {
        while self.top().kind == Kind::Header {
            self.pop_frame();
        }
        self.pop_frame();
        self.out.push(token);
    }

    fn push_frame(&mut self, kind: Kind, span: Span) {
        let in_bracket = match kind {
            Kind::Block => false,
            Kind::Bracket => true,
            Kind::Header => !self.top().lines_end,
        };
        // Brackets are bounded already, headers are here; a header that is not pushed is missed by
        // nobody, because its item becomes a hole.
        if kind == Kind::Header && self.frames.len() > 2 * MAX_DEPTH as usize {
            self.too_deep.get_or_insert(span);
            return;
        }
        self.frames.push(Frame::new(kind, in_bracket));
    }

    fn pop_frame(&mut self) {
        if self.frames.len() > 1
            && let Some(frame) = self.frames.pop()
        {
            self.top_mut().height.nest(frame.height.get() + 1);
            self.check_height(Span::point(self.last_end()));
        }
    }

    /// One more node above what was read of this statement.
    fn climb(&mut self, span: Span) {
        self.top_mut().height.climb();
        self.check_height(span);
    }

    fn check_height(&mut self, span: Span) {
        if self.top().height.get() > MAX_DEPTH {
            self.too_deep.get_or_insert(span);
        }
    }

    fn separate(&mut self) {
        self.check_height(Span::point(self.last_end()));
        self.top_mut().separate();
    }

    fn end_item(&mut self) {
        while self.frames.len() > 1 {
            self.pop_frame();
        }
        self.drop_terminator();
        self.separate();
        if let Some(span) = self.too_deep.take() {
            self.replace_item(span);
        }
        if self.item_start < self.out.len() {
            self.items.push(self.item_start..self.out.len());
        }
        self.item_start = self.out.len();
        self.frames[0] = Frame::new(Kind::Block, false);
    }

    fn replace_item(&mut self, span: Span) {
        let Some(first) = self.out.get(self.item_start) else {
            return;
        };
        let whole = first.span.to(Span::point(self.last_end()));
        self.out.truncate(self.item_start);
        self.out.push(Token::new(T::Hole, whole));
        let message = format!("expressions are nested more than {MAX_DEPTH} deep");
        let diagnostic = Diagnostic::error(code::TOO_DEEP, self.file, span, message)
            .at("here it becomes too deep")
            .note("a chain of calls, fields or `??` counts one level for each of them")
            .help("give the inner parts names with `let`, or make functions of them");
        self.diagnostics.push(diagnostic);
    }

    fn top(&self) -> &Frame {
        self.frames
            .last()
            .expect("the file's own frame is never popped")
    }

    fn top_mut(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the file's own frame is never popped")
    }

    /// The token before, in the same item.
    fn last_kind(&self) -> Option<T> {
        self.out[self.item_start..].last().map(|token| token.kind)
    }

    /// Whether an operand ends before the next token. A `!` stands before or after one.
    fn is_after_operand(&self) -> bool {
        let mut before = self.out[self.item_start..].iter().rev();
        let before = before.find(|token| token.kind != T::Bang);
        before.is_some_and(|token| token.kind.can_end_statement())
    }

    fn last_end(&self) -> u32 {
        self.out.last().map_or(0, |token| token.span.end)
    }
}

/// Whether the braces that open before `tokens` are a block's and not a place's.
fn holds_statements(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    let mut before = None;
    for token in tokens {
        if depth == 0 {
            let ends_line = token.is_first_on_line()
                && before.is_some_and(T::can_end_statement)
                && !token.kind.continues_line()
                && token.kind != T::RBrace;
            if ends_line || token.kind == T::Semi || token.kind.is_assignment() {
                return true;
            }
            if before.is_none() && begins_statement(token.kind) {
                return true;
            }
            if matches!(token.kind, T::Comma | T::RBrace) {
                return false;
            }
        }
        if token.kind.opens() {
            depth += 1;
        } else if token.kind.closes() {
            depth = depth.saturating_sub(1);
        }
        before = Some(token.kind);
    }
    false
}

/// Whether a token of this kind can begin a statement, but not the name of a tag.
const fn begins_statement(kind: T) -> bool {
    matches!(
        kind,
        T::Let
            | T::Var
            | T::If
            | T::Match
            | T::For
            | T::While
            | T::Loop
            | T::Break
            | T::Continue
            | T::Return
            | T::Assert
            | T::Spawn
    )
}

/// Whether a `{` after this token stands for an operand.
fn expects_operand(before: T) -> bool {
    let is_operator = before.is_infix() || before.is_assignment();
    (is_operator && !matches!(before, T::Gt | T::GtJoint))
        || matches!(
            before,
            T::LParen
                | T::LBracket
                | T::LPlace
                | T::LSet
                | T::InterpOpen
                | T::Comma
                | T::Colon
                | T::Return
                | T::Break
                | T::Minus
                | T::Spawn
        )
}

/// Whether a token of this kind puts a node above the operand that is being read.
const fn is_above(kind: T) -> bool {
    matches!(kind, T::Bang | T::Tilde | T::Question | T::Dot | T::Else)
}

/// Whether a token of this kind puts a node above all that follows.
const fn is_above_all(kind: T) -> bool {
    matches!(
        kind,
        T::LetElse
            | T::Arrow
            | T::FatArrow
            | T::At
            | T::Return
            | T::Break
            | T::Spawn
            | T::Loop
            | T::Fn
    )
}
