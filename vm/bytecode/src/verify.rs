//! The verifier: what has to be true of a brick before any engine sees it.
//!
//! Guaranteed of a [`VerifiedGroup`], so that engines need not look again:
//! - every index (register, type, constant, tag, function, block, field, variant) exists;
//! - a register always holds what its slot says, and holds a value whenever it is read;
//! - every block ends with a terminator and has no other; control never runs off the end;
//! - calls pass and take exactly the slots of the signature they name (that the named function of
//!   another group has this signature is checked when a program is linked);
//! - only data is put into tags and given to spawned messages; keys of maps can be hashed;
//! - frames, records and live sets stay within [`limits`](crate::limits);
//! - the group is in normal form, so equal bricks have equal hashes.
//!
//! One pass, in time and memory linear in the brick's size. Definedness needs no data flow: each
//! block declares its live registers, the declaration has to be exactly what follows from its
//! instructions and its successors' declarations, and the entry's may name parameters only. By
//! induction along any path, what is read was written.

mod code;
mod fault;
mod rules;

#[cfg(test)]
mod tests;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::codec::DecodeError;
use crate::group::{Access, Function, Group, TagConst};
use crate::hash::{BrickHash, TypeHash};
use crate::index::{FuncRef, Reg, TypeIx};
use crate::inst::Inst;
use crate::inst::operand::OperandRef;
use crate::limits::{MAX_CALLEES, MAX_FUNCTIONS, MAX_GROUP_BYTES, MAX_PARAMS, MAX_REGS};
use crate::types::check::is_name;
use crate::types::{Slot, TypeError, TypeFacts, TypeTable};

pub use code::FunctionCode;
pub use fault::{BrickError, Fault, VerifyError};

/// A group that passed the verifier, with what was worked out on the way.
#[derive(Clone, Debug)]
pub struct VerifiedGroup {
    group: Group,
    hash: BrickHash,
    facts: TypeFacts,
    codes: Vec<FunctionCode>,
}

impl Deref for VerifiedGroup {
    type Target = Group;

    fn deref(&self) -> &Group {
        &self.group
    }
}

impl VerifiedGroup {
    /// Verifies a group.
    ///
    /// # Errors
    /// The first fault that is found, with its place.
    pub fn new(group: Group) -> Result<Self, VerifyError> {
        let hash = hash(&group)?;
        verify(group, hash, TypeTable::check)
    }

    /// Brings a group into normal form and verifies it. `names` are those of its types, from a
    /// compiler that took these out of a larger table and has them already. They are believed: no
    /// engine takes a group that comes with names.
    ///
    /// # Errors
    /// The first fault that is found, with its place.
    pub fn of_draft(mut group: Group, names: &[TypeHash]) -> Result<Self, VerifyError> {
        debug_assert_eq!(group.types.hashes().as_deref(), Ok(names));
        let names = group.canonicalize_named(names);
        let hash = hash(&group)?;
        verify(group, hash, |types| types.check_named(names))
    }

    /// Decodes and verifies a brick that came from elsewhere.
    ///
    /// # Errors
    /// If the bytes are no group in canonical encoding, or the group is not valid.
    pub fn decode(bytes: &[u8]) -> Result<Self, BrickError> {
        let group = Group::decode(bytes)?;
        Ok(verify(group, BrickHash::of(bytes), TypeTable::check)?)
    }

    /// The name of the brick.
    pub fn hash(&self) -> BrickHash {
        self.hash
    }

    /// What is known about the types of the group.
    pub fn facts(&self) -> &TypeFacts {
        &self.facts
    }

    /// Program counters and live sets of a function.
    pub fn code(&self, function: u16) -> Option<&FunctionCode> {
        self.codes.get(usize::from(function))
    }

    /// The instruction at a program counter.
    pub fn inst(&self, function: u16, pc: u32) -> Option<&Inst> {
        let (block, at) = self.code(function)?.locate(pc)?;
        self.functions[usize::from(function)].blocks[block.index()]
            .insts
            .get(at)
    }

    /// The group itself.
    pub fn into_group(self) -> Group {
        self.group
    }
}

/// The name of a group that is not too large.
fn hash(group: &Group) -> Result<BrickHash, VerifyError> {
    let bytes = group.encode();
    if bytes.len() > MAX_GROUP_BYTES {
        return Err(Fault::TooMany("bytes").into());
    }
    Ok(BrickHash::of(&bytes))
}

fn verify(
    group: Group,
    hash: BrickHash,
    check_types: impl FnOnce(&TypeTable) -> Result<TypeFacts, TypeError>,
) -> Result<VerifiedGroup, VerifyError> {
    check_counts(&group)?;
    let facts = check_types(&group.types).map_err(Fault::Type)?;
    check_tables(&group, &facts)?;
    for (index, function) in group.functions.iter().enumerate() {
        let cx = Context {
            group: &group,
            facts: &facts,
            function,
        };
        cx.check_function().map_err(|(pc, fault)| VerifyError {
            function: Some(index as u16),
            pc,
            fault,
        })?;
    }
    group.check_canonical()?;
    let mut budget = code::LiveBudget::new();
    let mut codes = Vec::with_capacity(group.functions.len());
    for (index, function) in group.functions.iter().enumerate() {
        let code =
            FunctionCode::build(function, &mut budget).map_err(|(pc, fault)| VerifyError {
                function: Some(index as u16),
                pc: Some(pc),
                fault,
            })?;
        codes.push(code);
    }
    Ok(VerifiedGroup {
        group,
        hash,
        facts,
        codes,
    })
}

