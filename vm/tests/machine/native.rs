//! Who compiles, when, and how much of it; and native code at its limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use sm_bytecode::types::{Slot, Type};
use sm_bytecode::{FuncRef, Group, Inst, Reg};
use sm_vm::{
    AtOnce, Busy, Executor, Jit, JitOptions, JitStats, Job, KillKind, Limits, Machine, Outcome,
    Program,
};

use crate::assemble::{Assembler, b, int, r, ret, rs};
use crate::driver::{Slices, limits, linked, program, run, start};
use crate::host::ScriptedHost;

/// `fn f(n) = if n < 1 { n } else { f(n - 1) + 1 }` with so many registers, called by `times`
/// rounds of a loop with `n`.
fn deep(n: i64, times: i64, registers: usize) -> Group {
    let mut asm = Assembler::default();
    let ty = asm.ty(Type::Int);
    let call = |dst, arg| Inst::Call {
        dsts: rs([dst]),
        func: FuncRef::Local(1),
        args: rs([arg]),
    };
    let next = Inst::ForNext {
        i: r(0),
        limit: r(1),
        body: b(1),
        exit: b(2),
    };
    let begin = vec![int(0, 0), int(1, times), int(2, n), Inst::Jump { to: b(1) }];
    let blocks = vec![begin, vec![call(3, 2), next], vec![ret([3])]];
    asm.function(&[], ty, &[Slot::Int; 4], blocks);
    let mut locals = vec![Slot::Int; registers.saturating_sub(2).max(2)];
    locals.push(Slot::Bool);
    let cond = locals.len() as u16;
    let test = Inst::IntLt {
        dst: r(cond),
        a: r(0),
        b: r(1),
    };
    let branch = Inst::Branch {
        cond: r(cond),
        then: b(1),
        otherwise: b(2),
    };
    let less = Inst::IntSub {
        dst: r(2),
        a: r(0),
        b: r(1),
    };
    let sum = Inst::IntAdd {
        dst: r(2),
        a: r(2),
        b: r(1),
    };
    let blocks = vec![
        vec![int(1, 1), test, branch],
        vec![ret([0])],
        vec![less, call(2, 2), sum, ret([2])],
    ];
    asm.function(&[ty], ty, &locals, blocks);
    asm.finish()
}

/// The same, compiled by this executor; `None` where there is no JIT.
fn compiled(
    group: Group,
    executor: impl Executor + 'static,
    options: JitOptions,
) -> Option<(Jit, Arc<Program>)> {
    let jit = Jit::new(Arc::new(executor), options)?;
    let program = linked(group);
    jit.attach(&program);
    Some((jit, program))
}

fn finish(program: &Arc<Program>, limits: Limits) -> (Outcome, u64) {
    let mut machine = start(program, limits);
    ends(&mut machine)
}

fn ends(machine: &mut Machine) -> (Outcome, u64) {
    let outcome = machine.run(u64::MAX, &mut ScriptedHost::default());
    (outcome, machine.fuel_used())
}

/// Has no time for the first jobs.
struct Late(AtomicUsize);

impl Executor for Late {
    fn execute(&self, job: Job) -> Result<(), Busy> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        match left {
            0 => AtOnce.execute(job),
            _ => Err(Busy),
        }
    }
}

/// Keeps all jobs.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<Job>>>);

impl Queue {
    fn take(&self) -> Vec<Job> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut jobs)
    }
}

impl Executor for Queue {
    fn execute(&self, job: Job) -> Result<(), Busy> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.push(job);
        Ok(())
    }
}

/// Hands jobs to another thread.
struct Thread(Sender<Job>);

impl Thread {
    fn start() -> Thread {
        let (jobs, wanted) = channel::<Job>();
        std::thread::spawn(move || wanted.into_iter().for_each(Job::run));
        Thread(jobs)
    }
}

