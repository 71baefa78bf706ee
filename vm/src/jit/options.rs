//! What hosts say of compilations, and are told of them.

use std::collections::BTreeMap;
use std::fmt;

use super::Job;

/// An executor has too much to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many compilations are waiting")
    }
}

impl std::error::Error for Busy {}

/// Who runs compilations: at once, or on a thread of its own.
pub trait Executor: Send + Sync {
    /// Runs the job, now or later.
    ///
    /// # Errors
    /// If it drops the job, which is then asked for again.
    fn execute(&self, job: Job) -> Result<(), Busy>;
}

/// Compiles at once, where the code is wanted.
#[derive(Clone, Copy, Debug)]
pub struct AtOnce;

impl Executor for AtOnce {
    fn execute(&self, job: Job) -> Result<(), Busy> {
        job.run();
        Ok(())
    }
}

/// When to compile, and how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JitOptions {
    /// The fuel that the machines of a program use together before anything is counted.
    pub cold: u64,
    /// How often a function is called, or a loop run through, before it is compiled.
    pub threshold: u32,
    /// How often the interpreter goes on by itself where native code does little each time that it
    /// is entered, before it enters it again.
    pub pause: u32,
    /// The fuel that the machines of a program have to have used for each unit of work that its
    /// compilations take, which is about an instruction of the machine.
    pub price: u64,
    /// The most bytes of native code of all programs together, of which one has an eighth at most.
    pub code_bytes: usize,
    /// The most instructions of a function that is compiled.
    pub instructions: usize,
}

impl Default for JitOptions {
    /// 50,000 units of fuel, 1,000 calls or rounds, 64 MiB, 10,000 instructions, and a price at
    /// which a program is compiled for about as long as the interpreter has run it.
    fn default() -> Self {
        JitOptions {
            cold: 50_000,
            threshold: 1_000,
            pause: 5_000,
            price: 2_500,
            code_bytes: 64 << 20,
            instructions: 10_000,
        }
    }
}

impl JitOptions {
    /// Everything is compiled before it runs for the first time, and paid by nobody.
    pub const EAGER: JitOptions = JitOptions {
        cold: 0,
        threshold: 1,
        pause: 5_000,
        price: 0,
        code_bytes: 64 << 20,
        instructions: 10_000,
    };

    /// The same, and native code is entered wherever there is some, though it does little: for
    /// tests.
    pub const ALWAYS: JitOptions = JitOptions {
        pause: 0,
        ..JitOptions::EAGER
    };
}

/// What was compiled of a program, and how it is used.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JitStats {
    /// Functions, and copies of functions that begin at a loop.
    pub functions: u64,
    /// The bytes of their code.
    pub code_bytes: u64,
    /// The units of work that compiling them took.
    pub work: u64,
    /// How often the interpreter entered native code.
    pub entries: u64,
    /// How often native code handed over to it, by reason.
    pub exits: BTreeMap<&'static str, u64>,
}

impl JitStats {
    /// Adds those of another program.
    pub fn add(&mut self, other: &JitStats) {
        self.functions += other.functions;
        self.code_bytes += other.code_bytes;
        self.work += other.work;
        self.entries += other.entries;
        for (reason, count) in &other.exits {
            *self.exits.entry(reason).or_default() += count;
        }
    }
}
