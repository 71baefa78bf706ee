//! Calls and returns of any number of values.

use sm_bytecode::TrapKind;

use crate::heap::layout::Ref;
use crate::index::FuncId;
use crate::interp::{Interp, Stop};
use crate::op::{Op, R};

impl Interp<'_> {
    /// Pushes a frame; its parameters come from registers, its captures from a closure.
    pub(super) fn call(&mut self, func: FuncId, args: &[R], closure: Ref) -> Result<(), Stop> {
        let caller = self.base + self.function().registers();
        let function = self.program.function(func);
        self.stack.push(self.limits, func, function, caller)?;
        let (old, new) = self.stack.regs[self.base..].split_at_mut(caller - self.base);
        for (slot, reg) in args.iter().enumerate() {
            new[slot] = old[usize::from(*reg)];
        }
        for slot in 0..usize::from(function.capture_slots) {
            new[usize::from(function.param_slots) + slot] = self.heap.field(closure, slot);
        }
        Ok(())
    }

    /// Pops the innermost frame, and lets its caller go on behind the call.
    pub(super) fn return_values(&mut self, values: &[R]) -> Result<(), Stop> {
        let returning = self.base;
        if self.stack.frames.len() == 1 {
            let get = |reg: &R| self.stack.regs[returning + usize::from(*reg)];
            let slots: Vec<u64> = values.iter().map(get).collect();
            return Err(self.result(self.function().result, &slots));
        }
        self.stack.frames.pop();
        let caller = self.stack.frames.last_mut().expect("there were two frames");
        let call = self.program.code[caller.pc.index()].op;
        caller.pc = caller.pc.next();
        let base = caller.base as usize;
        let (Op::Call { lists, .. } | Op::CallClosure { lists, .. }) = call else {
            return Err(TrapKind::Unreachable.into());
        };
        for (dst, value) in self.program.list_after(lists).iter().zip(values) {
            let word = self.stack.regs[returning + usize::from(*value)];
            self.stack.regs[base + usize::from(*dst)] = word;
        }
        Ok(())
    }
}
