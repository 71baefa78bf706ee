//! What holds for any text: no panic, spans within the text and at characters, names where they
//! say.

use proptest::prelude::*;

use super::{parse_text, rendered};
use crate::ast::{Span, dump};

const SAMPLES: &[&str] = &[
    include_str!("samples/led.sm"),
    include_str!("samples/pull.sm"),
    include_str!("samples/temperature.sm"),
];

/// Pieces of programs, right and wrong.
const PIECES: &[&str] = &[
    "import",
    "as",
    "pub",
    "tag",
    "lifetime",
    "access",
    "const",
    "struct",
    "enum",
    "fn",
    "native",
    "impl",
    "test",
    "bench",
    "let",
    "var",
    "if",
    "else",
    "match",
    "for",
    "in",
    "while",
    "loop",
    "break",
    "continue",
    "return",
    "assert",
    "spawn",
    "true",
    "false",
    "self",
    "is",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    ";",
    ",",
    ":",
    ".",
    "..",
    "..=",
    "=>",
    "->",
    "@",
    "?",
    "!",
    "~",
    "||",
    "&&",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "??",
    "|",
    "^",
    "&",
    "<<",
    ">>",
    ">>>",
    "+",
    "-",
    "+%",
    "*",
    "/",
    "%",
    "=",
    "+=",
    ">>=",
    "x",
    "Foo",
    "_",
    "1",
    "0xFF",
    "1.5",
    "5s",
    "12abc",
    "\"text\"",
    "\"{",
    "}\"",
    "\"",
    "\"\"\"",
    "b\"x\"",
    "'c'",
    "\"{x:>8}\"",
    "\\",
    "$",
    "é",
    "“",
    "\n",
    "\n",
    "\n",
    "// c\n",
    "/// d\n",
    "/*",
    "*/",
    "and",
    "not",
    "func",
    "elif",
    "mut",
    "class",
    "case",
    "++",
    ":=",
    "===",
    "::",
];

/// Reads `source` and checks what must hold for any text.
fn check(source: &str) -> Result<(), TestCaseError> {
    let (module, diagnostics) = parse_text(source);
    for diagnostic in &diagnostics {
        let labels = diagnostic.labels.iter().chain([&diagnostic.primary]);
        for label in labels {
            check_span(source, label.span)?;
        }
        for edit in diagnostic.fixes.iter().flat_map(|fix| &fix.edits) {
            check_span(source, edit.span)?;
        }
    }
    let tree = format!("{module:?}");
    for span in tree.split("Span { start: ").skip(1).filter_map(span_of) {
        check_span(source, span)?;
    }
    for ident in tree.split("Ident { name: \"").skip(1) {
        let (name, rest) = ident.split_once('"').expect("a name is in quotes");
        let span = rest
            .split("Span { start: ")
            .nth(1)
            .and_then(span_of)
            .expect("a span");
        prop_assert_eq!(name, &source[span.range()]);
    }
    if !diagnostics.is_empty() {
        let has_escape = rendered(source, &diagnostics).contains('\u{1b}');
        prop_assert!(!has_escape);
    }
    let _ = dump(&module);
    Ok(())
}

/// The span in `1, end: 2 } ..`.
fn span_of(text: &str) -> Option<Span> {
    let (start, rest) = text.split_once(", end: ")?;
    let (end, _) = rest.split_once(' ')?;
    Some(Span::new(start.parse().ok()?, end.parse().ok()?))
}

fn check_span(source: &str, span: Span) -> Result<(), TestCaseError> {
    prop_assert!(
        source.get(span.range()).is_some(),
        "{span:?} of {}",
        source.len()
    );
    Ok(())
}

fn pieces(most: usize) -> impl Strategy<Value = String> {
    let piece = (
        prop::sample::select(PIECES),
        prop::sample::select(&[" ", "", " ", "  "][..]),
    );
    prop::collection::vec(piece, 0..most).prop_map(|all| {
        all.into_iter()
            .flat_map(|(piece, space)| [piece, space])
            .collect()
    })
}

/// A sample with some ranges of its characters replaced.
fn damaged() -> impl Strategy<Value = String> {
    let wound = (any::<prop::sample::Index>(), 0..12_usize, pieces(3));
    let wounds = prop::collection::vec(wound, 1..6);
    (prop::sample::select(SAMPLES), wounds).prop_map(|(sample, wounds)| {
        let mut text = sample.to_owned();
        for (at, length, with) in wounds {
            let floor = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at));
            let start = floor(at.index(text.len())).unwrap_or(0);
            let end = floor((start + length).min(text.len())).unwrap_or(start);
            text.replace_range(start..end, &with);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn any_pieces(text in pieces(60)) {
        check(&text)?;
    }

    #[test]
    fn any_pieces_in_a_function(text in pieces(40)) {
        check(&format!("fn main() {{\n{text}\n}}\ntag last: Int\n"))?;
    }

    #[test]
    fn any_damage(text in damaged()) {
        check(&text)?;
    }

    /// A mistake in one item leaves the items around it alone.
    #[test]
    fn mistakes_stay_in_their_item(text in prop::sample::select(PIECES)) {
        prop_assume!(!["\"\"\"", "/*", "// c\n", "/// d\n"].contains(&text));
        let source = format!("tag a: Int\nfn f() {{\n    {text} ? {text}\n}}\ntag b: Int\n");
        let (module, _) = parse_text(&source);
        let tree = dump(&module);
        prop_assert!(tree.starts_with("(tag a:Int)\n(fn f ()"), "{}", tree);
        prop_assert!(tree.ends_with("(tag b:Int)\n"), "{}", tree);
    }
}
