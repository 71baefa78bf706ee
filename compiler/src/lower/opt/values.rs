//! Value numbering: constants, copies, and what was computed before.
//!
//! A walk down the dominator tree gives each value a number; equal numbers are equal values. What
//! is known of a register that is written once is known in all blocks below. Registers that are
//! written more often, and what lies in memory, are known only from block to block where nothing
//! else leads in between.
//!
//! A value is taken from an earlier computation only if no call and no place where a message can
//! move lies in between: there it would have to travel, and it can be computed again.

mod better;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Inst, Opcode, Reg, Slot, Type};

use super::Facts;
use super::dominators::Dominators;
use super::effects::{Touched, touched};
use super::fold::{self, Known};
use super::hoist::{goes_back, loops};
use super::ranges::Range;
use crate::lower::body::{Body, Op};
use better::{compared, operands};

/// Improves the blocks; the ways between them change where a test is decided.
pub(crate) fn run(body: &mut Body, facts: &Facts<'_>) {
    let tree = Dominators::of(body);
    let mut values = Values::new(body, facts, &tree);
    values.block(body, 0);
    // The blocks on the way down, each with its next child, what was known before it, and what is
    // at its end.
    let mut path = vec![(0, 0, 0, values.end())];
    while let Some((block, next, mark, end)) = path.last_mut() {
        let Some(child) = tree.below[*block].get(*next).copied() else {
            values.undo(*mark);
            path.pop();
            continue;
        };
        *next += 1;
        values.state.clone_from(&end.state);
        let mark = values.mark();
        values.enter(body, &tree, child, end);
        values.block(body, child);
        path.push((child, 0, mark, values.end()));
    }
    body.regs = values.slots;
}

/// For how many operations there is room from the beginning: most functions are small.
const TABLE: usize = 256;

type Vn = u32;

const NONE: Vn = Vn::MAX;

/// An operation on values. Two that are equal have the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    opcode: Opcode,
    a: Vn,
    b: Vn,
    /// An immediate, or which state of memory it is about.
    more: u64,
}

/// Mixes the few numbers of a key. They come from one function: nobody picks them to collide in
/// more than its own compilation.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
struct Value {
    known: Option<Known>,
    range: Range,
    /// How it was made.
    made: Option<(Opcode, Vn, Vn)>,
    /// A register that has had it, and after how many stops.
    holder: Reg,
    stops: u32,
}

/// What changes along the way.
#[derive(Clone, Debug, Default)]
struct State {
    /// Calls, and places where a message can move.
    stops: u32,
    /// Which values the slots of records, lengths and elements have, by number of slot.
    fields: [u32; 8],
    lengths: u32,
    elements: u32,
}

/// What instructions change: how often, or whether.
#[derive(Clone, Debug, Default)]
struct Changes {
    stops: u32,
    fields: [u32; 8],
    lengths: u32,
    elements: u32,
}

impl Changes {
    fn add(&mut self, touched: Touched) {
        match touched {
            Touched::Nothing => {}
            Touched::Field(at) => self.fields[at] += 1,
            Touched::Elements => self.elements += 1,
            Touched::Collections => {
                self.lengths += 1;
                self.elements += 1;
            }
            Touched::All => {
                self.stops += 1;
                self.lengths += 1;
                self.elements += 1;
                self.fields.iter_mut().for_each(|field| *field += 1);
            }
        }
    }
}

/// What a loop changes, by its head.
#[derive(Debug, Default)]
struct Loop {
    written: Vec<Reg>,
    changes: Changes,
}

/// How it is at the end of a block.
#[derive(Clone, Debug)]
struct End {
    state: State,
    /// How much was written and changed so far on the whole walk.
    written: usize,
    changes: Changes,
}

enum Undo {
    Reg(Reg, Vn),
    Key(Key, Option<Vn>),
    Value(Vn, Value),
}

struct Values<'f> {
    facts: &'f Facts<'f>,
    slots: Vec<Slot>,
    /// How often each register is written.
    writes: Vec<u32>,
    /// The value of each register, if it is known.
    now: Vec<Vn>,
    values: Vec<Value>,
    table: HashMap<Key, Vn, BuildHasherDefault<KeyHasher>>,
    log: Vec<Undo>,
    state: State,
    /// Numbers for states that no other state has.
    fresh: u32,
    /// The assignments of registers that have several, and other changes, of the whole walk.
    written: Vec<Reg>,
    changes: Changes,
    loops: HashMap<usize, Loop>,
}

