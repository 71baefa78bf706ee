//! Instructions: the enum, its opcodes and all that is known about each, made from one table.

pub mod operand;
mod table;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use core::fmt;

use crate::codec::{DecodeError, Reader, Writer};
use crate::codes::TrapKind;
use crate::index::{BlockIx, ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
use crate::native::Native;
use operand::*;

pub(crate) use table::for_each_instruction;

/// What the table says about one instruction.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// Its opcode.
    pub opcode: Opcode,
    /// Its name, the same as that of the [`Inst`] variant.
    pub name: &'static str,
    /// The part of the table it stands in.
    pub section: &'static str,
    /// The instruction as an assignment, and what there is to say about it.
    pub doc: &'static str,
    /// Its operands, in the order of the encoding.
    pub operands: &'static [OperandInfo],
    /// What it costs.
    pub fuel: Fuel,
    /// What it does beside computing.
    pub effects: Effects,
    /// How it can trap.
    pub traps: &'static [TrapKind],
}

impl OpInfo {
    /// Whether a run may be stopped before the instruction wherever it stands: it takes memory,
    /// asks the node, or does work without a small bound.
    pub fn is_safepoint(&self) -> bool {
        let effects = self.effects;
        effects.has(Effects::ALLOC) || effects.has(Effects::PRIM) || self.fuel.per > 0
    }
}

/// The price of an instruction or native function: the same number in every engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fuel {
    /// Charged before the instruction runs.
    pub base: u32,
    /// One more unit is charged for each `per` of `size`, rounded down; 0 means never.
    pub per: u32,
    /// What is counted, for people.
    pub size: &'static str,
}

impl Fuel {
    /// The whole price of work of the given size.
    pub const fn cost(&self, size: u64) -> u64 {
        self.base as u64 + self.bulk(size)
    }

    /// The part of the price that depends on the size.
    pub const fn bulk(&self, size: u64) -> u64 {
        if self.per == 0 {
            0
        } else {
            size / self.per as u64
        }
    }
}

/// What an instruction does beside computing.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects(u8);

impl Effects {
    /// Nothing.
    pub const NONE: Effects = Effects(0);
    /// May take memory from the heap. A safepoint, before the instruction.
    pub const ALLOC: Effects = Effects(1);
    /// Asks the node. A safepoint, before the instruction.
    pub const PRIM: Effects = Effects(2);
    /// Ends the run until the node answers; the answer completes the instruction.
    pub const SUSPEND: Effects = Effects(4);
    /// Enters another function.
    pub const CALL: Effects = Effects(8);
    /// Ends its block.
    pub const END: Effects = Effects(16);

