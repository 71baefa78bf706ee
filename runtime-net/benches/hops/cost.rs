//! What one way cost.

use std::time::{Duration, Instant};

use super::bare::now;
use super::peer::Peer;

/// A block of round trips that is being measured, then what one way of it cost.
pub(crate) struct Block {
    began: Instant,
    cpu: Duration,
}

impl Block {
    pub(crate) fn begin(peer: &Peer) -> Self {
        Self {
            cpu: peer.cpu(),
            began: now(),
        }
    }

    pub(crate) fn end(self, peer: &Peer, ways: u32) -> Cost {
        let wall = self.began.elapsed();
        Cost {
            wall: wall / ways,
            cpu: peer.cpu().saturating_sub(self.cpu) / ways,
        }
    }
}

/// What one way took, and the processor time of both processes meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    wall: Duration,
    cpu: Duration,
}

/// The costs of the same thing, measured several times.
#[derive(Default)]
pub(crate) struct Costs(Vec<Cost>);

impl Costs {
    pub(crate) fn add(&mut self, cost: Cost) {
        self.0.push(cost);
    }

    fn least(&self) -> Cost {
        *self.0.iter().min().expect("it was measured")
    }

    pub(crate) fn show(&self) -> String {
        let least = self.least();
        let [wall, cpu] = [least.wall, least.cpu].map(|time| time.as_secs_f64() * 1e6);
        format!("{wall:.1} ({cpu:.1})")
    }

    /// How many times as long as the other it takes: by the minima, and by the median of blocks
    /// that were measured one after the other.
    pub(crate) fn over(&self, other: &Self) -> String {
        let ratio = |own: &Cost, other: &Cost| own.wall.as_secs_f64() / other.wall.as_secs_f64();
        let mut pairs: Vec<f64> = std::iter::zip(&self.0, &other.0)
            .map(|(own, other)| ratio(own, other))
            .collect();
        pairs.sort_by(f64::total_cmp);
        let minima = ratio(&self.least(), &other.least());
        format!("{minima:.2} ({:.2})", pairs[pairs.len() / 2])
    }

    pub(crate) fn rate(&self) -> f64 {
        1.0 / self.least().wall.as_secs_f64()
    }

    /// The least processor time, in microseconds.
    pub(crate) fn cpu(&self) -> f64 {
        let least = self.0.iter().map(|cost| cost.cpu).min();
        least.expect("it was measured").as_secs_f64() * 1e6
    }
}
