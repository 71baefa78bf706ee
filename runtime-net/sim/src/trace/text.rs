//! Events as lines for people: `12.5ms  n1 -> n2  m3f2a hops`.

use std::fmt;

use sm_core::ids::{MessageId, NodeId, Time};
use sm_core::node::{End, Log, Report, Step};
use sm_core::wire::{BareStep, Frame};

use super::{Event, Record};
use crate::mtcp;
use crate::network::NodeIx;
use crate::reading::show_span;
use crate::value::ShowValue;
use crate::world::Names;

/// An event as a line of text.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    names: &'a Names,
    record: &'a Record,
}

impl<'a> Text<'a> {
    /// The line for an event of a run with these names.
    pub fn new(names: &'a Names, record: &'a Record) -> Self {
        Self { names, record }
    }

    fn node(&self, node: NodeIx) -> &str {
        self.names.node(node)
    }

    fn key(&self, key: NodeId) -> &str {
        self.names.key(key)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  ", show_span(self.record.at.since(Time::ZERO)))?;
        match &self.record.event {
            Event::NodeUp { node, incarnation } => {
                write!(f, "{} starts (boot {})", self.node(*node), incarnation.0)
            }
            Event::NodeDown { node, .. } => write!(f, "{} crashes", self.node(*node)),
            Event::SessionUp {
                node,
                peer,
                session,
            } => {
                write!(
                    f,
                    "{} <> {}  session {} begins",
                    self.node(*node),
                    self.node(*peer),
                    session.0
                )
            }
            Event::SessionDown {
                node,
                peer,
                session,
            } => {
                write!(
                    f,
                    "{} <> {}  session {} is over",
                    self.node(*node),
                    self.node(*peer),
                    session.0
                )
            }
            Event::PartitionBegins { partition } => write!(f, "partition {partition} begins"),
            Event::PartitionEnds { partition } => write!(f, "partition {partition} ends"),
            Event::Healed => f.write_str("nothing goes wrong from here on"),
            Event::Sent {
                from, to, frame, ..
            } => {
                write!(f, "{} -> {}  sends ", self.node(*from), self.node(*to))?;
                write_frame(f, frame)
            }
            Event::Broadcast { from, frame } => {
                write!(f, "{} -> all  sends ", self.node(*from))?;
                write_frame(f, frame)
            }
            Event::Arrived {
                from, to, frame, ..
            } => {
                write!(f, "{} -> {}  gets ", self.node(*from), self.node(*to))?;
                write_frame(f, frame)
            }
            Event::Lost { from, to, bytes } => {
                write!(
                    f,
                    "{} -> {}  lost {}",
                    self.node(*from),
                    self.node(*to),
                    size(*bytes)
                )
            }
            Event::Stored { node, token } => {
                write!(f, "{}  stored batch {}", self.node(*node), token.0)
            }
            Event::Launched { node, message, .. } => {
                write!(f, "{}  {} is launched", self.node(*node), short(message))
            }
            Event::Ran {
                node,
                message,
                fuel,
            } => {
                write!(
                    f,
                    "{}  {} runs for {fuel}",
                    self.node(*node),
                    short(message)
                )
            }
            Event::Step { node, trace } => {
                write!(f, "{}  {} ", self.node(*node), short(&trace.message))?;
                self.step(f, &trace.step)
            }
            Event::Print {
                node,
                message,
                text,
                ..
            } => {
                write!(f, "{}  {} prints: {text}", self.node(*node), short(message))
            }
            Event::IoWrite {
                node, message, tag, ..
            } => {
                let tag = self.names.tag(tag);
                write!(
                    f,
                    "{}  {} tells the driver of {tag}",
                    self.node(*node),
                    short(message)
                )
            }
            Event::Report { node, report } => {
                write!(f, "{}  learns that ", self.node(*node))?;
                self.report(f, report)
            }
            Event::Mtcp { from, to, frame } => {
                let name = describe_mtcp(frame);
                let (from, to) = (self.node(*from), self.node(*to));
                write!(f, "{from} -> {to}  writes {name} {}", size(frame.len()))
            }
            Event::Connection { node, step } => {
                write!(f, "{}  {}", self.node(*node), connection(self.names, step))
            }
            Event::Log { node, log } => {
                write!(f, "{}  ", self.node(*node))?;
                self.log(f, log)
            }
        }
    }
}

