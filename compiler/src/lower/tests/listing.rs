//! The code of small programs, to be read.

use super::listing;

macro_rules! listings {
    ($($(#[$doc:meta])* $name:ident: $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                insta::assert_snapshot!(listing($text));
            }
        )*
    };
}

listings! {
    arithmetic: "
        pub fn poly(x: Int, y: Float) -> Float { (x * 3 - 1).float() / -y }
        pub fn folded() -> Int { 60 * 60 * 24 }
        pub fn bits(a: Int, b: Int) -> Int { ~(a >>> 3 ^ b << 2) +% a & 0xFF }
    ";
    loops: "
        pub fn sum(n: Int) -> Int {
            var total = 0
            for i in 0..n { total += i }
            for i in 1..=n {
                if i % 2 == 0 { continue }
                total -= i
            }
            total
        }
        pub fn count(n: Int) -> Int {
            var i = n
            while i > 0 && i != 7 { i -= 2 }
            i
        }
        pub fn each(list: [Str], map: [Str: Int]) {
            for x in list { print(x) }
            for (key, value) in map { print(\"{key}: {value}\") }
        }
        pub fn forever(n: Int) -> Int {
            var i = 0
            outer: loop {
                loop {
                    i += 1
                    if i > n { break outer }
                    if i > 3 { break }
                }
            }
            i
        }
    ";
    options: "
        pub fn int(x: Int?) -> Int? { Some(x? + 1) }
        pub fn text(x: Str?, y: Str) -> Str { x ?? y }
        pub fn nested(x: Int??) -> Bool { x == None || x!.is_some() }
        pub fn sure(x: Int?, y: Str?) -> Str { \"{x!} {y!}\" }
        pub fn list(x: [Int?]) -> Int? { x[0] }
    ";
    results: "
        pub enum Odd { Small(Int), Big }
        fn half(n: Int) -> Result<Int, Odd> {
            if n % 2 == 0 { Ok(n / 2) } else if n < 9 { Err(Small(n)) } else { Err(Big) }
        }
        pub fn quarter(n: Int) -> Result<Str, Odd> {
            let x = half(half(n)?)?
            Ok(\"{x:03}\")
        }
        pub fn sure(n: Int) -> Int { half(n)! }
    ";
    patterns: "
        pub enum Shape { Circle(Float), Rect(w: Float, h: Float), Dot }
        pub enum Colour { Red, Green, Blue }
        pub fn area(s: Shape) -> Float {
            match s {
                Circle(r) => r * r
                Rect(w: w, h: h) if w > h => w
                Rect(h: h, ..) => h
                Dot => 0.0
            }
        }
        pub fn both(a: Colour, b: Colour) -> Int {
            match (a, b) {
                (Red, Red) => 1
                (Red | Green, _) => 2
                (_, Blue) => 3
                _ => 4
            }
        }
        pub fn number(n: Int) -> Str {
            match n {
                0 => \"none\"
                1 | 2 => \"few\"
                3 => \"three\"
                4..=9 => \"some\"
                _ => \"many\"
            }
        }
        pub fn word(s: Str) -> Int {
            match s { \"one\" => 1, \"two\" => 2, _ => 0 }
        }
    ";
    closures: "
        pub fn adder(n: Int) -> fn(Int) -> Int { fn(x) { x + n } }
        pub fn all(names: [Str], more: Int?) -> [Int] {
            names.map(fn(s) { s.len() + (more ?? 0) })
        }
        pub fn reference() -> [Int] { [\"a\", \"bc\"].map(length) }
        fn length(s: Str) -> Int { s.len() }
    ";
    records: "
        pub struct P { x: Int, var y: Int? }
        pub fn make(n: Int) -> P {
            let p = P(x: n, y: None)
            p.y = Some(p.x)
            p
        }
        pub fn update(list: [Int], map: [Str: Int], i: Int) {
            list[i] += list[i + 1]
            map[\"n\"] *= 2
        }
        pub fn swap(t: (Int, Str)) -> (Str, Int) {
            let (a, b) = t
            (b, a)
        }
    ";
    tags: "
        tag temperature: Float lifetime 5s
        tag route(to: Name): Hop access code
        tag bell
        pub fn look(place: Place) -> Float? {
            let here = {temperature, bell, !route(place.name)}
            if has_all(here) { read(temperature) } else { None }
        }
        fn child(n: Int, s: Str) { print(\"{n}{s}\") }
        pub fn act() -> Id {
            write(bell)!
            block(bell)
            spawn child(1, \"x\")
        }
    ";
    /// A variable that is assigned while an operand waits keeps its old value there.
    evaluation_order: "
        pub fn f(n: Int) -> Int {
            var x = n
            let y = x + { x = 5; x } * x
            x = if y > 3 { x + 1 } else { return x }
            x
        }
    ";
    recursion: "
        pub fn even(n: Int) -> Bool { n == 0 || odd(n - 1) }
        pub fn odd(n: Int) -> Bool { n != 0 && even(n - 1) }
    ";
}
