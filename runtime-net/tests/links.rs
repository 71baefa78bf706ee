//! Links between nodes on loopback: who becomes a neighbor, what arrives, and who is refused.

use std::net::SocketAddr;
use std::time::Duration;

use sm_core::ids::{Incarnation, NodeId, SessionId};
use sm_core::wire::Frame;
use sm_net::identity::KeyPair;
use sm_net::link::{Link, LinkEvent};
use sm_net::quic::{LinkOptions, Quic, Trusted};

/// Longer than anything here takes, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(20);

fn options(boot: u64) -> LinkOptions {
    LinkOptions {
        keep_alive: Duration::from_millis(100),
        idle: Duration::from_millis(500),
        incarnation: Incarnation(boot),
    }
}

/// The link of a node with this key, which trusts those.
fn node(key: u8, boot: u64, trusts: &[u8]) -> Quic {
    let loopback = [SocketAddr::from(([127, 0, 0, 1], 0))];
    node_at(&loopback, key, boot, trusts).expect("loopback has room")
}

fn node_at(at: &[SocketAddr], key: u8, boot: u64, trusts: &[u8]) -> std::io::Result<Quic> {
    let trusted = Trusted::default();
    trusts.iter().for_each(|key| trusted.insert(id(*key)));
    Quic::listen(&pair(key), at, &options(boot), trusted)
}

fn pair(key: u8) -> KeyPair {
    KeyPair::from_seed([key; 32])
}

fn id(key: u8) -> NodeId {
    pair(key).node_id()
}

fn address(link: &Quic) -> String {
    link.addresses().expect("it listens")[0].to_string()
}

/// What happens next, greeting first: each new session is greeted as a node would.
async fn next(link: &mut Quic) -> LinkEvent {
    let event = tokio::time::timeout(PATIENCE, link.next()).await;
    let event = event.expect("something happens in time");
    if let LinkEvent::Up { session, .. } = event {
        link.send(session, hello());
        link.flush();
    }
    event
}

fn hello() -> Vec<u8> {
    let incarnation = Incarnation(1);
    Frame::Hello { incarnation }.encode()
}

/// Waits for a session with a peer.
async fn up(link: &mut Quic) -> (SessionId, NodeId) {
    loop {
        if let LinkEvent::Up { session, peer, .. } = next(link).await {
            return (session, peer);
        }
    }
}

/// Waits for a frame that is no greeting.
async fn frame(link: &mut Quic) -> Vec<u8> {
    loop {
        match next(link).await {
            LinkEvent::Frame(_, bytes) if bytes[..] != hello()[..] => return bytes.to_vec(),
            LinkEvent::Heard(_, bytes) => return bytes.to_vec(),
            _ => {}
        }
    }
}

async fn note(link: &mut Quic) -> String {
    loop {
        if let LinkEvent::Note(text) = next(link).await {
            return text;
        }
    }
}

/// A frame that belongs to no hop, of this length.
fn code(length: usize) -> Vec<u8> {
    let piece = vec![7; length];
    Frame::Code(vec![(sm_core::content::ContentKind::Brick, &piece)]).encode()
}

#[tokio::test]
async fn one_calls_and_both_are_neighbors() {
    let (mut a, mut b) = (node(1, 1, &[2]), node(2, 1, &[1]));
    a.call(id(2), &address(&b));
    let (at_a, at_b) = tokio::join!(up(&mut a), up(&mut b));
    assert_eq!((at_a.1, at_b.1), (id(2), id(1)));
    for length in [0, 1, 1_000, 300_000, 1 << 20] {
        a.send(at_a.0, code(length));
        a.flush();
        let (got, ()) = tokio::join!(frame(&mut b), drive(&mut a));
        assert_eq!(got, code(length));
    }
    b.broadcast(b"short".to_vec());
    let (got, ()) = tokio::join!(frame(&mut a), drive(&mut b));
    assert_eq!(got, b"short");
}

/// Lets a link do what it has to for a while.
async fn drive(link: &mut Quic) {
    let _ = tokio::time::timeout(Duration::from_millis(100), link.next()).await;
}

#[tokio::test]
async fn two_that_call_each_other_have_one_session() {
    for (first, second) in [(1, 2), (2, 1)] {
        let (mut a, mut b) = (node(first, 1, &[second]), node(second, 1, &[first]));
        a.call(id(second), &address(&b));
        b.call(id(first), &address(&a));
        // Whatever comes first, both end with the same connection.
        let settle = async |link: &mut Quic| {
            let mut session = up(link).await.0;
            while let Ok(event) = tokio::time::timeout(Duration::from_millis(700), next(link)).await
            {
                if let LinkEvent::Up { session: later, .. } = event {
                    session = later;
                }
            }
            session
        };
        let (at_a, at_b) = tokio::join!(settle(&mut a), settle(&mut b));
        assert_eq!((a.sessions().len(), b.sessions().len()), (1, 1));
        a.send(at_a, code(9));
        a.flush();
        b.send(at_b, code(8));
        b.flush();
        let (from_b, from_a) = tokio::join!(frame(&mut a), frame(&mut b));
        assert_eq!((from_b, from_a), (code(8), code(9)));
    }
}

