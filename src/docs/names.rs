//! Which page a name means.

use sm_compiler::ast::{ImportRoot, ItemKind};
use sm_compiler::check::PRELUDE;

use super::{Book, Kind, Module};

/// Looks up names as a module sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'b> {
    book: &'b Book,
    module: &'b Module,
}

impl<'b> Names<'b> {
    pub(crate) fn new(book: &'b Book, module: &'b Module) -> Self {
        Self { book, module }
    }

    /// The address of a type, seen from the page of the module.
    pub(crate) fn of_type(&self, name: &str) -> Option<String> {
        let is_type = |kind: Kind| matches!(kind, Kind::Struct | Kind::Enum);
        let declared = self.find(|module| {
            let mut items = module.items.iter().filter(|item| is_type(item.kind));
            Some(items.find(|item| item.name == name)?.anchor.clone())
        });
        // A type of the language itself is known by its methods.
        declared.or_else(|| {
            self.find(|module| {
                let found = module.of(Kind::Impl).find(|item| item.name == name)?;
                Some(found.anchor.clone())
            })
        })
    }

    /// The address of anything: `visit_all`, `HopError`, `Point.add`, `route/pull`.
    pub(crate) fn of_any(&self, name: &str) -> Option<String> {
        let name = name.trim_end_matches("()");
        let module = self.book.modules.iter().find(|module| module.name == name);
        if let Some(module) = module {
            return Some(self.address(module, ""));
        }
        self.of_type(name).or_else(|| {
            self.find(|module| {
                let items = module.items.iter();
                let items = items.filter(|item| item.kind != Kind::Impl);
                let own = items.map(|item| (item.name.clone(), &item.anchor));
                let members = module.items.iter().flat_map(|item| {
                    let full = move |member: &str| format!("{}.{member}", item.name);
                    item.members
                        .iter()
                        .map(move |member| (full(&member.name), &member.anchor))
                });
                let mut all = own.chain(members);
                Some(all.find(|(known, _)| known == name)?.1.clone())
            })
        })
    }

    /// The module itself, those it imports, the prelude: the first that has it.
    fn find(&self, anchor: impl Fn(&Module) -> Option<String>) -> Option<String> {
        let imported = self.module.ast.items.iter().filter_map(|item| {
            let ItemKind::Import(import) = &item.kind else {
                return None;
            };
            let segments = import.path.segments.iter().map(|part| &*part.name);
            let path = segments.collect::<Vec<_>>().join("/");
            let mut modules = self.book.modules.iter();
            modules.find(|module| match import.path.root {
                ImportRoot::Library => module.name == path,
                ImportRoot::Relative { .. } => module.import.ends_with(&format!("/{path}")),
            })
        });
        let prelude = self
            .book
            .modules
            .iter()
            .filter(|module| module.name == PRELUDE);
        let mut seen = std::iter::once(self.module).chain(imported).chain(prelude);
        seen.find_map(|module| Some(self.address(module, &anchor(module)?)))
    }

    fn address(&self, module: &Module, anchor: &str) -> String {
        let hash = match anchor {
            "" => String::new(),
            anchor => format!("#{anchor}"),
        };
        if module.name == self.module.name && !hash.is_empty() {
            return hash;
        }
        format!("{}{}.html{hash}", up(&self.module.name), module.name)
    }
}

/// The way from a module's page to the folder of all: `../` for `route/pull`.
pub(crate) fn up(name: &str) -> String {
    "../".repeat(name.matches('/').count())
}
