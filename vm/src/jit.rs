//! Native code for what runs hot: `docs/decisions/0090-native-code.md`.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `compile` | functions, and copies of their loops, to machine code |
//! | `translate`, `live`, `loops`, `constants` | one function's bytecode to Cranelift's form |
//! | `budget` | what compilations may take, and how programs pay for them |
//! | `context` | what native code and the machine share |
//! | `memory` | executable memory, and the call into it |
//! | `options` | what hosts say and are told, with a JIT or without |
//! | `interp::native` | entering, leaving, and the helpers that native code calls |
//!
//! A program is given to the JIT once ([`Jit::attach`]), and from then on all its
//! machines use what is compiled. The interpreter counts at function entries and loop headers,
//! which are the sites where native code is entered.
//!
//! **Invariants.** Native code changes no fuel, no output and no state: whenever anything out of
//! the ordinary is about to happen, it leaves *before* the instruction, with frames that are those
//! of the interpreter, which then does it. What is compiled, and when, has no effect but on time.

mod budget;
mod compile;
mod constants;
mod context;
mod live;
mod loops;
mod memory;
mod options;
#[cfg(test)]
mod tests;
mod translate;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, Weak};

use cranelift_codegen::isa::OwnedTargetIsa;
use sm_bytecode::Native;

use crate::index::FuncId;
pub(crate) use crate::interp::native::{Buffers, Ended, Scratch};
use crate::op::{Code, Op, Pc, R, Side};
use crate::program::Program;
use budget::{Account, Budget, Share};
use compile::{Compiler, Refusal, Wanted, Workspace};
pub(crate) use context::{Context, Reason};
pub(crate) use memory::Entry;
pub use options::{AtOnce, Busy, Executor, JitOptions, JitStats};

/// The native stack that native code may use, in bytes. A thread that runs machines needs four
/// times as much.
pub(crate) const NATIVE_STACK: usize = 128 << 10;
/// The most slots of a result of a function that is compiled: so many are returned in registers,
/// with the fuel, of which aarch64 has six for it.
pub(crate) const MAX_RESULTS: usize = 5;

/// One compilation. It does not keep its program.
#[derive(Debug)]
pub struct Job {
    program: Weak<Program>,
    site: usize,
}

impl Job {
    /// Compiles, unless the program was dropped.
    pub fn run(self) {
        if let Some(program) = self.program.upgrade()
            && let Some(Some(state)) = program.jit.state.get()
        {
            state.compile(&program, self.site);
        }
    }
}

/// A compiler for programs, and how it is used. Cheap to clone: programs share what it has, and
/// what they may take.
#[derive(Clone)]
pub struct Jit {
    shared: Arc<Shared>,
}

/// What all programs of a JIT share.
struct Shared {
    executor: Arc<dyn Executor>,
    options: JitOptions,
    isa: OwnedTargetIsa,
    budget: Arc<Budget>,
    /// One for each thread that has compiled.
    workspaces: Pool<Workspace>,
    /// One for each thread that has run native code.
    buffers: Pool<Buffers>,
    /// Whether the next compilation panics.
    #[cfg(test)]
    panics: std::sync::atomic::AtomicBool,
}

/// Things that are used by one thread at a time, and kept for the next.
#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool(Mutex::default())
    }
}

impl<T: Default> Pool<T> {
    pub(crate) fn take(&self) -> T {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_default()
    }

    pub(crate) fn give_back(&self, used: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(used);
    }
}

impl Jit {
    /// One for this machine, if there is one.
    pub fn new(executor: Arc<dyn Executor>, options: JitOptions) -> Option<Jit> {
        let shared = Shared {
            executor,
            options,
            isa: compile::isa()?,
            budget: Arc::new(Budget::new(options.code_bytes)),
            workspaces: Pool::default(),
            buffers: Pool::default(),
            #[cfg(test)]
            panics: Default::default(),
        };
        Some(Jit {
            shared: Arc::new(shared),
        })
    }

    /// Compiles what runs hot of the program from now on. The first one that it is given to counts.
    pub fn attach(&self, program: &Arc<Program>) {
        _ = program.jit.jit.set(self.clone());
    }

    /// The memory that the native code of all programs takes now, and what belongs to it.
    pub fn code_memory(&self) -> usize {
        self.shared.budget.used()
    }
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

/// What a program has of the JIT.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    jit: OnceLock<Jit>,
    account: Account,
    /// None if there is no room for it.
    state: OnceLock<Option<State>>,
}

