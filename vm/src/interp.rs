//! The interpreter: one loop over pre-linked instructions, with the stack and heap as plain data.
//!
//! It never recurses, so the depth of a program's calls costs nothing of the host's stack. Fuel is
//! charged for each instruction before it runs, and for bulk work by its size. A machine stops at
//! safepoints alone; there the frame's program counter is that of an instruction that did not run
//! yet, so going on means running it.

mod calls;
mod collections;
mod exec;
mod messages;
#[cfg(all(
    feature = "jit",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(crate) mod native;
mod numbers;
mod slow;
mod tags;
mod window;

use std::ops::Deref;

use sm_bytecode::codec::Writer;
use sm_bytecode::{Inst, Reg, TrapKind};

use crate::data::decode::{DecodeFault, decode};
use crate::data::encode::{Encoded, encode, number};
use crate::data::{NotData, View, data_steps};
use crate::heap::Heap;
use crate::heap::key::TooManySteps;
use crate::heap::layout::{Kind, Ref};
use crate::host::{Host, TagBuf};
use crate::index::{TagId, TypeId};
use crate::jit::{Meter, Scratch, State};
use crate::limits::Limits;
use crate::machine::{Machine, Reply};
use crate::op::Op;
use crate::outcome::{Data, KillKind, Outcome};
use crate::program::{Function, Program};
use crate::rng::Rng;
use crate::stack::Stack;

/// Why the interpreter stops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Done(Data),
    Trap(TrapKind, Option<String>),
    Kill(KillKind),
    OutOfFuel,
    /// The instruction waits for an answer.
    Suspend,
}

impl From<TrapKind> for Stop {
    fn from(kind: TrapKind) -> Self {
        Stop::Trap(kind, None)
    }
}

/// An index of something with so many elements, and none there.
#[cold]
pub(crate) fn out_of_range(index: i64, len: usize) -> Stop {
    let message = match len {
        0 => format!("index {index} is out of range: there are no elements"),
        1 => format!("index {index} is out of range: there is one element"),
        _ => format!("index {index} is out of range: there are {len} elements"),
    };
    Stop::Trap(TrapKind::IndexOutOfRange, Some(message))
}

/// An index that may be 0 to `end`, and is not.
#[cold]
pub(crate) fn above(index: i64, end: usize) -> Stop {
    let message = format!("index {index} is out of range: it may be 0 to {end} here");
    Stop::Trap(TrapKind::IndexOutOfRange, Some(message))
}

/// A number of elements below 0.
#[cold]
pub(crate) fn negative(count: i64) -> Stop {
    let message = format!("there cannot be {count} elements");
    Stop::Trap(TrapKind::IndexOutOfRange, Some(message))
}

impl From<KillKind> for Stop {
    fn from(kind: KillKind) -> Self {
        Stop::Kill(kind)
    }
}

impl From<NotData> for Stop {
    fn from(_: NotData) -> Self {
        TrapKind::NotData.into()
    }
}

impl From<TooManySteps> for Stop {
    fn from(_: TooManySteps) -> Self {
        TrapKind::NotData.into()
    }
}

/// A machine at work.
pub(crate) struct Interp<'m> {
    program: &'m Program,
    heap: &'m mut Heap,
    stack: &'m mut Stack,
    rng: &'m mut Rng,
    limits: &'m Limits,
    host: &'m mut dyn Host,
    /// What is left of this run's fuel; below zero when a stretch without safepoints cost more.
    fuel: i64,
    /// The first register of the innermost frame.
    base: usize,
    /// The program's native code, and what it needs beside.
    jit: Option<&'m State>,
    meter: Meter,
    native: Scratch<'m>,
    /// Memory for what is encoded, empty meanwhile.
    buffer: Vec<u8>,
}

/// Words from registers: few of them need no memory of their own.
pub(crate) enum Words {
    Few(usize, [u64; Words::FEW]),
    Many(Vec<u64>),
}

impl Words {
    const FEW: usize = 8;
}

impl Deref for Words {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        match self {
            Words::Few(count, words) => &words[..*count],
            Words::Many(words) => words,
        }
    }
}

impl<'m> Interp<'m> {
    pub(crate) fn new(machine: &'m mut Machine, host: &'m mut dyn Host, fuel: i64) -> Self {
        let base = machine.stack.top().map_or(0, |frame| frame.base as usize);
        Interp {
            program: &machine.program,
            heap: &mut machine.heap,
            stack: &mut machine.stack,
            rng: &mut machine.rng,
            limits: &machine.limits,
            host,
            fuel,
            base,
            jit: (!machine.interpreted)
                .then(|| machine.program.jit.state(&machine.program))
                .flatten(),
            meter: Meter::new(fuel),
            native: Scratch::default(),
            buffer: Vec::new(),
        }
    }

