//! A neighbor that follows no rules: refused, logged, and the node goes on.

use proptest::prelude::*;

use super::toy::Toy;
use super::world::{World, done, key, launch, launch_by};
use super::*;
use crate::envelope::{Budget, Envelope, TraceContext};
use crate::hop::HopError;
use crate::ids::{Epoch, HopNumber, Span};
use crate::launch::{LaunchLimits, SignedLaunch};
use crate::limits;
use crate::tags::Standing;
use crate::wire::{BareStep, Copy, Frame, More, Offer};

/// A node that runs something, and a neighbor whose every frame the test writes.
pub(super) fn victim() -> World {
    let mut world = World::line(2);
    world.start(0, "block go\ndone 1");
    world.settle();
    world
}

/// The neighbor sends this; its own node is told nothing.
pub(super) fn attack(world: &mut World, frame: &Frame<'_>) {
    attack_with(world, &frame.encode());
}

fn attack_with(world: &mut World, bytes: &[u8]) {
    world.nodes[0].handle_frame(world.now, SessionId(1), bytes);
    world.collect(0);
    world.wire.clear();
}

/// The node still does its work.
pub(super) fn assert_alive(world: &mut World) {
    assert_eq!(world.places()[0], 1);
    world.start(0, "write go 1\ndone 2");
    world.settle();
    assert!(world.ends().contains(&done("1")) && world.ends().contains(&done("2")));
}

pub(super) fn hop(sequence: u64) -> HopNumber {
    HopNumber {
        incarnation: Incarnation(0),
        sequence,
    }
}

pub(super) fn envelope(signed: &SignedLaunch) -> Envelope {
    Envelope {
        message: MessageId([7; 32]),
        launch: signed.hash,
        epoch: Epoch(1),
        hops: 1,
        age: Span::ZERO,
        left: Span::secs(10),
        budget: Budget::of(&signed.launch.limits),
        spawned: 0,
        standing: Standing::Trusted,
        trace: TraceContext::default(),
    }
}

pub(super) fn state(script: &str) -> Vec<u8> {
    let machine = Toy::start(
        &script.lines().map(str::to_owned).collect(),
        sm_bytecode::EntryRef {
            brick: sm_bytecode::BrickHash([0; 32]),
            function: 0,
        },
        &[],
        sm_vm::Limits::default(),
        [0; 32].into(),
    );
    let mut out = Vec::new();
    Toy::capture(&machine.expect("a toy always starts"), &mut out);
    out
}

/// An offer of the program, with its launch attached.
pub(super) fn offer<'a>(signed: &'a SignedLaunch, state: &'a [u8], hop: HopNumber) -> Offer<'a> {
    Offer {
        hop,
        envelope: envelope(signed),
        state_len: state.len(),
        state: Some(state),
        attached: vec![(ContentKind::Launch, &signed.bytes)],
    }
}

pub(super) const SCRIPT: &str = "print in\nblock never";

pub(super) fn victim_with_code() -> (World, SignedLaunch) {
    let mut world = victim();
    world.give_code(0, SCRIPT);
    (world, launch(1, SCRIPT, LaunchLimits::default()))
}

#[test]
fn a_forged_launch_is_refused() {
    let (mut world, signed) = victim_with_code();
    let state = state(SCRIPT);
    let mut bytes = signed.bytes.to_vec();
    bytes[40] ^= 1;
    let mut envelope = envelope(&signed);
    envelope.launch = crate::launch::hash_of(&bytes);
    let attached = vec![(ContentKind::Launch, &bytes[..])];
    let forged = Offer {
        envelope,
        attached,
        ..offer(&signed, &state, hop(0))
    };
    attack(&mut world, &Frame::Offer(forged));
    assert_eq!(world.refusals(), ["the signature is not the author's"]);
    assert!(world.nodes[0].in_doubt().is_empty());
    assert_alive(&mut world);
}

