//! Moving itself: one hop after another, copies, spawned messages.

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
    every_seed(seeds(50), |seed| {
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
