//! `smc test`: what holds, what fails, and what is said about it.

use std::fs;

use crate::smc::{Ran, check, command, ran, scratch, scratch_folder, smc, smc_in};

/// The time that tests took is another in each run.
fn snapshot(name: &str, ran: &Ran) {
    insta::with_settings!({filters => vec![
        (r"in \d+\.\d\d s", "in [time]"),
        (r#""nanos":\d+"#, r#""nanos":0"#),
    ]}, { crate::smc::snapshot(name, ran) });
}

fn test(name: &str, args: &[&str]) {
    let all = [&["test"], args].concat();
    snapshot(name, &smc(&all));
}

#[test]
fn tests_that_hold() {
    test("test_good", &["tests/good.sm"]);
    test("test_good_output", &["tests/good.sm", "--show-output"]);
    test(
        "test_good_json",
        &["tests/good.sm", "--message-format", "json"],
    );
}

#[test]
fn tests_that_fail_show_why() {
    test("test_failing", &["tests/failing.sm", "--fuel", "1000000"]);
    test(
        "test_failing_short",
        &[
            "tests/failing.sm",
            "--message-format",
            "short",
            "--fuel",
            "1000000",
        ],
    );
    test(
        "test_failing_json",
        &[
            "tests/failing.sm",
            "--message-format",
            "json",
            "--filter",
            "values",
        ],
    );
}

#[test]
fn networks_in_tests() {
    test(
        "test_simulated",
        &["tests/simulated.sm", "--fuel", "20000000"],
    );
}

#[test]
fn any_number_of_jobs_tells_the_same() {
    let one = smc(&[
        "test",
        "tests/simulated.sm",
        "--fuel",
        "20000000",
        "--jobs",
        "1",
        "--message-format",
        "short",
    ]);
    let five = smc(&[
        "test",
        "tests/simulated.sm",
        "--fuel",
        "20000000",
        "--jobs",
        "5",
        "--message-format",
        "short",
    ]);
    assert_eq!(one.stderr, five.stderr);
    assert_eq!(one.exit, 1);
}

#[test]
fn many_seeds_find_the_one_that_fails() {
    test("test_one_seed", &["tests/seeds.sm"]);
    test("test_seeds", &["tests/seeds.sm", "--seeds", "100"]);
    // The command that is shown fails again, and the seed before it does not.
    let shown = smc(&["test", "tests/seeds.sm", "--seeds", "100"]).stderr;
    let again = shown
        .lines()
        .find_map(|line| line.trim().strip_prefix("Again: smc "));
    let again = again.expect("a command that repeats the run");
    let words: Vec<&str> = again.split(' ').collect();
    assert_eq!(smc(&words).exit, 1, "{again}");
    let seed: u64 = words.last().expect("a seed").parse().expect("a number");
    let before = (seed - 1).to_string();
    let words = [&words[..words.len() - 1], &[before.as_str()]].concat();
    assert_eq!(smc(&words).exit, 0, "{again}");
}

#[test]
fn tests_are_chosen_by_name() {
    test("test_filter", &["tests/good.sm", "--filter", "tags"]);
    test(
        "test_exact",
        &["tests/good.sm", "--filter", "numbers", "--exact"],
    );
    test(
        "test_filter_nothing",
        &["tests/good.sm", "--filter", "nothing"],
    );
    test(
        "test_exact_nothing",
        &["tests/good.sm", "--filter", "number", "--exact"],
    );
    test("test_exact_alone", &["tests/good.sm", "--exact"]);
    test("test_list", &["tests/good.sm", "tests/seeds.sm", "--list"]);
    test(
        "test_list_json",
        &["tests/seeds.sm", "--list", "--message-format", "json"],
    );
}

#[test]
fn the_first_failure_may_be_the_last() {
    test(
        "test_fail_fast",
        &["tests/failing.sm", "--fail-fast", "--jobs", "1"],
    );
}

#[test]
fn files_that_cannot_be_tested() {
    test("test_mistakes", &["tests/mistakes.sm", "tests/good.sm"]);
    test("test_missing", &["tests/goood.sm"]);
    test("test_no_tests", &["hello.sm"]);
    test("test_other_ending", &["pair.net.toml"]);
    test("test_seeds_zero", &["tests/good.sm", "--seeds", "0"]);
}

/// Writes files into a folder of their own.
fn folder(name: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
    let root = scratch(&format!("{name}.txt"), "").with_file_name(name);
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    root
}

const HOLDS: &str = "test \"holds\" { assert 1 + 1 == 2 }\n";

#[test]
fn a_folder_is_searched_for_tests() {
    let root = folder(
        "tested",
        &[
            ("sm.toml", ""),
            ("b.sm", HOLDS),
            ("a/deep/one.sm", HOLDS),
            ("a/part.sm", "pub fn two() -> Int { 2 }\n"),
            (
                "a/uses.sm",
                "import ./part\ntest \"two\" { assert part.two() == 2 }\n",
            ),
            ("broken.sm", "fn main( {\n"),
            ("target/old.sm", "test \"no\" { assert false }\n"),
            (".hidden/old.sm", "test \"no\" { assert false }\n"),
        ],
    );
    // In the folder, and in a folder of the project: all of the project.
    let inside = command(&["test"]).current_dir(&root).output();
    snapshot("test_project", &ran(inside.expect("smc starts")));
    let deeper = command(&["test"]).current_dir(root.join("a")).output();
    snapshot(
        "test_project_from_inside",
        &ran(deeper.expect("smc starts")),
    );
    let part = command(&["test", "a"]).current_dir(&root).output();
    snapshot("test_folder", &ran(part.expect("smc starts")));
}

#[test]
fn an_empty_folder_has_no_test() {
    let root = folder("untested", &[("main.sm", "fn main() {}\n")]);
    let inside = command(&["test"]).current_dir(root).output();
    snapshot("test_nothing", &ran(inside.expect("smc starts")));
}

#[test]
fn programs_have_no_simulated_networks() {
    check("run_simulates", &["run", "simulates.sm"]);
    let tested = scratch(
        "simulates_tested.sm",
        "fn main() {\n    simulate(line(2))\n}\n\ntest \"a\" {}\n",
    );
    check(
        "run_simulates_tested",
        &["run", &tested.display().to_string()],
    );
    // Whoever imports the module by hand gets no further.
    let imports = scratch(
        "simulates_imports.sm",
        "import testing { simulate, line }\n\nfn main() {\n    simulate(line(2))\n}\n",
    );
    check(
        "run_simulates_imports",
        &["run", &imports.display().to_string()],
    );
}

#[test]
fn an_assertion_of_a_program_shows_both_sides() {
    let program = scratch(
        "asserts.sm",
        "fn main() {\n    let x = 40\n    assert x + 1 == 42\n}\n",
    );
    check("run_assert", &["run", &program.display().to_string()]);
}

#[test]
fn the_examples_of_a_project_are_tested_too() {
    let folder = scratch_folder("with_examples");
    let program = |answer: &str| {
        format!(
            "/// Twice as much.\n///\n/// ```sm\n/// assert double(2) == {answer}\n/// ```\n\
             pub fn double(n: Int) -> Int {{\n    n * 2\n}}\n\n\
             fn main() {{\n    print(double(2))\n}}\n\n\
             test \"double\" {{\n    assert double(1) == 2\n}}\n"
        )
    };
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    };
    put("sm.toml", "name = \"pond\"\nversion = \"0.1.0\"\n");
    put("src/main.sm", &program("4"));
    let good = smc_in(&folder, &["test"]);
    assert_eq!(good.exit, 0, "{good}");
    assert!(good.stderr.ends_with("1 example, it passes\n"), "{good}");
    put("src/main.sm", &program("5"));
    let bad = smc_in(&folder, &["test"]);
    assert_eq!(bad.exit, 1, "{bad}");
    assert!(bad.stderr.ends_with("1 example, 1 fails\n"), "{bad}");
    let chosen = smc_in(&folder, &["test", "--filter", "double"]);
    assert_eq!(chosen.exit, 0, "{chosen}");
    // They are something to run without a test beside them, too.
    let untested = |answer: &str| program(answer).split("test ").next().map(str::to_owned);
    put(
        "src/main.sm",
        &untested("4").expect("what is before the test"),
    );
    let alone = smc_in(&folder, &["test"]);
    assert_eq!(alone.exit, 0, "{alone}");
    assert_eq!(
        alone.stderr,
        "1 example, it passes\nthere is no test beside them: test \"name\" { .. } is one\n"
    );
    put(
        "src/main.sm",
        &untested("5").expect("what is before the test"),
    );
    assert_eq!(smc_in(&folder, &["test"]).exit, 1);
    let chosen = smc_in(&folder, &["test", "--filter", "double"]);
    assert_eq!(chosen.exit, 1, "{chosen}");
}
