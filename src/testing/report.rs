//! What is said while tests run, and at their end.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::case::Ran;
use super::suite::Block;
use super::verdict::Verdict;
use crate::complaint::{Complaint, Kind};
use crate::exit::{Exit, Failure};
use crate::output::{self, MessageFormat, Style, Terminal};
use crate::text;

/// When what a test has printed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShowOutput {
    /// If it failed.
    OfFailures,
    Always,
}

/// What came of one test, over all seeds that were tried.
#[derive(Debug)]
pub(crate) struct Told {
    /// The run that failed, or the first.
    pub(crate) ran: Ran,
    /// How many seeds were tried.
    pub(crate) seeds: NonZeroU64,
}

/// Tells people, or programs.
#[derive(Debug)]
pub(crate) struct Reporter<'a> {
    terminal: &'a Terminal,
    show_output: ShowOutput,
    /// The file whose name was shown last.
    file: Option<PathBuf>,
    passed: usize,
    failures: Vec<String>,
    failed: usize,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(terminal: &'a Terminal, show_output: ShowOutput) -> Self {
        Self {
            terminal,
            show_output,
            file: None,
            passed: 0,
            failures: Vec::new(),
            failed: 0,
        }
    }

    /// Tells about a test. Answers whether it held.
    pub(crate) fn tell(
        &mut self,
        file: &Path,
        block: &Block,
        told: &Told,
    ) -> Result<bool, Failure> {
        let verdict = Verdict::of(block, &told.ran);
        let held = verdict.is_none();
        match verdict {
            None => self.passed += 1,
            Some(_) => self.failed += 1,
        }
        match self.terminal.format {
            MessageFormat::Json => output::line(json(file, block, told, verdict.as_ref()))?,
            MessageFormat::Short => {
                if let Some(verdict) = verdict {
                    let place = format!("{}:{}:{}:", file.display(), block.line, block.column);
                    let (place, name) = (self.terminal.paint(Style::Name, place), &block.name);
                    let word = self.terminal.paint(Style::Error, "failed:");
                    output::talk(&format!("{place} {word} {name}: {}", verdict.sentence));
                }
            }
            MessageFormat::Human => self.line(file, block, told, verdict.as_ref()),
        }
        Ok(held)
    }

    fn line(&mut self, file: &Path, block: &Block, told: &Told, verdict: Option<&Verdict>) {
        if self.file.as_deref() != Some(file) {
            output::talk(&self.terminal.paint(Style::Name, file.display()));
            self.file = Some(file.to_owned());
        }
        let word = match verdict {
            None => self.terminal.paint(Style::Help, "ok    "),
            Some(_) => self.terminal.paint(Style::Error, "FAILED"),
        };
        let seeds = match (verdict, told.seeds.get()) {
            (_, 1) => String::new(),
            (None, seeds) => format!(", {seeds} seeds"),
            (Some(_), _) => format!(", seed {}", told.ran.seed),
        };
        let seeds = self.terminal.paint(Style::Quiet, seeds);
        output::talk(&format!("  {word}  {}{seeds}", block.name));
        if self.show_output == ShowOutput::Always {
            for line in &told.ran.output {
                output::talk(&format!("            {line}"));
            }
        }
        if let Some(verdict) = verdict {
            let failure = self.failure(file, block, told, verdict);
            self.failures.push(failure);
        }
    }

    fn failure(&self, file: &Path, block: &Block, told: &Told, verdict: &Verdict) -> String {
        let title = format!("{}: {}", file.display(), block.name);
        let mut text = format!("\n{}\n", self.terminal.paint(Style::Name, title));
        text.push_str(&verdict.show(self.terminal, block));
        if !told.ran.output.is_empty() && self.show_output == ShowOutput::OfFailures {
            text.push_str("\n  It printed:\n");
            let lines: Vec<String> = told.ran.output.iter().map(|l| format!("    {l}")).collect();
            text.push_str(&lines.join("\n"));
        }
        if told.ran.simulated {
            let word = self.terminal.paint(Style::Help, "Again:");
            text.push_str(&format!("\n  {word} {}", again(file, block, told.ran.seed)));
        }
        text
    }

    /// Shows what failed, and counts. `broken` files have mistakes; `left` tests were not run.
    pub(crate) fn end(self, broken: usize, left: usize, nanos: u64) -> Result<Exit, Failure> {
        let failed = self.failed > 0 || broken > 0;
        match self.terminal.format {
            MessageFormat::Json => output::line(json!({
                "event": "summary",
                "passed": self.passed,
                "failed": self.failed,
                "not_run": left,
                "files_with_mistakes": broken,
            }))?,
            MessageFormat::Short => {}
            MessageFormat::Human => {
                self.failures
                    .iter()
                    .for_each(|failure| output::talk(failure));
                self.summary(broken, left, nanos);
            }
        }
        Ok(if failed { Exit::Failed } else { Exit::Ok })
    }

    fn summary(&self, broken: usize, left: usize, nanos: u64) {
        let mut parts = vec![format!("{} passed", self.passed)];
        if self.failed > 0 {
            parts.insert(0, format!("{} failed", self.failed));
        }
        if left > 0 {
            parts.push(format!("{left} not run"));
        }
        if broken > 0 {
            parts.push(format!("{} with mistakes", text::count(broken, "file")));
        }
        let millis = nanos / 1_000_000;
        let time = format!("in {}.{:02} s", millis / 1_000, millis % 1_000 / 10);
        let line = format!("{} {time}", parts.join(", "));
        output::talk("");
        if self.failed > 0 || broken > 0 {
            Complaint::new(Kind::Error, line).say(self.terminal);
        } else {
            output::talk(&line);
        }
    }
}

/// The command that runs this very test again.
fn again(file: &Path, block: &Block, seed: u64) -> String {
    let file = quoted(&file.display().to_string());
    let name = quoted(&block.name);
    format!("smc test {file} --exact --filter {name} --seed {seed}")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn json(file: &Path, block: &Block, told: &Told, verdict: Option<&Verdict>) -> Json {
    let mut object = json!({
        "event": "test",
        "file": file.display().to_string(),
        "name": block.name,
        "line": block.line,
        "column": block.column,
        "outcome": if verdict.is_none() { "ok" } else { "failed" },
        "seed": told.ran.seed,
        "seeds": told.seeds,
        "simulated": told.ran.simulated,
        "fuel": told.ran.fuel,
        "nanos": told.ran.nanos,
        "output": told.ran.output,
    });
    if let Some(verdict) = verdict {
        object["failure"] = verdict.json(block);
        object["again"] = json!(again(file, block, told.ran.seed));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a/b.sm"), "a/b.sm");
        assert_eq!(quoted("it's so"), "'it'\\''s so'");
        assert_eq!(quoted(""), "''");
    }
}
