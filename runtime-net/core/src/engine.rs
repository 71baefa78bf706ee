//! What a node needs from whatever runs programs.
//!
//! The node's own logic is written against this, so that it can be tested step by step with
//! programs that are a list of such steps. What really runs is [`Vm`].

use std::fmt;

use sm_bytecode::{EntryRef, TrapKind};
use sm_vm::{Answer, Host, Jit, JitStats, Limits, Outcome, Seed, TrapReport};

use crate::content::{Checked, ContentError, ContentId, ContentKind};

mod vm;

pub use vm::{Code, Vm};

/// Runs programs.
pub trait Engine: fmt::Debug {
    /// One verified piece of code: a manifest or a brick.
    type Code: fmt::Debug + 'static;
    /// A linked program. Cheap to clone: messages share it.
    type Program: Clone + fmt::Debug;
    /// One message that can run.
    type Machine: fmt::Debug;

    /// Decodes and verifies a manifest or a brick, and says what it is called and needs.
    ///
    /// # Errors
    /// [`ContentError`] for any bytes that are no such thing.
    fn check(kind: ContentKind, bytes: &[u8]) -> Result<Checked<Self::Code>, ContentError>;

    /// The name that a manifest or a brick with these bytes has. It is not verified.
    fn name(kind: ContentKind, bytes: &[u8]) -> ContentId;

    /// Links a program whose code is all here.
    ///
    /// # Errors
    /// Why it does not fit together, in words.
    fn link<'a>(
        program: &[u8; 32],
        code: &dyn Fn(ContentId) -> Option<&'a Self::Code>,
    ) -> Result<Self::Program, String>;

    /// Compiles what runs hot of the program from now on, if the engine can. It makes no difference
    /// but in time.
    fn compile(_: &Self::Program, _: &Jit) {}

    /// What was compiled of the program.
    fn compiled(_: &Self::Program) -> JitStats {
        JitStats::default()
    }

    /// A machine at the beginning of a function of the program.
    ///
    /// # Errors
    /// Why it cannot start there with these arguments, in words.
    fn start(
        program: &Self::Program,
        entry: EntryRef,
        arguments: &[u8],
        limits: Limits,
        seed: Seed,
    ) -> Result<Self::Machine, String>;

    /// A machine from a captured state, which is validated.
    ///
    /// # Errors
    /// What is wrong with the state, in words.
    fn restore(
        program: &Self::Program,
        state: &[u8],
        limits: Limits,
    ) -> Result<Self::Machine, String>;

    /// Goes on for at most so much fuel.
    fn run(machine: &mut Self::Machine, fuel: u64, host: &mut dyn Host) -> Outcome;

    /// Answers what the machine stopped for.
    fn answer(machine: &mut Self::Machine, answer: Answer);

    /// Writes the whole state in canonical bytes.
    fn capture(machine: &Self::Machine, out: &mut Vec<u8>);

    /// What the machine stopped for and has no answer to; `None` if it can run.
    fn pending(machine: &Self::Machine) -> Option<Outcome>;

    /// The fuel that the machine has used in its life.
    fn fuel_used(machine: &Self::Machine) -> u64;

    /// The memory that the machine holds beside its program, in bytes.
    fn bytes(machine: &Self::Machine) -> u64;

    /// Ends the machine with a trap that the node decides on.
    fn trap(machine: &mut Self::Machine, kind: TrapKind) -> TrapReport;
}
