//! Faults of single instructions: for each check function a use that is right and some that are
//! wrong.

use std::vec;
use std::vec::Vec;

use super::{One, int, one, r};
use crate::codes::TrapKind;
use crate::group::{Block, Const, Function};
use crate::index::{ConstIx, FloatBits, FuncRef, TypeIx};
use crate::inst::Inst;
use crate::native::Native;
use crate::types::{Field, Slot, Type, Variant};
use crate::verify::Fault;

/// Fixed places in [`table`].
const INT: TypeIx = TypeIx(1);
const STR: TypeIx = TypeIx(2);
const COLOR: TypeIx = TypeIx(3);
const INTS: TypeIx = TypeIx(4);
const POINT: TypeIx = TypeIx(5);
const SHAPE: TypeIx = TypeIx(6);
const MAP: TypeIx = TypeIx(7);
const SET: TypeIx = TypeIx(8);
const FUNC: TypeIx = TypeIx(9);
const TAG: TypeIx = TypeIx(10);
const ANY: TypeIx = TypeIx(11);
const HOP: TypeIx = TypeIx(12);
const HOPS: TypeIx = TypeIx(13);
const PAIR: TypeIx = TypeIx(14);

fn table() -> One {
    let field = |ty, mutable| Field {
        name: "f".into(),
        ty,
        mutable,
    };
    let variant = |name: &str, fields| Variant {
        name: name.into(),
        fields,
    };
    let color = vec![variant("Red", vec![]), variant("Green", vec![])];
    let shape = vec![
        variant("Dot", vec![]),
        variant("Text", vec![field(STR, false)]),
    ];
    one([
        Type::Int,
        Type::Str,
        Type::Enum {
            name: "Color".into(),
            args: vec![],
            variants: color,
        },
        Type::List(INT),
        Type::Struct {
            name: "Point".into(),
            args: vec![],
            fields: vec![field(INT, false), field(INT, true)],
        },
        Type::Enum {
            name: "Shape".into(),
            args: vec![],
            variants: shape,
        },
        Type::Map(STR, INT),
        Type::Set(STR),
        Type::Fn {
            params: vec![INT],
            result: INT,
        },
        Type::Tag(INT),
        Type::AnyTag,
        Type::Hop,
        Type::List(HOP),
        Type::Tuple(vec![INT, STR]),
    ])
}

/// Registers of every slot, all of them parameters so that they hold values.
const REGS: [(u16, TypeIx); 14] = [
    (0, INT),
    (1, STR),
    (2, COLOR),
    (3, INTS),
    (4, POINT),
    (5, SHAPE),
    (6, MAP),
    (7, SET),
    (8, FUNC),
    (9, TAG),
    (10, ANY),
    (11, HOP),
    (12, HOPS),
    (13, PAIR),
];
const OPT_STR: u16 = 14;
const BOOL: u16 = 15;
const FLOAT: u16 = 16;

/// The verifier's answer to one instruction, numbers of types as in [`table`].
fn fault(inst: Inst) -> Option<Fault> {
    let mut group = table();
    let slots = REGS.map(|(_, ty)| group.group.types.slots(ty)[0]);
    let option = group.group.types.intern(Type::Option(STR));
    let truth = group.group.types.intern(Type::Bool);
    let float = group.group.types.intern(Type::Float);
    let mut params: Vec<_> = REGS.iter().map(|(_, ty)| *ty).collect();
    params.extend([option, truth, float]);
    let mut group = group.params(&params).code([inst]);
    assert_eq!(group.group.functions[0].regs[..14], slots);
    group.group.consts = vec![Const::Str("s".into()), Const::Bytes(vec![1])];
    // A second function with a capture, and one whose parameter is a function.
    let mut other = |params: &[TypeIx], captures: &[TypeIx], result: TypeIx| {
        let inputs: Vec<_> = params.iter().chain(captures).copied().collect();
        let end = Inst::Trap {
            kind: TrapKind::Panic,
        };
        group.group.functions.push(Function {
            params: params.into(),
            captures: captures.into(),
            result,
            regs: group.group.types.slots_of_all(&inputs),
            blocks: vec![Block {
                live_in: vec![],
                insts: vec![end],
            }],
        });
    };
    other(&[INT], &[STR], INT);
    other(&[FUNC], &[], INT);
    other(&[INT], &[], INT);
    // Without `canonicalize`, so that the numbers of types in faults stay; a group that is right
    // but for its order passes.
    group.group.functions[0].compute_live_in();
    group
        .raw()
        .filter(|fault| !matches!(fault, Fault::NotCanonical(_)))
}

