//! Loops, each with its test at the foot, and assignments.

use sm_bytecode::{BlockIx, Inst, Reg, Slot};

use super::function::{Diverges, FnLower, Held, LoopTargets, Lowered, Want};
use super::visit::may_stand_twice;
use crate::typed::{
    AssignOp, BinaryOp, Expr, ExprKind, FieldId, LocalId, LoopId, Pattern, RangeEnd, Target, Ty,
    TyKind,
};

/// A counted loop under construction: `i` goes from 0 or `start` to `last`, both included.
struct Counted {
    i: Reg,
    last: Reg,
    foot: BlockIx,
    exit: BlockIx,
}

impl<'p> FnLower<'_, 'p> {
    pub(crate) fn looping(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        match &expr.kind {
            ExprKind::While {
                id,
                condition,
                body,
            } => self.while_loop(*id, condition, body)?,
            ExprKind::Loop { id, body } => return self.endless(*id, body, expr.ty, want),
            ExprKind::ForRange {
                id,
                local,
                start,
                end,
                limit,
                body,
            } => {
                self.for_range(*id, *local, [start, end], *limit, body)?;
            }
            ExprKind::ForEach {
                id,
                pattern,
                iterable,
                body,
            } => {
                self.for_each(*id, pattern, iterable, body)?;
            }
            ExprKind::Break { id, value } => {
                if let Some(value) = value {
                    let dst = self.loop_values.get(id).cloned().unwrap_or_default();
                    self.value_into(value, &dst)?;
                }
                let targets = self.targets(*id);
                targets.broken = true;
                let exit = targets.exit;
                self.code.jump(exit);
                return Err(Diverges);
            }
            ExprKind::Continue(id) => {
                let targets = self.targets(*id);
                targets.continued = true;
                let next = targets.next;
                self.code.jump(next);
                return Err(Diverges);
            }
            _ => return Err(Diverges),
        }
        Ok(Vec::new())
    }

    fn targets(&mut self, id: LoopId) -> &mut LoopTargets {
        self.loops.get_mut(&id).expect("a loop is left from inside")
    }

    /// Lowers the body of a loop, which begins in the current block; answers whether its foot is
    /// reached.
    fn body(&mut self, id: LoopId, next: BlockIx, exit: BlockIx, body: &'p Expr) -> LoopTargets {
        self.loops.insert(
            id,
            LoopTargets {
                exit,
                next,
                broken: false,
                continued: false,
            },
        );
        if self.value(body).is_ok() {
            self.code.jump(next);
            self.targets(id).continued = true;
        }
        *self.targets(id)
    }

    /// The test stands behind the body. Before the first turn it is made on its own where it is
    /// small; else that, too, enters the loop at its foot.
    fn while_loop(&mut self, id: LoopId, condition: &'p Expr, body: &'p Expr) -> Lowered<()> {
        if binds(condition) {
            return self.while_let(id, condition, body);
        }
        let (head, foot, exit) = (self.code.block(), self.code.block(), self.code.block());
        match may_stand_twice(condition) {
            true => self.condition(condition, head, exit)?,
            false => self.code.jump(foot),
        }
        self.code.begin(head);
        let targets = self.body(id, foot, exit, body);
        self.code.begin(foot);
        let tested = self.condition(condition, head, exit);
        if tested.is_err() && !targets.broken {
            return Err(Diverges);
        }
        self.code.begin(exit);
        Ok(())
    }

    /// The test is made at the head: what it binds is needed in the body.
    fn while_let(&mut self, id: LoopId, condition: &'p Expr, body: &'p Expr) -> Lowered<()> {
        let (head, exit) = (self.code.block(), self.code.block());
        self.code.jump(head);
        self.code.begin(head);
        let holds = self.code.block();
        self.condition(condition, holds, exit)?;
        self.code.begin(holds);
        self.body(id, head, exit, body);
        self.code.begin(exit);
        Ok(())
    }

    fn endless(&mut self, id: LoopId, body: &'p Expr, ty: Ty, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let (head, exit) = (self.code.block(), self.code.block());
        let ty = self.ty(ty);
        let dst = match self.is_unit(ty) {
            true => Vec::new(),
            false => self.dest(ty, want),
        };
        self.loop_values.insert(id, dst.clone());
        self.code.jump(head);
        self.code.begin(head);
        let targets = self.body(id, head, exit, body);
        if !targets.broken {
            return Err(Diverges);
        }
        self.code.begin(exit);
        Ok(dst)
    }

    fn for_range(
        &mut self,
        id: LoopId,
        local: LocalId,
        [start, end]: [&'p Expr; 2],
        limit: RangeEnd,
        body: &'p Expr,
    ) -> Lowered<()> {
        let i = self.code.reg(Slot::Int);
        let first = self.value(start)?;
        let first = self.hold(first);
        let end = self.value(end)?;
        let end = self.hold(end);
        let [first, end] = self.settle([first, end]);
        let enter = self.code.reg(Slot::Bool);
        let (dst, a, b) = (enter, first[0], end[0]);
        self.emit(match limit {
            RangeEnd::Exclusive => Inst::IntLt { dst, a, b },
            RangeEnd::Inclusive => Inst::IntLe { dst, a, b },
        });
        let (setup, exit) = (self.code.block(), self.code.block());
        self.code.end(Inst::Branch {
            cond: enter,
            then: setup,
            otherwise: exit,
        });
        self.code.begin(setup);
        self.code.copy(&[i], &first);
        let last = self.last(end[0], limit);
        let foot = self.code.block();
        let counted = Counted {
            i,
            last,
            foot,
            exit,
        };
        self.counted(
            id,
            &counted,
            body,
            |f| {
                f.bind(local, vec![i]);
                Ok(())
            },
            |_| {},
        );
        Ok(())
    }

    /// The last number of a range that is not empty, in a register of its own.
    fn last(&mut self, end: Reg, limit: RangeEnd) -> Reg {
        let last = self.code.reg(Slot::Int);
        match limit {
            RangeEnd::Inclusive => self.code.copy(&[last], &[end]),
            RangeEnd::Exclusive => {
                let one = self.int(1);
                self.emit(Inst::IntWrapSub {
                    dst: last,
                    a: end,
                    b: one,
                });
            }
        }
        last
    }

    /// The rest of a counted loop, from its setup block on; goes on behind the loop.
    fn counted(
        &mut self,
        id: LoopId,
        counted: &Counted,
        body: &'p Expr,
        enter: impl FnOnce(&mut Self) -> Lowered<()>,
        check: impl FnOnce(&mut Self),
    ) {
        let Counted {
            i,
            last: limit,
            foot,
            exit,
        } = *counted;
        let head = self.code.block();
        self.code.jump(head);
        self.code.begin(head);
        let entered = enter(self);
        if entered.is_ok() {
            self.body(id, foot, exit, body);
        }
        self.code.begin(foot);
        check(self);
        self.code.end(Inst::ForNext {
            i,
            limit,
            body: head,
            exit,
        });
        self.code.begin(exit);
    }

    fn for_each(
        &mut self,
        id: LoopId,
        pattern: &'p Pattern,
        iterable: &'p Expr,
        body: &'p Expr,
    ) -> Lowered<()> {
        let ty = self.ty(iterable.ty);
        let found = self.value(iterable)?;
        // The loop stays with this collection, whatever is assigned to the variable.
        let coll = match self.can_change(&found) {
            true => {
                let slot = self.code.slot(found[0]);
                let own = self.code.reg(slot);
                self.code.copy(&[own], &found);
                own
            }
            false => found[0],
        };
        let (counter, len) = (self.code.reg(Slot::Int), self.code.reg(Slot::Int));
        self.emit(Inst::IterBegin { dst: counter, coll });
        let is_list = matches!(self.cx.layout.types.get(ty), TyKind::List(_));
        self.emit(match is_list {
            true => Inst::ListLen {
                dst: len,
                list: coll,
            },
            false => Inst::MapLen {
                dst: len,
                map: coll,
            },
        });
        let i = self.code.reg(Slot::Int);
        self.emit(Inst::IntConst { dst: i, value: 0 });
        let enter = self.code.reg(Slot::Bool);
        self.emit(Inst::IntLt {
            dst: enter,
            a: i,
            b: len,
        });
        let (setup, exit) = (self.code.block(), self.code.block());
        self.code.end(Inst::Branch {
            cond: enter,
            then: setup,
            otherwise: exit,
        });
        self.code.begin(setup);
        let last = self.last(len, RangeEnd::Exclusive);
        let foot = self.code.block();
        let counted = Counted {
            i,
            last,
            foot,
            exit,
        };
        let check = Inst::IterCheck { coll, counter };
        self.counted(
            id,
            &counted,
            body,
            |f| f.element(ty, coll, i, pattern),
            |f| f.emit(check),
        );
        Ok(())
    }

    /// Binds what a `for` goes over: an element, or the key and value of an entry.
    fn element(&mut self, ty: Ty, coll: Reg, i: Reg, pattern: &'p Pattern) -> Lowered<()> {
        match *self.cx.layout.types.get(ty) {
            TyKind::Map(key_ty, value_ty) => self.bind_entry(pattern, [key_ty, value_ty], coll, i),
            TyKind::Set(of) => {
                let key = self.unpack(of, None, |f, dst| {
                    f.emit(Inst::MapKeyAt {
                        dst,
                        map: coll,
                        entry: i,
                    });
                });
                self.bind_sure(pattern, of, key)
            }
            TyKind::List(of) => {
                let value = self.unpack(of, None, |f, dst| {
                    f.emit(Inst::ListGet {
                        dst,
                        list: coll,
                        index: i,
                    });
                });
                self.bind_sure(pattern, of, value)
            }
            _ => Err(Diverges),
        }
    }

    // Assignments.

    pub(crate) fn assign(
        &mut self,
        target: &'p Target,
        op: AssignOp,
        value: &'p Expr,
    ) -> Lowered<()> {
        match target {
            Target::Local(local) => self.assign_local(*local, op, value),
            Target::Field { object, field } => self.assign_field(object, *field, op, value),
            Target::Index { object, index } => self.assign_index(object, index, op, value),
            Target::Error => Err(Diverges),
        }
    }

    fn assign_local(&mut self, local: LocalId, op: AssignOp, value: &'p Expr) -> Lowered<()> {
        let dst = self.local(local);
        match op {
            AssignOp::Set => self.value_into(value, &dst)?,
            AssignOp::Update(op) => {
                let ty = self.local_ty(local);
                let old = self.hold(dst.to_vec());
                let value = self.value(value)?;
                let value = self.hold(value);
                let [old, value] = self.settle([old, value]);
                self.operate(op, ty, &old, &value, Some(&dst));
            }
        }
        self.assigned(local);
        Ok(())
    }

    fn assign_field(
        &mut self,
        object: &'p Expr,
        field: FieldId,
        op: AssignOp,
        value: &'p Expr,
    ) -> Lowered<()> {
        let object_ty = self.ty(object.ty);
        let obj = self.value(object)?;
        let obj = self.hold(obj);
        let read = |f: &mut Self, obj: Reg| f.read_field(object_ty, obj, field.index(), None);
        let (first, ty) = self.field_place(object_ty, 0, field.index());
        let [obj, value] = self.new_value(ty, obj, op, value, read)?;
        for (field, src) in (first..).zip(value) {
            self.emit(Inst::RecordSet {
                obj: obj[0],
                field,
                src,
            });
        }
        Ok(())
    }

    /// What an assignment writes: the value, or the old one combined with it. Answers the held
    /// object, too.
    fn new_value(
        &mut self,
        ty: Ty,
        object: Held,
        op: AssignOp,
        value: &'p Expr,
        read: impl FnOnce(&mut Self, Reg) -> Vec<Reg>,
    ) -> Lowered<[Vec<Reg>; 2]> {
        let old = match op {
            AssignOp::Set => None,
            AssignOp::Update(op) => {
                let old = read(self, object.first());
                Some((op, self.hold(old)))
            }
        };
        let value = self.value(value)?;
        let value = self.hold(value);
        Ok(match old {
            None => self.settle([object, value]),
            Some((op, old)) => {
                let [object, old, value] = self.settle([object, old, value]);
                let new = self.operate(op, ty, &old, &value, None);
                [object, vec![new]]
            }
        })
    }

    fn assign_index(
        &mut self,
        object: &'p Expr,
        index: &'p Expr,
        op: AssignOp,
        value: &'p Expr,
    ) -> Lowered<()> {
        let object_ty = self.ty(object.ty);
        let held_object = self.value(object)?;
        let held_object = self.hold(held_object);
        let key = self.value(index)?;
        let key = self.hold(key);
        let (key_ty, ty) = match *self.cx.layout.types.get(object_ty) {
            TyKind::Map(key, value) => (Some(key), value),
            TyKind::List(of) => (None, of),
            _ => return Err(Diverges),
        };
        let old = match op {
            AssignOp::Set => None,
            AssignOp::Update(op) => {
                let (object, key) = (held_object.first(), key.regs().to_vec());
                let old = self.read_index(object_ty, object, &key, None);
                Some((op, self.hold(old)))
            }
        };
        let value = self.value(value)?;
        let value = self.hold(value);
        let (object, key, value) = self.settle_update(ty, [held_object, key], old, value);
        let value = self.pack(ty, &value);
        self.write_index(object, key_ty, &key, value);
        Ok(())
    }

    fn settle_update(
        &mut self,
        ty: Ty,
        [object, key]: [Held; 2],
        old: Option<(BinaryOp, Held)>,
        value: Held,
    ) -> (Reg, Vec<Reg>, Vec<Reg>) {
        match old {
            None => {
                let [object, key, value] = self.settle([object, key, value]);
                (object[0], key, value)
            }
            Some((op, old)) => {
                let [object, key, old, value] = self.settle([object, key, old, value]);
                let new = self.operate(op, ty, &old, &value, None);
                (object[0], key, vec![new])
            }
        }
    }

    fn write_index(&mut self, object: Reg, key_ty: Option<Ty>, key: &[Reg], value: Reg) {
        match key_ty {
            Some(key_ty) => {
                let key = self.pack(key_ty, key);
                self.emit(Inst::MapInsert {
                    map: object,
                    key,
                    value,
                });
            }
            None => self.emit(Inst::ListSet {
                list: object,
                index: key[0],
                value,
            }),
        }
    }
}

/// Whether the condition binds names that the body of its loop needs.
fn binds(condition: &Expr) -> bool {
    match &condition.kind {
        ExprKind::Matches { .. } => true,
        ExprKind::And(parts) => parts.iter().any(binds),
        _ => false,
    }
}
