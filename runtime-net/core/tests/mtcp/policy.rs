//! Policies: what they say of samples, against the words of their documentation.

use proptest::prelude::*;
use sm_core::ids::{Span, Time};
use sm_core::mtcp::policy::{Decider, Decision, Metric, Policy, Rule, Sample, Trigger};

const MS: u64 = 1_000_000;

fn policy(rules: Vec<Rule>) -> Policy {
    Policy {
        rules,
        ..Policy::default()
    }
}

fn at(millis: u64) -> Time {
    Time(millis * MS)
}

/// Samples of a stream whose service sends so many bytes in each tenth of a second.
fn stream(decider: &mut Decider, from: u64, bytes: &[u64]) -> Vec<Decision> {
    let mut received = 0;
    let mut now = from;
    let mut sample = |bytes: &u64| {
        received += bytes;
        now += 100;
        let sample = Sample {
            received,
            ..Sample::default()
        };
        decider.sample(at(now), &sample)
    };
    bytes.iter().map(&mut sample).collect()
}

#[test]
fn a_stream_below_three_quarters_of_its_best_rate_arms_and_then_moves() {
    let rule = Rule::Metric {
        metric: Metric::Rate,
        trigger: Trigger::Ratio {
            below: 750,
            back: 900,
        },
        hold: Span::millis(500),
    };
    let mut decider = Decider::new(policy(vec![rule]), at(0));
    let good = stream(&mut decider, 0, &[1_000; 30]);
    assert!(good.iter().all(|one| *one == Decision::Stay), "{good:?}");
    let bad = stream(&mut decider, 3_000, &[100; 30]);
    let armed = bad.iter().position(|one| *one == Decision::Arm);
    let moved = bad.iter().position(|one| *one == Decision::Move(0));
    // The smoothed rate needs some samples to fall, and five more are the time that it has to hold.
    assert_eq!(
        moved.zip(armed).map(|(moved, armed)| moved - armed),
        Some(5)
    );
    assert!(armed > Some(0), "one bad sample is no rate");
}

#[test]
fn silence_is_a_bad_rate_only_where_the_service_never_pauses() {
    for continuous in [false, true] {
        let rule = Rule::Metric {
            metric: Metric::Rate,
            trigger: Trigger::Ratio {
                below: 750,
                back: 900,
            },
            hold: Span::ZERO,
        };
        let policy = Policy {
            continuous,
            ..policy(vec![rule])
        };
        let mut decider = Decider::new(policy, at(0));
        stream(&mut decider, 0, &[1_000; 30]);
        let silent = stream(&mut decider, 3_000, &[0; 30]);
        let moves = silent.contains(&Decision::Move(0));
        assert_eq!(moves, continuous, "{silent:?}");
    }
}

fn round_trip(millis: u64) -> Sample {
    Sample {
        round_trip: Some(Span::millis(millis)),
        ..Sample::default()
    }
}

#[test]
fn a_threshold_has_two_edges() {
    let rule = Rule::Metric {
        metric: Metric::RoundTrip,
        trigger: Trigger::Threshold {
            limit: 50 * MS,
            back: 20 * MS,
        },
        hold: Span::secs(9),
    };
    let mut decider = Decider::new(policy(vec![rule]), at(0));
    let said = [40, 51, 40, 21, 20, 40, 50, 51];
    let said: Vec<Decision> = (0..)
        .zip(said)
        .map(|(number, millis)| decider.sample(at(number * 100), &round_trip(millis)))
        .collect();
    use Decision::{Arm, Stay};
    assert_eq!(said, [Stay, Arm, Arm, Arm, Stay, Stay, Stay, Arm]);
}

#[test]
fn an_answer_that_is_owed_is_a_stall() {
    let rule = Rule::Metric {
        metric: Metric::Stall,
        trigger: Trigger::Threshold {
            limit: 300 * MS,
            back: 300 * MS,
        },
        hold: Span::ZERO,
    };
    let mut decider = Decider::new(policy(vec![rule]), at(0));
    let mut say = |now: u64, heard: u64, owes: bool| {
        let sample = Sample {
            heard: at(heard),
            owes,
            ..Sample::default()
        };
        decider.sample(at(now), &sample)
    };
    // Nothing is owed, however long it is silent; then it answers in time; then it does not.
    assert_eq!(say(1_000, 0, false), Decision::Stay);
    assert_eq!(say(1_100, 0, true), Decision::Stay);
    assert_eq!(say(1_390, 1_350, true), Decision::Stay);
    assert_eq!(say(1_650, 1_350, true), Decision::Stay);
    assert_eq!(say(1_651, 1_350, true), Decision::Move(0));
}

