//! Tests of the parser.
//!
//! [`constructs`] shows the tree of every construct, [`mistakes`] the messages for every mistake,
//! [`limits`] what is refused because of its size, [`properties`] what holds for any text at all.

mod constructs;
mod limits;
mod mistakes;
mod properties;

use super::parse;
use crate::ast::{FileId, Module, dump};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{RenderOptions, SourceFile, render};

fn parse_text(source: &str) -> (Module, Vec<Diagnostic>) {
    parse(FileId(0), source)
}

/// The tree of a program without mistakes.
fn tree(source: &str) -> String {
    let (module, diagnostics) = parse_text(source);
    let messages = rendered(source, &diagnostics);
    assert!(diagnostics.is_empty(), "{messages}");
    dump(&module)
}

fn rendered(source: &str, diagnostics: &[Diagnostic]) -> String {
    let file = SourceFile {
        name: "test.sm",
        text: source,
    };
    render(diagnostics, &[file], RenderOptions::default())
}

fn codes(source: &str) -> Vec<&'static str> {
    parse_text(source)
        .1
        .iter()
        .map(|diagnostic| diagnostic.code.as_str())
        .collect()
}

/// The statements of `main`, as a tree.
fn body(statements: &str) -> String {
    tree(&format!("fn main() {{\n{statements}\n}}"))
}

fn snapshot(folder: &str, name: &str, source: &str, result: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path(format!("tests/{folder}"));
    settings.set_omit_expression(true);
    // Lines that ariadne ends with a space would not survive an editor.
    let result: Vec<&str> = result.lines().map(str::trim_end).collect();
    let text = format!("{}\n----\n{}", source.trim_matches('\n'), result.join("\n"));
    settings.bind(|| insta::assert_snapshot!(name, text));
}
