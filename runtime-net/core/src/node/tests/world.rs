//! A few nodes in one place: what one sends arrives at the other when the test says so.

use std::collections::{BTreeMap, VecDeque};

use ed25519_dalek::SigningKey;

use super::super::store::Batch;
use super::toy::{Toy, program, tag_name};
use super::*;
use crate::hop::Memory;
use crate::ids::{AuthorId, Span, TypeHash};
use crate::launch::{Launch, LaunchLimits, SignedLaunch};
use crate::tags::{Access, TagName, TagSpec};

/// The key of a node of the world.
pub(super) fn key(at: usize) -> NodeId {
    NodeId([at as u8 + 1; 32])
}

pub(super) fn author(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

/// A signed launch of a toy program, with home at a node.
pub(super) fn launch(home: usize, script: &str, limits: LaunchLimits) -> SignedLaunch {
    launch_by(1, home, script, limits)
}

pub(super) fn launch_by(who: u8, home: usize, script: &str, limits: LaunchLimits) -> SignedLaunch {
    let (manifest, _) = program(script);
    let author = author(who);
    Launch {
        author: AuthorId(*author.verifying_key().as_bytes()),
        home: key(home),
        program: Toy::name(ContentKind::Program, &manifest).hash,
        brick: [0; 32],
        function: 0,
        arguments: Vec::new(),
        limits,
        nonce: [0; 16],
        expiry: 0,
    }
    .sign(&author)
    .expect("it is the author's key")
}

/// When the stores of the world's nodes confirm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stores {
    AtOnce,
    WhenTold,
}

pub(super) struct World {
    pub(super) now: Time,
    pub(super) nodes: Vec<Node<Toy>>,
    pub(super) stores: Stores,
    disks: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// What the stores have been given and have not confirmed.
    storing: Vec<VecDeque<(StoreToken, Batch)>>,
    boots: Vec<u64>,
    /// The session between two nodes, by their numbers.
    sessions: BTreeMap<(usize, usize), SessionId>,
    next_session: u64,
    /// Frames under way: from, to, session, bytes.
    pub(super) wire: VecDeque<(usize, usize, Option<SessionId>, Vec<u8>)>,
    pub(super) prints: Vec<(usize, String)>,
    pub(super) reports: Vec<Report>,
    pub(super) logs: Vec<(usize, Log)>,
    pub(super) io: Vec<Vec<u8>>,
    /// What was to be done with connections, in order.
    pub(super) deeds: Vec<(usize, Deed)>,
    pub(super) steps: Vec<(usize, Step)>,
    /// Whether frames are kept in `sent`.
    pub(super) keep: bool,
    pub(super) sent: Vec<Vec<u8>>,
}

impl World {
    pub(super) fn new(count: usize) -> Self {
        Self::with(count, |_| {})
    }

    pub(super) fn with(count: usize, adjust: impl Fn(&mut Config)) -> Self {
        let node = |number| {
            let mut config = Config::new(key(number));
            adjust(&mut config);
            Node::new(config, Boot::default())
        };
        Self {
            now: Time(1),
            nodes: (0..count).map(node).collect(),
            stores: Stores::AtOnce,
            disks: vec![BTreeMap::new(); count],
            storing: vec![VecDeque::new(); count],
            boots: vec![0; count],
            sessions: BTreeMap::new(),
            next_session: 0,
            wire: VecDeque::new(),
            prints: Vec::new(),
            reports: Vec::new(),
            logs: Vec::new(),
            io: Vec::new(),
            deeds: Vec::new(),
            steps: Vec::new(),
            keep: false,
            sent: Vec::new(),
        }
    }

    /// Nodes in a row, each connected with the next.
    pub(super) fn line(count: usize) -> Self {
        let mut world = Self::new(count);
        for right in 1..count {
            world.connect(right - 1, right);
        }
        world.settle();
        world
    }

    pub(super) fn connect(&mut self, a: usize, b: usize) {
        self.cut(a, b);
        self.replace(a, b);
    }

    /// A session that takes the place of one that is there.
    pub(super) fn replace(&mut self, a: usize, b: usize) {
        self.next_session += 1;
        let session = SessionId(self.next_session);
        self.sessions.insert((a, b), session);
        self.sessions.insert((b, a), session);
        self.nodes[a].handle_session_up(self.now, session, key(b));
        self.nodes[b].handle_session_up(self.now, session, key(a));
        self.collect(a);
        self.collect(b);
    }

    pub(super) fn connected(&self, a: usize, b: usize) -> bool {
        self.sessions.contains_key(&(a, b))
    }

