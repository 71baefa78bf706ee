//! M-TCP over real sockets: what moves and breaks, and what a program sees of it.

#[path = "mtcp/crashes.rs"]
mod crashes;
#[path = "mtcp/fronts.rs"]
mod fronts;
#[path = "mtcp/held.rs"]
mod held;
#[path = "mtcp/moves.rs"]
mod moves;
#[expect(dead_code, reason = "it is a program of its own, too")]
#[path = "../examples/mtcp_files.rs"]
mod mtcp_files;
#[path = "mtcp/operators.rs"]
mod operators;
#[path = "mtcp/policies.rs"]
mod policies;
#[path = "mtcp/programs.rs"]
mod programs;
#[path = "mtcp/proxies.rs"]
mod proxies;
#[path = "mtcp/relay.rs"]
mod relay;
#[path = "mtcp/services.rs"]
mod services;
#[path = "mtcp/world.rs"]
mod world;
