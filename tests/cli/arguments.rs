//! Arguments of `main` on the command line.

use crate::smc::{check, smc};

/// The line that `arguments.sm` prints for these arguments.
fn line(args: &[&str]) -> String {
    let mut all = vec!["run", "arguments.sm"];
    all.extend(args);
    let ran = smc(&all);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    ran.stdout.lines().next().expect("a line").to_owned()
}

#[test]
fn in_order_and_by_name() {
    assert_eq!(line(&["Ann"]), "Ann 1 0s None [] [:] (0.5, true)");
    assert_eq!(line(&["Ann", "3"]), "Ann 3 0s None [] [:] (0.5, true)");
    assert_eq!(
        line(&["times=3", "Ann"]),
        "Ann 3 0s None [] [:] (0.5, true)"
    );
    assert_eq!(
        line(&["wait=1.5s", "Ann", "2"]),
        "Ann 2 1.5s None [] [:] (0.5, true)"
    );
    assert_eq!(line(&["name=Ann"]), "Ann 1 0s None [] [:] (0.5, true)");
}

#[test]
fn text_is_taken_as_it_is() {
    assert_eq!(
        line(&["two words"]),
        "two words 1 0s None [] [:] (0.5, true)"
    );
    assert_eq!(
        line(&["\"quoted\""]),
        "\"quoted\" 1 0s None [] [:] (0.5, true)"
    );
    assert_eq!(line(&["a=b"]), "a=b 1 0s None [] [:] (0.5, true)");
    assert_eq!(
        line(&["name=times=3"]),
        "times=3 1 0s None [] [:] (0.5, true)"
    );
    assert_eq!(line(&["ünï"]), "ünï 1 0s None [] [:] (0.5, true)");
    assert_eq!(line(&[""]), " 1 0s None [] [:] (0.5, true)");
    assert_eq!(line(&["--", "-x"]), "-x 1 0s None [] [:] (0.5, true)");
}

#[test]
fn every_type_is_written_as_in_a_program() {
    assert_eq!(line(&["a", "-5"]), "a -5 0s None [] [:] (0.5, true)");
    assert_eq!(line(&["a", "0xff"]), "a 255 0s None [] [:] (0.5, true)");
    assert_eq!(line(&["a", "1_000"]), "a 1000 0s None [] [:] (0.5, true)");
    assert_eq!(
        line(&["a", "where=Some(Point(y: 2, x: -1))"]),
        "a 1 0s Some(Point(x: -1, y: 2)) [] [:] (0.5, true)"
    );
    assert_eq!(
        line(&[
            "a",
            "colors=[Red, Gray(level: 0.5), Gray(0.25), Color.Mixed(1, 2, 3)]"
        ]),
        "a 1 0s None [Red, Gray(level: 0.5), Gray(level: 0.25), Mixed(1, 2, 3)] [:] (0.5, true)"
    );
    assert_eq!(
        line(&["a", "ages=[\"Ann\": 3, \"Bo \\\"B\\\"\": 4]"]),
        "a 1 0s None [] [\"Ann\": 3, \"Bo \\\"B\\\"\": 4] (0.5, true)"
    );
    assert_eq!(
        line(&["a", "pair=(2, false)"]),
        "a 1 0s None [] [:] (2.0, false)"
    );
}

#[test]
fn mistakes_name_the_parameter_its_type_and_what_was_given() {
    check("arguments_missing", &["run", "arguments.sm"]);
    check(
        "arguments_wrong_int",
        &["run", "arguments.sm", "Ann", "three"],
    );
    check(
        "arguments_int_range",
        &["run", "arguments.sm", "Ann", "9223372036854775808"],
    );
    check(
        "arguments_wrong_duration",
        &["run", "arguments.sm", "Ann", "wait=5"],
    );
    check(
        "arguments_wrong_struct",
        &["run", "arguments.sm", "Ann", "where=Some(Point(x: 1))"],
    );
    check(
        "arguments_wrong_field",
        &[
            "run",
            "arguments.sm",
            "Ann",
            "where=Some(Point(x: 1, z: 2))",
        ],
    );
    check(
        "arguments_wrong_variant",
        &["run", "arguments.sm", "Ann", "colors=[Rde]"],
    );
    check(
        "arguments_wrong_element",
        &["run", "arguments.sm", "Ann", "ages=[\"a\": 1.5]"],
    );
    check(
        "arguments_wrong_name",
        &["run", "arguments.sm", "Ann", "tims=3"],
    );
    check(
        "arguments_twice",
        &[
            "run",
            "arguments.sm",
            "Ann",
            "name=Bo",
            "times=1",
            "times=2",
        ],
    );
    check("arguments_too_many", &["run", "hello.sm", "1"]);
    check(
        "arguments_as_flags",
        &["run", "arguments.sm", "Ann", "--", "--times=3"],
    );
}

#[test]
fn fields_that_have_defaults_may_be_left_out() {
    let printed = |args: &[&str]| {
        let mut all = vec!["run", "defaults.sm"];
        all.extend(args);
        let ran = smc(&all);
        assert_eq!(ran.exit, 0, "{}", ran.stderr);
        ran.stdout.lines().nth(1).expect("two lines").to_owned()
    };
    assert_eq!(
        printed(&["Point(x: 1)"]),
        "Point(x: 1, y: 6, name: \"p\") []"
    );
    assert_eq!(
        printed(&["Point(name: \"q\", x: 1)", "[Spot(), Spot(inner: None)]"]),
        "Point(x: 1, y: 6, name: \"q\") [Spot(level: 3, inner: Some((1, \"a\"))), \
         Spot(level: 3, inner: None)]"
    );
    check("run_field_missing", &["run", "defaults.sm", "Point(y: 1)"]);
    check(
        "run_field_unknown",
        &["run", "defaults.sm", "Point(x: 1, z: 2)"],
    );
}
