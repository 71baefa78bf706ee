//! Random bodies compute the same, and trap in the same way, before and after they are improved.

use proptest::prelude::*;
use sm_bytecode::{BlockIx, Inst, Opcode, Reg, Slot, TrapKind, TypeTable};

use crate::lower::body::{Block, Body, Op, Origin};
use crate::lower::finish::finish;
use crate::lower::opt::{Facts, improve};

const INTS: u16 = 7;
const BOOLS: u16 = 2;
const INPUTS: u16 = 2;

const BINARY: [Opcode; 15] = [
    Opcode::IntAdd,
    Opcode::IntSub,
    Opcode::IntMul,
    Opcode::IntDiv,
    Opcode::IntRem,
    Opcode::IntWrapAdd,
    Opcode::IntWrapSub,
    Opcode::IntAnd,
    Opcode::IntOr,
    Opcode::IntShr,
    Opcode::IntShl,
    Opcode::IntEq,
    Opcode::IntNe,
    Opcode::IntLt,
    Opcode::IntLe,
];

#[derive(Clone, Debug)]
enum Step {
    Const(u16, i64),
    Move(u16, u16),
    Binary(usize, u16, u16, u16),
    Not(u16, u16),
    Truth(u16, bool),
    MoveTruth(u16, u16),
}

#[derive(Clone, Debug)]
enum End {
    Jump(usize),
    Branch(u16, usize, usize),
    Switch(u16, [usize; 3]),
    For(u16, u16, usize, usize),
    Return(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let int = 0..INTS;
    let truth = INTS..INTS + BOOLS;
    let number = prop_oneof![-3..9i64, Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1)];
    prop_oneof![
        2 => (int.clone(), number).prop_map(|(dst, n)| Step::Const(dst, n)),
        1 => (int.clone(), int.clone()).prop_map(|(dst, src)| Step::Move(dst, src)),
        5 => (0..BINARY.len(), 0..INTS, int.clone(), int).prop_map(|(op, dst, a, b)| {
            let is_test = op >= 11;
            let dst = if is_test { INTS + dst % BOOLS } else { dst };
            Step::Binary(op, dst, a, b)
        }),
        1 => (truth.clone(), truth.clone()).prop_map(|(dst, a)| Step::Not(dst, a)),
        1 => (truth.clone(), any::<bool>()).prop_map(|(dst, value)| Step::Truth(dst, value)),
        1 => (truth.clone(), truth).prop_map(|(dst, a)| Step::MoveTruth(dst, a)),
    ]
}

fn end() -> impl Strategy<Value = End> {
    let to = 0..8usize;
    let pair = (to.clone(), to.clone());
    prop_oneof![
        to.clone().prop_map(End::Jump),
        (INTS..INTS + BOOLS, pair.clone()).prop_map(|(c, (yes, no))| End::Branch(c, yes, no)),
        (0..INTS, [to.clone(), to.clone(), to]).prop_map(|(index, to)| End::Switch(index, to)),
        (0..INTS, 0..INTS, pair).prop_map(|(i, n, (yes, no))| End::For(i, n, yes, no)),
        (0..INTS).prop_map(End::Return),
    ]
}

fn op(inst: Inst) -> Op {
    Op {
        inst,
        origin: Origin::default(),
    }
}

fn binary(opcode: Opcode, dst: u16, a: u16, b: u16) -> Inst {
    let (dst, a, b) = (Reg(dst), Reg(a), Reg(b));
    match opcode {
        Opcode::IntAdd => Inst::IntAdd { dst, a, b },
        Opcode::IntSub => Inst::IntSub { dst, a, b },
        Opcode::IntMul => Inst::IntMul { dst, a, b },
        Opcode::IntDiv => Inst::IntDiv { dst, a, b },
        Opcode::IntRem => Inst::IntRem { dst, a, b },
        Opcode::IntWrapAdd => Inst::IntWrapAdd { dst, a, b },
        Opcode::IntWrapSub => Inst::IntWrapSub { dst, a, b },
        Opcode::IntAnd => Inst::IntAnd { dst, a, b },
        Opcode::IntOr => Inst::IntOr { dst, a, b },
        Opcode::IntShr => Inst::IntShr { dst, a, b },
        Opcode::IntShl => Inst::IntShl { dst, a, b },
        Opcode::IntEq => Inst::IntEq { dst, a, b },
        Opcode::IntNe => Inst::IntNe { dst, a, b },
        Opcode::IntLt => Inst::IntLt { dst, a, b },
        _ => Inst::IntLe { dst, a, b },
    }
}

fn inst(step: &Step) -> Inst {
    match *step {
        Step::Const(dst, value) => Inst::IntConst {
            dst: Reg(dst),
            value,
        },
        Step::Move(dst, src) | Step::MoveTruth(dst, src) => Inst::Move {
            dst: Reg(dst),
            src: Reg(src),
        },
        Step::Binary(at, dst, a, b) => binary(BINARY[at], dst, a, b),
        Step::Not(dst, a) => Inst::BoolNot {
            dst: Reg(dst),
            a: Reg(a),
        },
        Step::Truth(dst, value) => Inst::BoolConst {
            dst: Reg(dst),
            value,
        },
    }
}