const CAPTURING: FuncRef = FuncRef::Local(1);
const TAKES_FUNCTION: FuncRef = FuncRef::Local(2);
const PLAIN: FuncRef = FuncRef::Local(3);

/// Asserts the answer to each instruction.
macro_rules! cases {
    ($($inst:expr => $expected:expr;)+) => {$(
        let inst = $inst;
        assert_eq!(fault(inst.clone()), $expected, "{inst:?}");
    )+};
}

fn slot(reg: u16) -> Option<Fault> {
    Some(Fault::WrongSlot(r(reg)))
}

#[test]
fn fixed_slots() {
    cases! {
        Inst::IntAdd { dst: r(0), a: r(0), b: r(0) } => None;
        Inst::IntAdd { dst: r(0), a: r(FLOAT), b: r(0) } => slot(FLOAT);
        Inst::IntAdd { dst: r(BOOL), a: r(0), b: r(0) } => slot(BOOL);
        Inst::FloatAdd { dst: r(FLOAT), a: r(FLOAT), b: r(0) } => slot(0);
        Inst::BoolNot { dst: r(BOOL), a: r(2) } => slot(2);
        Inst::Print { text: r(11) } => slot(11);
        Inst::Migrate { dst: r(0), hop: r(1), timeout: r(0) } => slot(1);
        Inst::Previous { dst: r(OPT_STR) } => slot(OPT_STR);
    }
}

#[test]
fn moves_and_constants() {
    let nan = FloatBits(FloatBits::NAN.0 + 1);
    cases! {
        Inst::Move { dst: r(4), src: r(4) } => None;
        Inst::Move { dst: r(4), src: r(5) } => slot(5);
        Inst::FloatConst { dst: r(FLOAT), bits: FloatBits::NAN } => None;
        Inst::FloatConst { dst: r(FLOAT), bits: nan } => Some(Fault::FloatNan);
        Inst::EnumConst { dst: r(2), ty: COLOR, variant: 1 } => None;
        Inst::EnumConst { dst: r(2), ty: COLOR, variant: 2 } => Some(Fault::UnknownVariant(2));
        Inst::EnumConst { dst: r(5), ty: SHAPE, variant: 0 } => slot(5);
        Inst::StrConst { dst: r(1), konst: ConstIx(0) } => None;
        Inst::StrConst { dst: r(1), konst: ConstIx(1) } => Some(Fault::WrongConst(ConstIx(1)));
        Inst::BytesConst { dst: r(1), konst: ConstIx(1) } => slot(1);
        Inst::Null { dst: r(0) } => None;
        Inst::Null { dst: r(OPT_STR) } => None;
        Inst::Null { dst: r(1) } => slot(1);
        Inst::OptSome { dst: r(OPT_STR), src: r(1) } => None;
        Inst::OptSome { dst: r(1), src: r(1) } => slot(1);
        Inst::OptSome { dst: r(OPT_STR), src: r(11) } => slot(OPT_STR);
        Inst::OptGet { dst: r(1), src: r(OPT_STR) } => None;
        Inst::OptGet { dst: r(11), src: r(OPT_STR) } => slot(OPT_STR);
        Inst::OptIsSome { dst: r(BOOL), src: r(1) } => slot(1);
    }
}

