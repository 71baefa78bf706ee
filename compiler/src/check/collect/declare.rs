//! The first pass over all declarations: their names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::super::TESTING;
use super::super::module::Parsed;
use super::super::scope::{
    AdtHead, Binding, Entity, Names, OverloadId, PRELUDE_ID, Scope, ValueId,
};
use super::super::sink::Sink;
use super::{Tests, imports};
use crate::ast::{self, FileId, Ident, ImplDecl, Item, ItemKind, Span, TagDecl, TestDecl};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{AdtId, FnId, ModuleId, Name, TagId, VariantId};

/// All declarations with their names, their types not yet looked at.
#[derive(Default)]
pub(super) struct Declared<'a> {
    pub names: Names,
    pub adts: Vec<DeclaredAdt<'a>>,
    pub functions: Vec<DeclaredFn<'a>>,
    pub tags: Vec<(ModuleId, &'a TagDecl, bool)>,
    pub constants: Vec<(ModuleId, &'a ast::ConstDecl, bool)>,
    pub impls: Vec<(ModuleId, &'a ImplDecl)>,
}

pub(super) struct DeclaredAdt<'a> {
    pub module: ModuleId,
    pub decl: AdtDecl<'a>,
    pub public: bool,
}

#[derive(Clone, Copy)]
pub(super) enum AdtDecl<'a> {
    Struct(&'a ast::StructDecl),
    Enum(&'a ast::EnumDecl),
}

pub(super) struct DeclaredFn<'a> {
    pub module: ModuleId,
    pub decl: FnSource<'a>,
    /// Indexes [`Declared::impls`].
    pub owner: Option<usize>,
    pub public: bool,
}

#[derive(Clone, Copy)]
pub(super) enum FnSource<'a> {
    Fn(&'a ast::FnDecl),
    Test(&'a TestDecl),
}

pub(super) fn declare<'a>(parsed: &'a [Parsed], tests: Tests, sink: &mut Sink) -> Declared<'a> {
    let mut declared = Declared::default();
    for (at, module) in parsed.iter().enumerate() {
        let mut declarer = Declarer {
            declared: &mut declared,
            sink,
            module: ModuleId::new(at),
            file: module.file,
            scope: Scope::default(),
            tests: if at + 1 == parsed.len() {
                tests
            } else {
                Tests::Skip
            },
        };
        for item in &module.ast.items {
            declarer.item(item);
        }
        let mut scope = declarer.scope;
        imports::bind(module, &mut scope, &mut declared.names, sink);
        if at + 1 == parsed.len() && tests == Tests::Check {
            see_testing(parsed, &mut scope, &declared.names);
        }
        declared.names.scopes.push(scope);
        declared.names.files.push(module.file);
    }
    declared
}

/// A root with tests sees what the module of simulated networks gives them, where nothing else has
/// the name.
fn see_testing(parsed: &[Parsed], scope: &mut Scope, names: &Names) {
    let root = parsed.last().map_or(&[][..], |root| &root.ast.items);
    let has_tests = root
        .iter()
        .any(|item| matches!(item.kind, ItemKind::Test(_)));
    let Some(testing) = parsed
        .iter()
        .position(|one| &*one.path == TESTING && has_tests)
    else {
        return;
    };
    let Some(of_tests) = names.scopes.get(testing) else {
        return;
    };
    let prelude = &names.scope(PRELUDE_ID).items;
    for (name, binding) in &of_tests.items {
        if binding.public && binding.import.is_none() && !prelude.contains_key(name) {
            let entry = scope.items.entry(name.clone());
            entry.or_insert(Binding {
                entity: binding.entity,
                public: false,
                span: Span::default(),
                import: None,
            });
        }
    }
}

struct Declarer<'d, 'a> {
    declared: &'d mut Declared<'a>,
    sink: &'d mut Sink,
    module: ModuleId,
    file: FileId,
    scope: Scope,
    tests: Tests,
}

