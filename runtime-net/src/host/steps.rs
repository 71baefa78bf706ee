//! Dying at a named step, as of `kill -9`: for tests of what is left then.
//!
//! A step is a moment in the life of a frame. Each frame has four:
//!
//! - `sending`: the node wants it sent, and has done all that comes before it;
//! - `sent`: it is on its way, and nothing that comes after it is done;
//! - `receiving`: it has come, and the node has not seen it;
//! - `received`: the node has handled it, and nothing that follows from it is done.
//!
//! A launch by an operator has the last two. A node without such an order only looks whether it has
//! one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use sm_core::node::{Input, Output};

/// What has steps: frames in the order of their codes (`docs/WIRE.md`), then launches.
const SUBJECTS: [&str; 17] = [
    "hello", "offer", "accept", "refuse", "state", "prepared", "commit", "done", "lost", "abort",
    "query", "unknown", "copy", "want", "code", "report", "launch",
];

/// The one that is no frame, and is never sent.
const LAUNCH: usize = SUBJECTS.len() - 1;

/// How long a frame may take from the node into the network: a long one waits for acknowledgements
/// on a machine that does other things too. Nothing else gets out meanwhile.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// The step at which a node dies: `sent-commit`, or `sent-commit:3` when it is there the third
/// time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrashAt {
    moment: Moment,
    subject: usize,
    /// How many times the step is still to come, this one included.
    times: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Moment {
    Sending,
    Sent,
    Receiving,
    Received,
}

const MOMENTS: [(&str, Moment); 4] = [
    ("sending-", Moment::Sending),
    ("sent-", Moment::Sent),
    ("receiving-", Moment::Receiving),
    ("received-", Moment::Received),
];

/// There is no such step. Says which there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSuchStep;

impl fmt::Display for NoSuchStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (frames, launch) = (&SUBJECTS[..LAUNCH], SUBJECTS[LAUNCH]);
        f.write_str("a step is `sending-`, `sent-`, `receiving-` or `received-` before one of ")?;
        write!(f, "{}; ", frames.join(", "))?;
        write!(f, "or `receiving-{launch}` or `received-{launch}`; ")?;
        f.write_str("`:3` behind it is the third time")
    }
}

impl std::error::Error for NoSuchStep {}

impl FromStr for CrashAt {
    type Err = NoSuchStep;

    fn from_str(text: &str) -> Result<Self, NoSuchStep> {
        let (step, times) = text.split_once(':').unwrap_or((text, "1"));
        let times = times.parse().ok().filter(|times| *times > 0);
        let parted = |(name, moment)| Some((step.strip_prefix(name)?, moment));
        let (name, moment) = MOMENTS.into_iter().find_map(parted).ok_or(NoSuchStep)?;
        let subject = SUBJECTS.iter().position(|known| *known == name);
        let sends = matches!(moment, Moment::Sending | Moment::Sent);
        Ok(Self {
            moment,
            subject: subject
                .filter(|subject| *subject != LAUNCH || !sends)
                .ok_or(NoSuchStep)?,
            times: times.ok_or(NoSuchStep)?,
        })
    }
}

impl CrashAt {
    /// Whether this is the moment, counting it.
    fn is_now(&mut self, moment: Moment, subject: usize) -> bool {
        let here = (self.moment, self.subject) == (moment, subject);
        self.times = self.times.saturating_sub(u32::from(here));
        here && self.times == 0
    }
}

/// Watches for the step at which the node is to die, if it is to.
#[derive(Debug)]
pub(super) struct Steps {
    at: Option<CrashAt>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Living,
    /// What the node handles now is the last.
    Last,
    /// The last frame is on its way.
    Silent,
}

impl Steps {
    pub(super) fn new(at: Option<CrashAt>) -> Self {
        let phase = Phase::Living;
        Self { at, phase }
    }

    /// The node is about to handle this.
    pub(super) fn before(&mut self, input: &Input<'_>) {
        let Some(at) = &mut self.at else { return };
        let subject = match input {
            Input::Frame(_, frame) | Input::Broadcast(_, frame) => subject(frame),
            Input::Launch(_) => LAUNCH,
            _ => return,
        };
        if at.is_now(Moment::Receiving, subject) {
            die();
        }
        if at.is_now(Moment::Received, subject) {
            self.phase = Phase::Last;
        }
    }

    /// The node has handled it.
    pub(super) fn after(&self) {
        if self.phase == Phase::Last {
            die();
        }
    }

    /// Whether this is still to be done.
    pub(super) fn lets(&mut self, output: &Output) -> bool {
        let Some(at) = &mut self.at else { return true };
        if self.phase == Phase::Silent {
            return false;
        }
        if let Output::Send { bytes, .. } | Output::Broadcast { bytes } = output {
            let subject = subject(bytes);
            if at.is_now(Moment::Sending, subject) {
                die();
            }
            if at.is_now(Moment::Sent, subject) {
                self.phase = Phase::Silent;
                tokio::spawn(async {
                    tokio::time::sleep(ON_ITS_WAY).await;
                    die();
                });
            }
        }
        true
    }
}

/// The kind of a frame is its second byte. What does not decode has no step.
fn subject(frame: &[u8]) -> usize {
    frame.get(1).map_or(usize::MAX, |kind| usize::from(*kind))
}

/// Without a last word, unlike an abort: nothing is flushed, closed or removed.
fn die() -> ! {
    kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
    unreachable!("nobody survives SIGKILL")
}

#[cfg(test)]
mod tests {
    use sm_core::hop::HopError;
    use sm_core::ids::{HopNumber, Incarnation};
    use sm_core::wire::{BareStep, Frame, More};

    use super::*;

    #[test]
    fn steps_have_the_names_of_their_frames() {
        let (incarnation, sequence) = (Incarnation(1), 0);
        let hop = HopNumber {
            incarnation,
            sequence,
        };
        let (bytes, more, missing) = (&[][..], More::Last, Vec::new());
        let reason = HopError::Busy;
        let step = |step| Frame::Step { hop, step };
        let frames = [
            ("hello", Frame::Hello { incarnation }),
            ("accept", Frame::Accept { hop, missing }),
            ("refuse", Frame::Refuse { hop, reason }),
            ("state", Frame::State { hop, bytes, more }),
            ("prepared", Frame::Prepared { hop, incarnation }),
            ("commit", Frame::Commit { hop, incarnation }),
            ("done", step(BareStep::Done)),
            ("lost", step(BareStep::Lost)),
            ("abort", step(BareStep::Abort)),
            ("query", step(BareStep::Query)),
            ("unknown", step(BareStep::Unknown)),
            ("want", Frame::Want(Vec::new())),
            ("code", Frame::Code(Vec::new())),
        ];
        for (name, frame) in frames {
            assert_eq!(SUBJECTS[subject(&frame.encode())], name);
        }
    }

    #[test]
    fn a_step_comes_the_time_that_is_said() {
        let mut at: CrashAt = "received-commit:2".parse().expect("a step");
        assert!(!at.is_now(Moment::Received, 6));
        assert!(!at.is_now(Moment::Receiving, 6));
        assert!(!at.is_now(Moment::Received, 5));
        assert!(at.is_now(Moment::Received, 6));
        assert!("receiving-launch".parse::<CrashAt>().is_ok());
        for none in [
            "",
            "commit",
            "sent-",
            "sent-comit",
            "sent-launch",
            "sent-offer:0",
            "sent-offer:",
        ] {
            assert_eq!(none.parse::<CrashAt>(), Err(NoSuchStep), "{none}");
        }
    }
}
