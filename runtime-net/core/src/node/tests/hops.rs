//! Messages that move, between nodes that connect, lose each other and crash.

use super::world::{Stores, World, done, key};
use super::*;
use crate::hop::{HopError, Memory};
use crate::ids::Span;
use crate::launch::LaunchLimits;
use crate::limits;

#[test]
fn a_message_moves_and_its_result_comes_home() {
    let mut world = World::line(3);
    world.start(
        0,
        "move 1\nshow\nhere\nshow\nmove 2\nhops\nshow\ncreate mark x\ndone 7",
    );
    world.settle();
    assert_eq!(world.printed(), ["1:0", "1:2", "2:2"]);
    assert_eq!(world.value(2, "mark").as_deref(), Some("x"));
    assert_eq!(world.ends(), [done("7")]);
    assert_eq!(world.reports[0].at, key(2));
    assert!(world.nodes.iter().all(|node| node.in_doubt().is_empty()));
    assert_eq!(world.places(), [0, 0, 0]);
}

/// As when both nodes have called at once: one of the sessions is kept.
#[test]
fn a_neighbor_whose_session_is_replaced_stays_one() {
    let mut world = World::line(2);
    let neighbors = |world: &World| world.nodes[0].neighbors();
    assert_eq!(neighbors(&world), [key(1)]);
    world.replace(0, 1);
    assert_eq!(neighbors(&world), [key(1)]);
    world.settle();
    world.start(0, "move 1\ndone 7");
    world.settle();
    assert_eq!(world.ends(), [done("7")]);
    // What has replaced it ends before a frame came: no session is left.
    world.replace(0, 1);
    world.cut(0, 1);
    assert!(neighbors(&world).is_empty());
    world.connect(0, 1);
    world.settle();
    assert_eq!(neighbors(&world), [key(1)]);
}

#[test]
fn code_travels_once() {
    let mut world = World::line(2);
    let script = "move 1\ndone 1";
    world.start(0, script);
    world.settle();
    let once = world.nodes[0].counters().code_bytes_out;
    assert!(once > 0);
    let again = super::world::launch_by(2, 0, script, LaunchLimits::default());
    world.start_signed(0, &again).expect("it may start");
    world.settle();
    assert_eq!(world.ends().len(), 2);
    assert_eq!(world.nodes[0].counters().code_bytes_out, once);
    assert_eq!(world.nodes[1].counters().code_bytes_out, 0);
}

#[test]
fn a_long_state_travels_in_pieces() {
    let mut world = World::line(2);
    let long = 3 * limits::STATE_CHUNK_BYTES + 7;
    world.start(0, &format!("pad {long}\nmove 1\nshow\ndone 1"));
    world.settle();
    assert_eq!(world.printed(), ["1:0"]);
    assert!(world.nodes[0].counters().state_bytes_out > long as u64);
}

#[test]
fn a_move_to_nobody_stays() {
    let mut world = World::line(2);
    world.start(0, "move 5\nshow\nmove 0\nshow\ncopy\nshow");
    world.start(1, "done 0");
    world.settle();
    let unreachable = HopError::Unreachable.code();
    let expected = format!("0:{unreachable}");
    assert_eq!(world.printed()[..2], [expected.clone(), expected]);
    let mut alone = World::new(1);
    alone.start(0, "copy\nshow");
    alone.settle();
    assert_eq!(alone.printed(), ["0:1"]);
}

#[test]
fn copies_go_on_at_all_neighbors_and_the_original_ends() {
    let mut world = World::new(4);
    for other in 1..4 {
        world.connect(0, other);
    }
    world.settle();
    world.start(0, "copy\nhere\nshow\nwrite been 1");
    world.settle();
    let mut printed = world.printed();
    printed.sort();
    assert_eq!(printed, ["1:2", "2:3", "3:4"]);
    assert_eq!(world.places(), [0, 0, 0, 0]);
    // Nobody waits to hear that a copy is done.
    assert_eq!(world.ends(), []);
}

#[test]
fn a_long_copy_is_sent_to_each_neighbor() {
    let mut world = World::line(2);
    world.start(
        0,
        &format!("pad {}\ncopy\nprint there", limits::BROADCAST_BYTES),
    );
    world.settle();
    assert_eq!(world.printed(), ["1:there"]);
}

