//! What peers do again and again is told of once, and later in sums: nobody outside decides how
//! much a node says.

use std::collections::BTreeMap;

use sm_core::ids::{NodeId, Time};

use crate::limits;

/// What is told of a peer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Fault {
    /// It sent what was refused.
    Refused,
    /// It sent a copy that was dropped.
    Copy,
    /// It came, or went away.
    Link,
    /// The end of a message could not be passed on. No peer in particular did that.
    Report,
    /// A frame came too late.
    Late,
}

/// Whether something is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Telling {
    /// It is, after so many that were not.
    Told(u64),
    /// It is, and further ones will not be for a while.
    Last,
    /// It is not.
    Untold,
}

/// What has been told of peers.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<(Fault, NodeId), Count>);

#[derive(Debug)]
struct Count {
    since: Time,
    told: u32,
    untold: u64,
}

impl Fault {
    /// How many are told in a period.
    fn most(self) -> u32 {
        match self {
            // Both ends of a few short links.
            Self::Link => limits::LINKS_TOLD,
            _ => 1,
        }
    }
}

impl Faults {
    /// One more.
    pub(super) fn note(&mut self, now: Time, fault: Fault, peer: NodeId) -> Telling {
        let count = self.0.entry((fault, peer)).or_insert(Count {
            since: now,
            told: 0,
            untold: 0,
        });
        if now.since(count.since) >= limits::FAULTS_EVERY {
            (count.since, count.told) = (now, 0);
        }
        if count.told == fault.most() {
            count.untold += 1;
            return Telling::Untold;
        }
        count.told += 1;
        let untold = std::mem::take(&mut count.untold);
        if count.told == fault.most() && untold == 0 {
            Telling::Last
        } else {
            Telling::Told(untold)
        }
    }
}

#[cfg(test)]
mod tests {
    use sm_core::ids::Span;

    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_in_sums() {
        let (mut faults, peer) = (Faults::default(), NodeId([1; 32]));
        let mut note = |seconds, fault| {
            let now = Time::ZERO + Span::secs(seconds);
            faults.note(now, fault, peer)
        };
        assert_eq!(note(0, Fault::Refused), Telling::Last);
        for second in 1..60 {
            assert_eq!(note(second, Fault::Refused), Telling::Untold);
        }
        assert_eq!(note(30, Fault::Copy), Telling::Last);
        assert_eq!(note(60, Fault::Refused), Telling::Told(59));
        assert_eq!(note(61, Fault::Refused), Telling::Untold);
    }

    #[test]
    fn a_few_links_are_told_of_one_by_one() {
        let (mut faults, peer) = (Faults::default(), NodeId([1; 32]));
        let told: Vec<Telling> = (0..limits::LINKS_TOLD + 2)
            .map(|_| faults.note(Time::ZERO, Fault::Link, peer))
            .collect();
        let [first @ .., last, one, another] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(first.iter().all(|one| *one == Telling::Told(0)));
        assert_eq!(
            (*last, *one, *another),
            (Telling::Last, Telling::Untold, Telling::Untold)
        );
    }
}
