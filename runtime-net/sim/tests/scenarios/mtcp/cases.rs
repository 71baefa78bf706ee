//! The cases, by the names that the design gives them.

use sm_core::ids::Span;
use sm_core::mtcp::{Config, Overflow};
use sm_sim::NodeIx;
use sm_sim::mtcp::{Deed, Fault, Kind, Mode, Plan, Rest, Saying, ServicePlan, When, Who};
use sm_sim::network::LinkModel;
use sm_sim::random::{Delay, Stream};

use super::{Case, check};

/// All, by number. The sixteenth is about connections in the kernel, which nothing simulates.
pub(crate) const ALL: [(u64, Case); 20] = [
    (0, MIX),
    (1, second_migration_in_a_row),
    (2, before_the_first_byte),
    (3, dropped_before_any_new_byte),
    (4, two_live_copies),
    (5, between_done_and_stored),
    (6, tail_diverges),
    (7, values_before_the_snapshot),
    (8, bytes_during_take_over),
    (9, bytes_in_buffers),
    (10, partial_frames),
    (11, log_of_one_moment),
    (12, two_owners_one_log),
    (13, settings),
    (14, large_state),
    (15, mixed_versions),
    (17, never_idle),
    (18, holes_in_the_log),
    (19, rolling_restart),
    (20, late_notices),
];

/// Anything.
pub(crate) const MIX: Case = mix;

const fn span(millis: u64) -> Span {
    Span::millis(millis)
}

fn delay(min: u64, max: u64) -> Delay {
    Delay {
        min: span(min),
        max: span(max),
    }
}

fn some(draws: &mut Stream, most: u64) -> Span {
    draws.between(Span::ZERO, span(most))
}

fn one<T: Copy>(draws: &mut Stream, of: &[T]) -> T {
    of[draws.index(of.len())]
}

fn fault(when: When, after: Span, deed: Deed) -> Fault {
    Fault { when, after, deed }
}

fn rest(every: u64, deed: Deed) -> Rest {
    let every = span(every);
    Rest { every, deed }
}

const KINDS: [Kind; 3] = [Kind::Echo, Kind::Stream, Kind::Count];
const MODES: [Mode; 3] = [Mode::Lazy, Mode::Eager, Mode::Held];

/// Links, sizes and paces of this seed.
fn drawn(draws: &mut Stream) -> Plan {
    let kind = one(draws, &KINDS);
    let far = 1 + draws.below(40);
    let window = one(draws, &[300, 4_000, 256_000]);
    let link = |draws: &mut Stream, far: u64| LinkModel {
        delay: delay(far, far + draws.below(2 * far)),
        bandwidth: one(draws, &[None, Some(200_000), Some(2_000_000)]),
        repair: span(1 + draws.below(100)),
        idle: span(one(draws, &[5, 200, 3_000])),
        ..LinkModel::default()
    };
    Plan {
        servers: 2 + draws.below(3) as u32,
        access: link(draws, far),
        backbone: link(draws, 1 + far / 4),
        segment: one(draws, &[64, 536, 1_400, 16_000]),
        mode: one(draws, &MODES),
        window,
        config: Config {
            window: one(draws, &[200, 64_000, 256_000]),
            ..Config::default()
        },
        service: ServicePlan {
            kind,
            step: delay(0, draws.below(4)),
            buffer: 1 + draws.index(200),
            export_every: one(draws, &[0, 1, 1, 1, 5, 50]),
            export_anywhere: one(draws, &[0.0, 0.0, 0.05]),
            ends_after: draws.chance(0.1).then(|| 20 + draws.below(100)),
            ..ServicePlan::default()
        },
        saying: Saying {
            requests: 30 + draws.below(400),
            // What fills a small window many times takes many round trips.
            most: if window < 4_000 {
                10
            } else {
                one(draws, &[10, 1_000])
            },
            piece: 1 + draws.index(100),
            pace: delay(0, 1 + draws.below(40)),
            after: Span::ZERO,
            slow: draws.chance(0.2),
        },
        ..Plan::default()
    }
}

