//! Where one operation does the work of several instructions, nobody can see it: the fuel ends, a
//! trap comes and a state is captured at the very instruction, and a message goes on from there.

use std::sync::Arc;

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{FloatBits, FuncRef, Inst, Native, Reg, TrapKind};
use sm_vm::{Outcome, Program};

use crate::assemble::{Assembler, b, int, r, ret, rs};
use crate::driver::{Slices, limits, moved, program, run, start};
use crate::host::ScriptedHost;

/// How many units of fuel lie between two places to stop at: 1, unless the environment says more.
#[expect(
    clippy::disallowed_methods,
    reason = "it only says how much of a test is run"
)]
fn stop_every() -> usize {
    let said = std::env::var("SM_STOP_EVERY").ok();
    said.map_or(1, |count| count.parse().expect("it is a number"))
}

/// The fused loop against the exact one, for every amount of fuel, and from every place on.
fn check(program: &Arc<Program>) -> Outcome {
    let whole = run(program, limits(), u64::MAX, Slices::Whole);
    assert_eq!(run(program, limits(), u64::MAX, Slices::Restored), whole);
    for fuel in [7, 20, 100] {
        assert_eq!(run(program, limits(), u64::MAX, Slices::Fuel(fuel)), whole);
    }
    for budget in (1..=whole.fuel).step_by(stop_every()) {
        let fused = run(program, limits(), budget, Slices::Whole);
        let exact = run(program, limits(), budget, Slices::Restored);
        assert_eq!(fused, exact, "with {budget} units of fuel");
        let mut host = ScriptedHost::default();
        let mut machine = start(program, limits());
        if machine.run(budget, &mut host) != Outcome::OutOfFuel {
            continue;
        }
        let mut machine = moved(&machine, limits());
        let outcome = machine.run(u64::MAX, &mut host);
        let ends = (outcome, machine.fuel_used());
        assert_eq!(ends, (whole.outcome.clone(), whole.fuel), "from {budget}");
    }
    whole.outcome
}

fn trap_of(outcome: &Outcome) -> (TrapKind, u32) {
    match outcome {
        Outcome::Trap(report) => (report.kind, report.frames[0].pc),
        other => panic!("{other:?} is no trap"),
    }
}

/// The registers of a loop: the counter and its limit, the result, others, and two of `Bool`.
const INTS: u16 = 6;
const COND: u16 = INTS;
const SUM: u16 = 2;

/// `for i in from..to { body }; sum`, where the body is blocks from the first on; its last one
/// ends with [`next`].
fn looped(from: i64, to: i64, body: Vec<Vec<Inst>>) -> Arc<Program> {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let exit = body.len() as u32 + 1;
    let jump = Inst::Jump { to: b(1) };
    let entry = vec![int(0, from), int(1, to), int(SUM, 0), jump];
    let mut blocks = vec![entry];
    blocks.extend(body);
    for block in &mut blocks {
        if let Some(Inst::ForNext { exit: to, .. }) = block.last_mut() {
            *to = b(exit);
        }
    }
    blocks.push(vec![ret([SUM])]);
    let mut locals = vec![Slot::Int; INTS.into()];
    locals.extend([Slot::Bool; 2]);
    asm.function(&[], ty, &locals, blocks);
    program(asm.finish())
}

/// The end of the loop's body, in [`looped`].
fn next() -> Inst {
    to_exit(0)
}

/// The end of a body that is the second block, and goes on at `exit`.
fn to_exit(exit: u32) -> Inst {
    Inst::ForNext {
        i: r(0),
        limit: r(1),
        body: b(1),
        exit: b(exit),
    }
}

fn branch(then: u32, otherwise: u32) -> Inst {
    Inst::Branch {
        cond: r(COND),
        then: b(then),
        otherwise: b(otherwise),
    }
}

