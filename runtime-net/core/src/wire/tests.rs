//! Frames against their bytes: both ways, and against bytes that are no frames.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::envelope::{Budget, TraceContext};
use crate::hop::Side;
use crate::ids::{Epoch, Span, TypeHash};
use crate::node::{End, Kill, TraceFrame};
use crate::tags::Standing;

fn node() -> impl Strategy<Value = NodeId> {
    any::<[u8; 32]>().prop_map(NodeId)
}

fn hop() -> impl Strategy<Value = HopNumber> {
    (any::<u64>(), any::<u64>()).prop_map(|(boot, sequence)| HopNumber {
        incarnation: Incarnation(boot),
        sequence,
    })
}

fn content_kind() -> impl Strategy<Value = ContentKind> {
    (0..4u8).prop_map(|code| ContentKind::from_code(code).expect("there are four"))
}

fn ids() -> impl Strategy<Value = Vec<ContentId>> {
    let id = (content_kind(), any::<[u8; 32]>()).prop_map(|(kind, hash)| ContentId { kind, hash });
    vec(id, 0..5)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let numbers = vec(any::<u64>(), 7);
    let small = vec(any::<u32>(), 3);
    (
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
        numbers,
        small,
        any::<bool>(),
    )
        .prop_map(|(message, launch, n, s, trusted)| Envelope {
            message: MessageId(message),
            launch: LaunchHash(launch),
            epoch: Epoch(n[0]),
            hops: n[1],
            age: Span(n[2]),
            left: Span(n[3]),
            budget: Budget {
                fuel: n[4],
                hops: s[0],
                children: s[1],
                tags: s[2],
                bytes: n[5],
            },
            spawned: n[6],
            standing: if trusted {
                Standing::Trusted
            } else {
                Standing::Stranger
            },
            trace: TraceContext::of(&LaunchHash(launch)),
        })
}

fn end() -> impl Strategy<Value = End> {
    let frame =
        (any::<[u8; 32]>(), any::<u16>(), any::<u32>()).prop_map(|(brick, function, pc)| {
            TraceFrame {
                brick,
                function,
                pc,
            }
        });
    let message = proptest::option::of("[a-zé]{0,20}");
    prop_oneof![
        (any::<[u8; 32]>(), bytes()).prop_map(|(ty, value)| End::Done {
            ty: TypeHash(ty),
            value
        }),
        (any::<u8>(), message, vec(frame, 0..4)).prop_map(|(kind, message, frames)| End::Trap {
            kind,
            message,
            frames
        }),
        (0..7u8).prop_map(|code| End::Killed(Kill::from_code(code).expect("there are seven"))),
    ]
}

/// The route of a frame is told without taking it apart.
fn route_of(frame: &Frame<'_>) -> Route {
    let of = |hop: &HopNumber, by, part| Route::Hop(HopKey { hop: *hop, by }, part);
    let (from_a, from_b) = (Side::Sender, Side::Receiver);
    match frame {
        Frame::Offer(offer) => of(&offer.hop, from_a, Part::Step),
        Frame::Accept { hop, .. } | Frame::Prepared { hop, .. } => of(hop, from_b, Part::Step),
        Frame::State { hop, more, .. } => match more {
            More::Follows => of(hop, from_a, Part::Piece),
            More::Last => of(hop, from_a, Part::Step),
        },
        Frame::Commit { hop, .. } => of(hop, from_a, Part::Last),
        Frame::Refuse { hop, .. } => of(hop, from_b, Part::Last),
        Frame::Step { hop, step } => match step {
            BareStep::Query => of(hop, from_b, Part::Step),
            BareStep::Done | BareStep::Lost => of(hop, from_b, Part::Last),
            BareStep::Abort | BareStep::Unknown => of(hop, from_a, Part::Last),
        },
        Frame::Copy(_) => Route::Copy,
        _ => Route::Session,
    }
}

