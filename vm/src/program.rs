//! A linked program: verified bricks with every reference resolved, shared by all its messages.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sm_bytecode::verify::{FunctionCode, VerifiedGroup};
use sm_bytecode::{
    BrickHash, EntryRef, ManifestHash, ModuleManifest, ProgramHash, ProgramManifest, Reg, TypeHash,
    TypeTable,
};

use crate::heap::Statics;
use crate::heap::layout::Kind;
use crate::host::{TagDecl, TagHint};
use crate::index::{ConstId, FuncId, TagId, TypeId};
use crate::op::{Code, List, Pc, R, RecordSite, Side, SlowSite};
use crate::shape::Shape;

/// See the module's documentation. Immutable, and held by an [`Arc`] in every machine.
pub struct Program {
    pub(crate) hash: ProgramHash,
    pub(crate) entry: EntryRef,
    /// The bricks, ascending.
    pub(crate) bricks: Vec<Brick>,
    pub(crate) functions: Vec<Function>,
    pub(crate) types: TypeTable,
    /// The type of the elements of places.
    pub(crate) any_tag: TypeId,
    pub(crate) hashes: Vec<TypeHash>,
    pub(crate) types_by_hash: BTreeMap<TypeHash, TypeId>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) statics: Statics,
    /// Where each constant of the program comes from.
    pub(crate) const_sources: Vec<Source>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) tags_by_base: BTreeMap<[u8; 32], TagId>,
    /// One operation for each instruction.
    pub(crate) code: Vec<Code>,
    /// The same, of which some do the work of those behind them too.
    pub(crate) fused: Vec<Code>,
    pub(crate) lists: Vec<R>,
    pub(crate) words: Vec<u64>,
    pub(crate) jumps: Vec<Pc>,
    pub(crate) records: Vec<RecordSite>,
    /// Instructions without a form of their own; their types, constants and tags are numbered as
    /// in the program.
    pub(crate) slow: Vec<SlowSite>,
    /// Its native code.
    pub(crate) jit: crate::jit::Slot,
}

/// One brick of a program.
pub(crate) struct Brick {
    pub(crate) hash: BrickHash,
    pub(crate) group: Arc<VerifiedGroup>,
    /// Its functions are consecutive.
    pub(crate) first_function: FuncId,
    pub(crate) consts: Vec<ConstId>,
    pub(crate) tags: Vec<TagId>,
}

/// The place of a constant or tag in the bricks, which is its name in a captured state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Source {
    pub(crate) brick: u32,
    pub(crate) index: u32,
}

/// One function of a program.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) brick: u32,
    pub(crate) function: u16,
    pub(crate) start: Pc,
    pub(crate) len: u32,
    pub(crate) registers: u16,
    /// What each register holds.
    pub(crate) kinds: Box<[Kind]>,
    pub(crate) params: Vec<TypeId>,
    pub(crate) param_slots: u16,
    pub(crate) capture_slots: u16,
    pub(crate) result: TypeId,
}

/// One tag declaration of a program.
pub(crate) struct Tag {
    pub(crate) base: [u8; 32],
    pub(crate) decl: Arc<TagDecl>,
    pub(crate) hint: TagHint,
    pub(crate) value: TypeId,
    pub(crate) keys: Vec<TypeId>,
    pub(crate) source: Source,
}

/// What goes into a function, and what comes out of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The types of the parameters.
    pub params: Vec<TypeHash>,
    /// The type of the result.
    pub result: TypeHash,
}

/// Why bricks do not make a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// A brick of the manifest was not supplied.
    MissingBrick(BrickHash),
    /// A module of the manifest was not supplied.
    MissingModule(ManifestHash),
    /// A module was supplied that the manifest does not list.
    StrangeModule(ManifestHash),
    /// A brick belongs to no module of the program.
    Homeless(BrickHash),
    /// The entry is no function of the program, or one that captures something.
    NoEntry,
    /// The entry takes or gives a function, which cannot enter or leave a message.
    EntryNotData,
    /// A call goes to a function that is not there, or whose types are others.
    BadCallee {
        /// The calling brick.
        caller: BrickHash,
        /// What it believes to be there.
        target: EntryRef,
    },
    /// A call goes to another module's function that is not exported.
    Private {
        /// The calling brick.
        caller: BrickHash,
        /// The function.
        target: EntryRef,
    },
    /// A tag with `access code` names a module that does not list the brick.
    NotOwner {
        /// The brick that declares the tag.
        brick: BrickHash,
        /// The module it claims to belong to.
        module: String,
    },
    /// The program is larger than an engine's tables.
    TooLarge,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::MissingBrick(hash) => write!(f, "brick {hash:.8} is missing"),
            LinkError::MissingModule(hash) => write!(f, "module {hash:.8} is missing"),
            LinkError::StrangeModule(hash) => write!(f, "module {hash:.8} is no part of it"),
            LinkError::Homeless(hash) => write!(f, "brick {hash:.8} belongs to no module"),
            LinkError::NoEntry => f.write_str("the entry function is missing"),
            LinkError::EntryNotData => f.write_str("the entry takes or gives a function"),
            LinkError::BadCallee { caller, target } => write!(
                f,
                "brick {caller:.8} calls function {} of {:.8}, which has other types",
                target.function, target.brick
            ),
            LinkError::Private { caller, target } => write!(
                f,
                "brick {caller:.8} calls function {} of {:.8}, which is private",
                target.function, target.brick
            ),
            LinkError::NotOwner { brick, module } => {
                write!(
                    f,
                    "brick {brick:.8} is no part of the module `{module}` whose tag it names"
                )
            }
            LinkError::TooLarge => f.write_str("the program is too large"),
        }
    }
}

impl std::error::Error for LinkError {}