    /// The session ends and loses all that is under way.
    pub(super) fn cut(&mut self, a: usize, b: usize) {
        self.wire
            .retain(|(from, to, ..)| (*from, *to) != (a, b) && (*from, *to) != (b, a));
        for (from, to) in [(a, b), (b, a)] {
            if let Some(session) = self.sessions.remove(&(from, to)) {
                self.nodes[from].handle_session_down(self.now, session);
                self.collect(from);
            }
        }
    }

    /// A crash, and a boot with what the disk holds if it is durable.
    pub(super) fn reboot(&mut self, node: usize) {
        self.reboot_after(node, 0);
    }

    /// The same, when so much of what was being stored had reached the disk unconfirmed.
    pub(super) fn reboot_after(&mut self, node: usize, stored: usize) {
        let others: Vec<usize> = (0..self.nodes.len())
            .filter(|other| *other != node)
            .collect();
        for other in others {
            self.cut(node, other);
        }
        let config = self.nodes[node].config.clone();
        for (_, batch) in std::mem::take(&mut self.storing[node])
            .into_iter()
            .take(stored)
        {
            apply(&mut self.disks[node], batch);
        }
        self.boots[node] += 1;
        let records = match config.memory {
            Memory::Volatile => Vec::new(),
            Memory::Durable => self.disks[node].clone().into_iter().collect(),
        };
        let incarnation = Incarnation(self.boots[node]);
        let boot = Boot {
            now: self.now,
            incarnation,
            hash_seed: 0,
            records,
        };
        self.nodes[node] = Node::new(config, boot);
        self.collect(node);
    }

    /// Puts a program and its launch on its home.
    pub(super) fn start(&mut self, home: usize, script: &str) -> MessageId {
        self.start_with(home, script, LaunchLimits::default())
            .expect("it may start")
    }

    pub(super) fn start_with(
        &mut self,
        home: usize,
        script: &str,
        limits: LaunchLimits,
    ) -> Result<MessageId, crate::launch::LaunchError> {
        self.give_code(home, script);
        self.start_signed(home, &launch(home, script, limits))
    }

    pub(super) fn give_code(&mut self, node: usize, script: &str) {
        let (manifest, brick) = program(script);
        self.nodes[node]
            .add_content(ContentKind::Program, &manifest)
            .expect("it is a program");
        self.nodes[node]
            .add_content(ContentKind::Brick, &brick)
            .expect("it is a brick");
    }

    pub(super) fn start_signed(
        &mut self,
        home: usize,
        launch: &SignedLaunch,
    ) -> Result<MessageId, crate::launch::LaunchError> {
        let started = self.nodes[home].handle_launch(self.now, &launch.bytes);
        self.collect(home);
        started
    }

    /// Does what a node says.
    pub(super) fn collect(&mut self, node: usize) {
        while let Some(output) = self.nodes[node].poll_output() {
            match output {
                Output::Send { session, bytes } => {
                    if self.keep {
                        self.sent.push(bytes.clone());
                    }
                    let to = self
                        .sessions
                        .iter()
                        .find(|((a, _), s)| *a == node && **s == session);
                    if let Some(((_, to), _)) = to {
                        self.wire.push_back((node, *to, Some(session), bytes));
                    }
                }
                Output::Broadcast { bytes } => {
                    for to in at_neighbors(&self.sessions, node) {
                        self.wire.push_back((node, to, None, bytes.clone()));
                    }
                }
                Output::Store { token, batch } => {
                    self.storing[node].push_back((token, batch));
                    if self.stores == Stores::AtOnce {
                        self.confirm(node);
                    }
                }
                Output::Print { text, .. } => self.prints.push((node, text)),
                Output::Report(report) => self.reports.push(report),
                Output::Log(log) => self.logs.push((node, log)),
                Output::IoWrite { value, .. } => self.io.push(value),
                Output::Trace(trace) => self.steps.push((node, trace.step)),
                Output::Connection { deed, .. } => self.deeds.push((node, deed)),
                Output::Close { session } => {
                    self.sessions.retain(|_, known| *known != session);
                }
            }
        }
    }

    /// The store of a node confirms all that it has.
    pub(super) fn confirm(&mut self, node: usize) {
        while self.confirm_one(node) {}
    }

    /// The store of a node confirms what it has had for longest.
    pub(super) fn confirm_one(&mut self, node: usize) -> bool {
        let Some((token, batch)) = self.storing[node].pop_front() else {
            return false;
        };
        apply(&mut self.disks[node], batch);
        self.nodes[node].handle_stored(self.now, token);
        self.collect(node);
        true
    }