/// An instruction over a destination and two registers.
macro_rules! three {
    ($name:ident, $dst:expr, $a:expr, $b:expr) => {
        Inst::$name {
            dst: r($dst),
            a: r($a),
            b: r($b),
        }
    };
}

fn add_to_sum(reg: u16) -> Inst {
    three!(IntAdd, SUM, SUM, reg)
}

/// The sum of `f(i)` for `i` in `-9..=9`.
fn sum_of(f: impl Fn(i64) -> i64) -> Outcome {
    let sum = (-9..=9).map(f).sum();
    check(&looped_once(sum))
}

/// A program that gives the number.
fn looped_once(number: i64) -> Arc<Program> {
    looped(0, 0, vec![vec![int(SUM, number), next()]])
}

/// Checks that `op` with the constant gives what `f` does.
fn arithmetic(op: Inst, constant: i64, f: impl Fn(i64) -> i64) {
    let body = vec![int(3, constant), op, add_to_sum(4), next()];
    let found = check(&looped(-9, 9, vec![body]));
    assert_eq!(found, sum_of(f), "with {constant}");
}

#[test]
fn constants_become_part_of_what_takes_them() {
    for constant in [-8, -3, 1, 2, 7, 16, 1 << 20] {
        let c = constant;
        arithmetic(three!(IntAdd, 4, 0, 3), c, |i| i + c);
        arithmetic(three!(IntAdd, 4, 3, 0), c, |i| c + i);
        arithmetic(three!(IntSub, 4, 0, 3), c, |i| i - c);
        arithmetic(three!(IntSub, 4, 3, 0), c, |i| c - i);
        arithmetic(three!(IntMul, 4, 3, 0), c, |i| c * i);
        arithmetic(three!(IntWrapAdd, 4, 0, 3), c, |i| i + c);
        arithmetic(three!(IntWrapAdd, 4, 3, 0), c, |i| c + i);
        arithmetic(three!(IntWrapSub, 4, 0, 3), c, |i| i - c);
        arithmetic(three!(IntWrapSub, 4, 3, 0), c, |i| c - i);
        arithmetic(three!(IntWrapMul, 4, 0, 3), c, |i| i * c);
        arithmetic(three!(IntDiv, 4, 0, 3), c, |i| i / c);
        arithmetic(three!(IntRem, 4, 0, 3), c, |i| i % c);
        arithmetic(three!(IntAnd, 4, 0, 3), c, |i| i & c);
        arithmetic(three!(IntOr, 4, 3, 0), c, |i| i | c);
        arithmetic(three!(IntXor, 4, 0, 3), c, |i| i ^ c);
        // The constant is needed again, or is both operands.
        let twice = vec![
            int(3, c),
            three!(IntAdd, 4, 0, 3),
            add_to_sum(3),
            add_to_sum(4),
            three!(IntMul, 4, 3, 3),
            add_to_sum(4),
            next(),
        ];
        let found = check(&looped(-9, 9, vec![twice]));
        assert_eq!(found, sum_of(|i| c + i + c + c * c));
    }
    for shift in [0, 3, 63] {
        arithmetic(three!(IntShr, 4, 0, 3), shift, |i| i >> shift);
        arithmetic(three!(IntShl, 4, 0, 3), shift.min(3), |i| i << shift.min(3));
        let low = |i: i64| ((i as u64) >> shift.max(8)) as i64;
        arithmetic(three!(IntUshr, 4, 0, 3), shift.max(8), low);
    }
}

