//! Whatever comes in whatever order: what is counted is what is there.

use proptest::prelude::*;

use super::*;

const OWN: NodeId = NodeId([1; 32]);
const BOOT: Incarnation = Incarnation(5);
const FRAMES: [HopFrame; 11] = [
    HopFrame::Offer,
    HopFrame::Accept,
    HopFrame::Refuse(HopError::Busy),
    HopFrame::State,
    HopFrame::Prepared(BOOT),
    HopFrame::Commit(BOOT),
    HopFrame::Done,
    HopFrame::Lost,
    HopFrame::Abort,
    HopFrame::Query,
    HopFrame::Unknown,
];

fn peer(number: u8) -> NodeId {
    NodeId([number % 2 + 2; 32])
}

/// One of the few hops that there may be.
fn hop(number: u8) -> HopId {
    let node = if number.is_multiple_of(2) {
        OWN
    } else {
        peer(number / 2)
    };
    let sequence = u64::from(number / 4 % 4);
    HopId {
        node,
        incarnation: BOOT,
        sequence,
    }
}

fn depart(hops: &mut Hops, number: u8) {
    // A bound that is reached is one more thing to try.
    let _ = hops.depart(Departure {
        message: MessageId([number; 32]),
        to: peer(number),
        bytes: usize::from(number) << 18,
        deadline: Time(u64::from(number)),
        expires: Time(100 + u64::from(number)),
    });
}

fn offered(hops: &mut Hops, number: u8) {
    let arrival = Arrival {
        hop: hop(number),
        message: MessageId([number; 32]),
        bytes: usize::from(number) << 18,
        expires: Time(100 + u64::from(number)),
    };
    let _ = hops.offered(Time(u64::from(number / 2)), peer(number / 2), arrival);
}

fn step(hops: &mut Hops, (kind, number): (u8, u8)) {
    match kind {
        0..8 => depart(hops, number),
        8..16 => offered(hops, number),
        16 => hops.session_up(peer(number)),
        17 => hops.session_down(peer(number)),
        18..20 => hops.timeout(Time(u64::from(number))),
        20..24 => hops.accept(hop(number)),
        24 => hops.refuse(hop(number), HopError::Refused),
        25..32 => hops.prepare(hop(number)),
        _ => {
            let frame = FRAMES[usize::from(kind) % FRAMES.len()];
            let hop = hop(number);
            let from = if hop.node == OWN {
                peer(kind)
            } else {
                hop.node
            };
            // What cannot come here and now changes nothing.
            let _ = hops.frame(from, hop, frame);
        }
    }
}

fn counted(of: impl Iterator<Item = (NodeId, usize)>) -> Loads {
    let mut loads = Loads::default();
    of.for_each(|(peer, bytes)| loads.begin(peer, bytes));
    loads
}

fn check(hops: &Hops) {
    let sent = hops.outgoing.values();
    let undecided = sent.filter(|out| !out.decided());
    assert_eq!(hops.sending, counted(undecided.map(Outgoing::load)));
    let taken = || hops.incoming.iter();
    assert_eq!(
        hops.taking,
        counted(taken().map(|(hop, inc)| inc.load(*hop)))
    );
    let unprepared = taken().filter(|(_, inc)| inc.unprepared());
    assert_eq!(
        hops.receiving,
        counted(unprepared.map(|(hop, inc)| inc.load(*hop)))
    );
}

proptest! {
    #[test]
    fn what_is_counted_is_what_is_there(
        steps in proptest::collection::vec((0..48u8, any::<u8>()), 0..200),
    ) {
        let mut hops = Hops::new(OWN, BOOT, Memory::Durable);
        hops.session_up(peer(0));
        hops.session_up(peer(1));
        let mut to_store = VecDeque::new();
        for one in steps {
            step(&mut hops, one);
            while let Some(effect) = hops.poll() {
                if let Effect::Store(record) = effect {
                    to_store.push_back(record);
                }
            }
            if one.1 > 80 && let Some(record) = to_store.pop_front() {
                hops.stored(record);
            }
            check(&hops);
        }
    }
}
