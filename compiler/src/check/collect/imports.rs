//! What the imports of a module bring into its scope.

use std::collections::BTreeMap;

use super::super::annotation::did_you_mean;
use super::super::module::Parsed;
use super::super::scope::{Binding, Entity, ImportId, ImportedName, Names, Scope};
use super::super::sink::Sink;
use crate::ast::{FileId, Ident, Import, Item, ItemKind, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{ModuleId, Name};

/// Adds what `module` imports to its scope. The modules it imports have been declared before it.
pub(super) fn bind(module: &Parsed, scope: &mut Scope, names: &mut Names, sink: &mut Sink) {
    let imports = module.ast.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some((import, item)),
        _ => None,
    });
    let mut binder = Binder {
        scope,
        names,
        sink,
        file: module.file,
    };
    let mut implied: BTreeMap<Name, Implied> = BTreeMap::new();
    for ((import, item), target) in imports.zip(&module.imports) {
        let Some(target) = *target else {
            binder.unknown(import);
            continue;
        };
        binder.import(import, item, target);
        if let (Some(_), None, Some(last)) =
            (&import.names, &import.alias, import.path.segments.last())
        {
            let new = Implied::One(target, last.span);
            implied
                .entry(last.name.clone())
                .and_modify(|known| known.add(target))
                .or_insert(new);
        }
    }
    for (name, module) in implied {
        if let Implied::One(target, span) = module {
            binder.implied(&name, span, target);
        }
    }
}

/// A module that an import names only as the place of other names.
#[derive(Clone, Copy)]
enum Implied {
    One(ModuleId, Span),
    /// Different modules with the same last name: it means none of them.
    Several,
}

impl Implied {
    fn add(&mut self, module: ModuleId) {
        if !matches!(self, Self::One(known, _) if *known == module) {
            *self = Self::Several;
        }
    }
}

struct Binder<'a> {
    scope: &'a mut Scope,
    names: &'a mut Names,
    sink: &'a mut Sink,
    file: FileId,
}

/// A name that is brought, and how.
struct Brought {
    entity: Entity,
    span: Span,
    /// The whole import, where it brings nothing else.
    item: Option<Span>,
    public: bool,
    use_expected: bool,
}

impl Binder<'_> {
    fn import(&mut self, import: &Import, item: &Item, target: ModuleId) {
        let public = item.visibility.is_public();
        self.methods(target, public);
        let brought = |entity, span, item| Brought {
            entity,
            span,
            item,
            public,
            use_expected: !public,
        };
        if import.names.is_none() || import.alias.is_some() {
            let last = import.path.segments.last();
            if let Some(name) = import.alias.as_ref().or(last) {
                let whole = import.names.is_none().then_some(item.span);
                let module = Entity::Module(target);
                self.name(&name.name, &brought(module, name.span, whole));
            }
        }
        for imported in import.names.iter().flatten() {
            let local = imported.alias.as_ref().unwrap_or(&imported.name);
            if let Some(entity) = self.public(target, import, &imported.name) {
                self.name(&local.name, &brought(entity, local.span, None));
                self.variants(entity);
            }
        }
    }

    /// The methods of `target`, and of what it gives on, can be called here.
    fn methods(&mut self, target: ModuleId, public: bool) {
        let given = &self.names.scope(target).given_on;
        for module in [target].iter().chain(given) {
            if !self.scope.modules.contains(module) {
                self.scope.modules.push(*module);
            }
            if public && !self.scope.given_on.contains(module) {
                self.scope.given_on.push(*module);
            }
        }
    }

    /// A module out of which names are imported has its own name too, unless that means something
    /// else already.
    fn implied(&mut self, name: &Name, span: Span, target: ModuleId) {
        let prelude = self.names.scopes.first();
        let in_prelude = prelude.and_then(|prelude| prelude.items.get(name));
        let is_taken = self.scope.items.contains_key(name) || self.scope.missing.contains(name);
        if is_taken || in_prelude.is_some_and(|binding| binding.public) {
            return;
        }
        let brought = Brought {
            entity: Entity::Module(target),
            span,
            item: None,
            public: false,
            use_expected: false,
        };
        self.name(name, &brought);
    }

    /// What could not be loaded has been reported; its names must not be reported again.
    fn unknown(&mut self, import: &Import) {
        let last = import.path.segments.last();
        let module = import
            .alias
            .as_ref()
            .or(last)
            .filter(|_| import.names.is_none() || import.alias.is_some());
        let names = import.names.iter().flatten();
        let names = names.map(|one| one.alias.as_ref().unwrap_or(&one.name));
        let missing: Vec<Name> = names.chain(module).map(|name| name.name.clone()).collect();
        self.scope.missing.extend(missing);
    }

    fn public(&mut self, target: ModuleId, import: &Import, name: &Ident) -> Option<Entity> {
        let binding = self.names.scope(target).items.get(&name.name);
        if let Some(binding) = binding.filter(|binding| binding.public) {
            return Some(binding.entity);
        }
        let binding = binding.filter(|binding| binding.import.is_none());
        let module = import.path.segments.last().map_or("", |last| &*last.name);
        let private = binding.map(|binding| binding.span);
        let what = if private.is_some() { "keeps" } else { "has no" };
        let own = if private.is_some() { " to itself" } else { "" };
        let message = format!("`{module}` {what} `{name}`{own}");
        let error = Diagnostic::error(code::UNKNOWN_IMPORT, self.file, name.span, message);
        let error = match private {
            Some(span) => {
                let file = self.names.files[target.index()];
                let error = error.label_in(file, span, "declared without `pub`");
                error.help(format!("write `pub` before the declaration of `{name}`"))
            }
            None => {
                let near = self.names.nearest_public(target, &name.name);
                did_you_mean(error, name.span, near)
            }
        };
        self.sink.push(error);
        self.scope.missing.insert(name.name.clone());
        None
    }

    /// An imported enum brings its variants.
    fn variants(&mut self, entity: Entity) {
        let Entity::Adt(adt) = entity else {
            return;
        };
        for (name, variant) in &self.names.adts[adt.index()].variants {
            let of_name = self.scope.variants.entry(name.clone()).or_default();
            of_name.push((adt, *variant));
        }
    }

    fn name(&mut self, name: &Name, brought: &Brought) {
        let (entity, span) = (brought.entity, brought.span);
        if let Some(first) = self.scope.items.get(name) {
            let (earlier, later) = (first.span.min(span), first.span.max(span));
            let message = format!("`{name}` is given twice");
            let error = Diagnostic::error(code::DUPLICATE_NAME, self.file, later, message)
                .label(earlier, "the first")
                .help("import it under another name with `as`");
            self.sink.push(error);
            return;
        }
        let import = ImportId(u32::try_from(self.names.imports.len()).unwrap_or(u32::MAX));
        self.names.imports.push(ImportedName {
            name: name.clone(),
            file: self.file,
            span,
            item: brought.item,
            use_expected: brought.use_expected,
        });
        if let Entity::Adt(adt) = entity {
            self.scope.imported_adts.entry(adt).or_insert(import);
        }
        let binding = Binding {
            entity,
            public: brought.public,
            span,
            import: Some(import),
        };
        self.scope.items.insert(name.clone(), binding);
    }
}
