//! What is said about a test that failed.

use serde_json::{Value as Json, json};
use sm_bytecode::TrapKind;
use sm_core::node::End;

use super::case::{Ended, LONGEST, Ran};
use super::comparison::Comparison;
use super::suite::Block;
use crate::backtrace::Backtrace;
use crate::complaint::{Complaint, Kind, Place};
use crate::conclusion::trap_sentence;
use crate::output::Terminal;

/// The module of the library behind which the runner stands: its calls are nobody's business.
const TESTING: &str = sm_compiler::check::TESTING;

/// Why a test failed.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// In one sentence, without a full stop.
    pub(crate) sentence: String,
    pub(crate) comparison: Option<Comparison>,
    backtrace: Option<Backtrace>,
    help: Vec<String>,
}

impl Verdict {
    /// `None` for a test that held.
    pub(crate) fn of(block: &Block, ran: &Ran) -> Option<Self> {
        let plain = |sentence: String, help: &[String]| Self {
            sentence,
            comparison: None,
            backtrace: None,
            help: help.to_vec(),
        };
        Some(match &ran.end {
            Ended::Well => return None,
            Ended::Badly(End::Trap {
                kind,
                message,
                frames,
            }) => {
                let mut verdict = trap(TrapKind::from_code(*kind), message.as_deref());
                verdict.backtrace = Some(Backtrace::of(&block.program, frames).without(TESTING));
                verdict
            }
            Ended::Badly(End::Killed(kill)) => {
                plain(format!("the node ended the test: {kill}"), &[])
            }
            Ended::Badly(End::Done { .. }) => return None,
            Ended::OutOfFuel(fuel) => plain(
                format!(
                    "the test does not end: it has used up its {} of fuel",
                    units(*fuel)
                ),
                &["`--fuel N` gives a test more".to_owned()],
            ),
            Ended::Stuck { waits_for } => {
                let help = waits_for.as_ref().map(|tag| {
                    format!(
                        "it waits for the tag `{tag}`; `block({tag}, timeout: ..)` gives up in time"
                    )
                });
                let help: Vec<String> = help.into_iter().collect();
                let sentence = "the test waits for something that cannot happen any more";
                plain(sentence.to_owned(), &help)
            }
            Ended::TooLong => plain(
                format!(
                    "the test does not end: it still waits after {} of virtual time",
                    crate::text::age(LONGEST.0)
                ),
                &[],
            ),
            Ended::Refused(why) => plain(format!("the test is not started: {why}"), &[]),
        })
    }

    /// The source with what was wrong there, the two sides, and the calls.
    pub(crate) fn show(&self, terminal: &Terminal, block: &Block) -> String {
        let place = self.backtrace.as_ref();
        let place = place.and_then(|trace| trace.place(&block.program));
        let own = place.or_else(|| block.place());
        let mut text = Complaint::new(Kind::Error, self.sentence.as_str())
            .at(own)
            .help(self.help.iter().cloned())
            .text(terminal)
            .trim_end()
            .to_owned();
        if let Some(comparison) = &self.comparison {
            text.push('\n');
            text.push_str(&comparison.show());
        }
        if let Some(calls) = self.backtrace.as_ref().filter(|trace| trace.len() > 1) {
            text.push('\n');
            text.push_str(&calls.show(terminal));
        }
        text
    }

    pub(crate) fn json(&self, block: &Block) -> Json {
        let place = self.backtrace.as_ref();
        let place = place.and_then(|trace| trace.place(&block.program));
        let mut object = json!({ "message": self.sentence });
        if let Some(place) = place {
            let start = place.range.start as u32;
            let (line, column) = crate::diagnostics::line_and_column(place.text, start);
            object["file"] = json!(place.file);
            object["line"] = json!(line);
            object["column"] = json!(column);
        }
        if let Some(Comparison { left, right }) = &self.comparison {
            object["left"] = json!(left);
            object["right"] = json!(right);
        }
        if let Some(trace) = &self.backtrace {
            object["frames"] = trace.json();
        }
        object
    }
}

impl Block {
    /// Where it stands.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        let sources = &self.program.sources;
        let text = sources.module_text(sources.root())?;
        let line = text.lines().nth(self.line - 1)?;
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        Some(Place {
            file: sources.name(sm_compiler::ast::FileId(0)),
            text,
            range: start..start + line.trim_end().len(),
            label: "this one",
        })
    }
}

fn trap(kind: Option<TrapKind>, message: Option<&str>) -> Verdict {
    let (sentence, comparison) = match (kind, message) {
        (Some(TrapKind::AssertFailed), Some(message)) => {
            let (first, sides) = Comparison::split(message);
            (first.to_owned(), sides)
        }
        (Some(TrapKind::AssertFailed), None) => ("the assertion does not hold".to_owned(), None),
        (Some(TrapKind::Panic), Some(message)) => (message.to_owned(), None),
        _ => (trap_sentence(kind, message), None),
    };
    Verdict {
        sentence,
        comparison,
        backtrace: None,
        help: Vec::new(),
    }
}

/// `100,000,000 units`
fn units(fuel: u64) -> String {
    format!("{} units", crate::text::thousands(fuel))
}
