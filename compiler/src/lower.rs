//! Lowering: a checked program becomes bricks.
//!
//! The way of a function: it is specialised and its tree turned into a *body* of blocks over
//! registers ([`function`] and the modules by kind of expression); with its closures it is a
//! *unit*. When all units are there, their bodies are improved, callees first ([`opt`]), and
//! registers are assigned ([`finish`]). Units that call each other become a brick, callees first,
//! since a brick names what it calls by hash ([`groups`]). Manifests say which bricks a module and
//! the program consist of ([`modules`]).
//!
//! The same source gives the same bytes on every machine, whatever else is imported or declared.
//!
//! **Invariant:** every brick that leaves here has passed the verifier.

mod assert;
mod body;
mod calls;
mod clean;
mod control;
mod debug;
mod decision;
mod edges;
mod expr;
mod finish;
mod function;
mod groups;
mod layout;
mod limits;
mod liveness;
mod loops;
mod matching;
mod modules;
mod natives;
mod operators;
mod opt;
pub(crate) mod prebuilt;
mod program;
mod registers;
mod unit;
mod visit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use sm_bytecode::bundle::Bundle;
use sm_bytecode::{
    BrickHash, EntryRef, Group, ManifestHash, ProgramManifest, Type, TypeIx, TypeTable,
};

use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{FnId, Name, Program, TestKind};
use debug::DebugMaker;
use groups::Bricks;
use modules::{AllBricks, Modules};
use prebuilt::Library;
use program::Lowering;

pub use modules::ModuleCode;
pub use prebuilt::PrebuiltModule;
pub(crate) use visit::for_each_function;

/// The code of a program.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// What `main` needs; absent where the root has no `main`.
    pub program: Option<ProgramCode>,
    /// All modules in the order of [`Program::modules`].
    pub modules: Vec<ModuleCode>,
    /// All bricks of all modules.
    pub bricks: BTreeMap<BrickHash, Group>,
    pub tests: Vec<TestCode>,
    /// The root as tests have it: with their own bricks.
    pub root_with_tests: Option<ModuleCode>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Lowered {
    /// The program with everything it needs to run, and the names and positions of its parts.
    #[must_use]
    pub fn bundle(&self) -> Option<Bundle> {
        self.bundle_of(self.program.as_ref()?.manifest.clone())
    }

    /// A test with everything it needs to run, as a program of its own.
    #[must_use]
    pub fn test_bundle(&self, test: &TestCode) -> Option<Bundle> {
        self.bundle_of(test.manifest.clone())
    }

    fn bundle_of(&self, program: ProgramManifest) -> Option<Bundle> {
        let wanted: BTreeSet<ManifestHash> = program.modules.iter().copied().collect();
        let modules: Vec<&ModuleCode> = self
            .modules
            .iter()
            .chain(&self.root_with_tests)
            .filter(|module| wanted.contains(&module.manifest.hash()))
            .collect();
        let bricks = program.bricks.iter();
        let mut bundle = Bundle {
            bricks: bricks
                .map(|hash| self.bricks.get(hash).cloned())
                .collect::<Option<_>>()?,
            modules: modules
                .iter()
                .map(|module| module.manifest.clone())
                .collect(),
            debug: modules.iter().map(|module| module.debug.clone()).collect(),
            program,
        };
        bundle.sort();
        bundle.debug.dedup();
        Some(bundle)
    }
}

/// What belongs to a program, by name.
#[derive(Clone, Debug)]
pub struct ProgramCode {
    pub manifest: ProgramManifest,
    pub signature: Signature,
}

/// The parameters and the result of an entry function.
#[derive(Clone, Debug)]
pub struct Signature {
    pub types: TypeTable,
    /// Name and type.
    pub params: Vec<(Name, TypeIx)>,
    pub result: TypeIx,
}

/// A `test` or `bench` of the root module.
#[derive(Clone, Debug)]
pub struct TestCode {
    pub kind: TestKind,
    pub name: Name,
    /// Where the name stands in the root.
    pub span: Span,
    pub manifest: ProgramManifest,
}

/// Lowers a program without errors. `text_of` answers the source of a file; `prebuilt` are library
/// modules that need not be compiled again where their text is the same. With `plain` the code is
/// left as it is.
pub fn lower<'p>(
    program: &'p Program,
    text_of: impl Fn(FileId) -> &'p str,
    prebuilt: &'p [PrebuiltModule],
    plain: bool,
) -> Lowered {
    let file_of = |path: &str| {
        let found = program.modules.iter().find(|module| &*module.path == path);
        found.map(|module| text_of(module.file))
    };
    let library = Library::new(program, prebuilt, file_of);
    let mut lowering = Lowering::new(program, &library);
    lowering.run();
    if lowering.diagnostics.is_empty() {
        opt::run(&mut lowering, plain);
        lowering.check_units();
    }
    if !lowering.diagnostics.is_empty() {
        return Lowered {
            diagnostics: lowering.diagnostics,
            ..Lowered::default()
        };
    }
    let calls = groups::calls(&lowering, false);
    let bricks = groups::make(&mut lowering, &calls);
    if !bricks.refused.is_empty() {
        let diagnostics = bricks
            .refused
            .iter()
            .map(|fault| refused(&lowering, fault))
            .collect();
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    }
    collect(lowering, &bricks, &calls, &text_of)
}

