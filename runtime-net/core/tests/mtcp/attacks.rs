//! What hostile, slow or careless peers and drivers may do to one end, and moves at bad moments.

use super::breakages::{arrive, attached, break_link, calm, config, finish, go, opening, world};
use super::world::{ID, Item, World, key};
use sm_core::ids::{Span, Time};
use sm_core::mtcp::wire::{Advice, Candidate, Claim, Ends, Frame, Open, Piece};
use sm_core::mtcp::{
    Client, ClientEffect, Config, Contact, Digest, DigestKey, End, Epoch, Fault, Input, LinkId,
    Peer, Reason, Record, Recorded, Server, ServerEffect,
};

const NOW: Time = Time(1);
const LINK: LinkId = LinkId(1);
const NEXT: LinkId = LinkId(2);

fn contact(link: LinkId) -> Contact {
    Contact {
        link,
        server: key(link.0 as usize),
    }
}

/// What a server answers to this attempt, when it has so much of the input.
fn resumed(epoch: u64, input: u64) -> Frame<'static> {
    Frame::Resumed {
        ends: ends(epoch),
        input,
        taken: input,
        window: 1_000,
        standbys: Vec::new(),
    }
}

fn ends(epoch: u64) -> Ends {
    Ends {
        client: Epoch(0),
        server: Epoch(epoch),
    }
}

fn sent_by(client: &mut Client) -> Vec<ClientEffect> {
    std::iter::from_fn(|| client.poll()).collect()
}

pub(super) fn done_by(server: &mut Server) -> Vec<ServerEffect> {
    std::iter::from_fn(|| server.poll()).collect()
}

/// A client that is attached to the server that the test plays.
fn begun(window: u64) -> Client {
    let mut client = Client::open(NOW, contact(LINK), opening(window));
    let answer = client.frame(NOW, LINK, &resumed(0, 0));
    assert_eq!(answer, Ok(&[][..]));
    sent_by(&mut client);
    client
}

/// What a client says that was attached to the first server and has so much of its output.
pub(super) fn claim(epoch: u64, output: &[u8]) -> Claim {
    let mut digest = Digest::default();
    DigestKey::new(1).update(&mut digest, output);
    Claim {
        id: ID,
        ends: ends(epoch),
        record: Record {
            epoch: Epoch(0),
            owner: key(0),
            revision: 0,
            standbys: Vec::new(),
        },
        received: output.len() as u64,
        taken: output.len() as u64,
        window: 1_000,
        digest,
        proof: [3; 32],
    }
}

/// The second server, to which the first has given its connection.
fn given(owner: &mut Server, claim: &Claim, config: Config) -> Server {
    let mut server = Server::new(key(1), ID, config);
    server.resume(NOW, LINK, claim, (0, [4; 32]));
    let pull = Frame::Pull {
        claim: Box::new(claim.clone()),
        binding: [4; 32],
    };
    assert_eq!(owner.frame(NOW, Peer::Server(key(1)), &pull), Ok(()));
    while let Some(frame) = owner.poll_stream(Peer::Server(key(1))) {
        assert_eq!(server.frame(NOW, Peer::Server(key(0)), &frame), Ok(()));
    }
    server
}

#[test]
fn what_the_program_takes_during_a_move_is_acknowledged() {
    let mut client = begun(4);
    let data = Frame::Data {
        offset: 0,
        bytes: b"abcd",
    };
    assert_eq!(client.frame(NOW, LINK, &data), Ok(&b"abcd"[..]));
    client.resume(NOW, contact(NEXT), [0; 32]);
    // The window is full in what it said, and is not any more.
    client.consumed(NOW, 4);
    assert_eq!(client.frame(NOW, NEXT, &resumed(1, 0)), Ok(&[][..]));
    let (taken, stable) = (4, 4);
    assert_eq!(client.poll_stream(), Some(Frame::Ack { taken, stable }));
}

#[test]
fn the_end_of_the_input_needs_no_credit() {
    let wide = Config {
        window: 1 << 20,
        ..config()
    };
    let narrow = Config {
        window: 1 << 16,
        ..config()
    };
    let mut owner = attached(wide);
    let bytes = vec![1; 1 << 16];
    for offset in [0, 1 << 16] {
        let data = Frame::Data {
            offset,
            bytes: &bytes,
        };
        assert_eq!(owner.frame(NOW, Peer::Client(LINK), &data), Ok(()));
    }
    let mut server = given(&mut owner, &claim(1, b""), narrow);
    let fin = Frame::Fin { offset: 1 << 17 };
    assert_eq!(server.frame(NOW, Peer::Client(LINK), &fin), Ok(()));
}

