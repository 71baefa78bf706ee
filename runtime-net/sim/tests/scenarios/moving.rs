//! Moving itself: one hop after another, copies, spawned messages.

use sm_sim::network::Memory;
use sm_vm::Value;

use crate::harness::{Scenario, every_seed, seeds};

const LINE: &str = r#"
[link]
delay = { min = "1ms", max = "9ms" }
[topology]
kind = "line"
nodes = 4
"#;

/// To the last node of a line and back, in the middle of a recursion in a closure in a loop.
const THERE_AND_BACK: &str = r#"
fn walk(left: Int, go: fn(Int) -> Int) -> Int {
    if left == 0 { return 0 }
    let here = go(left)
    here + walk(left - 1, go)
}

fn main() -> Int {
    let words = ["a", "b", "c"]
    let far = walk(3, fn(left) {
        let hops = neighbors()
        for hop in hops {
            if Some(hop) != previous() {
                match sys_migrate(hop) { _ => {} }
                break
            }
        }
        left * 100 + words.len()
    })
    print("{far} after {hops()} hops")
    far
}
"#;

#[test]
fn a_message_goes_to_the_end_of_a_line() {
    let scenario = Scenario::new(THERE_AND_BACK, LINE, "n1");
    every_seed(seeds(20), |seed| {
        let plain = scenario.run(seed)?;
        if plain.result != Ok(Value::Int(609)) || plain.printed != ["609 after 3 hops"] {
            return Err(format!("{plain:?}"));
        }
        let captured = scenario.run_captured::<1>(seed)?;
        if captured != plain {
            return Err(format!("{captured:?} is not {plain:?}"));
        }
        Ok(())
    });
}

const RING: &str = r#"
[link]
delay = { min = "1ms", max = "20ms" }
loss = 0.1
break_every = "2s"
[faults]
crash_every = "3s"
restart = { min = "50ms", max = "1s" }
until = "20s"
[topology]
kind = "ring"
nodes = 6
"#;

/// Six messages that walk at random, leave marks, send copies of themselves, and go on whatever
/// happens.
const WALKERS: &str = r#"
tag mark(walker: Int): Int lifetime 3s
tag secret: Int lifetime 2s access owner

fn walker(number: Int) {
    for step in 0..40 {
        let hops = neighbors()
        if hops.len() > 0 {
            match sys_migrate(hops[random_below(hops.len())], timeout: 2s) { _ => {} }
        }
        match write(mark(number), step) { _ => {} }
        match write(secret, number) { _ => {} }
        if step % 10 == 9 {
            spawn copies(number)
        }
        block(mark(number + 1), timeout: 50ms)
    }
    print("walker {number} is done")
}

fn copies(number: Int) {
    if sys_migrate(all_neighbors).is_ok() {
        match write(mark(number), -1) { _ => {} }
        if hops() < 3 {
            match sys_migrate(all_neighbors) { _ => {} }
        }
    }
}

fn main() -> Int {
    for number in 0..6 {
        spawn walker(number)
    }
    6
}
"#;

fn walkers(memory: Memory) -> Scenario {
    let mut scenario = Scenario::new(WALKERS, RING, "n1");
    scenario.network.faults.memory = memory;
    scenario
}

/// After the faults every walker has come to its end, and each once.
fn judge(scenario: &Scenario, seed: u64) -> Result<Vec<String>, String> {
    let outcome = scenario.run(seed)?;
    let mut lines = outcome.printed;
    lines.sort();
    let count = lines.len();
    lines.dedup();
    if lines.len() < count {
        Err(format!("a walker ended twice: {lines:?}"))
    } else {
        Ok(lines)
    }
}

#[test]
fn walkers_survive_crashes_with_memory() {
    let scenario = walkers(Memory::Kept);
    every_seed(seeds(20), |seed| match judge(&scenario, seed)?.len() {
        // None began if the node crashed before it had stored the launch.
        6 | 0 => Ok(()),
        count => Err(format!("of the walkers {count} came to their end")),
    });
}

#[test]
fn walkers_end_at_most_once_where_nodes_forget() {
    let scenario = walkers(Memory::Lost);
    every_seed(seeds(20), |seed| judge(&scenario, seed));
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
