//! Neighbors and programs that mean harm: what they make up, repeat or ask for without end.

use super::attacks::{
    SCRIPT, assert_alive, attack, envelope, hop, offer, state, victim, victim_with_code,
};
use super::toy::Toy;
use super::world::{World, key, launch};
use super::*;
use crate::engine::Engine;
use crate::ids::Span;
use crate::launch::{LaunchLimits, SignedLaunch};
use crate::limits;
use crate::wire::{Copy, Frame};

fn commit(world: &mut World, sequence: u64) {
    let (hop, incarnation) = (hop(sequence), Incarnation(0));
    attack(world, &Frame::Commit { hop, incarnation });
}

/// Both hops are prepared before either is decided, and then the neighbor decides for both.
#[test]
fn a_message_that_comes_twice_is_here_once() {
    let (mut world, signed) = victim_with_code();
    let state = state(SCRIPT);
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(0))));
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(1))));
    assert_eq!(world.nodes[0].in_doubt().len(), 2);
    commit(&mut world, 0);
    commit(&mut world, 1);
    assert_eq!(world.places()[0], 2);
    assert_eq!(world.nodes[0].live_of(&signed.hash), 1);
    assert_eq!(world.refusals(), ["the message is here already"]);
    assert_eq!(world.nodes[0].counters().hops_in, 1);
    world.pass(Span::secs(11));
    assert_eq!(world.nodes[0].live_of(&signed.hash), 0);
}

/// The id of a message that has ended is still in the queue when it comes again.
#[test]
fn a_message_that_moves_is_not_run() {
    let script = "move 1\ndone 1";
    let mut world = victim();
    world.give_code(0, script);
    let signed = launch(1, script, LaunchLimits::default());
    let state = state(script);
    let mut short = offer(&signed, &state, hop(0));
    short.envelope.left = Span(5);
    attack(&mut world, &Frame::Offer(short));
    commit(&mut world, 0);
    world.now = world.now + Span(5);
    world.nodes[0].handle_timeout(world.now);
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(1))));
    commit(&mut world, 1);
    world.run_slice(0, 1_000);
    world.run_slice(0, 1_000);
    let leaving = |(_, step): &&(usize, Step)| matches!(step, Step::Leaving { .. });
    assert_eq!(world.steps.iter().filter(leaving).count(), 1);
}

#[test]
fn a_made_up_count_of_children_ends_nothing() {
    let script = "spawn 2\nblock never\ndone 1";
    let mut world = victim();
    world.give_code(0, script);
    let signed = launch(1, script, LaunchLimits::default());
    let state = state(script);
    let mut forged = offer(&signed, &state, hop(0));
    forged.envelope.spawned = u64::MAX;
    attack(&mut world, &Frame::Offer(forged));
    commit(&mut world, 0);
    world.run_slice(0, 1_000);
    assert_eq!(world.places()[0], 2, "no child");
}

#[test]
fn what_a_turn_prints_is_bounded() {
    let mut world = World::new(1);
    let line = "x".repeat(100_000);
    let limits = LaunchLimits {
        fuel: 200,
        ..LaunchLimits::default()
    };
    let script = format!("print {line}\ngoto 0");
    world.start_with(0, &script, limits).expect("it may start");
    world.settle();
    let printed: usize = world.printed().iter().map(String::len).sum();
    assert!(printed <= limits::EFFECT_BYTES_PER_TURN, "{printed}");
    assert!(printed > limits::EFFECT_BYTES_PER_TURN / 2, "{printed}");
    let left_out = world.left_out();
    assert_eq!(
        left_out as usize + world.printed().len(),
        100,
        "all are printed or counted"
    );
}

/// Who takes nothing off the wire is sent no more.
#[test]
fn wishes_are_not_heaped_up() {
    let (mut world, _) = victim_with_code();
    let (_, brick) = super::toy::program(SCRIPT);
    let want = Frame::Want(vec![Toy::name(ContentKind::Brick, &brick)]);
    world.keep = true;
    attack(&mut world, &want);
    assert_eq!(world.sent.len(), 1);
    world.nodes[0].handle_backlog(SessionId(1), limits::OUTBOUND_BYTES_PER_NEIGHBOR + 1);
    attack(&mut world, &want);
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.refusals(), ["it asks for more than it takes"]);
    assert_alive(&mut world);
}

#[test]
fn a_report_goes_no_further_than_a_report_may() {
    let mut world = victim();
    world.keep = true;
    let report = Report {
        message: MessageId([1; 32]),
        launch: LaunchHash([2; 32]),
        at: key(5),
        end: End::Killed(Kill::Heap),
    };
    let far = Frame::Report {
        report,
        home: key(1),
        hops_left: u8::MAX,
    };
    attack(&mut world, &far);
    let sent = Frame::decode(&world.sent[0]);
    let Ok(Frame::Report { hops_left, .. }) = sent else {
        panic!("{sent:?}");
    };
    assert!(hops_left < limits::REPORT_HOPS);
}

/// A copy that is sent again is another one only when the first has ended.
#[test]
fn a_replayed_copy_is_refused_while_the_first_is_here() {
    let (mut world, signed): (World, SignedLaunch) = victim_with_code();
    world.nodes[0]
        .add_content(ContentKind::Launch, &signed.bytes)
        .expect("it is signed");
    let state = state(SCRIPT);
    let copy = Frame::Copy(Copy {
        envelope: envelope(&signed),
        state: &state,
    });
    attack(&mut world, &copy);
    assert_eq!(world.places()[0], 2);
    attack(&mut world, &copy);
    assert_eq!(world.places()[0], 2);
    assert_eq!(world.nodes[0].live_of(&signed.hash), 1);
}