#[test]
fn what_a_client_has_is_compared_before_the_cut_too() {
    for (output, expected) in [(b"0123", true), (b"0124", false)] {
        let mut owner = attached(config());
        assert_eq!(owner.write(NOW, b"0123456789"), 10);
        assert!(owner.export(NOW, b"ten".to_vec()));
        let mut server = given(&mut owner, &claim(1, output), config());
        let done = done_by(&mut server);
        assert_eq!(done.contains(&ServerEffect::Start), expected, "{done:?}");
    }
}

/// A standby that has everything, of the first server, whose client is attached.
fn standby() -> World {
    let mut world = world(40);
    recruit(&mut world, 0, 1);
    assert_eq!(world.client.record().standbys, [key(1)]);
    world
}

fn recruit(world: &mut World, at: usize, standby: usize) {
    let now = world.now;
    assert!(world.hosts[at].server.recruit(now, key(standby)));
    world.settle(at);
    calm(world);
}

fn dismiss(world: &mut World, at: usize, standby: usize) {
    let now = world.now;
    world.hosts[at].server.dismiss(now, key(standby));
    world.settle(at);
    calm(world);
}

#[test]
fn a_standby_that_was_tried_does_not_keep_its_copy_for_ever() {
    let mut world = standby();
    let server = &mut world.hosts[1].server;
    assert_eq!(server.next_timeout(), Time::NEVER);
    // The client's record does not list it, and its owner has died.
    server.resume(NOW, NEXT, &claim(5, b""), (0, [4; 32]));
    server.unreachable(NOW, key(0));
    assert!(server.settings().is_some());
    let due = server.next_timeout();
    assert_ne!(due, Time::NEVER);
    server.timeout(due);
    assert!(server.is_empty());
}

#[test]
fn who_had_it_before_hears_of_it_when_it_can_be_reached_again() {
    let mut world = standby();
    world.split(0, 1, (0, 0));
    arrive(&mut world);
    world.resume(1);
    calm(&mut world);
    assert_eq!(world.client.record().owner, key(1));
    assert!(world.hosts[0].service.is_some(), "it heard nothing");
    world.heal(0, 1);
    calm(&mut world);
    assert!(world.hosts[0].service.is_none());
    finish(world);
}

/// How many frames of BASE are on the way from the first server to the second.
fn bases(world: &World) -> usize {
    let queue = &world.ways[&(0, 1)].queue;
    let is_base = |item: &&Item| match item {
        Item::Frame(bytes) => matches!(Frame::decode(bytes), Ok(Some((Frame::Base { .. }, _)))),
        Item::Up | Item::Down => false,
    };
    queue.iter().filter(is_base).count()
}

#[test]
fn a_standby_that_has_everything_is_not_sent_it_again() {
    let mut world = standby();
    world.write(8);
    calm(&mut world);
    break_link(&mut world);
    world.resume(0);
    let link = *world.lines.keys().next_back().expect("a new one");
    world.deliver_there(link);
    assert!(!world.ways[&(0, 1)].queue.is_empty(), "it hears of it");
    assert_eq!(bases(&world), 0);
    calm(&mut world);
    world.write(8);
    calm(&mut world);
    world.crash(0, (0, 9));
    calm(&mut world);
    go(&mut world, 1);
    finish(world);
}

/// What is under way between the client and servers arrives, and nothing else.
fn arrive_at_ends(world: &mut World) {
    for _ in 0..4 {
        for link in world.lines.keys().copied().collect::<Vec<_>>() {
            world.deliver_there(link);
            world.deliver_back(link);
        }
    }
}

#[test]
fn what_a_standby_said_before_it_was_dismissed_counts_no_more() {
    let mut world = standby();
    world.write(3);
    arrive_at_ends(&mut world);
    while world.step(0, false) {}
    while !world.ways[&(0, 1)].queue.is_empty() {
        world.deliver(0, 1);
    }
    assert!(
        !world.ways[&(1, 0)].queue.is_empty(),
        "it says that it has it"
    );
    let now = world.now;
    world.hosts[0].server.dismiss(now, key(1));
    world.settle(0);
    arrive_at_ends(&mut world);
    assert_eq!(world.client.record().standbys, []);
    assert!(world.hosts[0].server.recruit(now, key(1)));
    world.settle(0);
    while !world.ways[&(1, 0)].queue.is_empty() {
        world.deliver(1, 0);
    }
    arrive_at_ends(&mut world);
    assert_eq!(
        world.client.record().standbys,
        [],
        "it is to forget it first"
    );
    calm(&mut world);
    assert_eq!(world.client.record().standbys, [key(1)]);
    world.crash(0, (0, 9));
    calm(&mut world);
    go(&mut world, 1);
    finish(world);
}

