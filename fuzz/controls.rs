//! What operators and nodes say to each other, one of each kind.

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_net::control::protocol::{
    Access, Answer, Connect, Connection, Content, Doing, End, Event, Explained, Has, Launch,
    Message, Migrate, Move, Neighbor, Order, Outcome, Refusal, Request, Server, Status, Tag,
    TagName, Topic, What,
};

use super::nodes;

const NAME: [u8; 32] = [7; 32];

/// One of each, a launch of the sample first.
pub(crate) fn requests(bundle: &Bundle) -> Vec<Request> {
    let bricks = bundle
        .bricks
        .iter()
        .map(|one| (Content::Brick, one.encode()));
    let modules = bundle
        .modules
        .iter()
        .map(|one| (Content::Module, one.encode()));
    let program = (Content::Program, bundle.program.encode());
    let launch = Launch {
        record: nodes::launch_record(bundle),
        content: bricks.chain(modules).chain([program]).collect(),
        watch: true,
    };
    let connect = Connect {
        key: NAME,
        address: Some("127.0.0.1:7700".to_owned()),
        name: Some("shore".to_owned()),
    };
    vec![
        Request::Launch(Box::new(launch)),
        Request::Status,
        Request::Messages,
        Request::Follow(Topic::Launch(NAME)),
        Request::Kill(NAME),
        Request::Neighbors,
        Request::Connect(connect),
        Request::Tags,
        Request::PutTag(Box::new(tag())),
        Request::RemoveTag(tag().name),
        Request::Stop,
        Request::Connections,
        Request::Explain([7; 16]),
        Request::Migrate(Box::new(Migrate {
            which: Some([7; 16]),
            to: Some(NAME),
            pause: 50_000_000,
            at_once: Some(10),
            order: Order::Smallest,
            deadline: Some(1 << 40),
            drain: true,
            dry_run: false,
        })),
    ]
}

/// One of each, and the events that carry most.
pub(crate) fn answers() -> Vec<Answer> {
    let tag = tag();
    let events = [
        What::TagWritten {
            tag: tag.name.clone(),
            display: tag.display.clone(),
            descriptor: tag.descriptor.clone(),
            value: tag.value.clone(),
        },
        What::Ended(End::Trap {
            kind: 1,
            message: Some("it is wrong".to_owned()),
            frames: vec![(NAME, 1, 2)],
        }),
        What::Reported {
            at: NAME,
            end: End::Done {
                ty: tag.ty,
                value: tag.value.clone(),
            },
        },
        What::Printed("hello".to_owned()),
    ];
    let event = |what| {
        Answer::Event(Box::new(Event {
            at: 1_000,
            message: NAME,
            launch: Some(NAME),
            what,
        }))
    };
    let others = [
        Answer::Done,
        Answer::Found(true),
        Answer::Refused(Refusal {
            by_policy: true,
            reason: "no".to_owned(),
        }),
        Answer::Status(Box::new(status())),
        Answer::Messages(vec![message()]),
        Answer::Neighbors(vec![neighbor()]),
        Answer::Tags(vec![tag]),
        Answer::Missed(3),
        Answer::Connections(vec![connection()]),
        Answer::Explained(Box::new(Explained {
            connection: connection(),
            candidates: vec![Server {
                key: NAME,
                address: "127.0.0.1:7701".to_owned(),
                linked: true,
                round_trip: Some(80_000),
                gap: Some(200_000),
                transfer: Some(40_000),
                replay: None,
            }],
        })),
        Answer::Move(Box::new(Move {
            id: [7; 16],
            count: (1, 3),
            outcome: Outcome::Stays("no client is attached".to_owned()),
        })),
    ];
    events.map(event).into_iter().chain(others).collect()
}

fn connection() -> Connection {
    Connection {
        id: [7; 16],
        epoch: 2,
        has: Has::Leaving(NAME),
        attached: true,
        bytes: 12_000,
        log: 300,
        standbys: vec![NAME],
        round_trip: Some(120_000),
        blocked: Some("its log is over".to_owned()),
    }
}

/// A member of a family, `seen("a")`.
fn tag() -> Tag {
    let types = TypeTable::from_types(vec![Type::Int]);
    let ty = types.hash(TypeIx(0)).expect("a type");
    let keys = TypeTable::from_types(vec![Type::Str]);
    let key = sm_vm::Value::Str("a".to_owned());
    let keys_hash = keys.hash(TypeIx(0)).expect("a type");
    Tag {
        name: TagName {
            base: sm_vm::tag_identity("seen", ty, &[keys_hash], None),
            key: sm_vm::value::encode(&key, &keys, TypeIx(0)).expect("a key"),
        },
        display: "seen".to_owned(),
        ty: ty.0,
        descriptor: types.descriptor(TypeIx(0)).expect("a descriptor"),
        value: sm_vm::value::encode(&sm_vm::Value::Int(3), &types, TypeIx(0)).expect("a value"),
        access: (Access::Any, Access::Owner),
        driver: false,
        lifetime: Some(5_000_000_000),
        left: Some(1),
        version: 2,
    }
}

fn message() -> Message {
    Message {
        message: NAME,
        launch: NAME,
        author: NAME,
        home: NAME,
        doing: Doing::Blocked(Some(3)),
        hops: 1,
        age: 2,
        left: 3,
        bytes: 4,
    }
}

fn neighbor() -> Neighbor {
    Neighbor {
        key: NAME,
        name: Some("shore".to_owned()),
        address: Some("127.0.0.1:7700".to_owned()),
        linked: Some(1),
        incarnation: Some(2),
        round_trip: Some(3),
        trouble: Some("it was silent".to_owned()),
    }
}

fn status() -> Status {
    Status {
        name: "shore".to_owned(),
        key: NAME,
        incarnation: 1,
        listen: vec!["127.0.0.1:7700".to_owned()],
        pid: 2,
        age: 3,
        neighbors: 4,
        messages: 5,
        in_doubt: 6,
        tags: 7,
        hops: (8, 9),
        copies: (10, 11),
        bytes: (12, 13, 14),
        fuel: 15,
        refused: 16,
    }
}
