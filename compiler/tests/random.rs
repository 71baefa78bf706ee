//! Random programs do what their trees say: each is compiled, verified, linked and run, and a walk
//! over the tree it was written from must print the same.

#[path = "random/program.rs"]
mod program;
#[path = "random/run.rs"]
mod run;
#[path = "random/walk.rs"]
mod walk;

use program::Maker;

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
