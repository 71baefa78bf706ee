//! A register for each value: assignments whose results never meet get registers of their own.
//!
//! Assignments belong together if one place may see the result of either. After this pass most
//! registers are written once, and what is known of such a register is known wherever it is used.

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::{Inst, Reg, Slot};

use crate::lower::body::Body;
use crate::lower::liveness::live_in;
use crate::typed::Name;

/// Splits the registers. Inputs keep their numbers; names stay with all parts of a register.
pub(crate) fn split(body: &mut Body, names: &mut Vec<(Reg, Name)>) {
    let mut webs = Webs::of(body);
    let Some(new) = webs.number(body) else {
        return;
    };
    let mut counter = Counter::new(&webs, body);
    let starts = std::mem::take(&mut webs.starts);
    for (at, block) in body.blocks.iter_mut().enumerate() {
        counter.enter(starts.of(at));
        for op in &mut block.ops {
            counter.rewrite(&mut op.inst, &new.of_node);
        }
    }
    rename(names, &new.old);
    body.regs = new.slots;
}

/// Gives each part of a register the names of the whole.
fn rename(names: &mut Vec<(Reg, Name)>, old: &[Reg]) {
    names.sort_unstable();
    let mut renamed = Vec::with_capacity(names.len());
    for (old, at) in old.iter().zip(0..) {
        let first = names.partition_point(|(reg, _)| reg < old);
        let of_old = names[first..].iter().take_while(|(reg, _)| reg == old);
        renamed.extend(of_old.map(|(_, name)| (Reg(at), name.clone())));
    }
    *names = renamed;
}

/// A place where a register gets a value: an input, the beginning of a block, an assignment.
type Node = u32;

const NONE: Node = Node::MAX;

struct Webs {
    /// A tree for each web; a root is its own parent.
    parents: Vec<Node>,
    /// The register of each node.
    regs: Vec<Reg>,
    /// What is live at the beginning of each block.
    starts: Starts,
    inputs: usize,
}

#[derive(Default)]
struct Starts {
    nodes: Vec<(Reg, Node)>,
    /// Where those of each block end.
    ends: Vec<usize>,
}

impl Starts {
    fn of(&self, block: usize) -> &[(Reg, Node)] {
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.nodes[start..self.ends[block]]
    }
}

struct Numbered {
    of_node: Vec<Reg>,
    slots: Vec<Slot>,
    /// The register each new one was part of.
    old: Vec<Reg>,
}

impl Webs {
    fn of(body: &Body) -> Self {
        let mut webs = Self {
            parents: Vec::new(),
            regs: Vec::new(),
            starts: Starts::default(),
            inputs: body.inputs,
        };
        for at in 0..body.inputs {
            webs.node(Reg(u16::try_from(at).expect("an input is a register")));
        }
        let live = live_in(body);
        for at in 0..body.blocks.len() {
            for reg in live.at_start(at) {
                let node = match at {
                    // What is live at the entry is an input.
                    0 => Node::from(reg.0),
                    _ => webs.node(reg),
                };
                webs.starts.nodes.push((reg, node));
            }
            webs.starts.ends.push(webs.starts.nodes.len());
        }
        let mut counter = Counter::new(&webs, body);
        let starts = std::mem::take(&mut webs.starts);
        for (at, block) in body.blocks.iter().enumerate() {
            counter.enter(starts.of(at));
            for op in &block.ops {
                counter.walk(&op.inst, &mut webs);
            }
            for to in block.successors() {
                for (reg, node) in starts.of(to.index()) {
                    webs.join(*node, counter.now[reg.index()]);
                }
            }
        }
        webs.starts = starts;
        webs
    }

    fn node(&mut self, reg: Reg) -> Node {
        let node = Node::try_from(self.parents.len()).expect("fewer than bits of the live sets");
        self.parents.push(node);
        self.regs.push(reg);
        node
    }

    fn root(&mut self, mut node: Node) -> Node {
        while self.parents[node as usize] != node {
            let above = self.parents[self.parents[node as usize] as usize];
            self.parents[node as usize] = above;
            node = above;
        }
        node
    }

    /// The smaller node stays a root, so that inputs do.
    fn join(&mut self, a: Node, b: Node) {
        debug_assert_ne!(b, NONE, "what is live has a value");
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// A register for each web; `None` if there are too many.
    fn number(&mut self, body: &Body) -> Option<Numbered> {
        let mut new = Numbered {
            of_node: Vec::with_capacity(self.parents.len()),
            slots: Vec::new(),
            old: Vec::new(),
        };
        for node in 0..Node::try_from(self.parents.len()).ok()? {
            let root = self.root(node);
            if root != node {
                new.of_node.push(new.of_node[root as usize]);
                continue;
            }
            let old = self.regs[node as usize];
            new.of_node.push(Reg(u16::try_from(new.slots.len()).ok()?));
            new.slots.push(body.regs[old.index()]);
            new.old.push(old);
        }
        debug_assert!(new.slots.len() >= self.inputs, "inputs are roots");
        Some(new)
    }
}

/// Walks over the code twice in the same way: nodes of assignments are counted in its order.
struct Counter {
    next: Node,
    /// The node whose value each register has.
    now: Vec<Node>,
}

impl Counter {
    fn new(webs: &Webs, body: &Body) -> Self {
        // What is live at the entry has the nodes of the inputs.
        let starts = webs.starts.nodes.len() - webs.starts.of(0).len();
        Self {
            next: Node::try_from(webs.inputs + starts).expect("it has been counted"),
            now: vec![NONE; body.regs.len()],
        }
    }

    fn enter(&mut self, start: &[(Reg, Node)]) {
        for (reg, node) in start {
            self.now[reg.index()] = *node;
        }
    }

    fn define(&mut self, reg: Reg) -> Node {
        self.now[reg.index()] = self.next;
        self.next += 1;
        self.next - 1
    }

    fn walk(&mut self, inst: &Inst, webs: &mut Webs) {
        let update = updated(inst);
        inst.defs(|reg| {
            if Some(reg) != update {
                self.define(reg);
                webs.node(reg);
            }
        });
    }

    fn rewrite(&mut self, inst: &mut Inst, new: &[Reg]) {
        let now = &self.now;
        let used = |reg: &mut Reg| *reg = new[now[reg.index()] as usize];
        inst.operands_mut(|operand| match operand {
            OperandMut::Use(reg) | OperandMut::Update(reg) => used(reg),
            OperandMut::Uses(regs) => regs.iter_mut().for_each(used),
            _ => {}
        });
        inst.operands_mut(|operand| match operand {
            OperandMut::Def(reg) => *reg = new[self.define(*reg) as usize],
            OperandMut::Defs(regs) => {
                for reg in regs {
                    *reg = new[self.define(*reg) as usize];
                }
            }
            _ => {}
        });
    }
}

/// The register that an instruction reads and writes in one.
fn updated(inst: &Inst) -> Option<Reg> {
    match inst {
        Inst::ForNext { i, .. } => Some(*i),
        _ => None,
    }
}
