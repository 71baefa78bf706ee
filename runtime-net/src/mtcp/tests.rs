//! What strangers, thieves and servers without a right get: a refusal, and nobody else notices.

use std::time::Duration;

use sm_core::ids::NodeId;
use sm_core::mtcp::wire::{Claim, Ends, Frame, MAGIC, Open};
use sm_core::mtcp::{Digest, Epoch, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::proof::{Settings, prove};
use super::session::{Callers, Calling, Door, Session};
use super::*;
use crate::identity::KeyPair;
use crate::tls::Trusted;

fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32])
}

fn service() -> ServiceId {
    ServiceId {
        name: "echo".to_owned(),
        key: key(1).node_id(),
    }
}

async fn echo(mut stream: ServiceStream) {
    let mut buffer = [0; 100];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// A server whose options may be changed before it starts.
async fn serve_as(seed: u8, change: impl FnOnce(&mut ServiceOptions)) -> String {
    let (socket, address) = listen().await;
    serve_on(socket, seed, change);
    address
}

async fn listen() -> (TcpListener, String) {
    let socket = TcpListener::bind("127.0.0.1:0").await;
    let socket = socket.expect("a port is free");
    let address = socket.local_addr().expect("it listens").to_string();
    (socket, address)
}

fn serve_on(socket: TcpListener, seed: u8, change: impl FnOnce(&mut ServiceOptions)) {
    let own = key(seed);
    let delegation = Delegation::sign(&key(1), "echo", own.node_id(), u64::MAX);
    let delegation = delegation.expect("the name is short");
    let mut options = ServiceOptions::delegated(own, service(), delegation);
    change(&mut options);
    let listener = MtcpListener::on(socket, options).expect("the key is one");
    tokio::spawn(serve(listener, echo));
}

async fn connect(address: &str) -> io::Result<MtcpStream> {
    let options = ClientOptions::new(service(), vec![address.to_owned()]);
    soon(MtcpStream::connect(options)).await
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), what)
        .await
        .expect("it takes no longer than that")
}

async fn echoes(stream: &mut MtcpStream, text: &[u8]) {
    stream.write_all(text).await.expect("it is attached");
    let mut got = vec![0; text.len()];
    soon(stream.read_exact(&mut got))
        .await
        .expect("it comes back");
    assert_eq!(got, text);
}

async fn call(address: &str) -> (NodeId, Session) {
    let calling = Calling::new(Versions::OURS).expect("there is TLS");
    soon(calling.call(address, &service()))
        .await
        .expect("it speaks for the service")
}

/// Sends a frame, and gives the reason of the refusal that comes back.
async fn refused(session: &mut Session, frame: Frame<'_>) -> Reason {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    session.tls.write_all(&bytes).await.expect("it reads");
    session.tls.flush().await.expect("it reads");
    loop {
        if let Some((frame, _)) = Frame::decode(&session.rest).expect("it sends frames") {
            match frame {
                Frame::Refused { reason, .. } => return reason,
                other => panic!("it is not refused: {other:?}"),
            }
        }
        let read = soon(session.tls.read_buf(&mut session.rest)).await;
        assert!(read.expect("it answers") > 0, "it closes without a word");
    }
}

fn claim(id: ConnectionId, owner: NodeId, proof: [u8; 32]) -> Claim {
    Claim {
        id,
        ends: Ends {
            client: Epoch(0),
            server: Epoch(9),
        },
        record: Record {
            epoch: Epoch(0),
            owner,
            revision: 0,
            standbys: Vec::new(),
        },
        received: 0,
        taken: 0,
        window: 1 << 16,
        digest: Digest::default(),
        proof,
    }
}

fn resume(claim: Claim) -> Frame<'static> {
    Frame::Resume {
        claim: Box::new(claim),
        held: 0,
    }
}

