//! Programs and states that mean harm to the node: bounded in memory and work, whatever they do.

use std::sync::Arc;

use sm_bytecode::types::{Field, Slot, Type, Variant};
use sm_bytecode::{Inst, Native, TrapKind};
use sm_vm::{Answer, KillKind, Limits, Machine, Outcome, Program, RestoreError, StartError};

use crate::assemble::{Assembler, b, int, r, ret, rs};
use crate::driver::{capture, limits, moved, program, start};
use crate::host::ScriptedHost;
use crate::programs::tagged;

fn outcome(program: &Arc<Program>, limits: Limits) -> Outcome {
    start(program, limits).run(u64::MAX, &mut ScriptedHost::default())
}

fn trap_of(outcome: &Outcome) -> Option<TrapKind> {
    match outcome {
        Outcome::Trap(report) => Some(report.kind),
        _ => None,
    }
}

/// The answer ends a wait in the middle of a block, where no run may be divided.
#[test]
fn an_answer_that_costs_all_fuel_leaves_a_state_to_go_on_from() {
    let program = tagged(|asm, int_type| {
        let tag = asm.ty(Type::Tag(int_type));
        let locals = [Slot::Ref(tag), Slot::Int, Slot::Int, Slot::Bool, Slot::Int];
        let wait = Inst::TagBlock {
            dsts: rs([3, 4]),
            tag: r(0),
            timeout: r(1),
            after: r(2),
        };
        let load = Inst::TagConst {
            dst: r(0),
            tag: sm_bytecode::TagIx(0),
        };
        let add = Inst::IntAdd {
            dst: r(4),
            a: r(4),
            b: r(1),
        };
        let first = vec![
            load.clone(),
            int(1, 2_000),
            int(2, -1),
            wait,
            add,
            load,
            ret([4]),
        ];
        asm.function(&[], int_type, &locals, vec![first]);
    });
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert!(matches!(
        machine.run(1000, &mut host),
        Outcome::Block { .. }
    ));
    machine.answer(Answer::Tag(Some(vec![84])));
    assert_eq!(machine.run(0, &mut host), Outcome::OutOfFuel);
    let mut machine = moved(&machine, limits());
    let Outcome::Done(data) = machine.run(1000, &mut host) else {
        panic!("it goes on to its end");
    };
    assert_eq!(
        data.bytes,
        sm_vm::value::encode(
            &sm_vm::Value::Int(2_042),
            program.types(),
            program.type_ix(&data.ty).expect("known")
        )
        .expect("an integer")
    );
}

/// Counting on from there would overflow, or count nothing.
#[test]
fn a_state_that_has_used_all_fuel_is_forged() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    asm.function(&[], ty, &[Slot::Int], vec![vec![int(0, 7), ret([0])]]);
    let program = program(asm.finish());
    let state = capture(&start(&program, limits()));
    // Behind the mark, the version, one brick, and no constants and tags.
    let fuel = 4 + 1 + 1 + 32 + 1 + 1;
    assert_eq!(state[fuel], 0);
    let mut forged = state[..fuel].to_vec();
    forged.extend([0xff; 9]);
    forged.push(1);
    forged.extend(&state[fuel + 1..]);
    let restored = Machine::restore(program.clone(), &forged, limits());
    assert!(matches!(restored, Err(RestoreError::Forged(_))));
}

/// A variant without fields is one object, so a state with two of it is no capture.
#[test]
fn a_variant_without_fields_stands_once() {
    let mut asm = Assembler::default();
    let number = asm.ty(Type::Int);
    let truth = asm.ty(Type::Bool);
    let variant = |name: &str, fields| Variant {
        name: name.into(),
        fields,
    };
    let field = Field {
        name: String::new(),
        ty: number,
        mutable: false,
    };
    let odd = asm.ty(Type::Enum {
        name: "Odd".into(),
        args: vec![],
        variants: vec![variant("Nothing", vec![]), variant("Some", vec![field])],
    });
    let nothing = |dst| Inst::RecordNew {
        dst: r(dst),
        ty: odd,
        variant: 0,
        args: rs([]),
    };
    let same = Inst::RefSame {
        dst: r(2),
        a: r(0),
        b: r(1),
    };
    let locals = [Slot::Ref(odd), Slot::Ref(odd), Slot::Bool];
    let code = vec![nothing(0), nothing(1), Inst::Yield {}, same, ret([2])];
    asm.function(&[], truth, &locals, vec![code]);
    let program = program(asm.finish());
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert_eq!(machine.run(1000, &mut host), Outcome::Yield);

    let mut state = capture(&machine);
    let outcome = moved(&machine, limits()).run(1000, &mut host);
    assert!(matches!(outcome, Outcome::Done(data) if data.bytes == [1]));
    // Two references to the first object, which is of the first variant.
    assert!(state.ends_with(&[2, 2, 0]));
    state.truncate(state.len() - 2);
    state.extend([4, 0, 0]);
    let restored = Machine::restore(program.clone(), &state, limits());
    assert!(matches!(restored, Err(RestoreError::Forged(_))));
}

