//! From functions to machine code.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use cranelift_codegen::Context as Compilation;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{
    AbiParam, Function as Code, InstBuilder, MemFlagsData, Signature, Type, UserFuncName, types,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{FinalizedMachReloc, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use sm_bytecode::types::Slot;

use super::memory::{CodeAddress, CodeMemory, Entry};
use super::translate::{Start, Translator};
use super::{JitOptions, MAX_RESULTS, NATIVE_STACK, Spill};
use crate::heap::layout::Kind;
use crate::index::FuncId;
use crate::program::Program;
use crate::shape::kind_of;
use crate::stack::SLACK;

/// A record takes at most so many times the native frame of a function that calls others.
pub(super) const SPILL_RATIO: usize = 4;

/// The most bytes of a native frame. Functions that call no others do not look at the limit of the
/// stack, nor do copies that begin at a loop.
const MAX_FRAME: usize = 16 << 10;

/// The most instructions times registers of a function: each exit may write each register.
const MAX_EXITS: usize = 400_000;

/// The most places that a function's instructions lead to.
const MAX_EDGES: usize = 20_000;

/// Whether a function gives so little, and compiling it takes so little, that it is done. For
/// each of its exits all that lives there is written, and its edges are looked at again and again,
/// so its length alone says too little.
pub(super) fn can_be_compiled(program: &Program, func: FuncId, options: &JitOptions) -> bool {
    let function = program.function(func);
    let insts = function.len as usize;
    let mut edges = 0;
    for block in &program.source(func).blocks {
        if let Some(last) = block.insts.last() {
            last.successors(|_| edges += 1);
        }
    }
    insts <= options.instructions
        && insts * function.registers() <= MAX_EXITS
        && edges <= MAX_EDGES
        && shape(program, func).is_some()
}

/// The words of the records of all frames on the native stack: of those that call others, and of
/// the first and the innermost, whose records may have all of their registers.
pub(super) fn spill_words(registers: usize) -> usize {
    NATIVE_STACK / 8 * SPILL_RATIO + 2 * (registers + 1)
}

/// What a function takes and gives, in the machine's types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shape {
    pub(super) params: Vec<Type>,
    pub(super) results: Vec<Type>,
}

impl Shape {
    /// The context goes first.
    pub(super) fn signature(&self) -> Signature {
        let mut signature = Signature::new(CallConv::Tail);
        let types = [&[types::I64], &self.params[..]].concat();
        signature.params = types.into_iter().map(AbiParam::new).collect();
        signature.returns = self.results.iter().copied().map(AbiParam::new).collect();
        signature
    }
}

/// What a trampoline enters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Target {
    /// A function of this shape.
    Function(Shape),
    /// A copy that begins at a block: it finds its values in the frame's registers, and leaves its
    /// results there.
    Copy,
}

impl Target {
    fn signature(&self) -> Signature {
        match self {
            Target::Function(shape) => shape.signature(),
            Target::Copy => {
                let mut signature = Signature::new(CallConv::Tail);
                signature.params = vec![AbiParam::new(types::I64); 2];
                signature
            }
        }
    }
}

pub(super) fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Int | Kind::Enum(_) | Kind::Ref(_) | Kind::OptRef(_) => types::I64,
        Kind::Float => types::F64,
        Kind::Bool => types::I8,
    }
}

/// What a compilation goes by.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) program: &'a Program,
    pub(super) options: &'a JitOptions,
    pub(super) spills: &'a RwLock<Vec<Spill>>,
}

/// What was tried with a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    No,
    Failed,
    Done(CodeAddress),
}

/// This machine, and how to compile for it.
fn isa() -> Option<OwnedTargetIsa> {
    let verifies = if cfg!(debug_assertions) {
        "true"
    } else {
        "false"
    };
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "speed"),
        ("enable_pinned_reg", "true"),
        ("enable_probestack", "false"),
        ("enable_verifier", verifies),
    ] {
        flags.set(name, value).ok()?;
    }
    let isa = cranelift_native::builder().ok()?;
    isa.finish(settings::Flags::new(flags)).ok()
}

