//! Tests of tokens, brackets and layout.

use super::{T, brackets, layout, lex};
use crate::ast::FileId;

const FILE: FileId = FileId(0);

/// The tokens as the grammar reads them: their texts, with `;` at the end of a statement, `<` and
/// `>` around places, and items on lines of their own.
fn laid_out(source: &str) -> String {
    let lexed = lex(FILE, source);
    assert_eq!(lexed.diagnostics, []);
    let (tokens, unbalanced) =
        brackets::balance(FILE, source, lexed.tokens, brackets::AtEnd::Report);
    assert_eq!(unbalanced, []);
    let layout = layout::lay_out(FILE, &tokens);
    assert_eq!(layout.diagnostics, []);
    let text = |range: &std::ops::Range<usize>| {
        let words: Vec<&str> = layout.tokens[range.clone()]
            .iter()
            .map(|token| match token.kind {
                T::Term => ";",
                T::LPlace => "{place",
                T::LBlock => "{block",
                T::LetElse => "let-else",
                _ => &source[token.span.range()],
            })
            .collect();
        words.join(" ")
    };
    layout.items.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn kinds(source: &str) -> Vec<T> {
    lex(FILE, source)
        .tokens
        .iter()
        .map(|token| token.kind)
        .collect()
}

#[test]
fn lines_end_statements() {
    assert_eq!(laid_out("{ a\nb\n\nc }"), "{ a ; b ; c }");
    assert_eq!(laid_out("{\na\n}"), "{ a }");
    assert_eq!(laid_out("{ a; b;\n;c;}"), "{ a ; b ; c }");
    assert_eq!(laid_out("{ return\nx }"), "{ return ; x }");
    assert_eq!(laid_out("{ x?\ny!\nz }"), "{ x ? ; y ! ; z }");
}

#[test]
fn lines_go_on() {
    for infix in [
        "+", "*", "/", "%", "==", "<", ">=", "&&", "||", "|", "^", "is", "..", "??", ".",
    ] {
        let joined = format!("{{ a {infix} b }}");
        assert_eq!(laid_out(&format!("{{ a {infix}\nb }}")), joined);
        assert_eq!(laid_out(&format!("{{ a\n{infix} b }}")), joined);
    }
    for prefix in ["-", "!", "~"] {
        assert_eq!(
            laid_out(&format!("{{ a\n{prefix} b }}")),
            format!("{{ a ; {prefix} b }}")
        );
    }
    assert_eq!(
        laid_out("{ if a { b }\nelse { c } }"),
        "{ if a { b } else { c } }"
    );
    assert_eq!(laid_out("{ f(a\n, b\n) }"), "{ f ( a , b ) }");
    assert_eq!(
        laid_out("{ f(fn() {\na\nb\n}) }"),
        "{ f ( fn ( ) { a ; b } ) }"
    );
    assert_eq!(laid_out("{ let a =\nb }"), "{ let a = b }");
}

#[test]
fn a_closing_angle_ends_a_line_only_in_a_type() {
    assert_eq!(
        laid_out("tag a: Set<Int>\ntag b"),
        "tag a : Set < Int >\ntag b"
    );
    assert_eq!(
        laid_out("{ native fn f() -> Set<T>\nx }"),
        "{ native fn f ( ) -> Set < T > ; x }"
    );
    assert_eq!(laid_out("{ a >\nb }"), "{ a > b }");
    assert_eq!(
        laid_out("{ let a: Int = b >\nc }"),
        "{ let a : Int = b > c }"
    );
}

#[test]
fn braces_are_places_where_operands_are() {
    assert_eq!(
        laid_out("{ f({a}, {b}) }"),
        "{ f ( {place a } , {place b } ) }"
    );
    assert_eq!(laid_out("{ let p = {a\n} }"), "{ let p = {place a } }");
    assert_eq!(laid_out("{ return {a} }"), "{ return {place a } }");
    assert_eq!(
        laid_out("{ let p = { f(); a } }"),
        "{ let p = {block f ( ) ; a } }"
    );
    assert_eq!(
        laid_out("{ let p = { let a = 1\na } }"),
        "{ let p = {block let a = 1 ; a } }"
    );
    assert_eq!(laid_out("{ if a {\n} }"), "{ if a { } }");
    assert_eq!(laid_out("fn f() -> T?? { }"), "fn f ( ) -> T ?? { }");
    assert_eq!(
        laid_out("{ match a { _ => { } } }"),
        "{ match a { _ => { } } }"
    );
}

#[test]
fn an_else_after_no_brace_is_that_of_a_let() {
    assert_eq!(
        laid_out("{ let a = b else { } }"),
        "{ let a = b let-else { } }"
    );
    assert_eq!(laid_out("{ if a { } else { } }"), "{ if a { } else { } }");
}

#[test]
fn a_brace_may_begin_a_line() {
    assert_eq!(
        laid_out("fn f()\n{\nif a\n{ }\nb\n{ } }"),
        "fn f ( ) { if a { } ; b ; { } }"
    );
    assert_eq!(
        laid_out("struct P\n{ }\nimpl P\n{ }"),
        "struct P { }\nimpl P { }"
    );
}

#[test]
fn strings_with_interpolations_are_flat() {
    use T::{Ident, InterpClose, InterpOpen, Str, StrClose, StrOpen, StrText};
    assert_eq!(kinds("\"plain\""), [Str]);
    assert_eq!(kinds("\"\"\"a\n\"b\" \"\"\""), [Str]);
    assert_eq!(
        kinds("\"a{b}c\""),
        [
            StrOpen,
            StrText,
            InterpOpen,
            Ident,
            InterpClose,
            StrText,
            StrClose
        ]
    );
    assert_eq!(
        kinds("\"{\"{a}\"}\""),
        [
            StrOpen,
            InterpOpen,
            StrOpen,
            InterpOpen,
            Ident,
            InterpClose,
            StrClose,
            InterpClose,
            StrClose
        ]
    );
    assert_eq!(kinds("\"{a:>8}\"")[3], T::FormatSpec);
    assert_eq!(kinds("\"{f(a: b)}\"")[5], T::Colon);
}

#[test]
fn every_byte_is_in_a_token_or_between() {
    let source = "fn f() { \"a{ b :>4}c\" + x.0.1 >>> 2 \n}";
    let mut end = 0;
    for token in lex(FILE, source).tokens {
        assert!(
            source[end as usize..token.span.start as usize]
                .trim()
                .is_empty()
        );
        end = token.span.end;
    }
}

#[test]
fn numbers_and_points() {
    use T::{Dot, DotDot, Float, Ident, Int};
    assert_eq!(kinds("1.5"), [Float]);
    assert_eq!(kinds("0..3"), [Int, DotDot, Int]);
    assert_eq!(kinds("a.0.1"), [Ident, Dot, Int, Dot, Int]);
    assert_eq!(kinds("1.max(2)")[..3], [Int, Dot, Ident]);
    assert_eq!(kinds("250ms 1.5s 2min"), [T::Duration; 3]);
    assert_eq!(kinds("5s2 12abc 1.5x 0xg"), [T::BadNumber; 4]);
}

#[test]
fn docs_belong_to_what_follows() {
    let lexed = lex(
        FILE,
        "//! top\n/// a\n// between\n/// b\nfn f() {}\n//// no\ntag t /// end",
    );
    let texts: Vec<_> = lexed.docs.iter().map(|docs| docs.before).collect();
    assert_eq!(texts, [31, 62]);
    assert!(lexed.module_docs.is_some());
}
