//! Instructions as the interpreter runs them: 16 bytes each, every index that of the program.
//!
//! There is one for each bytecode instruction, at the same distance from the start of its
//! function, so program counters mean the same in both. What is hot has a form of its own here;
//! everything else is [`Op::Slow`] and keeps its bytecode form, with its indices replaced.

use crate::index::{ConstId, FuncId, TagId, TypeId};

/// A register of the running frame.
pub(crate) type R = u16;

/// The position of an instruction in the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Pc(pub(crate) u32);

impl Pc {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) fn next(self) -> Pc {
        Pc(self.0 + 1)
    }
}

/// The position of a list of registers in [`crate::Program`]'s side table: a count, then so many
/// registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct List(pub(crate) u32);

/// An operation and its price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub(crate) op: Op,
    pub(crate) fuel: u32,
}

/// See the module's documentation; the instructions are those of `docs/BYTECODE.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Move {
        dst: R,
        src: R,
    },
    /// A constant that fits 32 bits, sign-extended; also `Null`, `BoolConst` and `EnumConst`.
    Small {
        dst: R,
        value: i32,
    },
    /// A constant in the side table of words.
    Word {
        dst: R,
        index: u32,
    },
    Const {
        dst: R,
        id: ConstId,
    },
    TagConst {
        dst: R,
        id: TagId,
    },
    OptGet {
        dst: R,
        src: R,
    },
    OptIsSome {
        dst: R,
        src: R,
    },

    IntAdd {
        dst: R,
        a: R,
        b: R,
    },
    IntSub {
        dst: R,
        a: R,
        b: R,
    },
    IntMul {
        dst: R,
        a: R,
        b: R,
    },
    IntDiv {
        dst: R,
        a: R,
        b: R,
    },
    IntRem {
        dst: R,
        a: R,
        b: R,
    },
    IntNeg {
        dst: R,
        a: R,
    },
    IntWrapAdd {
        dst: R,
        a: R,
        b: R,
    },
    IntWrapSub {
        dst: R,
        a: R,
        b: R,
    },
    IntWrapMul {
        dst: R,
        a: R,
        b: R,
    },
    IntMulHi {
        dst: R,
        a: R,
        b: R,
    },
    IntAnd {
        dst: R,
        a: R,
        b: R,
    },
    IntOr {
        dst: R,
        a: R,
        b: R,
    },
    IntXor {
        dst: R,
        a: R,
        b: R,
    },
    IntNot {
        dst: R,
        a: R,
    },
    IntShl {
        dst: R,
        a: R,
        b: R,
    },
    IntShr {
        dst: R,
        a: R,
        b: R,
    },
    IntUshr {
        dst: R,
        a: R,
        b: R,
    },
    /// Also `BoolEq` and `RefSame`: all of them compare words.
    WordEq {
        dst: R,
        a: R,
        b: R,
    },
    IntNe {
        dst: R,
        a: R,
        b: R,
    },
    IntLt {
        dst: R,
        a: R,
        b: R,
    },
    IntLe {
        dst: R,
        a: R,
        b: R,
    },
    IntToFloat {
        dst: R,
        a: R,
    },

    FloatAdd {
        dst: R,
        a: R,
        b: R,
    },
    FloatSub {
        dst: R,
        a: R,
        b: R,
    },
    FloatMul {
        dst: R,
        a: R,
        b: R,
    },
    FloatDiv {
        dst: R,
        a: R,
        b: R,
    },
    FloatRem {
        dst: R,
        a: R,
        b: R,
    },
    FloatNeg {
        dst: R,
        a: R,
    },
    FloatEq {
        dst: R,
        a: R,
        b: R,
    },
    FloatNe {
        dst: R,
        a: R,
        b: R,
    },
    FloatLt {
        dst: R,
        a: R,
        b: R,
    },
    FloatLe {
        dst: R,
        a: R,
        b: R,
    },
    FloatToInt {
        dst: R,
        a: R,
    },
    /// Makes NaN canonical; the bits of any other number are its word.
    FloatBits {
        dst: R,
        a: R,
    },
    BoolNot {
        dst: R,
        a: R,
    },
    EnumTag {
        dst: R,
        src: R,
    },

    /// The side table of records has the rest.
    RecordNew {
        dst: R,
        site: u32,
    },
    RecordGet {
        dst: R,
        src: R,
        field: u16,
    },
    RecordSet {
        obj: R,
        field: u16,
        src: R,
    },
    VariantGet {
        dst: R,
        src: R,
        variant: u16,
        field: u16,
    },

    ListLen {
        dst: R,
        list: R,
    },
    ListGetWord {
        dst: R,
        list: R,
        index: R,
    },
    ListGetByte {
        dst: R,
        list: R,
        index: R,
    },
    ListSetWord {
        list: R,
        index: R,
        value: R,
    },
    ListSetByte {
        list: R,
        index: R,
        value: R,
    },
    ListPush {
        list: R,
        value: R,
    },
    IterCheck {
        coll: R,
        counter: R,
    },

    /// The side table has the arguments, then the destinations.
    Call {
        func: FuncId,
        lists: List,
    },
    CallClosure {
        closure: R,
        lists: List,
    },
    ClosureNew {
        dst: R,
        func: FuncId,
        captures: u32,
    },
    Spawn {
        dst: R,
        func: FuncId,
        args: u32,
    },

    Jump {
        to: Pc,
    },
    Branch {
        cond: R,
        then: Pc,
        otherwise: Pc,
    },
    /// The side table of jumps has `count` targets, then the default.
    Switch {
        index: R,
        count: u16,
        targets: u32,
    },
    Return {
        values: List,
    },
    /// The side table of jumps has the body, then the exit.
    ForNext {
        i: R,
        limit: R,
        targets: u32,
    },
    /// The side table of instructions has the rest.
    Slow {
        index: u32,
    },
}

/// What a `RecordNew` makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordSite {
    pub(crate) ty: TypeId,
    pub(crate) variant: u16,
    pub(crate) args: List,
}

const _: () = assert!(size_of::<Code>() <= 16);
