//! Frames against their bytes: both ways, against bytes that are no frames, and against the page.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const ID: ConnectionId = ConnectionId([0xa5; 16]);

fn servers() -> impl Strategy<Value = Vec<NodeId>> {
    let servers = proptest::collection::btree_set(any::<[u8; 32]>(), 0..=limits::MTCP_STANDBYS);
    servers.prop_map(|set| set.into_iter().map(NodeId).collect())
}

fn claim() -> impl Strategy<Value = Claim> {
    let numbers = vec(any::<u64>(), 9);
    (any::<[u8; 16]>(), numbers, servers(), any::<[u8; 32]>()).prop_map(
        |(id, n, standbys, bytes)| Claim {
            id: ConnectionId(id),
            ends: Ends {
                client: Epoch(n[0]),
                server: Epoch(n[1]),
            },
            record: Record {
                epoch: Epoch(n[2]),
                owner: NodeId(bytes),
                revision: n[3] >> 2,
                standbys,
            },
            received: n[4] >> 2,
            taken: n[5] >> 2,
            window: n[6],
            digest: Digest {
                sum: n[7] >> 4,
                open: (n[8] >> 16) | 6 << 56,
            },
            proof: bytes,
        },
    )
}

/// One frame of each kind, in the order of their codes.
fn frames<'a>(claim: &Claim, bytes: &'a [u8], numbers: [u64; 3]) -> Vec<Frame<'a>> {
    let [a, b, c] = numbers;
    let (id, ends, epoch) = (claim.id, claim.ends, Epoch(a));
    let piece = Piece {
        head: bytes.len() + 7,
        snapshot: 9,
        offset: 5,
        bytes,
    };
    let standbys = claim.record.standbys.clone();
    vec![
        Frame::Hello(Versions::OURS),
        Frame::Open(Open {
            id,
            ends,
            digest_seed: a,
            window: b,
            settings: bytes.into(),
        }),
        Frame::Refused {
            epoch,
            reason: Reason::Draining,
        },
        Frame::Resume {
            claim: Box::new(claim.clone()),
            held: c,
        },
        Frame::Resumed {
            ends,
            input: a,
            taken: b,
            window: c,
            standbys: standbys.clone(),
        },
        Frame::Confirm { epoch },
        Frame::Data { offset: a, bytes },
        Frame::Fin { offset: a },
        Frame::Ack {
            taken: a,
            stable: b,
        },
        Frame::Ping { token: a },
        Frame::Pong { token: a },
        Frame::Attach { id },
        Frame::Attached { id },
        Frame::Standbys {
            revision: a,
            standbys,
        },
        Frame::Recorded { revision: a },
        Frame::Held {
            begins: true,
            whole: false,
            sealed: bytes.into(),
        },
        Frame::Move {
            advice: Advice::Drain,
            candidates: vec![Candidate {
                server: claim.record.owner,
                address: "localhost:7".to_owned(),
            }],
        },
        Frame::Close,
        Frame::Reset {
            reason: Reason::Diverged,
        },
        Frame::Pull {
            claim: Box::new(claim.clone()),
            binding: [3; 32],
        },
        Frame::Transfer { id, epoch, piece },
        Frame::Denied {
            id,
            epoch,
            reason: Reason::Pinned,
        },
        Frame::Release { id, epoch },
        Frame::Dismiss { id, epoch },
        Frame::Base {
            id,
            epoch,
            position: b,
            piece,
        },
        Frame::Log(Growth {
            id,
            epoch,
            after: a,
            position: b,
            input: c,
            fin: true,
            entries: bytes.into(),
            bytes: bytes.into(),
        }),
        Frame::Logged {
            id,
            epoch,
            position: b,
            input: c,
        },
        Frame::Unlogged { id, epoch },
        Frame::Stays {
            refusals: vec![(claim.record.owner, Reason::Diverged)],
        },
        Frame::Show { epoch },
    ]
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    bytes
}

