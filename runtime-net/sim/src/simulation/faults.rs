//! What goes wrong, and how it ends.

use super::Simulation;
use super::queue::Due;
use crate::link::{Effects, LinkIx};
use crate::network::{Memory, NodeIx};
use crate::trace::Event;
use sm_core::engine::Engine;
use sm_core::ids::Span;

impl<E: Engine> Simulation<E> {
    /// A node crashes now and stays away until it is restarted.
    pub fn crash(&mut self, node: NodeIx) {
        let host = &mut self.hosts[node.at()];
        if host.node.is_none() {
            return;
        }
        let (memory, untold) = (host.store.memory, host.crash());
        if memory == Memory::Lost {
            let launches = self.launches.values_mut();
            for status in launches.filter(|status| status.seen == node) {
                status.lose();
            }
        }
        self.note(Event::NodeDown {
            node,
            memory,
            untold,
        });
        let mut effects = Effects::default();
        for (link, side) in self.links.of(node).to_vec() {
            self.links.crash(self.now, link, side, &mut effects);
        }
        self.perform(effects);
        self.arm(node);
        self.check(node);
    }

    /// A node that is away comes back, with what its store held.
    pub fn restart(&mut self, node: NodeIx) {
        if self.hosts[node.at()].node.is_some() {
            return;
        }
        let mut effects = Effects::default();
        for (link, _) in self.links.of(node).to_vec() {
            self.links.unblock(self.now, link, &mut effects);
        }
        self.perform(effects);
        self.boot(node);
        self.schedule_crash(node);
    }

    /// From now on nothing goes wrong any more, and what is broken is mended: partitions end,
    /// nodes come back, nothing is lost.
    pub fn heal(&mut self) {
        if self.healed {
            return;
        }
        self.healed = true;
        self.note(Event::Healed);
        self.links.heal();
        for partition in 0..self.partitions.len() {
            self.partition_ends(partition);
        }
    }

    pub(super) fn boot(&mut self, node: NodeIx) {
        let host = &mut self.hosts[node.at()];
        let fresh = host.start(self.now, &self.names);
        for tag in &host.tags {
            self.names
                .learn(tag.name(), tag.display(), tag.descriptor());
        }
        let incarnation = host.incarnation();
        self.note(Event::NodeUp { node, incarnation });
        self.hosts[node.at()].put_up_tags(self.now, fresh);
        for tag in 0..self.hosts[node.at()].tags.len() {
            self.schedule_io(node, tag, 0);
        }
        self.settle(node);
    }

    /// From here on things go wrong as the network file says, with times counted from now.
    pub(super) fn begin_faults(&mut self) {
        let mut effects = Effects::default();
        self.links.begin_faults(self.now, &mut effects);
        self.perform(effects);
        for node in 0..self.hosts.len() {
            self.schedule_crash(NodeIx(node as u32));
        }
        for partition in 0..self.partitions.len() {
            let from = self.now + self.partitions[partition].from;
            let until = self.now + self.partitions[partition].until;
            self.push(from, Due::PartitionBegins(partition));
            self.push(until, Due::PartitionEnds(partition));
        }
        if let Some(until) = self.faults.until {
            self.push(self.now + until, Due::Heal);
        }
    }

    /// From here on links come and go as the network file says, with times counted from now. That
    /// is no fault: it goes on when all is healed.
    pub(super) fn begin_windows(&mut self) {
        for index in 0..self.layout.links.len() {
            let link = LinkIx(index as u32);
            for window in self.layout.links[index].up.clone() {
                if window.from > Span::ZERO {
                    self.push(self.now + window.from, Due::LinkUp(link));
                }
                if let Some(until) = window.until {
                    self.push(self.now + until, Due::LinkDown(link));
                }
            }
        }
    }

    pub(super) fn link_up(&mut self, link: LinkIx) {
        let mut effects = Effects::default();
        self.links.unblock(self.now, link, &mut effects);
        self.perform(effects);
    }

    pub(super) fn link_down(&mut self, link: LinkIx) {
        let mut effects = Effects::default();
        self.links.block(self.now, link, &mut effects);
        self.perform(effects);
    }

    fn schedule_crash(&mut self, node: NodeIx) {
        if let Some(mean) = self.faults.crash_every.filter(|_| !self.healed) {
            let after = self.crashes[node.at()].exponential(mean);
            self.push(self.now + after, Due::Crash(node));
        }
    }

    pub(super) fn crash_by_chance(&mut self, node: NodeIx) {
        if self.healed || self.hosts[node.at()].node.is_none() {
            return;
        }
        self.crash(node);
        let away = self.faults.restart.draw(&mut self.crashes[node.at()]);
        self.push(self.now + away, Due::Restart(node));
    }

    pub(super) fn partition_begins(&mut self, partition: usize) {
        if self.healed {
            return;
        }
        self.partitioned[partition] = true;
        self.note(Event::PartitionBegins { partition });
        let mut effects = Effects::default();
        for link in self.crossing(partition) {
            self.links.block(self.now, link, &mut effects);
        }
        self.perform(effects);
    }

    pub(super) fn partition_ends(&mut self, partition: usize) {
        if !std::mem::take(&mut self.partitioned[partition]) {
            return;
        }
        self.note(Event::PartitionEnds { partition });
        let mut effects = Effects::default();
        for link in self.crossing(partition) {
            self.links.unblock(self.now, link, &mut effects);
        }
        self.perform(effects);
    }

    /// The links from one side of a partition to the other.
    fn crossing(&self, partition: usize) -> Vec<LinkIx> {
        let inside = &self.partitions[partition].nodes;
        let crosses = |(a, b): (NodeIx, NodeIx)| inside.contains(&a) != inside.contains(&b);
        let links = self.layout.links.iter().zip(0..);
        links
            .filter(|(link, _)| crosses(link.ends))
            .map(|(_, index)| LinkIx(index))
            .collect()
    }
}
