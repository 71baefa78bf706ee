//! The clock of one machine, and when it is next to be looked at.

use sm_core::ids::{Span, Time};

use crate::random::Stream;

/// Clocks differ by up to this much.
const APART: Span = Span::secs(3600);

/// The most that a clock is fast, in millionths: worse than any that is sold.
const FAST: u64 = 1_000;

/// A clock that is ahead, and fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    ahead: Span,
    fast: u64,
    /// The earliest alarm that is in the queue.
    alarm: Time,
}

impl Clock {
    pub(super) fn draw(draws: &mut Stream) -> Self {
        Self {
            ahead: draws.between(Span(1), APART),
            fast: draws.below(FAST),
            alarm: Time::NEVER,
        }
    }

    /// What the clock shows.
    pub(super) fn local(&self, now: Time) -> Time {
        Time(now.0 + now.0 / 1_000_000 * self.fast) + self.ahead
    }

    /// When an alarm for a local time is to be put into the queue, if it is not there already.
    pub(super) fn alarm(&mut self, now: Time, local: Time) -> Option<Time> {
        if local == Time::NEVER {
            return None;
        }
        let wait = local.0.saturating_sub(self.local(now).0);
        // Rather a little late: who is called too early asks again.
        let at = now + Span(wait + 1);
        if at >= self.alarm {
            return None;
        }
        self.alarm = at;
        Some(at)
    }

    /// An alarm has rung.
    pub(super) fn rang(&mut self, now: Time) {
        if self.alarm <= now {
            self.alarm = Time::NEVER;
        }
    }

    /// Alarms that are in the queue are nothing any more.
    pub(super) fn reset(&mut self) {
        self.alarm = Time::NEVER;
    }
}
