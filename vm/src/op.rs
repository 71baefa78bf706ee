//! Instructions as the interpreter runs them: 16 bytes each, every index that of the program.
//!
//! There is one for each bytecode instruction, at the same distance from the start of its
//! function, so program counters mean the same in both. What is hot has a form of its own here;
//! everything else is [`Op::Slow`] and keeps its bytecode form, with its indices replaced.
//!
//! A program has them twice: as they are, and fused, where one operation does the work of the
//! instruction at its place and of the ones behind it. See [`crate::interp`].

use sm_bytecode::{Fuel, Inst, Native};

use crate::heap::layout::Header;
use crate::index::{ConstId, FuncId, TagId};

/// A register of the running frame.
pub(crate) type R = u16;

/// The position of an instruction in the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(Rust, packed(2))]
pub(crate) struct Pc(pub(crate) u32);

impl Pc {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) fn next(self) -> Pc {
        self.plus(1)
    }

    #[inline]
    pub(crate) fn plus(self, distance: u32) -> Pc {
        Pc(self.0 + distance)
    }
}

/// The position of a list of registers in [`crate::Program`]'s side table: a count, then so many
/// registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(Rust, packed(2))]
pub(crate) struct List(pub(crate) u32);

/// A position in another side table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(Rust, packed(2))]
pub(crate) struct Side(pub(crate) u32);

impl Side {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A constant that fits 32 bits, sign-extended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(Rust, packed(2))]
pub(crate) struct Imm(pub(crate) i32);

impl Imm {
    #[inline]
    pub(crate) fn get(self) -> i64 {
        i64::from(self.0)
    }
}