impl Slot {
    /// The program's native code, if it is not cold.
    pub(crate) fn state(&self, program: &Arc<Program>) -> Option<&State> {
        if let Some(state) = self.state.get() {
            return state.as_ref();
        }
        let jit = self.jit.get()?;
        if self.account.fuel() < jit.shared.warm_up(program) {
            return None;
        }
        self.account.charge(set_up_work(program));
        let state = self.state.get_or_init(|| State::new(program, jit));
        state.as_ref()
    }

    /// So much of the fuel of a run that the program is not cold behind it.
    pub(crate) fn stretch(&self, program: &Program, fuel: i64) -> i64 {
        match self.jit.get() {
            Some(jit) if self.state.get().is_none() => {
                let warm_up = jit.shared.warm_up(program);
                let left = warm_up.saturating_sub(self.account.fuel()).max(1);
                fuel.min(i64::try_from(left).unwrap_or(i64::MAX))
            }
            _ => fuel,
        }
    }

    fn pay(&self, fuel: u64, native: u64) {
        if self.jit.get().is_some() {
            self.account.add(fuel, native);
        }
    }
}

impl Shared {
    /// The fuel that a program uses before anything of it is counted.
    fn warm_up(&self, program: &Program) -> u64 {
        let work = set_up_work(program) * self.options.price;
        self.options.cold.max(work)
    }

    /// For tests: a compilation panics in the middle of its work.
    #[cfg(test)]
    fn panic_if_told(&self) {
        if self.panics.swap(false, Ordering::Relaxed) {
            std::panic::panic_any(tests::Injected);
        }
    }
}

/// How many instructions a program's second table is made for with a unit of work.
const SET_UP: u64 = 8;

/// The units of work of making a program's second table.
fn set_up_work(program: &Program) -> u64 {
    program.code.len() as u64 / SET_UP
}

/// The fuel of a run that its program's account does not have yet.
#[derive(Debug)]
pub(crate) struct Meter {
    /// What was left when it was paid in the last time.
    paid: i64,
    /// What native code has used since.
    native: i64,
}

impl Meter {
    pub(crate) fn new(fuel: i64) -> Meter {
        Meter {
            paid: fuel,
            native: 0,
        }
    }

    /// Pays in what was used until so much was left.
    pub(crate) fn pay(&mut self, slot: &Slot, left: i64) {
        let used = i128::from(std::mem::replace(&mut self.paid, left)) - i128::from(left);
        let native = std::mem::take(&mut self.native);
        slot.pay(u64::try_from(used).unwrap_or(0), native as u64);
    }

    pub(crate) fn used_in_native_code(&mut self, fuel: i64) {
        self.native += fuel.max(0);
    }
}

/// The native code of a program.
pub(crate) struct State {
    jit: Jit,
    /// What the tables take of the memory for native code.
    _share: [Share; 2],
    program: Weak<Program>,
    /// The fused code, with [`Op::Enter`] at each site.
    pub(crate) code: Vec<Code>,
    sites: Box<[Site]>,
    compiler: Mutex<Compiler>,
    /// What the words at the end of records mean.
    spills: RwLock<Vec<Spill>>,
    room: Room,
    functions: AtomicU64,
    code_bytes: AtomicU64,
    exits: [AtomicU64; Reason::ALL.len()],
}

/// A place where native code can be entered: the first instruction of a function, or of a loop.
#[derive(Debug)]
pub(crate) struct Site {
    /// What stands there in the fused code.
    pub(crate) original: Code,
    func: FuncId,
    block: usize,
    count: AtomicU32,
    /// The units of work that it takes to compile, as far as that is known.
    work: AtomicU64,
    /// Whether its compilation has begun, and is not to be asked for again.
    is_tried: AtomicBool,
    entry: OnceLock<Entry>,
    entries: AtomicU64,
    /// Of the entries since the last look: how many, and the fuel that they used.
    recent: AtomicU32,
    used: AtomicU64,
}

/// What all activations of a program need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The most registers of a function.
    pub(crate) registers: usize,
    /// The words of records that fit between the limits of the native stack.
    pub(crate) spill_words: usize,
}

/// What a record of a frame holds.
#[derive(Debug)]
pub(crate) struct Spill {
    pub(crate) func: FuncId,
    pub(crate) regs: Box<[R]>,
}

impl Spill {
    /// The memory that it takes.
    fn bytes(&self) -> usize {
        size_of::<Spill>() + size_of_val(&*self.regs)
    }
}

/// So many entries are looked at together. If they did less than [`LITTLE`] fuel of work each, the
/// site is left to the interpreter for the next [`JitOptions::pause`] times.
const LOOK: u32 = 64;
const LITTLE: u64 = 64;

