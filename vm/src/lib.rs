//! The virtual machine of Smart Messages: interpreter, heap, capture and restore.

pub mod host;
pub mod limits;
pub mod outcome;
mod rng;

pub use host::{CreateOptions, Host, Lifetime, SpawnRefused, TagBuf, TagDecl, TagRef};
pub use limits::{Collection, Limits};
pub use outcome::{Answer, CodePlace, Data, KillKind, Outcome, TrapReport};
