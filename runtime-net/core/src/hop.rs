//! The exact hop: how a message moves to a neighbor so that it never runs at two places.
//!
//! Presumed-abort two-phase commit in which the sender A decides (Mohan, Lindsay and Obermarck,
//! "Transaction Management in the R* Distributed Database Management System", 1986):
//!
//! ```text
//! A                                   B
//! | OFFER ---------------------------> |  considers it
//! | <------------------------- ACCEPT  |  or REFUSE; left out if the offer held everything
//! | STATE (and code) ----------------> |  verifies it, stores it
//! | <----------------------- PREPARED  |  from here on B is in doubt
//! |  stores its decision               |
//! | COMMIT --------------------------> |  stores the message as its own
//! | <--------------------------- DONE  |  and runs it
//! ```
//!
//! - A may abort alone until its decision is on the way to the store, and never after. Having
//!   aborted it forgets: whoever asks about a hop that A does not know is told `Unknown`, which
//!   means abort. A node that lost its memory says the same.
//! - A repeats COMMIT on each new session until it hears DONE. B asks QUERY on each new session
//!   while it is in doubt.
//! - A session that ends before A has decided aborts the hop at both ends, as far as they know.
//! - B answers a COMMIT that it knows nothing of with DONE if it must have installed the message
//!   before, and with LOST if it has lost its memory since it said PREPARED. The incarnation in
//!   PREPARED and COMMIT tells the two apart.
//! - What is in doubt stays so until both have met again or the message's lifetime is over.
//!
//! **Promise:** never two runnable copies of a message over all epochs; a message is lost only if
//! a node that takes part in its present hop loses its memory or never returns.
//!
//! [`Hops`] knows names only. What travels (states, code) is kept by who drives it, under the
//! hop's name, so that a model checker can explore the very machine that runs. It has no clock:
//! `now` comes in with each call, and what is to be done comes out as [`Effect`]s in order.

mod incoming;
mod load;
mod outgoing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::ids::{HopId, Incarnation, MessageId, NodeId, Time};
use crate::limits;
use incoming::Incoming;
use load::Loads;
use outgoing::Outgoing;

/// Why a message did not move. The program that asked for it gets it as a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HopError {
    /// There is no neighbor to send copies to.
    NoNeighbors,
    /// There is no session with that neighbor, or it ended before the hop was decided.
    Unreachable,
    /// The hop was not decided in time.
    Timeout,
    /// The neighbor does not take this message: its author, its launch or its state.
    Refused,
    /// Too much is under way already, here or there; it may work later.
    Busy,
    /// The message asks for more than the neighbor grants.
    Quota,
    /// The neighbor does not know this version of the code.
    Version,
    /// The message has used up its hops.
    HopLimit,
}

impl HopError {
    /// All of them, in the order of their codes, which start at one.
    pub const ALL: [HopError; 8] = [
        HopError::NoNeighbors,
        HopError::Unreachable,
        HopError::Timeout,
        HopError::Refused,
        HopError::Busy,
        HopError::Quota,
        HopError::Version,
        HopError::HopLimit,
    ];

    /// The code, the same as in the answer that a program gets.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The error with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

/// Whether a node still knows after a crash what it had stored before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Memory {
    /// It forgets everything.
    #[default]
    Volatile,
    /// It starts again from what it had stored.
    Durable,
}

/// A step of the protocol as both ends exchange it, without what it carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HopFrame {
    /// A asks whether B takes the message.
    Offer,
    /// B wants the rest of it.
    Accept,
    /// B does not want it, now or any longer.
    Refuse(HopError),
    /// The last piece of what B wanted.
    State,
    /// B has the message and keeps it until it knows how the hop ends.
    Prepared(Incarnation),
    /// The message is B's; with the incarnation in which B was prepared.
    Commit(Incarnation),
    /// B has the message as its own.
    Done,
    /// B had the message, and lost its memory.
    Lost,
    /// A has given up.
    Abort,
    /// B asks how the hop ended.
    Query,
    /// A knows nothing of it: it was aborted.
    Unknown,
}

/// What the store has to keep so that the promise survives a crash.
///
/// Records are stored in the order in which they came out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HopRecord {
    /// B: what came with this hop, not yet its own.
    Prepared(Doubt),
    /// B: what came with this hop is its own message now; replaces [`HopRecord::Prepared`].
    Installed(HopId),
    /// B: the hop was aborted; removes [`HopRecord::Prepared`].
    Dropped(HopId),
    /// A: the message is no longer its own.
    Committed(Doubt, Incarnation),
    /// A: B has it; removes [`HopRecord::Committed`].
    Settled(HopId),
}

/// A hop whose end one of the two nodes does not know yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Doubt {
    /// The hop.
    pub hop: HopId,
    /// The message that it moves.
    pub message: MessageId,
    /// The other node.
    pub peer: NodeId,
    /// When the message's lifetime is over, and with it the doubt.
    pub expires: Time,
}

