//! The loop.
//!
//! It is compiled twice. The fused loop runs code in which one operation does the work of several
//! instructions; it goes on only while there is fuel for all of them, so no safepoint in it ever
//! stops a message. The exact loop runs one operation for each instruction. The fused one hands
//! over to it, before an operation, whenever something out of the ordinary is about to happen in
//! that operation: the fuel ends, or a trap. So what a message costs, where it stops and where it
//! traps is decided by the exact loop alone.
//!
//! What the loop uses all the time is in local variables: the program counter and the registers of
//! the innermost frame, which are a [`Window`], and the fuel. They are written back before
//! anything that looks at the machine as a whole, and read again after it.

use std::convert::Infallible;
use std::hint::cold_path;

use sm_bytecode::{FloatBits, TrapKind};

use crate::heap::Heap;
use crate::heap::layout::{FIELDS, Header, Kind, Ref};
use crate::heap::map::{Entry, MAP_STRIDE};
use crate::index::{FuncId, TypeId};
use crate::interp::numbers::{below_power, float_to_int};
use crate::interp::window::Window;
use crate::interp::{Interp, Stop, out_of_range};
use crate::jit::Ended;
use crate::limits::DATA_STEPS;
use crate::natives::floats;
use crate::op::{Op, Side};
use crate::program::Program;

/// The largest distance of a shift.
const MAX_SHIFT: u64 = 63;

/// The steps of hashing a text as a key, beside one for each 16 bytes.
pub(super) const TEXT_STEPS: u64 = 2;

/// The two forms of the loop.
const FUSED: bool = false;
const EXACT: bool = true;

/// Why a loop ends.
enum Exit {
    Stop(Stop),
    /// The exact loop goes on.
    Exact,
}

