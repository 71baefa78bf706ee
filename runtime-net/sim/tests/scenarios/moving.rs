//! Walkers where nodes crash: one hop after another, copies, spawned messages.

use sm_core::ids::Span;
use sm_sim::network::{Faults, Memory};
use sm_sim::random::Delay;

use crate::harness::{Scenario, every_seed, seeds};
use crate::table::{WALKERS, no_walker_twice};

fn walkers(memory: Memory) -> Scenario {
    let mut scenario = Scenario::of(&WALKERS);
    scenario.network.faults = Faults {
        crash_every: Some(Span::secs(3)),
        restart: Delay {
            min: Span::millis(50),
            max: Span::secs(1),
        },
        memory,
        until: Some(Span::secs(20)),
    };
    for link in &mut scenario.network.links {
        link.model.break_every = Some(Span::secs(2));
    }
    scenario
}

/// After the faults every walker that is left has come to its end, and each once.
fn ended(scenario: &Scenario, seed: u64) -> Result<usize, String> {
    let run = scenario.run(seed)?;
    no_walker_twice(&run.ran).map_err(|why| format!("{why}: {run:?}"))?;
    Ok(run.ran.output.len())
}

#[test]
fn walkers_survive_crashes_with_memory() {
    let scenario = walkers(Memory::Kept);
    every_seed(seeds(20), |seed| match ended(&scenario, seed)? {
        // None began if the node crashed before it had stored the launch.
        6 | 0 => Ok(()),
        count => Err(format!("of the walkers {count} came to their end")),
    });
}

#[test]
fn walkers_end_at_most_once_where_nodes_forget() {
    let scenario = walkers(Memory::Lost);
    every_seed(seeds(20), |seed| ended(&scenario, seed));
}

#[test]
fn a_trace_does_not_show_captures() {
    let scenario = walkers(Memory::Kept);
    every_seed(seeds(2), |seed| {
        let (plain, captured) = (scenario.run(seed)?, scenario.run_captured::<3>(seed)?);
        if plain == captured {
            Ok(())
        } else {
            Err(format!("{captured:?} is not {plain:?}"))
        }
    });
}
