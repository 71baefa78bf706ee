//! Bricks by hand.

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{Block, BlockIx, Function, Group, Inst, Reg, TypeIx, TypeTable};

/// A brick being written.
#[derive(Default)]
pub(crate) struct Assembler {
    pub(crate) group: Group,
}

impl Assembler {
    pub(crate) fn ty(&mut self, ty: Type) -> TypeIx {
        self.group.types.intern(ty)
    }

    /// Adds a function without captures. Its registers are those of the parameters, then `locals`.
    pub(crate) fn function(
        &mut self,
        params: &[TypeIx],
        result: TypeIx,
        locals: &[Slot],
        blocks: Vec<Vec<Inst>>,
    ) {
        self.closure(params, &[], result, locals, blocks);
    }

    /// Adds a closure's body.
    pub(crate) fn closure(
        &mut self,
        params: &[TypeIx],
        captures: &[TypeIx],
        result: TypeIx,
        locals: &[Slot],
        blocks: Vec<Vec<Inst>>,
    ) {
        let types: &TypeTable = &self.group.types;
        let mut regs = types.slots_of_all(params);
        regs.extend(types.slots_of_all(captures));
        regs.extend(locals);
        let block = |insts| Block {
            live_in: vec![],
            insts,
        };
        let mut function = Function {
            params: params.to_vec(),
            captures: captures.to_vec(),
            result,
            regs,
            blocks: blocks.into_iter().map(block).collect(),
        };
        function.compute_live_in();
        self.group.functions.push(function);
    }

    /// The finished brick.
    pub(crate) fn finish(mut self) -> Group {
        self.group.canonicalize().expect("types that can be named");
        self.group
    }
}

/// A register.
pub(crate) fn r(number: u16) -> Reg {
    Reg(number)
}

/// Several registers.
pub(crate) fn rs<const N: usize>(numbers: [u16; N]) -> Box<[Reg]> {
    numbers.into_iter().map(Reg).collect()
}

/// A block.
pub(crate) fn b(number: u32) -> BlockIx {
    BlockIx(number)
}

/// `dst = value`
pub(crate) fn int(dst: u16, value: i64) -> Inst {
    Inst::IntConst { dst: r(dst), value }
}

/// `return values`
pub(crate) fn ret<const N: usize>(values: [u16; N]) -> Inst {
    Inst::Return { values: rs(values) }
}