impl<'f> Values<'f> {
    fn new(body: &Body, facts: &'f Facts<'f>, tree: &Dominators) -> Self {
        let mut writes = vec![0; body.regs.len()];
        writes[..body.inputs].fill(1);
        for op in body.blocks.iter().flat_map(|block| &block.ops) {
            op.inst.defs(|reg| writes[reg.index()] += 1);
        }
        let loops = match goes_back(body) {
            true => loops(body, tree),
            false => Vec::new(),
        };
        let loops = loops.into_iter().map(|(head, blocks)| {
            let mut found = Loop::default();
            for op in blocks.iter().flat_map(|at| &body.blocks[*at].ops) {
                op.inst.defs(|reg| {
                    if writes[reg.index()] > 1 {
                        found.written.push(reg);
                    }
                });
                found.changes.add(touched(&op.inst));
            }
            (head, found)
        });
        Self {
            facts,
            slots: body.regs.clone(),
            now: vec![NONE; writes.len()],
            loops: loops.collect(),
            writes,
            values: Vec::new(),
            table: HashMap::with_capacity_and_hasher(
                super::size(body).min(TABLE),
                BuildHasherDefault::default(),
            ),
            log: Vec::new(),
            state: State::default(),
            fresh: 0,
            written: Vec::new(),
            changes: Changes::default(),
        }
    }

    fn end(&self) -> End {
        End {
            state: self.state.clone(),
            written: self.written.len(),
            changes: self.changes.clone(),
        }
    }

    fn mark(&self) -> usize {
        self.log.len()
    }

    fn undo(&mut self, mark: usize) {
        while self.log.len() > mark {
            match self.log.pop() {
                Some(Undo::Reg(reg, before)) => self.now[reg.index()] = before,
                Some(Undo::Key(key, Some(before))) => _ = self.table.insert(key, before),
                Some(Undo::Key(key, None)) => _ = self.table.remove(&key),
                Some(Undo::Value(vn, before)) => self.values[vn as usize] = before,
                None => {}
            }
        }
    }

    fn fresh(&mut self) -> u32 {
        self.fresh += 1;
        self.fresh
    }

    // Values of registers.

    fn of(&mut self, reg: Reg) -> Vn {
        match self.get(reg) {
            Some(vn) => vn,
            None => {
                let vn = self.value(None, Range::ALL, None, reg);
                self.set(reg, vn);
                vn
            }
        }
    }

    fn get(&self, reg: Reg) -> Option<Vn> {
        let vn = self.now[reg.index()];
        (vn != NONE).then_some(vn)
    }

    fn set(&mut self, reg: Reg, vn: Vn) {
        let before = std::mem::replace(&mut self.now[reg.index()], vn);
        self.log.push(Undo::Reg(reg, before));
        if self.holder(vn).is_none() {
            let stops = self.state.stops;
            let value = &mut self.values[vn as usize];
            (value.holder, value.stops) = (reg, stops);
        }
    }

    fn wrote(&mut self, reg: Reg) {
        if self.writes[reg.index()] > 1 {
            self.written.push(reg);
        }
    }

    fn value(
        &mut self,
        known: Option<Known>,
        range: Range,
        made: Option<(Opcode, Vn, Vn)>,
        holder: Reg,
    ) -> Vn {
        self.values.push(Value {
            known,
            range,
            made,
            holder,
            stops: self.state.stops,
        });
        Vn::try_from(self.values.len() - 1).expect("fewer than uses of registers")
    }

    fn known(&self, vn: Vn) -> Option<Known> {
        self.values[vn as usize].known
    }

    fn range(&self, vn: Vn) -> Range {
        self.values[vn as usize].range
    }

    /// A register that has the value now.
    fn holder(&self, vn: Vn) -> Option<Reg> {
        let holder = self.values[vn as usize].holder;
        (self.get(holder) == Some(vn)).then_some(holder)
    }

    /// A register to take the value from, instead of computing it again.
    fn source(&self, vn: Vn, slot: Slot) -> Option<Reg> {
        let near = self.values[vn as usize].stops == self.state.stops;
        let found = self.holder(vn).filter(|_| near);
        found.filter(|reg| self.slots[reg.index()] == slot)
    }

