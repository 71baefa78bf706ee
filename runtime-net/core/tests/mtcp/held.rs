//! State that the client end keeps: owners without a standby are killed, and hostile clients show
//! what is not theirs, too old, or of two records.

use super::attacks::{claim, done_by};
use super::breakages::{arrive, calm, finish, go};
use super::service::Program;
use super::world::{ID, TIMING, World, key};
use sm_core::ids::Time;
use sm_core::limits;
use sm_core::mtcp::wire::{Claim, Ends, Frame, Open};
use sm_core::mtcp::{
    Commit, Config, End, Epoch, Input, LinkId, Peer, Reason, Server, ServerEffect,
};

const NOW: Time = Time(1);
const LINK: LinkId = LinkId(1);
const CLIENT: Peer = Peer::Client(LINK);

fn config() -> Config {
    Config {
        timing: TIMING,
        commit: Commit::Carried,
        ..Config::default()
    }
}

fn world(requests: u64) -> World {
    let mut world = World::new(3, Program::of(requests), config());
    arrive(&mut world);
    world
}

/// The client asks, and the service answers.
fn ask(server: &mut Server) {
    let data = Frame::Data {
        offset: 0,
        bytes: b"question",
    };
    assert_eq!(server.frame(NOW, CLIENT, &data), Ok(()));
    assert_eq!(server.read(NOW, &mut [0; 64]), Input::Bytes(8));
    assert_eq!(server.write(NOW, b"answer"), 6);
}

fn attached() -> Server {
    let mut server = Server::new(key(0), ID, config());
    let open = Open {
        id: ID,
        ends: Ends::default(),
        digest_seed: 1,
        window: 1_000,
        settings: Vec::new().into(),
    };
    server.accept(NOW, LINK, &open, [5; 32]);
    done_by(&mut server);
    server
}

/// What the client gets now: parts, and then what they go before.
fn carried(server: &mut Server) -> (Vec<Frame<'static>>, Vec<u8>) {
    let (mut parts, mut bytes) = (Vec::new(), Vec::new());
    loop {
        if let Some(frame) = server.carry(NOW, LINK, |_, part| part.to_vec()) {
            parts.push(frame);
            continue;
        }
        match server.poll_stream(CLIENT) {
            Some(Frame::Data { bytes: new, .. }) => bytes.extend_from_slice(new),
            Some(_) => {}
            None => return (parts, bytes),
        }
    }
}

/// Another server, which was asked to go on and has asked for the record.
fn asked(claim: &Claim, config: Config) -> Server {
    let mut server = Server::new(key(1), ID, config);
    server.resume(NOW, LINK, claim, (1, [4; 32]));
    done_by(&mut server);
    server.unreachable(NOW, key(0));
    server
}

fn refused(reason: Reason) -> ServerEffect {
    let epoch = Epoch(1);
    ServerEffect::Send(CLIENT, Frame::Refused { epoch, reason })
}

fn part(begins: bool, whole: bool, sealed: &[u8]) -> Frame<'_> {
    Frame::Held {
        begins,
        whole,
        sealed: sealed.into(),
    }
}

