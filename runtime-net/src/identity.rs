//! Who a node is, and who launches programs: Ed25519 keys.

use std::fmt;

use ed25519_dalek::SigningKey;
use sm_core::ids::{AuthorId, NodeId};

/// A secret key and the name that it proves.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

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
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
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

/// Why a text names no key or neighbor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyError(String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node and where it is: `KEY@HOST:PORT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbor {
    /// Its key.
    pub key: NodeId,
    /// `HOST:PORT`
    pub address: String,
}

/// A public key from its 64 hexadecimal digits.
///
/// # Errors
/// [`KeyError`] with what is wrong.
pub fn parse_key(text: &str) -> Result<NodeId, KeyError> {
    if text.len() != 64 {
        return Err(KeyError(format!("a key has 64 digits, not {}", text.len())));
    }
    let mut key = [0; 32];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        let digits = text.get(at..at + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16)
            .map_err(|_| KeyError("a key is written in hexadecimal digits".to_owned()))?;
    }
    Ok(NodeId(key))
}

impl std::str::FromStr for Neighbor {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (key, address) = text
            .split_once('@')
            .ok_or_else(|| KeyError("a neighbor is written KEY@HOST:PORT".to_owned()))?;
        Ok(Self {
            key: parse_key(key)?,
            address: address.to_owned(),
        })
    }
}
