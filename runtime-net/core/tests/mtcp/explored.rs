//! A model checker explores the ends of M-TCP that run, not a copy of them.
//!
//! A client and two or three servers, each with a service whose answers depend on all that it was
//! asked and on chance. Links break, each direction losing any suffix of what was under way;
//! attempts are given up at any moment and their frames arrive late; servers are apart for a while;
//! those whose state is elsewhere too forget everything.
//!
//! The last tests break a rule that the machines rely on, to show that the model can fail.

use super::checked::{check, violation};
use super::model::{Action, Faults, Grain, Mtcp, Start};
use super::world::Broken;

/// What the client does before it is where nothing leads to the end, though it has a try left.
fn dead_end(model: Mtcp) -> Option<Vec<Action>> {
    let (states, lost) = super::paths::dead_end(&model, 1);
    println!("{states} states");
    lost
}

fn model(start: Start, faults: Faults) -> Mtcp {
    Mtcp {
        servers: 2,
        requests: 1,
        start,
        faults,
        ..Mtcp::default()
    }
}

#[test]
fn a_client_moves_before_it_has_begun() {
    check(model(Start::Fresh, Faults { moves: 2, ..NONE }));
}

#[test]
fn a_link_breaks() {
    check(model(
        Start::Attached,
        Faults {
            moves: 1,
            breaks: 1,
            ..NONE
        },
    ));
}

#[test]
fn a_client_moves_there_and_back() {
    check(model(
        Start::Attached,
        Faults {
            moves: 2,
            exports: 1,
            ..NONE
        },
    ));
}

#[test]
fn servers_are_apart() {
    check(model(
        Start::Attached,
        Faults {
            moves: 1,
            splits: 1,
            ..NONE
        },
    ));
}

#[test]
fn a_standby_goes_on_without_its_owner() {
    check(model(
        Start::Standby,
        Faults {
            moves: 1,
            crashes: 1,
            ..NONE
        },
    ));
}

#[test]
fn a_standby_is_tried_while_its_owner_is_apart() {
    let faults = Faults {
        moves: 2,
        splits: 1,
        crashes: 1,
        ..NONE
    };
    check(Mtcp {
        grain: Grain::Coarse,
        ..model(Start::Standby, faults)
    });
}

#[test]
fn three_servers() {
    let faults = Faults {
        moves: 3,
        exports: 1,
        ..NONE
    };
    check(Mtcp {
        servers: 3,
        grain: Grain::Coarse,
        ..model(Start::Attached, faults)
    });
}

#[test]
fn a_sealed_record_goes_on_anywhere() {
    check(Mtcp {
        carried: true,
        ..model(
            Start::Attached,
            Faults {
                moves: 1,
                crashes: 1,
                ..NONE
            },
        )
    });
}

#[test]
fn there_is_a_way_out_for_a_client_that_moves() {
    let faults = Faults { moves: 2, ..NONE };
    assert_eq!(dead_end(model(Start::Attached, faults)), None);
}

/// A standby that was tried and left, and an owner that crashes then.
fn tried() -> Mtcp {
    let faults = Faults {
        moves: 2,
        crashes: 1,
        ..NONE
    };
    Mtcp {
        // One more, so that the client is not content with the answer to the first.
        requests: 2,
        grain: Grain::Coarse,
        ..model(Start::Tried, faults)
    }
}

#[test]
fn there_is_a_way_out_with_a_standby() {
    assert_eq!(dead_end(tried()), None);
}

#[test]
fn a_standby_that_is_no_fence_is_found_out() {
    let broken = Some(Broken::NoFence);
    assert!(dead_end(Mtcp { broken, ..tried() }).is_some());
}

#[test]
fn a_client_that_takes_any_answer_is_found_out() {
    let faults = Faults { moves: 3, ..NONE };
    let broken = Some(Broken::AnyAnswer);
    let model = Mtcp {
        broken,
        ..model(Start::Attached, faults)
    };
    assert!(violation(model).is_some());
}

#[test]
fn a_service_that_does_not_record_is_found_out() {
    let faults = Faults { moves: 1, ..NONE };
    let broken = Some(Broken::Unrecorded);
    let model = Mtcp {
        broken,
        ..model(Start::Attached, faults)
    };
    assert_eq!(violation(model), Some("what runs again does what it did"));
}

const NONE: Faults = Faults {
    moves: 0,
    breaks: 0,
    splits: 0,
    crashes: 0,
    exports: 0,
};
