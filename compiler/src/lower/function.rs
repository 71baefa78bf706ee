//! Lowering of one function: its context, its variables, and how values are handed around.
//!
//! A value is the list of registers that hold its slots. An expression is lowered with an optional
//! destination: with one, its value ends up there; without, it may stay where it is, also in the
//! registers of a variable. Because a later operand may assign to that variable, operands are
//! *held* ([`FnLower::hold`]) until all are evaluated, and copied where one was overwritten.
//!
//! What does not end (`return`, `break`, a trap) answers [`Diverges`], and whoever waits for its
//! value stops too: nothing is emitted behind it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use sm_bytecode::{BlockIx, Inst, Reg, Slot, TypeIx};

use super::body::{Body, Builder, Mark};
use super::finish::Code;
use super::limits::MAX_LIVE_BITS;
use super::liveness::table_bits;
use super::program::Lowering;
use super::unit::{Unit, UnitFunction};
use crate::typed::{
    ClosureBody, Expr, FnId, Local, LocalId, LoopId, ModuleId, Mutability, Name, Ty,
};

/// Control does not come to the place behind what was lowered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diverges;

pub(crate) type Lowered<T> = Result<T, Diverges>;

/// The registers a value has to end up in, if that matters.
pub(crate) type Want<'w> = Option<&'w [Reg]>;

/// Where `break` and `continue` of a loop go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopTargets {
    pub(crate) exit: BlockIx,
    pub(crate) next: BlockIx,
    pub(crate) broken: bool,
    pub(crate) continued: bool,
}

/// The lowering of one function or closure body.
pub(crate) struct FnLower<'a, 'p> {
    pub(crate) cx: &'a mut Lowering<'p>,
    pub(crate) unit: &'a mut Unit,
    pub(crate) code: Builder,
    pub(crate) result: Ty,
    pub(crate) loops: HashMap<LoopId, LoopTargets>,
    /// Where the value goes with which a loop is left.
    pub(crate) loop_values: HashMap<LoopId, Vec<Reg>>,
    module: ModuleId,
    /// What the generic parameters stand for.
    args: Rc<[Ty]>,
    locals: &'p [Local],
    values: Vec<Option<Rc<[Reg]>>>,
    /// Registers of variables that can be assigned, with the number of assignments so far.
    variables: BTreeMap<Reg, u32>,
    names: Vec<(Reg, Name)>,
    /// For the names of closures: that of the function they are in.
    name: String,
}

/// The types at the border of a function, and the locals that its inputs go to.
struct Border<'p> {
    module: ModuleId,
    params: Vec<LocalId>,
    captures: Vec<LocalId>,
    locals: &'p [Local],
    result: Ty,
}

/// A value that is kept while other operands are evaluated.
#[derive(Debug)]
pub(crate) struct Held {
    regs: Vec<Reg>,
    mark: Mark,
    assignments: u32,
}

impl Held {
    /// The registers now, before anything else is evaluated.
    pub(crate) fn regs(&self) -> &[Reg] {
        &self.regs
    }

    pub(crate) fn first(&self) -> Reg {
        self.regs[0]
    }
}

/// Lowers a function of the program, specialised with `args`, into the empty `unit`.
pub(crate) fn lower_function<'p>(
    cx: &mut Lowering<'p>,
    unit: &mut Unit,
    id: FnId,
    args: &Rc<[Ty]>,
) {
    let function = cx.program.function(id);
    let border = Border {
        module: function.module,
        params: function.params.clone(),
        captures: Vec::new(),
        locals: &function.locals,
        result: function.result,
    };
    let name = cx.instance_name(id, args);
    let at = unit.reserve();
    let done = FnLower::run(cx, unit, args, &border, name, |f| f.function_body(id));
    unit.functions[at] = Some(done);
}

impl<'a, 'p> FnLower<'a, 'p> {
    fn run(
        cx: &'a mut Lowering<'p>,
        unit: &'a mut Unit,
        args: &Rc<[Ty]>,
        border: &Border<'p>,
        name: String,
        body: impl FnOnce(&mut FnLower<'a, 'p>) -> Lowered<Vec<Reg>>,
    ) -> UnitFunction {
        let result = cx.layout.types.substitute(border.result, args);
        let mut lower = Self {
            cx,
            unit,
            code: Builder::new(Vec::new()),
            result,
            loops: HashMap::new(),
            loop_values: HashMap::new(),
            module: border.module,
            args: args.clone(),
            locals: border.locals,
            values: vec![None; border.locals.len()],
            variables: BTreeMap::new(),
            names: Vec::new(),
            name,
        };
        let params = lower.border_types(&border.params);
        let captures = lower.border_types(&border.captures);
        lower.code = Builder::new(lower.input_slots(border));
        lower.bind_inputs(border);
        if let Ok(values) = body(&mut lower) {
            lower.code.end(Inst::Return {
                values: values.into(),
            });
        }
        let result = lower.cx.layout.type_ix(result);
        let mut body = lower.code.finish();
        let overflow = body.overflow || table_bits(&body) > MAX_LIVE_BITS;
        if overflow {
            body = Body::unreachable();
            lower.names.clear();
        }
        UnitFunction {
            name: lower.name,
            origin: None,
            params,
            captures,
            result,
            body,
            names: lower.names,
            code: Code::default(),
            overflow,
        }
    }

