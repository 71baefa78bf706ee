//! Many runs at a time, on threads of their own; what came of them is told in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use crate::exit::Failure;

/// Whether to go on with what has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    Stop,
}

/// Stack of a thread: a test runs in the machine's own stack, so little is needed.
const STACK_BYTES: usize = 8 << 20;

/// Runs all jobs, at most so many at a time, and tells the results in the order of the jobs, each
/// as soon as it and all before it are there.
pub(crate) fn run<J: Sync, T: Send>(
    jobs: &[J],
    workers: NonZeroUsize,
    run: impl Fn(&J) -> T + Sync,
    mut tell: impl FnMut(usize, T) -> Result<Next, Failure>,
) -> Result<(), Failure> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    let work = |sender: std::sync::mpsc::Sender<(usize, T)>| {
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { return };
            // Whoever does not listen any more has heard enough.
            if sender.send((at, run(job))).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.get().min(jobs.len()) {
            let (sender, work) = (sender.clone(), &work);
            std::thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || work(sender))
                .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (at, result) in receiver {
            early.insert(at, result);
            while let Some(result) = early.remove(&due) {
                let told = tell(due, result);
                due += 1;
                if !matches!(told, Ok(Next::GoOn)) {
                    stop.store(true, Ordering::Relaxed);
                    return told.map(|_| ());
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).expect("a test asks for some")
    }

    #[test]
    fn results_are_told_in_the_order_of_the_jobs() {
        let jobs: Vec<u32> = (0..100).collect();
        for count in [1, 2, 7, 200] {
            let mut told = Vec::new();
            let run = |job: &u32| {
                // Even ones take longer.
                (0..(job + 1) % 2 * 100).for_each(|_| std::thread::yield_now());
                *job
            };
            let done = super::run(&jobs, workers(count), run, |at, result| {
                assert_eq!(at as u32, result);
                told.push(result);
                Ok(Next::GoOn)
            });
            assert!(done.is_ok());
            assert_eq!(told, jobs);
        }
    }

    #[test]
    fn nothing_is_told_after_the_stop() {
        let jobs: Vec<u32> = (0..100).collect();
        let mut told = 0;
        let done = super::run(
            &jobs,
            workers(3),
            |job| *job,
            |_, result| {
                told += 1;
                Ok(if result == 4 { Next::Stop } else { Next::GoOn })
            },
        );
        assert!(done.is_ok());
        assert_eq!(told, 5);
    }
}
