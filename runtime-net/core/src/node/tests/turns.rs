//! What happens on one node.

use super::toy::tag_name;
use super::world::{World, done, launch, spec};
use super::*;
use crate::hop::Memory;
use crate::ids::Span;
use crate::launch::{LaunchError, LaunchLimits};

#[test]
fn a_program_runs_and_its_result_is_reported() {
    let mut world = World::new(1);
    let message = world.start(0, "print hello\ndone 42");
    world.settle();
    assert_eq!(world.printed(), ["0:hello"]);
    assert_eq!(world.ends(), [done("42")]);
    assert_eq!(world.reports[0].message, message);
    assert_eq!(world.places(), [0]);
    assert_eq!(world.nodes[0].poll_timeout(), None);
}

#[test]
fn the_led_device_of_the_talk() {
    let mut world = World::new(1);
    world.start(
        0,
        "create signal 0\nblock signal\nwrite switch 1\nblock status\nprint lit",
    );
    world.settle();
    assert_eq!(world.value(0, "switch"), None);
    let status = tag_name("status");
    world.start(0, "write signal 1");
    world.settle();
    assert_eq!(world.value(0, "switch").as_deref(), Some("1"));
    world.nodes[0].handle_io(world.now, &spec(&status), b"on");
    world.collect(0);
    world.settle();
    assert_eq!(world.printed(), ["0:lit"]);
}

#[test]
fn messages_take_turns_in_the_order_in_which_they_became_ready() {
    let mut world = World::new(1);
    world.start(0, "print a1\nyield\nprint a2");
    world.start(0, "print b1\nyield\nprint b2");
    world.settle();
    assert_eq!(world.printed(), ["0:a1", "0:b1", "0:a2", "0:b2"]);
}

#[test]
fn nothing_enters_a_turn_that_takes_many_slices() {
    let mut world = World::new(1);
    let t = tag_name("t");
    world.start(0, "read t\nspin 3000\nread t\nyield\nread t");
    world.start(0, "write other 1");
    world.run_slice(0, 1_000);
    world.nodes[0].handle_io(world.now, &spec(&t), b"new");
    world.collect(0);
    assert_eq!(
        world.printed(),
        Vec::<String>::new(),
        "effects wait for the end of the turn"
    );
    assert_eq!(world.value(0, "other"), None);
    world.settle();
    assert_eq!(world.printed(), ["0:none", "0:none", "0:new"]);
}

#[test]
fn no_tag_expires_within_a_turn() {
    let mut world = World::new(1);
    world.start(
        0,
        "create t@5 x\nspin 3000\nhas t@5\nshow\nyield\nhas t@5\nshow",
    );
    world.run_slice(0, 1_000);
    world.now = world.now + Span::millis(10);
    world.nodes[0].handle_timeout(world.now);
    world.settle();
    assert_eq!(world.printed(), ["0:1", "0:0"]);
}

#[test]
fn block_ends_with_a_value_or_with_its_timeout() {
    let mut world = World::new(1);
    world.start(
        0,
        "block t 50\nshow\nnow\nshow\nblock t 50\nshow\nnow\nshow",
    );
    world.pass(Span::millis(20));
    world.start(0, "write t 1");
    world.pass(Span::millis(200));
    assert_eq!(world.printed(), ["0:1", "0:20", "0:0", "0:70"]);
}

#[test]
fn expiry_and_deletion_wake_nobody() {
    let mut world = World::new(1);
    world.start(0, "create t@5 x\nblock t@5 100\nshow");
    world.start(0, "block u 100\nshow");
    world.start(0, "create u x\ndelete u");
    world.pass(Span::millis(50));
    // The second one was woken by the creation that it waited for.
    assert_eq!(world.printed(), ["0:1"]);
    world.pass(Span::millis(100));
    assert_eq!(world.printed(), ["0:1", "0:0"]);
}

#[test]
fn a_turn_over_its_fuel_is_a_trap_and_a_life_over_it_a_kill() {
    let mut world = World::new(1);
    let limits = LaunchLimits {
        fuel: 5_000,
        fuel_per_turn: 1_000,
        ..LaunchLimits::default()
    };
    world
        .start_with(0, "spin 2000\nprint no", limits)
        .expect("it may start");
    world.settle();
    let turn_too_long = sm_bytecode::TrapKind::TurnTooLong.code();
    assert!(matches!(world.ends()[0], End::Trap { kind, .. } if kind == turn_too_long));
    world
        .start_with(0, "spin 900\nyield\ngoto 0", limits)
        .expect("it may start");
    world.settle();
    assert_eq!(world.ends()[1], End::Killed(Kill::Fuel));
    assert_eq!(world.places(), [0]);
}

