//! Tests of the verifier: every fault by name, live sets, large bricks.

mod large;
mod live;
mod tables;
mod typing;

use std::vec;
use std::vec::Vec;

use crate::group::{Block, Function, Group};
use crate::index::{Reg, TypeIx};
use crate::inst::operand::{Class, Role};
use crate::inst::{Inst, Opcode};
use crate::types::{Slot, Type, TypeTable};
use crate::verify::{Fault, VerifiedGroup};

#[test]
fn every_untyped_register_is_an_operand_of_a_checked_instruction() {
    for op in Opcode::ALL {
        let untyped = op.info().operands.iter().any(|operand| {
            operand.class == Class::Any && matches!(operand.role, Role::Use | Role::Def)
        });
        let checked = super::rules::has_check(*op);
        assert!(
            !untyped || checked,
            "{} needs a check function",
            op.info().name
        );
    }
}

/// A group of one function without parameters that returns `Unit`.
struct One {
    group: Group,
}

fn one(types: impl IntoIterator<Item = Type>) -> One {
    let mut table = TypeTable::new();
    let result = table.intern(Type::Unit);
    types.into_iter().for_each(|ty| _ = table.intern(ty));
    let function = Function {
        params: vec![],
        captures: vec![],
        result,
        regs: vec![],
        blocks: vec![],
    };
    One {
        group: Group {
            types: table,
            functions: vec![function],
            ..Group::default()
        },
    }
}

impl One {
    fn ty(&self, ty: &Type) -> TypeIx {
        self.group.types.find(ty).expect("named before")
    }

    fn object(&self, ty: &Type) -> Slot {
        Slot::Ref(self.ty(ty))
    }

    fn params(mut self, params: &[TypeIx]) -> Self {
        self.group.functions[0].params = params.into();
        self.group.functions[0].regs = self.group.types.slots_of_all(params);
        self
    }

    fn regs(mut self, regs: &[Slot]) -> Self {
        self.group.functions[0].regs.extend(regs);
        self
    }

    /// One block with these instructions and a `Return` after them.
    fn code(self, insts: impl IntoIterator<Item = Inst>) -> Self {
        let mut insts: Vec<_> = insts.into_iter().collect();
        insts.push(Inst::Return { values: [].into() });
        self.blocks([insts])
    }

    fn blocks(mut self, blocks: impl IntoIterator<Item = Vec<Inst>>) -> Self {
        let blocks = blocks.into_iter().map(|insts| Block {
            live_in: vec![],
            insts,
        });
        self.group.functions[0].blocks.extend(blocks);
        self
    }

    /// The verifier's answer after live sets and normal form were worked out.
    fn verify(mut self) -> Result<VerifiedGroup, Fault> {
        for function in &mut self.group.functions {
            function.compute_live_in();
        }
        self.group.canonicalize().expect("the types can be named");
        VerifiedGroup::new(self.group).map_err(|error| error.fault)
    }

    fn fault(self) -> Option<Fault> {
        self.verify().err()
    }

    /// The verifier's answer to the group as it stands.
    fn raw(self) -> Option<Fault> {
        VerifiedGroup::new(self.group)
            .map_err(|error| error.fault)
            .err()
    }
}

fn r(reg: u16) -> Reg {
    Reg(reg)
}

fn int(dst: u16) -> Inst {
    Inst::IntConst {
        dst: r(dst),
        value: 7,
    }
}
