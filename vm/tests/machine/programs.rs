//! Programs written by hand, with what they must do.

use std::sync::Arc;

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{Access, Const, ConstIx, FuncRef, HopCode, Inst, TagConst, TagIx, TrapKind};
use sm_vm::value::{decode, encode};
use sm_vm::{Answer, KillKind, Limits, Machine, Outcome, Program, StartError, Value};

use crate::assemble::{Assembler, b, int, r, ret, rs};
use crate::driver::{Slices, capture, limits, moved, program, run, start};
use crate::host::ScriptedHost;

/// `fn f(n) = if n < 2 { n } else { f(n - 1) + f(n - 2) }`, and a start with the argument.
fn fib(n: i64) -> Arc<Program> {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let call = |dst, arg| Inst::Call {
        dsts: rs([dst]),
        func: FuncRef::Local(1),
        args: rs([arg]),
    };
    let entry = vec![int(0, n), call(1, 0), ret([1])];
    asm.function(&[], ty, &[Slot::Int, Slot::Int], vec![entry]);
    let locals = [Slot::Int, Slot::Bool, Slot::Int, Slot::Int];
    asm.function(
        &[ty],
        ty,
        &locals,
        vec![
            vec![
                int(1, 2),
                Inst::IntLt {
                    dst: r(2),
                    a: r(0),
                    b: r(1),
                },
                Inst::Branch {
                    cond: r(2),
                    then: b(1),
                    otherwise: b(2),
                },
            ],
            vec![ret([0])],
            vec![
                int(1, 1),
                Inst::IntSub {
                    dst: r(3),
                    a: r(0),
                    b: r(1),
                },
                call(3, 3),
                int(1, 2),
                Inst::IntSub {
                    dst: r(4),
                    a: r(0),
                    b: r(1),
                },
                call(4, 4),
                Inst::IntAdd {
                    dst: r(3),
                    a: r(3),
                    b: r(4),
                },
                ret([3]),
            ],
        ],
    );
    program(asm.finish())
}

/// The result of a program as a tree.
fn value(program: &Program, outcome: &Outcome) -> Value {
    let Outcome::Done(data) = outcome else {
        panic!("{outcome:?} is no result");
    };
    let ty = program.type_ix(&data.ty).expect("a type of the program");
    decode(&data.bytes, program.types(), ty).expect("a well-formed result")
}

#[test]
fn recursion_gives_the_right_number_for_the_right_fuel() {
    let program = fib(15);
    let whole = run(&program, limits(), u64::MAX, Slices::Whole);
    assert_eq!(value(&program, &whole.outcome), Value::Int(610));
    // f(n) calls itself 1973 times for n = 15, 987 of them with n < 2.
    let (calls, leaves) = (1973_u64, 987);
    let (leaf, inner) = (3 + 2, 3 + 1 + 1 + 4 + 1 + 1 + 4 + 1 + 2);
    assert_eq!(
        whole.fuel,
        1 + 4 + 2 + leaves * leaf + (calls - leaves) * inner
    );
    assert_eq!(run(&program, limits(), u64::MAX, Slices::Restored), whole);
}

#[test]
fn a_run_stops_at_the_first_safepoint_at_which_the_fuel_is_used() {
    let program = fib(10);
    let mut host = ScriptedHost::default();
    let mut machine = start(&program, limits());
    assert_eq!(machine.run(0, &mut host), Outcome::OutOfFuel);
    assert_eq!(machine.fuel_used(), 0);
    assert_eq!(machine.run(1, &mut host), Outcome::OutOfFuel);
    // The constant and the call, up to the entry of the callee.
    assert_eq!(machine.fuel_used(), 5);
    assert_eq!(machine.frames().len(), 2);
    assert_eq!(machine.frames()[0].pc, 0);
    assert_eq!(machine.frames()[1].pc, 1);
}

#[test]
fn deep_recursion_ends_in_a_kill_and_not_in_the_stack_of_the_host() {
    let mut asm = Assembler::default();
    let unit = asm.ty(Type::Unit);
    let call = Inst::Call {
        dsts: rs([]),
        func: FuncRef::Local(0),
        args: rs([]),
    };
    asm.function(&[], unit, &[], vec![vec![call, ret([])]]);
    let program = program(asm.finish());
    let deep = Limits {
        frames: 1_000_000,
        ..Limits::default()
    };
    let mut machine = start(&program, deep);
    let mut host = ScriptedHost::default();
    assert_eq!(
        machine.run(u64::MAX, &mut host),
        Outcome::Kill(KillKind::Frames)
    );
    assert_eq!(machine.depth(), 1_000_000);
    assert_eq!(
        machine.run(u64::MAX, &mut host),
        Outcome::Kill(KillKind::Frames)
    );
}

