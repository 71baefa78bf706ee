//! More of the town: what runs cost, lost copies, nodes that crash.

use sm_core::ids::Span;
use sm_sim::network::Memory;
use sm_sim::{Options, Simulation, Stop};

use crate::harness::{Scenario, every_seed, seeds};
use crate::table::TOWN;

#[test]
fn a_second_run_in_town_carries_no_code() {
    let scenario = Scenario::of(&TOWN);
    let mut run = Simulation::new(&scenario.network, Options::new(1)).expect("the tags are right");
    let start = scenario.start();
    let mut cost = || {
        let launch = run.launch(scenario.at, &start).expect("the program starts");
        assert_eq!(run.run(launch), Stop::Done);
        run.cost(launch).expect("it was launched")
    };
    let (first, second) = (cost(), cost());
    assert!(first.code_bytes > 0 && first.bricks > 0, "{first:?}");
    assert_eq!((second.code_bytes, second.bricks), (0, 0), "{second:?}");
    assert!(second.hops > 0 && second.state_bytes > 0, "{second:?}");
}

#[test]
fn breaking_sessions_do_not_change_the_mean() {
    let mut scenario = Scenario::of(&TOWN);
    for link in &mut scenario.network.links {
        link.model.break_every = Some(Span::secs(4));
        link.model.loss = 0.1;
    }
    every_seed(seeds(30), |seed| scenario.judge(seed, TOWN.judge));
}

#[test]
fn crashes_with_memory_lose_no_message_in_town() {
    let mut scenario = Scenario::of(&TOWN);
    scenario.network.faults.crash_every = Some(Span::secs(3));
    scenario.network.faults.restart = sm_sim::random::Delay::fixed(Span::millis(200));
    every_seed(seeds(30), |seed| scenario.run(seed).map(|_| ()));
}

#[test]
fn crashes_without_memory_leave_nothing_in_doubt_in_town() {
    let mut scenario = Scenario::of(&TOWN);
    scenario.network.faults.crash_every = Some(Span::secs(3));
    scenario.network.faults.memory = Memory::Lost;
    every_seed(seeds(30), |seed| scenario.run(seed).map(|_| ()));
}
