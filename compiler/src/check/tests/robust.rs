//! Any text is checked without a panic, and large or hostile programs within bounds.

use proptest::prelude::*;

use super::Files;
use crate::typed::dump;

/// The codes that are found in a program.
fn codes(source: &str) -> Vec<&'static str> {
    let mut files = Files::small().with_all(source);
    let checked = files.check();
    let _ = dump(&checked.program);
    checked
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .collect()
}

/// Words from which programs are made up at random; whole pieces, so that many of them parse.
const WORDS: &[&str] = &[
    "..",
    "let Some(x) = ",
    " && let [a, ..b] = ",
    "break ",
    "loop { ",
    "Self",
    "pub import ./a",
    "f(..x, y: 1)",
    "fn",
    "f",
    "g",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "->",
    "=",
    "==",
    "+",
    "-",
    "*",
    "/",
    "!",
    "?",
    "??",
    ".",
    "..",
    "|",
    "&&",
    "let",
    "var",
    "if",
    "else",
    "match",
    "=>",
    "for",
    "in",
    "while",
    "loop",
    "break",
    "continue",
    "return",
    "struct",
    "enum",
    "impl",
    "tag",
    "const",
    "pub",
    "import",
    "test",
    "bench",
    "spawn",
    "assert",
    "self",
    "is",
    "true",
    "Int",
    "Float",
    "Str",
    "T",
    "P",
    "Some",
    "None",
    "Ok",
    "Err",
    "Circle",
    "Dot",
    "x",
    "y",
    "xs",
    "1",
    "2.5",
    "5s",
    "\"a\"",
    "\"{x}\"",
    "#{",
    "_",
    "@",
    "\n",
    "\n",
    "\n",
    ";",
    "<",
    ">",
    "+=",
    "fn f(x: Int) -> Int {",
    "struct P { x: Int, var y: T? }",
    "enum Shape { Circle(Float), Dot }",
    "impl<T> [T] {",
    "match x {",
    "let x =",
    "x.push(",
    "read(",
    "tag t(a: Int): P",
    "fn g<T: Eq>(a: T, b: fn(T) -> T = f) {",
    "const C: Int = ",
    "if let Some(x) = ",
];

/// Bodies of functions that parse, to be combined at random.
const STATEMENTS: &[&str] = &[
    "let a = []",
    "a.push(a)",
    "let b = fn(x) { a }",
    "b(b)",
    "a = b",
    "var c = None",
    "c = Some(c)",
    "let d = [a: c]",
    "for e in d { a.push(e) }",
    "match a { b => c, _ => d }",
    "return c",
    "let Some(f) = c else { return a }",
    "print(\"{a:.2} {b} {c:x}\")",
    "a.b.c(d)",
    "d[a] = b",
    "let (g, h) = (a, b)",
    "spawn main(a)",
    "read(light)?",
    "write(light, a)!",
    "loop { break }",
    "let p = P(x: a, next: c)",
    "p.x += 1",
    "p.next = Some(p)",
    "if a == b { c } else { d }",
    "let i = a ?? b",
    "i!",
    "a.fold(b, fn(x, y) { x + y })",
    "a is b",
    "let j = {light, !t(1)}",
    "let k = fn() { k }",
    "while let Some(q) = c { q() }",
    "block(light, timeout: a)",
    "Dot == a",
    "let m: Shape = Circle(a)",
    "match m { Circle(r) if r > a => r, Dot => a }",
    "let n = Circle",
    "[1, 2].map(n)",
    "create(light, 1, lifetime: a)",
    "let o = if a { b }",
    "assert a, b",
    "{ a }",
];

