//! Tests of the verifier.

use crate::inst::Opcode;
use crate::inst::operand::{Class, Role};

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