/// Whether native code charges fuel, and looks at it at safepoints. What does not cannot be
/// stopped: `--cfg sm_unmetered` is for a benchmark of what that costs (`docs/benchmarks.md`).
const METERED: bool = !cfg!(sm_unmetered);

/// How often the interpreter goes on before it asks again for what there was no room for.
const NO_ROOM: u32 = 1 << 20;

impl State {
    /// `None` if there is no room for the tables.
    fn new(program: &Arc<Program>, jit: &Jit) -> Option<State> {
        let budget = &jit.shared.budget;
        let table = budget.take(0, 0, size_of_val(&*program.fused))?;
        let sites = sites(program, &jit.shared.options);
        let share = [budget.take(table.bytes(), 0, size_of_val(&*sites))?, table];
        let taken = share.iter().map(Share::bytes).sum();
        let mut code = program.fused.clone();
        for (index, site) in sites.iter().enumerate() {
            let at = program.block_start(site.func, site.block);
            code[at.index()] = Code {
                op: Op::Enter {
                    site: Side(index as u32),
                },
                fuel: 0,
            };
        }
        let registers = program
            .functions
            .iter()
            .map(|function| function.registers());
        let registers = registers.max().unwrap_or(0);
        Some(State {
            jit: jit.clone(),
            _share: share,
            program: Arc::downgrade(program),
            code,
            sites: sites.into(),
            compiler: Mutex::new(Compiler::new(program, taken)),
            spills: RwLock::default(),
            room: Room {
                registers,
                spill_words: compile::spill_words(registers),
            },
            functions: AtomicU64::new(0),
            code_bytes: AtomicU64::new(0),
            exits: Default::default(),
        })
    }

    /// The native code of a site that the interpreter has come to with so much fuel left, if it is
    /// to be entered.
    #[inline]
    pub(crate) fn at_site(&self, index: Side, meter: &mut Meter, left: i64) -> Option<&Entry> {
        let site = self.site(index);
        match site.entry.get() {
            Some(entry) if site.count.load(Ordering::Relaxed) == 0 => Some(entry),
            _ => self.count(index, meter, left),
        }
    }

    pub(crate) fn site(&self, site: Side) -> &Site {
        &self.sites[site.index()]
    }

    /// Counts down to the compilation, or to the end of a pause. The entry, if it is there at once.
    fn count(&self, index: Side, meter: &mut Meter, left: i64) -> Option<&Entry> {
        let site = self.site(index);
        let count = site.count.load(Ordering::Relaxed);
        site.count.store(count.saturating_sub(1), Ordering::Relaxed);
        if count != 1 {
            return None;
        }
        if site.entry.get().is_none()
            && let Some(program) = self.program.upgrade()
        {
            meter.pay(&program.jit, left);
            self.ask(&program, index);
        }
        site.entry.get()
    }

    /// Asks for a compilation that is paid for.
    fn ask(&self, program: &Arc<Program>, index: Side) {
        let site = self.site(index);
        if site.is_tried.load(Ordering::Relaxed) {
            return;
        }
        let shared = &self.jit.shared;
        let work = site.work.load(Ordering::Relaxed);
        let job = Job {
            program: Arc::downgrade(program),
            site: index.index(),
        };
        if !program.jit.account.pays(work, shared.options.price)
            || shared.executor.execute(job).is_err()
        {
            self.put_off(site);
        }
    }

    /// Counts again before the compilation is asked for the next time.
    fn put_off(&self, site: &Site) {
        let threshold = self.jit.shared.options.threshold.max(1);
        site.count.store(threshold, Ordering::Relaxed);
    }

