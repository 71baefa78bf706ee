//! What the experiments have in common: servers as processes of their own, spreads of times, and
//! the files that they leave.

pub mod fleet;
pub mod page;
pub mod process;
pub mod spread;

use std::time::Instant;

/// The moment.
#[expect(clippy::disallowed_methods, reason = "experiments measure time")]
pub fn now() -> Instant {
    Instant::now()
}
