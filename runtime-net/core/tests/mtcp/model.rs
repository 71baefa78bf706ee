//! The state space: what can happen next, and what must hold.

use sm_core::mtcp::{Commit, Config, End, LinkId};
use stateright::{Model, Property};

use super::service::Program;
use super::world::{Broken, Index, TIMING, World, key};

/// How much may happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Faults {
    /// Attempts of the client to go on somewhere.
    pub(crate) moves: u8,
    /// Links of the client that break.
    pub(crate) breaks: u8,
    /// Links between servers that break for a while.
    pub(crate) splits: u8,
    /// Servers that forget everything.
    pub(crate) crashes: u8,
    /// Exports.
    pub(crate) exports: u8,
}

/// How the connection begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Start {
    /// The client has just sent its first frame.
    #[default]
    Fresh,
    /// It is attached to the first server.
    Attached,
    /// And the second one is a standby.
    Standby,
    /// The client has just tried the standby, which hears then what the owner did meanwhile.
    Tried,
}

/// One connection and some servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mtcp {
    pub(crate) servers: usize,
    /// What the client's program says, in bytes.
    pub(crate) requests: u64,
    pub(crate) faults: Faults,
    /// How it begins.
    pub(crate) start: Start,
    /// The client keeps sealed records.
    pub(crate) carried: bool,
    pub(crate) broken: Option<Broken>,
    pub(crate) grain: Grain,
}

/// How finely what happens is told apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Grain {
    /// Each frame, and each thing that a service does.
    #[default]
    Fine,
    /// All that is under way on a link arrives at once, and services do at once what they can.
    Coarse,
}

/// The world, and what may still happen to it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) left: Faults,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Action {
    Write,
    There(LinkId),
    Back(LinkId),
    Between(Index, Index),
    Serve(Index),
    Export(Index),
    Resume(Index),
    Cut(LinkId, usize, usize),
    Split(Index, Index, usize, usize),
    Heal(Index, Index),
    /// With what arrives of what it sent to other servers and to the client.
    Crash(Index, usize, usize),
}

impl State {
    /// The client has everything, and knows that the service has.
    pub(crate) fn done(&self) -> bool {
        self.world.end == Some(End::Done) && self.world.program.has_all()
    }

    fn owner(&self) -> Index {
        usize::from(self.world.client.record().owner.0[0]) - 1
    }

    /// Whether a server may crash: what it has is also elsewhere.
    fn may_crash(&self, at: Index) -> bool {
        let world = &self.world;
        if at == self.owner() {
            let kept = |server: &sm_core::ids::NodeId| {
                let host = &world.hosts[usize::from(server.0[0]) - 1];
                host.server.copy_of() == Some(key(at))
            };
            let standbys = &world.client.record().standbys;
            return standbys.iter().any(kept) || world.client.held() > 0;
        }
        let runs = world.hosts[self.owner()].server.summary().runs;
        runs && world.lines.values().all(|line| line.server != at)
    }
}

impl Mtcp {
    fn there(&self, world: &mut World, link: LinkId) {
        let (at, count) = (
            world.lines[&link].server,
            world.lines[&link].there.queue.len(),
        );
        for _ in 0..self.at_once(count) {
            if world.lines.contains_key(&link) {
                world.deliver_there(link);
            }
        }
        self.work(world, at);
    }

    fn back(&self, world: &mut World, link: LinkId) {
        let count = world.lines[&link].back.queue.len();
        for _ in 0..self.at_once(count) {
            if world.lines.contains_key(&link) {
                world.deliver_back(link);
            }
        }
    }

    fn between(&self, world: &mut World, (from, to): (Index, Index)) {
        let count = world.ways[&(from, to)].queue.len();
        for _ in 0..self.at_once(count) {
            world.deliver(from, to);
        }
        self.work(world, to);
    }

    fn at_once(&self, count: usize) -> usize {
        match self.grain {
            Grain::Fine => 1,
            Grain::Coarse => count,
        }
    }

    fn work(&self, world: &mut World, at: Index) {
        if self.grain == Grain::Coarse {
            serve(world, at);
        }
    }

    fn config(&self) -> Config {
        Config {
            timing: TIMING,
            commit: if self.carried {
                Commit::Carried
            } else {
                Commit::Standbys
            },
            ..Config::default()
        }
    }
}

/// The service does what it can.
fn serve(world: &mut World, at: Index) -> bool {
    let mut moved = false;
    while world.step(at, false) {
        moved = true;
    }
    moved
}

