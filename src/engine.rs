//! What runs programs: the interpreter alone, or native code for what runs hot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use sm_vm::{Busy, Executor, Jit, JitOptions, JitStats, Job};

use crate::exit::Failure;
use crate::text;

/// What runs programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// The interpreter alone
    Interp,
    /// Native code for all that can be compiled
    Jit,
    /// Native code for what runs hot, where there is a compiler for this machine
    #[default]
    Auto,
}

/// Which engine is wanted.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct EngineOptions {
    /// What runs programs: interp, jit (native code), or auto (native code for what runs hot)
    ///
    /// It makes no difference but in time.
    #[arg(long, env = "SM_ENGINE", value_name = "ENGINE", value_enum)]
    #[arg(
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    engine: Engine,
}

impl EngineOptions {
    /// The compiler that is wanted, if one is.
    pub(crate) fn compiler(self) -> Result<Option<Compiler>, Failure> {
        let Some(options) = self.options() else {
            return Ok(None);
        };
        let spent = Arc::new(Timed::default());
        let jit = self.checked(Jit::new(spent.clone(), options))?;
        Ok(jit.map(|jit| Compiler { jit, spent }))
    }

    fn options(self) -> Option<JitOptions> {
        match self.engine {
            Engine::Interp => None,
            Engine::Jit => Some(JitOptions::EAGER),
            // One's own programs pay nothing.
            Engine::Auto => Some(JitOptions {
                price: 0,
                ..JitOptions::default()
            }),
        }
    }

    /// Nobody asks for native code in vain.
    fn checked(self, jit: Option<Jit>) -> Result<Option<Jit>, Failure> {
        match (jit, self.engine) {
            (None, Engine::Jit) => Err(Failure::usage("there is no native code on this machine")
                .help("`--engine interp` runs programs in the interpreter")),
            (jit, _) => Ok(jit),
        }
    }

    /// The same, where nobody asks how long it took.
    pub(crate) fn jit(self) -> Result<Option<Jit>, Failure> {
        Ok(self.compiler()?.map(|compiler| compiler.jit))
    }
}

impl EngineOptions {
    /// The compiler of a node, on a thread of its own. Programs pay for it with their fuel.
    pub(crate) fn background(self) -> Result<Option<Jit>, Failure> {
        if self.engine == Engine::Interp {
            return Ok(None);
        }
        let executor = Background::start()
            .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
        self.checked(Jit::new(Arc::new(executor), JitOptions::default()))
    }
}

/// Compiles on a thread of its own. What comes while much is waiting is left out.
#[derive(Debug)]
struct Background {
    jobs: SyncSender<Job>,
}

/// Compilations that wait at most.
const JOBS: usize = 256;

/// The compiler recurses over what it compiles.
const STACK_BYTES: usize = 16 << 20;

impl Background {
    fn start() -> std::io::Result<Background> {
        let (jobs, wanted) = sync_channel::<Job>(JOBS);
        std::thread::Builder::new()
            .name("compiler".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || wanted.into_iter().for_each(Job::run))?;
        Ok(Background { jobs })
    }
}

impl Executor for Background {
    fn execute(&self, job: Job) -> Result<(), Busy> {
        self.jobs.try_send(job).map_err(|_| Busy)
    }
}

/// A compiler, and the time that it has taken.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    pub(crate) jit: Jit,
    spent: Arc<Timed>,
}

/// Compiles where code is wanted, with an eye on the clock.
#[derive(Debug, Default)]
struct Timed {
    nanos: AtomicU64,
}

impl Executor for Timed {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long compiling took is told to people, and nothing depends on it"
    )]
    fn execute(&self, job: Job) -> Result<(), Busy> {
        let began = Instant::now();
        job.run();
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        Ok(())
    }
}

impl Compiler {
    fn time(&self) -> Duration {
        Duration::from_nanos(self.spent.nanos.load(Ordering::Relaxed))
    }

    /// What was compiled, in lines for people.
    pub(crate) fn lines(&self, stats: &JitStats) -> Vec<String> {
        let size = usize::try_from(stats.code_bytes).unwrap_or(usize::MAX);
        let mut lines = vec![
            format!(
                "native code: {} functions and loops, {}, compiled in {:.1} ms",
                stats.functions,
                text::size(size),
                self.time().as_secs_f64() * 1e3
            ),
            format!("  entered {} times", text::thousands(stats.entries)),
        ];
        let exits = stats.exits.iter().filter(|(_, count)| **count > 0);
        lines.extend(
            exits.map(|(reason, count)| {
                format!("  left {} times: {reason}", text::thousands(*count))
            }),
        );
        lines
    }

    /// The same for `--json`.
    pub(crate) fn json(&self, stats: &JitStats) -> Json {
        json!({
            "functions": stats.functions,
            "code_bytes": stats.code_bytes,
            "work": stats.work,
            "compile_nanos": u64::try_from(self.time().as_nanos()).unwrap_or(u64::MAX),
            "entries": stats.entries,
            "exits": stats.exits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_compiles_unless_it_is_told_not_to() {
        let background = |engine| EngineOptions { engine }.background();
        let has_jit = Jit::new(Arc::new(sm_vm::AtOnce), JitOptions::default()).is_some();
        let auto = background(Engine::default()).expect("it makes no demands");
        assert_eq!(auto.is_some(), has_jit);
        let none = background(Engine::Interp).expect("it makes no demands");
        assert!(none.is_none());
        assert_eq!(background(Engine::Jit).is_ok(), has_jit);
    }
}