/// Puts modules and program together.
fn collect<'p>(
    lowering: Lowering<'p>,
    bricks: &Bricks,
    calls: &[Vec<usize>],
    text_of: &impl Fn(FileId) -> &'p str,
) -> Lowered {
    let program = lowering.program;
    let debug = DebugMaker::new(&lowering, bricks, text_of);
    let makers = Modules::new(&lowering, bricks, calls);
    let modules: Vec<ModuleCode> = (0..program.modules.len())
        .map(|at| match lowering.prebuilt[at] {
            Some(known) => known.code().clone(),
            None => makers.code(crate::typed::ModuleId::new(at), &debug),
        })
        .collect();
    let all = modules::all_bricks(bricks, &lowering.prebuilt);
    let code = program.main.and_then(|main| {
        let entry = bricks.entries[lowering.plain(main)?.0]?;
        let signature = entry_signature(&lowering, main, entry, all.get(&entry.brick)?);
        let defaults = defaults(&modules, &signature);
        let manifest = modules::program(entry, &defaults, modules.iter(), &all).0;
        Some(ProgramCode {
            manifest,
            signature,
        })
    });
    let (tests, root_with_tests) = tests(&lowering, bricks, (&makers, &debug), &modules, &all);
    Lowered {
        program: code,
        tests,
        root_with_tests,
        modules,
        bricks: all,
        diagnostics: Vec::new(),
    }
}

/// Each test as a program, and the root with the bricks of all of them: what they do with tags of
/// the root's code, the root does.
fn tests(
    lowering: &Lowering<'_>,
    bricks: &Bricks,
    (makers, debug): (&Modules<'_, '_>, &DebugMaker<'_, '_>),
    modules: &[ModuleCode],
    all: &AllBricks,
) -> (Vec<TestCode>, Option<ModuleCode>) {
    let tests = lowering.program.tests.iter();
    let entries: Vec<_> = tests
        .filter_map(|test| {
            let entry = bricks.entries[lowering.plain(test.function)?.0]?;
            Some((test, entry))
        })
        .collect();
    let Some((_, others)) = modules.split_last().filter(|_| !entries.is_empty()) else {
        return (Vec::new(), None);
    };
    let reached = entries
        .iter()
        .flat_map(|(_, entry)| modules::reachable(entry.brick, all));
    let root = makers.root_with(reached.collect(), others, debug);
    let parts: Vec<&ModuleCode> = others.iter().chain([&root]).collect();
    let tests = entries.into_iter().map(|(test, entry)| TestCode {
        kind: test.kind,
        name: test.name.clone(),
        span: test.span,
        manifest: modules::program(entry, &[], parts.iter().copied(), all).0,
    });
    (tests.collect(), Some(root))
}

/// The bricks of the defaults of `main`'s parameters, which the root exports as `main(name)`, and
/// of the fields of structs, exported as `Struct(field)`.
fn defaults(modules: &[ModuleCode], signature: &Signature) -> Vec<BrickHash> {
    let params = signature.params.iter();
    let mut symbols: BTreeSet<String> = params.map(|(name, _)| format!("main({name})")).collect();
    for ty in signature.types.as_slice() {
        if let Type::Struct { name, fields, .. } = ty {
            symbols.extend(fields.iter().map(|field| format!("{name}({})", field.name)));
        }
    }
    let exports = modules.iter().flat_map(|module| &module.manifest.exports);
    let found = exports.filter(|export| symbols.contains(&export.symbol));
    found.map(|export| export.target.brick).collect()
}

/// What `main` takes and answers, with the types of its brick.
fn entry_signature(
    lowering: &Lowering<'_>,
    main: FnId,
    entry: EntryRef,
    group: &Group,
) -> Signature {
    let declared = lowering.program.function(main);
    let names = declared
        .params
        .iter()
        .map(|param| declared.locals[param.index()].name.clone());
    let function = &group.functions[usize::from(entry.function)];
    Signature {
        types: group.types.clone(),
        params: names.zip(function.params.iter().copied()).collect(),
        result: function.result,
    }
}

/// A brick that the verifier refuses: the function is too large, or the compiler is wrong.
fn refused(lowering: &Lowering<'_>, fault: &groups::Refused) -> Diagnostic {
    let instance = &lowering.instances[fault.instance.0];
    let function = lowering.program.function(instance.function);
    let file = lowering.program.module(function.module).file;
    let message = format!("`{}` cannot be made into a brick", function.name);
    Diagnostic::error(code::REFUSED_BRICK, file, function.span, message)
        .note(format!("the verifier says: {}", fault.fault))
}