fn check_counts(group: &Group) -> Result<(), Fault> {
    let counts = [
        (group.functions.len(), MAX_FUNCTIONS, "functions"),
        (group.callees.len(), MAX_CALLEES, "callees"),
    ];
    match counts.into_iter().find(|(count, limit, _)| count > limit) {
        Some((_, _, what)) => Err(Fault::TooMany(what)),
        None if group.functions.is_empty() => Err(Fault::NoFunctions),
        None => Ok(()),
    }
}

/// Constants, tags, callees and signatures.
fn check_tables(group: &Group, facts: &TypeFacts) -> Result<(), Fault> {
    unique(&group.consts, "constant")?;
    unique(&group.tags, "tag")?;
    unique(&group.callees, "callee")?;
    let known = |ix: &TypeIx| {
        if ix.index() < group.types.len() {
            Ok(())
        } else {
            Err(Fault::UnknownType(*ix))
        }
    };
    for tag in &group.tags {
        known(&tag.value)?;
        tag.keys.iter().try_for_each(known)?;
        check_tag(tag, facts)?;
    }
    let callees = group
        .callees
        .iter()
        .map(|callee| (&callee.params, &callee.result));
    let functions = group
        .functions
        .iter()
        .map(|function| (&function.params, &function.result));
    for (params, result) in callees.chain(functions) {
        few(params)?;
        params.iter().chain([result]).try_for_each(known)?;
    }
    for function in &group.functions {
        few(&function.captures)?;
        function.captures.iter().try_for_each(known)?;
        let slot_types: Vec<_> = function.regs.iter().filter_map(|slot| slot.ty()).collect();
        slot_types.iter().try_for_each(known)?;
    }
    Ok(())
}

fn unique<T: Ord>(items: &[T], what: &'static str) -> Result<(), Fault> {
    let set: BTreeSet<_> = items.iter().collect();
    if set.len() == items.len() {
        Ok(())
    } else {
        Err(Fault::Duplicate(what))
    }
}

fn few(params: &[TypeIx]) -> Result<(), Fault> {
    if params.len() > MAX_PARAMS {
        Err(Fault::TooMany("parameters"))
    } else {
        Ok(())
    }
}

fn check_tag(tag: &TagConst, facts: &TypeFacts) -> Result<(), Fault> {
    few(&tag.keys)?;
    if ![&tag.name]
        .into_iter()
        .chain(&tag.owner)
        .all(|name| is_name(name))
    {
        return Err(Fault::BadName);
    }
    if !facts.is_data(tag.value) {
        return Err(Fault::NotData(tag.value));
    }
    if let Some(key) = tag.keys.iter().find(|key| !facts.is_key(**key)) {
        return Err(Fault::NotKey(*key));
    }
    let code = tag.read == Access::Code || tag.write == Access::Code;
    if code == tag.owner.is_some() {
        Ok(())
    } else {
        Err(Fault::TagOwner)
    }
}

/// What a function is checked against.
struct Context<'a> {
    group: &'a Group,
    facts: &'a TypeFacts,
    function: &'a Function,
}

/// A fault and the instruction it is at, if it is at one.
type Located = (Option<u32>, Fault);

