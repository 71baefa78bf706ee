//! What a name in an expression means.

use super::annotation::did_you_mean;
use super::body::{Body, Want};
use super::collect::Head;
use super::frame::LocalKind;
use super::habits;
use super::scope::{Entity, PRELUDE_ID, scalar};
use super::suggest::nearest;
use crate::ast::{self, Ident, Mutability};
use crate::diagnostic::code;
use crate::typed::{AdtId, Capture, LocalId, ModuleId, Ty, TyKind, VariantId};

/// What a bare name means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// Of the innermost frame.
    Local(LocalId),
    Entity(Entity),
    Variant(AdtId, VariantId),
    Some,
    None,
    /// It has been reported.
    Error,
}

/// What stands before a dot, if it is no value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Qualifier {
    Module(ModuleId),
    Adt(AdtId),
    Builtin(Head),
}

impl Body<'_, '_> {
    /// What `name` means where `want` is wanted: a local, a variant of the wanted enum, something
    /// of the module, something of the prelude.
    pub(super) fn named(&mut self, name: &Ident, want: Want) -> Named {
        if let Some((frame, local)) = self.find_local(&name.name) {
            return Named::Local(self.reach(frame, local, name));
        }
        if let Some(named) = self.self_type(name) {
            return named;
        }
        if let Some(variant) = self.wanted_variant(&name.name, want.hint()) {
            return variant;
        }
        for module in [self.module, PRELUDE_ID] {
            if let Some(found) = self.named_in(module, name) {
                return found;
            }
        }
        match &*name.name {
            "Some" => Named::Some,
            "None" => Named::None,
            _ => {
                self.unknown_name(name);
                Named::Error
            }
        }
    }

    /// What `Self` means: the struct or enum of the `impl` around.
    pub(super) fn self_type(&mut self, name: &Ident) -> Option<Named> {
        if name.name != "Self" {
            return None;
        }
        let ty = self.self_ty?;
        if let TyKind::Adt(adt, _) = self.kind(ty) {
            return Some(Named::Entity(Entity::Adt(*adt)));
        }
        let shown = self.show(ty);
        let message = format!("`Self` is `{shown}` here, which is not made like a struct");
        let error = self.error(code::NOT_A_VALUE, name.span, message);
        self.report(error.help("`Self.function(..)` calls a function of the type"));
        Some(Named::Error)
    }

    /// A variant of the enum that is wanted.
    pub(super) fn wanted_variant(&mut self, name: &str, hint: Option<Ty>) -> Option<Named> {
        if !name.starts_with(char::is_uppercase) {
            return None;
        }
        match (self.kind(hint?), name) {
            (TyKind::Option(_), "Some") => Some(Named::Some),
            (TyKind::Option(_), "None") => Some(Named::None),
            (TyKind::Adt(adt, _), _) => {
                let adt = *adt;
                let variant = self.world.names.variant(adt, name)?;
                self.mark_adt(adt);
                Some(Named::Variant(adt, variant))
            }
            _ => None,
        }
    }

    /// The item or variant of this name at the top level of `module`.
    pub(super) fn named_in(&mut self, module: ModuleId, name: &Ident) -> Option<Named> {
        let scope = self.world.names.scope(module);
        let item = scope.items.get(&name.name);
        let item = item.filter(|item| item.public || module == self.module);
        let variants = scope
            .variants
            .get(&name.name)
            .map_or(&[][..], Vec::as_slice);
        if let Some(item) = item {
            let is_enum = matches!(item.entity, Entity::Adt(adt)
                if self.world.names.adts[adt.index()].is_enum);
            if !is_enum || variants.is_empty() {
                let (entity, import) = (item.entity, item.import);
                self.mark_import(import);
                return Some(Named::Entity(entity));
            }
        }
        match variants {
            [] => None,
            [(adt, variant)] => {
                self.mark_adt(*adt);
                Some(Named::Variant(*adt, *variant))
            }
            several => {
                let enums = several
                    .iter()
                    .take(4)
                    .map(|(adt, _)| &self.world.adt(*adt).name);
                let choices: Vec<String> = enums.map(|one| format!("`{one}.{name}`")).collect();
                let message = format!("`{name}` is a variant of more than one enum");
                let error = self.error(code::AMBIGUOUS_NAME, name.span, message);
                self.report(error.help(format!("write {}", choices.join(" or "))));
                Some(Named::Error)
            }
        }
    }

    /// A variant was used through the import of its enum.
    pub(super) fn mark_adt(&mut self, adt: AdtId) {
        let imported = &self.world.names.scope(self.module).imported_adts;
        self.mark_import(imported.get(&adt).copied());
    }

    /// The local as the innermost frame has it; a closure captures what it finds outside.
    fn reach(&mut self, frame: usize, local: LocalId, name: &Ident) -> LocalId {
        let mut local = local;
        self.frames[frame].locals[local.index()].used = true;
        for at in frame + 1..self.frames.len() {
            local = self.capture(at, local, name);
        }
        local
    }

