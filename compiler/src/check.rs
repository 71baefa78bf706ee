//! The checker: from source text to the [typed program](crate::typed).
//!
//! It works in passes over the whole program. [`module`] reads the prelude, the root and all they
//! import, in an order in which each module comes after those it imports. [`collect`] collects
//! their declarations, first the names, then the types, into a [`collect::World`] that does not
//! change any more. Then each body is checked on its own ([`body`]): types flow from annotations
//! inwards and from expressions outwards, unknown ones are found by unification ([`unify`]), and at
//! the end of the body everything must be known ([`finish`]). Patterns are checked for
//! exhaustiveness ([`exhaustive`]), and generics for infinitely many copies ([`recursion`]).
//!
//! An error never stops the walk. Its place gets the type `Error`, which agrees with every other,
//! so that one mistake is reported once.

mod annotation;
mod arguments;
mod body;
mod call;
mod closure;
mod coerce;
mod collect;
mod construct;
mod control;
mod exhaustive;
mod expr;
mod finish;
mod frame;
mod function;
mod habits;
mod lints;
mod method;
mod module;
mod names;
mod operator;
mod overload;
mod pattern;
mod recursion;
mod scope;
mod sink;
mod stmt;
mod suggest;
mod testing;
mod traits;
mod unify;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::FileId;
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::outline::Outline;
use crate::typed::{Module, Program, Tag, TagId, Types};
use body::Cx;
use collect::World;
use lints::{Linter, Notes};
use module::Parsed;
use sink::Sink;
use value::ValueState;

pub use collect::Tests;

/// The path of the module that every other imports without saying so.
pub const PRELUDE: &str = "prelude";

/// The path of the module of simulated networks, which a root with tests has without importing it.
pub const TESTING: &str = "testing";

/// Where the text of modules comes from. The compiler itself reads no files.
pub trait Loader {
    /// The module at `path`, if there is one. The compiler asks for each path once.
    ///
    /// A path is `prelude`, that of the root as the caller named it, that of a module of the
    /// library (`route/pull`), or that of another file of the program, seen from the folder of the
    /// root (`./lib`, `./parts/lib`, `../lib`), or that of a module of another project
    /// (`geo/point`); none has an extension.
    fn load(&mut self, path: &str) -> Option<Source>;

    /// The paths of the library's modules that a program may import, for suggestions.
    fn library(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether there is a module at `path`, for suggestions: it is not loaded.
    fn is_there(&self, _path: &str) -> bool {
        false
    }

    /// Whether a module that was loaded is one of the library, which may declare native functions.
    fn is_library(&self, path: &str) -> bool {
        !path.starts_with('.')
    }
}

/// The text of a module, and the number under which diagnostics name it.
#[derive(Clone, Debug)]
pub struct Source {
    pub file: FileId,
    pub text: Arc<str>,
}

/// What to check.
#[derive(Clone, Debug)]
pub struct Options {
    /// The path of the root module.
    pub root: String,
    /// The function of the root at which the program begins.
    pub entry: String,
    pub tests: Tests,
    /// Leave the code as it is lowered: to see that improving it does not change what it does.
    pub plain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root: "main".into(),
            entry: "main".into(),
            tests: Tests::default(),
            plain: false,
        }
    }
}

/// A program, and what there is to say about it. Where one of the diagnostics is an error the
/// program is incomplete: good for tools, not for lowering.
#[derive(Debug)]
pub struct Checked {
    pub program: Program,
    /// Of all modules, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks a program.
pub fn check(loader: &mut dyn Loader, options: &Options) -> Checked {
    let mut sink = Sink::default();
    let loaded = module::load(loader, options, None, &mut sink);
    check_modules(&loaded.modules, options, sink)
}

/// The same, of a short program with what it needs of the prelude. `None` where that leads to a
/// diagnostic: it need not be that of [`check`].
pub(crate) fn check_against(
    loader: &mut dyn Loader,
    options: &Options,
    prelude: &Outline,
) -> Option<Checked> {
    let mut sink = Sink::default();
    let loaded = module::load(loader, options, Some(prelude), &mut sink);
    let checked = check_modules(&loaded.modules, options, sink);
    (loaded.is_whole || checked.diagnostics.is_empty()).then_some(checked)
}

fn check_modules(parsed: &[Parsed], options: &Options, mut sink: Sink) -> Checked {
    let mut types = Types::new();
    let mut used = Vec::new();
    let world = collect::collect(parsed, options, &mut types, &mut used, &mut sink);
    let mut notes = Notes::default();
    let (functions, tags) = {
        let mut cx = Cx {
            world: &world,
            types: &mut types,
            sink: &mut sink,
            used_imports: &mut used,
            values: vec![ValueState::Unknown; world.values.len()],
            hidden: Vec::new(),
            tag_functions: BTreeMap::new(),
            instances: Vec::new(),
            notes: &mut notes,
            suggestions: 0,
        };
        let tags = tags(&mut cx);
        function::values(&mut cx);
        let functions = function::functions(&mut cx);
        recursion::check(&world, &cx.instances, cx.types, cx.sink);
        testing::check(&world, &functions, cx.sink);
        (functions, tags)
    };
    unused_imports(&world, &used, &mut sink);
    notes.settle();
    let linter = Linter {
        world: &world,
        types: &types,
        functions: &functions,
        notes: &notes,
        tests: options.tests,
    };
    linter.run(&mut sink);
    for module in parsed.iter().filter(|module| module.broken) {
        sink.forget_warnings_in(module.file);
    }
    let modules = parsed.iter().map(|one| Module {
        path: one.path.clone(),
        file: one.file,
        imports: one.imports.iter().copied().flatten().collect(),
    });
    let program = Program {
        modules: modules.collect(),
        functions,
        tags,
        tests: world.tests,
        main: world.main,
        lang: world.lang,
        adts: world.adts,
        types,
    };
    let diagnostics = sink.finish();
    Checked {
        program,
        diagnostics,
    }
}

fn tags(cx: &mut Cx<'_>) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (at, signature) in cx.world.tags.iter().enumerate() {
        let id = TagId::new(at);
        let lifetime = signature.lifetime;
        tags.push(Tag {
            module: signature.module,
            name: signature.name.clone(),
            params: signature.params.iter().map(|(_, ty, _)| *ty).collect(),
            value: signature.value,
            lifetime: lifetime.and_then(|expr| value::lifetime(cx, (id, signature.module), expr)),
            read: signature.read,
            write: signature.write,
            public: signature.public,
            span: signature.span,
        });
    }
    tags
}

fn unused_imports(world: &World<'_>, used: &[bool], sink: &mut Sink) {
    let mut broken = BTreeMap::new();
    for (import, used) in world.names.imports.iter().zip(used) {
        let broken = broken
            .entry(import.file)
            .or_insert_with(|| sink.has_errors_in(import.file));
        if *used || *broken || !import.use_expected || import.name.starts_with('_') {
            continue;
        }
        let message = format!("the import `{}` is not used", import.name);
        let (file, span) = (import.file, import.span);
        let warning = Diagnostic::warning(code::UNUSED_IMPORT, file, span, message);
        sink.push(match import.item {
            Some(item) => warning.fix(Fix::new("remove the import", item, "")),
            None => warning,
        });
    }
}