/// A small claim, whose bytes can be read.
fn plain() -> Claim {
    Claim {
        id: ID,
        ends: Ends {
            client: Epoch(0),
            server: Epoch(2),
        },
        record: Record {
            epoch: Epoch(1),
            owner: NodeId([0xbb; 32]),
            revision: 3,
            standbys: vec![NodeId([0xcc; 32])],
        },
        received: 300,
        taken: 4,
        window: 5,
        digest: Digest {
            sum: 6,
            open: 7 | 1 << 56,
        },
        proof: [0xdd; 32],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_come_back(
        claim in claim(),
        bytes in vec(any::<u8>(), 1..60),
        numbers: [u64; 3],
    ) {
        for frame in frames(&claim, &bytes, numbers) {
            let bytes = encoded(&frame);
            let decoded = Frame::decode(&bytes);
            prop_assert_eq!(decoded, Ok(Some((frame.clone(), bytes.len()))));
            for cut in 0..bytes.len() {
                prop_assert_eq!(Frame::decode(&bytes[..cut]), Ok(None));
            }
            let followed = [&bytes[..], &[1, 2, 3]].concat();
            prop_assert_eq!(Frame::decode(&followed), Ok(Some((frame, bytes.len()))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever decodes is canonical; nothing panics.
    #[test]
    fn any_bytes_are_one_frame_or_an_error(kind in 0..30u8, rest in vec(any::<u8>(), 0..300)) {
        let length = (rest.len() + 1) as u32;
        let bytes = [&length.to_le_bytes()[..3], &[kind], &rest].concat();
        if let Ok(Some((frame, length))) = Frame::decode(&bytes) {
            prop_assert_eq!(length, bytes.len());
            prop_assert_eq!(encoded(&frame), bytes);
        }
    }

    /// The same, close to frames that are right.
    #[test]
    fn damaged_frames_are_no_other_encoding(
        which: prop::sample::Index,
        at: prop::sample::Index,
        byte: u8,
    ) {
        let claim = plain();
        let frames = frames(&claim, &[1, 2, 3], [1, 1_000, 1 << 40]);
        let mut bytes = encoded(which.get(&frames));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Some((frame, length))) = Frame::decode(&bytes) {
            prop_assert_eq!(encoded(&frame), &bytes[..length]);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that stand in the page, where long names are abbreviated.
fn shown(frame: &Frame<'_>) -> String {
    let mut text = hex(&encoded(frame));
    for (name, byte) in [("a5", 16), ("bb", 32), ("cc", 32), ("dd", 32), ("03", 32)] {
        text = text.replace(&name.repeat(byte), &format!("[{name}*{byte}]"));
    }
    text
}

#[test]
fn the_bytes_of_frames_are_what_they_were() {
    let bytes = [1, 2, 3];
    let frames = frames(&plain(), &bytes, [1, 1_000, 1 << 40]);
    let shown: Vec<String> = frames.iter().map(shown).collect();
    let golden = include_str!("golden.txt");
    if shown != golden.lines().collect::<Vec<_>>() {
        panic!("the bytes have changed:\n{}", shown.join("\n"));
    }
}

/// The table of the page names each frame with its kind, and each reason with its code.
#[test]
fn the_page_has_all_frames_and_reasons() {
    let page = include_str!("../../../../../docs/WIRE.md");
    let (_, page) = page
        .split_once("## M-TCP")
        .expect("it has a part for M-TCP");
    for (kind, frame) in frames(&plain(), &[1], [1; 3]).iter().enumerate() {
        assert_eq!(usize::from(frame.kind()), kind);
        let debug = format!("{frame:?}");
        let name: String = debug.chars().take_while(|c| c.is_alphanumeric()).collect();
        let row = format!("| {kind} | {} |", name.to_uppercase());
        assert!(page.contains(&row), "no row begins with {row}");
    }
    for reason in Reason::ALL {
        let text = format!("{} {}", reason.code(), words(reason));
        assert!(page.contains(&text), "no {text}");
    }
}

/// `NotAllowed` as "not allowed".
fn words(reason: Reason) -> String {
    let name = format!("{reason:?}");
    let mut words = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[test]
fn what_is_too_long_or_out_of_order_is_refused() {
    let long = vec![0; limits::MTCP_DATA_BYTES + 1];
    let data = Frame::Data {
        offset: 0,
        bytes: &long,
    };
    assert_eq!(Frame::decode(&encoded(&data)), Err(DecodeError::TooLong));
    let header = [0xff, 0xff, 0xff, kind::DATA];
    assert_eq!(Frame::decode(&header), Err(DecodeError::TooLong));
    assert_eq!(Frame::decode(&[0; 4]), Err(DecodeError::Truncated));
    assert_eq!(Frame::decode(&[1, 0, 0, 99]), Err(DecodeError::Unknown(99)));
    let two = NodeId([2; 32]);
    let frame = Frame::Standbys {
        revision: 1,
        standbys: vec![two, two],
    };
    assert_eq!(
        Frame::decode(&encoded(&frame)),
        Err(DecodeError::NotCanonical)
    );
}

#[test]
fn a_plain_client_is_told_from_the_first_byte() {
    for plain in [
        &b"GET / HTTP/1.1"[..],
        b"\x16\x03\x01",
        b"\0\0\0\x08",
        b"SSH-2.0",
        b"PRI * ",
    ] {
        assert_eq!(peek(&plain[..1]), Peek::Plain);
        assert_eq!(peek(plain), Peek::Plain);
    }
    for length in 0..MAGIC.len() {
        assert_eq!(peek(&MAGIC[..length]), Peek::Unknown);
    }
    assert_eq!(peek(&[&MAGIC[..], b"more"].concat()), Peek::Ours);
    let mut damaged = MAGIC;
    damaged[5] = b'\n';
    assert_eq!(peek(&damaged), Peek::Plain);
}

#[test]
fn ends_speak_the_newest_version_that_both_know() {
    let versions = |oldest, newest| Versions::between(oldest, newest).expect("in order");
    assert_eq!(versions(0, 3).common(versions(2, 9)), Some(3));
    assert_eq!(versions(2, 9).common(versions(0, 3)), Some(3));
    assert_eq!(versions(0, 1).common(versions(2, 3)), None);
    assert_eq!(Versions::OURS.common(versions(0, 7)), Some(0));
    assert_eq!(Versions::between(2, 1), None);
}
