//! Frames and their registers: plain data, so a stack can be written out and read back.

use crate::index::FuncId;
use crate::limits::Limits;
use crate::op::Pc;
use crate::outcome::KillKind;
use crate::program::{Function, Program};

/// One call in progress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) func: FuncId,
    /// The next instruction of the innermost frame; in the others the call that runs.
    pub(crate) pc: Pc,
    /// Its first register in [`Stack::regs`].
    pub(crate) base: u32,
    /// The end of its registers, where those of a frame that it calls begin.
    pub(crate) end: u32,
}

/// The words of [`Stack::regs`] behind the last frame's registers that may be read and written
/// without a meaning: a short call passes so many arguments, whatever its function takes.
pub(crate) const SLACK: usize = 3;

/// All frames of a message, the innermost last.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub(crate) frames: Vec<Frame>,
    /// The registers of all frames, one frame after the other. Longer than what is in use, by
    /// [`SLACK`] at least.
    pub(crate) regs: Vec<u64>,
}

impl Stack {
    /// Adds a frame whose registers begin at `base`, and hold nothing of meaning yet.
    #[inline]
    pub(crate) fn push(
        &mut self,
        limits: &Limits,
        func: FuncId,
        function: &Function,
        base: usize,
    ) -> Result<(), KillKind> {
        let end = base + function.registers();
        if end + SLACK > self.regs.len() {
            self.grow(limits, end)?;
        }
        if self.frames.len() >= limits.frames as usize {
            return Err(KillKind::Frames);
        }
        self.frames.push(Frame {
            func,
            pc: function.start,
            base: base as u32,
            end: end as u32,
        });
        Ok(())
    }

    /// The frame that called the innermost one.
    #[inline]
    pub(crate) fn caller(&self) -> Option<Frame> {
        match self.frames[..] {
            [.., caller, _] => Some(caller),
            _ => None,
        }
    }

    /// Where the registers of the next frame begin.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.end as usize)
    }

    /// Drops the innermost frame.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.frames.pop();
    }

    #[cold]
    fn grow(&mut self, limits: &Limits, end: usize) -> Result<(), KillKind> {
        if end > limits.registers as usize {
            return Err(KillKind::Frames);
        }
        let size = (self.regs.len() * 2)
            .max(end)
            .min(limits.registers as usize);
        self.regs.resize(size + SLACK, 0);
        Ok(())
    }

    /// What the frames take, in words: the work of walking over them.
    pub(crate) fn words(&self) -> usize {
        let base = self.top().map_or(0, |frame| frame.base as usize);
        base + self.frames.len()
    }

    pub(crate) fn top(&self) -> Option<Frame> {
        self.frames.last().copied()
    }

    /// Calls `visit` with every register that holds a live reference.
    ///
    /// The innermost frame stands before its instruction, the others are in the middle of theirs.
    pub(crate) fn each_root(&mut self, program: &Program, visit: &mut dyn FnMut(&mut u64)) {
        let innermost = self.frames.len().saturating_sub(1);
        for (index, frame) in self.frames.iter().enumerate() {
            let live = match index == innermost {
                true => program.live_before(frame.func, frame.pc),
                false => program.live_across(frame.func, frame.pc),
            };
            let kinds = &program.function(frame.func).kinds;
            for reg in live.unwrap_or(&[]) {
                if kinds[reg.index()].is_ref() {
                    visit(&mut self.regs[frame.base as usize + reg.index()]);
                }
            }
        }
    }
}
