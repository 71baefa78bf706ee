//! What each pass makes of small functions: the code as it is lowered, then as it runs.

use super::{code, compiled_as, listing_of};

/// The code of `f` of a program, before and after.
fn both(text: &str) -> String {
    let of = |plain| {
        let listing = listing_of(&code(compiled_as(&[("./main", text)], plain)));
        let mut parts = listing.split("---- ");
        let found = parts.find(|part| part.starts_with("f\n"));
        found.expect("the program has an `f`").to_owned()
    };
    format!("== before\n{}== after\n{}", of(true), of(false))
}

macro_rules! optimised {
    ($($(#[doc = $doc:literal])* $name:ident: $text:literal;)*) => { $(
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            insta::assert_snapshot!(both($text));
        }
    )* };
}

optimised! {
    /// `values`: constants through variables, and a test that is decided.
    constants: "
        pub fn f(n: Int) -> Int {
            let a = 3
            var b = a * 4
            if a < b { b += 1 } else { b += n }
            b + n * 1 + 0
        }
    ";

    /// `values`: what traps stays, also without a use and with an operand that is known.
    traps_stay: "
        pub fn f(n: Int) -> Int {
            let _ = n + 1
            let _ = 1 / n
            let zero = 0
            n / zero
        }
    ";

    /// `inline` and `thread`: an option that is made and asked at once.
    options: "
        pub fn f(m: [Int: Int], k: Int) -> Int {
            if m.get(k).is_some() { m.get(k).unwrap_or(1) } else { 0 }
        }
    ";

    /// `inline`: a closure in a function of the library, with what it captures.
    closures: "
        pub fn f(xs: [Int], by: Int) -> [Int] {
            xs.filter(fn(x) { x > by }).map(fn(x) { x * by })
        }
    ";

    /// `inline`: closures that other functions make, and call one another.
    closures_made_elsewhere: "
        fn adder(n: Int) -> fn(Int) -> Int { fn(x) { x + n } }
        fn both(f: fn(Int) -> Int, g: fn(Int) -> Int) -> fn(Int) -> Int { fn(x) { g(f(x)) } }
        pub fn f(xs: [Int], by: Int) -> [Int] {
            xs.map(both(adder(by), fn(x) { x * by }))
        }
    ";

    /// `inline`: the same where nothing is known of what calls them.
    closures_kept: "
        fn large(n: Int) -> Int { if n < 2 { n } else { large(n - 1) ^ large(n - 2) } }
        fn maker(n: Int) -> fn(Int) -> fn(Int) -> Int { fn(x) { fn(y) { large(n) + x + y } } }
        pub fn f(n: Int) -> fn(Int) -> fn(Int) -> Int { maker(n) }
    ";

    /// `values`: fields that are never assigned are read once, others until they may change.
    fields: "
        struct P { x: Int, var y: Int }
        pub fn f(p: P, q: P) -> Int {
            let a = p.x ^ p.y
            q.y = a
            p.x ^ p.y ^ q.y
        }
    ";

    /// `hoist`: what does not change in a loop, but nothing out of a loop that moves.
    loops: "
        struct P { x: Int }
        pub fn f(p: P, n: Int) -> Int {
            var sum = 0
            for i in 0..n { sum = sum ^ (i * (p.x & 255)) }
            for i in 0..n {
                sum = sum ^ (i & 255)
                yield()
            }
            sum
        }
    ";

    /// `values`: sums that cannot overflow, behind a bounds check, in loops and behind tests.
    checks: "
        pub fn f(xs: [Int], n: Int) -> Int {
            var i = 0
            var sum = 0
            while i < n { i += 1 }
            for j in 0..n { sum ^= j + 1 }
            if n >= 2 { sum ^= n - 2 }
            xs[i] ^ xs[i + 1] ^ sum
        }
    ";

    /// `values`: divisions by powers of two.
    divisions: "
        pub fn f(xs: [Int], n: Int) -> Int {
            if n % 2 == 0 { xs.len() / 2 + xs.len() % 8 } else { n / 2 }
        }
    ";

    /// `iteration`: a list that nothing changes, and one that something may.
    iteration: "
        pub fn f(xs: [Int], ys: [Int], names: [Str]) -> Int {
            var sum = 0
            for x in xs { sum ^= x }
            for x in xs { ys.push(x) }
            for x in xs { names.push(\"\") }
            sum
        }
    ";

    /// Calls of calls: the value is computed where it goes.
    copies: "
        fn square(x: Float) -> Float { x * x }
        fn length(x: Float, y: Float) -> Float { square(x) + square(y) }
        pub fn f(x: Float, y: Float) -> Float { length(x, y) - length(y, x) }
    ";
}
