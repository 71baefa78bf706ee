//! The virtual machine of Smart Messages: interpreter, heap, capture and restore.

mod capture;
mod data;
mod heap;
pub mod host;
mod index;
mod interp;
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
pub use host::{CreateOptions, Host, Lifetime, SpawnRefused, TagBuf, TagDecl, TagRef};
pub use limits::{Collection, Limits};
pub use machine::{Machine, StartError};
pub use outcome::{Answer, CodePlace, Data, KillKind, Outcome, TrapReport};
pub use program::{LinkError, Program, Signature};
pub use value::{TagValue, Value, ValueError};