#[test]
fn a_flood_ends_with_its_hops() {
    let mut world = World::new(3);
    for (a, b) in [(0, 1), (1, 2), (0, 2)] {
        world.connect(a, b);
    }
    world.settle();
    let limits = LaunchLimits {
        hops: 6,
        ..LaunchLimits::default()
    };
    world
        .start_with(0, "copy\nzero 0\nprint stop", limits)
        .expect("it may start");
    world.settle();
    assert_eq!(world.prints.len(), 1 << 6);
    assert_eq!(world.places(), [0, 0, 0]);
}

#[test]
fn a_session_that_ends_undecided_resumes_the_message() {
    let mut world = World::line(2);
    world.start(0, "move 1\nshow\ndone 1");
    while world.nodes[0].is_ready() {
        world.run_slice(0, 1_000);
    }
    world.cut(0, 1);
    world.settle();
    assert_eq!(
        world.printed(),
        [format!("0:{}", HopError::Unreachable.code())]
    );
    assert_eq!(world.places(), [0, 0]);
}

#[test]
fn whatever_frame_is_the_last_the_message_is_at_one_place() {
    // OFFER, ACCEPT, CODE, STATE, PREPARED, COMMIT, DONE: cut after each of them.
    for delivered in 0..8 {
        let mut world = World::line(2);
        world.start(0, "move 1\nshow\nblock never 1000\ndone 1");
        while world.nodes[0].is_ready() {
            world.run_slice(0, 1_000);
        }
        for _ in 0..delivered {
            world.deliver();
        }
        world.cut(0, 1);
        while let Some(ready) = (0..2).find(|node| world.nodes[*node].is_ready()) {
            world.run_slice(ready, 1_000);
        }
        let runnable: usize = world.nodes.iter().map(|node| node.runnable().len()).sum();
        assert!(runnable <= 1, "after {delivered} frames");
        for (node, now) in world.nodes.iter().map(|node| (node, node.now)) {
            let doubts = node.in_doubt().into_iter();
            let doubts: Vec<_> = doubts.map(|doubt| (doubt.message, doubt.peer)).collect();
            let listed = node.list(now).into_iter();
            let unclear = listed.filter_map(|one| match one.doing {
                Doing::InDoubt(peer) => Some((one.message, peer, one.hops)),
                _ => None,
            });
            let unclear: Vec<_> = unclear.collect();
            let expected: Vec<_> = doubts.iter().map(|(one, peer)| (*one, *peer, 1)).collect();
            assert_eq!(unclear, expected, "after {delivered} frames");
        }
        world.connect(0, 1);
        world.pass(Span::millis(10));
        let runnable: usize = world.nodes.iter().map(|node| node.runnable().len()).sum();
        assert_eq!(runnable, 1, "after {delivered} frames");
        assert!(world.nodes.iter().all(|node| node.in_doubt().is_empty()));
        world.pass(Span::secs(2));
        assert_eq!(world.ends(), [done("1")], "after {delivered} frames");
    }
}

#[test]
fn a_hop_times_out_when_the_neighbor_is_silent() {
    let mut world = World::line(2);
    world.start(0, "move 1 30\nshow\ndone 1");
    while world.nodes[0].is_ready() {
        world.run_slice(0, 1_000);
    }
    world.wire.clear();
    world.pass(Span::millis(29));
    assert_eq!(world.prints, []);
    world.pass(Span::millis(1));
    assert_eq!(world.printed(), [format!("0:{}", HopError::Timeout.code())]);
}

#[test]
fn durable_nodes_lose_nothing_in_a_crash_at_any_frame() {
    for crashing in 0..2 {
        for delivered in 0..8 {
            let mut world = World::with(2, |config| config.memory = Memory::Durable);
            world.connect(0, 1);
            world.settle();
            world.start(0, "move 1\nblock never 1000\ndone 1");
            while world.nodes[0].is_ready() {
                world.run_slice(0, 1_000);
            }
            for _ in 0..delivered {
                world.deliver();
            }
            world.reboot(crashing);
            world.connect(0, 1);
            world.settle();
            let runnable: usize = world.nodes.iter().map(|node| node.runnable().len()).sum();
            assert_eq!(
                runnable, 1,
                "{delivered} frames, then node {crashing} crashes"
            );
            world.pass(Span::secs(2));
            assert_eq!(world.ends(), [done("1")]);
            assert!(world.nodes.iter().all(|node| node.in_doubt().is_empty()));
        }
    }
}