#[tokio::test]
async fn a_stranger_is_refused_and_told_of_once() {
    let (mut a, mut b, mut c) = (node(1, 1, &[3]), node(2, 1, &[]), node(3, 1, &[1]));
    c.call(id(1), &address(&a));
    let (session, _) = tokio::join!(up(&mut c), up(&mut a)).0;
    b.call(id(1), &address(&a));
    let (told, trouble) = tokio::join!(note(&mut a), note(&mut b));
    assert!(told.contains("not trusted"), "{told}");
    assert!(told.contains(&id(2).to_string()), "{told}");
    assert!(trouble.contains("refused"), "{trouble}");
    // The other neighbor is not disturbed, however often the stranger calls.
    c.send(session, code(5));
    c.flush();
    let ((), (), got) = tokio::join!(drive(&mut c), drive(&mut b), frame(&mut a));
    assert_eq!(got, code(5));
    let again = tokio::time::timeout(Duration::from_millis(600), note(&mut a)).await;
    let again = again.map(|text| text.contains("not trusted"));
    assert_ne!(again, Ok(true));
}

/// A neighbor that reads nothing: what waits for it has a bound.
#[tokio::test]
async fn who_takes_nothing_is_left() {
    let (mut a, mut b) = (node(1, 1, &[2]), node(2, 1, &[1]));
    a.call(id(2), &address(&b));
    let (session, _) = tokio::join!(up(&mut a), up(&mut b)).0;
    let most = sm_net::limits::UNREAD_BYTES;
    let long = code(sm_core::limits::CODE_FRAME_BYTES);
    // Some of it is on its way to a node that no longer looks at it.
    for _ in 0..most / long.len() + 200 {
        a.send(session, long.clone());
    }
    a.flush();
    loop {
        if let LinkEvent::Down { reason, .. } = next(&mut a).await {
            break assert!(reason.contains("does not take"), "{reason}");
        }
    }
    assert!(a.sessions().is_empty());
}

#[tokio::test]
async fn another_than_was_called_is_not_believed() {
    let (mut a, b) = (node(1, 1, &[2]), node(2, 1, &[1]));
    a.call(id(9), &address(&b));
    let trouble = note(&mut a).await;
    assert!(trouble.contains("cannot link"), "{trouble}");
    assert!(a.sessions().is_empty());
}

#[tokio::test]
async fn a_node_listens_at_several_addresses_and_calls_from_the_right_one() {
    let all = |port| {
        [
            SocketAddr::from(([0; 4], port)),
            SocketAddr::from(([0; 16], port)),
        ]
    };
    let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        // A machine without IPv6 has only one family to listen at.
        return;
    }
    let mut one = node_at(&all(0), 1, 1, &[2, 3]).expect("there is room");
    let ports: Vec<u16> = one
        .addresses()
        .expect("it listens")
        .iter()
        .map(|at| at.port())
        .collect();
    let mut two = node_at(&[parse("127.0.0.1:0"), parse("[::1]:0")], 2, 1, &[]).expect("room");
    let mut three = node_at(&[parse("[::1]:0"), parse("127.0.0.1:0")], 3, 1, &[]).expect("room");
    two.call(id(1), &format!("127.0.0.1:{}", ports[0]));
    assert_eq!(up(&mut one).await.1, id(2));
    three.call(id(1), &format!("[::1]:{}", ports[1]));
    assert_eq!(up(&mut one).await.1, id(3));
    up(&mut two).await;
    up(&mut three).await;
    // One port in both families, as whoever is in the world has it; another process may be faster.
    let free = || {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("there is room");
        socket.local_addr().expect("it is bound").port()
    };
    let port = (0..100)
        .map(|_| free())
        .find(|port| node_at(&all(*port), 4, 1, &[]).is_ok());
    assert!(port.is_some(), "the families do not meet");
    let at = two.addresses().expect("it listens")[1];
    let taken = node_at(&[at], 4, 1, &[]).expect_err("it is taken");
    assert!(taken.to_string().starts_with(&format!("{at}: ")), "{taken}");
    let mut narrow = node_at(&[parse("[::1]:0")], 2, 1, &[]).expect("there is room");
    narrow.call(id(1), "127.0.0.1:1");
    assert!(
        note(&mut narrow)
            .await
            .contains("listens at no address of IPv4")
    );
}

#[tokio::test]
async fn an_address_that_was_given_is_not_replaced_by_one_that_is_found() {
    let mut link = node(1, 1, &[2]);
    let [here, there]: [SocketAddr; 2] = [7_001, 7_002].map(|port| ([127, 0, 0, 1], port).into());
    let called = |link: &Quic| link.called().into_iter().map(|(_, at, _)| at).next();
    link.found(id(2), here);
    link.found(id(2), there);
    assert_eq!(called(&link), Some(there.to_string()));
    // The same as was found, but now from the operator.
    link.call(id(2), &there.to_string());
    link.found(id(2), here);
    assert_eq!(called(&link), Some(there.to_string()));
}

#[tokio::test]
async fn who_is_distrusted_before_the_session_begins_gets_none() {
    let (mut a, mut b) = (node(1, 1, &[2]), node(2, 1, &[1]));
    a.call(id(2), &address(&b));
    // Both have greeted, and `b` has not yet looked: its end of the session is still to begin.
    up(&mut a).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    b.distrust(&id(1));
    assert!(b.try_next().is_none());
    assert!(b.sessions().is_empty());
    loop {
        if let LinkEvent::Down { peer, .. } = next(&mut a).await {
            break assert_eq!(peer, id(2));
        }
    }
}
