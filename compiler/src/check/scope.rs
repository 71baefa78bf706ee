//! What the names of a module stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::suggest::nearest;
use crate::ast::{FileId, Span};
use crate::typed::{AdtId, FnId, ModuleId, Name, TagId, Ty, VariantId};

/// What a name at the top level of a module stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    Fn(FnId),
    /// Several functions of one name, which only the prelude may declare.
    Overloads(OverloadId),
    Tag(TagId),
    Const(ValueId),
    Adt(AdtId),
    Module(ModuleId),
}

/// Indexes [`Names::overloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverloadId(pub u32);

/// A constant, or the default of a parameter or field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ValueId(pub u32);

/// Indexes [`Names::imports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImportId(pub u32);

impl Entity {
    /// The kind of thing, with its article.
    pub(super) const fn article(self) -> &'static str {
        match self {
            Self::Fn(_) | Self::Overloads(_) => "a function",
            Self::Tag(_) => "a tag",
            Self::Const(_) => "a constant",
            Self::Adt(_) => "a type",
            Self::Module(_) => "a module",
        }
    }
}

/// An entry of a [`Scope`].
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub entity: Entity,
    pub public: bool,
    /// Where the name was declared or imported, in the file of the scope's module.
    pub span: Span,
    pub import: Option<ImportId>,
}

/// The names at the top level of one module.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub items: BTreeMap<Name, Binding>,
    /// The variants of the enums declared here, and of those imported by name.
    pub variants: BTreeMap<Name, Vec<(AdtId, VariantId)>>,
    /// The imports that brought types by name.
    pub imported_adts: BTreeMap<AdtId, ImportId>,
    /// Names whose import failed: they are not reported once more.
    pub missing: BTreeSet<Name>,
    /// The modules whose public methods can be called here.
    pub modules: Vec<ModuleId>,
    /// Those of them that are there for whoever imports this module.
    pub given_on: Vec<ModuleId>,
}

/// A name that an import has brought.
#[derive(Clone, Debug)]
pub(super) struct ImportedName {
    pub name: Name,
    pub file: FileId,
    pub span: Span,
    /// The whole import item, where it brings nothing else.
    pub item: Option<Span>,
    /// Whether it is a mistake if nobody uses it here.
    pub use_expected: bool,
}

/// What is known of a struct or enum before its parts are resolved.
#[derive(Clone, Debug)]
pub(super) struct AdtHead {
    pub name: Name,
    /// How many type arguments it takes.
    pub arity: usize,
    pub variants: BTreeMap<Name, VariantId>,
    pub is_enum: bool,
}

/// All top-level names of the program.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// One for each module.
    pub scopes: Vec<Scope>,
    pub files: Vec<FileId>,
    pub overloads: Vec<Vec<FnId>>,
    pub imports: Vec<ImportedName>,
    pub adts: Vec<AdtHead>,
}

/// The module whose public names every module sees.
pub(super) const PRELUDE_ID: ModuleId = ModuleId(0);

impl Names {
    pub(super) fn scope(&self, module: ModuleId) -> &Scope {
        &self.scopes[module.index()]
    }

    /// What `name` stands for in `module`.
    pub(super) fn lookup(&self, module: ModuleId, name: &str) -> Option<&Binding> {
        let own = self.scope(module).items.get(name);
        own.or_else(|| {
            let prelude = self.scope(PRELUDE_ID).items.get(name);
            prelude.filter(|binding| binding.public)
        })
    }

    /// What `name` stands for as seen from outside of `module`.
    pub(super) fn public(&self, module: ModuleId, name: &str) -> Option<&Binding> {
        let binding = self.scope(module).items.get(name);
        binding.filter(|binding| binding.public)
    }

    pub(super) fn variant(&self, adt: AdtId, name: &str) -> Option<VariantId> {
        self.adts[adt.index()].variants.get(name).copied()
    }

    /// Top-level names visible in `module`, for suggestions.
    pub(super) fn visible(&self, module: ModuleId) -> impl Iterator<Item = &str> {
        let own = self.scope(module).items.keys().map(|name| &**name);
        let variants = self.scope(module).variants.keys().map(|name| &**name);
        let prelude = self.scope(PRELUDE_ID).items.iter();
        let prelude = prelude.filter(|(_, binding)| binding.public);
        own.chain(variants).chain(prelude.map(|(name, _)| &**name))
    }

    /// The public name of `module` that is nearest to `name`.
    pub(super) fn nearest_public(&self, module: ModuleId, name: &str) -> Option<&str> {
        let items = self.scope(module).items.iter();
        let public = items.filter(|(_, binding)| binding.public);
        nearest(name, public.map(|(name, _)| &**name))
    }
}

/// The types that the language itself knows by a plain name.
pub(super) const SCALAR_NAMES: &[(&str, Ty)] = &[
    ("Int", Ty::INT),
    ("Float", Ty::FLOAT),
    ("Bool", Ty::BOOL),
    ("Str", Ty::STR),
    ("Unit", Ty::UNIT),
    ("Duration", Ty::DURATION),
    ("Bytes", Ty::BYTES),
    ("Id", Ty::ID),
    ("Node", Ty::NODE),
    ("Hop", Ty::HOP),
    ("Name", Ty::NAME),
    ("Place", Ty::PLACE),
];

pub(super) fn scalar(name: &str) -> Option<Ty> {
    let found = SCALAR_NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, ty)| *ty)
}
