//! What breaks such systems elsewhere, one test for each as far as the protocol alone can show it.

use super::service::Program;
use super::world::{Broken, ID, TIMING, World, key};
use sm_core::ids::{NodeId, Time};
use sm_core::limits;
use sm_core::mtcp::wire::{Ends, Frame, MAGIC, Open, Peek, Versions, peek};
use sm_core::mtcp::{
    Client, Config, ConnectionId, Contact, End, Epoch, Fault, Input, LinkId, Opening, Peer, Reason,
    Recorded, Server, ServerEffect,
};

pub(crate) fn config() -> Config {
    Config {
        timing: TIMING,
        ..Config::default()
    }
}

/// A client that is attached to the first of three servers and will say so many bytes.
pub(crate) fn world(requests: u64) -> World {
    let mut world = World::new(3, Program::of(requests), config());
    arrive(&mut world);
    world
}

/// All that is under way arrives; the services do nothing.
pub(crate) fn arrive(world: &mut World) {
    for round in 0.. {
        assert!(round < 10_000, "it comes to rest");
        let before = (world.lines.clone(), world.ways.clone());
        for link in world.lines.keys().copied().collect::<Vec<_>>() {
            if world.lines.contains_key(&link) {
                world.deliver_there(link);
            }
            if world.lines.contains_key(&link) {
                world.deliver_back(link);
            }
        }
        for (from, to) in world.ways.keys().copied().collect::<Vec<_>>() {
            world.deliver(from, to);
        }
        if (world.lines.clone(), world.ways.clone()) == before {
            return;
        }
    }
}

/// The same, and the services do all that they can.
pub(crate) fn calm(world: &mut World) {
    loop {
        arrive(world);
        let mut worked = false;
        for at in 0..world.hosts.len() {
            while world.step(at, false) {
                worked = true;
            }
        }
        if !worked {
            return;
        }
    }
}

/// The client moves, and everything comes to rest.
pub(crate) fn go(world: &mut World, to: usize) {
    world.resume(to);
    calm(world);
    assert_eq!(world.client.record().owner, key(to), "{:?}", world.failed);
    assert!(world.client.attached().is_some());
}

pub(crate) fn finish(mut world: World) {
    world.write(1_000);
    calm(&mut world);
    assert_eq!(world.end, Some(End::Done));
    assert!(world.program.has_all() && !world.wrong);
    assert_eq!(world.diverged, 0);
}

pub(crate) fn break_link(world: &mut World) {
    let link = world.client.attached().expect("it is attached");
    world.cut(link, (0, 0));
    arrive(world);
}

#[test]
fn b01_a_second_migration_in_a_row() {
    let mut world = world(30);
    world.write(5);
    calm(&mut world);
    for to in [1, 2, 0, 2, 1, 0] {
        go(&mut world, to);
        world.write(3);
        calm(&mut world);
    }
    // And with nothing between them.
    for to in [1, 2, 0] {
        go(&mut world, to);
    }
    finish(world);
}

#[test]
fn b02_migration_before_the_first_byte() {
    let mut attached = world(4);
    go(&mut attached, 1);
    finish(attached);
    // Even before the first server has answered, or ever heard of it.
    let mut fresh = World::new(3, Program::of(4), config());
    fresh.write(2);
    go(&mut fresh, 2);
    finish(fresh);
}

#[test]
fn b03_resumed_and_dropped_again_before_any_new_byte() {
    let mut world = world(20);
    world.write(5);
    calm(&mut world);
    for to in [1, 1, 2, 1, 1, 0, 0, 0] {
        go(&mut world, to);
        break_link(&mut world);
        assert!(world.client.attached().is_none());
    }
    go(&mut world, 2);
    finish(world);
}

#[test]
fn b04_the_old_side_has_not_noticed_the_loss() {
    let mut world = world(20);
    world.write(5);
    calm(&mut world);
    world.write(5);
    arrive(&mut world);
    // The client is at the second server, and the first runs on until it is asked.
    world.resume(1);
    while world.step(0, false) {}
    arrive(&mut world);
    assert!(world.hosts[0].service.is_none() || world.hosts[0].frozen);
    calm(&mut world);
    assert!(world.hosts[0].service.is_none(), "it heard that it is over");
    finish(world);
}

