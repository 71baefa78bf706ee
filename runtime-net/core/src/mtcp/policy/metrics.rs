//! What is made of samples: a rate that is smoothed, and how long an answer has been owed.

use super::{Metric, Policy};
use crate::ids::{Span, Time};

/// What is known at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sample {
    /// The bytes that have come from the service, ever.
    pub received: u64,
    /// The last round trip that was measured.
    pub round_trip: Option<Span>,
    /// When the other end was last heard.
    pub heard: Time,
    /// Whether it owes an answer.
    pub owes: bool,
    /// Whether the server has said that it is about to stop.
    pub drains: bool,
    /// The work that waits for the server's processors, in thousandths of what they can do at once.
    pub load: Option<u64>,
    /// The bytes of memory that are free at the server.
    pub free: Option<u64>,
}

/// What of earlier samples counts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Seen {
    begun: Time,
    last: Time,
    received: Option<u64>,
    /// Bytes per second; none before something has come.
    rate: Option<u64>,
    /// Whether the rate says something now.
    flows: bool,
    /// Since when an answer is owed.
    owed: Option<Time>,
}

impl Seen {
    pub(super) fn begin(now: Time) -> Self {
        Self {
            begun: now,
            last: now,
            received: None,
            rate: None,
            flows: false,
            owed: None,
        }
    }

    pub(super) fn add(&mut self, now: Time, sample: &Sample, policy: &Policy) {
        self.owed = match self.owed {
            _ if !sample.owes => None,
            // It has said something since.
            Some(since) => Some(since.max(sample.heard)),
            None => Some(now),
        };
        let passed = now.since(self.last);
        let Some(before) = self.received else {
            self.received = Some(sample.received);
            self.last = now;
            return;
        };
        if passed == Span::ZERO {
            return;
        }
        let new = sample.received.saturating_sub(before);
        self.received = Some(sample.received);
        self.last = now;
        self.flows = new > 0 || (policy.continuous && self.rate.is_some());
        if self.flows {
            self.rate = Some(smoothed(self.rate, (new, passed), policy.smooth));
        }
        self.flows &= now.since(self.begun) >= policy.smooth;
    }

    /// The value of a metric, if it is known now.
    pub(super) fn value(&self, now: Time, metric: Metric, sample: &Sample) -> Option<u64> {
        match metric {
            Metric::Rate => self.rate.filter(|_| self.flows),
            Metric::RoundTrip => sample.round_trip.map(|span| span.0),
            Metric::Stall => Some(self.owed.map_or(0, |since| now.since(since).0)),
            Metric::Load => sample.load,
            Metric::FreeMemory => sample.free,
        }
    }
}

/// The mean of what was and what has come, weighed by time: after the span of smoothing, half of it
/// is new.
fn smoothed(before: Option<u64>, (bytes, passed): (u64, Span), smooth: Span) -> u64 {
    let passed = u128::from(passed.0);
    let most = u128::from(u64::MAX);
    let new = (u128::from(bytes) * 1_000_000_000 / passed).min(most);
    let old = before.map_or(new, u128::from);
    let weighed = (old * u128::from(smooth.0)).saturating_add(new * passed);
    let mean = weighed / (u128::from(smooth.0) + passed);
    u64::try_from(mean).unwrap_or(u64::MAX)
}
