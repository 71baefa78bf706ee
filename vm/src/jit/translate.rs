//! One function's bytecode in Cranelift's form.
//!
//! Registers of the bytecode are variables, in the machine's types. The context is the first
//! argument, the fuel the second and the first result: a negative number there, behind a call, says
//! to look whether the callee came to an exit. What instructions cost is summed up in the block
//! ([`Translator::pending`]) and taken off at its end, or before a call.
//!
//! An exit is a jump to a cold block, of which there is one for each live set. Its argument says
//! where, why, and how much of the fuel is to be taken off. The block writes the frame's record and
//! returns; a caller sees it behind its call, and writes its own.
//!
//! A safepoint has to stop only if the fuel is used up, and the interpreter does that: here it is
//! enough to leave in time. So one check stands for all safepoints up to the next call or end of
//! the block.

mod calls;
mod numbers;
mod objects;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicUsize;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AliasRegionData, Block, BlockArg, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind,
    Type, Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, Variable};
use sm_bytecode::Inst;

use super::compile::{SPILL_RATIO, Shape, shape, type_of};
use super::constants::Constants;
use super::context::{Reason, at};
use super::live::{LiveSet, Liveness};
use super::loops::{self, Loops};
use crate::index::FuncId;
use crate::jit::{METERED, Spill};
use crate::op::{Op, Pc, R};
use crate::program::{Function, Program};

/// Where code begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    /// At the function's beginning, with its arguments in registers.
    Call,
    /// At a block, with what is live there in the registers of its frame.
    Block(usize),
}

/// What is to be translated, and where it will stand.
pub(super) struct Place<'a> {
    pub(super) program: &'a Program,
    pub(super) func: FuncId,
    pub(super) start: Start,
    /// The number of the first record whose meaning is not known yet.
    pub(super) first_spill: usize,
    /// The convention of helpers.
    pub(super) call_conv: CallConv,
    /// The codes of all functions.
    pub(super) table: &'a [AtomicUsize],
    /// The code that adds to a full list.
    pub(super) push: &'a AtomicUsize,
}

/// What was built beside the code.
pub(super) struct Built {
    /// What the records mean.
    pub(super) spills: Vec<Spill>,
    /// Whether it adds to lists.
    pub(super) pushes: bool,
    /// What registers of the frame have to hold where it is entered.
    pub(super) constants: Box<[(R, u64)]>,
}

/// The parts of memory that do not overlap.
struct Regions {
    /// What the context has that changes.
    context: MemFlagsData,
    /// What it has that does not change during an activation.
    fixed: MemFlagsData,
    headers: MemFlagsData,
    fields: MemFlagsData,
    /// The objects of lists and maps, and the headers of their arrays.
    collections: MemFlagsData,
    elements: MemFlagsData,
}

/// The block that a jump to an exit goes to, and the one that writes the record.
struct Exit {
    live: LiveSet,
    leave: Option<Block>,
    spill: Block,
}

/// See the module's documentation.
pub(super) struct Translator<'a> {
    program: &'a Program,
    b: FunctionBuilder<'a>,
    func: FuncId,
    function: &'a Function,
    source: &'a sm_bytecode::Function,
    start: Start,
    first_spill: usize,
    shape: Shape,
    /// The convention of helpers.
    call_conv: CallConv,
    /// The codes of all functions.
    table: &'a [AtomicUsize],
    /// The code that adds to a full list, and whether it is called.
    push: &'a AtomicUsize,
    pushes: bool,
    regions: Regions,
    context: Value,
    fuel: Variable,
    vars: Vec<Variable>,
    constants: Constants,
    blocks: Vec<Option<Block>>,
    /// The blocks of the loop that the code begins at: where that ends, the code does.
    inside: Option<Vec<bool>>,
    /// The block that is being translated; none where the code begins.
    block: Option<usize>,
    loops: Loops,
    /// Of the loops before which something is looked up: the block that does it.
    before_loops: BTreeMap<usize, Block>,
    /// The lengths and arrays of lists that are looked up before loops.
    lists: BTreeMap<R, (Variable, Variable)>,
    exits: Vec<Exit>,
    /// What the records mean.
    spills: Vec<Spill>,
    /// The registers in all records.
    recorded: usize,
    exit_of: HashMap<LiveSet, usize>,
    /// Of the block that is being translated: its live sets, and where it begins.
    live: Liveness,
    first: Pc,
    /// The instruction, in the block.
    at: usize,
    /// Of each block that is reached from one place before it alone: what is pending where it
    /// begins, and what the fuel is known to be more than.
    carried: Vec<Option<(i64, i64)>>,
    /// How many jumps go to each block.
    jumps: Vec<usize>,
    /// What the instructions before it cost that was not taken off the fuel.
    pending: i64,
    /// The fuel is known to be more than this.
    known: i64,
    /// The words of the largest record that is written behind a call.
    record: usize,
    calls: bool,
}

