//! One message that runs.

use std::fmt;
use std::sync::Arc;

use sm_bytecode::{EntryRef, HopCode, TrapKind};

use crate::data::data_steps;
use crate::data::decode::{DecodeFault, decode};
use crate::heap::Heap;
use crate::host::Host;
use crate::interp::{Interp, Stop};
use crate::limits::{Limits, TRACE_FRAMES};
use crate::outcome::{Answer, CodePlace, KillKind, Outcome, TrapReport};
use crate::program::Program;
use crate::rng::{Rng, Seed};
use crate::stack::Stack;

/// A message's code, stack and heap.
///
/// The order of calls: [`Machine::start`] or [`Machine::restore`]; then [`Machine::run`], and
/// after each outcome
/// - `OutOfFuel`, `Yield`: `run` again;
/// - `Move`, `MoveAll`, `Block`: [`Machine::answer`], here or where the captured state was
///   restored, then `run`; without an answer `run` gives the same outcome again;
/// - `Done`, `Trap`, `Kill`: nothing; the machine is spent.
///
/// Between two runs the state may be captured.
///
/// **Invariant:** between two runs the innermost frame is at a safepoint and all others in a call,
/// and every register in their live sets holds what its slot says.
#[derive(Debug)]
pub struct Machine {
    pub(crate) program: Arc<Program>,
    pub(crate) heap: Heap,
    pub(crate) stack: Stack,
    pub(crate) limits: Limits,
    pub(crate) rng: Rng,
    pub(crate) fuel_used: u64,
    pub(crate) status: Status,
    /// Whether native code is left aside.
    pub(crate) interpreted: bool,
}

/// What a machine does between two runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// It goes on at the innermost frame.
    Ready,
    /// The innermost frame is at an instruction that waits for an answer.
    Waiting,
    /// The answer is there, and is taken in by the next run.
    Answered(Reply),
    /// Nothing.
    Ended(Box<Outcome>),
}

/// An answer as it is kept and captured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Hop(HopCode),
    Tag(Option<Vec<u8>>),
}

/// Why a message cannot start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartError {
    /// The function is not in the program, or captures something.
    NoEntry,
    /// The arguments are not the encoding of values of the parameters' types.
    BadArguments,
    /// The limits leave no room for the first frame or the arguments.
    TooLarge,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StartError::NoEntry => "there is no such function to start in",
            StartError::BadArguments => "the arguments do not fit the function's parameters",
            StartError::TooLarge => "the arguments are larger than the message may be",
        })
    }
}

impl std::error::Error for StartError {}

