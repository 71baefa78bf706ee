//! Which blocks control has passed wherever it comes to a block.

use crate::lower::body::Body;
use crate::lower::edges::{Edges, predecessors};

/// The dominator tree of a body without unreachable blocks.
#[derive(Debug)]
pub(crate) struct Dominators {
    /// Of each block the next one above; of the entry itself.
    pub(crate) above: Vec<usize>,
    /// Blocks directly below each.
    pub(crate) below: Edges,
    pub(crate) predecessors: Edges,
    /// Whether control goes back only to blocks that it has always passed.
    pub(crate) is_reducible: bool,
    /// First and last time at which a walk over the tree is in a block.
    times: Vec<(u32, u32)>,
}

impl Dominators {
    /// Finds them by iteration over the blocks in reverse postorder.
    pub(crate) fn of(body: &Body) -> Self {
        const NONE: usize = usize::MAX;
        let predecessors = predecessors(body);
        let order = reverse_postorder(body);
        let mut place = vec![NONE; body.blocks.len()];
        for (at, block) in order.iter().enumerate() {
            place[*block] = at;
        }
        let mut above = vec![NONE; body.blocks.len()];
        above[0] = 0;
        let mut changed = true;
        while changed {
            changed = false;
            for block in order.iter().skip(1) {
                let known = predecessors[*block].iter().copied();
                let mut known = known.filter(|from| above[*from] != NONE);
                let Some(mut found) = known.next() else {
                    continue;
                };
                for other in known {
                    let mut other = other;
                    while found != other {
                        match place[found] > place[other] {
                            true => found = above[found],
                            false => other = above[other],
                        }
                    }
                }
                changed |= std::mem::replace(&mut above[*block], found) != found;
            }
        }
        let pairs = order.iter().skip(1).map(|block| (above[*block], *block));
        let below = Edges::of(body.blocks.len(), pairs);
        let times = times(body.blocks.len(), &below);
        let mut tree = Self {
            above,
            below,
            is_reducible: true,
            times,
            predecessors,
        };
        tree.is_reducible = order.iter().all(|to| {
            let mut back = tree.predecessors[*to].iter();
            back.all(|from| place[*from] < place[*to] || tree.has_passed(*to, *from))
        });
        tree
    }

    /// Whether control has always passed `a` when it comes to `b`.
    pub(crate) fn has_passed(&self, a: usize, b: usize) -> bool {
        self.times[a].0 <= self.times[b].0 && self.times[b].1 <= self.times[a].1
    }
}

fn times(blocks: usize, below: &Edges) -> Vec<(u32, u32)> {
    let mut times = vec![(0, 0); blocks];
    let mut clock = 0;
    let mut path = vec![(0, 0)];
    while let Some((block, next)) = path.last_mut() {
        if *next == 0 {
            times[*block].0 = clock;
        }
        clock += 1;
        match below[*block].get(*next) {
            Some(child) => {
                *next += 1;
                path.push((*child, 0));
            }
            None => {
                times[*block].1 = clock;
                path.pop();
            }
        }
    }
    times
}

fn reverse_postorder(body: &Body) -> Vec<usize> {
    let mut seen = vec![false; body.blocks.len()];
    let mut out = Vec::with_capacity(body.blocks.len());
    let mut path = vec![(0, body.blocks[0].successors())];
    seen[0] = true;
    while let Some((block, successors)) = path.last_mut() {
        match successors.next() {
            Some(to) => {
                let to = to.index();
                if !std::mem::replace(&mut seen[to], true) {
                    path.push((to, body.blocks[to].successors()));
                }
            }
            None => {
                out.push(*block);
                path.pop();
            }
        }
    }
    out.reverse();
    out
}
