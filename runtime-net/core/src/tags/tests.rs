//! The Tag Space against its table of rights, its clock, its quotas, and a naive reference.

use proptest::prelude::*;

use super::*;
use crate::ids::TypeHash;

const NOW: Time = Time(1_000);

fn author(byte: u8) -> Actor {
    Actor {
        author: AuthorId([byte; 32]),
        standing: Standing::Trusted,
    }
}

fn stranger(byte: u8) -> Actor {
    Actor {
        standing: Standing::Stranger,
        ..author(byte)
    }
}

fn name(byte: u8) -> TagName {
    TagName::plain([byte; 32])
}

fn spec(name: &TagName) -> TagSpec<'_> {
    TagSpec {
        name,
        display: "temperature",
        ty: TypeHash([9; 32]),
        descriptor: &[],
        read: Access::Any,
        write: Access::Any,
        lifetime: None,
        program: [0; 32],
    }
}

fn message(byte: u8) -> MessageId {
    MessageId([byte; 32])
}

#[test]
fn a_tag_is_created_read_written_and_deleted() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let a = author(1);
    assert!(!space.has(NOW, &a, &t));
    assert_eq!(space.create(NOW, &a, &spec(&t), b"75"), Ok(()));
    assert_eq!(space.read(NOW, &author(2), &t), Some(&b"75"[..]));
    assert_eq!(
        space.create(NOW, &a, &spec(&t), b"80"),
        Err(TagError::Exists)
    );
    assert_eq!(
        space.write(NOW, &author(2), &spec(&t), b"80"),
        Ok(Written::Kept)
    );
    assert_eq!(space.read(NOW, &a, &t), Some(&b"80"[..]));
    assert!(space.delete(NOW, &a, &t));
    assert!(!space.delete(NOW, &a, &t));
    assert_eq!(space.usage(), Usage::default());
}

/// One row of the table in the module's documentation for each pair of rights.
#[test]
fn rights_are_as_the_table_says() {
    let t = name(1);
    let made = |read, write| {
        let mut space = TagSpace::default();
        let with = TagSpec {
            read,
            write,
            ..spec(&t)
        };
        space
            .create(NOW, &author(1), &with, b"x")
            .expect("there is room");
        space
    };
    let (any, owner) = (Access::Any, Access::Owner);
    // (read, write, has, create, write, delete), as another author meets them
    let rows = [
        (any, any, true, TagError::Exists, Ok(Written::Kept), true),
        (
            any,
            owner,
            true,
            TagError::Exists,
            Err(TagError::Refused),
            false,
        ),
        (
            owner,
            any,
            false,
            TagError::Refused,
            Ok(Written::Kept),
            true,
        ),
        (
            owner,
            owner,
            false,
            TagError::Refused,
            Err(TagError::Refused),
            false,
        ),
    ];
    for (read, write, has, create, written, delete) in rows {
        for other in [author(2), stranger(1), stranger(2)] {
            let mut space = made(read, write);
            assert_eq!(space.has(NOW, &other, &t), has);
            assert_eq!(space.read(NOW, &other, &t).is_some(), has);
            assert_eq!(space.version(NOW, &other, &t) != 0, has);
            assert_eq!(space.create(NOW, &other, &spec(&t), b"y"), Err(create));
            assert_eq!(space.write(NOW, &other, &spec(&t), b"y"), written);
            assert_eq!(space.delete(NOW, &other, &t), delete);
        }
        let mut space = made(read, write);
        assert!(space.has(NOW, &author(1), &t));
        assert!(space.write(NOW, &author(1), &spec(&t), b"y").is_ok());
        assert!(space.delete(NOW, &author(1), &t));
    }
}

#[test]
fn what_a_stranger_creates_belongs_to_no_owner() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let with = TagSpec {
        read: Access::Owner,
        write: Access::Owner,
        ..spec(&t)
    };
    space
        .create(NOW, &stranger(1), &with, b"forged")
        .expect("there is room");
    assert_eq!(space.read(NOW, &author(1), &t), None);
    assert_eq!(space.read(NOW, &stranger(1), &t), None);
}

#[test]
fn a_tag_is_absent_from_the_instant_its_lifetime_ends() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let brief = TagSpec {
        lifetime: Some(Span(10)),
        ..spec(&t)
    };
    space
        .create(NOW, &author(1), &brief, b"x")
        .expect("there is room");
    assert_eq!(space.next_expiry(), Some(Time(1_010)));
    assert!(space.has(Time(1_009), &author(1), &t));
    assert!(!space.has(Time(1_010), &author(1), &t));
    assert!(!space.delete(Time(1_010), &author(1), &t));
    // The name is free again although nothing has been swept.
    assert_eq!(
        space.create(Time(1_010), &author(2), &spec(&t), b"y"),
        Ok(())
    );
    assert_eq!(space.next_expiry(), None);
    assert_eq!(space.expire(Time::NEVER), []);
}

