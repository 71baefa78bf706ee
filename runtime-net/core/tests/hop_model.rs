//! A model checker explores the hop machine that nodes run, not a copy of it.
//!
//! A few nodes pass one message around while sessions break (each direction loses any suffix of
//! what was under way), nodes crash with any prefix of what they were storing on the disk, and
//! come back with or without memory. All faults are bounded, so every run ends, and the states
//! at the end show whether everything was settled.
//!
//! The last tests break a promise that the machine relies on, to show that the model can fail.

#[path = "support/checked.rs"]
mod checked;
#[path = "hop_model/model.rs"]
mod model;
#[path = "hop_model/network.rs"]
mod network;

use checked::{check, violation};
use model::{Disk, Faults, HopModel, Transfer};
use sm_core::hop::Memory;

const DURABLE: Memory = Memory::Durable;
const VOLATILE: Memory = Memory::Volatile;

fn pair(memory: [Memory; 2]) -> HopModel {
    HopModel {
        memory: memory.to_vec(),
        ..HopModel::default()
    }
}

#[test]
fn two_durable_nodes_with_breaks_and_crashes() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 1,
            crashes: 2,
        },
        ..pair([DURABLE, DURABLE])
    });
}

#[test]
fn two_durable_nodes_whose_session_breaks_often() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 3,
            crashes: 0,
        },
        transfer: Transfer::Inline,
        ..pair([DURABLE, DURABLE])
    });
}

#[test]
fn a_durable_and_a_volatile_node() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 1,
            crashes: 2,
        },
        ..pair([DURABLE, VOLATILE])
    });
}

#[test]
fn two_volatile_nodes() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 1,
            crashes: 2,
        },
        ..pair([VOLATILE, VOLATILE])
    });
}

#[test]
fn three_nodes_in_a_row() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 1,
            crashes: 1,
        },
        transfer: Transfer::Inline,
        memory: vec![DURABLE, DURABLE, VOLATILE],
        ..HopModel::default()
    });
}

#[test]
fn a_lifetime_that_ends_at_any_moment_makes_no_second_copy() {
    check(HopModel {
        faults: Faults {
            moves: 2,
            breaks: 1,
            crashes: 1,
        },
        transfer: Transfer::Inline,
        mortal: true,
        ..pair([DURABLE, DURABLE])
    });
}

#[test]
fn a_disk_that_confirms_before_it_has_stored_is_found_out() {
    let model = HopModel {
        faults: Faults {
            moves: 1,
            breaks: 0,
            crashes: 1,
        },
        disk: Disk::ConfirmsEarly,
        ..pair([DURABLE, DURABLE])
    };
    assert!(violation(model).is_some());
}

#[test]
fn a_node_that_claims_to_remember_and_does_not_is_found_out() {
    let model = HopModel {
        faults: Faults {
            moves: 1,
            breaks: 0,
            crashes: 1,
        },
        disk: Disk::Empties,
        ..pair([DURABLE, DURABLE])
    };
    assert!(violation(model).is_some());
}

#[test]
fn a_node_that_runs_a_message_while_it_is_decided_is_found_out() {
    let model = HopModel {
        faults: Faults {
            moves: 1,
            breaks: 1,
            crashes: 0,
        },
        impatient: true,
        ..pair([DURABLE, DURABLE])
    };
    assert_eq!(violation(model), Some("at most one copy can run"));
}