/// A body all of whose registers are set in the entry block.
fn body(blocks: &[(Vec<Step>, End)]) -> Body {
    let mut regs = vec![Slot::Int; usize::from(INTS)];
    regs.resize(usize::from(INTS + BOOLS), Slot::Bool);
    let at = |to: usize| BlockIx(u32::try_from(1 + to % blocks.len()).unwrap());
    let ints = (INPUTS..INTS).map(|reg| Step::Const(reg, reg.into()));
    let truths = (INTS..INTS + BOOLS).map(|reg| Step::Truth(reg, true));
    let mut entry: Vec<Op> = ints.chain(truths).map(|step| op(inst(&step))).collect();
    entry.push(op(Inst::Jump { to: at(0) }));
    let mut out = vec![Block { ops: entry }];
    for (steps, end) in blocks {
        let mut ops: Vec<Op> = steps.iter().map(|step| op(inst(step))).collect();
        ops.push(op(match *end {
            End::Jump(to) => Inst::Jump { to: at(to) },
            End::Branch(cond, yes, no) => Inst::Branch {
                cond: Reg(cond),
                then: at(yes),
                otherwise: at(no),
            },
            End::Switch(index, [a, b, default]) => Inst::Switch {
                index: Reg(index),
                targets: [at(a), at(b)].into(),
                default: at(default),
            },
            End::For(i, limit, yes, no) => Inst::ForNext {
                i: Reg(i),
                limit: Reg(limit),
                body: at(yes),
                exit: at(no),
            },
            End::Return(reg) => Inst::Return {
                values: [Reg(reg)].into(),
            },
        }));
        out.push(Block { ops });
    }
    Body {
        blocks: out,
        regs,
        inputs: usize::from(INPUTS),
        ..Body::default()
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Value(i64),
    Trap(TrapKind),
    Endless,
}

/// The result of an operation, by what the table of instructions says.
fn compute(opcode: Opcode, a: i64, b: i64) -> Result<i64, TrapKind> {
    let overflow = TrapKind::IntOverflow;
    let divided = |found: Option<i64>| match b {
        0 => Err(TrapKind::DivideByZero),
        _ => found.ok_or(overflow),
    };
    let distance = || match b {
        0..64 => Ok(b),
        _ => Err(TrapKind::ShiftRange),
    };
    Ok(match opcode {
        Opcode::IntAdd => a.checked_add(b).ok_or(overflow)?,
        Opcode::IntSub => a.checked_sub(b).ok_or(overflow)?,
        Opcode::IntMul => a.checked_mul(b).ok_or(overflow)?,
        Opcode::IntDiv => divided(a.checked_div(b))?,
        Opcode::IntRem => divided(a.checked_rem(b))?,
        Opcode::IntWrapAdd => a.wrapping_add(b),
        Opcode::IntWrapSub => a.wrapping_sub(b),
        Opcode::IntWrapMul => a.wrapping_mul(b),
        Opcode::IntAnd => a & b,
        Opcode::IntOr => a | b,
        Opcode::IntShr => a >> distance()?,
        Opcode::IntShl => a << distance()?,
        Opcode::IntEq | Opcode::BoolEq => (a == b).into(),
        Opcode::IntNe => (a != b).into(),
        Opcode::IntLt => (a < b).into(),
        Opcode::IntLe => (a <= b).into(),
        Opcode::BoolNot => i64::from(a == 0),
        other => panic!("not made here: {other:?}"),
    })
}

fn run(blocks: &[Vec<Inst>], regs: usize) -> Outcome {
    let mut values = vec![0i64; regs];
    values[0] = 5;
    values[1] = -1;
    let mut block = 0;
    for _ in 0..3000 {
        let mut next = None;
        for inst in &blocks[block] {
            let get = |reg: &Reg| values[reg.index()];
            let (dst, value) = match inst {
                Inst::IntConst { dst, value } => (*dst, *value),
                Inst::BoolConst { dst, value } => (*dst, (*value).into()),
                Inst::Move { dst, src } => (*dst, get(src)),
                Inst::Jump { to } => {
                    next = Some(*to);
                    continue;
                }
                Inst::Branch {
                    cond,
                    then,
                    otherwise,
                } => {
                    next = Some(if get(cond) != 0 { *then } else { *otherwise });
                    continue;
                }
                Inst::Switch {
                    index,
                    targets,
                    default,
                } => {
                    let at = usize::try_from(get(index)).ok();
                    next = Some(*at.and_then(|at| targets.get(at)).unwrap_or(default));
                    continue;
                }
                Inst::ForNext {
                    i,
                    limit,
                    body,
                    exit,
                } => {
                    let more = get(i) < get(limit);
                    next = Some(if more { *body } else { *exit });
                    (*i, get(i) + i64::from(more))
                }
                Inst::Return { values: out } => return Outcome::Value(get(&out[0])),
                other => {
                    let mut uses = Vec::new();
                    other.uses(|reg| uses.push(get(&reg)));
                    let mut dst = Reg(0);
                    other.defs(|reg| dst = reg);
                    let b = uses.get(1).copied().unwrap_or_default();
                    match compute(other.opcode(), uses[0], b) {
                        Ok(value) => (dst, value),
                        Err(trap) => return Outcome::Trap(trap),
                    }
                }
            };
            values[dst.index()] = value;
        }
        block = next.expect("a block has an end").index();
    }
    Outcome::Endless
}

fn insts(body: &Body) -> Vec<Vec<Inst>> {
    let blocks = body.blocks.iter();
    let insts = blocks.map(|block| block.ops.iter().map(|op| op.inst.clone()).collect());
    insts.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn improving_keeps_the_meaning(
        blocks in prop::collection::vec((prop::collection::vec(step(), 0..8), end()), 1..9),
    ) {
        let mut body = body(&blocks);
        let expected = run(&insts(&body), body.regs.len());
        let types = TypeTable::new();
        improve(&mut body, &mut Vec::new(), &Facts { types: &types });
        let code = finish(body, &[]);
        let after: Vec<Vec<Inst>> =
            code.blocks.iter().map(|block| block.insts.clone()).collect();
        let found = run(&after, code.regs.len().max(2));
        // Fewer blocks may get further in as many steps.
        if expected != Outcome::Endless {
            prop_assert_eq!(found, expected);
        }
    }
}
