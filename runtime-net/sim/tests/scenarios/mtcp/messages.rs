//! The cases with services that are messages of core nodes, in `.sm`: the same faults, and the same
//! judge, which has seen every byte.

use std::sync::Arc;

use sm_core::mtcp::End;
use sm_sim::mtcp::{Kind, MessageProgram, Plan, ServicePlan};

use super::{Case, cases, judge_plan, plan};
use crate::harness::{bundle, every_seed, number, seeds};

/// How many seeds a case runs where nobody asks for more.
const USUAL: u64 = 8;

/// What does not apply: a service that is run again does something else (6), or takes values that
/// it has recorded (7). One in turns is never run again, and records nothing.
const OTHERS: [u64; 2] = [6, 7];

/// Answers each byte with one that depends on all before, as `Kind::Echo` does.
const ECHO: &str = "
import net/connection { Connection }

fn mix(sum: Int, what: Int) -> Int {
    let next = ((sum << 23 | sum >>> 41) ^ what) *% -7046029254386353131
    next ^ (next >>> 29)
}

fn main(client: Connection) {
    var sum = 0
    while let Some(bytes) = client.read(64) {
        var answers = []
        for byte in bytes.list() {
            sum = mix(sum, byte)
            answers.push(sum >>> 32 & 255)
        }
        if client.write_bytes(answers.bytes()).is_err() {
            return
        }
    }
}
";

fn program() -> Arc<MessageProgram> {
    Arc::new(MessageProgram::new(&bundle(ECHO)))
}

/// The same plan with a message for its service.
fn with_message(plan: Plan, program: &Arc<MessageProgram>) -> Plan {
    Plan {
        service: ServicePlan {
            kind: Kind::Echo,
            step: plan.service.step,
            message: Some(program.clone()),
            ..ServicePlan::default()
        },
        ..plan
    }
}

fn check(number: u64, case: Case, program: &Arc<MessageProgram>) -> (u64, u64) {
    let outcomes = every_seed(seeds(USUAL), |seed| {
        judge_plan(&with_message(plan(case, seed), program), seed)
    });
    let attached = outcomes.iter().map(|one| u64::from(one.attached)).sum();
    let lost = outcomes.iter().filter(|one| one.end != End::Done).count() as u64;
    let diverged: u32 = outcomes.iter().map(|one| one.diverged).sum();
    assert_eq!(diverged, 0, "case {number}: what never runs again diverges");
    assert!(
        attached > outcomes.len() as u64,
        "case {number}: no connection ever moved"
    );
    (attached, lost)
}

#[test]
fn messages_outlive_the_faults_of_all_cases() {
    let program = program();
    let only = number("SM_CASE");
    for (number, case) in cases::ALL {
        if OTHERS.contains(&number) || only.is_some_and(|only| only != number) {
            continue;
        }
        let (attached, lost) = check(number, case, &program);
        println!("case {number}: attached {attached} times, {lost} lost");
    }
}
