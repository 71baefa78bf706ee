//! A small model of one node: tags, turns, waiting messages, virtual time.
//!
//! It is written apart from the real node, straight from the language's rules, so that the two can
//! be held against each other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sm_bytecode::{EntryRef, TagCode, TrapKind};
use sm_vm::{
    Answer, AtOnce, CreateOptions, Data, Host, Jit, JitOptions, KillKind, Lifetime, Limits,
    Machine, Outcome, Program, SpawnRefused, TagBuf, TagRef, TrapReport,
};

/// How the first message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done(Data),
    Trap(TrapReport),
    Kill(KillKind),
    /// Everybody waits, and nothing will happen.
    Stuck,
}

/// What a run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) output: Vec<String>,
    pub(crate) end: End,
    /// How the other messages ended that did, in that order.
    pub(crate) others: Vec<End>,
    /// Fuel of all messages.
    pub(crate) fuel: u64,
}

/// When a message is taken apart into bytes and put together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Never,
    /// At the end of each turn, and at each so many-th safepoint.
    Safepoints(u64),
    /// At the end of each turn, and at the next safepoint after so much fuel.
    Fuel(u64),
}

/// What runs the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Interpreter,
    /// All that can be compiled runs as native code.
    Native,
    /// Each in its turn, from stop to stop.
    Both,
}

/// Fuel of one turn, as on a real node.
const TURN: u64 = 100_000_000;

/// Bytes of states that a run may capture within turns, and what each safepoint adds: a program
/// with a large state would be captured for longer than anybody waits.
const CREDIT: u64 = 256 << 20;
const CREDIT_EACH: u64 = 32 << 10;

const HERE: [u8; 32] = [7; 32];

/// Runs a program's entry without arguments to its end.
pub(crate) fn run(program: &Arc<Program>, plan: Plan, engine: Engine) -> Ran {
    if let Some(jit) = Jit::new(Arc::new(AtOnce), JitOptions::ALWAYS) {
        jit.attach(program);
    }
    let mut world = World::default();
    let machine = Machine::start(program.clone(), program.entry(), &[], limits(), [1; 32]);
    let machine = machine.expect("main takes no arguments");
    let mut runner = Runner {
        program: program.clone(),
        plan,
        interpreted: engine != Engine::Native,
        engine,
        fuel: 0,
        safepoints: 0,
        credit: CREDIT,
        last: 0,
    };
    world.start(machine);
    let mut others = Vec::new();
    let end = loop {
        let Some(mut message) = world.ready.pop_front() else {
            if world.pass_time() {
                continue;
            }
            break End::Stuck;
        };
        let end = runner.turn(&mut world, &mut message);
        world.turn_ended(program);
        match end {
            Some(end) if message.first => break end,
            Some(end) => others.push(end),
            None => world.put_back(message),
        }
    };
    Ran {
        output: world.output,
        end,
        others,
        fuel: runner.fuel,
    }
}

fn limits() -> Limits {
    Limits {
        heap_bytes: 16 << 20,
        frames: 10_000,
        ..Limits::default()
    }
}

struct Message {
    machine: Machine,
    id: [u8; 32],
    first: bool,
    born: u64,
    waits: Option<Waits>,
}

struct Waits {
    tag: TagBuf,
    /// Every version above this one wakes.
    after: u64,
    until: Option<u64>,
}

struct Tag {
    value: Vec<u8>,
    version: u64,
    dies: Option<u64>,
    lifetime: Option<u64>,
}

#[derive(Default)]
struct World {
    now: u64,
    /// Counts every create and write, so that no tag ever has the same version twice.
    versions: u64,
    tags: BTreeMap<([u8; 32], Vec<u8>), Tag>,
    ready: VecDeque<Message>,
    waiting: Vec<Message>,
    children: Vec<(EntryRef, Vec<u8>, [u8; 32])>,
    messages: u32,
    output: Vec<String>,
}

impl World {
    fn start(&mut self, machine: Machine) {
        let first = self.messages == 0;
        let id = self.id();
        self.ready.push_back(Message {
            machine,
            id,
            first,
            born: self.now,
            waits: None,
        });
    }

