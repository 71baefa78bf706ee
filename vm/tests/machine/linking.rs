//! What makes bricks a program, and what does not.

use std::sync::Arc;

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{
    Access, BrickHash, Callee, EntryRef, Export, FuncRef, Group, Inst, ManifestHash,
    ModuleManifest, ProgramManifest, TagConst, TagIx,
};
use sm_vm::{LinkError, Outcome, Program};

use crate::assemble::{Assembler, int, r, ret, rs};
use crate::driver::{Slices, limits, run};

/// `fn seven() -> Int`
fn callee() -> Group {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    asm.function(&[], ty, &[Slot::Int], vec![vec![int(0, 7), ret([0])]]);
    asm.finish()
}

/// A function that calls function 0 of another brick, which is to give a `result`.
fn caller(target: BrickHash, result: Type) -> Group {
    let mut asm = Assembler::default();
    let ty = asm.ty(result);
    asm.group.callees.push(Callee {
        group: target,
        function: 0,
        params: vec![],
        result: ty,
    });
    let slots = asm.group.types.slots(ty);
    let call = Inst::Call {
        dsts: rs([0]),
        func: FuncRef::Callee(0),
        args: rs([]),
    };
    asm.function(&[], ty, &slots, vec![vec![call, ret([0])]]);
    asm.finish()
}

fn verified(group: Group) -> Arc<VerifiedGroup> {
    Arc::new(VerifiedGroup::new(group).expect("a valid brick"))
}

fn module(name: &str, groups: &[&VerifiedGroup], exports: &[EntryRef]) -> ModuleManifest {
    let export = |target: &EntryRef| Export {
        symbol: format!("f{}", target.function),
        target: *target,
    };
    let mut manifest = ModuleManifest {
        name: name.into(),
        groups: groups.iter().map(|group| group.hash()).collect(),
        exports: exports.iter().map(export).collect(),
        debug: None,
    };
    manifest.groups.sort();
    manifest
}

fn link(
    entry: &VerifiedGroup,
    modules: &[ModuleManifest],
    bricks: &[Arc<VerifiedGroup>],
) -> Result<Arc<Program>, LinkError> {
    let mut manifest = ProgramManifest {
        modules: modules.iter().map(ModuleManifest::hash).collect(),
        entry: first(entry),
        bricks: bricks.iter().map(|brick| brick.hash()).collect(),
    };
    manifest.modules.sort();
    manifest.bricks.sort();
    Program::link(&manifest, modules, |hash| {
        bricks.iter().find(|brick| brick.hash() == *hash).cloned()
    })
}

fn first(group: &VerifiedGroup) -> EntryRef {
    EntryRef {
        brick: group.hash(),
        function: 0,
    }
}

#[test]
fn a_call_goes_to_an_exported_function_of_another_module() {
    let there = verified(callee());
    let here = verified(caller(there.hash(), Type::Int));
    let bricks = [there.clone(), here.clone()];
    let open = [
        module("a", &[&here], &[]),
        module("b", &[&there], &[first(&there)]),
    ];
    let program = link(&here, &open, &bricks).expect("the target is exported");
    let ran = run(&program, limits(), 1000, Slices::Restored);
    assert!(matches!(ran.outcome, Outcome::Done(data) if data.bytes == [14]));
    assert_eq!(ran.fuel, 4 + 1 + 2 + 2);

    let private = [module("a", &[&here], &[]), module("b", &[&there], &[])];
    let refused = link(&here, &private, &bricks).map(|_| ());
    let (caller, target) = (here.hash(), first(&there));
    assert_eq!(refused, Err(LinkError::Private { caller, target }));

    let together = [module("a", &[&here, &there], &[])];
    assert!(link(&here, &together, &bricks).is_ok(), "one module");
}

#[test]
fn both_sides_of_a_call_agree_on_its_types() {
    let there = verified(callee());
    let here = verified(caller(there.hash(), Type::Float));
    let modules = [module("a", &[&here, &there], &[])];
    let refused = link(&here, &modules, &[there.clone(), here.clone()]).map(|_| ());
    let (caller, target) = (here.hash(), first(&there));
    assert_eq!(refused, Err(LinkError::BadCallee { caller, target }));
}

#[test]
fn everything_that_is_named_is_there() {
    let there = verified(callee());
    let here = verified(caller(there.hash(), Type::Int));
    let both = [module("a", &[&here, &there], &[])];
    let all = [there.clone(), here.clone()];
    let error = |result: Result<Arc<Program>, LinkError>| result.map(|_| ()).err();

    let alone = error(link(&here, &both, std::slice::from_ref(&here)));
    assert_eq!(alone, Some(LinkError::MissingBrick(there.hash())));

    let homeless = error(link(&here, &[module("a", &[&here], &[])], &all));
    assert_eq!(homeless, Some(LinkError::Homeless(there.hash())));

    let strange = VerifiedGroup::new(caller(BrickHash([1; 32]), Type::Int)).expect("valid");
    assert_eq!(error(link(&strange, &both, &all)), Some(LinkError::NoEntry));

    let manifest = ProgramManifest {
        modules: vec![ManifestHash([2; 32])],
        entry: first(&here),
        bricks: vec![],
    };
    let missing = Program::link(&manifest, &[], |_| None);
    assert_eq!(
        error(missing),
        Some(LinkError::MissingModule(ManifestHash([2; 32])))
    );
    let manifest = ProgramManifest {
        modules: vec![],
        ..manifest
    };
    let strange = Program::link(&manifest, &both, |_| None);
    assert_eq!(
        error(strange),
        Some(LinkError::StrangeModule(both[0].hash()))
    );
}

