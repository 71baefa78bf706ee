//! A heap that gets full ends the message at the same instruction, with the same fuel and from the
//! same state, whatever runs it: quotas are swept word by word.
//!
//! A message that moves may get to another one than the same message that stays: what is garbage
//! and what lists have in reserve is left behind. The node that ends it is another one, too.

use std::sync::Arc;

use sm_bytecode::types::{Field, Slot, Type, Variant};
use sm_bytecode::{Const, ConstIx, FuncRef, Group, Inst, Reg};
use sm_vm::{AtOnce, Jit, JitOptions, KillKind, Limits, Machine, Outcome, Program};

use crate::assemble::{Assembler, b, int, r, ret, rs};
use crate::driver::{Ran, Slices, collecting, limits, linked, program, run};
use crate::host::ScriptedHost;

/// The register that counts the rounds of an endless program.
const ROUND: u16 = 0;
/// The first register that a program has for itself.
const OWN: u16 = 2;

/// A function that does `begin`, then `round` without end.
fn endless(asm: &mut Assembler, own: &[Slot], begin: &[Inst], round: &[Inst]) {
    let ty = asm.ty(Type::Int);
    let first = [int(ROUND, 0), int(ROUND + 1, i64::MAX)];
    let next = Inst::ForNext {
        i: r(ROUND),
        limit: r(ROUND + 1),
        body: b(1),
        exit: b(2),
    };
    let blocks = vec![
        [&first, begin, &[Inst::Jump { to: b(1) }]].concat(),
        [round, &[next]].concat(),
        vec![ret([ROUND])],
    ];
    let slots = [&[Slot::Int, Slot::Int], own].concat();
    asm.function(&[], ty, &slots, blocks);
}

fn record(dst: u16, ty: sm_bytecode::TypeIx, variant: u16, args: &[u16]) -> Inst {
    Inst::RecordNew {
        dst: r(dst),
        ty,
        variant,
        args: args.iter().copied().map(Reg).collect(),
    }
}

/// `struct Node { next: Node?, number: Int }`: one longer list of them with each round, and a node
/// that nobody keeps.
fn records() -> Group {
    let mut asm = Assembler::default();
    let number = asm.ty(Type::Int);
    let node = asm.group.types.reserve();
    let option = asm.ty(Type::Option(node));
    let field = |name: &str, ty| Field {
        name: name.into(),
        ty,
        mutable: false,
    };
    let ty = Type::Struct {
        name: "Node".into(),
        args: vec![],
        fields: vec![field("next", option), field("number", number)],
    };
    asm.group.types.set(node, ty);
    let own = [Slot::OptRef(node), Slot::Ref(node), Slot::Ref(node)];
    let begin = [Inst::Null { dst: r(OWN) }];
    let some = Inst::OptSome {
        dst: r(OWN),
        src: r(OWN + 1),
    };
    let args = [OWN, ROUND];
    let round = [
        record(OWN + 2, node, 0, &args),
        record(OWN + 1, node, 0, &args),
        some,
    ];
    endless(&mut asm, &own, &begin, &round);
    asm.finish()
}

/// `enum Tree { Leaf, Node(Tree, Tree) }`, and `fn tree(depth)`, which makes full ones: the heap
/// gets full in a call of a call. A list keeps the tree of each round.
fn variants() -> Group {
    let mut asm = Assembler::default();
    let number = asm.ty(Type::Int);
    let tree = asm.group.types.reserve();
    let child = Field {
        name: String::new(),
        ty: tree,
        mutable: false,
    };
    let variant = |name: &str, fields| Variant {
        name: name.into(),
        fields,
    };
    let ty = Type::Enum {
        name: "Tree".into(),
        args: vec![],
        variants: vec![
            variant("Leaf", vec![]),
            variant("Node", vec![child.clone(), child]),
        ],
    };
    asm.group.types.set(tree, ty);
    let trees = asm.ty(Type::List(tree));
    let call = |dst, arg| Inst::Call {
        dsts: rs([dst]),
        func: FuncRef::Local(1),
        args: rs([arg]),
    };
    let begin = [int(OWN, 3), list_new(OWN + 1, trees)];
    let round = [call(OWN + 2, OWN), push(OWN + 1, OWN + 2)];
    let own = [Slot::Int, Slot::Ref(trees), Slot::Ref(tree)];
    endless(&mut asm, &own, &begin, &round);
    let less = Inst::IntSub {
        dst: r(0),
        a: r(0),
        b: r(1),
    };
    let test = Inst::IntLt {
        dst: r(4),
        a: r(0),
        b: r(1),
    };
    let branch = Inst::Branch {
        cond: r(4),
        then: b(1),
        otherwise: b(2),
    };
    let node = [
        less,
        call(2, 0),
        call(3, 0),
        record(2, tree, 1, &[2, 3]),
        ret([2]),
    ];
    let blocks = vec![
        vec![int(1, 1), test, branch],
        vec![record(2, tree, 0, &[]), ret([2])],
        node.to_vec(),
    ];
    let locals = [Slot::Int, Slot::Ref(tree), Slot::Ref(tree), Slot::Bool];
    asm.function(&[number], tree, &locals, blocks);
    asm.finish()
}

