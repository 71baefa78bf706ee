//! The program as functions that call each other, with what is live at each call.

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{
    BrickHash, EntryRef, FuncRef, Function, FunctionCode, Inst, Reg, Slot, TypeIx, TypePool,
    TypeTable, VerifiedGroup,
};

use super::{CostError, Primitive};

/// A function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FnIx(usize);

impl FnIx {
    pub(super) const fn index(self) -> usize {
        self.0
    }
}

/// The functions of a program. Types are numbered for all bricks together.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    index: BTreeMap<EntryRef, FnIx>,
    pool: TypePool,
    /// For each type of functions the bodies of closures of that type.
    closures: BTreeMap<TypeIx, BTreeSet<FnIx>>,
    /// Where messages begin: `main`, and what is spawned.
    entries: BTreeSet<FnIx>,
    /// The value types of families of tags, whose members have keys.
    families: BTreeSet<TypeIx>,
    /// How many texts, and how many tags the bricks name.
    pub(super) consts: u64,
    pub(super) tags: u64,
    pub(super) bricks: u64,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: EntryRef,
    /// The slot of each register.
    pub(super) regs: Vec<Slot>,
    /// The slots that a closure with this body carries.
    pub(super) captures: Vec<Slot>,
    /// In the order of the code.
    pub(super) sites: Vec<Site>,
}

/// An instruction where the function may be while the message moves or sleeps.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) pc: u32,
    pub(super) kind: SiteKind,
    /// What a capture writes then.
    pub(super) live: Vec<Reg>,
}

#[derive(Debug)]
pub(super) enum SiteKind {
    /// Of one function, or of a closure that may be any of these.
    Call(Vec<FnIx>),
    Primitive(Primitive),
}

impl Graph {
    pub(super) fn of(bundle: &Bundle) -> Result<Self, CostError> {
        let mut groups = Vec::new();
        for brick in &bundle.bricks {
            let group = VerifiedGroup::new(brick.clone());
            groups
                .push(group.map_err(|fault| CostError::BadBrick(brick.hash(), fault.to_string()))?);
        }
        Builder::new(bundle, &groups)?.build(&groups)
    }

