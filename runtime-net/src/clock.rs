//! The only clock of a node's drivers.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sm_core::ids::Time;

/// The node's monotonic clock: zero at the start, never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(instant())
    }

    /// The time since the start.
    pub fn now(&self) -> Time {
        Time(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// The instant of a time on this clock; far away if it is beyond what the system can say.
    pub fn instant(&self, time: Time) -> Instant {
        let far = std::time::Duration::from_secs(30 * 24 * 3600);
        let after = std::time::Duration::from_nanos(time.0).min(self.0.elapsed() + far);
        self.0 + after
    }
}

/// This instant.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the driver: the core gets its time here"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The date, in nanoseconds of Unix time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the driver: the core gets its date here"
)]
pub fn unix_nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}
