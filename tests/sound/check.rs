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
    let killed = Cell::new(0);
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
            killed.set(killed.get() + u64::from(matches!(end, End::Kill(_))));
        }
    });
    println!(
        "{} functions, {} messages, of which {} get to their end and {} are killed",
        functions.get(),
        messages.get(),
        ended.get(),
        killed.get()
    );
    // Else they would show little.
    assert!(ended.get() * 2 > messages.get() && killed.get() * 1000 <= messages.get());
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
            is_killed(&first) || is_killed(&other) || first == other,
            "seed {seed}, {plan:?}: {first:#?}\nbecomes {other:#?}\n{}",
            shown(made)
        );
    }
    let plain = compile::source_plain(&made.text, &made.modules);
    let program = plain.program.as_ref().expect("it is the same program");
    let as_lowered = world::run(program, Plan::Never, Engine::Native);
    if !is_killed(&first) && !is_killed(&as_lowered) {
        compare(seed, made, (ready, &first), (&plain, &as_lowered));
    }
    let mut ends = first.others;
    ends.push(first.end);
    ends
}

/// Whether a message was ended for its size. When that is depends on the room that its values have
/// to grow, which is no part of a state, and on its frames, of which improved code needs fewer.
fn is_killed(ran: &world::Ran) -> bool {
    all_ends(ran).any(|end| matches!(end, End::Kill(_)))
}

/// Holds the run of a program that was improved against that of the program as it is lowered, but
/// for its fuel.
fn compare(
    seed: u64,
    made: &Made,
    (ready, improved): (&Ready, &world::Ran),
    (plain, as_lowered): (&Ready, &world::Ran),
) {
    let known = ready.functions();
    let seen = |ran: &world::Ran| -> (Vec<String>, Vec<String>) {
        (ran.output.clone(), all_ends(ran).map(shown_end).collect())
    };
    assert_eq!(
        seen(improved),
        seen(as_lowered),
        "seed {seed}: improved, and as it is lowered\n{}",
        shown(made)
    );
    for ends in std::iter::zip(all_ends(improved), all_ends(as_lowered)) {
        let (End::Trap(one), End::Trap(other)) = ends else {
            continue;
        };
        // Functions that became equal are one brick, of which one name and its places are kept.
        // Specialisations may have gone because they stand in place of all their calls.
        let calls = plain.calls(other);
        let is_one_of_its_equals = calls
            .iter()
            .any(|call| !call.function.contains('<') && !known.contains(call.function));
        assert!(
            ready.line(one) == plain.line(other) || is_one_of_its_equals,
            "seed {seed}: {:?}, and as it is lowered {:?}: {other:#?}\n{}",
            ready.line(one),
            plain.line(other),
            shown(made)
        );
    }
}

fn all_ends(ran: &world::Ran) -> impl Iterator<Item = &End> {
    ran.others.iter().chain([&ran.end])
}

fn shown_end(end: &End) -> String {
    match end {
        End::Trap(trap) => format!("{:?} {:?}", trap.kind, trap.message),
        other => format!("{other:?}"),
    }
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
            // A program that has lost its `main` is a module.
            assert!(
                errors.count() > 0 || !made.text.contains("fn main()"),
                "seed {seed}: refused without a word\n{}",
                shown(&made)
            );
        }
    });
}

/// Says which seed it was when something panics.
struct Blamed(u64);

impl Drop for Blamed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

/// Checks one seed after the other.
fn each_seed(name: &str, check: impl Fn(u64)) {
    #[expect(clippy::disallowed_methods, reason = "a long run is asked for so")]
    let said = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = said("SM_SOUND_SEED").unwrap_or(0);
    let check = |seed| {
        let blamed = Blamed(seed);
        check(seed);
        drop(blamed);
    };
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
