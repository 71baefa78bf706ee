//! The hop protocol as traces between one machine and a neighbor that the test plays.

use super::*;

const A: NodeId = NodeId([1; 32]);
const B: NodeId = NodeId([2; 32]);
const C: NodeId = NodeId([3; 32]);
const MESSAGE: MessageId = MessageId([9; 32]);
const DEADLINE: Time = Time(50);
const LIFE: Time = Time(1_000_000_000_000);
const BOOT: Incarnation = Incarnation(5);

fn hop(node: NodeId, sequence: u64) -> HopId {
    HopId {
        node,
        incarnation: BOOT,
        sequence,
    }
}

fn machine(node: NodeId, peer: NodeId) -> Hops {
    let mut hops = Hops::new(node, BOOT, Memory::Durable);
    hops.session_up(peer);
    hops
}

fn departure(to: NodeId) -> Departure {
    Departure {
        message: MESSAGE,
        to,
        bytes: 100,
        deadline: DEADLINE,
        expires: LIFE,
    }
}

fn arrival(sequence: u64) -> Arrival {
    Arrival {
        hop: hop(A, sequence),
        message: MESSAGE,
        bytes: 100,
        expires: LIFE,
    }
}

fn doubt(peer: NodeId) -> Doubt {
    Doubt {
        hop: hop(A, 0),
        message: MESSAGE,
        peer,
        expires: LIFE,
    }
}

/// The neighbor sends a frame.
macro_rules! send {
    ($hops:ident, $from:expr, $frame:expr) => {
        assert_eq!($hops.frame($from, hop(A, 0), $frame), Ok(()))
    };
}

/// The machine sends this frame and nothing else happens.
macro_rules! recv {
    ($hops:ident, $to:expr, $frame:expr) => {
        recv!(
            $hops,
            Effect::Send {
                to: $to,
                hop: hop(A, 0),
                frame: $frame
            }
        )
    };
    ($hops:ident, $effect:expr) => {
        assert_eq!($hops.poll(), Some($effect))
    };
    ($hops:ident) => {
        assert_eq!($hops.poll(), None)
    };
}

fn committed() -> HopRecord {
    HopRecord::Committed(doubt(B), BOOT)
}

/// A machine at A that has decided and stored it, and sent COMMIT.
fn decided() -> Hops {
    let mut a = machine(A, B);
    assert_eq!(a.depart(departure(B)), Ok(hop(A, 0)));
    recv!(a, B, HopFrame::Offer);
    send!(a, B, HopFrame::Prepared(BOOT));
    recv!(a, Effect::Store(committed()));
    a.stored(committed());
    recv!(
        a,
        Effect::Departed {
            hop: hop(A, 0),
            message: MESSAGE,
            to: B
        }
    );
    recv!(a, B, HopFrame::Commit(BOOT));
    recv!(a);
    a
}

/// A machine at B that is prepared.
fn prepared() -> Hops {
    let mut b = machine(B, A);
    assert_eq!(
        b.offered(Time::ZERO, A, arrival(0)),
        Ok(Offered::Considered)
    );
    recv!(b, Effect::Consider { hop: hop(A, 0) });
    b.prepare(hop(A, 0));
    let record = HopRecord::Prepared(doubt(A));
    recv!(b, Effect::Store(record));
    recv!(b);
    b.stored(record);
    recv!(b, A, HopFrame::Prepared(BOOT));
    b
}

#[test]
fn the_sender_goes_through_all_steps() {
    let mut a = machine(A, B);
    assert_eq!(a.depart(departure(B)), Ok(hop(A, 0)));
    recv!(a, B, HopFrame::Offer);
    send!(a, B, HopFrame::Accept);
    recv!(a, B, HopFrame::State);
    send!(a, B, HopFrame::Prepared(BOOT));
    recv!(a, Effect::Store(committed()));
    recv!(a);
    // Having decided, it lets the deadline pass.
    a.timeout(DEADLINE);
    recv!(a);
    assert_eq!(a.next_timeout(), Some(LIFE));
    a.stored(committed());
    recv!(
        a,
        Effect::Departed {
            hop: hop(A, 0),
            message: MESSAGE,
            to: B
        }
    );
    recv!(a, B, HopFrame::Commit(BOOT));
    send!(a, B, HopFrame::Done);
    recv!(a, Effect::Store(HopRecord::Settled(hop(A, 0))));
    recv!(
        a,
        Effect::Closed {
            hop: hop(A, 0),
            message: MESSAGE,
            end: HopEnd::Delivered
        }
    );
    recv!(a);
    assert_eq!(a.next_timeout(), None);
    assert_eq!(a.in_doubt().count(), 0);
}

