//! `smc cost`: what travels with a message.

use serde_json::Value;

use crate::smc::{check, scratch, scratch_folder, smc, smc_in, snapshot};

const RECURSIVE: &str = "
fn main() -> Int { down(3) }

fn down(n: Int) -> Int {
    if n == 0 { return 0 }
    let below = down(n - 1)
    let _ = sys_migrate(neighbors()[0])
    below + n
}
";

#[test]
fn what_travels_is_shown() {
    check("cost", &["cost", "travels.sm"]);
    check(
        "cost_elements",
        &["cost", "travels.sm", "--elements", "100"],
    );
    check("cost_of_nothing", &["cost", "hello.sm"]);
}

#[test]
fn recursion_is_named() {
    let file = scratch("cost_recursive.sm", RECURSIVE);
    let file = file.display().to_string();
    snapshot("cost_recursive", &smc(&["cost", &file]));
    let bounded = smc(&["cost", &file, "--max-state-bytes", "1000000"]);
    assert_eq!(bounded.exit, 1);
    snapshot("cost_recursive_bound", &bounded);
}

#[test]
fn a_bound_is_held_or_the_place_is_shown() {
    let ok = smc(&["cost", "travels.sm", "--max-state-bytes", "2000"]);
    assert_eq!((ok.exit, &*ok.stderr), (0, ""));
    let over = smc(&["cost", "travels.sm", "--max-state-bytes", "300"]);
    assert_eq!(over.exit, 1);
    snapshot("cost_over", &over);
    // With elements the same program is over the larger bound.
    let args = [
        "cost",
        "travels.sm",
        "--max-state-bytes",
        "2000",
        "--elements",
        "1000",
    ];
    assert_eq!(smc(&args).exit, 1);
    check("explain_cost", &["explain", "SM0730"]);
    check("explain_cost_unbounded", &["explain", "SM0731"]);
}

#[test]
fn numbers_for_tools() {
    let one = smc(&["cost", "travels.sm", "--json"]);
    let two = smc(&["cost", "travels.sm", "--message-format", "json"]);
    assert_eq!(one.stdout, two.stdout);
    let report: Value = serde_json::from_str(&one.stdout).expect("one object");
    let points = report["points"].as_array().expect("places");
    assert!(points.len() >= 4);
    for point in points {
        let (min, max) = (&point["state"]["min"], &point["state"]["max"]);
        assert!(
            min.as_u64() <= max.as_u64() && min.as_u64() > Some(100),
            "{point}"
        );
        let at = point["at"].as_u64().expect("a number") as usize;
        assert_eq!(point["chain"][at], point["frame"]);
        assert!(point["frame"]["line"].as_u64() > Some(0));
    }
    let pause = &points[0]["frame"]["variables"][0];
    assert_eq!(
        (&pause["names"][0], &pause["type"]),
        (&"pause".into(), &"Duration".into())
    );
    assert!(report["code"]["bricks"].as_u64() > report["code"]["library_bricks"].as_u64());
}

#[test]
fn a_bundle_says_the_same_without_its_source() {
    let folder = scratch_folder("cost_bundle");
    let bundle = folder.join("travels.smb").display().to_string();
    assert_eq!(smc(&["build", "travels.sm", "-o", &bundle]).exit, 0);
    let sizes = |file: &str| {
        let done = smc(&["cost", file, "--json"]);
        let report: Value = serde_json::from_str(&done.stdout).expect("one object");
        let points = report["points"].as_array().expect("places").clone();
        points
            .into_iter()
            .map(|point| point["state"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes("travels.sm"), sizes(&bundle));
    assert_eq!(smc_in(&folder, &["cost", "travels.smb"]).exit, 0);
}

#[test]
fn programs_that_cannot_be_judged() {
    check("cost_mistakes", &["cost", "types.sm"]);
    check("cost_missing", &["cost", "nothing.sm"]);
    check(
        "cost_bound_wrong",
        &["cost", "hello.sm", "--max-state-bytes", "many"],
    );
}
