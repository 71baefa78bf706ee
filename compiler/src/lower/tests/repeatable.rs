//! The same source gives the same bytes, and what a program does not use does not show in them.

use super::{compiled, lowered};

const LIB: &str = "
pub struct Pair<A, B> { a: A, b: B }

pub fn twice<T>(x: T) -> (T, T) { (x, x) }

pub fn even(n: Int) -> Bool { if n == 0 { true } else { odd(n - 1) } }

pub fn odd(n: Int) -> Bool { if n == 0 { false } else { even(n - 1) } }
";

const MAIN: &str = "
import ./lib { twice, even, Pair }
import ./other { helper }

fn main() -> Int {
    let p = Pair(a: 1, b: \"x\")
    let (a, b) = twice(p.a)
    print([\"b\", \"a\"].sorted())
    if even(a) { b } else { helper(b) }
}
";

const OTHER: &str = "
import ./lib { twice }

pub fn helper(n: Int) -> Int { twice(n).0 + [3, 1].sorted()[0] }
";

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let modules = [("./main", MAIN), ("./lib", LIB), ("./other", OTHER)];
    let bytes = || lowered(&modules).bundle().unwrap().encode();
    assert_eq!(bytes(), bytes());
}

#[test]
fn the_order_of_imports_does_not_matter() {
    let swapped = MAIN.replace(
        "import ./lib { twice, even, Pair }\nimport ./other { helper }",
        "import ./other { helper }\nimport ./lib { Pair, even, twice }",
    );
    assert_ne!(swapped, MAIN);
    let one = lowered(&[("./main", MAIN), ("./lib", LIB), ("./other", OTHER)]);
    let two = lowered(&[("./main", &swapped), ("./lib", LIB), ("./other", OTHER)]);
    assert_eq!(one.bricks, two.bricks);
    let (one, two) = (one.bundle().unwrap(), two.bundle().unwrap());
    assert_eq!(one.bricks, two.bricks);
    // Only positions in the program's own text differ.
    let names = |bundle: &sm_bytecode::bundle::Bundle| {
        let modules = bundle.modules.iter();
        let mut names: Vec<_> = modules
            .map(|module| (module.name.clone(), module.groups.clone()))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&one), names(&two));
}

#[test]
fn functions_that_are_not_used_change_nothing_else() {
    let more =
        format!("pub fn first() -> Str {{ \"new\" }}\n{LIB}\npub fn last() -> Int {{ 7 }}\n");
    let one = lowered(&[("./main", MAIN), ("./lib", LIB), ("./other", OTHER)]);
    let two = lowered(&[("./main", MAIN), ("./lib", &more), ("./other", OTHER)]);
    let bricks =
        |code: &crate::lower::Lowered| code.program.as_ref().unwrap().manifest.bricks.clone();
    assert_eq!(bricks(&one), bricks(&two));
}

#[test]
fn a_module_that_is_imported_and_not_used_is_no_part_of_the_program() {
    let plain = "fn main() -> Int { 1 }";
    let importing = "import ./lib as _lib\nfn main() -> Int { 1 }";
    let one = lowered(&[("./main", plain)]).bundle().unwrap();
    let two = lowered(&[("./main", importing), ("./lib", LIB)])
        .bundle()
        .unwrap();
    assert_eq!(one.bricks, two.bricks);
    assert_eq!(one.modules.len(), 1);
    assert_eq!(two.modules.len(), 1);
}

#[test]
fn functions_that_call_each_other_are_one_brick() {
    let code = lowered(&[("./main", MAIN), ("./lib", LIB), ("./other", OTHER)]);
    let lib = code
        .modules
        .iter()
        .find(|module| module.manifest.name == "./lib")
        .unwrap();
    let target = |name: &str| {
        let found = lib
            .manifest
            .exports
            .iter()
            .find(|export| export.symbol == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {:?}", lib.manifest.exports))
            .target
    };
    assert_eq!(target("even").brick, target("odd").brick);
    assert_eq!((target("even").function, target("odd").function), (0, 1));
}

#[test]
fn a_generic_function_must_not_use_a_tag_of_another_modules_code() {
    let lib = "pub tag mark(n: Int): Int access code\n";
    let text = "
import ./lib

fn put<T: Show>(x: T) { let _ = write(lib.mark(1), \"{x}\".len()) }

fn main() { put(1) put(\"x\") }
";
    let text = text.replace("put(1) put", "put(1)\n put");
    let found = compiled(&[("./main", &text), ("./lib", lib)]);
    let codes: Vec<&str> = found
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["SM0507"], "{:#?}", found.diagnostics);
}

/// The tag comes out of a function of the module that declares it, whoever uses the generic one.
#[test]
fn a_generic_function_may_use_a_tag_of_its_own_modules_code() {
    let lib = "
tag mark(n: Int): Int access code
pub fn put<T: Show>(x: T) { write(mark(1), \"{x}\".len()) }
pub fn get() -> Int? { read(mark(1)) }
";
    let modules = |uses: &str| {
        let main = format!("import ./lib\nfn main() {{ {uses} print(lib.get()) }}\n");
        let found = compiled(&[("./main", &main), ("./lib", lib)]);
        assert_eq!(found.diagnostics, Vec::new());
        let code = found.code.expect("it has no errors");
        let own = code.modules.iter().find(|one| one.manifest.name == "./lib");
        own.expect("the program has it").manifest.clone()
    };
    let (plain, ints, texts) = (
        modules(""),
        modules("lib.put(1);"),
        modules("lib.put(\"x\");"),
    );
    assert_eq!(plain, ints);
    assert_eq!(plain, texts);
    assert!(
        plain
            .exports
            .iter()
            .any(|export| export.symbol == "tag mark")
    );
}

#[test]
fn a_function_with_too_many_values_is_refused() {
    let mut text = String::from("fn f(x: Int) -> Int {\n");
    for at in 0..5000 {
        text.push_str(&format!("    let a{at} = x + {at}\n"));
    }
    text.push_str("    0");
    for at in 0..5000 {
        text.push_str(&format!("\n    let b{at} = a{at} * a{}", 4999 - at));
    }
    text.push_str("\n    b0 + b4999\n}\nfn main() { print(f(1)) }\n");
    let found = compiled(&[("./main", &text)]);
    assert!(found.code.is_none());
    let codes: Vec<&str> = found
        .diagnostics
        .iter()
        .filter(|one| one.is_error())
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["SM0702"], "{:#?}", found.diagnostics.last());
}

#[test]
fn what_another_module_calls_unseen_is_exported() {
    let lib = "
fn start() -> Int { 40 }
pub fn f(n: Int = start() + 2) -> Int { n }
pub fn g<T: Show>(x: T) -> Str { decorate(\"{x}\") }
fn decorate(s: Str) -> Str { \"<{s}>\" }
fn unseen() -> Int { start() }
pub fn sees() -> Int { unseen() }
";
    let main = "import ./lib { f, g, sees }\nfn main() { print(g(f() + sees())) }";
    let code = lowered(&[("./main", main), ("./lib", lib)]);
    let lib = code
        .modules
        .iter()
        .find(|module| module.manifest.name == "./lib")
        .unwrap();
    let exports: Vec<&str> = lib
        .manifest
        .exports
        .iter()
        .map(|one| &*one.symbol)
        .collect();
    assert_eq!(exports, ["decorate", "f", "f(n)", "sees"]);
}

#[test]
fn a_function_with_more_values_than_can_be_numbered_is_refused() {
    let lines: String = (0..70_000)
        .map(|at| format!("    x = x +% {at}\n"))
        .collect();
    let text = format!("fn main() {{\n    var x = 0\n{lines}    print(x)\n}}\n");
    let found = compiled(&[("./main", &text)]);
    let codes: Vec<&str> = found
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["SM0702"], "{:#?}", found.diagnostics.last());
}
