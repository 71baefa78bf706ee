//! What the `net` modules of the library promise, each tried with many seeds and what can go wrong.

use std::path::Path;

use sm_sim::Network;

use crate::stage::{Play, Trouble};
use crate::table::{Outcome, Ran};

/// How many seeds each trouble is tried with.
const SEEDS: u64 = 100;

/// A program and a network of the folder beside this file.
fn play(program: &str, network: &str) -> Play {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/net");
    let text = std::fs::read_to_string(folder.join(format!("{network}.net.toml")));
    let network = Network::parse(&text.expect("a network file")).expect("it is well-formed");
    Play::new(&folder.join(format!("{program}.sm")), network)
}

/// Wants this result, whatever goes wrong.
fn ends_with(result: &'static str) -> impl Fn(&Ran) -> Result<(), String> {
    move |ran| match &ran.outcome {
        Outcome::Done(found) if found == result => Ok(()),
        _ => Err(format!("it does not end with {result}")),
    }
}

/// Takes for granted that a message which never began, or could not come home, says nothing.
fn if_it_ends(judge: impl Fn(&str) -> Result<(), String>) -> impl Fn(&Ran) -> Result<(), String> {
    move |ran| match &ran.outcome {
        Outcome::Done(found) => judge(found),
        Outcome::NeverBegan | Outcome::UnwrapErr => Ok(()),
        _ => Err("it came to another end".to_owned()),
    }
}

/// The numbers in a result such as `(12, 4095, 0)`.
fn numbers(text: &str) -> Vec<i64> {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).collect()
}

/// How many of the runs came to their end.
fn ended(ran: &[Ran]) -> usize {
    let ended = |ran: &&Ran| matches!(ran.outcome, Outcome::Done(_));
    ran.iter().filter(ended).count()
}

/// Each node at most once. That none is missing is said of those that were named as a neighbor.
fn each_bit_once(found: &str) -> Result<(), String> {
    let [nodes, sum, missing] = numbers(found)[..] else {
        return Err("no three numbers".to_owned());
    };
    if i64::from(sum.count_ones()) != nodes {
        Err("a node was counted twice".to_owned())
    } else if nodes + missing > 12 {
        Err("there are no more than twelve".to_owned())
    } else {
        Ok(())
    }
}

#[test]
fn gather_is_complete_where_nothing_breaks() {
    let play = play("gather", "grid");
    play.captured();
    play.with(Trouble::Delay)
        .sweep_of(SEEDS, ends_with("(12, 4095, 0)"));
}

#[test]
fn gather_counts_no_node_twice() {
    let ran = play("gather", "grid")
        .with(Trouble::Breaks)
        .sweep_of(SEEDS, if_it_ends(each_bit_once));
    assert!(ended(&ran) > 92, "{}", ended(&ran));
    let ran = play("gather", "grid")
        .with(Trouble::Crashes)
        .sweep_of(SEEDS, if_it_ends(each_bit_once));
    assert!(ended(&ran) > 70, "{}", ended(&ran));
}

#[test]
fn nearest_is_the_nearest() {
    let play = play("nearest", "sites");
    play.captured();
    play.sweep_of(SEEDS, ends_with("(2, \"near\")"));
    let ran = play.with(Trouble::Delay).sweep_of(SEEDS, ends_at_a_depot);
    let near = ran
        .iter()
        .filter(|ran| ends_with("(2, \"near\")")(ran).is_ok());
    assert!(near.count() > 70);
}

/// Where copies are lost and sessions break it may be the farther one, but it is one.
#[test]
fn nearest_is_of_the_place() {
    let mut play = play("nearest", "sites").with(Trouble::Breaks);
    for link in &mut play.network.links {
        link.model.loss = 0.2;
    }
    play.sweep_of(SEEDS, ends_at_a_depot);
}

fn ends_at_a_depot(ran: &Ran) -> Result<(), String> {
    ends_with("(2, \"near\")")(ran).or_else(|_| ends_with("(3, \"far\")")(ran))
}

#[test]
fn retry_crosses_what_was_cut() {
    play("retry", "cut").captured();
    play("retry", "cut").sweep_of(SEEDS, ends_with("true"));
    play("give_up", "cut").sweep_of(SEEDS, ends_with("1"));
}

#[test]
fn all_parts_come_back_where_nothing_breaks() {
    let play = play("join", "sites");
    play.captured();
    play.with(Trouble::Delay)
        .sweep_of(SEEDS, ends_with("[(1, 49), (2, 64), (3, 81)]"));
}

#[test]
fn no_part_comes_back_twice() {
    let some_of_three = |found: &str| {
        let numbers = numbers(found);
        let parts: Vec<i64> = numbers.iter().copied().step_by(2).collect();
        if parts.is_sorted_by(|a, b| a < b) && parts.iter().all(|part| (1..=3).contains(part)) {
            Ok(())
        } else {
            Err("a part twice".to_owned())
        }
    };
    for trouble in [Trouble::Breaks, Trouble::Crashes] {
        let ran = play("join", "sites")
            .with(trouble)
            .sweep_of(SEEDS, if_it_ends(some_of_three));
        assert!(ended(&ran) > 85, "{trouble:?}: {}", ended(&ran));
    }
}

#[test]
fn changes_are_reported_home() {
    let play = play("watch", "sites");
    play.captured();
    play.sweep_of(SEEDS, ends_with("[0, 1, 3, 5, 9]"));
}

/// The last value is reported, and each once.
#[test]
fn changes_are_reported_once() {
    let once = |found: &str| {
        let mut seen = numbers(found);
        let count = seen.len();
        let last = seen.last().copied();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() == count && last == Some(9) {
            Ok(())
        } else {
            Err("twice, or not the last".to_owned())
        }
    };
    play("watch", "sites")
        .with(Trouble::Breaks)
        .sweep_of(SEEDS, if_it_ends(once));
}

#[test]
fn counters_are_exact_where_all_are_asked() {
    play("counter", "grid").captured();
    for trouble in [Trouble::Delay, Trouble::Breaks, Trouble::Crashes] {
        let never_more = |found: &str| match numbers(found)[..] {
            [value, nodes, _, counted] if value == 2 * nodes && nodes <= counted => Ok(()),
            _ => Err("more than was counted".to_owned()),
        };
        let ran = play("counter", "grid")
            .with(trouble)
            .sweep_of(SEEDS, if_it_ends(never_more));
        assert!(ended(&ran) > 70, "{trouble:?}: {}", ended(&ran));
    }
    play("counter", "grid")
        .with(Trouble::Delay)
        .sweep_of(SEEDS, ends_with("(24, 12, 0, 12)"));
}

#[test]
fn a_bucket_gives_no_more_than_it_has() {
    let result = "\"12 in 3 s, [true, true, false, false, false]\"";
    play("limit", "cut").captured();
    play("limit", "cut").sweep_of(SEEDS, |ran| match &ran.outcome {
        Outcome::Done(found) if found == result || found.starts_with("\"12 in 4") => Ok(()),
        _ => Err(format!("it does not end with {result}")),
    });
}
