//! Each construct, as somebody may have written it and as it is formatted.

use super::super::format;
use super::{formatted, shown};

shown! { "constructs"
    imports: "
import   route / pull
import route/tour as  t
import ./lib  {first,second as  other}
import ../../shared/names {
    first, second
    third
}
import ../names { one_long_name, another_long_name, a_third_long_name as shorter, \
        and_one_more_name_of_it }
tag after: Int
"
    newer_constructs: "
pub import   ./a { b,c as d }
fn main() {
    match xs { [ ] => 0, [ 1,.. ] => 1, [first, ..rest , last,] => 2
        [a_long_name, another_long_name, .., the_one_before_the_last_one, \
        a_name_for_the_last_one] => 3
        [ .._ ] => 4 }
    let p = P( ..p , x : 1 )
    let q = P(..an_old_point_with_a_long_name, x: a_long_expression + 1, \
        y: another_long_expression + 2)
    if let Some(x)=a&&x>1&&let [y]=b??c { x }
    while let Some(connection) = connections.pop() && connection.is_open() \
        && let Ok(answer) = connection.ask() { print(answer) }
    if a && // why
        let b = c { b }
    let v = outer : loop { break   outer : f( 1 ) }
    loop { break (x) }
    loop { break a+1 }
}
"
    tags: "
tag   three_signal
pub tag route( to : Name ) : Hop   lifetime 60s  access code
tag quota(of: Str, day: Int): [Str: Int] lifetime HOUR * 24
    access ( read : any , write : owner )
tag a_tag_with_a_long_name(of: Str, day: Int): [Str: (Int, Float)] lifetime ONE_HOUR * 24 \
        access (read: any, write: owner)
"
    constants: "
const LIMIT:Int=1<<20
const NAMES: [Str] = [\"a name\", \"another name\", \"a third name\", \"a fourth name\", \
        \"the fifth name\"]
const PRIMES: [Int] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, \
        67, 71, 73, 79, 83, 89, 97]
const MATRIX: [[Int]] = [
  [1, 0],
  [0, 1],
]
const MASK: Int = 0xFFFF_FFFF_0000_0000 | 0x0000_0000_FFFF_FFFF | 0b1111_0000 | 0o777 | 1_000_000
"
    structs: "
struct P{x:Int,var y:Int=0}
struct Q {
    /// To the right.
    x: Int,

    var y: Int = 0,
    z: [Int]? = None }
struct Pair<A,B:Ord+Show>{ first: A, second: B, }
struct Empty { }
struct Wide { a_long_name: [Str: Int], another_long_name: [Str: Int], a_third_long_name: \
        [Str: Int] }
"
    enums: "
enum Shape<T> {
    /// Round.
    Circle(radius: Float), Rect( Float,Float )
    Other(what: T, Int,)
}
enum Light { Red, Yellow
  Green }
enum Never {}
"
    functions: "
fn nothing( ){ }
pub fn f( x:Int,y : Int=2 )->Int { x + y }
fn g<T,U:Ord+Show>(t: T, f: fn(T,Int)->U ?) -> (T,U)
{
    (t, f(t, 1)!)
}
fn a_function_with_many_parameters(first: [Int], second: [Int], third: fn(Int, Int) -> \
        Bool) -> Int {
    1
}
fn kept_open(
    first: Int,
) {}
native fn random( ) -> Int
native fn other() -> Int
"
    impls: "
impl<T> [ T ] {
    native fn a(self)
    native fn b(self,other:[T])->Int
    fn c(self) -> Int { 1 }
    fn d(self) -> Int {

        2

    }
}
impl<K,V> [K:V] { }
"
    tests: "
test \"the route\"{ assert 1==1
  assert xs.len() > 0,\"no {what} found\"
  assert some_long_condition_about(this) && some_other_condition_about(that), \"a message \
        that is long\"
}
"
    statements: "
fn main() {
    let x = 1;var y:Int=2;


    let(a,_)=pair
    let Some(hop)=read(trail)else{return}
    let P(x: a, ..): P = p else {
        return
    }
    y=1;y+=1; y >>>= 1
    xs[ 0 ].field.0=5
    return;
}
"
    values_on_the_next_line: "
