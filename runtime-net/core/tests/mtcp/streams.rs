//! Connections of M-TCP under random migrations, crashes and lost links: each byte arrives once, in
//! order, from one lineage of the service.

use super::service::Program;
use super::world::{Item, TIMING, World, key};
use proptest::prelude::*;
use sm_core::mtcp::wire::Frame;
use sm_core::mtcp::{Commit, Config, End, LinkId};

/// What happens next, as numbers that are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
struct Event {
    what: u8,
    a: u8,
    b: u8,
}

/// What may happen.
#[derive(Clone, Copy, Debug)]
struct Weather {
    crashes: bool,
    splits: bool,
    standbys: bool,
    quota: usize,
    /// The client keeps sealed records, and owners crash.
    carried: bool,
}

fn config(weather: Weather) -> Config {
    Config {
        timing: TIMING,
        quota: weather.quota,
        window: 48,
        commit: if weather.carried {
            Commit::Carried
        } else {
            Commit::Standbys
        },
        ..Config::default()
    }
}

/// The server whose service the client is or was attached to.
fn owner(world: &World) -> usize {
    usize::from(world.client.record().owner.0[0]) - 1
}

fn apply(world: &mut World, event: Event, weather: Weather) {
    let servers = world.hosts.len();
    let (a, b) = (usize::from(event.a), usize::from(event.b));
    let (at, other) = (a % servers, b % servers);
    // What a crash leaves on the way to other servers, and to the client.
    let kept = (b % 3, b / 3 % 8);
    let links: Vec<LinkId> = world.lines.keys().copied().collect();
    match event.what % 32 {
        0..6 => world.write(1 + b % 7),
        6..16 => drop(world.step(at, false)),
        16..19 => drop(world.step(at, true)),
        19 => world.resume(at),
        20 if !links.is_empty() => world.cut(links[a % links.len()], (b % 4, b / 4 % 4)),
        21 if weather.splits && at != other => split_or_heal(world, (at, other), b),
        22 if weather.crashes && is_free(world, at) => world.crash(at, kept),
        25 if weather.crashes && has_standby(world) => world.crash(owner(world), kept),
        26 if weather.carried && world.client.held() > 0 => world.crash(at, kept),
        23 if weather.standbys && at != other => recruit(world, at, other),
        24 if world.is_trying() => world.client_timeout(),
        _ => drop(deliver(world, a + 256 * b)),
    }
}

/// Whether the client is not attached to a server, nor about to be, and what it may keep is also
/// elsewhere: then its crash loses nothing.
fn is_free(world: &World, at: usize) -> bool {
    let owner = owner(world);
    let runs = world.hosts[owner].server.summary().runs;
    at != owner && runs && world.lines.values().all(|line| line.server != at)
}

/// Whether the owner may crash: a standby in the client's record has its copy, and nothing is under
/// way that would change the record.
fn has_standby(world: &World) -> bool {
    let changes = |item: &Item| match item {
        Item::Frame(bytes) => matches!(Frame::decode(bytes), Ok(Some((Frame::Standbys { .. }, _)))),
        Item::Up | Item::Down => false,
    };
    if world
        .lines
        .values()
        .any(|line| line.back.queue.iter().any(changes))
    {
        return false;
    }
    let standbys = &world.client.record().standbys;
    let mut hosts = standbys
        .iter()
        .map(|standby| &world.hosts[usize::from(standby.0[0]) - 1]);
    hosts.any(|host| host.server.copy_of() == Some(key(owner(world))))
}

fn recruit(world: &mut World, at: usize, other: usize) {
    let now = world.now;
    if !world.hosts[at].server.recruit(now, key(other)) {
        world.hosts[at].server.dismiss(now, key(other));
    }
    world.settle(at);
}

fn split_or_heal(world: &mut World, (a, b): (usize, usize), kept: usize) {
    if world.is_split(a, b) {
        world.heal(a, b);
    } else if world.ways[&(a, b)].up && world.ways[&(b, a)].up {
        world.split(a, b, (kept % 3, kept / 3 % 3));
    }
}

