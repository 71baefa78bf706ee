//! The typing of each instruction: classes from the table, then its `check` function.

use crate::group::{Const, TagConst};
use crate::index::{ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
#[cfg(test)]
use crate::inst::Opcode;
use crate::inst::operand::Class;
use crate::inst::{Inst, for_each_instruction};
use crate::native::{Native, NativeType};
use crate::types::{RecordSlot, Slot, Type};
use crate::verify::{Context, Fault};

type Checked = Result<(), Fault>;

/// Expands to a function that looks at the class of every operand and calls the check function.
macro_rules! define_check {
    ($($section:literal { $(
        $(#[doc = $doc:literal])+
        $code:literal $name:ident { $($field:ident: $kind:ty),* }
        $(check $check:ident,)?
        fuel $fuel:literal $(+ 1 / $per:literal $size:literal)?
        $(, effects [$($effect:ident)*])?
        $(, traps [$($trap:ident)*])?
        ;
    )+ })+) => {
        /// Checks the slots of all registers and the immediates of an instruction whose operands
        /// exist.
        pub(super) fn check(cx: &Context<'_>, inst: &Inst) -> Checked {
            let mut operands = inst.info().operands.iter();
            let mut answer = Ok(());
            inst.operands(|operand| {
                let class = operands.next().map_or(Class::Any, |info| info.class);
                if let (true, Some(reg)) = (answer.is_ok(), operand.reg()) {
                    answer = cx.class(reg, class);
                }
            });
            answer?;
            match inst { $($(
                Inst::$name { $($field),* } => call_check!(cx, [$($check)?] $($field)*),
            )+)+ }
        }

        /// Whether the entry names a check function.
        #[cfg(test)]
        pub(super) fn has_check(opcode: Opcode) -> bool {
            match opcode { $($(
                Opcode::$name => !concat!($(stringify!($check))?).is_empty(),
            )+)+ }
        }
    };
}

macro_rules! call_check {
    ($cx:ident, [] $($field:ident)*) => {{
        $(let _ = $field;)*
        Ok(())
    }};
    ($cx:ident, [$check:ident] $($field:ident)*) => { $check($cx, $($field),*) };
}

for_each_instruction!(define_check);

impl<'a> Context<'a> {
    fn slot(&self, reg: &Reg) -> Slot {
        self.function.regs[reg.index()]
    }

    fn ty(&self, ix: TypeIx) -> &'a Type {
        &self.group.types.as_slice()[ix.index()]
    }

    fn expect(&self, reg: &Reg, slot: Slot) -> Checked {
        if self.slot(reg) == slot {
            Ok(())
        } else {
            Err(Fault::WrongSlot(*reg))
        }
    }

    fn expect_all<'s>(&self, regs: &[Reg], slots: impl IntoIterator<Item = &'s Slot>) -> Checked {
        let mut regs = regs.iter();
        for slot in slots {
            self.expect(regs.next().ok_or(Fault::WrongCount)?, *slot)?;
        }
        if regs.next().is_none() {
            Ok(())
        } else {
            Err(Fault::WrongCount)
        }
    }

    fn expect_params(&self, regs: &[Reg], params: &[TypeIx]) -> Checked {
        self.expect_all(regs, params.iter().flat_map(|ty| self.facts.slots(*ty)))
    }

    fn expect_type(&self, regs: &[Reg], ty: TypeIx) -> Checked {
        self.expect_all(regs, self.facts.slots(ty))
    }

    /// The type of the object that a register refers to.
    fn target(&self, reg: &Reg) -> Result<(TypeIx, &'a Type), Fault> {
        match self.slot(reg) {
            Slot::Ref(ty) => Ok((ty, self.ty(ty))),
            _ => Err(Fault::WrongSlot(*reg)),
        }
    }

    fn refers_to(&self, reg: &Reg, wanted: &Type) -> bool {
        matches!(self.slot(reg), Slot::Ref(ty) if self.ty(ty) == wanted)
    }

    fn class(&self, reg: Reg, class: Class) -> Checked {
        let fits = match class {
            Class::Any => true,
            Class::Int => self.slot(&reg) == Slot::Int,
            Class::Float => self.slot(&reg) == Slot::Float,
            Class::Bool => self.slot(&reg) == Slot::Bool,
            Class::Str => self.refers_to(&reg, &Type::Str),
            Class::Bytes => self.refers_to(&reg, &Type::Bytes),
            Class::Id => self.refers_to(&reg, &Type::Id),
            Class::Node => self.refers_to(&reg, &Type::Node),
            Class::Hop => self.refers_to(&reg, &Type::Hop),
            Class::OptHop => {
                matches!(self.slot(&reg), Slot::OptRef(ty) if *self.ty(ty) == Type::Hop)
            }
            Class::Name => self.refers_to(&reg, &Type::Name),
            Class::Place => self.refers_to(&reg, &Type::Place),
            Class::AnyTag => self.refers_to(&reg, &Type::AnyTag),
        };
        if fits {
            Ok(())
        } else {
            Err(Fault::WrongSlot(reg))
        }
    }

    /// The element slot of the list that a register refers to.
    fn list_elem(&self, list: &Reg) -> Result<Slot, Fault> {
        match self.target(list)? {
            (_, Type::List(item)) => Ok(self.facts.elem(*item)),
            (ix, _) => Err(Fault::WrongType(ix)),
        }
    }

    /// The key slot of the map or set that a register refers to, and the value slot of a map.
    fn map_slots(&self, map: &Reg) -> Result<(Slot, Option<Slot>), Fault> {
        match self.target(map)? {
            (_, Type::Map(key, value)) => {
                Ok((self.facts.elem(*key), Some(self.facts.elem(*value))))
            }
            (_, Type::Set(key)) => Ok((self.facts.elem(*key), None)),
            (ix, _) => Err(Fault::WrongType(ix)),
        }
    }

    /// The value type of the tag that a register refers to.
    fn tag_value(&self, tag: &Reg) -> Result<TypeIx, Fault> {
        match self.target(tag)? {
            (_, Type::Tag(value)) => Ok(*value),
            (ix, _) => Err(Fault::WrongType(ix)),
        }
    }

    /// The registers are the slots of an option of type `ty`.
    fn expect_option(&self, regs: &[Reg], ty: TypeIx) -> Checked {
        match (self.facts.slots(ty), self.ty(ty)) {
            ([Slot::Ref(target)], plain) if !matches!(plain, Type::Option(_)) => {
                self.expect_all(regs, &[Slot::OptRef(*target)])
            }
            (slots, _) => self.expect_all(regs, [&Slot::Bool].into_iter().chain(slots)),
        }
    }

    fn signature(&self, func: &FuncRef) -> (&'a [TypeIx], &'a [TypeIx], TypeIx) {
        match func {
            FuncRef::Local(ix) => {
                let function = &self.group.functions[usize::from(*ix)];
                (&function.params, &function.captures, function.result)
            }
            FuncRef::Callee(ix) => {
                let callee = &self.group.callees[usize::from(*ix)];
                (&callee.params, &[], callee.result)
            }
        }
    }

    fn tag_decl(&self, tag: &TagIx) -> &'a TagConst {
        &self.group.tags[tag.index()]
    }

    fn expect_data(&self, ty: TypeIx) -> Checked {
        if self.facts.is_data(ty) {
            Ok(())
        } else {
            Err(Fault::NotData(ty))
        }
    }
}

