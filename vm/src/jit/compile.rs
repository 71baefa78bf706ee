//! From functions to machine code.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use cranelift_codegen::Context as Compilation;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{
    AbiParam, ExternalName, Function as Code, InstBuilder, MemFlagsData, Signature, Type,
    UserExternalName, UserFuncName, types,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{FinalizedMachReloc, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use sm_bytecode::types::Slot;

use super::budget::Account;
use super::context::at;
use super::live;
use super::memory::{CodeAddress, CodeMemory, Constants, Entry};
use super::translate::{Built, Place, Start, Translator};
use super::{JitOptions, MAX_RESULTS, NATIVE_STACK, Shared, Spill};
use crate::heap::layout::Kind;
use crate::index::FuncId;
use crate::interp::native::Helper;
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

/// The namespace of functions' names.
const FUNCTIONS: u32 = 0;

/// Code begins at multiples of this, so that its constants stand as it expects.
const ALIGNMENT: usize = 64;

/// Translating a function takes this part of the work of compiling it.
const TRANSLATION: u64 = 8;

/// The bytes of code that come of a unit of work, about.
const BYTES_OF_WORK: usize = 4;

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
    /// The context and the fuel go first, and what is left of the fuel comes back first.
    pub(super) fn signature(&self) -> Signature {
        let mut signature = Signature::new(CallConv::Tail);
        let params = [&[types::I64; 2], &self.params[..]].concat();
        let returns = [&[types::I64], &self.results[..]].concat();
        signature.params = params.into_iter().map(AbiParam::new).collect();
        signature.returns = returns.into_iter().map(AbiParam::new).collect();
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
                signature.params = vec![AbiParam::new(types::I64); 3];
                signature.returns = vec![AbiParam::new(types::I64)];
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

/// Why there is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// There never will be.
    Never,
    /// So much work is not paid for.
    Unpaid { work: u64 },
    /// There is no room for it, until other programs are dropped.
    NoRoom,
}

/// What every compilation needs for a while.
pub(super) struct Workspace {
    compilation: Compilation,
    builder: FunctionBuilderContext,
}

impl Default for Workspace {
    fn default() -> Self {
        Workspace {
            compilation: Compilation::new(),
            builder: FunctionBuilderContext::new(),
        }
    }
}

/// What a compilation goes by.
pub(super) struct Wanted<'a> {
    pub(super) program: &'a Program,
    pub(super) shared: &'a Shared,
    pub(super) account: &'a Account,
    pub(super) spills: &'a RwLock<Vec<Spill>>,
    pub(super) workspace: &'a mut Workspace,
}

/// What was tried with a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    No,
    Failed,
    Done(CodeAddress),
}

/// This machine, and how to compile for it; `None` if Cranelift does not know it.
pub(super) fn isa() -> Option<OwnedTargetIsa> {
    let verifies = if cfg!(debug_assertions) {
        "true"
    } else {
        "false"
    };
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "speed"),
        ("enable_probestack", "false"),
        ("enable_verifier", verifies),
    ] {
        flags.set(name, value).ok()?;
    }
    let isa = cranelift_native::builder().ok()?;
    isa.finish(settings::Flags::new(flags)).ok()
}

/// What is compiled of a program.
pub(super) struct Compiler {
    /// The code of each function, 0 while there is none: calls go through it. It never moves.
    table: Box<[AtomicUsize]>,
    functions: Vec<Tried>,
    trampolines: HashMap<Target, CodeAddress>,
    /// The code of [`Workspace::push`], 0 while there is none. It never moves.
    push: Box<AtomicUsize>,
    memory: Vec<CodeMemory>,
    /// What the program has of the memory for native code.
    taken: usize,
    code_bytes: usize,
    count: u64,
}

