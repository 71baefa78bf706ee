//! What both ends do alike: hear whether the other is there, and acknowledge.

use super::Timing;
use crate::ids::{Span, Time};

/// Whether the other end of a link is there.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pulse {
    heard: Time,
    asked: Time,
    /// A question has no answer yet.
    open: bool,
    rtt: Option<Span>,
}

impl Timing {
    /// Those of a server end: it asks half a heartbeat later than a client end does, so that on an
    /// idle link only one of the two asks, and waits as much longer for the answer.
    pub(super) fn of_server(self) -> Self {
        let longer = |span: Span| span + Span(span.0 / 2);
        Self {
            heartbeat: longer(self.heartbeat),
            dead: longer(self.dead),
            ..self
        }
    }
}

/// What is to be done about a silent link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silence {
    /// Nothing yet.
    None,
    /// The other end is to be asked, with this token.
    Ask(u64),
    /// It is dead.
    Dead,
}

impl Pulse {
    pub(super) fn begin(now: Time) -> Self {
        Self {
            heard: now,
            asked: now,
            open: false,
            rtt: None,
        }
    }

    pub(super) fn heard(&mut self, now: Time) {
        self.heard = now;
    }

    /// The answer to a question has come.
    pub(super) fn answered(&mut self, now: Time, token: u64) {
        // Any other token was made up by the other end.
        if Time(token) == self.asked {
            self.open = false;
            self.rtt = Some(now.since(self.asked));
        }
    }

    /// When the other end was last heard.
    pub(super) fn last(&self) -> Time {
        self.heard
    }

    /// Whether the other end owes an answer.
    pub(super) fn waits(&self) -> bool {
        self.open
    }

    /// The token of a question.
    pub(super) fn ask(&mut self, now: Time) -> u64 {
        self.asked = now;
        self.open = true;
        now.0
    }

    pub(super) fn rtt(&self) -> Option<Span> {
        self.rtt
    }

    pub(super) fn due(&self, timing: &Timing) -> Time {
        let ask = self.heard.max(self.asked) + timing.heartbeat;
        ask.min(self.heard + timing.dead)
    }

    pub(super) fn check(&mut self, now: Time, timing: &Timing) -> Silence {
        if now >= self.heard + timing.dead {
            Silence::Dead
        } else if now >= self.due(timing) {
            Silence::Ask(self.ask(now))
        } else {
            Silence::None
        }
    }
}

/// What a receiver acknowledges.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Marks {
    /// What the program has taken: the sender may send so far and a window more.
    pub(super) taken: u64,
    /// What the sender may forget.
    pub(super) stable: u64,
}

/// When acknowledgements go out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Acks {
    said: Marks,
    /// When what is unsaid is to be said at the latest.
    due: Time,
    urgent: bool,
}

impl Acks {
    /// The other end knows this much.
    pub(super) fn begin(said: Marks) -> Self {
        Self {
            said,
            due: Time::NEVER,
            urgent: false,
        }
    }

    pub(super) fn said(&self) -> Marks {
        self.said
    }

    /// The marks may have moved.
    pub(super) fn note(&mut self, now: Time, marks: Marks, (window, delay): (u64, Span)) {
        if marks == self.said {
            return;
        }
        self.due = self.due.min(now + delay);
        let quarter = window / 4;
        self.urgent |= self.due <= now
            || marks.taken - self.said.taken >= quarter
            || marks.stable - self.said.stable >= quarter;
    }

    pub(super) fn due(&self) -> Time {
        if self.urgent { Time::NEVER } else { self.due }
    }

    pub(super) fn timeout(&mut self, now: Time) {
        self.urgent |= self.due <= now;
    }

    /// Whether these marks are to be said now, whatever goes with them.
    pub(super) fn is_urgent(&self, marks: Marks) -> bool {
        self.urgent && marks != self.said
    }

    /// The marks to be said now, if any: with data, or because it is time. What could be said soon
    /// keeps its time.
    pub(super) fn take(
        &mut self,
        (marks, ahead): (Marks, Marks),
        data_follows: bool,
    ) -> Option<Marks> {
        if !self.is_urgent(marks) && (marks == self.said || !data_follows) {
            return None;
        }
        self.said = marks;
        if ahead == marks {
            *self = Self::begin(marks);
        }
        Some(marks)
    }
}