fn list_new(dst: u16, ty: sm_bytecode::TypeIx) -> Inst {
    Inst::ListNew {
        dst: r(dst),
        ty,
        args: rs([]),
    }
}

fn push(list: u16, value: u16) -> Inst {
    Inst::ListPush {
        list: r(list),
        value: r(value),
    }
}

/// Lists of numbers and of truth values that grow by an element, and one that grows by itself.
fn lists() -> Group {
    let mut asm = Assembler::default();
    let (number, truth) = (asm.ty(Type::Int), asm.ty(Type::Bool));
    let numbers = asm.ty(Type::List(number));
    let truths = asm.ty(Type::List(truth));
    let own = [
        Slot::Ref(numbers),
        Slot::Ref(truths),
        Slot::Ref(numbers),
        Slot::Bool,
    ];
    let cond = OWN + 3;
    let begin = [
        list_new(OWN, numbers),
        list_new(OWN + 1, truths),
        Inst::BoolConst {
            dst: r(cond),
            value: true,
        },
    ];
    let round = [
        push(OWN, ROUND),
        push(OWN + 1, cond),
        list_new(OWN + 2, numbers),
        Inst::ListAppend {
            list: r(OWN + 2),
            other: r(OWN),
        },
        push(OWN + 2, ROUND),
    ];
    endless(&mut asm, &own, &begin, &round);
    asm.finish()
}

/// A text that gets longer with each round.
fn texts() -> Group {
    let mut asm = Assembler::default();
    let text = asm.ty(Type::Str);
    asm.group.consts.push(Const::Str("seven, ".into()));
    let load = Inst::StrConst {
        dst: r(OWN),
        konst: ConstIx(0),
    };
    let concat = |dst, args: [u16; 2]| Inst::StrConcat {
        dst: r(dst),
        args: rs(args),
    };
    let show = Inst::DataShow {
        dst: r(OWN + 1),
        ty: asm.ty(Type::Int),
        args: rs([ROUND]),
    };
    let round = [
        show,
        concat(OWN + 1, [OWN + 1, OWN + 1]),
        concat(OWN, [OWN, OWN + 1]),
    ];
    endless(&mut asm, &[Slot::Ref(text); 2], &[load], &round);
    asm.finish()
}

/// Maps with numbers and with texts as keys, to which each round adds one.
fn maps() -> Group {
    let mut asm = Assembler::default();
    let (number, text) = (asm.ty(Type::Int), asm.ty(Type::Str));
    let by_number = asm.ty(Type::Map(number, number));
    let by_text = asm.ty(Type::Map(text, number));
    let own = [
        Slot::Ref(by_number),
        Slot::Ref(by_text),
        Slot::Ref(text),
        Slot::Int,
    ];
    let new = |dst, ty| Inst::MapNew { dst: r(dst), ty };
    let show = Inst::DataShow {
        dst: r(OWN + 2),
        ty: number,
        args: rs([ROUND]),
    };
    let insert = |map, key, value| Inst::MapInsert {
        map: r(map),
        key: r(key),
        value: r(value),
    };
    let find = |map, key| Inst::MapFind {
        dst: r(OWN + 3),
        map: r(map),
        key: r(key),
    };
    let round = [
        show,
        find(OWN, ROUND),
        insert(OWN, ROUND, OWN + 3),
        insert(OWN, ROUND, ROUND),
        find(OWN + 1, OWN + 2),
        insert(OWN + 1, OWN + 2, ROUND),
    ];
    let begin = [new(OWN, by_number), new(OWN + 1, by_text)];
    endless(&mut asm, &own, &begin, &round);
    asm.finish()
}

/// Closures in a list, each with what the round before made.
fn closures() -> Group {
    let mut asm = Assembler::default();
    let number = asm.ty(Type::Int);
    let function = asm.ty(Type::Fn {
        params: vec![],
        result: number,
    });
    let functions = asm.ty(Type::List(function));
    let new = Inst::ClosureNew {
        dst: r(OWN + 1),
        func: FuncRef::Local(1),
        captures: rs([ROUND]),
    };
    let call = Inst::CallClosure {
        dsts: rs([OWN + 2]),
        closure: r(OWN + 1),
        args: rs([]),
    };
    let own = [Slot::Ref(functions), Slot::Ref(function), Slot::Int];
    let begin = [list_new(OWN, functions)];
    let round = [new, call, push(OWN, OWN + 1)];
    endless(&mut asm, &own, &begin, &round);
    asm.closure(&[], &[number], number, &[], vec![vec![ret([0])]]);
    asm.finish()
}