#[test]
fn b05_crash_between_request_done_and_snapshot_stored() {
    let mut world = world(20);
    let now = world.now;
    assert!(world.hosts[0].server.recruit(now, key(1)));
    world.settle(0);
    calm(&mut world);
    world.write(5);
    calm(&mut world);
    world.export(0);
    world.write(5);
    arrive(&mut world);
    while world.step(0, false) {}
    // The requests are done, their answers wait for the standby, and nothing was exported.
    world.crash(0, (0, 9));
    calm(&mut world);
    go(&mut world, 1);
    finish(world);
}

#[test]
fn b06_the_replayed_tail_diverges() {
    let mut world = world(20);
    world.broken = Some(Broken::Unrecorded);
    world.hosts[0].service.as_mut().expect("it runs").forgetful = true;
    world.write(5);
    calm(&mut world);
    world.resume(1);
    calm(&mut world);
    // It is refused before the client hears a byte, and the old owner goes on.
    assert_eq!(world.diverged, 1);
    assert_eq!(world.failed, Some(Reason::Diverged));
    assert_eq!(world.client.record().owner, key(0));
    go(&mut world, 0);
    world.write(1_000);
    calm(&mut world);
    assert_eq!(world.end, Some(End::Done));
    assert!(world.program.has_all() && !world.wrong);
}

/// Where the client has not heard what the tail led to, nothing is compared with what it has.
#[test]
fn b06_the_tail_diverges_behind_what_the_client_has() {
    let mut world = world(20);
    world.hosts[0].service.as_mut().expect("it runs").forgetful = true;
    world.write(6);
    arrive(&mut world);
    while world.step(0, false) {}
    world.resume(1);
    calm(&mut world);
    assert_eq!(world.diverged, 1);
    assert_eq!(world.failed, Some(Reason::Diverged));
    go(&mut world, 0);
    world.write(1_000);
    calm(&mut world);
    assert_eq!(world.end, Some(End::Done));
    assert!(world.program.has_all() && !world.wrong);
}

#[test]
fn b07_replay_needs_values_drawn_before_the_snapshot() {
    let mut world = world(20);
    world.write(4);
    calm(&mut world);
    world.export(0);
    world.write(4);
    calm(&mut world);
    let before = world.program.clone();
    go(&mut world, 1);
    assert_eq!(world.program, before, "nothing is said twice");
    finish(world);
}

#[test]
fn b08_bytes_between_take_over_and_the_old_sides_last_read() {
    let mut world = world(20);
    world.write(5);
    arrive(&mut world);
    world.step(0, false);
    // Three of five are read. More come while the client is on its way elsewhere.
    world.write(5);
    world.resume(1);
    finish_at(world, 1);
}

fn finish_at(mut world: World, to: usize) {
    calm(&mut world);
    assert_eq!(world.client.record().owner, key(to));
    finish(world);
}

#[test]
fn b09_bytes_left_in_the_buffers_of_the_service() {
    let mut world = world(20);
    world.write(8);
    arrive(&mut world);
    // Read and not answered, answered and not written: both are in the snapshot.
    for _ in 0..2 {
        world.step(0, false);
    }
    world.export(0);
    go(&mut world, 1);
    finish(world);
}

#[test]
fn b10_a_partial_frame_at_hand_over() {
    let data = Frame::Data {
        offset: 3,
        bytes: &[7; 500],
    };
    let mut bytes = Vec::new();
    data.encode(&mut bytes);
    for cut in 0..bytes.len() {
        assert_eq!(Frame::decode(&bytes[..cut]), Ok(None));
    }
}

#[test]
fn b11_length_and_data_of_the_log_are_of_one_moment() {
    let mut world = world(40);
    world.write(10);
    calm(&mut world);
    // The standby gets the whole while the service goes on and exports.
    let now = world.now;
    assert!(world.hosts[0].server.recruit(now, key(1)));
    world.settle(0);
    world.write(10);
    calm(&mut world);
    world.export(0);
    world.write(5);
    calm(&mut world);
    assert_eq!(world.client.record().standbys, [key(1)]);
    world.crash(0, (0, 9));
    calm(&mut world);
    go(&mut world, 1);
    finish(world);
}