    pub(super) fn node(&self, function: FnIx) -> &Node {
        &self.nodes[function.0]
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = FnIx> + use<> {
        (0..self.nodes.len()).map(FnIx)
    }

    pub(super) fn find(&self, at: EntryRef) -> Option<FnIx> {
        self.index.get(&at).copied()
    }

    pub(super) fn types(&self) -> &TypeTable {
        self.pool.table()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = FnIx> {
        self.entries.iter().copied()
    }

    /// The bodies that a closure of this type may have.
    pub(super) fn bodies(&self, ty: TypeIx) -> impl Iterator<Item = FnIx> {
        self.closures.get(&ty).into_iter().flatten().copied()
    }

    /// Whether a tag with values of this type, or of any, may be one of a family.
    pub(super) fn may_have_keys(&self, value: Option<TypeIx>) -> bool {
        match value {
            Some(ty) => self.families.contains(&ty),
            None => !self.families.is_empty(),
        }
    }

    /// The functions that may run, ascending.
    pub(super) fn reached(&self) -> BTreeSet<FnIx> {
        let mut reached = BTreeSet::new();
        let mut work: Vec<FnIx> = self.entries().collect();
        while let Some(function) = work.pop() {
            if reached.insert(function) {
                work.extend(self.node(function).callees());
            }
        }
        reached
    }

    /// A value of these slots, as a type: several are an option.
    pub(super) fn show(&self, slots: &[Slot]) -> String {
        match slots {
            [] => "Unit".to_owned(),
            [Slot::Int] => "Int".to_owned(),
            [Slot::Float] => "Float".to_owned(),
            [Slot::Bool] => "Bool".to_owned(),
            [Slot::Enum(ty) | Slot::Ref(ty)] => self.types().show(*ty),
            [Slot::OptRef(ty)] => format!("{}?", self.types().show(*ty)),
            [Slot::Bool, payload @ ..] => format!("{}?", self.show(payload)),
            [first, rest @ ..] => format!("{}, {}", self.show(&[*first]), self.show(rest)),
        }
    }
}

impl Node {
    pub(super) fn callees(&self) -> impl Iterator<Item = FnIx> {
        self.sites.iter().flat_map(|site| site.callees()).copied()
    }
}

impl Site {
    pub(super) fn callees(&self) -> &[FnIx] {
        match &self.kind {
            SiteKind::Call(callees) => callees,
            SiteKind::Primitive(_) => &[],
        }
    }
}

struct Builder {
    pool: TypePool,
    /// For each brick: its types in the pool, and its first function.
    types: Vec<Vec<TypeIx>>,
    first: Vec<usize>,
    bricks: BTreeMap<BrickHash, usize>,
    entry: EntryRef,
}

impl Builder {
    fn new(bundle: &Bundle, groups: &[VerifiedGroup]) -> Result<Self, CostError> {
        let mut builder = Self {
            pool: TypePool::new(),
            types: Vec::new(),
            first: Vec::new(),
            bricks: BTreeMap::new(),
            entry: bundle.program.entry,
        };
        let mut count = 0;
        for (at, group) in groups.iter().enumerate() {
            let names = group
                .types
                .hashes()
                .map_err(|fault| CostError::BadBrick(group.hash(), format!("{fault:?}")))?;
            let types = builder.pool.join(&group.types, &names);
            builder.types.push(types);
            builder.first.push(count);
            builder.bricks.insert(group.hash(), at);
            count += group.functions.len();
        }
        Ok(builder)
    }

    fn build(self, groups: &[VerifiedGroup]) -> Result<Graph, CostError> {
        let mut index = BTreeMap::new();
        let mut closures: BTreeMap<TypeIx, BTreeSet<FnIx>> = BTreeMap::new();
        let mut spawned = BTreeSet::new();
        for (brick, group) in groups.iter().enumerate() {
            for (at, function) in (0u16..).zip(&group.functions) {
                let place = EntryRef {
                    brick: group.hash(),
                    function: at,
                };
                index.insert(place, FnIx(self.first[brick] + usize::from(at)));
                for inst in function.blocks.iter().flat_map(|block| &block.insts) {
                    match inst {
                        Inst::ClosureNew { dst, func, .. } => {
                            if let Some(ty) = self.slot(brick, function.regs[dst.index()]).ty() {
                                let body = self.target(groups, brick, *func)?;
                                closures.entry(ty).or_default().insert(body);
                            }
                        }
                        Inst::Spawn { func, .. } => {
                            spawned.insert(self.target(groups, brick, *func)?);
                        }
                        _ => {}
                    }
                }
            }
        }
        let mut nodes = Vec::new();
        for (brick, group) in groups.iter().enumerate() {
            for (at, function) in (0u16..).zip(&group.functions) {
                let code = group.code(at).expect("each function was verified");
                let sites = self.sites(groups, &closures, (brick, function, code))?;
                let captures = group.types.slots_of_all(&function.captures);
                let slots = |slots: &[Slot]| -> Vec<Slot> {
                    slots.iter().map(|slot| self.slot(brick, *slot)).collect()
                };
                nodes.push(Node {
                    at: EntryRef {
                        brick: group.hash(),
                        function: at,
                    },
                    regs: slots(&function.regs),
                    captures: slots(&captures),
                    sites,
                });
            }
        }
        let main = index.get(&self.entry).copied();
        spawned.insert(main.ok_or(CostError::Missing(self.entry.brick))?);
        let count = |number: usize| number as u64;
        Ok(Graph {
            nodes,
            index,
            closures,
            families: self.families(groups),
            entries: spawned,
            pool: self.pool,
            consts: groups.iter().map(|group| count(group.consts.len())).sum(),
            tags: groups.iter().map(|group| count(group.tags.len())).sum(),
            bricks: count(groups.len()),
        })
    }

    fn families(&self, groups: &[VerifiedGroup]) -> BTreeSet<TypeIx> {
        let tags = groups.iter().zip(&self.types).flat_map(|(group, types)| {
            let families = group.tags.iter().filter(|tag| !tag.keys.is_empty());
            families.map(|tag| types[tag.value.index()])
        });
        tags.collect()
    }

    fn slot(&self, brick: usize, slot: Slot) -> Slot {
        slot.map(|ty| self.types[brick][ty.index()])
    }

    fn target(
        &self,
        groups: &[VerifiedGroup],
        brick: usize,
        func: FuncRef,
    ) -> Result<FnIx, CostError> {
        let (hash, function) = match func {
            FuncRef::Local(at) => (groups[brick].hash(), at),
            FuncRef::Callee(at) => {
                let callee = &groups[brick].callees[usize::from(at)];
                (callee.group, callee.function)
            }
        };
        let missing = CostError::Missing(hash);
        let at = *self.bricks.get(&hash).ok_or(missing.clone())?;
        if usize::from(function) >= groups[at].functions.len() {
            return Err(missing);
        }
        Ok(FnIx(self.first[at] + usize::from(function)))
    }

    /// The calls and the primitives of a function.
    fn sites(
        &self,
        groups: &[VerifiedGroup],
        closures: &BTreeMap<TypeIx, BTreeSet<FnIx>>,
        (brick, function, code): (usize, &Function, &FunctionCode),
    ) -> Result<Vec<Site>, CostError> {
        let mut sites = Vec::new();
        let insts = function.blocks.iter().flat_map(|block| &block.insts);
        for (pc, inst) in (0u32..).zip(insts) {
            let kind = match inst {
                Inst::Call { func, .. } => SiteKind::Call(vec![self.target(groups, brick, *func)?]),
                Inst::CallClosure { closure, .. } => {
                    let ty = self.slot(brick, function.regs[closure.index()]).ty();
                    let bodies = ty.and_then(|ty| closures.get(&ty));
                    SiteKind::Call(bodies.into_iter().flatten().copied().collect())
                }
                Inst::Migrate { .. } => SiteKind::Primitive(Primitive::Move),
                Inst::MigrateAll { .. } => SiteKind::Primitive(Primitive::MoveAll),
                Inst::TagBlock { .. } => SiteKind::Primitive(Primitive::Block),
                _ => continue,
            };
            // The innermost frame repeats its instruction, the others have begun theirs.
            let live = match kind {
                SiteKind::Primitive(_) => code.live_before(pc),
                SiteKind::Call(_) => code.live_across(pc),
            };
            let live = live.expect("calls and primitives have live sets").to_vec();
            sites.push(Site { pc, kind, live });
        }
        Ok(sites)
    }
}
