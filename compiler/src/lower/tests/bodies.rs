//! Random bodies compute the same before and after they are improved and get their registers.

use proptest::prelude::*;
use sm_bytecode::{BlockIx, Inst, Reg, Slot};

use crate::lower::body::{Block, Body, Op, Origin};
use crate::lower::finish::{Code, finish};
use crate::lower::groups::components;

const REGS: u16 = 8;
const INPUTS: u16 = 2;

/// One step of a random block.
#[derive(Clone, Debug)]
enum Step {
    Const(u16, i64),
    Move(u16, u16),
    Add(u16, u16, u16),
    Div(u16, u16, u16),
}

/// How a random block ends; targets count modulo the number of blocks.
#[derive(Clone, Debug)]
enum End {
    Jump(usize),
    /// Goes to the first block if the first register is less than the second.
    Less(u16, u16, usize, usize),
    For(u16, u16, usize, usize),
    Return(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let reg = 0..REGS;
    prop_oneof![
        (reg.clone(), -3..3i64).prop_map(|(a, n)| Step::Const(a, n)),
        (reg.clone(), reg.clone()).prop_map(|(a, b)| Step::Move(a, b)),
        (reg.clone(), reg.clone(), reg.clone()).prop_map(|(a, b, c)| Step::Add(a, b, c)),
        (reg.clone(), reg.clone(), reg).prop_map(|(a, b, c)| Step::Div(a, b, c)),
    ]
}

fn end() -> impl Strategy<Value = End> {
    let reg = 0..REGS;
    let to = 0..8usize;
    prop_oneof![
        to.clone().prop_map(End::Jump),
        (reg.clone(), reg.clone(), to.clone(), to.clone())
            .prop_map(|(a, b, yes, no)| End::Less(a, b, yes, no)),
        (reg.clone(), reg.clone(), to.clone(), to)
            .prop_map(|(a, b, yes, no)| End::For(a, b, yes, no)),
        reg.prop_map(End::Return),
    ]
}

fn op(inst: Inst) -> Op {
    Op {
        inst,
        origin: Origin::default(),
    }
}

/// A body of integer registers, all of them set in the entry block, and one truth value.
fn body(blocks: &[(Vec<Step>, End)]) -> Body {
    let mut regs = vec![Slot::Int; usize::from(REGS)];
    regs.push(Slot::Bool);
    let flag = Reg(REGS);
    let at = |to: usize| BlockIx(u32::try_from(1 + to % blocks.len()).unwrap());
    let inits = (INPUTS..REGS).map(|reg| {
        op(Inst::IntConst {
            dst: Reg(reg),
            value: reg.into(),
        })
    });
    let mut entry: Vec<Op> = inits.collect();
    entry.push(op(Inst::Jump { to: at(0) }));
    let mut out = vec![Block { ops: entry }];
    for (steps, end) in blocks {
        let mut ops: Vec<Op> = steps
            .iter()
            .map(|step| {
                op(match *step {
                    Step::Const(dst, value) => Inst::IntConst {
                        dst: Reg(dst),
                        value,
                    },
                    Step::Move(dst, src) => Inst::Move {
                        dst: Reg(dst),
                        src: Reg(src),
                    },
                    Step::Add(dst, a, b) => Inst::IntWrapAdd {
                        dst: Reg(dst),
                        a: Reg(a),
                        b: Reg(b),
                    },
                    Step::Div(dst, a, b) => Inst::IntDiv {
                        dst: Reg(dst),
                        a: Reg(a),
                        b: Reg(b),
                    },
                })
            })
            .collect();
        match *end {
            End::Jump(to) => ops.push(op(Inst::Jump { to: at(to) })),
            End::Less(a, b, yes, no) => {
                ops.push(op(Inst::IntLt {
                    dst: flag,
                    a: Reg(a),
                    b: Reg(b),
                }));
                let (then, otherwise) = (at(yes), at(no));
                ops.push(op(Inst::Branch {
                    cond: flag,
                    then,
                    otherwise,
                }));
            }
            End::For(i, limit, yes, no) => ops.push(op(Inst::ForNext {
                i: Reg(i),
                limit: Reg(limit),
                body: at(yes),
                exit: at(no),
            })),
            End::Return(reg) => ops.push(op(Inst::Return {
                values: [Reg(reg)].into(),
            })),
        }
        out.push(Block { ops });
    }
    Body {
        blocks: out,
        regs,
        inputs: usize::from(INPUTS),
        ..Body::default()
    }
}

/// What a run ends with: a value, a division by zero, or not at all within its steps.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value(i64),
    Trap,
    Endless,
}

