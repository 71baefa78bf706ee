//! Functions as they can stand in place of a call.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use sm_bytecode::inst::Effects;
use sm_bytecode::inst::operand::{OperandMut, OperandRef};
use sm_bytecode::{
    BrickHash, Const, ConstIx, DebugFunction, EntryRef, Function, Group, Inst, Slot, TypeHash,
    TypeIx,
};

use crate::ast::{FileId, Span};
use crate::lower::body::{Body, Inlined, Op, Origin};
use crate::lower::finish::Code;
use crate::lower::limits::MAX_INLINED;
use crate::lower::prebuilt::{self, PrebuiltModule};
use crate::lower::program::{InstanceCode, Lowering};
use crate::lower::unit::{Closures, InstanceId, Unit};

/// The code of a function that may stand in place of a call.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Rc<str>,
    pub(crate) file: FileId,
    pub(crate) regs: Vec<Slot>,
    pub(crate) blocks: Vec<Vec<Op>>,
    pub(crate) inlined: Vec<Inlined>,
    /// What the numbers of constants mean; `None` where they are those of the unit.
    pub(crate) consts: Option<Vec<Const>>,
    /// The closures that it makes, where they are not those of the unit.
    pub(crate) closures: Option<Closures>,
    /// How many instructions it has, with those of such closures.
    pub(crate) size: usize,
    /// Whether it calls what it is given.
    pub(crate) calls_closures: bool,
}

impl Template {
    /// A function of the unit it is to stand in.
    pub(crate) fn of_unit(name: &str, file: FileId, code: &Code) -> Self {
        let mut origins = code.origins.iter();
        let blocks = code.blocks.iter().map(|block| {
            let ops = block.insts.iter().map(|inst| Op {
                inst: inst.clone(),
                origin: *origins.next().expect("each instruction has an origin"),
            });
            ops.collect()
        });
        let blocks: Vec<Vec<Op>> = blocks.collect();
        let insts = || blocks.iter().flatten().map(|op| &op.inst);
        Self {
            name: name.into(),
            file,
            regs: code.regs.clone(),
            size: insts().count(),
            calls_closures: insts().any(|inst| matches!(inst, Inst::CallClosure { .. })),
            blocks,
            inlined: code.inlined.clone(),
            consts: None,
            closures: None,
        }
    }
}

/// Whether an instruction asks the node. Functions that do are called: rights go by the module
/// whose code asks, and what a message carries while it waits would grow.
pub(super) fn asks_node(inst: &Inst) -> bool {
    let effects = inst.info().effects;
    effects.has(Effects::PRIM) || effects.has(Effects::SUSPEND)
}

/// Whether a function may stand in another brick. One that asks the node may not. One that refers
/// to other functions may not either: what is known of a library that was compiled before ends
/// there.
fn is_leaf(inst: &Inst) -> bool {
    let mut plain = !asks_node(inst);
    inst.operands(|operand| {
        plain &= !matches!(operand, OperandRef::Func(_) | OperandRef::Tag(_));
    });
    plain
}

/// The templates of functions of other bricks.
#[derive(Debug)]
pub(crate) struct Templates<'p> {
    known: HashMap<InstanceId, Option<Rc<Template>>>,
    component_of: Vec<usize>,
    library: BTreeMap<BrickHash, (&'p PrebuiltModule, &'p Group)>,
    /// The first place of each type by name, and for each place that of the type's first one.
    types: HashMap<TypeHash, TypeIx>,
    firsts: Vec<TypeIx>,
    repeated: bool,
}

impl<'p> Templates<'p> {
    pub(crate) fn new(lowering: &Lowering<'p>, component_of: Vec<usize>) -> Self {
        let names = lowering.layout.table.hashes().unwrap_or_default();
        let mut types = HashMap::new();
        let mut firsts = Vec::with_capacity(names.len());
        for (name, at) in names.into_iter().zip(0..) {
            firsts.push(*types.entry(name).or_insert(TypeIx(at)));
        }
        let library = prebuilt::by_hash(&lowering.prebuilt).into_iter();
        let library = library.filter_map(|(hash, (module, group))| {
            Some((hash, (lowering.prebuilt[module]?, group)))
        });
        Self {
            known: HashMap::new(),
            component_of,
            library: library.collect(),
            repeated: types.len() < firsts.len(),
            types,
            firsts,
        }
    }

