//! What lowering one function gives: its code, that of its closures, and what they refer to.
//!
//! Numbers of constants, tags and callees count within the unit. A brick is made of the units of
//! functions that call each other; its tables are joined from theirs.

use std::collections::HashMap;

use sm_bytecode::inst::operand::{OperandMut, OperandRef};
use sm_bytecode::limits::{MAX_CALLEES, MAX_FUNCTIONS, MAX_REGS};
use sm_bytecode::{Const, ConstIx, FuncRef, Inst, Reg, TagIx, TypeIx};

use super::body::Body;
use super::finish::Code;
use crate::typed::{Name, TagId};

/// A specialised function of the program, by its place in the worklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InstanceId(pub(crate) usize);

/// A tag that code names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TagUse {
    Declared(TagId),
    /// The tag by which a test asks for what only its runner can answer: a family of the name
    /// [`ASK`], its key the question.
    Ask {
        key: TypeIx,
        value: TypeIx,
    },
}

/// No program can declare a tag of this name.
pub(crate) const ASK: &str = "ask the test runner";

/// A function and its closures. Function 0 is the function itself.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    /// `None` while the function is lowered.
    pub(crate) functions: Vec<Option<UnitFunction>>,
    pub(crate) consts: Vec<Const>,
    pub(crate) tags: Vec<TagUse>,
    pub(crate) calls: Vec<InstanceId>,
    known_consts: HashMap<Const, ConstIx>,
    known_calls: HashMap<InstanceId, u16>,
    /// Where closures stand that are those of another unit.
    adopted: HashMap<(InstanceId, u16), u16>,
}

/// The closures of a unit and what they refer to, for units that make these closures themselves.
#[derive(Debug)]
pub(crate) struct Closures {
    pub(crate) of: InstanceId,
    /// By their numbers; none where another function stands.
    pub(crate) functions: Vec<Option<UnitFunction>>,
    pub(crate) consts: Vec<Const>,
    pub(crate) calls: Vec<InstanceId>,
}

/// One function or closure body.
#[derive(Clone, Debug)]
pub(crate) struct UnitFunction {
    pub(crate) name: String,
    /// The function that it is a closure of, if that has another unit.
    pub(crate) origin: Option<InstanceId>,
    pub(crate) params: Vec<TypeIx>,
    pub(crate) captures: Vec<TypeIx>,
    pub(crate) result: TypeIx,
    /// What was lowered, until it is improved and written out.
    pub(crate) body: Body,
    /// Names of the variables in registers of the body.
    pub(crate) names: Vec<(Reg, Name)>,
    /// What it was written out as.
    pub(crate) code: Code,
    /// It needs more values than can be numbered.
    pub(crate) overflow: bool,
}

impl Unit {
    /// A place for a function that is about to be lowered.
    pub(crate) fn reserve(&mut self) -> usize {
        self.functions.push(None);
        self.functions.len() - 1
    }

    pub(crate) fn constant(&mut self, konst: Const) -> ConstIx {
        let next = ConstIx(u32::try_from(self.consts.len()).expect("fewer than bytes of source"));
        *self.known_consts.entry(konst).or_insert_with_key(|konst| {
            self.consts.push(konst.clone());
            next
        })
    }

    pub(crate) fn tag(&mut self, tag: TagUse) -> TagIx {
        let known = self.tags.iter().position(|other| *other == tag);
        let at = known.unwrap_or_else(|| {
            self.tags.push(tag);
            self.tags.len() - 1
        });
        TagIx(u32::try_from(at).expect("fewer than bytes of source"))
    }

    /// A function that the code calls.
    pub(crate) fn call(&mut self, instance: InstanceId) -> FuncRef {
        let next = u16::try_from(self.calls.len()).unwrap_or(u16::MAX);
        FuncRef::Callee(*self.known_calls.entry(instance).or_insert_with(|| {
            self.calls.push(instance);
            next
        }))
    }

    /// What stands here for a function that code of another unit refers to.
    pub(crate) fn adopt(&mut self, func: FuncRef, others: &Closures) -> FuncRef {
        let at = match func {
            FuncRef::Callee(at) => return self.call(others.calls[usize::from(at)]),
            FuncRef::Local(at) => at,
        };
        if let Some(known) = self.adopted.get(&(others.of, at)) {
            return FuncRef::Local(*known);
        }
        let place = self.reserve();
        let number = u16::try_from(place).unwrap_or(u16::MAX);
        self.adopted.insert((others.of, at), number);
        let mut function = others.functions[usize::from(at)].clone();
        for one in function.iter_mut() {
            one.origin.get_or_insert(others.of);
        }
        let blocks = function.iter_mut().flat_map(|one| &mut one.code.blocks);
        for inst in blocks.flat_map(|block| &mut block.insts) {
            inst.operands_mut(|operand| match operand {
                OperandMut::Const(ix) => *ix = self.constant(others.consts[ix.index()].clone()),
                OperandMut::Func(func) => *func = self.adopt(*func, others),
                _ => {}
            });
        }
        self.functions[place] = function;
        FuncRef::Local(number)
    }

    /// The instructions of a function that was written out.
    pub(crate) fn insts(&self, function: usize) -> impl Iterator<Item = &Inst> {
        let function = self.functions.get(function).into_iter().flatten();
        let blocks = function.flat_map(|function| &function.code.blocks);
        blocks.flat_map(|block| &block.insts)
    }

    /// The instructions of all functions.
    pub(crate) fn insts_mut(&mut self) -> impl Iterator<Item = &mut Inst> {
        let functions = self.functions.iter_mut().flatten();
        let blocks = functions.flat_map(|function| &mut function.code.blocks);
        blocks.flat_map(|block| &mut block.insts)
    }

    /// The functions that are called still, after some of them came to stand in place of calls.
    pub(crate) fn called(&self) -> Vec<InstanceId> {
        let mut used = vec![false; self.calls.len()];
        for inst in (0..self.functions.len()).flat_map(|at| self.insts(at)) {
            inst.operands(|operand| {
                if let OperandRef::Func(FuncRef::Callee(at)) = operand {
                    used[usize::from(at)] = true;
                }
            });
        }
        let calls = self.calls.iter().zip(used);
        calls
            .filter(|(_, used)| *used)
            .map(|(call, _)| *call)
            .collect()
    }

    /// What there is too much of for one brick.
    pub(crate) fn too_large(&self) -> Option<String> {
        let mut functions = self.functions.iter().flatten();
        let regs = || {
            self.functions
                .iter()
                .flatten()
                .map(|one| one.code.regs.len())
                .max()
        };
        if functions.any(|function| function.overflow) {
            return Some("it has more values and branches than the compiler can follow".into());
        }
        let (count, what, limit) = if self.functions.len() > MAX_FUNCTIONS {
            (self.functions.len() - 1, "closures", MAX_FUNCTIONS - 1)
        } else if self.calls.len() > MAX_CALLEES {
            (self.calls.len(), "functions that it calls", MAX_CALLEES)
        } else if regs().is_some_and(|regs| regs > MAX_REGS) {
            (regs()?, "values that it needs at the same time", MAX_REGS)
        } else {
            return None;
        };
        Some(format!("it has {count} {what}, and {limit} is the most"))
    }
}