impl<'a> Declarer<'_, 'a> {
    fn item(&mut self, item: &'a Item) {
        let public = item.visibility.is_public();
        match &item.kind {
            ItemKind::Import(_) | ItemKind::Error => {}
            ItemKind::Tag(decl) => {
                let id = TagId::new(self.declared.tags.len());
                self.declared.tags.push((self.module, decl, public));
                self.name(&decl.name, Entity::Tag(id), public);
            }
            ItemKind::Const(decl) => {
                let id = ValueId(index(self.declared.constants.len()));
                self.declared.constants.push((self.module, decl, public));
                self.name(&decl.name, Entity::Const(id), public);
            }
            ItemKind::Struct(decl) => {
                self.adt(
                    AdtDecl::Struct(decl),
                    &decl.name,
                    decl.generics.len(),
                    public,
                );
            }
            ItemKind::Enum(decl) => {
                self.adt(AdtDecl::Enum(decl), &decl.name, decl.generics.len(), public);
            }
            ItemKind::Fn(decl) => {
                let id = self.function(FnSource::Fn(decl), None, public);
                self.name(&decl.name, Entity::Fn(id), public);
            }
            ItemKind::Impl(decl) => self.methods(decl),
            ItemKind::Test(decl) if self.tests == Tests::Check => {
                self.function(FnSource::Test(decl), None, false);
            }
            ItemKind::Test(_) => {}
        }
    }

    fn methods(&mut self, decl: &'a ImplDecl) {
        let owner = self.declared.impls.len();
        self.declared.impls.push((self.module, decl));
        for function in &decl.functions {
            let public = function.visibility.is_public();
            self.function(FnSource::Fn(&function.decl), Some(owner), public);
        }
    }

    fn function(&mut self, decl: FnSource<'a>, owner: Option<usize>, public: bool) -> FnId {
        let id = FnId::new(self.declared.functions.len());
        self.declared.functions.push(DeclaredFn {
            module: self.module,
            decl,
            owner,
            public,
        });
        id
    }

    fn adt(&mut self, decl: AdtDecl<'a>, name: &Ident, arity: usize, public: bool) {
        let id = AdtId::new(self.declared.adts.len());
        let variants = match decl {
            AdtDecl::Struct(_) => BTreeMap::new(),
            AdtDecl::Enum(decl) => self.variants(id, decl),
        };
        self.declared.names.adts.push(AdtHead {
            name: name.name.clone(),
            arity,
            variants,
            is_enum: matches!(decl, AdtDecl::Enum(_)),
        });
        self.declared.adts.push(DeclaredAdt {
            module: self.module,
            decl,
            public,
        });
        self.name(name, Entity::Adt(id), public);
    }

    fn variants(&mut self, adt: AdtId, decl: &ast::EnumDecl) -> BTreeMap<Name, VariantId> {
        let mut variants: BTreeMap<Name, VariantId> = BTreeMap::new();
        for (at, variant) in decl.variants.iter().enumerate() {
            let name = &variant.name;
            if let Some(first) = variants.get(&name.name) {
                let message = format!("`{}` has two variants `{name}`", decl.name);
                let error = Diagnostic::error(code::DUPLICATE_NAME, self.file, name.span, message);
                let first = decl.variants[first.index()].name.span;
                self.sink.push(error.label(first, "the first"));
                continue;
            }
            variants.insert(name.name.clone(), VariantId::new(at));
            let of_name = self.scope.variants.entry(name.name.clone()).or_default();
            of_name.push((adt, VariantId::new(at)));
        }
        variants
    }

    fn name(&mut self, name: &Ident, entity: Entity, public: bool) {
        let binding = Binding {
            entity,
            public,
            span: name.span,
            import: None,
        };
        match self.scope.items.entry(name.name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(binding);
            }
            Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                if self.module == PRELUDE_ID
                    && overload(&mut self.declared.names.overloads, first, entity)
                {
                    return;
                }
                let message = format!("`{name}` is declared twice");
                let error = Diagnostic::error(code::DUPLICATE_NAME, self.file, name.span, message)
                    .at("again here")
                    .label(first.span, "first declared here");
                self.sink.push(error);
            }
        }
    }
}

/// Adds another function to a name of the prelude.
fn overload(overloads: &mut Vec<Vec<FnId>>, first: &mut Binding, entity: Entity) -> bool {
    match (first.entity, entity) {
        (Entity::Fn(one), Entity::Fn(two)) => {
            first.entity = Entity::Overloads(OverloadId(index(overloads.len())));
            overloads.push(vec![one, two]);
            true
        }
        (Entity::Overloads(id), Entity::Fn(another)) => {
            overloads[id.0 as usize].push(another);
            true
        }
        _ => false,
    }
}

fn index(len: usize) -> u32 {
    u32::try_from(len).expect("bounded by the size of a source file")
}
