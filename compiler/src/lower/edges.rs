//! Which blocks lead to which.

use std::ops::Index;

use super::body::Body;

/// A list of blocks for each block, all in one table.
#[derive(Clone, Debug)]
pub(crate) struct Edges {
    /// Where the list of each block begins in `blocks`, and after all the end of the last.
    starts: Vec<u32>,
    blocks: Vec<usize>,
}

impl Edges {
    /// The lists of `count` blocks from pairs of a block and one in its list, each in the order of
    /// the pairs.
    pub(crate) fn of(count: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        // While the lists are filled, the number after that of a block is where its next one goes.
        let mut starts = vec![0u32; count + 2];
        let mut all = 0;
        pairs.clone().for_each(|(block, _)| {
            starts[block + 2] += 1;
            all += 1;
        });
        for at in 2..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut blocks = vec![0; all];
        pairs.for_each(|(block, of)| {
            let next = &mut starts[block + 1];
            blocks[*next as usize] = of;
            *next += 1;
        });
        Self { starts, blocks }
    }
}

impl Index<usize> for Edges {
    type Output = [usize];

    fn index(&self, block: usize) -> &[usize] {
        &self.blocks[self.starts[block] as usize..self.starts[block + 1] as usize]
    }
}

/// The blocks that lead to each block; one that leads there twice stands twice.
pub(crate) fn predecessors(body: &Body) -> Edges {
    let blocks = body.blocks.iter().enumerate();
    let pairs = blocks.flat_map(|(at, block)| block.successors().map(move |to| (to.index(), at)));
    Edges::of(body.blocks.len(), pairs)
}