/// How a committed hop ended for its sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HopEnd {
    /// The receiver has the message.
    Delivered,
    /// The receiver lost its memory: the message is gone.
    Lost,
    /// The message's lifetime was over before the receiver answered.
    Expired,
}

/// Why a receiver gave up what came with a hop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DropReason {
    /// The sender has aborted the hop, or knows nothing of it.
    Aborted,
    /// The session ended before the receiver was prepared.
    SessionEnded,
    /// This node refused the message.
    Refused(HopError),
    /// The message's lifetime is over.
    Expired,
}

/// What is to be done, in this order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Send this to a neighbor, in the current session, with what belongs to it.
    Send {
        /// The neighbor.
        to: NodeId,
        /// The hop it is about.
        hop: HopId,
        /// The step.
        frame: HopFrame,
    },
    /// Put this into the store, then call [`Hops::stored`] with it.
    Store(HopRecord),
    /// B: decide about an offer: [`Hops::accept`], [`Hops::refuse`] or [`Hops::prepare`].
    Consider {
        /// The hop that is offered.
        hop: HopId,
    },
    /// B: all that was accepted has come; verify it, then [`Hops::prepare`] or [`Hops::refuse`].
    Verify {
        /// The hop it came with.
        hop: HopId,
    },
    /// B: the message is this node's now and runs.
    Install {
        /// The hop it came with.
        hop: HopId,
        /// The message.
        message: MessageId,
    },
    /// B: forget what came with this hop.
    Discard {
        /// The hop.
        hop: HopId,
        /// Why.
        reason: DropReason,
    },
    /// A: the message stays here and goes on with this error.
    Resume {
        /// The hop that failed.
        hop: HopId,
        /// The message.
        message: MessageId,
        /// Why.
        error: HopError,
    },
    /// A: the message has left for good.
    Departed {
        /// The hop.
        hop: HopId,
        /// The message.
        message: MessageId,
        /// Where it goes on.
        to: NodeId,
    },
    /// A: a committed hop needs no more attention.
    Closed {
        /// The hop.
        hop: HopId,
        /// The message it moved.
        message: MessageId,
        /// How it ended.
        end: HopEnd,
    },
}

/// A frame that no honest neighbor sends here now. It changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HopFault {
    /// There is no session with the node it came from.
    NoSession,
    /// The hop is not between this node and that neighbor, in that direction.
    NotYourHop,
    /// There never was such a hop.
    NoSuchHop,
    /// The hop is not at a point where this can come.
    OutOfTurn,
}

impl fmt::Display for HopFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HopFault::NoSession => "there is no session with that node",
            HopFault::NotYourHop => "the hop belongs to other nodes",
            HopFault::NoSuchHop => "there is no such hop",
            HopFault::OutOfTurn => "the hop is at another point",
        })
    }
}

/// A message that is to leave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Departure {
    /// The message.
    pub message: MessageId,
    /// The neighbor it moves to.
    pub to: NodeId,
    /// The size of its state in bytes.
    pub bytes: usize,
    /// When the program wants to go on here instead.
    pub deadline: Time,
    /// When its lifetime is over.
    pub expires: Time,
}

/// A message that a neighbor offers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arrival {
    /// The hop.
    pub hop: HopId,
    /// The message.
    pub message: MessageId,
    /// The size of its state in bytes.
    pub bytes: usize,
    /// When its lifetime is over.
    pub expires: Time,
}

/// What becomes of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Offered {
    /// It is to be considered: [`Effect::Consider`] says so.
    Considered,
    /// It was beyond a bound, and has been refused.
    Busy,
}

/// Which end of a hop a timer belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// The sender, A.
    Sender,
    /// The receiver, B.
    Receiver,
}

/// Something that happens to a hop when time passes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timer {
    /// When.
    pub at: Time,
    /// At which end.
    pub side: Side,
    /// To which hop.
    pub hop: HopId,
}

/// All exact hops that a node takes part in.
///
/// Call, in any order: [`Hops::session_up`] and [`Hops::session_down`], [`Hops::depart`],
/// [`Hops::offered`] and [`Hops::frame`] for what arrives, [`Hops::stored`] for what the store
/// confirms, [`Hops::timeout`]. After each call take the effects with [`Hops::poll`] until there
/// is none, and set a clock to [`Hops::next_timeout`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hops {
    node: NodeId,
    incarnation: Incarnation,
    memory: Memory,
    sequence: u64,
    peers: BTreeSet<NodeId>,
    outgoing: BTreeMap<HopId, Outgoing>,
    /// Of these, the undecided ones.
    sending: Loads,
    incoming: BTreeMap<HopId, Incoming>,
    /// Of these, the unprepared ones.
    receiving: Loads,
    taking: Loads,
    timers: BTreeSet<Timer>,
    effects: VecDeque<Effect>,
}

