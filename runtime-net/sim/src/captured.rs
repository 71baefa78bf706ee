//! An engine that captures and restores each message again and again while it runs.
//!
//! A program must not be able to tell: the trace of a run in this engine is that of a run in the
//! plain one. A state that cannot be restored, or is another one after it, is a bug and ends the
//! run.

use std::sync::Arc;

use sm_bytecode::{EntryRef, TrapKind};
use sm_core::content::{Checked, ContentError, ContentId, ContentKind};
use sm_core::engine::{Code, Engine, Vm};
use sm_vm::{Answer, Host, Jit, JitStats, Limits, Machine, Outcome, Program, Seed, TrapReport};

/// The virtual machine, captured and restored at the first safepoint after each so much fuel, and
/// wherever it stops. `Captured<1>` does it at every safepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured<const FUEL: u64>;

/// A machine, and what it takes to make it again.
#[derive(Debug)]
pub struct Restorable {
    machine: Machine,
    program: Arc<Program>,
    limits: Limits,
}

impl Restorable {
    fn cycle(&mut self) {
        let mut state = Vec::new();
        self.machine.capture(&mut state);
        let fuel = self.machine.fuel_used();
        self.machine = match Machine::restore(self.program.clone(), &state, self.limits) {
            Ok(machine) => machine,
            Err(error) => panic!("a state just captured cannot be restored: {error}"),
        };
        assert_eq!(self.machine.fuel_used(), fuel, "fuel is part of the state");
        let mut again = Vec::new();
        self.machine.capture(&mut again);
        assert!(state == again, "a restored state is another one");
    }
}

impl<const FUEL: u64> Engine for Captured<FUEL> {
    type Code = Code;
    type Program = Arc<Program>;
    type Machine = Restorable;

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

    fn compiled(program: &Arc<Program>) -> JitStats {
        Vm::compiled(program)
    }

    fn start(
        program: &Arc<Program>,
        entry: EntryRef,
        arguments: &[u8],
        limits: Limits,
        seed: Seed,
    ) -> Result<Restorable, String> {
        let machine = Vm::start(program, entry, arguments, limits, seed)?;
        Ok(Restorable {
            machine,
            program: program.clone(),
            limits,
        })
    }

    fn restore(program: &Arc<Program>, state: &[u8], limits: Limits) -> Result<Restorable, String> {
        let machine = Vm::restore(program, state, limits)?;
        Ok(Restorable {
            machine,
            program: program.clone(),
            limits,
        })
    }

    fn run(this: &mut Restorable, fuel: u64, host: &mut dyn Host) -> Outcome {
        let end = this.machine.fuel_used().saturating_add(fuel);
        loop {
            let left = end.saturating_sub(this.machine.fuel_used());
            let outcome = this.machine.run(left.min(FUEL), host);
            if !matches!(
                outcome,
                Outcome::Done(_) | Outcome::Trap(_) | Outcome::Kill(_)
            ) {
                this.cycle();
            }
            let goes_on = outcome == Outcome::OutOfFuel && this.machine.fuel_used() < end;
            if !goes_on {
                return outcome;
            }
        }
    }

    fn answer(this: &mut Restorable, answer: Answer) {
        this.machine.answer(answer);
    }

    fn capture(this: &Restorable, out: &mut Vec<u8>) {
        this.machine.capture(out);
    }

    fn pending(this: &Restorable) -> Option<Outcome> {
        this.machine.pending()
    }

    fn fuel_used(this: &Restorable) -> u64 {
        this.machine.fuel_used()
    }

    fn bytes(this: &Restorable) -> u64 {
        this.machine.heap_bytes()
    }

    fn trap(this: &mut Restorable, kind: TrapKind) -> TrapReport {
        this.machine.trap_here(kind)
    }
}
