//! `smc bench`: how long the `bench` blocks of programs take.

mod saved;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use sm_compiler::ast::TestKind;
use sm_vm::Jit;

use super::test::{Opened, Selection, list};
use crate::complaint::{Complaint, Kind};
use crate::engine::EngineOptions;
use crate::exit::{Exit, Failure};
use crate::output::{self, MessageFormat, Terminal};
use crate::testing::Measured;
use crate::testing::case::Ended;
use crate::testing::suite::Block;
use crate::testing::verdict::Verdict;
use crate::{arguments, table, text};
use saved::Saved;

/// Measure the benches of programs
///
/// A bench is a block `bench "name" { .. }`. It is run again and again, each
/// time from its beginning, on one node; it must not wait or move. Shown are the
/// time and the fuel of one run, and the memory that it takes from its heap. The
/// time is that of the fastest of many batches, after a warm-up. Fuel and memory
/// are the same on every machine.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Programs (.sm), and folders to look for them in.
    ///
    /// Default: the folder of the project (sm.toml), or this folder.
    paths: Vec<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    /// How long to measure each bench: 1s, 250ms
    #[arg(long, env = "SM_TIME", value_parser = arguments::span)]
    #[arg(value_name = "DURATION", default_value = "1s")]
    time: Duration,

    #[command(flatten)]
    engine: EngineOptions,

    /// Write what was measured to this file
    #[arg(long, env = "SM_SAVE", value_name = "FILE")]
    save: Option<PathBuf>,

    /// Compare with what was saved in this file
    #[arg(long, env = "SM_COMPARE", value_name = "FILE")]
    compare: Option<PathBuf>,
}

/// Fuel of a bench: no bound, as each of its many runs has one of its own.
const FUEL: u64 = u64::MAX / 2;

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let before = self.compare.as_deref().map(Saved::read).transpose()?;
        let Opened { suites, broken, .. } =
            self.selection
                .open(terminal, &self.paths, TestKind::Bench)?;
        if self.selection.list {
            list(terminal, &suites)?;
            return Ok(if broken > 0 { Exit::Failed } else { Exit::Ok });
        }
        let jit = self.engine.jit()?;
        let (mut saved, mut failed) = (Saved::default(), broken);
        let mut rows = vec![head(before.is_some())];
        // One after the other: benches that run at a time disturb each other.
        for suite in &suites {
            for block in &suite.blocks {
                let Some(measured) = self.measure(terminal, block, jit.as_ref()) else {
                    failed += 1;
                    continue;
                };
                let old = before
                    .as_ref()
                    .and_then(|old| old.find(&suite.file, &block.name));
                if terminal.format == MessageFormat::Json {
                    output::line(object(&suite.file, &block.name, &measured, old))?;
                }
                rows.push(row(&block.name, &measured, before.is_some().then_some(old)));
                saved.add(&suite.file, &block.name, &measured);
            }
        }
        if terminal.format != MessageFormat::Json && rows.len() > 1 {
            table::lines(&rows).iter().try_for_each(output::line)?;
        }
        if let Some(path) = &self.save {
            saved.write(path)?;
        }
        Ok(if failed > 0 { Exit::Failed } else { Exit::Ok })
    }

    fn measure(&self, terminal: &Terminal, block: &Block, jit: Option<&Jit>) -> Option<Measured> {
        let nanos = u64::try_from(self.time.as_nanos()).unwrap_or(u64::MAX);
        let ran = block.case(FUEL, jit).bench(nanos);
        if ran.measured.is_some() {
            return ran.measured;
        }
        match (&ran.end, Verdict::of(block, &ran)) {
            (Ended::Badly(_) | Ended::Refused(_), Some(verdict)) => {
                output::talk(&verdict.show(terminal, block));
            }
            _ => Complaint::new(Kind::Error, format!("`{}` cannot be measured", block.name))
                .at(block.place())
                .help(["a bench must end, and must not wait or move".to_owned()])
                .say(terminal),
        }
        None
    }
}

fn head(compared: bool) -> Vec<String> {
    let mut names = vec!["BENCH", "TIME", "MEDIAN", "FUEL", "HEAP", "RUNS"];
    if compared {
        names.extend(["TIME THEN", "CHANGE", "FUEL CHANGE"]);
    }
    table::head(&names)
}

fn row(name: &str, measured: &Measured, old: Option<Option<&Measured>>) -> Vec<String> {
    let mut row = vec![
        name.to_owned(),
        time(measured.nanos),
        time(measured.median),
        text::thousands(measured.fuel),
        text::size(usize::try_from(measured.bytes).unwrap_or(usize::MAX)),
        text::thousands(measured.runs),
    ];
    match old {
        None => {}
        Some(None) => row.push("new".to_owned()),
        Some(Some(old)) => row.extend([
            time(old.nanos),
            change(old.nanos, measured.nanos),
            change(old.fuel as f64, measured.fuel as f64),
        ]),
    }
    row
}

fn object(file: &Path, name: &str, new: &Measured, old: Option<&Measured>) -> serde_json::Value {
    let mut object = json!({
        "event": "bench",
        "file": file.display().to_string(),
        "name": name,
        "nanos": new.nanos,
        "median_nanos": new.median,
        "fuel": new.fuel,
        "heap_bytes": new.bytes,
        "runs": new.runs,
    });
    if let Some(old) = old {
        object["before"] = json!({ "nanos": old.nanos, "fuel": old.fuel, "heap_bytes": old.bytes });
    }
    object
}

/// `812 ns`, `1.25 us`, `3.10 ms`
fn time(nanos: f64) -> String {
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        1e3..1e6 => format!("{:.2} us", nanos / 1e3),
        1e6..1e9 => format!("{:.2} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

/// `+12.5 %`
fn change(before: f64, now: f64) -> String {
    if before == now || before == 0.0 {
        return "=".to_owned();
    }
    format!("{:+.1} %", (now / before - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let shown = [7.4, 1_250.0, 3_100_000.0, 2.5e9].map(time);
        assert_eq!(shown, ["7 ns", "1.25 us", "3.10 ms", "2.50 s"]);
    }

    #[test]
    fn changes_have_a_sign() {
        assert_eq!(change(100.0, 112.5), "+12.5 %");
        assert_eq!(change(100.0, 50.0), "-50.0 %");
        assert_eq!(change(3.0, 3.0), "=");
        assert_eq!(change(0.0, 3.0), "=");
    }
}
