//! Events as JSON, one object for each, for machines.

use serde_json::{Value, json};
use sm_core::node::{End, Log, Report, Step};
use sm_core::wire::Frame;

use super::text::{connection, describe, describe_mtcp};
use super::{Event, Record};
use crate::value::ShowValue;
use crate::world::Names;

/// An event as a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a> {
    names: &'a Names,
    record: &'a Record,
}

impl<'a> Json<'a> {
    /// The object for an event of a run with these names.
    pub fn new(names: &'a Names, record: &'a Record) -> Self {
        Self { names, record }
    }

    /// `at` is in nanoseconds since the start, `event` says what happened; the other fields depend
    /// on it. Nodes are named as in the network file, messages and launches by all their digits.
    pub fn value(&self) -> Value {
        let mut object = self.event();
        if let Value::Object(fields) = &mut object {
            fields.insert("at".to_owned(), json!(self.record.at.0));
        }
        object
    }

    fn event(&self) -> Value {
        let node = |node| self.names.node(node);
        match &self.record.event {
            Event::NodeUp {
                node: at,
                incarnation,
            } => {
                json!({"event": "node up", "node": node(*at), "boot": incarnation.0})
            }
            Event::NodeDown { node: at, .. } => json!({"event": "node down", "node": node(*at)}),
            Event::SessionUp {
                node: at,
                peer,
                session,
            } => json!({
                "event": "session up", "node": node(*at), "peer": node(*peer), "session": session.0
            }),
            Event::SessionDown {
                node: at,
                peer,
                session,
            } => json!({
                "event": "session down", "node": node(*at), "peer": node(*peer),
                "session": session.0
            }),
            Event::PartitionBegins { partition } => {
                json!({"event": "partition begins", "partition": partition})
            }
            Event::PartitionEnds { partition } => {
                json!({"event": "partition ends", "partition": partition})
            }
            Event::Healed => json!({"event": "healed"}),
            Event::Sent {
                from, to, frame, ..
            } => sized(
                json!({"event": "sent", "from": node(*from), "to": node(*to)}),
                frame,
            ),
            Event::Broadcast { from, frame } => {
                sized(json!({"event": "broadcast", "from": node(*from)}), frame)
            }
            Event::Arrived {
                from, to, frame, ..
            } => sized(
                json!({"event": "arrived", "from": node(*from), "to": node(*to)}),
                frame,
            ),
            Event::Lost { from, to, bytes } => json!({
                "event": "lost", "from": node(*from), "to": node(*to), "bytes": bytes
            }),
            Event::Mtcp { .. } | Event::Connection { .. } => self.connection(),
            _ => self.told(),
        }
    }

    /// What ends of client connections do.
    fn connection(&self) -> Value {
        let node = |node| self.names.node(node);
        match &self.record.event {
            Event::Mtcp { from, to, frame } => json!({
                "event": "mtcp frame", "from": node(*from), "to": node(*to),
                "frame": describe_mtcp(frame), "bytes": frame.len()
            }),
            Event::Connection { node: at, step } => json!({
                "event": "connection", "node": node(*at), "step": connection(self.names, step)
            }),
            _ => Value::Null,
        }
    }

    /// What nodes and messages tell.
    fn told(&self) -> Value {
        let node = |node| self.names.node(node);
        match &self.record.event {
            Event::Stored { node: at, token } => {
                json!({"event": "stored", "node": node(*at), "batch": token.0})
            }
            Event::Launched {
                node: at,
                launch,
                message,
            } => json!({
                "event": "launched", "node": node(*at), "launch": launch.to_string(),
                "message": message.to_string()
            }),
            Event::Ran {
                node: at,
                message,
                fuel,
            } => json!({
                "event": "ran", "node": node(*at), "message": message.to_string(), "fuel": fuel
            }),
            Event::Print {
                node: at,
                message,
                launch,
                text,
            } => json!({
                "event": "print", "node": node(*at), "message": message.to_string(),
                "launch": launch.to_string(), "text": text
            }),
            Event::IoWrite {
                node: at,
                message,
                tag,
                value,
            } => json!({
                "event": "io write", "node": node(*at), "message": message.to_string(),
                "tag": self.names.tag(tag),
                "value": ShowValue { names: self.names, tag, value }.to_string()
            }),
            Event::Report { node: at, report } => {
                let mut object = self.report(report);
                object["event"] = json!("report");
                object["node"] = json!(node(*at));
                object
            }
            Event::Log { node: at, log } => {
                let mut object = self.log(log);
                object["event"] = json!("log");
                object["node"] = json!(node(*at));
                object
            }
            Event::Step { node: at, trace } => {
                let mut object = self.step(&trace.step);
                object["node"] = json!(node(*at));
                object["message"] = json!(trace.message.to_string());
                object
            }
            _ => json!({}),
        }
    }

