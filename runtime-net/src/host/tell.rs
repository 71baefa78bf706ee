//! What a node tells of what happens, in the words of the control protocol.

use sm_bytecode::TrapKind;
use sm_core::hop::HopError;
use sm_core::ids::{MessageId, NodeId};
use sm_core::node::{End, Log, Output, Report, Step, Trace};

use super::Host;
use super::faults::{Fault, Telling};
use crate::control::protocol::{self, Event, Name, TagName, What};

impl Host {
    /// Tells of something that no message did.
    pub(super) fn tell(&mut self, what: What) {
        self.tell_of(MessageId::default(), what);
    }

    pub(super) fn told(&mut self, output: Output) {
        match output {
            Output::Print {
                message,
                launch,
                text,
            } => {
                self.watchers.remember(message, launch);
                self.tell_of(message, What::Printed(text));
            }
            Output::Report(report) => self.reported(report),
            Output::Log(Log::Trapped(report)) => self.trapped(report),
            Output::Log(log) => self.logged(&log),
            Output::Trace(trace) => self.stepped(trace),
            _ => {}
        }
    }

    fn reported(&mut self, report: Report) {
        self.watchers.remember(report.message, report.launch);
        let what = What::Reported {
            at: report.at.0,
            end: end(report.end),
        };
        self.tell_of(report.message, what);
    }

    /// A message died here: who follows it sees it end, and the operator reads why.
    fn trapped(&mut self, report: Report) {
        let text = self.log(&Log::Trapped(report));
        let what = What::Note(text);
        (self.listener)(&Event {
            at: self.clock.now().0,
            message: MessageId::default().0,
            launch: None,
            what,
        });
    }

    fn stepped(&mut self, trace: Trace) {
        // An end is told to the operator as well, the rest only to who follows.
        if self.watchers.is_empty() && !matches!(trace.step, Step::Ended(_)) {
            return;
        }
        if let Some(launch) = self.node.launch_of_message(&trace.message) {
            self.watchers.remember(trace.message, launch);
        }
        let what = self.step(trace.step);
        self.tell_of(trace.message, what);
    }

    fn tell_of(&mut self, message: MessageId, what: What) {
        let event = Event {
            at: self.clock.now().0,
            message: message.0,
            launch: self.watchers.launch_of(&message),
            what,
        };
        (self.listener)(&event);
        if !self.watchers.is_empty() {
            self.watchers.tell(&event);
        }
    }

    fn step(&self, step: Step) -> What {
        match step {
            Step::Launched => What::Launched,
            Step::Spawned { parent } => What::Spawned(parent.0),
            Step::Leaving { to } => What::Leaving(to.0),
            Step::Carried => What::Launched,
            Step::CarriedAway => What::Note("it has moved with its connection".to_owned()),
            Step::Left { to } => What::Left(to.0),
            Step::Arrived { from, .. } => What::Arrived(from.0),
            Step::Stayed { error } => What::Stayed(hop_error(error).to_owned()),
            Step::CopiesSent { neighbors } => What::CopiesSent(neighbors as u64),
            Step::CopyArrived { of, from } => What::CopyArrived {
                of: of.0,
                from: from.0,
            },
            Step::TagWritten {
                display,
                tag,
                value,
            } => {
                let now = self.clock.now();
                let found = self.node.tags().get(now, &tag);
                What::TagWritten {
                    descriptor: found.map(|tag| tag.descriptor.to_vec()).unwrap_or_default(),
                    tag: tag_name(&tag),
                    display,
                    value,
                }
            }
            Step::TagDeleted { display, tag } => What::TagGone {
                tag: tag_name(&tag),
                display: Some(display),
            },
            Step::TagExpired { tag } => What::TagGone {
                tag: tag_name(&tag),
                display: None,
            },
            Step::Blocked { display, .. } => What::Blocked(display),
            Step::Woken => What::Woken,
            Step::Ended(how) => What::Ended(end(how)),
        }
    }