#[test]
fn a_message_lost_with_a_memory_is_reported() {
    let mut world = World::line(2);
    world.start(0, "move 1\ndone 1");
    while world.nodes[0].is_ready() {
        world.run_slice(0, 1_000);
    }
    // Until COMMIT is under way.
    while world.nodes[0].in_doubt().is_empty() {
        assert!(world.deliver());
    }
    world.reboot(1);
    assert_eq!(world.nodes[0].in_doubt().len(), 1);
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.ends(), [End::Killed(Kill::LostInHop)]);
    assert!(world.nodes[0].in_doubt().is_empty());
}

#[test]
fn prepared_and_commit_wait_for_the_store() {
    let mut world = World::with(2, |config| config.memory = Memory::Durable);
    world.connect(0, 1);
    world.settle();
    world.give_code(1, "move 1\nprint there");
    world.start(0, "move 1\nprint there");
    world.stores = Stores::WhenTold;
    world.settle();
    assert!(
        world.nodes.iter().all(|node| node.in_doubt().is_empty()),
        "B has not stored it"
    );
    world.confirm(1);
    assert_eq!(world.nodes[1].in_doubt().len(), 1);
    world.settle();
    assert_eq!(world.nodes[0].in_doubt().len(), 1, "A is deciding");
    assert_eq!(world.printed(), Vec::<String>::new());
    world.confirm(0);
    world.settle();
    assert_eq!(
        world.printed(),
        Vec::<String>::new(),
        "B has not stored it as its own"
    );
    world.confirm(1);
    world.settle();
    world.confirm(1);
    assert_eq!(world.printed(), ["1:there"]);
}

#[test]
fn time_on_the_way_does_not_age_a_message() {
    let mut world = World::line(2);
    world.start(
        0,
        "block never 40\nmove 1\nnow\nshow\nblock never 10\nnow\nshow",
    );
    world.pass(Span::millis(40));
    world.nodes[0].handle_timeout(world.now);
    world.pass(Span::millis(100));
    assert_eq!(world.printed(), ["1:40", "1:50"]);
}

#[test]
fn a_budget_falls_with_each_hop_and_is_never_refilled() {
    let mut world = World::line(2);
    let limits = LaunchLimits {
        hops: 3,
        ..LaunchLimits::default()
    };
    world
        .start_with(0, "move 1\nshow\nmove 0\nshow\nzero 0", limits)
        .expect("it may start");
    world.settle();
    let limit = HopError::HopLimit.code();
    assert_eq!(
        world.printed()[..4],
        ["1:0", "0:0", "1:0", &format!("1:{limit}")]
    );
}

#[test]
fn a_report_follows_the_crumbs_around_a_lost_link() {
    let mut world = World::line(4);
    world.start(0, "move 1\nmove 2\nmove 3\nblock go\ndone 9");
    world.settle();
    assert_eq!(world.places(), [0, 0, 0, 1]);
    world.start(3, "write go 1");
    world.settle();
    assert!(world.ends().contains(&done("9")));
    // With the way home cut there is a line in a log, and no report.
    let mut world = World::line(3);
    world.start(0, "move 1\nmove 2\nblock go\ndone 9");
    world.settle();
    world.cut(0, 1);
    world.start(2, "write go 1\nblock never");
    world.settle();
    assert_eq!(world.reports, []);
    assert!(
        world
            .logs
            .iter()
            .any(|(node, log)| *node == 1 && matches!(log, Log::ReportDropped(_)))
    );
}

#[test]
fn a_full_node_answers_busy_and_a_small_one_quota() {
    let mut world = World::with(2, |config| {
        if config.node == key(1) {
            config.limits.messages = 1;
        }
    });
    world.connect(0, 1);
    world.settle();
    world.start(1, "block never");
    world.start(0, "move 1\nshow");
    world.settle();
    assert_eq!(world.printed(), [format!("0:{}", HopError::Busy.code())]);
    let mut world = World::with(2, |config| {
        if config.node == key(1) {
            config.limits.heap_bytes = 10;
        }
    });
    world.connect(0, 1);
    world.settle();
    world.start(0, "move 1\nshow");
    world.settle();
    assert_eq!(world.printed(), [format!("0:{}", HopError::Quota.code())]);
}

