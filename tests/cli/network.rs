//! `smc run --net`: a program in a simulated network.

use serde_json::Value;

use crate::smc::{check, scratch, smc, snapshot};

const TEMPERATURE: &str = "../../../examples/temperature.sm";
const TOWN: &str = "../../../examples/town.net.toml";

fn json(args: &[&str]) -> Value {
    let mut all = vec!["run", TEMPERATURE, "--net", TOWN, "--json"];
    all.extend(args);
    let ran = smc(&all);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("the output is one JSON object")
}

#[test]
fn the_mean_of_the_town() {
    let ran = smc(&["run", TEMPERATURE, "--net", TOWN]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "12 thermometers, mean 72.9 F\n72.91666666666667\n"
    );
}

#[test]
fn the_same_seed_leaves_the_same_trace() {
    let (one, two, other) = (
        json(&["--seed", "7"]),
        json(&["--seed", "7"]),
        json(&["--seed", "8"]),
    );
    assert_eq!(one, two);
    assert_ne!(one["trace"], other["trace"]);
    assert_eq!(one["seed"], 7);
}

#[test]
fn a_second_visit_carries_no_code() {
    let run = json(&["--repeat", "2"]);
    let launches = run["launches"].as_array().expect("a list of launches");
    assert_eq!(launches.len(), 2);
    assert!(
        launches[0]["code_bytes"].as_u64().expect("a number") > 0,
        "{run}"
    );
    assert_eq!(launches[1]["code_bytes"], 0, "{run}");
    assert_eq!(launches[1]["result"], launches[0]["result"]);
}

#[test]
fn capturing_everywhere_changes_nothing() {
    let (plain, captured) = (json(&[]), json(&["--capture"]));
    assert_eq!(
        plain["launches"][0]["result"],
        captured["launches"][0]["result"]
    );
    assert_eq!(
        plain["launches"][0]["hops"],
        captured["launches"][0]["hops"]
    );
}

/// The three steps of the talk's self-routing: explorers flood, the one that finds the place writes
/// the route on its way back, the message follows the route.
#[test]
fn the_trace_shows_how_routing_works() {
    const ROUTING: &str = "../../../examples/self_routing.sm";
    const LINE: &str = "../../../examples/self_routing.net.toml";
    let ran = smc(&["run", ROUTING, "--net", LINE, "--trace"]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "found gold\n\"gold\"\n");
    let steps = [
        "n1  m",
        "is launched",
        "goes on as a copy at 1 neighbor",
        "n2  m",
        "is a copy of",
        "n3  m",
        "n4  m",
        "writes route",
        "n2  m",
        "n1  m",
        "writes route",
        "has gone to n2",
        "has gone to n3",
        "has gone to n4",
        "prints: found gold",
    ];
    let mut rest = ran.stderr.as_str();
    for step in steps {
        let (_, after) = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("no `{step}` in:\n{rest}"));
        rest = after;
    }
}

/// Round n adds 0 + 1 + .. + n, its offset n * 100, and the number of hops so far, n + 1.
#[test]
fn a_recursion_in_a_closure_in_a_loop_goes_on_at_another_node() {
    for more in [&[][..], &["--capture"]] {
        let mut args = vec!["run", "moving.sm", "--net", "pair.net.toml"];
        args.extend(more);
        let ran = smc(&args);
        assert_eq!(ran.stdout, "[1, 103, 206, 310]\n", "{}", ran.stderr);
        assert_eq!(ran.exit, 0);
    }
}

#[test]
fn a_trap_far_away_is_reported_at_home() {
    check(
        "network_trap",
        &["run", "far_trap.sm", "--net", "pair.net.toml"],
    );
}

#[test]
fn a_place_that_nobody_has_is_an_error_value() {
    check(
        "network_nowhere",
        &["run", "nowhere.sm", "--net", "pair.net.toml"],
    );
}

#[test]
fn another_node_may_be_the_start() {
    check(
        "network_at",
        &["run", "here.sm", "--net", "pair.net.toml", "--at", "b"],
    );
    check(
        "network_at_unknown",
        &["run", "here.sm", "--net", "pair.net.toml", "--at", "c"],
    );
}

#[test]
fn networks_that_are_none() {
    check(
        "network_missing",
        &["run", "hello.sm", "--net", "piar.net.toml"],
    );
    let network = scratch("wrong.net.toml", "name = \"x\"\n\n[[node]]\nnam = \"a\"\n");
    let ran = smc(&["run", "hello.sm", "--net", &network.display().to_string()]);
    snapshot("network_wrong_key", &ran);
    let network = scratch("broken.net.toml", "name = \n");
    let ran = smc(&["run", "hello.sm", "--net", &network.display().to_string()]);
    snapshot("network_no_toml", &ran);
    check("network_flag_without", &["run", "hello.sm", "--at", "a"]);
}

/// None of the copies is the first message, whose end is that of the run.
#[test]
fn a_main_that_goes_on_as_copies_is_no_failure() {
    check(
        "network_copies",
        &["run", "flood.sm", "--net", "pair.net.toml"],
    );
    let ran = smc(&["run", "flood.sm", "--net", "pair.net.toml", "--json"]);
    let json: Value = serde_json::from_str(&ran.stdout).expect("the output is one JSON object");
    assert_eq!(json["launches"][0]["end"], "copied");
}

#[test]
fn a_main_whose_node_forgot_it_is_lost() {
    let network = "name = \"forgets\"\n\n[[node]]\nname = \"a\"\n\n[faults]\n\
                   crash_every = \"2s\"\nmemory = \"lost\"\nuntil = \"1min\"\n";
    let network = scratch("forgets.net.toml", network).display().to_string();
    let ran = smc(&["run", "waits.sm", "--net", &network]);
    snapshot("network_lost", &ran);
}

#[test]
fn who_waits_at_the_end_is_told_where() {
    check("network_waits", &["run", "waits.sm", "--net", TOWN]);
}
