//! The wheel against a binary heap ordered by time and sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Push(u64),
    Pop(u64),
}

/// Times near and far: every level of the wheel is reached.
fn ahead() -> impl Strategy<Value = u64> {
    (0u32..64, any::<u64>()).prop_map(|(bits, raw)| raw >> (63 - bits))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => ahead().prop_map(Step::Push),
        1 => (0u64..4).prop_map(Step::Push),
        3 => ahead().prop_map(Step::Pop),
        1 => (0u64..70).prop_map(Step::Pop),
    ]
}

proptest! {
    #[test]
    fn entries_come_out_as_from_a_heap(steps in prop::collection::vec(step(), 0..400)) {
        let mut wheel = Wheel::default();
        let mut heap = BinaryHeap::new();
        let mut now = 0u64;
        for (sequence, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(ahead) => {
                    let at = now.saturating_add(ahead);
                    wheel.push(at, sequence);
                    heap.push(Reverse((at, sequence)));
                }
                Step::Pop(ahead) => {
                    let limit = now.saturating_add(ahead);
                    let due = heap.peek().is_some_and(|Reverse((at, _))| *at <= limit);
                    let expected = if due { heap.pop().map(|Reverse(entry)| entry) } else { None };
                    let got = wheel.pop(limit);
                    prop_assert_eq!(got, expected);
                    now = got.map_or(limit, |(at, _)| at);
                }
            }
            prop_assert_eq!(wheel.len(), heap.len());
        }
    }
}

#[test]
fn equal_times_keep_their_order_across_levels() {
    let mut wheel = Wheel::default();
    let far = 1 << 40;
    wheel.push(far, 0);
    wheel.push(far - 1, 10);
    wheel.push(far, 1);
    assert_eq!(wheel.pop(u64::MAX), Some((far - 1, 10)));
    wheel.push(far, 2);
    let rest: Vec<i32> = std::iter::from_fn(|| wheel.pop(u64::MAX).map(|(_, v)| v)).collect();
    assert_eq!(rest, [0, 1, 2]);
}

#[test]
fn the_last_instant_of_the_clock_is_an_instant() {
    let mut wheel = Wheel::default();
    wheel.push(u64::MAX, 'z');
    wheel.push(0, 'a');
    assert_eq!(wheel.pop(0), Some((0, 'a')));
    assert_eq!(wheel.pop(u64::MAX - 1), None);
    wheel.push(u64::MAX, 'y');
    assert_eq!(wheel.pop(u64::MAX), Some((u64::MAX, 'z')));
    assert_eq!(wheel.pop(u64::MAX), Some((u64::MAX, 'y')));
    assert!(wheel.is_empty());
}
