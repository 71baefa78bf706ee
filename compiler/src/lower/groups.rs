//! Bricks: functions that call each other become one, callees before callers.

use std::collections::{BTreeMap, HashMap};

use sm_bytecode::inst::operand::OperandMut;
use sm_bytecode::verify::VerifiedGroup;
use sm_bytecode::{
    Access, BrickHash, Callee, EntryRef, FuncRef, Function, Group, Inst, Reg, Slot, TagConst,
    TagIx, Type, TypeHash, TypeIx, TypeTable,
};

use super::body::{Inlined, Origin};
use super::finish::Code;
use super::program::{Instance, InstanceCode, Lowering};
use super::unit::{ASK, InstanceId, TagUse, Unit, UnitFunction};
use crate::typed::{self, Name, TagId};

/// A brick of the program, with what only people look at.
#[derive(Debug)]
pub(crate) struct Brick {
    pub(crate) hash: BrickHash,
    pub(crate) group: Group,
    /// For each function where it comes from.
    pub(crate) sources: Vec<Source>,
}

/// What is known of a function beside its code.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) instance: InstanceId,
    pub(crate) name: String,
    /// Of each instruction.
    pub(crate) origins: Vec<Origin>,
    /// The calls in whose place code stands.
    pub(crate) inlined: Vec<Inlined>,
    /// Of registers.
    pub(crate) names: Vec<(Reg, Name)>,
}

/// A brick that the verifier refuses, and the function it is about.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) instance: InstanceId,
    pub(crate) fault: String,
}

/// All bricks, callees first, and where each instance is.
#[derive(Debug)]
pub(crate) struct Bricks {
    pub(crate) bricks: Vec<Brick>,
    pub(crate) entries: Vec<Option<EntryRef>>,
    pub(crate) refused: Vec<Refused>,
}

/// Makes bricks of everything that was lowered.
pub(crate) fn make(lowering: &mut Lowering<'_>, calls: &[Vec<usize>]) -> Bricks {
    lowering.place_types();
    let names = match lowering.layout.table.hashes() {
        Ok(names) => names,
        Err(error) => {
            let fault = error.to_string();
            let refused = vec![Refused {
                instance: InstanceId(0),
                fault,
            }];
            return Bricks {
                bricks: Vec::new(),
                entries: vec![None; calls.len()],
                refused,
            };
        }
    };
    let mut maker = Maker {
        lowering,
        places: vec![None; names.len()],
        firsts: firsts(&names),
        names,
        entries: vec![None; calls.len()],
    };
    for (at, instance) in maker.lowering.instances.iter().enumerate() {
        if let InstanceCode::Prebuilt(entry) = instance.code {
            maker.entries[at] = Some(entry);
        }
    }
    let mut bricks = Vec::new();
    let mut refused = Vec::new();
    let needed = needed(maker.lowering, calls);
    for members in components(calls) {
        let members: Vec<InstanceId> = members.into_iter().map(InstanceId).collect();
        if maker.entries[members[0].0].is_some() || !needed[members[0].0] {
            continue;
        }
        match maker.brick(members) {
            Ok(brick) => bricks.push(brick),
            Err(fault) => refused.push(fault),
        }
    }
    Bricks {
        bricks,
        entries: maker.entries,
        refused,
    }
}

/// For each instance the others that it calls: as it was lowered, or what is left of that.
pub(crate) fn calls(lowering: &Lowering<'_>, lowered: bool) -> Vec<Vec<usize>> {
    let calls_of = |instance: &Instance| match &instance.code {
        InstanceCode::Lowered(unit) if lowered => unit.calls.clone(),
        InstanceCode::Lowered(unit) => unit.called(),
        _ => Vec::new(),
    };
    let calls = lowering.instances.iter().map(calls_of);
    let numbers = calls.map(|calls| calls.into_iter().map(|call| call.0).collect());
    numbers.collect()
}

