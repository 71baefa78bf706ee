//! The node of Smart Messages as a state machine without input and output.
//!
//! Nothing here has a socket, a thread, a clock or a source of randomness: time and events come
//! in through calls, effects go out as values. The driver of a real network, the simulator and
//! the model checker all drive this same code.

pub mod codec;
pub mod content;
pub mod engine;
pub mod envelope;
pub mod hop;
pub mod ids;
pub mod launch;
pub mod limits;
pub mod node;
pub mod tags;
pub mod wire;
