//! Tests of the formatter.
//!
//! [`constructs`] shows each construct short and too long for a line, [`comments`] where comments
//! end up, [`properties`] what holds for every program in the repository, however it is spaced.

mod comments;
mod constructs;
mod properties;

use super::{FILE, format_to};
use crate::ast::Module;
use crate::diagnostic::has_errors;
use crate::lexer::lex;
use crate::limits::MAX_COLUMNS;
use crate::parse;

/// `source` in the style, after checking that it still means the same, that no comment is lost,
/// and that nothing is left to format.
fn formatted(source: &str) -> String {
    formatted_to(source, MAX_COLUMNS)
}

fn formatted_to(source: &str, columns: usize) -> String {
    let out = match format_to(source, columns) {
        Ok(out) => out,
        Err(why) => panic!("not formatted: {why:?}\n{source}"),
    };
    let (before, after) = (parse(FILE, source).0, parse(FILE, &out));
    assert!(
        !has_errors(&after.1),
        "{:?}\n{source}\n----\n{out}",
        after.1
    );
    assert_eq!(
        without_spans(&before),
        without_spans(&after.0),
        "another meaning\n{source}\n----\n{out}"
    );
    assert_eq!(comments(source), comments(&out), "{source}\n----\n{out}");
    let again = format_to(&out, columns).expect("what was formatted can be formatted");
    assert_eq!(
        first_difference(&out, &again),
        None,
        "formatted twice, from\n{source}"
    );
    for line in out.lines() {
        let is_kept = line.contains("//") || line.contains("*/") || source.contains("\"\"\"");
        assert!(line.trim_end() == line || is_kept, "{line:?} in\n{out}");
    }
    out
}

/// The tree with all that is in it but places.
fn without_spans(module: &Module) -> String {
    let tree = format!("{module:?}");
    let mut parts = tree.split("Span { start: ");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let rest = part.split_once('}').map_or("", |(_, rest)| rest);
        out.push_str(rest);
    }
    out
}

/// The first lines in which two texts differ.
fn first_difference(a: &str, b: &str) -> Option<[Vec<String>; 2]> {
    let start = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| {
        let lines = text.lines().skip(start.saturating_sub(4)).take(12);
        lines.map(str::to_owned).collect()
    };
    (a != b).then(|| [from(a), from(b)])
}

/// The comments, without the white space at the ends of their lines.
fn comments(source: &str) -> Vec<String> {
    let lines = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let found = lex(FILE, source).comments;
    found
        .iter()
        .map(|span| lines(&source[span.range()]))
        .collect()
}

fn snapshot(folder: &str, name: &str, source: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path(format!("tests/{folder}"));
    settings.set_omit_expression(true);
    let text = format!("{}\n----\n{}", source.trim_matches('\n'), formatted(source));
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// `name: "source"` is a test that shows the source and what is made of it.
macro_rules! shown {
    ($folder:literal $($name:ident: $source:literal)*) => {
        $(
            #[test]
            fn $name() {
                super::snapshot($folder, stringify!($name), $source);
            }
        )*
    };
}
use shown;
