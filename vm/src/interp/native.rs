//! Native code, entered from the loop: see [`crate::jit`].
//!
//! The frame that is entered is the innermost one. Native code runs it and what it calls with
//! values in machine registers. At an exit it has written a record of each frame that it runs, the
//! innermost first: the live registers, and a word that says of which frame and where. Here they
//! become frames again.

#![expect(unsafe_code, reason = "native code is entered, and calls back")]

use crate::heap::layout::Ref;
use crate::heap::map::{Entry as MapEntry, MAP_STRIDE};
use crate::index::FuncId;
use crate::interp::{Interp, Stop};
use crate::jit::{Context, Entry, MAX_RESULTS, NATIVE_STACK, Pool, Reason, Room, Spill, State};
use crate::limits::DATA_STEPS;
use crate::op::{Pc, R, Side};
use crate::stack::{Frame, SLACK, Stack};

/// Memory that activations use one after the other, whatever they run. What is in it means
/// nothing before it is written.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Room for the records of frames.
    spill: Vec<u64>,
    /// A frame for the operands of an instruction that a helper runs.
    window: Stack,
}

/// What the activations of a run need.
#[derive(Debug, Default)]
pub(crate) struct Scratch<'m> {
    buffers: Buffers,
    /// Where the buffers are from, once there are some.
    pool: Option<&'m Pool<Buffers>>,
    /// Whether native code is running: nothing may be collected then.
    is_running: bool,
    /// The map, key and entry of the last search of this activation, until a helper may change the
    /// structure of a map: who looks for a key often sets it next.
    last: Option<(Ref, u64, MapEntry)>,
}

impl<'m> Scratch<'m> {
    pub(crate) fn is_running(&self) -> bool {
        self.is_running
    }

    /// Sees to buffers that are large enough.
    fn prepare(&mut self, state: &'m State) {
        let pool = state.buffers();
        if self.pool.is_none() {
            self.buffers = pool.take();
            self.pool = Some(pool);
        }
        let room = state.room();
        let grow = |words: &mut Vec<u64>, len: usize| {
            if words.len() < len {
                words.resize(len, 0);
            }
        };
        grow(&mut self.buffers.spill, room.spill_words);
        grow(&mut self.buffers.window.regs, room.registers + SLACK);
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool {
            pool.give_back(std::mem::take(&mut self.buffers));
        }
    }
}

/// How an activation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// The frame returned; its caller goes on behind the call.
    Returned,
    /// The interpreter goes on in the innermost frame.
    Exited,
    /// There is no room to run it, or the frame is not one that the program has made.
    Refused,
}

/// The first registers, where results are.
const FIRST: [R; MAX_RESULTS] = {
    let mut regs = [0; MAX_RESULTS];
    let mut at = 0;
    while at < MAX_RESULTS {
        regs[at] = at as R;
        at += 1;
    }
    regs
};

/// The least size of a native frame of a function that calls others, in bytes.
const NATIVE_FRAME: usize = 16;

impl<'m> Interp<'m> {
    /// Runs the innermost frame, which stands where the entry begins, in native code.
    pub(crate) fn enter_native(
        &mut self,
        state: &'m State,
        site: Side,
        entry: &Entry,
    ) -> Result<Ended, Stop> {
        let room = state.room();
        let Some(depth) = self.native_depth(room) else {
            return Ok(Ended::Refused);
        };
        let frame = &self.stack.regs[self.base..];
        let mut constants = entry.constants.iter();
        if !constants.all(|(reg, word)| frame[usize::from(*reg)] == *word) {
            return Ok(Ended::Refused);
        }
        self.native.prepare(state);
        let heap = self.heap.native();
        let here = std::ptr::from_ref(&depth) as usize;
        let regs = self.stack.regs[self.base..].as_mut_ptr();
        let spill = self.native.buffers.spill.as_mut_ptr();
        let before = self.fuel;
        self.native.last = None;
        self.native.is_running = true;
        let mut context = Context {
            heap: heap.words,
            heap_len: heap.len as u64,
            heap_end: heap.end as u64,
            stack_limit: here.saturating_sub(depth) as u64,
            fuel: 0,
            exit: 0,
            spill,
            closure: 0,
            regs,
            window: self.native.buffers.window.regs.as_mut_ptr(),
            interp: std::ptr::from_mut(self).cast(),
            charge: 0,
        };
        // SAFETY: the context is as its invariants say, and the entry is that of this place of
        // this function.
        let fuel = unsafe { entry.call(&raw mut context, before, regs) };
        self.native.is_running = false;
        // SAFETY: native code has written what lies below.
        unsafe { self.heap.set_native_len(context.heap_len as usize) };
        let left = if context.exit == 0 {
            fuel
        } else {
            context.fuel
        };
        let used = std::mem::replace(&mut self.fuel, left) - left;
        state.used(site, used);
        self.meter.used_in_native_code(used);
        if context.exit == 0 {
            self.return_values(&FIRST[..entry.results])?;
            return Ok(Ended::Returned);
        }
        state.count_exit(context.exit);
        // SAFETY: it points into the buffer, behind the last record.
        let words = unsafe { context.spill.offset_from(spill) } as usize;
        self.rebuild(state, words)?;
        match self.fuel <= 0 && Reason::is_at_entry(context.exit) {
            true => Err(Stop::OutOfFuel),
            false => Ok(Ended::Exited),
        }
    }

