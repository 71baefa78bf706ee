//! Loads the modules of a program: the prelude, the root, and all they import, each once.
//!
//! Modules come out in an order in which each stands after those it imports. So imports in a circle
//! are refused; functions that call each other belong into one module.

use std::collections::HashMap;

use super::habits;
use super::sink::Sink;
use super::suggest::nearest;
use super::{Loader, Options, PRELUDE, Source, TESTING, Tests};
use crate::ast::{self, FileId, ImportPath, ImportRoot, Item, ItemKind, Span};
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::{MAX_IMPORT_DEPTH, MAX_MODULES, MAX_OUTLINED_BYTES};
use crate::outline::{Outline, Wanted};
use crate::parser;
use crate::typed::{ModuleId, Name};

/// A module whose text has been read.
pub(super) struct Parsed {
    pub path: Name,
    pub file: FileId,
    pub ast: ast::Module,
    /// For each import item, in order; `None` where it could not be loaded.
    pub imports: Vec<Option<ModuleId>>,
    /// Parts of it could not be parsed.
    pub broken: bool,
    /// A module of the library may declare native functions.
    pub library: bool,
}

/// All modules of a program. The prelude is the first, the root the last.
pub(super) struct Loaded {
    pub modules: Vec<Parsed>,
    /// Nothing was left out of the prelude.
    pub is_whole: bool,
}

/// Reads all modules. Where there is an outline of the prelude, a short program gets what it needs
/// of it.
pub(super) fn load(
    loader: &mut dyn Loader,
    options: &Options,
    prelude: Option<&Outline>,
    sink: &mut Sink,
) -> Loaded {
    let mut reader = Reader {
        loader,
        root: &options.root,
        tests: options.tests,
        sink,
        states: HashMap::new(),
        chain: Vec::new(),
        modules: Vec::new(),
        read: 0,
        outline: prelude.map(|outline| (outline, Wanted::default())),
    };
    let prelude = reader.prelude();
    let root = Name::new(&options.root);
    if reader.module(&root).is_none() {
        let message = format!("there is no module `{root}`");
        reader.sink.push(Diagnostic::error(
            code::UNKNOWN_MODULE,
            FileId::default(),
            Span::default(),
            message,
        ));
    }
    let is_whole = reader.outline.is_none();
    if let Some(source) = prelude {
        let needed = reader.outline;
        let needed = needed.map(|(outline, wanted)| outline.text(&source.text, wanted));
        let text = needed.as_deref().unwrap_or(&source.text);
        let (ast, diagnostics) = parser::parse(source.file, text);
        diagnostics
            .into_iter()
            .for_each(|one| reader.sink.push(one));
        reader.modules[0].ast = ast;
    }
    Loaded {
        modules: reader.modules,
        is_whole,
    }
}

struct Reader<'a> {
    loader: &'a mut dyn Loader,
    root: &'a str,
    tests: Tests,
    sink: &'a mut Sink,
    states: HashMap<Name, State>,
    /// The modules that are being read, each imported by the one before.
    chain: Vec<Name>,
    modules: Vec<Parsed>,
    /// How many bytes of text.
    read: usize,
    /// What there is in the prelude, and what of it the other modules may name; `None` once the
    /// program is too long.
    outline: Option<(&'a Outline, Wanted)>,
}

#[derive(Clone, Copy)]
enum State {
    Reading,
    Read(ModuleId),
    Missing,
}

