//! `match`, `if let`, `let`: the code of decision trees.

use std::collections::HashMap;
use std::rc::Rc;

use sm_bytecode::{BlockIx, Inst, Reg, Slot, TrapKind};

use super::control::Join;
use super::decision::{Decisions, ElementAt, Head, Leaf, PartId, PartOf, Tree, decide};
use super::function::{FnLower, Lowered, Want};
use crate::typed::{Arm, Expr, ExprKind, Literal, LocalId, Pattern, PatternKind, Ty};

/// The matched value while its tree is turned into code.
struct Matched<'m, 'p> {
    decisions: &'m Decisions<'p>,
    /// Parts that are in registers where the code stands.
    loaded: Vec<Option<Vec<Reg>>>,
    /// The parts that were loaded, in order, so that a branch can forget its own.
    log: Vec<PartId>,
    arms: Vec<ArmTarget<'p>>,
    fail: BlockIx,
}

/// Where the code of an arm begins, and how its patterns bind.
struct ArmTarget<'p> {
    block: BlockIx,
    guard: Option<&'p Expr>,
    /// More than one leaf leads here: the bindings have registers that all of them fill.
    shared: Option<HashMap<LocalId, Rc<[Reg]>>>,
}

impl<'p> FnLower<'_, 'p> {
    /// Evaluates `value` and binds what `pattern` says, or goes to `fail`.
    pub(crate) fn bind_or(
        &mut self,
        pattern: &'p Pattern,
        value: &'p Expr,
        fail: BlockIx,
    ) -> Lowered<()> {
        let subject = self.subject(value, &[pattern])?;
        let ty = self.ty(value.ty);
        self.bind_subject(pattern, ty, subject, fail);
        Ok(())
    }

    /// Binds a pattern that cannot fail.
    pub(crate) fn bind_sure(
        &mut self,
        pattern: &'p Pattern,
        ty: Ty,
        regs: Vec<Reg>,
    ) -> Lowered<()> {
        if let PatternKind::Bind(local) = &pattern.kind {
            self.bind(*local, regs);
            return Ok(());
        }
        let fail = self.code.block();
        self.bind_subject(pattern, ty, Subject::Value(regs), fail);
        let next = self.code.block();
        self.code.jump(next);
        self.code.begin(fail);
        self.code.end(Inst::Trap {
            kind: TrapKind::Unreachable,
        });
        self.code.begin(next);
        Ok(())
    }

    fn bind_subject(&mut self, pattern: &'p Pattern, ty: Ty, subject: Subject, fail: BlockIx) {
        let decisions = self.decisions(ty, &[pattern], &[false]);
        let next = self.code.block();
        let arms = vec![ArmTarget {
            block: next,
            guard: None,
            shared: None,
        }];
        self.decide_and_go(&decisions, subject, arms, fail);
        self.code.begin(next);
    }

    fn decisions(&mut self, ty: Ty, patterns: &[&'p Pattern], guarded: &[bool]) -> Decisions<'p> {
        let decisions = decide(&mut self.cx.layout, ty, patterns, guarded);
        if decisions.too_large {
            let span = patterns
                .first()
                .map(|pattern| pattern.span)
                .unwrap_or_default();
            self.cx.match_too_large(self.module(), span);
        }
        decisions
    }

    pub(crate) fn matching(
        &mut self,
        ty: Ty,
        value: &'p Expr,
        arms: &'p [Arm],
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let patterns: Vec<&'p Pattern> = arms.iter().map(|arm| &arm.pattern).collect();
        let guarded: Vec<bool> = arms.iter().map(|arm| arm.guard.is_some()).collect();
        let subject = self.subject(value, &patterns)?;
        let value_ty = self.ty(value.ty);
        let decisions = self.decisions(value_ty, &patterns, &guarded);
        let mut join = Join::new(self, ty, want);
        let targets: Vec<ArmTarget<'p>> = arms
            .iter()
            .map(|arm| ArmTarget {
                block: self.code.block(),
                guard: arm.guard.as_ref(),
                shared: None,
            })
            .collect();
        let blocks: Vec<BlockIx> = targets.iter().map(|target| target.block).collect();
        let fail = self.code.block();
        self.decide_and_go(&decisions, subject, targets, fail);
        for ((arm, block), leaves) in arms.iter().zip(blocks).zip(&decisions.leaves) {
            if *leaves > 0 {
                self.code.begin(block);
                let done = self.value_into(&arm.body, &join.dst);
                join.arrive(self, done);
            }
        }
        self.code.begin(fail);
        self.code.end(Inst::Trap {
            kind: TrapKind::Unreachable,
        });
        join.finish(self)
    }

    /// Evaluates what is matched. A tuple that is only taken apart is never made.
    fn subject(&mut self, value: &'p Expr, patterns: &[&'p Pattern]) -> Lowered<Subject> {
        if let ExprKind::Tuple(parts) = &value.kind
            && patterns.iter().all(|pattern| takes_apart(pattern))
        {
            let mut parts = self.values(parts)?;
            for part in &mut parts {
                self.own(part);
            }
            return Ok(Subject::Parts(parts));
        }
        let mut regs = self.value(value)?;
        self.own(&mut regs);
        Ok(Subject::Value(regs))
    }

    /// Copies a value that may be assigned to while it is matched.
    fn own(&mut self, regs: &mut Vec<Reg>) {
        if self.can_change(regs) {
            let slots: Vec<Slot> = regs.iter().map(|reg| self.code.slot(*reg)).collect();
            let copy = self.code.regs(&slots);
            self.code.copy(&copy, regs);
            *regs = copy;
        }
    }

    fn decide_and_go(
        &mut self,
        decisions: &Decisions<'p>,
        subject: Subject,
        arms: Vec<ArmTarget<'p>>,
        fail: BlockIx,
    ) {
        let loaded = vec![None; decisions.parts.len()];
        let mut matched = Matched {
            decisions,
            loaded,
            log: Vec::new(),
            arms,
            fail,
        };
        for (arm, leaves) in matched.arms.iter_mut().zip(&decisions.leaves) {
            arm.shared = (*leaves > 1).then(HashMap::new);
        }
        match subject {
            Subject::Value(regs) => matched.loaded[0] = Some(regs),
            Subject::Parts(parts) => {
                for (part, at) in decisions.parts.iter().zip(0..) {
                    if let PartOf::Field {
                        of: PartId(0),
                        field,
                    } = part.place
                    {
                        matched.loaded[at] = Some(parts[field].clone());
                    }
                }
            }
        }
        self.tree(&mut matched, &decisions.tree);
    }

    fn tree(&mut self, matched: &mut Matched<'_, 'p>, tree: &Tree<'p>) {
        match tree {
            Tree::Fail => self.code.jump(matched.fail),
            Tree::Leaf(leaf) => {
                self.bind_parts(matched, leaf);
                self.code.jump(matched.arms[leaf.arm].block);
            }
            Tree::Guards { arms, rejected } => self.guards(matched, arms, rejected),
            Tree::Test {
                part,
                cases,
                default,
            } => {
                let regs = self.load(matched, *part, None);
                match cases[0].0 {
                    Head::Some | Head::None => self.option_cases(matched, &regs, cases),
                    Head::Variant(_) => {
                        self.variant_cases(matched, *part, &regs, cases, default.as_deref());
                    }
                    Head::Literal(_) | Head::Range(..) => {
                        self.literal_cases(matched, *part, &regs, cases, default.as_deref());
                    }
                }
            }
        }
    }

    /// Continues in a new block with what is known at this place.
    fn subtree(&mut self, matched: &mut Matched<'_, 'p>, block: BlockIx, tree: &Tree<'p>) {
        let known = matched.log.len();
        self.code.begin(block);
        self.tree(matched, tree);
        self.forget(matched, known);
    }

    /// Forgets the parts that were loaded since there were `known` of them.
    #[expect(clippy::unused_self, reason = "reads like the other steps of a walk")]
    fn forget(&self, matched: &mut Matched<'_, 'p>, known: usize) {
        for part in matched.log.split_off(known) {
            matched.loaded[part.0] = None;
        }
    }

    /// Tries one guard after the other, and goes on where none holds.
    fn guards(&mut self, matched: &mut Matched<'_, 'p>, arms: &[Leaf], rejected: &Tree<'p>) {
        let known = matched.log.len();
        for leaf in arms {
            self.bind_parts(matched, leaf);
            let ArmTarget { block, guard, .. } = matched.arms[leaf.arm];
            let Some(guard) = guard else {
                break;
            };
            let next = self.code.block();
            // A guard that does not end lets nothing go on.
            if self.condition(guard, block, next).is_err() {
                return self.forget(matched, known);
            }
            self.code.begin(next);
        }
        self.tree(matched, rejected);
        self.forget(matched, known);
    }

    fn bind_parts(&mut self, matched: &mut Matched<'_, 'p>, leaf: &Leaf) {
        for (local, part) in &leaf.binds {
            self.bind_part(matched, leaf.arm, *local, *part);
        }
    }

    fn bind_part(
        &mut self,
        matched: &mut Matched<'_, 'p>,
        arm: usize,
        local: LocalId,
        part: PartId,
    ) {
        let Some(shared) = &matched.arms[arm].shared else {
            let regs = self.load(matched, part, None);
            return self.bind(local, regs);
        };
        let regs = match shared.get(&local) {
            Some(regs) => regs.clone(),
            None => self.declare(local),
        };
        if let Some(shared) = &mut matched.arms[arm].shared {
            shared.insert(local, regs.clone());
        }
        self.load(matched, part, Some(&regs));
    }

    /// A part of the matched value in registers.
    fn load(&mut self, matched: &mut Matched<'_, 'p>, id: PartId, want: Want<'_>) -> Vec<Reg> {
        if let Some(regs) = matched.loaded[id.0].clone() {
            return self.give(regs, want);
        }
        let part = matched.decisions.parts[id.0];
        let regs = match part.place {
            PartOf::Whole => Vec::new(),
            PartOf::Payload(of) => {
                let option = self.load(matched, of, None);
                self.payload(part.ty, &option, want)
            }
            PartOf::Variant { of, variant, field } => {
                let src = self.load(matched, of, None)[0];
                let ty = matched.decisions.parts[of.0].ty;
                self.read_variant(ty, src, variant as usize, field, want)
            }
            PartOf::Field { of, field } => {
                let src = self.load(matched, of, None)[0];
                let ty = matched.decisions.parts[of.0].ty;
                self.read_field(ty, src, field, want)
            }
            PartOf::Length(of) => {
                let list = self.load(matched, of, None)[0];
                let dst = self.dest1(Slot::Int, want);
                self.emit(Inst::ListLen { dst, list });
                vec![dst]
            }
            PartOf::Element { of, at } => {
                let list = self.load(matched, of, None)[0];
                let index = match at {
                    ElementAt::Front(at) => self.int(at as i64),
                    ElementAt::Back(at) => self.but_last(list, at),
                };
                self.unpack(part.ty, want, |f, dst| {
                    f.emit(Inst::ListGet { dst, list, index });
                })
            }
            PartOf::Rest { of, front, back } => {
                let list = self.load(matched, of, None)[0];
                let from = self.int(front as i64);
                let to = self.but_last(list, back);
                let dst = self.dest(part.ty, want);
                self.emit(Inst::ListSlice {
                    dst: dst[0],
                    list,
                    from,
                    to,
                });
                dst
            }
        };
        // What went into a variable's registers may be overwritten there.
        if want.is_none() {
            matched.loaded[id.0] = Some(regs.clone());
            matched.log.push(id);
        }
        regs
    }

    /// The index of the element before which there are all but the last `count`.
    fn but_last(&mut self, list: Reg, count: usize) -> Reg {
        let length = self.code.reg(Slot::Int);
        self.emit(Inst::ListLen { dst: length, list });
        let count = self.int(count as i64);
        let dst = self.code.reg(Slot::Int);
        self.emit(Inst::IntWrapSub {
            dst,
            a: length,
            b: count,
        });
        dst
    }

    fn option_cases(
        &mut self,
        matched: &mut Matched<'_, 'p>,
        regs: &[Reg],
        cases: &[(Head<'p>, Tree<'p>)],
    ) {
        let cond = self.is_some(regs);
        let blocks = [self.code.block(), self.code.block()];
        self.code.end(Inst::Branch {
            cond,
            then: blocks[0],
            otherwise: blocks[1],
        });
        for (block, (_, tree)) in blocks.into_iter().zip(cases) {
            self.subtree(matched, block, tree);
        }
    }

    fn variant_cases(
        &mut self,
        matched: &mut Matched<'_, 'p>,
        part: PartId,
        regs: &[Reg],
        cases: &[(Head<'p>, Tree<'p>)],
        default: Option<&Tree<'p>>,
    ) {
        let ty = matched.decisions.parts[part.0].ty;
        let index = self.variant_number(ty, regs[0]);
        let blocks: Vec<BlockIx> = cases.iter().map(|_| self.code.block()).collect();
        let other = self.code.block();
        // Without a default every variant has a case, and the last one needs no test.
        let tested = if default.is_some() {
            cases.len()
        } else {
            cases.len() - 1
        };
        let last = if default.is_some() {
            other
        } else {
            blocks[tested]
        };
        let mut targets = Vec::new();
        for ((head, _), block) in cases.iter().zip(&blocks).take(tested) {
            if let Head::Variant(variant) = head {
                targets.resize(*variant as usize, last);
                targets.push(*block);
            }
        }
        self.code.end(Inst::Switch {
            index,
            targets: targets.into(),
            default: last,
        });
        for (block, (_, tree)) in blocks.into_iter().zip(cases) {
            self.subtree(matched, block, tree);
        }
        if let Some(default) = default {
            self.subtree(matched, other, default);
        }
    }

    /// The number of the variant that a value has.
    fn variant_number(&mut self, ty: Ty, src: Reg) -> Reg {
        let dst = self.code.reg(Slot::Int);
        let small = self.cx.layout.is_small_enum(ty);
        self.emit(match small {
            true => Inst::EnumIndex { dst, src },
            false => Inst::EnumTag { dst, src },
        });
        dst
    }

    fn literal_cases(
        &mut self,
        matched: &mut Matched<'_, 'p>,
        part: PartId,
        regs: &[Reg],
        cases: &[(Head<'p>, Tree<'p>)],
        default: Option<&Tree<'p>>,
    ) {
        let blocks: Vec<BlockIx> = cases.iter().map(|_| self.code.block()).collect();
        let other = self.code.block();
        // Without a default (both truth values) the last case needs no test.
        let last = if default.is_some() {
            other
        } else {
            blocks[cases.len() - 1]
        };
        let tested = if default.is_some() {
            cases.len()
        } else {
            cases.len() - 1
        };
        match numbers(cases, &blocks) {
            Some(numbers) => self.number_cases(regs[0], &numbers, last),
            None => {
                let ty = matched.decisions.parts[part.0].ty;
                let tests = cases.iter().zip(&blocks).take(tested);
                for ((head, _), block) in tests {
                    self.test_head(ty, regs, *head, *block);
                }
                self.code.jump(last);
            }
        }
        for (block, (_, tree)) in blocks.into_iter().zip(cases) {
            self.subtree(matched, block, tree);
        }
        if let Some(default) = default {
            self.subtree(matched, other, default);
        }
    }

    /// Goes where the interval leads that holds the value. They are in order and apart: a jump table
    /// if they lie close together, a few comparisons, or the half in which the value is.
    fn number_cases(&mut self, value: Reg, all: &[Interval], default: BlockIx) {
        if is_dense(all) {
            return self.switch(value, all, default);
        }
        if all.len() <= MAX_COMPARISONS {
            for one in all {
                let no = self.code.block();
                let cond = self.in_interval(value, *one, no);
                self.code.end(Inst::Branch {
                    cond,
                    then: one.block,
                    otherwise: no,
                });
                self.code.begin(no);
            }
            return self.code.jump(default);
        }
        let (low, high) = all.split_at(all.len() / 2);
        let first = self.int(high[0].first);
        let cond = self.code.reg(Slot::Bool);
        self.emit(Inst::IntLt {
            dst: cond,
            a: value,
            b: first,
        });
        let (below, above) = (self.code.block(), self.code.block());
        self.code.end(Inst::Branch {
            cond,
            then: below,
            otherwise: above,
        });
        self.code.begin(below);
        self.number_cases(value, low, default);
        self.code.begin(above);
        self.number_cases(value, high, default);
    }

    fn switch(&mut self, value: Reg, all: &[Interval], default: BlockIx) {
        let least = all[0].first;
        let index = match least {
            0 => value,
            _ => {
                let least = self.int(least);
                let dst = self.code.reg(Slot::Int);
                self.emit(Inst::IntWrapSub {
                    dst,
                    a: value,
                    b: least,
                });
                dst
            }
        };
        let mut targets: Vec<BlockIx> = Vec::new();
        for one in all {
            let place = |n: i64| usize::try_from(n - least).expect("the intervals are in order");
            targets.resize(place(one.first), default);
            targets.resize(place(one.last) + 1, one.block);
        }
        self.code.end(Inst::Switch {
            index,
            targets: targets.into(),
            default,
        });
    }

    /// Whether the value is in the interval; goes to `no` if it is below.
    fn in_interval(&mut self, value: Reg, one: Interval, no: BlockIx) -> Reg {
        if one.first < one.last {
            return self.in_range(value, one.first, one.last, no);
        }
        let number = self.int(one.first);
        let dst = self.code.reg(Slot::Bool);
        self.emit(Inst::IntEq {
            dst,
            a: value,
            b: number,
        });
        dst
    }

    /// Goes to `yes` if the value is `head`, and on in a new block if not.
    fn test_head(&mut self, ty: Ty, regs: &[Reg], head: Head<'p>, yes: BlockIx) {
        let no = self.code.block();
        let cond = match head {
            Head::Literal(Literal::Bool(true)) => regs[0],
            Head::Literal(Literal::Bool(false)) => {
                let dst = self.code.reg(Slot::Bool);
                self.emit(Inst::BoolNot { dst, a: regs[0] });
                dst
            }
            Head::Literal(literal) => {
                let constant = self.literal(literal, None);
                self.equal(ty, regs, &[constant])
            }
            Head::Some | Head::None | Head::Variant(_) | Head::Range(..) => regs[0],
        };
        self.code.end(Inst::Branch {
            cond,
            then: yes,
            otherwise: no,
        });
        self.code.begin(no);
    }

    /// Whether a number is not above `last`; goes to `no` if it is below `first`.
    fn in_range(&mut self, value: Reg, first: i64, last: i64, no: BlockIx) -> Reg {
        let low = self.int(first);
        let cond = self.code.reg(Slot::Bool);
        self.emit(Inst::IntLe {
            dst: cond,
            a: low,
            b: value,
        });
        let above = self.code.block();
        self.code.end(Inst::Branch {
            cond,
            then: above,
            otherwise: no,
        });
        self.code.begin(above);
        let high = self.int(last);
        let cond = self.code.reg(Slot::Bool);
        self.emit(Inst::IntLe {
            dst: cond,
            a: value,
            b: high,
        });
        cond
    }

    /// Binds the entry `i` of a map to a pattern of key and value.
    pub(crate) fn bind_entry(
        &mut self,
        pattern: &'p Pattern,
        types: [Ty; 2],
        map: Reg,
        i: Reg,
    ) -> Lowered<()> {
        if let PatternKind::Tuple(parts) = &pattern.kind {
            for (at, (part, ty)) in parts.iter().zip(types).enumerate() {
                if !matches!(part.kind, PatternKind::Wildcard) {
                    let regs = self.entry_part(at, ty, map, i);
                    self.bind_sure(part, ty, regs)?;
                }
            }
            return Ok(());
        }
        let mut args = self.entry_part(0, types[0], map, i);
        args.extend(self.entry_part(1, types[1], map, i));
        let tuple = self.ty(pattern.ty);
        let regs = vec![self.make_record(tuple, 0, args, None)];
        self.bind_sure(pattern, tuple, regs)
    }

    /// The key (0) or the value (1) of an entry.
    fn entry_part(&mut self, at: usize, ty: Ty, map: Reg, entry: Reg) -> Vec<Reg> {
        self.unpack(ty, None, |f, dst| {
            f.emit(match at {
                0 => Inst::MapKeyAt { dst, map, entry },
                _ => Inst::MapValueAt { dst, map, entry },
            });
        })
    }
}

