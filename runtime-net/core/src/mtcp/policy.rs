//! When a connection should move: rules of a metric and a trigger, and what they come to.
//!
//! A [`Policy`] is data. A [`Decider`] looks at samples of one connection, or of one server, and
//! says whether to stay, to arm, so that a move will be short, or to move. It moves nothing itself,
//! and knows neither clock nor socket: whoever holds it takes samples when [`Decider::due`] says,
//! and tells it what became of a move.

mod metrics;

use crate::ids::{Span, Time};
use crate::limits;
pub use metrics::Sample;
use metrics::Seen;

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Metric {
    /// Bytes per second that come from the service, smoothed. More is better.
    Rate,
    /// The last round trip, in nanoseconds. Less is better.
    RoundTrip,
    /// For how many nanoseconds the other end has owed an answer. Less is better.
    Stall,
    /// The work that waits for the server's processors, in thousandths of what they can do at once.
    /// Less is better.
    Load,
    /// The bytes of memory that are free at the server. More is better.
    FreeMemory,
}

impl Metric {
    /// Whether a larger value is a better one.
    pub const fn grows_better(self) -> bool {
        matches!(self, Self::Rate | Self::FreeMemory)
    }

    /// Whether it is a server that can see it; a client end sees the others.
    pub const fn is_of_server(self) -> bool {
        matches!(self, Self::Load | Self::FreeMemory)
    }
}

/// When a metric is bad.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trigger {
    /// When it is worse than a share of the best that was seen since the connection came to its
    /// server, in thousandths: 750 is three quarters of the best rate, or four thirds of the best
    /// time. It is good again from the second share on, which is not smaller.
    Ratio {
        /// The share below which it is bad.
        below: u32,
        /// The share from which it is good again.
        back: u32,
    },
    /// When it is worse than a limit. It is good again from the second value on, which is not worse
    /// than the limit.
    Threshold {
        /// The value beyond which it is bad.
        limit: u64,
        /// The value from which it is good again.
        back: u64,
    },
}

/// One reason to move.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// A metric is bad, and has been for so long. It arms at once.
    Metric {
        /// What is looked at.
        metric: Metric,
        /// When it is bad.
        trigger: Trigger,
        /// For how long it has to be bad.
        hold: Span,
    },
    /// The server has said that it is about to stop, so long ago.
    Drain {
        /// How long the connection waits.
        hold: Span,
    },
    /// The connection has been at one server for so long. It arms
    /// [`limits::MTCP_POLICY_AHEAD`] before.
    Deadline {
        /// How long it stays.
        after: Span,
    },
    /// Somebody asks for it: the program, or an operator. It is always armed.
    Asked,
}

/// When a connection should move.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// The reasons; the first that holds is told.
    pub rules: Vec<Rule>,
    /// How often metrics are looked at; more than zero.
    pub every: Span,
    /// Over how long the rate is smoothed. It is not judged before.
    pub smooth: Span,
    /// Whether the service sends without a pause, so that silence is a bad rate. If not, the rate
    /// is not judged while nothing comes.
    pub continuous: bool,
    /// How long after a move there is no other. It doubles with each attempt that fails.
    pub pause: Span,
}

impl Default for Policy {
    /// No rules.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            every: limits::MTCP_POLICY_EVERY,
            smooth: limits::MTCP_POLICY_SMOOTH,
            continuous: false,
            pause: limits::MTCP_POLICY_PAUSE,
        }
    }
}

impl Policy {
    /// Whether somebody may move a connection by asking.
    pub fn may_be_asked(&self) -> bool {
        self.rules.contains(&Rule::Asked)
    }

    /// Whether it looks at round trips or silence, for which the other end has to be asked now and
    /// then.
    pub fn probes(&self) -> bool {
        let probed = [Metric::RoundTrip, Metric::Stall];
        self.metrics().any(|metric| probed.contains(&metric))
    }

    /// The metrics that it looks at.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.rules.iter().filter_map(|rule| match rule {
            Rule::Metric { metric, .. } => Some(*metric),
            _ => None,
        })
    }
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Decision {
    /// Nothing.
    Stay,
    /// A move may come: have a session with another server ready.
    Arm,
    /// Move, for the reason of the rule with this number.
    Move(usize),
}

/// What becomes of a policy at one connection, or at one server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Decider {
    policy: Policy,
    rules: Vec<State>,
    seen: Seen,
    /// When the connection came to its server.
    since: Time,
    /// Before that there is no move.
    not_before: Time,
    /// Attempts that failed in a row.
    failures: u32,
    asked: bool,
}

/// Of one rule.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct State {
    best: Option<u64>,
    /// Since when it is bad.
    bad: Option<Time>,
}