#[test]
fn a_standby_that_goes_on_counts_changes_from_the_clients_record() {
    let mut world = standby();
    world.split(0, 1, (0, 0));
    arrive(&mut world);
    // It goes on alone, but the client does not wait for its answer.
    world.resume(1);
    let link = *world.lines.keys().next_back().expect("a new one");
    world.deliver_there(link);
    assert!(world.hosts[1].service.is_some());
    world.resume(0);
    calm(&mut world);
    recruit(&mut world, 0, 2);
    dismiss(&mut world, 0, 2);
    assert_eq!(world.client.record().revision, 3);
    go(&mut world, 1);
    recruit(&mut world, 1, 2);
    assert_eq!(world.client.record().standbys, [key(2)]);
    assert!(!world.wrong);
    finish(world);
}

#[test]
fn a_copy_that_the_record_lists_is_not_released() {
    let mut world = standby();
    world.write(4);
    calm(&mut world);
    world.export(0);
    calm(&mut world);
    // The standby has the connection from its owner, and the client goes back.
    world.resume(1);
    let link = *world.lines.keys().next_back().expect("a new one");
    world.deliver_there(link);
    for (from, to) in [(1, 0), (0, 1)] {
        while !world.ways[&(from, to)].queue.is_empty() {
            world.deliver(from, to);
        }
    }
    assert!(world.hosts[1].service.is_some());
    world.resume(0);
    let link = *world.lines.keys().next().expect("the first one");
    while world.hosts[0].frozen {
        world.deliver_there(link);
    }
    // Of what the owner says then only so much arrives.
    let ends_after = |mut world: World, words| {
        world.crash(0, (words, 9));
        calm(&mut world);
        go(&mut world, 1);
        finish(world);
    };
    ends_after(world.clone(), 1);
    // It hears that the standby lacks something, and sends the whole in pieces.
    world.deliver(0, 1);
    while !world.ways[&(1, 0)].queue.is_empty() {
        world.deliver(1, 0);
    }
    assert!(bases(&world) > 1);
    for words in 0..=bases(&world) {
        ends_after(world.clone(), words);
    }
}

/// What the client said before it went back may arrive after it, and knows of no standby.
#[test]
fn a_copy_that_runs_outlives_a_late_attempt() {
    let mut world = standby();
    world.write(4);
    calm(&mut world);
    world.resume(1);
    let link = *world.lines.keys().next_back().expect("a new one");
    world.deliver_there(link);
    for (from, to) in [(1, 0), (0, 1)] {
        while !world.ways[&(from, to)].queue.is_empty() {
            world.deliver(from, to);
        }
    }
    assert!(world.hosts[1].service.is_some());
    world.split(0, 1, (0, 0));
    arrive(&mut world);
    let server = &mut world.hosts[1].server;
    server.resume(NOW, LinkId(99), &claim(3, b""), (0, [4; 32]));
    world.settle(1);
    assert!(world.hosts[1].service.is_none());
    for _ in 0..3 {
        world.resume(0);
    }
    calm(&mut world);
    assert_eq!(world.client.record().owner, key(0));
    assert_eq!(world.client.record().standbys, [key(1)]);
    world.crash(0, (0, 9));
    calm(&mut world);
    go(&mut world, 1);
    finish(world);
}

#[test]
fn a_silent_owner_is_given_up_before_the_client_gives_up() {
    let mut world = standby();
    let attempt = config().timing.attempt;
    let mut claim = claim(1, b"");
    claim.record = world.client.record().clone();
    let server = &mut world.hosts[1].server;
    server.resume(NOW, NEXT, &claim, (0, [4; 32]));
    let due = server.next_timeout();
    assert!(due <= NOW + Span(attempt.0 / 2));
    server.timeout(due);
    assert!(done_by(server).contains(&ServerEffect::Start));
}

