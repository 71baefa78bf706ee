//! Faults of tables, frames and blocks.

use std::string::ToString;
use std::vec;

use super::{int, one, r};
use crate::group::{Access, Callee, Const, Group, TagConst};
use crate::hash::BrickHash;
use crate::index::{BlockIx, ConstIx, FuncRef, TagIx, TypeIx};
use crate::inst::Inst;
use crate::limits::{MAX_PARAMS, MAX_REGS};
use crate::types::{Slot, Type, TypeError};
use crate::verify::{BrickError, Fault, VerifiedGroup, VerifyError};

fn text(konst: u32) -> Inst {
    Inst::StrConst {
        dst: r(0),
        konst: ConstIx(konst),
    }
}

fn tag(value: TypeIx) -> TagConst {
    TagConst {
        name: "t".into(),
        value,
        keys: vec![],
        owner: None,
        lifetime: None,
        read: Access::Any,
        write: Access::Any,
    }
}

#[test]
fn the_smallest_function_is_valid() {
    assert_eq!(one([]).code([]).fault(), None);
}

#[test]
fn a_group_has_a_function() {
    let error = VerifiedGroup::new(Group::default()).map(|_| ());
    assert_eq!(
        error,
        Err(VerifyError {
            function: None,
            pc: None,
            fault: Fault::NoFunctions
        })
    );
}

#[test]
fn faults_of_types_are_passed_on() {
    let mut group = one([Type::Float]).code([]);
    group.group.types.intern(Type::Set(TypeIx(1)));
    let fault = Fault::Type(TypeError::BadKey(TypeIx(2)));
    assert_eq!(group.raw(), Some(fault));
}

#[test]
fn constants_exist_once_in_order_and_are_used() {
    let base = || {
        let group = one([Type::Str]);
        let slot = group.object(&Type::Str);
        group.regs(&[slot])
    };
    let consts = |texts: &[&str], insts: &[Inst]| {
        let mut group = base().code(insts.iter().cloned());
        group.group.consts = texts
            .iter()
            .map(|text| Const::Str(text.to_string()))
            .collect();
        group.raw()
    };
    assert_eq!(consts(&["a", "b"], &[text(0), text(1)]), None);
    assert_eq!(
        consts(&["a"], &[text(1)]),
        Some(Fault::UnknownConst(ConstIx(1)))
    );
    assert_eq!(
        consts(&["a", "a"], &[text(0), text(1)]),
        Some(Fault::Duplicate("constant"))
    );
    assert_eq!(
        consts(&["a", "b"], &[text(1), text(0)]),
        Some(Fault::NotCanonical("constants"))
    );
    assert_eq!(
        consts(&["a", "b"], &[text(0)]),
        Some(Fault::NotCanonical("constants"))
    );
}

#[test]
fn types_are_in_order_and_used() {
    let unused = one([Type::Int]).code([]);
    assert_eq!(unused.raw(), Some(Fault::NotCanonical("types")));
    let turned = one([Type::Int, Type::Str]);
    let slots = [turned.object(&Type::Str)];
    let turned = turned.params(&[TypeIx(1)]).regs(&slots).code([]);
    assert_eq!(turned.raw(), Some(Fault::NotCanonical("types")));
}

#[test]
fn canonicalizing_mends_order_and_duplicates() {
    let group = one([Type::Str, Type::Float]);
    let slot = group.object(&Type::Str);
    let mut group = group.regs(&[slot]).code([text(2), text(0), text(1)]);
    group.group.consts = ["b", "a", "a"].map(|text| Const::Str(text.into())).into();
    let verified = group.verify().expect("normal form is valid");
    assert_eq!(
        verified.consts,
        ["a", "b"].map(|text| Const::Str(text.into()))
    );
    assert_eq!(verified.types.len(), 2, "Float is not used");
}

