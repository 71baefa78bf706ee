//! Who a node is, and who launches programs: Ed25519 keys.
//!
//! A key pair lies in a file of its own ([`KeyPair::create`], [`KeyPair::load`]). Its public half
//! is the name of the node or the author, and is written as 64 hexadecimal digits.

mod file;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;

use ed25519_dalek::SigningKey;
use sm_core::ids::{AuthorId, NodeId};
use zeroize::Zeroizing;

pub use crate::private::{Fault, FileError};
pub use file::{Content, KeyFileError, Origin};
pub use text::{KeyError, Name, NameError, Neighbor, NeighborError, parse_key};

/// A secret key and the name that it proves. Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

/// Only the public half: a secret does not get into a log by way of `{:?}`.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.node_id())
    }
}

impl KeyPair {
    /// A new key, from the system's randomness.
    ///
    /// # Errors
    /// If the system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key of a seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&Zeroizing::new(seed)))
    }

    /// As the name of a node.
    pub fn node_id(&self) -> NodeId {
        NodeId(self.0.verifying_key().to_bytes())
    }

    /// As the name of an author.
    pub fn author_id(&self) -> AuthorId {
        AuthorId(self.0.verifying_key().to_bytes())
    }

    /// What signs.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}