#[test]
fn a_lifetime_counts_from_the_last_write() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let brief = TagSpec {
        lifetime: Some(Span(10)),
        ..spec(&t)
    };
    space
        .write(NOW, &author(1), &brief, b"x")
        .expect("there is room");
    space
        .write(Time(1_005), &author(1), &brief, b"y")
        .expect("there is room");
    assert_eq!(space.expire(Time(1_014)), []);
    assert_eq!(space.expire(Time(1_015)), [t]);
    assert_eq!(space.usage(), Usage::default());
}

#[test]
fn creating_and_writing_wake_and_nothing_else_does() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let a = author(1);
    let waiter = |byte| Waiter {
        message: message(byte),
        actor: a,
    };
    assert_eq!(space.block(NOW, &t, waiter(1), None), None);
    assert_eq!(space.block(NOW, &t, waiter(2), None), None);
    space
        .create(
            NOW,
            &a,
            &TagSpec {
                lifetime: Some(Span(5)),
                ..spec(&t)
            },
            b"x",
        )
        .expect("room");
    let woken = space.take_woken();
    assert_eq!(
        woken.iter().map(|w| w.message).collect::<Vec<_>>(),
        [message(1), message(2)]
    );
    assert_eq!(&*woken[0].value, b"x");
    space.block(NOW, &t, waiter(3), None);
    space.expire(Time(2_000));
    space
        .create(NOW, &a, &spec(&name(2)), b"other")
        .expect("room");
    assert_eq!(space.take_woken(), []);
    space.write(NOW, &a, &spec(&t), b"y").expect("room");
    space.delete(NOW, &a, &t);
    assert_eq!(
        space.take_woken(),
        [Wake {
            message: message(3),
            value: (*b"y").into()
        }]
    );
}

#[test]
fn who_may_not_read_sleeps_on() {
    let (mut space, t) = (TagSpace::default(), name(1));
    space.block(
        NOW,
        &t,
        Waiter {
            message: message(2),
            actor: author(2),
        },
        None,
    );
    space.block(
        NOW,
        &t,
        Waiter {
            message: message(1),
            actor: author(1),
        },
        None,
    );
    let private = TagSpec {
        read: Access::Owner,
        ..spec(&t)
    };
    space.create(NOW, &author(1), &private, b"x").expect("room");
    assert_eq!(space.take_woken().len(), 1);
    space.unblock(message(2));
    space.delete(NOW, &author(1), &t);
    space
        .create(NOW, &author(1), &spec(&t), b"x")
        .expect("room");
    assert_eq!(space.take_woken(), []);
}

#[test]
fn block_after_a_version_misses_nothing() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let a = author(1);
    space.create(NOW, &a, &spec(&t), b"x").expect("room");
    let seen = space.version(NOW, &a, &t);
    let waiter = Waiter {
        message: message(1),
        actor: a,
    };
    assert_eq!(space.block(NOW, &t, waiter, Some(seen)), None);
    space.unblock(message(1));
    space.write(NOW, &a, &spec(&t), b"y").expect("room");
    assert_eq!(
        space.block(NOW, &t, waiter, Some(seen)).as_deref(),
        Some(&b"y"[..])
    );
    // Deleting and creating again does not take the version back.
    let seen = space.version(NOW, &a, &t);
    space.delete(NOW, &a, &t);
    assert_eq!(space.block(NOW, &t, waiter, Some(seen)), None);
    space.create(NOW, &a, &spec(&t), b"z").expect("room");
    assert!(space.version(NOW, &a, &t) > seen);
}

#[test]
fn quotas_of_author_and_node_hold_and_the_writer_pays() {
    let one = limits::TAG_OVERHEAD_BYTES + "temperature".len() + 32 + 10;
    let limits = TagLimits {
        author: Usage {
            tags: 2,
            bytes: 2 * one,
        },
        node: Usage {
            tags: 3,
            bytes: 3 * one,
        },
    };
    let mut space = TagSpace::new(limits, 7);
    let names: Vec<TagName> = (0..4).map(name).collect();
    let value = [0; 10];
    assert_eq!(
        space.create(NOW, &author(1), &spec(&names[0]), &value),
        Ok(())
    );
    assert_eq!(
        space.create(NOW, &author(1), &spec(&names[1]), &value),
        Ok(())
    );
    assert_eq!(
        space.create(NOW, &author(1), &spec(&names[2]), &value),
        Err(TagError::Full)
    );
    assert_eq!(
        space.create(NOW, &author(2), &spec(&names[2]), &value),
        Ok(())
    );
    assert_eq!(
        space.create(NOW, &author(3), &spec(&names[3]), &value),
        Err(TagError::Full)
    );
    // A value that does not fit leaves the old one.
    assert_eq!(
        space.write(NOW, &author(2), &spec(&names[0]), &[1; 50]),
        Err(TagError::Full)
    );
    assert_eq!(space.read(NOW, &author(1), &names[0]), Some(&value[..]));
    // Author 2 writes a tag of author 1 and pays for it from then on.
    assert_eq!(
        space.write(NOW, &author(2), &spec(&names[0]), &value),
        Ok(Written::Kept)
    );
    assert_eq!(space.usage_of(AuthorId([1; 32])).tags, 1);
    assert_eq!(space.usage_of(AuthorId([2; 32])).tags, 2);
}