    const NAMES: [(Effects, &'static str); 5] = [
        (Self::ALLOC, "alloc"),
        (Self::PRIM, "prim"),
        (Self::SUSPEND, "suspend"),
        (Self::CALL, "call"),
        (Self::END, "end"),
    ];

    /// Whether all of `other` is in these effects.
    pub const fn has(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    pub const fn and(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// The names of the effects.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(one, _)| self.has(*one))
            .map(|(_, name)| name)
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

macro_rules! define_instructions {
    ($($section:literal { $(
        $(#[doc = $doc:literal])+
        $code:literal $name:ident { $($field:ident: $kind:ty),* }
        $(check $check:ident,)?
        fuel $fuel:literal $(+ 1 / $per:literal $size:literal)?
        $(, effects [$($effect:ident)*])?
        $(, traps [$($trap:ident)*])?
        ;
    )+ })+) => {
        /// One instruction. `docs/BYTECODE.md` says what each does.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        pub enum Inst { $($(
            $(#[doc = $doc])+
            $name { $(
                #[doc = concat!("Operand `", stringify!($kind), "`.")]
                $field: <$kind as Operand>::Value
            ),* },
        )+)+ }

        /// The first byte of an encoded instruction.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Opcode { $($(
            $(#[doc = $doc])+
            $name = $code,
        )+)+ }

        impl Opcode {
            /// All instructions in the order of the table, which is that of the opcodes.
            pub const ALL: &[Opcode] = &[$($(Opcode::$name,)+)+];

            /// What the table says about the instruction.
            #[inline]
            pub fn info(self) -> &'static OpInfo {
                match self { $($(Opcode::$name => {
                    const INFO: OpInfo = OpInfo {
                        opcode: Opcode::$name,
                        name: stringify!($name),
                        section: $section,
                        doc: concat!($($doc, "\n"),+),
                        operands: &[$(OperandInfo {
                            name: stringify!($field),
                            kind: stringify!($kind),
                            role: <$kind as Operand>::ROLE,
                            class: <$kind as Operand>::CLASS,
                        }),*],
                        fuel: fuel!($fuel $(, $per, $size)?),
                        effects: Effects::NONE$($(.and(Effects::$effect))*)?,
                        traps: &[$($(TrapKind::$trap),*)?],
                    };
                    &INFO
                })+)+ }
            }
        }

        impl Inst {
            /// The instruction's opcode.
            #[inline]
            pub const fn opcode(&self) -> Opcode {
                match self { $($(Inst::$name { .. } => Opcode::$name,)+)+ }
            }

            /// Calls `visit` for each operand in the order of the encoding.
            #[inline]
            pub fn operands(&self, mut visit: impl FnMut(OperandRef<'_>)) {
                match self { $($(Inst::$name { $($field),* } => {
                    $(visit(<$kind as Operand>::view($field));)*
                })+)+ }
            }

            /// Calls `visit` for each operand, which can be changed, in the order of the encoding.
            #[inline]
            pub fn operands_mut(&mut self, mut visit: impl FnMut(OperandMut<'_>)) {
                match self { $($(Inst::$name { $($field),* } => {
                    $(visit(<$kind as Operand>::view_mut($field));)*
                })+)+ }
            }

            /// Calls `visit` for each register that is read.
            #[inline]
            pub fn uses(&self, mut visit: impl FnMut(Reg)) {
                match self { $($(Inst::$name { $($field),* } => {
                    $(if matches!(<$kind as Operand>::ROLE, Role::Use | Role::Update) {
                        <$kind as Operand>::regs($field).iter().copied().for_each(&mut visit);
                    })*
                })+)+ }
            }

            /// Calls `visit` for each register that is written.
            #[inline]
            pub fn defs(&self, mut visit: impl FnMut(Reg)) {
                match self { $($(Inst::$name { $($field),* } => {
                    $(if matches!(<$kind as Operand>::ROLE, Role::Def | Role::Update) {
                        <$kind as Operand>::regs($field).iter().copied().for_each(&mut visit);
                    })*
                })+)+ }
            }

            /// Calls `visit` for each block that may come next.
            #[inline]
            pub fn successors(&self, mut visit: impl FnMut(BlockIx)) {
                match self { $($(Inst::$name { $($field),* } => {
                    $(<$kind as Operand>::blocks($field).iter().copied().for_each(&mut visit);)*
                })+)+ }
            }

            pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match reader.byte()? {
                    $($($code => Ok(Inst::$name {
                        $($field: <$kind as Operand>::decode(reader)?),*
                    }),)+)+
                    _ => Err(DecodeError::BadTag("instruction")),
                }
            }
        }
    };
}

macro_rules! fuel {
    ($base:literal) => {
        Fuel {
            base: $base,
            per: 0,
            size: "",
        }
    };
    ($base:literal, $per:literal, $size:literal) => {
        Fuel {
            base: $base,
            per: $per,
            size: $size,
        }
    };
}
pub(crate) use fuel;

for_each_instruction!(define_instructions);

impl Inst {
    /// What the table says about this instruction.
    #[inline]
    pub fn info(&self) -> &'static OpInfo {
        self.opcode().info()
    }

    /// Whether this ends a block.
    #[inline]
    pub fn is_terminator(&self) -> bool {
        self.info().effects.has(Effects::END)
    }

    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.byte(self.opcode() as u8);
        self.operands(|operand| operand.encode(writer));
    }
}
