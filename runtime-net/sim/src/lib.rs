//! The deterministic simulator of Smart Messages networks.
//!
//! Many real nodes run in one process, in virtual time, from one seed. What happens is a sequence
//! of events in one queue; every draw comes from a stream of its own that is derived from the
//! seed; so the same seed gives the same run, event by event, and the same trace hash.
//!
//! ```
//! use sm_sim::{Network, Options, Simulation, Start};
//!
//! fn run(text: &str, start: &Start) -> Result<(), Box<dyn std::error::Error>> {
//!     let network = Network::parse(text)?;
//!     let mut simulation = Simulation::new(&network, Options::new(7))?;
//!     let launch = simulation.launch(network.node("n1").ok_or("no n1")?, start)?;
//!     simulation.run(launch);
//!     println!("{:?} in {}", simulation.status(launch), simulation.trace_hash());
//!     Ok(())
//! }
//! ```

mod captured;
pub mod check;
mod launch;
pub mod limits;
pub mod link;
pub mod mtcp;
pub mod network;
pub mod random;
pub mod reading;
pub mod replay;
mod simulation;
mod stats;
pub mod sweep;
pub mod trace;
mod value;
pub mod wheel;
mod world;

pub use captured::Captured;
pub use launch::{Package, Start};
pub use network::{Network, NodeIx};
pub use random::Seed;
pub use simulation::{
    BadTag, Begin, Checks, LaunchStatus, Options, Simulation, Stands, StartError, Stop,
};
pub use stats::Totals;
pub use trace::{Detail, Event, Json, Record, Text, TraceHash};
pub use world::{Author, Names};