#[test]
fn deep_stacks_travel() {
    let program = fib(60);
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    while machine.depth() < 55 {
        machine.run(1, &mut host);
    }
    let copy = moved(&machine, limits());
    assert_eq!(copy.frames(), machine.frames());
}

#[test]
fn a_trap_names_every_frame_and_its_exact_fuel() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let call = Inst::Call {
        dsts: rs([0]),
        func: FuncRef::Local(1),
        args: rs([]),
    };
    asm.function(&[], ty, &[Slot::Int], vec![vec![call, ret([0])]]);
    let add = Inst::IntAdd {
        dst: r(0),
        a: r(0),
        b: r(1),
    };
    asm.function(
        &[],
        ty,
        &[Slot::Int, Slot::Int],
        vec![vec![int(0, i64::MAX), int(1, 1), add, ret([0])]],
    );
    let program = program(asm.finish());
    let ran = run(&program, limits(), 1000, Slices::Whole);
    let Outcome::Trap(report) = ran.outcome else {
        panic!("{:?}", ran.outcome);
    };
    assert_eq!(report.kind, TrapKind::IntOverflow);
    let places: Vec<_> = report
        .frames
        .iter()
        .map(|place| (place.at.function, place.pc))
        .collect();
    assert_eq!(places, [(1, 2), (0, 0)]);
    assert_eq!(ran.fuel, 4 + 1 + 1 + 1);
}

#[test]
fn a_loop_that_allocates_lives_in_a_small_heap() {
    let mut asm = Assembler::default();
    let (ints, ty) = {
        let ty = asm.ty(Type::Int);
        (asm.ty(Type::List(ty)), ty)
    };
    let locals = [Slot::Int, Slot::Int, Slot::Ref(ints), Slot::Int];
    let next = Inst::ForNext {
        i: r(0),
        limit: r(1),
        body: b(2),
        exit: b(3),
    };
    asm.function(
        &[],
        ty,
        &locals,
        vec![
            vec![int(0, 0), int(1, 20_000), Inst::Jump { to: b(1) }],
            vec![next],
            vec![
                Inst::ListNew {
                    dst: r(2),
                    ty: ints,
                    args: rs([0, 1]),
                },
                Inst::ListPush {
                    list: r(2),
                    value: r(0),
                },
                Inst::Jump { to: b(1) },
            ],
            vec![ret([0])],
        ],
    );
    let program = program(asm.finish());
    let small = Limits {
        heap_bytes: 4096,
        ..limits()
    };
    let ran = run(&program, small, u64::MAX, Slices::Whole);
    assert_eq!(value(&program, &ran.outcome), Value::Int(20_000));
}

#[test]
fn a_heap_over_its_quota_is_a_kill() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let ints = asm.ty(Type::List(ty));
    let locals = [Slot::Int, Slot::Ref(ints)];
    asm.function(
        &[],
        ty,
        &locals,
        vec![vec![
            int(0, 1 << 40),
            Inst::ListFill {
                dst: r(1),
                ty: ints,
                count: r(0),
                value: r(0),
            },
            ret([0]),
        ]],
    );
    let program = program(asm.finish());
    let ran = run(&program, limits(), u64::MAX, Slices::Whole);
    assert_eq!(ran.outcome, Outcome::Kill(KillKind::Heap));
}

/// Between two collections a heap may grow over its quota. What it has then can still move.
#[test]
fn a_heap_that_grows_over_its_quota_can_be_restored_until_it_is_collected() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let ints = asm.ty(Type::List(ty));
    let lists = asm.ty(Type::List(ints));
    let locals = [Slot::Int, Slot::Ref(lists), Slot::Ref(ints)];
    asm.function(
        &[],
        ty,
        &locals,
        vec![
            vec![
                int(0, 7),
                Inst::ListNew {
                    dst: r(1),
                    ty: lists,
                    args: rs([]),
                },
                Inst::Jump { to: b(1) },
            ],
            vec![
                Inst::ListNew {
                    dst: r(2),
                    ty: ints,
                    args: rs([0, 0]),
                },
                Inst::ListPush {
                    list: r(1),
                    value: r(2),
                },
                Inst::Jump { to: b(1) },
            ],
        ],
    );
    let program = program(asm.finish());
    let small = Limits {
        heap_bytes: 128 << 10,
        ..limits()
    };
    for slices in [Slices::Whole, Slices::Restored] {
        let ran = run(&program, small, u64::MAX, slices);
        assert_eq!(ran.outcome, Outcome::Kill(KillKind::Heap));
    }
}