impl Program {
    /// Makes a program of the bricks that a manifest lists; `bricks` supplies them.
    ///
    /// # Errors
    /// The first thing that does not fit. The work is linear in the size of the bricks.
    pub fn link(
        manifest: &ProgramManifest,
        modules: &[ModuleManifest],
        bricks: impl FnMut(&BrickHash) -> Option<Arc<VerifiedGroup>>,
    ) -> Result<Arc<Program>, LinkError> {
        crate::link::link(manifest, modules, bricks).map(Arc::new)
    }

    /// The hash of the manifest: the program's name.
    pub fn hash(&self) -> ProgramHash {
        self.hash
    }

    /// Where the first message of a launch starts.
    pub fn entry(&self) -> EntryRef {
        self.entry
    }

    /// The bricks, ascending.
    pub fn bricks(&self) -> impl ExactSizeIterator<Item = BrickHash> {
        self.bricks.iter().map(|brick| brick.hash)
    }

    /// The types of a function, if the program has it.
    pub fn signature(&self, entry: EntryRef) -> Option<Signature> {
        let function = self.function(self.find(entry)?);
        Some(Signature {
            params: function
                .params
                .iter()
                .map(|ty| self.hashes[ty.index()])
                .collect(),
            result: self.hashes[function.result.index()],
        })
    }

    /// The canonical descriptor of a type of the program, from which
    /// [`TypeTable::from_descriptor`] makes a table.
    pub fn descriptor(&self, ty: &TypeHash) -> Option<Vec<u8>> {
        let id = self.types_by_hash.get(ty)?;
        self.types.descriptor(sm_bytecode::TypeIx(id.0))
    }

    /// All types of the program, whatever bricks they come from.
    pub fn types(&self) -> &TypeTable {
        &self.types
    }

    /// The place of a type in [`Program::types`].
    pub fn type_ix(&self, ty: &TypeHash) -> Option<sm_bytecode::TypeIx> {
        self.types_by_hash
            .get(ty)
            .map(|id| sm_bytecode::TypeIx(id.0))
    }

    /// The identity of a tag declaration of a brick.
    pub fn tag_base(&self, brick: &BrickHash, tag: sm_bytecode::TagIx) -> Option<[u8; 32]> {
        let brick = &self.bricks[self.brick_index(brick)? as usize];
        let id = brick.tags.get(tag.index())?;
        Some(self.tags[id.index()].base)
    }

    pub(crate) fn brick_index(&self, hash: &BrickHash) -> Option<u32> {
        let found = self.bricks.binary_search_by(|brick| brick.hash.cmp(hash));
        found.ok().map(|index| index as u32)
    }

    pub(crate) fn find(&self, entry: EntryRef) -> Option<FuncId> {
        self.find_at(self.brick_index(&entry.brick)?, entry.function)
    }

    pub(crate) fn find_at(&self, brick: u32, function: u16) -> Option<FuncId> {
        let brick = self.bricks.get(brick as usize)?;
        let known = usize::from(function) < brick.group.functions.len();
        known.then(|| FuncId(brick.first_function.0 + u32::from(function)))
    }

    #[inline]
    pub(crate) fn function(&self, id: FuncId) -> &Function {
        &self.functions[id.index()]
    }

    pub(crate) fn entry_ref(&self, id: FuncId) -> EntryRef {
        let function = self.function(id);
        EntryRef {
            brick: self.bricks[function.brick as usize].hash,
            function: function.function,
        }
    }

    /// The registers live before an instruction, ascending; `None` if it is no safepoint.
    pub(crate) fn live_before(&self, id: FuncId, pc: Pc) -> Option<&[Reg]> {
        let (code, pc) = self.code_of(id, pc)?;
        code.live_before(pc)
    }

    /// The registers live while a call runs, ascending; `None` if it is none.
    pub(crate) fn live_across(&self, id: FuncId, pc: Pc) -> Option<&[Reg]> {
        let (code, pc) = self.code_of(id, pc)?;
        code.live_across(pc)
    }

    fn code_of(&self, id: FuncId, pc: Pc) -> Option<(&FunctionCode, u32)> {
        let function = self.function(id);
        let code = self.bricks[function.brick as usize]
            .group
            .code(function.function)?;
        Some((code, pc.0.checked_sub(function.start.0)?))
    }

    #[inline]
    pub(crate) fn shape(&self, ty: TypeId) -> &Shape {
        &self.shapes[ty.index()]
    }

    /// The number of slots of a value of this type in registers.
    pub(crate) fn slot_count(&self, ty: TypeId) -> usize {
        let mut flags = 0;
        let mut at = ty;
        loop {
            match self.shape(at) {
                Shape::Unit => return flags,
                Shape::Option {
                    inner,
                    nullable: false,
                } => {
                    flags += 1;
                    at = *inner;
                }
                _ => return flags + 1,
            }
        }
    }

    /// A double in the side table of words.
    #[inline]
    pub(crate) fn float(&self, word: Side) -> f64 {
        f64::from_bits(self.words[word.index()])
    }

    /// A list of registers in the side table.
    #[inline]
    pub(crate) fn list(&self, list: List) -> &[R] {
        let at = list.0 as usize;
        &self.lists[at + 1..at + 1 + usize::from(self.lists[at])]
    }

    /// The list behind another one.
    #[inline]
    pub(crate) fn list_after(&self, list: List) -> &[R] {
        self.list(List(list.0 + 1 + u32::from(self.lists[list.0 as usize])))
    }
}

impl Function {
    pub(crate) fn registers(&self) -> usize {
        usize::from(self.registers)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("hash", &self.hash)
            .field("bricks", &self.bricks.len())
            .field("functions", &self.functions.len())
            .finish_non_exhaustive()
    }
}
