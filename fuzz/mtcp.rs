//! Both ends of an M-TCP connection, which hear anything.

use sm_core::ids::{NodeId, Time};
use sm_core::mtcp::wire::{Ends, Frame, Open};
use sm_core::mtcp::{
    Client, ClientEffect, Commit, Config, ConnectionId, Contact, Input, LinkId, Opening, Peer,
    Recorded, Server, ServerEffect, Timing,
};
use sm_net::identity::KeyPair;
use sm_net::mtcp::{Delegation, ServiceId};

const ID: ConnectionId = ConnectionId([7; 16]);
const SERVER: NodeId = NodeId([1; 32]);
const OTHER: NodeId = NodeId([2; 32]);
const LINK: LinkId = LinkId(1);
const NOW: Time = Time(1);

/// Who says the next frame: one byte before it.
const TO_CLIENT: u8 = 0;
const TO_SERVER: u8 = 1;
const BETWEEN_SERVERS: u8 = 2;

/// Frames, each behind a byte for who says it. Between them the service and the program do what
/// they can.
pub(crate) fn hear(data: &[u8]) {
    let contact = Contact {
        link: LINK,
        server: SERVER,
    };
    let mut client = Client::open(NOW, contact, opening());
    let mut mover = client.clone();
    mover.move_with_service();
    let config = Config {
        commit: Commit::Carried,
        ..Config::default()
    };
    let mut server = Server::new(SERVER, ID, config);
    let mut rest = data;
    while let Some((who, bytes)) = rest.split_first() {
        let Ok(Some((frame, length))) = Frame::decode(bytes) else {
            return;
        };
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(
            again,
            bytes[..length],
            "an encoding that is accepted is canonical"
        );
        rest = &bytes[length..];
        match *who % 3 {
            TO_CLIENT => {
                hear_moving(&mut mover, &frame);
                _ = client.frame(NOW, LINK, &frame);
            }
            BETWEEN_SERVERS => drop(server.frame(NOW, Peer::Server(OTHER), &frame)),
            _ => match &frame {
                Frame::Open(open) => server.accept(NOW, LINK, open, [0; 32]),
                Frame::Resume { claim, held } => {
                    server.resume(NOW, LINK, claim, (*held, [0; 32]));
                }
                frame => drop(server.frame(NOW, Peer::Client(LINK), frame)),
            },
        }
        work(&mut client, &mut server);
    }
}

/// An end that moves with its service hears it, and is exported behind it.
fn hear_moving(mover: &mut Client, frame: &Frame<'_>) {
    mover.write(b"abc");
    if let Ok(bytes) = mover.frame(NOW, LINK, frame) {
        mover.took(NOW, bytes);
    }
    if mover.ended() {
        mover.took_end(NOW);
    }
    if let Some((image, kept)) = mover.export() {
        let mut copy = Client::import(&image, Timing::default()).expect("it was exported");
        let again = copy.export().map(|(image, _)| image);
        assert_eq!(again, Some(image), "what is imported is exported alike");
        mover.keep(NOW, kept);
    }
    while let Some(effect) = mover.poll() {
        if matches!(effect, ClientEffect::Detached(_)) {
            let (link, server) = (LINK, SERVER);
            mover.resume(NOW, Contact { link, server }, [0; 32]);
        }
    }
    while mover.poll_stream().is_some() {}
}

fn opening() -> Opening {
    Opening {
        id: ID,
        digest_seed: 1,
        window: 1 << 16,
        settings: Vec::new(),
        timing: Timing::default(),
    }
}

fn work(client: &mut Client, server: &mut Server) {
    client.write(b"abc");
    while let Some(effect) = client.poll() {
        if matches!(effect, ClientEffect::Detached(_)) {
            let server = OTHER;
            client.resume(NOW, Contact { link: LINK, server }, [0; 32]);
        }
    }
    while client.poll_stream().is_some() {}
    let mut buffer = [0; 8];
    if let Input::Bytes(count) = server.read(NOW, &mut buffer) {
        if server.recorded(NOW) == Recorded::Live {
            server.record(NOW, &buffer[..count]);
        }
        server.write(NOW, &buffer[..count]);
        server.export(NOW, buffer.to_vec());
    }
    server.recruit(NOW, OTHER);
    for _ in 0..64 {
        match server.poll() {
            Some(ServerEffect::Unseal(part)) => server.unsealed(NOW, Ok(&part), &|_, _, _| true),
            Some(_) => {}
            None => break,
        }
    }
    for peer in [Peer::Client(LINK), Peer::Server(OTHER)] {
        while server.carry(NOW, LINK, |_, part| part.to_vec()).is_some() {}
        while server.poll_stream(peer).is_some() {}
    }
}

