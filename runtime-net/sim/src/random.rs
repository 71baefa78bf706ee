//! Draws: one seed, and from it a stream for every concern.
//!
//! A stream is named by what it is for and an index. A draw added to one stream, or a new stream,
//! leaves all others as they were, so that a change to one model does not turn every recorded seed
//! into another run.

use sm_core::ids::Span;

const CONTEXT: &str = "smart-messages 2026 simulator: stream of draws";

/// The seed of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The `index`-th stream of draws for this purpose.
    pub fn stream(self, purpose: &str, index: u64) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher
            .update(&self.0.to_le_bytes())
            .update(&index.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let mut bytes = hasher.finalize_xof();
        let mut word = || {
            let mut raw = [0; 8];
            bytes.fill(&mut raw);
            u64::from_le_bytes(raw)
        };
        Stream {
            state: [word(), word(), word(), word() | 1],
        }
    }
}

/// A sequence of draws: xoshiro256** (Blackman and Vigna, 2018).
#[derive(Debug, Clone)]
pub struct Stream {
    /// Never all zero: the last word is odd at the start.
    state: [u64; 4],
}

impl Stream {
    /// Sixty-four bits, each as likely as not.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `bound`, or zero if that is zero; unbiased to one part in 2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A position in a list of this length, which must not be empty.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number in `[0, 1)`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A length of time from `min` to `max`, both included.
    pub fn between(&mut self, min: Span, max: Span) -> Span {
        let width = (max - min).0;
        if width == u64::MAX {
            return Span(self.bits());
        }
        Span(min.0 + self.below(width + 1))
    }

    /// The time to the next of events that come at random, `mean` apart.
    pub fn exponential(&mut self, mean: Span) -> Span {
        // `1 - unit` is never zero, and libm gives the same bits on every machine.
        let factor = -libm::log(1.0 - self.unit());
        Span((mean.0 as f64 * factor) as u64)
    }

    /// Puts a list into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.index(last + 1));
        }
    }
}

/// How a length of time is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delay {
    /// The shortest.
    pub min: Span,
    /// The longest; equal to `min` where nothing is left to chance.
    pub max: Span,
}

impl Delay {
    /// Always the same.
    pub const fn fixed(span: Span) -> Self {
        Self {
            min: span,
            max: span,
        }
    }

    /// One length of time. Where nothing is left to chance nothing is drawn.
    pub fn draw(&self, stream: &mut Stream) -> Span {
        if self.min == self.max {
            self.min
        } else {
            stream.between(self.min, self.max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_seed_purpose_and_index() {
        let first = |seed: u64, purpose: &str, index| Seed(seed).stream(purpose, index).bits();
        assert_eq!(first(7, "links", 0), first(7, "links", 0));
        let distinct: std::collections::BTreeSet<u64> = [
            first(7, "links", 0),
            first(8, "links", 0),
            first(7, "links", 1),
            first(7, "store", 0),
        ]
        .into();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn the_generator_follows_its_published_reference() {
        let mut stream = Stream {
            state: [1, 2, 3, 4],
        };
        let drawn: Vec<u64> = (0..4).map(|_| stream.bits()).collect();
        assert_eq!(drawn, [11520, 0, 1509978240, 1215971899390074240]);
    }

    #[test]
    fn draws_keep_to_their_bounds_and_reach_them() {
        let mut stream = Seed(1).stream("test", 0);
        let (min, max) = (Span(5), Span(7));
        let seen: std::collections::BTreeSet<u64> =
            (0..200).map(|_| stream.between(min, max).0).collect();
        assert_eq!(seen, [5, 6, 7].into());
        assert_eq!(stream.below(0), 0);
        assert!((0..1000).all(|_| stream.unit() < 1.0));
    }

    #[test]
    fn random_events_come_as_often_as_their_mean_says() {
        let mut stream = Seed(3).stream("test", 0);
        let total: u64 = (0..10_000)
            .map(|_| stream.exponential(Span(1_000_000)).0)
            .sum();
        let mean = total / 10_000;
        assert!((970_000..1_030_000).contains(&mean), "{mean}");
    }
}
