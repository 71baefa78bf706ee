//! What the experiments have in common: servers as processes of their own, spreads of times, and
//! the files that they leave.

pub mod fleet;
pub mod page;
pub mod process;
pub mod spread;

use std::io;
use std::time::Instant;

/// The moment.
#[expect(clippy::disallowed_methods, reason = "experiments measure time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Runs a client on this thread; servers are other processes.
///
/// # Errors
/// Those of the client, and if the system does not let it.
pub fn block_on<T>(client: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(client)
}
