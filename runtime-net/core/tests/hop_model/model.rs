//! The state space: what can happen next, and what must hold.

use std::collections::{BTreeMap, BTreeSet};

use sm_core::hop::{Arrival, Departure, Effect, HopEnd, HopFrame, HopRecord, Memory, Side, Timer};
use sm_core::ids::{MessageId, Time};
use stateright::{Model, Property};

use super::network::{Index, Item, Link, Node, Status, index, key};

/// How much may happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) moves: u8,
    pub(crate) breaks: u8,
    pub(crate) crashes: u8,
}

/// How the state of the message travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Transfer {
    /// After an ACCEPT.
    #[default]
    Apart,
    /// Inside the offer.
    Inline,
}

/// What a disk is worth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Disk {
    #[default]
    Honest,
    /// It confirms at once and stores later: PREPARED and COMMIT leave before they are stored.
    ConfirmsEarly,
    /// It is empty after a crash although the node promises to remember.
    Empties,
}

/// One message and some nodes in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct HopModel {
    pub(crate) memory: Vec<Memory>,
    pub(crate) faults: Faults,
    pub(crate) transfer: Transfer,
    pub(crate) disk: Disk,
    /// The message's lifetime can end at any moment.
    pub(crate) mortal: bool,
    /// A broken rule: a node runs its message as soon as the session ends, decided or not.
    pub(crate) impatient: bool,
}

/// The whole world.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    nodes: Vec<Node>,
    links: Vec<Link>,
    left: Faults,
    /// Where the message ran in each epoch.
    ran: BTreeSet<(u8, Index)>,
    /// Which nodes have ever stored what came with each hop as their own.
    installed: BTreeSet<(sm_core::ids::HopId, Index)>,
    /// A node without memory crashed.
    forgot: bool,
    /// The message ended with its lifetime.
    expired: bool,
    /// A node said DONE and had never installed the message.
    lied: bool,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Action {
    Deliver(Index, Index),
    Move(Index, Index),
    Store(Index),
    Fire(Index, Timer),
    Connect(usize),
    Break(usize, usize, usize),
    Crash(Index, usize, bool),
    Boot(Index),
}

const MESSAGE: MessageId = MessageId([9; 32]);

impl HopModel {
    fn ends(link: usize) -> (Index, Index) {
        (link, link + 1)
    }

    fn link_of(a: Index, b: Index) -> usize {
        a.min(b)
    }

    fn expires(&self) -> Time {
        if self.mortal {
            Time(u64::MAX / 2)
        } else {
            Time::NEVER
        }
    }

    /// Does what the machine of a node asks for.
    fn settle(&self, state: &mut State, node: Index) {
        while let Some(effect) = state.nodes[node].hops.poll() {
            self.effect(state, node, effect);
        }
    }

    fn effect(&self, state: &mut State, node: Index, effect: Effect) {
        match effect {
            Effect::Send { to, hop, frame } => {
                if frame == HopFrame::Done && !state.installed.contains(&(hop, node)) {
                    state.lied = !state.expired;
                }
                let epoch = state.nodes[node].message.map_or(0, |(epoch, _)| epoch);
                send(state, node, index(to), Item::Frame(hop, frame, epoch));
            }
            Effect::Store(record) => self.store(state, node, record),
            Effect::Consider { hop } if self.transfer == Transfer::Apart => {
                state.nodes[node].hops.accept(hop);
            }
            Effect::Consider { hop } | Effect::Verify { hop } => {
                state.nodes[node].hops.prepare(hop);
            }
            Effect::Install { hop, .. } => {
                let epoch = state.nodes[node]
                    .arrived
                    .remove(&hop)
                    .expect("it came with an epoch");
                assert!(
                    state.nodes[node].message.is_none(),
                    "two copies at one node"
                );
                state.nodes[node].message = Some((epoch, Status::Runs));
                state.ran.insert((epoch, node));
            }
            Effect::Discard { hop, reason } => {
                state.nodes[node].arrived.remove(&hop);
                state.expired |= reason == sm_core::hop::DropReason::Expired;
            }
            Effect::Resume { .. } => {
                let here = state.nodes[node]
                    .message
                    .as_mut()
                    .expect("it was kept meanwhile");
                here.1 = Status::Runs;
            }
            // A copy that runs against the rules does not stop when the hop is decided.
            Effect::Departed { .. } => {
                state.nodes[node]
                    .message
                    .take_if(|(_, status)| *status == Status::Moves);
            }
            Effect::Closed { end, .. } => state.expired |= end == HopEnd::Expired,
        }
    }

    fn store(&self, state: &mut State, node: Index, record: HopRecord) {
        let epoch = match record {
            HopRecord::Prepared(doubt) => state.nodes[node].arrived[&doubt.hop],
            _ => 0,
        };
        state.nodes[node].storing.push_back((record, epoch));
        if self.disk == Disk::ConfirmsEarly {
            self.confirm(state, node, record);
        }
    }