    /// An id that no message has.
    fn id(&mut self) -> [u8; 32] {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&self.messages.to_be_bytes());
        self.messages += 1;
        id
    }

    /// Now children begin, and what was written wakes who waits for it; the message comes after.
    fn turn_ended(&mut self, program: &Arc<Program>) {
        for (entry, args, id) in std::mem::take(&mut self.children) {
            let machine = Machine::start(program.clone(), entry, &args, limits(), id);
            let machine = machine.expect("the arguments of a spawn fit");
            self.ready.push_back(Message {
                machine,
                id,
                first: false,
                born: self.now,
                waits: None,
            });
        }
        self.wake();
    }

    fn put_back(&mut self, message: Message) {
        if message.waits.is_some() {
            self.waiting.push(message);
        } else {
            self.ready.push_back(message);
        }
    }

    /// Wakes those whose tag has a newer version.
    fn wake(&mut self) {
        for mut message in std::mem::take(&mut self.waiting) {
            let waits = message.waits.as_ref().expect("it is among those that wait");
            let tag = self.tags.get(&name(&waits.tag.as_ref()));
            match tag.filter(|tag| tag.version > waits.after) {
                Some(tag) => {
                    message.machine.answer(Answer::Tag(Some(tag.value.clone())));
                    message.waits = None;
                    self.ready.push_back(message);
                }
                None => self.waiting.push(message),
            }
        }
    }

    /// Goes on to the next thing that is due; answers whether there is one.
    fn pass_time(&mut self) -> bool {
        let deadlines = self
            .waiting
            .iter()
            .filter_map(|message| message.waits.as_ref()?.until);
        let Some(next) = deadlines.min() else {
            return false;
        };
        self.now = self.now.max(next);
        let now = self.now;
        self.tags
            .retain(|_, tag| tag.dies.is_none_or(|dies| dies > now));
        for mut message in std::mem::take(&mut self.waiting) {
            let until = message.waits.as_ref().and_then(|waits| waits.until);
            if until.is_some_and(|until| until <= now) {
                message.machine.answer(Answer::Tag(None));
                message.waits = None;
                self.ready.push_back(message);
            } else {
                self.waiting.push(message);
            }
        }
        true
    }

    fn live(&mut self, tag: &TagRef<'_>) -> Option<&mut Tag> {
        self.tags.get_mut(&name(tag))
    }
}

fn name(tag: &TagRef<'_>) -> ([u8; 32], Vec<u8>) {
    (*tag.base, tag.key.to_vec())
}

struct Runner {
    program: Arc<Program>,
    plan: Plan,
    engine: Engine,
    /// Whether the next run is the interpreter's.
    interpreted: bool,
    fuel: u64,
    safepoints: u64,
    /// Bytes that may still be captured within turns.
    credit: u64,
    /// The bytes of the state that was captured last.
    last: u64,
}

impl Runner {
    /// Runs a message to the end of its turn; answers how it ended, if it did.
    fn turn(&mut self, world: &mut World, message: &mut Message) -> Option<End> {
        let start = message.machine.fuel_used();
        let end = loop {
            let used = message.machine.fuel_used() - start;
            let Some(left) = TURN.checked_sub(used).filter(|left| *left > 0) else {
                break Some(End::Trap(message.machine.trap_here(TrapKind::TurnTooLong)));
            };
            let slice = match self.plan {
                Plan::Never => left,
                // The least there is: the machine stops at the next safepoint.
                Plan::Safepoints(_) => 1,
                Plan::Fuel(fuel) => fuel.min(left),
            };
            let mut host = Turn {
                world,
                id: message.id,
                born: message.born,
            };
            message.machine.interpret(self.interpreted);
            self.interpreted ^= self.engine == Engine::Both;
            match message.machine.run(slice, &mut host) {
                Outcome::OutOfFuel => self.stopped(message),
                outcome => break self.outcome(world, message, outcome),
            }
        };
        self.fuel += message.machine.fuel_used() - start;
        if end.is_none() && self.plan != Plan::Never {
            self.capture(message);
        }
        end
    }

    fn stopped(&mut self, message: &mut Message) {
        self.safepoints += 1;
        self.credit += CREDIT_EACH;
        match self.plan {
            Plan::Safepoints(every) if !self.safepoints.is_multiple_of(every) => {}
            _ if self.credit < self.last => {}
            _ => self.capture(message),
        }
    }