impl Compiler {
    pub(super) fn new(program: &Program, taken: usize) -> Compiler {
        let count = program.functions.len();
        Compiler {
            table: (0..count).map(|_| AtomicUsize::new(0)).collect(),
            functions: vec![Tried::No; count],
            trampolines: HashMap::new(),
            push: Box::default(),
            memory: Vec::new(),
            taken,
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
        wanted: &mut Wanted<'_>,
        func: FuncId,
        block: usize,
    ) -> Result<Entry, Refusal> {
        let shape = shape(wanted.program, func).ok_or(Refusal::Never)?;
        let results = shape.results.len();
        let captures = wanted.program.function(func).capture_slots > 0;
        let target = match block {
            0 if !captures => Target::Function(shape),
            _ => Target::Copy,
        };
        let mut code = None;
        if block == 0 {
            code = Some(self.function(wanted, func, &target)?);
        }
        let (code, constants) = match (code, &target) {
            (Some(code), Target::Function(_)) => (code, Box::default()),
            _ => self.code(wanted, func, Start::Block(block), Some(&target))?,
        };
        let trampoline = self.trampolines.get(&target).ok_or(Refusal::Never)?;
        Ok(Entry {
            trampoline: *trampoline,
            code,
            results,
            constants,
        })
    }

    /// Code that is called, and what enters it if that is such a function.
    fn function(
        &mut self,
        wanted: &mut Wanted<'_>,
        func: FuncId,
        target: &Target,
    ) -> Result<CodeAddress, Refusal> {
        let enter = (*target != Target::Copy).then_some(target);
        match self.functions[func.index()] {
            Tried::Done(code) => return Ok(code),
            Tried::Failed => return Err(Refusal::Never),
            Tried::No => {}
        }
        // For good, if this panics.
        self.functions[func.index()] = Tried::Failed;
        let code = self.code(wanted, func, Start::Call, enter);
        let code = code.map(|(code, _)| code);
        match code {
            Ok(code) => {
                self.functions[func.index()] = Tried::Done(code);
                self.table[func.index()].store(code.0, Ordering::Release);
            }
            Err(Refusal::Unpaid { .. } | Refusal::NoRoom) => {
                self.functions[func.index()] = Tried::No;
            }
            Err(Refusal::Never) => {}
        }
        code
    }

    /// Compiles a function from its beginning or from a block on, and what enters it. Says where it
    /// is, and what registers have to hold there.
    fn code(
        &mut self,
        wanted: &mut Wanted<'_>,
        func: FuncId,
        start: Start,
        enter: Option<&Target>,
    ) -> Result<(CodeAddress, Constants), Refusal> {
        let price = wanted.shared.options.price;
        let insts = u64::from(wanted.program.function(func).len);
        // Translating, too, is done only if about as much is paid for.
        let least = live::weight(wanted.program.source(func)) as u64 / 2 + insts;
        if !wanted.account.pays(least, price) {
            wanted.account.charge(insts / TRANSLATION);
            return Err(Refusal::Unpaid { work: least });
        }
        let Built {
            spills,
            pushes,
            constants,
        } = self.translate(wanted, func, start)?;
        let work = wanted.workspace.work();
        if let Err(refusal) = self.admit(wanted, work) {
            wanted.account.charge(work / TRANSLATION);
            return Err(refusal);
        }
        wanted.account.charge(work);
        let isa = &*wanted.shared.isa;
        let mut code = wanted.workspace.finish(isa).ok_or(Refusal::Never)?;
        let mut trampoline = None;
        if let Some(target) = enter.filter(|target| !self.trampolines.contains_key(target)) {
            wanted.workspace.trampoline(target, isa);
            wanted.account.charge(wanted.workspace.work());
            let entering = wanted.workspace.finish(isa).ok_or(Refusal::Never)?;
            trampoline = Some((target, append(&mut code, &entering)));
        }
        let mut push = None;
        if pushes && self.push.load(Ordering::Relaxed) == 0 {
            wanted.workspace.push(isa);
            wanted.account.charge(wanted.workspace.work());
            let pushing = wanted.workspace.finish(isa).ok_or(Refusal::Never)?;
            push = Some(append(&mut code, &pushing));
        }
        let memory = self.publish(wanted, &code, spills).ok_or(Refusal::Never)?;
        if let Some(offset) = push {
            let address = memory.address(offset);
            self.push.store(address.0, Ordering::Release);
        }
        if let Some((target, offset)) = trampoline {
            let address = memory.address(offset);
            self.trampolines.insert(target.clone(), address);
        }
        self.taken += memory.bytes();
        self.code_bytes += code.len();
        self.count += 1;
        let address = memory.address(0);
        self.memory.push(memory);
        Ok((address, constants))
    }

    /// Whether so much work is paid for, and there is room for what comes of it.
    fn admit(&self, wanted: &Wanted<'_>, work: u64) -> Result<(), Refusal> {
        if !wanted.account.pays(work, wanted.shared.options.price) {
            return Err(Refusal::Unpaid { work });
        }
        let bytes = work as usize * BYTES_OF_WORK;
        let room = wanted.shared.budget.take(self.taken, bytes, 0);
        room.map(drop).ok_or(Refusal::NoRoom)
    }

    fn translate(
        &mut self,
        wanted: &mut Wanted<'_>,
        func: FuncId,
        start: Start,
    ) -> Result<Built, Refusal> {
        let target = match start {
            Start::Call => Target::Function(shape(wanted.program, func).ok_or(Refusal::Never)?),
            Start::Block(_) => Target::Copy,
        };
        let isa = &*wanted.shared.isa;
        let Workspace {
            compilation,
            builder,
        } = &mut *wanted.workspace;
        compilation.clear();
        let name = UserFuncName::User(itself(func));
        compilation.func = Code::with_name_signature(name, target.signature());
        let builder = FunctionBuilder::new(&mut compilation.func, builder);
        let known = wanted.spills.read();
        let place = Place {
            program: wanted.program,
            func,
            start,
            first_spill: known.unwrap_or_else(PoisonError::into_inner).len(),
            call_conv: isa.default_call_conv(),
            table: &self.table,
            push: &self.push,
        };
        let translator = Translator::new(place, builder);
        #[cfg(test)]
        wanted.shared.panic_if_told();
        let built = translator.translate(isa.frontend_config());
        built.ok_or_else(|| {
            let work = wanted.workspace.work();
            wanted.account.charge(work);
            *wanted.workspace = Workspace::default();
            Refusal::Never
        })
    }

    /// Makes code executable, if there is room for it and for what its records mean.
    fn publish(&self, wanted: &Wanted<'_>, code: &[u8], spills: Vec<Spill>) -> Option<CodeMemory> {
        let beside = spills.iter().map(Spill::bytes).sum();
        let budget = &wanted.shared.budget;
        let share = budget.take(self.taken, code.len(), beside)?;
        let memory = CodeMemory::new(code, share).ok()?;
        let known = wanted.spills.write();
        known.unwrap_or_else(PoisonError::into_inner).extend(spills);
        Some(memory)
    }
}

impl Workspace {
    /// The units of work of compiling what was built.
    fn work(&self) -> u64 {
        self.compilation.func.dfg.num_insts() as u64
    }

