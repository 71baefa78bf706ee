//! What is to happen, in order of time and then of arrival, and what of it a run waits for.

use sm_core::engine::Engine;
use sm_core::ids::Time;

use super::Simulation;
use super::turns::Input;
use crate::link::{Effects, Later, LinkIx};
use crate::network::NodeIx;

/// Something that is to happen.
#[derive(Debug)]
pub(super) enum Due {
    Link(LinkIx, Later),
    Node {
        node: NodeIx,
        boot: u32,
        due: NodeDue,
    },
    Crash(NodeIx),
    Restart(NodeIx),
    PartitionBegins(usize),
    PartitionEnds(usize),
    Heal,
    LinkUp(LinkIx),
    LinkDown(LinkIx),
}

/// Something that is to happen to a node, unless it has crashed by then.
#[derive(Debug)]
pub(super) enum NodeDue {
    /// The slice that it runs is over, or it begins to run.
    Wake,
    /// Its own timer.
    Timer,
    /// Its store has the next batch.
    Stored,
    /// A driver has a value for a tag.
    Io {
        tag: usize,
        value: Vec<u8>,
        next: usize,
    },
}

/// Whether a run has to wait for an entry of the queue.
enum Ground {
    /// It does.
    Foreground,
    /// Only where faults are part of the run.
    Fault,
    /// Only if the node still waits for it: entries of timers that were put off stay in the queue.
    Timer,
}

impl Due {
    fn ground(&self) -> Ground {
        match self {
            Due::Crash(_) | Due::PartitionBegins(_) | Due::Heal => Ground::Fault,
            Due::Link(_, Later::Break(_)) => Ground::Fault,
            Due::Node {
                due: NodeDue::Timer,
                ..
            } => Ground::Timer,
            Due::Link(..)
            | Due::Node { .. }
            | Due::Restart(_)
            | Due::PartitionEnds(_)
            | Due::LinkUp(_)
            | Due::LinkDown(_) => Ground::Foreground,
        }
    }
}

impl<E: Engine> Simulation<E> {
    pub(super) fn push_node(&mut self, at: Time, node: NodeIx, due: NodeDue) {
        let boot = self.hosts[node.at()].boot;
        self.push(at, Due::Node { node, boot, due });
    }

    pub(super) fn push(&mut self, at: Time, due: Due) {
        match due.ground() {
            Ground::Foreground => self.foreground += 1,
            Ground::Fault => self.faults_to_come += 1,
            Ground::Timer => {}
        }
        self.queue.push(at.0, due);
    }

    /// Takes what is due next, if that is by the deadline, and goes on to its time.
    pub(super) fn pop(&mut self, deadline: Time) -> Option<Due> {
        let (at, due) = self.queue.pop(deadline.0)?;
        self.now = self.now.max(Time(at));
        match due.ground() {
            Ground::Foreground => self.foreground -= 1,
            Ground::Fault => self.faults_to_come -= 1,
            Ground::Timer => {}
        }
        Some(due)
    }

    pub(super) fn happen(&mut self, due: Due) {
        match due {
            Due::Link(link, later) => {
                let mut effects = Effects::default();
                self.links.happen(self.now, link, later, &mut effects);
                self.perform(effects);
            }
            Due::Node { node, boot, due } => {
                if self.hosts[node.at()].boot == boot {
                    self.node_due(node, due);
                }
            }
            Due::Crash(node) => self.crash_by_chance(node),
            Due::Restart(node) => self.restart(node),
            Due::PartitionBegins(partition) => self.partition_begins(partition),
            Due::PartitionEnds(partition) => self.partition_ends(partition),
            Due::Heal => self.heal(),
            Due::LinkUp(link) => self.link_up(link),
            Due::LinkDown(link) => self.link_down(link),
        }
    }

    fn node_due(&mut self, node: NodeIx, due: NodeDue) {
        match due {
            NodeDue::Wake => self.wake(node),
            NodeDue::Timer => {
                let host = &mut self.hosts[node.at()];
                if host.timer.take_if(|timer| *timer <= self.now).is_some() {
                    self.input(node, Input::Timeout);
                }
            }
            NodeDue::Stored => self.stored(node),
            NodeDue::Io { tag, value, next } => {
                self.input(node, Input::Io { tag, value });
                self.schedule_io(node, tag, next);
            }
        }
    }
}