#[test]
fn the_receiver_goes_through_all_steps() {
    let mut b = machine(B, A);
    assert_eq!(
        b.offered(Time::ZERO, A, arrival(0)),
        Ok(Offered::Considered)
    );
    recv!(b, Effect::Consider { hop: hop(A, 0) });
    b.accept(hop(A, 0));
    recv!(b, A, HopFrame::Accept);
    send!(b, A, HopFrame::State);
    recv!(b, Effect::Verify { hop: hop(A, 0) });
    b.prepare(hop(A, 0));
    recv!(b, Effect::Store(HopRecord::Prepared(doubt(A))));
    b.stored(HopRecord::Prepared(doubt(A)));
    recv!(b, A, HopFrame::Prepared(BOOT));
    assert_eq!(
        b.in_doubt().collect::<Vec<_>>(),
        [(Side::Receiver, doubt(A))]
    );
    send!(b, A, HopFrame::Commit(BOOT));
    recv!(b, Effect::Store(HopRecord::Installed(hop(A, 0))));
    recv!(b);
    b.stored(HopRecord::Installed(hop(A, 0)));
    recv!(
        b,
        Effect::Install {
            hop: hop(A, 0),
            message: MESSAGE
        }
    );
    recv!(b, A, HopFrame::Done);
    assert_eq!(b.next_timeout(), None);
}

#[test]
fn a_refusal_resumes_the_message_with_its_reason() {
    let mut a = machine(A, B);
    a.depart(departure(B)).expect("there is a session");
    recv!(a, B, HopFrame::Offer);
    send!(a, B, HopFrame::Refuse(HopError::Quota));
    recv!(
        a,
        Effect::Resume {
            hop: hop(A, 0),
            message: MESSAGE,
            error: HopError::Quota
        }
    );
    recv!(a);
    assert_eq!(a.next_timeout(), None);
}

#[test]
fn a_timeout_before_the_decision_aborts_at_both_ends() {
    let mut a = machine(A, B);
    a.depart(departure(B)).expect("there is a session");
    recv!(a, B, HopFrame::Offer);
    a.timeout(Time(49));
    recv!(a);
    a.timeout(Time(50));
    recv!(a, B, HopFrame::Abort);
    recv!(
        a,
        Effect::Resume {
            hop: hop(A, 0),
            message: MESSAGE,
            error: HopError::Timeout
        }
    );
    // The receiver was prepared all the same and said so meanwhile.
    send!(a, B, HopFrame::Prepared(BOOT));
    recv!(a, B, HopFrame::Unknown);

    let mut b = prepared();
    send!(b, A, HopFrame::Abort);
    recv!(b, Effect::Store(HopRecord::Dropped(hop(A, 0))));
    recv!(
        b,
        Effect::Discard {
            hop: hop(A, 0),
            reason: DropReason::Aborted
        }
    );
}

#[test]
fn nothing_aborts_a_hop_that_is_being_decided() {
    let mut a = machine(A, B);
    a.depart(departure(B)).expect("there is a session");
    recv!(a, B, HopFrame::Offer);
    send!(a, B, HopFrame::Prepared(BOOT));
    recv!(a, Effect::Store(committed()));
    a.timeout(Time(60));
    a.session_down(B);
    recv!(a);
    a.session_up(B);
    assert_eq!(
        a.frame(B, hop(A, 0), HopFrame::Refuse(HopError::Busy)),
        Err(HopFault::OutOfTurn)
    );
    send!(a, B, HopFrame::Query);
    recv!(a);
    a.stored(committed());
    recv!(
        a,
        Effect::Departed {
            hop: hop(A, 0),
            message: MESSAGE,
            to: B
        }
    );
    recv!(a, B, HopFrame::Commit(BOOT));
}

#[test]
fn commit_is_repeated_in_each_session_until_done() {
    let mut a = decided();
    for _ in 0..3 {
        a.session_down(B);
        recv!(a);
        a.session_up(B);
        recv!(a, B, HopFrame::Commit(BOOT));
    }
    send!(a, B, HopFrame::Done);
    recv!(a, Effect::Store(HopRecord::Settled(hop(A, 0))));
    recv!(
        a,
        Effect::Closed {
            hop: hop(A, 0),
            message: MESSAGE,
            end: HopEnd::Delivered
        }
    );
    a.session_up(B);
    recv!(a);
}

