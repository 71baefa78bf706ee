//! Operands: what stands between the braces of the instruction table.
//!
//! A register operand has a role and a class of slots, as in `Def<Int>`, `Use<Str>`, `Uses`;
//! everything else is an immediate of a plain type, as in `TypeIx` or `i64`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::slice;

use crate::codec::{DecodeError, Reader, Writer};
use crate::codes::TrapKind;
use crate::index::{BlockIx, ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
use crate::native::Native;

/// What the table says about one operand.
#[derive(Clone, Copy, Debug)]
pub struct OperandInfo {
    /// Name of the field of the [`Inst`](crate::Inst) variant.
    pub name: &'static str,
    /// The operand as it is written in the table.
    pub kind: &'static str,
    /// How the instruction uses it.
    pub role: Role,
    /// Which slots its registers may have.
    pub class: Class,
}

/// How an instruction uses an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Registers that are read.
    Use,
    /// Registers that are written.
    Def,
    /// A register that is read, then written.
    Update,
    /// Blocks that may come next.
    Target,
    /// A value in the instruction itself.
    Immediate,
}

/// Slots that a register operand accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// `Slot::Int`.
    Int,
    /// `Slot::Float`.
    Float,
    /// `Slot::Bool`.
    Bool,
    /// A reference to `Type::Str`.
    Str,
    /// A reference to `Type::Bytes`.
    Bytes,
    /// A reference to `Type::Id`.
    Id,
    /// A reference to `Type::Node`.
    Node,
    /// A reference to `Type::Hop`.
    Hop,
    /// A reference to `Type::Hop`, or null.
    OptHop,
    /// A reference to `Type::Name`.
    Name,
    /// A reference to `Type::Place`.
    Place,
    /// A reference to `Type::AnyTag`.
    AnyTag,
    /// Decided by the instruction's `check` function; also that of immediates.
    Any,
}