#[test]
fn a_product_and_a_sum_trap_each_at_its_own_place() {
    let body = |factor, more| {
        let product = three!(IntMul, 4, 0, 3);
        let sum = three!(IntAdd, 4, 4, 5);
        vec![int(3, factor), product, int(5, more), sum, next()]
    };
    let mut summed = body(3, 1);
    summed.insert(4, add_to_sum(4));
    let found = check(&looped(-9, 9, vec![summed]));
    assert_eq!(found, sum_of(|i| 3 * i + 1));
    let large = i64::MAX / 3;
    let product = check(&looped(large - 2, large + 2, vec![body(3, 0)]));
    assert_eq!(trap_of(&product), (TrapKind::IntOverflow, 5));
    let sum = check(&looped(large - 2, large, vec![body(3, 2)]));
    assert_eq!(trap_of(&sum), (TrapKind::IntOverflow, 7));
    let difference = vec![int(3, 1), three!(IntSub, 0, 0, 3), next()];
    let found = check(&looped(i64::MIN, 0, vec![difference]));
    assert_eq!(trap_of(&found), (TrapKind::IntOverflow, 5));
}

#[test]
fn what_wraps_does_so_with_a_constant() {
    for (op, first) in [
        (three!(IntWrapAdd, 4, 0, 3), i64::MAX - 1),
        (three!(IntWrapSub, 4, 0, 3), i64::MIN),
        (three!(IntWrapMul, 4, 0, 3), i64::MAX / 3),
    ] {
        // Twice the place of a bit that only the result has.
        let low = [
            int(5, 1 << 20),
            three!(IntRem, 4, 4, 5),
            add_to_sum(4),
            next(),
        ];
        let body = [&[int(3, 3), op.clone()][..], &low].concat();
        let wrapped = |i: i64| match op {
            Inst::IntWrapAdd { .. } => i.wrapping_add(3),
            Inst::IntWrapSub { .. } => i.wrapping_sub(3),
            _ => i.wrapping_mul(3),
        };
        let sum = (first..=first + 1).map(|i| wrapped(i) % (1 << 20)).sum();
        let found = check(&looped(first, first + 1, vec![body]));
        assert_eq!(found, check(&looped_once(sum)));
    }
}

#[test]
fn a_sum_at_the_end_of_a_loop_traps_at_its_own_place() {
    let summed = vec![add_to_sum(0), next()];
    assert_eq!(check(&looped(-9, 9, vec![summed.clone()])), sum_of(|i| i));
    let doubled = vec![three!(IntAdd, SUM, SUM, SUM), next()];
    assert_eq!(check(&looped(-9, 9, vec![doubled])), sum_of(|_| 0));
    let large = check(&looped(i64::MAX / 2, i64::MAX / 2 + 3, vec![summed]));
    assert_eq!(trap_of(&large), (TrapKind::IntOverflow, 4));
    // The counter itself is what is added to.
    let skipping = vec![int(3, 1), add_to_sum(0), three!(IntAdd, 0, 3, 0), next()];
    let found = check(&looped(-9, 9, vec![skipping]));
    assert_eq!(found, check(&looped_once((-9..=9).step_by(2).sum())));
}

#[test]
fn what_cannot_be_done_with_a_constant_traps() {
    for (op, constant, kind) in [
        (three!(IntDiv, 4, 0, 3), 0, TrapKind::DivideByZero),
        (three!(IntRem, 4, 0, 3), 0, TrapKind::DivideByZero),
        (three!(IntShl, 4, 0, 3), 64, TrapKind::ShiftRange),
        (three!(IntShr, 4, 0, 3), -1, TrapKind::ShiftRange),
    ] {
        let body = vec![int(3, constant), op, add_to_sum(4), next()];
        let found = check(&looped(1, 3, vec![body]));
        assert_eq!(trap_of(&found), (kind, 5));
    }
    let least = vec![int(3, -1), three!(IntDiv, 4, 0, 3), next()];
    let found = check(&looped(i64::MIN, 3, vec![least]));
    assert_eq!(trap_of(&found), (TrapKind::IntOverflow, 5));
}

