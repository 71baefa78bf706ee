//! Expressions: the dispatch, and those that only make or take apart values.

use sm_bytecode::{Const, FloatBits, FuncRef, Inst, Reg, Slot, TrapKind};

use super::function::{Diverges, FnLower, Lowered, Want};
use super::limits::LIST_CHUNK;
use super::unit::TagUse;
use crate::typed::{ClosureBody, Expr, ExprKind, FieldId, Literal, TagId, Ty, TyKind};

impl<'p> FnLower<'_, 'p> {
    /// The value of an expression, where it happens to be.
    pub(crate) fn value(&mut self, expr: &'p Expr) -> Lowered<Vec<Reg>> {
        self.lower(expr, None)
    }

    /// The value of an expression in the given registers.
    pub(crate) fn value_into(&mut self, expr: &'p Expr, dst: &[Reg]) -> Lowered<()> {
        self.lower(expr, Some(dst)).map(|_| ())
    }

    /// The value of an expression of one slot.
    pub(crate) fn scalar(&mut self, expr: &'p Expr) -> Lowered<Reg> {
        Ok(self.value(expr)?[0])
    }

    pub(crate) fn lower(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let before = self.code.set_span(expr.span);
        let out = self.dispatch(expr, want);
        self.code.set_span(before);
        out
    }

    fn dispatch(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        match &expr.kind {
            ExprKind::Unit => Ok(Vec::new()),
            ExprKind::Literal(literal) => Ok(vec![self.literal(literal, want)]),
            ExprKind::Local(local) => {
                let regs = self.local(*local).to_vec();
                Ok(self.give(regs, want))
            }
            ExprKind::Some(value) => self.some(expr.ty, value, want),
            ExprKind::None => Ok(self.none(expr.ty, want)),
            ExprKind::Block { .. }
            | ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Coalesce { .. }
            | ExprKind::Try { .. }
            | ExprKind::Unwrap { .. }
            | ExprKind::Return(_) => self.control(expr, want),
            ExprKind::While { .. }
            | ExprKind::Loop { .. }
            | ExprKind::ForRange { .. }
            | ExprKind::ForEach { .. }
            | ExprKind::Break { .. }
            | ExprKind::Continue(_) => self.looping(expr, want),
            ExprKind::FnValue { .. }
            | ExprKind::Call { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Spawn { .. } => self.calling(expr, want),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, want),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, want),
            ExprKind::Chain { first, rest } => self.chain(first, rest, want),
            ExprKind::Interpolate(parts) => Ok(vec![self.interpolate(parts, want)?]),
            _ => self.data(expr, want),
        }
    }

    /// Expressions that make a record or a collection, or read one.
    fn data(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        match &expr.kind {
            ExprKind::Struct { fields, .. } => self.record(expr.ty, 0, fields, want),
            ExprKind::Variant { variant, args, .. } => self.record(expr.ty, variant.0, args, want),
            ExprKind::Tuple(parts) => self.record(expr.ty, 0, parts, want),
            ExprKind::List(elements) => self.list(expr.ty, elements, want),
            ExprKind::Map(entries) => self.map(expr.ty, entries, want),
            ExprKind::Set(elements) => self.set(expr.ty, elements, want),
            ExprKind::Field { object, field } => self.field(object, *field, want),
            ExprKind::TupleField { object, index } => self.field(object, FieldId(*index), want),
            ExprKind::Index { object, index } => self.index(object, index, want),
            ExprKind::Tag(tag) => self.tag(*tag, &[], expr.ty, want),
            ExprKind::TagMember { tag, args } => self.tag(*tag, args, expr.ty, want),
            ExprKind::Place { wanted, unwanted } => self.make_place(wanted, unwanted, want),
            ExprKind::Closure(body) => self.closure(expr.ty, body, want),
            // Errors are reported before; programs with errors are not lowered.
            _ => {
                self.code.end(Inst::Trap {
                    kind: TrapKind::Unreachable,
                });
                Err(Diverges)
            }
        }
    }

    pub(crate) fn literal(&mut self, literal: &Literal, want: Want<'_>) -> Reg {
        match literal {
            Literal::Int(value) | Literal::Duration(value) => {
                let dst = self.dest1(Slot::Int, want);
                self.emit(Inst::IntConst { dst, value: *value });
                dst
            }
            Literal::Float(value) => {
                let dst = self.dest1(Slot::Float, want);
                self.emit(Inst::FloatConst {
                    dst,
                    bits: FloatBits::of(*value),
                });
                dst
            }
            Literal::Bool(value) => {
                let dst = self.dest1(Slot::Bool, want);
                self.emit(Inst::BoolConst { dst, value: *value });
                dst
            }
            Literal::Str(text) => self.text(text, want),
            Literal::Bytes(bytes) => {
                let slot = self.slots(Ty::BYTES)[0];
                let dst = self.dest1(slot, want);
                let konst = self.unit.constant(Const::Bytes(bytes.to_vec()));
                self.emit(Inst::BytesConst { dst, konst });
                dst
            }
        }
    }

    /// A text constant.
    pub(crate) fn text(&mut self, text: &str, want: Want<'_>) -> Reg {
        let slot = self.slots(Ty::STR)[0];
        let dst = self.dest1(slot, want);
        let konst = self.unit.constant(Const::Str(text.to_owned()));
        self.emit(Inst::StrConst { dst, konst });
        dst
    }

    fn some(&mut self, ty: Ty, value: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let ty = self.ty(ty);
        match *self.slots(ty) {
            [Slot::OptRef(_)] => {
                let src = self.scalar(value)?;
                let dst = self.dest(ty, want);
                self.emit(Inst::OptSome { dst: dst[0], src });
                Ok(dst)
            }
            _ => {
                // The payload first: evaluating it may still read what is at the destination.
                let payload = self.lower(value, want.map(|dst| &dst[1..]))?;
                let flag = self.dest1(Slot::Bool, want);
                self.emit(Inst::BoolConst {
                    dst: flag,
                    value: true,
                });
                Ok([vec![flag], payload].concat())
            }
        }
    }

    /// `Some` of a value that is there already.
    pub(crate) fn some_of(&mut self, ty: Ty, payload: &[Reg], want: Want<'_>) -> Vec<Reg> {
        match *self.slots(ty) {
            [Slot::OptRef(_)] => {
                let dst = self.dest(ty, want);
                self.emit(Inst::OptSome {
                    dst: dst[0],
                    src: payload[0],
                });
                dst
            }
            _ => {
                let dst = self.dest(ty, want);
                self.code.copy(&dst[1..], payload);
                self.emit(Inst::BoolConst {
                    dst: dst[0],
                    value: true,
                });
                dst
            }
        }
    }

    /// `None` of the option type `ty`.
    pub(crate) fn none(&mut self, ty: Ty, want: Want<'_>) -> Vec<Reg> {
        let ty = self.ty(ty);
        let dst = self.dest(ty, want);
        for reg in &dst {
            match self.code.slot(*reg) {
                Slot::Bool => self.emit(Inst::BoolConst {
                    dst: *reg,
                    value: false,
                }),
                Slot::Int => self.emit(Inst::IntConst {
                    dst: *reg,
                    value: 0,
                }),
                _ => self.emit(Inst::Null { dst: *reg }),
            }
        }
        dst
    }

    /// Whether an option has a value, as a truth value.
    pub(crate) fn is_some(&mut self, option: &[Reg]) -> Reg {
        match self.code.slot(option[0]) {
            Slot::OptRef(_) => {
                let dst = self.code.reg(Slot::Bool);
                self.emit(Inst::OptIsSome {
                    dst,
                    src: option[0],
                });
                dst
            }
            _ => option[0],
        }
    }

    /// The payload of an option that has one; `ty` is the payload's type.
    pub(crate) fn payload(&mut self, ty: Ty, option: &[Reg], want: Want<'_>) -> Vec<Reg> {
        match self.code.slot(option[0]) {
            Slot::OptRef(_) => {
                let dst = self.dest(ty, want);
                self.emit(Inst::OptGet {
                    dst: dst[0],
                    src: option[0],
                });
                dst
            }
            _ => self.give(option[1..].to_vec(), want),
        }
    }

    /// A struct, a tuple, or a variant.
    fn record(
        &mut self,
        ty: Ty,
        variant: u32,
        fields: &'p [Expr],
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let args = self.values(fields)?.concat();
        let ty = self.ty(ty);
        Ok(vec![self.make_record(ty, variant, args, want)])
    }

    /// A record of the given slots; for an enum without fields its number.
    pub(crate) fn make_record(
        &mut self,
        ty: Ty,
        variant: u32,
        args: Vec<Reg>,
        want: Want<'_>,
    ) -> Reg {
        let small = self.cx.layout.is_small_enum(ty);
        let dst = self.dest(ty, want)[0];
        let ty = self.type_ix(ty);
        // More variants than an enum may have are refused with the brick.
        let variant = u16::try_from(variant).unwrap_or(u16::MAX);
        self.emit(match small {
            true => Inst::EnumConst { dst, ty, variant },
            false => Inst::RecordNew {
                dst,
                ty,
                variant,
                args: args.into(),
            },
        });
        dst
    }

    fn list(&mut self, ty: Ty, elements: &'p [Expr], want: Want<'_>) -> Lowered<Vec<Reg>> {
        let ty = self.ty(ty);
        let TyKind::List(of) = *self.cx.layout.types.get(ty) else {
            return Err(Diverges);
        };
        let (first, rest) = elements.split_at(elements.len().min(LIST_CHUNK));
        let values = self.values(first)?;
        let args: Vec<Reg> = values.iter().map(|value| self.pack(of, value)).collect();
        // With more elements to come, what they read must not be the list.
        let dst = self.dest(ty, want.filter(|_| rest.is_empty()));
        let list_ty = self.type_ix(ty);
        self.emit(Inst::ListNew {
            dst: dst[0],
            ty: list_ty,
            args: args.into(),
        });
        for element in rest {
            let value = self.value(element)?;
            let value = self.pack(of, &value);
            self.emit(Inst::ListPush {
                list: dst[0],
                value,
            });
        }
        Ok(match rest.is_empty() {
            true => dst,
            false => self.give(dst, want),
        })
    }

    fn map(&mut self, ty: Ty, entries: &'p [(Expr, Expr)], want: Want<'_>) -> Lowered<Vec<Reg>> {
        let ty = self.ty(ty);
        let TyKind::Map(key_ty, value_ty) = *self.cx.layout.types.get(ty) else {
            return Err(Diverges);
        };
        let map = self.new_map(ty, want.filter(|_| entries.is_empty()));
        for (key, value) in entries {
            let [key, value] = self.pair(key, value)?;
            let key = self.pack(key_ty, &key);
            let value = self.pack(value_ty, &value);
            self.emit(Inst::MapInsert { map, key, value });
        }
        Ok(self.give(vec![map], want))
    }

    fn set(&mut self, ty: Ty, elements: &'p [Expr], want: Want<'_>) -> Lowered<Vec<Reg>> {
        let ty = self.ty(ty);
        let TyKind::Set(of) = *self.cx.layout.types.get(ty) else {
            return Err(Diverges);
        };
        let set = self.new_map(ty, want.filter(|_| elements.is_empty()));
        for element in elements {
            let key = self.value(element)?;
            let key = self.pack(of, &key);
            let dst = self.code.reg(Slot::Bool);
            self.emit(Inst::SetInsert { dst, set, key });
        }
        Ok(self.give(vec![set], want))
    }

    fn new_map(&mut self, ty: Ty, want: Want<'_>) -> Reg {
        let dst = self.dest(ty, want)[0];
        let ty = self.type_ix(ty);
        self.emit(Inst::MapNew { dst, ty });
        dst
    }

    fn field(&mut self, object: &'p Expr, field: FieldId, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let src = self.scalar(object)?;
        let object_ty = self.ty(object.ty);
        Ok(self.read_field(object_ty, src, field.index(), want))
    }

    /// A field of a struct or tuple.
    pub(crate) fn read_field(
        &mut self,
        object_ty: Ty,
        src: Reg,
        field: usize,
        want: Want<'_>,
    ) -> Vec<Reg> {
        let (first, ty) = self.field_place(object_ty, 0, field);
        let dst = self.dest(ty, want);
        for (field, dst) in (first..).zip(&dst) {
            self.emit(Inst::RecordGet {
                dst: *dst,
                src,
                field,
            });
        }
        dst
    }

    /// The first slot and the type of a field of a struct or tuple (`variant` 0) or a variant.
    pub(crate) fn field_place(&mut self, ty: Ty, variant: usize, field: usize) -> (u16, Ty) {
        let types = self.cx.layout.field_types(ty, variant);
        let before: usize = types[..field].iter().map(|ty| self.slots(*ty).len()).sum();
        // Larger records are refused with the brick.
        (u16::try_from(before).unwrap_or(u16::MAX), types[field])
    }

    fn index(&mut self, object: &'p Expr, index: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let object_ty = self.ty(object.ty);
        let [object, index] = self.pair(object, index)?;
        Ok(self.read_index(object_ty, object[0], &index, want))
    }

    /// An element of a list, or the value of a key; traps where there is none.
    pub(crate) fn read_index(
        &mut self,
        object_ty: Ty,
        object: Reg,
        index: &[Reg],
        want: Want<'_>,
    ) -> Vec<Reg> {
        match *self.cx.layout.types.get(object_ty) {
            TyKind::Map(key_ty, value_ty) => {
                let key = self.pack(key_ty, index);
                let entry = self.code.reg(Slot::Int);
                self.emit(Inst::MapFind {
                    dst: entry,
                    map: object,
                    key,
                });
                self.trap_if_absent(entry, key_ty, index);
                self.unpack(value_ty, want, |f, dst| {
                    f.emit(Inst::MapValueAt {
                        dst,
                        map: object,
                        entry,
                    });
                })
            }
            TyKind::List(of) => self.unpack(of, want, |f, dst| {
                f.emit(Inst::ListGet {
                    dst,
                    list: object,
                    index: index[0],
                });
            }),
            _ => Vec::new(),
        }
    }

    /// Traps with the key where there is no entry.
    fn trap_if_absent(&mut self, entry: Reg, key_ty: Ty, key: &[Reg]) {
        let zero = self.int(0);
        let absent = self.code.reg(Slot::Bool);
        self.emit(Inst::IntLt {
            dst: absent,
            a: entry,
            b: zero,
        });
        let (trap, next) = (self.code.block(), self.code.block());
        self.code.end(Inst::Branch {
            cond: absent,
            then: trap,
            otherwise: next,
        });
        self.code.begin(trap);
        let quote = if key_ty == Ty::STR { "\"" } else { "" };
        let parts = [
            self.text(&format!("the key {quote}"), None),
            match key_ty {
                Ty::STR => key[0],
                _ => self.show_data(key_ty, key),
            },
            self.text(&format!("{quote} is not in the map"), None),
        ];
        let slot = self.slots(Ty::STR)[0];
        let message = self.code.reg(slot);
        self.emit(Inst::StrConcat {
            dst: message,
            args: parts.into(),
        });
        self.code.end(Inst::TrapMessage {
            kind: TrapKind::MissingKey,
            message,
        });
        self.code.begin(next);
    }

    fn tag(&mut self, tag: TagId, args: &'p [Expr], ty: Ty, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let args = self.values(args)?.concat();
        let ty = self.ty(ty);
        let dst = self.dest(ty, want);
        let tag_ix = self.unit.tag(TagUse::Declared(tag));
        self.emit(match self.cx.program.tag(tag).params.is_empty() {
            true => Inst::TagConst {
                dst: dst[0],
                tag: tag_ix,
            },
            false => Inst::TagMember {
                dst: dst[0],
                tag: tag_ix,
                args: args.into(),
            },
        });
        Ok(dst)
    }

    fn make_place(
        &mut self,
        wanted: &'p [Expr],
        unwanted: &'p [Expr],
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let tags = self.values(wanted.iter().chain(unwanted))?;
        let mut erased = Vec::with_capacity(tags.len());
        for (expr, tag) in wanted.iter().chain(unwanted).zip(tags) {
            let ty = self.ty(expr.ty);
            erased.push(self.erase_tag(ty, tag[0]));
        }
        let unwanted = erased.split_off(wanted.len());
        let dst = self.dest(Ty::PLACE, want);
        let (wanted, unwanted) = (erased.into(), unwanted.into());
        self.emit(Inst::PlaceNew {
            dst: dst[0],
            wanted,
            unwanted,
        });
        Ok(dst)
    }

    /// A tag as one whose value type is forgotten.
    pub(crate) fn erase_tag(&mut self, ty: Ty, src: Reg) -> Reg {
        if ty == Ty::ANY_TAG {
            return src;
        }
        let slot = self.slots(Ty::ANY_TAG)[0];
        let dst = self.code.reg(slot);
        self.emit(Inst::TagErase { dst, src });
        dst
    }

    fn closure(&mut self, ty: Ty, body: &'p ClosureBody, want: Want<'_>) -> Lowered<Vec<Reg>> {
        let mut captures = Vec::new();
        for capture in &body.captures {
            captures.extend_from_slice(&self.local(capture.outer));
        }
        let func = FuncRef::Local(self.closure_body(body));
        let ty = self.ty(ty);
        let dst = self.dest(ty, want);
        self.emit(Inst::ClosureNew {
            dst: dst[0],
            func,
            captures: captures.into(),
        });
        Ok(dst)
    }

    /// Whether the expression is `None`, seen through nothing.
    pub(crate) fn is_none_literal(expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::None)
    }
}
