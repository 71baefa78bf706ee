//! Doing what settings say that have changed while the node runs.

use sm_core::ids::NodeId;
use sm_core::node::{Input, Rules, TagChange};
use sm_core::tags::TagName;

use super::Host;
use crate::control::protocol::What;
use crate::identity::Neighbor;

/// What is to be different from now on. What operators did with orders stays unless it is named.
#[derive(Debug, Default)]
pub struct Reload {
    /// What the node grants and whom it believes.
    pub rules: Rules,
    /// Keys that may have sessions with it, beside those that may already.
    pub trust: Vec<NodeId>,
    /// Keys that no longer may; their sessions end.
    pub distrust: Vec<NodeId>,
    /// Nodes to be linked with, or at another address than before.
    pub call: Vec<Neighbor>,
    /// Nodes to be linked with no longer.
    pub hang_up: Vec<NodeId>,
    /// Tags to be made, or to have another value.
    pub tags: Vec<TagChange>,
    /// Tags to be removed.
    pub gone: Vec<TagName>,
    /// Sentences for those who follow the node.
    pub notes: Vec<String>,
}

impl Host {
    pub(super) fn reload(&mut self, reload: Reload) {
        reload.hang_up.iter().for_each(|key| self.link.hang_up(key));
        let distrusted = reload.distrust.iter();
        distrusted.for_each(|key| self.link.distrust(key));
        reload.trust.iter().for_each(|key| self.link.trust(*key));
        for neighbor in &reload.call {
            self.link.call(neighbor.key, &neighbor.address);
        }
        self.feed(Input::Rules(Box::new(reload.rules)));
        for name in reload.gone {
            self.feed(Input::TagGone(name));
        }
        for change in reload.tags {
            self.feed(Input::Tag(Box::new(change)));
        }
        for note in reload.notes {
            self.tell(What::Note(note));
        }
    }
}