/// `sum += 100 if the comparison holds else 1`, forwards; and a loop back on it.
fn compared(before: &[Inst], holds: impl Fn(i64) -> bool) {
    let head = [before, &[branch(2, 3)]].concat();
    let yes = vec![int(3, 100), add_to_sum(3), Inst::Jump { to: b(4) }];
    let no = vec![int(3, 1), add_to_sum(3), Inst::Jump { to: b(4) }];
    let found = check(&looped(-9, 9, vec![head, yes, no, vec![next()]]));
    assert_eq!(found, sum_of(|i| if holds(i) { 100 } else { 1 }));

    // The condition is needed behind the branch too.
    let not = Inst::BoolNot {
        dst: r(COND),
        a: r(COND),
    };
    let head = [before, &[branch(2, 3)]].concat();
    let yes = vec![not.clone(), branch(4, 5)];
    let no = vec![not, branch(4, 5)];
    let more = vec![int(3, 100), add_to_sum(3), Inst::Jump { to: b(5) }];
    let found = check(&looped(-9, 9, vec![head, yes, no, more, vec![next()]]));
    assert_eq!(found, sum_of(|i| if holds(i) { 0 } else { 100 }));

    // Back to the first block while it holds, which may be for long.
    let step = vec![int(5, 1), three!(IntAdd, 0, 0, 5), add_to_sum(5)];
    let head = [&step, before, &[branch(1, 2)]].concat();
    let back = looped(-9, 9, vec![head, vec![next()]]);
    for budget in 1..300 {
        let fused = run(&back, limits(), budget, Slices::Whole);
        assert_eq!(fused, run(&back, limits(), budget, Slices::Restored));
    }
}

#[test]
fn comparisons_branch_at_once() {
    for c in [-3, 0, 4, i64::from(i16::MAX), 1 << 20] {
        let with = |op| [int(3, c), op];
        compared(&with(three!(IntEq, COND, 0, 3)), |i| i == c);
        compared(&with(three!(IntNe, COND, 3, 0)), |i| i != c);
        compared(&with(three!(IntLt, COND, 0, 3)), |i| i < c);
        compared(&with(three!(IntLt, COND, 3, 0)), |i| c < i);
        compared(&with(three!(IntLe, COND, 0, 3)), |i| i <= c);
        compared(&with(three!(IntLe, COND, 3, 0)), |i| c <= i);
    }
    compared(&[three!(IntEq, COND, 0, 1)], |i| i == 9);
    compared(&[three!(IntNe, COND, 0, 1)], |i| i != 9);
    compared(&[three!(IntLt, COND, 0, 1)], |i| i < 9);
    compared(&[three!(IntLe, COND, 1, 0)], |i| 9 <= i);
    for power in [1, 2, 8, 1 << 20] {
        let multiple = |op| {
            let rest = three!(IntRem, 4, 0, 3);
            [int(3, power), rest, int(3, 0), op]
        };
        compared(&multiple(three!(IntEq, COND, 4, 3)), |i| i % power == 0);
        compared(&multiple(three!(IntNe, COND, 3, 4)), |i| i % power != 0);
    }
}

#[test]
fn elements_are_found_by_a_constant_and_a_sum() {
    let list = |index: Vec<Inst>, reg| {
        let mut asm = Assembler::default();
        let ty = asm.ty(Type::Int);
        let ints = asm.ty(Type::List(ty));
        let new = Inst::ListNew {
            dst: r(7),
            ty: ints,
            args: rs([0, 1, 2]),
        };
        let get = Inst::ListGet {
            dst: r(4),
            list: r(7),
            index: r(reg),
        };
        let entry = vec![
            int(0, 0),
            int(1, 5),
            int(2, 0),
            new,
            Inst::Jump { to: b(1) },
        ];
        let next = to_exit(2);
        let body = [index, vec![get, add_to_sum(4), next]].concat();
        let mut locals = vec![Slot::Int; INTS.into()];
        locals.extend([Slot::Bool, Slot::Ref(ints)]);
        asm.function(&[], ty, &locals, vec![entry, body, vec![ret([SUM])]]);
        check(&program(asm.finish()))
    };
    let second = list(vec![int(3, 1)], 3);
    assert_eq!(second, sum_is(5 * 6));
    assert_eq!(
        trap_of(&list(vec![int(3, 3)], 3)),
        (TrapKind::IndexOutOfRange, 6)
    );
    let ahead = list(vec![int(3, 1), three!(IntAdd, 3, 0, 3)], 3);
    assert_eq!(trap_of(&ahead), (TrapKind::IndexOutOfRange, 7));
    let behind = list(vec![int(3, 1), three!(IntSub, 3, 0, 3)], 3);
    assert_eq!(trap_of(&behind), (TrapKind::IndexOutOfRange, 7));
    let far = list(
        vec![int(5, i64::MAX), int(3, 1), three!(IntAdd, 3, 5, 3)],
        3,
    );
    assert_eq!(trap_of(&far), (TrapKind::IntOverflow, 7));
}