    fn border_types(&mut self, locals: &[LocalId]) -> Vec<TypeIx> {
        let types: Vec<Ty> = locals.iter().map(|local| self.local_ty(*local)).collect();
        types
            .into_iter()
            .map(|ty| self.cx.layout.type_ix(ty))
            .collect()
    }

    fn input_slots(&mut self, border: &Border<'_>) -> Vec<Slot> {
        let mut slots = Vec::new();
        for local in border.params.iter().chain(&border.captures) {
            let ty = self.local_ty(*local);
            slots.extend_from_slice(&self.slots(ty));
        }
        slots
    }

    /// Gives the parameters and captures the first registers.
    fn bind_inputs(&mut self, border: &Border<'_>) {
        let mut next = 0;
        for local in border.params.iter().chain(&border.captures) {
            let ty = self.local_ty(*local);
            let count = u16::try_from(self.slots(ty).len()).expect("a value has few slots");
            let regs: Vec<Reg> = (next..next + count).map(Reg).collect();
            next += count;
            self.define(*local, regs);
        }
    }

    /// Lowers a closure's body; answers its number in the unit.
    pub(crate) fn closure_body(&mut self, body: &'p ClosureBody) -> u16 {
        let border = Border {
            module: self.module,
            params: body.params.clone(),
            captures: body.captures.iter().map(|capture| capture.inner).collect(),
            locals: &body.locals,
            result: body.result,
        };
        let at = self.unit.reserve();
        let name = format!("{} closure", self.name);
        let args = self.args.clone();
        let cx = &mut *self.cx;
        let unit = &mut *self.unit;
        let done = FnLower::run(cx, unit, &args, &border, name, |f| f.value(&body.body));
        self.unit.functions[at] = Some(done);
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    pub(crate) const fn module(&self) -> ModuleId {
        self.module
    }

    // Types.

    /// The type with the generic parameters replaced.
    pub(crate) fn ty(&mut self, ty: Ty) -> Ty {
        self.cx.layout.types.substitute(ty, &self.args)
    }

    pub(crate) fn tys(&mut self, types: &[Ty]) -> Vec<Ty> {
        types.iter().map(|ty| self.ty(*ty)).collect()
    }

    pub(crate) fn local_ty(&mut self, local: LocalId) -> Ty {
        self.ty(self.locals[local.index()].ty)
    }

    pub(crate) fn slots(&mut self, ty: Ty) -> Rc<[Slot]> {
        self.cx.layout.slots(ty)
    }

    pub(crate) fn type_ix(&mut self, ty: Ty) -> TypeIx {
        self.cx.layout.type_ix(ty)
    }

    // Registers.

    /// The destination that is wanted, or new registers for a value of type `ty`.
    pub(crate) fn dest(&mut self, ty: Ty, want: Want<'_>) -> Vec<Reg> {
        match want {
            Some(regs) => regs.to_vec(),
            None => {
                let slots = self.slots(ty);
                self.code.regs(&slots)
            }
        }
    }

    /// As [`Self::dest`], for a value of one slot.
    pub(crate) fn dest1(&mut self, slot: Slot, want: Want<'_>) -> Reg {
        match want {
            Some(regs) => regs[0],
            None => self.code.reg(slot),
        }
    }

    /// A value that is in `regs` already, at the wanted destination.
    pub(crate) fn give(&mut self, regs: Vec<Reg>, want: Want<'_>) -> Vec<Reg> {
        match want {
            Some(dst) => {
                self.code.copy(dst, &regs);
                dst.to_vec()
            }
            None => regs,
        }
    }

    /// One element of a list, map or set from the slots of a value: boxed if they are not one.
    pub(crate) fn pack(&mut self, ty: Ty, regs: &[Reg]) -> Reg {
        if let [single] = *regs {
            return single;
        }
        let slot = self.cx.layout.elem(ty);
        let ty = self.type_ix(ty);
        let dst = self.code.reg(slot);
        self.code.emit(Inst::RecordNew {
            dst,
            ty,
            variant: 0,
            args: regs.into(),
        });
        dst
    }

    /// The slots of a value from an element, which `make` puts into a register.
    pub(crate) fn unpack(
        &mut self,
        ty: Ty,
        want: Want<'_>,
        make: impl FnOnce(&mut Self, Reg),
    ) -> Vec<Reg> {
        let slots = self.slots(ty);
        if slots.len() == 1 {
            let dst = self.dest(ty, want);
            make(self, dst[0]);
            return dst;
        }
        let slot = self.cx.layout.elem(ty);
        let src = self.code.reg(slot);
        make(self, src);
        let dst = self.dest(ty, want);
        for (field, dst) in (0..).zip(&dst) {
            self.code.emit(Inst::RecordGet {
                dst: *dst,
                src,
                field,
            });
        }
        dst
    }

    // Operands.

    /// Keeps a value while others are evaluated.
    pub(crate) fn hold(&mut self, regs: Vec<Reg>) -> Held {
        let assignments = self.assignments(&regs);
        Held {
            regs,
            mark: self.code.mark(),
            assignments,
        }
    }

    /// The values as they were when they were evaluated.
    pub(crate) fn settle<const N: usize>(&mut self, held: [Held; N]) -> [Vec<Reg>; N] {
        let settled = self.settle_all(held.into());
        settled.try_into().expect("as many values as were held")
    }

    /// As [`Self::settle`], for any number of values.
    pub(crate) fn settle_all(&mut self, held: Vec<Held>) -> Vec<Vec<Reg>> {
        let mut out = Vec::with_capacity(held.len());
        // From the last to the first, so that the marks of those before stay valid.
        for value in held.into_iter().rev() {
            let overwritten = self.assignments(&value.regs) != value.assignments;
            out.push(match overwritten {
                true => self.code.copy_at(value.mark, &value.regs),
                false => value.regs,
            });
        }
        out.reverse();
        out
    }

    /// Evaluates the expressions from left to right.
    pub(crate) fn values(
        &mut self,
        exprs: impl IntoIterator<Item = &'p Expr>,
    ) -> Lowered<Vec<Vec<Reg>>> {
        let mut held = Vec::new();
        for expr in exprs {
            let regs = self.value(expr)?;
            held.push(self.hold(regs));
        }
        Ok(self.settle_all(held))
    }

    /// Evaluates the two expressions from left to right.
    pub(crate) fn pair(&mut self, a: &'p Expr, b: &'p Expr) -> Lowered<[Vec<Reg>; 2]> {
        let a = self.value(a)?;
        let a = self.hold(a);
        let b = self.value(b)?;
        let b = self.hold(b);
        Ok(self.settle([a, b]))
    }

    /// How often the variables in these registers have been assigned so far.
    fn assignments(&self, regs: &[Reg]) -> u32 {
        regs.iter().filter_map(|reg| self.variables.get(reg)).sum()
    }

    // Variables.

    pub(crate) fn is_var(&self, local: LocalId) -> bool {
        self.locals[local.index()].mutability == Mutability::Var
    }

    /// Whether some of the registers belong to a variable that can be assigned.
    pub(crate) fn can_change(&self, regs: &[Reg]) -> bool {
        regs.iter().any(|reg| self.variables.contains_key(reg))
    }

    /// Lets `local` stand for the value in `regs`. If it, or what is in them, can be assigned
    /// later, it gets a copy.
    pub(crate) fn bind(&mut self, local: LocalId, regs: Vec<Reg>) {
        if self.is_var(local) || self.can_change(&regs) {
            let slots: Vec<Slot> = regs.iter().map(|reg| self.code.slot(*reg)).collect();
            let own = self.code.regs(&slots);
            self.code.copy(&own, &regs);
            self.define(local, own);
        } else {
            self.define(local, regs);
        }
    }

    /// Lets `local` stand for new registers, which the caller fills.
    pub(crate) fn declare(&mut self, local: LocalId) -> Rc<[Reg]> {
        let ty = self.local_ty(local);
        let slots = self.slots(ty);
        let regs = self.code.regs(&slots);
        self.define(local, regs);
        self.local(local)
    }

    /// Lets `local` own `regs`.
    pub(crate) fn define(&mut self, local: LocalId, regs: Vec<Reg>) {
        let info = &self.locals[local.index()];
        if !info.name.is_empty() {
            self.names
                .extend(regs.iter().map(|reg| (*reg, info.name.clone())));
        }
        if info.mutability == Mutability::Var {
            for reg in &regs {
                self.variables.entry(*reg).or_insert(0);
            }
        }
        self.values[local.index()] = Some(regs.into());
    }

    pub(crate) fn local(&self, local: LocalId) -> Rc<[Reg]> {
        self.values[local.index()]
            .clone()
            .expect("a variable is declared before it is used")
    }

    /// Notes that a variable got a new value.
    pub(crate) fn assigned(&mut self, local: LocalId) {
        for reg in &*self.local(local) {
            *self.variables.entry(*reg).or_insert(0) += 1;
        }
    }

    // Emission.

    pub(crate) fn emit(&mut self, inst: Inst) {
        self.code.emit(inst);
    }

    pub(crate) fn int(&mut self, value: i64) -> Reg {
        let dst = self.code.reg(Slot::Int);
        self.emit(Inst::IntConst { dst, value });
        dst
    }
}
