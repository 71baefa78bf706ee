//! The programs of the talk.

use crate::harness::{Scenario, every_seed, seeds};

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../examples/", $name))
    };
}

#[test]
fn the_mean_temperature_in_town_is_found() {
    let scenario = Scenario::new(example!("temperature.sm"), example!("town.net.toml"), "n1");
    every_seed(seeds(20), |seed| {
        let outcome = scenario.run(seed)?;
        match &outcome.result {
            Ok(sm_vm::Value::Float(mean)) if (mean - 875.0 / 12.0).abs() < 1e-9 => Ok(()),
            _ => Err(format!("{outcome:?}")),
        }
    });
}