/// `fn make(n) = fn(x) { x + n }` called in a loop whose body recurses in the closure.
#[test]
fn a_closure_keeps_what_it_captured_wherever_it_is_called() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let adder = asm.ty(Type::Fn {
        params: vec![ty],
        result: ty,
    });
    let locals = [Slot::Int, Slot::Ref(adder), Slot::Int, Slot::Int];
    asm.function(
        &[],
        ty,
        &locals,
        vec![
            vec![
                int(0, 5),
                Inst::ClosureNew {
                    dst: r(1),
                    func: FuncRef::Local(1),
                    captures: rs([0]),
                },
                int(2, 0),
                int(3, 100),
                Inst::Jump { to: b(1) },
            ],
            vec![Inst::ForNext {
                i: r(2),
                limit: r(3),
                body: b(2),
                exit: b(3),
            }],
            vec![
                Inst::CallClosure {
                    dsts: rs([0]),
                    closure: r(1),
                    args: rs([0]),
                },
                Inst::Jump { to: b(1) },
            ],
            vec![ret([0])],
        ],
    );
    let add = Inst::IntAdd {
        dst: r(2),
        a: r(0),
        b: r(1),
    };
    asm.closure(&[ty], &[ty], ty, &[Slot::Int], vec![vec![add, ret([2])]]);
    let program = program(asm.finish());
    let ran = run(&program, limits(), u64::MAX, Slices::Restored);
    assert_eq!(value(&program, &ran.outcome), Value::Int(505));
}

/// A tag of `Int`, and a family of `Str` with one key.
pub(crate) fn tagged(main: impl FnOnce(&mut Assembler, sm_bytecode::TypeIx)) -> Arc<Program> {
    let mut asm = Assembler::default();
    let int_type = asm.ty(Type::Int);
    asm.ty(Type::Tag(int_type));
    asm.group.tags.push(TagConst {
        name: "count".into(),
        value: int_type,
        keys: vec![],
        owner: None,
        lifetime: Some(5),
        read: Access::Any,
        write: Access::Owner,
    });
    main(&mut asm, int_type);
    program(asm.finish())
}

#[test]
fn a_message_that_waits_goes_on_where_it_is_answered() {
    let program = tagged(|asm, int_type| {
        let tag = asm.ty(Type::Tag(int_type));
        let locals = [Slot::Ref(tag), Slot::Int, Slot::Int, Slot::Bool, Slot::Int];
        asm.function(
            &[],
            int_type,
            &locals,
            vec![vec![
                Inst::TagConst {
                    dst: r(0),
                    tag: TagIx(0),
                },
                int(1, 2_000),
                int(2, -1),
                Inst::TagBlock {
                    dsts: rs([3, 4]),
                    tag: r(0),
                    timeout: r(1),
                    after: r(2),
                },
                Inst::IntAdd {
                    dst: r(4),
                    a: r(4),
                    b: r(1),
                },
                ret([4]),
            ]],
        );
    });
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    let outcome = machine.run(1000, &mut host);
    let Outcome::Block {
        tag,
        timeout,
        after,
    } = &outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (tag.decl.name.as_str(), tag.key.as_slice()),
        ("count", &[][..])
    );
    assert_eq!((*timeout, *after), (Some(2_000), None));
    assert_eq!(tag.decl.lifetime, Some(5));
    let fuel = machine.fuel_used();
    assert_eq!(machine.run(1000, &mut host), outcome, "still waiting");
    assert_eq!(machine.fuel_used(), fuel, "for free");

    let mut there = moved(&machine, limits());
    assert_eq!(there.pending(), Some(outcome));
    there.answer(Answer::Hop(HopCode::Ok));
    assert_eq!(
        capture(&there),
        capture(&machine),
        "a strange answer is none"
    );
    let types = program.types();
    let int_ix = types.find(&Type::Int).expect("Int is used");
    let bytes = encode(&Value::Int(40), types, int_ix).expect("an Int");
    there.answer(Answer::Tag(Some(bytes)));
    let mut there = moved(&there, limits());
    let outcome = there.run(1000, &mut host);
    assert_eq!(value(&program, &outcome), Value::Int(2_040));

    machine.answer(Answer::Tag(Some(vec![0x80, 0])));
    let outcome = machine.run(1000, &mut host);
    assert_eq!(
        value(&program, &outcome),
        Value::Int(2_000),
        "an ill-formed value is absent"
    );
}

