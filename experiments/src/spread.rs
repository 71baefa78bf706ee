//! Several times of one kind: what they are about, and how far they lie apart.

use std::time::Duration;

/// Times of one kind.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<Duration>);

impl Spread {
    /// One more.
    pub fn add(&mut self, time: Duration) {
        let at = self.0.partition_point(|one| *one <= time);
        self.0.insert(at, time);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time below which so many of a hundred lie, in µs; the median is 50.
    pub fn micros(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = self.0.get((last * percent + 50) / 100);
        at.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_hundred() {
        let mut spread = Spread::default();
        for micros in [5, 1, 4, 2, 3] {
            spread.add(Duration::from_micros(micros));
        }
        let parts = [0, 25, 50, 75, 100].map(|percent| spread.micros(percent).round());
        assert_eq!(parts, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(Spread::default().micros(50).is_nan());
    }
}
