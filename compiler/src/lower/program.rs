//! Which functions are lowered: all that are not generic, and of the others every specialisation
//! that is reached from them.

use std::collections::HashMap;
use std::rc::Rc;

use sm_bytecode::{EntryRef, TypeIx};

use super::function::lower_function;
use super::layout::Layout;
use super::limits::{MAX_SPECIALISATIONS, MAX_TYPE_SIZE};
use super::prebuilt::{Library, PrebuiltModule};
use super::unit::{InstanceId, Unit};
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{Body, FnId, ModuleId, Program, Ty};

/// The lowering of a whole program.
pub(crate) struct Lowering<'p> {
    pub(crate) program: &'p Program,
    pub(crate) layout: Layout<'p>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) symbols: Vec<String>,
    /// For each module, what was compiled of it before.
    pub(crate) prebuilt: Vec<Option<&'p PrebuiltModule>>,
    /// The instance of each function that is not generic.
    plain: Vec<Option<InstanceId>>,
    /// Those of generic functions.
    index: HashMap<(FnId, Rc<[Ty]>), InstanceId>,
    /// How many of the instances are of generic functions.
    specialised: usize,
    /// A bound of the whole program was crossed and has been reported.
    stopped: bool,
}

/// A function with types for its generic parameters.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) function: FnId,
    pub(crate) args: Rc<[Ty]>,
    pub(crate) code: InstanceCode,
}

#[derive(Debug)]
pub(crate) enum InstanceCode {
    /// Not lowered yet.
    Pending,
    Lowered(Box<Unit>),
    /// It is in a brick of the library.
    Prebuilt(EntryRef),
}

impl<'p> Lowering<'p> {
    pub(crate) fn new(program: &'p Program, library: &Library<'p>) -> Self {
        Self {
            program,
            layout: Layout::new(program),
            diagnostics: Vec::new(),
            instances: Vec::new(),
            symbols: symbols(program),
            prebuilt: library.of(program),
            plain: vec![None; program.functions.len()],
            index: HashMap::new(),
            specialised: 0,
            stopped: false,
        }
    }

    /// Lowers every function that needs code.
    pub(crate) fn run(&mut self) {
        for at in 0..self.program.functions.len() {
            let id = FnId::new(at);
            if self.is_root(id) {
                self.instance(id, Vec::new(), self.module_of(id), Span::default());
            }
        }
        let mut at = 0;
        while at < self.instances.len() {
            self.lower_instance(InstanceId(at));
            at += 1;
        }
        if self.layout.too_large && !self.stopped {
            self.stop(self.program.modules.len() - 1, Span::default(), "types");
        }
    }

    fn module_of(&self, id: FnId) -> ModuleId {
        self.program.function(id).module
    }

    /// Whether the function has code of its own, whoever calls it.
    fn is_root(&self, id: FnId) -> bool {
        let function = self.program.function(id);
        function.generics.is_empty()
            && matches!(function.body, Body::Typed(_))
            && self.prebuilt[function.module.index()].is_none()
    }

    fn lower_instance(&mut self, id: InstanceId) {
        let (function, args) = {
            let instance = &self.instances[id.0];
            (instance.function, instance.args.clone())
        };
        if let Some(entry) = self.find_prebuilt(function) {
            self.instances[id.0].code = InstanceCode::Prebuilt(entry);
            return;
        }
        let mut unit = Unit::default();
        lower_function(self, &mut unit, function, &args);
        self.instances[id.0].code = InstanceCode::Lowered(unit.into());
    }

    fn find_prebuilt(&self, id: FnId) -> Option<EntryRef> {
        let function = self.program.function(id);
        if !function.generics.is_empty() {
            return None;
        }
        let module = self.prebuilt[function.module.index()]?;
        module.export(&self.symbols[id.index()])
    }

    /// The file that an instance comes from.
    pub(crate) fn file_of(&self, id: InstanceId) -> FileId {
        let function = self.program.function(self.instances[id.0].function);
        self.program.module(function.module).file
    }

    /// Says what is wrong with the code of each function, when it is written out.
    pub(crate) fn check_units(&mut self) {
        for at in 0..self.instances.len() {
            let Instance { function, code, .. } = &mut self.instances[at];
            let function = *function;
            if let InstanceCode::Lowered(unit) = code {
                let unit = std::mem::take(unit);
                self.check_unit(function, &unit);
                self.instances[at].code = InstanceCode::Lowered(unit);
            }
        }
    }

    fn check_unit(&mut self, id: FnId, unit: &Unit) {
        let function = self.program.function(id);
        let file = self.program.module(function.module).file;
        if let Some(reason) = unit.too_large() {
            let message = format!("`{}` is too large to be compiled", function.name);
            let found = Diagnostic::error(code::FUNCTION_TOO_LARGE, file, function.span, message);
            self.report(found.note(reason).help("divide it into several functions"));
        }
    }

