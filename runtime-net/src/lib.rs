//! Real nodes: the drivers around the sans-IO core of `sm-core`.
//!
//! The core decides everything; this crate only carries: frames over encrypted links, time from a
//! clock, values of sensors, orders of an operator. Everything that happens goes through one loop,
//! in one thread, so that it can be recorded and replayed.

pub mod clock;
pub mod control;
pub mod discovery;
pub mod host;
pub mod identity;
pub mod io;
pub mod limits;
pub mod link;
pub mod mtcp;
mod private;
pub mod quic;
pub mod store;
mod tls;
pub mod trust;
mod watch;

#[cfg(test)]
mod scratch;