    fn confirm(&self, state: &mut State, node: Index, record: HopRecord) {
        state.nodes[node].hops.stored(record);
    }

    fn deliver(&self, state: &mut State, from: Index, to: Index) {
        let link = &mut state.links[Self::link_of(from, to)];
        let Some(item) = link.queue(from).pop_front() else {
            return;
        };
        let peer = key(from);
        let node = &mut state.nodes[to];
        match item {
            Item::Up(session) => {
                node.sessions.insert(from, session);
                node.hops.session_up(peer);
            }
            Item::Down => {
                node.sessions.remove(&from);
                node.hops.session_down(peer);
                if self.impatient
                    && let Some((_, status)) = &mut node.message
                {
                    *status = Status::Runs;
                }
            }
            Item::Frame(hop, HopFrame::Offer, epoch) => {
                let (message, expires) = (MESSAGE, self.expires());
                let arrival = Arrival {
                    hop,
                    message,
                    bytes: 1,
                    expires,
                };
                if node.hops.offered(Time::ZERO, peer, arrival).is_ok() {
                    node.arrived.insert(hop, epoch + 1);
                }
            }
            // The two faults an honest network can show: a hop that has been forgotten since.
            Item::Frame(hop, frame, _) => drop(node.hops.frame(peer, hop, frame)),
        }
    }

    fn depart(&self, state: &mut State, node: Index, to: Index) -> bool {
        let departure = Departure {
            message: MESSAGE,
            to: key(to),
            bytes: 1,
            deadline: Time(1),
            expires: self.expires(),
        };
        let begun = state.nodes[node].hops.depart(departure).is_ok();
        if let Some((_, status)) = state.nodes[node].message.as_mut().filter(|_| begun) {
            *status = Status::Moves;
        }
        begun
    }

    fn crash(&self, state: &mut State, node: Index, stored: usize, keep: bool) {
        state.forgot |= state.nodes[node].memory == Memory::Volatile;
        let reached: Vec<_> = state.nodes[node]
            .storing
            .iter()
            .take(stored)
            .copied()
            .collect();
        for (record, _) in reached {
            note_installed(state, node, record);
        }
        state.nodes[node].crash(stored);
        if self.disk == Disk::Empties {
            state.nodes[node].disk = Default::default();
        }
        for at in 0..state.links.len() {
            let (a, b) = Self::ends(at);
            if a != node && b != node {
                continue;
            }
            let other = a + b - node;
            let link = &mut state.links[at];
            let kept = if keep { link.under_way(node) } else { 0 };
            if link.up {
                link.cut(BTreeMap::from([(node, kept)]));
            }
            link.queue(other).clear();
        }
    }
}

/// What has reached a disk counts as installed.
fn note_installed(state: &mut State, node: Index, record: HopRecord) {
    if let HopRecord::Installed(hop) = record {
        state.installed.insert((hop, node));
    }
}

/// A frame leaves if the sender's session is the one that the link has.
fn send(state: &mut State, from: Index, to: Index, item: Item) {
    let link = &mut state.links[HopModel::link_of(from, to)];
    if link.up && state.nodes[from].sessions.get(&to) == Some(&link.session) {
        link.queue(from).push_back(item);
    }
}

impl State {
    /// How many copies run, or will when their node boots.
    fn runnable(&self) -> usize {
        let runs = |node: &&Node| match node.message {
            Some((_, status)) => status == Status::Runs,
            None => !node.up && node.disk.message.is_some(),
        };
        self.nodes.iter().filter(runs).count()
    }

    fn in_doubt(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| node.hops.in_doubt().count())
            .sum()
    }

    /// Nothing is under way and no fault lasts.
    fn quiescent(&self) -> bool {
        let calm = |node: &Node| {
            node.up && node.storing.is_empty() && node.hops.timers().all(|timer| lasting(&timer))
        };
        self.nodes.iter().all(calm)
            && self
                .links
                .iter()
                .all(|link| link.up && link.queues.values().all(|q| q.is_empty()))
    }
}

/// A timer of the message's lifetime, which is long.
fn lasting(timer: &Timer) -> bool {
    timer.at >= Time(u64::MAX / 2)
}