#[test]
fn an_envelope_beyond_its_launch_is_refused() {
    let (mut world, signed) = victim_with_code();
    let state = state(SCRIPT);
    let honest = envelope(&signed);
    let mut fuel = honest;
    fuel.budget.fuel += 1;
    let mut life = honest;
    life.left = signed.launch.limits.lifetime + Span(1);
    let mut dead = honest;
    dead.left = Span::ZERO;
    for (sequence, envelope) in [fuel, life, dead].into_iter().enumerate() {
        let greedy = Offer {
            envelope,
            ..offer(&signed, &state, hop(sequence as u64))
        };
        attack(&mut world, &Frame::Offer(greedy));
    }
    assert_eq!(world.refusals().len(), 3, "{:?}", world.refusals());
    assert_alive(&mut world);
}

#[test]
fn a_forged_state_is_refused() {
    let (mut world, signed) = victim_with_code();
    let good = state(SCRIPT);
    let mut far = good.clone();
    far[0] = 99;
    let cut = &good[..good.len() - 1];
    for (sequence, state) in [&far[..], cut, b""].into_iter().enumerate() {
        attack(
            &mut world,
            &Frame::Offer(offer(&signed, state, hop(sequence as u64))),
        );
    }
    assert_eq!(world.refusals().len(), 3, "{:?}", world.refusals());
    attack(&mut world, &Frame::Offer(offer(&signed, &good, hop(9))));
    assert_eq!(
        world.nodes[0].in_doubt().len(),
        1,
        "the honest one is taken"
    );
    assert_alive(&mut world);
}

#[test]
fn a_state_that_is_longer_or_shorter_than_it_was_said_is_refused() {
    let (mut world, signed) = victim_with_code();
    let state = state(SCRIPT);
    let apart = |sequence, state_len| Offer {
        state: None,
        state_len,
        ..offer(&signed, &state, hop(sequence))
    };
    attack(&mut world, &Frame::Offer(apart(0, 5)));
    attack(
        &mut world,
        &Frame::State {
            hop: hop(0),
            bytes: &state,
            more: More::Last,
        },
    );
    attack(&mut world, &Frame::Offer(apart(1, state.len() + 1)));
    attack(
        &mut world,
        &Frame::State {
            hop: hop(1),
            bytes: &state,
            more: More::Last,
        },
    );
    assert_eq!(world.refusals().len(), 2, "{:?}", world.refusals());
    assert!(world.nodes[0].in_doubt().is_empty());
    assert_alive(&mut world);
}

/// A frame can only speak of hops between the two ends of its session.
#[test]
fn frames_of_unknown_hops_change_nothing() {
    let mut world = victim();
    let (hop, incarnation) = (hop(5), Incarnation(0));
    let missing = vec![];
    let bare = |step| Frame::Step { hop, step };
    // Of hops that this node never sent: nothing answers these.
    for frame in [
        Frame::Accept { hop, missing },
        bare(BareStep::Done),
        bare(BareStep::Lost),
    ] {
        attack(&mut world, &frame);
    }
    assert_eq!(world.refusals().len(), 3);
    // These may be said again by an honest neighbor that has not heard how its hop ended.
    for frame in [
        Frame::Commit { hop, incarnation },
        Frame::Prepared { hop, incarnation },
        bare(BareStep::Query),
        bare(BareStep::Abort),
        bare(BareStep::Unknown),
    ] {
        attack(&mut world, &frame);
    }
    assert_eq!(world.refusals().len(), 3);
    assert_alive(&mut world);
}

#[test]
fn a_replayed_offer_is_refused_while_the_first_is_known() {
    let (mut world, signed) = victim_with_code();
    let state = state(SCRIPT);
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(0))));
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(0))));
    assert_eq!(world.refusals(), ["the hop is offered twice"]);
    attack(
        &mut world,
        &Frame::Commit {
            hop: hop(0),
            incarnation: Incarnation(0),
        },
    );
    assert_eq!(world.places()[0], 2);
    // The same message in another hop is no second copy here.
    attack(&mut world, &Frame::Offer(offer(&signed, &state, hop(1))));
    assert_eq!(world.refusals()[1..], ["the message is here already"]);
    assert_eq!(world.places()[0], 2);
}

