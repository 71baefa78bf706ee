//! Which register each value gets: linear scan over live ranges.
//!
//! A register is used again for a value of the same slot as soon as the one before is dead. The
//! number of registers is not limited, so nothing is ever spilled. A copy whose source ends there
//! gets the register of its source, and is dropped when the function is written out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use sm_bytecode::{Inst, Reg, Slot};

use super::body::Body;
use super::liveness::{Liveness, RegSet};

/// The register of each value, and the slots of the registers.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// `None`: the value occurs nowhere.
    new: Vec<Option<Reg>>,
    pub(crate) slots: Vec<Slot>,
}

impl Assignment {
    /// The register of a value that occurs in the code.
    pub(crate) fn of(&self, value: Reg) -> Reg {
        self.get(value).expect("a value that occurs has a register")
    }

    pub(crate) fn get(&self, value: Reg) -> Option<Reg> {
        self.new[value.index()]
    }
}

/// Assigns a register to each value of `body`. Inputs keep their numbers.
pub(crate) fn assign(body: &Body, live: &Liveness) -> Assignment {
    let ranges = Ranges::of(body, live);
    let mut scan = Scan {
        new: vec![None; body.regs.len()],
        slots: body.regs[..body.inputs].to_vec(),
        free: BTreeMap::new(),
        is_free: RegSet::new(body.regs.len()),
        active: BinaryHeap::new(),
    };
    for (at, slot) in body.regs.iter().enumerate().take(body.inputs) {
        let reg = number(at);
        scan.new[at] = Some(reg);
        scan.active.push(Reverse((ranges.end[at], reg, *slot)));
    }
    for value in ranges.by_start(body.inputs) {
        scan.place(value, body.regs[value.index()], &ranges);
    }
    Assignment {
        new: scan.new,
        slots: scan.slots,
    }
}

fn number(at: usize) -> Reg {
    Reg(u16::try_from(at).expect("no more registers than values"))
}

/// When each value lives, from its first definition to its last use, without regard to gaps.
///
/// Instruction `i` reads at time `2i + 1` and writes at time `2i + 2`; inputs are written at 0.
struct Ranges {
    start: Vec<u32>,
    end: Vec<u32>,
    /// For a value that is first made by a copy: of what.
    copy_of: Vec<Option<Reg>>,
}

const NEVER: u32 = u32::MAX;

impl Ranges {
    fn of(body: &Body, live: &Liveness) -> Self {
        let count = body.regs.len();
        let mut ranges = Self {
            start: vec![NEVER; count],
            end: vec![0; count],
            copy_of: vec![None; count],
        };
        ranges.start[..body.inputs].fill(0);
        let mut time = 1;
        for (at, block) in body.blocks.iter().enumerate() {
            live.at_start(at).for_each(|reg| ranges.touch(reg, time));
            for op in &block.ops {
                op.inst.uses(|reg| ranges.touch(reg, time));
                if let Inst::Move { dst, src } = op.inst
                    && ranges.start[dst.index()] == NEVER
                {
                    ranges.copy_of[dst.index()] = Some(src);
                }
                op.inst.defs(|reg| ranges.touch(reg, time + 1));
                time += 2;
            }
            live.at_end(body, at)
                .for_each(|reg| ranges.touch(reg, time - 1));
        }
        ranges
    }

    fn touch(&mut self, reg: Reg, time: u32) {
        let at = reg.index();
        self.start[at] = self.start[at].min(time);
        self.end[at] = self.end[at].max(time);
    }

    /// The values that occur, without the first `inputs`, in the order in which they begin.
    fn by_start(&self, inputs: usize) -> Vec<Reg> {
        let mut values: Vec<Reg> = (inputs..self.start.len()).map(number).collect();
        values.retain(|value| self.start[value.index()] != NEVER);
        values.sort_by_key(|value| self.start[value.index()]);
        values
    }
}

struct Scan {
    new: Vec<Option<Reg>>,
    slots: Vec<Slot>,
    /// For each slot its registers that were free once, the one with the smallest number on top.
    free: BTreeMap<Slot, BinaryHeap<Reverse<Reg>>>,
    is_free: RegSet,
    /// Registers in use, the one that is free again first on top.
    active: BinaryHeap<Reverse<(u32, Reg, Slot)>>,
}

impl Scan {
    fn place(&mut self, value: Reg, slot: Slot, ranges: &Ranges) {
        self.expire(ranges.start[value.index()]);
        let wish = ranges.copy_of[value.index()].and_then(|source| self.new[source.index()]);
        let reg = self.take(slot, wish);
        self.new[value.index()] = Some(reg);
        self.active
            .push(Reverse((ranges.end[value.index()], reg, slot)));
    }

    /// Frees the registers of values that end before `time`.
    fn expire(&mut self, time: u32) {
        while let Some(Reverse((end, reg, slot))) = self.active.peek().copied()
            && end < time
        {
            self.active.pop();
            self.free.entry(slot).or_default().push(Reverse(reg));
            self.is_free.insert(reg);
        }
    }

    fn take(&mut self, slot: Slot, wish: Option<Reg>) -> Reg {
        let wish = wish.filter(|reg| self.is_free.has(*reg) && self.slots[reg.index()] == slot);
        if let Some(reg) = wish.or_else(|| self.first_free(slot)) {
            self.is_free.remove(reg);
            return reg;
        }
        self.slots.push(slot);
        number(self.slots.len() - 1)
    }
    fn first_free(&mut self, slot: Slot) -> Option<Reg> {
        let free = self.free.get_mut(&slot)?;
        // One that was wished for is still in the list.
        std::iter::from_fn(|| free.pop())
            .map(|Reverse(reg)| reg)
            .find(|reg| self.is_free.has(*reg))
    }
}
