//! Blocks and statements.

use super::body::{Body, Want, Why};
use crate::ast::{self, Block, Ident, Mutability, Span};
use crate::diagnostic::{Fix, code};
use crate::typed::{AssignOp, Expr, ExprKind, LocalId, Stmt, StmtKind, Target, Ty, TyKind};

impl Body<'_, '_> {
    /// A block with a scope of its own. Where nothing is wanted of it, or Unit, its last value is
    /// dropped.
    pub(super) fn block(&mut self, block: &Block, want: Want) -> Expr {
        let mark = self.open_scope();
        let checked = self.statements(block, want);
        self.close_scope(mark);
        checked
    }

    /// Whether the value of a block is dropped where this is wanted.
    fn drops(&self, want: Want) -> bool {
        match want {
            Want::Nothing => true,
            Want::Anything => false,
            Want::Type(ty, _) => self.shallow(ty) == Ty::UNIT,
        }
    }

    fn statements(&mut self, block: &Block, want: Want) -> Expr {
        let (before, tail) = block.split_tail();
        let mut stmts = Vec::with_capacity(before.len() + 1);
        let mut ends = Ends::Not;
        for stmt in before {
            self.reachable(&mut ends, stmt.span);
            let checked = self.statement(stmt);
            ends.after(&checked);
            stmts.push(checked);
        }
        if let Some(tail) = tail {
            self.reachable(&mut ends, tail.span);
        }
        let tail = match tail {
            Some(tail) if self.drops(want) => {
                let value = self.infer(tail, Want::Nothing);
                let dropped = self.dropped(value);
                ends.after(&dropped);
                stmts.push(dropped);
                None
            }
            Some(tail) => {
                let value = match want {
                    Want::Type(ty, why) => self.check(tail, ty, why),
                    _ => self.infer(tail, want),
                };
                Some(Box::new(value))
            }
            None => None,
        };
        let ty = match &tail {
            _ if ends != Ends::Not => Ty::NEVER,
            Some(tail) => tail.ty,
            None => self.without_value(block, want),
        };
        self.expr(ExprKind::Block { stmts, tail }, ty, block.span)
    }

    /// The type of a block that ends without a value.
    fn without_value(&mut self, block: &Block, want: Want) -> Ty {
        let Want::Type(ty, why) = want else {
            return Ty::UNIT;
        };
        if self.unify(ty, Ty::UNIT).is_ok() {
            return Ty::UNIT;
        }
        let shown = self.show(ty);
        let end = Span::new(block.span.end.max(1) - 1, block.span.end);
        let message = format!("this block has to end with a value of type `{shown}`");
        let error = self.error(code::MISSING_VALUE, end, message);
        let error = match why {
            Why::At(file, span, text) => error.label_in(file, span, text),
            Why::Plain | Why::Argument { .. } => error,
        };
        self.report(error);
        Ty::ERROR
    }

    /// Says once for a block that what follows is never reached.
    fn reachable(&mut self, ends: &mut Ends, span: Span) {
        if let Ends::At(end) = *ends {
            let warning = self.warning(code::UNREACHABLE_CODE, span, "this is never reached");
            self.report(warning.label(end, "nothing goes on after this"));
            *ends = Ends::Reported;
        }
    }

    fn statement(&mut self, stmt: &ast::Stmt) -> Stmt {
        let kind = match &stmt.kind {
            ast::StmtKind::Let(binding) => self.let_binding(binding, stmt.span),
            ast::StmtKind::Assign(assign) => self.assign(assign),
            ast::StmtKind::Assert(assert) => {
                let condition = self.check(&assert.condition, Ty::BOOL, Why::Plain);
                let message = assert.message.as_ref();
                let message = message.map(|message| self.check(message, Ty::STR, Why::Plain));
                StmtKind::Assert { condition, message }
            }
            ast::StmtKind::Expr(expr) => {
                let value = self.infer(expr, Want::Nothing);
                return self.dropped(value);
            }
        };
        Stmt {
            kind,
            span: stmt.span,
        }
    }

    /// An expression whose value nobody takes.
    pub(super) fn dropped(&mut self, value: Expr) -> Stmt {
        self.worth_taking(&value);
        Stmt {
            span: value.span,
            kind: StmtKind::Expr(value),
        }
    }

