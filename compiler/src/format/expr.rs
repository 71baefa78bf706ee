//! Expressions.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use super::list::Separator;
use crate::ast::{
    BinaryOp, Closure, Expr, ExprKind, For, Ident, If, Loop, MapEntry, PlaceTerm, Polarity, Span,
    While,
};
use crate::lexer::T;
use crate::parser::operators::Operator;

/// Bytes of an element that does not need a line of its own in a long list.
const SHORT: u32 = 40;

impl Formatter<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        let parens = self.parens_around(expr);
        self.in_parens(parens, |f| f.expr_kind(expr));
    }

    /// How many parentheses stand around an expression that are no part of it.
    pub(super) fn parens_around(&self, expr: &Expr) -> usize {
        let own = usize::from(matches!(expr.kind, ExprKind::Tuple(_) | ExprKind::Unit));
        self.parens(expr.span).saturating_sub(own)
    }

    /// Writes so many parentheses around what `inner` writes.
    pub(super) fn in_parens(&mut self, count: usize, inner: impl FnOnce(&mut Self)) {
        if count == 0 {
            return inner(self);
        }
        let lines_end = std::mem::replace(&mut self.lines_end, false);
        (0..count).for_each(|_| self.token());
        inner(self);
        (0..count).for_each(|_| self.token());
        self.lines_end = lines_end;
        self.point = None;
    }

    fn expr_kind(&mut self, expr: &Expr) {
        self.point = None;
        match &expr.kind {
            ExprKind::Literal(_) => self.literal(),
            ExprKind::Interpolated(_) => self.verbatim(self.string_end()),
            ExprKind::Name(_) => self.token(),
            ExprKind::Unit => {
                self.token();
                self.token();
            }
            ExprKind::Tuple(parts) => self.exprs(parts, Separator::Lines),
            ExprKind::List(elements) | ExprKind::Set(elements) => {
                let has_comment = self.has_comment_between(self.position(), expr.span.end);
                match has_comment || !elements.iter().all(is_short) {
                    true => self.exprs(elements, Separator::Lines),
                    false => self.data(elements),
                }
            }
            ExprKind::Map(entries) if entries.is_empty() => (0..3).for_each(|_| self.token()),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Place(terms) => self.place(terms),
            ExprKind::Unary { op: _, operand } => {
                self.token();
                self.expr(operand);
            }
            ExprKind::Binary { .. } | ExprKind::Chain { .. } => self.chain(expr),
            ExprKind::Range {
                start,
                end,
                limit: _,
            } => {
                self.expr(start);
                self.token();
                self.expr(end);
            }
            ExprKind::Call { .. }
            | ExprKind::Index { .. }
            | ExprKind::Field { .. }
            | ExprKind::TupleField { .. }
            | ExprKind::Try(_)
            | ExprKind::Unwrap(_) => self.postfix(expr),
            ExprKind::Spawn(call) => {
                self.keyword();
                self.expr(call);
            }
            ExprKind::Closure(closure) => self.closure(closure),
            ExprKind::Block(block) => self.operand_block(block),
            ExprKind::If(node) => self.if_expr(node),
            ExprKind::Match(node) => self.match_expr(node),
            ExprKind::For(node) => self.for_loop(node),
            ExprKind::While(node) => self.while_loop(node),
            ExprKind::Loop(node) => self.endless_loop(node),
            ExprKind::Return(value) => self.exit(None, value.as_deref()),
            ExprKind::Break { label, value } => self.exit(label.as_ref(), value.as_deref()),
            ExprKind::Continue(label) => self.exit(label.as_ref(), None),
            ExprKind::Error => self.verbatim(expr.span.end),
        }
    }

    /// A literal as it is written, perhaps with a sign, and the sign's parentheses.
    pub(super) fn literal(&mut self) {
        let mut open = 0;
        while let Some(T::Minus | T::LParen) = self.kind() {
            open += usize::from(self.kind() == Some(T::LParen));
            self.token();
        }
        self.token();
        (0..open).for_each(|_| self.token());
    }

    fn exprs(&mut self, elements: &[Expr], separator: Separator) {
        let mut list = self.open_list(separator);
        for element in elements {
            self.element(&mut list);
            self.expr(element);
        }
        self.close_list(list);
    }

    /// A list of data, of which nothing is broken but the list.
    fn data(&mut self, elements: &[Expr]) {
        let mut list = self.open_list(Separator::Fill);
        for element in elements {
            self.element(&mut list);
            while self.position() < element.span.end {
                let next = self.kind_after(1);
                match self.kind() {
                    Some(T::Comma) if next.is_some_and(T::closes) => self.skip(),
                    Some(T::Comma) => self.keyword(),
                    _ => self.token(),
                }
            }
        }
        self.close_list(list);
    }

    fn map(&mut self, entries: &[MapEntry]) {
        let mut list = self.open_list(Separator::Lines);
        for MapEntry { key, value } in entries {
            self.element(&mut list);
            self.expr(key);
            self.keyword();
            self.expr(value);
        }
        self.close_list(list);
    }

    /// `return value`, `break label`, `break label: value`
    fn exit(&mut self, label: Option<&Ident>, value: Option<&Expr>) {
        self.token();
        if label.is_some() {
            self.space();
            self.token();
        }
        if let Some(value) = value {
            match label {
                Some(_) => self.keyword(),
                None => self.space(),
            }
            self.expr(value);
        }
    }

    fn place(&mut self, terms: &[PlaceTerm]) {
        let mut list = self.open_list(Separator::Lines);
        for term in terms {
            self.element(&mut list);
            if term.polarity == Polarity::Negative {
                self.token();
            }
            self.expr(&term.tag);
        }
        self.close_list(list);
    }

    // ---- Operators ----

    /// Whether operators stand at the top of an expression at which it can be broken.
    pub(super) fn is_chain(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Binary { .. } | ExprKind::Chain { .. })
            && self.parens_around(expr) == 0
    }

    fn chain(&mut self, expr: &Expr) {
        let open = self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        if let Some((point, end)) = self.operators(expr) {
            self.doc.stand_behind(open, point, end);
        }
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Close);
    }

    /// Operands with operators of one precedence between them, in the group around them.
    ///
    /// A line begins with the operator. Where a line that begins with `-` would be a statement, all
    /// operators of the chain stand at the ends of lines.
    ///
    /// Answers where the first of two operands can break first, and where it ends.
    pub(super) fn operators(&mut self, expr: &Expr) -> Option<(usize, usize)> {
        let mut parts = Vec::new();
        self.flatten(expr, &mut parts);
        let has_minus = parts
            .iter()
            .any(|part| matches!(part.before, Some((BinaryOp::Sub, _))));
        let is_leading = !(has_minus && self.lines_end);
        let mut first = None;
        let count = parts.len();
        for Operand { before, expr } in parts {
            if let Some((op, span)) = before {
                // A comment after the operator is about what comes next.
                if is_leading && !self.has_comment_between(span.end, expr.span.start) {
                    self.line(Op::Line(Gap::Space), Blanks::Drop);
                    self.operator(op);
                    self.space();
                } else {
                    self.space();
                    self.operator(op);
                    self.line(Op::Line(Gap::Space), Blanks::Drop);
                }
            }
            self.expr(expr);
            if before.is_none() && count == 2 {
                first = self.point.map(|point| (point, self.doc.len()));
            }
        }
        self.point = None;
        first
    }

    /// The operands of `expr`, each but the first with the operator before it.
    fn flatten<'e>(&self, expr: &'e Expr, parts: &mut Vec<Operand<'e>>) {
        let alone = |expr| Operand { before: None, expr };
        if let ExprKind::Chain { first, rest } = &expr.kind {
            parts.push(alone(first));
            parts.extend(rest.iter().map(|link| Operand {
                before: Some((link.op, link.op_span)),
                expr: &link.operand,
            }));
            return;
        }
        let ExprKind::Binary {
            op,
            op_span,
            left,
            right,
        } = &expr.kind
        else {
            return parts.push(alone(expr));
        };
        let level = precedence(*op);
        let goes_on = |side: &Expr| match &side.kind {
            ExprKind::Binary { op, .. } => {
                precedence(*op) == level && self.parens_around(side) == 0
            }
            _ => false,
        };
        match goes_on(left) {
            true => self.flatten(left, parts),
            false => parts.push(alone(left)),
        }
        let first = parts.len();
        match goes_on(right) {
            true => self.flatten(right, parts),
            false => parts.push(alone(right)),
        }
        parts[first].before = Some((*op, *op_span));
    }

    fn operator(&mut self, op: BinaryOp) {
        let tokens = match op {
            BinaryOp::Shr => 2,
            BinaryOp::ShrLogical => 3,
            _ => 1,
        };
        (0..tokens).for_each(|_| self.token());
    }

    // ---- What has a block ----

    fn closure(&mut self, closure: &Closure) {
        let Closure {
            params,
            result,
            body,
        } = closure;
        self.token();
        let mut list = self.open_list(Separator::Lines);
        for param in params {
            self.element(&mut list);
            self.pattern(&param.pattern);
            self.annotation(param.ty.as_ref());
        }
        self.close_list(list);
        self.result(result.as_ref());
        self.space();
        self.block(body);
    }

    /// All blocks of an `if` are broken, or none.
    fn if_expr(&mut self, node: &If) {
        self.doc.open(Group::Plain);
        let mut node = node;
        let mut first_point = None;
        loop {
            let If {
                condition,
                then,
                otherwise,
            } = node;
            self.keyword();
            self.condition(condition);
            self.lines_of(then);
            first_point = first_point.or(self.point);
            let Some(otherwise) = otherwise else { break };
            self.space();
            self.token_first();
            self.space();
            match &otherwise.kind {
                ExprKind::If(next) => node = next,
                ExprKind::Block(block) => {
                    self.lines_of(block);
                    break;
                }
                _ => {
                    self.expr(otherwise);
                    break;
                }
            }
        }
        self.point = first_point;
        self.doc.push(Op::Close);
    }

    fn for_loop(&mut self, node: &For) {
        let For {
            label,
            pattern,
            iterable,
            body,
        } = node;
        self.label(label.as_ref());
        self.doc.open(Group::Plain);
        self.keyword();
        self.pattern(pattern);
        self.space();
        self.keyword();
        self.head(iterable);
        self.lines_of(body);
        self.doc.push(Op::Close);
    }

    fn while_loop(&mut self, node: &While) {
        let While {
            label,
            condition,
            body,
        } = node;
        self.label(label.as_ref());
        self.doc.open(Group::Plain);
        self.keyword();
        self.condition(condition);
        self.lines_of(body);
        self.doc.push(Op::Close);
    }

    fn endless_loop(&mut self, node: &Loop) {
        let Loop { label, body } = node;
        self.label(label.as_ref());
        self.keyword();
        self.block(body);
    }

    fn label(&mut self, label: Option<&Ident>) {
        if label.is_some() {
            self.token();
            self.keyword();
        }
    }
}

/// A part of a chain of operators.
struct Operand<'e> {
    /// The operator before it, and where that stands.
    before: Option<(BinaryOp, Span)>,
    expr: &'e Expr,
}

const fn precedence(op: BinaryOp) -> u8 {
    Operator::Binary(op).precedence()
}

/// Whether an element of a long list shares its line with others: data, and not much of it.
fn is_short(element: &Expr) -> bool {
    element.span.end - element.span.start <= SHORT && is_data(element)
}

fn is_data(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Unit => true,
        ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().all(is_data),
        _ => false,
    }
}