fn same_slot(cx: &Context<'_>, dst: &Reg, src: &Reg) -> Checked {
    cx.expect(src, cx.slot(dst))
}

fn float_const(_: &Context<'_>, _: &Reg, bits: &FloatBits) -> Checked {
    if bits.is_canonical() {
        Ok(())
    } else {
        Err(Fault::FloatNan)
    }
}

fn enum_const(cx: &Context<'_>, dst: &Reg, ty: &TypeIx, variant: &u16) -> Checked {
    cx.expect(dst, Slot::Enum(*ty))?;
    match cx.ty(*ty) {
        Type::Enum { variants, .. } if usize::from(*variant) < variants.len() => Ok(()),
        _ => Err(Fault::UnknownVariant(*variant)),
    }
}

fn str_const(cx: &Context<'_>, _: &Reg, konst: &ConstIx) -> Checked {
    match cx.group.consts[konst.index()] {
        Const::Str(_) => Ok(()),
        Const::Bytes(_) => Err(Fault::WrongConst(*konst)),
    }
}

fn bytes_const(cx: &Context<'_>, _: &Reg, konst: &ConstIx) -> Checked {
    match cx.group.consts[konst.index()] {
        Const::Bytes(_) => Ok(()),
        Const::Str(_) => Err(Fault::WrongConst(*konst)),
    }
}