    fn learn(&mut self, vn: Vn, change: impl FnOnce(&mut Value)) {
        self.log.push(Undo::Value(vn, self.values[vn as usize]));
        change(&mut self.values[vn as usize]);
    }

    fn insert(&mut self, key: Key, vn: Vn) {
        let before = self.table.insert(key, vn);
        self.log.push(Undo::Key(key, before));
    }

    // Blocks.

    /// Goes from the end of the block above to the beginning of `block`.
    fn enter(&mut self, body: &Body, tree: &Dominators, block: usize, end: &End) {
        let above = tree.above[block];
        if tree.predecessors[block] == [above] {
            self.pass_edge(body, above, block);
            return;
        }
        let limits = self.at_join(body, tree, block);
        // What was written on all ways from the block above has been seen by now, but for ways
        // back to the beginning of a loop.
        let mut in_loop = self.loops.remove(&block).unwrap_or_default();
        if !tree.is_reducible {
            let all = (0..self.now.len()).filter(|reg| self.writes[*reg] > 1);
            let all = all.map(|reg| Reg(u16::try_from(reg).expect("it numbers a register")));
            in_loop.written = all.collect();
            in_loop.changes.add(Touched::All);
        }
        for at in end.written..self.written.len() {
            self.forget(self.written[at]);
        }
        in_loop.written.iter().for_each(|reg| self.forget(*reg));
        let (before, now, later) = (&end.changes, self.changes.clone(), &in_loop.changes);
        let differs = |before: u32, now: u32, later: u32| before != now || later > 0;
        let fresh = self.fresh();
        if differs(before.stops, now.stops, later.stops) {
            self.state.stops = fresh;
        }
        if differs(before.lengths, now.lengths, later.lengths) {
            self.state.lengths = fresh;
        }
        if differs(before.elements, now.elements, later.elements) {
            self.state.elements = fresh;
        }
        for at in 0..now.fields.len() {
            if differs(before.fields[at], now.fields[at], later.fields[at]) {
                self.state.fields[at] = fresh;
            }
        }
        for (reg, range) in limits {
            let vn = self.of(reg);
            self.learn(vn, |value| value.range = value.range.and(range));
        }
    }

    /// What a register holds is not known any more.
    fn forget(&mut self, reg: Reg) {
        let before = std::mem::replace(&mut self.now[reg.index()], NONE);
        self.log.push(Undo::Reg(reg, before));
    }

    /// What the test at the end of `from` says where it leads to `to`.
    fn pass_edge(&mut self, body: &Body, from: usize, to: usize) {
        let Inst::Branch { cond, then, .. } = *body.blocks[from].last() else {
            return;
        };
        let truth = then.index() == to;
        let cond = self.of(cond);
        self.assume(cond, truth);
    }

    fn assume(&mut self, cond: Vn, truth: bool) {
        self.learn(cond, |value| value.known = Some(Known::Bool(truth)));
        let Some((opcode, a, b)) = self.values[cond as usize].made else {
            return;
        };
        if opcode == Opcode::BoolNot {
            return self.assume(a, !truth);
        }
        let (of_a, of_b) = (self.range(a), self.range(b));
        if let Some((now_a, now_b)) = compared(opcode, of_a, of_b, truth) {
            self.learn(a, |value| value.range = of_a.and(now_a));
            self.learn(b, |value| value.range = of_b.and(now_b));
        }
    }

    /// Bounds of registers where several ways meet at the beginning of a loop: what all of them
    /// have tested.
    fn at_join(&mut self, body: &Body, tree: &Dominators, block: usize) -> Vec<(Reg, Range)> {
        let [first, second] = tree.predecessors[block][..] else {
            return Vec::new();
        };
        let above = tree.above[block];
        let (entry, back) = match (first == above, second == above) {
            (true, false) => (first, second),
            (false, true) => (second, first),
            _ => return Vec::new(),
        };
        if let Inst::ForNext { i, limit, .. } = *body.blocks[back].last()
            && self.writes[i.index()] == 2
            && self.writes[limit.index()] == 1
            && let (Some(start), Some(limit)) = (self.get(i), self.get(limit))
        {
            let (start, limit) = (self.range(start), self.range(limit));
            let range = Range {
                low: start.low,
                high: start.high.max(limit.high),
            };
            return vec![(i, range)];
        }
        let tested = |from: usize| less(body, from, block);
        match (tested(entry), tested(back)) {
            (Some(a), Some(b)) if a == b && self.writes[a.index()] > 1 => {
                let high = i64::MAX - 1;
                vec![(a, Range { high, ..Range::ALL })]
            }
            _ => Vec::new(),
        }
    }