#[test]
fn a_service_that_runs_again_may_look_for_input_too_early() {
    let mut owner = attached(config());
    assert_eq!(owner.read(NOW, &mut [0; 8]), Input::Wait);
    assert_eq!(owner.recorded(NOW), Recorded::Live);
    assert!(owner.record(NOW, b"clock"));
    let data = Frame::Data {
        offset: 0,
        bytes: b"ab",
    };
    assert_eq!(owner.frame(NOW, Peer::Client(LINK), &data), Ok(()));
    assert_eq!(owner.read(NOW, &mut [0; 8]), Input::Bytes(2));
    let mut server = given(&mut owner, &claim(1, b""), config());
    assert_eq!(server.read(NOW, &mut [0; 8]), Input::Wait);
    assert_eq!(server.recorded(NOW), Recorded::Again(b"clock".to_vec()));
    assert_eq!(server.read(NOW, &mut []), Input::Wait);
    assert_eq!(server.read(NOW, &mut [0; 8]), Input::Bytes(2));
    assert!(server.summary().runs);
}

#[test]
fn a_server_that_lacks_input_fails_the_attempt_and_not_the_connection() {
    let mut client = begun(100);
    assert_eq!(client.write(b"abcd"), 4);
    while client.poll_stream().is_some() {}
    let (taken, stable) = (4, 4);
    let ack = Frame::Ack { taken, stable };
    assert_eq!(client.frame(NOW, LINK, &ack), Ok(&[][..]));
    client.resume(NOW, contact(NEXT), [0; 32]);
    sent_by(&mut client);
    assert_eq!(client.frame(NOW, NEXT, &resumed(1, 3)), Ok(&[][..]));
    let reason = Reason::Lost;
    let expected = [
        ClientEffect::Send(NEXT, Frame::Reset { reason }),
        ClientEffect::Detached(reason),
    ];
    assert_eq!(sent_by(&mut client), expected);
    client.resume(NOW, contact(LINK), [0; 32]);
    assert_eq!(client.frame(NOW, LINK, &resumed(2, 4)), Ok(&[][..]));
    assert_eq!(client.attached(), Some(LINK));
}

#[test]
fn a_server_says_nothing_before_it_has_answered() {
    let frames = [
        Frame::Data {
            offset: 0,
            bytes: b"a",
        },
        Frame::Fin { offset: 0 },
        Frame::Ack {
            taken: 1,
            stable: 1,
        },
        Frame::Standbys {
            revision: 1,
            standbys: vec![key(3)],
        },
    ];
    for frame in frames {
        let mut client = Client::open(NOW, contact(LINK), opening(100));
        assert_eq!(client.write(b"a"), 1);
        while client.poll_stream().is_some() {}
        let answer = client.frame(NOW, LINK, &frame);
        assert_eq!(answer, Err(Fault::OutOfTurn), "{frame:?}");
    }
}

#[test]
fn a_server_that_was_left_hears_nothing_more() {
    let mut client = begun(100);
    let ping = Frame::Ping { token: 7 };
    client.resume(NOW, contact(NEXT), [0; 32]);
    // Who runs the service again asks during the attempt.
    sent_by(&mut client);
    assert_eq!(client.frame(NOW, NEXT, &ping), Ok(&[][..]));
    let pong = ClientEffect::Send(NEXT, Frame::Pong { token: 7 });
    assert_eq!(sent_by(&mut client), [pong]);
    assert_eq!(client.frame(NOW, NEXT, &resumed(1, 0)), Ok(&[][..]));
    sent_by(&mut client);
    assert_eq!(client.frame(NOW, LINK, &ping), Ok(&[][..]));
    assert_eq!(sent_by(&mut client), [], "else it would wait for ever");
}

fn refused(link: LinkId, epoch: u64, reason: Reason) -> ServerEffect {
    let epoch = Epoch(epoch);
    ServerEffect::Send(Peer::Client(link), Frame::Refused { epoch, reason })
}

fn denied(epoch: u64) -> Frame<'static> {
    Frame::Denied {
        id: ID,
        epoch: Epoch(epoch),
        reason: Reason::NotAllowed,
    }
}

/// Who knows only the name of a connection can say RESUME where its secret is not known.
#[test]
fn an_attempt_that_nobody_has_proved_displaces_none() {
    let mut owner = attached(config());
    let mut server = Server::new(key(1), ID, config());
    let claim = claim(1, b"");
    server.resume(NOW, LINK, &claim, (0, [4; 32]));
    done_by(&mut server);
    let mut other = claim.clone();
    other.ends = ends(u64::MAX);
    server.resume(NOW, NEXT, &other, (0, [4; 32]));
    let busy = refused(NEXT, u64::MAX, Reason::Busy);
    assert_eq!(done_by(&mut server), [busy]);
    let pull = Frame::Pull {
        claim: Box::new(claim),
        binding: [4; 32],
    };
    assert_eq!(owner.frame(NOW, Peer::Server(key(1)), &pull), Ok(()));
    while let Some(frame) = owner.poll_stream(Peer::Server(key(1))) {
        assert_eq!(server.frame(NOW, Peer::Server(key(0)), &frame), Ok(()));
    }
    assert!(done_by(&mut server).contains(&ServerEffect::Start));
}