#[test]
fn b12_two_owners_append_to_one_log() {
    let mut world = world(20);
    let now = world.now;
    assert!(world.hosts[0].server.recruit(now, key(2)));
    world.settle(0);
    calm(&mut world);
    world.write(4);
    arrive(&mut world);
    go(&mut world, 1);
    assert!(world.hosts[1].server.recruit(now, key(2)));
    world.settle(1);
    calm(&mut world);
    // What the first one still says changes nothing.
    let standby = world.hosts[2].server.clone();
    let log = Frame::Log(sm_core::mtcp::wire::Growth {
        id: ID,
        epoch: Epoch(0),
        after: 0,
        position: 1,
        input: 0,
        fin: false,
        entries: vec![4].into(),
        bytes: vec![9].into(),
    });
    let server = &mut world.hosts[2].server;
    assert_eq!(server.frame(now, Peer::Server(key(0)), &log), Ok(()));
    let answer = server.poll();
    assert!(matches!(
        answer,
        Some(ServerEffect::Send(_, Frame::Unlogged { .. }))
    ));
    assert_eq!(*server, standby);
    world.crash(1, (0, 9));
    calm(&mut world);
    go(&mut world, 2);
    finish(world);
}

/// The world compares the settings whenever a service starts.
#[test]
fn b13_settings_of_the_connection_travel() {
    let mut world = world(5);
    go(&mut world, 2);
    assert_eq!(world.hosts[2].server.settings(), Some(&b"settings"[..]));
    finish(world);
}

pub(crate) fn opening(window: u64) -> Opening {
    Opening {
        id: ID,
        digest_seed: 1,
        window,
        settings: Vec::new(),
        timing: TIMING,
    }
}

/// A server whose service is attached to a client that the test plays.
pub(crate) fn attached(config: Config) -> Server {
    let mut server = Server::new(key(0), ID, config);
    let open = Open {
        id: ID,
        ends: Ends::default(),
        digest_seed: 1,
        window: 1_000,
        settings: vec![].into(),
    };
    server.accept(Time(1), LinkId(1), &open, [0; 32]);
    while server.poll().is_some() {}
    server
}

#[test]
fn b14_a_large_state_travels_in_pieces() {
    let mut world = world(9);
    world.write(3);
    calm(&mut world);
    let snapshot = vec![7; 5 << 20];
    let now = world.now;
    let server = &mut world.hosts[0].server;
    assert!(server.export(now, snapshot.clone()));
    let claim = claim_of(&mut world);
    let server = &mut world.hosts[0].server;
    let pull = Frame::Pull {
        claim: Box::new(claim),
        binding: [0; 32],
    };
    assert_eq!(server.frame(now, Peer::Server(key(1)), &pull), Ok(()));
    assert_eq!(server.poll(), Some(ServerEffect::Freeze));
    let mut pieces = 0;
    let mut total = 0;
    while let Some(frame) = server.poll_stream(Peer::Server(key(1))) {
        let Frame::Transfer { piece, .. } = frame else {
            panic!("it is a piece");
        };
        assert!(piece.bytes.len() <= limits::MTCP_PIECE_BYTES);
        pieces += 1;
        total += piece.bytes.len();
    }
    assert!(pieces > 80 && total > snapshot.len());
    assert!(server.summary().bytes > snapshot.len());
    assert!(!server.export(now, vec![0; limits::MTCP_SNAPSHOT_BYTES + 1]));
}

/// What the client says when it tries the second server.
fn claim_of(world: &mut World) -> sm_core::mtcp::wire::Claim {
    world.resume(1);
    for line in world.lines.values() {
        for item in &line.there.queue {
            if let super::world::Item::Frame(bytes) = item
                && let Ok(Some((Frame::Resume { claim, .. }, _))) = Frame::decode(bytes)
            {
                return *claim;
            }
        }
    }
    panic!("it says RESUME");
}

#[test]
fn b15_mixed_versions_are_refused_and_nothing_is_lost() {
    let newer = Versions::between(4, 9).expect("in order");
    assert_eq!(Versions::OURS.common(newer), None);
    assert_eq!(peek(&MAGIC), Peek::Ours);
    // A client end that moves, as later versions may have it.
    let mut world = world(9);
    world.write(4);
    calm(&mut world);
    let mut claim = claim_of(&mut world);
    claim.ends.client = Epoch(1);
    let server = &mut world.hosts[1].server;
    server.resume(world.now, LinkId(77), &claim, (0, [0; 32]));
    let (epoch, reason) = (claim.ends.server, Reason::Version);
    let refused = Frame::Refused { epoch, reason };
    assert_eq!(
        server.poll(),
        Some(ServerEffect::Send(Peer::Client(LinkId(77)), refused))
    );
    calm(&mut world);
    // A service that cannot read the snapshot refuses too, and the old owner goes on.
    world.resume(2);
    arrive(&mut world);
    let before = world.client.record().owner;
    world.hosts[2].server.cannot_import();
    world.settle(2);
    arrive(&mut world);
    if world.end.is_none() {
        let owner = usize::from(before.0[0]) - 1;
        go(&mut world, owner);
        finish(world);
    }
}

