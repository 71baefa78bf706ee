//! How long a bench takes: it is run again and again, each time from its beginning.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sm_bytecode::EntryRef;
use sm_vm::{Host, Limits, Machine, Outcome, Program};

/// What it takes to begin again.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) program: Arc<Program>,
    pub(super) entry: EntryRef,
    pub(super) limits: Limits,
    pub(super) seed: [u8; 32],
}

/// What one run takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The time of a run in the fastest batch.
    pub(crate) nanos: f64,
    /// The time of a run in the batch in the middle.
    pub(crate) median: f64,
    /// The fuel of the last run.
    pub(crate) fuel: u64,
    /// The memory that the last run has taken from its heap.
    pub(crate) bytes: u64,
    /// How many runs were measured.
    pub(crate) runs: u64,
}

/// A share of the time for a first look, in which caches warm up as well.
const WARM_UP: u64 = 10;

/// Batches into which the measured time is divided: the fastest counts, as nothing makes code
/// faster than it is.
const BATCHES: u64 = 20;

/// Machines that are made ahead, so that making them is not measured.
const AHEAD: u64 = 500;

/// Fuel between two looks at the clock while one run is under way.
const SLICE: u64 = 1_000_000;

/// Runs a bench for about so many nanoseconds. Without a measure the outcome says why.
pub(super) fn repeat(
    beginning: &Beginning,
    nanos: u64,
    host: &mut dyn Host,
) -> (Outcome, Option<Measured>) {
    let warm = match batch(beginning, 1, host) {
        Ok(first) => first,
        Err(outcome) => return (outcome, None),
    };
    let (mut warming, mut count) = (warm.nanos, 1);
    while warming < nanos / WARM_UP {
        match batch(beginning, (count * 2).min(AHEAD), host) {
            Ok(more) => {
                warming += more.nanos;
                count += (count * 2).min(AHEAD);
            }
            Err(outcome) => return (outcome, None),
        }
    }
    let each = (warming / count).max(1);
    let size = (nanos / BATCHES / each).clamp(1, AHEAD);
    let mut times = Vec::new();
    let mut last = warm;
    let mut spent = 0;
    while times.is_empty() || spent < nanos {
        match batch(beginning, size, host) {
            Ok(batch) => {
                spent += batch.nanos.max(1);
                times.push(batch.nanos as f64 / size as f64);
                last = batch;
            }
            Err(outcome) => return (outcome, None),
        }
    }
    times.sort_by(f64::total_cmp);
    let measured = Measured {
        nanos: times[0],
        median: times[times.len() / 2],
        fuel: last.fuel,
        bytes: last.bytes,
        runs: times.len() as u64 * size,
    };
    (last.outcome, Some(measured))
}

struct Batch {
    nanos: u64,
    fuel: u64,
    bytes: u64,
    outcome: Outcome,
}

/// Some runs, and the time of all of them. An outcome that is no end is an error.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is about real time, and nothing that it computes depends on it"
)]
fn batch(beginning: &Beginning, count: u64, host: &mut dyn Host) -> Result<Batch, Outcome> {
    let mut machines: Vec<Machine> = (0..count).filter_map(|_| beginning.machine()).collect();
    let mut end = None;
    let began = Instant::now();
    for machine in &mut machines {
        end = Some(finish(machine, host)?);
    }
    let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let (Some(outcome), Some(last)) = (end, machines.last()) else {
        return Err(Outcome::Yield);
    };
    Ok(Batch {
        nanos,
        fuel: last.fuel_used(),
        bytes: last.heap_bytes(),
        outcome,
    })
}

/// Fuel of one run, beyond which it is taken for endless.
const FUEL: u64 = 10_000_000_000;

fn finish(machine: &mut Machine, host: &mut dyn Host) -> Result<Outcome, Outcome> {
    loop {
        match machine.run(SLICE, host) {
            done @ Outcome::Done(_) => return Ok(done),
            Outcome::Yield => {}
            Outcome::OutOfFuel if machine.fuel_used() < FUEL => {}
            other => return Err(other),
        }
    }
}

impl Beginning {
    fn machine(&self) -> Option<Machine> {
        let program = self.program.clone();
        Machine::start(program, self.entry, &[], self.limits, self.seed).ok()
    }
}
