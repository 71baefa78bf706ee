//! `smc cost`: what travels with a message.

use std::path::PathBuf;

use sm_compiler::cost::{Assume, Point};
use sm_compiler::diagnostic::{Diagnostic, code};

use crate::cost::{self, Report, Types};
use crate::diagnostics::{self, Role};
use crate::exit::{Exit, Failure};
use crate::output::{self, MessageFormat, Terminal};
use crate::program::Program;
use crate::{compile, project, text};

/// Show what travels with the messages of a program
///
/// For each place where a message can move or sleep, also in functions that are
/// called there: the variables that are still needed, with their types and bytes,
/// and the bounds of the whole state, with the frames of all functions under way
/// in the largest chain of calls.
///
/// Bounds hold for every run: an Int takes 1 to 10 bytes, an element of a list
/// comes to the rest. --elements counts them in.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// A program (.sm), a bundle of bricks (.smb), or the folder of a project
    ///
    /// Default: the project of the current folder.
    file: Option<PathBuf>,

    /// Fail where the state can have more bytes, or no bound
    ///
    /// What counts is the largest state with --elements in each list, map and text.
    #[arg(long, env = "SM_MAX_STATE_BYTES", value_name = "N")]
    max_state_bytes: Option<u64>,

    /// Count so many elements in each list, map and set, bytes in each text, and
    /// links in each recursive type
    #[arg(long, env = "SM_ELEMENTS", value_name = "M", default_value_t = 0)]
    elements: u64,

    /// Write one JSON object, as --message-format json does
    #[arg(long, env = "SM_JSON")]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        let path = project::choose(self.file.as_deref())?.path;
        let program = Program::open(terminal, &path)?;
        let types = match path.extension().is_some_and(|ending| ending == "sm") {
            true => Types::of_program(compile::check(&path)?.program),
            false => Types::default(),
        };
        let assume = Assume {
            elements: self.elements,
        };
        let report = Report::of(&program, assume, types)?;
        if self.json || terminal.format == MessageFormat::Json {
            output::line(cost::json(&report))?;
        } else {
            output::data(cost::text(terminal, &report))?;
        }
        let found = self.too_large(&report);
        diagnostics::show(terminal, &program.sources, &found, Role::Talk)?;
        if found.is_empty() {
            return Ok(Exit::Ok);
        }
        let name = path.display().to_string();
        compile::summary(terminal, &name, &found);
        Ok(Exit::Failed)
    }

    /// The places where more may travel than is allowed.
    fn too_large(&self, report: &Report<'_>) -> Vec<Diagnostic> {
        let Some(allowed) = self.max_state_bytes else {
            return Vec::new();
        };
        // Where one's own function is called, its own places say more.
        let points = report.points.iter();
        let points = points.filter(|point| report.last.contains(&point.frame.place));
        points
            .filter_map(|point| refusal(report, point, allowed))
            .collect()
    }
}

fn refusal(report: &Report<'_>, point: &Point, allowed: u64) -> Option<Diagnostic> {
    let (file, span) = report.span(&point.frame).unwrap_or_default();
    let shown = |bytes: u64| text::size(usize::try_from(bytes).unwrap_or(usize::MAX));
    if !point.recursive.is_empty() {
        let names = point.recursive.iter();
        let names: Vec<String> = names.map(|name| format!("`{}`", name.name)).collect();
        let message = "the state of the message has no bound here";
        return Some(
            Diagnostic::error(code::STATE_UNBOUNDED, file, span, message)
                .at("the message can move or sleep here")
                .note(format!(
                    "{} may call itself, once more each time",
                    names.join(", ")
                ))
                .help("let the recursion end before the message moves, or make it a loop"),
        );
    }
    if point.state.max <= allowed {
        return None;
    }
    let most = shown(point.state.max);
    let message = format!(
        "the state may have {most} here, {} are allowed",
        shown(allowed)
    );
    let mut found = Diagnostic::error(code::STATE_TOO_LARGE, file, span, message)
        .at("the message can move or sleep here");
    let mut frames: Vec<_> = point.chain.iter().collect();
    frames.sort_by_key(|frame| std::cmp::Reverse(frame.size.max));
    for frame in frames.into_iter().take(LARGEST) {
        let mut variables: Vec<_> = frame.variables.iter().collect();
        variables.sort_by_key(|variable| std::cmp::Reverse(variable.size.max));
        let names = variables.iter().filter_map(|variable| {
            let name = variable.names.first()?;
            Some(format!("`{name}` {}", cost::bytes(&variable.size)))
        });
        let names: Vec<String> = names.take(LARGEST).collect();
        let size = shown(frame.size.max);
        let note = match names.is_empty() {
            true => format!("{} has up to {size}", frame.function.name),
            false => format!(
                "{} has up to {size}: {}",
                frame.function.name,
                names.join("; ")
            ),
        };
        found = found.note(note);
    }
    Some(found)
}

/// How many frames, and variables in each, are named as the largest.
const LARGEST: usize = 3;
