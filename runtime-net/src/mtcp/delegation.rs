//! Who may speak for a service: a server with a signed delegation of the service's key.
//!
//! A client knows a service by its key alone. Which servers there are may change: each shows a
//! delegation, which names the server's key, the service and the day on which it ends.

use std::fmt;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use sm_core::ids::NodeId;

use crate::identity::KeyPair;
use crate::limits;

/// What is signed begins with this, so that no other signature is taken for a delegation.
const CONTEXT: &[u8] = b"smart-messages 0 mtcp delegation\0";
/// The layout of what follows.
const VERSION: u8 = 0;
/// The bytes of a signature.
const SIGNATURE: usize = 64;

/// A service, as clients know it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceId {
    /// Its name.
    pub name: String,
    /// Its key, which signs delegations.
    pub key: NodeId,
}

/// That a server may speak for a service, for some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delegation {
    server: NodeId,
    name: String,
    expires: u64,
    signature: [u8; SIGNATURE],
}

/// Why a server does not speak for a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DelegationError {
    /// These bytes are none.
    Malformed,
    /// It shows none, and its key is not the service's.
    Missing,
    /// It is for another server.
    OtherServer,
    /// It is for a service of this name.
    OtherService(String),
    /// The service's key has not signed it.
    Forged,
    /// It was over at this second of Unix time.
    Expired(u64),
}

impl std::error::Error for DelegationError {}

impl fmt::Display for DelegationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("what it shows is no delegation"),
            Self::Missing => f.write_str("it shows no delegation of the service"),
            Self::OtherServer => f.write_str("its delegation is for another server"),
            Self::OtherService(name) => write!(f, "it serves `{name}`"),
            Self::Forged => f.write_str("the service's key has not signed its delegation"),
            Self::Expired(at) => write!(f, "its delegation was over at {at} (Unix time)"),
        }
    }
}

impl Delegation {
    /// The holder of a service's key lets a server speak for it up to a second of Unix time.
    ///
    /// # Errors
    /// [`DelegationError::Malformed`] for a name that is empty or longer than
    /// [`limits::MTCP_SERVICE_BYTES`].
    pub fn sign(
        service: &KeyPair,
        name: &str,
        server: NodeId,
        expires: u64,
    ) -> Result<Self, DelegationError> {
        if !named(name) {
            return Err(DelegationError::Malformed);
        }
        let mut delegation = Self {
            server,
            name: name.to_owned(),
            expires,
            signature: [0; SIGNATURE],
        };
        let signature = service.signing_key().sign(&delegation.signed());
        delegation.signature = signature.to_bytes();
        Ok(delegation)
    }

    /// Checks that a server with this key may speak for a service now, in seconds of Unix time.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(
        &self,
        service: &ServiceId,
        server: NodeId,
        now: u64,
    ) -> Result<(), DelegationError> {
        if self.server != server {
            return Err(DelegationError::OtherServer);
        }
        if self.name != service.name {
            return Err(DelegationError::OtherService(self.name.clone()));
        }
        let signature = Signature::from_bytes(&self.signature);
        VerifyingKey::from_bytes(service.key.as_bytes())
            .and_then(|key| key.verify_strict(&self.signed(), &signature))
            .map_err(|_| DelegationError::Forged)?;
        if self.expires <= now {
            return Err(DelegationError::Expired(self.expires));
        }
        Ok(())
    }

    /// The server that it is for.
    pub fn server(&self) -> NodeId {
        self.server
    }

    /// When it is over, in seconds of Unix time.
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// Its bytes: version, server, end (8 bytes, little-endian), name, signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.signed().split_off(CONTEXT.len());
        out.extend_from_slice(&self.signature);
        out
    }

    /// The delegation in these bytes, unchecked.
    ///
    /// # Errors
    /// [`DelegationError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DelegationError> {
        Self::read(bytes).ok_or(DelegationError::Malformed)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (server, rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (name, signature) = rest.split_last_chunk()?;
        let name = std::str::from_utf8(name).ok()?;
        let fits = version == VERSION && named(name);
        fits.then(|| Self {
            server: NodeId(*server),
            name: name.to_owned(),
            expires: u64::from_le_bytes(*expires),
            signature: *signature,
        })
    }

    fn signed(&self) -> Vec<u8> {
        let mut out = CONTEXT.to_vec();
        out.push(VERSION);
        out.extend_from_slice(&self.server.0);
        out.extend_from_slice(&self.expires.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out
    }
}

fn named(name: &str) -> bool {
    (1..=limits::MTCP_SERVICE_BYTES).contains(&name.len())
}

/// Checks what a server shows: nothing at all is enough only if its key is the service's own. Gives
/// the second of Unix time at which it is over.
pub(super) fn check_shown(
    shown: &[u8],
    service: &ServiceId,
    server: NodeId,
    now: u64,
) -> Result<u64, DelegationError> {
    match shown {
        [] if server == service.key => Ok(u64::MAX),
        [] => Err(DelegationError::Missing),
        bytes => {
            let delegation = Delegation::decode(bytes)?;
            delegation.check(service, server, now)?;
            Ok(delegation.expires)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> KeyPair {
        KeyPair::from_seed([seed; 32])
    }

    fn service(seed: u8) -> ServiceId {
        ServiceId {
            name: "echo".to_owned(),
            key: key(seed).node_id(),
        }
    }

    fn delegation() -> Delegation {
        Delegation::sign(&key(1), "echo", key(2).node_id(), 100).expect("the name is short")
    }

    #[test]
    fn a_delegation_is_for_one_server_one_service_and_some_time() {
        let delegation = delegation();
        let server = key(2).node_id();
        assert_eq!(delegation.check(&service(1), server, 99), Ok(()));
        let expired = delegation.check(&service(1), server, 100);
        assert_eq!(expired, Err(DelegationError::Expired(100)));
        let other = delegation.check(&service(1), key(3).node_id(), 0);
        assert_eq!(other, Err(DelegationError::OtherServer));
        let forged = delegation.check(&service(4), server, 0);
        assert_eq!(forged, Err(DelegationError::Forged));
        let mut named = service(1);
        named.name = "files".to_owned();
        let named = delegation.check(&named, server, 0);
        assert_eq!(named, Err(DelegationError::OtherService("echo".to_owned())));
    }

    #[test]
    fn who_shows_none_has_to_have_the_key_itself() {
        let (service, own) = (service(1), key(1).node_id());
        assert_eq!(check_shown(&[], &service, own, 0), Ok(u64::MAX));
        let missing = check_shown(&[], &service, key(2).node_id(), 0);
        assert_eq!(missing, Err(DelegationError::Missing));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let bytes = delegation().encode();
        let server = key(2).node_id();
        let ends = delegation().expires();
        assert_eq!(check_shown(&bytes, &service(1), server, 0), Ok(ends));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                check_shown(&changed, &service(1), server, 0).is_err(),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn names_are_bounded() {
        let server = key(2).node_id();
        for name in ["", &"x".repeat(limits::MTCP_SERVICE_BYTES + 1)] {
            let signed = Delegation::sign(&key(1), name, server, 1);
            assert_eq!(signed, Err(DelegationError::Malformed));
        }
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            if let Ok(delegation) = Delegation::decode(&bytes) {
                prop_assert_eq!(delegation.encode(), bytes);
            }
        }
    }
}