/// Where the parts of an exit's argument are.
const REASON_SHIFT: i64 = 32;
const PENDING_SHIFT: i64 = 40;
/// The most that can be pending.
const MAX_PENDING: i64 = 1 << 22;
/// The most registers in the records of a function, so that its code stays small.
const MAX_RECORDED: usize = 100_000;

impl<'a> Translator<'a> {
    pub(super) fn new(place: Place<'a>, mut b: FunctionBuilder<'a>) -> Self {
        let Place {
            program,
            func,
            start,
            first_spill,
            call_conv,
            table,
            push,
        } = place;
        let function = program.function(func);
        let source = program.source(func);
        let kinds = function.kinds.iter();
        let vars = kinds.map(|kind| b.declare_var(type_of(*kind))).collect();
        let regions = Regions::new(&mut b);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let (context, fuel) = (b.block_params(entry)[0], b.declare_var(types::I64));
        b.def_var(fuel, b.block_params(entry)[1]);
        let calls = source.blocks.iter().flat_map(|block| &block.insts);
        let calls = calls
            .clone()
            .any(|inst| matches!(inst, Inst::Call { .. } | Inst::CallClosure { .. }));
        Translator {
            program,
            b,
            func,
            function,
            source,
            start,
            first_spill,
            shape: shape(program, func).unwrap_or(Shape {
                params: Vec::new(),
                results: Vec::new(),
            }),
            call_conv,
            table,
            push,
            pushes: false,
            regions,
            context,
            fuel,
            vars,
            constants: Constants::of(program, function, source),
            blocks: vec![None; source.blocks.len()],
            inside: None,
            block: None,
            loops: Loops::default(),
            carried: vec![None; source.blocks.len()],
            jumps: vec![0; source.blocks.len()],
            before_loops: BTreeMap::new(),
            lists: BTreeMap::new(),
            recorded: 0,
            exits: Vec::new(),
            spills: Vec::new(),
            exit_of: HashMap::new(),
            live: Liveness {
                before: Vec::new(),
                across: Vec::new(),
            },
            first: function.start,
            at: 0,
            pending: 0,
            known: 0,
            record: 0,
            calls,
        }
    }

    /// Builds the function; `None` if its records are too large for that.
    pub(super) fn translate(mut self, config: TargetFrontendConfig) -> Option<Built> {
        self.find_blocks();
        self.begin();
        for block in 0..self.source.blocks.len() {
            if let Some(target) = self.blocks[block] {
                self.b.switch_to_block(target);
                self.enter_block(block);
                self.take_constants(block);
                self.block = Some(block);
                match self.is_inside(block) {
                    true => self.block()?,
                    false => _ = self.leave(Reason::Loop),
                }
            }
        }
        self.constants.leave();
        self.look_up_lists();
        self.write_exits();
        self.pad_frame();
        self.b.seal_all_blocks();
        self.b.finalize(config);
        let constants = match self.start {
            Start::Call => Box::default(),
            Start::Block(block) => self.constants.at_start(block).into(),
        };
        Some(Built {
            spills: self.spills,
            pushes: self.pushes,
            constants,
        })
    }