#[test]
fn tags_are_consistent() {
    let check = |change: &dyn Fn(&mut TagConst)| {
        let mut group = one([Type::Int, Type::Tag(TypeIx(1)), Type::Float]);
        group.group.types.intern(Type::Fn {
            params: vec![],
            result: TypeIx(0),
        });
        let slot = Slot::Ref(TypeIx(2));
        let mut group = group.regs(&[slot]).code([Inst::TagConst {
            dst: r(0),
            tag: TagIx(0),
        }]);
        group.group.tags = vec![tag(TypeIx(1))];
        change(&mut group.group.tags[0]);
        group.fault()
    };
    assert_eq!(check(&|_| {}), None);
    assert_eq!(
        check(&|tag| tag.owner = Some("lib".into())),
        Some(Fault::TagOwner)
    );
    assert_eq!(
        check(&|tag| tag.write = Access::Code),
        Some(Fault::TagOwner)
    );
    assert_eq!(check(&|tag| tag.name = "a\nb".into()), Some(Fault::BadName));
    let float_key = check(&|tag| tag.keys = vec![TypeIx(3)]);
    assert!(matches!(float_key, Some(Fault::NotKey(_))), "{float_key:?}");
    let function = check(&|tag| tag.value = TypeIx(4));
    assert!(matches!(function, Some(Fault::NotData(_))), "{function:?}");
    let no_keys = check(&|tag| tag.keys = vec![TypeIx(1)]);
    assert_eq!(no_keys, Some(Fault::TagKeys(TagIx(0))));
    let other_value = check(&|tag| tag.value = TypeIx(0));
    assert!(
        matches!(other_value, Some(Fault::WrongType(_))),
        "{other_value:?}"
    );
    let many_keys = check(&|tag| tag.keys = vec![TypeIx(1); MAX_PARAMS + 1]);
    assert_eq!(many_keys, Some(Fault::TooMany("parameters")));
}

#[test]
fn tags_stand_once_and_in_order() {
    let check = |tags: &[&str], used: &[u32]| {
        let group = one([Type::Tag(TypeIx(0))]);
        let insts = used.iter().map(|ix| Inst::TagConst {
            dst: r(0),
            tag: TagIx(*ix),
        });
        let mut group = group.regs(&[Slot::Ref(TypeIx(1))]).code(insts);
        let named = |name: &&str| TagConst {
            name: name.to_string(),
            ..tag(TypeIx(0))
        };
        group.group.tags = tags.iter().map(named).collect();
        group.raw()
    };
    assert_eq!(check(&["a", "b"], &[0, 1]), None);
    assert_eq!(check(&["a"], &[1]), Some(Fault::UnknownTag(TagIx(1))));
    assert_eq!(check(&["a", "a"], &[0, 1]), Some(Fault::Duplicate("tag")));
    assert_eq!(
        check(&["a", "b"], &[1, 0]),
        Some(Fault::NotCanonical("tags"))
    );
}

#[test]
fn callees_stand_once_in_order_and_exist() {
    let check = |callees: &[u16], used: &[u16]| {
        let insts = used.iter().map(|ix| Inst::Call {
            dsts: [].into(),
            func: FuncRef::Callee(*ix),
            args: [].into(),
        });
        let mut group = one([]).code(insts);
        let callee = |function: &u16| Callee {
            group: BrickHash([7; 32]),
            function: *function,
            params: vec![],
            result: TypeIx(0),
        };
        group.group.callees = callees.iter().map(callee).collect();
        group.raw()
    };
    assert_eq!(check(&[5, 3], &[0, 1]), None);
    assert_eq!(
        check(&[5], &[1]),
        Some(Fault::UnknownFunction(FuncRef::Callee(1)))
    );
    assert_eq!(check(&[5, 5], &[0, 1]), Some(Fault::Duplicate("callee")));
    assert_eq!(
        check(&[5, 3], &[1, 0]),
        Some(Fault::NotCanonical("callees"))
    );
}

