//! What a hostile peer does to a node, one deed after the other.

use std::future::Future;
use std::net::UdpSocket;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use quinn::SendStream;
use sm_bytecode::bundle::Bundle;
use sm_core::envelope::{Budget, Envelope, TraceContext};
use sm_core::ids::{Epoch, HopNumber, Incarnation, LaunchHash, MessageId, Span};
use sm_core::launch::LaunchLimits;
use sm_core::tags::Standing;
use sm_core::wire::{BareStep, Copy, Frame, More};

use super::peer::{Fate, GREETING, LONG, Peer, fate_within, framed};

/// What is done, and what becomes of it.
pub(crate) struct Deed {
    pub(crate) name: &'static str,
    pub(crate) does: fn(Peer) -> Done,
    pub(crate) fate: Expected,
    /// What the node's operator is told of it: each once.
    pub(crate) told: &'static [&'static str],
}

/// A deed that is being done.
pub(crate) type Done = Pin<Box<dyn Future<Output = Fate>>>;

/// What has to become of the last session of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is bounded, and goes on.
    Lives,
    /// It is closed with this code.
    Closed(u32),
    /// There is none.
    Gone,
}

impl Expected {
    pub(crate) fn is(self, fate: &Fate) -> bool {
        match (self, fate) {
            (Self::Lives, Fate::Lives) | (Self::Gone, Fate::Gone(_)) => true,
            (Self::Closed(wanted), Fate::Closed(code)) => wanted == *code,
            _ => false,
        }
    }
}

/// Codes of `docs/WIRE.md`.
const UNFIT: u32 = 2;
const MALFORMED: u32 = 3;

/// The longest frame that a node takes.
const LONGEST: usize = sm_core::limits::FRAME_BYTES;

macro_rules! deed {
    ($does:ident, $fate:expr, $told:expr) => {
        Deed {
            name: stringify!($does),
            does: |peer| Box::pin($does(peer)),
            fate: $fate,
            told: &$told,
        }
    };
}

/// Deeds that take long: they go on while all others are done.
pub(crate) const LASTING: &[Deed] = &[
    deed!(
        half_a_frame_and_then_nothing,
        Expected::Closed(MALFORMED),
        ["half a frame"]
    ),
    deed!(
        a_greeting_and_then_nothing,
        Expected::Closed(MALFORMED),
        ["no frame"]
    ),
    deed!(many_streams_that_stay, Expected::Lives, ["refused"]),
];

/// The others.
pub(crate) const DEEDS: &[Deed] = &[
    deed!(
        garbage_on_streams,
        Expected::Closed(MALFORMED),
        ["too long"]
    ),
    deed!(garbage_in_frames, Expected::Lives, ["refused"]),
    deed!(garbage_in_datagrams, Expected::Lives, ["refused"]),
    deed!(
        half_a_frame_and_the_end,
        Expected::Closed(MALFORMED),
        ["half a frame"]
    ),
    deed!(a_huge_length, Expected::Closed(MALFORMED), ["too long"]),
    deed!(ten_thousand_streams, Expected::Lives, []),
    deed!(
        nothing_after_the_handshake,
        Expected::Closed(MALFORMED),
        ["failed"]
    ),
    deed!(another_greeting, Expected::Closed(MALFORMED), ["failed"]),
    deed!(
        a_greeting_of_another_version,
        Expected::Closed(MALFORMED),
        ["failed"]
    ),
    deed!(
        frames_of_another_version,
        Expected::Closed(UNFIT),
        ["version"]
    ),
    deed!(
        frames_where_they_do_not_belong,
        Expected::Lives,
        ["refused"]
    ),
    deed!(frames_again, Expected::Lives, ["refused"]),
    deed!(frames_with_changes, Expected::Lives, ["refused"]),
    deed!(copies_of_nothing, Expected::Lives, ["dropped a copy"]),
    deed!(
        questions_that_cannot_be_answered,
        Expected::Closed(MALFORMED),
        ["does not take"]
    ),
    deed!(
        large_frames_that_do_not_end,
        Expected::Closed(MALFORMED),
        // On a slow machine the time is over before so many have begun.
        ["it sent"]
    ),
    deed!(coming_and_going, Expected::Lives, []),
];

/// Numbers that are the same each time.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

async fn garbage_on_streams(peer: Peer) -> Fate {
    let (session, mut numbers) = (peer.session().await, Numbers::of(1));
    for _ in 0..100 {
        session.say(&numbers.bytes(1_000)).await;
    }
    session.ends().await
}

async fn garbage_in_frames(peer: Peer) -> Fate {
    let (mut session, mut numbers) = (peer.session().await, Numbers::of(2));
    for _ in 0..3_000 {
        let length = numbers.below(100);
        // Version 0, whatever the rest: another one ends the session.
        let frame = [&[0][..], &numbers.bytes(length)].concat();
        if session.common.write_all(&framed(&frame)).await.is_err() {
            break;
        }
    }
    session.lives().await
}

