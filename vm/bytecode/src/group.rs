//! The brick: what a group of functions is made of.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::BrickHash;
use crate::index::{BlockIx, ConstIx, Reg, TagIx, TypeIx};
use crate::inst::Inst;
use crate::types::{Slot, TypeTable};

/// A function, or several that call each other, with everything they refer to: the unit that is
/// hashed, sent and cached. Closure bodies are functions of the group they appear in.
///
/// Normal form, which the verifier demands: `types`, `consts`, `tags` and `callees` stand in the
/// order of their first use and contain no duplicates and nothing unused.
/// [`Group::canonicalize`] brings a group into it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// All types that the rest refers to.
    pub types: TypeTable,
    /// Text and bytes that the code loads.
    pub consts: Vec<Const>,
    /// Tags that the code names.
    pub tags: Vec<TagConst>,
    /// Functions of other groups that the code calls.
    pub callees: Vec<Callee>,
    /// The functions, in declaration order, closure bodies after the function they appear in.
    pub functions: Vec<Function>,
}

impl Group {
    /// The constant, if it is in the table.
    pub fn const_at(&self, ix: ConstIx) -> Option<&Const> {
        self.consts.get(ix.index())
    }

    /// The tag declaration, if it is in the table.
    pub fn tag_at(&self, ix: TagIx) -> Option<&TagConst> {
        self.tags.get(ix.index())
    }
}

/// A constant that does not fit an instruction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Const {
    /// UTF-8 text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The declaration of a tag, or of a family of tags if `keys` is not empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TagConst {
    /// The name, without a module.
    pub name: String,
    /// Type of the value.
    pub value: TypeIx,
    /// Types of the family's keys.
    pub keys: Vec<TypeIx>,
    /// The declaring module, for tags with `access code` and only for them: the hash of that
    /// module's manifest in the running program is part of the tag's identity.
    pub owner: Option<String>,
    /// Declared lifetime in nanoseconds; `None` is the node's default.
    pub lifetime: Option<u64>,
    /// Who may read.
    pub read: Access,
    /// Who may create, write and delete.
    pub write: Access,
}

/// Who may use a tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Access {
    /// Every message.
    Any,
    /// Messages of the same author.
    Owner,
    /// Code of the module that declares the tag.
    Code,
}

/// A function of another group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Callee {
    /// The other group.
    pub group: BrickHash,
    /// Position of the function there.
    pub function: u16,
    /// Its parameters, as this group believes; checked when the program is linked.
    pub params: Vec<TypeIx>,
    /// Its result, likewise.
    pub result: TypeIx,
}

/// One function.
///
/// Registers 0.. hold the slots of the parameters, then those of the captures; the rest are
/// locals without a value at the entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Parameter types.
    pub params: Vec<TypeIx>,
    /// Types of what a closure captured; empty for a function that is no closure body.
    pub captures: Vec<TypeIx>,
    /// Result type.
    pub result: TypeIx,
    /// The slot of each register, for the whole function.
    pub regs: Vec<Slot>,
    /// Basic blocks; block 0 is the entry.
    pub blocks: Vec<Block>,
}

impl Function {
    /// Number of instructions in all blocks, which is the first invalid program counter.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.insts.len()).sum()
    }

    /// Whether the function has no instruction (no verified function is so).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block, if it is there.
    pub fn block(&self, ix: BlockIx) -> Option<&Block> {
        self.blocks.get(ix.index())
    }

    /// The slot of a register, if it is there.
    pub fn slot(&self, reg: Reg) -> Option<Slot> {
        self.regs.get(reg.index()).copied()
    }
}

/// A basic block: the last instruction and only it is a terminator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Block {
    /// Registers whose values the block or a block after it uses, ascending.
    pub live_in: Vec<Reg>,
    /// Instructions.
    pub insts: Vec<Inst>,
}
