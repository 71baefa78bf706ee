//! The deterministic simulator of Smart Messages networks.
//!
//! Many real nodes run in one process, in virtual time, from one seed. What happens is a sequence
//! of events in one queue; every draw comes from a stream of its own that is derived from the
//! seed; so the same seed gives the same run, event by event, and the same trace hash.

pub mod limits;
pub mod link;
pub mod network;
pub mod random;
pub mod wheel;
