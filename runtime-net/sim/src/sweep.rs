//! Many runs with many seeds, on all cores, with the same result for any number of jobs.
//!
//! Each run has a thread to itself and shares nothing; results come in the order of the seeds.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::Seed;

/// How many runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs(pub NonZeroUsize);

impl Jobs {
    /// One after the other.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// As many as the machine has cores.
    pub fn all_cores() -> Self {
        Self(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

/// A seed whose run failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure<E> {
    /// The smallest seed that fails.
    pub seed: Seed,
    /// Why.
    pub error: E,
}

impl<E> Failure<E> {
    /// The command that shows this very run again.
    pub fn command(&self, program: &str, network: &str) -> String {
        format!(
            "smc run {program} --net {network} --seed {} --trace",
            self.seed.0
        )
    }
}

impl<E: std::fmt::Display> std::fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}: {}", self.seed.0, self.error)
    }
}

/// Runs every seed and answers the results in order of the seeds.
///
/// # Errors
/// The failure of the smallest seed that fails, whichever run was done first. Runs with greater
/// seeds are not begun once it is known.
pub fn sweep<T: Send, E: Send>(
    seeds: Range<u64>,
    jobs: Jobs,
    run: impl Fn(Seed) -> Result<T, E> + Sync,
) -> Result<Vec<T>, Failure<E>> {
    let next = AtomicU64::new(seeds.start);
    let first_failure = AtomicU64::new(u64::MAX);
    let results = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || seed > first_failure.load(Ordering::Relaxed) {
                return;
            }
            let result = run(Seed(seed));
            if result.is_err() {
                first_failure.fetch_min(seed, Ordering::Relaxed);
            }
            // A run that panics takes the whole sweep with it, so the lock is never poisoned
            // for anybody who still cares.
            if let Ok(mut results) = results.lock() {
                results.push((seed, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.0.get() {
            scope.spawn(worker);
        }
        worker();
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(seed, _)| *seed);
    let outcome = |(seed, result): (u64, Result<T, E>)| {
        result.map_err(|error| Failure {
            seed: Seed(seed),
            error,
        })
    };
    results.into_iter().map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(count: usize) -> Jobs {
        Jobs(NonZeroUsize::new(count).expect("a test asks for some"))
    }

    #[test]
    fn the_number_of_jobs_makes_no_difference() {
        let run = |seed: Seed| Ok::<u64, ()>(seed.stream("test", 0).bits());
        let alone = sweep(0..100, Jobs::ONE, run);
        assert_eq!(alone.as_ref().map(Vec::len), Ok(100));
        assert_eq!(sweep(0..100, jobs(2), run), alone);
        assert_eq!(sweep(0..100, jobs(7), run), alone);
    }

    #[test]
    fn the_smallest_seed_that_fails_is_reported() {
        let run = |seed: Seed| match seed.0 {
            // The greater one fails sooner.
            13 => {
                (0..10_000).for_each(|_| std::thread::yield_now());
                Err("late")
            }
            14.. => Err("early"),
            _ => Ok(()),
        };
        for count in [1, 2, 4] {
            let failure = sweep(0..50, jobs(count), run).expect_err("some fail");
            let command = failure.command("a.sm", "b.net.toml");
            assert_eq!(command, "smc run a.sm --net b.net.toml --seed 13 --trace");
            assert_eq!(
                failure,
                Failure {
                    seed: Seed(13),
                    error: "late"
                }
            );
        }
    }
}