fn main() {
    let a_long_name = some_function_with_a_name(of_one_argument, of_another_argument, \
        and_a_third_one)
    let a_long_name = some_function_with_a_name(of_one_argument, of_another_argument, \
        and_a_third_one, more)
    a_long_target.field = some_function_with_a_name(of_one_argument, of_another_argument, \
        and_a_third_one)
    let text = \"a text that is so long that there is no room for it behind the name that \
        it is given: {x}\"
    let list = [some_function_with_a_name(of_one_argument), of_another_argument, \
        and_a_third_one, more]
    let Some(hop) = read(some_function_with_a_name(of_one_argument, of_another_argument)) \
        else { return None }
}
"
    control: "
fn main() {
    if a{b}else if c{d}else{e}
    if a { b
    } else { c }
    if let Some(x)=f(){x}
    while x<10{x+=1}
    while let Some(x) = next() { use_it(x); more() }
    for _ in 0 .. 3 { }
    outer : for i in 0..=n { inner: while true { break  outer }
        loop { continue outer } }
    if first_condition_of_several(x) && second_condition_of_several(y) || \
        third_condition(z) { run() }
    while first_condition_of_several(x) && second_condition_of_several(y) && \
        third_condition(zzzzz) { run() }
    let size = if some_condition(x) { \"a long text for the first\" } else { \"a long text \
        for the second\" }
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
    match x
    {
        _ => { }
    }
}
"
    matches: "
fn main() {
    match x {
        0|1 => a,
        -5 ..= 9 if  y => b, 10..20 => c
        whole@Some(_) => whole

        Circle( radius:r )|P(x: r, ..) => r
        (a,(b,_)) => g
        _ => total+=1
    }
    let parity = match y % 2 {0=>\"even\",_=>\"odd\"}
    match x { }
    match x {
        AVeryLongVariant(of_a_name) | AnotherLongVariant(of_a_name) | \
        AThirdLongVariant(of_a_name) => of_a_name
        Some(hop) => a_function_with_a_long_name(of_one_argument, of_another_argument, of_a_third)
        Some(hop) => { go(hop) }
        None => {
            wait()
            wait()
        }
    }
}
"
    operators: "
fn main() {
    let a = b||c&&d==e??f|g^h&i<<j+k*l
    let a = -b.c- -d+!e.f
    let a = x? ?
    let a = (x?)? ?? y
    let a = (b + c)*((d))
    let a = a_long_operand_of_a_sum + another_long_operand_of_a_sum * a_third_operand + \
        the_last_operand
    let a = a_long_operand_of_a_sum - another_long_operand_of_a_sum * a_third_operand - \
        the_last_operand_of_all
    let a = f(a_long_operand_of_a_sum - another_long_operand_of_a_sum * a_third_operand - \
        the_last_operand)
    let a = some_condition(of_this) && some_condition(of_that) || \
        (another_condition(of_this) && the_last(one))
    let a = b >> c >>> d is e
    assert xs.sorted_by_key(fn(x) {
        -x
    }) == [3, 2, 1]
    return some_condition(of_this) && some_condition(of_that) && another_condition(of_this) \
        && the_last(one)
}
"
    literals: "
fn main() {
    f(0, 1_000, 0xFF, 0b1010, -9223372036854775808, - 1, -(1), 1.5e-3, 250ms)
    f(b\"a\\x00\", \"\\u{1F600} {x:>8} { y }\", \"\"\"one\"\"\")
    let t = \"\"\"
        first {x}
          second

        \"\"\"
    print(\"\"\"
        text
        \"\"\")
}
"
    collections: "
fn main() {
    let a = [ ];let b=[1 , 2];let c=[ : ];let d=[\"a\":1,\"b\" : 2];let e=#{ 1,2 }
    let f = [1, 2,]
    let rows = [
      1, 2,   3,
      4, 5
      ,
    ]
    let pairs = [(1, \"one\"), (2, \"two\"), (3, \"three\"), (4, \"four\"), (5, \"five\"), \
        (6, \"six\"), (7, \"seven\")]
    let g = (1, (2, [3]))
    let h = [\"a key\": some_function(of_a_value), \"another key\": \
        some_function(of_a_value), \"a third\": 3]
    migrate({ temperature,town , ! busy,route( x ) }, timeout : 5s)
    migrate({a_long_name_of_a_tag, another_long_name_of_a_tag, a_third_long_name, !busy}, \
        timeout: 5s)
}
"
    blocks_as_values: "
fn main() {
    let y = { let x = 1; x * 10 }
    let z = { print(y); }
    let w = {f}
}
"
    calls: "
fn main() {
    f( );f( 1,y:3 )
    f(a_first_argument_that_is_long, a_second_argument_that_is_long, a_third_argument_that_is_long)
    f(g(a_first_argument_that_is_long, a_second_argument_that_is_long, \
        a_third_argument_that_is_long))
    print([a_first_element_that_is_long, a_second_element_that_is_long, \
        a_third_element_that_is_long])
    f(1,)
    f(\"a text that is too long for a line of its own, so that breaking the call would not help it \
        at all\")
    let date = DateTime(year: day.slice(0, 4).int()?, month: day.slice(5, 7).int()?, day: \
        day.slice(8, 10).int()?)
    spawn explore(place,here())
    f(if a_condition_that_is_long(of_something) { something_that_is_long } else { \
        something_else(here) })
}
"
    closures: "
fn main() {
    xs.map(fn(x){x+1})
    let f=fn(x,y:Int)->Int{x+y}
    visit_all({temperature,town},timeout:10s,fn(){ seen.push(read(temperature)!); again() })
    visit_all({temperature, town}, timeout: 10s, fn(node) { \
        seen.push(read(temperature_of(node))!) })
    xs.fold(0, fn(a, b) {
        a + b
    })
    both(fn() { 1 }, fn() { a_function_with_a_long_name(of_one_argument, of_another_argument) })
    let fs = [1, 2, 3].map(fn(k) { fn(x: Int) -> Int { x * k } })
}
"
    method_chains: "
fn main() {
    self.items.first(x).map(fn(x) { x + 1 })
    let found = all_readings.filter(fn(x) { x > the_limit }).map(fn(x) { x * factor \
        }).sorted().slice(0, 10)
    xs.filter(fn(x) { x > the_limit }).map(fn(x) { x * factor }).sorted().slice(0, \
        10).each(print_it)[0]!.more
    let n = (1, 2).first.second(with_an_argument, with_another).third(with_an_argument, \
        with_another)?.fourth(1)!
    readings.sorted().each(fn(x) {
        print(x)
    })
    net.node(3).create(temperature_of_the_place, 80.0, lifetime: 10s, access: Access.Owner, \
        more: 1, x: 2)
    let deep = first.second.third.fourth.a_method(of_one_argument, of_another_argument, \
        and_a_third_one)
}
"
    empty_lines: "


import a



tag x: Int
tag y: Int



tag z: Int
fn f() {


    a()



    b()

}
fn g() {}
fn one() -> Int { 1 }
fn two() -> Int { 2 }
impl P {
    fn one() -> Int { 1 }
    fn two() -> Int { 2 }
    fn three() -> Int {
        3 }
}
"
}

#[test]
fn a_file_ends_with_one_line_end() {
    assert_eq!(formatted("fn f() {}"), "fn f() {}\n");
    assert_eq!(formatted("fn f() {}\n\n\n"), "fn f() {}\n");
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("\n \n;;"), "");
    assert_eq!(formatted("// c"), "// c\n");
    assert_eq!(formatted("\u{feff}fn f() {}\r\n"), "fn f() {}\n");
}

#[test]
fn a_shebang_stays_the_first_line() {
    assert_eq!(
        formatted("#!/usr/bin/env -S smc run  \nfn f() {}"),
        "#!/usr/bin/env -S smc run\nfn f() {}\n"
    );
    assert_eq!(formatted("#!/bin/x\n\n\n// c"), "#!/bin/x\n\n// c\n");
    assert_eq!(formatted("#!/bin/x"), "#!/bin/x\n");
}

/// A chain of any length is laid out in time that grows with it.
#[test]
fn chains_of_thousands_of_operands() {
    for (part, last) in [("a + ", "b"), ("a - b + ", "c"), ("a == b && c || ", "d")] {
        let source = format!("fn f() -> Int {{\n    {}{last}\n}}\n", part.repeat(10_000));
        let out = format(&source).expect("it has no mistakes");
        assert!(out.lines().count() > 10_000, "{part}");
        assert_eq!(format(&out).ok().as_ref(), Some(&out));
    }
}