impl Hops {
    /// The hops of a node that has just booted, in an incarnation it was never in before.
    pub fn new(node: NodeId, incarnation: Incarnation, memory: Memory) -> Self {
        Self {
            node,
            incarnation,
            memory,
            sequence: 0,
            peers: BTreeSet::new(),
            outgoing: BTreeMap::new(),
            sending: Loads::default(),
            incoming: BTreeMap::new(),
            receiving: Loads::default(),
            taking: Loads::default(),
            timers: BTreeSet::new(),
            effects: VecDeque::new(),
        }
    }

    /// Puts back what the store held at boot: what was prepared or committed and not yet settled.
    pub fn restore(&mut self, record: HopRecord) {
        match record {
            HopRecord::Prepared(doubt) => self.restore_incoming(doubt),
            HopRecord::Committed(doubt, incarnation) => self.restore_outgoing(doubt, incarnation),
            HopRecord::Installed(_) | HopRecord::Dropped(_) | HopRecord::Settled(_) => {}
        }
    }

    /// A session with a neighbor has begun; one that was there before has ended with it.
    pub fn session_up(&mut self, peer: NodeId) {
        self.session_down(peer);
        self.peers.insert(peer);
        self.repeat_commits(peer);
        self.ask_about_doubts(peer);
    }

    /// The session with a neighbor has ended. Undecided hops with it are aborted.
    pub fn session_down(&mut self, peer: NodeId) {
        if self.peers.remove(&peer) {
            self.abort_undecided(peer);
            self.drop_unprepared(peer);
        }
    }

    /// Whether there is a session with this neighbor.
    pub fn connected(&self, peer: NodeId) -> bool {
        self.peers.contains(&peer)
    }

    /// A frame about a hop has come, an offer excepted ([`Hops::offered`]).
    ///
    /// # Errors
    /// [`HopFault`] for a frame that changes nothing because it cannot come here and now.
    pub fn frame(&mut self, from: NodeId, hop: HopId, frame: HopFrame) -> Result<(), HopFault> {
        if !self.peers.contains(&from) {
            return Err(HopFault::NoSession);
        }
        match frame {
            HopFrame::Accept
            | HopFrame::Refuse(_)
            | HopFrame::Prepared(_)
            | HopFrame::Done
            | HopFrame::Lost
            | HopFrame::Query => self.frame_for_sender(from, hop, frame),
            HopFrame::Offer
            | HopFrame::State
            | HopFrame::Commit(_)
            | HopFrame::Abort
            | HopFrame::Unknown => self.frame_for_receiver(from, hop, frame),
        }
    }

    /// The store has this record for good.
    pub fn stored(&mut self, record: HopRecord) {
        match record {
            HopRecord::Prepared(doubt) => self.stored_prepared(doubt.hop),
            HopRecord::Installed(hop) => self.stored_installed(hop),
            HopRecord::Committed(doubt, _) => self.stored_committed(doubt.hop),
            HopRecord::Dropped(_) | HopRecord::Settled(_) => {}
        }
    }

    /// When [`Hops::timeout`] is next to be called.
    pub fn next_timeout(&self) -> Option<Time> {
        self.timers.first().map(|timer| timer.at)
    }

    /// All timers that are set, earliest first. One may be set earlier than it is due: it is set
    /// anew when its time comes, for nearly all hops have ended by then.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.timers.iter().copied()
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Time) {
        while let Some(timer) = self.timers.first().copied().filter(|timer| timer.at <= now) {
            self.fire(timer);
        }
    }

    /// One timer has run out; nothing if it is not set.
    pub fn fire(&mut self, timer: Timer) {
        if self.timers.remove(&timer) {
            match timer.side {
                Side::Sender => self.sender_timeout(timer.hop),
                Side::Receiver => self.receiver_timeout(timer.hop),
            }
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The hops whose end this node does not know: those it is prepared for, and those it has
    /// committed and has no answer to.
    pub fn in_doubt(&self) -> impl Iterator<Item = (Side, Doubt)> {
        let sent = self.outgoing.iter().filter(|(_, out)| out.decided());
        let sent = sent.map(|(hop, out)| (Side::Sender, out.doubt(*hop)));
        let taken = self.incoming.iter().filter(|(_, inc)| inc.in_doubt());
        sent.chain(taken.map(|(hop, inc)| (Side::Receiver, inc.doubt(*hop))))
    }

    fn send(&mut self, to: NodeId, hop: HopId, frame: HopFrame) {
        if self.peers.contains(&to) {
            self.effects.push_back(Effect::Send { to, hop, frame });
        }
    }

    fn store(&mut self, record: HopRecord) {
        self.effects.push_back(Effect::Store(record));
    }

    /// Sets the timer of a hop. One that never comes is not kept.
    fn set_timer(&mut self, at: Time, side: Side, hop: HopId) {
        if at != Time::NEVER {
            self.timers.insert(Timer { at, side, hop });
        }
    }

    fn clear_timer(&mut self, at: Time, side: Side, hop: HopId) {
        self.timers.remove(&Timer { at, side, hop });
    }

    fn doubts_full(&self) -> bool {
        self.outgoing.len() + self.incoming.len() >= limits::IN_DOUBT_HOPS
    }
}

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod tests;