async fn garbage_in_datagrams(peer: Peer) -> Fate {
    let (session, mut numbers) = (peer.session().await, Numbers::of(3));
    for _ in 0..5_000 {
        let length = numbers.below(1_000);
        let _ = session
            .connection
            .send_datagram_wait(numbers.bytes(length).into())
            .await;
    }
    session.lives().await
}

/// A frame of which half has come.
fn half() -> Vec<u8> {
    let mut bytes = framed(&[0; 1_000]);
    bytes.truncate(500);
    bytes
}

async fn half_a_frame_and_then_nothing(peer: Peer) -> Fate {
    let session = peer.session().await;
    let mut out = session.connection.open_uni().await.expect("a stream");
    out.write_all(&half()).await.expect("it listens");
    session.ends().await
}

async fn half_a_frame_and_the_end(peer: Peer) -> Fate {
    let session = peer.session().await;
    session.say(&half()).await;
    session.ends().await
}

async fn a_huge_length(peer: Peer) -> Fate {
    let session = peer.session().await;
    session.say(&u32::MAX.to_le_bytes()).await;
    session.ends().await
}

/// A step of a hop of the node that there never was.
fn said(step: BareStep, sequence: u64) -> Vec<u8> {
    // Of a boot to come: what is of one before may be said late.
    let incarnation = Incarnation(u64::MAX);
    let hop = HopNumber {
        incarnation,
        sequence,
    };
    framed(&Frame::Step { hop, step }.encode())
}

async fn many_streams_that_stay(peer: Peer) -> Fate {
    let session = peer.session().await;
    let mut kept: Vec<SendStream> = Vec::new();
    let opening = async {
        for number in 0..5_000 {
            let Ok(mut out) = session.connection.open_uni().await else {
                return;
            };
            if out.write_all(&said(BareStep::Done, number)).await.is_err() {
                return;
            }
            kept.push(out);
        }
    };
    // The node lets it open so many, and no more.
    let _ = tokio::time::timeout(Duration::from_secs(8), opening).await;
    session.lives().await
}

async fn ten_thousand_streams(peer: Peer) -> Fate {
    let session = peer.session().await;
    for _ in 0..5_000 {
        session.say(&[]).await;
        // Streams in both directions are not for sessions: asking for one does not end.
        let opening = session.connection.open_bi();
        let _ = tokio::time::timeout(Duration::ZERO, opening).await;
    }
    session.lives().await
}

async fn nothing_after_the_handshake(peer: Peer) -> Fate {
    let socket = peer.socket();
    let mut calls = Vec::new();
    for _ in 0..100 {
        calls.extend(peer.connect(&socket).await);
    }
    fate_within(calls.first().expect("it is trusted"), LONG).await
}

