//! Debug blobs: names and source positions of a module, outside its bricks.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::BrickHash;
use crate::index::Reg;

/// Names and positions for the bricks of one module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DebugBlob {
    /// Source files that positions refer to.
    pub files: Vec<String>,
    /// Entries, ascending by brick, without duplicates.
    pub groups: Vec<DebugGroup>,
}

/// Names and positions for one brick.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DebugGroup {
    /// The brick.
    pub brick: BrickHash,
    /// One entry for each function of the brick.
    pub functions: Vec<DebugFunction>,
}

/// Names and positions for one function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DebugFunction {
    /// Name for people, such as `explore` or `main closure 1`.
    pub name: String,
    /// Names of registers that hold variables, ascending by register, then by name.
    pub registers: Vec<(Reg, String)>,
    /// Runs, ascending by `pc`: each holds from its `pc` up to the next run's.
    pub positions: Vec<Position>,
    /// Functions whose code stands in this one in place of a call; one that stands in another of
    /// them comes after it.
    pub inlined: Vec<InlinedCall>,
}

/// A call in whose place the code of the function stands that was called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCall {
    /// The name of the function that was called.
    pub name: String,
    /// Where the call stands; its `pc` is 0.
    pub at: Position,
}

/// Where a run of instructions comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// First instruction of the run.
    pub pc: u32,
    /// Index in [`DebugBlob::files`].
    pub file: u32,
    /// First byte in the file.
    pub start: u32,
    /// Byte after the last one.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Of which of [`DebugFunction::inlined`] it is code, from 1; 0 for the function's own.
    pub inlined: u32,
}

impl DebugBlob {
    /// The entry of a function.
    pub fn function(&self, brick: &BrickHash, function: u16) -> Option<&DebugFunction> {
        let at = self
            .groups
            .binary_search_by(|group| group.brick.cmp(brick))
            .ok()?;
        self.groups[at].functions.get(usize::from(function))
    }

    /// The name of the file that a position is in.
    pub fn file(&self, position: &Position) -> Option<&str> {
        self.files.get(position.file as usize).map(String::as_str)
    }
}

impl DebugFunction {
    /// The position of an instruction.
    pub fn position(&self, pc: u32) -> Option<&Position> {
        let after = self.positions.partition_point(|position| position.pc <= pc);
        self.positions[..after].last()
    }

    /// The calls that are under way at an instruction, innermost first: by name the function, and
    /// where it is. There is at least the function itself, unless it has no position there.
    pub fn calls(&self, pc: u32) -> impl Iterator<Item = (&str, &Position)> {
        core::iter::successors(self.position(pc), |position| {
            self.inlined_at(position).map(|call| &call.at)
        })
        .map(|position| {
            let inlined = self.inlined_at(position);
            (inlined.map_or(&*self.name, |call| &call.name), position)
        })
    }

    fn inlined_at(&self, position: &Position) -> Option<&InlinedCall> {
        let at = position.inlined.checked_sub(1)?;
        let call = self.inlined.get(at as usize)?;
        // Only to those before it, so that there is an end.
        (call.at.inlined <= at).then_some(call)
    }

    /// The name of the variable in a register.
    pub fn register(&self, reg: Reg) -> Option<&str> {
        let at = self.registers.partition_point(|(other, _)| *other < reg);
        self.registers
            .get(at)
            .filter(|(other, _)| *other == reg)
            .map(|(_, name)| name.as_str())
    }
}
