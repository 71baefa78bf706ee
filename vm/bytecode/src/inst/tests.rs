//! Tests of the instruction table.

use std::collections::BTreeSet;
use std::vec::Vec;

use crate::codec::Reader;
use crate::inst::operand::{OperandRef, Role};
use crate::inst::{Effects, Fuel, Opcode};
use crate::native::Native;
use crate::{BlockIx, Inst, Reg};

#[test]
fn opcodes_ascend_and_names_differ() {
    assert!(
        Opcode::ALL
            .windows(2)
            .all(|pair| (pair[0] as u8) < (pair[1] as u8))
    );
    let names: BTreeSet<_> = Opcode::ALL.iter().map(|op| op.info().name).collect();
    assert_eq!(names.len(), Opcode::ALL.len());
}

#[test]
fn what_only_the_last_instruction_may_be_is_marked_as_end() {
    for op in Opcode::ALL {
        let info = op.info();
        let has_targets = info
            .operands
            .iter()
            .any(|operand| operand.role == Role::Target);
        assert!(
            !has_targets || info.effects.has(Effects::END),
            "{}",
            info.name
        );
        assert!(!info.doc.trim().is_empty(), "{}", info.name);
        assert!(
            info.fuel.base > 0,
            "{}: every instruction costs something",
            info.name
        );
    }
}

#[test]
fn suspending_is_for_primitives() {
    for info in Opcode::ALL.iter().map(|op| op.info()) {
        if info.effects.has(Effects::SUSPEND) {
            assert!(info.effects.has(Effects::PRIM), "{}", info.name);
        }
    }
}

#[test]
fn natives_are_found_by_name_and_code() {
    for native in Native::ALL {
        assert_eq!(Native::by_name(native.name()), Some(*native));
        assert_eq!(Native::from_code(native.code()), Some(*native));
    }
    assert_eq!(Native::by_name("str.nothing"), None);
    let codes: Vec<_> = Native::ALL.iter().map(|native| native.code()).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn fuel_is_base_and_bulk() {
    let fuel = Fuel {
        base: 4,
        per: 16,
        size: "bytes",
    };
    assert_eq!(fuel.cost(0), 4);
    assert_eq!(fuel.cost(15), 4);
    assert_eq!(fuel.cost(33), 6);
    assert_eq!(
        Fuel {
            base: 1,
            per: 0,
            size: ""
        }
        .cost(1 << 40),
        1
    );
}

#[test]
fn for_next_reads_and_writes_its_counter() {
    let inst = Inst::ForNext {
        i: Reg(1),
        limit: Reg(2),
        body: BlockIx(3),
        exit: BlockIx(4),
    };
    let (mut uses, mut defs, mut next) = (Vec::new(), Vec::new(), Vec::new());
    inst.uses(|reg| uses.push(reg));
    inst.defs(|reg| defs.push(reg));
    inst.successors(|block| next.push(block));
    assert_eq!((uses, defs), (std::vec![Reg(1), Reg(2)], std::vec![Reg(1)]));
    assert_eq!(next, [BlockIx(3), BlockIx(4)]);
}

#[test]
fn operands_come_in_the_order_of_the_encoding() {
    let inst = Inst::IntAdd {
        dst: Reg(1),
        a: Reg(2),
        b: Reg(300),
    };
    let mut writer = crate::codec::Writer::new();
    inst.encode(&mut writer);
    let bytes = writer.into_bytes();
    assert_eq!(bytes, [0x10, 1, 2, 0xac, 2]);
    let mut reader = Reader::new(&bytes, 16).expect("small");
    assert_eq!(Inst::decode(&mut reader), Ok(inst.clone()));
    let mut seen = 0;
    inst.operands(|operand| {
        seen += 1;
        assert!(matches!(operand, OperandRef::Use(_) | OperandRef::Def(_)));
    });
    assert_eq!(seen, inst.info().operands.len());
}