impl Text<'_> {
    fn step(&self, f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
        match step {
            Step::Launched => f.write_str("begins"),
            Step::Spawned { parent } => write!(f, "is spawned by {}", short(parent)),
            Step::Leaving { to } => write!(f, "wants to go to {}", self.key(*to)),
            Step::Carried => f.write_str("goes on with its connection"),
            Step::CarriedAway => f.write_str("has gone with its connection"),
            Step::Left { to } => write!(f, "has gone to {}", self.key(*to)),
            Step::Arrived { from, epoch } => {
                write!(f, "arrives from {}, hop {}", self.key(*from), epoch.0)
            }
            Step::Stayed { error } => write!(f, "stays: {error:?}"),
            Step::CopiesSent { neighbors: 1 } => f.write_str("goes on as a copy at 1 neighbor"),
            Step::CopiesSent { neighbors } => {
                write!(f, "goes on as a copy at {neighbors} neighbors")
            }
            Step::CopyArrived { of, from } => {
                write!(f, "is a copy of {} from {}", short(of), self.key(*from))
            }
            Step::TagWritten {
                display,
                tag,
                value,
            } => {
                let value = ShowValue {
                    names: self.names,
                    tag,
                    value,
                };
                write!(f, "writes {display} = {value}")
            }
            Step::TagDeleted { display, .. } => write!(f, "deletes {display}"),
            Step::TagExpired { tag } => write!(f, "sees {} expire", self.names.tag(tag)),
            Step::Blocked { display, .. } => write!(f, "sleeps on {display}"),
            Step::Woken => f.write_str("wakes"),
            Step::Ended(end) => write_end(f, end),
        }
    }

    fn report(&self, f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
        write!(f, "{} at {} ", short(&report.message), self.key(report.at))?;
        write_end(f, &report.end)
    }

    fn log(&self, f: &mut fmt::Formatter<'_>, log: &Log) -> fmt::Result {
        match log {
            Log::Refused { from, reason } => {
                write!(f, "refuses what {} sent: {reason}", self.key(*from))
            }
            Log::NoSession { session } => write!(f, "knows of no session {}", session.0),
            Log::BadRecord { reason } => write!(f, "cannot read its own record: {reason}"),
            Log::ReportDropped(report) => {
                f.write_str("cannot pass on that ")?;
                self.report(f, report)
            }
            Log::CopyDropped { from, reason } => {
                write!(f, "drops a copy from {}: {reason}", self.key(*from))
            }
            Log::LeftOut { message, left_out } => {
                write!(
                    f,
                    "leaves out {left_out} of what {} put out",
                    short(message)
                )
            }
            Log::Trapped(report) => {
                f.write_str("notes that ")?;
                self.report(f, report)
            }
        }
    }
}

/// The first four hexadecimal digits of a message's name.
pub(super) fn short(message: &MessageId) -> String {
    let [first, second, ..] = message.0;
    format!("m{first:02x}{second:02x}")
}

fn write_end(f: &mut fmt::Formatter<'_>, end: &End) -> fmt::Result {
    match end {
        End::Done { .. } => f.write_str("is done"),
        End::Trap {
            kind,
            message: None,
            ..
        } => write!(f, "traps ({kind})"),
        End::Trap {
            message: Some(message),
            ..
        } => write!(f, "traps: {message}"),
        End::Killed(kill) => write!(f, "is ended: {kill}"),
    }
}

/// A number of bytes as people read it.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn write_frame(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    match Frame::decode(bytes) {
        Ok(frame) => {
            let (name, about) = describe(&frame);
            write!(f, "{name} ")?;
            about.iter().try_for_each(|about| write!(f, "{about} "))?;
        }
        Err(error) => write!(f, "garbage ({error}) ")?,
    }
    f.write_str(&size(bytes.len()))
}

/// What an end of a connection did.
pub(super) fn connection(names: &Names, step: &mtcp::Step) -> String {
    use mtcp::Step as S;
    match step {
        S::Tries(to, epoch) => format!("tries {}, epoch {}", names.node(*to), epoch.0),
        S::Attached(to) => format!("is attached to {}", names.node(*to)),
        S::Detached(reason) => format!("is attached nowhere: {reason}"),
        S::Ended(end) => format!("has ended: {end:?}"),
        S::Starts(epoch) => format!("runs the service, epoch {}", epoch.0),
        S::Freezes => "freezes the connection".to_owned(),
        S::Thaws => "thaws the connection".to_owned(),
        S::Stops(end) => format!("stops the service: {end:?}"),
        S::Confirmed(epoch) => format!("has the client, epoch {}", epoch.0),
        S::Forgets => "forgets the connection".to_owned(),
        S::Pauses => "halts".to_owned(),
        S::GoesOn => "goes on".to_owned(),
        S::Drains => "drains".to_owned(),
    }
}

/// A frame of M-TCP, as it is named in code.
pub(super) fn describe_mtcp(bytes: &[u8]) -> String {
    match sm_core::mtcp::wire::Frame::decode(bytes) {
        Ok(Some((frame, _))) => {
            let shown = format!("{frame:?}");
            let name = shown.split([' ', '(']).next();
            name.unwrap_or_default().to_uppercase()
        }
        Ok(None) | Err(_) => "garbage".to_owned(),
    }
}

/// The name of a frame, and the message or hop that it is about.
pub(super) fn describe(frame: &Frame<'_>) -> (&'static str, Option<String>) {
    let number = |hop: &sm_core::ids::HopNumber| Some(format!("hop {}", hop.sequence));
    match frame {
        Frame::Hello { .. } => ("HELLO", None),
        Frame::Offer(offer) => ("OFFER", Some(short(&offer.envelope.message))),
        Frame::Accept { hop, .. } => ("ACCEPT", number(hop)),
        Frame::Refuse { hop, .. } => ("REFUSE", number(hop)),
        Frame::State { hop, .. } => ("STATE", number(hop)),
        Frame::Prepared { hop, .. } => ("PREPARED", number(hop)),
        Frame::Commit { hop, .. } => ("COMMIT", number(hop)),
        Frame::Step { hop, step } => (
            match step {
                BareStep::Done => "DONE",
                BareStep::Lost => "LOST",
                BareStep::Abort => "ABORT",
                BareStep::Query => "QUERY",
                BareStep::Unknown => "UNKNOWN",
            },
            number(hop),
        ),
        Frame::Copy(copy) => ("COPY", Some(short(&copy.envelope.message))),
        Frame::Want(_) => ("WANT", None),
        Frame::Code(_) => ("CODE", None),
        Frame::Report { report, .. } => ("REPORT", Some(short(&report.message))),
    }
}
