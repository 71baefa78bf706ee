//! Rules broken on purpose: the judge finds each.

use sm_core::ids::Span;
use sm_sim::Seed;
use sm_sim::mtcp::{Broken, Deed, Kind, Mode, Plan, Rest, Who, run};

use super::{cases, plan};

/// How many seeds may be needed.
const SEEDS: u64 = 40;

fn found(change: impl Fn(&mut Plan)) -> Vec<String> {
    let wrongs = (0..SEEDS).filter_map(|seed| {
        let mut plan = plan(cases::MIX, seed);
        change(&mut plan);
        run(&plan, Seed(seed)).err().map(|wrong| wrong.what)
    });
    wrongs.collect()
}

#[test]
fn nothing_is_found_where_no_rule_is_broken() {
    assert_eq!(found(|_| ()), [""; 0]);
}

#[test]
fn a_driver_that_delivers_frames_of_a_stale_owner() {
    let wrongs = found(|plan| plan.broken = Some(Broken::StaleOwner));
    let bytes = wrongs.iter().filter(|what| what.contains("of the output"));
    assert!(bytes.count() > 0, "{wrongs:#?}");
}

#[test]
fn a_service_that_does_not_record() {
    let wrongs = found(|plan| {
        plan.broken = Some(Broken::Unrecorded);
        plan.service.kind = Kind::Count;
        plan.service.export_every = 0;
        plan.service.export_anywhere = 0.0;
    });
    assert!(!wrongs.is_empty());
}

#[test]
fn a_standby_that_does_not_have_what_it_says() {
    let wrongs = found(|plan| {
        plan.broken = Some(Broken::Unshipped);
        plan.mode = Mode::Eager;
        plan.rest.push(Rest {
            every: Span::millis(900),
            deed: Deed::Crash(Who::Owner, Span::secs(2)),
        });
    });
    assert!(!wrongs.is_empty());
}

#[test]
fn a_service_that_forgets_its_snapshot() {
    let wrongs = found(|plan| plan.broken = Some(Broken::Amnesia));
    assert!(!wrongs.is_empty());
}