#[test]
fn a_doubt_is_asked_about_in_each_session() {
    let mut b = prepared();
    b.session_up(A);
    recv!(b, A, HopFrame::Query);
    b.session_up(A);
    recv!(b, A, HopFrame::Query);
    send!(b, A, HopFrame::Unknown);
    recv!(b, Effect::Store(HopRecord::Dropped(hop(A, 0))));
    recv!(
        b,
        Effect::Discard {
            hop: hop(A, 0),
            reason: DropReason::Aborted
        }
    );
    b.session_up(A);
    recv!(b);
}

#[test]
fn a_commit_said_again_is_answered_again() {
    let mut b = prepared();
    send!(b, A, HopFrame::Commit(BOOT));
    recv!(b, Effect::Store(HopRecord::Installed(hop(A, 0))));
    b.session_up(A);
    send!(b, A, HopFrame::Commit(BOOT));
    recv!(b);
    b.stored(HopRecord::Installed(hop(A, 0)));
    recv!(
        b,
        Effect::Install {
            hop: hop(A, 0),
            message: MESSAGE
        }
    );
    recv!(b, A, HopFrame::Done);
    send!(b, A, HopFrame::Commit(BOOT));
    recv!(b, A, HopFrame::Done);
    recv!(b);
}

#[test]
fn a_node_that_lost_its_memory_says_so() {
    let mut b = Hops::new(B, Incarnation(6), Memory::Volatile);
    b.session_up(A);
    send!(b, A, HopFrame::Commit(Incarnation(5)));
    recv!(b, A, HopFrame::Lost);
    let mut a = decided();
    send!(a, B, HopFrame::Lost);
    recv!(a, Effect::Store(HopRecord::Settled(hop(A, 0))));
    recv!(
        a,
        Effect::Closed {
            hop: hop(A, 0),
            message: MESSAGE,
            end: HopEnd::Lost
        }
    );
}

#[test]
fn a_session_that_ends_undecided_aborts_without_a_word() {
    let mut a = machine(A, B);
    a.depart(departure(B)).expect("there is a session");
    recv!(a, B, HopFrame::Offer);
    a.session_down(B);
    recv!(
        a,
        Effect::Resume {
            hop: hop(A, 0),
            message: MESSAGE,
            error: HopError::Unreachable
        }
    );
    assert_eq!(a.depart(departure(B)), Err(HopError::Unreachable));

    let mut b = machine(B, A);
    b.offered(Time::ZERO, A, arrival(0)).expect("it is A's hop");
    recv!(b, Effect::Consider { hop: hop(A, 0) });
    b.session_down(A);
    recv!(
        b,
        Effect::Discard {
            hop: hop(A, 0),
            reason: DropReason::SessionEnded
        }
    );
    recv!(b);
}

#[test]
fn a_reservation_is_given_back_in_time() {
    let mut b = machine(B, A);
    b.offered(Time::ZERO, A, arrival(0)).expect("it is A's hop");
    b.accept(hop(A, 0));
    recv!(b, Effect::Consider { hop: hop(A, 0) });
    recv!(b, A, HopFrame::Accept);
    b.timeout(Time::ZERO + limits::RESERVATION_TIME);
    let reason = DropReason::Refused(HopError::Timeout);
    recv!(b, A, HopFrame::Refuse(HopError::Timeout));
    recv!(
        b,
        Effect::Discard {
            hop: hop(A, 0),
            reason
        }
    );
    // The state was under way: it is dropped without complaint.
    send!(b, A, HopFrame::State);
    b.prepare(hop(A, 0));
    recv!(b);
}

#[test]
fn a_doubt_ends_with_the_lifetime_of_the_message() {
    let mut b = prepared();
    b.timeout(LIFE);
    recv!(b, Effect::Store(HopRecord::Dropped(hop(A, 0))));
    recv!(
        b,
        Effect::Discard {
            hop: hop(A, 0),
            reason: DropReason::Expired
        }
    );
    let mut a = decided();
    assert_eq!(a.in_doubt().collect::<Vec<_>>(), [(Side::Sender, doubt(B))]);
    a.timeout(LIFE);
    recv!(a, Effect::Store(HopRecord::Settled(hop(A, 0))));
    recv!(
        a,
        Effect::Closed {
            hop: hop(A, 0),
            message: MESSAGE,
            end: HopEnd::Expired
        }
    );
}