#[test]
fn nobody_fills_a_cache_unasked() {
    let mut world = victim();
    let brick = "print spam".as_bytes();
    attack(&mut world, &Frame::Code(vec![(ContentKind::Brick, brick)]));
    let signed = launch_by(3, 1, SCRIPT, LaunchLimits::default());
    attack(
        &mut world,
        &Frame::Code(vec![(ContentKind::Launch, &signed.bytes)]),
    );
    assert_eq!(world.refusals().len(), 2);
    assert!(
        world
            .refusals()
            .iter()
            .all(|reason| reason.starts_with("nobody asked for"))
    );
    assert_alive(&mut world);
}

#[test]
fn a_flood_of_copies_is_bounded() {
    let mut world = victim();
    let signed = launch(1, SCRIPT, LaunchLimits::default());
    let state = state(SCRIPT);
    for number in 0..limits::WAITING_COPIES as u64 + 10 {
        let mut envelope = envelope(&signed);
        envelope.message = MessageId([9; 32]).child(number);
        attack(
            &mut world,
            &Frame::Copy(Copy {
                envelope,
                state: &state,
            }),
        );
    }
    assert_eq!(world.refusals().len(), 10);
    assert_alive(&mut world);
}

#[test]
fn frames_out_of_a_session_or_before_a_greeting_are_refused() {
    let mut world = victim();
    let done = Frame::Step {
        hop: hop(0),
        step: BareStep::Done,
    }
    .encode();
    world.nodes[0].handle_frame(world.now, SessionId(77), &done);
    world.nodes[0].handle_session_up(world.now, SessionId(78), key(3));
    world.nodes[0].handle_frame(world.now, SessionId(78), &done);
    world.nodes[0].handle_broadcast(world.now, key(5), &done);
    world.collect(0);
    assert!(matches!(
        world.logs[0].1,
        Log::NoSession {
            session: SessionId(77)
        }
    ));
    assert_eq!(world.refusals(), ["the first frame is no greeting"]);
    attack(
        &mut world,
        &Frame::Hello {
            incarnation: Incarnation(1),
        },
    );
    assert_eq!(world.refusals()[1..], ["a second greeting"]);
    assert_alive(&mut world);
}

#[test]
fn another_version_ends_the_session() {
    let mut world = victim();
    assert_eq!(world.nodes[0].neighbors(), [key(1)]);
    attack_with(&mut world, &[9, 0, 0]);
    assert_eq!(world.nodes[0].neighbors(), []);
    assert_eq!(world.refusals(), ["version 9 is not spoken here"]);
    assert_alive(&mut world);
}

#[test]
fn an_oversize_frame_is_refused_unread() {
    let mut world = victim();
    attack_with(&mut world, &vec![0; limits::FRAME_BYTES + 1]);
    assert_eq!(world.refusals(), ["a length is over its bound"]);
    assert_alive(&mut world);
}

#[test]
fn an_expired_launch_is_refused_once_the_date_is_known() {
    let mut world = World::new(1);
    let script = "done 1";
    world.give_code(0, script);
    let author = super::world::author(1);
    let old = crate::launch::Launch {
        expiry: 1_000,
        ..launch(0, script, LaunchLimits::default()).launch
    };
    let old = old.sign(&author).expect("it is the author's key");
    world.nodes[0].handle_date(world.now, 2_000);
    let refused = world.start_signed(0, &old);
    assert_eq!(refused, Err(crate::launch::LaunchError::Expired));
}

/// The neighbor offers a program whose only brick has these bytes, and sends them.
fn offer_brick(world: &mut World, brick: &[u8]) {
    let manifest = sm_bytecode::BrickHash::of(brick).0;
    let key = super::world::author(1);
    let program = Toy::name(ContentKind::Program, &manifest).hash;
    let launch = launch(1, SCRIPT, LaunchLimits::default()).launch;
    let signed = crate::launch::Launch { program, ..launch }
        .sign(&key)
        .expect("it is the key");
    let state = state(SCRIPT);
    let mut offer = offer(&signed, &state, hop(0));
    offer.attached.push((ContentKind::Program, &manifest));
    attack(world, &Frame::Offer(offer));
    attack(world, &Frame::Code(vec![(ContentKind::Brick, brick)]));
}

