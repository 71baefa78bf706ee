//! Services that run in turns: reading, writing and the state behind both are one step.

use std::iter;

use super::breakages::config;
use super::world::{ID, key};
use sm_core::ids::Time;
use sm_core::mtcp::wire::{Ends, Frame, Open};
use sm_core::mtcp::{End, LinkId, Peer, Reason, Server, ServerEffect, Turn};

const LINK: LinkId = LinkId(1);
const CLIENT: Peer = Peer::Client(LINK);
const NOW: Time = Time(1);

/// A connection that was just opened, and whose service has not looked at it.
fn opened() -> Server {
    let mut server = Server::new(key(0), ID, config());
    let open = Open {
        id: ID,
        ends: Ends::default(),
        digest_seed: 5,
        window: 1_000,
        settings: Vec::new().into(),
    };
    server.accept(NOW, LINK, &open, [3; 32]);
    assert_eq!(server.poll(), Some(ServerEffect::Start));
    server.importing();
    server
}

fn effects(server: &mut Server) -> Vec<ServerEffect> {
    iter::from_fn(|| server.poll()).collect()
}

/// The bytes that go out to the client now.
fn said(server: &mut Server) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(frame) = server.poll_stream(CLIENT) {
        if let Frame::Data { bytes, .. } = frame {
            all.extend_from_slice(bytes);
        }
    }
    all
}

fn wrote(output: &[u8], taken: u64) -> Turn {
    Turn {
        taken,
        output: output.to_vec(),
        finished: false,
        snapshot: Some(b"state".to_vec()),
    }
}

/// Everything between an owner and its standby arrives; the client agrees to what it is asked.
fn ship(owner: &mut Server, standby: &mut Server) {
    let (from, to) = (Peer::Server(key(0)), Peer::Server(key(1)));
    loop {
        let mut frames = Vec::new();
        while let Some(frame) = owner.poll_stream(to) {
            frame.encode(&mut frames);
        }
        let told = effects(owner);
        if frames.is_empty() && told.is_empty() {
            return;
        }
        for effect in told {
            match effect {
                ServerEffect::Send(CLIENT, Frame::Standbys { revision, .. }) => {
                    let agreed = Frame::Recorded { revision };
                    owner.frame(NOW, CLIENT, &agreed).expect("it was asked");
                }
                ServerEffect::Send(peer, frame) if peer == to => frame.encode(&mut frames),
                _ => {}
            }
        }
        let mut rest = &frames[..];
        while let Some((frame, length)) = Frame::decode(rest).expect("it was encoded") {
            standby.frame(NOW, from, &frame).expect("it is honest");
            rest = &rest[length..];
        }
        for effect in effects(standby) {
            if let ServerEffect::Send(peer, frame) = effect {
                assert_eq!(peer, from);
                owner.frame(NOW, to, &frame).expect("it is honest");
            }
        }
    }
}

#[test]
fn nobody_is_welcomed_before_the_service_has_looked() {
    let mut server = opened();
    assert_eq!(effects(&mut server), []);
    server.imported(NOW);
    let effects = effects(&mut server);
    assert!(effects.contains(&ServerEffect::Attached(LINK)));
    let resumed =
        |effect: &ServerEffect| matches!(effect, ServerEffect::Send(CLIENT, Frame::Resumed { .. }));
    assert_eq!(effects.iter().filter(|effect| resumed(effect)).count(), 1);
}

#[test]
fn a_service_that_cannot_go_on_refuses_the_attempt() {
    let mut server = opened();
    server.reset(Reason::NotAllowed);
    let refused = ServerEffect::Send(
        CLIENT,
        Frame::Refused {
            epoch: Ends::default().server,
            reason: Reason::NotAllowed,
        },
    );
    assert!(effects(&mut server).contains(&refused));
    assert!(server.is_empty());
}

/// The client may have gone before the service has looked at the end of what it wrote.
#[test]
fn a_connection_whose_client_has_gone_is_over_when_a_turn_has_taken_all() {
    let mut server = opened();
    server.imported(NOW);
    let data = Frame::Data {
        offset: 0,
        bytes: b"bye",
    };
    for frame in [data, Frame::Fin { offset: 3 }] {
        server.frame(NOW, CLIENT, &frame).expect("it is granted");
    }
    let last = Turn {
        finished: true,
        ..wrote(b"bye", 3)
    };
    assert!(server.turn(NOW, last));
    assert_eq!(said(&mut server), b"bye");
    server
        .frame(NOW, CLIENT, &Frame::Close)
        .expect("both ended");
    assert!(!server.is_empty());
    assert_eq!(server.unread(3), (&b""[..], true));
    assert!(server.turn(NOW, wrote(b"", 1)));
    assert!(effects(&mut server).contains(&ServerEffect::Stop(End::Done)));
    assert!(server.is_empty());
}

#[test]
fn input_is_there_until_a_turn_takes_it() {
    let mut server = opened();
    server.imported(NOW);
    let data = Frame::Data {
        offset: 0,
        bytes: b"abcdef",
    };
    server.frame(NOW, CLIENT, &data).expect("it is granted");
    assert_eq!(server.unread(0), (&b"abcdef"[..], false));
    assert!(server.turn(NOW, wrote(b"", 4)));
    assert_eq!(server.offsets().read, 4);
    assert_eq!(server.unread(4), (&b"ef"[..], false));
    let fin = Frame::Fin { offset: 6 };
    server.frame(NOW, CLIENT, &fin).expect("it comes next");
    assert_eq!(server.unread(4), (&b"ef"[..], true));
    assert!(server.turn(NOW, wrote(b"", 2)));
    assert_eq!(server.unread(6), (&b""[..], true));
    assert_eq!(server.snapshot(), Some(&b"state"[..]));
}

#[test]
fn output_leaves_with_the_state_behind_it() {
    let (mut owner, mut standby) = (opened(), Server::new(key(1), ID, config()));
    owner.imported(NOW);
    assert!(owner.recruit(NOW, key(1)));
    ship(&mut owner, &mut standby);
    assert!(owner.turn(NOW, wrote(b"one", 0)));
    assert_eq!(said(&mut owner), b"");
    ship(&mut owner, &mut standby);
    assert_eq!(said(&mut owner), b"one");
    // A turn that writes nothing does not hold up the one before it, nor the other way round.
    assert!(owner.turn(NOW, wrote(b"two", 0)) && owner.turn(NOW, wrote(b"", 0)));
    assert_eq!(said(&mut owner), b"");
    ship(&mut owner, &mut standby);
    assert_eq!(said(&mut owner), b"two");
}

/// Without a state it is served where it is.
#[test]
fn a_turn_without_a_state_pins_the_connection() {
    let mut server = opened();
    server.imported(NOW);
    let last = Turn {
        snapshot: None,
        ..wrote(b"one", 0)
    };
    assert!(server.turn(NOW, last) && server.summary().pinned);
    assert_eq!(said(&mut server), b"one");
    assert!(server.turn(NOW, wrote(b"two", 0)) && !server.summary().pinned);
    assert_eq!(said(&mut server), b"two");
}