#[test]
fn enums_and_records() {
    let new = |ty, variant, args: &[u16]| Inst::RecordNew {
        dst: r(if ty == POINT { 4 } else { 5 }),
        ty,
        variant,
        args: args.iter().map(|reg| r(*reg)).collect(),
    };
    let get = |variant, field| Inst::VariantGet {
        dst: r(1),
        src: r(5),
        variant,
        field,
    };
    cases! {
        Inst::EnumIndex { dst: r(0), src: r(2) } => None;
        Inst::EnumIndex { dst: r(0), src: r(5) } => slot(5);
        Inst::EnumTag { dst: r(0), src: r(5) } => None;
        Inst::EnumTag { dst: r(0), src: r(2) } => slot(2);
        Inst::EnumTag { dst: r(0), src: r(4) } => Some(Fault::WrongType(POINT));
        new(POINT, 0, &[0, 0]) => None;
        new(POINT, 1, &[0, 0]) => Some(Fault::UnknownVariant(1));
        new(POINT, 0, &[0]) => Some(Fault::WrongCount);
        new(POINT, 0, &[0, 0, 0]) => Some(Fault::WrongCount);
        new(POINT, 0, &[0, 1]) => slot(1);
        new(SHAPE, 1, &[1]) => None;
        new(INTS, 0, &[]) => Some(Fault::WrongType(INTS));
        Inst::RecordGet { dst: r(1), src: r(13), field: 1 } => None;
        Inst::RecordGet { dst: r(1), src: r(13), field: 2 } => Some(Fault::UnknownField(2));
        Inst::RecordGet { dst: r(0), src: r(13), field: 1 } => slot(0);
        Inst::RecordGet { dst: r(1), src: r(5), field: 0 } => Some(Fault::WrongType(SHAPE));
        Inst::RecordSet { obj: r(4), field: 1, src: r(0) } => None;
        Inst::RecordSet { obj: r(4), field: 0, src: r(0) } => Some(Fault::NotMutable(0));
        Inst::RecordSet { obj: r(4), field: 1, src: r(1) } => slot(1);
        get(1, 0) => None;
        get(0, 0) => Some(Fault::UnknownField(0));
        get(2, 0) => Some(Fault::UnknownVariant(2));
        Inst::RefSame { dst: r(BOOL), a: r(4), b: r(4) } => None;
        Inst::RefSame { dst: r(BOOL), a: r(4), b: r(5) } => slot(5);
        Inst::RefSame { dst: r(BOOL), a: r(0), b: r(0) } => slot(0);
    }
}

#[test]
fn data_and_text() {
    let equal = |ty, a: u16, b: u16| Inst::DataEq {
        dst: r(BOOL),
        ty,
        a: [r(a)].into(),
        b: [r(b)].into(),
    };
    cases! {
        equal(POINT, 4, 4) => None;
        equal(POINT, 4, 5) => slot(5);
        equal(FUNC, 8, 8) => Some(Fault::NotData(FUNC));
        Inst::DataShow { dst: r(1), ty: FUNC, args: [r(8)].into() } => Some(Fault::NotData(FUNC));
        Inst::DataShow { dst: r(1), ty: INT, args: [].into() } => Some(Fault::WrongCount);
        Inst::StrConcat { dst: r(1), args: [r(1), r(1)].into() } => None;
        Inst::StrConcat { dst: r(1), args: [r(1), r(0)].into() } => slot(0);
    }
}

#[test]
fn lists() {
    cases! {
        Inst::ListNew { dst: r(3), ty: INTS, args: [r(0)].into() } => None;
        Inst::ListNew { dst: r(3), ty: INTS, args: [r(1)].into() } => slot(1);
        Inst::ListNew { dst: r(7), ty: SET, args: [].into() } => Some(Fault::WrongType(SET));
        Inst::ListLen { dst: r(0), list: r(6) } => Some(Fault::WrongType(MAP));
        Inst::ListGet { dst: r(0), list: r(3), index: r(0) } => None;
        Inst::ListGet { dst: r(1), list: r(3), index: r(0) } => slot(1);
        Inst::ListSet { list: r(3), index: r(0), value: r(1) } => slot(1);
        Inst::ListPush { list: r(3), value: r(1) } => slot(1);
        Inst::ListPop { dst: r(1), list: r(3) } => slot(1);
        Inst::ListInsert { list: r(3), index: r(1), value: r(0) } => slot(1);
        Inst::ListTruncate { list: r(7), len: r(0) } => Some(Fault::WrongType(SET));
        Inst::ListSlice { dst: r(12), list: r(3), from: r(0), to: r(0) } => slot(12);
        Inst::ListAppend { list: r(3), other: r(12) } => slot(12);
        Inst::ListFill { dst: r(3), ty: INTS, count: r(0), value: r(0) } => None;
        Inst::ListFill { dst: r(3), ty: INTS, count: r(0), value: r(1) } => slot(1);
        Inst::ListReverse { list: r(1) } => Some(Fault::WrongType(STR));
    }
}

