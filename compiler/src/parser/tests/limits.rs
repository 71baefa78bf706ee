//! What is refused because of its size, with a sentence and without a crash.

use super::{codes, parse_text};
use crate::ast::dump;
use crate::diagnostic::code;
use crate::limits::{MAX_DEPTH, MAX_SOURCE_BYTES, MAX_SYNTAX_ERRORS};

const MANY: usize = 100_000;

fn repeated(before: &str, open: &str, middle: &str, close: &str, after: &str, n: usize) -> String {
    format!(
        "{before}{}{middle}{}{after}",
        open.repeat(n),
        close.repeat(n)
    )
}

/// Ways to nest: what comes before, what is repeated, what is inside, what is repeated, what is
/// after.
const NESTINGS: &[[&str; 5]] = &[
    ["fn f() { ", "(", "1", ")", " }"],
    ["fn f() { ", "[", "1", "]", " }"],
    ["fn f() { ", "{", "1", "}", " }"],
    ["fn f() { g(", "{", "a", "}", ") }"],
    ["fn f() { ", "#{", "1", "}", " }"],
    ["fn f() { ", "[1: ", "1", "]", " }"],
    ["fn f() { ", "g(", "1", ")", " }"],
    ["fn f() { ", "a[", "1", "]", " }"],
    ["fn f() { ", "fn() { ", "1", " }", " }"],
    ["fn f() { ", "if a { ", "1", " }", " }"],
    ["fn f() { ", "if ", "a", " { 1 }", " }"],
    ["fn f() { ", "match ", "a", " {}", " }"],
    ["fn f() { ", "match a { _ => ", "1", " }", " }"],
    ["fn f() { ", "loop { ", "1", " }", " }"],
    ["fn f() { ", "for x in ", "a", " {}", " }"],
    ["fn f() { ", "while a { ", "1", " }", " }"],
    ["fn f() { ", "\"{", "1", "}\"", " }"],
    ["fn f() { let ", "(1, ", "a", ")", " = b }"],
    ["fn f() { let ", "Some(", "a", ")", " = b }"],
    ["fn f() { let ", "[", "a", ", ..]", " = b }"],
    ["fn f() { ", "P(..", "a", ")", " }"],
    ["fn f() { ", "loop { break ", "1", " }", " }"],
    ["fn f(a: ", "[", "Int", "]", ") {}"],
    ["fn f(a: ", "Set<", "Int", ">", ") {}"],
    ["fn f(a: ", "fn(", "Int", ")", ") {}"],
];

/// Ways to make a tree high without brackets.
const CHAINS: &[[&str; 3]] = &[
    ["fn f() { ", "-", "1 }"],
    ["fn f() { ", "!", "a }"],
    ["fn f() { ", "- ~ !", "a }"],
    ["fn f() { ", "a ?? ", "a }"],
    ["fn f() { ", "a + b ?? ", "a }"],
    ["fn f() { ", "a.", "a }"],
    ["fn f() { a", "()", " }"],
    ["fn f() { a", "[0]", " }"],
    ["fn f() { a", "!", " }"],
    ["fn f() { a", "? ", " }"],
    ["fn f() { ", "return ", "1 }"],
    ["fn f() { ", "break ", "1 }"],
    ["fn f() { if ", "let a = b && ", "c {} }"],
    ["fn f() { ", "a && return ", "1 }"],
    ["fn f() { ", "if a { 1 } else ", "{ 2 } }"],
    ["fn f() { let ", "a @ ", "_ = b }"],
    ["fn f(a: Int", "?", ") {}"],
    ["fn f() -> ", "fn() -> ", "Int {}"],
];

/// Operators of one precedence from left to right are beside each other, whatever they stand in.
const FLAT: &[[&str; 3]] = &[
    ["fn f() { ", "a + ", "a }"],
    ["fn f() { ", "a | ", "a }"],
    ["const X: Int = ", "1 | ", "1"],
    ["fn f() { g(", "a | ", "a, 1) }"],
    ["fn f() { match ", "a | ", "a {} }"],
    ["fn f() { ", "a && ", "a }"],
    ["fn f() { ", "a || ", "a }"],
    ["fn f() { ", "a ^ ", "a }"],
    ["fn f() { ", "a & ", "a }"],
    ["fn f() { ", "a << ", "a }"],
    ["fn f() { ", "a >> a >>> ", "a }"],
    ["fn f() { ", "a - b +% -", "a }"],
    ["fn f() { ", "a * b / c % ", "a }"],
    ["fn f() { let x: Int = ", "a.b(c)[1] * b - !a + ", "a }"],
    ["fn f() { ", "a == b && c < d || ", "a }"],
    ["fn f() { ", "a + b == c && a ?? b | c << d || ", "a }"],
    ["fn f() { ", "(a + (b - c)) - ", "a }"],
];