#[test]
fn b15_a_service_of_another_version_is_left_before_the_client_hears_of_it() {
    let mut world = world(9);
    world.write(4);
    calm(&mut world);
    world.export(0);
    world.older = Some(1);
    world.resume(1);
    calm(&mut world);
    assert_eq!(world.failed, Some(Reason::Version));
    assert_eq!(world.client.record().owner, key(0));
    go(&mut world, 0);
    go(&mut world, 2);
    finish(world);
}

#[test]
fn b17_a_connection_that_never_goes_idle_does_not_block_a_drain() {
    let mut world = world(200);
    for round in 0..20 {
        world.write(7);
        world.step(0, false);
        let link = world.client.attached().expect("it is attached");
        world.deliver_there(link);
        if round % 3 == 0 {
            world.deliver_back(link);
        }
    }
    world.hosts[0].server.drain();
    world.resume(1);
    calm(&mut world);
    assert_eq!(world.client.record().owner, key(1));
    assert!(world.hosts[0].server.is_empty());
    finish(world);
}

#[test]
fn b18_a_gap_in_the_offsets_is_a_fault() {
    let mut server = attached(config());
    let link = Peer::Client(LinkId(1));
    let data = |offset, bytes| Frame::Data { offset, bytes };
    let now = Time(1);
    assert_eq!(server.frame(now, link, &data(0, b"ab")), Ok(()));
    assert_eq!(server.frame(now, link, &data(3, b"d")), Err(Fault::Gap));
    assert_eq!(server.poll(), Some(ServerEffect::Drop(LinkId(1))));
    let contact = Contact {
        link: LinkId(1),
        server: key(0),
    };
    let mut client = Client::open(now, contact, opening(100));
    let answer = Frame::Resumed {
        ends: Ends::default(),
        input: 0,
        taken: 0,
        window: 100,
        standbys: Vec::new(),
    };
    assert_eq!(client.frame(now, LinkId(1), &answer), Ok(&[][..]));
    assert_eq!(
        client.frame(now, LinkId(1), &data(0, b"ab")),
        Ok(&b"ab"[..])
    );
    assert_eq!(
        client.frame(now, LinkId(1), &data(1, b"b")),
        Err(Fault::Gap)
    );
    assert_eq!(client.attached(), None);
}

#[test]
fn b19_a_client_does_not_land_on_a_server_that_stops_next() {
    let mut world = world(9);
    world.write(4);
    calm(&mut world);
    world.hosts[1].server.drain();
    world.resume(1);
    calm(&mut world);
    assert_eq!(world.failed, Some(Reason::Draining));
    go(&mut world, 2);
    // One that drains keeps what it has.
    world.hosts[2].server.drain();
    break_link(&mut world);
    go(&mut world, 2);
    finish(world);
}

#[test]
fn b20_a_late_death_notice_does_not_kill_a_newer_birth() {
    let mut world = world(9);
    world.write(4);
    calm(&mut world);
    go(&mut world, 1);
    go(&mut world, 0);
    let now = world.now;
    let release = |epoch| Frame::Release {
        id: ID,
        epoch: Epoch(epoch),
    };
    let newest = world.client.record().epoch;
    for epoch in 0..=newest.0 {
        let server = &mut world.hosts[0].server;
        assert_eq!(
            server.frame(now, Peer::Server(key(1)), &release(epoch)),
            Ok(())
        );
        assert!(server.summary().runs, "{epoch}");
    }
    finish(world);
}

#[test]
fn a_log_over_its_quota_pins_or_resets() {
    let small = Config {
        quota: 10,
        ..config()
    };
    let mut pinned = World::new(3, Program::of(40), small);
    arrive(&mut pinned);
    pinned.write(20);
    calm(&mut pinned);
    assert!(pinned.hosts[0].server.summary().pinned);
    pinned.resume(1);
    calm(&mut pinned);
    assert_eq!(pinned.failed, Some(Reason::Pinned));
    go(&mut pinned, 0);
    pinned.export(0);
    go(&mut pinned, 1);
    finish(pinned);
    let strict = Config {
        overflow: sm_core::mtcp::Overflow::Reset,
        ..small
    };
    let mut reset = World::new(3, Program::of(40), strict);
    arrive(&mut reset);
    reset.write(20);
    calm(&mut reset);
    assert_eq!(reset.end, Some(End::Reset(Reason::Quota)));
}

