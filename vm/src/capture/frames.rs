//! Reading frames: each is in a function, at a place where a machine can stop, and called by the
//! frame before it.

use sm_bytecode::Reg;

use crate::capture::RestoreError;
use crate::capture::objects::Objects;
use crate::heap::layout::Kind;
use crate::index::{FuncId, TypeId};
use crate::limits::Limits;
use crate::op::{Op, Pc};
use crate::program::Program;
use crate::stack::Stack;

impl Objects<'_, '_> {
    pub(super) fn frames(&mut self, limits: &Limits) -> Result<Stack, RestoreError> {
        let count = self.reader.length()?;
        if count == 0 {
            return Err(RestoreError::Forged("there is no frame"));
        }
        let mut stack = Stack::default();
        let mut base = 0;
        for index in 0..count {
            let func = self.tables.function(&mut self.reader)?;
            self.check_caller(&stack, func)?;
            let function = self.program.function(func);
            let pushed = stack.push(limits, func, function, base);
            pushed.map_err(|_| RestoreError::TooLarge)?;
            let offset = self.reader.number32()?;
            if offset >= function.len {
                return Err(RestoreError::Forged("a frame is outside of its function"));
            }
            let pc = Pc(function.start.0 + offset);
            if let Some(frame) = stack.frames.last_mut() {
                frame.pc = pc;
            }
            let live = live(self.program, func, pc, index + 1 == count)?;
            for reg in live {
                let word = self.word(function.kinds[reg.index()])?;
                stack.regs[base + reg.index()] = word;
            }
            base += function.registers();
        }
        Ok(stack)
    }

    /// The first frame captures nothing; every other one is what the frame before it calls.
    fn check_caller(&self, stack: &Stack, callee: FuncId) -> Result<(), RestoreError> {
        let program = self.program;
        let Some(caller) = stack.top() else {
            return match program.function(callee).capture_slots {
                0 => Ok(()),
                _ => Err(RestoreError::Forged("the first frame is a closure's")),
            };
        };
        let fits = match program.code[caller.pc.index()].op {
            Op::Call { func, .. } => func == callee,
            Op::CallClosure { closure, .. } => {
                let kinds = &program.function(caller.func).kinds;
                match kinds[usize::from(closure)] {
                    Kind::Ref(ty) => is_body(program, ty, callee),
                    _ => false,
                }
            }
            _ => false,
        };
        match fits {
            true => Ok(()),
            false => Err(RestoreError::Forged("a frame is not what its caller calls")),
        }
    }
}

/// The registers that a frame has in the state.
fn live(program: &Program, func: FuncId, pc: Pc, is_last: bool) -> Result<&[Reg], RestoreError> {
    let live = match is_last {
        true => program.live_before(func, pc),
        false => program
            .live_across(func, pc)
            .filter(|_| is_call(program, pc)),
    };
    live.ok_or(RestoreError::Forged("a frame is where no machine stops"))
}

fn is_call(program: &Program, pc: Pc) -> bool {
    let op = program.code[pc.index()].op;
    matches!(op, Op::Call { .. } | Op::CallClosure { .. })
}

/// Whether values of a function type can have this body.
pub(super) fn is_body(program: &Program, ty: TypeId, body: FuncId) -> bool {
    use sm_bytecode::types::Type;
    let function = program.function(body);
    match &program.types.as_slice()[ty.index()] {
        Type::Fn { params, result } => {
            let params = params.iter().map(|param| TypeId(param.0));
            params.eq(function.params.iter().copied()) && TypeId(result.0) == function.result
        }
        _ => false,
    }
}
