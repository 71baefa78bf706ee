//! Runs of all kernels by all engines, in turn, and the least time of each.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child;
use super::engine::Engine;
use super::kernel::{EMPTY, Kernel, Size};

/// What is to be run.
pub(crate) struct Plan {
    engines: Vec<Engine>,
    size: Size,
    empty: Runs,
    kernels: Vec<Runs>,
}

/// A kernel in all languages, and what was measured of it so far.
struct Runs {
    kernel: Kernel,
    /// Of each engine.
    built: Vec<PathBuf>,
    least: Vec<Option<Duration>>,
    answer: Option<String>,
}

/// The outcome.
pub(crate) struct Measured {
    /// The name of the engine that the others are compared with.
    pub(crate) base: &'static str,
    pub(crate) rounds: u32,
    pub(crate) engines: Vec<Engine>,
    /// What starting and ending takes each engine.
    pub(crate) starts: Vec<Duration>,
    pub(crate) rows: Vec<Row>,
}

/// One kernel.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) size: u32,
    pub(crate) answer: String,
    /// Of each engine, without starting and ending.
    pub(crate) times: Vec<Duration>,
}

impl Plan {
    pub(crate) fn build(
        kernels: Vec<Kernel>,
        engines: Vec<Engine>,
        size: Size,
    ) -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let runs = |kernel| Runs::build(kernel, &engines, &folder);
        Ok(Self {
            empty: runs(EMPTY)?,
            kernels: kernels.into_iter().map(runs).collect::<Result<_, _>>()?,
            engines,
            size,
        })
    }

    /// Every round runs everything once: all meet the same machine.
    pub(crate) fn measure(mut self, base: &'static str, rounds: u32) -> Result<Measured, String> {
        for round in 1..=rounds {
            eprintln!("round {round} of {rounds}");
            for runs in iter::once(&mut self.empty).chain(&mut self.kernels) {
                runs.round(&self.engines, self.size)?;
            }
        }
        let starts = self.empty.times();
        let row = |runs: Runs| Row {
            name: runs.kernel.name,
            size: runs.kernel.size(self.size),
            times: iter::zip(runs.times(), &starts)
                .map(|(time, start)| time.saturating_sub(*start))
                .collect(),
            answer: runs.answer.unwrap_or_default(),
        };
        Ok(Measured {
            base,
            rounds,
            rows: self.kernels.into_iter().map(row).collect(),
            starts,
            engines: self.engines,
        })
    }
}

impl Runs {
    fn build(kernel: Kernel, engines: &[Engine], folder: &Path) -> Result<Self, String> {
        let built = engines.iter().map(|engine| engine.build(kernel, folder));
        Ok(Self {
            kernel,
            built: built.collect::<Result<_, _>>()?,
            least: vec![None; engines.len()],
            answer: None,
        })
    }

    fn round(&mut self, engines: &[Engine], size: Size) -> Result<(), String> {
        for ((engine, built), least) in engines.iter().zip(&self.built).zip(&mut self.least) {
            let mut command = engine.command(built, self.kernel.size(size));
            let (answer, time) = child::measured(&mut command)?;
            let expected = self.answer.get_or_insert_with(|| answer.clone());
            if answer != *expected {
                return Err(format!(
                    "{}: `{}` answers {answer:?}, not {expected:?}",
                    self.kernel.name, engine.name
                ));
            }
            *least = Some(least.map_or(time, |least| least.min(time)));
        }
        Ok(())
    }

    fn times(&self) -> Vec<Duration> {
        let measured = self.least.iter().flatten();
        measured.copied().collect()
    }
}

/// A base that takes less is no measure: what is left of it is noise.
const SHORTEST: Duration = Duration::from_millis(5);

impl Measured {
    /// How many times as long as the base an engine takes for a kernel, where the base takes long
    /// enough to tell.
    pub(crate) fn ratio(&self, row: &Row, engine: usize) -> Option<f64> {
        let mut engines = self.engines.iter();
        let base = engines.position(|engine| engine.name == self.base)?;
        let base = row.times[base];
        (base >= SHORTEST).then(|| row.times[engine].as_secs_f64() / base.as_secs_f64())
    }

    /// The geometric mean of an engine's ratios, and of how many.
    pub(crate) fn mean(&self, engine: usize) -> Option<(f64, usize)> {
        let ratios = self.rows.iter().filter_map(|row| self.ratio(row, engine));
        let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
        let count = logarithms.len();
        (count > 0).then(|| ((logarithms.iter().sum::<f64>() / count as f64).exp(), count))
    }

    /// The kernel with an engine's largest ratio.
    pub(crate) fn worst(&self, engine: usize) -> Option<&'static str> {
        let ratios = self
            .rows
            .iter()
            .filter_map(|row| Some((self.ratio(row, engine)?, row.name)));
        ratios
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, name)| name)
    }
}
