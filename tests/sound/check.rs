//! What the checker accepts runs: generated programs that are well typed compile without an error,
//! verify, and do the same whether they run plainly or are taken apart into bytes and put together
//! again. Programs that were well typed and are broken get errors, or are programs still; never a
//! panic.
//!
//! With `SM_SOUND_SECONDS=N` each test goes on for N seconds, from the seed `SM_SOUND_SEED`.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{broken, maker};
use crate::compile::{self, Ready};
use crate::world::{self, End, Plan};

/// Programs of each test, if no time is said.
const PROGRAMS: u64 = 150;

/// How a program is run: all must agree.
const PLANS: [Plan; 3] = [Plan::Never, Plan::Safepoints(1), Plan::Safepoints(5)];

#[test]
fn what_is_accepted_runs() {
    let ended = Cell::new(0);
    let made = each_seed("well typed", |seed| {
        let text = maker::program(seed);
        let ready = compile::source(&text, Path::new("."));
        let errors: Vec<&String> = ready
            .diagnostics
            .iter()
            .filter(|one| !one.starts_with("SM08"))
            .collect();
        assert!(
            errors.is_empty(),
            "seed {seed}: {errors:?}\n{}",
            numbered(&text)
        );
        ended.set(ended.get() + u64::from(gets_to_its_end(seed, &text, &ready)));
    });
    // Else they would show little.
    assert!(
        ended.get() * 2 > made,
        "{} of {made} get to their end",
        ended.get()
    );
}

/// Each line with its number, for the places of errors.
fn numbered(text: &str) -> String {
    let lines = text.lines().enumerate();
    lines
        .map(|(at, line)| format!("{:>4} {line}\n", at + 1))
        .collect()
}

/// Runs it in every way, and answers whether it ended without a trap.
fn gets_to_its_end(seed: u64, text: &str, ready: &Ready) -> bool {
    let program = ready.program.as_ref().expect("it has no error");
    let [first, others @ ..] = PLANS.map(|plan| world::run(program, plan));
    for (plan, other) in std::iter::zip(&PLANS[1..], others) {
        assert!(
            first == other,
            "seed {seed}, {plan:?}: {first:#?}\nbecomes {other:#?}\n{text}"
        );
    }
    let plain = compile::source_plain(text, Path::new("."));
    let program = plain.program.as_ref().expect("it is the same program");
    let as_lowered = world::run(program, Plan::Never);
    assert_eq!(
        seen(ready, &first),
        seen(&plain, &as_lowered),
        "seed {seed}: improved, and as it is lowered\n{text}"
    );
    matches!(first.end, End::Done(_))
}

/// What there is to see of a run but for its fuel and the places in its code.
fn seen(ready: &Ready, run: &world::Ran) -> String {
    let end = match &run.end {
        End::Done(data) => ready.show(data),
        End::Trap(trap) => format!("{:?} {:?} {:?}", trap.kind, trap.message, ready.line(trap)),
        other => format!("{other:?}"),
    };
    format!("{:?}\n{end}", run.output)
}

#[test]
fn what_is_broken_is_refused_or_runs() {
    each_seed("broken", |seed| {
        let text = broken::program(seed);
        let ready = compile::source(&text, Path::new("."));
        if ready.program.is_none() {
            let errors = ready
                .diagnostics
                .iter()
                .filter(|one| !one.starts_with("SM08"));
            assert!(
                errors.count() > 0,
                "seed {seed}: refused without a word\n{text}"
            );
        }
    });
}

/// Checks one seed after the other, and answers how many.
fn each_seed(name: &str, check: impl Fn(u64)) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a long run is asked for so")]
    let said = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = said("SM_SOUND_SEED").unwrap_or(0);
    let Some(seconds) = said("SM_SOUND_SECONDS") else {
        (first..first + PROGRAMS).for_each(check);
        return PROGRAMS;
    };
    let end = now() + Duration::from_secs(seconds);
    let mut seed = first;
    while now() < end {
        check(seed);
        seed += 1;
    }
    println!("{name}: {} programs from seed {first}", seed - first);
    seed - first
}

#[expect(clippy::disallowed_methods, reason = "a long run is given a time")]
fn now() -> Instant {
    Instant::now()
}
