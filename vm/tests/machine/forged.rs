//! States that no machine wrote: an error, or a state that is as good as any other.

use std::sync::Arc;

use proptest::prelude::*;
use sm_bytecode::arbitrary::{self, Calls};
use sm_vm::{Machine, Outcome, Program, RestoreError};

use crate::driver::{Slices, at_least, capture, limits, program, run, start};
use crate::host::ScriptedHost;

/// States of a program at its first safepoints.
fn states(program: &Arc<Program>, count: usize) -> Vec<Vec<u8>> {
    let mut machine = start(program, limits());
    let mut host = ScriptedHost::default();
    let mut states = vec![capture(&machine)];
    while states.len() < count {
        match machine.run(1, &mut host) {
            Outcome::OutOfFuel | Outcome::Yield => states.push(capture(&machine)),
            Outcome::Move { .. } | Outcome::MoveAll | Outcome::Block { .. } => {
                states.push(capture(&machine));
                break;
            }
            Outcome::Done(_) | Outcome::Trap(_) | Outcome::Kill(_) => break,
        }
    }
    states
}

/// Restores bytes that may be anything; what is accepted must be canonical and run.
fn check(program: &Arc<Program>, bytes: &[u8]) -> Result<(), RestoreError> {
    let mut machine = Machine::restore(program.clone(), bytes, limits())?;
    assert_eq!(capture(&machine), bytes, "what is accepted is canonical");
    let mut host = ScriptedHost::default();
    for _ in 0..20 {
        if machine.run(50, &mut host) != Outcome::OutOfFuel {
            break;
        }
        machine.collect().ok();
    }
    Ok(())
}

/// One change of a state.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize),
    Insert(usize, u8),
    Truncate(usize),
    Double(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..4096_usize;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        at.clone().prop_map(Change::Remove),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        at.clone().prop_map(Change::Truncate),
        (at, 1..16_usize).prop_map(|(at, len)| Change::Double(at, len)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let size = bytes.len().max(1);
    match *change {
        _ if bytes.is_empty() => {}
        Change::Set(at, byte) => bytes[at % size] = byte,
        Change::Flip(at, bit) => bytes[at % size] ^= 1 << bit,
        Change::Remove(at) => _ = bytes.remove(at % size),
        Change::Insert(at, byte) => bytes.insert(at % size, byte),
        Change::Truncate(at) => bytes.truncate(at % size),
        Change::Double(at, len) => {
            let at = at % size;
            let end = (at + len).min(size);
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

proptest! {
    #![proptest_config(at_least(400))]

    #[test]
    fn a_changed_state_is_refused_or_canonical(
        entropy in proptest::collection::vec(any::<u8>(), 100..700),
        at in 0..40_usize,
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let program = program(arbitrary::group(&entropy, Calls::Own));
        let states = states(&program, 40);
        let mut bytes = states[at % states.len()].clone();
        prop_assert!(check(&program, &bytes).is_ok());
        for change in &changes {
            apply(&mut bytes, change);
        }
        check(&program, &bytes).ok();
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(
        entropy in proptest::collection::vec(any::<u8>(), 100..300),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let program = program(arbitrary::group(&entropy, Calls::Own));
        check(&program, &bytes).ok();
    }
}

/// Each single bit of a state is looked at.
#[test]
fn every_bit_flip_is_refused_or_canonical() {
    let entropy: Vec<u8> = (0..600_u32).map(|n| (n * n * 7 + n / 3) as u8).collect();
    let program = program(arbitrary::group(&entropy, Calls::Own));
    let ran = run(&program, limits(), 400, Slices::Whole);
    let mut all = states(&program, 30);
    all.extend(ran.state);
    let state = all
        .iter()
        .max_by_key(|state| state.len())
        .expect("there is a first state");
    for at in 0..state.len() {
        for bit in 0..8 {
            let mut bytes = state.clone();
            bytes[at] ^= 1 << bit;
            check(&program, &bytes).ok();
        }
    }
}