/// `struct Node { next: Node?, .. }` with very many fields more, which take no room at all.
fn wide(asm: &mut Assembler, fields: usize) -> (sm_bytecode::TypeIx, sm_bytecode::TypeIx) {
    let unit = asm.ty(Type::Unit);
    let node = asm.group.types.reserve();
    let option = asm.ty(Type::Option(node));
    let field = |name: String, ty, mutable| Field { name, ty, mutable };
    let mut all = vec![field("next".into(), option, true)];
    all.extend((1..fields).map(|number| field(format!("f{number}"), unit, false)));
    let ty = Type::Struct {
        name: "Node".into(),
        args: vec![],
        fields: all,
    };
    asm.group.types.set(node, ty);
    (node, option)
}

/// Depth first, a walk would keep all fields of all levels in mind: tens of gigabytes.
#[test]
fn a_walk_over_wide_values_keeps_little_in_mind() {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    let (node, _) = wide(&mut asm, 3_000);
    let make = |dst| Inst::RecordNew {
        dst: r(dst),
        ty: node,
        variant: 0,
        args: rs([0]),
    };
    let body = vec![
        Inst::Null { dst: r(0) },
        make(1),
        Inst::OptSome {
            dst: r(0),
            src: r(1),
        },
        Inst::RecordSet {
            obj: r(1),
            field: 0,
            src: r(0),
        },
        Inst::DataShow {
            dst: r(2),
            ty: node,
            args: rs([1]),
        },
        ret([2]),
    ];
    let locals = [Slot::OptRef(node), Slot::Ref(node), Slot::Ref(text)];
    asm.function(&[], text, &locals, vec![body]);
    let program = program(asm.finish());
    assert_eq!(
        trap_of(&outcome(&program, limits())),
        Some(TrapKind::NotData)
    );
}

/// A few bytes of arguments for each level of a wide value.
#[test]
fn arguments_cannot_make_a_walk_wide() {
    let mut asm = Assembler::default();
    let (node, _) = wide(&mut asm, 3_000);
    let ty = asm.ty(Type::Int);
    asm.function(&[node], ty, &[Slot::Int], vec![vec![int(1, 7), ret([1])]]);
    let program = program(asm.finish());
    let args = vec![1; 32 << 10];
    let limits = Limits::default();
    let started = Machine::start(program.clone(), program.entry(), &args, limits, [0; 32]);
    assert_eq!(started.map(|_| ()).err(), Some(StartError::BadArguments));
}

/// `text = "x" * count`, then a native function over it.
fn of_long_text(native: Native, count: i64, result: Type) -> Arc<Program> {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    let result = asm.ty(result);
    let slots = asm.group.types.slots(result);
    let fill = sm_bytecode::ConstIx(0);
    asm.group.consts.push(sm_bytecode::Const::Str(",".into()));
    let repeat = Inst::CallNative {
        dsts: rs([1]),
        native: Native::StrRepeat,
        args: rs([0, 2]),
    };
    let call = Inst::CallNative {
        dsts: rs([3]),
        native,
        args: if native == Native::StrSplit {
            rs([1, 0])
        } else {
            rs([1])
        },
    };
    let load = Inst::StrConst {
        dst: r(0),
        konst: fill,
    };
    let mut locals = vec![Slot::Ref(text), Slot::Ref(text), Slot::Int];
    locals.extend(slots);
    let body = vec![load, int(2, count), repeat, call, ret([3])];
    asm.function(&[], result, &locals, vec![body]);
    program(asm.finish())
}