#[test]
fn chains_of_operators_are_not_deep() {
    for [before, link, after] in FLAT {
        let source = repeated(before, link, "", "", after, MANY / 10);
        assert_eq!(codes(&source), [""; 0], "{link}");
    }
}

#[test]
fn nesting_without_end_is_refused_once() {
    for [before, open, middle, close, after] in NESTINGS {
        let source = repeated(before, open, middle, close, after, MANY);
        assert_eq!(codes(&source), [code::TOO_DEEP.as_str()], "{open}");
        let unclosed = repeated(before, open, middle, "", "", MANY);
        assert!(
            codes(&unclosed).contains(&code::TOO_DEEP.as_str()),
            "{open}"
        );
    }
}

#[test]
fn chains_without_end_are_refused_once() {
    for [before, link, after] in CHAINS {
        let source = repeated(before, link, "", "", after, MANY);
        assert_eq!(codes(&source), [code::TOO_DEEP.as_str()], "{link}");
    }
}

#[test]
fn what_a_person_writes_is_not_too_deep() {
    for [before, open, middle, close, after] in NESTINGS {
        let source = repeated(before, open, middle, close, after, 40);
        assert_eq!(codes(&source), [""; 0], "{open}");
    }
    for [before, link, after] in CHAINS {
        let source = repeated(before, link, "", "", after, 60);
        assert_eq!(codes(&source), [""; 0], "{link}");
    }
}

/// The highest trees that are accepted are walked and dropped on a thread's default stack.
#[test]
fn the_highest_trees_can_be_walked() {
    let mut highest = 0;
    let walk = |source: &str| {
        let (module, diagnostics) = parse_text(source);
        let copy = module.clone();
        assert_eq!(module, copy);
        diagnostics.is_empty() && !dump(&module).is_empty()
    };
    for n in (10..=MAX_DEPTH as usize).step_by(5) {
        for [before, open, middle, close, after] in NESTINGS {
            if walk(&repeated(before, open, middle, close, after, n)) {
                highest = highest.max(n);
            }
        }
        for [before, link, after] in CHAINS.iter().chain(FLAT) {
            walk(&repeated(before, link, "", "", after, n));
        }
    }
    assert!(highest > MAX_DEPTH as usize / 2, "{highest}");
}

#[test]
fn what_is_wide_is_not_deep() {
    let list = format!("fn f() {{ [{}] }}", "1, ".repeat(MANY));
    let statements = format!("fn f() {{ {} }}", "a + b; ".repeat(MANY));
    let items = "fn f() { }\n".repeat(MANY);
    let arms = format!("fn f() {{ match a {{ {} }} }}", "1 | 2 => b, ".repeat(MANY));
    let alternatives = format!("fn f() {{ match a {{ {}3 => b }} }}", "1 | ".repeat(MANY));
    let text = format!("fn f() {{ \"{}\" }}", "{a} and ".repeat(MANY));
    let ladder = "if a { b }\n".repeat(MANY);
    let ladder = format!("fn f() {{ {ladder} }}");
    for source in [list, statements, items, arms, alternatives, text, ladder] {
        assert_eq!(codes(&source), [""; 0], "{}", &source[..40]);
    }
}

/// After an item that is too deep the others are read.
#[test]
fn other_items_are_still_read() {
    let deep = repeated("fn f() { ", "a ?? ", "", "", "a }", MANY);
    let (module, diagnostics) = parse_text(&format!("tag a: Int\n{deep}\ntag b: Int ="));
    let codes: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    assert_eq!(codes, [code::TOO_DEEP, code::EXPECTED_TOKEN]);
    assert_eq!(dump(&module), "(tag a:Int)\n(error)\n(tag b:Int)\n");
}

#[test]
fn a_large_file_is_refused_unread() {
    let source = "(".repeat(MAX_SOURCE_BYTES + 1);
    let (module, diagnostics) = parse_text(&source);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, code::SOURCE_TOO_LARGE);
    assert!(module.items.is_empty());
}

#[test]
fn a_file_full_of_mistakes_is_cut_short() {
    let in_one_item = format!("fn f() {{ {} }}", "let = 1; ".repeat(MANY));
    let in_many_items = "fn f( { }\n".repeat(MANY);
    let characters = "$ ".repeat(MANY);
    let brackets = ") ] } ".repeat(MANY);
    let strings = "\"\n".repeat(MANY);
    for source in [in_one_item, in_many_items, characters, brackets, strings] {
        let found = codes(&source);
        assert_eq!(found.len(), MAX_SYNTAX_ERRORS + 1, "{}", &source[..20]);
        assert_eq!(found.last(), Some(&code::TOO_MANY_ERRORS.as_str()));
    }
}
