//! `assert` of a comparison: what stood on both sides is part of what is said when it fails.

use sm_bytecode::{Inst, Native, Reg, Slot, TrapKind};

use super::function::{Diverges, FnLower, Lowered};
use crate::typed::{BinaryOp, Expr, ExprKind, Ty, TyKind};

/// A side of a comparison as it is shown.
enum Side {
    Value(Ty, Vec<Reg>),
    None,
}

impl<'p> FnLower<'_, 'p> {
    /// `None` if the condition is no comparison of data. The message is
    ///
    /// ```text
    /// left == right does not hold
    ///   left: 1
    ///  right: 2
    /// ```
    ///
    /// with the program's own words instead of the first line where it has some. A value takes one
    /// line: text in it is quoted.
    pub(crate) fn assert_comparison(
        &mut self,
        condition: &'p Expr,
        message: Option<&'p Expr>,
    ) -> Option<Lowered<()>> {
        let ExprKind::Binary { op, left, right } = &condition.kind else {
            return None;
        };
        let word = word(*op)?;
        let ty = self.ty(left.ty);
        if !self.cx.layout.is_data(ty) {
            return None;
        }
        let compared = match self.compared(*op, left, right) {
            Ok(compared) => compared,
            Err(diverges) => return Some(Err(diverges)),
        };
        let (cond, sides) = compared;
        let (then, otherwise) = (self.code.block(), self.code.block());
        self.code.end(Inst::Branch {
            cond,
            then,
            otherwise,
        });
        self.code.begin(otherwise);
        self.fail_with(word, sides, message);
        self.code.begin(then);
        Some(Ok(()))
    }

    /// Evaluates both sides and compares them.
    fn compared(
        &mut self,
        op: BinaryOp,
        left: &'p Expr,
        right: &'p Expr,
    ) -> Lowered<(Reg, [Side; 2])> {
        let equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        let (none_left, none_right) = (Self::is_none_literal(left), Self::is_none_literal(right));
        if equality && none_left != none_right {
            let option = if none_left { right } else { left };
            let ty = self.ty(option.ty);
            let regs = self.value(option)?;
            let mut cond = self.is_some(&regs);
            if op == BinaryOp::Eq {
                let some = cond;
                cond = self.code.reg(Slot::Bool);
                self.emit(Inst::BoolNot { dst: cond, a: some });
            }
            let option = Side::Value(ty, regs);
            return Ok(match none_left {
                true => (cond, [Side::None, option]),
                false => (cond, [option, Side::None]),
            });
        }
        let types = [self.ty(left.ty), self.ty(right.ty)];
        let [a, b] = self.pair(left, right)?;
        let cond = self.operate(op, types[0], &a, &b, None);
        Ok((cond, [Side::Value(types[0], a), Side::Value(types[1], b)]))
    }

    fn fail_with(&mut self, word: &str, sides: [Side; 2], message: Option<&'p Expr>) {
        let first = match message.map(|message| self.scalar(message)) {
            Some(Ok(message)) => message,
            Some(Err(Diverges)) => return,
            None => self.text(&format!("left {word} right does not hold"), None),
        };
        let mut parts = vec![first];
        for (label, side) in ["\n  left: ", "\n right: "].into_iter().zip(sides) {
            parts.push(self.text(label, None));
            parts.push(match side {
                Side::Value(ty, regs) => self.show_quoted(ty, &regs),
                Side::None => self.text("None", None),
            });
        }
        let slot = self.slots(Ty::STR)[0];
        let dst = self.code.reg(slot);
        self.emit(Inst::StrConcat {
            dst,
            args: parts.into(),
        });
        self.code.end(Inst::TrapMessage {
            kind: TrapKind::AssertFailed,
            message: dst,
        });
    }

    /// A value as the language writes it, text in quotes.
    fn show_quoted(&mut self, ty: Ty, regs: &[Reg]) -> Reg {
        match ty {
            Ty::STR => self.quote(regs[0]),
            _ => self.show_data(ty, regs),
        }
    }

    /// Text that stands alone is shown without quotes, but not that in a `Some(..)`.
    fn quote(&mut self, text: Reg) -> Reg {
        let option = self.cx.layout.types.intern(TyKind::Option(Ty::STR));
        let some = self.some_of(option, &[text], None);
        let shown = self.show_data(option, &some);
        let [length, end] = [self.code.reg(Slot::Int), self.code.reg(Slot::Int)];
        self.emit(Inst::CallNative {
            dsts: [length].into(),
            native: Native::StrLen,
            args: [shown].into(),
        });
        let (from, one) = (self.int("Some(".len() as i64), self.int(1));
        self.emit(Inst::IntSub {
            dst: end,
            a: length,
            b: one,
        });
        let slot = self.slots(Ty::STR)[0];
        let dst = self.code.reg(slot);
        self.emit(Inst::CallNative {
            dsts: [dst].into(),
            native: Native::StrSlice,
            args: [shown, from, end].into(),
        });
        dst
    }

    /// A value as the language writes it, a text in quotes.
    pub(crate) fn show_data(&mut self, ty: Ty, regs: &[Reg]) -> Reg {
        let slot = self.slots(Ty::STR)[0];
        let dst = self.code.reg(slot);
        let ty = self.type_ix(ty);
        self.emit(Inst::DataShow {
            dst,
            ty,
            args: regs.into(),
        });
        dst
    }
}

const fn word(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        _ => return None,
    })
}
