//! `smc replay`: the recorded life of a node, lived again.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sm_core::node::Output;
use sm_sim::network::show_span;
use sm_sim::replay::{ReplayError, Replayed, replay};

use crate::exit::{Exit, Failure};
use crate::{output, source, text};

/// Replay what `smc node --record` wrote down, and check that nothing differs
///
/// The node's core is fed what it was fed then. What programs print is printed again; at each
/// checkpoint the hashes of all outputs and of the state must be those of the recording.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// The recording
    #[arg(value_name = "FILE.smtrace")]
    file: PathBuf,

    /// Write one JSON object about the replay, instead of lines
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

/// The longest recording that is read.
const RECORDING_BYTES: usize = 1 << 30;

impl Options {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let bytes = source::bytes("recording", &self.file, RECORDING_BYTES)?;
        let mut lines = Vec::new();
        let replayed = replay(&bytes, |_, output| {
            if let Output::Print { text, .. } = output {
                lines.push(text.clone());
            }
        });
        let replayed = replayed.map_err(|error| self.failure(&error))?;
        if self.json {
            output::line(object(&replayed, &lines))?;
        } else {
            lines.iter().try_for_each(output::line)?;
            output::talk(&summary(&replayed));
        }
        Ok(Exit::Ok)
    }

    fn failure(&self, error: &ReplayError) -> Failure {
        let failure = Failure::failed(format!("`{}`: {error}", self.file.display()));
        match error {
            ReplayError::Malformed(_) => failure.help("`smc node --record FILE` makes recordings"),
            ReplayError::Diverged(_) => {
                failure.help("another version of smc recorded it, or the file is damaged")
            }
        }
    }
}

fn summary(replayed: &Replayed) -> String {
    format!(
        "{} in {}, {} met; outputs {}, state {}",
        text::count(replayed.inputs as usize, "input"),
        show_span(replayed.span),
        text::count(replayed.checkpoints as usize, "checkpoint"),
        replayed.end.outputs,
        replayed.end.state,
    )
}

fn object(replayed: &Replayed, lines: &[String]) -> serde_json::Value {
    json!({
        "inputs": replayed.inputs,
        "checkpoints": replayed.checkpoints,
        "span_nanos": replayed.span.0,
        "outputs": replayed.end.outputs.to_string(),
        "state": replayed.end.state.to_string(),
        "output": lines,
    })
}