impl Executor for Thread {
    fn execute(&self, job: Job) -> Result<(), Busy> {
        self.0.send(job).map_err(|_| Busy)
    }
}

#[test]
fn what_a_busy_executor_drops_is_asked_for_again() {
    let late = Late(AtomicUsize::new(5));
    let group = deep(3, 100, 3);
    let Some((_, program)) = compiled(group, late, JitOptions::EAGER) else {
        return;
    };
    finish(&program, limits());
    let stats = program.jit_stats();
    assert!(stats.functions >= 2 && stats.entries > 0, "{stats:?}");
}

#[test]
fn a_queued_job_does_not_keep_its_program() {
    let queue = Queue::default();
    let Some((jit, program)) = compiled(deep(3, 9, 3), queue.clone(), JitOptions::EAGER) else {
        return;
    };
    finish(&program, limits());
    let jobs = queue.take();
    assert!(jobs.len() >= 2, "{jobs:?}");
    let weak = Arc::downgrade(&program);
    drop(program);
    assert!(weak.upgrade().is_none());
    jobs.into_iter().for_each(Job::run);
    assert_eq!(jit.code_memory(), 0);
}

#[test]
fn a_job_that_comes_twice_compiles_once() {
    let queue = Queue::default();
    let group = deep(3, 9, 3);
    let Some((jit, program)) = compiled(group, queue.clone(), JitOptions::EAGER) else {
        return;
    };
    finish(&program, limits());
    queue.take().into_iter().for_each(Job::run);
    let (first, memory) = (program.jit_stats(), jit.code_memory());
    assert!(first.functions > 0 && memory > 0);
    finish(&program, limits());
    queue.take().into_iter().for_each(Job::run);
    assert_eq!(program.jit_stats().functions, first.functions);
    assert_eq!(jit.code_memory(), memory);
}

#[test]
fn the_memory_for_native_code_is_shared_by_all_programs_and_given_back() {
    let options = JitOptions {
        code_bytes: 1 << 20,
        ..JitOptions::EAGER
    };
    let Some(jit) = Jit::new(Arc::new(AtOnce), options) else {
        return;
    };
    let mut programs = Vec::new();
    let mut last = 0;
    for n in 0..200 {
        let program = linked(deep(n % 50, 3, 3));
        jit.attach(&program);
        let expected = finish(&program, limits());
        assert_eq!(expected, finish(&linked(deep(n % 50, 3, 3)), limits()));
        assert!(jit.code_memory() <= options.code_bytes);
        last = program.jit_stats().functions;
        programs.push(program);
    }
    assert_eq!(last, 0, "all room is taken");
    assert!(programs[0].jit_stats().functions > 0);
    programs.clear();
    assert_eq!(jit.code_memory(), 0);
    let program = linked(deep(3, 3, 3));
    jit.attach(&program);
    finish(&program, limits());
    assert!(program.jit_stats().functions > 0);
}

#[test]
fn what_there_was_no_room_for_is_asked_for_again() {
    let options = JitOptions {
        code_bytes: 512 << 10,
        ..JitOptions::EAGER
    };
    let Some(jit) = Jit::new(Arc::new(AtOnce), options) else {
        return;
    };
    let mut others = Vec::new();
    let starved = loop {
        let program = linked(deep(0, 1_200_000, 3));
        jit.attach(&program);
        finish(&program, limits());
        if program.jit_stats().functions == 0 {
            break program;
        }
        others.push(program);
    };
    assert!(others.len() > 1);
    others.clear();
    finish(&starved, limits());
    assert!(starved.jit_stats().functions > 0);
}

#[test]
fn a_program_without_room_for_its_tables_is_interpreted() {
    let options = JitOptions {
        code_bytes: 4 << 10,
        ..JitOptions::EAGER
    };
    let Some((jit, program)) = compiled(deep(3, 3, 3), AtOnce, options) else {
        return;
    };
    let expected = finish(&linked(deep(3, 3, 3)), limits());
    assert_eq!(finish(&program, limits()), expected);
    assert_eq!(finish(&program, limits()), expected);
    assert_eq!(program.jit_stats(), JitStats::default());
    assert_eq!(jit.code_memory(), 0);
}