#[test]
fn frames_of_others_and_of_other_times_change_nothing() {
    let mut a = decided();
    a.session_up(C);
    let before = a.clone();
    let frame = HopFrame::Done;
    assert_eq!(a.frame(C, hop(A, 0), frame), Err(HopFault::NotYourHop));
    assert_eq!(a.frame(B, hop(A, 7), frame), Err(HopFault::NoSuchHop));
    assert_eq!(
        a.frame(B, hop(A, 0), HopFrame::Accept),
        Err(HopFault::OutOfTurn)
    );
    assert_eq!(
        a.frame(B, hop(C, 0), HopFrame::Commit(BOOT)),
        Err(HopFault::NotYourHop)
    );
    assert_eq!(
        a.frame(NodeId([4; 32]), hop(A, 0), frame),
        Err(HopFault::NoSession)
    );
    assert_eq!(
        a.offered(Time::ZERO, B, arrival(0)),
        Err(HopFault::NotYourHop)
    );
    assert_eq!(a, before);

    let mut b = prepared();
    let before = b.clone();
    assert_eq!(
        b.offered(Time::ZERO, A, arrival(0)),
        Err(HopFault::OutOfTurn)
    );
    assert_eq!(
        b.frame(A, hop(A, 0), HopFrame::State),
        Err(HopFault::OutOfTurn)
    );
    assert_eq!(
        b.frame(A, hop(B, 3), HopFrame::Done),
        Err(HopFault::NoSuchHop)
    );
    assert_eq!(b, before);
}

#[test]
fn a_commit_before_the_promise_is_refused() {
    let mut b = machine(B, A);
    b.offered(Time::ZERO, A, arrival(0)).expect("it is A's hop");
    recv!(b, Effect::Consider { hop: hop(A, 0) });
    let frame = HopFrame::Commit(BOOT);
    assert_eq!(b.frame(A, hop(A, 0), frame), Err(HopFault::OutOfTurn));
    b.prepare(hop(A, 0));
    assert_eq!(b.frame(A, hop(A, 0), frame), Err(HopFault::OutOfTurn));
}

#[test]
fn bounds_answer_busy() {
    let mut a = machine(A, B);
    let large = Departure {
        bytes: limits::OUTBOUND_BYTES_PER_NEIGHBOR + 1,
        ..departure(B)
    };
    assert_eq!(a.depart(large), Err(HopError::Busy));
    for _ in 0..limits::HOPS_PER_NEIGHBOR {
        a.depart(departure(B)).expect("there is room");
    }
    assert_eq!(a.depart(departure(B)), Err(HopError::Busy));

    let mut b = machine(B, A);
    let large = Arrival {
        bytes: limits::RESERVED_BYTES + 1,
        ..arrival(0)
    };
    b.offered(Time::ZERO, A, large).expect("it is A's hop");
    recv!(b, A, HopFrame::Refuse(HopError::Busy));
    for sequence in 0..=limits::HOPS_PER_NEIGHBOR as u64 {
        b.offered(Time::ZERO, A, arrival(sequence))
            .expect("it is A's hop");
    }
    let refused = std::iter::from_fn(|| b.poll())
        .filter(|effect| {
            matches!(
                effect,
                Effect::Send {
                    frame: HopFrame::Refuse(_),
                    ..
                }
            )
        })
        .count();
    assert_eq!(refused, 1);
}

#[test]
fn what_was_stored_is_taken_up_again() {
    let mut a = Hops::new(A, Incarnation(6), Memory::Durable);
    a.restore(committed());
    recv!(a);
    a.session_up(B);
    recv!(a, B, HopFrame::Commit(BOOT));
    assert_eq!(a.next_timeout(), Some(LIFE));

    let mut b = Hops::new(B, Incarnation(6), Memory::Durable);
    b.restore(HopRecord::Prepared(doubt(A)));
    b.session_up(A);
    recv!(b, A, HopFrame::Query);
    send!(b, A, HopFrame::Commit(BOOT));
    recv!(b, Effect::Store(HopRecord::Installed(hop(A, 0))));
}
