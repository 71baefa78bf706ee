//! Nodes with programs that are lists of steps: turns, tags, hops, copies, faults, attacks.

mod attacks;
mod chaos;
mod connections;
mod hops;
mod hostile;
mod toy;
mod turns;
mod world;

use super::*;