#[test]
fn copies_draw_other_random_numbers() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    asm.function(
        &[],
        ty,
        &[Slot::Int],
        vec![vec![
            Inst::MigrateAll { dst: r(0) },
            Inst::Random { dst: r(0) },
            ret([0]),
        ]],
    );
    let program = program(asm.finish());
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert_eq!(machine.run(1000, &mut host), Outcome::MoveAll);
    let mut drawn = Vec::new();
    for answer in [
        Answer::Hop(HopCode::NoNeighbors),
        Answer::Go { seed: [1; 32] },
        Answer::Go { seed: [2; 32] },
        Answer::Go { seed: [2; 32] },
    ] {
        let mut copy = moved(&machine, limits());
        copy.answer(answer);
        drawn.push(copy.run(1000, &mut host));
    }
    assert_ne!(drawn[0], drawn[1]);
    assert_ne!(drawn[1], drawn[2]);
    assert_eq!(drawn[2], drawn[3]);
}

#[test]
fn a_node_can_end_a_turn_that_is_too_long() {
    let program = fib(30);
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert_eq!(machine.run(500, &mut host), Outcome::OutOfFuel);
    let report = machine.trap_here(TrapKind::TurnTooLong);
    assert_eq!(report.kind, TrapKind::TurnTooLong);
    assert!(report.frames.len() > 2);
    assert_eq!(machine.run(500, &mut host), Outcome::Trap(report));
}

/// `fn main(x: T) -> T { print(show(x)); x }`, for the types of every value.
fn echo(ty: impl FnOnce(&mut Assembler) -> sm_bytecode::TypeIx) -> Arc<Program> {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    let ty = ty(&mut asm);
    let slots = asm.group.types.slots(ty).len() as u16;
    let regs: Box<[_]> = (0..slots).map(r).collect();
    asm.function(
        &[ty],
        ty,
        &[Slot::Ref(text)],
        vec![vec![
            Inst::DataShow {
                dst: r(slots),
                ty,
                args: regs.clone(),
            },
            Inst::Print { text: r(slots) },
            Inst::Return { values: regs },
        ]],
    );
    program(asm.finish())
}

#[test]
fn machines_and_hosts_mean_the_same_values() {
    let int_value = |number| Value::Int(number);
    type Make = fn(&mut Assembler) -> sm_bytecode::TypeIx;
    let text = |text: &str| Value::Str(text.into());
    let some = |value| Value::Option(Some(Box::new(value)));
    let cases: Vec<(Make, Value)> = vec![
        (|asm| asm.ty(Type::Unit), Value::Unit),
        (|asm| asm.ty(Type::Duration), Value::Duration(1_500_000_000)),
        (|asm| asm.ty(Type::Float), Value::Float(-0.1)),
        (|asm| asm.ty(Type::Bytes), Value::Bytes(vec![0, b'a', 255])),
        (|asm| asm.ty(Type::Id), Value::Id([0xab; 32])),
        (
            |asm| {
                let ty = asm.ty(Type::Bool);
                asm.ty(Type::List(ty))
            },
            Value::List([true, false, true].map(Value::Bool).into()),
        ),
        (
            |asm| {
                let ty = asm.ty(Type::Float);
                asm.ty(Type::List(ty))
            },
            Value::List([1.5, f64::INFINITY].map(Value::Float).into()),
        ),
        (
            |asm| {
                let ty = asm.ty(Type::Unit);
                asm.ty(Type::List(ty))
            },
            Value::List(vec![Value::Unit; 3]),
        ),
        (
            |asm| {
                let int = asm.ty(Type::Int);
                let option = asm.ty(Type::Option(int));
                let nested = asm.ty(Type::Option(option));
                asm.ty(Type::List(nested))
            },
            Value::List(vec![
                Value::Option(None),
                some(Value::Option(None)),
                some(some(int_value(-7))),
            ]),
        ),
        (
            |asm| {
                let (int, text) = (asm.ty(Type::Int), asm.ty(Type::Str));
                let pair = asm.ty(Type::Tuple(vec![text, int]));
                asm.ty(Type::Map(pair, text))
            },
            Value::Map(
                (0..20)
                    .map(|n| (Value::Tuple(vec![text("k"), int_value(n)]), text("v\n")))
                    .collect(),
            ),
        ),
        (
            |asm| {
                let ty = asm.ty(Type::Str);
                let option = asm.ty(Type::Option(ty));
                asm.ty(Type::Set(option))
            },
            Value::Set(vec![some(text("a")), Value::Option(None), some(text(""))]),
        ),
    ];
    for (ty, expected) in cases {
        let program = echo(ty);
        let signature = program.signature(program.entry()).expect("the entry");
        let ix = program
            .type_ix(&signature.params[0])
            .expect("a type of the program");
        let args = encode(&expected, program.types(), ix).expect("a value of the type");
        let mut machine =
            Machine::start(program.clone(), program.entry(), &args, limits(), [0; 32])
                .expect("arguments of the right type");
        machine = moved(&machine, limits());
        let mut host = ScriptedHost::default();
        let outcome = machine.run(u64::MAX, &mut host);
        assert_eq!(value(&program, &outcome), expected);
        assert_eq!(host.printed(), [expected.to_string()]);
    }
}