    /// The instance of a function that is not generic.
    pub(crate) fn plain(&self, function: FnId) -> Option<InstanceId> {
        self.plain[function.index()]
    }

    /// Adds a diagnostic, once.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The specialisation of a function with `args`, needed at `span` of `module`.
    pub(crate) fn instance(
        &mut self,
        function: FnId,
        args: Vec<Ty>,
        module: ModuleId,
        span: Span,
    ) -> InstanceId {
        let args: Rc<[Ty]> = args.into();
        let known = match args.is_empty() {
            true => self.plain[function.index()],
            false => self.index.get(&(function, args.clone())).copied(),
        };
        if let Some(id) = known {
            return id;
        }
        let endless = args
            .iter()
            .any(|arg| self.layout.types.size(*arg) > MAX_TYPE_SIZE);
        self.specialised += usize::from(!args.is_empty());
        if endless || self.specialised > MAX_SPECIALISATIONS {
            self.stop(module.index(), span, "specialised functions");
            return InstanceId(0);
        }
        let id = InstanceId(self.instances.len());
        match args.is_empty() {
            true => self.plain[function.index()] = Some(id),
            false => _ = self.index.insert((function, args.clone()), id),
        }
        self.instances.push(Instance {
            function,
            args,
            code: InstanceCode::Pending,
        });
        id
    }

    fn stop(&mut self, module: usize, span: Span, what: &str) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        let file = self.program.modules[module].file;
        let message = format!("this needs {what} without end");
        let found = Diagnostic::error(code::ENDLESS_SPECIALISATION, file, span, message)
            .note("every use of generic code with other types is compiled on its own")
            .help("let a generic function call itself with its own type parameters only");
        self.report(found);
    }

    pub(crate) fn match_too_large(&mut self, module: ModuleId, span: Span) {
        let file = self.program.module(module).file;
        let message = "these patterns overlap in too many ways";
        let found = Diagnostic::error(code::MATCH_TOO_LARGE, file, span, message);
        self.report(found.help("match one part of the value after the other"));
    }

    pub(crate) fn unknown_native(&mut self, module: ModuleId, span: Span, key: &str) {
        let file = self.program.module(module).file;
        let message = format!("the compiler has no native function `{key}`");
        self.report(Diagnostic::error(code::UNKNOWN_NATIVE, file, span, message));
    }

    /// Gives every type that bricks will need its place.
    pub(crate) fn place_types(&mut self) {
        for at in 0..self.instances.len() {
            self.signature(InstanceId(at));
            let args = self.instances[at].args.clone();
            for arg in &*args {
                self.layout.type_ix(*arg);
            }
        }
        for tag in &self.program.tags {
            self.layout.type_ix(tag.value);
            for param in &tag.params {
                self.layout.type_ix(*param);
            }
        }
    }

    /// The types of a function's parameters and result.
    pub(crate) fn signature(&mut self, id: InstanceId) -> (Vec<TypeIx>, TypeIx) {
        let Instance { function, args, .. } = &self.instances[id.0];
        let (function, args) = (self.program.function(*function), args.clone());
        let mut place = |ty: Ty| {
            let ty = self.layout.types.substitute(ty, &args);
            self.layout.type_ix(ty)
        };
        let params = function.params.iter();
        let params = params
            .map(|param| place(function.locals[param.index()].ty))
            .collect();
        (params, place(function.result))
    }

    /// The name of a specialised function, for people.
    pub(crate) fn instance_name(&self, id: FnId, args: &[Ty]) -> String {
        let function = self.program.function(id);
        if args.is_empty() {
            return function.name.to_string();
        }
        let show = |ty: &Ty| self.layout.types.show(*ty, &self.program.adts, &[]);
        let args: Vec<String> = args.iter().map(show).collect();
        format!("{}<{}>", function.name, args.join(", "))
    }
}

/// A name for each function that no other of its module has.
fn symbols(program: &Program) -> Vec<String> {
    let mut uses: HashMap<(ModuleId, &str), u32> = HashMap::new();
    for function in &program.functions {
        *uses.entry((function.module, &function.name)).or_default() += 1;
    }
    let mut taken: HashMap<(ModuleId, String), u32> = HashMap::new();
    let mut out = Vec::with_capacity(program.functions.len());
    for function in &program.functions {
        if uses[&(function.module, &*function.name)] == 1 {
            out.push(function.name.to_string());
            continue;
        }
        let names = function.params.iter();
        let names = names.map(|param| &*function.locals[param.index()].name);
        let names: Vec<&str> = names.collect();
        let mut symbol = format!("{}({})", function.name, names.join(", "));
        let before = taken.entry((function.module, symbol.clone())).or_default();
        *before += 1;
        if *before > 1 {
            symbol = format!("{symbol} #{before}");
        }
        out.push(symbol);
    }
    out
}
