//! Several drivers in one node.

use std::time::Duration;

use sm_bytecode::{Type, TypeTable};
use sm_net::io::{
    Clock, ClockForm, Constant, Driver, Drivers, Event, Form, Process, Restart, Tag, TextTag,
};
use sm_vm::Value;

use crate::bench::{PATIENCE, event, fault, start};

fn constant(name: &str) -> Constant {
    let mut types = TypeTable::new();
    let ty = types.intern(Type::Int);
    let tag = Tag::new(name, (&types, ty), Some(&Value::Int(5))).expect("a value of the type");
    Constant::new(tag)
}

#[tokio::test]
async fn a_constant_stays_and_says_so_once() {
    let mut drivers = start(constant("capacity"));
    let name = drivers.tags()[0].name().clone();
    assert!(drivers.tags()[0].value.is_some());
    assert!(drivers.write(&name, vec![1]));
    assert!(drivers.write(&name, vec![2]));
    assert!(
        fault(&mut drivers)
            .await
            .contains("takes no writes; the value stays")
    );
    let quiet = tokio::time::timeout(Duration::from_millis(50), drivers.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(
        !Drivers::default().write(&name, Vec::new()),
        "nobody keeps it"
    );
}

#[tokio::test]
async fn two_drivers_do_not_keep_one_tag() {
    let two: Vec<Box<dyn Driver>> = vec![Box::new(constant("a")), Box::new(constant("a"))];
    let error = Drivers::start(two).expect_err("it is one tag");
    assert_eq!(error.to_string(), "two drivers keep the tag `a`");
    // A tag of another type is another tag.
    let kept = TextTag::new("a", Form::Str, None).expect("a tag");
    let other = Process::new(kept, vec!["true".to_owned()], Restart::Never);
    let two: Vec<Box<dyn Driver>> = vec![Box::new(constant("a")), Box::new(other)];
    assert_eq!(Drivers::start(two).expect("two tags").tags().len(), 2);
}

#[tokio::test]
async fn who_talks_much_leaves_room_for_others() {
    let kept = TextTag::new("flood", Form::Str, None).expect("a tag");
    let flood = Process::new(kept, vec!["yes".to_owned()], Restart::Always);
    let every = Duration::from_millis(10);
    let clock = Clock::new("time", ClockForm::Float, every).expect("a clock");
    let all: Vec<Box<dyn Driver>> = vec![Box::new(flood), Box::new(clock)];
    let mut drivers = Drivers::start(all).expect("two tags");
    // As in the node's loop: events go first, and the timer must have its turn all the same.
    let mut timer = tokio::time::interval(every);
    let (mut strikes, mut turns) = (0, 0);
    let both = async {
        while strikes < 5 || turns < 5 {
            tokio::select! {
                biased;
                event = drivers.next() => {
                    strikes += usize::from(matches!(event, Event::Value { tag: 1, .. }));
                }
                _ = timer.tick() => turns += 1,
            }
        }
    };
    let both = tokio::time::timeout(PATIENCE, both).await;
    assert!(
        both.is_ok(),
        "{strikes} strikes of the clock, {turns} turns of the timer"
    );
    let last = event(&mut drivers).await;
    assert!(matches!(last, Event::Value { .. }), "{last:?}");
}