    fn block(&mut self, body: &mut Body, block: usize) {
        let mut ops = std::mem::take(&mut body.blocks[block].ops);
        // What comes before others, and before which.
        let (mut added, mut places) = (Vec::new(), Vec::new());
        for (at, op) in ops.iter_mut().enumerate() {
            self.op(op, &mut added);
            places.resize(added.len(), at);
        }
        for (op, at) in added.into_iter().zip(places).rev() {
            ops.insert(at, op);
        }
        body.blocks[block].ops = ops;
    }

    // Instructions.

    fn op(&mut self, op: &mut Op, before: &mut Vec<Op>) {
        op.inst.operands_mut(|operand| match operand {
            OperandMut::Use(reg) => self.forward(reg),
            OperandMut::Uses(regs) => regs.iter_mut().for_each(|reg| self.forward(reg)),
            _ => {}
        });
        if let Some(better) = self.better(op, before) {
            op.inst = better;
        }
        let key = self.key(&op.inst);
        let found = key.and_then(|key| self.table.get(&key).copied());
        let dst = single_def(&op.inst);
        if let (Some(vn), Some(dst)) = (found, dst) {
            let src = self.source(vn, self.slots[dst.index()]);
            self.set(dst, vn);
            self.wrote(dst);
            match src {
                // A number for a variable is as good as a copy, and nothing need be kept for it.
                _ if self.known(vn).is_some() && self.writes[dst.index()] > 1 => {}
                Some(src) => op.inst = Inst::Move { dst, src },
                None => {
                    // From here on this is the one to take it from.
                    let stops = self.state.stops;
                    let value = &mut self.values[vn as usize];
                    (value.holder, value.stops) = (dst, stops);
                }
            }
            self.checked(&op.inst);
            return;
        }
        let vn = self.result(&op.inst);
        self.effects(&op.inst);
        op.inst.defs(|reg| {
            let vn = match vn {
                Some(vn) if Some(reg) == dst => vn,
                _ => self.value(None, Range::ALL, None, reg),
            };
            self.set(reg, vn);
            self.wrote(reg);
        });
        if let (Some(key), Some(dst)) = (key, dst) {
            let vn = self.of(dst);
            self.insert(key, vn);
        }
        self.checked(&op.inst);
        self.remember(&op.inst);
    }

    /// Lets a use of a copy use what was copied.
    fn forward(&mut self, reg: &mut Reg) {
        let vn = self.of(*reg);
        if self.writes[reg.index()] == 1
            && let Some(holder) = self.holder(vn)
            && self.slots[holder.index()] == self.slots[reg.index()]
        {
            *reg = holder;
        }
    }

    /// The value of an instruction with one result, if something is known of it.
    fn result(&mut self, inst: &Inst) -> Option<Vn> {
        let dst = single_def(inst)?;
        if let Inst::Move { src, .. } = *inst {
            return Some(self.of(src));
        }
        let known = match *inst {
            Inst::IntConst { value, .. } => Some(Known::Int(value)),
            Inst::FloatConst { bits, .. } => Some(Known::Float(bits.0)),
            Inst::BoolConst { value, .. } => Some(Known::Bool(value)),
            _ => None,
        };
        let opcode = inst.opcode();
        let (a, b) = match operands(inst) {
            Some((a, b)) => (self.of(a), self.of(b)),
            None => (NONE, NONE),
        };
        let range = match known {
            Some(Known::Int(value)) => Range::just(value),
            _ if a == NONE => Range::ALL,
            _ => Range::of(opcode, self.range(a), self.range(b)),
        };
        let made = (a != NONE).then_some((opcode, a, b));
        Some(self.value(known, range, made, dst))
    }

    /// What an instruction that did not trap says about its operands.
    fn checked(&mut self, inst: &Inst) {
        if let Inst::ListGet { index, .. } | Inst::ListSet { index, .. } = *inst {
            let vn = self.of(index);
            self.learn(vn, |value| value.range = value.range.and(Range::INDEX));
        }
    }