#[test]
fn maps_and_sets() {
    cases! {
        Inst::MapNew { dst: r(6), ty: MAP } => None;
        Inst::MapNew { dst: r(7), ty: SET } => None;
        Inst::MapNew { dst: r(3), ty: INTS } => Some(Fault::WrongType(INTS));
        Inst::MapLen { dst: r(0), map: r(3) } => Some(Fault::WrongType(INTS));
        Inst::MapFind { dst: r(0), map: r(6), key: r(1) } => None;
        Inst::MapFind { dst: r(0), map: r(7), key: r(0) } => slot(0);
        Inst::MapKeyAt { dst: r(0), map: r(7), entry: r(0) } => slot(0);
        Inst::MapValueAt { dst: r(0), map: r(6), entry: r(0) } => None;
        Inst::MapValueAt { dst: r(1), map: r(7), entry: r(0) } => slot(7);
        Inst::MapInsert { map: r(6), key: r(1), value: r(1) } => slot(1);
        Inst::MapInsert { map: r(7), key: r(1), value: r(0) } => slot(7);
        Inst::SetInsert { dst: r(BOOL), set: r(7), key: r(1) } => None;
        Inst::SetInsert { dst: r(BOOL), set: r(6), key: r(1) } => slot(6);
        Inst::MapRemove { dst: r(BOOL), map: r(7), key: r(0) } => slot(0);
        Inst::MapClear { map: r(3) } => Some(Fault::WrongType(INTS));
        Inst::IterBegin { dst: r(0), coll: r(3) } => None;
        Inst::IterBegin { dst: r(0), coll: r(4) } => Some(Fault::WrongType(POINT));
        Inst::IterCheck { coll: r(1), counter: r(0) } => Some(Fault::WrongType(STR));
    }
}

#[test]
fn calls_and_closures() {
    let call = |func, arg| Inst::Call {
        dsts: [r(0)].into(),
        func,
        args: [r(arg)].into(),
    };
    let close = |func, captures: &[u16]| Inst::ClosureNew {
        dst: r(8),
        func,
        captures: captures.iter().map(|reg| r(*reg)).collect(),
    };
    let through = |dst, closure, arg| Inst::CallClosure {
        dsts: [r(dst)].into(),
        closure: r(closure),
        args: [r(arg)].into(),
    };
    cases! {
        call(PLAIN, 0) => None;
        call(PLAIN, 1) => slot(1);
        call(CAPTURING, 0) => Some(Fault::Captures(CAPTURING));
        Inst::Call { dsts: [].into(), func: PLAIN, args: [r(0)].into() } => Some(Fault::WrongCount);
        close(PLAIN, &[]) => None;
        close(CAPTURING, &[1]) => None;
        close(CAPTURING, &[]) => Some(Fault::WrongCount);
        close(TAKES_FUNCTION, &[]) => Some(Fault::Captures(TAKES_FUNCTION));
        Inst::ClosureNew { dst: r(4), func: PLAIN, captures: [].into() }
            => Some(Fault::WrongType(POINT));
        through(0, 8, 0) => None;
        through(0, 8, 1) => slot(1);
        through(1, 8, 0) => slot(1);
        through(0, 4, 0) => Some(Fault::WrongType(POINT));
    }
}

#[test]
fn natives_and_results() {
    let native = |native, dsts: &[u16], args: &[u16]| Inst::CallNative {
        dsts: dsts.iter().map(|reg| r(*reg)).collect(),
        native,
        args: args.iter().map(|reg| r(*reg)).collect(),
    };
    cases! {
        native(Native::StrLen, &[0], &[1]) => None;
        native(Native::StrLen, &[0], &[0]) => slot(0);
        native(Native::StrLen, &[0], &[]) => Some(Fault::WrongCount);
        native(Native::StrLen, &[0], &[1, 1]) => Some(Fault::WrongCount);
        native(Native::StrLen, &[BOOL], &[1]) => slot(BOOL);
        native(Native::StrFind, &[BOOL, 0], &[1, 1]) => None;
        native(Native::StrFind, &[BOOL], &[1, 1]) => Some(Fault::WrongCount);
        native(Native::StrToFloat, &[BOOL, FLOAT], &[1]) => None;
        native(Native::StrFromCode, &[OPT_STR], &[0]) => None;
        native(Native::StrFromCode, &[1], &[0]) => slot(1);
        native(Native::BytesFromList, &[1], &[3]) => slot(1);
        native(Native::StrJoin, &[1], &[3, 1]) => Some(Fault::WrongType(INTS));
        native(Native::TagName, &[1], &[10]) => None;
        Inst::ForNext { i: r(0), limit: r(1), body: crate::BlockIx(0), exit: crate::BlockIx(0) }
            => slot(1);
    }
    let wrong = table().regs(&[Slot::Int]).blocks([vec![
        int(0),
        Inst::Return {
            values: [r(0)].into(),
        },
    ]]);
    assert_eq!(wrong.fault(), Some(Fault::WrongCount));
}