/// Shows parts, whose seals are none, to a server that has asked for them.
fn show(parts: &[Frame<'_>], claim: &Claim) -> (Server, Vec<ServerEffect>) {
    let mut server = asked(claim, config());
    let show = Frame::Show { epoch: Epoch(1) };
    assert_eq!(done_by(&mut server), [ServerEffect::Send(CLIENT, show)]);
    let mut done = Vec::new();
    for (at, frame) in parts.iter().enumerate() {
        let Frame::Held { sealed, .. } = frame else {
            panic!("{frame:?}");
        };
        let frame = part(at == 0, at + 1 == parts.len(), sealed);
        assert_eq!(server.frame(NOW, CLIENT, &frame), Ok(()));
        while let Some(effect) = server.poll() {
            match effect {
                ServerEffect::Unseal(part) => {
                    let proves = |claim: &Claim, binding: &[u8; 32], secret: &[u8; 32]| {
                        (claim.proof, *binding, *secret) == ([3; 32], [4; 32], [5; 32])
                    };
                    server.unsealed(NOW, Ok(&part), &proves);
                }
                other => done.push(other),
            }
        }
    }
    (server, done)
}

/// Parts of one record: the whole in pieces, and what came since.
fn record() -> (Vec<Frame<'static>>, Vec<u8>) {
    let mut server = attached();
    assert!(server.export(NOW, vec![7; 100_000]));
    let (mut parts, _) = carried(&mut server);
    assert_eq!(
        parts.len(),
        3,
        "a beginning, and two pieces of its snapshot"
    );
    ask(&mut server);
    let (since, output) = carried(&mut server);
    parts.extend(since);
    assert!(server.is_held());
    (parts, output)
}

#[test]
fn owners_are_killed_one_after_the_other() {
    let mut world = world(60);
    for owner in [0, 1, 2, 0, 1, 2, 1] {
        world.write(4);
        calm(&mut world);
        let at = usize::from(world.client.record().owner.0[0]) - 1;
        world.crash(at, (0, 0));
        calm(&mut world);
        go(&mut world, owner);
    }
    finish(world);
}

#[test]
fn an_owner_is_killed_with_anything_under_way() {
    for kept in 0..12 {
        for exports in [false, true] {
            let mut world = world(30);
            world.write(9);
            for step in 0..14 {
                world.step(0, exports && step == 9);
            }
            for link in world.lines.keys().copied().collect::<Vec<_>>() {
                world.deliver_there(link);
            }
            for step in 0..20 {
                world.step(0, exports && step % 7 == 3);
            }
            world.crash(0, (0, kept));
            calm(&mut world);
            if world.client.held() > 0 {
                go(&mut world, 1 + kept % 2);
                finish(world);
            }
        }
    }
}

#[test]
fn a_client_that_has_no_record_yet_is_told() {
    let mut world = World::new(3, Program::of(9), config());
    world.write(3);
    let link = *world.lines.keys().next().expect("its first link");
    // OPEN and the answer arrive, and nothing else.
    world.deliver_there(link);
    world.deliver_back(link);
    assert!(world.client.attached().is_some());
    world.crash(0, (0, 0));
    calm(&mut world);
    assert_eq!(world.client.held(), 0);
    for server in [0, 1] {
        world.resume(server);
        calm(&mut world);
        assert!(matches!(
            world.failed,
            Some(Reason::Unknown | Reason::Unreachable)
        ));
    }
}

#[test]
fn nothing_is_stable_and_nothing_leaves_before_its_record() {
    let mut server = attached();
    ask(&mut server);
    assert_eq!(server.poll_stream(CLIENT), None);
    // What comes after the record of that waits for another one.
    while server.carry(NOW, LINK, |_, part| part.to_vec()).is_some() {}
    let more = Frame::Data {
        offset: 8,
        bytes: b"more",
    };
    assert_eq!(server.frame(NOW, CLIENT, &more), Ok(()));
    assert_eq!(server.read(NOW, &mut [0; 64]), Input::Bytes(4));
    assert_eq!(server.write(NOW, b"and more"), 8);
    let mut seen = Vec::new();
    while let Some(frame) = server.poll_stream(CLIENT) {
        match frame {
            Frame::Ack { stable, .. } => assert_eq!(stable, 8),
            Frame::Data { bytes, .. } => seen.extend_from_slice(bytes),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, b"answer");
    assert_eq!(carried(&mut server).1, b"and more");
}

#[test]
fn a_record_that_is_too_long_is_given_up_until_the_next_export() {
    let mut server = attached();
    carried(&mut server);
    assert!(server.is_held());
    // With what is around it even the first is too long, which shows at its last piece.
    for length in [limits::MTCP_HELD_BYTES, limits::MTCP_HELD_BYTES + 1] {
        assert!(server.export(NOW, vec![7; length]));
        assert_eq!(server.write(NOW, b"answer"), 6);
        let (parts, output) = carried(&mut server);
        let fits = length == limits::MTCP_HELD_BYTES;
        assert!(fits || parts.len() == 1, "it is not even begun");
        assert!(parts.last() == Some(&part(true, true, b"")));
        assert_eq!(output, b"answer");
        assert!(!server.is_held());
    }
    assert!(server.export(NOW, vec![7]));
    carried(&mut server);
    assert!(server.is_held());
}

#[test]
fn a_record_goes_on_where_its_client_is() {
    let (parts, output) = record();
    for have in [0, 4, 6] {
        let (mut server, done) = show(&parts, &claim(1, &output[..have]));
        assert!(done.contains(&ServerEffect::Start), "{done:?}");
        assert_eq!(server.read(NOW, &mut [0; 64]), Input::Bytes(8));
        assert_eq!(server.write(NOW, b"answer"), 6);
        let attached = done_by(&mut server);
        assert!(
            attached.contains(&ServerEffect::Attached(LINK)),
            "{attached:?}"
        );
        assert_eq!(carried(&mut server).1, output[have..]);
    }
}

#[test]
fn a_record_is_asked_for_only_where_it_may_be_used() {
    let mut server = asked(
        &claim(1, b""),
        Config {
            commit: Commit::Standbys,
            ..config()
        },
    );
    assert_eq!(done_by(&mut server)[0], refused(Reason::Unreachable));
    assert!(server.is_empty());
    // Nor of a client that keeps none, or where the owner answers otherwise.
    let mut server = Server::new(key(1), ID, config());
    server.resume(NOW, LINK, &claim(1, b""), (0, [4; 32]));
    server.unreachable(NOW, key(0));
    assert!(done_by(&mut server).contains(&refused(Reason::Unreachable)));
    let mut server = Server::new(key(1), ID, config());
    server.resume(NOW, LINK, &claim(1, b""), (9, [4; 32]));
    let denied = Frame::Denied {
        id: ID,
        epoch: Epoch(1),
        reason: Reason::Superseded,
    };
    assert_eq!(server.frame(NOW, Peer::Server(key(0)), &denied), Ok(()));
    assert!(done_by(&mut server).contains(&refused(Reason::Superseded)));
}

#[test]
fn what_is_no_record_is_refused_and_nothing_else_happens() {
    let (parts, output) = record();
    let mut later = parts.clone();
    later.swap(1, 2);
    let mut missing = parts.clone();
    missing.remove(3);
    missing.remove(1);
    let again = [&parts[..3], &parts[2..]].concat();
    let cases: [(&[Frame<'_>], &str); 6] = [
        (&[part(true, true, b"nonsense")], "nonsense"),
        (&parts[1..], "its beginning is missing"),
        (&later, "in another order"),
        (&missing, "a piece is missing"),
        (&again, "a piece comes twice"),
        (&[part(true, true, b"")], "nothing"),
    ];
    for (parts, what) in cases {
        let (server, done) = show(parts, &claim(1, &output));
        let no = [Reason::Protocol, Reason::NotAllowed].map(refused);
        assert!(
            done.iter().any(|effect| no.contains(effect)),
            "{what}: {done:?}"
        );
        assert!(server.is_empty(), "{what}");
    }
}

#[test]
fn pieces_of_two_records_make_none() {
    let mut server = attached();
    let mut records = Vec::new();
    for byte in [1, 2] {
        assert!(server.export(NOW, vec![byte; 100_000]));
        records.push(carried(&mut server).0);
    }
    assert_eq!(records[0].len(), records[1].len());
    let mixed = [&records[0][..2], &records[1][2..]].concat();
    let (server, done) = show(&mixed, &claim(1, b""));
    assert!(done.contains(&refused(Reason::Protocol)), "{done:?}");
    assert!(server.is_empty());
}

#[test]
fn who_cannot_prove_it_gets_nothing() {
    let (parts, output) = record();
    let mut forged = claim(1, &output);
    forged.proof = [9; 32];
    let (server, done) = show(&parts, &forged);
    assert!(done.contains(&refused(Reason::NotAllowed)), "{done:?}");
    assert!(server.is_empty());
}

#[test]
fn a_record_of_another_connection_or_a_later_epoch_is_refused() {
    let (parts, output) = record();
    let of = |change: fn(&mut Frame<'_>)| -> Vec<Frame<'static>> {
        let change = |frame: &Frame<'static>| {
            let Frame::Held {
                begins,
                whole,
                sealed,
            } = frame
            else {
                panic!("{frame:?}");
            };
            let (mut inner, _) = Frame::decode(sealed).expect("a frame").expect("whole");
            change(&mut inner);
            let mut bytes = Vec::new();
            inner.encode(&mut bytes);
            Frame::Held {
                begins: *begins,
                whole: *whole,
                sealed: bytes.into(),
            }
        };
        parts.iter().map(change).collect()
    };
    let other = of(|frame| match frame {
        Frame::Base { id, .. } => id.0[0] ^= 1,
        Frame::Log(growth) => growth.id.0[0] ^= 1,
        _ => {}
    });
    let (_, done) = show(&other, &claim(1, &output));
    assert!(done.contains(&refused(Reason::NotAllowed)), "{done:?}");
    let later = of(|frame| match frame {
        Frame::Base { epoch, .. } => epoch.0 += 1,
        Frame::Log(growth) => growth.epoch.0 += 1,
        _ => {}
    });
    let (_, done) = show(&later, &claim(1, &output));
    assert!(done.contains(&refused(Reason::Superseded)), "{done:?}");
}

#[test]
fn a_seal_that_does_not_open_is_a_refused_attempt() {
    for reason in [Reason::Sealed, Reason::Aged] {
        let mut server = asked(&claim(1, b""), config());
        done_by(&mut server);
        assert_eq!(server.frame(NOW, CLIENT, &part(true, true, b"x")), Ok(()));
        assert_eq!(done_by(&mut server), [ServerEffect::Unseal(b"x".to_vec())]);
        server.unsealed(NOW, Err(reason), &|_, _, _| panic!("there is no secret"));
        assert_eq!(done_by(&mut server)[0], refused(reason));
        assert!(server.is_empty());
    }
}

#[test]
fn a_seal_that_was_opened_for_an_earlier_attempt_is_nothing() {
    let (parts, _) = record();
    let mut server = asked(&claim(1, b""), config());
    assert_eq!(server.frame(NOW, CLIENT, &parts[0]), Ok(()));
    server.resume(NOW, LINK, &claim(2, b""), (9, [4; 32]));
    done_by(&mut server);
    server.unsealed(NOW, Err(Reason::Sealed), &|_, _, _| true);
    assert_eq!(done_by(&mut server), [], "it waits for the owner");
}

#[test]
fn a_seal_may_take_time_to_open() {
    let mut server = Server::new(key(1), ID, config());
    server.resume(NOW, LINK, &claim(1, b""), (1, [4; 32]));
    let late = server.next_timeout();
    server.timeout(late);
    let show = ServerEffect::Send(CLIENT, Frame::Show { epoch: Epoch(1) });
    assert_eq!(done_by(&mut server).last(), Some(&show));
    assert!(server.next_timeout() > late, "it is given time");
    // That the owner is gone is no news.
    server.unreachable(late, key(0));
    assert_eq!(done_by(&mut server), []);
    let last = server.next_timeout();
    server.timeout(last);
    assert_eq!(done_by(&mut server)[0], refused(Reason::Expired));
}

#[test]
fn more_than_a_record_may_be_long_is_refused() {
    let mut server = asked(&claim(1, b""), config());
    done_by(&mut server);
    let long = vec![0; limits::MTCP_PART_BYTES];
    for count in 0.. {
        assert_eq!(
            server.frame(NOW, CLIENT, &part(count == 0, false, &long)),
            Ok(())
        );
        if done_by(&mut server).contains(&refused(Reason::Quota)) {
            assert!(count <= limits::MTCP_HELD_BYTES / limits::MTCP_PART_BYTES);
            return;
        }
    }
}

#[test]
fn an_old_record_does_not_displace_what_runs() {
    let mut world = world(20);
    world.write(9);
    calm(&mut world);
    go(&mut world, 1);
    // At the server that has the connection the epoch of an old attempt counts for nothing.
    let server = &mut world.hosts[1].server;
    server.resume(NOW, LinkId(77), &claim(1, b""), (9, [4; 32]));
    let epoch = Epoch(1);
    let reason = Reason::Superseded;
    let refused = Frame::Refused { epoch, reason };
    let refused = ServerEffect::Send(Peer::Client(LinkId(77)), refused);
    assert_eq!(done_by(server), [refused]);
    world.settle(1);
    finish(world);
}

#[test]
fn a_finished_stream_ends() {
    let mut world = world(3);
    world.write(3);
    calm(&mut world);
    assert_eq!(world.end, Some(End::Done));
}
