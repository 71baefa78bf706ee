//! Connections of M-TCP between a client and some servers, by the machines that run: explored by a
//! model checker, at random, and where others break.

#[path = "mtcp/attacks.rs"]
mod attacks;
#[path = "mtcp/breakages.rs"]
mod breakages;
#[path = "support/checked.rs"]
mod checked;
#[path = "mtcp/explored.rs"]
mod explored;
#[path = "mtcp/held.rs"]
mod held;
#[path = "mtcp/model.rs"]
mod model;
#[path = "mtcp/moving.rs"]
mod moving;
#[path = "mtcp/paths.rs"]
mod paths;
#[path = "mtcp/policy.rs"]
mod policy;
#[path = "mtcp/service.rs"]
mod service;
#[path = "mtcp/silence.rs"]
mod silence;
#[path = "mtcp/streams.rs"]
mod streams;
#[path = "mtcp/turns.rs"]
mod turns;
#[path = "mtcp/world.rs"]
mod world;