/// The random rest: the client moves, links break.
fn restless(draws: &mut Stream) -> Plan {
    let mut plan = drawn(draws);
    let every = 100 + draws.below(1_500);
    plan.rest = vec![
        rest(
            every,
            Deed::Move(one(draws, &[Who::Owner, Who::Other, Who::Standby])),
        ),
        rest(2 * every, Deed::Move(Who::Other)),
        rest(3 * every, Deed::Cut(Who::Owner)),
        rest(4 * every, Deed::CutServers(Who::Owner)),
        rest(6 * every, Deed::Pause(Who::Other, some(draws, 500))),
        rest(9 * every, Deed::Crash(Who::Other, some(draws, 900))),
    ];
    if plan.mode != Mode::Lazy {
        plan.rest
            .push(rest(8 * every, Deed::Crash(Who::Owner, some(draws, 2_000))));
    }
    if plan.mode == Mode::Eager {
        plan.rest.push(rest(5 * every, Deed::Recruit(Who::Other)));
    }
    plan
}

fn mix(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.access.break_every = Some(span(500 + draws.below(5_000)));
    plan.backbone.break_every = Some(span(500 + draws.below(5_000)));
    plan.echoes = draws.chance(0.3);
    plan.service.ballast = one(draws, &[0, 0, 70_000]);
    plan.config.overflow = one(draws, &[Overflow::Pin, Overflow::Pin]);
    plan
}

fn second_migration_in_a_row(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    for attached in 1..8 {
        let after = one(draws, &[0, 0, 1, 30, 200]);
        let to = one(draws, &[Who::Other, Who::Other, Who::Owner]);
        let (when, after) = (When::Attached(attached), span(after));
        plan.faults.push(fault(when, after, Deed::Move(to)));
    }
    // Before the answer to the attempt has come.
    for tried in [2, 5, 6] {
        let after = some(draws, 30);
        plan.faults
            .push(fault(When::Tried(tried), after, Deed::Move(Who::Other)));
    }
    plan
}

fn before_the_first_byte(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.saying.after = some(draws, 2_000);
    let early = some(draws, 60);
    plan.faults = vec![
        fault(When::Begun, early, Deed::Move(Who::Other)),
        fault(When::Attached(1), some(draws, 100), Deed::Move(Who::Other)),
        fault(When::Attached(2), Span::ZERO, Deed::Move(Who::Other)),
        fault(When::Attached(2), some(draws, 20), Deed::Cut(Who::Owner)),
    ];
    plan
}

fn dropped_before_any_new_byte(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    for attached in 1..9 {
        let (when, cut) = (When::Attached(attached), Deed::Cut(Who::Owner));
        plan.faults
            .push(fault(when, span(one(draws, &[0, 1, 5])), cut));
        let to = one(draws, &[Who::Owner, Who::Other]);
        plan.faults.push(fault(when, span(100), Deed::Move(to)));
    }
    plan
}

fn two_live_copies(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    // Ends find out late, or never before their hearts beat.
    plan.access.idle = Span::secs(10);
    plan.backbone.idle = Span::secs(10);
    plan.servers = 3;
    for attached in [1, 3, 4] {
        let (when, away) = (When::Attached(attached), span(500 + draws.below(4_000)));
        let after = span(50 + draws.below(500));
        plan.faults
            .push(fault(when, after, Deed::Unplug(Who::Owner, away)));
        if draws.chance(0.5) {
            plan.faults
                .push(fault(when, after, Deed::Isolate(Who::Owner, away)));
        }
        let later = after + some(draws, 100);
        let to = one(draws, &[Who::Other, Who::Standby]);
        plan.faults.push(fault(when, later, Deed::Move(to)));
    }
    let halted = span(2_000 + draws.below(20_000));
    plan.faults.push(fault(
        When::Attached(2),
        span(80),
        Deed::Pause(Who::Owner, halted),
    ));
    plan.heal = Span::secs(40);
    plan
}