    /// Ends the run, and says how much of its fuel is left.
    pub(crate) fn end(mut self) -> i64 {
        self.meter.pay(&self.program.jit, self.fuel);
        self.fuel
    }

    /// Completes the instruction that waited, which may be a `yield`.
    pub(crate) fn take_in(&mut self, reply: Option<Reply>) -> Result<(), Stop> {
        let inst = self.slow_at_top();
        match (inst, reply) {
            (
                Some(Inst::Migrate { dst, .. } | Inst::MigrateAll { dst }),
                Some(Reply::Hop(code)),
            ) => {
                self.set(*dst, code.code().into());
            }
            (Some(Inst::TagBlock { dsts, tag, .. }), Some(Reply::Tag(value))) => {
                self.take_in_tag(inst_fuel(inst), dsts, *tag, value.as_deref())?;
            }
            _ => {}
        }
        if let Some(frame) = self.stack.frames.last_mut() {
            frame.pc = frame.pc.next();
        }
        Ok(())
    }

    fn slow_at_top(&self) -> Option<&'m Inst> {
        slow_at_top(self.program, self.stack)
    }

    fn function(&self) -> &'m Function {
        let program = self.program;
        let top = self.stack.top().expect("a running machine has a frame");
        program.function(top.func)
    }

    #[inline]
    pub(crate) fn get(&self, reg: Reg) -> u64 {
        self.stack.regs[self.base + reg.index()]
    }

    #[inline]
    pub(crate) fn set(&mut self, reg: Reg, word: u64) {
        self.stack.regs[self.base + reg.index()] = word;
    }

    pub(crate) fn get_int(&self, reg: Reg) -> i64 {
        self.get(reg) as i64
    }

    pub(crate) fn get_ref(&self, reg: Reg) -> Ref {
        Ref::of_word(self.get(reg))
    }

    pub(crate) fn set_ref(&mut self, reg: Reg, reference: Ref) {
        self.set(reg, reference.word());
    }

    fn get_all(&self, regs: &[Reg]) -> Words {
        if regs.len() > Words::FEW {
            return Words::Many(regs.iter().map(|reg| self.get(*reg)).collect());
        }
        let mut words = [0; Words::FEW];
        words
            .iter_mut()
            .zip(regs)
            .for_each(|(word, reg)| *word = self.get(*reg));
        Words::Few(regs.len(), words)
    }

    /// Encodes the values in these registers. The bytes are to be given back by
    /// [`Interp::give_back`].
    fn encode_regs(&mut self, regs: &[Reg], types: &[TypeId]) -> Result<Encoded, NotData> {
        if let ([reg], [ty]) = (regs, types) {
            let mut out = Writer::from(std::mem::take(&mut self.buffer));
            let is_number = number(self.program.shape(*ty), self.get(*reg), &mut out);
            let bytes = out.into_bytes();
            if is_number {
                let size = bytes.len() as u64;
                return Ok(Encoded { bytes, size });
            }
            self.buffer = bytes;
        }
        let slots = self.get_all(regs);
        let buffer = std::mem::take(&mut self.buffer);
        encode(self.view(&slots), types, buffer)
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.buffer = buffer;
    }

    /// The type that a register refers to.
    pub(crate) fn ref_type(&self, reg: Reg) -> TypeId {
        match self.function().kinds[reg.index()] {
            Kind::Ref(ty) | Kind::OptRef(ty) => ty,
            Kind::Int | Kind::Float | Kind::Bool | Kind::Enum(_) => TypeId(0),
        }
    }

    pub(crate) fn program(&self) -> &'m Program {
        self.program
    }

    pub(crate) fn heap_mut(&mut self) -> &mut Heap {
        self.heap
    }

    /// The declaration of the tag in a register.
    pub(crate) fn tag_id(&self, tag: Reg) -> TagId {
        self.heap.tag_of(self.get_ref(tag))
    }

    /// Charges a price that is known before.
    pub(crate) fn charge_base(&mut self, price: u32) {
        self.fuel -= i64::from(price);
    }

    /// Charges for work of a size that shows only while it is done.
    pub(crate) fn charge(&mut self, fuel: sm_bytecode::Fuel, size: u64) {
        self.fuel -= fuel.bulk(size) as i64;
    }

    /// Makes sure that so many words can be allocated before the next safepoint. May move every
    /// object: references are read from registers afterwards.
    #[inline]
    pub(crate) fn reserve(&mut self, words: usize) -> Result<(), KillKind> {
        if self.heap.has_room(words) {
            return Ok(());
        }
        self.collect(words)
    }

    #[cold]
    fn collect(&mut self, words: usize) -> Result<(), KillKind> {
        if self.native.is_running() {
            return Err(KillKind::Heap);
        }
        let Interp {
            program,
            heap,
            stack,
            ..
        } = self;
        let roots = |visit: &mut dyn FnMut(&mut u64)| stack.each_root(program, visit);
        let collected = heap.collect(&program.statics.layouts, words, roots);
        heap.put_off_collection(stack.words());
        collected.map_err(|_| KillKind::Heap)
    }

    pub(crate) fn view<'a>(&'a self, slots: &'a [u64]) -> View<'a> {
        View {
            program: self.program,
            heap: self.heap,
            slots,
        }
    }

    /// The values of a function's result, as they leave the message.
    fn result(&self, ty: TypeId, slots: &[u64]) -> Stop {
        match encode(self.view(slots), &[ty], Vec::new()) {
            Ok(encoded) => Stop::Done(Data {
                ty: self.program.hashes[ty.index()],
                bytes: encoded.bytes,
            }),
            Err(NotData) => TrapKind::NotData.into(),
        }
    }

    /// Decodes a value that the host supplies, and charges for it; `None` if it is not
    /// well-formed.
    fn decode(
        &mut self,
        fuel: sm_bytecode::Fuel,
        ty: TypeId,
        bytes: &[u8],
    ) -> Result<Option<Vec<u64>>, Stop> {
        let mut steps = data_steps();
        let decoded = decode(self.program, self.heap, &[ty], bytes, &mut steps);
        self.charge(fuel, steps.spent().max(bytes.len() as u64));
        match decoded {
            Ok(slots) => Ok(Some(slots)),
            Err(DecodeFault::Malformed) => Ok(None),
            Err(DecodeFault::HeapFull) => Err(KillKind::Heap.into()),
        }
    }
}