#[tokio::test]
async fn noise_on_the_port_is_hung_up_on() {
    let address = serve_as(2, |_| ()).await;
    let mut stream = connect(&address).await.expect("it takes it");
    let magic_and_more = [&MAGIC[..], b"GET / HTTP/1.0\r\n\r\n and no TLS at all"].concat();
    let nearly = [&MAGIC[..4], b"AAAAAAAAAAAAAAAA"].concat();
    for noise in [
        &b"GET / HTTP/1.0\r\n\r\n"[..],
        &nearly,
        &magic_and_more,
        &[0; 4096],
    ] {
        let mut tcp = TcpStream::connect(&address).await.expect("it listens");
        tcp.write_all(noise).await.expect("it is taken");
        let mut got = Vec::new();
        // At most a TLS alert comes, then the end, or the reset that unread bytes cause.
        let _ = soon(tcp.read_to_end(&mut got)).await;
        assert!(got.len() < 100, "{} bytes for {noise:?}", got.len());
        echoes(&mut stream, b"still here").await;
    }
}

#[tokio::test]
async fn noise_in_a_session_ends_that_session_alone() {
    let address = serve_as(2, |_| ()).await;
    let mut stream = connect(&address).await.expect("it takes it");
    for noise in [&[0xff; 2000][..], &[1, 0, 0, 250], &[0, 0, 0, 0]] {
        let (_, mut session) = call(&address).await;
        session.tls.write_all(noise).await.expect("it is taken");
        session.tls.flush().await.expect("it is taken");
        let mut got = Vec::new();
        let _ = soon(session.tls.read_to_end(&mut got)).await;
        assert!(got.is_empty());
    }
    echoes(&mut stream, b"still here").await;
}

#[tokio::test]
async fn versions_that_do_not_fit_are_said() {
    let later = Versions::between(1, 3).expect("in order");
    let address = serve_as(2, |_| ()).await;
    let mut options = ClientOptions::new(service(), vec![address]);
    options.versions = later;
    let error = soon(MtcpStream::connect(options))
        .await
        .expect_err("it speaks another");
    assert!(error.to_string().contains("another version"), "{error}");
    let address = serve_as(2, |options| options.versions = later).await;
    let error = connect(&address).await.expect_err("it speaks another");
    assert!(error.to_string().contains("another version"), "{error}");
}

