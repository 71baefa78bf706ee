//! Statements and blocks.

use super::cursor::{Blanks, Formatter};
use super::doc::{Gap, Group, Op};
use super::list::Members;
use crate::ast::{
    Assert, Assign, Block, Condition, Expr, ExprKind, Let, Match, MatchArm, Pattern, Stmt, StmtKind,
};
use crate::lexer::T;

impl Formatter<'_> {
    /// A block, broken or not as the group around it.
    pub(super) fn lines_of(&mut self, block: &Block) {
        let mut braces = self.open_braces(Members::Statements, block.stmts.len());
        for stmt in &block.stmts {
            self.member(&mut braces, Blanks::Keep);
            self.stmt(stmt);
        }
        self.close_braces(braces);
    }

    /// A block in a group of its own.
    pub(super) fn block(&mut self, block: &Block) {
        self.doc.open(Group::Plain);
        self.lines_of(block);
        self.doc.push(Op::Close);
    }

    /// A block where an operand stands. There `{ a }` is a place, and only `{ a; }` a block.
    pub(super) fn operand_block(&mut self, block: &Block) {
        self.doc.open(Group::Plain);
        let mut braces = self.open_braces(Members::Statements, block.stmts.len());
        for stmt in &block.stmts {
            self.member(&mut braces, Blanks::Keep);
            self.stmt(stmt);
        }
        if block.stmts.len() == 1 && self.kind() == Some(T::Semi) {
            self.token_first();
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let(binding) => self.binding(binding),
            StmtKind::Assign(assign) => self.assign(assign),
            StmtKind::Assert(assert) => self.assert(assert),
            StmtKind::Expr(expr) => self.block_or_expr(expr),
        }
    }

    fn binding(&mut self, binding: &Let) {
        let Let {
            mutability: _,
            pattern,
            ty,
            value,
            otherwise,
        } = binding;
        self.keyword();
        self.pattern(pattern);
        self.annotation(ty.as_ref());
        self.space();
        self.token();
        self.value(value);
        if let Some(block) = otherwise {
            self.space();
            self.token_first();
            self.space();
            self.block(block);
        }
    }

    pub(super) fn assign(&mut self, assign: &Assign) {
        let Assign {
            target,
            op: _,
            op_span: _,
            value,
        } = assign;
        self.expr(target);
        self.space();
        self.token();
        self.value(value);
    }

    fn assert(&mut self, assert: &Assert) {
        let Assert { condition, message } = assert;
        self.keyword();
        let Some(message) = message else {
            return self.expr(condition);
        };
        self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        self.expr(condition);
        self.token_first();
        self.line(Op::Line(Gap::Space), Blanks::Drop);
        self.expr(message);
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Close);
    }

    /// What follows `=` or `=>`: on the same line, or on the next if it all fits there.
    pub(super) fn value(&mut self, value: &Expr) {
        if self.breaks_inside(value) {
            self.space();
            return self.expr(value);
        }
        self.doc.open(match self.has_comments() {
            true => Group::Plain,
            false => Group::Value,
        });
        self.doc.push(Op::Indent);
        self.line(Op::Line(Gap::Space), Blanks::Drop);
        self.expr(value);
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Close);
    }

    /// Whether an expression begins with a bracket, or with a head whose braces can be broken, so
    /// that it is better broken there than moved to a line of its own.
    fn breaks_inside(&self, value: &Expr) -> bool {
        let has_brackets = matches!(
            value.kind,
            ExprKind::Tuple(_)
                | ExprKind::List(_)
                | ExprKind::Map(_)
                | ExprKind::Set(_)
                | ExprKind::Place(_)
                | ExprKind::Closure(_)
                | ExprKind::Block(_)
                | ExprKind::If(_)
                | ExprKind::Match(_)
                | ExprKind::For(_)
                | ExprKind::While(_)
                | ExprKind::Loop(_)
        );
        (has_brackets || is_constructor(value)) && !self.has_comments()
    }

    /// An expression where a block is meant by braces.
    pub(super) fn block_or_expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Block(block) if self.kind() == Some(T::LBrace) => self.block(block),
            _ => self.expr(expr),
        }
    }

    // ---- Heads with blocks ----

    /// The condition after `if` or `while`, and its block up to and with the opening brace's line.
    pub(super) fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Expr(value) => self.head(value),
            Condition::Let { pattern, value, .. } => {
                self.let_pattern(pattern);
                self.head(value);
            }
            Condition::All(parts) => self.all(parts),
        }
    }

    /// `let p =`
    fn let_pattern(&mut self, pattern: &Pattern) {
        self.keyword();
        self.pattern(pattern);
        self.space();
        self.keyword();
    }

    fn part_of_condition(&mut self, part: &Condition) {
        match part {
            Condition::Expr(value) => self.expr(value),
            Condition::Let { pattern, value, .. } => {
                self.let_pattern(pattern);
                self.expr(value);
            }
            Condition::All(parts) => self.all(parts),
        }
    }

    /// Conditions with `&&` between them; the brace stands as after a broken chain of operators.
    fn all(&mut self, parts: &[Condition]) {
        self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.line(Op::Line(Gap::Space), Blanks::Drop);
                self.keyword();
            }
            self.part_of_condition(part);
        }
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Line(Gap::Space));
        self.spaced = true;
        self.doc.push(Op::Close);
    }

    /// The end of a head, before the brace of its block. Where it is broken at its operators, the
    /// brace gets a line of its own, for the lines of the block look the same.
    pub(super) fn head(&mut self, value: &Expr) {
        if !self.is_chain(value) {
            self.expr(value);
            return self.space();
        }
        self.doc.open(Group::Plain);
        self.doc.push(Op::Indent);
        self.operators(value);
        self.doc.push(Op::Dedent);
        // Comments before the brace will stand behind it.
        self.doc.push(Op::Line(Gap::Space));
        self.spaced = true;
        self.doc.push(Op::Close);
    }

    pub(super) fn match_expr(&mut self, node: &Match) {
        let Match { value, arms } = node;
        self.doc.open(Group::Plain);
        self.keyword();
        self.head(value);
        let mut braces = self.open_braces(Members::Parts, arms.len());
        for arm in arms {
            self.member(&mut braces, Blanks::Keep);
            self.arm(arm);
        }
        self.close_braces(braces);
        self.doc.push(Op::Close);
    }

    fn arm(&mut self, arm: &MatchArm) {
        let MatchArm {
            pattern,
            guard,
            body,
            span: _,
        } = arm;
        self.pattern(pattern);
        if let Some(guard) = guard {
            self.space();
            self.keyword();
            self.expr(guard);
        }
        self.space();
        self.token_first();
        match &body.kind {
            ExprKind::Block(block) if self.kind() == Some(T::LBrace) => {
                self.space();
                self.block(block);
            }
            // An assignment stands in a block without braces.
            ExprKind::Block(Block { stmts, .. }) if is_assignment(body) => {
                self.space();
                stmts.iter().for_each(|stmt| self.stmt(stmt));
            }
            _ => self.value(body),
        }
    }
}

/// Whether a struct or a variant is built: a call of a name in upper case.
fn is_constructor(value: &Expr) -> bool {
    let ExprKind::Call { callee, args: _ } = &value.kind else {
        return false;
    };
    match &callee.kind {
        ExprKind::Name(name) | ExprKind::Field { object: _, name } => {
            name.name.starts_with(|first: char| first.is_uppercase())
        }
        _ => false,
    }
}

/// Whether a block consists of an assignment without braces around it.
fn is_assignment(body: &Expr) -> bool {
    match &body.kind {
        ExprKind::Block(Block { stmts, span: _ }) => match stmts.as_slice() {
            [stmt] => matches!(stmt.kind, StmtKind::Assign(_)) && stmt.span == body.span,
            _ => false,
        },
        _ => false,
    }
}