    fn outcome(
        &mut self,
        world: &mut World,
        message: &mut Message,
        outcome: Outcome,
    ) -> Option<End> {
        match outcome {
            Outcome::Done(data) => return Some(End::Done(data)),
            Outcome::Trap(report) => return Some(End::Trap(report)),
            Outcome::Kill(kill) => return Some(End::Kill(kill)),
            Outcome::OutOfFuel | Outcome::Yield => {}
            Outcome::Move { hop, .. } if hop == HERE => {
                message
                    .machine
                    .answer(Answer::Hop(sm_bytecode::HopCode::Ok));
            }
            Outcome::Move { .. } => {
                message
                    .machine
                    .answer(Answer::Hop(sm_bytecode::HopCode::Unreachable));
            }
            Outcome::MoveAll => {
                message
                    .machine
                    .answer(Answer::Hop(sm_bytecode::HopCode::NoNeighbors));
            }
            Outcome::Block {
                tag,
                timeout,
                after,
            } => {
                let live = world.live(&tag.as_ref());
                let version = live.as_ref().map_or(0, |tag| tag.version);
                if let Some(tag) = live.filter(|_| after.is_some_and(|after| version > after)) {
                    let value = tag.value.clone();
                    message.machine.answer(Answer::Tag(Some(value)));
                    return None;
                }
                let until = timeout.map(|timeout| world.now.saturating_add(timeout));
                let after = after.unwrap_or(version);
                message.waits = Some(Waits { tag, after, until });
            }
        }
        None
    }

    /// There and back through bytes, which must be the same bytes again.
    fn capture(&mut self, message: &mut Message) {
        let mut bytes = Vec::new();
        message.machine.capture(&mut bytes);
        self.last = bytes.len() as u64;
        self.credit = self.credit.saturating_sub(self.last);
        let restored = Machine::restore(self.program.clone(), &bytes, limits());
        let restored = restored.expect("what was captured can be restored");
        let mut again = Vec::new();
        restored.capture(&mut again);
        assert!(bytes == again, "capture(restore(x)) differs from x");
        message.machine = restored;
    }
}

/// What a message sees during its turn.
struct Turn<'a> {
    world: &'a mut World,
    id: [u8; 32],
    born: u64,
}

impl Host for Turn<'_> {
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], options: CreateOptions) -> TagCode {
        if self.world.live(tag).is_some() {
            return TagCode::Exists;
        }
        let lifetime = match options.lifetime {
            Lifetime::Default => tag.decl.lifetime,
            Lifetime::Never => None,
            Lifetime::After(nanos) => Some(nanos),
        };
        let dies = lifetime.map(|lifetime| self.world.now + lifetime);
        self.world.versions += 1;
        let version = self.world.versions;
        let made = Tag {
            value: value.to_vec(),
            version,
            dies,
            lifetime,
        };
        self.world.tags.insert(name(tag), made);
        TagCode::Ok
    }

    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool {
        self.world.tags.remove(&name(tag)).is_some()
    }

    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool {
        self.world.live(tag).is_some()
    }

    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]> {
        self.world.live(tag).map(|tag| &tag.value[..])
    }

    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode {
        if self.world.live(tag).is_none() {
            return self.tag_create(tag, value, CreateOptions::default());
        }
        self.world.versions += 1;
        let (now, version) = (self.world.now, self.world.versions);
        if let Some(tag) = self.world.live(tag) {
            tag.value = value.to_vec();
            tag.version = version;
            tag.dies = tag.lifetime.map(|lifetime| now + lifetime);
        }
        TagCode::Ok
    }

    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64 {
        self.world.live(tag).map_or(0, |tag| tag.version)
    }

    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        let id = self.world.id();
        self.world.children.push((entry, args.to_vec(), id));
        Ok(id)
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        Vec::new()
    }

    fn previous(&self) -> Option<[u8; 32]> {
        None
    }

    fn here(&self) -> [u8; 32] {
        HERE
    }

    fn home(&self) -> [u8; 32] {
        HERE
    }

    fn hops(&self) -> u64 {
        0
    }

    fn now(&self) -> u64 {
        self.world.now - self.born
    }

    fn id(&self) -> [u8; 32] {
        self.id
    }

    fn print(&mut self, text: &str) {
        self.world.output.push(text.to_owned());
    }
}