/// See the module's documentation.
pub(super) struct Compiler {
    /// `None` on a machine that Cranelift does not know.
    isa: Option<OwnedTargetIsa>,
    compilation: Compilation,
    builder: FunctionBuilderContext,
    /// The code of each function, 0 while there is none: calls go through it. It never moves.
    table: Box<[AtomicUsize]>,
    functions: Vec<Tried>,
    trampolines: HashMap<Target, CodeAddress>,
    memory: Vec<CodeMemory>,
    code_bytes: usize,
    count: u64,
}

impl Compiler {
    pub(super) fn new(program: &Program) -> Compiler {
        let count = program.functions.len();
        Compiler {
            isa: isa(),
            compilation: Compilation::new(),
            builder: FunctionBuilderContext::new(),
            table: (0..count).map(|_| AtomicUsize::new(0)).collect(),
            functions: vec![Tried::No; count],
            trampolines: HashMap::new(),
            memory: Vec::new(),
            code_bytes: 0,
            count: 0,
        }
    }

    pub(super) fn functions(&self) -> u64 {
        self.count
    }

    pub(super) fn code_bytes(&self) -> u64 {
        self.code_bytes as u64
    }

    /// Code for a function from its first block on, or from another one, and how to enter it.
    pub(super) fn compile_site(
        &mut self,
        wanted: Wanted<'_>,
        func: FuncId,
        block: usize,
    ) -> Option<Entry> {
        let shape = shape(wanted.program, func)?;
        let results = shape.results.len();
        if block == 0 {
            let code = self.function(wanted, func)?;
            if wanted.program.function(func).capture_slots == 0 {
                return Some(Entry {
                    trampoline: self.trampoline(Target::Function(shape))?,
                    code,
                    results,
                });
            }
        }
        let code = self.translate(wanted, func, Start::Block(block))?;
        Some(Entry {
            trampoline: self.trampoline(Target::Copy)?,
            code,
            results,
        })
    }

    fn function(&mut self, wanted: Wanted<'_>, func: FuncId) -> Option<CodeAddress> {
        match self.functions[func.index()] {
            Tried::Done(code) => return Some(code),
            Tried::Failed => return None,
            Tried::No => {}
        }
        self.functions[func.index()] = Tried::Failed;
        let code = self.translate(wanted, func, Start::Call)?;
        self.functions[func.index()] = Tried::Done(code);
        self.table[func.index()].store(code.0, Ordering::Release);
        Some(code)
    }

    fn translate(&mut self, wanted: Wanted<'_>, func: FuncId, start: Start) -> Option<CodeAddress> {
        if self.code_bytes >= wanted.options.code_bytes
            || !can_be_compiled(wanted.program, func, wanted.options)
        {
            return None;
        }
        let target = match start {
            Start::Call => Target::Function(shape(wanted.program, func)?),
            Start::Block(_) => Target::Copy,
        };
        let isa = self.isa.clone()?;
        self.compilation.clear();
        let name = UserFuncName::user(0, func.0);
        self.compilation.func = Code::with_name_signature(name, target.signature());
        let builder = FunctionBuilder::new(&mut self.compilation.func, &mut self.builder);
        let translator = Translator::new(
            wanted,
            builder,
            func,
            start,
            isa.default_call_conv(),
            &self.table,
        );
        let built = translator.translate(isa.frontend_config());
        if built.is_none() {
            self.builder = FunctionBuilderContext::new();
            return None;
        }
        let code = self.finish(&*isa)?;
        self.count += 1;
        Some(code)
    }

