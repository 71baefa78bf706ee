//! Whether there is a way out of everything that can happen.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use super::model::{Action, Mtcp, State};

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// All states, by numbers, and what leads to what.
#[derive(Default)]
struct Graph {
    numbers: BTreeMap<u64, usize>,
    before: Vec<Vec<usize>>,
    /// How each was found first.
    first: Vec<Option<(usize, Action)>>,
    open: VecDeque<(State, usize)>,
}

impl Graph {
    fn add(&mut self, state: State, from: Option<(usize, Action)>) {
        let next = self.before.len();
        let number = *self.numbers.entry(fingerprint(&state)).or_insert(next);
        if number == next {
            self.before.push(Vec::new());
            self.first.push(from.clone());
            self.open.push_back((state, number));
        }
        self.before[number].extend(from.map(|(before, _)| before));
    }

    fn way_to(&self, mut at: usize) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some((before, action)) = &self.first[at] {
            actions.push(action.clone());
            at = *before;
        }
        actions.reverse();
        actions
    }
}

/// How many states there are, and a shortest way to one from which nothing leads to the end though
/// the client may still try so often.
pub(crate) fn dead_end(model: &Mtcp, tries: u8) -> (usize, Option<Vec<Action>>) {
    let mut graph = Graph::default();
    for state in model.init_states() {
        graph.add(state, None);
    }
    let (mut done, mut hopeful) = (Vec::new(), Vec::new());
    while let Some((state, at)) = graph.open.pop_front() {
        if state.done() {
            done.push(at);
        }
        if state.left.moves >= tries {
            hopeful.push(at);
        }
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        for action in actions {
            if let Some(after) = model.next_state(&state, action.clone()) {
                graph.add(after, Some((at, action)));
            }
        }
    }
    let mut reached = vec![false; graph.before.len()];
    while let Some(at) = done.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            done.extend(&graph.before[at]);
        }
    }
    let lost = hopeful.into_iter().find(|at| !reached[*at]);
    (graph.before.len(), lost.map(|at| graph.way_to(at)))
}