#[test]
fn tags_and_messages() {
    let write = |value| Inst::TagWrite {
        dst: r(0),
        tag: r(9),
        value: [r(value)].into(),
    };
    let read = |dsts: &[u16], tag| Inst::TagRead {
        dsts: dsts.iter().map(|reg| r(*reg)).collect(),
        tag: r(tag),
    };
    let create = |value: &[u16]| Inst::TagCreate {
        dst: r(0),
        tag: r(9),
        value: value.iter().map(|reg| r(*reg)).collect(),
        lifetime: r(0),
        read: r(0),
        write: r(0),
    };
    let spawn = |func, arg| Inst::Spawn {
        dst: r(1),
        func,
        args: [r(arg)].into(),
    };
    cases! {
        write(0) => None;
        write(1) => slot(1);
        read(&[BOOL, 0], 9) => None;
        read(&[0], 9) => slot(0);
        read(&[BOOL], 9) => Some(Fault::WrongCount);
        read(&[BOOL, 0], 10) => Some(Fault::WrongType(ANY));
        Inst::TagHas { dst: r(BOOL), tag: r(9) } => None;
        Inst::TagHas { dst: r(BOOL), tag: r(10) } => None;
        Inst::TagHas { dst: r(BOOL), tag: r(11) } => Some(Fault::WrongType(HOP));
        Inst::TagErase { dst: r(10), src: r(9) } => None;
        Inst::TagErase { dst: r(10), src: r(10) } => Some(Fault::WrongType(ANY));
        Inst::TagBlock { dsts: [r(BOOL), r(1)].into(), tag: r(9), timeout: r(0), after: r(0) }
            => slot(1);
        create(&[0]) => None;
        create(&[]) => Some(Fault::WrongCount);
        Inst::Neighbors { dst: r(12) } => None;
        Inst::Neighbors { dst: r(3) } => Some(Fault::WrongType(INTS));
        spawn(PLAIN, 0) => slot(1);
    }
}

#[test]
fn only_data_is_given_to_spawned_messages() {
    let id = |func, arg: u16| {
        let mut group = table();
        let id = group.group.types.intern(Type::Id);
        let mut group = group.params(&[INT, FUNC]).regs(&[Slot::Ref(id)]);
        let args = [r(arg)].into();
        group = group.code([Inst::Spawn {
            dst: r(2),
            func,
            args,
        }]);
        for (params, captures) in [(INT, vec![]), (FUNC, vec![]), (INT, vec![INT])] {
            let inputs: Vec<_> = [params].into_iter().chain(captures.clone()).collect();
            let end = Inst::Trap {
                kind: TrapKind::Panic,
            };
            group.group.functions.push(Function {
                params: vec![params],
                captures,
                result: INT,
                regs: group.group.types.slots_of_all(&inputs),
                blocks: vec![Block {
                    live_in: vec![],
                    insts: vec![end],
                }],
            });
        }
        group.fault()
    };
    assert_eq!(id(FuncRef::Local(1), 0), None);
    assert!(matches!(id(FuncRef::Local(2), 1), Some(Fault::NotData(_))));
    let captures = Fault::Captures(FuncRef::Local(3));
    assert_eq!(id(FuncRef::Local(3), 0), Some(captures));
}

#[test]
fn places_are_made_of_tags() {
    let place = |wanted| {
        let mut group = table();
        let place = group.group.types.intern(Type::Place);
        let group = group.params(&[TAG, ANY]).regs(&[Slot::Ref(place)]);
        let new = Inst::PlaceNew {
            dst: r(2),
            wanted: [r(wanted)].into(),
            unwanted: [].into(),
        };
        group.code([new]).fault()
    };
    assert_eq!(place(1), None);
    assert_eq!(place(0), slot(0));
}
