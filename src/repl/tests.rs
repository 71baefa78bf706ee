//! The engine of a session, without a terminal.

use std::path::Path;

use proptest::prelude::*;
use sm_compiler::diagnostic::Diagnostic;
use sm_sim::{Network, NodeIx};

use super::command::{self, Command};
use super::session::{Answer, Outcome, Session, Texts};
use super::world::{Happening, Watcher, World};
use crate::composed::Text;
use crate::exit::Failure;

/// Hears what is printed; presses Ctrl-C after so many questions.
#[derive(Default)]
struct Ear {
    printed: Vec<String>,
    warnings: Vec<String>,
    patience: Option<usize>,
}

impl Watcher for Ear {
    fn happened(&mut self, what: Happening) -> Result<(), Failure> {
        match what {
            Happening::Printed(text) => self.printed.push(text),
            Happening::Died(_, conclusion) => self.printed.push(conclusion.sentence()),
        }
        Ok(())
    }

    fn warned(&mut self, _: &Texts, warnings: &[Diagnostic]) -> Result<(), Failure> {
        let messages = warnings.iter().map(|one| one.message.clone());
        self.warnings.extend(messages);
        Ok(())
    }

    fn interrupted(&mut self) -> bool {
        match &mut self.patience {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

struct Talk {
    session: Session,
    ear: Ear,
}

impl Talk {
    fn new() -> Self {
        let world = World::new(&Network::single("home"), NodeIx(0), 0).expect("a world");
        Self {
            session: Session::new(world, Path::new("")),
            ear: Ear::default(),
        }
    }

    fn answer(&mut self, input: &str) -> Answer {
        let text = Text {
            name: "input".to_owned(),
            text: input.to_owned(),
        };
        self.session
            .enter(text, &mut self.ear)
            .expect("the session goes on")
    }

    /// What is shown, or a word for how it failed.
    fn say(&mut self, input: &str) -> String {
        shown(&self.answer(input))
    }

    /// Inputs of which only the last one's answer counts.
    fn last(inputs: &[&str]) -> String {
        let mut talk = Self::new();
        inputs
            .iter()
            .map(|input| talk.say(input))
            .last()
            .unwrap_or_default()
    }
}

fn shown(answer: &Answer) -> String {
    match &answer.outcome {
        Outcome::Nothing => String::new(),
        Outcome::Value { value, ty } => format!("{value} : {ty}"),
        Outcome::Type(ty) => ty.clone(),
        Outcome::Mistakes => {
            let first = answer.findings.first().and_then(|(_, all)| all.first());
            first.map_or_else(|| "mistakes".to_owned(), |one| one.message.clone())
        }
        Outcome::Refused(sentence) => sentence.clone(),
        Outcome::Badly { conclusion, .. } => conclusion.sentence(),
    }
}

#[test]
fn expressions_have_a_value_and_a_type() {
    assert_eq!(Talk::last(&["1 + 2"]), "3 : Int");
    assert_eq!(Talk::last(&["if true { 1 } else { 2 }"]), "1 : Int");
    assert_eq!(
        Talk::last(&["match 3 { 3 => \"c\", _ => \"d\" }"]),
        "\"c\" : Str"
    );
    assert_eq!(
        Talk::last(&["fn(x: Int) { x }"]),
        "<function> : fn(Int) -> Int"
    );
    assert_eq!(Talk::last(&["// nothing"]), "");
    assert_eq!(Talk::last(&["let x = 1"]), "");
}

#[test]
fn an_if_may_only_do_something() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.say("if true { print(\"a\") } else { print(\"b\") }"),
        ""
    );
    assert_eq!(talk.say("if true { 1 } else { \"b\" }"), "");
    assert_eq!(talk.ear.printed, ["a"]);
}

#[test]
fn warnings_are_about_what_was_written() {
    let mut talk = Talk::new();
    for quiet in [
        "let x = 1",
        "var y = 2",
        "fn(a: Int) { a }",
        "x",
        "if y > 1 { 1 } else { 2 }",
    ] {
        talk.say(quiet);
    }
    talk.ear.patience = Some(20);
    talk.say("loop { yield() }");
    talk.ear.patience = None;
    assert!(talk.ear.warnings.is_empty(), "{:?}", talk.ear.warnings);
    talk.say("1 + 1; 2");
    assert_eq!(talk.ear.warnings, ["this value is not used"]);
}

#[test]
fn bindings_stay_and_variables_change() {
    assert_eq!(
        Talk::last(&["var n = 1", "n += 2", "n = n * 2", "n"]),
        "6 : Int"
    );
    assert_eq!(
        Talk::last(&["let x = 1", "let x = \"a\"", "x"]),
        "\"a\" : Str"
    );
    assert_eq!(Talk::last(&["let (a, b) = (1, 2)", "a + b"]), "3 : Int");
    assert_eq!(Talk::last(&["let x = 1; let x = x + 1", "x"]), "2 : Int");
}

#[test]
fn two_names_of_one_list_stay_so() {
    assert_eq!(
        Talk::last(&["let a = [1]", "let b = a", "b.push(2)", "a"]),
        "[1, 2] : [Int]"
    );
    assert_eq!(
        Talk::last(&["let a = [1]", "var b = a", "b = [7]; b.push(8)", "a"]),
        "[1] : [Int]"
    );
    assert_eq!(
        Talk::last(&["let a = [1]", "var b = a", "b.push(2); b = []", "a"]),
        "[1, 2] : [Int]"
    );
    assert_eq!(
        Talk::last(&["let a = [1]; let b = a", "a is b"]),
        "true : Bool"
    );
    assert_eq!(
        Talk::last(&["let a = [1]; let b = [1]", "a is b"]),
        "false : Bool"
    );
}

#[test]
fn functions_that_are_bound_see_what_they_captured() {
    assert_eq!(
        Talk::last(&[
            "let n = 1",
            "let f = fn(x: Int) { x + n }",
            "let n = 10",
            "f(1) + n"
        ]),
        "12 : Int"
    );
    assert_eq!(
        Talk::last(&[
            "let xs = [1]",
            "let add = fn() { xs.push(2) }",
            "add()",
            "xs"
        ]),
        "[1, 2] : [Int]"
    );
}

#[test]
fn a_failed_input_changes_nothing() {
    assert_eq!(Talk::last(&["var n = 1", "n = 2; n / 0", "n"]), "1 : Int");
    assert_eq!(
        Talk::last(&["let xs = [1]", "xs.push(2); xs[9]", "xs"]),
        "[1] : [Int]"
    );
    let mut talk = Talk::new();
    assert_eq!(
        talk.say("fn f() -> Int { 1 }\nlet x = f() + \"a\""),
        "`+` does not work on `Int` and `Str`"
    );
    assert_eq!(talk.say("f()"), "there is no `f` here");
}

#[test]
fn declarations_replace_those_of_their_name() {
    assert_eq!(
        Talk::last(&[
            "fn f() -> Int { 1 }",
            "fn g() -> Int { f() }",
            "fn f() -> Int { 2 }",
            "g()"
        ]),
        "2 : Int"
    );
    assert_eq!(
        Talk::last(&["let f = 1", "fn f() -> Int { 2 }", "f()"]),
        "2 : Int"
    );
    assert_eq!(Talk::last(&["fn main() -> Int { 2 }", "main()"]), "2 : Int");
    assert_eq!(
        Talk::last(&[
            "struct P { x: Int }",
            "impl P { fn a(self) -> Int { self.x } }",
            "impl P { fn b(self) -> Int { self.a() + 1 } }",
            "impl P { fn a(self) -> Int { 10 } }",
            "P(x: 1).b()",
        ]),
        "11 : Int"
    );
}

#[test]
fn what_does_not_fit_is_set_aside_until_it_does() {
    let mut talk = Talk::new();
    talk.say("fn g(n: Int) -> Int { n }");
    talk.say("fn h() -> Int { g(1) }");
    let answer = talk.answer("fn g(_n: Str) -> Int { 1 }");
    assert!(answer.outcome.is_good());
    assert!(
        answer.notes[0].starts_with("`h` does not fit any more"),
        "{:?}",
        answer.notes
    );
    assert_eq!(talk.say("h()"), "there is no `h` here");
    let answer = talk.answer("fn g(n: Int) -> Int { n + 1 }");
    assert_eq!(answer.notes, ["`h` fits again"]);
    assert_eq!(talk.say("h()"), "2 : Int");
}

#[test]
fn values_of_a_type_that_has_changed_are_forgotten() {
    let mut talk = Talk::new();
    talk.say("struct P { x: Int }");
    talk.say("let p = P(x: 1); let n = 2");
    let answer = talk.answer("struct P { x: Int, y: Int }");
    assert_eq!(answer.notes, ["`p` is forgotten: its type has changed"]);
    assert_eq!(talk.say("n"), "2 : Int");
    assert_eq!(talk.say("p"), "there is no `p` here");
}

#[test]
fn tags_and_messages_live_on() {
    let mut talk = Talk::new();
    talk.say("tag t: Int");
    talk.say("fn wait() { print(\"got {block(t)}\") }");
    talk.say("spawn wait()");
    assert!(talk.ear.printed.is_empty());
    talk.say("write(t, 3)");
    talk.say("read(t)");
    assert_eq!(talk.ear.printed, ["got 3"]);
    assert_eq!(talk.session.world.tags(NodeIx(0)).len(), 1);
}

#[test]
fn waiting_for_ever_is_found_out_and_waiting_in_vain_takes_no_time() {
    let mut talk = Talk::new();
    talk.say("tag t: Int");
    assert_eq!(talk.say("block(t, timeout: 1h)"), "None : Int?");
    let sentence = "the program waits for something that cannot happen any more";
    assert_eq!(talk.say("block(t)"), sentence);
    assert_eq!(talk.session.world.shown_nodes()[0].messages, 0);
}

#[test]
fn ctrl_c_ends_the_message_and_not_the_session() {
    let mut talk = Talk::new();
    talk.say("var n = 1");
    talk.ear.patience = Some(50);
    assert_eq!(talk.say("loop { n += 1; yield() }"), "interrupted");
    talk.ear.patience = None;
    assert_eq!(talk.say("n"), "1 : Int");
    assert_eq!(talk.session.world.shown_nodes()[0].messages, 0);
}

#[test]
fn a_value_that_reaches_itself_is_refused() {
    let mut talk = Talk::new();
    talk.say("struct N { var next: N? }");
    let sentence = talk.say("let n = N(next: None); n.next = Some(n)");
    assert!(
        sentence.starts_with("a value that reaches itself"),
        "{sentence}"
    );
}

#[test]
fn places_are_those_of_the_input() {
    let mut talk = Talk::new();
    talk.say("fn f() -> Int { 1 }");
    let answer = talk.answer("let a = 1\n\nf() + wrong");
    let (texts, found) = &answer.findings[0];
    let label = &found[0].primary;
    assert_eq!(texts.sources().name(label.file), "input");
    let text = texts.sources().text_of(label.file);
    assert_eq!(&text[label.span.range()], "wrong");
}

#[test]
fn nodes_are_shown_by_name() {
    assert_eq!(
        Talk::last(&["(here(), Some([here()]))"]),
        "(home, Some([home])) : (Node, [Node]?)"
    );
}

#[test]
fn members_and_names_are_known() {
    let mut talk = Talk::new();
    talk.say("struct P { wide: Int }\nimpl P { fn deep(self) -> Int { 1 } }\nlet p = P(wide: 1)");
    let members: Vec<String> = talk.session.members("p").into_iter().collect();
    assert_eq!(members, ["deep(", "wide"]);
    assert!(talk.session.members("[1]").contains("push("));
    let names = talk.session.names();
    for name in ["p", "P", "print", "Result"] {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn commands_are_understood_or_explained() {
    assert_eq!(command::parse(":q"), Ok(Command::Quit));
    assert_eq!(
        command::parse(":type 1 + 2"),
        Ok(Command::Type("1 + 2".to_owned()))
    );
    assert_eq!(command::parse(":tags"), Ok(Command::Tags(None)));
    let help = |line: &str| command::parse(line).expect_err("a mistake").1;
    assert_eq!(help(":hlep"), Some("did you mean `:help`?".to_owned()));
    assert_eq!(help(":load"), Some("write `:load FILE.sm`".to_owned()));
    assert!(command::parse(":quit now").is_err());
}

#[test]
fn an_input_cannot_be_left() {
    let sentence = "an input is no function: `return` cannot leave it; \
                    its value is that of its last statement";
    for input in [
        "return",
        "return 5",
        "for i in 0..3 { if i == 1 { return } }",
    ] {
        assert_eq!(Talk::last(&[input]), sentence, "{input}");
    }
    assert_eq!(
        Talk::last(&["let x = 1", "if x > 0 { return x }"]),
        sentence
    );
    // A function can, and a word is none.
    assert_eq!(
        Talk::last(&["[1].map(fn(x) { return x + 1 })"]),
        "[2] : [Int]"
    );
    assert_eq!(Talk::last(&["\"return\""]), "\"return\" : Str");
    assert_eq!(
        Talk::last(&["fn f() -> Int? { None }", "f()?"]),
        "`?` cannot return from here"
    );
}

#[test]
fn a_tag_of_code_is_the_same_in_every_input() {
    let mut talk = Talk::new();
    let answer = talk.answer("tag seen(key: Str): Int lifetime 60s access code");
    assert!(
        answer.notes[0].contains("`seen` is open to your programs"),
        "{:?}",
        answer.notes
    );
    talk.say("write(seen(\"a\"), 1)!");
    talk.say("fn look() -> Int { read(seen(\"a\"))! }");
    assert_eq!(talk.say("look() + read(seen(\"a\"))!"), "2 : Int");
    let tags = talk.session.world.tags(NodeIx(0));
    assert_eq!(tags[0].name, "seen(\"a\")");
    let defs = talk.session.listing();
    assert_eq!(defs[0], "tag seen(key: Str): Int lifetime 60s access owner");
}

#[test]
fn tests_are_run_when_asked_for() {
    let mut talk = Talk::new();
    talk.say("fn double(n: Int) -> Int { n * 2 }");
    talk.say("test \"doubles\" {\n    assert(double(2) == 4)\n    // done\n}");
    talk.say("test \"is wrong\" { assert(double(2) == 5) }");
    talk.say("test \"leaves\" { if double(1) == 2 { return }\n assert(false) }");
    let names: Vec<String> = talk.session.tests().map(str::to_owned).collect();
    assert_eq!(names, ["doubles", "is wrong", "leaves"]);
    let run = |talk: &mut Talk, name: &str| {
        let answer = talk.session.test(name, &mut talk.ear);
        shown(&answer.expect("the session goes on"))
    };
    assert_eq!(run(&mut talk, "doubles"), "");
    assert_eq!(run(&mut talk, "leaves"), "");
    assert!(
        run(&mut talk, "is wrong").contains("does not hold"),
        "{}",
        run(&mut talk, "is wrong")
    );
    // A younger declaration counts, and what does not fit it is told.
    talk.say("fn double(n: Int) -> Int { n * 2 + 1 }");
    assert_ne!(run(&mut talk, "doubles"), "");
    talk.say("fn double(n: Str) -> Str { n }");
    assert_eq!(run(&mut talk, "doubles"), "expected `Str`, found `Int`");
    talk.say("test \"doubles\" { assert(double(\"a\") == \"a\") }");
    assert_eq!(run(&mut talk, "doubles"), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However statements are split into inputs, the outcome is that of the program.
    #[test]
    fn inputs_are_a_program_cut_in_pieces(
        steps in prop::collection::vec((0_usize..6, 1_i64..9), 1..8),
    ) {
        let (mut n, mut xs, mut ys_is_xs, mut ys) = (0_i64, vec![0_i64], true, vec![]);
        let mut talk = Talk::new();
        talk.say("var n = 0; var xs = [0]; var ys = xs");
        for (kind, k) in steps {
            let input = match kind {
                0 => format!("n += {k}"),
                1 => format!("xs.push({k})"),
                2 => format!("ys.push({k})"),
                3 => format!("ys = [{k}]"),
                4 => "ys = xs".to_owned(),
                _ => "xs.push(1); n / 0".to_owned(),
            };
            talk.say(&input);
            match kind {
                0 => n += k,
                1 => xs.push(k),
                2 if ys_is_xs => xs.push(k),
                2 => ys.push(k),
                3 => (ys_is_xs, ys) = (false, vec![k]),
                4 => ys_is_xs = true,
                _ => {}
            }
        }
        let ys = if ys_is_xs { &xs } else { &ys };
        prop_assert_eq!(talk.say("n"), format!("{n} : Int"));
        prop_assert_eq!(talk.say("xs"), format!("{xs:?} : [Int]"));
        prop_assert_eq!(talk.say("ys"), format!("{ys:?} : [Int]"));
    }

    /// Whatever is typed, the session goes on.
    #[test]
    fn any_text_is_survived(text in "[a-z0-9 \"{}()\\[\\];.:=+!?\n]{0,40}") {
        let mut talk = Talk::new();
        talk.say("let kept = 1");
        talk.ear.patience = Some(2_000);
        talk.say(&text);
        talk.ear.patience = None;
        prop_assert_eq!(talk.say("kept"), "1 : Int");
    }
}