fn body() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(STATEMENTS), 1..25).prop_map(|all| all.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_words_are_checked(words in prop::collection::vec(prop::sample::select(WORDS), 0..120)) {
        codes(&words.join(" "));
    }

    #[test]
    fn any_text_is_checked(text in "\\PC{0,200}") {
        codes(&text);
    }

    #[test]
    fn any_statements_are_checked(first in body(), second in body()) {
        let head = "struct P<T> { var x: T, var next: P<T>? }\nenum Shape { Circle(Float), Dot }\n\
                    tag light: Int\ntag t(n: Int): Str\n";
        let one = format!("fn main<T>(z: T) {{\n{first}\n}}\n");
        let two = format!("fn other(a: Int, c: Int?) -> Int? {{\n{second}\n}}");
        codes(&format!("{head}{one}{two}"));
    }

    #[test]
    fn statements_without_mistakes_are_finished(first in body()) {
        // What has no error has no unknown type either.
        let source = format!("tag light: Int\nfn main() {{\n{first}\n}}");
        let checked = Files::small().with_all(&source).check();
        if !checked.diagnostics.iter().any(crate::diagnostic::Diagnostic::is_error) {
            let text = format!("{:?}", checked.program.functions);
            prop_assert!(!text.contains("Error"), "{source}");
        }
    }
}

#[test]
fn a_tree_of_the_greatest_height_is_checked() {
    // The parser refuses what is deeper; a thread of a test has the smallest stack there is.
    for depth in [50, 90, 150, 190] {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("Some(", "1", ")"),
            ("if true { ", "1", " } else { 2 }"),
            ("match 1 { _ => ", "1", " }"),
            ("fn() { ", "1", " }"),
            ("print(", "1", ")"),
            ("-", "1", ""),
            ("{ let x = ", "1", "\nx }"),
            ("f(x: ", "1", ")"),
        ] {
            let nested = open.repeat(depth) + middle + &close.repeat(depth);
            codes(&format!(
                "fn f(x: Int) -> Int {{ x }}\nfn main() {{ let _x = ({nested}) }}"
            ));
        }
        let pattern = "Some(".repeat(depth) + "x" + &")".repeat(depth);
        codes(&format!(
            "fn main() {{ match None {{ {pattern} => x, _ => 1 }} }}"
        ));
        let ty = "[".repeat(depth) + "Int" + &"]".repeat(depth);
        codes(&format!("fn main(x: {ty}) {{ print(x) }}"));
    }
}

#[test]
fn types_do_not_grow_without_end() {
    let doubling = (0..100).map(|n| format!("let a{} = (a{n}, a{n})\n", n + 1));
    let source = format!(
        "fn main() {{ let a0 = 1\n{}\n}}",
        doubling.collect::<String>()
    );
    assert!(codes(&source).contains(&"SM0316"));
    let nesting = (0..5000).map(|n| format!("let a{} = [a{n}]\n", n + 1));
    let source = format!(
        "fn main() {{ let a0 = 1\n{}\n}}",
        nesting.collect::<String>()
    );
    assert!(codes(&source).contains(&"SM0316"));
    let pushing = (0..5000).map(|n| format!("let a{} = []\na{n}.push(a{})\n", n + 1, n + 1));
    let source = format!(
        "fn main() {{ let a0 = []\n{}\n}}",
        pushing.collect::<String>()
    );
    assert!(codes(&source).contains(&"SM0316"));
}

#[test]
fn structs_have_a_bound_on_their_fields() {
    let fields = (0..300).map(|n| format!("f{n}: Int\n")).collect::<String>();
    assert!(codes(&format!("struct P {{ {fields} }}")).contains(&"SM0330"));
}

