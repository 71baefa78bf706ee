//! Expressions and statements as text.

use std::fmt::Write as _;

use super::Dumper;
use crate::ast::{
    Arg, AssignOp, Block, Closure, Condition, Expr, ExprKind, FormatAlign, FormatKind, FormatSpec,
    Ident, If, Let, Literal, Match, Mutability, Polarity, RangeEnd, Sign, Stmt, StmtKind, StrPart,
};

impl Dumper {
    /// The statements of a block, each on a line of its own, one level deeper.
    pub(super) fn block_lines(&mut self, block: &Block) {
        self.depth += 1;
        for stmt in &block.stmts {
            self.line();
            self.stmt(stmt);
        }
        self.depth -= 1;
    }

    fn block(&mut self, name: &str, block: &Block) {
        self.text("(");
        self.text(name);
        self.block_lines(block);
        self.text(")");
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let(binding) => self.binding(binding),
            StmtKind::Assign(assign) => {
                match assign.op {
                    AssignOp::Set => self.text("(= "),
                    AssignOp::Update(op) => {
                        let _ = write!(self.out, "({}= ", op.symbol());
                    }
                }
                self.expr(&assign.target);
                self.text(" ");
                self.expr(&assign.value);
                self.text(")");
            }
            StmtKind::Assert(assert) => {
                self.text("(assert ");
                self.expr(&assert.condition);
                self.optional(assert.message.as_ref());
                self.text(")");
            }
            StmtKind::Expr(expr) => self.expr(expr),
        }
    }

    fn binding(&mut self, binding: &Let) {
        self.text(if binding.mutability == Mutability::Var {
            "(var "
        } else {
            "(let "
        });
        self.pattern(&binding.pattern);
        self.annotation(binding.ty.as_ref());
        self.text(" ");
        self.expr(&binding.value);
        if let Some(block) = &binding.otherwise {
            self.text(" ");
            self.block("else", block);
        }
        self.text(")");
    }

    fn optional(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.text(" ");
            self.expr(expr);
        }
    }

    fn list(&mut self, name: &str, all: &[Expr]) {
        self.text("(");
        self.text(name);
        for one in all {
            self.text(" ");
            self.expr(one);
        }
        self.text(")");
    }

    fn list_of(&mut self, name: &str, all: &[&Expr]) {
        self.text("(");
        self.text(name);
        for one in all {
            self.text(" ");
            self.expr(one);
        }
        self.text(")");
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Unit => self.text("()"),
            ExprKind::Interpolated(parts) => self.interpolated(parts),
            ExprKind::Name(name) => self.text(&name.name),
            ExprKind::Tuple(parts) => self.list("tuple", parts),
            ExprKind::List(elements) => self.list("list", elements),
            ExprKind::Set(elements) => self.list("set", elements),
            ExprKind::Map(entries) => {
                self.text("(map");
                for entry in entries {
                    self.text(" ");
                    self.expr(&entry.key);
                    self.text(": ");
                    self.expr(&entry.value);
                }
                self.text(")");
            }
            ExprKind::Place(terms) => {
                self.text("(place");
                for term in terms {
                    self.text(if term.polarity == Polarity::Negative {
                        " !"
                    } else {
                        " "
                    });
                    self.expr(&term.tag);
                }
                self.text(")");
            }
            ExprKind::Unary { op, operand } => self.list_of(op.symbol(), &[operand]),
            ExprKind::Binary {
                op, left, right, ..
            } => self.list_of(op.symbol(), &[left, right]),
            ExprKind::Chain { first, rest } => {
                for link in rest.iter().rev() {
                    self.text("(");
                    self.text(link.op.symbol());
                    self.text(" ");
                }
                self.expr(first);
                for link in rest {
                    self.text(" ");
                    self.expr(&link.operand);
                    self.text(")");
                }
            }
            ExprKind::Range { start, end, limit } => {
                let name = if *limit == RangeEnd::Inclusive {
                    "..="
                } else {
                    ".."
                };
                self.list_of(name, &[start, end]);
            }
            _ => self.larger_expr(expr),
        }
    }

    /// What has suffixes or blocks.
    fn larger_expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call { callee, args } => self.call(callee, args),
            ExprKind::Index { object, index } => self.list_of("index", &[object, index]),
            ExprKind::Field { object, name } => {
                self.expr(object);
                self.text(".");
                self.text(&name.name);
            }
            ExprKind::TupleField { object, index, .. } => {
                self.expr(object);
                let _ = write!(self.out, ".{index}");
            }
            ExprKind::Try(operand) => self.list_of("try", &[operand]),
            ExprKind::Unwrap(operand) => self.list_of("unwrap", &[operand]),
            ExprKind::Spawn(call) => self.list_of("spawn", &[call]),
            ExprKind::Closure(closure) => self.closure(closure),
            ExprKind::Block(block) => self.block("block", block),
            ExprKind::If(node) => self.if_else(node),
            ExprKind::Match(node) => self.matching(node),
            ExprKind::For(_) | ExprKind::While(_) | ExprKind::Loop(_) => self.looping(expr),
            ExprKind::Return(None) => self.text("(return)"),
            ExprKind::Return(Some(value)) => self.list_of("return", &[value]),
            ExprKind::Break { label, value } => {
                self.jump("break", label.as_ref(), value.as_deref());
            }
            ExprKind::Continue(label) => self.jump("continue", label.as_ref(), None),
            _ => self.text("<error>"),
        }
    }

    fn jump(&mut self, name: &str, label: Option<&Ident>, value: Option<&Expr>) {
        self.text("(");
        self.text(name);
        if let Some(label) = label {
            self.word(&label.name);
        }
        self.optional(value);
        self.text(")");
    }

    fn call(&mut self, callee: &Expr, args: &[Arg]) {
        self.text("(");
        self.expr(callee);
        for arg in args {
            self.text(" ");
            if arg.spread.is_some() {
                self.text("..");
            }
            if let Some(name) = &arg.name {
                self.text(&name.name);
                self.text(":");
            }
            self.expr(&arg.value);
        }
        self.text(")");
    }

    fn closure(&mut self, closure: &Closure) {
        self.text("(fn (");
        self.separated(&closure.params, |this, param| {
            this.pattern(&param.pattern);
            this.annotation(param.ty.as_ref());
        });
        self.text(")");
        if let Some(result) = &closure.result {
            self.text(" -> ");
            self.ty(result);
        }
        self.block_lines(&closure.body);
        self.text(")");
    }

    fn condition(&mut self, condition: &Condition) {
        self.text(" ");
        match condition {
            Condition::Expr(expr) => self.expr(expr),
            Condition::Let { pattern, value, .. } => {
                self.text("(let ");
                self.pattern(pattern);
                self.text(" ");
                self.expr(value);
                self.text(")");
            }
            Condition::All(parts) => {
                self.text("(&&");
                for part in parts {
                    self.condition(part);
                }
                self.text(")");
            }
        }
    }

    fn if_else(&mut self, node: &If) {
        self.text("(if");
        self.condition(&node.condition);
        self.block_lines(&node.then);
        if let Some(otherwise) = &node.otherwise {
            self.line();
            match &otherwise.kind {
                ExprKind::Block(block) => self.block("else", block),
                _ => {
                    self.text("(else ");
                    self.expr(otherwise);
                    self.text(")");
                }
            }
        }
        self.text(")");
    }

    fn matching(&mut self, node: &Match) {
        self.text("(match ");
        self.expr(&node.value);
        self.depth += 1;
        for arm in &node.arms {
            self.line();
            self.text("(");
            self.pattern(&arm.pattern);
            if let Some(guard) = &arm.guard {
                self.text(" if ");
                self.expr(guard);
            }
            self.text(" => ");
            self.expr(&arm.body);
            self.text(")");
        }
        self.depth -= 1;
        self.text(")");
    }

    fn looping(&mut self, expr: &Expr) {
        let (name, label, body) = match &expr.kind {
            ExprKind::For(node) => ("for", &node.label, &node.body),
            ExprKind::While(node) => ("while", &node.label, &node.body),
            ExprKind::Loop(node) => ("loop", &node.label, &node.body),
            _ => return,
        };
        self.text("(");
        if let Some(label) = label {
            self.text(&label.name);
            self.text(": ");
        }
        self.text(name);
        match &expr.kind {
            ExprKind::For(node) => {
                self.text(" ");
                self.pattern(&node.pattern);
                self.text(" ");
                self.expr(&node.iterable);
            }
            ExprKind::While(node) => self.condition(&node.condition),
            _ => {}
        }
        self.block_lines(body);
        self.text(")");
    }

    pub(super) fn literal(&mut self, literal: &Literal) {
        let _ = match literal {
            Literal::Int(value) => write!(self.out, "{value}"),
            Literal::Float(value) => write!(self.out, "{value:?}"),
            Literal::Bool(value) => write!(self.out, "{value}"),
            Literal::Str(text) => write!(self.out, "{text:?}"),
            Literal::Bytes(bytes) => write!(self.out, "b\"{}\"", bytes.escape_ascii()),
            Literal::Duration(nanoseconds) => write!(self.out, "{nanoseconds}ns"),
        };
    }

    fn interpolated(&mut self, parts: &[StrPart]) {
        self.text("(str");
        for part in parts {
            self.text(" ");
            match part {
                StrPart::Text(text) => self.quoted(text),
                StrPart::Value { value, spec: None } => self.expr(value),
                StrPart::Value {
                    value,
                    spec: Some(spec),
                } => {
                    self.text("(format ");
                    self.expr(value);
                    self.format_spec(spec);
                    self.text(")");
                }
            }
        }
        self.text(")");
    }

    fn format_spec(&mut self, spec: &FormatSpec) {
        if let Some(align) = spec.align {
            let name = match align {
                FormatAlign::Left => "left",
                FormatAlign::Center => "center",
                FormatAlign::Right => "right",
            };
            let _ = write!(self.out, " {name}:{:?}", spec.fill);
        }
        if spec.sign == Sign::Always {
            self.text(" +");
        }
        if spec.prefix {
            self.text(" prefix");
        }
        if spec.zero {
            self.text(" zero");
        }
        if let Some(width) = spec.width {
            let _ = write!(self.out, " width:{width}");
        }
        if spec.grouped {
            self.text(" grouped");
        }
        if let Some(precision) = spec.precision {
            let _ = write!(self.out, " precision:{precision}");
        }
        self.text(match spec.kind {
            FormatKind::Show => "",
            FormatKind::Hex => " hex",
            FormatKind::UpperHex => " upper-hex",
            FormatKind::Binary => " binary",
            FormatKind::Octal => " octal",
            FormatKind::Exponent => " exponent",
        });
    }
}