/// Runs blocks of instructions on integers, counting only what stays: divisions and loop turns.
fn run(blocks: &[Vec<Inst>], regs: usize) -> (Outcome, u32) {
    let mut values = vec![0i64; regs];
    values[0] = 5;
    values[1] = -1;
    let (mut block, mut divisions) = (0, 0);
    for _ in 0..5000 {
        let mut next = None;
        for inst in &blocks[block] {
            let mut set = |reg: Reg, value: i64| values[reg.index()] = value;
            match *inst {
                Inst::IntConst { dst, value } => set(dst, value),
                Inst::Move { dst, src } => values[dst.index()] = values[src.index()],
                Inst::IntWrapAdd { dst, a, b } => {
                    values[dst.index()] = values[a.index()].wrapping_add(values[b.index()]);
                }
                Inst::IntDiv { dst, a, b } => {
                    divisions += 1;
                    match values[a.index()].checked_div(values[b.index()]) {
                        Some(value) => values[dst.index()] = value,
                        None => return (Outcome::Trap, divisions),
                    }
                }
                Inst::IntLt { dst, a, b } => {
                    values[dst.index()] = i64::from(values[a.index()] < values[b.index()]);
                }
                Inst::Jump { to } => next = Some(to),
                Inst::Branch {
                    cond,
                    then,
                    otherwise,
                } => {
                    next = Some(if values[cond.index()] != 0 {
                        then
                    } else {
                        otherwise
                    });
                }
                Inst::ForNext {
                    i,
                    limit,
                    body,
                    exit,
                } => {
                    let more = values[i.index()] < values[limit.index()];
                    values[i.index()] += i64::from(more);
                    next = Some(if more { body } else { exit });
                }
                Inst::Return { values: ref out } => {
                    return (Outcome::Value(values[out[0].index()]), divisions);
                }
                ref other => panic!("not made here: {other:?}"),
            }
        }
        block = next.expect("a block has an end").index();
    }
    (Outcome::Endless, divisions)
}

fn finished(body: Body) -> Code {
    finish(body, &[])
}

proptest! {
    #[test]
    fn finishing_keeps_the_meaning(
        blocks in prop::collection::vec((prop::collection::vec(step(), 0..6), end()), 1..8),
    ) {
        let body = body(&blocks);
        let before: Vec<Vec<Inst>> = body
            .blocks
            .iter()
            .map(|block| block.ops.iter().map(|op| op.inst.clone()).collect())
            .collect();
        let expected = run(&before, body.regs.len());
        let code = finished(body);
        let after: Vec<Vec<Inst>> =
            code.blocks.iter().map(|block| block.insts.clone()).collect();
        let found = run(&after, code.regs.len().max(2));
        // Fewer blocks may get further in as many steps.
        if expected.0 != Outcome::Endless {
            prop_assert_eq!(&found, &expected);
        }
        prop_assert_eq!(&code.regs[..2], &[Slot::Int, Slot::Int]);
    }

    #[test]
    fn live_sets_are_those_of_the_verifier(
        blocks in prop::collection::vec((prop::collection::vec(step(), 0..6), end()), 1..8),
    ) {
        let code = finished(body(&blocks));
        let mut function = sm_bytecode::Function {
            params: Vec::new(),
            captures: Vec::new(),
            result: sm_bytecode::TypeIx(0),
            regs: code.regs,
            blocks: code.blocks.clone(),
        };
        function.compute_live_in();
        prop_assert_eq!(function.blocks, code.blocks);
    }

    #[test]
    fn components_stand_after_those_they_lead_to(
        edges in prop::collection::vec(prop::collection::vec(0..12usize, 0..4), 12..13),
    ) {
        let found = components(&edges);
        let mut place = [0; 12];
        for (at, members) in found.iter().enumerate() {
            for member in members {
                place[*member] = at;
            }
        }
        prop_assert_eq!(found.iter().map(Vec::len).sum::<usize>(), 12);
        for (from, targets) in edges.iter().enumerate() {
            for to in targets {
                prop_assert!(place[*to] <= place[from]);
                let mutual = reaches(&edges, *to, from);
                prop_assert_eq!(place[*to] == place[from], mutual);
            }
        }
    }
}

fn reaches(edges: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![from];
    let mut at = 0;
    while at < seen.len() {
        for next in &edges[seen[at]] {
            if !seen.contains(next) {
                seen.push(*next);
            }
        }
        at += 1;
    }
    seen.contains(&to)
}
