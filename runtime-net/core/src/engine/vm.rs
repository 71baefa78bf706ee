//! The engine that runs bricks: the virtual machine.

use std::sync::Arc;

use sm_bytecode::verify::BrickError;
use sm_bytecode::{
    BrickHash, DecodeError, EntryRef, ManifestHash, ModuleManifest, ProgramHash, ProgramManifest,
    TrapKind, VerifiedGroup,
};
use sm_vm::{Answer, Host, Jit, JitStats, Limits, Machine, Outcome, Program, Seed, TrapReport};

use super::Engine;
use crate::content::{Checked, ContentError, ContentId, ContentKind};
use crate::limits;

/// The virtual machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vm;

/// A verified piece of a program.
#[derive(Clone, Debug)]
pub enum Code {
    /// What a program consists of.
    Program(ProgramManifest),
    /// What a module consists of.
    Module(ModuleManifest),
    /// A brick.
    Brick(Arc<VerifiedGroup>),
}

impl Engine for Vm {
    type Code = Code;
    type Program = Arc<Program>;
    type Machine = Machine;

    fn check(kind: ContentKind, bytes: &[u8]) -> Result<Checked<Code>, ContentError> {
        let hash = Self::name(kind, bytes).hash;
        let (needs, code) = match kind {
            ContentKind::Program => {
                let manifest = ProgramManifest::decode(bytes).map_err(undecodable)?;
                (needs_of(&manifest), Code::Program(manifest))
            }
            ContentKind::Module => {
                let manifest = ModuleManifest::decode(bytes).map_err(undecodable)?;
                (Vec::new(), Code::Module(manifest))
            }
            ContentKind::Brick | ContentKind::Launch => {
                let group = VerifiedGroup::decode(bytes).map_err(unverified)?;
                (Vec::new(), Code::Brick(Arc::new(group)))
            }
        };
        if needs.len() > limits::WANTED_PER_FRAME {
            return Err(ContentError::TooLarge);
        }
        Ok(Checked { hash, needs, code })
    }

    fn name(kind: ContentKind, bytes: &[u8]) -> ContentId {
        let hash = match kind {
            ContentKind::Program => ProgramHash::of(bytes).0,
            ContentKind::Module => ManifestHash::of(bytes).0,
            ContentKind::Brick => BrickHash::of(bytes).0,
            ContentKind::Launch => crate::launch::hash_of(bytes).0,
        };
        ContentId { kind, hash }
    }

    fn link<'a>(
        program: &[u8; 32],
        code: &dyn Fn(ContentId) -> Option<&'a Code>,
    ) -> Result<Arc<Program>, String> {
        let Some(Code::Program(manifest)) = code(ContentId::program(*program)) else {
            return Err("the program manifest is missing".to_owned());
        };
        let module = |hash: &ManifestHash| match code(module_id(hash)) {
            Some(Code::Module(module)) => Some(module.clone()),
            _ => None,
        };
        let modules: Vec<ModuleManifest> = manifest.modules.iter().filter_map(module).collect();
        let brick = |hash: &BrickHash| match code(brick_id(hash)) {
            Some(Code::Brick(group)) => Some(group.clone()),
            _ => None,
        };
        Program::link(manifest, &modules, brick).map_err(|error| error.to_string())
    }

    fn compile(program: &Arc<Program>, jit: &Jit) {
        jit.attach(program);
    }

    fn compiled(program: &Arc<Program>) -> JitStats {
        program.jit_stats()
    }

    fn start(
        program: &Arc<Program>,
        entry: EntryRef,
        arguments: &[u8],
        limits: Limits,
        seed: Seed,
    ) -> Result<Machine, String> {
        Machine::start(program.clone(), entry, arguments, limits, seed)
            .map_err(|error| error.to_string())
    }

    fn restore(program: &Arc<Program>, state: &[u8], limits: Limits) -> Result<Machine, String> {
        Machine::restore(program.clone(), state, limits).map_err(|error| error.to_string())
    }

    fn run(machine: &mut Machine, fuel: u64, host: &mut dyn Host) -> Outcome {
        machine.run(fuel, host)
    }

    fn answer(machine: &mut Machine, answer: Answer) {
        machine.answer(answer);
    }

    fn capture(machine: &Machine, out: &mut Vec<u8>) {
        machine.capture(out);
    }

    fn pending(machine: &Machine) -> Option<Outcome> {
        machine.pending()
    }

    fn fuel_used(machine: &Machine) -> u64 {
        machine.fuel_used()
    }

    fn bytes(machine: &Machine) -> u64 {
        machine.heap_bytes()
    }

    fn trap(machine: &mut Machine, kind: TrapKind) -> TrapReport {
        machine.trap_here(kind)
    }
}

fn undecodable(error: DecodeError) -> ContentError {
    match error {
        DecodeError::Version(_) => ContentError::Version,
        other => ContentError::Invalid(other.to_string()),
    }
}

fn unverified(error: BrickError) -> ContentError {
    match error {
        BrickError::Decode(error) => undecodable(error),
        other => ContentError::Invalid(other.to_string()),
    }
}

fn needs_of(manifest: &ProgramManifest) -> Vec<ContentId> {
    let modules = manifest.modules.iter().map(module_id);
    modules
        .chain(manifest.bricks.iter().map(brick_id))
        .collect()
}

fn module_id(hash: &ManifestHash) -> ContentId {
    ContentId {
        kind: ContentKind::Module,
        hash: hash.0,
    }
}

fn brick_id(hash: &BrickHash) -> ContentId {
    ContentId {
        kind: ContentKind::Brick,
        hash: hash.0,
    }
}