    /// The bytes of native stack that an activation may use, so that neither the thread's stack
    /// nor the message's own can be exceeded: a native frame is never smaller than
    /// [`NATIVE_FRAME`]. Functions that call none, and the copy that is entered, are not checked:
    /// of each of them one runs, in a frame of bounded size.
    fn native_depth(&self, room: Room) -> Option<usize> {
        let frames = (self.limits.frames as usize).checked_sub(self.stack.frames.len() + 2)?;
        let words = (self.limits.registers as usize).checked_sub(self.stack.end())?;
        let by_words = (words / room.registers.max(1)).checked_sub(2)?;
        Some(NATIVE_STACK.min(frames.min(by_words) * NATIVE_FRAME))
    }

    /// Makes frames of the records in the first words of the buffer.
    fn rebuild(&mut self, state: &State, mut words: usize) -> Result<(), Stop> {
        let buffer = std::mem::take(&mut self.native.buffers.spill);
        let mut is_first = true;
        let mut result = Ok(());
        let spills = state.spills();
        while words > 0 {
            let word = buffer[words - 1];
            let Spill { func, regs } = &spills[(word >> 32) as usize];
            let (func, pc) = (*func, Pc(word as u32));
            let first = words - 1 - regs.len();
            if !is_first {
                let base = self.stack.end();
                let function = self.program.function(func);
                if let Err(kill) = self.stack.push(self.limits, func, function, base) {
                    result = Err(kill.into());
                    break;
                }
                self.base = base;
            }
            is_first = false;
            for (reg, word) in regs.iter().zip(&buffer[first..]) {
                self.stack.regs[self.base + usize::from(*reg)] = *word;
            }
            if let Some(frame) = self.stack.frames.last_mut() {
                frame.pc = pc;
            }
            words = first;
        }
        self.native.buffers.spill = buffer;
        result
    }

    /// Runs an instruction whose operands are in the window. `None` if it has to be run outside of
    /// native code, as if it had not been tried: it would trap, or collect garbage.
    fn run_in_window(&mut self, func: FuncId, pc: Pc, site: Side) -> Option<i64> {
        self.native.last = None;
        let site = &self.program.slow[site.index()];
        let end = self.program.function(func).registers() as u32;
        let frame = Frame {
            func,
            pc,
            base: 0,
            end,
        };
        self.native.buffers.window.frames.clear();
        self.native.buffers.window.frames.push(frame);
        std::mem::swap(self.stack, &mut self.native.buffers.window);
        let base = std::mem::replace(&mut self.base, 0);
        let fuel = std::mem::replace(&mut self.fuel, 0);
        let done = self.slow(&site.inst, site.fuel);
        let charge = -std::mem::replace(&mut self.fuel, fuel);
        self.base = base;
        std::mem::swap(self.stack, &mut self.native.buffers.window);
        done.is_ok().then_some(charge)
    }

    /// The steps of hashing a text as a key, if that is not too many.
    fn key_steps(text: &[u8]) -> Option<i64> {
        let steps = super::exec::TEXT_STEPS + text.len() as u64 / 16;
        (steps <= DATA_STEPS).then_some(steps as i64)
    }
}

/// Runs a helper's work with the interpreter; the heap is the machine's again meanwhile.
///
/// # Safety
/// The context is that of the activation that calls.
unsafe fn help<T>(
    context: *mut Context,
    work: impl FnOnce(&mut Interp<'_>, &mut Context) -> T,
) -> T {
    // SAFETY: native code holds no reference to either while it waits for the helper.
    let (context, interp) = unsafe {
        let context = &mut *context;
        let interp = &mut *context.interp.cast::<Interp<'_>>();
        interp.heap.set_native_len(context.heap_len as usize);
        (context, interp)
    };
    let result = work(interp, context);
    context.heap_len = interp.heap.size() as u64;
    // The words would be elsewhere, which native code does not expect.
    assert!(std::ptr::eq(interp.heap.native_words(), context.heap));
    result
}

/// The functions that native code calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Helper {
    Slow,
    ListPush,
    MapFindWord,
    MapInsertWord,
    MapFindText,
    MapInsertText,
    BytesLen,
    FloatNative,
    FloatRem,
}

impl Helper {
    pub(crate) fn address(self) -> usize {
        match self {
            Helper::Slow => run_slow as *const () as usize,
            Helper::ListPush => list_push as *const () as usize,
            Helper::MapFindWord => map_find_word as *const () as usize,
            Helper::MapInsertWord => map_insert_word as *const () as usize,
            Helper::MapFindText => map_find_text as *const () as usize,
            Helper::MapInsertText => map_insert_text as *const () as usize,
            Helper::BytesLen => bytes_len as *const () as usize,
            Helper::FloatNative => float_native as *const () as usize,
            Helper::FloatRem => float_rem as *const () as usize,
        }
    }