#[test]
fn a_deadline_arms_and_then_moves_and_the_clock_is_set_for_both() {
    let after = Span::secs(10);
    let mut decider = Decider::new(policy(vec![Rule::Deadline { after }]), at(0));
    assert_eq!(decider.due(at(0)), at(9_000));
    assert_eq!(
        decider.sample(at(8_999), &Sample::default()),
        Decision::Stay
    );
    assert_eq!(decider.sample(at(9_000), &Sample::default()), Decision::Arm);
    assert_eq!(decider.due(at(9_000)), at(10_000));
    let now = at(10_000);
    assert_eq!(decider.sample(now, &Sample::default()), Decision::Move(0));
    decider.failed(now);
    assert_eq!(decider.sample(now, &Sample::default()), Decision::Arm);
    // Twice the pause.
    assert_eq!(decider.due(now), at(20_000));
    decider.moved(at(20_000));
    assert_eq!(decider.due(at(20_000)), at(29_000));
}

#[test]
fn who_asks_is_heard_where_there_is_a_rule_for_it() {
    let mut decider = Decider::new(policy(Vec::new()), at(0));
    assert!(!decider.ask());
    assert_eq!(decider.sample(at(1), &Sample::default()), Decision::Stay);
    assert_eq!(decider.due(at(1)), Time::NEVER);
    let mut decider = Decider::new(policy(vec![Rule::Asked]), at(0));
    assert_eq!(decider.sample(at(1), &Sample::default()), Decision::Arm);
    assert!(decider.ask());
    assert_eq!(decider.sample(at(2), &Sample::default()), Decision::Move(0));
    decider.moved(at(2));
    assert!(decider.ask());
    assert_eq!(decider.sample(at(3), &Sample::default()), Decision::Arm);
    assert_eq!(decider.due(at(3)), at(5_002), "when the pause is over");
    let now = at(5_002);
    assert_eq!(decider.sample(now, &Sample::default()), Decision::Move(0));
}

#[test]
fn a_server_that_is_about_to_stop_is_left() {
    let hold = Span::millis(200);
    let mut decider = Decider::new(policy(vec![Rule::Drain { hold }]), at(0));
    let drains = Sample {
        drains: true,
        ..Sample::default()
    };
    assert_eq!(decider.due(at(0)), Time::NEVER);
    assert_eq!(decider.sample(at(5), &drains), Decision::Arm);
    assert_eq!(decider.due(at(5)), at(205));
    assert_eq!(decider.sample(at(205), &drains), Decision::Move(0));
}

fn metrics() -> impl Strategy<Value = Metric> {
    prop_oneof![
        Just(Metric::Rate),
        Just(Metric::RoundTrip),
        Just(Metric::Stall),
        Just(Metric::Load),
        Just(Metric::FreeMemory),
    ]
}

fn triggers() -> impl Strategy<Value = Trigger> {
    let ratio =
        (any::<u32>(), any::<u32>()).prop_map(|(below, back)| Trigger::Ratio { below, back });
    let threshold =
        (any::<u64>(), any::<u64>()).prop_map(|(limit, back)| Trigger::Threshold { limit, back });
    prop_oneof![ratio, threshold]
}

fn rules() -> impl Strategy<Value = Rule> {
    let span = || any::<u64>().prop_map(Span);
    let metric = (metrics(), triggers(), span()).prop_map(|(metric, trigger, hold)| Rule::Metric {
        metric,
        trigger,
        hold,
    });
    prop_oneof![
        metric,
        span().prop_map(|hold| Rule::Drain { hold }),
        span().prop_map(|after| Rule::Deadline { after }),
        Just(Rule::Asked),
    ]
}

fn samples() -> impl Strategy<Value = Sample> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>());
    let known = (
        proptest::option::of(any::<u64>()),
        proptest::option::of(any::<u64>()),
    );
    (numbers, known, any::<(bool, bool)>()).prop_map(
        |((received, trip, heard), (load, free), (owes, drains))| Sample {
            received,
            round_trip: Some(Span(trip)),
            heard: Time(heard),
            owes,
            drains,
            load,
            free,
        },
    )
}

