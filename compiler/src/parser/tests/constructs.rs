//! The tree of every construct, in snapshots that show source and tree together.

use super::{body, parse_text, snapshot, tree};
use crate::ast::{Expr, ExprKind, FnBody, ItemKind, Literal, Module, StmtKind};

/// `name: "source"` is a test that shows the tree of the source.
macro_rules! constructs {
    ($($name:ident: $source:literal)*) => {
        $(
            #[test]
            fn $name() {
                snapshot("constructs", stringify!($name), $source, &tree($source));
            }
        )*
    };
}

constructs! {
    imports: "
import route/pull
import route/tour as t
import route/tour { visit_all, go_home as home }
import ./lib
import ../../shared/names {
    first
    second,
    third
}
import test/access
"
    tags: "
tag three_signal
tag temperature: Float
pub tag route(to: Name): Hop lifetime 60s access code
tag quota(of: Str, day: Int): [Str: Int] lifetime HOUR * 24
    access (read: any, write: owner)
tag only_read: Int access (read: owner)
"
    constants: "
const LIMIT: Int = 1 << 20
pub const NAMES: [Str] = [\"a\", \"b\"]
"
    structs: "
/// A point.
/// In the plane.
pub struct P {
    /// To the right.
    x: Int
    var y: Int = 0,
    z: [Int]? = None
}
struct Pair<A, B: Ord + Show> { first: A, second: B }
struct Empty {}
"
    enums: "
enum Shape<T> {
    /// Round.
    Circle(radius: Float)
    Rect(Float, Float), Dot
    Other(what: T, Int,)
}
"
    functions: "
fn nothing() {}
pub fn f(x: Int, y: Int = 2) -> Int { x + y }
fn g<T, U: Ord + Show>(t: T, f: fn(T, Int) -> U?) -> (T, U)
{
    (t, f(t, 1)!)
}
fn ignore(_: Int) { return }
"
    natives: "
impl<T> [T] {
    /// Adds at the end.
    pub native fn push(self, value: T)
    native fn sort<K: Ord>(self, by: fn(T) -> K) -> Set<T>

    pub fn last(self) -> T? {
        self.get(self.len() - 1)
    }
}
impl<K, V> [K: V] {}
impl Str { native fn len(self) -> Int }
impl<T, E> Result<T, E> { pub native fn is_err(self) -> Bool }
native fn random() -> Int
"
    tests_and_docs: "
//! What this file is about.
//! Second line.

// An ordinary comment.
/// What is tested.
test \"the route is found\" {
    assert 1 == 1
    assert xs.len() > 0, \"no {what} found\"
}
"
    types: "
fn f(
    a: Int, b: Foo<A, Bar<B, [C]>>, c: [Int], d: [Str: [Int: Bool]], e: Set<T?>,
    f: (A, B, C), g: T??, h: fn(), i: fn(A, B) -> R?, j: (fn(A) -> R)?, k: (), l: lib.Point<T>,
    m: Result<Unit, MigrateError>, n: (Int),
) -> Map<K, Map<K, V>> {}
"
    statements: "
fn main() {
    let x = 1; var y: Int = 2
    let (a, _) = pair
    let Some(hop) = read(trail) else { return }
    let P(x: a, ..): P = p else {
        return
    }
    y = 1
    y += 1; y -= 1; y *= 2; y /= 2; y %= 2
    y +%= 1; y -%= 1; y *%= 1
    y &= 1; y |= 1; y ^= 1; y <<= 1; y >>= 1; y >>>= 1
    xs[0].field.0 = 5
    assert y == 1
    return
}
"
    control: "
fn main() {
    if a { b } else if c { d } else { e }
    if let Some(x) = f() { x }
    while x < 10 { x += 1 }
    while let Some(x) = next() { use_it(x) }
    for _ in 0..3 { }
    for (key, value) in map { print(key) }
    outer: for i in 0..=n {
        inner: while true { break outer }
        deepest: loop { continue outer }
    }
    loop { break }
    { let inner = 1 }
    let y = if a { 1 } else { 2 }
    let z = match a { 1 => \"one\", _ => \"many\" }
    return if a { 1 } else { 2 }
}
"
    braces_on_their_own_line: "
fn main()
{
    if a
    {
        b
    }
    else
    {
        c
    }
    for x in xs
    {
        match x
        {
            _ => {}
        }
    }
}
impl P
{
    fn f(self) -> Int
    {
        1
    }
}
"
    matches: "
fn main() {
    match read(sensor) {
        Some(t) if t > 80.0 => alarm(t)
        Some(_) => {}
        None => return
    }
    match x {
        0 | 1 | 2 => a,
        -5..=9 => b, 10..20 => c
        \"text\" | b\"\\x00\" => d
        1.5 | -1.5 | 5s | true => e
        whole @ Some(_) => whole
        Shape.Circle(r) => r
        lib.Shape.Rect(w, h) => w * h
        Circle(radius: r) | P(x: r, ..) => r
        MAX => f
        (a, (b, _)) => g
        () => h
        _ => total += 1
    }
    match x {}
}
"
    operators: "
fn main() {
    a || b && c == d ?? e | f ^ g & h << i + j * k
    a * b + c << d & e ^ f | g ?? h == i && j || k
    a - b - c
    a ?? b ?? c
    a >> b >>> c << d
    a +% b -% c *% d
    a / b % c
    -a.b
    -a * b
    !a && ~b == -c
    a..b + 1
    a || b..=c
    a is b
    a < b && c > d
    f(x)?.g!.h[0](1)
    -1
    - 1.5
    -(1)
    x - 1
    x ?? return
    x ?? return None
    a && break
}
"
    literals: "
fn main() {
    0; 1_000; 0xFF; 0b1010; 0o17; 0xFFFF_FFFF_FFFF_FFFF; -9223372036854775808
    9_223_372_036_854_775_807
    1.5; 2e9; 1.5e-3; 1_0.0_1
    250ms; 5s; 2min; 1h; 10us; 7ns; 1.5s; 0.000_000_001s
    true; false; ()
    b\"a\\x00\\xff\\n{}\"
    \"\"; \"plain\"; \"\\n\\t\\r\\0\\\"\\\\\\{\\}\\u{1F600}\\x41é\"
}
"
    collections: "
fn main() {
    []; [1]; [1, 2,]; [:]; [\"a\": 1, \"b\": 2,]; #{}; #{1, 2}
    (1, 2); (1, \"a\", [2]); ((1))
    [[1], [a: b]]
    [
        1
        ,
        2
    ]
}
"
    list_patterns: "
fn main() {
    match xs {
        [] => 0
        [1, 2,] => 1
        [first, ..] | [.., first] => first
        [a, ..rest, Some([b]), _] => b
        [.._] => 2
    }
    let [a, .., b] = xs else { return }
    for [x, y] in pairs {}
}
"
    struct_updates: "
fn main() {
    P(..p, x: 1)
    P(..p)
    Self(..f(x)?, y: [2], )
    Self.new(..p.q)
}
"
    let_chains: "
fn main() {
    if let Some(x) = a && x > 1 && let [y] = b ?? c { x + y }
    if a == b && let c = d + 1 { c } else if let e = f && g { e }
    while let Some(x) = xs.pop() && (x || y) && !z { f() }
    if let a = b
        && let c = d
    {
        a
    }
}
"
    breaks: "
fn main() {
    loop { break }
    loop { break outer }
    loop { break (outer) }
    loop { break x + 1 }
    loop { break outer: [1] }
    loop { break { let a = 1; a } }
    loop { break {a, b} }
    loop {
        break
        1
    }
    let x = outer: loop { break outer: loop { break 2 } }
    x = inner: while a { f(outer: loop { continue inner }) }
    [break x, y]
    [a ?? break x: 1]
}
"
    given_on: "
pub import ./a
pub import ./a as b
pub import ./a { c, d as e }
"
    places: "
fn main() {
    migrate({temperature, town, !busy, route(x), m.tag}, timeout: 5s)
    let place = {a}
    let none = {}
    let several = {
        a,
        !b
    }
    f([{a}], ({b}, {c}), place: {d})
    return {a, b}
}
"
    blocks_as_values: "
fn main() {
    let y = {
        let x = 1
        x * 10
    }
    let z = { print(y); y }
    let w = {
        f()
        g
    }
    let v = y + { if a { 1 } else { 2 } }
}
"
    calls: "
fn main() {
    f(); f(1, y: 3, z: [4]); f(1,)
    P(x: 1, y: 2)
    a.b(c).d
    spawn explore(place, here())
    let id = spawn m.f(x)
    f(lifetime: 5s, access: owner, test: 1, native: 2, as: 3, tag: 4)
    t.0.1.2
    self.x
    f(if a { 1 } else { 2 }, match b { _ => 3 })
}
"
    closures: "
fn main() {
    xs.map(fn(x) { x + 1 })
    let f = fn(x, y: Int) -> Int { x + y }
    fn() {}
    xs.each(fn((a, b)) {
        print(a)
        b
    })
    fold(fn(_, x) -> fn() -> Int { fn() { x } })
    xs.filter(fn(x) {
        x > 1
    }).len()
}
"
    lines: "
fn main() {
    a
        .b()
        .c
    a ?? b
        ?? c
    1
        + 2
        * 3 == 4
        && d
    x
    -1
    x
    (1)
    x
    [1]
    let y =
        5
    f(
        1
        ,
        2
    )
    if a { b }
    else { c }
    return
    x
    a; b;
    c >
        d
    ;;
    /* a comment
       /* in a comment */ over lines */ e /* inside */ + f
}
"
    interpolations: "
fn main() {
    \"t = {t} F\"
    \"{a}{b}\"
    \"{seen.len()} of {xs.map(fn(x) { \"<{x}>\" }).join(\", \")}\"
    \"{t:.1} {n:08x} {s:>8} {s:*^9} {n:+} {n:<+06.2e} {n:X} {n:b} {n:o} {s:}<4}\"
    \"{f(x: 1)} {[a: b]} {if c { 1 } else { 2 }}\"
    \"{ {a, b} } \\{not\\} }\"
    \"\"\"
    \"\"\"
}
"
    multi_line_strings: "
fn main() {
    let a = \"\"\"
        first {x}
          second \"quoted\"

        third\\t.
        \"\"\"
    let b = \"\"\"one line\"\"\"
    let c = \"\"\"
      kept
    \"\"\"
    let d = \"\"\"{a}
        {b} c
        \"\"\"
}
"
}

/// The samples of the language's design.
#[test]
fn samples() {
    for (name, source) in [
        ("sample_led", include_str!("samples/led.sm")),
        ("sample_pull", include_str!("samples/pull.sm")),
        ("sample_temperature", include_str!("samples/temperature.sm")),
    ] {
        snapshot("constructs", name, source, &tree(source));
    }
}

#[test]
fn an_empty_file_is_a_module() {
    for source in [
        "",
        "\n",
        "  // only a comment",
        "\u{feff}",
        "#!/usr/bin/env smc",
        ";;\n;",
    ] {
        assert_eq!(tree(source), "", "{source:?}");
    }
}

#[test]
fn a_shebang_and_a_byte_order_mark_are_skipped() {
    let plain = tree("fn main() {}");
    assert_eq!(tree("#!/usr/bin/env smc run\nfn main() {}"), plain);
    assert_eq!(tree("\u{feff}fn main() {}"), plain);
}

#[test]
fn carriage_returns_change_nothing() {
    let source = include_str!("samples/pull.sm");
    assert_eq!(tree(&source.replace('\n', "\r\n")), tree(source));
    let text = "let a = \"\"\"\n  b\n  c {d}\n  \"\"\"";
    assert_eq!(body(&text.replace('\n', "\r\n")), body(text));
}

#[test]
fn parentheses_belong_to_the_span() {
    let source = "fn main() { (a + b) * c }";
    let (module, _) = parse_text(source);
    let tail = tail(&module);
    let ExprKind::Chain { first, rest } = &tail.kind else {
        panic!("{tail:?}")
    };
    assert_eq!(&source[tail.span.range()], "(a + b) * c");
    assert_eq!(&source[first.span.range()], "(a + b)");
    assert_eq!(&source[rest[0].op_span.range()], "*");
}

#[test]
fn a_literal_and_its_sign_are_one() {
    for (text, value) in [("-1", -1), ("-9223372036854775808", i64::MIN), ("- 5", -5)] {
        let (module, diagnostics) = parse_text(&format!("fn main() {{ {text} }}"));
        assert_eq!(diagnostics, []);
        assert_eq!(tail(&module).kind, ExprKind::Literal(Literal::Int(value)));
    }
    // The pattern of the smallest Int has no negation, so the sign stays an operation.
    assert_eq!(
        body("-0x8000_0000_0000_0000"),
        body("-(0x8000_0000_0000_0000)")
    );
}

fn tail(module: &Module) -> &Expr {
    let ItemKind::Fn(decl) = &module.items[0].kind else {
        panic!("not a function")
    };
    let FnBody::Block(block) = &decl.body else {
        panic!("no body")
    };
    match &block.stmts.last().expect("a statement").kind {
        StmtKind::Expr(expr) => expr,
        other => panic!("{other:?}"),
    }
}