/// The frame comes back, and its bytes come back from it.
fn assert_roundtrip(frame: &Frame<'_>) {
    let bytes = frame.encode();
    let decoded = Frame::decode(&bytes).expect("it was just encoded");
    assert_eq!(&decoded, frame);
    assert_eq!(Route::of(&bytes), route_of(frame));
    for cut in 0..bytes.len() {
        assert!(
            Frame::decode(&bytes[..cut]).is_err(),
            "{cut} bytes are a frame too"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Frame::decode(&longer), Err(DecodeError::Trailing));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn steps_come_back(hop in hop(), incarnation: u64, missing in ids(), piece in bytes()) {
        let incarnation = Incarnation(incarnation);
        assert_roundtrip(&Frame::Hello { incarnation });
        assert_roundtrip(&Frame::Prepared { hop, incarnation });
        assert_roundtrip(&Frame::Commit { hop, incarnation });
        assert_roundtrip(&Frame::Accept { hop, missing: missing.clone() });
        assert_roundtrip(&Frame::Want(missing));
        for reason in HopError::ALL {
            assert_roundtrip(&Frame::Refuse { hop, reason });
        }
        for more in [More::Last, More::Follows] {
            assert_roundtrip(&Frame::State { hop, bytes: &piece, more });
        }
        let (done, lost) = (BareStep::Done, BareStep::Lost);
        for step in [done, lost, BareStep::Abort, BareStep::Query, BareStep::Unknown] {
            assert_roundtrip(&Frame::Step { hop, step });
        }
    }

    #[test]
    fn messages_come_back(
        hop in hop(),
        envelope in envelope(),
        state in bytes(),
        kind in content_kind(),
        piece in bytes(),
    ) {
        let attached = vec![(kind, &piece[..]), (kind, &state[..])];
        let state_len = state.len();
        let offer = Offer { hop, envelope, state_len, state: Some(&state), attached };
        assert_roundtrip(&Frame::Offer(Offer { state: None, attached: vec![], ..offer.clone() }));
        assert_roundtrip(&Frame::Code(offer.attached.clone()));
        assert_roundtrip(&Frame::Offer(offer));
        assert_roundtrip(&Frame::Copy(Copy { envelope, state: &state }));
    }

    #[test]
    fn reports_come_back(message: [u8; 32], at in node(), home in node(), end in end()) {
        let (message, launch) = (MessageId(message), LaunchHash(message));
        let report = Report { message, launch, at, end };
        assert_roundtrip(&Frame::Report { report, home, hops_left: 7 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever decodes is canonical; nothing panics.
    #[test]
    fn any_bytes_are_one_frame_or_an_error(kind in 0..18u8, rest in vec(any::<u8>(), 0..400)) {
        let bytes = [&[WIRE_VERSION, kind][..], &rest].concat();
        if let Ok(frame) = Frame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }

    /// The same, close to a frame that is right.
    #[test]
    fn damaged_frames_are_no_other_encoding(
        hop in hop(),
        envelope in envelope(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let attached = vec![(ContentKind::Launch, &[1, 2, 3][..])];
        let state = &[7; 40][..];
        let offer = Offer { hop, envelope, state_len: 40, state: Some(state), attached };
        let mut bytes = Frame::Offer(offer).encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(frame) = Frame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }
}

#[test]
fn other_versions_and_kinds_are_named() {
    assert_eq!(Frame::decode(&[1, 0, 0]), Err(DecodeError::Version(1)));
    assert_eq!(
        Frame::decode(&[WIRE_VERSION, 99]),
        Err(DecodeError::Unknown(99))
    );
    assert_eq!(Frame::decode(&[]), Err(DecodeError::Truncated));
    let long = vec![0; limits::FRAME_BYTES + 1];
    assert_eq!(Frame::decode(&long), Err(DecodeError::TooLong));
}

#[test]
fn a_count_without_its_items_allocates_nothing_much() {
    let mut bytes = vec![WIRE_VERSION, super::kind::WANT];
    bytes.extend([0xff, 0x1f]);
    assert_eq!(Frame::decode(&bytes), Err(DecodeError::Truncated));
    bytes.truncate(2);
    bytes.extend([0x81, 0x20]);
    assert_eq!(Frame::decode(&bytes), Err(DecodeError::TooLong));
}

#[test]
fn an_inline_state_is_bounded() {
    let state = vec![0; limits::INLINE_STATE_BYTES + 1];
    let envelope = Envelope {
        message: MessageId::default(),
        launch: LaunchHash::default(),
        epoch: Epoch(1),
        hops: 1,
        age: Span::ZERO,
        left: Span::ZERO,
        budget: Budget {
            fuel: 0,
            hops: 0,
            children: 0,
            tags: 0,
            bytes: 0,
        },
        spawned: 0,
        standing: Standing::Stranger,
        trace: TraceContext::default(),
    };
    let hop = HopNumber::default();
    let state_len = state.len();
    let offer = Offer {
        hop,
        envelope,
        state_len,
        state: Some(&state),
        attached: vec![],
    };
    assert_eq!(
        Frame::decode(&Frame::Offer(offer).encode()),
        Err(DecodeError::TooLong)
    );
}
