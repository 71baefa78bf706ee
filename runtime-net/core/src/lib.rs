//! The node of Smart Messages as a state machine without input and output.
//!
//! Nothing here has a socket, a thread, a clock or a source of randomness: time and events come
//! in through calls, effects go out as values. The driver of a real network, the simulator and
//! the model checker all drive this same code.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`node`] | the node: events in, outputs out; start reading here |
//! | [`tags`] | the Tag Space: rights, lifetimes, versions, quotas, who waits |
//! | [`hop`] | the exact hop as a machine of names, explored by a model checker |
//! | [`mtcp`] | live client connections that move between servers, both ends as machines |
//! | [`launch`] | the signed record that a program starts from |
//! | [`envelope`] | what travels with a state |
//! | [`content`] | bricks, manifests and launch records, cached by hash |
//! | [`wire`] | the frames between nodes (`docs/WIRE.md`) |
//! | [`record`] | everything that happens to a node, written down and read again |
//! | [`digest`] | hashes of states and of what happens |
//! | [`engine`] | what a node needs from whatever runs programs |
//! | [`ids`], [`limits`], [`codec`] | names, bounds, bytes |
//!
//! - **Invariant:** a message that is offered to a neighbor does not run here until the hop has
//!   failed, and never again once the decision is on its way to the store.
//! - **Invariant:** nothing leaves a durable node that follows from what it has not stored:
//!   prints, values for drivers, copies and reports wait, and so do PREPARED, COMMIT and DONE.
//! - **Invariant:** between the slices of a turn no tag changes.
//! - **Invariant:** outputs are a function of the calls: only maps in the order of their keys are
//!   iterated.
//! - **Invariant:** bytes from elsewhere can cost a frame's worth of work and what the bounds in
//!   [`limits`] allow, and cannot make anything here panic.

pub mod codec;
pub mod content;
pub mod digest;
pub mod engine;
pub mod envelope;
pub mod hop;
pub mod ids;
pub mod launch;
pub mod limits;
pub mod mtcp;
pub mod node;
pub mod record;
pub mod tags;
pub mod wire;