impl Machine {
    /// A message that is about to enter a function.
    ///
    /// `args` is the canonical encoding of the arguments, one after the other. `seed` starts the
    /// message's own random numbers.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        program: Arc<Program>,
        entry: EntryRef,
        args: &[u8],
        limits: Limits,
        seed: impl Into<Seed>,
    ) -> Result<Machine, StartError> {
        let func = program.find(entry).ok_or(StartError::NoEntry)?;
        let function = program.function(func);
        if function.capture_slots > 0 {
            return Err(StartError::NoEntry);
        }
        let mut heap = Heap::new(&limits, &program.statics.layouts);
        let steps = &mut data_steps();
        let slots = decode(&program, &mut heap, &function.params, args, steps);
        let slots = slots.map_err(|fault| match fault {
            DecodeFault::Malformed => StartError::BadArguments,
            DecodeFault::HeapFull => StartError::TooLarge,
        })?;
        let mut stack = Stack::default();
        let pushed = stack.push(&limits, func, function, 0);
        pushed.map_err(|_| StartError::TooLarge)?;
        stack.regs[..slots.len()].copy_from_slice(&slots);
        Ok(Machine {
            program,
            heap,
            stack,
            limits,
            rng: Rng::from_seed(seed),
            fuel_used: 0,
            status: Status::Ready,
            interpreted: false,
        })
    }

    /// Runs until there is a reason to stop.
    ///
    /// Stops with [`Outcome::OutOfFuel`] at the first safepoint at which `fuel` units or more were
    /// used in this run. What was used is the same for every way to divide a run.
    pub fn run(&mut self, fuel: u64, host: &mut dyn Host) -> Outcome {
        let status = std::mem::replace(&mut self.status, Status::Ready);
        let reply = match status {
            Status::Ended(outcome) => {
                self.status = Status::Ended(outcome.clone());
                return *outcome;
            }
            Status::Waiting if !self.waits_for_nothing() => {
                self.status = Status::Waiting;
                return self.pending().unwrap_or(Outcome::Yield);
            }
            Status::Waiting => Some(None),
            Status::Answered(reply) => Some(Some(reply)),
            Status::Ready => None,
        };
        let mut left = i64::try_from(fuel).unwrap_or(i64::MAX);
        let mut stop = self.run_on(reply, &mut left, host);
        // The program may not be cold any more: a long run is not left to the interpreter.
        while stop == Stop::OutOfFuel && left > 0 {
            stop = self.run_on(None, &mut left, host);
        }
        self.outcome(stop)
    }

    /// Runs with all that is left of the fuel, or with the part that its program has to use before
    /// it is looked at again.
    fn run_on(
        &mut self,
        reply: Option<Option<Reply>>,
        left: &mut i64,
        host: &mut dyn Host,
    ) -> Stop {
        let granted = self.program.jit.stretch(&self.program, *left);
        let mut interp = Interp::new(self, host, granted);
        let stop = match reply {
            Some(reply) => match interp.take_in(reply) {
                // What follows the instruction need not be a safepoint.
                Ok(()) => interp.go_on(),
                Err(stop) => stop,
            },
            None => interp.run(),
        };
        // What is left can be negative: the last stretch before a safepoint, and bulk work.
        let used = i128::from(granted) - i128::from(interp.end());
        self.fuel_used += used as u64;
        *left = i64::try_from(i128::from(*left) - used).unwrap_or(i64::MIN);
        stop
    }

    fn outcome(&mut self, stop: Stop) -> Outcome {
        let outcome = match stop {
            Stop::OutOfFuel => return Outcome::OutOfFuel,
            Stop::Suspend => {
                self.status = Status::Waiting;
                return self.pending().unwrap_or(Outcome::Yield);
            }
            Stop::Done(data) => Outcome::Done(data),
            Stop::Kill(kind) => Outcome::Kill(kind),
            Stop::Trap(kind, message) => Outcome::Trap(TrapReport {
                kind,
                message,
                frames: self.frames(),
            }),
        };
        self.status = Status::Ended(Box::new(outcome.clone()));
        outcome
    }

    /// Says what became of the operation that stopped the machine. The next run takes it in.
    ///
    /// An answer that does not fit the operation is ignored, and so is one that nobody waits for.
    pub fn answer(&mut self, answer: Answer) {
        if self.status != Status::Waiting {
            return;
        }
        let reply = match (self.pending(), answer) {
            (Some(Outcome::Move { .. } | Outcome::MoveAll), Answer::Hop(code)) => Reply::Hop(code),
            (Some(Outcome::Move { .. } | Outcome::MoveAll), Answer::Go { seed }) => {
                self.rng = Rng::from_seed(seed);
                Reply::Hop(HopCode::Ok)
            }
            (Some(Outcome::Block { .. }), Answer::Tag(value)) => Reply::Tag(value),
            _ => return,
        };
        self.status = Status::Answered(reply);
    }

    /// The operation that waits for an answer, as `run` reported it; `None` if there is none.
    pub fn pending(&self) -> Option<Outcome> {
        match &self.status {
            Status::Waiting | Status::Answered(_) => crate::interp::pending(self),
            Status::Ready | Status::Ended(_) => None,
        }
    }

    /// Whether the innermost frame is at a `yield`, which needs no answer.
    fn waits_for_nothing(&self) -> bool {
        matches!(crate::interp::pending(self), Some(Outcome::Yield) | None)
    }

    /// Ends the machine with a trap that the node decides on, such as `TurnTooLong`.
    pub fn trap_here(&mut self, kind: TrapKind) -> TrapReport {
        let report = TrapReport {
            kind,
            message: None,
            frames: self.frames(),
        };
        self.status = Status::Ended(Box::new(Outcome::Trap(report.clone())));
        report
    }

    /// Says whether native code is left aside, if the program has some. It makes no difference but
    /// in time.
    pub fn interpret(&mut self, interpreted: bool) {
        self.interpreted = interpreted;
    }

    /// All fuel used by the message since its start, wherever it ran.
    pub fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// The program it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Bytes of heap in use, garbage included.
    pub fn heap_bytes(&self) -> u64 {
        self.heap.bytes()
    }

    /// The number of calls in progress.
    pub fn depth(&self) -> usize {
        self.stack.frames.len()
    }

    /// Where the message is, innermost first; a deep stack is cut in the middle to
    /// [`TRACE_FRAMES`].
    pub fn frames(&self) -> Vec<CodePlace> {
        let frames = &self.stack.frames;
        let place = |index: usize| {
            let frame = &frames[index];
            CodePlace {
                at: self.program.entry_ref(frame.func),
                pc: frame.pc.0 - self.program.function(frame.func).start.0,
            }
        };
        let half = TRACE_FRAMES / 2;
        let innermost_first = (0..frames.len()).rev();
        match frames.len() > TRACE_FRAMES {
            false => innermost_first.map(place).collect(),
            true => {
                let kept = innermost_first.filter(|i| *i < half || *i >= frames.len() - half);
                kept.map(place).collect()
            }
        }
    }

    /// Frees what the message cannot reach any more.
    ///
    /// # Errors
    /// If what it can reach is over its quota; then the message has to be killed.
    pub fn collect(&mut self) -> Result<(), KillKind> {
        if let Status::Ended(_) = self.status {
            return Ok(());
        }
        let Machine {
            program,
            heap,
            stack,
            ..
        } = self;
        let roots = |visit: &mut dyn FnMut(&mut u64)| stack.each_root(program, visit);
        let collected = heap.collect(&program.statics.layouts, 0, roots);
        collected.map_err(|_| KillKind::Heap)
    }
}