#[test]
fn indices_exist() {
    let call = Inst::Call {
        dsts: [].into(),
        func: FuncRef::Local(1),
        args: [].into(),
    };
    assert_eq!(
        one([]).code([call]).raw(),
        Some(Fault::UnknownFunction(FuncRef::Local(1)))
    );
    assert_eq!(one([]).code([int(0)]).raw(), Some(Fault::UnknownReg(r(0))));
    let jump = Inst::Jump { to: BlockIx(1) };
    assert_eq!(
        one([]).blocks([vec![jump]]).raw(),
        Some(Fault::UnknownBlock(BlockIx(1)))
    );
    let switch = Inst::Switch {
        index: r(0),
        targets: [BlockIx(9)].into(),
        default: BlockIx(0),
    };
    let switch = one([]).regs(&[Slot::Int]).blocks([vec![int(0), switch]]);
    assert_eq!(switch.raw(), Some(Fault::UnknownBlock(BlockIx(9))));
    let new = Inst::MapNew {
        dst: r(0),
        ty: TypeIx(5),
    };
    let new = one([]).regs(&[Slot::Int]).code([new]);
    assert_eq!(new.raw(), Some(Fault::UnknownType(TypeIx(5))));
    let slot = one([]).regs(&[Slot::Ref(TypeIx(5))]).code([]);
    assert_eq!(slot.raw(), Some(Fault::UnknownType(TypeIx(5))));
    let mut result = one([]).code([]);
    result.group.functions[0].result = TypeIx(5);
    assert_eq!(result.raw(), Some(Fault::UnknownType(TypeIx(5))));
}

#[test]
fn frames_begin_with_inputs() {
    let group = one([Type::Int, Type::Str]);
    let int_type = group.ty(&Type::Int);
    let mut group = group.params(&[int_type]).code([]);
    assert_eq!(group.group.functions[0].regs, [Slot::Int]);
    group.group.functions[0].regs[0] = Slot::Bool;
    assert_eq!(group.fault(), Some(Fault::Frame));

    let mut short = one([Type::Int]).params(&[TypeIx(1)]).code([]);
    short.group.functions[0].captures = vec![TypeIx(1)];
    assert_eq!(short.fault(), Some(Fault::Frame));

    let params = [TypeIx(0); MAX_PARAMS + 1];
    assert_eq!(
        one([]).params(&params).code([]).fault(),
        Some(Fault::TooMany("parameters"))
    );
    let regs = [Slot::Int; MAX_REGS + 1];
    assert_eq!(
        one([]).regs(&regs).code([]).fault(),
        Some(Fault::TooMany("registers"))
    );
}

#[test]
fn slots_are_those_of_values() {
    let types = || one([Type::Int, Type::Str, Type::Option(TypeIx(2))]);
    for slot in [
        Slot::Ref(TypeIx(1)),
        Slot::Enum(TypeIx(1)),
        Slot::OptRef(TypeIx(1)),
        Slot::Ref(TypeIx(3)),
        Slot::OptRef(TypeIx(3)),
    ] {
        let fault = types().regs(&[slot]).code([]).raw();
        assert_eq!(fault, Some(Fault::BadSlot(slot)));
    }
    let unit_box = one([]).regs(&[Slot::Ref(TypeIx(0))]).code([]);
    assert_eq!(
        unit_box.fault(),
        None,
        "a boxed Unit is a record without fields"
    );
}

#[test]
fn blocks_end_with_the_only_terminator() {
    assert_eq!(one([]).raw(), Some(Fault::NoBlocks));
    assert_eq!(one([]).blocks([vec![]]).raw(), Some(Fault::NoTerminator));
    let open = one([]).regs(&[Slot::Int]).blocks([vec![int(0)]]);
    assert_eq!(open.raw(), Some(Fault::NoTerminator));
    let jump = Inst::Jump { to: BlockIx(0) };
    let twice = one([]).blocks([vec![jump.clone(), jump]]);
    assert_eq!(twice.raw(), Some(Fault::AfterTerminator));
}

#[test]
fn errors_say_where() {
    let group = one([]).regs(&[Slot::Int]).code([int(0), int(3)]).group;
    let error = VerifiedGroup::new(group.clone()).expect_err("r3 is not there");
    assert_eq!(error.to_string(), "f0 at 1: there is no register r3");
    let error = VerifiedGroup::decode(&group.encode()).expect_err("likewise");
    assert!(matches!(
        error,
        BrickError::Verify(VerifyError { pc: Some(1), .. })
    ));
    assert!(matches!(
        VerifiedGroup::decode(&[]),
        Err(BrickError::Decode(_))
    ));
}
