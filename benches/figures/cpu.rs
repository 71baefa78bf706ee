//! Processor time.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// The least time that a block of work takes, of several.
pub(crate) fn least(times: usize, mut block: impl FnMut()) -> Duration {
    let measured = (0..times).map(|_| {
        let before = used(UsageWho::RUSAGE_SELF);
        block();
        used(UsageWho::RUSAGE_SELF) - before
    });
    measured.min().expect("it is measured once at least")
}

/// Processor time so far, user and system, of this process or of its children that have ended.
pub(crate) fn used(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("it can always be asked for");
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
    };
    micros(usage.user_time()) + micros(usage.system_time())
}
