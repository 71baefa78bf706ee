//! Bricks made to be slow: decoding and verifying stays linear in their size.
//!
//! Anything quadratic takes minutes at these sizes, which nobody overlooks; there is no bound on
//! time here, since a busy machine would break it.

use std::format;
use std::vec;
use std::vec::Vec;

use super::{One, int, one, r};
use crate::group::{Block, Callee, Const, Group};
use crate::hash::BrickHash;
use crate::index::{BlockIx, ConstIx, FuncRef, Reg, TypeIx};
use crate::inst::Inst;
use crate::limits::{MAX_GROUP_BYTES, MAX_PARAMS, MAX_REGS, MAX_VARIANTS};
use crate::types::{Field, Slot, Type, TypeTable, Variant};
use crate::verify::{BrickError, Fault, VerifiedGroup};

/// Encodes, decodes and verifies; says what came out.
fn run(group: &Group) -> Result<(), BrickError> {
    let bytes = group.encode();
    assert!(bytes.len() <= MAX_GROUP_BYTES, "{} bytes", bytes.len());
    assert!(
        bytes.len() > MAX_GROUP_BYTES / 8,
        "{} bytes are not many",
        bytes.len()
    );
    VerifiedGroup::decode(&bytes).map(|_| ())
}

fn fault(group: &Group) -> Option<Fault> {
    match run(group) {
        Ok(()) => None,
        Err(BrickError::Verify(error)) => Some(error.fault),
        Err(BrickError::Decode(error)) => panic!("{error}"),
    }
}

fn ready(mut one: One) -> Group {
    one.group
        .functions
        .iter_mut()
        .for_each(|function| function.compute_live_in());
    one.group.canonicalize().expect("the types can be named");
    one.group
}

#[test]
fn many_instructions() {
    let many = one([])
        .regs(&[Slot::Int])
        .code((0..300_000).map(|_| int(0)));
    assert_eq!(fault(&ready(many)), None);
}