#[test]
fn compilations_are_paid_for_with_fuel() {
    let options = JitOptions {
        cold: 0,
        threshold: 1,
        ..JitOptions::default()
    };
    let Some((_, program)) = compiled(deep(3, 1_000_000, 3), AtOnce, options) else {
        return;
    };
    let mut machine = start(&program, limits());
    let mut host = ScriptedHost::default();
    let mut sizes = vec![0];
    for _ in 0..3_000 {
        machine.run(1_000, &mut host);
        let stats = program.jit_stats();
        // Finding out what a compilation takes is paid for behind it.
        let paid = machine.fuel_used() / options.price;
        assert!(stats.work <= paid + 30, "{stats:?}, {paid}");
        if sizes.last() != Some(&stats.functions) {
            sizes.push(stats.functions);
        }
    }
    assert_eq!(sizes, [0, 1, 2]);
}

#[test]
fn one_long_run_becomes_hot() {
    let group = deep(3, 100_000, 3);
    let expected = finish(&linked(group.clone()), limits());
    let Some((_, program)) = compiled(group, AtOnce, JitOptions::default()) else {
        return;
    };
    assert_eq!(finish(&program, limits()), expected);
    let stats = program.jit_stats();
    assert!(stats.functions > 0 && stats.entries > 0, "{stats:?}");
}

#[test]
fn what_compiles_by_default_changes_nothing() {
    let group = deep(20, 3_000, 3);
    let plain = linked(group.clone());
    let expected = run(&plain, limits(), u64::MAX, Slices::Whole);
    for slices in [Slices::Whole, Slices::Fuel(999), Slices::Fuel(20_000)] {
        let Some((_, program)) = compiled(group.clone(), AtOnce, JitOptions::default()) else {
            return;
        };
        assert_eq!(run(&program, limits(), u64::MAX, slices), expected);
        assert!(program.jit_stats().entries > 0);
    }
    for budget in (0..300_000).step_by(7_919) {
        let Some((_, program)) = compiled(group.clone(), AtOnce, JitOptions::default()) else {
            return;
        };
        let expected = run(&plain, limits(), budget, Slices::Whole);
        assert_eq!(run(&program, limits(), budget, Slices::Whole), expected);
    }
}

#[test]
fn threads_share_a_program_that_another_one_compiles() {
    let group = deep(30, 4_000, 3);
    let expected = finish(&linked(group.clone()), limits());
    for options in [JitOptions::EAGER, JitOptions::default()] {
        let Some((_, program)) = compiled(group.clone(), Thread::start(), options) else {
            return;
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        assert_eq!(finish(&program, limits()), expected);
                    }
                });
            }
        });
        assert!(program.jit_stats().entries > 0, "{options:?}");
    }
}

#[test]
fn the_quota_of_frames_ends_a_recursion_at_the_same_place() {
    for frames in [8_000, 20_000, 50_000, 100_000] {
        let limits = Limits {
            frames,
            ..Limits::default()
        };
        let most = i64::from(frames) - 2;
        for (n, is_done) in [(most - 1, true), (most, true), (most + 1, false)] {
            let program = program(deep(n, 1, 3));
            let ran = run(&program, limits, u64::MAX, Slices::Whole);
            let outcome = &ran.outcome;
            assert_eq!(
                matches!(outcome, Outcome::Done(_)),
                is_done,
                "{n}: {outcome:?}"
            );
            assert!(is_done || *outcome == Outcome::Kill(KillKind::Frames));
            let sliced = run(&program, limits, u64::MAX, Slices::Fuel(300_000));
            assert_eq!(sliced, ran);
        }
    }
}