#[test]
fn a_node_whose_memory_is_used_up_takes_no_more() {
    let mut world = World::with(2, |config| config.limits.bytes = 1_000);
    world.connect(0, 1);
    world.settle();
    world.start(1, "pad 2000\nblock go\npad 0\nblock never");
    world.start(0, "move 1\nshow\nblock again\nmove 1\nshow");
    world.settle();
    let busy = HopError::Busy.code();
    assert_eq!(world.printed(), [format!("0:{busy}")]);
    let full = world.start_with(1, "spawn 1", LaunchLimits::default());
    assert_eq!(full, Err(crate::launch::LaunchError::Full));
    world.nodes[1].handle_tag(
        world.now,
        &super::world::spec(&super::toy::tag_name("go")),
        b"",
    );
    world.nodes[0].handle_tag(
        world.now,
        &super::world::spec(&super::toy::tag_name("again")),
        b"",
    );
    world.settle();
    assert_eq!(world.printed()[1..], ["1:0"]);
}

#[test]
fn an_unwanted_author_is_refused_and_a_stranger_has_no_rights() {
    let mut world = World::with(2, |config| {
        if config.node == key(1) {
            config.policy.others = Authors::Only(BTreeSet::new());
        }
    });
    world.connect(0, 1);
    world.settle();
    world.start(1, "create own.t secret\nblock never");
    world.start(0, "move 1\nhas own.t\nshow\nwrite own.t mine\nshow");
    world.settle();
    assert_eq!(world.printed(), ["1:0", "1:2"]);
    assert_eq!(world.value(1, "own.t").as_deref(), Some("secret"));

    let mut world = World::with(2, |config| {
        if config.node == key(1) {
            config.policy.authors = Authors::Only(BTreeSet::new());
        }
    });
    world.connect(0, 1);
    world.settle();
    world.start(0, "move 1\nshow");
    world.settle();
    assert_eq!(world.printed(), [format!("0:{}", HopError::Refused.code())]);
}

#[test]
fn rules_that_change_are_for_what_comes_from_then_on() {
    let mut world = World::line(2);
    world.start(0, "move 1\nshow\nblock never");
    world.settle();
    let nobody = Rules {
        policy: Policy {
            authors: Authors::Only(BTreeSet::new()),
            ..Policy::default()
        },
        ..Rules::default()
    };
    let now = world.now;
    world.nodes[1].handle(now, Input::Rules(Box::new(nobody)));
    world.start(0, "move 1\nshow");
    world.settle();
    assert_eq!(world.nodes[1].list(now).len(), 1, "the first one stays");
    world.nodes[1].handle(now, Input::Rules(Box::default()));
    world.start(0, "move 1\nshow");
    world.settle();
    let refused = format!("0:{}", HopError::Refused.code());
    assert_eq!(world.printed(), ["1:0", &refused, "1:0"]);
}

#[test]
fn a_backlog_answers_busy() {
    let mut world = World::line(2);
    world.nodes[0].handle_backlog(SessionId(1), limits::OUTBOUND_BYTES_PER_NEIGHBOR + 1);
    world.start(0, "move 1\nshow");
    world.settle();
    assert_eq!(world.printed(), [format!("0:{}", HopError::Busy.code())]);
}

#[test]
fn a_copy_whose_code_does_not_come_is_given_up() {
    let mut world = World::line(2);
    world.start(0, "copy\nprint there");
    while world.nodes[0].is_ready() {
        world.run_slice(0, 1_000);
    }
    world.deliver();
    world.wire.clear();
    assert_eq!(
        world.nodes[1].poll_timeout(),
        Some(world.now + limits::COPY_WAIT)
    );
    world.pass(limits::COPY_WAIT);
    assert_eq!(world.refusals(), ["its code has not come"]);
    assert_eq!(world.nodes[1].poll_timeout(), None);
}

#[test]
fn the_same_calls_give_the_same_outputs() {
    let run = || {
        let mut world = World::new(4);
        for (a, b) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
            world.connect(a, b);
        }
        world.settle();
        world.start(
            0,
            "spawn 4\ncopy\nwrite seen 1\ndone 0\nmove 1\nmove 2\nblock seen 9\ndone 1",
        );
        world.pass(Span::secs(1));
        (world.steps, world.prints, world.reports)
    };
    let first = run();
    assert!(first.0.len() > 10);
    assert_eq!(first, run());
}
