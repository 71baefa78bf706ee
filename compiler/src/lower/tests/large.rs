//! Long code is compiled, in time that grows with its length.

use std::fmt::Write as _;

use super::{compiled, lowered};

/// What is wrong with a program.
fn complaints(text: &str) -> Vec<String> {
    let found = compiled(&[("./main", text)]).diagnostics;
    let shown = found
        .iter()
        .map(|one| format!("{} {} {:?}", one.code, one.message, one.notes));
    shown.collect()
}

/// `main` with a `match` of `value` over these arms.
fn matching(value: &str, arms: impl Iterator<Item = String>) -> String {
    let mut text = format!("fn pick(x: Int, s: Str) -> Int {{\n    match {value} {{\n");
    for arm in arms {
        let _ = writeln!(text, "        {arm}");
    }
    text + "    }\n}\nfn main() { print(pick(1, \"a\")) }\n"
}

const ARMS: i64 = 8000;

#[test]
fn a_match_may_have_thousands_of_arms() {
    let last = || std::iter::once("_ => 0".to_owned());
    let apart = (0..ARMS).map(|n| format!("{} => {n}", n * 1000));
    let dense = (0..ARMS).map(|n| format!("{n} => {n}"));
    let ranges = (0..ARMS).map(|n| format!("{}..{} => {n}", n * 10, n * 10 + 7));
    let texts = (0..ARMS / 4).map(|n| format!("\"key {n}\" => {n}"));
    let one_range = (0..500).map(|n| format!("{} => {n}", n * 5));
    let one_range = one_range.chain(["0..=9999 => 1".to_owned()]);
    let guards = (0..2000).map(|n| format!("n if n % {} == 0 => {n}", n + 2));
    let sides: Vec<String> = (0..ARMS).map(|n| (n * 3).to_string()).collect();
    for (value, arms) in [
        ("x", apart.chain(last()).collect::<Vec<_>>()),
        ("x", dense.chain(last()).collect()),
        ("x", ranges.chain(last()).collect()),
        ("s", texts.chain(last()).collect()),
        ("x", one_range.chain(last()).collect()),
        ("x", guards.chain(last()).collect()),
        (
            "x",
            vec![format!("{} => 1", sides.join(" | ")), "_ => 0".to_owned()],
        ),
    ] {
        let text = matching(value, arms.iter().cloned());
        let unused = if value == "x" { "s: Str" } else { "x: Int" };
        let text = text.replace(unused, &format!("_{unused}"));
        let first = &arms[0][..arms[0].len().min(40)];
        assert_eq!(complaints(&text), [""; 0], "{first}");
    }
}

/// The number of functions that are written is bounded by nothing but the size of the files.
#[test]
fn a_program_may_have_more_functions_than_specialisations() {
    let mut text = String::from("fn main() { print(f0()) }\n");
    let last = super::super::limits::MAX_SPECIALISATIONS + 100;
    for at in 0..last {
        let _ = writeln!(text, "pub fn f{at}() -> Int {{ {at} }}");
    }
    let lowered = lowered(&[("./main", &text)]);
    assert!(lowered.bricks.len() > last);
}

#[test]
fn a_function_may_have_many_closures() {
    let text = |closures: usize| {
        let mut text = String::from("fn main() {\n    let all: [fn(Int) -> Int] = []\n");
        for at in 0..closures {
            let _ = writeln!(text, "    all.push(fn(x) {{ x + {at} }})");
        }
        text + "    print(all.len())\n}\n"
    };
    assert_eq!(complaints(&text(4000)), [""; 0]);
    let found = compiled(&[("./main", &text(8000))]).diagnostics;
    let [found] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(found.code.as_str(), "SM0702");
    assert_eq!(found.primary.span.start, 3);
    assert_eq!(
        found.notes,
        ["it has 8000 closures, and 4095 is the most".to_owned()]
    );
}

/// Constants, defaults and conditions may be chains of any length, too.
#[test]
fn a_chain_may_have_thousands_of_operands() {
    let sum = "1 + ".repeat(MANY_OPERANDS);
    let holds = "n == 1 && ".repeat(MANY_OPERANDS);
    let text = format!(
        "const C: Int = {sum}1\n\n\
         fn f(n: Int, m: Int = {sum}2) -> Int {{\n    if {holds}m > C {{ C }} else {{ m }}\n}}\n\n\
         fn main() {{\n    var n = 1\n    while {holds}n > 0 {{ n += 1 }}\n    \
         assert {holds}f(n) != 1\n}}\n"
    );
    assert_eq!(complaints(&text), [""; 0]);
}

const MANY_OPERANDS: usize = 10_000;