    pub(super) fn deliver(&mut self) -> bool {
        self.deliver_nth(0)
    }

    /// Delivers the frame that is under way for longest in the same direction as the `nth`.
    pub(super) fn deliver_nth(&mut self, nth: usize) -> bool {
        let Some((from, to, ..)) = self.wire.get(nth) else {
            return false;
        };
        let ends = (*from, *to);
        let first = self
            .wire
            .iter()
            .position(|(from, to, ..)| (*from, *to) == ends);
        let frame = first.and_then(|first| self.wire.remove(first));
        let Some((from, to, session, bytes)) = frame else {
            return false;
        };
        match session {
            Some(session) => self.nodes[to].handle_frame(self.now, session, &bytes),
            None => self.nodes[to].handle_broadcast(self.now, key(from), &bytes),
        }
        self.collect(to);
        true
    }

    pub(super) fn run_slice(&mut self, node: usize, fuel: u64) {
        self.nodes[node].run(self.now, fuel);
        self.collect(node);
    }

    /// Runs and delivers until nothing happens any more at this time.
    pub(super) fn settle(&mut self) {
        for _ in 0..100_000 {
            let ready = (0..self.nodes.len()).find(|node| self.nodes[*node].is_ready());
            match ready {
                Some(node) => self.run_slice(node, 1_000),
                None if self.deliver() => {}
                None => return,
            }
        }
        panic!("the world does not come to rest");
    }

    /// Lets time pass, with everything that happens meanwhile.
    pub(super) fn pass(&mut self, span: Span) {
        let end = self.now + span;
        self.settle();
        while let Some((node, due)) = self.next_timeout().filter(|(_, due)| *due <= end) {
            self.now = self.now.max(due);
            self.nodes[node].handle_timeout(self.now);
            self.collect(node);
            self.settle();
        }
        self.now = end;
    }

    fn next_timeout(&self) -> Option<(usize, Time)> {
        let due = self.nodes.iter().map(Node::poll_timeout).enumerate();
        due.filter_map(|(node, due)| Some((node, due?)))
            .min_by_key(|(_, due)| *due)
    }

    /// The value of a tag at a node.
    pub(super) fn value(&self, node: usize, tag: &str) -> Option<String> {
        let tag = self.nodes[node].tags().get(self.now, &tag_name(tag))?;
        Some(String::from_utf8_lossy(&tag.value).into_owned())
    }

    /// What was printed, with the number of the node.
    pub(super) fn printed(&self) -> Vec<String> {
        self.prints
            .iter()
            .map(|(node, text)| format!("{node}:{text}"))
            .collect()
    }

    /// How much was put out and lost, as the logs tell.
    pub(super) fn left_out(&self) -> u64 {
        let count = |(_, log): &(usize, Log)| match log {
            Log::LeftOut { left_out, .. } => *left_out,
            _ => 0,
        };
        self.logs.iter().map(count).sum()
    }

    /// How messages ended, told to their homes.
    pub(super) fn ends(&self) -> Vec<End> {
        self.reports
            .iter()
            .map(|report| report.end.clone())
            .collect()
    }

    /// Where messages are.
    pub(super) fn places(&self) -> Vec<usize> {
        self.nodes
            .iter()
            .map(|node| node.messages().len())
            .collect()
    }

    pub(super) fn refusals(&self) -> Vec<String> {
        let reason = |(_, log): &(usize, Log)| match log {
            Log::Refused { reason, .. } | Log::CopyDropped { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        self.logs.iter().filter_map(reason).collect()
    }
}

fn at_neighbors(sessions: &BTreeMap<(usize, usize), SessionId>, node: usize) -> Vec<usize> {
    sessions
        .keys()
        .filter(|(from, _)| *from == node)
        .map(|(_, to)| *to)
        .collect()
}

fn apply(disk: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => drop(disk.insert(key, value)),
            None => drop(disk.remove(&key)),
        }
    }
}

/// The spec of a tag of a toy program, for drivers and the operator.
pub(super) fn spec(name: &TagName) -> TagSpec<'_> {
    TagSpec {
        name,
        display: "tag",
        ty: TypeHash([0; 32]),
        descriptor: &[],
        read: Access::Any,
        write: Access::Any,
        lifetime: None,
        program: [0; 32],
    }
}

/// The program's result.
pub(super) fn done(value: &str) -> End {
    End::Done {
        ty: TypeHash([0; 32]),
        value: value.as_bytes().to_vec(),
    }
}
