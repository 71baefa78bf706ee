//! Diagnostics on their way to people and tools.

use serde_json::{Value as Json, json};
use sm_compiler::ast::{FileId, Span};
use sm_compiler::diagnostic::render::{Color, RenderOptions, render};
use sm_compiler::diagnostic::{Applicability, Diagnostic, Fix, Label, Severity};

use crate::exit::Failure;
use crate::output::{self, MessageFormat, Style, Terminal};
use crate::sources::Sources;

/// Whether diagnostics are what the command was asked for, and so its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Data,
    Talk,
}

/// Writes all of them as the terminal wants them: JSON that is the command's data to standard
/// output, everything else to standard error.
pub(crate) fn show(
    terminal: &Terminal,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    role: Role,
) -> Result<(), Failure> {
    for diagnostic in diagnostics {
        let diagnostic = &hinted(sources, diagnostic);
        let text = match terminal.format {
            MessageFormat::Human => human(terminal, sources, diagnostic),
            MessageFormat::Short => short(terminal, sources, diagnostic),
            MessageFormat::Json => json(sources, diagnostic).to_string(),
        };
        if terminal.format == MessageFormat::Json && role == Role::Data {
            output::line(text)?;
        } else {
            output::talk(&text);
        }
    }
    Ok(())
}

/// With the import that it lacks, if the library has what the program names and the compiler knows
/// no other help.
fn hinted(sources: &Sources, diagnostic: &Diagnostic) -> Diagnostic {
    let Label { file, span, .. } = &diagnostic.primary;
    let name = sources.text_of(*file).get(span.range()).unwrap_or_default();
    let mut diagnostic = diagnostic.clone();
    let is_certain = |fix: &Fix| fix.applicability == Applicability::MachineApplicable;
    if diagnostic.help.is_empty() && !diagnostic.fixes.iter().any(is_certain) {
        diagnostic
            .help
            .extend(sm_stdlib::hint(diagnostic.code, name));
    }
    diagnostic
}

/// With the source around it, as ariadne draws it.
fn human(terminal: &Terminal, sources: &Sources, diagnostic: &Diagnostic) -> String {
    let color = if terminal.colored {
        Color::Ansi
    } else {
        Color::Plain
    };
    let options = RenderOptions {
        color,
        ..RenderOptions::default()
    };
    render(std::slice::from_ref(diagnostic), sources, options)
        .trim_end()
        .to_owned()
}

/// `file:line:column: error[SM0123]: message`
fn short(terminal: &Terminal, sources: &Sources, diagnostic: &Diagnostic) -> String {
    let Label { file, span, .. } = &diagnostic.primary;
    let (line, column) = position(sources, *file, span.start);
    let place = format_args!("{}:{line}:{column}:", sources.name(*file)).to_string();
    let (style, word) = match diagnostic.severity {
        Severity::Error => (Style::Error, "error"),
        Severity::Warning => (Style::Warning, "warning"),
    };
    let word = terminal.paint(style, format_args!("{word}[{}]:", diagnostic.code));
    format!(
        "{} {word} {}",
        terminal.paint(Style::Name, place),
        diagnostic.message
    )
}

fn json(sources: &Sources, diagnostic: &Diagnostic) -> Json {
    let Label { file, span, text } = &diagnostic.primary;
    let mut object = place(sources, *file, *span);
    object["code"] = json!(diagnostic.code);
    object["severity"] = json!(diagnostic.severity);
    object["message"] = json!(diagnostic.message);
    object["label"] = json!(text);
    let label = |label: &Label| {
        let mut object = place(sources, label.file, label.span);
        object["text"] = json!(label.text);
        object
    };
    object["labels"] = diagnostic.labels.iter().map(label).collect();
    object["notes"] = json!(diagnostic.notes);
    object["help"] = json!(diagnostic.help);
    object["fixes"] = json!(diagnostic.fixes);
    object
}

/// File, line, column (in characters, from one), and the range in bytes.
fn place(sources: &Sources, file: FileId, span: Span) -> Json {
    let (line, column) = position(sources, file, span.start);
    json!({
        "file": sources.name(file),
        "line": line,
        "column": column,
        "start": span.start,
        "end": span.end,
    })
}

/// Line and column of a byte, both from one; the column counts characters.
pub(crate) fn position(sources: &Sources, file: FileId, at: u32) -> (usize, usize) {
    line_and_column(sources.text_of(file), at)
}

/// The same in a text.
pub(crate) fn line_and_column(text: &str, at: u32) -> (usize, usize) {
    let before = text.get(..at as usize).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}
