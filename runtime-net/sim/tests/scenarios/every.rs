//! What is asked of every scenario.

use sm_core::ids::Span;

use crate::harness::{Scenario, every_seed, seeds};
use crate::table::SCENARIOS;

#[test]
fn what_has_to_come_comes_with_every_seed() {
    for table in SCENARIOS {
        let scenario = Scenario::of(table);
        every_seed(seeds(20), |seed| scenario.judge(seed, table.judge));
    }
}

#[test]
fn being_captured_everywhere_changes_nothing() {
    for table in SCENARIOS {
        let scenario = Scenario::of(table);
        every_seed(seeds(2), |seed| {
            let plain = scenario.run(seed)?;
            let captured = [
                scenario.run_captured::<1>(seed)?,
                scenario.run_captured::<97>(seed)?,
            ];
            if captured.iter().all(|captured| *captured == plain) {
                Ok(())
            } else {
                Err(format!("{captured:?} is not {plain:?}"))
            }
        });
    }
}

#[test]
fn sessions_break() {
    for table in SCENARIOS {
        let Some((_, judge)) = table.broken else {
            continue;
        };
        let mut scenario = Scenario::of(table);
        let links = scenario
            .network
            .links
            .iter_mut()
            .map(|link| &mut link.model);
        for model in links.chain([&mut scenario.network.link]) {
            model.break_every = Some(Span::secs(4));
        }
        every_seed(seeds(20), |seed| scenario.judge(seed, judge));
    }
}

#[test]
fn a_node_is_not_there() {
    for table in SCENARIOS {
        let Some((node, judge)) = table.without else {
            continue;
        };
        let scenario = Scenario::without(table, node);
        every_seed(seeds(20), |seed| scenario.judge(seed, judge));
    }
}
