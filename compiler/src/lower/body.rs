//! A function under construction: blocks of instructions over registers without number limit.
//!
//! [`Builder`] appends instructions to the block it stands in. [`Body`] is what it leaves: passes
//! rewrite it ([`super::clean`]), and [`super::finish`] makes it a function of a brick.

use std::rc::Rc;

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{BlockIx, Inst, Reg, Slot, TrapKind};

use crate::ast::{FileId, Span};

/// The blocks and registers of one function. Block 0 is the entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) blocks: Vec<Block>,
    /// The slot of each register; those of parameters and captures come first.
    pub(crate) regs: Vec<Slot>,
    /// How many registers have a value at the entry.
    pub(crate) inputs: usize,
    /// More registers were asked for than a register can number: the code is not to be used.
    pub(crate) overflow: bool,
    /// The calls in whose place code stands; one in the code of another comes after it.
    pub(crate) inlined: Vec<Inlined>,
}

/// Instructions of which the last and only it is a terminator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) ops: Vec<Op>,
}

/// An instruction and where in the source it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) inst: Inst,
    pub(crate) origin: Origin,
}

/// Where an instruction comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) span: Span,
    /// Of which of [`Body::inlined`] it is code, from 1; 0 for the function's own.
    pub(crate) inlined: u32,
}

/// A call in whose place the code of the called function stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inlined {
    /// The name of that function.
    pub(crate) name: Rc<str>,
    /// The file it stands in.
    pub(crate) file: FileId,
    /// The call.
    pub(crate) at: Origin,
}

impl Body {
    /// A body that stands for one that is too large.
    pub(crate) fn unreachable() -> Self {
        let inst = Inst::Trap {
            kind: TrapKind::Unreachable,
        };
        let ops = vec![Op {
            inst,
            origin: Origin::default(),
        }];
        Self {
            blocks: vec![Block { ops }],
            ..Self::default()
        }
    }
}

impl Block {
    /// The terminator.
    pub(crate) fn last(&self) -> &Inst {
        &self
            .ops
            .last()
            .expect("a block ends with a terminator")
            .inst
    }

    pub(crate) fn last_mut(&mut self) -> &mut Inst {
        &mut self
            .ops
            .last_mut()
            .expect("a block ends with a terminator")
            .inst
    }

    /// The blocks that may come next, in the order in which the terminator names them.
    pub(crate) fn successors(&self) -> Successors<'_> {
        let (table, few, count) = match self.last() {
            Inst::Jump { to } => (&[][..], [*to, *to], 1),
            Inst::Branch {
                then, otherwise, ..
            } => (&[][..], [*then, *otherwise], 2),
            Inst::Switch {
                targets, default, ..
            } => (&**targets, [*default, *default], 1),
            Inst::ForNext { body, exit, .. } => (&[][..], [*body, *exit], 2),
            last => {
                last.successors(|_| unreachable!("each terminator that leads on is listed"));
                (&[][..], [BlockIx(0); 2], 0)
            }
        };
        let next = few.len() - count;
        Successors { table, few, next }
    }
}

/// The blocks that may come after one.
#[derive(Clone, Debug)]
pub(crate) struct Successors<'b> {
    /// Those that come first.
    table: &'b [BlockIx],
    few: [BlockIx; 2],
    /// Which of `few` comes next.
    next: usize,
}

impl Iterator for Successors<'_> {
    type Item = BlockIx;

    fn next(&mut self) -> Option<BlockIx> {
        if let Some((first, rest)) = self.table.split_first() {
            self.table = rest;
            return Some(*first);
        }
        let found = self.few.get(self.next).copied();
        self.next += 1;
        found
    }
}

/// A place in the code: before the next instruction of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    block: BlockIx,
    at: usize,
}

/// Builds a [`Body`], block after block.
#[derive(Debug)]
pub(crate) struct Builder {
    body: Body,
    current: Option<BlockIx>,
    /// Blocks in the order in which they were begun: the order they get in the function.
    order: Vec<BlockIx>,
    span: Span,
}

impl Builder {
    /// A function whose first registers are `inputs`; it stands in the entry block.
    pub(crate) fn new(inputs: Vec<Slot>) -> Self {
        let mut builder = Self {
            body: Body {
                inputs: inputs.len(),
                regs: inputs,
                ..Body::default()
            },
            current: None,
            order: Vec::new(),
            span: Span::default(),
        };
        let entry = builder.block();
        builder.begin(entry);
        builder
    }

    /// A new register.
    pub(crate) fn reg(&mut self, slot: Slot) -> Reg {
        match u16::try_from(self.body.regs.len()) {
            Ok(number) => {
                self.body.regs.push(slot);
                Reg(number)
            }
            Err(_) => {
                self.body.overflow = true;
                Reg(u16::MAX)
            }
        }
    }

