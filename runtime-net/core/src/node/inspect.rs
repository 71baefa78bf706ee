//! What a node shows of itself: its messages, and a hash of its whole state.

use std::hash::{Hash, Hasher};

use super::departure::Departed;
use super::resident::{Phase, Resident};
use super::{Node, store};
use crate::digest::{Digest, Digester};
use crate::engine::Engine;
use crate::hop::{Doubt, Side};
use crate::ids::{AuthorId, LaunchHash, MessageId, NodeId, Span, Time};

/// A message as people and checkers see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageInfo {
    /// The message.
    pub message: MessageId,
    /// The launch it belongs to.
    pub launch: LaunchHash,
    /// Who launched it.
    pub author: AuthorId,
    /// Where its end is reported.
    pub home: NodeId,
    /// The neighbor it came from.
    pub previous: Option<NodeId>,
    /// What it is doing.
    pub doing: Doing,
    /// The hops of any kind that it has made.
    pub hops: u64,
    /// Its age: what its program sees as `now()`.
    pub age: Span,
    /// What is left of its lifetime.
    pub left: Span,
    /// The memory that it holds beside its program, in bytes.
    pub bytes: u64,
}

/// What a message is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It runs, or will when its turn comes.
    Ready,
    /// It sleeps until a tag is written or, if there is one, this time has passed.
    Blocked(Option<Span>),
    /// It waits for the end of a hop to this neighbor.
    Moving(Option<NodeId>),
    /// It does not run here, and may run at this neighbor: the end of its hop is not known.
    InDoubt(NodeId),
}

const STATE: &str = "smart-messages 2026 node: hash of its state";

impl<E: Engine> Node<E> {
    /// All messages that stand here, then those of hops whose end this node does not know.
    ///
    /// Of a message in doubt it says what was known when it left or came; after a restart of the
    /// sender that is its launch and its lifetime alone, and the rest is zero.
    pub fn list(&self, now: Time) -> Vec<MessageInfo> {
        let info = |message: &MessageId, resident: &Resident<E>| MessageInfo {
            message: *message,
            launch: resident.envelope.launch,
            author: resident.launch.launch.author,
            home: resident.launch.launch.home,
            previous: resident.previous,
            doing: self.doing(now, resident),
            hops: resident.envelope.hops,
            age: resident.age(now),
            left: resident.expires().since(now),
            bytes: resident.counted,
        };
        let here = self.messages.iter();
        let mut all: Vec<MessageInfo> = here
            .map(|(message, resident)| info(message, resident))
            .collect();
        for (side, doubt) in self.hops.in_doubt() {
            let doing = Doing::InDoubt(doubt.peer);
            let leaves = |one: &&mut MessageInfo| {
                one.message == doubt.message && matches!(one.doing, Doing::Moving(_))
            };
            match all.iter_mut().find(leaves) {
                // It has decided, and is about to store that.
                Some(one) if side == Side::Sender => one.doing = doing,
                _ => all.extend(self.doubtful(now, &doubt)),
            }
        }
        all
    }

    fn doubtful(&self, now: Time, doubt: &Doubt) -> Option<MessageInfo> {
        let (departed, bytes) = match self.incoming.get(&doubt.hop) {
            Some(arrived) => (
                Departed {
                    launch: arrived.envelope.launch,
                    hops: arrived.envelope.hops,
                    age: arrived.envelope.age,
                    since: arrived.resident.as_ref()?.since,
                },
                arrived.state.len() as u64,
            ),
            None => (*self.departed.get(&doubt.hop)?, 0),
        };
        let signed = self.library.launch(&departed.launch);
        let launch = signed.map(|signed| (signed.launch.author, signed.launch.home));
        let (author, home) = launch.unwrap_or_default();
        Some(MessageInfo {
            message: doubt.message,
            launch: departed.launch,
            author,
            home,
            previous: None,
            doing: Doing::InDoubt(doubt.peer),
            hops: departed.hops,
            age: departed.age + now.since(departed.since),
            left: doubt.expires.since(now),
            bytes,
        })
    }

    /// The launch that a message here belongs to.
    pub fn launch_of_message(&self, message: &MessageId) -> Option<LaunchHash> {
        let resident = self.messages.get(message)?;
        Some(resident.envelope.launch)
    }

    fn doing(&self, now: Time, resident: &Resident<E>) -> Doing {
        match resident.phase {
            Phase::Ready => Doing::Ready,
            Phase::Blocked(until) => Doing::Blocked(until.map(|until| until.since(now))),
            Phase::Asked(_, to) => Doing::Moving(Some(to)),
            Phase::Moving(hop) => {
                let out = self.outgoing.get(&hop.of(self.config.node));
                Doing::Moving(out.map(|out| out.to()))
            }
        }
    }

    /// A hash of everything that decides what this node will do: tags, messages with their states,
    /// hops, sessions, timers. Code is left out: its names are in the launches.
    pub fn digest(&self) -> Digest {
        let mut digester = Digester::new(STATE);
        for (name, tag) in self.tags.iter(Time::ZERO) {
            digester.add(name);
            digester.add(&tag.keeper);
            digester.write(&store::encode_tag(tag));
        }
        for (message, resident) in &self.messages {
            digester.add(message);
            digester.write(&store::encode_resident(resident));
            digester.write(format!("{:?}", resident.phase).as_bytes());
            if let Some(port) = &resident.port {
                digester.write(format!("{port:?}").as_bytes());
            }
        }
        if let Some(turn) = &self.turn {
            let mut state = Vec::new();
            E::capture(turn.machine(), &mut state);
            digester.add(&turn.message);
            digester.write(&state);
        }
        self.hops.hash(&mut digester);
        digester.add(&self.peers);
        digester.add(&self.ready);
        digester.add(&self.next_token);
        digester.add(&self.now);
        digester.digest()
    }
}
