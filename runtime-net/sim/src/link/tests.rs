//! What holds of every link, whatever the seed, the faults and the traffic.

use proptest::prelude::*;

use sm_core::ids::{HopNumber, Incarnation};

use super::*;
use crate::limits::CLOSED;
use crate::random::Delay;
use crate::wheel::Wheel;

/// A driver of one link that checks each promise as it goes.
struct Rig {
    links: Links,
    queue: Wheel<(LinkIx, Later)>,
    now: Time,
    model: LinkModel,
    ends: [End; 2],
    sent: u32,
    heard: u32,
    worst_blindness: Span,
    broken_at: Option<Time>,
}

#[derive(Default)]
struct End {
    session: Option<SessionId>,
    /// What the other end sent towards this one in each session, oldest first.
    sent_here: Vec<(SessionId, StreamKey, u32)>,
    /// What came out, in order.
    received: Vec<(SessionId, u32)>,
    sessions: Vec<SessionId>,
}

const LINK: LinkIx = LinkIx(0);

impl Rig {
    fn new(model: LinkModel, seed: u64) -> Self {
        let spec = LinkSpec {
            up: Vec::new(),
            ends: (NodeIx(0), NodeIx(1)),
            model,
        };
        let mut rig = Self {
            links: Links::new(2, &[spec], Seed(seed)),
            queue: Wheel::default(),
            now: Time::ZERO,
            model,
            ends: [End::default(), End::default()],
            sent: 0,
            heard: 0,
            worst_blindness: Span::ZERO,
            broken_at: None,
        };
        rig.call(|links, now, effects| {
            links.begin_faults(now, effects);
            links.connect(now, LINK, effects);
        });
        rig
    }

    fn call(&mut self, call: impl FnOnce(&mut Links, Time, &mut Effects)) {
        let mut effects = Effects::default();
        call(&mut self.links, self.now, &mut effects);
        for (at, link, later) in effects.later {
            assert!(at >= self.now);
            self.queue.push(at.0, (link, later));
        }
        for (_, side, signal) in effects.signals {
            self.signal(side, signal);
        }
    }

    fn signal(&mut self, side: Side, signal: Signal) {
        let end = &mut self.ends[side as usize];
        match signal {
            Signal::Up(session) => {
                assert!(end.sessions.last().is_none_or(|last| *last < session));
                end.sessions.push(session);
                end.session = Some(session);
                self.broken_at = None;
            }
            Signal::Down(session) => {
                assert_eq!(end.session.take(), Some(session));
                let blind = self.broken_at.map_or(Span::ZERO, |at| self.now.since(at));
                self.worst_blindness = self.worst_blindness.max(blind);
            }
            Signal::Frame(session, bytes) => {
                assert_eq!(end.session, Some(session));
                end.received.push((session, number(&bytes)));
            }
            Signal::Heard(_) => self.heard += 1,
            Signal::Lost(_) | Signal::Backlog(..) => {}
        }
    }

    fn send(&mut self, side: Side, stream: StreamKey) {
        let Some(session) = self.ends[side as usize].session else {
            return;
        };
        self.sent += 1;
        let number = self.sent;
        self.ends[side.other() as usize]
            .sent_here
            .push((session, stream, number));
        let bytes: Bytes = number.to_le_bytes().as_slice().into();
        self.call(|links, now, effects| {
            links.send(now, (LINK, side), session, (stream, bytes), effects);
        });
    }

    fn run(&mut self, span: Span) {
        let until = self.now + span;
        while let Some((at, (link, later))) = self.queue.pop(until.0) {
            self.now = Time(at);
            self.call(|links, now, effects| links.happen(now, link, later, effects));
        }
        self.now = until;
    }

    /// What came out of each session was put in, once; its first frame came first; and of each
    /// stream it is a prefix.
    fn check(&self) {
        for end in &self.ends {
            for session in &end.sessions {
                let received: Vec<u32> = end
                    .received
                    .iter()
                    .filter(|(s, _)| s == session)
                    .map(|(_, n)| *n)
                    .collect();
                let sent: Vec<(StreamKey, u32)> = end
                    .sent_here
                    .iter()
                    .filter(|(s, ..)| s == session)
                    .map(|(_, stream, number)| (*stream, *number))
                    .collect();
                check_session(&sent, &received);
            }
        }
    }
}

