//! Live sets: what blocks have to declare, and what engines are told.

use std::vec;
use std::vec::Vec;

use super::{One, int, one, r};
use crate::index::{BlockIx, FuncRef, Reg};
use crate::inst::Inst;
use crate::types::{Slot, Type};
use crate::verify::{Fault, VerifiedGroup};

/// ```text
/// b0: r0 = 7; r1 = 7; jump b1
/// b1: for r0 in r1: b2 else b3
/// b2: yield; jump b1
/// b3: return
/// ```
fn counted_loop() -> One {
    let jump = |to| Inst::Jump { to: BlockIx(to) };
    let next = Inst::ForNext {
        i: r(0),
        limit: r(1),
        body: BlockIx(2),
        exit: BlockIx(3),
    };
    let mut group = one([]).regs(&[Slot::Int; 2]).blocks([
        vec![int(0), int(1), jump(1)],
        vec![next],
        vec![Inst::Yield {}, jump(1)],
        vec![Inst::Return { values: [].into() }],
    ]);
    group.group.functions[0].compute_live_in();
    group
}

fn regs(regs: &[u16]) -> Vec<Reg> {
    regs.iter().map(|reg| r(*reg)).collect()
}

#[test]
fn live_sets_of_a_loop() {
    let group = counted_loop();
    let live: Vec<_> = group.group.functions[0]
        .blocks
        .iter()
        .map(|b| b.live_in.clone())
        .collect();
    assert_eq!(live, [regs(&[]), regs(&[0, 1]), regs(&[0, 1]), regs(&[])]);
    let verified = VerifiedGroup::new(group.group).expect("valid");
    let code = verified.code(0).expect("there");
    assert_eq!(code.safepoints().collect::<Vec<_>>(), [0, 4, 5]);
    assert_eq!(
        code.live_before(4),
        Some(&regs(&[0, 1])[..]),
        "before the yield"
    );
    assert_eq!(
        code.live_across(4),
        Some(&regs(&[0, 1])[..]),
        "while it waits"
    );
    assert_eq!(
        code.live_before(5),
        Some(&regs(&[0, 1])[..]),
        "before the jump back"
    );
    assert_eq!(code.live_before(3), None, "the head goes forward only");
    assert_eq!(code.live_across(5), None);
}

#[test]
fn program_counters_count_through_the_blocks() {
    let verified = VerifiedGroup::new(counted_loop().group).expect("valid");
    let code = verified.code(0).expect("there");
    assert_eq!(code.block_starts(), [0, 3, 4, 6]);
    assert_eq!(code.len(), 7);
    assert_eq!(code.locate(0), Some((BlockIx(0), 0)));
    assert_eq!(code.locate(5), Some((BlockIx(2), 1)));
    assert_eq!(code.locate(7), None);
    assert_eq!(verified.inst(0, 4), Some(&Inst::Yield {}));
    assert_eq!(verified.inst(0, 7), None);
    assert_eq!(verified.inst(1, 0), None);
}

#[test]
fn declarations_are_exact() {
    let with = |block: usize, live: &[u16]| {
        let mut group = counted_loop();
        group.group.functions[0].blocks[block].live_in = regs(live);
        group.raw()
    };
    assert_eq!(with(1, &[0, 1]), None);
    assert_eq!(
        with(1, &[0]),
        Some(Fault::LiveIn(BlockIx(2))),
        "b2 passes on less than it says"
    );
    assert_eq!(
        with(3, &[0]),
        Some(Fault::LiveIn(BlockIx(3))),
        "b3 does not need it"
    );
    assert_eq!(with(2, &[1, 0]), Some(Fault::LiveOrder(r(0))));
    assert_eq!(with(2, &[0, 0]), Some(Fault::LiveOrder(r(0))));
    assert_eq!(with(2, &[0, 9]), Some(Fault::UnknownReg(r(9))));
    assert_eq!(with(0, &[0]), Some(Fault::LiveAtEntry(r(0))));
}

#[test]
fn reading_what_was_not_written_is_refused() {
    let read = Inst::IntNeg { dst: r(0), a: r(1) };
    let group = one([]).regs(&[Slot::Int; 2]).code([read.clone()]);
    assert_eq!(group.fault(), Some(Fault::LiveAtEntry(r(1))));

    // Written on one of two ways only.
    let branch = Inst::Branch {
        cond: r(2),
        then: BlockIx(1),
        otherwise: BlockIx(2),
    };
    let some = one([]).regs(&[Slot::Int, Slot::Int, Slot::Bool]).blocks([
        vec![
            Inst::BoolConst {
                dst: r(2),
                value: true,
            },
            branch,
        ],
        vec![int(1), Inst::Jump { to: BlockIx(2) }],
        vec![read, Inst::Return { values: [].into() }],
    ]);
    assert_eq!(some.fault(), Some(Fault::LiveAtEntry(r(1))));
}

#[test]
fn parameters_may_be_live_at_the_entry() {
    let group = one([Type::Int]);
    let int_type = group.ty(&Type::Int);
    let read = Inst::IntNeg { dst: r(0), a: r(0) };
    let verified = group
        .params(&[int_type])
        .code([read])
        .verify()
        .expect("valid");
    assert_eq!(
        verified.code(0).and_then(|code| code.live_before(0)),
        Some(&[r(0)][..])
    );
}

#[test]
fn a_call_waits_without_its_arguments_and_results() {
    let group = one([Type::Int]);
    let int_type = group.ty(&Type::Int);
    let call = Inst::Call {
        dsts: [r(2)].into(),
        func: FuncRef::Local(0),
        args: [r(0)].into(),
    };
    let sum = Inst::IntAdd {
        dst: r(2),
        a: r(2),
        b: r(1),
    };
    let back = Inst::Return {
        values: [r(2)].into(),
    };
    let mut group = group
        .params(&[int_type])
        .regs(&[Slot::Int; 2])
        .blocks([vec![int(1), call, sum, back]]);
    group.group.functions[0].result = int_type;
    let verified = group.verify().expect("valid");
    let code = verified.code(0).expect("there");
    assert_eq!(code.live_across(1), Some(&[r(1)][..]));
    assert_eq!(
        code.live_before(1),
        None,
        "a call is no safepoint: the callee's entry is"
    );
}

#[test]
fn a_register_is_written_once_by_an_instruction() {
    let group = one([Type::Int]);
    let int_type = group.ty(&Type::Int);
    let option = crate::Native::StrToInt;
    let mut group = group.regs(&[Slot::Int, Slot::Int]);
    group
        .group
        .types
        .intern(Type::Tuple(vec![int_type, int_type]));
    let call = Inst::CallNative {
        dsts: [r(0), r(0)].into(),
        native: option,
        args: [].into(),
    };
    assert_eq!(group.code([call]).fault(), Some(Fault::WrittenTwice(r(0))));
}