#[test]
fn one_long_list_of_registers() {
    let group = one([Type::Str]);
    let text = group.object(&Type::Str);
    let args = vec![r(0); 900_000].into();
    let konst = Inst::StrConst {
        dst: r(0),
        konst: ConstIx(0),
    };
    let mut group = group
        .regs(&[text])
        .code([konst, Inst::StrConcat { dst: r(0), args }]);
    group.group.consts = vec![Const::Str("x".into())];
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn many_small_blocks_with_many_registers() {
    let jump = |to| vec![Inst::Jump { to: BlockIx(to) }];
    let group = one([])
        .regs(&[Slot::Int; MAX_REGS])
        .blocks((0..60_000).map(|_| jump(0)));
    assert_eq!(fault(&ready(group)), None);
}

/// Every block may go to every other one, and all registers are live everywhere.
#[test]
fn many_edges_with_many_live_registers_are_refused() {
    let blocks: u16 = 400;
    let live: Vec<Reg> = (0..600).map(Reg).collect();
    let targets: Vec<_> = (0..u32::from(blocks)).map(BlockIx).collect();
    let switch = Inst::Switch {
        index: r(0),
        targets: targets.into(),
        default: BlockIx(0),
    };
    let mut group = one([]).regs(&[Slot::Int; 600]).group;
    let block = Block {
        live_in: live,
        insts: vec![switch],
    };
    group.functions[0].blocks = vec![block; blocks.into()];
    group.functions[0].blocks[0].live_in.clear();
    assert_eq!(fault(&group), Some(Fault::TooMany("live registers")));
}

/// Live sets at many safepoints, all different, would be much larger than the brick.
#[test]
fn many_large_live_sets_are_refused() {
    let params = vec![TypeIx(1); MAX_PARAMS];
    let group = one([Type::Int, Type::List(TypeIx(1))]);
    let list = group.object(&Type::List(TypeIx(1)));
    let new = Inst::ListNew {
        dst: r(255),
        ty: TypeIx(2),
        args: [].into(),
    };
    let len = Inst::ListLen {
        dst: r(256),
        list: r(255),
    };
    let mut insts: Vec<_> = (0..80_000)
        .flat_map(|_| [new.clone(), len.clone()])
        .collect();
    insts.extend((0..255).map(|at| Inst::IntNeg {
        dst: r(at),
        a: r(at),
    }));
    let group = group.params(&params).regs(&[list, Slot::Int]).code(insts);
    assert_eq!(fault(&ready(group)), Some(Fault::TooMany("live registers")));
}

#[test]
fn many_equal_live_sets_are_shared() {
    let params = vec![TypeIx(1); MAX_PARAMS];
    let group = one([Type::Int, Type::List(TypeIx(1))]);
    let list = group.object(&Type::List(TypeIx(1)));
    let new = Inst::ListNew {
        dst: r(255),
        ty: TypeIx(2),
        args: [].into(),
    };
    let mut insts = vec![new; 200_000];
    insts.extend((0..255).map(|at| Inst::IntNeg {
        dst: r(at),
        a: r(at),
    }));
    let group = group.params(&params).regs(&[list]).code(insts);
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn fields_of_a_large_struct() {
    let field = |at: u32| Field {
        name: format!("f{at}"),
        ty: TypeIx(1),
        mutable: true,
    };
    let fields = (0..4000).map(field).collect();
    let large = Type::Struct {
        name: "Large".into(),
        args: vec![],
        fields,
    };
    let group = one([Type::Int, large.clone()]);
    let large = group.ty(&large);
    let set = Inst::RecordSet {
        obj: r(0),
        field: 3999,
        src: r(1),
    };
    let group = group.params(&[large, TypeIx(1)]).code(vec![set; 150_000]);
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn fields_of_a_large_enum() {
    let variant = |at: usize| Variant {
        name: format!("v{at}"),
        fields: vec![],
    };
    let variants = (0..MAX_VARIANTS).map(variant).collect();
    let large = Type::Enum {
        name: "Large".into(),
        args: vec![],
        variants,
    };
    let mut group = one([large]);
    for at in 0..100 {
        let field = |_| Field {
            name: "f".into(),
            ty: TypeIx(1),
            mutable: false,
        };
        let fields = (0..1500).map(field).collect();
        let name = format!("S{at}");
        group.group.types.intern(Type::Struct {
            name,
            args: vec![],
            fields,
        });
    }
    let params: Vec<_> = (2..102).map(TypeIx).collect();
    let group = group.params(&params).code([]);
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn calls_of_a_function_with_many_empty_parameters() {
    let call = Inst::Call {
        dsts: [].into(),
        func: FuncRef::Callee(0),
        args: [].into(),
    };
    let mut group = one([]).code(vec![call; 200_000]);
    let params = vec![TypeIx(0); MAX_PARAMS];
    let callee = Callee {
        group: BrickHash([1; 32]),
        function: 0,
        params,
        result: TypeIx(0),
    };
    group.group.callees = vec![callee];
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn long_chains_of_types() {
    let pad = "n".repeat(100);
    let chain = (1..8000).map(|at| match at {
        7999 => Type::Int,
        _ => Type::Struct {
            name: format!("{pad}{at}"),
            args: vec![],
            fields: vec![Field {
                name: "next".into(),
                ty: TypeIx(at + 1),
                mutable: false,
            }],
        },
    });
    let types = [Type::Unit].into_iter().chain(chain).collect();
    let mut group = one([]).group;
    group.types = TypeTable::from_types(types);
    let group = One { group }.params(&[TypeIx(1)]).code([]);
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn many_switches_on_the_same_targets() {
    let switch = Inst::Switch {
        index: r(0),
        targets: vec![BlockIx(0); 1000].into(),
        default: BlockIx(0),
    };
    let group = one([Type::Int])
        .params(&[TypeIx(1)])
        .blocks(vec![vec![switch]; 900]);
    assert_eq!(fault(&ready(group)), None);
}

#[test]
fn lengths_beyond_the_input_take_no_memory() {
    // A list of 2^40 types, functions, or blocks in a few bytes.
    for prefix in [
        &[0][..],
        &[0, 0, 0, 0, 0],
        &[0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    ] {
        let mut bytes = prefix.to_vec();
        bytes.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
        let answer = Group::decode(&bytes);
        assert_eq!(answer, Err(crate::DecodeError::Truncated));
    }
    let large = vec![0; MAX_GROUP_BYTES + 1];
    assert_eq!(Group::decode(&large), Err(crate::DecodeError::TooLarge));
}
