//! Each checker lets a good run pass and finds the fault that it is there to find.

use sm_core::hop::Doubt;
use sm_core::ids::{AuthorId, Epoch, HopId, NodeId, Span, TypeHash};
use sm_core::node::{End, Kill, Step, Trace};
use sm_core::tags::{Access, Keeper, Standing};

use super::*;
use crate::network::Memory;
use crate::trace::Event;

const ONE: NodeIx = NodeIx(0);
const TWO: NodeIx = NodeIx(1);

fn message(byte: u8) -> MessageId {
    MessageId([byte; 32])
}

fn facts(node: NodeIx, runnable: &[u8]) -> Facts {
    Facts {
        node,
        up: true,
        now: Time(1_000),
        runnable: runnable.iter().map(|byte| message(*byte)).collect(),
        held: runnable.iter().map(|byte| message(*byte)).collect(),
        doubts: Vec::new(),
        tags: None,
        usage: Usage {
            tags: 1,
            bytes: 1_000,
        },
        limit: Usage {
            tags: 2,
            bytes: 2_000,
        },
    }
}

fn doubt(byte: u8) -> Doubt {
    Doubt {
        hop: HopId::default(),
        message: message(byte),
        peer: NodeId([2; 32]),
        expires: Time::NEVER,
    }
}

fn step(node: NodeIx, at: u64, byte: u8, step: Step) -> Record {
    let trace = Trace {
        at: Time(at),
        message: message(byte),
        step,
    };
    Record {
        at: Time(at),
        event: Event::Step { node, trace },
    }
}

fn down(node: NodeIx, memory: Memory) -> Record {
    Record {
        at: Time(1_000),
        event: Event::NodeDown {
            node,
            memory,
            untold: 0,
        },
    }
}

fn tag(read: Access) -> TagFacts {
    TagFacts {
        name: TagName::plain([1; 32]),
        tag: Tag {
            display: "t".into(),
            ty: TypeHash([9; 32]),
            descriptor: Box::default(),
            value: [0; 10].into(),
            read,
            write: Access::Any,
            author: AuthorId([1; 32]),
            standing: Standing::Trusted,
            payer: AuthorId([1; 32]),
            program: [0; 32],
            version: 1,
            lifetime: Some(Span(500)),
            expires: Time(1_400),
            keeper: Keeper::Programs,
        },
        payer: Usage {
            tags: 1,
            bytes: 200,
        },
        readable_by_strangers: read != Access::Owner,
        readable_by_author: true,
    }
}

fn with_tags(now: u64, tags: Vec<TagFacts>) -> Facts {
    Facts {
        now: Time(now),
        tags: Some(tags),
        ..facts(ONE, &[])
    }
}

#[test]
fn a_message_at_two_nodes_is_found() {
    let mut checker = OneCopy::default();
    assert_eq!(checker.facts(&facts(ONE, &[1, 2])), Ok(()));
    assert_eq!(checker.facts(&facts(TWO, &[3])), Ok(()));
    assert!(checker.facts(&facts(TWO, &[2, 3])).is_err());
}

#[test]
fn a_message_that_moves_or_comes_back_is_fine() {
    let mut checker = OneCopy::default();
    for (node, runnable) in [
        (ONE, &[1][..]),
        (ONE, &[]),
        (TWO, &[1]),
        (TWO, &[]),
        (ONE, &[1]),
    ] {
        assert_eq!(checker.facts(&facts(node, runnable)), Ok(()));
    }
}

#[test]
fn lifetimes_are_counted_from_the_last_write() {
    let written = |at| {
        let (display, name) = ("t".to_owned(), TagName::plain([1; 32]));
        step(
            ONE,
            at,
            1,
            Step::TagWritten {
                display,
                tag: name,
                value: Vec::new(),
            },
        )
    };
    let seen = |version, expires| {
        let mut fact = tag(Access::Any);
        fact.tag.version = version;
        fact.tag.expires = Time(expires);
        vec![fact]
    };
    let started = || {
        let mut checker = Lifetimes::default();
        assert_eq!(checker.event(&written(900)), Ok(()));
        assert_eq!(checker.facts(&with_tags(1_000, seen(1, 1_400))), Ok(()));
        checker
    };
    // Written again, it lives longer; over, it is gone.
    let mut checker = started();
    assert_eq!(checker.event(&written(1_300)), Ok(()));
    assert_eq!(checker.facts(&with_tags(1_300, seen(2, 1_800))), Ok(()));
    assert_eq!(checker.facts(&with_tags(1_800, Vec::new())), Ok(()));
    // It lives too long, or is there although it is over, or ends too early.
    assert!(started().facts(&with_tags(1_100, seen(1, 1_500))).is_err());
    assert!(started().facts(&with_tags(1_400, seen(1, 1_400))).is_err());
    let mut checker = started();
    assert_eq!(checker.facts(&with_tags(1_399, Vec::new())), Ok(()));
    let much_later = with_tags(2_000_000_000, Vec::new());
    assert!(checker.facts(&much_later).is_err());
    for wrong in [1_799, 1_811] {
        let mut checker = started();
        assert_eq!(checker.event(&written(1_300)), Ok(()));
        assert!(checker.facts(&with_tags(1_310, seen(2, wrong))).is_err());
    }
    // A delete or a crash may end it at any time, and a delete be told when it is stored.
    let (display, name) = ("t".to_owned(), TagName::plain([1; 32]));
    let deleted = step(ONE, 1_100, 1, Step::TagDeleted { display, tag: name });
    let mut checker = started();
    assert_eq!(checker.event(&deleted), Ok(()));
    assert_eq!(checker.facts(&with_tags(1_100, Vec::new())), Ok(()));
    assert_eq!(checker.facts(&much_later), Ok(()));
    let mut checker = started();
    assert_eq!(checker.facts(&with_tags(1_100, Vec::new())), Ok(()));
    assert_eq!(checker.event(&deleted), Ok(()));
    assert_eq!(checker.facts(&much_later), Ok(()));
    let mut checker = started();
    assert_eq!(checker.event(&down(ONE, Memory::Kept)), Ok(()));
    assert_eq!(checker.facts(&with_tags(1_100, Vec::new())), Ok(()));
}