/// What two servers and a client say while the client goes from one to the other.
pub(crate) fn said() -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    server_says(&mut whole);
    client_says(&mut whole);
    // Also what a server hears that knows nothing yet.
    let first = Frame::decode(&whole[1..]).expect("it was encoded");
    let length = first.map_or(0, |(_, length)| length);
    let later = whole[1 + length..].to_vec();
    vec![whole, later, delegation()]
}

/// What a server shows that speaks for a service.
fn delegation() -> Vec<u8> {
    let service = KeyPair::from_seed([3; 32]);
    let delegation = Delegation::sign(&service, "echo", SERVER, 1 << 40);
    delegation.expect("the name is short").encode()
}

/// A server may show a client anything.
pub(crate) fn see(data: &[u8]) {
    if let Ok(mut copy) = Client::import(data, Timing::default()) {
        assert!(copy.export().is_some());
    }
    let Ok(delegation) = Delegation::decode(data) else {
        return;
    };
    assert_eq!(
        delegation.encode(),
        data,
        "an encoding that is accepted is canonical"
    );
    let service = ServiceId {
        name: "echo".to_owned(),
        key: KeyPair::from_seed([3; 32]).node_id(),
    };
    if delegation.check(&service, SERVER, 0).is_ok() {
        assert_eq!(data, self::delegation(), "it is forged");
    }
}

fn say(said: &mut Vec<u8>, who: u8, frame: &Frame<'_>) {
    said.push(who);
    frame.encode(said);
}

/// A connection begins, and the server makes another one a standby.
fn server_says(said: &mut Vec<u8>) {
    let mut server = Server::new(SERVER, ID, Config::default());
    let open = Open {
        id: ID,
        ends: Ends::default(),
        digest_seed: 1,
        window: 1 << 16,
        settings: b"settings".into(),
    };
    say(said, TO_SERVER, &Frame::Open(open.clone()));
    server.accept(NOW, LINK, &open, [0; 32]);
    let data = Frame::Data {
        offset: 0,
        bytes: b"request",
    };
    say(said, TO_SERVER, &data);
    let taken = server.frame(NOW, Peer::Client(LINK), &data);
    taken.expect("it continues");
    server.write(NOW, b"answer");
    server.recruit(NOW, OTHER);
    while let Some(effect) = server.poll() {
        if let ServerEffect::Send(_, frame) = effect {
            say(said, TO_CLIENT, &frame);
        }
    }
    while let Some(frame) = server.poll_stream(Peer::Server(OTHER)) {
        say(said, BETWEEN_SERVERS, &frame);
    }
    while let Some(frame) = server.poll_stream(Peer::Client(LINK)) {
        say(said, TO_CLIENT, &frame);
    }
}

/// A client resumes, and its claim goes on to the owner.
fn client_says(said: &mut Vec<u8>) {
    let contact = Contact {
        link: LINK,
        server: SERVER,
    };
    let mut client = Client::open(NOW, contact, opening());
    let resumed = Frame::Resumed {
        ends: Ends::default(),
        input: 0,
        taken: 0,
        window: 99,
        standbys: vec![SERVER],
    };
    let taken = client.frame(NOW, LINK, &resumed);
    taken.expect("it is attached");
    client.resume(NOW, contact, [0; 32]);
    while let Some(effect) = client.poll() {
        let ClientEffect::Send(_, frame) = effect else {
            continue;
        };
        if let Frame::Resume { claim, .. } = &frame {
            let pull = Frame::Pull {
                claim: claim.clone(),
                binding: [0; 32],
            };
            say(said, BETWEEN_SERVERS, &pull);
        }
        say(said, TO_SERVER, &frame);
    }
}