fn inst_fuel(inst: Option<&Inst>) -> sm_bytecode::Fuel {
    match inst {
        Some(inst) => inst.info().fuel,
        None => Inst::Yield {}.info().fuel,
    }
}

fn slow_at_top<'p>(program: &'p Program, stack: &Stack) -> Option<&'p Inst> {
    match program.code.get(stack.top()?.pc.index())?.op {
        Op::Slow { index } => program.slow.get(index.index()).map(|site| &site.inst),
        _ => None,
    }
}

/// The operation at which the innermost frame stands, if it is one that waits for an answer.
pub(crate) fn pending(machine: &Machine) -> Option<Outcome> {
    let (program, heap) = (&machine.program, &machine.heap);
    let frame = machine.stack.top()?;
    let get = |reg: &Reg| machine.stack.regs[frame.base as usize + reg.index()];
    let nanos = |reg: &Reg| u64::try_from(get(reg) as i64).ok();
    Some(match slow_at_top(program, &machine.stack)? {
        Inst::Yield {} => Outcome::Yield,
        Inst::MigrateAll { .. } => Outcome::MoveAll,
        Inst::Migrate { hop, timeout, .. } => Outcome::Move {
            hop: identity(program, heap, Ref::of_word(get(hop))),
            timeout: nanos(timeout),
        },
        Inst::TagBlock {
            tag,
            timeout,
            after,
            ..
        } => Outcome::Block {
            tag: tag_buf(program, heap, Ref::of_word(get(tag))),
            timeout: nanos(timeout),
            after: nanos(after),
        },
        _ => return None,
    })
}

/// The 32 bytes of an `Id`, `Node` or `Hop`.
fn identity(program: &Program, heap: &Heap, blob: Ref) -> [u8; 32] {
    let bytes = heap.bytes_of(&program.statics, blob);
    bytes.try_into().unwrap_or([0; 32])
}

fn tag_buf(program: &Program, heap: &Heap, reference: Ref) -> TagBuf {
    let tag = &program.tags[heap.tag_of(reference).index()];
    TagBuf {
        base: tag.base,
        key: heap.bytes_of(&program.statics, reference).to_vec(),
        decl: tag.decl.clone(),
    }
}
