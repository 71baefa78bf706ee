//! What engines need of a verified function beside its instructions: program counters, and the
//! registers that are live where a run may be stopped.

use alloc::vec::Vec;

use crate::group::Function;
use crate::index::{BlockIx, Reg};
use crate::inst::{Effects, Inst};
use crate::limits::MAX_LIVE_WORK;
use crate::live::RegSet;
use crate::verify::{BackEdge, Fault, is_safepoint};

/// Program counters and live sets of one function.
#[derive(Clone, Debug)]
pub struct FunctionCode {
    starts: Vec<u32>,
    len: u32,
    before: Vec<LiveAt>,
    across: Vec<LiveAt>,
    regs: Vec<Reg>,
}

/// A live set, as a range of the function's pool.
#[derive(Clone, Copy, Debug)]
struct LiveAt {
    pc: u32,
    start: u32,
    len: u32,
}

/// How many live registers may still be looked at or written down.
pub(super) struct LiveBudget {
    left: usize,
}

impl LiveBudget {
    pub(super) fn new() -> Self {
        LiveBudget {
            left: MAX_LIVE_WORK,
        }
    }

    fn take(&mut self, count: usize) -> Result<(), Fault> {
        self.left = self
            .left
            .checked_sub(count)
            .ok_or(Fault::TooMany("live registers"))?;
        Ok(())
    }
}

impl FunctionCode {
    /// Number of instructions.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are no instructions: never, after verification.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The program counter of a block's first instruction.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn block_start(&self, block: BlockIx) -> u32 {
        self.starts[block.index()]
    }

    /// The program counters of all blocks' first instructions, ascending.
    pub fn block_starts(&self) -> &[u32] {
        &self.starts
    }

    /// The block of an instruction and its position there.
    pub fn locate(&self, pc: u32) -> Option<(BlockIx, usize)> {
        if pc >= self.len {
            return None;
        }
        let block = self.starts.partition_point(|start| *start <= pc) - 1;
        Some((BlockIx(block as u32), (pc - self.starts[block]) as usize))
    }

    /// Whether a run may be stopped before the instruction.
    pub fn is_safepoint(&self, pc: u32) -> bool {
        self.live_before(pc).is_some()
    }

    /// The registers that hold a needed value before the instruction, ascending; for safepoints
    /// only: the first instruction, those that allocate or ask the node, and terminators that may
    /// go back to their own block or one before it.
    pub fn live_before(&self, pc: u32) -> Option<&[Reg]> {
        self.find(&self.before, pc)
    }

    /// The registers that hold a needed value while the instruction waits for its results: live
    /// after it and not written by it, ascending. For calls and for instructions that suspend.
    pub fn live_across(&self, pc: u32) -> Option<&[Reg]> {
        self.find(&self.across, pc)
    }

    /// All safepoints, ascending.
    pub fn safepoints(&self) -> impl Iterator<Item = u32> + '_ {
        self.before.iter().map(|live| live.pc)
    }

    fn find(&self, sets: &[LiveAt], pc: u32) -> Option<&[Reg]> {
        let at = sets.binary_search_by_key(&pc, |live| live.pc).ok()?;
        let LiveAt { start, len, .. } = sets[at];
        Some(&self.regs[start as usize..(start + len) as usize])
    }

    /// Works out all live sets and compares them with what blocks declare.
    pub(super) fn build(
        function: &Function,
        budget: &mut LiveBudget,
    ) -> Result<Self, (u32, Fault)> {
        let mut starts = Vec::with_capacity(function.blocks.len());
        let mut len = 0;
        for block in &function.blocks {
            starts.push(len);
            len += block.insts.len() as u32;
        }
        let code = FunctionCode {
            starts,
            len,
            before: Vec::new(),
            across: Vec::new(),
            regs: Vec::new(),
        };
        let live = RegSet::new(function.regs.len());
        let mut builder = Builder {
            function,
            budget,
            live,
            code,
            last: None,
        };
        // From the last block to the first, as within blocks, so that the sets come out sorted.
        for at in (0..function.blocks.len()).rev() {
            let start = builder.code.starts[at];
            builder
                .block(BlockIx(at as u32))
                .map_err(|fault| (start, fault))?;
        }
        let mut code = builder.code;
        code.before.reverse();
        code.across.reverse();
        Ok(code)
    }
}

struct Builder<'a> {
    function: &'a Function,
    budget: &'a mut LiveBudget,
    /// What is live at the point where the walk is.
    live: RegSet,
    code: FunctionCode,
    /// Where `live` was written down last, if it did not change since.
    last: Option<(u32, u32)>,
}

impl Builder<'_> {
    fn block(&mut self, ix: BlockIx) -> Result<(), Fault> {
        let block = &self.function.blocks[ix.index()];
        let back = self.start_from_successors(ix)?;
        let mut pc = self.code.starts[ix.index()] + block.insts.len() as u32;
        for inst in block.insts.iter().rev() {
            pc -= 1;
            let back = if inst.is_terminator() {
                back
            } else {
                BackEdge::No
            };
            self.inst(inst, pc, back)?;
        }
        self.budget.take(block.live_in.len())?;
        if self.live.iter().eq(block.live_in.iter().copied()) {
            Ok(())
        } else {
            Err(Fault::LiveIn(ix))
        }
    }

    /// Everything that a successor declares as live is live at the end of the block.
    fn start_from_successors(&mut self, ix: BlockIx) -> Result<BackEdge, Fault> {
        let blocks = &self.function.blocks;
        self.live.clear();
        self.last = None;
        let mut back = BackEdge::No;
        let mut answer = Ok(());
        blocks[ix.index()].successors(|to| {
            if to <= ix.index() {
                back = BackEdge::Yes;
            }
            if answer.is_ok() {
                answer = self.budget.take(blocks[to].live_in.len());
                blocks[to]
                    .live_in
                    .iter()
                    .for_each(|reg| _ = self.live.insert(*reg));
            }
        });
        answer.map(|()| back)
    }

    fn inst(&mut self, inst: &Inst, pc: u32, back: BackEdge) -> Result<(), Fault> {
        if self.live.step_defs(inst) {
            self.last = None;
        }
        let effects = inst.info().effects;
        if effects.has(Effects::CALL) || effects.has(Effects::SUSPEND) {
            let live = self.write_down(pc)?;
            self.code.across.push(live);
        }
        if self.live.step_uses(inst) {
            self.last = None;
        }
        if is_safepoint(inst, pc, back) {
            let live = self.write_down(pc)?;
            self.code.before.push(live);
        }
        Ok(())
    }

    fn write_down(&mut self, pc: u32) -> Result<LiveAt, Fault> {
        let (start, len) = match self.last {
            Some(known) => known,
            None => {
                let start = self.code.regs.len();
                self.code.regs.extend(self.live.iter());
                let len = self.code.regs.len() - start;
                self.budget.take(len)?;
                (start as u32, len as u32)
            }
        };
        self.last = Some((start, len));
        Ok(LiveAt { pc, start, len })
    }
}
