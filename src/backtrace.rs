//! Stack traces: from places in bricks to places in the source.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sm_bytecode::{BrickHash, DebugBlob, Position};
use sm_compiler::ast::Span;
use sm_core::node::TraceFrame;

use crate::complaint;
use crate::diagnostics::line_and_column;
use crate::output::{Style, Terminal};
use crate::program::Program;
use crate::sources::Sources;

/// The calls that were under way, innermost first.
#[derive(Debug)]
pub(crate) struct Backtrace(Vec<Call>);

/// A function that was under way, as well as the bundle can tell.
#[derive(Debug)]
struct Call {
    function: String,
    place: Option<Place>,
}

#[derive(Debug, PartialEq, Eq)]
struct Place {
    module: String,
    /// The module's file, for people.
    file: String,
    line: u32,
    column: u32,
    /// Bytes in the file.
    start: u32,
    end: u32,
}

/// Calls shown from each end of a deep stack.
const SHOWN: usize = 8;

impl Backtrace {
    pub(crate) fn of(program: &Program, frames: &[TraceFrame]) -> Self {
        let calls = frames.iter().flat_map(|frame| calls(program, frame));
        Self(calls.collect())
    }

    /// The place in the source of the innermost call whose source is at hand: outside of the
    /// library if there is one, since a program is wrong rather than the library.
    pub(crate) fn place<'a>(&'a self, program: &'a Program) -> Option<complaint::Place<'a>> {
        let is_own = |place: &&Place| sm_stdlib::source(&place.module).is_none();
        let places = self.0.iter().filter_map(|call| call.place.as_ref());
        let own = places.clone().filter(is_own);
        let mut found = own.chain(places).filter_map(|place| {
            let text = program.sources.module_text(&place.module)?;
            let range = place.start as usize..place.end as usize;
            Some(complaint::Place {
                file: &place.file,
                text,
                range,
                label: "here",
            })
        });
        found.next()
    }

    /// Without the calls of functions of a module.
    pub(crate) fn without(mut self, module: &str) -> Self {
        let is_in = |call: &Call| matches!(&call.place, Some(place) if place.module == module);
        self.0.retain(|call| !is_in(call));
        self
    }

    /// How many calls there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it was the answer that could not be given: no code of the program was under way.
    pub(crate) fn is_at_the_end(&self) -> bool {
        matches!(&self.0[..], [only] if only.place.is_none())
    }

    /// All calls, innermost first, one a line.
    pub(crate) fn show(&self, terminal: &Terminal) -> String {
        let mut text = String::new();
        let width = self
            .0
            .iter()
            .map(|call| call.function.chars().count())
            .max()
            .unwrap_or(0);
        let hidden = self.0.len().saturating_sub(2 * SHOWN);
        for (index, call) in self.0.iter().enumerate() {
            let skipped = hidden > 0 && (SHOWN..SHOWN + hidden).contains(&index);
            if !skipped {
                let _ = writeln!(text, "  at {:width$}  {}", call.function, call.at(terminal));
            } else if index == SHOWN {
                let _ = writeln!(text, "  .. {hidden} more calls ..");
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    pub(crate) fn json(&self) -> Json {
        let call = |call: &Call| match &call.place {
            Some(place) => json!({
                "function": call.function,
                "file": place.file,
                "line": place.line,
                "column": place.column,
            }),
            None => json!({ "function": call.function }),
        };
        self.0.iter().map(call).collect()
    }
}

impl Call {
    fn at(&self, terminal: &Terminal) -> String {
        match &self.place {
            Some(Place {
                file, line, column, ..
            }) => terminal.paint(Style::Name, format_args!("{file}:{line}:{column}")),
            None => terminal.paint(Style::Quiet, "(no position)"),
        }
    }
}

/// The calls of a frame, innermost first: several where code stands in place of a call.
fn calls(program: &Program, frame: &TraceFrame) -> Vec<Call> {
    let brick = BrickHash(frame.brick);
    let debug = program.debug().iter().find_map(|blob| {
        blob.function(&brick, frame.function)
            .map(|function| (blob, function))
    });
    let Some((blob, function)) = debug else {
        return vec![Call {
            function: format!("brick {brick:.8}"),
            place: None,
        }];
    };
    // A name of the command's own is one that no program can mean.
    let shown = |name: &str| name.trim_start_matches("__").to_owned();
    let found = function.calls(frame.pc).map(|(name, position)| Call {
        function: shown(name),
        place: place(program, blob, position),
    });
    let found: Vec<Call> = found.collect();
    if found.is_empty() {
        return vec![Call {
            function: shown(&function.name),
            place: None,
        }];
    }
    found
}

fn place(program: &Program, blob: &DebugBlob, position: &Position) -> Option<Place> {
    let module = blob.file(position)?;
    let sources = &program.sources;
    if sources.is_composed(module) {
        return written(sources, module, Span::new(position.start, position.end));
    }
    Some(Place {
        module: module.to_owned(),
        file: program.sources.module_name(module),
        line: position.line,
        column: position.column,
        start: position.start,
        end: position.end,
    })
}

/// A place in a module that was put together: there where it was written.
fn written(sources: &Sources, module: &str, span: Span) -> Option<Place> {
    let (module, span) = sources.module_origin(module, span)?;
    let (line, column) = line_and_column(sources.module_text(module)?, span.start);
    Some(Place {
        module: module.to_owned(),
        file: sources.module_name(module),
        line: line as u32,
        column: column as u32,
        start: span.start,
        end: span.end,
    })
}
