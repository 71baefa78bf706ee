//! `smc test`: runs the `test` blocks of programs.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use sm_compiler::ast::TestKind;
use sm_sim::sweep::{Jobs, sweep};
use sm_vm::Jit;

use crate::docs::{Book, examples};
use crate::engine::EngineOptions;
use crate::exit::{Exit, Failure};
use crate::output::{self, MessageFormat, Terminal};
use crate::project::{self, Project};
use crate::testing::case::{Case, Ended, Ran};
use crate::testing::find;
use crate::testing::report::{Reporter, ShowOutput, Told};
use crate::testing::suite::{Block, Suite, Wanted};
use crate::testing::workers::{self, Next};

/// Run the tests of programs
///
/// A test is a block `test "name" { .. }`. It fails if an `assert` in it does
/// not hold, if it traps, and if it does not end. It may open simulated
/// networks: see docs/testing.md. Of a project the examples in doc comments run
/// too, as `smc doc --test` runs them, unless there is a --filter.
///
/// What a test prints is shown if it fails. With --message-format json there is
/// one object for each test on standard output.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Programs (.sm), and folders to look for them in.
    ///
    /// Default: the folder of the project (sm.toml), or this folder.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    /// How many tests to run at a time [default: one for each core]
    #[arg(long, short, env = "SM_JOBS", value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Try so many seeds with each test that simulates a network
    #[arg(long, env = "SM_SEEDS", value_name = "N", default_value = "1")]
    #[arg(hide_default_value = true)]
    seeds: NonZeroU64,

    /// The first of them: it is added to the seeds that the test names
    #[arg(long, env = "SM_SEED", value_name = "S", default_value_t = 0)]
    #[arg(hide_default_value = true)]
    seed: u64,

    /// Fuel that a test may use, and its networks with it; a turn counts for 500
    #[arg(long, env = "SM_FUEL", value_name = "N", default_value_t = FUEL)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    fuel: u64,

    #[command(flatten)]
    engine: EngineOptions,

    /// Show what tests print also if they hold
    #[arg(long, env = "SM_SHOW_OUTPUT")]
    show_output: bool,

    /// Stop at the first test that fails
    #[arg(long, env = "SM_FAIL_FAST")]
    fail_fast: bool,
}

/// Which blocks are wanted.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Only those with this text in their name
    #[arg(long, env = "SM_FILTER", value_name = "TEXT")]
    pub(crate) filter: Option<String>,

    /// The filter is a whole name
    #[arg(long, env = "SM_EXACT", requires = "filter")]
    pub(crate) exact: bool,

    /// Only list the names
    #[arg(long, env = "SM_LIST")]
    pub(crate) list: bool,
}

/// Fuel of a test: some seconds.
const FUEL: u64 = 100_000_000;

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let began = now();
        let opened = self.selection.find(terminal, &self.paths, TestKind::Test)?;
        if opened.is_empty() {
            return self.without_tests(terminal, &opened);
        }
        let Opened { suites, broken, .. } = opened;
        if self.selection.list {
            list(terminal, &suites)?;
            return Ok(if broken > 0 { Exit::Failed } else { Exit::Ok });
        }
        let blocks: Vec<(&PathBuf, &Block)> = suites
            .iter()
            .flat_map(|suite| suite.blocks.iter().map(|block| (&suite.file, block)))
            .collect();
        let jit = self.engine.jit()?;
        let cases: Vec<Case> = blocks
            .iter()
            .map(|(_, block)| block.case(self.fuel, jit.as_ref()))
            .collect();
        let jobs = self.jobs.unwrap_or_else(|| Jobs::all_cores().0);
        // The cores that are left over try several seeds at a time.
        let inner = NonZeroUsize::new(jobs.get() / cases.len().max(1));
        let inner = Jobs(inner.unwrap_or(NonZeroUsize::MIN));
        let show_output = match self.show_output {
            true => ShowOutput::Always,
            false => ShowOutput::OfFailures,
        };
        let mut reporter = Reporter::new(terminal, show_output);
        let mut told = 0;
        let run = |case: &Case| self.try_seeds(case, inner);
        workers::run(&cases, jobs, run, |at, ran| {
            let (file, block) = blocks[at];
            told += 1;
            let held = reporter.tell(file, block, &ran)?;
            Ok(match held || !self.fail_fast {
                true => Next::GoOn,
                false => Next::Stop,
            })
        })?;
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let exit = reporter.end(broken, cases.len() - told, nanos)?;
        if exit != Exit::Ok && self.fail_fast {
            return Ok(exit);
        }
        let (examples, _) = self.examples(terminal)?;
        Ok(if exit == Exit::Ok { examples } else { exit })
    }

    /// There is no test: the examples of a project are something to run, too.
    fn without_tests(&self, terminal: &Terminal, opened: &Opened) -> Result<Exit, Failure> {
        let failure = self.selection.nothing(TestKind::Test, opened);
        if self.selection.filter.is_some() || self.selection.list {
            return Err(failure);
        }
        let (exit, examples) = self.examples(terminal)?;
        if examples == 0 {
            return Err(failure.help(
                "code in a doc comment, between two lines with ``` in them, is tested in a project",
            ));
        }
        output::talk("there is no test beside them: test \"name\" { .. } is one");
        Ok(exit)
    }

    /// Runs the examples in the doc comments of the projects that are tested, if all of their tests
    /// are wanted; answers how many there are, too.
    fn examples(&self, terminal: &Terminal) -> Result<(Exit, usize), Failure> {
        let (mut exit, mut count) = (Exit::Ok, 0);
        if self.selection.filter.is_some() {
            return Ok((exit, count));
        }
        let here = [PathBuf::from(".")];
        let folders = match self.paths.is_empty() {
            true => &here[..],
            false => &self.paths,
        };
        let is_asked =
            |folder: &&PathBuf| self.paths.is_empty() || folder.join(project::FILE).is_file();
        // Tests need no project: what is wrong with its file is told by who does.
        let projects = folders.iter().filter(is_asked);
        let projects = projects.filter_map(|folder| Project::around(folder).ok().flatten());
        for project in projects {
            let tally = examples::run(terminal, &Book::project(&project)?)?;
            if tally.examples > 0 {
                tally.tell(terminal.format == MessageFormat::Json)?;
            }
            count += tally.examples;
            if exit == Exit::Ok {
                exit = tally.exit();
            }
        }
        Ok((exit, count))
    }

    /// Runs a test with the first seed, and if that matters with the others.
    fn try_seeds(&self, case: &Case, jobs: Jobs) -> Told {
        let first = case.test(self.seed);
        if !first.simulated || first.end != Ended::Well || self.seeds.get() == 1 {
            let seeds = NonZeroU64::MIN;
            return Told { ran: first, seeds };
        }
        let others = self.seed.saturating_add(1)..self.seed.saturating_add(self.seeds.get());
        let tried = sweep(others, jobs, |seed| {
            let ran = case.test(seed.0);
            if ran.end == Ended::Well {
                Ok(())
            } else {
                Err(Box::new(ran))
            }
        });
        let ran: Ran = match tried {
            Ok(_) => first,
            Err(failure) => *failure.error,
        };
        Told {
            ran,
            seeds: self.seeds,
        }
    }
}

