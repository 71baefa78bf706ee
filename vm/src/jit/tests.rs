//! What cannot be seen from outside.

/// What a test lets a compilation panic with.
pub(super) struct Injected;
