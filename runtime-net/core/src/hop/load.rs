//! How much is under way with whom, counted as it comes and goes.

use std::collections::BTreeMap;

use crate::ids::NodeId;

/// The hops under way with one neighbor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Load {
    pub(super) hops: usize,
    /// Of their states.
    pub(super) bytes: usize,
}

/// The hops under way with all neighbors.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Loads {
    with: BTreeMap<NodeId, Load>,
    bytes: usize,
}

impl Loads {
    pub(super) fn with(&self, peer: NodeId) -> Load {
        self.with.get(&peer).copied().unwrap_or_default()
    }

    /// Of all neighbors.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A hop with a state of so many bytes has begun.
    pub(super) fn begin(&mut self, peer: NodeId, bytes: usize) {
        let load = self.with.entry(peer).or_default();
        load.hops += 1;
        load.bytes += bytes;
        self.bytes += bytes;
    }

    /// One that has begun has ended.
    pub(super) fn end(&mut self, peer: NodeId, bytes: usize) {
        let Some(load) = self.with.get_mut(&peer) else {
            return;
        };
        load.hops -= 1;
        load.bytes -= bytes;
        self.bytes -= bytes;
        if load.hops == 0 {
            self.with.remove(&peer);
        }
    }
}
