//! What is seen of a run: events go into the hash, the totals, the records and the checks.

use sm_core::engine::Engine;

use super::Simulation;
use crate::check::Facts;
use crate::network::NodeIx;
use crate::trace::{Event, Record};

impl<E: Engine> Simulation<E> {
    /// Something has happened: it goes into the hash, the totals, the records and the checks.
    pub(super) fn note(&mut self, event: Event) {
        let record = Record {
            at: self.now,
            event,
        };
        self.trace.add(&record);
        self.totals.count(&record.event);
        if let Some(checkers) = self.checkers.as_mut().filter(|_| self.violation.is_none()) {
            self.violation = checkers
                .event(&record)
                .err()
                .map(|found| found.at(self.now));
        }
        if record.event.detail() <= self.options.detail {
            self.records.push_back(record);
        }
    }

    pub(super) fn check(&mut self, node: NodeIx) {
        if self.checkers.is_none() || self.violation.is_some() {
            return;
        }
        let changed = std::mem::take(&mut self.hosts[node.at()].tags_changed);
        let facts = self.facts(node.at(), changed);
        if let Some(checkers) = &mut self.checkers {
            self.violation = checkers.facts(&facts).err().map(|found| found.at(self.now));
        }
    }

    pub(super) fn facts(&self, node: usize, tags: bool) -> Facts {
        let host = &self.hosts[node];
        Facts::of(
            NodeIx(node as u32),
            host.node.as_ref(),
            host.local(self.now),
            tags,
        )
    }
}