    /// Lets equal types be one: which of them a register names must not show.
    pub(crate) fn unify(&self, body: &mut Body) {
        if self.repeated {
            for slot in &mut body.regs {
                *slot = slot.map(|ty| self.firsts.get(ty.index()).copied().unwrap_or(ty));
            }
        }
    }

    /// The template of `callee` for calls in `caller`, if it has one.
    pub(crate) fn get(
        &mut self,
        lowering: &mut Lowering<'p>,
        caller: InstanceId,
        callee: InstanceId,
    ) -> Option<Rc<Template>> {
        if self.component_of.get(caller.0) == self.component_of.get(callee.0) {
            return None;
        }
        if let Some(known) = self.known.get(&callee) {
            return known.clone();
        }
        let made = self.make(lowering, callee).map(Rc::new);
        self.known.insert(callee, made.clone());
        made
    }

    fn make(&mut self, lowering: &mut Lowering<'p>, callee: InstanceId) -> Option<Template> {
        let instance = &lowering.instances[callee.0];
        let function = lowering.program.function(instance.function);
        let file = lowering.program.module(function.module).file;
        let mut template = match &instance.code {
            InstanceCode::Lowered(unit) => {
                let module = lowering.program.module(function.module);
                of_other(callee, unit, file, module.is_library())?
            }
            InstanceCode::Prebuilt(entry) => {
                let entry = *entry;
                self.of_library(lowering, entry, file)?
            }
            InstanceCode::Pending => return None,
        };
        let consts = template.consts.take().unwrap_or_default();
        template.consts = Some(own_consts(&mut template.blocks, &consts));
        Some(template)
    }

    fn of_library(
        &mut self,
        lowering: &mut Lowering<'p>,
        entry: EntryRef,
        file: FileId,
    ) -> Option<Template> {
        let (module, group) = *self.library.get(&entry.brick)?;
        let function = group.functions.get(usize::from(entry.function))?;
        if function.len() > MAX_INLINED
            || !function.blocks.iter().flat_map(|b| &b.insts).all(is_leaf)
        {
            return None;
        }
        let debug = module.code().debug.function(&entry.brick, entry.function)?;
        let files = files(lowering, &module.code().debug.files);
        let places = self.places(lowering, group, function)?;
        let code = Code {
            regs: function
                .regs
                .iter()
                .map(|slot| slot.map(|ty| places[&ty]))
                .collect(),
            blocks: function.blocks.clone(),
            origins: origins(function, debug)?,
            inlined: inlined(debug, &files)?,
            names: Vec::new(),
        };
        let mut template = Template::of_unit(&debug.name, file, &code);
        for op in template.blocks.iter_mut().flatten() {
            op.inst.operands_mut(|operand| {
                if let OperandMut::Type(ty) = operand {
                    *ty = places[ty];
                }
            });
        }
        template.consts = Some(group.consts.clone());
        Some(template)
    }

    /// Where the types that a function of the library uses stand in the program's table.
    fn places(
        &mut self,
        lowering: &mut Lowering<'p>,
        group: &Group,
        function: &Function,
    ) -> Option<HashMap<TypeIx, TypeIx>> {
        let mut wanted: Vec<TypeIx> = function.regs.iter().filter_map(|slot| slot.ty()).collect();
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            inst.operands(|operand| {
                if let OperandRef::Type(ty) = operand {
                    wanted.push(ty);
                }
            });
        }
        let names = group.types.hashes().ok()?;
        let mut places = HashMap::new();
        for ty in wanted {
            let name = names[ty.index()];
            let place = match self.types.get(&name) {
                Some(place) => *place,
                None => {
                    let place = lowering.layout.table.import(&group.types, ty).ok()?;
                    *self.types.entry(name).or_insert(place)
                }
            };
            places.insert(ty, place);
        }
        Some(places)
    }
}