/// An operand, to be looked at.
#[derive(Clone, Copy, Debug)]
pub enum OperandRef<'a> {
    /// A register that is read.
    Use(Reg),
    /// A register that is written.
    Def(Reg),
    /// A register that is read, then written.
    Update(Reg),
    /// Registers that are read.
    Uses(&'a [Reg]),
    /// Registers that are written, all different.
    Defs(&'a [Reg]),
    /// A block that may come next.
    Block(BlockIx),
    /// Blocks that may come next.
    Blocks(&'a [BlockIx]),
    /// A type of the group.
    Type(TypeIx),
    /// A constant of the group.
    Const(ConstIx),
    /// A tag declaration of the group.
    Tag(TagIx),
    /// A function.
    Func(FuncRef),
    /// A native function.
    Native(Native),
    /// A kind of trap.
    Trap(TrapKind),
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Float(FloatBits),
    /// A truth value.
    Bool(bool),
    /// A variant or a slot of a record.
    Index(u16),
}

/// An operand, to be changed: those that refer to something by number.
#[derive(Debug)]
pub enum OperandMut<'a> {
    /// A register that is read.
    Use(&'a mut Reg),
    /// A register that is written.
    Def(&'a mut Reg),
    /// A register that is read, then written.
    Update(&'a mut Reg),
    /// Registers that are read.
    Uses(&'a mut [Reg]),
    /// Registers that are written.
    Defs(&'a mut [Reg]),
    /// A block that may come next.
    Block(&'a mut BlockIx),
    /// Blocks that may come next.
    Blocks(&'a mut [BlockIx]),
    /// A type of the group.
    Type(&'a mut TypeIx),
    /// A constant of the group.
    Const(&'a mut ConstIx),
    /// A tag declaration of the group.
    Tag(&'a mut TagIx),
    /// A function.
    Func(&'a mut FuncRef),
    /// An immediate that refers to nothing.
    Plain,
}

impl OperandRef<'_> {
    /// The register, if the operand is a single one.
    pub fn reg(self) -> Option<Reg> {
        match self {
            OperandRef::Use(reg) | OperandRef::Def(reg) | OperandRef::Update(reg) => Some(reg),
            _ => None,
        }
    }

    pub(crate) fn encode(self, writer: &mut Writer) {
        match self {
            OperandRef::Use(reg) | OperandRef::Def(reg) | OperandRef::Update(reg) => {
                writer.number(reg.0.into());
            }
            OperandRef::Uses(regs) | OperandRef::Defs(regs) => {
                writer.list(regs, |w, reg| w.number(reg.0.into()));
            }
            OperandRef::Block(block) => writer.number(block.0.into()),
            OperandRef::Blocks(blocks) => writer.list(blocks, |w, block| w.number(block.0.into())),
            OperandRef::Type(ty) => writer.number(ty.0.into()),
            OperandRef::Const(ix) => writer.number(ix.0.into()),
            OperandRef::Tag(ix) => writer.number(ix.0.into()),
            OperandRef::Func(FuncRef::Local(ix)) => writer.number(u64::from(ix) << 1),
            OperandRef::Func(FuncRef::Callee(ix)) => writer.number(u64::from(ix) << 1 | 1),
            OperandRef::Native(native) => writer.number(native.code().into()),
            OperandRef::Trap(kind) => writer.byte(kind.code()),
            OperandRef::Int(value) => writer.signed(value),
            OperandRef::Float(bits) => writer.raw(&bits.0.to_le_bytes()),
            OperandRef::Bool(value) => writer.byte(value.into()),
            OperandRef::Index(index) => writer.number(index.into()),
        }
    }
}

/// A kind of operand: what the table writes after the colon.
pub trait Operand {
    /// Type of the field in [`Inst`](crate::Inst).
    type Value;
    /// How it is used.
    const ROLE: Role = Role::Immediate;
    /// Slots that it accepts.
    const CLASS: Class = Class::Any;
    /// The operand, to be looked at.
    fn view(value: &Self::Value) -> OperandRef<'_>;
    /// The operand, to be changed.
    fn view_mut(value: &mut Self::Value) -> OperandMut<'_>;
    /// The registers, if it is some.
    #[inline]
    fn regs(_value: &Self::Value) -> &[Reg] {
        &[]
    }
    /// The blocks, if it is some.
    #[inline]
    fn blocks(_value: &Self::Value) -> &[BlockIx] {
        &[]
    }
    /// Reads the operand.
    fn decode(reader: &mut Reader<'_>) -> Result<Self::Value, DecodeError>;
}

/// A register that is read.
#[derive(Debug)]
pub struct Use<C>(PhantomData<C>);
/// A register that is written.
#[derive(Debug)]
pub struct Def<C>(PhantomData<C>);
/// A register that is read, then written.
#[derive(Debug)]
pub struct Update<C>(PhantomData<C>);
/// Registers that are read, with slots that the check function decides.
#[derive(Debug)]
pub struct Uses;
/// Registers that are written, with slots that the check function decides.
#[derive(Debug)]
pub struct Defs;

/// A class of slots, as a type.
pub trait SlotClass {
    /// The class.
    const CLASS: Class;
}

macro_rules! classes {
    ($($name:ident)+) => {$(
        #[doc = concat!("See [`Class::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub struct $name;

        impl SlotClass for $name {
            const CLASS: Class = Class::$name;
        }
    )+};
}

classes! { Int Float Bool Str Bytes Id Node Hop OptHop Name Place AnyTag Any }

macro_rules! register_operands {
    ($($role:ident)+) => {$(
        impl<C: SlotClass> Operand for $role<C> {
            type Value = Reg;
            const ROLE: Role = Role::$role;
            const CLASS: Class = C::CLASS;

            #[inline]
            fn view(value: &Reg) -> OperandRef<'_> {
                OperandRef::$role(*value)
            }

            #[inline]
            fn view_mut(value: &mut Reg) -> OperandMut<'_> {
                OperandMut::$role(value)
            }

            #[inline]
            fn regs(value: &Reg) -> &[Reg] {
                slice::from_ref(value)
            }

            fn decode(reader: &mut Reader<'_>) -> Result<Reg, DecodeError> {
                reader.number16().map(Reg)
            }
        }
    )+};
}

register_operands! { Use Def Update }

/// Implements [`Operand`] for one kind: its value, role, variants of the views, decoding, and how
/// registers or blocks are taken out of it.
macro_rules! operands {
    ($($kind:ty: $value:ty, $role:ident, $view:expr, $view_mut:expr, $decode:expr
        $(, $part:ident: $of:ty = $parts:expr)?;)+) => {$(
        impl Operand for $kind {
            type Value = $value;
            const ROLE: Role = Role::$role;

            #[inline]
            fn view(value: &$value) -> OperandRef<'_> {
                let view: for<'a> fn(&'a $value) -> OperandRef<'a> = $view;
                view(value)
            }

            #[inline]
            fn view_mut(value: &mut $value) -> OperandMut<'_> {
                let view: for<'a> fn(&'a mut $value) -> OperandMut<'a> = $view_mut;
                view(value)
            }

            fn decode(reader: &mut Reader<'_>) -> Result<$value, DecodeError> {
                let decode: fn(&mut Reader<'_>) -> Result<$value, DecodeError> = $decode;
                decode(reader)
            }

            $(#[inline]
            fn $part(value: &$value) -> &[$of] {
                let parts: for<'a> fn(&'a $value) -> &'a [$of] = $parts;
                parts(value)
            })?
        }
    )+};
}

operands! {
    Uses: Box<[Reg]>, Use, |v| OperandRef::Uses(v), |v| OperandMut::Uses(v), registers,
        regs: Reg = |v| v;
    Defs: Box<[Reg]>, Def, |v| OperandRef::Defs(v), |v| OperandMut::Defs(v), registers,
        regs: Reg = |v| v;
    BlockIx: BlockIx, Target, |v| OperandRef::Block(*v), |v| OperandMut::Block(v),
        |r| r.number32().map(BlockIx), blocks: BlockIx = |v| slice::from_ref(v);
    Box<[BlockIx]>: Box<[BlockIx]>, Target, |v| OperandRef::Blocks(v), |v| OperandMut::Blocks(v),
        |r| r.list(|r| r.number32().map(BlockIx)).map(Vec::into_boxed_slice),
        blocks: BlockIx = |v| v;
    TypeIx: TypeIx, Immediate, |v| OperandRef::Type(*v), |v| OperandMut::Type(v),
        |r| r.number32().map(TypeIx);
    ConstIx: ConstIx, Immediate, |v| OperandRef::Const(*v), |v| OperandMut::Const(v),
        |r| r.number32().map(ConstIx);
    TagIx: TagIx, Immediate, |v| OperandRef::Tag(*v), |v| OperandMut::Tag(v),
        |r| r.number32().map(TagIx);
    FuncRef: FuncRef, Immediate, |v| OperandRef::Func(*v), |v| OperandMut::Func(v), function;
    Native: Native, Immediate, |v| OperandRef::Native(*v), |_| OperandMut::Plain, native;
    TrapKind: TrapKind, Immediate, |v| OperandRef::Trap(*v), |_| OperandMut::Plain, trap;
    i64: i64, Immediate, |v| OperandRef::Int(*v), |_| OperandMut::Plain, |r| r.signed();
    FloatBits: FloatBits, Immediate, |v| OperandRef::Float(*v), |_| OperandMut::Plain, float;
    bool: bool, Immediate, |v| OperandRef::Bool(*v), |_| OperandMut::Plain, |r| r.flag();
    u16: u16, Immediate, |v| OperandRef::Index(*v), |_| OperandMut::Plain, |r| r.number16();
}

fn registers(reader: &mut Reader<'_>) -> Result<Box<[Reg]>, DecodeError> {
    reader
        .list(|r| r.number16().map(Reg))
        .map(Vec::into_boxed_slice)
}

fn function(reader: &mut Reader<'_>) -> Result<FuncRef, DecodeError> {
    let number = reader.number32()?;
    let index = u16::try_from(number >> 1).map_err(|_| DecodeError::BadNumber)?;
    Ok(if number & 1 == 0 {
        FuncRef::Local(index)
    } else {
        FuncRef::Callee(index)
    })
}

fn native(reader: &mut Reader<'_>) -> Result<Native, DecodeError> {
    Native::from_code(reader.number16()?).ok_or(DecodeError::BadTag("native function"))
}

fn trap(reader: &mut Reader<'_>) -> Result<TrapKind, DecodeError> {
    TrapKind::from_code(reader.byte()?).ok_or(DecodeError::BadTag("trap"))
}

fn float(reader: &mut Reader<'_>) -> Result<FloatBits, DecodeError> {
    let bytes = reader.raw(8)?;
    Ok(FloatBits(u64::from_le_bytes(
        bytes.try_into().expect("raw(8) answers 8 bytes"),
    )))
}