/// All that is under way arrives, in some order.
pub(crate) fn calm(world: &mut World) {
    loop {
        let links: Vec<_> = world.lines.keys().copied().collect();
        let ways: Vec<_> = world.ways.keys().copied().collect();
        let mut moved = false;
        for link in links {
            if world
                .lines
                .get(&link)
                .is_some_and(|line| !line.there.queue.is_empty())
            {
                world.deliver_there(link);
                moved = true;
            }
            if world
                .lines
                .get(&link)
                .is_some_and(|line| !line.back.queue.is_empty())
            {
                world.deliver_back(link);
                moved = true;
            }
        }
        for (from, to) in ways {
            if !world.ways[&(from, to)].queue.is_empty() {
                world.deliver(from, to);
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}

impl Model for Mtcp {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let program = Program::of(self.requests);
        let mut world = World::new(self.servers, program, self.config());
        world.broken = self.broken;
        if self.start != Start::Fresh {
            calm(&mut world);
        }
        if matches!(self.start, Start::Standby | Start::Tried) {
            let now = world.now;
            assert!(world.hosts[0].server.recruit(now, key(1)));
            world.settle(0);
            calm(&mut world);
            assert_eq!(world.client.record().standbys, [key(1)]);
        }
        if self.start == Start::Tried {
            world.write(1);
            calm(&mut world);
            world.resume(1);
            let links = world.lines.iter().filter(|(_, line)| line.server == 1);
            let link = links.map(|(link, _)| *link).next();
            world.deliver_there(link.expect("the client tries it"));
            serve(&mut world, 0);
            self.between(&mut world, (0, 1));
        }
        let left = self.faults;
        vec![State { world, left }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let State { world, left } = state;
        if state.world.end.is_some() {
            return;
        }
        if !world.program.has_written() {
            actions.push(Action::Write);
        }
        for (link, line) in &world.lines {
            let (there, back) = (line.there.queue.len(), line.back.queue.len());
            if there > 0 {
                actions.push(Action::There(*link));
            }
            if back > 0 {
                actions.push(Action::Back(*link));
            }
            if left.breaks > 0 && line.there.up && line.back.up {
                let kept = (0..=there).flat_map(|a| (0..=back).map(move |b| (a, b)));
                actions.extend(kept.map(|(a, b)| Action::Cut(*link, a, b)));
            }
        }
        for ((from, to), way) in &world.ways {
            if !way.queue.is_empty() {
                actions.push(Action::Between(*from, *to));
            }
            if from > to {
                continue;
            }
            let back = &world.ways[&(*to, *from)];
            if left.splits > 0 && way.up && back.up {
                // All or nothing of each direction: what comes between them is one frame's worth.
                let (there, back) = (way.queue.len(), back.queue.len());
                for (a, b) in [(0, 0), (there, 0), (0, back), (there, back)] {
                    actions.push(Action::Split(*from, *to, a, b));
                }
            }
            if world.is_split(*from, *to) {
                actions.push(Action::Heal(*from, *to));
            }
        }
        for (at, host) in world.hosts.iter().enumerate() {
            if left.moves > 0 {
                actions.push(Action::Resume(at));
            }
            if left.crashes > 0 && state.may_crash(at) {
                // What the client heard and the standby did not is the worst of it.
                actions.push(Action::Crash(at, 0, usize::MAX));
                actions.push(Action::Crash(at, usize::MAX, 0));
            }
            if let Some(service) = host.service.as_ref().filter(|_| !host.frozen) {
                if self.grain == Grain::Fine {
                    actions.push(Action::Serve(at));
                }
                let new = host.server.snapshot() != Some(&service.snapshot()[..]);
                if new && left.exports > 0 {
                    actions.push(Action::Export(at));
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let State { world, left } = &mut state;
        match action {
            Action::Write => world.write(1),
            Action::There(link) => self.there(world, link),
            Action::Back(link) => self.back(world, link),
            Action::Between(from, to) => self.between(world, (from, to)),
            Action::Serve(at) => {
                if !serve(world, at) {
                    return None;
                }
            }
            Action::Export(at) => {
                left.exports = left.exports.saturating_sub(1);
                world.export(at);
            }
            Action::Resume(at) => {
                left.moves -= 1;
                world.resume(at);
            }
            Action::Cut(link, there, back) => {
                left.breaks -= 1;
                world.cut(link, (there, back));
            }
            Action::Split(a, b, there, back) => {
                left.splits -= 1;
                world.split(a, b, (there, back));
            }
            Action::Heal(a, b) => world.heal(a, b),
            Action::Crash(at, to_servers, to_client) => {
                left.crashes -= 1;
                world.crash(at, (to_servers, to_client));
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("each byte is the next one of one lineage", |_, state| {
                !state.world.wrong
            }),
            Property::<Self>::always("what runs again does what it did", |_, state| {
                state.world.diverged == 0
            }),
            Property::<Self>::always("what was acknowledged is there", |_, state| {
                !state.world.lost && !matches!(state.world.end, Some(End::Reset(_)))
            }),
            Property::<Self>::sometimes("possible: everything arrives", |_, state| state.done()),
        ]
    }
}