#[test]
fn a_private_tag_that_strangers_read_is_found() {
    let check = |fact: TagFacts| Rights.facts(&with_tags(1_000, vec![fact]));
    assert_eq!(check(tag(Access::Owner)), Ok(()));
    assert_eq!(check(tag(Access::Any)), Ok(()));
    assert!(
        check(TagFacts {
            readable_by_strangers: true,
            ..tag(Access::Owner)
        })
        .is_err()
    );
    assert!(
        check(TagFacts {
            readable_by_author: false,
            ..tag(Access::Owner)
        })
        .is_err()
    );
    assert!(
        check(TagFacts {
            readable_by_author: false,
            ..tag(Access::Any)
        })
        .is_err()
    );
    // What a stranger made belongs to no owner.
    let mut stranger = TagFacts {
        readable_by_author: false,
        ..tag(Access::Owner)
    };
    stranger.tag.standing = Standing::Stranger;
    assert_eq!(check(stranger), Ok(()));
}

#[test]
fn more_than_a_node_grants_is_found() {
    let check = |facts: Facts| Quotas.facts(&facts);
    let good = || with_tags(1_000, vec![tag(Access::Any)]);
    assert_eq!(check(good()), Ok(()));
    assert!(
        check(Facts {
            usage: Usage {
                tags: 3,
                bytes: 1_000
            },
            ..good()
        })
        .is_err()
    );
    assert!(
        check(Facts {
            usage: Usage {
                tags: 1,
                bytes: 3_000
            },
            ..good()
        })
        .is_err()
    );
    assert!(
        check(Facts {
            usage: Usage {
                tags: 0,
                bytes: 1_000
            },
            ..good()
        })
        .is_err()
    );
    let unpaid = TagFacts {
        payer: Usage { tags: 1, bytes: 5 },
        ..tag(Access::Any)
    };
    assert!(check(with_tags(1_000, vec![unpaid])).is_err());
}

#[test]
fn a_missing_message_is_found_unless_a_crash_took_it() {
    let begun = || {
        let mut checker = Converges::default();
        assert_eq!(checker.event(&step(ONE, 1, 1, Step::Launched)), Ok(()));
        assert_eq!(checker.facts(&facts(ONE, &[1])), Ok(()));
        checker
    };
    let empty = || [facts(ONE, &[]), facts(TWO, &[])];
    assert!(begun().end(&empty()).is_err());
    assert_eq!(begun().end(&[facts(ONE, &[]), facts(TWO, &[1])]), Ok(()));
    let mut ended = begun();
    let end = step(ONE, 2, 1, Step::Ended(End::Killed(Kill::Lifetime)));
    assert_eq!(ended.event(&end), Ok(()));
    assert_eq!(ended.end(&empty()), Ok(()));
    let mut crashed = begun();
    assert_eq!(crashed.event(&down(ONE, Memory::Lost)), Ok(()));
    assert_eq!(crashed.end(&empty()), Ok(()));
    let mut remembers = begun();
    assert_eq!(remembers.event(&down(ONE, Memory::Kept)), Ok(()));
    assert!(remembers.end(&empty()).is_err());
    // The crash of a node that it has left is no excuse.
    let mut moved = begun();
    let from = NodeId([1; 32]);
    let arrived = step(
        TWO,
        2,
        1,
        Step::Arrived {
            from,
            epoch: Epoch(1),
        },
    );
    assert_eq!(moved.facts(&facts(ONE, &[])), Ok(()));
    assert_eq!(moved.event(&arrived), Ok(()));
    assert_eq!(moved.event(&down(ONE, Memory::Lost)), Ok(()));
    assert!(moved.end(&empty()).is_err());
}

#[test]
fn doubt_and_absence_after_healing_are_found() {
    let end = |facts: Facts| Converges::default().end(&[facts]);
    assert_eq!(end(facts(ONE, &[])), Ok(()));
    assert!(
        end(Facts {
            doubts: vec![doubt(1)],
            ..facts(ONE, &[])
        })
        .is_err()
    );
    assert!(
        end(Facts {
            up: false,
            ..facts(ONE, &[])
        })
        .is_err()
    );
}