/// An operation and its price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub(crate) op: Op,
    pub(crate) fuel: u16,
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
        value: Imm,
    },
    /// A constant in the side table of words.
    Word {
        dst: R,
        index: Side,
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
    FloatSqrt {
        dst: R,
        a: R,
    },
    /// Any other native function of doubles; `b` is `a` if it has one argument.
    FloatNative {
        dst: R,
        a: R,
        b: R,
        native: Native,
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
        site: Side,
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

    /// `bytes.len`, `str.byte_len`.
    BytesLen {
        dst: R,
        bytes: R,
    },
    BytesGet {
        dst: R,
        bytes: R,
        index: R,
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
    ListPushWord {
        list: R,
        value: R,
    },
    ListPushByte {
        list: R,
        value: R,
    },
    /// `MapFind` of a key that is no reference; `stride` is the size of an entry in words.
    MapFindWord {
        dst: R,
        map: R,
        key: R,
        stride: u16,
    },
    MapValueAt {
        dst: R,
        map: R,
        entry: R,
    },
    /// `MapInsert` of a key that is no reference.
    MapInsertWord {
        map: R,
        key: R,
        value: R,
    },
    /// `MapFind` and `MapInsert` of a text.
    MapFindText {
        dst: R,
        map: R,
        key: R,
        stride: u16,
    },
    MapInsertText {
        map: R,
        key: R,
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
        captures: List,
    },
    Spawn {
        dst: R,
        func: FuncId,
        args: List,
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
        targets: Side,
    },
    Return {
        values: List,
    },
    ForNext {
        i: R,
        limit: R,
        body: Pc,
        exit: Pc,
    },
    /// The side table of instructions has the rest.
    Slow {
        index: Side,
    },

    // From here on: only in fused code. The second number of a comment is that of instructions.
    /// `IntAdd` or `IntSub` of a constant: 2.
    AddImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    /// `IntWrapAdd` or `IntWrapSub` of a constant: 2.
    WrapAddImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    /// The same as [`Op::AddImm`] and a `Jump`: 3.
    AddImmJump {
        dst: R,
        imm: Imm,
        a: R,
        to: Pc,
    },
    /// A constant minus a register: 2.
    SubFromImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    MulImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    WrapMulImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    /// `dst = a * imm + more`: 4.
    MulAddImm {
        dst: R,
        a: R,
        imm: Imm,
        more: Imm,
    },
    /// The constant is neither 0 nor -1.
    DivImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    RemImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    /// Division by two to the power of `shift`.
    DivPower {
        dst: R,
        a: R,
        shift: u16,
    },
    RemPower {
        dst: R,
        a: R,
        shift: u16,
    },
    AndImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    OrImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    XorImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    ShlImm {
        dst: R,
        a: R,
        shift: u16,
    },
    ShrImm {
        dst: R,
        a: R,
        shift: u16,
    },
    UshrImm {
        dst: R,
        a: R,
        shift: u16,
    },
    EqImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    NeImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    LtImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    GtImm {
        dst: R,
        a: R,
        imm: Imm,
    },
    /// `Branch` on whether `a` is a multiple of a power of two, the mask and 1: 5.
    BranchMultiple {
        a: R,
        mask: u16,
        then: Pc,
        otherwise: Pc,
    },
    /// A comparison and a `Branch`: 2.
    BranchEq {
        a: R,
        b: R,
        then: Pc,
        otherwise: Pc,
    },
    BranchLt {
        a: R,
        b: R,
        then: Pc,
        otherwise: Pc,
    },
    BranchFloatEq {
        a: R,
        b: R,
        then: Pc,
        otherwise: Pc,
    },
    BranchFloatLt {
        a: R,
        b: R,
        then: Pc,
        otherwise: Pc,
    },
    BranchFloatLe {
        a: R,
        b: R,
        then: Pc,
        otherwise: Pc,
    },
    /// A constant, a comparison with it, and a `Branch`: 3.
    BranchEqImm {
        a: R,
        imm: i16,
        then: Pc,
        otherwise: Pc,
    },
    BranchLtImm {
        a: R,
        imm: i16,
        then: Pc,
        otherwise: Pc,
    },
    /// `dst = src`, then a `Jump`: 2.
    MoveJump {
        dst: R,
        src: R,
        to: Pc,
    },
    /// `dst = a * b + c`, rounded twice: 2.
    FloatMulAdd {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// `dst = a * b - c`.
    FloatMulSub {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// `dst = c - a * b`.
    FloatSubMul {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// `dst = a * b * c`.
    FloatProduct {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// `dst = a / b + c`.
    FloatDivAdd {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// `dst = a - b + c`.
    FloatSubAdd {
        dst: R,
        a: R,
        b: R,
        c: R,
    },
    /// Two `FloatMul`: 2.
    FloatMulTwo {
        dst: R,
        a: R,
        b: R,
        dst2: R,
        a2: R,
        b2: R,
    },
    /// A constant, a comparison with it, and a `Branch`: 3.
    BranchFloatLtWord {
        a: R,
        word: u16,
        then: Pc,
        otherwise: Pc,
    },
    BranchFloatGtWord {
        a: R,
        word: u16,
        then: Pc,
        otherwise: Pc,
    },
    /// A constant in the side table of words as the second operand: 2.
    FloatAddConst {
        dst: R,
        a: R,
        word: Side,
    },
    FloatSubConst {
        dst: R,
        a: R,
        word: Side,
    },
    FloatMulConst {
        dst: R,
        a: R,
        word: Side,
    },
    FloatDivConst {
        dst: R,
        a: R,
        word: Side,
    },
    /// The constant as the first operand.
    FloatConstSub {
        dst: R,
        a: R,
        word: Side,
    },
    FloatConstDiv {
        dst: R,
        a: R,
        word: Side,
    },
    /// `dst = list[index + imm]`: 3.
    ListGetWordPlus {
        dst: R,
        list: R,
        index: R,
        imm: i16,
    },
    /// `dst = list[imm]`: 2.
    ListGetWordImm {
        dst: R,
        list: R,
        imm: u16,
    },
    /// Two `RecordGet`: 2.
    RecordGetTwo {
        dst: R,
        src: R,
        field: u16,
        dst2: R,
        src2: R,
        field2: u16,
    },
    /// Two `VariantGet` of one value: 2.
    VariantGetTwo {
        src: R,
        variant: u16,
        dst: R,
        field: u16,
        dst2: R,
        field2: u16,
    },
    /// `IterCheck` and `ForNext`: 2. The side table of jumps has the body, then the exit.
    IterNext {
        coll: R,
        counter: R,
        i: R,
        limit: R,
        targets: Side,
    },
    /// `IntAdd` to a register and `ForNext`: 2. The side table of jumps as above.
    AddNext {
        sum: R,
        b: R,
        i: R,
        limit: R,
        targets: Side,
    },
    /// The same with `FloatAdd`.
    FloatAddNext {
        sum: R,
        b: R,
        i: R,
        limit: R,
        targets: Side,
    },
    /// `EnumTag` and `Switch`: 2.
    SwitchTag {
        src: R,
        count: u16,
        targets: Side,
    },
    /// `ListGet` and `Branch`: 2.
    BranchByte {
        list: R,
        index: R,
        then: Pc,
        otherwise: Pc,
    },
    /// A constant and `ListSet`: 2.
    ListSetByteImm {
        list: R,
        index: R,
        imm: u16,
    },
    /// `IntAdd` and `Return`: 2.
    ReturnSum {
        a: R,
        b: R,
        values: List,
    },
    /// A constant and `Return`: 2.
    ReturnImm {
        imm: Imm,
        values: List,
    },
    /// A call with at most three arguments, those that are missing being register 0; its result,
    /// if there is none, goes into the slack behind the frame.
    CallShort {
        func: FuncId,
        dst: R,
        args: [R; 3],
    },
    CallClosureShort {
        closure: R,
        dst: R,
        args: [R; 3],
    },
    /// `Return` of one value, or of none, which then is register 0.
    ReturnShort {
        src: R,
        values: List,
    },

    /// Only in the table of a program with native code: a site of [`crate::jit`].
    #[allow(dead_code, reason = "is in no program where there is no JIT")]
    Enter {
        site: Side,
    },
}

/// What a `RecordNew` makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordSite {
    pub(crate) header: Header,
    pub(crate) args: List,
}

/// An instruction in its bytecode form, and what the table of instructions says about it.
#[derive(Debug)]
pub(crate) struct SlowSite {
    pub(crate) inst: Inst,
    pub(crate) fuel: Fuel,
    pub(crate) is_safepoint: bool,
}

const _: () = assert!(size_of::<Code>() == 16);
