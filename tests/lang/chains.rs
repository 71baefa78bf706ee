//! Chains of thousands of operands, as generated programs have them.

use crate::compile;
use crate::world::{self, End, Plan};

/// Operands of each chain.
const MANY: usize = 10_000;

/// What a function answers whose body is this expression of `n` (1) and `s` (`"ab"`).
fn value(ty: &str, expr: &str) -> String {
    let text = format!(
        "struct Counter {{ var at: Int }}\n\n\
         impl Counter {{\n    fn next(self) -> Str {{\n        self.at += 1\n        \
         \"{{self.at}} \"\n    }}\n}}\n\n\
         fn f(n: Int, s: Str) -> {ty} {{\n    {expr}\n}}\n\n\
         fn main() -> {ty} {{\n    f(1, \"ab\")\n}}\n"
    );
    let ready = compile::source(&text, &[]);
    let plain = compile::source_plain(&text, &[]);
    let [found, as_lowered] = [&ready, &plain].map(|ready| {
        let Some(program) = &ready.program else {
            return format!("{:?}", ready.diagnostics);
        };
        match world::run(program, Plan::Never, world::Engine::Native).end {
            End::Done(data) => ready.show(&data),
            other => format!("{other:?}"),
        }
    });
    assert_eq!(found, as_lowered);
    found
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn repeated(part: &str, last: &str) -> String {
    part.repeat(MANY - 1) + last
}

#[test]
fn chains_of_thousands_of_operands_run() {
    assert_eq!(value("Int", &repeated("n + ", "n")), "10000");
    assert_eq!(value("Int", &repeated("1 + ", "1")), "10000");
    assert_eq!(value("Int", &repeated("n * n - ", "n")), "-9998");
    assert_eq!(value("Int", &repeated("(n + 1) - n + ", "n")), "10000");
    assert_eq!(value("Int", &repeated("n | ", "6")), "7");
    assert_eq!(value("Int", &repeated("n >> 0 ^ ", "n")), "0");
    assert_eq!(value("Float", &repeated("n.float() + ", "0.5")), "9999.5");
    assert_eq!(value("Bool", &repeated("n == 1 && ", "n == 2")), "false");
    assert_eq!(value("Bool", &repeated("n == 2 || ", "n == 1")), "true");
    assert_eq!(
        value("Bool", &repeated("n > 0 && n < 2 || ", "n > 2")),
        "true"
    );
    assert_eq!(
        value("Int", &format!("({}).len()", repeated("s + ", "s"))),
        "20000"
    );
}

/// What is put together at once is in its order, and was evaluated in it.
#[test]
fn texts_of_a_chain_stay_in_order() {
    let parts: Vec<String> = (0..300).map(|n| format!("\"{n},\"")).collect();
    let whole: String = (0..300).map(|n| format!("{n},")).collect();
    assert_eq!(value("Str", &parts.join(" + ")), quoted(&whole));
    let calls = format!(
        "let c = Counter(at: 0)\n    {}",
        vec!["c.next()"; 200].join(" + ")
    );
    let whole: String = (1..=200).map(|n| format!("{n} ")).collect();
    assert_eq!(value("Str", &calls), quoted(&whole));
    // A variable that changes later in the chain has been read before.
    let changed = format!(
        "var a = \"x\"\n    {} + {{\n        a = \"y\"\n        a\n    }} + a",
        vec!["a"; 100].join(" + ")
    );
    assert_eq!(value("Str", &changed), quoted(&("x".repeat(100) + "yy")));
}