/// Which instances something leads to: specialisations whose calls are all replaced are not.
fn needed(lowering: &Lowering<'_>, calls: &[Vec<usize>]) -> Vec<bool> {
    let mut needed = vec![false; calls.len()];
    let roots = lowering.instances.iter().enumerate();
    let roots = roots.filter(|(_, instance)| {
        let function = lowering.program.function(instance.function);
        instance.args.is_empty() && matches!(function.body, typed::Body::Typed(_))
    });
    let mut work: Vec<usize> = roots.map(|(at, _)| at).collect();
    while let Some(at) = work.pop() {
        if !std::mem::replace(&mut needed[at], true) {
            work.extend(&calls[at]);
        }
    }
    needed
}

struct Maker<'a, 'p> {
    lowering: &'a mut Lowering<'p>,
    /// The name of each type of the program's table.
    names: Vec<TypeHash>,
    /// For each of them the first one of that name.
    firsts: Vec<TypeIx>,
    /// The place of each such type in the brick that is made now.
    places: Vec<Option<TypeIx>>,
    entries: Vec<Option<EntryRef>>,
}

impl Maker<'_, '_> {
    fn brick(&mut self, mut members: Vec<InstanceId>) -> Result<Brick, Refused> {
        members.sort_by_cached_key(|member| self.key(*member));
        let mut units = Vec::with_capacity(members.len());
        let mut places = BTreeMap::new();
        let mut next = 0;
        for member in &members {
            let code = &mut self.lowering.instances[member.0].code;
            let InstanceCode::Lowered(unit) = std::mem::replace(code, InstanceCode::Pending) else {
                continue;
            };
            places.insert(*member, next);
            next += unit.functions.len();
            units.push((*member, *unit));
        }
        let mut draft = Draft::new(self, places);
        let sources = draft.add_all(units);
        let first = members[0];
        let names = draft.origins.iter().map(|ix| draft.maker.names[ix.index()]);
        let names: Vec<TypeHash> = names.collect();
        let Draft { group, places, .. } = draft;
        let refuse = |fault: String| Refused {
            instance: first,
            fault,
        };
        let group = VerifiedGroup::of_draft(group, &names);
        let group = group.map_err(|error| refuse(error.to_string()))?;
        let hash = group.hash();
        for (member, place) in places {
            let function = number16(place);
            self.entries[member.0] = Some(EntryRef {
                brick: hash,
                function,
            });
        }
        Ok(Brick {
            hash,
            group: group.into_group(),
            sources,
        })
    }

    /// The order of the members of a brick: as declared, then by type arguments. It depends on
    /// nothing but the members.
    fn key(&self, member: InstanceId) -> (String, u32, Vec<TypeHash>) {
        let instance = &self.lowering.instances[member.0];
        let function = self.lowering.program.function(instance.function);
        let module = self.lowering.program.module(function.module);
        let args = instance.args.iter().map(|arg| {
            let ix = self.lowering.layout.known_ix(*arg);
            ix.and_then(|ix| self.names.get(ix.index()).copied())
                .unwrap_or(TypeHash([0; 32]))
        });
        (module.path.to_string(), function.span.start, args.collect())
    }
}

fn number16(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// A group under construction.
struct Draft<'m, 'a, 'p> {
    maker: &'m mut Maker<'a, 'p>,
    group: Group,
    /// The first function of each member.
    places: BTreeMap<InstanceId, usize>,
    imported: Vec<Type>,
    /// Of which type of the program each of them is.
    origins: Vec<TypeIx>,
    tags: HashMap<TagUse, TagIx>,
    callees: HashMap<InstanceId, u16>,
}

impl<'m, 'a, 'p> Draft<'m, 'a, 'p> {
    fn new(maker: &'m mut Maker<'a, 'p>, places: BTreeMap<InstanceId, usize>) -> Self {
        Self {
            maker,
            group: Group::default(),
            places,
            imported: Vec::new(),
            origins: Vec::new(),
            tags: HashMap::new(),
            callees: HashMap::new(),
        }
    }

    fn add_all(&mut self, units: Vec<(InstanceId, Unit)>) -> Vec<Source> {
        let mut sources = Vec::new();
        for (member, unit) in units {
            let base = self.places[&member];
            let context = UnitContext {
                base,
                consts: self.group.consts.len(),
                tags: unit.tags,
                calls: unit.calls,
            };
            self.group.consts.extend(unit.consts);
            for function in unit.functions.into_iter().flatten() {
                sources.push(self.add(member, function, &context));
            }
        }
        self.group.types = TypeTable::from_types(std::mem::take(&mut self.imported));
        for ix in &self.origins {
            self.maker.places[ix.index()] = None;
        }
        sources
    }

