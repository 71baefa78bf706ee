//! Tests across the crate: names that must not change, the text form, bundles.

mod bundle;
mod disasm;
mod golden;
mod manifests;

use std::vec;
use std::vec::Vec;

use crate::codes::TrapKind;
use crate::debug::{DebugBlob, DebugFunction, DebugGroup, InlinedCall, Position};
use crate::group::{Access, Block, Callee, Const, Function, Group, TagConst};
use crate::hash::BrickHash;
use crate::index::{BlockIx, ConstIx, FloatBits, FuncRef, Reg, TagIx, TypeIx};
use crate::inst::Inst;
use crate::native::Native;
use crate::types::{Field, Slot, Type, TypeTable, Variant};

/// A group by hand that has something in every table, in normal form.
fn sample() -> Group {
    let mut types = TypeTable::new();
    let [int, text, unit] = [Type::Int, Type::Str, Type::Unit].map(|ty| types.intern(ty));
    let tree = tree(&mut types, int);
    let color = types.intern(color());
    let slots = [
        Slot::Ref(tree),
        Slot::Int,
        Slot::Ref(types.intern(Type::List(tree))),
        Slot::Int,
        Slot::Int,
        Slot::Ref(tree),
        Slot::Int,
        Slot::Enum(color),
        Slot::Ref(types.intern(Type::Tag(tree))),
        Slot::Int,
        Slot::Ref(text),
        Slot::Float,
    ];
    let callee = Callee {
        group: BrickHash([0xab; 32]),
        function: 2,
        params: vec![int],
        result: unit,
    };
    let sum = Function {
        params: vec![tree],
        captures: vec![],
        result: int,
        regs: slots.into(),
        blocks: blocks(color),
    };
    let mut group = Group {
        types,
        consts: vec![Const::Str("oh \"no\"".into())],
        tags: vec![forest(tree)],
        callees: vec![callee],
        functions: vec![sum],
    };
    group.functions[0].compute_live_in();
    group.canonicalize().expect("the types can be named");
    group
}

fn tree(types: &mut TypeTable, int: TypeIx) -> TypeIx {
    let tree = types.reserve();
    let kids = types.intern(Type::List(tree));
    let field = |name: &str, ty, mutable| Field {
        name: name.into(),
        ty,
        mutable,
    };
    let fields = vec![field("value", int, true), field("kids", kids, false)];
    types.set(
        tree,
        Type::Struct {
            name: "Tree".into(),
            args: vec![],
            fields,
        },
    );
    tree
}

fn color() -> Type {
    let variant = |name: &str| Variant {
        name: name.into(),
        fields: vec![],
    };
    let variants = vec![variant("Red"), variant("Green")];
    Type::Enum {
        name: "Color".into(),
        args: vec![],
        variants,
    }
}

fn forest(value: TypeIx) -> TagConst {
    TagConst {
        name: "forest".into(),
        value,
        keys: vec![],
        owner: Some("lib".into()),
        lifetime: Some(60_000_000_000),
        read: Access::Any,
        write: Access::Code,
    }
}

/// Blocks, one instruction a line.
macro_rules! blocks {
    ($($block:ident: { $($inst:expr;)+ })+) => {
        vec![$(Block { live_in: vec![], insts: vec![$($inst),+] }),+]
    };
}

fn blocks(color: TypeIx) -> Vec<Block> {
    let r = Reg;
    let b = BlockIx;
    blocks! {
        b0: {
            Inst::RecordGet { dst: r(1), src: r(0), field: 0 };
            Inst::RecordGet { dst: r(2), src: r(0), field: 1 };
            Inst::ListLen { dst: r(3), list: r(2) };
            Inst::IntConst { dst: r(4), value: -1 };
            Inst::Jump { to: b(1) };
        }
        b1: {
            Inst::ForNext { i: r(4), limit: r(3), body: b(2), exit: b(3) };
        }
        b2: {
            Inst::ListGet { dst: r(5), list: r(2), index: r(4) };
            Inst::Call { dsts: [r(6)].into(), func: FuncRef::Local(0), args: [r(5)].into() };
            Inst::IntAdd { dst: r(1), a: r(1), b: r(6) };
            Inst::Jump { to: b(1) };
        }
        b3: {
            Inst::EnumConst { dst: r(7), ty: color, variant: 1 };
            Inst::TagConst { dst: r(8), tag: TagIx(0) };
            Inst::TagWrite { dst: r(9), tag: r(8), value: [r(0)].into() };
            Inst::StrConst { dst: r(10), konst: ConstIx(0) };
            Inst::FloatConst { dst: r(11), bits: FloatBits::of(0.5) };
            call_native(r(9), Native::StrLen, r(10));
            Inst::Call { dsts: [].into(), func: FuncRef::Callee(0), args: [r(9)].into() };
            Inst::Switch { index: r(9), targets: [b(4)].into(), default: b(5) };
        }
        b4: {
            Inst::Return { values: [r(1)].into() };
        }
        b5: {
            Inst::TrapMessage { kind: TrapKind::Panic, message: r(10) };
        }
    }
}

fn call_native(dst: Reg, native: Native, arg: Reg) -> Inst {
    Inst::CallNative {
        dsts: [dst].into(),
        native,
        args: [arg].into(),
    }
}

fn names(group: &Group) -> DebugBlob {
    let position = |pc, line| Position {
        pc,
        file: 0,
        start: pc * 10,
        end: pc * 10 + 5,
        line,
        column: 1,
        inlined: 0,
    };
    let call = Position {
        pc: 0,
        ..position(70, 8)
    };
    let function = DebugFunction {
        name: "sum".into(),
        registers: vec![(Reg(0), "tree".into()), (Reg(1), "total".into())],
        positions: vec![
            position(0, 3),
            position(5, 4),
            Position {
                inlined: 2,
                ..position(9, 6)
            },
        ],
        inlined: vec![
            InlinedCall {
                name: "outer".into(),
                at: call,
            },
            InlinedCall {
                name: "inner".into(),
                at: Position { inlined: 1, ..call },
            },
        ],
    };
    DebugBlob {
        files: vec!["lib.sm".into()],
        groups: vec![DebugGroup {
            brick: group.hash(),
            functions: vec![function],
        }],
    }
}