#[test]
fn a_lifetime_ends_a_message_that_sleeps_or_never_ends() {
    let mut world = World::new(1);
    let limits = LaunchLimits {
        lifetime: Span::millis(30),
        ..LaunchLimits::default()
    };
    world
        .start_with(0, "block never", limits)
        .expect("it may start");
    world
        .start_with(0, "block never 10\ngoto 0", limits)
        .expect("it may start");
    world.pass(Span::millis(29));
    assert_eq!(world.places(), [2]);
    world.pass(Span::millis(1));
    assert_eq!(
        world.ends(),
        [End::Killed(Kill::Lifetime), End::Killed(Kill::Lifetime)]
    );
    assert_eq!(world.nodes[0].poll_timeout(), None);
}

#[test]
fn a_lifetime_ends_what_was_spawned_before_its_first_turn_or_after_it() {
    let mut world = World::new(1);
    let limits = LaunchLimits {
        lifetime: Span::millis(30),
        ..LaunchLimits::default()
    };
    // The slice is used up by the spin, behind which the parent's turn ends.
    let parent = "spawn 4\nspawn 4\nspin 3000\ndone 0";
    let script = format!("{parent}\nprint child\nblock never");
    world.start_with(0, &script, limits).expect("it may start");
    world.run_slice(0, 1_000);
    world.run_slice(0, 1_000_000);
    // The one that has had a turn sleeps, the other still waits for its first.
    world.run_slice(0, 1_000_000);
    assert_eq!(world.printed(), ["0:child"]);
    assert_eq!(world.nodes[0].counters().messages, 2);
    world.now = world.now + Span::millis(31);
    world.nodes[0].handle_timeout(world.now);
    assert_eq!(
        world.nodes[0].counters().messages,
        1,
        "only the one that had a turn has a timer"
    );
    world.settle();
    assert_eq!(world.printed(), ["0:child"], "the other never runs");
    assert_eq!(world.nodes[0].counters().messages, 0);
    assert_eq!(world.nodes[0].poll_timeout(), None);
}

#[test]
fn spawned_messages_run_within_bounds() {
    let mut world = World::new(1);
    world.start(
        0,
        "spawn 3\nprint parent\ndone 0\nprint child\nspawn 3\nshow\ndone 0",
    );
    let limits = LaunchLimits {
        children: 2,
        ..LaunchLimits::default()
    };
    world.settle();
    // Ten generations, each with one message.
    assert_eq!(
        world
            .prints
            .iter()
            .filter(|(_, text)| text == "child")
            .count(),
        10
    );
    world.prints.clear();
    let script = "spawn 9\nshow\nspawn 9\nshow\nspawn 9\nshow";
    world.start_with(0, script, limits).expect("it may start");
    world.settle();
    assert_eq!(world.printed(), ["0:1", "0:1", "0:0"]);
}

#[test]
fn what_a_program_writes_to_a_driver_leaves_with_the_turn() {
    let mut world = World::new(1);
    let lamp = tag_name("lamp");
    world.nodes[0].handle_io(world.now, &spec(&lamp), b"off");
    world.start(0, "write lamp on\nread lamp\nspin 3000\nyield\nread lamp");
    world.run_slice(0, 1_000);
    assert!(world.io.is_empty());
    world.settle();
    assert_eq!(world.io, [b"on"]);
    assert_eq!(world.printed(), ["0:off", "0:off"]);
}

#[test]
fn the_tag_budget_of_a_launch_holds() {
    let mut world = World::new(1);
    let limits = LaunchLimits {
        tags: 1,
        ..LaunchLimits::default()
    };
    world
        .start_with(
            0,
            "write a 1\nshow\nwrite a 2\nshow\nwrite b 1\nshow",
            limits,
        )
        .expect("ok");
    world.settle();
    assert_eq!(world.printed(), ["0:0", "0:0", "0:3"]);
}

#[test]
fn launches_are_refused_by_name() {
    let mut world = World::new(2);
    let script = "done 1";
    let signed = launch(0, script, LaunchLimits::default());
    let missing = world.start_signed(0, &signed);
    assert!(
        matches!(missing, Err(LaunchError::Missing(_))),
        "{missing:?}"
    );
    world.give_code(0, script);
    world.give_code(1, script);
    assert_eq!(world.start_signed(1, &signed), Err(LaunchError::NotHome));
    let greedy = LaunchLimits {
        heap_bytes: u64::MAX,
        ..LaunchLimits::default()
    };
    assert_eq!(
        world.start_with(0, script, greedy),
        Err(LaunchError::OverQuota("heap"))
    );
    let mut forged = signed.bytes.to_vec();
    forged[70] ^= 1;
    assert_eq!(
        world.nodes[0].handle_launch(world.now, &forged),
        Err(LaunchError::BadSignature)
    );
    assert!(world.start_signed(0, &signed).is_ok());
    assert_eq!(world.start_signed(0, &signed), Err(LaunchError::Duplicate));
    world.settle();
    assert_eq!(world.ends(), [done("1")]);
}