    fn add(&mut self, member: InstanceId, function: UnitFunction, context: &UnitContext) -> Source {
        let Code {
            regs,
            mut blocks,
            origins,
            inlined,
            names,
        } = function.code;
        let params = self.types(&function.params);
        let captures = self.types(&function.captures);
        let result = self.ty(function.result);
        let regs: Vec<Slot> = regs
            .into_iter()
            .map(|slot| slot.map(|ty| self.ty(ty)))
            .collect();
        for inst in blocks.iter_mut().flat_map(|block| &mut block.insts) {
            self.renumber(inst, context);
        }
        self.group.functions.push(Function {
            params,
            captures,
            result,
            regs,
            blocks,
        });
        Source {
            instance: function.origin.unwrap_or(member),
            name: function.name,
            origins,
            inlined,
            names,
        }
    }

    fn renumber(&mut self, inst: &mut Inst, context: &UnitContext) {
        inst.operands_mut(|operand| match operand {
            OperandMut::Type(ty) => *ty = self.ty(*ty),
            OperandMut::Const(konst) => {
                konst.0 += u32::try_from(context.consts).expect("fewer than bytes of source");
            }
            OperandMut::Tag(tag) => *tag = self.tag(context.tags[tag.index()]),
            OperandMut::Func(func) => {
                *func = match *func {
                    FuncRef::Local(at) => FuncRef::Local(number16(context.base + usize::from(at))),
                    FuncRef::Callee(at) => self.callee(context.calls[usize::from(at)]),
                };
            }
            _ => {}
        });
    }

    fn callee(&mut self, instance: InstanceId) -> FuncRef {
        if let Some(place) = self.places.get(&instance) {
            return FuncRef::Local(number16(*place));
        }
        if let Some(known) = self.callees.get(&instance) {
            return FuncRef::Callee(*known);
        }
        let entry = self.maker.entries[instance.0].unwrap_or(EntryRef {
            // Its brick was refused, and so will be the program.
            brick: BrickHash([0; 32]),
            function: 0,
        });
        let (params, result) = self.maker.lowering.signature(instance);
        let params = self.types(&params);
        let result = self.ty(result);
        let at = number16(self.group.callees.len());
        let (group, function) = (entry.brick, entry.function);
        self.group.callees.push(Callee {
            group,
            function,
            params,
            result,
        });
        self.callees.insert(instance, at);
        FuncRef::Callee(at)
    }

    fn tag(&mut self, tag: TagUse) -> TagIx {
        if let Some(known) = self.tags.get(&tag) {
            return *known;
        }
        let declared = match tag {
            TagUse::Declared(id) => self.declared_tag(id),
            TagUse::Ask { key, value } => TagConst {
                name: ASK.to_owned(),
                value: self.ty(value),
                keys: self.types(&[key]),
                owner: None,
                lifetime: None,
                read: Access::Any,
                write: Access::Any,
            },
        };
        let at = TagIx(u32::try_from(self.group.tags.len()).expect("fewer than bytes of source"));
        self.group.tags.push(declared);
        self.tags.insert(tag, at);
        at
    }

    fn declared_tag(&mut self, id: TagId) -> TagConst {
        let program = self.maker.lowering.program;
        let tag = program.tag(id);
        let value = self.maker.lowering.layout.type_ix(tag.value);
        let keys: Vec<TypeIx> = tag
            .params
            .iter()
            .map(|key| self.maker.lowering.layout.type_ix(*key))
            .collect();
        let is_code = tag.read == typed::Access::Code || tag.write == typed::Access::Code;
        TagConst {
            name: tag.name.to_string(),
            value: self.ty(value),
            keys: self.types(&keys),
            owner: is_code.then(|| program.module(tag.module).path.to_string()),
            lifetime: tag.lifetime.and_then(|nanos| u64::try_from(nanos).ok()),
            read: access(tag.read),
            write: access(tag.write),
        }
    }