/// Calls without a word, many at a time and each again as soon as it has ended. Tells how many
/// there were at once.
pub(crate) async fn silent_calls_without_end(peer: &Peer, most: &AtomicUsize) {
    let (socket, open) = (peer.socket(), AtomicUsize::new(0));
    let call = async || {
        loop {
            let Ok(call) = peer.connect(&socket).await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let now = open.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(now, Ordering::Relaxed);
            call.closed().await;
            open.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let mut calls: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for _ in 0..100 {
        calls.push(Box::pin(call()));
    }
    let all = std::future::poll_fn(|context| {
        for call in &mut calls {
            // None of them ends.
            let _ = call.as_mut().poll(context);
        }
        Poll::Pending
    });
    all.await
}

async fn a_greeting_and_then_nothing(peer: Peer) -> Fate {
    let greeting = [GREETING, &1_u64.to_le_bytes()[..]].concat();
    greet_with(&peer, &greeting).await
}

async fn another_greeting(peer: Peer) -> Fate {
    greet_with(&peer, b"GET / HTTP/1.1\r\n\r\n").await
}

async fn a_greeting_of_another_version(peer: Peer) -> Fate {
    greet_with(&peer, b"SMN\x01\x01\0\0\0\0\0\0\0").await
}

async fn greet_with(peer: &Peer, greeting: &[u8]) -> Fate {
    let socket = peer.socket();
    let connection = peer.connect(&socket).await.expect("it is trusted");
    let mut out = connection.open_uni().await.expect("a stream");
    out.write_all(greeting).await.expect("it listens");
    fate_within(&connection, LONG).await
}

async fn frames_of_another_version(peer: Peer) -> Fate {
    let mut session = peer.session().await;
    let frames = framed(&[9, 0, 1]).repeat(500);
    let _ = session.common.write_all(&frames).await;
    session.ends().await
}

/// The envelope of a message that nobody has launched.
fn envelope(number: u64) -> Envelope {
    let mut message = MessageId([7; 32]);
    message.0[..8].copy_from_slice(&number.to_le_bytes());
    Envelope {
        message,
        launch: LaunchHash([8; 32]),
        epoch: Epoch(1),
        hops: 1,
        age: Span::ZERO,
        left: Span::secs(60),
        budget: Budget::of(&LaunchLimits::default()),
        spawned: 0,
        standing: Standing::Trusted,
        trace: TraceContext::default(),
    }
}

async fn frames_where_they_do_not_belong(peer: Peer) -> Fate {
    let mut session = peer.session().await;
    for sequence in 0..500 {
        let incarnation = Incarnation(1);
        let hop = HopNumber {
            incarnation,
            sequence,
        };
        let state = Frame::State {
            hop,
            bytes: &[1, 2, 3],
            more: More::Last,
        };
        let commit = Frame::Commit { hop, incarnation };
        let prepared = Frame::Prepared { hop, incarnation };
        let (hello, want) = (Frame::Hello { incarnation }, Frame::Want(Vec::new()));
        session.say(&framed(&hello.encode())).await;
        session.say(&framed(&prepared.encode())).await;
        let all = [hello, state, commit, prepared, want].map(|frame| frame.encode());
        for frame in all {
            // On the stream of the session, and as a datagram.
            let _ = session.common.write_all(&framed(&frame)).await;
            let _ = session.connection.send_datagram(frame.into());
        }
    }
    session.lives().await
}

/// A program for messages that visit the node.
fn program() -> Bundle {
    let path = std::env::temp_dir().join(format!("smnet-{}-there.smb", std::process::id()));
    let built = std::process::Command::new(env!("CARGO_BIN_EXE_smc"))
        .args(["build", "tests/net/there.sm", "-o"])
        .arg(&path)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("smc starts");
    assert!(built.status.success(), "{built:?}");
    let bytes = std::fs::read(&path).expect("a bundle");
    let _ = std::fs::remove_file(path);
    Bundle::decode(&bytes).expect("a bundle reads back")
}

async fn frames_again(peer: Peer) -> Fate {
    let frames = peer.visit(&program()).await;
    let session = peer.session().await;
    for _ in 0..20 {
        for frame in &frames {
            session.say(&framed(frame)).await;
        }
    }
    session.lives().await
}

async fn frames_with_changes(peer: Peer) -> Fate {
    let frames = peer.visit(&program()).await;
    let (session, mut numbers) = (peer.session().await, Numbers::of(4));
    for _ in 0..600 {
        let mut frame = frames[numbers.below(frames.len())].clone();
        for _ in 0..=numbers.below(4) {
            change(&mut frame, &mut numbers);
        }
        session.say(&framed(&frame)).await;
    }
    session.lives().await
}

/// One change of a frame, but not of its version.
fn change(frame: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = 1 + numbers.below(frame.len().max(2) - 1);
    match numbers.below(4) {
        0 if at < frame.len() => frame[at] ^= 1 << numbers.below(8),
        1 => frame.truncate(at),
        2 => frame.extend(numbers.bytes(5)),
        _ if at < frame.len() => frame[at] = numbers.next() as u8,
        _ => frame.push(0),
    }
}

async fn copies_of_nothing(peer: Peer) -> Fate {
    let session = peer.session().await;
    for number in 0..1_000 {
        let copy = Copy {
            envelope: envelope(number),
            state: &[0; 100],
        };
        let frame = Frame::Copy(copy).encode();
        let _ = session.connection.send_datagram_wait(frame.into()).await;
    }
    session.lives().await
}

async fn questions_that_cannot_be_answered(peer: Peer) -> Fate {
    let mut session = peer.deaf_session().await;
    for number in 0..3_000 {
        let some = number * 200..(number + 1) * 200;
        let questions = some.flat_map(|number| said(BareStep::Query, number));
        let questions: Vec<u8> = questions.collect();
        if session.common.write_all(&questions).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    session.ends().await
}

async fn large_frames_that_do_not_end(peer: Peer) -> Fate {
    let session = peer.session().await;
    let mut frame = framed(&[0; LONGEST]);
    frame.pop();
    let frame = Bytes::from(frame);
    let saying = (0..600).map(|_| {
        let (connection, frame) = (session.connection.clone(), frame.clone());
        tokio::spawn(async move {
            let mut out = connection.open_uni().await.ok()?;
            out.write_chunk(frame).await.ok()?;
            Some(out)
        })
    });
    let mut kept = Vec::new();
    for said in saying.collect::<Vec<_>>() {
        kept.push(said.await);
    }
    session.ends().await
}

async fn coming_and_going(peer: Peer) -> Fate {
    for _ in 0..40 {
        drop(peer.session().await);
    }
    peer.session().await.lives().await
}

/// A peer that nobody trusts calls again and again.
pub(crate) async fn a_stranger(peer: Peer) -> Fate {
    let socket = peer.socket();
    let mut last = Fate::Lives;
    for _ in 0..50 {
        let Ok(connection) = peer.connect(&socket).await else {
            continue;
        };
        // Whoever calls is done first: that it was refused comes after.
        last = Fate::of(&connection.closed().await);
    }
    last
}

/// Packets that are none.
pub(crate) fn noise(peer: &Peer) {
    let socket = UdpSocket::bind((peer.from, 0)).expect("loopback");
    let mut numbers = Numbers::of(5);
    for number in 0..20_000 {
        let mut packet = numbers.bytes(20 + number % 1_300);
        if number % 2 == 0 {
            // The head of a first packet of QUIC, version 1.
            packet[..5].copy_from_slice(&[0xc3, 0, 0, 0, 1]);
        }
        // What does not go out is lost, as on any network.
        let _ = socket.send_to(&packet, peer.at);
    }
}
