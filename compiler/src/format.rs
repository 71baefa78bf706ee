//! Source text in the one style: `smc fmt`.
//!
//! The tokens of the source are written out again in their order, each once, so that numbers,
//! strings, parentheses and comments stay as their author wrote them. Only the white space between
//! them is new, apart from commas at the ends of lines and semicolons. Three steps:
//!
//! 1. A walk over the tree ([`item`], [`expr`], [`stmt`], [`pattern`]) takes tokens and comments
//!    from a [`cursor`] and says where lines may break.
//! 2. What it says is a [`doc`]: pieces of text, possible line breaks, and groups of them.
//! 3. [`render`] decides group by group whether it fits on the line, in linear time.
//!
//! A break is only offered where the layout filter of the lexer goes on with the statement. The
//! result is parsed again and compared with what was read: a program is never changed.

mod columns;
mod cursor;
mod doc;
mod expr;
mod item;
mod list;
mod pattern;
mod postfix;
mod render;
mod stmt;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::ast::{FileId, Module, Span, dump};
use crate::diagnostic::{Diagnostic, has_errors};
use crate::lexer::lex;
use crate::limits::MAX_COLUMNS;
use crate::parse;
use cursor::Formatter;

/// Why a text is not formatted.
#[derive(Debug)]
pub enum Unformatted {
    /// The syntax is wrong; what the parser has to say, warnings included.
    Mistakes(Vec<Diagnostic>),
    /// The formatted text would not mean the same, or lack a comment: a bug in the formatter.
    Changed,
}

/// `source` in the style of the language.
///
/// # Errors
///
/// If `source` cannot be parsed. The spans of the diagnostics are those of `source`.
pub fn format(source: &str) -> Result<String, Unformatted> {
    format_to(source, MAX_COLUMNS)
}

/// The same with lines of so many columns: tests use narrow ones, which break everything.
fn format_to(source: &str, columns: usize) -> Result<String, Unformatted> {
    let (module, diagnostics) = parse(FILE, source);
    if has_errors(&diagnostics) {
        return Err(Unformatted::Mistakes(diagnostics));
    }
    let text = plain(source);
    let formatted = match &text {
        Cow::Borrowed(text) => Formatter::new(text, columns).module(&module),
        Cow::Owned(text) => Formatter::new(text, columns).module(&parse(FILE, text).0),
    };
    if formatted != source && !(means(&formatted, &module) && has_comments(&formatted, &text)) {
        return Err(Unformatted::Changed);
    }
    Ok(formatted)
}

/// Spans in one text need no file.
const FILE: FileId = FileId(0);

/// Without a byte order mark, and with lines that end as they do on Unix.
fn plain(source: &str) -> Cow<'_, str> {
    let text = source.trim_start_matches('\u{feff}');
    if text.len() == source.len() && !text.contains("\r\n") {
        return Cow::Borrowed(source);
    }
    let mut lines = text.split('\n').peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(line) = lines.next() {
        if lines.peek().is_none() {
            out.push_str(line);
            break;
        }
        out.push_str(line.trim_end_matches('\r'));
        out.push('\n');
    }
    Cow::Owned(out)
}

/// Whether `text` is parsed as `module`.
fn means(text: &str, module: &Module) -> bool {
    let (again, diagnostics) = parse(FILE, text);
    !has_errors(&diagnostics) && dump(&again) == dump(module)
}

/// Whether two texts have the same comments, but for white space behind them.
fn has_comments<'t>(text: &'t str, other: &'t str) -> bool {
    let (ours, theirs) = (lex(FILE, text).comments, lex(FILE, other).comments);
    let comments = |text: &'t str, spans: Vec<Span>| {
        let comments = spans.into_iter().map(|span| text[span.range()].trim_end());
        comments.collect::<Vec<&str>>()
    };
    comments(text, ours) == comments(other, theirs)
}