    /// Creates the blocks that are reached from where the code begins.
    fn find_blocks(&mut self) {
        let first = match self.start {
            Start::Call => 0,
            Start::Block(block) => {
                self.inside = loops::members_of(self.source, block);
                block
            }
        };
        let mut queue = vec![first];
        while let Some(block) = queue.pop() {
            if self.blocks[block].is_some() {
                continue;
            }
            self.blocks[block] = Some(self.b.create_block());
            if !self.is_inside(block) {
                continue;
            }
            if let Some(last) = self.source.blocks[block].insts.last() {
                last.successors(|to| {
                    self.jumps[to.index()] += 1;
                    queue.push(to.index());
                });
            }
        }
        // Where the code begins is a jump as well.
        self.jumps[first] += 1;
        let blocks = self.blocks.iter().enumerate();
        let is_reached = blocks.map(|(at, block)| block.is_some() && self.is_inside(at));
        let is_reached: Vec<bool> = is_reached.collect();
        self.loops = Loops::of(self.source, first, &is_reached);
        let lists = self
            .loops
            .headers()
            .flat_map(|(_, lists)| lists.iter().copied());
        for list in lists.collect::<Vec<R>>() {
            let b = &mut self.b;
            let vars = || (b.declare_var(types::I64), b.declare_var(types::I64));
            self.lists.entry(list).or_insert_with(vars);
        }
    }

    /// Whether the block is part of the loop that the code begins at, if it begins at one.
    fn is_inside(&self, block: usize) -> bool {
        self.inside.as_ref().is_none_or(|inside| inside[block])
    }

    /// Writes the blocks before loops.
    fn look_up_lists(&mut self) {
        for (header, block) in std::mem::take(&mut self.before_loops) {
            self.b.switch_to_block(block);
            let loops = self.loops.headers();
            let lists = loops.filter(|(at, _)| *at == header);
            let lists: Vec<R> = lists.flat_map(|(_, lists)| lists.to_vec()).collect();
            for list in lists {
                let (len, array) = self.look_up(list);
                let vars = self.lists[&list];
                self.b.def_var(vars.0, len);
                self.b.def_var(vars.1, array);
            }
            let target = self.blocks[header].expect("what is reached has a block");
            self.b.ins().jump(target, &[]);
        }
    }

    /// Takes in the arguments, and goes to the first block.
    fn begin(&mut self) {
        let entry = self.b.current_block().expect("the entry is being written");
        let params = self.b.block_params(entry).to_vec();
        let first = match self.start {
            Start::Call => {
                for (reg, value) in params[2..].iter().enumerate() {
                    self.b.def_var(self.vars[reg], *value);
                }
                self.take_captures();
                0
            }
            Start::Block(block) => {
                for reg in &self.source.blocks[block].live_in {
                    let (reg, offset) = (reg.index(), reg.index() as i32 * 8);
                    let ty = type_of(self.function.kinds[reg]);
                    let flags = self.regions.elements;
                    let value = self.b.ins().load(ty, flags, params[2], offset);
                    self.b.def_var(self.vars[reg], value);
                }
                block
            }
        };
        self.enter_block(first);
        if self.start == Start::Call && self.calls {
            let pointer = self.b.ins().get_stack_pointer(types::I64);
            let limit = self.load_context(at::STACK_LIMIT, self.regions.fixed);
            let is_low = self.b.ins().icmp(IntCC::UnsignedLessThan, pointer, limit);
            self.exit_if(is_low, Reason::Stack);
        }
        if self.start == Start::Call {
            self.safepoint(Reason::Entry);
        }
        let target = self.target(first);
        self.b.ins().jump(target, &[]);
    }

    /// The captures of the closure that is being called.
    fn take_captures(&mut self) {
        if self.function.capture_slots == 0 {
            return;
        }
        let closure = self.load_context(at::CLOSURE, self.regions.context);
        for slot in 0..self.function.capture_slots {
            let reg = usize::from(self.function.param_slots + slot);
            let ty = type_of(self.function.kinds[reg]);
            let value = self.load_field(ty, closure, usize::from(slot));
            self.b.def_var(self.vars[reg], value);
        }
    }