#[test]
fn the_largest_frames() {
    let limits = Limits {
        registers: 1 << 20,
        ..Limits::default()
    };
    let most = i64::from(limits.registers) / 4096;
    for n in [0, 3, most - 2, most + 2] {
        let program = program(deep(n, 2, 4096));
        let ran = run(&program, limits, u64::MAX, Slices::Whole);
        assert_eq!(matches!(ran.outcome, Outcome::Done(_)), n < most, "{n}");
        for fuel in [1_000, 37] {
            assert_eq!(run(&program, limits, u64::MAX, Slices::Fuel(fuel)), ran);
        }
        if n < most && Jit::new(Arc::new(AtOnce), JitOptions::EAGER).is_some() {
            assert!(program.jit_stats().functions > 0);
        }
    }
}

/// `fn f(n, ..) = if n < 1 { n } else { f(n - 1, ..) }`, where each of the parameters is eight
/// slots, seven for options and one for a number, and the result is the last ones of the first.
fn wide(n: i64, params: usize, results: usize) -> Group {
    let mut asm = Assembler::default();
    let mut types = vec![asm.ty(Type::Int)];
    for depth in 0..7 {
        types.push(asm.ty(Type::Option(types[depth])));
    }
    let (param, result) = (types[7], types[results - 1]);
    let slots = asm.group.types.slots_of_all(&vec![param; params]);
    assert_eq!(slots.len(), 8 * params);
    let all: Box<[Reg]> = (0..slots.len() as u16).map(Reg).collect();
    let last = &all[8 - results..8];
    let call = |func| Inst::Call {
        dsts: last.into(),
        func: FuncRef::Local(func),
        args: all.clone(),
    };
    let back = Inst::Return {
        values: last.into(),
    };
    let set = |reg: &Reg| match slots[reg.index()] {
        Slot::Int => int(reg.0, n + i64::from(reg.0 / 8)),
        _ => Inst::BoolConst {
            dst: *reg,
            value: true,
        },
    };
    let mut begin: Vec<Inst> = all.iter().map(set).collect();
    begin.extend([call(1), back.clone()]);
    asm.function(&[], result, &slots, vec![begin]);
    let (number, one, cond) = (7, slots.len() as u16, slots.len() as u16 + 1);
    let test = Inst::IntLt {
        dst: r(cond),
        a: r(number),
        b: r(one),
    };
    let branch = Inst::Branch {
        cond: r(cond),
        then: b(1),
        otherwise: b(2),
    };
    let less = Inst::IntSub {
        dst: r(number),
        a: r(number),
        b: r(one),
    };
    let blocks = vec![
        vec![int(one, 1), test, branch],
        vec![back.clone()],
        vec![less, call(1), back],
    ];
    let locals = [Slot::Int, Slot::Bool];
    asm.function(&vec![param; params], result, &locals, blocks);
    asm.finish()
}

#[test]
fn functions_that_take_and_give_much() {
    let limits = Limits {
        registers: 1 << 20,
        ..Limits::default()
    };
    let has_jit = Jit::new(Arc::new(AtOnce), JitOptions::EAGER).is_some();
    for params in [1, 40, 120, 255] {
        for results in [1, 5, 6, 8] {
            let program = program(wide(30, params, results));
            let ran = run(&program, limits, u64::MAX, Slices::Whole);
            assert!(matches!(ran.outcome, Outcome::Done(_)), "{:?}", ran.outcome);
            for fuel in [100, 1] {
                assert_eq!(run(&program, limits, u64::MAX, Slices::Fuel(fuel)), ran);
            }
            // So many results are not given in registers, and so many arguments make too large a
            // native frame.
            let is_compiled = program.jit_stats().functions > 0;
            let is_small = results <= 5 && params < 255;
            assert_eq!(is_compiled, has_jit && is_small, "{params}, {results}");
        }
    }
}
