//! Private declarations that nothing uses.

use std::collections::BTreeSet;

use super::super::Tests;
use super::super::collect::{Head, ValueKind};
use super::super::scope::ValueId;
use super::super::sink::Sink;
use super::{Item, Linter};
use crate::ast::{ItemKind, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::typed::{AdtId, FnId, ModuleId, TagId, Ty, TyKind};

impl Linter<'_> {
    /// Everything that cannot be reached from what others may use.
    pub(super) fn unused_items(&self, sink: &mut Sink) {
        let used = self.reached();
        let types = self.used_types();
        for item in self.items() {
            if !used.contains(&item) && self.is_judged(item, &types) {
                sink.push(self.unused(item));
            }
        }
    }

    fn items(&self) -> Vec<Item> {
        let world = self.world;
        let functions = (0..world.functions.len()).map(|at| Item::Fn(FnId::new(at)));
        let values = (0..world.values.len())
            .map(|at| Item::Value(ValueId(u32::try_from(at).unwrap_or(u32::MAX))));
        let tags = (0..world.tags.len()).map(|at| Item::Tag(TagId::new(at)));
        let adts = (0..world.adts.len()).map(|at| Item::Adt(AdtId::new(at)));
        functions.chain(values).chain(tags).chain(adts).collect()
    }

    fn reached(&self) -> BTreeSet<Item> {
        let mut work: Vec<Item> = self.items();
        let tests = self.world.tests.iter().map(|test| test.function);
        let tests: BTreeSet<FnId> = tests.collect();
        work.retain(|item| self.is_root(*item, &tests));
        let mut seen: BTreeSet<Item> = work.iter().copied().collect();
        while let Some(item) = work.pop() {
            let from = self.notes.uses.partition_point(|(user, _)| *user < item);
            let used = self.notes.uses[from..].iter();
            let used = used.take_while(|(user, _)| *user == item);
            let used = used.map(|(_, used)| *used).chain(self.declared_with(item));
            for next in used {
                if seen.insert(next) {
                    work.push(next);
                }
            }
        }
        seen
    }

    /// What others may use, or what runs by itself. The library is not judged.
    fn is_root(&self, item: Item, tests: &BTreeSet<FnId>) -> bool {
        let (module, _, public) = self.about(item);
        if !self.is_own(module) {
            return true;
        }
        match item {
            Item::Fn(id) => {
                let hidden_type = match self.owner(id) {
                    Some(adt) => !self.world.adt(adt).public,
                    None => false,
                };
                self.world.main == Some(id) || public && !hidden_type || tests.contains(&id)
            }
            _ => public,
        }
    }

    /// The struct or enum in whose `impl` a function stands.
    fn owner(&self, id: FnId) -> Option<AdtId> {
        let owner = self.world.function(id).owner?;
        match Head::of(self.types, owner)? {
            Head::Adt(adt) => Some(adt),
            _ => None,
        }
    }

    /// Module, place and whether it is public.
    fn about(&self, item: Item) -> (ModuleId, Span, bool) {
        let world = self.world;
        match item {
            Item::Fn(id) => {
                let function = world.function(id);
                (function.module, function.span, function.public)
            }
            Item::Value(id) => {
                let value = world.value(id);
                (value.module, value.span, value.public)
            }
            Item::Tag(id) => {
                let tag = world.tag(id);
                (tag.module, tag.span, tag.public)
            }
            Item::Adt(id) => {
                let adt = world.adt(id);
                (adt.module, adt.span, adt.public)
            }
        }
    }

    /// The types and defaults that a declaration names.
    fn declared_with(&self, item: Item) -> Vec<Item> {
        let world = self.world;
        let mut types: Vec<Ty> = Vec::new();
        let mut out = Vec::new();
        match item {
            Item::Fn(id) => {
                let function = world.function(id);
                types.extend(function.params.iter().map(|param| param.ty));
                types.push(function.result);
                types.extend(function.owner);
                let defaults = function.params.iter().filter_map(|param| param.default);
                out.extend(defaults.map(Item::Value));
            }
            Item::Value(id) => types.push(world.value(id).ty),
            Item::Tag(id) => {
                let tag = world.tag(id);
                types.extend(tag.params.iter().map(|(_, ty, _)| *ty));
                types.push(tag.value);
            }
            Item::Adt(id) => {
                let adt = world.adt(id);
                let variants = adt.variants().iter().flat_map(|variant| &variant.fields);
                types.extend(adt.fields().iter().chain(variants).map(|field| field.ty));
                let defaults = world.field_defaults[id.index()].iter().flatten();
                out.extend(defaults.map(|id| Item::Value(*id)));
            }
        }
        for ty in types {
            self.types.for_each_within(ty, &mut |kind| {
                if let TyKind::Adt(adt, _) = kind {
                    out.push(Item::Adt(*adt));
                }
            });
        }
        out
    }

    /// Whether it is said of an item that nothing uses it.
    fn is_judged(&self, item: Item, used_types: &BTreeSet<AdtId>) -> bool {
        let (module, ..) = self.about(item);
        let parsed = &self.world.parsed[module.index()];
        let is_root = module.index() + 1 == self.world.parsed.len();
        let has_tests = || {
            let mut items = parsed.ast.items.iter();
            items.any(|item| matches!(item.kind, ItemKind::Test(_)))
        };
        // Tests that were not looked at may use it.
        let unread_tests = (!is_root || self.tests == Tests::Skip) && has_tests();
        let is_part = match item {
            Item::Value(id) => self.world.value(id).kind == ValueKind::Default,
            // Said of the type itself.
            Item::Fn(id) => self
                .owner(id)
                .is_some_and(|adt| !self.world.adt(adt).public && !used_types.contains(&adt)),
            _ => false,
        };
        !unread_tests && !is_part && !self.name(item).starts_with('_')
    }

    /// The types that something else uses than their own methods.
    fn used_types(&self) -> BTreeSet<AdtId> {
        let uses = self.notes.uses.iter();
        let used = uses.filter_map(|(user, used)| match (user, used) {
            (Item::Fn(id), Item::Adt(adt)) if self.owner(*id) == Some(*adt) => None,
            (_, Item::Adt(adt)) => Some(*adt),
            _ => None,
        });
        used.collect()
    }

    fn name(&self, item: Item) -> String {
        match item {
            Item::Fn(id) => self.world.function(id).name.to_string(),
            Item::Value(id) => self.world.value(id).name.to_string(),
            Item::Tag(id) => self.world.tag(id).name.to_string(),
            Item::Adt(id) => self.world.adt(id).name.to_string(),
        }
    }

    fn unused(&self, item: Item) -> Diagnostic {
        let (module, span, _) = self.about(item);
        let (name, file) = (self.name(item), self.world.file(module));
        let what = match item {
            Item::Fn(id) if self.world.function(id).takes_self => "the method",
            Item::Fn(_) => "the function",
            Item::Value(_) => "the constant",
            Item::Tag(_) => "the tag",
            Item::Adt(id) if self.world.adt(id).variants().is_empty() => "the struct",
            Item::Adt(_) => "the enum",
        };
        let message = format!("{what} `{name}` is not used");
        Diagnostic::warning(code::UNUSED_ITEM, file, span, message)
            .help("remove it, or declare it with `pub` if other modules should use it")
    }
}
