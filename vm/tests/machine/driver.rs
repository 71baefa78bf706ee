//! Ways to run a program to its end, which must not differ in anything a program or node can see.

use std::sync::Arc;

use proptest::prelude::ProptestConfig;
use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{EntryRef, Group, ModuleManifest, ProgramManifest};
use sm_vm::{AtOnce, CodePlace, Collection, Jit, JitOptions, Limits, Machine, Outcome, Program};

use crate::host::ScriptedHost;

/// The only module of the programs here.
pub(crate) const MODULE: &str = "lib";

/// A program of one brick whose entry is its first function, of which everything is compiled.
pub(crate) fn program(group: Group) -> Arc<Program> {
    let program = linked(group);
    if let Some(jit) = Jit::new(Arc::new(AtOnce), JitOptions::ALWAYS) {
        jit.attach(&program);
    }
    program
}

/// The same for the interpreter alone.
pub(crate) fn linked(group: Group) -> Arc<Program> {
    let group = VerifiedGroup::new(group).expect("the brick is valid");
    let module = ModuleManifest {
        name: MODULE.into(),
        groups: vec![group.hash()],
        exports: vec![],
        debug: None,
    };
    let manifest = ProgramManifest {
        modules: vec![module.hash()],
        entry: EntryRef {
            brick: group.hash(),
            function: 0,
        },
        bricks: vec![group.hash()],
    };
    let group = Arc::new(group);
    let program = Program::link(&manifest, &[module], |_| Some(group.clone()));
    program.expect("the brick links")
}

/// Small limits, so that runaway programs end soon.
pub(crate) fn limits() -> Limits {
    Limits {
        heap_bytes: 1 << 20,
        frames: 200,
        registers: 10_000,
        ..Limits::default()
    }
}

/// A machine about to enter the program.
pub(crate) fn start(program: &Arc<Program>, limits: Limits) -> Machine {
    let entry = program.entry();
    Machine::start(program.clone(), entry, &[], limits, [7; 32]).expect("no arguments")
}

/// How a run is divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slices {
    /// Not at all.
    Whole,
    /// At every safepoint.
    Safepoints,
    /// At every safepoint, where the machine is replaced by a restored copy of itself.
    Restored,
    /// The same at the next safepoint after so much fuel.
    Fuel(u64),
}

/// What runs a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Engine {
    Interpreter,
    Native,
    /// Each in its turn, from slice to slice.
    Both,
}

/// What a run shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ran {
    /// The last outcome; `OutOfFuel` if the budget ended it.
    pub(crate) outcome: Outcome,
    pub(crate) fuel: u64,
    /// Where it stands then, innermost first; nowhere if it is done.
    pub(crate) frames: Vec<CodePlace>,
    pub(crate) host: ScriptedHost,
    /// The state at the end of the budget, if there is one.
    pub(crate) state: Option<Vec<u8>>,
}

/// Runs until the end, or the first safepoint at which `budget` was used: with each engine, which
/// have to agree.
pub(crate) fn run(program: &Arc<Program>, limits: Limits, budget: u64, slices: Slices) -> Ran {
    let ran = run_by(Engine::Interpreter, program, limits, budget, slices);
    for engine in [Engine::Native, Engine::Both] {
        let other = run_by(engine, program, limits, budget, slices);
        assert_eq!(other, ran, "{engine:?}, {slices:?}, {budget} units of fuel");
    }
    ran
}

fn run_by(
    engine: Engine,
    program: &Arc<Program>,
    limits: Limits,
    budget: u64,
    slices: Slices,
) -> Ran {
    let mut machine = start(program, limits);
    let mut host = ScriptedHost::default();
    let mut interpreted = engine == Engine::Interpreter;
    loop {
        machine.interpret(interpreted);
        interpreted ^= engine == Engine::Both;
        let used = machine.fuel_used();
        if used >= budget {
            return Ran {
                outcome: Outcome::OutOfFuel,
                fuel: used,
                frames: machine.frames(),
                host,
                state: Some(capture(&machine)),
            };
        }
        let fuel = match slices {
            Slices::Whole => budget - used,
            Slices::Safepoints | Slices::Restored => 1,
            Slices::Fuel(fuel) => fuel.min(budget - used),
        };
        let outcome = machine.run(fuel, &mut host);
        if let Outcome::Done(_) | Outcome::Trap(_) | Outcome::Kill(_) = outcome {
            let frames = match outcome {
                Outcome::Done(_) => Vec::new(),
                _ => machine.frames(),
            };
            return Ran {
                outcome,
                fuel: machine.fuel_used(),
                frames,
                host,
                state: None,
            };
        }
        let is_moved = matches!(slices, Slices::Restored | Slices::Fuel(_));
        if is_moved {
            machine = moved(&machine, limits);
        }
        host.answer(&mut machine, &outcome);
        if is_moved {
            machine = moved(&machine, limits);
        }
    }
}

/// The state of a machine.
pub(crate) fn capture(machine: &Machine) -> Vec<u8> {
    let mut bytes = Vec::new();
    machine.capture(&mut bytes);
    bytes
}

/// The machine after a journey, with other hash seeds than before.
pub(crate) fn moved(machine: &Machine, limits: Limits) -> Machine {
    let bytes = capture(machine);
    let limits = Limits {
        hash_seed: limits.hash_seed ^ bytes.len() as u64,
        ..limits
    };
    let restored = Machine::restore(machine.program().clone(), &bytes, limits);
    let restored = restored.expect("a captured state can be restored");
    assert_eq!(
        capture(&restored),
        bytes,
        "a restored state is captured as it was"
    );
    restored
}

/// Limits under which garbage is collected at every allocation.
pub(crate) fn collecting(limits: Limits) -> Limits {
    Limits {
        collection: Collection::Always,
        ..limits
    }
}

/// So many random cases, or as many as `PROPTEST_CASES` asks for.
pub(crate) fn at_least(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(cases),
        ..default
    }
}
