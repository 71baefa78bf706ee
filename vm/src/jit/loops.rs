//! Lists that a loop reads or writes and does not change in length: where their elements are is
//! looked up once, before the loop.

use sm_bytecode::{Function, Inst, Reg};

use crate::op::R;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Loops {
    headers: Vec<Header>,
    /// Of each block: the lists that are looked up before a loop around it.
    known: Vec<Vec<R>>,
}

/// A loop whose only entrance is its first block.
#[derive(Debug)]
struct Header {
    block: usize,
    members: Vec<bool>,
    /// What is looked up before it.
    lists: Vec<R>,
}

impl Loops {
    /// The loops of a function among the blocks that are reached from where its code begins.
    pub(super) fn of(source: &Function, start: usize, is_reached: &[bool]) -> Loops {
        let count = source.blocks.len();
        let before = before(source, |block| is_reached[block]);
        let mut loops = Loops {
            headers: Vec::new(),
            known: vec![Vec::new(); count],
        };
        let headers = (0..count).filter(|header| before[*header].iter().any(|at| at >= header));
        let mut found: Vec<(usize, Vec<bool>)> = headers
            .filter_map(|header| Some((header, members(&before, header, start)?)))
            .collect();
        // Outer loops first: what they look up is known in the inner ones.
        let size = |members: &[bool]| members.iter().filter(|is_in| **is_in).count();
        found.sort_by_key(|(_, members)| std::cmp::Reverse(size(members)));
        for (header, members) in found {
            loops.add(source, header, members);
        }
        loops
    }

    fn add(&mut self, source: &Function, header: usize, members: Vec<bool>) {
        let blocks = (0..members.len()).filter(|block| members[*block]);
        let insts = || blocks.clone().flat_map(|block| &source.blocks[block].insts);
        if insts().any(may_change_lists) {
            return;
        }
        let mut lists: Vec<Reg> = insts().filter_map(list_of).collect();
        lists.sort_unstable();
        lists.dedup();
        let live = &source.blocks[header].live_in;
        lists.retain(|list| live.contains(list) && !self.known[header].contains(&list.0));
        insts().for_each(|inst| inst.defs(|reg| lists.retain(|list| *list != reg)));
        if lists.is_empty() {
            return;
        }
        let lists: Vec<R> = lists.iter().map(|list| list.0).collect();
        blocks.for_each(|block| self.known[block].extend(&lists));
        self.headers.push(Header {
            block: header,
            members,
            lists,
        });
    }

    /// Whether the list was looked up before a loop around the block.
    pub(super) fn knows(&self, block: usize, list: R) -> bool {
        self.known[block].contains(&list)
    }

    /// Whether a jump into the block, from another one or from where the code begins, enters a loop
    /// before which something is looked up.
    pub(super) fn is_entered(&self, block: usize, from: Option<usize>) -> bool {
        let header = self.headers.iter().find(|header| header.block == block);
        header.is_some_and(|header| !from.is_some_and(|from| header.members[from]))
    }

    /// The headers of loops, and the lists that are looked up before each.
    pub(super) fn headers(&self) -> impl Iterator<Item = (usize, &[R])> {
        let headers = self.headers.iter();
        headers.map(|header| (header.block, &header.lists[..]))
    }
}

/// The blocks of the loops that begin at this block; `None` if there are none.
pub(super) fn members_of(source: &Function, header: usize) -> Option<Vec<bool>> {
    let before = before(source, |_| true);
    let goes_back = before[header].iter().any(|from| *from >= header);
    goes_back.then(|| members(&before, header, usize::MAX))?
}

/// From where control comes to each block.
fn before(source: &Function, is_reached: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut before = vec![Vec::new(); source.blocks.len()];
    for (at, block) in source.blocks.iter().enumerate() {
        if let Some(last) = block.insts.last().filter(|_| is_reached(at)) {
            last.successors(|to| before[to.index()].push(at));
        }
    }
    before
}

/// The blocks of the loop that control goes back to the header of; `None` if it has another
/// entrance.
fn members(before: &[Vec<usize>], header: usize, start: usize) -> Option<Vec<bool>> {
    let mut members = vec![false; before.len()];
    members[header] = true;
    let mut queue: Vec<usize> = before[header].clone();
    queue.retain(|from| *from >= header);
    while let Some(block) = queue.pop() {
        if std::mem::replace(&mut members[block], true) {
            continue;
        }
        if block == start {
            return None;
        }
        queue.extend(&before[block]);
    }
    Some(members)
}

/// The list whose elements an instruction reads or writes.
fn list_of(inst: &Inst) -> Option<Reg> {
    match inst {
        Inst::ListGet { list, .. } | Inst::ListSet { list, .. } | Inst::ListLen { list, .. } => {
            Some(*list)
        }
        _ => None,
    }
}

/// Whether a list may have another length or array behind the instruction.
fn may_change_lists(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::Call { .. }
            | Inst::CallClosure { .. }
            | Inst::ListPush { .. }
            | Inst::ListPop { .. }
            | Inst::ListInsert { .. }
            | Inst::ListRemove { .. }
            | Inst::ListTruncate { .. }
            | Inst::ListAppend { .. }
    )
}