fn of_other(id: InstanceId, unit: &Unit, file: FileId, is_library: bool) -> Option<Template> {
    let function = unit.functions.first()?.as_ref()?;
    let makes = |inst: &Inst| matches!(inst, Inst::ClosureNew { .. }) && !is_library;
    let mut insts = unit.insts(0);
    if function.overflow
        || function.code.size() > MAX_INLINED
        || !insts.all(|inst| is_leaf(inst) || makes(inst))
    {
        return None;
    }
    let mut template = Template::of_unit(&function.name, file, &function.code);
    template.consts = Some(unit.consts.clone());
    if unit.insts(0).any(makes) {
        let closures = closures(id, unit)?;
        let functions = closures.functions.iter().flatten();
        template.size += functions.map(|one| one.code.size()).sum::<usize>();
        template.closures = Some(closures);
    }
    Some(template)
}

/// The closures of a unit, if all of them may be those of another brick.
fn closures(of: InstanceId, unit: &Unit) -> Option<Closures> {
    let mut insts = (1..unit.functions.len()).flat_map(|at| unit.insts(at));
    let may_move = insts.all(|inst| !asks_node(inst) && !names_tag(inst));
    let mut functions = unit.functions.clone();
    functions[0] = None;
    may_move.then(|| Closures {
        of,
        functions,
        consts: unit.consts.clone(),
        calls: unit.calls.clone(),
    })
}

fn names_tag(inst: &Inst) -> bool {
    let mut names = false;
    inst.operands(|operand| names |= matches!(operand, OperandRef::Tag(_)));
    names
}

/// Lets the code number only the constants that it uses; answers these.
fn own_consts(blocks: &mut [Vec<Op>], consts: &[Const]) -> Vec<Const> {
    let mut own: Vec<Const> = Vec::new();
    for op in blocks.iter_mut().flatten() {
        op.inst.operands_mut(|operand| {
            if let OperandMut::Const(ix) = operand {
                own.push(consts[ix.index()].clone());
                *ix = ConstIx(u32::try_from(own.len() - 1).expect("few instructions"));
            }
        });
    }
    own
}

/// The program's files by the places of their modules' names.
fn files(lowering: &Lowering<'_>, paths: &[String]) -> Vec<Option<FileId>> {
    let modules = &lowering.program.modules;
    let find = |path: &String| modules.iter().find(|module| *module.path == **path);
    let found = paths
        .iter()
        .map(|path| find(path).map(|module| module.file));
    found.collect()
}

fn origins(function: &Function, debug: &DebugFunction) -> Option<Vec<Origin>> {
    let pcs = 0..u32::try_from(function.len()).ok()?;
    let found = pcs.map(|pc| debug.position(pc).map(origin));
    found.collect()
}

fn origin(position: &sm_bytecode::Position) -> Origin {
    Origin {
        span: Span::new(position.start, position.end),
        inlined: position.inlined,
    }
}

/// The calls in whose place code of a library function stands. Of each the file is known from the
/// code that stands there, or from a call in it.
fn inlined(debug: &DebugFunction, files: &[Option<FileId>]) -> Option<Vec<Inlined>> {
    let calls = debug.inlined.iter().zip(1..).map(|(call, at)| {
        let all = debug.inlined.iter().map(|call| &call.at);
        let mut all = all.chain(&debug.positions);
        let inner = all.find(|position| position.inlined == at);
        let file = inner.and_then(|inner| files.get(inner.file as usize).copied().flatten());
        Some(Inlined {
            name: call.name.as_str().into(),
            // Where no code is left of it, its file is never asked for.
            file: file.unwrap_or_default(),
            at: origin(&call.at),
        })
    });
    calls.collect()
}
