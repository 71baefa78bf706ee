//! What can be wrong with a brick.

use core::fmt;

use crate::codec::DecodeError;
use crate::index::{BlockIx, ConstIx, FuncRef, Reg, TagIx, TypeIx};
use crate::types::{Slot, TypeError};

/// Why bytes are no valid brick.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrickError {
    /// They are no group in canonical encoding.
    Decode(DecodeError),
    /// The group is not valid.
    Verify(VerifyError),
}

/// A fault of a brick and where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The function, if the fault is in one.
    pub function: Option<u16>,
    /// The instruction, if the fault is at one.
    pub pc: Option<u32>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a brick.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The table of types is not well-formed.
    Type(TypeError),
    /// More of something than the limits allow.
    TooMany(&'static str),
    /// The group has no function.
    NoFunctions,
    /// Something stands twice in its table.
    Duplicate(&'static str),
    /// A table is not in the order of first use, or has something unused.
    NotCanonical(&'static str),
    /// A type that is not in the table.
    UnknownType(TypeIx),
    /// A constant that is not in the table.
    UnknownConst(ConstIx),
    /// A tag that is not in the table.
    UnknownTag(TagIx),
    /// A function that is not in the table.
    UnknownFunction(FuncRef),
    /// A block that is not there.
    UnknownBlock(BlockIx),
    /// A register that is not there.
    UnknownReg(Reg),
    /// A tag whose name or owner is too long or not fit to be shown.
    BadName,
    /// A tag with `access code` and no owner, or the other way round.
    TagOwner,
    /// The registers do not begin with the slots of parameters and captures.
    Frame,
    /// A slot that no value has, such as `Enum` of a type that is no small enum.
    BadSlot(Slot),
    /// A function without blocks.
    NoBlocks,
    /// A block whose last instruction is no terminator.
    NoTerminator,
    /// An instruction after a terminator.
    AfterTerminator,
    /// The entry needs a register that is neither parameter nor capture.
    LiveAtEntry(Reg),
    /// A block's live registers are not ascending.
    LiveOrder(Reg),
    /// A block's declared live registers are not those that follow from its instructions.
    LiveIn(BlockIx),
    /// An instruction writes a register twice.
    WrittenTwice(Reg),
    /// A register whose slot does not fit the instruction.
    WrongSlot(Reg),
    /// A list of registers that is too short or too long.
    WrongCount,
    /// An instruction on a type that it is not made for.
    WrongType(TypeIx),
    /// A variant that the type does not have.
    UnknownVariant(u16),
    /// A field that the record does not have.
    UnknownField(u16),
    /// A field that is not mutable is set.
    NotMutable(u16),
    /// A constant of the other kind.
    WrongConst(ConstIx),
    /// A NaN that is not the canonical one.
    FloatNan,
    /// A type that contains functions, where only data may stand.
    NotData(TypeIx),
    /// A type that cannot be a key.
    NotKey(TypeIx),
    /// A tag with keys is used without them, or the other way round.
    TagKeys(TagIx),
    /// A function with captures is called or spawned, or a closure does not fit its function.
    Captures(FuncRef),
}

impl From<Fault> for VerifyError {
    fn from(fault: Fault) -> Self {
        VerifyError {
            function: None,
            pc: None,
            fault,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Type(error) => error.fmt(f),
            Fault::TooMany(what) => write!(f, "too many {what}"),
            Fault::NoFunctions => f.write_str("there is no function"),
            Fault::Duplicate(what) => write!(f, "the same {what} twice"),
            Fault::NotCanonical(what) => write!(f, "{what} are not in canonical order"),
            Fault::UnknownType(ix) => write!(f, "there is no type {ix}"),
            Fault::UnknownConst(ix) => write!(f, "there is no constant {ix}"),
            Fault::UnknownTag(ix) => write!(f, "there is no tag {ix}"),
            Fault::UnknownFunction(func) => write!(f, "there is no function {func}"),
            Fault::UnknownBlock(ix) => write!(f, "there is no block {ix}"),
            Fault::UnknownReg(reg) => write!(f, "there is no register {reg}"),
            Fault::BadName => f.write_str("a tag has a name that cannot be shown"),
            Fault::TagOwner => f.write_str("a tag's owner does not fit its access"),
            Fault::Frame => f.write_str("the registers do not begin with the parameters"),
            Fault::BadSlot(slot) => write!(f, "no value has the slot {slot:?}"),
            Fault::NoBlocks => f.write_str("there is no block"),
            Fault::NoTerminator => f.write_str("a block does not end with a terminator"),
            Fault::AfterTerminator => f.write_str("an instruction follows a terminator"),
            Fault::LiveAtEntry(reg) => write!(f, "{reg} is needed at the entry"),
            Fault::LiveOrder(reg) => write!(f, "live register {reg} is not in ascending order"),
            Fault::LiveIn(block) => write!(f, "wrong live registers of {block}"),
            Fault::WrittenTwice(reg) => write!(f, "{reg} is written twice"),
            Fault::WrongSlot(reg) => write!(f, "{reg} has the wrong slot"),
            Fault::WrongCount => f.write_str("wrong number of registers"),
            Fault::WrongType(ix) => write!(f, "{ix} is of the wrong kind"),
            Fault::UnknownVariant(variant) => write!(f, "there is no variant {variant}"),
            Fault::UnknownField(field) => write!(f, "there is no field slot {field}"),
            Fault::NotMutable(field) => write!(f, "field slot {field} is not mutable"),
            Fault::WrongConst(ix) => write!(f, "{ix} is of the other kind"),
            Fault::FloatNan => f.write_str("a NaN is not canonical"),
            Fault::NotData(ix) => write!(f, "{ix} contains functions"),
            Fault::NotKey(ix) => write!(f, "{ix} cannot be a key"),
            Fault::TagKeys(ix) => write!(f, "the keys do not fit tag {ix}"),
            Fault::Captures(func) => write!(f, "the captures do not fit {func}"),
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            write!(f, "f{function}")?;
            if let Some(pc) = self.pc {
                write!(f, " at {pc}")?;
            }
            f.write_str(": ")?;
        }
        self.fault.fmt(f)
    }
}

impl fmt::Display for BrickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BrickError::Decode(error) => error.fmt(f),
            BrickError::Verify(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for VerifyError {}
impl core::error::Error for BrickError {}