#[tokio::test]
async fn who_does_not_speak_for_the_service_is_not_spoken_to() {
    let own = key(2).node_id();
    let sign = |by: u8, name: &str, server: NodeId, expires: u64| {
        Some(Delegation::sign(&key(by), name, server, expires).expect("the name is short"))
    };
    let cases = [
        (sign(1, "echo", own, 1), "was over at 1"),
        (sign(3, "echo", own, u64::MAX), "has not signed"),
        (sign(1, "files", own, u64::MAX), "it serves `files`"),
        (
            sign(1, "echo", key(4).node_id(), u64::MAX),
            "for another server",
        ),
        (None, "shows no delegation"),
    ];
    for (delegation, expected) in cases {
        let address = serve_as(2, |options| options.delegation = delegation).await;
        let error = connect(&address)
            .await
            .expect_err("it has no right")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_service_of_another_name_is_refused() {
    let address = serve_as(1, |options| {
        options.delegation = None;
        options.service.name = "files".to_owned();
    })
    .await;
    // The key itself needs no delegation, so the name is what the client says.
    let error = connect(&address)
        .await
        .expect_err("it is another service")
        .to_string();
    assert!(error.contains("not allowed"), "{error}");
}

#[tokio::test]
async fn who_knows_only_the_name_of_a_connection_gets_nothing() {
    let peer = |seed: u8, address: &str| Candidate {
        server: key(seed).node_id(),
        address: address.to_owned(),
    };
    let (one, first) = listen().await;
    let (two, second) = listen().await;
    serve_on(one, 2, |options| options.peers = vec![peer(3, &second)]);
    serve_on(two, 3, |options| options.peers = vec![peer(2, &first)]);
    let mut stream = connect(&first).await.expect("it takes it");
    echoes(&mut stream, b"before").await;
    let (id, owner) = (stream.id(), key(2).node_id());
    for address in [&first, &second] {
        let (_, mut session) = call(address).await;
        let reason = refused(&mut session, resume(claim(id, owner, [7; 32]))).await;
        // The second cannot judge it, and asks the first.
        assert_eq!(reason, Reason::NotAllowed);
    }
    let (_, mut session) = call(&first).await;
    let settings = Settings {
        secret: [7; 32],
        service: "echo".to_owned(),
        user: Vec::new(),
    };
    let open = Open {
        id,
        ends: Ends {
            client: Epoch(0),
            server: Epoch(9),
        },
        digest_seed: 1,
        window: 1 << 16,
        settings: settings.encode().into(),
    };
    assert_eq!(
        refused(&mut session, Frame::Open(open)).await,
        Reason::NotAllowed
    );
    echoes(&mut stream, b"after").await;
}

/// Answers that nobody takes would be kept.
#[tokio::test]
async fn who_asks_and_does_not_listen_is_not_read_for_long() {
    let address = serve_as(2, |_| ()).await;
    let (_, mut session) = call(&address).await;
    let settings = Settings {
        secret: [7; 32],
        service: "echo".to_owned(),
        user: Vec::new(),
    };
    let open = Open {
        id: super::proof::name(&settings.secret),
        ends: Ends::default(),
        digest_seed: 1,
        window: 1 << 16,
        settings: settings.encode().into(),
    };
    let mut bytes = Vec::new();
    Frame::Open(open).encode(&mut bytes);
    session.tls.write_all(&bytes).await.expect("it reads");
    let mut questions = Vec::new();
    while questions.len() < 1 << 20 {
        Frame::Ping { token: 1 << 60 }.encode(&mut questions);
    }
    // The buffers of the system take some of both directions.
    for _ in 0..64 {
        let asked = async {
            session.tls.write_all(&questions).await?;
            // This end would keep any number of questions, too.
            session.tls.flush().await
        };
        match timeout(Duration::from_secs(2), asked).await {
            Err(_) => return,
            Ok(written) => written.expect("it does not end the session"),
        }
    }
    panic!("it reads on and on, and keeps the answers");
}

#[tokio::test]
async fn a_proof_is_of_no_use_in_another_session() {
    let address = serve_as(2, |_| ()).await;
    let mut stream = connect(&address).await.expect("it takes it");
    let id = stream.id();
    let (server, seen) = call(&address).await;
    let proof = prove(&stream.secret(), &seen.binding, (id, Epoch(9)));
    let (_, mut session) = call(&address).await;
    let reason = refused(&mut session, resume(claim(id, server, proof))).await;
    assert_eq!(reason, Reason::NotAllowed);
    // Nor for another attempt in its own.
    let mut seen = seen;
    let mut other = claim(id, server, proof);
    other.ends.server = Epoch(10);
    assert_eq!(refused(&mut seen, resume(other)).await, Reason::NotAllowed);
    echoes(&mut stream, b"still here").await;
}

#[tokio::test]
async fn pulls_are_denied_without_a_proof_and_to_strangers() {
    let thief = key(9);
    let door = |trusted: Trusted| Door::new(&thief, &[], trusted, (Versions::OURS, Callers::Ours));
    let door = door(Trusted::default()).expect("there is TLS");
    let address = serve_as(2, |_| ()).await;
    let called = soon(door.call(key(2).node_id(), &address)).await;
    let said = match called {
        // The refusal comes behind the handshake.
        Ok(mut session) => soon(session.tls.read_u8())
            .await
            .map(|_| ())
            .map_err(|_| ()),
        Err(_) => Err(()),
    };
    assert_eq!(said, Err(()), "it takes a stranger for a server");
}

#[tokio::test]
async fn nothing_listens_is_said() {
    let error = connect("127.0.0.1:1")
        .await
        .expect_err("nothing listens")
        .to_string();
    assert!(
        error.contains("no server of `echo` took the connection"),
        "{error}"
    );
    assert!(error.contains("127.0.0.1:1"), "{error}");
}

/// All clients of a server that dies come at once.
#[tokio::test]
async fn a_crowd_finds_room() {
    let address = serve_as(2, |_| {}).await;
    let address = address.parse().expect("it is one");
    // Nothing else runs meanwhile, so nobody is accepted.
    let crowd: Result<Vec<_>, _> = (0..1000)
        .map(|_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(500)))
        .collect();
    crowd.expect("all of them wait in the queue");
}

#[tokio::test]
async fn nobody_takes_a_name_before_its_owner_comes() {
    let (one, first) = listen().await;
    let (two, second) = listen().await;
    let peer = |seed: u8, address: &str| Candidate {
        server: key(seed).node_id(),
        address: address.to_owned(),
    };
    serve_on(one, 2, |options| options.peers = vec![peer(3, &second)]);
    serve_on(two, 3, |options| options.peers = vec![peer(2, &first)]);
    let mut stream = connect(&first).await.expect("it takes it");
    echoes(&mut stream, b"before").await;
    // The second has never heard of the connection, and so cannot compare.
    let settings = Settings {
        secret: [7; 32],
        service: "echo".to_owned(),
        user: Vec::new(),
    };
    let open = |id: ConnectionId| {
        Frame::Open(Open {
            id,
            ends: Ends::default(),
            digest_seed: 1,
            window: 1 << 16,
            settings: settings.encode().into(),
        })
    };
    let (_, mut session) = call(&second).await;
    let reason = refused(&mut session, open(stream.id())).await;
    assert_eq!(reason, Reason::NotAllowed);
    soon(stream.migrate()).await.expect("the second takes it");
    echoes(&mut stream, b"after").await;
}

#[tokio::test]
async fn a_session_ends_with_the_delegation_and_the_connection_goes_on_elsewhere() {
    let (one, first) = listen().await;
    let (two, second) = listen().await;
    let peer = |seed: u8, address: &str| Candidate {
        server: key(seed).node_id(),
        address: address.to_owned(),
    };
    let expires = crate::clock::unix_nanos() / 1_000_000_000 + 3;
    serve_on(one, 2, |options| {
        options.peers = vec![peer(3, &second)];
        let server = key(2).node_id();
        let short = Delegation::sign(&key(1), "echo", server, expires);
        options.delegation = Some(short.expect("the name is short"));
    });
    serve_on(two, 3, |options| options.peers = vec![peer(2, &first)]);
    let mut stream = connect(&first)
        .await
        .expect("it speaks for the service still");
    echoes(&mut stream, b"before").await;
    let control = stream.control();
    soon(async {
        while control.server() != key(3).node_id() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(
        crate::clock::unix_nanos() / 1_000_000_000 >= expires,
        "it left early"
    );
    echoes(&mut stream, b"after").await;
}

#[tokio::test]
async fn plain_clients_are_told_apart_where_clients_speak_first() {
    let (socket, address) = listen().await;
    let own = key(2);
    let delegation = Delegation::sign(&key(1), "echo", own.node_id(), u64::MAX);
    let delegation = delegation.expect("the name is short");
    let mut options = ServiceOptions::delegated(own, service(), delegation);
    options.client_first = true;
    let mut listener = MtcpListener::on(socket, options).expect("the key is one");
    tokio::spawn(async move {
        loop {
            match listener.accept_any().await {
                Accepted::Moving(stream) => drop(tokio::spawn(echo(stream))),
                Accepted::Plain(mut tcp) => drop(tokio::spawn(async move {
                    let mut said = [0; 5];
                    tcp.read_exact(&mut said).await.expect("all of it is there");
                    tcp.write_all(&said).await.expect("it is read");
                })),
            }
        }
    });
    // Beginnings that ours has, too, and bytes that come one by one.
    for said in [*b"hello", [MAGIC[0], b'M', b'T', b'C', 7], [0; 5]] {
        let mut tcp = TcpStream::connect(&address).await.expect("it listens");
        tcp.set_nodelay(true).expect("it is TCP");
        for byte in said {
            tcp.write_all(&[byte]).await.expect("it is taken");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let mut got = [0; 5];
        soon(tcp.read_exact(&mut got)).await.expect("it comes back");
        assert_eq!(got, said);
    }
    let mut stream = connect(&address).await.expect("it takes it");
    echoes(&mut stream, b"ours").await;
}

#[tokio::test]
async fn who_has_not_proved_himself_sends_nobody_to_another_port() {
    let (_socket, trap) = listen().await;
    let elsewhere = Candidate {
        server: key(9).node_id(),
        address: trap.clone(),
    };
    let address = serve_as(4, |options| {
        options.delegation = None;
        options.peers = vec![elsewhere];
    })
    .await;
    let (socket, honest) = listen().await;
    serve_on(socket, 2, |_| ());
    let options = ClientOptions::new(service(), vec![address, honest]);
    let mut stream = soon(MtcpStream::connect(options))
        .await
        .expect("the second has a right");
    echoes(&mut stream, b"here").await;
    let error = soon(stream.migrate()).await.expect_err("there is no other");
    assert!(error.to_string().contains("shows no delegation"), "{error}");
    assert!(!error.to_string().contains(&trap), "{error}");
    assert!(!stream.known().contains(&trap), "it would call there");
}
