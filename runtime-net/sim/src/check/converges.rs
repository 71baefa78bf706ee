//! After the faults nothing is left in doubt, and no message is missing.

use std::collections::{BTreeMap, BTreeSet};

use sm_core::ids::MessageId;
use sm_core::node::Step;

use super::{Checker, Facts};
use crate::network::{Memory, NodeIx};
use crate::trace::{Event, Record};

/// Every message that began has ended, stands somewhere, or was lost with the memory of a node.
#[derive(Debug, Default)]
pub struct Converges {
    /// Where each message that has not ended was seen last.
    alive: BTreeMap<MessageId, NodeIx>,
    /// Messages that a crash without memory may have taken with it.
    excused: BTreeSet<MessageId>,
    /// What each node held when it was last looked at.
    held: BTreeMap<NodeIx, BTreeSet<MessageId>>,
}

impl Checker for Converges {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn event(&mut self, record: &Record) -> Result<(), String> {
        match &record.event {
            Event::Step { node, trace } => self.step(*node, trace.message, &trace.step),
            // What a node told of, it had stored: with memory it loses nothing. But what it had
            // just stored and not yet told of may have been the end of any message that it held.
            Event::NodeDown {
                node,
                memory,
                untold,
            } if *memory == Memory::Lost || *untold > 0 => self.excuse(*node),
            _ => {}
        }
        Ok(())
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        let doubts = facts.doubts.iter().map(|doubt| doubt.message);
        let held = facts.held.iter().copied().chain(doubts).collect();
        self.held.insert(facts.node, held);
        Ok(())
    }

    fn end(&mut self, all: &[Facts]) -> Result<(), String> {
        if let Some(facts) = all.iter().find(|facts| !facts.up) {
            return Err(format!("node {} never came back", facts.node.0));
        }
        let mut held = BTreeSet::new();
        for facts in all {
            if let Some(doubt) = facts.doubts.first() {
                return Err(format!("node {} is in doubt about {doubt:?}", facts.node.0));
            }
            held.extend(facts.held.iter().copied());
        }
        let missing =
            |message: &&MessageId| !held.contains(*message) && !self.excused.contains(*message);
        match self.alive.keys().find(missing) {
            None => Ok(()),
            Some(message) => Err(format!("{message:?} is nowhere and has not ended")),
        }
    }
}

impl Converges {
    /// Whatever a node held may be gone.
    fn excuse(&mut self, node: NodeIx) {
        self.excused
            .extend(self.held.remove(&node).unwrap_or_default());
        let here = self.alive.iter().filter(|(_, at)| **at == node);
        self.excused.extend(here.map(|(message, _)| *message));
    }

    fn step(&mut self, node: NodeIx, message: MessageId, step: &Step) {
        match step {
            Step::Launched
            | Step::Spawned { .. }
            | Step::CopyArrived { .. }
            | Step::Arrived { .. } => {
                self.alive.insert(message, node);
            }
            Step::Ended(_) | Step::CopiesSent { .. } => {
                self.alive.remove(&message);
            }
            _ => {}
        }
    }
}