    /// Builds a function of the host's convention that enters code of this kind. It takes the
    /// context, the fuel, the code and the frame's registers.
    fn trampoline(&mut self, target: &Target, isa: &dyn TargetIsa) {
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
        let params = b.block_params(block);
        let (context, fuel, code, regs) = (params[0], params[1], params[2], params[3]);
        let flags = MemFlagsData::trusted();
        let mut args = vec![context, fuel];
        match target {
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
        for (at, value) in (0..).zip(&results[1..]) {
            let value = match b.func.dfg.value_type(*value) {
                types::I8 => b.ins().uextend(types::I64, *value),
                _ => *value,
            };
            b.ins().store(flags, value, regs, at * 8);
        }
        b.ins().return_(&[results[0]]);
        b.finalize(isa.frontend_config());
    }

    /// Builds what adds to a full list without touching a register of its caller, which so need
    /// not keep anything out of the way of a call that hardly ever happens. It takes the context,
    /// the list and the word, and leaves in the context what [`Helper::ListPush`] says.
    fn push(&mut self, isa: &dyn TargetIsa) {
        self.compilation.clear();
        let (func, signature) = (&mut self.compilation.func, push_signature());
        *func = Code::with_name_signature(UserFuncName::default(), signature);
        let mut b = FunctionBuilder::new(func, &mut self.builder);
        let block = b.create_block();
        b.append_block_params_for_function_params(block);
        b.switch_to_block(block);
        b.seal_block(block);
        let args = b.block_params(block).to_vec();
        let mut signature = push_signature();
        signature.call_conv = isa.default_call_conv();
        signature.returns = vec![AbiParam::new(types::I64)];
        let signature = b.import_signature(signature);
        let address = Helper::ListPush.address() as i64;
        let address = b.ins().iconst(types::I64, address);
        let call = b.ins().call_indirect(signature, address, &args);
        let done = b.inst_results(call)[0];
        let flags = MemFlagsData::trusted();
        b.ins().store(flags, done, args[0], at::CHARGE);
        b.ins().return_(&[]);
        b.finalize(isa.frontend_config());
    }

    /// Compiles what was built. The code may stand anywhere.
    fn finish(&mut self, isa: &dyn TargetIsa) -> Option<Vec<u8>> {
        let compiled = self.compilation.compile(isa, &mut ControlPlane::default());
        match compiled {
            Ok(_) => {}
            Err(error) if cfg!(debug_assertions) => {
                panic!("{:?}\n{}", error.inner, error.func.display())
            }
            Err(_) => return None,
        }
        let compiled = self.compilation.compiled_code()?;
        let frame = compiled.buffer.frame_layout()?.frame_to_fp_offset as usize;
        if frame > MAX_FRAME {
            return None;
        }
        let mut code = compiled.buffer.data().to_vec();
        let func = &self.compilation.func;
        for reloc in compiled.buffer.relocs() {
            let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = reloc.target else {
                return None;
            };
            let name = func.params.user_named_funcs().get(name)?;
            relocate(&mut code, reloc, &func.name, name)?;
        }
        Some(code)
    }
}

/// Puts code behind other code, and says where.
fn append(code: &mut Vec<u8>, more: &[u8]) -> usize {
    code.resize(code.len().next_multiple_of(ALIGNMENT), 0);
    let offset = code.len();
    code.extend(more);
    offset
}

/// See [`Workspace::push`].
pub(super) fn push_signature() -> Signature {
    let mut signature = Signature::new(CallConv::PreserveAll);
    signature.params = vec![AbiParam::new(types::I64); 3];
    signature
}

/// The name of a function.
pub(super) fn itself(func: FuncId) -> UserExternalName {
    UserExternalName::new(FUNCTIONS, func.0)
}

/// Sets a call of a function by itself, the only reference that is not an address in a register.
pub(super) fn relocate(
    code: &mut [u8],
    reloc: &FinalizedMachReloc,
    func: &UserFuncName,
    called: &UserExternalName,
) -> Option<()> {
    if called.namespace != FUNCTIONS || func.get_user() != Some(called) {
        return None;
    }
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