impl Reader<'_> {
    /// Without a prelude the language has no library, but it can be checked. Where there is an
    /// outline of it, its text is answered, to be parsed when all others were.
    fn prelude(&mut self) -> Option<Source> {
        let path = Name::new(PRELUDE);
        if self.outline.is_none() {
            if self.module(&path).is_none() {
                self.empty_prelude(FileId::default());
            }
            return None;
        }
        let source = self.loader.load(PRELUDE);
        let file = source
            .as_ref()
            .map_or(FileId::default(), |source| source.file);
        self.states.insert(path, State::Read(ModuleId::new(0)));
        self.empty_prelude(file);
        source
    }

    fn empty_prelude(&mut self, file: FileId) {
        let (ast, _) = parser::parse(file, "");
        self.modules.push(Parsed {
            path: Name::new(PRELUDE),
            file,
            ast,
            imports: Vec::new(),
            broken: false,
            library: true,
        });
    }

    /// The module at `path`, read now if it was not before.
    fn module(&mut self, path: &Name) -> Option<ModuleId> {
        if let Some(State::Read(id)) = self.states.get(path) {
            return Some(*id);
        }
        let Some(Source { file, text }) = self.loader.load(path) else {
            self.states.insert(path.clone(), State::Missing);
            return None;
        };
        self.states.insert(path.clone(), State::Reading);
        self.chain.push(path.clone());
        self.read += text.len();
        self.outline = self
            .outline
            .take()
            .filter(|_| self.read <= MAX_OUTLINED_BYTES);
        if let Some((outline, wanted)) = &mut self.outline {
            outline.note(&text, wanted);
        }
        let (ast, diagnostics) = parser::parse(file, &text);
        let errors = self.sink.errors();
        diagnostics.into_iter().for_each(|one| self.sink.push(one));
        let broken = self.sink.errors() > errors;
        let imports = self.imports(path, file, &ast.items);
        if **path == *self.root && self.tests == Tests::Check && has_tests(&ast.items) {
            // A loader without a library has no simulated networks.
            self.module(&Name::new(TESTING));
        }
        self.chain.pop();
        let id = ModuleId::new(self.modules.len());
        self.states.insert(path.clone(), State::Read(id));
        self.modules.push(Parsed {
            path: path.clone(),
            file,
            ast,
            imports,
            broken,
            library: self.loader.is_library(path) && **path != *self.root,
        });
        Some(id)
    }

    fn imports(&mut self, from: &str, file: FileId, items: &[Item]) -> Vec<Option<ModuleId>> {
        let imports = items.iter().filter_map(|item| match &item.kind {
            ItemKind::Import(import) => Some(&import.path),
            _ => None,
        });
        imports.map(|path| self.import(from, file, path)).collect()
    }

    fn import(&mut self, from: &str, file: FileId, path: &ImportPath) -> Option<ModuleId> {
        let base = if from == self.root { "./" } else { from };
        let Some(target) = resolve(base, path) else {
            self.unknown(base, file, path, &written(path));
            return None;
        };
        match self.states.get(&target) {
            Some(State::Read(id)) => return Some(*id),
            Some(State::Reading) => {
                self.circle(file, path.span, &target);
                return None;
            }
            Some(State::Missing) => {}
            None if self.chain.len() >= MAX_IMPORT_DEPTH || self.modules.len() >= MAX_MODULES => {
                let message = "the program imports too many modules";
                let error = Diagnostic::error(code::TOO_MANY_MODULES, file, path.span, message);
                self.sink.push(error.note(format!(
                    "the bounds are {MAX_MODULES} modules, and {MAX_IMPORT_DEPTH} in one chain"
                )));
                return None;
            }
            None => {
                if let Some(id) = self.module(&target) {
                    return Some(id);
                }
            }
        }
        self.unknown(base, file, path, &target);
        None
    }

    fn unknown(&mut self, base: &str, file: FileId, path: &ImportPath, target: &str) {
        let message = format!("there is no module `{target}`");
        let error = Diagnostic::error(code::UNKNOWN_MODULE, file, path.span, message);
        // How the path was written is of no use for a module that is not there.
        self.sink.forget_errors_in(file, path.span);
        self.sink.push(match path.root {
            ImportRoot::Library => self.advise(error, base, path, target),
            ImportRoot::Relative { .. } => {
                error.note("the path is relative to the folder of the importing file")
            }
        });
    }

    /// What was meant by the path of a module that the library does not have.
    fn advise(&self, error: Diagnostic, base: &str, path: &ImportPath, target: &str) -> Diagnostic {
        let beside = ImportPath {
            root: ImportRoot::Relative { up: 0 },
            ..path.clone()
        };
        let own = written(&beside);
        if resolve(base, &beside).is_some_and(|file| self.loader.is_there(&file)) {
            let title = format!("a file of your own is `{own}`");
            return error.fix(Fix::new(title, path.span, own).certain());
        }
        let first = path.segments.first().map_or("", |part| &part.name);
        if let Some(habit) = habits::module(first) {
            return error.help(habit);
        }
        let library = self.loader.library();
        let near = nearest(target, library.iter().copied()).or_else(|| {
            let name = last_part(target);
            let names = library.iter().map(|path| last_part(path));
            let mut same = names.clone();
            let near = same
                .find(|known| *known == name)
                .or_else(|| nearest(name, names))?;
            let mut paths = library.iter().copied();
            paths.find(|path| last_part(path) == near)
        });
        match near {
            Some(near) => error.fix(Fix::new(format!("did you mean `{near}`"), path.span, near)),
            None => error.note("a path without `./` is a module of the library"),
        }
    }

    fn circle(&mut self, file: FileId, span: Span, target: &Name) {
        let from = self.chain.iter().position(|path| path == target);
        let mut circle: Vec<&str> = Vec::new();
        for path in &self.chain[from.unwrap_or(0)..] {
            circle.push(path);
        }
        circle.push(target);
        let message = "modules import each other in a circle";
        let error = Diagnostic::error(code::IMPORT_CIRCLE, file, span, message)
            .at("closes the circle")
            .note(circle.join(" imports "))
            .help("move what both need into a third module");
        self.sink.push(error);
    }
}

fn has_tests(items: &[Item]) -> bool {
    let is_test = |item: &Item| matches!(item.kind, ItemKind::Test(_));
    items.iter().any(is_test)
}

/// The name of a module, without the folders that it is in.
fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path as it was written.
fn written(path: &ImportPath) -> String {
    let segments: Vec<&str> = path.segments.iter().map(|part| &*part.name).collect();
    let up = match path.root {
        ImportRoot::Library => String::new(),
        ImportRoot::Relative { up: 0 } => "./".into(),
        ImportRoot::Relative { up } => "../".repeat(up as usize),
    };
    up + &segments.join("/")
}

/// The canonical path of an import in the module `from`: of the library `a/b`, of the program
/// `./a/b` or `../a`, seen from the folder of the root. `None`: it leads out of the library.
fn resolve(from: &str, path: &ImportPath) -> Option<Name> {
    let ImportRoot::Relative { up } = path.root else {
        return Some(written(path).into());
    };
    let own = from.starts_with('.');
    let mut parts: Vec<&str> = from.split('/').filter(|part| *part != ".").collect();
    parts.pop();
    for _ in 0..up {
        match parts.last() {
            Some(&"..") => parts.push(".."),
            Some(_) => {
                parts.pop();
            }
            None if own => parts.push(".."),
            None => return None,
        }
    }
    parts.extend(path.segments.iter().map(|part| &*part.name));
    let joined = parts.join("/");
    let here = if own && parts.first() != Some(&"..") {
        "./"
    } else {
        ""
    };
    Some(format!("{here}{joined}").into())
}