#[test]
fn a_match_that_is_too_complex_is_refused() {
    let arm = |n: usize| {
        let parts = (0..24).map(|at| if at == n { "true" } else { "_" });
        format!("({}) => {}\n", parts.collect::<Vec<_>>().join(", "), n)
    };
    let arms = (0..24).map(arm).collect::<String>();
    let wider = (0..24)
        .map(|n| arm(n).replace("true", "false"))
        .collect::<String>();
    let value = vec!["b"; 24].join(", ");
    let source = format!("fn main(b: Bool) {{ match ({value}) {{ {arms}{wider} }} }}");
    assert_eq!(codes(&source), ["SM0407"]);
    let mixed = (0..400).map(|n| {
        let parts = (0..24).map(|at| match (n * 7 + at * 13) % 5 {
            0 => "true",
            1 => "false",
            _ => "_",
        });
        format!("({}) => {n}\n", parts.collect::<Vec<_>>().join(", "))
    });
    let source = format!(
        "fn main(b: Bool) {{ match ({value}) {{ {} }} }}",
        mixed.collect::<String>()
    );
    assert_eq!(codes(&source), ["SM0407"]);
}

#[test]
fn large_matches_are_quick() {
    let arms = (0..5000)
        .map(|n| format!("{n} => \"{n}\"\n"))
        .collect::<String>();
    let source = format!("fn main(n: Int) -> Str {{ match n {{ {arms} _ => \"\" }} }}");
    assert_eq!(codes(&source), Vec::<&str>::new());
    let texts = (0..5000)
        .map(|n| format!("\"{n}\" => {n}\n"))
        .collect::<String>();
    let source = format!("fn main(s: Str) -> Int {{ match s {{ {texts} _ => 0 }} }}");
    assert_eq!(codes(&source), Vec::<&str>::new());
    let variants = (0..500).map(|n| format!("V{n}(Int)\n")).collect::<String>();
    let arms = (0..500)
        .map(|n| format!("V{n}(x) => x\n"))
        .collect::<String>();
    let source =
        format!("enum E {{ {variants} }}\nfn main(e: E) -> Int {{ match e {{ {arms} }} }}");
    assert_eq!(codes(&source), Vec::<&str>::new());
}

#[test]
fn there_is_a_bound_on_modules() {
    let mut files = Files::small().with("main", "import ./m0");
    for n in 0..100 {
        files = files.with(&format!("./m{n}"), &format!("import ./m{}", n + 1));
    }
    let checked = files.check();
    assert!(
        checked
            .diagnostics
            .iter()
            .any(|one| one.code.as_str() == "SM0603")
    );
}

#[test]
fn constants_do_not_grow_without_end() {
    let doubling = (0..60).map(|n| format!("const A{}: [Int] = [A{n}.0]\n", n + 1));
    codes(&doubling.collect::<String>());
    let texts = (0..60).map(|n| format!("const A{}: Str = A{n} + A{n}\n", n + 1));
    let source = format!(
        "const A0: Str = \"xxxxxxxx\"\n{}",
        texts.collect::<String>()
    );
    codes(&source);
    let backwards = (0..60).map(|n| format!("const A{n}: Int = A{}\n", n + 1));
    let source = format!("{}const A60: Int = 1", backwards.collect::<String>());
    assert!(codes(&source).contains(&"SM0328"));
}

#[test]
fn a_missing_prelude_is_no_panic() {
    let mut files = Files::small()
        .with("prelude", "")
        .with("main", "fn main() { print(1)? }");
    let checked = files.check();
    assert!(!checked.diagnostics.is_empty());
}

#[test]
fn list_patterns_have_a_bound() {
    let pattern = |elements: usize| {
        let all = vec!["_"; elements].join(", ");
        format!("pub fn f(xs: [Int]) {{ match xs {{ [{all}, ..] => {{}}, _ => {{}} }} }}")
    };
    assert_eq!(codes(&pattern(255)), [""; 0]);
    assert_eq!(codes(&pattern(256)), ["SM0410"]);
    // Many lengths at once, both open and not, are looked at in bounded time.
    let arms: String = (0..200)
        .map(|n| {
            format!(
                "[{}] => {{}}, [{n}, .., {n}] => {{}}, ",
                vec!["1"; n].join(", ")
            )
        })
        .collect();
    let source = format!("pub fn f(xs: [Int]) {{ match xs {{ {arms} _ => {{}} }} }}");
    assert_eq!(codes(&source), [""; 0]);
}