fn check_session(sent: &[(StreamKey, u32)], received: &[u32]) {
    assert!(received.first().is_none_or(|first| *first == sent[0].1));
    for number in 0..STREAMS_USED {
        let key = ordered(number);
        let went_in: Vec<u32> = sent
            .iter()
            .filter(|(stream, _)| *stream == key)
            .map(|(_, n)| *n)
            .collect();
        let came_out: Vec<u32> = received
            .iter()
            .copied()
            .filter(|n| went_in.contains(n))
            .collect();
        assert!(
            went_in.starts_with(&came_out),
            "{went_in:?} came out as {came_out:?}"
        );
    }
    let once: std::collections::BTreeSet<u32> = received.iter().copied().collect();
    assert_eq!(once.len(), received.len());
    assert!(
        once.iter()
            .all(|number| sent.iter().any(|(_, n)| n == number))
    );
}

/// Streams that the steps use.
const STREAMS_USED: u64 = 3;
const FIRST: StreamKey = ordered(0);

const fn ordered(sequence: u64) -> StreamKey {
    let hop = HopNumber {
        sequence,
        incarnation: Incarnation(0),
    };
    let by = sm_core::hop::Side::Sender;
    StreamKey::Ordered(HopKey { hop, by })
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("the rig sends four bytes"))
}

#[derive(Debug, Clone)]
enum Step {
    Send(Side, StreamKey),
    Wait(u64),
    Block,
    Unblock,
    Crash(Side),
    Close(Side),
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::A), Just(Side::B)];
    let stream = prop_oneof![
        4 => (0..STREAMS_USED).prop_map(ordered),
        1 => Just(StreamKey::Alone),
    ];
    prop_oneof![
        8 => (side.clone(), stream).prop_map(|(side, stream)| Step::Send(side, stream)),
        4 => (0u64..20_000_000).prop_map(Step::Wait),
        1 => (0u64..2_000_000_000).prop_map(Step::Wait),
        1 => Just(Step::Block),
        2 => Just(Step::Unblock),
        1 => side.clone().prop_map(Step::Crash),
        1 => side.prop_map(Step::Close),
    ]
}

fn model() -> impl Strategy<Value = LinkModel> {
    (
        0u64..20_000_000,
        0u64..20_000_000,
        prop::bool::ANY,
        prop::bool::ANY,
    )
        .prop_map(|(min, more, breaks, narrow)| LinkModel {
            delay: Delay {
                min: Span(min),
                max: Span(min + more),
            },
            break_every: breaks.then_some(Span::millis(300)),
            bandwidth: narrow.then_some(1_000),
            ..LinkModel::default()
        })
}

proptest! {
    #[test]
    fn a_session_loses_suffixes_only(
        model in model(),
        seed: u64,
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut rig = Rig::new(model, seed);
        let mut blocks = 0;
        for step in steps {
            match step {
                Step::Send(side, stream) => rig.send(side, stream),
                Step::Wait(span) => rig.run(Span(span)),
                Step::Block => {
                    blocks += 1;
                    rig.call(|links, now, effects| links.block(now, LINK, effects));
                }
                Step::Unblock if blocks > 0 => {
                    blocks -= 1;
                    rig.call(|links, now, effects| links.unblock(now, LINK, effects));
                }
                Step::Unblock => {}
                Step::Crash(side) => {
                    rig.ends[side as usize].session = None;
                    rig.call(|links, now, effects| links.crash(now, LINK, side, effects));
                    rig.run(Span::millis(50));
                    rig.call(|links, now, effects| links.unblock(now, LINK, effects));
                }
                Step::Close(side) => {
                    rig.ends[side as usize].session = None;
                    rig.call(|links, now, effects| {
                        links.close(now, (LINK, side), CLOSED, effects);
                    });
                }
            }
            rig.check();
        }
        // Cut off for long enough, both ends know it.
        rig.call(|links, now, effects| links.block(now, LINK, effects));
        rig.run(model.idle + Span::secs(1));
        prop_assert_eq!(rig.ends[0].session.or(rig.ends[1].session), None);
        rig.call(|links, now, effects| links.unblock(now, LINK, effects));
        // Healed, both ends find each other again and everything that is sent arrives.
        rig.links.heal();
        for _ in 0..blocks {
            rig.call(|links, now, effects| links.unblock(now, LINK, effects));
        }
        rig.run(Span::secs(120));
        prop_assert_eq!(rig.ends[0].session, rig.ends[1].session);
        prop_assert!(rig.ends[0].session.is_some());
        let before = rig.ends[1].received.len();
        (0..5).for_each(|_| rig.send(Side::A, FIRST));
        rig.run(Span::secs(120));
        rig.check();
        prop_assert_eq!(rig.ends[1].received.len(), before + 5);
    }

    #[test]
    fn an_end_is_blind_no_longer_than_the_idle_time(seed: u64) {
        let mut rig = Rig::new(LinkModel::default(), seed);
        rig.run(Span::secs(1));
        rig.broken_at = Some(rig.now);
        rig.call(|links, now, effects| links.block(now, LINK, effects));
        rig.run(Span::secs(10));
        prop_assert!(rig.worst_blindness > Span::ZERO);
        prop_assert!(rig.worst_blindness <= rig.model.idle);
        prop_assert_eq!(rig.ends[0].session.or(rig.ends[1].session), None);
    }
}

