//! The messages for mistakes, in snapshots that show source and messages together, and the tree
//! that was read nevertheless.

use super::{codes, parse_text, rendered, snapshot};
use crate::ast::dump;
use crate::diagnostic::{Applicability, TABLE, code};

/// `name: "source"` is a test that shows what is said about the source.
macro_rules! mistakes {
    ($($name:ident: $source:literal)*) => {
        $(
            #[test]
            fn $name() {
                let (module, diagnostics) = parse_text($source);
                assert!(!diagnostics.is_empty(), "there is nothing to say");
                let result = format!("{}----\n{}", rendered($source, &diagnostics), dump(&module));
                snapshot("mistakes", stringify!($name), $source, &result);
            }
        )*
    };
}

mistakes! {
    memberships: "
fn main() {
    if x in xs && y not in ys { f() }
    let a = not x in xs
    assert not a == b
    if a is not None { f() }
    while not done or a is not b { f() }
}
"
    comprehensions: "
fn main() {
    let a = [x for x in xs]
    let b = [f(k, v) for k, v in xs.items() if k > 1]
    let c = any(x > 1 for x in xs)
    let d = [x: 1 for x in xs]
    let e = #{x for x in xs}
    f(g(x for x in xs), 2)
}
"
    trailing_conditions: "
fn main() {
    let a = 1 if c else 2
    f(1 if a > b else 2, 3)
    return 1 if c else f(2)
    g() if c else h()
}
"
    steps_of_lists: "
fn main() {
    f(xs[::2])
    f(a.b[::-1])
    f(xs[1:9:2], xs[: :3], xs[::n])
    f(xs[Color::Red])
}
"
    pairs_of_maps: "
fn main() {
    for k, v in ages.items() {
        f(k, v)
    }
    for k, v in a.b(c).items() { f(k, v) }
    for k, v in pairs(ages.items()) { f(k, v) }
}
"
    parts_of_lists: "
fn main() {
    a[1:]; a[:2]; a[1:2]; a[:]; a.b(c)[1..]; f(1, a[..n])
    a[1:-1]; a[0:9:2]
}
"
    names_without_parentheses: "
fn main() {
    for a, b in xs { f(a, b) }
    let a, _, c = t
    a, b = b, a
    a.x, b = 1, 2
}
"
    labels_of_other_languages: "
fn main() {
    try:
        f()
    except Error as e:
        g()
    finally:
        h()
}
"
    prefixes_of_strings: r#"
fn main() {
    f(f"a {x}", r"b", u"c")
    let a = f"d"
}
"#
    points_of_numbers: "
fn main() {
    let a = 5.
    let b = .5 + 1
    f(1., .2)
}
"
    statements_of_arms: "
fn main() {
    match x {
        A => assert b, 1
        B => let c = 1
        C => assert d, D => var e = 1
        e if let Some(f) = g => h(f)
        _ => {}
    }
}
"
    data_in_blocks: r#"
fn main() {
    match x {
        A => {"a": 1, "b": 2}
        B => {1, 2, 3}
        C => {a: 1, b: 2}
    }
}

fn map() -> [Str: Int] {
    {"a": 1}
}
"#
    unexpected_characters: "
fn main() {
    let a = 1 $ 2
    let b = `text`
    let c = “quoted”
    let größe = 3
    # a comment
    let d = 5 – 3
}
"
    numbers: "
fn main() {
    12abc; 1.5f; 10u64; 0x; 0b12; 5days
    99999999999999999999; 9223372036854775808; 0x1_0000_0000_0000_0000
    1e400; 1000000h
    a.1x
}
"
    open_strings: "
fn main() {
    print(\"hello)
    let a = \"no end
    f(\"a\", \"b)
    g(\"in {x)
    let b = b\"bytes
    print(\"fine\")
}
"
    open_long_string: "
fn main() {
    let a = \"\"\"
        never closed
}
"
    open_comment: "
fn main() {
    /* one /* two */
    print(1)
}
"
    escapes: "
fn main() {
    \"\\q \\x4 \\xff \\u{110000} \\u41 \\u{} fine \\n\"
    b\"\\xff \\xg\"
}
"
    single_quotes: "
fn main() {
    print('hello')
    print('{x}')
    it's
}
"
    formats: "
fn main() {
    \"{x:zz} {x:.} {x:99999} {:x} {} {x:}\"
}
"
    unclosed_brace: "
fn first() {
    if a {
        b()
}

fn second() {
    for x in xs {
        while y {
            z()
    }
}
fn third() {
    a
"
    unclosed_parenthesis: "
fn first() {
    print(\"a\"
    let x = [1, 2
    f(g(1, 2)
    x
}
fn second(a: Int {
    a
}
"
    unopened: "
fn main() {
    f(1))
    a]
}
}
fn next() {}
"
    mismatched: "
fn main() {
    f([1, 2)
    g((1]
}
"
    missing_operands: "
fn main() {
    let a =
    let b = 1 +
    let c = f(1, , 2)
    let d = (3 * )
    let e = [1, 2 3]
    let g = x.
    return 1 -
}
"
    two_on_a_line: "
fn main() {
    let a = 1 let b = 2
    f() g()
    x y z
}
struct A {} struct B {}
"
    assignment_in_condition: "
fn main() {
    if x = 1 { a }
    while (y = 2) { b }
    if z == 1 { c = 2 }
    assert x = 1
}
"
    colon_equals: "
fn main() {
    x := 1
    let y := 2
}
"
    foreign_functions: "
func main() {
    let a = function(x) { x }
}
def f(x: Int) -> Int { x }
pub fun g() {}
"
    foreign_conditions: "
fn main() {
    if a { 1 } elif b { 2 }
    elsif c { 3 }
    elseif d { 4 } else { 5 }
    if a and b or not c { d }
}
"
    foreign_bindings: "
fn main() {
    let mut x = 1
    val y = 2
    const z = 3
    int i = 4
    let s
    var t: Int
}
"
    foreign_operators: "
fn main() {
    i++
    --j
    k--
    ++l
    a === b
    a !== b
    a <> b
    a ** b
    f(&x, *y, +z)
    let c = a ? 1 : 2
    let d = x as Float
    Shape::Dot
    a < b < c
    f<Int>(x)
}
"
    foreign_loops: "
fn main() {
    for (x in xs) { a }
    for (let i = 0; i < n; i++) { b }
    for i = 0; i < n; i++ { c }
    foreach x in xs { d }
    do { e } while f
    while g:
        h()
}
"
    foreign_closures: "
fn main() {
    xs.map(x => x + 1)
    xs.map(|x| x + 1)
    xs.map((x, y) => x)
    let f = fn(x) x + 1
    let g = fn(x) => x + 1
    let h = x -> x
    let k = lambda x: x
}
"
    foreign_declarations: "
class Foo { x: Int }
use std::collections
interface Bar {}
export fn f() {}
type Id = Int
async fn g() {}
"
    foreign_statements: "
fn main() {
    switch x { case 1: a }
    throw Error(1)
    try { a } catch e { b }
    let p = new P(1)
    print \"hello\"
    match x {
        A -> 1
        B: 2
        case C => 3
    }
    else { }
    let Some(x) = match y { _ => z } else { return }
}
"
    struct_literals: "
fn main() {
    let p = P { x: 1, y: 2 }
    let q = P {
        x: 1
        y: 2
    }
    f(x = 1, y)
}
"
    results: "
fn a() Int { 1 }
fn b(): Int { 2 }
fn c() => Int { 3 }
fn d() [Int] { [] }
fn e() -> { 4 }
fn f(x, y = 1) {}
fn g(x Int) {}
fn h(Int) {}
"
    missing_blocks: "
fn main() {
    if a return
    while b
    for x in xs
    if c:
        d()
    else:
        e()
    match f
    loop
    let Some(x) = g else return
}
fn h()
struct S
test \"t\"
"
    braces_as_values: "
fn main() {
    let config = { a: 1, b: 2 }
    let place = {a b}
    f({ \"a\": 1 })
}
"
    ranges: "
fn main() {
    xs[1..]
    xs[..2]
    for i in 0.. { }
    1..2..3
}
"
    patterns: "
fn main() {
    let 1 + 2 = x
    let = 3
    let [a, b] = xs
    match x {
        => 1
        P(.., x: 1) => 2
        a b => 3
        {a} => 4
        1.. => 5
    }
    for in xs {}
}
"
    types: "
fn f(a: , b: Int Int, c: [Int, d: Set<>) {}
struct S {
    x
    y Int
    z: 5
    var: Int
}
tag t:
"
    imports: "
import
import a.b
import a::b
import \"lib\"
import { x } from a
import a/b { x y }
import ./
from a import b
"
    top_level: "
let x = 1
print(\"hello\")
pub impl P {}
pub let y = 2
fn
struct { x: Int }
fn main() {}
}
"
    let_conditions: "
fn main() {
    if let Some(x) = a || b { print(x) }
    if a || b && let Some(x) = c { print(x) }
    while a && let Some(x) = b || c && d { print(x) }
    if (let Some(x) = a) && b { print(x) }
    if a && let Some(x) { print(x) }
    let y = let x = 1
}
"
    list_patterns: "
fn main() {
    let [.., a, ..] = b
    let [..a, ..b] = c
    let [a..] = b
    let [a, ...] = b
    let [a b] = c
}
"
    breaks: "
fn main() {
    loop { break outer 1 }
    loop { break outer: }
    loop { break: 1 }
}
"
    functions_in_functions: "
fn main() {
    fn helper(x: Int) -> Int { x }
    struct S { x: Int }
    import a/b
}
impl P {
    let x = 1
    fn ok(self) {}
    fn late(x: Int, self) {}
}
"
    keywords_as_names: "
fn match(in: Int) {
    let for = 1
    x.if
    enum
}
"
    tags: "
tag a lifetime 5s lifetime 6s
tag b: Int access (reed: any, write: owner, write: code)
tag c: Int access
tag d(x): Int
tag e = 5
"
    spawns: "
fn main() {
    spawn f
    spawn f(x).y
    spawn
}
"
    lost_docs: "
/// About f.
fn f() {
    /// About nothing.
}
struct P {
    x: Int
    /// About nothing either.
}
/// At the end.
"
    several_in_one_function: "
fn main() {
    let a = = 1
    if b {
        f(1 2)
        for x in {
            g(]
        }
    } else {
        let c: = 3
    }
    h(fn(x) { let d = * 2 })
    \"{x +} and {f(y z)}\"
}
fn next(a: Int b: Int) {
    let e = 1 +
}
"
}

/// Nothing is said twice about one place.
#[test]
fn one_mistake_has_one_message() {
    let sources = [
        "fn f() { let x = }",
        "fn f() { let x = 1 +\n}",
        "fn f() { g(1, }",
        "fn f() { g(1 2) }",
        "fn f() { if }",
        "fn f() { if x }",
        "fn f() { if x { }",
        "fn f() { if x = 1 { } }",
        "fn f( { }",
        "fn f() -> { }",
        "fn f(x) { }",
        "fn { }",
        "fn f() { match x { 1 } }",
        "fn f() { match x { 1 => } }",
        "fn f() { for x xs { } }",
        "fn f() { for (x, y in xs) { } }",
        "fn f() { \"a {x\" }",
        "fn f() { \"abc }\n",
        "fn f() { '}",
        "fn f() { a $ b }",
        "fn f() { x.}",
        "fn f() { x.1.}",
        "fn f() { ) }",
        "fn f() { [1, 2 }",
        "fn f() { } }",
        "fn f() { a b }",
        "fn f() { let (a, b = c }",
        "fn f() { let Some( = b }",
        "fn f() { P { x: 1 } }",
        "struct P { x: }",
        "struct P { x Int }",
        "struct P { , }",
        "enum E { A(Int }",
        "tag t: ",
        "tag t: Int lifetime",
        "import",
        "import a/",
        "import a { b",
        "impl { }",
        "impl P { x }",
        "test { }",
        "test \"a{b}\" { }",
        "const X: Int",
        "pub",
        "pub pub fn f() {}",
        "native fn f() { }",
        "5",
        "}",
        "\"",
    ];
    let mut wrong = String::new();
    for source in sources {
        let (_, diagnostics) = parse_text(source);
        if diagnostics.len() != 1 {
            wrong.push_str(&format!("{source}\n{}\n", rendered(source, &diagnostics)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A fix that is certain leaves nothing to say.
#[test]
fn certain_fixes_are_right() {
    for source in [
        "fn f() { if a and b { } }",
        "fn f() { if a or b { } }",
        "fn f() { if not a { } }",
        "fn f() { if a { } elif b { } }",
        "fn f() { let mut x = 1 }",
        "fn f() { val x = 1 }",
        "func f() { }",
        "def f() { }",
        "fn f() { a === b }",
        "fn f() { a !== b }",
        "fn f() { a <> b }",
        "fn f() { Shape::Dot }",
        "import a::b",
        "import a.b",
        "fn f() { g(x = 1) }",
        "fn f() Int { }",
        "fn f(): Int { }",
        "fn f() => Int { }",
        "fn f() { match x { A -> 1 } }",
        "fn f() { match x { A: 1 } }",
        "fn f() { print('text') }",
        "fn f() { # comment\n}",
        "fn f() {} fn g() {}",
        "pub impl P {}",
        "fn f() { x := 1 }",
        "fn f() { let x := 1 }",
        "fn f() { for (x in xs) { } }",
        "fn f() { print \"a\" }",
        "fn f() { let x = P { a: 1 } }",
        "fn f() { x++ }",
        "fn f() { if x is not None { } }",
        "fn f() { if not x == 1 { } }",
        "fn f() { let x = [y * 2 for y in ys if y > 1] }",
        "fn f() { let x = sum(y for y in ys) }",
        "fn f() { let x = a if b else c }",
        "fn f() { let x = xs[1:] }",
        "fn f() { let x = xs[..2] }",
        "fn f() { for a, b in xs { } }",
        "fn f() { let a, b = c }",
        "fn f() { g(f\"a\") }",
        "fn f() { let x = 5. }",
        "fn f() { let x = .5 }",
        "fn f() { match x { A => assert b } }",
        "fn f() { let x = {\"a\": 1} }",
    ] {
        let (_, diagnostics) = parse_text(source);
        assert_eq!(diagnostics.len(), 1, "{source}: {diagnostics:#?}");
        let fix = diagnostics[0]
            .fixes
            .first()
            .unwrap_or_else(|| panic!("{source} has no fix"));
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
        let mut fixed = source.to_owned();
        for edit in edits {
            fixed.replace_range(edit.span.range(), &edit.replacement);
        }
        let certain = fix.applicability == Applicability::MachineApplicable;
        let left = codes(&fixed);
        assert!(
            left.is_empty(),
            "{source} became {fixed} ({certain}), which says {left:?}"
        );
    }
}

#[test]
fn every_code_has_a_page_and_a_number_of_its_own() {
    let mut before = "";
    for info in TABLE {
        assert!(
            before < info.code.as_str(),
            "{} comes after {before}",
            info.code
        );
        before = info.code.as_str();
        assert!(info.code.as_str().starts_with("SM") && info.code.as_str().len() == 6);
        assert!(info.page.len() > 40, "{} has no page", info.code);
    }
    assert_eq!(
        crate::diagnostic::explain("sm0101").map(|i| i.code),
        Some(code::EXPECTED_EXPRESSION)
    );
    assert!(crate::diagnostic::explain("SM9999").is_none());
}