fn sum_is(sum: i64) -> Outcome {
    check(&looped_once(sum))
}

/// Calls with none to four arguments, of functions and of a closure that captured one more.
#[test]
fn arguments_and_results_find_their_registers() {
    for count in 0..5_u16 {
        let mut asm = Assembler::default();
        let ty = asm.ty(Type::Int);
        let params = vec![ty; count.into()];
        let function = asm.ty(Type::Fn {
            params: params.clone(),
            result: ty,
        });
        let args: Box<[Reg]> = (0..count).map(Reg).collect();
        let constants = (0..5).map(|reg| int(reg, 10_i64.pow(reg.into())));
        let closure = Inst::ClosureNew {
            dst: r(7),
            func: FuncRef::Local(2),
            captures: rs([4]),
        };
        let calls = [
            Inst::Call {
                dsts: rs([5]),
                func: FuncRef::Local(1),
                args: args.clone(),
            },
            closure,
            Inst::CallClosure {
                dsts: rs([6]),
                closure: r(7),
                args,
            },
            three!(IntMul, 5, 5, 0),
            three!(IntAdd, 5, 5, 6),
            ret([5]),
        ];
        let mut locals = vec![Slot::Int; 7];
        locals.push(Slot::Ref(function));
        asm.function(&[], ty, &locals, vec![constants.chain(calls).collect()]);
        // The sum of the arguments, from the last one on; of nothing a constant.
        let sum = |all: u16| {
            let first = if all == 0 { int(0, 7) } else { int(all, 0) };
            let adds = (0..all).rev().map(|arg| three!(IntAdd, all, all, arg));
            let result = ret([all]);
            std::iter::once(first).chain(adds).chain([result]).collect()
        };
        asm.function(&params, ty, &[Slot::Int], vec![sum(count)]);
        asm.closure(&params, &[ty], ty, &[Slot::Int], vec![sum(count + 1)]);
        let plain: i64 = if count == 0 {
            7
        } else {
            (0..count).map(|arg| 10_i64.pow(arg.into())).sum()
        };
        let args: i64 = (0..count).map(|arg| 10_i64.pow(arg.into())).sum();
        assert_eq!(check(&program(asm.finish())), sum_is(plain + args + 10_000));
    }
}