    /// Looks back at an activation that used so much fuel.
    pub(crate) fn used(&self, site: Side, fuel: i64) {
        let site = self.site(site);
        let add = |to: &AtomicU64, more: u64| {
            to.store(to.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        };
        add(&site.entries, 1);
        add(
            &site.used,
            if METERED { fuel.max(0) as u64 } else { LITTLE },
        );
        let recent = site.recent.load(Ordering::Relaxed) + 1;
        site.recent.store(recent % LOOK, Ordering::Relaxed);
        if recent >= LOOK {
            let used = site.used.swap(0, Ordering::Relaxed);
            if used < u64::from(LOOK) * LITTLE {
                let pause = self.jit.shared.options.pause;
                site.count.store(pause, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn count_exit(&self, reason: u64) {
        if let Some(count) = self.exits.get((reason as usize).wrapping_sub(1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn room(&self) -> Room {
        self.room
    }

    /// What the words at the end of records mean, by their upper halves.
    pub(crate) fn spills(&self) -> RwLockReadGuard<'_, Vec<Spill>> {
        self.spills.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn buffers(&self) -> &Pool<Buffers> {
        &self.jit.shared.buffers
    }

    /// Compiles what stands at a site, unless that was tried before.
    fn compile(&self, program: &Program, index: usize) {
        let site = &self.sites[index];
        let mut compiler = self.compiler.lock().unwrap_or_else(PoisonError::into_inner);
        if site.is_tried.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = &*self.jit.shared;
        // A panic drops it, with all that was left in it.
        let mut workspace = shared.workspaces.take();
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            let wanted = &mut Wanted {
                program,
                shared,
                account: &program.jit.account,
                spills: &self.spills,
                workspace: &mut workspace,
            };
            let compiled = compiler.compile_site(wanted, site.func, site.block);
            shared.workspaces.give_back(workspace);
            compiled
        }));
        self.functions
            .store(compiler.functions(), Ordering::Relaxed);
        self.code_bytes
            .store(compiler.code_bytes(), Ordering::Relaxed);
        match compiled {
            Ok(Ok(entry)) => _ = site.entry.set(entry),
            Ok(Err(Refusal::Never)) => {}
            Ok(Err(Refusal::Unpaid { work })) => {
                site.work.store(work, Ordering::Relaxed);
                site.is_tried.store(false, Ordering::Relaxed);
                self.put_off(site);
            }
            Ok(Err(Refusal::NoRoom)) => {
                site.is_tried.store(false, Ordering::Relaxed);
                site.count.store(NO_ROOM, Ordering::Relaxed);
            }
            Err(panic) => told(panic),
        }
    }

    fn stats(&self) -> JitStats {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let names = Reason::ALL.map(Reason::name);
        JitStats {
            functions: get(&self.functions),
            code_bytes: get(&self.code_bytes),
            work: self
                .program
                .upgrade()
                .map_or(0, |program| program.jit.account.work()),
            entries: self.sites.iter().map(|site| get(&site.entries)).sum(),
            exits: names.into_iter().zip(self.exits.iter().map(get)).collect(),
        }
    }
}

/// The sites of all functions that can be compiled: their first blocks, and those that control
/// goes back to.
fn sites(program: &Program, options: &JitOptions) -> Vec<Site> {
    let mut sites = Vec::new();
    for index in 0..program.functions.len() {
        let func = FuncId(index as u32);
        if !compile::can_be_compiled(program, func, options) {
            continue;
        }
        let source = program.source(func);
        let mut is_site = vec![false; source.blocks.len()];
        is_site[0] = true;
        for (at, block) in source.blocks.iter().enumerate() {
            if let Some(last) = block.insts.last() {
                last.successors(|to| is_site[to.index()] |= to.index() <= at);
            }
        }
        let blocks = (0..is_site.len()).filter(|block| is_site[*block]);
        sites.extend(blocks.map(|block| Site {
            original: program.fused[program.block_start(func, block).index()],
            func,
            block,
            count: AtomicU32::new(options.threshold.max(1)),
            work: AtomicU64::new(program.function(func).len.into()),
            is_tried: AtomicBool::new(false),
            entry: OnceLock::new(),
            entries: AtomicU64::new(0),
            recent: AtomicU32::new(0),
            used: AtomicU64::new(0),
        }));
    }
    sites
}

impl Program {
    /// What the JIT did for the program.
    pub fn jit_stats(&self) -> JitStats {
        let state = self.jit.state.get();
        let state = state.and_then(Option::as_ref);
        state.map(State::stats).unwrap_or_default()
    }

    /// A function as it is in its brick.
    fn source(&self, func: FuncId) -> &sm_bytecode::Function {
        let function = self.function(func);
        &self.bricks[function.brick as usize].group.functions[usize::from(function.function)]
    }

    fn block_start(&self, func: FuncId, block: usize) -> Pc {
        let function = self.function(func);
        let group = &self.bricks[function.brick as usize].group;
        let code = group.code(function.function);
        let starts = code
            .expect("a linked function is in its brick")
            .block_starts();
        function.start.plus(starts[block])
    }
}

/// The panic hook has told of it, and the program goes on in the interpreter. Where bugs are looked
/// for, it is not to be overlooked.
fn told(panic: Box<dyn Any + Send>) {
    #[cfg(test)]
    if panic.is::<tests::Injected>() {
        return;
    }
    if cfg!(debug_assertions) {
        resume_unwind(panic);
    }
}

/// The word that a native function of doubles gives.
pub(crate) fn float_native(native: u32, a: f64, b: f64) -> u64 {
    let native = u16::try_from(native).ok().and_then(Native::from_code);
    native.map_or(0, |native| crate::natives::floats::compute(native, a, b))
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