/// What happens next, and after how many nanoseconds.
#[derive(Clone, Debug)]
enum Event {
    Sample(Sample),
    Ask,
    Moved,
    Failed,
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        6 => samples().prop_map(Event::Sample),
        1 => Just(Event::Ask),
        1 => Just(Event::Moved),
        1 => Just(Event::Failed),
    ];
    let passed = prop_oneof![3 => 0..1_000_000_000u64, 1 => any::<u64>()];
    proptest::collection::vec((passed, event), 0..60)
}

proptest! {
    /// Whatever comes, nothing overflows, the clock is set for later, a pause is kept, and without
    /// a rule nothing moves.
    #[test]
    fn pauses_are_kept_whatever_comes(
        rules in proptest::collection::vec(rules(), 0..5),
        (every, smooth, pause) in (1..u64::MAX, any::<u64>(), 0..60_000_000_000u64),
        events in events(),
    ) {
        let policy = Policy {
            rules: rules.clone(),
            every: Span(every),
            smooth: Span(smooth),
            continuous: true,
            pause: Span(pause),
        };
        let mut now = Time(0);
        let mut decider = Decider::new(policy, now);
        let mut quiet = now;
        for (passed, event) in events {
            now = now + Span(passed);
            match event {
                Event::Sample(sample) => match decider.sample(now, &sample) {
                    Decision::Move(rule) => {
                        prop_assert!(rule < rules.len());
                        prop_assert!(now >= quiet, "it moves within the pause");
                    }
                    Decision::Arm => prop_assert!(!rules.is_empty()),
                    Decision::Stay => prop_assert!(!rules.contains(&Rule::Asked)),
                },
                Event::Ask => prop_assert_eq!(decider.ask(), rules.contains(&Rule::Asked)),
                Event::Moved => {
                    decider.moved(now);
                    quiet = now + Span(pause);
                }
                Event::Failed => {
                    decider.failed(now);
                    quiet = now + Span(pause);
                }
            }
            let due = decider.due(now);
            prop_assert!(due > now || now == Time::NEVER);
        }
    }

    /// A threshold with a hold, against the plainest way to say it: it moves when each sample for
    /// so long was bad, where bad is beyond the limit, or still not back.
    #[test]
    fn a_threshold_holds_as_long_as_it_says(
        values in proptest::collection::vec(0..100u64, 1..80),
        (limit, back) in (20..80u64, 0..20u64),
        hold in 0..8u64,
        up in any::<bool>(),
    ) {
        let metric = if up { Metric::FreeMemory } else { Metric::Load };
        let flip = |value: u64| if up { 100 - value } else { value };
        let rule = Rule::Metric {
            metric,
            trigger: Trigger::Threshold { limit: flip(limit), back: flip(limit - back) },
            hold: Span::millis(100 * hold),
        };
        let mut decider = Decider::new(policy(vec![rule]), at(0));
        let mut bad_for = None;
        for (number, value) in (0..).zip(values) {
            let sample = Sample {
                load: Some(flip(value)),
                free: Some(flip(value)),
                ..Sample::default()
            };
            let bad = value > limit || (bad_for.is_some() && value > limit - back);
            bad_for = bad.then(|| bad_for.map_or(0, |before: u64| before + 1));
            let expected = match bad_for {
                None => Decision::Stay,
                Some(samples) if samples < hold => Decision::Arm,
                Some(_) => Decision::Move(0),
            };
            prop_assert_eq!(decider.sample(at(100 * number), &sample), expected);
        }
    }

    /// The best that was seen is what a ratio is of, in whatever order it came.
    #[test]
    fn a_ratio_is_of_the_best(
        values in proptest::collection::vec(1..100_000u64, 1..80),
        below in 1..1_000u32,
    ) {
        let rule = Rule::Metric {
            metric: Metric::FreeMemory,
            trigger: Trigger::Ratio { below, back: below },
            hold: Span::ZERO,
        };
        let mut decider = Decider::new(policy(vec![rule]), at(0));
        let mut best = 0;
        for (number, value) in (0..).zip(values) {
            best = best.max(value);
            let bad = value < best * u64::from(below) / 1_000;
            let sample = Sample { free: Some(value), ..Sample::default() };
            let expected = if bad { Decision::Move(0) } else { Decision::Stay };
            prop_assert_eq!(decider.sample(at(100 * number), &sample), expected);
        }
    }
}
