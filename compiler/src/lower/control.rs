//! Control flow without loops: blocks, conditions, `?`, `!`, `??`, `return`, `assert`.

use sm_bytecode::{BlockIx, Inst, Reg, Slot, TrapKind};

use super::function::{Diverges, FnLower, Lowered, Want};
use crate::typed::{
    Expr, ExprKind, Flavour, Lang, Literal, LocalId, Pattern, PatternKind, Stmt, StmtKind, Ty,
    TyKind, UnaryOp,
};

impl<'p> FnLower<'_, 'p> {
    pub(crate) fn control(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        match &expr.kind {
            ExprKind::Block { stmts, tail } => {
                for stmt in stmts {
                    self.statement(stmt)?;
                }
                tail.as_ref()
                    .map_or(Ok(Vec::new()), |tail| self.lower(tail, want))
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let (yes, no) = (self.code.block(), self.code.block());
                self.condition(condition, yes, no)?;
                self.branches(expr.ty, [yes, no], then, otherwise.as_deref(), want)
            }
            ExprKind::Match { value, arms } => self.matching(expr.ty, value, arms, want),
            ExprKind::And(parts) => self.short_circuit(parts, false, want),
            ExprKind::Or(parts) => self.short_circuit(parts, true, want),
            ExprKind::Coalesce {
                value,
                otherwise,
                flavour,
            } => self.coalesce(expr.ty, (value, *flavour), otherwise, want),
            ExprKind::Try { value, flavour } => self.try_value(expr.ty, value, *flavour, want),
            ExprKind::Unwrap { value, flavour } => self.unwrap(expr.ty, value, *flavour, want),
            ExprKind::Return(value) => self.return_value(value.as_deref()),
            _ => Err(Diverges),
        }
    }

    fn return_value(&mut self, value: Option<&'p Expr>) -> Lowered<Vec<Reg>> {
        let values = value.map_or(Ok(Vec::new()), |value| self.value(value))?;
        self.code.end(Inst::Return {
            values: values.into(),
        });
        Err(Diverges)
    }

    /// The two sides of an `if`, each beginning in its block, which join behind it.
    fn branches(
        &mut self,
        ty: Ty,
        [yes, no]: [BlockIx; 2],
        then: &'p Expr,
        otherwise: Option<&'p Expr>,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let mut join = Join::new(self, ty, want);
        self.code.begin(yes);
        let done = self.value_into(then, &join.dst);
        join.arrive(self, done);
        self.code.begin(no);
        let done = otherwise.map_or(Ok(()), |otherwise| self.value_into(otherwise, &join.dst));
        join.arrive(self, done);
        join.finish(self)
    }

    /// Goes to `yes` or `no`.
    pub(crate) fn condition(&mut self, expr: &'p Expr, yes: BlockIx, no: BlockIx) -> Lowered<()> {
        match &expr.kind {
            ExprKind::And(parts) => self.conditions(parts, false, yes, no)?,
            ExprKind::Or(parts) => self.conditions(parts, true, yes, no)?,
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.condition(operand, no, yes)?,
            ExprKind::Literal(Literal::Bool(value)) => {
                self.code.jump(if *value { yes } else { no });
            }
            ExprKind::Matches { pattern, value } => {
                self.bind_or(pattern, value, no)?;
                self.code.jump(yes);
            }
            _ => {
                let cond = self.scalar(expr)?;
                let before = self.code.set_span(expr.span);
                self.code.end(Inst::Branch {
                    cond,
                    then: yes,
                    otherwise: no,
                });
                self.code.set_span(before);
            }
        }
        Ok(())
    }

    /// Parts of an `&&` (`decided` is false) or `||` (it is true).
    fn conditions(
        &mut self,
        parts: &'p [Expr],
        decided: bool,
        yes: BlockIx,
        no: BlockIx,
    ) -> Lowered<()> {
        for (at, part) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            let next = if is_last {
                None
            } else {
                Some(self.code.block())
            };
            let (then, otherwise) = match (next, decided) {
                (None, _) => (yes, no),
                (Some(next), false) => (next, no),
                (Some(next), true) => (yes, next),
            };
            let done = self.condition(part, then, otherwise);
            // If a later part does not end, one before may still have decided.
            if at == 0 {
                done?;
            }
            if let Some(next) = next {
                self.code.begin(next);
            }
        }
        Ok(())
    }

    /// Parts of an `&&` (`decided` is false) or `||` (it is true) as a value.
    fn short_circuit(
        &mut self,
        parts: &'p [Expr],
        decided: bool,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let (right, before) = parts.split_last().expect("there are two at least");
        let (more, done) = (self.code.block(), self.code.block());
        match decided {
            false => self.conditions(before, decided, more, done)?,
            true => self.conditions(before, decided, done, more)?,
        }
        let mut join = Join::new(self, Ty::BOOL, want);
        self.code.begin(more);
        let value = self.value_into(right, &join.dst);
        join.arrive(self, value);
        self.code.begin(done);
        self.emit(Inst::BoolConst {
            dst: join.dst[0],
            value: decided,
        });
        join.arrive(self, Ok(()));
        join.finish(self)
    }

    fn coalesce(
        &mut self,
        ty: Ty,
        (value, flavour): (&'p Expr, Flavour),
        otherwise: &'p Expr,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let (ty, whole) = (self.ty(ty), self.ty(value.ty));
        let regs = self.value(value)?;
        let (good, bad) = (self.code.block(), self.code.block());
        self.branch_good(flavour, &regs, good, bad);
        let mut join = Join::new(self, ty, want);
        self.code.begin(good);
        let dst = join.dst.clone();
        if ty == whole {
            self.give(regs, Some(&dst));
        } else {
            self.good_value(ty, whole, flavour, &regs, Some(&dst));
        }
        join.arrive(self, Ok(()));
        self.code.begin(bad);
        let done = self.value_into(otherwise, &dst);
        join.arrive(self, done);
        join.finish(self)
    }

    fn try_value(
        &mut self,
        ty: Ty,
        value: &'p Expr,
        flavour: Flavour,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let regs = self.value(value)?;
        let (good, bad) = (self.code.block(), self.code.block());
        self.branch_good(flavour, &regs, good, bad);
        self.code.begin(bad);
        let result = self.result;
        let values = match flavour {
            Flavour::Option => self.none(result, None),
            Flavour::Result => vec![self.same_error(value.ty, regs[0], result)],
        };
        self.code.end(Inst::Return {
            values: values.into(),
        });
        self.code.begin(good);
        Ok(self.good_value(ty, value.ty, flavour, &regs, want))
    }

    /// Goes to `good` if the option or result has a value.
    fn branch_good(&mut self, flavour: Flavour, regs: &[Reg], good: BlockIx, bad: BlockIx) {
        match flavour {
            Flavour::Option => {
                let cond = self.is_some(regs);
                self.code.end(Inst::Branch {
                    cond,
                    then: good,
                    otherwise: bad,
                });
            }
            Flavour::Result => {
                let tag = self.code.reg(Slot::Int);
                self.emit(Inst::EnumTag {
                    dst: tag,
                    src: regs[0],
                });
                self.code.end(Inst::Switch {
                    index: tag,
                    targets: [good].into(),
                    default: bad,
                });
            }
        }
    }

    /// The payload of an option or result that has one.
    fn good_value(
        &mut self,
        ty: Ty,
        whole: Ty,
        flavour: Flavour,
        regs: &[Reg],
        want: Want<'_>,
    ) -> Vec<Reg> {
        let ty = self.ty(ty);
        match flavour {
            Flavour::Option => self.payload(ty, regs, want),
            Flavour::Result => {
                let whole = self.ty(whole);
                self.read_variant(whole, regs[0], Lang::OK.index(), 0, want)
            }
        }
    }

    /// A field of a variant.
    pub(crate) fn read_variant(
        &mut self,
        ty: Ty,
        src: Reg,
        variant: usize,
        field: usize,
        want: Want<'_>,
    ) -> Vec<Reg> {
        let (first, field_ty) = self.field_place(ty, variant, field);
        let variant = u16::try_from(variant).unwrap_or(u16::MAX);
        let dst = self.dest(field_ty, want);
        for (field, dst) in (first..).zip(&dst) {
            self.emit(Inst::VariantGet {
                dst: *dst,
                src,
                variant,
                field,
            });
        }
        dst
    }

    /// The `Err` in `src` as one of the result type `to`.
    fn same_error(&mut self, from: Ty, src: Reg, to: Ty) -> Reg {
        let from = self.ty(from);
        if from == to {
            return src;
        }
        let error = self.read_variant(from, src, Lang::ERR.index(), 0, None);
        self.make_record(to, Lang::ERR.0, error, None)
    }

    fn unwrap(
        &mut self,
        ty: Ty,
        value: &'p Expr,
        flavour: Flavour,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let regs = self.value(value)?;
        // A nullable reference is checked by the instruction that takes it apart.
        if !matches!(self.code.slot(regs[0]), Slot::OptRef(_)) {
            let (good, bad) = (self.code.block(), self.code.block());
            self.branch_good(flavour, &regs, good, bad);
            self.code.begin(bad);
            match flavour {
                Flavour::Option => self.code.end(Inst::Trap {
                    kind: TrapKind::UnwrapNone,
                }),
                Flavour::Result => self.trap_with_error(value.ty, regs[0]),
            }
            self.code.begin(good);
        }
        Ok(self.good_value(ty, value.ty, flavour, &regs, want))
    }

    /// `!` of an `Err`, with the error as the message where it can be shown.
    fn trap_with_error(&mut self, ty: Ty, src: Reg) {
        let kind = TrapKind::UnwrapErr;
        let ty = self.ty(ty);
        let (_, error_ty) = self.field_place(ty, Lang::ERR.index(), 0);
        if !self.cx.layout.is_data(error_ty) {
            return self.code.end(Inst::Trap { kind });
        }
        let error = self.read_variant(ty, src, Lang::ERR.index(), 0, None);
        let message = self.show(error_ty, &error);
        self.code.end(Inst::TrapMessage { kind, message });
    }

    // Statements.

    fn statement(&mut self, stmt: &'p Stmt) -> Lowered<()> {
        let before = self.code.set_span(stmt.span);
        let out = match &stmt.kind {
            StmtKind::Let {
                pattern,
                value,
                otherwise,
            } => self.let_value(pattern, value, otherwise.as_ref()),
            StmtKind::Assign { target, op, value } => self.assign(target, *op, value),
            StmtKind::Assert { condition, message } => self.assert(condition, message.as_ref()),
            StmtKind::Expr(expr) => self.value(expr).map(|_| ()),
        };
        self.code.set_span(before);
        out
    }

    fn let_value(
        &mut self,
        pattern: &'p Pattern,
        value: &'p Expr,
        otherwise: Option<&'p Expr>,
    ) -> Lowered<()> {
        if let (PatternKind::Bind(local), None) = (&pattern.kind, otherwise) {
            return self.let_local(*local, value);
        }
        let fail = self.code.block();
        self.bind_or(pattern, value, fail)?;
        let next = self.code.block();
        self.code.jump(next);
        self.code.begin(fail);
        // Where there is no `else`, nothing leads here, and the block will be dropped.
        let fallen = otherwise.map_or(Ok(()), |otherwise| self.value(otherwise).map(|_| ()));
        if fallen.is_ok() {
            self.code.end(Inst::Trap {
                kind: TrapKind::Unreachable,
            });
        }
        self.code.begin(next);
        Ok(())
    }

    fn let_local(&mut self, local: LocalId, value: &'p Expr) -> Lowered<()> {
        if self.is_var(local) {
            // Filled before it is declared: the value may be that of another variable of the name.
            let ty = self.local_ty(local);
            let slots = self.slots(ty);
            let regs = self.code.regs(&slots);
            self.value_into(value, &regs)?;
            self.define(local, regs);
        } else {
            let regs = self.value(value)?;
            self.bind(local, regs);
        }
        Ok(())
    }

    fn assert(&mut self, condition: &'p Expr, message: Option<&'p Expr>) -> Lowered<()> {
        if let Some(done) = self.assert_comparison(condition, message) {
            return done;
        }
        let (good, bad) = (self.code.block(), self.code.block());
        self.condition(condition, good, bad)?;
        self.code.begin(bad);
        let kind = TrapKind::AssertFailed;
        match message.map(|message| self.scalar(message)) {
            Some(Ok(message)) => self.code.end(Inst::TrapMessage { kind, message }),
            Some(Err(Diverges)) => {}
            None => self.code.end(Inst::Trap { kind }),
        }
        self.code.begin(good);
        Ok(())
    }

    /// The type of the values of a `Result`.
    pub(crate) fn is_unit(&self, ty: Ty) -> bool {
        matches!(self.cx.layout.types.get(ty), TyKind::Unit | TyKind::Never)
    }
}

/// The place where several branches come together, with one value in the same registers.
pub(crate) struct Join {
    pub(crate) dst: Vec<Reg>,
    block: BlockIx,
    reached: bool,
}

impl Join {
    pub(crate) fn new(f: &mut FnLower<'_, '_>, ty: Ty, want: Want<'_>) -> Self {
        let ty = f.ty(ty);
        let dst = match f.is_unit(ty) {
            true => Vec::new(),
            false => f.dest(ty, want),
        };
        Self {
            dst,
            block: f.code.block(),
            reached: false,
        }
    }

    /// A branch ends here, if it ends at all.
    pub(crate) fn arrive(&mut self, f: &mut FnLower<'_, '_>, branch: Lowered<()>) {
        if branch.is_ok() {
            self.reached = true;
            f.code.jump(self.block);
        }
    }

    /// Goes on behind the branches.
    pub(crate) fn finish(self, f: &mut FnLower<'_, '_>) -> Lowered<Vec<Reg>> {
        if !self.reached {
            return Err(Diverges);
        }
        f.code.begin(self.block);
        Ok(self.dst)
    }
}