fn between_done_and_stored(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.servers = 3;
    plan.service.kind = Kind::Count;
    plan.service.export_every = 1;
    plan.mode = one(draws, &[Mode::Eager, Mode::Held, Mode::Lazy]);
    let kept = plan.mode != Mode::Lazy;
    plan.may_be_lost = !kept;
    for answer in [10, 30, 45] {
        let answer = When::Answered(answer + draws.below(10) as u32);
        let away = span(100 + draws.below(3_000));
        let crash = match kept {
            true => Deed::Crash(Who::Owner, away),
            false => Deed::CrashAnyhow(Who::Owner, away),
        };
        plan.faults.push(fault(answer, Span::ZERO, crash));
    }
    plan
}

fn tail_diverges(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.servers = 3;
    plan.mode = Mode::Lazy;
    plan.service.kind = Kind::Count;
    plan.service.export_every = one(draws, &[2, 7, 20]);
    plan.service.export_anywhere = 0.0;
    plan.service.forgetful = vec![NodeIx(1)];
    plan.may_diverge = true;
    // An owner that does not record is lost with what it knows, whoever its standby is.
    let loses = |deed| matches!(deed, Deed::Recruit(_) | Deed::Crash(Who::Owner, _));
    plan.rest.retain(|rest| !loses(rest.deed));
    plan
}

fn values_before_the_snapshot(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.service.kind = Kind::Count;
    plan.service.export_every = 0;
    // Often between two values of one answer.
    plan.service.export_anywhere = 0.15;
    plan
}

fn bytes_during_take_over(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.service.step = delay(1, 10);
    plan.saying.pace = delay(0, 2);
    plan.saying.piece = 60;
    plan.service.buffer = 1 + draws.index(9);
    for attempt in 1..6 {
        let deed = one(draws, &[Deed::Move(Who::Other), Deed::Cut(Who::Owner)]);
        let after = some(draws, 300);
        plan.faults
            .push(fault(When::Attached(attempt), after, deed));
    }
    plan
}

fn bytes_in_buffers(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.service.export_every = 0;
    plan.service.export_anywhere = 0.3;
    plan.service.buffer = 200;
    plan.window = 40;
    plan.saying.slow = true;
    plan.saying.most = 10;
    plan.saying.requests = 60;
    plan
}

fn partial_frames(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.segment = 1 + draws.index(12);
    plan.access.break_every = Some(span(300 + draws.below(2_000)));
    plan.backbone.break_every = Some(span(200 + draws.below(2_000)));
    plan.service.ballast = draws.index(2_000);
    plan.access.bandwidth = Some(50_000);
    plan.saying.requests = 20 + draws.below(60);
    plan
}

fn log_of_one_moment(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.mode = Mode::Eager;
    plan.servers = 3;
    plan.backbone.bandwidth = Some(100_000 + draws.below(400_000));
    plan.service.ballast = 20_000 + draws.index(60_000);
    plan.service.export_every = one(draws, &[0, 3, 10]);
    plan.saying.pace = delay(0, 8);
    plan.rest.push(rest(700, Deed::Recruit(Who::Other)));
    let crash = Deed::Crash(Who::Owner, span(800));
    plan.faults
        .push(fault(When::Listed(1), some(draws, 300), crash));
    plan.faults
        .push(fault(When::Listed(2), some(draws, 300), crash));
    plan
}

fn two_owners_one_log(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.mode = Mode::Eager;
    plan.servers = 3;
    plan.access.idle = Span::secs(8);
    for listed in 1..5 {
        let (when, away) = (When::Listed(listed), span(300 + draws.below(3_000)));
        let after = some(draws, 200);
        // The old owner goes on with the standby, and hears nothing of its client.
        plan.faults
            .push(fault(when, after, Deed::Unplug(Who::Owner, away)));
        let later = after + some(draws, 60);
        plan.faults.push(fault(
            when,
            later,
            Deed::Move(one(draws, &[Who::Other, Who::Standby])),
        ));
        let recruit = later + some(draws, 200);
        plan.faults
            .push(fault(when, recruit, Deed::Recruit(Who::Other)));
    }
    plan
}