/// What is matched: a value, or the parts of a tuple that was not made.
enum Subject {
    Value(Vec<Reg>),
    Parts(Vec<Vec<Reg>>),
}

/// Whether the pattern looks only at the parts of a tuple.
fn takes_apart(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Wildcard | PatternKind::Tuple(_) => true,
        PatternKind::Or(sides) => sides.iter().all(takes_apart),
        _ => false,
    }
}

/// Whole numbers, both ends included, and where they lead.
#[derive(Clone, Copy)]
struct Interval {
    first: i64,
    last: i64,
    block: BlockIx,
}

/// Intervals that are compared one after the other; more are halved first.
const MAX_COMPARISONS: usize = 4;

/// The cases as intervals in order, if the value is a number.
fn numbers(cases: &[(Head<'_>, Tree<'_>)], blocks: &[BlockIx]) -> Option<Vec<Interval>> {
    let all = cases.iter().zip(blocks).map(|((head, _), block)| {
        let (first, last) = match head {
            Head::Literal(Literal::Int(n) | Literal::Duration(n)) => (*n, *n),
            Head::Range(first, last) => (*first, *last),
            _ => return None,
        };
        let block = *block;
        Some(Interval { first, last, block })
    });
    let mut all: Vec<Interval> = all.collect::<Option<_>>()?;
    all.sort_unstable_by_key(|one| one.first);
    Some(all)
}

/// At least four intervals that lie so close that a table has at most four places for each.
fn is_dense(all: &[Interval]) -> bool {
    let ([first, .., last], true) = (all, all.len() >= 4) else {
        return false;
    };
    let width = last.last.checked_sub(first.first);
    let width = width.and_then(|width| usize::try_from(width).ok());
    width.is_some_and(|width| width < all.len() * 4)
}