    /// A new register for each slot.
    pub(crate) fn regs(&mut self, slots: &[Slot]) -> Vec<Reg> {
        slots.iter().map(|slot| self.reg(*slot)).collect()
    }

    pub(crate) fn slot(&self, reg: Reg) -> Slot {
        self.body.regs[reg.index()]
    }

    /// A new block, not begun yet.
    pub(crate) fn block(&mut self) -> BlockIx {
        let ix = BlockIx(u32::try_from(self.body.blocks.len()).expect("fewer than instructions"));
        self.body.blocks.push(Block::default());
        ix
    }

    /// Goes on in `block`, which is empty.
    pub(crate) fn begin(&mut self, block: BlockIx) {
        debug_assert!(self.current.is_none(), "the block before has no terminator");
        self.order.push(block);
        self.current = Some(block);
    }

    /// The source of the instructions that follow; answers that of those before.
    pub(crate) fn set_span(&mut self, span: Span) -> Span {
        std::mem::replace(&mut self.span, span)
    }

    pub(crate) const fn span(&self) -> Span {
        self.span
    }

    /// Appends an instruction that is no terminator.
    pub(crate) fn emit(&mut self, inst: Inst) {
        let block = self.current.expect("instructions stand in a block");
        self.body.blocks[block.index()].ops.push(Op {
            inst,
            origin: Origin {
                span: self.span,
                inlined: 0,
            },
        });
    }

    /// Ends the block.
    pub(crate) fn end(&mut self, terminator: Inst) {
        self.emit(terminator);
        self.current = None;
    }

    /// Ends the block by going to `to`.
    pub(crate) fn jump(&mut self, to: BlockIx) {
        self.end(Inst::Jump { to });
    }

    /// Copies `from` to `to`, slot by slot.
    pub(crate) fn copy(&mut self, to: &[Reg], from: &[Reg]) {
        debug_assert_eq!(
            to.len(),
            from.len(),
            "values of one type have as many slots"
        );
        for (dst, src) in to.iter().zip(from) {
            if dst != src {
                self.emit(Inst::Move {
                    dst: *dst,
                    src: *src,
                });
            }
        }
    }

    /// The place where the next instruction will stand.
    pub(crate) fn mark(&self) -> Mark {
        let block = self.current.expect("a place in a block");
        Mark {
            block,
            at: self.body.blocks[block.index()].ops.len(),
        }
    }

    /// Copies `from` into new registers at an earlier place. Marks behind it in its block are
    /// no longer valid.
    pub(crate) fn copy_at(&mut self, mark: Mark, from: &[Reg]) -> Vec<Reg> {
        let slots: Vec<Slot> = from.iter().map(|reg| self.slot(*reg)).collect();
        let to = self.regs(&slots);
        let moves = to.iter().zip(from);
        let moves = moves.map(|(dst, src)| Inst::Move {
            dst: *dst,
            src: *src,
        });
        let origin = Origin {
            span: self.span,
            inlined: 0,
        };
        let ops: Vec<Op> = moves.map(|inst| Op { inst, origin }).collect();
        self.body.blocks[mark.block.index()]
            .ops
            .splice(mark.at..mark.at, ops);
        to
    }

    /// The finished body, its blocks in the order in which they were begun. Blocks that were
    /// never begun are gone; nothing may lead to them.
    pub(crate) fn finish(mut self) -> Body {
        debug_assert!(self.current.is_none(), "the last block has no terminator");
        reorder(&mut self.body, &self.order);
        self.body
    }
}

/// Keeps the blocks of `order`, in this order, and renumbers what leads to them.
pub(crate) fn reorder(body: &mut Body, order: &[BlockIx]) {
    let mut new = vec![None; body.blocks.len()];
    for (at, old) in order.iter().enumerate() {
        new[old.index()] = Some(BlockIx(u32::try_from(at).expect("no more than before")));
    }
    let mut blocks: Vec<Block> = order
        .iter()
        .map(|old| std::mem::take(&mut body.blocks[old.index()]))
        .collect();
    for block in &mut blocks {
        for_each_target_mut(block.last_mut(), |target| {
            *target = new[target.index()].expect("a block that is used is in the order");
        });
    }
    body.blocks = blocks;
}

/// Calls `visit` for each block that may come after `inst`.
pub(crate) fn for_each_target_mut(inst: &mut Inst, mut visit: impl FnMut(&mut BlockIx)) {
    inst.operands_mut(|operand| match operand {
        OperandMut::Block(block) => visit(block),
        OperandMut::Blocks(blocks) => blocks.iter_mut().for_each(&mut visit),
        _ => {}
    });
}
