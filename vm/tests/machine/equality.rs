//! However a run is divided, moved or collected, it is the same run.

use proptest::prelude::*;
use sm_bytecode::arbitrary::{self, Calls};
use sm_vm::Outcome;

use crate::driver::{Slices, at_least, collecting, limits, program, run};

/// Long enough for loops to come round, short enough for thousands of cases.
const BUDGET: u64 = 3_000;

fn check(entropy: &[u8]) {
    let program = program(arbitrary::group(entropy, Calls::Own));
    let whole = run(&program, limits(), BUDGET, Slices::Whole);
    if let Outcome::Kill(_) = whole.outcome {
        // Kills depend on the node: how much is garbage at the time.
        return;
    }
    let collected = run(&program, collecting(limits()), BUDGET, Slices::Whole);
    assert_eq!(whole, collected, "collecting at every allocation");
    let sliced = run(&program, limits(), BUDGET, Slices::Safepoints);
    assert_eq!(whole, sliced, "stopping at every safepoint");
    let restored = run(&program, limits(), BUDGET, Slices::Restored);
    assert_eq!(whole, restored, "moving at every safepoint");
    let both = run(&program, collecting(limits()), BUDGET, Slices::Restored);
    assert_eq!(whole, both, "moving and collecting");
}

proptest! {
    #![proptest_config(at_least(400))]

    #[test]
    fn a_run_does_not_depend_on_how_it_is_divided(
        entropy in proptest::collection::vec(any::<u8>(), 0..700)
    ) {
        check(&entropy);
    }
}
