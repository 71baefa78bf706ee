//! Tests of the generator, and of encoding and verifying on what it makes.

use std::collections::BTreeSet;
use std::vec::Vec;

use proptest::prelude::*;

use crate::arbitrary::{Calls, group};
use crate::group::Group;
use crate::inst::operand::OperandMut;
use crate::inst::{Effects, Opcode};
use crate::verify::VerifiedGroup;

fn entropy() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..1500)
}

/// A fixed sequence of many bytes for each seed, so that some tests need no test runner.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::new();
    for _ in 0..len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.push((state >> 32) as u8);
    }
    bytes
}

/// Lets one operand of the group refer to something else.
fn redirect(group: &mut Group, at: usize, to: u8) {
    let functions = group.functions.iter_mut();
    let insts = functions
        .flat_map(|f| &mut f.blocks)
        .flat_map(|b| &mut b.insts);
    let mut left = at % 200;
    for inst in insts {
        inst.operands_mut(|operand| {
            left = left.wrapping_sub(1);
            if left == 0 {
                replace(operand, to);
            }
        });
    }
}

fn replace(operand: OperandMut<'_>, to: u8) {
    match operand {
        OperandMut::Use(reg) | OperandMut::Def(reg) | OperandMut::Update(reg) => {
            reg.0 = to.into();
        }
        OperandMut::Uses(regs) | OperandMut::Defs(regs) => {
            regs.iter_mut().for_each(|reg| reg.0 = to.into());
        }
        OperandMut::Block(block) => block.0 = to.into(),
        OperandMut::Blocks(blocks) => blocks.iter_mut().for_each(|block| block.0 = to.into()),
        OperandMut::Type(ty) => ty.0 = to.into(),
        OperandMut::Const(ix) => ix.0 = to.into(),
        OperandMut::Tag(ix) => ix.0 = to.into(),
        OperandMut::Func(func) => *func = crate::FuncRef::Callee(to.into()),
        OperandMut::Plain => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn generated_groups_verify(bytes in entropy(), foreign: bool) {
        let calls = if foreign { Calls::Foreign } else { Calls::Own };
        let group = group(&bytes, calls);
        let verified = VerifiedGroup::new(group.clone());
        prop_assert!(verified.is_ok(), "{:?}\n{}", verified, group.disassemble(None));
    }

    #[test]
    fn groups_come_back_from_their_bytes(bytes in entropy()) {
        let group = group(&bytes, Calls::Foreign);
        let encoded = group.encode();
        let decoded = VerifiedGroup::decode(&encoded).expect("valid");
        prop_assert_eq!(decoded.hash(), group.hash());
        prop_assert_eq!(decoded.into_group(), group);
    }

    #[test]
    fn normal_form_is_stable(bytes in entropy()) {
        let group = group(&bytes, Calls::Foreign);
        let mut again = group.clone();
        again.canonicalize().expect("valid");
        prop_assert_eq!(again, group);
    }

    #[test]
    fn random_bytes_are_refused_or_canonical(bytes in entropy()) {
        if let Ok(group) = Group::decode(&bytes) {
            prop_assert_eq!(group.encode(), bytes);
        }
    }

    /// Changed bytes either fail to decode, or decode to a group with exactly these bytes, on
    /// which the verifier gives an answer.
    #[test]
    fn mutated_bytes_never_panic(
        bytes in entropy(),
        changes in proptest::collection::vec((any::<u16>(), any::<u8>(), 0_u8..3), 1..8),
    ) {
        let mut encoded = group(&bytes, Calls::Foreign).encode();
        for (at, byte, how) in changes {
            let at = usize::from(at) % encoded.len();
            match how {
                0 => encoded[at] = byte,
                1 => encoded[at] = encoded[at].wrapping_add(1),
                _ => encoded.insert(at, byte),
            }
        }
        if let Ok(group) = Group::decode(&encoded) {
            prop_assert_eq!(group.encode(), encoded);
            _ = group.disassemble(None);
            _ = VerifiedGroup::new(group);
        }
    }

    /// Operands that refer to other things than they did: the verifier gives an answer, mostly a
    /// fault.
    #[test]
    fn mutated_operands_never_panic(
        bytes in entropy(),
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let mut group = group(&bytes, Calls::Foreign);
        for (at, to) in changes {
            redirect(&mut group, at.into(), to);
        }
        let encoded = group.encode();
        prop_assert_eq!(Group::decode(&encoded), Ok(group.clone()));
        _ = group.canonicalize();
        _ = VerifiedGroup::new(group);
    }

    /// What the verifier accepts has live sets that agree with a data flow from nothing.
    #[test]
    fn declared_live_sets_are_the_computed_ones(bytes in entropy()) {
        let group = group(&bytes, Calls::Own);
        for function in &group.functions {
            let mut computed = function.clone();
            computed.compute_live_in();
            prop_assert_eq!(&computed, function);
        }
    }

    /// Live before an instruction is what it reads and what is live across or after it.
    #[test]
    fn live_sets_at_safepoints_agree_with_each_other(bytes in entropy()) {
        let group = VerifiedGroup::new(group(&bytes, Calls::Own)).expect("valid");
        for (at, function) in group.functions.iter().enumerate() {
            let code = group.code(at as u16).expect("one for each function");
            prop_assert!(code.is_safepoint(0));
            prop_assert_eq!(code.live_before(0), Some(&function.blocks[0].live_in[..]));
            for pc in 0..code.len() {
                let inst = group.inst(at as u16, pc).expect("within the function");
                let effects = inst.info().effects;
                let waits = effects.has(Effects::CALL) || effects.has(Effects::SUSPEND);
                prop_assert_eq!(code.live_across(pc).is_some(), waits);
                if let (Some(before), Some(across)) = (code.live_before(pc), code.live_across(pc)) {
                    let mut expected: BTreeSet<_> = across.iter().copied().collect();
                    inst.uses(|reg| _ = expected.insert(reg));
                    prop_assert!(expected.iter().eq(before));
                }
            }
        }
    }
}

#[test]
fn the_generator_reaches_every_instruction_and_native() {
    let mut ops = BTreeSet::new();
    let mut natives = BTreeSet::new();
    for seed in 0..400 {
        let group = group(&noise(seed, 1500), Calls::Foreign);
        for block in group.functions.iter().flat_map(|function| &function.blocks) {
            for inst in &block.insts {
                ops.insert(inst.opcode());
                if let crate::Inst::CallNative { native, .. } = inst {
                    natives.insert(*native);
                }
            }
        }
    }
    let missing: Vec<_> = Opcode::ALL.iter().filter(|op| !ops.contains(op)).collect();
    assert!(missing.is_empty(), "never made: {missing:?}");
    assert_eq!(natives.len(), crate::Native::ALL.len());
}

#[test]
fn nothing_makes_the_smallest_group() {
    let group = group(&[], Calls::Own);
    assert_eq!(group.functions.len(), 1);
    assert!(VerifiedGroup::new(group).is_ok());
}