#[test]
fn credit_bounds_what_is_kept() {
    let mut server = attached(Config {
        window: 100_000,
        ..config()
    });
    let link = Peer::Client(LinkId(1));
    let bytes = vec![1; 50_000];
    for offset in [0, 50_000] {
        let data = Frame::Data {
            offset,
            bytes: &bytes,
        };
        assert_eq!(server.frame(Time(1), link, &data), Ok(()));
    }
    let data = Frame::Data {
        offset: 100_000,
        bytes: &bytes,
    };
    assert_eq!(server.frame(Time(1), link, &data), Err(Fault::OverCredit));
}

#[test]
fn a_frozen_service_records_nothing() {
    let mut world = world(9);
    world.write(4);
    arrive(&mut world);
    world.resume(1);
    arrive(&mut world);
    let now = world.now;
    let server = &mut world.hosts[0].server;
    if !server.is_empty() {
        assert!(server.summary().frozen);
        assert_eq!(server.recorded(now), Recorded::Wait);
        assert!(!server.record(now, b"x") && !server.export(now, vec![]));
        assert_eq!(server.read(now, &mut [0; 4]), Input::Wait);
        assert_eq!(server.write(now, b"x"), 0);
    }
    finish(world);
}

#[test]
fn a_silent_link_is_asked_and_given_up() {
    let timing = sm_core::mtcp::Timing::default();
    let at = |seconds: u64| Time(1 + seconds * 1_000_000_000);
    let config = Config {
        timing,
        ..Config::default()
    };
    let mut server = attached(config);
    // The client asks first, so that an idle link has one question and one answer.
    server.timeout(at(5));
    assert_eq!(server.poll(), None);
    server.timeout(at(8));
    let ping = server.poll();
    assert!(matches!(
        ping,
        Some(ServerEffect::Send(Peer::Client(_), Frame::Ping { .. }))
    ));
    let Some(ServerEffect::Send(_, Frame::Ping { token })) = ping else {
        return;
    };
    let pong = Frame::Pong { token };
    let link = Peer::Client(LinkId(1));
    assert_eq!(server.frame(at(9), link, &pong), Ok(()));
    assert_eq!(server.summary().rtt, Some(sm_core::ids::Span::secs(1)));
    server.timeout(at(18));
    server.timeout(at(25));
    let effects: Vec<_> = std::iter::from_fn(|| server.poll()).collect();
    assert!(effects.contains(&ServerEffect::Drop(LinkId(1))));
    assert!(effects.contains(&ServerEffect::Detached));
    server.timeout(at(25 + 121));
    let effects: Vec<_> = std::iter::from_fn(|| server.poll()).collect();
    let expired = ServerEffect::Stop(End::Reset(Reason::Expired));
    assert_eq!(effects, [expired, ServerEffect::Forget]);
}

#[test]
fn a_server_that_drains_refuses_to_begin_and_the_client_begins_elsewhere() {
    let mut world = World::new(3, Program::of(4), config());
    world.hosts[0].server.drain();
    world.write(2);
    calm(&mut world);
    assert_eq!(world.failed, Some(Reason::Draining));
    go(&mut world, 1);
    finish(world);
}

#[test]
fn a_client_asks_ahead_whether_it_would_be_taken() {
    let mut world = world(4);
    let link = world.connect(2);
    world.client.attach(link);
    world.settle_client();
    arrive(&mut world);
    assert_eq!(world.client.warm().collect::<Vec<_>>(), [link]);
    go(&mut world, 2);
    assert_eq!(world.client.attached(), Some(link), "it goes on there");
    finish(world);
}

#[test]
fn names_are_told_apart() {
    let mut server = Server::new(key(0), ID, config());
    let other = ConnectionId([8; 16]);
    let frame = Frame::Release {
        id: other,
        epoch: Epoch(1),
    };
    let from = Peer::Server(NodeId([9; 32]));
    assert_eq!(server.frame(Time(1), from, &frame), Err(Fault::NotYours));
}
