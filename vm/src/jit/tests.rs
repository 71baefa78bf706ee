//! What cannot be seen from outside: compilations that go wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cranelift_codegen::binemit::{Addend, Reloc};
use sm_bytecode::types::{Slot, Type};
use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{EntryRef, FuncRef, Group, Inst, ModuleManifest, ProgramManifest};

use self::assemble::{Assembler, b, int, r, ret, rs};
use self::host::ScriptedHost;
use super::{AtOnce, Jit, JitOptions};
use crate::{Limits, Machine, Outcome, Program};

#[path = "../../tests/machine/assemble.rs"]
mod assemble;
#[path = "../../tests/machine/host.rs"]
#[expect(dead_code, reason = "nothing is asked of the host here")]
mod host;

/// What a test lets a compilation panic with.
pub(super) struct Injected;

fn linked(group: Group) -> Arc<Program> {
    let group = Arc::new(VerifiedGroup::new(group).expect("the brick is valid"));
    let brick = group.hash();
    let module = ModuleManifest {
        name: "lib".into(),
        groups: vec![brick],
        exports: vec![],
        debug: None,
    };
    let manifest = ProgramManifest {
        modules: vec![module.hash()],
        entry: EntryRef { brick, function: 0 },
        bricks: vec![brick],
    };
    let program = Program::link(&manifest, &[module], |_| Some(group.clone()));
    program.expect("the brick links")
}

/// A loop of so many rounds, in which the second function is called.
fn looped(rounds: i64) -> Arc<Program> {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let call = Inst::Call {
        dsts: rs([2]),
        func: FuncRef::Local(1),
        args: rs([2]),
    };
    let next = Inst::ForNext {
        i: r(0),
        limit: r(1),
        body: b(1),
        exit: b(2),
    };
    let jump = Inst::Jump { to: b(1) };
    let begin = vec![int(0, 0), int(1, rounds), int(2, 5), jump];
    let blocks = vec![begin, vec![call, next], vec![ret([2])]];
    asm.function(&[], ty, &[Slot::Int; 3], blocks);
    let sum = Inst::IntAdd {
        dst: r(0),
        a: r(0),
        b: r(0),
    };
    let half = Inst::IntSub {
        dst: r(0),
        a: r(0),
        b: r(1),
    };
    let block = vec![int(1, 5), sum, half, ret([0])];
    asm.function(&[ty], ty, &[Slot::Int], vec![block]);
    linked(asm.finish())
}

fn finish(program: &Arc<Program>) -> (Outcome, u64) {
    let entry = program.entry();
    let machine = Machine::start(program.clone(), entry, &[], Limits::default(), [7; 32]);
    let mut machine = machine.expect("no arguments");
    let outcome = machine.run(u64::MAX, &mut ScriptedHost::default());
    (outcome, machine.fuel_used())
}

#[test]
fn a_panic_in_a_compilation_leaves_its_function_to_the_interpreter() {
    let expected = finish(&looped(20));
    let jit = Jit::new(Arc::new(AtOnce), JitOptions::EAGER).expect("there is a JIT");
    for untouched in [0, 1, 2] {
        let program = looped(20);
        jit.attach(&program);
        let state = program.jit.state(&program).expect("it is not cold");
        assert_eq!(state.sites.len(), 3, "two functions and a loop");
        jit.shared.panics.store(true, Ordering::Relaxed);
        state.compile(&program, untouched);
        assert!(!jit.shared.panics.load(Ordering::Relaxed));
        assert_eq!(finish(&program), expected);
        let entered = state.sites.iter().map(|site| site.entry.get().is_some());
        let entered: Vec<bool> = entered.collect();
        let wanted: Vec<bool> = (0..3).map(|site| site != untouched).collect();
        assert_eq!(entered, wanted);
        // It is not asked for again.
        assert_eq!(finish(&program), expected);
        assert!(state.sites[untouched].entry.get().is_none());
        assert!(!state.compiler.is_poisoned());
        assert_eq!(program.jit_stats().functions, 2);
    }
}

#[test]
fn a_call_is_set_to_the_function_itself_alone() {
    let func = super::compile::itself(crate::index::FuncId(3));
    let set = |kind, addend: i32, namespace, index| {
        let mut code = vec![0; 16];
        let reloc = cranelift_codegen::FinalizedMachReloc {
            offset: 4,
            kind,
            addend: Addend::from(addend),
            target: cranelift_codegen::FinalizedRelocTarget::Func(0),
        };
        let called = cranelift_codegen::ir::UserExternalName { namespace, index };
        let name = cranelift_codegen::ir::UserFuncName::User(func.clone());
        super::compile::relocate(&mut code, &reloc, &name, &called).map(|()| code)
    };
    let (space, index) = (func.namespace, func.index);
    // Bytes from the end of the field on x86-64, words from the instruction on aarch64.
    for (kind, addend, field) in [
        (Reloc::X86CallPCRel4, -4, -8_i32),
        (Reloc::Arm64Call, 0, 0x03ff_ffff),
    ] {
        let code = set(kind, addend, space, index).expect("it is itself");
        assert_eq!(code[4..8], field.to_le_bytes());
        assert_eq!(set(kind, addend, space, index + 1), None);
        assert_eq!(set(kind, addend, space + 1, index), None);
    }
}
