//! From text to the syntax tree.
//!
//! [`parse`] is the one seam: nothing outside of this module knows how the grammar is processed.
//! Items are parsed one by one; one with an error is repaired and parsed again (see [`recovery`]),
//! so that a run reports every independent mistake.

mod comments;
mod context;
mod expected;
mod literal;
mod mistakes;
pub(crate) mod operators;
mod recovery;

#[cfg(all(test, feature = "render"))]
mod tests;

#[expect(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "generated code"
)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/parser/grammar.rs"));
}

use crate::ast::{FileId, Module, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::lexer::{self, brackets, layout};
use crate::limits::{MAX_SOURCE_BYTES, MAX_SYNTAX_ERRORS};

use context::{Context, doc_text};

/// Parses one source file. The tree holds error nodes where `source` is wrong; it never fails.
///
/// Time is linear in the length of `source`, and the height of the tree is bounded by
/// [`crate::limits::MAX_DEPTH`].
#[must_use]
pub fn parse(file: FileId, source: &str) -> (Module, Vec<Diagnostic>) {
    if source.len() > MAX_SOURCE_BYTES {
        return (empty_module(file), vec![too_large(file, source.len())]);
    }
    let lexed = lexer::lex(file, source);
    let at_end = if lexed.swallowed_end {
        brackets::AtEnd::Close
    } else {
        brackets::AtEnd::Report
    };
    let (tokens, unbalanced) = brackets::balance(file, source, lexed.tokens, at_end);
    let layout = layout::lay_out(file, &tokens);
    drop(tokens);

    let mut cx = Context::new(file, source, lexed.docs);
    // Brackets that are too deep make a tree that is too high, which is no second mistake.
    let is_too_deep = unbalanced
        .iter()
        .any(|diagnostic| diagnostic.code == code::TOO_DEEP);
    let of_layout = layout.diagnostics.into_iter();
    cx.diagnostics.extend(lexed.diagnostics);
    cx.diagnostics.extend(unbalanced);
    cx.diagnostics
        .extend(of_layout.filter(|d| !is_too_deep || d.code != code::TOO_DEEP));
    let items = recovery::parse_items(&mut cx, &layout.tokens, &layout.items);
    if cx.diagnostics.is_empty() {
        let divisions = comments::divisions((file, source), &lexed.comments, &layout.tokens);
        cx.report_lost_docs();
        cx.diagnostics.extend(divisions);
    }
    let docs = lexed.module_docs.map(|span| doc_text(source, span, "//!"));
    let module = Module {
        file,
        docs,
        items,
        span: Span::new(0, source.len() as u32),
    };
    (module, in_order(file, cx.diagnostics))
}

/// In the order of the source, and no more than a reader can use.
fn in_order(file: FileId, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.primary.span, diagnostic.code));
    let more = diagnostics.len().saturating_sub(MAX_SYNTAX_ERRORS);
    if more > 0 {
        diagnostics.truncate(MAX_SYNTAX_ERRORS);
        let last = diagnostics
            .last()
            .map_or(Span::default(), |last| last.primary.span);
        let message = format!("there are more mistakes than these {MAX_SYNTAX_ERRORS}");
        diagnostics.push(
            Diagnostic::error(code::TOO_MANY_ERRORS, file, last, message)
                .help("mend some of them and compile again"),
        );
    }
    diagnostics
}

fn empty_module(file: FileId) -> Module {
    Module {
        file,
        docs: None,
        items: Vec::new(),
        span: Span::default(),
    }
}

fn too_large(file: FileId, bytes: usize) -> Diagnostic {
    let message =
        format!("the file is too large: {bytes} bytes, where {MAX_SOURCE_BYTES} are allowed");
    Diagnostic::error(code::SOURCE_TOO_LARGE, file, Span::default(), message)
        .help("split it into modules")
}