    /// Notes what the instruction changes beside its results.
    fn effects(&mut self, inst: &Inst) {
        let touched = touched(inst);
        self.changes.add(touched);
        match touched {
            Touched::Nothing => {}
            Touched::Field(at) => self.state.fields[at] = self.fresh(),
            Touched::Elements => self.state.elements = self.fresh(),
            Touched::Collections => {
                self.state.lengths = self.fresh();
                self.state.elements = self.fresh();
            }
            Touched::All => {
                let fresh = self.fresh();
                self.state = State {
                    stops: fresh,
                    fields: [fresh; 8],
                    lengths: fresh,
                    elements: fresh,
                };
            }
        }
    }

    /// What lies in memory after the instruction.
    fn remember(&mut self, inst: &Inst) {
        match inst {
            Inst::RecordSet { obj, field, src } => {
                let key = self.field(*obj, *field);
                let vn = self.of(*src);
                self.insert(key, vn);
            }
            Inst::RecordNew {
                dst,
                ty,
                variant,
                args,
            } => {
                let is_enum = matches!(self.facts.types.get(*ty), Some(Type::Enum { .. }));
                for (field, arg) in (0..).zip(args.iter()) {
                    let key = match is_enum {
                        true => self.part(*dst, *variant, field),
                        false => self.field(*dst, field),
                    };
                    let vn = self.of(*arg);
                    self.insert(key, vn);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, obj: Reg, field: u16) -> Key {
        let fixed = match self.slots[obj.index()] {
            Slot::Ref(ty) => self.facts.is_fixed(ty, field),
            _ => false,
        };
        let state = match fixed {
            true => 0,
            false => self.state.fields[usize::from(field) % 8],
        };
        Key {
            opcode: Opcode::RecordGet,
            a: self.of(obj),
            b: state,
            more: field.into(),
        }
    }

    fn part(&mut self, obj: Reg, variant: u16, field: u16) -> Key {
        Key {
            opcode: Opcode::VariantGet,
            a: self.of(obj),
            b: NONE,
            more: u64::from(variant) << 16 | u64::from(field),
        }
    }

    /// The operation of an instruction whose result depends on its operands, and on the memory that
    /// the key names.
    fn key(&mut self, inst: &Inst) -> Option<Key> {
        let opcode = inst.opcode();
        let plain = |more| Key {
            opcode,
            a: NONE,
            b: NONE,
            more,
        };
        let more = match inst {
            Inst::IntConst { value, .. } => return Some(plain(value.cast_unsigned())),
            Inst::FloatConst { bits, .. } => return Some(plain(bits.0)),
            Inst::BoolConst { value, .. } => return Some(plain((*value).into())),
            Inst::EnumConst { ty, variant, .. } => {
                return Some(plain(u64::from(ty.0) << 16 | u64::from(*variant)));
            }
            Inst::RecordGet { src, field, .. } => return Some(self.field(*src, *field)),
            Inst::VariantGet {
                src,
                variant,
                field,
                ..
            } => return Some(self.part(*src, *variant, *field)),
            Inst::ListLen { .. } | Inst::MapLen { .. } => self.state.lengths.into(),
            Inst::ListGet { .. } => self.state.elements.into(),
            Inst::Move { .. } => return None,
            _ => 0,
        };
        let (a, b) = operands(inst)?;
        let (mut a, mut b) = (self.of(a), self.of(b));
        if fold::is_commutative(opcode) && a > b {
            (a, b) = (b, a);
        }
        Some(Key { opcode, a, b, more })
    }
}

/// The only register that an instruction writes.
fn single_def(inst: &Inst) -> Option<Reg> {
    let (mut found, mut count) = (None, 0);
    inst.defs(|reg| {
        found = Some(reg);
        count += 1;
    });
    found.filter(|_| count == 1 && !inst.is_terminator())
}

/// The register that is less than another one where `from` leads to `to`.
fn less(body: &Body, from: usize, to: usize) -> Option<Reg> {
    let Inst::Branch {
        cond,
        then,
        otherwise,
    } = *body.blocks[from].last()
    else {
        return None;
    };
    let ops = &body.blocks[from].ops;
    let test = ops.iter().rev().nth(1)?;
    match test.inst {
        Inst::IntLt { dst, a, .. } if dst == cond && then.index() == to => Some(a),
        // Not `a <= b`: `b < a`.
        Inst::IntLe { dst, b, .. } if dst == cond && otherwise.index() == to => Some(b),
        _ => None,
    }
}
