//! Nodes with programs that are lists of steps: turns, tags, hops, copies, faults, attacks.

mod attacks;
mod chaos;
mod hops;
mod toy;
mod turns;
mod world;

use super::*;
