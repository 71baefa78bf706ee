//! That who resumes is who opened: a secret that the client made, and what it says with a session
//! about an attempt, is as good as the secret, and of no use elsewhere.

use sm_core::mtcp::{ConnectionId, Epoch};

use crate::limits;

/// The layout of settings.
const VERSION: u8 = 0;

/// What belongs to a connection and is no stream: as OPEN carries it, to a server that has shown
/// that it speaks for the service.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// What proofs are made with.
    pub(super) secret: [u8; 32],
    /// The service that is meant.
    pub(super) service: String,
    /// The program's own.
    pub(super) user: Vec<u8>,
}

impl Settings {
    /// Version, secret, length of the name, name, and the rest is the program's.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.secret);
        out.push(self.service.len() as u8);
        out.extend_from_slice(self.service.as_bytes());
        out.extend_from_slice(&self.user);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let (&length, rest) = rest.split_first()?;
        let (service, user) = rest.split_at_checked(usize::from(length))?;
        let fits = version == VERSION && user.len() <= limits::MTCP_USER_SETTINGS_BYTES;
        Some(Self {
            secret: *secret,
            service: std::str::from_utf8(service).ok()?.to_owned(),
            user: user.to_vec(),
        })
        .filter(|_| fits)
    }
}

/// The name of the connection with this secret: who knows only the name can open nothing by it.
pub(super) fn name(secret: &[u8; 32]) -> ConnectionId {
    let mut hasher = blake3::Hasher::new_derive_key("smart-messages 0 mtcp connection id");
    hasher.update(secret);
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    ConnectionId(id)
}

/// The proof for one attempt in one session.
pub(super) fn prove(
    secret: &[u8; 32],
    binding: &[u8; 32],
    (id, epoch): (ConnectionId, Epoch),
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"smart-messages 0 mtcp proof\0");
    hasher.update(binding);
    hasher.update(&id.0);
    hasher.update(&epoch.0.to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// Whether a proof is right. Takes the same time whatever is wrong with it.
pub(super) fn proves(
    proof: &[u8; 32],
    (secret, binding): (&[u8; 32], &[u8; 32]),
    of: (ConnectionId, Epoch),
) -> bool {
    blake3::Hash::from_bytes(prove(secret, binding, of)) == blake3::Hash::from_bytes(*proof)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_proof_is_of_one_attempt_in_one_session() {
        let (secret, binding) = ([1; 32], [2; 32]);
        let of = (ConnectionId([3; 16]), Epoch(4));
        let proof = prove(&secret, &binding, of);
        assert!(proves(&proof, (&secret, &binding), of));
        assert!(!proves(&proof, (&[9; 32], &binding), of));
        assert!(!proves(&proof, (&secret, &[9; 32]), of));
        assert!(!proves(&proof, (&secret, &binding), (of.0, Epoch(5))));
        assert!(!proves(
            &proof,
            (&secret, &binding),
            (ConnectionId([9; 16]), of.1)
        ));
    }

    proptest! {
        #[test]
        fn settings_decode_to_what_encodes_to_them(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            length in 0..40u8,
        ) {
            let mut bytes = bytes;
            if bytes.len() > 34 {
                bytes[0] = VERSION;
                bytes[33] = length;
            }
            if let Some(settings) = Settings::decode(&bytes) {
                prop_assert_eq!(settings.encode(), bytes);
            }
        }
    }
}
