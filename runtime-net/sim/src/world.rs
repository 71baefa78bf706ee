//! Who is who in a run: nodes by name and key, tags by identity.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use sm_core::ids::{AuthorId, NodeId};
use sm_core::tags::TagName;

use crate::network::{Layout, NodeIx};

const NODE_KEY: &str = "smart-messages 2026 simulator: key of a node";
const AUTHOR_KEY: &str = "smart-messages 2026 simulator: key of an author";

/// The names of a run.
#[derive(Debug, Clone, Default)]
pub struct Names {
    nodes: Vec<String>,
    keys: Vec<NodeId>,
    by_key: BTreeMap<NodeId, NodeIx>,
    tags: BTreeMap<[u8; 32], Known>,
}

#[derive(Debug, Clone)]
struct Known {
    display: String,
    descriptor: Vec<u8>,
}

impl Names {
    /// The names of a layout's nodes. Their keys depend on the names of network and node alone.
    pub(crate) fn new(network: &str, layout: &Layout) -> Self {
        let key = |name: &str| {
            NodeId(
                *signing_key(NODE_KEY, network, name)
                    .verifying_key()
                    .as_bytes(),
            )
        };
        let nodes: Vec<String> = layout.nodes.iter().map(|node| node.name.clone()).collect();
        let keys: Vec<NodeId> = nodes.iter().map(|name| key(name)).collect();
        let by_key = keys
            .iter()
            .zip(0..)
            .map(|(key, ix)| (*key, NodeIx(ix)))
            .collect();
        Self {
            nodes,
            keys,
            by_key,
            tags: BTreeMap::new(),
        }
    }

    /// The name of a node.
    pub fn node(&self, node: NodeIx) -> &str {
        self.nodes.get(node.at()).map_or("?", String::as_str)
    }

    /// The key of a node.
    ///
    /// # Panics
    /// If the node is of another network.
    pub fn key_of(&self, node: NodeIx) -> NodeId {
        self.keys[node.at()]
    }

    /// The node with this key.
    pub fn find(&self, key: NodeId) -> Option<NodeIx> {
        self.by_key.get(&key).copied()
    }

    /// The name of the node with this key.
    pub fn key(&self, key: NodeId) -> &str {
        self.find(key).map_or("?", |node| self.node(node))
    }

    /// The name of a tag as people read it.
    pub fn tag(&self, tag: &TagName) -> &str {
        self.tags
            .get(&tag.base)
            .map_or("a tag", |known| &known.display)
    }

    /// The descriptor of the type of a tag's value.
    pub fn descriptor(&self, tag: &TagName) -> Option<&[u8]> {
        self.tags.get(&tag.base).map(|known| &*known.descriptor)
    }

    pub(crate) fn knows(&self, tag: &TagName) -> bool {
        self.tags.contains_key(&tag.base)
    }

    pub(crate) fn learn(&mut self, tag: &TagName, display: &str, descriptor: &[u8]) {
        let known = Known {
            display: display.to_owned(),
            descriptor: descriptor.to_owned(),
        };
        self.tags.insert(tag.base, known);
    }
}

/// Somebody who starts programs in a simulated network.
#[derive(Debug, Clone)]
pub struct Author(SigningKey);

impl Author {
    /// The author of this name.
    pub fn named(name: &str) -> Self {
        Self(signing_key(AUTHOR_KEY, "", name))
    }

    /// The author's public key.
    pub fn id(&self) -> AuthorId {
        AuthorId(*self.0.verifying_key().as_bytes())
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.0
    }
}

/// A key that everybody can compute: good enough where nobody lies.
fn signing_key(context: &str, network: &str, name: &str) -> SigningKey {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&(network.len() as u64).to_le_bytes());
    hasher.update(network.as_bytes()).update(name.as_bytes());
    SigningKey::from_bytes(hasher.finalize().as_bytes())
}
