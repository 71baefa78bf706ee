//! How a run ended, for people and for programs.

use serde_json::{Value as Json, json};
use sm_bytecode::TrapKind;
use sm_core::node::{End, Kill};
use sm_vm::Value;

use crate::backtrace::Backtrace;
use crate::complaint::{Complaint, Kind, Place};
use crate::exit::{Exit, Failure};
use crate::output::{self, Terminal};
use crate::program::Program;

/// The end of a run.
#[derive(Debug)]
pub(crate) enum Conclusion {
    /// `main` answered a value.
    Done(Value),
    /// `main` answered `Err` with this.
    Failed(Value),
    /// A bug in the program.
    Trap {
        kind: Option<TrapKind>,
        message: Option<String>,
        backtrace: Backtrace,
    },
    /// The node ended it.
    Killed(Kill),
    /// Nothing more can happen, and `main` has not ended.
    Stuck { waits_for: Option<String> },
    /// `main` was sent on as copies, none of which answers for it.
    Copied,
    /// It was on a node that has lost its memory.
    Lost,
    /// The deadline passed.
    Timeout {
        /// What it did then, where that is known.
        doing: Option<String>,
    },
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl Conclusion {
    /// What a message's end means for the run.
    pub(crate) fn of(program: &Program, end: &End) -> Result<Self, Failure> {
        Ok(match end {
            End::Done { value, .. } => match program.result(value)? {
                Value::Enum {
                    name,
                    variant,
                    mut fields,
                } if name == "Result" => {
                    let inner = fields.pop().map_or(Value::Unit, |(_, inner)| inner);
                    if variant == "Err" {
                        Self::Failed(inner)
                    } else {
                        Self::Done(inner)
                    }
                }
                value => Self::Done(value),
            },
            End::Trap {
                kind,
                message,
                frames,
            } => Self::Trap {
                kind: TrapKind::from_code(*kind),
                message: message.clone(),
                backtrace: Backtrace::of(program, frames),
            },
            End::Killed(kill) => Self::Killed(*kill),
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Done(_) | Self::Copied => Exit::Ok,
            Self::Failed(_) | Self::Trap { .. } | Self::Stuck { .. } => Exit::Failed,
            Self::Killed(Kill::LostInHop) | Self::Lost => Exit::Unreachable,
            Self::Killed(Kill::Corrupt) => Exit::Failed,
            Self::Killed(_) => Exit::Refused,
            Self::Timeout { .. } => Exit::Timeout,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// Whether the program ended well, but with a value that cannot leave the message.
    pub(crate) fn is_no_data(&self) -> bool {
        match self {
            Self::Trap {
                kind, backtrace, ..
            } => *kind == Some(TrapKind::NotData) && backtrace.is_at_the_end(),
            _ => false,
        }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// Writes a result to standard output, and everything else to standard error.
    pub(crate) fn show(&self, terminal: &Terminal, program: &Program) -> Result<(), Failure> {
        match self {
            Self::Done(Value::Unit) => Ok(()),
            Self::Done(value) => output::line(value),
            Self::Interrupted | Self::Copied => {
                output::talk(&self.sentence());
                Ok(())
            }
            _ => {
                self.complain(terminal, program, Kind::Error, self.sentence());
                Ok(())
            }
        }
    }

    /// The end of a message that is not the one the run is about.
    pub(crate) fn warn(&self, terminal: &Terminal, program: &Program) {
        let message = format!("a spawned message died: {}", self.sentence());
        self.complain(terminal, program, Kind::Warning, message);
    }

    fn complain(&self, terminal: &Terminal, program: &Program, kind: Kind, message: String) {
        let complaint = Complaint::new(kind, message);
        match self {
            Self::Trap { backtrace, .. } => {
                let place = backtrace.place(program);
                let help = place.as_ref().and_then(|place| self.advice(place));
                complaint.at(place).help(help).say(terminal);
                output::talk(&backtrace.show(terminal));
            }
            Self::Stuck {
                waits_for: Some(tag),
            } => {
                let help = format!(
                    "it waits for the tag `{tag}`; `block({tag}, timeout: ..)` gives up in time"
                );
                complaint.help([help]).say(terminal);
            }
            Self::Timeout { doing: Some(doing) } => complaint.help([doing.clone()]).say(terminal),
            _ => complaint.say(terminal),
        }
    }

    /// What to do about a trap at this place.
    fn advice(&self, place: &Place<'_>) -> Option<String> {
        let Self::Trap { kind, .. } = self else {
            return None;
        };
        let written = place.text.get(place.range.clone())?;
        let tag = written.strip_prefix("read(")?.strip_suffix(")!")?;
        (*kind == Some(TrapKind::UnwrapNone)).then(|| {
            format!("the node has no tag `{tag}` to read; `read({tag}) ?? ..` gives a default")
        })
    }

    /// What happened, in one line.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Done(value) => format!("main answered {value}"),
            Self::Failed(error) => format!("main answered Err({error})"),
            Self::Trap { kind, message, .. } => trap_sentence(*kind, message.as_deref()),
            Self::Killed(kill @ Kill::LostInHop) => format!("the program is lost: {kill}"),
            Self::Killed(kill) => format!("the node ended the program: {kill}"),
            Self::Stuck { .. } => {
                "the program waits for something that cannot happen any more".to_owned()
            }
            Self::Copied => "main went on as copies, and answers nothing".to_owned(),
            Self::Lost => {
                "the program is lost: the node where it was has lost its memory".to_owned()
            }
            Self::Timeout { .. } => "the program did not end in time".to_owned(),
            Self::Interrupted => "interrupted".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Done(value) => json!({ "end": "done", "result": value.to_string() }),
            Self::Failed(error) => json!({ "end": "failed", "error": error.to_string() }),
            Self::Trap {
                kind,
                message,
                backtrace,
            } => json!({
                "end": "trap",
                "kind": kind.map(|kind| format!("{kind:?}")),
                "message": message,
                "frames": backtrace.json(),
            }),
            Self::Killed(kill) => json!({ "end": "killed", "reason": kill.to_string() }),
            Self::Stuck { waits_for } => json!({ "end": "stuck", "waits_for": waits_for }),
            Self::Copied => json!({ "end": "copied" }),
            Self::Lost => json!({ "end": "lost" }),
            Self::Timeout { doing } => json!({ "end": "timeout", "doing": doing }),
            Self::Interrupted => json!({ "end": "interrupted" }),
        }
    }
}

/// `trap IntOverflow: integer overflow`, and what the program said about it.
pub(crate) fn trap_sentence(kind: Option<TrapKind>, message: Option<&str>) -> String {
    let Some(kind) = kind else {
        return "trap of a kind that this smc does not know".to_owned();
    };
    match message {
        Some(message) => format!("trap {kind:?}: {message}"),
        None => format!("trap {kind:?}: {kind}"),
    }
}