    /// The copy of `outer`, of the frame before, in the frame at `at`.
    fn capture(&mut self, at: usize, outer: LocalId, name: &Ident) -> LocalId {
        self.clock += 1;
        let event = self.frames[at - 1].event(outer, self.clock, name.span);
        self.frames[at - 1].capture(outer, event);
        if let Some(inner) = self.frames[at].captured.get(&outer) {
            return *inner;
        }
        let state = &self.frames[at - 1].locals[outer.index()];
        let (ty, span) = (state.ty, state.span);
        let frame = &mut self.frames[at];
        let inner = LocalId::new(frame.locals.len());
        frame.locals.push(super::frame::LocalState::new(
            name.name.clone(),
            span,
            ty,
            Mutability::Let,
            LocalKind::Capture,
            0,
        ));
        frame.captures.push(Capture { outer, inner });
        frame.captured.insert(outer, inner);
        inner
    }

    /// What stands before a dot, where that is a module or a type.
    pub(super) fn qualifier(&mut self, object: &ast::Expr) -> Option<Qualifier> {
        match &object.kind {
            ast::ExprKind::Name(name) => {
                if self.find_local(&name.name).is_some() {
                    return None;
                }
                if name.name == "Self"
                    && let Some(ty) = self.self_ty
                {
                    return match Head::of(self.cx.types, ty)? {
                        Head::Adt(adt) => Some(Qualifier::Adt(adt)),
                        head => Some(Qualifier::Builtin(head)),
                    };
                }
                match self.world.names.lookup(self.module, &name.name) {
                    Some(binding) => {
                        let (entity, import) = (binding.entity, binding.import);
                        let found = qualifier_of(entity)?;
                        self.mark_import(import);
                        Some(found)
                    }
                    None => builtin(&name.name).map(Qualifier::Builtin),
                }
            }
            ast::ExprKind::Field { object, name } => match self.qualifier(object)? {
                Qualifier::Module(module) => {
                    let binding = self.world.names.public(module, &name.name)?;
                    qualifier_of(binding.entity)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A public item of an imported module.
    pub(super) fn module_item(&mut self, module: ModuleId, name: &Ident) -> Option<Entity> {
        if let Some(binding) = self.world.names.public(module, &name.name) {
            return Some(binding.entity);
        }
        let path = &self.world.parsed[module.index()].path;
        let own = self.world.names.scope(module).items.get(&name.name);
        let private = own.filter(|binding| binding.import.is_none());
        let error = if let Some(private) = private.filter(|private| !private.public) {
            let message = format!("`{name}` is private in `{path}`");
            self.error(code::PRIVATE_NAME, name.span, message).label_in(
                self.world.file(module),
                private.span,
                "declared without `pub`",
            )
        } else {
            let message = format!("`{path}` has no public `{name}`");
            let error = self.error(code::UNKNOWN_NAME, name.span, message);
            let items = self.world.names.scope(module).items.iter();
            let public = items.filter(|(_, item)| item.public);
            self.suggest(error, name, public.map(|(name, _)| &**name))
        };
        self.report(error);
        None
    }

    /// Whether nothing outside of functions has this name.
    pub(super) fn is_nowhere(&self, name: &Ident) -> bool {
        let mut visible = self.world.names.visible(self.module);
        let missing = &self.world.names.scope(self.module).missing;
        !visible.any(|known| known == &*name.name) && !missing.contains(&name.name)
    }

    /// A variable is assigned that was not declared.
    pub(super) fn unknown_variable(&mut self, name: &Ident) {
        if !self.reported.insert(name.name.clone()) {
            return;
        }
        let message = format!("there is no variable `{name}` here");
        let error = self.error(code::UNKNOWN_NAME, name.span, message);
        let locals = self.scope.clone();
        let near = nearest(&name.name, locals.iter().map(|name| &**name));
        self.report(match near {
            Some(_) => did_you_mean(error, name.span, near),
            None => error.help(format!(
                "a variable is declared first, outside of a loop that changes it: `var {name} = ..`"
            )),
        });
    }

    pub(super) fn unknown_name(&mut self, name: &Ident) {
        let world = self.world;
        if world.names.scope(self.module).missing.contains(&name.name)
            || !self.reported.insert(name.name.clone())
        {
            return;
        }
        if name.name == "Self" {
            let message = "`Self` is the type of an `impl` block, and there is none around this";
            let error = self.error(code::SELF_OUTSIDE, name.span, message);
            self.report(error);
            return;
        }
        if name.name == "self" {
            let error = self.error(code::SELF_OUTSIDE, name.span, "there is no `self` here");
            self.report(error.help("a method takes `self` as its first parameter"));
            return;
        }
        let message = format!("there is no `{name}` here");
        let error = self.error(code::UNKNOWN_NAME, name.span, message);
        if let Some(written) = habits::in_place_of(&name.name) {
            return self.report(error.help(written));
        }
        let bindings = self.scope.clone();
        let locals = bindings.iter().map(|name| &**name);
        let visible = world.names.visible(self.module);
        let error = self.suggest(error, name, locals.chain(visible).chain(["Some", "None"]));
        self.report(match &*name.name {
            "simulate" => error.note(
                "simulated networks are for the `test` blocks of a file: `smc test FILE` runs them",
            ),
            _ => error,
        });
    }
}

fn qualifier_of(entity: Entity) -> Option<Qualifier> {
    match entity {
        Entity::Module(module) => Some(Qualifier::Module(module)),
        Entity::Adt(adt) => Some(Qualifier::Adt(adt)),
        _ => None,
    }
}

/// The built-in types whose functions can be called through their names.
fn builtin(name: &str) -> Option<Head> {
    match name {
        "Set" => Some(Head::Set),
        "Tag" => Some(Head::Tag),
        _ => scalar(name).map(Head::Scalar),
    }
}