    fn enter_block(&mut self, block: usize) {
        self.live = Liveness::of(self.source, block);
        let before = self.source.blocks[..block].iter();
        let before: usize = before.map(|block| block.insts.len()).sum();
        self.first = self.function.start.plus(before as u32);
        self.at = 0;
        (self.pending, self.known) = self.carried[block].unwrap_or((0, i64::MIN));
    }

    /// Lets registers be constants that are so wherever control comes from.
    fn take_constants(&mut self, block: usize) {
        for (reg, word) in self.constants.enter(block) {
            let value = self.constant(self.ty(reg), word);
            self.b.def_var(self.vars[usize::from(reg)], value);
        }
    }

    fn block(&mut self) -> Option<()> {
        for at in 0..self.live.before.len() {
            self.at = at;
            let code = self.program.code[self.pc().index()];
            if self.pending > MAX_PENDING || self.recorded > MAX_RECORDED {
                return None;
            }
            if self.is_safepoint(code.op) {
                self.safepoint(Reason::Fuel);
            }
            let price = i64::from(code.fuel);
            match self.op(code.op, price) {
                Next::Instruction => self.pending += price,
                Next::Charged => {}
                Next::Block => return Some(()),
            }
        }
        None
    }

    fn op(&mut self, op: Op, price: i64) -> Next {
        if self.number(op) || self.float(op) || self.object(op) || self.list(op) {
            return Next::Instruction;
        }
        match op {
            Op::Slow { .. }
            | Op::MapFindWord { .. }
            | Op::MapValueAt { .. }
            | Op::MapInsertWord { .. }
            | Op::MapFindText { .. }
            | Op::MapInsertText { .. }
            | Op::BytesLen { .. }
            | Op::BytesGet { .. } => self.helped(op, price),
            Op::Call { .. } | Op::CallClosure { .. } => self.call(op, price),
            _ => self.end(op, price),
        }
    }

    /// Leaves before this instruction, whatever happens.
    fn leave(&mut self, reason: Reason) -> Next {
        let (block, arg) = self.exit(reason);
        self.b.ins().jump(block, &[BlockArg::Value(arg)]);
        Next::Block
    }

    fn pc(&self) -> Pc {
        self.first.plus(self.at as u32)
    }

    /// Where to jump to from here for a block of the function.
    fn target(&mut self, block: usize) -> Block {
        if self.loops.is_entered(block, self.block) {
            let b = &mut self.b;
            let before = self.before_loops.entry(block);
            return *before.or_insert_with(|| b.create_block());
        }
        self.blocks[block].expect("what is reached has a block")
    }

    /// The block of the function that begins at an instruction.
    fn block_at(&self, pc: Pc) -> usize {
        let mut distance = (pc.0 - self.function.start.0) as usize;
        let blocks = self.source.blocks.iter();
        let index = blocks.take_while(|block| {
            let is_before = distance > 0;
            distance = distance.saturating_sub(block.insts.len());
            is_before
        });
        index.count()
    }
}

/// Jumps. The block that they end costs so much more than is pending.
impl Translator<'_> {
    fn target_at(&mut self, pc: Pc) -> Block {
        let block = self.block_at(pc);
        self.target(block)
    }

    /// The block to jump to if what is pending can be left to it.
    fn carry(&mut self, to: Pc, price: i64) -> Option<Block> {
        let block = self.block_at(to);
        let is_behind = self.block.is_some_and(|from| from < block);
        if !is_behind || self.jumps[block] != 1 || self.loops.is_entered(block, self.block) {
            return None;
        }
        self.carried[block] = Some((self.pending + price, self.known));
        Some(self.target(block))
    }

    /// Goes on there.
    fn go(&mut self, to: Pc, price: i64) {
        let target = match self.carry(to, price) {
            Some(target) => target,
            None => {
                self.charge(price);
                self.target_at(to)
            }
        };
        self.b.ins().jump(target, &[]);
    }

    /// Goes on at one of two places.
    fn branch(&mut self, condition: Value, places: [Pc; 2], price: i64) {
        let targets = places.map(|to| self.carry(to, price));
        if targets == [None, None] {
            self.charge(price);
            let [then, otherwise] = places.map(|to| self.target_at(to));
            self.b.ins().brif(condition, then, &[], otherwise, &[]);
            return;
        }
        let ways = targets.map(|target| target.unwrap_or_else(|| self.b.create_block()));
        self.b.ins().brif(condition, ways[0], &[], ways[1], &[]);
        let pending = self.pending;
        for ((way, target), to) in ways.into_iter().zip(targets).zip(places) {
            if target.is_none() {
                self.b.seal_block(way);
                self.b.switch_to_block(way);
                self.pending = pending;
                self.go(to, price);
            }
        }
    }
}