type Case = (&'static str, fn() -> Group);

const PROGRAMS: [Case; 6] = [
    ("records", records),
    ("variants", variants),
    ("lists", lists),
    ("texts", texts),
    ("maps", maps),
    ("closures", closures),
];

fn quota(bytes: u64) -> Limits {
    Limits {
        heap_bytes: bytes,
        ..limits()
    }
}

/// Each word around the size from which on a heap is collected at all, and some larger ones.
fn quotas() -> impl Iterator<Item = u64> {
    let small = (0..400).step_by(7).chain(400..440);
    let large = (440..12_000).step_by(1_511);
    small.chain(large).map(|words| words * 8)
}

fn killed(name: &str, ran: &Ran) {
    assert_eq!(ran.outcome, Outcome::Kill(KillKind::Heap), "{name}");
}

#[test]
fn a_full_heap_is_full_at_the_same_instruction_in_every_engine() {
    for (name, group) in PROGRAMS {
        let program = program(group());
        for bytes in quotas() {
            let limits = quota(bytes);
            let ran = run(&program, limits, u64::MAX, Slices::Whole);
            killed(name, &ran);
            for fuel in [1, 3, 20] {
                let before = ran.fuel.saturating_sub(fuel);
                run(&program, limits, before, Slices::Whole);
            }
        }
    }
}

#[test]
fn a_heap_that_moves_is_full_at_the_same_instruction_in_every_engine() {
    for (name, group) in PROGRAMS {
        let program = program(group());
        for bytes in quotas().filter(|bytes| *bytes < 4_096).step_by(3) {
            for slices in [Slices::Safepoints, Slices::Restored, Slices::Fuel(97)] {
                let ran = run(&program, quota(bytes), u64::MAX, slices);
                killed(name, &ran);
            }
            let ran = run(&program, collecting(quota(bytes)), u64::MAX, Slices::Whole);
            killed(name, &ran);
        }
    }
}

/// `fn deep(n) = if n < 1 { [0; 200]; n } else { deep(n - 1) }` with many registers, which is
/// called before a list grows without end.
fn deep_once() -> Group {
    const DEPTH: i64 = 150;
    const REGISTERS: usize = 50;
    let mut asm = Assembler::default();
    let number = asm.ty(Type::Int);
    let numbers = asm.ty(Type::List(number));
    let call = |dst, arg| Inst::Call {
        dsts: rs([dst]),
        func: FuncRef::Local(1),
        args: rs([arg]),
    };
    let begin = [
        list_new(OWN, numbers),
        int(OWN + 1, DEPTH),
        call(OWN + 1, OWN + 1),
    ];
    let own = [Slot::Ref(numbers), Slot::Int];
    endless(&mut asm, &own, &begin, &[push(OWN, ROUND)]);
    let (list, cond) = (REGISTERS as u16 + 1, REGISTERS as u16 + 2);
    let compare = |name: fn(Reg, Reg, Reg) -> Inst, dst| name(r(dst), r(0), r(1));
    let test = compare(|dst, a, b| Inst::IntLt { dst, a, b }, cond);
    let less = compare(|dst, a, b| Inst::IntSub { dst, a, b }, 0);
    let branch = Inst::Branch {
        cond: r(cond),
        then: b(1),
        otherwise: b(2),
    };
    let fill = Inst::ListFill {
        dst: r(list),
        ty: numbers,
        count: r(1),
        value: r(0),
    };
    let blocks = vec![
        vec![int(1, 1), test, branch],
        vec![int(1, 200), fill.clone(), fill, ret([0])],
        vec![less, call(0, 0), ret([0])],
    ];
    let mut locals = vec![Slot::Int; REGISTERS];
    locals.extend([Slot::Ref(numbers), Slot::Bool]);
    asm.function(&[number], number, &locals, blocks);
    asm.finish()
}

/// A collection is put off by the size of the stack, which may be gone when the message moves.
#[test]
fn a_heap_that_has_grown_beside_a_deep_stack_moves() {
    let program = program(deep_once());
    for bytes in (0..5_000).step_by(1_000) {
        for slices in [Slices::Whole, Slices::Restored, Slices::Fuel(9_000)] {
            killed("deep", &run(&program, quota(bytes), u64::MAX, slices));
        }
    }
}

/// What a run with the quota shows, once the program is compiled when it is hot.
fn ends(program: &Arc<Program>, limits: Limits) -> (Outcome, u64, Vec<sm_vm::CodePlace>) {
    let entry = program.entry();
    let machine = Machine::start(program.clone(), entry, &[], limits, [7; 32]);
    let mut machine = machine.expect("no arguments");
    let outcome = machine.run(u64::MAX, &mut ScriptedHost::default());
    (outcome, machine.fuel_used(), machine.frames())
}

#[test]
fn a_heap_gets_full_before_while_and_after_its_program_is_compiled() {
    let options = JitOptions {
        cold: 300,
        threshold: 9,
        pause: 20,
        price: 1,
        ..JitOptions::default()
    };
    for (name, group) in PROGRAMS {
        let Some(jit) = Jit::new(Arc::new(AtOnce), options) else {
            return;
        };
        let (plain, hot) = (linked(group()), linked(group()));
        jit.attach(&hot);
        for bytes in quotas() {
            let fresh = linked(group());
            jit.attach(&fresh);
            let expected = ends(&plain, quota(bytes));
            assert_eq!(ends(&fresh, quota(bytes)), expected, "{name}, {bytes}");
            assert_eq!(ends(&hot, quota(bytes)), expected, "{name}, {bytes}");
        }
        assert!(hot.jit_stats().entries > 0, "{name}");
    }
}
