//! Doing what nodes want done.

use std::sync::Arc;

use sm_core::engine::Engine;
use sm_core::ids::{MessageId, SessionId, StoreToken};
use sm_core::node::{Output, Report, Step, Trace};
use sm_core::tags::TagName;
use sm_core::wire::Route;

use super::Simulation;
use super::queue::NodeDue;
use super::turns::Input;
use crate::limits;
use crate::link::{Effects, StreamKey};
use crate::network::{Memory, NodeIx};
use crate::trace::Event;

impl<E: Engine> Simulation<E> {
    /// Does everything that a node has put out, in order.
    pub(super) fn drain(&mut self, node: NodeIx) {
        while let Some(output) = self.hosts[node.at()].output() {
            self.output(node, output);
        }
    }

    fn output(&mut self, node: NodeIx, output: Output) {
        match output {
            Output::Send { session, bytes } => self.send(node, session, bytes),
            Output::Broadcast { bytes } => self.broadcast(node, bytes),
            Output::Close { session } => self.close(node, session),
            Output::Store { token, batch } => self.store(node, token, batch),
            Output::Print {
                message,
                launch,
                text,
            } => {
                self.note(Event::Print {
                    node,
                    message,
                    launch,
                    text,
                });
            }
            Output::IoWrite {
                tag,
                value,
                message,
            } => self.io_write(node, message, tag, value),
            // Simulated clients connect to services of their own.
            Output::Connection { .. } => {}
            Output::Report(report) => self.reported(node, report),
            Output::Log(log) => self.note(Event::Log { node, log }),
            Output::Trace(trace) => self.stepped(node, trace),
        }
    }

    fn send(&mut self, from: NodeIx, session: SessionId, bytes: Vec<u8>) {
        // A session that the node has not yet heard the end of is found; any other is over.
        let Some((link, side)) = self.links.find(from, session) else {
            return;
        };
        let to = self.links.node(link, side.other());
        let frame: Arc<[u8]> = bytes.into();
        self.note(Event::Sent {
            from,
            to,
            session,
            frame: frame.clone(),
        });
        let mut effects = Effects::default();
        let stream = stream_of(&frame);
        self.links.send(
            self.now,
            (link, side),
            session,
            (stream, frame),
            &mut effects,
        );
        self.perform(effects);
    }

    fn broadcast(&mut self, from: NodeIx, bytes: Vec<u8>) {
        let frame: Arc<[u8]> = bytes.into();
        self.note(Event::Broadcast {
            from,
            frame: frame.clone(),
        });
        let mut effects = Effects::default();
        for place in 0..self.links.of(from).len() {
            let end = self.links.of(from)[place];
            self.links
                .broadcast(self.now, end, frame.clone(), &mut effects);
        }
        self.perform(effects);
    }

    fn close(&mut self, node: NodeIx, session: SessionId) {
        if let Some(end) = self.links.find(node, session) {
            let mut effects = Effects::default();
            self.links
                .close(self.now, end, limits::CLOSED, &mut effects);
            self.perform(effects);
        }
    }

    fn store(&mut self, node: NodeIx, token: StoreToken, batch: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        let host = &mut self.hosts[node.at()];
        match host.store.memory {
            Memory::Kept => {
                host.store.put(token, batch);
                self.write(node);
            }
            // Without durable memory there is nothing to wait for.
            Memory::Lost => {
                host.feed(self.now, Input::Stored(token), &self.names);
                self.note(Event::Stored { node, token });
            }
        }
    }

    /// Begins the next write of a node's store, if there is one to begin.
    fn write(&mut self, node: NodeIx) {
        if let Some(span) = self.hosts[node.at()].store.begin() {
            self.push_node(self.now + span, node, NodeDue::Stored);
        }
    }

    /// A write is done.
    pub(super) fn stored(&mut self, node: NodeIx) {
        for token in self.hosts[node.at()].store.complete() {
            self.note(Event::Stored { node, token });
            self.input(node, Input::Stored(token));
        }
        self.write(node);
    }

    fn io_write(&mut self, node: NodeIx, message: MessageId, tag: TagName, value: Vec<u8>) {
        let tags = &self.hosts[node.at()].tags;
        let found = tags.iter().position(|known| *known.name() == tag);
        let driver = found.and_then(|index| Some((index, tags[index].driver.as_ref()?.every)));
        if let Some((index, delay)) = driver {
            let due = NodeDue::Io {
                tag: index,
                value: value.clone(),
                next: usize::MAX,
            };
            self.push_node(self.now + delay, node, due);
        }
        self.note(Event::IoWrite {
            node,
            message,
            tag,
            value,
        });
    }

    fn reported(&mut self, node: NodeIx, report: Report) {
        if let Some(status) = self.launches.get_mut(&report.launch) {
            if report.message == status.message && status.ended.is_none() {
                status.ended = Some(self.now);
                status.after = Some(self.totals);
            }
            status.reports.push(report.clone());
        }
        self.note(Event::Report { node, report });
    }

    fn stepped(&mut self, node: NodeIx, trace: Trace) {
        if matches!(trace.step, Step::Arrived { .. } | Step::CopiesSent { .. }) {
            let mut launches = self.launches.values_mut();
            if let Some(status) = launches.find(|status| status.message == trace.message) {
                status.moved(node, &trace.step);
            }
        }
        let host = &mut self.hosts[node.at()];
        match &trace.step {
            Step::TagWritten { display, tag, .. } => {
                host.tags_changed = true;
                if !self.names.knows(tag) {
                    let local = host.local(self.now);
                    let found = host
                        .node
                        .as_ref()
                        .and_then(|node| node.tags().get(local, tag));
                    if let Some(found) = found {
                        self.names.learn(tag, display, &found.descriptor);
                    }
                }
            }
            Step::TagDeleted { .. } | Step::TagExpired { .. } => host.tags_changed = true,
            _ => {}
        }
        self.note(Event::Step { node, trace });
    }

    /// The next value of a tag that a driver keeps.
    pub(super) fn schedule_io(&mut self, node: NodeIx, tag: usize, next: usize) {
        let Some(driver) = &self.hosts[node.at()].tags[tag].driver else {
            return;
        };
        let Some(value) = driver.series.get(next) else {
            return;
        };
        let (value, at) = (value.clone(), self.now + driver.every);
        self.push_node(
            at,
            node,
            NodeDue::Io {
                tag,
                value,
                next: next + 1,
            },
        );
    }
}

/// A driver may give each hop a stream of its own: all that a node asks for is that the frames of
/// one hop keep their order.
fn stream_of(frame: &[u8]) -> StreamKey {
    match Route::of(frame) {
        Route::Hop(hop, _) => StreamKey::Ordered(hop),
        Route::Session | Route::Copy => StreamKey::Alone,
    }
}