    fn types(&mut self, types: &[TypeIx]) -> Vec<TypeIx> {
        types.iter().map(|ty| self.ty(*ty)).collect()
    }

    /// The place of a type of the program in the group. Equal types have one name, and one place.
    fn ty(&mut self, ix: TypeIx) -> TypeIx {
        if let Some(known) = self.place(ix) {
            return known;
        }
        let table = &self.maker.lowering.layout.table;
        let added = self.origins.len();
        let mut work = vec![ix];
        while let Some(part) = work.pop() {
            let first = self.maker.firsts[part.index()];
            let next = TypeIx(u32::try_from(self.origins.len()).expect("bounded by the program"));
            let place = &mut self.maker.places[first.index()];
            if place.is_none() {
                *place = Some(next);
                self.origins.push(first);
                table.as_slice()[first.index()].for_each_part(|part| work.push(part));
            }
        }
        for at in added..self.origins.len() {
            let mut ty =
                self.maker.lowering.layout.table.as_slice()[self.origins[at].index()].clone();
            ty.for_each_part_mut(|inner| *inner = self.known_place(*inner));
            self.imported.push(ty);
        }
        self.known_place(ix)
    }

    fn place(&self, ix: TypeIx) -> Option<TypeIx> {
        self.maker.places[self.maker.firsts[ix.index()].index()]
    }

    fn known_place(&self, ix: TypeIx) -> TypeIx {
        self.place(ix)
            .expect("a type comes with what it consists of")
    }
}

/// For each name the place of its first occurrence.
fn firsts(names: &[TypeHash]) -> Vec<TypeIx> {
    let mut known = HashMap::new();
    let places = names.iter().zip((0..).map(TypeIx));
    places
        .map(|(name, place)| *known.entry(name).or_insert(place))
        .collect()
}

/// What the numbers in a unit's instructions refer to.
struct UnitContext {
    /// The unit's first function in the group.
    base: usize,
    /// Its first constant in the group.
    consts: usize,
    tags: Vec<TagUse>,
    calls: Vec<InstanceId>,
}

const fn access(access: typed::Access) -> Access {
    match access {
        typed::Access::Any => Access::Any,
        typed::Access::Owner => Access::Owner,
        typed::Access::Code => Access::Code,
    }
}

/// The strongly connected components of a graph, each after those it leads to (Tarjan's
/// algorithm, with a stack of its own instead of recursion).
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        number: vec![None; edges.len()],
        low: vec![0; edges.len()],
        open: Vec::new(),
        is_open: vec![false; edges.len()],
        next: 0,
        out: Vec::new(),
    };
    for root in 0..edges.len() {
        if search.number[root].is_none() {
            search.visit(root, edges);
        }
    }
    search.out
}

struct Search {
    number: Vec<Option<usize>>,
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    next: usize,
    out: Vec<Vec<usize>>,
}

impl Search {
    fn visit(&mut self, root: usize, edges: &[Vec<usize>]) {
        let mut path = vec![(root, 0)];
        self.enter(root);
        while let Some((node, edge)) = path.last_mut() {
            let (from, at) = (*node, *edge);
            *edge += 1;
            match edges[from].get(at) {
                Some(to) => match self.number[*to] {
                    None => {
                        self.enter(*to);
                        path.push((*to, 0));
                    }
                    Some(number) if self.is_open[*to] => {
                        self.low[from] = self.low[from].min(number);
                    }
                    Some(_) => {}
                },
                None => {
                    path.pop();
                    if let Some((parent, _)) = path.last() {
                        self.low[*parent] = self.low[*parent].min(self.low[from]);
                    }
                    self.leave(from);
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.number[node] = Some(self.next);
        self.low[node] = self.next;
        self.next += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    /// Closes the component whose first node this is.
    fn leave(&mut self, node: usize) {
        if Some(self.low[node]) != self.number[node] {
            return;
        }
        let from = self
            .open
            .iter()
            .rposition(|open| *open == node)
            .expect("the node is open");
        let members = self.open.split_off(from);
        for member in &members {
            self.is_open[*member] = false;
        }
        self.out.push(members);
    }
}
