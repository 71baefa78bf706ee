//! The instruction set and brick format of Smart Messages: encode, decode, verify, disassemble.
//!
//! A *brick* is a [`Group`]: one function, or several that call each other, hashed as one. This
//! crate says what a brick is made of ([`Group`], [`Function`], [`Inst`], [`TypeTable`]), how it
//! is written as bytes and named by their hash, and when it may be run: only a
//! verified group reaches an engine.
//!
//! Everything here is pure. Decoders and the verifier take bytes and values that an adversary
//! may have made: they answer with an error, in time and memory linear in the input.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

#[cfg(any(test, feature = "arbitrary"))]
pub mod arbitrary;
pub mod bundle;
mod canonical;
pub mod codec;
pub mod codes;
pub mod debug;
pub mod disasm;
mod encode;
pub mod group;
pub mod hash;
pub mod index;
pub mod inst;
pub mod limits;
pub mod live;
pub mod manifest;
pub mod native;
pub mod reference;
pub mod types;
pub mod verify;

pub use bundle::{Bundle, BundleError};
pub use codec::DecodeError;
pub use codes::{HopCode, TagCode, TrapKind};
pub use debug::{DebugBlob, DebugFunction, DebugGroup, InlinedCall, Position};
pub use group::{Access, Block, Callee, Const, Function, Group, TagConst};
pub use hash::{BrickHash, DebugHash, ManifestHash, ProgramHash, TypeHash};
pub use index::{BlockIx, ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
pub use inst::{Effects, Fuel, Inst, OpInfo, Opcode};
pub use manifest::{EntryRef, Export, ModuleManifest, ProgramManifest};
pub use native::{Native, NativeType};
pub use types::{
    Field, RecordSlot, Slot, Type, TypeError, TypeFacts, TypePool, TypeTable, Variant,
};
pub use verify::{BrickError, Fault, FunctionCode, VerifiedGroup, VerifyError};

#[cfg(test)]
mod tests;