    /// A neighbor has come or gone.
    pub(super) fn tell_of_link(&mut self, peer: NodeId, what: What) {
        let telling = self.faults.note(self.clock.now(), Fault::Link, peer);
        let name = self.name_of(&peer.0);
        match telling {
            Telling::Untold => return,
            Telling::Told(0) | Telling::Last => {}
            Telling::Told(untold) => self.tell(What::Note(format!(
                "{name} came or went {untold} times since that was told"
            ))),
        }
        self.tell(what);
        if telling == Telling::Last {
            let text = format!("{name} comes and goes: no more is told of it for a while");
            self.tell(What::Note(text));
        }
    }

    fn logged(&mut self, log: &Log) {
        let nobody = NodeId([0; 32]);
        let (fault, peer) = match log {
            Log::Refused { from, .. } => (Fault::Refused, *from),
            Log::CopyDropped { from, .. } => (Fault::Copy, *from),
            Log::NoSession { .. } => (Fault::Late, nobody),
            Log::ReportDropped(_) => (Fault::Report, nobody),
            // Once at the start for each, and nobody outside writes records.
            Log::BadRecord { .. } | Log::LeftOut { .. } | Log::Trapped(_) => {
                return self.tell(What::Note(self.log(log)));
            }
        };
        let text = self.log(log);
        match self.faults.note(self.clock.now(), fault, peer) {
            Telling::Untold => {}
            Telling::Told(0) | Telling::Last => self.tell(What::Note(text)),
            Telling::Told(untold) => {
                let text = format!("{text} (and {untold} more since that was told)");
                self.tell(What::Note(text));
            }
        }
    }

    fn log(&self, log: &Log) -> String {
        match log {
            Log::Refused { from, reason } => {
                format!("refused what {} sent: {reason}", self.name_of(&from.0))
            }
            Log::NoSession { .. } => "a frame came in a session that is over".to_owned(),
            Log::BadRecord { reason } => format!("a stored record cannot be read: {reason}"),
            Log::ReportDropped(report) => format!(
                "the end of message {} could not be reported to its home",
                &report.message.to_string()[..12]
            ),
            Log::CopyDropped { from, reason } => {
                format!("dropped a copy from {}: {reason}", self.name_of(&from.0))
            }
            Log::LeftOut { message, left_out } => {
                let message = &message.to_string()[..12];
                format!("message {message} put out too much in one turn: {left_out} are left out")
            }
            Log::Trapped(report) => {
                let message = &report.message.to_string()[..12];
                format!("message {message} died of a trap: {}", why(&report.end))
            }
        }
    }

    /// A node as people here call it, or the first digits of its key.
    pub(super) fn name_of(&self, key: &Name) -> String {
        let id = sm_core::ids::NodeId(*key);
        match self.names.get(&id) {
            Some(name) => name.clone(),
            None => id.to_string()[..12].to_owned(),
        }
    }
}

pub(super) fn tag_name(name: &sm_core::tags::TagName) -> TagName {
    TagName {
        base: name.base,
        key: name.key.to_vec(),
    }
}

/// What a program said about a trap, or which one it is.
fn why(end: &End) -> String {
    match end {
        End::Trap {
            message: Some(said),
            ..
        } => said.clone(),
        End::Trap { kind, .. } => {
            let kind = TrapKind::from_code(*kind);
            kind.map_or_else(String::new, |kind| kind.to_string())
        }
        End::Done { .. } | End::Killed(_) => String::new(),
    }
}

/// As programs see it.
fn hop_error(error: HopError) -> &'static str {
    match error {
        HopError::NoNeighbors => "NoNeighbors",
        HopError::Unreachable => "Unreachable",
        HopError::Timeout => "Timeout",
        HopError::Refused => "Refused",
        HopError::Busy => "Busy",
        HopError::Quota => "Quota",
        HopError::Version => "Version",
        HopError::HopLimit => "HopLimit",
    }
}

fn end(end: End) -> protocol::End {
    match end {
        End::Done { ty, value } => protocol::End::Done { ty: ty.0, value },
        End::Trap {
            kind,
            message,
            frames,
        } => protocol::End::Trap {
            kind,
            message,
            frames: frames
                .into_iter()
                .map(|frame| (frame.brick, frame.function, frame.pc))
                .collect(),
        },
        End::Killed(kill) => protocol::End::Killed(kill.code(), kill.to_string()),
    }
}
