//! `smc bench`: what is measured, kept and compared.

use serde_json::Value as Json;

use crate::smc::{Ran, scratch, smc};

/// Times and counts of runs are others in each run; columns are as wide as they are.
fn snapshot(name: &str, ran: &Ran) {
    insta::with_settings!({filters => vec![
        (r" +\d+(\.\d+)? (ns|us|ms|s)\b", " [time]"),
        (r" +[+-]\d+\.\d %", " [change]"),
        (r"(bytes|KiB) +[\d,]+", "$1 [runs]"),
        (r" +(MEDIAN|FUEL|HEAP|RUNS|TIME|CHANGE)", " $1"),
        (r" {2,}", " "),
    ]}, { crate::smc::snapshot(name, ran) });
}

fn bench(args: &[&str]) -> Ran {
    smc(&[&["bench", "--time", "20ms"], args].concat())
}

#[test]
fn a_bench_is_measured() {
    snapshot("bench", &bench(&["tests/benches.sm"]));
    snapshot(
        "bench_filter",
        &bench(&["tests/benches.sm", "--filter", "list"]),
    );
    snapshot("bench_list", &bench(&["tests/benches.sm", "--list"]));
    let json = bench(&["tests/benches.sm", "--message-format", "json"]);
    let lines: Vec<Json> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["event"], "bench");
        let number = |key: &str| line[key].as_f64().expect("a number");
        assert!(number("nanos") > 0.0 && number("nanos") <= number("median_nanos"));
        assert!(number("fuel") > 100.0 && number("runs") >= 1.0);
    }
    // Fuel is a function of the program.
    let again = bench(&["tests/benches.sm", "--message-format", "json"]);
    let again: Json = serde_json::from_str(again.stdout.lines().next().expect("a line")).unwrap();
    assert_eq!(again["fuel"], lines[0]["fuel"]);
}

#[test]
fn what_was_measured_is_kept_and_compared() {
    let saved = scratch("benches.json", "").display().to_string();
    let ran = bench(&["tests/benches.sm", "--filter", "add", "--save", &saved]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    snapshot(
        "bench_compare",
        &bench(&["tests/benches.sm", "--compare", &saved]),
    );
    let broken = scratch("no_benches.json", "[]").display().to_string();
    snapshot(
        "bench_compare_broken",
        &bench(&["tests/benches.sm", "--compare", &broken]),
    );
    let missing = bench(&["tests/benches.sm", "--compare", "tests/none.json"]);
    snapshot("bench_compare_missing", &missing);
}

#[test]
fn what_cannot_be_measured_says_so() {
    snapshot("bench_bad", &bench(&["tests/bad_benches.sm"]));
    snapshot("bench_none", &bench(&["tests/good.sm"]));
}
