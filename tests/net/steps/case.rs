//! At which steps nodes die, and what must be left of the message then.

use std::fmt;

use Node::{A, B};

/// One of the two. The message begins at A, which is its home.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    A,
    B,
}

/// The death of a node at a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Death {
    pub(super) node: Node,
    /// As `--crash-at` wants it.
    pub(super) step: String,
}

/// What happens to two nodes and a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Case {
    /// One after the other. A node is back, without its memory, before the next death.
    pub(super) deaths: Vec<Death>,
    /// Whether it is back after the last death, too.
    pub(super) comes_back: bool,
    /// How often the message wants to move.
    pub(super) moves: u64,
    /// Bytes that it carries.
    pub(super) load: u64,
    /// Bytes of an argument. A long launch does not fit an offer, and is asked for.
    pub(super) parcel: usize,
    /// How long a hop may take, in milliseconds.
    pub(super) timeout: u64,
    /// B grants less than the message asks for.
    pub(super) proud: bool,
    pub(super) left: Left,
}

/// What must be left in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Left {
    pub(super) message: Message,
    /// The node that lives does not know how the hop ended.
    pub(super) doubt: bool,
    pub(super) told: Told,
}

/// Whether there is the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Message {
    Lives,
    Lost,
}

/// What the one who waits at A is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// How the message ended, once it was let.
    Done,
    /// That it was lost with the memory of B.
    Killed,
    /// That its home has ended.
    HomeEnded,
    /// Nothing, until it is no longer waited for.
    Nothing,
}

/// What the sender of a hop goes through.
const SENDER: [&str; 14] = [
    "sending-offer",
    "sent-offer",
    "receiving-accept",
    "received-accept",
    "sending-code",
    "sent-code",
    "sending-state",
    "sent-state",
    "receiving-prepared",
    "received-prepared",
    "sending-commit",
    "sent-commit",
    "receiving-done",
    "received-done",
];

/// What the receiver of a hop goes through.
const RECEIVER: [&str; 14] = [
    "receiving-offer",
    "received-offer",
    "sending-accept",
    "sent-accept",
    "receiving-code",
    "received-code",
    "receiving-state",
    "received-state",
    "sending-prepared",
    "sent-prepared",
    "receiving-commit",
    "received-commit",
    "sending-done",
    "sent-done",
];

/// A state of so many bytes does not fit an offer.
const LOAD: u64 = 40_000;
/// Nor does the launch record of a program with so many bytes of arguments.
const PARCEL: usize = 20_000;

/// The hops of a message that nobody hinders.
const MOVES: u64 = 4;

impl Node {
    pub(super) fn other(self) -> Self {
        match self {
            A => B,
            B => A,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for death in &self.deaths {
            write!(f, "{:?} dies at {}, ", death.node, death.step)?;
        }
        let back = if self.comes_back { "back" } else { "gone" };
        write!(f, "{back}, {} bytes", self.load)
    }
}

/// Whether a step comes before another, in what one side goes through.
fn before(side: &[&str], step: &str, other: &str) -> bool {
    let at = |step| side.iter().position(|known| *known == step);
    at(step).expect("a step of this side") < at(other).expect("a step of this side")
}

/// A hop is from A to B if its number is odd.
fn sender_of(hop: u32) -> Node {
    if hop.is_multiple_of(2) { B } else { A }
}

/// The sender dies in a hop; the receiver has all that it needs after the step `last`.
fn sender_dies(hop: u32, step: &str, last: &str) -> Left {
    let is_before = |other| before(&SENDER, step, other);
    let has_it = is_before("sent-commit");
    let message = if has_it {
        Message::Lost
    } else {
        Message::Lives
    };
    let told = match sender_of(hop) {
        A => Told::HomeEnded,
        B if has_it => Told::Nothing,
        B => Told::Done,
    };
    Left {
        message,
        doubt: has_it && !is_before(last),
        told,
    }
}

/// The receiver dies in a hop.
fn receiver_dies(hop: u32, step: &str, comes_back: bool) -> Left {
    let is_before = |other| before(&RECEIVER, step, other);
    let has_it = !is_before("sent-prepared");
    // The sender has not heard that the receiver has it: it asks, and learns of the loss.
    let asks = has_it && is_before("sent-done");
    let message = if has_it {
        Message::Lost
    } else {
        Message::Lives
    };
    let told = match sender_of(hop) {
        B => Told::HomeEnded,
        A if !has_it => Told::Done,
        A if asks && comes_back => Told::Killed,
        A => Told::Nothing,
    };
    Left {
        message,
        doubt: asks,
        told,
    }
}

/// A step, at the time that it is that of a hop.
fn at(step: &str, hop: u32) -> String {
    format!("{step}:{}", hop.div_ceil(2))
}

/// Nobody dies at a step of its own.
pub(super) fn quiet(moves: u64) -> Case {
    let (message, doubt, told) = (Message::Lives, false, Told::Done);
    let left = Left {
        message,
        doubt,
        told,
    };
    let case = case(Vec::new(), false, left);
    Case { moves, ..case }
}

/// A node dies at a step of the first hop, or before.
pub(super) fn dying(node: Node, step: &str) -> Case {
    let step = step.to_owned();
    let deaths = vec![Death { node, step }];
    Case { deaths, ..quiet(1) }
}

fn case(deaths: Vec<Death>, comes_back: bool, left: Left) -> Case {
    Case {
        deaths,
        comes_back,
        moves: MOVES,
        load: 0,
        parcel: 0,
        timeout: 10_000,
        proud: false,
        left,
    }
}

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let back = [false, true].into_iter();
    let all = back.flat_map(|back| {
        let mut all = hops(back);
        all.extend(wishes(back));
        all.extend(refusals(back));
        all.extend(questions(back));
        all.extend(losses(back));
        all
    });
    all.collect()
}

