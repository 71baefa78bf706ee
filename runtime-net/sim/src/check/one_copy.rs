//! No message is runnable at two nodes.

use std::collections::{BTreeMap, BTreeSet};

use sm_core::ids::MessageId;

use super::{Checker, Facts};
use crate::network::NodeIx;

/// Over all epochs of a message, at most one node may run it.
#[derive(Debug, Default)]
pub struct OneCopy {
    place: BTreeMap<MessageId, NodeIx>,
    at: BTreeMap<NodeIx, BTreeSet<MessageId>>,
}

impl Checker for OneCopy {
    fn name(&self) -> &'static str {
        "one runnable copy"
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), String> {
        let new: BTreeSet<MessageId> = facts.runnable.iter().copied().collect();
        let old = self.at.insert(facts.node, new.clone()).unwrap_or_default();
        for gone in old.difference(&new) {
            self.place.remove(gone);
        }
        for message in &new {
            let other = self
                .place
                .insert(*message, facts.node)
                .filter(|node| *node != facts.node);
            if let Some(other) = other {
                let (one, two) = (other.0, facts.node.0);
                return Err(format!("{message:?} runs at nodes {one} and {two}"));
            }
        }
        Ok(())
    }
}