/// A list of what is in a text is much larger than the text: it must not be made to find out.
#[test]
fn the_parts_of_a_text_are_counted_before_they_are_made() {
    for native in [Native::StrChars, Native::StrSplit] {
        let list = Type::List(sm_bytecode::TypeIx(0));
        let program = of_long_text(native, 900_000, list);
        assert_eq!(outcome(&program, limits()), Outcome::Kill(KillKind::Heap));
    }
}

/// `list = [0; count]`, then so many times the same instruction on it, without a jump.
fn straight_line(count: i64, times: usize, inst: &Inst) -> Arc<Program> {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let list = asm.ty(Type::List(ty));
    let fill = Inst::ListFill {
        dst: r(0),
        ty: list,
        count: r(1),
        value: r(1),
    };
    let mut body = vec![int(1, count), fill];
    body.extend(std::iter::repeat_n(inst.clone(), times));
    body.push(ret([1]));
    asm.function(
        &[],
        ty,
        &[Slot::Ref(list), Slot::Int, Slot::Bool],
        vec![body],
    );
    program(asm.finish())
}

/// Between two safepoints a run cannot be stopped, so what lies there must be small.
#[test]
fn large_work_without_a_jump_can_be_divided() {
    let reverse = Inst::ListReverse { list: r(0) };
    let remove = Inst::ListRemove {
        dst: r(1),
        list: r(0),
        index: r(1),
    };
    let program = straight_line(10_000, 1_000, &reverse);
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    assert_eq!(machine.run(10_000, &mut host), Outcome::OutOfFuel);
    assert!(machine.fuel_used() < 20_000, "{}", machine.fuel_used());
    let mut machine = moved(&machine, limits());
    assert!(matches!(machine.run(u64::MAX, &mut host), Outcome::Done(_)));
    let removed = outcome(&straight_line(10_000, 10, &remove), limits());
    assert_eq!(trap_of(&removed), Some(TrapKind::IndexOutOfRange));
}

/// A heap that is nearly full of live data, and garbage in a loop: each collection has to make
/// room for many allocations, since none of them pays for it.
#[test]
fn a_full_heap_is_not_collected_at_each_allocation() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let list = asm.ty(Type::List(ty));
    let fill = |dst, count| Inst::ListFill {
        dst: r(dst),
        ty: list,
        count: r(count),
        value: r(count),
    };
    let head = Inst::ForNext {
        i: r(2),
        limit: r(3),
        body: b(1),
        exit: b(2),
    };
    let quota = 32 << 20;
    let live = quota / 8 - 64;
    let first = vec![
        int(1, live),
        fill(0, 1),
        int(1, 4),
        int(2, 0),
        int(3, 200_000),
        Inst::Jump { to: b(1) },
    ];
    let last = vec![
        Inst::ListLen {
            dst: r(1),
            list: r(0),
        },
        ret([1]),
    ];
    let locals = [
        Slot::Ref(list),
        Slot::Int,
        Slot::Int,
        Slot::Int,
        Slot::Ref(list),
    ];
    asm.function(&[], ty, &locals, vec![first, vec![fill(4, 1), head], last]);
    let limits = Limits {
        heap_bytes: quota as u64,
        ..limits()
    };
    assert!(matches!(
        outcome(&program(asm.finish()), limits),
        Outcome::Done(_)
    ));
}

/// Each exit of native code writes what lives there: a short brick must not become a long
/// compilation.
#[test]
fn what_has_many_exits_with_much_alive_is_left_to_the_interpreter() {
    const REGISTERS: u16 = 2_000;
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let ints = asm.ty(Type::List(ty));
    let mut locals = vec![Slot::Int; usize::from(REGISTERS)];
    locals.push(Slot::Ref(ints));
    let mut body: Vec<Inst> = (0..REGISTERS).map(|at| int(at, 1)).collect();
    body.extend((0..REGISTERS).map(|at| Inst::IntAdd {
        dst: r(at),
        a: r(at),
        b: r((at + 1) % REGISTERS),
    }));
    body.push(Inst::ListNew {
        dst: r(REGISTERS),
        ty: ints,
        args: (0..REGISTERS).map(r).collect(),
    });
    body.push(ret([0]));
    asm.function(&[], ty, &locals, vec![body]);
    let program = program(asm.finish());
    assert!(matches!(outcome(&program, limits()), Outcome::Done(_)));
    assert_eq!(program.jit_stats().functions, 0);
}