#[test]
fn a_trap_is_logged_where_it_happened() {
    let mut world = World::line(2);
    world.start(0, "move 1\ntrap");
    world.settle();
    world.start(0, "move 1\ndone 1");
    world.settle();
    let trapped = world.logs.iter().filter_map(|(node, log)| match log {
        Log::Trapped(report) => Some((*node, report)),
        _ => None,
    });
    let trapped: Vec<_> = trapped.collect();
    assert_eq!(
        trapped,
        [(1, &world.reports[0])],
        "what home is told, and nothing else"
    );
}

#[test]
fn a_trap_is_reported_and_the_node_lives() {
    let mut world = World::new(1);
    world.start(0, "trap");
    world.settle();
    assert!(matches!(&world.ends()[0], End::Trap { message: Some(text), .. } if text == "trapped"));
    world.start(0, "done 1");
    world.settle();
    assert_eq!(world.ends().len(), 2);
}

#[test]
fn a_parked_image_makes_no_difference() {
    let run = |parking| {
        let mut world = World::with(1, |config| config.parking = parking);
        world.start(0, "block t 50\nshow\nyield\nnow\nshow\nblock t 10\nshow");
        world.pass(Span::millis(20));
        world.start(0, "write t 1");
        world.pass(Span::millis(100));
        (world.printed(), world.steps)
    };
    assert_eq!(run(Parking::Live), run(Parking::Image));
}

#[test]
fn a_durable_node_tells_nothing_before_it_is_stored_and_forgets_nothing_after() {
    let mut world = World::with(1, |config| config.memory = Memory::Durable);
    world.stores = super::world::Stores::WhenTold;
    world.start(0, "create t x\nprint one\nblock go\nprint two\ndone 2");
    world.settle();
    assert_eq!(world.printed(), Vec::<String>::new());
    world.confirm(0);
    assert_eq!(world.printed(), ["0:one"]);
    world.stores = super::world::Stores::AtOnce;
    world.reboot(0);
    world.settle();
    assert_eq!(world.value(0, "t").as_deref(), Some("x"));
    assert_eq!(world.places(), [1]);
    world.start(0, "write go 1");
    world.settle();
    assert_eq!(world.printed(), ["0:one", "0:two"]);
    assert_eq!(world.reports.len(), 2);
    world.reboot(0);
    assert_eq!(world.places(), [0]);
}

#[test]
fn a_volatile_node_forgets() {
    let mut world = World::new(1);
    world.start(0, "create t x\nblock go");
    world.settle();
    world.reboot(0);
    assert_eq!(world.value(0, "t"), None);
    assert_eq!(world.places(), [0]);
}

#[test]
fn an_operator_ends_a_message_that_waits() {
    let mut world = World::new(1);
    let message = world.start(0, "block never");
    world.settle();
    assert!(world.nodes[0].handle_kill(world.now, message));
    world.collect(0);
    assert_eq!(world.ends(), [End::Killed(Kill::Operator)]);
    assert!(
        !world.nodes[0].handle_kill(world.now, message),
        "it is gone"
    );
}

#[test]
fn an_operator_ends_a_message_that_runs_at_the_end_of_its_slice() {
    let mut world = World::new(1);
    let message = world.start(0, "spin 3000\nprint never");
    world.run_slice(0, 1_000);
    assert!(world.nodes[0].handle_kill(world.now, message));
    world.settle();
    assert_eq!(world.ends(), [End::Killed(Kill::Operator)]);
    assert_eq!(world.printed(), [""; 0]);
}

#[test]
fn an_operator_takes_a_tag_away_between_turns() {
    let mut world = World::new(1);
    let t = tag_name("t");
    assert!(!world.nodes[0].handle_tag_gone(world.now, &t));
    world.start(0, "write t 5\nspin 3000\nread t\nyield");
    world.run_slice(0, 1_000);
    assert!(world.nodes[0].handle_tag_gone(world.now, &t));
    world.settle();
    assert_eq!(world.printed(), ["0:5"]);
    assert_eq!(world.value(0, "t"), None);
}