/// Files that were compiled, and how many were not.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) suites: Vec<Suite>,
    pub(crate) broken: usize,
    /// How many files were looked at.
    files: usize,
}

impl Opened {
    fn is_empty(&self) -> bool {
        self.broken == 0 && self.suites.iter().all(|suite| suite.blocks.is_empty())
    }
}

impl Selection {
    /// Finds and compiles all blocks that are wanted. That there are none is a failure: nobody asks
    /// for nothing.
    pub(crate) fn open(
        &self,
        terminal: &Terminal,
        paths: &[PathBuf],
        kind: TestKind,
    ) -> Result<Opened, Failure> {
        let opened = self.find(terminal, paths, kind)?;
        match opened.is_empty() {
            true => Err(self.nothing(kind, &opened)),
            false => Ok(opened),
        }
    }

    fn find(
        &self,
        terminal: &Terminal,
        paths: &[PathBuf],
        kind: TestKind,
    ) -> Result<Opened, Failure> {
        let wanted = Wanted {
            kind,
            filter: self.filter.as_deref(),
            exact: self.exact,
        };
        let files = find::files(paths, kind)?;
        let (mut suites, mut broken) = (Vec::new(), 0);
        for file in &files {
            match Suite::open(terminal, file, &wanted)? {
                Some(suite) => suites.push(suite),
                None => broken += 1,
            }
        }
        let files = files.len();
        Ok(Opened {
            suites,
            broken,
            files,
        })
    }

    fn nothing(&self, kind: TestKind, opened: &Opened) -> Failure {
        let word = kind.word();
        match (&self.filter, opened.files) {
            (Some(filter), 1..) => {
                let how = if self.exact {
                    "is called"
                } else {
                    "has a name with"
                };
                Failure::failed(format!("no {word} {how} `{filter}`"))
                    .help(format!("`smc {word} --list` shows their names"))
            }
            _ => Failure::failed(format!("there is no {word} here")).help(format!(
                "a {word} is a block of a program: {word} \"name\" {{ .. }}"
            )),
        }
    }
}

/// Writes the names of all blocks.
pub(crate) fn list(terminal: &Terminal, suites: &[Suite]) -> Result<(), Failure> {
    for suite in suites {
        for block in &suite.blocks {
            let file = suite.file.display();
            match terminal.format {
                MessageFormat::Json => output::line(json!({
                    "file": file.to_string(),
                    "line": block.line,
                    "column": block.column,
                    "name": block.name,
                }))?,
                _ => output::line(format_args!("{file}:{}: {}", block.line, block.name))?,
            }
        }
    }
    Ok(())
}

impl Block {
    pub(crate) fn case(&self, fuel: u64, jit: Option<&Jit>) -> Case {
        Case {
            code: self.code.clone(),
            folder: self.folder.clone(),
            fuel,
            jit: jit.cloned(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the tests took is told to people, and nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}
