//! The keys of whoever uses this command line.

use sm_net::identity::KeyPair;

use crate::exit::Failure;
use crate::output;

/// The user's key; made the first time that one is needed.
pub(crate) fn default_or_new() -> Result<KeyPair, Failure> {
    let path = crate::folders::config()?.join("key");
    if let Ok(bytes) = std::fs::read(&path) {
        let seed: [u8; 32] = bytes
            .try_into()
            .map_err(|_| Failure::failed(format!("`{}` is no key", path.display())))?;
        return Ok(KeyPair::from_seed(seed));
    }
    let key = KeyPair::generate()
        .map_err(|error| Failure::failed(format!("the system has no randomness: {error}")))?;
    std::fs::write(&path, key.signing_key().to_bytes())
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))?;
    output::talk(&format!("made a key for you: {}", key.node_id()));
    Ok(key)
}
