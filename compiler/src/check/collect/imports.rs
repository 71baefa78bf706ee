//! What the imports of a module bring into its scope.

use super::super::annotation::did_you_mean;
use super::super::module::Parsed;
use super::super::scope::{Binding, Entity, ImportId, ImportedName, Names, Scope};
use super::super::sink::Sink;
use crate::ast::{FileId, Ident, Import, ItemKind, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{ModuleId, Name};

/// Adds what `module` imports to its scope. The modules it imports have been declared before it.
pub(super) fn bind(module: &Parsed, scope: &mut Scope, names: &mut Names, sink: &mut Sink) {
    let imports = module.ast.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some((import, item.span)),
        _ => None,
    });
    let mut binder = Binder {
        scope,
        names,
        sink,
        file: module.file,
    };
    for ((import, item), target) in imports.zip(&module.imports) {
        if let Some(target) = target {
            binder.import(import, item, *target);
        } else {
            binder.unknown(import);
        }
    }
}

struct Binder<'a> {
    scope: &'a mut Scope,
    names: &'a mut Names,
    sink: &'a mut Sink,
    file: FileId,
}

impl Binder<'_> {
    fn import(&mut self, import: &Import, item: Span, target: ModuleId) {
        if !self.scope.modules.contains(&target) {
            self.scope.modules.push(target);
        }
        if import.names.is_none() || import.alias.is_some() {
            let last = import.path.segments.last();
            if let Some(name) = import.alias.as_ref().or(last) {
                let whole = import.names.is_none().then_some(item);
                self.name(&name.name, name.span, whole, Entity::Module(target));
            }
        }
        for imported in import.names.iter().flatten() {
            let local = imported.alias.as_ref().unwrap_or(&imported.name);
            if let Some(entity) = self.public(target, import, &imported.name) {
                self.name(&local.name, local.span, None, entity);
                self.variants(entity);
            }
        }
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
        let binding = binding.filter(|binding| binding.import.is_none());
        if let Some(binding) = binding
            && binding.public
        {
            return Some(binding.entity);
        }
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

    fn name(&mut self, name: &Name, span: Span, item: Option<Span>, entity: Entity) {
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
            item,
        });
        if let Entity::Adt(adt) = entity {
            self.scope.imported_adts.entry(adt).or_insert(import);
        }
        let binding = Binding {
            entity,
            public: false,
            span,
            import: Some(import),
        };
        self.scope.items.insert(name.clone(), binding);
    }
}