#[test]
fn doubles_are_rounded_after_each_operation() {
    let mut asm = Assembler::default();
    let float = asm.ty(Type::Float);
    let konst = |dst, value: f64| Inst::FloatConst {
        dst: r(dst),
        bits: FloatBits::of(value),
    };
    let root = Inst::CallNative {
        dsts: rs([4]),
        native: Native::FloatSqrt,
        args: rs([3]),
    };
    let body = vec![
        three!(FloatMul, 3, 2, 2),
        three!(FloatAdd, 2, 3, 2),
        konst(3, 0.1),
        three!(FloatMul, 2, 3, 2),
        konst(3, 0.7),
        three!(FloatSub, 3, 3, 2),
        three!(FloatMul, 4, 3, 2),
        three!(FloatSub, 4, 2, 4),
        three!(FloatMul, 3, 4, 4),
        three!(FloatMul, 5, 2, 2),
        three!(FloatSub, 3, 3, 5),
        three!(FloatAdd, 3, 3, 2),
        three!(FloatDiv, 5, 3, 2),
        three!(FloatAdd, 2, 5, 3),
        root,
        konst(5, 2.5),
        three!(FloatLt, 6, 5, 2),
        Inst::Branch {
            cond: r(6),
            then: b(2),
            otherwise: b(3),
        },
    ];
    let halved = vec![
        konst(5, 2.0),
        three!(FloatDiv, 2, 2, 5),
        Inst::Jump { to: b(3) },
    ];
    let next = to_exit(4);
    let entry = vec![int(0, 0), int(1, 6), konst(2, 1.3), Inst::Jump { to: b(1) }];
    let mut locals = vec![Slot::Int; 2];
    locals.extend([Slot::Float; 4]);
    locals.push(Slot::Bool);
    let blocks = vec![entry, body, halved, vec![next], vec![ret([2])]];
    asm.function(&[], float, &locals, blocks);
    let found = check(&program(asm.finish()));
    let mut x = 1.3_f64;
    for _ in 0..=6 {
        x += x * x;
        x *= 0.1;
        let y = 0.7 - x;
        let z = x - y * x;
        let w = z * z - x * x + x;
        x = w / x + w;
        if 2.5 < x {
            x /= 2.0;
        }
    }
    let Outcome::Done(data) = found else {
        panic!("{found:?}");
    };
    assert_eq!(data.bytes, x.to_le_bytes());
}

/// Counts the keys `f(i)` of a loop in a map, and reads what was counted.
fn counted(key_type: Type, key: &[Inst], konst: &str) -> (Outcome, u64) {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let key_ty = asm.ty(key_type);
    let map = asm.ty(Type::Map(key_ty, ty));
    let text = asm.ty(Type::Str);
    asm.group.consts.push(sm_bytecode::Const::Str(konst.into()));
    let (key_slot, map_slot) = (asm.group.types.elem(key_ty), Slot::Ref(map));
    let find = Inst::MapFind {
        dst: r(3),
        map: r(9),
        key: r(8),
    };
    let value = Inst::MapValueAt {
        dst: r(4),
        map: r(9),
        entry: r(3),
    };
    let insert = Inst::MapInsert {
        map: r(9),
        key: r(8),
        value: r(4),
    };
    let new = Inst::MapNew { dst: r(9), ty: map };
    let entry = vec![
        int(0, 0),
        int(1, 20),
        int(SUM, 0),
        new,
        Inst::Jump { to: b(1) },
    ];
    let missing = [int(5, 0), three!(IntLt, COND, 3, 5), branch(2, 3)];
    let first = [key, &[find], &missing].concat();
    let absent = vec![int(4, 0), Inst::Jump { to: b(4) }];
    let present = vec![value, Inst::Jump { to: b(4) }];
    let count = vec![
        int(5, 1),
        three!(IntAdd, 4, 4, 5),
        insert,
        add_to_sum(4),
        to_exit(5),
    ];
    let blocks = vec![entry, first, absent, present, count, vec![ret([SUM])]];
    let mut locals = vec![Slot::Int; INTS.into()];
    locals.extend([Slot::Bool, Slot::Ref(text), key_slot, map_slot]);
    asm.function(&[], ty, &locals, blocks);
    let program = program(asm.finish());
    let fuel = run(&program, limits(), u64::MAX, Slices::Whole).fuel;
    (check(&program), fuel)
}