/// A node dies in a hop that would have gone well: the first one, which takes the code along, the
/// way back, and the second one there.
fn hops(back: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for (hop, load) in [(1, 0), (1, LOAD), (2, 0), (2, LOAD), (3, 0), (3, LOAD)] {
        let has = |step: &str| match step.split_once('-').expect("a step").1 {
            "code" => hop == 1,
            "accept" | "state" => hop == 1 || load > 0,
            _ => true,
        };
        let sender = sender_of(hop);
        let last = if has("sent-state") {
            "sent-state"
        } else {
            "sent-offer"
        };
        let mut add = |node, step, left| {
            let step = at(step, hop);
            let case = case(vec![Death { node, step }], back, left);
            all.push(Case { load, ..case });
        };
        for step in SENDER.into_iter().filter(|step| has(step)) {
            let mut left = sender_dies(hop, step, last);
            // A short state is in the offer, and the code all that is missing. It is not out yet
            // when the node dies before the frame behind it.
            left.doubt |= step == "sent-code" && load == 0;
            add(sender, step, left);
        }
        for step in RECEIVER.into_iter().filter(|step| has(step)) {
            add(sender.other(), step, receiver_dies(hop, step, back));
        }
    }
    all
}

/// A node dies while B asks for code that it learns of with other code.
fn wishes(back: bool) -> Vec<Case> {
    let steps = [
        "receiving-want",
        "received-want",
        "sending-want",
        "sent-want",
    ];
    let times = [1, 2].into_iter();
    let all = times.flat_map(|time| steps.map(|step| (step, time)));
    all.map(|(step, time)| {
        // Nothing is promised yet, so the message is where it was.
        let (node, left) = if step.starts_with("rec") {
            (A, sender_dies(1, "receiving-accept", "sent-state"))
        } else {
            (B, receiver_dies(1, "sent-accept", back))
        };
        let step = format!("{step}:{time}");
        let case = case(vec![Death { node, step }], back, left);
        Case {
            parcel: PARCEL,
            ..case
        }
    })
    .collect()
}

/// A node dies while B refuses the message, or while A gives up a hop that takes too long.
fn refusals(back: bool) -> Vec<Case> {
    let of_sender = Left {
        message: Message::Lost,
        doubt: false,
        told: Told::HomeEnded,
    };
    let of_receiver = Left {
        message: Message::Lives,
        doubt: false,
        told: Told::Done,
    };
    let mut all = Vec::new();
    for (node, left, step) in [
        (A, of_sender, "receiving-refuse"),
        (A, of_sender, "received-refuse"),
        (B, of_receiver, "sending-refuse"),
        (B, of_receiver, "sent-refuse"),
        (A, of_sender, "sending-abort"),
        (A, of_sender, "sent-abort"),
        (B, of_receiver, "receiving-abort"),
        (B, of_receiver, "received-abort"),
    ] {
        let (step, proud) = (step.to_owned(), step.ends_with("refuse"));
        let (load, timeout) = if proud { (0, 10_000) } else { (1 << 20, 1) };
        let case = case(vec![Death { node, step }], back, left);
        all.push(Case {
            load,
            timeout,
            proud,
            ..case
        });
    }
    all
}

/// An end of a hop.
#[derive(Clone, Copy)]
enum Side {
    Sender,
    Receiver,
}

/// The second of two deaths, in the first hop and in the way back: the hop's sender, the death, and
/// whether it leaves a doubt.
fn seconds(steps: &[(Side, &str, bool)]) -> Vec<(Node, Death, bool)> {
    let mut all = Vec::new();
    for sender in [1, 2].map(sender_of) {
        for (side, step, doubt) in steps {
            let node = match side {
                Side::Sender => sender,
                Side::Receiver => sender.other(),
            };
            let step = (*step).to_owned();
            all.push((sender, Death { node, step }, *doubt));
        }
    }
    all
}

/// The sender dies before it decides; the receiver asks when it is back, and one of them dies.
fn questions(back: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for (sender, second, doubt) in seconds(&[
        (Side::Receiver, "sending-query", false),
        (Side::Receiver, "sent-query", false),
        (Side::Receiver, "receiving-unknown", false),
        (Side::Receiver, "received-unknown", false),
        (Side::Sender, "receiving-query", true),
        (Side::Sender, "received-query", true),
        (Side::Sender, "sending-unknown", true),
        (Side::Sender, "sent-unknown", false),
    ]) {
        let first = Death {
            node: sender,
            step: "receiving-prepared".to_owned(),
        };
        let told = if sender == A || second.node == A {
            Told::HomeEnded
        } else {
            Told::Nothing
        };
        let (deaths, message) = (vec![first, second], Message::Lost);
        let left = Left {
            message,
            doubt,
            told,
        };
        all.push(case(deaths, back, left));
    }
    all
}

/// The receiver dies with the message; the sender says again that it is the receiver's, and one of
/// them dies.
fn losses(back: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for (sender, second, doubt) in seconds(&[
        (Side::Receiver, "sending-lost", true),
        (Side::Receiver, "sent-lost", false),
        (Side::Sender, "receiving-lost", false),
        (Side::Sender, "received-lost", false),
    ]) {
        let first = Death {
            node: sender.other(),
            step: "receiving-commit".to_owned(),
        };
        let told = match (first.node, second.node) {
            (A, _) | (_, A) => Told::HomeEnded,
            _ if doubt && !back => Told::Nothing,
            _ => Told::Killed,
        };
        let (deaths, message) = (vec![first, second], Message::Lost);
        let left = Left {
            message,
            doubt,
            told,
        };
        all.push(case(deaths, back, left));
    }
    all
}
