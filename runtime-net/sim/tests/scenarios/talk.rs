//! The programs of the talk.

use sm_core::ids::Span;
use sm_sim::network::Memory;
use sm_sim::{Options, Package, Simulation, Start, Stop};
use sm_vm::Value;

use crate::harness::{Outcome, Scenario, every_seed, seeds};

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../examples/", $name))
    };
}

fn town() -> Scenario {
    Scenario::new(example!("temperature.sm"), example!("town.net.toml"), "n1")
}

fn fire() -> Scenario {
    Scenario::new(example!("fire.sm"), example!("fire.net.toml"), "brigade")
}

fn self_routing() -> Scenario {
    Scenario::new(
        example!("self_routing.sm"),
        example!("self_routing.net.toml"),
        "n1",
    )
}

fn mean_is_right(outcome: &Outcome) -> Result<(), String> {
    match &outcome.result {
        Ok(Value::Float(mean)) if (mean - 875.0 / 12.0).abs() < 1e-9 => Ok(()),
        _ => Err(format!("{outcome:?}")),
    }
}

#[test]
fn the_mean_temperature_in_town_is_found() {
    let scenario = town();
    every_seed(seeds(30), |seed| mean_is_right(&scenario.run(seed)?));
}

#[test]
fn being_captured_everywhere_changes_nothing_in_town() {
    let scenario = town();
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

#[test]
fn a_second_run_in_town_carries_no_code() {
    let scenario = town();
    let mut run = Simulation::new(&scenario.network, Options::new(1)).expect("the tags are right");
    let start = Start::new(Package::new(&scenario.bundle).into());
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
    let mut scenario = town();
    for link in &mut scenario.network.links {
        link.model.break_every = Some(Span::secs(4));
        link.model.loss = 0.1;
    }
    every_seed(seeds(30), |seed| mean_is_right(&scenario.run(seed)?));
}

#[test]
fn crashes_with_memory_lose_no_message_in_town() {
    let mut scenario = town();
    scenario.network.faults.crash_every = Some(Span::secs(3));
    scenario.network.faults.restart = sm_sim::random::Delay::fixed(Span::millis(200));
    every_seed(seeds(30), |seed| scenario.run(seed).map(|_| ()));
}

#[test]
fn crashes_without_memory_leave_nothing_in_doubt_in_town() {
    let mut scenario = town();
    scenario.network.faults.crash_every = Some(Span::secs(3));
    scenario.network.faults.memory = Memory::Lost;
    every_seed(seeds(30), |seed| scenario.run(seed).map(|_| ()));
}

#[test]
fn the_camera_reports_the_fire() {
    let scenario = fire();
    every_seed(seeds(20), |seed| {
        let outcome = scenario.run(seed)?;
        if outcome.printed == ["fire at 39.7817 N, -89.6501 E"] {
            Ok(())
        } else {
            Err(format!("{outcome:?}"))
        }
    });
}

#[test]
fn the_treasure_is_found() {
    let scenario = self_routing();
    every_seed(seeds(20), |seed| {
        let outcome = scenario.run(seed)?;
        if outcome.result == Ok(Value::Str("gold".into())) {
            Ok(())
        } else {
            Err(format!("{outcome:?}"))
        }
    });
}