/// What comes behind an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The next one; its price is to be counted.
    Instruction,
    /// The next one; its price was taken off.
    Charged,
    /// Another block.
    Block,
}

/// Values and variables.
impl Translator<'_> {
    fn ty(&self, reg: R) -> Type {
        type_of(self.function.kinds[usize::from(reg)])
    }

    /// The value of a register.
    fn get(&mut self, reg: R) -> Value {
        match self.constants.get(reg) {
            Some(word) => self.constant(self.ty(reg), word),
            None => self.b.use_var(self.vars[usize::from(reg)]),
        }
    }

    fn set(&mut self, reg: R, value: Value) {
        self.constants.set(reg, None);
        self.b.def_var(self.vars[usize::from(reg)], value);
    }

    fn constant(&mut self, ty: Type, word: u64) -> Value {
        match ty {
            types::F64 => self.b.ins().f64const(f64::from_bits(word)),
            _ => self.b.ins().iconst(ty, word as i64),
        }
    }

    /// The value of a register as it stands in a frame.
    fn get_word(&mut self, reg: R) -> Value {
        let value = self.get(reg);
        self.word_of(value)
    }

    fn word_of(&mut self, value: Value) -> Value {
        match self.b.func.dfg.value_type(value) {
            types::I8 => self.b.ins().uextend(types::I64, value),
            types::F64 => {
                let flags = MemFlagsData::new();
                self.b.ins().bitcast(types::I64, flags, value)
            }
            _ => value,
        }
    }

    fn set_word(&mut self, reg: R, word: Value) {
        let value = match self.ty(reg) {
            types::I8 => self.b.ins().ireduce(types::I8, word),
            types::F64 => {
                let flags = MemFlagsData::new();
                self.b.ins().bitcast(types::F64, flags, word)
            }
            _ => word,
        };
        self.set(reg, value);
    }

    fn load_context(&mut self, offset: i32, flags: MemFlagsData) -> Value {
        self.b.ins().load(types::I64, flags, self.context, offset)
    }

    fn store_context(&mut self, value: Value, offset: i32) {
        let flags = self.regions.context;
        self.b.ins().store(flags, value, self.context, offset);
    }
}

