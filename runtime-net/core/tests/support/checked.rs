//! What model checking of the machines has in common.

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// Explores everything and fails on a counterexample or on something that should be possible.
pub(crate) fn check<M>(model: M)
where
    M: Model<
            State: Clone + Debug + Hash + PartialEq + Send + Sync,
            Action: Clone + Debug + PartialEq,
        > + Send
        + Sync
        + 'static,
{
    let checker = model.checker().threads(2).spawn_bfs().join();
    println!(
        "{} states, depth {}",
        checker.unique_state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

/// The name of the first property that fails in this model.
pub(crate) fn violation<M>(model: M) -> Option<&'static str>
where
    M: Model<State: Clone + Debug + Hash + PartialEq + Send + Sync, Action: Clone + PartialEq>
        + Send
        + Sync
        + 'static,
{
    let checker = model
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let broken = checker.discoveries().into_keys();
    broken.filter(|name| !name.starts_with("possible: ")).min()
}
