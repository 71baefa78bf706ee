//! The loop.
//!
//! What the loop uses all the time is in local variables: the program counter, the fuel, and the
//! registers of the innermost frame as a slice. They are written back before anything that looks
//! at the machine as a whole, and read again after it.

use sm_bytecode::{FloatBits, TrapKind};

use crate::heap::Heap;
use crate::heap::layout::{FIELDS, Header, Kind, Ref};
use crate::heap::list::grown_words;
use crate::index::{FuncId, TypeId};
use crate::interp::{Interp, Stop, out_of_range};
use crate::op::{Code, List, Op, Pc, R};
use crate::program::Program;

/// The largest distance of a shift.
const MAX_SHIFT: u64 = 63;

impl Interp<'_> {
    /// Runs from the innermost frame's program counter, which is at a safepoint, until there is a
    /// reason to stop.
    pub(crate) fn run(&mut self) -> Stop {
        if self.fuel <= 0 {
            return Stop::OutOfFuel;
        }
        self.go_on()
    }

    /// As [`Interp::run`] from any instruction: stops for want of fuel at the next safepoint.
    pub(crate) fn go_on(&mut self) -> Stop {
        match self.execute() {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    }

    fn execute(&mut self) -> Result<std::convert::Infallible, Stop> {
        let program = self.program;
        let code: &[Code] = &program.code;
        let Some(top) = self.stack.top() else {
            return Err(TrapKind::Unreachable.into());
        };
        let mut pc = top.pc.index();
        let mut fuel = self.fuel;
        let mut size = program.function(top.func).registers();
        let mut regs = &mut self.stack.regs[self.base..self.base + size];

        /// Writes the local variables back.
        macro_rules! leave {
            () => {{
                self.fuel = fuel;
                if let Some(frame) = self.stack.frames.last_mut() {
                    frame.pc = Pc(pc as u32);
                }
            }};
        }
        /// Reads the local variables again, for the frame that is the innermost one now.
        macro_rules! enter {
            () => {{
                let top = self.stack.top().expect("a running machine has a frame");
                self.base = top.base as usize;
                size = program.function(top.func).registers();
                regs = &mut self.stack.regs[self.base..self.base + size];
                pc = top.pc.index();
                fuel = self.fuel;
            }};
        }
        macro_rules! stop {
            ($stop:expr) => {{
                leave!();
                return Err($stop.into());
            }};
        }
        /// Runs a method of the interpreter that may move objects, but not change frames.
        macro_rules! outside {
            ($call:expr) => {{
                leave!();
                $call?;
                regs = &mut self.stack.regs[self.base..self.base + size];
                fuel = self.fuel;
            }};
        }
        macro_rules! get {
            ($reg:expr) => {
                regs[usize::from($reg)]
            };
        }
        macro_rules! int {
            ($reg:expr) => {
                get!($reg) as i64
            };
        }
        macro_rules! float {
            ($reg:expr) => {
                f64::from_bits(get!($reg))
            };
        }
        macro_rules! reference {
            ($reg:expr) => {
                Ref::of_word(get!($reg))
            };
        }
        macro_rules! set {
            ($dst:expr, $word:expr) => {{
                let word: u64 = $word;
                get!($dst) = word;
            }};
        }
        macro_rules! checked {
            ($dst:expr, $value:expr, $trap:ident) => {
                match $value {
                    Some(value) => set!($dst, value as u64),
                    None => stop!(TrapKind::$trap),
                }
            };
        }
        macro_rules! shift {
            ($dst:expr, $a:expr, $b:expr, $by:expr) => {{
                let distance = get!($b);
                if distance > MAX_SHIFT {
                    stop!(TrapKind::ShiftRange);
                }
                let shift: fn(u64, u64) -> u64 = $by;
                set!($dst, shift(get!($a), distance))
            }};
        }
        macro_rules! divide {
            ($dst:expr, $a:expr, $b:expr, $by:ident) => {{
                if get!($b) == 0 {
                    stop!(TrapKind::DivideByZero);
                }
                checked!($dst, int!($a).$by(int!($b)), IntOverflow)
            }};
        }

        loop {
            let Code { op, fuel: price } = code[pc];
            let price = i64::from(price);
            fuel -= price;

            /// Stops before this instruction if the fuel was used up before it.
            macro_rules! safepoint {
                () => {
                    if fuel <= -price {
                        fuel += price;
                        stop!(Stop::OutOfFuel);
                    }
                };
            }
            /// Goes on at a place; going back to it passes a safepoint before the jump.
            macro_rules! jump {
                ($to:expr) => {{
                    pc = $to.index();
                    continue;
                }};
            }

            match op {
                Op::Move { dst, src } => set!(dst, get!(src)),
                Op::Small { dst, value } => set!(dst, i64::from(value) as u64),
                Op::Word { dst, index } => set!(dst, program.words[index as usize]),
                Op::Const { dst, id } => {
                    safepoint!();
                    set!(dst, Ref::constant(id).word());
                }
                Op::TagConst { dst, id } => {
                    safepoint!();
                    set!(dst, Ref::tag(id).word());
                }
                Op::OptGet { dst, src } => match get!(src) {
                    0 => stop!(TrapKind::UnwrapNone),
                    word => set!(dst, word),
                },
                Op::OptIsSome { dst, src } => set!(dst, u64::from(get!(src) != 0)),

                Op::IntAdd { dst, a, b } => {
                    checked!(dst, int!(a).checked_add(int!(b)), IntOverflow)
                }
                Op::IntSub { dst, a, b } => {
                    checked!(dst, int!(a).checked_sub(int!(b)), IntOverflow)
                }
                Op::IntMul { dst, a, b } => {
                    checked!(dst, int!(a).checked_mul(int!(b)), IntOverflow)
                }
                Op::IntDiv { dst, a, b } => divide!(dst, a, b, checked_div),
                Op::IntRem { dst, a, b } => divide!(dst, a, b, checked_rem),
                Op::IntNeg { dst, a } => checked!(dst, int!(a).checked_neg(), IntOverflow),
                Op::IntWrapAdd { dst, a, b } => set!(dst, get!(a).wrapping_add(get!(b))),
                Op::IntWrapSub { dst, a, b } => set!(dst, get!(a).wrapping_sub(get!(b))),
                Op::IntWrapMul { dst, a, b } => set!(dst, get!(a).wrapping_mul(get!(b))),
                Op::IntMulHi { dst, a, b } => {
                    let product = i128::from(int!(a)) * i128::from(int!(b));
                    set!(dst, (product >> 64) as u64);
                }
                Op::IntAnd { dst, a, b } => set!(dst, get!(a) & get!(b)),
                Op::IntOr { dst, a, b } => set!(dst, get!(a) | get!(b)),
                Op::IntXor { dst, a, b } => set!(dst, get!(a) ^ get!(b)),
                Op::IntNot { dst, a } => set!(dst, !get!(a)),
                Op::IntShl { dst, a, b } => shift!(dst, a, b, |a, n| a << n),
                Op::IntShr { dst, a, b } => shift!(dst, a, b, |a, n| (a as i64 >> n) as u64),
                Op::IntUshr { dst, a, b } => shift!(dst, a, b, |a, n| a >> n),
                Op::WordEq { dst, a, b } => set!(dst, u64::from(get!(a) == get!(b))),
                Op::IntNe { dst, a, b } => set!(dst, u64::from(get!(a) != get!(b))),
                Op::IntLt { dst, a, b } => set!(dst, u64::from(int!(a) < int!(b))),
                Op::IntLe { dst, a, b } => set!(dst, u64::from(int!(a) <= int!(b))),
                Op::IntToFloat { dst, a } => set!(dst, (int!(a) as f64).to_bits()),

                Op::FloatAdd { dst, a, b } => set!(dst, (float!(a) + float!(b)).to_bits()),
                Op::FloatSub { dst, a, b } => set!(dst, (float!(a) - float!(b)).to_bits()),
                Op::FloatMul { dst, a, b } => set!(dst, (float!(a) * float!(b)).to_bits()),
                Op::FloatDiv { dst, a, b } => set!(dst, (float!(a) / float!(b)).to_bits()),
                Op::FloatRem { dst, a, b } => {
                    set!(dst, libm::fmod(float!(a), float!(b)).to_bits());
                }
                Op::FloatNeg { dst, a } => set!(dst, (-float!(a)).to_bits()),
                Op::FloatEq { dst, a, b } => set!(dst, u64::from(float!(a) == float!(b))),
                Op::FloatNe { dst, a, b } => set!(dst, u64::from(float!(a) != float!(b))),
                Op::FloatLt { dst, a, b } => set!(dst, u64::from(float!(a) < float!(b))),
                Op::FloatLe { dst, a, b } => set!(dst, u64::from(float!(a) <= float!(b))),
                Op::FloatToInt { dst, a } => {
                    checked!(dst, float_to_int(float!(a)), FloatToInt)
                }
                Op::FloatBits { dst, a } => set!(dst, FloatBits::of(float!(a)).0),
                Op::BoolNot { dst, a } => set!(dst, get!(a) ^ 1),
                Op::EnumTag { dst, src } => {
                    let header = self.heap.header(reference!(src).addr());
                    set!(dst, header.variant().into());
                }

                Op::RecordNew { dst, site } => {
                    safepoint!();
                    let site = program.records[site as usize];
                    let args = program.list(site.args);
                    if !self.heap.has_room(1 + args.len()) {
                        outside!(self.reserve(1 + args.len()));
                    }
                    let header = Header::record(site.ty, site.variant, args.len());
                    let fields = args.iter().map(|reg| get!(*reg));
                    set!(dst, self.heap.new_from(header, fields).word());
                }
                Op::RecordGet { dst, src, field } => {
                    set!(dst, self.heap.field(reference!(src), usize::from(field)));
                }
                Op::RecordSet { obj, field, src } => {
                    self.heap
                        .set_field(reference!(obj), usize::from(field), get!(src));
                }
                Op::VariantGet {
                    dst,
                    src,
                    variant,
                    field,
                } => {
                    let addr = reference!(src).addr();
                    if self.heap.header(addr).variant() != variant {
                        stop!(TrapKind::VariantMismatch);
                    }
                    set!(dst, self.heap.word(addr.at(FIELDS + usize::from(field))));
                }

                Op::ListLen { dst, list } => {
                    set!(dst, self.heap.list_len(reference!(list)) as u64);
                }
                Op::ListGetWord { dst, list, index } => {
                    let (list, index) = (reference!(list), get!(index));
                    if index >= self.heap.list_len(list) as u64 {
                        stop!(out_of_range(index as i64, self.heap.list_len(list)));
                    }
                    set!(dst, self.heap.list_word(list, index as usize));
                }
                Op::ListGetByte { dst, list, index } => {
                    let (list, index) = (reference!(list), get!(index));
                    if index >= self.heap.list_len(list) as u64 {
                        stop!(out_of_range(index as i64, self.heap.list_len(list)));
                    }
                    set!(dst, self.heap.list_byte(list, index as usize));
                }
                Op::ListSetWord { list, index, value } => {
                    let (list, index) = (reference!(list), get!(index));
                    if index >= self.heap.list_len(list) as u64 {
                        stop!(out_of_range(index as i64, self.heap.list_len(list)));
                    }
                    self.heap.list_set_word(list, index as usize, get!(value));
                }
                Op::ListSetByte { list, index, value } => {
                    let (list, index) = (reference!(list), get!(index));
                    if index >= self.heap.list_len(list) as u64 {
                        stop!(out_of_range(index as i64, self.heap.list_len(list)));
                    }
                    self.heap.list_set_byte(list, index as usize, get!(value));
                }
                Op::ListPush { list, value } => {
                    safepoint!();
                    let kind = list_kind(program, self.heap, reference!(list));
                    if !self.heap.list_fits(reference!(list), 1) {
                        let words = grown_words(kind, self.heap.list_len(reference!(list)), 1);
                        outside!(self.reserve(words));
                    }
                    self.heap.list_push(kind, reference!(list), get!(value));
                }
                Op::IterCheck { coll, counter } => {
                    if self.heap.changes(reference!(coll)) != get!(counter) {
                        stop!(TrapKind::ChangedWhileIterating);
                    }
                }

                Op::Call { func, lists } => {
                    leave!();
                    self.call(func, program.list(lists), Ref::NULL)?;
                    enter!();
                    if fuel <= 0 {
                        stop!(Stop::OutOfFuel);
                    }
                    continue;
                }
                Op::CallClosure { closure, lists } => {
                    let closure = reference!(closure);
                    let func = FuncId(self.heap.header(closure.addr()).shape());
                    leave!();
                    self.call(func, program.list(lists), closure)?;
                    enter!();
                    if fuel <= 0 {
                        stop!(Stop::OutOfFuel);
                    }
                    continue;
                }
                Op::Return { values } => {
                    leave!();
                    self.return_values(program.list(values))?;
                    enter!();
                    continue;
                }
                Op::ClosureNew {
                    dst,
                    func,
                    captures,
                } => {
                    safepoint!();
                    let captures = program.list(List(captures));
                    outside!(self.reserve(1 + captures.len()));
                    let header = Header::closure(func, captures.len());
                    let slots = captures.iter().map(|reg| get!(*reg));
                    set!(dst, self.heap.new_from(header, slots).word());
                }
                Op::Spawn { dst, func, args } => {
                    safepoint!();
                    outside!(self.spawn(dst, func, program.list(List(args))));
                }

                Op::Jump { to } => {
                    if to.index() <= pc {
                        safepoint!();
                    }
                    jump!(to);
                }
                Op::Branch {
                    cond,
                    then,
                    otherwise,
                } => {
                    if then.index() <= pc || otherwise.index() <= pc {
                        safepoint!();
                    }
                    jump!(if get!(cond) != 0 { then } else { otherwise });
                }
                Op::Switch {
                    index,
                    count,
                    targets,
                } => {
                    let first = targets as usize;
                    let targets = &program.jumps[first..=first + usize::from(count)];
                    if fuel <= -price && targets.iter().any(|to| to.index() <= pc) {
                        safepoint!();
                    }
                    let index = get!(index).min(count.into());
                    jump!(targets[index as usize]);
                }
                Op::ForNext { i, limit, targets } => {
                    let targets = &program.jumps[targets as usize..][..2];
                    if targets[0].index() <= pc || targets[1].index() <= pc {
                        safepoint!();
                    }
                    let value = int!(i);
                    if value < int!(limit) {
                        set!(i, (value + 1) as u64);
                        jump!(targets[0]);
                    }
                    jump!(targets[1]);
                }
                Op::Slow { index } => {
                    let inst = &program.slow[index as usize];
                    if fuel <= -price && inst.info().is_safepoint() {
                        safepoint!();
                    }
                    outside!(self.slow(inst));
                }
            }
            pc += 1;
        }
    }

    /// Pushes a frame; its parameters come from registers, its captures from a closure.
    fn call(&mut self, func: FuncId, args: &[R], closure: Ref) -> Result<(), Stop> {
        let caller = self.base + self.function().registers();
        let function = self.program.function(func);
        self.stack.push(self.limits, func, function, caller)?;
        let (old, new) = self.stack.regs[self.base..].split_at_mut(caller - self.base);
        for (slot, reg) in args.iter().enumerate() {
            new[slot] = old[usize::from(*reg)];
        }
        for slot in 0..usize::from(function.capture_slots) {
            new[usize::from(function.param_slots) + slot] = self.heap.field(closure, slot);
        }
        Ok(())
    }

    /// Pops the innermost frame, and lets its caller go on behind the call.
    fn return_values(&mut self, values: &[R]) -> Result<(), Stop> {
        let returning = self.base;
        if self.stack.frames.len() == 1 {
            let get = |reg: &R| self.stack.regs[returning + usize::from(*reg)];
            let slots: Vec<u64> = values.iter().map(get).collect();
            return Err(self.result(self.function().result, &slots));
        }
        self.stack.frames.pop();
        let caller = self.stack.frames.last_mut().expect("there were two frames");
        let call = self.program.code[caller.pc.index()].op;
        caller.pc = caller.pc.next();
        let base = caller.base as usize;
        let (Op::Call { lists, .. } | Op::CallClosure { lists, .. }) = call else {
            return Err(TrapKind::Unreachable.into());
        };
        for (dst, value) in self.program.list_after(lists).iter().zip(values) {
            let word = self.stack.regs[returning + usize::from(*value)];
            self.stack.regs[base + usize::from(*dst)] = word;
        }
        Ok(())
    }
}

/// The kind of a list's elements.
#[inline]
pub(super) fn list_kind(program: &Program, heap: &Heap, list: Ref) -> Kind {
    let ty = TypeId(heap.header(list.addr()).shape());
    program.statics.layouts.element(ty)
}

/// Rounds towards zero; `None` for what is no 64-bit integer.
fn float_to_int(value: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&value).then_some(value as i64)
}