#[test]
fn an_attempt_that_is_denied_leaves_no_epoch_behind() {
    let mut server = Server::new(key(1), ID, config());
    server.resume(NOW, NEXT, &claim(u64::MAX, b""), (0, [4; 32]));
    let from = Peer::Server(key(0));
    assert_eq!(server.frame(NOW, from, &denied(u64::MAX)), Ok(()));
    done_by(&mut server);
    server.resume(NOW, LINK, &claim(1, b""), (0, [4; 32]));
    let asked = done_by(&mut server);
    let pulls = |effect: &ServerEffect| matches!(effect, ServerEffect::Send(_, Frame::Pull { .. }));
    assert!(asked.iter().any(pulls), "{asked:?}");
}

#[test]
fn a_standby_that_is_filled_asks_anew_after_a_false_attempt() {
    let piece = |offset, bytes| Frame::Base {
        id: ID,
        epoch: Epoch(0),
        position: 0,
        piece: Piece {
            head: 200,
            snapshot: 0,
            offset,
            bytes,
        },
    };
    let mut server = Server::new(key(1), ID, config());
    let from = Peer::Server(key(0));
    assert_eq!(server.frame(NOW, from, &piece(0, b"abc")), Ok(()));
    server.resume(NOW, NEXT, &claim(u64::MAX, b""), (0, [4; 32]));
    // Its owner is not to send more of it now.
    done_by(&mut server);
    assert_eq!(server.frame(NOW, from, &piece(3, b"def")), Ok(()));
    let unlogged = |epoch| {
        let (id, epoch) = (ID, Epoch(epoch));
        ServerEffect::Send(from, Frame::Unlogged { id, epoch })
    };
    assert_eq!(done_by(&mut server), [unlogged(u64::MAX)]);
    // And now it is, from the beginning.
    assert_eq!(server.frame(NOW, from, &denied(u64::MAX)), Ok(()));
    let no = refused(NEXT, u64::MAX, Reason::NotAllowed);
    let asked = [no, unlogged(0), ServerEffect::Forget];
    assert_eq!(done_by(&mut server), asked);
    // More of what it no longer continues is no fault.
    assert_eq!(server.frame(NOW, from, &piece(6, b"ghi")), Ok(()));
    assert_eq!(done_by(&mut server), [unlogged(0)]);
}

/// Else each would send it all again whenever the other has sent a piece.
#[test]
fn of_two_later_owners_the_last_one_is_heard() {
    let mut owner = attached(config());
    let mut server = given(&mut owner, &claim(1, b""), config());
    done_by(&mut server);
    let says = |epoch, from| {
        let base = Frame::Base {
            id: ID,
            epoch: Epoch(epoch),
            position: 0,
            piece: Piece {
                head: 200,
                snapshot: 0,
                offset: 0,
                bytes: b"abc",
            },
        };
        (Peer::Server(key(from)), base)
    };
    let unlogged = |epoch, from| {
        let (id, epoch) = (ID, Epoch(epoch));
        ServerEffect::Send(Peer::Server(key(from)), Frame::Unlogged { id, epoch })
    };
    for ((epoch, from), answer) in [
        ((3, 2), None),
        ((2, 0), Some(unlogged(3, 0))),
        ((4, 0), None),
        ((3, 2), Some(unlogged(4, 2))),
    ] {
        let (peer, base) = says(epoch, from);
        assert_eq!(server.frame(NOW, peer, &base), Ok(()));
        assert_eq!(server.poll(), answer);
    }
    // When that one is gone, the other may go on.
    server.unreachable(NOW, key(0));
    let (peer, base) = says(3, 2);
    assert_eq!(server.frame(NOW, peer, &base), Ok(()));
    assert_eq!(server.poll(), None);
}

