//! The engine of the node on which a test runs: the virtual machine, with answers to the tag that
//! nobody else answers for, and an eye on what the test prints, spawns and dies of.

use std::sync::Arc;

use sm_bytecode::{EntryRef, TagCode, TrapKind};
use sm_core::content::{Checked, ContentError, ContentId, ContentKind};
use sm_core::engine::{Code, Engine, Vm};
use sm_vm::{
    Answer, CreateOptions, Host, Jit, Limits, Machine, Outcome, Program, Seed, SpawnRefused,
    TagRef, TrapReport,
};

use super::question::Question;
use super::stage::{self, Mode, Props};
use super::{answer, measure};

/// The virtual machine of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tested;

/// A machine on the stage.
#[derive(Debug)]
pub(super) struct Player {
    machine: Machine,
    /// Fuel that was used in simulated networks on its behalf.
    elsewhere: u64,
    /// How it began, to begin again.
    beginning: measure::Beginning,
}

/// The first message on a stage is the test.
fn is_the_test(props: &mut Props, host: &dyn Host) -> bool {
    let id = host.id();
    *props.first.get_or_insert(id) == id
}

impl Engine for Tested {
    type Code = Code;
    type Program = Arc<Program>;
    type Machine = Player;

    fn check(kind: ContentKind, bytes: &[u8]) -> Result<Checked<Code>, ContentError> {
        Vm::check(kind, bytes)
    }

    fn name(kind: ContentKind, bytes: &[u8]) -> ContentId {
        Vm::name(kind, bytes)
    }

    fn link<'a>(
        program: &[u8; 32],
        code: &dyn Fn(ContentId) -> Option<&'a Code>,
    ) -> Result<Arc<Program>, String> {
        Vm::link(program, code)
    }

    fn compile(program: &Arc<Program>, jit: &Jit) {
        Vm::compile(program, jit);
    }

    fn start(
        program: &Arc<Program>,
        entry: EntryRef,
        arguments: &[u8],
        limits: Limits,
        seed: Seed,
    ) -> Result<Player, String> {
        let machine = Vm::start(program, entry, arguments, limits, seed)?;
        let beginning = measure::Beginning {
            program: program.clone(),
            entry,
            limits,
            seed: seed.bytes(),
        };
        Ok(Player {
            machine,
            elsewhere: 0,
            beginning,
        })
    }

    /// A message on its way has no test to go back to.
    fn restore(_: &Arc<Program>, _: &[u8], _: Limits) -> Result<Player, String> {
        Err("a message of a test cannot move".to_owned())
    }

    fn run(this: &mut Player, fuel: u64, host: &mut dyn Host) -> Outcome {
        let ran = stage::with(|props| {
            let is_the_test = is_the_test(props, host);
            let before = props.nets.fuel_left;
            let outcome = match props.mode {
                Mode::Bench { nanos, .. } if is_the_test => {
                    let mut host = Prompter { host, props };
                    let (outcome, measured) = measure::repeat(&this.beginning, nanos, &mut host);
                    props.mode = Mode::Bench { nanos, measured };
                    outcome
                }
                _ => this.machine.run(fuel, &mut Prompter { host, props }),
            };
            if let (Outcome::Trap(report), true) = (&outcome, is_the_test) {
                props.message.clone_from(&report.message);
            }
            this.elsewhere += before - props.nets.fuel_left;
            outcome
        });
        ran.unwrap_or(Outcome::Yield)
    }

    fn answer(this: &mut Player, answer: Answer) {
        this.machine.answer(answer);
    }

    fn capture(this: &Player, out: &mut Vec<u8>) {
        this.machine.capture(out);
    }

    fn pending(this: &Player) -> Option<Outcome> {
        this.machine.pending()
    }

    fn fuel_used(this: &Player) -> u64 {
        this.machine.fuel_used() + this.elsewhere
    }

    fn bytes(this: &Player) -> u64 {
        this.machine.heap_bytes()
    }

    fn trap(this: &mut Player, kind: TrapKind) -> TrapReport {
        this.machine.trap_here(kind)
    }
}

/// The node, and beside it the one who knows what the test may ask.
struct Prompter<'a> {
    host: &'a mut dyn Host,
    props: &'a mut Props,
}

impl Prompter<'_> {
    /// The answer stays until the next one.
    fn ask(&mut self, tag: &TagRef<'_>) -> bool {
        let Some(question) = Question::of(tag) else {
            return false;
        };
        let answer = match self.props.mode {
            Mode::Test => self.props.nets.answer(&question),
            Mode::Bench { .. } => Err("a bench has no simulated networks".to_owned()),
        };
        self.props.hear();
        self.props.answer = answer::encode(answer);
        true
    }
}

impl Host for Prompter<'_> {
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], options: CreateOptions) -> TagCode {
        self.host.tag_create(tag, value, options)
    }

    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool {
        self.host.tag_delete(tag)
    }

    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool {
        self.host.tag_has(tag)
    }

    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]> {
        match self.ask(tag) {
            true => Some(&self.props.answer),
            false => self.host.tag_read(tag),
        }
    }

    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode {
        self.host.tag_write(tag, value)
    }

    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64 {
        self.host.tag_version(tag)
    }

    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        // Nobody reads the identity of a message that begins elsewhere.
        match self.props.nets.spawn(entry, args) {
            true => Ok([0; 32]),
            false => self.host.spawn(entry, args),
        }
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        self.host.neighbors()
    }

    fn previous(&self) -> Option<[u8; 32]> {
        self.host.previous()
    }

    fn here(&self) -> [u8; 32] {
        self.host.here()
    }

    fn home(&self) -> [u8; 32] {
        self.host.home()
    }

    fn hops(&self) -> u64 {
        self.host.hops()
    }

    fn now(&self) -> u64 {
        self.host.now()
    }

    fn id(&self) -> [u8; 32] {
        self.host.id()
    }

    fn print(&mut self, text: &str) {
        self.props.print(text);
    }
}
