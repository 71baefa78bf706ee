//! `smc repl`: a session over a pipe, and one at a terminal.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::smc::{Ran, command, ran, scratch, snapshot};

#[cfg(unix)]
#[path = "repl/terminal.rs"]
mod terminal;

const TOWN: &str = "../../../examples/town.net.toml";

/// A session that reads these inputs from a pipe.
fn piped(args: &[&str], inputs: &str) -> Ran {
    let mut all = vec!["repl"];
    all.extend(args);
    let mut child = command(&all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("smc starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A session that cannot begin ends before it reads.
    let _ = stdin.write_all(inputs.as_bytes());
    drop(stdin);
    ran(child.wait_with_output().expect("smc ends"))
}

#[test]
fn values_bindings_and_declarations() {
    let inputs = "\
1 + 2
let xs = [3, 1]
xs.push(2)
xs
fn double(n: Int) -> Int {
    n * 2
}
double(21)
var n = 1
n += 2
n
(n, \"a\", Some(true))
let f = fn(x: Int) { x + n }
f
f(1)
";
    let ran = piped(&[], inputs);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    snapshot("repl_values", &ran);
}

#[test]
fn tests_of_a_file() {
    let text = "fn sum(xs: [Int]) -> Int {\n    xs.sum()\n}\n\n\
                test \"nothing\" {\n    assert(sum([]) == 0)\n}\n\n\
                test \"all of it\" {\n    assert(sum([1, 2]) == 4)\n}\n";
    let file = scratch("repl_tests.sm", text);
    let inputs = ":test\n:test noth\n:test else\ntag seen(key: Str, at: Node): Int\n\
                  write(seen(\"a\", here()), 3)!\n:tags\nreturn 5\n";
    let ran = piped(&[&file.display().to_string()], inputs);
    assert_eq!(ran.exit, 1);
    snapshot("repl_tests", &ran);
}

#[test]
fn mistakes_are_shown_where_they_were_written() {
    let inputs = "\
let x = 1
duble(x)
fn f(n: Int) -> Int { n }
fn g() -> Int {
    f(\"a\")
}
xs
1 +

\"a\" + 1
1 / 0
fn h() -> Int { x }
";
    let ran = piped(&[], inputs);
    assert_eq!(ran.exit, 1);
    snapshot("repl_mistakes", &ran);
}

#[test]
fn a_replaced_function_may_break_another() {
    let inputs = "\
fn g(n: Int) -> Int { n }
fn h() -> Int { g(1) + 1 }
fn g(n: Str) -> Int { n.len() }
h()
fn g(n: Int) -> Int { n }
h()
";
    snapshot("repl_aside", &piped(&[], inputs));
}

#[test]
fn tags_and_messages() {
    let inputs = "\
tag t: Int
write(t, 3)
read(t)
block(t, timeout: 1h)
fn blink() {
    for i in 0..3 {
        print(\"blink {i}\")
        block(t, timeout: 500ms)
    }
}
let _ = spawn blink()
1
2
:tags
:nodes
fn dies() { assert false }
let _ = spawn dies()
block(t)
";
    snapshot("repl_tags", &piped(&[], inputs));
}

#[test]
fn commands() {
    let inputs = "\
:help
let n = 3
:type n + 1
:type let x = 1
:bytecode n + 1
fn twice(n: Int) -> Int { n * 2 }
:bytecode twice
:defs
:cost
twice(n)
:cost
:hlep
:load missing.sm
:wait 5
:wait 5s
:reset
n
:quit
1 + 1
";
    snapshot("repl_commands", &piped(&[], inputs));
}

#[test]
fn a_town() {
    let inputs = "\
import route/tour { visit_all, go_home }
tag temperature: Float
tag town: Str
let seen: [Float] = []
visit_all({temperature, town}, timeout: 2s, fn() { seen.push(read(temperature)!) })
:cost
go_home()!
seen.sum() / seen.len().float()
:tags n3
:nodes
";
    snapshot("repl_town", &piped(&["--net", TOWN], inputs));
    let at = piped(
        &["--net", TOWN, "--at", "n6"],
        "sys_migrate(neighbors()[0])!\nhops()\n:nodes",
    );
    assert_eq!(at.exit, 0, "{}", at.stderr);
    assert!(at.stdout.contains("* n6 "), "{}", at.stdout);
}

#[test]
fn a_file_to_begin_with() {
    let file = scratch(
        "begin.sm",
        "fn seven() -> Int { 7 }\nfn main() -> Int { seven() }\n",
    );
    let file = file.display().to_string();
    let ran = piped(&[&file], "seven() + main()\n");
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (0, "14 : Int\n"),
        "{}",
        ran.stderr
    );
    let ran = piped(&[], &format!(":load {file}\nseven()"));
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (0, "7 : Int\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(piped(&["missing.sm"], "1").exit, 2);
}

#[test]
fn flags_come_from_the_environment() {
    let mut child = command(&["repl"])
        .env("SM_NET", TOWN)
        .env("SM_AT", "n4")
        .stdin(Stdio::null())
        .output();
    assert_eq!(ran(child.expect("smc starts")).exit, 0);
    child = command(&["repl"]).env("SM_AT", "n4").output();
    let ran = ran(child.expect("smc starts"));
    assert_eq!(ran.exit, 2, "{}", ran.stderr);
}

/// The transcript in the documentation is what happens.
#[test]
fn the_transcript_of_the_documentation_is_true() {
    let page = include_str!("../../docs/repl.md");
    let mut transcripts = page.split("```text\n").skip(1);
    let transcript = transcripts.next().expect("a transcript");
    let transcript = transcript.split("```").next().expect("its end");
    let mut inputs = String::new();
    let mut expected = String::new();
    for line in transcript.lines() {
        match line.strip_prefix("sm> ").or(line.strip_prefix(".. ")) {
            Some(input) => inputs.push_str(&format!("{input}\n")),
            None => expected.push_str(&format!("{line}\n")),
        }
    }
    let ran = piped(&["--net", TOWN], &inputs);
    assert_eq!(ran.stdout, expected, "{}", ran.stderr);
    assert_eq!(ran.exit, 0);
}

/// A folder for one test, empty at first.
#[cfg(unix)]
fn folder(name: &str) -> std::path::PathBuf {
    let folder = scratch("folder", "").with_file_name(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for a test");
    folder
}