#[test]
fn half_of_the_whole_is_kept_for_no_owner_that_is_gone() {
    let mut server = Server::new(key(1), ID, config());
    let from = Peer::Server(key(0));
    let base = Frame::Base {
        id: ID,
        epoch: Epoch(0),
        position: 0,
        piece: Piece {
            head: 200,
            snapshot: 0,
            offset: 0,
            bytes: b"abc",
        },
    };
    assert_eq!(server.frame(NOW, from, &base), Ok(()));
    // A client that no answer reached is not kept waiting.
    server.accept(NOW, LINK, &open(1, b""), [0; 32]);
    assert_eq!(done_by(&mut server), [refused(LINK, 1, Reason::Busy)]);
    server.unreachable(NOW, key(0));
    assert_eq!(done_by(&mut server), [ServerEffect::Forget]);
    server.accept(NOW, LINK, &open(1, b""), [0; 32]);
    assert!(done_by(&mut server).contains(&ServerEffect::Start));
}

#[test]
fn a_whole_that_continues_what_a_standby_lost_is_asked_for_anew() {
    let mut server = Server::new(key(1), ID, config());
    let base = Frame::Base {
        id: ID,
        epoch: Epoch(0),
        position: 0,
        piece: Piece {
            head: 3,
            snapshot: 0,
            offset: 0,
            bytes: b"abc",
        },
    };
    let from = Peer::Server(key(0));
    assert_eq!(server.frame(NOW, from, &base), Ok(()));
    let (id, epoch) = (ID, Epoch(0));
    let unlogged = Frame::Unlogged { id, epoch };
    assert_eq!(done_by(&mut server), [ServerEffect::Send(from, unlogged)]);
}

fn open(epoch: u64, settings: &'static [u8]) -> Open<'static> {
    Open {
        id: ID,
        ends: ends(epoch),
        digest_seed: 1,
        window: 1_000,
        settings: settings.into(),
    }
}

#[test]
fn nobody_opens_anew_what_others_have_opened() {
    let mut owner = attached(config());
    owner.accept(NOW, NEXT, &open(9, b"other"), [9; 32]);
    let no = refused(NEXT, 9, Reason::NotAllowed);
    assert_eq!(done_by(&mut owner), std::slice::from_ref(&no));
    // A client that no answer reached may.
    owner.accept(NOW, NEXT, &open(1, b""), [0; 32]);
    assert!(done_by(&mut owner).contains(&ServerEffect::Start));
    // Nor what is kept for another server, or on its way from there.
    let mut world = standby();
    let standby = &mut world.hosts[1].server;
    standby.accept(NOW, NEXT, &open(9, b"other"), [9; 32]);
    assert_eq!(done_by(standby), std::slice::from_ref(&no));
    let mut server = Server::new(key(1), ID, config());
    server.resume(NOW, LINK, &claim(1, b""), (0, [4; 32]));
    done_by(&mut server);
    server.accept(NOW, NEXT, &open(9, b""), [9; 32]);
    assert_eq!(done_by(&mut server), [refused(NEXT, 9, Reason::Busy)]);
}

#[test]
fn what_a_driver_says_too_much_of_is_not_sent() {
    let mut owner = attached(config());
    let candidate = |at: usize| Candidate {
        server: key(at),
        address: "x".repeat(if at == 3 { 256 } else { 1 }),
    };
    owner.advise(Advice::Load, (0..40).map(candidate).collect());
    let done = done_by(&mut owner);
    for effect in &done {
        if let ServerEffect::Send(_, frame) = effect {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            assert!(matches!(Frame::decode(&bytes), Ok(Some(_))), "{frame:?}");
        }
    }
    assert_eq!(done.len(), 1);
}

/// A client goes when it has everything and the server has what it wrote; its service may be slow.
#[test]
fn what_a_client_wrote_is_read_after_it_has_gone() {
    let mut server = attached(config());
    assert!(server.finish(NOW));
    let peer = Peer::Client(LINK);
    while server.poll_stream(peer).is_some() {}
    let bytes = b"last words";
    let offset = bytes.len() as u64;
    let (taken, stable) = (0, 1);
    for frame in [
        Frame::Data { offset: 0, bytes },
        Frame::Fin { offset },
        Frame::Ack { taken, stable },
        Frame::Close,
    ] {
        assert_eq!(server.frame(NOW, peer, &frame), Ok(()));
    }
    server.link_down(NOW, LINK);
    let mut buffer = [0; 100];
    assert_eq!(server.read(NOW, &mut buffer), Input::Bytes(bytes.len()));
    assert_eq!(&buffer[..bytes.len()], bytes);
    assert!(!server.is_empty());
    assert_eq!(server.read(NOW, &mut buffer), Input::End);
    let stopped = ServerEffect::Stop(End::Done);
    assert!(done_by(&mut server).contains(&stopped) && server.is_empty());
}