    /// Warns where dropping a value is most likely a mistake.
    fn worth_taking(&mut self, value: &Expr) {
        if let (ExprKind::Call { .. }, Some(function)) = (&value.kind, self.function) {
            self.cx.notes.dropping.insert(function);
        }
        let ty = self.shallow(value.ty);
        if matches!(self.kind(ty), TyKind::Adt(adt, _) if Some(*adt) == self.world.lang.result) {
            let name = match &value.kind {
                ExprKind::Call { function, .. } if self.world.is_declared(*function) => {
                    let signature = self.world.function(*function);
                    // A tag that is absent or belongs to somebody else is written in vain; that is
                    // the usual thing in a network, and programs go on.
                    if signature.name == "write" && signature.module == super::scope::PRELUDE_ID {
                        return;
                    }
                    format!("the result of `{}`", signature.name)
                }
                _ => "a `Result`".into(),
            };
            let message = format!("{name} is not used");
            let warning = self.warning(code::UNUSED_RESULT, value.span, message);
            self.report(
                warning
                    .note("it may be an error, and then nobody learns of it")
                    .help("`?` returns the error, `!` traps on it, `let _ = ..` ignores it")
                    .fix(Fix::new(
                        "ignore it",
                        Span::point(value.span.start),
                        "let _ = ",
                    )),
            );
            return;
        }
        let idle = match &value.kind {
            ExprKind::Literal(_) | ExprKind::Local(_) | ExprKind::Tag(_) => true,
            ExprKind::Binary { .. } | ExprKind::Chain { .. } | ExprKind::Unary { .. } => true,
            ExprKind::And(parts) | ExprKind::Or(parts) => matches!(
                parts[parts.len() - 1].kind,
                ExprKind::Binary { .. } | ExprKind::Chain { .. } | ExprKind::Local(_)
            ),
            ExprKind::Field { .. } | ExprKind::Closure(_) | ExprKind::FnValue { .. } => true,
            _ => false,
        };
        if idle && ty != Ty::ERROR && ty != Ty::NEVER {
            let message = "this value is not used";
            let warning = self.warning(code::UNUSED_VALUE, value.span, message);
            self.report(match &value.kind {
                ExprKind::FnValue { .. } => warning.help("call it with `()`"),
                ExprKind::Binary {
                    op: crate::ast::BinaryOp::Eq,
                    ..
                } => warning.help("`=` assigns, `==` compares"),
                _ => warning,
            });
        }
    }

    // ------------------------------------------------------------------------------------- let

    fn let_binding(&mut self, binding: &ast::Let, span: Span) -> StmtKind {
        let (value, ty) = match &binding.ty {
            Some(written) => {
                let ty = self.annotation(written);
                let why = Why::At(self.file, written.span, "the type is written here");
                (self.check(&binding.value, ty, why), ty)
            }
            None => {
                let value = self.infer(&binding.value, Want::Anything);
                let ty = value.ty;
                (value, ty)
            }
        };
        let otherwise = binding
            .otherwise
            .as_ref()
            .map(|block| self.otherwise(block));
        let pattern = self.pattern(&binding.pattern, ty, binding.mutability);
        match &otherwise {
            Some(_) => self.warn_if_certain(&pattern, span),
            None => self.irrefutable(&pattern, "a `let` without `else`"),
        }
        StmtKind::Let {
            pattern,
            value,
            otherwise,
        }
    }

    /// The block after `else`, which must not go on.
    fn otherwise(&mut self, block: &Block) -> Expr {
        let checked = self.block(block, Want::Nothing);
        if checked.ty != Ty::NEVER && checked.ty != Ty::ERROR {
            let message = "this `else` goes on, but there is nothing bound to go on with";
            let error = self.error(code::ELSE_GOES_ON, block.span, message);
            self.report(error.help("end it with `return`, `break` or `continue`"));
        }
        checked
    }

    // ---------------------------------------------------------------------------------- assignment

    fn assign(&mut self, assign: &ast::Assign) -> StmtKind {
        let (target, ty) = self.target(&assign.target, assign.op_span);
        let value = match assign.op {
            AssignOp::Set => self.check(&assign.value, ty, Why::Plain),
            AssignOp::Update(op) => {
                let hint = match self.shallow(ty) {
                    ty if ty == Ty::INT || ty == Ty::FLOAT => Want::ty(ty),
                    _ => Want::Anything,
                };
                let value = self.infer(&assign.value, hint);
                let left = Expr {
                    kind: ExprKind::Error,
                    ty,
                    span: assign.target.span,
                };
                let span = assign.target.span.to(value.span);
                let result = self.arithmetic_type(op, assign.op_span, &left, &value, span);
                if result != Ty::ERROR && result != Ty::NEVER && self.unify(ty, result).is_err() {
                    let (shown, result) = (self.show(ty), self.show(result));
                    let message = format!("this makes `{result}`, and the target is `{shown}`");
                    let error = self.error(code::TYPE_MISMATCH, span, message);
                    self.report(error);
                }
                value
            }
        };
        StmtKind::Assign {
            target,
            op: assign.op,
            value,
        }
    }

    fn target(&mut self, target: &ast::Expr, at: Span) -> (Target, Ty) {
        match &target.kind {
            ast::ExprKind::Name(name) => self.assign_name(name, at),
            ast::ExprKind::Index { object, index } => self.assign_index(object, index, target.span),
            ast::ExprKind::Field { object, name } if self.qualifier(object).is_none() => {
                self.assign_field(object, name, target.span)
            }
            ast::ExprKind::Error => (Target::Error, Ty::ERROR),
            _ => {
                let checked = self.infer(target, Want::Anything);
                let message = match &target.kind {
                    ast::ExprKind::TupleField { .. } => "the parts of a tuple cannot be assigned",
                    ast::ExprKind::Tuple(_) => "several variables cannot be assigned at once",
                    _ => "this cannot be assigned",
                };
                if checked.ty != Ty::ERROR {
                    let error = self.error(code::NOT_ASSIGNABLE, target.span, message);
                    self.report(match &target.kind {
                        ast::ExprKind::Tuple(_) => error
                            .help("assign one after the other: `let old = a`, `a = b`, `b = old`")
                            .help("new variables are declared with `let (a, b) = ..`"),
                        _ => error.note("variables, fields and elements can be"),
                    });
                }
                (Target::Error, Ty::ERROR)
            }
        }
    }

