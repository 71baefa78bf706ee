//! What reaches nodes, and when they run: an input is handled at once, or at the end of a slice.

use sm_core::engine::Engine;
use sm_core::ids::{SessionId, Span, StoreToken};

use super::Simulation;
use super::queue::{Due, NodeDue};
use crate::limits;
use crate::link::{Bytes, Effects, LinkIx, Side, Signal};
use crate::network::NodeIx;
use crate::trace::Event;

/// Something that reaches a node.
#[derive(Debug)]
pub(super) enum Input {
    Up(SessionId, NodeIx),
    Down(SessionId),
    Frame(SessionId, Bytes),
    Heard(NodeIx, Bytes),
    Stored(StoreToken),
    Timeout,
    Io { tag: usize, value: Vec<u8> },
}

impl<E: Engine> Simulation<E> {
    /// Gives a node something to handle, at once or at the end of the slice that it runs.
    pub(super) fn input(&mut self, node: NodeIx, input: Input) {
        let host = &mut self.hosts[node.at()];
        if host.awake {
            host.inbox.push_back(input);
        } else {
            host.feed(self.now, input, &self.names);
            self.settle(node);
        }
    }

    /// After a node has handled something: does what it wants done, and wakes it if it can run.
    pub(super) fn settle(&mut self, node: NodeIx) {
        self.drain(node);
        let host = &mut self.hosts[node.at()];
        if !host.awake && host.is_ready() {
            host.awake = true;
            self.push_node(self.now, node, NodeDue::Wake);
        }
        self.arm(node);
        self.check(node);
    }

    /// The slice is over: does what it put out, hands in what has come meanwhile, runs the next.
    pub(super) fn wake(&mut self, node: NodeIx) {
        self.drain(node);
        while let Some(input) = self.hosts[node.at()].inbox.pop_front() {
            self.hosts[node.at()].feed(self.now, input, &self.names);
            self.drain(node);
        }
        let host = &mut self.hosts[node.at()];
        host.awake = host.is_ready();
        if host.awake {
            let progress = host.slice(self.now);
            let took = Span(progress.fuel.saturating_mul(limits::FUEL_TIME.0).max(1));
            if let Some(message) = progress.message {
                self.note(Event::Ran {
                    node,
                    message,
                    fuel: progress.fuel,
                });
            }
            self.push_node(self.now + took, node, NodeDue::Wake);
        }
        self.arm(node);
        self.check(node);
    }

    /// Sets the node's timer where the one that is set is too late.
    pub(super) fn arm(&mut self, node: NodeIx) {
        let host = &mut self.hosts[node.at()];
        let timeout = host.next_timeout();
        let was_armed = std::mem::replace(&mut host.armed, timeout.is_some());
        self.armed = self.armed + usize::from(host.armed) - usize::from(was_armed);
        let Some(at) = timeout.map(|at| at.max(self.now)) else {
            return;
        };
        if host.timer.is_none_or(|timer| at < timer) {
            host.timer = Some(at);
            self.push_node(at, node, NodeDue::Timer);
        }
    }

    /// Queues what links will do, and tells nodes what they are to know now.
    pub(super) fn perform(&mut self, effects: Effects) {
        for (at, link, later) in effects.later {
            self.push(at, Due::Link(link, later));
        }
        for (link, side, signal) in effects.signals {
            self.signal(link, side, signal);
        }
    }

    fn signal(&mut self, link: LinkIx, side: Side, signal: Signal) {
        let (node, peer) = (
            self.links.node(link, side),
            self.links.node(link, side.other()),
        );
        match signal {
            Signal::Up(session) => {
                self.note(Event::SessionUp {
                    node,
                    peer,
                    session,
                });
                self.input(node, Input::Up(session, peer));
            }
            Signal::Down(session) => {
                self.note(Event::SessionDown {
                    node,
                    peer,
                    session,
                });
                self.input(node, Input::Down(session));
            }
            Signal::Frame(session, frame) => {
                let bytes = frame.clone();
                self.note(Event::Arrived {
                    from: peer,
                    to: node,
                    session: Some(session),
                    frame,
                });
                self.input(node, Input::Frame(session, bytes));
            }
            Signal::Heard(frame) => {
                let heard = frame.clone();
                self.note(Event::Arrived {
                    from: peer,
                    to: node,
                    session: None,
                    frame,
                });
                self.input(node, Input::Heard(peer, heard));
            }
            Signal::Lost(bytes) => self.note(Event::Lost {
                from: peer,
                to: node,
                bytes,
            }),
            // Changes no message and puts nothing out, so it needs no turn of its own.
            Signal::Backlog(session, bytes) => self.hosts[node.at()].backlog(session, bytes),
        }
    }
}
