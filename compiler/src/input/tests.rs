//! Text at a prompt: complete or not, piece by piece.

use proptest::prelude::*;

use super::*;

#[test]
fn complete_inputs() {
    for text in [
        "",
        "1 + 2",
        "// comment",
        "let x = [1, 2]",
        "f(x)!",
        "fn f() -> Int { 1 }",
        "x)",
        "tag t: Result<Int, Str>",
        "tag t: Int??",
        "let s = \"open",
        "if a { 1 } else { 2 }",
        "struct P {\n    x: Int\n}",
        "let f = fn(x: Int) { x }",
        "return",
        "a; b",
        "f(]",
        "tag three_signal",
    ] {
        assert_eq!(completeness(text), Completeness::Complete, "{text}");
    }
}

#[test]
fn open_inputs() {
    for text in [
        "f(",
        "fn f() {",
        "[1,\n 2",
        "#{",
        "\"\"\"text",
        "/* comment",
        "{ (\n",
        "fn f() { let s = \"{x}\"",
        "fn f() {\n\n",
    ] {
        assert_eq!(completeness(text), Completeness::Open, "{text}");
    }
}

#[test]
fn dangling_inputs() {
    for text in [
        "1 +",
        "let x =",
        "xs.",
        "a ??",
        "fn f()",
        "if x",
        "if a { 1 } else",
        "fn f() -> Int",
        "struct P",
        "while true",
        "f(x),",
        "import",
    ] {
        assert_eq!(completeness(text), Completeness::Dangling, "{text}");
    }
}

#[test]
fn declarations_and_statements_are_told_apart() {
    let text = "fn f() {\n    1\n}\nlet x = f()\ntag t: Int\nx; tag = 3\nfn(a) { a }";
    let found: Vec<(PieceKind, &str)> = pieces(text)
        .into_iter()
        .map(|piece| (piece.kind, &text[piece.span.range()]))
        .collect();
    let (item, statement) = (PieceKind::Item, PieceKind::Statement);
    assert_eq!(
        found,
        [
            (item, "fn f() {\n    1\n}"),
            (statement, "let x = f()"),
            (item, "tag t: Int"),
            (statement, "x"),
            (statement, "tag = 3"),
            (statement, "fn(a) { a }"),
        ]
    );
}

#[test]
fn every_word_has_its_class() {
    let text = "let x: Int = 3 // three\nprint(\"a {x} b\")";
    let found: Vec<(&str, Class)> = classes(text)
        .into_iter()
        .map(|(span, class)| (&text[span.range()], class))
        .collect();
    assert_eq!(
        found,
        [
            ("let", Class::Keyword),
            ("x", Class::Name),
            ("Int", Class::Type),
            ("3", Class::Literal),
            ("// three", Class::Comment),
            ("print", Class::Name),
            ("\"", Class::Text),
            ("a ", Class::Text),
            ("x", Class::Name),
            (" b", Class::Text),
            ("\"", Class::Text),
        ]
    );
}

#[test]
fn keywords_are_words_of_the_lexer() {
    for word in KEYWORDS {
        let tokens = lexer::lex(FILE, word).tokens;
        assert_eq!(tokens.len(), 1, "{word}");
        assert_ne!(tokens[0].kind, T::Ident, "{word}");
    }
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in "[a-z0-9 \"{}()\\[\\]/*\n.:=+é]{0,60}") {
        let _ = completeness(&text);
        let mut end = 0;
        for (span, _) in classes(&text) {
            prop_assert!(end <= span.start && span.start < span.end);
            end = span.end;
        }
        let mut end = 0;
        for piece in pieces(&text) {
            prop_assert!(end <= piece.span.start && piece.span.start <= piece.span.end);
            end = piece.span.end;
        }
    }

    /// What is open becomes complete when it is closed, and not before.
    #[test]
    fn closing_what_is_open_completes_it(depth in 1_usize..20) {
        let open = "f([".repeat(depth);
        prop_assert_eq!(completeness(&open), Completeness::Open);
        let closed = format!("{open}1{}", "])".repeat(depth));
        prop_assert_eq!(completeness(&closed), Completeness::Complete);
    }
}