fn null(cx: &Context<'_>, dst: &Reg) -> Checked {
    match cx.slot(dst) {
        Slot::Ref(_) => Err(Fault::WrongSlot(*dst)),
        Slot::Enum(ty) => match cx.ty(ty) {
            Type::Enum { variants, .. } if variants.is_empty() => Err(Fault::UnknownVariant(0)),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn opt_some(cx: &Context<'_>, dst: &Reg, src: &Reg) -> Checked {
    let (target, _) = cx.target(src)?;
    cx.expect(dst, Slot::OptRef(target))
}

fn opt_get(cx: &Context<'_>, dst: &Reg, src: &Reg) -> Checked {
    let (target, _) = cx.target(dst)?;
    cx.expect(src, Slot::OptRef(target))
}

fn opt_is_some(cx: &Context<'_>, _: &Reg, src: &Reg) -> Checked {
    match cx.slot(src) {
        Slot::OptRef(_) => Ok(()),
        _ => Err(Fault::WrongSlot(*src)),
    }
}

fn enum_index(cx: &Context<'_>, _: &Reg, src: &Reg) -> Checked {
    match cx.slot(src) {
        Slot::Enum(_) => Ok(()),
        _ => Err(Fault::WrongSlot(*src)),
    }
}

fn enum_tag(cx: &Context<'_>, _: &Reg, src: &Reg) -> Checked {
    match cx.target(src)? {
        (_, Type::Enum { .. }) => Ok(()),
        (ix, _) => Err(Fault::WrongType(ix)),
    }
}

fn record_new(cx: &Context<'_>, dst: &Reg, ty: &TypeIx, variant: &u16, args: &[Reg]) -> Checked {
    if cx.facts.records(*ty).is_empty() {
        return Err(Fault::WrongType(*ty));
    }
    cx.expect(dst, Slot::Ref(*ty))?;
    let record = cx
        .facts
        .record(*ty, *variant)
        .ok_or(Fault::UnknownVariant(*variant))?;
    cx.expect_all(args, record.iter().map(|field| &field.slot))
}

/// A slot of a struct, a tuple or a boxed value.
fn plain_field(cx: &Context<'_>, obj: &Reg, field: &u16) -> Result<RecordSlot, Fault> {
    let (ix, ty) = cx.target(obj)?;
    if cx.facts.records(ix).is_empty() || matches!(ty, Type::Enum { .. }) {
        return Err(Fault::WrongType(ix));
    }
    let record = cx.facts.record(ix, 0).ok_or(Fault::UnknownVariant(0))?;
    record
        .get(usize::from(*field))
        .copied()
        .ok_or(Fault::UnknownField(*field))
}

fn record_get(cx: &Context<'_>, dst: &Reg, src: &Reg, field: &u16) -> Checked {
    cx.expect(dst, plain_field(cx, src, field)?.slot)
}

fn record_set(cx: &Context<'_>, obj: &Reg, field: &u16, src: &Reg) -> Checked {
    let RecordSlot { slot, mutable } = plain_field(cx, obj, field)?;
    if !mutable {
        return Err(Fault::NotMutable(*field));
    }
    cx.expect(src, slot)
}

fn variant_get(cx: &Context<'_>, dst: &Reg, src: &Reg, variant: &u16, field: &u16) -> Checked {
    let (ix, Type::Enum { .. }) = cx.target(src)? else {
        return Err(Fault::WrongSlot(*src));
    };
    let record = cx
        .facts
        .record(ix, *variant)
        .ok_or(Fault::UnknownVariant(*variant))?;
    let field = record
        .get(usize::from(*field))
        .ok_or(Fault::UnknownField(*field))?;
    cx.expect(dst, field.slot)
}

fn ref_same(cx: &Context<'_>, _: &Reg, a: &Reg, b: &Reg) -> Checked {
    if !cx.slot(a).is_ref() {
        return Err(Fault::WrongSlot(*a));
    }
    cx.expect(b, cx.slot(a))
}

fn data_pair(cx: &Context<'_>, _: &Reg, ty: &TypeIx, a: &[Reg], b: &[Reg]) -> Checked {
    cx.expect_data(*ty)?;
    cx.expect_type(a, *ty)?;
    cx.expect_type(b, *ty)
}

fn data_show(cx: &Context<'_>, _: &Reg, ty: &TypeIx, args: &[Reg]) -> Checked {
    cx.expect_data(*ty)?;
    cx.expect_type(args, *ty)
}

fn str_concat(cx: &Context<'_>, _: &Reg, args: &[Reg]) -> Checked {
    args.iter().try_for_each(|arg| cx.class(*arg, Class::Str))
}

fn list_new(cx: &Context<'_>, dst: &Reg, ty: &TypeIx, args: &[Reg]) -> Checked {
    cx.expect(dst, Slot::Ref(*ty))?;
    let elem = cx.list_elem(dst)?;
    args.iter().try_for_each(|arg| cx.expect(arg, elem))
}

fn list_only(cx: &Context<'_>, _: &Reg, list: &Reg) -> Checked {
    cx.list_elem(list).map(|_| ())
}

fn list_get(cx: &Context<'_>, dst: &Reg, list: &Reg, _: &Reg) -> Checked {
    cx.expect(dst, cx.list_elem(list)?)
}

fn list_set(cx: &Context<'_>, list: &Reg, _: &Reg, value: &Reg) -> Checked {
    cx.expect(value, cx.list_elem(list)?)
}

fn list_push(cx: &Context<'_>, list: &Reg, value: &Reg) -> Checked {
    cx.expect(value, cx.list_elem(list)?)
}

fn list_pop(cx: &Context<'_>, dst: &Reg, list: &Reg) -> Checked {
    cx.expect(dst, cx.list_elem(list)?)
}

fn list_truncate(cx: &Context<'_>, list: &Reg, _: &Reg) -> Checked {
    cx.list_elem(list).map(|_| ())
}

fn list_slice(cx: &Context<'_>, dst: &Reg, list: &Reg, _: &Reg, _: &Reg) -> Checked {
    cx.list_elem(list)?;
    cx.expect(dst, cx.slot(list))
}

fn list_append(cx: &Context<'_>, list: &Reg, other: &Reg) -> Checked {
    cx.list_elem(list)?;
    cx.expect(other, cx.slot(list))
}

fn list_fill(cx: &Context<'_>, dst: &Reg, ty: &TypeIx, _: &Reg, value: &Reg) -> Checked {
    list_new(cx, dst, ty, core::slice::from_ref(value))
}

fn list_reverse(cx: &Context<'_>, list: &Reg) -> Checked {
    cx.list_elem(list).map(|_| ())
}

fn map_new(cx: &Context<'_>, dst: &Reg, ty: &TypeIx) -> Checked {
    cx.expect(dst, Slot::Ref(*ty))?;
    cx.map_slots(dst).map(|_| ())
}

fn map_only(cx: &Context<'_>, _: &Reg, map: &Reg) -> Checked {
    cx.map_slots(map).map(|_| ())
}

fn map_find(cx: &Context<'_>, _: &Reg, map: &Reg, key: &Reg) -> Checked {
    cx.expect(key, cx.map_slots(map)?.0)
}

fn map_key_at(cx: &Context<'_>, dst: &Reg, map: &Reg, _: &Reg) -> Checked {
    cx.expect(dst, cx.map_slots(map)?.0)
}

fn map_value_at(cx: &Context<'_>, dst: &Reg, map: &Reg, _: &Reg) -> Checked {
    let (_, value) = cx.map_slots(map)?;
    cx.expect(dst, value.ok_or(Fault::WrongSlot(*map))?)
}

fn map_insert(cx: &Context<'_>, map: &Reg, key: &Reg, value: &Reg) -> Checked {
    let (key_slot, value_slot) = cx.map_slots(map)?;
    cx.expect(key, key_slot)?;
    cx.expect(value, value_slot.ok_or(Fault::WrongSlot(*map))?)
}

fn set_insert(cx: &Context<'_>, _: &Reg, set: &Reg, key: &Reg) -> Checked {
    match cx.map_slots(set)? {
        (slot, None) => cx.expect(key, slot),
        (_, Some(_)) => Err(Fault::WrongSlot(*set)),
    }
}

fn map_remove(cx: &Context<'_>, _: &Reg, map: &Reg, key: &Reg) -> Checked {
    cx.expect(key, cx.map_slots(map)?.0)
}

fn map_clear(cx: &Context<'_>, map: &Reg) -> Checked {
    cx.map_slots(map).map(|_| ())
}

fn iter_begin(cx: &Context<'_>, _: &Reg, coll: &Reg) -> Checked {
    match cx.target(coll)? {
        (_, Type::List(_) | Type::Map(..) | Type::Set(_)) => Ok(()),
        (ix, _) => Err(Fault::WrongType(ix)),
    }
}

fn iter_check(cx: &Context<'_>, coll: &Reg, counter: &Reg) -> Checked {
    iter_begin(cx, counter, coll)
}

fn call(cx: &Context<'_>, dsts: &[Reg], func: &FuncRef, args: &[Reg]) -> Checked {
    let (params, captures, result) = cx.signature(func);
    if !captures.is_empty() {
        return Err(Fault::Captures(*func));
    }
    cx.expect_params(args, params)?;
    cx.expect_type(dsts, result)
}

fn closure_new(cx: &Context<'_>, dst: &Reg, func: &FuncRef, captures: &[Reg]) -> Checked {
    let (params, captured, result) = cx.signature(func);
    match cx.target(dst)? {
        (
            _,
            Type::Fn {
                params: wanted,
                result: answer,
            },
        ) if *params == **wanted && result == *answer => {}
        (_, Type::Fn { .. }) => return Err(Fault::Captures(*func)),
        (ix, _) => return Err(Fault::WrongType(ix)),
    }
    cx.expect_params(captures, captured)
}

fn call_closure(cx: &Context<'_>, dsts: &[Reg], closure: &Reg, args: &[Reg]) -> Checked {
    match cx.target(closure)? {
        (_, Type::Fn { params, result }) => {
            cx.expect_params(args, params)?;
            cx.expect_type(dsts, *result)
        }
        (ix, _) => Err(Fault::WrongType(ix)),
    }
}

fn call_native(cx: &Context<'_>, dsts: &[Reg], native: &Native, args: &[Reg]) -> Checked {
    let info = native.info();
    let mut args = args;
    for param in info.params {
        args = native_value(cx, *param, args)?;
    }
    let rest = native_value(cx, info.result, dsts)?;
    if args.is_empty() && rest.is_empty() {
        Ok(())
    } else {
        Err(Fault::WrongCount)
    }
}

/// Takes the registers of one native parameter or result off the front.
fn native_value<'r>(cx: &Context<'_>, ty: NativeType, regs: &'r [Reg]) -> Result<&'r [Reg], Fault> {
    let (first, mut rest) = regs.split_first().ok_or(Fault::WrongCount)?;
    let plain = |class| cx.class(*first, class);
    let list_of = |item: Type| match cx.target(first)? {
        (_, Type::List(elem)) if *cx.ty(*elem) == item => Ok(()),
        (ix, _) => Err(Fault::WrongType(ix)),
    };
    match ty {
        NativeType::Bool => plain(Class::Bool)?,
        NativeType::Int => plain(Class::Int)?,
        NativeType::Float => plain(Class::Float)?,
        NativeType::Str => plain(Class::Str)?,
        NativeType::Bytes => plain(Class::Bytes)?,
        NativeType::Id => plain(Class::Id)?,
        NativeType::Node => plain(Class::Node)?,
        NativeType::Hop => plain(Class::Hop)?,
        NativeType::Name => plain(Class::Name)?,
        NativeType::Place => plain(Class::Place)?,
        NativeType::AnyTag => plain(Class::AnyTag)?,
        NativeType::ListStr => list_of(Type::Str)?,
        NativeType::ListInt => list_of(Type::Int)?,
        NativeType::OptStr => match cx.slot(first) {
            Slot::OptRef(target) if *cx.ty(target) == Type::Str => {}
            _ => return Err(Fault::WrongSlot(*first)),
        },
        NativeType::OptInt | NativeType::OptFloat => {
            plain(Class::Bool)?;
            let scalar = if ty == NativeType::OptInt {
                Class::Int
            } else {
                Class::Float
            };
            let (second, after) = rest.split_first().ok_or(Fault::WrongCount)?;
            cx.class(*second, scalar)?;
            rest = after;
        }
    }
    Ok(rest)
}

fn return_values(cx: &Context<'_>, values: &[Reg]) -> Checked {
    cx.expect_type(values, cx.function.result)
}

fn tag_const(cx: &Context<'_>, dst: &Reg, tag: &TagIx) -> Checked {
    tag_member(cx, dst, tag, &[])?;
    if cx.tag_decl(tag).keys.is_empty() {
        Ok(())
    } else {
        Err(Fault::TagKeys(*tag))
    }
}

fn tag_member(cx: &Context<'_>, dst: &Reg, tag: &TagIx, args: &[Reg]) -> Checked {
    let decl = cx.tag_decl(tag);
    let value = cx.tag_value(dst)?;
    if value != decl.value {
        return Err(Fault::WrongType(value));
    }
    cx.expect_params(args, &decl.keys)
        .map_err(|_| Fault::TagKeys(*tag))
}

fn tag_any(cx: &Context<'_>, _: &Reg, tag: &Reg) -> Checked {
    match cx.target(tag)? {
        (_, Type::Tag(_) | Type::AnyTag) => Ok(()),
        (ix, _) => Err(Fault::WrongType(ix)),
    }
}

fn tag_erase(cx: &Context<'_>, _: &Reg, src: &Reg) -> Checked {
    cx.tag_value(src).map(|_| ())
}

fn tag_create(
    cx: &Context<'_>,
    _: &Reg,
    tag: &Reg,
    value: &[Reg],
    _: &Reg,
    _: &Reg,
    _: &Reg,
) -> Checked {
    cx.expect_type(value, cx.tag_value(tag)?)
}

fn tag_write(cx: &Context<'_>, _: &Reg, tag: &Reg, value: &[Reg]) -> Checked {
    cx.expect_type(value, cx.tag_value(tag)?)
}

fn tag_read(cx: &Context<'_>, dsts: &[Reg], tag: &Reg) -> Checked {
    cx.expect_option(dsts, cx.tag_value(tag)?)
}

fn tag_block(cx: &Context<'_>, dsts: &[Reg], tag: &Reg, _: &Reg, _: &Reg) -> Checked {
    cx.expect_option(dsts, cx.tag_value(tag)?)
}

fn place_new(cx: &Context<'_>, _: &Reg, wanted: &[Reg], unwanted: &[Reg]) -> Checked {
    wanted
        .iter()
        .chain(unwanted)
        .try_for_each(|tag| cx.class(*tag, Class::AnyTag))
}

fn spawn(cx: &Context<'_>, _: &Reg, func: &FuncRef, args: &[Reg]) -> Checked {
    let (params, captures, _) = cx.signature(func);
    if !captures.is_empty() {
        return Err(Fault::Captures(*func));
    }
    params.iter().try_for_each(|ty| cx.expect_data(*ty))?;
    cx.expect_params(args, params)
}

fn neighbors(cx: &Context<'_>, dst: &Reg) -> Checked {
    match cx.target(dst)? {
        (_, Type::List(item)) if *cx.ty(*item) == Type::Hop => Ok(()),
        (ix, _) => Err(Fault::WrongType(ix)),
    }
}
