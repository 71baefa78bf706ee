//! What the checker accepts runs: generated programs that are well typed compile without an error,
//! verify, and do the same whether they run plainly or are taken apart into bytes and put together
//! again, in the interpreter and as native code. Programs that were well typed and are broken get
//! errors, or are programs still; never a panic.
//!
//! With `SM_SOUND_SECONDS=N` each test goes on for N seconds, from the seed `SM_SOUND_SEED`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::broken;
use super::maker::{self, Made};
use crate::compile::{self, Ready};
use crate::world::{self, End, Engine, Plan};

/// Programs of each test, if no time is said.
const PROGRAMS: u64 = 100;

/// How a program is run: all must agree.
const PLANS: [(Plan, Engine); 5] = [
    (Plan::Never, Engine::Interpreter),
    (Plan::Safepoints(1), Engine::Interpreter),
    (Plan::Never, Engine::Native),
    (Plan::Fuel(37), Engine::Native),
    (Plan::Fuel(150), Engine::Both),
];

#[test]
fn what_is_accepted_runs() {
    let (messages, ended, functions) = (Cell::new(0), Cell::new(0), Cell::new(0));
    each_seed("well typed", |seed| {
        let made = maker::program(seed);
        let ready = compile::source(&made.text, &made.modules);
        let errors: Vec<&String> = ready
            .diagnostics
            .iter()
            .filter(|one| !one.starts_with("SM08"))
            .collect();
        assert!(
            errors.is_empty(),
            "seed {seed}: {errors:?}\n{}",
            shown(&made)
        );
        functions.set(functions.get() + made.functions);
        for end in ends(seed, &made, &ready) {
            messages.set(messages.get() + 1);
            ended.set(ended.get() + u64::from(matches!(end, End::Done(_))));
        }
    });
    println!(
        "{} functions, {} messages, of which {} get to their end",
        functions.get(),
        messages.get(),
        ended.get()
    );
    // Else they would show little.
    assert!(ended.get() * 2 > messages.get());
}

/// All of its text.
fn shown(made: &Made) -> String {
    let modules = made.modules.iter();
    let modules = modules.map(|(path, text)| format!("{path}\n{}", numbered(text)));
    modules.collect::<String>() + &numbered(&made.text)
}

/// Each line with its number, for the places of errors.
fn numbered(text: &str) -> String {
    let lines = text.lines().enumerate();
    lines
        .map(|(at, line)| format!("{:>4} {line}\n", at + 1))
        .collect()
}

/// Runs it in every way, and answers how its messages ended.
fn ends(seed: u64, made: &Made, ready: &Ready) -> Vec<End> {
    let program = ready.program.as_ref().expect("it has no error");
    let [first, others @ ..] = PLANS.map(|(plan, engine)| world::run(program, plan, engine));
    for (plan, other) in std::iter::zip(&PLANS[1..], others) {
        assert!(
            first == other,
            "seed {seed}, {plan:?}: {first:#?}\nbecomes {other:#?}\n{}",
            shown(made)
        );
    }
    let plain = compile::source_plain(&made.text, &made.modules);
    let program = plain.program.as_ref().expect("it is the same program");
    let as_lowered = world::run(program, Plan::Never, Engine::Native);
    assert_eq!(
        seen(ready, &first),
        seen(&plain, &as_lowered),
        "seed {seed}: improved, and as it is lowered\n{}",
        shown(made)
    );
    let mut ends = first.others;
    ends.push(first.end);
    ends
}

/// What there is to see of a run but for its fuel and the places in its code.
fn seen(ready: &Ready, run: &world::Ran) -> String {
    let end = |end: &End| match end {
        End::Trap(trap) => format!("{:?} {:?} {:?}", trap.kind, trap.message, ready.line(trap)),
        other => format!("{other:?}"),
    };
    let ends: Vec<String> = run.others.iter().chain([&run.end]).map(end).collect();
    format!("{:?}\n{}", run.output, ends.join("\n"))
}

#[test]
fn what_is_broken_is_refused_or_runs() {
    each_seed("broken", |seed| {
        let made = broken::program(seed);
        let ready = compile::source(&made.text, &made.modules);
        if ready.program.is_none() {
            let errors = ready
                .diagnostics
                .iter()
                .filter(|one| !one.starts_with("SM08"));
            assert!(
                errors.count() > 0,
                "seed {seed}: refused without a word\n{}",
                shown(&made)
            );
        }
    });
}

/// Checks one seed after the other.
fn each_seed(name: &str, check: impl Fn(u64)) {
    #[expect(clippy::disallowed_methods, reason = "a long run is asked for so")]
    let said = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = said("SM_SOUND_SEED").unwrap_or(0);
    let Some(seconds) = said("SM_SOUND_SECONDS") else {
        return (first..first + PROGRAMS).for_each(check);
    };
    let end = now() + Duration::from_secs(seconds);
    let mut seed = first;
    while now() < end {
        check(seed);
        seed += 1;
    }
    println!("{name}: {} programs from seed {first}", seed - first);
}

#[expect(clippy::disallowed_methods, reason = "a long run is given a time")]
fn now() -> Instant {
    Instant::now()
}