    fn step(&self, step: &Step) -> Value {
        let key = |key| self.names.key(key);
        match step {
            Step::Launched => json!({"event": "begins"}),
            Step::Spawned { parent } => json!({"event": "spawned", "parent": parent.to_string()}),
            Step::Leaving { to } => json!({"event": "leaving", "to": key(*to)}),
            Step::Carried => json!({"event": "carried"}),
            Step::CarriedAway => json!({"event": "carried away"}),
            Step::Left { to } => json!({"event": "left", "to": key(*to)}),
            Step::Arrived { from, epoch } => {
                json!({"event": "arrives", "from": key(*from), "epoch": epoch.0})
            }
            Step::Stayed { error } => json!({"event": "stayed", "error": format!("{error:?}")}),
            Step::CopiesSent { neighbors } => {
                json!({"event": "copies sent", "neighbors": neighbors})
            }
            Step::CopyArrived { of, from } => {
                json!({"event": "copy arrives", "of": of.to_string(), "from": key(*from)})
            }
            Step::TagWritten {
                display,
                tag,
                value,
            } => json!({
                "event": "tag written", "tag": display,
                "value": ShowValue { names: self.names, tag, value }.to_string()
            }),
            Step::TagDeleted { display, .. } => json!({"event": "tag deleted", "tag": display}),
            Step::TagExpired { tag } => {
                json!({"event": "tag expired", "tag": self.names.tag(tag)})
            }
            Step::Blocked { display, .. } => json!({"event": "blocked", "tag": display}),
            Step::Woken => json!({"event": "woken"}),
            Step::Ended(end) => {
                let mut object = outcome(end);
                object["event"] = json!("ended");
                object
            }
        }
    }

    fn report(&self, report: &Report) -> Value {
        let mut object = outcome(&report.end);
        object["message"] = json!(report.message.to_string());
        object["launch"] = json!(report.launch.to_string());
        object["where"] = json!(self.names.key(report.at));
        object
    }

    fn log(&self, log: &Log) -> Value {
        match log {
            Log::Refused { from, reason } => {
                json!({"log": "refused", "from": self.names.key(*from), "reason": reason})
            }
            Log::NoSession { session } => json!({"log": "no session", "session": session.0}),
            Log::BadRecord { reason } => json!({"log": "bad record", "reason": reason}),
            Log::ReportDropped(report) => {
                let mut object = self.report(report);
                object["log"] = json!("report dropped");
                object
            }
            Log::LeftOut { message, left_out } => {
                json!({"log": "left out", "message": message.to_string(), "count": left_out})
            }
            Log::Trapped(report) => {
                let mut object = self.report(report);
                object["log"] = json!("trapped");
                object
            }
            Log::CopyDropped { from, reason } => {
                json!({"log": "copy dropped", "from": self.names.key(*from), "reason": reason})
            }
        }
    }
}

/// How a message ended.
fn outcome(end: &End) -> Value {
    match end {
        End::Done { .. } => json!({"outcome": "done"}),
        End::Trap { kind, message, .. } => {
            json!({"outcome": "trap", "kind": kind, "reason": message})
        }
        End::Killed(kill) => json!({"outcome": "killed", "reason": kill.to_string()}),
    }
}

fn sized(mut object: Value, bytes: &[u8]) -> Value {
    if let Ok(frame) = Frame::decode(bytes) {
        let (name, about) = describe(&frame);
        object["frame"] = json!(name);
        object["about"] = json!(about);
    }
    object["bytes"] = json!(bytes.len());
    object
}
