//! One message, three nodes, and everything that can go wrong in any order.

use proptest::prelude::*;

use super::world::{Stores, World};
use super::*;
use crate::hop::Memory;
use crate::ids::Span;
use crate::launch::LaunchLimits;

/// Goes back and forth; where a hop fails it waits a little.
const WANDERER: &str = "move 1\nzero 3\nblock tick 5\nmove 2\nzero 6\nblock tick 5\n\
                        move 1\nzero 9\nblock tick 5\nmove 0\nzero 0\nblock tick 5\ngoto 0";

#[derive(Clone, Copy, Debug)]
enum Act {
    Run(usize),
    Deliver(usize),
    Store(usize),
    Cut(usize),
    Connect(usize),
    Crash(usize, usize),
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..3usize).prop_map(Act::Run),
        16 => (0..6usize).prop_map(Act::Deliver),
        8 => (0..3usize).prop_map(Act::Store),
        1 => (0..2usize).prop_map(Act::Cut),
        3 => (0..2usize).prop_map(Act::Connect),
        1 => (0..3usize, 0..4usize).prop_map(|(node, stored)| Act::Crash(node, stored)),
        2 => Just(Act::Wait),
    ]
}

fn perform(world: &mut World, act: Act) {
    match act {
        Act::Run(node) => world.run_slice(node, 100),
        Act::Deliver(nth) => {
            let nth = nth % world.wire.len().max(1);
            world.deliver_nth(nth);
        }
        Act::Store(node) => {
            world.confirm_one(node);
        }
        Act::Cut(left) => world.cut(left, left + 1),
        Act::Connect(left) if !world.connected(left, left + 1) => world.connect(left, left + 1),
        Act::Connect(_) => {}
        Act::Crash(node, stored) => world.reboot_after(node, stored),
        Act::Wait => {
            world.now = world.now + Span::millis(1);
            for node in 0..3 {
                world.nodes[node].handle_timeout(world.now);
                world.collect(node);
            }
        }
    }
}

fn runnable(world: &World) -> usize {
    world.nodes.iter().map(|node| node.runnable().len()).sum()
}

/// A world in which the message has begun, and been stored where there is a disk.
fn begun(memory: [Memory; 3], parking: Parking) -> World {
    let mut world = World::with(3, |config| {
        config.memory = memory[usize::from(config.node.0[0]) - 1];
        config.parking = parking;
        config.tracing = Tracing::Off;
    });
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    let limits = LaunchLimits {
        hops: 12,
        ..LaunchLimits::default()
    };
    world.start_with(0, WANDERER, limits).expect("it may start");
    world.stores = Stores::WhenTold;
    world
}

/// All faults end.
fn heal(world: &mut World) {
    world.stores = Stores::AtOnce;
    (0..3).for_each(|node| world.confirm(node));
    world.connect(0, 1);
    world.connect(1, 2);
    world.pass(Span::millis(300));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn durable_nodes_keep_one_copy(
        acts in proptest::collection::vec(act(), 0..200),
        image: bool,
    ) {
        let parking = if image { Parking::Image } else { Parking::Live };
        let mut world = begun([Memory::Durable; 3], parking);
        for act in acts {
            perform(&mut world, act);
            prop_assert!(runnable(&world) <= 1, "{act:?}");
        }
        heal(&mut world);
        prop_assert_eq!(runnable(&world), 1);
        prop_assert!(world.nodes.iter().all(|node| node.in_doubt().is_empty()));
        prop_assert_eq!(world.refusals(), Vec::<String>::new());
    }

    #[test]
    fn forgetful_nodes_make_no_second_copy(
        acts in proptest::collection::vec(act(), 0..200),
        durable in proptest::array::uniform3(any::<bool>()),
    ) {
        let memory = durable.map(|yes| if yes { Memory::Durable } else { Memory::Volatile });
        let mut world = begun(memory, Parking::Live);
        for act in acts {
            perform(&mut world, act);
            prop_assert!(runnable(&world) <= 1, "{act:?}");
        }
        heal(&mut world);
        prop_assert!(runnable(&world) <= 1);
        prop_assert!(world.nodes.iter().all(|node| node.in_doubt().is_empty()));
    }
}