impl Decider {
    /// For what is at a server since now.
    pub fn new(policy: Policy, now: Time) -> Self {
        let rules = vec![State::default(); policy.rules.len()];
        Self {
            policy,
            rules,
            seen: Seen::begin(now),
            since: now,
            not_before: now,
            failures: 0,
            asked: false,
        }
    }

    /// What it goes by.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Somebody asks for a move. It comes as soon as the pause is over, if there is a rule for it;
    /// false if not.
    pub fn ask(&mut self) -> bool {
        self.asked = self.policy.may_be_asked();
        self.asked
    }

    /// What is to be done, as things are.
    pub fn sample(&mut self, now: Time, sample: &Sample) -> Decision {
        self.seen.add(now, sample, &self.policy);
        let mut armed = false;
        let mut reason = None;
        for number in 0..self.rules.len() {
            let (arms, moves) = self.judge(now, number, sample);
            armed |= arms;
            reason = reason.or(moves.then_some(number));
        }
        match reason {
            Some(rule) if self.not_before <= now => Decision::Move(rule),
            _ if armed => Decision::Arm,
            _ => Decision::Stay,
        }
    }

    /// When the next sample is to be taken at the latest.
    pub fn due(&self, now: Time) -> Time {
        let each = self.policy.rules.iter().zip(&self.rules);
        let next = each.map(|(rule, state)| match rule {
            Rule::Metric { .. } => now + self.policy.every,
            Rule::Drain { hold } => state.bad.map_or(Time::NEVER, |since| since + *hold),
            Rule::Deadline { after } => {
                let arms = self.since + (*after - limits::MTCP_POLICY_AHEAD);
                if arms > now {
                    arms
                } else {
                    self.since + *after
                }
            }
            Rule::Asked => Time::NEVER,
        });
        let next = next.min().unwrap_or(Time::NEVER);
        let waits = self.asked || next <= now;
        if waits && self.not_before > now {
            self.not_before
        } else {
            next.max(now + Span(1))
        }
    }

    /// The connection is at another server: what was seen at the old one says nothing of that. At a
    /// server: it has given one away, and sees what that changes.
    pub fn moved(&mut self, now: Time) {
        let pause = self.policy.pause;
        *self = Self::new(std::mem::take(&mut self.policy), now);
        self.not_before = now + pause;
    }

    /// Nobody took it.
    pub fn failed(&mut self, now: Time) {
        self.failures += 1;
        let doubled = 1 << self.failures.min(limits::MTCP_POLICY_DOUBLINGS);
        self.asked = false;
        self.not_before = now + Span(self.policy.pause.0.saturating_mul(doubled));
    }

    /// Whether a rule arms, and whether it holds.
    fn judge(&mut self, now: Time, number: usize, sample: &Sample) -> (bool, bool) {
        let state = &mut self.rules[number];
        let (bad, hold) = match self.policy.rules[number] {
            Rule::Metric {
                metric,
                trigger,
                hold,
            } => {
                // What is not known now is as it was.
                let value = self.seen.value(now, metric, sample);
                let was = state.bad.is_some();
                (
                    value.map_or(was, |value| state.is_bad(value, metric, trigger)),
                    hold,
                )
            }
            Rule::Drain { hold } => (sample.drains, hold),
            Rule::Deadline { after } => {
                let here = now.since(self.since);
                return (here + limits::MTCP_POLICY_AHEAD >= after, here >= after);
            }
            Rule::Asked => return (true, self.asked),
        };
        if !bad {
            state.bad = None;
            return (false, false);
        }
        let since = *state.bad.get_or_insert(now);
        (true, now.since(since) >= hold)
    }
}

impl State {
    /// Whether a value is bad; between the two limits it is what it was before.
    fn is_bad(&mut self, value: u64, metric: Metric, trigger: Trigger) -> bool {
        let up = metric.grows_better();
        let worse = |value: u64, than: u64| if up { value < than } else { value > than };
        let (limit, back) = match trigger {
            Trigger::Threshold { limit, back } => (limit, back),
            Trigger::Ratio { below, back } => {
                let best = self.best.filter(|best| worse(value, *best));
                let best = *self.best.insert(best.unwrap_or(value));
                (share(best, below, up), share(best, back, up))
            }
        };
        worse(value, limit) || (self.bad.is_some() && worse(value, back))
    }
}

/// So many thousandths of what is best: less of what should be much, more of what should be little.
fn share(best: u64, thousandths: u32, up: bool) -> u64 {
    let (best, part) = (u128::from(best), u128::from(thousandths.max(1)));
    let share = if up {
        best * part / 1_000
    } else {
        best * 1_000 / part
    };
    u64::try_from(share).unwrap_or(u64::MAX)
}
