//! Recordings: what is written is read, wherever it is cut off, and replays to the same hashes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::content::ContentKind;
use crate::engine::Vm;
use crate::ids::{Attachment, AuthorId, MessageId, NodeId, SessionId, StoreToken, TypeHash};
use crate::mtcp::{ConnectionId, End, Offsets, Reason};
use crate::node::{Authors, Happening, NodeLimits, Policy, Rules, TagChange};
use crate::tags::{Access, Keeper, TagName};

fn change(base: [u8; 32], key: Vec<u8>, value: Vec<u8>, driver: bool) -> TagChange {
    TagChange {
        keeper: if driver {
            Keeper::Driver
        } else {
            Keeper::Programs
        },
        name: TagName {
            base,
            key: key.into(),
        },
        display: "temperature".to_owned(),
        ty: TypeHash(base),
        descriptor: value.clone(),
        access: (Access::Any, Access::Owner),
        lifetime: driver.then_some(Span(5)),
        program: [0; 32],
        value,
    }
}

/// One input of each kind.
fn inputs<'a>(key: [u8; 32], number: u64, bytes: &'a [u8]) -> Vec<Input<'a>> {
    let name = TagName {
        base: key,
        key: bytes.into(),
    };
    vec![
        Input::Content(ContentKind::Brick, bytes),
        Input::Launch(bytes),
        Input::SessionUp(SessionId(number), NodeId(key)),
        Input::SessionDown(SessionId(number)),
        Input::Frame(SessionId(number), bytes),
        Input::Broadcast(NodeId(key), bytes),
        Input::Backlog(SessionId(number), 7),
        Input::Stored(StoreToken(number)),
        Input::Timeout,
        Input::Run(number),
        Input::Tag(Box::new(change(key, bytes.to_vec(), bytes.to_vec(), true))),
        Input::Tag(Box::new(change(key, Vec::new(), bytes.to_vec(), false))),
        Input::TagGone(name),
        Input::Kill(MessageId(key)),
        Input::Date(number),
        Input::Rules(Box::new(rules(key, number))),
    ]
    .into_iter()
    .chain(connections(key, number, bytes))
    .collect()
}

fn connections<'a>(key: [u8; 32], number: u64, bytes: &[u8]) -> Vec<Input<'a>> {
    let name = ConnectionId([7; 16]);
    let offsets = Offsets {
        read: number,
        written: 2,
        finished: true,
        limit: 3,
    };
    let happenings = [
        Happening::Opened {
            name,
            launch: bytes.to_vec(),
            offsets,
        },
        Happening::Arrived {
            name,
            snapshot: bytes.to_vec(),
            servers: vec![AuthorId(key), AuthorId([2; 32])],
            offsets,
        },
        Happening::Input {
            bytes: bytes.to_vec(),
            ended: true,
        },
        Happening::Room(number),
        Happening::Wanted,
        Happening::Thawed,
        Happening::NoWay,
        Happening::Gone(End::Done),
        Happening::Gone(End::Moved),
        Happening::Gone(End::Reset(Reason::Lost)),
    ];
    let each = |happening| Input::Connection(Attachment(number), Box::new(happening));
    happenings.into_iter().map(each).collect()
}

fn rules(key: [u8; 32], number: u64) -> Rules {
    let only = Authors::Only([AuthorId(key)].into());
    Rules {
        limits: NodeLimits {
            bytes: number,
            ..NodeLimits::default()
        },
        policy: Policy {
            authors: only.clone(),
            carriers: [(NodeId(key), Authors::Any)].into(),
            others: only,
        },
    }
}

fn recorder(records: Vec<(Vec<u8>, Vec<u8>)>) -> (Recorder, Config, Boot) {
    let config = Config::new(NodeId([1; 32]));
    let boot = Boot {
        now: Time(100),
        records,
        ..Boot::default()
    };
    (Recorder::new(&config, &boot), config, boot)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_input_comes_back(
        key: [u8; 32],
        number: u64,
        bytes in vec(any::<u8>(), 0..50),
        records in vec((vec(any::<u8>(), 0..4), vec(any::<u8>(), 0..4)), 0..3),
        gap in 0..1_000_000u64,
    ) {
        let (mut recorder, config, boot) = recorder(records);
        let mut times = Vec::new();
        for (index, input) in (1..).zip(inputs(key, number, &bytes)) {
            let now = Time(100 + gap * index);
            recorder.input(now, &input);
            times.push(now);
        }
        let written = recorder.take();
        let mut recording = Recording::open(&written).expect("it was just written");
        prop_assert_eq!(&recording.config, &config);
        prop_assert_eq!(&recording.boot, &boot);
        for (now, input) in times.into_iter().zip(inputs(key, number, &bytes)) {
            prop_assert_eq!(recording.entry(), Ok(Some(Entry::Input(now, input))));
        }
        prop_assert_eq!(recording.entry(), Ok(None));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let (mut recorder, ..) = recorder(Vec::new());
        let written = [recorder.take(), bytes.clone()].concat();
        let mut recording = Recording::open(&written).expect("its beginning is right");
        while let Ok(Some(_)) = recording.entry() {}
        prop_assert!(Recording::open(&bytes).is_err());
    }
}

#[test]
fn an_end_in_the_middle_leaves_out_the_last_entry() {
    let (mut recorder, ..) = recorder(Vec::new());
    let head = recorder.take().len();
    recorder.input(Time(101), &Input::Date(1));
    recorder.input(Time(102), &Input::Launch(&[1; 20]));
    let mut written = Recorder::new(&Config::new(NodeId([1; 32])), &boot_at_100()).take();
    written.extend(recorder.take());
    for cut in head + 4..written.len() {
        let mut recording = Recording::open(&written[..cut]).expect("the head is whole");
        let first = recording.entry().expect("it was written so");
        assert_eq!(first, Some(Entry::Input(Time(101), Input::Date(1))));
        assert_eq!(recording.entry(), Ok(None), "cut at {cut}");
    }
}

fn boot_at_100() -> Boot {
    Boot {
        now: Time(100),
        ..Boot::default()
    }
}

/// A node that is fed the same has the same hashes; one that is fed anything else has others.
#[test]
fn the_hashes_tell_lives_apart() {
    let live = |value: u8| {
        let mut node = Node::<Vm>::new(Config::new(NodeId([1; 32])), boot_at_100());
        let mut outputs = Outputs::default();
        let change = change([2; 32], Vec::new(), vec![value], false);
        node.handle(Time(101), Input::Tag(Box::new(change)));
        node.handle(Time(102), Input::SessionUp(SessionId(1), NodeId([3; 32])));
        while let Some(output) = node.poll_output() {
            outputs.add(&output);
        }
        outputs.checkpoint(&node)
    };
    assert_eq!(live(1), live(1));
    assert_ne!(live(1).state, live(2).state);
    assert_ne!(live(1).outputs, live(2).outputs);
}