impl Context<'_> {
    fn check_function(&self) -> Result<(), Located> {
        self.check_frame().map_err(|fault| (None, fault))?;
        let mut pc = 0;
        let mut written = Written::new(self.function.regs.len());
        for block in &self.function.blocks {
            self.check_live_in(&block.live_in)
                .map_err(|fault| (Some(pc), fault))?;
            let mut ended = false;
            for inst in &block.insts {
                if core::mem::replace(&mut ended, inst.is_terminator()) {
                    return Err((Some(pc), Fault::AfterTerminator));
                }
                self.check_inst(inst, &mut written)
                    .map_err(|fault| (Some(pc), fault))?;
                pc += 1;
            }
            if !ended {
                return Err((Some(pc), Fault::NoTerminator));
            }
        }
        Ok(())
    }

    /// The registers begin with parameters and captures, and there are not too many.
    fn check_frame(&self) -> Result<(), Fault> {
        let function = self.function;
        if function.regs.len() > MAX_REGS {
            return Err(Fault::TooMany("registers"));
        }
        if function.blocks.is_empty() {
            return Err(Fault::NoBlocks);
        }
        let types = function.params.iter().chain(&function.captures);
        let mut regs = function.regs.iter();
        for slot in types.flat_map(|ty| self.facts.slots(*ty)) {
            if regs.next() != Some(slot) {
                return Err(Fault::Frame);
            }
        }
        let inputs = function.regs.len() - regs.len();
        function
            .regs
            .iter()
            .try_for_each(|slot| self.check_slot(*slot))?;
        match function.blocks[0].live_in.last() {
            Some(reg) if reg.index() >= inputs => Err(Fault::LiveAtEntry(*reg)),
            _ => Ok(()),
        }
    }

    /// The slot is one that some value has.
    fn check_slot(&self, slot: Slot) -> Result<(), Fault> {
        let fits = match slot {
            Slot::Int | Slot::Float | Slot::Bool => true,
            Slot::Enum(ty) => self.facts.slots(ty) == [slot],
            Slot::Ref(ty) => self.facts.elem(ty) == slot,
            Slot::OptRef(ty) => self.facts.slots(ty) == [Slot::Ref(ty)],
        };
        if fits {
            Ok(())
        } else {
            Err(Fault::BadSlot(slot))
        }
    }

    fn check_live_in(&self, live_in: &[Reg]) -> Result<(), Fault> {
        live_in.iter().try_for_each(|reg| self.known_reg(*reg))?;
        match live_in.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(Fault::LiveOrder(pair[1])),
            None => Ok(()),
        }
    }

    fn check_inst(&self, inst: &Inst, written: &mut Written) -> Result<(), Fault> {
        let mut answer = Ok(());
        inst.operands(|operand| {
            if answer.is_ok() {
                answer = self.check_operand(operand, written);
            }
        });
        answer?;
        rules::check(self, inst)
    }

    /// The operand refers to something that exists.
    fn check_operand(&self, operand: OperandRef<'_>, written: &mut Written) -> Result<(), Fault> {
        let exists = |index: usize, len: usize, fault: Fault| {
            if index < len { Ok(()) } else { Err(fault) }
        };
        let group = self.group;
        let blocks = self.function.blocks.len();
        match operand {
            OperandRef::Use(reg) | OperandRef::Def(reg) | OperandRef::Update(reg) => {
                self.known_reg(reg)
            }
            OperandRef::Uses(regs) => regs.iter().try_for_each(|reg| self.known_reg(*reg)),
            OperandRef::Defs(regs) => {
                regs.iter().try_for_each(|reg| self.known_reg(*reg))?;
                written.check(regs)
            }
            OperandRef::Block(to) => exists(to.index(), blocks, Fault::UnknownBlock(to)),
            OperandRef::Blocks(targets) => targets
                .iter()
                .try_for_each(|to| exists(to.index(), blocks, Fault::UnknownBlock(*to))),
            OperandRef::Type(ty) => exists(ty.index(), group.types.len(), Fault::UnknownType(ty)),
            OperandRef::Const(ix) => {
                exists(ix.index(), group.consts.len(), Fault::UnknownConst(ix))
            }
            OperandRef::Tag(ix) => exists(ix.index(), group.tags.len(), Fault::UnknownTag(ix)),
            OperandRef::Func(func) => match func {
                FuncRef::Local(ix) => exists(
                    ix.into(),
                    group.functions.len(),
                    Fault::UnknownFunction(func),
                ),
                FuncRef::Callee(ix) => {
                    exists(ix.into(), group.callees.len(), Fault::UnknownFunction(func))
                }
            },
            OperandRef::Native(_) | OperandRef::Trap(_) | OperandRef::Int(_) => Ok(()),
            OperandRef::Float(_) | OperandRef::Bool(_) | OperandRef::Index(_) => Ok(()),
        }
    }

    fn known_reg(&self, reg: Reg) -> Result<(), Fault> {
        if reg.index() < self.function.regs.len() {
            Ok(())
        } else {
            Err(Fault::UnknownReg(reg))
        }
    }
}

/// Finds registers that one instruction writes twice, without a set for each instruction.
struct Written {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Written {
    fn new(regs: usize) -> Self {
        Written {
            stamps: vec![0; regs],
            stamp: 0,
        }
    }

    fn check(&mut self, regs: &[Reg]) -> Result<(), Fault> {
        self.stamp += 1;
        for reg in regs {
            if core::mem::replace(&mut self.stamps[reg.index()], self.stamp) == self.stamp {
                return Err(Fault::WrittenTwice(*reg));
            }
        }
        Ok(())
    }
}

impl From<DecodeError> for BrickError {
    fn from(error: DecodeError) -> Self {
        BrickError::Decode(error)
    }
}

impl From<VerifyError> for BrickError {
    fn from(error: VerifyError) -> Self {
        BrickError::Verify(error)
    }
}

/// Whether a run may be stopped before the instruction: captured, collected, ended. `back` says
/// whether one of its successors is the own block or one before it.
fn is_safepoint(inst: &Inst, pc: u32, back: BackEdge) -> bool {
    pc == 0 || back == BackEdge::Yes || inst.info().is_safepoint()
}

/// Whether control may go to the own block or one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BackEdge {
    Yes,
    No,
}