impl Model for HopModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let count = self.memory.len();
        let mut nodes: Vec<Node> = self
            .memory
            .iter()
            .enumerate()
            .map(|(at, memory)| Node::new(at, *memory))
            .collect();
        nodes[0].message = Some((0, Status::Runs));
        nodes[0].disk.message = Some(0);
        let mut links: Vec<Link> = (1..count)
            .map(|right| Link::between(right - 1, right))
            .collect();
        links.iter_mut().for_each(Link::connect);
        let mut state = State {
            nodes,
            links,
            left: self.faults,
            ran: BTreeSet::from([(0, 0)]),
            installed: BTreeSet::new(),
            forgot: false,
            expired: false,
            lied: false,
        };
        for right in 1..count {
            self.deliver(&mut state, right - 1, right);
            self.deliver(&mut state, right, right - 1);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, link) in state.links.iter().enumerate() {
            let (a, b) = Self::ends(at);
            link_actions(state, at, link, actions);
            for (from, to) in [(a, b), (b, a)] {
                if state.nodes[to].up && !link.queues[&from].is_empty() {
                    actions.push(Action::Deliver(from, to));
                }
                let runs = matches!(state.nodes[from].message, Some((_, Status::Runs)));
                if runs && state.left.moves > 0 {
                    actions.push(Action::Move(from, to));
                }
            }
        }
        for (at, node) in state.nodes.iter().enumerate() {
            node_actions(state, at, node, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let touched = match action {
            Action::Deliver(from, to) => {
                self.deliver(&mut state, from, to);
                Some(to)
            }
            Action::Move(node, to) => {
                state.left.moves -= 1;
                if !self.depart(&mut state, node, to) {
                    return None;
                }
                Some(node)
            }
            Action::Store(node) => {
                let (record, epoch) = state.nodes[node].storing.pop_front()?;
                state.nodes[node].disk.apply(record, epoch);
                note_installed(&mut state, node, record);
                if self.disk != Disk::ConfirmsEarly {
                    self.confirm(&mut state, node, record);
                }
                Some(node)
            }
            Action::Fire(node, timer) => {
                state.expired |= lasting(&timer) && timer.side == Side::Receiver;
                state.nodes[node].hops.fire(timer);
                Some(node)
            }
            Action::Connect(link) => {
                state.links[link].connect();
                None
            }
            Action::Break(link, first, second) => {
                state.left.breaks -= 1;
                let (a, b) = Self::ends(link);
                state.links[link].cut(BTreeMap::from([(a, first), (b, second)]));
                None
            }
            Action::Crash(node, stored, keep) => {
                state.left.crashes -= 1;
                self.crash(&mut state, node, stored, keep);
                None
            }
            Action::Boot(node) => {
                state.nodes[node].boot(node);
                if let Some((epoch, _)) = state.nodes[node].message {
                    state.ran.insert((epoch, node));
                }
                None
            }
        };
        if let Some(node) = touched {
            self.settle(&mut state, node);
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("at most one copy can run", |_, state: &State| {
                state.runnable() <= 1
            }),
            Property::always("one node in each epoch", |_, state: &State| {
                let epochs: BTreeSet<u8> = state.ran.iter().map(|(epoch, _)| *epoch).collect();
                epochs.len() == state.ran.len()
            }),
            Property::always("who says DONE has the message", |_, state: &State| {
                !state.lied
            }),
            Property::always("in the end the message is somewhere", |_, state: &State| {
                !state.quiescent() || state.forgot || state.expired || state.runnable() == 1
            }),
            Property::always("in the end nothing is in doubt", |_, state: &State| {
                !state.quiescent() || state.expired || state.in_doubt() == 0
            }),
            Property::sometimes("possible: the message arrives", |_, state: &State| {
                state.quiescent()
                    && state
                        .nodes
                        .last()
                        .is_some_and(|node| node.message.is_some())
            }),
            Property::sometimes(
                "possible: a hop fails",
                |model: &HopModel, state: &State| {
                    state.left.moves < model.faults.moves
                        && state.quiescent()
                        && state.nodes[0].message == Some((0, Status::Runs))
                },
            ),
        ]
    }
}

fn link_actions(state: &State, at: usize, link: &Link, actions: &mut Vec<Action>) {
    let (a, b) = HopModel::ends(at);
    if !link.up {
        if state.nodes[a].up && state.nodes[b].up {
            actions.push(Action::Connect(at));
        }
        return;
    }
    if state.left.breaks > 0 {
        for first in 0..=link.under_way(a) {
            for second in 0..=link.under_way(b) {
                actions.push(Action::Break(at, first, second));
            }
        }
    }
}

fn node_actions(state: &State, at: Index, node: &Node, actions: &mut Vec<Action>) {
    if !node.up {
        actions.push(Action::Boot(at));
        return;
    }
    if !node.storing.is_empty() {
        actions.push(Action::Store(at));
    }
    for timer in node.hops.timers() {
        actions.push(Action::Fire(at, timer));
    }
    if state.left.crashes > 0 {
        for stored in 0..=node.storing.len() {
            actions.push(Action::Crash(at, stored, true));
            actions.push(Action::Crash(at, stored, false));
        }
    }
}