#[test]
fn maps_are_searched_for_words_and_texts() {
    // 21 keys, of which eleven are different.
    let rest = [int(8, 11), three!(IntRem, 8, 0, 8)];
    let expected: i64 = (0..=20).map(|i| i / 11 + 1).sum();
    let (words, _) = counted(Type::Int, &rest, "");
    assert_eq!(words, sum_is(expected));
    let show = |reg| Inst::DataShow {
        dst: r(8),
        ty: sm_bytecode::TypeIx(0),
        args: rs([reg]),
    };
    let rest = [int(3, 11), three!(IntRem, 3, 0, 3), show(3)];
    let (texts, _) = counted(Type::Str, &rest, "");
    assert_eq!(texts, sum_is(expected));

    // A text costs one unit for each 16 bytes, in `MapFind` and `MapInsert`.
    let konst = [Inst::StrConst {
        dst: r(8),
        konst: sm_bytecode::ConstIx(0),
    }];
    let (found, short) = counted(Type::Str, &konst, "fifteen letters");
    assert_eq!(found, sum_is((1..=21).sum()));
    let (_, long) = counted(Type::Str, &konst, "sixteen letters, and as many again");
    assert_eq!(long - short, 21 * 2 * 2);
}

/// A search that is remembered for the next operation is forgotten when the map changes.
#[test]
fn a_removed_key_is_inserted_again() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let map = asm.ty(Type::Map(ty, ty));
    let find = Inst::MapFind {
        dst: r(2),
        map: r(4),
        key: r(0),
    };
    let insert = Inst::MapInsert {
        map: r(4),
        key: r(0),
        value: r(1),
    };
    let length = Inst::MapLen {
        dst: r(2),
        map: r(4),
    };
    let remove = Inst::MapRemove {
        dst: r(3),
        map: r(4),
        key: r(0),
    };
    let mut code = vec![
        Inst::MapNew { dst: r(4), ty: map },
        int(0, 7),
        int(1, 10),
        insert.clone(),
    ];
    for change in [remove, Inst::MapClear { map: r(4) }] {
        // The length, which is one if the key was inserted, becomes part of the value.
        let count = three!(IntMul, 1, 1, 2);
        code.extend([find.clone(), change, insert.clone(), length.clone(), count]);
        code.extend([find.clone(), insert.clone()]);
    }
    code.extend([
        find,
        Inst::MapValueAt {
            dst: r(2),
            map: r(4),
            entry: r(2),
        },
        ret([2]),
    ]);
    let mut locals = vec![Slot::Int; 3];
    locals.extend([Slot::Bool, Slot::Ref(map)]);
    asm.function(&[], ty, &locals, vec![code]);
    assert_eq!(check(&program(asm.finish())), sum_is(10));
}

#[test]
fn a_function_that_takes_one_word_and_gives_nothing() {
    let mut asm = Assembler::default();
    let (number, unit) = (asm.ty(Type::Int), asm.ty(Type::Unit));
    let list = asm.ty(Type::List(number));
    // `for i in 0..20 { push(list) }; list[19]`, where `push` adds the length, and is called by
    // what is interpreted and by native code.
    let call = Inst::Call {
        dsts: rs([]),
        func: FuncRef::Local(1),
        args: rs([2]),
    };
    let blocks = vec![
        vec![
            Inst::ListNew {
                dst: r(2),
                ty: list,
                args: rs([]),
            },
            int(0, 0),
            int(1, 20),
            Inst::Jump { to: b(1) },
        ],
        vec![Inst::ForNext {
            i: r(0),
            limit: r(1),
            body: b(2),
            exit: b(3),
        }],
        vec![call, Inst::Jump { to: b(1) }],
        vec![
            int(0, 19),
            Inst::ListGet {
                dst: r(0),
                list: r(2),
                index: r(0),
            },
            ret([0]),
        ],
    ];
    asm.function(
        &[],
        number,
        &[Slot::Int, Slot::Int, Slot::Ref(list)],
        blocks,
    );
    let len = Inst::ListLen {
        dst: r(1),
        list: r(0),
    };
    let push = Inst::ListPush {
        list: r(0),
        value: r(1),
    };
    asm.function(&[list], unit, &[Slot::Int], vec![vec![len, push, ret([])]]);
    let program = program(asm.finish());
    for _ in 0..2 {
        check(&program);
    }
}
