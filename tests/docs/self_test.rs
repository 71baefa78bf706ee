//! What runs the documents finds what is wrong with them.

use crate::extract::{Head, Kind, blocks, program_of};
use crate::run::Page;

const F: &str = "```";

/// The problems of a document.
fn problems(name: &str, text: &str) -> Vec<String> {
    Page::run(&format!("self_test_{name}"), &text.replace("'''", F)).problems
}

#[test]
fn what_is_right_is_no_problem() {
    let text = r#"
'''sm
fn main() { print("hello") }
'''

'''text
hello
'''

Two nodes:

'''toml net=pair
[topology]
kind = "line"
nodes = 2
'''

'''sm net=pair args=2
fn main(times: Int) -> Int { times * neighbors().len() }
'''
'''text
2
'''

'''sm module shapes
pub fn area(side: Int) -> Int { side * side }
'''

'''sm fragment
import ./shapes { area }
let side = 3
print(area(side))
'''
'''text
9
'''

'''sm error SM0301
fn main() { let x: Int = "a"; print(x) }
'''

'''sm exit=1
fn main() -> Result<Unit, Str> { Err("no") }
'''
"#;
    assert_eq!(problems("right", text), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_found() {
    let wrong = [
        (
            "'''sm\nfn main() { print(1) }\n'''\n'''text\n2\n'''\n",
            "it prints\n1\nand not\n2",
        ),
        (
            "'''sm\nfn main() { print(1) }\n'''\n'''text\n1'''\n",
            "has no end",
        ),
        ("'''sm\nfn main() { panic(\"x\") }\n'''\n", "exit code 1"),
        ("'''sm exit=1\nfn main() { }\n'''\n", "exit code 0"),
        ("'''sm\nfn main( { }\n'''\n", "exit code 1"),
        (
            "'''sm error SM0301\nfn main() { }\n'''\n",
            "it has no error",
        ),
        (
            "'''sm error SM0301\nfn main() { foo() }\n'''\n",
            "it has SM0201",
        ),
        ("'''sm error\nfn main() { foo() }\n'''\n", "needs the code"),
        (
            "'''sm ignore\nfn main() { }\n'''\n",
            "there is no block `sm ignore`",
        ),
        ("'''sm speed=3\nfn main() { }\n'''\n", "what is `speed=3`"),
        ("'''sm net=pond\nfn main() { }\n'''\n", "no block above"),
        ("'''sm module m\nfn f( { }\n'''\n", "has mistakes"),
    ];
    for (number, (text, problem)) in wrong.into_iter().enumerate() {
        let found = problems(&format!("wrong_{number}"), text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(problem), "{text}: {}", found[0]);
    }
}

#[test]
fn outputs_can_be_updated() {
    let text = "a\n'''sm\nfn main() { print(1) }\n'''\n\n'''text\n2\n3\n'''\nb\n".replace("'''", F);
    let updated = Page::run("self_test_update", &text).updated;
    assert_eq!(updated, text.replace("2\n3\n", "1\n"));
}

/// An output belongs to the program right before it, and to no other.
#[test]
fn outputs_follow_their_program() {
    let text = "'''sm\nx\n'''\n\n'''text\ny\n'''\nwords\n'''text\nz\n'''\n".replace("'''", F);
    let found = blocks(&text).expect("all blocks end");
    let follows: Vec<_> = found
        .iter()
        .map(|block| (block.line, block.follows))
        .collect();
    assert_eq!(follows, [(1, false), (5, true), (9, false)]);
    assert_eq!(&text[found[1].at.clone()], "y\n");
}

#[test]
fn heads_are_read() {
    let head = Head::read(" error SM0301 SM0201").expect("two codes");
    assert_eq!(
        head.kind,
        Kind::Error(vec!["SM0301".to_owned(), "SM0201".to_owned()])
    );
    let head = Head::read(" fragment net=a/b.net.toml args=1,x=2 exit=4").expect("a fragment");
    assert_eq!(head.kind, Kind::Fragment);
    assert_eq!(head.net.as_deref(), Some("a/b.net.toml"));
    assert_eq!((head.args, head.exit), (vec!["1".into(), "x=2".into()], 4));
}

#[test]
fn declarations_of_a_fragment_stand_before_main() {
    let fragment = "tag t: Int\nlet x = 1\n\nfn f() {\n    g()\n}\nprint(x)\n";
    let program = program_of(fragment);
    assert_eq!(
        program,
        "tag t: Int\nfn f() {\n    g()\n}\nfn main() {\nlet x = 1\n\nprint(x)\n}\n"
    );
}
