//! Native code for what runs hot: `docs/decisions/0090-native-code.md`.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `compile` | functions, and copies of them that begin at a loop, to machine code |
//! | `translate`, `live`, `loops` | one function's bytecode to Cranelift's form |
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

mod compile;
mod context;
mod live;
mod loops;
mod memory;
mod options;
mod translate;

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};

use sm_bytecode::Native;

use crate::index::FuncId;
pub(crate) use crate::interp::native::{Ended, Scratch};
use crate::op::{Code, Op, Pc, R, Side};
use crate::program::Program;
use compile::Compiler;
pub(crate) use context::{Context, Reason};
pub(crate) use memory::Entry;
pub use options::{AtOnce, Executor, JitOptions, JitStats};

/// The native stack that native code may use, in bytes. A thread that runs machines needs four
/// times as much.
pub(crate) const NATIVE_STACK: usize = 128 << 10;
/// The most slots of a result of a function that is compiled: so many are returned in registers.
pub(crate) const MAX_RESULTS: usize = 6;

/// One compilation.
#[derive(Debug)]
pub struct Job {
    program: Arc<Program>,
    site: usize,
}

impl Job {
    /// Compiles.
    pub fn run(self) {
        if let Some(state) = self.program.jit.state.get() {
            state.compile(&self.program, self.site);
        }
    }
}

/// A compiler for programs, and how it is used. Cheap to clone: programs share the executor.
#[derive(Clone)]
pub struct Jit {
    executor: Arc<dyn Executor>,
    options: JitOptions,
}

impl Jit {
    /// One for this machine, if there is one.
    pub fn new(executor: Arc<dyn Executor>, options: JitOptions) -> Option<Jit> {
        Some(Jit { executor, options })
    }

    /// Compiles what runs hot of the program from now on. The first one that it is given to counts.
    pub fn attach(&self, program: &Arc<Program>) {
        _ = program.jit.jit.set(self.clone());
    }
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What a program has of the JIT.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    jit: OnceLock<Jit>,
    /// Fuel that its machines have used before it had any native code.
    fuel: AtomicU64,
    state: OnceLock<State>,
}

impl Slot {
    /// The program's native code, if it is not cold.
    pub(crate) fn state(&self, program: &Arc<Program>) -> Option<&State> {
        if let Some(state) = self.state.get() {
            return Some(state);
        }
        let jit = self.jit.get()?;
        let is_cold = self.fuel.load(Ordering::Relaxed) < jit.options.cold;
        (!is_cold).then(|| self.state.get_or_init(|| State::new(program, jit)))
    }

    /// Takes note of the fuel of a run.
    pub(crate) fn ran(&self, fuel: u64) {
        if self.state.get().is_none() && self.jit.get().is_some() {
            self.fuel.fetch_add(fuel, Ordering::Relaxed);
        }
    }
}

/// The native code of a program.
pub(crate) struct State {
    jit: Jit,
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
struct Spill {
    func: FuncId,
    regs: Arc<[R]>,
}

/// A frame, and which of its registers are in the record.
pub(crate) struct Spilled {
    pub(crate) func: FuncId,
    pub(crate) pc: Pc,
    pub(crate) regs: Arc<[R]>,
}

/// So many entries are looked at together. If they did less than [`LITTLE`] fuel of work each, the
/// site is left to the interpreter for the next [`PAUSE`] times.
const LOOK: u32 = 64;
const LITTLE: u64 = 64;
const PAUSE: u32 = 5_000;

impl State {
    fn new(program: &Arc<Program>, jit: &Jit) -> State {
        let mut code = program.fused.clone();
        let sites = sites(program, &jit.options);
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
        State {
            jit: jit.clone(),
            program: Arc::downgrade(program),
            code,
            sites: sites.into(),
            compiler: Mutex::new(Compiler::new(program)),
            spills: RwLock::default(),
            room: Room {
                registers,
                spill_words: compile::spill_words(registers),
            },
            functions: AtomicU64::new(0),
            code_bytes: AtomicU64::new(0),
            exits: Default::default(),
        }
    }

    /// The native code of a site that the interpreter has come to, if it is to be entered.
    #[inline]
    pub(crate) fn at_site(&self, index: Side) -> Option<Entry> {
        let site = self.site(index);
        match site.entry.get() {
            Some(entry) if site.count.load(Ordering::Relaxed) == 0 => Some(*entry),
            _ => self.count(site, index),
        }
    }

    pub(crate) fn site(&self, site: Side) -> &Site {
        &self.sites[site.index()]
    }

    /// Counts down to the compilation, or to the end of a pause. The entry, if it is there at once.
    fn count(&self, site: &Site, index: Side) -> Option<Entry> {
        let count = site.count.load(Ordering::Relaxed);
        site.count.store(count.saturating_sub(1), Ordering::Relaxed);
        if count != 1 {
            return None;
        }
        if site.entry.get().is_none()
            && let Some(program) = self.program.upgrade()
        {
            self.jit.executor.execute(Job {
                program,
                site: index.index(),
            });
        }
        site.entry.get().copied()
    }

    /// Looks back at an activation that used so much fuel.
    pub(crate) fn used(&self, site: Side, fuel: i64) {
        let site = self.site(site);
        let add = |to: &AtomicU64, more: u64| {
            to.store(to.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        };
        add(&site.entries, 1);
        add(&site.used, fuel.max(0) as u64);
        let recent = site.recent.load(Ordering::Relaxed) + 1;
        site.recent.store(recent % LOOK, Ordering::Relaxed);
        if recent >= LOOK {
            let used = site.used.swap(0, Ordering::Relaxed);
            if used < u64::from(LOOK) * LITTLE {
                site.count.store(PAUSE, Ordering::Relaxed);
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

    /// The meaning of the last word of a record.
    pub(crate) fn spilled(&self, word: u64) -> Spilled {
        let spills = self.spills.read().unwrap_or_else(PoisonError::into_inner);
        let spill = &spills[(word >> 32) as usize];
        Spilled {
            func: spill.func,
            pc: Pc(word as u32),
            regs: spill.regs.clone(),
        }
    }

    fn compile(&self, program: &Program, site: usize) {
        let site = &self.sites[site];
        let mut compiler = self.compiler.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = compile::Wanted {
            program,
            options: &self.jit.options,
            spills: &self.spills,
        };
        let Some(entry) = compiler.compile_site(wanted, site.func, site.block) else {
            return;
        };
        self.functions
            .store(compiler.functions(), Ordering::Relaxed);
        self.code_bytes
            .store(compiler.code_bytes(), Ordering::Relaxed);
        _ = site.entry.set(entry);
    }

    fn stats(&self) -> JitStats {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let names = Reason::ALL.map(Reason::name);
        JitStats {
            functions: get(&self.functions),
            code_bytes: get(&self.code_bytes),
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