#[test]
fn arguments_are_checked() {
    let program = echo(|asm| asm.ty(Type::Int));
    let start = |args: &[u8]| {
        Machine::start(program.clone(), program.entry(), args, limits(), [0; 32]).map(|_| ())
    };
    assert_eq!(start(&[2]), Ok(()));
    assert_eq!(start(&[]), Err(StartError::BadArguments));
    assert_eq!(start(&[2, 2]), Err(StartError::BadArguments));
    assert_eq!(start(&[0x80, 0]), Err(StartError::BadArguments));
}

#[test]
fn cyclic_values_are_no_data() {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    let node = asm.group.types.reserve();
    let next = asm.ty(Type::List(node));
    let field = sm_bytecode::types::Field {
        name: "next".into(),
        ty: next,
        mutable: false,
    };
    asm.group.types.set(
        node,
        Type::Struct {
            name: "Node".into(),
            args: vec![],
            fields: vec![field],
        },
    );
    let locals = [Slot::Ref(next), Slot::Ref(node), Slot::Ref(text)];
    asm.function(
        &[],
        text,
        &locals,
        vec![vec![
            Inst::ListNew {
                dst: r(0),
                ty: next,
                args: rs([]),
            },
            Inst::RecordNew {
                dst: r(1),
                ty: node,
                variant: 0,
                args: rs([0]),
            },
            Inst::ListPush {
                list: r(0),
                value: r(1),
            },
            Inst::DataShow {
                dst: r(2),
                ty: node,
                args: rs([1]),
            },
            ret([2]),
        ]],
    );
    let program = program(asm.finish());
    let ran = run(&program, limits(), u64::MAX, Slices::Restored);
    let Outcome::Trap(report) = ran.outcome else {
        panic!("{:?}", ran.outcome);
    };
    assert_eq!(report.kind, TrapKind::NotData);
}

#[test]
fn text_constants_are_not_copied_into_states() {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    asm.group.consts = vec![Const::Str("x".repeat(10_000))];
    asm.function(
        &[],
        text,
        &[Slot::Ref(text)],
        vec![vec![
            Inst::StrConst {
                dst: r(0),
                konst: ConstIx(0),
            },
            Inst::Yield {},
            ret([0]),
        ]],
    );
    let program = program(asm.finish());
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert_eq!(machine.run(1000, &mut host), Outcome::Yield);
    assert!(capture(&machine).len() < 200);
    let bricks: Vec<_> = program.bricks().collect();
    assert_eq!(sm_vm::state_bricks(&capture(&machine)), Ok(bricks));
    let outcome = moved(&machine, limits()).run(1000, &mut host);
    assert_eq!(value(&program, &outcome), Value::Str("x".repeat(10_000)));
}

/// A node may run its messages on any thread, one at a time.
#[test]
fn machines_and_programs_can_change_threads() {
    fn moves<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    moves::<Machine>();
    shared::<Program>();
}
