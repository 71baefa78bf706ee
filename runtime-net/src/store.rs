//! Where a node keeps what must survive it.

use sm_core::ids::StoreToken;

/// Keys with their new values, or `None` where they are removed.
pub type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Takes the batches of a node, in order.
///
/// A batch is confirmed when it is stored for good; the node waits with what follows from it.
pub trait Store: Send {
    /// What was stored for good in earlier lives.
    fn records(&mut self) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Stores a batch, all of it or nothing. Answers the last token that is stored for good, if
    /// any new one is.
    fn write(&mut self, token: StoreToken, batch: Batch) -> Option<StoreToken>;
}

/// Keeps nothing: what dies with the process was never promised to outlive it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Store for Forgetful {
    fn records(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }

    fn write(&mut self, token: StoreToken, _: Batch) -> Option<StoreToken> {
        Some(token)
    }
}