fn private_tag() -> Group {
    let mut asm = Assembler::default();
    let int_type = asm.ty(Type::Int);
    let tag = asm.ty(Type::Tag(int_type));
    asm.group.tags.push(TagConst {
        name: "route".into(),
        value: int_type,
        keys: vec![],
        owner: Some("lib".into()),
        lifetime: None,
        read: Access::Any,
        write: Access::Code,
    });
    let load = Inst::TagConst {
        dst: r(0),
        tag: TagIx(0),
    };
    asm.function(&[], tag, &[Slot::Ref(tag)], vec![vec![load, ret([0])]]);
    asm.finish()
}

#[test]
fn a_private_tag_belongs_to_the_module_that_lists_its_brick() {
    let brick = verified(private_tag());
    let base = |modules: &[ModuleManifest]| {
        let bricks = std::slice::from_ref(&brick);
        let program = link(&brick, modules, bricks)?;
        Ok(program
            .tag_base(&brick.hash(), TagIx(0))
            .expect("the tag is there"))
    };
    let lib = module("lib", &[&brick], &[]);
    let other = ModuleManifest {
        exports: vec![Export {
            symbol: "f".into(),
            target: first(&brick),
        }],
        ..lib.clone()
    };
    let one = base(std::slice::from_ref(&lib)).expect("its own module");
    assert_eq!(base(std::slice::from_ref(&lib)), Ok(one));
    assert_ne!(base(&[other]), Ok(one), "another manifest is another owner");
    let (hash, name) = (brick.hash(), "lib".to_owned());
    let stolen = base(&[module("mine", &[&brick], &[])]);
    assert_eq!(
        stolen,
        Err(LinkError::NotOwner {
            brick: hash,
            module: name
        })
    );
}

/// A module cannot open another one's private functions: not by exporting them, not by listing
/// their bricks as its own, and not by listing a brick that may call them.
#[test]
fn nobody_gets_behind_the_exports_of_a_module() {
    let secret = verified(private_tag());
    let tag = Type::Tag(sm_bytecode::TypeIx(0));
    let helper = verified(caller_of_tag(secret.hash(), &tag));
    let thief = verified(caller_of_tag(helper.hash(), &tag));
    let thief_of_secret = verified(caller_of_tag(secret.hash(), &tag));
    let lib = module("lib", &[&secret, &helper], &[]);
    let all = [secret.clone(), helper.clone(), thief.clone()];
    let direct = [secret.clone(), helper.clone(), thief_of_secret.clone()];
    let fails = |entry: &VerifiedGroup, mine: ModuleManifest, bricks: &[Arc<VerifiedGroup>]| {
        let linked = link(entry, &[lib.clone(), mine.clone()], bricks);
        let turned = link(entry, &[mine, lib.clone()], bricks);
        linked.is_err() && turned.is_err()
    };

    let exported = module("mine", &[&thief], &[first(&helper)]);
    assert!(fails(&thief, exported, &all), "exported by a stranger");
    let listed = module("mine", &[&thief, &helper], &[]);
    assert!(fails(&thief, listed, &all), "listed by a stranger");
    let named = module("lib", &[&thief_of_secret, &secret], &[]);
    assert!(fails(&thief_of_secret, named, &direct), "of the same name");
}

/// A function that calls function 0 of another brick, which gives a tag of an `Int`.
fn caller_of_tag(target: BrickHash, tag: &Type) -> Group {
    let mut asm = Assembler::default();
    asm.ty(Type::Int);
    let ty = asm.ty(tag.clone());
    asm.group.callees.push(Callee {
        group: target,
        function: 0,
        params: vec![],
        result: ty,
    });
    let call = Inst::Call {
        dsts: rs([0]),
        func: FuncRef::Callee(0),
        args: rs([]),
    };
    asm.function(&[], ty, &[Slot::Ref(ty)], vec![vec![call, ret([0])]]);
    asm.finish()
}

#[test]
fn an_entry_deals_in_data() {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let function = asm.ty(Type::Fn {
        params: vec![],
        result: ty,
    });
    let make = Inst::ClosureNew {
        dst: r(0),
        func: FuncRef::Local(1),
        captures: rs([]),
    };
    asm.function(
        &[],
        function,
        &[Slot::Ref(function)],
        vec![vec![make, ret([0])]],
    );
    asm.function(&[], ty, &[Slot::Int], vec![vec![int(0, 1), ret([0])]]);
    let brick = verified(asm.finish());
    let modules = [module("a", &[&brick], &[])];
    let refused = link(&brick, &modules, std::slice::from_ref(&brick));
    assert_eq!(refused.map(|_| ()), Err(LinkError::EntryNotData));
}
