//! What happens on nodes, in words and as JSON. The words are those of `smc run --net --trace`.

use serde_json::{Value as Json, json};
use sm_bytecode::TrapKind;
use sm_compiler::diagnostic::render::clean;
use sm_core::ids::Span;
use sm_net::control::protocol::{Doing, End, Event, What};
use sm_sim::network::show_span;

use super::names::{Names, hex, short};
use super::tags::{self, TagNames};

/// What is needed to speak of things by their names.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    pub(crate) nodes: Names,
    pub(crate) tags: TagNames,
}

/// `12.5ms`, `1.25s`.
pub(crate) fn span(nanos: u64) -> String {
    show_span(Span(nanos))
}

/// How a message ended.
pub(crate) fn end(end: &End) -> String {
    match end {
        End::Done { .. } => "is done".to_owned(),
        End::Trap {
            message: Some(message),
            ..
        } => format!("traps: {message}"),
        End::Trap { kind, .. } => match TrapKind::from_code(*kind) {
            Some(kind) => format!("traps: {kind}"),
            None => format!("traps ({kind})"),
        },
        End::Killed(_, reason) => format!("is ended: {reason}"),
    }
}

/// What a message does, in the present.
pub(crate) fn doing(nodes: &Names, doing: &Doing) -> String {
    match doing {
        Doing::Ready => "runs".to_owned(),
        Doing::Blocked(None) => "sleeps".to_owned(),
        Doing::Blocked(Some(left)) => format!("sleeps, {} at most", span(*left)),
        Doing::Moving(None) => "moves".to_owned(),
        Doing::Moving(Some(to)) => format!("moves to {}", nodes.node(to)),
        Doing::InDoubt(peer) => format!("hop with {} in doubt", nodes.node(peer)),
    }
}

impl Teller {
    /// What happened, after the name of the message, if one did it.
    pub(crate) fn words(&mut self, event: &Event) -> String {
        let message = if event.message == [0; 32] {
            String::new()
        } else {
            format!("{} ", short(&event.message))
        };
        if let What::Reported { at, end: how } = &event.what {
            let at = self.nodes.node(at);
            return clean(&format!("learns that {message}at {at} {}", end(how)));
        }
        clean(&format!("{message}{}", self.what(&event.what)))
    }

    fn what(&mut self, what: &What) -> String {
        let node = |key| self.nodes.node(key);
        match what {
            What::Launched => "begins".to_owned(),
            What::Spawned(parent) => format!("is spawned by {}", short(parent)),
            What::Leaving(to) => format!("wants to go to {}", node(to)),
            What::Left(to) => format!("has gone to {}", node(to)),
            What::Arrived(from) => format!("arrives from {}", node(from)),
            What::Stayed(error) => format!("stays: {error}"),
            What::CopiesSent(1) => "goes on as a copy at 1 neighbor".to_owned(),
            What::CopiesSent(count) => format!("goes on as a copy at {count} neighbors"),
            What::CopyArrived { of, from } => {
                format!("is a copy of {} from {}", short(of), node(from))
            }
            What::TagWritten {
                tag,
                display,
                descriptor,
                value,
            } => {
                let name = self.tags.learn(tag, display, descriptor);
                let value = tags::shown_with(&self.nodes, descriptor, value);
                format!("writes {name} = {value}")
            }
            What::TagGone { tag, display } => {
                let name = self.tags.known(tag, display.as_deref());
                format!("sees {name} disappear")
            }
            What::Blocked(tag) => format!("sleeps on {tag}"),
            What::Woken => "wakes".to_owned(),
            What::Printed(text) => format!("prints: {text}"),
            What::Ended(how) => end(how),
            What::Reported { at, end: how } => format!("ended at {}: {}", node(at), end(how)),
            What::Linked(key) => format!("is linked with {}", node(key)),
            What::Unlinked { key, reason } => {
                format!("is no longer linked with {}: {reason}", node(key))
            }
            What::Note(text) => text.clone(),
        }
    }

    /// The same for programs: what is a name there is whole here.
    pub(crate) fn json(&mut self, node: &str, event: &Event) -> Json {
        let mut object = match &event.what {
            What::Launched => json!({ "what": "launched" }),
            What::Spawned(parent) => json!({ "what": "spawned", "by": hex(parent) }),
            What::Leaving(to) => json!({ "what": "leaving", "to": hex(to) }),
            What::Left(to) => json!({ "what": "left", "to": hex(to) }),
            What::Arrived(from) => json!({ "what": "arrived", "from": hex(from) }),
            What::Stayed(error) => json!({ "what": "stayed", "error": error }),
            What::CopiesSent(count) => json!({ "what": "copies_sent", "neighbors": count }),
            What::CopyArrived { of, from } => {
                json!({ "what": "copy_arrived", "of": hex(of), "from": hex(from) })
            }
            What::TagWritten {
                tag,
                display,
                descriptor,
                value,
            } => json!({
                "what": "tag_written",
                "tag": self.tags.learn(tag, display, descriptor),
                "value": tags::shown(descriptor, value),
            }),
            What::TagGone { tag, display } => json!({
                "what": "tag_gone",
                "tag": self.tags.known(tag, display.as_deref()),
            }),
            What::Blocked(tag) => json!({ "what": "blocked", "tag": tag }),
            What::Woken => json!({ "what": "woken" }),
            What::Printed(text) => json!({ "what": "printed", "text": text }),
            What::Ended(how) => json!({ "what": "ended", "end": end(how) }),
            What::Reported { at, end: how } => {
                json!({ "what": "reported", "at_node": hex(at), "end": end(how) })
            }
            What::Linked(key) => json!({ "what": "linked", "key": hex(key) }),
            What::Unlinked { key, reason } => {
                json!({ "what": "unlinked", "key": hex(key), "reason": reason })
            }
            What::Note(text) => json!({ "what": "note", "text": text }),
        };
        object["node"] = json!(node);
        object["node_nanos"] = json!(event.at);
        if event.message != [0; 32] {
            object["message"] = json!(hex(&event.message));
        }
        if let Some(launch) = &event.launch {
            object["launch"] = json!(hex(launch));
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use sm_bytecode::{Type, TypeIx, TypeTable};
    use sm_net::control::protocol::TagName;
    use sm_vm::Value;

    use super::*;

    #[test]
    fn a_route_leads_to_a_name() {
        let hop = TypeTable::from_types(vec![Type::Hop]);
        let written = |key: [u8; 32]| Event {
            at: 0,
            message: [0; 32],
            launch: None,
            what: What::TagWritten {
                tag: TagName {
                    base: [1; 32],
                    key: Vec::new(),
                },
                display: "way".to_owned(),
                descriptor: hop.descriptor(TypeIx(0)).expect("a descriptor"),
                value: sm_vm::value::encode(&Value::Hop(key), &hop, TypeIx(0)).expect("a value"),
            },
        };
        let mut teller = Teller::default();
        teller.nodes.add([7; 32], "shore".to_owned());
        assert_eq!(teller.words(&written([7; 32])), "writes way = shore");
        let unknown = teller.words(&written([8; 32]));
        assert!(unknown.contains("0808"), "{unknown}");
    }
}
