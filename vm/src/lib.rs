//! The virtual machine of Smart Messages: interpreter, heap, capture and restore.
//!
//! A [`Program`] is linked once from verified bricks and shared by all its messages. A [`Machine`]
//! is one message: code, stack, heap, random numbers. It runs until it needs its node
//! ([`Outcome`]), asks what can be answered at once through a [`Host`], and can be written out as
//! canonical bytes and restored at another node between any two runs.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `link`, `program`, `op` | from bricks to 16-byte instructions with the program's own indices |
//! | `interp`, `natives` | the loop, and everything it calls |
//! | `jit` | native code for what runs hot |
//! | `heap`, `stack` | plain words; the only module that knows bits is `heap::layout` |
//! | `capture` | the whole state as bytes, `docs/STATE.md` |
//! | `data`, [`value`] | values that leave a message, inside and outside of a machine |
//!
//! **Invariants.** Nothing runs that was not verified. A run is a function of program, state and
//! answers. A machine stops at safepoints alone, and there its state is exact. Fuel is the same
//! number however a run is divided, and whatever runs as native code. There is no clock here, no
//! thread, no global, and `unsafe` in four small modules alone: `interp::window`, `interp::native`,
//! `heap::native`, `jit::memory`

#[cfg(test)]
extern crate self as sm_vm;

mod capture;
mod data;
mod heap;
pub mod host;
mod index;
mod interp;
#[cfg(all(
    feature = "jit",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod jit;
#[cfg(not(all(
    feature = "jit",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
#[path = "jit/absent.rs"]
mod jit;
pub mod limits;
mod link;
mod machine;
mod natives;
mod op;
pub mod outcome;
mod program;
mod rng;
mod shape;
mod stack;
mod text;
pub mod value;

pub use capture::{RestoreError, state_bricks};
pub use host::{CreateOptions, Host, Lifetime, SpawnRefused, TagBuf, TagDecl, TagHint, TagRef};
pub use jit::{AtOnce, Busy, Executor, Jit, JitOptions, JitStats, Job};
pub use limits::{Collection, Limits};
pub use link::tag_identity;
pub use machine::{Machine, StartError};
pub use outcome::{Answer, CodePlace, Data, KillKind, Outcome, TrapReport};
pub use program::{LinkError, Program, Signature};
pub use rng::Seed;
pub use value::{TagValue, Value, ValueError};