    /// Whether it looks at the machine.
    pub(crate) fn takes_context(self) -> bool {
        !matches!(self, Helper::FloatNative | Helper::FloatRem)
    }
}

/// What it charges beside the base price; negative if the instruction did not run.
unsafe extern "C" fn run_slow(context: *mut Context, func: u32, pc: u32, site: u32) -> i64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let charge = interp.run_in_window(FuncId(func), Pc(pc), Side(site));
        charge.unwrap_or(-1)
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

/// 0 if there is no room.
unsafe extern "C" fn list_push(context: *mut Context, list: u64, word: u64) -> u64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let list = Ref::of_word(list);
        let kind = super::exec::list_kind(interp.program, interp.heap, list);
        if !interp.heap.list_fits(list, 1) {
            let len = interp.heap.list_len(list);
            let words = crate::heap::list::grown_words(kind, len, 1);
            if !interp.heap.has_room(words) {
                return 0;
            }
        }
        interp.heap.list_push(kind, list, word);
        1
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

/// The entry, or the largest number.
unsafe extern "C" fn map_find_word(context: *mut Context, map: u64, key: u64, stride: u64) -> u64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let map = Ref::of_word(map);
        let found = interp.heap.map_find_word(map, key, stride as usize);
        interp.found(map, key, found)
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

/// 0 if there is no room.
unsafe extern "C" fn map_insert_word(context: *mut Context, map: u64, key: u64, value: u64) -> u64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let map = Ref::of_word(map);
        let known = interp.known(map, key);
        let entry = known.or_else(|| interp.heap.map_find_word(map, key, MAP_STRIDE));
        if interp.heap.map_replace(map, entry, value) {
            return 1;
        }
        let hash = interp.heap.hash_word(key);
        u64::from(interp.insert(map, hash, key, value))
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

/// The entry, or the largest number. Sets the charge.
unsafe extern "C" fn map_find_text(context: *mut Context, map: u64, key: u64, stride: u64) -> u64 {
    let work = |interp: &mut Interp<'_>, context: &mut Context| {
        let (heap, statics) = (&*interp.heap, &interp.program.statics);
        let text = heap.bytes_of(statics, Ref::of_word(key));
        let steps = Interp::key_steps(text);
        context.charge = steps.unwrap_or(-1);
        if steps.is_none() {
            return 0;
        }
        let (map, text) = (Ref::of_word(map), (text, heap.hash_text(text)));
        let found = heap.map_find_text(statics, map, text, stride as usize);
        interp.found(map, key, found)
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

/// The charge; negative if there is no room.
unsafe extern "C" fn map_insert_text(context: *mut Context, map: u64, key: u64, value: u64) -> i64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let at = Ref::of_word(map);
        let known = interp.known(at, key);
        let (heap, statics) = (&mut *interp.heap, &interp.program.statics);
        let text = heap.bytes_of(statics, Ref::of_word(key));
        let steps = Interp::key_steps(text)?;
        if known.is_some() {
            heap.map_replace(at, known, value);
            return Some(steps);
        }
        let hash = heap.hash_text(text);
        let entry = heap.map_find_text(statics, at, (text, hash), MAP_STRIDE);
        let done = interp.heap.map_replace(at, entry, value);
        (done || interp.insert(at, hash, key, value)).then_some(steps)
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }.unwrap_or(-1)
}

impl Interp<'_> {
    /// Keeps what a search has found, and answers it.
    fn found(&mut self, map: Ref, key: u64, entry: Option<MapEntry>) -> u64 {
        if let Some(entry) = entry {
            self.native.last = Some((map, key, entry));
        }
        entry.map_or(u64::MAX, |entry| entry.0.into())
    }

    /// The entry of a key if the last search was for it.
    fn known(&self, map: Ref, key: u64) -> Option<MapEntry> {
        let last = self
            .native
            .last
            .filter(|last| (last.0, last.1) == (map, key));
        last.map(|last| last.2)
    }

    /// Inserts a key that is not in the map. False if there is no room.
    fn insert(&mut self, map: Ref, hash: u64, key: u64, value: u64) -> bool {
        self.native.last = None;
        let statics = &self.program.statics;
        let words = self.heap.insert_words(statics, map);
        let has_room = self.heap.has_room(words);
        if has_room {
            self.heap.map_insert_new(statics, map, hash, key, value);
        }
        has_room
    }
}

/// Of a constant, too.
unsafe extern "C" fn bytes_len(context: *mut Context, bytes: u64) -> u64 {
    let work = |interp: &mut Interp<'_>, _: &mut Context| {
        let statics = &interp.program.statics;
        interp.heap.bytes_of(statics, Ref::of_word(bytes)).len() as u64
    };
    // SAFETY: native code calls with its context.
    unsafe { help(context, work) }
}

extern "C" fn float_native(native: u32, a: f64, b: f64) -> u64 {
    crate::jit::float_native(native, a, b)
}

extern "C" fn float_rem(a: f64, b: f64) -> f64 {
    libm::fmod(a, b)
}