#[test]
fn bricks_that_do_not_verify_refuse_the_hop_at_once() {
    let mut world = victim();
    world.keep = true;
    offer_brick(&mut world, &[0xff, 0xfe]);
    assert_eq!(world.refusals(), ["no text"]);
    assert_eq!(refused_with(&world), Some(HopError::Refused));
    let mut world = victim();
    world.keep = true;
    offer_brick(&mut world, b"future brick");
    assert_eq!(refused_with(&world), Some(HopError::Version));
    assert_alive(&mut world);
}

/// The last refusal that the neighbor was sent.
fn refused_with(world: &World) -> Option<HopError> {
    world
        .sent
        .iter()
        .rev()
        .find_map(|bytes| match Frame::decode(bytes) {
            Ok(Frame::Refuse { reason, .. }) => Some(reason),
            _ => None,
        })
}

#[test]
fn a_neighbor_that_never_decides_does_not_shut_out_the_others() {
    let (mut world, signed) = victim_with_code();
    world.keep = true;
    let state = state(SCRIPT);
    for number in 0..limits::IN_DOUBT_PER_NEIGHBOR as u64 + 5 {
        let mut offer = offer(&signed, &state, hop(number));
        offer.envelope.message = MessageId([9; 32]).child(number);
        attack(&mut world, &Frame::Offer(offer));
    }
    assert_eq!(
        world.nodes[0].in_doubt().len(),
        limits::IN_DOUBT_PER_NEIGHBOR
    );
    assert_eq!(refused_with(&world), Some(HopError::Busy));
    assert_alive(&mut world);
}

#[test]
fn launches_that_are_over_are_forgotten() {
    let mut world = World::new(1);
    world.give_code(0, "done 1");
    for number in 0..2 * limits::LAUNCHES_CACHED as u64 + 10 {
        let launch = launch(0, "done 1", LaunchLimits::default()).launch;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        let signed = crate::launch::Launch { nonce, ..launch }.sign(&super::world::author(1));
        let signed = signed.expect("it is the author's key");
        world.start_signed(0, &signed).expect("it may start");
        world.settle();
    }
    assert!(world.nodes[0].library.launches() <= limits::LAUNCHES_CACHED + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes that are nearly frames, in any number: the node refuses or obeys, and lives.
    #[test]
    fn no_bytes_end_a_node(
        frames in proptest::collection::vec((0..16u8, 0..4usize, any::<u8>(), any::<u64>()), 1..8)
    ) {
        let (mut world, signed) = victim_with_code();
        let state = state(SCRIPT);
        for (kind, from, byte, number) in frames {
            let hop = HopNumber {
                incarnation: Incarnation(0),
                sequence: number % 3,
            };
            let incarnation = Incarnation(number % 2);
            let frame = match kind {
                0 => Frame::Offer(offer(&signed, &state, hop)),
                1 => Frame::Accept { hop, missing: vec![] },
                2 => Frame::State { hop, bytes: &state, more: More::Last },
                3 => Frame::Prepared { hop, incarnation },
                4 => Frame::Commit { hop, incarnation },
                5 => Frame::Step { hop, step: BareStep::Abort },
                6 => Frame::Step { hop, step: BareStep::Query },
                7 => Frame::Step { hop, step: BareStep::Unknown },
                8 => Frame::Copy(Copy { envelope: envelope(&signed), state: &state }),
                _ => Frame::Hello { incarnation },
            };
            let mut bytes = frame.encode();
            if kind % 3 == 0 {
                let at = number as usize % bytes.len();
                bytes[at] = byte;
            }
            let _ = from;
            attack_with(&mut world, &bytes);
            prop_assert!(world.nodes[0].messages().len() <= 40);
        }
        world.start(0, "write go 1\ndone 2");
        world.settle();
        prop_assert!(world.ends().contains(&done("2")));
    }
}