impl<T: Into<Stop>> From<T> for Exit {
    fn from(stop: T) -> Self {
        Exit::Stop(stop.into())
    }
}

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
        for result in [Self::execute::<FUSED>, Self::execute::<EXACT>] {
            match result(self) {
                Err(Exit::Stop(stop)) => return stop,
                Err(Exit::Exact) => {}
            }
        }
        unreachable!("the exact loop hands over to none")
    }

    fn execute<const MODE: bool>(&mut self) -> Result<Infallible, Exit> {
        let program = self.program;
        let Some(top) = self.stack.top() else {
            return Err(TrapKind::Unreachable.into());
        };
        let jit = self.jit;
        let table = match MODE {
            EXACT => &program.code,
            FUSED => jit.map_or(&program.fused, |jit| &jit.code),
        };
        let mut window = Window::new(table, top.pc, self.stack, self.base);
        let mut fuel = self.fuel;
        // The map, key and entry of the last search: who looks for a key often sets it next. All
        // that moves objects or changes the structure of a map is outside of the loop.
        let mut last = (Ref::NULL, 0, Entry(0));

        /// Writes the local variables back.
        macro_rules! leave {
            () => {{
                self.fuel = fuel;
                if let Some(frame) = self.stack.frames.last_mut() {
                    frame.pc = window.pc();
                }
            }};
        }
        /// Reads the local variables again, for the frame that is the innermost one now.
        macro_rules! enter {
            () => {{
                let top = self.stack.top().expect("a running machine has a frame");
                self.base = top.base as usize;
                window.enter(self.stack, self.base);
                window.jump(top.pc);
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
                window.enter(self.stack, self.base);
                fuel = self.fuel;
                last = (Ref::NULL, 0, Entry(0));
            }};
        }
        macro_rules! get {
            ($reg:expr) => {
                window.get($reg)
            };
        }
        macro_rules! int {
            ($reg:expr) => {
                window.get($reg) as i64
            };
        }
        macro_rules! float {
            ($reg:expr) => {
                f64::from_bits(window.get($reg))
            };
        }
        macro_rules! reference {
            ($reg:expr) => {
                Ref::of_word(window.get($reg))
            };
        }
        macro_rules! set {
            ($dst:expr, $word:expr) => {{
                let word: u64 = $word;
                window.set($dst, word);
            }};
        }
        macro_rules! set_float {
            ($dst:expr, $value:expr) => {{
                let value: f64 = $value;
                window.set($dst, value.to_bits());
            }};
        }

        let mut code = window.code();
        loop {
            let price = i64::from(code.fuel);
            fuel -= price;

            /// Goes on at the program counter.
            macro_rules! next {
                () => {{
                    code = window.code();
                    continue;
                }};
            }
            /// Lets the exact loop run this operation and what follows.
            macro_rules! exact {
                () => {{
                    cold_path();
                    fuel += price;
                    leave!();
                    return Err(Exit::Exact);
                }};
            }
            if MODE == FUSED && fuel <= 0 {
                exact!();
            }
            /// Stops before this instruction if the fuel was used up before it.
            macro_rules! safepoint {
                () => {
                    if MODE == EXACT && fuel <= -price {
                        fuel += price;
                        stop!(Stop::OutOfFuel);
                    }
                };
            }
            macro_rules! trap {
                ($kind:ident) => {
                    trap!(= TrapKind::$kind)
                };
                (= $trap:expr) => {{
                    if MODE == FUSED {
                        exact!();
                    }
                    stop!($trap)
                }};
            }
            /// Goes on at a place; going back to it passes a safepoint before the jump.
            macro_rules! jump {
                ($to:expr) => {{
                    window.jump($to);
                    next!();
                }};
            }
            /// Goes on at one of two places. A jump that the processor foresees is better than a
            /// choice of the place that everything after it waits for.
            macro_rules! branch {
                ($cond:expr, $then:expr, $otherwise:expr) => {{
                    if $cond {
                        jump!($then);
                    }
                    cold_path();
                    jump!($otherwise);
                }};
            }
            /// Goes on behind what a fused operation stands for.
            macro_rules! step {
                ($count:literal) => {{
                    window.step($count);
                    next!();
                }};
            }
            macro_rules! checked {
                ($dst:expr, $value:expr, $trap:ident) => {
                    match $value {
                        Some(value) => set!($dst, value as u64),
                        None => trap!($trap),
                    }
                };
            }
            macro_rules! shift {
                ($dst:expr, $a:expr, $b:expr, $by:expr) => {{
                    let distance = get!($b);
                    if distance > MAX_SHIFT {
                        trap!(ShiftRange);
                    }
                    let shift: fn(u64, u64) -> u64 = $by;
                    set!($dst, shift(get!($a), distance))
                }};
            }
            macro_rules! divide {
                ($dst:expr, $a:expr, $b:expr, $by:ident) => {{
                    if get!($b) == 0 {
                        trap!(DivideByZero);
                    }
                    checked!($dst, int!($a).$by(int!($b)), IntOverflow)
                }};
            }
            /// Checks an index, and gives the list and it.
            macro_rules! element {
                ($list:expr, $index:expr) => {{
                    let (list, index) = (reference!($list), $index);
                    let len = self.heap.list_len(list);
                    if index >= len as u64 {
                        trap!(= out_of_range(index as i64, len));
                    }
                    (list, index as usize)
                }};
            }

            /// The end of a loop, of which the side table has the body, then the exit.
            macro_rules! for_next {
                ($i:expr, $limit:expr, $targets:expr) => {{
                    let targets = &program.jumps[$targets.index()..][..2];
                    let value = int!($i);
                    if value < int!($limit) {
                        set!($i, (value + 1) as u64);
                        jump!(targets[0]);
                    }
                    cold_path();
                    jump!(targets[1]);
                }};
            }

            /// The bytes of a text that is a key, after a charge for hashing it.
            macro_rules! charge_key {
                ($text:expr) => {{
                    let text = self.heap.bytes_of(&program.statics, $text);
                    let steps = TEXT_STEPS + text.len() as u64 / 16;
                    if steps > DATA_STEPS {
                        if MODE == EXACT {
                            fuel -= TEXT_STEPS as i64;
                        }
                        trap!(NotData);
                    }
                    fuel -= steps as i64;
                    text
                }};
            }
            /// Answers a search, and keeps what it found.
            macro_rules! found {
                ($dst:expr, $map:expr, $key:expr, $entry:expr) => {{
                    let (key, entry): (u64, Option<Entry>) = ($key, $entry);
                    if let Some(entry) = entry {
                        last = ($map, key, entry);
                    }
                    set!($dst, entry.map_or(u64::MAX, |entry| entry.0.into()));
                }};
            }
            /// The entry of a key if the last search was for it.
            macro_rules! known {
                ($map:expr, $key:expr) => {
                    (last.0 == $map && last.1 == $key).then_some(last.2)
                };
            }
            /// Pushes the frame of a call with at most three arguments.
            macro_rules! call_short {
                ($function:expr, $func:expr, $args:expr) => {{
                    let args = $args.map(|reg| get!(reg));
                    leave!();
                    let base = self.stack.end();
                    self.stack.push(self.limits, $func, $function, base)?;
                    self.base = base;
                    window.enter(self.stack, base);
                    (0..)
                        .zip(args)
                        .for_each(|(slot, word)| window.set(slot, word));
                    window.jump($function.start);
                }};
            }
            /// Pops a frame that gives one value, which is in no register if it was just computed.
            macro_rules! return_short {
                ($word:expr, $values:expr) => {{
                    let word = $word;
                    let caller = self.stack.caller();
                    let waiting = caller.map(|caller| window.code_at(caller.pc).op);
                    if let (
                        Some(caller),
                        Some(Op::CallShort { dst, .. } | Op::CallClosureShort { dst, .. }),
                    ) = (caller, waiting)
                    {
                        self.stack.pop();
                        self.base = caller.base as usize;
                        window.enter(self.stack, self.base);
                        set!(dst, word);
                        jump!(caller.pc.next());
                    }
                    let values = program.list($values);
                    if let [value] = values {
                        set!(*value, word);
                    }
                    leave!();
                    self.return_values(values)?;
                    enter!();
                    next!();
                }};
            }

            match code.op {
                Op::Move { dst, src } => set!(dst, get!(src)),
                Op::Small { dst, value } => set!(dst, value.get() as u64),
                Op::Word { dst, index } => set!(dst, program.words[index.index()]),
                Op::Const { dst, id } => {
                    safepoint!();
                    set!(dst, Ref::constant(id).word());
                }
                Op::TagConst { dst, id } => {
                    safepoint!();
                    set!(dst, Ref::tag(id).word());
                }
                Op::OptGet { dst, src } => match get!(src) {
                    0 => trap!(UnwrapNone),
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
                Op::IntToFloat { dst, a } => set_float!(dst, int!(a) as f64),

                Op::FloatAdd { dst, a, b } => set_float!(dst, float!(a) + float!(b)),
                Op::FloatSub { dst, a, b } => set_float!(dst, float!(a) - float!(b)),
                Op::FloatMul { dst, a, b } => set_float!(dst, float!(a) * float!(b)),
                Op::FloatDiv { dst, a, b } => set_float!(dst, float!(a) / float!(b)),
                Op::FloatRem { dst, a, b } => {
                    set_float!(dst, libm::fmod(float!(a), float!(b)));
                }
                Op::FloatNeg { dst, a } => set_float!(dst, -float!(a)),
                Op::FloatEq { dst, a, b } => set!(dst, u64::from(float!(a) == float!(b))),
                Op::FloatNe { dst, a, b } => set!(dst, u64::from(float!(a) != float!(b))),
                Op::FloatLt { dst, a, b } => set!(dst, u64::from(float!(a) < float!(b))),
                Op::FloatLe { dst, a, b } => set!(dst, u64::from(float!(a) <= float!(b))),
                Op::FloatToInt { dst, a } => {
                    checked!(dst, float_to_int(float!(a)), FloatToInt)
                }
                Op::FloatBits { dst, a } => set!(dst, FloatBits::of(float!(a)).0),
                Op::FloatSqrt { dst, a } => {
                    safepoint!();
                    set_float!(dst, float!(a).sqrt());
                }
                Op::FloatNative { dst, a, b, native } => {
                    safepoint!();
                    set!(dst, floats::compute(native, float!(a), float!(b)));
                }
                Op::BoolNot { dst, a } => set!(dst, get!(a) ^ 1),
                Op::EnumTag { dst, src } => {
                    let header = self.heap.header(reference!(src).addr());
                    set!(dst, header.variant().into());
                }

                Op::RecordNew { dst, site } => {
                    safepoint!();
                    let site = program.records[site.index()];
                    let args = program.list(site.args);
                    if !self.heap.has_room(1 + args.len()) {
                        cold_path();
                        outside!(self.reserve(1 + args.len()));
                    }
                    let fields = args.iter().map(|reg| get!(*reg));
                    let record = self.heap.new_from(site.header, fields);
                    set!(dst, record.word());
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
                        trap!(VariantMismatch);
                    }
                    set!(dst, self.heap.word(addr.at(FIELDS + usize::from(field))));
                }

                Op::ListLen { dst, list } => {
                    set!(dst, self.heap.list_len(reference!(list)) as u64);
                }
                Op::ListGetWord { dst, list, index } => {
                    let (list, index) = element!(list, get!(index));
                    set!(dst, self.heap.list_word(list, index));
                }
                Op::ListGetByte { dst, list, index } => {
                    let (list, index) = element!(list, get!(index));
                    set!(dst, self.heap.list_byte(list, index));
                }
                Op::ListSetWord { list, index, value } => {
                    let (list, index) = element!(list, get!(index));
                    self.heap.list_set_word(list, index, get!(value));
                }
                Op::ListSetByte { list, index, value } => {
                    let (list, index) = element!(list, get!(index));
                    self.heap.list_set_byte(list, index, get!(value));
                }
                Op::ListPushWord { list, value } => {
                    safepoint!();
                    if !self.heap.list_try_push(reference!(list), get!(value)) {
                        cold_path();
                        outside!(self.list_push(list, value));
                    }
                }
                Op::ListPushByte { list, value } => {
                    safepoint!();
                    outside!(self.list_push(list, value));
                }
                Op::BytesLen { dst, bytes } => {
                    safepoint!();
                    let bytes = self.heap.bytes_of(&program.statics, reference!(bytes));
                    set!(dst, bytes.len() as u64);
                }
                Op::BytesGet {
                    dst,
                    bytes,
                    index: at,
                } => {
                    safepoint!();
                    let index = usize::try_from(get!(at)).unwrap_or(usize::MAX);
                    let bytes = self.heap.bytes_of(&program.statics, reference!(bytes));
                    match bytes.get(index) {
                        Some(byte) => set!(dst, u64::from(*byte)),
                        None => trap!(= out_of_range(get!(at) as i64, bytes.len())),
                    }
                }
                Op::MapFindWord {
                    dst,
                    map,
                    key,
                    stride,
                } => {
                    safepoint!();
                    let (map, key) = (reference!(map), get!(key));
                    found!(
                        dst,
                        map,
                        key,
                        self.heap.map_find_word(map, key, stride.into())
                    );
                }
                Op::MapValueAt { dst, map, entry } => {
                    match self.heap.map_value_word(reference!(map), get!(entry)) {
                        Some(value) => set!(dst, value),
                        None => trap!(IndexOutOfRange),
                    }
                }
                Op::MapInsertWord { map, key, value } => {
                    safepoint!();
                    let (at, word) = (reference!(map), get!(key));
                    let find = || self.heap.map_find_word(at, word, MAP_STRIDE);
                    let entry = known!(at, word).or_else(find);
                    if !self.heap.map_replace(at, entry, get!(value)) {
                        let hash = self.heap.hash_word(word);
                        outside!(self.map_insert_hashed(map, key, value, hash));
                    }
                }
                Op::MapFindText {
                    dst,
                    map,
                    key,
                    stride,
                } => {
                    safepoint!();
                    let (map, text) = (reference!(map), charge_key!(reference!(key)));
                    let (heap, statics) = (&*self.heap, &program.statics);
                    let text = (text, heap.hash_text(text));
                    let entry = heap.map_find_text(statics, map, text, stride.into());
                    found!(dst, map, get!(key), entry);
                }
                Op::MapInsertText { map, key, value } => {
                    safepoint!();
                    let (at, text) = (reference!(map), charge_key!(reference!(key)));
                    let heap = &*self.heap;
                    let (entry, hash) = match known!(at, get!(key)) {
                        Some(entry) => (Some(entry), 0),
                        None => {
                            let hash = heap.hash_text(text);
                            let text = (text, hash);
                            let statics = &program.statics;
                            (heap.map_find_text(statics, at, text, MAP_STRIDE), hash)
                        }
                    };
                    if !self.heap.map_replace(at, entry, get!(value)) {
                        outside!(self.map_insert_hashed(map, key, value, hash));
                    }
                }
                Op::IterCheck { coll, counter } => {
                    if self.heap.changes(reference!(coll)) != get!(counter) {
                        trap!(ChangedWhileIterating);
                    }
                }

                Op::Call { func, lists } => {
                    leave!();
                    self.call(func, program.list(lists), Ref::NULL)?;
                    enter!();
                    if fuel <= 0 {
                        stop!(Stop::OutOfFuel);
                    }
                    next!();
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
                    next!();
                }
                Op::Return { values } => {
                    leave!();
                    self.return_values(program.list(values))?;
                    enter!();
                    next!();
                }
                Op::ClosureNew {
                    dst,
                    func,
                    captures,
                } => {
                    safepoint!();
                    let captures = program.list(captures);
                    outside!(self.reserve(1 + captures.len()));
                    let header = Header::closure(func, captures.len());
                    let slots = captures.iter().map(|reg| get!(*reg));
                    let closure = self.heap.new_from(header, slots);
                    set!(dst, closure.word());
                }
                Op::Spawn { dst, func, args } => {
                    safepoint!();
                    outside!(self.spawn(dst, func, program.list(args)));
                }

                Op::Jump { to } => {
                    if to <= window.pc() {
                        safepoint!();
                    }
                    jump!(to);
                }
                Op::Branch {
                    cond,
                    then,
                    otherwise,
                } => {
                    if then <= window.pc() || otherwise <= window.pc() {
                        safepoint!();
                    }
                    branch!(get!(cond) != 0, then, otherwise);
                }
                Op::Switch {
                    index,
                    count,
                    targets,
                } => {
                    let targets = &program.jumps[targets.index()..][..=usize::from(count)];
                    if MODE == EXACT && fuel <= -price {
                        let pc = window.pc();
                        if targets.iter().any(|to| *to <= pc) {
                            safepoint!();
                        }
                    }
                    let index = get!(index).min(count.into());
                    jump!(targets[index as usize]);
                }
                Op::ForNext {
                    i,
                    limit,
                    body,
                    exit,
                } => {
                    if body <= window.pc() || exit <= window.pc() {
                        safepoint!();
                    }
                    let value = int!(i);
                    if value < int!(limit) {
                        set!(i, (value + 1) as u64);
                        jump!(body);
                    }
                    cold_path();
                    jump!(exit);
                }
                Op::Slow { index } => {
                    let site = &program.slow[index.index()];
                    if site.is_safepoint {
                        safepoint!();
                    }
                    outside!(self.slow(&site.inst, site.fuel));
                }

                // Fused.
                Op::AddImm { dst, a, imm } => {
                    checked!(dst, int!(a).checked_add(imm.get()), IntOverflow);
                    step!(2);
                }
                Op::WrapAddImm { dst, a, imm } => {
                    set!(dst, get!(a).wrapping_add(imm.get() as u64));
                    step!(2);
                }
                Op::AddImmJump { dst, a, imm, to } => {
                    checked!(dst, int!(a).checked_add(imm.get()), IntOverflow);
                    jump!(to);
                }
                Op::SubFromImm { dst, a, imm } => {
                    checked!(dst, imm.get().checked_sub(int!(a)), IntOverflow);
                    step!(2);
                }
                Op::MulImm { dst, a, imm } => {
                    checked!(dst, int!(a).checked_mul(imm.get()), IntOverflow);
                    step!(2);
                }
                Op::WrapMulImm { dst, a, imm } => {
                    set!(dst, get!(a).wrapping_mul(imm.get() as u64));
                    step!(2);
                }
                Op::MulAddImm { dst, a, imm, more } => {
                    let product = int!(a).checked_mul(imm.get());
                    let sum = product.and_then(|product| product.checked_add(more.get()));
                    checked!(dst, sum, IntOverflow);
                    step!(4);
                }
                Op::DivImm { dst, a, imm } => {
                    set!(dst, int!(a).wrapping_div(imm.get()) as u64);
                    step!(2);
                }
                Op::RemImm { dst, a, imm } => {
                    set!(dst, int!(a).wrapping_rem(imm.get()) as u64);
                    step!(2);
                }
                Op::DivPower { dst, a, shift } => {
                    let value = int!(a);
                    set!(dst, ((value + below_power(value, shift)) >> shift) as u64);
                    step!(2);
                }
                Op::RemPower { dst, a, shift } => {
                    let value = int!(a);
                    let more = below_power(value, shift);
                    let mask = (1_i64 << shift) - 1;
                    set!(dst, (((value + more) & mask) - more) as u64);
                    step!(2);
                }
                Op::AndImm { dst, a, imm } => {
                    set!(dst, get!(a) & imm.get() as u64);
                    step!(2);
                }
                Op::OrImm { dst, a, imm } => {
                    set!(dst, get!(a) | imm.get() as u64);
                    step!(2);
                }
                Op::XorImm { dst, a, imm } => {
                    set!(dst, get!(a) ^ imm.get() as u64);
                    step!(2);
                }
                Op::ShlImm { dst, a, shift } => {
                    set!(dst, get!(a) << (shift & 63));
                    step!(2);
                }
                Op::ShrImm { dst, a, shift } => {
                    set!(dst, (int!(a) >> (shift & 63)) as u64);
                    step!(2);
                }
                Op::UshrImm { dst, a, shift } => {
                    set!(dst, get!(a) >> (shift & 63));
                    step!(2);
                }
                Op::EqImm { dst, a, imm } => {
                    set!(dst, u64::from(int!(a) == imm.get()));
                    step!(2);
                }
                Op::NeImm { dst, a, imm } => {
                    set!(dst, u64::from(int!(a) != imm.get()));
                    step!(2);
                }
                Op::LtImm { dst, a, imm } => {
                    set!(dst, u64::from(int!(a) < imm.get()));
                    step!(2);
                }
                Op::GtImm { dst, a, imm } => {
                    set!(dst, u64::from(int!(a) > imm.get()));
                    step!(2);
                }
                Op::BranchEq {
                    a,
                    b,
                    then,
                    otherwise,
                } => branch!(get!(a) == get!(b), then, otherwise),
                Op::BranchLt {
                    a,
                    b,
                    then,
                    otherwise,
                } => branch!(int!(a) < int!(b), then, otherwise),
                Op::BranchFloatEq {
                    a,
                    b,
                    then,
                    otherwise,
                } => branch!(float!(a) == float!(b), then, otherwise),
                Op::BranchFloatLt {
                    a,
                    b,
                    then,
                    otherwise,
                } => branch!(float!(a) < float!(b), then, otherwise),
                Op::BranchFloatLe {
                    a,
                    b,
                    then,
                    otherwise,
                } => branch!(float!(a) <= float!(b), then, otherwise),
                Op::BranchMultiple {
                    a,
                    mask,
                    then,
                    otherwise,
                } => branch!(get!(a) & u64::from(mask) == 0, then, otherwise),
                Op::BranchFloatLtWord {
                    a,
                    word,
                    then,
                    otherwise,
                } => {
                    let limit = program.float(Side(word.into()));
                    branch!(float!(a) < limit, then, otherwise)
                }
                Op::BranchFloatGtWord {
                    a,
                    word,
                    then,
                    otherwise,
                } => {
                    let limit = program.float(Side(word.into()));
                    branch!(float!(a) > limit, then, otherwise)
                }
                Op::BranchEqImm {
                    a,
                    imm,
                    then,
                    otherwise,
                } => branch!(int!(a) == i64::from(imm), then, otherwise),
                Op::BranchLtImm {
                    a,
                    imm,
                    then,
                    otherwise,
                } => branch!(int!(a) < i64::from(imm), then, otherwise),
                Op::MoveJump { dst, src, to } => {
                    set!(dst, get!(src));
                    jump!(to);
                }
                Op::FloatMulAdd { dst, a, b, c } => {
                    set_float!(dst, float!(a) * float!(b) + float!(c));
                    step!(2);
                }
                Op::FloatMulSub { dst, a, b, c } => {
                    set_float!(dst, float!(a) * float!(b) - float!(c));
                    step!(2);
                }
                Op::FloatSubMul { dst, a, b, c } => {
                    set_float!(dst, float!(c) - float!(a) * float!(b));
                    step!(2);
                }
                Op::FloatProduct { dst, a, b, c } => {
                    set_float!(dst, float!(a) * float!(b) * float!(c));
                    step!(2);
                }
                Op::FloatDivAdd { dst, a, b, c } => {
                    set_float!(dst, float!(a) / float!(b) + float!(c));
                    step!(2);
                }
                Op::FloatSubAdd { dst, a, b, c } => {
                    set_float!(dst, float!(a) - float!(b) + float!(c));
                    step!(2);
                }
                Op::FloatMulTwo {
                    dst,
                    a,
                    b,
                    dst2,
                    a2,
                    b2,
                } => {
                    set_float!(dst, float!(a) * float!(b));
                    set_float!(dst2, float!(a2) * float!(b2));
                    step!(2);
                }
                Op::FloatAddConst { dst, a, word } => {
                    set_float!(dst, float!(a) + program.float(word));
                    step!(2);
                }
                Op::FloatSubConst { dst, a, word } => {
                    set_float!(dst, float!(a) - program.float(word));
                    step!(2);
                }
                Op::FloatMulConst { dst, a, word } => {
                    set_float!(dst, float!(a) * program.float(word));
                    step!(2);
                }
                Op::FloatDivConst { dst, a, word } => {
                    set_float!(dst, float!(a) / program.float(word));
                    step!(2);
                }
                Op::FloatConstSub { dst, a, word } => {
                    set_float!(dst, program.float(word) - float!(a));
                    step!(2);
                }
                Op::FloatConstDiv { dst, a, word } => {
                    set_float!(dst, program.float(word) / float!(a));
                    step!(2);
                }
                Op::ListGetWordPlus {
                    dst,
                    list,
                    index,
                    imm,
                } => {
                    let Some(index) = int!(index).checked_add(imm.into()) else {
                        trap!(IntOverflow);
                    };
                    let (list, index) = element!(list, index as u64);
                    set!(dst, self.heap.list_word(list, index));
                    step!(3);
                }
                Op::ListGetWordImm { dst, list, imm } => {
                    let (list, index) = element!(list, u64::from(imm));
                    set!(dst, self.heap.list_word(list, index));
                    step!(2);
                }
                Op::RecordGetTwo {
                    dst,
                    src,
                    field,
                    dst2,
                    src2,
                    field2,
                } => {
                    set!(dst, self.heap.field(reference!(src), field.into()));
                    set!(dst2, self.heap.field(reference!(src2), field2.into()));
                    step!(2);
                }
                Op::VariantGetTwo {
                    src,
                    variant,
                    dst,
                    field,
                    dst2,
                    field2,
                } => {
                    let src = reference!(src);
                    if self.heap.header(src.addr()).variant() != variant {
                        trap!(VariantMismatch);
                    }
                    set!(dst, self.heap.field(src, field.into()));
                    set!(dst2, self.heap.field(src, field2.into()));
                    step!(2);
                }
                Op::IterNext {
                    coll,
                    counter,
                    i,
                    limit,
                    targets,
                } => {
                    if self.heap.changes(reference!(coll)) != get!(counter) {
                        trap!(ChangedWhileIterating);
                    }
                    for_next!(i, limit, targets);
                }
                Op::AddNext {
                    sum,
                    b,
                    i,
                    limit,
                    targets,
                } => {
                    checked!(sum, int!(sum).checked_add(int!(b)), IntOverflow);
                    for_next!(i, limit, targets);
                }
                Op::FloatAddNext {
                    sum,
                    b,
                    i,
                    limit,
                    targets,
                } => {
                    set_float!(sum, float!(sum) + float!(b));
                    for_next!(i, limit, targets);
                }
                Op::SwitchTag {
                    src,
                    count,
                    targets,
                } => {
                    let variant = self.heap.header(reference!(src).addr()).variant();
                    let targets = &program.jumps[targets.index()..][..=usize::from(count)];
                    jump!(targets[usize::from(variant.min(count))]);
                }
                Op::BranchByte {
                    list,
                    index,
                    then,
                    otherwise,
                } => {
                    let (list, index) = element!(list, get!(index));
                    branch!(self.heap.list_byte(list, index) != 0, then, otherwise)
                }
                Op::ListSetByteImm { list, index, imm } => {
                    let (list, index) = element!(list, get!(index));
                    self.heap.list_set_byte(list, index, imm.into());
                    step!(2);
                }
                Op::CallShort { func, args, .. } => {
                    call_short!(program.function(func), func, args);
                    next!();
                }
                Op::CallClosureShort { closure, args, .. } => {
                    let closure = reference!(closure);
                    let func = FuncId(self.heap.header(closure.addr()).shape());
                    let function = program.function(func);
                    call_short!(function, func, args);
                    for slot in 0..function.capture_slots {
                        let word = self.heap.field(closure, slot.into());
                        set!(function.param_slots + slot, word);
                    }
                    next!();
                }
                Op::ReturnShort { src, values } => return_short!(get!(src), values),
                Op::ReturnImm { imm, values } => return_short!(imm.get() as u64, values),
                Op::ReturnSum { a, b, values } => match int!(a).checked_add(int!(b)) {
                    Some(sum) => return_short!(sum as u64, values),
                    None => trap!(IntOverflow),
                },
                Op::Enter { site } => {
                    let Some(jit) = jit.filter(|_| MODE == FUSED) else {
                        unreachable!("is in the table of a program with native code alone");
                    };
                    code = &jit.site(site).original;
                    if fuel > 0
                        && let Some(entry) = jit.at_site(site, &mut self.meter, fuel)
                    {
                        leave!();
                        let ended = self.enter_native(jit, site, entry)?;
                        enter!();
                        last = (Ref::NULL, 0, Entry(0));
                        // Not at a site again before one operation was run: native code may have
                        // come to an exit at once.
                        code = match ended {
                            Ended::Returned => window.code(),
                            Ended::Exited | Ended::Refused => &program.fused[window.pc().index()],
                        };
                    }
                    continue;
                }
            }
            window.step(1);
            code = window.code();
        }
    }
}

/// The kind of a list's elements.
#[inline]
pub(super) fn list_kind(program: &Program, heap: &Heap, list: Ref) -> Kind {
    let ty = TypeId(heap.header(list.addr()).shape());
    program.statics.layouts.element(ty)
}
