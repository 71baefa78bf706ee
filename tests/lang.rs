//! Every case in `tests/lang` does what its comments say: run plainly, and taken apart into bytes
//! and put together again at every safepoint, in the interpreter and as native code.

#[path = "support/case.rs"]
mod case;
#[path = "lang/chains.rs"]
mod chains;
#[path = "support/compile.rs"]
mod compile;
#[path = "sound/mod.rs"]
mod sound;
#[path = "support/world.rs"]
mod world;

use std::fmt::Write as _;
use std::sync::Arc;

use case::{Case, End, Expected, Steps};
use compile::Ready;
use sm_vm::Program;
use world::{Engine, Plan};

/// How a case is run, in this order.
const FEW: [(Plan, Engine); 6] = [
    (Plan::Never, Engine::Interpreter),
    (Plan::Safepoints(1), Engine::Interpreter),
    (Plan::Safepoints(7), Engine::Both),
    (Plan::Never, Engine::Native),
    (Plan::Fuel(50), Engine::Native),
    (Plan::Fuel(301), Engine::Both),
];

/// The same for cases with too many safepoints to stop at each.
const MANY: [(Plan, Engine); 4] = [
    (Plan::Never, Engine::Interpreter),
    (Plan::Never, Engine::Native),
    (Plan::Fuel(200_000), Engine::Native),
    (Plan::Fuel(100_001), Engine::Both),
];

/// With `SM_CASE=map` set at compile time only the cases with `map` in their names.
#[test]
fn every_case_does_what_it_says() {
    let cases = case::all();
    assert!(
        cases.len() >= 60,
        "cases are missing: there are {}",
        cases.len()
    );
    let wanted = option_env!("SM_CASE").unwrap_or_default();
    let mut report = String::new();
    for case in cases.iter().filter(|case| case.name.contains(wanted)) {
        match (check(case), &case.gap) {
            (Some(problem), None) => {
                let _ = writeln!(report, "{}\n{problem}", case.name);
            }
            (None, Some(gap)) => {
                let _ = writeln!(
                    report,
                    "{}\n  passes, and is no gap any more: {gap}\n",
                    case.name
                );
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// Improving code changes nothing but how long it takes: the comments hold without it, too.
#[test]
fn code_that_is_left_as_it_is_lowered_does_the_same() {
    let wanted = option_env!("SM_CASE").unwrap_or_default();
    let mut seen = 0;
    let mut report = String::new();
    for case in case::all().iter().filter(|case| case.name.contains(wanted)) {
        let compiled = compile::file_plain(&case.path);
        let (Some(program), None) = (&compiled.program, &case.gap) else {
            continue;
        };
        seen += 1;
        let (found, _) = run(&compiled, program, FEW[0]);
        if let Some(difference) = case.expected.difference(&found) {
            let _ = writeln!(report, "{}\n{difference}", case.name);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    assert!(seen >= 60 || !wanted.is_empty(), "only {seen} cases ran");
}

/// What is wrong with a case, if something is.
fn check(case: &Case) -> Option<String> {
    let compiled = compile::file(&case.path);
    let Some(program) = &compiled.program else {
        let found = Expected {
            diagnostics: compiled.diagnostics,
            output: Vec::new(),
            end: End::NotRun,
        };
        return case.expected.difference(&found);
    };
    let plans: &[(Plan, Engine)] = if case.steps == Steps::Few {
        &FEW
    } else {
        &MANY
    };
    let mut fuel = None;
    for plan in plans {
        let (found, used) = run(&compiled, program, *plan);
        if let Some(difference) = case.expected.difference(&found) {
            return Some(format!("  ({plan:?})\n{difference}"));
        }
        if *fuel.get_or_insert(used) != used {
            return Some(format!(
                "  ({plan:?}) uses {used} fuel in place of {fuel:?}\n"
            ));
        }
    }
    None
}

fn run(
    compiled: &Ready,
    program: &Arc<Program>,
    (plan, engine): (Plan, Engine),
) -> (Expected, u64) {
    let ran = world::run(program, plan, engine);
    let end = match ran.end {
        world::End::Done(data) => End::Result(compiled.show(&data)),
        world::End::Trap(report) => End::Trap {
            kind: format!("{:?}", report.kind),
            message: report.message.clone(),
            line: compiled.line(&report),
        },
        world::End::Kill(kill) => End::Kill(format!("{kill:?}")),
        world::End::Stuck => End::Kill("Stuck".to_owned()),
    };
    let diagnostics = compiled.diagnostics.clone();
    (
        Expected {
            diagnostics,
            output: ran.output,
            end,
        },
        ran.fuel,
    )
}