    fn assign_index(&mut self, object: &ast::Expr, index: &ast::Expr, span: Span) -> (Target, Ty) {
        let checked = self.index(object, index, span);
        let ty = checked.ty;
        match checked.kind {
            ExprKind::Index { object, index } => {
                let (object, index) = (*object, *index);
                (Target::Index { object, index }, ty)
            }
            _ => (Target::Error, Ty::ERROR),
        }
    }

    fn assign_field(&mut self, object: &ast::Expr, name: &Ident, span: Span) -> (Target, Ty) {
        let object = self.infer(object, Want::Anything);
        let Some((adt, field, ty)) = self.struct_field(object.ty, &name.name) else {
            let read = self.value_field(object, name, span);
            if read.ty != Ty::ERROR {
                let message = format!("`{name}` cannot be assigned");
                let error = self.error(code::NOT_ASSIGNABLE, span, message);
                self.report(error);
            }
            return (Target::Error, Ty::ERROR);
        };
        let declared = &self.world.adt(adt).fields()[field.index()];
        if declared.mutability == Mutability::Let {
            let message = format!("the field `{name}` cannot be assigned");
            let error = self.error(code::NOT_ASSIGNABLE, span, message);
            let file = self.world.file(self.world.adt(adt).module);
            let error = error.label_in(file, declared.span, "declared without `var`");
            let error = error.help(format!("declare it as `var {name}`"));
            self.report(error);
        }
        (Target::Field { object, field }, ty)
    }

    fn assign_name(&mut self, name: &Ident, at: Span) -> (Target, Ty) {
        let Some((frame, local)) = self.find_local(&name.name) else {
            return self.assign_item(name);
        };
        let state = &self.frames[frame].locals[local.index()];
        let (ty, declared) = (state.ty, state.span);
        if frame + 1 < self.frames.len() {
            let message = format!("`{name}` is captured, and cannot be assigned in the closure");
            let error = self.error(code::ASSIGN_IN_CLOSURE, name.span, message);
            self.report(
                error
                    .label(declared, "declared outside of the closure")
                    .note("a closure has the value that the variable had when it was made")
                    .help("share a value through a struct with a `var` field, or a collection"),
            );
            return (Target::Error, ty);
        }
        if state.mutability == Mutability::Let {
            self.not_assignable(name, frame, local, at);
            return (Target::Error, ty);
        }
        self.clock += 1;
        let frame = &mut self.frames[frame];
        let event = frame.event(local, self.clock, name.span);
        frame.locals[local.index()].assignments.push(event);
        (Target::Local(local), ty)
    }

    fn not_assignable(&mut self, name: &Ident, frame: usize, local: LocalId, at: Span) {
        use super::frame::LocalKind;
        let state = &self.frames[frame].locals[local.index()];
        let (declared, kind) = (state.span, state.kind);
        let message = format!("`{name}` cannot be assigned");
        let error = self.error(code::NOT_ASSIGNABLE, name.span.to(at), message);
        self.report(match kind {
            LocalKind::Param => error
                .label(declared, "a parameter keeps its value")
                .help(format!("begin with `var {name} = {name}`")),
            LocalKind::Receiver => error.label(declared, "`self` keeps its value"),
            _ => error
                .label(declared, "declared here")
                .help("declare it with `var` instead of `let`"),
        });
    }

    fn assign_item(&mut self, name: &Ident) -> (Target, Ty) {
        use super::names::Named;
        if self.is_nowhere(name) {
            self.unknown_variable(name);
            return (Target::Error, Ty::ERROR);
        }
        match self.named(name, Want::Anything) {
            Named::Error => {}
            Named::Entity(entity) => {
                let message = format!("`{name}` is {}, and cannot be assigned", entity.article());
                let error = self.error(code::NOT_ASSIGNABLE, name.span, message);
                self.report(match entity {
                    super::scope::Entity::Tag(_) => {
                        error.help(format!("`write({name}, value)` gives a tag its value"))
                    }
                    _ => error,
                });
            }
            _ => {
                let message = format!("`{name}` cannot be assigned");
                let error = self.error(code::NOT_ASSIGNABLE, name.span, message);
                self.report(error);
            }
        }
        (Target::Error, Ty::ERROR)
    }
}

/// Whether the statements so far go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Not,
    At(Span),
    Reported,
}

impl Ends {
    fn after(&mut self, stmt: &Stmt) {
        let value = match &stmt.kind {
            StmtKind::Let { value, .. } | StmtKind::Assign { value, .. } => value,
            StmtKind::Assert { condition, .. } => condition,
            StmtKind::Expr(value) => value,
        };
        if *self == Self::Not && value.ty == Ty::NEVER {
            *self = Self::At(stmt.span);
        }
    }
}