/// Fuel and exits.
impl Translator<'_> {
    pub(super) fn fuel(&mut self) -> Value {
        self.b.use_var(self.fuel)
    }

    pub(super) fn set_fuel(&mut self, fuel: Value) {
        self.b.def_var(self.fuel, fuel);
    }

    /// Makes sure that the fuel lasts for all safepoints from this one on that need no other check.
    fn safepoint(&mut self, reason: Reason) {
        if !METERED || self.known >= self.pending {
            return;
        }
        let last = self.last_safepoint();
        let fuel = self.fuel();
        let is_low = self
            .b
            .ins()
            .icmp_imm_s(IntCC::SignedLessThanOrEqual, fuel, last);
        self.exit_if(is_low, reason);
        self.known = last;
    }

    /// What will be pending at the last safepoint before the fuel has to be looked at again.
    fn last_safepoint(&self) -> i64 {
        let (mut pending, mut last) = (self.pending, self.pending);
        for at in self.at..self.live.before.len() {
            let code = self.program.code[self.first.plus(at as u32).index()];
            if self.is_safepoint(code.op) {
                last = pending;
            }
            if is_charged(code.op) {
                break;
            }
            pending += i64::from(code.fuel);
        }
        last
    }

    /// Takes off what is pending, and so much more.
    fn charge(&mut self, price: i64) {
        if METERED {
            let fuel = self.fuel();
            let fuel = self.b.ins().iadd_imm_s(fuel, -(self.pending + price));
            self.set_fuel(fuel);
        }
        self.pending = 0;
        self.known = i64::MIN;
    }

    /// Whether a machine may stop before this operation.
    fn is_safepoint(&self, op: Op) -> bool {
        let pc = self.pc();
        match op {
            Op::Const { .. }
            | Op::TagConst { .. }
            | Op::FloatSqrt { .. }
            | Op::FloatNative { .. }
            | Op::RecordNew { .. }
            | Op::ListPushWord { .. }
            | Op::ListPushByte { .. }
            | Op::BytesLen { .. }
            | Op::BytesGet { .. }
            | Op::MapFindWord { .. }
            | Op::MapInsertWord { .. }
            | Op::MapFindText { .. }
            | Op::MapInsertText { .. }
            | Op::ClosureNew { .. }
            | Op::Spawn { .. } => true,
            Op::Slow { index } => self.program.slow[index.index()].is_safepoint,
            Op::Jump { .. } | Op::Branch { .. } | Op::Switch { .. } | Op::ForNext { .. } => {
                self.goes_back(op, pc)
            }
            _ => false,
        }
    }

    /// Whether a jump may go back: this block's last instruction is behind `pc` or there.
    fn goes_back(&self, op: Op, pc: Pc) -> bool {
        let back = |to: Pc| to <= pc;
        match op {
            Op::Jump { to } => back(to),
            Op::Branch {
                then, otherwise, ..
            } => back(then) || back(otherwise),
            Op::ForNext { body, exit, .. } => back(body) || back(exit),
            Op::Switch { count, targets, .. } => {
                let targets = &self.program.jumps[targets.index()..][..=usize::from(count)];
                targets.iter().any(|to| back(*to))
            }
            _ => false,
        }
    }

    /// Leaves before this instruction if the condition holds.
    fn exit_if(&mut self, condition: Value, reason: Reason) {
        let (way, next) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(condition, way, &[], next, &[]);
        self.way_out(way, reason);
        self.b.switch_to_block(next);
        self.b.seal_block(next);
    }

    /// Writes the block on the way to an exit: its argument is not made before the branch.
    fn way_out(&mut self, way: Block, reason: Reason) {
        self.b.set_cold_block(way);
        self.b.seal_block(way);
        self.b.switch_to_block(way);
        self.leave(reason);
    }

    /// Leaves before this instruction unless the condition holds.
    fn exit_unless(&mut self, condition: Value, reason: Reason) {
        let (way, next) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(condition, next, &[], way, &[]);
        self.way_out(way, reason);
        self.b.switch_to_block(next);
        self.b.seal_block(next);
    }

    /// The block of the exit before this instruction, and its argument.
    fn exit(&mut self, reason: Reason) -> (Block, Value) {
        let index = self.exit_index(false);
        let block = match self.exits[index].leave {
            Some(block) => block,
            None => {
                let block = self.cold_block();
                self.exits[index].leave = Some(block);
                block
            }
        };
        let word = i64::from(self.pc().0)
            | (reason as i64) << REASON_SHIFT
            | self.pending << PENDING_SHIFT;
        let arg = self.b.ins().iconst(types::I64, word);
        (block, arg)
    }

    /// The block that writes the record of this frame while it waits for a call.
    fn waiting(&mut self) -> (Block, Value) {
        let index = self.exit_index(true);
        self.record = self.record.max(self.exits[index].live.regs().count() + 1);
        let pc = i64::from(self.pc().0);
        let arg = self.b.ins().iconst(types::I64, pc);
        (self.exits[index].spill, arg)
    }

    fn exit_index(&mut self, waits: bool) -> usize {
        let live = match waits {
            true => &self.live.across[self.at],
            false => &self.live.before[self.at],
        };
        if let Some(known) = self.exit_of.get(live) {
            return *known;
        }
        let live = live.clone();
        self.recorded += live.regs().count();
        let spill = self.cold_block();
        self.exit_of.insert(live.clone(), self.exits.len());
        self.exits.push(Exit {
            live,
            leave: None,
            spill,
        });
        self.exits.len() - 1
    }

    fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.append_block_param(block, types::I64);
        self.b.set_cold_block(block);
        block
    }

    fn write_exits(&mut self) {
        for index in 0..self.exits.len() {
            let spill = self.exits[index].spill;
            if let Some(leave) = self.exits[index].leave {
                self.b.switch_to_block(leave);
                let arg = self.b.block_params(leave)[0];
                let pending = self.b.ins().ushr_imm_u(arg, PENDING_SHIFT);
                let fuel = self.fuel();
                let fuel = self.b.ins().isub(fuel, pending);
                self.store_context(fuel, at::FUEL);
                let reason = self.b.ins().ushr_imm_u(arg, REASON_SHIFT);
                let reason = self.b.ins().band_imm_u(reason, 0xff);
                self.store_context(reason, at::EXIT);
                let pc = self.b.ins().ireduce(types::I32, arg);
                let pc = self.b.ins().uextend(types::I64, pc);
                self.b.ins().jump(spill, &[BlockArg::Value(pc)]);
            }
            self.b.switch_to_block(spill);
            self.write_record(index);
        }
    }

    /// Writes the record, and returns.
    fn write_record(&mut self, index: usize) {
        let regs: Vec<R> = self.exits[index].live.regs().collect();
        let pc = self.b.block_params(self.exits[index].spill)[0];
        let record = self.load_context(at::SPILL, self.regions.context);
        let mut offset = 0;
        for reg in &regs {
            let word = self.get_word(*reg);
            let flags = self.regions.elements;
            self.b.ins().store(flags, word, record, offset);
            offset += 8;
        }
        let word = self.new_spill(&regs) << 32;
        let word = self.b.ins().bor_imm_u(pc, word);
        let flags = self.regions.elements;
        self.b.ins().store(flags, word, record, offset);
        let end = self.b.ins().iadd_imm_s(record, i64::from(offset) + 8);
        self.store_context(end, at::SPILL);
        let mut values = vec![self.b.ins().iconst(types::I64, i64::MIN)];
        if self.start == Start::Call {
            for ty in self.shape.results.clone() {
                values.push(self.constant(ty, 0));
            }
        }
        self.b.ins().return_(&values);
    }

    fn new_spill(&mut self, regs: &[R]) -> i64 {
        let index = self.first_spill + self.spills.len();
        self.spills.push(Spill {
            func: self.func,
            regs: regs.into(),
        });
        index as i64
    }

    /// Makes the native frame large enough for the record of the frame, if it calls others.
    fn pad_frame(&mut self) {
        let size = (self.record * 8).div_ceil(SPILL_RATIO).saturating_sub(16);
        if size > 0 {
            let size = size.next_multiple_of(16) as u32;
            let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4);
            self.b.create_sized_stack_slot(slot);
        }
    }
}

/// Whether the fuel has to be looked at again behind this operation.
fn is_charged(op: Op) -> bool {
    matches!(
        op,
        Op::Call { .. }
            | Op::CallClosure { .. }
            | Op::Slow { .. }
            | Op::MapFindText { .. }
            | Op::MapInsertText { .. }
    )
}

impl Regions {
    fn new(b: &mut FunctionBuilder<'_>) -> Regions {
        let mut region = |user_id, description: &'static str| {
            let data = AliasRegionData {
                user_id,
                description: description.into(),
            };
            let region = b.func.dfg.alias_regions.insert(data);
            MemFlagsData::trusted().with_alias_region(Some(region))
        };
        Regions {
            context: region(0, "context"),
            fixed: MemFlagsData::trusted().with_readonly().with_can_move(),
            headers: region(1, "headers"),
            fields: region(2, "fields"),
            collections: region(3, "collections"),
            elements: region(4, "elements"),
        }
    }
}