    /// A function of the host's convention that enters code of this kind. It takes the context,
    /// the fuel, the code and the frame's registers.
    fn trampoline(&mut self, target: Target) -> Option<CodeAddress> {
        if let Some(known) = self.trampolines.get(&target) {
            return Some(*known);
        }
        let isa = self.isa.clone()?;
        let mut signature = Signature::new(isa.default_call_conv());
        signature.params = vec![AbiParam::new(types::I64); 4];
        signature.returns = vec![AbiParam::new(types::I64)];
        self.compilation.clear();
        self.compilation.func = Code::with_name_signature(UserFuncName::default(), signature);
        let mut b = FunctionBuilder::new(&mut self.compilation.func, &mut self.builder);
        let block = b.create_block();
        b.append_block_params_for_function_params(block);
        b.switch_to_block(block);
        b.seal_block(block);
        let &[context, fuel, code, regs] = b.block_params(block) else {
            return None;
        };
        let flags = MemFlagsData::trusted();
        // The register is the caller's, and the prologue does not save it.
        let pinned = b.ins().get_pinned_reg(types::I64);
        b.ins().set_pinned_reg(fuel);
        let mut args = vec![context];
        match &target {
            Target::Copy => args.push(regs),
            Target::Function(shape) => {
                for (at, ty) in (0..).zip(&shape.params) {
                    args.push(b.ins().load(*ty, flags, regs, at * 8));
                }
            }
        }
        let signature = b.import_signature(target.signature());
        let call = b.ins().call_indirect(signature, code, &args);
        let results = b.inst_results(call).to_vec();
        for (at, value) in (0..).zip(&results) {
            let value = match b.func.dfg.value_type(*value) {
                types::I8 => b.ins().uextend(types::I64, *value),
                _ => *value,
            };
            b.ins().store(flags, value, regs, at * 8);
        }
        let left = b.ins().get_pinned_reg(types::I64);
        b.ins().set_pinned_reg(pinned);
        b.ins().return_(&[left]);
        b.finalize(isa.frontend_config());
        let code = self.finish(&*isa)?;
        self.trampolines.insert(target, code);
        Some(code)
    }

    /// Compiles what was built, and makes it executable.
    fn finish(&mut self, isa: &dyn TargetIsa) -> Option<CodeAddress> {
        let compiled = self.compilation.compile(isa, &mut ControlPlane::default());
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(error) if cfg!(debug_assertions) => {
                panic!("{:?}\n{}", error.inner, error.func.display())
            }
            Err(_) => return None,
        };
        let frame = compiled.buffer.frame_layout()?.frame_to_fp_offset as usize;
        if frame > MAX_FRAME {
            return None;
        }
        let mut code = compiled.buffer.data().to_vec();
        for reloc in compiled.buffer.relocs() {
            relocate(&mut code, reloc)?;
        }
        let memory = CodeMemory::new(&code).ok()?;
        self.code_bytes += code.len();
        let address = memory.address();
        self.memory.push(memory);
        Some(address)
    }
}

/// Sets a call of a function by itself, the only reference that is not an address in a register.
fn relocate(code: &mut [u8], reloc: &FinalizedMachReloc) -> Option<()> {
    let FinalizedRelocTarget::ExternalName(_) = reloc.target else {
        return None;
    };
    let at = reloc.offset as usize;
    let field = code.get_mut(at..at + 4)?;
    let distance = reloc.addend - at as i64;
    match reloc.kind {
        Reloc::X86CallPCRel4 => {
            let distance = i32::try_from(distance).ok()?;
            field.copy_from_slice(&distance.to_le_bytes());
        }
        Reloc::Arm64Call => {
            let inst = u32::from_le_bytes(field.try_into().ok()?);
            let words = (distance >> 2) as u32 & 0x03ff_ffff;
            field.copy_from_slice(&(inst | words).to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

/// The shape of a function that is called; `None` if it gives too much.
pub(super) fn shape(program: &Program, func: FuncId) -> Option<Shape> {
    let function = program.function(func);
    let source = program.source(func);
    let types = &program.bricks[function.brick as usize].group.types;
    let params = &function.kinds[..usize::from(function.param_slots)];
    let results: Vec<Slot> = types.slots_of_all(&[source.result]);
    let fits = results.len() <= MAX_RESULTS.min(function.registers() + SLACK);
    fits.then(|| Shape {
        params: params.iter().map(|kind| type_of(*kind)).collect(),
        results: results
            .iter()
            .map(|slot| type_of(kind_of(types, *slot)))
            .collect(),
    })
}