#[test]
fn a_driver_keeps_its_tag() {
    let (mut space, t) = (TagSpace::default(), name(1));
    let a = author(1);
    space.block(
        NOW,
        &t,
        Waiter {
            message: message(1),
            actor: a,
        },
        None,
    );
    space.drive(&spec(&t), b"20");
    assert_eq!(space.take_woken().len(), 1);
    assert_eq!(
        space.write(NOW, &a, &spec(&t), b"30"),
        Ok(Written::ForDriver)
    );
    assert_eq!(space.read(NOW, &a, &t), Some(&b"20"[..]));
    assert!(!space.delete(NOW, &a, &t));
    let seen = space.version(NOW, &a, &t);
    space.drive(&spec(&t), b"30");
    assert!(space.version(NOW, &a, &t) > seen);
    space.undrive(&t);
    assert!(!space.has(NOW, &a, &t));
    assert_eq!(space.usage(), Usage::default());
}

#[test]
fn oversize_is_full() {
    let mut space = TagSpace::default();
    let long = TagName {
        base: [1; 32],
        key: vec![0; limits::TAG_KEY_BYTES + 1].into(),
    };
    let big = vec![0; limits::TAG_VALUE_BYTES + 1];
    assert_eq!(
        space.create(NOW, &author(1), &spec(&long), b""),
        Err(TagError::Full)
    );
    assert_eq!(
        space.create(NOW, &author(1), &spec(&name(1)), &big),
        Err(TagError::Full)
    );
    assert_eq!(space.usage(), Usage::default());
}

#[derive(Clone, Debug)]
enum Op {
    Create(u8, u8, Option<u8>),
    Write(u8, u8, u8),
    Delete(u8, u8),
    Wait(u8),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..3u8, 0..3u8, proptest::option::of(1..20u8)).prop_map(|(a, t, l)| Op::Create(a, t, l)),
        (0..3u8, 0..3u8, 0..40u8).prop_map(|(a, t, n)| Op::Write(a, t, n)),
        (0..3u8, 0..3u8).prop_map(|(a, t)| Op::Delete(a, t)),
        (0..10u8).prop_map(Op::Wait),
        Just(Op::Sweep),
    ]
}

proptest! {
    /// Whatever is done, the books agree with the tags, and sweeping changes nothing visible.
    #[test]
    fn the_books_balance(ops in proptest::collection::vec(op(), 0..60)) {
        let mut space = TagSpace::new(
 TagLimits {
            author: Usage { tags: 2, bytes: 500 },
            node: Usage { tags: 4, bytes: 800 },
        }, 7);
        let mut now = NOW;
        for op in ops {
            match op {
                Op::Create(a, t, life) => {
                    let (t, life) = (name(t), life.map(|l| Span(u64::from(l))));
                    let with = TagSpec { lifetime: life, write: Access::Owner, ..spec(&t) };
                    let _ = space.create(now, &author(a), &with, &[a]);
                }
                Op::Write(a, t, n) => {
                    let t = name(t);
                    let _ = space.write(now, &author(a), &spec(&t), &vec![a; n.into()]);
                }
                Op::Delete(a, t) => { space.delete(now, &author(a), &name(t)); }
                Op::Wait(n) => now = now + Span(n.into()),
                Op::Sweep => {
                    let before: Vec<_> = space.iter(now).map(|(n, _)| n.clone()).collect();
                    space.expire(now);
                    let after: Vec<_> = space.iter(now).map(|(n, _)| n.clone()).collect();
                    prop_assert_eq!(before, after);
                }
            }
            let total = space.usage();
            prop_assert!(total.tags <= 4 && total.bytes <= 800);
            let sum = (0..3).map(|a| space.usage_of(AuthorId([a; 32])).bytes).sum::<usize>();
            prop_assert_eq!(sum, total.bytes);
        }
        space.expire(Time(u64::MAX - 1));
        let bytes: usize = space.iter(now).map(|(n, t)| n.bytes() + t.bytes()).sum();
        prop_assert_eq!(bytes, space.usage().bytes);
    }
}
