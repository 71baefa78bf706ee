//! Client connections that move: what breaks such systems elsewhere, each under many seeds.
//!
//! A case is a plan drawn from the seed: the faults that it is about, and a random rest. Whatever
//! the faults are, the judge of the simulator has seen every byte; a run without them is compared.
//! `SM_SEEDS=1000` runs so many seeds of each case; a seed that fails is printed, and `shown` tells
//! all that happens with it.

mod cases;
mod figures;
mod found_out;
mod messages;

use sm_core::ids::Span;
use sm_core::mtcp::End;
use sm_sim::mtcp::{Deed, Fault, Kind, Outcome, Plan, Saying, When, Who, run};
use sm_sim::random::Stream;
use sm_sim::{Seed, mtcp};

use crate::harness::{every_seed, number, seeds};

/// How many seeds a case runs where nobody asks for more.
const USUAL: u64 = 30;

/// What may wait in a driver, however large a state is: what it has room for, and behind it the
/// longest frame that it asks for (a piece of the log with a piece of the input), and short ones.
const BACKLOG: usize = sm_sim::limits::MTCP_BACKLOG + 2 * sm_core::limits::MTCP_PIECE_BYTES + 4_000;

/// Draws the plan of a seed.
pub(crate) type Case = fn(&mut Stream) -> Plan;

pub(crate) fn plan(case: Case, seed: u64) -> Plan {
    case(&mut Seed(seed).stream("mtcp: plan", 0))
}

/// One run, and what a run without faults must agree with.
pub(crate) fn judge(case: Case, seed: u64) -> Result<Outcome, String> {
    judge_plan(&plan(case, seed), seed)
}

fn judge_plan(plan: &Plan, seed: u64) -> Result<Outcome, String> {
    let outcome = run(plan, Seed(seed)).map_err(|wrong| wrong.to_string())?;
    if plan.service.kind != Kind::Count && outcome.end == End::Done {
        let calm = run(&plan.calm(), Seed(seed)).map_err(|wrong| format!("calm: {wrong}"))?;
        if (calm.output, calm.bytes) != (outcome.output, outcome.bytes) {
            return Err("the output is not that of a run without faults".to_owned());
        }
    }
    Ok(outcome)
}

/// Runs a case with many seeds, and says what came of it.
pub(crate) fn check(name: &str, case: Case) {
    let outcomes = every_seed(seeds(USUAL), |seed| judge(case, seed));
    let sum = |what: fn(&Outcome) -> u64| outcomes.iter().map(what).sum::<u64>();
    let lost = outcomes.iter().filter(|one| one.end != End::Done).count();
    println!(
        "{name}: {} runs, {} bytes, attached {} times, {} faults, {} diverged, {lost} lost",
        outcomes.len(),
        sum(|one| one.bytes),
        sum(|one| u64::from(one.attached)),
        sum(|one| u64::from(one.deeds)),
        sum(|one| u64::from(one.diverged)),
    );
    let backlog = outcomes.iter().map(|one| one.backlog).max();
    assert!(
        backlog <= Some(BACKLOG),
        "{name}: {backlog:?} bytes wait in a driver"
    );
    let moved = outcomes.iter().any(|one| one.attached > 1);
    assert!(moved, "{name}: no connection ever moved");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..5 {
        let plan = plan(cases::MIX, seed);
        let again = run(&plan, Seed(seed));
        assert_eq!(run(&plan, Seed(seed)), again);
        assert_ne!(run(&plan, Seed(seed + 100)), again);
    }
}

/// A planned move, and what a server says of it.
#[test]
fn a_move_is_told() {
    let plan = Plan {
        saying: Saying {
            requests: 30,
            ..Saying::default()
        },
        faults: vec![Fault {
            when: When::Attached(1),
            after: Span::millis(30),
            deed: Deed::Move(Who::Other),
        }],
        ..Plan::default()
    };
    let story = mtcp::story(&plan, Seed(1));
    let told = story.lines().filter(|line| {
        let often = ["DATA", "ACK", "HELLO", "session"];
        !often.iter().any(|word| line.contains(word))
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

/// `SM_CASE=4 SM_SEED=17 cargo test -p sm-sim --test scenarios shown -- --ignored --nocapture`
#[test]
#[ignore = "for whoever looks into a seed"]
fn shown() {
    let case = number("SM_CASE").expect("SM_CASE is the number of a case");
    let seed = number("SM_SEED").expect("SM_SEED is a seed");
    let found = cases::ALL.iter().find(|(number, _)| *number == case);
    let (_, case) = found.expect("there is such a case");
    println!("{}", mtcp::story(&plan(*case, seed), Seed(seed)));
}