/// Delivers one thing, if there is one.
fn deliver(world: &mut World, choice: usize) -> bool {
    let mut found: Vec<(u8, LinkId, usize, usize)> = Vec::new();
    for (link, line) in &world.lines {
        if !line.there.queue.is_empty() {
            found.push((0, *link, 0, 0));
        }
        if !line.back.queue.is_empty() {
            found.push((1, *link, 0, 0));
        }
    }
    for ((from, to), way) in &world.ways {
        if !way.queue.is_empty() {
            found.push((2, LinkId(0), *from, *to));
        }
    }
    if found.is_empty() {
        return false;
    }
    match found[choice % found.len()] {
        (0, link, ..) => world.deliver_there(link),
        (1, link, ..) => world.deliver_back(link),
        (_, _, from, to) => world.deliver(from, to),
    }
    true
}

/// Everything that is under way arrives, and everything that can be done is.
fn calm(world: &mut World) {
    for round in 0.. {
        assert!(round < 200_000, "it comes to rest");
        let delivered = deliver(world, round);
        let mut worked = false;
        for at in 0..world.hosts.len() {
            worked |= world.step(at, false);
        }
        if !world.program.has_written() && world.client.attached().is_some() {
            let before = world.program.clone();
            world.write(5);
            worked |= world.program != before;
        }
        if !delivered && !worked {
            return;
        }
    }
}

/// Faults end, and the client tries whom it knows.
fn recover(world: &mut World) {
    let servers = world.hosts.len();
    for a in 0..servers {
        for b in 0..a {
            if world.is_split(a, b) {
                world.heal(a, b);
            }
        }
    }
    calm(world);
    for a in 0..servers {
        for b in 0..a {
            if world.is_split(a, b) {
                world.heal(a, b);
            }
        }
    }
    for _ in 0..3 {
        if world.end.is_some() {
            return;
        }
        let owner = owner(world);
        world.resume(owner);
        calm(world);
        let standbys = world.client.record().standbys.clone();
        for standby in standbys {
            if world.end.is_none() && world.client.attached().is_none() {
                world.resume(usize::from(standby.0[0]) - 1);
                calm(world);
            }
        }
    }
}

fn run(events: &[Event], weather: Weather) {
    let mut world = World::new(4, Program::of(90), config(weather));
    for event in events {
        if world.end.is_some() {
            break;
        }
        apply(&mut world, *event, weather);
    }
    recover(&mut world);
    assert!(!world.wrong, "something was done that no honest end does");
    assert_eq!((world.diverged, world.lost), (0, false));
    assert_eq!(
        world.end,
        Some(End::Done),
        "{:?} {:?}",
        world.failed,
        world.client.record()
    );
    assert!(world.program.has_all());
}

fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let event = any::<[u8; 3]>().prop_map(|[what, a, b]| Event { what, a, b });
    proptest::collection::vec(event, 0..most)
}

const CLEAR: Weather = Weather {
    crashes: false,
    splits: false,
    standbys: false,
    quota: 1 << 20,
    carried: false,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn links_break_and_the_client_moves(events in events(500)) {
        run(&events, CLEAR);
    }

    #[test]
    fn servers_are_apart_for_a_while(events in events(500)) {
        run(&events, Weather { splits: true, ..CLEAR });
    }

    #[test]
    fn standbys_come_and_go(events in events(500)) {
        run(&events, Weather { splits: true, standbys: true, ..CLEAR });
    }

    #[test]
    fn other_servers_crash(events in events(500)) {
        run(&events, Weather { crashes: true, splits: true, standbys: true, ..CLEAR });
    }

    #[test]
    fn clients_keep_sealed_records(events in events(500)) {
        run(&events, Weather { splits: true, carried: true, ..CLEAR });
    }

    #[test]
    fn clients_keep_records_and_there_are_standbys_too(events in events(500)) {
        run(&events, Weather { splits: true, standbys: true, carried: true, ..CLEAR });
    }

    #[test]
    fn records_are_given_up_for_a_while(events in events(400)) {
        run(&events, Weather { carried: true, quota: 20, ..CLEAR });
    }

    #[test]
    fn logs_run_over(events in events(400)) {
        run(&events, Weather { standbys: true, quota: 20, ..CLEAR });
    }
}