#[test]
fn a_break_loses_some_frames_and_keeps_others() {
    let model = LinkModel {
        delay: Delay::fixed(Span::millis(10)),
        ..LinkModel::default()
    };
    let kept: std::collections::BTreeSet<usize> = (0..200)
        .map(|seed| {
            let mut rig = Rig::new(model, seed);
            rig.run(Span::secs(1));
            (0..3).for_each(|_| rig.send(Side::A, FIRST));
            rig.call(|links, now, effects| links.block(now, LINK, effects));
            rig.run(Span::secs(1));
            rig.ends[1].received.len()
        })
        .collect();
    assert_eq!(kept, [0, 1, 2, 3].into());
}

#[test]
fn broadcasts_are_lost_at_the_rate_of_the_link() {
    let mut rig = Rig::new(
        LinkModel {
            loss: 0.25,
            ..LinkModel::default()
        },
        1,
    );
    rig.run(Span::secs(1));
    let bytes: Bytes = [0; 100].as_slice().into();
    for _ in 0..1000 {
        let bytes = bytes.clone();
        rig.call(|links, now, effects| links.broadcast(now, (LINK, Side::A), bytes, effects));
    }
    rig.run(Span::secs(1));
    assert!((700..800).contains(&rig.heard), "{}", rig.heard);
    let too_long: Bytes = vec![0; sm_core::limits::BROADCAST_BYTES + 1].into();
    let before = rig.heard;
    rig.links.heal();
    rig.call(|links, now, effects| links.broadcast(now, (LINK, Side::A), too_long, effects));
    rig.run(Span::secs(1));
    assert_eq!(rig.heard, before);
}

#[test]
fn a_link_can_be_made_to_lose_all_broadcasts_and_none() {
    let mut rig = Rig::new(LinkModel::default(), 1);
    rig.run(Span::secs(1));
    let heard = |rig: &mut Rig, count: u32| {
        let before = rig.heard;
        for _ in 0..count {
            rig.call(|links, now, effects| {
                links.broadcast(now, (LINK, Side::A), [0; 4].as_slice().into(), effects);
            });
        }
        rig.run(Span::secs(1));
        rig.heard - before
    };
    assert_eq!(heard(&mut rig, 10), 10);
    rig.links.lose(1.0);
    assert_eq!(heard(&mut rig, 10), 0);
    rig.links.lose(0.0);
    assert_eq!(heard(&mut rig, 10), 10);
    // Also after all faults have ended.
    rig.links.heal();
    rig.links.lose(1.0);
    assert_eq!(heard(&mut rig, 10), 0);
}

#[test]
fn a_narrow_line_takes_its_time_and_tells_what_waits() {
    let model = LinkModel {
        bandwidth: Some(4),
        ..LinkModel::default()
    };
    let mut rig = Rig::new(model, 1);
    rig.run(Span::millis(100));
    let session = rig.ends[0].session.expect("the link is up");
    let mut effects = Effects::default();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let bytes: Bytes = [0; 4].as_slice().into();
        rig.links.send(
            rig.now,
            (LINK, Side::A),
            session,
            (FIRST, bytes),
            &mut effects,
        );
    }
    for (_, _, signal) in &effects.signals {
        if let Signal::Backlog(_, bytes) = signal {
            waiting.push(*bytes);
        }
    }
    assert_eq!(waiting, [4, 8]);
    let arrivals = effects.later.iter().filter_map(|(at, _, later)| {
        matches!(later, Later::Frame { .. }).then_some(at.since(rig.now))
    });
    let delay = model.delay.min;
    assert_eq!(
        arrivals.collect::<Vec<_>>(),
        [Span::secs(1) + delay, Span::secs(2) + delay]
    );
}

#[test]
fn streams_overtake_each_other() {
    let delay = Delay {
        min: Span::millis(1),
        max: Span::millis(50),
    };
    let mut rig = Rig::new(
        LinkModel {
            delay,
            ..LinkModel::default()
        },
        1,
    );
    rig.run(Span::secs(1));
    (0..10).for_each(|number| rig.send(Side::A, ordered(number)));
    rig.run(Span::secs(1));
    let received: Vec<u32> = rig.ends[1]
        .received
        .iter()
        .map(|(_, number)| *number)
        .collect();
    assert_eq!(received.len(), 10);
    assert!(!received.is_sorted());
    assert_eq!(received[0], 1);
}
