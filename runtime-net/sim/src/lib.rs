//! The deterministic simulator of Smart Messages networks.
