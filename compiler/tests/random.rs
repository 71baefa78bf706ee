//! Random programs do what their trees say: each is compiled, verified, linked and run, and a walk
//! over the tree it was written from must print the same.

#[path = "random/program.rs"]
mod program;
#[path = "random/run.rs"]
mod run;
#[path = "random/walk.rs"]
mod walk;

use program::Maker;
use sm_compiler::format::format;

/// Programs of one run of the test.
const PROGRAMS: u64 = 120;

#[test]
fn random_programs_print_what_a_walk_over_their_trees_prints() {
    for seed in 0..PROGRAMS {
        let main = Maker::new(seed).main();
        let text = program::text(&main);
        let found = run::output(&text);
        let wanted = walk::output(&main);
        assert!(
            found == wanted,
            "seed {seed}\n{text}\nfound {found:#?}\nwanted {wanted:#?}"
        );
    }
}

#[test]
fn random_programs_are_formatted_and_stay_what_they_are() {
    for seed in 0..PROGRAMS * 10 {
        let text = program::text(&Maker::new(seed).main());
        let formatted = format(&text).expect("the meaning stays");
        let again = format(&formatted).expect("the meaning stays");
        assert!(
            again == formatted,
            "seed {seed}\n{text}\n{formatted}\n{again}"
        );
    }
}