fn settings(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.window = 20 + draws.below(500);
    plan.config.window = 20 + draws.below(500);
    plan.saying.most = 10;
    plan.saying.requests = 30;
    plan
}

fn large_state(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.service.ballast = (200 << 10) + draws.index(1 << 20);
    plan.segment = 16_000;
    plan.service.export_every = 10;
    plan.service.export_anywhere = 0.0;
    plan.backbone.bandwidth = Some(5_000_000);
    plan.saying.requests = 30;
    plan
}

fn mixed_versions(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.mode = Mode::Lazy;
    plan.servers = 4;
    // The first one owns it; the others are as they are.
    plan.foreign = vec![NodeIx(2)];
    plan.older = vec![NodeIx(3)];
    plan.service.export_every = 1;
    for attached in 1..5 {
        let to = Who::Server(NodeIx(2 + draws.below(3) as u32));
        let after = some(draws, 400);
        plan.faults
            .push(fault(When::Attached(attached), after, Deed::Move(to)));
    }
    plan
}

fn never_idle(draws: &mut Stream) -> Plan {
    let mut plan = drawn(draws);
    plan.service.kind = Kind::Echo;
    plan.saying.pace = delay(0, 1);
    plan.saying.requests = 2_000;
    plan.faults = vec![
        fault(When::Attached(1), span(100), Deed::Drain(Who::Owner)),
        fault(When::Attached(2), span(100), Deed::Drain(Who::Owner)),
    ];
    plan
}

fn holes_in_the_log(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.mode = Mode::Eager;
    plan.servers = 3;
    plan.holes = 0.02 + draws.unit() / 10.0;
    plan.rest
        .push(rest(2_000, Deed::Crash(Who::Owner, span(500))));
    plan
}

fn rolling_restart(draws: &mut Stream) -> Plan {
    let mut plan = drawn(draws);
    plan.servers = 3 + draws.below(3) as u32;
    plan.saying.requests = 300;
    plan.saying.pace = delay(5, 60);
    plan.faults = vec![fault(When::Attached(1), some(draws, 500), Deed::Roll)];
    plan.rest = vec![
        rest(3_000, Deed::Cut(Who::Owner)),
        rest(3_000, Deed::Move(Who::Other)),
    ];
    plan
}

fn late_notices(draws: &mut Stream) -> Plan {
    let mut plan = restless(draws);
    plan.echoes = true;
    plan.servers = 2 + draws.below(2) as u32;
    plan.backbone.delay = delay(1, 300);
    plan.rest.push(rest(250, Deed::Move(Who::Other)));
    plan
}

/// The test of each case.
macro_rules! tests {
    ($($name:ident: $case:ident;)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), $case);
        })*
    };
}

tests! {
    c00_anything: mix;
    c01_a_second_migration_in_a_row: second_migration_in_a_row;
    c02_migration_before_the_first_byte: before_the_first_byte;
    c03_resumed_and_dropped_again_before_any_new_byte: dropped_before_any_new_byte;
    c04_the_old_side_has_not_noticed_the_loss: two_live_copies;
    c05_crash_between_request_done_and_snapshot_stored: between_done_and_stored;
    c06_the_replayed_tail_diverges: tail_diverges;
    c07_replay_needs_values_drawn_before_the_snapshot: values_before_the_snapshot;
    c08_bytes_between_take_over_and_the_last_read: bytes_during_take_over;
    c09_bytes_left_in_user_space_buffers: bytes_in_buffers;
    c10_a_partial_frame_at_hand_over: partial_frames;
    c11_length_and_data_of_the_log_are_of_one_moment: log_of_one_moment;
    c12_two_owners_append_to_one_log: two_owners_one_log;
    c13_settings_of_the_connection_travel: settings;
    c14_a_large_state: large_state;
    c15_mixed_versions: mixed_versions;
    c17_a_connection_that_never_goes_idle: never_idle;
    c18_an_unlogged_message: holes_in_the_log;
    c19_a_rolling_restart: rolling_restart;
    c20_a_late_death_notice: late_notices;
}
